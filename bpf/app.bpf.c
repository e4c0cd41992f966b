// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The program that applications run, by lib/, to charge the buckets of packets and of their own.
 * An object of its own, since a program of this type cannot be reached from the entry. It reads the
 * precise clock for all limits, so that who waits for as long as he is told comes in time; that is
 * ahead of the coarse one by up to a tick and counts the same time, so a bucket that both charge
 * admits no more by it.
 */
#define TG_ONLY_PRECISE_CLOCK
#include "app.bpf.h"

SEC("syscall")
int tidegate_charge(struct tg_app_request *app)
{
	tg_app_answer(app);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

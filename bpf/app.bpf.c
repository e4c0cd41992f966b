// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The program that applications run through libtidegate to charge the buckets of packets and of
 * their own keys. It is an object of its own, because a program of type "syscall" cannot be
 * reached from the entry programs. It reads the precise clock for all limits, so that an
 * application that waits as long as it was told comes in time. The precise clock counts the same
 * time as the coarse one and is at most a tick ahead, so a bucket charged by both admits no more.
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

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The program that applications run, by lib/, to charge the buckets of packets and of their own.
 * An object of its own: programs of this type have no coarse clock, which the packet programs
 * read for most limits. The precise one is ahead of it by up to a tick and counts the same time,
 * so a bucket that both charge admits no more by that.
 */
#define TG_ONLY_PRECISE_CLOCK
#include "ask.bpf.h"

SEC("syscall")
int tidegate_charge(struct tg_ask *request)
{
	tg_answer_ask(request);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

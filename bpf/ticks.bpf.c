// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads both clocks of the kernel at one moment: ticks and nanoseconds. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <tidegate/ticks.h>

SEC("syscall")
int tidegate_ticks(struct tg_ticks *ticks)
{
	ticks->before = bpf_jiffies64();
	ticks->now = bpf_ktime_get_ns();
	ticks->after = bpf_jiffies64();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

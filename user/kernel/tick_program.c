// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs a program that reads both clocks, until it has seen ticks begin. */
#include "kernel/tick_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <tidegate/ticks.h>

#include "base/cleanup.h"
#include "ticks.skel.h"

#define EDGES 8 /* ticks to watch, because the start of some is seen late */

static void destroy_ticks(struct ticks_bpf **skeleton)
{
	ticks_bpf__destroy(*skeleton);
}

int tg_ticks_find(uint64_t tick, uint64_t *begin)
{
	tg_cleanup(destroy_ticks) struct ticks_bpf *skeleton = ticks_bpf__open_and_load();
	struct tg_ticks ticks = {};
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &ticks, .ctx_size_in = sizeof(ticks));
	uint64_t last = 0, at;
	int edges = -1;

	if (!skeleton)
		return -errno;
	/* A reading some time after the start of a tick is too large by that, so take the least. */
	while (edges < EDGES) {
		if (bpf_prog_test_run_opts(bpf_program__fd(skeleton->progs.tidegate_ticks),
					   &options))
			return -errno;
		at = ticks.now - ticks.before * tick;
		if (ticks.before != ticks.after)
			continue;
		if (edges < 0 || (int64_t)(at - *begin) < 0)
			*begin = at;
		if (ticks.before != last)
			edges++;
		last = ticks.before;
	}
	return 0;
}

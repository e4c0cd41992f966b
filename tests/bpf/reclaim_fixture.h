/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taking buckets out of the table, as the daemon has it done. */
#ifndef TG_TEST_RECLAIM_H
#define TG_TEST_RECLAIM_H

#include "fixture.h"

struct takeout {
	struct fixture *fixture;
	struct tg_sweep request;
};

static inline void reclaim_candidates(struct takeout *takeout)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &takeout->request,
		    .ctx_size_in = sizeof(takeout->request));

	bpf_prog_test_run_opts(bpf_program__fd(takeout->fixture->skeleton->progs.tidegate_reclaim),
			       &options);
	takeout->request.candidates = 0;
}

static inline int take_candidate(void *data, uint32_t number, const struct tg_table_entry *entry)
{
	struct takeout *takeout = data;
	uint32_t index = takeout->request.candidates++;

	bpf_map__update_elem(takeout->fixture->skeleton->maps.candidates, &index, sizeof(index),
			     &number, sizeof(number), BPF_ANY);
	if (takeout->request.candidates == TG_CANDIDATES_MAX)
		reclaim_candidates(takeout);
	return 0;
}

/* A pass over the table, as the daemon makes it. Returns how many buckets went. */
static inline uint32_t reclaim(struct fixture *fixture, uint64_t returning_idle)
{
	struct takeout takeout = {fixture, {.flags = TG_SWEEP_RECLAIM}};

	takeout.request.idle[TG_RETURNING] = returning_idle;
	tg_table_each(bpf_map__fd(fixture->skeleton->maps.buckets), take_candidate, &takeout);
	reclaim_candidates(&takeout);
	return takeout.request.reclaimed;
}

#endif

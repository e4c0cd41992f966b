/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters of the policy in force and the identity of its limits, for all that read them. */
#ifndef TG_DATAPATH_COUNTERS_H
#define TG_DATAPATH_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>
#include <tidegate/abi.h>

struct tg_datapath;
struct tg_program;

/* The number of the policy in force. */
uint32_t tg_datapath_generation(const struct tg_datapath *datapath);

/* The program in force. The next publish frees it; pinned maps stay the same. */
const struct tg_program *tg_datapath_program(const struct tg_datapath *datapath);

/* The map of events, the caller's to close, or -errno; stays the same whatever is published. */
int tg_datapath_events_fd(const struct tg_datapath *datapath);

/* The limit with that id (struct tg_limit) in force, or NULL. */
const char *tg_datapath_limit_name(const struct tg_datapath *datapath, uint32_t id);

/* The id of the limit with that name in force; 0: there is none. */
uint32_t tg_datapath_limit_id(const struct tg_datapath *datapath, const char *name);

/* What the kernel counted about the limit in that slot, all CPUs together. 0 or -errno. */
int tg_datapath_limit_counters(const struct tg_datapath *datapath, uint32_t slot,
			       struct tg_limit_counters *sum);

/* Buckets in the table; *@table_full gets the packets that found it full. */
uint64_t tg_datapath_count_used(const struct tg_datapath *datapath, uint64_t *table_full);

/* A source without a bucket would find no room for one. */
bool tg_datapath_is_full(const struct tg_datapath *datapath);

#endif

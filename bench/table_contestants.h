/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two sides of the comparison of tables agree on. */
#ifndef TG_BENCH_TABLE_H
#define TG_BENCH_TABLE_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <tidegate/table.h>

#define TABLE_WAYS	 8 /* counters in a set of the sketch */
#define TABLE_CAPACITY	 10
#define TABLE_TOKEN_MS	 100		/* 10 tokens a second */
#define TABLE_TICK_SHIFT 22		/* 4 ms: of the coarse clock */
#define TABLE_KNOWN_IDLE 10000000000ULL /* ns */

enum table_contestant {
	TABLE_NOTHING,	 /* makes the packets up, and that is all */
	TABLE_OURS,	 /* with a sweep, and overflow buckets when it is full */
	TABLE_ADMISSION, /* and new_sources */
	TABLE_HASH,	 /* as TABLE_OURS, in the kernel's hash table */
	TABLE_LRU,
	TABLE_LRU_PER_CPU, /* BPF_F_NO_COMMON_LRU */
	TABLE_SKETCH,
	TABLE_CONTESTANTS,
};

static inline bool table_is_ours(__u32 contestant)
{
	return contestant == TABLE_OURS || contestant == TABLE_ADMISSION;
}

struct table_policy {
	struct tg_table table;
};

enum table_pattern {
	TABLE_IN_TURN, /* so many sources, in turn: each as many on as `stride` says */
	TABLE_NEW,     /* every packet of a new one */
	TABLE_FLOOD,   /* likewise, and one in `share` of a known source, one of a new source */
};

#define TABLE_HONEST_SOURCES 1000

enum table_class { TABLE_HONEST, TABLE_NEW_SOURCE, TABLE_SPOOFED, TABLE_CLASSES };

struct table_run {
	struct tg_rate rate;	       /* of each source */
	struct tg_rate admission_rate; /* of new sources */
	__u32 pattern;
	__u32 sources; /* with IN_TURN */
	__u32 next;
	__u32 stride;
	__u32 twice; /* packets of each spoofed source */
	__u32 share; /* with FLOOD */
	__u64 gap;   /* ns between packets */
	__u64 now;
	__u64 full_at; /* the tick in which the table had no room */
	__u64 new_sources_from;
	__u64 packets, spoofed;
	__u64 sent[TABLE_CLASSES], admitted[TABLE_CLASSES];
};

#endif

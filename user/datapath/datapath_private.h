/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The struct of a datapath, and functions that its files share. Private to this folder. */
#ifndef TG_DATAPATH_DATAPATH_PRIVATE_H
#define TG_DATAPATH_DATAPATH_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tidegate/abi.h>

#include "attach/link.h"
#include "base/errmsg.h"
#include "datapath/missing.h"

struct tg_compiled;
struct tg_config;
struct tg_entries;
struct tg_program;
struct tg_reclaim;

struct tg_datapath {
	char *state_dir;
	int lock;
	uint64_t tick;				       /* ns, resolution of the coarse clock */
	uint32_t bank;				       /* the one in force */
	struct tg_meta meta;			       /* as in the kernel */
	struct tg_limit_record records[TG_LIMITS_MAX]; /* as in the kernel, of the bank */
	uint32_t table_size;			       /* of the pinned table; 0: none */
	const struct tg_config *config;		       /* these three are in force; */
	struct tg_compiled *compiled;		       /* NULL before the first publish */
	struct tg_program *program;
	int adopted_entries[TG_HOOKS]; /* descriptors of the programs that links run; -1 none */
	bool replaced;		       /* the links' programs use maps of an unknown layout */
	bool adopted; /* from an earlier daemon; buckets of removed limits may be left */
	bool unswept; /* there may be buckets of an older rate version */
	struct tg_entries *entries;
	struct tg_reclaim *reclaim;
	struct tg_attachment attachments[TG_ATTACHMENTS_MAX - 1];
	size_t attachments_n;
	struct tg_missing_list missing; /* as of the last listing of the interfaces that worked */
	char unlisted[TG_ERRMSG_SIZE];	/* why they cannot be listed now; "": they can */
};

/* Names of the pins that are neither a map's nor a link's. */
#define TG_PROGRAM_PIN	    "program-" /* + name of the hook: the program that its links run */
#define TG_NEXT_BUCKETS_PIN "buckets_next"

/* Renames the pin TG_NEXT_BUCKETS_PIN to that of the table in use. Returns 0 or -errno, logged. */
int tg_datapath_take_next_table(const struct tg_datapath *datapath);

/* Unpins all maps. Keeps the maps of allow and deny entries if any entry is in them. */
void tg_datapath_forget_maps(const struct tg_datapath *datapath);

/* Writes the name of the pin of the program that a hook runs; 32 bytes are enough. */
void tg_datapath_program_pin(enum tg_hook hook, char *pin, size_t size);

#endif

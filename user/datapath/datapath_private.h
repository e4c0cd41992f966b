/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of a datapath, for the files that make it up and for no others. */
#ifndef TG_DATAPATH_DATAPATH_PRIVATE_H
#define TG_DATAPATH_DATAPATH_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tidegate/abi.h>

#include "attach/link.h"
#include "base/errmsg.h"

struct tg_compiled;
struct tg_config;
struct tg_entries;
struct tg_program;
struct tg_reclaim;

struct tg_datapath {
	char *state_dir;
	int lock;
	uint64_t tick;				       /* ns, of the coarse clock */
	uint32_t bank;				       /* that enforces */
	struct tg_meta meta;			       /* as in the kernel */
	struct tg_limit_record records[TG_LIMITS_MAX]; /* as in the kernel, of the bank */
	uint32_t table_size;			       /* of the pinned table; 0: none */
	struct tg_config *config;		       /* in force; NULL before the first publish */
	struct tg_compiled *compiled;		       /* likewise */
	struct tg_program *program;		       /* likewise */
	int adopted_entries[TG_HOOKS]; /* the programs that the hooks run, -1 none */
	bool replaced;		       /* the links' program looks at maps of a layout given up */
	bool adopted; /* maps of an earlier daemon, in which anything may have been left */
	bool unswept; /* there may be buckets of an older version */
	struct tg_entries *entries;
	struct tg_reclaim *reclaim;
	struct tg_attachment attachments[TG_ATTACHMENTS_MAX - 1];
	size_t attachments_n;
	char refusal[TG_ERRMSG_SIZE]; /* why an interface could not be followed, as last logged */
};

/* Pins beside those of maps and links. */
#define TG_PROGRAM_PIN	    "program-" /* and the hook's name: what the links run */
#define TG_NEXT_BUCKETS_PIN "buckets_next"

/* The new table takes the place of the old one. 0 or -errno, logged. */
int tg_datapath_take_next_table(const struct tg_datapath *datapath);

/* Unpins all pinned maps but those of allow and deny entries, unless there are none. */
void tg_datapath_forget_maps(const struct tg_datapath *datapath);

/* The pin of the program that a hook runs. */
void tg_datapath_program_pin(enum tg_hook hook, char *pin, size_t size);

#endif

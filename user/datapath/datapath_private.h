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

/* The dispatch program of a hook, for one kind of header. */
struct tg_dispatch {
	int fd;	     /* -1: the hook has none yet */
	uint32_t id; /* the kernel's */
};

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
	struct tg_dispatch dispatch[TG_HEADERS][TG_HOOKS];
	uint32_t in_next; /* mask of 1 << enum tg_map: their pins wait for the switch */
	bool fresh;	  /* no publish has put these maps in force yet */
	bool shared;	  /* fresh, but for the buckets, which an older version has made */
	bool table_waits; /* the table in force has not got its name yet */
	bool untidy;	  /* there may be pins of links that are gone */
	bool adopted;	  /* from an earlier daemon; buckets of removed limits may be left */
	bool unswept;	  /* there may be buckets of an older rate version */
	bool undivided;	  /* the table is not divided yet as the policy says */
	struct tg_entries *entries;
	struct tg_reclaim *reclaim;
	struct tg_attachment attachments[TG_ATTACHMENTS_MAX - 1];
	size_t attachments_n;
	struct tg_missing_list missing; /* as of the last listing of the interfaces that worked */
	char unlisted[TG_ERRMSG_SIZE];	/* why they cannot be listed now; "": they can */
};

#endif

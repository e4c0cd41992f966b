/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters and buckets read at one moment, which status, limits, top, why and metrics print. */
#ifndef TG_DATAPATH_STATS_H
#define TG_DATAPATH_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tidegate/abi.h>

#include "config/config.h"
#include "base/errmsg.h"
#include "base/prefix.h"
#include "datapath/missing.h"

/* Counters of one hook of one interface. */
struct tg_interface_stats {
	char name[16];
	unsigned int ifindex;
	const char *hook, *mode,
		*header; /* static strings, as in the configuration and the manual */
	bool healthy; /* our program is there, runs the generation in force, and has fq if needed */
	bool leaving; /* not in the configuration any more, but it could not be detached yet */
	uint64_t packets[TG_REASON_COUNT]; /* index: enum tg_reason */
};

struct tg_limit_stats {
	char name[TG_CONFIG_NAME_SIZE];
	enum tg_config_unit unit;
	struct tg_refill refill;
	enum tg_config_action action;
	bool shadow, shared;
	uint64_t mark_above;	      /* tokens; 0 none */
	uint64_t max_delay;	      /* ns; 0 none */
	struct tg_refill new_sources; /* capacity 0: none */
	uint64_t buckets;	      /* in the table */
	uint64_t reserved;	      /* buckets that the table keeps room for */
	uint64_t room;		      /* buckets more that the limit could have */
	bool has_one_bucket;	      /* and never needs more */
	bool full; /* it has no room, and its new sources share overflow buckets */
	struct tg_limit_counters counters;
};

struct tg_stats {
	uint32_t generation;
	uint32_t table_size;
	uint64_t buckets;  /* in the table, of all limits */
	uint64_t reserved; /* of the table, for all limits */
	bool full;	   /* one of the limits is */
	bool undivided;	   /* the table is not divided yet as the policy says */
	struct tg_interface_stats *interfaces;
	size_t interfaces_n;
	struct tg_missing_list missing; /* interfaces that are meant and not limited */
	char unlisted[TG_ERRMSG_SIZE];	/* why the interfaces cannot be listed; "": they can */
	struct tg_limit_stats *limits;	/* in the order of the configuration */
	size_t limits_n;
};

void tg_stats_free(struct tg_stats **stats); /* NULL-safe; sets *stats to NULL */

/* Returns the packets that passed (@want_passed) or were dropped, summed over the reasons. */
uint64_t tg_interface_stats_sum(const struct tg_interface_stats *stats, bool want_passed);

/* Return static names as in the metrics; "unknown" for a verdict that there is not. */
const char *tg_reason_name(enum tg_reason reason);
const char *tg_verdict_name(enum tg_verdict verdict);

/* True if a packet with that reason passes. */
bool tg_reason_passes(enum tg_reason reason);

enum tg_bucket_state {
	TG_BUCKET_OPEN,	     /* has the tokens of one packet */
	TG_BUCKET_EXCEEDED,  /* has fewer */
	TG_BUCKET_BACKOFF,   /* holds no tokens until a penalty ends */
	TG_BUCKET_UNTRACKED, /* none in the table; the view is of a full one, or see `overflow` */
};

/* Bound of the buckets shown for one address, as a limit may have one for each port. */
#define TG_VIEWS_MAX 256

struct tg_bucket_view {
	const char *limit; /* valid until the next publish */
	enum tg_config_per per;
	struct tg_prefix bucket; /* length 0 for everyone */
	int port, protocol;	 /* in the key; -1: not part of it */
	enum tg_config_unit unit;
	uint64_t capacity;	 /* tokens */
	uint64_t remaining;	 /* tokens */
	uint64_t reset_ns;	 /* until full */
	uint64_t retry_after_ns; /* until one packet (a limit in bytes: of min(capacity, 1514)
				    bytes) is admitted; 0 now */
	enum tg_bucket_state state;
	bool shadow;		     /* of the limit */
	uint64_t backoff_max;	     /* ns, the longest penalty of the limit; 0: no backoff */
	unsigned int attempt;	     /* penalties since it was last full; 255: or more */
	uint64_t backoff_ns;	     /* until the penalty ends; 0: there is none */
	uint64_t admitted, exceeded; /* packets */
	uint64_t exceeded_ago_ns;    /* since the last refusal; UINT64_MAX never */
	bool overflow; /* no bucket of its own: this is the overflow bucket it charges */
};

#endif

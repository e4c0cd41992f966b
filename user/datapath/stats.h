/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters and buckets as read at one moment: what status, limits, top, why and metrics print. */
#ifndef TG_DATAPATH_STATS_H
#define TG_DATAPATH_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tidegate/abi.h>

#include "config/config.h"
#include "base/prefix.h"

/* Of one hook of one interface. */
struct tg_interface_stats {
	char name[16];
	unsigned int ifindex;
	const char *hook, *mode; /* as the configuration and the manual have them */
	bool healthy; /* our program is in place and runs the current generation; what it needs too
		       */
	uint64_t packets[TG_REASON_COUNT];
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
	struct tg_limit_counters counters;
};

struct tg_stats {
	uint32_t generation;
	uint32_t table_size;
	uint64_t buckets;
	bool full; /* the table: new sources share overflow buckets */
	struct tg_interface_stats *interfaces;
	size_t interfaces_n;
	struct tg_limit_stats *limits; /* in the order of the configuration */
	size_t limits_n;
};

void tg_stats_free(struct tg_stats **stats);

/* Packets that passed (want_passed) or were dropped, summed over the reasons. */
uint64_t tg_interface_stats_sum(const struct tg_interface_stats *stats, bool want_passed);

const char *tg_reason_name(enum tg_reason reason);
const char *tg_verdict_name(enum tg_verdict verdict); /* as metrics have it */
bool tg_reason_passes(enum tg_reason reason);

enum tg_bucket_state {
	TG_BUCKET_OPEN,	     /* has tokens for one packet */
	TG_BUCKET_EXCEEDED,  /* has not */
	TG_BUCKET_BACKOFF,   /* closed for a penalty */
	TG_BUCKET_UNTRACKED, /* no bucket: a full one would be made, or see `overflow` */
};

/* At most so many buckets of one address are shown: a limit may have one for each port. */
#define TG_VIEWS_MAX 256

struct tg_bucket_view {
	const char *limit; /* valid as long as the configuration in force */
	enum tg_config_per per;
	struct tg_prefix bucket; /* length 0 for everyone */
	int port, protocol;	 /* of a bucket that has them in its key; -1 none */
	enum tg_config_unit unit;
	uint64_t capacity;	 /* tokens */
	uint64_t remaining;	 /* tokens */
	uint64_t reset_ns;	 /* until full */
	uint64_t retry_after_ns; /* until one packet (for bytes: of min(capacity, 1514)) is
				    admitted; 0 now */
	enum tg_bucket_state state;
	bool shadow;		     /* of the limit */
	uint64_t backoff_max;	     /* ns, the longest penalty of the limit; 0: no backoff */
	unsigned int attempt;	     /* times closed since it was last full; 255 or more */
	uint64_t backoff_ns;	     /* until it opens; 0: it is not closed */
	uint64_t admitted, exceeded; /* packets */
	uint64_t exceeded_ago_ns;    /* since the last refusal; UINT64_MAX never */
	bool overflow;		     /* none of its own: this is the one that it would share */
};

#endif

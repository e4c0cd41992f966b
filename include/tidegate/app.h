/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an application asks of one limit, between the library and the applications' program. A
 * change of the layout changes the name of the pin, so that a library never finds a program of
 * another.
 */
#ifndef TIDEGATE_APP_H
#define TIDEGATE_APP_H

#include "abi.h"

enum tg_app_what {
	TG_APP_FIND,   /* the limit by its name: fills limit_id, per, name_key */
	TG_APP_CHARGE, /* fills all that follows `result` */
	TG_APP_PEEK,   /* likewise, and changes nothing */
};

enum tg_app_result {
	TG_APP_UNANSWERED,
	TG_APP_STALE,	  /* another generation enforces, or none: look for it */
	TG_APP_UNKNOWN,	  /* no such limit */
	TG_APP_FORBIDDEN, /* only root may charge what packets are charged to */
	TG_APP_NO_KEY,	  /* buckets of this limit have a port or a protocol in their key */
	TG_APP_ADMITTED,
	TG_APP_EXCEEDED,
	TG_APP_SHADOW, /* exceeded, but the limit only counts */
	TG_APP_CONTENDED,
};

/* The pin of the program, in the state directory: with the version of struct tg_app_request, and
 * then the bank. */
#define TG_APP_PIN "charge-v1-"

#define TG_APP_COST_MAX (1ULL << 40) /* tokens; no bucket holds more */

struct tg_app_request {
	char name[TG_LIMIT_NAME_SIZE]; /* with FIND */
	struct tg_address address;     /* whole, or a hash */
	__u64 cost;		       /* tokens */
	__u32 what;		       /* enum tg_app_what */
	__u32 limit_id;
	__u32 is_ipv4;
	__u32 result; /* enum tg_app_result; all from here on is out */
	__u32 per;    /* enum tg_per */
	__u32 has_bucket;
	struct tg_rate rate; /* of `deficit` */
	__u64 deficit;	     /* units missing, after the charge */
	__u64 now;	     /* ns, on the clock of the rate */
	__u64 penalty_until; /* likewise: by backoff; 0 it is open */
	__u64 departure; /* likewise: admitted, for a limit that delays, from then on; 0 at once */
	__u64 name_key[2];
};

_Static_assert(sizeof(struct tg_app_request) == 64 + 24 + 24 + 40 + 48, "app request");

#endif

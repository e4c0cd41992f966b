/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Requests of applications: what the library sends to the applications' program, and what comes
 * back. A change of the layout changes the name of the pin, so that a library never finds a
 * program of another layout.
 */
#ifndef TIDEGATE_APP_H
#define TIDEGATE_APP_H

#include "abi.h"

enum tg_app_what {
	TG_APP_FIND,   /* finds the limit by its name: fills limit_id, per and name_key */
	TG_APP_CHARGE, /* charges, and fills the fields after `result`, but per and name_key */
	TG_APP_PEEK,   /* fills the same but departure, and changes nothing */
};

enum tg_app_result {
	TG_APP_UNANSWERED,
	TG_APP_STALE,	  /* another generation enforces, or none: look up the pin again */
	TG_APP_UNKNOWN,	  /* no such limit */
	TG_APP_FORBIDDEN, /* the limit is one of packets, and the caller is not root */
	TG_APP_NO_KEY,	  /* the limit's buckets have a port or a protocol in their key */
	TG_APP_ADMITTED,
	TG_APP_EXCEEDED,
	TG_APP_SHADOW, /* exceeded, but the limit is in shadow mode */
	TG_APP_CONTENDED,
};

/*
 * Name of the program's pin in the state directory: the version of struct tg_app_request, then the
 * bank.
 */
#define TG_APP_PIN "charge-v1-"

#define TG_APP_COST_MAX (1ULL << 40) /* tokens; no bucket holds more */

struct tg_app_request {
	char name[TG_LIMIT_NAME_SIZE]; /* with FIND */
	struct tg_address address;     /* in full, or the hash of a key */
	__u64 cost;		       /* tokens */
	__u32 what;		       /* enum tg_app_what */
	__u32 limit_id;
	__u32 is_ipv4;
	__u32 result; /* enum tg_app_result; this and all that follows is out */
	__u32 per;    /* enum tg_per */
	__u32 has_bucket;
	struct tg_rate rate; /* of `deficit` */
	__u64 deficit;	     /* units missing, after the charge */
	__u64 now;	     /* ns, on the clock of the rate */
	__u64 penalty_until; /* ns on the same clock: end of the penalty; 0 none */
	__u64 departure;     /* ns on the same clock: with on_exceed: delay, when it may go on; 0 at
				once */
	__u64 name_key[2];
};

_Static_assert(sizeof(struct tg_app_request) == 64 + 24 + 24 + 40 + 48, "app request");

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the connection to a Redis server stands, and what went through it since it was opened. */
#ifndef TG_REDIS_REDIS_STATUS_H
#define TG_REDIS_REDIS_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#define TG_REDIS_URL_SIZE 288 /* bytes, with the NUL */

struct tg_redis_status {
	char server[TG_REDIS_URL_SIZE]; /* as the configuration has it, without secrets */
	bool connected;			/* and greeted: authenticated, database chosen */
	char error[256];		/* the last, "" if there was none since */
	uint64_t connects, failures;	/* connections made; attempts and connections lost */
	uint64_t rounds, missed;	/* answered; not answered in time or not begun for want of a
					   connection or because one was under way */
	uint64_t sent, received;	/* bytes */
	uint64_t round_trip;		/* ns, the last */
};

#endif

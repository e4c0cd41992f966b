/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of the connection to a Redis server, with counters since the client was opened. */
#ifndef TG_REDIS_REDIS_STATUS_H
#define TG_REDIS_REDIS_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#define TG_REDIS_URL_SIZE 288 /* bytes, with the NUL */

struct tg_redis_status {
	char server[TG_REDIS_URL_SIZE]; /* URL of the server in use or tried, without secrets */
	bool connected;			/* authenticated and the database selected too */
	char error[256];   /* why the last attempt failed; "" once a server is approved */
	uint64_t connects; /* connections that became `connected` */
	uint64_t failures; /* attempts and connections that failed */
	uint64_t rounds;   /* rounds of commands answered in full */
	uint64_t missed;   /* rounds lost, or not begun: no connection, or the last not answered */
	uint64_t sent, received; /* bytes */
	uint64_t round_trip;	 /* ns of the last round */
};

#endif

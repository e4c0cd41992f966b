/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What requests that change the policy have in common: they wait for their turn, then reply. */
#ifndef TG_CONTROL_REQUESTS_CHANGE_H
#define TG_CONTROL_REQUESTS_CHANGE_H

#include <jansson.h>

#include "daemon/change.h"

struct tg_pending;

/* A change that a request asks for, embedded in what its kind needs. */
struct tg_request_change {
	struct tg_change change;
	struct tg_pending *pending;
	json_t *request; /* a reference */
	json_t *refusal; /* of a request that is wrong; its kind returns an error, too */
};

/*
 * Returns memory of @size bytes that begins with a struct tg_request_change and is zero behind it.
 * The caller gives it to tg_change_start(). NULL: out of memory, and the reply is sent.
 */
void *tg_request_change_new(size_t size, const struct tg_change_kind *kind,
			    struct tg_daemon *daemon, json_t *request, struct tg_pending *pending);

/* Notes @refusal, whose reference it takes, as the reply. Returns -EINVAL, for the kind to return.
 */
int tg_request_change_refuse(struct tg_change *change, json_t *refusal);

/*
 * Sends the reply and frees @change: @reply, whose reference it takes, if it succeeded; else what
 * was refused, or the failure's errmsg.
 */
void tg_request_change_end(struct tg_change *change, json_t *reply);

#endif

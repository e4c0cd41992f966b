// SPDX-License-Identifier: GPL-2.0-or-later
/* A request on its way through the queue of changes. */
#include "control/requests_change.h"

#include <errno.h>
#include <stdlib.h>

#include "control/reply.h"
#include "control/server.h"

void *tg_request_change_new(size_t size, const struct tg_change_kind *kind,
			    struct tg_daemon *daemon, json_t *request, struct tg_pending *pending)
{
	struct tg_request_change *made = calloc(1, size);

	if (!made) {
		tg_control_reply(pending, NULL);
		return NULL;
	}
	made->change = (struct tg_change){.kind = kind, .daemon = daemon};
	made->request = json_incref(request);
	made->pending = pending;
	return made;
}

int tg_request_change_refuse(struct tg_change *change, json_t *refusal)
{
	((struct tg_request_change *)change)->refusal = refusal;
	return tg_error_set(change->errmsg, EINVAL, "out of memory"); /* if there is no refusal */
}

void tg_request_change_end(struct tg_change *change, json_t *reply)
{
	struct tg_request_change *request = (struct tg_request_change *)change;

	if (change->error) {
		json_decref(reply);
		reply = request->refusal ? request->refusal
					 : tg_reply_errno(change->error, change->errmsg);
	}
	tg_control_reply(request->pending, reply);
	json_decref(request->request);
	free(request);
}

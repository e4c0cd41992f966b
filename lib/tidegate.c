// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* The calls of tidegate.h, but waiting: open, charge, peek, close. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tidegate.h>

#include "answer.h"
#include "base/cleanup.h"
#include "handles.h"
#include "target.h"

int tidegate_open(const char *state_dir, struct tidegate **handle)
{
	struct tidegate *made = calloc(1, sizeof(*made));

	if (!made)
		return -ENOMEM;
	made->state_dir = strdup(state_dir ? state_dir : TIDEGATE_STATE_DIR);
	if (!made->state_dir || tg_handles_add(made)) {
		free(made->state_dir);
		free(made);
		return -ENOMEM;
	}
	*handle = made;
	return 0;
}

void tidegate_close(struct tidegate **handle)
{
	struct tidegate *old = *handle;

	if (!old)
		return;
	tg_handles_remove(old);
	tg_target_free(&old->target);
	free(old->state_dir);
	free(old);
	*handle = NULL;
}

static int call(struct tidegate *handle, uint32_t what, const char *limit, const char *key,
		uint64_t cost, struct tidegate_answer *answer)
{
	struct tg_app_request request = {.what = what, .cost = cost};
	int error;

	if (cost > TG_APP_COST_MAX)
		return -EINVAL;
	error = tg_target_call(handle, limit, key, &request);
	return error ? error : tg_answer_make(&request, answer);
}

int tidegate_charge(struct tidegate *handle, const char *limit, const char *key, uint64_t cost,
		    struct tidegate_answer *answer)
{
	return call(handle, TG_APP_CHARGE, limit, key, cost, answer);
}

int tidegate_peek(struct tidegate *handle, const char *limit, const char *key, uint64_t cost,
		  struct tidegate_answer *answer)
{
	return call(handle, TG_APP_PEEK, limit, key, cost, answer);
}

const char *tidegate_strerror(int error)
{
	switch (error < 0 ? -error : error) {
	case 0:
		return "no error";
	case ENOTCONN:
		return "no daemon has put limits in force there; start tidegated, or name its "
		       "state directory (tidegated --state)";
	case ENOENT:
		return "the policy in force has no such limit; `tidegate limits` lists them";
	case EACCES:
		return "no permission; root may charge any limit, the daemon's group those with "
		       "per: key, and both need to reach the state directory";
	case EINVAL:
		return "the limit cannot be charged with this key or cost: an address for per: "
		       "source or destination, a text that is not empty for per: key, and nothing "
		       "where the buckets have a port or a protocol";
	case ENOMEM:
		return "out of memory";
	}
	return strerror(error < 0 ? -error : error);
}

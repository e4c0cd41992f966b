// SPDX-License-Identifier: GPL-2.0-or-later
/* A list of owned configurations, oldest first. */
#include "daemon/policies.h"

#include <string.h>

#include "base/cleanup.h"
#include "config/config.h"
#include "daemon/daemon.h"

static void remember(struct tg_history *history, const struct tg_config *config)
{
	if (history->n == TG_HISTORY_MAX) {
		tg_config_unref(&history->policies[0]);
		memmove(history->policies, history->policies + 1,
			(TG_HISTORY_MAX - 1) * sizeof(history->policies[0]));
		history->n--;
	}
	history->policies[history->n++] = config;
}

void tg_policies_take(struct tg_daemon *daemon, struct tg_config **config, bool back)
{
	struct tg_history *history = &daemon->history;

	if (back) {
		tg_config_unref(&history->policies[--history->n]);
		tg_config_unref(&daemon->config);
	} else {
		remember(history, daemon->config);
	}
	daemon->config = TAKE_PTR(*config);
}

void tg_policies_forget(struct tg_daemon *daemon)
{
	struct tg_history *history = &daemon->history;

	while (history->n)
		tg_config_unref(&history->policies[--history->n]);
}

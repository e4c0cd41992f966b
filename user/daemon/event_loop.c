// SPDX-License-Identifier: GPL-2.0-or-later
/* Sets up libevent: priorities and messages. */
#include "daemon/event_loop.h"

#include <event2/event.h>

#include "base/event_first.h"
#include "base/log.h"

/* Of events that go last, between two looks for those that go first. */
#define MOST_US	       5000
#define MOST_CALLBACKS 1

static void on_message(int severity, const char *message)
{
	enum tg_log_level level = severity >= EVENT_LOG_ERR    ? TG_LOG_ERROR
				  : severity == EVENT_LOG_WARN ? TG_LOG_WARNING
				  : severity == EVENT_LOG_MSG  ? TG_LOG_INFO
							       : TG_LOG_DEBUG;

	tg_log(level, "libevent: %s", message);
}

static struct event_base *with(struct event_config *config)
{
	const struct timeval most = {.tv_usec = MOST_US};
	struct event_base *base;

	if (event_config_set_max_dispatch_interval(config, &most, MOST_CALLBACKS, TG_EVENT_LAST))
		return NULL;
	base = event_base_new_with_config(config);
	if (base && event_base_priority_init(base, TG_EVENT_PRIORITIES)) {
		event_base_free(base);
		return NULL;
	}
	return base;
}

struct event_base *tg_event_loop_new(void)
{
	struct event_config *config;
	struct event_base *base;

	event_set_log_callback(on_message);
	config = event_config_new();
	if (!config)
		return NULL;
	base = with(config);
	event_config_free(config);
	return base;
}

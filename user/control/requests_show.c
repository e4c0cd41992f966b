// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads counters, buckets, events and the state of the cluster. */
#include "control/requests_show.h"

#include <string.h>

#include "base/cleanup.h"
#include "control/report_cluster.h"
#include "base/exit.h"
#include "config/config.h"
#include "daemon/daemon.h"
#include "datapath/datapath.h"
#include "daemon/events.h"
#include "daemon/recent.h"
#include "control/report.h"

/*
 * Returns statistics: those of a moment ago, if @request has "recent", else *@made, which the
 * caller frees. NULL if the counters cannot be read.
 */
static const struct tg_stats *read_stats(struct tg_daemon *daemon, const json_t *request,
					 struct tg_stats **made)
{
	if (json_is_true(json_object_get(request, "recent")))
		return tg_recent_stats(daemon);
	return tg_datapath_stats(daemon->datapath, made) ? NULL : *made;
}

json_t *tg_request_status(struct tg_daemon *daemon, const json_t *request)
{
	tg_cleanup(tg_stats_free) struct tg_stats *made = NULL;
	const struct tg_stats *stats = read_stats(daemon, request, &made);

	if (!stats)
		return tg_reply_fail(TG_EXIT_FAILED, "the counters cannot be read");
	return tg_reply_done(tg_report_status(stats, daemon));
}

json_t *tg_request_limits(struct tg_daemon *daemon, const json_t *request)
{
	tg_cleanup(tg_stats_free) struct tg_stats *made = NULL;
	const char *name = tg_request_text(request, "limit");
	const struct tg_stats *stats;

	if (name && !tg_config_find_limit(daemon->config, name))
		return tg_reply_no_limit(daemon, name);
	stats = read_stats(daemon, request, &made);
	if (!stats)
		return tg_reply_fail(TG_EXIT_FAILED, "the counters cannot be read");
	return tg_reply_done(tg_report_limits(stats, name));
}

json_t *tg_request_cluster(struct tg_daemon *daemon, const json_t *request)
{
	tg_cleanup(tg_cluster_stats_free) struct tg_cluster_stats *stats = NULL;

	if (tg_cluster_read_stats(daemon->cluster, &stats))
		return tg_reply_fail(TG_EXIT_FAILED, "out of memory");
	if (!stats)
		return tg_reply_fail(TG_EXIT_NOT_FOUND,
				     "this machine is in no cluster, so its limits are its own; "
				     "`cluster` in the configuration says with whom and through "
				     "which Redis it shares them");
	return tg_reply_done(tg_report_cluster(stats));
}

#define EVENTS_MAX 1000 /* of a reply */

json_t *tg_request_events(struct tg_daemon *daemon, const json_t *request)
{
	const char *limit = tg_request_text(request, "limit"),
		   *epoch = tg_request_text(request, "epoch");
	json_int_t after = json_integer_value(json_object_get(request, "after"));
	json_int_t n = json_integer_value(json_object_get(request, "n"));

	if (limit && !tg_config_find_limit(daemon->config, limit))
		return tg_reply_no_limit(daemon, limit);
	if (n < 1 || n > EVENTS_MAX)
		return tg_reply_fail(TG_EXIT_USAGE, "-n is 1 to %d", EVENTS_MAX);
	return tg_reply_done(tg_events_report(daemon->events, limit, epoch, after, n,
					      json_is_true(json_object_get(request, "last"))));
}

json_t *tg_request_version(struct tg_daemon *daemon, const json_t *request)
{
	return tg_reply_done(json_pack("{s:s}", "version", TG_VERSION));
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The command suggest: proposes limits from what sources send, in a capture or now; needs no
 * daemon. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tidegate/segments.h>
#include <unistd.h>

#include "cli/arguments.h"
#include "replay/capture.h"
#include "base/cleanup.h"
#include "cli/commands.h"
#include "config/names.h"
#include "base/log.h"
#include "replay/progress.h"
#include "replay/replay.h"
#include "replay/suggestion_print.h"
#include "base/units.h"

#define QUANTILE_LEAST 0.5
#define QUANTILE       0.99

/* Logs @errmsg and returns the exit code for @error, a -errno. */
static int suggest_failed(int error, const char *errmsg)
{
	tg_log(TG_LOG_ERROR, "%s", errmsg);
	return error == -EPERM	  ? TG_EXIT_REFUSED
	       : error == -EINVAL ? TG_EXIT_USAGE
	       : error == -ENODEV ? TG_EXIT_NOT_FOUND
				  : TG_EXIT_FAILED;
}

/* Reads "0.99" or "99%". False, logged: neither. */
static bool take_quantile(const char *text, double *quantile)
{
	char *end;
	double value = strtod(text, &end);

	if (strcmp(end, "%") == 0)
		value /= 100;
	else if (*end)
		value = 0;
	if (value >= QUANTILE_LEAST && value <= 1) {
		*quantile = value;
		return true;
	}
	tg_log(TG_LOG_ERROR, "--quantile \"%s\": write a share from 0.5 to 1, or 50%% to 100%%",
	       text);
	return false;
}

static bool take_prefix(const char *text, struct tg_suggestion_basis *basis)
{
	char rest;

	if (strspn(text, "0123456789,") == strlen(text) &&
	    sscanf(text, "%3u,%3u%c", &basis->prefix4, &basis->prefix6, &rest) == 2 &&
	    basis->prefix4 <= 32 && basis->prefix6 <= 128)
		return true;
	tg_log(TG_LOG_ERROR,
	       "--prefix \"%s\": write the bits for IPv4 and for IPv6, as 24,56 or 32,64", text);
	return false;
}

static enum tg_config_per per_of(const char *text)
{
	if (text && strcmp(text, "destination") == 0)
		return TG_CONFIG_PER_DESTINATION;
	return text && strcmp(text, "everyone") == 0 ? TG_CONFIG_PER_EVERYONE
						     : TG_CONFIG_PER_SOURCE;
}

static int open_capture(const struct tg_arguments *arguments, struct tg_capture **capture,
			char *errmsg)
{
	char span[32];
	int error;

	if (arguments->pcap)
		return tg_capture_open(arguments->pcap, arguments->filter, capture, errmsg);
	error = tg_capture_open_live(arguments->interface, arguments->filter, arguments->live,
				     capture, errmsg);
	if (!error && isatty(STDERR_FILENO))
		tg_log(TG_LOG_INFO, "capturing from %s for %s; Ctrl-C ends it with what is there",
		       tg_capture_name(*capture),
		       tg_format_duration(arguments->live, span, sizeof(span)));
	return error;
}

static int take_sent(struct tg_replay *replay, const struct tg_frame *frame,
		     struct tg_suggestion_basis *basis, struct tg_profile *profile, char *errmsg)
{
	struct tg_trace trace;
	uint64_t now;
	int error = tg_replay_frame(replay, frame, &now, &trace);

	if (!error)
		error = tg_profile_packet(profile, &trace, tg_replay_program_clock(replay, now));
	if (error)
		return tg_error_set(errmsg, error == -ENOMEM ? error : -EIO,
				    "cannot run a packet: %s", strerror(-error));
	if (!basis->packets++)
		basis->first = now;
	basis->last = now;
	return 0;
}

/* Measures what a captured frame was on the wire. */
static int take_packet(struct tg_replay *replay, const struct tg_frame *frame,
		       struct tg_suggestion_basis *basis, struct tg_profile *profile, char *errmsg)
{
	const struct tg_frame *sent;
	int error = 0;

	tg_merged_take(&basis->merged, frame);
	while (!error && (sent = tg_merged_next(&basis->merged)))
		error = take_sent(replay, sent, basis, profile, errmsg);
	return error;
}

/* Measures all packets, up to a broken place in the capture. Returns 0 or -errno with @errmsg. */
static int measure(struct tg_capture *capture, struct tg_suggestion_basis *basis,
		   struct tg_profile *profile, char *errmsg)
{
	static struct tg_config none = {.table_size =
						1}; /* not const: references to it are counted */
	tg_cleanup(tg_replay_close) struct tg_replay *replay = NULL;
	struct tg_progress progress = {};
	struct tg_frame frame;
	int status, error = tg_replay_open(&none, TG_HOOK_XDP, &replay, errmsg);

	if (error)
		return error;
	while ((status = tg_capture_next(capture, &frame, errmsg)) == 1) {
		error = take_packet(replay, &frame, basis, profile, errmsg);
		if (error)
			break;
		tg_progress_show(&progress, capture, basis->packets);
	}
	tg_progress_end(&progress);
	if (status < 0)
		tg_log(TG_LOG_WARNING, "%s", errmsg);
	basis->lost = tg_capture_lost(capture);
	basis->complete = status == 0 && !tg_capture_interrupted();
	return error;
}

static int print_suggestions(const struct tg_suggestion_basis *basis, struct tg_profile *profile)
{
	struct tg_suggestion suggestions[TG_SUGGESTIONS_MAX];
	size_t n;
	int error = tg_suggest(profile, basis->quantile, suggestions, &n);

	if (error)
		return suggest_failed(error, "out of memory");
	if (!n)
		return suggest_failed(-ENODATA, "there were no packets to suggest limits from");
	tg_suggestion_print(basis, profile, suggestions, n, stdout);
	if (fflush(stdout) == 0)
		return TG_EXIT_OK;
	tg_log_errno(errno, "standard output");
	return TG_EXIT_FAILED;
}

static int suggest(const struct tg_arguments *arguments, struct tg_suggestion_basis *basis)
{
	tg_cleanup(tg_capture_close) struct tg_capture *capture = NULL;
	tg_cleanup(tg_profile_clear) struct tg_profile profile = {};
	char errmsg[TG_ERRMSG_SIZE];
	int error = open_capture(arguments, &capture, errmsg);

	if (error)
		return suggest_failed(error, errmsg);
	basis->capture = tg_capture_name(capture);
	basis->interface = arguments->live ? basis->capture : arguments->interface;
	error = tg_profile_start(&profile, per_of(arguments->per), basis->prefix4, basis->prefix6);
	if (error)
		return suggest_failed(error, strerror(-error));
	error = measure(capture, basis, &profile, errmsg);
	return error ? suggest_failed(error, errmsg) : print_suggestions(basis, &profile);
}

static int run_suggest(const struct tg_arguments *arguments)
{
	struct tg_suggestion_basis basis = {.prefix4 = 32,
					    .prefix6 = 64,
					    .quantile = QUANTILE,
					    .merged = {.mtu = arguments->mtu}};

	if (!arguments->pcap == !arguments->live) {
		tg_log(TG_LOG_ERROR,
		       "`suggest` needs either --pcap and a capture file, or --live and a time");
		return TG_EXIT_USAGE;
	}
	if ((arguments->quantile && !take_quantile(arguments->quantile, &basis.quantile)) ||
	    (arguments->prefix && !take_prefix(arguments->prefix, &basis)))
		return TG_EXIT_USAGE;
	return suggest(arguments, &basis);
}

static const struct tg_option options[] = {
	TG_OPTION(TG_TEXT, "pcap", pcap, "CAPTURE", "a file of pcap or pcapng; - is standard input",
		  .need = TG_EITHER),
	TG_OPTION(TG_DURATION, "live", live, "TIME",
		  "what comes in now, for this time, such as 10m", .need = TG_EITHER),
	TG_OPTION(TG_TEXT, "interface", interface, "I", "where, else the first that is up"),
	TG_OPTION(TG_CHOICE, "per", per, "source|destination|everyone",
		  "whose limits; source if not given"),
	TG_OPTION(TG_TEXT, "prefix", prefix, "V4,V6",
		  "bits of IPv4 and IPv6 addresses that are one source (32,64)"),
	TG_OPTION(TG_TEXT, "quantile", quantile, "Q",
		  "the share of sources that is not to notice (0.99)"),
	TG_OPTION(TG_NUMBER, "mtu", mtu, "N",
		  "that of the network; longer packets of a file had been merged (1500)",
		  .least = TG_MTU_LEAST, .most = 65535, .otherwise = TG_ETHERNET_MTU),
	TG_OPTION(TG_TEXT, "filter", filter, "F", "only packets of this pcap-filter(7)"),
	{},
};

const struct tg_command cmd_suggest = {
	.name = "suggest",
	.does = "limits that all but a few sources would not notice",
	.options = options,
	.no_json = true, /* it writes a configuration */
	.run = run_suggest,
};

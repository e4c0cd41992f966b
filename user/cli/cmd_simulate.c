// SPDX-License-Identifier: GPL-2.0-or-later
/* The command simulate: says what a policy would have done to captured packets; needs no daemon. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <tidegate/segments.h>

#include "cli/arguments.h"
#include "replay/capture.h"
#include "base/cleanup.h"
#include "cli/commands.h"
#include "config/load.h"
#include "config/names.h"
#include "base/log.h"
#include "replay/progress.h"
#include "replay/simulation.h"

/* Logs @errmsg and returns the exit code for @error, a -errno. */
static int simulate_failed(int error, const char *errmsg)
{
	tg_log(TG_LOG_ERROR, "%s", errmsg);
	return error == -EPERM	  ? TG_EXIT_REFUSED
	       : error == -EINVAL ? TG_EXIT_USAGE
				  : TG_EXIT_FAILED;
}

/* Finds the hook called @name, or the first of the configuration if it is NULL. False, logged:
 * none. */
static bool find_hook(const struct tg_config *config, const char *name, enum tg_hook *hook)
{
	int i;

	for (i = 0; i < TG_HOOKS; i++) {
		if (name ? strcmp(name, tg_hook_name(i)) == 0
			 : config->interfaces[0].hooks >> i & 1) {
			*hook = i;
			return true;
		}
	}
	tg_log(TG_LOG_ERROR, "--hook \"%s\": write xdp, tc-ingress or tc-egress", name);
	return false;
}

/* Runs all packets. Keeps those before a broken place in the capture. Returns 0 or -errno with
 * @errmsg. */
static int run_packets(struct tg_simulation *simulation, struct tg_capture *capture, char *errmsg)
{
	struct tg_progress progress = {};
	struct tg_frame frame;
	int status, error = 0;

	for (;;) {
		status = tg_capture_next(capture, &frame, errmsg);
		if (status == 1)
			error = tg_simulation_packet(simulation, &frame, errmsg);
		if (status != 1 || error)
			break;
		tg_progress_show(&progress, capture, simulation->packets);
	}
	tg_progress_end(&progress);
	simulation->complete = status == 0 && !tg_capture_interrupted();
	if (status < 0 && simulation->packets)
		tg_log(TG_LOG_WARNING, "%s; the packets before are simulated", errmsg);
	else if (status < 0)
		return status;
	return error;
}

static int show(struct tg_simulation *simulation, const struct tg_arguments *arguments)
{
	json_auto_t *report = tg_simulation_report(simulation, arguments->n);

	if (!report)
		return simulate_failed(-ENOMEM,
				       "the result cannot be read or is too large for memory");
	if (arguments->json) {
		json_dumpf(report, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		tg_simulation_print(report, stdout);
	}
	if (fflush(stdout) == 0)
		return simulation->complete ? TG_EXIT_OK : TG_EXIT_FAILED;
	tg_log_errno(errno, "standard output");
	return TG_EXIT_FAILED;
}

static int simulate(const struct tg_config *config, enum tg_hook hook,
		    const struct tg_arguments *arguments)
{
	tg_cleanup(tg_simulation_close) struct tg_simulation simulation = {.capture =
										   arguments->pcap};
	tg_cleanup(tg_capture_close) struct tg_capture *capture = NULL;
	char errmsg[TG_ERRMSG_SIZE];
	int error = tg_capture_open(arguments->pcap, arguments->filter, &capture, errmsg);

	if (!error)
		error = tg_simulation_open(&simulation, config, hook, arguments->mtu, errmsg);
	if (!error)
		error = run_packets(&simulation, capture, errmsg);
	return error ? simulate_failed(error, errmsg) : show(&simulation, arguments);
}

static int run_simulate(const struct tg_arguments *arguments)
{
	tg_cleanup(tg_diagnostics_clear) struct tg_diagnostics diagnostics = {0};
	tg_cleanup(tg_config_free) struct tg_config *config = NULL;
	enum tg_hook hook;
	int error;

	if (!arguments->pcap) {
		tg_log(TG_LOG_ERROR, "`simulate` needs --pcap and a capture file");
		return TG_EXIT_USAGE;
	}
	error = tg_config_load(arguments->operands[0], &config, &diagnostics);
	tg_diagnostics_print(&diagnostics, stderr);
	if (error)
		return error == -EINVAL ? TG_EXIT_INVALID : TG_EXIT_FAILED;
	return find_hook(config, arguments->hook, &hook) ? simulate(config, hook, arguments)
							 : TG_EXIT_USAGE;
}

static const struct tg_option options[] = {
	TG_OPERAND("FILE", "a configuration, as tidegate.yaml(5) has it", TG_REQUIRED),
	TG_OPTION(TG_TEXT, "pcap", pcap, "CAPTURE", "a file of pcap or pcapng; - is standard input",
		  .need = TG_REQUIRED),
	TG_OPTION(TG_CHOICE, "hook", hook, "xdp|tc-ingress|tc-egress",
		  "where packets come in, else the first hook of FILE"),
	TG_OPTION(TG_TEXT, "filter", filter, "F", "only packets of this pcap-filter(7)"),
	TG_OPTION(TG_NUMBER, "mtu", mtu, "N",
		  "that of the network; longer packets had been merged (1500)",
		  .least = TG_MTU_LEAST, .most = 65535, .otherwise = TG_ETHERNET_MTU),
	TG_OPTION(TG_NUMBER, "number", n, "N", "so many of the sources refused most", .least = 1,
		  .most = 10000, .otherwise = 10, .letter = 'n'),
	{},
};

const struct tg_command cmd_simulate = {
	.name = "simulate",
	.does = "what a policy would have done to captured packets",
	.options = options,
	.run = run_simulate,
};

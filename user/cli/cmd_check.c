// SPDX-License-Identifier: GPL-2.0-or-later
/* The command check: validates a file and says what it would do, without a daemon or privileges. */
#include <errno.h>
#include <jansson.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "cli/arguments.h"
#include "base/cleanup.h"
#include "cli/commands.h"
#include "config/config.h"
#include "explain/lint.h"
#include "config/interfaces.h"
#include "explain/config_json.h"
#include "config/load.h"
#include "explain/describe.h"
#include "base/log.h"
#include "base/xdp_driver.h"
#include "cli/ssh_session.h"

#define LIST_SHOWN 8

/* Returns the hooks of all interfaces, as bits. */
static unsigned int hooks_of(const struct tg_config *config)
{
	unsigned int hooks = 0;
	size_t i;

	for (i = 0; i < config->interfaces_n; i++)
		hooks |= config->interfaces[i].hooks;
	return hooks;
}

static void print_config_limit(const struct tg_config *config, const struct tg_config_limit *limit,
			       FILE *out)
{
	unsigned int hooks = tg_config_limit_hooks(config, limit);

	fprintf(out, "  %s: ", limit->name);
	tg_describe_key(limit, out);
	if (limit->per == TG_CONFIG_PER_DESTINATION)
		fputs(" receiving ", out);
	else if (limit->per != TG_CONFIG_PER_KEY)
		fputs(limit->unit == TG_CONFIG_CONNECTIONS ? " opening " : " sending ", out);
	if (limit->per != TG_CONFIG_PER_KEY)
		tg_describe_match(limit, out);
	if (hooks && hooks != hooks_of(config)) {
		fputs(", at ", out);
		tg_describe_hooks(hooks, out);
	}
	fputs(": ", out);
	tg_describe_refill(limit, out);
	fputs("; ", out);
	tg_describe_excess(limit, out);
	if (limit->shared) {
		fputs("; ", out);
		tg_describe_sharing(limit, out);
		fputs("; ", out);
		tg_describe_excess_of_nodes(config, limit, out);
	}
	if (limit->new_sources.capacity) {
		fputs("; ", out);
		tg_describe_new_sources(limit, out);
	}
	fputc('\n', out);
}

static void print_list(const char *title, const struct tg_prefix_list *list, FILE *out)
{
	char text[TG_PREFIX_TEXT_SIZE];
	size_t i;

	if (!list->n)
		return;
	fprintf(out, "%s: ", title);
	for (i = 0; i < list->n && i < LIST_SHOWN; i++)
		fprintf(out, "%s%s", i ? ", " : "",
			tg_prefix_format(&list->items[i], text, sizeof(text)));
	if (list->n > LIST_SHOWN)
		fprintf(out, " and %zu more", list->n - LIST_SHOWN);
	fputc('\n', out);
}

/* True if `auto` means generic XDP there, as far as the kernel says. */
static bool falls_to_generic(const struct tg_config_interface *interface)
{
	return interface->xdp_mode == TG_XDP_AUTO &&
	       tg_xdp_driver_native(if_nametoindex(interface->name)) == 0;
}

static void print_interface(const struct tg_config_interface *interface, FILE *out)
{
	static const char *const modes[] = {
		[TG_XDP_AUTO] = "XDP, native where the driver has it",
		[TG_XDP_NATIVE] = "native XDP",
		[TG_XDP_GENERIC] = "generic XDP",
	};
	const char *separator = "";

	fprintf(out, "%s (", interface->name);
	if (interface->hooks & TG_CONFIG_XDP) {
		fputs(falls_to_generic(interface)
			      ? "generic XDP, since its driver has no native XDP: slower, and what "
				"GSO or GRO has merged passes or is dropped whole"
			      : modes[interface->xdp_mode],
		      out);
		separator = "; ";
	}
	if (interface->hooks & TG_CONFIG_TC_INGRESS) {
		fprintf(out, "%sTC ingress", separator);
		separator = "; ";
	}
	if (interface->hooks & TG_CONFIG_TC_EGRESS)
		fprintf(out, "%sTC egress%s", separator,
			interface->manage_qdisc ? ", with a qdisc for what waits" : "");
	/* A typing error, or the file is for another machine. */
	if (!tg_interface_is_glob(interface->name) && !if_nametoindex(interface->name))
		fputs("; not on this machine now", out);
	fputc(')', out);
}

/* Says what is seen where of a tunnel that ends on this host, if there may be one. */
static void print_tunnels(const struct tg_config *config, FILE *out)
{
	size_t i;

	for (i = 0; i < config->interfaces_n; i++)
		if (tg_interface_may_be_tunnel(&config->interfaces[i]))
			break;
	if (i < config->interfaces_n)
		fprintf(out,
			"tunnels that end here (such as at %s): the tunnel's interface sees its "
			"packets as they are inside, the one below sees only the outer ones, of "
			"the other end; VLAN, PPPoE and MPLS are looked through\n",
			config->interfaces[i].name);
}

static void print_config_interfaces(const struct tg_config *config, FILE *out)
{
	size_t i;

	fputs("interfaces: ", out);
	for (i = 0; i < config->interfaces_n; i++) {
		fputs(i ? ", " : "", out);
		print_interface(&config->interfaces[i], out);
	}
	fputc('\n', out);
}

static void print_config(const struct tg_config *config, FILE *out)
{
	size_t i;

	fprintf(out, "%s is valid. It would enforce:\n", config->path);
	print_config_interfaces(config, out);
	print_tunnels(config, out);
	fputs("table: ", out);
	tg_describe_table(config, out);
	fputc('\n', out);
	fprintf(out, "on stop: %s\n",
		config->on_stop == TG_ON_STOP_KEEP ? "enforcement stays in place"
						   : "enforcement ends");
	if (config->cluster.name[0]) {
		fputs("cluster: ", out);
		tg_describe_cluster(&config->cluster, out);
		fputc('\n', out);
	}
	print_list("never limited", &config->allow, out);
	print_list("always dropped", &config->deny, out);
	if (!config->limits_n)
		fputs("limits: none\n", out);
	else
		fputs("limits (a packet goes on only if all that it matches admit it):\n", out);
	for (i = 0; i < config->limits_n; i++)
		print_config_limit(config, &config->limits[i], out);
}

/* Replaces text that is not UTF-8, as a file's name may be, because JSON cannot carry it. */
static json_t *json_text(const char *text)
{
	json_t *json = json_string(text);

	return json ? json : json_string("(not UTF-8)");
}

static json_t *json_diagnostics(const struct tg_diagnostics *diagnostics, enum tg_severity severity)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < diagnostics->n; i++) {
		const struct tg_diagnostic *item = &diagnostics->items[i];

		if (item->severity == severity)
			json_array_append_new(list,
					      json_pack("{s:o, s:I, s:I, s:o}", "file",
							json_text(item->file), "line",
							(json_int_t)item->place.line, "column",
							(json_int_t)item->place.column, "message",
							json_text(item->message)));
	}
	return list;
}

/* @config: NULL if the file is not valid. Returns 0 or -errno. */
static int print_config_json(const struct tg_config *config,
			     const struct tg_diagnostics *diagnostics)
{
	json_auto_t *json =
		json_pack("{s:b, s:o, s:o, s:o, s:o, s:o, s:o}", "valid", config != NULL, "errors",
			  json_diagnostics(diagnostics, TG_ERROR), "warnings",
			  json_diagnostics(diagnostics, TG_WARNING), "interfaces",
			  config ? tg_config_json_interfaces(config) : json_array(), "table",
			  config ? tg_config_json_table(config) : json_null(), "cluster",
			  config ? tg_config_json_cluster(config) : json_null(), "limits",
			  config ? tg_config_json_limits(config) : json_array());

	if (!json)
		return -ENOMEM;
	if (json_dumpf(json, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15)) < 0 ||
	    putchar('\n') == EOF)
		return -EIO;
	return 0;
}

static int check(const char *path, bool json)
{
	tg_cleanup(tg_diagnostics_clear) struct tg_diagnostics diagnostics = {0};
	tg_cleanup(tg_config_free) struct tg_config *config = NULL;
	int r = tg_config_load(path, &config, &diagnostics);

	if (r == 0)
		tg_lint(config, &diagnostics);
	tg_diagnostics_print(&diagnostics, stderr);
	if (r == 0)
		tg_ssh_session_warn(config);
	if (json && print_config_json(config, &diagnostics) < 0)
		return TG_EXIT_FAILED;
	if (!json && r == 0)
		print_config(config, stdout);
	if (fflush(stdout) == EOF) {
		tg_log_errno(errno, "standard output");
		return TG_EXIT_FAILED;
	}
	if (r)
		return r == -EINVAL ? TG_EXIT_INVALID : TG_EXIT_FAILED;
	return TG_EXIT_OK;
}

static int run_check(const struct tg_arguments *arguments)
{
	return check(arguments->operands[0], arguments->json);
}

static const struct tg_option options[] = {
	TG_OPERAND("FILE", "a configuration, as tidegate.yaml(5) has it", TG_REQUIRED),
	{},
};

const struct tg_command cmd_check = {
	.name = "check",
	.does = "validate a configuration; say what it would enforce",
	.options = options,
	.run = run_check,
};

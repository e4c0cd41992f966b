// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads SSH_CONNECTION from /proc, and compares the connection with lists and limits. */
#include "cli/ssh_session.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "config/load.h"
#include "base/log.h"
#include "base/ownership.h"

#define ANCESTORS_MAX 16
#define INGRESS	      (TG_CONFIG_XDP | TG_CONFIG_TC_INGRESS)

static const char variable[] = "SSH_CONNECTION=";

/* Takes IPv4 mapped to IPv6 too. Cuts the interface off a link-local address, "fe80::1%eth0". */
static bool parse_address(char *text, struct tg_prefix *prefix)
{
	char why[256];

	text[strcspn(text, "%")] = '\0';
	prefix->length = 128;
	return inet_pton(AF_INET6, text, prefix->address) == 1 ||
	       tg_prefix_parse(text, prefix, why, sizeof(why)) == 0;
}

/* Reads "CLIENT PORT SERVER PORT". */
static bool parse(const char *text, struct tg_ssh_session *login)
{
	char client[TG_PREFIX_TEXT_SIZE], server[TG_PREFIX_TEXT_SIZE];

	return sscanf(text, "%63s %u %63s %u", client, &login->client_port, server,
		      &login->server_port) == 4 &&
	       login->client_port < TG_VALUES && login->server_port < TG_VALUES &&
	       parse_address(client, &login->client) && parse_address(server, &login->server);
}

/* Looks in the environment that the process was started with, proc(5). */
static bool find_in(pid_t process, struct tg_ssh_session *login)
{
	tg_autofclose FILE *file = NULL;
	tg_autofree char *entry = NULL;
	size_t room = 0;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/environ", process);
	file = fopen(path, "r");
	while (file && getdelim(&entry, &room, '\0', file) > 0)
		if (strncmp(entry, variable, strlen(variable)) == 0)
			return parse(entry + strlen(variable), login);
	return false;
}

/* Returns 0 if the parent cannot be read. */
static pid_t parent_of(pid_t process)
{
	tg_autofclose FILE *file = NULL;
	char path[64], line[512] = "";
	const char *name_end;
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", process);
	file = fopen(path, "r");
	if (!file || !fgets(line, sizeof(line), file))
		return 0;
	name_end = strrchr(line, ')'); /* a name may have brackets and spaces of its own */
	if (!name_end || sscanf(name_end + 1, " %*c %d", &parent) != 1)
		return 0;
	return parent;
}

bool tg_ssh_session_find(struct tg_ssh_session *login)
{
	const char *text = getenv("SSH_CONNECTION");
	pid_t process = getppid();
	int i;

	if (text)
		return parse(text, login);
	for (i = 0; i < ANCESTORS_MAX && process > 1; i++) {
		if (find_in(process, login))
			return true;
		process = parent_of(process);
	}
	return false;
}

/* Finds the longest prefix of each list: the longer one decides, allow if both are as long. */
static void look_up(const struct tg_config *config, const struct tg_ssh_session *login,
		    bool *allowed, bool *denied)
{
	int allow = -1, deny = -1;
	size_t i;

	for (i = 0; i < config->allow.n; i++)
		if (tg_prefix_has(&config->allow.items[i], login->client.address) &&
		    config->allow.items[i].length > allow)
			allow = config->allow.items[i].length;
	for (i = 0; i < config->deny.n; i++)
		if (tg_prefix_has(&config->deny.items[i], login->client.address) &&
		    config->deny.items[i].length > deny)
			deny = config->deny.items[i].length;
	*allowed = allow >= 0 && allow >= deny;
	*denied = deny > allow;
}

static bool holds(const struct tg_match *match, enum tg_field field, unsigned int value)
{
	return !match->fields[field].given || tg_values_has(&match->fields[field], value);
}

/* Whether packets of the connection can match. */
static bool meets(const struct tg_match *match, const struct tg_ssh_session *login)
{
	const struct tg_values *types = &match->fields[TG_FIELD_ICMP_TYPE];

	return holds(match, TG_FIELD_PROTOCOL, IPPROTO_TCP) &&
	       holds(match, TG_FIELD_SOURCE_PORT, login->client_port) &&
	       holds(match, TG_FIELD_DESTINATION_PORT, login->server_port) &&
	       (!types->given || types->absent) && match->fragments != TG_FRAGMENTS_ONLY &&
	       tg_addresses_hold(&match->source, login->client.address) &&
	       tg_addresses_hold(&match->destination, login->server.address);
}

static void warn_limits(const struct tg_config *config, const struct tg_ssh_session *login,
			const char *client)
{
	char names[512] = "";
	size_t i, length = 0;

	for (i = 0; i < config->limits_n; i++) {
		const struct tg_config_limit *limit = &config->limits[i];

		if (limit->shadow || !(tg_config_limit_hooks(config, limit) & INGRESS) ||
		    !meets(limit->match, login) || length >= sizeof(names))
			continue;
		length += snprintf(names + length, sizeof(names) - length, "%s%s",
				   length ? ", " : "", limit->name);
	}
	if (length)
		tg_log(TG_LOG_WARNING,
		       "you are logged in from %s, whose packets to port %u count against %s; "
		       "allow: [%s] would keep your way in open whatever happens",
		       client, login->server_port, names, client);
}

void tg_ssh_session_warn(const struct tg_config *config)
{
	char client[TG_PREFIX_TEXT_SIZE];
	struct tg_ssh_session login;
	bool allowed, denied;

	if (!tg_ssh_session_find(&login))
		return;
	tg_prefix_format(&login.client, client, sizeof(client));
	client[strcspn(client, "/")] = '\0';
	look_up(config, &login, &allowed, &denied);
	if (denied)
		tg_log(TG_LOG_WARNING,
		       "you are logged in from %s, and all its packets would be dropped: deny has "
		       "it; put it on the allow list, or use apply --confirm 60s to have the "
		       "policy taken back if you are cut off",
		       client);
	else if (!allowed)
		warn_limits(config, &login, client);
}

void tg_ssh_session_warn_of(const char *path)
{
	tg_cleanup(tg_diagnostics_clear) struct tg_diagnostics diagnostics = {};
	tg_cleanup(tg_config_free) struct tg_config *config = NULL;

	/* As the daemon will: a FIFO would be waited for, and be empty for the daemon. */
	tg_ownership_demand();
	if (tg_config_load(path, &config, &diagnostics) == 0)
		tg_ssh_session_warn(config);
}

void tg_ssh_session_warn_denied(const struct tg_prefix_list *denied)
{
	char text[TG_PREFIX_TEXT_SIZE];
	struct tg_ssh_session login;
	size_t i;

	if (!tg_ssh_session_find(&login))
		return;
	for (i = 0; i < denied->n; i++) {
		if (!tg_prefix_has(&denied->items[i], login.client.address))
			continue;
		tg_prefix_format(&denied->items[i], text, sizeof(text));
		tg_log(TG_LOG_WARNING,
		       "you are logged in from within %s, whose packets are dropped from now on; "
		       "`tidegate deny del %s` takes that back while you are connected",
		       text, text);
	}
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Limits that may shut out the operator, who comes by SSH. */
#include <netinet/in.h>

#include "config_advice.h"

#define SSH_PORT    22
/* Clients of every system take one from here on, RFC 6335 section 6. */
#define CLIENT_PORT 49152
#define INGRESS	    (TG_CONFIG_XDP | TG_CONFIG_TC_INGRESS)
#define MINUTE	    60000000000.0 /* ns */

/* What a client sends in a login, some 30 packets with its keys, and in a minute of typing. */
#define SESSION_PACKETS 100
#define SESSION_BYTES	16000

static bool takes(const struct tg_match *match, enum tg_field field, unsigned int value)
{
	return !match->fields[field].given || tg_values_has(&match->fields[field], value);
}

/* From anybody to anywhere: who writes addresses has thought of whom they hold for. */
static bool takes_ssh(const struct tg_match *match)
{
	const struct tg_values *types = &match->fields[TG_FIELD_ICMP_TYPE];

	return takes(match, TG_FIELD_PROTOCOL, IPPROTO_TCP) &&
	       takes(match, TG_FIELD_SOURCE_PORT, CLIENT_PORT) &&
	       takes(match, TG_FIELD_DESTINATION_PORT, SSH_PORT) &&
	       (!types->given || types->absent) && match->fragments != TG_FRAGMENTS_ONLY &&
	       !match->source.given && !match->destination.given;
}

static bool acts_on_what_comes_in(const struct tg_config *config,
				  const struct tg_config_limit *limit)
{
	return !limit->shadow && (tg_config_limit_hooks(config, limit) & INGRESS) &&
	       (limit->action == TG_CONFIG_DROP || limit->action == TG_CONFIG_REJECT);
}

static bool is_emptied_by_others(const struct tg_config_limit *limit)
{
	return limit->per == TG_CONFIG_PER_EVERYONE &&
	       (takes(&limit->match, TG_FIELD_TCP_FLAGS, TG_TCP_SYN) ||
		takes(&limit->match, TG_FIELD_TCP_FLAGS, TG_TCP_ACK));
}

/* Of connections few are enough. */
static bool is_too_small(const struct tg_config_limit *limit)
{
	const struct tg_refill *refill = &limit->refill;
	double minute = (double)refill->capacity +
			(double)refill->amount * MINUTE / (double)refill->interval;

	return limit->per == TG_CONFIG_PER_SOURCE && limit->unit != TG_CONFIG_CONNECTIONS &&
	       takes(&limit->match, TG_FIELD_TCP_FLAGS, TG_TCP_ACK) &&
	       minute < (limit->unit == TG_CONFIG_BYTES ? SESSION_BYTES : SESSION_PACKETS);
}

void tg_config_advise_lockout(const struct tg_config *config, size_t i,
			      struct tg_diagnostics *diagnostics)
{
	const struct tg_config_limit *limit = &config->limits[i];
	/* One that names its ports is rather about this one. */
	const char *instead = limit->match.fields[TG_FIELD_DESTINATION_PORT].given
				      ? ""
				      : ", or match: {not: {destination_port: 22}}";

	if (config->allow.n || !acts_on_what_comes_in(config, limit) || !takes_ssh(&limit->match))
		return;
	if (is_emptied_by_others(limit))
		tg_diagnose(diagnostics, TG_WARNING, config->path, limit->place,
			    "limits[%zu]: %s holds for SSH (TCP port 22), and a flood that "
			    "exhausts it shuts you out as well; write allow: [your own network]%s",
			    i, limit->name, instead);
	else if (is_too_small(limit))
		tg_diagnose(diagnostics, TG_WARNING, config->path, limit->place,
			    "limits[%zu]: %s holds for SSH (TCP port 22), and gives a source less "
			    "than a login and a minute of typing need, about %s; write allow: "
			    "[your own network]%s",
			    i, limit->name, limit->unit == TG_CONFIG_BYTES ? "16kB" : "100 packets",
			    instead);
}

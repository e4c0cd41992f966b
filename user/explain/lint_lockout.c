// SPDX-License-Identifier: GPL-2.0-or-later
/* Warns of limits that may shut out an operator who uses SSH. */
#include <netinet/in.h>

#include "explain/lint.h"

#define SSH_PORT    22
/* The first dynamic port, RFC 6335 section 6. A match that includes it includes SSH clients. */
#define CLIENT_PORT 49152
#define INGRESS	    (TG_CONFIG_XDP | TG_CONFIG_TC_INGRESS)
#define MINUTE	    60000000000ULL /* ns */

/* What a client sends in a login (about 30 packets with its keys) and a minute of typing. */
#define SESSION_PACKETS 100
#define SESSION_BYTES	16000

/* Lengths of IP packets in bytes: the shortest, the longest, and the longest with typed text. */
#define LENGTH_MIN 40
#define LENGTH_MAX 1500
#define TYPED_MAX  200

/* Whether a packet with this value of a field can match. */
static bool takes(const struct tg_match *match, enum tg_field field, unsigned int value)
{
	return !match->fields[field].given || tg_values_has(&match->fields[field], value);
}

static bool takes_length(const struct tg_match *match, unsigned int first, unsigned int last)
{
	while (first <= last)
		if (takes(match, TG_FIELD_LENGTH, first++))
			return true;
	return false;
}

/* Whether the condition excludes some addresses. 0.0.0.0/0 and ::/0 exclude none. */
static bool picks_addresses(const struct tg_addresses *addresses)
{
	const struct tg_prefix *prefix;
	size_t i;

	for (i = 0; i < addresses->is.n; i++) {
		prefix = &addresses->is.items[i];
		if (prefix->length > (tg_prefix_is_ipv4(prefix) ? 96 : 0))
			return true;
	}
	return addresses->is_not.n;
}

/* Whether SSH from any address matches. A match with addresses was written with senders in mind. */
static bool takes_ssh(const struct tg_match *match)
{
	const struct tg_values *types = &match->fields[TG_FIELD_ICMP_TYPE];

	return takes(match, TG_FIELD_PROTOCOL, IPPROTO_TCP) &&
	       takes(match, TG_FIELD_SOURCE_PORT, CLIENT_PORT) &&
	       takes(match, TG_FIELD_DESTINATION_PORT, SSH_PORT) &&
	       takes_length(match, LENGTH_MIN, LENGTH_MAX) && (!types->given || types->absent) &&
	       match->fragments != TG_FRAGMENTS_ONLY && !picks_addresses(&match->source) &&
	       !picks_addresses(&match->destination);
}

/* Whether excess is dropped. drop_not_ecn drops each SYN, because a SYN is never ECN-capable. */
static bool drops(const struct tg_config_limit *limit)
{
	return limit->action == TG_CONFIG_DROP || limit->action == TG_CONFIG_REJECT ||
	       (limit->action == TG_CONFIG_MARK && limit->mark.drop_not_ecn);
}

static bool acts_on_what_comes_in(const struct tg_config *config,
				  const struct tg_config_limit *limit)
{
	return !limit->shadow && (tg_config_limit_hooks(config, limit) & INGRESS) && drops(limit);
}

/* Whether all senders share one bucket. A prefix of length 0 has all addresses in it. */
static bool is_one_bucket(const struct tg_config_limit *limit)
{
	return limit->per == TG_CONFIG_PER_EVERYONE || !limit->prefix4 || !limit->prefix6;
}

/* Whether the first packet of a connection (SYN) or a later one (ACK) matches. */
static bool takes_connection(const struct tg_match *match)
{
	return takes(match, TG_FIELD_TCP_FLAGS, TG_TCP_SYN) ||
	       takes(match, TG_FIELD_TCP_FLAGS, TG_TCP_ACK);
}

/* Whether a source gets less than SSH needs. A few connections are always enough. */
static bool is_too_small(const struct tg_config_limit *limit)
{
	const struct tg_refill *refill = &limit->refill;
	double minute = (double)refill->amount * MINUTE / (double)refill->interval;
	uint64_t step = refill->amount < refill->capacity ? refill->amount : refill->capacity;

	/* Count whole steps, and no more of a step than the capacity. */
	if (!refill->continuous)
		minute = (double)step * (double)(MINUTE / refill->interval);
	return limit->per == TG_CONFIG_PER_SOURCE && limit->unit != TG_CONFIG_CONNECTIONS &&
	       takes(limit->match, TG_FIELD_TCP_FLAGS, TG_TCP_ACK) &&
	       takes_length(limit->match, LENGTH_MIN, TYPED_MAX) &&
	       (double)refill->capacity + minute <
		       (limit->unit == TG_CONFIG_BYTES ? SESSION_BYTES : SESSION_PACKETS);
}

/* Returns what may happen to an operator who uses SSH, or NULL. */
static const char *danger_of(const struct tg_config_limit *limit)
{
	if (is_one_bucket(limit) && takes_connection(limit->match))
		return "a flood that exhausts it shuts you out as well";
	if (!is_too_small(limit))
		return NULL;
	return limit->unit == TG_CONFIG_BYTES
		       ? "gives a source less than a login and a minute of typing need, about 16kB"
		       : "gives a source less than a login and a minute of typing need, about 100 "
			 "packets";
}

static bool has_match(const struct tg_config_limit *limit)
{
	const struct tg_match *match = limit->match;
	int field;

	for (field = 0; field < TG_FIELDS; field++)
		if (match->fields[field].given)
			return true;
	return match->source.given || match->destination.given ||
	       match->fragments != TG_FRAGMENTS_AND_WHOLE || limit->hooks != TG_CONFIG_HOOKS;
}

/* Returns what to write if not an allow list, to add to the sentence, or "". */
static const char *other_remedy(const struct tg_config_limit *limit)
{
	/* A limit that names destination ports is probably meant for SSH. */
	if (limit->match->fields[TG_FIELD_DESTINATION_PORT].given)
		return "";
	return has_match(limit) ? ", or add not: {destination_port: 22} to its match"
				: ", or match: {not: {destination_port: 22}}";
}

void tg_lint_lockout(const struct tg_config *config, size_t i, struct tg_diagnostics *diagnostics)
{
	const struct tg_config_limit *limit = &config->limits[i];
	const char *danger;

	if (config->allow.n || !acts_on_what_comes_in(config, limit) || !takes_ssh(limit->match))
		return;
	danger = danger_of(limit);
	if (danger)
		tg_diagnose(diagnostics, TG_WARNING, config->path, limit->place,
			    "limits[%zu]: %s holds for SSH (TCP port 22), and %s; write allow: "
			    "[your own network]%s",
			    i, limit->name, danger, other_remedy(limit));
}

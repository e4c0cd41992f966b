// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads on_exceed and the keys that go with it: what a limit does with packets that exceed it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/names.h"
#include "config/reader.h"
#include "config/set.h"
#include "base/text.h"
#include "base/units.h"
#include "base/clock.h"

int tg_read_manage_qdisc(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return tg_read_bool(reader, value, &((struct tg_config_interface *)out)->manage_qdisc);
}

static int set(struct tg_reader *reader, const struct tg_yaml *value, void *out,
	       tg_set_function *set_text)
{
	const char *text;
	char why[256];
	int r = tg_read_text(reader, value, &text);

	if (r == 0 && set_text(out, text, why, sizeof(why)))
		r = tg_reader_error(reader, value, "%s", why);
	return r;
}

static int read_shadow(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return set(reader, value, out, tg_config_set_shadow);
}

static int read_mark_above(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return set(reader, value, out, tg_config_set_mark_above);
}

static int read_max_delay(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return set(reader, value, out, tg_config_set_max_delay);
}

static int read_on_exceed(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	int choice, r = tg_read_choice(reader, value, tg_action_names, &choice);

	if (r == 0)
		((struct tg_config_limit *)out)->action = choice;
	return r;
}

/* RFC 2474, 2597, 3246, 5865, 8622. tg_dscp_name() returns the first name of a DSCP. */
static const struct {
	const char *name;
	uint8_t dscp;
} dscps[] = {
	{"default", 0}, {"le", 1},    {"cs1", 8},   {"af11", 10}, {"af12", 12}, {"af13", 14},
	{"cs2", 16},	{"af21", 18}, {"af22", 20}, {"af23", 22}, {"cs3", 24},	{"af31", 26},
	{"af32", 28},	{"af33", 30}, {"cs4", 32},  {"af41", 34}, {"af42", 36}, {"af43", 38},
	{"cs5", 40},	{"va", 44},   {"ef", 46},   {"cs6", 48},  {"cs7", 56},	{"cs0", 0},
};

const char *tg_dscp_name(int dscp)
{
	size_t i;

	for (i = 0; i < sizeof(dscps) / sizeof(dscps[0]); i++)
		if (dscps[i].dscp == dscp)
			return dscps[i].name;
	return NULL;
}

static int read_dscp(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	struct tg_config_mark *mark = out;
	char quoted[TG_QUOTE_SIZE];
	const char *text;
	uint64_t number;
	size_t i;
	int r = tg_read_text(reader, value, &text);

	if (r)
		return r;
	for (i = 0; i < sizeof(dscps) / sizeof(dscps[0]); i++) {
		if (strcmp(dscps[i].name, text) == 0) {
			mark->dscp = dscps[i].dscp;
			return 0;
		}
	}
	if (tg_parse_number(text, &number) || number > 63)
		return tg_reader_error(
			reader, value,
			"%s is no DSCP; write 0 to 63, or a name: cs0 to cs7, af11 to "
			"af43, ef, va, le or default",
			tg_text_quote(text, quoted, sizeof(quoted)));
	mark->dscp = (int)number;
	return 0;
}

static int read_ecn(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return tg_read_bool(reader, value, &((struct tg_config_mark *)out)->ecn);
}

static int read_not_ecn(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	static const char *const words[] = {"pass", "drop", NULL};
	struct tg_config_mark *mark = out;
	int choice, r = tg_read_choice(reader, value, words, &choice);

	if (r)
		return r;
	if (!mark->ecn)
		return tg_reader_key_error(
			reader, value, "not_ecn has no meaning without ecn: true; leave it out");
	mark->drop_not_ecn = choice;
	return 0;
}

/* Reads decimal, hexadecimal after 0x, or with @classes MAJOR:MINOR in hexadecimal, as in tc(8). */
static int read_u32(struct tg_reader *reader, const struct tg_yaml *value, bool classes,
		    uint32_t *word)
{
	char quoted[TG_QUOTE_SIZE], *end, *end2;
	unsigned long long number, minor;
	const char *text;
	int r = tg_read_text(reader, value, &text);

	if (r)
		return r;
	if (tg_number_is_padded(text))
		return tg_reader_error(reader, value, "%s: write the number%s",
				       tg_text_quote(text, quoted, sizeof(quoted)),
				       tg_number_hint(text));
	number = strtoull(text, &end, strncmp(text, "0x", 2) == 0 ? 16 : 10);
	if (strspn(text, "0123456789abcdefABCDEFx:") == strlen(text) && *text) {
		if (!*end && end != text && number <= UINT32_MAX) {
			*word = (uint32_t)number;
			return 0;
		}
		number = strtoull(text, &end, 16);
		minor = *end == ':' ? strtoull(end + 1, &end2, 16) : 0;
		if (classes && *end == ':' && end != text && !*end2 && number <= 0xffff &&
		    minor <= 0xffff) {
			*word = (uint32_t)(number << 16 | minor);
			return 0;
		}
	}
	return tg_reader_error(reader, value,
			       "%s is not a number from 0 to 4294967295 or 0xffffffff%s",
			       tg_text_quote(text, quoted, sizeof(quoted)),
			       classes ? ", nor a class such as 1:10" : "");
}

static int read_fwmark(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	struct tg_config_mark *mark = out;

	mark->has_fwmark = true;
	return read_u32(reader, value, false, &mark->fwmark);
}

static int read_priority(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	struct tg_config_mark *mark = out;

	mark->has_priority = true;
	return read_u32(reader, value, true, &mark->priority);
}

static int read_mark(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	static const struct tg_key keys[] = {
		{"dscp", read_dscp, NULL},	   {"ecn", read_ecn, NULL},
		{"not_ecn", read_not_ecn, NULL},   {"fwmark", read_fwmark, NULL},
		{"priority", read_priority, NULL}, {NULL, NULL, NULL},
	};
	struct tg_config_mark *mark = &((struct tg_config_limit *)out)->mark;
	int r = tg_read_map(reader, value, keys, mark);
	bool others = mark->dscp >= 0 || mark->has_fwmark || mark->has_priority;

	if (r)
		return r;
	if (!others && !mark->ecn)
		return tg_reader_error(reader, value,
				       "no mark is named; write at least one, such as {dscp: cs1}");
	/* Packets that cannot carry CE are dropped by default if there is no other mark to see. */
	if (mark->ecn && !tg_yaml_get(value, "not_ecn"))
		mark->drop_not_ecn = !others;
	return 0;
}

static int read_penalty(struct tg_reader *reader, const struct tg_yaml *value, uint64_t *penalty)
{
	const char *text;
	char why[256];
	int r = tg_read_text(reader, value, &text);

	if (r == 0 &&
	    tg_config_parse_duration(text, TG_BACKOFF_MAX, "1ms to 1d", penalty, why, sizeof(why)))
		r = tg_reader_error(reader, value, "%s", why);
	return r;
}

static int read_dns(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	static const char *const words[] = {"truncate", "refused", NULL};
	int choice, r = tg_read_choice(reader, value, words, &choice);

	if (r == 0)
		((struct tg_config_limit *)out)->dns_refused = choice;
	return r;
}

static int read_reject(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	static const struct tg_key keys[] = {{"dns", read_dns, NULL}, {NULL, NULL, NULL}};

	return tg_read_map(reader, value, keys, out);
}

static int read_initial(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return read_penalty(reader, value, &((struct tg_config_backoff *)out)->initial);
}

static int read_max(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return read_penalty(reader, value, &((struct tg_config_backoff *)out)->max);
}

static int read_factor(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	struct tg_config_backoff *backoff = out;
	char quoted[TG_QUOTE_SIZE], *end;
	const char *text, *point;
	double factor;
	int r = tg_read_text(reader, value, &text);

	if (r)
		return r;
	point = strchr(text, '.');
	factor = strtod(text, &end);
	if (strspn(text, "0123456789.") != strlen(text) || *end || tg_number_is_padded(text) ||
	    (point && (strlen(point) < 2 || strlen(point) > 4)) || factor < 1 || factor > 16)
		return tg_reader_error(
			reader, value,
			"%s is no factor; write 1 to 16, with at most three decimals, "
			"such as 2 or 1.5",
			tg_text_quote(text, quoted, sizeof(quoted)));
	backoff->factor = (uint32_t)(factor * 1000 + 0.5);
	return 0;
}

/* The penalty must reach `max` within TG_BACKOFF_STEPS_MAX refusals, the steps the maps store. */
static int check_ladder(struct tg_reader *reader, const struct tg_yaml *value,
			const struct tg_config_backoff *backoff)
{
	uint64_t penalty = backoff->initial;
	char reached[64];
	int i;

	if (backoff->initial > backoff->max)
		return tg_reader_error(reader, value,
				       "initial is longer than max; write a longer max");
	if (backoff->factor == 1000)
		return 0;
	for (i = 0; i < TG_BACKOFF_STEPS_MAX && penalty < backoff->max; i++)
		penalty = penalty * backoff->factor / 1000;
	if (penalty >= backoff->max)
		return 0;
	return tg_reader_error(
		reader, value,
		"after %d refusals the penalty has only reached %s, and max never; write a larger "
		"factor or a smaller max",
		TG_BACKOFF_STEPS_MAX,
		tg_format_duration(penalty / NS_PER_MS * NS_PER_MS, reached, sizeof(reached)));
}

static int read_backoff(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	static const struct tg_key keys[] = {
		{"initial", read_initial, NULL},
		{"factor", read_factor, NULL},
		{"max", read_max, NULL},
		{NULL, NULL, NULL},
	};
	struct tg_config_backoff *backoff = &((struct tg_config_limit *)out)->backoff;
	int r;

	*backoff = (struct tg_config_backoff){
		.initial = 100 * NS_PER_MS, .max = 2 * NS_PER_S, .factor = 2000};
	r = tg_read_map(reader, value, keys, backoff);
	return r ? r : check_ladder(reader, value, backoff);
}

int tg_read_action(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	static const struct tg_key readers[] = {
		{"on_exceed", read_on_exceed, NULL},   {"mark", read_mark, NULL},
		{"mark_above", read_mark_above, NULL}, {"max_delay", read_max_delay, NULL},
		{"reject", read_reject, NULL},	       {"backoff", read_backoff, NULL},
		{"shadow", read_shadow, NULL},	       {NULL, NULL, NULL},
	};
	const struct tg_key *key;

	for (key = readers; key->name; key++)
		if (strcmp(key->name, value->key) == 0)
			return key->read(reader, value, out);
	return -EINVAL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads new_sources, how fast new sources get a bucket of their own, from YAML and for `set`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/reader.h"
#include "config/set.h"
#include "base/text.h"
#include "base/units.h"

static int read_rate(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	struct tg_refill *refill = out;
	char quoted[TG_QUOTE_SIZE];
	enum tg_rate_kind kind;
	const char *text;
	int r = tg_read_text(reader, value, &text);

	if (r)
		return r;
	tg_text_quote(text, quoted, sizeof(quoted));
	r = tg_parse_rate(text, &kind, &refill->amount, &refill->interval);
	if (r == -EINVAL || (!r && kind != TG_RATE_COUNT))
		return tg_reader_error(
			reader, value,
			"%s is not a rate of sources; write it as 10000/s, 10/m or 5/h", quoted);
	if (r)
		return tg_reader_error(reader, value,
				       "%s is out of range; write more than 0 and at most %llu/s",
				       quoted, TG_RATE_MAX);
	return 0;
}

static int read_burst(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return tg_read_number(reader, value, 1, TG_CAPACITY_MAX,
			      &((struct tg_refill *)out)->capacity);
}

int tg_read_new_sources(struct tg_reader *reader, const struct tg_yaml *value,
			struct tg_config_limit *limit)
{
	static const struct tg_key keys[] = {
		{"rate", read_rate, "how many a second get a bucket, such as rate: 10000/s"},
		{"burst", read_burst, "how many get one at once, such as burst: 20000"},
		{NULL, NULL, NULL},
	};
	struct tg_refill_change change = {.refill.continuous = true, .set_rate = true};
	char why[256];
	int r;

	/* limit_keys has `per` before `new_sources`. */
	if (limit->per == TG_CONFIG_PER_EVERYONE)
		return tg_reader_key_error(
			reader, value,
			"new_sources has no meaning with per: everyone, where there are no "
			"sources to tell apart; leave it out");
	r = tg_read_map(reader, value, keys, &change.refill);
	if (r)
		return r;
	if (tg_config_check_refill(&change, why, sizeof(why)))
		return tg_reader_error(reader, value, "%s", why);
	limit->new_sources = change.refill;
	return 0;
}

/* Whether @value has a line break of YAML, behind which other keys could follow. */
static bool has_line_break(const char *value)
{
	return strpbrk(value, "\r\n") || strstr(value, "\xc2\x85") /* U+0085 */ ||
	       strstr(value, "\xe2\x80\xa8") /* U+2028 */ || strstr(value, "\xe2\x80\xa9");
}

/*
 * Parses "new_sources: VALUE" as a line of the file. Returns -EINVAL if that is not one map with
 * this key alone, because a value must not bring other keys with it.
 */
static int parse_line(const char *value, struct tg_yaml **root, struct tg_diagnostics *diagnostics)
{
	tg_autofree char *line = NULL;
	const char *behind;

	if (has_line_break(value) || asprintf(&line, "new_sources: %s", value) < 0)
		return -EINVAL;
	if (tg_yaml_parse("", line, strlen(line), root, diagnostics) || diagnostics->errors ||
	    !*root || (*root)->kind != TG_YAML_MAP || (*root)->n != 1)
		return -EINVAL;
	behind = line + tg_text_offset(line, (*root)->children->end);
	return behind[strspn(behind, " \t")] ? -EINVAL : 0;
}

#define FORM                                                                                       \
	"'new_sources={rate: 10000/s, burst: 20000}', in quotes and with a space after each colon"

/* Whether there is another key, such as `rate:30/s` if the space is missing in {rate:30/s}. */
static bool has_other_keys(const struct tg_yaml *map)
{
	return map->n != (size_t) !!tg_yaml_get(map, "rate") + !!tg_yaml_get(map, "burst");
}

int tg_config_set_new_sources(struct tg_config_limit *limit, const char *value, char *why,
			      size_t size)
{
	tg_cleanup(tg_diagnostics_clear) struct tg_diagnostics diagnostics = {0};
	tg_cleanup(tg_yaml_free) struct tg_yaml *root = NULL;
	struct tg_reader reader = {.path = "", .diagnostics = &diagnostics};
	char quoted[TG_QUOTE_SIZE];
	int r = parse_line(value, &root, &diagnostics);

	if (r == 0 && root->children->empty)
		snprintf(why, size,
			 "new_sources cannot be taken away while a limit holds; leave it out of "
			 "the file, and reload");
	else if (r || root->children->kind != TG_YAML_MAP)
		snprintf(why, size, "%s is no rate and burst of new_sources; write it as " FORM,
			 tg_text_quote(value, quoted, sizeof(quoted)));
	else if (tg_read_new_sources(&reader, root->children, limit))
		snprintf(why, size, "%s%s",
			 diagnostics.n ? diagnostics.items[0].message : "out of memory",
			 has_other_keys(root->children) ? "; write it as " FORM : "");
	else
		return 0;
	return -EINVAL;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the basic shapes of the YAML tree (maps, lists, numbers, words), and words the errors that
 * all keys have in common.
 */
#include "config/reader.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"

#define PATH_SIZE    256
#define MESSAGE_SIZE 1024

__attribute__((format(printf, 5, 0))) static void
diagnose_value(struct tg_reader *reader, enum tg_severity severity, const struct tg_yaml *value,
	       struct tg_location place, const char *format, va_list args)
{
	char path[PATH_SIZE], message[MESSAGE_SIZE];

	/* A broken node was reported at this place already. */
	if (value->kind == TG_YAML_BROKEN && place.line == value->place.line &&
	    place.column == value->place.column)
		return;
	vsnprintf(message, sizeof(message), format, args);
	tg_yaml_path(value, path, sizeof(path));
	tg_diagnose(reader->diagnostics, severity, reader->path, place, "%s%s%s", path,
		    *path ? ": " : "", message);
}

int tg_reader_error(struct tg_reader *reader, const struct tg_yaml *value, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	diagnose_value(reader, TG_ERROR, value, value->place, format, args);
	va_end(args);
	return -EINVAL;
}

int tg_reader_key_error(struct tg_reader *reader, const struct tg_yaml *value, const char *format,
			...)
{
	va_list args;

	va_start(args, format);
	diagnose_value(reader, TG_ERROR, value, value->key ? value->key_place : value->place,
		       format, args);
	va_end(args);
	return -EINVAL;
}

int tg_reader_refuse(struct tg_reader *reader, const struct tg_yaml *value, const char *why)
{
	reader->refused = true;
	return tg_reader_error(reader, value, "%s", why);
}

void tg_reader_warn(struct tg_reader *reader, const struct tg_yaml *value, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	diagnose_value(reader, TG_WARNING, value, value->place, format, args);
	va_end(args);
}

char *tg_reader_path(const struct tg_reader *reader, const char *name)
{
	const char *slash = strrchr(reader->path, '/');
	char *path;

	if (name[0] == '/' || !slash)
		return strdup(name);
	if (asprintf(&path, "%.*s/%s", (int)(slash - reader->path), reader->path, name) < 0)
		return NULL;
	return path;
}

#define WORD_MAX 32 /* bytes: longer words are not compared */

/* Levenshtein's distance between words of at most WORD_MAX bytes. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[WORD_MAX + 1], diagonal, above, i, j;
	unsigned int n = (unsigned int)strlen(b);

	for (j = 0; j <= n; j++)
		row[j] = j;
	for (i = 0; a[i]; i++) {
		diagonal = row[0];
		row[0] = i + 1;
		for (j = 0; j < n; j++) {
			unsigned int best = diagonal + (a[i] != b[j]);

			above = row[j + 1];
			if (above + 1 < best)
				best = above + 1;
			if (row[j] + 1 < best)
				best = row[j] + 1;
			row[j + 1] = best;
			diagonal = above;
		}
	}
	return row[n];
}

const char *tg_nearest(const char *word, const char *(*next)(const void *from, size_t i),
		       const void *from)
{
	const char *nearest = NULL, *name;
	unsigned int least = 4, d;
	size_t i, length = strlen(word);

	if (length > WORD_MAX)
		return NULL;
	for (i = 0; (name = next(from, i)); i++) {
		if (strlen(name) > WORD_MAX)
			continue;
		d = distance(word, name);
		/* At most a third of the letters may differ, or nearly any word would do. */
		if (d < least && d * 3 <= length + 1) {
			least = d;
			nearest = name;
		}
	}
	return nearest;
}

static const char *key_name(const void *from, size_t i)
{
	return ((const struct tg_key *)from)[i].name;
}

static void add_name(char *names, size_t size, const char *separator, const char *name)
{
	size_t at = strlen(names);

	snprintf(names + at, size - at, "%s%s", at ? separator : "", name);
}

static int unknown_key(struct tg_reader *reader, const struct tg_yaml *value,
		       const struct tg_key *keys)
{
	char quoted[TG_QUOTE_SIZE], names[512] = "", path[PATH_SIZE];
	const char *nearest = tg_nearest(value->key, key_name, keys);

	tg_text_quote(value->key, quoted, sizeof(quoted));
	tg_yaml_path(value->parent, path, sizeof(path));
	if (nearest) {
		tg_diagnose(reader->diagnostics, TG_ERROR, reader->path, value->key_place,
			    "%s%sunknown key %s; did you mean \"%s\"?", path, *path ? ": " : "",
			    quoted, nearest);
		return -EINVAL;
	}
	for (; keys->name; keys++)
		add_name(names, sizeof(names), ", ", keys->name);
	tg_diagnose(reader->diagnostics, TG_ERROR, reader->path, value->key_place,
		    "%s%sunknown key %s; the keys here are %s", path, *path ? ": " : "", quoted,
		    names);
	return -EINVAL;
}

static const struct tg_key *find_key(const struct tg_key *keys, const char *name)
{
	for (; keys->name; keys++) {
		if (strcmp(keys->name, name) == 0)
			return keys;
	}
	return NULL;
}

static int refuse_keys(struct tg_reader *reader, const struct tg_yaml *map,
		       const struct tg_key *keys)
{
	const struct tg_yaml *child;
	int r = 0;

	for (child = map->children; child; child = child->next)
		if (!find_key(keys, child->key))
			r = unknown_key(reader, child, keys);
	return r;
}

int tg_read_map(struct tg_reader *reader, const struct tg_yaml *map, const struct tg_key *keys,
		void *out)
{
	const struct tg_yaml *child;
	char names[512] = "";
	int r;

	if (map->kind != TG_YAML_MAP) {
		for (; keys->name; keys++)
			add_name(names, sizeof(names), ", ", keys->name);
		return tg_reader_error(
			reader, map, "this must be a mapping (key: value); its keys are %s", names);
	}
	r = refuse_keys(reader, map, keys);
	for (; keys->name && r != -ENOMEM; keys++) {
		child = tg_yaml_get(map, keys->name);
		if (child)
			r = tg_graver(r, keys->read(reader, child, out));
		else if (keys->wanted)
			r = tg_reader_error(reader, map, "\"%s\" is missing; write %s", keys->name,
					    keys->wanted);
	}
	return r;
}

int tg_read_list(struct tg_reader *reader, const struct tg_yaml *list, bool may_be_empty,
		 tg_read_function *read, void *out)
{
	const struct tg_yaml *item;
	int r = 0;

	if (list->kind != TG_YAML_LIST)
		return tg_reader_error(
			reader, list,
			"this must be a list: [ ... ], or a line for each item, after a dash");
	if (!list->n && !may_be_empty)
		return tg_reader_error(reader, list, "this list is empty");
	for (item = list->children; item && r != -ENOMEM; item = item->next)
		r = tg_graver(r, read(reader, item, out));
	return r;
}

int tg_read_one_or_more(struct tg_reader *reader, const struct tg_yaml *value,
			tg_read_function *read, void *out)
{
	if (value->kind == TG_YAML_LIST)
		return tg_read_list(reader, value, false, read, out);
	return read(reader, value, out);
}

int tg_read_text(struct tg_reader *reader, const struct tg_yaml *value, const char **text)
{
	if (value->kind != TG_YAML_SCALAR)
		return tg_reader_error(reader, value, "this must be one value, not a %s",
				       value->kind == TG_YAML_LIST ? "list" : "mapping");
	if (value->empty || !*value->text)
		return tg_reader_error(reader, value,
				       "there is no value; write one, or leave the key out");
	*text = value->text;
	return 0;
}

int tg_read_number(struct tg_reader *reader, const struct tg_yaml *value, uint64_t first,
		   uint64_t last, uint64_t *number)
{
	char quoted[TG_QUOTE_SIZE];
	const char *text = NULL;
	uint64_t parsed;
	int r = tg_read_text(reader, value, &text);

	if (r)
		return r;
	r = tg_parse_number(text, &parsed);
	if (r || parsed < first || parsed > last)
		return tg_reader_error(
			reader, value, "%s is not a number from %" PRIu64 " to %" PRIu64 "%s%s",
			tg_text_quote(text, quoted, sizeof(quoted)), first, last,
			tg_number_is_padded(text) ? "; write it" : "", tg_number_hint(text));
	*number = parsed;
	return 0;
}

int tg_read_choice(struct tg_reader *reader, const struct tg_yaml *value, const char *const *words,
		   int *choice)
{
	char quoted[TG_QUOTE_SIZE], names[256] = "";
	const char *text = NULL;
	int i, r = tg_read_text(reader, value, &text);

	if (r)
		return r;
	tg_text_quote(text, quoted, sizeof(quoted));
	for (i = 0; words[i]; i++) {
		add_name(names, sizeof(names), " or ", words[i]);
		if (strcmp(words[i], text) != 0)
			continue;
		*choice = i;
		return 0;
	}
	return tg_reader_error(reader, value, "%s is not known here; write %s", quoted, names);
}

int tg_read_bool(struct tg_reader *reader, const struct tg_yaml *value, bool *out)
{
	static const char *const words[] = {"true", "false", NULL};
	int choice, r = tg_read_choice(reader, value, words, &choice);

	if (r == 0)
		*out = choice == 0;
	return r;
}

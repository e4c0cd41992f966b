/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads sets, allow, deny and the prefixes of a match. Each set is read once and keeps the names of
 * other sets as references; they are resolved only when a list is collected. So the work grows with
 * the text, even if sets name each other many times.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/reader.h"
#include "base/errmsg.h"
#include "base/text.h"

#define SET_DEPTH_MAX	16
#define FILE_SIZE_MAX	(16 << 20) /* bytes of one list file */
#define FILES_TOTAL_MAX (64 << 20) /* bytes of all list files */

struct tg_set_use {
	struct tg_set *set;
	const struct tg_yaml *value; /* where it is named */
};

struct tg_set {
	const struct tg_yaml *value;
	struct tg_prefix_list own;
	struct tg_set_use *uses;
	size_t uses_n;
	unsigned int depth; /* levels of sets named in it, itself included; 0: not measured yet */
	bool busy;	    /* being measured */
	const void *taken;  /* the list it was last collected into, so that it goes there once */
};

static int compare_sets(const void *a, const void *b)
{
	return strcmp(((const struct tg_set *)a)->value->key,
		      ((const struct tg_set *)b)->value->key);
}

static struct tg_set *find_set(struct tg_reader *reader, const char *name)
{
	struct tg_yaml value = {.key = (char *)name};
	struct tg_set wanted = {.value = &value};

	if (!reader->sets_n)
		return NULL;
	return bsearch(&wanted, reader->sets, reader->sets_n, sizeof(wanted), compare_sets);
}

static const char *set_name(const void *from, size_t i)
{
	const struct tg_reader *reader = from;

	/* Suggest only from the first 256: a million sets would take minutes. */
	return i < reader->sets_n && i < 256 ? reader->sets[i].value->key : NULL;
}

static int add_use(struct tg_set *set, struct tg_set *other, const struct tg_yaml *value)
{
	struct tg_set_use *grown;

	if ((set->uses_n & (set->uses_n - 1)) == 0) {
		grown = reallocarray(set->uses, set->uses_n ? set->uses_n * 2 : 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		set->uses = grown;
	}
	set->uses[set->uses_n++] = (struct tg_set_use){other, value};
	return 0;
}

static int add_prefix(struct tg_reader *reader, struct tg_set *set, const struct tg_yaml *value,
		      const struct tg_prefix *prefix)
{
	if (reader->prefixes == TG_CONFIG_PREFIXES_MAX) {
		reader->prefixes++;
		return tg_reader_error(reader, value,
				       "there are more than %d prefixes in the lists and sets",
				       TG_CONFIG_PREFIXES_MAX);
	}
	if (reader->prefixes > TG_CONFIG_PREFIXES_MAX)
		return -EINVAL;
	reader->prefixes++;
	return tg_prefix_list_add(&set->own, prefix);
}

static int read_line(struct tg_reader *reader, struct tg_set *set, const struct tg_yaml *value,
		     const char *path, char *line, size_t number)
{
	struct tg_prefix prefix;
	char why[256], *end;
	size_t indent;

	line[strcspn(line, "#")] = '\0';
	indent = strspn(line, " \t\r");
	line += indent;
	end = line + strlen(line);
	while (end > line && strchr(" \t\r", end[-1]))
		*--end = '\0';
	if (!*line)
		return 0;
	if (tg_prefix_parse(line, &prefix, why, sizeof(why)) < 0) {
		tg_diagnose(reader->diagnostics, TG_ERROR, path,
			    (struct tg_location){number, indent + 1}, "%s", why);
		return -EINVAL;
	}
	return add_prefix(reader, set, value, &prefix);
}

static int read_lines(struct tg_reader *reader, struct tg_set *set, const struct tg_yaml *value,
		      const char *path, char *text, size_t length)
{
	struct tg_location place;
	size_t number = 0;
	const char *why;
	char *line;
	int r = 0;

	if (tg_text_check(text, length, &place, &why) < 0) {
		tg_diagnose(reader->diagnostics, TG_ERROR, path, place, "%s", why);
		return -EINVAL;
	}
	if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	while (r != -ENOMEM && (line = strsep(&text, "\n")))
		r = tg_graver(r, read_line(reader, set, value, path, line, ++number));
	return r;
}

static int read_file(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	tg_autofree char *path = NULL, *text = NULL;
	char quoted[TG_QUOTE_SIZE], why[TG_ERRMSG_SIZE];
	size_t length;
	const char *name;
	int r = tg_read_text(reader, value, &name);

	if (r)
		return r;
	path = tg_reader_path(reader, name);
	if (!path)
		return -ENOMEM;
	r = tg_text_read(path, FILE_SIZE_MAX, &text, &length, why);
	if (r == -ENOMEM)
		return r;
	if (r == -EPERM)
		return tg_reader_refuse(reader, value, why);
	tg_text_quote(path, quoted, sizeof(quoted));
	if (r == -EFBIG)
		return tg_reader_error(reader, value, "%s is larger than 16 MiB", quoted);
	if (r == -ENXIO)
		return tg_reader_error(reader, value, "%s is not a regular file", quoted);
	if (r)
		return tg_reader_error(reader, value, "%s cannot be read: %s", quoted,
				       strerror(-r));
	/* Bound the sum: the same file may be named a million times. */
	reader->file_bytes += length + 1;
	if (reader->file_bytes > FILES_TOTAL_MAX)
		return tg_reader_error(reader, value,
				       "the list files together are larger than 64 MiB");
	return read_lines(reader, out, value, path, text, length);
}

static int read_prefix_or_set(struct tg_reader *reader, const struct tg_yaml *value,
			      struct tg_set *set)
{
	char quoted[TG_QUOTE_SIZE], why[256];
	const char *text, *nearest;
	struct tg_prefix prefix;
	struct tg_set *other;
	int r = tg_read_text(reader, value, &text);

	if (r)
		return r;
	other = find_set(reader, text);
	if (other)
		return add_use(set, other, value);
	if (tg_prefix_parse(text, &prefix, why, sizeof(why)) == 0)
		return add_prefix(reader, set, value, &prefix);
	/* A colon or a slash, or no letter at all, means that a prefix was meant. */
	if (strpbrk(text, ":/") ||
	    !strpbrk(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
		return tg_reader_error(reader, value, "%s", why);
	tg_text_quote(text, quoted, sizeof(quoted));
	nearest = tg_nearest(text, set_name, reader);
	if (nearest)
		return tg_reader_error(reader, value,
				       "%s is neither a set nor a prefix; did you mean the set "
				       "\"%s\"?",
				       quoted, nearest);
	return tg_reader_error(reader, value,
			       "%s is neither a set nor a prefix; define it under sets, or write "
			       "a prefix as 192.0.2.0/24 or 2001:db8::/32",
			       quoted);
}

static int read_item(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	static const struct tg_key keys[] = {
		{"file", read_file, "file: PATH"},
		{NULL, NULL, NULL},
	};

	if (value->kind == TG_YAML_MAP)
		return tg_read_map(reader, value, keys, out);
	return read_prefix_or_set(reader, value, out);
}

static int read_set(struct tg_reader *reader, struct tg_set *set)
{
	char why[256], quoted[TG_QUOTE_SIZE];
	const struct tg_yaml *value = set->value;
	struct tg_prefix prefix;
	size_t n = strlen(value->key);
	int r = 0;

	if (n == 0 || n >= TG_CONFIG_NAME_SIZE ||
	    strspn(value->key, TG_CONFIG_NAME_CHARACTERS) != n)
		r = tg_reader_key_error(reader, value,
					"%s cannot be the name of a set; use 1 to 63 of the "
					"characters A-Z a-z 0-9 _ . -",
					tg_text_quote(value->key, quoted, sizeof(quoted)));
	else if (tg_prefix_parse(value->key, &prefix, why, sizeof(why)) == 0)
		r = tg_reader_key_error(reader, value,
					"%s cannot be the name of a set, because it is a prefix",
					tg_text_quote(value->key, quoted, sizeof(quoted)));
	/* {file: PATH} in place of the list. */
	if (value->kind == TG_YAML_MAP)
		return tg_graver(r, read_item(reader, value, set));
	return tg_graver(r, tg_read_list(reader, value, true, read_item, set));
}

/*
 * Measures how deep sets are nested. Reports sets that contain themselves or are nested too deep,
 * so that the recursion of collect() ends.
 */
static int measure(struct tg_reader *reader, struct tg_set *set, unsigned int level)
{
	size_t i;
	int r = 0;

	set->busy = true;
	for (i = 0; i < set->uses_n && r == 0; i++) {
		struct tg_set *other = set->uses[i].set;

		if (other->busy)
			r = tg_reader_error(reader, set->uses[i].value,
					    "the set \"%s\" would contain itself",
					    other->value->key);
		else if (level > SET_DEPTH_MAX || other->depth >= SET_DEPTH_MAX)
			r = tg_reader_error(reader, set->uses[i].value,
					    "sets are named in each other more than %d deep",
					    SET_DEPTH_MAX);
		else if (!other->depth)
			r = measure(reader, other, level + 1);
		if (other->depth >= set->depth)
			set->depth = other->depth + 1;
	}
	set->busy = false;
	if (r || !set->depth)
		set->depth = 1; /* measured, so that an error is reported once */
	return r;
}

static int check_sets(struct tg_reader *reader)
{
	size_t i;
	int r = 0;

	for (i = 0; i < reader->sets_n; i++) {
		if (!reader->sets[i].depth)
			r = tg_graver(r, measure(reader, &reader->sets[i], 1));
	}
	return r;
}

int tg_read_sets(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	const struct tg_yaml *child;
	size_t i;
	int r = 0;

	if (value->kind != TG_YAML_MAP)
		return tg_reader_error(
			reader, value,
			"this must be a mapping of names to lists, such as office: [192.0.2.0/24]");
	if (!value->n)
		return 0;
	reader->sets = calloc(value->n, sizeof(*reader->sets));
	if (!reader->sets)
		return -ENOMEM;
	for (child = value->children; child; child = child->next)
		reader->sets[reader->sets_n++].value = child;
	qsort(reader->sets, reader->sets_n, sizeof(*reader->sets), compare_sets);
	for (i = 0; i < reader->sets_n && r != -ENOMEM; i++)
		r = tg_graver(r, read_set(reader, &reader->sets[i]));
	return r == -ENOMEM ? r : tg_graver(r, check_sets(reader));
}

/*
 * Adds the prefixes of a set, and of those named in it, to @list. The first ones are not copied but
 * shared, so that a long list is in memory once, whoever names it. They are sorted before that.
 */
static int collect(struct tg_set *set, struct tg_prefix_list *list)
{
	size_t i;
	int r = 0;

	if (set->taken == list)
		return 0;
	set->taken = list;
	if (!list->n) {
		tg_prefix_list_clear(list);
		tg_prefix_list_sort_unique(&set->own);
		tg_prefix_list_share(list, &set->own);
	} else {
		for (i = 0; i < set->own.n && r == 0; i++)
			r = tg_prefix_list_add(list, &set->own.items[i]);
	}
	for (i = 0; i < set->uses_n && r == 0; i++)
		r = collect(set->uses[i].set, list);
	return r;
}

static void clear_set(struct tg_set *set)
{
	tg_prefix_list_clear(&set->own);
	free(set->uses);
	set->uses = NULL;
}

static int read_top(struct tg_reader *reader, const struct tg_yaml *value,
		    struct tg_prefix_list *list)
{
	tg_cleanup(clear_set) struct tg_set set = {.value = value};
	int r = tg_read_list(reader, value, true, read_item, &set);

	/* After an error a set may contain itself, so do not collect. */
	if (r || reader->diagnostics->errors > reader->errors_before)
		return r;
	r = collect(&set, list);
	tg_prefix_list_sort_unique(list);
	return r;
}

/* Bounds the memory of the compiled tries, which hold each prefix several times. */
#define COLLECTED_MAX (4 * TG_CONFIG_PREFIXES_MAX)

int tg_read_prefixes(struct tg_reader *reader, const struct tg_yaml *value,
		     struct tg_prefix_list *list)
{
	tg_cleanup(clear_set) struct tg_set set = {.value = value};
	size_t before = list->n;
	int r = read_item(reader, value, &set);

	if (r || reader->diagnostics->errors > reader->errors_before)
		return r;
	r = collect(&set, list);
	reader->collected += list->n - before;
	if (r == 0 && reader->collected > COLLECTED_MAX)
		r = tg_reader_error(reader, value, "the limits together name more than %d prefixes",
				    COLLECTED_MAX);
	return r;
}

int tg_read_allow(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return read_top(reader, value, &reader->config->allow);
}

/* Warns of prefixes on both lists, for which allow wins. (Else the longest prefix decides.) */
static void warn_of_both(struct tg_reader *reader, const struct tg_yaml *deny)
{
	const struct tg_prefix_list *a = &reader->config->allow, *d = &reader->config->deny;
	char text[TG_PREFIX_TEXT_SIZE];
	size_t i = 0, j = 0;
	int order;

	while (i < a->n && j < d->n) {
		order = memcmp(&a->items[i], &d->items[j], sizeof(*a->items));
		if (order == 0)
			tg_reader_warn(reader, deny, "%s is in allow as well, which wins",
				       tg_prefix_format(&d->items[j], text, sizeof(text)));
		i += order <= 0;
		j += order >= 0;
	}
}

int tg_read_deny(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	int r = read_top(reader, value, &reader->config->deny);

	if (!r)
		warn_of_both(reader, value);
	return r;
}

void tg_reader_free_sets(struct tg_reader *reader)
{
	size_t i;

	for (i = 0; i < reader->sets_n; i++)
		clear_set(&reader->sets[i]);
	free(reader->sets);
	reader->sets = NULL;
	reader->sets_n = 0;
}

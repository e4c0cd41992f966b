/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config_save.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "message.h"
#include "text.h"
#include "yaml_tree.h"

#define PARTS_MAX 2 /* of a setting that is a mapping: new_sources has rate and burst */

/* A piece of the text to be replaced by a value, or a place for one to be added; in bytes. */
struct edit {
	size_t begin, end;
	const char *value;
	size_t length;
	const char *key;       /* of one that is added, else NULL */
	const char *separator; /* then: what stands before it, and how far in it begins */
	int indent;
};

static const struct tg_yaml *find_limit(const struct tg_yaml *root, const char *name)
{
	const struct tg_yaml *limits = root ? tg_yaml_get(root, "limits") : NULL, *limit, *value;

	for (limit = limits ? limits->children : NULL; limit; limit = limit->next) {
		value = limit->kind == TG_YAML_MAP ? tg_yaml_get(limit, "name") : NULL;
		if (value && value->kind == TG_YAML_SCALAR && strcmp(value->text, name) == 0)
			return limit;
	}
	return NULL;
}

static enum tg_yaml_kind kind_of(const char *key)
{
	return strcmp(key, "new_sources") == 0 ? TG_YAML_MAP : TG_YAML_SCALAR;
}

static const struct tg_yaml *find_setting(const struct tg_yaml *limit, const char *key)
{
	const struct tg_yaml *value = tg_yaml_get(limit, key);

	if (!value && strcmp(key, "capacity") == 0)
		value = tg_yaml_get(limit, "burst");
	if (!value && strcmp(key, "burst") == 0)
		value = tg_yaml_get(limit, "capacity");
	return value && value->kind == kind_of(key) ? value : NULL;
}

/* The text is known to be UTF-8. */
static size_t byte_of(const char *text, size_t character)
{
	const char *at = text;

	if (strncmp(at, "\xef\xbb\xbf", 3) == 0)
		at += 3;
	while (character-- && *at)
		at += tg_utf8_length(at, strlen(at) < 4 ? strlen(at) : 4);
	return at - text;
}

static int by_place(const void *a, const void *b)
{
	const struct edit *x = a, *y = b;

	return (x->begin > y->begin) - (x->begin < y->begin);
}

static char *apply(const char *text, struct edit *edits, size_t n)
{
	char *out = NULL;
	size_t size, at = 0, i;
	FILE *stream = open_memstream(&out, &size);

	if (!stream)
		return NULL;
	qsort(edits, n, sizeof(*edits), by_place);
	for (i = 0; i < n; i++) {
		fwrite(text + at, 1, edits[i].begin - at, stream);
		if (edits[i].key)
			fprintf(stream, "%s%*s%s: ", edits[i].separator, edits[i].indent, "",
				edits[i].key);
		fwrite(edits[i].value, 1, edits[i].length, stream);
		at = edits[i].end;
	}
	fputs(text + at, stream);
	fclose(stream);
	return out;
}

static bool same_refill(const struct tg_refill *a, const struct tg_refill *b)
{
	return a->capacity == b->capacity && a->amount == b->amount && a->interval == b->interval &&
	       a->continuous == b->continuous;
}

/* Two limits say the same about what @key is about. */
static bool same_setting(const struct tg_config_limit *a, const struct tg_config_limit *b,
			 const char *key)
{
	if (strcmp(key, "shadow") == 0)
		return a->shadow == b->shadow;
	if (strcmp(key, "max_delay") == 0)
		return a->max_delay == b->max_delay;
	if (strcmp(key, "mark_above") == 0)
		return a->mark_above == b->mark_above;
	if (strcmp(key, "new_sources") == 0)
		return same_refill(&a->new_sources, &b->new_sources);
	return same_refill(&a->refill, &b->refill);
}

static int refuse_change(const char *path, char *message)
{
	return tg_refuse(message, EINVAL,
			 "%s with only these values changed would not say what is in force; change "
			 "the file by hand",
			 path);
}

/* The new text says what is in force; nothing less is written to anybody's file. */
static int verify(const char *path, const char *text, const struct tg_setting *settings, size_t n,
		  const struct tg_config *wanted, char *message)
{
	tg_cleanup(tg_diagnostics_clear) struct tg_diagnostics diagnostics = {0};
	tg_cleanup(tg_config_free) struct tg_config *config = NULL;
	const struct tg_config_limit *limit, *other;
	size_t i;

	tg_config_parse(path, text, strlen(text), &config, &diagnostics);
	for (i = 0; config && i < n; i++) {
		limit = tg_config_find_limit(config, settings[i].limit);
		other = tg_config_find_limit((struct tg_config *)wanted, settings[i].limit);
		if (!limit || !other || !same_setting(limit, other, settings[i].key))
			break;
	}
	return config && i == n ? 0 : refuse_change(path, message);
}

static bool may_be_added(const char *key)
{
	return strcmp(key, "shadow") == 0 || strcmp(key, "max_delay") == 0 ||
	       strcmp(key, "mark_above") == 0 || strcmp(key, "new_sources") == 0;
}

/* Behind the name: in a mapping of flow style at once, in one of block style on a line of its own.
 */
static struct edit add_behind(const char *text, const struct tg_yaml *name,
			      const struct tg_setting *setting)
{
	size_t end = byte_of(text, name->end);
	struct edit edit = {.begin = end,
			    .value = setting->value,
			    .length = strlen(setting->value),
			    .key = setting->key,
			    .separator = ", "};
	char next = text[end + strspn(text + end, " \t\r\n")];

	if (next != ',' && next != '}') {
		edit.begin += strcspn(text + end, "\r\n");
		edit.separator = text[edit.begin] == '\r' ? "\r\n" : "\n";
		edit.indent = (int)name->key_place.column - 1;
	}
	edit.end = edit.begin;
	return edit;
}

/* Of a mapping each value by itself, so that comments between them stay, too. */
static int edit_parts(const char *path, const char *text, const struct tg_yaml *map,
		      const struct tg_setting *setting, struct edit *edits, size_t *n,
		      char *message)
{
	tg_cleanup(tg_diagnostics_clear) struct tg_diagnostics diagnostics = {0};
	tg_cleanup(tg_yaml_free) struct tg_yaml *root = NULL;
	const struct tg_yaml *from, *to;

	if (tg_yaml_parse(path, setting->value, strlen(setting->value), &root, &diagnostics) ||
	    !root || root->kind != TG_YAML_MAP || root->n > PARTS_MAX)
		return refuse_change(path, message);
	for (to = root->children; to; to = to->next) {
		from = tg_yaml_get(map, to->key);
		if (!from || from->kind != TG_YAML_SCALAR || to->kind != TG_YAML_SCALAR)
			return refuse_change(path, message);
		edits[*n] =
			(struct edit){.begin = byte_of(text, from->begin),
				      .end = byte_of(text, from->end),
				      .value = setting->value + byte_of(setting->value, to->begin)};
		edits[*n].length =
			setting->value + byte_of(setting->value, to->end) - edits[*n].value;
		(*n)++;
	}
	return 0;
}

static int make_edit(const char *path, const char *text, const struct tg_yaml *root,
		     const struct tg_setting *setting, struct edit *edits, size_t *n, char *message)
{
	const struct tg_yaml *limit = find_limit(root, setting->limit), *value;

	if (!limit)
		return tg_refuse(message, EINVAL, "%s has no limit named %s", path, setting->limit);
	value = find_setting(limit, setting->key);
	if (value && value->kind == TG_YAML_MAP)
		return edit_parts(path, text, value, setting, edits, n, message);
	if (value) {
		edits[(*n)++] = (struct edit){.begin = byte_of(text, value->begin),
					      .end = byte_of(text, value->end),
					      .value = setting->value,
					      .length = strlen(setting->value)};
		return 0;
	}
	if (!may_be_added(setting->key) || tg_yaml_get(limit, setting->key))
		return tg_refuse(message, EINVAL,
				 "the limit %s has no %s in %s, where its refill has the "
				 "other form; change the file by hand",
				 setting->limit, setting->key, path);
	edits[(*n)++] = add_behind(text, tg_yaml_get(limit, "name"), setting);
	return 0;
}

static int make_edits(const char *path, const char *text, const struct tg_setting *settings,
		      size_t n, struct edit *edits, size_t *edits_n, char *message)
{
	tg_cleanup(tg_diagnostics_clear) struct tg_diagnostics diagnostics = {0};
	tg_cleanup(tg_yaml_free) struct tg_yaml *root = NULL;
	int error = 0;
	size_t i;

	if (tg_yaml_parse(path, text, strlen(text), &root, &diagnostics) || diagnostics.errors)
		return tg_refuse(message, EINVAL, "%s is not valid YAML any more", path);
	for (i = 0; i < n && !error; i++)
		error = make_edit(path, text, root, &settings[i], edits, edits_n, message);
	return error;
}

int tg_config_edit(const char *path, const char *text, const struct tg_setting *settings, size_t n,
		   const struct tg_config *wanted, char **out, char *message)
{
	tg_autofree struct edit *edits = calloc(n * PARTS_MAX, sizeof(*edits));
	tg_autofree char *edited = NULL;
	size_t edits_n = 0;
	int error;

	if (!edits)
		return tg_refuse(message, ENOMEM, "out of memory");
	error = make_edits(path, text, settings, n, edits, &edits_n, message);
	if (error)
		return error;
	edited = apply(text, edits, edits_n);
	if (!edited)
		return tg_refuse(message, ENOMEM, "out of memory");
	error = verify(path, edited, settings, n, wanted, message);
	if (error)
		return error;
	*out = TAKE_PTR(edited);
	return 0;
}

static int write_all(int fd, const char *text, size_t length)
{
	ssize_t written;

	while (length) {
		written = write(fd, text, length);
		if (written < 0)
			return -errno;
		text += written;
		length -= written;
	}
	return fsync(fd) ? -errno : 0;
}

/* Beside the file, so that a rename puts it in its place; of the same owner and mode. */
static int replace(const char *path, const char *text)
{
	char temporary[PATH_MAX];
	tg_autoclose int fd = -1;
	struct stat status;
	int error;

	if (stat(path, &status))
		return -errno;
	if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	error = write_all(fd, text, strlen(text));
	if (!error &&
	    (fchown(fd, status.st_uid, status.st_gid) || fchmod(fd, status.st_mode & 07777)))
		error = -errno;
	if (!error && rename(temporary, path))
		error = -errno;
	if (error)
		unlink(temporary);
	return error;
}

int tg_config_save(const char *path, const struct tg_setting *settings, size_t n,
		   const struct tg_config *wanted, char *message)
{
	/* Of a symbolic link, what it leads to is changed. */
	tg_autofree char *target = realpath(path, NULL), *text = NULL, *edited = NULL;
	size_t length;
	int error;

	if (!target)
		return tg_refuse(message, errno, "%s: %s", path, strerror(errno));
	error = tg_text_read(target, TG_YAML_SIZE_MAX, &text, &length);
	if (error)
		return tg_refuse(message, error, "%s cannot be read: %s", target, strerror(-error));
	error = tg_config_edit(target, text, settings, n, wanted, &edited, message);
	if (error)
		return error;
	error = replace(target, edited);
	if (error)
		return tg_refuse(message, error, "%s cannot be written: %s", target,
				 strerror(-error));
	return 0;
}

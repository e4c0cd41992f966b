// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds the places of values in a configuration's text, edits them, and checks what comes out. */
#include "control/save.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "explain/diff.h"
#include "config/load.h"
#include "base/errmsg.h"
#include "base/sync_dir.h"
#include "base/text.h"
#include "config/yaml.h"

#define PARTS_MAX 2 /* of a setting that is a mapping: new_sources has rate and burst */

/* Bytes of the text to replace by a value; none (@begin is @end) where a key is added. */
struct edit {
	size_t begin, end;
	const char *value;
	size_t length;
	const char *key;       /* to add; else NULL */
	const char *separator; /* before an added key */
	int indent;	       /* blanks before an added key */
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

/* The value of the key, where capacity and burst stand for each other; NULL if it has none. */
static const struct tg_yaml *find_setting(const struct tg_yaml *limit, const char *key)
{
	const struct tg_yaml *value = tg_yaml_get(limit, key);

	if (!value && strcmp(key, "capacity") == 0)
		value = tg_yaml_get(limit, "burst");
	if (!value && strcmp(key, "burst") == 0)
		value = tg_yaml_get(limit, "capacity");
	return value && value->kind == kind_of(key) ? value : NULL;
}

static int by_place(const void *a, const void *b)
{
	const struct edit *x = a, *y = b;

	return (x->begin > y->begin) - (x->begin < y->begin);
}

/* Returns the edited text, which the caller frees; NULL when out of memory. */
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

/* Copies from @from to @limit what @key sets. */
static void adopt(struct tg_config_limit *limit, const struct tg_config_limit *from,
		  const char *key)
{
	if (strcmp(key, "shadow") == 0)
		limit->shadow = from->shadow;
	else if (strcmp(key, "max_delay") == 0)
		limit->max_delay = from->max_delay;
	else if (strcmp(key, "mark_above") == 0)
		limit->mark_above = from->mark_above;
	else if (strcmp(key, "new_sources") == 0)
		limit->new_sources = from->new_sources;
	else
		limit->refill = from->refill;
}

static int refuse_change(const char *path, char *errmsg)
{
	return tg_error_set(
		errmsg, EINVAL,
		"%s with only these values changed would not say what is in force; change "
		"the file by hand",
		path);
}

static uint64_t no_buckets(const void *data, const char *limit)
{
	return 0;
}

static bool same_config(const struct tg_config *a, const struct tg_config *b)
{
	json_t *changes = tg_config_diff(a, b, no_buckets, NULL);
	bool same = changes && !json_array_size(changes);

	json_decref(changes);
	return same;
}

/*
 * Checks that @new means what is in force for these settings, and what @old means for all else,
 * because nothing less may be written to a user's file. Returns 0 or -EINVAL with @errmsg.
 */
static int verify(const char *path, const char *old, const char *new,
		  const struct tg_setting *settings, size_t n, const struct tg_config *wanted,
		  char *errmsg)
{
	tg_cleanup(tg_diagnostics_clear) struct tg_diagnostics diagnostics = {0};
	tg_cleanup(tg_config_free) struct tg_config *before = NULL, *after = NULL;
	struct tg_config_limit *limit;
	const struct tg_config_limit *from;
	size_t i;

	if (tg_config_parse(path, old, strlen(old), &before, &diagnostics) ||
	    tg_config_parse(path, new, strlen(new), &after, &diagnostics))
		return refuse_change(path, errmsg);
	for (i = 0; i < n; i++) {
		limit = tg_config_edit_limit(before, settings[i].limit);
		from = tg_config_find_limit(wanted, settings[i].limit);
		if (!limit || !from)
			return refuse_change(path, errmsg);
		adopt(limit, from, settings[i].key);
	}
	return same_config(before, after) ? 0 : refuse_change(path, errmsg);
}

static bool may_be_added(const char *key)
{
	return strcmp(key, "shadow") == 0 || strcmp(key, "max_delay") == 0 ||
	       strcmp(key, "mark_above") == 0;
}

/* Takes only the part of @text that is @value, because comments may stand around a mapping. */
static void take_value(struct edit *edit, const char *text, const struct tg_yaml *value)
{
	size_t begin = tg_text_offset(text, value->begin);

	edit->value = text + begin;
	edit->length = tg_text_offset(text, value->end) - begin;
}

/* Adds behind the name: in a mapping of flow style on the same line, in one of block style on a new
 * line. */
static struct edit add_behind(const char *text, const struct tg_yaml *name, const char *key)
{
	size_t end = tg_text_offset(text, name->end);
	struct edit edit = {.begin = end, .key = key, .separator = ", "};
	char next = text[end + strspn(text + end, " \t\r\n")];

	if (next != ',' && next != '}') {
		edit.begin += strcspn(text + end, "\r\n");
		edit.separator = text[edit.begin] == '\r' ? "\r\n" : "\n";
		edit.indent = (int)name->key_place.column - 1;
	}
	edit.end = edit.begin;
	return edit;
}

/* Edits each value of a mapping by itself, so that comments between them stay. */
static int edit_parts(const char *path, const char *text, const struct tg_yaml *map,
		      const char *value, const struct tg_yaml *parts, struct edit *edits, size_t *n,
		      char *errmsg)
{
	const struct tg_yaml *from, *to;

	for (to = parts->children; to; to = to->next) {
		from = tg_yaml_get(map, to->key);
		if (!from || from->kind != TG_YAML_SCALAR || to->kind != TG_YAML_SCALAR)
			return refuse_change(path, errmsg);
		edits[*n] = (struct edit){.begin = tg_text_offset(text, from->begin),
					  .end = tg_text_offset(text, from->end)};
		take_value(&edits[(*n)++], value, to);
	}
	return 0;
}

/* Edits a setting that is a mapping. Skips blanks before it, because a tab there would be an error
 * of indentation. */
static int edit_map(const char *path, const char *text, const struct tg_yaml *limit,
		    const struct tg_setting *setting, struct edit *edits, size_t *n, char *errmsg)
{
	const char *value = setting->value + strspn(setting->value, " \t");
	tg_cleanup(tg_diagnostics_clear) struct tg_diagnostics diagnostics = {0};
	tg_cleanup(tg_yaml_free) struct tg_yaml *root = NULL;
	const struct tg_yaml *map = find_setting(limit, setting->key);

	if (tg_yaml_parse(path, value, strlen(value), &root, &diagnostics) || !root ||
	    root->kind != TG_YAML_MAP || root->n > PARTS_MAX ||
	    (!map && tg_yaml_get(limit, setting->key)))
		return refuse_change(path, errmsg);
	if (map)
		return edit_parts(path, text, map, value, root, edits, n, errmsg);
	edits[*n] = add_behind(text, tg_yaml_get(limit, "name"), setting->key);
	take_value(&edits[(*n)++], value, root);
	return 0;
}

/* Returns 0 or -EINVAL with @errmsg. */
static int make_edit(const char *path, const char *text, const struct tg_yaml *root,
		     const struct tg_setting *setting, struct edit *edits, size_t *n, char *errmsg)
{
	const struct tg_yaml *limit = find_limit(root, setting->limit), *value;
	struct edit *edit = &edits[*n];

	if (!limit)
		return tg_error_set(errmsg, EINVAL, "%s has no limit named %s", path,
				    setting->limit);
	if (kind_of(setting->key) == TG_YAML_MAP)
		return edit_map(path, text, limit, setting, edits, n, errmsg);
	value = find_setting(limit, setting->key);
	if (!value && (!may_be_added(setting->key) || tg_yaml_get(limit, setting->key)))
		return tg_error_set(errmsg, EINVAL,
				    "the limit %s has no %s in %s, where its refill has the "
				    "other form; change the file by hand",
				    setting->limit, setting->key, path);
	if (value)
		*edit = (struct edit){.begin = tg_text_offset(text, value->begin),
				      .end = tg_text_offset(text, value->end)};
	else
		*edit = add_behind(text, tg_yaml_get(limit, "name"), setting->key);
	edit->value = setting->value;
	edit->length = strlen(setting->value);
	(*n)++;
	return 0;
}

static int make_edits(const char *path, const char *text, const struct tg_setting *settings,
		      size_t n, struct edit *edits, size_t *edits_n, char *errmsg)
{
	tg_cleanup(tg_diagnostics_clear) struct tg_diagnostics diagnostics = {0};
	tg_cleanup(tg_yaml_free) struct tg_yaml *root = NULL;
	int error = 0;
	size_t i;

	if (tg_yaml_parse(path, text, strlen(text), &root, &diagnostics) || diagnostics.errors)
		return tg_error_set(errmsg, EINVAL, "%s is not valid YAML any more", path);
	for (i = 0; i < n && !error; i++)
		error = make_edit(path, text, root, &settings[i], edits, edits_n, errmsg);
	return error;
}

int tg_config_edit(const char *path, const char *text, const struct tg_setting *settings, size_t n,
		   const struct tg_config *wanted, char **out, char *errmsg)
{
	tg_autofree struct edit *edits = calloc(n * PARTS_MAX, sizeof(*edits));
	tg_autofree char *edited = NULL;
	size_t edits_n = 0;
	int error;

	if (!edits)
		return tg_error_set(errmsg, ENOMEM, "out of memory");
	error = make_edits(path, text, settings, n, edits, &edits_n, errmsg);
	if (error)
		return error;
	edited = apply(text, edits, edits_n);
	if (!edited)
		return tg_error_set(errmsg, ENOMEM, "out of memory");
	error = verify(path, text, edited, settings, n, wanted, errmsg);
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
	return 0;
}

/* Copies ACLs, the label of SELinux and the like, as far as the process may. */
static void copy_attributes(const char *path, int fd)
{
	char names[4096], value[4096], *name;
	ssize_t size, length = listxattr(path, names, sizeof(names));

	for (name = names; length > 0 && name < names + length; name += strlen(name) + 1) {
		size = getxattr(path, name, value, sizeof(value));
		if (size >= 0)
			fsetxattr(fd, name, value, (size_t)size, 0);
	}
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/*
 * Writes a file beside @path, an absolute one, with its owner, mode and attributes, and renames it
 * over @path. Returns -ESTALE if that is not any more what it was when @read was taken.
 */
static int replace(const char *path, const char *text, const struct stat *read)
{
	char temporary[PATH_MAX];
	tg_autoclose int fd = -1;
	struct stat status;
	int error;

	if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	error = write_all(fd, text, strlen(text));
	if (!error && (fchown(fd, read->st_uid, read->st_gid) || fchmod(fd, read->st_mode & 07777)))
		error = -errno;
	if (!error) {
		copy_attributes(path, fd);
		error = fsync(fd) || stat(path, &status) ? -errno : 0;
	}
	if (!error && !same_file(read, &status))
		error = -ESTALE;
	if (!error && rename(temporary, path))
		error = -errno;
	if (error)
		unlink(temporary);
	return error ? error : tg_sync_dir_of(path);
}

int tg_config_save(const char *path, const struct tg_setting *settings, size_t n,
		   const struct tg_config *wanted, char *errmsg)
{
	/* Changes the target of a symbolic link, so that the link stays one. */
	tg_autofree char *target = realpath(path, NULL), *text = NULL, *edited = NULL;
	char why[TG_ERRMSG_SIZE];
	struct stat status;
	size_t length;
	int error;

	if (!target || stat(target, &status))
		return tg_error_set(errmsg, errno, "%s: %s", path, strerror(errno));
	error = tg_text_read(target, TG_YAML_SIZE_MAX, &text, &length, why);
	if (error)
		return tg_error_set(errmsg, error, "cannot be read: %s", why);
	error = tg_config_edit(target, text, settings, n, wanted, &edited, errmsg);
	if (error)
		return error;
	error = replace(target, edited, &status);
	if (error == -ESTALE)
		return tg_error_set(errmsg, EBUSY,
				    "%s was changed meanwhile by somebody else, and is left as it "
				    "is; try again",
				    target);
	if (error)
		return tg_error_set(errmsg, error, "%s cannot be written: %s", target,
				    strerror(-error));
	return 0;
}

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

/* A piece of the text to be replaced; places in bytes. */
struct edit {
	size_t begin, end;
	const char *value;
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

static const struct tg_yaml *find_setting(const struct tg_yaml *limit, const char *key)
{
	const struct tg_yaml *value = tg_yaml_get(limit, key);

	if (!value && strcmp(key, "capacity") == 0)
		value = tg_yaml_get(limit, "burst");
	if (!value && strcmp(key, "burst") == 0)
		value = tg_yaml_get(limit, "capacity");
	return value && value->kind == TG_YAML_SCALAR ? value : NULL;
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
		fputs(edits[i].value, stream);
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

/* The new text says what is in force; nothing less is written to anybody's file. */
static int verify(const char *path, const char *text, const char *name,
		  const struct tg_refill *wanted, char *message)
{
	tg_cleanup(tg_diagnostics_clear) struct tg_diagnostics diagnostics = {0};
	tg_cleanup(tg_config_free) struct tg_config *config = NULL;
	const struct tg_config_limit *limit = NULL;

	if (tg_config_parse(path, text, strlen(text), &config, &diagnostics) == 0)
		limit = tg_config_find_limit(config, name);
	if (limit && same_refill(&limit->refill, wanted))
		return 0;
	return tg_refuse(message, EINVAL,
			 "%s with only these values changed would not say what is in force; change "
			 "the file by hand",
			 path);
}

static int make_edits(const char *path, const char *text, const char *name,
		      const struct tg_setting *settings, size_t n, struct edit *edits,
		      char *message)
{
	tg_cleanup(tg_diagnostics_clear) struct tg_diagnostics diagnostics = {0};
	tg_cleanup(tg_yaml_free) struct tg_yaml *root = NULL;
	const struct tg_yaml *limit, *value;
	size_t i;

	if (tg_yaml_parse(path, text, strlen(text), &root, &diagnostics) || diagnostics.errors)
		return tg_refuse(message, EINVAL, "%s is not valid YAML any more", path);
	limit = find_limit(root, name);
	if (!limit)
		return tg_refuse(message, EINVAL, "%s has no limit named %s", path, name);
	for (i = 0; i < n; i++) {
		value = find_setting(limit, settings[i].key);
		if (!value)
			return tg_refuse(message, EINVAL,
					 "the limit %s has no %s in %s, where its refill has the "
					 "other form; change the file by hand",
					 name, settings[i].key, path);
		edits[i] = (struct edit){byte_of(text, value->begin), byte_of(text, value->end),
					 settings[i].value};
	}
	return 0;
}

int tg_config_edit(const char *path, const char *text, const char *name,
		   const struct tg_setting *settings, size_t n, const struct tg_refill *wanted,
		   char **out, char *message)
{
	tg_autofree struct edit *edits = calloc(n, sizeof(*edits));
	tg_autofree char *edited = NULL;
	int error;

	if (!edits)
		return tg_refuse(message, ENOMEM, "out of memory");
	error = make_edits(path, text, name, settings, n, edits, message);
	if (error)
		return error;
	edited = apply(text, edits, n);
	if (!edited)
		return tg_refuse(message, ENOMEM, "out of memory");
	error = verify(path, edited, name, wanted, message);
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

int tg_config_save(const char *path, const char *name, const struct tg_setting *settings, size_t n,
		   const struct tg_refill *wanted, char *message)
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
	error = tg_config_edit(target, text, name, settings, n, wanted, &edited, message);
	if (error)
		return error;
	error = replace(target, edited);
	if (error)
		return tg_refuse(message, error, "%s cannot be written: %s", target,
				 strerror(-error));
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads a whole configuration: the file, its YAML, its top-level keys. */
#include "config/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/reader.h"
#include "base/errmsg.h"
#include "base/text.h"

#define tg_autoconfig tg_cleanup(tg_config_free)

static int read_on_stop(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	static const char *const words[] = {
		[TG_ON_STOP_DETACH] = "detach", [TG_ON_STOP_KEEP] = "keep", NULL};
	int choice, r = tg_read_choice(reader, value, words, &choice);

	if (r == 0)
		((struct tg_config *)out)->on_stop = choice;
	return r;
}

static const struct tg_key root_keys[] = {
	{"interfaces", tg_read_interfaces, "what to protect, such as interfaces: [{name: eth0}]"},
	{"sets", tg_read_sets, NULL},
	{"allow", tg_read_allow, NULL},
	{"deny", tg_read_deny, NULL},
	{"table", tg_read_table, NULL},
	{"on_stop", read_on_stop, NULL},
	{"cluster", tg_read_cluster, NULL}, /* before limits: `shared` needs it */
	{"limits", tg_read_limits, NULL},
	{NULL, NULL, NULL},
};

static int read_root(struct tg_reader *reader, const struct tg_yaml *root)
{
	const struct tg_config *config = reader->config;
	int r;

	if (!root || root->empty) {
		tg_diagnose(reader->diagnostics, TG_ERROR, reader->path, (struct tg_location){1, 1},
			    "the file says nothing; \"interfaces\" is missing; write what to "
			    "protect, such as interfaces: [{name: eth0}]");
		return -EINVAL;
	}
	r = tg_read_map(reader, root, root_keys, reader->config);
	/* Not after errors: the limits may be missing because of them. */
	if (reader->diagnostics->errors == reader->errors_before && !config->limits_n &&
	    !config->allow.n && !config->deny.n)
		tg_reader_warn(reader, root, "there are no limits: every packet is let through");
	if (reader->diagnostics->errors == reader->errors_before) {
		tg_check_sharing(reader, root);
		tg_check_table(reader, root);
	}
	return r;
}

static int parse(const char *path, const char *text, size_t length, struct tg_config **config,
		 struct tg_diagnostics *diagnostics)
{
	tg_autoconfig struct tg_config *new = calloc(1, sizeof(*new));
	tg_cleanup(tg_yaml_free) struct tg_yaml *root = NULL;
	tg_cleanup(tg_reader_free_sets) struct tg_reader reader = {
		.path = path,
		.diagnostics = diagnostics,
		.errors_before = diagnostics->errors,
		.config = new,
	};
	int r;

	if (!new)
		return -ENOMEM;
	new->table_size = TG_TABLE_SIZE_DEFAULT;
	new->table_reserve = TG_TABLE_RESERVE_DEFAULT;
	new->path = strdup(path);
	new->source = calloc(1, sizeof(*new->source) + length + 1);
	if (!new->path || !new->source)
		return -ENOMEM;
	new->source->length = length;
	memcpy(new->source->text, text, length);
	r = tg_yaml_parse(path, text, length, &root, diagnostics);
	if (r == 0)
		r = read_root(&reader, root);
	if (reader.refused && r != -ENOMEM)
		return -EPERM;
	if (r)
		return r;
	/* The YAML reader reports some errors and returns a tree all the same. */
	if (diagnostics->errors > reader.errors_before)
		return -EINVAL;
	*config = TAKE_PTR(new);
	return 0;
}

int tg_config_parse(const char *path, const void *text, size_t length, struct tg_config **config,
		    struct tg_diagnostics *diagnostics)
{
	int r = parse(path, text, length, config, diagnostics);

	if (r == -ENOMEM)
		tg_diagnose(diagnostics, TG_ERROR, path, (struct tg_location){0, 0}, "%s",
			    strerror(ENOMEM));
	tg_diagnostics_sort(diagnostics);
	return r;
}

int tg_config_load(const char *path, struct tg_config **config, struct tg_diagnostics *diagnostics)
{
	tg_autofree char *text = NULL;
	char why[TG_ERRMSG_SIZE];
	size_t length;
	int r = tg_text_read(path, TG_YAML_SIZE_MAX, &text, &length, why);

	if (r == -EFBIG) {
		tg_diagnose(diagnostics, TG_ERROR, path, (struct tg_location){1, 1},
			    "the file is larger than 16 MiB; put long lists into files of their "
			    "own, and write file: PATH");
		return -EINVAL;
	}
	if (r == -EPERM) {
		tg_diagnose(diagnostics, TG_ERROR, path, (struct tg_location){0, 0}, "%s", why);
		return r;
	}
	if (r) {
		tg_diagnose(diagnostics, TG_ERROR, path, (struct tg_location){0, 0},
			    "cannot be read: %s",
			    r == -ENXIO ? "not a regular file" : strerror(-r));
		/* -EINVAL means that the contents are wrong. */
		return r == -EINVAL ? -EIO : r;
	}
	return tg_config_parse(path, text, length, config, diagnostics);
}

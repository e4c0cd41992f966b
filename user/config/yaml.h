/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * YAML text as a small tree in which each node knows its place. What a configuration
 * does not need and a reader cannot judge is refused: anchors, aliases, tags, several
 * documents, keys twice, keys that are not text, deep nesting.
 */
#ifndef TG_CONFIG_YAML_H
#define TG_CONFIG_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "config/diagnostics.h"

#define TG_YAML_DEPTH_MAX 32
#define TG_YAML_NODES_MAX 1000000
#define TG_YAML_SIZE_MAX  (16 << 20) /* bytes */

enum tg_yaml_kind {
	TG_YAML_SCALAR,
	TG_YAML_LIST,
	TG_YAML_MAP,
	TG_YAML_BROKEN, /* stands for what was reported already: say nothing more about it */
};

struct tg_yaml {
	enum tg_yaml_kind kind;
	struct tg_location place;
	size_t begin, end; /* in characters of the text, a byte order mark not counted */
	bool empty;	   /* scalar: nothing was written, or null */
	char *text;	   /* scalar */
	char *key;	   /* of a map's child */
	struct tg_location key_place;
	const struct tg_yaml *parent;
	size_t index; /* in the parent, from 0 */
	struct tg_yaml *children, *next;
	size_t n; /* children */
};

/*
 * Returns 0 when the text could be read to its end: the tree is usable, though there may
 * be errors in @diagnostics; *@root is NULL when nothing is written there. Otherwise
 * -EINVAL (in @diagnostics) or -ENOMEM. @file is used for messages only.
 */
int tg_yaml_parse(const char *file, const char *text, size_t length, struct tg_yaml **root,
		  struct tg_diagnostics *diagnostics);

void tg_yaml_free(struct tg_yaml **root);

/* The child of a map, or NULL. */
const struct tg_yaml *tg_yaml_get(const struct tg_yaml *map, const char *key);

/* "limits[0].match.protocol"; empty for the root. */
const char *tg_yaml_path(const struct tg_yaml *node, char *path, size_t size);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * YAML text as a tree in which each node knows its place in the file. Refuses what no configuration
 * needs: anchors, aliases, tags, several documents, keys given twice, keys that are not text, deep
 * nesting.
 */
#ifndef TG_CONFIG_YAML_H
#define TG_CONFIG_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "config/diagnostics.h"

#define TG_YAML_DEPTH_MAX 32	     /* levels */
#define TG_YAML_NODES_MAX 1000000    /* nodes of one tree */
#define TG_YAML_SIZE_MAX  (16 << 20) /* bytes */

enum tg_yaml_kind {
	TG_YAML_SCALAR,
	TG_YAML_LIST,
	TG_YAML_MAP,
	TG_YAML_BROKEN, /* in place of what was reported as an error; do not report it again */
};

/* A node. The tree owns all of it; tg_yaml_free() of the root frees it. */
struct tg_yaml {
	enum tg_yaml_kind kind;
	struct tg_location place;
	size_t begin, end; /* offsets in the text, in characters without a byte order mark */
	bool empty;	   /* of a scalar: nothing or null was written */
	char *text;	   /* of a scalar */
	char *key;	   /* of a child of a map, else NULL */
	struct tg_location key_place;
	const struct tg_yaml *parent;
	size_t index; /* in the parent, from 0 */
	struct tg_yaml *children, *next;
	size_t n; /* number of children */
};

/*
 * Parses @length bytes of @text. Returns 0 if they could be parsed to the end; *@root is the tree,
 * which the caller frees, or NULL if there is no content. Even then @diagnostics may have new
 * errors, such as a key given twice. Returns -EINVAL with an error in @diagnostics, or -ENOMEM.
 * @file: for messages only.
 */
int tg_yaml_parse(const char *file, const char *text, size_t length, struct tg_yaml **root,
		  struct tg_diagnostics *diagnostics);

/* Frees the tree *@root, which may be NULL, and sets it to NULL. */
void tg_yaml_free(struct tg_yaml **root);

/* Returns the child of @map with that key, or NULL. @map must be a TG_YAML_MAP. */
const struct tg_yaml *tg_yaml_get(const struct tg_yaml *map, const char *key);

/*
 * Writes the path of a node, such as "limits[0].match.protocol", to @path and returns it. Root: "".
 */
const char *tg_yaml_path(const struct tg_yaml *node, char *path, size_t size);

#endif

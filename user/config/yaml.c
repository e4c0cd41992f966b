/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds the tree of struct tg_yaml from the events of libyaml. */
#include "config/yaml.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/cleanup.h"
#include "base/text.h"

struct builder {
	yaml_parser_t parser;
	const char *file;
	struct tg_diagnostics *diagnostics;
	size_t nodes;
};

#define tg_autoevent tg_cleanup(yaml_event_delete)
#define tg_autotree  tg_cleanup(tg_yaml_free)

static struct tg_location place_of(const yaml_mark_t *mark)
{
	return (struct tg_location){mark->line + 1, mark->column + 1};
}

static void diagnose_mark(struct builder *builder, const yaml_mark_t *mark, const char *errmsg)
{
	tg_diagnose(builder->diagnostics, TG_ERROR, builder->file, place_of(mark), "%s", errmsg);
}

/* Adds advice to libyaml's error for a tab in the indentation, which does not mention tabs. */
static const char *syntax_advice(const char *problem)
{
	return strcmp(problem, "found character that cannot start any token") == 0
		       ? "; indent with spaces, not tabs, and quote text that begins with @, ` or %"
		       : "";
}

static int report_syntax(struct builder *builder)
{
	const yaml_parser_t *parser = &builder->parser;
	const char *problem = parser->problem ? parser->problem : "not YAML";
	struct tg_location place = place_of(&parser->problem_mark);

	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (parser->context)
		tg_diagnose(builder->diagnostics, TG_ERROR, builder->file, place,
			    "YAML syntax: %s begun at line %zu: %s%s", parser->context,
			    parser->context_mark.line + 1, problem, syntax_advice(problem));
	else
		tg_diagnose(builder->diagnostics, TG_ERROR, builder->file, place,
			    "YAML syntax: %s%s", problem, syntax_advice(problem));
	return -EINVAL;
}

static int next_event(struct builder *builder, yaml_event_t *event)
{
	yaml_event_delete(event);
	if (!yaml_parser_parse(&builder->parser, event))
		return report_syntax(builder);
	return 0;
}

static int parse_node(struct builder *builder, yaml_event_t *event, unsigned int depth,
		      struct tg_yaml **node);

static void refuse_extras(struct builder *builder, const yaml_event_t *event,
			  const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor)
		diagnose_mark(
			builder, &event->start_mark,
			"anchors (&name) are not supported; write the value where it is used");
	if (tag)
		diagnose_mark(builder, &event->start_mark,
			      "tags (!name) are not supported; write the value alone");
}

static bool is_null(const yaml_event_t *event)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
	size_t i;

	if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	for (i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++) {
		if (strcmp((const char *)event->data.scalar.value, nulls[i]) == 0)
			return true;
	}
	return false;
}

static int fill_scalar(struct builder *builder, const yaml_event_t *event, struct tg_yaml *node)
{
	const char *value = (const char *)event->data.scalar.value;

	refuse_extras(builder, event, event->data.scalar.anchor, event->data.scalar.tag);
	if (strlen(value) != event->data.scalar.length) {
		diagnose_mark(builder, &event->start_mark, "this text has a NUL character in it");
		node->kind = TG_YAML_BROKEN;
	}
	node->empty = is_null(event);
	node->text = strdup(value);
	return node->text ? 0 : -ENOMEM;
}

static void append(struct tg_yaml *parent, struct tg_yaml ***tail, struct tg_yaml *child)
{
	child->parent = parent;
	child->index = parent->n++;
	**tail = child;
	*tail = &child->next;
}

static int fill_list(struct builder *builder, const yaml_event_t *start, unsigned int depth,
		     struct tg_yaml *list)
{
	tg_autoevent yaml_event_t event = {0};
	struct tg_yaml **tail = &list->children, *child = NULL;
	int r;

	refuse_extras(builder, start, start->data.sequence_start.anchor,
		      start->data.sequence_start.tag);
	for (;;) {
		r = next_event(builder, &event);
		list->end = event.end_mark.index;
		if (r || event.type == YAML_SEQUENCE_END_EVENT)
			return r;
		r = parse_node(builder, &event, depth + 1, &child);
		if (r)
			return r;
		append(list, &tail, child);
	}
}

/* Parses a key and its value to *@child, or NULL if the key is not text, which is reported. */
static int parse_pair(struct builder *builder, yaml_event_t *event, unsigned int depth,
		      struct tg_yaml **child)
{
	tg_autotree struct tg_yaml *key = NULL, *value = NULL;
	yaml_mark_t mark = event->start_mark;
	int r = parse_node(builder, event, depth + 1, &key);

	if (r == 0)
		r = next_event(builder, event);
	if (r == 0)
		r = parse_node(builder, event, depth + 1, &value);
	if (r)
		return r;
	*child = NULL;
	if (key->kind == TG_YAML_SCALAR) {
		value->key = TAKE_PTR(key->text);
		value->key_place = key->place;
		*child = TAKE_PTR(value);
	} else if (key->kind != TG_YAML_BROKEN) {
		diagnose_mark(builder, &mark, "a list or a mapping cannot be a key");
	}
	return 0;
}

static int compare_keys(const void *a, const void *b)
{
	const struct tg_yaml *x = *(const struct tg_yaml *const *)a;
	const struct tg_yaml *y = *(const struct tg_yaml *const *)b;
	int order = strcmp(x->key, y->key);

	if (order)
		return order;
	return x->index < y->index ? -1 : x->index > y->index;
}

/*
 * Reports keys given twice. Sorts, because comparing all pairs takes an hour for a file of 16 MiB.
 */
static int refuse_doubles(struct builder *builder, const struct tg_yaml *map)
{
	tg_autofree struct tg_yaml **sorted = NULL;
	struct tg_yaml *child, *first;
	char quoted[TG_QUOTE_SIZE];
	size_t i, n = 0;

	if (map->n < 2)
		return 0;
	sorted = reallocarray(NULL, map->n, sizeof(struct tg_yaml *));
	if (!sorted)
		return -ENOMEM;
	for (child = map->children; child; child = child->next)
		sorted[n++] = child;
	qsort(sorted, n, sizeof(struct tg_yaml *), compare_keys);
	first = sorted[0];
	for (i = 1; i < n; i++) {
		if (strcmp(sorted[i]->key, first->key) != 0) {
			first = sorted[i];
			continue;
		}
		tg_diagnose(builder->diagnostics, TG_ERROR, builder->file, sorted[i]->key_place,
			    "the key %s was given already at line %zu; keep one of the two",
			    tg_text_quote(first->key, quoted, sizeof(quoted)),
			    first->key_place.line);
	}
	return 0;
}

static int fill_map(struct builder *builder, const yaml_event_t *start, unsigned int depth,
		    struct tg_yaml *map)
{
	tg_autoevent yaml_event_t event = {0};
	struct tg_yaml **tail = &map->children, *child = NULL;
	int r;

	refuse_extras(builder, start, start->data.mapping_start.anchor,
		      start->data.mapping_start.tag);
	for (;;) {
		r = next_event(builder, &event);
		if (r)
			return r;
		map->end = event.end_mark.index;
		if (event.type == YAML_MAPPING_END_EVENT)
			return refuse_doubles(builder, map);
		r = parse_pair(builder, &event, depth, &child);
		if (r)
			return r;
		if (child)
			append(map, &tail, child);
	}
}

static int fill(struct builder *builder, const yaml_event_t *event, unsigned int depth,
		struct tg_yaml *node)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		node->kind = TG_YAML_SCALAR;
		return fill_scalar(builder, event, node);
	case YAML_SEQUENCE_START_EVENT:
		node->kind = TG_YAML_LIST;
		return fill_list(builder, event, depth, node);
	case YAML_MAPPING_START_EVENT:
		node->kind = TG_YAML_MAP;
		return fill_map(builder, event, depth, node);
	default:
		node->kind = TG_YAML_BROKEN;
		diagnose_mark(builder, &event->start_mark,
			      "aliases (*name) are not supported; write the value out");
		return 0;
	}
}

static int parse_node(struct builder *builder, yaml_event_t *event, unsigned int depth,
		      struct tg_yaml **node)
{
	tg_autotree struct tg_yaml *new = NULL;
	int r;

	if (depth > TG_YAML_DEPTH_MAX || ++builder->nodes > TG_YAML_NODES_MAX) {
		diagnose_mark(
			builder, &event->start_mark,
			depth > TG_YAML_DEPTH_MAX
				? "nested deeper than any configuration is (32 levels)"
				: "more than 1000000 values; put a long list into a file, and write "
				  "file: PATH");
		return -EINVAL;
	}
	new = calloc(1, sizeof(*new));
	if (!new)
		return -ENOMEM;
	new->place = place_of(&event->start_mark);
	new->begin = event->start_mark.index;
	new->end = event->end_mark.index;
	r = fill(builder, event, depth, new);
	if (r)
		return r;
	*node = TAKE_PTR(new);
	return 0;
}

/* Parses a stream of one document, or of none: then *@root is NULL. */
static int parse_stream(struct builder *builder, struct tg_yaml **root)
{
	tg_autoevent yaml_event_t event = {0};
	tg_autotree struct tg_yaml *tree = NULL;
	int r;

	do {
		r = next_event(builder, &event);
	} while (r == 0 && (event.type == YAML_STREAM_START_EVENT ||
			    event.type == YAML_DOCUMENT_START_EVENT));
	if (r == 0 && event.type != YAML_STREAM_END_EVENT) {
		r = parse_node(builder, &event, 1, &tree);
		if (r == 0)
			r = next_event(builder, &event); /* the end of the document */
		if (r == 0)
			r = next_event(builder, &event);
	}
	if (r)
		return r;
	if (event.type != YAML_STREAM_END_EVENT)
		diagnose_mark(builder, &event.start_mark,
			      "a second document begins here; a configuration is one document");
	*root = TAKE_PTR(tree);
	return 0;
}

int tg_yaml_parse(const char *file, const char *text, size_t length, struct tg_yaml **root,
		  struct tg_diagnostics *diagnostics)
{
	struct builder builder = {.file = file, .diagnostics = diagnostics};
	struct tg_location place = {1, 1};
	const char *why;
	int r;

	if (length > TG_YAML_SIZE_MAX) {
		tg_diagnose(diagnostics, TG_ERROR, file, place,
			    "the file is larger than 16 MiB; put long lists into files of their "
			    "own, and write file: PATH");
		return -EINVAL;
	}
	if (tg_text_check(text, length, &place, &why) < 0) {
		tg_diagnose(diagnostics, TG_ERROR, file, place, "%s", why);
		return -EINVAL;
	}
	/* Skip a byte order mark, which does not count as a column. */
	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		length -= 3;
	}
	if (!yaml_parser_initialize(&builder.parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&builder.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&builder.parser, (const unsigned char *)text, length);
	r = parse_stream(&builder, root);
	yaml_parser_delete(&builder.parser);
	return r;
}

/* Recursive: the parser lets no tree be deeper than TG_YAML_DEPTH_MAX. */
void tg_yaml_free(struct tg_yaml **root)
{
	struct tg_yaml *node = *root, *child;

	if (!node)
		return;
	while ((child = node->children)) {
		node->children = child->next;
		tg_yaml_free(&child);
	}
	free(node->text);
	free(node->key);
	free(node);
	*root = NULL;
}

const struct tg_yaml *tg_yaml_get(const struct tg_yaml *map, const char *key)
{
	const struct tg_yaml *child;

	for (child = map->children; child; child = child->next) {
		if (strcmp(child->key, key) == 0)
			return child;
	}
	return NULL;
}

const char *tg_yaml_path(const struct tg_yaml *node, char *path, size_t size)
{
	char part[TG_QUOTE_SIZE];
	size_t at;

	path[0] = '\0';
	if (!node->parent)
		return path;
	tg_yaml_path(node->parent, path, size);
	at = strlen(path);
	if (!node->key)
		snprintf(path + at, size - at, "[%zu]", node->index);
	else if (node->key[strspn(node->key, "abcdefghijklmnopqrstuvwxyz"
					     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")])
		snprintf(path + at, size - at, "[%s]",
			 tg_text_quote(node->key, part, sizeof(part)));
	else
		snprintf(path + at, size - at, "%s%s", at ? "." : "", node->key);
	return path;
}

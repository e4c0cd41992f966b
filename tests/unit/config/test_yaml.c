/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "config/yaml.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int parse(const char *text, size_t length, struct tg_yaml **root,
		 struct tg_diagnostics *diagnostics)
{
	*root = NULL;
	return tg_yaml_parse("t.yaml", text, length, root, diagnostics);
}

TEST(test_places_and_paths)
{
	static const char text[] = "a: 1\n"
				   "list:\n"
				   "  - {x: [p, \"q\"]}\n"
				   "  - two words\n"
				   "\"odd key\": ~\n";
	struct tg_diagnostics diagnostics = {0};
	const struct tg_yaml *list, *q;
	struct tg_yaml *root;
	char path[64];

	CHECK(parse(text, sizeof(text) - 1, &root, &diagnostics) == 0);
	CHECK(diagnostics.n == 0);
	CHECK(root && root->kind == TG_YAML_MAP && root->n == 3);
	list = tg_yaml_get(root, "list");
	CHECK(list && list->kind == TG_YAML_LIST && list->n == 2);
	CHECK(list->key_place.line == 2 && list->key_place.column == 1);
	CHECK(list->place.line == 3 && list->place.column == 3);
	q = tg_yaml_get(list->children, "x")->children->next;
	CHECK(strcmp(q->text, "q") == 0 && !q->empty);
	CHECK(q->place.line == 3 && q->place.column == 13, "%zu:%zu", q->place.line,
	      q->place.column);
	CHECK(strcmp(tg_yaml_path(q, path, sizeof(path)), "list[0].x[1]") == 0, "%s", path);
	CHECK(strcmp(list->children->next->text, "two words") == 0);
	CHECK(strcmp(tg_yaml_path(root, path, sizeof(path)), "") == 0);
	CHECK(tg_yaml_get(root, "odd key")->empty);
	tg_yaml_path(tg_yaml_get(root, "odd key"), path, sizeof(path));
	CHECK(strcmp(path, "[\"odd key\"]") == 0, "%s", path);
	CHECK(tg_yaml_get(root, "none") == NULL);
	tg_yaml_free(&root);
	CHECK(root == NULL);
	tg_yaml_free(&root);
}

TEST(test_columns_count_characters)
{
	static const char text[] = "\xef\xbb\xbf{\xc3\xa9\xe2\x82\xac: x}\n";
	struct tg_diagnostics diagnostics = {0};
	struct tg_yaml *root;

	CHECK(parse(text, sizeof(text) - 1, &root, &diagnostics) == 0);
	CHECK(root->children->place.column == 6, "%zu", root->children->place.column);
	tg_yaml_free(&root);
}

TEST(test_nothing_written)
{
	static const char *const texts[] = {"", "\n\n", "# only a comment\n"};
	struct tg_diagnostics diagnostics = {0};
	struct tg_yaml *root;
	size_t i;

	for (i = 0; i < COUNT(texts); i++) {
		CHECK(parse(texts[i], strlen(texts[i]), &root, &diagnostics) == 0);
		CHECK(root == NULL && diagnostics.n == 0);
	}
}

TEST(test_refused)
{
	static const struct {
		const char *text;
		size_t length; /* 0: up to the NUL */
		int result;
		size_t line, column;
		const char *errmsg;
	} cases[] = {
		{"a: &x 1\n", 0, 0, 1, 4, "anchors"},
		{"a: &x [1]\n", 0, 0, 1, 4, "anchors"},
		{"a:\n  &x {b: 1}\n", 0, 0, 2, 3, "anchors"},
		{"a: !!str 1\n", 0, 0, 1, 4, "tags"},
		{"a: !x [1]\n", 0, 0, 1, 4, "tags"},
		{"a: ! {b: 1}\n", 0, 0, 1, 4, "tags"},
		{"a: *x\n", 0, 0, 1, 4, "aliases"},
		{"*x : 1\n", 0, 0, 1, 1, "aliases"},
		{"a: 1\nb: 2\na: 3\n", 0, 0, 3, 1, "given already at line 1"},
		{"m: {k: 1, k: 2}\n", 0, 0, 1, 11, "given already"},
		{"a: 1\n---\nb: 2\n", 0, 0, 2, 1, "second document"},
		{"a: 1\n...\n---\n", 0, 0, 3, 1, "second document"},
		{"[a]: 1\n", 0, 0, 1, 1, "cannot be a key"},
		{"? {a: 1}\n: 2\n", 0, 0, 1, 3, "cannot be a key"},
		{"a: \"x\\0y\"\n", 0, 0, 1, 4, "NUL character"},
		{"a\0b: 1\n", 7, -EINVAL, 1, 2, "NUL byte"},
		{"\0\1\2", 3, -EINVAL, 1, 1, "NUL byte"},
		{"a: 1\nb: \xff\n", 0, -EINVAL, 2, 4, "not UTF-8"},
		{"a: \xc3", 0, -EINVAL, 1, 4, "not UTF-8"},
		{"a: \xc0\x80\n", 0, -EINVAL, 1, 4, "not UTF-8"},
		{"a: \xed\xa0\x80\n", 0, -EINVAL, 1, 4, "not UTF-8"},
		{"a: \xf4\x90\x80\x80\n", 0, -EINVAL, 1, 4, "not UTF-8"},
		{"a: \xe0\x80\x80\n", 0, -EINVAL, 1, 4, "not UTF-8"},
		{"a: \xef\xbf\xbf\n", 0, -EINVAL, 1, 4, "not a character"},
		{"a:\r\n\r\n \x1b[0m\n", 0, -EINVAL, 3, 2, "control character"},
		{"a\0:\0 \0", 6, -EINVAL, 1, 2, "NUL byte"},
		{"interfaces: [{name: lo}\nlimits: []\n", 0, -EINVAL, 2, 1, "YAML syntax"},
		{"a: {\n", 0, -EINVAL, 2, 1, "YAML syntax"},
		{"a: 'x\n", 0, -EINVAL, 2, 1, "YAML syntax"},
		{"a:\n\t- b\n", 0, -EINVAL, 2, 1, "not tabs"},
		{"a: b: c\n", 0, -EINVAL, 1, 5, "YAML syntax"},
		{"a: @x\n", 0, -EINVAL, 1, 4, "YAML syntax"},
		{"a: \"\\q\"\n", 0, -EINVAL, 1, 5, "YAML syntax"},
	};
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		size_t length = cases[i].length ? cases[i].length : strlen(cases[i].text);
		struct tg_diagnostics diagnostics = {0};
		const struct tg_diagnostic *item;
		struct tg_yaml *root;
		int r = parse(cases[i].text, length, &root, &diagnostics);

		CHECK(r == cases[i].result, "case %zu: %d", i, r);
		CHECK(diagnostics.errors == 1 && diagnostics.n == 1, "case %zu: %zu errors", i,
		      diagnostics.errors);
		CHECK((r != 0) == (root == NULL), "case %zu", i);
		if (diagnostics.n) {
			item = &diagnostics.items[0];
			CHECK(item->place.line == cases[i].line &&
				      item->place.column == cases[i].column,
			      "case %zu: %zu:%zu: %s", i, item->place.line, item->place.column,
			      item->message);
			CHECK(strstr(item->message, cases[i].errmsg), "case %zu: %s", i,
			      item->message);
		}
		tg_yaml_free(&root);
		tg_diagnostics_clear(&diagnostics);
	}
}

/* Refused at once, in linear time and bounded memory, whatever is repeated. */
TEST(test_never_hangs)
{
	static const struct {
		const char *unit;
		size_t times;
		bool fails;
	} cases[] = {
		{"[", 200000, true},	   {"{", 200000, true},
		{"- ", 200000, true},	   {"? ", 200000, true},
		{"{a: ", 200000, true},	   {"[a, ", 200000, true},
		{"a: 1\n", 300000, false}, {"- [a, b]\n", 300000, false},
		{"- \n", 1100000, true},   {"\"", 200001, true},
		{"#", 1000000, false},	   {"- 'a\n", 200000, true},
		{"&a ", 200000, true},	   {"%", 200000, true},
		{" ", 1000000, false},	   {"- \"\\x41\"\n", 100000, false},
	};
	size_t i, j;

	for (i = 0; i < COUNT(cases); i++) {
		size_t n = strlen(cases[i].unit), length = n * cases[i].times;
		struct tg_diagnostics diagnostics = {0};
		char *text = malloc(length);
		struct tg_yaml *root;
		clock_t start;
		int r;

		for (j = 0; j < cases[i].times; j++)
			memcpy(text + j * n, cases[i].unit, n);
		start = clock();
		r = parse(text, length, &root, &diagnostics);
		CHECK((r != 0) == cases[i].fails, "\"%s\": %d", cases[i].unit, r);
		CHECK(clock() - start < 20 * CLOCKS_PER_SEC, "\"%s\" took %ld ms", cases[i].unit,
		      (long)((clock() - start) / (CLOCKS_PER_SEC / 1000)));
		tg_yaml_free(&root);
		tg_diagnostics_clear(&diagnostics);
		free(text);
	}
}

TEST(test_depth)
{
	struct tg_diagnostics diagnostics = {0};
	struct tg_yaml *root;
	char text[2 * 33];

	memset(text, '[', 32);
	memset(text + 32, ']', 32);
	CHECK(parse(text, 64, &root, &diagnostics) == 0);
	tg_yaml_free(&root);
	memset(text, '[', 33);
	memset(text + 33, ']', 33);
	CHECK(parse(text, 66, &root, &diagnostics) == -EINVAL);
	CHECK(diagnostics.n == 1 && diagnostics.items[0].place.line == 1 &&
	      diagnostics.items[0].place.column == 33);
	tg_diagnostics_clear(&diagnostics);
}

TEST(test_too_large)
{
	struct tg_diagnostics diagnostics = {0};
	size_t length = TG_YAML_SIZE_MAX + 1;
	char *text = calloc(1, length);
	struct tg_yaml *root;

	memset(text, '#', length);
	CHECK(parse(text, length, &root, &diagnostics) == -EINVAL);
	CHECK(diagnostics.n == 1 && strstr(diagnostics.items[0].message, "16 MiB"));
	tg_diagnostics_clear(&diagnostics);
	free(text);
}

TEST_MAIN(RUN(test_places_and_paths), RUN(test_columns_count_characters), RUN(test_nothing_written),
	  RUN(test_refused), RUN(test_never_hangs), RUN(test_depth), RUN(test_too_large))

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The harness of the C tests. A test file defines functions with TEST(name) and
 * ends with TEST_MAIN(test_a, test_b, ...). Each function counts as one test:
 * failed if any CHECK in it failed, skipped if it called SKIP. The program's last
 * line is "N passed, N failed, N skipped".
 */
#ifndef TG_TEST_H
#define TG_TEST_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool tg_test_failed;
static const char *tg_test_skipped;

#define TEST(name) static void name(void)

/* On failure: says where and why (printf arguments), and goes on. */
#define CHECK(condition, ...)                                                                      \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			tg_test_failed = true;                                                     \
			printf("%s:%d: %s:", __FILE__, __LINE__, #condition);                      \
			printf(" " __VA_ARGS__);                                                   \
			printf("\n");                                                              \
		}                                                                                  \
	} while (0)

#define SKIP(reason)                                                                               \
	do {                                                                                       \
		tg_test_skipped = (reason);                                                        \
		return;                                                                            \
	} while (0)

struct tg_test {
	const char *name;
	void (*run)(void);
};

static inline int tg_test_main(const struct tg_test *tests, size_t n)
{
	int passed = 0, failed = 0, skipped = 0;
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < n; i++) {
		tg_test_failed = false;
		tg_test_skipped = NULL;
		tests[i].run();
		if (tg_test_failed) {
			failed++;
			printf("not ok %s\n", tests[i].name);
		} else if (tg_test_skipped) {
			skipped++;
			printf("skipped %s: %s\n", tests[i].name, tg_test_skipped);
		} else {
			passed++;
			printf("ok %s\n", tests[i].name);
		}
	}
	printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
	return failed != 0;
}

/* clang-format off */
#define RUN(function) {#function, function}
/* clang-format on */

#define TEST_MAIN(...)                                                                             \
	int main(void)                                                                             \
	{                                                                                          \
		static const struct tg_test tests[] = {__VA_ARGS__};                               \
		return tg_test_main(tests, sizeof(tests) / sizeof(tests[0]));                      \
	}

#endif

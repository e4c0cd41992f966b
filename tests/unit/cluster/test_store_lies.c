// SPDX-License-Identifier: GPL-2.0-or-later
/* A store that answers anything: the connection is given up, and nothing else happens. */
#include "unit/cluster/store_node.h"

#define GREETING "+OK\r\n:1\r\n*1\r\n$1\r\nb\r\n"
#define LONG	 400000 /* bytes of a value that is still taken */

static char long_value[LONG + 32], long_text[LONG];

static const struct {
	const char *name, *greeting, *answer, *more;
	size_t again;
	const char *error; /* NULL: it is a round */
} cases[] = {
	{"the truth", GREETING, "+OK\r\n*1\r\n$5\r\nhello\r\n", NULL, 0, NULL},
	{"no frame", GREETING, "+OK\r\n*1\r\n$-1\r\n", NULL, 0, NULL},
	{"no name for the connection", "-ERR no\r\n:1\r\n*1\r\n$1\r\nb\r\n", "+OK\r\n*1\r\n$-1\r\n",
	 NULL, 0, NULL},
	{"a long frame", GREETING, "+OK\r\n*1\r\n", long_value, 1, NULL},

	{"nothing at all", NULL, NULL, NULL, 0, "no answer within 500 ms"},
	{"half a greeting", "+OK\r\n:1\r\n*1\r\n$1\r\n", NULL, NULL, 0, "no answer within 500 ms"},
	{"members that are a number", "+OK\r\n:1\r\n:1\r\n", NULL, NULL, 0,
	 "it answers SMEMBERS by what is no answer to it"},
	{"members that are numbers", "+OK\r\n:1\r\n*1\r\n:1\r\n", NULL, NULL, 0,
	 "it answers SMEMBERS by what is no answer to it"},
	{"members that are nothing", "+OK\r\n:1\r\n*-1\r\n", NULL, NULL, 0,
	 "it answers SMEMBERS by what is no answer to it"},
	{"a web server", "HTTP/1.1 400 Bad Request\r\n", NULL, NULL, 0,
	 "it answers by Protocol error"},
	{"another protocol", "%1\r\n+a\r\n+b\r\n", NULL, NULL, 0, "it answers by "},

	{"half an answer", GREETING, "+OK\r\n*1\r\n$5\r\nhel", NULL, 0, "no answer within 500 ms"},
	{"one answer of two", GREETING, "+OK\r\n", NULL, 0, "no answer within 500 ms"},
	{"an answer too many", GREETING, "+OK\r\n*1\r\n$-1\r\n+OK\r\n", NULL, 0,
	 "it answers what nobody has asked"},
	{"a number", GREETING, ":1\r\n", NULL, 0, "it answers SET by what is no answer to it"},
	{"a frame too many", GREETING, "+OK\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n", NULL, 0,
	 "it answers MGET by what is no answer to it"},
	{"no frames", GREETING, "+OK\r\n*-1\r\n", NULL, 0,
	 "it answers MGET by what is no answer to it"},
	{"a number for a frame", GREETING, "+OK\r\n*1\r\n:5\r\n", NULL, 0,
	 "it answers MGET by what is no answer to it"},
	{"an error for a frame", GREETING, "+OK\r\n*1\r\n-ERR\r\n", NULL, 0,
	 "it answers MGET by what is no answer to it"},
	{"a nest", GREETING, "+OK\r\n*1\r\n*1\r\n$1\r\na\r\n", NULL, 0, "an array within an array"},
	{"a large nest", GREETING, "+OK\r\n*1\r\n*1000000000\r\n", NULL, 0,
	 "an array within an array"},
	{"a large array", GREETING, "+OK\r\n*16385\r\n", NULL, 0,
	 "an array of more than 16384 items"},
	{"a huge array", GREETING, "+OK\r\n*2147483647\r\n", NULL, 0, "it answers by "},
	{"an array beyond numbers", GREETING, "+OK\r\n*99999999999999999999\r\n", NULL, 0,
	 "it answers by "},
	{"a negative array", GREETING, "+OK\r\n*-2\r\n", NULL, 0, "it answers by "},
	{"a huge value", GREETING, "+OK\r\n*1\r\n$2000000000\r\n", long_text, 3,
	 "a value longer than tidegate writes"},
	{"a value that is too long", GREETING, "+OK\r\n*1\r\n$479900\r\n", long_text, 2,
	 "a value longer than tidegate writes"},
	{"a line without an end", GREETING, "+OK", long_text, 3,
	 "a value longer than tidegate writes"},
	{"too many long frames", GREETING, "+OK\r\n*16384\r\n", long_value, 180,
	 "more than 64 MiB at once"},
	{"an error of moods", GREETING, "-ERR \x1b[31m\xff red\r\n", NULL, 0,
	 "SET: ERR ?[31m? red"},
	{"another node's keys", GREETING, "-MOVED 1 10.0.0.1:6379\r\n", NULL, 0,
	 "another node of this Redis Cluster has the keys"},
	{"codes alone", GREETING, "-LOADING\r\n", NULL, 0,
	 "it is still loading its data (SET: LOADING)"},
};

static void try_case(struct event_base *base, size_t i)
{
	struct liar liar = {.greeting = cases[i].greeting,
			    .answer = cases[i].answer,
			    .more = cases[i].more,
			    .again = cases[i].again};
	struct node a = {};

	CHECK(liar_start(&liar, base));
	node_server(&a, TG_CONFIG_UNIX, liar.socket, 0);
	if (cases[i].again > 100)
		a.cluster.interval = 5000000000; /* which it may take to come */
	node_open(&a, base, "a");
	if (cases[i].error)
		RUN_UNTIL(base, error_of(&a)[0]);
	else
		RUN_UNTIL(base, a.rounds);
	if (cases[i].error) {
		CHECK(strstr(error_of(&a), cases[i].error), "%s: %s", cases[i].name, error_of(&a));
		CHECK(tg_store_status(a.store)->failures && a.losses <= a.begun, "%s",
		      cases[i].name);
		CHECK(!cases[i].answer || tg_store_status(a.store)->connects, "%s", cases[i].name);
	} else {
		CHECK(tg_store_status(a.store)->failures == 0, "%s: %s", cases[i].name,
		      error_of(&a));
	}
	node_close(&a);
	liar_stop(&liar);
	run_for(base, 1); /* the liar hangs up */
}

TEST(test_lies)
{
	struct event_base *base = event_base_new();
	size_t i;

	memset(long_text, 'x', sizeof(long_text) - 1);
	snprintf(long_value, sizeof(long_value), "$%d\r\n%0*d\r\n", LONG, LONG, 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		try_case(base, i);
	base_free(base);
}

/* The liar learns the password, but the log does not. */
TEST(test_echo)
{
	struct liar liar = {.greeting = "-ERR unknown command `AUTH`, with args: `secret`\r\n"};
	struct event_base *base = event_base_new();
	struct node a = {};

	CHECK(liar_start(&liar, base));
	node_server(&a, TG_CONFIG_UNIX, liar.socket, 0);
	strcpy(a.cluster.password_file, file_write("password", "secret"));
	node_open(&a, base, "a");
	RUN_UNTIL(base, strstr(error_of(&a), "it refuses user and password_file (ERR)"));
	CHECK(log_count("secret") == 0);
	node_close(&a);
	liar_stop(&liar);
	base_free(base);
}

STORE_TEST_MAIN(RUN(test_lies), RUN(test_echo))

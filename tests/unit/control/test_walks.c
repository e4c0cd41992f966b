// SPDX-License-Identifier: GPL-2.0-or-later
/* Who gets to look through the table when, with how much done in a turn; the table is the test's.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/exit.h"
#include "control/server.h"
#include "control/walks.h"
#include "daemon/daemon.h"
#include "datapath/datapath.h"
#include "test.h"

/* Replies in the order in which they come: "name:result ". */
static char replies[8192];

struct tg_pending {
	const char *name;
};

void tg_control_reply(struct tg_pending *pending, json_t *reply)
{
	json_int_t code = json_integer_value(json_object_get(reply, "code"));
	const char *text = json_string_value(json_object_get(reply, "result"));
	size_t n = strlen(replies);

	snprintf(replies + n, sizeof(replies) - n, "%s:%s ", pending->name,
		 !reply ? "no memory"
		 : code ? "failed"
		 : text ? text
			: "?");
	json_decref(reply);
	free(pending);
}

/* In the place of the datapath. */
static struct {
	unsigned int steps; /* that a walk takes */
	unsigned int generation;
	int error;
	unsigned int begun, freed, made;
	uint64_t step_ns; /* how long one takes */
} table;

struct tg_bucket_walk {
	unsigned int done, generation;
};

struct tg_bucket_walk *tg_datapath_walk_new(struct tg_datapath *datapath)
{
	struct tg_bucket_walk *walk = calloc(1, sizeof(*walk));

	walk->generation = table.generation;
	table.begun++;
	return walk;
}

void tg_datapath_walk_free(struct tg_bucket_walk **walk)
{
	table.freed += *walk != NULL;
	free(*walk);
	*walk = NULL;
}

int tg_datapath_walk_step(struct tg_datapath *datapath, struct tg_bucket_walk *walk,
			  int (*each)(void *data, const struct tg_bucket_view *view), void *data)
{
	const struct tg_bucket_view view = {};
	uint64_t end = tg_now_ns() + table.step_ns;

	if (walk->generation != table.generation)
		return -ESTALE;
	if (table.error)
		return table.error;
	table.made++;
	while (tg_now_ns() < end)
		;
	each(data, &view);
	return ++walk->done < table.steps;
}

/* Counts what it takes: "WHAT COUNT". What is "none" needs no walk. */
struct state {
	const char *what;
	unsigned int taken;
	char *memory;
};

static int begin(struct tg_daemon *daemon, const json_t *request, void *data, json_t **reply)
{
	struct state *state = data;

	state->what = json_string_value(json_object_get(request, "what"));
	state->memory = strdup(state->what);
	if (strcmp(state->what, "none") != 0)
		return 1;
	*reply = json_pack("{s:i, s:s}", "code", 0, "result", "none");
	return 0;
}

static int take(void *data, const struct tg_bucket_view *view)
{
	struct state *state = data;

	state->taken++;
	return 0;
}

static json_t *finish(struct tg_daemon *daemon, void *data)
{
	const struct state *state = data;
	char text[64];

	snprintf(text, sizeof(text), "%s-%u", state->what, state->taken);
	return json_pack("{s:i, s:s}", "code", 0, "result", text);
}

static void end(void *data)
{
	struct state *state = data;

	free(state->memory);
}

static const struct tg_walk_kind kind = {
	.size = sizeof(struct state), .begin = begin, .take = take, .finish = finish, .end = end};

static struct tg_daemon daemon_of_test;

static void open_walks(unsigned int steps)
{
	memset(&table, 0, sizeof(table));
	table.steps = steps;
	replies[0] = '\0';
	daemon_of_test.base = event_base_new();
	CHECK(tg_walks_open(&daemon_of_test) == 0 && daemon_of_test.walks);
}

static void close_walks(void)
{
	tg_walks_close(&daemon_of_test);
	CHECK(!daemon_of_test.walks);
	tg_walks_close(&daemon_of_test);
	CHECK(table.begun == table.freed, "%u walks, %u freed", table.begun, table.freed);
	event_base_free(daemon_of_test.base);
}

static void ask(const char *what, enum tg_walk_client client, const char *name)
{
	json_t *request = json_pack("{s:s}", "what", what);
	struct tg_pending *pending = malloc(sizeof(*pending));

	pending->name = name;
	tg_walks_ask(&daemon_of_test, &kind, request, client, pending);
	json_decref(request);
}

/* What HTTP gets, or "busy". */
static const char *ask_now(const char *what)
{
	json_t *request = json_pack("{s:s}", "what", what),
	       *reply = tg_walks_ask_now(&daemon_of_test, &kind, request);
	static char text[64];

	snprintf(text, sizeof(text), "%s",
		 json_is_true(json_object_get(reply, "busy"))
			 ? "busy"
			 : json_string_value(json_object_get(reply, "result")));
	json_decref(reply);
	json_decref(request);
	return text;
}

static void run(void)
{
	event_base_dispatch(daemon_of_test.base);
}

static void expect(const char *wanted)
{
	CHECK(strcmp(replies, wanted) == 0, "\"%s\", not \"%s\"", replies, wanted);
	replies[0] = '\0';
}

TEST(in_turn)
{
	open_walks(3);
	ask("a", TG_WALK_MEMBER, "m1");
	ask("b", TG_WALK_MEMBER, "m2");
	ask("c", TG_WALK_MEMBER, "m3");
	ask("d", TG_WALK_ROOT, "r1");
	ask("e", TG_WALK_ROOT, "r2");
	expect("");
	run();
	expect("m1:a-3 r1:d-3 m2:b-3 r2:e-3 m3:c-3 ");
	CHECK(table.made == 15, "%u", table.made);
	ask("none", TG_WALK_ROOT, "r1");
	run();
	expect("r1:none ");
	CHECK(table.begun == 5, "%u", table.begun);
	close_walks();
}

/* However many members wait, root waits for one of them; and members are not kept out by root. */
TEST(crowds)
{
	char what[16];
	unsigned int i;

	open_walks(1);
	for (i = 0; i < 300; i++) {
		snprintf(what, sizeof(what), "%u", i);
		ask(what, TG_WALK_MEMBER, "m");
	}
	CHECK(strlen(replies) == 44 * strlen("m:failed "), "%s", replies);
	replies[0] = '\0';
	ask("r", TG_WALK_ROOT, "root");
	while (!strstr(replies, "root"))
		event_base_loop(daemon_of_test.base, EVLOOP_ONCE);
	expect("m:0-1 root:r-1 ");
	for (i = 0; i < 200; i++) {
		snprintf(what, sizeof(what), "r%u", i);
		ask(what, TG_WALK_ROOT, "r");
	}
	while (!strstr(replies, "m:1-1"))
		event_base_loop(daemon_of_test.base, EVLOOP_ONCE);
	CHECK(strlen(replies) < 2 * strlen("r:r00-1 ") + 4, "%s", replies);
	replies[0] = '\0';
	CHECK(strcmp(ask_now("h"), "busy") == 0);
	for (i = 0; i < 6 && strcmp(ask_now("h"), "busy") == 0;) {
		event_base_loop(daemon_of_test.base, EVLOOP_ONCE);
		i = strlen(replies) / strlen("m:00-1 ");
	}
	CHECK(strcmp(ask_now("h"), "h-1") == 0, "HTTP had no turn among %u", i);
	close_walks();
}

/* Equal requests get one walk, but not one that began to reply before they came. */
TEST(equal_requests)
{
	open_walks(2);
	ask("a", TG_WALK_MEMBER, "m1");
	ask("b", TG_WALK_MEMBER, "m2");
	ask("a", TG_WALK_MEMBER, "m3");
	ask("a", TG_WALK_ROOT, "r");
	while (!strstr(replies, "m1"))
		event_base_loop(daemon_of_test.base, EVLOOP_ONCE);
	ask("a", TG_WALK_MEMBER, "m4");
	run();
	expect("m1:a-2 r:a-2 m3:a-2 m2:b-2 m4:a-2 ");
	CHECK(table.begun == 3, "%u", table.begun);
	close_walks();
}

static unsigned int ticks, most_between, last_made;

static void on_tick(evutil_socket_t fd, short what, void *data)
{
	if (table.made - last_made > most_between)
		most_between = table.made - last_made;
	last_made = table.made;
	ticks++;
}

/* The loop goes on between any two steps, and a walk leaves it at least about half of the time. */
TEST(short_turns)
{
	const struct timeval often = {.tv_usec = 100};
	struct event *tick;
	uint64_t began;

	open_walks(40);
	table.step_ns = NS_PER_S / 1000;
	ticks = most_between = last_made = 0;
	tick = event_new(daemon_of_test.base, -1, EV_PERSIST, on_tick, NULL);
	event_add(tick, &often);
	began = tg_now_ns();
	ask("a", TG_WALK_MEMBER, "m");
	while (!replies[0])
		event_base_loop(daemon_of_test.base, EVLOOP_ONCE);
	CHECK(most_between == 1, "%u steps in a row", most_between);
	CHECK(tg_now_ns() - began > 60 * table.step_ns, "half of the time");
	event_free(tick);
	close_walks();
}

/* After work that is worth it, the next one waits for four times as long. */
TEST(a_fifth)
{
	uint64_t began;

	open_walks(2);
	table.step_ns = NS_PER_S / 20;
	ask("a", TG_WALK_ROOT, "r");
	run();
	began = tg_now_ns();
	CHECK(strcmp(ask_now("h"), "busy") == 0);
	table.step_ns = 0;
	ask("b", TG_WALK_ROOT, "r");
	run();
	CHECK(tg_now_ns() - began > NS_PER_S / 5, "%llu ns",
	      (unsigned long long)(tg_now_ns() - began));
	close_walks();
}

/* What was found in the policy before is forgotten. */
TEST(another_policy)
{
	open_walks(3);
	ask("a", TG_WALK_ROOT, "r");
	while (table.made < 2)
		event_base_loop(daemon_of_test.base, EVLOOP_ONCE);
	table.generation++;
	run();
	expect("r:a-3 ");
	CHECK(table.made == 5 && table.begun == 2, "%u %u", table.made, table.begun);
	close_walks();
}

TEST(a_table_that_cannot_be_read)
{
	open_walks(3);
	table.error = -EIO;
	ask("a", TG_WALK_ROOT, "r");
	run();
	expect("r:failed ");
	close_walks();
}

TEST(http)
{
	open_walks(16);
	CHECK(strcmp(ask_now("a"), "a-16") == 0, "at once, as nobody else asks");
	CHECK(strcmp(ask_now("none"), "none") == 0);
	table.steps = 17;
	CHECK(strcmp(ask_now("b"), "busy") == 0, "a large table");
	CHECK(strcmp(ask_now("b"), "busy") == 0);
	CHECK(strcmp(ask_now("c"), "busy") == 0);
	run();
	CHECK(strcmp(ask_now("b"), "b-17") == 0, "for who asks again");
	CHECK(strcmp(ask_now("c"), "c-17") == 0);
	CHECK(strcmp(ask_now("b"), "b-17") == 0, "for anybody");
	CHECK(table.begun == 3, "%u", table.begun);
	expect("");
	close_walks();
}

TEST(the_end)
{
	open_walks(3);
	ask("a", TG_WALK_ROOT, "r1");
	ask("b", TG_WALK_ROOT, "r2");
	ask("a", TG_WALK_MEMBER, "m1");
	ask_now("h");
	while (table.made < 2)
		event_base_loop(daemon_of_test.base, EVLOOP_ONCE);
	close_walks();
	CHECK(strstr(replies, "r1:failed") && strstr(replies, "r2:failed") &&
		      strstr(replies, "m1:failed"),
	      "%s", replies);
	open_walks(1);
	ask("a", TG_WALK_ROOT, "r1");
	ask("a", TG_WALK_ROOT, "r2");
	while (!replies[0])
		event_base_loop(daemon_of_test.base, EVLOOP_ONCE);
	close_walks();
	expect("r1:a-1 r2:failed ");
}

TEST_MAIN(RUN(in_turn), RUN(crowds), RUN(equal_requests), RUN(short_turns), RUN(a_fifth),
	  RUN(another_policy), RUN(a_table_that_cannot_be_read), RUN(http), RUN(the_end))

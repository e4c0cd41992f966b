// SPDX-License-Identifier: GPL-2.0-or-later
/* The store, against real Redis servers that are well or not, and against one that lies. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>

#include "clock.h"
#include "log.h"
#include "redis.h"
#include "store.h"
#include "test.h"

#define TICK_NS	 20000000ULL
#define NODES	 2
#define NS_IN_MS 1000000ULL

struct node {
	struct tg_config_cluster cluster;
	struct tg_store *store;
	struct event_base *base;
	struct event *tick;
	const char *frame;
	unsigned int begun, rounds, losses;
	size_t n; /* frames of the last round */
	char first[64];
	uint64_t lost_at, back_at; /* ns */
};

static void on_done(void *data, const struct tg_store_round *round)
{
	struct node *node = data;

	if (!round) {
		node->losses++;
		node->lost_at = tg_clock_read(TG_CLOCK_PRECISE);
		return;
	}
	node->rounds++;
	node->back_at = tg_clock_read(TG_CLOCK_PRECISE);
	node->n = round->n;
	node->first[0] = '\0';
	if (round->n)
		snprintf(node->first, sizeof(node->first), "%.*s", (int)round->frames[0].length,
			 (const char *)round->frames[0].bytes);
}

static void on_tick(evutil_socket_t fd, short what, void *data)
{
	struct node *node = data;

	node->begun +=
		tg_store_round(node->store, (const uint8_t *)node->frame, strlen(node->frame));
}

static void node_open(struct node *node, struct event_base *base, const char *name)
{
	const struct timeval tick = {.tv_usec = TICK_NS / 1000};

	strcpy(node->cluster.name, "edge");
	strcpy(node->cluster.node, name);
	node->cluster.interval = TICK_NS;
	node->base = base;
	node->frame = name;
	node->tick = event_new(base, -1, EV_PERSIST, on_tick, node);
	CHECK(tg_store_open(base, &node->cluster, on_done, node, &node->store) == 0);
	event_add(node->tick, &tick);
}

static void node_close(struct node *node)
{
	event_free(node->tick);
	tg_store_close(&node->store);
}

static void node_server(struct node *node, enum tg_config_scheme scheme, const char *host,
			uint16_t port)
{
	struct tg_config_store *store = &node->cluster.stores[node->cluster.stores_n++];

	store->scheme = scheme;
	snprintf(store->host, sizeof(store->host), "%s", host);
	store->port = port;
}

static void run_for(struct event_base *base, unsigned int ms)
{
	const struct timeval end = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	event_base_loopexit(base, &end);
	event_base_dispatch(base);
}

/* Until @condition, 10 s at most. */
#define RUN_UNTIL(base, condition)                                                                 \
	do {                                                                                       \
		int left_;                                                                         \
		for (left_ = 1000; left_ && !(condition); left_--)                                 \
			run_for(base, 10);                                                         \
		CHECK(left_, "not within 10 s");                                                   \
	} while (0)

/* What was asked of the resolver and given up is let go by the event loop. */
static void base_free(struct event_base *base)
{
	run_for(base, 1);
	event_base_free(base);
}

static const char *error_of(const struct node *node)
{
	return tg_store_status(node->store)->error;
}

TEST(test_two_nodes)
{
	struct event_base *base = event_base_new();
	struct node a = {}, b = {};
	struct redis redis = {};

	CHECK(redis_start(&redis, "two", NULL));
	node_server(&a, TG_CONFIG_UNIX, redis.socket, 0);
	node_server(&b, TG_CONFIG_UNIX, redis.socket, 0);
	b.cluster.stores[0].database = a.cluster.stores[0].database = 3;
	node_open(&a, base, "a");
	RUN_UNTIL(base, a.rounds > 2);
	CHECK(a.n == 0, "%zu frames, with nobody else there", a.n);
	node_open(&b, base, "b");
	RUN_UNTIL(base, a.n == 1 && b.n == 1);
	CHECK(strcmp(a.first, "b") == 0 && strcmp(b.first, "a") == 0, "\"%s\", \"%s\"", a.first,
	      b.first);
	b.frame = "b anew";
	RUN_UNTIL(base, strcmp(a.first, "b anew") == 0);
	CHECK(tg_store_status(a.store)->connected && tg_store_status(a.store)->connects == 1);
	CHECK(tg_store_status(a.store)->rounds == a.rounds && a.losses == 0);
	CHECK(strncmp(tg_store_status(a.store)->server, "unix:/", 6) == 0);
	CHECK(strcmp(redis_ask(&redis, "-n 3 PTTL 'tg1:{edge}:f:a'"), "2900") > 0, "the expiry");
	node_close(&b);
	run_for(base, 50);
	CHECK(a.n == 0, "a frame of a node that has left");
	CHECK(strcmp(redis_ask(&redis, "-n 3 SMEMBERS 'tg1:{edge}:m'"), "a") == 0);
	node_close(&a);
	CHECK(strcmp(redis_ask(&redis, "-n 3 SCARD 'tg1:{edge}:m'"), "0") == 0);
	redis_stop(&redis);
	base_free(base);
}

TEST(test_server_stops)
{
	struct event_base *base = event_base_new();
	struct redis redis = {};
	struct node a = {}, b = {};
	unsigned int before;

	CHECK(redis_start(&redis, "stops", NULL));
	node_server(&a, TG_CONFIG_UNIX, redis.socket, 0);
	node_server(&b, TG_CONFIG_UNIX, redis.socket, 0);
	node_open(&a, base, "a");
	node_open(&b, base, "b");
	RUN_UNTIL(base, a.n == 1 && b.n == 1);

	/* Frozen: one round is lost, the others are not begun. */
	before = a.begun;
	kill(redis.process, SIGSTOP);
	RUN_UNTIL(base, a.losses == 1 && b.losses == 1);
	CHECK(a.begun <= before + 2, "%u rounds", a.begun - before);
	CHECK(strcmp(error_of(&a), "no answer within 500 ms") == 0, "%s", error_of(&a));
	CHECK(!tg_store_status(a.store)->connected && tg_store_status(a.store)->missed > 10);
	kill(redis.process, SIGCONT);
	before = a.rounds;
	RUN_UNTIL(base, a.rounds > before + 2 && a.n == 1 && b.n == 1);
	CHECK(error_of(&a)[0] == '\0', "%s", error_of(&a));

	/* Killed, and back without anything. */
	redis_stop(&redis);
	RUN_UNTIL(base,
		  !tg_store_status(a.store)->connected && !tg_store_status(b.store)->connected);
	run_for(base, 200);
	CHECK(strcmp(error_of(&a), "No such file or directory") == 0, "%s", error_of(&a));
	CHECK(redis_start(&redis, "stops", NULL));
	before = a.rounds;
	RUN_UNTIL(base, a.rounds > before + 1 && a.n == 1 && b.n == 1);

	/* Emptied: within a second the members are there again. */
	CHECK(strcmp(redis_ask(&redis, "FLUSHALL"), "OK") == 0);
	before = a.rounds;
	RUN_UNTIL(base, a.rounds > before + 60 && a.n == 1 && b.n == 1);
	CHECK(tg_store_status(a.store)->connected);
	node_close(&a);
	node_close(&b);
	redis_stop(&redis);
	base_free(base);
}

int main(void)
{
	static const struct tg_test tests[] = {
		RUN(test_two_nodes),
		RUN(test_server_stops),
	};

	tg_log_setup("test_store", TG_LOG_DEBUG, TG_LOG_TEXT);
	if (!redis_dir_make()) {
		perror("mkdtemp");
		return 1;
	}
	return tg_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes that exchange frames each tick, as tests see them; the clock can be put ahead. */
#ifndef TG_TEST_STORE_NODE_H
#define TG_TEST_STORE_NODE_H

#include <fcntl.h>
#include <sanitizer/common_interface_defs.h>
#include <sys/syscall.h>

#include "base/clock.h"
#include "base/log.h"
#include "unit/cluster/redis.h"
#include "cluster/store.h"
#include "test.h"

#define TICK_NS 20000000ULL

static uint64_t clock_ahead_s;

/* In place of the C library's, for the store and libevent alike. */
int clock_gettime(clockid_t id, struct timespec *time)
{
	int r = (int)syscall(SYS_clock_gettime, id, time);

	if (r == 0 && id != CLOCK_REALTIME)
		time->tv_sec += clock_ahead_s;
	return r;
}

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

static inline void on_done(void *data, const struct tg_store_answer *round)
{
	struct node *node = data;

	if (!round) {
		node->losses++;
		node->lost_at = tg_now_ns();
		return;
	}
	node->rounds++;
	node->back_at = tg_now_ns();
	node->n = round->n;
	node->first[0] = '\0';
	if (round->n)
		snprintf(node->first, sizeof(node->first), "%.*s", (int)round->frames[0].length,
			 (const char *)round->frames[0].bytes);
}

static inline void on_tick(evutil_socket_t fd, short what, void *data)
{
	struct node *node = data;

	node->begun += tg_store_begin_round(node->store, (const uint8_t *)node->frame,
					    strlen(node->frame));
}

static inline void node_open(struct node *node, struct event_base *base, const char *name)
{
	const struct timeval tick = {.tv_usec = TICK_NS / 1000};

	strcpy(node->cluster.name, "edge");
	strcpy(node->cluster.node, name);
	if (!node->cluster.interval)
		node->cluster.interval = TICK_NS;
	node->base = base;
	node->frame = name;
	node->tick = event_new(base, -1, EV_PERSIST, on_tick, node);
	CHECK(tg_store_open(base, &node->cluster, on_done, node, &node->store) == 0);
	event_add(node->tick, &tick);
}

static inline void node_close(struct node *node)
{
	event_free(node->tick);
	tg_store_close(&node->store);
}

static inline void node_server(struct node *node, enum tg_config_scheme scheme, const char *host,
			       uint16_t port)
{
	struct tg_config_store *store = &node->cluster.stores[node->cluster.stores_n++];

	store->scheme = scheme;
	snprintf(store->host, sizeof(store->host), "%s", host);
	store->port = port;
}

static inline void run_for(struct event_base *base, unsigned int ms)
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
		CHECK(left_, "not within 10 s: %s", #condition);                                   \
	} while (0)

/* Puts the clock ahead while no round is under way, which would be out of time then. */
#define CLOCK_JUMP(base, node, s)                                                                  \
	do {                                                                                       \
		RUN_UNTIL(base, (node)->begun == (node)->rounds + (node)->losses);                 \
		clock_ahead_s += (s);                                                              \
	} while (0)

/* What was asked of the resolver and given up is let go by the event loop. */
static inline void base_free(struct event_base *base)
{
	run_for(base, 1);
	event_base_free(base);
}

static inline const char *error_of(const struct node *node)
{
	return tg_store_status(node->store)->error;
}

/* The log from now on goes to a file. */
static inline void log_capture(void)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "%s/log", redis_dir);
	fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_APPEND, 0600);
	__sanitizer_set_report_fd((void *)(long)dup(STDERR_FILENO));
	dup2(fd, STDERR_FILENO);
	close(fd);
}

/* Lines of the captured log in which @text stands. */
static inline unsigned int log_count(const char *text)
{
	char path[96], line[1024];
	unsigned int n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/log", redis_dir);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		n += strstr(line, text) != NULL;
	if (file)
		fclose(file);
	return n;
}

/* A file of the test's directory; its path. */
static inline const char *file_write(const char *name, const char *text)
{
	static char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", redis_dir, name);
	file = fopen(path, "w");
	if (!file || fputs(text, file) < 0 || fclose(file))
		perror(path);
	return path;
}

#define STORE_TEST_MAIN(...)                                                                       \
	int main(void)                                                                             \
	{                                                                                          \
		static const struct tg_test tests[] = {__VA_ARGS__};                               \
		tg_log_setup("test", TG_LOG_DEBUG, TG_LOG_TEXT);                                   \
		if (!redis_dir_make()) {                                                           \
			perror("mkdtemp");                                                         \
			return 1;                                                                  \
		}                                                                                  \
		signal(SIGPIPE, SIG_IGN);                                                          \
		log_capture();                                                                     \
		return tg_test_main(tests, sizeof(tests) / sizeof(tests[0]));                      \
	}

#endif

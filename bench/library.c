// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * library STATE LIMIT REDIS ROUNDS: what it costs to charge one of a thousand keys, ns a call: by
 * libtidegate; by a mutex and a bucket in the process itself, which no other process could share;
 * and by GCRA in a script in Redis behind a Unix socket. In turn, ROUNDS times. Prints JSON.
 */
#include <hiredis/hiredis.h>
#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <tidegate.h>
#include <time.h>

#define KEYS	   1000
#define KEY_SIZE   32
#define CALLS	   200000
#define REDIS_PART 10	/* so much fewer calls of what takes so much longer */
#define INTERVAL   1000 /* ns a token */
#define BURST	   1000000000ULL

static char keys[KEYS][KEY_SIZE];
static struct tidegate *gate;
static const char *limit;
static redisContext *redis;
static char *script; /* its hash */

static struct {
	pthread_mutex_t lock;
	uint64_t arrival[KEYS];
} process = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Redis's own clock, as its manual wants it; a key goes when it says nothing any more. */
static const char gcra[] =
	"local t = redis.call('TIME') local now = t[1] * 1000000 + t[2] "
	"local tat = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now) + ARGV[1] "
	"local ahead = tat - now - ARGV[2] "
	"if ahead > 0 then return {0, 0, math.ceil(ahead)} end "
	"redis.call('SET', KEYS[1], tat, 'PX', math.ceil((tat - now) / 1000) + 1) "
	"return {1, math.floor(-ahead / ARGV[1]), 0}";

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

static bool by_library(unsigned int key)
{
	struct tidegate_answer answer;

	return tidegate_charge(gate, limit, keys[key], 1, &answer) == 0 && answer.admitted;
}

static bool by_mutex(unsigned int key)
{
	uint64_t time, arrival;
	bool admitted;

	pthread_mutex_lock(&process.lock);
	time = now();
	arrival = process.arrival[key] > time ? process.arrival[key] : time;
	admitted = arrival + INTERVAL - time <= BURST;
	if (admitted)
		process.arrival[key] = arrival + INTERVAL;
	pthread_mutex_unlock(&process.lock);
	return admitted;
}

static bool by_redis(unsigned int key)
{
	redisReply *reply = redisCommand(redis, "EVALSHA %s 1 %s 1 1000000", script, keys[key]);
	bool admitted = reply && reply->type == REDIS_REPLY_ARRAY && reply->element[0]->integer;

	freeReplyObject(reply);
	return admitted;
}

static const struct {
	const char *name;
	bool (*charge)(unsigned int key);
	unsigned int calls;
} contestants[] = {
	{"tidegate", by_library, CALLS},
	{"mutex in the process", by_mutex, CALLS},
	{"GCRA in Redis, Unix socket", by_redis, CALLS / REDIS_PART},
};

#define CONTESTANTS (sizeof(contestants) / sizeof(contestants[0]))

static double measure(size_t which)
{
	unsigned int i, calls = contestants[which].calls, admitted = 0;
	uint64_t started = now();

	for (i = 0; i < calls; i++)
		admitted += contestants[which].charge(i % KEYS);
	started = now() - started;
	if (admitted != calls) {
		fprintf(stderr, "%s: %u of %u were admitted\n", contestants[which].name, admitted,
			calls);
		exit(1);
	}
	return (double)started / calls;
}

static bool prepare(const char *state, const char *socket)
{
	redisReply *reply;
	int i;

	for (i = 0; i < KEYS; i++)
		snprintf(keys[i], KEY_SIZE, "api-key-%08x", i * 2654435761U);
	redis = redisConnectUnix(socket);
	if (tidegate_open(state, &gate) || !redis || redis->err)
		return false;
	reply = redisCommand(redis, "SCRIPT LOAD %s", gcra);
	script = reply && reply->type == REDIS_REPLY_STRING ? reply->str : NULL;
	return script;
}

int main(int argc, char **argv)
{
	json_t *result = json_object();
	size_t i;
	int round;

	if (argc != 5 || !prepare(argv[1], argv[3])) {
		fprintf(stderr, "usage: library STATE LIMIT REDIS_SOCKET ROUNDS\n");
		return 1;
	}
	limit = argv[2];
	for (i = 0; i < CONTESTANTS; i++) {
		json_object_set_new(result, contestants[i].name, json_array());
		measure(i);
	}
	for (round = 0; round < atoi(argv[4]); round++)
		for (i = 0; i < CONTESTANTS; i++)
			json_array_append_new(json_object_get(result, contestants[i].name),
					      json_real(measure(i)));
	json_dumpf(result, stdout, JSON_COMPACT);
	putchar('\n');
	return 0;
}

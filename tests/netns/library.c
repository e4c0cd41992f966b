// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Drives libtidegate for the tests.
 *	library charge STATE LIMIT KEY THREADS SECONDS	all at once; "ADMITTED REFUSED ERRORS"
 *	library follow STATE LIMIT KEY SECONDS		each change of what a peek returns, a line
 *	library abandon STATE LIMIT KEY N		waits begun, tried and left: "WAITING AFTER"
 *	library wait STATE LIMIT KEY MAX_MS BACKOFF_MS	"ADMITTED TRIES SLEPT_MS"
 *	library empty-wait ...				likewise, after emptying the bucket
 *	library fork STATE LIMIT KEY THREADS SECONDS	children, while threads charge this and a
 *							limit that is none: "CHILDREN FAILED"
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <tidegate.h>
#include <time.h>
#include <unistd.h>

static struct tidegate *handle;
static const char *limit, *key;
static uint64_t until, admitted, refused, errors;

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

static void *charge_on(void *unused)
{
	struct tidegate_answer answer;
	int error;

	while (now() < until) {
		error = tidegate_charge(handle, limit, key, 1, &answer);
		__atomic_add_fetch(error	     ? &errors
				   : answer.admitted ? &admitted
						     : &refused,
				   1, __ATOMIC_RELAXED);
		if (error && errors == 1)
			fprintf(stderr, "%s\n", tidegate_strerror(error));
	}
	return NULL;
}

static int charge(int threads, int seconds)
{
	pthread_t made[64];
	int i;

	until = now() + seconds * 1000000000ULL;
	for (i = 0; i < threads; i++)
		pthread_create(&made[i], NULL, charge_on, NULL);
	for (i = 0; i < threads; i++)
		pthread_join(made[i], NULL);
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", admitted, refused, errors);
	return 0;
}

static void *charge_both(void *unused)
{
	struct tidegate_answer answer;

	while (now() < until) {
		tidegate_charge(handle, limit, key, 0, &answer);
		if (tidegate_charge(handle, "no such limit", key, 0, &answer) != -ENOENT)
			__atomic_add_fetch(&errors, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* In the child: a new handle too, which needs the library's own lock. */
static void be_child(const char *state)
{
	struct tidegate_answer answer;
	struct tidegate *other;

	alarm(20);
	if (tidegate_charge(handle, limit, key, 0, &answer) ||
	    tidegate_charge(handle, "no such limit", key, 0, &answer) != -ENOENT ||
	    tidegate_open(state, &other) || tidegate_charge(other, limit, key, 0, &answer))
		_exit(1);
	tidegate_close(&other);
	tidegate_close(&handle);
	_exit(0);
}

static int fork_on(const char *state, int threads, int seconds)
{
	int i, status, children = 0, failed = 0;
	pthread_t made[64];
	pid_t child;

	until = now() + seconds * 1000000000ULL;
	for (i = 0; i < threads; i++)
		pthread_create(&made[i], NULL, charge_both, NULL);
	while (now() < until && !failed) {
		child = fork();
		if (!child)
			be_child(state);
		children++;
		failed += waitpid(child, &status, 0) != child || status;
	}
	for (i = 0; i < threads; i++)
		pthread_join(made[i], NULL);
	printf("%d %d\n", children, failed + (int)errors);
	return 0;
}

static int follow(int seconds)
{
	struct tidegate_answer answer;
	int error, last = 1;

	for (until = now() + seconds * 1000000000ULL; now() < until; usleep(10000)) {
		error = tidegate_peek(handle, limit, key, 0, &answer);
		if (error != last)
			printf("%s\n", error ? tidegate_strerror(error) : "good");
		fflush(stdout);
		last = error;
	}
	return 0;
}

static int abandon(int n)
{
	const struct tidegate_patience patience = {.max_ns = 2000000000, .backoff_ns = 100000000};
	struct tidegate_wait **waits = calloc(n, sizeof(struct tidegate_wait *));
	struct tidegate_answer answer;
	uint64_t sleep_ns;
	int i, waiting = 0;

	for (i = 0; i < n; i++) {
		tidegate_wait_begin(handle, limit, key, 1, &patience, &waits[i]);
		waiting += tidegate_wait_try(waits[i], &answer, &sleep_ns) == 1;
	}
	if (waiting != n)
		fprintf(stderr, "%d of %d have to wait\n", waiting, n);
	printf("%" PRIu64, tidegate_waiting(handle));
	for (i = 0; i < n; i++)
		tidegate_wait_end(&waits[i]);
	printf(" %" PRIu64 "\n", tidegate_waiting(handle));
	free(waits);
	return waiting != n;
}

static void empty(void)
{
	struct tidegate_answer answer;

	while (tidegate_charge(handle, limit, key, 1, &answer) == 0 && answer.admitted)
		;
}

static int await(uint64_t max_ms, uint64_t backoff_ms)
{
	const struct tidegate_patience patience = {.max_ns = max_ms * 1000000,
						   .backoff_ns = backoff_ms * 1000000};
	struct tidegate_answer answer;
	struct tidegate_wait *wait;
	uint64_t sleep_ns, slept = 0;
	int tries = 1, r;

	tidegate_wait_begin(handle, limit, key, 1, &patience, &wait);
	while ((r = tidegate_wait_try(wait, &answer, &sleep_ns)) == 1) {
		usleep(sleep_ns / 1000 + 1);
		slept += sleep_ns;
		tries++;
	}
	tidegate_wait_end(&wait);
	if (r)
		printf("%s\n", tidegate_strerror(r));
	else
		printf("%u %d %" PRIu64 "\n", answer.admitted, tries, slept / 1000000);
	return 0;
}

int main(int argc, char **argv)
{
	int result = 2;

	if (argc < 6 || tidegate_open(argv[2], &handle))
		return 2;
	limit = argv[3];
	key = argv[4];
	if (strcmp(argv[1], "charge") == 0 && argc == 7)
		result = charge(atoi(argv[5]), atoi(argv[6]));
	else if (strcmp(argv[1], "fork") == 0 && argc == 7)
		result = fork_on(argv[2], atoi(argv[5]), atoi(argv[6]));
	else if (strcmp(argv[1], "follow") == 0)
		result = follow(atoi(argv[5]));
	else if (strcmp(argv[1], "abandon") == 0)
		result = abandon(atoi(argv[5]));
	else if (argc == 7 &&
		 (strcmp(argv[1], "wait") == 0 || strcmp(argv[1], "empty-wait") == 0)) {
		if (strcmp(argv[1], "empty-wait") == 0)
			empty();
		result = await(strtoull(argv[5], NULL, 10), strtoull(argv[6], NULL, 10));
	}
	tidegate_close(&handle);
	return result;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Many threads on one handle, names that no limit has, and children; the program is the test's. */
#include <bpf/bpf.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <tidegate.h>
#include <tidegate/app.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "test.h"

#define PATIENCE 20 /* s; only what hangs takes so long */

/* In the place of the program in force. */
static struct {
	pthread_mutex_t lock; /* of the next two */
	pthread_cond_t changed;
	unsigned int inside; /* charges of "slow" under way */
	bool hold;	     /* they last until it is false */
	bool overlap;	     /* charges of "busy" last until another one has begun */
	unsigned int begun;  /* charges of "busy" */
} program = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

int bpf_obj_get(const char *path)
{
	return dup(STDERR_FILENO);
}

static struct timespec in(unsigned int seconds)
{
	struct timespec at;

	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_sec += seconds;
	return at;
}

static void stay_inside(void)
{
	pthread_mutex_lock(&program.lock);
	program.inside++;
	pthread_cond_broadcast(&program.changed);
	while (program.hold)
		pthread_cond_wait(&program.changed, &program.lock);
	program.inside--;
	pthread_mutex_unlock(&program.lock);
}

/* Long enough for another thread to begin, if it may. */
static struct timespec soon(void)
{
	struct timespec at = in(0);

	at.tv_nsec += NS_PER_S / 5;
	at.tv_sec += at.tv_nsec / NS_PER_S;
	at.tv_nsec %= NS_PER_S;
	return at;
}

/* Ends only after another thread has come in, so that there is always one inside. */
static void stay_until_next(void)
{
	struct timespec end = soon();
	unsigned int own;

	pthread_mutex_lock(&program.lock);
	own = ++program.begun;
	pthread_cond_broadcast(&program.changed);
	while (program.overlap && program.begun == own)
		if (pthread_cond_timedwait(&program.changed, &program.lock, &end))
			break;
	pthread_mutex_unlock(&program.lock);
}

/* Limits 1 to 4 by their names, all with per: key; "new..." are limits as well. */
int bpf_prog_test_run_opts(int fd, struct bpf_test_run_opts *options)
{
	static const char *const names[] = {"", "slow", "busy", "quick"};
	struct tg_app_request *request = (struct tg_app_request *)options->ctx_in;
	unsigned int i;

	if (request->what != TG_APP_FIND) {
		request->result = TG_APP_ADMITTED;
		if (request->limit_id == 1)
			stay_inside();
		if (request->limit_id == 2)
			stay_until_next();
		return 0;
	}
	request->per = TG_PER_KEY;
	request->result = TG_APP_UNKNOWN;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(request->name, names[i]) == 0 || strncmp(request->name, "new", 3) == 0) {
			request->limit_id = i;
			request->result = TG_APP_UNANSWERED;
		}
	return 0;
}

static int charge(struct tidegate *handle, const char *limit)
{
	struct tidegate_answer answer;

	return tidegate_charge(handle, limit, "key", 1, &answer);
}

static struct tidegate *handle;
static bool end;

static bool is_ended(void)
{
	return __atomic_load_n(&end, __ATOMIC_RELAXED);
}

static void *charge_slow(void *data)
{
	charge(handle, "slow");
	return NULL;
}

static void *charge_busy(void *data)
{
	while (!is_ended())
		charge(handle, "busy");
	return NULL;
}

static void *charge_all(void *data)
{
	while (!is_ended()) {
		charge(handle, "quick");
		charge(handle, "no such");
	}
	return NULL;
}

static void *charge_unknown(void *data)
{
	int *error = data;

	*error = charge(handle, "no such");
	return NULL;
}

/* Ends the test program, because a thread that hangs cannot be ended otherwise. */
static void join(pthread_t thread, const char *what)
{
	struct timespec at = in(PATIENCE);

	if (pthread_timedjoin_np(thread, NULL, &at) == 0)
		return;
	printf("%s hangs\n", what);
	_exit(1);
}

static void open_handle(void)
{
	CHECK(tidegate_open("/nowhere", &handle) == 0);
	CHECK(charge(handle, "quick") == 0);
	end = false;
}

/* A name that no limit has waits for nobody: not for those whose charge is under way. */
TEST(unknown_names_wait_for_nobody)
{
	pthread_t slow, unknown;
	int error = 0;

	open_handle();
	program.hold = true;
	pthread_create(&slow, NULL, charge_slow, NULL);
	pthread_mutex_lock(&program.lock);
	while (!program.inside)
		pthread_cond_wait(&program.changed, &program.lock);
	pthread_mutex_unlock(&program.lock);
	pthread_create(&unknown, NULL, charge_unknown, &error);
	join(unknown, "a charge of an unknown name");
	CHECK(error == -ENOENT, "%d", error);
	CHECK(charge(handle, "quick") == 0, "others go on");
	pthread_mutex_lock(&program.lock);
	program.hold = false;
	pthread_cond_broadcast(&program.changed);
	pthread_mutex_unlock(&program.lock);
	join(slow, "a charge");
	tidegate_close(&handle);
}

static void *learn_new(void *data)
{
	charge(handle, "new");
	return NULL;
}

/* A limit is learnt although there is always a charge under way. */
TEST(charges_starve_nobody)
{
	pthread_t busy[3], learner;
	size_t i;

	open_handle();
	charge(handle, "busy");
	program.overlap = true;
	for (i = 0; i < 3; i++)
		pthread_create(&busy[i], NULL, charge_busy, NULL);
	pthread_create(&learner, NULL, learn_new, NULL);
	join(learner, "a limit's first charge");
	__atomic_store_n(&end, true, __ATOMIC_RELAXED);
	for (i = 0; i < 3; i++)
		join(busy[i], "a charge");
	program.overlap = false;
	tidegate_close(&handle);
}

/* In the child. Another handle, and limits that the parent's handle has not learnt, need its lock.
 */
static void be_child(unsigned int i)
{
	struct tidegate *other;
	char name[16];

	alarm(PATIENCE);
	snprintf(name, sizeof(name), "new%u", i);
	if (charge(handle, "quick") || charge(handle, name) || charge(handle, "no such") != -ENOENT)
		_exit(1);
	if (tidegate_open("/elsewhere", &other) || charge(other, "quick"))
		_exit(2);
	tidegate_close(&other);
	tidegate_close(&handle);
	_exit(0);
}

/* A server forks while its threads charge, and the child charges by the same handle. */
TEST(children)
{
	pthread_t threads[3];
	int status, failed = 0;
	unsigned int i;
	pid_t child;

	open_handle();
	for (i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, charge_all, NULL);
	for (i = 0; i < 200 && !failed; i++) {
		child = fork();
		if (!child)
			be_child(i);
		failed = waitpid(child, &status, 0) != child || status;
		CHECK(!failed, "child %u: %#x", i, status);
	}
	__atomic_store_n(&end, true, __ATOMIC_RELAXED);
	for (i = 0; i < 3; i++)
		join(threads[i], "a thread of the parent");
	CHECK(charge(handle, "quick") == 0, "the parent goes on");
	tidegate_close(&handle);
}

/* A child of a child, and handles that come and go meanwhile. */
TEST(grandchildren)
{
	struct tidegate *second;
	int status = -1;
	pid_t child;

	open_handle();
	CHECK(tidegate_open("/second", &second) == 0);
	child = fork();
	if (!child) {
		tidegate_close(&second);
		child = fork();
		if (!child)
			be_child(0);
		_exit(waitpid(child, &status, 0) == child && status == 0 ? 0 : 1);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0, "%#x", status);
	CHECK(charge(second, "quick") == 0);
	tidegate_close(&second);
	tidegate_close(&handle);
}

TEST_MAIN(RUN(unknown_names_wait_for_nobody), RUN(charges_starve_nobody), RUN(children),
	  RUN(grandchildren))

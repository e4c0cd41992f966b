// SPDX-License-Identifier: GPL-2.0-or-later
/* The control socket, both ends in one process. Peers without rights:
 * tests/netns/test_exit_codes.sh. */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "control/server.h"
#include "base/log.h"
#include "test.h"

struct fixture {
	char directory[64], path[96];
	struct event_base *base;
	struct tg_control *control;
	int handled;
	struct tg_pending *pending; /* the last; freed if its request did not say "later" */
	char *more;		    /* text that answers carry beside the request, or NULL */
};

static void echo(void *data, json_t *request, bool may_change, struct tg_pending *pending)
{
	struct fixture *fixture = data;

	fixture->handled++;
	fixture->pending = pending;
	if (!json_object_get(request, "later"))
		tg_control_reply(pending, json_pack("{s:i, s:O, s:s*}", "code", 0, "result",
						    request, "more", fixture->more));
}

static bool fixture_open(struct fixture *fixture)
{
	memset(fixture, 0, sizeof(*fixture));
	tg_log_setup("test", TG_LOG_ERROR, TG_LOG_TEXT);
	strcpy(fixture->directory, "/var/tmp/tidegate-unit.XXXXXX");
	if (!mkdtemp(fixture->directory))
		return false;
	snprintf(fixture->path, sizeof(fixture->path), "%s/run/control.sock", fixture->directory);
	fixture->base = event_base_new();
	return tg_control_open(fixture->base, fixture->path, echo, fixture, &fixture->control) == 0;
}

static void fixture_close(struct fixture *fixture)
{
	char parent[96];

	tg_control_close(&fixture->control);
	event_base_free(fixture->base);
	CHECK(access(fixture->path, F_OK) && errno == ENOENT, "the socket is unlinked");
	snprintf(parent, sizeof(parent), "%s/run", fixture->directory);
	rmdir(parent);
	rmdir(fixture->directory);
}

static int dial(const struct fixture *fixture)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(address.sun_path, fixture->path);
	CHECK(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "%s",
	      strerror(errno));
	return fd;
}

static void turn(struct fixture *fixture)
{
	int i;

	for (i = 0; i < 20; i++)
		event_base_loop(fixture->base, EVLOOP_NONBLOCK);
}

/* Sends, lets the daemon's side work, and reads what has come back. */
static const char *talk(struct fixture *fixture, int fd, const char *text, size_t length)
{
	static char answer[65536];
	ssize_t n;

	CHECK(send(fd, text, length, MSG_NOSIGNAL) == (ssize_t)length, "send");
	turn(fixture);
	n = recv(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT);
	answer[n > 0 ? n : 0] = '\0';
	return answer;
}

static const char *say(struct fixture *fixture, int fd, const char *text)
{
	return talk(fixture, fd, text, strlen(text));
}

TEST(test_requests)
{
	struct fixture f;
	const char *answer;
	int fd;

	CHECK(fixture_open(&f), "open");
	fd = dial(&f);
	CHECK(strcmp(say(&f, fd, "{\"a\":1}\n"), "{\"code\":0,\"result\":{\"a\":1}}\n") == 0,
	      "one");
	answer = say(&f, fd, "{\"a\":1}\n{\"b\":2}\n{\"c\"");
	CHECK(strcmp(answer,
		     "{\"code\":0,\"result\":{\"a\":1}}\n{\"code\":0,\"result\":{\"b\":2}}\n") == 0,
	      "two and a half: %s", answer);
	CHECK(strcmp(say(&f, fd, ":3}\n"), "{\"code\":0,\"result\":{\"c\":3}}\n") == 0,
	      "the other half");
	CHECK(f.handled == 4, "%d", f.handled);
	close(fd);
	turn(&f);
	fixture_close(&f);
}

TEST(test_nonsense)
{
	static const char *const nonsense[] = {"\n",
					       "hello\n",
					       "[1]\n",
					       "1\n",
					       "null\n",
					       "{\"a\":1,\"a\":2}\n",
					       "{\"a\":\"\xff\"}\n",
					       "{}{}\n",
					       "{\"a\":\n"};
	struct fixture f;
	size_t i;
	int fd;

	CHECK(fixture_open(&f), "open");
	fd = dial(&f);
	for (i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++)
		CHECK(strncmp(say(&f, fd, nonsense[i]), "{\"code\":2,", 10) == 0, "%s",
		      nonsense[i]);
	CHECK(f.handled == 0, "none reached the handler");
	CHECK(strstr(say(&f, fd, "{}\n"), "\"code\":0"), "and the connection goes on");
	close(fd);
	turn(&f);
	fixture_close(&f);
}

TEST(test_too_long)
{
	static char line[70000];
	struct fixture f;
	int fd;

	CHECK(fixture_open(&f), "open");
	fd = dial(&f);
	memset(line, '[', sizeof(line));
	CHECK(strstr(talk(&f, fd, line, sizeof(line)), "at most 65536 bytes"), "refused");
	turn(&f);
	CHECK(recv(fd, line, 1, MSG_DONTWAIT) <= 0, "closed");
	close(fd);
	fd = dial(&f);
	CHECK(strstr(say(&f, fd, "{}\n"), "\"code\":0"), "others are served");
	close(fd);
	turn(&f);
	fixture_close(&f);
}

/* Who asks and does not read is answered once, and again as soon as it reads. */
TEST(test_asks_without_reading)
{
	static char more[1 << 20], answer[1 << 16];
	struct fixture f;
	int fd, i, answers = 0;
	ssize_t n;

	CHECK(fixture_open(&f), "open");
	memset(more, 'x', sizeof(more) - 1);
	f.more = more;
	fd = dial(&f);
	for (i = 0; i < 100; i++)
		CHECK(send(fd, "{}\n", 3, MSG_NOSIGNAL) == 3, "send");
	turn(&f);
	CHECK(f.handled == 1, "%d answers of a megabyte are waiting", f.handled);
	for (i = 0; i < 100000 && answers < 100; i++) {
		n = recv(fd, answer, sizeof(answer), MSG_DONTWAIT);
		while (n > 0)
			answers += answer[--n] == '\n';
		event_base_loop(f.base, EVLOOP_NONBLOCK);
	}
	CHECK(answers == 100 && f.handled == 100, "%d answers", answers);
	close(fd);
	turn(&f);
	fixture_close(&f);
}

TEST(test_many_clients)
{
	struct fixture f;
	int fds[280], i, served = 0;

	CHECK(fixture_open(&f), "open");
	for (i = 0; i < 280; i++) {
		fds[i] = dial(&f);
		turn(&f);
	}
	for (i = 0; i < 280; i++) {
		send(fds[i], "{}\n", 3, MSG_NOSIGNAL);
		turn(&f);
	}
	served = f.handled;
	CHECK(served == 256, "%d served at once", served);
	for (i = 0; i < 280; i++)
		close(fds[i]);
	turn(&f);
	fds[0] = dial(&f);
	CHECK(strstr(say(&f, fds[0], "{}\n"), "\"code\":0"), "room again");
	close(fds[0]);
	turn(&f);
	fixture_close(&f);
}

TEST(test_socket_file)
{
	struct tg_control *second = NULL;
	struct fixture f;
	struct stat status;
	FILE *file;
	int fd;

	CHECK(fixture_open(&f), "open");
	CHECK(stat(f.path, &status) == 0 && (status.st_mode & 0777) == 0660, "mode %o",
	      status.st_mode);
	CHECK(tg_control_open(f.base, f.path, echo, &f, &second) == -EADDRINUSE && !second,
	      "a live socket is not replaced");
	fixture_close(&f);

	CHECK(fixture_open(&f), "open");
	tg_control_close(&f.control);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	strcpy(address.sun_path, f.path);
	CHECK(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "bind");
	close(fd);
	CHECK(tg_control_open(f.base, f.path, echo, &f, &f.control) == 0, "a dead one is replaced");
	tg_control_close(&f.control);
	file = fopen(f.path, "w");
	fclose(file);
	CHECK(tg_control_open(f.base, f.path, echo, &f, &f.control) == -EEXIST, "a file is not");
	unlink(f.path);
	fixture_close(&f);
}

/* A reply that comes later: others are served, the client's next request is not. */
TEST(test_later)
{
	struct fixture f;
	struct tg_pending *pending;
	int slow, other;

	CHECK(fixture_open(&f));
	slow = dial(&f);
	other = dial(&f);
	CHECK(!*say(&f, slow, "{\"later\":1}\n{\"b\":2}\n") && f.handled == 1, "no reply yet");
	pending = f.pending;
	CHECK(strstr(say(&f, other, "{\"c\":3}\n"), "\"c\":3"), "others get theirs");
	CHECK(!*say(&f, slow, "{\"d\":4}\n") && f.handled == 2, "its next waits");
	tg_control_reply(pending, json_pack("{s:i}", "code", 7));
	CHECK(strcmp(say(&f, slow, ""), "{\"code\":7}\n{\"code\":0,\"result\":{\"b\":2}}\n"
					"{\"code\":0,\"result\":{\"d\":4}}\n") == 0,
	      "in order");
	CHECK(!*say(&f, slow, "{\"later\":1}\n"));
	tg_control_reply(f.pending, NULL);
	CHECK(strstr(say(&f, slow, ""), "out of memory"), "NULL says that memory is short");
	close(slow);
	close(other);
	turn(&f);
	fixture_close(&f);
}

/* AddressSanitizer sees whether a client that has gone is written to. */
TEST(test_gone_meanwhile)
{
	struct fixture f;
	int fd;

	CHECK(fixture_open(&f));
	fd = dial(&f);
	say(&f, fd, "{\"later\":1}\n");
	close(fd);
	turn(&f);
	tg_control_reply(f.pending, json_pack("{s:i}", "code", 0));
	turn(&f);
	fd = dial(&f);
	CHECK(strstr(say(&f, fd, "{\"a\":1}\n"), "\"a\":1"), "all goes on");
	close(fd);
	turn(&f);
	fixture_close(&f);
}

/* Runs the loop for @ms. Returns the CPU time that it took, in ms. */
static unsigned int run_for(struct fixture *fixture, unsigned int ms)
{
	const struct timeval end = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	clock_t before = clock();

	event_base_loopexit(fixture->base, &end);
	event_base_dispatch(fixture->base);
	return (clock() - before) * 1000 / CLOCKS_PER_SEC;
}

/* Without descriptors the loop does not spin, and says so once. Later the client is accepted. */
TEST(test_no_descriptors)
{
	struct rlimit before, none;
	struct fixture f;
	char log[4096] = "";
	unsigned int ms;
	int fd, saved, pipes[2];

	CHECK(fixture_open(&f) && pipe2(pipes, O_NONBLOCK) == 0);
	fd = dial(&f);
	saved = dup(STDERR_FILENO);
	CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
	none = before;
	none.rlim_cur = 3;
	dup2(pipes[1], STDERR_FILENO);
	CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
	ms = run_for(&f, 1000);
	CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(pipes[1]);
	CHECK(read(pipes[0], log, sizeof(log) - 1) > 0, "nothing is logged");
	close(pipes[0]);
	CHECK(strstr(log, "cannot accept clients: Too many open files"), "%.300s", log);
	CHECK(strchr(log, '\n') && !strchr(log, '\n')[1], "more than a line: %.300s", log);
	CHECK(ms < 500, "%u ms of a CPU in a second", ms);

	CHECK(write(fd, "{\"a\":1}\n", 8) == 8);
	run_for(&f, 300);
	CHECK(f.handled == 1, "%d requests", f.handled);
	close(fd);
	turn(&f);
	fixture_close(&f);
}

TEST_MAIN(RUN(test_requests), RUN(test_later), RUN(test_gone_meanwhile), RUN(test_nonsense),
	  RUN(test_too_long), RUN(test_asks_without_reading), RUN(test_many_clients),
	  RUN(test_socket_file), RUN(test_no_descriptors))

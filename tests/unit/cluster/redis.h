/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Redis servers for tests: real ones, each in a directory of its own, and one that says what it is
 * told to. */
#ifndef TG_TEST_REDIS_H
#define TG_TEST_REDIS_H

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define REDIS_WORDS_MAX 32

struct redis {
	pid_t process;
	char socket[96];
};

static char redis_dir[64]; /* of this run */

/* Only by what a signal's handler may call. */
static inline void redis_dir_remove(void)
{
	char *const words[] = {"rm", "-rf", redis_dir, NULL};
	pid_t process = fork();

	if (process == 0) {
		execv("/bin/rm", words);
		_exit(127);
	}
	waitpid(process, NULL, 0);
}

static inline void redis_on_signal(int number)
{
	redis_dir_remove();
	_exit(128 + number);
}

static inline bool redis_dir_make(void)
{
	strcpy(redis_dir, "/var/tmp/tidegate-store.XXXXXX");
	if (!mkdtemp(redis_dir) || atexit(redis_dir_remove))
		return false;
	signal(SIGINT, redis_on_signal);
	signal(SIGTERM, redis_on_signal);
	return true;
}

static inline bool redis_can_connect(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), r;

	strcpy(address.sun_path, path);
	r = connect(fd, (struct sockaddr *)&address, sizeof(address));
	close(fd);
	return r == 0;
}

/* With a socket named @name and more options, which end with NULL. False if it does not come up. */
static inline bool redis_start(struct redis *redis, const char *name, ...)
{
	const char *words[REDIS_WORDS_MAX] = {"redis-server", "--save", "",	   "--appendonly",
					      "no",	      "--port", "0",	   "--loglevel",
					      "warning",      "--dir",	redis_dir, "--unixsocket",
					      redis->socket};
	int i, n = 13;
	va_list args;

	snprintf(redis->socket, sizeof(redis->socket), "%s/%s", redis_dir, name);
	va_start(args, name);
	while (n < REDIS_WORDS_MAX && (words[n] = va_arg(args, const char *)))
		n++;
	va_end(args);
	redis->process = fork();
	if (redis->process == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!freopen("/dev/null", "w", stdout))
			_exit(1);
		execvp(words[0], (char *const *)words);
		_exit(127);
	}
	for (i = 0; i < 500 && waitpid(redis->process, NULL, WNOHANG) == 0; i++) {
		if (redis_can_connect(redis->socket))
			return true;
		usleep(20000);
	}
	return false;
}

static inline void redis_stop(struct redis *redis)
{
	if (redis->process <= 0)
		return;
	kill(redis->process, SIGKILL);
	waitpid(redis->process, NULL, 0);
	unlink(redis->socket);
	redis->process = 0;
}

/* By redis-cli; the first line of the answer. */
static inline const char *redis_ask(const struct redis *redis, const char *command)
{
	static char answer[512];
	char line[1024];
	FILE *pipe;

	snprintf(line, sizeof(line), "redis-cli --no-auth-warning -s '%s' %s 2>&1", redis->socket,
		 command);
	answer[0] = '\0';
	pipe = popen(line, "r");
	if (pipe && fgets(answer, sizeof(answer), pipe))
		answer[strcspn(answer, "\n")] = '\0';
	if (pipe)
		pclose(pipe);
	return answer;
}

/* A server of lies: the first thing that it reads it answers by @greeting, all others by @answer.
 */
struct liar {
	struct evconnlistener *listener;
	char socket[96];
	const char *greeting, *answer, *more; /* NULL: nothing */
	size_t again;			      /* how many times @more follows each answer */
};

struct liar_talk {
	const struct liar *liar;
	bool greeted;
};

static inline void liar_read(struct bufferevent *connection, void *data)
{
	struct liar_talk *talk = data;
	size_t i;

	const char *text = talk->greeted ? talk->liar->answer : talk->liar->greeting;

	evbuffer_drain(bufferevent_get_input(connection), SIZE_MAX);
	if (text)
		bufferevent_write(connection, text, strlen(text));
	for (i = 0; talk->greeted && i < talk->liar->again; i++)
		evbuffer_add_reference(bufferevent_get_output(connection), talk->liar->more,
				       strlen(talk->liar->more), NULL, NULL);
	talk->greeted = true;
}

static inline void liar_event(struct bufferevent *connection, short what, void *data)
{
	bufferevent_free(connection);
	free(data);
}

static inline void liar_accept(struct evconnlistener *listener, evutil_socket_t fd,
			       struct sockaddr *from, int length, void *data)
{
	struct bufferevent *connection = bufferevent_socket_new(evconnlistener_get_base(listener),
								fd, BEV_OPT_CLOSE_ON_FREE);
	struct liar_talk *talk = calloc(1, sizeof(*talk));

	talk->liar = data;
	bufferevent_setcb(connection, liar_read, NULL, liar_event, talk);
	bufferevent_enable(connection, EV_READ | EV_WRITE);
}

static inline bool liar_start(struct liar *liar, struct event_base *base)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(liar->socket, sizeof(liar->socket), "%s/liar", redis_dir);
	strcpy(address.sun_path, liar->socket);
	unlink(liar->socket);
	liar->listener = evconnlistener_new_bind(base, liar_accept, liar, LEV_OPT_CLOSE_ON_FREE, 8,
						 (struct sockaddr *)&address, sizeof(address));
	return liar->listener != NULL;
}

static inline void liar_stop(struct liar *liar)
{
	if (liar->listener)
		evconnlistener_free(liar->listener);
	liar->listener = NULL;
}

#endif

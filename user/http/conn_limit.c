// SPDX-License-Identifier: GPL-2.0-or-later
/* Stops listening while too many descriptors are open, and looks again each second. */
#include "http/conn_limit.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"

struct tg_conn_limit {
	struct evconnlistener *listener;
	struct event *again;
	int most; /* the highest number that the next descriptor may have */
};

/* Returns the lowest free descriptor, so at least that many are open. Connections are not counted,
 * because libevent does not tell when one ends. */
static int next_descriptor(void)
{
	int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return errno == EMFILE || errno == ENFILE ? INT_MAX : 0;
	close(fd);
	return fd;
}

static void wait_for_room(struct tg_conn_limit *conn_limit)
{
	const struct timeval second = {.tv_sec = 1};

	if (next_descriptor() > conn_limit->most && event_add(conn_limit->again, &second) == 0)
		evconnlistener_disable(conn_limit->listener);
	else
		evconnlistener_enable(conn_limit->listener);
}

static void on_second(evutil_socket_t fd, short what, void *data)
{
	wait_for_room(data);
}

/* Returns NULL, so that libevent makes the connection's buffer as usual. */
static struct bufferevent *on_connection(struct event_base *base, void *data)
{
	wait_for_room(data);
	return NULL;
}

int tg_conn_limit_set(struct event_base *base, struct evhttp *server,
		      struct evhttp_bound_socket *bound, struct tg_conn_limit **conn_limit)
{
	tg_cleanup(tg_conn_limit_free) struct tg_conn_limit *made = calloc(1, sizeof(*made));

	if (!made)
		return -ENOMEM;
	made->listener = evhttp_bound_socket_get_listener(bound);
	made->most = next_descriptor() + TG_CONN_LIMIT_MAX;
	made->again = event_new(base, -1, 0, on_second, made);
	if (!made->again)
		return -ENOMEM;
	evhttp_set_bevcb(server, on_connection, made);
	*conn_limit = TAKE_PTR(made);
	return 0;
}

void tg_conn_limit_free(struct tg_conn_limit **conn_limit)
{
	if (!*conn_limit)
		return;
	if ((*conn_limit)->again)
		event_free((*conn_limit)->again);
	free(*conn_limit);
	*conn_limit = NULL;
}

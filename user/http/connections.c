// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes the buffers of libevent's connections, and so knows of each. */
#include "http/connections.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"

#define UNREAD_MAX     16384  /* bytes of a client in memory */
#define FULL_PAUSE_US  1000   /* between two clients for whom others make room */
#define ERROR_PAUSE_US 100000 /* and after accepting has failed */

struct connection {
	struct bufferevent *buffer; /* with a reference of ours */
	uint64_t since_ns;	    /* of the last complete request, or else of the beginning */
	bool asked;		    /* there was a complete request */
};

struct tg_connections {
	struct event *timer;
	struct evconnlistener *listener; /* disabled after each client */
	struct event *accepting;	 /* enables it */
	bool said;			 /* that clients cannot be accepted */
	struct connection items[TG_CONNECTIONS_MAX];
	size_t n;
};

/*
 * libevent does not say when a connection ends, but then it takes its callbacks off the buffer,
 * which our reference keeps.
 */
static bool has_ended(const struct connection *connection)
{
	bufferevent_event_cb on_event = NULL;

	bufferevent_getcb(connection->buffer, NULL, NULL, &on_event, NULL);
	return !on_event;
}

static void forget_ended(struct tg_connections *connections)
{
	size_t i, kept = 0;

	for (i = 0; i < connections->n; i++)
		if (has_ended(&connections->items[i]))
			bufferevent_decref(connections->items[i].buffer);
		else
			connections->items[kept++] = connections->items[i];
	connections->n = kept;
}

/* Has libevent close the connection as if the client had. */
static void hang_up(const struct connection *connection)
{
	bufferevent_trigger_event(connection->buffer, BEV_EVENT_READING | BEV_EVENT_EOF, 0);
}

/* True if bytes have come that are not read yet: the client is not silent, it waits for us. */
static bool has_unread(const struct connection *connection)
{
	char byte;

	return recv(bufferevent_getfd(connection->buffer), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static bool has_unsent(const struct connection *connection)
{
	return evbuffer_get_length(bufferevent_get_output(connection->buffer)) > 0;
}

/* True if the client waits for the daemon and not the other way round. */
static bool waits(const struct connection *connection)
{
	return has_unread(connection) || has_unsent(connection);
}

/* Compares who has been silent longest. Those who never asked anything come first. */
static bool is_more_silent(const struct connection *a, const struct connection *b)
{
	return a->asked != b->asked ? b->asked : a->since_ns < b->since_ns;
}

/* Closes the most silent one; one that waits for an answer only if all do. */
static void make_room(struct tg_connections *connections)
{
	const struct connection *victim = NULL, *connection;
	bool victim_waits = true, waiting;
	size_t i;

	for (i = 0; i < connections->n; i++) {
		connection = &connections->items[i];
		waiting = waits(connection);
		if (victim &&
		    (waiting != victim_waits ? waiting : !is_more_silent(connection, victim)))
			continue;
		victim = connection;
		victim_waits = waiting;
	}
	hang_up(victim);
	forget_ended(connections);
}

/* Closes those that are silent for too long. A response under way has libevent's own timeout. */
static void on_timer(evutil_socket_t fd, short what, void *data)
{
	struct tg_connections *connections = data;
	const struct connection *connection;
	uint64_t now = tg_now_ns(), silent;
	bool begun;
	size_t i;

	forget_ended(connections);
	for (i = 0; i < connections->n; i++) {
		connection = &connections->items[i];
		silent = now - connection->since_ns;
		begun = connection->asked ||
			evbuffer_get_length(bufferevent_get_input(connection->buffer));
		if (silent > (begun ? TG_CONNECTION_IDLE_S : TG_CONNECTION_MUTE_S) * NS_PER_S &&
		    !waits(connection))
			hang_up(connection);
	}
	forget_ended(connections);
	if (!connections->n)
		event_del(connections->timer);
}

static void on_accepting(evutil_socket_t fd, short what, void *data)
{
	struct tg_connections *connections = data;

	evconnlistener_enable(connections->listener);
}

/*
 * Stops accepting until the loop has looked for other events. libevent accepts as long as there is
 * somebody, which is for ever if those who had to make room come back at once.
 */
static void pause_accepting(struct tg_connections *connections, long us)
{
	const struct timeval pause = {.tv_usec = us};

	if (connections->listener && !event_add(connections->accepting, &pause))
		evconnlistener_disable(connections->listener);
}

/* Returns the buffer of a new connection. libevent makes one itself if this returns NULL. */
static struct bufferevent *on_connection(struct event_base *base, void *data)
{
	const struct timeval often = {.tv_usec = 500000};
	struct tg_connections *connections = data;
	/* The buffer closes the socket, after its events: libevent's HTTP would close it before. */
	struct bufferevent *buffer = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);

	if (!buffer)
		return NULL;
	connections->said = false;
	bufferevent_setwatermark(buffer, EV_READ, 0, UNREAD_MAX);
	forget_ended(connections);
	pause_accepting(connections, connections->n == TG_CONNECTIONS_MAX ? FULL_PAUSE_US : 0);
	if (connections->n == TG_CONNECTIONS_MAX)
		make_room(connections);
	if (connections->n == TG_CONNECTIONS_MAX)
		return buffer; /* not reached: it would be one that is not counted */
	bufferevent_incref(buffer);
	connections->items[connections->n++] =
		(struct connection){.buffer = buffer, .since_ns = tg_now_ns()};
	if (!event_pending(connections->timer, EV_TIMEOUT, NULL))
		event_add(connections->timer, &often);
	return buffer;
}

int tg_connections_watch(struct event_base *base, struct evhttp *server,
			 struct tg_connections **connections)
{
	tg_cleanup(tg_connections_free) struct tg_connections *made = calloc(1, sizeof(*made));

	if (!made)
		return -ENOMEM;
	made->timer = event_new(base, -1, EV_PERSIST, on_timer, made);
	made->accepting = evtimer_new(base, on_accepting, made);
	if (!made->timer || !made->accepting)
		return -ENOMEM;
	evhttp_set_bevcb(server, on_connection, made);
	*connections = TAKE_PTR(made);
	return 0;
}

/* The connections whose listener is paced: a process has one server. */
static struct tg_connections *paced;

/*
 * Waits where libevent cannot accept: the client still waits, and the loop would spin. @data is not
 * ours: the listener has one word for all its callbacks, and libevent's HTTP has its own in it.
 */
static void on_accept_error(struct evconnlistener *listener, void *data)
{
	struct tg_connections *connections = paced;

	if (!connections || connections->listener != listener)
		return;
	if (!connections->said)
		tg_log_errno(EVUTIL_SOCKET_ERROR(), "cannot accept clients of HTTP");
	connections->said = true;
	pause_accepting(connections, ERROR_PAUSE_US);
}

void tg_connections_pace(struct tg_connections *connections, struct evconnlistener *listener)
{
	paced = connections;
	connections->listener = listener;
	evconnlistener_set_error_cb(listener, on_accept_error);
}

void tg_connections_heard(struct tg_connections *connections, struct evhttp_request *request)
{
	struct evhttp_connection *from = evhttp_request_get_connection(request);
	struct bufferevent *buffer = from ? evhttp_connection_get_bufferevent(from) : NULL;
	size_t i;

	for (i = 0; i < connections->n; i++)
		if (connections->items[i].buffer == buffer) {
			connections->items[i].since_ns = tg_now_ns();
			connections->items[i].asked = true;
		}
}

void tg_connections_free(struct tg_connections **connections)
{
	struct tg_connections *old = *connections;
	size_t i;

	if (!old)
		return;
	if (paced == old)
		paced = NULL;
	for (i = 0; i < old->n; i++)
		bufferevent_decref(old->items[i].buffer);
	if (old->timer)
		event_free(old->timer);
	if (old->accepting)
		event_free(old->accepting);
	free(old);
	*connections = NULL;
}

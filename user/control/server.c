// SPDX-License-Identifier: GPL-2.0-or-later
/* Accepts clients, decides who may do what, and replies to one request of each at a time. */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/event_first.h"
#include "control/server.h"
#include "base/exit.h"
#include "base/log.h"
#include "base/unix_socket.h"

#define CLIENTS_MAX  256
#define CLIENTS_OWN  32	   /* of these, kept free for root */
#define REQUEST_MAX  65536 /* bytes of a line */
#define IDLE_SECONDS 30
#define SIGN_SECONDS 10 /* between two signs of life while a reply takes long */
#define BACKLOG	     64
#define GROUPS_FEW   64	 /* more than most processes have */
#define PAUSE_MS     100 /* before clients are accepted again, where that failed */

struct client {
	LIST_ENTRY(client) entry;
	struct tg_control *control;
	struct bufferevent *buffer;
	bool may_change;	    /* the policy, entries and buckets; else only look */
	bool closing;		    /* once the last reply is sent */
	struct tg_pending *pending; /* NULL: no request is without a reply */
};

struct tg_pending {
	struct client *client; /* NULL: gone */
};

struct tg_control {
	struct event_base *base;
	struct event *signs;
	struct event *acceptable; /* a client waits; NULL: not listening yet */
	struct event *again;	  /* accepts again, after descriptors or memory were short */
	bool said;		  /* that clients cannot be accepted */
	int fd;			  /* listens */
	char *path;
	tg_control_handler *handle;
	void *data;
	LIST_HEAD(, client) clients;
	size_t clients_n;
};

static void drop(struct client *client)
{
	LIST_REMOVE(client, entry);
	client->control->clients_n--;
	if (client->pending)
		client->pending->client = NULL;
	bufferevent_free(client->buffer);
	free(client);
}

static bool in_group(int fd, gid_t group)
{
	gid_t few[GROUPS_FEW], *groups = few;
	socklen_t length = sizeof(few);
	tg_autofree gid_t *many = NULL;
	size_t i;

	/* With ERANGE, the kernel says how long the list is. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &length)) {
		groups = many = errno == ERANGE ? malloc(length) : NULL;
		if (!groups || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &length))
			return false;
	}
	for (i = 0; i < length / sizeof(*groups); i++)
		if (groups[i] == group)
			return true;
	return false;
}

/* Returns whether the client may ask anything; *@may_change, whether it may ask for changes. */
static bool may_talk(int fd, bool *may_change)
{
	socklen_t length = sizeof(struct ucred);
	struct ucred peer;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length))
		return false;
	*may_change = peer.uid == 0 || peer.uid == geteuid();
	return *may_change || peer.gid == getegid() || in_group(fd, getegid());
}

/* Takes the reference to @answer. */
static void reply(struct client *client, json_t *answer)
{
	tg_autofree char *line = json_dumps(answer, JSON_COMPACT);

	json_decref(answer);
	if (!line)
		return;
	bufferevent_write(client->buffer, line, strlen(line));
	bufferevent_write(client->buffer, "\n", 1);
}

/* Sends the last reply of this client, and reads no more from it. */
static void refuse(struct client *client, int code, const char *error)
{
	reply(client, json_pack("{s:i, s:s}", "code", code, "error", error));
	client->closing = true;
	bufferevent_disable(client->buffer, EV_READ);
}

static json_t *out_of_memory(void)
{
	return json_pack("{s:i, s:s}", "code", TG_EXIT_FAILED, "error", "out of memory");
}

void tg_control_reply(struct tg_pending *pending, json_t *answer)
{
	struct client *client = pending->client;

	free(pending);
	if (!client) {
		json_decref(answer);
		return;
	}
	client->pending = NULL;
	reply(client, answer ? answer : out_of_memory());
	if (bufferevent_enable(client->buffer, EV_READ))
		client->closing = true; /* once the reply is sent */
}

static void answer_line(struct client *client, const char *line, size_t length)
{
	struct tg_control *control = client->control;
	struct tg_pending *pending;
	json_error_t error;
	json_t *request = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);

	if (!json_is_object(request)) {
		json_decref(request);
		reply(client, json_pack("{s:i, s:s}", "code", TG_EXIT_USAGE, "error",
					"a request is one JSON object on a line"));
		return;
	}
	pending = calloc(1, sizeof(*pending));
	if (pending) {
		pending->client = client;
		client->pending = pending;
		control->handle(control->data, request, client->may_change, pending);
	} else {
		reply(client, out_of_memory());
	}
	json_decref(request);
	/* So that its idle time does not count. That it is gone, a sign of life shows. */
	if (client->pending)
		bufferevent_disable(client->buffer, EV_READ);
}

/*
 * Replies to requests as long as all replies before are sent. So a client that does not read its
 * replies neither fills the daemon's memory nor keeps others waiting.
 */
static void serve(struct client *client)
{
	struct evbuffer *input = bufferevent_get_input(client->buffer),
			*output = bufferevent_get_output(client->buffer);
	size_t length;
	char *line;

	while (!client->closing && !client->pending && !evbuffer_get_length(output)) {
		line = evbuffer_readln(input, &length, EVBUFFER_EOL_LF);
		if (!line) {
			if (evbuffer_get_length(input) >= REQUEST_MAX)
				refuse(client, TG_EXIT_USAGE,
				       "a request is at most 65536 bytes long");
			return;
		}
		answer_line(client, line, length);
		free(line);
	}
}

static void on_read(struct bufferevent *buffer, void *data)
{
	serve(data);
}

static void on_written(struct bufferevent *buffer, void *data)
{
	struct client *client = data;

	if (client->closing)
		drop(client);
	else
		serve(client);
}

static void on_event(struct bufferevent *buffer, short what, void *data)
{
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT))
		drop(data);
}

static struct client *add_client(struct tg_control *control, evutil_socket_t fd)
{
	const struct timeval idle = {.tv_sec = IDLE_SECONDS};
	struct client *client = calloc(1, sizeof(*client));

	if (!client)
		return NULL;
	client->control = control;
	client->buffer = bufferevent_socket_new(control->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!client->buffer) {
		free(client);
		return NULL;
	}
	tg_buffer_first(client->buffer);
	LIST_INSERT_HEAD(&control->clients, client, entry);
	control->clients_n++;
	bufferevent_setcb(client->buffer, on_read, on_written, on_event, client);
	bufferevent_setwatermark(client->buffer, EV_READ, 0, REQUEST_MAX);
	bufferevent_set_timeouts(client->buffer, &idle, &idle);
	return client;
}

static void greet(struct tg_control *control, int fd)
{
	bool may_change = false, allowed = may_talk(fd, &may_change);
	struct client *client = add_client(control, fd);

	if (!client) {
		close(fd);
		return;
	}
	client->may_change = may_change;
	if (bufferevent_enable(client->buffer, EV_WRITE))
		drop(client);
	else if (!allowed)
		refuse(client, TG_EXIT_REFUSED,
		       "only root and members of the daemon's group may use its control socket");
	else if (control->clients_n > (may_change ? CLIENTS_MAX : CLIENTS_MAX - CLIENTS_OWN))
		refuse(client, TG_EXIT_FAILED,
		       "the daemon talks to too many clients at the moment; try again");
	else if (bufferevent_enable(client->buffer, EV_READ))
		drop(client);
}

/* Tells the clients who wait that the daemon is alive. Writing shows which of them are gone. */
static void on_signs(evutil_socket_t fd, short what, void *data)
{
	struct tg_control *control = data;
	struct client *client;

	LIST_FOREACH(client, &control->clients, entry)
	if (client->pending)
		bufferevent_write(client->buffer, " ", 1);
}

static int start_signs(struct tg_control *control)
{
	const struct timeval interval = {.tv_sec = SIGN_SECONDS};

	control->signs = event_new(control->base, -1, EV_PERSIST, on_signs, control);
	tg_event_first(control->signs);
	return control->signs && event_add(control->signs, &interval) == 0 ? 0 : -ENOMEM;
}

/* Waits where it cannot accept: the client still waits, and the loop would spin. */
static void on_acceptable(evutil_socket_t listener, short what, void *data)
{
	const struct timeval pause = {.tv_usec = PAUSE_MS * 1000};
	struct tg_control *control = data;
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0) {
		control->said = false;
		greet(control, fd);
	} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
		if (!control->said)
			tg_log_errno(errno, "control socket %s: cannot accept clients",
				     control->path);
		control->said = true;
		event_del(control->acceptable);
		event_add(control->again, &pause);
	}
}

static void on_again(evutil_socket_t fd, short what, void *data)
{
	struct tg_control *control = data;

	event_add(control->acceptable, NULL);
}

static int listen_on(struct tg_control *control, struct event_base *base, int fd)
{
	control->fd = fd;
	control->acceptable = event_new(base, fd, EV_READ | EV_PERSIST, on_acceptable, control);
	control->again = evtimer_new(base, on_again, control);
	tg_event_first(control->acceptable);
	tg_event_first(control->again);
	if (!control->acceptable || !control->again)
		return -ENOMEM;
	return listen(fd, BACKLOG) ? -errno : event_add(control->acceptable, NULL);
}

int tg_control_open(struct event_base *base, const char *path, tg_control_handler *handle,
		    void *data, struct tg_control **control)
{
	tg_cleanup(tg_control_close) struct tg_control *made = calloc(1, sizeof(*made));
	int fd, error;

	if (!made)
		return tg_log_errno(ENOMEM, "control socket");
	made->fd = -1;
	made->base = base;
	made->handle = handle;
	made->data = data;
	LIST_INIT(&made->clients);
	fd = tg_unix_socket_bind(path, "control socket");
	if (fd < 0)
		return fd;
	made->path = strdup(path);
	error = listen_on(made, base, fd);
	if (!error)
		error = start_signs(made);
	if (!made->path || error)
		return tg_log_errno(error ? error : ENOMEM, "control socket %s", path);
	*control = TAKE_PTR(made);
	return 0;
}

/* Sends what the socket takes at once, because it may say why the daemon stops. */
static void flush(struct client *client)
{
	struct evbuffer *output = bufferevent_get_output(client->buffer);
	int fd = bufferevent_getfd(client->buffer);

	evbuffer_unfreeze(output, 1); /* its bufferevent froze it, and is freed next */
	while (evbuffer_get_length(output) && evbuffer_write(output, fd) > 0)
		;
}

void tg_control_close(struct tg_control **control)
{
	struct tg_control *old = *control;
	struct client *client;

	if (!old)
		return;
	while ((client = LIST_FIRST(&old->clients))) {
		flush(client);
		drop(client);
	}
	if (old->signs)
		event_free(old->signs);
	if (old->acceptable)
		event_free(old->acceptable);
	if (old->again)
		event_free(old->again);
	if (old->fd >= 0)
		close(old->fd);
	if (old->path)
		unlink(old->path);
	free(old->path);
	free(old);
	*control = NULL;
}

// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * An HTTP server that keeps each API key to a limit of tidegate.
 * Build: make; run: ./server PORT LIMIT [STATE_DIR].
 *
 *	curl -i -H 'X-Api-Key: alice' http://localhost:8080/
 *	curl -i -H 'X-Api-Key: alice' -H 'Prefer: wait=2' http://localhost:8080/
 *
 * The first is refused at once when alice has no tokens left; the second waits for up to 2 seconds.
 * A real server would look the key up first: one that anybody can make up is not worth a bucket.
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tidegate.h>

#define NS_PER_S   1000000000ULL
#define WAIT_MAX_S 2
#define BACKOFF_NS 100000000ULL /* 0.1 s, 0.2 s, 0.4 s ... */

struct server {
	struct event_base *base;
	struct tidegate *gate;
	const char *limit;
};

/* A request that waits for its token. */
struct pending {
	struct server *server;
	struct evhttp_request *request;
	struct event *timer;
	struct tidegate_wait *wait;
};

/* Rounded up, so that who waits so long is not too early. */
static uint64_t seconds(uint64_t ns)
{
	return ns / NS_PER_S + (ns % NS_PER_S != 0);
}

static void add_header(struct evhttp_request *request, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void add_header(struct evhttp_request *request, const char *name, const char *format, ...)
{
	char value[128];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(value, sizeof(value), format, arguments);
	va_end(arguments);
	evhttp_add_header(evhttp_request_get_output_headers(request), name, value);
}

/* What is usual, and what draft-ietf-httpapi-ratelimit-headers is to make of it. */
static void add_headers(struct evhttp_request *request, const char *limit,
			const struct tidegate_answer *answer)
{
	add_header(request, "X-RateLimit-Limit", "%" PRIu64, answer->limit);
	add_header(request, "X-RateLimit-Remaining", "%" PRIu64, answer->remaining);
	add_header(request, "X-RateLimit-Reset", "%" PRIu64, seconds(answer->reset_ns));
	add_header(request, "RateLimit-Policy", "\"%s\";q=%" PRIu64 ";w=%" PRIu64, limit,
		   answer->limit, seconds(answer->window_ns));
	add_header(request, "RateLimit", "\"%s\";r=%" PRIu64 ";t=%" PRIu64, limit,
		   answer->remaining, seconds(answer->reset_ns));
}

static void reply(struct evhttp_request *request, int code, const char *reason, const char *text)
{
	struct evbuffer *body = evbuffer_new();

	evbuffer_add_printf(body, "%s\n", text);
	evhttp_send_reply(request, code, reason, body);
	evbuffer_free(body);
}

static void answer_request(struct server *server, struct evhttp_request *request,
			   const struct tidegate_answer *answer)
{
	char text[128] = "hello";

	add_headers(request, server->limit, answer);
	if (answer->admitted) {
		reply(request, HTTP_OK, "OK", text);
		return;
	}
	add_header(request, "Retry-After", "%" PRIu64, seconds(answer->retry_after_ns));
	snprintf(text, sizeof(text), "too many requests; try again in %" PRIu64 " seconds",
		 seconds(answer->retry_after_ns));
	reply(request, 429, "Too Many Requests", text);
}

/* Ends a wait, whatever it was waiting for. */
static void forget(struct pending *pending)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(pending->request);

	if (connection)
		evhttp_connection_set_closecb(connection, NULL, NULL);
	tidegate_wait_end(&pending->wait);
	event_free(pending->timer);
	free(pending);
}

/* The client has gone: its place is free. libevent has dropped the request, unless it ends. */
static void on_close(struct evhttp_connection *connection, void *data)
{
	struct pending *pending = data;
	struct evhttp_request *request = pending->request;

	forget(pending);
	if (!evhttp_request_get_connection(request))
		evhttp_request_free(request);
}

static void try_again(evutil_socket_t fd, short what, void *data)
{
	struct pending *pending = data;
	struct evhttp_request *request = pending->request;
	struct server *server = pending->server;
	struct tidegate_answer answer;
	struct timeval pause;
	uint64_t sleep_ns;
	int result = tidegate_wait_try(pending->wait, &answer, &sleep_ns);

	if (result == 1) {
		pause.tv_sec = sleep_ns / NS_PER_S;
		pause.tv_usec = sleep_ns % NS_PER_S / 1000 + 1;
		evtimer_add(pending->timer, &pause);
		return;
	}
	forget(pending);
	if (result == 0)
		answer_request(server, request, &answer);
	else
		reply(request, HTTP_SERVUNAVAIL, "Service Unavailable", tidegate_strerror(result));
}

/* "Prefer: wait=2" (RFC 7240): how long the client would rather wait than be refused. */
static unsigned int preferred_wait(struct evhttp_request *request)
{
	const char *prefer =
		evhttp_find_header(evhttp_request_get_input_headers(request), "Prefer");
	unsigned int wait = 0;

	if (!prefer || sscanf(prefer, "wait=%u", &wait) != 1)
		return 0;
	return wait < WAIT_MAX_S ? wait : WAIT_MAX_S;
}

static void on_request(struct evhttp_request *request, void *data)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(request);
	const char *key =
		evhttp_find_header(evhttp_request_get_input_headers(request), "X-Api-Key");
	struct tidegate_patience patience = {.backoff_ns = BACKOFF_NS};
	struct server *server = data;
	struct pending *pending;

	if (!key || !*key) {
		reply(request, 401, "Unauthorized", "which API key? send X-Api-Key");
		return;
	}
	pending = calloc(1, sizeof(*pending));
	patience.max_ns = preferred_wait(request) * NS_PER_S;
	if (!pending ||
	    tidegate_wait_begin(server->gate, server->limit, key, 1, &patience, &pending->wait)) {
		free(pending);
		reply(request, HTTP_SERVUNAVAIL, "Service Unavailable", "out of memory");
		return;
	}
	pending->server = server;
	pending->request = request;
	pending->timer = evtimer_new(server->base, try_again, pending);
	evhttp_connection_set_closecb(connection, on_close, pending);
	/* Or libevent would not notice that the client goes away. */
	bufferevent_enable(evhttp_connection_get_bufferevent(connection), EV_READ);
	try_again(-1, 0, pending);
}

static void on_waiting(struct evhttp_request *request, void *data)
{
	struct server *server = data;
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, tidegate_waiting(server->gate));
	reply(request, HTTP_OK, "OK", text);
}

static void on_signal(evutil_socket_t fd, short what, void *data)
{
	event_base_loopbreak(data);
}

int main(int argc, char **argv)
{
	struct server server = {.base = event_base_new()};
	struct evhttp *http = evhttp_new(server.base);
	struct event *stop = evsignal_new(server.base, SIGTERM, on_signal, server.base);

	if (argc < 3 || tidegate_open(argc > 3 ? argv[3] : NULL, &server.gate)) {
		fprintf(stderr, "usage: server PORT LIMIT [STATE_DIR]\n");
		return 2;
	}
	server.limit = argv[2];
	if (evhttp_bind_socket(http, "0.0.0.0", (uint16_t)atoi(argv[1]))) {
		fprintf(stderr, "cannot listen on port %s\n", argv[1]);
		return 1;
	}
	evhttp_set_gencb(http, on_request, &server);
	evhttp_set_cb(http, "/waiting", on_waiting, &server);
	evsignal_add(stop, NULL);
	event_base_dispatch(server.base);
	evhttp_free(http);
	event_free(stop);
	event_base_free(server.base);
	tidegate_close(&server.gate);
	return 0;
}

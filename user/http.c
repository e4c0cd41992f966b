// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "daemon.h"
#include "datapath.h"
#include "http.h"
#include "log.h"
#include "metrics.h"
#include "units.h"

#define HEADERS_MAX 8192
#define BODY_MAX    1024
#define TIMEOUT_S   10

struct tg_http {
	struct evhttp *server;
	struct tg_daemon *daemon;
};

static void add_header(struct evhttp_request *request, const char *name, const char *value)
{
	evhttp_add_header(evhttp_request_get_output_headers(request), name, value);
}

static void on_metrics(struct evhttp_request *request, void *data)
{
	tg_cleanup(tg_stats_free) struct tg_stats *stats = NULL;
	struct evbuffer *out = evbuffer_new();
	struct tg_http *http = data;

	if (!out || tg_datapath_stats(http->daemon->datapath, &stats) ||
	    tg_metrics_write(out, stats, http->daemon)) {
		evhttp_send_error(request, HTTP_INTERNAL, NULL);
	} else {
		add_header(request, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
		evhttp_send_reply(request, HTTP_OK, "OK", out);
	}
	if (out)
		evbuffer_free(out);
}

/* Alive means: the maps can be read. */
static void on_health(struct evhttp_request *request, void *data)
{
	tg_cleanup(tg_stats_free) struct tg_stats *stats = NULL;
	struct evbuffer *out = evbuffer_new();
	struct tg_http *http = data;
	bool healthy = tg_datapath_stats(http->daemon->datapath, &stats) == 0;

	add_header(request, "Content-Type", "text/plain; charset=utf-8");
	if (out)
		evbuffer_add_printf(out, healthy ? "ok\n" : "the maps cannot be read\n");
	evhttp_send_reply(request, healthy ? HTTP_OK : HTTP_SERVUNAVAIL,
			  healthy ? "OK" : "Unavailable", out);
	if (out)
		evbuffer_free(out);
}

static void on_other(struct evhttp_request *request, void *data)
{
	evhttp_send_error(request, HTTP_NOTFOUND, NULL);
}

/* Splits "HOST:PORT" in place; brackets around an IPv6 host are taken off. */
static int split_address(char *address, char **host, uint16_t *port)
{
	char *colon = strrchr(address, ':'), *end;
	uint64_t number;

	if (!colon || colon == address || tg_parse_number(colon + 1, &number) || !number ||
	    number > UINT16_MAX)
		return -EINVAL;
	*colon = '\0';
	*host = address;
	if (address[0] == '[') {
		end = strchr(address, ']');
		if (!end || end[1])
			return -EINVAL;
		*end = '\0';
		*host = address + 1;
	} else if (strchr(address, ':')) {
		return -EINVAL;
	}
	*port = number;
	return 0;
}

static int bind_to(struct tg_http *http, const char *address)
{
	tg_autofree char *copy = strdup(address);
	char *host;
	uint16_t port;

	if (!copy)
		return tg_fail(ENOMEM, "metrics");
	if (split_address(copy, &host, &port))
		return tg_fail(EINVAL, "--metrics \"%s\": write HOST:PORT, [IPV6]:PORT or none",
			       address);
	if (evhttp_bind_socket(http->server, host, port))
		return tg_fail(errno ? errno : EADDRNOTAVAIL,
			       "cannot listen on %s for metrics; choose another with --metrics",
			       address);
	return 0;
}

int tg_http_open(struct event_base *base, const char *address, struct tg_daemon *daemon,
		 struct tg_http **http)
{
	tg_cleanup(tg_http_close) struct tg_http *made = NULL;
	int error;

	if (strcmp(address, "none") == 0)
		return 0;
	made = calloc(1, sizeof(*made));
	if (!made)
		return tg_fail(ENOMEM, "metrics");
	made->daemon = daemon;
	made->server = evhttp_new(base);
	if (!made->server)
		return tg_fail(ENOMEM, "metrics");
	evhttp_set_allowed_methods(made->server, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_max_headers_size(made->server, HEADERS_MAX);
	evhttp_set_max_body_size(made->server, BODY_MAX);
	evhttp_set_timeout(made->server, TIMEOUT_S);
	evhttp_set_cb(made->server, "/metrics", on_metrics, made);
	evhttp_set_cb(made->server, "/healthz", on_health, made);
	evhttp_set_gencb(made->server, on_other, NULL);
	error = bind_to(made, address);
	if (error)
		return error;
	*http = TAKE_PTR(made);
	return 0;
}

void tg_http_close(struct tg_http **http)
{
	if (!*http)
		return;
	if ((*http)->server)
		evhttp_free((*http)->server);
	free(*http);
	*http = NULL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Listens, refuses what is not meant for us, and sends each path to what answers it. */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/api.h"
#include "base/cleanup.h"
#include "cluster/cluster_stats.h"
#include "http/connections.h"
#include "daemon/daemon.h"
#include "daemon/recent.h"
#include "datapath/datapath.h"
#include "http/http.h"
#include "http/guard.h"
#include "http/listen.h"
#include "base/log.h"
#include "http/metrics.h"
#include "http/page.h"

#define HEADERS_MAX 8192
#define BODY_MAX    1024
#define TIMEOUT_S   10
#define FORBIDDEN   403
#define MISDIRECTED 421 /* RFC 9110, 15.5.20 */
#define ALL_METHODS                                                                                \
	(EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | \
	 EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE | EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH)

struct tg_http {
	struct evhttp *server;
	struct tg_connections *connections;
	struct tg_api api;
	struct tg_http_socket socket; /* the page is served on loopback only */
	bool accepted;		      /* the server closes the socket */
	struct evbuffer *metrics;     /* as written last, for all who ask */
	uint64_t metrics_of;	      /* the number of the reading that they tell */
};

/* Forbid content of other origins, inline scripts, text that becomes code, and foreign frames. */
static const char *const safe_headers[][2] = {
	{"Content-Security-Policy",
	 "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
	 "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
	 "require-trusted-types-for 'script'; trusted-types 'none'"},
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
	{"Referrer-Policy", "no-referrer"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cache-Control", "no-store"},
};

static void add_header(struct evhttp_request *request, const char *name, const char *value)
{
	evhttp_add_header(evhttp_request_get_output_headers(request), name, value);
}

/* Sends only the length of @body, because libevent would send the body even to HEAD. */
static void withhold(struct evhttp_request *request, struct evbuffer *body)
{
	size_t length = evbuffer_get_length(body);
	char text[32];

	snprintf(text, sizeof(text), "%zu", length);
	add_header(request, "Content-Length", text);
	evbuffer_drain(body, length);
}

/* Frees @body; NULL (out of memory) makes it status 500. */
static void reply(struct evhttp_request *request, int status, const char *type,
		  struct evbuffer *body)
{
	size_t i;

	if (body && evhttp_request_get_command(request) == EVHTTP_REQ_HEAD)
		withhold(request, body);
	for (i = 0; i < sizeof(safe_headers) / sizeof(safe_headers[0]); i++)
		add_header(request, safe_headers[i][0], safe_headers[i][1]);
	add_header(request, "Content-Type", type);
	evhttp_send_reply(request, body ? status : HTTP_INTERNAL, NULL, body);
	if (body)
		evbuffer_free(body);
}

static void reply_sentence(struct evhttp_request *request, int status, const char *sentence)
{
	struct evbuffer *body = evbuffer_new();

	if (body)
		evbuffer_add_printf(body, "%s\n", sentence);
	reply(request, status, "text/plain; charset=utf-8", body);
}

/* Returns all metrics, or NULL. */
static struct evbuffer *write_metrics(struct tg_daemon *daemon)
{
	tg_cleanup(tg_cluster_stats_free) struct tg_cluster_stats *cluster = NULL;
	const struct tg_stats *stats = tg_recent_stats(daemon);
	struct evbuffer *body = stats ? evbuffer_new() : NULL;

	if (body && (tg_cluster_read_stats(daemon->cluster, &cluster) ||
		     tg_metrics_write(body, stats, cluster, daemon))) {
		evbuffer_free(body);
		body = NULL;
	}
	return body;
}

static void reply_metrics(struct tg_http *http, struct evhttp_request *request)
{
	struct tg_daemon *daemon = http->api.daemon;
	struct evbuffer *body = evbuffer_new();

	tg_recent_stats(daemon);
	if (http->metrics_of != daemon->recent.number) {
		if (http->metrics)
			evbuffer_free(http->metrics);
		http->metrics = write_metrics(daemon);
		http->metrics_of = daemon->recent.number;
	}
	if (body && (!http->metrics || evbuffer_add_buffer_reference(body, http->metrics))) {
		evbuffer_free(body);
		body = NULL;
	}
	reply(request, HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", body);
}

/* Healthy means that the maps can be read. */
static void reply_health(struct tg_http *http, struct evhttp_request *request)
{
	if (tg_recent_stats(http->api.daemon))
		reply_sentence(request, HTTP_OK, "ok");
	else
		reply_sentence(request, HTTP_SERVUNAVAIL, "the maps cannot be read");
}

static void reply_file(struct evhttp_request *request, const struct tg_page_file *file)
{
	struct evbuffer *body = evbuffer_new();

	if (body)
		evbuffer_add_reference(body, file->start, file->end - file->start, NULL, NULL);
	reply(request, HTTP_OK, file->type, body);
}

static void reply_json(struct tg_http *http, struct evhttp_request *request, const char *path)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	struct evbuffer *body = NULL;
	tg_autofree char *text = NULL;
	int status = tg_api_answer(&http->api, path, evhttp_uri_get_query(uri), &text);

	if (text)
		body = evbuffer_new();
	if (body)
		evbuffer_add_printf(body, "%s\n", text);
	if (status == HTTP_SERVUNAVAIL)
		add_header(request, "Retry-After", "1");
	reply(request, status, "application/json", body);
}

/* Serves the page and its API on loopback only, because they show addresses of sources. */
static void route_private(struct tg_http *http, struct evhttp_request *request, const char *path)
{
	const struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
	const struct tg_page_file *file = tg_page_find(path);
	bool api = strncmp(path, TG_API_PREFIX, strlen(TG_API_PREFIX)) == 0;

	if (!file && !api)
		reply_sentence(request, HTTP_NOTFOUND,
			       http->socket.path
				       ? "there are /metrics and /healthz"
				       : "there are / (the status page), /metrics and /healthz");
	else if (!http->socket.loopback)
		reply_sentence(
			request, FORBIDDEN,
			"The status page shows addresses, so it is served on loopback only: "
			"there, start tidegated with --metrics 127.0.0.1:9469; from elsewhere, "
			"ssh -L 9469:127.0.0.1:9469 HOST");
	else if (api && tg_http_is_cross_site(evhttp_find_header(headers, "Sec-Fetch-Site")))
		reply_sentence(request, FORBIDDEN, "another site's page may not ask");
	else if (api)
		reply_json(http, request, path);
	else
		reply_file(request, file);
}

static void on_request(struct evhttp_request *request, void *data)
{
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
	enum evhttp_cmd_type method = evhttp_request_get_command(request);
	struct tg_http *http = data;

	tg_connections_heard(http->connections, request);
	if (method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD) {
		add_header(request, "Allow", "GET, HEAD");
		reply_sentence(request, HTTP_BADMETHOD, "nothing can be changed here");
	} else if (http->socket.loopback &&
		   !tg_http_host_is_ours(evhttp_request_get_host(request), http->socket.host)) {
		reply_sentence(request, MISDIRECTED,
			       "write the address as localhost, 127.0.0.1 or [::1], or as in "
			       "--metrics: another name could be a trap");
	} else if (strcmp(path ? path : "", "/metrics") == 0) {
		reply_metrics(http, request);
	} else if (strcmp(path ? path : "", "/healthz") == 0) {
		reply_health(http, request);
	} else {
		route_private(http, request, path ? path : "");
	}
}

static int bind_to(struct tg_http *http, const char *address)
{
	struct evhttp_bound_socket *bound;
	int error = tg_http_listen(address, &http->socket);

	if (error)
		return error;
	bound = evhttp_accept_socket_with_handle(http->server, http->socket.fd);
	if (!bound)
		return tg_log_errno(ENOMEM, "metrics");
	http->accepted = true;
	tg_connections_pace(http->connections, evhttp_bound_socket_get_listener(bound));
	if (http->socket.path)
		tg_log(TG_LOG_INFO, "metrics at %s", address);
	else
		tg_log(TG_LOG_INFO, "%s at http://%s/",
		       http->socket.loopback ? "status page and metrics" : "metrics", address);
	return 0;
}

int tg_http_open(struct event_base *base, const char *address, tg_api_handler *handle,
		 struct tg_daemon *daemon, struct tg_http **http)
{
	tg_cleanup(tg_http_close) struct tg_http *made = NULL;
	int error;

	if (strcmp(address, "none") == 0)
		return 0;
	made = calloc(1, sizeof(*made));
	if (!made)
		return tg_log_errno(ENOMEM, "metrics");
	made->socket.fd = -1;
	made->api.handle = handle;
	made->api.daemon = daemon;
	made->server = evhttp_new(base);
	if (!made->server)
		return tg_log_errno(ENOMEM, "metrics");
	evhttp_set_allowed_methods(made->server, ALL_METHODS); /* others get 501, not 405 */
	evhttp_set_max_headers_size(made->server, HEADERS_MAX);
	evhttp_set_max_body_size(made->server, BODY_MAX);
	evhttp_set_timeout(made->server, TIMEOUT_S);
	evhttp_set_gencb(made->server, on_request, made);
	if (tg_connections_watch(base, made->server, &made->connections))
		return tg_log_errno(ENOMEM, "metrics");
	error = bind_to(made, address);
	if (error)
		return error;
	*http = TAKE_PTR(made);
	return 0;
}

void tg_http_close(struct tg_http **http)
{
	struct tg_http *old = *http;

	if (!old)
		return;
	if (old->server)
		evhttp_free(old->server);
	tg_connections_free(&old->connections);
	if (old->socket.fd >= 0 && !old->accepted)
		close(old->socket.fd);
	if (old->socket.path)
		unlink(old->socket.path);
	if (old->metrics)
		evbuffer_free(old->metrics);
	tg_api_clear(&old->api);
	free(old->socket.path);
	free(old->socket.host);
	free(old);
	*http = NULL;
}

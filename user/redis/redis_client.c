// SPDX-License-Identifier: GPL-2.0-or-later
#include "redis/redis_client.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "redis/resolve.h"
#include "redis/command.h"
#include "redis/tls.h"
#include "base/text.h"

#define WHY_SIZE  sizeof(((struct tg_store_status *)NULL)->error)
#define NS_PER_MS 1000000ULL

struct tg_store_link {
	struct event_base *base;
	struct tg_redis_settings settings;
	struct tg_link_user user;
	struct tg_store_status *status;
	struct event *attempt;	 /* the next */
	struct event *deadline;	 /* of what is under way */
	size_t turn;		 /* the server that is used or tried */
	unsigned int pauses;	 /* since a connection held */
	X509_STORE *authorities; /* the system's, if they are needed */
	struct tg_lookup *lookup;
	struct addrinfo *addresses, *untried;
	char refused[WHY_SIZE]; /* why the addresses before could not be had */
	struct bufferevent *connection;
	struct tg_reply_reader *reader;
	size_t unanswered; /* commands */
	bool connected, approved;
	uint64_t connected_at;			   /* ns */
	char said[TG_REDIS_SERVERS_MAX][WHY_SIZE]; /* of each server, the last that was logged */
};

static void try_address(struct tg_store_link *link);

static const struct tg_redis_server *server_of(const struct tg_store_link *link)
{
	return &link->settings.servers[link->turn];
}

size_t tg_link_server(const struct tg_store_link *link)
{
	return link->turn;
}

static void set_timer(struct event *timer, unsigned int ms)
{
	const struct timeval after = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	event_add(timer, &after);
}

static unsigned int answer_ms(const struct tg_store_link *link)
{
	unsigned int ms = link->settings.answer_within / NS_PER_MS;

	return ms > TG_LINK_TIMEOUT_MS ? ms : TG_LINK_TIMEOUT_MS;
}

/* A whole turn has failed: all nodes have, and they are not to come back at the same time. */
static unsigned int next_pause(struct tg_store_link *link)
{
	unsigned int most = TG_LINK_PAUSE_MIN_MS << link->pauses, random;

	if (most < TG_LINK_PAUSE_MAX_MS)
		link->pauses++;
	else
		most = TG_LINK_PAUSE_MAX_MS;
	evutil_secure_rng_get_bytes(&random, sizeof(random));
	return random % (most + 1);
}

/* The first server again after one that was good: so all nodes meet at the same one. */
static void plan_next(struct tg_store_link *link, bool was_good)
{
	if (!was_good && link->turn + 1 < link->settings.servers_n) {
		link->turn++;
		set_timer(link->attempt, 0);
		return;
	}
	if (was_good && tg_now_ns() - link->connected_at > TG_LINK_PAUSE_MAX_MS * NS_PER_MS)
		link->pauses = 0;
	link->turn = 0;
	set_timer(link->attempt, next_pause(link));
}

static void shut(struct tg_store_link *link)
{
	event_del(link->deadline);
	tg_lookup_free(&link->lookup);
	if (link->connection)
		bufferevent_free(link->connection);
	link->connection = NULL;
	tg_reply_reader_free(&link->reader);
	if (link->addresses)
		evutil_freeaddrinfo(link->addresses);
	link->addresses = link->untried = NULL;
	link->unanswered = 0;
}

/* The same again and again is said once. */
static void tell(struct tg_store_link *link)
{
	char *said = link->said[link->turn];

	if (strcmp(said, link->status->error) == 0)
		return;
	strcpy(said, link->status->error);
	tg_log(TG_LOG_WARNING, "store %s: %s", link->status->server, said);
}

void tg_link_give_up(struct tg_store_link *link, const char *format, ...)
{
	bool was_connected = link->connected, was_good = link->approved;
	va_list args;

	va_start(args, format);
	vsnprintf(link->status->error, WHY_SIZE, format, args);
	va_end(args);
	tg_text_force_printable(link->status->error);
	tell(link);
	shut(link);
	link->connected = link->approved = false;
	link->status->failures++;
	plan_next(link, was_good);
	if (was_connected)
		link->user.lost(link->user.data);
}

/* A host's other addresses are tried before another server; each reason is said. */
static void fail_address(struct tg_store_link *link, const char *why)
{
	char *refused = link->refused;
	size_t n = strlen(refused);

	if (!link->connected && !strstr(refused, why))
		snprintf(refused + n, WHY_SIZE - n, "%s%s", n ? "; " : "", why);
	if (link->connected || !link->untried) {
		tg_link_give_up(link, "%s", link->connected ? why : refused);
		return;
	}
	bufferevent_free(link->connection);
	link->connection = NULL;
	try_address(link);
}

static void on_deadline(evutil_socket_t fd, short what, void *data)
{
	struct tg_store_link *link = data;
	char why[64];

	if (link->lookup) {
		tg_link_give_up(link, "its name cannot be resolved: no answer within %d ms",
				TG_LINK_LOOKUP_MS);
		return;
	}
	snprintf(why, sizeof(why), "%s within %u ms",
		 link->connected ? "no answer" : "no connection",
		 link->connected ? answer_ms(link) : TG_LINK_TIMEOUT_MS);
	fail_address(link, why);
}

static void serve(struct tg_store_link *link)
{
	struct tg_reply *reply;

	while (link->connection) {
		if (tg_reply_next(link->reader, &reply)) {
			tg_link_give_up(link, "it answers by %s", tg_reply_why(link->reader));
			return;
		}
		if (!reply)
			return;
		if (link->unanswered == 0) {
			tg_reply_free(&reply);
			tg_link_give_up(link, "it answers what nobody has asked");
			return;
		}
		if (--link->unanswered == 0)
			event_del(link->deadline);
		link->user.answered(link->user.data, &reply);
		tg_reply_free(&reply);
	}
}

static void on_readable(struct bufferevent *connection, void *data)
{
	struct evbuffer *input = bufferevent_get_input(connection);
	struct tg_store_link *link = data;
	size_t n;

	while (link->connection && (n = evbuffer_get_contiguous_space(input)) > 0) {
		link->status->received += n;
		if (tg_reply_feed(link->reader, evbuffer_pullup(input, n), n)) {
			tg_link_give_up(link, "%s", strerror(ENOMEM));
			return;
		}
		evbuffer_drain(input, n);
		serve(link);
	}
}

static void on_connected(struct tg_store_link *link)
{
	int on = 1;

	/* Fails on a Unix socket, where nothing waits for more anyway. */
	setsockopt(bufferevent_getfd(link->connection), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	event_del(link->deadline);
	link->connected = true;
	link->connected_at = tg_now_ns();
	bufferevent_enable(link->connection, EV_READ | EV_WRITE);
	link->user.connected(link->user.data);
}

static void on_event(struct bufferevent *connection, short what, void *data)
{
	int error = EVUTIL_SOCKET_ERROR();
	struct tg_store_link *link = data;
	char why[WHY_SIZE];

	if (what & BEV_EVENT_CONNECTED) {
		on_connected(link);
		return;
	}
	if (tg_store_tls_why(connection, why, sizeof(why)))
		;
	else if (what & BEV_EVENT_EOF || !error)
		snprintf(why, sizeof(why), "it closed the connection");
	else
		snprintf(why, sizeof(why), "%s", strerror(error));
	fail_address(link, why);
}

/* NULL: why is said in @why. */
static struct bufferevent *new_connection(struct tg_store_link *link, char *why)
{
	const struct tg_redis_server *server = server_of(link);
	SSL *ssl;

	snprintf(why, WHY_SIZE, "%s", strerror(ENOMEM));
	if (!server->has_tls)
		return bufferevent_socket_new(link->base, -1, BEV_OPT_CLOSE_ON_FREE);
	ssl = tg_store_tls_new(link->settings.ca_file, link->authorities, server->host, why,
			       WHY_SIZE);
	if (!ssl)
		return NULL;
	return bufferevent_openssl_socket_new(link->base, -1, ssl, BUFFEREVENT_SSL_CONNECTING,
					      BEV_OPT_CLOSE_ON_FREE);
}

static void connect_to(struct tg_store_link *link, const struct sockaddr *address, socklen_t length)
{
	char why[WHY_SIZE];

	tg_reply_reader_free(&link->reader);
	link->reader = tg_reply_reader_new(link->settings.value_max);
	link->connection = link->reader ? new_connection(link, why) : NULL;
	if (!link->connection) {
		tg_link_give_up(link, "%s", link->reader ? why : strerror(ENOMEM));
		return;
	}
	bufferevent_setcb(link->connection, on_readable, NULL, on_event, link);
	set_timer(link->deadline, TG_LINK_TIMEOUT_MS);
	if (bufferevent_socket_connect(link->connection, address, (int)length) == 0)
		return;
	fail_address(link, errno == EACCES ? "Permission denied; the daemon has no capability to "
					     "pass over permissions: one of its groups must "
					     "be allowed to write to the socket"
					   : strerror(errno));
}

static void try_address(struct tg_store_link *link)
{
	struct addrinfo *address = link->untried;

	link->untried = address->ai_next;
	connect_to(link, address->ai_addr, address->ai_addrlen);
}

static void on_found(void *data, struct addrinfo *found, const char *why)
{
	struct tg_store_link *link = data;

	tg_lookup_free(&link->lookup);
	if (!found) {
		tg_link_give_up(link, "its name cannot be resolved: %s", why);
		return;
	}
	link->addresses = link->untried = found;
	try_address(link);
}

static void try_socket(struct tg_store_link *link, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path)) {
		tg_link_give_up(link, "%s", strerror(ENAMETOOLONG));
		return;
	}
	strcpy(address.sun_path, path);
	connect_to(link, (struct sockaddr *)&address, sizeof(address));
}

static void on_attempt(evutil_socket_t fd, short what, void *data)
{
	struct tg_store_link *link = data;
	const struct tg_redis_server *server = server_of(link);

	strcpy(link->status->server, server->url);
	link->refused[0] = '\0';
	if (server->is_unix) {
		try_socket(link, server->host);
		return;
	}
	set_timer(link->deadline, TG_LINK_LOOKUP_MS);
	if (tg_lookup_new(link->base, server->host, server->port, on_found, link, &link->lookup))
		tg_link_give_up(link, "%s", strerror(ENOMEM));
}

static bool needs_authorities(const struct tg_redis_settings *settings)
{
	size_t i;

	for (i = 0; i < settings->servers_n; i++)
		if (settings->servers[i].has_tls && !settings->ca_file[0])
			return true;
	return false;
}

int tg_link_open(struct event_base *base, const struct tg_redis_settings *settings,
		 const struct tg_link_user *user, struct tg_store_status *status,
		 struct tg_store_link **link)
{
	tg_cleanup(tg_link_close) struct tg_store_link *made = calloc(1, sizeof(*made));

	if (!made)
		return -ENOMEM;
	made->base = base;
	made->settings = *settings;
	made->user = *user;
	made->status = status;
	made->attempt = evtimer_new(base, on_attempt, made);
	made->deadline = evtimer_new(base, on_deadline, made);
	if (!made->attempt || !made->deadline)
		return -ENOMEM;
	if (needs_authorities(settings))
		made->authorities = tg_store_tls_system();
	strcpy(status->server, settings->servers[0].url);
	set_timer(made->attempt, 0);
	*link = TAKE_PTR(made);
	return 0;
}

bool tg_link_is_idle(const struct tg_store_link *link)
{
	return link->connected && link->unanswered == 0;
}

static int count(struct tg_store_link *link, int sent)
{
	if (sent < 0)
		return sent;
	if (link->unanswered++ == 0)
		set_timer(link->deadline, answer_ms(link));
	link->status->sent += (size_t)sent;
	return 0;
}

int tg_link_send(struct tg_store_link *link, int n, const char *const *words, const size_t *lengths)
{
	return count(link,
		     tg_store_command(bufferevent_get_output(link->connection), n, words, lengths));
}

int tg_link_send_auth(struct tg_store_link *link, char *why, size_t size)
{
	return count(link, tg_store_command_auth(bufferevent_get_output(link->connection),
						 link->settings.user, link->settings.password_file,
						 why, size));
}

void tg_link_approve(struct tg_store_link *link)
{
	if (link->approved)
		return;
	link->approved = true;
	memset(link->said, 0, sizeof(link->said));
	link->status->error[0] = '\0';
	tg_log(TG_LOG_INFO, "store %s: connected", link->status->server);
}

/* By hand: the event loop does not run any more, or has no reason to wait for this. */
static void send_rest(struct bufferevent *connection)
{
	struct evbuffer *output = bufferevent_get_output(connection);
	SSL *ssl = bufferevent_openssl_get_ssl(connection);
	size_t length = evbuffer_get_length(output);
	unsigned char *bytes = evbuffer_pullup(output, -1);

	if (ssl && length)
		SSL_write(ssl, bytes, (int)length);
	else if (length)
		send(bufferevent_getfd(connection), bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void tg_link_close(struct tg_store_link **link)
{
	struct tg_store_link *old = *link;

	if (!old)
		return;
	if (old->connected)
		send_rest(old->connection);
	if (old->deadline)
		shut(old);
	if (old->attempt)
		event_free(old->attempt);
	if (old->deadline)
		event_free(old->deadline);
	X509_STORE_free(old->authorities);
	free(old);
	*link = NULL;
}

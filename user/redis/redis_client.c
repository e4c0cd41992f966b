// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One attempt goes from server to address to connection. A server's name is resolved, and its
 * addresses are tried in order. If all fail, plan_next() takes the next server, or the first one
 * after a pause.
 */
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
#include "base/event_first.h"
#include "base/clock.h"
#include "base/log.h"
#include "redis/resolve.h"
#include "redis/command.h"
#include "redis/tls.h"
#include "base/text.h"

#define WHY_SIZE sizeof(((struct tg_redis_status *)NULL)->error)

struct tg_redis_client {
	struct event_base *base;
	struct tg_redis_settings settings;
	struct tg_redis_user user;
	struct tg_redis_status *status;
	struct event *attempt;	/* timer: try server `turn` */
	struct event *deadline; /* timer: of the lookup, the connection or the replies */
	size_t turn;		/* index of the server in use or being tried */
	unsigned int turns;	/* that have failed, so that each makes the pause longer */
	SSL_CTX *tls;		/* NULL: was not needed, or ca_file could not be read yet */
	struct tg_resolver *resolver;
	struct addrinfo *addresses, *untried;
	char refused[WHY_SIZE]; /* why the earlier addresses of this server failed */
	struct bufferevent *connection;
	struct tg_redis_reader *reader;
	size_t unanswered; /* commands without a reply */
	bool connected, approved;
	uint64_t connected_at;			   /* ns */
	char said[TG_REDIS_SERVERS_MAX][WHY_SIZE]; /* the error last logged for each server */
};

static void try_address(struct tg_redis_client *client);

static const struct tg_redis_server *server_of(const struct tg_redis_client *client)
{
	return &client->settings.servers[client->turn];
}

size_t tg_redis_client_server(const struct tg_redis_client *client)
{
	return client->turn;
}

static void set_timer(struct event *timer, unsigned int ms)
{
	const struct timeval after = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	event_add(timer, &after);
}

static unsigned int answer_ms(const struct tg_redis_client *client)
{
	unsigned int ms = client->settings.answer_within / NS_PER_MS;

	return ms > TG_REDIS_TIMEOUT_MS ? ms : TG_REDIS_TIMEOUT_MS;
}

unsigned int tg_redis_pause_ms(unsigned int turns, unsigned int random)
{
	unsigned int most = TG_REDIS_PAUSE_MIN_MS, least;

	while (turns-- && most < TG_REDIS_PAUSE_MAX_MS)
		most *= 2;
	if (most > TG_REDIS_PAUSE_MAX_MS)
		most = TG_REDIS_PAUSE_MAX_MS;
	least = most / 2;
	return least + random % (most - least + 1);
}

static unsigned int next_pause(struct tg_redis_client *client)
{
	unsigned int random;

	evutil_secure_rng_get_bytes(&random, sizeof(random));
	return tg_redis_pause_ms(client->turns++, random);
}

/* Begins with the first server again after an approved one, so that all nodes use the same server.
 */
static void plan_next(struct tg_redis_client *client, bool was_good)
{
	if (!was_good && client->turn + 1 < client->settings.servers_n) {
		client->turn++;
		set_timer(client->attempt, 0);
		return;
	}
	if (was_good && tg_now_ns() - client->connected_at > TG_REDIS_PAUSE_MAX_MS * NS_PER_MS)
		client->turns = 0;
	client->turn = 0;
	set_timer(client->attempt, next_pause(client));
}

static void shut(struct tg_redis_client *client)
{
	event_del(client->deadline);
	tg_resolver_free(&client->resolver);
	if (client->connection)
		bufferevent_free(client->connection);
	client->connection = NULL;
	tg_redis_reader_free(&client->reader);
	if (client->addresses)
		evutil_freeaddrinfo(client->addresses);
	client->addresses = client->untried = NULL;
	client->unanswered = 0;
}

/* Logs status->error unless it is the last that was logged for this server. */
static void tell(struct tg_redis_client *client)
{
	char *said = client->said[client->turn];

	if (strcmp(said, client->status->error) == 0)
		return;
	strcpy(said, client->status->error);
	tg_log(TG_LOG_WARNING, "store %s: %s", client->status->server, said);
}

void tg_redis_client_give_up(struct tg_redis_client *client, const char *format, ...)
{
	bool was_connected = client->connected, was_good = client->approved;
	va_list args;

	va_start(args, format);
	vsnprintf(client->status->error, WHY_SIZE, format, args);
	va_end(args);
	tg_text_force_printable(client->status->error);
	tell(client);
	shut(client);
	client->connected = client->approved = false;
	client->status->failures++;
	plan_next(client, was_good);
	if (was_connected)
		client->user.lost(client->user.data);
}

/* Tries the server's next address. After the last one, gives up with all the reasons. */
static void fail_address(struct tg_redis_client *client, const char *why)
{
	char *refused = client->refused;
	size_t n = strlen(refused);

	if (!client->connected && !strstr(refused, why))
		snprintf(refused + n, WHY_SIZE - n, "%s%s", n ? "; " : "", why);
	if (client->connected || !client->untried) {
		tg_redis_client_give_up(client, "%s", client->connected ? why : refused);
		return;
	}
	bufferevent_free(client->connection);
	client->connection = NULL;
	try_address(client);
}

static void on_deadline(evutil_socket_t fd, short what, void *data)
{
	struct tg_redis_client *client = data;
	char why[64];

	if (client->resolver) {
		tg_redis_client_give_up(client,
					"its name cannot be resolved: no answer within %d ms",
					TG_REDIS_LOOKUP_MS);
		return;
	}
	snprintf(why, sizeof(why), "%s within %u ms",
		 client->connected ? "no answer" : "no connection",
		 client->connected ? answer_ms(client) : TG_REDIS_TIMEOUT_MS);
	fail_address(client, why);
}

static void serve(struct tg_redis_client *client)
{
	struct tg_redis_reply *reply;

	while (client->connection) {
		if (tg_redis_reader_next(client->reader, &reply)) {
			tg_redis_client_give_up(client, "it answers by %s",
						tg_redis_reader_why(client->reader));
			return;
		}
		if (!reply)
			return;
		if (client->unanswered == 0) {
			tg_redis_reply_free(&reply);
			tg_redis_client_give_up(client, "it answers what nobody has asked");
			return;
		}
		if (--client->unanswered == 0)
			event_del(client->deadline);
		client->user.answered(client->user.data, &reply);
		tg_redis_reply_free(&reply);
	}
}

static void on_readable(struct bufferevent *connection, void *data)
{
	struct evbuffer *input = bufferevent_get_input(connection);
	struct tg_redis_client *client = data;
	size_t n;

	while (client->connection && (n = evbuffer_get_contiguous_space(input)) > 0) {
		client->status->received += n;
		if (tg_redis_reader_feed(client->reader, evbuffer_pullup(input, n), n)) {
			tg_redis_client_give_up(client, "%s", strerror(ENOMEM));
			return;
		}
		evbuffer_drain(input, n);
		serve(client);
	}
}

static void on_connected(struct tg_redis_client *client)
{
	int on = 1;

	/* Fails on a Unix socket, which has no Nagle algorithm to turn off. */
	setsockopt(bufferevent_getfd(client->connection), IPPROTO_TCP, TCP_NODELAY, &on,
		   sizeof(on));
	event_del(client->deadline);
	client->connected = true;
	client->connected_at = tg_now_ns();
	if (bufferevent_enable(client->connection, EV_READ | EV_WRITE)) {
		tg_redis_client_give_up(client, "%s", strerror(ENOMEM));
		return;
	}
	client->user.connected(client->user.data);
}

static void on_event(struct bufferevent *connection, short what, void *data)
{
	int error = EVUTIL_SOCKET_ERROR();
	struct tg_redis_client *client = data;
	char why[WHY_SIZE];

	if (what & BEV_EVENT_CONNECTED) {
		tg_buffer_first(connection); /* TLS makes its events anew */
		on_connected(client);
		return;
	}
	if (tg_redis_tls_why(connection, why, sizeof(why)))
		;
	else if (what & BEV_EVENT_EOF || !error)
		snprintf(why, sizeof(why), "it closed the connection");
	else
		snprintf(why, sizeof(why), "%s", strerror(error));
	fail_address(client, why);
}

/* Returns NULL with the reason in @why (WHY_SIZE bytes). */
static struct bufferevent *new_connection(struct tg_redis_client *client, char *why)
{
	const struct tg_redis_server *server = server_of(client);
	SSL *ssl;

	snprintf(why, WHY_SIZE, "%s", strerror(ENOMEM));
	if (!server->has_tls)
		return bufferevent_socket_new(client->base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (!client->tls)
		client->tls = tg_redis_tls_context(client->settings.ca_file, why, WHY_SIZE);
	ssl = client->tls ? tg_redis_tls_new(client->tls, server->host, why, WHY_SIZE) : NULL;
	if (!ssl)
		return NULL;
	return bufferevent_openssl_socket_new(client->base, -1, ssl, BUFFEREVENT_SSL_CONNECTING,
					      BEV_OPT_CLOSE_ON_FREE);
}

static void connect_to(struct tg_redis_client *client, const struct sockaddr *address,
		       socklen_t length)
{
	char why[WHY_SIZE];

	tg_redis_reader_free(&client->reader);
	client->reader = tg_redis_reader_new(client->settings.value_max);
	client->connection = client->reader ? new_connection(client, why) : NULL;
	if (!client->connection) {
		tg_redis_client_give_up(client, "%s", client->reader ? why : strerror(ENOMEM));
		return;
	}
	tg_buffer_first(client->connection);
	bufferevent_setcb(client->connection, on_readable, NULL, on_event, client);
	set_timer(client->deadline, TG_REDIS_TIMEOUT_MS);
	if (bufferevent_socket_connect(client->connection, address, (int)length) == 0) {
		tg_buffer_first(client->connection); /* the connect has reset it */
		return;
	}
	fail_address(client, errno == EACCES ? "Permission denied; the daemon has no capability to "
					       "pass over permissions: one of its groups must "
					       "be allowed to write to the socket"
					     : strerror(errno));
}

static void try_address(struct tg_redis_client *client)
{
	struct addrinfo *address = client->untried;

	client->untried = address->ai_next;
	connect_to(client, address->ai_addr, address->ai_addrlen);
}

static void on_found(void *data, struct addrinfo *found, const char *why)
{
	struct tg_redis_client *client = data;

	tg_resolver_free(&client->resolver);
	if (!found) {
		tg_redis_client_give_up(client, "its name cannot be resolved: %s", why);
		return;
	}
	client->addresses = client->untried = found;
	try_address(client);
}

static void try_socket(struct tg_redis_client *client, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path)) {
		tg_redis_client_give_up(client, "%s", strerror(ENAMETOOLONG));
		return;
	}
	strcpy(address.sun_path, path);
	connect_to(client, (struct sockaddr *)&address, sizeof(address));
}

static void on_attempt(evutil_socket_t fd, short what, void *data)
{
	struct tg_redis_client *client = data;
	const struct tg_redis_server *server = server_of(client);

	strcpy(client->status->server, server->url);
	client->refused[0] = '\0';
	if (server->is_unix) {
		try_socket(client, server->host);
		return;
	}
	set_timer(client->deadline, TG_REDIS_LOOKUP_MS);
	if (tg_resolver_new(client->base, server->host, server->port, on_found, client,
			    &client->resolver))
		tg_redis_client_give_up(client, "%s", strerror(ENOMEM));
}

void tg_redis_client_trust(struct tg_redis_client *client, SSL_CTX *trusted, const char *why)
{
	if (trusted) {
		SSL_CTX_up_ref(trusted);
		SSL_CTX_free(client->tls);
		client->tls = trusted;
	} else if (client->tls) {
		tg_log(TG_LOG_WARNING, "store: %s; the authorities read before stay trusted", why);
	}
}

int tg_redis_client_open(struct event_base *base, const struct tg_redis_settings *settings,
			 const struct tg_redis_user *user, struct tg_redis_status *status,
			 struct tg_redis_client **client)
{
	tg_cleanup(tg_redis_client_close) struct tg_redis_client *made = calloc(1, sizeof(*made));

	if (!made)
		return -ENOMEM;
	made->base = base;
	made->settings = *settings;
	made->user = *user;
	made->status = status;
	made->attempt = evtimer_new(base, on_attempt, made);
	made->deadline = evtimer_new(base, on_deadline, made);
	tg_event_first(made->attempt);
	tg_event_first(made->deadline);
	if (!made->attempt || !made->deadline)
		return -ENOMEM;
	strcpy(status->server, settings->servers[0].url);
	set_timer(made->attempt, 0);
	*client = TAKE_PTR(made);
	return 0;
}

bool tg_redis_client_is_idle(const struct tg_redis_client *client)
{
	return client->connected && client->unanswered == 0;
}

static int count(struct tg_redis_client *client, int sent)
{
	if (sent < 0)
		return sent;
	if (client->unanswered++ == 0)
		set_timer(client->deadline, answer_ms(client));
	client->status->sent += (size_t)sent;
	return 0;
}

int tg_redis_client_send(struct tg_redis_client *client, int n, const char *const *words,
			 const size_t *lengths)
{
	return count(client, tg_redis_command(bufferevent_get_output(client->connection), n, words,
					      lengths));
}

int tg_redis_client_send_auth(struct tg_redis_client *client, char *why, size_t size)
{
	return count(client, tg_redis_command_auth(bufferevent_get_output(client->connection),
						   client->settings.user,
						   client->settings.password_file, why, size));
}

void tg_redis_client_approve(struct tg_redis_client *client)
{
	if (client->approved)
		return;
	client->approved = true;
	memset(client->said, 0, sizeof(client->said));
	client->status->error[0] = '\0';
	tg_log(TG_LOG_INFO, "store %s: connected", client->status->server);
}

/* Writes to the socket directly, because the event loop may not run any more. */
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

void tg_redis_client_close(struct tg_redis_client **client)
{
	struct tg_redis_client *old = *client;

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
	SSL_CTX_free(old->tls);
	free(old);
	*client = NULL;
}

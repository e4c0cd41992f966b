// SPDX-License-Identifier: GPL-2.0-or-later
/* A client in the daemon's event loop, against a server that answers by hand. */
#include <arpa/inet.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/event_first.h"
#include "base/log.h"
#include "daemon/event_loop.h"
#include "redis/redis_client.h"
#include "test.h"

static char dir[] = "/tmp/tidegate-test.XXXXXX", path[64];

struct world {
	struct event_base *base;
	struct tg_redis_client *client;
	struct tg_redis_status status;
	bool connected;
	char order[8]; /* r: a reply, l: an event that goes last */
};

static void note(struct world *world, const char *what)
{
	strncat(world->order, what, sizeof(world->order) - strlen(world->order) - 1);
}

static void on_connected(void *data)
{
	((struct world *)data)->connected = true;
}

static void on_answered(void *data, struct tg_redis_reply **reply)
{
	note(data, "r");
}

static void on_lost(void *data)
{
	note(data, "lost");
}

static void on_late(evutil_socket_t fd, short what, void *data)
{
	note(data, "l");
}

/* Returns a socket that listens, and fills *@server. */
static int listen_unix(struct tg_redis_server *server)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	CHECK(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 1) == 0);
	server->host = path;
	server->is_unix = true;
	return fd;
}

static int listen_tcp(struct tg_redis_server *server)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(bind(fd, (struct sockaddr *)&address, length) == 0 && listen(fd, 1) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)&address, &length) == 0);
	server->host = "127.0.0.1";
	server->port = ntohs(address.sin_port);
	return fd;
}

static bool run_until(struct world *world, bool (*reached)(const struct world *world))
{
	int i;

	for (i = 0; i < 5000 && !reached(world); i++) {
		event_base_loop(world->base, EVLOOP_NONBLOCK);
		usleep(1000);
	}
	return reached(world);
}

static bool is_connected(const struct world *world)
{
	return world->connected;
}

static bool is_over(const struct world *world)
{
	return strlen(world->order) >= 2;
}

/*
 * Has a reply and an event that goes last ready at the same time. That event was ready first, so
 * that it would come first if both had the same priority.
 */
static void race(struct world *world, int connection)
{
	static const char *const words[] = {"PING"};
	static const size_t lengths[] = {4};
	struct event *late = event_new(world->base, -1, 0, on_late, world);
	char buffer[64];

	CHECK(tg_redis_client_send(world->client, 1, words, lengths) == 0);
	event_base_loop(world->base, EVLOOP_NONBLOCK);
	CHECK(read(connection, buffer, sizeof(buffer)) > 0);
	CHECK(write(connection, "+PONG\r\n", 7) == 7);
	usleep(10000);
	event_active(late, EV_TIMEOUT, 0);
	CHECK(run_until(world, is_over));
	CHECK(strcmp(world->order, "rl") == 0, "%s", world->order);
	event_free(late);
}

static void replies_go_first(int (*listen_on)(struct tg_redis_server *server))
{
	struct tg_redis_settings settings = {.servers_n = 1, .value_max = 1000};
	struct world world = {.base = tg_event_loop_new()};
	const struct tg_redis_user user = {on_connected, on_answered, on_lost, &world};
	tg_autoclose int server = -1, connection = -1;

	tg_log_setup("test", TG_LOG_ERROR, TG_LOG_TEXT);
	strcpy(settings.servers[0].url, "redis://test");
	server = listen_on(&settings.servers[0]);
	CHECK(tg_redis_client_open(world.base, &settings, &user, &world.status, &world.client) ==
	      0);
	CHECK(run_until(&world, is_connected), "%s", world.status.error);
	connection = accept(server, NULL, NULL);
	if (world.connected && connection >= 0)
		race(&world, connection);
	tg_redis_client_close(&world.client);
	event_base_free(world.base);
}

TEST(replies_go_before_http)
{
	CHECK(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/socket", dir);
	replies_go_first(listen_unix);
	unlink(path);
	rmdir(dir);
	replies_go_first(listen_tcp);
}

TEST_MAIN(RUN(replies_go_before_http))

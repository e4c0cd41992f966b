// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the address of --metrics and listens there. */
#include "http/listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/units.h"
#include "base/unix_socket.h"
#include "http/guard.h"

/* Room for those who have to wait: beyond it, TCP tries again after 1 s, 3 s and so on. */
#define BACKLOG 4096

/* Splits "HOST:PORT" in place and takes brackets off an IPv6 host. Returns 0 or -EINVAL. */
static int split_address(char *address, const char **host, const char **port)
{
	char *colon = strrchr(address, ':'), *end;
	uint64_t number;

	if (!colon || colon == address || tg_parse_number(colon + 1, &number) || !number ||
	    number > UINT16_MAX)
		return -EINVAL;
	*colon = '\0';
	*host = address;
	*port = colon + 1;
	if (address[0] == '[') {
		end = strchr(address, ']');
		if (!end || end[1])
			return -EINVAL;
		*end = '\0';
		*host = address + 1;
	} else if (strchr(address, ':')) {
		return -EINVAL;
	}
	return 0;
}

/* Returns a listening socket or -errno. */
static int listen_at(const struct addrinfo *at)
{
	tg_autoclose int fd =
		socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
	int on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)) ||
	    bind(fd, at->ai_addr, at->ai_addrlen) || listen(fd, BACKLOG))
		return -errno;
	return TAKE_FD(fd);
}

/*
 * Resolves without AI_ADDRCONFIG, which finds no address in a network namespace whose interfaces
 * have none. Returns a socket, or -errno with the reason in *@why, which is static.
 */
static int listen_on_host(const char *host, const char *port, bool *loopback, const char **why)
{
	const struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
				       .ai_family = AF_UNSPEC,
				       .ai_socktype = SOCK_STREAM};
	struct addrinfo *found, *at;
	int error = getaddrinfo(host, port, &hints, &found), fd = -EADDRNOTAVAIL;

	if (error) {
		*why = gai_strerror(error);
		return -EADDRNOTAVAIL;
	}
	for (at = found; at && fd < 0; at = at->ai_next) {
		fd = listen_at(at);
		*loopback = tg_http_is_loopback(at->ai_addr);
	}
	freeaddrinfo(found);
	if (fd < 0)
		*why = strerror(-fd);
	return fd;
}

static int listen_on_path(const char *path, struct tg_http_socket *made)
{
	tg_autoclose int fd = -1;

	if (path[0] != '/')
		return tg_log_errno(EINVAL, "--metrics \"unix:%s\": write the whole path", path);
	fd = tg_unix_socket_bind(path, "metrics socket");
	if (fd < 0)
		return fd;
	made->path = strdup(path);
	if (!made->path || listen(fd, BACKLOG))
		return tg_log_errno(made->path ? errno : ENOMEM, "metrics socket %s", path);
	made->fd = TAKE_FD(fd);
	return 0;
}

int tg_http_listen(const char *address, struct tg_http_socket *made)
{
	const char *host, *port, *why = "";

	*made = (struct tg_http_socket){.fd = -1};
	if (strncmp(address, TG_UNIX_PREFIX, strlen(TG_UNIX_PREFIX)) == 0)
		return listen_on_path(address + strlen(TG_UNIX_PREFIX), made);
	made->host = strdup(address);
	if (!made->host)
		return tg_log_errno(ENOMEM, "metrics");
	if (split_address(made->host, &host, &port))
		return tg_log_errno(
			EINVAL, "--metrics \"%s\": write HOST:PORT, [IPV6]:PORT, unix:PATH or none",
			address);
	made->fd = listen_on_host(host, port, &made->loopback, &why);
	if (made->fd < 0) {
		tg_log(TG_LOG_ERROR,
		       "cannot listen on %s for metrics: %s; choose another with --metrics",
		       address, why);
		return made->fd;
	}
	memmove(made->host, host, strlen(host) + 1);
	return 0;
}

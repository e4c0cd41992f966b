/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes the socket that --metrics names. */
#ifndef TG_HTTP_LISTEN_H
#define TG_HTTP_LISTEN_H

#include <stdbool.h>

#define TG_UNIX_PREFIX "unix:"

struct tg_http_socket {
	int fd;	       /* listens, does not block; the caller closes it */
	char *host;    /* as in the address; NULL for a Unix socket; the caller frees it */
	char *path;    /* of a Unix socket, else NULL; the caller frees it */
	bool loopback; /* can be reached from this machine only; false for a Unix socket */
};

/*
 * Listens on @address: HOST:PORT, [IPV6]:PORT or unix:PATH. Returns 0, or -errno, logged: -EINVAL
 * if it is none of them. An address in numbers needs no interface that has an address.
 */
int tg_http_listen(const char *address, struct tg_http_socket *made);

#endif

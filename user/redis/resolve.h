/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A server's addresses: numbers at once, names by libevent's resolver, which keeps nobody waiting.
 */
#ifndef TG_REDIS_RESOLVE_H
#define TG_REDIS_RESOLVE_H

#include <netdb.h>
#include <stdint.h>

struct event_base;
struct tg_resolver;

/* The caller frees @found by evutil_freeaddrinfo(); NULL: @why. @why is the callee's only now. */
typedef void tg_resolver_done(void *data, struct addrinfo *found, const char *why);

/*
 * Looks up the @host of a server by TCP, in /etc/hosts and DNS as /etc/resolv.conf has it now.
 * @done is called later, and never once the lookup is freed. -ENOMEM.
 */
int tg_resolver_new(struct event_base *base, const char *host, uint16_t port,
		    tg_resolver_done *done, void *data, struct tg_resolver **resolver);
void tg_resolver_free(struct tg_resolver **resolver); /* NULL-safe; may be called by @done */

#endif

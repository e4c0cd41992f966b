/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the addresses of a host without blocking, by libevent's resolver. */
#ifndef TG_REDIS_RESOLVE_H
#define TG_REDIS_RESOLVE_H

#include <netdb.h>
#include <stdint.h>

struct event_base;
struct tg_resolver;

/*
 * Receives the result: @found, which the callee frees by evutil_freeaddrinfo(), or NULL with the
 * reason in @why. @why is valid during the call only.
 */
typedef void tg_resolver_done(void *data, struct addrinfo *found, const char *why);

/*
 * Starts to look up @host for TCP to @port. A numeric address needs no lookup. A name is looked up
 * in /etc/hosts and by the DNS servers that /etc/resolv.conf has now. Calls @done once, from the
 * event loop and never from within this call; not after tg_resolver_free(). There is no time limit.
 * Returns 0 or -ENOMEM.
 */
int tg_resolver_new(struct event_base *base, const char *host, uint16_t port,
		    tg_resolver_done *done, void *data, struct tg_resolver **resolver);

/* Cancels the lookup. NULL-safe; sets *@resolver to NULL. @done may call it. */
void tg_resolver_free(struct tg_resolver **resolver);

#endif

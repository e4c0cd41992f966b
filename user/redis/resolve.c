// SPDX-License-Identifier: GPL-2.0-or-later
/* One evdns lookup, or a numeric address that is handed out by the same callback. */
#include "redis/resolve.h"

#include <errno.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/event_first.h"

/* Outlives the resolver, because libevent calls back for a cancelled lookup too. */
struct query {
	struct tg_resolver *resolver; /* NULL: freed */
};

struct tg_resolver {
	struct evdns_base *dns; /* NULL if the host is an address */
	struct query *query;
	struct event
		*deliver; /* calls done() outside evdns, so that done() may free the resolver */
	struct addrinfo *found;
	const char *why;
	tg_resolver_done *done;
	void *data;
};

static void on_deliver(evutil_socket_t fd, short what, void *data)
{
	struct tg_resolver *resolver = data;

	resolver->done(resolver->data, TAKE_PTR(resolver->found), resolver->why);
}

static void schedule_done(struct tg_resolver *resolver, int error, struct addrinfo *found)
{
	resolver->found = error ? NULL : found;
	resolver->why = error ? evutil_gai_strerror(error) : found ? NULL : "no address";
	event_active(resolver->deliver, EV_TIMEOUT, 0);
}

static void on_resolved(int error, struct addrinfo *found, void *data)
{
	struct query *query = data;

	if (query->resolver) {
		query->resolver->query = NULL;
		schedule_done(query->resolver, error, found);
	} else if (found) {
		evutil_freeaddrinfo(found);
	}
	free(query);
}

static int start_query(struct tg_resolver *resolver, struct event_base *base, const char *host,
		       const char *service, const struct addrinfo *hints)
{
	struct query *query = calloc(1, sizeof(*query));

	resolver->dns = query ? evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE) : NULL;
	if (!resolver->dns) {
		free(query);
		return -ENOMEM;
	}
	/* If the file is missing, libevent uses 127.0.0.1 and /etc/hosts. */
	evdns_base_resolv_conf_parse(resolver->dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
	query->resolver = resolver;
	resolver->query = query;
	evdns_getaddrinfo(resolver->dns, host, service, hints, on_resolved, query);
	return 0;
}

int tg_resolver_new(struct event_base *base, const char *host, uint16_t port,
		    tg_resolver_done *done, void *data, struct tg_resolver **resolver)
{
	tg_cleanup(tg_resolver_free) struct tg_resolver *made = calloc(1, sizeof(*made));
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				 .ai_protocol = IPPROTO_TCP,
				 .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV},
			*found = NULL;
	char service[16];
	int error = 0;

	if (!made)
		return -ENOMEM;
	made->done = done;
	made->data = data;
	made->deliver = evtimer_new(base, on_deliver, made);
	tg_event_first(made->deliver);
	if (!made->deliver)
		return -ENOMEM;
	snprintf(service, sizeof(service), "%u", port);
	if (getaddrinfo(host, service, &hints, &found) == 0) {
		schedule_done(made, 0, found);
	} else {
		hints.ai_flags = EVUTIL_AI_NUMERICSERV | EVUTIL_AI_ADDRCONFIG;
		error = start_query(made, base, host, service, &hints);
	}
	if (error)
		return error;
	*resolver = TAKE_PTR(made);
	return 0;
}

void tg_resolver_free(struct tg_resolver **resolver)
{
	struct tg_resolver *old = *resolver;

	if (!old)
		return;
	if (old->query)
		old->query->resolver = NULL;
	if (old->dns)
		evdns_base_free(old->dns, 1);
	if (old->deliver)
		event_free(old->deliver);
	if (old->found)
		evutil_freeaddrinfo(old->found);
	free(old);
	*resolver = NULL;
}

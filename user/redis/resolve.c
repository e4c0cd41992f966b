// SPDX-License-Identifier: GPL-2.0-or-later
#include "redis/resolve.h"

#include <errno.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"

/* libevent answers also for a request that is given up, when the lookup may be gone. */
struct question {
	struct tg_resolver *asker; /* NULL: gone */
};

struct tg_resolver {
	struct evdns_base *dns; /* only if it is a name */
	struct question *question;
	struct event *answered; /* out of the resolver's hands, so that it may be freed */
	struct addrinfo *found;
	const char *why;
	tg_resolver_done *done;
	void *data;
};

static void on_answered(evutil_socket_t fd, short what, void *data)
{
	struct tg_resolver *lookup = data;

	lookup->done(lookup->data, TAKE_PTR(lookup->found), lookup->why);
}

static void answer(struct tg_resolver *lookup, int error, struct addrinfo *found)
{
	lookup->found = error ? NULL : found;
	lookup->why = error ? evutil_gai_strerror(error) : found ? NULL : "no address";
	event_active(lookup->answered, EV_TIMEOUT, 0);
}

static void on_resolved(int error, struct addrinfo *found, void *data)
{
	struct question *question = data;

	if (question->asker) {
		question->asker->question = NULL;
		answer(question->asker, error, found);
	} else if (found) {
		evutil_freeaddrinfo(found);
	}
	free(question);
}

static int ask(struct tg_resolver *lookup, struct event_base *base, const char *host,
	       const char *service, const struct addrinfo *hints)
{
	struct question *question = calloc(1, sizeof(*question));

	lookup->dns = question ? evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE) : NULL;
	if (!lookup->dns) {
		free(question);
		return -ENOMEM;
	}
	/* Without the file: the server on this machine, and /etc/hosts. */
	evdns_base_resolv_conf_parse(lookup->dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
	question->asker = lookup;
	lookup->question = question;
	evdns_getaddrinfo(lookup->dns, host, service, hints, on_resolved, question);
	return 0;
}

int tg_resolver_new(struct event_base *base, const char *host, uint16_t port,
		    tg_resolver_done *done, void *data, struct tg_resolver **lookup)
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
	made->answered = evtimer_new(base, on_answered, made);
	if (!made->answered)
		return -ENOMEM;
	snprintf(service, sizeof(service), "%u", port);
	if (getaddrinfo(host, service, &hints, &found) == 0) {
		answer(made, 0, found);
	} else {
		hints.ai_flags = EVUTIL_AI_NUMERICSERV | EVUTIL_AI_ADDRCONFIG;
		error = ask(made, base, host, service, &hints);
	}
	if (error)
		return error;
	*lookup = TAKE_PTR(made);
	return 0;
}

void tg_resolver_free(struct tg_resolver **lookup)
{
	struct tg_resolver *old = *lookup;

	if (!old)
		return;
	if (old->question)
		old->question->asker = NULL;
	if (old->dns)
		evdns_base_free(old->dns, 1);
	if (old->answered)
		event_free(old->answered);
	if (old->found)
		evutil_freeaddrinfo(old->found);
	free(old);
	*lookup = NULL;
}

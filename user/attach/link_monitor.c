// SPDX-License-Identifier: GPL-2.0-or-later
/* A netlink socket in the event loop, with a timer that gathers messages. */
#include "attach/link_monitor.h"

#include <errno.h>
#include <event2/event.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/event_first.h"

struct tg_link_monitor {
	struct mnl_socket *socket;
	struct event *readable, *settled;
	void (*changed)(void *data);
	void *data;
};

/* The kernel sends several messages for one change. */
static const struct timeval pause_after = {.tv_usec = 20000};

static void on_settled(evutil_socket_t fd, short what, void *data)
{
	struct tg_link_monitor *monitor = data;

	monitor->changed(monitor->data);
}

/*
 * Discards the messages, because the interfaces are listed anew afterwards. A message lost with
 * ENOBUFS therefore does no harm.
 */
static void on_readable(evutil_socket_t fd, short what, void *data)
{
	struct tg_link_monitor *monitor = data;
	char buffer[8192];

	while (mnl_socket_recvfrom(monitor->socket, buffer, sizeof(buffer)) > 0)
		;
	if (!event_pending(monitor->settled, EV_TIMEOUT, NULL))
		event_add(monitor->settled, &pause_after);
}

int tg_link_monitor_open(struct event_base *base, void (*changed)(void *data), void *data,
			 struct tg_link_monitor **monitor)
{
	tg_cleanup(tg_link_monitor_close) struct tg_link_monitor *made = calloc(1, sizeof(*made));
	int fd;

	if (!made)
		return tg_log_errno(ENOMEM, "netlink");
	made->changed = changed;
	made->data = data;
	made->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (!made->socket || mnl_socket_bind(made->socket, RTMGRP_LINK, MNL_SOCKET_AUTOPID) < 0)
		return tg_log_errno(errno, "netlink");
	fd = mnl_socket_get_fd(made->socket);
	made->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, made);
	made->settled = evtimer_new(base, on_settled, made);
	tg_event_first(made->readable);
	tg_event_first(made->settled);
	if (!made->readable || !made->settled || event_add(made->readable, NULL))
		return tg_log_errno(ENOMEM, "netlink");
	*monitor = TAKE_PTR(made);
	return 0;
}

void tg_link_monitor_close(struct tg_link_monitor **monitor)
{
	struct tg_link_monitor *old = *monitor;

	if (!old)
		return;
	if (old->readable)
		event_free(old->readable);
	if (old->settled)
		event_free(old->settled);
	if (old->socket)
		mnl_socket_close(old->socket);
	free(old);
	*monitor = NULL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* A ring of the last events, filled from the map of events, and its report as JSON. */
#include "daemon/events.h"

#include <arpa/inet.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/event_first.h"
#include "base/clock.h"
#include "config/names.h"
#include "datapath/datapath.h"
#include "base/log.h"
#include "base/prefix.h"

#define KEPT 4096 /* events; a power of two */

struct seen {
	struct tg_event event;
	uint64_t time; /* ns on CLOCK_REALTIME */
	char limit[TG_LIMIT_NAME_SIZE];
};

struct tg_events {
	struct tg_datapath *datapath;
	struct ring_buffer *ring;
	struct event *readable;
	int fd;
	char epoch[2 * sizeof(uint64_t) + 1]; /* random; no other ring's numbers are these */
	uint64_t n; /* events so far; number i is seen[i % KEPT], for the last KEPT */
	struct seen seen[KEPT];
};

static uint64_t real_time_of(uint64_t at)
{
	struct timespec now;
	/* The precise clock is never behind the coarse one, so no event is of the future. */
	uint64_t age = tg_now_ns() - at;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + now.tv_nsec - age;
}

static int on_event(void *data, void *record, size_t size)
{
	struct tg_events *events = data;
	struct seen *seen = &events->seen[events->n % KEPT];
	const char *limit;

	if (size != sizeof(seen->event))
		return 0;
	memcpy(&seen->event, record, size);
	limit = tg_datapath_limit_name(events->datapath, seen->event.limit_id);
	if (!limit)
		return 0; /* the limit is not in force any more */
	snprintf(seen->limit, sizeof(seen->limit), "%s", limit);
	seen->time = real_time_of(seen->event.at);
	events->n++;
	return 0;
}

static void on_readable(evutil_socket_t fd, short what, void *data)
{
	struct tg_events *events = data;

	ring_buffer__consume(events->ring);
}

static int choose_epoch(struct tg_events *events)
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return errno ? -errno : -EIO;
	snprintf(events->epoch, sizeof(events->epoch), "%016" PRIx64, number);
	return 0;
}

int tg_events_open(struct event_base *base, struct tg_datapath *datapath, struct tg_events **events)
{
	tg_cleanup(tg_events_close) struct tg_events *made = calloc(1, sizeof(*made));
	int error;

	if (!made)
		return tg_log_errno(ENOMEM, "events");
	made->datapath = datapath;
	error = choose_epoch(made);
	if (error)
		return tg_log_errno(error, "events");
	made->fd = tg_datapath_events_fd(datapath);
	if (made->fd < 0)
		return tg_log_errno(made->fd, "events");
	made->ring = ring_buffer__new(made->fd, on_event, made, NULL);
	if (!made->ring)
		return tg_log_errno(errno, "events");
	made->readable = event_new(base, ring_buffer__epoll_fd(made->ring), EV_READ | EV_PERSIST,
				   on_readable, made);
	tg_event_first(made->readable);
	if (!made->readable || event_add(made->readable, NULL))
		return tg_log_errno(ENOMEM, "events");
	*events = TAKE_PTR(made);
	return 0;
}

static json_t *address_of(const struct tg_address *address)
{
	struct tg_prefix prefix = {.length = 128};
	char text[TG_PREFIX_TEXT_SIZE];

	memcpy(prefix.address, address, sizeof(prefix.address));
	tg_prefix_format(&prefix, text, sizeof(text));
	text[strcspn(text, "/")] = '\0';
	return json_string(text);
}

static json_t *time_of(const struct seen *seen)
{
	time_t seconds = seen->time / NS_PER_S;
	char text[40] = "", stamp[48];
	struct tm utc;

	if (gmtime_r(&seconds, &utc))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(stamp, sizeof(stamp), "%s.%03uZ", text,
		 (unsigned int)(seen->time % NS_PER_S / NS_PER_MS));
	return json_string(stamp);
}

static json_t *report(const struct seen *seen)
{
	const struct tg_event *event = &seen->event;
	json_t *json = json_pack(
		"{s:o, s:s, s:s, s:s, s:o, s:o, s:i, s:I, s:I}", "time", time_of(seen), "limit",
		seen->limit, "verdict", tg_verdict_name(event->verdict), "hook",
		tg_hook_name(event->hook), "source", address_of(&event->source), "destination",
		address_of(&event->destination), "protocol", event->protocol, "bytes",
		(json_int_t)event->bytes, "not_shown", (json_int_t)event->without_event);

	if (json && event->not_ip) {
		json_object_set_new(json, "source", json_null());
		json_object_set_new(json, "destination", json_null());
		json_object_set_new(json, "protocol", json_string("not_ip"));
	} else if (json && event->has_ports) {
		json_object_set_new(json, "source_port", json_integer(ntohs(event->source_port)));
		json_object_set_new(json, "destination_port",
				    json_integer(ntohs(event->destination_port)));
	}
	return json;
}

static bool is_of_limit(const struct seen *seen, const char *limit)
{
	return !limit || strcmp(seen->limit, limit) == 0;
}

/* Returns the number at which the last @n events of @limit begin, @first at least. */
static uint64_t from_the_end(const struct tg_events *events, const char *limit, uint64_t first,
			     size_t n)
{
	uint64_t number;

	for (number = events->n; number > first && n; number--)
		n -= is_of_limit(&events->seen[(number - 1) % KEPT], limit);
	return number;
}

json_t *tg_events_report(const struct tg_events *events, const char *limit, const char *epoch,
			 json_int_t after, size_t n, bool last)
{
	uint64_t number = events->n > KEPT ? events->n - KEPT : 0;
	json_t *list = json_array();

	/* Numbers of an earlier daemon say nothing here: all events are new. */
	if (epoch && strcmp(epoch, events->epoch) != 0)
		after = 0;
	if (after > 0 && (uint64_t)after > number && (uint64_t)after <= events->n)
		number = (uint64_t)after;
	if (last)
		number = from_the_end(events, limit, number, n);
	for (; list && number < events->n && json_array_size(list) < n; number++) {
		const struct seen *seen = &events->seen[number % KEPT];

		if (is_of_limit(seen, limit))
			json_array_append_new(list, report(seen));
	}
	return json_pack("{s:o, s:I, s:s}", "events", list, "next", (json_int_t)number, "epoch",
			 events->epoch);
}

void tg_events_close(struct tg_events **events)
{
	struct tg_events *old = *events;

	if (!old)
		return;
	if (old->readable)
		event_free(old->readable);
	ring_buffer__free(old->ring);
	if (old->fd >= 0)
		close(old->fd);
	free(old);
	*events = NULL;
}

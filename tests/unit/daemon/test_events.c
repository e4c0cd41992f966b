// SPDX-License-Identifier: GPL-2.0-or-later
/* Events as they come out of the ring, kept, paged and told; the ring is the test's own. */
#include <arpa/inet.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "datapath/datapath.h"
#include "daemon/events.h"
#include "fake_clock.h"
#include "base/log.h"
#include "logged.h"
#include "test.h"

#define KEPT 4096 /* events */
#define MS   1000000ULL

/* In the place of libbpf's ring: a pipe that becomes readable, and what consuming it yields. */
static struct {
	int fd; /* of the map */
	bool broken;
	int pipe[2];
	ring_buffer_sample_fn take;
	void *data;
	const struct tg_event *waiting;
	size_t waiting_n;
	unsigned int freed;
} ring;

struct ring_buffer *ring_buffer__new(int map_fd, ring_buffer_sample_fn take, void *data,
				     const struct ring_buffer_opts *options)
{
	CHECK(map_fd == ring.fd, "%d", map_fd);
	ring.take = take;
	ring.data = data;
	errno = ENOMEM;
	return ring.broken ? NULL : (struct ring_buffer *)&ring;
}

int ring_buffer__epoll_fd(const struct ring_buffer *ring_buffer)
{
	return ring.pipe[0];
}

int ring_buffer__consume(struct ring_buffer *ring_buffer)
{
	size_t i;
	char byte;

	CHECK(read(ring.pipe[0], &byte, 1) == 1);
	for (i = 0; i < ring.waiting_n; i++)
		ring.take(ring.data, (void *)&ring.waiting[i], sizeof(ring.waiting[i]));
	ring.waiting_n = 0;
	return (int)i;
}

void ring_buffer__free(struct ring_buffer *ring_buffer)
{
	ring.freed += ring_buffer != NULL;
}

/* In the place of the datapath: limits 1 and 2 are in force. */
int tg_datapath_events_fd(const struct tg_datapath *datapath)
{
	return ring.fd;
}

const char *tg_datapath_limit_name(const struct tg_datapath *datapath, uint32_t id)
{
	return id == 1 ? "dns" : id == 2 ? "a\"b" : NULL;
}

struct fixture {
	struct event_base *base;
	struct tg_events *events;
};

static void fixture_open(struct fixture *fixture)
{
	memset(&ring, 0, sizeof(ring));
	memset(fixture, 0, sizeof(*fixture));
	CHECK(pipe(ring.pipe) == 0);
	ring.fd = dup(ring.pipe[0]);
	fixture->base = event_base_new();
	CHECK(tg_events_open(fixture->base, NULL, &fixture->events) == 0);
}

static void fixture_close(struct fixture *fixture)
{
	tg_events_close(&fixture->events);
	CHECK(!fixture->events && ring.freed == 1, "freed once");
	CHECK(write(ring.fd, "", 1) == -1 && errno == EBADF, "the map is closed");
	tg_events_close(&fixture->events);
	event_base_free(fixture->base);
	close(ring.pipe[0]);
	close(ring.pipe[1]);
}

/* Events numbered by their bytes, so that a test can tell which are there. */
static struct tg_event event_of(uint32_t limit, uint32_t number)
{
	return (struct tg_event){.at = fake_monotonic,
				 .limit_id = limit,
				 .bytes = number,
				 .verdict = TG_VERDICT_DROPPED};
}

static void take(uint32_t limit, uint32_t number)
{
	struct tg_event event = event_of(limit, number);

	CHECK(ring.take(ring.data, &event, sizeof(event)) == 0, "a ring that goes on");
}

/* Of what is reported: "1 2 5 next 5", numbers as above. */
static const char *numbers_of(const struct fixture *fixture, const char *limit, const char *epoch,
			      json_int_t after, size_t n, bool last)
{
	json_t *report = tg_events_report(fixture->events, limit, epoch, after, n, last);
	const json_t *event;
	static char text[256];
	size_t i, at = 0;

	text[0] = '\0';
	json_array_foreach(json_object_get(report, "events"), i, event)
	{
		if (at < sizeof(text))
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%lld ",
					       json_integer_value(json_object_get(event, "bytes")));
	}
	if (at < sizeof(text))
		snprintf(text + at, sizeof(text) - at, "next %lld",
			 json_integer_value(json_object_get(report, "next")));
	json_decref(report);
	return text;
}

#define EXPECT_OF(fixture, limit, epoch, after, n, last, want)                                     \
	do {                                                                                       \
		const char *got_ = numbers_of(fixture, limit, epoch, after, n, last);              \
		CHECK(strcmp(got_, want) == 0, "\"%s\" instead of \"%s\"", got_, want);            \
	} while (0)

#define EXPECT(fixture, limit, after, n, last, want)                                               \
	EXPECT_OF(fixture, limit, NULL, after, n, last, want)

TEST(pages)
{
	struct fixture fixture;
	uint32_t i;

	fixture_open(&fixture);
	EXPECT(&fixture, NULL, 0, 10, false, "next 0");
	EXPECT(&fixture, NULL, 0, 10, true, "next 0");
	for (i = 1; i <= 6; i++)
		take(i % 3 ? 1 : 2, i);
	EXPECT(&fixture, NULL, 0, 10, false, "1 2 3 4 5 6 next 6");
	EXPECT(&fixture, NULL, 0, 2, false, "1 2 next 2");
	EXPECT(&fixture, NULL, 2, 3, false, "3 4 5 next 5");
	EXPECT(&fixture, NULL, 5, 3, false, "6 next 6");
	EXPECT(&fixture, NULL, 6, 3, false, "next 6");
	EXPECT(&fixture, NULL, -9, 1, false, "1 next 1");
	EXPECT(&fixture, NULL, 0, 0, false, "next 0");
	EXPECT(&fixture, NULL, 0, 2, true, "5 6 next 6");
	EXPECT(&fixture, NULL, 5, 2, true, "6 next 6");
	EXPECT(&fixture, NULL, 0, 100, true, "1 2 3 4 5 6 next 6");
	EXPECT(&fixture, NULL, 0, 0, true, "next 6");
	fixture_close(&fixture);
}

TEST(of_one_limit)
{
	struct fixture fixture;
	uint32_t i;

	fixture_open(&fixture);
	for (i = 1; i <= 8; i++)
		take(i % 3 ? 1 : 2, i);
	EXPECT(&fixture, "dns", 0, 10, false, "1 2 4 5 7 8 next 8");
	EXPECT(&fixture, "dns", 0, 3, false, "1 2 4 next 4");
	EXPECT(&fixture, "dns", 4, 1, false, "5 next 5");
	EXPECT(&fixture, "a\"b", 0, 10, false, "3 6 next 8");
	EXPECT(&fixture, "a\"b", 0, 1, true, "6 next 6"); /* 7 and 8 are looked at again */
	EXPECT(&fixture, "dns", 0, 3, true, "5 7 8 next 8");
	EXPECT(&fixture, "dn", 0, 10, false, "next 8");
	EXPECT(&fixture, "DNS", 0, 10, true, "next 8");
	fixture_close(&fixture);
}

/* The last 4096 are kept, and numbers go on past that. */
TEST(the_oldest_go)
{
	struct fixture fixture;
	uint32_t i;

	fixture_open(&fixture);
	for (i = 1; i <= KEPT; i++)
		take(1, i);
	EXPECT(&fixture, NULL, 0, 2, false, "1 2 next 2");
	take(2, KEPT + 1);
	EXPECT(&fixture, NULL, 0, 2, false, "2 3 next 3");
	EXPECT(&fixture, NULL, 0, 1, true, "4097 next 4097");
	for (; i <= 3 * KEPT; i++)
		take(1, i + 1);
	EXPECT(&fixture, NULL, 0, 1, false, "8194 next 8194");
	EXPECT(&fixture, NULL, 5, 1, false, "8194 next 8194");
	EXPECT(&fixture, NULL, 12286, 9, false, "12287 12288 12289 next 12289");
	EXPECT(&fixture, "a\"b", 0, 9, true, "next 12289");
	fixture_close(&fixture);
}

TEST(a_page_is_bounded)
{
	struct fixture fixture;
	json_t *report;
	uint32_t i;

	fixture_open(&fixture);
	for (i = 0; i < 2 * KEPT; i++)
		take(1, i);
	report = tg_events_report(fixture.events, NULL, NULL, 0, SIZE_MAX, false);
	CHECK(json_array_size(json_object_get(report, "events")) == KEPT, "%zu",
	      json_array_size(json_object_get(report, "events")));
	json_decref(report);
	report = tg_events_report(fixture.events, NULL, NULL, 0, SIZE_MAX, true);
	CHECK(json_array_size(json_object_get(report, "events")) == KEPT, "%zu",
	      json_array_size(json_object_get(report, "events")));
	json_decref(report);
	fixture_close(&fixture);
}

/* A reader who kept a number of a daemon before this one gets what there is, not silence. */
TEST(numbers_of_an_earlier_daemon)
{
	struct fixture fixture;

	fixture_open(&fixture);
	EXPECT(&fixture, NULL, 5000, 10, false, "next 0");
	take(1, 1);
	take(1, 2);
	EXPECT(&fixture, NULL, 5000, 10, false, "1 2 next 2");
	EXPECT(&fixture, NULL, 5000, 1, true, "2 next 2");
	EXPECT(&fixture, NULL, INT64_MAX, 10, false, "1 2 next 2");
	EXPECT(&fixture, NULL, 2, 10, false, "next 2");
	fixture_close(&fixture);
}

static void read_epoch(const struct fixture *fixture, char epoch[32])
{
	json_t *report = tg_events_report(fixture->events, NULL, NULL, 0, 1, false);
	const char *text = json_string_value(json_object_get(report, "epoch"));

	CHECK(text && strlen(text) == 16, "%s", text ? text : "none");
	snprintf(epoch, 32, "%s", text ? text : "");
	json_decref(report);
}

/* Two daemons, of which the second has more events than its reader saw of the first. */
TEST(an_earlier_daemon_with_fewer_events)
{
	struct fixture fixture;
	char first[32], second[32];

	fixture_open(&fixture);
	take(1, 1);
	take(1, 2);
	read_epoch(&fixture, first);
	EXPECT_OF(&fixture, NULL, first, 1, 10, false, "2 next 2");
	fixture_close(&fixture);
	fixture_open(&fixture);
	take(1, 3);
	take(1, 4);
	take(1, 5);
	read_epoch(&fixture, second);
	CHECK(strcmp(first, second) != 0, "%s twice", first);
	EXPECT_OF(&fixture, NULL, first, 2, 10, false, "3 4 5 next 3");
	EXPECT_OF(&fixture, NULL, first, 2, 2, false, "3 4 next 2");
	EXPECT_OF(&fixture, NULL, second, 2, 10, false, "5 next 3");
	EXPECT_OF(&fixture, NULL, second, 3, 10, false, "next 3");
	EXPECT_OF(&fixture, NULL, "", 3, 10, false, "3 4 5 next 3");
	EXPECT_OF(&fixture, NULL, NULL, 2, 10, false, "5 next 3");
	fixture_close(&fixture);
}

TEST(records_that_are_none)
{
	struct fixture fixture;
	struct tg_event event = event_of(1, 1);

	fixture_open(&fixture);
	CHECK(ring.take(ring.data, &event, sizeof(event) - 1) == 0);
	CHECK(ring.take(ring.data, &event, sizeof(event) + 8) == 0);
	CHECK(ring.take(ring.data, &event, 0) == 0);
	take(3, 2); /* of a limit that has gone */
	EXPECT(&fixture, NULL, 0, 10, false, "next 0");
	take(2, 3);
	EXPECT(&fixture, NULL, 0, 10, false, "3 next 1");
	fixture_close(&fixture);
}

static json_t *without_epoch(const struct fixture *fixture, json_int_t after, size_t n)
{
	json_t *report = tg_events_report(fixture->events, NULL, NULL, after, n, false);

	json_object_del(report, "epoch");
	return report;
}

static void expect_json(json_t *got, const char *want, const char *what)
{
	json_t *parsed = json_loads(want, 0, NULL);
	tg_autofree char *text = json_dumps(got, JSON_COMPACT);

	CHECK(parsed != NULL, "%s: \"%s\" is no JSON", what, want);
	CHECK(json_equal(got, parsed), "%s: %s", what, text ? text : "(none)");
	json_decref(parsed);
	json_decref(got);
}

static struct tg_address address_of(uint64_t high, uint64_t low)
{
	return (struct tg_address){htobe64(high), htobe64(low)};
}

/* The age of an event is by the monotonic clock, its time by the other. */
TEST(what_is_told)
{
	const struct tg_event events[] = {
		{.at = fake_monotonic - 1234 * MS,
		 .source = address_of(0, 0xffffc6336409),
		 .destination = address_of(0, 0xffffc0000201),
		 .without_event = 7,
		 .limit_id = 1,
		 .bytes = 1514,
		 .source_port = htons(40000),
		 .destination_port = htons(53),
		 .protocol = 17,
		 .verdict = TG_VERDICT_REJECTED,
		 .hook = TG_HOOK_XDP,
		 .has_ports = 1},
		{.at = fake_monotonic,
		 .source = address_of(0x20010db800000000, 1),
		 .destination = address_of(0, 0),
		 .without_event = INT64_MAX,
		 .limit_id = 2,
		 .bytes = UINT32_MAX,
		 .source_port = htons(1),
		 .destination_port = htons(2),
		 .protocol = 255,
		 .verdict = 99,
		 .hook = TG_HOOK_TC_EGRESS},
	};
	json_t *time = json_string("2026-09-21T14:13:20.000Z"), *report;
	const json_t *again;
	struct fixture fixture;

	fixture_open(&fixture);
	ring.waiting = events;
	ring.waiting_n = 2;
	CHECK(write(ring.pipe[1], "", 1) == 1);
	event_base_loop(fixture.base, EVLOOP_NONBLOCK);
	expect_json(without_epoch(&fixture, 0, 9),
		    "{\"next\": 2, \"events\": ["
		    "{\"time\": \"2026-09-21T14:13:18.766Z\", \"limit\": \"dns\", "
		    "\"verdict\": \"rejected\", \"hook\": \"xdp\", \"source\": \"198.51.100.9\", "
		    "\"source_port\": 40000, \"destination\": \"192.0.2.1\", "
		    "\"destination_port\": 53, \"protocol\": 17, \"bytes\": 1514, "
		    "\"not_shown\": 7},"
		    "{\"time\": \"2026-09-21T14:13:20.000Z\", \"limit\": \"a\\\"b\", "
		    "\"verdict\": \"unknown\", \"hook\": \"tc-egress\", \"source\": "
		    "\"2001:db8::1\", \"destination\": \"::\", \"protocol\": 255, "
		    "\"bytes\": 4294967295, \"not_shown\": 9223372036854775807}]}",
		    "both");
	fake_realtime += 3600 * 1000 * MS; /* what was told stays as it was */
	report = without_epoch(&fixture, 1, 1);
	again = json_array_get(json_object_get(report, "events"), 0);
	CHECK(json_equal(json_object_get(again, "time"), time), "later");
	fake_realtime -= 3600 * 1000 * MS;
	json_decref(report);
	json_decref(time);
	fixture_close(&fixture);
}

TEST(what_cannot_be_opened)
{
	struct event_base *base = event_base_new();
	struct tg_events *events = NULL;
	struct tg_logged logged;

	tg_logged_begin(&logged);
	memset(&ring, 0, sizeof(ring));
	ring.fd = -ENOENT;
	CHECK(tg_events_open(base, NULL, &events) == -ENOENT && !events, "no map");
	CHECK(pipe(ring.pipe) == 0);
	ring.fd = dup(ring.pipe[1]);
	ring.broken = true;
	CHECK(tg_events_open(base, NULL, &events) == -ENOMEM && !events, "no ring");
	CHECK(write(ring.fd, "", 1) == -1 && errno == EBADF, "the map is closed");
	tg_logged_end(&logged);
	tg_logged_free(&logged);
	close(ring.pipe[0]);
	close(ring.pipe[1]);
	event_base_free(base);
}

TEST_MAIN(RUN(pages), RUN(of_one_limit), RUN(the_oldest_go), RUN(a_page_is_bounded),
	  RUN(numbers_of_an_earlier_daemon), RUN(an_earlier_daemon_with_fewer_events),
	  RUN(records_that_are_none), RUN(what_is_told), RUN(what_cannot_be_opened))

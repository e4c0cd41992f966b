// SPDX-License-Identifier: GPL-2.0-or-later
/* The sample of what exceeded: what it says, how often, and what is counted in between. */
#include <arpa/inet.h>
#include <sched.h>

#include "fixture.h"

#define FIXTURE		   tg_cleanup_fixture struct fixture
#define tg_cleanup_fixture __attribute__((cleanup(fixture_close)))

#define EVENTS_MAX 20000

struct log {
	struct tg_event events[EVENTS_MAX];
	size_t n;
};

static struct log heard;

static int keep(void *data, void *record, size_t size)
{
	CHECK(size == sizeof(struct tg_event) && heard.n < EVENTS_MAX, "%zu bytes", size);
	heard.events[heard.n++] = *(struct tg_event *)record;
	return 0;
}

static void read_events(struct fixture *f)
{
	struct ring_buffer *ring =
		ring_buffer__new(bpf_map__fd(f->skeleton->maps.events), keep, NULL, NULL);

	CHECK(ring, "ring buffer");
	heard.n = 0;
	ring_buffer__consume(ring);
	ring_buffer__free(ring);
}

/* Samples are taken by each CPU. */
static void stay_here(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void check_event(struct fixture *f, const char *source, const struct tg_address *address)
{
	const struct tg_event *event = heard.events;

	CHECK(passes(f, source, 1, 3) == 3, "%s: within", source);
	read_events(f);
	CHECK(heard.n == 0, "%zu events of what does not exceed", heard.n);
	CHECK(passes(f, source, 1, 1) == 0, "%s: and above", source);
	read_events(f);
	CHECK(heard.n == 1, "%s: %zu events", source, heard.n);
	CHECK(memcmp(&event->source, address, sizeof(*address)) == 0, "source %llx %llx",
	      (unsigned long long)be64toh(event->source.high),
	      (unsigned long long)be64toh(event->source.low));
	CHECK(event->limit_id == f->compiled->policy.limits[0].id, "limit %u", event->limit_id);
	CHECK(event->verdict == TG_VERDICT_DROPPED && event->hook == TG_HOOK_XDP &&
		      event->protocol == IPPROTO_UDP && event->without_event == 0 &&
		      event->has_ports,
	      "verdict %u, hook %u, protocol %u, %llu more", event->verdict, event->hook,
	      event->protocol, event->without_event);
}

TEST(test_content)
{
	struct tg_address source4 = {0, htobe64(0xffff00000000ULL | 0xc0000201)}, source6;
	FIXTURE f;

	stay_here();
	if (!fixture_open(&f, "limits: [{name: l, capacity: 3, rate: 1/d}]"))
		return;
	check_event(&f, "192.0.2.1", &source4);
	CHECK(heard.events->bytes == 60, "%u bytes", heard.events->bytes);
	set_now(&f, 2000 * S);
	inet_pton(AF_INET6, "2001:db8::1", &source6);
	check_event(&f, "2001:db8::1", &source6);
	CHECK(heard.events->bytes == 80, "%u bytes", heard.events->bytes);
}

/* What is not IP has no address to show. */
TEST(test_not_ip)
{
	struct packet packet;
	FIXTURE f;

	stay_here();
	if (!fixture_open(
		    &f,
		    "limits: [{name: l, match: {protocol: not_ip}, per: everyone, capacity: 1, rate: 1/d}]"))
		return;
	put_ethernet(&packet, 0x88cc);
	put(&packet, NULL, 46);
	CHECK(run(&f, &packet, packet.length) == XDP_PASS, "within");
	CHECK(run(&f, &packet, packet.length) == XDP_DROP, "above");
	read_events(&f);
	CHECK(heard.n == 1 && heard.events->not_ip && !heard.events->has_ports, "%zu events",
	      heard.n);
	CHECK(heard.events->bytes == 60, "%u bytes", heard.events->bytes);
}

TEST(test_interval)
{
	uint64_t shown = 0, counted = 0;
	size_t i;
	int ms;
	FIXTURE f;

	stay_here();
	if (!fixture_open(&f,
			  "limits: [{name: a, match: {source: 192.0.2.1}, capacity: 1, rate: 1/d}, "
			  "{name: b, match: {source: 192.0.2.2}, capacity: 1, rate: 1/d}]"))
		return;
	for (ms = 0; ms < 1000; ms++) {
		set_now(&f, 1000 * S + ms * MS);
		passes(&f, "192.0.2.1", 1, 10);
	}
	read_events(&f);
	CHECK(heard.n == 10, "%zu events of 10,000 packets in a second", heard.n);
	for (i = 0; i < heard.n; i++) {
		shown++;
		counted += heard.events[i].without_event;
		CHECK(heard.events[i].at == 1000 * S + i * 100 * MS, "event %zu at %llu", i,
		      heard.events[i].at);
	}
	CHECK(heard.n < 2 || heard.events[1].without_event == 998, "%llu in between",
	      heard.events[1].without_event);
	passes(&f, "192.0.2.2", 1, 5);
	read_events(&f);
	CHECK(heard.n == 1, "another limit has a sample of its own: %zu", heard.n);
	set_now(&f, 1001 * S);
	passes(&f, "192.0.2.1", 1, 1);
	read_events(&f);
	counted += heard.events[0].without_event;
	shown += heard.n;
	CHECK(shown + counted == limit_counters(&f, 0).packets[TG_VERDICT_DROPPED],
	      "%llu shown and %llu not, of %llu", (unsigned long long)shown,
	      (unsigned long long)counted, limit_counters(&f, 0).packets[TG_VERDICT_DROPPED]);
}

/* Every way of exceeding has events; shadow limits act in nothing else. */
TEST(test_verdicts)
{
	static const struct {
		const char *yaml;
		int verdict;
	} rows[] = {
		{"limits: [{name: l, capacity: 1, rate: 1/d, shadow: true}]",
		 TG_VERDICT_SHADOW_EXCEEDED},
		{"limits: [{name: l, capacity: 1, rate: 1/d, on_exceed: mark, mark: {dscp: cs1}}]",
		 TG_VERDICT_MARKED},
	};
	size_t i;

	stay_here();
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		FIXTURE f;

		if (!fixture_open(&f, rows[i].yaml))
			return;
		passes(&f, "192.0.2.1", 1, 2);
		read_events(&f);
		CHECK(heard.n == 1 && heard.events[0].verdict == rows[i].verdict,
		      "%s: %zu events, verdict %u", rows[i].yaml, heard.n, heard.events[0].verdict);
	}
}

/* With no daemon to read them the buffer fills, and then packets are only counted. */
TEST(test_nobody_reads)
{
	uint64_t told = 0, dropped;
	size_t i;
	int n;
	FIXTURE f;

	stay_here();
	if (!fixture_open(&f, "limits: [{name: l, capacity: 1, rate: 1/d}]"))
		return;
	for (n = 0; n < 10000; n++) {
		set_now(&f, 1000 * S + n * 100 * MS);
		CHECK(passes(&f, "192.0.2.1", 1, 1) == (n == 0), "packet %d", n);
	}
	read_events(&f);
	CHECK(heard.n > 1000 && heard.n < 5000, "%zu events fitted", heard.n);
	for (i = 0; i < heard.n; i++)
		told += 1 + heard.events[i].without_event;
	set_now(&f, 3000 * S);
	passes(&f, "192.0.2.1", 1, 1);
	read_events(&f);
	CHECK(heard.n == 1, "room again");
	dropped = limit_counters(&f, 0).packets[TG_VERDICT_DROPPED];
	CHECK(told + 1 + heard.events[0].without_event == dropped,
	      "all are accounted for: %llu of %llu",
	      (unsigned long long)told + 1 + heard.events[0].without_event,
	      (unsigned long long)dropped);
}

TEST_MAIN(RUN(test_content), RUN(test_not_ip), RUN(test_interval), RUN(test_verdicts),
	  RUN(test_nobody_reads))

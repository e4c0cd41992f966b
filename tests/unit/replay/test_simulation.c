// SPDX-License-Identifier: GPL-2.0-or-later
/* What is counted while a capture is replayed, and the report of it. */
#include <endian.h>

#include "base/cleanup.h"
#include "unit/replay/fake_program.h"

/* From 192.0.2.@host or, above 255, another /24 for each 256. */
static void set_source(uint32_t host)
{
	kernel.trace.source.high = 0;
	kernel.trace.source.low = htobe64(0xffffc0000200 + host);
}

/* A packet that limit @slots answers with @verdict. */
static void judged(struct fixture *fixture, uint64_t time, enum tg_verdict verdict, uint64_t slots)
{
	memset(kernel.trace.limits, 0, sizeof(kernel.trace.limits));
	kernel.trace.limits[verdict] = slots;
	kernel.trace.bytes = 50;
	CHECK(packet(fixture, time) == 0, "%s", fixture->errmsg);
}

static void expect(json_t *got, const char *want, const char *what)
{
	json_t *parsed = json_loads(want, JSON_DECODE_ANY, NULL);
	tg_autofree char *text = got ? json_dumps(got, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	CHECK(parsed != NULL, "%s: \"%s\" is no JSON", what, want);
	CHECK(json_equal(got, parsed), "%s: %s", what, text ? text : "(none)");
	json_decref(parsed);
	json_decref(got);
}

static json_t *part_of(struct fixture *fixture, const char *key, size_t n)
{
	json_t *report = tg_simulation_report(&fixture->simulation, n);
	json_t *part = json_incref(json_object_get(report, key));

	json_decref(report);
	return part;
}

#define NONE                                                                                       \
	"{\"admitted\": 0, \"dropped\": 0, \"marked\": 0, \"delayed\": 0, \"rejected\": 0, "       \
	"\"shadow_exceeded\": 0}"

TEST(a_report_of_nothing)
{
	struct fixture fixture;
	json_t *report, *limits;

	fixture_open(&fixture);
	report = tg_simulation_report(&fixture.simulation, 10);
	limits = json_incref(json_object_get(report, "limits"));
	json_object_del(report, "limits");
	expect(report,
	       "{\"capture\": \"c.pcap\", \"config\": \"p.yaml\", \"hook\": \"xdp\", "
	       "\"complete\": false, \"packets\": 0, \"bytes\": 0, \"first_ms\": null, "
	       "\"last_ms\": null, \"out_of_order\": 0, \"clock_set_back\": 0, "
	       "\"headers_cut\": 0, \"passed\": 0, \"dropped\": 0, \"reasons\": {}, "
	       "\"merged\": {\"captured\": 0, \"packets\": 0, \"estimated\": false, "
	       "\"length\": 1500}, "
	       "\"refused_sources\": [], \"sources_forgotten\": 0}",
	       "no packet");
	CHECK(json_array_size(limits) == 3, "%zu", json_array_size(limits));
	expect(json_incref(json_array_get(limits, 2)),
	       "{\"name\": \"out\", \"unit\": \"packets\", \"shadow\": false, \"held\": false, "
	       "\"packets\": " NONE ", \"bytes\": " NONE ", \"sources\": {\"seen\": 0, "
	       "\"refused\": 0, \"exact\": true}, \"first_refused_ms\": null, "
	       "\"last_refused_ms\": null, \"shared_bucket_packets\": 0}",
	       "a limit of another hook");
	json_decref(limits);
	fixture.simulation.capture = "\xff.pcap";
	expect(part_of(&fixture, "capture", 0), "\"(not UTF-8)\"", "a name of bytes");
	fixture_close(&fixture);
}

TEST(limits_and_reasons)
{
	struct fixture fixture;
	json_t *limits;
	int i;

	fixture_open(&fixture);
	for (i = 0; i < TG_VERDICT_COUNT; i++) {
		kernel.limits[0].packets[i] = 10 + i;
		kernel.limits[0].bytes[i] = INT64_MAX - i;
	}
	kernel.limits[0].overflowed = 5;
	kernel.interface.packets[TG_REASON_ADMITTED] = 7;
	kernel.interface.packets[TG_REASON_ARP] = 2;
	kernel.interface.packets[TG_REASON_LIMIT] = 30;
	kernel.interface.packets[TG_REASON_DENIED] = 1;
	set_source(1);
	judged(&fixture, T, TG_VERDICT_ADMITTED, A | B);
	judged(&fixture, T + 1500 * MS, TG_VERDICT_DROPPED, A);
	judged(&fixture, T + 2500 * MS, TG_VERDICT_REJECTED, A);
	limits = part_of(&fixture, "limits", 10);
	expect(json_incref(json_array_get(limits, 0)),
	       "{\"name\": \"a\", \"unit\": \"packets\", \"shadow\": false, \"held\": true, "
	       "\"packets\": {\"admitted\": 10, \"dropped\": 11, \"marked\": 12, \"delayed\": 13, "
	       "\"rejected\": 14, \"shadow_exceeded\": 15}, "
	       "\"bytes\": {\"admitted\": 9223372036854775807, \"dropped\": 9223372036854775806, "
	       "\"marked\": 9223372036854775805, \"delayed\": 9223372036854775804, "
	       "\"rejected\": 9223372036854775803, \"shadow_exceeded\": 9223372036854775802}, "
	       "\"sources\": {\"seen\": 1, \"refused\": 1, \"exact\": true}, "
	       "\"first_refused_ms\": 1790000001500, \"last_refused_ms\": 1790000002500, "
	       "\"shared_bucket_packets\": 5}",
	       "a");
	json_decref(limits);
	expect(part_of(&fixture, "reasons", 10),
	       "{\"admitted\": 7, \"arp\": 2, \"limit\": 30, \"denied\": 1}", "reasons");
	expect(part_of(&fixture, "passed", 10), "9", "passed");
	expect(part_of(&fixture, "dropped", 10), "31", "dropped");
	expect(part_of(&fixture, "first_ms", 10), "1790000000000", "first");
	expect(part_of(&fixture, "last_ms", 10), "1790000002500", "last");
	expect(part_of(&fixture, "bytes", 10), "300", "bytes");
	fixture_close(&fixture);
}

/* Which verdicts count as refused, and for whom. */
TEST(who_is_refused)
{
	static const struct {
		enum tg_verdict verdict;
		bool refused;
	} cases[] = {
		{TG_VERDICT_ADMITTED, false}, {TG_VERDICT_MARKED, false},
		{TG_VERDICT_DELAYED, false},  {TG_VERDICT_DROPPED, true},
		{TG_VERDICT_REJECTED, true},  {TG_VERDICT_SHADOW_EXCEEDED, true},
	};
	struct fixture fixture;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fixture_open(&fixture);
		set_source(1);
		judged(&fixture, T, cases[i].verdict, B);
		CHECK(fixture.simulation.sources.seen[1] == 1 &&
			      fixture.simulation.sources.refused[1] == cases[i].refused,
		      "%zu", i);
		CHECK(!fixture.simulation.sources.seen[0], "of this limit only");
		CHECK(fixture.simulation.first_refused[1] == (cases[i].refused ? T : 0), "%zu", i);
		fixture_close(&fixture);
	}
}

#define SOURCE(source, limit, refused, bytes, admitted, first, last)                               \
	"{\"source\": \"" source "\", \"limit\": \"" limit "\", \"refused_packets\": " #refused    \
	", \"refused_bytes\": " #bytes ", \"admitted_packets\": " #admitted                        \
	", \"first_refused_ms\": " #first ", \"last_refused_ms\": " #last "}"

/* Sources in one prefix are one; of a limit for everyone, each address is. Worst first, those
 * refused alike by what else they sent. */
TEST(the_worst)
{
	struct fixture fixture;
	uint64_t i;

	fixture_open(&fixture);
	for (i = 0; i < 3; i++) {
		set_source((uint32_t)i);
		judged(&fixture, T + i * S, TG_VERDICT_DROPPED, A);
	}
	set_source(256);
	judged(&fixture, T + 3 * S, TG_VERDICT_DROPPED, A);
	set_source(512);
	judged(&fixture, T + 3 * S, TG_VERDICT_DROPPED, A);
	judged(&fixture, T + 4 * S, TG_VERDICT_MARKED, A);
	set_source(768);
	judged(&fixture, T + 4 * S, TG_VERDICT_ADMITTED, A);
	expect(part_of(&fixture, "refused_sources", 10),
	       "[" SOURCE("192.0.2.0/24", "a", 3, 150, 0, 1790000000000, 1790000002000) ", " SOURCE(
		       "192.0.4.0/24", "a", 1, 50, 1, 1790000003000,
		       1790000003000) ", " SOURCE("192.0.3.0/24", "a", 1, 50, 0, 1790000003000,
						  1790000003000) "]",
	       "by prefix");
	expect(part_of(&fixture, "refused_sources", 1),
	       "[" SOURCE("192.0.2.0/24", "a", 3, 150, 0, 1790000000000, 1790000002000) "]", "one");
	expect(part_of(&fixture, "refused_sources", 0), "[]", "none");
	fixture_close(&fixture);
}

TEST(the_worst_of_other_limits)
{
	struct fixture fixture;

	fixture_open(&fixture);
	set_source(7);
	judged(&fixture, T, TG_VERDICT_SHADOW_EXCEEDED, B);
	judged(&fixture, T, TG_VERDICT_SHADOW_EXCEEDED, B);
	kernel.trace.source.high = htobe64(0x20010db8aaaabbbb);
	kernel.trace.source.low = htobe64(9);
	judged(&fixture, T + 5 * MS, TG_VERDICT_DROPPED, A);
	expect(part_of(&fixture, "refused_sources", 10),
	       "[" SOURCE("192.0.2.7/32", "b", 2, 100, 0, 1790000000000, 1790000000000) ", " SOURCE(
		       "2001:db8:aaaa::/48", "a", 1, 50, 0, 1790000000005, 1790000000005) "]",
	       "both");
	fixture_close(&fixture);
}

/* Numbers that are not exact say so. */
TEST(too_many_sources)
{
	struct fixture fixture;
	json_t *limits;

	fixture_open(&fixture);
	fixture.simulation.sources.forgotten = 3;
	limits = part_of(&fixture, "limits", 10);
	expect(json_incref(json_object_get(json_array_get(limits, 0), "sources")),
	       "{\"seen\": 0, \"refused\": 0, \"exact\": false}", "sources");
	json_decref(limits);
	expect(part_of(&fixture, "sources_forgotten", 10), "3", "forgotten");
	fixture_close(&fixture);
}

/* No report, rather than one that leaves out what could not be read. */
TEST(counters_that_cannot_be_read)
{
	struct fixture fixture;
	json_t *report;

	fixture_open(&fixture);
	kernel.sum_error = -EPERM;
	report = tg_simulation_report(&fixture.simulation, 10);
	CHECK(!report, "a report of %zu limits",
	      json_array_size(json_object_get(report, "limits")));
	json_decref(report);
	fixture_close(&fixture);
}

TEST_MAIN(RUN(a_report_of_nothing), RUN(limits_and_reasons), RUN(who_is_refused), RUN(the_worst),
	  RUN(the_worst_of_other_limits), RUN(too_many_sources), RUN(counters_that_cannot_be_read))

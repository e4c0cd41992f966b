// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What fragments after the first are charged to: nothing slips past a limit by fragmenting, and no
 * stream of fragments takes the tokens of services that it does not belong to.
 */
#include "fixture.h"

#define FIXTURE		   tg_cleanup_fixture struct fixture
#define tg_cleanup_fixture __attribute__((cleanup(fixture_close)))

#define V4 "192.0.2.1"
#define V6 "2001:db8::1"
/* Refilled at once, each day. */
#define LIMIT(what, capacity)                                                                      \
	" - {" what ", capacity: " #capacity ", refill_amount: " #capacity                         \
	", refill_interval: 1d}\n"

#define DNS   "name: dns, match: {protocol: udp, destination_port: 53}"
#define OTHER "name: other, match: {protocol: udp, destination_port: 54}"
#define WEB   "name: web, match: {protocol: tcp, destination_port: 443}"
#define SSH   "name: ssh, match: {protocol: tcp, destination_port: 22}"
#define ALL   ", per: everyone"

/* A fragment of a datagram; the first one if @offset is 0. */
struct fragment {
	const char *source;
	uint32_t id;
	uint16_t offset; /* in 8 bytes */
	uint16_t port;	 /* of the first one */
	uint8_t protocol;
	uint16_t bytes; /* behind the IP and fragment headers; 24 if 0 */
};

static void build(struct packet *packet, const struct fragment *fragment)
{
	uint8_t protocol = fragment->protocol ? fragment->protocol : IPPROTO_UDP;
	uint16_t bytes = fragment->bytes ? fragment->bytes : 24;
	uint32_t id = htonl(fragment->id);
	struct iphdr *ip;

	if (strchr(fragment->source, ':')) {
		put_ethernet(packet, ETH_P_IPV6);
		put_ipv6(packet, fragment->source, IPPROTO_FRAGMENT, 64);
		put_fragment(packet, protocol, fragment->offset, 1);
		memcpy(packet->bytes + packet->length - 4, &id, 4);
	} else {
		put_ethernet(packet, ETH_P_IP);
		ip = put_ipv4(packet, fragment->source, protocol, 0, 0x2000 | fragment->offset);
		ip->id = htons(fragment->id);
	}
	if (fragment->offset)
		put(packet, NULL, bytes);
	else if (protocol == IPPROTO_TCP)
		put_tcp(packet, fragment->port, bytes / 4);
	else
		put_udp(packet, fragment->port, bytes - 8);
	packet_done(packet);
}

/* How many of @n pass. */
static int passed_of(struct fixture *f, const struct fragment *fragment, int n)
{
	struct packet packet;
	int passed = 0;

	build(&packet, fragment);
	while (n--)
		passed += run(f, &packet, packet.length) == XDP_PASS;
	return passed;
}

static int first(struct fixture *f, const char *source, uint32_t id, uint16_t port)
{
	return passed_of(f, &(struct fragment){.source = source, .id = id, .port = port}, 1);
}

static int later(struct fixture *f, const char *source, uint32_t id, int n)
{
	return passed_of(f, &(struct fragment){.source = source, .id = id, .offset = 100}, n);
}

static unsigned int admitted(struct fixture *f, size_t limit)
{
	return limit_counters(f, limit).packets[TG_VERDICT_ADMITTED];
}

static unsigned int created(struct fixture *f)
{
	unsigned int sum = 0;
	size_t i;

	for (i = 0; i < f->config->limits_n; i++)
		sum += limit_counters(f, i).created;
	return sum;
}

static bool whole(struct fixture *f, uint8_t protocol, uint16_t port)
{
	struct packet packet;

	put_ethernet(&packet, ETH_P_IP);
	put_ipv4(&packet, V4, protocol, 0, 0);
	if (protocol == IPPROTO_TCP)
		put_tcp(&packet, port, 5);
	else
		put_udp(&packet, port, 18);
	packet_done(&packet);
	return run(f, &packet, packet.length) == XDP_PASS;
}

/* One stream of fragments that are of nothing once emptied the limits of all services. */
TEST(test_services)
{
	static const char services[] = "limits:\n" LIMIT(DNS ALL, 100) LIMIT(OTHER ALL, 100)
		LIMIT(WEB ALL, 100) LIMIT(SSH ", per: destination", 100);
	struct fragment orphan = {.source = V6, .id = 1, .offset = 100, .protocol = IPPROTO_NONE};
	size_t i;
	FIXTURE f;

	if (!fixture_open(&f, services))
		return;
	passed_of(&f, &orphan, 1000);
	later(&f, V4, 1, 1000);
	for (i = 0; i < 4; i++)
		CHECK(admitted(&f, i) == 0, "limit %zu: %u", i, admitted(&f, i));
	CHECK(created(&f) == 0, "%u buckets", created(&f));
	CHECK(whole(&f, IPPROTO_UDP, 53) && whole(&f, IPPROTO_UDP, 54) &&
	      whole(&f, IPPROTO_TCP, 443) && whole(&f, IPPROTO_TCP, 22));
}

static void many_limits(char *yaml, size_t size, const char *more)
{
	size_t at = snprintf(yaml, size, "table: {size: 4096}\nlimits:\n");
	int i;

	for (i = 0; i < 63; i++)
		at += snprintf(yaml + at, size - at,
			       " - {name: l%d, match: {protocol: %s, destination_port: %d}%s, "
			       "capacity: %d, rate: %d/h}\n",
			       i, i % 2 ? "tcp" : "udp", 1000 + i, more, 5 + i, 1 + (i + 40) % 63);
}

/*
 * A fragment of which only the source is known: one limit of the source, the strictest, is charged
 * for all that it might be of, and one bucket is made.
 */
TEST(test_one_bucket)
{
	struct fragment orphan = {.source = V6, .id = 1, .offset = 100, .protocol = IPPROTO_NONE};
	static char yaml[60000];
	char source[32];
	int i;
	FIXTURE f;

	many_limits(yaml, sizeof(yaml), "");
	if (!fixture_open(&f, yaml))
		return;
	CHECK(passed_of(&f, &orphan, 1) == 1 && created(&f) == 1, "%u buckets", created(&f));
	CHECK(admitted(&f, 23) == 1, "not the strictest, of one an hour");
	CHECK(passed_of(&f, &orphan, 100) == 5 + 23 - 1, "beyond its capacity");
	for (i = 0; i < 100; i++) {
		snprintf(source, sizeof(source), "10.0.0.%d", i);
		later(&f, source, i, 1);
	}
	CHECK(created(&f) == 101, "%u buckets", created(&f));
	CHECK(admitted(&f, 23) == 5 + 23 && admitted(&f, 24) == 100,
	      "of UDP %u, and of the others %u", admitted(&f, 24), admitted(&f, 23));
}

/* Limits without conditions are all charged; but a source that is new gets one bucket. */
TEST(test_several)
{
	FIXTURE f;

	if (!fixture_open(&f, "limits:\n" LIMIT(DNS, 1) LIMIT("name: one", 10)
				      LIMIT("name: net, prefix: {ipv4: 24, ipv6: 48}", 20)
					      LIMIT("name: all" ALL, 30)))
		return;
	CHECK(later(&f, V4, 1, 1) == 1 && created(&f) == 1, "%u buckets", created(&f));
	CHECK(admitted(&f, 0) == 0 && admitted(&f, 1) == 1 && admitted(&f, 2) == 1 &&
		      admitted(&f, 3) == 1,
	      "%u, %u, %u, %u", admitted(&f, 0), admitted(&f, 1), admitted(&f, 2), admitted(&f, 3));
	CHECK(later(&f, V4, 1, 20) == 9, "as the limit of the source says");
}

static const char two[] = "limits:\n" LIMIT(DNS ALL, 10) LIMIT(OTHER ALL, 10);

/* What the first one was charged to, and only that. */
static void check_followed(struct fixture *f, const char *source)
{
	unsigned int dns = admitted(f, 0), other = admitted(f, 1);

	CHECK(first(f, source, 1, 53) == 1 && later(f, source, 1, 3) == 3);
	CHECK(admitted(f, 0) - dns == 4 && admitted(f, 1) == other, "%u and %u",
	      admitted(f, 0) - dns, admitted(f, 1) - other);
	CHECK(later(f, source, 2, 3) == 3 && admitted(f, 0) - dns == 4, "of another datagram");
	CHECK(first(f, source, 3, 55) == 1 && later(f, source, 3, 3) == 3);
	CHECK(admitted(f, 0) - dns == 4 && admitted(f, 1) == other, "of no limit's port");
}

TEST(test_followed)
{
	FIXTURE f;

	if (!fixture_open(&f, two))
		return;
	check_followed(&f, V4);
	check_followed(&f, V6);
	CHECK(first(&f, V4, 9, 53) == 1 && later(&f, V4, 9, 10) == 1, "up to the capacity");
	CHECK(first(&f, V4, 10, 53) == 0 && later(&f, V4, 10, 10) == 0, "of a refused one");
	CHECK(admitted(&f, 0) == 10, "%u", admitted(&f, 0));
}

/* The same datagram for as long as a host waits for it. */
TEST(test_late)
{
	FIXTURE f;

	if (!fixture_open(&f, two))
		return;
	first(&f, V4, 1, 53);
	set_now(&f, 1059 * S);
	later(&f, V4, 1, 1);
	CHECK(admitted(&f, 0) == 2, "within a minute: %u", admitted(&f, 0));
	set_now(&f, 1062 * S);
	later(&f, V4, 1, 1);
	CHECK(admitted(&f, 0) == 2, "later: %u", admitted(&f, 0));
}

/* Bytes count for each fragment. */
TEST(test_bytes)
{
	struct fragment fragment = {.source = V4, .id = 1, .port = 53, .bytes = 966};
	FIXTURE f;

	if (!fixture_open(&f, "limits:\n" LIMIT(DNS ALL ", unit: bytes", 10000)))
		return;
	CHECK(passed_of(&f, &fragment, 1) == 1);
	fragment.offset = 100;
	CHECK(passed_of(&f, &fragment, 100) == 9, "10,000 bytes in all");
}

/* A port's bucket is charged for the fragments of its datagrams. */
TEST(test_per_port)
{
	FIXTURE f;

	if (!fixture_open(
		    &f, "limits:\n" LIMIT("name: a, per: [source, destination_port, protocol]", 3)))
		return;
	CHECK(first(&f, V6, 1, 53) == 1 && later(&f, V6, 1, 10) == 2, "of one port");
	CHECK(first(&f, V6, 2, 53) == 0, "the same port");
	CHECK(first(&f, V6, 3, 54) == 1 && later(&f, V6, 3, 10) == 2, "of another");
	CHECK(later(&f, V6, 4, 10) == 3, "of an unknown one");
}

/* Fragments in reverse order: the first one, which comes last, pays for all. */
static void check_reversed(struct fixture *f, const char *source)
{
	unsigned int before = admitted(f, 0);

	CHECK(later(f, source, 1, 9) == 9 && first(f, source, 1, 53) == 1, "all tokens");
	CHECK(admitted(f, 0) == before + 1 && first(f, source, 2, 53) == 0, "none is left");
}

TEST(test_reversed)
{
	FIXTURE f;

	if (!fixture_open(&f, two))
		return;
	CHECK(later(&f, V4, 7, 10) == 10 && first(&f, V4, 7, 53) == 0, "more than all tokens");
	CHECK(first(&f, V4, 7, 53) == 0, "nor when it is sent again");
	check_reversed(&f, V4);
	set_now(&f, 2 * 86400 * S);
	check_reversed(&f, V6);
}

TEST(test_reversed_bytes)
{
	struct fragment fragment = {.source = V4, .id = 1, .offset = 100, .port = 53, .bytes = 966};
	FIXTURE f;

	if (!fixture_open(&f, "limits:\n" LIMIT(DNS ALL ", unit: bytes", 9999)
				      LIMIT("name: all, unit: bytes" ALL, 20000)))
		return;
	CHECK(passed_of(&f, &fragment, 9) == 9);
	fragment.offset = 0;
	CHECK(passed_of(&f, &fragment, 1) == 0, "10,000 bytes together");
	CHECK(admitted(&f, 1) == 9, "what was paid is not paid again: %u", admitted(&f, 1));
	fragment.id = 2, fragment.offset = 100;
	CHECK(passed_of(&f, &fragment, 8) == 8);
	fragment.offset = 0;
	CHECK(passed_of(&f, &fragment, 1) == 1, "9,000 bytes together");
	CHECK(passed_of(&f, &fragment, 2) == 0, "not even one more");
}

/* The strictest limit of a source was charged for what came early, and is not charged again. */
TEST(test_reversed_of_source)
{
	FIXTURE f;

	if (!fixture_open(&f, "limits:\n" LIMIT(DNS, 10)))
		return;
	CHECK(later(&f, V4, 1, 9) == 9 && first(&f, V4, 1, 53) == 1, "all tokens");
	CHECK(admitted(&f, 0) == 10 && first(&f, V4, 2, 53) == 0, "none is left");
}

/* The host may take either of two first ones: the others are charged as of both. */
TEST(test_two_first)
{
	FIXTURE f;

	if (!fixture_open(&f, two))
		return;
	CHECK(first(&f, V4, 1, 53) == 1 && first(&f, V4, 1, 9999) == 1);
	CHECK(later(&f, V4, 1, 3) == 3 && admitted(&f, 0) == 4, "%u", admitted(&f, 0));
	CHECK(first(&f, V4, 1, 54) == 1 && later(&f, V4, 1, 2) == 2);
	CHECK(admitted(&f, 0) == 6 && admitted(&f, 1) == 3, "%u and %u", admitted(&f, 0),
	      admitted(&f, 1));
}

/*
 * What does not refuse does not bound a source. A source that is new gets one bucket with each
 * fragment, so two are charged elsewhere before the last limit has its own.
 */
TEST(test_bounded)
{
	struct fragment orphan = {.source = V6, .id = 1, .offset = 100, .protocol = IPPROTO_NONE};
	int passed;
	FIXTURE f;

	if (!fixture_open(&f, "limits:\n" LIMIT("name: shadow, shadow: true", 1)
				      LIMIT("name: mark, on_exceed: mark, mark: {dscp: cs1}",
					    1) LIMIT("name: tcp, match: {protocol: tcp}", 5)
					      LIMIT("name: udp, match: {protocol: udp}", 50)))
		return;
	passed = passed_of(&f, &orphan, 100);
	CHECK(passed >= 5 && passed <= 7, "%d by the stricter of two", passed);
	orphan.protocol = IPPROTO_UDP;
	orphan.id = 2;
	CHECK(passed_of(&f, &orphan, 100) == 50, "by the one that it claims");
	passed = later(&f, V4, 3, 100);
	CHECK(passed >= 50 && passed <= 52, "%d by the one of its protocol", passed);
}

TEST_MAIN(RUN(test_services), RUN(test_one_bucket), RUN(test_several), RUN(test_followed),
	  RUN(test_late), RUN(test_bytes), RUN(test_per_port), RUN(test_reversed),
	  RUN(test_reversed_bytes), RUN(test_reversed_of_source), RUN(test_two_first),
	  RUN(test_bounded))

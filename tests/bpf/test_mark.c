// SPDX-License-Identifier: GPL-2.0-or-later
/* Packets that go on with a mark: what is written, with right checksums, and what is counted. */
#include <tidegate/gcra.h>

#include "fixture.h"

#define FIXTURE		   tg_cleanup_fixture struct fixture
#define tg_cleanup_fixture __attribute__((cleanup(fixture_close)))
#define TC_HOOKS	   "tc-ingress, tc-egress"
#define ALL_HOOKS	   "xdp, " TC_HOOKS
#define VERDICTS(f, limit) limit_counters(&(f), limit).packets

enum shape { PLAIN, OPTIONS, TAG, TWO_TAGS, SHAPES };

static const char *const sources[] = {"192.0.2.1", "2001:db8::1"};

static bool is_v4(const struct packet *packet)
{
	return packet->bytes[packet->l3] >> 4 == 4;
}

static uint8_t class_of(const struct packet *packet, size_t l3)
{
	const uint8_t *ip = packet->bytes + l3;

	return ip[0] >> 4 == 4 ? ip[1] : ip[0] << 4 | ip[1] >> 4;
}

static uint32_t sum_of(const uint8_t *header, size_t length)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < length; i += 2)
		sum += header[i] << 8 | header[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* The checksum as the sender of an IPv4 header puts it. */
static void seal(struct packet *packet)
{
	uint8_t *ip = packet->bytes + packet->l3;
	uint16_t sum;

	if (!is_v4(packet))
		return;
	ip[10] = ip[11] = 0;
	sum = ~sum_of(ip, (ip[0] & 15) * 4);
	ip[10] = sum >> 8;
	ip[11] = sum;
}

static void set_class(struct packet *packet, uint8_t traffic_class)
{
	uint8_t *ip = packet->bytes + packet->l3;

	if (is_v4(packet)) {
		ip[1] = traffic_class;
	} else {
		ip[0] = 0x60 | traffic_class >> 4;
		ip[1] = traffic_class << 4 | 0x0a; /* and bits of the flow label that must stay */
	}
	seal(packet);
}

static void build(struct packet *packet, const char *source, enum shape shape, uint8_t class)
{
	bool v6 = strchr(source, ':');

	put_ethernet(packet, v6 ? ETH_P_IPV6 : ETH_P_IP);
	if (shape == TAG || shape == TWO_TAGS)
		put_vlan(packet, shape == TAG ? ETH_P_8021Q : ETH_P_8021AD);
	if (shape == TWO_TAGS)
		put_vlan(packet, ETH_P_8021Q);
	if (!v6)
		put_ipv4(packet, source, IPPROTO_UDP, shape == OPTIONS ? 24 : 0, 0);
	else if (shape == OPTIONS)
		put_ipv6(packet, source, 60, 64);
	else
		put_ipv6(packet, source, IPPROTO_UDP, 64);
	if (v6 && shape == OPTIONS)
		put_extension(packet, 60, IPPROTO_UDP, 16);
	put_udp(packet, 53, 30);
	packet_done(packet);
	set_class(packet, class);
}

/* Of the packet only the traffic class and the checksum have changed, and both are right. */
static void check_marked(const struct packet *before, const struct packet *after, uint8_t class,
			 const char *what)
{
	struct packet wanted = *before;

	set_class(&wanted, class);
	CHECK(after->length == before->length &&
		      memcmp(after->bytes, wanted.bytes, before->length) == 0,
	      "%s: class %#x, wanted %#x; checksum %02x%02x, wanted %02x%02x", what,
	      class_of(after, before->l3), class, after->bytes[before->l3 + 10],
	      after->bytes[before->l3 + 11], wanted.bytes[before->l3 + 10],
	      wanted.bytes[before->l3 + 11]);
}

TEST(test_shapes)
{
	struct outcome outcome;
	struct packet packet;
	int hook, v, shape;
	char what[64];
	FIXTURE f;

	if (!fixture_open_at(&f, ALL_HOOKS,
			     "limits: [{name: l, capacity: 1, rate: 1/h, on_exceed: mark, mark: "
			     "{dscp: af41, ecn: true}}]"))
		return;
	for (hook = 0; hook < TG_HOOKS; hook++) {
		for (v = 0; v < 2; v++) {
			for (shape = 0; shape < SHAPES; shape++) {
				snprintf(what, sizeof(what), "hook %d, IPv%d, shape %d", hook,
					 v ? 6 : 4, shape);
				build(&packet, sources[v], shape, 0x22 | (shape & 1));
				CHECK(run_at(&f, hook, &packet, NULL, &outcome) &&
					      passed(hook, &outcome),
				      "%s passes", what);
				if (hook == 0 && shape == 0)
					check_marked(&packet, &outcome.packet, 0x22, what);
				else
					check_marked(&packet, &outcome.packet, 34 << 2 | 3, what);
			}
		}
	}
	CHECK(VERDICTS(f, 0)[TG_VERDICT_ADMITTED] == 2 &&
		      VERDICTS(f, 0)[TG_VERDICT_MARKED] == 3 * 2 * SHAPES - 2,
	      "%llu marked", VERDICTS(f, 0)[TG_VERDICT_MARKED]);
}

static int checks_seen; /* 1: 0x0000, 2: 0xfffe, 4: one that ends in carries */

static void check_sum(struct fixture *f, enum tg_hook hook, const struct packet *packet)
{
	const uint8_t *ip = packet->bytes + packet->l3;
	struct outcome outcome;
	uint16_t from, to;

	CHECK(run_at(f, hook, packet, NULL, &outcome), "hook %d", hook);
	from = ip[10] << 8 | ip[11];
	ip = outcome.packet.bytes + packet->l3;
	to = ip[10] << 8 | ip[11];
	CHECK(sum_of(ip, 20) == 0xffff, "hook %d: %04x became %04x, which is wrong", hook, from,
	      to);
	CHECK(to != 0xffff, "hook %d: no sender writes 0xffff (RFC 1624)", hook);
	checks_seen |= (to == 0) | (to == 0xfffe) << 1 | (to < 0x100 && from > 0xff00) << 2;
}

/* Every checksum there is, before and after, and changes of the class up and down. */
TEST(test_checksums)
{
	static const uint8_t from[] = {0x00, 0xff, 0x03, 0xfc, 0x80};
	struct packet packet;
	struct iphdr *ip;
	uint32_t n, i;
	FIXTURE f;

	if (!fixture_open_at(&f, ALL_HOOKS,
			     "limits: [{name: l, match: {destination_port: 53}, capacity: 1, rate: "
			     "1/h, on_exceed: mark, mark: {dscp: 42}}]"))
		return;
	passes(&f, "192.0.2.1", 53, 1);
	for (n = 0; n < 5 * 0x10000; n++) {
		build(&packet, "192.0.2.1", PLAIN, from[n >> 16]);
		ip = (struct iphdr *)(packet.bytes + packet.l3);
		ip->id = htons(n);
		seal(&packet);
		check_sum(&f, n % TG_HOOKS, &packet);
		/* 0 and -0 are the same sum; some senders write the other one. */
		for (i = 0; !ip->check && i < TG_HOOKS; i++) {
			check_sum(&f, i, &packet);
			ip->check = 0xffff;
			check_sum(&f, i, &packet);
			ip->check = 0;
		}
	}
	CHECK(checks_seen == 7, "the hard cases came: %d", checks_seen);
	CHECK(VERDICTS(f, 0)[TG_VERDICT_MARKED] >= 5 * 0x10000, "all were marked");
}

/* A wrong checksum stays wrong: a router must not repair what the sender or the wire broke. */
TEST(test_wrong_checksum)
{
	struct outcome outcome;
	struct packet packet;
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: l, capacity: 1, rate: 1/h, on_exceed: mark, mark: "
			      "{dscp: cs1}}]"))
		return;
	passes(&f, "192.0.2.1", 53, 1);
	build(&packet, "192.0.2.1", PLAIN, 0);
	packet.bytes[packet.l3 + 10] ^= 0x10;
	CHECK(run_at(&f, TG_HOOK_XDP, &packet, NULL, &outcome), "runs");
	CHECK(class_of(&outcome.packet, packet.l3) == 0x20, "marked");
	CHECK(sum_of(outcome.packet.bytes + packet.l3, 20) != 0xffff, "still wrong");
}

static void check_ecn(struct fixture *f, uint8_t from, bool goes_on, uint8_t to)
{
	struct outcome outcome;
	struct packet packet;
	int hook, v;

	for (hook = 0; hook < TG_HOOKS; hook++) {
		for (v = 0; v < 2; v++) {
			build(&packet, sources[v], PLAIN, from);
			CHECK(run_at(f, hook, &packet, NULL, &outcome), "runs");
			CHECK(passed(hook, &outcome) == goes_on, "hook %d, class %#x", hook, from);
			if (goes_on)
				check_marked(&packet, &outcome.packet, to, "ecn");
		}
	}
}

TEST(test_ecn_or_drop)
{
	FIXTURE f;

	if (!fixture_open_at(&f, ALL_HOOKS,
			     "limits: [{name: l, capacity: 1, rate: 1/h, on_exceed: mark, mark: "
			     "{ecn: true}}]"))
		return;
	passes(&f, sources[0], 53, 1);
	passes(&f, sources[1], 53, 1);
	check_ecn(&f, 0xb8, false, 0);
	check_ecn(&f, 0xb9, true, 0xbb);
	check_ecn(&f, 0xba, true, 0xbb);
	check_ecn(&f, 0xbb, true, 0xbb);
	CHECK(VERDICTS(f, 0)[TG_VERDICT_DROPPED] == 6 && VERDICTS(f, 0)[TG_VERDICT_MARKED] == 18,
	      "%llu dropped", VERDICTS(f, 0)[TG_VERDICT_DROPPED]);
	CHECK(reasons(&f).packets[TG_REASON_LIMIT] == 2, "for the limit");
}

/* Declared to pass: it goes on as it is, and is counted with those that exceed and go on. */
TEST(test_ecn_or_pass)
{
	FIXTURE f;

	if (!fixture_open_at(&f, ALL_HOOKS,
			     "limits: [{name: l, capacity: 1, rate: 1/h, on_exceed: mark, mark: "
			     "{ecn: true, not_ecn: pass}}]"))
		return;
	passes(&f, sources[0], 53, 1);
	passes(&f, sources[1], 53, 1);
	check_ecn(&f, 0xb8, true, 0xb8);
	check_ecn(&f, 0xb9, true, 0xbb);
	CHECK(VERDICTS(f, 0)[TG_VERDICT_MARKED] == 12 && VERDICTS(f, 0)[TG_VERDICT_DROPPED] == 0,
	      "%llu", VERDICTS(f, 0)[TG_VERDICT_MARKED]);
}

static int marked(struct fixture *f, uint8_t class, int n)
{
	struct outcome outcome;
	struct packet packet;
	int count = 0;

	build(&packet, "192.0.2.1", PLAIN, class);
	while (n--)
		count += run_at(f, TG_HOOK_XDP, &packet, NULL, &outcome) &&
			 outcome.verdict == XDP_PASS &&
			 class_of(&outcome.packet, packet.l3) != class;
	return count;
}

/* First clean, then marked, then dropped. */
TEST(test_above)
{
	FIXTURE f;

	if (!fixture_open(&f,
			  "limits: [{name: l, capacity: 10, refill_amount: 1, refill_interval: 1s, "
			  "mark_above: 6, mark: {dscp: cs1}}]"))
		return;
	CHECK(marked(&f, 0, 6) == 0, "six are clean");
	CHECK(marked(&f, 0, 1) == 1, "the seventh is marked");
	CHECK(marked(&f, 0, 50) == 3, "and three more");
	CHECK(VERDICTS(f, 0)[TG_VERDICT_ADMITTED] == 6 && VERDICTS(f, 0)[TG_VERDICT_MARKED] == 4 &&
		      VERDICTS(f, 0)[TG_VERDICT_DROPPED] == 47,
	      "counted");
	set_now(&f, 1003 * S);
	CHECK(marked(&f, 0, 50) == 3, "of the refill all are marked");
	set_now(&f, 1003 * S + 5 * S);
	CHECK(marked(&f, 0, 1) == 0, "at six in use it is clean again");
	CHECK(marked(&f, 0, 1) == 1, "at seven it is not");
}

/* In bytes; and a packet that cannot carry CE is admitted as any that has its tokens. */
TEST(test_above_ecn)
{
	FIXTURE f;

	if (!fixture_open(&f,
			  "limits: [{name: l, unit: bytes, capacity: 720, rate: 1B/h, mark_above: "
			  "360, mark: {ecn: true}}]"))
		return;
	CHECK(marked(&f, 2, 5) == 0, "5 of 72 bytes reach the mark");
	CHECK(marked(&f, 2, 1) == 1, "the sixth is above");
	CHECK(marked(&f, 0, 1) == 0, "no CE without ECN");
	CHECK(VERDICTS(f, 0)[TG_VERDICT_ADMITTED] == 6 && VERDICTS(f, 0)[TG_VERDICT_MARKED] == 1 &&
		      VERDICTS(f, 0)[TG_VERDICT_DROPPED] == 0,
	      "counted as admitted");
	CHECK(marked(&f, 2, 9) == 3, "the rest");
}

static const char two_marks[] =
	"limits:\n"
	" - {name: a, capacity: 1, rate: 1/h, on_exceed: mark, mark: {dscp: ef, ecn: true, fwmark: 0xfffffffe, priority: 1:10}}\n"
	" - {name: b, capacity: 2, rate: 1/h, on_exceed: mark, mark: {dscp: cs1, fwmark: 7}}\n";

/*
 * Each thing that marks set is set once, by the limit that stands last in the file: not in a
 * slot, which tells only when a limit came. So with the slots the other way round.
 */
TEST(test_several)
{
	struct tg_limit_record earlier[TG_LIMITS_MAX] = {};
	struct __sk_buff skb = {.mark = 1, .priority = 2};
	struct outcome outcome;
	struct packet packet;
	int turn, hook;

	for (turn = 0; turn < 2; turn++) {
		FIXTURE f;

		memcpy(fixture_records, earlier, sizeof(earlier));
		if (!fixture_open_at(&f, TC_HOOKS, two_marks))
			return;
		memset(fixture_records, 0, sizeof(fixture_records));
		CHECK((f.compiled->slots[0] > f.compiled->slots[1]) == turn, "slots");
		memcpy(earlier, f.compiled->records, sizeof(earlier));
		earlier[0] = f.compiled->records[1];
		earlier[1] = f.compiled->records[0];
		earlier[0].id ^= 1;
		earlier[1].id ^= 1;
		build(&packet, "192.0.2.1", PLAIN, 1);
		hook = TG_HOOK_TC_INGRESS + turn;
		CHECK(run_at(&f, hook, &packet, &skb, &outcome), "first");
		check_marked(&packet, &outcome.packet, 1, "the first");
		CHECK(outcome.skb.mark == 1 && outcome.skb.priority == 2, "metadata stays");
		CHECK(run_at(&f, hook, &packet, &skb, &outcome), "second");
		check_marked(&packet, &outcome.packet, 46 << 2 | 3, "by a alone");
		CHECK(outcome.skb.mark == 0xfffffffe && outcome.skb.priority == 0x10010, "%#x %#x",
		      outcome.skb.mark, outcome.skb.priority);
		CHECK(run_at(&f, hook, &packet, &skb, &outcome), "third");
		check_marked(&packet, &outcome.packet, 8 << 2 | 3, "by a and b");
		CHECK(outcome.skb.mark == 7 && outcome.skb.priority == 0x10010, "%#x %#x",
		      outcome.skb.mark, outcome.skb.priority);
		CHECK(VERDICTS(f, 0)[TG_VERDICT_MARKED] == 2 &&
			      VERDICTS(f, 1)[TG_VERDICT_MARKED] == 1,
		      "both counted");
	}
}

/*
 * One limit that another way lets the packet go on, and one that refuses it: the refused packet is
 * counted at that one only and bears no mark, whichever comes first.
 */
static void check_refused(const char *tolerant, enum tg_verdict verdict)
{
	char yaml[512];
	int turn;

	for (turn = 0; turn < 2; turn++) {
		FIXTURE f;

		snprintf(yaml, sizeof(yaml), "limits:\n%s%s%s",
			 turn ? " - {name: hard, capacity: 3, rate: 1/h}\n" : "", tolerant,
			 turn ? "" : " - {name: hard, capacity: 3, rate: 1/h}\n");
		if (!fixture_open(&f, yaml))
			return;
		CHECK(marked(&f, 0, 20) == (verdict == TG_VERDICT_MARKED ? 2 : 0), "%s", yaml);
		CHECK(VERDICTS(f, turn)[verdict] == 2 &&
			      VERDICTS(f, turn)[TG_VERDICT_ADMITTED] == 1,
		      "%s: %llu, %llu", yaml, VERDICTS(f, turn)[verdict],
		      VERDICTS(f, turn)[TG_VERDICT_ADMITTED]);
		CHECK(VERDICTS(f, !turn)[TG_VERDICT_DROPPED] == 17 &&
			      VERDICTS(f, !turn)[TG_VERDICT_ADMITTED] == 3,
		      "%s", yaml);
	}
}

TEST(test_refused_by_another)
{
	check_refused(" - {name: soft, capacity: 1, rate: 1/h, on_exceed: mark, mark: {dscp: "
		      "cs1}}\n",
		      TG_VERDICT_MARKED);
	check_refused(" - {name: soft, capacity: 1, rate: 1/h, shadow: true}\n",
		      TG_VERDICT_SHADOW_EXCEEDED);
	check_refused(" - {name: soft, capacity: 9, rate: 1/h, mark_above: 1, mark: {dscp: cs1}}\n",
		      TG_VERDICT_MARKED);
}

/* A bucket that never holds still: who marks, marks; who only counts, counts; the others drop. */
static void check_contended(const char *keys, bool goes_on, enum tg_verdict verdict,
			    enum tg_reason reason)
{
	struct tg_bucket restless = {.state = 4 | TG_BUCKET_DEAD}; /* of no rate, nor dead */
	struct outcome outcome;
	struct packet packet;
	char yaml[256];
	FIXTURE f;

	snprintf(yaml, sizeof(yaml), "limits: [{name: l, capacity: 5, rate: 1/h, %s}]", keys);
	if (!fixture_open(&f, yaml))
		return;
	marked(&f, 0, 1);
	store_bucket(&f, 0, &restless); /* the first that there is */
	build(&packet, "192.0.2.1", PLAIN, 0);
	CHECK(run_at(&f, TG_HOOK_XDP, &packet, NULL, &outcome) &&
		      passed(TG_HOOK_XDP, &outcome) == goes_on,
	      "%s", keys);
	CHECK(VERDICTS(f, 0)[verdict] == 1, "%s: counted", keys);
	CHECK(reasons(&f).packets[reason] == (reason == TG_REASON_ADMITTED ? 2 : 1), "%s: reason",
	      keys);
}

TEST(test_contended)
{
	check_contended("on_exceed: mark, mark: {dscp: cs1}", true, TG_VERDICT_MARKED,
			TG_REASON_ADMITTED);
	check_contended("shadow: true", true, TG_VERDICT_SHADOW_EXCEEDED, TG_REASON_ADMITTED);
	check_contended("on_exceed: drop", false, TG_VERDICT_DROPPED, TG_REASON_CONTENDED);
	check_contended("on_exceed: reject", false, TG_VERDICT_DROPPED, TG_REASON_CONTENDED);
	check_contended("on_exceed: mark, mark: {ecn: true}", false, TG_VERDICT_DROPPED,
			TG_REASON_CONTENDED);
}

TEST_MAIN(RUN(test_shapes), RUN(test_checksums), RUN(test_wrong_checksum), RUN(test_ecn_or_drop),
	  RUN(test_ecn_or_pass), RUN(test_above), RUN(test_above_ecn), RUN(test_several),
	  RUN(test_refused_by_another), RUN(test_contended))

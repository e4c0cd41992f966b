// SPDX-License-Identifier: GPL-2.0-or-later
/* What rejected packets are answered with, and which are not, at XDP and at tc-ingress. */
/* Tables: what a row leaves out is 0. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#include "fixture.h"
#include "answers.h"

#define FIXTURE		   tg_cleanup_fixture struct fixture
#define tg_cleanup_fixture __attribute__((cleanup(fixture_close)))

/* No frame is that short. */
#define NONE_ADMITTED "limits: [{name: l, unit: bytes, capacity: 1, rate: 1B/s, on_exceed: reject"

static bool answered(enum tg_hook hook, const struct outcome *outcome)
{
	return outcome->verdict == (hook == TG_HOOK_XDP ? XDP_TX : TC_ACT_REDIRECT);
}

/* Each packet comes a second after the last, so that there is always an answer to be had. */
static bool reject(struct fixture *f, enum tg_hook hook, const struct packet *packet,
		   struct outcome *outcome)
{
	set_now(f, f->skeleton->bss->virtual_now[0] + S);
	if (!run_at(f, hook, packet, NULL, outcome)) {
		CHECK(false, "the runner refused it");
		return false;
	}
	return answered(hook, outcome);
}

static void check_frame(const struct sent *sent, struct packet *packet, struct outcome *outcome,
			const struct layers *asked, const struct layers *answer)
{
	size_t address = sent->ipv6 ? 16 : 4, at = sent->ipv6 ? 8 : 12;
	size_t type = 12 + 4 * sent->tags + 2;

	CHECK(memcmp(packet->bytes, outcome->packet.bytes + 6, 6) == 0 &&
		      memcmp(packet->bytes + 6, outcome->packet.bytes, 6) == 0,
	      "%s: hardware addresses", sent->what);
	CHECK(memcmp(packet->bytes + 12, outcome->packet.bytes + 12, type - 12) == 0,
	      "%s: tags and type", sent->what);
	CHECK(memcmp(asked->ip + at, answer->ip + at + address, address) == 0 &&
		      memcmp(asked->ip + at + address, answer->ip + at, address) == 0,
	      "%s: addresses", sent->what);
	CHECK(answer->length <= asked->length, "%s: %zu bytes to %zu", sent->what, answer->length,
	      asked->length);
	CHECK(outcome->packet.length == type + answer->length, "%s: the frame's length",
	      sent->what);
	CHECK((answer->ip[0] & 15) == (sent->ipv6 ? 0 : 5), "%s: no options", sent->what);
}

/* Sends at both hooks and leaves the answer of the last in @outcome. */
static struct layers answer_to(struct fixture *f, const struct sent *sent, struct packet *packet,
			       struct outcome *outcome, enum tg_hook hook)
{
	struct layers asked = build(packet, sent), answer = {};
	struct tg_interface_counters before = reasons_at(f, hook), after;

	if (!reject(f, hook, packet, outcome)) {
		CHECK(false, "%s at %d: no answer", sent->what, hook);
		return answer;
	}
	after = reasons_at(f, hook);
	CHECK(after.packets[TG_REASON_REJECTED] == before.packets[TG_REASON_REJECTED] + 1,
	      "%s: counted", sent->what);
	answer = layers_of(&outcome->packet, sent->tags, 0, 0);
	check_frame(sent, packet, outcome, &asked, &answer);
	if (!(sent->pending && hook != TG_HOOK_XDP && sent->protocol == answer.protocol))
		CHECK(sums_hold(&answer), "%s at %d: checksums", sent->what, hook);
	else
		CHECK(memcmp(check_field(&answer),
			     (uint8_t[]){pseudo_sum(&answer) >> 8, pseudo_sum(&answer)}, 2) == 0,
		      "%s: left to be completed", sent->what);
	return answer;
}

static void check_reset(struct fixture *f, const struct sent *sent, uint32_t seq, uint32_t ack,
			uint8_t flags)
{
	struct outcome outcome;
	struct packet packet;
	struct layers answer;
	struct tcphdr *tcp;
	int hook;

	for (hook = TG_HOOK_XDP; hook <= TG_HOOK_TC_INGRESS; hook++) {
		answer = answer_to(f, sent, &packet, &outcome, hook);
		tcp = (struct tcphdr *)answer.data;
		if (!tcp)
			continue;
		CHECK(answer.protocol == IPPROTO_TCP && answer.data_length == 20, "%s", sent->what);
		CHECK(ntohs(tcp->source) == sent->to && ntohs(tcp->dest) == 40000, "%s: ports",
		      sent->what);
		CHECK(ntohl(tcp->seq) == seq && ntohl(tcp->ack_seq) == ack &&
			      answer.data[13] == flags,
		      "%s: seq %x, ack %x, flags %x", sent->what, ntohl(tcp->seq),
		      ntohl(tcp->ack_seq), answer.data[13]);
	}
}

/* RFC 9293 section 3.10.7.1. @flags: 1 FIN, 2 SYN, 4 RST, 16 ACK. */
TEST(test_reset)
{
	int ipv6, tags, options;
	FIXTURE f;

	if (!fixture_open_at(&f, "xdp, tc-ingress", NONE_ADMITTED "}]"))
		return;
	for (ipv6 = 0; ipv6 < 2; ipv6++)
		for (tags = 0; tags < 3; tags++)
			for (options = 0; options <= 40; options += 8) {
#define TCP(name, ...) &(struct sent){name, ipv6, IPPROTO_TCP, tags, options, __VA_ARGS__}
				check_reset(&f, TCP("SYN", 0, 2, 0, 443), 0, 0xfffffff1, 20);
				check_reset(&f, TCP("SYN and data", 100, 2, 0, 443), 0, 0x55, 20);
				check_reset(&f, TCP("FIN", 7, 1, 0, 443), 0, 0xfffffff8, 20);
				check_reset(&f, TCP("ACK and data", 1400, 16, 0, 443), 0x12345678,
					    0, 4);
				check_reset(&f, TCP("FIN and ACK", 0, 17, 0, 443), 0x12345678, 0,
					    4);
			}
	check_reset(&f, &(struct sent){"pending", 0, 6, 0, 0, 33, 2, 0, 443, true}, 0, 0x12, 20);
	check_reset(&f, &(struct sent){"pending6", 1, 6, 0, 0, 33, 2, 0, 443, true}, 0, 0x12, 20);
}

static void check_error(struct fixture *f, const struct sent *sent)
{
	size_t quoted = (sent->ipv6 ? 40 : 20) + sent->options + 8;
	struct outcome outcome;
	struct packet packet;
	struct layers answer;
	int hook;

	for (hook = TG_HOOK_XDP; hook <= TG_HOOK_TC_INGRESS; hook++) {
		answer = answer_to(f, sent, &packet, &outcome, hook);
		if (!answer.data)
			continue;
		CHECK(answer.protocol == (sent->ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP) &&
			      answer.data_length == 8 + quoted,
		      "%s: %zu bytes of %d", sent->what, answer.data_length, answer.protocol);
		CHECK(answer.data[0] == (sent->ipv6 ? 1 : 3) &&
			      answer.data[1] == (sent->ipv6 ? 1 : 13),
		      "%s: administratively prohibited", sent->what);
		CHECK(memcmp(answer.data + 4, "\0\0\0", 4) == 0, "%s: unused", sent->what);
		CHECK(memcmp(answer.data + 8, packet.bytes + 14 + 4 * sent->tags, quoted) == 0,
		      "%s: what it is about", sent->what);
	}
}

TEST(test_error)
{
	int ipv6, tags, options;
	FIXTURE f;

	if (!fixture_open_at(&f, "xdp, tc-ingress", NONE_ADMITTED "}]"))
		return;
	for (ipv6 = 0; ipv6 < 2; ipv6++)
		for (tags = 0; tags < 3; tags++)
			for (options = 0; options <= 40; options += 8) {
				check_error(&f, &(struct sent){"UDP", ipv6, IPPROTO_UDP, tags,
							       options, 100, 0, 0, 1000});
				check_error(&f, &(struct sent){"echo", ipv6, ipv6 ? 58 : 1, tags,
							       options, 1401, ipv6 ? 128 : 8});
				check_error(&f, &(struct sent){"GRE", ipv6, 47, tags, options, 99});
			}
	check_error(&f, &(struct sent){"pending", 0, 17, 0, 0, 100, 0, 0, 1000, true});
	check_error(&f, &(struct sent){"pending6", 1, 17, 0, 0, 100, 0, 0, 1000, true});
	for (options = 400; options <= 456; options += 8)
		check_error(&f, &(struct sent){"long options", 1, 17, 0, options, 100, 0, 0, 1000});
	check_error(&f, &(struct sent){"as long as the answer", 0, 17, 0, 0, 28, 0, 0, 1000});
	check_error(&f, &(struct sent){"an update of DNS", 0, 17, 0, 0, 60, 0x28, 0, 53});
	check_error(&f, &(struct sent){"a query too long", 0, 17, 0, 0, 1000, 1, 0, 53});
}

static void check_dns(struct fixture *f, bool refused, const struct sent *sent)
{
	struct outcome outcome;
	struct packet packet;
	struct layers answer;
	int hook;

	for (hook = TG_HOOK_XDP; hook <= TG_HOOK_TC_INGRESS; hook++) {
		answer = answer_to(f, sent, &packet, &outcome, hook);
		if (!answer.data)
			continue;
		CHECK(answer.protocol == IPPROTO_UDP && answer.data_length == 8 + sent->size, "%s",
		      sent->what);
		CHECK(memcmp(answer.data, "\0\x35\x9c\x40", 4) == 0, "%s: ports", sent->what);
		CHECK(answer.data[4] << 8 == (int)((8 + sent->size) & 0xff00) &&
			      answer.data[5] == ((8 + sent->size) & 0xff),
		      "%s: length", sent->what);
		CHECK(memcmp(answer.data + 8, refused ? "\x12\x34\x81\x05" : "\x12\x34\x83\x00",
			     4) == 0,
		      "%s: flags %x %x", sent->what, answer.data[10], answer.data[11]);
		CHECK(memcmp(answer.data + 12, packet.bytes + packet.udp + 12, sent->size - 4) == 0,
		      "%s: the rest as it was", sent->what);
	}
}

static void check_queries(bool refused)
{
	int ipv6, tags, size;
	FIXTURE f;

	if (!fixture_open_at(&f, "xdp, tc-ingress",
			     refused ? NONE_ADMITTED ", reject: {dns: refused}}]"
				     : NONE_ADMITTED "}]"))
		return;
	for (ipv6 = 0; ipv6 < 2; ipv6++)
		for (tags = 0; tags < 3; tags++)
			for (size = 12; size <= 504; size += 41)
				check_dns(&f, refused,
					  &(struct sent){"query", ipv6, 17, tags, tags * 8, size, 1,
							 0, 53});
	check_dns(&f, refused, &(struct sent){"pending", 0, 17, 0, 0, 33, 1, 0, 53, true});
	check_dns(&f, refused, &(struct sent){"pending6", 1, 17, 0, 0, 33, 1, 0, 53, true});
	check_dns(&f, refused, &(struct sent){"longest", 0, 17, 0, 0, 504, 1, 0, 53});
}

TEST(test_dns)
{
	check_queries(false);
	check_queries(true);
}

/* Frames that must not be answered; @spoil changes one that would be, before its sums or after. */
struct silent {
	struct sent sent;
	int at; /* offset from the IP header; 0: as it is */
	uint8_t value;
	bool sums; /* made right again */
};

#define SYN4	 0, IPPROTO_TCP, 0, 0, 0, 2, 0, 443
#define UDP4	 0, IPPROTO_UDP, 0, 0, 100, 0, 0, 1000
#define UDP6	 1, IPPROTO_UDP, 0, 0, 100, 0, 0, 1000
#define QUERY4	 0, IPPROTO_UDP, 0, 0, 40, 1, 0, 53
#define QUERY6	 1, IPPROTO_UDP, 0, 0, 40, 1, 0, 53
#define ICMP(t)	 0, IPPROTO_ICMP, 0, 0, 100, t
#define ICMP6(t) 1, IPPROTO_ICMPV6, 0, 0, 100, t

static const struct silent silents[] = {
	{{"RST", 0, IPPROTO_TCP, 0, 0, 0, 4, 0, 443}, 0, 0, 0},
	{{"RST and ACK, IPv6", 1, IPPROTO_TCP, 0, 0, 0, 20, 0, 443}, 0, 0, 0},
	{{"an answer of DNS", 0, IPPROTO_UDP, 0, 0, 40, 0x81, 0, 53}, 0, 0, 0},
	{{"an answer of DNS, from a server", 0, IPPROTO_UDP, 0, 0, 40, 0x81, 53, 40000}, 0, 0, 0},
	{{"an answer of DNS, IPv6", 1, IPPROTO_UDP, 0, 0, 100, 0x83, 53, 53}, 0, 0, 0},
	{{"shorter than an error", 0, IPPROTO_UDP, 0, 0, 27, 0, 0, 1000}, 0, 0, 0},
	{{"shorter than an error, IPv6", 1, IPPROTO_UDP, 0, 0, 47, 0, 0, 1000}, 0, 0, 0},
	{{"unreachable", ICMP(3)}, 0, 0, 0},
	{{"redirect", ICMP(5)}, 0, 0, 0},
	{{"echo reply", ICMP(0)}, 0, 0, 0},
	{{"time exceeded", ICMP(11)}, 0, 0, 0},
	{{"unreachable, IPv6", ICMP6(1)}, 0, 0, 0},
	{{"packet too big", ICMP6(2)}, 0, 0, 0},
	{{"echo reply, IPv6", ICMP6(129)}, 0, 0, 0},
	{{"from multicast", UDP4, 0, "224.0.0.1"}, 0, 0, 0},
	{{"from broadcast", UDP4, 0, "255.255.255.255"}, 0, 0, 0},
	{{"from class E", UDP4, 0, "240.0.0.1"}, 0, 0, 0},
	{{"from loopback", QUERY4, 0, "127.0.0.1"}, 0, 0, 0},
	{{"from nobody", SYN4, 0, "0.0.0.0"}, 0, 0, 0},
	{{"from multicast, IPv6", UDP6, 0, "ff02::1"}, 0, 0, 0},
	{{"from loopback, IPv6", QUERY6, 0, "::1"}, 0, 0, 0},
	{{"from nobody, IPv6", UDP6, 0, "::"}, 0, 0, 0},
	{{"to multicast", UDP4}, 16, 239, 1},
	{{"to loopback", UDP4}, 16, 127, 1},
	{{"to multicast, IPv6", QUERY6}, 24, 0xff, 1},
	{{"to all of the link", QUERY4}, -14, 0xff, 0},
	{{"to a group of the link", SYN4}, -14, 1, 0},
	{{"from a group of the link", SYN4}, -8, 1, 0},
	{{"first fragment", UDP4}, 6, 0x20, 1},
	{{"later fragment", UDP4}, 7, 10, 1},
	{{"more to quote than fits", 1, IPPROTO_UDP, 0, 464, 100, 0, 0, 1000}, 0, 0, 0},
	{{"more still", 1, IPPROTO_UDP, 0, 472, 100, 0, 0, 1000}, 0, 0, 0},
	{{"most of all", 1, IPPROTO_UDP, 0, 1000, 100, 0, 0, 1000}, 0, 0, 0},
	{{"a wrong sum of IPv4", SYN4}, 10, 0x55, 0},
	{{"a wrong sum of TCP", SYN4}, 20 + 17, 0x55, 0},
	{{"a wrong byte of data", UDP4}, 20 + 50, 0x55, 0},
	{{"a wrong byte of a query", QUERY6}, 40 + 25, 0x55, 0},
	{{"a wrong byte far behind", 0, IPPROTO_TCP, 0, 0, 1400, 16, 0, 443}, 1300, 0x55, 0},
	{{"a wrong sum of ICMP", ICMP(8)}, 20 + 2, 0x55, 0},
	{{"shorter UDP than IP", UDP4}, 20 + 5, 60, 1},
	{{"a shorter query than IP", QUERY6}, 40 + 5, 30, 1},
};

static void check_silent(struct fixture *f, enum tg_hook hook, const struct silent *row)
{
	struct tg_interface_counters before = reasons_at(f, hook), after;
	struct tg_limit_counters limit = limit_counters(f, 0);
	struct outcome outcome;
	struct packet packet;
	struct layers layers = build(&packet, &row->sent);

	if (row->at)
		layers.ip[row->at] = row->value;
	if (row->sums)
		fill_sums(&layers, false);
	CHECK(!reject(f, hook, &packet, &outcome), "%s at %d: answered", row->sent.what, hook);
	CHECK(!passed(hook, &outcome), "%s at %d: dropped", row->sent.what, hook);
	after = reasons_at(f, hook);
	CHECK(after.packets[TG_REASON_LIMIT] == before.packets[TG_REASON_LIMIT] + 1 &&
		      after.packets[TG_REASON_REJECTED] == before.packets[TG_REASON_REJECTED],
	      "%s at %d: not counted as dropped by the limit", row->sent.what, hook);
	CHECK(limit_counters(f, 0).packets[TG_VERDICT_DROPPED] ==
		      limit.packets[TG_VERDICT_DROPPED] + 1,
	      "%s at %d: not counted by the limit", row->sent.what, hook);
}

TEST(test_silent)
{
	FIXTURE f;
	size_t i;

	if (!fixture_open_at(&f, "xdp, tc-ingress", NONE_ADMITTED "}]"))
		return;
	for (i = 0; i < sizeof(silents) / sizeof(silents[0]); i++) {
		check_silent(&f, TG_HOOK_XDP, &silents[i]);
		check_silent(&f, TG_HOOK_TC_INGRESS, &silents[i]);
	}
}

/* No checksum is fine with UDP over IPv4, not over IPv6; port 0 wants no answer. */
TEST(test_udp_details)
{
	const struct sent four = {"no sum", UDP4}, six = {"no sum, IPv6", UDP6};
	struct outcome outcome;
	struct packet packet;
	struct layers layers;
	FIXTURE f;

	if (!fixture_open_at(&f, "xdp, tc-ingress", NONE_ADMITTED "}]"))
		return;
	layers = build(&packet, &four);
	store16(check_field(&layers), 0);
	CHECK(reject(&f, TG_HOOK_XDP, &packet, &outcome), "IPv4");
	layers = build(&packet, &six);
	store16(check_field(&layers), 0);
	CHECK(!reject(&f, TG_HOOK_XDP, &packet, &outcome), "IPv6");
	layers = build(&packet, &four);
	store16(layers.data, 0);
	fill_sums(&layers, false);
	CHECK(!reject(&f, TG_HOOK_XDP, &packet, &outcome), "from port 0");
}

/* What several packets were merged into is dropped without a word. */
TEST(test_segments)
{
	struct __sk_buff skb = {.gso_size = 1400, .gso_segs = 2};
	const struct sent sent = {"segments", 0, IPPROTO_TCP, 0, 0, 1400, 16, 0, 443};
	struct outcome outcome;
	struct packet packet;
	FIXTURE f;

	if (!fixture_open_at(&f, "xdp, tc-ingress", NONE_ADMITTED "}]"))
		return;
	build(&packet, &sent);
	CHECK(run_at(&f, TG_HOOK_TC_INGRESS, &packet, &skb, &outcome) &&
		      outcome.verdict == TC_ACT_SHOT,
	      "verdict %d", outcome.verdict);
}

static int answers_to(struct fixture *f, bool ipv6, int sources, int n)
{
	struct sent sent = {"flood", ipv6, IPPROTO_UDP, 0, 0, 100, 1, 0, 53};
	struct outcome outcome;
	struct packet packet;
	char source[40];
	int i, answers = 0;

	for (i = 0; i < n; i++) {
		if (ipv6)
			snprintf(source, sizeof(source), "2001:db8:%x::%x", i % sources, i);
		else
			snprintf(source, sizeof(source), "10.%d.%d.%d", i % sources >> 8,
				 i % sources & 255, i & 255);
		sent.source = source;
		build(&packet, &sent);
		run_at(f, TG_HOOK_XDP, &packet, NULL, &outcome);
		answers += answered(TG_HOOK_XDP, &outcome);
	}
	return answers;
}

/* However many forged sources: so many to each network, and so many in all. */
TEST(test_bounded)
{
	int n, second;
	FIXTURE f;

	if (!fixture_open_at(&f, "xdp, tc-ingress", NONE_ADMITTED "}]"))
		return;
	CHECK(answers_to(&f, false, 1, 500) == 10, "one /24");
	CHECK(answers_to(&f, true, 1, 500) == 10, "one /64");
	set_now(&f, 1001 * S + 1000); /* rates are rounded down */
	CHECK(answers_to(&f, false, 1, 500) == 10, "10 a second");
	for (second = 0; second < 3; second++) {
		set_now(&f, (1010 + second) * S);
		n = answers_to(&f, false, 5000, 10000);
		CHECK(n <= 1000 && n > 900, "second %d: %d answers to 5,000 networks", second, n);
		n = answers_to(&f, true, 5000, 1000);
		CHECK(n <= 1, "%d more, IPv6", n);
	}
}

/* A clock that went back must not silence answers until it has caught up. */
TEST(test_clock_back)
{
	FIXTURE f;

	if (!fixture_open_at(&f, "xdp, tc-ingress", NONE_ADMITTED "}]"))
		return;
	CHECK(answers_to(&f, false, 1, 100) == 10);
	set_now(&f, 500 * S);
	CHECK(answers_to(&f, false, 1, 100) == 0, "nothing for going back");
	set_now(&f, 501 * S + 1000);
	CHECK(answers_to(&f, false, 1, 100) <= 10, "the bound on all sources is met only now");
	set_now(&f, 502 * S + 2000);
	CHECK(answers_to(&f, false, 1, 100) == 10, "10 a second");
}

/* The first @n memories of each CPU in use, as by programs that this one has interrupted. */
static void take_memory(struct fixture *f, uint32_t n)
{
	struct bpf_map *map = f->skeleton->maps.answer_memory;
	size_t size = (bpf_map__value_size(map) + 7) / 8 * 8;
	int cpus = libbpf_num_possible_cpus(), cpu;
	uint8_t *values = calloc(cpus, size);
	uint32_t i;

	for (i = 0; i < bpf_map__max_entries(map); i++) {
		for (cpu = 0; cpu < cpus; cpu++) {
			memset(values + cpu * size, 0x5a, size);
			*(uint64_t *)(values + cpu * size) = i < n;
		}
		CHECK(bpf_map_update_elem(bpf_map__fd(map), &i, values, BPF_ANY) == 0);
	}
	free(values);
}

/* True if memory @i is in use, or else was written to. */
static bool has_memory(struct fixture *f, uint32_t i, bool in_use)
{
	struct bpf_map *map = f->skeleton->maps.answer_memory;
	size_t size = (bpf_map__value_size(map) + 7) / 8 * 8, at;
	int cpus = libbpf_num_possible_cpus(), cpu;
	uint8_t *values = calloc(cpus, size);
	bool found = false;

	bpf_map_lookup_elem(bpf_map__fd(map), &i, values);
	for (cpu = 0; cpu < cpus; cpu++)
		for (at = in_use ? 0 : 8; at < (in_use ? 8 : size); at++)
			found |= values[cpu * size + at] != (in_use ? 0 : 0x5a);
	free(values);
	return found;
}

/* A program that was interrupted keeps its answer, and the other packet gets its own. */
TEST(test_interrupted)
{
	const struct sent sent = {"UDP", UDP4};
	struct outcome outcome;
	struct packet packet;
	uint32_t n;
	FIXTURE f;

	if (!fixture_open_at(&f, "xdp, tc-ingress", NONE_ADMITTED "}]"))
		return;
	for (n = 0; n < 4; n++) {
		take_memory(&f, n);
		check_error(&f, &sent);
		CHECK(has_memory(&f, n, false), "number %u was used", n);
		CHECK(!has_memory(&f, n, true), "and given back");
		CHECK(!n || !has_memory(&f, n - 1, false), "number %u is as it was", n - 1);
	}
	take_memory(&f, 4);
	build(&packet, &sent);
	CHECK(!reject(&f, TG_HOOK_XDP, &packet, &outcome) && outcome.verdict == XDP_DROP,
	      "none is left: no answer");
	CHECK(!has_memory(&f, 3, false), "and nothing is written");
}

TEST_MAIN(RUN(test_reset), RUN(test_error), RUN(test_dns), RUN(test_silent), RUN(test_udp_details),
	  RUN(test_segments), RUN(test_bounded), RUN(test_clock_back), RUN(test_interrupted))

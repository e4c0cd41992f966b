// SPDX-License-Identifier: GPL-2.0-or-later
/* Dynamic entries and the configuration's lists: which of them decides, and until when. */
#include <tidegate/lists.h>

#include "fixture.h"

#define FIXTURE		   tg_cleanup_fixture struct fixture
#define tg_cleanup_fixture __attribute__((cleanup(fixture_close)))

#define LIMIT "limits: [{name: l, capacity: 1, refill_amount: 1, refill_interval: 1h}]\n"
#define NOW   (1000 * S)

/* The daemon's side. Keeps what the prefix has on the other list. */
static void enter(struct fixture *f, enum tg_list list, const char *text, uint64_t until)
{
	struct tg_entries_state state = {.layout = TG_ENTRIES_LAYOUT, .n = 1};
	struct tg_entry entry = {}, found;
	struct tg_lpm_key key = {};
	struct tg_prefix prefix;
	uint32_t zero = 0;
	char why[256];

	CHECK(tg_prefix_parse(text, &prefix, why, sizeof(why)) == 0, "%s", why);
	key.prefix_length = prefix.length;
	memcpy(&key.address, prefix.address, sizeof(key.address));
	if (bpf_map__lookup_elem(f->skeleton->maps.entries, &key, sizeof(key), &found,
				 sizeof(found), 0) == 0 &&
	    found.prefix_length == prefix.length)
		entry = found;
	entry.prefix_length = prefix.length;
	(list == TG_LIST_ALLOW ? &entry.allow : &entry.deny)->until = until;
	CHECK(bpf_map__update_elem(f->skeleton->maps.entries_state, &zero, 4, &state, sizeof(state),
				   BPF_ANY) == 0 &&
		      bpf_map__update_elem(f->skeleton->maps.entries, &key, sizeof(key), &entry,
					   sizeof(entry), BPF_ANY) == 0,
	      "%s: %s", text, strerror(errno));
}

enum verdict { LIMITED, ALLOWED, DENIED };

/* By the reason under which a packet leaves. */
static enum verdict evaluated(struct fixture *f, const char *source)
{
	struct tg_interface_counters before = reasons(f), after;

	passes(f, source, 1, 1);
	after = reasons(f);
	if (after.packets[TG_REASON_ALLOWED] > before.packets[TG_REASON_ALLOWED])
		return ALLOWED;
	return after.packets[TG_REASON_DENIED] > before.packets[TG_REASON_DENIED] ? DENIED
										  : LIMITED;
}

TEST(test_alone)
{
	FIXTURE f;

	if (!fixture_open(&f, LIMIT))
		return;
	CHECK(evaluated(&f, "192.0.2.1") == LIMITED, "no entry");
	enter(&f, TG_LIST_DENY, "192.0.2.0/24", TG_NO_END);
	enter(&f, TG_LIST_ALLOW, "2001:db8::/32", TG_NO_END);
	CHECK(evaluated(&f, "192.0.2.1") == DENIED, "denied");
	CHECK(evaluated(&f, "192.0.3.1") == LIMITED, "beside it");
	CHECK(passes(&f, "2001:db8::1", 1, 9) == 9, "allowed: not limited");
	CHECK(evaluated(&f, "2001:db9::1") == LIMITED, "beside it");
}

/* Two prefixes over the address N.77.8.8, one configured and one entered. */
struct pair {
	int configured, entered; /* enum tg_list */
	const char *configured_tail, *entered_tail;
	enum verdict expected;
};

/* Of lengths and lists in every order. */
static struct pair pair_of(int n)
{
	static const char *const tails[] = {".0.0.0/8", ".77.0.0/16", ".77.8.8/32"};
	int a = n % 3, b = n / 3 % 3;
	struct pair pair = {.configured = n / 9 % 2 ? TG_LIST_ALLOW : TG_LIST_DENY,
			    .entered = n / 18 % 2 ? TG_LIST_ALLOW : TG_LIST_DENY,
			    .configured_tail = tails[a],
			    .entered_tail = tails[b]};
	int longer = a > b ? pair.configured : pair.entered;

	pair.expected = longer == TG_LIST_ALLOW ? ALLOWED : DENIED;
	if (a == b && pair.configured == TG_LIST_ALLOW)
		pair.expected = ALLOWED;
	return pair;
}

#define PAIRS 36

TEST(test_longest_of_both)
{
	char yaml[4096] = LIMIT, text[32];
	int list, n, length = strlen(yaml);
	struct pair pair;
	FIXTURE f;

	for (list = TG_LIST_ALLOW; list <= TG_LIST_DENY; list++) {
		length += sprintf(yaml + length, "%s: [", list == TG_LIST_ALLOW ? "allow" : "deny");
		for (n = 0; n < PAIRS; n++)
			if (pair_of(n).configured == list)
				length += sprintf(yaml + length, "%d%s, ", n + 1,
						  pair_of(n).configured_tail);
		length += sprintf(yaml + length, "]\n");
	}
	if (!fixture_open(&f, yaml))
		return;
	for (n = 0; n < PAIRS; n++) {
		pair = pair_of(n);
		snprintf(text, sizeof(text), "%d%s", n + 1, pair.entered_tail);
		enter(&f, pair.entered, text, TG_NO_END);
		snprintf(text, sizeof(text), "%d.77.8.8", n + 1);
		CHECK(evaluated(&f, text) == pair.expected, "%d: configured %d %s, entered %d %s",
		      n, pair.configured, pair.configured_tail, pair.entered, pair.entered_tail);
	}
}

TEST(test_longest_of_entries)
{
	FIXTURE f;

	if (!fixture_open(&f, LIMIT))
		return;
	enter(&f, TG_LIST_ALLOW, "10.0.0.0/8", TG_NO_END);
	enter(&f, TG_LIST_DENY, "10.77.0.0/16", TG_NO_END);
	enter(&f, TG_LIST_ALLOW, "10.77.8.0/24", TG_NO_END);
	enter(&f, TG_LIST_DENY, "10.77.8.8", TG_NO_END);
	CHECK(evaluated(&f, "10.1.1.1") == ALLOWED, "/8");
	CHECK(evaluated(&f, "10.77.1.1") == DENIED, "/16");
	CHECK(evaluated(&f, "10.77.8.1") == ALLOWED, "/24");
	CHECK(evaluated(&f, "10.77.8.8") == DENIED, "/32");
	enter(&f, TG_LIST_ALLOW, "10.77.8.8", TG_NO_END);
	CHECK(evaluated(&f, "10.77.8.8") == ALLOWED, "on both lists: allow comes first");
}

TEST(test_families_apart)
{
	FIXTURE f;

	if (!fixture_open(&f, "deny: [\"::/1\"]\n" LIMIT))
		return;
	enter(&f, TG_LIST_DENY, "::/0", TG_NO_END);
	CHECK(evaluated(&f, "192.0.2.1") == LIMITED, "::/0 is IPv6 alone");
	CHECK(evaluated(&f, "2001:db8::1") == DENIED, "::/1 of the configuration");
	CHECK(evaluated(&f, "fd00::1") == DENIED, "::/0");
	enter(&f, TG_LIST_ALLOW, "::/2", TG_NO_END);
	CHECK(evaluated(&f, "2001:db8::1") == ALLOWED, "a longer one");
	CHECK(passes(&f, "192.0.2.2", 1, 9) == 1, "which is IPv6 alone as well");
	enter(&f, TG_LIST_ALLOW, "0.0.0.0/0", TG_NO_END);
	CHECK(evaluated(&f, "192.0.2.1") == ALLOWED, "0.0.0.0/0");
	CHECK(evaluated(&f, "fd00::1") == DENIED, "is IPv4 alone");
	CHECK(evaluated(&f, "::1:0:0:1") == ALLOWED, "::/2");
}

TEST(test_expiry)
{
	FIXTURE f;

	if (!fixture_open(&f, "deny: [10.0.0.0/8]\n" LIMIT))
		return;
	enter(&f, TG_LIST_ALLOW, "10.77.0.0/16", NOW + 5 * S);
	CHECK(evaluated(&f, "10.77.1.1") == ALLOWED, "at first");
	set_now(&f, NOW + 5 * S - 1);
	CHECK(evaluated(&f, "10.77.1.1") == ALLOWED, "a ns before its end");
	set_now(&f, NOW + 5 * S);
	CHECK(evaluated(&f, "10.77.1.1") == DENIED, "as it ends the configuration decides");

	enter(&f, TG_LIST_DENY, "192.0.2.1", NOW + 9 * S);
	enter(&f, TG_LIST_ALLOW, "192.0.2.1", NOW + 7 * S);
	CHECK(evaluated(&f, "192.0.2.1") == ALLOWED, "on both lists");
	set_now(&f, NOW + 7 * S);
	CHECK(evaluated(&f, "192.0.2.1") == DENIED, "each has an end of its own");
	set_now(&f, NOW + 9 * S);
	CHECK(evaluated(&f, "192.0.2.1") == LIMITED, "and then the limits hold");
}

/* Though nobody has taken the expired ones out. */
/* Where ticks may be lost, an entry ends by the precise clock. */
TEST(test_expiry_without_ticks)
{
	FIXTURE f;

	fixture_tick = UINT64_MAX;
	if (fixture_open(&f, LIMIT)) {
		enter(&f, TG_LIST_DENY, "192.0.2.0/24", NOW + MS);
		CHECK(evaluated(&f, "192.0.2.1") == DENIED, "denied");
		f.skeleton->bss->virtual_now[TG_CLOCK_PRECISE] = NOW + 2 * MS;
		CHECK(evaluated(&f, "192.0.2.1") == LIMITED, "over, though no tick has come");
	}
	fixture_tick = TICK;
}

TEST(test_behind_expired)
{
	char text[32];
	int length;
	FIXTURE f;

	if (!fixture_open(&f, LIMIT))
		return;
	enter(&f, TG_LIST_DENY, "0.0.0.0/0", TG_NO_END);
	enter(&f, TG_LIST_DENY, "::/0", TG_NO_END);
	for (length = 32; length > 32 - TG_EXPIRED_MAX; length--) {
		CHECK(evaluated(&f, "10.0.0.0") == DENIED, "behind %d expired ones", 32 - length);
		snprintf(text, sizeof(text), "10.0.0.0/%d", length);
		enter(&f, TG_LIST_ALLOW, text, NOW);
	}
	CHECK(evaluated(&f, "10.0.0.0") == DENIED, "behind the most");
	enter(&f, TG_LIST_ALLOW, "2001:db8::1", NOW - 1);
	CHECK(evaluated(&f, "2001:db8::1") == DENIED, "::/0 behind an expired one");
	enter(&f, TG_LIST_ALLOW, "::/0", NOW - 1);
	enter(&f, TG_LIST_DENY, "::/0", NOW - 1);
	CHECK(evaluated(&f, "2001:db8::1") == LIMITED, "nothing is behind ::/0");
}

/* A packet must not pay for a trie that nobody uses. */
TEST(test_not_looked_at)
{
	struct tg_entries_state state = {.layout = TG_ENTRIES_LAYOUT};
	uint32_t zero = 0;
	FIXTURE f;

	if (!fixture_open(&f, LIMIT))
		return;
	enter(&f, TG_LIST_DENY, "192.0.2.1", TG_NO_END);
	bpf_map__update_elem(f.skeleton->maps.entries_state, &zero, 4, &state, sizeof(state),
			     BPF_ANY);
	CHECK(evaluated(&f, "192.0.2.1") == LIMITED, "none, says the state");
}

TEST_MAIN(RUN(test_alone), RUN(test_longest_of_both), RUN(test_longest_of_entries),
	  RUN(test_families_apart), RUN(test_expiry), RUN(test_expiry_without_ticks),
	  RUN(test_behind_expired), RUN(test_not_looked_at))

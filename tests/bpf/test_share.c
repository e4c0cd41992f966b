// SPDX-License-Identifier: GPL-2.0-or-later
/* Limits that other nodes charge too: what is told of them, and what is charged on their account.
 */
#include "reclaim_fixture.h"
#include <tidegate/gcra.h>
#include <tidegate/shared.h>

#define FIXTURE		   tg_cleanup_fixture struct fixture
#define tg_cleanup_fixture __attribute__((cleanup(fixture_close)))

#define SOURCE "192.0.2.1"
#define PER_S  "limits: [{name: l, capacity: 100, rate: 1000/s}]" /* reported at 15 tokens */

static void share_all(struct tg_config *config)
{
	size_t i;

	for (i = 0; i < config->limits_n; i++)
		config->limits[i].shared = true;
}

static bool open_shared(struct fixture *fixture, const char *limits)
{
	fixture_before_compile = share_all;
	return fixture_open(fixture, limits);
}

static void set_share(struct fixture *fixture, uint64_t fresh_until, uint32_t price, uint32_t open)
{
	struct tg_share_state share = {fresh_until, price, open};
	uint32_t slot = fixture->compiled->slots[0];

	CHECK(bpf_map__update_elem(fixture->skeleton->maps.shares, &slot, 4, &share, sizeof(share),
				   BPF_ANY) == 0);
}

static struct tg_bucket_key key_of(struct fixture *fixture)
{
	struct tg_bucket_key key = {
		.limit_id = fixture->compiled->policy.limits[fixture->compiled->slots[0]].id};
	uint8_t address[16] = {[10] = 255, 255, 192, 0, 2, 1};

	memcpy(&key.address, address, sizeof(key.address));
	return key;
}

/* Charges @debit tokens; all that is learnt. */
static struct tg_debit run_debit(struct fixture *fixture, uint64_t tokens, uint64_t most)
{
	struct tg_debit debit = {.key = key_of(fixture), .due = tokens, .most = most};
	struct tg_debit_batch request = {.n = 1};
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &request, .ctx_size_in = sizeof(request));
	uint32_t zero = 0;

	bpf_map__update_elem(fixture->skeleton->maps.debits, &zero, 4, &debit, sizeof(debit),
			     BPF_ANY);
	CHECK(bpf_prog_test_run_opts(bpf_program__fd(fixture->skeleton->progs.tidegate_debit),
				     &options) == 0);
	bpf_map__lookup_elem(fixture->skeleton->maps.debits, &zero, 4, &debit, sizeof(debit), 0);
	return debit;
}

/* What the bucket gave. */
static int64_t charge_debit(struct fixture *fixture, uint64_t tokens, uint64_t most)
{
	return run_debit(fixture, tokens, most).taken;
}

struct reports {
	int n;
	uint64_t tokens;
	struct tg_bucket_key key;
};

static int on_report(void *data, void *bytes, size_t size)
{
	struct reports *reports = data;
	const struct tg_share_report *report = bytes;

	reports->n++;
	reports->tokens += report->tokens;
	reports->key = report->key;
	return 0;
}

static struct reports read_reports(struct fixture *fixture)
{
	struct reports reports = {};
	struct ring_buffer *ring = ring_buffer__new(bpf_map__fd(fixture->skeleton->maps.reports),
						    on_report, &reports, NULL);

	ring_buffer__consume(ring);
	ring_buffer__free(ring);
	return reports;
}

TEST(test_what_is_taken_is_told_once)
{
	struct tg_bucket_key key;
	struct reports reports;
	FIXTURE f;

	if (!open_shared(&f, PER_S))
		return;
	set_share(&f, 2000 * S, 3, 0);
	CHECK(passes(&f, SOURCE, 1, 14) == 14 && read_reports(&f).n == 0, "not worth a report");
	CHECK(passes(&f, SOURCE, 1, 6) == 6);
	reports = read_reports(&f);
	key = key_of(&f);
	CHECK(reports.n == 1 && reports.tokens == 15, "%d, %llu tokens", reports.n,
	      (unsigned long long)reports.tokens);
	CHECK(memcmp(&reports.key, &key, sizeof(key)) == 0);
	CHECK(charge_debit(&f, 0, 0) == 5, "the rest");
	CHECK(charge_debit(&f, 0, 0) == 0, "told already");
	CHECK(passes(&f, SOURCE, 1, 200) == 80, "capacity 100");
	CHECK(read_reports(&f).n == 0, "it is watched");
	CHECK(charge_debit(&f, 0, 0) == 80);
}

TEST(test_of_bytes_too)
{
	FIXTURE f;

	if (!open_shared(&f, "limits: [{name: l, unit: bytes, capacity: 6000, rate: 600kB/s}]"))
		return;
	set_share(&f, 2000 * S, 1, 0);
	charge_debit(&f, 60, 1000);
	CHECK(passes(&f, SOURCE, 1, 10) == 10);
	CHECK(charge_debit(&f, 0, 0) == 600, "frames of 60 bytes");
}

TEST(test_debts)
{
	FIXTURE f;

	if (!open_shared(&f, PER_S))
		return;
	set_share(&f, 2000 * S, 1, 0);
	CHECK(passes(&f, SOURCE, 1, 1) == 1);
	charge_debit(&f, 59, 1000);
	CHECK(passes(&f, SOURCE, 1, 100) == 40, "59 of 99 went elsewhere");
	charge_debit(&f, 200, 1000);
	set_now(&f, 1000 * S + 199 * MS);
	CHECK(passes(&f, SOURCE, 1, 10) == 0, "200 tokens are owed");
	set_now(&f, 1000 * S + 211 * MS + 1);
	CHECK(passes(&f, SOURCE, 1, 100) == 11, "and paid by refills");
}

TEST(test_debts_are_bounded)
{
	FIXTURE f;

	if (!open_shared(&f, PER_S))
		return;
	set_share(&f, 2000 * S, 1, 0);
	CHECK(passes(&f, SOURCE, 1, 1) == 1);
	charge_debit(&f, 1ULL << 40, 50);
	charge_debit(&f, 1ULL << 40, 50);
	set_now(&f, 1000 * S + 61 * MS + 1);
	CHECK(passes(&f, SOURCE, 1, 100) == 11, "50 beyond an empty bucket");
	charge_debit(&f, 1ULL << 40, 1ULL << 60);
	set_now(&f, 1070 * S);
	CHECK(passes(&f, SOURCE, 1, 100) > 0, "in any case no more than a minute");
}

/* At 1/h a token is 2^45 units, so that the units of 2^19 tokens do not fit 64 bits. */
TEST(test_a_large_debt_at_a_slow_rate)
{
	FIXTURE f;

	if (!open_shared(&f, "limits: [{name: l, capacity: 5, rate: 1/h}]"))
		return;
	set_share(&f, 2000 * S, 1, 0);
	CHECK(passes(&f, SOURCE, 1, 1) == 1);
	CHECK(run_debit(&f, 1ULL << 19, 2).owed > 0, "it is owed");
	CHECK(passes(&f, SOURCE, 1, 4) == 0, "and nothing is left");
}

/* As during a change of the rate: what cannot be charged is still to be. */
TEST(test_a_bucket_of_another_rate_keeps_its_debt)
{
	struct tg_bucket bucket = {}, old;
	struct tg_bucket_key key;
	struct tg_debit done;
	int number;
	FIXTURE f;

	if (!open_shared(&f, PER_S))
		return;
	set_share(&f, 2000 * S, 1, 0);
	CHECK(passes(&f, SOURCE, 1, 10) == 10);
	key = key_of(&f);
	number = find_bucket(&f, &key, &bucket);
	old = bucket;
	old.state = tg_gcra_state(0, 1000 * S,
				  f.compiled->policy.limits[f.compiled->slots[0]].version + 1);
	store_bucket(&f, number, &old);
	done = run_debit(&f, 30, 1000);
	CHECK(done.due == 30 && done.taken == 0, "not charged, not told");
	store_bucket(&f, number, &bucket);
	done = run_debit(&f, 30, 1000);
	CHECK(done.due == 0 && done.taken == 10, "%llu, %lld", done.due, done.taken);
	CHECK(passes(&f, SOURCE, 1, 200) == 60);
}

TEST(test_what_is_owed_beyond_being_empty)
{
	FIXTURE f;

	if (!open_shared(&f, PER_S))
		return;
	set_share(&f, 2000 * S, 1, 0);
	CHECK(run_debit(&f, 90, 1000).owed == 0, "a new bucket");
	CHECK(run_debit(&f, 10, 1000).owed == 0, "just empty");
	CHECK(run_debit(&f, 35, 1000).owed == 35);
	CHECK(run_debit(&f, 20, 40).owed == 55, "also of what is let off");
	CHECK(run_debit(&f, 0, 40).owed == 0, "nothing was charged");
}

/* Whoever is delayed waits also for what was taken elsewhere. */
TEST(test_debts_lengthen_delays)
{
	struct __sk_buff skb = {};
	struct outcome outcome;
	struct packet packet;
	FIXTURE f;

	fixture_before_compile = share_all;
	if (!fixture_open_at(&f, "tc-egress",
			     "limits: [{name: l, capacity: 100, rate: 1000/s, on_exceed: delay, "
			     "max_delay: 100ms}]"))
		return;
	set_share(&f, 2000 * S, 1, 0);
	CHECK(run_debit(&f, 150, 1000).owed == 50);
	udp_from(&packet, SOURCE, 5353);
	CHECK(run_at(&f, TG_HOOK_TC_EGRESS, &packet, &skb, &outcome));
	CHECK(outcome.skb.tstamp / MS == (1000 * S + 51 * MS) / MS, "%llu",
	      (unsigned long long)outcome.skb.tstamp);
	CHECK(run_debit(&f, 60, 1000).taken == 1);
	skb.tstamp = 0;
	CHECK(run_at(&f, TG_HOOK_TC_EGRESS, &packet, &skb, &outcome) &&
		      !passed(TG_HOOK_TC_EGRESS, &outcome),
	      "for longer than max_delay");
}

TEST(test_a_source_that_others_saw)
{
	struct tg_limit_counters counters;
	FIXTURE f;

	if (!open_shared(&f, PER_S))
		return;
	set_share(&f, 2000 * S, 1, 0);
	CHECK(charge_debit(&f, 70, 1000) == 0);
	CHECK(passes(&f, SOURCE, 1, 100) == 30);
	CHECK(charge_debit(&f, 0, 0) == 30);
	counters = limit_counters(&f, 0);
	CHECK(counters.created == 1, "%llu", counters.created);
}

/* What refills have paid is not told when a source comes to be watched. */
TEST(test_slow_sources_owe_little)
{
	struct reports reports;
	FIXTURE f;
	int i;

	if (!open_shared(&f, PER_S))
		return;
	set_share(&f, 3000 * S, 1, 0);
	for (i = 0; i < 14; i++) {
		set_now(&f, (1000 + i) * S);
		CHECK(passes(&f, SOURCE, 1, 1) == 1);
	}
	CHECK(charge_debit(&f, 0, 0) == 1, "14 were taken, one is not refilled");
	for (; i < 60; i++) {
		set_now(&f, (1000 + i * 2) * S);
		CHECK(passes(&f, SOURCE, 1, 1) == 1);
	}
	reports = read_reports(&f);
	CHECK(reports.n == 3 && reports.tokens == 3, "%d, %llu", reports.n,
	      (unsigned long long)reports.tokens);
}

TEST(test_a_node_on_its_own)
{
	struct reports reports;
	FIXTURE f;

	if (!open_shared(&f, PER_S))
		return;
	set_share(&f, 1000 * S, 4, 0);
	CHECK(passes(&f, SOURCE, 1, 200) == 25, "a fourth of the capacity");
	set_now(&f, 1001 * S - 900 * MS + 1);
	CHECK(passes(&f, SOURCE, 1, 200) == 25, "and of the rate");
	reports = read_reports(&f);
	CHECK(reports.n == 0 && charge_debit(&f, 0, 0) == 0, "nobody is told afterwards");
	set_share(&f, 1000 * S, 1, 1);
	CHECK(passes(&f, SOURCE, 1, 500) == 500, "open");
	set_share(&f, 1000 * S, 0, 0);
	set_now(&f, 1010 * S);
	CHECK(passes(&f, SOURCE, 1, 500) == 100, "local, as before any daemon");
	set_now(&f, 1020 * S);
	set_share(&f, 1000 * S, 1000, 0);
	CHECK(passes(&f, SOURCE, 1, 500) == 1, "one packet at least");
}

TEST(test_given_back)
{
	FIXTURE f;

	if (!open_shared(&f, "limits: [{name: a, capacity: 100, rate: 10/s},"
			     "{name: b, capacity: 10, rate: 1/s}]"))
		return;
	set_share(&f, 2000 * S, 1, 0);
	charge_debit(&f, 1, 10);
	CHECK(passes(&f, SOURCE, 1, 50) == 10, "the second one refuses");
	CHECK(charge_debit(&f, 0, 0) == 10, "of the first one, 10 were taken");
}

TEST(test_not_shared)
{
	FIXTURE f;

	fixture_before_compile = NULL;
	if (!fixture_open(&f, PER_S))
		return;
	CHECK(f.compiled->policy.shared == 0);
	set_share(&f, 1000 * S, 4, 0);
	CHECK(passes(&f, SOURCE, 1, 200) == 100 && read_reports(&f).n == 0);
}

/* A bucket that is new does not tell what the one had taken that was in its place. */
TEST(test_a_place_that_was_taken_before)
{
	FIXTURE f;

	if (!open_shared(&f, "table: {size: 1}\n" PER_S))
		return;
	set_share(&f, ~0ULL, 0, 0);
	CHECK(passes(&f, SOURCE, 9, 5) == 5 && charge_debit(&f, 0, 0) == 5,
	      "from now on it is watched");
	CHECK(passes(&f, SOURCE, 9, 5) == 5);
	set_now(&f, 1000 * S + 20 * MS);
	CHECK(reclaim(&f, 0) == 1, "full again, it goes");
	CHECK(passes(&f, SOURCE, 9, 1) == 1 && limit_counters(&f, 0).overflowed == 0);
	CHECK(charge_debit(&f, 0, 0) == 1, "its own packet");
}

TEST_MAIN(RUN(test_what_is_taken_is_told_once), RUN(test_of_bytes_too), RUN(test_debts),
	  RUN(test_debts_are_bounded), RUN(test_a_large_debt_at_a_slow_rate),
	  RUN(test_a_bucket_of_another_rate_keeps_its_debt),
	  RUN(test_what_is_owed_beyond_being_empty), RUN(test_debts_lengthen_delays),
	  RUN(test_a_source_that_others_saw), RUN(test_slow_sources_owe_little),
	  RUN(test_a_node_on_its_own), RUN(test_given_back), RUN(test_not_shared),
	  RUN(test_a_place_that_was_taken_before))

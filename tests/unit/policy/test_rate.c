// SPDX-License-Identifier: GPL-2.0-or-later
/* Changing the rate of a live bucket, and many threads on one. */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <tidegate/gcra.h>

#include "policy/rate.h"
#include "test.h"
#include "unit/include/reference.h"

#define S    1000000000ULL
#define TICK 4000000ULL
#define SEED 42

TEST(test_scale_up)
{
	static const uint64_t edges[] = {
		0, 1, 2, 3, UINT32_MAX, 1ULL << 32, (1ULL << 61) - 1, 1ULL << 61};
	uint64_t seed = SEED, a, b, c;
	size_t i, j, k;
	wide exact;

	for (i = 0; i < 200000; i++) {
		c = 1 + (random_next(&seed) >> (2 + random_below(&seed, 60)));
		a = random_below(&seed, c + 1);
		b = random_next(&seed) >> (2 + random_below(&seed, 60));
		exact = ((wide)a * b + c - 1) / c;
		CHECK(tg_scale_up(a, b, c) == exact, "%" PRIu64 " * %" PRIu64 " / %" PRIu64, a, b,
		      c);
	}
	for (i = 0; i < 8; i++)
		for (j = 0; j < 8; j++)
			for (k = 1; k < 8; k++) {
				exact = ((wide)edges[i] * edges[j] + edges[k] - 1) / edges[k];
				if (exact <= UINT64_MAX)
					CHECK(tg_scale_up(edges[i], edges[j], edges[k]) == exact,
					      "edges %zu %zu %zu", i, j, k);
			}
}

/* The division as it was before, bit by bit. */
static uint64_t scale_up_by_bits(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t high = (wide)a * b >> 64, low = a * b, quotient = 0, over;
	int i;

	for (i = 0; i < 64; i++) {
		over = high >> 63;
		high = high << 1 | low >> 63;
		low <<= 1;
		over |= high >= c;
		high -= c & -over;
		quotient = quotient << 1 | over;
	}
	return quotient + (high != 0);
}

/* Numbers whose halves are all zeros, all ones, or nearly: where a guessed digit is wrong. */
static uint64_t awkward(uint64_t *seed)
{
	static const uint64_t halves[] = {0,	      1,	  2,	      0x7fffffff,
					  0x80000000, 0x80000001, 0xfffffffe, 0xffffffff};
	uint64_t high = random_below(seed, 3) ? halves[random_below(seed, 8)] : random_next(seed);
	uint64_t low = random_below(seed, 3) ? halves[random_below(seed, 8)] : random_next(seed);

	return (high << 32 | (low & 0xffffffff)) >>
	       (random_below(seed, 2) * random_below(seed, 64));
}

/* The exact quotient for all numbers, and ~0 where it does not fit. */
TEST(test_scale_up_awkward)
{
	uint64_t seed = SEED, a, b, c, got;
	int i, fit = 0;
	wide exact;

	for (i = 0; i < 2000000; i++) {
		a = awkward(&seed);
		b = awkward(&seed);
		c = awkward(&seed);
		if (!c)
			continue;
		got = tg_scale_up(a, b, c);
		exact = (wide)a * b / c + ((wide)a * b % c != 0);
		CHECK(got == (exact > UINT64_MAX ? UINT64_MAX : (uint64_t)exact),
		      "%" PRIu64 " * %" PRIu64 " / %" PRIu64 ": %" PRIu64, a, b, c, got);
		if (exact > UINT64_MAX)
			continue;
		fit++;
		CHECK(got == scale_up_by_bits(a, b, c), "as before");
	}
	CHECK(fit > 500000, "%d", fit);
}

/* A debt that grows beyond what a state can say stays a debt, instead of a full bucket. */
TEST(test_debts_do_not_wrap)
{
	const struct tg_rate from = {.amount = 1, .capacity = 1, .slack = 1ULL << 40},
			     to = {.amount = 1, .capacity = 1ULL << 40};
	uint64_t deficit = tg_gcra_convert(&from, &to, 1ULL << 30), state;

	CHECK(deficit == TG_LEAD_MAX, "%" PRIx64, deficit);
	state = tg_gcra_state(deficit, 5, 0);
	CHECK(tg_gcra_deficit(&to, state, 5) == to.capacity, "empty");
	CHECK(tg_gcra_convert(&from, &to, 0) == 0 && tg_gcra_convert(&from, &to, 1) == 1ULL << 40);
}

static struct tg_rate random_rate(uint64_t *seed)
{
	struct tg_refill refill;
	struct tg_rate rate;

	do {
		refill.capacity = 1 + (random_next(seed) >> (24 + random_below(seed, 39)));
		refill.amount = 1 + (random_next(seed) >> (30 + random_below(seed, 33)));
		refill.interval = 1000 + random_below(seed, 100 * S);
		refill.continuous = random_below(seed, 2);
	} while (tg_rate_compile(&refill, TICK, 0, &rate));
	return rate;
}

/* Share missing never shrinks; empty stays empty, full stays full. */
TEST(test_no_free_tokens)
{
	uint64_t seed = SEED, deficit, converted;
	struct tg_rate from, to;
	int i;

	for (i = 0; i < 100000; i++) {
		from = random_rate(&seed);
		to = random_rate(&seed);
		deficit = random_below(&seed, from.capacity + 1);
		converted = tg_gcra_convert(&from, &to, deficit);
		CHECK(converted <= to.capacity, "beyond empty");
		CHECK((wide)converted * from.capacity >= (wide)deficit * to.capacity,
		      "a free token");
		CHECK((wide)converted * from.capacity < (wide)deficit * to.capacity + from.capacity,
		      "more than rounding taken");
		CHECK(tg_gcra_convert(&from, &to, 0) == 0, "full");
		CHECK(tg_gcra_convert(&from, &to, from.capacity) == to.capacity, "empty");
	}
}

#define THREADS 4
#define TRIES	16

struct hammer {
	_Atomic uint64_t state, now, admitted;
	struct tg_rate rates[2]; /* by version */
	uint64_t change, end;	 /* ns */
};

/* As bpf/bucket.bpf.h does it: charge in the newer rate, convert the older. */
static bool charge(struct hammer *hammer, uint32_t version, uint64_t now)
{
	const struct tg_rate *rate = &hammer->rates[version], *other;
	uint64_t state, clock;
	__u64 deficit;
	int try;

	for (try = 0; try < TRIES; try++) {
		state = atomic_load(&hammer->state);
		other = &hammer->rates[tg_state_version(state)];
		if (tg_state_version(state) > version) {
			rate = other;
			version = tg_state_version(state);
		}
		clock = tg_gcra_clock(rate, now);
		deficit = tg_gcra_deficit(other, state, tg_gcra_clock(other, now));
		if (other != rate)
			deficit = tg_gcra_convert(other, rate, deficit);
		if (!tg_gcra_charge(rate, &deficit, 1))
			return false;
		if (atomic_compare_exchange_strong(&hammer->state, &state,
						   tg_gcra_state(deficit, clock, version)))
			return true;
	}
	return false;
}

/* Every thread moves the shared clock on and asks for far more than there is. */
static void *hammer_thread(void *data)
{
	struct hammer *hammer = data;
	uint64_t now, admitted = 0;

	while ((now = atomic_fetch_add(&hammer->now, 1000)) < hammer->end)
		admitted += charge(hammer, 0, now);
	atomic_fetch_add(&hammer->admitted, admitted);
	return NULL;
}

static void *changed_thread(void *data)
{
	struct hammer *hammer = data;
	uint64_t now, admitted = 0;

	while ((now = atomic_fetch_add(&hammer->now, 1000)) < hammer->end)
		admitted += charge(hammer, now >= hammer->change, now);
	atomic_fetch_add(&hammer->admitted, admitted);
	return NULL;
}

static uint64_t run_threads(struct hammer *hammer, void *(*thread)(void *))
{
	pthread_t threads[THREADS];
	int i;

	hammer->now = S;
	hammer->state = tg_gcra_state(0, tg_gcra_clock(&hammer->rates[0], S), 0);
	hammer->change = S + S / 2;
	hammer->end = 2 * S;
	for (i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, thread, hammer);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return hammer->admitted;
}

/* One simulated second: capacity and the refills of it, and not a token more or less. */
TEST(test_threads)
{
	const struct tg_refill refills[] = {{1000, 10, 10000000, false}, {1000, 1000, S, true}};
	uint64_t admitted, want;
	int i;

	for (i = 0; i < 2; i++) {
		struct hammer hammer = {};

		tg_rate_compile(&refills[i], TICK, 0, &hammer.rates[0]);
		admitted = run_threads(&hammer, hammer_thread);
		/* Stepped: 99 whole intervals end between the first packet and the last. */
		want = i == 0 ? 1000 + 99 * 10 : 1000 + 999;
		CHECK(admitted <= want, "%" PRIu64 " admitted of %" PRIu64, admitted, want);
		CHECK(admitted + 1 >= want, "%" PRIu64 " admitted of %" PRIu64, admitted, want);
	}
}

/* While the rate doubles half-way, on some threads a little earlier than on others. */
TEST(test_threads_change)
{
	const struct tg_refill before = {1000, 1000, S, true}, after = {2000, 2000, S, true};
	struct hammer hammer = {};
	uint64_t admitted;

	tg_rate_compile(&before, TICK, 0, &hammer.rates[0]);
	tg_rate_compile(&after, TICK, 0, &hammer.rates[1]);
	admitted = run_threads(&hammer, changed_thread);
	/* 1000 at once, 500 in the first half; an empty bucket stays empty; 1000 in the second. */
	CHECK(admitted <= 2500 && admitted >= 2495, "%" PRIu64, admitted);
}

TEST_MAIN(RUN(test_scale_up), RUN(test_scale_up_awkward), RUN(test_debts_do_not_wrap),
	  RUN(test_no_free_tokens), RUN(test_threads), RUN(test_threads_change))

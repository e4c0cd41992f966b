// SPDX-License-Identifier: GPL-2.0-or-later
/* The bucket against the reference, over random schedules. */
#include <errno.h>
#include <inttypes.h>
#include <tidegate/gcra.h>
#include <tidegate/refill_time.h>

#include "policy/rate.h"
#include "test.h"
#include "unit/include/reference.h"

#define S     TG_NS_PER_S
#define MS    1000000ULL
#define DAY   (86400 * S)
#define TICK  (4 * MS)
#define STEPS 200000
#define SEED  20261124

struct schedule {
	const char *name;
	struct tg_refill refill;
	uint64_t cost; /* costs are 1 to this, or this alone if `fixed` */
	bool fixed;
	uint64_t gap;	/* ns between packets: 0 to this */
	uint64_t start; /* ns */
};

static const struct schedule schedules[] = {
	{"10/s stepped", {10, 5, S, false}, 1, true, 300 * MS, 5 * S},
	{"stepped bytes", {150000, 15000, 10 * MS, false}, 1514, false, 2 * MS, 77},
	{"capacity 1", {1, 1, S, false}, 1, true, S, 0},
	{"capacity below the refill", {3, 1000, S, false}, 5, false, 200 * MS, 1},
	{"one a day, stepped", {5, 1, DAY, false}, 1, true, DAY / 2, 3 * DAY},
	{"every us", {1000, 2, 1000, false}, 3, false, 900, 12345},
	{"stepped, 64 B at 100 Gbit/s", {1 << 20, 12500, 1000, false}, 64, true, 10, S},
	{"2/s", {10, 2, S, true}, 1, true, S, 5 * S},
	{"64 B at 100 Gbit/s", {1 << 20, 12500000000ULL, S, true}, 64, true, 10, S},
	{"84 B at 100 Gbit/s, burst 84", {84, 12500000000ULL, S, true}, 84, true, 12, S},
	{"mixed at 10 Mbit/s", {30000, 1250000, S, true}, 1514, false, 2 * MS, 99},
	{"one a day", {5, 1, DAY, true}, 1, true, DAY / 2, 3 * DAY},
	{"one a year", {3, 1, 365 * DAY, true}, 1, true, 3600 * S, 1},
	{"7/3s", {13, 7, 3 * S, true}, 4, false, 400 * MS, 1},
	{"highest rate", {TG_CAPACITY_MAX, TG_RATE_MAX, S, true}, 1ULL << 30, false, S / 50, S},
};

/* Bursts, waits of any length, and now and then a long silence. */
static uint64_t next_gap(const struct schedule *schedule, uint64_t *seed)
{
	uint64_t dice = random_below(seed, 1000);

	if (dice < 300)
		return 0;
	if (dice == 999)
		return schedule->gap * random_below(seed, 50);
	return random_below(seed, schedule->gap + 1);
}

struct outcome {
	wide ours, exact; /* tokens admitted */
	uint64_t differences;
	bool above; /* ours was ahead of what the reference could have given */
};

static struct outcome follow(const struct schedule *schedule, const struct tg_rate *rate)
{
	struct reference reference = reference_new(&schedule->refill, schedule->start);
	struct reference bound =
		reference; /* charged with our decisions: its level must never lack */
	uint64_t state, now = schedule->start, seed = SEED, cost;
	struct outcome outcome = {};
	bool ours, exact;
	int i;

	state = tg_gcra_state(0, tg_gcra_clock(rate, now), 0);
	for (i = 0; i < STEPS; i++) {
		now += next_gap(schedule, &seed);
		cost = schedule->fixed ? schedule->cost : 1 + random_below(&seed, schedule->cost);
		ours = gcra_charge(rate, &state, now, cost);
		exact = reference_charge(&reference, now, cost);
		outcome.differences += ours != exact;
		outcome.ours += ours ? cost : 0;
		outcome.exact += exact ? cost : 0;
		if (ours && !reference_charge(&bound, now, cost))
			outcome.above = true;
	}
	return outcome;
}

/* Stepped refills are exact, decision by decision; continuous ones never give more, nor 1e-6 less.
 */
TEST(test_against_reference)
{
	struct outcome outcome;
	struct tg_rate rate;
	wide tolerance;
	size_t i;

	for (i = 0; i < sizeof(schedules) / sizeof(schedules[0]); i++) {
		CHECK(tg_rate_compile(&schedules[i].refill, TICK, 0, &rate) == 0, "%s",
		      schedules[i].name);
		outcome = follow(&schedules[i], &rate);
		CHECK(!outcome.above, "%s: admitted more than was there", schedules[i].name);
		CHECK(outcome.exact > 0, "%s: nothing to compare", schedules[i].name);
		if (!schedules[i].refill.continuous)
			CHECK(!outcome.differences, "%s: %" PRIu64 " decisions differ",
			      schedules[i].name, outcome.differences);
		tolerance = outcome.exact / 1000000 + 2 * schedules[i].cost;
		CHECK(outcome.ours <= outcome.exact + tolerance &&
			      outcome.exact <= outcome.ours + tolerance,
		      "%s: admitted %.0f, exactly it is %.0f", schedules[i].name,
		      (double)outcome.ours, (double)outcome.exact);
	}
}

/* V passes 2^62, where the stored TAT wraps, in the middle of the schedule. */
TEST(test_wrap)
{
	static const struct tg_refill refills[] = {{1000, 1ULL << 36, S, false},
						   {100, 1000, S, true},
						   {1 << 20, 12500000000ULL, S, true}};
	struct schedule schedule = {"wrap", {}, 3, false, 2 * MS, 0};
	struct outcome outcome;
	struct tg_rate rate;
	uint64_t per_ns, i;

	for (i = 0; i < 3; i++) {
		schedule.refill = refills[i];
		CHECK(tg_rate_compile(&refills[i], TICK, 0, &rate) == 0, "refill %" PRIu64, i);
		per_ns = rate.interval ? rate.amount / rate.interval : rate.amount >> TG_RATE_SHIFT;
		schedule.start = (1ULL << 62) / (per_ns + 1) - 10 * S;
		while (tg_gcra_clock(&rate, schedule.start + 20 * S) < 1ULL << 62)
			schedule.start += 10 * S;
		outcome = follow(&schedule, &rate);
		CHECK(!outcome.above, "refill %" PRIu64, i);
		CHECK(outcome.ours + 10 >= outcome.exact - outcome.exact / 1000000,
		      "refill %" PRIu64 ": %.0f of %.0f", i, (double)outcome.ours,
		      (double)outcome.exact);
	}
}

static int burst(const struct tg_rate *rate, uint64_t *state, uint64_t now)
{
	int admitted = 0;

	while (admitted < 1000 && gcra_charge(rate, state, now, 1))
		admitted++;
	return admitted;
}

/* A clock that goes back a little changes nothing; one that goes back far never closes a
 * bucket for longer than it takes to fill, and never opens it. */
TEST(test_clock_backward)
{
	const struct tg_refill refills[] = {{10, 5, S, false}, {10, 5, S, true}};
	struct tg_rate rate;
	uint64_t state;
	int i;

	for (i = 0; i < 2; i++) {
		tg_rate_compile(&refills[i], TICK, 0, &rate);
		state = tg_gcra_state(0, tg_gcra_clock(&rate, 1000 * S), 0);
		CHECK(burst(&rate, &state, 1000 * S) == 10, "first burst");
		CHECK(burst(&rate, &state, 1000 * S - 100 * MS) == 0, "a little back");
		CHECK(burst(&rate, &state, 1000 * S + MS) == 0, "and forth");
		CHECK(burst(&rate, &state, 10 * S) == 0, "990 s back: no burst");
		CHECK(burst(&rate, &state, 12 * S + MS) >= 9, "filled again by then");
		state = tg_gcra_state(0, tg_gcra_clock(&rate, 1000 * S), 0);
		CHECK(burst(&rate, &state, 10 * S) == 0, "back with a full bucket: no burst");
		CHECK(burst(&rate, &state, 12 * S + MS) >= 9, "not stuck");
	}
}

TEST(test_costs)
{
	const struct tg_refill refill = {10, 10, S, true};
	struct tg_rate rate;
	uint64_t state;

	tg_rate_compile(&refill, TICK, 0, &rate);
	state = tg_gcra_state(0, tg_gcra_clock(&rate, S), 0);
	CHECK(!gcra_charge(&rate, &state, S, 11), "more than the capacity");
	CHECK(!gcra_charge(&rate, &state, S, UINT64_MAX), "the largest cost");
	CHECK(!gcra_charge(&rate, &state, S, 1ULL << 40), "a cost that scaling would wrap");
	CHECK(gcra_charge(&rate, &state, S, 10), "exactly the capacity");
	CHECK(!gcra_charge(&rate, &state, S, 1), "then nothing");
}

TEST(test_time_until)
{
	uint64_t seed = SEED, now, units, wait, clock;
	struct tg_rate rate;
	size_t i;
	int j;

	for (i = 0; i < sizeof(schedules) / sizeof(schedules[0]); i++) {
		tg_rate_compile(&schedules[i].refill, TICK, 0, &rate);
		for (j = 0; j < 1000; j++) {
			now = random_below(&seed, 100 * DAY);
			units = 1 + random_below(&seed, rate.capacity);
			clock = tg_gcra_clock(&rate, now);
			wait = tg_rate_time_until(&rate, units, now);
			CHECK(tg_gcra_clock(&rate, now + wait) - clock >= units, "%s: too early",
			      schedules[i].name);
			CHECK(tg_gcra_clock(&rate, now + wait - 1) - clock < units, "%s: too late",
			      schedules[i].name);
		}
	}
}

/* When the bucket was full: the first moment of the clock at or after its TAT. */
static uint64_t full_at(const struct tg_rate *rate, uint64_t state)
{
	uint64_t low = 0, high = 2000 * DAY, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (tg_gcra_lead(state, tg_gcra_clock(rate, middle)) <= 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Full for 0 ns to 5 min: true from that ns on, never before. */
TEST(test_idle)
{
	const uint64_t idles[] = {0, 1, MS, 10 * S, 60 * S, 300 * S};
	uint64_t seed = SEED, state, full, late;
	struct tg_rate rate;
	size_t i, j;
	int k;

	for (i = 0; i < sizeof(schedules) / sizeof(schedules[0]); i++) {
		CHECK(tg_rate_compile(&schedules[i].refill, TICK, 0, &rate) == 0, "%s",
		      schedules[i].name);
		for (j = 0; j < sizeof(idles) / sizeof(idles[0]); j++)
			for (k = 0; k < 100; k++) {
				state = tg_gcra_state(
					random_below(&seed, rate.capacity + 1),
					tg_gcra_clock(&rate, random_below(&seed, 30 * DAY)), 0);
				full = full_at(&rate, state);
				/* continuous: less than a unit, of 0.16 ns, and of as much more */
				late = rate.interval ? 0 : 1;
				CHECK(tg_gcra_idle(&rate, state, full + idles[j] + late, idles[j]),
				      "%s: too late for %" PRIu64, schedules[i].name, idles[j]);
				if (full + idles[j] > late)
					CHECK(!tg_gcra_idle(&rate, state,
							    full + idles[j] - 1 - late, idles[j]),
					      "%s: too early for %" PRIu64, schedules[i].name,
					      idles[j]);
			}
	}
}

/* Costs up to the largest GSO packets, requests and debits, at every scale. */
TEST(test_units)
{
	const uint64_t costs[] = {0,	 1,	     63,	 64,	     1514,
				  65535, 44 * 65535, 1ULL << 19, 1ULL << 40, ~0ULL};
	const uint64_t deficits[] = {0, 1, 1ULL << 20, (1ULL << 58) - 1, 1ULL << 58, 1ULL << 61};
	struct tg_rate rate = {};
	uint64_t units;
	size_t i, j;
	wide exact;

	for (rate.scale = 0; rate.scale < 64; rate.scale++)
		for (i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
			exact = (wide)costs[i] << rate.scale;
			units = tg_units(&rate, costs[i]);
			CHECK(units == (exact < TG_UNITS_MAX ? (uint64_t)exact : TG_UNITS_MAX),
			      "%" PRIu64 " at scale %u: %" PRIu64, costs[i], rate.scale, units);
			for (j = 0; j < sizeof(deficits) / sizeof(deficits[0]); j++) {
				CHECK(deficits[j] + units >= units, "a sum wraps");
				CHECK(tg_gcra_above(&rate, deficits[j], costs[i]) ==
					      (deficits[j] > exact),
				      "%" PRIu64 " above %" PRIu64 " at scale %u", deficits[j],
				      costs[i], rate.scale);
			}
		}
}

static bool take(const struct tg_rate *rate, uint64_t *word, uint64_t now)
{
	__u64 next;
	bool taken = tg_gcra_take(rate, *word, tg_gcra_clock(rate, now), &next);

	*word = next;
	return taken;
}

/* A bucket that is a lone word: full when new, empty after the clock went back. */
TEST(test_take)
{
	const struct tg_refill refill = {5, 1, S, true};
	uint64_t word = 0, before;
	struct tg_rate rate;
	int i;

	tg_rate_compile(&refill, TICK, 0, &rate);
	for (i = 0; i < 5; i++)
		CHECK(take(&rate, &word, 1000 * S), "token %d of a new word", i);
	before = word;
	CHECK(!take(&rate, &word, 1000 * S) && word == before, "a refusal stores nothing");
	CHECK(take(&rate, &word, 1001 * S + 1000), "a second brings one");
	CHECK(!take(&rate, &word, 500 * S) && word != before, "the clock went back: empty");
	before = word;
	CHECK(!take(&rate, &word, 500 * S) && word == before, "and stored once");
	CHECK(take(&rate, &word, 501 * S + 1000) && !take(&rate, &word, 501 * S + 1000),
	      "refills from then on");
	for (i = 0; i < 5; i++)
		CHECK(take(&rate, &word, 2000 * S), "token %d of a full one", i);
	CHECK(!take(&rate, &word, 2000 * S));
}

TEST(test_rate_bounds)
{
	const struct tg_refill bad[] = {
		{0, 1, S, true},
		{1, 0, S, true},
		{1, 1, 0, true},
		{TG_CAPACITY_MAX + 1, 1, S, false},
		{1, TG_RATE_MAX + 1, S, true},
		{1, 1, TG_INTERVAL_MIN - 1, false},
		{5, 1, 365 * DAY, true}, /* five years to fill */
	};
	struct tg_rate rate = {.capacity = 42};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(tg_rate_compile(&bad[i], TICK, 0, &rate) == -EINVAL && rate.capacity == 42,
		      "refill %zu", i);
}

TEST_MAIN(RUN(test_against_reference), RUN(test_wrap), RUN(test_clock_backward), RUN(test_costs),
	  RUN(test_time_until), RUN(test_idle), RUN(test_units), RUN(test_take),
	  RUN(test_rate_bounds))

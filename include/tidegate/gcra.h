/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The bucket: a pure function of (state, now, cost, rate). No map, no clock, no
 * helper call; the same text is compiled into the packet programs and into the
 * host's tests.
 *
 * The algorithm is the GCRA of ITU-T I.371 (virtual scheduling), with time
 * measured in what it is worth: the virtual clock V(now) counts the units that
 * refills have offered since boot, so the theoretical arrival time (TAT) is the
 * reading of V at which the bucket is full again:
 *
 *	deficit = max(0, TAT - V(now))        units missing from a full bucket
 *	admit     if deficit + cost <= capacity, and then TAT = V(now) + deficit + cost
 *
 * Counting in units makes a stepped refill exact (V grows by `amount` at every
 * whole interval and by nothing in between) and leaves no rounding per packet:
 * a continuous rate is rounded once, down, by less than 1 part in 10^8.
 *
 * State word:   bits 63..2  TAT, modulo 2^62      bits 1..0  version of the rate
 *
 * The version says which of a limit's last three rates the TAT was counted in; a
 * program that finds another than its own converts the bucket, in the same
 * compare-and-swap that charges it. Version 3 marks a bucket that is being taken
 * out of the table and must not be charged.
 *
 * Modular time: V advances by at most 12.8 units a ns for rates up to 10^10 tokens
 * a second, so half the range is 5.7 years. A bucket left alone for longer than that
 * reads as empty instead of full until it has refilled once: never as a burst.
 */
#ifndef TIDEGATE_GCRA_H
#define TIDEGATE_GCRA_H

#include "abi.h"

#define TG_TAT_BITS    62
#define TG_BUCKET_DEAD 3ULL /* a whole state word: version 3 */

static inline __u32 tg_state_version(__u64 state)
{
	return state & 3;
}

static inline __u64 tg_state_make(__u64 tat, __u32 version)
{
	return tat << 2 | version;
}

/* V(now): units offered since boot, modulo 2^64. @now in ns. */
static inline __u64 tg_gcra_clock(const struct tg_rate *rate, __u64 now)
{
	__u64 high, low;

	if (rate->interval)
		return now / rate->interval * rate->amount;
	/* floor(now * amount / 2^shift) without a 128-bit product; amount < 2^32. */
	high = (now >> 32) * rate->amount;
	low = (now & 0xffffffff) * rate->amount;
	return (high << (32 - TG_RATE_SHIFT)) + (low >> TG_RATE_SHIFT);
}

/* Returns TAT - V as a signed number of units: how far the bucket is ahead of the clock. */
static inline __s64 tg_gcra_lead(__u64 state, __u64 clock)
{
	return (__s64)((state & ~3ULL) - (clock << 2)) >> 2;
}

/*
 * Returns the units missing from a full bucket, 0 to capacity + slack. A larger lead means that
 * the clock went back (or 5.7 years of silence). Then the bucket counts as empty, so that it
 * neither refuses until the clock catches up nor gets a burst.
 */
static inline __u64 tg_gcra_deficit(const struct tg_rate *rate, __u64 state, __u64 clock)
{
	__s64 lead = tg_gcra_lead(state, clock);

	if (lead <= 0)
		return 0;
	if ((__u64)lead > rate->capacity + rate->slack)
		return rate->capacity;
	return lead;
}

/* True if the TAT is too far ahead to be true. Such a state is stored anew even on a refusal. */
static inline int tg_gcra_implausible(const struct tg_rate *rate, __u64 state, __u64 clock)
{
	__s64 lead = tg_gcra_lead(state, clock);

	return lead > 0 && (__u64)lead > rate->capacity + rate->slack;
}

static inline __u64 tg_gcra_state(__u64 deficit, __u64 clock, __u32 version)
{
	return tg_state_make(clock + deficit, version);
}

/* True if the bucket lacks nothing. No bucket at all means the same. */
static inline int tg_gcra_full(const struct tg_rate *rate, __u64 state, __u64 clock)
{
	return tg_gcra_deficit(rate, state, clock) == 0;
}

/*
 * True if the bucket has lacked nothing for @ns, so that it can be taken out. A stepped clock says
 * nothing about times within an interval, so there this counts the time since the interval began,
 * and the whole intervals before it.
 */
static inline int tg_gcra_idle(const struct tg_rate *rate, __u64 state, __u64 now, __u64 ns)
{
	__s64 lead = tg_gcra_lead(state, tg_gcra_clock(rate, now));
	__u64 begun;

	if (lead > 0)
		return 0;
	if (!rate->interval)
		return (__u64)-lead >= tg_gcra_clock(rate, ns);
	begun = now % rate->interval;
	return ns <= begun ||
	       (__u64)-lead / rate->amount >= (ns - begun + rate->interval - 1) / rate->interval;
}

#define TG_UNITS_MAX                                                                               \
	(~0ULL >> 1) /* more than any bucket holds or owes, so that sums never wrap                \
		      */

/* Returns @tokens in units of the rate, TG_UNITS_MAX at most. */
static inline __u64 tg_units(const struct tg_rate *rate, __u64 tokens)
{
	__u32 scale = rate->scale & 63;

	return tokens > TG_UNITS_MAX >> scale ? TG_UNITS_MAX : tokens << scale;
}

/* True if more than @tokens are in use. Shifts the units down, so that no @tokens wrap. */
static inline int tg_gcra_above(const struct tg_rate *rate, __u64 deficit, __u64 tokens)
{
	return deficit && (deficit - 1) >> (rate->scale & 63) >= tokens;
}

/*
 * Charges @cost tokens to *@deficit (units). Returns 1 and raises *@deficit if they are there,
 * else 0 and leaves it alone. A cost above the capacity is never admitted.
 */
static inline int tg_gcra_charge(const struct tg_rate *rate, __u64 *deficit, __u64 cost)
{
	__u64 units = cost << rate->scale;

	if (cost > rate->capacity >> rate->scale)
		return 0; /* and only a cost below that has all its units in 64 bits */
	if (*deficit + units > rate->capacity)
		return 0;
	*deficit += units;
	return 1;
}

/*
 * Takes a token from a bucket that is a lone state word, of version 0; the word 0 is a bucket that
 * was never used. Returns 1 if there is one, else 0. The caller stores *@next, which is @state if
 * nothing changes. After a clock that went back *@next is an empty bucket, which refills from now.
 */
static inline int tg_gcra_take(const struct tg_rate *rate, __u64 state, __u64 clock, __u64 *next)
{
	__u64 deficit = state ? tg_gcra_deficit(rate, state, clock) : 0;
	int taken = tg_gcra_charge(rate, &deficit, 1);

	*next = taken || (state && tg_gcra_implausible(rate, state, clock))
			? tg_gcra_state(deficit, clock, 0)
			: state;
	return taken;
}

/*
 * Returns the ns from @now until the clock has offered @units more, or ~0 if that takes longer
 * than any delay that tidegate allows: 2^38 units are over 20 s at any rate.
 */
static inline __u64 tg_gcra_wait(const struct tg_rate *rate, __u64 now, __u64 units)
{
	if (units >> 38 || !rate->amount)
		return ~0ULL;
	if (rate->interval)
		return (now / rate->interval + (units + rate->amount - 1) / rate->amount) *
			       rate->interval -
		       now;
	return ((units << TG_RATE_SHIFT) + rate->amount - 1) / rate->amount;
}

/* Moves the highest bit of *@number, above 0, to the top. Returns by how many bits. */
static inline __u32 tg_normalize(__u64 *number)
{
	__u32 shift = 0, step;

	for (step = 32; step; step >>= 1) {
		if (*number >> (64 - step))
			continue;
		*number <<= step;
		shift += step;
	}
	return shift;
}

/*
 * One digit of a long division to base 2^32: floor((high * 2^32 + low) / c), for high < c,
 * low < 2^32, and the highest bit of c set. A first guess by the upper half of c is at most 2 too
 * large (Knuth, The Art of Computer Programming, section 4.3.1, theorem B).
 */
static inline __u64 tg_divide_digit(__u64 high, __u64 low, __u64 c)
{
	__u64 c_high = c >> 32, c_low = c & 0xffffffff;
	__u64 digit = high / c_high, rest = high - digit * c_high;
	int i;

	for (i = 0; i < 2; i++) {
		if (rest >> 32 || (!(digit >> 32) && digit * c_low <= (rest << 32 | low)))
			break;
		digit--;
		rest += c_high;
	}
	return digit;
}

/* ceil(a * b / c) with a 128-bit product; ~0 if that is 2^64 or more. c > 0. */
static inline __u64 tg_scale_up(__u64 a, __u64 b, __u64 c)
{
	__u64 a_high = a >> 32, a_low = a & 0xffffffff;
	__u64 b_high = b >> 32, b_low = b & 0xffffffff;
	__u64 middle = a_high * b_low + (a_low * b_low >> 32), middle2, high;
	__u64 low = a * b, upper, lower;
	__u32 shift;

	/* Keeps clang 22 from making one multiplication of 128 bits, which BPF does not have. */
	__asm__("" : "+r"(middle));
	middle2 = a_low * b_high + (middle & 0xffffffff);
	high = a_high * b_high + (middle >> 32) + (middle2 >> 32);

	if (!a)
		return 0; /* most buckets are full */
	if (high >= c)
		return ~0ULL;
	shift = tg_normalize(&c);
	high = high << shift | low >> 1 >> (63 - shift);
	low <<= shift;
	upper = tg_divide_digit(high, low >> 32, c);
	high = (high << 32 | low >> 32) - upper * c;
	lower = tg_divide_digit(high, low & 0xffffffff, c);
	high = (high << 32 | (low & 0xffffffff)) - lower * c;
	lower |= upper << 32;
	return lower + (high && lower != ~0ULL);
}

/*
 * The furthest that a state can lie ahead of the clock. A bucket that owes more than it could hold
 * reads as empty.
 */
#define TG_LEAD_MAX ((1ULL << (TG_TAT_BITS - 1)) - 1)

/*
 * Returns a deficit of a bucket of @from units as one of a bucket of @to. The same share of the
 * capacity is missing, rounded up, so that a change never gives out a token.
 */
static inline __u64 tg_gcra_scale(__u64 deficit, __u64 to, __u64 from)
{
	__u64 scaled = from ? tg_scale_up(deficit, to, from) : to;

	return scaled < TG_LEAD_MAX ? scaled : TG_LEAD_MAX;
}

/* Returns the deficit under a new rate of a bucket that lacked @deficit under the old one. */
static inline __u64 tg_gcra_convert(const struct tg_rate *from, const struct tg_rate *to,
				    __u64 deficit)
{
	return tg_gcra_scale(deficit, to->capacity, from->capacity);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measures the traffic of each source, in bounded memory. For each kind of traffic and each source
 * it keeps the packets of the busiest window, and the burst that the source would need from a
 * bucket at each of TG_PROFILE_RATES round rates.
 */
#ifndef TG_REPLAY_PROFILE_H
#define TG_REPLAY_PROFILE_H

#include <stddef.h>
#include <stdint.h>
#include <tidegate/trace.h>
#include <uthash.h>

#include "config/config.h"

#define TG_PROFILE_RATES   25
#define TG_PROFILE_SOURCES 131072    /* kept at most, of all kinds together */
#define TG_PROFILE_WINDOW  10	     /* s: a source's rate is its packets in one window */
#define TG_PROFILE_BURST   (1 << 20) /* tokens; a larger burst counts as TG_PROFILE_BURST + 1 */

/* A kind of traffic: a protocol, and a destination port if it has any. */
struct tg_profile_kind {
	uint32_t id; /* protocol << 16 | port */
	uint8_t protocol;
	uint16_t port;
	bool has_port;
	bool closed; /* sources are not kept, because others sent more */
	uint64_t packets, sources;
	UT_hash_handle hh;
};

struct tg_profile_key {
	struct tg_address address; /* masked; zero for everyone */
	uint64_t kind;
};

/* One source of one kind of traffic. */
struct tg_profile_source {
	struct tg_profile_key key;
	uint64_t packets;
	uint64_t window;		    /* number of the current window */
	uint64_t in_window, busiest;	    /* packets in it, and in the busiest one */
	uint64_t states[TG_PROFILE_RATES];  /* state word of a bucket at each rate, see gcra.h */
	uint64_t deepest[TG_PROFILE_RATES]; /* most units that it lacked */
	UT_hash_handle hh;
};

struct tg_profile {
	enum tg_config_per per;
	struct tg_address mask4, mask6;
	struct tg_refill refills[TG_PROFILE_RATES]; /* ascending, continuous */
	struct tg_rate rates[TG_PROFILE_RATES];	    /* the same, compiled */
	struct tg_profile_kind *kinds;
	struct tg_profile_source *sources;
	bool full;	    /* there is no room for more sources, even of the main kinds */
	uint64_t packets;   /* IP packets measured */
	uint64_t fragments; /* later fragments, whose port is not known */
};

/*
 * Prepares @profile, which must be all zero, to count by @per: a source or destination prefix of
 * @prefix4 or @prefix6 bits, or everyone together. Returns 0 or -errno.
 */
int tg_profile_start(struct tg_profile *profile, enum tg_config_per per, unsigned int prefix4,
		     unsigned int prefix6);

/* Measures a packet that the program has traced. @now: ns on the program's clock, not falling.
 * Returns 0 or -ENOMEM. */
int tg_profile_packet(struct tg_profile *profile, const struct tg_trace *trace, uint64_t now);

/* Sorts profile->kinds: most packets first. */
void tg_profile_sort_kinds(struct tg_profile *profile);

/* Returns the capacity in tokens at which a bucket of that rate (index of `rates`) would have
 * refused the source nothing. */
uint64_t tg_profile_burst(const struct tg_profile *profile, const struct tg_profile_source *source,
			  size_t rate);

/* Frees all kinds and sources. */
void tg_profile_clear(struct tg_profile *profile);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What sources ask for, measured while packets go by, in bounded memory: for each kind of traffic
 * and each source, how busy it gets, and how large a burst it would need from a bucket of each of
 * some round rates.
 */
#ifndef TG_REPLAY_PROFILE_H
#define TG_REPLAY_PROFILE_H

#include <stddef.h>
#include <stdint.h>
#include <tidegate/trace.h>
#include <uthash.h>

#include "config/config.h"

#define TG_PROFILE_RATES   25
#define TG_PROFILE_SOURCES 131072    /* kept, of all kinds together */
#define TG_PROFILE_WINDOW  10	     /* s over which a source's rate is taken */
#define TG_PROFILE_BURST   (1 << 20) /* tokens; larger ones all count as this and one more */

/* A kind of traffic: a protocol, and a destination port if it has any. */
struct tg_profile_kind {
	uint32_t id; /* protocol << 16 | port */
	uint8_t protocol;
	uint16_t port;
	bool has_port;
	bool closed; /* too little of it to keep its sources */
	uint64_t packets, sources;
	UT_hash_handle hh;
};

struct tg_profile_key {
	struct tg_address address; /* masked; zero for everyone */
	uint64_t kind;
};

struct tg_profile_source {
	struct tg_profile_key key;
	uint64_t packets;
	uint64_t window, in_window, busiest; /* number of the window, packets in it, in any */
	uint64_t states[TG_PROFILE_RATES];   /* of a bucket at each rate */
	uint64_t deepest[TG_PROFILE_RATES];  /* units that it has lacked */
	UT_hash_handle hh;
};

struct tg_profile {
	enum tg_config_per per;
	struct tg_address mask4, mask6;
	struct tg_refill refills[TG_PROFILE_RATES]; /* ascending; continuous */
	struct tg_rate rates[TG_PROFILE_RATES];	    /* the same, compiled */
	struct tg_profile_kind *kinds;
	struct tg_profile_source *sources;
	bool full;	    /* there was no room for all sources of the main kinds */
	uint64_t packets;   /* IP packets measured */
	uint64_t fragments; /* later ones, of which the port is not known */
};

/* @demand starts all zero. 0 or -errno. */
int tg_profile_start(struct tg_profile *profile, enum tg_config_per per, unsigned int prefix4,
		     unsigned int prefix6);

/* Measures a packet that the program has traced. @now: ns on its clock. 0 or -ENOMEM. */
int tg_profile_packet(struct tg_profile *profile, const struct tg_trace *trace, uint64_t now);

/* Sorts profile->kinds: most packets first. */
void tg_profile_sort_kinds(struct tg_profile *profile);

/* Tokens that a source's bucket at a rate must hold for it not to notice. */
uint64_t tg_profile_burst(const struct tg_profile *profile, const struct tg_profile_source *source,
			  size_t rate);

void tg_profile_clear(struct tg_profile *profile);

#endif

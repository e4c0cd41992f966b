/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits shared between nodes: who has taken how much, and what each node's buckets owe for what
 * the others let through. No I/O and no clock: the caller brings frames, counts and the time (ns,
 * its own monotonic clock), so that the simulation runs the very same code as the daemon.
 *
 * A round, once a tick: for each source of the list, tg_share_take() the debt, charge it to the
 * bucket and tell what the bucket has given since; tg_share_publish() a frame;
 * tg_share_receive() the others' frames; tg_share_settle() when all that there are have been read.
 */
#ifndef TG_SHARE_H
#define TG_SHARE_H

#include <stdbool.h>

#include "share_frame.h"

#define TG_SHARE_NODES_MAX 1024
#define TG_SHARE_IDLE_NS   10000000000ULL /* without a token taken, after which a source goes */
#define TG_SHARE_HOLD_NS   30000000000ULL /* for which hold holds */
#define TG_SHARE_GONE_NS   60000000000ULL /* without a frame, after which a node is forgotten */

/* What a limit does while the others cannot be heard. */
enum tg_share_loss {
	TG_SHARE_SPLIT, /* each node has its part of the rate */
	TG_SHARE_HOLD,	/* the others are taken to go on as they did; after TG_SHARE_HOLD_NS, split
			 */
	TG_SHARE_LOCAL, /* each node has the whole rate */
	TG_SHARE_OPEN,	/* the limit admits everything */
};

struct tg_share_settings {
	char node[TG_SHARE_NAME_SIZE];
	uint64_t epoch;	      /* random */
	uint64_t tick;	      /* ns between rounds */
	uint64_t stale_after; /* ns without a new frame, after which a node counts as not heard */
	uint32_t max_sources; /* of the list, 1 to TG_SHARE_SOURCES_MAX */
	uint32_t nodes_expected; /* at least; 0: as many as there are */
	struct tg_share_secret secret;
};

struct tg_share_rule {
	char name[TG_SHARE_NAME_SIZE];
	uint64_t hash;	   /* as in struct tg_share_limit */
	uint64_t capacity; /* tokens */
	double rate;	   /* tokens a second */
	enum tg_share_loss on_loss;
};

/* A source that this node or another has taken tokens for. */
struct tg_share_source {
	struct tg_share_key key;
	uint64_t own;	   /* tokens taken here since it is listed: what is published */
	int64_t returned;  /* tokens given back beyond what was taken since, to be made up for */
	uint64_t foreign;  /* tokens taken elsewhere since it is listed */
	uint64_t debt;	   /* of those, what is still to be charged here */
	uint64_t moved_at; /* when anybody last took a token */
	uint64_t moved;	   /* tokens of the last second, all nodes; fades */
	double pace;	   /* tokens a second that the others took, smoothed */
	double held;	   /* the part of a token that is held against them, and not yet owed */
};

/* Another node. */
struct tg_share_peer {
	struct tg_share_frame *last;	 /* the newest frame */
	uint64_t heard_at;		 /* when it came */
	uint64_t frames, repeated, lost; /* new ones; those seen before; numbers left out */
	uint64_t regressed;		 /* counts below the last: not believed */
	uint64_t tokens;		 /* that were charged here on its account */
	double moved, pace; /* as tg_share_pace() has it: since the last round; lately */
	uint64_t ignored;   /* mask: limits of its table that differ from ours */
	bool stale;	    /* what comes next is only where it begins again */
};

struct tg_share_counters {
	uint64_t damaged, forged, unknown; /* frames refused */
	uint64_t left_out;		   /* sources for which the list had no room */
	uint64_t mismatches; /* limits found to be defined otherwise on another node */
	uint64_t losses;     /* times that the others could no longer be heard */
};

struct tg_share;

struct tg_share *tg_share_new(const struct tg_share_settings *settings);
void tg_share_free(struct tg_share **share);

/* The shared limits, in place of those before; sources of limits that are gone go. 0 or -errno. */
int tg_share_rules(struct tg_share *share, const struct tg_share_rule *rules, size_t n);

/* Lists a source, of which @tokens were taken here before. False if there is no room. */
bool tg_share_list(struct tg_share *share, const struct tg_share_key *key, uint64_t tokens,
		   uint64_t now);

/* The list, by key. Valid until a source is listed or tg_share_settle() is called. */
const struct tg_share_source *tg_share_sources(const struct tg_share *share, size_t *n);

/* The source of that key, if it is listed; NULL. */
const struct tg_share_source *tg_share_source_of(const struct tg_share *share,
						 const struct tg_share_key *key);

/* What source @i owes; it is the caller's to charge now. */
uint64_t tg_share_take(struct tg_share *share, size_t i);

/* Of that, @tokens could not be charged: they are owed again. */
void tg_share_return(struct tg_share *share, size_t i, uint64_t tokens);

/* The most that a bucket of the limit may owe, in tokens: (N - 1)(B + R S), and S is two ticks and
 * a round trip of one. */
uint64_t tg_share_debt_max(const struct tg_share *share, uint64_t limit);

/* Source @i has taken @tokens since it was last asked; below 0: has had them given back. */
void tg_share_count(struct tg_share *share, size_t i, int64_t tokens, uint64_t now);

/* The next frame; @bytes of tg_share_frame_size(max_sources). Its length or -errno. */
int tg_share_publish(struct tg_share *share, uint8_t *bytes);

/*
 * A frame as it was found in the store. Counts of sources that grew become debts. 0; -EALREADY:
 * seen before, or this node's; -EEXIST: of another that has this node's name; or as
 * tg_share_frame_decode().
 */
int tg_share_receive(struct tg_share *share, const uint8_t *bytes, size_t length, uint64_t now);

/*
 * Ends a round in which all frames were read (@complete), or one that the store did not answer; so
 * does one in which no other node was heard where others are expected.
 * Forgets sources that rest and nodes that are gone; goes on for the others while it holds.
 */
void tg_share_settle(struct tg_share *share, bool complete, uint64_t now);

/* When the last complete round was; 0 never. */
uint64_t tg_share_settled_at(const struct tg_share *share);

/* Until when a limit is to be enforced as shared, if nothing is heard from now on; 0: not now. */
uint64_t tg_share_fresh_until(const struct tg_share *share, enum tg_share_loss on_loss);

/* Nodes that take part, this one included: by which split divides; nodes_expected at least. */
uint32_t tg_share_nodes(const struct tg_share *share);

const struct tg_share_peer *tg_share_peers(const struct tg_share *share, size_t *n);
const struct tg_share_counters *tg_share_counters(const struct tg_share *share);

/* Of counters->left_out, those of one limit, since it is defined as it is. */
uint64_t tg_share_left_out(const struct tg_share *share, uint64_t limit);

/*
 * What this node has taken lately, all limits together, each in parts of its rate, since tokens of
 * one are nothing beside tokens of another. Half of what it was goes in a second.
 */
double tg_share_pace(const struct tg_share *share);

/* The sum by which all nodes together may exceed R W in any window of length W, in tokens. */
double tg_share_bound(double rate, double capacity, uint32_t nodes, double tick_s,
		      double round_trip_s);

#endif

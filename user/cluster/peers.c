// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The other nodes. The counts are a G-counter (Shapiro and others, 2011): a node writes only its
 * own, they only grow, and merging the same frame twice, or an older one, changes nothing.
 */
#include "cluster/peers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cluster/sources.h"

/* The peer's place by name, or where it belongs. */
static size_t place_of(const struct tg_share *share, const char *node, bool *found)
{
	size_t i;
	int order;

	*found = false;
	for (i = 0; i < share->peers_n; i++) {
		order = strcmp(share->peers[i].last->node, node);
		if (order == 0)
			*found = true;
		if (order >= 0)
			return i;
	}
	return i;
}

void tg_share_compare_tables(struct tg_share *share, struct tg_share_peer *peer)
{
	uint64_t before = peer->ignored;
	size_t i, j;

	peer->ignored = 0;
	for (i = 0; i < share->rules_n; i++)
		for (j = 0; j < peer->last->limits_n; j++)
			if (strcmp(share->rules[i].name, peer->last->limits[j].name) == 0 &&
			    share->rules[i].hash != peer->last->limits[j].hash)
				peer->ignored |= 1ULL << j;
	share->counters.mismatches += __builtin_popcountll(peer->ignored & ~before);
}

/* @count of @key, which was @before in the frame before (0: not in it). */
static void owe(struct tg_share *share, struct tg_share_peer *peer,
		const struct tg_share_entry *entry, uint64_t before, uint64_t now)
{
	const struct tg_share_rule *rule = tg_share_rule(share, entry->key.limit);
	struct tg_share_source *source;
	uint64_t tokens, most;

	if (!rule || entry->count == before)
		return;
	if (entry->count < before) {
		peer->regressed++;
		return;
	}
	source = tg_share_find(share, &entry->key, now);
	if (!source)
		return;
	/* Whatever a frame says, it cannot make a bucket owe more than the others could take. */
	tokens = entry->count - before;
	most = tg_share_debt_max(share, entry->key.limit);
	if (tokens > most)
		tokens = most;
	source->debt = source->debt + tokens > most ? most : source->debt + tokens;
	source->foreign += tokens;
	source->moved += tokens;
	source->moved_at = now;
	peer->tokens += tokens;
	if (rule->rate > 0)
		peer->moved += tokens / rule->rate;
}

/* Both frames are in order of their keys. What the newer one has and the older not began at 0. */
static void merge(struct tg_share *share, struct tg_share_peer *peer,
		  const struct tg_share_frame *frame, uint64_t now)
{
	const struct tg_share_frame *last = peer->last;
	size_t i, j = 0;
	int order;

	for (i = 0; i < frame->entries_n; i++) {
		uint64_t before = 0;

		for (order = -1; j < last->entries_n; j++) {
			order = tg_share_compare(&last->entries[j].key, &frame->entries[i].key);
			if (order >= 0)
				break;
		}
		if (j < last->entries_n && order == 0)
			before = last->entries[j].count;
		owe(share, peer, &frame->entries[i], before, now);
	}
}

static int add_peer(struct tg_share *share, size_t place, struct tg_share_frame **frame,
		    uint64_t now)
{
	struct tg_share_peer *peer = &share->peers[place];

	if (share->peers_n == TG_SHARE_NODES_MAX)
		return -ENOSPC;
	memmove(peer + 1, peer, (share->peers_n++ - place) * sizeof(*peer));
	*peer = (struct tg_share_peer){.last = TAKE_PTR(*frame), .heard_at = now, .frames = 1};
	tg_share_compare_tables(share, peer);
	return 0;
}

/* The newest frame takes the place of the last; its counts are owed unless it is a new beginning.
 */
static void take_frame(struct tg_share *share, struct tg_share_peer *peer,
		       struct tg_share_frame **frame, uint64_t now)
{
	bool same_epoch = peer->last->epoch == (*frame)->epoch;
	bool gap = now - peer->heard_at > share->settings.stale_after;

	if (same_epoch)
		peer->lost += (*frame)->seq - peer->last->seq - 1;
	if (same_epoch && !peer->stale && !gap && !share->lost)
		merge(share, peer, *frame, now);
	tg_share_frame_free(&peer->last);
	peer->last = TAKE_PTR(*frame);
	peer->heard_at = now;
	peer->stale = false;
	peer->frames++;
	tg_share_compare_tables(share, peer);
}

int tg_share_receive(struct tg_share *share, const uint8_t *bytes, size_t length, uint64_t now)
{
	tg_cleanup(tg_share_frame_free) struct tg_share_frame *frame = NULL;
	int error = tg_share_frame_decode(bytes, length, &share->settings.secret, &frame);
	struct tg_share_peer *peer;
	size_t place;
	bool found;

	share->counters.damaged += error == -EBADMSG;
	share->counters.forged += error == -EACCES;
	share->counters.unknown += error == -EPROTONOSUPPORT;
	if (error)
		return error;
	if (strcmp(frame->node, share->settings.node) == 0)
		return frame->epoch == share->settings.epoch ? -EALREADY : -EEXIST;
	place = place_of(share, frame->node, &found);
	if (!found)
		return add_peer(share, place, &frame, now);
	peer = &share->peers[place];
	if (peer->last->epoch == frame->epoch && frame->seq <= peer->last->seq) {
		peer->repeated++;
		return -EALREADY;
	}
	take_frame(share, peer, &frame, now);
	return 0;
}

void tg_share_watch_peers(struct tg_share *share, uint64_t now)
{
	size_t i, n = 0;
	uint64_t heard = 1;

	for (i = 0; i < share->peers_n; i++) {
		struct tg_share_peer *peer = &share->peers[i];

		if (now - peer->heard_at > TG_SHARE_GONE_NS && share->settled_at == now) {
			tg_share_frame_free(&peer->last);
			continue;
		}
		if (now - peer->heard_at > share->settings.stale_after)
			peer->stale = true;
		heard += !peer->stale;
		share->peers[n++] = *peer;
	}
	share->peers_n = n;
	/* While nothing is heard, as many take part as when something last was. */
	if (share->settled_at == now)
		share->nodes_settled = heard;
}

const struct tg_share_peer *tg_share_peers(const struct tg_share *share, size_t *n)
{
	*n = share->peers_n;
	return share->peers;
}

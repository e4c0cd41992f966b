/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes that share one limit, and the frames between them. */
#ifndef TG_SHARE_PAIR_H
#define TG_SHARE_PAIR_H

#include <stdlib.h>

#include "cluster/exchange.h"
#include "test.h"

#define MS	 1000000ULL
#define S	 (1000 * MS)
#define T0	 (100 * S)
#define LIMIT	 7
#define CAPACITY 100
#define RATE	 1000

static const struct tg_share_secret no_secret;

static struct tg_share_key key_of(uint8_t last)
{
	return (struct tg_share_key){.limit = LIMIT, .address = {[15] = last}};
}

static struct tg_share *node_among(uint32_t nodes_expected, const char *name, uint64_t epoch,
				   uint64_t hash, enum tg_share_loss on_loss, const char *secret)
{
	struct tg_share_settings settings = {.epoch = epoch,
					     .tick = 50 * MS,
					     .stale_after = S,
					     .max_sources = 4,
					     .nodes_expected = nodes_expected};
	struct tg_share_rule rule = {.name = "api",
				     .hash = hash,
				     .capacity = CAPACITY,
				     .rate = RATE,
				     .on_loss = on_loss};
	struct tg_share *share;

	strcpy(settings.node, name);
	settings.secret.length = strlen(secret);
	memcpy(settings.secret.bytes, secret, settings.secret.length);
	share = tg_share_new(&settings);
	if (!share || tg_share_rules(share, &rule, 1))
		abort();
	return share;
}

static struct tg_share *node_with(const char *name, uint64_t epoch, uint64_t hash,
				  enum tg_share_loss on_loss, const char *secret)
{
	return node_among(0, name, epoch, hash, on_loss, secret);
}

static struct tg_share *node(const char *name, uint64_t epoch)
{
	return node_with(name, epoch, LIMIT, TG_SHARE_SPLIT, "");
}

struct frame {
	uint8_t bytes[8192];
	int length;
};

static struct frame publish(struct tg_share *share)
{
	struct frame frame;

	frame.length = tg_share_publish(share, frame.bytes);
	if (frame.length < 0)
		abort();
	return frame;
}

static int receive(struct tg_share *share, const struct frame *frame, uint64_t now)
{
	return tg_share_receive(share, frame->bytes, frame->length, now);
}

static uint64_t debt_of(struct tg_share *share, uint8_t last)
{
	struct tg_share_key key = key_of(last);
	const struct tg_share_source *sources;
	size_t n, i;

	sources = tg_share_sources(share, &n);
	for (i = 0; i < n; i++)
		if (tg_share_compare(&sources[i].key, &key) == 0)
			return sources[i].debt;
	return 0;
}

static void charge(struct tg_share *share, uint8_t last, uint64_t tokens, uint64_t now)
{
	struct tg_share_key key = key_of(last);

	CHECK(tg_share_list(share, &key, tokens, now));
}

/* Two nodes that have heard each other once. */
struct pair {
	struct tg_share *a, *b;
};

static void settle(struct pair *pair, uint64_t now)
{
	tg_share_settle(pair->a, true, now);
	tg_share_settle(pair->b, true, now);
}

static struct pair pair_of(struct tg_share *a, struct tg_share *b)
{
	struct pair pair = {a, b};
	struct frame from_a = publish(a), from_b = publish(b);

	receive(a, &from_b, T0);
	receive(b, &from_a, T0);
	settle(&pair, T0);
	return pair;
}

static void end(struct pair *pair)
{
	tg_share_free(&pair->a);
	tg_share_free(&pair->b);
}

#endif

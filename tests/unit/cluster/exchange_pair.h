/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes that share one limit, and the frames between them. */
#ifndef TG_SHARED_PAIR_H
#define TG_SHARED_PAIR_H

#include <stdlib.h>

#include "cluster/exchange.h"
#include "test.h"

#define MS	 1000000ULL
#define S	 (1000 * MS)
#define T0	 (100 * S)
#define LIMIT	 7
#define CAPACITY 100
#define RATE	 1000

static const struct tg_cluster_secret no_secret;

static struct tg_shared_key key_of(uint8_t last)
{
	return (struct tg_shared_key){.limit = LIMIT, .address = {[15] = last}};
}

static struct tg_exchange *node_among(uint32_t nodes_expected, const char *name, uint64_t epoch,
				      uint64_t hash, enum tg_store_loss on_loss, const char *secret)
{
	struct tg_exchange_settings settings = {.epoch = epoch,
						.tick = 50 * MS,
						.stale_after = S,
						.max_sources = 4,
						.nodes_expected = nodes_expected};
	struct tg_exchange_rule rule = {.name = "api",
					.hash = hash,
					.capacity = CAPACITY,
					.rate = RATE,
					.on_loss = on_loss};
	struct tg_exchange *exchange;

	strcpy(settings.node, name);
	settings.secret.length = strlen(secret);
	memcpy(settings.secret.bytes, secret, settings.secret.length);
	exchange = tg_exchange_new(&settings);
	if (!exchange || tg_exchange_set_rules(exchange, &rule, 1))
		abort();
	return exchange;
}

static struct tg_exchange *node_with(const char *name, uint64_t epoch, uint64_t hash,
				     enum tg_store_loss on_loss, const char *secret)
{
	return node_among(0, name, epoch, hash, on_loss, secret);
}

static struct tg_exchange *node(const char *name, uint64_t epoch)
{
	return node_with(name, epoch, LIMIT, TG_STORE_LOSS_SPLIT, "");
}

struct frame {
	const char *node; /* whose key it is under */
	uint8_t bytes[8192];
	int length;
};

static struct frame publish(struct tg_exchange *exchange)
{
	struct frame frame;

	frame.node = exchange->settings.node;
	frame.length = tg_exchange_publish(exchange, frame.bytes);
	if (frame.length < 0)
		abort();
	return frame;
}

static int receive(struct tg_exchange *exchange, const struct frame *frame, uint64_t now)
{
	return tg_peers_receive(exchange, frame->node, frame->bytes, frame->length, now);
}

static uint64_t debt_of(struct tg_exchange *exchange, uint8_t last)
{
	struct tg_shared_key key = key_of(last);
	const struct tg_shared_source *sources;
	size_t n, i;

	sources = tg_sources_all(exchange, &n);
	for (i = 0; i < n; i++)
		if (tg_shared_key_compare(&sources[i].key, &key) == 0)
			return sources[i].debt;
	return 0;
}

static void charge(struct tg_exchange *exchange, uint8_t last, uint64_t tokens, uint64_t now)
{
	struct tg_shared_key key = key_of(last);

	CHECK(tg_sources_add(exchange, &key, tokens, now));
}

/* Two nodes that have heard each other once. */
struct pair {
	struct tg_exchange *a, *b;
};

static void settle(struct pair *pair, uint64_t now)
{
	tg_exchange_settle(pair->a, true, now);
	tg_exchange_settle(pair->b, true, now);
}

static struct pair pair_of(struct tg_exchange *a, struct tg_exchange *b)
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
	tg_exchange_free(&pair->a);
	tg_exchange_free(&pair->b);
}

#endif

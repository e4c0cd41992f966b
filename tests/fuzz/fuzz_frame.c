// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as the frame of another node: no crash, and whatever is taken is harmless. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/exchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
	if (!condition)
		abort();
}

static const struct tg_cluster_secret no_secret;

/* There is one way to write what a frame says. */
static void decode(const uint8_t *bytes, size_t size)
{
	struct tg_node_frame *frame = NULL;
	uint8_t *again;
	int length;

	if (tg_node_frame_decode(bytes, size, &no_secret, &frame)) {
		require(frame == NULL);
		return;
	}
	again = malloc(tg_node_frame_size(frame->entries_n));
	require(again != NULL);
	length = tg_node_frame_encode(frame, &no_secret, again);
	require(length == (int)size && memcmp(again, bytes, size) == 0);
	free(again);
	tg_node_frame_free(&frame);
}

/* Twice the same, as two frames of one node could be: what is owed stays in bounds. */
static void receive(uint8_t *bytes, size_t size)
{
	struct tg_node_frame *frame = NULL;
	char node[TG_SHARED_NAME_SIZE] = "other";
	struct tg_exchange_settings settings = {
		.node = "me", .tick = 50000000, .stale_after = 1000000000, .max_sources = 8};
	struct tg_exchange_rule rule = {.name = "api", .hash = 7, .capacity = 100, .rate = 1000};
	struct tg_exchange *exchange = tg_exchange_new(&settings);
	const struct tg_shared_source *sources;
	size_t n, i;

	require(exchange && tg_exchange_set_rules(exchange, &rule, 1) == 0);
	if (tg_node_frame_decode(bytes, size, &no_secret, &frame) == 0)
		memcpy(node, frame->node, sizeof(node));
	tg_node_frame_free(&frame);
	if (tg_peers_receive(exchange, node, bytes, size, 1) == 0) {
		tg_exchange_settle(exchange, true, 1);
		bytes[16] ^= 0x80; /* another number */
		memcpy(bytes + size - 4, &(uint32_t){tg_frame_crc(bytes, size - 4)}, 4);
		tg_peers_receive(exchange, node, bytes, size, 2);
	}
	sources = tg_sources_all(exchange, &n);
	require(n <= 8);
	for (i = 0; i < n; i++)
		require(sources[i].debt <= tg_sources_debt_max(exchange, 7));
	tg_exchange_free(&exchange);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = malloc(size + 1);

	require(bytes != NULL);
	memcpy(bytes, data, size);
	decode(bytes, size);
	/* Most would not come past the checksum. */
	if (size >= 8) {
		memcpy(bytes + size - 4, &(uint32_t){tg_frame_crc(bytes, size - 4)}, 4);
		decode(bytes, size);
		receive(bytes, size);
	}
	free(bytes);
	return 0;
}

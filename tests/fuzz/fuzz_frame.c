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

static const struct tg_share_secret no_secret;

/* There is one way to write what a frame says. */
static void decode(const uint8_t *bytes, size_t size)
{
	struct tg_share_frame *frame = NULL;
	uint8_t *again;
	int length;

	if (tg_share_frame_decode(bytes, size, &no_secret, &frame)) {
		require(frame == NULL);
		return;
	}
	again = malloc(tg_share_frame_size(frame->entries_n));
	require(again != NULL);
	length = tg_share_frame_encode(frame, &no_secret, again);
	require(length == (int)size && memcmp(again, bytes, size) == 0);
	free(again);
	tg_share_frame_free(&frame);
}

/* Twice the same, as two frames of one node could be: what is owed stays in bounds. */
static void receive(uint8_t *bytes, size_t size)
{
	struct tg_share_settings settings = {
		.node = "me", .tick = 50000000, .stale_after = 1000000000, .max_sources = 8};
	struct tg_share_rule rule = {.name = "api", .hash = 7, .capacity = 100, .rate = 1000};
	struct tg_share *share = tg_share_new(&settings);
	const struct tg_share_source *sources;
	size_t n, i;

	require(share && tg_share_rules(share, &rule, 1) == 0);
	if (tg_share_receive(share, bytes, size, 1) == 0) {
		tg_share_settle(share, true, 1);
		bytes[16] ^= 0x80; /* another number */
		memcpy(bytes + size - 4, &(uint32_t){tg_share_crc(bytes, size - 4)}, 4);
		tg_share_receive(share, bytes, size, 2);
	}
	sources = tg_share_sources(share, &n);
	require(n <= 8);
	for (i = 0; i < n; i++)
		require(sources[i].debt <= tg_share_debt_max(share, 7));
	tg_share_free(&share);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = malloc(size + 1);

	require(bytes != NULL);
	memcpy(bytes, data, size);
	decode(bytes, size);
	/* Most would not come past the checksum. */
	if (size >= 8) {
		memcpy(bytes + size - 4, &(uint32_t){tg_share_crc(bytes, size - 4)}, 4);
		decode(bytes, size);
		receive(bytes, size);
	}
	free(bytes);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as what a Redis server answers, in pieces: no crash, and memory within bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/frame.h"
#include "redis/expect.h"
#include "cluster/members.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
	if (!condition)
		abort();
}

static void check_members(struct tg_store_members *members)
{
	size_t i;

	require(members->n < TG_SHARED_NODES_MAX);
	for (i = 0; i < members->n; i++) {
		const char *node = tg_store_key_node(members->list[i].key);

		require(strlen(node) > 0 && strlen(node) < TG_CONFIG_NAME_SIZE);
		require(strcmp(node, members->own) != 0);
	}
}

static void use(const struct tg_redis_reply *reply, struct tg_store_members *members, uint64_t now)
{
	char why[256];
	int asked;

	for (asked = TG_EXPECT_AUTH; asked <= TG_EXPECT_SMEMBERS; asked++) {
		tg_redis_expect(asked, reply, why, sizeof(why));
		require(memchr(why, '\0', sizeof(why)) != NULL);
	}
	tg_store_members_update(members, "edge", reply, now);
	check_members(members);
}

/* 0 as long as it is to go on. */
static int serve(struct tg_redis_reader *reader, struct tg_store_members *members, uint64_t *now)
{
	struct tg_redis_reply *reply = NULL;

	do {
		tg_redis_reply_free(&reply);
		if (tg_redis_reader_next(reader, &reply)) {
			require(reply == NULL && tg_redis_reader_why(reader)[0]);
			return -1;
		}
		if (reply)
			use(reply, members, (*now)++);
	} while (reply);
	return 0;
}

/* The first byte says how long the pieces are. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct tg_config_cluster cluster = {.name = "edge", .node = "a"};
	struct tg_store_members members = {};
	struct tg_redis_reader *reader =
		tg_redis_reader_new(tg_node_frame_size(TG_SHARED_SOURCES_MAX));
	size_t piece = size ? data[0] + 1 : 1, at, n;
	uint64_t now = 1;

	require(reader && tg_store_members_init(&members, &cluster) == 0);
	for (at = 1; at < size; at += n) {
		n = size - at < piece ? size - at : piece;
		require(tg_redis_reader_feed(reader, data + at, n) == 0);
		if (serve(reader, &members, &now))
			break;
	}
	tg_redis_reader_free(&reader);
	tg_store_members_clear(&members);
	return 0;
}

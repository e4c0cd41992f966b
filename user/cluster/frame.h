/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one node tells the others, in bytes: how many tokens each of its busy sources has taken. The
 * counts are absolute and only grow, and nothing is a time, so that a frame may be lost, doubled
 * or late and clocks may differ. What is decoded comes from a store that others may write to: each
 * length is checked, and what is not exactly what the encoder makes is refused.
 */
#ifndef TG_CLUSTER_FRAME_H
#define TG_CLUSTER_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "config/bounds.h"

/* A bucket, by what is the same on every node. */
struct tg_shared_key {
	uint64_t limit; /* hash of its definition; see struct tg_frame_limit */
	uint8_t address[16];
	uint16_t port; /* as struct tg_bucket_key has it */
	uint8_t protocol;
	uint8_t kind;
	uint32_t pad; /* 0 */
};

struct tg_frame_entry {
	struct tg_shared_key key;
	uint64_t count; /* tokens taken since the node began to list the source */
};

struct tg_frame_limit {
	char name[TG_SHARED_NAME_SIZE];
	uint64_t hash; /* of the name and all that must be the same for counts to mean the same */
};

struct tg_node_frame {
	char node[TG_SHARED_NAME_SIZE];
	uint64_t epoch; /* random, anew at each start of a node: its counts begin again */
	uint64_t seq;	/* grows with each frame of an epoch */
	struct tg_frame_limit limits[TG_SHARED_LIMITS_MAX]; /* by hash, ascending */
	size_t limits_n;
	struct tg_frame_entry *entries; /* by tg_shared_key_compare(), ascending */
	size_t entries_n;
};

/* A key for HMAC-SHA256; length 0: frames are not authenticated. */
struct tg_cluster_secret {
	uint8_t bytes[TG_SHARED_SECRET_MAX];
	size_t length;
};

int tg_shared_key_compare(const struct tg_shared_key *a, const struct tg_shared_key *b);

/* FNV-1a of @length bytes, going on from @hash (start: TG_FRAME_HASH_START). */
#define TG_FRAME_HASH_START 0xcbf29ce484222325ULL
uint64_t tg_frame_hash(uint64_t hash, const void *bytes, size_t length);

/* CRC32C, as frames end with it. */
uint32_t tg_frame_crc(const uint8_t *bytes, size_t length);

/* The most bytes that a frame of @entries_n sources takes. */
size_t tg_node_frame_size(size_t entries_n);

/*
 * Writes @frame to @bytes (of tg_node_frame_size()). The entries' limits must stand in its
 * table. Returns the length, or -EINVAL if a table is not in order or too long.
 */
int tg_node_frame_encode(const struct tg_node_frame *frame, const struct tg_cluster_secret *secret,
			 uint8_t *bytes);

/*
 * Reads a frame; the caller frees it. -EPROTONOSUPPORT: of another version, or no frame at all;
 * -EBADMSG: damaged; -EACCES: not by who has the secret; -ENOMEM.
 */
int tg_node_frame_decode(const uint8_t *bytes, size_t length,
			 const struct tg_cluster_secret *secret, struct tg_node_frame **frame);

void tg_node_frame_free(struct tg_node_frame **frame); /* NULL-safe; sets *frame to NULL */

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Encodes and decodes a frame: how many tokens each busy source has taken on one node. Counts are
 * totals that only grow, so a frame may be lost, repeated or late. No field is a time, so clocks
 * may differ. Frames come from a store that others may be able to write to. The decoder therefore
 * checks each length and refuses all that the encoder does not make.
 */
#ifndef TG_CLUSTER_FRAME_H
#define TG_CLUSTER_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "config/bounds.h"

/* The key of a bucket, made of what is the same on every node. Compared by bytes. */
struct tg_shared_key {
	uint64_t limit; /* tg_exchange_rule_hash() */
	uint8_t address[16];
	uint16_t port; /* this and all below as in struct tg_bucket_key */
	uint8_t protocol;
	uint8_t kind;
	uint32_t pad; /* 0 */
};

struct tg_frame_entry {
	struct tg_shared_key key;
	uint64_t count; /* tokens taken on the node since it listed the source */
};

struct tg_frame_limit {
	char name[TG_SHARED_NAME_SIZE];
	uint64_t hash; /* tg_exchange_rule_hash() */
};

struct tg_node_frame {
	char node[TG_SHARED_NAME_SIZE];
	uint64_t epoch; /* random number of one run of the node, in which its counts begin at 0 */
	uint64_t seq;	/* 1, 2, ... in an epoch */
	struct tg_frame_limit limits[TG_SHARED_LIMITS_MAX]; /* ascending by hash */
	size_t limits_n;
	struct tg_frame_entry *entries; /* ascending by tg_shared_key_compare() */
	size_t entries_n;
};

/* A key for HMAC-SHA256; length 0: frames are not authenticated. */
struct tg_cluster_secret {
	uint8_t bytes[TG_SHARED_SECRET_MAX];
	size_t length;
};

/* Returns below 0, 0 or above 0, as memcmp(). */
int tg_shared_key_compare(const struct tg_shared_key *a, const struct tg_shared_key *b);

/*
 * Returns the FNV-1a hash of @length bytes that continues @hash; the first is TG_FRAME_HASH_START.
 */
#define TG_FRAME_HASH_START 0xcbf29ce484222325ULL
uint64_t tg_frame_hash(uint64_t hash, const void *bytes, size_t length);

/* Returns the CRC32C of @length bytes. Not thread-safe at the first call. */
uint32_t tg_frame_crc(const uint8_t *bytes, size_t length);

/* Returns the most bytes that a frame of @entries_n entries takes. */
size_t tg_node_frame_size(size_t entries_n);

/*
 * Writes @frame to @bytes, which has room for tg_node_frame_size(). Returns the length in bytes;
 * -EINVAL if a table is too long or not ascending, or an entry's limit is not in frame->limits;
 * -ENOMEM.
 */
int tg_node_frame_encode(const struct tg_node_frame *frame, const struct tg_cluster_secret *secret,
			 uint8_t *bytes);

/*
 * Decodes @length bytes into *@frame, which the caller frees. Returns 0; -EPROTONOSUPPORT if it is
 * no frame of this version; -EBADMSG if it is damaged; -EACCES if it is not signed with @secret, or
 * is signed and @secret is empty; -ENOMEM. *@frame is set only on success.
 */
int tg_node_frame_decode(const uint8_t *bytes, size_t length,
			 const struct tg_cluster_secret *secret, struct tg_node_frame **frame);

void tg_node_frame_free(struct tg_node_frame **frame); /* NULL-safe; sets *frame to NULL */

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The layout of a frame, little-endian; the port and the address are in network byte order:
 *	magic 8  epoch 8  seq 8  entries 4  limits 2  flags 1  node: length 1, bytes
 *	each limit: hash 8, name: length 1, bytes
 *	each entry: limit (index in the table) 1, kind 1, protocol 1, port 2, address 16, count 8
 *	with HMAC: 16 bytes of it over all before       CRC32C 4 over all before
 */
#include <endian.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cluster/frame.h"

static const uint8_t magic[8] = {'t', 'i', 'd', 'e', 'g', 'f', 0, 1};

#define FLAG_HMAC   1
#define HMAC_LENGTH 16 /* the left half, RFC 2104 section 5 */
#define CRC_LENGTH  4
#define ENTRY_SIZE  29

uint64_t tg_frame_hash(uint64_t hash, const void *bytes, size_t length)
{
	const uint8_t *byte = bytes;

	while (length--)
		hash = (hash ^ *byte++) * 0x100000001b3ULL;
	return hash;
}

int tg_shared_key_compare(const struct tg_shared_key *a, const struct tg_shared_key *b)
{
	if (a->limit != b->limit)
		return a->limit < b->limit ? -1 : 1;
	return memcmp(a->address, b->address, sizeof(*a) - offsetof(struct tg_shared_key, address));
}

size_t tg_node_frame_size(size_t entries_n)
{
	return 32 + TG_SHARED_NAME_SIZE + TG_SHARED_LIMITS_MAX * (8 + TG_SHARED_NAME_SIZE) +
	       entries_n * ENTRY_SIZE + HMAC_LENGTH + CRC_LENGTH;
}

/* RFC 3720 appendix B.4: the polynomial of Castagnoli, reflected. */
uint32_t tg_frame_crc(const uint8_t *bytes, size_t length)
{
	static uint32_t table[256];
	uint32_t crc = ~0U, i, bit;

	if (!table[1])
		for (i = 0; i < 256; i++)
			for (table[i] = i, bit = 0; bit < 8; bit++)
				table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0x82f63b78 : 0);
	while (length--)
		crc = crc >> 8 ^ table[(crc ^ *bytes++) & 0xff];
	return ~crc;
}

static int sign(const struct tg_cluster_secret *secret, const uint8_t *bytes, size_t length,
		uint8_t signature[EVP_MAX_MD_SIZE])
{
	return HMAC(EVP_sha256(), secret->bytes, secret->length, bytes, length, signature, NULL)
		       ? 0
		       : -ENOMEM;
}

static uint8_t *put(uint8_t *to, uint64_t value, size_t size)
{
	value = htole64(value);
	memcpy(to, &value, size);
	return to + size;
}

static uint8_t *put_name(uint8_t *to, const char *name)
{
	size_t length = strnlen(name, TG_SHARED_NAME_SIZE - 1);

	*to++ = length;
	memcpy(to, name, length);
	return to + length;
}

static uint8_t *put_entry(uint8_t *to, const struct tg_frame_entry *entry, size_t limit)
{
	to = put(to, limit, 1);
	to = put(to, entry->key.kind, 1);
	to = put(to, entry->key.protocol, 1);
	memcpy(to, &entry->key.port, 2);
	memcpy(to + 2, entry->key.address, 16);
	return put(to + 18, entry->count, 8);
}

/* Finds limits in one pass, because entries and limits are in the same order. */
static int put_entries(const struct tg_node_frame *frame, uint8_t **to)
{
	size_t limit = 0, i;

	for (i = 0; i < frame->entries_n; i++) {
		const struct tg_frame_entry *entry = &frame->entries[i];

		if (i && tg_shared_key_compare(&entry[-1].key, &entry->key) >= 0)
			return -EINVAL;
		while (limit < frame->limits_n && frame->limits[limit].hash != entry->key.limit)
			limit++;
		if (limit == frame->limits_n)
			return -EINVAL;
		*to = put_entry(*to, entry, limit);
	}
	return 0;
}

int tg_node_frame_encode(const struct tg_node_frame *frame, const struct tg_cluster_secret *secret,
			 uint8_t *bytes)
{
	uint8_t signature[EVP_MAX_MD_SIZE], *to = bytes;
	size_t i;

	if (frame->limits_n > TG_SHARED_LIMITS_MAX || frame->entries_n > TG_SHARED_SOURCES_MAX)
		return -EINVAL;
	memcpy(to, magic, sizeof(magic));
	to = put(to + sizeof(magic), frame->epoch, 8);
	to = put(to, frame->seq, 8);
	to = put(to, frame->entries_n, 4);
	to = put(to, frame->limits_n, 2);
	to = put(to, secret->length ? FLAG_HMAC : 0, 1);
	to = put_name(to, frame->node);
	for (i = 0; i < frame->limits_n; i++) {
		if (i && frame->limits[i - 1].hash >= frame->limits[i].hash)
			return -EINVAL;
		to = put(to, frame->limits[i].hash, 8);
		to = put_name(to, frame->limits[i].name);
	}
	if (put_entries(frame, &to))
		return -EINVAL;
	if (secret->length) {
		if (sign(secret, bytes, to - bytes, signature))
			return -ENOMEM;
		memcpy(to, signature, HMAC_LENGTH);
		to += HMAC_LENGTH;
	}
	to = put(to, tg_frame_crc(bytes, to - bytes), CRC_LENGTH);
	return to - bytes;
}

/* The bytes still to be read. Reading past the end gives zeros and sets short_of. */
struct reader {
	const uint8_t *at;
	size_t left;
	bool short_of;
};

static const uint8_t *take(struct reader *reader, size_t size)
{
	static const uint8_t nothing[256];
	const uint8_t *at = reader->at;

	if (size > reader->left) {
		reader->short_of = true;
		return nothing;
	}
	reader->at += size;
	reader->left -= size;
	return at;
}

static uint64_t take_number(struct reader *reader, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, take(reader, size), size);
	return le64toh(value);
}

/* Accepts printable ASCII without the space, because names go into logs and keys of the store. */
static int take_name(struct reader *reader, char name[TG_SHARED_NAME_SIZE])
{
	size_t length = take_number(reader, 1), i;
	const uint8_t *bytes = take(reader, length);

	if (reader->short_of || !length || length >= TG_SHARED_NAME_SIZE)
		return -EBADMSG;
	for (i = 0; i < length; i++)
		if (bytes[i] <= ' ' || bytes[i] > '~')
			return -EBADMSG;
	memcpy(name, bytes, length);
	name[length] = '\0';
	return 0;
}

static int take_limits(struct reader *reader, struct tg_node_frame *frame)
{
	size_t i;

	for (i = 0; i < frame->limits_n; i++) {
		frame->limits[i].hash = take_number(reader, 8);
		if (take_name(reader, frame->limits[i].name))
			return -EBADMSG;
		if (i && frame->limits[i - 1].hash >= frame->limits[i].hash)
			return -EBADMSG;
	}
	return 0;
}

static int take_entries(struct reader *reader, struct tg_node_frame *frame)
{
	struct tg_frame_entry *entry;
	size_t limit, i;

	for (i = 0; i < frame->entries_n; i++) {
		entry = &frame->entries[i];
		limit = take_number(reader, 1);
		if (limit >= frame->limits_n)
			return -EBADMSG;
		entry->key.limit = frame->limits[limit].hash;
		entry->key.kind = take_number(reader, 1);
		entry->key.protocol = take_number(reader, 1);
		memcpy(&entry->key.port, take(reader, 2), 2);
		memcpy(entry->key.address, take(reader, 16), 16);
		entry->count = take_number(reader, 8);
		if (i && tg_shared_key_compare(&entry[-1].key, &entry->key) >= 0)
			return -EBADMSG;
	}
	return 0;
}

/* Checks CRC and HMAC, and removes them from @reader. */
static int check_ending(const uint8_t *bytes, struct reader *reader,
			const struct tg_cluster_secret *secret, unsigned int flags)
{
	uint8_t signature[EVP_MAX_MD_SIZE];
	struct reader ending;
	size_t length = reader->left + (reader->at - bytes) - CRC_LENGTH;

	ending = (struct reader){.at = bytes + length, .left = CRC_LENGTH};
	if (take_number(&ending, CRC_LENGTH) != tg_frame_crc(bytes, length))
		return -EBADMSG;
	reader->left -= CRC_LENGTH;
	if (flags != (secret->length ? FLAG_HMAC : 0))
		return -EACCES;
	if (!secret->length)
		return 0;
	if (reader->left < HMAC_LENGTH)
		return -EBADMSG;
	length -= HMAC_LENGTH;
	if (sign(secret, bytes, length, signature))
		return -ENOMEM;
	if (CRYPTO_memcmp(signature, bytes + length, HMAC_LENGTH))
		return -EACCES;
	reader->left -= HMAC_LENGTH;
	return 0;
}

int tg_node_frame_decode(const uint8_t *bytes, size_t length,
			 const struct tg_cluster_secret *secret, struct tg_node_frame **frame)
{
	tg_cleanup(tg_node_frame_free) struct tg_node_frame *made = calloc(1, sizeof(*made));
	struct reader reader = {.at = bytes, .left = length};
	unsigned int flags;
	int error;

	if (!made)
		return -ENOMEM;
	if (memcmp(take(&reader, sizeof(magic)), magic, sizeof(magic)) != 0)
		return -EPROTONOSUPPORT;
	made->epoch = take_number(&reader, 8);
	made->seq = take_number(&reader, 8);
	made->entries_n = take_number(&reader, 4);
	made->limits_n = take_number(&reader, 2);
	flags = take_number(&reader, 1);
	if (reader.short_of || reader.left < CRC_LENGTH)
		return -EBADMSG;
	error = check_ending(bytes, &reader, secret, flags);
	if (error)
		return error;
	/* Allocate no more than the bytes received can fill. */
	if (made->limits_n > TG_SHARED_LIMITS_MAX || made->entries_n > TG_SHARED_SOURCES_MAX ||
	    made->entries_n > reader.left / ENTRY_SIZE)
		return -EBADMSG;
	made->entries = calloc(made->entries_n + 1, sizeof(*made->entries));
	if (!made->entries)
		return -ENOMEM;
	if (take_name(&reader, made->node) || take_limits(&reader, made) ||
	    take_entries(&reader, made) || reader.short_of || reader.left)
		return -EBADMSG;
	*frame = TAKE_PTR(made);
	return 0;
}

void tg_node_frame_free(struct tg_node_frame **frame)
{
	if (!*frame)
		return;
	free((*frame)->entries);
	free(*frame);
	*frame = NULL;
}

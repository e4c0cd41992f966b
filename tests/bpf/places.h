/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table's places, ways and sets while nobody is at work on it: whether all is as table.h says.
 */
#ifndef TG_TEST_PLACES_H
#define TG_TEST_PLACES_H

#include "fixture.h"
#include <tidegate/gcra.h>

struct places {
	const struct tg_table *table;
	union tg_table_line *lines;
	uint32_t *seen;	  /* by entry: ways that lead there, and the list of the free ones */
	uint32_t *passes; /* by set: keys that went by, by what is found further on */
	uint32_t ways;
	uint32_t free;
};

static inline bool places_open(struct places *places, int fd, const struct tg_table *table)
{
	memset(places, 0, sizeof(*places));
	places->table = table;
	places->lines = mmap(NULL, (size_t)table->lines * sizeof(union tg_table_line), PROT_READ,
			     MAP_SHARED, fd, 0);
	places->seen = calloc(table->size, sizeof(uint32_t));
	places->passes = calloc(table->sets, sizeof(uint32_t));
	CHECK(places->lines != MAP_FAILED && places->seen && places->passes, "%s", strerror(errno));
	return places->lines != MAP_FAILED;
}

static inline void places_close(struct places *places)
{
	if (places->lines != MAP_FAILED)
		munmap(places->lines, (size_t)places->table->lines * sizeof(union tg_table_line));
	free(places->seen);
	free(places->passes);
}

static inline struct tg_table_entry *entry_of(const struct places *places, uint32_t number)
{
	return &places->lines[places->table->first_entry + number].entry;
}

/* A way of @set that is taken. */
static inline void check_way(struct places *places, uint32_t set, uint32_t way)
{
	const struct tg_table *table = places->table;
	uint32_t number = TG_WAY_NUMBER(way), own, distance, i;
	const struct tg_table_entry *entry;
	uint64_t hash;

	places->ways++;
	CHECK(number < table->size, "place %u of %u", number, table->size);
	if (number >= table->size)
		return;
	entry = entry_of(places, number);
	hash = tg_table_hash_of(table, &entry->key);
	own = tg_table_set_of(table, hash);
	distance = (set + table->sets - own) % table->sets;
	CHECK(places->seen[number]++ == 0, "place %u is in two cells", number);
	CHECK(entry->bucket.state != TG_BUCKET_DEAD && entry->key.limit_id,
	      "place %u in set %u is nobody's", number, set);
	CHECK(TG_WAY_TAG(way) == tg_table_tag_of(hash), "the tag of place %u", number);
	CHECK(distance < TG_TABLE_CHAIN, "%u sets from its own", distance);
	for (i = 0; i < distance; i++)
		places->passes[(own + i) % table->sets]++;
}

static inline void check_set(const struct places *places, uint32_t number)
{
	uint32_t use = places->lines[TG_TABLE_FIRST_SET + number].set.use;

	CHECK(!(use & TG_SET_LOCKED), "set %u stays locked", number);
	CHECK(use / TG_SET_PASSED == places->passes[number], "%u keys went by set %u, it counts %u",
	      places->passes[number], number, use / TG_SET_PASSED);
}

static inline void check_free(struct places *places, uint32_t used)
{
	const struct tg_table_entry *entry;
	uint32_t next = places->lines[0].head.free;

	for (; next && places->free <= places->table->size; places->free++) {
		CHECK(next <= used, "a free place that was never taken: %u", next - 1);
		if (next > used)
			return;
		entry = entry_of(places, next - 1);
		CHECK(places->seen[next - 1]++ == 0, "place %u is free and taken", next - 1);
		CHECK(entry->bucket.state == TG_BUCKET_DEAD && !entry->key.limit_id,
		      "free place %u seems someone's", next - 1);
		next = entry->key.address.high;
	}
}

static inline int compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct tg_bucket_key));
}

static inline void check_keys(const struct places *places, uint32_t used)
{
	struct tg_bucket_key *keys = calloc(used + 1, sizeof(*keys));
	uint32_t number, n = 0;

	for (number = 0; number < used; number++)
		if (entry_of(places, number)->key.limit_id)
			keys[n++] = entry_of(places, number)->key;
	qsort(keys, n, sizeof(*keys), compare_keys);
	for (number = 1; number < n; number++)
		CHECK(compare_keys(&keys[number - 1], &keys[number]) != 0, "a key has two buckets");
	free(keys);
}

static inline __u64 *quota_of(const struct places *places, uint32_t slot)
{
	return &places->lines[TG_TABLE_FIRST_QUOTA + slot / TG_QUOTAS_PER_LINE]
			.quotas[slot % TG_QUOTAS_PER_LINE];
}

/* Each limit's count is that of its entries, and what is open is what the others leave. */
static inline void check_quotas(const struct places *places, uint32_t used)
{
	uint32_t held[TG_LIMITS_MAX] = {}, number, slot, id;
	int64_t open = places->table->size;
	uint64_t quota;

	for (number = 0; number < used; number++) {
		id = entry_of(places, number)->key.limit_id;
		if (id)
			held[TG_LIMIT_SLOT(id)]++;
	}
	for (slot = 0; slot < TG_LIMITS_MAX; slot++) {
		quota = *quota_of(places, slot);
		CHECK(TG_QUOTA_HELD(quota) == held[slot], "slot %u has %u buckets, it counts %u",
		      slot, held[slot], TG_QUOTA_HELD(quota));
		open -= held[slot] + tg_quota_unused(quota);
	}
	CHECK(places->lines[0].head.open == open, "%lld are open, it counts %lld", (long long)open,
	      (long long)places->lines[0].head.open);
}

/* How many places are taken. Fails the test for each that is lost, or in two hands. */
static inline uint32_t check_table(int fd, const struct tg_table *table)
{
	struct places places;
	uint32_t set, used, i;

	if (!places_open(&places, fd, table))
		return 0;
	used = places.lines[0].head.used;
	used = used < table->size ? used : table->size;
	for (set = 0; set < table->sets; set++)
		for (i = 0; i < TG_TABLE_WAYS; i++)
			if (places.lines[TG_TABLE_FIRST_SET + set].set.ways[i])
				check_way(&places, set,
					  places.lines[TG_TABLE_FIRST_SET + set].set.ways[i]);
	for (set = 0; set < table->sets; set++)
		check_set(&places, set);
	check_free(&places, used);
	check_keys(&places, used);
	check_quotas(&places, used);
	CHECK(places.ways + places.free == used, "%u taken, %u free, of %u ever used", places.ways,
	      places.free, used);
	places_close(&places);
	return places.ways;
}

static inline uint32_t check_places(struct fixture *fixture)
{
	return check_table(bpf_map__fd(fixture->skeleton->maps.buckets),
			   &fixture->compiled->policy.table);
}

/* Sets that hold a way or count a key gone by. */
static inline uint32_t sets_in_use(struct fixture *fixture)
{
	struct tg_table_set none = {};
	struct places places;
	uint32_t set, n = 0;

	if (!places_open(&places, bpf_map__fd(fixture->skeleton->maps.buckets),
			 &fixture->compiled->policy.table))
		return 0;
	for (set = 0; set < places.table->sets; set++)
		n += memcmp(&places.lines[TG_TABLE_FIRST_SET + set].set, &none, sizeof(none)) != 0;
	places_close(&places);
	return n;
}

/* Of the first limit. */
static inline struct tg_bucket_key key_of_address(struct fixture *fixture, uint32_t address)
{
	struct tg_bucket_key key = {
		.limit_id = fixture->compiled->records[fixture->compiled->slots[0]].id};

	key.address.low = htobe64(0xffff00000000 | address);
	return key;
}

static inline uint32_t own_set(struct fixture *fixture, const struct tg_bucket_key *key)
{
	return tg_table_set_of(&fixture->compiled->policy.table,
			       tg_table_hash_of(&fixture->compiled->policy.table, key));
}

/* @n addresses from @first on whose keys fall to one set, as only who knows the secrets can tell.
 */
static inline void collide_in(struct fixture *fixture, uint32_t set, uint32_t first,
			      uint32_t *addresses, int n)
{
	struct tg_bucket_key key;
	int found = 0;

	for (; found < n; first++) {
		key = key_of_address(fixture, first);
		if (own_set(fixture, &key) == set)
			addresses[found++] = first;
	}
}

/* How many of @n packets from @address pass. */
static inline int passes_of(struct fixture *fixture, uint32_t address, int n)
{
	uint32_t wire = htonl(address);
	struct packet packet;
	int passed = 0;

	udp_from(&packet, "10.0.0.0", 9);
	memcpy(packet.bytes + packet.l3 + 12, &wire, 4); /* nobody looks at the checksum */
	while (n--)
		passed += run(fixture, &packet, packet.length) == XDP_PASS;
	return passed;
}

#endif

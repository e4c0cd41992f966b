/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the table of buckets (<tidegate/table.h>) from user space, and fills tables that no program
 * uses yet. Never writes to a table in use, because only programs can do that while packets flow.
 * @fd is a descriptor of the map.
 */
#ifndef TG_KERNEL_BUCKET_TABLE_H
#define TG_KERNEL_BUCKET_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <tidegate/table.h>

/*
 * Writes the size of @table to the head of a new map, with nothing reserved. Does nothing if it is
 * set. Returns 0 or -errno.
 */
int tg_table_prepare(int fd, const struct tg_table *table);

/*
 * Sets *@size to the number of buckets that the map has room for; 0 if it is no table of buckets.
 * Returns 0 or -errno.
 */
int tg_table_size(int fd, uint32_t *size);

/* How the room of a table is used. */
struct tg_table_usage {
	uint64_t quotas[TG_LIMITS_MAX]; /* by slot, see quota.h */
	int64_t open;
};

/* Reads how the room is used, limit by limit and not at one moment. Returns 0 or -errno. */
int tg_table_read_usage(int fd, struct tg_table_usage *usage);

/* Returns the buckets in the table, of all slots. */
uint64_t tg_table_used(const struct tg_table_usage *usage);

/*
 * Copies the entry of @key to *@entry. Returns its number (0 or more), -ENOENT if the key has none,
 * or another -errno, logged.
 */
int tg_table_lookup(int fd, const struct tg_table *table, const struct tg_bucket_key *key,
		    struct tg_table_entry *entry);

/*
 * Called with the number of an entry and a copy of it, valid during the call. The entry itself may
 * have changed by then, or belong to another key. Returns 0 to go on, above 0 to stop, or -errno.
 */
typedef int tg_table_function(void *data, uint32_t number, const struct tg_table_entry *entry);

/*
 * Calls @each for every bucket of the table. Buckets that are inserted meanwhile may be missed.
 * Returns 0 at the end or if @each stopped it, or -errno: of @each, or because the table cannot be
 * read.
 */
int tg_table_each(int fd, tg_table_function *each, void *data);

struct tg_table_walk;

/*
 * Makes a walk over the table, for tg_table_step(). Duplicates @fd. Returns NULL, logged, without
 * memory or if @fd is no table of buckets.
 */
struct tg_table_walk *tg_table_walk_new(int fd);
void tg_table_walk_free(struct tg_table_walk **walk); /* NULL-safe; sets *walk to NULL */

/*
 * Calls @each for the next 4,096 entries at most. Returns 1 if there are more, 0 at the end or if
 * @each returned more than 0, or -errno.
 */
int tg_table_step(struct tg_table_walk *walk, tg_table_function *each, void *data);

/*
 * Copies the buckets of table @from (a descriptor) to @to, a new map laid out as @table that no
 * program uses yet. Buckets for which their limit has no room there are left out, so what is
 * reserved should be set before. Returns 0 or -errno.
 */
int tg_table_copy(int from, int to, const struct tg_table *table);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of buckets (see <tidegate/table.h>) from user space, which never changes one in use. */
#ifndef TG_KERNEL_BUCKET_TABLE_H
#define TG_KERNEL_BUCKET_TABLE_H

#include <stdint.h>
#include <tidegate/table.h>

/* Tells a map that has just been made how many buckets it is for. 0 or -errno. */
int tg_table_prepare(int fd, const struct tg_table *table);

/* How many buckets the map is for; 0 if it is no such table. */
uint32_t tg_table_size(int fd);

/* The key's entry as it is now: its number, or -ENOENT or another -errno. */
int tg_table_lookup(int fd, const struct tg_table *table, const struct tg_bucket_key *key,
		    struct tg_table_entry *entry);

/* @entry may change under its reader's eyes, and go to another key: what he got is a copy. */
typedef int tg_table_function(void *data, uint32_t number, const struct tg_table_entry *entry);

/*
 * Calls @each for every bucket of the table with descriptor @fd, as it stands at about now, until
 * it returns nonzero. 0 or -errno: that of @each, or if the table cannot be read.
 */
int tg_table_each(int fd, tg_table_function *each, void *data);

/*
 * The same in steps of up to 4,096 buckets. A step returns 1 if there is more, 0 at the end or if
 * @each returned more than 0, or -errno. NULL: out of memory, or it is no table.
 */
struct tg_table_walk;
struct tg_table_walk *tg_table_walk_new(int fd);
void tg_table_walk_free(struct tg_table_walk **walk); /* NULL-safe; sets *walk to NULL */
int tg_table_step(struct tg_table_walk *walk, tg_table_function *each, void *data);

/* Copies all buckets to a table that no program uses yet, as far as there is room. 0 or -errno. */
int tg_table_copy(int from, int to, const struct tg_table *table);

#endif

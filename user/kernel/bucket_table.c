// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lookups and walks over the mapped table, and the copy at a change of size. Lookups read lines by
 * system calls; walks map a window of it, because they read all of it.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <tidegate/gcra.h>
#include <tidegate/sweep.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "kernel/bucket_table.h"

#define TG_TABLE_STEP 4096 /* entries of one step of a walk */

_Static_assert(TG_TABLE_STEP <= TG_CANDIDATES_MAX, "what a step shows, a run can take out");

int tg_table_prepare(int fd, const struct tg_table *table)
{
	union tg_table_line line;
	uint32_t zero = 0;

	if (bpf_map_lookup_elem(fd, &zero, &line))
		return -errno;
	if (line.head.size)
		return 0; /* in use */
	line.head.size = table->size;
	line.head.open = table->size;
	return bpf_map_update_elem(fd, &zero, &line, BPF_ANY) ? -errno : 0;
}

int tg_table_size(int fd, uint32_t *size)
{
	struct bpf_map_info info = {};
	uint32_t length = sizeof(info), zero = 0;
	union tg_table_line line;
	struct tg_table table;

	*size = 0;
	if (bpf_obj_get_info_by_fd(fd, &info, &length))
		return -errno;
	if (info.type != BPF_MAP_TYPE_ARRAY || info.value_size != sizeof(line))
		return 0;
	if (bpf_map_lookup_elem(fd, &zero, &line))
		return -errno;
	tg_table_lay_out(&table, line.head.size);
	if (line.head.size <= TG_TABLE_ENTRIES_MAX && info.max_entries == table.lines)
		*size = line.head.size;
	return 0;
}

static bool is_key(const struct tg_bucket_key *a, const struct tg_bucket_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static int read_line(int fd, uint32_t index, union tg_table_line *line)
{
	return bpf_map_lookup_elem(fd, &index, line) ? tg_log_errno(errno, "a line of the table")
						     : 0;
}

int tg_table_read_usage(int fd, struct tg_table_usage *usage)
{
	union tg_table_line line;
	uint32_t slot;
	int error = read_line(fd, 0, &line);

	if (error)
		return error;
	usage->open = line.head.open;
	for (slot = 0; slot < TG_LIMITS_MAX; slot += TG_QUOTAS_PER_LINE) {
		error = read_line(fd, TG_TABLE_FIRST_QUOTA + slot / TG_QUOTAS_PER_LINE, &line);
		if (error)
			return error;
		memcpy(&usage->quotas[slot], line.quotas, sizeof(line.quotas));
	}
	return 0;
}

uint64_t tg_table_used(const struct tg_table_usage *usage)
{
	uint64_t used = 0;
	uint32_t slot;

	for (slot = 0; slot < TG_LIMITS_MAX; slot++)
		used += TG_QUOTA_HELD(usage->quotas[slot]);
	return used;
}

/* Returns the number of the key's entry if a way of @set leads to it, -ENOENT or another -errno. */
static int look_in_set(int fd, const struct tg_table *table, const struct tg_table_set *set,
		       uint32_t tag, const struct tg_bucket_key *key, struct tg_table_entry *entry)
{
	union tg_table_line line;
	uint32_t i;
	int error;

	for (i = 0; i < TG_TABLE_WAYS; i++) {
		if (TG_WAY_TAG(set->ways[i]) != tag)
			continue;
		error = read_line(fd, table->first_entry + TG_WAY_NUMBER(set->ways[i]), &line);
		if (error)
			return error;
		*entry = line.entry;
		if (is_key(&entry->key, key) && entry->bucket.state != TG_BUCKET_DEAD)
			return TG_WAY_NUMBER(set->ways[i]);
	}
	return -ENOENT;
}

int tg_table_lookup(int fd, const struct tg_table *table, const struct tg_bucket_key *key,
		    struct tg_table_entry *entry)
{
	uint64_t hash = tg_table_hash_of(table, key);
	uint32_t set = tg_table_set_of(table, hash), i;
	union tg_table_line line;
	int found;

	for (i = 0; i < TG_TABLE_CHAIN; i++) {
		found = read_line(fd, TG_TABLE_FIRST_SET + set, &line);
		if (found)
			return found;
		found = look_in_set(fd, table, &line.set, tg_table_tag_of(hash), key, entry);
		if (found != -ENOENT || !TG_SET_PASSES(line.set.use))
			return found;
		set = (set + 1) % table->sets;
	}
	return -ENOENT;
}

/* Lines of the table that are mapped into memory. */
struct window {
	void *memory;
	size_t bytes;
	union tg_table_line *lines; /* line `first` of open_window() */
};

static int open_window(int fd, uint32_t first, uint32_t n, struct window *window)
{
	const uint32_t per_page = sysconf(_SC_PAGESIZE) / sizeof(union tg_table_line);
	uint32_t skipped = first % per_page;

	window->bytes = (size_t)(skipped + n) * sizeof(union tg_table_line);
	window->memory = mmap(NULL, window->bytes, PROT_READ, MAP_SHARED, fd,
			      (off_t)(first - skipped) * sizeof(union tg_table_line));
	if (window->memory == MAP_FAILED)
		return tg_log_errno(errno, "a part of the table");
	window->lines = (union tg_table_line *)window->memory + skipped;
	return 0;
}

static void close_window(struct window *window)
{
	munmap(window->memory, window->bytes);
}

struct tg_table_walk {
	int fd; /* a copy, because a walk may outlast the program that has the table */
	struct tg_table table;
	uint32_t next; /* number of the entry to read */
};

struct tg_table_walk *tg_table_walk_new(int fd)
{
	struct tg_table_walk *walk = calloc(1, sizeof(*walk));
	uint32_t size;
	int error = walk ? tg_table_size(fd, &size) : -ENOMEM;

	if (error || !size) {
		tg_log_errno(error ? error : EINVAL, "the table of buckets");
		free(walk);
		return NULL;
	}
	walk->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (walk->fd < 0) {
		tg_log_errno(errno, "the table of buckets");
		free(walk);
		return NULL;
	}
	tg_table_lay_out(&walk->table, size);
	return walk;
}

void tg_table_walk_free(struct tg_table_walk **walk)
{
	if (!*walk)
		return;
	close((*walk)->fd);
	free(*walk);
	*walk = NULL;
}

/*
 * Copies an entry. False if it is free, dead or was reused meanwhile. State and limit are read
 * first and compared after the copy, so that the copy is of one bucket.
 */
static bool read_entry(const struct tg_table_entry *entry, struct tg_table_entry *copy)
{
	uint64_t state = __atomic_load_n(&entry->bucket.state, __ATOMIC_ACQUIRE);
	uint32_t limit_id = __atomic_load_n(&entry->key.limit_id, __ATOMIC_ACQUIRE);

	*copy = *entry;
	copy->bucket.state = state;
	return limit_id && copy->key.limit_id == limit_id && state != TG_BUCKET_DEAD;
}

/* Reads @n entries from @walk->next on. Returns what @each returned last, or -errno. */
static int step(struct tg_table_walk *walk, uint32_t n, tg_table_function *each, void *data)
{
	struct tg_table_entry entry;
	struct window window = {};
	uint32_t i;
	int result = open_window(walk->fd, walk->table.first_entry + walk->next, n, &window);

	if (result)
		return result;
	for (i = 0; i < n && !result; i++)
		if (read_entry(&window.lines[i].entry, &entry))
			result = each(data, walk->next + i, &entry);
	close_window(&window);
	walk->next += n;
	return result;
}

int tg_table_step(struct tg_table_walk *walk, tg_table_function *each, void *data)
{
	union tg_table_line line;
	uint32_t end, n;
	int result = read_line(walk->fd, 0, &line);

	if (result)
		return result;
	end = line.head.used < walk->table.size ? line.head.used : walk->table.size;
	n = end > walk->next ? end - walk->next : 0;
	if (!n)
		return 0;
	result = step(walk, n < TG_TABLE_STEP ? n : TG_TABLE_STEP, each, data);
	if (result)
		return result < 0 ? result : 0;
	return walk->next < end;
}

int tg_table_each(int fd, tg_table_function *each, void *data)
{
	tg_cleanup(tg_table_walk_free) struct tg_table_walk *walk = tg_table_walk_new(fd);
	int more = 1;

	if (!walk)
		return -ENOMEM;
	while (more > 0)
		more = tg_table_step(walk, each, data);
	return more;
}

/* Returns a free way, first one of those that the hash prefers; NULL if all are taken. */
static __u32 *find_free(struct tg_table_set *set, uint64_t hash)
{
	uint32_t i;

	for (i = 0; i < TG_TABLE_CHOICES; i++)
		if (!set->ways[tg_table_way_of(hash, i)])
			return &set->ways[tg_table_way_of(hash, i)];
	for (i = 0; i < TG_TABLE_WAYS; i++)
		if (!set->ways[i])
			return &set->ways[i];
	return NULL;
}

/* Puts @number into a way for @hash. False if the chain is full. Nobody else uses the table. */
static bool take_way(union tg_table_line *lines, const struct tg_table *table, uint64_t hash,
		     uint32_t number)
{
	uint32_t own = tg_table_set_of(table, hash), n;
	__u32 *way = NULL;

	for (n = 0; n < TG_TABLE_CHAIN && !way; n++)
		way = find_free(&lines[TG_TABLE_FIRST_SET + (own + n) % table->sets].set, hash);
	if (!way)
		return false;
	*way = tg_table_tag_of(hash) << TG_WAY_NUMBER_BITS | number;
	while (--n)
		lines[TG_TABLE_FIRST_SET + (own + n - 1) % table->sets].set.use += TG_SET_PASSED;
	return true;
}

struct copying {
	int from;
	const struct tg_table *from_table;
	union tg_table_line *to;
	const struct tg_table *table;
};

/* Copies what only buckets of shared limits have. */
static int copy_share(const struct copying *copying, uint32_t number, uint32_t to)
{
	const struct tg_table *table = copying->table;
	union tg_table_line line;
	int error =
		read_line(copying->from,
			  copying->from_table->first_share + number / TG_SHARES_PER_LINE, &line);

	if (!error)
		copying->to[table->first_share + to / TG_SHARES_PER_LINE]
			.shares[to % TG_SHARES_PER_LINE] = line.shares[number % TG_SHARES_PER_LINE];
	return error;
}

static int copy_entry(void *data, uint32_t number, const struct tg_table_entry *entry)
{
	const struct copying *copying = data;
	const struct tg_table *table = copying->table;
	struct tg_table_head *head = &copying->to[0].head;
	uint32_t slot = TG_LIMIT_SLOT(entry->key.limit_id);
	__u64 *quota = &copying->to[TG_TABLE_FIRST_QUOTA + slot / TG_QUOTAS_PER_LINE]
				.quotas[slot % TG_QUOTAS_PER_LINE];

	if (head->used >= table->size)
		return 1;
	if (tg_quota_take(quota, &head->open) != TG_QUOTA_TAKEN)
		return 0;
	if (!take_way(copying->to, table, tg_table_hash_of(table, &entry->key), head->used)) {
		tg_quota_give(quota, &head->open);
		return 0;
	}
	copying->to[table->first_entry + head->used].entry = *entry;
	return copy_share(copying, number, head->used++);
}

int tg_table_copy(int from, int to, const struct tg_table *table)
{
	tg_cleanup(tg_table_walk_free) struct tg_table_walk *walk = tg_table_walk_new(from);
	size_t bytes = (size_t)table->lines * sizeof(union tg_table_line);
	struct copying copying = {.from = from, .table = table};
	int more = 1;

	if (!walk)
		return -ENOMEM;
	copying.from_table = &walk->table;
	copying.to = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, to, 0);
	if (copying.to == MAP_FAILED)
		return -errno;
	while (more > 0)
		more = tg_table_step(walk, copy_entry, &copying);
	munmap(copying.to, bytes);
	return more;
}

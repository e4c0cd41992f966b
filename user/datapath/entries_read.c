// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the allow and deny lists: what is on them, and what decides about a source. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tidegate/lists.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "datapath/datapath_private.h"
#include "datapath/entries.h"
#include "datapath/entries_private.h"
#include "policy/compile.h"

int tg_entries_read(int fd, const struct tg_lpm_key *after, struct tg_entries_batch *batch)
{
	struct tg_lpm_key last;

	batch->n = TG_ENTRIES_BATCH;
	if (bpf_map_lookup_batch(fd, (void *)after, &last, batch->keys, batch->values, &batch->n,
				 NULL) == 0)
		return 1;
	return errno == ENOENT ? 0 : -errno;
}

/* Returns 1 and fills *@value if the map has the key, 0 if it has not, or -errno. */
static int look_up(int fd, const struct tg_lpm_key *key, void *value)
{
	if (bpf_map_lookup_elem(fd, key, value) == 0)
		return 1;
	return errno == ENOENT ? 0 : -errno;
}

int tg_entries_get(int fd, const struct tg_lpm_key *key, struct tg_entry *entry)
{
	struct tg_entry found;
	int there = look_up(fd, key, &found);

	/* The lookup finds shorter prefixes, too. */
	if (there != 1 || found.prefix_length != key->prefix_length)
		return there < 0 ? there : 0;
	*entry = found;
	return 1;
}

struct tg_lpm_key tg_lpm_key_of(const struct tg_prefix *prefix)
{
	struct tg_lpm_key key = {.prefix_length = prefix->length};

	memcpy(&key.address, prefix->address, sizeof(key.address));
	return key;
}

struct tg_prefix tg_lpm_prefix(const struct tg_lpm_key *key)
{
	struct tg_address mask = tg_address_mask(key->prefix_length), address = key->address;
	struct tg_prefix prefix = {.length = key->prefix_length};

	address.high &= mask.high;
	address.low &= mask.low;
	memcpy(prefix.address, &address, sizeof(prefix.address));
	return prefix;
}

int tg_lpm_compare(const struct tg_lpm_key *a, const struct tg_lpm_key *b)
{
	uint32_t common = a->prefix_length < b->prefix_length ? a->prefix_length : b->prefix_length;
	struct tg_lpm_key first = {common, a->address}, second = {common, b->address};
	struct tg_prefix one = tg_lpm_prefix(&first), other = tg_lpm_prefix(&second);
	int order = memcmp(one.address, other.address, sizeof(one.address));

	return order ? order : (int)b->prefix_length - (int)a->prefix_length;
}

static void view_configured(const struct tg_lpm_key *key, enum tg_list list,
			    struct tg_list_view *view)
{
	*view = (struct tg_list_view){
		.list = list, .prefix = tg_lpm_prefix(key), .left_ns = TG_NO_END};
}

static void view_entry(const struct tg_lpm_key *key, const struct tg_entry *entry,
		       enum tg_list list, uint64_t now, struct tg_list_view *view)
{
	const struct tg_listing *listing = list == TG_LIST_ALLOW ? &entry->allow : &entry->deny;

	*view = (struct tg_list_view){
		.list = list,
		.prefix = tg_lpm_prefix(key),
		.dynamic = true,
		.automatic = list == TG_LIST_DENY && entry->flags & TG_ENTRY_AUTO,
		.left_ns = listing->until == TG_NO_END ? TG_NO_END : listing->until - now,
		.added = listing->added,
	};
	memcpy(view->note, listing->note, sizeof(view->note));
}

/* A walk over the entries of one list. */
struct walk {
	enum tg_list list;
	struct tg_list_cursor *cursor;
	int (*each)(void *data, const struct tg_list_view *view);
	void *data;
	uint64_t now;
	bool skip; /* the entry at the cursor is gone: start over, skip up to `after` */
	struct tg_lpm_key after;
};

static int walk_batch(struct walk *walk, const struct tg_entries_batch *batch)
{
	const struct tg_listing *listing;
	struct tg_list_view view;
	int result = 0;
	uint32_t i;

	for (i = 0; i < batch->n && !result; i++) {
		if (walk->skip && tg_lpm_compare(&batch->keys[i], &walk->after) <= 0)
			continue;
		listing = walk->list == TG_LIST_ALLOW ? &batch->values[i].allow
						      : &batch->values[i].deny;
		walk->cursor->any = true;
		walk->cursor->after = tg_lpm_prefix(&batch->keys[i]);
		if (listing->until <= walk->now)
			continue;
		view_entry(&batch->keys[i], &batch->values[i], walk->list, walk->now, &view);
		result = walk->each(walk->data, &view);
	}
	return result;
}

static int each_entry(const struct tg_datapath *datapath, struct walk *walk)
{
	tg_autofree struct tg_entries_batch *batch = malloc(sizeof(*batch));
	int fd = tg_program_map_fd(datapath->program, TG_MAP_ENTRIES), more, result, there;
	struct tg_lpm_key at = walk->after;
	bool begun = walk->cursor->any;
	struct tg_entry entry;

	if (!batch)
		return -ENOMEM;
	there = begun ? tg_entries_get(fd, &at, &entry) : 1;
	if (there < 0)
		return there;
	if (!there) {
		walk->skip = true;
		begun = false;
	}
	do {
		more = tg_entries_read(fd, begun ? &at : NULL, batch);
		if (more < 0)
			return more;
		result = walk_batch(walk, batch);
		if (result)
			return result;
		if (batch->n)
			at = batch->keys[batch->n - 1];
		begun = true;
	} while (more && batch->n);
	return 0;
}

int tg_datapath_each_listed(const struct tg_datapath *datapath, enum tg_list list,
			    struct tg_list_cursor *cursor,
			    int (*each)(void *data, const struct tg_list_view *view), void *data)
{
	struct walk walk = {.list = list,
			    .cursor = cursor,
			    .each = each,
			    .data = data,
			    .now = tg_now_ns(),
			    .after = tg_lpm_key_of(&cursor->after)};
	const struct tg_prefix_list *configured =
		list == TG_LIST_ALLOW ? &datapath->config->allow : &datapath->config->deny;
	struct tg_list_view view;
	struct tg_lpm_key key;
	int result;

	while (cursor->configured < configured->n) {
		key = tg_lpm_key_of(&configured->items[cursor->configured++]);
		view_configured(&key, list, &view);
		result = each(data, &view);
		if (result)
			return result;
	}
	return each_entry(datapath, &walk);
}

/* The same rule as tg_list_holds() in the packet programs. */
static bool holds(const struct tg_prefix *address, uint32_t prefix_length)
{
	return !tg_prefix_is_ipv4(address) || prefix_length >= TG_IPV4_PREFIX_LENGTH;
}

static int find_configured(const struct tg_datapath *datapath, const struct tg_prefix *address,
			   struct tg_list_view *view)
{
	int fd = tg_program_map_fd(datapath->program, TG_MAP_LISTS);
	struct tg_lpm_key key = tg_lpm_key_of(address);
	struct tg_listed listed;
	int there = datapath->compiled->policy.has_lists ? look_up(fd, &key, &listed) : 0;

	if (there != 1 || !holds(address, listed.prefix_length))
		return there < 0 ? there : 0;
	key.prefix_length = listed.prefix_length;
	view_configured(&key, listed.list, view);
	return 0;
}

/* Looks behind more than TG_EXPIRED_MAX expired entries, because the daemon soon removes them. */
static int find_entry(const struct tg_datapath *datapath, const struct tg_prefix *address,
		      struct tg_list_view *view)
{
	int fd = tg_program_map_fd(datapath->program, TG_MAP_ENTRIES);
	uint64_t now = tg_now_ns();
	struct tg_lpm_key key = tg_lpm_key_of(address);
	struct tg_entry entry;
	enum tg_list list;
	int there;

	while ((there = look_up(fd, &key, &entry)) == 1) {
		if (!holds(address, entry.prefix_length))
			return 0;
		key.prefix_length = entry.prefix_length;
		list = tg_entry_list(&entry, now);
		if (list != TG_LIST_NEITHER)
			view_entry(&key, &entry, list, now, view);
		if (list != TG_LIST_NEITHER || !key.prefix_length)
			return 0;
		key.prefix_length--;
	}
	return there;
}

/* Each returns 1 or 0, or -errno. */

static int is_allowed_by_configuration(const struct tg_datapath *datapath, struct tg_lpm_key key,
				       bool exact)
{
	int fd = tg_program_map_fd(datapath->program, TG_MAP_LISTS);
	struct tg_prefix whole = tg_lpm_prefix(&key);
	struct tg_listed listed;
	int there;

	if (!datapath->compiled->policy.has_lists)
		return 0;
	while ((there = look_up(fd, &key, &listed)) == 1 && holds(&whole, listed.prefix_length) &&
	       (!exact || listed.prefix_length == whole.length)) {
		if (listed.list == TG_LIST_ALLOW)
			return 1;
		if (exact || !listed.prefix_length)
			return 0;
		key.prefix_length = listed.prefix_length - 1;
	}
	return there < 0 ? there : 0;
}

static int is_allowed_by_entry(const struct tg_datapath *datapath, struct tg_lpm_key key,
			       bool exact)
{
	int fd = tg_program_map_fd(datapath->program, TG_MAP_ENTRIES);
	struct tg_prefix whole = tg_lpm_prefix(&key);
	uint64_t now = tg_now_ns();
	struct tg_entry entry;
	int there;

	while ((there = look_up(fd, &key, &entry)) == 1 && holds(&whole, entry.prefix_length) &&
	       (!exact || entry.prefix_length == whole.length)) {
		if (entry.allow.until > now)
			return 1;
		if (exact || !entry.prefix_length)
			return 0;
		key.prefix_length = entry.prefix_length - 1;
	}
	return there < 0 ? there : 0;
}

int tg_entries_allowed(const struct tg_datapath *datapath, const struct tg_lpm_key *key, bool exact)
{
	int allowed = is_allowed_by_configuration(datapath, *key, exact);

	return allowed ? allowed : is_allowed_by_entry(datapath, *key, exact);
}

static struct tg_listed listed_of(const struct tg_list_view *view)
{
	return (struct tg_listed){.list = view->list, .prefix_length = view->prefix.length};
}

int tg_datapath_find_listed(const struct tg_datapath *datapath, const uint8_t address[16],
			    struct tg_list_view *view)
{
	struct tg_list_view configured = {.list = TG_LIST_NEITHER}, entry = configured;
	struct tg_prefix whole = {.length = 128};
	struct tg_listed a, b;
	int error;

	memcpy(whole.address, address, sizeof(whole.address));
	error = find_configured(datapath, &whole, &configured);
	if (!error)
		error = find_entry(datapath, &whole, &entry);
	if (error)
		return error;
	a = listed_of(&entry);
	b = listed_of(&configured);
	*view = tg_listed_decides(&a, &b) ? entry : configured;
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Adds, removes and expires allow and deny entries, and counts those of an earlier daemon. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tidegate/lists.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "datapath/datapath_private.h"
#include "datapath/entries.h"
#include "datapath/entries_private.h"
#include "base/log.h"
#include "datapath/map_pins.h"

/* Batches that a walk reads each second: 8,192 entries, a few milliseconds. */
#define BATCHES_A_SECOND 8

static int entries_fd(const struct tg_datapath *datapath)
{
	return tg_program_map_fd(datapath->program, TG_MAP_ENTRIES);
}

static struct tg_listing *listing_of(struct tg_entry *entry, enum tg_list list)
{
	return list == TG_LIST_ALLOW ? &entry->allow : &entry->deny;
}

int tg_entries_announce(const struct tg_program *program, uint32_t n)
{
	struct tg_entries_state state = {.layout = TG_ENTRIES_LAYOUT, .n = n};
	int fd = tg_program_map_fd(program, TG_MAP_ENTRIES_STATE);
	uint32_t zero = 0;

	return bpf_map_update_elem(fd, &zero, &state, BPF_ANY) ? -errno : 0;
}

static int announce(const struct tg_datapath *datapath, uint32_t n)
{
	return tg_entries_announce(datapath->program, n);
}

static uint64_t sooner(uint64_t end, const struct tg_listing *listing)
{
	return listing->until && listing->until < end ? listing->until : end;
}

static void note_ends(struct tg_entries *entries, const struct tg_entry *entry)
{
	entries->soonest = sooner(sooner(entries->soonest, &entry->allow), &entry->deny);
	entries->soonest_left = sooner(sooner(entries->soonest_left, &entry->allow), &entry->deny);
}

/* Returns 1 if the map has these sizes, 0 if not, or -errno. */
static int fits(int fd, uint32_t key_size, uint32_t value_size, uint32_t n)
{
	struct bpf_map_info info = {};
	uint32_t length = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &length))
		return -errno;
	return info.key_size == key_size && info.value_size == value_size && info.max_entries == n;
}

/* Returns 1 if both maps have the layout of this version, 0 if not, or -errno. */
static int layout_known(int entries, int states)
{
	struct tg_entries_state state;
	uint32_t zero = 0;
	int known =
		fits(entries, sizeof(struct tg_lpm_key), sizeof(struct tg_entry), TG_ENTRIES_MAX);

	if (known == 1)
		known = fits(states, sizeof(zero), sizeof(state), 1);
	if (known != 1)
		return known;
	if (bpf_map_lookup_elem(states, &zero, &state))
		return -errno;
	return state.layout == TG_ENTRIES_LAYOUT;
}

static int count(struct tg_entries *entries, int fd)
{
	tg_autofree struct tg_entries_batch *batch = malloc(sizeof(*batch));
	struct tg_lpm_key at;
	bool begun = false;
	uint32_t i;
	int more;

	if (!batch)
		return -ENOMEM;
	do {
		more = tg_entries_read(fd, begun ? &at : NULL, batch);
		if (more < 0)
			return more;
		for (i = 0; i < batch->n; i++) {
			note_ends(entries, &batch->values[i]);
			entries->automatic |= batch->values[i].flags & TG_ENTRY_AUTO;
		}
		entries->n += batch->n;
		if (batch->n)
			at = batch->keys[batch->n - 1];
		begun = true;
	} while (more && batch->n);
	return 0;
}

int tg_entries_adopt(struct tg_datapath *datapath, char *errmsg)
{
	tg_autoclose int entries = tg_map_pins_open(datapath, TG_MAP_ENTRIES);
	tg_autoclose int states = tg_map_pins_open(datapath, TG_MAP_ENTRIES_STATE);
	int error = entries < 0 ? entries : states < 0 ? states : 0, known = 0;

	*datapath->entries = (struct tg_entries){.soonest = TG_NO_END, .soonest_left = TG_NO_END};
	if (entries == -ENOENT && states == -ENOENT)
		return 0;
	if (!error)
		known = layout_known(entries, states);
	if (known < 0)
		error = known;
	if (known == 1)
		error = count(datapath->entries, entries);
	if (error && error != -ENOENT)
		return tg_error_set(errmsg, error,
				    "cannot read the allow and deny entries in %s: %s. What is "
				    "attached stays as it is",
				    datapath->state_dir, strerror(-error));
	if (known != 1) {
		tg_log(TG_LOG_WARNING,
		       "%s holds allow and deny entries of a layout that this version does not "
		       "know; they are given up once the policy is in force",
		       datapath->state_dir);
		return 0;
	}
	if (datapath->entries->n)
		tg_log(TG_LOG_INFO, "adopted %u allow and deny entries", datapath->entries->n);
	return 1;
}

/* Writes an entry back, or deletes it if it is on no list any more. */
static int store(struct tg_datapath *datapath, const struct tg_lpm_key *key,
		 const struct tg_entry *entry)
{
	if (entry->allow.until || entry->deny.until)
		return bpf_map_update_elem(entries_fd(datapath), key, entry, BPF_ANY) ? -errno : 0;
	if (bpf_map_delete_elem(entries_fd(datapath), key))
		return -errno;
	datapath->entries->n--;
	return 0;
}

/* Clears what has ended by @now. Returns true if anything had. */
static bool clear_ended(struct tg_entry *entry, uint64_t now)
{
	bool allow = entry->allow.until && entry->allow.until <= now;
	bool deny = entry->deny.until && entry->deny.until <= now;

	if (allow)
		memset(&entry->allow, 0, sizeof(entry->allow));
	if (deny) {
		memset(&entry->deny, 0, sizeof(entry->deny));
		entry->flags = 0;
	}
	return allow || deny;
}

/* Clears a deny entry of a program that the allow list outdoes. Returns 1 if it did, 0, or -errno.
 */
static int clear_outdone(const struct tg_datapath *datapath, const struct tg_lpm_key *key,
			 struct tg_entry *entry)
{
	int allowed = entry->flags & TG_ENTRY_AUTO ? tg_entries_allowed(datapath, key, false) : 0;

	if (allowed <= 0)
		return allowed;
	memset(&entry->deny, 0, sizeof(entry->deny));
	entry->flags = 0;
	return 1;
}

static int expire_batch(struct tg_datapath *datapath, struct tg_entries_batch *batch, uint64_t now)
{
	struct tg_entries *entries = datapath->entries;
	struct tg_entry *entry;
	uint32_t i;
	int error, more, outdone;
	bool ended;

	more = tg_entries_read(entries_fd(datapath), entries->begun ? &entries->at : NULL, batch);
	if (more < 0)
		return more;
	for (i = 0; i < batch->n; i++) {
		entry = &batch->values[i];
		ended = clear_ended(entry, now);
		outdone = clear_outdone(datapath, &batch->keys[i], entry);
		if (outdone < 0)
			return outdone;
		error = ended || outdone ? store(datapath, &batch->keys[i], entry) : 0;
		if (error)
			return error;
		if (!entry->allow.until && !entry->deny.until)
			continue; /* deleted, so the walk cannot go on from it */
		note_ends(entries, entry);
		entries->automatic_left |= entry->flags & TG_ENTRY_AUTO;
		entries->at = batch->keys[i];
		entries->begun = true;
	}
	if (more && batch->n)
		return 0;
	entries->walking = false;
	entries->soonest = entries->soonest_left;
	entries->automatic = entries->automatic_left;
	entries->heeded = entries->heeding;
	return 0;
}

static int expire(struct tg_datapath *datapath, int batches)
{
	tg_autofree struct tg_entries_batch *batch = malloc(sizeof(*batch));
	struct tg_entries *entries = datapath->entries;
	uint64_t now = tg_now_ns();
	int error = 0;

	if (!batch)
		return -ENOMEM;
	if (!entries->walking) {
		entries->walking = true;
		entries->begun = false;
		entries->soonest_left = TG_NO_END;
		entries->automatic_left = false;
		entries->heeding = datapath->compiled->policy.generation;
	}
	while (entries->walking && batches-- && !error)
		error = expire_batch(datapath, batch, now);
	if (!error)
		error = announce(datapath, entries->n);
	if (error)
		entries->walking = false; /* so that it begins anew in a second */
	return error;
}

static int expire_all(struct tg_datapath *datapath)
{
	datapath->entries->walking = false;
	return expire(datapath, TG_ENTRIES_MAX / TG_ENTRIES_BATCH + 1);
}

int tg_entries_expire(struct tg_datapath *datapath)
{
	const struct tg_entries *entries = datapath->entries;
	bool heed = entries->automatic && entries->heeded != datapath->compiled->policy.generation;
	int error;

	if (!heed && !entries->walking && entries->soonest > tg_now_ns())
		return 0;
	error = heed ? expire_all(datapath) : expire(datapath, BATCHES_A_SECOND);
	return error ? tg_log_errno(error, "cannot take expired entries out") : 0;
}

/* Stores a new entry. If the map is full, removes expired entries and tries once more. */
static int store_new(struct tg_datapath *datapath, const struct tg_lpm_key *key,
		     const struct tg_entry *entry)
{
	int error = store(datapath, key, entry);

	if (error != -ENOSPC || datapath->entries->soonest > tg_now_ns())
		return error;
	error = expire_all(datapath);
	return error ? error : store(datapath, key, entry);
}

struct addition {
	struct tg_datapath *datapath;
	enum tg_list list;
	bool automatic;
	uint64_t now;
	struct tg_entries_added *added;
};

/* Returns 0, 1 if the entry is not to be added, or -errno. */
static int may_add(const struct addition *addition, const struct tg_lpm_key *key,
		   const struct tg_prefix *prefix, const struct tg_entry *entry)
{
	struct tg_entries_added *added = addition->added;
	int allowed;

	if (addition->list == TG_LIST_ALLOW)
		return 0;
	allowed = tg_entries_allowed(addition->datapath, key, !addition->automatic);
	if (allowed < 0)
		return allowed;
	if (allowed) {
		if (!added->outdone++)
			added->first_outdone = *prefix;
		return 1;
	}
	if (!addition->automatic || !entry->deny.until || entry->flags & TG_ENTRY_AUTO)
		return 0;
	added->kept++;
	return 1;
}

static int add(const struct addition *addition, const struct tg_entry_wish *wish)
{
	struct tg_listing listing = {.until = TG_NO_END, .added = time(NULL)};
	struct tg_lpm_key key = tg_lpm_key_of(&wish->prefix);
	struct tg_datapath *datapath = addition->datapath;
	struct tg_entry entry = {.prefix_length = wish->prefix.length};
	int there = tg_entries_get(entries_fd(datapath), &key, &entry), error;
	bool again;

	if (there < 0)
		return there;
	clear_ended(&entry, addition->now);
	error = may_add(addition, &key, &wish->prefix, &entry);
	if (error)
		return error < 0 ? error : 0;
	if (wish->for_ns != TG_NO_END)
		listing.until = addition->now + wish->for_ns;
	snprintf(listing.note, sizeof(listing.note), "%s", wish->note ? wish->note : "");
	again = listing_of(&entry, addition->list)->until;
	*listing_of(&entry, addition->list) = listing;
	if (addition->list == TG_LIST_DENY)
		entry.flags = addition->automatic ? TG_ENTRY_AUTO : 0;
	error = there ? store(datapath, &key, &entry) : store_new(datapath, &key, &entry);
	if (error)
		return error;
	datapath->entries->n += !there;
	note_ends(datapath->entries, &entry);
	addition->added->replaced += again;
	addition->added->added += !again;
	return 0;
}

int tg_datapath_add_entries(struct tg_datapath *datapath, enum tg_list list, bool automatic,
			    const struct tg_entry_wish *wishes, size_t n,
			    struct tg_entries_added *added)
{
	const struct addition addition = {.datapath = datapath,
					  .list = list,
					  .automatic = automatic,
					  .now = tg_now_ns(),
					  .added = added};
	int error, announced;
	size_t i;

	*added = (struct tg_entries_added){};
	datapath->entries->automatic |= automatic;
	datapath->entries->automatic_left |= automatic;
	/* The bound rises first, so that each entry holds from the moment it is in the map. */
	error = announce(datapath, datapath->entries->n + n);
	for (i = 0; !error && i < n; i++)
		error = add(&addition, &wishes[i]);
	if (!error && list == TG_LIST_ALLOW && datapath->entries->automatic)
		error = expire_all(datapath);
	announced = announce(datapath, datapath->entries->n);
	return error ? error : announced;
}

/* Returns 1 when the prefix is not on the list. */
static int take_off(struct tg_datapath *datapath, enum tg_list list, const struct tg_prefix *prefix)
{
	struct tg_lpm_key key = tg_lpm_key_of(prefix);
	struct tg_listing *listing;
	struct tg_entry entry;
	int found = tg_entries_get(entries_fd(datapath), &key, &entry), error;
	bool there;

	if (found != 1)
		return found < 0 ? found : 1;
	clear_ended(&entry, tg_now_ns());
	listing = listing_of(&entry, list);
	there = listing->until;
	memset(listing, 0, sizeof(*listing));
	if (list == TG_LIST_DENY)
		entry.flags = 0;
	error = store(datapath, &key, &entry);
	return error ? error : !there;
}

int tg_datapath_remove_entries(struct tg_datapath *datapath, enum tg_list list,
			       const struct tg_prefix_list *prefixes,
			       struct tg_prefix_list *missing)
{
	int error = 0, announced;
	size_t i;

	for (i = 0; i < prefixes->n && error >= 0; i++) {
		error = take_off(datapath, list, &prefixes->items[i]);
		if (error == 1)
			error = tg_prefix_list_add(missing, &prefixes->items[i]);
	}
	announced = announce(datapath, datapath->entries->n);
	return error ? error : announced;
}

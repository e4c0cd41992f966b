// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads a datapath for reports: counters, all buckets, and the buckets of one source or key. */
#include <bpf/bpf.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tidegate/bucket_key.h>
#include <tidegate/keyed_hash.h>
#include <tidegate/name_hash.h>

#include "attach/attach.h"
#include "datapath/attachments.h"
#include "datapath/bucket_view.h"
#include "base/cleanup.h"
#include "config/names.h"
#include "config/table_parts.h"
#include "datapath/datapath.h"
#include "datapath/counters.h"
#include "datapath/datapath_private.h"
#include "datapath/room.h"
#include "kernel/admission.h"
#include "attach/fq.h"
#include "kernel/bucket_table.h"
#include "base/text.h"

static int read_interface(struct tg_datapath *datapath, const struct tg_attachment *attachment,
			  bool installed, int counters, struct tg_interface_stats *stats)
{
	const struct tg_dispatch *dispatch =
		&datapath->dispatch[attachment->header][attachment->hook];

	memcpy(stats->name, attachment->name, sizeof(stats->name));
	tg_text_force_printable(stats->name); /* the kernel allows any bytes */
	stats->ifindex = attachment->ifindex;
	stats->hook = tg_hook_name(attachment->hook);
	stats->mode = tg_mode_name(attachment->mode);
	stats->leaving = attachment->leaving;
	stats->header = tg_header_name(attachment->header);
	stats->healthy = tg_attach_healthy(attachment, dispatch->id) && installed &&
			 (!tg_attachments_delay(datapath->config, attachment) ||
			  tg_fq_is_fair(attachment->ifindex));
	return tg_program_sum(counters, attachment->counters, stats->packets,
			      sizeof(stats->packets));
}

static int read_interfaces(struct tg_datapath *datapath, struct tg_stats *stats)
{
	int counters = tg_program_map_fd(datapath->program, TG_MAP_INTERFACE_COUNTERS), hook,
	    header, error;
	const struct tg_attachment *attachment;
	bool installed[TG_HEADERS][TG_HOOKS];
	size_t i;

	for (hook = 0; hook < TG_HOOKS; hook++)
		for (header = 0; header < TG_HEADERS; header++)
			installed[header][hook] = tg_program_installed(
				datapath->program, datapath->bank, hook, header);
	for (i = 0; i < datapath->attachments_n; i++) {
		attachment = &datapath->attachments[i];
		error = read_interface(datapath, attachment,
				       installed[attachment->header][attachment->hook], counters,
				       &stats->interfaces[i]);
		if (error)
			return error;
		stats->interfaces_n++;
	}
	return 0;
}

static void read_room(const struct tg_datapath *datapath, const struct tg_table_usage *usage,
		      size_t index, struct tg_limit_stats *out)
{
	uint64_t quota = usage->quotas[datapath->compiled->slots[index]];

	out->buckets = TG_QUOTA_HELD(quota);
	out->reserved = TG_QUOTA_RESERVED(quota);
	out->room = tg_quota_room(quota, usage->open);
	out->has_one_bucket = tg_config_has_one_bucket(&datapath->config->limits[index]);
	out->full = !out->room && !out->has_one_bucket;
}

static int read_limits(struct tg_datapath *datapath, struct tg_stats *stats)
{
	const struct tg_config_limit *limit;
	struct tg_table_usage usage;
	struct tg_limit_stats *out;
	size_t i;
	int error = tg_room_read(datapath, &usage);

	if (error)
		return error;
	stats->buckets = tg_table_used(&usage);
	stats->undivided = datapath->undivided;
	for (i = 0; i < datapath->config->limits_n; i++) {
		limit = &datapath->config->limits[i];
		out = &stats->limits[i];
		memcpy(out->name, limit->name, sizeof(out->name));
		out->unit = limit->unit;
		out->refill = limit->refill;
		out->action = limit->action;
		out->shadow = limit->shadow;
		out->shared = limit->shared;
		out->mark_above = limit->mark_above;
		out->max_delay = limit->max_delay;
		out->new_sources = limit->new_sources;
		error = tg_datapath_limit_counters(datapath, datapath->compiled->slots[i],
						   &out->counters);
		if (error)
			return error;
		read_room(datapath, &usage, i, out);
		stats->reserved += out->reserved;
		stats->full |= out->full;
		stats->limits_n++;
	}
	return 0;
}

int tg_datapath_stats(struct tg_datapath *datapath, struct tg_stats **stats)
{
	tg_cleanup(tg_stats_free) struct tg_stats *made = calloc(1, sizeof(*made));
	int error;

	if (!made)
		return -ENOMEM;
	/* One more, because calloc(0) may return NULL. */
	made->interfaces = calloc(datapath->attachments_n + 1, sizeof(*made->interfaces));
	made->limits = calloc(datapath->config->limits_n + 1, sizeof(*made->limits));
	if (!made->interfaces || !made->limits ||
	    tg_missing_copy(&datapath->missing, &made->missing))
		return -ENOMEM;
	memcpy(made->unlisted, datapath->unlisted, sizeof(made->unlisted));
	made->generation = tg_datapath_generation(datapath);
	made->table_size = datapath->table_size;
	error = read_interfaces(datapath, made);
	if (!error)
		error = read_limits(datapath, made);
	if (error)
		return error;
	*stats = TAKE_PTR(made);
	return 0;
}

static int prefix_length(const struct tg_config_limit *limit, const uint8_t address[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (limit->per == TG_CONFIG_PER_EVERYONE)
		return 0;
	if (limit->per == TG_CONFIG_PER_KEY)
		return 128;
	return memcmp(address, mapped, sizeof(mapped)) == 0 ? 96 + limit->prefix4 : limit->prefix6;
}

static void start_view(const struct tg_config_limit *limit, const uint8_t address[16],
		       struct tg_bucket_view *view)
{
	struct tg_address mask, *masked = (struct tg_address *)view->bucket.address;

	memset(view, 0, sizeof(*view));
	view->limit = limit->name;
	view->per = limit->per;
	view->unit = limit->unit;
	view->shadow = limit->shadow;
	view->backoff_max = limit->backoff.initial && !limit->shadow ? limit->backoff.max : 0;
	view->port = view->protocol = -1;
	view->bucket.length = prefix_length(limit, address);
	mask = tg_address_mask(view->bucket.length);
	memcpy(view->bucket.address, address, sizeof(view->bucket.address));
	masked->high &= mask.high;
	masked->low &= mask.low;
}

struct tg_bucket_walk {
	struct tg_table_walk *table;
	uint32_t generation;
};

/* One step of a walk. */
struct bucket_step {
	const struct tg_datapath *datapath;
	int (*each)(void *data, const struct tg_bucket_view *view);
	void *data;
};

/* Returns the configured limit with that id, or NULL if it is not in force any more. */
static const struct tg_config_limit *limit_of(const struct tg_datapath *datapath, uint32_t id)
{
	uint32_t slot = TG_LIMIT_SLOT(id);
	size_t i;

	if (datapath->records[slot].id != id)
		return NULL;
	for (i = 0; i < datapath->config->limits_n; i++)
		if (datapath->compiled->slots[i] == slot)
			return &datapath->config->limits[i];
	return NULL;
}

static int walk_bucket(void *data, uint32_t number, const struct tg_table_entry *entry)
{
	const struct bucket_step *step = data;
	const struct tg_bucket_key *key = &entry->key;
	const struct tg_config_limit *limit = limit_of(step->datapath, key->limit_id);
	struct tg_bucket_view view;

	if (!limit)
		return 0;
	start_view(limit, (const uint8_t *)&key->address, &view);
	if (limit->per_port)
		view.port = be16toh(key->port);
	if (limit->per_protocol)
		view.protocol = key->protocol;
	tg_bucket_measure(&step->datapath->records[TG_LIMIT_SLOT(key->limit_id)], &entry->bucket,
			  step->datapath->tick, &view);
	return step->each(step->data, &view);
}

struct tg_bucket_walk *tg_datapath_walk_new(struct tg_datapath *datapath)
{
	struct tg_bucket_walk *walk = calloc(1, sizeof(*walk));

	if (walk)
		walk->table =
			tg_table_walk_new(tg_program_map_fd(datapath->program, TG_MAP_BUCKETS));
	if (!walk || !walk->table) {
		free(walk);
		return NULL;
	}
	walk->generation = tg_datapath_generation(datapath);
	return walk;
}

void tg_datapath_walk_free(struct tg_bucket_walk **walk)
{
	if (!*walk)
		return;
	tg_table_walk_free(&(*walk)->table);
	free(*walk);
	*walk = NULL;
}

int tg_datapath_walk_step(struct tg_datapath *datapath, struct tg_bucket_walk *walk,
			  int (*each)(void *data, const struct tg_bucket_view *view), void *data)
{
	struct bucket_step step = {datapath, each, data};

	if (walk->generation != tg_datapath_generation(datapath))
		return -ESTALE;
	return tg_table_step(walk->table, walk_bucket, &step);
}

/*
 * Reads the overflow bucket of a source that has none of its own. Returns 1, 0 if the source would
 * get one of its own, or -errno.
 */
static int find_overflow(const struct tg_datapath *datapath, const struct tg_bucket_key *key,
			 struct tg_bucket *bucket)
{
	uint32_t slot = TG_LIMIT_SLOT(key->limit_id);
	uint32_t index =
		tg_overflow_index(datapath->meta.hash_key, key->limit_id,
				  tg_table_hash_of(&datapath->compiled->policy.table, key));
	struct tg_table_usage usage;
	int open = tg_room_read(datapath, &usage);

	if (!open && tg_quota_room(usage.quotas[slot], usage.open))
		open = tg_admission_is_open(tg_program_map_fd(datapath->program, TG_MAP_ADMISSION),
					    datapath->bank, slot);
	if (open)
		return open < 0 ? open : 0;
	return bpf_map_lookup_elem(tg_program_map_fd(datapath->program, TG_MAP_OVERFLOW), &index,
				   bucket)
		       ? -errno
		       : 1;
}

static int view_limit(const struct tg_datapath *datapath, size_t index, const uint8_t address[16],
		      struct tg_bucket_view *view)
{
	const struct tg_config_limit *limit = &datapath->config->limits[index];
	uint32_t slot = datapath->compiled->slots[index];
	const struct tg_limit_record *record = &datapath->records[slot];
	struct tg_address masked;
	struct tg_bucket_key key;
	struct tg_bucket bucket = {};
	struct tg_table_entry entry;
	int found, overflow = 0;

	start_view(limit, address, view);
	memcpy(&masked, view->bucket.address, sizeof(masked));
	tg_whole_key(&key, &datapath->compiled->policy.limits[slot], &masked,
		     tg_prefix_is_ipv4(&view->bucket));
	found = tg_table_lookup(tg_program_map_fd(datapath->program, TG_MAP_BUCKETS),
				&datapath->compiled->policy.table, &key, &entry);
	if (found < 0 && found != -ENOENT)
		return found;
	if (found >= 0)
		bucket = entry.bucket;
	else
		overflow = find_overflow(datapath, &key, &bucket);
	if (overflow < 0)
		return overflow;
	view->overflow = overflow;
	if (found < 0 && !overflow)
		bucket.state =
			tg_bucket_full_state(&record->rates[record->version], record->version);
	tg_bucket_measure(record, &bucket, datapath->tick, view);
	if (found < 0)
		view->state = TG_BUCKET_UNTRACKED;
	return 0;
}

/* True if the limit charges packets of a source by that source, or of everyone. */
static bool is_of_source(const struct tg_config_limit *limit)
{
	return limit->per == TG_CONFIG_PER_SOURCE || limit->per == TG_CONFIG_PER_EVERYONE;
}

int tg_datapath_why_take(const struct tg_datapath *datapath, const uint8_t address[16],
			 const struct tg_bucket_view *view, struct tg_bucket_view *views, size_t *n)
{
	const struct tg_config_limit *limit;
	struct tg_bucket_view expected;

	if (view->port < 0 && view->protocol < 0)
		return 0;
	limit = tg_config_find_limit(datapath->config, view->limit);
	if (!limit || !is_of_source(limit) || !tg_addresses_hold(&limit->match->source, address))
		return 0;
	start_view(limit, address, &expected);
	if (memcmp(&expected.bucket, &view->bucket, sizeof(expected.bucket)) != 0)
		return 0;
	if (*n < TG_VIEWS_MAX)
		views[(*n)++] = *view;
	return *n == TG_VIEWS_MAX;
}

int tg_datapath_why(const struct tg_datapath *datapath, const uint8_t address[16],
		    struct tg_bucket_view *views, size_t *n, struct tg_list_view *list)
{
	const struct tg_config_limit *limit;
	bool keyed = false;
	size_t i;
	int error = 0;

	*n = 0;
	for (i = 0; i < datapath->config->limits_n && !error; i++) {
		limit = &datapath->config->limits[i];
		if (limit->per_port || limit->per_protocol)
			keyed = true;
		else if (is_of_source(limit) && tg_addresses_hold(&limit->match->source, address))
			error = view_limit(datapath, i, address, &views[(*n)++]);
	}
	if (!error)
		error = tg_datapath_find_listed(datapath, address, list);
	return error ? error : keyed;
}

int tg_datapath_why_key(const struct tg_datapath *datapath, const char *key,
			struct tg_bucket_view *views, size_t *n)
{
	struct tg_address hash =
		tg_name_hash(datapath->compiled->policy.name_key, key, strlen(key));
	size_t i;
	int error = 0;

	*n = 0;
	for (i = 0; i < datapath->config->limits_n && !error; i++)
		if (datapath->config->limits[i].per == TG_CONFIG_PER_KEY)
			error = view_limit(datapath, i, (const uint8_t *)&hash, &views[(*n)++]);
	return error;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "buckets.h"
#include "cleanup.h"
#include "clock.h"
#include "datapath_private.h"
#include "log.h"
#include "state_dir.h"

#define PROGRAM_PIN	 "program"
#define NEXT_BUCKETS_PIN "buckets_next"

static int open_pin(const struct tg_datapath *datapath, const char *pin)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", datapath->state_dir, pin);
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

static void forget_maps(const struct tg_datapath *datapath)
{
	int map;

	for (map = 0; map < TG_MAPS_KEPT; map++)
		tg_state_dir_unlink(datapath->state_dir, tg_map_names[map]);
	tg_state_dir_unlink(datapath->state_dir, NEXT_BUCKETS_PIN);
}

static bool map_has(int fd, uint32_t key_size, uint32_t value_size, uint32_t *entries)
{
	struct bpf_map_info info = {};
	uint32_t length = sizeof(info);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &length))
		return false;
	*entries = info.max_entries;
	return info.key_size == key_size && info.value_size == value_size;
}

static bool read_kept(struct tg_datapath *datapath)
{
	tg_autoclose int meta = open_pin(datapath, tg_map_names[TG_MAP_META]);
	tg_autoclose int records = open_pin(datapath, tg_map_names[TG_MAP_RECORDS]);
	tg_autoclose int buckets = open_pin(datapath, tg_map_names[TG_MAP_BUCKETS]);
	uint32_t zero = 0, slot, entries;

	if (!map_has(meta, 4, sizeof(struct tg_meta), &entries) ||
	    bpf_map_lookup_elem(meta, &zero, &datapath->meta) ||
	    datapath->meta.abi_version != TG_ABI_VERSION)
		return false;
	if (!map_has(records, 4, sizeof(struct tg_limit_record), &entries) ||
	    entries != TG_LIMITS_MAX)
		return false;
	for (slot = 0; slot < TG_LIMITS_MAX; slot++)
		if (bpf_map_lookup_elem(records, &slot, &datapath->records[slot]))
			return false;
	return map_has(buckets, sizeof(struct tg_bucket_key), sizeof(struct tg_bucket),
		       &datapath->table_size);
}

static void start_afresh(struct tg_datapath *datapath)
{
	datapath->table_size = 0;
	memset(datapath->records, 0, sizeof(datapath->records));
	datapath->meta = (struct tg_meta){.abi_version = TG_ABI_VERSION, .next_serial = 1};
	if (getrandom(datapath->meta.hash_key, sizeof(datapath->meta.hash_key), 0) < 0)
		datapath->meta.hash_key[0] = tg_clock_read(TG_CLOCK_PRECISE);
}

static void adopt_maps(struct tg_datapath *datapath)
{
	int meta = open_pin(datapath, tg_map_names[TG_MAP_META]);
	bool found = meta >= 0;

	if (found)
		close(meta);
	if (read_kept(datapath))
		return;
	if (found)
		tg_log(TG_LOG_WARNING,
		       "%s holds maps of a layout that this version does not know; "
		       "they are replaced and buckets start full",
		       datapath->state_dir);
	forget_maps(datapath);
	start_afresh(datapath);
}

static void adopt_link(void *data, const char *pin)
{
	struct tg_datapath *datapath = data;
	struct tg_attachment attachment;

	if (datapath->attachments_n == TG_ATTACHMENTS_MAX - 1)
		return;
	if (tg_attach_adopt(&attachment, datapath->state_dir, pin) == 0)
		datapath->attachments[datapath->attachments_n++] = attachment;
}

/* The places in the interface counters that adopted links have; needs the map. */
static void adopt_counters(struct tg_datapath *datapath)
{
	tg_autoclose int fd = open_pin(datapath, tg_map_names[TG_MAP_ATTACHMENTS]);
	uint32_t index;
	size_t i;

	for (i = 0; i < datapath->attachments_n && fd >= 0; i++) {
		index = datapath->attachments[i].ifindex % TG_IFINDEX_SLOTS;
		bpf_map_lookup_elem(fd, &index, &datapath->attachments[i].counters);
	}
}

int tg_datapath_open(const char *state_dir, struct tg_datapath **datapath, char *message)
{
	tg_cleanup(tg_datapath_close) struct tg_datapath *made = calloc(1, sizeof(*made));

	if (!made)
		return tg_refuse(message, ENOMEM, "out of memory");
	made->lock = made->adopted_program = -1;
	made->tick = tg_clock_tick();
	made->state_dir = strdup(state_dir);
	if (!made->state_dir)
		return tg_refuse(message, ENOMEM, "out of memory");
	made->lock = tg_state_dir_open(state_dir, message);
	if (made->lock < 0)
		return made->lock;
	adopt_maps(made);
	tg_state_dir_each(state_dir, TG_LINK_PIN_PREFIX, adopt_link, made);
	adopt_counters(made);
	made->adopted_program = open_pin(made, PROGRAM_PIN);
	if (made->attachments_n)
		tg_log(TG_LOG_INFO, "adopted %zu link(s) of generation %u from %s",
		       made->attachments_n, made->meta.generation, state_dir);
	*datapath = TAKE_PTR(made);
	return 0;
}

/* A publish under way. What it has done is undone unless it is committed. */
struct publish {
	struct tg_datapath *datapath;
	const struct tg_config *config;
	struct tg_compiled *compiled;
	struct tg_program *program;
	bool resized; /* the new table waits under NEXT_BUCKETS_PIN */
	struct tg_attachment attachments[TG_ATTACHMENTS_MAX - 1];
	size_t attachments_n;
	size_t updated; /* how many of the attachments run the new program */
	bool created[TG_ATTACHMENTS_MAX - 1];
	bool live; /* some packet may have seen the new program */
	bool committed;
};

static int write_records(const struct tg_program *program, const struct tg_limit_record *records)
{
	int fd = tg_program_map_fd(program, TG_MAP_RECORDS);
	uint32_t slot;

	for (slot = 0; slot < TG_LIMITS_MAX; slot++)
		if (bpf_map_update_elem(fd, &slot, &records[slot], BPF_ANY))
			return -errno;
	return 0;
}

static int old_program(const struct tg_datapath *datapath)
{
	return datapath->program ? tg_program_xdp_fd(datapath->program) : datapath->adopted_program;
}

/*
 * Back to the old versions. The new rates stay in their places, since buckets that the new
 * program has charged are counted in them until the sweep has converted them back.
 */
static void restore_records(struct publish *publish)
{
	struct tg_limit_record *old = publish->datapath->records;
	const struct tg_limit_record *new = publish->compiled->records;
	struct tg_sweep sweep = {};
	uint32_t slot;

	for (slot = 0; slot < TG_LIMITS_MAX; slot++)
		if (old[slot].name[0] && old[slot].id == new[slot].id)
			memcpy(old[slot].rates, new[slot].rates, sizeof(old[slot].rates));
	write_records(publish->program, old);
	if (publish->live)
		tg_program_sweep(publish->program, &sweep);
}

/* Links first, then what the old generation's programs read. */
static void undo(struct publish *publish)
{
	struct tg_datapath *datapath = publish->datapath;
	char message[TG_MESSAGE_SIZE];
	size_t i;

	for (i = 0; i < publish->updated; i++) {
		if (publish->created[i])
			tg_attach_remove(&publish->attachments[i], datapath->state_dir);
		else if (tg_attach_update(&publish->attachments[i], old_program(datapath), message))
			tg_log(TG_LOG_ERROR, "going back: %s", message);
	}
	if (publish->program)
		restore_records(publish);
	if (publish->resized)
		tg_state_dir_unlink(datapath->state_dir, NEXT_BUCKETS_PIN);
	if (!datapath->program && !datapath->attachments_n && !datapath->meta.generation)
		forget_maps(datapath);
}

static void publish_end(struct publish *publish)
{
	if (!publish->committed)
		undo(publish);
	tg_compiled_free(&publish->compiled);
	tg_program_free(&publish->program);
}

static bool counters_taken(const struct tg_attachment *attachments, size_t n, uint32_t place)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (attachments[i].counters == place)
			return true;
	return false;
}

static uint32_t free_counters(const struct publish *publish)
{
	const struct tg_datapath *datapath = publish->datapath;
	uint32_t place;

	for (place = 1; place < TG_ATTACHMENTS_MAX; place++)
		if (!counters_taken(publish->attachments, publish->attachments_n, place) &&
		    !counters_taken(datapath->attachments, datapath->attachments_n, place))
			return place;
	return 0;
}

static int zero_per_cpu(int fd, uint32_t index, size_t size)
{
	tg_autofree void *zeros = calloc(libbpf_num_possible_cpus(), size);

	if (!zeros)
		return -ENOMEM;
	return bpf_map_update_elem(fd, &index, zeros, BPF_ANY) ? -errno : 0;
}

static int give_counters(struct publish *publish, struct tg_attachment *attachment, char *message)
{
	int counters = tg_program_map_fd(publish->program, TG_MAP_INTERFACE_COUNTERS);
	int places = tg_program_map_fd(publish->program, TG_MAP_ATTACHMENTS);
	uint32_t index = attachment->ifindex % TG_IFINDEX_SLOTS;

	if (attachment->counters)
		return 0;
	attachment->counters = free_counters(publish);
	if (zero_per_cpu(counters, attachment->counters, sizeof(struct tg_interface_counters)) ||
	    bpf_map_update_elem(places, &index, &attachment->counters, BPF_ANY))
		return tg_refuse(message, errno, "cannot prepare the counters of %s: %s",
				 attachment->name, strerror(errno));
	return 0;
}

static bool mode_fits(const struct tg_attachment *attachment, enum tg_xdp_mode mode)
{
	return mode == TG_XDP_AUTO || attachment->native == (mode == TG_XDP_NATIVE);
}

static struct tg_attachment *find_live(struct tg_datapath *datapath, unsigned int ifindex)
{
	size_t i;

	for (i = 0; i < datapath->attachments_n; i++)
		if (datapath->attachments[i].ifindex == ifindex)
			return &datapath->attachments[i];
	return NULL;
}

/* A link cannot change its mode: with a new one there is a moment without a program. */
static int reattach_in_mode(struct publish *publish, struct tg_attachment *live, char *message)
{
	return tg_refuse(
		message, EINVAL,
		"%s runs in %s mode, and a change of xdp_mode would leave it without a "
		"program for a moment; take it out of the configuration first, then add it again",
		live->name, live->native ? "native" : "generic");
}

static int attach_one(struct publish *publish, const struct tg_config_interface *interface,
		      char *message)
{
	size_t n = publish->attachments_n;
	struct tg_attachment *attachment = &publish->attachments[n], *live;
	int error, program = tg_program_xdp_fd(publish->program);

	*attachment =
		(struct tg_attachment){.ifindex = if_nametoindex(interface->name), .link = -1};
	if (!attachment->ifindex)
		return tg_refuse(message, ENODEV, "there is no interface %s", interface->name);
	live = find_live(publish->datapath, attachment->ifindex);
	if (live && !mode_fits(live, interface->xdp_mode))
		return reattach_in_mode(publish, live, message);
	if (live)
		*attachment = *live;
	memcpy(attachment->name, interface->name, sizeof(attachment->name));
	error = give_counters(publish, attachment, message);
	if (error)
		return error;
	publish->created[n] = !live;
	publish->live = true;
	error = live ? tg_attach_update(attachment, program, message)
		     : tg_attach(attachment, publish->datapath->state_dir, program,
				 interface->xdp_mode, message);
	if (error)
		return error;
	publish->updated = ++publish->attachments_n;
	return 0;
}

/* New limits start with counters of zero and full shared buckets. */
static int clear_fresh(const struct publish *publish)
{
	int overflow = tg_program_map_fd(publish->program, TG_MAP_OVERFLOW);
	int counters = tg_program_map_fd(publish->program, TG_MAP_LIMIT_COUNTERS);
	struct tg_bucket full = {};
	uint32_t slot, i, index;
	const struct tg_rate *rate;

	for (slot = 0; slot < TG_LIMITS_MAX; slot++) {
		if (!(publish->compiled->fresh >> slot & 1))
			continue;
		rate = &publish->compiled->records[slot].rates[0];
		full.state = tg_bucket_full_state(rate, 0);
		for (i = 0; i < TG_OVERFLOW_PER_LIMIT; i++) {
			index = slot * TG_OVERFLOW_PER_LIMIT + i;
			if (bpf_map_update_elem(overflow, &index, &full, BPF_ANY))
				return -errno;
		}
		if (zero_per_cpu(counters, slot, sizeof(struct tg_limit_counters)))
			return -errno;
	}
	return 0;
}

static int write_meta(const struct tg_program *program, const struct tg_meta *meta)
{
	uint32_t zero = 0;

	return bpf_map_update_elem(tg_program_map_fd(program, TG_MAP_META), &zero, meta, BPF_ANY)
		       ? -errno
		       : 0;
}

/* Everything that must stand before the first packet meets the new program. */
static int prepare(struct publish *publish, char *message)
{
	struct tg_datapath *datapath = publish->datapath;
	struct tg_meta meta = datapath->meta;
	tg_autoclose int old_buckets = -1;
	int error;

	/* A daemon that died half-way may have left buckets of two versions. */
	if (!datapath->program && datapath->table_size)
		tg_program_sweep(publish->program, &(struct tg_sweep){});
	meta.next_serial = publish->compiled->next_serial;
	error = write_meta(publish->program, &meta);
	if (!error)
		error = clear_fresh(publish);
	if (!error)
		error = write_records(publish->program, publish->compiled->records);
	if (!error && publish->resized) {
		old_buckets = open_pin(datapath, tg_map_names[TG_MAP_BUCKETS]);
		error = tg_buckets_copy(old_buckets,
					tg_program_map_fd(publish->program, TG_MAP_BUCKETS));
	}
	return error ? tg_refuse(message, error, "cannot prepare the maps: %s", strerror(-error))
		     : 0;
}

static int load(struct publish *publish, char *message)
{
	struct tg_datapath *datapath = publish->datapath;
	uint32_t size = publish->config->table_size;
	int error;

	error = tg_policy_compile(publish->config, datapath->records, &datapath->meta,
				  datapath->tick, &publish->compiled);
	if (error)
		return tg_refuse(message, error, "cannot compile the policy: %s", strerror(-error));
	publish->resized = datapath->table_size && datapath->table_size != size;
	if (publish->resized)
		tg_state_dir_unlink(datapath->state_dir, NEXT_BUCKETS_PIN);
	return tg_program_load(datapath->state_dir,
			       publish->resized ? NEXT_BUCKETS_PIN : tg_map_names[TG_MAP_BUCKETS],
			       size, publish->compiled, &publish->program, message);
}

/* Interfaces that the new configuration no longer names. */
static void drop_unwanted(struct publish *publish)
{
	struct tg_datapath *datapath = publish->datapath;
	size_t i, j;

	for (i = 0; i < datapath->attachments_n; i++) {
		for (j = 0; j < publish->attachments_n; j++)
			if (publish->attachments[j].ifindex == datapath->attachments[i].ifindex)
				break;
		if (j < publish->attachments_n)
			continue;
		tg_log(TG_LOG_INFO, "%s: detached", datapath->attachments[i].name);
		tg_attach_remove(&datapath->attachments[i], datapath->state_dir);
	}
	memcpy(datapath->attachments, publish->attachments, sizeof(publish->attachments));
	datapath->attachments_n = publish->attachments_n;
}

/* So that a later daemon can go back to this program when a publish of its own fails. */
static void pin_program(const struct tg_datapath *datapath)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", datapath->state_dir, PROGRAM_PIN);
	unlink(path);
	if (bpf_obj_pin(tg_program_xdp_fd(datapath->program), path))
		tg_fail(errno, "pin %s", path);
}

static void swap_tables(const struct tg_datapath *datapath)
{
	char from[PATH_MAX], to[PATH_MAX];

	snprintf(from, sizeof(from), "%s/%s", datapath->state_dir, NEXT_BUCKETS_PIN);
	snprintf(to, sizeof(to), "%s/%s", datapath->state_dir, tg_map_names[TG_MAP_BUCKETS]);
	if (rename(from, to))
		tg_fail(errno, "rename %s", from);
}

static void commit(struct publish *publish, struct tg_config *config)
{
	struct tg_datapath *datapath = publish->datapath;
	struct tg_sweep sweep = {.flags = publish->compiled->limits_removed ? TG_SWEEP_RECLAIM : 0};

	publish->committed = true;
	drop_unwanted(publish);
	if (publish->resized)
		swap_tables(datapath);
	datapath->table_size = publish->config->table_size;
	memcpy(datapath->records, publish->compiled->records, sizeof(datapath->records));
	datapath->meta.next_serial = publish->compiled->next_serial;
	datapath->meta.generation++;
	write_meta(publish->program, &datapath->meta);
	tg_program_free(&datapath->program);
	datapath->program = TAKE_PTR(publish->program);
	tg_compiled_free(&datapath->compiled);
	datapath->compiled = TAKE_PTR(publish->compiled);
	tg_config_free(&datapath->config);
	datapath->config = config;
	pin_program(datapath);
	/* First without taking out: a walk that deletes may skip, and every bucket must be
	 * converted. */
	tg_program_sweep(datapath->program, &(struct tg_sweep){});
	if (sweep.flags)
		tg_program_sweep(datapath->program, &sweep);
}

int tg_datapath_publish(struct tg_datapath *datapath, const struct tg_config *config, char *message)
{
	tg_cleanup(publish_end) struct publish publish = {.datapath = datapath, .config = config};
	tg_cleanup(tg_config_free) struct tg_config *copy = tg_config_copy(config);
	size_t i;
	int error;

	if (!copy)
		return tg_refuse(message, ENOMEM, "out of memory");
	error = load(&publish, message);
	if (!error)
		error = prepare(&publish, message);
	for (i = 0; !error && i < config->interfaces_n; i++)
		error = attach_one(&publish, &config->interfaces[i], message);
	if (error)
		return error;
	commit(&publish, TAKE_PTR(copy));
	return 0;
}

int tg_datapath_maintain(struct tg_datapath *datapath)
{
	struct tg_sweep sweep = {.flags = TG_SWEEP_RECLAIM};
	struct tg_limit_counters counters;
	uint64_t used = 0;
	size_t i;

	for (i = 0; i < datapath->config->limits_n; i++)
		if (tg_datapath_limit_counters(datapath, datapath->compiled->slots[i], &counters) ==
		    0)
			used += counters.created - counters.reclaimed;
	if (used < datapath->table_size / 2)
		return 0;
	return tg_program_sweep(datapath->program, &sweep);
}

int tg_datapath_reset(struct tg_datapath *datapath, const char *limit, const uint8_t *address,
		      uint32_t *count)
{
	struct tg_sweep sweep = {.flags = TG_SWEEP_RESET};
	uint32_t slot;
	int error;

	if (limit) {
		for (slot = 0; slot < TG_LIMITS_MAX; slot++)
			if (strcmp(datapath->records[slot].name, limit) == 0)
				break;
		if (slot == TG_LIMITS_MAX || !limit[0])
			return -ENOENT;
		sweep.flags |= TG_SWEEP_BY_LIMIT;
		sweep.limit_id = datapath->records[slot].id;
	}
	if (address) {
		sweep.flags |= TG_SWEEP_BY_ADDRESS;
		memcpy(&sweep.address, address, sizeof(sweep.address));
	}
	error = tg_program_sweep(datapath->program, &sweep);
	*count = sweep.reset;
	return error;
}

int tg_datapath_detach(struct tg_datapath *datapath, unsigned int *links)
{
	size_t i;

	*links = datapath->attachments_n;
	for (i = 0; i < datapath->attachments_n; i++)
		tg_attach_remove(&datapath->attachments[i], datapath->state_dir);
	datapath->attachments_n = 0;
	tg_state_dir_unlink(datapath->state_dir, PROGRAM_PIN);
	forget_maps(datapath);
	return rmdir(datapath->state_dir) ? -errno : 0;
}

void tg_datapath_close(struct tg_datapath **datapath)
{
	struct tg_datapath *old = *datapath;
	size_t i;

	if (!old)
		return;
	for (i = 0; i < old->attachments_n; i++)
		close(old->attachments[i].link);
	tg_program_free(&old->program);
	tg_compiled_free(&old->compiled);
	tg_config_free(&old->config);
	if (old->adopted_program >= 0)
		close(old->adopted_program);
	if (old->lock >= 0)
		close(old->lock);
	rmdir(old->state_dir); /* goes only if a start that failed has left it empty */
	free(old->state_dir);
	free(old);
	*datapath = NULL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The one way in which a policy comes into force, and the way back when it cannot. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buckets.h"
#include "cleanup.h"
#include "datapath_private.h"
#include "log.h"
#include "state_dir.h"

/* A publish under way. What it has done is undone unless it is committed. */
struct publish {
	struct tg_datapath *datapath;
	const struct tg_config *config;
	struct tg_compiled *compiled;
	struct tg_program *program;
	bool resized; /* the new table waits under TG_NEXT_BUCKETS_PIN */
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
		tg_state_dir_unlink(datapath->state_dir, TG_NEXT_BUCKETS_PIN);
	if (!datapath->program && !datapath->attachments_n && !datapath->meta.generation)
		tg_datapath_forget_maps(datapath);
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
		old_buckets = tg_datapath_open_pin(datapath, tg_map_names[TG_MAP_BUCKETS]);
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
		tg_state_dir_unlink(datapath->state_dir, TG_NEXT_BUCKETS_PIN);
	return tg_program_load(datapath->state_dir,
			       publish->resized ? TG_NEXT_BUCKETS_PIN
						: tg_map_names[TG_MAP_BUCKETS],
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

	snprintf(path, sizeof(path), "%s/%s", datapath->state_dir, TG_PROGRAM_PIN);
	unlink(path);
	if (bpf_obj_pin(tg_program_xdp_fd(datapath->program), path))
		tg_fail(errno, "pin %s", path);
}

static void swap_tables(const struct tg_datapath *datapath)
{
	char from[PATH_MAX], to[PATH_MAX];

	snprintf(from, sizeof(from), "%s/%s", datapath->state_dir, TG_NEXT_BUCKETS_PIN);
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

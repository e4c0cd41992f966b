// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Puts a policy in force. Steps prepare a generation in the bank that is not in use, one store
 * switches over, and steps after it clear up. A failure or crash before the store leaves the old
 * generation as it was; after the store the new one is in force as a whole.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach/attach.h"
#include "datapath/attachments.h"
#include "datapath/bucket_view.h"
#include "datapath/map_pins.h"
#include "kernel/app_program.h"
#include "base/cleanup.h"
#include "config/names.h"
#include "datapath/datapath.h"
#include "datapath/datapath_private.h"
#include "datapath/dispatch.h"
#include "datapath/entries_private.h"
#include "base/fault.h"
#include "datapath/follow.h"
#include "kernel/admission.h"
#include "attach/targets.h"
#include "base/log.h"
#include "kernel/packet_clock.h"
#include "attach/fq.h"
#include "base/pin_dir.h"
#include "kernel/bucket_table.h"
#include "kernel/tick_program.h"

/* A publish under way. publish_end() undoes what it did unless it is committed. */
struct publish {
	struct tg_datapath *datapath;
	const struct tg_config *config;
	struct tg_compiled *compiled;
	struct tg_program *program;
	uint32_t bank;	     /* of the new generation */
	struct tg_meta meta; /* as it will be */
	bool resized;	     /* the new table waits for its name */
	struct tg_attachment attachments[TG_ATTACHMENTS_MAX - 1];
	size_t attachments_n;
	size_t held;			      /* interfaces among them */
	int refused;			      /* the last error of those left out */
	struct tg_missing_list missing;	      /* interfaces that the configuration means as well */
	bool created[TG_ATTACHMENTS_MAX - 1]; /* this publish made the link, */
	bool queued[TG_ATTACHMENTS_MAX - 1];  /* and the fq qdisc */
	uint32_t was[TG_ATTACHMENTS_MAX - 1]; /* id of the program that the link ran; 0: as now */
	unsigned int dispatch_made;	      /* mask of hooks */
	bool committed;
};

/* Finds the phase of the coarse clock only once, because pinned buckets count by it. */
static int find_ticks(struct tg_datapath *datapath, char *errmsg)
{
	uint64_t begin = datapath->meta.tick_begin;
	int error = begin ? 0 : tg_ticks_find(datapath->tick, &begin);

	if (error)
		return tg_program_explain_load(errmsg, error);
	datapath->meta.tick = datapath->tick;
	datapath->meta.tick_begin = begin;
	return 0;
}

static int compile(struct publish *publish, char *errmsg)
{
	struct tg_datapath *datapath = publish->datapath;
	uint32_t size = publish->config->table_size, bank = publish->bank;
	int error = find_ticks(datapath, errmsg);

	if (error)
		return error;
	error = tg_policy_compile(publish->config, datapath->records, &datapath->meta, bank,
				  tg_clock_may_lose_ticks() ? UINT64_MAX : datapath->tick,
				  datapath->compiled, &publish->compiled);
	if (error)
		return tg_error_set(errmsg, error, "cannot compile the policy: %s",
				    strerror(-error));
	publish->meta = datapath->meta;
	publish->meta.next_serial = publish->compiled->next_serial;
	publish->meta.generation[bank] = publish->compiled->policy.generation;
	publish->meta.table_size[bank] = size;
	publish->resized = datapath->table_size && datapath->table_size != size;
	return 0;
}

/* Clears up after a daemon that died: takes its table over if it is in force, else removes it. */
static int clear_up(struct tg_datapath *datapath)
{
	int error = datapath->table_waits ? tg_map_pins_take_table(datapath) : 0;

	if (error)
		return error;
	datapath->table_waits = false;
	tg_map_pins_drop_table(datapath);
	if (datapath->fresh)
		tg_map_pins_drop_next(datapath);
	return 0;
}

static int load(struct publish *publish, char *errmsg)
{
	struct tg_datapath *datapath = publish->datapath;
	unsigned int hooks = 0;
	size_t i;
	int error = tg_pin_dir_check(datapath->state_dir, datapath->lock, errmsg);

	if (error)
		return error;
	error = clear_up(datapath);
	if (error)
		return tg_error_set(errmsg, error, "cannot move the table of buckets in %s: %s",
				    datapath->state_dir, strerror(-error));
	for (i = 0; i < publish->config->interfaces_n; i++)
		hooks |= publish->config->interfaces[i].hooks;
	return tg_program_load(publish->resized ? tg_map_pins_path_resized : tg_map_pins_path,
			       datapath, publish->compiled, hooks, datapath->program,
			       &publish->program, errmsg);
}

static int refuse_maps(int error, char *errmsg)
{
	if (!error)
		return 0;
	return tg_error_set(errmsg, error, "cannot prepare the maps: %s", strerror(-error));
}

/* Copies the buckets to a table of another size. What the old generation charges later is lost. */
static int copy_table(struct publish *publish, char *errmsg)
{
	int new = tg_program_map_fd(publish->program, TG_MAP_BUCKETS), error;
	tg_autoclose int old = -1;

	if (!publish->resized)
		return 0;
	old = tg_map_pins_open(publish->datapath, TG_MAP_BUCKETS);
	error = old < 0 ? old : tg_table_copy(old, new, &publish->compiled->policy.table);
	return error ? refuse_maps(error, errmsg) : 0;
}

/* Converts all buckets first, because a daemon that died may have left two rate versions. */
static int settle(struct publish *publish, char *errmsg)
{
	const struct tg_datapath *datapath = publish->datapath;
	struct tg_sweep sweep = {.bank = datapath->bank};

	if (!datapath->unswept || !datapath->table_size)
		return 0;
	return refuse_maps(tg_program_sweep(publish->program, &sweep), errmsg);
}

static int clear_fresh(struct publish *publish, char *errmsg)
{
	return refuse_maps(tg_buckets_clear_fresh(publish->program, publish->compiled), errmsg);
}

static int write_record(int fd, uint32_t bank, uint32_t slot, const struct tg_limit_record *record)
{
	uint32_t index = bank * TG_LIMITS_MAX + slot;

	return bpf_map_update_elem(fd, &index, record, BPF_ANY) ? -errno : 0;
}

/*
 * Writes all records of the new bank, and the new rates into the records of the old bank. The old
 * programs need these to read buckets that the new ones have charged.
 */
static int write_records(struct publish *publish, char *errmsg)
{
	int fd = tg_program_map_fd(publish->program, TG_MAP_RECORDS), error = 0;
	const struct tg_limit_record *new = publish->compiled->records;
	struct tg_datapath *datapath = publish->datapath;
	struct tg_limit_record *old = datapath->records;
	uint32_t slot;

	for (slot = 0; slot < TG_LIMITS_MAX && !error; slot++) {
		error = write_record(fd, publish->bank, slot, &new[slot]);
		if (error || !old[slot].name[0] || old[slot].id != new[slot].id)
			continue;
		memcpy(old[slot].rates, new[slot].rates, sizeof(old[slot].rates));
		error = write_record(fd, datapath->bank, slot, &old[slot]);
	}
	return error ? refuse_maps(error, errmsg) : 0;
}

/*
 * Writes the layout version and the number of entries, which a map just made does not have. New
 * maps name the bank whose buckets a later daemon is to go on with, should this one die: the old
 * one's if they are shared.
 */
static int write_meta(struct publish *publish, char *errmsg)
{
	int fd = tg_program_map_fd(publish->program, TG_MAP_META), error = 0;
	const struct tg_datapath *datapath = publish->datapath;
	uint32_t zero = 0;

	if (datapath->fresh)
		error = tg_program_switch(publish->program,
					  datapath->shared ? datapath->bank : publish->bank);
	if (!error && bpf_map_update_elem(fd, &zero, &publish->meta, BPF_ANY))
		error = -errno;
	if (!error)
		error = tg_entries_announce(publish->program, datapath->entries->n);
	return refuse_maps(error, errmsg);
}

/* New maps have no rates for new sources yet, and links run by them before the switch. */
static int admit_first(struct publish *publish)
{
	if (!publish->datapath->fresh)
		return 0;
	return tg_admission_write(tg_program_map_fd(publish->program, TG_MAP_ADMISSION),
				  publish->bank, publish->compiled);
}

static int install(struct publish *publish, char *errmsg)
{
	struct tg_datapath *datapath = publish->datapath;
	char dir[PATH_MAX];
	int error;

	tg_map_pins_dir(datapath, dir);
	error = tg_app_program_pin(publish->program, publish->compiled, dir, errmsg);
	if (!error)
		error = tg_dispatch_prepare(datapath, publish->program, &publish->dispatch_made,
					    errmsg);
	if (error)
		return error;
	error = admit_first(publish);
	return refuse_maps(error ? error : tg_program_install(publish->program, publish->bank),
			   errmsg);
}

static bool mode_fits(const struct tg_attachment *attachment, enum tg_xdp_mode mode)
{
	return attachment->hook != TG_HOOK_XDP || mode == TG_XDP_AUTO ||
	       attachment->mode == (mode == TG_XDP_NATIVE ? TG_MODE_NATIVE : TG_MODE_GENERIC);
}

static int attach_one(struct publish *publish, const struct tg_target *target, enum tg_hook hook,
		      char *errmsg)
{
	struct tg_datapath *datapath = publish->datapath;
	size_t n = publish->attachments_n;
	struct tg_attachment *attachment = &publish->attachments[n];
	struct tg_attachment *live = tg_attachments_find(datapath, target->ifindex, hook);
	int error;

	if (live && !mode_fits(live, target->xdp_mode))
		return tg_error_set(
			errmsg, EINVAL,
			"%s runs in %s mode, and a change of xdp_mode would leave it without "
			"a program for a moment; take it out of the configuration first, then "
			"add it again",
			live->name, tg_mode_name(live->mode));
	*attachment =
		live ? *live
		     : (struct tg_attachment){.ifindex = target->ifindex, .hook = hook, .link = -1};
	memcpy(attachment->name, target->name, sizeof(attachment->name));
	error = tg_attachments_count(datapath, publish->program, publish->attachments, n,
				     attachment, errmsg);
	if (!error)
		error = tg_attachments_attach(datapath, publish->config, target, attachment,
					      &publish->queued[n], errmsg);
	if (error)
		return error;
	publish->created[n] = !live;
	publish->attachments_n++;
	return 0;
}

/*
 * Attaches to the hooks of one interface. Refuses if its name is in the configuration, or if it is
 * attached already; one that only fits a pattern is left out then, and tried again later.
 */
static int attach_target(struct publish *publish, const struct tg_target *target, char *errmsg)
{
	enum tg_missing_reason reason = TG_MISSING_REFUSED;
	size_t before = publish->attachments_n;
	int error, hook;

	for (hook = 0; hook < TG_HOOKS; hook++) {
		if (!(target->hooks >> hook & 1))
			continue;
		if (publish->held == TG_FOLLOW_INTERFACES_MAX) {
			reason = TG_MISSING_NO_ROOM;
			error = tg_follow_refuse_full(target, errmsg);
		} else {
			error = attach_one(publish, target, hook, errmsg);
		}
		if (error && (target->named || target->attached >> hook & 1))
			return error;
		if (error && error != -ENODEV) { /* else gone meanwhile */
			tg_follow_miss(&publish->missing, target, hook, reason, errmsg);
			publish->refused = error;
		}
	}
	publish->held += publish->attachments_n > before;
	return 0;
}

static void mark_attached(const struct tg_datapath *datapath, struct tg_target *targets, size_t n)
{
	struct tg_target *target;
	size_t i;

	for (i = 0; i < datapath->attachments_n; i++) {
		target = tg_targets_of(targets, n, datapath->attachments[i].ifindex);
		if (target)
			target->attached |= 1U << datapath->attachments[i].hook;
	}
}

static int attach_targets(struct publish *publish, struct tg_target *targets, size_t n,
			  char *errmsg)
{
	bool there[TG_CONFIG_INTERFACES_MAX] = {};
	int error = n ? 0 : tg_targets_refuse_none(publish->config, errmsg);
	size_t i;

	mark_attached(publish->datapath, targets, n);
	tg_follow_rank(targets, n);
	for (i = 0; i < n && !error; i++) {
		there[targets[i].entry] = true;
		error = attach_target(publish, &targets[i], errmsg);
	}
	if (error)
		return error;
	if (!publish->attachments_n && publish->refused) /* of which @errmsg tells */
		return publish->refused;
	tg_missing_add_absent(&publish->missing, publish->config, there);
	tg_missing_sort(&publish->missing);
	tg_targets_warn(targets, n);
	return 0;
}

static int attach_all(struct publish *publish, char *errmsg)
{
	tg_autofree struct tg_target *targets = NULL;
	size_t n;
	int error = tg_targets_find(publish->config, &targets, &n, errmsg);

	return error ? error : attach_targets(publish, targets, n, errmsg);
}

static void take_missing(struct publish *publish)
{
	struct tg_datapath *datapath = publish->datapath;

	tg_missing_log(&publish->missing, &datapath->missing);
	tg_missing_free(&datapath->missing);
	datapath->missing = publish->missing;
	publish->missing = (struct tg_missing_list){};
	datapath->unlisted[0] = '\0';
}

/*
 * Has each link run by the maps that this publish writes. Usually all do. Links that an older
 * version has left, or a daemon that died between two of them, run by others. Then each one passes
 * from the old policy to the new one here.
 */
static int move_links(struct publish *publish, char *errmsg)
{
	struct tg_datapath *datapath = publish->datapath;
	char step[32];
	size_t i, moved = 0;
	int error = 0;

	if (datapath->shared)
		error = refuse_maps(tg_program_switch(publish->program, publish->bank), errmsg);
	for (i = 0; i < publish->attachments_n && !error; i++) {
		if (publish->created[i])
			continue;
		error = tg_dispatch_move(datapath, &publish->attachments[i], &publish->was[i],
					 errmsg);
		if (error || !publish->was[i])
			continue;
		snprintf(step, sizeof(step), "moved-%zu", ++moved);
		error = tg_fault(step);
		if (error)
			tg_error_set(errmsg, error, "%s: %s", step, strerror(-error));
	}
	return error;
}

static void commit(struct publish *publish)
{
	struct tg_datapath *datapath = publish->datapath;

	publish->committed = true;
	datapath->fresh = datapath->shared = false;
	datapath->bank = publish->bank;
	datapath->meta = publish->meta;
	datapath->unswept = true;
	memcpy(datapath->records, publish->compiled->records, sizeof(datapath->records));
	tg_program_free(&datapath->program);
	datapath->program = TAKE_PTR(publish->program);
	tg_compiled_free(&datapath->compiled);
	datapath->compiled = TAKE_PTR(publish->compiled);
	tg_config_ref(publish->config);
	tg_config_unref(&datapath->config);
	datapath->config = publish->config;
	take_missing(publish);
}

static int switch_over(struct publish *publish, char *errmsg)
{
	int error = 0;

	if (!publish->datapath->fresh)
		error = tg_admission_write(tg_program_map_fd(publish->program, TG_MAP_ADMISSION),
					   publish->bank, publish->compiled);
	if (!error)
		error = tg_program_switch(publish->program, publish->bank);
	if (error)
		return tg_error_set(errmsg, error, "cannot put the new policy in force: %s",
				    strerror(-error));
	commit(publish);
	return 0;
}

/* True if the new configuration has the attachment as well. */
static bool is_attached_still(const struct publish *publish, const struct tg_attachment *attachment)
{
	size_t i;

	for (i = 0; i < publish->attachments_n; i++)
		if (publish->attachments[i].ifindex == attachment->ifindex &&
		    publish->attachments[i].hook == attachment->hook)
			return true;
	return false;
}

/* Detaches from hooks that the new configuration does not name, and removes fq where no limit
 * delays any more. */
static int drop_attachments(struct publish *publish, char *errmsg)
{
	struct tg_datapath *datapath = publish->datapath;
	struct tg_attachment *attachment;
	size_t i;

	for (i = 0; i < datapath->attachments_n; i++) {
		attachment = &datapath->attachments[i];
		if (is_attached_still(publish, attachment))
			continue;
		tg_log(TG_LOG_INFO, "%s: detached (%s)", attachment->name,
		       tg_hook_name(attachment->hook));
		tg_datapath_remove(datapath, attachment);
	}
	memcpy(datapath->attachments, publish->attachments, sizeof(publish->attachments));
	datapath->attachments_n = publish->attachments_n;
	for (i = 0; i < datapath->attachments_n; i++)
		if (datapath->attachments[i].hook == TG_HOOK_TC_EGRESS &&
		    !tg_attachments_delay(datapath->config, &datapath->attachments[i]))
			tg_fq_restore(datapath->attachments[i].ifindex);
	if (datapath->untidy)
		tg_attach_tidy(datapath->state_dir, datapath->attachments, datapath->attachments_n);
	datapath->untidy = false;
	return 0;
}

static int rename_table(struct publish *publish, char *errmsg)
{
	struct tg_datapath *datapath = publish->datapath;

	datapath->table_size = publish->config->table_size;
	return publish->resized ? tg_map_pins_take_table(datapath) : 0;
}

static int place_pins(struct publish *publish, char *errmsg)
{
	return tg_map_pins_place(publish->datapath);
}

static int retire(struct publish *publish, char *errmsg)
{
	const struct tg_datapath *datapath = publish->datapath;

	tg_app_program_unpin(datapath->state_dir, !datapath->bank);
	return tg_program_uninstall(datapath->program, !datapath->bank);
}

/*
 * Converts all buckets, then removes those of limits that are gone. Two walks, because a walk that
 * deletes may skip buckets, and each must be converted before its version number is used again.
 */
static int sweep(struct publish *publish, char *errmsg)
{
	struct tg_datapath *datapath = publish->datapath;
	struct tg_sweep request = {.bank = datapath->bank};
	int error = tg_program_sweep(datapath->program, &request);

	request = (struct tg_sweep){.bank = datapath->bank, .flags = TG_SWEEP_FORGET};
	if (!error && (datapath->compiled->limits_removed || datapath->adopted))
		error = tg_program_sweep(datapath->program, &request);
	datapath->unswept = error != 0;
	if (!error)
		datapath->adopted = false;
	return error;
}

/* The steps in order. An error up to "switch" ends the publish; after it all steps still run. */
static const struct {
	const char *name;
	int (*run)(struct publish *publish, char *errmsg);
} steps[] = {
	{"compile", compile},	  {"load", load},	   {"copy", copy_table},
	{"settle", settle},	  {"clear", clear_fresh},  {"records", write_records},
	{"meta", write_meta},	  {"install", install},	   {"attach", attach_all},
	{"move", move_links},	  {"switch", switch_over}, {"drop", drop_attachments},
	{"rename", rename_table}, {"pin", place_pins},	   {"retire", retire},
	{"sweep", sweep},
};

/* Returns 0 if no link that was there before runs the new policy any more. */
static int undo_links(struct publish *publish)
{
	struct tg_datapath *datapath = publish->datapath;
	struct tg_attachment *attachment;
	int error = 0, r;
	size_t i;

	for (i = 0; i < publish->attachments_n; i++) {
		attachment = &publish->attachments[i];
		if (publish->queued[i])
			tg_fq_restore(attachment->ifindex);
		if (publish->created[i])
			tg_attach_remove(attachment, datapath->state_dir);
		if (!publish->was[i])
			continue;
		r = tg_dispatch_move_back(datapath, attachment, publish->was[i]);
		error = error ? error : r;
	}
	return error;
}

/* Undoes a publish that failed. What it wrote into the unused bank may stay. */
static void undo(struct publish *publish)
{
	struct tg_datapath *datapath = publish->datapath;
	char dir[PATH_MAX];

	if (undo_links(publish))
		return; /* a link runs by these maps and programs */
	tg_map_pins_dir(datapath, dir);
	tg_app_program_unpin(dir, publish->bank);
	if (publish->program)
		tg_program_uninstall(publish->program, publish->bank);
	tg_dispatch_undo(datapath, publish->dispatch_made);
	if (publish->resized)
		tg_map_pins_drop_table(datapath);
	if (datapath->fresh)
		tg_map_pins_drop_next(datapath);
}

static void publish_end(struct publish *publish)
{
	if (!publish->committed)
		undo(publish);
	tg_missing_free(&publish->missing);
	tg_compiled_free(&publish->compiled);
	tg_program_free(&publish->program);
}

int tg_datapath_publish(struct tg_datapath *datapath, const struct tg_config *config, char *errmsg)
{
	tg_cleanup(publish_end) struct publish publish = {
		.datapath = datapath,
		.config = config,
		.bank = !datapath->bank,
	};
	size_t i;
	int error;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		error = tg_fault(steps[i].name);
		if (error)
			tg_error_set(errmsg, error, "%s: %s", steps[i].name, strerror(-error));
		else
			error = steps[i].run(&publish, errmsg);
		if (error && !publish.committed)
			return error;
	}
	return 0;
}

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
#include "datapath/publish.h"
#include "datapath/publish_private.h"
#include "datapath/room.h"
#include "base/fault.h"
#include "kernel/admission.h"
#include "base/log.h"
#include "kernel/packet_clock.h"
#include "base/pin_dir.h"
#include "kernel/bucket_table.h"
#include "kernel/tick_program.h"

/* Finds the phase of the coarse clock only once, because pinned buckets count by it. */
static int find_ticks(const struct tg_datapath *datapath, struct tg_meta *meta, char *errmsg)
{
	uint64_t begin = meta->tick_begin;
	int error = begin ? 0 : tg_ticks_find(datapath->tick, &begin);

	if (error)
		return tg_program_explain_load(errmsg, error);
	meta->tick = datapath->tick;
	meta->tick_begin = begin;
	return 0;
}

static int compile(struct tg_publish *publish, char *errmsg)
{
	const struct tg_datapath *datapath = publish->datapath;
	uint32_t size = publish->config->table_size, bank = publish->bank;
	int error;

	publish->meta = datapath->meta;
	error = find_ticks(datapath, &publish->meta, errmsg);
	if (error)
		return error;
	error = tg_policy_compile(publish->config, datapath->records, &publish->meta, bank,
				  tg_clock_may_lose_ticks() ? UINT64_MAX : datapath->tick,
				  datapath->compiled, &publish->compiled);
	if (error)
		return tg_error_set(errmsg, error, "cannot compile the policy: %s",
				    strerror(-error));
	publish->meta.next_serial = publish->compiled->next_serial;
	publish->meta.generation[bank] = publish->compiled->policy.generation;
	publish->meta.table_size[bank] = size;
	publish->resized = datapath->table_size && datapath->table_size != size;
	return 0;
}

/* Gives the table in force its name, if it has not got it yet. */
static int name_table(struct tg_datapath *datapath)
{
	int error = datapath->table_waits ? tg_map_pins_take_table(datapath) : 0;

	if (!error)
		datapath->table_waits = false;
	return error;
}

/* Clears up after a daemon that died: takes its table over if it is in force, else removes it. */
static int clear_up(struct tg_datapath *datapath)
{
	int error = name_table(datapath);

	if (error)
		return error;
	tg_map_pins_drop_table(datapath);
	if (datapath->fresh)
		tg_map_pins_drop_next(datapath);
	return 0;
}

static int load(struct tg_publish *publish, char *errmsg)
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

int tg_publish_refuse_maps(int error, char *errmsg)
{
	if (!error)
		return 0;
	return tg_error_set(errmsg, error, "cannot prepare the maps: %s", strerror(-error));
}

/*
 * Copies the buckets to a table of another size, divided as the new policy says. What the old
 * generation charges later is lost.
 */
static int copy_table(struct tg_publish *publish, char *errmsg)
{
	int new = tg_program_map_fd(publish->program, TG_MAP_BUCKETS), error;
	tg_autoclose int old = -1;

	if (!publish->resized)
		return 0;
	old = tg_map_pins_open(publish->datapath, TG_MAP_BUCKETS);
	error = old < 0 ? old : tg_program_reserve(publish->program);
	if (!error)
		error = tg_table_copy(old, new, &publish->compiled->policy.table);
	return error ? tg_publish_refuse_maps(error, errmsg) : 0;
}

/* Converts all buckets first, because a daemon that died may have left two rate versions. */
static int settle(struct tg_publish *publish, char *errmsg)
{
	const struct tg_datapath *datapath = publish->datapath;
	struct tg_sweep sweep = {.bank = datapath->bank};

	if (!datapath->unswept || !datapath->table_size)
		return 0;
	return tg_publish_refuse_maps(tg_program_sweep(publish->program, &sweep), errmsg);
}

static int clear_fresh(struct tg_publish *publish, char *errmsg)
{
	return tg_publish_refuse_maps(tg_buckets_clear_fresh(publish->program, publish->compiled),
				      errmsg);
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
static int write_records(struct tg_publish *publish, char *errmsg)
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
	return error ? tg_publish_refuse_maps(error, errmsg) : 0;
}

/*
 * Writes the layout version and the number of entries, which a map just made does not have. New
 * maps name the bank whose buckets a later daemon is to go on with, should this one die: the old
 * one's if they are shared.
 */
static int write_meta(struct tg_publish *publish, char *errmsg)
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
	return tg_publish_refuse_maps(error, errmsg);
}

/* New maps have no rates for new sources yet, and links run by them before the switch. */
static int admit_first(struct tg_publish *publish)
{
	if (!publish->datapath->fresh)
		return 0;
	return tg_admission_write(tg_program_map_fd(publish->program, TG_MAP_ADMISSION),
				  publish->bank, publish->compiled);
}

static int install(struct tg_publish *publish, char *errmsg)
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
	return tg_publish_refuse_maps(
		error ? error : tg_program_install(publish->program, publish->bank), errmsg);
}

static void commit(struct tg_publish *publish)
{
	struct tg_datapath *datapath = publish->datapath;

	publish->committed = true;
	datapath->fresh = datapath->shared = false;
	datapath->bank = publish->bank;
	datapath->meta = publish->meta;
	datapath->unswept = datapath->undivided = true;
	memcpy(datapath->records, publish->compiled->records, sizeof(datapath->records));
	tg_program_free(&datapath->program);
	datapath->program = TAKE_PTR(publish->program);
	tg_compiled_free(&datapath->compiled);
	datapath->compiled = TAKE_PTR(publish->compiled);
	tg_config_ref(publish->config);
	tg_config_unref(&datapath->config);
	datapath->config = publish->config;
	datapath->table_size = publish->config->table_size;
	datapath->table_waits = publish->resized;
	tg_publish_take_missing(publish);
}

static int switch_over(struct tg_publish *publish, char *errmsg)
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

/* After the switch, because the old generation uses the same table unless its size changes. */
static int divide(struct tg_publish *publish, char *errmsg)
{
	return tg_room_divide(publish->datapath);
}

static int rename_table(struct tg_publish *publish, char *errmsg)
{
	return name_table(publish->datapath);
}

static int place_pins(struct tg_publish *publish, char *errmsg)
{
	return tg_map_pins_place(publish->datapath);
}

static int retire(struct tg_publish *publish, char *errmsg)
{
	const struct tg_datapath *datapath = publish->datapath;

	tg_app_program_unpin(datapath->state_dir, !datapath->bank);
	return tg_program_uninstall(datapath->program, !datapath->bank);
}

/*
 * Converts all buckets, then removes those of limits that are gone. Two walks, because a walk that
 * deletes may skip buckets, and each must be converted before its version number is used again.
 */
static int sweep(struct tg_publish *publish, char *errmsg)
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

/* The phases, see publish.h. */
enum phase { PREPARE, COMMIT, FINISH };

/* The steps in order. An error up to "switch" ends the publish; after it all steps still run. */
static const struct {
	const char *name;
	enum phase phase;
	int (*run)(struct tg_publish *publish, char *errmsg);
} steps[] = {
	{"compile", PREPARE, compile},
	{"load", PREPARE, load},
	{"copy", PREPARE, copy_table},
	{"settle", PREPARE, settle},
	{"clear", COMMIT, clear_fresh},
	{"records", COMMIT, write_records},
	{"meta", COMMIT, write_meta},
	{"install", COMMIT, install},
	{"attach", COMMIT, tg_publish_attach},
	{"move", COMMIT, tg_publish_move_links},
	{"switch", COMMIT, switch_over},
	{"divide", COMMIT, divide},
	{"drop", COMMIT, tg_publish_drop_attachments},
	{"rename", COMMIT, rename_table},
	{"pin", COMMIT, place_pins},
	{"retire", FINISH, retire},
	{"sweep", FINISH, sweep},
};

/* Undoes a publish that failed. What it wrote into the unused bank may stay. */
static void undo(struct tg_publish *publish)
{
	struct tg_datapath *datapath = publish->datapath;
	char dir[PATH_MAX];

	if (tg_publish_undo_links(publish))
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

static int run(struct tg_publish *publish, enum phase phase, char *errmsg)
{
	size_t i;
	int error;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (steps[i].phase != phase)
			continue;
		error = tg_fault(steps[i].name);
		if (error)
			tg_error_set(errmsg, error, "%s: %s", steps[i].name, strerror(-error));
		else
			error = steps[i].run(publish, errmsg);
		if (error && !publish->committed)
			return error;
	}
	return 0;
}

struct tg_publish *tg_publish_new(struct tg_datapath *datapath, const struct tg_config *config)
{
	struct tg_publish *publish = calloc(1, sizeof(*publish));

	if (!publish)
		return NULL;
	publish->datapath = datapath;
	publish->config = tg_config_ref(config);
	publish->bank = !datapath->bank;
	return publish;
}

int tg_publish_prepare(struct tg_publish *publish, char *errmsg)
{
	return run(publish, PREPARE, errmsg);
}

int tg_publish_commit(struct tg_publish *publish, char *errmsg)
{
	return run(publish, COMMIT, errmsg);
}

void tg_publish_finish(struct tg_publish *publish)
{
	char errmsg[TG_ERRMSG_SIZE];

	run(publish, FINISH, errmsg);
}

void tg_publish_free(struct tg_publish **publish)
{
	struct tg_publish *old = *publish;

	if (!old)
		return;
	if (!old->committed)
		undo(old);
	tg_missing_free(&old->missing);
	tg_compiled_free(&old->compiled);
	tg_program_free(&old->program);
	tg_config_unref(&old->config);
	free(old);
	*publish = NULL;
}

int tg_datapath_publish(struct tg_datapath *datapath, const struct tg_config *config, char *errmsg)
{
	tg_cleanup(tg_publish_free) struct tg_publish *publish = tg_publish_new(datapath, config);
	int error;

	if (!publish)
		return tg_error_set(errmsg, ENOMEM, "out of memory");
	error = tg_publish_prepare(publish, errmsg);
	if (!error)
		error = tg_publish_commit(publish, errmsg);
	if (!error)
		tg_publish_finish(publish);
	return error;
}

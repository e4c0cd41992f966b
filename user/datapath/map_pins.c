// SPDX-License-Identifier: GPL-2.0-or-later
/* Names, moves and removes pins of maps and programs. */
#include "datapath/map_pins.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <tidegate/abi.h>
#include <tidegate/app.h>
#include <unistd.h>

#include "attach/program_pin.h"
#include "base/cleanup.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/pin_dir.h"
#include "datapath/datapath_private.h"
#include "datapath/entries_private.h"
#include "kernel/app_program.h"

#define RESIZED_PIN "buckets_next"

/* tg_datapath_open() takes no directory whose pins would not fit. */
static void join(const char *dir, const char *name, char *path)
{
	if (snprintf(path, PATH_MAX, "%s/%s", dir, name) >= PATH_MAX)
		*path = '\0';
}

void tg_map_pins_next(const struct tg_datapath *datapath, char *path)
{
	snprintf(path, PATH_MAX, "%s/" TG_NEXT_DIR "%u", datapath->state_dir, TG_ABI_VERSION);
}

static bool waits(const struct tg_datapath *datapath, enum tg_map map)
{
	return datapath->in_next >> map & 1;
}

static void dir_of(const struct tg_datapath *datapath, enum tg_map map, char *path)
{
	if (waits(datapath, map))
		tg_map_pins_next(datapath, path);
	else
		snprintf(path, PATH_MAX, "%s", datapath->state_dir);
}

void tg_map_pins_dir(const struct tg_datapath *datapath, char *path)
{
	dir_of(datapath, TG_MAP_META, path);
}

void tg_map_pins_path(const void *datapath, enum tg_map map, char *path)
{
	char dir[PATH_MAX];

	dir_of(datapath, map, dir);
	join(dir, tg_map_names[map], path);
}

void tg_map_pins_path_resized(const void *datapath, enum tg_map map, char *path)
{
	char dir[PATH_MAX];

	dir_of(datapath, map, dir);
	join(dir, map == TG_MAP_BUCKETS ? RESIZED_PIN : tg_map_names[map], path);
}

int tg_map_pins_open(const struct tg_datapath *datapath, enum tg_map map)
{
	char dir[PATH_MAX];

	dir_of(datapath, map, dir);
	return tg_pin_dir_open_pin(dir, tg_map_names[map]);
}

int tg_map_pins_open_resized(const struct tg_datapath *datapath)
{
	char dir[PATH_MAX];

	dir_of(datapath, TG_MAP_BUCKETS, dir);
	return tg_pin_dir_open_pin(dir, RESIZED_PIN);
}

int tg_map_pins_take_table(const struct tg_datapath *datapath)
{
	char from[PATH_MAX], to[PATH_MAX];

	tg_map_pins_path_resized(datapath, TG_MAP_BUCKETS, from);
	tg_map_pins_path(datapath, TG_MAP_BUCKETS, to);
	return rename(from, to) ? tg_log_errno(errno, "rename %s", from) : 0;
}

void tg_map_pins_drop_table(const struct tg_datapath *datapath)
{
	char path[PATH_MAX];

	tg_map_pins_path_resized(datapath, TG_MAP_BUCKETS, path);
	unlink(path);
}

void tg_map_pins_drop_next(const struct tg_datapath *datapath)
{
	char dir[PATH_MAX];

	tg_map_pins_next(datapath, dir);
	tg_pin_dir_clear(dir);
}

/* Has all applications' programs on the maps in @dir answer "stale". */
static void void_meta(const char *dir)
{
	tg_autoclose int meta = tg_pin_dir_open_pin(dir, tg_map_names[TG_MAP_META]);

	tg_app_program_void(meta);
}

/* Returns 1 if the pin was moved, 0 if there is none, or -errno, logged. */
static int move(const struct tg_datapath *datapath, const char *name)
{
	char next[PATH_MAX], from[PATH_MAX], to[PATH_MAX], step[64];
	int error;

	snprintf(step, sizeof(step), "place-%s", name);
	error = tg_fault(step);
	if (error)
		return tg_log_errno(error, "%s", step);
	tg_map_pins_next(datapath, next);
	join(next, name, from);
	join(datapath->state_dir, name, to);
	if (rename(from, to) == 0)
		return 1;
	return errno == ENOENT ? 0 : tg_log_errno(errno, "move %s to %s", from, to);
}

/* Applications must find the new program before they learn that the old one is stale. */
static int place_app_programs(const struct tg_datapath *datapath)
{
	char name[32];
	uint32_t bank;
	int moved;

	for (bank = 0; bank < TG_BANKS; bank++) {
		snprintf(name, sizeof(name), TG_APP_PIN "%u", bank);
		moved = move(datapath, name);
		if (moved < 0)
			return moved;
		if (!moved)
			tg_pin_dir_unlink(datapath->state_dir, name);
	}
	void_meta(datapath->state_dir);
	return 0;
}

static int place_dispatch(const struct tg_datapath *datapath, int hook, int header)
{
	char name[32];
	int moved;

	tg_program_pin_name(hook, header, name, sizeof(name));
	moved = move(datapath, name);
	if (moved < 0)
		return moved;
	/* It runs by maps that are given up, and no link runs it any more. */
	if (!moved && datapath->dispatch[header][hook].fd < 0 && waits(datapath, TG_MAP_META))
		tg_pin_dir_unlink(datapath->state_dir, name);
	return 0;
}

static int place_all_dispatch(const struct tg_datapath *datapath)
{
	int hook, header, error = 0;

	for (hook = 0; hook < TG_HOOKS; hook++)
		for (header = 0; header < TG_HEADERS && !error; header++)
			error = place_dispatch(datapath, hook, header);
	return error;
}

static int place_map(struct tg_datapath *datapath, enum tg_map map)
{
	int moved = waits(datapath, map) ? move(datapath, tg_map_names[map]) : 1;

	if (!moved)
		moved = tg_log_errno(ENOENT, "the pin of the map %s", tg_map_names[map]);
	if (moved < 0)
		return moved;
	datapath->in_next &= ~(1U << map);
	return 0;
}

static int remove_next(void *state_dir, const char *name)
{
	char dir[PATH_MAX];

	join(state_dir, name, dir);
	void_meta(dir);
	tg_pin_dir_clear(dir);
	return 0;
}

int tg_map_pins_place(struct tg_datapath *datapath)
{
	int error = 0, map;

	if (waits(datapath, TG_MAP_META))
		error = place_app_programs(datapath);
	if (!error)
		error = place_all_dispatch(datapath);
	if (waits(datapath, TG_MAP_BUCKETS)) /* the table of an earlier daemon */
		tg_pin_dir_unlink(datapath->state_dir, RESIZED_PIN);
	for (map = 0; map < TG_MAPS_PINNED && !error; map++)
		if (map != TG_MAP_META)
			error = place_map(datapath, map);
	/* The last: as long as it waits, a later daemon knows where the others are. */
	if (!error)
		error = place_map(datapath, TG_MAP_META);
	if (!error)
		error = tg_pin_dir_each(datapath->state_dir, TG_NEXT_DIR, remove_next,
					datapath->state_dir);
	return error;
}

void tg_map_pins_forget(struct tg_datapath *datapath)
{
	bool keep_entries = datapath->entries->n;
	uint32_t bank;
	char pin[32];
	int i;

	if (keep_entries) {
		place_map(datapath, TG_MAP_ENTRIES);
		place_map(datapath, TG_MAP_ENTRIES_STATE);
	}
	void_meta(datapath->state_dir);
	for (bank = 0; bank < TG_BANKS; bank++)
		tg_app_program_unpin(datapath->state_dir, bank);
	for (i = 0; i < TG_HOOKS * TG_HEADERS; i++) {
		tg_program_pin_name(i % TG_HOOKS, i / TG_HOOKS, pin, sizeof(pin));
		tg_pin_dir_unlink(datapath->state_dir, pin);
	}
	for (i = 0; i < TG_MAPS_PINNED; i++)
		if (!keep_entries || (i != TG_MAP_ENTRIES && i != TG_MAP_ENTRIES_STATE))
			tg_pin_dir_unlink(datapath->state_dir, tg_map_names[i]);
	tg_pin_dir_unlink(datapath->state_dir, RESIZED_PIN);
	tg_pin_dir_each(datapath->state_dir, TG_NEXT_DIR, remove_next, datapath->state_dir);
}

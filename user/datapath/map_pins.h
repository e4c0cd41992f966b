/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the pins of maps and programs are. Maps that a first publish makes are pinned in a
 * directory of their own, next-<version> in the state directory, until the switch has succeeded.
 * Until then, what an earlier daemon left stays pinned. Pins matter, because the kernel empties a
 * map of programs when its last pin and descriptor are gone, even if a link still uses it.
 */
#ifndef TG_DATAPATH_MAP_PINS_H
#define TG_DATAPATH_MAP_PINS_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/program.h"

struct tg_datapath;

/* Writes to @path (PATH_MAX bytes) where @map is or will be pinned. @datapath: a tg_datapath. */
void tg_map_pins_path(const void *datapath, enum tg_map map, char *path);

/* The same for the bucket table of a publish that changes its size. */
void tg_map_pins_path_resized(const void *datapath, enum tg_map map, char *path);

/* Opens the pin of @map. Returns a descriptor that the caller closes, or -errno. */
int tg_map_pins_open(const struct tg_datapath *datapath, enum tg_map map);

/* Opens the pin of the table that a change of size has made, likewise. */
int tg_map_pins_open_resized(const struct tg_datapath *datapath);

/* Writes to @path the directory of the applications' programs. */
void tg_map_pins_dir(const struct tg_datapath *datapath, char *path);

/* Writes to @path the directory of pins that wait for the switch. It may not exist. */
void tg_map_pins_next(const struct tg_datapath *datapath, char *path);

/* Gives the table that a change of size has made its name. Returns 0 or -errno, logged. */
int tg_map_pins_take_table(const struct tg_datapath *datapath);

/* Unlinks that table, if there is one. */
void tg_map_pins_drop_table(const struct tg_datapath *datapath);

/* Unlinks all pins that wait for the switch. Only before the switch, and if no link needs them. */
void tg_map_pins_drop_next(const struct tg_datapath *datapath);

/*
 * Moves the pins that have waited over those of an earlier daemon, meta last, and removes what
 * earlier daemons left otherwise. Only after the switch, when each link runs by these maps. Returns
 * 0 or -errno, logged; then the rest is moved by the next call.
 */
int tg_map_pins_place(struct tg_datapath *datapath);

/* Unlinks all pins of maps and programs. Keeps those of allow and deny entries if there is any. */
void tg_map_pins_forget(struct tg_datapath *datapath);

#endif

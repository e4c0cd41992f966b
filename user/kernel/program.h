/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One generation of the packet programs, loaded. The only user of the generated skeleton. */
#ifndef TG_KERNEL_PROGRAM_H
#define TG_KERNEL_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <tidegate/sweep.h>
#include <tidegate/trace.h>

#include "kernel/captured_frame.h"
#include "policy/compile.h"

struct tg_program;

/* The pinned maps in the order of their names in bpf/maps.bpf.h, then those of the generation. */
enum tg_map {
	TG_MAP_BUCKETS,
	TG_MAP_OVERFLOW,
	TG_MAP_RECORDS,
	TG_MAP_ADMISSION,
	TG_MAP_META,
	TG_MAP_ACTIVE,
	TG_MAP_GENERATIONS,
	TG_MAP_TC_GENERATIONS,
	TG_MAP_ATTACHMENTS,
	TG_MAP_INTERFACE_COUNTERS,
	TG_MAP_LIMIT_COUNTERS,
	TG_MAP_ENTRIES,
	TG_MAP_ENTRIES_STATE,
	TG_MAP_EVENTS,
	TG_MAP_SHARES,
	TG_MAP_REPORTS,
	TG_MAPS_PINNED,
	TG_MAP_LISTS = TG_MAPS_PINNED,
	TG_MAP_DEBITS,
	TG_MAPS,
};

extern const char *const tg_map_names[TG_MAPS]; /* of the pins, for the pinned ones */

/*
 * Loads a generation that enforces @compiled over the maps pinned in @state_dir, which are
 * made and pinned when missing. @buckets_pin names the pin of the bucket table; @hooks is a mask of
 * 1 << enum tg_hook, of those that get programs.
 * Returns 0 or -errno with @errmsg (TG_ERRMSG_SIZE); nothing goes live.
 */
int tg_program_load(const char *state_dir, const char *buckets_pin,
		    const struct tg_compiled *compiled, unsigned int hooks,
		    struct tg_program **program, char *errmsg);

/*
 * What links attach: the same for every generation over the same pinned maps. -EINVAL for a hook
 * that the generation was loaded without.
 */
int tg_program_entry_fd(const struct tg_program *program, enum tg_hook hook);

/* Puts the programs into their bank, where they wait; takes the bank's programs out. 0 or -errno.
 */
int tg_program_install(const struct tg_program *program, uint32_t bank);
int tg_program_uninstall(const struct tg_program *program, uint32_t bank);

/* The one step that puts a bank in force. 0 or -errno, and then nothing has changed. */
int tg_program_switch(const struct tg_program *program, uint32_t bank);

/* The program in @bank for that hook is this one. */
bool tg_program_installed(const struct tg_program *program, uint32_t bank, enum tg_hook hook);

int tg_program_map_fd(const struct tg_program *program, enum tg_map map);

/*
 * The same for one hook, to be run by hand on a virtual clock: maps of its own, nothing pinned,
 * nothing that a daemon could see.
 */
int tg_program_load_virtual(const struct tg_compiled *compiled, enum tg_hook hook,
			    struct tg_program **program, char *errmsg);

/*
 * Runs the packet program of @hook, loaded by tg_program_load_virtual(), on one frame (`captured`
 * of TG_FRAME_LEAST to TG_FRAME_MOST) at @now. 0 or -errno; the frame is left alone.
 */
int tg_program_run(const struct tg_program *program, enum tg_hook hook, uint64_t now,
		   const struct tg_frame *frame, struct tg_trace *trace);

/* Sums an entry of a per-CPU array of 64-bit counters over the CPUs. 0 or -errno. */
int tg_program_sum(int map, uint32_t index, uint64_t *sum, size_t size);

/* Sets an entry of a per-CPU array to zero on all CPUs. 0 or -errno. */
int tg_program_zero(int map, uint32_t index, size_t size);

/* Runs the sweep, by the clock that the program has; fills its outputs. */
int tg_program_sweep(const struct tg_program *program, struct tg_sweep *sweep);

/* Why a program could not be loaded, from an -errno, in @errmsg. Returns -errno. */
int tg_program_explain_load(char *errmsg, int error);

/* Has the program look at sweep->candidates places of the table; fills its outputs. 0 or -errno,
 * logged. */
int tg_program_reclaim(const struct tg_program *program, struct tg_sweep *sweep,
		       const uint32_t *entries);

/* The program that charges the buckets in TG_MAP_DEBITS; see debit.h. */
int tg_program_debit_fd(const struct tg_program *program);

void tg_program_free(struct tg_program **program);

#endif

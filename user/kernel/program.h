/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One generation of the packet programs, loaded into the kernel. A generation stands in one of two
 * banks; the switch of the bank puts it in force. Functions return 0 or -errno unless they say
 * otherwise; @errmsg has TG_ERRMSG_SIZE bytes.
 */
#ifndef TG_KERNEL_PROGRAM_H
#define TG_KERNEL_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <tidegate/sweep.h>
#include <tidegate/trace.h>

#include "kernel/captured_frame.h"
#include "policy/compile.h"

struct tg_program;

/* The maps: first those that are pinned and outlive a generation, then those of each generation. */
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

/* Names of the maps in the object, and of the pins. */
extern const char *const tg_map_names[TG_MAPS];

/* Writes to @path (PATH_MAX bytes) where @map is pinned, or is to be pinned. */
typedef void tg_map_path(const void *data, enum tg_map map, char *path);

/*
 * Loads a generation that enforces @compiled on the maps pinned where @path says, called with
 * @data, and makes and pins those that are missing. @hooks, a mask of 1 << enum tg_hook, has the
 * hooks that get programs. @previous: the generation in force, or NULL; its maps of lists and
 * matches are taken over where @compiled shares their content. Does not put it in force. The caller
 * frees *@program. Returns 0, or -errno with @errmsg.
 */
int tg_program_load(tg_map_path *path, const void *data, const struct tg_compiled *compiled,
		    unsigned int hooks, const struct tg_program *previous,
		    struct tg_program **program, char *errmsg);

/*
 * Returns a descriptor of the program to attach to @hook of interfaces with @header, owned by
 * @program. The entry programs of all generations are alike, and run what stands in the bank in
 * force. -EINVAL for a hook that the generation was loaded without.
 */
int tg_program_entry_fd(const struct tg_program *program, enum tg_hook hook, enum tg_header header);

/*
 * Returns 1 if the dispatch program @fd of @hook uses the maps of @program, so that it runs what
 * stands in their banks; 0 if it uses others; or -errno.
 */
int tg_program_dispatches(const struct tg_program *program, int fd, enum tg_hook hook);

/*
 * Puts the programs of all hooks into @bank, which must not be in force. Hooks without a program
 * get one that passes everything.
 */
int tg_program_install(const struct tg_program *program, uint32_t bank);

/* Removes the programs of all hooks from @bank. Goes on after a failure and returns the first. */
int tg_program_uninstall(const struct tg_program *program, uint32_t bank);

/* Puts @bank in force by one atomic store. After a failure nothing has changed. */
int tg_program_switch(const struct tg_program *program, uint32_t bank);

/* Returns whether the program in @bank for @hook and @header is the one of @program. */
bool tg_program_installed(const struct tg_program *program, uint32_t bank, enum tg_hook hook,
			  enum tg_header header);

/* Returns a descriptor of the map, owned by @program. */
int tg_program_map_fd(const struct tg_program *program, enum tg_map map);

/*
 * Loads a generation for one hook, for tg_program_run() on a virtual clock. It has maps of its own,
 * pins nothing and does not touch a running daemon. Otherwise as tg_program_load(). Turns off the
 * messages of libbpf.
 */
int tg_program_load_virtual(const struct tg_compiled *compiled, enum tg_hook hook,
			    struct tg_program **program, char *errmsg);

/*
 * Runs the packet program of @hook, loaded by tg_program_load_virtual(), on @frame at @now (ns),
 * and fills @trace. frame->captured must be TG_FRAME_LEAST to TG_FRAME_MOST. Does not change
 * @frame.
 */
int tg_program_run(const struct tg_program *program, enum tg_hook hook, uint64_t now,
		   const struct tg_frame *frame, struct tg_trace *trace);

/*
 * Adds up entry @index of the per-CPU array @map (a descriptor) over all CPUs. @sum gets @size
 * bytes of 64-bit counters.
 */
int tg_program_sum(int map, uint32_t index, uint64_t *sum, size_t size);

/* Sets entry @index, of @size bytes, of the per-CPU array @map to 0 on all CPUs. */
int tg_program_zero(int map, uint32_t index, size_t size);

/*
 * Makes one run of the sweep that @sweep asks for, of less than a millisecond. Its out fields count
 * all runs; `next` is where this one begins, and the next one after it. Returns 1 if there is more,
 * 0 at the end, or -errno, logged. A rate's version number is not used again before a sweep has
 * come to its end, so no other policy may be put in force before that.
 */
int tg_program_sweep_some(const struct tg_program *program, struct tg_sweep *sweep);

/* Makes all runs of the sweep. 0 or -errno, logged. */
int tg_program_sweep(const struct tg_program *program, struct tg_sweep *sweep);

/*
 * Writes to @errmsg why a program could not be loaded, from the errno @error below 0. Returns
 * -EPERM without privilege, -EOPNOTSUPP if the verifier refused it, else @error.
 */
int tg_program_explain_load(char *errmsg, int error);

/*
 * Reclaims those of the sweep->candidates @entries (numbers of table entries, TG_CANDIDATES_MAX at
 * most) that are idle, and fills the out fields of @sweep. 0 or -errno, logged.
 */
int tg_program_reclaim(const struct tg_program *program, struct tg_sweep *sweep,
		       const uint32_t *entries);

/*
 * Divides the program's table among the limits as its policy says, from then on. What limits hold
 * stays. Returns 0 or -errno, logged.
 */
int tg_program_reserve(const struct tg_program *program);

/*
 * Returns a descriptor of the program that charges debits, owned by @program. See tg_debit_run().
 */
int tg_program_debit_fd(const struct tg_program *program);

/*
 * Frees the generation. Installed and attached programs stay in the kernel. NULL-safe; sets NULL.
 */
void tg_program_free(struct tg_program **program);

#endif

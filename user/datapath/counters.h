/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the counters of the policy in force, and finds its limits by name or id. */
#ifndef TG_DATAPATH_COUNTERS_H
#define TG_DATAPATH_COUNTERS_H

#include <stdint.h>
#include <tidegate/abi.h>

struct tg_datapath;
struct tg_program;

/* Returns the generation number of the policy in force. */
uint32_t tg_datapath_generation(const struct tg_datapath *datapath);

/* Returns the program in force, valid until the next publish. Its pinned maps outlive it. */
const struct tg_program *tg_datapath_program(const struct tg_datapath *datapath);

/* Returns a descriptor of the map of events, which the caller closes, or -errno. It is the same map
 * after every publish. */
int tg_datapath_events_fd(const struct tg_datapath *datapath);

/* Returns the name of the limit in force with that id (struct tg_limit), or NULL. It is valid until
 * the next publish. */
const char *tg_datapath_limit_name(const struct tg_datapath *datapath, uint32_t id);

/* Returns the id of the limit in force with that name, or 0 if there is none. */
uint32_t tg_datapath_limit_id(const struct tg_datapath *datapath, const char *name);

/* Fills *@sum with the counters of the limit in that slot, summed over all CPUs. Returns 0 or
 * -errno. */
int tg_datapath_limit_counters(const struct tg_datapath *datapath, uint32_t slot,
			       struct tg_limit_counters *sum);

#endif

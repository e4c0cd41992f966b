/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The maps of a generation that hold its lists and matches. A generation takes over those of the
 * one before it that would hold the same. Private to this folder.
 */
#ifndef TG_KERNEL_POLICY_MAPS_H
#define TG_KERNEL_POLICY_MAPS_H

#include "policy/contents.h"

struct tidegate_bpf;

/* A generation that is loaded, and what its maps hold. */
struct tg_policy_maps {
	const struct tidegate_bpf *skeleton;
	const struct tg_contents *contents;
};

/*
 * Before the load of @maps->skeleton: takes over maps of @previous (NULL: there is none), and sizes
 * the others. Returns 0 or -errno.
 */
int tg_policy_maps_prepare(const struct tg_policy_maps *maps,
			   const struct tg_policy_maps *previous);

/* After the load: fills those that were not taken over. Returns 0 or -errno. */
int tg_policy_maps_fill(const struct tg_policy_maps *maps, const struct tg_policy_maps *previous);

#endif

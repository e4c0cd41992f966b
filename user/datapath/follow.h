/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps the attachments in step with the interfaces of the machine, which come and go. */
#ifndef TG_DATAPATH_FOLLOW_H
#define TG_DATAPATH_FOLLOW_H

#include <stddef.h>

#include "base/errmsg.h"
#include "datapath/missing.h"

struct tg_datapath;
struct tg_target;

/* So many interfaces can be limited at a time. */
#define TG_FOLLOW_INTERFACES_MAX 255

/*
 * Attaches to interfaces that the configuration means and that have appeared, and detaches from
 * those that a whole list of the interfaces has shown to be gone or renamed. If they cannot be
 * listed, leaves all as it is. What could not be done is logged once, shown by
 * tg_datapath_stats(), and done again by tg_datapath_retry().
 */
void tg_datapath_follow(struct tg_datapath *datapath);

/* Does again what tg_datapath_follow() could not do, if anything; to be called once a second. */
void tg_datapath_retry(struct tg_datapath *datapath);

/*
 * Sorts @targets into the order in which they are taken, so that the same ones stay if there are
 * too many: first those with an attachment (targets[i].attached), then those with a name of their
 * own in the configuration, then those of patterns; each by ifindex. Those that there is room for
 * come from below to above: a bridge after its ports, a macvlan after the device it is on.
 */
void tg_follow_rank(struct tg_target *targets, size_t n);

/* Writes that there is no room for the target. Returns -E2BIG. */
int tg_follow_refuse_full(const struct tg_target *target, char *errmsg);

/* Returns why a hook is not limited to which attaching has failed with @error. */
enum tg_missing_reason tg_follow_reason(int error);

/* Adds to @list that the hook of the target is not attached, and why; refused ones are due again in
 * a few seconds. */
void tg_follow_miss(struct tg_missing_list *list, const struct tg_target *target, enum tg_hook hook,
		    enum tg_missing_reason reason, const char *why);

#endif

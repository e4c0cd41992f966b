/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of the machine's interfaces a configuration means, at this moment. */
#ifndef TG_ATTACH_TARGETS_H
#define TG_ATTACH_TARGETS_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

struct tg_target {
	char name[16];
	unsigned int ifindex;
	enum tg_xdp_mode xdp_mode;
	unsigned int hooks; /* mask of hooks */
	bool manage_qdisc;
	/*
	 * The interface of this list that receives this one's packets as well, after it (the bridge
	 * that it is a port of) or before it (the device under a VLAN); 0 none.
	 */
	unsigned int overlaps;
};

/*
 * Lists the interfaces of this network namespace that @config means; the caller frees *@targets.
 * Those that it names and that are not there are left out: they are waited for. But if there
 * is none at all, and no pattern that one could come to fit, that is an error: -ENODEV.
 * Returns 0 or -errno with @errmsg.
 */
int tg_targets_find(const struct tg_config *config, struct tg_target **targets, size_t *n,
		    char *errmsg);

/* Says in the log which of them would charge a packet twice. */
void tg_targets_warn(const struct tg_target *targets, size_t n);

#endif

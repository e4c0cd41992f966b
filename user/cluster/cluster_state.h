/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the other nodes are heard, and what each shared limit is enforced as meanwhile. */
#ifndef TG_CLUSTER_CLUSTER_STATE_H
#define TG_CLUSTER_CLUSTER_STATE_H

/* Of the exchange with the other nodes. */
enum tg_cluster_state {
	TG_CLUSTER_STARTING, /* no round is complete yet */
	TG_CLUSTER_HEARD,
	TG_CLUSTER_LOST, /* no round was for stale_after */
	TG_CLUSTER_STATES,
};

/* What a shared limit is enforced as. */
enum tg_cluster_mode {
	TG_CLUSTER_SHARED,
	TG_CLUSTER_SPLIT,
	TG_CLUSTER_HOLD,
	TG_CLUSTER_LOCAL,
	TG_CLUSTER_OPEN,
	TG_CLUSTER_MODES,
};

#endif

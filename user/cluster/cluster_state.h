/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The states of the exchange with other nodes, and the ways in which a shared limit is enforced. */
#ifndef TG_CLUSTER_CLUSTER_STATE_H
#define TG_CLUSTER_CLUSTER_STATE_H

/* The state of the exchange. */
enum tg_cluster_state {
	TG_CLUSTER_STARTING, /* no round is complete yet */
	TG_CLUSTER_HEARD,    /* a round was complete within stale_after */
	TG_CLUSTER_LOST,     /* no round was complete for stale_after */
	TG_CLUSTER_STATES,
};

/* How a shared limit is enforced. All but SHARED are on_store_loss. */
enum tg_cluster_mode {
	TG_CLUSTER_SHARED, /* all nodes together admit its rate */
	TG_CLUSTER_SPLIT,  /* this node has its part of the rate */
	TG_CLUSTER_HOLD,   /* the others are assumed to take tokens as before */
	TG_CLUSTER_LOCAL,  /* this node has the whole rate */
	TG_CLUSTER_OPEN,   /* it admits everything */
	TG_CLUSTER_MODES,
};

#endif

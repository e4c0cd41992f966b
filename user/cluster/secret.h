/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The secret that the nodes of a cluster exchange, and what follows from it: by what the names of
 * `per: key` are hashed, which must come out alike on all of them.
 */
#ifndef TG_CLUSTER_SECRET_H
#define TG_CLUSTER_SECRET_H

#include "config/config.h"
#include "cluster/frame.h"

/* What frame_key_file has now; length 0 if there is none. 0, or -errno and @errmsg. */
int tg_cluster_secret_read(const struct tg_config_cluster *cluster,
			   struct tg_cluster_secret *secret, char *errmsg);

/*
 * To be called before a configuration is put in force: reads the file, and notes in @config's
 * cluster by what names are hashed. 0, or -errno and @errmsg; nothing to do without a cluster.
 */
int tg_cluster_secret_note(struct tg_config *config, char *errmsg);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the secret that the nodes of a cluster have in common. It signs frames, and gives the key
 * by which names of `per: key` are hashed, so that all nodes have the same hash.
 */
#ifndef TG_CLUSTER_SECRET_H
#define TG_CLUSTER_SECRET_H

#include "config/config.h"
#include "cluster/frame.h"

/*
 * Reads frame_key_file into @secret; length 0 if none is configured. An end of line at the end is
 * not part of the secret. The caller wipes @secret after use. Returns 0, or -errno with @errmsg
 * (TG_ERRMSG_SIZE): -EINVAL if the file is empty or has more than TG_SHARED_SECRET_MAX bytes.
 */
int tg_cluster_secret_read(const struct tg_config_cluster *cluster,
			   struct tg_cluster_secret *secret, char *errmsg);

/*
 * Reads @secret, and sets config->cluster.name_key from it and the cluster's name. Call it before
 * @config is put in force. Without a cluster @secret is empty. The caller wipes @secret after use.
 * Returns 0, or -errno with @errmsg as above, or -ENOMEM.
 */
int tg_cluster_secret_note(struct tg_config *config, struct tg_cluster_secret *secret,
			   char *errmsg);

#endif

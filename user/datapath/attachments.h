/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The attachments of a datapath: each has a hook, a place among the counters and maybe a queue. */
#ifndef TG_DATAPATH_ATTACHMENTS_H
#define TG_DATAPATH_ATTACHMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tidegate/abi.h>

struct tg_attachment;
struct tg_config;
struct tg_datapath;
struct tg_program;
struct tg_target;

/* The attachment to a hook of an interface, or NULL. */
struct tg_attachment *tg_attachments_find(struct tg_datapath *datapath, unsigned int ifindex,
					  enum tg_hook hook);

/*
 * Puts an attachment on its hook unless it is there already, with the queue that it needs behind
 * it if the policy delays. *@queued: the queue was made by this call. 0 or -errno with @errmsg.
 */
int tg_attachments_attach(const struct tg_datapath *datapath, const struct tg_program *program,
			  const struct tg_config *config, const struct tg_target *target,
			  struct tg_attachment *attachment, bool *queued, char *errmsg);

/* Packets are delayed there. */
bool tg_attachments_delay(const struct tg_config *config, const struct tg_attachment *attachment);

/* Where it stands in the map `attachments`. */
uint32_t tg_attachments_index(const struct tg_attachment *attachment);

/*
 * Gives an attachment its place among the counters, if it has none: one that neither the live
 * attachments have nor @others. 0 or -errno with @errmsg.
 */
int tg_attachments_count(const struct tg_datapath *datapath, const struct tg_program *program,
			 const struct tg_attachment *others, size_t others_n,
			 struct tg_attachment *attachment, char *errmsg);

/* Takes an attachment away, with the queue of ours behind it. */
void tg_datapath_remove(const struct tg_datapath *datapath, struct tg_attachment *attachment);

/*
 * Attaches to interfaces that the configuration means and that have appeared, lets go of
 * those that have gone or have another name now. What cannot be is logged, once.
 */
void tg_datapath_follow(struct tg_datapath *datapath);

#endif

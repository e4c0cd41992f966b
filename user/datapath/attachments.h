/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The attachments of a datapath. Each is a program on one hook of one interface, with an index into
 * the interface counters and, if packets are delayed there, an fq qdisc.
 */
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

/* Returns that of the @n @attachments which is on the hook of the interface, or NULL. */
const struct tg_attachment *tg_attachments_find(const struct tg_attachment *attachments, size_t n,
						unsigned int ifindex, enum tg_hook hook);

/*
 * Attaches the hook's dispatch program, unless the attachment has a link already. Sees to it
 * first that the interface has an fq qdisc, if @config delays packets there; sets *@queued if this
 * call made that qdisc. Returns 0, or -errno with @errmsg; then a qdisc just made is gone again.
 * -EPROTONOSUPPORT: the hook cannot enforce @config on frames with such a header.
 */
int tg_attachments_attach(const struct tg_datapath *datapath, const struct tg_config *config,
			  const struct tg_target *target, struct tg_attachment *attachment,
			  bool *queued, char *errmsg);

/* True if a limit of @config delays packets at that hook. */
bool tg_attachments_delay(const struct tg_config *config, const struct tg_attachment *attachment);

/* Returns the key of the attachment in the map `attachments`. */
uint32_t tg_attachments_index(const struct tg_attachment *attachment);

/*
 * Sets attachment->counters, if it is 0, to an index that neither a live attachment nor one of
 * @others has; clears the counters there and writes the index to the map `attachments`. Returns 0,
 * or -errno with @errmsg.
 */
int tg_attachments_count(const struct tg_datapath *datapath, const struct tg_program *program,
			 const struct tg_attachment *others, size_t others_n,
			 struct tg_attachment *attachment, char *errmsg);

/*
 * Detaches and unpins an attachment, and removes the fq qdisc if tidegate made it. Returns 0, or
 * -errno: then the attachment is there as before, and `leaving`. The first failure is logged.
 */
int tg_datapath_remove(const struct tg_datapath *datapath, struct tg_attachment *attachment);

#endif

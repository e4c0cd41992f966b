/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A publish under way, which two files work on. Private to this folder. */
#ifndef TG_DATAPATH_PUBLISH_PRIVATE_H
#define TG_DATAPATH_PUBLISH_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tidegate/abi.h>

#include "attach/link.h"
#include "datapath/follow.h"

struct tg_compiled;
struct tg_config;
struct tg_datapath;
struct tg_program;

/* A publish under way. tg_publish_free() undoes what it did unless it is committed. */
struct tg_publish {
	struct tg_datapath *datapath;
	const struct tg_config *config;
	struct tg_compiled *compiled;
	struct tg_program *program;
	uint32_t bank;	     /* of the new generation */
	struct tg_meta meta; /* as it will be */
	bool resized;	     /* the new table waits for its name */
	struct tg_attachment attachments[TG_ATTACHMENTS_MAX - 1];
	size_t attachments_n;
	size_t held;			      /* interfaces among them */
	int refused;			      /* the last error of those left out */
	struct tg_missing_list missing;	      /* interfaces that the configuration means as well */
	bool created[TG_ATTACHMENTS_MAX - 1]; /* this publish made the link, */
	bool queued[TG_ATTACHMENTS_MAX - 1];  /* and the fq qdisc */
	uint32_t was[TG_ATTACHMENTS_MAX - 1]; /* id of the program that the link ran; 0: as now */
	unsigned int dispatch_made;	      /* mask of hooks */
	bool committed;
};

/* Returns @error, 0 or -errno of the maps; a failure is explained in @errmsg. */
int tg_publish_refuse_maps(int error, char *errmsg);

/* Steps, as the table in publish.c has them. Return 0, or -errno with @errmsg. */
int tg_publish_attach(struct tg_publish *publish, char *errmsg);
int tg_publish_move_links(struct tg_publish *publish, char *errmsg);
int tg_publish_drop_attachments(struct tg_publish *publish, char *errmsg);

/* Hands what the publish has not attached to over to the datapath, once it is committed. */
void tg_publish_take_missing(struct tg_publish *publish);

/*
 * Undoes what attaching and moving did. Returns 0 if no link that was there before runs the new
 * policy any more, and none that was made is left.
 */
int tg_publish_undo_links(struct tg_publish *publish);

#endif

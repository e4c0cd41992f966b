/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds what an earlier daemon left in the state directory, and changes nothing of it. */
#ifndef TG_DATAPATH_ADOPT_H
#define TG_DATAPATH_ADOPT_H

struct tg_datapath;

/*
 * Reads the pinned maps, entries and links. Maps of this layout stay in use. Maps of an older
 * layout do not, and the first publish makes new ones. From version TG_BUCKETS_SINCE on, the
 * buckets and what belongs to them stay in use all the same. Returns 0, or -errno with @errmsg:
 * -EBUSY if a newer version has made them; any other if one of them is there and cannot be read.
 */
int tg_adopt(struct tg_datapath *datapath, char *errmsg);

/* Reads only the links, for tg_datapath_detach(). */
int tg_adopt_links(struct tg_datapath *datapath, char *errmsg);

#endif

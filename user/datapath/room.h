/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The room that each limit has in the table in force. */
#ifndef TG_DATAPATH_ROOM_H
#define TG_DATAPATH_ROOM_H

#include "kernel/bucket_table.h"

struct tg_datapath;

/* Reads how the limits use the table. Returns 0 or -errno, logged. */
int tg_room_read(const struct tg_datapath *datapath, struct tg_table_usage *usage);

/*
 * Divides the table among the limits in force. On failure, which is logged, it stays divided as it
 * was, and datapath->undivided stays true. Returns 0 or -errno. One at a time: in the loop.
 */
int tg_room_divide(struct tg_datapath *datapath);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads how the limits use the table, and has the program divide it. */
#include "datapath/room.h"

#include "datapath/datapath_private.h"
#include "kernel/program.h"

int tg_room_read(const struct tg_datapath *datapath, struct tg_table_usage *usage)
{
	return tg_table_read_usage(tg_program_map_fd(datapath->program, TG_MAP_BUCKETS), usage);
}

int tg_room_divide(struct tg_datapath *datapath)
{
	int error = tg_program_reserve(datapath->program);

	if (!error)
		datapath->undivided = false;
	return error;
}

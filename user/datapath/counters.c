// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the counters of the limits in force, and translates their ids and names. */
#include "datapath/counters.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "config/config.h"
#include "datapath/datapath_private.h"
#include "policy/compile.h"
#include "kernel/program.h"

const struct tg_program *tg_datapath_program(const struct tg_datapath *datapath)
{
	return datapath->program;
}

int tg_datapath_limit_counters(const struct tg_datapath *datapath, uint32_t slot,
			       struct tg_limit_counters *sum)
{
	return tg_program_sum(tg_program_map_fd(datapath->program, TG_MAP_LIMIT_COUNTERS), slot,
			      (uint64_t *)sum, sizeof(*sum));
}

int tg_datapath_events_fd(const struct tg_datapath *datapath)
{
	int fd = fcntl(tg_program_map_fd(datapath->program, TG_MAP_EVENTS), F_DUPFD_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

const char *tg_datapath_limit_name(const struct tg_datapath *datapath, uint32_t id)
{
	const struct tg_limit_record *record = &datapath->records[TG_LIMIT_SLOT(id)];

	return record->name[0] && record->id == id ? record->name : NULL;
}

uint32_t tg_datapath_generation(const struct tg_datapath *datapath)
{
	return datapath->meta.generation[datapath->bank];
}

uint32_t tg_datapath_limit_id(const struct tg_datapath *datapath, const char *name)
{
	size_t i;

	for (i = 0; i < datapath->config->limits_n; i++)
		if (strcmp(datapath->config->limits[i].name, name) == 0)
			return datapath->records[datapath->compiled->slots[i]].id;
	return 0;
}

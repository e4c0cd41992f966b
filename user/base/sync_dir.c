// SPDX-License-Identifier: GPL-2.0-or-later
/* fsync(2) of a directory. */
#include "base/sync_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"

int tg_sync_dir_of(const char *path)
{
	char copy[PATH_MAX];
	tg_autoclose int fd = -1;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) ? -errno : 0;
}

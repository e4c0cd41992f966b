// SPDX-License-Identifier: GPL-2.0-or-later
/* Refuses paths at which every user could put something else. */
#include "base/ownership.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/log.h"

static int refuse(const char *what, const char *path, const char *harm)
{
	tg_log(TG_LOG_ERROR,
	       "%s %s may be written by everybody, who could then %s; run chmod o-w %s", what, path,
	       harm, path);
	return -EACCES;
}

int tg_ownership_check_file(const char *path)
{
	char copy[PATH_MAX];
	struct stat status;
	const char *parent;

	if (stat(path, &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & S_IWOTH))
		return refuse("the configuration", path, "change every limit");
	snprintf(copy, sizeof(copy), "%s", path);
	parent = dirname(copy);
	if (stat(parent, &status) == 0 && (status.st_mode & S_IWOTH) && !(status.st_mode & S_ISVTX))
		return refuse("the configuration's directory", parent,
			      "put another configuration there");
	return 0;
}

int tg_ownership_check_directory(const char *path)
{
	struct stat status;

	if (stat(path, &status) == 0 && (status.st_mode & S_IWOTH))
		return refuse("the control socket's directory", path,
			      "put a socket of their own there");
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Refuses files and directories in which another user could put something else. */
#include "base/ownership.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/errmsg.h"

static bool demanded;

void tg_ownership_demand(void)
{
	demanded = true;
}

static bool owner_is_safe(const struct stat *status)
{
	return status->st_uid == 0 || status->st_uid == geteuid();
}

/* Who is in root's group could be root already. */
static bool mode_is_safe(const struct stat *status)
{
	return !(status->st_mode & S_IWOTH) && !(status->st_mode & S_IWGRP && status->st_gid);
}

bool tg_ownership_is_safe(const struct stat *status)
{
	return owner_is_safe(status) && mode_is_safe(status);
}

/* Says what is unsafe about @path and how to correct it. @what: "" or words before the path. */
static void explain(const struct stat *status, const char *what, const char *path, char *errmsg)
{
	if (mode_is_safe(status))
		tg_error_set(errmsg, EPERM,
			     "%s%s belongs to user %u, who could change it; run "
			     "chown root %s",
			     what, path, status->st_uid, path);
	else if (owner_is_safe(status))
		tg_error_set(errmsg, EPERM,
			     "%s%s may be written by others than its owner (mode "
			     "%04o); run chmod go-w %s",
			     what, path, status->st_mode & 07777, path);
	else
		tg_error_set(errmsg, EPERM,
			     "%s%s belongs to user %u, and others may write it "
			     "(mode %04o); run chown root %s; chmod go-w %s",
			     what, path, status->st_uid, status->st_mode & 07777, path, path);
}

static int judge(int fd, const char *path, char *errmsg)
{
	struct stat status;
	char copy[PATH_MAX];
	const char *parent;

	if (fstat(fd, &status))
		return tg_error_set(errmsg, errno, "%s: %s", path, strerror(errno));
	if (!S_ISREG(status.st_mode))
		return tg_error_set(errmsg, EPERM, "%s is a %s; tidegated reads regular files only",
				    path,
				    S_ISDIR(status.st_mode)    ? "directory"
				    : S_ISFIFO(status.st_mode) ? "FIFO"
							       : "device");
	if (!tg_ownership_is_safe(&status)) {
		explain(&status, "", path, errmsg);
		return -EPERM;
	}
	snprintf(copy, sizeof(copy), "%s", path);
	parent = dirname(copy);
	if (stat(parent, &status))
		return tg_error_set(errmsg, errno, "%s: %s", parent, strerror(errno));
	if (owner_is_safe(&status) && (mode_is_safe(&status) || (status.st_mode & S_ISVTX)))
		return 0;
	explain(&status, "its directory ", parent, errmsg);
	return -EPERM;
}

int tg_ownership_open(const char *path, char *errmsg)
{
	/* O_NONBLOCK: a FIFO without a writer gives an empty text, instead of a wait. */
	tg_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	int error;

	if (fd < 0 || fstat(fd, &status))
		return tg_error_set(errmsg, errno, "%s: %s", path, strerror(errno));
	if (demanded) {
		error = judge(fd, path, errmsg);
		return error ? error : TAKE_FD(fd);
	}
	if (S_ISDIR(status.st_mode))
		return tg_error_set(errmsg, EISDIR, "%s: %s", path, strerror(EISDIR));
	if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode))
		return tg_error_set(errmsg, ENXIO, "%s is not a regular file", path);
	/* Once it is open, wait for a writer that is slow. */
	if (S_ISFIFO(status.st_mode) && fcntl(fd, F_SETFL, 0) < 0)
		return tg_error_set(errmsg, errno, "%s: %s", path, strerror(errno));
	return TAKE_FD(fd);
}

int tg_ownership_check_directory(const char *path, const char *what, char *errmsg)
{
	struct stat status;
	char words[64];

	if (stat(path, &status) || tg_ownership_is_safe(&status))
		return 0;
	snprintf(words, sizeof(words), "the %s's directory ", what);
	explain(&status, words, path, errmsg);
	return -EACCES;
}

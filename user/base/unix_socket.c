// SPDX-License-Identifier: GPL-2.0-or-later
/* Binds a Unix socket in place of a stale one. */
#include "base/unix_socket.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/errmsg.h"
#include "base/log.h"
#include "base/ownership.h"

static int make_parent(const char *path, const char *what)
{
	char copy[PATH_MAX];
	char errmsg[TG_ERRMSG_SIZE];
	const char *parent;
	int error;

	snprintf(copy, sizeof(copy), "%s", path);
	parent = dirname(copy);
	if (mkdir(parent, 0755) && errno != EEXIST)
		return tg_log_errno(errno, "cannot make the directory of the %s %s", what, path);
	error = tg_ownership_check_directory(parent, what, errmsg);
	if (error)
		tg_log(TG_LOG_ERROR, "%s", errmsg);
	return error;
}

/*
 * Whether somebody listens there, so that the socket must not be replaced. Does not wait: a backlog
 * that is full has a listener.
 */
static bool answers(const struct sockaddr_un *address)
{
	tg_autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd >= 0 && (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
			   errno == EAGAIN);
}

int tg_unix_socket_bind(const char *path, const char *what)
{
	tg_autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat status;
	mode_t mask;
	int error;

	if (fd < 0)
		return tg_log_errno(errno, "socket");
	if (strlen(path) >= sizeof(address.sun_path))
		return tg_log_errno(ENAMETOOLONG, "%s %s", what, path);
	strcpy(address.sun_path, path);
	error = make_parent(path, what);
	if (error)
		return error;
	if (lstat(path, &status) == 0) {
		if (!S_ISSOCK(status.st_mode))
			return tg_log_errno(EEXIST, "%s %s: not a socket", what, path);
		if (answers(&address))
			return tg_log_errno(EADDRINUSE,
					    "another process answers on the %s %s; choose another "
					    "path",
					    what, path);
		unlink(path);
	}
	mask = umask(0117); /* 0660 from the first moment on */
	error = bind(fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
	umask(mask);
	if (error)
		return tg_log_errno(error, "%s%s %s",
				    geteuid() == 0 ? "" : "tidegated is to be run as root: ", what,
				    path);
	return TAKE_FD(fd);
}

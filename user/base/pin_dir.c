// SPDX-License-Identifier: GPL-2.0-or-later
/* The directory of pins on a bpffs: makes and locks it, opens, removes and lists its pins. */
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/errmsg.h"
#include "base/pin_dir.h"

static int check_bpffs(const char *path, char *errmsg)
{
	char copy[PATH_MAX];
	struct statfs status;
	const char *parent;

	snprintf(copy, sizeof(copy), "%s", path);
	parent = dirname(copy);
	if (statfs(parent, &status))
		return tg_error_set(errmsg, errno == EACCES ? EPERM : EINVAL,
				    "state directory %s: %s: %s", path, parent, strerror(errno));
	if ((unsigned long)status.f_type != BPF_FS_MAGIC)
		return tg_error_set(
			errmsg, EINVAL,
			"state directory %s is not on a bpffs; mount one with "
			"`mount -t bpf bpf /sys/fs/bpf`, or choose another place with --state",
			path);
	return 0;
}

int tg_pin_dir_open(const char *path, char *errmsg)
{
	tg_autoclose int fd = -1;
	int error;

	error = check_bpffs(path, errmsg);
	if (error)
		return error;
	if (mkdir(path, 0710) && errno != EEXIST)
		return tg_error_set(errmsg, errno == EACCES ? EPERM : errno,
				    "cannot make the state directory %s: %s; run as root", path,
				    strerror(errno));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return tg_error_set(errmsg, errno == EACCES ? EPERM : errno, "%s: %s; run as root",
				    path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB))
		return tg_error_set(
			errmsg, errno == EWOULDBLOCK ? EBUSY : errno,
			"another tidegate process uses the state directory %s; stop it or "
			"choose another with --state",
			path);
	/* 0710: group members can open pins they know by name, but cannot list the directory. */
	fchmod(fd, 0710);
	return TAKE_FD(fd);
}

int tg_pin_dir_open_pin(const char *path, const char *pin)
{
	char whole[PATH_MAX];
	int fd;

	snprintf(whole, sizeof(whole), "%s/%s", path, pin);
	fd = bpf_obj_get(whole);
	return fd < 0 ? -errno : fd;
}

bool tg_pin_dir_unlink(const char *path, const char *pin)
{
	char whole[PATH_MAX];

	snprintf(whole, sizeof(whole), "%s/%s", path, pin);
	return unlink(whole) == 0;
}

void tg_pin_dir_each(const char *path, const char *prefix, void (*each)(void *, const char *),
		     void *data)
{
	DIR *directory = opendir(path);
	struct dirent *entry;

	if (!directory)
		return;
	while ((entry = readdir(directory)))
		if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
			each(data, entry->d_name);
	closedir(directory);
}

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
#include "base/ownership.h"
#include "base/pin_dir.h"

static int check_parent(const char *path, char *errmsg)
{
	char copy[PATH_MAX];
	struct statfs system;
	struct stat status;
	const char *parent;

	snprintf(copy, sizeof(copy), "%s", path);
	parent = dirname(copy);
	if (statfs(parent, &system) || stat(parent, &status))
		return tg_error_set(errmsg, errno == EACCES ? EPERM : EINVAL,
				    "state directory %s: %s: %s", path, parent, strerror(errno));
	if ((unsigned long)system.f_type != BPF_FS_MAGIC)
		return tg_error_set(
			errmsg, EINVAL,
			"state directory %s is not on a bpffs; mount one with "
			"`mount -t bpf -o mode=0700 bpf /sys/fs/bpf`, or choose another place "
			"with --state",
			path);
	/* With the sticky bit others can make a directory there, but not rename ours. */
	if (status.st_mode & S_ISVTX)
		status.st_mode &= ~(S_IWGRP | S_IWOTH);
	if (!tg_ownership_is_safe(&status))
		return tg_error_set(
			errmsg, EPERM,
			"state directory %s: others could replace it, because %s belongs to user "
			"%u and has mode %04o; run chown root %s; chmod 0700 %s",
			path, parent, status.st_uid, status.st_mode & 07777, parent, parent);
	return 0;
}

/* Whether @path is the directory that @fd has open, and no other that took its place. */
static bool names(const char *path, int fd)
{
	struct stat open, there;

	return fstat(fd, &open) == 0 && lstat(path, &there) == 0 && open.st_dev == there.st_dev &&
	       open.st_ino == there.st_ino;
}

/* Another user who owns the directory could take pins away, or hold its lock for ever. */
static int check_directory(const char *path, int fd, char *errmsg)
{
	struct stat status;

	if (fstat(fd, &status))
		return tg_error_set(errmsg, errno, "%s: %s", path, strerror(errno));
	if ((status.st_uid == 0 || status.st_uid == geteuid()) &&
	    !(status.st_mode & (S_IWGRP | S_IWOTH)))
		return 0;
	return tg_error_set(errmsg, EPERM,
			    "the state directory %s is not safe: it belongs to user %u and has "
			    "mode %04o, but must be root's, with no write permission for others; "
			    "see whose it is, remove it, and mount the bpffs with mode=0700 so "
			    "that only root makes directories there; or choose another with "
			    "--state",
			    path, status.st_uid, status.st_mode & 07777);
}

/* Makes the directory if it is missing. Returns a descriptor, or -errno with @errmsg. */
static int make_and_open(const char *path, char *errmsg)
{
	struct stat status;
	int fd, error;

	if (mkdir(path, 0710) && errno != EEXIST)
		return tg_error_set(errmsg, errno == EACCES ? EPERM : errno,
				    "cannot make the state directory %s: %s; run as root", path,
				    strerror(errno));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	error = errno;
	if (error != ENOENT && lstat(path, &status) == 0 && !S_ISDIR(status.st_mode))
		return tg_error_set(errmsg, EPERM,
				    "the state directory %s is a %s; name a directory with "
				    "--state, or remove it",
				    path, S_ISLNK(status.st_mode) ? "symbolic link" : "file");
	return tg_error_set(errmsg, error == EACCES ? EPERM : error, "%s: %s; run as root", path,
			    strerror(error));
}

#define TRIES 100 /* each time, another process must have removed the directory in between */

int tg_pin_dir_open(const char *path, char *errmsg)
{
	int error = check_parent(path, errmsg), tries;

	if (error)
		return error;
	for (tries = 0; tries < TRIES; tries++) {
		tg_autoclose int fd = make_and_open(path, errmsg);

		if (fd == -ENOENT)
			continue;
		error = fd < 0 ? fd : check_directory(path, fd, errmsg);
		if (error)
			return error;
		if (flock(fd, LOCK_EX | LOCK_NB))
			return tg_error_set(errmsg, errno == EWOULDBLOCK ? EBUSY : errno,
					    "another tidegate process uses the state directory %s; "
					    "stop it or choose another with --state",
					    path);
		/* Whoever had the lock may have removed the directory before giving it up. */
		if (!names(path, fd))
			continue;
		/* 0710: group members can open pins they know by name, but cannot list them. */
		fchmod(fd, 0710);
		return TAKE_FD(fd);
	}
	return tg_error_set(errmsg, EBUSY,
			    "other tidegate processes keep removing the state directory %s; choose "
			    "another with --state",
			    path);
}

int tg_pin_dir_check(const char *path, int lock, char *errmsg)
{
	if (names(path, lock))
		return 0;
	return tg_error_set(errmsg, EBUSY,
			    "the state directory %s was removed or replaced while this process "
			    "used it; restart tidegated",
			    path);
}

int tg_pin_dir_remove(const char *path, int lock)
{
	if (!names(path, lock))
		return 0;
	return rmdir(path) ? -errno : 0;
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

static bool is_named(const struct dirent *entry, const char *prefix)
{
	return strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
	       strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

int tg_pin_dir_each(const char *path, const char *prefix, int (*each)(void *, const char *),
		    void *data)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	int result = 0;

	if (!directory)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	while (!result) {
		errno = 0;
		entry = readdir(directory);
		if (entry)
			result = is_named(entry, prefix) ? each(data, entry->d_name) : 0;
		else if (errno)
			result = -errno;
		else
			break;
	}
	closedir(directory);
	return result;
}

static int unlink_one(void *path, const char *pin)
{
	tg_pin_dir_unlink(path, pin);
	return 0;
}

void tg_pin_dir_clear(const char *path)
{
	tg_pin_dir_each(path, "", unlink_one, (void *)path);
	rmdir(path);
}

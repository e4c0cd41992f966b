// SPDX-License-Identifier: GPL-2.0-or-later
/* Which state directories are taken, and that a lock is on the directory that the path names. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/errmsg.h"
#include "base/pin_dir.h"
#include "give_away.h"
#include "test.h"

#define BPFFS  "/sys/fs/bpf"
#define NOBODY 65534

static char top[64], path[96], errmsg[TG_ERRMSG_SIZE];

/* How often the next calls of flock() find that another process has replaced the directory. */
static int replacements;

/* Takes the place of the C library's. */
int flock(int fd, int operation)
{
	if (replacements > 0) {
		replacements--;
		CHECK(rmdir(path) == 0 && mkdir(path, 0700) == 0, "%s", strerror(errno));
	}
	return (int)syscall(SYS_flock, fd, operation);
}

/* Makes a directory of the test's own on the bpffs. Returns why it cannot, or NULL. */
static const char *make_top(void)
{
	struct statfs status;

	if (!can_give_away())
		return "only root makes directories on a bpffs";
	if (statfs(BPFFS, &status) || (unsigned long)status.f_type != BPF_FS_MAGIC)
		return "no bpffs at " BPFFS;
	snprintf(top, sizeof(top), BPFFS "/tidegate-unit-%d", getpid());
	snprintf(path, sizeof(path), "%s/state", top);
	CHECK(mkdir(top, 0700) == 0, "%s", strerror(errno));
	return NULL;
}

static void remove_top(void)
{
	rmdir(path);
	CHECK(rmdir(top) == 0, "%s stays: %s", top, strerror(errno));
}

static bool locked_is_named(int fd)
{
	struct stat open, there;

	return fstat(fd, &open) == 0 && stat(path, &there) == 0 && open.st_ino == there.st_ino &&
	       (there.st_mode & 07777) == 0710;
}

static void expect_refused(int error, const char *say, const char *what)
{
	int fd = tg_pin_dir_open(path, errmsg);

	CHECK(fd == error, "%s: %d", what, fd);
	CHECK(fd >= 0 || strstr(errmsg, say), "%s: %s", what, errmsg);
	if (fd >= 0)
		close(fd);
}

TEST(owners_and_modes)
{
	static const struct {
		uid_t owner;
		mode_t mode, parent;
		const char *say; /* NULL: is taken */
	} cases[] = {
		{0, 0700, 0700, NULL},
		{0, 0710, 01777, NULL}, /* as the kernel mounts it */
		{0, 0755, 0755, NULL},
		{0, 0720, 0700, "user 0 and has mode 0720"},
		{0, 0702, 0700, "user 0 and has mode 0702"},
		{NOBODY, 0700, 01777, "user 65534 and has mode 0700"},
		{NOBODY, 0777, 0700, "user 65534 and has mode 0777"},
		{0, 0700, 0777, "chmod 0700 "},
	};
	const char *why = make_top();
	struct stat status;
	char what[64];
	size_t i;
	int fd;

	if (why)
		SKIP(why);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(what, sizeof(what), "case %zu", i);
		CHECK(mkdir(path, 0700) == 0 && chown(path, cases[i].owner, 0) == 0 &&
		      chmod(path, cases[i].mode) == 0 && chmod(top, cases[i].parent) == 0);
		if (cases[i].say) {
			expect_refused(-EPERM, cases[i].say, what);
			CHECK(stat(path, &status) == 0 && (status.st_mode & 07777) == cases[i].mode,
			      "%s: it was changed", what);
		} else {
			fd = tg_pin_dir_open(path, errmsg);
			CHECK(fd >= 0 && locked_is_named(fd), "%s: %s", what, errmsg);
			close(fd);
		}
		rmdir(path);
	}
	remove_top();
}

TEST(a_parent_of_another)
{
	const char *why = make_top();

	if (why)
		SKIP(why);
	CHECK(chown(top, NOBODY, 0) == 0);
	expect_refused(-EPERM, "belongs to user 65534", "a parent of another");
	CHECK(access(path, F_OK), "nothing is made there");
	CHECK(chown(top, 0, 0) == 0);
	remove_top();
}

TEST(a_symbolic_link)
{
	const char *why = make_top();
	struct stat status;
	char target[96];

	if (why)
		SKIP(why);
	snprintf(target, sizeof(target), "%s/target", top);
	CHECK(mkdir(target, 0755) == 0 && symlink(target, path) == 0, "%s", strerror(errno));
	expect_refused(-EPERM, "is a symbolic link", "a symbolic link");
	CHECK(stat(target, &status) == 0 && (status.st_mode & 07777) == 0755, "target changed");
	unlink(path);
	rmdir(target);
	remove_top();
}

TEST(the_lock_is_on_what_the_path_names)
{
	const char *why = make_top();
	int fd;

	if (why)
		SKIP(why);
	replacements = 3;
	fd = tg_pin_dir_open(path, errmsg);
	CHECK(fd >= 0 && locked_is_named(fd), "replaced three times: %d", fd);
	expect_refused(-EBUSY, "another tidegate process uses", "while it is locked");
	CHECK(access(path, F_OK) == 0, "the refused one leaves it");
	CHECK(tg_pin_dir_check(path, fd, errmsg) == 0);
	CHECK(tg_pin_dir_remove(path, fd) == 0 && access(path, F_OK), "the holder removes it");

	CHECK(mkdir(path, 0700) == 0);
	CHECK(tg_pin_dir_check(path, fd, errmsg) == -EBUSY && strstr(errmsg, "restart tidegated"));
	CHECK(tg_pin_dir_remove(path, fd) == 0 && access(path, F_OK) == 0,
	      "the directory of the next one stays");
	close(fd);
	replacements = 1 << 20;
	expect_refused(-EBUSY, "keep removing", "replaced each time");
	replacements = 0;
	remove_top();
}

TEST_MAIN(RUN(owners_and_modes), RUN(a_parent_of_another), RUN(a_symbolic_link),
	  RUN(the_lock_is_on_what_the_path_names))

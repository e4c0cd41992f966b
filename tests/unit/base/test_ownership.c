// SPDX-License-Identifier: GPL-2.0-or-later
/* Which paths the daemon trusts, by files and directories made for each case. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errmsg.h"
#include "base/ownership.h"
#include "base/text.h"
#include "give_away.h"
#include "test.h"

#define NOBODY 65534

/* top/ has directory/, which has file. */
static char top[64], directory[96], file[128];

static void make_paths(void)
{
	int fd;

	strcpy(top, "/var/tmp/tidegate-unit.XXXXXX");
	CHECK(mkdtemp(top) != NULL, "%s", strerror(errno));
	snprintf(directory, sizeof(directory), "%s/directory", top);
	CHECK(mkdir(directory, 0755) == 0, "%s", strerror(errno));
	snprintf(file, sizeof(file), "%s/file", directory);
	fd = open(file, O_CREAT | O_WRONLY, 0600);
	CHECK(fd >= 0, "%s", strerror(errno));
	close(fd);
}

static void remove_paths(void)
{
	unlink(file);
	rmdir(directory);
	CHECK(rmdir(top) == 0, "%s stays: %s", top, strerror(errno));
}

/* @say: part of the sentence, NULL if @path is to be opened. */
static void expect(const char *path, int error, const char *say, const char *what)
{
	char errmsg[TG_ERRMSG_SIZE] = "";
	int fd = tg_ownership_open(path, errmsg);

	if (!say) {
		CHECK(fd >= 0, "%s: %s", what, errmsg);
	} else {
		CHECK(fd == error, "%s: %d", what, fd);
		CHECK(strstr(errmsg, say), "%s: \"%s\" without \"%s\"", what, errmsg, say);
	}
	if (fd >= 0)
		close(fd);
}

static void expect_refused(const char *path, const char *say, const char *what)
{
	expect(path, -EPERM, say, what);
}

static void change(const char *path, uid_t owner, gid_t group, mode_t mode)
{
	CHECK(chown(path, owner, group) == 0 && chmod(path, mode) == 0, "%s: %s", path,
	      strerror(errno));
}

/* Each case stands alone: what would be right is in the sentence. */
TEST(owners_and_modes_of_a_file)
{
	static const struct {
		uid_t owner;
		gid_t group;
		mode_t mode;
		const char *say; /* NULL: is read; with the path behind it */
	} cases[] = {
		{0, 0, 0600, NULL},
		{0, 0, 0644, NULL},
		{0, 0, 0664, NULL}, /* root's group */
		{0, NOBODY, 0640, NULL},
		{0, NOBODY, 0660, "run chmod go-w "},
		{0, 0, 0666, "run chmod go-w "},
		{0, 0, 0602, "run chmod go-w "},
		{NOBODY, 0, 0600, "run chown root "},
		{NOBODY, NOBODY, 0666, "; chmod go-w "},
	};
	char say[200], what[64];
	size_t i;

	if (!can_give_away())
		SKIP("only root gives files away");
	make_paths();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(what, sizeof(what), "case %zu", i);
		snprintf(say, sizeof(say), "%s%s", cases[i].say ? cases[i].say : "", file);
		change(file, cases[i].owner, cases[i].group, cases[i].mode);
		expect(file, -EPERM, cases[i].say ? say : NULL, what);
	}
	remove_paths();
}

TEST(the_directory_of_a_file)
{
	static const struct {
		uid_t owner;
		mode_t mode;
		const char *say;
	} cases[] = {
		{0, 0700, NULL},
		{0, 0755, NULL},
		{0, 01777, NULL}, /* /tmp */
		{0, 0777, "its directory "},
		{0, 0703, "its directory "},
		{NOBODY, 0755, "its directory "},
		{NOBODY, 01755, "its directory "}, /* its owner may replace all files */
	};
	char what[64];
	size_t i;

	if (!can_give_away())
		SKIP("only root gives directories away");
	make_paths();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(what, sizeof(what), "case %zu", i);
		change(directory, cases[i].owner, 0, cases[i].mode);
		expect(file, -EPERM, cases[i].say, what);
	}
	change(directory, 0, 0, 0700);
	remove_paths();
}

/* The file that is open is judged, wherever links lead. */
TEST(links)
{
	char link[128];

	make_paths();
	snprintf(link, sizeof(link), "%s/link", top);
	CHECK(symlink("directory/file", link) == 0);
	expect(link, 0, NULL, "to a file of the owner's");
	chmod(file, 0666);
	expect_refused(link, "chmod go-w", "to one that all may write");
	chmod(file, 0600);
	chmod(top, 0777);
	expect_refused(link, "its directory", "that all may replace");
	chmod(top, 0700);
	unlink(file);
	expect(link, -ENOENT, strerror(ENOENT), "to nothing");
	unlink(link);
	remove_paths();
}

TEST(other_kinds)
{
	char fifo[160];

	make_paths();
	snprintf(fifo, sizeof(fifo), "%s/fifo", directory);
	CHECK(mkfifo(fifo, 0600) == 0);
	alarm(60); /* ends a test that waits for a writer */
	expect_refused(fifo, "is a FIFO; tidegated reads regular files only", "a FIFO");
	alarm(0);
	unlink(fifo);
	expect_refused(directory, "is a directory", "a directory");
	expect_refused("/dev/zero", "is a device", "a device");
	expect(file, 0, NULL, "a file");
	CHECK(unlink(file) == 0);
	expect(file, -ENOENT, strerror(ENOENT), "no file");
	remove_paths();
}

TEST(a_text)
{
	char errmsg[TG_ERRMSG_SIZE], *text = NULL;
	size_t length;

	make_paths();
	CHECK(truncate(file, 10) == 0);
	CHECK(tg_text_read(file, 9, &text, &length, errmsg) == -EFBIG && !text &&
		      strstr(errmsg, "more than 9 bytes"),
	      "%s", errmsg);
	CHECK(tg_text_read(file, 10, &text, &length, errmsg) == 0 && length == 10);
	free(text);
	text = NULL;
	chmod(file, 0666);
	CHECK(tg_text_read(file, 10, &text, &length, errmsg) == -EPERM && !text);
	remove_paths();
}

/* Commands read what their user gives them. */
TEST(without_a_demand)
{
	char fifo[160];

	make_paths();
	chmod(file, 0666);
	expect(file, 0, NULL, "a file that all may write");
	if (can_give_away())
		change(file, NOBODY, NOBODY, 0666);
	expect(file, 0, NULL, "a file of another");
	snprintf(fifo, sizeof(fifo), "%s/fifo", directory);
	CHECK(mkfifo(fifo, 0600) == 0);
	expect(fifo, 0, NULL, "a FIFO");
	unlink(fifo);
	expect(directory, -EISDIR, strerror(EISDIR), "a directory");
	expect("/dev/zero", -ENXIO, "not a regular file", "a device");
	remove_paths();
}

TEST(the_control_sockets_directory)
{
	static const struct {
		uid_t owner;
		gid_t group;
		mode_t mode;
		const char *say;
	} cases[] = {
		{0, 0, 0700, NULL},
		{0, NOBODY, 0750, NULL},
		{0, 0, 0775, NULL},
		{0, NOBODY, 0770, "chmod go-w "},
		{0, 0, 0702, "chmod go-w "},
		{0, 0, 01777, "chmod go-w "}, /* others make a socket first */
		{NOBODY, 0, 0755, "chown root "},
	};
	char errmsg[TG_ERRMSG_SIZE];
	int result;
	size_t i;

	if (!can_give_away())
		SKIP("only root gives directories away");
	make_paths();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		change(directory, cases[i].owner, cases[i].group, cases[i].mode);
		errmsg[0] = '\0';
		result = tg_ownership_check_directory(directory, "metrics socket", errmsg);
		CHECK(result == (cases[i].say ? -EACCES : 0), "case %zu: %d", i, result);
		CHECK(cases[i].say ? strstr(errmsg, cases[i].say) &&
					     strstr(errmsg, "the metrics socket's directory /")
				   : !errmsg[0],
		      "case %zu: %s", i, errmsg);
	}
	change(directory, 0, 0, 0700);
	CHECK(tg_ownership_check_directory("/nonexistent/x", "metrics socket", errmsg) == 0);
	remove_paths();
}

/* Cannot be taken back, so what goes without comes first. */
TEST(demand)
{
	tg_ownership_demand();
}

TEST_MAIN(RUN(without_a_demand), RUN(the_control_sockets_directory), RUN(demand),
	  RUN(owners_and_modes_of_a_file), RUN(the_directory_of_a_file), RUN(links),
	  RUN(other_kinds), RUN(a_text))

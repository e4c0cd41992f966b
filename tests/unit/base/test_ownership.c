// SPDX-License-Identifier: GPL-2.0-or-later
/* Which paths the daemon trusts, by files and directories made for each case. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "logged.h"
#include "base/ownership.h"
#include "test.h"

#define NOBODY 65534

/* top/ has directory/, which has file. */
static char top[64], directory[96], file[128];

static void make_paths(void)
{
	int fd;

	tg_log_setup("test", TG_LOG_ERROR, TG_LOG_TEXT);
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

/* Runs @check on @path; @want is the whole line that it logs, without the program's name. */
static void expect(int (*check)(const char *), const char *path, const char *want, const char *what)
{
	struct tg_logged logged;
	char line[512] = "";
	const char *got;
	int result;

	if (*want)
		snprintf(line, sizeof(line), "test: error: %s\n", want);
	tg_logged_begin(&logged);
	result = check(path);
	got = tg_logged_end(&logged);
	CHECK(result == (*want ? -EACCES : 0), "%s: %d", what, result);
	CHECK(strcmp(got, line) == 0, "%s: \"%s\" instead of \"%s\"", what, got, line);
	tg_logged_free(&logged);
}

static const char *refusal(const char *what, const char *path, const char *harm)
{
	static char text[400];

	snprintf(text, sizeof(text),
		 "%s %s may be written by everybody, who could then %s; run chmod o-w %s", what,
		 path, harm, path);
	return text;
}

static const char *bad_file(const char *path)
{
	return refusal("the configuration", path, "change every limit");
}

static const char *bad_parent(const char *path)
{
	return refusal("the configuration's directory", path, "put another configuration there");
}

static const char *bad_directory(const char *path)
{
	return refusal("the control socket's directory", path, "put a socket of their own there");
}

TEST(modes_of_a_file)
{
	static const struct {
		mode_t file, directory;
		int blamed; /* 0 nothing, 1 the file, 2 the directory */
	} cases[] = {
		{0600, 0700, 0},  {0644, 0755, 0},
		{0664, 0775, 0},		   /* the group is trusted */
		{0444, 0555, 0},  {0000, 0755, 0}, /* whoever opens it says so */
		{0666, 0755, 1},  {0602, 0755, 1},
		{0646, 0700, 1}, /* nobody gets there today, but modes of directories change */
		{0644, 0777, 2},  {0644, 0703, 2},
		{0644, 01777, 0}, /* sticky: like /tmp */
		{0666, 01777, 1}, {0666, 0777, 1},
	};
	char what[64];
	size_t i;

	make_paths();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(what, sizeof(what), "file %o in %o", cases[i].file, cases[i].directory);
		CHECK(chmod(file, cases[i].file) == 0 && chmod(directory, cases[i].directory) == 0);
		expect(tg_ownership_check_file, file,
		       cases[i].blamed == 1   ? bad_file(file)
		       : cases[i].blamed == 2 ? bad_parent(directory)
					      : "",
		       what);
	}
	chmod(directory, 0700);
	remove_paths();
}

TEST(modes_of_a_directory)
{
	static const struct {
		mode_t mode;
		bool refused;
	} cases[] = {
		{0700, false}, {0755, false}, {0775, false}, {0770, false},
		{0777, true},  {0702, true},  {01777, true}, /* others make a socket first */
	};
	char what[64];
	size_t i;

	make_paths();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(what, sizeof(what), "directory %o", cases[i].mode);
		CHECK(chmod(directory, cases[i].mode) == 0);
		expect(tg_ownership_check_directory, directory,
		       cases[i].refused ? bad_directory(directory) : "", what);
	}
	chmod(directory, 0700);
	remove_paths();
}

/* A link is judged by where it stands and by what it leads to. */
TEST(links)
{
	char link[128], to_directory[128];

	make_paths();
	snprintf(link, sizeof(link), "%s/link", top);
	snprintf(to_directory, sizeof(to_directory), "%s/to-directory", top);
	CHECK(symlink("directory/file", link) == 0 && symlink("directory", to_directory) == 0);
	expect(tg_ownership_check_file, link, "", "to a file of the owner's");
	chmod(file, 0666);
	expect(tg_ownership_check_file, link, bad_file(link), "to one that all may write");
	chmod(file, 0600);
	chmod(top, 0777);
	expect(tg_ownership_check_file, link, bad_parent(top), "that all may replace");
	chmod(top, 0700);
	expect(tg_ownership_check_directory, to_directory, "", "to a directory");
	chmod(directory, 0777);
	expect(tg_ownership_check_directory, to_directory, bad_directory(to_directory),
	       "to a directory for all");
	unlink(file);
	expect(tg_ownership_check_file, link, "", "to nothing");
	unlink(link);
	unlink(to_directory);
	remove_paths();
}

TEST(other_kinds)
{
	char path[160], here[PATH_MAX];

	make_paths();
	snprintf(path, sizeof(path), "%s/fifo", directory);
	CHECK(mkfifo(path, 0600) == 0 && chmod(path, 0666) == 0);
	expect(tg_ownership_check_file, path, "", "a FIFO, which nobody has opened");
	unlink(path);
	snprintf(path, sizeof(path), "%s/.", directory);
	expect(tg_ownership_check_file, path, "", "a directory, of which the reader complains");
	snprintf(path, sizeof(path), "%s/missing", directory);
	expect(tg_ownership_check_file, path, "", "a missing file");
	expect(tg_ownership_check_directory, path, "", "a missing directory");
	chmod(directory, 0777);
	expect(tg_ownership_check_file, path, bad_parent(directory), "a missing file for all");
	CHECK(getcwd(here, sizeof(here)) && chdir(directory) == 0);
	expect(tg_ownership_check_file, "file", bad_parent("."), "a name without a directory");
	expect(tg_ownership_check_file, "", bad_parent("."), "no name");
	CHECK(chdir(here) == 0);
	remove_paths();
}

/* Files are trusted to their owner, whoever that is. */
TEST(other_owners)
{
	if (geteuid())
		SKIP("only root gives files away");
	make_paths();
	CHECK(chown(file, NOBODY, NOBODY) == 0 && chown(directory, NOBODY, NOBODY) == 0);
	expect(tg_ownership_check_file, file, "", "of another");
	chmod(file, 0666);
	expect(tg_ownership_check_file, file, bad_file(file), "of another, for all");
	remove_paths();
}

/* Runs as nobody, in a child. */
static int look_at_hidden(void)
{
	if (setgid(NOBODY) || setuid(NOBODY))
		return 2;
	return tg_ownership_check_file(file) == 0 && tg_ownership_check_directory(directory) == 0;
}

TEST(what_is_hidden_passes)
{
	int status = 0;
	pid_t child;

	if (geteuid())
		SKIP("only root becomes somebody else");
	make_paths();
	chmod(file, 0666);
	chmod(directory, 0777);
	chmod(top, 0700);
	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(look_at_hidden());
	CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 1,
	      "%x", (unsigned int)status);
	remove_paths();
}

TEST_MAIN(RUN(modes_of_a_file), RUN(modes_of_a_directory), RUN(links), RUN(other_kinds),
	  RUN(other_owners), RUN(what_is_hidden_passes))

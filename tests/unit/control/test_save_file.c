/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file that a saved setting comes into: what it keeps, and who else may write it meanwhile. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/errmsg.h"
#include "control/save.h"

#define TEXT "interfaces: [{name: lo}]\nlimits: [{name: a, capacity: 10, rate: 1/s}]\n"

static char directory[] = "/var/tmp/tidegate-save.XXXXXX", path[64];
static int directories_synced;
static bool disturb; /* somebody writes the file while the new one is written */

static void write_file(const char *text)
{
	FILE *file = fopen(path, "w");

	CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* In place of that of the C library. */
int fsync(int fd)
{
	struct stat status;

	if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode))
		directories_synced++;
	if (disturb)
		write_file("# another\n" TEXT);
	disturb = false;
	return (int)syscall(SYS_fsync, fd);
}

static int save(char *errmsg)
{
	struct tg_config_limit limit = {.name = "a", .refill = {20, 1, 1000000000, true}};
	const struct tg_config force = {.limits = &limit, .limits_n = 1};
	const struct tg_setting setting = {"a", "capacity", "20"};

	return tg_config_save(path, &setting, 1, &force, errmsg);
}

static bool file_has(const char *text)
{
	char found[512] = "";
	FILE *file = fopen(path, "r");
	bool has = file && fread(found, 1, sizeof(found) - 1, file) && strstr(found, text);

	if (file)
		fclose(file);
	return has;
}

TEST(what_is_saved_lasts_and_keeps_its_attributes)
{
	char errmsg[TG_ERRMSG_SIZE] = "", value[8] = "";

	write_file(TEXT);
	CHECK(setxattr(path, "user.kept", "yes", 3, 0) == 0 || errno == ENOTSUP);
	directories_synced = 0;
	CHECK(save(errmsg) == 0, "%s", errmsg);
	CHECK(file_has("capacity: 20"));
	CHECK(directories_synced == 1, "%d", directories_synced);
	CHECK(getxattr(path, "user.kept", value, sizeof(value)) == 3 || errno == ENOTSUP);
}

TEST(what_another_wrote_meanwhile_stays)
{
	char errmsg[TG_ERRMSG_SIZE] = "";

	write_file(TEXT);
	disturb = true;
	CHECK(save(errmsg) < 0);
	CHECK(strstr(errmsg, "changed meanwhile"), "%s", errmsg);
	CHECK(file_has("# another"));
	unlink(path);
	CHECK(rmdir(directory) == 0, "something is left beside it");
}

int main(void)
{
	static const struct tg_test tests[] = {RUN(what_is_saved_lasts_and_keeps_its_attributes),
					       RUN(what_another_wrote_meanwhile_stays)};

	if (!mkdtemp(directory))
		return 1;
	snprintf(path, sizeof(path), "%s/t.yaml", directory);
	return tg_test_main(tests, 2);
}

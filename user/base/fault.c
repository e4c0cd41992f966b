// SPDX-License-Identifier: GPL-2.0-or-later
/* Faults that tests order by environment variables; empty unless built with TG_FAULTS. */
#include "base/fault.h"

#ifdef TG_FAULTS
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

int tg_fault(const char *step)
{
	const char *path = getenv("TIDEGATE_FAULT");
	tg_autofclose FILE *file = path ? fopen(path, "r") : NULL;
	char wanted[64], action[64];
	unsigned int times = 1;

	if (!file || fscanf(file, "%63s %63s %u", wanted, action, &times) < 2 ||
	    strcmp(wanted, step) != 0)
		return 0;
	if (times > 1) {
		file = freopen(path, "w", file);
		if (file)
			fprintf(file, "%s %s %u\n", wanted, action, times - 1);
		return 0;
	}
	unlink(path);
	if (strcmp(action, "kill") == 0)
		kill(getpid(), SIGKILL);
	return -atoi(action);
}

bool tg_lacks(const char *feature)
{
	const char *lacking = getenv("TIDEGATE_LACKS");

	return lacking && strcmp(lacking, feature) == 0;
}
#else
/* ISO C requires a declaration in every file. */
typedef int tg_no_faults;
#endif

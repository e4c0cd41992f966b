/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether this process can give files to other users: not without root, nor in a container that has
 * only one. */
#ifndef TG_GIVE_AWAY_H
#define TG_GIVE_AWAY_H

#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

static inline bool can_give_away(void)
{
	char path[] = "/tmp/tidegate-give-XXXXXX";
	int fd = mkstemp(path);
	bool given = fd >= 0 && fchown(fd, 65534, 65534) == 0;

	if (fd >= 0) {
		unlink(path);
		close(fd);
	}
	return given;
}

#endif

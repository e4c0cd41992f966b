/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a path can be trusted: nobody but its owner and group decides what stands there. */
#ifndef TG_BASE_OWNERSHIP_H
#define TG_BASE_OWNERSHIP_H

/*
 * Refuses a file that everybody may write, or that stands in a directory where everybody may put
 * another in its place. 0, or -EACCES logged with the command that mends it. What cannot be looked
 * at passes: whoever opens it says why.
 */
int tg_ownership_check_file(const char *path);

/* Likewise, a directory in which a socket is to be made: the sticky bit does not help there. */
int tg_ownership_check_directory(const char *path);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks that only the owner and the group of a path can decide what is there. */
#ifndef TG_BASE_OWNERSHIP_H
#define TG_BASE_OWNERSHIP_H

/*
 * Refuses a regular file that everybody may write, and a file in a directory that everybody may
 * write, unless the directory has the sticky bit. Returns 0, or -EACCES, which is logged with the
 * command that corrects it. Returns 0 for what stat() cannot see, because opening it will fail with
 * a better message.
 */
int tg_ownership_check_file(const char *path);

/*
 * Refuses a directory for the control socket that everybody may write. The sticky bit makes no
 * difference, because another user could make a socket of that name first. Returns as
 * tg_ownership_check_file() does.
 */
int tg_ownership_check_directory(const char *path);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands to a Redis server, in its protocol. */
#ifndef TG_REDIS_COMMAND_H
#define TG_REDIS_COMMAND_H

#include <stddef.h>

struct evbuffer;

/*
 * Appends a command of @n words; @lengths NULL: all end with a NUL. Its memory is wiped once it has
 * been sent or given up, since one of the words may be a password. Bytes or -ENOMEM.
 */
int tg_redis_command(struct evbuffer *out, int n, const char *const *words, const size_t *lengths);

/* The command that authenticates @user (if "", the user default) with what @password_file has now.
 * As above, or -errno with what is wrong in @why. */
int tg_redis_command_auth(struct evbuffer *out, const char *user, const char *password_file,
			  char *why, size_t size);

#endif

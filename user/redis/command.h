/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encodes commands to a Redis server: arrays of strings, in the protocol RESP2. */
#ifndef TG_REDIS_COMMAND_H
#define TG_REDIS_COMMAND_H

#include <stddef.h>

struct evbuffer;

/*
 * Appends a command of @n words to @out. @lengths has the bytes of each word; NULL if each ends
 * with a NUL. Copies the words. The copy is overwritten when libevent frees it, because a word may
 * be a password. Returns the bytes appended, or -ENOMEM with @out unchanged.
 */
int tg_redis_command(struct evbuffer *out, int n, const char *const *words, const size_t *lengths);

/*
 * Appends AUTH for @user ("": the user `default`). Reads the password from @password_file, 1024
 * bytes at most; ends of lines after it do not count. Returns the bytes appended, or -errno with
 * the reason in @why (@size bytes): -EFBIG if the file is longer, -EINVAL if it is empty or has NUL
 * bytes, -ENOMEM, or what reading the file gave.
 */
int tg_redis_command_auth(struct evbuffer *out, const char *user, const char *password_file,
			  char *why, size_t size);

#endif

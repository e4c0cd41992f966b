// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands to a Redis server, formatted by hiredis, in memory that is wiped after use. */
#include "redis/command.h"

#include <errno.h>
#include <event2/buffer.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/errmsg.h"
#include "base/text.h"

#define PASSWORD_MAX 1024

static void wipe(const void *bytes, size_t length, void *data)
{
	explicit_bzero((void *)bytes, length);
	redisFreeCommand((char *)bytes);
}

int tg_redis_command(struct evbuffer *out, int n, const char *const *words, const size_t *lengths)
{
	char *bytes = NULL;
	/* hiredis returns an int or a long long, depending on its version. */
	long long length = redisFormatCommandArgv(&bytes, n, (const char **)words, lengths);

	if (length < 0)
		return -ENOMEM;
	if (evbuffer_add_reference(out, bytes, (size_t)length, wipe, NULL)) {
		wipe(bytes, (size_t)length, NULL);
		return -ENOMEM;
	}
	return (int)length;
}

/* 0, or -errno with @why. The caller frees *@password, also after -EINVAL. */
static int read_password(const char *path, char **password, char *why, size_t size)
{
	char errmsg[TG_ERRMSG_SIZE];
	size_t length;
	int error = tg_text_read(path, PASSWORD_MAX, password, &length, errmsg);

	if (error) {
		snprintf(why, size, "password_file %s", errmsg);
		return error;
	}
	while (length && ((*password)[length - 1] == '\n' || (*password)[length - 1] == '\r'))
		(*password)[--length] = '\0';
	if (length && strlen(*password) == length)
		return 0;
	snprintf(why, size, "password_file %s %s", path,
		 length ? "has NUL bytes, so it is no text" : "is empty");
	return -EINVAL;
}

int tg_redis_command_auth(struct evbuffer *out, const char *user, const char *password_file,
			  char *why, size_t size)
{
	char *password = NULL;
	const char *words[3] = {"AUTH", user};
	int n = user[0] ? 2 : 1;
	int r = read_password(password_file, &password, why, size);

	if (r == 0) {
		words[n++] = password;
		r = tg_redis_command(out, n, words, NULL);
		if (r < 0)
			snprintf(why, size, "%s", strerror(-r));
	}
	if (password)
		explicit_bzero(password, strlen(password));
	free(password);
	return r;
}

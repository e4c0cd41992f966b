// SPDX-License-Identifier: GPL-2.0-or-later
/* One connection a request: sends a line, waits for the reply, logs what is wrong. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "control/client.h"
#include "base/exit.h"
#include "base/json.h"
#include "base/log.h"

#define ANSWER_SECONDS 30
#define SEND_SECONDS   5 /* for connect() too, which waits while the daemon takes no client */

const char *tg_client_control = "/run/tidegate/control.sock";

/* Returns a connected socket; -EPERM if it must not be used, or another -errno. */
static int open_socket(bool quiet)
{
	tg_autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct timeval patience = {.tv_sec = ANSWER_SECONDS};
	const struct timeval bound = {.tv_sec = SEND_SECONDS};
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (fd < 0)
		return -errno;
	if (strlen(tg_client_control) >= sizeof(address.sun_path)) {
		tg_log(TG_LOG_ERROR, "%s: too long for a socket's path", tg_client_control);
		return -ENAMETOOLONG;
	}
	strcpy(address.sun_path, tg_client_control);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof(bound));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return TAKE_FD(fd);
	if (errno == EACCES || errno == EPERM) {
		tg_log(TG_LOG_ERROR,
		       "%s: no permission; only root and members of the daemon's group may use it",
		       tg_client_control);
		return -EPERM;
	}
	if (errno == EAGAIN)
		tg_log(TG_LOG_ERROR,
		       "the daemon at %s has taken no client for %d s: it is stopped or overloaded",
		       tg_client_control, SEND_SECONDS);
	else if (!quiet)
		tg_log(TG_LOG_ERROR,
		       "no daemon answers at %s: %s; start it with `systemctl start tidegated`, or "
		       "name its socket with --control or TIDEGATE_CONTROL",
		       tg_client_control, strerror(errno));
	return -ENOENT;
}

/* Returns 0 or -errno. */
static int send_all(int fd, const char *text, size_t length)
{
	ssize_t sent;

	while (length) {
		sent = send(fd, text, length, MSG_NOSIGNAL);
		if (sent < 0)
			return -errno;
		text += sent;
		length -= sent;
	}
	return 0;
}

/* Returns the reply, NULL if there is none. Reads it even if sending failed, because a daemon that
 * refuses us says why before it hangs up. */
static json_t *exchange(int fd, const json_t *request)
{
	tg_autofree char *line = json_dumps(request, JSON_COMPACT);
	tg_autofclose FILE *stream = NULL;
	tg_autofree char *answer = NULL;
	size_t size = 0;
	ssize_t length;

	if (!line)
		return NULL;
	if (send_all(fd, line, strlen(line)) == 0)
		send_all(fd, "\n", 1);
	stream = fdopen(dup(fd), "r");
	if (!stream)
		return NULL;
	length = getline(&answer, &size, stream);
	return length > 0 ? json_loadb(answer, length, 0, NULL) : NULL;
}

int tg_client_ask(json_t *request, bool quiet, json_t **result, int *connection)
{
	json_auto_t *taken = request;
	tg_autoclose int fd = open_socket(quiet);
	json_auto_t *answer = NULL;
	int code;

	if (fd < 0)
		return fd == -EPERM ? TG_EXIT_REFUSED : TG_EXIT_NO_DAEMON;
	answer = exchange(fd, taken);
	if (!json_is_object(answer)) {
		tg_log(TG_LOG_ERROR, "no answer from the daemon at %s", tg_client_control);
		return TG_EXIT_NO_DAEMON;
	}
	code = json_integer_value(json_object_get(answer, "code"));
	if (code != TG_EXIT_OK) {
		fputs(tg_json_text(answer, "diagnostics"), stderr);
		tg_log(TG_LOG_ERROR, "%s", tg_json_text(answer, "error"));
		return code;
	}
	*result = json_incref(json_object_get(answer, "result"));
	if (connection)
		*connection = TAKE_FD(fd);
	return TG_EXIT_OK;
}

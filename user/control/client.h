/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sends requests to the daemon: the client's end of the control socket, of which server.h is the
 * other. */
#ifndef TG_CONTROL_CLIENT_H
#define TG_CONTROL_CLIENT_H

#include <jansson.h>
#include <stdbool.h>

/* The socket's path. It begins as the default; main() of the CLI sets it from --control or
 * TIDEGATE_CONTROL. The text is borrowed. */
extern const char *tg_client_control;

/*
 * Sends @request, whose reference it takes, and waits for the reply, but at most 30 seconds for a
 * sign of life. Returns the "code" of the reply, an enum tg_exit. On TG_EXIT_OK *@result is a new
 * reference to its "result", and *@connection (unless @connection is NULL) is the open socket,
 * which the caller closes. On failure both are untouched and the error has been logged:
 * TG_EXIT_NO_DAEMON if no daemon answers (not logged if @quiet and none listens), TG_EXIT_REFUSED
 * if the socket must not be used.
 */
int tg_client_ask(json_t *request, bool quiet, json_t **result, int *connection);

#endif

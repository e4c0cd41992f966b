/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The client's end of the control socket. */
#ifndef TG_CONTROL_CLIENT_H
#define TG_CONTROL_CLIENT_H

#include <jansson.h>
#include <stdbool.h>

/* From --control, TIDEGATE_CONTROL or the default: what the functions below connect to. */
extern const char *tg_client_control;

/*
 * Sends @request (taken over) and waits for the answer. Returns the exit code; on
 * TG_EXIT_OK *@result is a new reference, otherwise the error has been printed (but for
 * TG_EXIT_NO_DAEMON when @quiet). *@connection, if wanted, stays open and is the caller's.
 */
int tg_client_ask(json_t *request, bool quiet, json_t **result, int *connection);

#endif

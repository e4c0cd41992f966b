/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the operator's SSH connection, and warns of what a policy would do to it. */
#ifndef TG_CLI_SSH_SESSION_H
#define TG_CLI_SSH_SESSION_H

#include "config/config.h"

/* The two ends of the connection. */
struct tg_ssh_session {
	struct tg_prefix client, server;
	unsigned int client_port, server_port;
};

/*
 * Reads the connection from SSH_CONNECTION (ssh(1)) of this process or, because sudo(8) removes
 * that, of up to 16 processes that it was started by. False if none has it.
 */
bool tg_ssh_session_find(struct tg_ssh_session *login);

/* Logs a warning if @config would drop packets of the connection or count them against limits. */
void tg_ssh_session_warn(const struct tg_config *config);

/* Does the same for the file @path. Silent if that is not a valid configuration, because whoever
 * loads it says so. */
void tg_ssh_session_warn_of(const char *path);

/* Logs a warning if the connection comes from one of the prefixes @denied. */
void tg_ssh_session_warn_denied(const struct tg_prefix_list *denied);

#endif

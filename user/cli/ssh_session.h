/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From where the operator is logged in, and what a policy would do to that connection. */
#ifndef TG_CLI_SSH_SESSION_H
#define TG_CLI_SSH_SESSION_H

#include "config/config.h"

/* The two ends of the SSH connection that the command was typed over. */
struct tg_ssh_session {
	struct tg_prefix client, server;
	unsigned int client_port, server_port;
};

/*
 * Finds it in SSH_CONNECTION (ssh(1)) of this process or, since sudo(8) takes that away, of one
 * of those that it was started by. False: not logged in from elsewhere, or not to be known.
 */
bool tg_ssh_session_find(struct tg_ssh_session *login);

/* Warns if @config would drop what comes over that connection, or count it against limits. */
void tg_ssh_session_warn(const struct tg_config *config);

/* Likewise, of the file @path; silent if it is no configuration, which others say. */
void tg_ssh_session_warn_of(const char *path);

/* Warns if the connection comes from one of @denied. */
void tg_ssh_session_warn_denied(const struct tg_prefix_list *denied);

#endif

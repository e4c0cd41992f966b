/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Declares the commands of `tidegate`; base/exit.h has the exit codes that they return. */
#ifndef TG_CLI_COMMANDS_H
#define TG_CLI_COMMANDS_H

#include "base/exit.h"

struct tg_command;

/* One or more in each cmd_*.c; tg_commands lists them. */
extern const struct tg_command cmd_allow_add, cmd_allow_del, cmd_allow_list, cmd_deny_add,
	cmd_deny_del, cmd_deny_list;
extern const struct tg_command cmd_apply, cmd_charge, cmd_check, cmd_cluster, cmd_confirm,
	cmd_detach, cmd_diff, cmd_events, cmd_limits, cmd_reload, cmd_reset, cmd_rollback, cmd_set,
	cmd_shadow, cmd_simulate, cmd_status, cmd_suggest, cmd_top, cmd_version, cmd_why;

#endif

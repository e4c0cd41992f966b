/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of `tidegate`: each gets its own name in argv[0] and returns an exit code. */
#ifndef TG_COMMANDS_H
#define TG_COMMANDS_H

#include "exit.h"

int cmd_apply(int argc, char **argv);
int cmd_charge(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_cluster(int argc, char **argv);
int cmd_confirm(int argc, char **argv);
int cmd_detach(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_entries(int argc, char **argv); /* allow, deny */
int cmd_events(int argc, char **argv);
int cmd_limits(int argc, char **argv);
int cmd_reload(int argc, char **argv);
int cmd_reset(int argc, char **argv);
int cmd_rollback(int argc, char **argv);
int cmd_set(int argc, char **argv);
int cmd_shadow(int argc, char **argv);
int cmd_simulate(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_suggest(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_version(int argc, char **argv);
int cmd_why(int argc, char **argv);

#endif

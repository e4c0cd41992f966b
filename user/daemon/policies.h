/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy in force, and the last TG_HISTORY_MAX before it. */
#ifndef TG_DAEMON_POLICIES_H
#define TG_DAEMON_POLICIES_H

#include <stdbool.h>

struct tg_config;
struct tg_daemon;

/*
 * Takes *@config over, which has just come into force, and sets it to NULL. The policy before goes
 * into the history; but if @back, *@config was the last there, and leaves it.
 */
void tg_policies_take(struct tg_daemon *daemon, struct tg_config **config, bool back);

void tg_policies_forget(struct tg_daemon *daemon); /* all earlier ones */

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
#include "config_names.h"

static const char *const hooks[] = {
	"xdp",
	"tc-ingress",
	"tc-egress",
};
_Static_assert(sizeof(hooks) / sizeof(hooks[0]) == TG_CONFIG_HOOKS_N, "a name for each hook");

const char *tg_hook_name(unsigned int hook)
{
	return hooks[hook];
}

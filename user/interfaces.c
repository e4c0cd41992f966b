// SPDX-License-Identifier: GPL-2.0-or-later
#include "interfaces.h"

#include <errno.h>
#include <fnmatch.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "message.h"

bool tg_interface_is_glob(const char *name)
{
	return strpbrk(name, "*?[") != NULL;
}

const struct tg_config_interface *tg_interfaces_match(const struct tg_config *config,
						      const char *name)
{
	size_t i;

	for (i = 0; i < config->interfaces_n; i++)
		if (strcmp(config->interfaces[i].name, name) == 0)
			return &config->interfaces[i];
	for (i = 0; i < config->interfaces_n; i++)
		if (tg_interface_is_glob(config->interfaces[i].name) &&
		    fnmatch(config->interfaces[i].name, name, 0) == 0)
			return &config->interfaces[i];
	return NULL;
}

static void free_names(struct if_nameindex **names)
{
	if (*names)
		if_freenameindex(*names);
}

/* Nothing is there and nothing could come: more likely a slip of the pen than a wait. */
static int refuse_none(const struct tg_config *config, char *message)
{
	char names[256] = "";
	size_t i, length = 0;

	for (i = 0; i < config->interfaces_n; i++) {
		if (tg_interface_is_glob(config->interfaces[i].name))
			return 0;
		if (length < sizeof(names))
			length += snprintf(names + length, sizeof(names) - length, "%s%s",
					   i ? ", " : "", config->interfaces[i].name);
	}
	return tg_refuse(message, ENODEV,
			 config->interfaces_n == 1
				 ? "there is no interface %s; `ip link` shows those that there are"
				 : "there is none of the interfaces %s; `ip link` shows those that "
				   "there are",
			 names);
}

int tg_interfaces_find(const struct tg_config *config, struct tg_wanted **wanted, size_t *n,
		       char *message)
{
	tg_cleanup(free_names) struct if_nameindex *names = if_nameindex();
	tg_autofree struct tg_wanted *list = NULL;
	const struct tg_config_interface *interface;
	size_t i, count = 0;
	int error;

	if (!names)
		return tg_refuse(message, errno, "the interfaces cannot be listed: %s",
				 strerror(errno));
	for (i = 0; names[i].if_index; i++)
		;
	list = calloc(i + 1, sizeof(*list));
	if (!list)
		return tg_refuse(message, ENOMEM, "out of memory");
	for (i = 0; names[i].if_index; i++) {
		interface = tg_interfaces_match(config, names[i].if_name);
		if (!interface)
			continue;
		snprintf(list[count].name, sizeof(list[count].name), "%s", names[i].if_name);
		list[count].ifindex = names[i].if_index;
		list[count++].xdp_mode = interface->xdp_mode;
	}
	if (!count) {
		error = refuse_none(config, message);
		if (error)
			return error;
	}
	if (count > TG_CONFIG_INTERFACES_MAX - 1)
		return tg_refuse(message, E2BIG,
				 "the configuration fits %zu interfaces, more than the %d that can "
				 "be held; write a narrower pattern",
				 count, TG_CONFIG_INTERFACES_MAX - 1);
	*wanted = TAKE_PTR(list);
	*n = count;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads `interfaces`, and finds the entry that applies to a device. */
#include "config/interfaces.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/names.h"
#include "config/reader.h"
#include "base/text.h"

/* The rule of dev_valid_name() in the kernel, and no control characters. */
static bool is_device_name(const char *name)
{
	const unsigned char *c = (const unsigned char *)name;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (; *c; c++) {
		if (*c <= ' ' || *c == 0x7f || *c == '/' || *c == ':')
			return false;
	}
	return true;
}

static int read_interface_name(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	const struct tg_config *config = reader->config;
	struct tg_config_interface *interface = out;
	char quoted[TG_QUOTE_SIZE];
	const char *name;
	size_t i;
	int r = tg_read_text(reader, value, &name);

	if (r)
		return r;
	tg_text_quote(name, quoted, sizeof(quoted));
	if (strlen(name) >= sizeof(interface->name))
		return tg_reader_error(
			reader, value,
			"%s is too long for an interface; the kernel allows 15 bytes", quoted);
	if (!is_device_name(name))
		return tg_reader_error(reader, value,
				       "%s is not the name of an interface; write it as in "
				       "\"ip link\", such as eth0",
				       quoted);
	for (i = 0; i < config->interfaces_n; i++) {
		if (strcmp(config->interfaces[i].name, name) == 0)
			return tg_reader_error(reader, value,
					       "%s is already interfaces[%zu]; name it once",
					       quoted, i);
	}
	strcpy(interface->name, name);
	return 0;
}

int tg_read_hook(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	unsigned int *mask = out;
	int hook, r = tg_read_choice(reader, value, tg_hook_names, &hook);

	if (r)
		return r;
	if (*mask >> hook & 1)
		return tg_reader_error(reader, value, "%s is given twice", value->text);
	*mask |= 1U << hook;
	return 0;
}

static int read_interface_hooks(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	struct tg_config_interface *interface = out;
	unsigned int mask = 0;
	int r = tg_read_one_or_more(reader, value, tg_read_hook, &mask);

	interface->hooks = r ? 0 : mask;
	return r;
}

/* Checks that no setting belongs to a hook that the interface does not have. */
static int check_interface(struct tg_reader *reader, const struct tg_yaml *map,
			   const struct tg_config_interface *interface)
{
	const struct tg_yaml *mode = tg_yaml_get(map, "xdp_mode");
	const struct tg_yaml *manage = tg_yaml_get(map, "manage_qdisc");
	int r = 0;

	if (!interface->hooks)
		return 0;
	if (mode && !(interface->hooks & TG_CONFIG_XDP))
		r = tg_reader_key_error(
			reader, mode, "xdp_mode has no meaning without the hook xdp; leave it out");
	if (manage && interface->manage_qdisc && !(interface->hooks & TG_CONFIG_TC_EGRESS))
		r = tg_reader_key_error(reader, manage,
					"manage_qdisc has no meaning without the hook tc-egress, "
					"behind which packets wait; leave it out");
	return r;
}

static int read_xdp_mode(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	struct tg_config_interface *interface = out;
	int mode, r = tg_read_choice(reader, value, tg_xdp_mode_names, &mode);

	if (r == 0)
		interface->xdp_mode = mode;
	return r;
}

static const struct tg_key interface_keys[] = {
	{"name", read_interface_name, "the device, such as name: eth0"},
	{"hooks", read_interface_hooks, NULL},
	{"xdp_mode", read_xdp_mode, NULL},
	{"manage_qdisc", tg_read_manage_qdisc, NULL},
	{NULL, NULL, NULL},
};

static int read_interface(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	struct tg_config *config = out;
	struct tg_config_interface interface = {.xdp_mode = TG_XDP_AUTO, .hooks = TG_CONFIG_XDP};
	int r;

	if (value->index >= TG_CONFIG_INTERFACES_MAX)
		return value->index > TG_CONFIG_INTERFACES_MAX
			       ? -EINVAL
			       : tg_reader_error(reader, value, "there are more than %d interfaces",
						 TG_CONFIG_INTERFACES_MAX);
	if (value->kind == TG_YAML_SCALAR)
		return tg_reader_error(
			reader, value,
			"an interface is a mapping; write it as {name: eth0}, or - name: eth0");
	interface.place = value->place;
	r = tg_read_map(reader, value, interface_keys, &interface);
	if (value->kind == TG_YAML_MAP)
		r = tg_graver(r, check_interface(reader, value, &interface));
	/* Keep it even after an error, so that a second one of its name is found. */
	config->interfaces[config->interfaces_n++] = interface;
	return r;
}

int tg_read_interfaces(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	struct tg_config *config = out;

	config->interfaces = calloc(TG_CONFIG_INTERFACES_MAX, sizeof(*config->interfaces));
	if (!config->interfaces)
		return -ENOMEM;
	return tg_read_list(reader, value, false, read_interface, config);
}

bool tg_interface_is_glob(const char *name)
{
	return strpbrk(name, "*?[") != NULL;
}

bool tg_interface_may_be_tunnel(const struct tg_config_interface *interface)
{
	static const char *const names[] = {"tun", "wg",     "ppp",    "gre",  "ipip",	"tunl",
					    "sit", "ip6tnl", "ip6gre", "wwan", "vxlan", "geneve",
					    "gtp", "tap",    "gretap", "l2tp"};
	char usual[32];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(usual, sizeof(usual), "%s0", names[i]);
		if (strncmp(interface->name, names[i], strlen(names[i])) == 0 ||
		    fnmatch(interface->name, usual, 0) == 0)
			return true;
	}
	return false;
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

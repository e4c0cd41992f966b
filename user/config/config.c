/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies, frees and searches a configuration. */
#include "config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define tg_autoconfig tg_cleanup(tg_config_free)

static int copy_array(void *to, const void *from, size_t n, size_t size)
{
	void *copy;

	*(void **)to = NULL;
	if (!n)
		return 0;
	copy = reallocarray(NULL, n, size);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, from, n * size);
	*(void **)to = copy;
	return 0;
}

static int copy_limits(struct tg_config *to, const struct tg_config *from)
{
	size_t i;

	to->limits_n = 0;
	if (copy_array(&to->limits, from->limits, from->limits_n, sizeof(*from->limits)) < 0)
		return -ENOMEM;
	for (i = 0; i < from->limits_n; i++) {
		if (tg_match_copy(&to->limits[i].match, &from->limits[i].match) < 0)
			return -ENOMEM;
		to->limits_n++; /* from here on the copy owns the match */
	}
	return 0;
}

struct tg_config *tg_config_copy(const struct tg_config *config)
{
	tg_autoconfig struct tg_config *copy = calloc(1, sizeof(*copy));

	if (!copy)
		return NULL;
	copy->table_size = config->table_size;
	copy->on_stop = config->on_stop;
	copy->cluster = config->cluster;
	copy->path = strdup(config->path);
	if (!copy->path ||
	    copy_array(&copy->interfaces, config->interfaces, config->interfaces_n,
		       sizeof(*config->interfaces)) < 0 ||
	    tg_prefix_list_copy(&copy->allow, &config->allow) < 0 ||
	    tg_prefix_list_copy(&copy->deny, &config->deny) < 0 || copy_limits(copy, config) < 0)
		return NULL;
	copy->interfaces_n = config->interfaces_n;
	return TAKE_PTR(copy);
}

void tg_config_free(struct tg_config **config)
{
	struct tg_config *c = *config;
	size_t i;

	if (!c)
		return;
	for (i = 0; i < c->limits_n; i++)
		tg_match_clear(&c->limits[i].match);
	free(c->limits);
	free(c->interfaces);
	tg_prefix_list_clear(&c->allow);
	tg_prefix_list_clear(&c->deny);
	free(c->path);
	free(c);
	*config = NULL;
}

struct tg_config_limit *tg_config_find_limit(struct tg_config *config, const char *name)
{
	size_t i;

	for (i = 0; i < config->limits_n; i++) {
		if (strcmp(config->limits[i].name, name) == 0)
			return &config->limits[i];
	}
	return NULL;
}

bool tg_config_shares_names(const struct tg_config *config)
{
	size_t i;

	for (i = 0; config->cluster.name[0] && i < config->limits_n; i++)
		if (config->limits[i].shared && config->limits[i].per == TG_CONFIG_PER_KEY)
			return true;
	return false;
}

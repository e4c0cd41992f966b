/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies, shares, frees and searches a configuration. */
#include "config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/refcount.h"

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
	if (copy_array(&to->limits, from->limits, from->limits_n, sizeof(*from->limits)) < 0)
		return -ENOMEM;
	for (; to->limits_n < from->limits_n; to->limits_n++)
		tg_match_ref(to->limits[to->limits_n].match);
	return 0;
}

struct tg_config *tg_config_copy(const struct tg_config *config)
{
	tg_autoconfig struct tg_config *copy = calloc(1, sizeof(*copy));

	if (!copy)
		return NULL;
	copy->table_size = config->table_size;
	copy->table_reserve = config->table_reserve;
	copy->on_stop = config->on_stop;
	copy->cluster = config->cluster;
	copy->path = strdup(config->path);
	copy->source = config->source;
	if (copy->source)
		tg_refcount_get(&copy->source->others);
	if (!copy->path ||
	    copy_array(&copy->interfaces, config->interfaces, config->interfaces_n,
		       sizeof(*config->interfaces)) < 0 ||
	    copy_limits(copy, config) < 0)
		return NULL;
	copy->interfaces_n = config->interfaces_n;
	tg_prefix_list_share(&copy->allow, &config->allow);
	tg_prefix_list_share(&copy->deny, &config->deny);
	return TAKE_PTR(copy);
}

const struct tg_config *tg_config_ref(const struct tg_config *config)
{
	tg_refcount_get(&((struct tg_config *)config)->others);
	return config;
}

void tg_config_free(struct tg_config **config)
{
	struct tg_config *c = *config;
	size_t i;

	*config = NULL;
	if (!c || !tg_refcount_put(&c->others))
		return;
	for (i = 0; i < c->limits_n; i++)
		tg_match_free(&c->limits[i].match);
	free(c->limits);
	free(c->interfaces);
	tg_prefix_list_clear(&c->allow);
	tg_prefix_list_clear(&c->deny);
	if (c->source && tg_refcount_put(&c->source->others))
		free(c->source);
	free(c->path);
	free(c);
}

void tg_config_unref(const struct tg_config **config)
{
	struct tg_config *old = (struct tg_config *)*config;

	*config = NULL;
	tg_config_free(&old);
}

static void share_list(struct tg_prefix_list *list, const struct tg_prefix_list *other)
{
	if (!tg_prefix_list_equal(list, other))
		return;
	tg_prefix_list_clear(list);
	tg_prefix_list_share(list, other);
}

void tg_config_share_equal(struct tg_config *config, const struct tg_config *other)
{
	const struct tg_config_limit *same;
	struct tg_match **match;
	size_t i;

	share_list(&config->allow, &other->allow);
	share_list(&config->deny, &other->deny);
	for (i = 0; i < config->limits_n; i++) {
		match = &config->limits[i].match;
		same = tg_config_find_limit(other, config->limits[i].name);
		if (!same || *match == same->match || !tg_match_equal(*match, same->match))
			continue;
		tg_match_free(match);
		*match = tg_match_ref(same->match);
	}
}

struct tg_config_limit *tg_config_edit_limit(struct tg_config *config, const char *name)
{
	size_t i;

	for (i = 0; i < config->limits_n; i++) {
		if (strcmp(config->limits[i].name, name) == 0)
			return &config->limits[i];
	}
	return NULL;
}

const struct tg_config_limit *tg_config_find_limit(const struct tg_config *config, const char *name)
{
	return tg_config_edit_limit((struct tg_config *)config, name);
}

bool tg_config_shares_names(const struct tg_config *config)
{
	size_t i;

	for (i = 0; config->cluster.name[0] && i < config->limits_n; i++)
		if (config->limits[i].shared && config->limits[i].per == TG_CONFIG_PER_KEY)
			return true;
	return false;
}

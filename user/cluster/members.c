// SPDX-License-Identifier: GPL-2.0-or-later
/* Members by name, from a reply that anybody with access to the store may have filled. */
#include "cluster/members.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMBERS_MAX (TG_SHARED_NODES_MAX - 1)

void tg_store_key(char *key, const char *cluster, const char *node)
{
	snprintf(key, TG_STORE_KEY_SIZE, "tg1:{%s}:f:%s", cluster, node);
}

/* Looks for the last colon, because names have none. */
const char *tg_store_key_node(const char *key)
{
	return strrchr(key, ':') + 1;
}

int tg_store_members_init(struct tg_store_members *members, const struct tg_config_cluster *cluster)
{
	strcpy(members->own, cluster->node);
	snprintf(members->set, sizeof(members->set), "tg1:{%s}:m", cluster->name);
	members->list = calloc(MEMBERS_MAX, sizeof(members->list[0]));
	return members->list ? 0 : -ENOMEM;
}

void tg_store_members_clear(struct tg_store_members *members)
{
	free(members->list);
	*members = (struct tg_store_members){};
}

static bool is_name(const struct tg_redis_reply *item)
{
	return item->length > 0 && item->length < TG_CONFIG_NAME_SIZE &&
	       strspn(item->text, TG_CONFIG_NAME_CHARACTERS) == item->length;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct tg_store_member *)a)->key,
		      ((const struct tg_store_member *)b)->key);
}

static struct tg_store_member *find(struct tg_store_members *members, size_t n,
				    const struct tg_store_member *member)
{
	return bsearch(member, members->list, n, sizeof(*member), compare);
}

/* Removes the members that the reply did not name. */
static void keep(struct tg_store_members *members, const bool *named)
{
	size_t i, n = 0;

	for (i = 0; i < members->n; i++)
		if (named[i])
			members->list[n++] = members->list[i];
	members->n = n;
}

int tg_store_members_update(struct tg_store_members *members, const char *cluster,
			    const struct tg_redis_reply *reply, uint64_t now)
{
	struct tg_store_member member = {.heard_at = now}, *known;
	bool named[MEMBERS_MAX] = {};
	size_t i, n;

	if (reply->kind != TG_REDIS_ARRAY)
		return -EPROTO;
	members->refused = 0;
	for (i = 0; i < reply->length; i++) {
		if (reply->items[i]->kind != TG_REDIS_TEXT)
			return -EPROTO;
		if (!is_name(reply->items[i]))
			continue;
		tg_store_key(member.key, cluster, reply->items[i]->text);
		known = find(members, members->n, &member);
		if (known)
			named[known - members->list] = true;
	}
	keep(members, named);
	n = members->n;
	for (i = 0; i < reply->length; i++) {
		if (!is_name(reply->items[i])) {
			members->refused++;
			continue;
		}
		tg_store_key(member.key, cluster, reply->items[i]->text);
		if (strcmp(reply->items[i]->text, members->own) == 0 || find(members, n, &member))
			continue;
		if (members->n < MEMBERS_MAX)
			members->list[members->n++] = member;
		else
			members->refused++;
	}
	qsort(members->list, members->n, sizeof(member), compare);
	return 0;
}

void tg_store_members_wait(struct tg_store_members *members, uint64_t now)
{
	size_t i;

	for (i = 0; i < members->n; i++)
		members->list[i].heard_at = now;
}

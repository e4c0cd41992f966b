// SPDX-License-Identifier: GPL-2.0-or-later
/* A bounded list of interfaces that are not limited. */
#include "datapath/missing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "config/config.h"
#include "config/interfaces.h"
#include "config/names.h"

void tg_missing_free(struct tg_missing_list *list)
{
	free(list->items);
	*list = (struct tg_missing_list){};
}

const char *tg_missing_reason_name(enum tg_missing_reason reason)
{
	static const char *const names[] = {
		[TG_MISSING_ABSENT] = "absent",
		[TG_MISSING_NO_ROOM] = "no_room",
		[TG_MISSING_REFUSED] = "refused",
		[TG_MISSING_UNSUPPORTED] = "unsupported",
	};

	return names[reason];
}

static bool make_room(struct tg_missing_list *list)
{
	size_t room = list->room ? list->room * 2 : 16;
	struct tg_missing *grown;

	if (list->n < list->room)
		return true;
	if (list->n == TG_MISSING_MAX)
		return false;
	grown = reallocarray(list->items, room, sizeof(*grown));
	if (!grown)
		return false;
	list->items = grown;
	list->room = room;
	return true;
}

void tg_missing_add(struct tg_missing_list *list, const struct tg_missing *missing)
{
	struct tg_missing *added;

	if (!make_room(list)) {
		list->unlisted++;
		return;
	}
	added = &list->items[list->n++];
	*added = *missing;
	tg_text_force_printable(added->name); /* the kernel allows any bytes */
	tg_text_force_printable(added->why);  /* it holds the name, and may be cut short */
}

void tg_missing_add_absent(struct tg_missing_list *list, const struct tg_config *config,
			   const bool *there)
{
	const struct tg_config_interface *interface;
	struct tg_missing missing = {.reason = TG_MISSING_ABSENT};
	size_t i;
	int hook;

	for (i = 0; i < config->interfaces_n; i++) {
		interface = &config->interfaces[i];
		if (tg_interface_is_glob(interface->name) || there[i])
			continue;
		memcpy(missing.name, interface->name, sizeof(missing.name));
		snprintf(missing.why, sizeof(missing.why), "%s is not there", interface->name);
		for (hook = 0; hook < TG_HOOKS; hook++) {
			missing.hook = hook;
			if (interface->hooks >> hook & 1)
				tg_missing_add(list, &missing);
		}
	}
}

static int by_place(const void *a, const void *b)
{
	const struct tg_missing *left = a, *right = b;

	if (left->ifindex != right->ifindex)
		return left->ifindex < right->ifindex ? -1 : 1;
	if (left->hook != right->hook)
		return left->hook < right->hook ? -1 : 1;
	return strcmp(left->name, right->name); /* of those that are absent */
}

void tg_missing_sort(struct tg_missing_list *list)
{
	if (list->n)
		qsort(list->items, list->n, sizeof(*list->items), by_place);
}

const struct tg_missing *tg_missing_find(const struct tg_missing_list *list, unsigned int ifindex,
					 enum tg_hook hook)
{
	size_t first = 0, end = list->n, middle;

	while (first < end) {
		const struct tg_missing *item = &list->items[middle = first + (end - first) / 2];

		if (item->ifindex == ifindex && item->hook == hook)
			return item;
		if (item->ifindex < ifindex || (item->ifindex == ifindex && item->hook < hook))
			first = middle + 1;
		else
			end = middle;
	}
	return NULL;
}

/* Returns one that had no room, or NULL. */
static const struct tg_missing *find_crowded_out(const struct tg_missing_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (list->items[i].reason == TG_MISSING_NO_ROOM)
			return &list->items[i];
	return NULL;
}

void tg_missing_log(const struct tg_missing_list *list, const struct tg_missing_list *earlier)
{
	const struct tg_missing *one = find_crowded_out(list), *before;
	size_t i;

	if (one && !find_crowded_out(earlier))
		tg_log(TG_LOG_ERROR, "%s; `tidegate status` shows which are not limited", one->why);
	for (i = 0; i < list->n; i++) {
		one = &list->items[i];
		before = tg_missing_find(earlier, one->ifindex, one->hook);
		if (before && before->reason == one->reason)
			continue;
		if (one->reason == TG_MISSING_REFUSED || one->reason == TG_MISSING_UNSUPPORTED)
			tg_log(TG_LOG_ERROR, "%s (%s) is not limited%s: %s", one->name,
			       tg_hook_name(one->hook),
			       one->reason == TG_MISSING_REFUSED ? ", and is tried again" : "",
			       one->why);
	}
}

int tg_missing_copy(const struct tg_missing_list *list, struct tg_missing_list *copy)
{
	*copy = (struct tg_missing_list){.n = list->n, .room = list->n, .unlisted = list->unlisted};
	if (!list->n)
		return 0;
	copy->items = reallocarray(NULL, list->n, sizeof(*copy->items));
	if (!copy->items)
		return -ENOMEM;
	memcpy(copy->items, list->items, list->n * sizeof(*copy->items));
	return 0;
}

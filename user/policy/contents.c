// SPDX-License-Identifier: GPL-2.0-or-later
/* Shares and frees the contents of maps, and makes the entries of the lists. */
#include "policy/contents.h"

#include <stdlib.h>
#include <string.h>

#include "base/refcount.h"

/* Every content begins with its count of owners. */
static void ref(void *content)
{
	if (content)
		tg_refcount_get(content);
}

static bool is_last(void *content)
{
	return content && tg_refcount_put(content);
}

void tg_contents_share(struct tg_contents *to, const struct tg_contents *from)
{
	*to = *from;
	ref(to->lists);
	ref(to->sources);
	ref(to->destinations);
	ref(to->source_ports);
	ref(to->destination_ports);
	ref(to->lengths);
}

static void unref(void *content)
{
	if (is_last(content))
		free(content);
}

void tg_contents_clear(struct tg_contents *contents)
{
	if (is_last(contents->lists)) {
		tg_prefix_list_clear(&contents->lists->allow);
		tg_prefix_list_clear(&contents->lists->deny);
		free(contents->lists);
	}
	unref(contents->sources);
	unref(contents->destinations);
	unref(contents->source_ports);
	unref(contents->destination_ports);
	unref(contents->lengths);
	memset(contents, 0, sizeof(*contents));
}

size_t tg_list_content_size(const struct tg_list_content *lists)
{
	return lists ? lists->allow.n + lists->deny.n : 0;
}

/* Deny first, so that an allow entry of the same prefix overwrites it. */
struct tg_list_entry tg_list_content_entry(const struct tg_list_content *lists, size_t i)
{
	bool is_deny = i < lists->deny.n;
	const struct tg_prefix *prefix =
		is_deny ? &lists->deny.items[i] : &lists->allow.items[i - lists->deny.n];
	struct tg_list_entry entry = {
		.key.prefix_length = prefix->length,
		.value.list = is_deny ? TG_LIST_DENY : TG_LIST_ALLOW,
		.value.prefix_length = prefix->length,
	};

	memcpy(&entry.key.address, prefix->address, sizeof(entry.key.address));
	return entry;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Takes over, sizes and fills the maps of lists and matches. */
#include "kernel/policy_maps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <tidegate/trace.h>

#include "base/cleanup.h"
#include <tidegate/segments.h>

#include "tidegate.skel.h"

#define BATCH 1024 /* entries written by one system call, which holds the CPU for so long */

struct batch {
	struct tg_lpm_key keys[BATCH];
	uint64_t values[BATCH];
	uint32_t n;
};

_Static_assert(sizeof(struct tg_listed) == sizeof(uint64_t), "both kinds of values fit a batch");

static int write_batch(int fd, struct batch *batch)
{
	uint32_t n = batch->n;

	batch->n = 0;
	return n && bpf_map_update_batch(fd, batch->keys, batch->values, &n, NULL) ? -errno : 0;
}

static int add_to_batch(int fd, struct batch *batch, const struct tg_lpm_key *key,
			const void *value)
{
	batch->keys[batch->n] = *key;
	memcpy(&batch->values[batch->n], value, sizeof(batch->values[0]));
	return ++batch->n == BATCH ? write_batch(fd, batch) : 0;
}

static int fill_lists(int fd, const void *content)
{
	tg_autofree struct batch *batch = calloc(1, sizeof(*batch));
	const struct tg_list_content *lists = content;
	struct tg_list_entry entry;
	size_t i, n = tg_list_content_size(lists);
	int error = batch ? 0 : -ENOMEM;

	for (i = 0; i < n && !error; i++) {
		entry = tg_list_content_entry(lists, i);
		error = add_to_batch(fd, batch, &entry.key, &entry.value);
	}
	return error ? error : write_batch(fd, batch);
}

static int fill_addresses(int fd, const void *content)
{
	tg_autofree struct batch *batch = calloc(1, sizeof(*batch));
	const struct tg_address_entries *entries = content;
	int error = batch ? 0 : -ENOMEM;
	size_t i;

	for (i = 0; i < entries->n && !error; i++)
		error = add_to_batch(fd, batch, &entries->items[i].key, &entries->items[i].limits);
	return error ? error : write_batch(fd, batch);
}

static int fill_field(int fd, const void *content)
{
	const struct tg_field_masks *field = content;
	void *memory = mmap(NULL, sizeof(field->masks), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		return -errno;
	memcpy(memory, field->masks, sizeof(field->masks));
	munmap(memory, sizeof(field->masks));
	return 0;
}

/* One of the maps. */
struct policy_map {
	struct bpf_map *map;
	const void *content; /* NULL: the policy does not use it */
	size_t size;	     /* entries */
	int (*fill)(int fd, const void *content);
};

#define MAPS 6

static void list_maps(const struct tg_policy_maps *maps, struct policy_map list[MAPS])
{
	const struct tidegate_bpf *skeleton = maps->skeleton;
	const struct tg_contents *all = maps->contents;
	const struct policy_map listed[MAPS] = {
		{skeleton->maps.lists, all->lists, tg_list_content_size(all->lists), fill_lists},
		{skeleton->maps.sources, all->sources, all->sources ? all->sources->n : 0,
		 fill_addresses},
		{skeleton->maps.destinations, all->destinations,
		 all->destinations ? all->destinations->n : 0, fill_addresses},
		{skeleton->maps.source_ports, all->source_ports, TG_FIELD_VALUES, fill_field},
		{skeleton->maps.destination_ports, all->destination_ports, TG_FIELD_VALUES,
		 fill_field},
		{skeleton->maps.lengths, all->lengths, TG_FIELD_VALUES, fill_field},
	};

	memcpy(list, listed, sizeof(listed));
}

/* Returns a descriptor of the map of the generation before that holds the same, or -1. */
static int same_before(const struct policy_map *map, const struct policy_map *before)
{
	return map->content && map->content == before->content ? bpf_map__fd(before->map) : -1;
}

int tg_policy_maps_prepare(const struct tg_policy_maps *maps, const struct tg_policy_maps *previous)
{
	struct policy_map list[MAPS], before[MAPS] = {};
	int i, fd, error = 0;

	list_maps(maps, list);
	if (previous)
		list_maps(previous, before);
	for (i = 0; i < MAPS && !error; i++) {
		fd = same_before(&list[i], &before[i]);
		if (fd >= 0)
			error = bpf_map__reuse_fd(list[i].map, fd);
		else /* one entry for a map that is not used, because 0 is not allowed */
			error = bpf_map__set_max_entries(
				list[i].map, list[i].content && list[i].size ? list[i].size : 1);
	}
	return error;
}

int tg_policy_maps_fill(const struct tg_policy_maps *maps, const struct tg_policy_maps *previous)
{
	struct policy_map list[MAPS], before[MAPS] = {};
	int i, error = 0;

	list_maps(maps, list);
	if (previous)
		list_maps(previous, before);
	for (i = 0; i < MAPS && !error; i++)
		if (list[i].content && same_before(&list[i], &before[i]) < 0)
			error = list[i].fill(bpf_map__fd(list[i].map), list[i].content);
	return error;
}

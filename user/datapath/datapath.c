// SPDX-License-Identifier: GPL-2.0-or-later
/* Opens a state directory and adopts what an earlier daemon left there; resets, detaches, closes.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <tidegate/name_hash.h>
#include <unistd.h>

#include "attach/attach.h"
#include "kernel/app_program.h"
#include "base/cleanup.h"
#include "config/names.h"
#include "datapath/datapath.h"
#include "datapath/datapath_private.h"
#include "datapath/entries_private.h"
#include "base/log.h"
#include "kernel/packet_clock.h"
#include "kernel/program.h"
#include "base/pin_dir.h"
#include "kernel/bucket_table.h"

void tg_datapath_forget_maps(const struct tg_datapath *datapath)
{
	tg_autoclose int meta = tg_pin_dir_open_pin(datapath->state_dir, tg_map_names[TG_MAP_META]);
	uint32_t bank;
	int map;

	tg_app_program_void(meta);
	for (bank = 0; bank < TG_BANKS; bank++)
		tg_app_program_unpin(datapath->state_dir, bank);
	for (map = 0; map < TG_MAPS_PINNED; map++)
		if (map != TG_MAP_ENTRIES && map != TG_MAP_ENTRIES_STATE)
			tg_pin_dir_unlink(datapath->state_dir, tg_map_names[map]);
	if (!datapath->entries->n)
		tg_entries_forget(datapath);
	tg_pin_dir_unlink(datapath->state_dir, TG_NEXT_BUCKETS_PIN);
}

static bool map_has(int fd, uint32_t key_size, uint32_t value_size, uint32_t *entries)
{
	struct bpf_map_info info = {};
	uint32_t length = sizeof(info);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &length))
		return false;
	*entries = info.max_entries;
	return info.key_size == key_size && info.value_size == value_size;
}

int tg_datapath_take_next_table(const struct tg_datapath *datapath)
{
	char from[PATH_MAX], to[PATH_MAX];

	snprintf(from, sizeof(from), "%s/%s", datapath->state_dir, TG_NEXT_BUCKETS_PIN);
	snprintf(to, sizeof(to), "%s/%s", datapath->state_dir, tg_map_names[TG_MAP_BUCKETS]);
	return rename(from, to) ? tg_log_errno(errno, "rename %s", from) : 0;
}

static bool read_records(struct tg_datapath *datapath)
{
	tg_autoclose int fd =
		tg_pin_dir_open_pin(datapath->state_dir, tg_map_names[TG_MAP_RECORDS]);
	uint32_t slot, index, entries;

	if (!map_has(fd, 4, sizeof(struct tg_limit_record), &entries) ||
	    entries != TG_BANKS * TG_LIMITS_MAX)
		return false;
	for (slot = 0; slot < TG_LIMITS_MAX; slot++) {
		index = datapath->bank * TG_LIMITS_MAX + slot;
		if (bpf_map_lookup_elem(fd, &index, &datapath->records[slot]))
			return false;
	}
	return true;
}

static uint32_t size_of_table(const struct tg_datapath *datapath, const char *pin)
{
	tg_autoclose int fd = tg_pin_dir_open_pin(datapath->state_dir, pin);

	return tg_table_size(fd);
}

/* Renames the next table if it is the one in force: a daemon may have died before it could. */
static bool find_table(struct tg_datapath *datapath)
{
	uint32_t target = datapath->meta.table_size[datapath->bank];

	if (target && size_of_table(datapath, TG_NEXT_BUCKETS_PIN) == target &&
	    size_of_table(datapath, tg_map_names[TG_MAP_BUCKETS]) != target)
		tg_datapath_take_next_table(datapath);
	tg_pin_dir_unlink(datapath->state_dir, TG_NEXT_BUCKETS_PIN);
	datapath->table_size = size_of_table(datapath, tg_map_names[TG_MAP_BUCKETS]);
	return datapath->table_size != 0;
}

static bool read_pinned_maps(struct tg_datapath *datapath)
{
	tg_autoclose int meta = tg_pin_dir_open_pin(datapath->state_dir, tg_map_names[TG_MAP_META]);
	tg_autoclose int active =
		tg_pin_dir_open_pin(datapath->state_dir, tg_map_names[TG_MAP_ACTIVE]);
	uint32_t zero = 0, entries;

	if (!map_has(meta, 4, sizeof(struct tg_meta), &entries) ||
	    bpf_map_lookup_elem(meta, &zero, &datapath->meta) ||
	    datapath->meta.abi_version != TG_ABI_VERSION)
		return false;
	if (!map_has(active, 4, 4, &entries) ||
	    bpf_map_lookup_elem(active, &zero, &datapath->bank) || datapath->bank >= TG_BANKS)
		return false;
	return read_records(datapath) && find_table(datapath);
}

static int start_afresh(struct tg_datapath *datapath)
{
	datapath->table_size = 0;
	datapath->bank = 0;
	memset(datapath->records, 0, sizeof(datapath->records));
	datapath->meta = (struct tg_meta){.abi_version = TG_ABI_VERSION, .next_serial = 1};
	/* 16 bytes come in one piece. Blocks until the kernel has its first entropy. */
	while (getrandom(datapath->meta.hash_key, sizeof(datapath->meta.hash_key), 0) < 0)
		if (errno != EINTR)
			return tg_log_errno(errno, "no random key for the table");
	return 0;
}

static int adopt_maps(struct tg_datapath *datapath)
{
	int meta = tg_pin_dir_open_pin(datapath->state_dir, tg_map_names[TG_MAP_META]);
	bool found = meta >= 0;

	if (found)
		close(meta);
	if (read_pinned_maps(datapath)) {
		datapath->adopted = datapath->unswept = true;
		return 0;
	}
	if (found)
		tg_log(TG_LOG_WARNING,
		       "%s holds maps of a layout that this version does not know; "
		       "they are replaced and buckets start full",
		       datapath->state_dir);
	datapath->replaced = found;
	tg_datapath_forget_maps(datapath);
	return start_afresh(datapath);
}

static void adopt_attachment(void *data, const struct tg_attachment *attachment)
{
	struct tg_datapath *datapath = data;

	if (datapath->attachments_n == TG_ATTACHMENTS_MAX - 1)
		close(attachment->link);
	else
		datapath->attachments[datapath->attachments_n++] = *attachment;
}

void tg_datapath_program_pin(enum tg_hook hook, char *pin, size_t size)
{
	snprintf(pin, size, TG_PROGRAM_PIN "%s", tg_hook_name(hook));
}

static void adopt_entries(struct tg_datapath *datapath)
{
	char pin[32];
	int hook;

	for (hook = 0; hook < TG_HOOKS; hook++) {
		tg_datapath_program_pin(hook, pin, sizeof(pin));
		datapath->adopted_entries[hook] = tg_pin_dir_open_pin(datapath->state_dir, pin);
	}
}

/* Reads the indices into the interface counters that adopted links have. */
static void adopt_counters(struct tg_datapath *datapath)
{
	tg_autoclose int fd =
		tg_pin_dir_open_pin(datapath->state_dir, tg_map_names[TG_MAP_ATTACHMENTS]);
	uint32_t index;
	size_t i;

	for (i = 0; i < datapath->attachments_n && fd >= 0; i++) {
		index = tg_attachments_index(&datapath->attachments[i]);
		bpf_map_lookup_elem(fd, &index, &datapath->attachments[i].counters);
	}
}

int tg_datapath_open(const char *state_dir, struct tg_datapath **datapath, char *errmsg)
{
	tg_cleanup(tg_datapath_close) struct tg_datapath *made = calloc(1, sizeof(*made));
	int error;

	if (!made)
		return tg_error_set(errmsg, ENOMEM, "out of memory");
	made->lock = -1;
	memset(made->adopted_entries, -1, sizeof(made->adopted_entries));
	made->tick = tg_clock_tick();
	made->state_dir = strdup(state_dir);
	made->entries = calloc(1, sizeof(*made->entries));
	made->reclaim = tg_reclaim_new();
	if (!made->state_dir || !made->entries || !made->reclaim)
		return tg_error_set(errmsg, ENOMEM, "out of memory");
	made->lock = tg_pin_dir_open(state_dir, errmsg);
	if (made->lock < 0)
		return made->lock;
	tg_entries_adopt(made);
	error = adopt_maps(made);
	if (error)
		return tg_error_set(errmsg, error, "the kernel gives no random numbers");
	error = tg_attach_adopt(state_dir, adopt_attachment, made, errmsg);
	if (error)
		return error;
	adopt_counters(made);
	adopt_entries(made);
	if (made->attachments_n)
		tg_log(TG_LOG_INFO, "adopted %zu link(s) of generation %u from %s",
		       made->attachments_n, made->meta.generation[made->bank], state_dir);
	*datapath = TAKE_PTR(made);
	return 0;
}

int tg_datapath_reset(struct tg_datapath *datapath, const char *limit, const uint8_t *address,
		      const char *key, uint32_t *count)
{
	struct tg_sweep sweep = {.flags = TG_SWEEP_RESET, .bank = datapath->bank};
	uint32_t slot;
	int error;

	if (limit) {
		for (slot = 0; slot < TG_LIMITS_MAX; slot++)
			if (strcmp(datapath->records[slot].name, limit) == 0)
				break;
		if (slot == TG_LIMITS_MAX || !limit[0])
			return -ENOENT;
		sweep.flags |= TG_SWEEP_BY_LIMIT;
		sweep.limit_id = datapath->records[slot].id;
	}
	if (address) {
		sweep.flags |= TG_SWEEP_BY_ADDRESS;
		memcpy(&sweep.address, address, sizeof(sweep.address));
	}
	if (key) {
		sweep.flags |= TG_SWEEP_BY_NAME;
		sweep.address = tg_name_hash(datapath->compiled->policy.name_key, key, strlen(key));
	}
	error = tg_program_sweep(datapath->program, &sweep);
	*count = sweep.reset;
	return error;
}

int tg_datapath_detach(struct tg_datapath *datapath, bool entries_too, unsigned int *links)
{
	char pin[32];
	size_t i;
	int hook;

	*links = datapath->attachments_n;
	for (i = 0; i < datapath->attachments_n; i++)
		tg_datapath_remove(datapath, &datapath->attachments[i]);
	datapath->attachments_n = 0;
	for (hook = 0; hook < TG_HOOKS; hook++) {
		tg_datapath_program_pin(hook, pin, sizeof(pin));
		tg_pin_dir_unlink(datapath->state_dir, pin);
	}
	if (entries_too)
		datapath->entries->n = 0;
	tg_datapath_forget_maps(datapath);
	return datapath->entries->n ? 0 : tg_pin_dir_remove(datapath->state_dir, datapath->lock);
}

void tg_datapath_close(struct tg_datapath **datapath)
{
	struct tg_datapath *old = *datapath;
	size_t i;

	if (!old)
		return;
	for (i = 0; i < old->attachments_n; i++)
		close(old->attachments[i].link);
	tg_missing_free(&old->missing);
	tg_reclaim_free(&old->reclaim);
	tg_program_free(&old->program);
	tg_compiled_free(&old->compiled);
	tg_config_unref(&old->config);
	for (i = 0; i < TG_HOOKS; i++)
		if (old->adopted_entries[i] >= 0)
			close(old->adopted_entries[i]);
	if (old->lock >= 0) {
		/* Succeeds only if a failed start left it empty. */
		tg_pin_dir_remove(old->state_dir, old->lock);
		close(old->lock);
	}
	free(old->entries);
	free(old->state_dir);
	free(old);
	*datapath = NULL;
}

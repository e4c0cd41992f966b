// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads pinned maps and links. Whatever can be there may also be unreadable, and that is told apart
 * from missing: a policy is not gone because no descriptor was free.
 */
#include "datapath/adopt.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attach/attach.h"
#include "attach/program_pin.h"
#include "base/cleanup.h"
#include "base/errmsg.h"
#include "base/log.h"
#include "base/pin_dir.h"
#include "datapath/attachments.h"
#include "datapath/datapath_private.h"
#include "datapath/entries_private.h"
#include "datapath/map_pins.h"
#include "kernel/bucket_table.h"
#include "kernel/program.h"

#define ALL_MAPS ((1U << TG_MAPS_PINNED) - 1)

/* Sets *@version to that of the maps in @dir; 0 without maps, or if they were never filled. */
static int read_version(const char *dir, uint32_t *version)
{
	tg_autoclose int fd = tg_pin_dir_open_pin(dir, tg_map_names[TG_MAP_META]);
	struct bpf_map_info info = {};
	uint32_t length = sizeof(info), zero = 0;
	tg_autofree void *value = NULL;

	*version = 0;
	if (fd < 0)
		return fd == -ENOENT || fd == -ENOTDIR ? 0 : fd;
	if (bpf_obj_get_info_by_fd(fd, &info, &length))
		return -errno;
	if (info.type != BPF_MAP_TYPE_ARRAY || info.value_size < sizeof(*version))
		return 0;
	value = malloc(info.value_size);
	if (!value)
		return -ENOMEM;
	if (bpf_map_lookup_elem(fd, &zero, value))
		return -errno;
	memcpy(version, value, sizeof(*version));
	return 0;
}

/* What there is: maps in place, and maps of upgrades that did not come to their end. */
struct survey {
	const char *state_dir;
	uint32_t in_place; /* versions; 0 none */
	uint32_t newest;
	bool ours_waits, others_wait;
};

static int look_at_next(void *data, const char *name)
{
	struct survey *survey = data;
	char dir[PATH_MAX];
	uint32_t version;
	int error;

	snprintf(dir, sizeof(dir), "%s/%s", survey->state_dir, name);
	error = read_version(dir, &version);
	if (error)
		return error;
	if (version == TG_ABI_VERSION)
		survey->ours_waits = true;
	else if (version)
		survey->others_wait = true;
	if (version > survey->newest)
		survey->newest = version;
	return 0;
}

static int look(struct survey *survey)
{
	int error = read_version(survey->state_dir, &survey->in_place);

	survey->newest = survey->in_place;
	return error ? error
		     : tg_pin_dir_each(survey->state_dir, TG_NEXT_DIR, look_at_next, survey);
}

/* Each of these returns 1 if the map is there and as expected, 0 if not, or -errno. */

static int missing(int error)
{
	return error == -ENOENT ? 0 : error;
}

/* Also opens it: *@fd is the caller's to close, and below 0 unless 1 is returned. */
static int open_map(const struct tg_datapath *datapath, enum tg_map map, uint32_t value_size,
		    uint32_t entries, int *fd)
{
	tg_autoclose int opened = tg_map_pins_open(datapath, map);
	struct bpf_map_info info = {};
	uint32_t length = sizeof(info);

	*fd = -1;
	if (opened < 0)
		return missing(opened);
	if (bpf_obj_get_info_by_fd(opened, &info, &length))
		return -errno;
	if (info.key_size != 4 || info.value_size != value_size || info.max_entries != entries)
		return 0;
	*fd = TAKE_FD(opened);
	return 1;
}

static int read_one(const struct tg_datapath *datapath, enum tg_map map, void *value,
		    uint32_t value_size)
{
	tg_autoclose int fd = -1;
	int found = open_map(datapath, map, value_size, 1, &fd);
	uint32_t zero = 0;

	if (found != 1)
		return found;
	return bpf_map_lookup_elem(fd, &zero, value) ? -errno : 1;
}

static int read_records(struct tg_datapath *datapath)
{
	tg_autoclose int fd = -1;
	int found = open_map(datapath, TG_MAP_RECORDS, sizeof(struct tg_limit_record),
			     TG_BANKS * TG_LIMITS_MAX, &fd);
	uint32_t slot, index;

	if (found != 1)
		return found;
	for (slot = 0; slot < TG_LIMITS_MAX; slot++) {
		index = datapath->bank * TG_LIMITS_MAX + slot;
		if (bpf_map_lookup_elem(fd, &index, &datapath->records[slot]))
			return -errno;
	}
	return 1;
}

static int size_of(int fd, uint32_t *size)
{
	*size = 0;
	return fd < 0 ? missing(fd) : tg_table_size(fd, size);
}

/* A daemon may have died after the switch, before it gave the new table its name. */
static int find_table(struct tg_datapath *datapath)
{
	tg_autoclose int fd = tg_map_pins_open(datapath, TG_MAP_BUCKETS);
	tg_autoclose int resized = tg_map_pins_open_resized(datapath);
	uint32_t size, other, target = datapath->meta.table_size[datapath->bank];
	int error = size_of(fd, &size);

	if (!error)
		error = size_of(resized, &other);
	if (error)
		return error;
	datapath->table_waits = target && other == target && size != target;
	datapath->table_size = datapath->table_waits ? other : size;
	return datapath->table_size != 0;
}

/* Reads what the maps say of the policy in force, and of its buckets. */
static int read_maps(struct tg_datapath *datapath)
{
	int found = read_one(datapath, TG_MAP_META, &datapath->meta, sizeof(datapath->meta));

	if (found == 1)
		found = read_one(datapath, TG_MAP_ACTIVE, &datapath->bank, sizeof(datapath->bank));
	if (found == 1 && datapath->bank >= TG_BANKS)
		found = 0;
	if (found == 1)
		found = read_records(datapath);
	return found == 1 ? find_table(datapath) : found;
}

static int start_afresh(struct tg_datapath *datapath)
{
	datapath->table_size = 0;
	datapath->table_waits = false;
	datapath->bank = 0;
	memset(datapath->records, 0, sizeof(datapath->records));
	datapath->meta = (struct tg_meta){.abi_version = TG_ABI_VERSION, .next_serial = 1};
	/* 16 bytes come in one piece. Blocks until the kernel has its first entropy. */
	while (getrandom(datapath->meta.hash_key, sizeof(datapath->meta.hash_key), 0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* Maps that are not in the waiting directory have been moved in place already. */
static int find_waiting(struct tg_datapath *datapath)
{
	char path[PATH_MAX];
	struct stat status;
	int map;

	datapath->in_next = ALL_MAPS;
	for (map = 0; map < TG_MAPS_PINNED; map++) {
		tg_map_pins_path(datapath, map, path);
		if (stat(path, &status) == 0)
			continue;
		if (errno != ENOENT)
			return -errno;
		datapath->in_next &= ~(1U << map);
	}
	return 0;
}

/* Maps of an older version, of which buckets can be read and charged as before. */
static int share_buckets(struct tg_datapath *datapath)
{
	static const struct {
		enum tg_map map;
		uint32_t value_size, entries;
	} shared[] = {
		{TG_MAP_OVERFLOW, sizeof(struct tg_bucket), TG_LIMITS_MAX * TG_OVERFLOW_PER_LIMIT},
		{TG_MAP_LIMIT_COUNTERS, sizeof(struct tg_limit_counters), TG_LIMITS_MAX},
	};
	int found = read_maps(datapath);
	size_t i;

	for (i = 0; i < sizeof(shared) / sizeof(shared[0]) && found == 1; i++) {
		tg_autoclose int fd = -1;

		found = open_map(datapath, shared[i].map, shared[i].value_size, shared[i].entries,
				 &fd);
	}
	if (found != 1)
		return found;
	datapath->meta.abi_version = TG_ABI_VERSION;
	datapath->fresh = datapath->shared = true;
	datapath->in_next = ALL_MAPS & ~(1U << TG_MAP_BUCKETS | 1U << TG_MAP_OVERFLOW |
					 1U << TG_MAP_RECORDS | 1U << TG_MAP_LIMIT_COUNTERS);
	return 1;
}

static int refuse_newer(const struct tg_datapath *datapath, uint32_t version, char *errmsg)
{
	return tg_error_set(
		errmsg, EBUSY,
		"%s holds the programs and maps of a newer version (layout %u, and this one "
		"knows %u). They stay in force as they are. Start that version, or take all of it "
		"away first by `tidegate detach`, which leaves nothing limited",
		datapath->state_dir, version, TG_ABI_VERSION);
}

/* Returns 1 if there are maps to go on with, or their buckets, 0 if not, or -errno. */
static int choose_maps(struct tg_datapath *datapath, const struct survey *survey)
{
	int error;

	if (survey->ours_waits) {
		error = find_waiting(datapath);
		if (error)
			return error;
		/* Links may run by these maps, so that no others can take their place. */
		error = read_maps(datapath);
		return error ? error : -EBADMSG;
	}
	if (survey->in_place == TG_ABI_VERSION)
		return read_maps(datapath);
	if (survey->in_place >= TG_BUCKETS_SINCE && !survey->others_wait)
		return share_buckets(datapath);
	return 0;
}

static void warn_of_older(const struct tg_datapath *datapath, const struct survey *survey)
{
	if (!datapath->fresh)
		return;
	if (datapath->shared)
		tg_log(TG_LOG_INFO,
		       "%s holds maps of an older version (layout %u): buckets are kept, and the "
		       "rest is replaced once the policy is in force",
		       datapath->state_dir, survey->in_place);
	else if (survey->in_place || survey->others_wait)
		tg_log(TG_LOG_WARNING,
		       "%s holds maps of a layout that this version does not know; they are "
		       "replaced once the policy is in force, and buckets start full",
		       datapath->state_dir);
}

static int adopt_maps(struct tg_datapath *datapath, char *errmsg)
{
	struct survey survey = {.state_dir = datapath->state_dir};
	int error = look(&survey), found;

	if (!error && survey.newest > TG_ABI_VERSION)
		return refuse_newer(datapath, survey.newest, errmsg);
	found = error ? error : choose_maps(datapath, &survey);
	if (found < 0)
		return tg_error_set(errmsg, found,
				    "cannot read the maps in %s, which an earlier daemon left: %s. "
				    "What is attached stays as it is",
				    datapath->state_dir, strerror(-found));
	if (found) {
		datapath->adopted = datapath->unswept = true;
	} else {
		datapath->fresh = true;
		datapath->in_next = ALL_MAPS;
		error = start_afresh(datapath);
	}
	warn_of_older(datapath, &survey);
	return error ? tg_error_set(errmsg, error, "the kernel gives no random numbers: %s",
				    strerror(-error))
		     : 0;
}

/* Entries have a layout of their own, which outlives others. They are looked for where they are. */
static int adopt_entries(struct tg_datapath *datapath, char *errmsg)
{
	const uint32_t maps = 1U << TG_MAP_ENTRIES | 1U << TG_MAP_ENTRIES_STATE;
	int found;

	if (datapath->fresh)
		datapath->in_next &= ~maps;
	found = tg_entries_adopt(datapath, errmsg);
	if (!found)
		datapath->in_next |= maps;
	return found < 0 ? found : 0;
}

static int adopt_attachment(void *data, const struct tg_attachment *attachment)
{
	struct tg_datapath *datapath = data;

	if (datapath->attachments_n == TG_ATTACHMENTS_MAX - 1) {
		close(attachment->link);
		return -E2BIG;
	}
	datapath->attachments[datapath->attachments_n++] = *attachment;
	return 0;
}

int tg_adopt_links(struct tg_datapath *datapath, char *errmsg)
{
	datapath->untidy = true;
	return tg_attach_adopt(datapath->state_dir, adopt_attachment, datapath, errmsg);
}

/* Reads the indices into the interface counters that adopted links have. */
static int adopt_counters(struct tg_datapath *datapath, char *errmsg)
{
	tg_autoclose int fd = -1;
	uint32_t index;
	size_t i;
	int error = 0;

	if (datapath->fresh)
		return 0;
	fd = tg_map_pins_open(datapath, TG_MAP_ATTACHMENTS);
	if (fd < 0)
		error = missing(fd);
	for (i = 0; i < datapath->attachments_n && fd >= 0 && !error; i++) {
		index = tg_attachments_index(&datapath->attachments[i]);
		if (bpf_map_lookup_elem(fd, &index, &datapath->attachments[i].counters))
			error = -errno;
	}
	return error ? tg_error_set(errmsg, error, "cannot read the counters in %s: %s",
				    datapath->state_dir, strerror(-error))
		     : 0;
}

int tg_adopt(struct tg_datapath *datapath, char *errmsg)
{
	int error = adopt_maps(datapath, errmsg);

	if (!error)
		error = adopt_entries(datapath, errmsg);
	if (!error)
		error = tg_adopt_links(datapath, errmsg);
	if (!error)
		error = adopt_counters(datapath, errmsg);
	return error;
}

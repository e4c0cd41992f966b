// SPDX-License-Identifier: GPL-2.0-or-later
/* Opens a state directory, resets, detaches, closes. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <tidegate/name_hash.h>
#include <unistd.h>

#include "attach/attach.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/pin_dir.h"
#include "datapath/adopt.h"
#include "datapath/datapath.h"
#include "datapath/datapath_private.h"
#include "datapath/dispatch.h"
#include "datapath/entries_private.h"
#include "datapath/map_pins.h"
#include "kernel/packet_clock.h"
#include "kernel/program.h"

#define NAMES_MOST 128 /* bytes of the names below the state directory */

/* Makes a datapath, locks the state directory, and has @adopt read what is there. */
static int make(const char *state_dir, int (*adopt)(struct tg_datapath *datapath, char *errmsg),
		struct tg_datapath **datapath, char *errmsg)
{
	tg_cleanup(tg_datapath_close) struct tg_datapath *made = calloc(1, sizeof(*made));
	int hook, header, error;

	if (!made)
		return tg_error_set(errmsg, ENOMEM, "out of memory");
	made->lock = -1;
	for (hook = 0; hook < TG_HOOKS; hook++)
		for (header = 0; header < TG_HEADERS; header++)
			made->dispatch[header][hook].fd = -1;
	if (strlen(state_dir) > PATH_MAX - NAMES_MOST)
		return tg_error_set(errmsg, ENAMETOOLONG, "state directory %s: %s", state_dir,
				    strerror(ENAMETOOLONG));
	made->tick = tg_clock_tick();
	made->state_dir = strdup(state_dir);
	made->entries = calloc(1, sizeof(*made->entries));
	made->reclaim = tg_reclaim_new();
	if (!made->state_dir || !made->entries || !made->reclaim)
		return tg_error_set(errmsg, ENOMEM, "out of memory");
	made->lock = tg_pin_dir_open(state_dir, errmsg);
	if (made->lock < 0)
		return made->lock;
	error = adopt(made, errmsg);
	if (error)
		return error;
	*datapath = TAKE_PTR(made);
	return 0;
}

int tg_datapath_open(const char *state_dir, struct tg_datapath **datapath, char *errmsg)
{
	int error = make(state_dir, tg_adopt, datapath, errmsg);
	const struct tg_datapath *made = *datapath;

	if (!error && made->attachments_n)
		tg_log(TG_LOG_INFO, "adopted %zu link(s) of generation %u from %s",
		       made->attachments_n, made->meta.generation[made->bank], state_dir);
	return error;
}

int tg_datapath_open_links(const char *state_dir, struct tg_datapath **datapath, char *errmsg)
{
	return make(state_dir, tg_adopt_links, datapath, errmsg);
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
	size_t i, kept = 0;
	int error = 0, r;

	*links = datapath->attachments_n;
	for (i = 0; i < datapath->attachments_n; i++) {
		r = tg_datapath_remove(datapath, &datapath->attachments[i]);
		if (r)
			datapath->attachments[kept++] = datapath->attachments[i];
		error = error ? error : r;
	}
	datapath->attachments_n = kept;
	*links -= kept;
	tg_attach_tidy(datapath->state_dir, datapath->attachments, kept);
	if (error)
		return error;
	if (entries_too)
		datapath->entries->n = 0;
	tg_map_pins_forget(datapath);
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
	tg_dispatch_close(old);
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

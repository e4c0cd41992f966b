// SPDX-License-Identifier: GPL-2.0-or-later
/* The part of a publish that attaches to interfaces, moves links over, and detaches. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "attach/attach.h"
#include "attach/fq.h"
#include "attach/targets.h"
#include "base/cleanup.h"
#include "base/errmsg.h"
#include "base/fault.h"
#include "base/log.h"
#include "config/names.h"
#include "datapath/attachments.h"
#include "datapath/datapath.h"
#include "datapath/datapath_private.h"
#include "datapath/dispatch.h"
#include "datapath/follow.h"
#include "datapath/publish_private.h"
#include "kernel/program.h"

static bool mode_fits(const struct tg_attachment *attachment, enum tg_xdp_mode mode)
{
	return attachment->hook != TG_HOOK_XDP || mode == TG_XDP_AUTO ||
	       attachment->mode == (mode == TG_XDP_NATIVE ? TG_MODE_NATIVE : TG_MODE_GENERIC);
}

static int attach_one(struct tg_publish *publish, const struct tg_target *target, enum tg_hook hook,
		      char *errmsg)
{
	struct tg_datapath *datapath = publish->datapath;
	size_t n = publish->attachments_n;
	struct tg_attachment *attachment = &publish->attachments[n];
	const struct tg_attachment *live = tg_attachments_find(
		datapath->attachments, datapath->attachments_n, target->ifindex, hook);
	int error;

	if (live && !mode_fits(live, target->xdp_mode))
		return tg_error_set(
			errmsg, EINVAL,
			"%s runs in %s mode, and a change of xdp_mode would leave it without "
			"a program for a moment; take it out of the configuration first, then "
			"add it again",
			live->name, tg_mode_name(live->mode));
	*attachment =
		live ? *live
		     : (struct tg_attachment){.ifindex = target->ifindex, .hook = hook, .link = -1};
	memcpy(attachment->name, target->name, sizeof(attachment->name));
	attachment->leaving = false;
	error = tg_attachments_count(datapath, publish->program, publish->attachments, n,
				     attachment, errmsg);
	if (!error)
		error = tg_attachments_attach(datapath, publish->config, target, attachment,
					      &publish->queued[n], errmsg);
	if (error)
		return error;
	publish->created[n] = !live;
	publish->attachments_n++;
	return 0;
}

/*
 * Attaches to the hooks of one interface. Refuses if its name is in the configuration, or if it is
 * attached already; one that only fits a pattern is left out then, and tried again later.
 */
static int attach_target(struct tg_publish *publish, const struct tg_target *target, char *errmsg)
{
	enum tg_missing_reason reason;
	size_t before = publish->attachments_n;
	int error, hook;

	for (hook = 0; hook < TG_HOOKS; hook++) {
		if (!(target->hooks >> hook & 1))
			continue;
		if (publish->held == TG_FOLLOW_INTERFACES_MAX) {
			reason = TG_MISSING_NO_ROOM;
			error = tg_follow_refuse_full(target, errmsg);
		} else {
			error = attach_one(publish, target, hook, errmsg);
			reason = tg_follow_reason(error);
		}
		if (error && (target->named || target->attached >> hook & 1))
			return error;
		if (error && error != -ENODEV) { /* else gone meanwhile */
			tg_follow_miss(&publish->missing, target, hook, reason, errmsg);
			publish->refused = error;
		}
	}
	publish->held += publish->attachments_n > before;
	return 0;
}

static void mark_attached(const struct tg_datapath *datapath, struct tg_target *targets, size_t n)
{
	struct tg_target *target;
	size_t i;

	for (i = 0; i < datapath->attachments_n; i++) {
		target = tg_targets_of(targets, n, datapath->attachments[i].ifindex);
		if (target)
			target->attached |= 1U << datapath->attachments[i].hook;
	}
}

static int attach_targets(struct tg_publish *publish, struct tg_target *targets, size_t n,
			  char *errmsg)
{
	bool there[TG_CONFIG_INTERFACES_MAX] = {};
	int error = n ? 0 : tg_targets_refuse_none(publish->config, errmsg);
	size_t i;

	mark_attached(publish->datapath, targets, n);
	tg_follow_rank(targets, n);
	for (i = 0; i < n && !error; i++) {
		there[targets[i].entry] = true;
		error = attach_target(publish, &targets[i], errmsg);
	}
	if (error)
		return error;
	if (!publish->attachments_n && publish->refused) /* of which @errmsg tells */
		return publish->refused;
	tg_missing_add_absent(&publish->missing, publish->config, there);
	tg_missing_sort(&publish->missing);
	tg_targets_warn(targets, n);
	return 0;
}

int tg_publish_attach(struct tg_publish *publish, char *errmsg)
{
	tg_autofree struct tg_target *targets = NULL;
	size_t n;
	int error = tg_targets_find(publish->config, &targets, &n, errmsg);

	return error ? error : attach_targets(publish, targets, n, errmsg);
}

void tg_publish_take_missing(struct tg_publish *publish)
{
	struct tg_datapath *datapath = publish->datapath;

	tg_missing_log(&publish->missing, &datapath->missing);
	tg_missing_free(&datapath->missing);
	datapath->missing = publish->missing;
	publish->missing = (struct tg_missing_list){};
	datapath->unlisted[0] = '\0';
}

/*
 * Has each link run by the maps that this publish writes. Usually all do. Links that an older
 * version has left, or a daemon that died between two of them, run by others. Then each one passes
 * from the old policy to the new one here.
 */
int tg_publish_move_links(struct tg_publish *publish, char *errmsg)
{
	struct tg_datapath *datapath = publish->datapath;
	char step[32];
	size_t i, moved = 0;
	int error = 0;

	if (datapath->shared)
		error = tg_publish_refuse_maps(tg_program_switch(publish->program, publish->bank),
					       errmsg);
	for (i = 0; i < publish->attachments_n && !error; i++) {
		if (publish->created[i])
			continue;
		error = tg_dispatch_move(datapath, &publish->attachments[i], &publish->was[i],
					 errmsg);
		if (error || !publish->was[i])
			continue;
		snprintf(step, sizeof(step), "moved-%zu", ++moved);
		error = tg_fault(step);
		if (error)
			tg_error_set(errmsg, error, "%s: %s", step, strerror(-error));
	}
	return error;
}

/*
 * Detaches from hooks that the new configuration does not name, and removes fq where no limit
 * delays any more. Keeps what it cannot detach. All have an index into the counters of their own,
 * so that there is room.
 */
int tg_publish_drop_attachments(struct tg_publish *publish, char *errmsg)
{
	struct tg_datapath *datapath = publish->datapath;
	struct tg_attachment *attachment;
	size_t i;

	for (i = 0; i < datapath->attachments_n; i++) {
		attachment = &datapath->attachments[i];
		if (tg_attachments_find(publish->attachments, publish->attachments_n,
					attachment->ifindex, attachment->hook))
			continue;
		if (tg_datapath_remove(datapath, attachment))
			publish->attachments[publish->attachments_n++] = *attachment;
		else
			tg_log(TG_LOG_INFO, "%s: detached (%s)", attachment->name,
			       tg_hook_name(attachment->hook));
	}
	memcpy(datapath->attachments, publish->attachments, sizeof(publish->attachments));
	datapath->attachments_n = publish->attachments_n;
	for (i = 0; i < datapath->attachments_n; i++)
		if (datapath->attachments[i].hook == TG_HOOK_TC_EGRESS &&
		    !tg_attachments_delay(datapath->config, &datapath->attachments[i]))
			tg_fq_restore(datapath->attachments[i].ifindex);
	if (datapath->untidy)
		tg_attach_tidy(datapath->state_dir, datapath->attachments, datapath->attachments_n);
	datapath->untidy = false;
	return 0;
}

/* Detaches what this publish has attached. Keeps what it cannot detach. */
static int undo_created(struct tg_datapath *datapath, struct tg_attachment *attachment)
{
	int error = tg_datapath_remove(datapath, attachment);

	if (error)
		datapath->attachments[datapath->attachments_n++] = *attachment;
	return error;
}

int tg_publish_undo_links(struct tg_publish *publish)
{
	struct tg_datapath *datapath = publish->datapath;
	struct tg_attachment *attachment;
	int error = 0, r;
	size_t i;

	for (i = 0; i < publish->attachments_n; i++) {
		attachment = &publish->attachments[i];
		if (publish->queued[i])
			tg_fq_restore(attachment->ifindex);
		r = 0;
		if (publish->created[i])
			r = undo_created(datapath, attachment);
		else if (publish->was[i])
			r = tg_dispatch_move_back(datapath, attachment, publish->was[i]);
		error = error ? error : r;
	}
	return error;
}

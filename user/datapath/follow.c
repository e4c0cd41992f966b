// SPDX-License-Identifier: GPL-2.0-or-later
/* Compares a list of the interfaces with the attachments, and attaches and detaches what differs.
 */
#include "datapath/follow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attach/targets.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "config/names.h"
#include "datapath/attachments.h"
#include "datapath/datapath_private.h"
#include "datapath/dispatch.h"

#define RETRY_NS    (3 * NS_PER_S)
#define RETRIES_MAX 16 /* refused hooks that are tried again at one time */

struct following {
	struct tg_datapath *datapath;
	struct tg_missing_list earlier;
	size_t held; /* interfaces that have a program */
	unsigned int retries;
	uint64_t now;
	bool there[TG_CONFIG_INTERFACES_MAX]; /* names of the configuration */
	bool attached;			      /* anything new */
};

static int by_rank(const void *a, const void *b)
{
	const struct tg_target *left = a, *right = b;

	if (!left->attached != !right->attached)
		return left->attached ? -1 : 1;
	if (left->named != right->named)
		return left->named ? -1 : 1;
	return left->ifindex < right->ifindex ? -1 : 1;
}

/* The kernel refuses a program of XDP below a device that has one. */
static int from_below(const void *a, const void *b)
{
	const struct tg_target *left = a, *right = b;

	if (!left->attached != !right->attached)
		return left->attached ? -1 : 1;
	if (left->depth != right->depth)
		return left->depth < right->depth ? -1 : 1;
	return left->ifindex < right->ifindex ? -1 : 1;
}

void tg_follow_rank(struct tg_target *targets, size_t n)
{
	size_t taken = n < TG_FOLLOW_INTERFACES_MAX ? n : TG_FOLLOW_INTERFACES_MAX;

	if (!n)
		return;
	qsort(targets, n, sizeof(*targets), by_rank);
	qsort(targets, taken, sizeof(*targets), from_below);
}

int tg_follow_refuse_full(const struct tg_target *target, char *errmsg)
{
	return tg_error_set(errmsg, E2BIG,
			    "%s: %d interfaces are limited already, and that is the most; write a "
			    "narrower pattern",
			    target->name, TG_FOLLOW_INTERFACES_MAX);
}

enum tg_missing_reason tg_follow_reason(int error)
{
	return error == -EPROTONOSUPPORT ? TG_MISSING_UNSUPPORTED : TG_MISSING_REFUSED;
}

void tg_follow_miss(struct tg_missing_list *list, const struct tg_target *target, enum tg_hook hook,
		    enum tg_missing_reason reason, const char *why)
{
	struct tg_missing missing = {.ifindex = target->ifindex,
				     .hook = hook,
				     .reason = reason,
				     .retry_ns = tg_now_ns() + RETRY_NS};

	memcpy(missing.name, target->name, sizeof(missing.name));
	snprintf(missing.why, sizeof(missing.why), "%s", why);
	tg_missing_add(list, &missing);
}

/*
 * Has an attachment run the program for its interface's header, which may have changed: a bond
 * takes the type of its first port. Returns false if it cannot be limited there any more.
 */
static bool adapt(const struct tg_datapath *datapath, struct tg_attachment *attachment,
		  const struct tg_target *target)
{
	char errmsg[TG_ERRMSG_SIZE];
	uint32_t was;

	if (target->unfit[0])
		return false;
	if (target->header == attachment->header)
		return true;
	attachment->header = target->header;
	if (tg_dispatch_move(datapath, attachment, &was, errmsg))
		tg_log(TG_LOG_ERROR, "%s", errmsg); /* its program is not healthy then */
	return true;
}

/*
 * Detaches from what is not meant any more, and keeps what it cannot detach. The kernel has
 * detached the program from an interface that is gone, but our descriptor and pin are left.
 */
static void let_go(struct tg_datapath *datapath, struct tg_target *targets, size_t n)
{
	struct tg_attachment *attachment;
	struct tg_target *target;
	size_t i, kept = 0;
	bool known;

	for (i = 0; i < datapath->attachments_n; i++) {
		attachment = &datapath->attachments[i];
		target = tg_targets_of(targets, n, attachment->ifindex);
		if (target && target->hooks >> attachment->hook & 1 &&
		    adapt(datapath, attachment, target)) {
			target->attached |= 1U << attachment->hook;
			memcpy(attachment->name, target->name, sizeof(attachment->name));
			attachment->leaving = false;
			datapath->attachments[kept++] = *attachment;
			continue;
		}
		known = attachment->leaving;
		if (tg_datapath_remove(datapath, attachment))
			datapath->attachments[kept++] = *attachment;
		else
			tg_log(TG_LOG_WARNING, "%s (index %u): %s; detached (%s)", attachment->name,
			       attachment->ifindex,
			       known ? "not to be limited any more"
				     : "gone, renamed or of another type",
			       tg_hook_name(attachment->hook));
	}
	datapath->attachments_n = kept;
}

static int take_up(struct tg_datapath *datapath, const struct tg_target *target, enum tg_hook hook,
		   char *errmsg)
{
	struct tg_attachment *attachment = &datapath->attachments[datapath->attachments_n];
	bool queued;
	int error;

	if (datapath->attachments_n == TG_ATTACHMENTS_MAX - 1)
		return tg_follow_refuse_full(target, errmsg);
	*attachment = (struct tg_attachment){.ifindex = target->ifindex, .hook = hook, .link = -1};
	memcpy(attachment->name, target->name, sizeof(attachment->name));
	error = tg_attachments_count(datapath, datapath->program, NULL, 0, attachment, errmsg);
	if (!error)
		error = tg_attachments_attach(datapath, datapath->config, target, attachment,
					      &queued, errmsg);
	if (error)
		return error;
	datapath->attachments_n++;
	tg_log(TG_LOG_INFO, "%s (index %u): appeared, and is limited from now on (%s)",
	       target->name, target->ifindex, tg_hook_name(hook));
	return 0;
}

/* True if the hook was refused before and it is not its turn yet. */
static bool is_to_wait(struct following *follow, const struct tg_missing *before)
{
	if (!before || before->reason != TG_MISSING_REFUSED)
		return false;
	return before->retry_ns > follow->now || follow->retries++ >= RETRIES_MAX;
}

static void follow_hook(struct following *follow, const struct tg_target *target, enum tg_hook hook,
			bool *any)
{
	struct tg_missing_list *missing = &follow->datapath->missing;
	const struct tg_missing *before = tg_missing_find(&follow->earlier, target->ifindex, hook);
	char errmsg[TG_ERRMSG_SIZE];
	int error;

	if (!*any && follow->held == TG_FOLLOW_INTERFACES_MAX) {
		tg_follow_refuse_full(target, errmsg);
		tg_follow_miss(missing, target, hook, TG_MISSING_NO_ROOM, errmsg);
		return;
	}
	if (is_to_wait(follow, before)) {
		tg_missing_add(missing, before);
		return;
	}
	error = take_up(follow->datapath, target, hook, errmsg);
	if (!error)
		*any = follow->attached = true;
	else if (error != -ENODEV) /* gone meanwhile: the kernel tells of that, too */
		tg_follow_miss(missing, target, hook, tg_follow_reason(error), errmsg);
}

static void follow_one(struct following *follow, const struct tg_target *target)
{
	bool any = target->attached;
	int hook;

	if (target->named)
		follow->there[target->entry] = true;
	for (hook = 0; hook < TG_HOOKS; hook++)
		if ((target->hooks & ~target->attached) >> hook & 1)
			follow_hook(follow, target, hook, &any);
	follow->held += any;
}

/* Logs a change, and keeps it for the status. */
static void note_listing(struct tg_datapath *datapath, const char *errmsg)
{
	if (strcmp(datapath->unlisted, errmsg) == 0)
		return;
	if (errmsg[0])
		tg_log(TG_LOG_ERROR, "%s; what is attached stays, and they are listed again soon",
		       errmsg);
	else
		tg_log(TG_LOG_INFO, "the interfaces can be listed again");
	snprintf(datapath->unlisted, sizeof(datapath->unlisted), "%s", errmsg);
}

void tg_datapath_follow(struct tg_datapath *datapath)
{
	tg_autofree struct tg_target *targets = NULL;
	char errmsg[TG_ERRMSG_SIZE] = "";
	struct following follow = {.datapath = datapath, .now = tg_now_ns()};
	size_t i, n;
	int error = tg_targets_find(datapath->config, &targets, &n, errmsg);

	note_listing(datapath, error ? errmsg : "");
	if (error)
		return;
	let_go(datapath, targets, n);
	tg_follow_rank(targets, n);
	follow.earlier = datapath->missing;
	datapath->missing = (struct tg_missing_list){};
	for (i = 0; i < n; i++)
		follow_one(&follow, &targets[i]);
	tg_missing_add_absent(&datapath->missing, datapath->config, follow.there);
	tg_missing_sort(&datapath->missing);
	tg_missing_log(&datapath->missing, &follow.earlier);
	tg_missing_free(&follow.earlier);
	if (follow.attached)
		tg_targets_warn(targets, n);
}

static bool is_any_due(const struct tg_missing_list *missing)
{
	uint64_t now = tg_now_ns();
	size_t i;

	for (i = 0; i < missing->n; i++)
		if (missing->items[i].reason == TG_MISSING_REFUSED &&
		    missing->items[i].retry_ns <= now)
			return true;
	return false;
}

static bool is_any_leaving(const struct tg_datapath *datapath)
{
	size_t i;

	for (i = 0; i < datapath->attachments_n; i++)
		if (datapath->attachments[i].leaving)
			return true;
	return false;
}

void tg_datapath_retry(struct tg_datapath *datapath)
{
	if (datapath->unlisted[0] || is_any_due(&datapath->missing) || is_any_leaving(datapath))
		tg_datapath_follow(datapath);
}

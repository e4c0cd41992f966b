// SPDX-License-Identifier: GPL-2.0-or-later
/* Keeps the attachments in step with the interfaces of the machine, which come and go. */
#include "datapath/attachments.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "attach/attach.h"
#include "base/cleanup.h"
#include "config/names.h"
#include "datapath/datapath_private.h"
#include "attach/targets.h"
#include "base/log.h"
#include "kernel/program.h"
#include "attach/fq.h"

struct tg_attachment *tg_attachments_find(struct tg_datapath *datapath, unsigned int ifindex,
					  enum tg_hook hook)
{
	size_t i;

	for (i = 0; i < datapath->attachments_n; i++)
		if (datapath->attachments[i].ifindex == ifindex &&
		    datapath->attachments[i].hook == hook)
			return &datapath->attachments[i];
	return NULL;
}

uint32_t tg_attachments_index(const struct tg_attachment *attachment)
{
	return attachment->hook * TG_IFINDEX_SLOTS + attachment->ifindex % TG_IFINDEX_SLOTS;
}

static bool counters_taken(const struct tg_attachment *attachments, size_t n, uint32_t place)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (attachments[i].counters == place)
			return true;
	return false;
}

static uint32_t free_counters(const struct tg_datapath *datapath,
			      const struct tg_attachment *others, size_t others_n)
{
	uint32_t place;

	for (place = 1; place < TG_ATTACHMENTS_MAX; place++)
		if (!counters_taken(others, others_n, place) &&
		    !counters_taken(datapath->attachments, datapath->attachments_n, place))
			return place;
	return 0;
}

int tg_attachments_count(const struct tg_datapath *datapath, const struct tg_program *program,
			 const struct tg_attachment *others, size_t others_n,
			 struct tg_attachment *attachment, char *errmsg)
{
	int counters = tg_program_map_fd(program, TG_MAP_INTERFACE_COUNTERS);
	int places = tg_program_map_fd(program, TG_MAP_ATTACHMENTS);
	uint32_t index = tg_attachments_index(attachment);

	if (attachment->counters)
		return 0;
	attachment->counters = free_counters(datapath, others, others_n);
	if (tg_program_zero(counters, attachment->counters, sizeof(struct tg_interface_counters)) ||
	    bpf_map_update_elem(places, &index, &attachment->counters, BPF_ANY))
		return tg_error_set(errmsg, errno, "cannot prepare the counters of %s: %s",
				    attachment->name, strerror(errno));
	return 0;
}

void tg_datapath_remove(const struct tg_datapath *datapath, struct tg_attachment *attachment)
{
	tg_attach_remove(attachment, datapath->state_dir);
	if (attachment->hook == TG_HOOK_TC_EGRESS)
		tg_fq_restore(attachment->ifindex);
}

static bool is_wanted(const struct tg_target *targets, size_t n,
		      const struct tg_attachment *attachment)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (targets[i].ifindex == attachment->ifindex &&
		    targets[i].hooks >> attachment->hook & 1)
			return true;
	return false;
}

/* The kernel detached the program with its interface, but our descriptor and pin are left. */
static void let_go(struct tg_datapath *datapath, const struct tg_target *targets, size_t n)
{
	size_t i, kept = 0;

	for (i = 0; i < datapath->attachments_n; i++) {
		struct tg_attachment *attachment = &datapath->attachments[i];

		if (is_wanted(targets, n, attachment)) {
			datapath->attachments[kept++] = *attachment;
			continue;
		}
		tg_log(TG_LOG_WARNING, "%s (index %u): gone, or renamed; let go of",
		       attachment->name, attachment->ifindex);
		tg_datapath_remove(datapath, attachment);
	}
	datapath->attachments_n = kept;
}

/* True if a limit delays packets at tc-egress. */
static bool delays(const struct tg_config *config)
{
	size_t i;

	for (i = 0; i < config->limits_n; i++)
		if (config->limits[i].action == TG_CONFIG_DELAY && !config->limits[i].shadow &&
		    (config->limits[i].hooks & TG_CONFIG_TC_EGRESS))
			return true;
	return false;
}

bool tg_attachments_delay(const struct tg_config *config, const struct tg_attachment *attachment)
{
	return attachment->hook == TG_HOOK_TC_EGRESS && delays(config);
}

int tg_attachments_attach(const struct tg_datapath *datapath, const struct tg_program *program,
			  const struct tg_config *config, const struct tg_target *target,
			  struct tg_attachment *attachment, bool *queued, char *errmsg)
{
	int error = 0, entry = tg_program_entry_fd(program, attachment->hook);

	*queued = false;
	if (tg_attachments_delay(config, attachment))
		error = tg_fq_require(target->ifindex, target->name, target->manage_qdisc, queued,
				      errmsg);
	if (error || attachment->link >= 0)
		return error;
	error = tg_attach(attachment, datapath->state_dir, entry, target->xdp_mode, errmsg);
	if (error && *queued)
		tg_fq_restore(target->ifindex);
	return error;
}

static int take_up(struct tg_datapath *datapath, const struct tg_target *target, enum tg_hook hook,
		   char *errmsg)
{
	struct tg_attachment *attachment = &datapath->attachments[datapath->attachments_n];
	bool queued;
	int error;

	if (datapath->attachments_n == TG_ATTACHMENTS_MAX - 1)
		return tg_error_set(errmsg, E2BIG, "%s: no more than %d hooks can be held",
				    target->name, TG_ATTACHMENTS_MAX - 1);
	*attachment = (struct tg_attachment){.ifindex = target->ifindex, .hook = hook, .link = -1};
	memcpy(attachment->name, target->name, sizeof(attachment->name));
	error = tg_attachments_count(datapath, datapath->program, NULL, 0, attachment, errmsg);
	if (!error)
		error = tg_attachments_attach(datapath, datapath->program, datapath->config, target,
					      attachment, &queued, errmsg);
	if (error)
		return error;
	datapath->attachments_n++;
	tg_log(TG_LOG_INFO, "%s (index %u): appeared, and is limited from now on (%s)",
	       target->name, target->ifindex, tg_hook_name(hook));
	return 0;
}

static void follow_one(struct tg_datapath *datapath, const struct tg_target *target, char *errmsg)
{
	struct tg_attachment *live;
	int hook;

	for (hook = 0; hook < TG_HOOKS; hook++) {
		if (!(target->hooks >> hook & 1))
			continue;
		live = tg_attachments_find(datapath, target->ifindex, hook);
		if (live)
			memcpy(live->name, target->name, sizeof(live->name));
		else
			take_up(datapath, target, hook, errmsg);
	}
}

void tg_datapath_follow(struct tg_datapath *datapath)
{
	tg_autofree struct tg_target *targets = NULL;
	char errmsg[TG_ERRMSG_SIZE] = "";
	size_t i, n = 0, before;

	if (tg_targets_find(datapath->config, &targets, &n, errmsg) == -ENOMEM)
		return;
	let_go(datapath, targets, n);
	before = datapath->attachments_n;
	for (i = 0; i < n; i++)
		follow_one(datapath, &targets[i], errmsg);
	if (datapath->attachments_n > before)
		tg_targets_warn(targets, n);
	if (strcmp(errmsg, datapath->refusal) == 0)
		return;
	if (errmsg[0])
		tg_log(TG_LOG_ERROR, "%s", errmsg);
	memcpy(datapath->refusal, errmsg, sizeof(errmsg));
}

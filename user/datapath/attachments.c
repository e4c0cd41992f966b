// SPDX-License-Identifier: GPL-2.0-or-later
/* Attaches to one hook of one interface, gives it counters, and removes it. */
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

const struct tg_attachment *tg_attachments_find(const struct tg_attachment *attachments, size_t n,
						unsigned int ifindex, enum tg_hook hook)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (attachments[i].ifindex == ifindex && attachments[i].hook == hook)
			return &attachments[i];
	return NULL;
}

uint32_t tg_attachments_index(const struct tg_attachment *attachment)
{
	return attachment->hook * TG_IFINDEX_SLOTS + attachment->ifindex % TG_IFINDEX_SLOTS;
}

static void mark_taken(const struct tg_attachment *attachments, size_t n, bool *taken)
{
	size_t i;

	for (i = 0; i < n; i++)
		taken[attachments[i].counters] = true;
}

/* Returns 0 if all are taken. */
static uint32_t free_counters(const struct tg_datapath *datapath,
			      const struct tg_attachment *others, size_t others_n)
{
	bool taken[TG_ATTACHMENTS_MAX] = {};
	uint32_t place;

	mark_taken(others, others_n, taken);
	mark_taken(datapath->attachments, datapath->attachments_n, taken);
	for (place = 1; place < TG_ATTACHMENTS_MAX; place++)
		if (!taken[place])
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
	if (!attachment->counters)
		return tg_error_set(errmsg, E2BIG,
				    "%s: no more than %d hooks can be held at a time",
				    attachment->name, TG_ATTACHMENTS_MAX - 1);
	if (tg_program_zero(counters, attachment->counters, sizeof(struct tg_interface_counters)) ||
	    bpf_map_update_elem(places, &index, &attachment->counters, BPF_ANY))
		return tg_error_set(errmsg, errno, "cannot prepare the counters of %s: %s",
				    attachment->name, strerror(errno));
	return 0;
}

int tg_datapath_remove(const struct tg_datapath *datapath, struct tg_attachment *attachment)
{
	int error = tg_attach_remove(attachment, datapath->state_dir);

	if (error && !attachment->leaving)
		tg_log(TG_LOG_ERROR, "%s (%s) cannot be detached, and stays for now: %s",
		       attachment->name, tg_hook_name(attachment->hook), strerror(-error));
	attachment->leaving = error != 0;
	if (!error && attachment->hook == TG_HOOK_TC_EGRESS)
		tg_fq_restore(attachment->ifindex);
	return error;
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

int tg_attachments_attach(const struct tg_datapath *datapath, const struct tg_config *config,
			  const struct tg_target *target, struct tg_attachment *attachment,
			  bool *queued, char *errmsg)
{
	int error = 0, entry = datapath->dispatch[attachment->hook].fd;

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

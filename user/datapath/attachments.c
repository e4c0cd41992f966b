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

/* Returns the first limit that does at XDP what only a frame with an Ethernet header allows. */
static const struct tg_config_limit *find_needing_header(const struct tg_config *config)
{
	const struct tg_config_limit *limit;
	size_t i;

	for (i = 0; i < config->limits_n; i++) {
		limit = &config->limits[i];
		if (!(limit->hooks & TG_CONFIG_XDP) || limit->shadow)
			continue;
		if (limit->action == TG_CONFIG_REJECT ||
		    ((limit->action == TG_CONFIG_MARK || limit->mark_above) &&
		     limit->mark.dscp >= 0))
			return limit;
	}
	return NULL;
}

/*
 * Generic XDP takes the first 14 bytes for an Ethernet header. If the destination address in them
 * turns into a multicast one, or the EtherType changes, the kernel gives the packet another
 * protocol: DSCP and answers change just these bytes.
 */
static int check_header(const struct tg_config *config, const struct tg_target *target,
			enum tg_hook hook, char *errmsg)
{
	const struct tg_config_limit *limit;

	if (target->unfit[0])
		return tg_error_set(errmsg, EPROTONOSUPPORT, "%s: %s", target->name, target->unfit);
	if (target->header != TG_HEADER_NONE || hook != TG_HOOK_XDP)
		return 0;
	limit = find_needing_header(config);
	if (!limit)
		return 0;
	return tg_error_set(
		errmsg, EPROTONOSUPPORT,
		"%s has no Ethernet header, without which limit %s cannot %s at xdp; write hooks: "
		"[tc-ingress] for it",
		target->name, limit->name,
		limit->action == TG_CONFIG_REJECT ? "answer (on_exceed: reject)" : "mark the DSCP");
}

int tg_attachments_attach(const struct tg_datapath *datapath, const struct tg_config *config,
			  const struct tg_target *target, struct tg_attachment *attachment,
			  bool *queued, char *errmsg)
{
	int error = check_header(config, target, attachment->hook, errmsg);
	int entry = datapath->dispatch[target->header][attachment->hook].fd;

	*queued = false;
	attachment->header = target->header;
	if (!error && tg_attachments_delay(config, attachment))
		error = tg_fq_require(target->ifindex, target->name, target->manage_qdisc, queued,
				      errmsg);
	if (error || attachment->link >= 0)
		return error;
	error = tg_attach(attachment, datapath->state_dir, entry, target->xdp_mode, errmsg);
	if (error == -EEXIST && attachment->hook == TG_HOOK_XDP)
		tg_targets_explain_upper(target, errmsg);
	if (error && *queued)
		tg_fq_restore(target->ifindex);
	return error;
}

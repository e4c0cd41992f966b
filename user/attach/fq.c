// SPDX-License-Identifier: GPL-2.0-or-later
/* The root qdisc of an interface and the filters of clsact, read and changed by rtnetlink(7). */
#include "attach/fq.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/errmsg.h"
#include "base/fault.h"
#include "attach/rtnl.h"

#define OUR_HANDLE 0x74670000U /* "tg", by which our fq is recognized */
/* Packets that fq holds, of one flow too. Large, because max_delay bounds the queue already. */
#define FQ_PACKETS 100000U

static struct tcmsg *put_tc_header(struct nlmsghdr *request, uint16_t type, uint16_t flags,
				   unsigned int ifindex, uint32_t parent)
{
	struct tcmsg *tc;

	request->nlmsg_type = type;
	request->nlmsg_flags = NLM_F_REQUEST | flags;
	tc = mnl_nlmsg_put_extra_header(request, sizeof(*tc));
	tc->tcm_family = AF_UNSPEC;
	tc->tcm_ifindex = ifindex;
	tc->tcm_parent = parent;
	return tc;
}

/* Gathered first, because a dump may have to be repeated. */
struct filters {
	struct tg_filter *items;
	size_t n, room;
};

static int on_filter(const struct nlmsghdr *header, void *data)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(header);
	struct filters *filters = data;
	struct tg_filter filter = {.handle = tc->tcm_handle,
				   .priority = TC_H_MAJ(tc->tcm_info) >> 16,
				   .protocol = TC_H_MIN(tc->tcm_info)};
	struct nlattr *attribute;
	void *grown;

	if (header->nlmsg_type != RTM_NEWTFILTER)
		return MNL_CB_OK;
	mnl_attr_for_each(attribute, header, sizeof(*tc))
	{
		if (mnl_attr_get_type(attribute) == TCA_KIND)
			snprintf(filter.kind, sizeof(filter.kind), "%s",
				 mnl_attr_get_str(attribute));
	}
	if (filters->n == filters->room) {
		filters->room = filters->room ? filters->room * 2 : 16;
		grown = reallocarray(filters->items, filters->room, sizeof(filter));
		if (!grown) {
			errno = ENOMEM;
			return MNL_CB_ERROR;
		}
		filters->items = grown;
	}
	filters->items[filters->n++] = filter;
	return MNL_CB_OK;
}

static void forget_filters(void *data)
{
	struct filters *filters = data;

	filters->n = 0;
}

static void free_filters(struct filters *filters)
{
	free(filters->items);
}

int tg_fq_each_filter(unsigned int ifindex, bool egress,
		      void (*each)(void *data, const struct tg_filter *filter), void *data)
{
	tg_cleanup(free_filters) struct filters filters = {};
	char buffer[256];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	int error = tg_fault("filters");
	size_t i;

	if (error)
		return error;
	put_tc_header(request, RTM_GETTFILTER, NLM_F_DUMP, ifindex,
		      TC_H_MAKE(TC_H_CLSACT, egress ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS));
	error = tg_rtnl_dump(request, on_filter, forget_filters, &filters);
	for (i = 0; i < filters.n && !error; i++)
		each(data, &filters.items[i]);
	return error;
}

/* The qdiscs of an interface. */
struct queues {
	unsigned int ifindex;
	char root[16];	   /* kind of the root qdisc; "": none */
	uint32_t handle;   /* of the root; 0 if the kernel put it there */
	size_t below;	   /* qdiscs below the root, clsact aside */
	size_t below_fair; /* those that are fq */
};

static int on_qdisc(const struct nlmsghdr *header, void *data)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(header);
	struct queues *queues = data;
	struct nlattr *attribute;
	const char *kind = "";

	if (tc->tcm_ifindex != (int)queues->ifindex)
		return MNL_CB_OK;
	mnl_attr_for_each(attribute, header, sizeof(*tc))
	{
		if (mnl_attr_get_type(attribute) == TCA_KIND)
			kind = mnl_attr_get_str(attribute);
	}
	if (tc->tcm_parent == TC_H_ROOT) {
		snprintf(queues->root, sizeof(queues->root), "%s", kind);
		queues->handle = tc->tcm_handle;
	} else if (tc->tcm_parent != TC_H_CLSACT) {
		queues->below++;
		queues->below_fair += strcmp(kind, "fq") == 0;
	}
	return MNL_CB_OK;
}

static void forget_queues(void *data)
{
	struct queues *queues = data;

	*queues = (struct queues){.ifindex = queues->ifindex};
}

static int find_queues(unsigned int ifindex, struct queues *queues)
{
	char buffer[256];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

	*queues = (struct queues){.ifindex = ifindex};
	put_tc_header(request, RTM_GETQDISC, NLM_F_DUMP, ifindex, 0);
	return tg_rtnl_dump(request, on_qdisc, forget_queues, queues);
}

static bool is_fair(const struct queues *queues)
{
	if (strcmp(queues->root, "mq") == 0)
		return queues->below && queues->below == queues->below_fair;
	return strcmp(queues->root, "fq") == 0;
}

bool tg_fq_is_fair(unsigned int ifindex)
{
	struct queues queues;

	return find_queues(ifindex, &queues) == 0 && is_fair(&queues);
}

/*
 * Without NLM_F_REPLACE the kernel gives up its own default, and answers EEXIST if somebody has
 * configured a qdisc since it was looked for.
 */
static int put_fq(unsigned int ifindex)
{
	char buffer[512];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct nlattr *options;

	put_tc_header(request, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, ifindex,
		      TC_H_ROOT)
		->tcm_handle = OUR_HANDLE;
	mnl_attr_put_strz(request, TCA_KIND, "fq");
	options = mnl_attr_nest_start(request, TCA_OPTIONS);
	mnl_attr_put_u32(request, TCA_FQ_PLIMIT, FQ_PACKETS);
	mnl_attr_put_u32(request, TCA_FQ_FLOW_PLIMIT, FQ_PACKETS);
	mnl_attr_nest_end(request, options);
	return tg_rtnl_request(request, NULL, NULL);
}

int tg_fq_require(unsigned int ifindex, const char *name, bool manage, bool *made, char *errmsg)
{
	struct queues queues;
	int error = find_queues(ifindex, &queues);

	*made = false;
	if (error)
		return tg_error_set(errmsg, error, "cannot read the qdiscs of %s: %s", name,
				    strerror(-error));
	if (is_fair(&queues))
		return 0;
	if (!manage)
		return tg_error_set(
			errmsg, EOPNOTSUPP,
			"on_exceed: delay needs the fq qdisc on %s, whose root qdisc is %s; run "
			"tc qdisc replace dev %s root fq, or write manage_qdisc: true for the "
			"interface",
			name, queues.root[0] ? queues.root : "none", name);
	if (queues.root[0] && queues.handle)
		return tg_error_set(
			errmsg, EBUSY,
			"on_exceed: delay needs the fq qdisc on %s, and somebody has configured "
			"%s %x: there, which tidegate does not replace; if it may go, run tc qdisc "
			"replace dev %s root fq",
			name, queues.root, queues.handle >> 16, name);
	error = put_fq(ifindex);
	if (error)
		return tg_error_set(
			errmsg, error, "cannot put the fq qdisc on %s: %s", name,
			error == -ENOENT
				? "the kernel has none; load it with `modprobe sch_fq`, or "
				  "write another on_exceed than delay"
			: error == -EEXIST ? "somebody has just put another qdisc there"
					   : strerror(-error));
	tg_log(TG_LOG_INFO, "%s: fq takes the place of %s until tidegate leaves", name,
	       queues.root[0] ? queues.root : "no qdisc");
	*made = true;
	return 0;
}

void tg_fq_restore(unsigned int ifindex)
{
	char buffer[256];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct queues queues;
	int error;

	error = find_queues(ifindex, &queues);
	if (!error) {
		if (queues.handle != OUR_HANDLE || strcmp(queues.root, "fq") != 0)
			return;
		put_tc_header(request, RTM_DELQDISC, NLM_F_ACK, ifindex, TC_H_ROOT);
		error = tg_rtnl_request(request, NULL, NULL);
	}
	if (error)
		tg_log(TG_LOG_WARNING, "the fq qdisc of tidegate stays on interface %u: %s",
		       ifindex, strerror(-error));
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The fq behind tc-egress, against made-up answers of rtnetlink(7). */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "base/log.h"
#include "logged.h"
#include "base/errmsg.h"
#include "attach/rtnl.h"
#include "attach/fq.h"
#include "test.h"

#define ETH0   7
#define OURS   0x74670000U
#define MQ_1   0x80010001U
#define MQ_2   0x80010002U
#define QUEUES 6

/* clang-format off */
#define ROOT(kind, handle, ifindex) {kind, TC_H_ROOT, handle, ifindex}
#define BELOW(kind, parent, handle, ifindex) {kind, parent, handle, ifindex}
/* clang-format on */

struct queue {
	const char *kind; /* NULL: the end */
	uint32_t parent, handle;
	int ifindex;
};

/* What the kernel has, how it answers, and what it was asked. */
static struct {
	const struct queue *queues;
	const struct tcmsg *filters;
	const char *const *filter_kinds;
	size_t filters_n;
	uint16_t filter_type;
	int read_error, put_error, delete_error, filter_error;
	bool interrupted; /* a first dump tells all twice, and is repeated */
	unsigned int reads, puts, deletes;
	char asked[1024] __attribute__((aligned(4)));
} kernel;

static const struct nlmsghdr *asked(void)
{
	return (const struct nlmsghdr *)kernel.asked;
}

static int answer(uint16_t type, const struct tcmsg *errmsg, const char *kind, mnl_cb_t each,
		  void *data)
{
	char buffer[512] __attribute__((aligned(4)));
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);

	header->nlmsg_type = type;
	*(struct tcmsg *)mnl_nlmsg_put_extra_header(header, sizeof(*errmsg)) = *errmsg;
	mnl_attr_put_strz(header, TCA_INGRESS_BLOCK, "fq");
	if (kind)
		mnl_attr_put_strz(header, TCA_KIND, kind);
	mnl_attr_put_u32(header, TCA_STAB, 1);
	return each(header, data);
}

static void answer_queues(mnl_cb_t each, void *data)
{
	const struct queue *queue;

	for (queue = kernel.queues; queue && queue->kind; queue++)
		CHECK(answer(RTM_NEWQDISC,
			     &(struct tcmsg){.tcm_ifindex = queue->ifindex,
					     .tcm_parent = queue->parent,
					     .tcm_handle = queue->handle},
			     queue->kind, each, data) == MNL_CB_OK);
}

/* In the place of the one that asks the kernel. It leaves no errno, as the real one need not. */
int tg_rtnl_request(struct nlmsghdr *request, mnl_cb_t each, void *data)
{
	size_t i;

	memcpy(kernel.asked, request, request->nlmsg_len);
	errno = 0;
	switch (request->nlmsg_type) {
	case RTM_GETQDISC:
		kernel.reads++;
		if (!kernel.read_error)
			answer_queues(each, data);
		return kernel.read_error;
	case RTM_GETTFILTER:
		for (i = 0; i < kernel.filters_n; i++)
			answer(kernel.filter_type, &kernel.filters[i], kernel.filter_kinds[i], each,
			       data);
		return kernel.filter_error;
	case RTM_NEWQDISC:
		kernel.puts++;
		return kernel.put_error;
	case RTM_DELQDISC:
		kernel.deletes++;
		return kernel.delete_error;
	}
	CHECK(false, "request %u", request->nlmsg_type);
	return -EINVAL;
}

int tg_rtnl_dump(struct nlmsghdr *request, mnl_cb_t each, void (*restart)(void *data), void *data)
{
	CHECK(request->nlmsg_flags == (NLM_F_REQUEST | NLM_F_DUMP), "%x", request->nlmsg_flags);
	if (kernel.interrupted) {
		tg_rtnl_request(request, each, data);
		tg_rtnl_request(request, each, data);
		restart(data);
	}
	return tg_rtnl_request(request, each, data);
}

static void kernel_has(const struct queue *queues)
{
	memset(&kernel, 0, sizeof(kernel));
	kernel.queues = queues;
	tg_log_setup("test", TG_LOG_INFO, TG_LOG_TEXT);
}

/* fq is there for all that is sent, or it is not. */
TEST(what_is_fair)
{
	static const struct {
		const char *what;
		struct queue queues[QUEUES];
		bool fair;
	} cases[] = {
		{"nothing", {}, false},
		{"fq", {ROOT("fq", 0, ETH0)}, true},
		{"an fq of tidegate's", {ROOT("fq", OURS, ETH0)}, true},
		{"fq elsewhere", {ROOT("fq", 0, 8)}, false},
		{"two interfaces", {ROOT("noqueue", 0, 8), ROOT("fq", 0, ETH0)}, true},
		{"a longer name", {ROOT("fq_codel", 0, ETH0)}, false},
		{"a shorter name", {ROOT("f", 0, ETH0)}, false},
		{"no name", {ROOT("", 0, ETH0)}, false},
		{"fq as a leaf",
		 {ROOT("htb", 0x10000, ETH0), BELOW("fq", 0x10001, 0, ETH0)},
		 false},
		{"mq of fq",
		 {ROOT("mq", 0, ETH0), BELOW("fq", MQ_1, 0, ETH0), BELOW("fq", MQ_2, 0, ETH0)},
		 true},
		{"mq, last first", {BELOW("fq", MQ_1, 0, ETH0), ROOT("mq", 0, ETH0)}, true},
		{"mq of both",
		 {ROOT("mq", 0, ETH0), BELOW("fq", MQ_1, 0, ETH0),
		  BELOW("fq_codel", MQ_2, 0, ETH0)},
		 false},
		{"mq of nothing", {ROOT("mq", 0, ETH0)}, false},
		{"mq, fq elsewhere", {ROOT("mq", 0, ETH0), BELOW("fq", MQ_1, 0, 8)}, false},
		{"clsact beside",
		 {ROOT("mq", 0, ETH0), BELOW("fq", MQ_1, 0, ETH0),
		  BELOW("clsact", TC_H_CLSACT, 0xffff0000, ETH0)},
		 true},
		{"clsact alone", {BELOW("clsact", TC_H_CLSACT, 0xffff0000, ETH0)}, false},
		{"mq and clsact",
		 {ROOT("mq", 0, ETH0), BELOW("clsact", TC_H_CLSACT, 0, ETH0)},
		 false},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		kernel_has(cases[i].queues);
		CHECK(tg_fq_is_fair(ETH0) == cases[i].fair, "%s", cases[i].what);
		kernel.interrupted = true;
		CHECK(tg_fq_is_fair(ETH0) == cases[i].fair, "%s, interrupted", cases[i].what);
		kernel.read_error = -EPERM;
		CHECK(!tg_fq_is_fair(ETH0), "%s, unread", cases[i].what);
	}
	CHECK(asked()->nlmsg_flags == (NLM_F_REQUEST | NLM_F_DUMP), "%x", asked()->nlmsg_flags);
}

#define DELAY_NEEDS "on_exceed: delay needs the fq qdisc on eth0, "

static const struct requirement {
	const char *what;
	struct queue queues[QUEUES];
	bool manage;
	int read_error, put_error, want;
	unsigned int puts;
	const char *text; /* of the refusal, or of the log */
} requirements[] = {
	{"there already", {ROOT("fq", 0x10000, ETH0)}, true, 0, 0, 0, 0, ""},
	{"there, not ours to manage", {ROOT("fq", 0, ETH0)}, false, 0, 0, 0, 0, ""},
	{"not managed",
	 {ROOT("fq_codel", 0, ETH0)},
	 false,
	 0,
	 0,
	 -EOPNOTSUPP,
	 0,
	 DELAY_NEEDS "whose root qdisc is fq_codel; run tc qdisc replace dev eth0 root fq, "
		     "or write manage_qdisc: true for the interface"},
	{"not managed, none", {}, false, 0, 0, -EOPNOTSUPP, 0, "whose root qdisc is none;"},
	{"the kernel's own",
	 {ROOT("pfifo_fast", 0, ETH0)},
	 true,
	 0,
	 0,
	 0,
	 1,
	 "test: info: eth0: fq takes the place of pfifo_fast until tidegate leaves\n"},
	{"the kernel's own of several",
	 {ROOT("mq", 0, ETH0), BELOW("fq", MQ_1, 0, ETH0), BELOW("fq_codel", MQ_2, 0, ETH0)},
	 true,
	 0,
	 0,
	 0,
	 1,
	 "takes the place of mq until"},
	{"none", {}, true, 0, 0, 0, 1, "takes the place of no qdisc until"},
	{"somebody's",
	 {ROOT("htb", 0x1a0000, ETH0)},
	 true,
	 0,
	 0,
	 -EBUSY,
	 0,
	 DELAY_NEEDS "and somebody has configured htb 1a: there, which tidegate does not "
		     "replace; if it may go, run tc qdisc replace dev eth0 root fq"},
	{"our handle, not our qdisc",
	 {ROOT("htb", OURS, ETH0)},
	 true,
	 0,
	 0,
	 -EBUSY,
	 0,
	 "htb 7467: there"},
	{"unread", {}, true, -EPERM, 0, -EPERM, 0, "cannot read the qdiscs of eth0: Opera"},
	{"no fq in the kernel",
	 {ROOT("noqueue", 0, ETH0)},
	 true,
	 0,
	 -ENOENT,
	 -ENOENT,
	 1,
	 "cannot put the fq qdisc on eth0: the kernel has none; load it with `modprobe "
	 "sch_fq`, or write another on_exceed than delay"},
	{"configured meanwhile", {}, true, 0, -EEXIST, -EEXIST, 1, "somebody has just put another"},
	{"refused", {}, true, 0, -EPERM, -EPERM, 1, "fq qdisc on eth0: Operation not perm"},
};

TEST(what_is_required)
{
	char errmsg[TG_ERRMSG_SIZE];
	struct tg_logged logged;
	const char *said;
	bool made;
	size_t i;
	int got;

	for (i = 0; i < sizeof(requirements) / sizeof(requirements[0]); i++) {
		const struct requirement *wanted = &requirements[i];

		kernel_has(wanted->queues);
		kernel.read_error = wanted->read_error;
		kernel.put_error = wanted->put_error;
		made = !wanted->puts;
		tg_logged_begin(&logged);
		got = tg_fq_require(ETH0, "eth0", wanted->manage, &made, errmsg);
		said = tg_logged_end(&logged);
		CHECK(got == wanted->want, "%s: %d", wanted->what, got);
		CHECK(made == (wanted->puts && !wanted->want), "%s: made", wanted->what);
		CHECK(kernel.puts == wanted->puts && !kernel.deletes, "%s: %u", wanted->what,
		      kernel.puts);
		CHECK(strstr(got ? errmsg : said, wanted->text), "%s: \"%s\"", wanted->what,
		      got ? errmsg : said);
		CHECK(!*said == (got || !*wanted->text), "%s: logs \"%s\"", wanted->what, said);
		tg_logged_free(&logged);
	}
}

static uint32_t option_of(const struct nlattr *options, uint16_t type)
{
	const struct nlattr *option;

	mnl_attr_for_each_nested(option, options)
	{
		if (mnl_attr_get_type(option) == type)
			return mnl_attr_get_u32(option);
	}
	return 0;
}

TEST(what_is_put_there)
{
	const struct tcmsg *errmsg = mnl_nlmsg_get_payload(asked());
	const struct nlattr *attribute, *options = NULL;
	char why[TG_ERRMSG_SIZE];
	struct tg_logged logged;
	const char *kind = "";
	bool made = false;

	kernel_has(NULL);
	tg_logged_begin(&logged);
	CHECK(tg_fq_require(ETH0, "eth0", true, &made, why) == 0 && made);
	tg_logged_end(&logged);
	tg_logged_free(&logged);
	CHECK(asked()->nlmsg_type == RTM_NEWQDISC &&
		      asked()->nlmsg_flags ==
			      (NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK),
	      "%x", asked()->nlmsg_flags);
	CHECK(errmsg->tcm_ifindex == ETH0 && errmsg->tcm_parent == TC_H_ROOT &&
		      errmsg->tcm_handle == OURS && errmsg->tcm_family == AF_UNSPEC,
	      "%x", errmsg->tcm_handle);
	mnl_attr_for_each(attribute, asked(), sizeof(*errmsg))
	{
		if (mnl_attr_get_type(attribute) == TCA_KIND)
			kind = mnl_attr_get_str(attribute);
		if (mnl_attr_get_type(attribute) == TCA_OPTIONS)
			options = attribute;
	}
	CHECK(strcmp(kind, "fq") == 0, "%s", kind);
	CHECK(options && option_of(options, TCA_FQ_PLIMIT) == 100000 &&
		      option_of(options, TCA_FQ_FLOW_PLIMIT) == 100000,
	      "one flow may fill it");
}

TEST(what_is_taken_out)
{
	static const struct {
		const char *what;
		struct queue queues[QUEUES];
		unsigned int deletes;
	} cases[] = {
		{"ours", {ROOT("fq", OURS, ETH0)}, 1},
		{"ours beside clsact",
		 {BELOW("clsact", TC_H_CLSACT, 0xffff0000, ETH0), ROOT("fq", OURS, ETH0)},
		 1},
		{"the kernel's", {ROOT("fq", 0, ETH0)}, 0},
		{"somebody's fq", {ROOT("fq", 0x10000, ETH0)}, 0},
		{"another kind with our handle", {ROOT("fq_codel", OURS, ETH0)}, 0},
		{"ours elsewhere", {ROOT("fq", OURS, 8), ROOT("fq", 0, ETH0)}, 0},
		{"our handle below", {ROOT("mq", 0, ETH0), BELOW("fq", MQ_1, OURS, ETH0)}, 0},
		{"none", {}, 0},
	};
	const struct tcmsg *errmsg = mnl_nlmsg_get_payload(asked());
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		kernel_has(cases[i].queues);
		tg_fq_restore(ETH0);
		CHECK(kernel.deletes == cases[i].deletes && !kernel.puts, "%s: %u", cases[i].what,
		      kernel.deletes);
		if (kernel.deletes)
			CHECK(errmsg->tcm_ifindex == ETH0 && errmsg->tcm_parent == TC_H_ROOT &&
				      asked()->nlmsg_flags == (NLM_F_REQUEST | NLM_F_ACK),
			      "%s", cases[i].what);
		kernel_has(cases[i].queues);
		kernel.read_error = -ENOBUFS;
		tg_fq_restore(ETH0);
		CHECK(!kernel.deletes, "%s: unread, so it stays", cases[i].what);
	}
}

TEST(what_stays_is_logged)
{
	static const struct queue ours[] = {ROOT("fq", OURS, ETH0), {}};
	struct tg_logged logged;
	const char *said;

	kernel_has(ours);
	kernel.delete_error = -EBUSY;
	tg_logged_begin(&logged);
	tg_fq_restore(ETH0);
	said = tg_logged_end(&logged);
	CHECK(strcmp(said, "test: warning: the fq qdisc of tidegate stays on interface 7: "
			   "Device or resource busy\n") == 0,
	      "%s", said);
	tg_logged_free(&logged);
}

struct seen {
	struct tg_filter filters[8];
	size_t n;
};

static void see(void *data, const struct tg_filter *filter)
{
	struct seen *seen = data;

	if (seen->n < 8)
		seen->filters[seen->n++] = *filter;
}

TEST(filters)
{
	static const struct tcmsg filters[] = {
		{.tcm_handle = 1, .tcm_info = TC_H_MAKE(49152U << 16, 0x0300)},
		{.tcm_handle = 0, .tcm_info = TC_H_MAKE(0xffffU << 16, 0x0008)},
		{.tcm_handle = 0xffffffff, .tcm_info = 0},
	};
	static const char *const kinds[] = {"bpf", "a-kind-of-more-than-15", NULL};
	static const struct tg_filter want[] = {
		{49152, 1, 0x0300, "bpf"},
		{0xffff, 0, 0x0008, "a-kind-of-more-"},
		{0, 0xffffffff, 0, ""},
	};
	const struct tcmsg *errmsg = mnl_nlmsg_get_payload(asked());
	struct seen seen = {};
	size_t i;

	kernel_has(NULL);
	CHECK(tg_fq_each_filter(ETH0, true, see, &seen) == 0 && !seen.n, "no qdisc");
	kernel.filters = filters;
	kernel.filter_kinds = kinds;
	kernel.filters_n = 3;
	kernel.filter_type = RTM_NEWTFILTER;
	kernel.filter_error = -ENOBUFS;
	CHECK(tg_fq_each_filter(ETH0, true, see, &seen) == -ENOBUFS && !seen.n,
	      "half a list is none");
	kernel.filter_error = 0;
	kernel.interrupted = true;
	CHECK(tg_fq_each_filter(ETH0, true, see, &seen) == 0);
	CHECK(errmsg->tcm_parent == TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS) &&
		      errmsg->tcm_ifindex == ETH0,
	      "%x", errmsg->tcm_parent);
	CHECK(seen.n == 3, "%zu", seen.n);
	for (i = 0; i < seen.n; i++)
		CHECK(seen.filters[i].priority == want[i].priority &&
			      seen.filters[i].handle == want[i].handle &&
			      seen.filters[i].protocol == want[i].protocol &&
			      strcmp(seen.filters[i].kind, want[i].kind) == 0,
		      "%zu: %u %x %x %s", i, seen.filters[i].priority, seen.filters[i].handle,
		      seen.filters[i].protocol, seen.filters[i].kind);
	kernel.filter_type = RTM_DELTFILTER;
	tg_fq_each_filter(ETH0, false, see, &seen);
	CHECK(seen.n == 3, "one that goes is not there");
	CHECK(errmsg->tcm_parent == TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), "%x",
	      errmsg->tcm_parent);
}

TEST_MAIN(RUN(what_is_fair), RUN(what_is_required), RUN(what_is_put_there), RUN(what_is_taken_out),
	  RUN(what_stays_is_logged), RUN(filters))

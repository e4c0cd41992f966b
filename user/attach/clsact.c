// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Filters of the clsact qdisc. A filter has no owner, so a pin of its program marks it as ours. The
 * pin is made before the filter and removed after it. A filter without a pin is therefore
 * another's.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach/clsact.h"
#include "base/cleanup.h"
#include "config/names.h"
#include "base/log.h"
#include "base/errmsg.h"
#include "base/fault.h"
#include "attach/fq.h"
#include "attach/program_pin.h"
#include "base/pin_dir.h"

/* Prefix of the pin that marks the clsact qdisc of an interface as made by us. */
#define TG_CLSACT_QDISC_PIN "clsact-qdisc-"

/*
 * The handle is "tg". A low priority number runs first: a filter before ours that accepts a packet
 * ends the chain, and the limit would not see the packet.
 */
#define FILTER_HANDLE	0x7467
#define FILTER_PRIORITY 7

/* Name of our programs, cut to the 15 bytes that the kernel keeps. */
#define PROGRAM_NAME "tidegate_entry_"

static struct bpf_tc_hook hook_of(const struct tg_attachment *attachment)
{
	return (struct bpf_tc_hook){
		.sz = sizeof(struct bpf_tc_hook),
		.ifindex = attachment->ifindex,
		.attach_point =
			attachment->hook == TG_HOOK_TC_EGRESS ? BPF_TC_EGRESS : BPF_TC_INGRESS,
	};
}

static void qdisc_pin(unsigned int ifindex, const char *state_dir, char *path)
{
	snprintf(path, PATH_MAX, "%s/" TG_CLSACT_QDISC_PIN "%u", state_dir, ifindex);
}

struct users {
	bool ours, others;
};

static void note(void *data, const struct tg_filter *filter)
{
	struct users *users = data;

	if (filter->priority == FILTER_PRIORITY && filter->handle == FILTER_HANDLE)
		users->ours = true;
	else if (filter->handle)
		users->others = true;
}

/*
 * The kernel answers a request for one filter that is missing by several errors, so a list of all
 * of them decides.
 */
int tg_clsact_program(const struct tg_attachment *attachment, uint32_t *id)
{
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);
	struct bpf_tc_hook hook = hook_of(attachment);
	int error = tg_fault("query"), listing;
	struct users users = {};

	if (!error)
		error = bpf_tc_query(&hook, &options);
	*id = error ? 0 : options.prog_id;
	if (!error)
		return 0;
	listing = tg_fq_each_filter(attachment->ifindex, attachment->hook == TG_HOOK_TC_EGRESS,
				    note, &users);
	if (listing)
		return listing;
	return users.ours ? error : -ENOENT;
}

static int find_users(unsigned int ifindex, struct users *users)
{
	int error = tg_fq_each_filter(ifindex, false, note, users);

	return error ? error : tg_fq_each_filter(ifindex, true, note, users);
}

/* The qdisc, or its interface, is gone, or a qdisc of another kind is there. */
static bool is_gone(int error)
{
	return error == -ENOENT || error == -ENODEV || error == -EINVAL;
}

/*
 * Removes a qdisc that we made after our last filter, and its pin if others use it by now. If it
 * cannot be known whether they do, or if it cannot be removed, the pin stays, and the next start
 * looks again.
 */
static void remove_qdisc(unsigned int ifindex, const char *state_dir)
{
	struct bpf_tc_hook hook = {.sz = sizeof(hook),
				   .ifindex = ifindex,
				   .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS};
	struct users users = {};
	char path[PATH_MAX];
	int error;

	qdisc_pin(ifindex, state_dir, path);
	if (access(path, F_OK))
		return;
	error = find_users(ifindex, &users);
	if (!error && users.ours)
		return;
	if (!error && !users.others)
		error = bpf_tc_hook_destroy(&hook);
	if (error && !is_gone(error))
		tg_log(TG_LOG_WARNING, "the clsact qdisc of tidegate stays on interface %u: %s",
		       ifindex, strerror(-error));
	else
		unlink(path);
}

/* Makes the qdisc if it is missing, and then marks it by a pin. */
static int make_qdisc(const struct tg_attachment *attachment, const char *state_dir, int program)
{
	struct bpf_tc_hook hook = hook_of(attachment);
	char path[PATH_MAX];
	int error = bpf_tc_hook_create(&hook);

	if (error)
		return error == -EEXIST ? 0 : error;
	qdisc_pin(attachment->ifindex, state_dir, path);
	unlink(path);
	return bpf_obj_pin(program, path) ? -errno : 0;
}

/* Filters that are in the way of ours: at its priority, or before it. Priority 0: none. */
struct others {
	struct tg_filter same, before;
};

static void look_at(void *data, const struct tg_filter *filter)
{
	struct others *others = data;

	if (filter->priority < FILTER_PRIORITY)
		others->before = *filter;
	/* The kernel allows one kind and one protocol at each priority. */
	else if (filter->priority == FILTER_PRIORITY &&
		 (filter->handle == FILTER_HANDLE || strcmp(filter->kind, "bpf") != 0 ||
		  filter->protocol != htons(ETH_P_ALL)))
		others->same = *filter;
}

static int refuse_same(const struct tg_attachment *attachment, const struct tg_filter *same,
		       char *errmsg)
{
	char name[BPF_OBJ_NAME_LEN];
	uint32_t program;

	tg_clsact_program(attachment, &program);
	tg_attach_program_name(program, name);
	return tg_error_set(errmsg, EBUSY,
			    "%s already has a filter of another program where tidegate's would be, "
			    "at %s: %s, priority %u, handle %#x, program %s. tidegate does not "
			    "replace it; remove it first (tc filter del dev %s %s pref %u)",
			    attachment->name, tg_hook_name(attachment->hook), same->kind,
			    same->priority, same->handle, name, attachment->name,
			    attachment->hook == TG_HOOK_TC_EGRESS ? "egress" : "ingress",
			    same->priority);
}

static int create_filter(const struct tg_attachment *attachment, const char *state_dir, int program)
{
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY,
		    .prog_fd = program);
	struct bpf_tc_hook hook = hook_of(attachment);
	int error = make_qdisc(attachment, state_dir, program);

	if (!error)
		error = tg_attach_pin(attachment, state_dir, program);
	if (!error)
		error = bpf_tc_attach(&hook, &options);
	return error ? error : tg_fault("filter");
}

/* Returns 1 if the filter is there and runs @program, 0 if not, or -errno if that is not known. */
static int runs(const struct tg_attachment *attachment, int program)
{
	uint32_t id, ours;
	int error = tg_clsact_program(attachment, &id);

	if (error)
		return error == -ENOENT || error == -ENODEV ? 0 : error;
	ours = tg_attach_program_id(program);
	return ours ? id == ours : -EIO;
}

/*
 * Removes the filter unless another's has replaced it. Returns 0 once ours is seen to be gone, or
 * -errno.
 */
static int remove_filter(const struct tg_attachment *attachment, int program)
{
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);
	struct bpf_tc_hook hook = hook_of(attachment);
	int error = runs(attachment, program);

	if (error == 1)
		error = bpf_tc_detach(&hook, &options);
	return error == -ENOENT || error == -ENODEV ? 0 : error;
}

int tg_clsact_attach(const struct tg_attachment *attachment, const char *state_dir, int program,
		     char *errmsg)
{
	tg_autoclose int fd = fcntl(program, F_DUPFD_CLOEXEC, 0);
	struct others others = {};
	int error;

	error = tg_fq_each_filter(attachment->ifindex, attachment->hook == TG_HOOK_TC_EGRESS,
				  look_at, &others);
	if (error)
		return tg_error_set(errmsg, error, "cannot list the filters of %s: %s",
				    attachment->name, strerror(-error));
	if (others.same.priority)
		return refuse_same(attachment, &others.same, errmsg);
	error = fd < 0 ? -errno : create_filter(attachment, state_dir, program);
	if (error) {
		if (fd >= 0 && remove_filter(attachment, fd) == 0) /* else it may be there */
			tg_attach_unpin(attachment, state_dir);
		remove_qdisc(attachment->ifindex, state_dir);
		return tg_tc_explain(attachment, error, errmsg);
	}
	if (others.before.priority)
		tg_log(TG_LOG_WARNING,
		       "%s: a filter of priority %u comes before tidegate's at %s; what it "
		       "accepts for good is not limited",
		       attachment->name, others.before.priority, tg_hook_name(attachment->hook));
	return TAKE_FD(fd);
}

int tg_clsact_update(const struct tg_attachment *attachment, const char *state_dir, int program)
{
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY,
		    .prog_fd = program, .flags = BPF_TC_F_REPLACE);
	struct bpf_tc_hook hook = hook_of(attachment);
	int error = bpf_tc_attach(&hook, &options);

	if (error)
		return error;
	if (dup3(program, attachment->link, O_CLOEXEC) < 0)
		return -errno;
	return tg_attach_pin(attachment, state_dir, program);
}

/* Without CAP_SYS_ADMIN only pinned programs can be found. */
static int find_program(const struct tg_attachment *attachment, const char *state_dir, uint32_t id)
{
	int fd = tg_program_pin_find(state_dir, attachment->hook, id);
	char name[BPF_OBJ_NAME_LEN];

	if (fd != -ENOENT)
		return fd;
	tg_attach_program_name(id, name);
	if (strcmp(name, PROGRAM_NAME) != 0)
		return -ENOENT;
	fd = bpf_prog_get_fd_by_id(id);
	return fd < 0 ? -errno : fd;
}

/*
 * Looks for the program if the ids differ: a daemon may die after the filter's update, before the
 * pin's.
 */
int tg_clsact_adopt(struct tg_attachment *attachment, const char *state_dir)
{
	uint32_t id;
	int error = tg_clsact_program(attachment, &id), fd;

	if (error)
		return error == -ENOENT || error == -ENODEV ? 0 : error;
	if (id == tg_attach_program_id(attachment->link))
		return 1;
	fd = find_program(attachment, state_dir, id);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	close(attachment->link);
	attachment->link = fd;
	return 1;
}

int tg_clsact_remove(const struct tg_attachment *attachment, const char *state_dir)
{
	int error = remove_filter(attachment, attachment->link);

	if (!error)
		remove_qdisc(attachment->ifindex, state_dir);
	return error;
}

static int tidy_one(void *state_dir, const char *name)
{
	remove_qdisc(strtoul(name + strlen(TG_CLSACT_QDISC_PIN), NULL, 10), state_dir);
	return 0;
}

void tg_clsact_tidy(const char *state_dir)
{
	tg_pin_dir_each(state_dir, TG_CLSACT_QDISC_PIN, tidy_one, (void *)state_dir);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Chooses between XDP, TCX and clsact, and rebuilds the attachments of an earlier daemon from pins.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach/attach.h"
#include "attach/clsact.h"
#include "attach/tcx.h"
#include "attach/xdp.h"
#include "config/names.h"
#include "base/errmsg.h"
#include "base/fault.h"
#include "base/pin_dir.h"

#define LINK_TYPE_TCX 11 /* enum bpf_link_type, since Linux 6.6 */

/* Returns a descriptor: of a TCX link, or of the program of a clsact filter, which pins itself. */
static int attach_tc(struct tg_attachment *attachment, const char *state_dir, int program,
		     char *errmsg)
{
	int fd = tg_tcx_attach(attachment, program);

	attachment->mode = TG_MODE_TCX;
	if (fd >= 0)
		return fd;
	if (fd == -EINVAL || fd == -EOPNOTSUPP) { /* the kernel knows no such type of attachment */
		attachment->mode = TG_MODE_CLSACT;
		return tg_clsact_attach(attachment, state_dir, program, errmsg);
	}
	return tg_tc_explain(attachment, fd, errmsg);
}

int tg_attach(struct tg_attachment *attachment, const char *state_dir, int program,
	      enum tg_xdp_mode xdp_mode, char *errmsg)
{
	int fd, error;

	fd = attachment->hook == TG_HOOK_XDP ? tg_xdp_attach(attachment, program, xdp_mode, errmsg)
					     : attach_tc(attachment, state_dir, program, errmsg);
	if (fd < 0)
		return fd;
	attachment->link = fd;
	error = attachment->mode == TG_MODE_CLSACT ? 0 : tg_attach_pin(attachment, state_dir, fd);
	if (error) {
		tg_error_set(errmsg, error, "cannot pin the link of %s in %s: %s", attachment->name,
			     state_dir, strerror(-error));
		tg_attach_remove(attachment, state_dir);
	}
	return error;
}

int tg_attach_update(const struct tg_attachment *attachment, const char *state_dir, int program,
		     char *errmsg)
{
	int error = 0;

	if (attachment->mode == TG_MODE_CLSACT)
		error = tg_clsact_update(attachment, state_dir, program);
	else if (bpf_link_update(attachment->link, program, NULL))
		error = -errno;
	if (error)
		return tg_error_set(errmsg, error, "cannot update the program on %s (%s): %s",
				    attachment->name, tg_hook_name(attachment->hook),
				    strerror(-error));
	return 0;
}

void tg_attach_remove(struct tg_attachment *attachment, const char *state_dir)
{
	if (attachment->link >= 0) {
		/* Detaches, because another process may hold the link open. */
		if (attachment->mode == TG_MODE_CLSACT)
			tg_clsact_remove(attachment, state_dir);
		else
			bpf_link_detach(attachment->link);
		close(attachment->link);
		attachment->link = -1;
	}
	tg_attach_unpin(attachment, state_dir);
}

/* Reads the interface and the program id of a link. info.xdp serves TCX too: same layout. */
static int link_info(const struct tg_attachment *attachment, uint32_t *ifindex, uint32_t *program)
{
	struct bpf_link_info info = {};
	uint32_t length = sizeof(info);

	if (bpf_obj_get_info_by_fd(attachment->link, &info, &length))
		return -errno;
	if (info.type !=
	    (attachment->hook == TG_HOOK_XDP ? (uint32_t)BPF_LINK_TYPE_XDP : LINK_TYPE_TCX))
		return -EINVAL;
	*ifindex = info.xdp.ifindex;
	*program = info.prog_id;
	return 0;
}

bool tg_attach_healthy(const struct tg_attachment *attachment)
{
	uint32_t ifindex = 0, program = 0;

	if (attachment->mode == TG_MODE_CLSACT)
		return tg_clsact_healthy(attachment);
	if (link_info(attachment, &ifindex, &program) || ifindex != attachment->ifindex)
		return false;
	return attachment->hook != TG_HOOK_XDP || tg_xdp_healthy(attachment, program);
}

struct adoption {
	const char *state_dir;
	size_t pin; /* index in tg_pin_names[] */
	void (*each)(void *data, const struct tg_attachment *attachment);
	void *data;
	int error; /* the first, with its sentence */
	char *errmsg;
};

/* Returns 0, -ENODEV if this network namespace has no such interface, or another -errno. */
static int find_name(struct tg_attachment *attachment)
{
	if (!attachment->ifindex)
		return -ENODEV; /* the kernel detached the link with its interface */
	if (if_indextoname(attachment->ifindex, attachment->name))
		return 0;
	return errno == ENXIO ? -ENODEV : -errno;
}

static int find_link(struct tg_attachment *attachment)
{
	uint32_t program;
	int error = link_info(attachment, &attachment->ifindex, &program);

	if (!error)
		error = find_name(attachment);
	if (error || attachment->hook != TG_HOOK_XDP)
		return error;
	return tg_xdp_mode_of(attachment->ifindex, &attachment->mode);
}

/*
 * Fills @attachment from the pin @name. Returns 0; -ENODEV or -ENOENT if its interface, its filter
 * or the pin has been seen to be gone; or another -errno, which says nothing about them. The caller
 * then closes attachment->link unless it is below 0.
 */
static int find_pinned(const struct adoption *adoption, const char *path, const char *name,
		       struct tg_attachment *attachment)
{
	const struct tg_pin_name *pin = &tg_pin_names[adoption->pin];
	int error;

	*attachment = (struct tg_attachment){
		.hook = pin->hook, .mode = TG_MODE_TCX, .link = bpf_obj_get(path)};
	if (attachment->link < 0)
		return -errno;
	if (pin->is_link)
		return find_link(attachment);
	attachment->mode = TG_MODE_CLSACT;
	attachment->ifindex = strtoul(name + strlen(pin->prefix), NULL, 10);
	error = find_name(attachment);
	return error ? error : tg_clsact_adopt(attachment);
}

static void adopt_one(void *data, const char *name)
{
	struct adoption *adoption = data;
	struct tg_attachment attachment;
	char path[PATH_MAX];
	int error;

	if (adoption->error)
		return;
	snprintf(path, sizeof(path), "%s/%s", adoption->state_dir, name);
	error = tg_fault("adopt");
	if (error)
		attachment.link = -1;
	else
		error = find_pinned(adoption, path, name, &attachment);
	if (!error) {
		adoption->each(adoption->data, &attachment);
		return;
	}
	if (attachment.link >= 0)
		close(attachment.link);
	if (error == -ENODEV || error == -ENOENT)
		unlink(path);
	else
		adoption->error = tg_error_set(
			adoption->errmsg, error,
			"cannot tell whether %s is still attached: %s; all that an earlier daemon "
			"attached stays as it is",
			path, strerror(-error));
}

static void unlink_unfinished(void *state_dir, const char *name)
{
	tg_pin_dir_unlink(state_dir, name);
}

int tg_attach_adopt(const char *state_dir,
		    void (*each)(void *data, const struct tg_attachment *attachment), void *data,
		    char *errmsg)
{
	struct adoption adoption = {
		.state_dir = state_dir, .each = each, .data = data, .errmsg = errmsg};
	int error = 0;

	for (; adoption.pin < TG_PIN_NAMES && !error && !adoption.error; adoption.pin++)
		error = tg_pin_dir_each(state_dir, tg_pin_names[adoption.pin].prefix, adopt_one,
					&adoption);
	if (error)
		return tg_error_set(errmsg, error, "cannot list the state directory %s: %s",
				    state_dir, strerror(-error));
	if (adoption.error)
		return adoption.error;
	tg_pin_dir_each(state_dir, TG_UNFINISHED_PIN, unlink_unfinished, (void *)state_dir);
	tg_clsact_tidy(state_dir);
	return 0;
}

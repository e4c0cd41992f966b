// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Chooses between XDP, TCX and clsact, and rebuilds the attachments of an earlier daemon from pins.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <net/if.h>
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
		if (tg_attach_remove(attachment, state_dir)) {
			close(attachment->link); /* of which nothing else keeps the link */
			attachment->link = -1;
		}
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

/* Detaches a link, because another process may hold it open. */
static int detach(const struct tg_attachment *attachment, const char *state_dir)
{
	int error = tg_fault("detach");

	if (error)
		return error;
	if (attachment->mode == TG_MODE_CLSACT)
		return tg_clsact_remove(attachment, state_dir);
	return bpf_link_detach(attachment->link) ? -errno : 0;
}

int tg_attach_remove(struct tg_attachment *attachment, const char *state_dir)
{
	int error = attachment->link < 0 ? 0 : detach(attachment, state_dir);

	if (error)
		return error;
	if (attachment->link >= 0)
		close(attachment->link);
	attachment->link = -1;
	tg_attach_unpin(attachment, state_dir);
	return 0;
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

int tg_attach_program(const struct tg_attachment *attachment, uint32_t *id)
{
	uint32_t ifindex, ours;
	int error;

	if (attachment->mode == TG_MODE_CLSACT) {
		error = tg_clsact_program(attachment, id);
		ours = error ? 0 : tg_attach_program_id(attachment->link);
		if (error)
			return error;
		if (!ours)
			return -EIO; /* not known, which is not the same as another's filter */
		return *id == ours ? 0 : -ENOENT;
	}
	error = link_info(attachment, &ifindex, id);
	return !error && !ifindex ? -ENODEV : error;
}

bool tg_attach_healthy(const struct tg_attachment *attachment, uint32_t id)
{
	uint32_t ifindex = 0, program = 0;

	if (attachment->mode == TG_MODE_CLSACT)
		return tg_attach_program(attachment, &program) == 0 && program == id;
	/*
	 * The hook runs the link's program: while a link is on an interface, the kernel refuses to
	 * attach any other there, in either mode of XDP.
	 */
	return !link_info(attachment, &ifindex, &program) && ifindex == attachment->ifindex &&
	       program == id;
}

struct adoption {
	const char *state_dir;
	size_t pin; /* index in tg_pin_names[] */
	int (*each)(void *data, const struct tg_attachment *attachment);
	void *data;
	char *errmsg;
};

/* Returns 1 and the name of the interface if this network namespace has it, 0, or -errno. */
static int find_interface(struct tg_attachment *attachment)
{
	if (!attachment->ifindex)
		return 0;
	if (if_indextoname(attachment->ifindex, attachment->name))
		return 1;
	if (errno == ENXIO || errno == ENODEV)
		return 0;
	return errno == ENOENT ? -EMFILE : -errno; /* so glibc says that it got no socket */
}

/* Returns 1 if the filter is there and ours, 0, or -errno. */
static int find_filter(const struct adoption *adoption, const char *name,
		       struct tg_attachment *attachment)
{
	int found;

	attachment->mode = TG_MODE_CLSACT;
	attachment->ifindex = strtoul(name + strlen(tg_pin_names[adoption->pin].prefix), NULL, 10);
	found = find_interface(attachment);
	return found == 1 ? tg_clsact_adopt(attachment, adoption->state_dir) : found;
}

/* Returns 1 if the link is on an interface, 0, or -errno. */
static int find_link(struct tg_attachment *attachment)
{
	uint32_t program;
	int error = link_info(attachment, &attachment->ifindex, &program), found;

	if (error)
		return error == -EINVAL ? 0 : error; /* not a link of this hook */
	attachment->mode = TG_MODE_TCX;
	found = find_interface(attachment);
	if (found != 1 || attachment->hook != TG_HOOK_XDP)
		return found;
	error = tg_xdp_mode_of(attachment->ifindex, &attachment->mode);
	return error == -ENODEV ? 0 : error ? error : 1;
}

/*
 * Fills @attachment from the pin @name. Returns 1, 0 if its interface or its filter is gone, or
 * -errno. Unless 1, nothing is left open.
 */
static int find_pinned(const struct adoption *adoption, const char *name,
		       struct tg_attachment *attachment)
{
	int found;

	*attachment =
		(struct tg_attachment){.hook = tg_pin_names[adoption->pin].hook,
				       .link = tg_pin_dir_open_pin(adoption->state_dir, name)};
	if (attachment->link < 0)
		return attachment->link == -ENOENT ? 0 : attachment->link;
	found = tg_pin_names[adoption->pin].is_link ? find_link(attachment)
						    : find_filter(adoption, name, attachment);
	if (found != 1)
		close(attachment->link);
	return found;
}

static int adopt_one(void *data, const char *name)
{
	const struct adoption *adoption = data;
	struct tg_attachment attachment;
	int found = tg_fault("adopt");

	if (!found)
		found = find_pinned(adoption, name, &attachment);
	if (found < 0)
		return tg_error_set(adoption->errmsg, found,
				    "cannot read %s/%s, which an earlier daemon left: %s. What is "
				    "attached stays as it is",
				    adoption->state_dir, name, strerror(-found));
	return found ? adoption->each(adoption->data, &attachment) : 0;
}

int tg_attach_adopt(const char *state_dir,
		    int (*each)(void *data, const struct tg_attachment *attachment), void *data,
		    char *errmsg)
{
	struct adoption adoption = {
		.state_dir = state_dir, .each = each, .data = data, .errmsg = errmsg};
	int error = 0;

	*errmsg = '\0';
	for (adoption.pin = 0; adoption.pin < TG_PIN_NAMES && !error; adoption.pin++)
		error = tg_pin_dir_each(state_dir, tg_pin_names[adoption.pin].prefix, adopt_one,
					&adoption);
	if (error && !*errmsg)
		tg_error_set(errmsg, error, "cannot read the state directory %s: %s", state_dir,
			     strerror(-error));
	return error;
}

struct tidying {
	const char *state_dir;
	const struct tg_attachment *held;
	size_t n;
};

static int unlink_unfinished(void *state_dir, const char *name)
{
	tg_pin_dir_unlink(state_dir, name);
	return 0;
}

static int unpin_stray(void *data, const char *name)
{
	const struct tidying *tidying = data;
	char held[64];
	size_t i;

	for (i = 0; i < tidying->n; i++) {
		tg_attach_pin_name(&tidying->held[i], held, sizeof(held));
		if (strcmp(held, name) == 0)
			return 0;
	}
	tg_pin_dir_unlink(tidying->state_dir, name);
	return 0;
}

void tg_attach_tidy(const char *state_dir, const struct tg_attachment *held, size_t n)
{
	struct tidying tidying = {state_dir, held, n};
	size_t pin;

	for (pin = 0; pin < TG_PIN_NAMES; pin++)
		tg_pin_dir_each(state_dir, tg_pin_names[pin].prefix, unpin_stray, &tidying);
	tg_pin_dir_each(state_dir, TG_UNFINISHED_PIN, unlink_unfinished, (void *)state_dir);
	tg_clsact_tidy(state_dir);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Pins and messages of attachments. */
#include "attach/link.h"
#include "config/names.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/errmsg.h"

const struct tg_pin_name tg_pin_names[TG_PIN_NAMES] = {
	{"xdp-", TG_HOOK_XDP, true},
	{"tc-ingress-", TG_HOOK_TC_INGRESS, true},
	{"tc-egress-", TG_HOOK_TC_EGRESS, true},
	{"clsact-ingress-", TG_HOOK_TC_INGRESS, false},
	{"clsact-egress-", TG_HOOK_TC_EGRESS, false},
};

const char *tg_mode_name(enum tg_mode mode)
{
	static const char *const names[] = {"native", "generic", "tcx", "clsact"};

	return names[mode];
}

const char *tg_header_name(enum tg_header header)
{
	return header == TG_HEADER_NONE ? "none" : "ethernet";
}

void tg_attach_pin_name(const struct tg_attachment *attachment, char *name, size_t size)
{
	size_t i;

	for (i = 0; i + 1 < TG_PIN_NAMES; i++)
		if (tg_pin_names[i].hook == attachment->hook &&
		    tg_pin_names[i].is_link == (attachment->mode != TG_MODE_CLSACT))
			break;
	snprintf(name, size, "%s%u", tg_pin_names[i].prefix, attachment->ifindex);
}

static void pin_path(const struct tg_attachment *attachment, const char *state_dir, char *path)
{
	char name[32];

	tg_attach_pin_name(attachment, name, sizeof(name));
	snprintf(path, PATH_MAX, "%s/%s", state_dir, name);
}

/* Takes the place of an earlier pin in one step, so that a failure leaves that one. */
int tg_attach_pin(const struct tg_attachment *attachment, const char *state_dir, int fd)
{
	char path[PATH_MAX], unfinished[PATH_MAX];
	int error;

	pin_path(attachment, state_dir, path);
	snprintf(unfinished, sizeof(unfinished), "%s/" TG_UNFINISHED_PIN "%u", state_dir,
		 attachment->ifindex);
	unlink(unfinished);
	if (bpf_obj_pin(fd, unfinished))
		return -errno;
	if (rename(unfinished, path) == 0)
		return 0;
	error = -errno;
	unlink(unfinished);
	return error;
}

void tg_attach_unpin(const struct tg_attachment *attachment, const char *state_dir)
{
	char path[PATH_MAX];

	pin_path(attachment, state_dir, path);
	unlink(path);
}

uint32_t tg_attach_program_id(int fd)
{
	struct bpf_prog_info info = {};
	uint32_t length = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &length) ? 0 : info.id;
}

void tg_attach_program_name(uint32_t id, char name[BPF_OBJ_NAME_LEN])
{
	tg_autoclose int fd = bpf_prog_get_fd_by_id(id);
	struct bpf_prog_info info = {};
	uint32_t length = sizeof(info);

	snprintf(name, BPF_OBJ_NAME_LEN, "?");
	if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &length) == 0)
		snprintf(name, BPF_OBJ_NAME_LEN, "%s", info.name);
}

int tg_tc_explain(const struct tg_attachment *attachment, int error, char *errmsg)
{
	return tg_error_set(errmsg, error, "cannot attach to %s of %s: %s%s",
			    tg_hook_name(attachment->hook), attachment->name, strerror(-error),
			    error == -EPERM ? " (needs root, or CAP_BPF and CAP_NET_ADMIN)" : "");
}

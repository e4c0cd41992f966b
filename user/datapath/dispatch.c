// SPDX-License-Identifier: GPL-2.0-or-later
/* Chooses and pins dispatch programs, and moves links from one to another. */
#include "datapath/dispatch.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attach/attach.h"
#include "attach/program_pin.h"
#include "base/cleanup.h"
#include "base/errmsg.h"
#include "base/log.h"
#include "base/pin_dir.h"
#include "config/names.h"
#include "datapath/datapath_private.h"
#include "datapath/map_pins.h"
#include "kernel/program.h"

/* The bit of a dispatch program in the mask of those that a publish has made. */
#define MADE(hook, header) (1U << ((header)*TG_HOOKS + (hook)))

/* Returns 1 if the program pinned in @dir is taken, 0 if it cannot serve, or -errno. */
static int take_pinned(struct tg_datapath *datapath, const struct tg_program *program, int hook,
		       int header, const char *dir)
{
	struct tg_dispatch *dispatch = &datapath->dispatch[header][hook];
	tg_autoclose int fd = -1;
	char pin[32];
	int taken;

	tg_program_pin_name(hook, header, pin, sizeof(pin));
	fd = tg_pin_dir_open_pin(dir, pin);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	taken = tg_program_dispatches(program, fd, hook);
	if (taken != 1)
		return taken;
	dispatch->id = tg_attach_program_id(fd);
	dispatch->fd = TAKE_FD(fd);
	return 1;
}

/* Pins it first: a link may only run what a later daemon can find. */
static int take_new(struct tg_datapath *datapath, const struct tg_program *program, int hook,
		    int header)
{
	tg_autoclose int fd = fcntl(tg_program_entry_fd(program, hook, header), F_DUPFD_CLOEXEC, 0);
	struct tg_dispatch *dispatch = &datapath->dispatch[header][hook];
	char dir[PATH_MAX], pin[32], path[PATH_MAX];

	if (fd < 0)
		return -errno;
	tg_map_pins_next(datapath, dir);
	tg_program_pin_name(hook, header, pin, sizeof(pin));
	if (snprintf(path, sizeof(path), "%s/%s", dir, pin) >= PATH_MAX)
		return -ENAMETOOLONG;
	if (mkdir(dir, 0710) && errno != EEXIST)
		return -errno;
	unlink(path); /* of a daemon that died before it had attached anything by it */
	if (bpf_obj_pin(fd, path))
		return -errno;
	dispatch->id = tg_attach_program_id(fd);
	dispatch->fd = TAKE_FD(fd);
	return 0;
}

static int choose(struct tg_datapath *datapath, const struct tg_program *program, int hook,
		  int header, unsigned int *made)
{
	char next[PATH_MAX];
	int taken;

	if (datapath->dispatch[header][hook].fd >= 0 ||
	    tg_program_entry_fd(program, hook, header) < 0)
		return 0;
	tg_map_pins_next(datapath, next);
	taken = take_pinned(datapath, program, hook, header, next);
	if (!taken)
		taken = take_pinned(datapath, program, hook, header, datapath->state_dir);
	if (taken)
		return taken < 0 ? taken : 0;
	taken = take_new(datapath, program, hook, header);
	if (!taken)
		*made |= MADE(hook, header);
	return taken;
}

int tg_dispatch_prepare(struct tg_datapath *datapath, const struct tg_program *program,
			unsigned int *made, char *errmsg)
{
	int hook, header, error = 0;

	for (hook = 0; hook < TG_HOOKS; hook++)
		for (header = 0; header < TG_HEADERS && !error; header++)
			error = choose(datapath, program, hook, header, made);
	return error ? tg_error_set(errmsg, error,
				    "cannot find or pin the programs of links in %s: %s",
				    datapath->state_dir, strerror(-error))
		     : 0;
}

static void close_one(struct tg_dispatch *dispatch)
{
	if (dispatch->fd >= 0)
		close(dispatch->fd);
	*dispatch = (struct tg_dispatch){.fd = -1};
}

void tg_dispatch_undo(struct tg_datapath *datapath, unsigned int made)
{
	char dir[PATH_MAX], pin[32];
	int hook, header;

	tg_map_pins_next(datapath, dir);
	for (hook = 0; hook < TG_HOOKS; hook++) {
		for (header = 0; header < TG_HEADERS; header++) {
			if (!(made & MADE(hook, header)))
				continue;
			tg_program_pin_name(hook, header, pin, sizeof(pin));
			tg_pin_dir_unlink(dir, pin);
			close_one(&datapath->dispatch[header][hook]);
		}
	}
	rmdir(dir); /* unless maps wait there */
}

int tg_dispatch_move(const struct tg_datapath *datapath, const struct tg_attachment *attachment,
		     uint32_t *was, char *errmsg)
{
	const struct tg_dispatch *dispatch =
		&datapath->dispatch[attachment->header][attachment->hook];
	uint32_t id;
	int error = tg_attach_program(attachment, &id);

	*was = 0;
	if (error == -ENODEV || error == -ENOENT)
		return 0;
	if (error)
		return tg_error_set(errmsg, error, "cannot read which program %s (%s) runs: %s",
				    attachment->name, tg_hook_name(attachment->hook),
				    strerror(-error));
	if (id == dispatch->id)
		return 0;
	error = tg_attach_update(attachment, datapath->state_dir, dispatch->fd, errmsg);
	if (error == -ENODEV || error == -ENOLINK)
		return 0;
	/* Even if the pin has failed, a filter may run the new program, and has to go back. */
	if (!error || attachment->mode == TG_MODE_CLSACT)
		*was = id;
	return error;
}

/* Needs CAP_SYS_ADMIN only for a program that nobody has pinned. */
static int open_program(const struct tg_datapath *datapath, enum tg_hook hook, uint32_t id)
{
	int fd = tg_program_pin_find(datapath->state_dir, hook, id);

	if (fd >= 0)
		return fd;
	fd = bpf_prog_get_fd_by_id(id);
	return fd < 0 ? -errno : fd;
}

int tg_dispatch_move_back(const struct tg_datapath *datapath,
			  const struct tg_attachment *attachment, uint32_t was)
{
	tg_autoclose int fd = open_program(datapath, attachment->hook, was);
	char errmsg[TG_ERRMSG_SIZE];
	int error = fd;

	if (fd >= 0)
		error = tg_attach_update(attachment, datapath->state_dir, fd, errmsg);
	else
		tg_error_set(errmsg, fd, "%s: the program before cannot be opened: %s",
			     attachment->name, strerror(-fd));
	if (error == -ENODEV || error == -ENOLINK)
		return 0;
	if (error < 0)
		tg_log(TG_LOG_ERROR, "going back: %s; it enforces the new policy", errmsg);
	return error < 0 ? error : 0;
}

void tg_dispatch_close(struct tg_datapath *datapath)
{
	int hook, header;

	for (hook = 0; hook < TG_HOOKS; hook++)
		for (header = 0; header < TG_HEADERS; header++)
			close_one(&datapath->dispatch[header][hook]);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Loads and pins the applications' program, on the pinned maps of a generation. */
#include "kernel/app_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tidegate/app.h>
#include <unistd.h>

#include "app.skel.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/errmsg.h"

static void destroy_app(struct app_bpf **skeleton)
{
	app_bpf__destroy(*skeleton);
}

/* Uses the pinned maps of the generation, and creates none of the others. */
static int share_maps(const struct app_bpf *skeleton, const struct tg_program *program)
{
	struct bpf_map *map;
	int pinned, error;

	bpf_object__for_each_map(map, skeleton->obj)
	{
		if (bpf_map__is_internal(map))
			continue;
		for (pinned = 0; pinned < TG_MAPS_PINNED; pinned++)
			if (strcmp(bpf_map__name(map), tg_map_names[pinned]) == 0)
				break;
		error = pinned == TG_MAPS_PINNED
				? bpf_map__set_autocreate(map, false)
				: bpf_map__reuse_fd(map, tg_program_map_fd(program, pinned));
		if (error)
			return error;
	}
	return 0;
}

static void pin_path(const char *state_dir, uint32_t bank, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/" TG_APP_PIN "%u", state_dir, bank);
}

/* Sets the mode, because bpffs makes a pin 0600. Its group is that of this process. */
static int pin(const struct app_bpf *skeleton, const char *state_dir, uint32_t bank)
{
	char path[PATH_MAX];

	pin_path(state_dir, bank, path);
	unlink(path);
	if (bpf_obj_pin(bpf_program__fd(skeleton->progs.tidegate_charge), path))
		return -errno;
	return chmod(path, 0660) ? -errno : 0;
}

int tg_app_program_pin(const struct tg_program *program, const struct tg_compiled *compiled,
		       const char *state_dir, char *errmsg)
{
	tg_cleanup(destroy_app) struct app_bpf *skeleton = app_bpf__open();
	int error = skeleton ? 0 : -errno;

	if (!error) {
		memcpy((void *)&skeleton->rodata->policy, &compiled->policy,
		       sizeof(compiled->policy));
		error = share_maps(skeleton, program);
	}
	if (!error) {
		error = app_bpf__load(skeleton);
		/* The verifier refused it. Go on, because packets can still be limited. */
		if (error == -EACCES || error == -EINVAL) {
			tg_log(TG_LOG_WARNING,
			       "this kernel's verifier does not take the program by which "
			       "applications charge: limits hold for packets alone");
			return 0;
		}
	}
	if (!error)
		error = pin(skeleton, state_dir, compiled->policy.bank);
	return error ? tg_error_set(errmsg, error,
				    "cannot load the program by which applications charge: %s",
				    strerror(-error))
		     : 0;
}

void tg_app_program_unpin(const char *state_dir, uint32_t bank)
{
	char path[PATH_MAX];

	pin_path(state_dir, bank, path);
	unlink(path);
}

/* Clears abi_version, which is the first field of meta in every version. */
void tg_app_program_void(int meta)
{
	struct bpf_map_info info = {};
	uint32_t length = sizeof(info), zero = 0, none = 0;
	tg_autofree void *value = NULL;

	if (meta < 0 || bpf_obj_get_info_by_fd(meta, &info, &length) ||
	    info.value_size < sizeof(none))
		return;
	value = malloc(info.value_size);
	if (!value)
		return;
	if (bpf_map_lookup_elem(meta, &zero, value) == 0) {
		memcpy(value, &none, sizeof(none));
		if (bpf_map_update_elem(meta, &zero, value, BPF_ANY) == 0)
			return;
	}
	tg_log_errno(errno, "applications may charge by the policy before");
}

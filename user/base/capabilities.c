// SPDX-License-Identifier: GPL-2.0-or-later
/* Drops the privileges that the running daemon does not need. */
#include "base/capabilities.h"

#include <cap-ng.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/errmsg.h"
#include "base/log.h"

/*
 * CAP_BPF: maps and programs. CAP_PERFMON: programs that compare pointers. CAP_NET_ADMIN: links,
 * filters and qdiscs. CAP_SYS_ADMIN stands for the first two where a container runtime does not
 * know them yet, and is dropped elsewhere.
 */
static const struct {
	unsigned int capability;
	const char *name;
	bool by_sys_admin;
} needed[] = {
	{CAP_BPF, "CAP_BPF", true},
	{CAP_PERFMON, "CAP_PERFMON", true},
	{CAP_NET_ADMIN, "CAP_NET_ADMIN", false},
};

#define NEEDED	 (sizeof(needed) / sizeof(needed[0]))
#define KEPT_MAX (NEEDED + 1)

static bool has(unsigned int capability)
{
	return capng_have_capability(CAPNG_PERMITTED, capability);
}

/*
 * Fills @kept with what the daemon keeps of what the process has, and sets *@n. @missing, of
 * TG_ERRMSG_SIZE bytes, gets the names of what it would need; "" if there is nothing.
 */
static void choose(unsigned int kept[KEPT_MAX], size_t *n, char *missing)
{
	bool sys_admin = has(CAP_SYS_ADMIN), keep_sys_admin = false;
	size_t i;

	*n = 0;
	*missing = '\0';
	for (i = 0; i < NEEDED; i++) {
		if (has(needed[i].capability)) {
			kept[(*n)++] = needed[i].capability;
		} else if (needed[i].by_sys_admin && sys_admin) {
			keep_sys_admin = true;
		} else {
			strcat(missing, *missing ? ", " : "");
			strcat(missing, needed[i].name);
		}
	}
	if (keep_sys_admin)
		kept[(*n)++] = CAP_SYS_ADMIN;
}

static bool contains(const unsigned int *kept, size_t n, unsigned int capability)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (kept[i] == capability)
			return true;
	return false;
}

int tg_capabilities_try(int (*attempt)(char *errmsg), char *errmsg)
{
	unsigned int kept[KEPT_MAX], capability;
	char missing[TG_ERRMSG_SIZE];
	void *state;
	size_t n;
	int error;

	if (capng_get_caps_process())
		return tg_error_set(errmsg, EPERM, "the process's capabilities cannot be read");
	choose(kept, &n, missing);
	if (*missing)
		return tg_error_set(
			errmsg, EPERM,
			"no privilege to enforce anything: %s missing; tidegated is to be run as root, or "
			"with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON (a container "
			"runtime that does not know CAP_BPF: CAP_SYS_ADMIN and "
			"CAP_NET_ADMIN)",
			missing);
	state = capng_save_state();
	for (capability = 0; capability <= CAP_LAST_CAP; capability++)
		if (!contains(kept, n, capability))
			capng_update(CAPNG_DROP, CAPNG_EFFECTIVE, capability);
	error = capng_apply(CAPNG_SELECT_CAPS) ? tg_error_set(errmsg, EPERM,
							      "cannot try the start without "
							      "capabilities: %m")
					       : attempt(errmsg);
	capng_restore_state(&state);
	if (capng_apply(CAPNG_SELECT_CAPS) && !error)
		error = tg_error_set(errmsg, EPERM, "cannot get capabilities back: %m");
	return error;
}

int tg_capabilities_drop(void)
{
	unsigned int kept[KEPT_MAX];
	char missing[TG_ERRMSG_SIZE];
	bool may_bound;
	size_t i, n;

	if (capng_get_caps_process())
		return tg_log_errno(errno, "the process's capabilities");
	may_bound = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	choose(kept, &n, missing);
	capng_clear(CAPNG_SELECT_BOTH);
	for (i = 0; i < n; i++)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
			     kept[i]);
	if (capng_apply(may_bound ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS))
		return tg_log_errno(errno, "cannot give up capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return tg_log_errno(errno, "cannot give up new privileges");
	return 0;
}

bool tg_capabilities_compare(void)
{
	return capng_get_caps_process() || capng_have_capability(CAPNG_EFFECTIVE, CAP_PERFMON) ||
	       capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Tries a map and a program of three instructions, in order to know before anything changes. */
#include "kernel/load_check.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>

#include "base/cleanup.h"
#include "base/errmsg.h"

static int refuse(char *errmsg, const char *what)
{
	if (errno != EPERM && errno != EACCES)
		return tg_error_set(errmsg, errno, "cannot %s: %m", what);
	return tg_error_set(errmsg, EPERM,
			    "no privilege to %s: %m; a security module (SELinux, AppArmor, the "
			    "kernel's lockdown), a system call filter or a user namespace may be "
			    "in the way",
			    what);
}

int tg_load_check(char *errmsg)
{
	/* Compares pointers, which the verifier allows with CAP_PERFMON alone. */
	static const struct bpf_insn instructions[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
		{.code = BPF_JMP | BPF_JEQ | BPF_X, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_10},
		{.code = BPF_JMP | BPF_EXIT},
	};
	tg_autoclose int map = -1, program = -1;

	map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "tidegate_check", 4, 4, 1, NULL);
	if (map < 0)
		return refuse(errmsg, "make BPF maps");
	program = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "tidegate_check", "GPL", instructions,
				sizeof(instructions) / sizeof(instructions[0]), NULL);
	return program < 0 ? refuse(errmsg, "load BPF programs") : 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The command version: shows versions, and which features this kernel has. */
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli/arguments.h"
#include "control/client.h"
#include "cli/commands.h"
#include "base/json.h"

static int no_print(enum libbpf_print_level level, const char *format, va_list arguments)
{
	return 0;
}

/* Returns "unknown" without privileges, because a probe loads a small program. */
static const char *found(int probe)
{
	return probe == 1 ? "yes" : probe == 0 && geteuid() == 0 ? "no" : "unknown";
}

static json_t *features(void)
{
	libbpf_set_print(no_print);
	return json_pack(
		"{s:s, s:s, s:s, s:s}", "xdp",
		found(libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_XDP, NULL)), "for_each_map_elem",
		found(libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_for_each_map_elem, NULL)),
		"jiffies64",
		found(libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_jiffies64, NULL)), "btf",
		access("/sys/kernel/btf/vmlinux", R_OK) == 0 ? "yes" : "no");
}

static void print_version(const json_t *version)
{
	const json_t *feature;
	const char *name;

	printf("tidegate %s\nlibbpf %s\nkernel %s\ntidegated %s\n",
	       tg_json_text(version, "version"), tg_json_text(version, "libbpf"),
	       tg_json_text(version, "kernel"),
	       json_is_null(json_object_get(version, "daemon")) ? "not answering"
								: tg_json_text(version, "daemon"));
	json_object_foreach(json_object_get(version, "features"), name, feature)
		printf("  %-20s %s\n", name, json_string_value(feature));
}

static int run_version(const struct tg_arguments *arguments)
{
	json_t *result = NULL, *version;
	struct utsname system;

	uname(&system);
	tg_client_ask(json_pack("{s:s}", "command", "version"), true, &result, NULL);
	version =
		json_pack("{s:s, s:s, s:s, s:s?, s:o}", "version", TG_VERSION, "libbpf",
			  libbpf_version_string(), "kernel", system.release, "daemon",
			  result ? tg_json_text(result, "version") : NULL, "features", features());
	if (arguments->json) {
		json_dumpf(version, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		print_version(version);
	}
	json_decref(version);
	json_decref(result);
	return TG_EXIT_OK;
}

const struct tg_command cmd_version = {
	.name = "version",
	.does = "versions, and what this kernel has",
	.run = run_version,
};

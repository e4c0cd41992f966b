// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loads the skeleton of the packet programs: pins, sizes and contents of its maps, its banks, test
 * runs.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/capabilities.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/errmsg.h"
#include "kernel/policy_maps.h"
#include "kernel/gso_layout.h"
#include "kernel/load_check.h"
#include "kernel/program.h"
#include "kernel/bucket_table.h"
#include "tidegate.skel.h"

const char *const tg_map_names[TG_MAPS] = {
	[TG_MAP_BUCKETS] = "buckets",
	[TG_MAP_OVERFLOW] = "overflow",
	[TG_MAP_RECORDS] = "records",
	[TG_MAP_ADMISSION] = "gates",
	[TG_MAP_META] = "meta",
	[TG_MAP_ACTIVE] = "active",
	[TG_MAP_GENERATIONS] = "generations",
	[TG_MAP_TC_GENERATIONS] = "tc_generations",
	[TG_MAP_ATTACHMENTS] = "attachments",
	[TG_MAP_INTERFACE_COUNTERS] = "interface_counters",
	[TG_MAP_LIMIT_COUNTERS] = "limit_counters",
	[TG_MAP_ENTRIES] = "entries",
	[TG_MAP_ENTRIES_STATE] = "entries_state",
	[TG_MAP_EVENTS] = "events",
	[TG_MAP_SHARES] = "shares",
	[TG_MAP_REPORTS] = "reports",
	[TG_MAP_LISTS] = "lists",
	[TG_MAP_DEBITS] = "debits",
};

struct tg_program {
	struct tidegate_bpf *skeleton;
	struct tg_contents contents; /* of its maps of lists and matches, as an owner of them */
	unsigned int hooks;	     /* mask of 1 << enum tg_hook: hooks that have programs */
};

static bool has_hook(const struct tg_program *program, enum tg_hook hook)
{
	return program->hooks >> hook & 1;
}

/* The TC programs serve both headers. */
static struct bpf_program *packet_program(const struct tg_program *program, enum tg_hook hook,
					  enum tg_header header)
{
	const struct tidegate_bpf *skeleton = program->skeleton;

	if (hook == TG_HOOK_XDP && header == TG_HEADER_NONE)
		return skeleton->progs.tidegate_xdp_bare;
	return hook == TG_HOOK_XDP	    ? skeleton->progs.tidegate_xdp
	       : hook == TG_HOOK_TC_INGRESS ? skeleton->progs.tidegate_tc_ingress
					    : skeleton->progs.tidegate_tc_egress;
}

static struct bpf_program *pass_program(const struct tg_program *program, enum tg_hook hook)
{
	const struct tidegate_bpf *skeleton = program->skeleton;

	return hook == TG_HOOK_XDP ? skeleton->progs.tidegate_pass
				   : skeleton->progs.tidegate_pass_tc;
}

static struct bpf_program *entry_program(const struct tg_program *program, enum tg_hook hook,
					 enum tg_header header)
{
	const struct tidegate_bpf *skeleton = program->skeleton;
	struct bpf_program *const entries[TG_HEADERS][TG_HOOKS] = {
		[TG_HEADER_ETHERNET] = {skeleton->progs.tidegate_entry,
					skeleton->progs.tidegate_entry_ingress,
					skeleton->progs.tidegate_entry_egress},
		[TG_HEADER_NONE] = {skeleton->progs.tidegate_entry_bare,
				    skeleton->progs.tidegate_entry_ingress_bare,
				    skeleton->progs.tidegate_entry_egress_bare},
	};

	return entries[header][hook];
}

int tg_program_entry_fd(const struct tg_program *program, enum tg_hook hook, enum tg_header header)
{
	return has_hook(program, hook) ? bpf_program__fd(entry_program(program, hook, header))
				       : -EINVAL;
}

/*
 * Returns a descriptor of the map that has the program of @hook, @header and @bank, and sets its
 * *@index.
 */
static int bank_slot(const struct tg_program *program, uint32_t bank, enum tg_hook hook,
		     enum tg_header header, uint32_t *index)
{
	*index = hook == TG_HOOK_XDP ? TG_XDP_PROGRAM(bank, header) : TG_TC_PROGRAM(bank, hook);
	return tg_program_map_fd(program,
				 hook == TG_HOOK_XDP ? TG_MAP_GENERATIONS : TG_MAP_TC_GENERATIONS);
}

static int take_out(const struct tg_program *program, uint32_t bank, enum tg_hook hook,
		    enum tg_header header)
{
	uint32_t index;
	int map = bank_slot(program, bank, hook, header, &index);

	return bpf_map_delete_elem(map, &index) && errno != ENOENT ? -errno : 0;
}

static int put_in(const struct tg_program *program, uint32_t bank, enum tg_hook hook,
		  enum tg_header header)
{
	uint32_t index;
	int map = bank_slot(program, bank, hook, header, &index);
	int fd = bpf_program__fd(has_hook(program, hook) ? packet_program(program, hook, header)
							 : pass_program(program, hook));

	return bpf_map_update_elem(map, &index, &fd, BPF_ANY) ? -errno : 0;
}

/* Fills every slot, because a hook whose slot is empty would run the program of the other bank. */
int tg_program_install(const struct tg_program *program, uint32_t bank)
{
	int hook, header, error;

	for (hook = 0; hook < TG_HOOKS; hook++) {
		for (header = 0; header < TG_HEADERS; header++) {
			error = put_in(program, bank, hook, header);
			if (error)
				return error;
		}
	}
	return 0;
}

int tg_program_uninstall(const struct tg_program *program, uint32_t bank)
{
	int hook, header, error = 0, r;

	for (hook = 0; hook < TG_HOOKS; hook++) {
		for (header = 0; header < TG_HEADERS; header++) {
			r = take_out(program, bank, hook, header);
			error = error ? error : r;
		}
	}
	return error;
}

bool tg_program_installed(const struct tg_program *program, uint32_t bank, enum tg_hook hook,
			  enum tg_header header)
{
	struct bpf_prog_info info = {};
	uint32_t length = sizeof(info), index, id;
	int map = bank_slot(program, bank, hook, header, &index);

	return has_hook(program, hook) && bpf_map_lookup_elem(map, &index, &id) == 0 &&
	       bpf_obj_get_info_by_fd(bpf_program__fd(packet_program(program, hook, header)), &info,
				      &length) == 0 &&
	       info.id == id;
}

int tg_program_switch(const struct tg_program *program, uint32_t bank)
{
	size_t size = sysconf(_SC_PAGESIZE);
	uint32_t *word = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			      tg_program_map_fd(program, TG_MAP_ACTIVE), 0);

	if (word == MAP_FAILED)
		return -errno;
	__atomic_store_n(word, bank, __ATOMIC_SEQ_CST);
	munmap(word, size);
	return 0;
}

int tg_program_map_fd(const struct tg_program *program, enum tg_map map)
{
	return bpf_object__find_map_fd_by_name(program->skeleton->obj, tg_map_names[map]);
}

#define MAPS_MOST 16 /* that one of our dispatch programs may use */

static bool uses(const struct bpf_prog_info *info, const uint32_t *ids, uint32_t id)
{
	uint32_t i;

	for (i = 0; i < info->nr_map_ids && i < MAPS_MOST; i++)
		if (ids[i] == id)
			return true;
	return false;
}

int tg_program_dispatches(const struct tg_program *program, int fd, enum tg_hook hook)
{
	uint32_t ids[MAPS_MOST] = {};
	struct bpf_prog_info info = {.nr_map_ids = MAPS_MOST, .map_ids = (uintptr_t)ids};
	const enum tg_map needed[] = {TG_MAP_ACTIVE, hook == TG_HOOK_XDP ? TG_MAP_GENERATIONS
									 : TG_MAP_TC_GENERATIONS};
	uint32_t length = sizeof(info), map_length;
	struct bpf_map_info map;
	size_t i;

	if (bpf_obj_get_info_by_fd(fd, &info, &length))
		return -errno;
	for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		map = (struct bpf_map_info){};
		map_length = sizeof(map);
		if (bpf_obj_get_info_by_fd(tg_program_map_fd(program, needed[i]), &map,
					   &map_length))
			return -errno;
		if (!uses(&info, ids, map.id))
			return 0;
	}
	return 1;
}

static int set_pins(struct tidegate_bpf *skeleton, tg_map_path *path, const void *data)
{
	char pin[PATH_MAX];
	struct bpf_map *map;
	int i, error;

	for (i = 0; i < TG_MAPS_PINNED; i++) {
		map = bpf_object__find_map_by_name(skeleton->obj, tg_map_names[i]);
		path(data, i, pin);
		error = bpf_map__set_pin_path(map, pin);
		if (error)
			return error;
	}
	return 0;
}

/* Loads only programs of hooks in use, because the verifier needs time for each. */
static void skip_unused_hooks(const struct tg_program *program)
{
	int hook, header;

	for (hook = 0; hook < TG_HOOKS; hook++) {
		for (header = 0; header < TG_HEADERS; header++) {
			bpf_program__set_autoload(packet_program(program, hook, header),
						  has_hook(program, hook));
			bpf_program__set_autoload(entry_program(program, hook, header),
						  has_hook(program, hook));
		}
	}
}

int tg_program_explain_load(char *errmsg, int error)
{
	/* EACCES comes from the verifier, or from a missing capability. */
	if (error == -EPERM || (error == -EACCES && !tg_capabilities_compare()))
		return tg_error_set(
			errmsg, EPERM,
			"no privilege to load BPF programs; run as root or with CAP_BPF, "
			"CAP_NET_ADMIN and CAP_PERFMON");
	/* The verifier gives EACCES too, but takes the program of the check. */
	if (error == -EACCES && tg_load_check(errmsg))
		return -EPERM;
	if (error == -EACCES)
		error = -EOPNOTSUPP;
	return tg_error_set(errmsg, error,
			    "this kernel's verifier did not take the packet program: %s; run with "
			    "--log-level debug to see what it says, and report it",
			    strerror(-error));
}

/* Looks for a pin that cannot be opened, before @error is laid to the verifier. */
static int explain_object(const struct tidegate_bpf *skeleton, char *errmsg, int error)
{
	const struct bpf_map *map;
	const char *path;
	int fd;

	bpf_object__for_each_map(map, skeleton->obj)
	{
		path = bpf_map__pin_path(map);
		fd = path ? bpf_obj_get(path) : -ENOENT;
		if (fd >= 0) {
			close(fd);
		} else if (path && (errno == EACCES || errno == EPERM)) {
			return tg_error_set(errmsg, errno,
					    "the pinned map %s cannot be opened: %s; the daemon's "
					    "user must be able to enter each directory of its "
					    "path and to read and write it, and no security "
					    "module may forbid it",
					    path, strerror(errno));
		}
	}
	return tg_program_explain_load(errmsg, error);
}

static struct tg_policy_maps policy_maps(const struct tg_program *program)
{
	return (struct tg_policy_maps){program->skeleton, &program->contents};
}

/* True if the kernel may interrupt one packet's program for another's, on the same CPU. */
static bool is_preempt_rt(void)
{
	struct utsname system;

	return uname(&system) || strstr(system.version, "PREEMPT_RT");
}

/* Opens the skeleton and sets all that must be set before the load. */
static int prepare(const struct tg_compiled *compiled, unsigned int hooks,
		   const struct tg_policy_maps *previous, struct tg_program **program, char *errmsg)
{
	tg_cleanup(tg_program_free) struct tg_program *made = calloc(1, sizeof(*made));
	struct tg_policy_maps maps;
	int error;

	if (!made)
		return tg_error_set(errmsg, ENOMEM, "out of memory");
	made->skeleton = tidegate_bpf__open();
	if (!made->skeleton)
		return tg_program_explain_load(errmsg, -errno);
	tg_contents_share(&made->contents, &compiled->contents);
	memcpy((void *)&made->skeleton->rodata->policy, &compiled->policy,
	       sizeof(compiled->policy));
	*(__u32 *)&made->skeleton->rodata->policy.preemptible = is_preempt_rt();
	made->hooks = hooks;
	skip_unused_hooks(made);
	bpf_map__set_max_entries(made->skeleton->maps.buckets, compiled->policy.table.lines);
	maps = policy_maps(made);
	error = tg_policy_maps_prepare(&maps, previous);
	if (error)
		return tg_error_set(errmsg, error, "cannot prepare the policy's maps: %s",
				    strerror(-error));
	*program = TAKE_PTR(made);
	return 0;
}

static int load(const struct tg_program *program, const struct tg_compiled *compiled,
		const struct tg_policy_maps *previous, char *errmsg)
{
	const struct tg_policy_maps maps = policy_maps(program);
	int error = tidegate_bpf__load(program->skeleton);

	if (error)
		return explain_object(program->skeleton, errmsg, error);
	error = tg_table_prepare(bpf_map__fd(program->skeleton->maps.buckets),
				 &compiled->policy.table);
	if (!error)
		error = tg_policy_maps_fill(&maps, previous);
	if (error)
		return tg_error_set(errmsg, error, "cannot fill the policy's maps: %s",
				    strerror(-error));
	return 0;
}

int tg_program_load(tg_map_path *path, const void *data, const struct tg_compiled *compiled,
		    unsigned int hooks, const struct tg_program *previous,
		    struct tg_program **program, char *errmsg)
{
	tg_cleanup(tg_program_free) struct tg_program *made = NULL;
	struct tg_policy_maps before;
	int error;

	if (previous)
		before = policy_maps(previous);
	error = prepare(compiled, hooks, previous ? &before : NULL, &made, errmsg);
	if (error)
		return error;
	memcpy((void *)&made->skeleton->rodata->gso_layout, tg_gso_layout_get(),
	       sizeof(struct tg_gso_layout));
	error = set_pins(made->skeleton, path, data);
	if (error)
		return tg_program_explain_load(errmsg, error);
	error = load(made, compiled, previous ? &before : NULL, errmsg);
	if (error)
		return error;
	*program = TAKE_PTR(made);
	return 0;
}

int tg_program_load_virtual(const struct tg_compiled *compiled, enum tg_hook hook,
			    struct tg_program **program, char *errmsg)
{
	tg_cleanup(tg_program_free) struct tg_program *made = NULL;
	int error = prepare(compiled, 1U << hook, NULL, &made, errmsg);

	if (error)
		return error;
	libbpf_set_print(NULL); /* @errmsg says enough without privilege */
	*(bool *)&made->skeleton->rodata->virtual_clock = true;
	error = load(made, compiled, NULL, errmsg);
	if (error)
		return error;
	error = tg_program_reserve(made);
	if (error)
		return tg_error_set(errmsg, error, "cannot divide the table: %s", strerror(-error));
	*program = TAKE_PTR(made);
	return 0;
}

int tg_program_run(const struct tg_program *program, enum tg_hook hook, uint64_t now,
		   const struct tg_frame *frame, struct tg_trace *trace)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame->bytes,
		    .data_size_in = frame->captured, .repeat = 1);
	struct tidegate_bpf__bss *state = program->skeleton->bss;
	struct __sk_buff skb = {.gso_size = frame->segment_size, .gso_segs = frame->segments};

	if (hook != TG_HOOK_XDP && frame->segments) {
		options.ctx_in = &skb;
		options.ctx_size_in = sizeof(skb);
	}
	state->virtual_now[TG_CLOCK_PRECISE] = state->virtual_now[TG_CLOCK_COARSE] = now;
	state->virtual_length = frame->length;
	memset(&state->trace, 0, sizeof(state->trace));
	if (bpf_prog_test_run_opts(
		    bpf_program__fd(packet_program(program, hook, TG_HEADER_ETHERNET)), &options))
		return -errno;
	*trace = state->trace;
	return 0;
}

int tg_program_zero(int map, uint32_t index, size_t size)
{
	tg_autofree void *zeros = calloc(libbpf_num_possible_cpus(), size);

	if (!zeros)
		return -ENOMEM;
	return bpf_map_update_elem(map, &index, zeros, BPF_ANY) ? -errno : 0;
}

int tg_program_sum(int map, uint32_t index, uint64_t *sum, size_t size)
{
	int cpus = libbpf_num_possible_cpus(), cpu;
	size_t n = size / sizeof(*sum), i;
	tg_autofree uint64_t *values = NULL;

	if (cpus < 1)
		return -EINVAL;
	values = calloc(cpus, size);
	if (!values)
		return -ENOMEM;
	if (bpf_map_lookup_elem(map, &index, values))
		return -errno;
	memset(sum, 0, size);
	for (cpu = 0; cpu < cpus; cpu++)
		for (i = 0; i < n; i++)
			sum[i] += values[cpu * n + i];
	return 0;
}

static int run_sweep(const struct bpf_program *sweeper, struct tg_sweep *sweep)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = sweep, .ctx_size_in = sizeof(*sweep));

	if (bpf_prog_test_run_opts(bpf_program__fd(sweeper), &options))
		return tg_log_errno(errno, "sweep of the bucket table");
	return 0;
}

int tg_program_sweep_some(const struct tg_program *program, struct tg_sweep *sweep)
{
	int error;

	sweep->count = TG_SWEEP_RUN;
	error = run_sweep(program->skeleton->progs.tidegate_sweep, sweep);
	return error ? error : sweep->more != 0;
}

int tg_program_sweep(const struct tg_program *program, struct tg_sweep *sweep)
{
	int more;

	do
		more = tg_program_sweep_some(program, sweep);
	while (more > 0);
	return more;
}

int tg_program_reclaim(const struct tg_program *program, struct tg_sweep *sweep,
		       const uint32_t *entries)
{
	static uint32_t indices[TG_CANDIDATES_MAX];
	uint32_t n = sweep->candidates, i;

	for (i = 0; i < n; i++)
		indices[i] = i;
	if (bpf_map_update_batch(bpf_map__fd(program->skeleton->maps.candidates), indices, entries,
				 &n, NULL))
		return tg_log_errno(errno, "places to be reclaimed");
	return run_sweep(program->skeleton->progs.tidegate_reclaim, sweep);
}

int tg_program_reserve(const struct tg_program *program)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);

	if (bpf_prog_test_run_opts(bpf_program__fd(program->skeleton->progs.tidegate_reserve),
				   &options))
		return tg_log_errno(errno, "division of the bucket table");
	return 0;
}

int tg_program_debit_fd(const struct tg_program *program)
{
	return bpf_program__fd(program->skeleton->progs.tidegate_debit);
}

void tg_program_free(struct tg_program **program)
{
	if (!*program)
		return;
	tidegate_bpf__destroy((*program)->skeleton);
	tg_contents_clear(&(*program)->contents);
	free(*program);
	*program = NULL;
}

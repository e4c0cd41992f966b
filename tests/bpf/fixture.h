/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real programs, loaded for one test with a policy from YAML, no interface and virtual clocks.
 */
#ifndef TG_TEST_FIXTURE_H
#define TG_TEST_FIXTURE_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/config.h"
#include "config/load.h"
#include "packet.h"
#include "policy/compile.h"
#include "kernel/bucket_table.h"
#include "kernel/gso_layout.h"
#include "policy/table_layout.h"
#include "test.h"
#include <tidegate/segments.h>
#include <tidegate/trace.h>
#include <tidegate/sweep.h>

#include "tidegate.skel.h"

#define MS	 1000000ULL
#define S	 TG_NS_PER_S
#define TICK	 (4 * MS)
#define LOOPBACK 1 /* BPF_PROG_TEST_RUN's ingress interface unless told otherwise */

struct fixture {
	struct tidegate_bpf *skeleton;
	struct tg_compiled *compiled;
	struct tg_config *config;
	int xdp;
	int programs[TG_HOOKS]; /* likewise, of all hooks */
};

/* What came of a packet. */
struct outcome {
	int verdict;
	struct packet packet; /* as it left; only bytes and length */
	struct __sk_buff skb; /* at TC: mark, priority, tstamp as it left */
};

/* False for what is timed: the kernel's clocks, as in earnest. */
static bool fixture_virtual = true;

/* What the clock of ticks resolves, ns; UINT64_MAX: it is not used. */
static uint64_t fixture_tick = TICK;

/* For a test that wants to see what the verifier has to say: called before the load. */
static void (*fixture_before_load)(struct fixture *fixture);

/* For what the configuration cannot say: called before it is compiled. */
static void (*fixture_before_compile)(struct tg_config *config);

static const struct tg_meta test_meta = {
	.abi_version = TG_ABI_VERSION, .next_serial = 1, .hash_key = {123, 456}, .tick = TICK};

/* What an earlier generation left: the slots of its limits. */
static struct tg_limit_record fixture_records[TG_LIMITS_MAX];

static inline void fixture_close(struct fixture *fixture)
{
	tidegate_bpf__destroy(fixture->skeleton);
	tg_compiled_free(&fixture->compiled);
	tg_config_free(&fixture->config);
}

static inline void set_now(struct fixture *fixture, uint64_t now)
{
	fixture->skeleton->bss->virtual_now[TG_CLOCK_PRECISE] = now;
	fixture->skeleton->bss->virtual_now[TG_CLOCK_COARSE] = now;
}

static inline int fill_field(struct bpf_map *map, const struct tg_field_masks *field)
{
	size_t size = sizeof(field->masks);
	void *memory;

	if (!field)
		return 0;
	memory = mmap(NULL, size, PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
	if (memory == MAP_FAILED)
		return -1;
	memcpy(memory, field->masks, size);
	return munmap(memory, size);
}

static inline int fill_addresses(struct bpf_map *map, const struct tg_address_entries *entries)
{
	size_t i;

	for (i = 0; entries && i < entries->n; i++)
		if (bpf_map__update_elem(map, &entries->items[i].key, sizeof(struct tg_lpm_key),
					 &entries->items[i].limits, 8, BPF_ANY))
			return -1;
	return 0;
}

static inline int fill_maps(struct fixture *fixture)
{
	struct tidegate_bpf *skeleton = fixture->skeleton;
	struct tg_compiled *compiled = fixture->compiled;
	const struct tg_contents *contents = &compiled->contents;
	struct tg_list_entry entry;
	uint32_t i, hook, index;
	int error = tg_table_prepare(bpf_map__fd(skeleton->maps.buckets), &compiled->policy.table);

	error |= fill_field(skeleton->maps.source_ports, contents->source_ports);
	error |= fill_field(skeleton->maps.destination_ports, contents->destination_ports);
	error |= fill_field(skeleton->maps.lengths, contents->lengths);
	error |= fill_addresses(skeleton->maps.sources, contents->sources);
	error |= fill_addresses(skeleton->maps.destinations, contents->destinations);
	for (i = 0; i < tg_list_content_size(contents->lists); i++) {
		entry = tg_list_content_entry(contents->lists, i);
		error |= bpf_map__update_elem(skeleton->maps.lists, &entry.key, sizeof(entry.key),
					      &entry.value, sizeof(entry.value), BPF_ANY);
	}
	for (i = 0; i < TG_LIMITS_MAX; i++)
		error |= bpf_map__update_elem(skeleton->maps.records, &i, 4, &compiled->records[i],
					      sizeof(compiled->records[i]), BPF_ANY) |
			 bpf_map__update_elem(skeleton->maps.gates, &i, 4, &compiled->admissions[i],
					      sizeof(compiled->admissions[i]), BPF_ANY);
	for (hook = 0; hook < TG_HOOKS; hook++) {
		i = hook * TG_IFINDEX_SLOTS + LOOPBACK;
		index = 1 + hook;
		error |=
			bpf_map__update_elem(skeleton->maps.attachments, &i, 4, &index, 4, BPF_ANY);
	}
	return error;
}

/* Returns why this process can load no program, or NULL if it can. */
static inline const char *fixture_unable(void)
{
	__u32 id;

	if (geteuid() != 0)
		return "needs root, to load BPF programs";
	if (bpf_prog_get_next_id(0, &id) && errno != ENOENT)
		return "needs to load BPF programs, which this container or kernel does not allow";
	return NULL;
}

/* Divides the table among the limits, as the daemon has it done after the switch. */
static inline int divide_table(struct fixture *fixture)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);

	return bpf_prog_test_run_opts(bpf_program__fd(fixture->skeleton->progs.tidegate_reserve),
				      &options);
}

/* @hooks: as in the configuration, with commas. Returns false after failing or skipping the test.
 */
static inline bool fixture_open_at(struct fixture *fixture, const char *hooks, const char *limits)
{
	struct tg_diagnostics diagnostics = {};
	const struct tg_contents *contents;
	char yaml[65536];

	memset(fixture, 0, sizeof(*fixture));
	tg_test_skipped = fixture_unable();
	if (tg_test_skipped)
		return false;
	snprintf(yaml, sizeof(yaml), "interfaces: [{name: lo, hooks: [%s]}]\n%s", hooks, limits);
	if (tg_config_parse("test.yaml", yaml, strlen(yaml), &fixture->config, &diagnostics))
		tg_diagnostics_print(&diagnostics, stdout);
	tg_diagnostics_clear(&diagnostics);
	if (fixture->config && fixture_before_compile)
		fixture_before_compile(fixture->config);
	fixture->skeleton = tidegate_bpf__open();
	if (!fixture->config || !fixture->skeleton ||
	    tg_policy_compile(fixture->config, fixture_records, &test_meta, 0, fixture_tick, NULL,
			      &fixture->compiled)) {
		CHECK(false, "cannot prepare: %s", limits);
		return false;
	}
	memcpy((void *)&fixture->skeleton->rodata->policy, &fixture->compiled->policy,
	       sizeof(struct tg_policy));
	*(bool *)&fixture->skeleton->rodata->virtual_clock = fixture_virtual;
	memcpy((void *)&fixture->skeleton->rodata->gso_layout, tg_gso_layout_get(),
	       sizeof(struct tg_gso_layout));
	bpf_map__set_max_entries(fixture->skeleton->maps.buckets,
				 fixture->compiled->policy.table.lines);
	contents = &fixture->compiled->contents;
	bpf_map__set_max_entries(fixture->skeleton->maps.lists,
				 tg_list_content_size(contents->lists) + 1);
	bpf_map__set_max_entries(fixture->skeleton->maps.sources,
				 contents->sources ? contents->sources->n + 1 : 1);
	bpf_map__set_max_entries(fixture->skeleton->maps.destinations,
				 contents->destinations ? contents->destinations->n + 1 : 1);
	if (fixture_before_load)
		fixture_before_load(fixture);
	if (tidegate_bpf__load(fixture->skeleton) || fill_maps(fixture) || divide_table(fixture)) {
		CHECK(false, "cannot load: %s", strerror(errno));
		return false;
	}
	fixture->xdp = bpf_program__fd(fixture->skeleton->progs.tidegate_xdp);
	fixture->programs[TG_HOOK_XDP] = fixture->xdp;
	fixture->programs[TG_HOOK_TC_INGRESS] =
		bpf_program__fd(fixture->skeleton->progs.tidegate_tc_ingress);
	fixture->programs[TG_HOOK_TC_EGRESS] =
		bpf_program__fd(fixture->skeleton->progs.tidegate_tc_egress);
	set_now(fixture, 1000 * S);
	return true;
}

static inline bool fixture_open(struct fixture *fixture, const char *limits)
{
	return fixture_open_at(fixture, "xdp", limits);
}

/* XDP_PASS or XDP_DROP, or -1. */
static inline int run(struct fixture *fixture, const struct packet *packet, size_t length)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet->bytes, .data_size_in = length,
		    .repeat = 1);

	if (bpf_prog_test_run_opts(fixture->xdp, &options))
		return -1;
	return options.retval;
}

/*
 * Runs a hook's program; false if the kernel's test runner refused. At TC, @skb gives the
 * metadata (mark, priority, tstamp, gso_size, gso_segs) and may be NULL. The runner adds
 * nothing behind the packet, and hands back what the program left.
 */
static inline bool run_at(struct fixture *fixture, enum tg_hook hook, const struct packet *packet,
			  const struct __sk_buff *skb, struct outcome *outcome)
{
	struct __sk_buff in = {}, *out = &outcome->skb;
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet->bytes,
		    .data_size_in = packet->length, .data_out = outcome->packet.bytes,
		    .data_size_out = sizeof(outcome->packet.bytes), .repeat = 1);

	memset(outcome, 0, sizeof(*outcome));
	if (skb)
		in = *skb;
	if (hook != TG_HOOK_XDP) {
		options.ctx_in = &in;
		options.ctx_size_in = sizeof(in);
		options.ctx_out = out;
		options.ctx_size_out = sizeof(*out);
	}
	if (bpf_prog_test_run_opts(fixture->programs[hook], &options))
		return false;
	outcome->verdict = options.retval;
	outcome->packet.length = options.data_size_out;
	return true;
}

/* The packet goes on: what XDP and TC call by different numbers. */
static inline bool passed(enum tg_hook hook, const struct outcome *outcome)
{
	return outcome->verdict == (hook == TG_HOOK_XDP ? XDP_PASS : TC_ACT_UNSPEC);
}

static inline void read_per_cpu(struct bpf_map *map, uint32_t index, __u64 *sum, size_t size)
{
	int cpus = libbpf_num_possible_cpus(), cpu;
	__u64 *values = calloc(cpus, size);
	size_t i;

	memset(sum, 0, size);
	bpf_map_lookup_elem(bpf_map__fd(map), &index, values);
	for (cpu = 0; cpu < cpus; cpu++)
		for (i = 0; i < size / 8; i++)
			sum[i] += values[cpu * size / 8 + i];
	free(values);
}

/* The number of the key's entry, or below 0; and how the bucket is. */
static inline int find_bucket(struct fixture *fixture, const struct tg_bucket_key *key,
			      struct tg_bucket *bucket)
{
	struct tg_table_entry entry = {};
	int number = tg_table_lookup(bpf_map__fd(fixture->skeleton->maps.buckets),
				     &fixture->compiled->policy.table, key, &entry);

	if (number >= 0)
		*bucket = entry.bucket;
	return number;
}

static inline void store_bucket(struct fixture *fixture, uint32_t number,
				const struct tg_bucket *bucket)
{
	uint32_t index = fixture->compiled->policy.table.first_entry + number;
	union tg_table_line line;

	bpf_map__lookup_elem(fixture->skeleton->maps.buckets, &index, 4, &line, sizeof(line), 0);
	line.entry.bucket = *bucket;
	bpf_map__update_elem(fixture->skeleton->maps.buckets, &index, 4, &line, sizeof(line),
			     BPF_ANY);
}

static inline struct tg_interface_counters reasons_at(struct fixture *fixture, enum tg_hook hook)
{
	struct tg_interface_counters counters;

	read_per_cpu(fixture->skeleton->maps.interface_counters, 1 + hook, counters.packets,
		     sizeof(counters));
	return counters;
}

static inline struct tg_interface_counters reasons(struct fixture *fixture)
{
	return reasons_at(fixture, TG_HOOK_XDP);
}

static inline struct tg_limit_counters limit_counters(struct fixture *fixture, size_t limit)
{
	struct tg_limit_counters counters;

	read_per_cpu(fixture->skeleton->maps.limit_counters, fixture->compiled->slots[limit],
		     counters.packets, sizeof(counters));
	return counters;
}

/* One run of a sweep, over @count numbers. */
static inline int sweep_some(struct fixture *fixture, struct tg_sweep *request, uint32_t count)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = request, .ctx_size_in = sizeof(*request));

	request->count = count;
	return bpf_prog_test_run_opts(bpf_program__fd(fixture->skeleton->progs.tidegate_sweep),
				      &options);
}

/* All runs. */
static inline int sweep(struct fixture *fixture, struct tg_sweep *request)
{
	int error;

	request->next = request->visited = request->reclaimed = 0;
	request->converted = request->reset = 0;
	do
		error = sweep_some(fixture, request, TG_SWEEP_RUN);
	while (!error && request->more);
	return error;
}

static inline void udp_from(struct packet *packet, const char *source, uint16_t port)
{
	put_ethernet(packet, strchr(source, ':') ? ETH_P_IPV6 : ETH_P_IP);
	if (strchr(source, ':'))
		put_ipv6(packet, source, IPPROTO_UDP, 64);
	else
		put_ipv4(packet, source, IPPROTO_UDP, 0, 0);
	put_udp(packet, port, 18);
	packet_done(packet);
}

/* How many of @n packets from @source pass. */
static inline int passes(struct fixture *fixture, const char *source, uint16_t port, int n)
{
	struct packet packet;
	int passed = 0;

	udp_from(&packet, source, port);
	while (n--)
		passed += run(fixture, &packet, packet.length) == XDP_PASS;
	return passed;
}

#endif

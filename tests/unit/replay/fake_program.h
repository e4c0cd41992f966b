/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A packet program that answers as a test says, and simulations that run it. The real one runs
 * captures in tests/netns/test_simulate.sh. */
#ifndef TG_FAKE_PROGRAM_H
#define TG_FAKE_PROGRAM_H

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "config/load.h"
#include "kernel/bucket_table.h"
#include "kernel/program.h"
#include "datapath/reclaim.h"
#include "replay/simulation.h"
#include "test.h"

#define S   1000000000ULL
#define MS  1000000ULL
#define DAY (86400 * S)
#define T   (1790000000 * S) /* 2026-09-21T14:13:20Z */

/* In the place of the program and of its maps. */
static struct {
	/* what it answers */
	struct tg_trace trace;
	int load_error, fill_error, run_error, sum_error, sweep_error, usage_error;
	int interrupts; /* so many runs fail with EINTR first */
	struct tg_limit_counters limits[TG_LIMITS_MAX];
	struct tg_interface_counters interface;
	struct tg_table_usage usage;
	uint32_t reclaims; /* each sweep */
	/* what it was told */
	unsigned int fills, runs, sweeps, freed;
	uint64_t now; /* of the last run */
	struct tg_frame frame;
	uint8_t bytes[TG_FRAME_LEAST];
	uint64_t returning_idle; /* of the last sweep */
	uint32_t limit_id;	 /* of the last sweep */
} kernel;

int tg_program_load_virtual(const struct tg_compiled *compiled, enum tg_hook hook,
			    struct tg_program **program, char *errmsg)
{
	if (kernel.load_error)
		return tg_error_set(errmsg, kernel.load_error, "not loaded");
	*program = (struct tg_program *)&kernel;
	return 0;
}

int tg_program_map_fd(const struct tg_program *program, enum tg_map map)
{
	return (int)map;
}

int bpf_map_update_elem(int map, const void *key, const void *value, __u64 flags)
{
	kernel.fills++;
	errno = EPERM;
	return kernel.fill_error;
}

int tg_program_run(const struct tg_program *program, enum tg_hook hook, uint64_t now,
		   const struct tg_frame *frame, struct tg_trace *trace)
{
	if (kernel.interrupts-- > 0)
		return -EINTR;
	kernel.runs++;
	kernel.now = now;
	kernel.frame = *frame;
	memcpy(kernel.bytes, frame->bytes, sizeof(kernel.bytes));
	*trace = kernel.trace;
	return kernel.run_error;
}

int tg_program_sum(int map, uint32_t index, uint64_t *sum, size_t size)
{
	if (kernel.sum_error)
		return kernel.sum_error;
	if (map == TG_MAP_LIMIT_COUNTERS)
		memcpy(sum, &kernel.limits[index], size);
	else
		memcpy(sum, &kernel.interface, size);
	return 0;
}

int tg_program_sweep(const struct tg_program *program, struct tg_sweep *sweep)
{
	CHECK(sweep->flags == (TG_SWEEP_RECLAIM | TG_SWEEP_BY_LIMIT), "%x", sweep->flags);
	kernel.sweeps++;
	kernel.limit_id = sweep->limit_id;
	kernel.returning_idle = sweep->idle[TG_RETURNING];
	sweep->reclaimed = kernel.reclaims;
	return kernel.sweep_error;
}

void tg_program_free(struct tg_program **program)
{
	kernel.freed += *program != NULL;
	*program = NULL;
}

int tg_table_read_usage(int fd, struct tg_table_usage *usage)
{
	CHECK(fd == TG_MAP_BUCKETS, "%d", fd);
	*usage = kernel.usage;
	return kernel.usage_error;
}

bool tg_reclaim_is_due(uint64_t quota, int64_t open)
{
	return TG_QUOTA_HELD(quota) >= 50;
}

/* Half as long where it is full, so that a test sees that the answer is used the next time. */
uint64_t tg_reclaim_adapt(uint64_t returning_idle, uint64_t used, uint64_t size)
{
	return used >= size ? returning_idle / 2 : returning_idle;
}

static const char policy[] =
	"interfaces: [{name: eth0, hooks: [xdp, tc-egress]}]\n"
	"table: {size: 100}\n"
	"limits:\n"
	"  - {name: a, prefix: {ipv4: 24, ipv6: 48}, capacity: 9, rate: 9/s}\n"
	"  - {name: b, per: everyone, unit: bytes, capacity: 9kB, rate: 9kB/s, shadow: true}\n"
	"  - {name: out, match: {hook: tc-egress}, capacity: 9, rate: 9/s}\n";

#define A 1ULL /* the slots, as bits: the order of the configuration, at the first start */
#define B 2ULL

struct fixture {
	struct tg_config *config;
	struct tg_simulation simulation;
	char errmsg[TG_ERRMSG_SIZE];
};

static void fixture_open(struct fixture *fixture)
{
	struct tg_diagnostics diagnostics = {};

	memset(fixture, 0, sizeof(*fixture));
	memset(&kernel, 0, sizeof(kernel));
	kernel.trace.evaluated = kernel.trace.segments = 1;
	CHECK(tg_config_parse("p.yaml", policy, strlen(policy), &fixture->config, &diagnostics) ==
		      0,
	      "%s", diagnostics.n ? diagnostics.items[0].message : "");
	fixture->simulation.capture = "c.pcap";
	CHECK(tg_simulation_open(&fixture->simulation, fixture->config, TG_HOOK_XDP, 1500,
				 fixture->errmsg) == 0,
	      "%s", fixture->errmsg);
	CHECK(tg_replay_compiled(fixture->simulation.replay)->slots[0] == 0 &&
		      tg_replay_compiled(fixture->simulation.replay)->slots[1] == 1,
	      "A and B");
}

static void fixture_close(struct fixture *fixture)
{
	tg_simulation_close(&fixture->simulation);
	CHECK(kernel.freed == 1 && !fixture->simulation.replay, "freed once");
	tg_simulation_close(&fixture->simulation);
	tg_config_free(&fixture->config);
}

static const uint8_t frame_bytes[8192] = "0123456789abcdef";

static int packet(struct fixture *fixture, uint64_t time)
{
	const struct tg_frame frame = {
		.time = time, .bytes = frame_bytes, .captured = 60, .length = 100};

	return tg_simulation_packet(&fixture->simulation, &frame, fixture->errmsg);
}

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All programs load on the kernel's clocks, as they do in earnest, with whole policies; and the
 * verifier's bounds are not so near that the next change breaks one of them.
 */
#include <linux/bpf.h>
#include <tidegate/trace.h>

#include "app.skel.h"
#include "fixture.h"

#define STEPS_MAX	 1000000 /* the verifier's, */
#define STEPS_MARGIN	 2	 /* and how often a program should fit into them */
/* Of all programs: most of the time that a reload takes. docs/datapath.md has the compilers'. */
#define STEPS_OF_ALL	 1300000
#define STACK_MAX	 512
#define STACK_MARGIN	 32
#define STACK_ROUNDING	 32 /* of each function's, before Linux 6.8; 16 since */
#define FUNCTIONS_MAX	 64
#define INSTRUCTIONS_MAX 32768
#define LOG_SIZE	 65536
#define PROGRAMS_MAX	 24

/* What the verifier says with this level alone: its sums. */
#define LOG_STATISTICS 4

static char logs[PROGRAMS_MAX][LOG_SIZE];

static const char small[] = "limits: [{name: l, capacity: 10, rate: 10/s}]";

/* One limit of each action and of each thing that a limit can have. */
static const char all[] =
	"table: {size: 1024}\n"
	"sets: {office: [192.0.2.0/24, '2001:db8::/32']}\n"
	"allow: [office]\n"
	"deny: [198.51.100.7]\n"
	"limits:\n"
	"  - {name: drop, match: {protocol: udp, destination_port: [53, 8000-8010],\n"
	"     source_port: 123, source: [office], destination: [203.0.113.0/24], length: 0-128},\n"
	"     capacity: 100, refill_amount: 10, refill_interval: 1s,\n"
	"     new_sources: {rate: 10000/s, burst: 20000}}\n"
	"  - {name: not, match: {not: {protocol: tcp, source: [office]}}, capacity: 10, rate: 1/m}\n"
	"  - {name: flags, match: {tcp_flags: syn}, capacity: 10, rate: 10/s}\n"
	"  - {name: connections, unit: connections, capacity: 10, rate: 10/s}\n"
	"  - {name: fragments, match: {fragment: true}, capacity: 10, rate: 10/s}\n"
	"  - {name: icmp, match: {protocol: icmp, icmp_type: 8}, capacity: 10, rate: 10/s}\n"
	"  - {name: bytes, unit: bytes, per: everyone, capacity: 1MB, rate: 100Mbit/s}\n"
	"  - {name: ports, per: [destination, destination_port, protocol],\n"
	"     prefix: {ipv4: 24, ipv6: 48}, capacity: 10, rate: 10/s}\n"
	"  - {name: backoff, capacity: 10, rate: 10/s,\n"
	"     backoff: {initial: 100ms, factor: 2, max: 2s}}\n"
	"  - {name: mark, capacity: 10, rate: 10/s, on_exceed: mark, mark: {dscp: cs1, ecn: true}}\n"
	"  - {name: above, capacity: 10, rate: 10/s, mark_above: 5, mark: {dscp: cs1}}\n"
	"  - {name: reject, match: {hook: [xdp, tc-ingress]}, capacity: 10, rate: 10/s,\n"
	"     on_exceed: reject}\n"
	"  - {name: refused, match: {hook: xdp, protocol: udp, destination_port: 53},\n"
	"     capacity: 10, rate: 10/s, on_exceed: reject, reject: {dns: refused}}\n"
	"  - {name: shadow, capacity: 10, rate: 10/s, shadow: true}\n"
	"  - {name: fwmark, match: {hook: [tc-ingress, tc-egress]}, capacity: 10, rate: 10/s,\n"
	"     on_exceed: mark, mark: {fwmark: 16, priority: 7}}\n"
	"  - {name: delay, match: {hook: tc-egress}, capacity: 10, rate: 1000/s,\n"
	"     on_exceed: delay, max_delay: 2s}\n";

static void ask_for_statistics_of(const struct bpf_object *object)
{
	struct bpf_program *program;
	size_t i = 0;

	bpf_object__for_each_program(program, object)
	{
		bpf_program__set_log_buf(program, logs[i], LOG_SIZE);
		bpf_program__set_log_level(program, LOG_STATISTICS);
		i++;
	}
}

static void ask_for_statistics(struct fixture *fixture)
{
	ask_for_statistics_of(fixture->skeleton->obj);
}

/*
 * The loaded program, without what the verifier has found dead: where its functions begin, and how
 * much stack each takes, in the same order.
 */
struct functions {
	struct bpf_insn code[INSTRUCTIONS_MAX];
	size_t size, n;
	size_t start[FUNCTIONS_MAX];
	unsigned int stack[FUNCTIONS_MAX];
	unsigned long steps;
};

static size_t function_at(const struct functions *functions, size_t start)
{
	size_t i;

	for (i = 0; i < functions->n && functions->start[i] != start; i++)
		;
	return i;
}

/* Where a function begins that instruction @i calls or hands to a helper; 0: none, for 0 is main.
 * The kernel shows calls with the distance in `off`. */
static size_t called_at(const struct functions *functions, size_t i)
{
	const struct bpf_insn *code = &functions->code[i];

	if (code->code == (BPF_JMP | BPF_CALL) && code->src_reg == BPF_PSEUDO_CALL)
		return i + 1 + code->off;
	if (code->code == (BPF_LD | BPF_IMM | BPF_DW) && code->src_reg == BPF_PSEUDO_FUNC)
		return i + 1 + code->imm;
	return 0;
}

static bool find_functions(struct functions *functions, const struct bpf_program *program)
{
	static struct bpf_func_info records[FUNCTIONS_MAX];
	struct bpf_prog_info info = {.xlated_prog_insns = (uintptr_t)functions->code,
				     .xlated_prog_len = sizeof(functions->code),
				     .func_info = (uintptr_t)records,
				     .func_info_rec_size = sizeof(records[0]),
				     .nr_func_info = FUNCTIONS_MAX};
	__u32 length = sizeof(info);
	size_t i;

	if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &length) ||
	    info.xlated_prog_len > sizeof(functions->code) || info.nr_func_info > FUNCTIONS_MAX)
		return false;
	functions->size = info.xlated_prog_len / sizeof(struct bpf_insn);
	functions->steps = info.verified_insns;
	functions->n = info.nr_func_info;
	for (i = 0; i < functions->n; i++)
		functions->start[i] = records[i].insn_off;
	return true;
}

/* "stack depth 96+0+256", of the functions in order. */
static bool read_stacks(struct functions *functions, const char *log)
{
	const char *at = strstr(log, "stack depth ");
	char *end;
	size_t i;

	if (!at)
		return false;
	at += strlen("stack depth ");
	for (i = 0; i < functions->n; i++, at = *end == '+' ? end + 1 : end) {
		functions->stack[i] = strtoul(at, &end, 10);
		if (end == at)
			return false;
	}
	return *end == '\n';
}

/* Of a function with all that it calls, as the verifier adds it up. */
static unsigned int deepest(const struct functions *functions, size_t function)
{
	size_t end = function + 1 < functions->n ? functions->start[function + 1] : functions->size;
	unsigned int own = functions->stack[function] ? functions->stack[function] : 1, below = 0,
		     one;
	size_t i, called;

	for (i = functions->start[function]; i < end; i++) {
		if (!called_at(functions, i))
			continue;
		called = function_at(functions, called_at(functions, i));
		one = called < functions->n ? deepest(functions, called) : STACK_MAX;
		below = one > below ? one : below;
	}
	return (own + STACK_ROUNDING - 1) / STACK_ROUNDING * STACK_ROUNDING + below;
}

/* True if the bounds hold that leave room for the next change: for the default compiler. */
static bool leaves_room(void)
{
	return !getenv("TG_OTHER_COMPILER");
}

/* How many steps the verifier took. */
static unsigned long check_program(const struct bpf_program *program, const char *log,
				   const char *policy)
{
	const char *name = bpf_program__name(program);
	static struct functions functions;
	unsigned int stack;

	if (!find_functions(&functions, program) || !read_stacks(&functions, log)) {
		CHECK(false, "%s: cannot be reckoned; %s", name, log);
		return 0;
	}
	stack = deepest(&functions, 0);
	printf("%s, %s: %lu steps, %u bytes of stack\n", policy, name, functions.steps, stack);
	CHECK(functions.steps <= STEPS_MAX / STEPS_MARGIN);
	CHECK(stack <= STACK_MAX - (leaves_room() ? STACK_MARGIN : 0), "%s", log);
	return functions.steps;
}

static unsigned long check_programs(const struct bpf_object *object, const char *policy)
{
	struct bpf_program *program;
	unsigned long steps = 0;
	size_t i = 0;

	bpf_object__for_each_program(program, object)
	{
		steps += check_program(program, logs[i++], policy);
	}
	return steps;
}

/* The daemon only warns where this one does not load, so packets would not show it. */
static unsigned long check_app(const struct fixture *fixture, const char *policy)
{
	struct app_bpf *app = app_bpf__open();
	unsigned long steps = 0;

	if (!app) {
		CHECK(false, "cannot open: %s", strerror(errno));
		return 0;
	}
	memcpy((void *)&app->rodata->policy, &fixture->compiled->policy, sizeof(struct tg_policy));
	*(bool *)&app->rodata->virtual_clock = fixture_virtual;
	ask_for_statistics_of(app->obj);
	if (app_bpf__load(app))
		CHECK(false, "%s: cannot load the applications' program: %s", policy,
		      strerror(errno));
	else
		steps = check_programs(app->obj, policy);
	app_bpf__destroy(app);
	return steps;
}

static void check_policy(const char *name, const char *hooks, const char *limits)
{
	struct fixture fixture;
	unsigned long steps;

	fixture_before_load = ask_for_statistics;
	if (fixture_open_at(&fixture, hooks, limits)) {
		steps = check_programs(fixture.skeleton->obj, name);
		steps += check_app(&fixture, name);
		printf("%s, all: %lu steps\n", name, steps);
		CHECK(!leaves_room() || steps <= STEPS_OF_ALL);
	}
	fixture_close(&fixture);
}

TEST(test_one_limit)
{
	check_policy("one limit", "xdp", small);
}

TEST(test_every_feature)
{
	check_policy("every feature", "xdp, tc-ingress, tc-egress", all);
}

/* As many limits as there can be, which a packet may meet all at once. */
TEST(test_all_limits)
{
	char limits[16384] = "limits:\n";
	size_t used = strlen(limits);
	int i;

	for (i = 0; i < TG_LIMITS_MAX; i++)
		used += snprintf(limits + used, sizeof(limits) - used,
				 "  - {name: l%d, capacity: 10, rate: 10/s, "
				 "on_exceed: mark, mark: {dscp: cs1}}\n",
				 i);
	check_policy("all limits", "xdp, tc-ingress, tc-egress", limits);
}

TEST(test_lists_alone)
{
	check_policy("lists", "xdp, tc-ingress", "deny: [198.51.100.7]");
}

/* As tests and simulations have it, with more to do. */
TEST(test_virtual_clock)
{
	fixture_virtual = true;
	check_policy("virtual clock", "xdp, tc-ingress, tc-egress", all);
	fixture_virtual = false;
}

int main(void)
{
	static const struct tg_test tests[] = {RUN(test_one_limit), RUN(test_every_feature),
					       RUN(test_all_limits), RUN(test_lists_alone),
					       RUN(test_virtual_clock)};

	fixture_virtual = false;
	return tg_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}

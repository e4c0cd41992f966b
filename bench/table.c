// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * make bench-table: our table and the kernel's hash table, each with a sweep, two LRUs and a sketch
 * as the place for buckets: what they cost, what memory they take, and whom they serve under a
 * flood of spoofed sources. Costs are ns above making up the packet, all contestants in turn,
 * minimum and median of the rounds.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "kernel/bucket_table.h"
#include "policy/rate.h"
#include "table_contestants.h"
#include "policy/table_layout.h"

#include "bench/table.skel.h" /* of structs that the headers above have */

#define TABLE_SIZE    65536
#define ROUNDS	      11
#define A_SECOND      100000 /* packets, by the virtual clock, while costs are taken */
#define NEW_IN_SECOND 1000   /* of new_sources */
#define NS_PER_S      1000000000ULL
#define TICK	      4000000

static const char *const names[TABLE_CONTESTANTS] = {
	[TABLE_NOTHING] = "nothing",
	[TABLE_OURS] = "our table and sweep",
	[TABLE_ADMISSION] = "the same, new_sources 1000/s",
	[TABLE_HASH] = "HASH and sweep",
	[TABLE_LRU] = "LRU_HASH",
	[TABLE_LRU_PER_CPU] = "LRU_HASH, no common LRU",
	[TABLE_SKETCH] = "sketch",
};

/* All but the pattern. */
static void set_up(struct table_run *run)
{
	const struct tg_refill refill = {TABLE_CAPACITY, 1000 / TABLE_TOKEN_MS, NS_PER_S, true};
	const struct tg_refill new_sources = {2000, NEW_IN_SECOND, NS_PER_S, true};

	tg_rate_compile(&refill, TICK, 0, &run->rate);
	tg_rate_compile(&new_sources, TICK, 0, &run->admission_rate);
	run->now = 1000 * NS_PER_S;
	run->stride = 1;
	run->twice = 1;
}

/* The map in which the contestant has its buckets. */
static struct bpf_map *map_of(const struct table_bpf *contestant)
{
	__u32 which = contestant->rodata->contestant;

	if (table_is_ours(which))
		return contestant->maps.buckets;
	return which == TABLE_SKETCH ? contestant->maps.sketch : contestant->maps.hash_table;
}

/* Room for @size buckets. */
static void make_room(struct table_bpf *made, uint32_t size)
{
	__u32 which = made->rodata->contestant, entries = size;

	tg_table_design(&made->rodata->policy.table, size, made->rodata->secret);
	made->rodata->size = size;
	if (table_is_ours(which))
		entries = made->rodata->policy.table.lines;
	else if (which == TABLE_SKETCH)
		entries = size / TABLE_WAYS;
	if (which != TABLE_NOTHING)
		bpf_map__set_max_entries(map_of(made), entries);
}

static struct table_bpf *open_contestant(enum table_contestant contestant, uint32_t size)
{
	struct table_bpf *made = table_bpf__open();

	if (!made)
		return NULL;
	made->rodata->contestant = contestant;
	made->rodata->secret[0] = 0x0123456789abcdef;
	made->rodata->secret[1] = 0xfedcba9876543210;
	if (contestant == TABLE_LRU || contestant == TABLE_LRU_PER_CPU)
		bpf_map__set_type(made->maps.hash_table, BPF_MAP_TYPE_LRU_HASH);
	if (contestant == TABLE_LRU_PER_CPU)
		bpf_map__set_map_flags(made->maps.hash_table, BPF_F_NO_COMMON_LRU);
	make_room(made, size);
	if (table_bpf__load(made) ||
	    (table_is_ours(contestant) &&
	     tg_table_prepare(bpf_map__fd(made->maps.buckets), &made->rodata->policy.table))) {
		table_bpf__destroy(made);
		return NULL;
	}
	set_up(&made->bss->run);
	return made;
}

/* ns a packet. */
static double run(struct table_bpf *contestant, uint32_t packets)
{
	char frame[64] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = packets);

	if (bpf_prog_test_run_opts(bpf_program__fd(contestant->progs.charge), &options))
		return -1;
	return options.duration;
}

static void sweep(struct table_bpf *contestant)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);

	if (contestant->rodata->contestant <= TABLE_HASH)
		bpf_prog_test_run_opts(bpf_program__fd(contestant->progs.sweep), &options);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct row {
	const char *name;
	enum table_pattern pattern;
	uint32_t sources;
	uint32_t packets; /* in a round */
	bool swept;	  /* before each round the table is made empty */
};

/*
 * All sources have come once before, slowly enough for new_sources to let them in. Then they come
 * in another order, since they would else be found where they were put, one behind the other.
 */
static void begin(struct table_bpf *contestant, const struct row *row)
{
	struct table_run *state = &contestant->bss->run;

	state->pattern = row->pattern;
	state->sources = row->sources;
	state->next = 0;
	state->stride = 1;
	state->gap = NS_PER_S / NEW_IN_SECOND;
	run(contestant, row->sources + 1);
	state->next = 0;
	state->stride = row->sources / 1000 * 618 | 1; /* shares no divisor with a power of ten */
	state->gap = NS_PER_S / A_SECOND;
}

/* Time goes by, so that nearly all are admitted, and for the LRU lists rotate. */
static void measure(const struct row *row, struct table_bpf *contestants[TABLE_CONTESTANTS])
{
	double ns[TABLE_CONTESTANTS][ROUNDS];
	int i, round;

	for (i = 0; i < TABLE_CONTESTANTS; i++)
		begin(contestants[i], row);
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < TABLE_CONTESTANTS; i++) {
			if (row->swept) {
				contestants[i]->bss->run.now += 2 * TABLE_KNOWN_IDLE;
				sweep(contestants[i]);
			}
			ns[i][round] = run(contestants[i], row->packets);
		}
	}
	for (i = 0; i < TABLE_CONTESTANTS; i++)
		qsort(ns[i], ROUNDS, sizeof(double), compare);
	printf("%-26s", row->name);
	for (i = TABLE_OURS; i < TABLE_CONTESTANTS; i++)
		printf("  %6.0f %6.0f", ns[i][0] - ns[TABLE_NOTHING][0],
		       ns[i][ROUNDS / 2] - ns[TABLE_NOTHING][ROUNDS / 2]);
	putchar('\n');
}

/* KiB, by the kernel's account. */
static long memory_of(const struct bpf_map *map)
{
	char path[64], line[128];
	long bytes = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", bpf_map__fd(map));
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "memlock: %ld", &bytes) == 1)
			break;
	if (file)
		fclose(file);
	return bytes / 1024;
}

static double share(const struct table_run *run, enum table_class class)
{
	return run->sent[class] ? 100.0 * run->admitted[class] / run->sent[class] : 0;
}

struct attack {
	uint32_t rate;	/* packets a second, of which 1,000 are honest, */
	uint32_t twice; /* and so many of each spoofed source */
	int seconds;	/* by the virtual clock */
};

/*
 * 1,000 sources that send once a second, a tenth of what they may, before and in a flood of spoofed
 * packets; 1,000 more that come in the middle of it.
 */
static void flood(enum table_contestant which, const struct attack *attack)
{
	struct table_bpf *contestant = open_contestant(which, TABLE_SIZE);
	struct table_run *state;
	int second;

	if (!contestant)
		return;
	state = &contestant->bss->run;
	state->sources = TABLE_HONEST_SOURCES;
	state->gap = NS_PER_S / TABLE_HONEST_SOURCES;
	state->twice = attack->twice;
	state->share = attack->rate / TABLE_HONEST_SOURCES;
	run(contestant, 5 * TABLE_HONEST_SOURCES);
	memset(state->sent, 0, sizeof(state->sent));
	memset(state->admitted, 0, sizeof(state->admitted));
	state->pattern = TABLE_FLOOD;
	state->gap = NS_PER_S / attack->rate;
	state->packets = 0;
	state->new_sources_from = (uint64_t)attack->seconds / 2 * attack->rate;
	for (second = 0; second < attack->seconds; second++) {
		run(contestant, attack->rate);
		sweep(contestant);
	}
	printf("%-30s %8.2f %10.2f %12llu of %llu\n", names[which], share(state, TABLE_HONEST),
	       share(state, TABLE_NEW_SOURCE), state->admitted[TABLE_SPOOFED],
	       state->sent[TABLE_SPOOFED]);
	table_bpf__destroy(contestant);
}

/* A source spends its burst, and is silent while others come; then what it gets is not its own. */
static uint64_t gift(enum table_contestant which, uint32_t twice, uint32_t others)
{
	struct table_bpf *contestant = open_contestant(which, TABLE_SIZE);
	struct table_run *state;
	uint64_t before;

	if (!contestant)
		return 0;
	state = &contestant->bss->run; /* the clock stands: nothing refills */
	state->sources = 1;
	run(contestant, 2 * TABLE_CAPACITY);
	before = state->admitted[TABLE_HONEST];
	state->pattern = TABLE_NEW;
	state->twice = twice;
	run(contestant, others * twice);
	state->pattern = TABLE_IN_TURN;
	state->next = 0;
	run(contestant, 2 * TABLE_CAPACITY);
	before = state->admitted[TABLE_HONEST] - before;
	table_bpf__destroy(contestant);
	return before;
}

static void print_memory(struct table_bpf *contestants[TABLE_CONTESTANTS])
{
	long memory;
	int i;

	printf("%-26s", "memory, KiB");
	for (i = TABLE_OURS; i < TABLE_CONTESTANTS; i++) {
		memory = memory_of(map_of(contestants[i]));
		if (i <= TABLE_HASH)
			memory += memory_of(contestants[i]->maps.overflow);
		printf("  %13ld", memory);
	}
	puts("\n");
}

static bool print_costs(uint32_t size, const struct row *rows, size_t n)
{
	struct table_bpf *contestants[TABLE_CONTESTANTS];
	size_t row;
	int i;

	for (i = 0; i < TABLE_CONTESTANTS; i++) {
		contestants[i] = open_contestant(i, size);
		if (!contestants[i])
			return false;
	}
	printf("%u places: ns above making up the packet, minimum and median of %d rounds\n%-26s",
	       size, ROUNDS, "");
	for (i = TABLE_OURS; i < TABLE_CONTESTANTS; i++)
		printf("  %13.13s", names[i]);
	putchar('\n');
	for (row = 0; row < n; row++)
		measure(&rows[row], contestants);
	print_memory(contestants);
	for (i = 0; i < TABLE_CONTESTANTS; i++)
		table_bpf__destroy(contestants[i]);
	return true;
}

static void print_service(const struct attack *attack)
{
	int i;

	printf("%d s of %u packets/s, spoofed sources seen %s: admitted of known (%%), of new sources "
	       "(%%), of spoofed\n",
	       attack->seconds, attack->rate, attack->twice == 1 ? "once" : "twice");
	for (i = TABLE_OURS; i < TABLE_CONTESTANTS; i++)
		flood(i, attack);
	putchar('\n');
}

int main(void)
{
	static const struct attack attacks[] = {{100000, 1, 30}, {100000, 2, 30}, {2000000, 1, 5}};
	static const struct row few[] = {
		{"1 source", TABLE_IN_TURN, 1, 200000, false},
		{"1,000 sources", TABLE_IN_TURN, 1000, 200000, false},
		{"50,000 sources", TABLE_IN_TURN, 50000, 200000, false},
		{"new ones, and no room", TABLE_NEW, 0, 200000, false},
		{"new ones, and room", TABLE_NEW, 0, 32000, true},
	};
	static const struct row many[] = {
		{"1,000,000 sources", TABLE_IN_TURN, 1000000, 200000, false},
		{"new ones, and no room", TABLE_NEW, 0, 200000, false},
		{"new ones, and room", TABLE_NEW, 0, 500000, true},
	};
	int i;

	setlinebuf(stdout);
	if (!print_costs(TABLE_SIZE, few, sizeof(few) / sizeof(few[0])) ||
	    !print_costs(16 * TABLE_SIZE, many, sizeof(many) / sizeof(many[0])))
		return 1;
	for (i = 0; i < (int)(sizeof(attacks) / sizeof(attacks[0])); i++)
		print_service(&attacks[i]);
	puts("packets given away to a source in debt after 3 million others: seen once, seen twice");
	for (i = TABLE_OURS; i < TABLE_CONTESTANTS; i++)
		printf("%-30s %8llu %8llu\n", names[i], (unsigned long long)gift(i, 1, 3000000),
		       (unsigned long long)gift(i, 2, 1500000));
	return 0;
}

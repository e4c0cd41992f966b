// SPDX-License-Identifier: GPL-2.0-or-later
/* What 3 to 320 nodes admit together, against what docs/shared-limits.md promises. */
#include "unit/cluster/exchange_cluster.h"

#define RATE	 1000
#define CAPACITY 100
#define TICK	 (50 * MS)

static double balanced(const struct cluster *cluster, unsigned int node, unsigned int ms)
{
	return 2 * RATE;
}

static double skewed(const struct cluster *cluster, unsigned int node, unsigned int ms)
{
	return node == 0 ? 2 * RATE : 0.1 * RATE / cluster->settings.nodes;
}

static double alone(const struct cluster *cluster, unsigned int node, unsigned int ms)
{
	return node == 0 ? 2 * RATE : 0;
}

static double moving(const struct cluster *cluster, unsigned int node, unsigned int ms)
{
	return ms / 1000 % cluster->settings.nodes == node ? 2 * RATE : 0;
}

static double under(const struct cluster *cluster, unsigned int node, unsigned int ms)
{
	return 0.8 * RATE / cluster->settings.nodes;
}

static double flash(const struct cluster *cluster, unsigned int node, unsigned int ms)
{
	return ms < 300 ? 10 * RATE : 0;
}

struct scenario {
	const char *name;
	cluster_load load;
	unsigned int ms;
	double least, most; /* of what the rate allows; 0: nothing to say beyond the bound */
	bool loses_nothing;
};

static const struct scenario scenarios[] = {
	/* Of many nodes, a few seconds show little more than the first excess. */
	{"balanced, 2 R on each", balanced, 20000, 0.97, 0, false},
	{"2 R on one, 0.1 R on the others together", skewed, 20000, 0.97, 1.03, false},
	{"2 R on one alone", alone, 20000, 0.98, 1.03, false},
	{"2 R, on another node each second", moving, 20000, 0.90, 1.10, false},
	{"0.8 R, on all alike", under, 20000, 0.79, 0.81, true},
	{"flash: 10 R on each for 300 ms", flash, 1000, 0, 0, false},
};

/* A frame crosses a second exchange when zones are read through their heads. */
static double bound_of(const struct cluster_settings *settings)
{
	double hops = settings->zones ? 2 : 1;

	return tg_exchange_bound(settings->rate, settings->capacity, settings->nodes,
				 hops * settings->tick / 1e9, hops * ROUND_TRIP / 1e9);
}

static void run(const struct cluster_settings *settings, const struct scenario *scenario)
{
	struct cluster *cluster = cluster_new(settings);
	double of_rate, bound = bound_of(settings);
	/* Many nodes make many frames: three seconds show as much. */
	unsigned int ms = settings->nodes > 10 && scenario->ms > 3000 ? 3000 : scenario->ms;

	cluster_run(cluster, scenario->load, ms);
	of_rate = cluster->admitted / (settings->rate * (ms / 1000.0));
	printf("| %u | %u | %s | %.3f | %.2f | %.0f | %.0f |\n", settings->nodes, settings->zones,
	       scenario->name, of_rate, cluster->worst_second, cluster->highest, bound);
	CHECK(cluster->highest <= bound, "%u nodes, %s: %.0f above the rate, bound %.0f",
	      settings->nodes, scenario->name, cluster->highest, bound);
	CHECK(of_rate >= scenario->least, "%u nodes, %s: %.3f of the rate", settings->nodes,
	      scenario->name, of_rate);
	of_rate -= CAPACITY / (settings->rate * (ms / 1000.0)); /* that the bucket had */
	CHECK(!scenario->most || of_rate <= scenario->most, "%u nodes, %s: %.3f of the rate",
	      settings->nodes, scenario->name, of_rate);
	CHECK(!scenario->loses_nothing || cluster->admitted == cluster->offered,
	      "%u nodes, %s: lost %llu", settings->nodes, scenario->name,
	      (unsigned long long)(cluster->offered - cluster->admitted));
	cluster_free(cluster);
}

static void run_all(unsigned int nodes, unsigned int zones)
{
	struct cluster_settings settings = {nodes, zones, RATE, CAPACITY, TICK};
	size_t i;

	for (i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		run(&settings, &scenarios[i]);
}

TEST(test_3_nodes)
{
	run_all(3, 0);
}

TEST(test_10_nodes)
{
	run_all(10, 0);
}

TEST(test_32_nodes)
{
	run_all(32, 0);
}

TEST(test_100_nodes)
{
	run_all(100, 0);
}

TEST(test_zones_of_10)
{
	run_all(100, 10);
}

TEST(test_zones_of_32)
{
	run_all(320, 10);
}

/* The excess is there once: three nodes under six times the load keep to the rate. */
TEST(test_long_run_is_exact)
{
	struct cluster_settings settings = {3, 0, RATE, CAPACITY, TICK};
	struct cluster *cluster = cluster_new(&settings);
	double of_rate;

	cluster_run(cluster, balanced, 20000);
	of_rate = cluster->admitted / 20000.0;
	CHECK(of_rate >= 0.97 && of_rate <= 1.03, "%.3f", of_rate);
	cluster_free(cluster);
}

int main(void)
{
	static const struct tg_test tests[] = {
		RUN(test_3_nodes),	     RUN(test_10_nodes),    RUN(test_32_nodes),
		RUN(test_100_nodes),	     RUN(test_zones_of_10), RUN(test_zones_of_32),
		RUN(test_long_run_is_exact),
	};

	printf("| nodes | zones | load | admitted / rate | worst second / rate | most above the rate | "
	       "bound |\n| --- | --- | --- | --- | --- | --- | --- |\n");
	return tg_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}

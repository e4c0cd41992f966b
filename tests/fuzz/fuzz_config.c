/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a configuration: no crash, no leak, and each refusal says where. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/config.h"
#include "explain/lint.h"
#include "explain/config_json.h"
#include "config/load.h"
#include "explain/describe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
	if (!condition)
		abort();
}

static void use(const struct tg_config *config)
{
	struct tg_config *copy = tg_config_copy(config);
	size_t i;

	require(copy && copy->limits_n == config->limits_n && config->interfaces_n > 0);
	for (i = 0; i < copy->limits_n; i++) {
		const struct tg_refill *refill = &copy->limits[i].refill;

		require(refill->capacity >= 1 && refill->capacity <= TG_CAPACITY_MAX);
		require(refill->amount >= 1 && refill->interval >= 1);
		require(tg_config_find_limit(copy, config->limits[i].name) == &copy->limits[i]);
	}
	tg_config_free(&copy);
}

/* What `check` says about a valid one. */
static void describe(const struct tg_config *config)
{
	struct tg_diagnostics diagnostics = {0};
	json_t *json = tg_config_json_limits(config);
	FILE *out = fopen("/dev/null", "w");
	size_t i;

	require(json_array_size(json) == config->limits_n);
	json_decref(json);
	json_decref(tg_config_json_interfaces(config));
	json_decref(tg_config_json_cluster(config));
	tg_lint(config, &diagnostics);
	require(diagnostics.errors == 0);
	tg_diagnostics_clear(&diagnostics);
	if (config->cluster.name[0])
		tg_describe_cluster(&config->cluster, out);
	for (i = 0; i < config->limits_n; i++) {
		tg_describe_sharing(&config->limits[i], out);
		if (config->limits[i].shared)
			tg_describe_excess_of_nodes(config, &config->limits[i], out);
		tg_describe_match(&config->limits[i], out);
		tg_describe_refill(&config->limits[i], out);
		tg_describe_excess(&config->limits[i], out);
	}
	fclose(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tg_diagnostics diagnostics = {0};
	struct tg_config *config = NULL;
	size_t i;
	/* A directory that is not there, so that list files named in the input are not found. */
	int r = tg_config_parse("/nonexistent/fuzz.yaml", data, size, &config, &diagnostics);

	require(r == 0 || r == -EINVAL);
	require((r == 0) == (config != NULL));
	require((r == 0) == (diagnostics.errors == 0));
	for (i = 0; i < diagnostics.n; i++)
		require(diagnostics.items[i].place.line >= 1 &&
			diagnostics.items[i].place.column >= 1);
	if (config) {
		use(config);
		describe(config);
	}
	tg_config_free(&config);
	tg_diagnostics_clear(&diagnostics);
	return 0;
}

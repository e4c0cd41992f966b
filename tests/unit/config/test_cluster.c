/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a configuration has of the cluster, field by field. */
#include "give_away.h"
#include "test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "config/load.h"

#define MS   1000000ULL
#define HEAD "interfaces: [{name: lo}]\n"
#define LIMITS                                                                                     \
	"limits:\n  - {name: a, capacity: 9, rate: 1/s, shared: true, on_store_loss: hold}\n"      \
	"  - {name: b, capacity: 9, rate: 1/s, shared: true, prefix: {ipv4: 24}}\n"                \
	"  - {name: c, capacity: 9, rate: 1/s, shared: false}\n"

static struct tg_config *parse(const char *path, const char *text, size_t warnings)
{
	struct tg_diagnostics diagnostics = {0};
	struct tg_config *config = NULL;

	CHECK(tg_config_parse(path, text, strlen(text), &config, &diagnostics) == 0, "%s: %s", text,
	      diagnostics.n ? diagnostics.items[0].message : "");
	CHECK(diagnostics.n == warnings, "%zu warnings for %s", diagnostics.n, text);
	tg_diagnostics_clear(&diagnostics);
	return config;
}

static void check_store(const struct tg_config_store *store, enum tg_config_scheme scheme,
			const char *host, unsigned int port, unsigned int database, const char *url)
{
	char text[TG_CONFIG_STORE_URL_SIZE];

	CHECK(store->scheme == scheme && strcmp(store->host, host) == 0, "%s", store->host);
	CHECK(store->port == port && store->database == database, "%u %u", store->port,
	      store->database);
	CHECK(strcmp(tg_config_store_url(store, text, sizeof(text)), url) == 0, "%s, want %s", text,
	      url);
}

static void check_every_field(const struct tg_config *config)
{
	const struct tg_config_cluster *cluster = &config->cluster;

	CHECK(strcmp(cluster->name, "edge") == 0 && strcmp(cluster->node, "edge-1") == 0);
	CHECK(strcmp(cluster->user, "tide") == 0);
	CHECK(strcmp(cluster->password_file, "/nonexistent/pw") == 0);
	CHECK(strcmp(cluster->ca_file, "/nonexistent/c/ca.pem") == 0);
	CHECK(strcmp(cluster->frame_key_file, "/nonexistent/k") == 0);
	CHECK(cluster->interval == 100 * MS && cluster->stale_after == 300 * MS);
	CHECK(cluster->max_sources == 16384 && cluster->nodes_expected == 3);
	CHECK(cluster->place.line == 2 && cluster->place.column == 10);
	CHECK(cluster->stores_n == 6);
	if (cluster->stores_n != 6)
		return;
	check_store(&cluster->stores[0], TG_CONFIG_UNIX, "/run/redis@1/a b", 0, 3,
		    "unix:/run/redis@1/a b?db=3");
	check_store(&cluster->stores[1], TG_CONFIG_UNIX, "/a", 0, 0, "unix:/a");
	check_store(&cluster->stores[2], TG_CONFIG_REDIS, "h.example", 6379, 0,
		    "redis://h.example:6379/0");
	check_store(&cluster->stores[3], TG_CONFIG_REDIS, "192.0.2.1", 7000, 0,
		    "redis://192.0.2.1:7000/0");
	check_store(&cluster->stores[4], TG_CONFIG_REDISS, "2001:db8::1", 6379, 15,
		    "rediss://[2001:db8::1]:6379/15");
	check_store(&cluster->stores[5], TG_CONFIG_REDISS, "::1", 6380, 65535,
		    "rediss://[::1]:6380/65535");
	CHECK(config->limits[0].shared && config->limits[0].on_store_loss == TG_STORE_LOSS_HOLD);
	CHECK(config->limits[1].shared && config->limits[1].on_store_loss == TG_STORE_LOSS_SPLIT);
	CHECK(!config->limits[2].shared && config->limits[2].on_store_loss == TG_STORE_LOSS_SPLIT);
}

/* And a copy has them when its original is gone. */
TEST(test_every_field)
{
	struct tg_config
		*config = parse(
			"/nonexistent/c/t.yaml",
			HEAD
			"cluster: {name: edge, node: edge-1, redis: "
			"[\"unix:/run/redis@1/a%20b?db=3\", \"unix:///a\", \"redis://h.example\", "
			"\"redis://192.0.2.1:7000/\", \"rediss://[2001:db8::1]/15\", "
			"\"rediss://[::1]:6380/65535\"], user: tide, password_file: "
			"/nonexistent/pw, ca_file: ca.pem, frame_key_file: /nonexistent/k, "
			"interval: 100ms, stale_after: 300ms, max_sources: 16384, "
			"nodes_expected: 3}\n" LIMITS,
			3),
		*copy;

	if (!config)
		return;
	check_every_field(config);
	copy = tg_config_copy(config);
	tg_config_free(&config);
	CHECK(copy != NULL);
	if (copy)
		check_every_field(copy);
	tg_config_free(&copy);
}

TEST(test_defaults)
{
	struct tg_config *config = parse(
		"t.yaml", HEAD "cluster: {name: e, node: n, redis: \"redis://h\"}\n" LIMITS, 0);
	struct tg_config_cluster *cluster;

	if (!config)
		return;
	cluster = &config->cluster;
	CHECK(cluster->interval == 50 * MS && cluster->stale_after == 1000 * MS);
	CHECK(cluster->max_sources == 1024 && cluster->nodes_expected == 0);
	CHECK(!*cluster->user && !*cluster->password_file && !*cluster->ca_file &&
	      !*cluster->frame_key_file);
	tg_config_free(&config);
	config = parse(
		"t.yaml",
		HEAD "cluster: {name: e, node: n, redis: \"redis://h\", interval: 250ms}\n" LIMITS,
		0);
	CHECK(config && config->cluster.stale_after == 2500 * MS);
	tg_config_free(&config);
	config = parse("t.yaml", HEAD "deny: [10.0.0.0/8]\n", 0);
	CHECK(config && !*config->cluster.name && !config->cluster.stores_n);
	tg_config_free(&config);
}

TEST(test_node_is_the_host)
{
	struct tg_config *config =
		parse("t.yaml", HEAD "cluster: {name: e, redis: \"redis://h\"}\n" LIMITS, 0);
	char host[256] = "";

	gethostname(host, sizeof(host) - 1);
	CHECK(config && strcmp(config->cluster.node, host) == 0, "%s", host);
	tg_config_free(&config);
}

/* Of a file with a secret, by its mode and its group. */
TEST(test_secrets_of_others)
{
	static const struct {
		mode_t mode;
		gid_t group;
		size_t warnings;
	} cases[] = {{0600, 0, 0}, {0640, 0, 0}, {0640, 7, 1}, {0604, 0, 1}, {0660, 0, 1}};
	char path[] = "/tmp/tidegate-test-XXXXXX", text[512];
	int fd = mkstemp(path);
	struct tg_config *config;
	size_t i;

	CHECK(fd >= 0);
	snprintf(text, sizeof(text),
		 HEAD
		 "cluster: {name: e, node: n, redis: \"redis://h\", frame_key_file: %s}\n" LIMITS,
		 path);
	if (!can_give_away()) {
		unlink(path);
		close(fd);
		SKIP("only root gives files to a group");
	}
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK(fchown(fd, 0, cases[i].group) == 0 && fchmod(fd, cases[i].mode) == 0);
		config = parse("t.yaml", text, cases[i].warnings);
		tg_config_free(&config);
	}
	unlink(path);
	close(fd);
}

TEST_MAIN(RUN(test_every_field), RUN(test_defaults), RUN(test_node_is_the_host),
	  RUN(test_secrets_of_others))

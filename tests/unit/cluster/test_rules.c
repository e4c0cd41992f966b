/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What must be the same on all nodes: the identity of a shared limit, and the hash of a name. */
#include "test.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <tidegate/name_hash.h>
#include <unistd.h>

#include "config/load.h"
#include "cluster/secret.h"
#include "base/errmsg.h"
#include "policy/compile.h"
#include "cluster/rules.h"

#define HEAD                                                                                       \
	"interfaces: [{name: lo, hooks: [xdp, tc-egress]}]\n"                                      \
	"cluster: {name: e, node: n, redis: \"redis://h\"}\n"
#define LIMIT(keys) HEAD "limits: [{name: a, shared: true, " keys "}]\n"
#define BUCKET	    ", capacity: 100, rate: 10/s"
#define TICK	    4000000 /* ns */

static struct tg_config *parse(const char *text)
{
	struct tg_diagnostics diagnostics = {0};
	struct tg_config *config = NULL;

	tg_config_parse("t.yaml", text, strlen(text), &config, &diagnostics);
	CHECK(config, "%s: %s", text, diagnostics.n ? diagnostics.items[0].message : "");
	tg_diagnostics_clear(&diagnostics);
	return config;
}

static uint64_t hash_of(const char *text)
{
	struct tg_config *config = parse(text);
	uint64_t hash = config ? tg_exchange_rule_hash(&config->limits[0]) : 0;

	tg_config_free(&config);
	return hash;
}

static const char *const same[] = {
	LIMIT("per: source, prefix: {ipv4: 32, ipv6: 64}, unit: packets" BUCKET),
	LIMIT("burst: 100, rate: 600/m"),
	LIMIT("match: {protocol: udp, source: 10.0.0.0/8}" BUCKET),
	LIMIT("match: {hook: xdp}, on_exceed: reject" BUCKET),
	LIMIT("match: {hook: tc-egress}, on_exceed: delay, max_delay: 1s" BUCKET),
	LIMIT("on_exceed: mark, mark: {dscp: cs1}, mark_above: 5" BUCKET),
	LIMIT("backoff: {}, shadow: true, on_store_loss: open" BUCKET),
	LIMIT("new_sources: {rate: 5/s, burst: 9}" BUCKET),
};

static const char *const different[] = {
	LIMIT("capacity: 100, rate: 10/s"),
	LIMIT("capacity: 101, rate: 10/s"),
	LIMIT("capacity: 100, rate: 11/s"),
	LIMIT("capacity: 100, rate: 10/m"),
	LIMIT("capacity: 100, refill_amount: 10, refill_interval: 1s"),
	LIMIT("capacity: 100, refill_amount: 100, refill_interval: 10s"),
	LIMIT("unit: connections" BUCKET),
	LIMIT("unit: bytes, capacity: 100, rate: 10B/s"),
	LIMIT("per: destination" BUCKET),
	LIMIT("per: everyone" BUCKET),
	LIMIT("per: key" BUCKET),
	LIMIT("per: [source, destination_port]" BUCKET),
	LIMIT("per: [source, protocol]" BUCKET),
	LIMIT("prefix: {ipv4: 24}" BUCKET),
	LIMIT("prefix: {ipv6: 56}" BUCKET),
	HEAD "limits: [{name: b, shared: true, capacity: 100, rate: 10/s}]\n",
};

TEST(test_identity)
{
	uint64_t hash = hash_of(different[0]), hashes[sizeof(different) / sizeof(different[0])];
	size_t i, j;

	/* Nodes of other versions must come to the same. */
	CHECK(hash == 0x919d4926796fcde5ULL, "%#" PRIx64, hash);
	for (i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		CHECK(hash_of(same[i]) == hash, "%s", same[i]);
	for (i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		hashes[i] = hash_of(different[i]);
		for (j = 0; j < i; j++)
			CHECK(hashes[i] != hashes[j], "%s%s", different[i], different[j]);
	}
}

TEST(test_rules)
{
	struct tg_config *config = parse(
		HEAD
		"limits:\n  - {name: z, capacity: 5, rate: 30/m, shared: true, on_store_loss: local}\n"
		"  - {name: own, capacity: 6, rate: 1/s}\n"
		"  - {name: a, unit: bytes, capacity: 7kB, refill_amount: 3, refill_interval: "
		"2s, shared: true}\n");
	struct tg_exchange_rule rules[TG_SHARED_LIMITS_MAX];

	if (!config)
		return;
	CHECK(tg_exchange_rules_of(config, rules) == 2);
	CHECK(strcmp(rules[0].name, "z") == 0 && strcmp(rules[1].name, "a") == 0);
	CHECK(rules[0].hash == tg_exchange_rule_hash(&config->limits[0]) &&
	      rules[1].hash == tg_exchange_rule_hash(&config->limits[2]));
	CHECK(rules[0].capacity == 5 && rules[0].rate == 0.5 &&
	      rules[0].on_loss == TG_STORE_LOSS_LOCAL);
	CHECK(rules[1].capacity == 7000 && rules[1].rate == 1.5 &&
	      rules[1].on_loss == TG_STORE_LOSS_SPLIT);
	tg_config_free(&config);
}

#define KEYED(cluster, limit)                                                                      \
	"interfaces: [{name: lo}]\ncluster: {name: " cluster                                       \
	", node: n, redis: \"redis://h\"}\nlimits:\n  - {name: k, per: key, " limit BUCKET "}\n"   \
	"  - {name: s, shared: true" BUCKET "}\n"

/* Compiled as by the machine @machine, over @before (NULL: nothing). */
static struct tg_compiled *compile(const char *text, const char *key_file, uint64_t machine,
				   const struct tg_compiled *before)
{
	static const struct tg_limit_record none[TG_LIMITS_MAX];
	struct tg_meta meta = {.abi_version = TG_ABI_VERSION,
			       .next_serial = before ? before->next_serial : 1,
			       .hash_key = {machine, ~machine}};
	struct tg_config *config = parse(text);
	struct tg_compiled *compiled = NULL;
	struct tg_cluster_secret noted;
	char errmsg[TG_ERRMSG_SIZE] = "";

	if (!config)
		return NULL;
	if (key_file)
		strcpy(config->cluster.frame_key_file, key_file);
	CHECK(tg_cluster_secret_note(config, &noted, errmsg) == 0, "%s", errmsg);
	CHECK(tg_policy_compile(config, before ? before->records : none, &meta, 0, TICK, before,
				&compiled) == 0);
	tg_config_free(&config);
	return compiled;
}

static bool same_names(const struct tg_compiled *a, const struct tg_compiled *b)
{
	struct tg_address x = tg_name_hash(a->policy.name_key, "alice", 5);
	struct tg_address y = tg_name_hash(b->policy.name_key, "alice", 5);

	return x.high == y.high && x.low == y.low;
}

static void write_key(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	CHECK(out != NULL);
	if (!out)
		return;
	fputs(text, out);
	fclose(out);
}

/* Names mean the same on all nodes of a cluster, and nowhere else. */
TEST(test_names)
{
	char path[] = "/tmp/tidegate-test-XXXXXX";
	struct tg_compiled *all[7];
	size_t i;
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	close(fd);
	write_key(path, "key\n");
	all[0] = compile(KEYED("edge", "shared: true"), NULL, 1, NULL);
	all[1] = compile(KEYED("edge", "shared: true"), NULL, 2, NULL);
	all[2] = compile(KEYED("core", "shared: true"), NULL, 1, NULL);
	all[3] = compile(KEYED("edge", "shared: true"), path, 1, NULL);
	write_key(path, "key");
	all[4] = compile(KEYED("edge", "shared: true"), path, 2, NULL);
	write_key(path, "kex");
	all[5] = compile(KEYED("edge", "shared: true"), path, 1, NULL);
	all[6] = compile(KEYED("edge", "shared: false"), NULL, 1, NULL);
	for (i = 0; i < 7; i++)
		if (!all[i])
			return;
	CHECK(same_names(all[0], all[1]), "on two machines");
	CHECK(!same_names(all[0], all[2]), "of two clusters");
	CHECK(!same_names(all[0], all[3]), "with a key and without");
	CHECK(same_names(all[3], all[4]), "by the same key, an end of line aside");
	CHECK(!same_names(all[4], all[5]), "by another key");
	CHECK(!same_names(all[0], all[6]), "not shared");
	/* Nodes of other versions must come to the same: HMAC-SHA256, from openssl dgst. */
	CHECK(all[3]->policy.name_key[0] == 0x7ca751de5551a08aULL, "%#llx",
	      all[3]->policy.name_key[0]);
	for (i = 0; i < 7; i++)
		tg_compiled_free(&all[i]);
	unlink(path);
}

static uint32_t id_of(const struct tg_compiled *compiled, const char *name)
{
	int slot;

	for (slot = 0; slot < TG_LIMITS_MAX; slot++)
		if (strcmp(compiled->records[slot].name, name) == 0)
			return compiled->records[slot].id;
	return 0;
}

/* Buckets of names stay as long as names mean the same; all others stay anyway. */
TEST(test_live_buckets)
{
	static const struct {
		const char *from, *to;
		bool stays;
	} cases[] = {
		{KEYED("edge", "shared: true"), KEYED("edge", "shared: true, on_store_loss: hold"),
		 true},
		{KEYED("edge", "shared: true"), KEYED("core", "shared: true"), false},
		{KEYED("edge", "shared: true"), KEYED("edge", "shared: false"), false},
		{KEYED("edge", "shared: false"), KEYED("edge", "shared: true"), false},
		{KEYED("edge", "shared: false"), KEYED("core", "shared: false"), true},
		/* as before there were clusters */
		{KEYED("edge", "shared: false"),
		 "interfaces: [{name: lo}]\nlimits:\n  - {name: k, per: key" BUCKET
		 "}\n  - {name: s" BUCKET "}\n",
		 true},
	};
	struct tg_compiled *from, *to;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		from = compile(cases[i].from, NULL, 1, NULL);
		to = from ? compile(cases[i].to, NULL, 1, from) : NULL;
		if (from && to) {
			CHECK((id_of(from, "k") == id_of(to, "k")) == cases[i].stays, "%s%s",
			      cases[i].from, cases[i].to);
			CHECK(to->limits_removed == !cases[i].stays, "%s", cases[i].to);
			CHECK(id_of(from, "s") == id_of(to, "s"), "%s", cases[i].to);
		}
		tg_compiled_free(&to);
		tg_compiled_free(&from);
	}
}

/* A bucket can owe what 16 nodes, or those expected, may take at once; but no more than its state
 * holds. */
TEST(test_room_for_debts)
{
	static const struct {
		const char *refill;
		uint64_t least, most; /* tokens */
	} cases[] = {
		{"capacity: 100, rate: 1000/s", 60000, 70000},
		{"capacity: 10, rate: 10/h", 150, 151},
		{"capacity: 10, refill_amount: 10, refill_interval: 1h", 150, 170},
		{"capacity: 1000, rate: 1000/d", 15000, 15010},
		{"capacity: 1461, rate: 1/d", 365, 366},
		{"capacity: 1000000000000, rate: 100000000000/s", 15000000000000, 17300000000000},
		{"capacity: 1099511627776, refill_amount: 100000, refill_interval: 1us",
		 16492674416640, 19000000000000},
	};
	char text[512];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tg_compiled *compiled;
		const struct tg_rate *rate;

		snprintf(text, sizeof(text), HEAD "limits: [{name: a, shared: true, %s}]\n",
			 cases[i].refill);
		compiled = compile(text, NULL, 1, NULL);
		if (!compiled)
			continue;
		rate = &compiled->policy.limits[compiled->slots[0]].rate;
		CHECK(rate->slack >> rate->scale >= cases[i].least &&
			      rate->slack >> rate->scale <= cases[i].most,
		      "%llu for %s", rate->slack >> rate->scale, text);
		CHECK((rate->capacity + rate->slack) >> 61 == 0, "%s", text);
		tg_compiled_free(&compiled);
	}
}

TEST(test_bad_key_files)
{
	char path[] = "/tmp/tidegate-test-XXXXXX", long_key[TG_SHARED_SECRET_MAX + 2];
	struct tg_config config = {.cluster.name = "e"};
	char errmsg[TG_ERRMSG_SIZE] = "";
	struct tg_cluster_secret secret;
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	close(fd);
	memset(long_key, 'x', sizeof(long_key));
	long_key[sizeof(long_key) - 1] = '\0';
	strcpy(config.cluster.frame_key_file, path);
	CHECK(tg_cluster_secret_note(&config, &secret, errmsg) == -EINVAL &&
		      strstr(errmsg, "is empty"),
	      "%s", errmsg);
	write_key(path, "\r\n");
	CHECK(tg_cluster_secret_note(&config, &secret, errmsg) == -EINVAL &&
		      strstr(errmsg, "is empty"),
	      "%s", errmsg);
	write_key(path, long_key);
	CHECK(tg_cluster_secret_note(&config, &secret, errmsg) == -EINVAL &&
		      strstr(errmsg, "more than 256 bytes"),
	      "%s", errmsg);
	long_key[TG_SHARED_SECRET_MAX] = '\n';
	write_key(path, long_key);
	CHECK(tg_cluster_secret_read(&config.cluster, &secret, errmsg) == 0 &&
	      secret.length == TG_SHARED_SECRET_MAX);
	unlink(path);
	CHECK(tg_cluster_secret_note(&config, &secret, errmsg) == -ENOENT && strstr(errmsg, path),
	      "%s", errmsg);
	CHECK(!config.cluster.name_key[0] && !config.cluster.name_key[1]);
	*config.cluster.name = '\0';
	CHECK(tg_cluster_secret_note(&config, &secret, errmsg) == 0, "no cluster, no key");
}

TEST_MAIN(RUN(test_identity), RUN(test_rules), RUN(test_names), RUN(test_live_buckets),
	  RUN(test_room_for_debts), RUN(test_bad_key_files))

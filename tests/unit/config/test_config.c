/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "config/load.h"
#include "unit/config/action_cases.h"
#include "unit/config/cluster_cases.h"
#include "unit/config/config_cases.h"
#include "unit/config/values.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SECOND	 1000000000ULL

static int parse(const char *text, struct tg_config **config, struct tg_diagnostics *diagnostics)
{
	*config = NULL;
	return tg_config_parse("/nonexistent/t.yaml", text, strlen(text), config, diagnostics);
}

/* "4:15: text": the place must be that one, the text be somewhere in the message. */
static void check_diagnostic(const struct tg_diagnostic *item, const char *wanted, const char *text)
{
	const char *errmsg = strchr(strchr(wanted, ':') + 1, ':') + 2;
	char place[64];

	snprintf(place, sizeof(place), "%zu:%zu: ", item->place.line, item->place.column);
	CHECK(strncmp(wanted, place, strlen(place)) == 0 && strstr(item->message, errmsg),
	      "want %s, got %s%s, in:\n%s", wanted, place, item->message, text);
}

static void check_case(const struct config_case *c, enum tg_severity severity, int result)
{
	struct tg_diagnostics diagnostics = {0};
	struct tg_config *config;
	size_t i, wanted = 0;
	int r = parse(c->text, &config, &diagnostics);

	CHECK(r == result, "%d for:\n%s", r, c->text);
	CHECK((r == 0) == (config != NULL), "%s", c->text);
	while (c->wanted[wanted])
		wanted++;
	CHECK(diagnostics.n == wanted, "%zu messages, want %zu, for:\n%s", diagnostics.n, wanted,
	      c->text);
	CHECK(diagnostics.errors == (severity == TG_ERROR ? wanted : 0), "%s", c->text);
	for (i = 0; i < wanted && i < diagnostics.n; i++) {
		CHECK(diagnostics.items[i].severity == severity, "%s", c->text);
		check_diagnostic(&diagnostics.items[i], c->wanted[i], c->text);
	}
	tg_config_free(&config);
	tg_diagnostics_clear(&diagnostics);
}

TEST(test_invalid)
{
	size_t i;

	for (i = 0; i < COUNT(invalid_cases); i++)
		check_case(&invalid_cases[i], TG_ERROR, -EINVAL);
	for (i = 0; i < COUNT(invalid_action_cases); i++)
		check_case(&invalid_action_cases[i], TG_ERROR, -EINVAL);
	for (i = 0; i < COUNT(invalid_cluster_cases); i++)
		check_case(&invalid_cluster_cases[i], TG_ERROR, -EINVAL);
}

TEST(test_valid)
{
	size_t i;

	for (i = 0; i < COUNT(valid_action_cases); i++)
		check_case(&valid_action_cases[i], TG_WARNING, 0);
}

TEST(test_warned)
{
	size_t i;

	for (i = 0; i < COUNT(warned_cases); i++)
		check_case(&warned_cases[i], TG_WARNING, 0);
	for (i = 0; i < COUNT(warned_cluster_cases); i++)
		check_case(&warned_cluster_cases[i], TG_WARNING, 0);
}

static const char full[] =
	"interfaces:\n"
	"  - name: eth0\n"
	"    hooks: [xdp]\n"
	"    xdp_mode: native\n"
	"  - {name: eth1, hooks: xdp}\n"
	"  - {name: eth2, hooks: [xdp, tc-egress], manage_qdisc: true}\n"
	"sets:\n"
	"  both: [office, 203.0.113.0/24]\n"
	"  office: [192.0.2.0/24, \"2001:db8::/32\"]\n"
	"allow: [both, office, 127.0.0.0/8]\n"
	"deny: [198.51.100.7]\n"
	"table: { size: 16777216 }\n"
	"on_stop: keep\n"
	"limits:\n"
	"  - name: dns-per-source\n"
	"    match: {protocol: [udp, 6], destination_port: [53, 8000-8010]}\n"
	"    per: source\n"
	"    prefix: { ipv4: 24, ipv6: 56 }\n"
	"    unit: packets\n"
	"    capacity: 100\n"
	"    refill_amount: 10\n"
	"    refill_interval: 1.5s\n"
	"    on_exceed: drop\n"
	"    shadow: false\n"
	"  - {name: b, per: everyone, unit: bytes, burst: 64KiB, rate: 8Mbit/s}\n"
	"  - {name: c, per: [destination], capacity: 5, rate: 2/s, on_exceed: reject, "
	"reject: {dns: refused}, backoff: {initial: 50ms, factor: 1.5, max: 1s}, mark_above: 3, "
	"mark: {dscp: af21, ecn: true}, match: {hook: {not: tc-egress}}}\n"
	"  - {name: d, capacity: 5, rate: 2/s, on_exceed: delay, match: {hook: tc-egress}, "
	"shadow: true, backoff: {}}\n"
	"  - {name: e, unit: bytes, capacity: 5000, rate: 2B/s, on_exceed: mark, mark: {ecn: true, "
	"fwmark: 0x10, priority: \"1:10\"}, match: {hook: tc-egress}, mark_above: 2kB}\n";

static struct tg_config *parse_good(const char *text)
{
	struct tg_diagnostics diagnostics = {0};
	struct tg_config *config;

	CHECK(parse(text, &config, &diagnostics) == 0);
	if (diagnostics.n)
		tg_diagnostics_print(&diagnostics, stdout);
	CHECK(diagnostics.n == 0);
	tg_diagnostics_clear(&diagnostics);
	return config;
}

static void check_list(const struct tg_prefix_list *list, const char *const *wanted, size_t n)
{
	char text[TG_PREFIX_TEXT_SIZE];
	size_t i;

	CHECK(list->n == n, "%zu", list->n);
	for (i = 0; i < n && i < list->n; i++)
		CHECK(strcmp(tg_prefix_format(&list->items[i], text, sizeof(text)), wanted[i]) == 0,
		      "%s, want %s", text, wanted[i]);
}

static void check_actions(const struct tg_config *config)
{
	const struct tg_config_limit *limit = config->limits;

	CHECK(limit->hooks == TG_CONFIG_HOOKS && limit->action == TG_CONFIG_DROP &&
	      !limit->shadow && !limit->mark_above && !limit->max_delay &&
	      !limit->backoff.initial && !limit->dns_refused && limit->mark.dscp == -1);
	limit += 2;
	CHECK(limit->hooks == (TG_CONFIG_XDP | TG_CONFIG_TC_INGRESS) &&
	      limit->action == TG_CONFIG_REJECT && limit->dns_refused && limit->mark_above == 3 &&
	      limit->mark.dscp == 18 && limit->mark.ecn && !limit->mark.drop_not_ecn);
	CHECK(limit->backoff.initial == SECOND / 20 && limit->backoff.factor == 1500 &&
	      limit->backoff.max == SECOND);
	limit++;
	CHECK(limit->hooks == TG_CONFIG_TC_EGRESS && limit->action == TG_CONFIG_DELAY &&
	      limit->max_delay == 2 * SECOND && limit->shadow);
	CHECK(limit->backoff.initial == SECOND / 10 && limit->backoff.factor == 2000 &&
	      limit->backoff.max == 2 * SECOND);
	limit++;
	CHECK(limit->action == TG_CONFIG_MARK && limit->mark_above == 2000 &&
	      limit->mark.dscp == -1 && limit->mark.ecn && !limit->mark.drop_not_ecn);
	CHECK(limit->mark.has_fwmark && limit->mark.fwmark == 16 && limit->mark.has_priority &&
	      limit->mark.priority == 0x10010);
}

static void check_full(const struct tg_config *config)
{
	static const char *const allow[] = {"127.0.0.0/8", "192.0.2.0/24", "203.0.113.0/24",
					    "2001:db8::/32"};
	static const char *const deny[] = {"198.51.100.7/32"};
	const struct tg_config_limit *limit = config->limits;

	CHECK(strcmp(config->path, "/nonexistent/t.yaml") == 0);
	CHECK(config->interfaces_n == 3 && config->limits_n == 5);
	CHECK(strcmp(config->interfaces[0].name, "eth0") == 0);
	CHECK(config->interfaces[0].xdp_mode == TG_XDP_NATIVE);
	CHECK(config->interfaces[1].xdp_mode == TG_XDP_AUTO);
	CHECK(config->interfaces[1].place.line == 5 && config->interfaces[1].place.column == 5);
	CHECK(config->interfaces[0].hooks == TG_CONFIG_XDP && !config->interfaces[0].manage_qdisc);
	CHECK(config->interfaces[2].hooks == (TG_CONFIG_XDP | TG_CONFIG_TC_EGRESS) &&
	      config->interfaces[2].manage_qdisc);
	check_list(&config->allow, allow, COUNT(allow));
	check_list(&config->deny, deny, COUNT(deny));
	CHECK(config->table_size == 16777216 && config->on_stop == TG_ON_STOP_KEEP);

	CHECK(strcmp(limit->name, "dns-per-source") == 0 && limit->place.line == 15);
	check_values(limit, TG_FIELD_PROTOCOL, "6 17");
	check_values(limit, TG_FIELD_DESTINATION_PORT, "53 8000-8010");
	CHECK(limit->per == TG_CONFIG_PER_SOURCE && limit->prefix4 == 24 && limit->prefix6 == 56);
	CHECK(limit->unit == TG_CONFIG_PACKETS && limit->refill.capacity == 100 &&
	      limit->refill.amount == 10 && limit->refill.interval == 1500000000 &&
	      !limit->refill.continuous);

	limit++;
	CHECK(limit->per == TG_CONFIG_PER_EVERYONE && limit->unit == TG_CONFIG_BYTES);
	check_values(limit, TG_FIELD_PROTOCOL, NULL);
	check_values(limit, TG_FIELD_DESTINATION_PORT, NULL);
	CHECK(limit->refill.capacity == 65536 && limit->refill.amount == 1 &&
	      limit->refill.interval == 1000 && limit->refill.continuous);

	limit++;
	CHECK(limit->per == TG_CONFIG_PER_DESTINATION && limit->prefix4 == 32 &&
	      limit->prefix6 == 64);
	check_actions(config);
}

TEST(test_every_field)
{
	struct tg_config *config = parse_good(full);

	if (!config)
		return;
	check_full(config);
	tg_config_free(&config);
	CHECK(config == NULL);
	tg_config_free(&config);
}

TEST(test_defaults)
{
	struct tg_config *config = parse_good(I "deny: [10.0.0.0/8]\n");

	if (!config)
		return;
	CHECK(config->table_size == 65536 && config->on_stop == TG_ON_STOP_DETACH);
	CHECK(config->table_reserve == TG_TABLE_WHOLE / 2, "half");
	CHECK(config->limits_n == 0 && config->allow.n == 0);
	tg_config_free(&config);
}

/* The copy is checked after its original is gone, which must not take what they share along. */
TEST(test_copy_outlives)
{
	struct tg_config *config = parse_good(full), *copy;

	if (!config)
		return;
	copy = tg_config_copy(config);
	tg_config_free(&config);
	CHECK(copy != NULL);
	if (copy)
		check_full(copy);
	tg_config_free(&copy);
}

TEST(test_find_limit)
{
	struct tg_config *config = parse_good(full);

	if (!config)
		return;
	CHECK(tg_config_find_limit(config, "b") == &config->limits[1]);
	CHECK(tg_config_find_limit(config, "B") == NULL);
	CHECK(tg_config_find_limit(config, "") == NULL);
	tg_config_free(&config);
}

TEST(test_too_many)
{
	struct tg_diagnostics diagnostics = {0};
	struct tg_config *config = NULL;
	char *text = NULL;
	size_t length, i;
	FILE *out = open_memstream(&text, &length);

	fputs("interfaces:\n", out);
	for (i = 0; i < 300; i++)
		fprintf(out, "- name: i%zu\n", i);
	fputs("limits:\n", out);
	for (i = 0; i < 70; i++)
		fprintf(out, "- {name: l%zu, capacity: 1, rate: 1/s}\n", i);
	fclose(out);
	CHECK(parse(text, &config, &diagnostics) == -EINVAL);
	CHECK(diagnostics.errors == 2 && diagnostics.n == 2, "%zu", diagnostics.n);
	if (diagnostics.n == 2) {
		check_diagnostic(&diagnostics.items[0], "258:3: more than 256 interfaces", "");
		check_diagnostic(&diagnostics.items[1], "367:3: more than 64 limits", "");
	}
	tg_diagnostics_clear(&diagnostics);
	free(text);
}

/* Sets that name others twice each would be 2^30 prefixes if they were copied. */
TEST(test_sets_do_not_explode)
{
	struct tg_config *config;
	char *text = NULL;
	size_t length, i;
	FILE *out = open_memstream(&text, &length);

	fputs(I "sets:\n  s14: [10.0.0.0/8, 11.0.0.0/8]\n", out);
	for (i = 0; i < 14; i++)
		fprintf(out, "  s%zu: [s%zu, s%zu, s%zu, s%zu]\n", i, i + 1, i + 1, i + 1, i + 1);
	fputs("deny: [s0, s0]\n", out);
	fclose(out);
	config = parse_good(text);
	CHECK(config && config->deny.n == 2);
	tg_config_free(&config);
	free(text);
}

static void write_file(const char *directory, const char *name, const char *text)
{
	char path[256];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	out = fopen(path, "w");
	CHECK(out != NULL, "%s", path);
	if (!out)
		return;
	fputs(text, out);
	fclose(out);
}

static void remove_files(const char *directory, const char *const *names, size_t n)
{
	char path[256];
	size_t i;

	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		unlink(path);
	}
	rmdir(directory);
}

TEST(test_list_files)
{
	static const char *const names[] = {"c.yaml", "good.txt", "bad.txt"};
	static const char *const wanted[] = {"10.0.0.0/8", "192.0.2.1/32", "2001:db8::/32"};
	char directory[] = "/tmp/tidegate-test-XXXXXX", path[256];
	struct tg_diagnostics diagnostics = {0};
	struct tg_config *config = NULL;

	CHECK(mkdtemp(directory) != NULL);
	snprintf(path, sizeof(path), "%s/c.yaml", directory);
	write_file(directory, "good.txt",
		   "# sources\n10.0.0.0/8\n\n\t192.0.2.1  # one\r\n2001:db8::/32");
	write_file(directory, "bad.txt", "10.0.0.0/8\n  10.0.0.0/99\n1.2.3.4 5.6.7.8\n");

	write_file(directory, "c.yaml", I "sets: {s: {file: good.txt}}\nallow: [s]\n");
	CHECK(tg_config_load(path, &config, &diagnostics) == 0);
	if (config)
		check_list(&config->allow, wanted, COUNT(wanted));
	tg_config_free(&config);

	write_file(directory, "c.yaml", I "wibble: 1\ndeny: [{file: bad.txt}]\n");
	CHECK(tg_config_load(path, &config, &diagnostics) == -EINVAL && !config);
	CHECK(diagnostics.n == 3, "%zu", diagnostics.n);
	if (diagnostics.n == 3) {
		CHECK(strstr(diagnostics.items[0].file, "/bad.txt"));
		check_diagnostic(&diagnostics.items[0], "2:3: 10.0.0.0/99", "");
		check_diagnostic(&diagnostics.items[1], "3:1: not a prefix", "");
		CHECK(strcmp(diagnostics.items[2].file, path) == 0);
	}
	tg_diagnostics_clear(&diagnostics);
	remove_files(directory, names, COUNT(names));
}

TEST(test_unreadable)
{
	struct tg_diagnostics diagnostics = {0};
	struct tg_config *config = NULL;

	CHECK(tg_config_load("/nonexistent/x", &config, &diagnostics) == -ENOENT);
	CHECK(tg_config_load("/", &config, &diagnostics) == -EISDIR);
	CHECK(tg_config_load("/dev/zero", &config, &diagnostics) == -ENXIO);
	CHECK(config == NULL && diagnostics.errors == 3);
	tg_diagnostics_clear(&diagnostics);
}

struct change_case {
	bool continuous; /* the limit, before */
	const char *settings[4][2];
	const char *why;	/* NULL: goes through */
	struct tg_refill after; /* then */
};

static const struct change_case change_cases[] = {
	{false, {{"capacity", "50"}}, NULL, {50, 10, SECOND, false}},
	{false, {{"burst", "50"}}, NULL, {50, 10, SECOND, false}},
	{false, {{"refill_amount", "3"}}, NULL, {100, 3, SECOND, false}},
	{false, {{"refill_interval", "2s"}}, NULL, {100, 10, 2 * SECOND, false}},
	{false, {{"rate", "5/s"}}, NULL, {100, 1, SECOND / 5, true}},
	{true, {{"capacity", "50"}}, NULL, {50, 10, SECOND, true}},
	{true, {{"rate", "5/s"}}, NULL, {100, 1, SECOND / 5, true}},
	{true,
	 {{"refill_interval", "2s"}, {"refill_amount", "3"}},
	 NULL,
	 {100, 3, 2 * SECOND, false}},
	{true, {{"refill_amount", "3"}}, "both refill_amount and refill_interval", {0}},
	{true, {{"refill_interval", "3s"}}, "both refill_amount and refill_interval", {0}},
	{false, {{"rate", "5/s"}, {"refill_amount", "3"}}, "excludes", {0}},
	{false, {{"refill_amount", "3"}, {"rate", "5/s"}}, "excludes", {0}},
	{false, {{"capacity", "-1"}}, "\"-1\" is not a number of packets", {0}},
	{false, {{"capacity", "0"}}, "from 1 to", {0}},
	{false, {{"capacity", ""}}, "not a number", {0}},
	{false, {{"refill_amount", "0"}}, "from 1 to", {0}},
	{false, {{"refill_interval", "0s"}}, "1us", {0}},
	{false, {{"rate", "1MB/s"}}, "counts bytes", {0}},
	{false, {{"rate", "200000000000/s"}}, "faster than", {0}},
	{true, {{"capacity", "1099511627776"}}, "four years", {0}},
	{false, {{"name", "x"}}, "\"name\" cannot be set while a limit holds", {0}},
};

static void check_change(const struct change_case *c, size_t index)
{
	struct tg_refill_change change = {.refill = {100, 10, SECOND, c->continuous}}, before;
	char why[256] = "";
	int r = 0;
	size_t i;

	for (i = 0; r == 0 && i < COUNT(c->settings) && c->settings[i][0]; i++) {
		before = change;
		r = tg_config_set_refill(&change, TG_CONFIG_PACKETS, c->settings[i][0],
					 c->settings[i][1], why, sizeof(why));
		if (r)
			CHECK(memcmp(&before.refill, &change.refill, sizeof(before.refill)) == 0);
	}
	if (r == 0)
		r = tg_config_check_refill(&change, why, sizeof(why));
	CHECK(r == (c->why ? -EINVAL : 0), "case %zu: %d %s", index, r, why);
	if (c->why) {
		CHECK(strstr(why, c->why), "case %zu: %s", index, why);
		return;
	}
	CHECK(change.refill.capacity == c->after.capacity &&
		      change.refill.amount == c->after.amount &&
		      change.refill.interval == c->after.interval &&
		      change.refill.continuous == c->after.continuous,
	      "case %zu", index);
}

TEST(test_changes)
{
	size_t i;

	for (i = 0; i < COUNT(change_cases); i++)
		check_change(&change_cases[i], i);
}

TEST_MAIN(RUN(test_invalid), RUN(test_valid), RUN(test_warned), RUN(test_every_field),
	  RUN(test_defaults), RUN(test_copy_outlives), RUN(test_find_limit), RUN(test_too_many),
	  RUN(test_sets_do_not_explode), RUN(test_list_files), RUN(test_unreadable),
	  RUN(test_changes))

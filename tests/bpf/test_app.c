// SPDX-License-Identifier: GPL-2.0-or-later
/* Applications that charge: the program of the library, beside that of packets, on virtual time. */
#include <tidegate/app.h>
#include <tidegate/name_hash.h>
#include <tidegate/shared.h>
#include <tidegate/trace.h>

#include "app.skel.h"
#include "fixture.h"

#define APP		  __attribute__((cleanup(app_close))) struct app
#define KEYS(more)	  "limits: [{name: k, per: key, capacity: 3, rate: 1/s" more "}]"
#define SOURCES(capacity) "limits: [{name: s, per: source, capacity: " capacity ", rate: 1/s}]"

struct app {
	struct fixture fixture;
	struct app_bpf *skeleton;
	struct tg_meta meta;
};

static void app_close(struct app *app)
{
	app_bpf__destroy(app->skeleton);
	fixture_close(&app->fixture);
}

static void at(struct app *app, uint64_t now)
{
	set_now(&app->fixture, now);
	app->skeleton->bss->virtual_now[0] = app->skeleton->bss->virtual_now[1] = now;
}

static void put_meta(struct app *app, uint32_t active)
{
	struct tidegate_bpf *skeleton = app->fixture.skeleton;
	uint32_t zero = 0;

	bpf_map__update_elem(skeleton->maps.meta, &zero, 4, &app->meta, sizeof(app->meta), BPF_ANY);
	bpf_map__update_elem(skeleton->maps.active, &zero, 4, &active, 4, BPF_ANY);
}

static bool app_open_at(struct app *app, const char *hooks, const char *limits)
{
	struct bpf_map *map, *other;

	app->skeleton = NULL;
	if (!fixture_open_at(&app->fixture, hooks, limits))
		return false;
	app->skeleton = app_bpf__open();
	memcpy((void *)&app->skeleton->rodata->policy, &app->fixture.compiled->policy,
	       sizeof(struct tg_policy));
	*(bool *)&app->skeleton->rodata->virtual_clock = true;
	bpf_object__for_each_map(map, app->skeleton->obj)
	{
		other = bpf_object__find_map_by_name(app->fixture.skeleton->obj,
						     bpf_map__name(map));
		if (!bpf_map__is_internal(map) && bpf_map__reuse_fd(map, bpf_map__fd(other)))
			CHECK(false, "cannot share %s", bpf_map__name(map));
	}
	if (app_bpf__load(app->skeleton)) {
		CHECK(false, "cannot load: %s", strerror(errno));
		return false;
	}
	app->meta = test_meta;
	app->meta.generation[0] = app->fixture.compiled->policy.generation;
	put_meta(app, 0);
	at(app, 1000 * S);
	return true;
}

static bool app_open(struct app *app, const char *limits)
{
	return app_open_at(app, "xdp", limits);
}

static void run_request(struct app *app, struct tg_app_request *ask)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = ask, .ctx_size_in = sizeof(*ask));

	CHECK(bpf_prog_test_run_opts(bpf_program__fd(app->skeleton->progs.tidegate_charge),
				     &options) == 0,
	      "%s", strerror(errno));
}

/* Of the first limit; @key is an address where that is its key. */
static struct tg_app_request ask(struct app *app, uint32_t what, const char *key, uint64_t cost)
{
	const struct tg_policy *policy = &app->fixture.compiled->policy;
	struct tg_app_request request = {.what = what, .cost = cost};
	struct tg_prefix prefix;
	char why[128];

	request.limit_id = policy->limits[app->fixture.compiled->slots[0]].id;
	request.address = tg_name_hash(policy->name_key, key, strlen(key));
	if (app->fixture.config->limits[0].per != TG_CONFIG_PER_KEY) {
		CHECK(tg_prefix_parse(key, &prefix, why, sizeof(why)) == 0, "%s", why);
		memcpy(&request.address, prefix.address, 16);
		request.is_ipv4 = !strchr(key, ':');
	}
	run_request(app, &request);
	return request;
}

static uint32_t charge(struct app *app, const char *key, uint64_t cost)
{
	return ask(app, TG_APP_CHARGE, key, cost).result;
}

TEST(test_key)
{
	APP a;
	struct tg_app_request last;
	int i;

	if (!app_open(&a, KEYS("")))
		return;
	for (i = 0; i < 3; i++)
		CHECK(charge(&a, "alice", 1) == TG_APP_ADMITTED, "charge %d", i);
	last = ask(&a, TG_APP_CHARGE, "alice", 1);
	CHECK(last.result == TG_APP_EXCEEDED && last.has_bucket, "result %u", last.result);
	CHECK(last.deficit == last.rate.capacity, "nothing is taken by a refusal");
	CHECK(charge(&a, "bob", 3) == TG_APP_ADMITTED, "each key has a bucket of its own");
	at(&a, 1001 * S + MS);
	CHECK(charge(&a, "alice", 2) == TG_APP_EXCEEDED, "two have not come");
	CHECK(charge(&a, "alice", 1) == TG_APP_ADMITTED, "one has");
	CHECK(charge(&a, "alice", 1) == TG_APP_EXCEEDED, "and no more");
	CHECK(charge(&a, "carol", 4) == TG_APP_EXCEEDED, "more than a bucket holds");
	CHECK(charge(&a, "carol", ~0ULL) == TG_APP_UNKNOWN, "a cost that would overflow");
	CHECK(charge(&a, "carol", 3) == TG_APP_ADMITTED, "and that took nothing");
	CHECK(limit_counters(&a.fixture, 0).packets[TG_VERDICT_ADMITTED] == 6, "counted");
	CHECK(limit_counters(&a.fixture, 0).packets[TG_VERDICT_DROPPED] == 4, "counted");
}

/* At 1/h a token is 2^45 units, so that the units of 2^19 tokens do not fit 64 bits. */
TEST(test_cost_at_slow_rate)
{
	APP a;
	uint64_t cost;

	if (!app_open(&a, "limits: [{name: a, per: key, capacity: 5, rate: 1/h}]"))
		return;
	CHECK(charge(&a, "alice", 1) == TG_APP_ADMITTED);
	for (cost = 5; cost <= TG_APP_COST_MAX; cost *= 2) {
		CHECK(charge(&a, "alice", cost) == TG_APP_EXCEEDED, "a charge of %llu",
		      (unsigned long long)cost);
		CHECK(ask(&a, TG_APP_PEEK, "alice", cost).result == TG_APP_EXCEEDED,
		      "a peek of %llu", (unsigned long long)cost);
	}
	CHECK(ask(&a, TG_APP_PEEK, "alice", 1ULL << 19).result == TG_APP_EXCEEDED, "2^19");
	CHECK(charge(&a, "alice", 4) == TG_APP_ADMITTED, "the rest is there");
}

/* A delay is for what is paid within max_delay, whatever the units of the cost. */
TEST(test_cost_with_delay)
{
	struct tg_app_request found;
	uint64_t cost;
	APP a;

	if (!app_open_at(&a, "tc-egress",
			 "limits: [{name: s, match: {hook: tc-egress}, capacity: 20, rate: 10/s, "
			 "on_exceed: delay, max_delay: 10s}]"))
		return;
	CHECK(charge(&a, "192.0.2.2", (1ULL << 35) + 5) == TG_APP_EXCEEDED, "of a new source");
	CHECK(charge(&a, "192.0.2.1", 20) == TG_APP_ADMITTED, "all that there is");
	for (cost = 101; cost <= TG_APP_COST_MAX; cost = cost * 2 + 5)
		CHECK(charge(&a, "192.0.2.1", cost) == TG_APP_EXCEEDED, "a charge of %llu",
		      (unsigned long long)cost);
	for (cost = 1ULL << 34; cost <= TG_APP_COST_MAX / 2; cost *= 2)
		CHECK(charge(&a, "192.0.2.1", cost + 5) == TG_APP_EXCEEDED, "a charge of %llu",
		      (unsigned long long)cost + 5);
	found = ask(&a, TG_APP_CHARGE, "192.0.2.1", 5);
	CHECK(found.result == TG_APP_ADMITTED && found.departure > 1000 * S + 499 * MS &&
		      found.departure < 1000 * S + 501 * MS,
	      "nothing was charged, so 5 take half a second");
}

TEST(test_peek_changes_nothing)
{
	APP a;
	struct tg_app_request found;

	if (!app_open(&a, KEYS("")))
		return;
	found = ask(&a, TG_APP_PEEK, "alice", 3);
	CHECK(found.result == TG_APP_ADMITTED && !found.has_bucket, "result %u", found.result);
	CHECK(limit_counters(&a.fixture, 0).created == 0, "a bucket was made");
	CHECK(charge(&a, "alice", 2) == TG_APP_ADMITTED, "charge");
	CHECK(ask(&a, TG_APP_PEEK, "alice", 1).result == TG_APP_ADMITTED, "one is left");
	CHECK(ask(&a, TG_APP_PEEK, "alice", 2).result == TG_APP_EXCEEDED, "not two");
	CHECK(charge(&a, "alice", 1) == TG_APP_ADMITTED, "it is still there");
	CHECK(limit_counters(&a.fixture, 0).packets[TG_VERDICT_DROPPED] == 0, "a peek was counted");
}

TEST(test_packets_share_the_bucket)
{
	APP a;

	if (!app_open(&a, SOURCES("10")))
		return;
	CHECK(passes(&a.fixture, "192.0.2.1", 53, 4) == 4, "packets");
	CHECK(charge(&a, "192.0.2.1", 5) == TG_APP_ADMITTED, "charge");
	CHECK(passes(&a.fixture, "192.0.2.1", 53, 4) == 1, "one token is left to packets");
	CHECK(charge(&a, "192.0.2.1", 1) == TG_APP_EXCEEDED, "none to applications");
	CHECK(charge(&a, "2001:db8::1", 10) == TG_APP_ADMITTED, "IPv6");
	CHECK(passes(&a.fixture, "2001:db8::2", 53, 1) == 0, "the same /64");
}

TEST(test_no_packet_meets_a_key)
{
	APP a;

	if (!app_open(&a, KEYS("")))
		return;
	CHECK(passes(&a.fixture, "192.0.2.1", 53, 10) == 10, "packets are not limited");
	CHECK(reasons(&a.fixture).packets[TG_REASON_UNLIMITED] == 10, "and meet no limit");
}

TEST(test_only_the_generation_in_force_answers)
{
	APP a;

	if (!app_open(&a, KEYS("")))
		return;
	put_meta(&a, 1);
	CHECK(charge(&a, "alice", 1) == TG_APP_STALE, "the other bank");
	a.meta.generation[0]++;
	put_meta(&a, 0);
	CHECK(charge(&a, "alice", 1) == TG_APP_STALE, "a later generation in the bank");
	a.meta.generation[0]--;
	a.meta.abi_version = 0;
	put_meta(&a, 0);
	CHECK(charge(&a, "alice", 1) == TG_APP_STALE, "maps given up");
	a.meta.abi_version = TG_ABI_VERSION;
	put_meta(&a, 0);
	CHECK(charge(&a, "alice", 3) == TG_APP_ADMITTED, "nothing was taken");
}

TEST(test_find)
{
	APP a;
	struct tg_app_request found = {.what = TG_APP_FIND, .name = "second"};
	struct tg_app_request missing = {.what = TG_APP_FIND, .name = "secon"};
	struct tg_app_request nameless = {.what = TG_APP_FIND};
	struct tg_app_request wrong = {.what = TG_APP_CHARGE, .cost = 1};

	if (!app_open(&a, "limits: [{name: first, capacity: 1, rate: 1/s},"
			  "{name: second, per: key, capacity: 1, rate: 1/s}]"))
		return;
	run_request(&a, &found);
	CHECK(found.result == TG_APP_ADMITTED && found.per == TG_PER_KEY &&
		      found.limit_id == a.fixture.compiled->records[found.limit_id % 64].id,
	      "result %u, per %u", found.result, found.per);
	run_request(&a, &missing);
	CHECK(missing.result == TG_APP_UNKNOWN, "a beginning of a name");
	run_request(&a, &nameless);
	CHECK(nameless.result == TG_APP_UNKNOWN, "free slots have no name");
	run_request(&a, &wrong);
	CHECK(wrong.result == TG_APP_UNKNOWN, "no id");
	wrong.limit_id = found.limit_id + TG_LIMITS_MAX;
	run_request(&a, &wrong);
	CHECK(wrong.result == TG_APP_UNKNOWN, "the slot, of another life");
}

/* Who may run the program at all is a matter of its pin. */
TEST(test_only_root_charges_what_packets_do)
{
	APP a;

	if (!app_open(&a, SOURCES("10")))
		return;
	CHECK(setresuid(65534, 0, 0) == 0, "setresuid");
	CHECK(charge(&a, "192.0.2.1", 1) == TG_APP_FORBIDDEN, "another user");
	CHECK(setresuid(0, 0, 0) == 0, "setresuid");
	CHECK(charge(&a, "192.0.2.1", 1) == TG_APP_ADMITTED, "root");
}

TEST(test_anybody_charges_keys)
{
	APP a;

	if (!app_open(&a, KEYS("")))
		return;
	CHECK(setresuid(65534, 0, 0) == 0, "setresuid");
	CHECK(charge(&a, "alice", 1) == TG_APP_ADMITTED, "another user");
	CHECK(setresuid(0, 0, 0) == 0, "setresuid");
}

TEST(test_buckets_of_ports_cannot_be_named)
{
	APP a;

	if (!app_open(&a, "limits: [{name: p, per: [source, destination_port], capacity: 1, "
			  "rate: 1/s}]"))
		return;
	CHECK(charge(&a, "192.0.2.1", 1) == TG_APP_NO_KEY, "a port in the key");
}

TEST(test_backoff)
{
	APP a;
	struct tg_app_request refused;

	if (!app_open(&a, KEYS(", backoff: {initial: 2s, factor: 2, max: 8s}")))
		return;
	charge(&a, "alice", 3);
	refused = ask(&a, TG_APP_CHARGE, "alice", 1);
	CHECK(refused.penalty_until > 1001900 * MS && refused.penalty_until <= 1002 * S,
	      "closed until %llu", refused.penalty_until);
	at(&a, 1001500 * MS);
	CHECK(ask(&a, TG_APP_PEEK, "alice", 1).result == TG_APP_EXCEEDED, "closed");
	at(&a, 1002100 * MS);
	CHECK(charge(&a, "alice", 2) == TG_APP_ADMITTED, "who waits keeps its tokens");
}

TEST(test_shadow)
{
	APP a;

	if (!app_open(&a, KEYS(", shadow: true")))
		return;
	charge(&a, "alice", 3);
	CHECK(charge(&a, "alice", 1) == TG_APP_SHADOW, "goes on");
	CHECK(limit_counters(&a.fixture, 0).packets[TG_VERDICT_SHADOW_EXCEEDED] == 1, "counted");
}

/* A tenant who makes keys up gets no more than new_sources and the shared buckets hold. */
TEST(test_keys_without_end)
{
	APP a;
	char key[32];
	int i, admitted = 0;

	if (!app_open(&a, KEYS(", new_sources: {rate: 1/h, burst: 10}")))
		return;
	charge(&a, "known", 1);
	for (i = 0; i < 20000; i++) {
		snprintf(key, sizeof(key), "made up %d", i);
		admitted += charge(&a, key, 1) == TG_APP_ADMITTED;
	}
	CHECK(limit_counters(&a.fixture, 0).created == 10, "buckets");
	CHECK(admitted <= 9 + TG_OVERFLOW_PER_LIMIT * 3, "%d admitted", admitted);
	CHECK(charge(&a, "known", 2) == TG_APP_ADMITTED, "who was known has its tokens");
}

TEST(test_idle_keys_are_taken_out)
{
	APP a;
	struct tg_sweep request = {.flags = TG_SWEEP_RECLAIM};

	if (!app_open(&a, KEYS("")))
		return;
	charge(&a, "alice", 3);
	charge(&a, "bob", 1);
	at(&a, 1002 * S);
	CHECK(sweep(&a.fixture, &request) == 0 && request.reclaimed == 1, "%u reclaimed",
	      request.reclaimed);
	CHECK(charge(&a, "alice", 3) == TG_APP_EXCEEDED, "who owes stays");
	CHECK(charge(&a, "bob", 3) == TG_APP_ADMITTED, "who does not is full again");
}

static void share_all(struct tg_config *config)
{
	config->limits[0].shared = true;
}

static int on_report(void *data, void *bytes, size_t size)
{
	*(struct tg_share_report *)data = *(const struct tg_share_report *)bytes;
	return 0;
}

static bool read_report(struct app *app, struct tg_share_report *report)
{
	struct ring_buffer *ring = ring_buffer__new(
		bpf_map__fd(app->fixture.skeleton->maps.reports), on_report, report, NULL);
	int n = ring_buffer__consume(ring);

	ring_buffer__free(ring);
	return n == 1;
}

static void put_share(struct app *app, uint64_t fresh_until, uint32_t price)
{
	struct tg_share_state share = {fresh_until, price, 0};
	uint32_t slot = app->fixture.compiled->slots[0];

	bpf_map__update_elem(app->fixture.skeleton->maps.shares, &slot, 4, &share, sizeof(share),
			     BPF_ANY);
}

/* What applications take of a limit that other nodes charge too is told like what packets take. */
TEST(test_shared)
{
	struct tg_share_report report = {};
	APP a;

	fixture_before_compile = share_all;
	if (!app_open(&a, KEYS("")))
		return;
	fixture_before_compile = NULL;
	put_share(&a, 2000 * S, 1);
	CHECK(charge(&a, "alice", 2) == TG_APP_ADMITTED);
	CHECK(read_report(&a, &report) && report.tokens == 2 && report.key.kind == TG_KEY_NAME);
	put_share(&a, 1000 * S, 3);
	CHECK(charge(&a, "bob", 1) == TG_APP_ADMITTED, "a node on its own, of three");
	CHECK(charge(&a, "bob", 1) == TG_APP_EXCEEDED, "has a third");
	CHECK(!read_report(&a, &report), "nobody is told afterwards");
}

TEST_MAIN(RUN(test_key), RUN(test_cost_at_slow_rate), RUN(test_cost_with_delay),
	  RUN(test_peek_changes_nothing), RUN(test_packets_share_the_bucket),
	  RUN(test_no_packet_meets_a_key), RUN(test_only_the_generation_in_force_answers),
	  RUN(test_find), RUN(test_only_root_charges_what_packets_do),
	  RUN(test_anybody_charges_keys), RUN(test_buckets_of_ports_cannot_be_named),
	  RUN(test_backoff), RUN(test_shadow), RUN(test_keys_without_end),
	  RUN(test_idle_keys_are_taken_out), RUN(test_shared))

// SPDX-License-Identifier: GPL-2.0-or-later
/* The table's buckets after a change of its size. */
#include "places.h"
#include "reclaim_fixture.h"

#define FIXTURE		   tg_cleanup_fixture struct fixture
#define tg_cleanup_fixture __attribute__((cleanup(fixture_close)))

#define LIMIT "limits: [{name: l, capacity: 100, rate: 100/h}]"
#define N     200 /* sources, of which those from ALIKE on are anywhere */
#define ALIKE 60

static int buckets_of(const struct fixture *fixture)
{
	return bpf_map__fd(fixture->skeleton->maps.buckets);
}

static bool open_table(struct fixture *fixture, uint32_t size)
{
	char yaml[128];

	snprintf(yaml, sizeof(yaml), "table: {size: %u}\n" LIMIT, size);
	return fixture_open(fixture, yaml);
}

static struct tg_bucket_share *share_in(union tg_table_line *line, uint32_t number)
{
	return &line->shares[number % TG_SHARES_PER_LINE];
}

static uint32_t share_line(const struct fixture *fixture, uint32_t number)
{
	return fixture->compiled->policy.table.first_share + number / TG_SHARES_PER_LINE;
}

/* Something of its own in all that a bucket has: by @i. */
static void mark(struct fixture *fixture, uint32_t address, int i)
{
	struct tg_bucket_key key = key_of_address(fixture, address);
	struct tg_bucket bucket = {};
	union tg_table_line line;
	int number = find_bucket(fixture, &key, &bucket);
	uint32_t index = number < 0 ? 0 : share_line(fixture, number);

	CHECK(number >= 0, "source %d", i);
	if (number < 0)
		return;
	bucket.exceeded = 1000 + i;
	bucket.exceeded_at = 2000 + i;
	bucket.penalty = 3000 + i;
	store_bucket(fixture, number, &bucket);
	bpf_map_lookup_elem(buckets_of(fixture), &index, &line);
	*share_in(&line, number) = (struct tg_bucket_share){4000 + i, 5000 + i};
	bpf_map_update_elem(buckets_of(fixture), &index, &line, BPF_ANY);
}

/* That the bucket is @to as it was in @from. False if it is not there at all. */
static bool arrived(struct fixture *from, struct fixture *to, uint32_t address, int i)
{
	struct tg_bucket_key key = key_of_address(to, address);
	struct tg_bucket before = {}, after = {};
	union tg_table_line line;
	int number = find_bucket(to, &key, &after);
	uint32_t index = number < 0 ? 0 : share_line(to, number);
	struct tg_bucket_share *share;

	if (number < 0)
		return false;
	find_bucket(from, &key, &before);
	CHECK(memcmp(&before, &after, sizeof(before)) == 0 && after.penalty == 3000U + i, "%d", i);
	bpf_map_lookup_elem(buckets_of(to), &index, &line);
	share = share_in(&line, number);
	CHECK(share->taken == 4000 + i && share->watched_at == 5000U + i, "share of %d: %lld", i,
	      share->taken);
	return true;
}

/* So many of the sources' buckets are in a table of @size after a copy; in neither is one lost. */
static void copy_to(struct fixture *from, const uint32_t *addresses, uint32_t size, uint32_t fit)
{
	uint32_t found = 0;
	FIXTURE to;
	int i;

	if (!open_table(&to, size))
		return;
	CHECK(tg_table_copy(buckets_of(from), buckets_of(&to), &to.compiled->policy.table) == 0);
	CHECK(check_places(&to) == fit && check_places(from) == N, "%u of %u", check_places(&to),
	      fit);
	for (i = 0; i < N; i++) {
		if (!arrived(from, &to, addresses[i], i))
			continue;
		found++;
		CHECK(passes_of(&to, addresses[i], 100) == 99 - i % 50, "its debt");
	}
	CHECK(found == fit, "%u found of %u", found, fit);
	CHECK(check_places(&to) == fit, "nobody has a second bucket");
	set_now(&to, 10000 * S);
	CHECK(reclaim(&to, 0) == fit && check_places(&to) == 0 && sets_in_use(&to) == 0,
	      "they go again");
	for (i = 0; i < (int)size && i < 300; i++)
		passes_of(&to, 0x0c000000 + i, 1);
	CHECK(check_places(&to) == (size < 300 ? size : 300), "and leave room");
}

/* Sources in one chain of @from, so that most went by sets, and others. */
static void fill(struct fixture *from, uint32_t *addresses)
{
	int i;

	collide_in(from, from->compiled->policy.table.sets - 2, 0x0b000000, addresses, ALIKE);
	for (i = ALIKE; i < N; i++)
		addresses[i] = 0x0a000000 + i;
	for (i = 0; i < N; i++) {
		CHECK(passes_of(from, addresses[i], 1 + i % 50) == 1 + i % 50);
		mark(from, addresses[i], i);
	}
}

TEST(test_copy)
{
	static const struct {
		uint32_t size, fit;
	} tables[] = {{4096, N}, {1024, N}, {300, N}, {N, N}, {N - 1, N - 1}, {60, 60}, {1, 1}};
	uint32_t addresses[N];
	size_t i;
	FIXTURE from;

	if (!open_table(&from, 1024))
		return;
	fill(&from, addresses);
	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		copy_to(&from, addresses, tables[i].size, tables[i].fit);
}

/* Free places are not copied, and so what comes after them is closer together. */
TEST(test_copy_with_gaps)
{
	uint32_t i, left = 0;
	FIXTURE from, to;

	memset(&to, 0, sizeof(to));
	if (!open_table(&from, 8192))
		return;
	for (i = 0; i < 6000; i++) /* more than a step of the walk */
		passes_of(&from, 0x0b000000 + i, i % 7 ? 1 : 90);
	set_now(&from, 2000 * S);
	CHECK(reclaim(&from, 0) == 6000 - 858 && check_places(&from) == 858);
	for (i = 0; i < 6000; i += 7)
		mark(&from, 0x0b000000 + i, i);
	if (!open_table(&to, 900))
		return;
	CHECK(tg_table_copy(buckets_of(&from), buckets_of(&to), &to.compiled->policy.table) == 0);
	CHECK(check_places(&to) == 858);
	for (i = 0; i < 6000; i += 7)
		left += arrived(&from, &to, 0x0b000000 + i, i);
	CHECK(left == 858, "%u", left);
}

/* What falls to one chain of the new table, and is more than that holds, stays behind. */
TEST(test_copy_to_full_chain)
{
	uint32_t addresses[N], i, found = 0;
	struct tg_bucket_key key;
	struct tg_bucket bucket;
	FIXTURE from, to;

	memset(&to, 0, sizeof(to));
	if (!open_table(&from, 16384) || !open_table(&to, 1024))
		return;
	collide_in(&to, 5, 0x0b000000, addresses, N);
	for (i = 0; i < N; i++)
		passes_of(&from, addresses[i], 2);
	passes_of(&from, 0x0a000001, 1);
	CHECK(check_places(&from) == N + 1);
	CHECK(tg_table_copy(buckets_of(&from), buckets_of(&to), &to.compiled->policy.table) == 0);
	CHECK(check_places(&to) == TG_TABLE_CHAIN * TG_TABLE_WAYS + 1, "%u", check_places(&to));
	for (i = 0; i < N; i++) {
		key = key_of_address(&to, addresses[i]);
		found += find_bucket(&to, &key, &bucket) >= 0 && bucket.admitted == 2;
	}
	key = key_of_address(&to, 0x0a000001);
	CHECK(found == TG_TABLE_CHAIN * TG_TABLE_WAYS && find_bucket(&to, &key, &bucket) >= 0,
	      "%u, and one that came after them", found);
	set_now(&to, 10000 * S);
	CHECK(reclaim(&to, 0) == found + 1 && check_places(&to) == 0 && sets_in_use(&to) == 0);
}

TEST_MAIN(RUN(test_copy), RUN(test_copy_with_gaps), RUN(test_copy_to_full_chain))

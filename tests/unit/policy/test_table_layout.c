// SPDX-License-Identifier: GPL-2.0-or-later
/* Where sets, places and shares lie in the table of buckets. */
#include <stddef.h>
#include <stdint.h>
#include <tidegate/table.h>

#include "policy/table_layout.h"
#include "test.h"

/* The last is the most that a configuration may ask for. */
static const uint32_t sizes[] = {1, 7, 8, 9, 1024, 65536, 1000000, 16777216};

#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

TEST(test_lines_apart)
{
	struct tg_table t;
	size_t i;

	for (i = 0; i < SIZES; i++) {
		tg_table_lay_out(&t, sizes[i]);
		CHECK(t.size == sizes[i] && t.sets >= 1, "%u: %u sets", sizes[i], t.sets);
		CHECK(TG_TABLE_FIRST_SET >= 1 + TG_LIMITS_MAX / TG_QUOTAS_PER_LINE,
		      "the head, quotas of all limits, then sets");
		CHECK(t.first_entry >= TG_TABLE_FIRST_SET + t.sets, "%u: sets, then places",
		      sizes[i]);
		CHECK(t.first_share >= t.first_entry + t.size, "%u: places, then shares", sizes[i]);
		CHECK(t.lines >= t.first_share + (t.size - 1) / TG_SHARES_PER_LINE + 1,
		      "%u: the last share is within the map", sizes[i]);
		CHECK((uint64_t)TG_TABLE_FIRST_SET + t.sets + t.size + t.size / 4 + 2 >= t.lines,
		      "%u: and nothing wasted", sizes[i]);
	}
}

TEST(test_numbers_fit_cells)
{
	size_t i;

	for (i = 0; i < SIZES; i++)
		CHECK(TG_WAY_NUMBER(sizes[i] - 1) == sizes[i] - 1 &&
			      TG_WAY_TAG(sizes[i] - 1) == 0 && sizes[i] <= TG_TABLE_ENTRIES_MAX,
		      "%u", sizes[i]);
}

/* As a full table has sets that hold more than the average, nearly twice as much is needed. */
TEST(test_cells_for_all)
{
	struct tg_table t;
	size_t i;

	for (i = 0; i < SIZES; i++) {
		tg_table_lay_out(&t, sizes[i]);
		CHECK((uint64_t)t.sets * TG_TABLE_WAYS * 8 >= (uint64_t)sizes[i] * 15,
		      "%u: %u sets", sizes[i], t.sets);
		/* where a chain goes all around, it must come by enough ways */
		CHECK(t.sets >= TG_TABLE_CHAIN || t.sets * TG_TABLE_WAYS >= t.size, "%u", sizes[i]);
	}
}

/* Of whatever hash. */
TEST(test_within_bounds)
{
	static const uint64_t hashes[] = {0, 1, ~0ULL, 0xffffffff, 0xffffffff00000000, 1ULL << 63};
	struct tg_table t;
	size_t i, j;

	for (i = 0; i < SIZES; i++) {
		tg_table_lay_out(&t, sizes[i]);
		for (j = 0; j < sizeof(hashes) / sizeof(hashes[0]); j++) {
			CHECK(tg_table_set_of(&t, hashes[j]) < t.sets, "%u: a set", sizes[i]);
			CHECK(tg_table_way_of(hashes[j], 0) < TG_TABLE_WAYS, "a cell");
			CHECK(tg_table_way_of(hashes[j], 1) < TG_TABLE_WAYS, "a second one");
			CHECK(tg_table_tag_of(hashes[j]) >= 1 && tg_table_tag_of(hashes[j]) <= 255,
			      "a tag that is not 0 and fits");
		}
		CHECK(tg_table_set_of(&t, ~0ULL) == t.sets - 1, "%u: the last set is used",
		      sizes[i]);
	}
}

/* And not the first one again. */
TEST(test_two_cells)
{
	uint64_t i;
	int same = 0;

	for (i = 0; i < 256; i++)
		same += tg_table_way_of(i << 16, 0) == tg_table_way_of(i << 16, 1);
	CHECK(same <= 1, "%d of 256 hashes have only one", same);
}

/* Each bit of the maps' key counts, and so do its halves apart: nothing is derived from a part. */
TEST(test_secrets_derived)
{
	const __u64 hash_key[2] = {0x0123456789abcdef, 0xfedcba9876543210};
	struct tg_table t, other;
	int bit, i, same;

	tg_table_design(&t, 1024, hash_key);
	CHECK(t.factor & 1, "odd, so that no two hashes are made one");
	for (bit = 0; bit < 128; bit++) {
		__u64 near[2] = {hash_key[0], hash_key[1]};

		near[bit / 64] ^= 1ULL << bit % 64;
		tg_table_design(&other, 1024, near);
		for (i = same = 0; i < 6; i++)
			same += t.secrets[i] == other.secrets[i];
		CHECK(same == 0 && t.factor != other.factor, "bit %d: %d words the same", bit,
		      same);
	}
	for (i = same = 0; i < 36; i++)
		same += i / 6 != i % 6 && t.secrets[i / 6] == t.secrets[i % 6];
	CHECK(same == 0, "six words, not fewer");
	tg_table_design(&other, 65536, hash_key);
	CHECK(memcmp(t.secrets, other.secrets, sizeof(t.secrets)) == 0 && t.factor == other.factor,
	      "a table of another size has the same, as a bucket that sources share");
}

TEST_MAIN(RUN(test_lines_apart), RUN(test_numbers_fit_cells), RUN(test_cells_for_all),
	  RUN(test_within_bounds), RUN(test_two_cells), RUN(test_secrets_derived))

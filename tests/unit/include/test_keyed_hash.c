// SPDX-License-Identifier: GPL-2.0-or-later
/* Where sources without a bucket of their own fall. */
#include <stdint.h>
#include <string.h>
#include <tidegate/keyed_hash.h>

#include "test.h"

/* By another implementation: CPython 3.11's hash() of these 19 bytes, PYTHONHASHSEED 0 and 7. */
static const struct {
	__u64 secret[2];
	__u8 first, step; /* bytes */
	__u64 hash;
} cases[] = {
	{{0, 0}, 0, 1, 0x091f4a3329f87d19ULL},
	{{0, 0}, 0, 0, 0x34cf813553ce9a96ULL},
	{{0, 0}, 255, 0, 0x768fff34a095dd4dULL},
	{{0x12c874a1806f0e3dULL, 0x470a89d2f9d2784fULL}, 0, 1, 0xf471eedf7f3b779cULL},
	{{0x12c874a1806f0e3dULL, 0x470a89d2f9d2784fULL}, 0, 0, 0x80dcb0b30558a535ULL},
	{{0x12c874a1806f0e3dULL, 0x470a89d2f9d2784fULL}, 255, 0, 0xb92cadb1e03d9287ULL},
};

TEST(test_vectors)
{
	struct tg_bucket_key key = {};
	__u8 bytes[19];
	size_t i, j;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (j = 0; j < sizeof(bytes); j++)
			bytes[j] = cases[i].first + j * cases[i].step;
		memcpy(&key.address, bytes, 16);
		memcpy(&key.port, bytes + 16, 2);
		key.protocol = bytes[18];
		CHECK(tg_key_hash(cases[i].secret, &key) == cases[i].hash, "vector %zu: %llx", i,
		      tg_key_hash(cases[i].secret, &key));
	}
}

TEST(test_limits_apart)
{
	struct tg_bucket_key key = {.limit_id = 5 * TG_LIMITS_MAX + 63};
	__u64 secret[2] = {1, 2};
	__u32 index = tg_overflow_index(secret, key.limit_id, 7);

	CHECK(index / TG_OVERFLOW_PER_LIMIT == 63, "in the limit's own part: %u", index);
	key.limit_id = 9 * TG_LIMITS_MAX;
	CHECK(tg_overflow_index(secret, key.limit_id, 7) == index - 63 * TG_OVERFLOW_PER_LIMIT,
	      "whatever its serial number");
}

TEST_MAIN(RUN(test_vectors), RUN(test_limits_apart))

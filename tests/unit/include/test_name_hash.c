// SPDX-License-Identifier: GPL-2.0-or-later
/* SipHash-2-4-128 against the vectors of its authors: key 00 01 .. 0f, input 00 01 .. */
#include <tidegate/name_hash.h>

#include "test.h"

static const struct {
	size_t length;
	const char *hash;
} vectors[] = {
	{0, "a3817f04ba25a8e66df67214c7550293"},  {1, "da87c1d86b99af44347659119b22fc45"},
	{8, "3b62a9ba6258f5610f83e264f31497b4"},  {15, "5493e99933b0a8117e08ec0f97cfc3d9"},
	{16, "6ee2a4ca67b054bbfd3315bf85230577"}, {63, "5150d1772f50834a503e069a973fbd7c"},
};

static const __u64 key[2] = {0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL};

static void to_text(struct tg_address hash, char text[33])
{
	const unsigned char *bytes = (const unsigned char *)&hash;
	int i;

	for (i = 0; i < 16; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
}

TEST(test_vectors)
{
	unsigned char input[64];
	char text[33];
	size_t i;

	for (i = 0; i < sizeof(input); i++)
		input[i] = i;
	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		to_text(tg_name_hash(key, input, vectors[i].length), text);
		CHECK(strcmp(text, vectors[i].hash) == 0, "%zu bytes: %s", vectors[i].length, text);
	}
}

/* Applications know the secret of names; that of the table must not follow from it, nor be it. */
TEST(test_secret)
{
	__u64 name_key[2], other[2], flipped[2] = {key[0] ^ 1, key[1]};

	tg_name_key(key, name_key);
	tg_name_key(flipped, other);
	CHECK(name_key[0] != key[0] && name_key[1] != key[1], "the same");
	CHECK(name_key[0] != other[0] && name_key[1] != other[1], "does not depend on the key");
}

TEST_MAIN(RUN(test_vectors), RUN(test_secret))

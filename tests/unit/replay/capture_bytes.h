/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capture files written byte by byte. */
#ifndef TG_CAPTURE_BYTES_H
#define TG_CAPTURE_BYTES_H

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "replay/capture.h"
#include "base/errmsg.h"
#include "test.h"

#define S     1000000000ULL
#define MICRO 0xa1b2c3d4U
#define NANO  0xa1b23c4dU
#define ETHER 1
#define RAW   101
#define SLL   113
#define IPV4  228
#define IPV6  229
#define SLL2  276
#define LOOP  0 /* BSD loopback: none that is taken */
#define T     1790000000U

/* Bytes of a file, in either order. */
struct bytes {
	uint8_t data[16384];
	size_t n;
	bool big; /* endian */
};

static void put(struct bytes *bytes, uint64_t number, int size)
{
	int i;

	for (i = 0; i < size; i++)
		bytes->data[bytes->n++] = (uint8_t)(number >> 8 * (bytes->big ? size - 1 - i : i));
}

static void put_text(struct bytes *bytes, const void *text, size_t n)
{
	memcpy(bytes->data + bytes->n, text, n);
	bytes->n += n;
}

static void put_head(struct bytes *bytes, uint32_t magic, uint32_t link)
{
	put(bytes, magic, 4);
	put(bytes, 2, 2);
	put(bytes, 4, 2);
	put(bytes, 0, 4);
	put(bytes, 0, 4);
	put(bytes, 65535, 4);
	put(bytes, link, 4);
}

static void put_packet(struct bytes *bytes, uint32_t seconds, uint32_t part, uint32_t captured,
		       uint32_t length)
{
	put(bytes, seconds, 4);
	put(bytes, part, 4);
	put(bytes, captured, 4);
	put(bytes, length, 4);
}

static char path[64];

static void save(const struct bytes *bytes)
{
	int fd;

	strcpy(path, "/var/tmp/tidegate-unit.XXXXXX");
	fd = mkstemp(path);
	CHECK(fd >= 0 && write(fd, bytes->data, bytes->n) == (ssize_t)bytes->n, "%s",
	      strerror(errno));
	close(fd);
}

static int open_saved(const struct bytes *bytes, const char *filter, struct tg_capture **capture,
		      char *errmsg)
{
	int error;

	save(bytes);
	error = tg_capture_open(path, filter, capture, errmsg);
	unlink(path);
	CHECK(!error == (*capture != NULL), "%d", error);
	return error;
}

static const uint8_t frame_bytes[] = "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00"
				     "E0123456789abcdefghij";
#define FRAME_SIZE (sizeof(frame_bytes) - 1)

static size_t begin_block(struct bytes *bytes, uint32_t type)
{
	put(bytes, type, 4);
	put(bytes, 0, 4);
	return bytes->n - 8;
}

static void end_block(struct bytes *bytes, size_t begin)
{
	uint32_t size;

	while (bytes->n % 4)
		bytes->data[bytes->n++] = 0;
	size = (uint32_t)(bytes->n + 4 - begin);
	put(bytes, size, 4);
	bytes->n = begin + 4;
	put(bytes, size, 4);
	bytes->n = begin + size;
}

/* @resolution: of the timestamps, as the option if_tsresol has it. */
static void put_section(struct bytes *bytes, uint32_t link, uint8_t resolution)
{
	size_t begin = begin_block(bytes, 0x0a0d0d0a);

	put(bytes, 0x1a2b3c4d, 4);
	put(bytes, 1, 2);
	put(bytes, 0, 2);
	put(bytes, UINT64_MAX, 8);
	end_block(bytes, begin);
	begin = begin_block(bytes, 1);
	put(bytes, link, 2);
	put(bytes, 0, 2);
	put(bytes, 128, 4); /* the snapshot length */
	put(bytes, 9, 2);
	put(bytes, 1, 2);
	put(bytes, resolution, 1);
	put(bytes, 0, 3);
	put(bytes, 0, 4);
	end_block(bytes, begin);
}

static void put_enhanced(struct bytes *bytes, uint64_t time, uint32_t captured, uint32_t length)
{
	size_t begin = begin_block(bytes, 6);

	put(bytes, 0, 4);
	put(bytes, time >> 32, 4);
	put(bytes, time & UINT32_MAX, 4);
	put(bytes, captured, 4);
	put(bytes, length, 4);
	put_text(bytes, frame_bytes, FRAME_SIZE);
	end_block(bytes, begin);
}

#endif

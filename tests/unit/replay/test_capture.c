// SPDX-License-Identifier: GPL-2.0-or-later
/* Capture files written byte by byte: both formats, byte orders and resolutions, and broken ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "unit/replay/capture_bytes.h"

TEST(orders_and_resolutions)
{
	static const struct {
		uint32_t magic, part;
		bool big;
		uint64_t want; /* ns */
	} cases[] = {
		{MICRO, 123456, false, T * S + 123456000},
		{MICRO, 123456, true, T * S + 123456000},
		{NANO, 123456789, false, T * S + 123456789},
		{NANO, 123456789, true, T * S + 123456789},
		{MICRO, 0, false, T * S},
		{NANO, 999999999, true, T * S + 999999999},
	};
	char errmsg[TG_ERRMSG_SIZE];
	struct tg_capture *capture;
	struct tg_frame frame;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes bytes = {.big = cases[i].big};

		put_head(&bytes, cases[i].magic, ETHER);
		put_packet(&bytes, T, cases[i].part, FRAME_SIZE, 1514);
		put_text(&bytes, frame_bytes, FRAME_SIZE);
		put_packet(&bytes, T + 1, 0, 0, 60);
		put_packet(&bytes, T - 9, 1, FRAME_SIZE, 3); /* shorter than what there is of it */
		put_text(&bytes, frame_bytes, FRAME_SIZE);
		capture = NULL;
		if (open_saved(&bytes, NULL, &capture, errmsg)) {
			CHECK(false, "%zu: %s", i, errmsg);
			continue;
		}
		CHECK(strcmp(tg_capture_name(capture), path) == 0 && !tg_capture_lost(capture));
		CHECK(tg_capture_next(capture, &frame, errmsg) == 1);
		CHECK(frame.time == cases[i].want, "%zu: %llu", i, (unsigned long long)frame.time);
		CHECK(frame.captured == FRAME_SIZE && frame.length == 1514 &&
			      memcmp(frame.bytes, frame_bytes, FRAME_SIZE) == 0,
		      "%zu: %u of %u", i, frame.captured, frame.length);
		CHECK(tg_capture_next(capture, &frame, errmsg) == 1 && frame.captured == 0 &&
			      frame.length == 60,
		      "%zu: nothing of it", i);
		CHECK(tg_capture_next(capture, &frame, errmsg) == 1 &&
			      frame.captured == FRAME_SIZE && frame.length == FRAME_SIZE &&
			      frame.time < T * S,
		      "%zu: earlier, and longer than it says", i);
		CHECK(tg_capture_next(capture, &frame, errmsg) == 0 &&
			      tg_capture_next(capture, &frame, errmsg) == 0,
		      "%zu: the end", i);
		CHECK(tg_capture_share(capture) == 1.0, "%f", tg_capture_share(capture));
		tg_capture_close(&capture);
		CHECK(!capture, "closed");
	}
}

/* Seconds are 32 bits without a sign: after 2038-01-19, and up to the last one in 2106. */
TEST(times_after_2038)
{
	static const uint32_t times[] = {0x7fffffff, 0x80000000, 0xffffffff};
	char errmsg[TG_ERRMSG_SIZE];
	struct tg_capture *capture;
	struct tg_frame frame;
	size_t i;

	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct bytes bytes = {.big = i & 1};

		put_head(&bytes, MICRO, ETHER);
		put_packet(&bytes, times[i], 5, FRAME_SIZE, FRAME_SIZE);
		put_text(&bytes, frame_bytes, FRAME_SIZE);
		capture = NULL;
		if (open_saved(&bytes, NULL, &capture, errmsg)) {
			CHECK(false, "%zu: %s", i, errmsg);
			continue;
		}
		CHECK(tg_capture_next(capture, &frame, errmsg) == 1 &&
			      frame.time == times[i] * S + 5000,
		      "%x: %llu", times[i], (unsigned long long)frame.time);
		tg_capture_close(&capture);
	}
}

/* What is before the IP packet of each link type becomes an Ethernet header. */
TEST(link_types)
{
	static const struct {
		const char *what;
		uint32_t link;
		const char *bytes;
		uint32_t captured, length, want_captured, want_length;
		uint16_t type;
	} cases[] = {
		{"raw IPv4", RAW, "E___", 4, 40, 18, 54, 0x0800},
		{"raw IPv6", RAW, "\x60___", 4, 40, 18, 54, 0x86dd},
		{"raw, neither", RAW, "\x10___", 4, 4, 18, 18, 0x0800},
		{"IPv4", IPV4, "E___", 4, 40, 18, 54, 0x0800},
		{"IPv6", IPV6, "\x60___", 4, 40, 18, 54, 0x86dd},
		{"raw, nothing of it", RAW, "", 0, 40, 0, 0, 0},
		{"cooked", SLL,
		 "0123456789abcd\x08\x00"
		 "E_",
		 18, 100, 16, 98, 0x0800},
		{"cooked, ARP", SLL, "0123456789abcd\x08\x06", 16, 16, 14, 14, 0x0806},
		{"cooked, cut", SLL, "0123456789abcd\x08", 15, 100, 0, 0, 0},
		{"cooked 2", SLL2,
		 "\x86\xdd"
		 "23456789abcdefghij\x60_",
		 22, 60, 16, 54, 0x86dd},
		{"cooked 2, cut", SLL2,
		 "\x86\xdd"
		 "23456789abcdefghi",
		 19, 60, 0, 0, 0},
	};
	char errmsg[TG_ERRMSG_SIZE];
	struct tg_capture *capture;
	struct tg_frame frame;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes bytes = {};

		put_head(&bytes, MICRO, cases[i].link);
		put_packet(&bytes, T, 0, cases[i].captured, cases[i].length);
		put_text(&bytes, cases[i].bytes, cases[i].captured);
		capture = NULL;
		if (open_saved(&bytes, NULL, &capture, errmsg)) {
			CHECK(false, "%s: %s", cases[i].what, errmsg);
			continue;
		}
		CHECK(tg_capture_next(capture, &frame, errmsg) == 1, "%s", cases[i].what);
		CHECK(frame.captured == cases[i].want_captured &&
			      frame.length == cases[i].want_length,
		      "%s: %u of %u", cases[i].what, frame.captured, frame.length);
		if (frame.captured) {
			CHECK((frame.bytes[12] << 8 | frame.bytes[13]) == cases[i].type, "%s: %x%x",
			      cases[i].what, frame.bytes[12], frame.bytes[13]);
			CHECK(memcmp(frame.bytes + 14,
				     cases[i].bytes + cases[i].captured - (frame.captured - 14),
				     frame.captured - 14) == 0,
			      "%s: what follows", cases[i].what);
			CHECK(memcmp(frame.bytes, "\2\0\0\0\0\0\2\0\0\0\0\1", 12) == 0, "%s",
			      cases[i].what);
		}
		tg_capture_close(&capture);
	}
}

/* A raw packet beyond what a frame may have is cut, and its length still says how long it was. */
TEST(long_packets)
{
	static const uint32_t sizes[] = {3057, 3058, 3059, 3072, 3073, 9000};
	struct tg_capture *capture;
	char errmsg[TG_ERRMSG_SIZE];
	struct tg_frame frame;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct bytes bytes = {};

		put_head(&bytes, MICRO, RAW);
		put_packet(&bytes, T, 0, sizes[i], sizes[i]);
		bytes.data[bytes.n] = 0x60;
		bytes.n += sizes[i];
		capture = NULL;
		CHECK(open_saved(&bytes, NULL, &capture, errmsg) == 0, "%s", errmsg);
		CHECK(tg_capture_next(capture, &frame, errmsg) == 1);
		CHECK(frame.captured == (sizes[i] < 3058 ? sizes[i] + 14 : TG_FRAME_MOST) &&
			      frame.length == sizes[i] + 14,
		      "%u of %u", frame.captured, frame.length);
		tg_capture_close(&capture);
	}
}

/* Files that are refused when they are opened. */
TEST(no_captures)
{
	static const struct {
		const char *what;
		uint32_t magic, link;
		size_t n; /* bytes of the head */
		const char *filter;
		int want;
		const char *text;
	} cases[] = {
		{"empty", MICRO, ETHER, 0, NULL, -EBADMSG, " is no capture that can be read: "},
		{"a byte", MICRO, ETHER, 1, NULL, -EBADMSG, " is no capture that can be read: "},
		{"cut off", MICRO, ETHER, 23, NULL, -EBADMSG, " is no capture that can be read: "},
		{"magic", 0xdeadbeef, ETHER, 24, NULL, -EBADMSG, "unknown file format"},
		{"link type", MICRO, LOOP, 24, NULL, -EOPNOTSUPP,
		 ": its link type is NULL (0); there must be Ethernet, raw IP or Linux cooked "
		 "packets in it"},
		{"no link type", MICRO, 0x1fff, 24, NULL, -EOPNOTSUPP,
		 ": its link type is unknown (8191); "},
		{"filter", MICRO, ETHER, 24, "udp port", -EINVAL,
		 "the filter \"udp port\" is none that libpcap takes: "},
		{"filter of a name", MICRO, ETHER, 24, "proto %s%n", -EINVAL, "\"proto %s%n\""},
	};
	char errmsg[TG_ERRMSG_SIZE];
	struct tg_capture *capture;
	size_t i;
	int got;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes bytes = {};

		put_head(&bytes, cases[i].magic, cases[i].link);
		bytes.n = cases[i].n;
		capture = NULL;
		got = open_saved(&bytes, cases[i].filter, &capture, errmsg);
		CHECK(got == cases[i].want, "%s: %d", cases[i].what, got);
		CHECK(strstr(errmsg, cases[i].text), "%s: %s", cases[i].what, errmsg);
		tg_capture_close(&capture);
	}
}

TEST(paths_that_cannot_be_opened)
{
	struct tg_capture *capture = NULL;
	char errmsg[TG_ERRMSG_SIZE];

	CHECK(tg_capture_open("/nonexistent/a.pcap", NULL, &capture, errmsg) == -ENOENT);
	CHECK(strcmp(errmsg, "cannot open /nonexistent/a.pcap: No such file or directory") == 0,
	      "%s", errmsg);
	CHECK(tg_capture_open("/var", NULL, &capture, errmsg) == -EISDIR);
	CHECK(strcmp(errmsg, "/var is a directory, not a capture") == 0, "%s", errmsg);
	CHECK(tg_capture_open("/dev/null", NULL, &capture, errmsg) == -EBADMSG, "%s", errmsg);
	CHECK(!capture, "nothing is opened");
	tg_capture_close(&capture);
}

/* After the first frame, which is good, comes what breaks off or lies about its length. */
TEST(files_that_break)
{
	static const struct {
		const char *what;
		uint32_t captured, length;
		size_t bytes, head; /* that there are, of the frame and of its header */
		const char *text;
	} cases[] = {
		{"cut in the frame", 100, 100, 99, 16, "truncated dump file"},
		{"cut before the frame", 100, 100, 0, 16, "truncated dump file"},
		{"cut in the header", 100, 100, 0, 15, "truncated dump file"},
		{"cut after a byte", 100, 100, 0, 1, "truncated dump file"},
		{"absurd", 0xffffffff, 60, 200, 16, "invalid packet capture length"},
		{"absurd, signed", 0x80000000, 60, 200, 16, "invalid packet capture length"},
		{"too long", 262145, 262145, 200, 16, "invalid packet capture length"},
	};
	char errmsg[TG_ERRMSG_SIZE], begin[96];
	struct tg_capture *capture;
	struct tg_frame frame;
	size_t i;
	int got;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes bytes = {};

		put_head(&bytes, MICRO, ETHER);
		put_packet(&bytes, T, 0, FRAME_SIZE, FRAME_SIZE);
		put_text(&bytes, frame_bytes, FRAME_SIZE);
		put_packet(&bytes, T, 0, cases[i].captured, cases[i].length);
		bytes.n += cases[i].head - 16 + cases[i].bytes;
		capture = NULL;
		CHECK(open_saved(&bytes, NULL, &capture, errmsg) == 0, "%s", errmsg);
		CHECK(tg_capture_next(capture, &frame, errmsg) == 1, "%s", cases[i].what);
		got = tg_capture_next(capture, &frame, errmsg);
		snprintf(begin, sizeof(begin), "%s: ", path);
		CHECK(got == -EIO, "%s: %d", cases[i].what, got);
		CHECK(strncmp(errmsg, begin, strlen(begin)) == 0 && strstr(errmsg, cases[i].text),
		      "%s: %s", cases[i].what, errmsg);
		tg_capture_close(&capture);
	}
}

TEST(next_generation)
{
	static const struct {
		uint8_t resolution;
		bool big;
		uint64_t time, want;
	} cases[] = {
		{6, false, T * 1000000ULL + 5, T * S + 5000},
		{6, true, T * 1000000ULL, T * S},
		{9, false, T * S + 123456789, T * S + 123456789},
		{9, true, T * S + 999999999, T * S + 999999999},
		{3, false, T * 1000ULL + 7, T * S + 7000000},
		{0x80 | 1, false, T * 2ULL + 1, T * S + S / 2}, /* halves of a second */
	};
	char errmsg[TG_ERRMSG_SIZE];
	struct tg_capture *capture;
	struct tg_frame frame;
	size_t i, begin;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes bytes = {.big = cases[i].big};

		put_section(&bytes, ETHER, cases[i].resolution);
		begin = begin_block(&bytes, 0xbad); /* unknown blocks are passed over */
		put_text(&bytes, "what is it", 10);
		end_block(&bytes, begin);
		put_enhanced(&bytes, cases[i].time, FRAME_SIZE, 1514);
		capture = NULL;
		if (open_saved(&bytes, NULL, &capture, errmsg)) {
			CHECK(false, "%zu: %s", i, errmsg);
			continue;
		}
		CHECK(tg_capture_next(capture, &frame, errmsg) == 1, "%zu", i);
		CHECK(frame.time == cases[i].want, "%zu: %llu", i, (unsigned long long)frame.time);
		CHECK(frame.captured == FRAME_SIZE && frame.length == 1514 &&
			      memcmp(frame.bytes, frame_bytes, FRAME_SIZE) == 0,
		      "%zu: %u of %u", i, frame.captured, frame.length);
		CHECK(tg_capture_next(capture, &frame, errmsg) == 0, "%zu: the end", i);
		tg_capture_close(&capture);
	}
}

TEST(next_generation_that_breaks)
{
	static const struct {
		const char *what;
		uint32_t captured;
		size_t cut; /* bytes off the end */
	} cases[] = {
		{"cut", FRAME_SIZE, 9}, {"absurd", 0xfffffff0, 0}, {"more than its block", 100, 0}};
	char errmsg[TG_ERRMSG_SIZE];
	struct tg_capture *capture;
	struct tg_frame frame;
	size_t i;
	int got;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes bytes = {};

		put_section(&bytes, ETHER, 9);
		put_enhanced(&bytes, T * S, FRAME_SIZE, FRAME_SIZE);
		put_enhanced(&bytes, T * S, cases[i].captured, FRAME_SIZE);
		bytes.n -= cases[i].cut;
		capture = NULL;
		CHECK(open_saved(&bytes, NULL, &capture, errmsg) == 0, "%s", errmsg);
		CHECK(tg_capture_next(capture, &frame, errmsg) == 1, "%s", cases[i].what);
		got = tg_capture_next(capture, &frame, errmsg);
		CHECK(got == -EIO, "%s: %d", cases[i].what, got);
		tg_capture_close(&capture);
	}
}

TEST(filters)
{
	struct tg_capture *capture = NULL;
	char errmsg[TG_ERRMSG_SIZE];
	struct bytes bytes = {};
	struct tg_frame frame;

	put_head(&bytes, MICRO, ETHER);
	put_packet(&bytes, T, 0, 14, 60);
	put_text(&bytes, "aaaaaabbbbbb\x08\x06", 14);
	put_packet(&bytes, T + 1, 0, 14, 60);
	put_text(&bytes, "aaaaaabbbbbb\x86\xdd", 14);
	CHECK(open_saved(&bytes, "ip6", &capture, errmsg) == 0, "%s", errmsg);
	CHECK(tg_capture_next(capture, &frame, errmsg) == 1 && frame.time == (T + 1) * S);
	CHECK(tg_capture_next(capture, &frame, errmsg) == 0);
	tg_capture_close(&capture);
}

/* From standard input, of which the length is known if it is a file and not if it is a pipe. */
TEST(standard_input)
{
	int saved = dup(STDIN_FILENO), ends[2], file, i;
	struct tg_capture *capture = NULL;
	char errmsg[TG_ERRMSG_SIZE];
	struct bytes bytes = {};
	struct tg_frame frame;

	put_head(&bytes, MICRO, ETHER);
	put_packet(&bytes, T, 0, FRAME_SIZE, FRAME_SIZE);
	put_text(&bytes, frame_bytes, FRAME_SIZE);
	save(&bytes);
	for (i = 0; i < 2; i++) {
		CHECK(pipe(ends) == 0 && write(ends[1], bytes.data, bytes.n) == (ssize_t)bytes.n);
		close(ends[1]);
		file = open(path, O_RDONLY);
		dup2(i ? file : ends[0], STDIN_FILENO);
		close(ends[0]);
		close(file);
		CHECK(tg_capture_open("-", NULL, &capture, errmsg) == 0, "%s", errmsg);
		CHECK(tg_capture_next(capture, &frame, errmsg) == 1);
		CHECK(tg_capture_share(capture) == (i ? 1.0 : -1.0), "%f",
		      tg_capture_share(capture));
		tg_capture_close(&capture);
		CHECK(fcntl(STDIN_FILENO, F_GETFD) >= 0, "it stays open");
	}
	dup2(saved, STDIN_FILENO);
	close(saved);
	unlink(path);
}

/* An end, and no error: what was read so far counts. */
TEST(signals_end_it)
{
	static const int signals[] = {SIGINT, SIGTERM};
	struct tg_capture *capture;
	char errmsg[TG_ERRMSG_SIZE];
	struct bytes bytes = {};
	struct tg_frame frame;
	size_t i;

	put_head(&bytes, MICRO, ETHER);
	put_packet(&bytes, T, 0, FRAME_SIZE, FRAME_SIZE);
	put_text(&bytes, frame_bytes, FRAME_SIZE);
	for (i = 0; i < 2; i++) {
		capture = NULL;
		CHECK(open_saved(&bytes, NULL, &capture, errmsg) == 0, "%s", errmsg);
		CHECK(!tg_capture_interrupted(), "the one before does not count");
		raise(signals[i]);
		CHECK(tg_capture_interrupted());
		CHECK(tg_capture_next(capture, &frame, errmsg) == 0);
		tg_capture_close(&capture);
		signal(signals[i], SIG_DFL);
	}
}

TEST_MAIN(RUN(orders_and_resolutions), RUN(times_after_2038), RUN(link_types), RUN(long_packets),
	  RUN(no_captures), RUN(paths_that_cannot_be_opened), RUN(files_that_break),
	  RUN(next_generation), RUN(next_generation_that_breaks), RUN(filters), RUN(standard_input),
	  RUN(signals_end_it))

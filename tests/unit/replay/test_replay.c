// SPDX-License-Identifier: GPL-2.0-or-later
/* The clock that a capture drives, frames that the kernel would not take, and sweeps. */
#include "unit/replay/fake_program.h"

/* The program's clock starts in its second day, at the capture's time of day, and goes on. */
TEST(the_clock)
{
	static const struct {
		const char *what;
		uint64_t times[4], want[4]; /* since the start of the program's second day */
		uint64_t earlier, jumps;
	} cases[] = {
		{"in order",
		 {T, T + 1, T + S, T + 3600 * S},
		 {T % DAY, T % DAY + 1, T % DAY + S, T % DAY + 3600 * S},
		 0,
		 0},
		{"at once", {T, T, T, T}, {T % DAY, T % DAY, T % DAY, T % DAY}, 0, 0},
		{"a little out of order",
		 {T, T + 9 * MS, T + 5 * MS, T + 10 * MS},
		 {T % DAY, T % DAY + 9 * MS, T % DAY + 9 * MS, T % DAY + 10 * MS},
		 1,
		 0},
		{"by 1 s",
		 {T, T - S, T + 1, T + 2},
		 {T % DAY, T % DAY, T % DAY + 1, T % DAY + 2},
		 1,
		 0},
		{"set back: it goes on from there",
		 {T, T - S - 1, T - S, T - S + 9},
		 {T % DAY, T % DAY, T % DAY + 1, T % DAY + 10},
		 0,
		 1},
		{"the first day", {5, 6, 7, 2 * S}, {5, 6, 7, 2 * S}, 0, 0},
		{"no time at all", {0, 0, 3, 3}, {0, 0, 3, 3}, 0, 0},
	};
	const struct tg_replay_notes *notes;
	struct fixture fixture;
	size_t i, j;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fixture_open(&fixture);
		for (j = 0; j < 4; j++) {
			CHECK(packet(&fixture, cases[i].times[j]) == 0, "%s", fixture.errmsg);
			CHECK(kernel.now == DAY + cases[i].want[j], "%s, %zu: %lld", cases[i].what,
			      j, (long long)(kernel.now - DAY));
		}
		notes = tg_replay_read_notes(fixture.simulation.replay);
		CHECK(notes->earlier == cases[i].earlier && notes->jumps == cases[i].jumps,
		      "%s: %llu and %llu", cases[i].what, (unsigned long long)notes->earlier,
		      (unsigned long long)notes->jumps);
		CHECK(tg_replay_program_clock(fixture.simulation.replay, fixture.simulation.last) ==
			      kernel.now,
		      "%s: the same clock", cases[i].what);
		fixture_close(&fixture);
	}
}

/* The kernel takes neither very short nor very long frames. */
TEST(frames_are_made_to_fit)
{
	static const struct {
		uint32_t captured, length, want_captured, want_length;
	} cases[] = {
		{60, 60, 60, 60},	  {14, 1514, 14, 1514},	    {3072, 3072, 3072, 3072},
		{3073, 3073, 3072, 3073}, {8000, 9000, 3072, 9000}, {13, 60, 14, 13},
		{1, 60, 14, 1},		  {0, 60, 14, 1},	    {0, 0, 14, 1},
	};
	uint8_t want[TG_FRAME_LEAST];
	struct fixture fixture;
	struct tg_frame frame;
	size_t i;

	fixture_open(&fixture);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		frame = (struct tg_frame){.time = T,
					  .bytes = frame_bytes,
					  .captured = cases[i].captured,
					  .length = cases[i].length};
		CHECK(tg_simulation_packet(&fixture.simulation, &frame, fixture.errmsg) == 0);
		CHECK(kernel.frame.captured == cases[i].want_captured &&
			      kernel.frame.length == cases[i].want_length,
		      "%u of %u: %u of %u", cases[i].captured, cases[i].length,
		      kernel.frame.captured, kernel.frame.length);
		memset(want, 0, sizeof(want));
		memcpy(want, frame_bytes,
		       cases[i].captured < sizeof(want) ? cases[i].captured : sizeof(want));
		CHECK(memcmp(kernel.bytes, want, sizeof(want)) == 0, "%u: filled up by zeros",
		      cases[i].captured);
	}
	CHECK(fixture.simulation.packets == 9 &&
		      fixture.simulation.bytes == 60 + 1514 + 3072 + 3073 + 9000 + 3 * 60,
	      "as they were on the wire: %llu", (unsigned long long)fixture.simulation.bytes);
	fixture_close(&fixture);
}

/* A header that the program could not read because the capture does not have it. */
TEST(cut_headers)
{
	static const struct {
		uint32_t captured, length;
		uint8_t evaluated;
		uint16_t reason;
		uint64_t cut;
	} cases[] = {
		{20, 60, 0, TG_REASON_TRUNCATED_ETHERNET, 1},
		{20, 60, 0, TG_REASON_TRUNCATED_IPV4, 1},
		{20, 60, 0, TG_REASON_TRUNCATED_IPV6, 1},
		{20, 60, 0, TG_REASON_TRUNCATED_TRANSPORT, 1},
		{0, 0, 0, TG_REASON_TRUNCATED_ETHERNET, 1},
		{20, 20, 0, TG_REASON_TRUNCATED_IPV4, 0}, /* sent so */
		{20, 60, 0, TG_REASON_MALFORMED_IPV4, 0},
		{20, 60, 1, TG_REASON_TRUNCATED_TRANSPORT, 0},
		{20, 60, 0, TG_REASON_ARP, 0},
	};
	struct fixture fixture;
	struct tg_frame frame;
	uint64_t cut;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fixture_open(&fixture);
		kernel.trace.evaluated = cases[i].evaluated;
		kernel.trace.reason = cases[i].reason;
		frame = (struct tg_frame){.time = T,
					  .bytes = frame_bytes,
					  .captured = cases[i].captured,
					  .length = cases[i].length};
		CHECK(tg_simulation_packet(&fixture.simulation, &frame, fixture.errmsg) == 0);
		cut = tg_replay_read_notes(fixture.simulation.replay)->cut;
		CHECK(cut == cases[i].cut, "%zu: %llu", i, (unsigned long long)cut);
		fixture_close(&fixture);
	}
}

/* As the daemon does: a look each second of the capture, a sweep for each limit that is due. */
TEST(sweeps)
{
	const struct tg_compiled *compiled;
	struct fixture fixture;

	fixture_open(&fixture);
	compiled = tg_replay_compiled(fixture.simulation.replay);
	kernel.usage.quotas[0] = 49;
	kernel.usage.open = 51;
	CHECK(packet(&fixture, T) == 0 && packet(&fixture, T + S - 1) == 0 && !kernel.sweeps);
	CHECK(packet(&fixture, T + S) == 0 && !kernel.sweeps, "not due");
	kernel.usage.quotas[2] = 50;
	CHECK(packet(&fixture, T + 2 * S - 1) == 0 && !kernel.sweeps, "not yet");
	CHECK(packet(&fixture, T + 2 * S) == 0 && kernel.sweeps == 1, "due");
	CHECK(kernel.limit_id == compiled->records[2].id, "and for this limit alone");
	CHECK(kernel.returning_idle == TG_RETURNING_IDLE_MAX, "%llu",
	      (unsigned long long)kernel.returning_idle);
	CHECK(packet(&fixture, T + 2 * S + 1) == 0 && kernel.sweeps == 1, "once a second");
	kernel.usage.open = 0;
	CHECK(packet(&fixture, T + 9 * S) == 0 && kernel.sweeps == 2);
	kernel.reclaims = 1;
	CHECK(packet(&fixture, T + 10 * S) == 0 && kernel.sweeps == 3 &&
		      kernel.returning_idle == TG_RETURNING_IDLE_MAX / 2,
	      "it was full after the second");
	CHECK(packet(&fixture, T + 11 * S) == 0 &&
		      kernel.returning_idle == TG_RETURNING_IDLE_MAX / 2,
	      "and not after the third");
	kernel.usage.quotas[0] = 50;
	CHECK(packet(&fixture, T + 12 * S) == 0 && kernel.sweeps == 6, "two limits");
	kernel.usage.quotas[2] = 0;
	CHECK(packet(&fixture, T + 13 * S) == 0 && kernel.sweeps == 7 &&
		      kernel.returning_idle == TG_RETURNING_IDLE_MAX,
	      "each has a time of its own");
	kernel.sweep_error = -EIO;
	CHECK(packet(&fixture, T + 14 * S) == -EIO, "what fails is said");
	fixture_close(&fixture);
}

TEST(failures)
{
	struct tg_simulation simulation = {};
	struct fixture fixture;

	fixture_open(&fixture);
	kernel.interrupts = 3;
	CHECK(packet(&fixture, T) == 0 && kernel.runs == 1, "a signal is no failure");
	kernel.run_error = -EINVAL;
	CHECK(packet(&fixture, T) == -EIO);
	CHECK(strcmp(fixture.errmsg, "cannot run packet 2: Invalid argument") == 0, "%s",
	      fixture.errmsg);
	kernel.run_error = -ENOMEM;
	CHECK(packet(&fixture, T) == -ENOMEM, "which has a code of its own");
	CHECK(fixture.simulation.packets == 1, "what failed does not count");
	kernel.run_error = 0;
	kernel.usage_error = -EPERM;
	CHECK(packet(&fixture, T + S) == -EIO && kernel.runs == 3, "no look at the table");
	kernel.load_error = EPERM;
	CHECK(tg_simulation_open(&simulation, fixture.config, TG_HOOK_XDP, 1500, fixture.errmsg) ==
			      -EPERM &&
		      !simulation.replay && strcmp(fixture.errmsg, "not loaded") == 0,
	      "%s", fixture.errmsg);
	kernel.load_error = 0;
	kernel.fill_error = -1;
	CHECK(tg_simulation_open(&simulation, fixture.config, TG_HOOK_XDP, 1500, fixture.errmsg) ==
			      -EPERM &&
		      !simulation.replay &&
		      strstr(fixture.errmsg, "cannot fill the program's maps"),
	      "%s", fixture.errmsg);
	CHECK(kernel.freed == 1, "what was loaded goes");
	kernel.freed = 0;
	fixture_close(&fixture);
}

TEST_MAIN(RUN(the_clock), RUN(frames_are_made_to_fit), RUN(cut_headers), RUN(sweeps), RUN(failures))

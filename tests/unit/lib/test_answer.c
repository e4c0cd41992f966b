// SPDX-License-Identifier: GPL-2.0-or-later
/* What an application is told, from what the program found. */
#include <errno.h>

#include "lib/answer.h"
#include "policy/rate.h"
#include "test.h"

#define S    TG_NS_PER_S
#define TICK 4000000ULL

/* A bucket of 10, 2 tokens every second, half a second after a step; @missing tokens. */
static struct tg_app_request stepped(uint64_t missing, uint64_t cost, uint32_t result)
{
	struct tg_refill refill = {10, 2, S, false};
	struct tg_app_request ask = {
		.cost = cost, .result = result, .deficit = missing, .has_bucket = 1};

	CHECK(tg_rate_compile(&refill, TICK, 0, &ask.rate) == 0, "rate");
	ask.now = 1000 * S + S / 2;
	return ask;
}

static struct tidegate_answer answer_of(struct tg_app_request ask)
{
	struct tidegate_answer answer = {};

	CHECK(tg_answer_make(&ask, &answer) == 0, "an error");
	return answer;
}

TEST(test_admitted)
{
	struct tidegate_answer answer = answer_of(stepped(3, 1, TG_APP_ADMITTED));

	CHECK(answer.admitted && !answer.shadow, "admitted");
	CHECK(answer.limit == 10 && answer.remaining == 7, "%lu", answer.remaining);
	CHECK(answer.reset_ns == S + S / 2, "two steps: %lu", answer.reset_ns);
	CHECK(answer.retry_after_ns == 0, "at once: %lu", answer.retry_after_ns);
	CHECK(answer.window_ns == 5 * S, "five steps: %lu", answer.window_ns);
}

TEST(test_refused)
{
	struct tidegate_answer answer = answer_of(stepped(10, 3, TG_APP_EXCEEDED));

	CHECK(!answer.admitted && answer.remaining == 0, "%lu", answer.remaining);
	CHECK(answer.retry_after_ns == S + S / 2, "three tokens: %lu", answer.retry_after_ns);
	answer = answer_of(stepped(10, 1, TG_APP_EXCEEDED));
	CHECK(answer.retry_after_ns == S / 2, "one token: %lu", answer.retry_after_ns);
	answer = answer_of(stepped(0, 11, TG_APP_EXCEEDED));
	CHECK(answer.retry_after_ns == TIDEGATE_NEVER, "more than it holds");
	answer = answer_of(stepped(0, 1, TG_APP_CONTENDED));
	CHECK(answer.retry_after_ns > 0, "refused, so not at once");
}

TEST(test_closed)
{
	struct tg_app_request ask = stepped(4, 1, TG_APP_EXCEEDED);
	struct tidegate_answer answer;

	ask.penalty_until = ask.now + 7 * S;
	answer = answer_of(ask);
	CHECK(answer.remaining == 0, "nothing to be had: %lu", answer.remaining);
	CHECK(answer.retry_after_ns == 7 * S && answer.reset_ns == 7 * S, "when it opens: %lu %lu",
	      answer.retry_after_ns, answer.reset_ns);
	ask.penalty_until = ask.now + S;
	ask.deficit = 10;
	ask.cost = 6;
	answer = answer_of(ask);
	CHECK(answer.retry_after_ns == 2 * S + S / 2, "when the tokens are there: %lu",
	      answer.retry_after_ns);
}

TEST(test_continuous)
{
	struct tg_refill refill = {100, 10, S, true};
	struct tg_app_request ask = {.cost = 1, .result = TG_APP_EXCEEDED, .now = 77 * S + 123};
	struct tidegate_answer answer;

	CHECK(tg_rate_compile(&refill, TICK, 0, &ask.rate) == 0, "rate");
	ask.deficit = ask.rate.capacity;
	answer = answer_of(ask);
	CHECK(answer.retry_after_ns >= S / 10 && answer.retry_after_ns <= S / 10 + 1000,
	      "a tenth of a second: %lu", answer.retry_after_ns);
	CHECK(answer.window_ns >= 10 * S && answer.window_ns <= 10 * S + 1000, "%lu",
	      answer.window_ns);
}

TEST(test_shadow_and_delay)
{
	struct tg_app_request ask = stepped(10, 1, TG_APP_SHADOW);
	struct tidegate_answer answer = answer_of(ask);

	CHECK(answer.admitted && answer.shadow, "goes on");
	ask.result = TG_APP_ADMITTED;
	ask.departure = ask.now + 5;
	CHECK(answer_of(ask).delay_ns == 5, "delay");
}

TEST(test_errors)
{
	static const struct {
		uint32_t result;
		int error;
	} cases[] = {{TG_APP_FORBIDDEN, -EACCES},
		     {TG_APP_NO_KEY, -EINVAL},
		     {TG_APP_UNKNOWN, -ENOENT},
		     {TG_APP_UNANSWERED, -ENOENT}};
	struct tidegate_answer answer = {.limit = 77};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tg_app_request ask = {.result = cases[i].result};

		CHECK(tg_answer_make(&ask, &answer) == cases[i].error, "result %u",
		      cases[i].result);
		CHECK(answer.limit == 77, "the answer is touched");
	}
}

TEST_MAIN(RUN(test_admitted), RUN(test_refused), RUN(test_closed), RUN(test_continuous),
	  RUN(test_shadow_and_delay), RUN(test_errors))

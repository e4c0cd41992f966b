// SPDX-License-Identifier: GPL-2.0-or-later
/* Counts of other nodes become debts once each, whatever happens to the frames on their way. */
#include <errno.h>

#include "unit/cluster/exchange_pair.h"

TEST(test_counts_become_debts_once)
{
	struct pair pair = pair_of(node("a", 1), node("b", 2));
	struct frame first, second;

	charge(pair.a, 1, 30, T0);
	first = publish(pair.a);
	charge(pair.a, 1, 12, T0);
	charge(pair.a, 9, 5, T0);
	second = publish(pair.a);
	CHECK(receive(pair.b, &first, T0 + 50 * MS) == 0);
	CHECK(debt_of(pair.b, 1) == 30);
	CHECK(receive(pair.b, &first, T0 + 60 * MS) == -EALREADY, "a duplicate");
	CHECK(debt_of(pair.b, 1) == 30);
	CHECK(receive(pair.b, &second, T0 + 100 * MS) == 0);
	CHECK(debt_of(pair.b, 1) == 42 && debt_of(pair.b, 9) == 5);
	CHECK(receive(pair.b, &first, T0 + 110 * MS) == -EALREADY, "one that is late");
	CHECK(debt_of(pair.b, 1) == 42 && debt_of(pair.b, 9) == 5);
	CHECK(tg_sources_take_debt(pair.b, 0) == 42 && debt_of(pair.b, 1) == 0, "taken once");
	end(&pair);
}

/* One that can write only its own key does not speak for others, nor for the reader. */
TEST(test_a_frame_under_the_key_of_another)
{
	struct pair pair = pair_of(node("a", 1), node("b", 2));
	struct frame frame;
	size_t n;

	frame = publish(pair.a);
	CHECK(receive(pair.b, &frame, T0) == 0);
	charge(pair.a, 1, 30, T0);
	frame = publish(pair.a);
	frame.node = "c";
	CHECK(receive(pair.b, &frame, T0 + 50 * MS) == -EACCES);
	CHECK(debt_of(pair.b, 1) == 0);
	CHECK(tg_exchange_read_counters(pair.b)->forged == 1, "counted as forged");
	CHECK(tg_peers_all(pair.b, &n)->frames == 2 && n == 1);
	frame = publish(pair.b);
	frame.node = "a";
	CHECK(receive(pair.b, &frame, T0 + 60 * MS) == -EACCES, "its own name by another");
	frame = publish(pair.a);
	CHECK(receive(pair.b, &frame, T0 + 100 * MS) == 0 && debt_of(pair.b, 1) == 30);
	end(&pair);
}

TEST(test_a_lost_frame_loses_nothing)
{
	struct pair pair = pair_of(node("a", 1), node("b", 2));
	struct frame frame;
	size_t n;

	charge(pair.a, 1, 10, T0);
	publish(pair.a);
	charge(pair.a, 1, 10, T0);
	frame = publish(pair.a);
	CHECK(receive(pair.b, &frame, T0 + 100 * MS) == 0 && debt_of(pair.b, 1) == 20);
	CHECK(tg_peers_all(pair.b, &n)->lost == 1 && n == 1);
	end(&pair);
}

TEST(test_order_of_nodes_says_nothing)
{
	struct tg_exchange *c[2] = {node("c", 3), node("c", 3)};
	struct pair pair = pair_of(node("a", 1), node("b", 2));
	struct frame frames[2];
	int i;

	for (i = 0; i < 2; i++) {
		frames[0] = publish(pair.a), frames[1] = publish(pair.b);
		receive(c[i], &frames[i], T0);
		receive(c[i], &frames[!i], T0);
		tg_exchange_settle(c[i], true, T0);
	}
	charge(pair.a, 1, 10, T0);
	charge(pair.b, 1, 7, T0);
	frames[0] = publish(pair.a), frames[1] = publish(pair.b);
	for (i = 0; i < 2; i++) {
		receive(c[i], &frames[i], T0 + MS);
		receive(c[i], &frames[!i], T0 + MS);
		CHECK(debt_of(c[i], 1) == 17, "%llu", (unsigned long long)debt_of(c[i], 1));
		tg_exchange_free(&c[i]);
	}
	end(&pair);
}

TEST(test_a_new_epoch_is_where_it_begins)
{
	struct pair pair = pair_of(node("a", 1), node("b", 2));
	struct tg_exchange *again = node("a", 99);
	struct frame frame;

	charge(again, 1, 50, T0);
	frame = publish(again);
	CHECK(receive(pair.b, &frame, T0 + 50 * MS) == 0 && debt_of(pair.b, 1) == 0);
	charge(again, 1, 3, T0);
	frame = publish(again);
	CHECK(receive(pair.b, &frame, T0 + 100 * MS) == 0 && debt_of(pair.b, 1) == 3);
	tg_exchange_free(&again);
	end(&pair);
}

TEST(test_after_silence_there_is_no_catching_up)
{
	struct pair pair = pair_of(node("a", 1), node("b", 2));
	struct frame frame;

	charge(pair.a, 1, 10, T0);
	frame = publish(pair.a);
	CHECK(receive(pair.b, &frame, T0 + 2 * S) == 0 && debt_of(pair.b, 1) == 0);
	charge(pair.a, 1, 10, T0);
	frame = publish(pair.a);
	CHECK(receive(pair.b, &frame, T0 + 2 * S + 50 * MS) == 0 && debt_of(pair.b, 1) == 10);
	end(&pair);
}

/* A frame of node a, epoch 1, that says what no node would. */
static struct frame make(uint64_t seq, uint64_t count)
{
	struct tg_frame_entry entry = {key_of(1), count};
	struct tg_node_frame frame = {.node = "a",
				      .epoch = 1,
				      .seq = seq,
				      .limits = {{"api", LIMIT}},
				      .limits_n = 1,
				      .entries = &entry,
				      .entries_n = 1};
	struct frame out = {.node = "a"};

	out.length = tg_node_frame_encode(&frame, &no_secret, out.bytes);
	return out;
}

TEST(test_counts_that_shrink_are_not_believed)
{
	struct pair pair = pair_of(node("a", 1), node("b", 2));
	struct frame frame = make(10, 50);
	size_t n;

	CHECK(receive(pair.b, &frame, T0) == 0 && debt_of(pair.b, 1) == 50);
	frame = make(11, 20);
	CHECK(receive(pair.b, &frame, T0) == 0 && debt_of(pair.b, 1) == 50);
	CHECK(tg_peers_all(pair.b, &n)->regressed == 1);
	frame = make(12, 25);
	CHECK(receive(pair.b, &frame, T0) == 0 && debt_of(pair.b, 1) == 55);
	end(&pair);
}

TEST(test_debts_are_bounded)
{
	struct pair pair = pair_of(node("a", 1), node("b", 2));
	struct frame frame = make(10, 1ULL << 63);

	/* One other node, T = 50 ms and a round trip of no more: B + R * 0.15 s. */
	CHECK(tg_sources_debt_max(pair.b, LIMIT) == CAPACITY + RATE * 15 / 100);
	CHECK(receive(pair.b, &frame, T0) == 0);
	CHECK(debt_of(pair.b, 1) == 250, "%llu", (unsigned long long)debt_of(pair.b, 1));
	end(&pair);
}

TEST(test_another_definition_is_left_out)
{
	struct pair pair =
		pair_of(node_with("a", 1, LIMIT + 1, TG_STORE_LOSS_SPLIT, ""), node("b", 2));
	struct tg_shared_key key = key_of(1);
	struct frame frame;
	size_t n;

	key.limit = LIMIT + 1;
	CHECK(tg_sources_add(pair.a, &key, 40, T0));
	frame = publish(pair.a);
	CHECK(receive(pair.b, &frame, T0 + 50 * MS) == 0 && debt_of(pair.b, 1) == 0);
	CHECK(tg_peers_all(pair.b, &n)->ignored == 1);
	CHECK(tg_exchange_read_counters(pair.b)->mismatches == 1, "said once");
	end(&pair);
}

TEST(test_damage_and_forgery)
{
	struct pair pair = pair_of(node_with("a", 1, LIMIT, TG_STORE_LOSS_SPLIT, "key"),
				   node_with("b", 2, LIMIT, TG_STORE_LOSS_SPLIT, "key"));
	struct tg_exchange *forger = node_with("a", 1, LIMIT, TG_STORE_LOSS_SPLIT, "yek");
	struct tg_exchange *careless = node("a", 1);
	struct frame frame, damaged;
	int i;

	charge(pair.a, 1, 10, T0);
	frame = publish(pair.a);
	for (i = 0; i < frame.length; i++) {
		damaged = frame;
		damaged.bytes[i] ^= 1 << i % 8;
		CHECK(receive(pair.b, &damaged, T0) < 0, "byte %d", i);
		CHECK(tg_peers_receive(pair.b, "a", frame.bytes, i, T0) < 0, "%d bytes", i);
	}
	CHECK(debt_of(pair.b, 1) == 0);
	for (i = 0; i < 5; i++) {
		charge(forger, 1, 10, T0);
		charge(careless, 1, 10, T0);
		publish(forger), publish(careless);
	}
	frame = publish(forger);
	CHECK(receive(pair.b, &frame, T0) == -EACCES);
	frame = publish(careless);
	CHECK(receive(pair.b, &frame, T0) == -EACCES);
	CHECK(tg_exchange_read_counters(pair.b)->forged == 2 && debt_of(pair.b, 1) == 0);
	CHECK(tg_exchange_read_counters(pair.b)->damaged > 0 &&
	      tg_exchange_read_counters(pair.b)->unknown > 0);
	tg_exchange_free(&forger);
	tg_exchange_free(&careless);
	end(&pair);
}

TEST(test_what_is_left_out_is_counted)
{
	struct tg_exchange_rule rules[] = {
		{.name = "api", .hash = LIMIT, .capacity = 100, .rate = RATE},
		{.name = "b", .hash = LIMIT - 1, .rate = RATE}};
	struct tg_exchange *exchange = node("a", 1);
	struct tg_shared_key key;
	size_t n;
	int i;

	for (i = 0; i < 4; i++)
		charge(exchange, i, 1, T0);
	key = key_of(5);
	CHECK(!tg_sources_add(exchange, &key, 1, T0 + 500 * MS), "all are busy");
	CHECK(tg_exchange_read_counters(exchange)->left_out == 1);
	CHECK(tg_sources_left_out(exchange, LIMIT) == 1 &&
	      tg_sources_left_out(exchange, LIMIT + 1) == 0);
	CHECK(tg_exchange_set_rules(exchange, rules, 2) == 0);
	CHECK(tg_sources_left_out(exchange, LIMIT) == 1 &&
		      tg_sources_left_out(exchange, LIMIT - 1) == 0,
	      "it is of the limit, wherever that stands");
	tg_sources_count(exchange, 1, 1, T0 + 900 * MS);
	CHECK(tg_sources_add(exchange, &key, 1, T0 + S), "one has rested for a second");
	tg_sources_all(exchange, &n);
	CHECK(n == 4);
	tg_exchange_settle(exchange, true, T0 + 11 * S + 1);
	tg_sources_all(exchange, &n);
	CHECK(n == 0, "nobody moves: %zu", n);
	tg_exchange_free(&exchange);
}

TEST(test_tokens_given_back)
{
	struct tg_exchange *exchange = node("a", 1);
	const struct tg_shared_source *source;
	size_t n;

	charge(exchange, 1, 10, T0);
	tg_sources_count(exchange, 0, -3, T0);
	source = tg_sources_all(exchange, &n);
	CHECK(source->own == 10, "what is published never shrinks");
	tg_sources_count(exchange, 0, 5, T0);
	CHECK(source->own == 12);
	tg_exchange_free(&exchange);
}

/* Each way to go on alone, and until when the kernel is to enforce as if nothing were. */
TEST(test_loss)
{
	struct pair pair = pair_of(node_with("a", 1, LIMIT, TG_STORE_LOSS_HOLD, ""),
				   node_with("b", 2, LIMIT, TG_STORE_LOSS_HOLD, ""));
	struct frame frame;
	uint64_t now = T0, held = 0, late;
	size_t i;

	for (i = 0; i < 100; i++) { /* 200 tokens a second, for 5 s */
		now += 50 * MS;
		charge(pair.a, 1, 10, now);
		frame = publish(pair.a);
		receive(pair.b, &frame, now);
		tg_exchange_settle(pair.b, true, now);
		tg_sources_take_debt(pair.b, 0);
	}
	CHECK(tg_exchange_nodes(pair.b) == 2);
	CHECK(tg_exchange_fresh_until(pair.b, TG_STORE_LOSS_SPLIT) == now + S);
	CHECK(tg_exchange_fresh_until(pair.b, TG_STORE_LOSS_HOLD) ==
	      now + S + TG_STORE_LOSS_HOLD_NS);
	for (i = 0; i < 100; i++) {
		now += 50 * MS;
		tg_exchange_settle(pair.b, false, now);
		held += tg_sources_take_debt(pair.b, 0);
	}
	CHECK(held > 850 && held < 1050, "5 s at 200: %llu", (unsigned long long)held);
	CHECK(tg_exchange_nodes(pair.b) == 2, "by which to split");
	CHECK(tg_exchange_fresh_until(pair.b, TG_STORE_LOSS_SPLIT) < now);
	late = now + TG_STORE_LOSS_HOLD_NS;
	charge(pair.b, 1, 1, late);
	tg_exchange_settle(pair.b, false, late);
	CHECK(debt_of(pair.b, 1) == 0, "it holds no longer");
	end(&pair);
}

/* Parts of a token a tick add up. */
TEST(test_holds_slow_ones)
{
	struct pair pair = pair_of(node_with("a", 1, LIMIT, TG_STORE_LOSS_HOLD, ""),
				   node_with("b", 2, LIMIT, TG_STORE_LOSS_HOLD, ""));
	struct frame frame;
	uint64_t now = T0, held = 0;
	size_t i;

	for (i = 0; i < 200; i++) { /* 4 tokens a second, for 10 s */
		now += 50 * MS;
		charge(pair.a, 1, i % 5 == 0, now);
		frame = publish(pair.a);
		receive(pair.b, &frame, now);
		tg_exchange_settle(pair.b, true, now);
		tg_sources_take_debt(pair.b, 0);
	}
	for (i = 0; i < 100; i++) {
		now += 50 * MS;
		tg_exchange_settle(pair.b, false, now);
		held += tg_sources_take_debt(pair.b, 0);
	}
	CHECK(held >= 18 && held <= 22, "5 s at 4: %llu", (unsigned long long)held);
	end(&pair);
}

TEST(test_split_does_not_hold)
{
	struct pair pair = pair_of(node("a", 1), node("b", 2));
	struct frame frame;

	charge(pair.a, 1, 100, T0);
	frame = publish(pair.a);
	receive(pair.b, &frame, T0 + 50 * MS);
	tg_exchange_settle(pair.b, true, T0 + 50 * MS);
	tg_sources_take_debt(pair.b, 0);
	tg_exchange_settle(pair.b, false, T0 + 500 * MS);
	CHECK(debt_of(pair.b, 1) == 0);
	end(&pair);
}

TEST(test_nodes_come_and_go)
{
	struct pair pair = pair_of(node("a", 1), node("b", 2));
	size_t n;

	CHECK(tg_exchange_nodes(pair.b) == 2);
	tg_exchange_settle(pair.b, true, T0 + 1001 * MS);
	CHECK(tg_exchange_nodes(pair.b) == 1, "silent for longer than stale_after");
	tg_exchange_settle(pair.b, true, T0 + TG_SHARED_GONE_NS + S);
	tg_peers_all(pair.b, &n);
	CHECK(n == 0);
	end(&pair);
}

TEST(test_a_store_without_the_others)
{
	struct tg_exchange *a = node_among(3, "a", 1, LIMIT, TG_STORE_LOSS_SPLIT, ""),
			   *b = node("b", 2);
	struct frame frame;
	uint64_t until;

	tg_exchange_settle(a, true, T0);
	CHECK(tg_exchange_fresh_until(a, TG_STORE_LOSS_SPLIT) == 0 && tg_exchange_nodes(a) == 3);
	frame = publish(b);
	receive(a, &frame, T0);
	tg_exchange_settle(a, true, T0 + 50 * MS);
	until = tg_exchange_fresh_until(a, TG_STORE_LOSS_SPLIT);
	CHECK(until == T0 + 50 * MS + S, "%llu", (unsigned long long)until);
	/* b's frames are gone, whoever took them; rounds go on. */
	tg_exchange_settle(a, true, T0 + 2 * S);
	tg_exchange_settle(a, true, T0 + 3 * S);
	CHECK(tg_exchange_fresh_until(a, TG_STORE_LOSS_SPLIT) == until);
	CHECK(tg_exchange_read_counters(a)->losses == 1);
	frame = publish(b);
	receive(a, &frame, T0 + 3 * S);
	tg_exchange_settle(a, true, T0 + 3 * S);
	CHECK(tg_exchange_fresh_until(a, TG_STORE_LOSS_SPLIT) == T0 + 4 * S);
	tg_exchange_free(&a);
	tg_exchange_free(&b);
}

TEST(test_a_debt_that_could_not_be_charged)
{
	struct pair pair = pair_of(node("a", 1), node("b", 2));
	struct tg_shared_key key = key_of(1), other = key_of(2);
	struct frame frame;

	charge(pair.a, 1, 30, T0);
	frame = publish(pair.a);
	receive(pair.b, &frame, T0 + 50 * MS);
	CHECK(tg_sources_take_debt(pair.b, 0) == 30 && debt_of(pair.b, 1) == 0);
	tg_sources_return_debt(pair.b, 0, 20);
	CHECK(debt_of(pair.b, 1) == 20);
	tg_exchange_settle(pair.b, true, T0 + 60 * S);
	CHECK(debt_of(pair.b, 1) == 20, "no source goes that owes");
	CHECK(tg_sources_get(pair.b, &key) && tg_sources_get(pair.b, &key)->foreign == 30);
	CHECK(!tg_sources_get(pair.b, &other));
	end(&pair);
}

/* 300 a second here, 100 there: three parts and one of RATE. */
TEST(test_who_took_what_lately)
{
	struct pair pair = pair_of(node("a", 1), node("b", 2));
	const struct tg_peer *peer;
	struct frame frame;
	uint64_t now = T0;
	size_t n;
	int i;

	for (i = 0; i < 200; i++) {
		now += 50 * MS;
		charge(pair.a, 1, 5, now);
		charge(pair.b, 1, 15, now);
		frame = publish(pair.a);
		receive(pair.b, &frame, now);
		tg_exchange_settle(pair.b, true, now);
	}
	peer = tg_peers_all(pair.b, &n);
	CHECK(tg_exchange_pace(pair.b) > 0.29 && tg_exchange_pace(pair.b) < 0.31, "%f",
	      tg_exchange_pace(pair.b));
	CHECK(peer->pace > 0.095 && peer->pace < 0.105, "%f", peer->pace);
	for (i = 0; i < 200; i++)
		tg_exchange_settle(pair.b, true, now += 50 * MS);
	CHECK(tg_exchange_pace(pair.b) < 0.01 && peer->pace < 0.01, "it fades");
	end(&pair);
}

TEST_MAIN(RUN(test_counts_become_debts_once), RUN(test_a_frame_under_the_key_of_another),
	  RUN(test_a_lost_frame_loses_nothing), RUN(test_order_of_nodes_says_nothing),
	  RUN(test_a_new_epoch_is_where_it_begins), RUN(test_after_silence_there_is_no_catching_up),
	  RUN(test_counts_that_shrink_are_not_believed), RUN(test_debts_are_bounded),
	  RUN(test_another_definition_is_left_out), RUN(test_damage_and_forgery),
	  RUN(test_what_is_left_out_is_counted), RUN(test_tokens_given_back), RUN(test_loss),
	  RUN(test_holds_slow_ones), RUN(test_split_does_not_hold), RUN(test_nodes_come_and_go),
	  RUN(test_a_store_without_the_others), RUN(test_a_debt_that_could_not_be_charged),
	  RUN(test_who_took_what_lately))

// SPDX-License-Identifier: GPL-2.0-or-later
/* The history of policies and the change that goes back by itself. */
#include "unit/daemon/history_fixture.h"

TEST(changes_and_rollbacks)
{
	struct fixture fixture;

	fixture_open(&fixture);
	expect(&fixture, "0", "");
	CHECK(roll_back(&fixture) == -ENOENT && !world.tries, "nothing to go back to");
	CHECK(strstr(fixture.errmsg, "no earlier policy"), "%s", fixture.errmsg);
	CHECK(change(&fixture, "1") == 0 && change(&fixture, "2") == 0);
	expect(&fixture, "2", "01");
	CHECK(strcmp(world.enforced, "2") == 0 && strcmp(world.followed, "2") == 0);
	CHECK(roll_back(&fixture) == 0);
	expect(&fixture, "1", "0");
	CHECK(strcmp(world.enforced, "1") == 0 && strcmp(world.followed, "1") == 0);
	CHECK(change(&fixture, "3") == 0);
	expect(&fixture, "3", "01"); /* the way back from 2 is gone */
	CHECK(roll_back(&fixture) == 0 && roll_back(&fixture) == 0);
	expect(&fixture, "0", "");
	CHECK(roll_back(&fixture) == -ENOENT, "no further");
	CHECK(fixture.daemon.reloads_ok == 6 && fixture.daemon.reloads_failed == 0, "%llu, %llu",
	      (unsigned long long)fixture.daemon.reloads_ok,
	      (unsigned long long)fixture.daemon.reloads_failed);
	fixture_close(&fixture);
}

TEST(failures_leave_all_as_it_was)
{
	struct fixture fixture;

	fixture_open(&fixture);
	CHECK(change(&fixture, "1") == 0);
	world.error = EBUSY;
	strcpy(world.followed, "untouched");
	CHECK(change(&fixture, "2") == -EBUSY);
	CHECK(strcmp(fixture.errmsg, "no to 2") == 0, "%s", fixture.errmsg);
	expect(&fixture, "1", "0");
	CHECK(roll_back(&fixture) == -EBUSY);
	CHECK(strcmp(fixture.errmsg, "no to 0") == 0, "%s", fixture.errmsg);
	expect(&fixture, "1", "0");
	CHECK(strcmp(world.enforced, "1") == 0 && strcmp(world.followed, "untouched") == 0);
	CHECK(fixture.daemon.reloads_ok == 1 && fixture.daemon.reloads_failed == 2, "counted");
	fflush(stderr);
	CHECK(strstr(fixture.logged.text, "no to 2; the policy in force stays\n"), "%s",
	      fixture.logged.text);
	world.error = 0;
	CHECK(roll_back(&fixture) == 0);
	expect(&fixture, "0", "");
	fixture_close(&fixture);
}

/* A cluster's key is read before anything is published. */
TEST(a_key_that_is_missing)
{
	struct tg_config *config = config_named("1");
	struct fixture fixture;
	int error;

	fixture_open(&fixture);
	strcpy(config->cluster.name, "edge");
	strcpy(config->cluster.frame_key_file, "/nonexistent/key");
	change_to(&fixture, config, &error);
	CHECK(error == -ENOENT, "%d", error);
	CHECK(strstr(fixture.errmsg, "/nonexistent/key"), "%s", fixture.errmsg);
	CHECK(!world.tries && fixture.daemon.reloads_failed == 1, "not tried");
	expect(&fixture, "0", "");
	fixture_close(&fixture);
}

TEST(history_is_bounded)
{
	struct fixture fixture;
	char path[2] = "1";

	fixture_open(&fixture);
	for (; path[0] <= '8'; path[0]++)
		CHECK(change(&fixture, path) == 0);
	expect(&fixture, "8", "01234567");
	CHECK(change(&fixture, "9") == 0);
	expect(&fixture, "9", "12345678"); /* LeakSanitizer sees that 0 is freed */
	CHECK(change(&fixture, "A") == 0);
	expect(&fixture, "A", "23456789");
	for (path[0] = '9'; path[0] >= '2'; path[0]--) {
		CHECK(roll_back(&fixture) == 0);
		CHECK(strcmp(world.enforced, path) == 0, "%s instead of %s", world.enforced, path);
	}
	CHECK(roll_back(&fixture) == -ENOENT);
	fixture_close(&fixture);
}

TEST(confirmed_in_time)
{
	struct fixture fixture;

	fixture_open(&fixture);
	CHECK(tg_history_confirm(&fixture.daemon) == -ENOENT, "nothing waits");
	CHECK(tg_history_remaining(&fixture.daemon) == 0);
	CHECK(change(&fixture, "1") == 0);
	tg_history_expect(&fixture.daemon, 60 * S, 17);
	CHECK(fixture.daemon.history.before == 17);
	CHECK(tg_history_remaining(&fixture.daemon) == 60 * S);
	pass(&fixture, 59 * S + 1);
	CHECK(tg_history_remaining(&fixture.daemon) == S - 1, "%llu",
	      (unsigned long long)tg_history_remaining(&fixture.daemon));
	expect(&fixture, "1", "0");
	CHECK(tg_history_confirm(&fixture.daemon) == 0);
	CHECK(tg_history_confirm(&fixture.daemon) == -ENOENT, "once is enough");
	pass(&fixture, 3600 * S);
	expect(&fixture, "1", "0");
	CHECK(world.tries == 1, "it does not go back any more");
	fixture_close(&fixture);
}

TEST(nothing_else_while_one_waits)
{
	struct fixture fixture;

	fixture_open(&fixture);
	CHECK(change(&fixture, "1") == 0);
	tg_history_expect(&fixture.daemon, 60 * S, 1);
	pass(&fixture, 18 * S);
	CHECK(change(&fixture, "2") == -EALREADY && world.tries == 1, "not tried");
	CHECK(strstr(fixture.errmsg, "waits to be confirmed, 42 s more;"), "%s", fixture.errmsg);
	CHECK(!fixture.daemon.reloads_failed, "no failure of the policy's");
	expect(&fixture, "1", "0");
	CHECK(tg_history_confirm(&fixture.daemon) == 0 && change(&fixture, "2") == 0);
	expect(&fixture, "2", "01");
	fixture_close(&fixture);
}

TEST(not_confirmed)
{
	struct fixture fixture;

	fixture_open(&fixture);
	CHECK(change(&fixture, "1") == 0);
	tg_history_expect(&fixture.daemon, 1500000000, 1);
	pass(&fixture, 1499000000);
	expect(&fixture, "1", "0");
	pass(&fixture, 1000000);
	expect(&fixture, "0", "");
	CHECK(strcmp(world.enforced, "0") == 0, "%s", world.enforced);
	CHECK(tg_history_confirm(&fixture.daemon) == -ENOENT, "nothing waits any more");
	fflush(stderr);
	CHECK(strstr(fixture.logged.text, "warning: the last change was not confirmed in time"),
	      "%s", fixture.logged.text);
	CHECK(change(&fixture, "2") == 0);
	fixture_close(&fixture);
}

/* Rolled back by hand: the timer has nothing more to do. */
TEST(rolled_back_while_it_waits)
{
	struct fixture fixture;

	fixture_open(&fixture);
	CHECK(change(&fixture, "1") == 0 && change(&fixture, "2") == 0);
	tg_history_expect(&fixture.daemon, 60 * S, 1);
	CHECK(roll_back(&fixture) == 0);
	expect(&fixture, "1", "0");
	CHECK(tg_history_remaining(&fixture.daemon) == 0);
	pass(&fixture, 3600 * S);
	expect(&fixture, "1", "0");
	fixture_close(&fixture);
}

TEST(going_back_is_tried_until_it_works)
{
	struct fixture fixture;

	fixture_open(&fixture);
	CHECK(change(&fixture, "1") == 0);
	tg_history_expect(&fixture.daemon, 10 * S, 1);
	world.error = EPERM;
	pass(&fixture, 10 * S);
	expect(&fixture, "1", "0");
	CHECK(world.tries == 2, "%u", world.tries);
	CHECK(change(&fixture, "2") == -EALREADY, "it still waits");
	CHECK(strstr(fixture.errmsg, ", 0 s more"), "%s", fixture.errmsg);
	fflush(stderr);
	CHECK(strstr(fixture.logged.text, "going back failed, and is tried again in 5 s: no to 0"),
	      "%s", fixture.logged.text);
	pass(&fixture, 4990000000);
	CHECK(world.tries == 2, "not yet");
	pass(&fixture, 10000000);
	CHECK(world.tries == 3, "%u", world.tries);
	CHECK(tg_history_remaining(&fixture.daemon) == 0, "never below");
	world.error = 0;
	pass(&fixture, 5 * S);
	CHECK(world.tries == 4, "%u", world.tries);
	expect(&fixture, "0", "");
	pass(&fixture, 60 * S);
	CHECK(world.tries == 4, "once");
	fixture_close(&fixture);
}

/* While going back fails, the operator may still keep the change after all. */
TEST(confirmed_late)
{
	struct fixture fixture;

	fixture_open(&fixture);
	CHECK(change(&fixture, "1") == 0);
	tg_history_expect(&fixture.daemon, 10 * S, 1);
	world.error = EPERM;
	pass(&fixture, 10 * S);
	CHECK(tg_history_confirm(&fixture.daemon) == 0);
	world.error = 0;
	pass(&fixture, 60 * S);
	expect(&fixture, "1", "0");
	fixture_close(&fixture);
}

/* Of what takes memory there is one copy, however often numbers are changed or a file is read. */
TEST(nothing_is_kept_twice)
{
	struct tg_config *config = config_named("1");
	const struct tg_prefix *items;
	struct fixture fixture;
	char path[] = "a";
	int error;
	size_t i;

	fixture_open(&fixture);
	CHECK(tg_prefix_list_add(&config->deny, &(struct tg_prefix){.length = 99}) == 0);
	items = config->deny.items;
	change_to(&fixture, config, &error);
	CHECK(error == 0, "%d", error);
	for (i = 0; i < 20; i++, path[0]++) {
		if (i % 2) { /* as a reload */
			config = config_named(path);
			tg_prefix_list_add(&config->deny, &(struct tg_prefix){.length = 99});
			CHECK(config->deny.items != items, "read anew");
		} else {
			config = tg_config_copy(fixture.daemon.config);
			config->path[0] = path[0];
		}
		change_to(&fixture, config, &error);
		CHECK(error == 0, "%d", error);
	}
	CHECK(roll_back(&fixture) == 0);
	for (i = 0; i < fixture.daemon.history.n; i++)
		CHECK(fixture.daemon.history.policies[i]->deny.items == items, "%zu", i);
	CHECK(fixture.daemon.config->deny.items == items && world.config->deny.items == items);
	expect(&fixture, "s", "lmnopqr");
	fixture_close(&fixture);
}

/* While one change is worked on, others wait, and each begins with what the one before has left. */
TEST(one_after_another)
{
	struct fixture fixture;
	int first, second;

	fixture_open(&fixture);
	world.slow = true;
	change_to(&fixture, config_named("1"), &first);
	change_to(&fixture, config_named("2"), &second);
	expect(&fixture, "0", "");
	work();
	expect(&fixture, "1", "0");
	CHECK(first == 1, "in force, but not finished");
	work();
	CHECK(first == 0 && second == 1, "%d, %d", first, second);
	work();
	expect(&fixture, "2", "01");
	work();
	CHECK(second == 0, "%d", second);
	fixture_close(&fixture);
}

/* What is confirmed while the way back is prepared stays. */
TEST(confirmed_while_going_back)
{
	struct fixture fixture;

	fixture_open(&fixture);
	CHECK(change(&fixture, "1") == 0);
	tg_history_expect(&fixture.daemon, 10 * S, 1);
	world.slow = true;
	pass(&fixture, 10 * S);
	CHECK(world.job, "the way back is prepared");
	CHECK(tg_history_confirm(&fixture.daemon) == 0);
	work();
	expect(&fixture, "1", "0");
	pass(&fixture, 60 * S);
	CHECK(!world.job, "and not again");
	fixture_close(&fixture);
}

/* A rollback by hand comes before the one by the timer, which then has nothing to do. */
TEST(rolled_back_by_hand_meanwhile)
{
	struct fixture fixture;

	fixture_open(&fixture);
	CHECK(change(&fixture, "1") == 0 && change(&fixture, "2") == 0);
	tg_history_expect(&fixture.daemon, 10 * S, 1);
	world.slow = true;
	CHECK(roll_back(&fixture) == 1, "not yet");
	pass(&fixture, 10 * S);
	work();
	expect(&fixture, "1", "0");
	work();
	CHECK(fixture.error == 0, "%d", fixture.error);
	CHECK(!world.job, "one step back, not two");
	expect(&fixture, "1", "0");
	fixture_close(&fixture);
}

/* The same the other way round: the one by the timer is under way already. */
TEST(rolled_back_by_hand_too_late)
{
	struct fixture fixture;

	fixture_open(&fixture);
	CHECK(change(&fixture, "1") == 0 && change(&fixture, "2") == 0);
	tg_history_expect(&fixture.daemon, 10 * S, 1);
	world.slow = true;
	pass(&fixture, 10 * S);
	CHECK(roll_back(&fixture) == 1, "not yet");
	work();
	work();
	CHECK(fixture.error == -EALREADY && strstr(fixture.errmsg, "does not go back twice"),
	      "%d, %s", fixture.error, fixture.errmsg);
	expect(&fixture, "1", "0");
	world.slow = false;
	CHECK(roll_back(&fixture) == 0, "asked for again");
	expect(&fixture, "0", "");
	fixture_close(&fixture);
}

/* Changes nothing, as a diff. */
static int look(struct tg_change *change, char *errmsg)
{
	return 0;
}

static const struct tg_change_kind look_kind = {.work = look, .end = end};

static void start_look(struct fixture *fixture, int *error)
{
	struct one *one = calloc(1, sizeof(*one));

	one->change = (struct tg_change){.kind = &look_kind, .daemon = &fixture->daemon};
	one->fixture = fixture;
	one->error = error;
	*error = 1;
	tg_change_start(&one->change);
}

TEST(going_back_comes_first)
{
	struct fixture fixture;
	int first, second;

	fixture_open(&fixture);
	CHECK(change(&fixture, "1") == 0 && change(&fixture, "2") == 0);
	tg_history_expect(&fixture.daemon, 10 * S, 1);
	world.slow = true;
	start_look(&fixture, &first);
	start_look(&fixture, &second);
	pass(&fixture, 10 * S);
	work();
	CHECK(first == 0 && second == 1, "one was under way");
	work();
	expect(&fixture, "1", "0");
	CHECK(second == 1, "the other waits");
	work();
	work();
	CHECK(second == 0, "%d", second);
	fixture_close(&fixture);
}

TEST(the_end_while_a_change_is_worked_on)
{
	struct fixture fixture;
	int first, second;

	fixture_open(&fixture);
	world.slow = true;
	change_to(&fixture, config_named("1"), &first);
	change_to(&fixture, config_named("2"), &second);
	tg_changes_close(&fixture.daemon);
	CHECK(first == -ECANCELED && second == -ECANCELED, "%d, %d", first, second);
	CHECK(strstr(fixture.errmsg, "the daemon ends"), "%s", fixture.errmsg);
	expect(&fixture, "0", "");
	fixture_close(&fixture);
}

TEST_MAIN(RUN(changes_and_rollbacks), RUN(failures_leave_all_as_it_was), RUN(a_key_that_is_missing),
	  RUN(history_is_bounded), RUN(confirmed_in_time), RUN(nothing_else_while_one_waits),
	  RUN(not_confirmed), RUN(rolled_back_while_it_waits),
	  RUN(going_back_is_tried_until_it_works), RUN(confirmed_late), RUN(nothing_is_kept_twice),
	  RUN(one_after_another), RUN(confirmed_while_going_back),
	  RUN(rolled_back_by_hand_meanwhile), RUN(rolled_back_by_hand_too_late),
	  RUN(going_back_comes_first), RUN(the_end_while_a_change_is_worked_on))

// SPDX-License-Identifier: GPL-2.0-or-later
/* The store, against real Redis servers that are well or not. By network: test_store_net.c. */
#include "unit/cluster/store_node.h"
#include "redis/redis_client.h"

TEST(test_two_nodes)
{
	struct event_base *base = event_base_new();
	struct node a = {}, b = {};
	struct redis redis = {};
	unsigned int before;

	CHECK(redis_start(&redis, "two", NULL));
	node_server(&a, TG_CONFIG_UNIX, redis.socket, 0);
	node_server(&b, TG_CONFIG_UNIX, redis.socket, 0);
	b.cluster.stores[0].database = a.cluster.stores[0].database = 3;
	node_open(&a, base, "a");
	RUN_UNTIL(base, a.rounds > 2);
	CHECK(a.n == 0, "%zu frames, with nobody else there", a.n);
	node_open(&b, base, "b");
	RUN_UNTIL(base, a.n == 1 && b.n == 1);
	CHECK(strcmp(a.first, "b") == 0 && strcmp(b.first, "a") == 0, "\"%s\", \"%s\"", a.first,
	      b.first);
	b.frame = "b anew";
	RUN_UNTIL(base, strcmp(a.first, "b anew") == 0);
	CHECK(tg_store_status(a.store)->connected && tg_store_status(a.store)->connects == 1);
	CHECK(tg_store_status(a.store)->rounds == a.rounds && a.losses == 0);
	CHECK(strncmp(tg_store_status(a.store)->server, "unix:/", 6) == 0);
	before = atoi(redis_ask(&redis, "-n 3 PTTL 'tg1:{edge}:f:a'"));
	CHECK(before > 1500 && before <= 3000, "expires in %u ms", before);
	node_close(&b);
	run_for(base, 500);
	CHECK(a.n == 0, "a frame of a node that has left");
	CHECK(strcmp(redis_ask(&redis, "-n 3 SMEMBERS 'tg1:{edge}:m'"), "a") == 0);
	node_close(&a);
	CHECK(strcmp(redis_ask(&redis, "-n 3 SCARD 'tg1:{edge}:m'"), "0") == 0);
	redis_stop(&redis);
	base_free(base);
}

TEST(test_server_stops)
{
	struct event_base *base = event_base_new();
	struct redis redis = {};
	struct node a = {}, b = {};
	unsigned int before;

	CHECK(redis_start(&redis, "stops", NULL));
	node_server(&a, TG_CONFIG_UNIX, redis.socket, 0);
	node_server(&b, TG_CONFIG_UNIX, redis.socket, 0);
	node_open(&a, base, "a");
	node_open(&b, base, "b");
	RUN_UNTIL(base, a.n == 1 && b.n == 1);

	/* Frozen: one round is lost, the others are not begun. */
	before = a.begun;
	kill(redis.process, SIGSTOP);
	RUN_UNTIL(base, a.losses == 1 && b.losses == 1);
	CHECK(a.begun <= before + 2, "%u rounds", a.begun - before);
	CHECK(strcmp(error_of(&a), "no answer within 500 ms") == 0, "%s", error_of(&a));
	CHECK(!tg_store_status(a.store)->connected && tg_store_status(a.store)->missed > 10);
	kill(redis.process, SIGCONT);
	before = a.rounds;
	RUN_UNTIL(base, a.rounds > before + 2 && a.n == 1 && b.n == 1);
	CHECK(error_of(&a)[0] == '\0', "%s", error_of(&a));

	/* Killed, and back without anything. */
	redis_stop(&redis);
	RUN_UNTIL(base,
		  !tg_store_status(a.store)->connected && !tg_store_status(b.store)->connected);
	run_for(base, 200);
	CHECK(strcmp(error_of(&a), "No such file or directory") == 0, "%s", error_of(&a));
	CHECK(redis_start(&redis, "stops", NULL));
	before = a.rounds;
	RUN_UNTIL(base, a.rounds > before + 1 && a.n == 1 && b.n == 1);

	/* Emptied: within a second the members are there again. */
	CHECK(strcmp(redis_ask(&redis, "FLUSHALL"), "OK") == 0);
	before = a.rounds;
	RUN_UNTIL(base, a.rounds > before + 60 && a.n == 1 && b.n == 1);
	CHECK(tg_store_status(a.store)->connected);
	node_close(&a);
	node_close(&b);
	redis_stop(&redis);
	base_free(base);
}

TEST(test_members)
{
	struct event_base *base = event_base_new();
	struct redis redis = {};
	struct node a = {}, b = {};
	unsigned int before;

	CHECK(redis_start(&redis, "members", NULL));
	node_server(&a, TG_CONFIG_UNIX, redis.socket, 0);
	node_server(&b, TG_CONFIG_UNIX, redis.socket, 0);
	redis_ask(&redis, "SADD 'tg1:{edge}:m' gone 'no name' '' $(printf %64s | tr ' ' x)");
	a.cluster.interval = b.cluster.interval = 5000000000; /* no time-out on a slow machine */
	node_open(&a, base, "a");
	node_open(&b, base, "b");
	RUN_UNTIL(base, a.n == 1 && b.n == 1);
	CHECK(log_count("3 members of tg1:{edge}:m are left out") == 2, "once by each node");

	/* Frozen for a minute: nobody has been heard, but that is not their fault. */
	CLOCK_JUMP(base, &a, 100);
	before = a.rounds;
	RUN_UNTIL(base, a.rounds > before);
	run_for(base, 100);
	CHECK(a.n == 1, "taken for gone after a pause");
	RUN_UNTIL(base, strcmp(redis_ask(&redis, "SISMEMBER 'tg1:{edge}:m' gone"), "0") == 0);
	CHECK(strcmp(redis_ask(&redis, "SISMEMBER 'tg1:{edge}:m' b"), "1") == 0);
	CHECK(strcmp(redis_ask(&redis, "SCARD 'tg1:{edge}:m'"), "5") == 0, "%s",
	      redis_ask(&redis, "SCARD 'tg1:{edge}:m'"));

	/* More than there is room for: those who are known stay. */
	redis_ask(&redis, "EVAL \"for i = 1, 3000 do redis.call('SADD', 'tg1:{edge}:m', 'n' .. i) "
			  "end\" 0");
	run_for(base, 1200);
	before = a.rounds;
	RUN_UNTIL(base, a.rounds > before);
	CHECK(a.n == 1 && b.n == 1 && tg_store_status(a.store)->failures == 0, "%s", error_of(&a));
	CLOCK_JUMP(base, &a, 61);
	RUN_UNTIL(base, atoi(redis_ask(&redis, "SCARD 'tg1:{edge}:m'")) < 2100);
	node_close(&a);
	node_close(&b);
	redis_stop(&redis);
	base_free(base);
}

TEST(test_wrong_types)
{
	struct event_base *base = event_base_new();
	struct redis redis = {};
	struct node a = {};

	CHECK(redis_start(&redis, "types", NULL));
	node_server(&a, TG_CONFIG_UNIX, redis.socket, 0);
	redis_ask(&redis, "SADD 'tg1:{edge}:m' list");
	redis_ask(&redis, "LPUSH 'tg1:{edge}:f:list' x");
	node_open(&a, base, "a");
	RUN_UNTIL(base, a.rounds > 2);
	CHECK(a.n == 0 && a.losses == 0);
	redis_ask(&redis, "SET 'tg1:{edge}:m' x");
	RUN_UNTIL(base, error_of(&a)[0]);
	CHECK(strncmp(error_of(&a), "SADD: WRONGTYPE ", 16) == 0, "%s", error_of(&a));
	redis_ask(&redis, "DEL 'tg1:{edge}:m'");
	RUN_UNTIL(base, !error_of(&a)[0]);
	node_close(&a);
	redis_stop(&redis);
	base_free(base);
}

/* The line of the documentation that makes the user, with one password more. */
static const char *acl_command(const char *password)
{
	static char command[512];
	char line[512];
	FILE *file = fopen("docs/shared-limits.md", "r");
	char *rights = NULL;

	while (file && fgets(line, sizeof(line), file) && !rights)
		if (strstr(line, "ACL SETUSER tidegate on '>PASSWORD' "))
			rights = strstr(line, "'>PASSWORD' ") + strlen("'>PASSWORD' ");
	if (file)
		fclose(file);
	CHECK(rights, "no such line in docs/shared-limits.md");
	snprintf(command, sizeof(command), "ACL SETUSER tidegate on '>%s' %.*s", password,
		 rights ? (int)strcspn(rights, "\n") : 0, rights ? rights : "");
	return command;
}

TEST(test_password)
{
	struct event_base *base = event_base_new();
	struct redis redis = {};
	struct node a = {};
	unsigned int failures;

	CHECK(redis_start(&redis, "acl", NULL));
	CHECK(strcmp(redis_ask(&redis, acl_command("secret1")), "OK") == 0);
	redis_ask(&redis, "CONFIG SET requirepass other");
	node_server(&a, TG_CONFIG_UNIX, redis.socket, 0);
	a.cluster.stores[0].database = 1;
	strcpy(a.cluster.user, "tidegate");
	strcpy(a.cluster.password_file, file_write("password", "secret1\n"));
	redis_ask(&redis, "--user default --pass other -n 1 SADD 'tg1:{edge}:m' gone");
	node_open(&a, base, "a");
	RUN_UNTIL(base, a.rounds > 2);
	CHECK(a.losses == 0 && tg_store_status(a.store)->failures == 0, "%s", error_of(&a));
	CLOCK_JUMP(base, &a, 61);
	RUN_UNTIL(base, strcmp(redis_ask(&redis, "--user default --pass other -n 1 SCARD "
						 "'tg1:{edge}:m'"),
			       "1") == 0);
	CHECK(strcmp(redis_ask(&redis, "--user default --pass other CLIENT LIST | grep -c "
				       "name=tidegate-a"),
		     "1") == 0,
	      "without its name");

	/* The password is changed: first there, then here. */
	redis_ask(&redis, "--user default --pass other ACL SETUSER tidegate resetpass '>secret2'");
	redis_ask(&redis, "--user default --pass other CLIENT KILL USER tidegate");
	RUN_UNTIL(base, strstr(error_of(&a), "refuses"));
	CHECK(strcmp(error_of(&a), "it refuses user and password_file (WRONGPASS): they must be "
				   "those of ACL SETUSER or requirepass") == 0,
	      "%s", error_of(&a));
	run_for(base, 1000);
	failures = tg_store_status(a.store)->failures;
	CHECK(failures > 2 && failures < 40, "%u failures", failures);
	CHECK(log_count("refuses") == 1, "said %u times", log_count("refuses"));
	file_write("password", "secret2");
	RUN_UNTIL(base, tg_store_status(a.store)->connected);

	file_write("password", "\n");
	redis_ask(&redis, "--user default --pass other CLIENT KILL USER tidegate");
	RUN_UNTIL(base, strstr(error_of(&a), "/password is empty"));
	unlink(a.cluster.password_file);
	RUN_UNTIL(base, strstr(error_of(&a), "/password: No such file or directory"));
	CHECK(log_count("secret") == 0, "a password is in the log");
	node_close(&a);
	redis_stop(&redis);
	base_free(base);
}

TEST(test_rights)
{
	struct event_base *base = event_base_new();
	struct redis redis = {};
	struct node a = {};

	CHECK(redis_start(&redis, "rights", NULL));
	node_server(&a, TG_CONFIG_UNIX, redis.socket, 0);
	redis_ask(&redis, "ACL SETUSER default resetpass '>p'");
	node_open(&a, base, "a");
	RUN_UNTIL(base, strstr(error_of(&a), "it wants a password: write password_file"));
	redis_ask(&redis, "--pass p ACL SETUSER default nopass -set");
	RUN_UNTIL(base, strstr(error_of(&a), "its user lacks rights"));
	run_for(base, 1000);
	CHECK(log_count("it wants a password") == 1 && log_count("its user lacks") == 1,
	      "said more than once");
	redis_ask(&redis, "ACL SETUSER default +set");
	RUN_UNTIL(base, a.rounds > 2 && !error_of(&a)[0]);
	node_close(&a);
	redis_stop(&redis);
	base_free(base);
}

/* Half to all of a bound that doubles; each of it comes up; nothing wraps around. */
TEST(test_pause)
{
	unsigned int turns, random, most = TG_REDIS_PAUSE_MIN_MS;

	for (turns = 0; turns < 10; turns++) {
		unsigned int shortest = ~0U, longest = 0;

		for (random = 0; random < 10000; random++) {
			unsigned int ms = tg_redis_pause_ms(turns, random);

			shortest = ms < shortest ? ms : shortest;
			longest = ms > longest ? ms : longest;
		}
		CHECK(shortest == most / 2 && longest == most, "turn %u: %u to %u ms", turns,
		      shortest, longest);
		most = most * 2 > TG_REDIS_PAUSE_MAX_MS ? TG_REDIS_PAUSE_MAX_MS : most * 2;
	}
	CHECK(tg_redis_pause_ms(~0U, ~0U) >= TG_REDIS_PAUSE_MAX_MS / 2);
	CHECK(tg_redis_pause_ms(~0U, ~0U) <= TG_REDIS_PAUSE_MAX_MS);
}

STORE_TEST_MAIN(RUN(test_two_nodes), RUN(test_server_stops), RUN(test_members),
		RUN(test_wrong_types), RUN(test_password), RUN(test_rights), RUN(test_pause))

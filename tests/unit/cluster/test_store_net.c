// SPDX-License-Identifier: GPL-2.0-or-later
/* The store by TCP, TLS and names, in a network namespace of its own. */
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

#include "base/ownership.h"
#include "give_away.h"
#include "unit/cluster/store_node.h"

static bool in_own_network;

/* In place of the system's, which this process alone sees. */
static bool replace_file(const char *path, const char *name, const char *text)
{
	return mount(file_write(name, text), path, "", MS_BIND, NULL) == 0;
}

/* With loopback up, and its own idea of names. */
static bool enter_own_network(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd;

	if (unshare(CLONE_NEWNET | CLONE_NEWNS) ||
	    mount("none", "/", "", MS_REC | MS_PRIVATE, NULL) ||
	    !replace_file("/etc/resolv.conf", "resolv.conf", "nameserver 127.0.0.1\n") ||
	    !replace_file("/etc/hosts", "hosts", "127.0.0.1 localhost\n::1 localhost\n"))
		return false;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	in_own_network = ioctl(fd, SIOCSIFFLAGS, &request) == 0;
	close(fd);
	return in_own_network;
}

#define NEEDS_NETWORK()                                                                            \
	do {                                                                                       \
		if (!in_own_network && !enter_own_network())                                       \
			SKIP("needs root, to make a network namespace");                           \
	} while (0)

static bool shell(const char *command)
{
	char line[2048];

	snprintf(line, sizeof(line), "cd '%s' && { %s; } >>shell.log 2>&1", redis_dir, command);
	return system(line) == 0;
}

static const struct {
	const char *host, *bound, *server;
} addresses[] = {
	{"127.0.0.1", "127.0.0.1", "redis://127.0.0.1:6379/0"},
	{"::1", "::1", "redis://[::1]:6379/0"},
	/* It has both, of which one is refused. */
	{"localhost", "127.0.0.1", "redis://localhost:6379/0"},
	{"localhost", "::1", "redis://localhost:6379/0"},
};

TEST(test_addresses)
{
	struct event_base *base = event_base_new();
	struct redis redis = {};
	size_t i;

	NEEDS_NETWORK();
	for (i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		struct node a = {};

		CHECK(redis_start(&redis, "tcp", "--port", "6379", "--bind", addresses[i].bound,
				  NULL));
		node_server(&a, TG_CONFIG_REDIS, addresses[i].host, 6379);
		node_open(&a, base, "a");
		RUN_UNTIL(base, a.rounds > 2);
		CHECK(tg_store_status(a.store)->failures == 0, "%s", error_of(&a));
		CHECK(strcmp(tg_store_status(a.store)->server, addresses[i].server) == 0, "%s",
		      tg_store_status(a.store)->server);
		node_close(&a);
		redis_stop(&redis);
	}
	base_free(base);
}

TEST(test_refused)
{
	struct event_base *base = event_base_new();
	struct node a = {};

	NEEDS_NETWORK();
	node_server(&a, TG_CONFIG_REDIS, "127.0.0.1", 6379);
	node_open(&a, base, "a");
	RUN_UNTIL(base, error_of(&a)[0]);
	CHECK(strcmp(error_of(&a), "Connection refused") == 0, "%s", error_of(&a));
	run_for(base, 4000);
	CHECK(tg_store_status(a.store)->failures >= 4 && tg_store_status(a.store)->failures <= 30,
	      "%lu attempts in 4 s", tg_store_status(a.store)->failures);
	CHECK(log_count("redis://127.0.0.1:6379/0: Connection refused") == 1,
	      "said more than once");
	node_close(&a);
	base_free(base);
}

/* dnsmasq, in the directory of the test. */
static pid_t start_dns(void)
{
	pid_t process = fork();

	if (process == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execlp("dnsmasq", "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null",
		       "--no-resolv", "--no-hosts", "--listen-address=127.0.0.1",
		       "--bind-interfaces", "--user=root",
		       "--pid-file=", "--log-facility=/dev/null", "--address=/store.test/127.0.0.1",
		       NULL);
		_exit(127);
	}
	return process;
}

TEST(test_names)
{
	struct event_base *base = event_base_new();
	struct redis redis = {};
	struct node a = {};
	pid_t dns;
	unsigned int before;

	NEEDS_NETWORK();
	dns = start_dns();
	CHECK(redis_start(&redis, "names", "--port", "6379", "--bind", "127.0.0.1", NULL));
	node_server(&a, TG_CONFIG_REDIS, "no.test", 6379);
	node_server(&a, TG_CONFIG_REDIS, "redis.store.test", 6379);
	node_open(&a, base, "a");
	RUN_UNTIL(base, a.rounds > 2);
	CHECK(log_count("redis://no.test:6379/0: its name cannot be resolved: ") >= 1, "%s",
	      error_of(&a));
	CHECK(strcmp(tg_store_status(a.store)->server, "redis://redis.store.test:6379/0") == 0);

	/* A name server that is silent holds nothing up. */
	kill(dns, SIGSTOP);
	redis_stop(&redis);
	RUN_UNTIL(base, strstr(error_of(&a), "resolved: no answer within 2000 ms"));
	before = tg_store_status(a.store)->missed;
	run_for(base, 1000);
	CHECK(tg_store_status(a.store)->missed - before > 5, "%lu ticks in a second",
	      tg_store_status(a.store)->missed - before);
	node_close(&a); /* while it asks */
	kill(dns, SIGKILL);
	waitpid(dns, NULL, 0);
	base_free(base);
}

/* An authority, and certificates for localhost, 127.0.0.1 and another host. */
static bool make_certificates(void)
{
	return shell(
		"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
		"-subj /CN=authority -keyout ca.key -out ca.pem && "
		"for name in DNS:localhost IP:127.0.0.1 DNS:other.test; do "
		"openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost "
		"-keyout $name.key -out $name.csr && echo subjectAltName=$name >$name.ext && "
		"openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 "
		"-extfile $name.ext -out $name.pem || exit 1; done");
}

static bool start_tls(struct redis *redis, const char *name)
{
	char certificate[96], key[96], authority[96];

	snprintf(certificate, sizeof(certificate), "%s/%s.pem", redis_dir, name);
	snprintf(key, sizeof(key), "%s/%s.key", redis_dir, name);
	snprintf(authority, sizeof(authority), "%s/ca.pem", redis_dir);
	return redis_start(redis, "tls", "--tls-port", "6380", "--bind", "127.0.0.1",
			   "--tls-cert-file", certificate, "--tls-key-file", key,
			   "--tls-ca-cert-file", authority, "--tls-auth-clients", "no", NULL);
}

static const struct {
	const char *certificate, *host, *ca_file, *error; /* NULL: it is good */
} tls_cases[] = {
	{"DNS:localhost", "localhost", "ca.pem", NULL},
	{"IP:127.0.0.1", "127.0.0.1", "ca.pem", NULL},
	{"DNS:other.test", "localhost", "ca.pem", "its certificate is not good: hostname mismatch"},
	{"DNS:localhost", "127.0.0.1", "ca.pem",
	 "its certificate is not good: IP address mismatch"},
	{"DNS:localhost", "localhost", "", "its certificate is not good: "}, /* to the system */
	{"DNS:localhost", "localhost", "absent.pem", "/absent.pem: "},
	{"DNS:localhost", "localhost", "DNS:localhost.key", "/DNS:localhost.key: "},
};

TEST(test_tls)
{
	struct event_base *base = event_base_new();
	struct redis redis = {};
	uint64_t left_at;
	size_t i;

	NEEDS_NETWORK();
	CHECK(make_certificates(), "openssl");
	for (i = 0; i < sizeof(tls_cases) / sizeof(tls_cases[0]); i++) {
		struct node a = {}, b = {};

		CHECK(start_tls(&redis, tls_cases[i].certificate));
		node_server(&a, TG_CONFIG_REDISS, tls_cases[i].host, 6380);
		if (tls_cases[i].ca_file[0])
			snprintf(a.cluster.ca_file, sizeof(a.cluster.ca_file), "%s/%s", redis_dir,
				 tls_cases[i].ca_file);
		b = a;
		node_open(&a, base, "a");
		node_open(&b, base, "b");
		if (tls_cases[i].error)
			RUN_UNTIL(base, strstr(error_of(&a), tls_cases[i].error));
		else
			RUN_UNTIL(base, a.n == 1 && b.n == 1);
		CHECK(!tls_cases[i].error == !!tg_store_status(a.store)->connects, "case %zu: %s",
		      i, error_of(&a));
		left_at = tg_now_ns();
		node_close(&b);
		RUN_UNTIL(base, a.n == 0);
		CHECK(tg_now_ns() - left_at < 2000000000, "b did not say goodbye");
		node_close(&a);
		redis_stop(&redis);
	}
	base_free(base);
}

/* Breaks the connection by hand, and waits for the next one or for @error. */
static void connect_again(struct event_base *base, struct redis *redis, struct node *node,
			  const char *error)
{
	uint64_t before = tg_store_status(node->store)->connects;

	redis_ask(redis, "CLIENT KILL TYPE normal SKIPME yes");
	RUN_UNTIL(base, tg_store_status(node->store)->connects > before ||
				(error && strstr(error_of(node), error)));
	CHECK((tg_store_status(node->store)->connects > before) == !error, "%s", error_of(node));
}

/* As at a change of the policy. */
static void trust_again(struct node *node)
{
	struct tg_store_trust *trust = tg_store_trust_read(&node->cluster);

	tg_store_renew_trust(node->store, trust);
	tg_store_trust_free(&trust);
}

/* Only of an owner that the daemon trusts. A user's command has no such demand. */
static void authorities_of_another(struct event_base *base, struct node *a)
{
	tg_ownership_demand();
	CHECK(shell("chown 65534 trusted/ca.pem"));
	node_open(a, base, "a");
	RUN_UNTIL(base, error_of(a)[0]);
	CHECK(strstr(error_of(a), "ca_file ") && strstr(error_of(a), "trusted/ca.pem"), "%s",
	      error_of(a));
	CHECK(!tg_store_status(a->store)->connects);
	CHECK(shell("chown 0 trusted/ca.pem")); /* heals without a reload */
	RUN_UNTIL(base, tg_store_status(a->store)->connected);
	node_close(a);
}

/* What was judged is what is used: ca_file counts when it is read, not at each connection. */
TEST(test_authorities)
{
	struct event_base *base = event_base_new();
	struct tg_store_trust *trust;
	struct redis redis = {};
	struct node a = {};

	NEEDS_NETWORK();
	CHECK(shell("mkdir -p trusted && cp ca.pem trusted/ca.pem && chmod 755 . trusted"));
	CHECK(start_tls(&redis, "DNS:localhost"));
	node_server(&a, TG_CONFIG_REDISS, "localhost", 6380);
	snprintf(a.cluster.ca_file, sizeof(a.cluster.ca_file), "%s/trusted/ca.pem", redis_dir);
	node_open(&a, base, "a");
	RUN_UNTIL(base, a.rounds > 2);

	CHECK(shell("rm trusted/ca.pem"));
	connect_again(base, &redis, &a, NULL);
	trust_again(&a);
	CHECK(log_count("/trusted/ca.pem: No such file or directory; the authorities") == 1);
	connect_again(base, &redis, &a, NULL);

	CHECK(shell("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
		    "-subj /CN=stranger -keyout stranger.key -out trusted/ca.pem"));
	trust_again(&a);
	connect_again(base, &redis, &a, "its certificate is not good");
	CHECK(shell("cat ca.pem >>trusted/ca.pem")); /* the second of two */
	trust = tg_store_trust_read(&a.cluster);
	CHECK(shell("mv trusted/ca.pem trusted/gone.pem")); /* read once, by the worker */
	tg_store_renew_trust(a.store, trust);
	tg_store_trust_free(&trust);
	RUN_UNTIL(base, tg_store_status(a.store)->connected);
	CHECK(shell("mv trusted/gone.pem trusted/ca.pem"));
	node_close(&a);

	if (can_give_away())
		authorities_of_another(base, &a);
	redis_stop(&redis);
	base_free(base);
}

/* One side speaks TLS and the other does not. */
TEST(test_tls_and_plain)
{
	struct event_base *base = event_base_new();
	struct node a = {}, b = {}, c = {};
	struct redis redis = {}, plain = {};

	NEEDS_NETWORK();
	CHECK(start_tls(&redis, "DNS:localhost"));
	CHECK(redis_start(&plain, "plain", "--port", "6379", "--bind", "127.0.0.1", NULL));
	node_server(&a, TG_CONFIG_REDISS, "localhost", 6379);
	node_server(&b, TG_CONFIG_REDIS, "localhost", 6380);
	node_server(&c, TG_CONFIG_REDISS, "localhost", 6381);
	node_open(&a, base, "a");
	node_open(&b, base, "b");
	node_open(&c, base, "c");
	RUN_UNTIL(base, error_of(&a)[0] && error_of(&b)[0] && error_of(&c)[0]);
	CHECK(!tg_store_status(a.store)->connects && !tg_store_status(b.store)->connects);
	CHECK(strcmp(error_of(&c), "Connection refused") == 0, "%s", error_of(&c));
	CHECK(strstr(error_of(&a), "no connection within 500 ms"), "%s", error_of(&a));
	CHECK(strstr(error_of(&a), "Connection refused"), "%s", error_of(&a)); /* at ::1 */
	node_close(&a);
	node_close(&b);
	node_close(&c);
	redis_stop(&redis);
	redis_stop(&plain);
	base_free(base);
}

TEST(test_failover)
{
	struct event_base *base = event_base_new();
	struct redis first = {}, second = {};
	struct node a = {}, b = {};
	unsigned int before;

	NEEDS_NETWORK();
	CHECK(redis_start(&first, "first", "--port", "6379", "--bind", "127.0.0.1",
			  "--repl-diskless-sync-delay", "0", NULL));
	CHECK(redis_start(&second, "second", "--port", "6380", "--bind", "127.0.0.1", "--replicaof",
			  "127.0.0.1 6379", "--repl-diskless-sync-delay", "0", NULL));
	node_server(&a, TG_CONFIG_REDIS, "127.0.0.1", 6380); /* the replica */
	node_server(&a, TG_CONFIG_REDIS, "127.0.0.1", 6379);
	b = a;
	node_open(&a, base, "a");
	node_open(&b, base, "b");
	RUN_UNTIL(base, a.n == 1 && b.n == 1);
	CHECK(strcmp(tg_store_status(a.store)->server, "redis://127.0.0.1:6379/0") == 0);
	CHECK(log_count(
		      "redis://127.0.0.1:6380/0: it is a replica, which cannot be written to (SADD: "
		      "READONLY") == 2,
	      "%u", log_count("replica"));

	/* They change places. */
	redis_ask(&second, "REPLICAOF NO ONE");
	redis_ask(&first, "REPLICAOF 127.0.0.1 6380");
	RUN_UNTIL(base, strcmp(tg_store_status(a.store)->server, "redis://127.0.0.1:6380/0") == 0 &&
				tg_store_status(a.store)->connected);
	RUN_UNTIL(base, tg_store_status(b.store)->connected);
	before = a.rounds;
	RUN_UNTIL(base, a.rounds > before + 60 && a.n == 1 && b.n == 1);
	node_close(&a);
	node_close(&b);
	redis_stop(&first);
	redis_stop(&second);
	base_free(base);
}

STORE_TEST_MAIN(RUN(test_addresses), RUN(test_refused), RUN(test_names), RUN(test_tls),
		RUN(test_tls_and_plain), RUN(test_failover), RUN(test_authorities))

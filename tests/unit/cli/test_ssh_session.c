// SPDX-License-Identifier: GPL-2.0-or-later
/* From where the operator is logged in, and the warnings that follow from that. */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/config.h"
#include "config/load.h"
#include "base/log.h"
#include "logged.h"
#include "cli/ssh_session.h"
#include "test.h"

/* In the place of the C library's, so that the ancestors are processes that a test made. */
static pid_t parent = 1;

pid_t getppid(void)
{
	return parent;
}

static bool find_with(const char *connection, struct tg_ssh_session *login)
{
	memset(login, 0, sizeof(*login));
	if (connection)
		setenv("SSH_CONNECTION", connection, 1);
	else
		unsetenv("SSH_CONNECTION");
	return tg_ssh_session_find(login);
}

/* "CLIENT PORT SERVER PORT" as it was understood. */
static const char *text_of(const struct tg_ssh_session *login)
{
	char client[TG_PREFIX_TEXT_SIZE], server[TG_PREFIX_TEXT_SIZE];
	static char text[2 * TG_PREFIX_TEXT_SIZE + 32];

	snprintf(text, sizeof(text), "%s %u %s %u",
		 tg_prefix_format(&login->client, client, sizeof(client)), login->client_port,
		 tg_prefix_format(&login->server, server, sizeof(server)), login->server_port);
	return text;
}

TEST(the_variable)
{
	static const struct {
		const char *connection, *want; /* NULL: none */
	} cases[] = {
		{"192.0.2.7 51234 203.0.113.1 22", "192.0.2.7/32 51234 203.0.113.1/32 22"},
		{"2001:db8::7 1 2001:db8::1 65535", "2001:db8::7/128 1 2001:db8::1/128 65535"},
		{"::ffff:192.0.2.7 5 ::ffff:203.0.113.1 22", "192.0.2.7/32 5 203.0.113.1/32 22"},
		{"::ffff:c000:0207 5 ::1 22", "192.0.2.7/32 5 ::1/128 22"},
		{"fe80::1%eth0 5 fe80::2%eth0 22", "fe80::1/128 5 fe80::2/128 22"},
		{"  192.0.2.7\t0 203.0.113.1 22 ", "192.0.2.7/32 0 203.0.113.1/32 22"},
		{"", NULL},
		{"192.0.2.7", NULL},
		{"192.0.2.7 51234 203.0.113.1", NULL},
		{"192.0.2.7 51234 203.0.113.1 ssh", NULL},
		{"UNKNOWN 65535 UNKNOWN 65535", NULL}, /* sshd's, if it runs on no socket */
		{"192.0.2.7 65536 203.0.113.1 22", NULL},
		{"192.0.2.7 22 203.0.113.1 65536", NULL},
		{"192.0.2.7 -1 203.0.113.1 22", NULL},
		{"192.0.2.256 1 203.0.113.1 22", NULL},
		{"192.0.2.7 1 %s%n 22", NULL},
		{"%eth0 1 203.0.113.1 22", NULL},
		{"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123 1 ::1 22",
		 NULL},
	};
	struct tg_ssh_session login;
	size_t i;
	bool got;

	parent = 1;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		got = find_with(cases[i].connection, &login);
		CHECK(got == (cases[i].want != NULL), "\"%s\"", cases[i].connection);
		if (got && cases[i].want)
			CHECK(strcmp(text_of(&login), cases[i].want) == 0, "\"%s\": %s",
			      cases[i].connection, text_of(&login));
	}
	CHECK(!find_with(NULL, &login), "no variable, no ancestors");
}

struct ancestor {
	pid_t process;
	pid_t child; /* of it */
};

/* Another name for the shell, which makes /proc/PID/stat hard to read. */
static char directory[32], shell[64];

/*
 * A shell that was started with @outer in its environment, and below it one with @inner (NULL: the
 * variable is taken away, as sudo does). Both wait until their standard input ends.
 */
static struct ancestor ancestor_with(const char *outer, const char *inner, int *input)
{
	char variable[128] = "A=b", set[128] = "-u SSH_CONNECTION";
	char *const environment[] = {"PATH=/usr/bin:/bin", variable, NULL};
	int from[2], to[2], child = 0;
	struct ancestor ancestor = {};
	char script[256], line[32] = "";

	if (outer)
		snprintf(variable, sizeof(variable), "SSH_CONNECTION=%s", outer);
	if (inner)
		snprintf(set, sizeof(set), "SSH_CONNECTION='%s'", inner);
	snprintf(script, sizeof(script), "env %s '%s' -c 'echo $$; read line; :'; :", set, shell);
	CHECK(pipe(from) == 0 && pipe(to) == 0);
	fflush(stdout);
	ancestor.process = fork();
	if (ancestor.process == 0) {
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		close(to[1]);
		close(from[0]);
		execle("/bin/sh", "sh", "-c", script, NULL, environment);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	CHECK(read(from[0], line, sizeof(line) - 1) > 0 && sscanf(line, "%d", &child) == 1, "%s",
	      line);
	close(from[0]);
	ancestor.child = child;
	*input = to[1];
	return ancestor;
}

static void let_go(const struct ancestor *ancestor, int input)
{
	int status;

	close(input);
	CHECK(waitpid(ancestor->process, &status, 0) == ancestor->process, "reaped");
}

/* sudo(8) takes the variable away; what a process was started with stays to be read. */
TEST(ancestors)
{
	static const struct {
		const char *what, *outer, *inner, *want; /* NULL: none */
	} cases[] = {
		{"the nearest", "192.0.2.1 1 192.0.2.2 22", "192.0.2.9 9 192.0.2.2 22",
		 "192.0.2.9/32 9 192.0.2.2/32 22"},
		{"taken away", "192.0.2.1 1 192.0.2.2 22", NULL, "192.0.2.1/32 1 192.0.2.2/32 22"},
		{"garbage, passed over", "192.0.2.1 1 192.0.2.2 22", "UNKNOWN 1 UNKNOWN 22",
		 "192.0.2.1/32 1 192.0.2.2/32 22"},
	};
	struct ancestor ancestor;
	struct tg_ssh_session login;
	int input;
	size_t i;

	strcpy(directory, "/var/tmp/tidegate-unit.XXXXXX");
	CHECK(mkdtemp(directory) != NULL);
	snprintf(shell, sizeof(shell), "%s/) S 1 (sh", directory);
	CHECK(symlink("/bin/sh", shell) == 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ancestor = ancestor_with(cases[i].outer, cases[i].inner, &input);
		parent = ancestor.child;
		CHECK(find_with(NULL, &login) && strcmp(text_of(&login), cases[i].want) == 0,
		      "%s: %s", cases[i].what, text_of(&login));
		CHECK(find_with("192.0.2.5 5 192.0.2.2 22", &login) && login.client_port == 5,
		      "one's own comes first");
		CHECK(!find_with("", &login), "also if it says nothing");
		let_go(&ancestor, input);
		parent = 1;
	}
	unlink(shell);
	rmdir(directory);
}

/* A process that has gone, and the first of all, end the search. */
TEST(no_ancestors)
{
	struct tg_ssh_session login;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(0);
	CHECK(waitpid(child, NULL, 0) == child);
	parent = child;
	CHECK(!find_with(NULL, &login), "gone");
	parent = 0;
	CHECK(!find_with(NULL, &login), "of another PID namespace");
	parent = 1;
}

static struct tg_config *config_of(const char *text)
{
	struct tg_diagnostics diagnostics = {};
	struct tg_config *config = NULL;

	CHECK(tg_config_parse("test.yaml", text, strlen(text), &config, &diagnostics) == 0, "%s",
	      diagnostics.n ? diagnostics.items[0].message : text);
	tg_diagnostics_clear(&diagnostics);
	return config;
}

#define HEAD	"interfaces: [{name: eth0, hooks: [xdp]}]\n"
#define LIMIT	"limits: [{name: a, capacity: 9, rate: 9/s"
#define FROM(x) "test: warning: you are logged in from " x ", "
#define COUNTS(client, names)                                                                      \
	FROM(client)                                                                               \
	"whose packets to port 22 count against " names "; allow: [" client                        \
	"] would keep your way in open whatever happens\n"
#define DROPPED(client)                                                                            \
	FROM(client)                                                                               \
	"and all its packets would be dropped: deny has it; put it on the allow list, or use "     \
	"apply --confirm 60s to have the policy taken back if you are cut off\n"

static const struct {
	const char *config, *connection, *want; /* "": no warning */
} warnings[] = {
	{HEAD LIMIT "}]", "192.0.2.7 1024 192.0.2.1 22", COUNTS("192.0.2.7", "a")},
	{HEAD LIMIT "}]", "2001:db8::7 1024 2001:db8::1 22", COUNTS("2001:db8::7", "a")},
	{HEAD LIMIT "}]", "::ffff:192.0.2.7 1024 ::ffff:192.0.2.1 22", COUNTS("192.0.2.7", "a")},
	{HEAD LIMIT "}]", "garbage", ""},
	{HEAD LIMIT ", shadow: true}]", "192.0.2.7 1024 192.0.2.1 22", ""},
	{HEAD LIMIT ", match: {protocol: udp}}]", "192.0.2.7 1024 192.0.2.1 22", ""},
	{HEAD LIMIT ", match: {protocol: tcp}}]", "192.0.2.7 1024 192.0.2.1 22",
	 COUNTS("192.0.2.7", "a")},
	{HEAD LIMIT ", match: {destination_port: 80}}]", "192.0.2.7 1024 192.0.2.1 22", ""},
	{HEAD LIMIT ", match: {destination_port: 20-22}}]", "192.0.2.7 1024 192.0.2.1 22",
	 COUNTS("192.0.2.7", "a")},
	{HEAD LIMIT ", match: {source_port: 1024}}]", "192.0.2.7 1024 192.0.2.1 22",
	 COUNTS("192.0.2.7", "a")},
	{HEAD LIMIT ", match: {source_port: 1025}}]", "192.0.2.7 1024 192.0.2.1 22", ""},
	{HEAD LIMIT ", match: {not: {destination_port: 22}}}]", "192.0.2.7 1024 192.0.2.1 22", ""},
	{HEAD LIMIT ", match: {icmp_type: 8}}]", "192.0.2.7 1024 192.0.2.1 22", ""},
	{HEAD LIMIT ", match: {fragment: true}}]", "192.0.2.7 1024 192.0.2.1 22", ""},
	{HEAD LIMIT ", match: {fragment: false}}]", "192.0.2.7 1024 192.0.2.1 22",
	 COUNTS("192.0.2.7", "a")},
	{HEAD LIMIT ", match: {source: [192.0.2.0/24]}}]", "192.0.2.7 1024 192.0.2.1 22",
	 COUNTS("192.0.2.7", "a")},
	{HEAD LIMIT ", match: {source: [198.51.100.0/24]}}]", "192.0.2.7 1024 192.0.2.1 22", ""},
	{HEAD LIMIT ", match: {destination: [192.0.2.2]}}]", "192.0.2.7 1024 192.0.2.1 22", ""},
	{HEAD LIMIT ", match: {destination: [192.0.2.1]}}]", "192.0.2.7 1024 192.0.2.1 22",
	 COUNTS("192.0.2.7", "a")},
	{HEAD LIMIT "}, {name: b, unit: bytes, capacity: 9kB, rate: 9kB/s}]",
	 "192.0.2.7 1024 192.0.2.1 22", COUNTS("192.0.2.7", "a, b")},
	{"interfaces: [{name: eth0, hooks: [tc-egress]}]\n" LIMIT "}]",
	 "192.0.2.7 1024 192.0.2.1 22", ""}, /* only what goes out is counted */
	{"interfaces: [{name: eth0, hooks: [tc-ingress]}]\n" LIMIT "}]",
	 "192.0.2.7 1024 192.0.2.1 22", COUNTS("192.0.2.7", "a")},
	{"allow: [192.0.2.7]\n" HEAD LIMIT "}]", "192.0.2.7 1024 192.0.2.1 22", ""},
	{"allow: [192.0.2.8]\n" HEAD LIMIT "}]", "192.0.2.7 1024 192.0.2.1 22",
	 COUNTS("192.0.2.7", "a")},
	{"deny: [192.0.2.0/24]\n" HEAD LIMIT "}]", "192.0.2.7 1024 192.0.2.1 22",
	 DROPPED("192.0.2.7")},
	{"deny: [\"::/0\"]\n" HEAD LIMIT "}]", "192.0.2.7 1024 192.0.2.1 22",
	 COUNTS("192.0.2.7", "a")}, /* of IPv6 only */
	{"deny: [\"2001:db8::/32\"]\n" HEAD LIMIT "}]", "2001:db8::7 1024 2001:db8::1 22",
	 DROPPED("2001:db8::7")},
	{"allow: [192.0.0.0/16]\ndeny: [192.0.2.0/24]\n" HEAD LIMIT "}]",
	 "192.0.2.7 1024 192.0.2.1 22", DROPPED("192.0.2.7")}, /* the longer one decides */
	{"allow: [192.0.2.0/28]\ndeny: [192.0.2.0/24]\n" HEAD LIMIT "}]",
	 "192.0.2.7 1024 192.0.2.1 22", ""},
	{"allow: [192.0.2.0/28, 0.0.0.0/0]\ndeny: [192.0.2.0/24]\n" HEAD LIMIT "}]",
	 "192.0.2.7 1024 192.0.2.1 22", ""},
};

TEST(warnings_of_a_policy)
{
	struct tg_config *config;
	struct tg_logged logged;
	const char *got;
	size_t i;

	tg_log_setup("test", TG_LOG_WARNING, TG_LOG_TEXT);
	for (i = 0; i < sizeof(warnings) / sizeof(warnings[0]); i++) {
		config = config_of(warnings[i].config);
		setenv("SSH_CONNECTION", warnings[i].connection, 1);
		tg_logged_begin(&logged);
		if (config)
			tg_ssh_session_warn(config);
		got = tg_logged_end(&logged);
		CHECK(strcmp(got, warnings[i].want) == 0, "%s\n%s: \"%s\"", warnings[i].config,
		      warnings[i].connection, got);
		tg_logged_free(&logged);
		tg_config_free(&config);
	}
}

/* More names than a line holds are cut, and the line is whole all the same. */
TEST(many_limits)
{
	char text[8192] = HEAD "limits:\n";
	struct tg_config *config;
	struct tg_logged logged;
	const char *got;
	size_t n;
	int i;

	for (i = 0; i < 64; i++) {
		n = strlen(text);
		snprintf(text + n, sizeof(text) - n,
			 "  - {name: limit-with-a-rather-long-name-%02d, capacity: 9, rate: 9/s}\n",
			 i);
	}
	config = config_of(text);
	setenv("SSH_CONNECTION", "192.0.2.7 1024 192.0.2.1 22", 1);
	tg_logged_begin(&logged);
	tg_ssh_session_warn(config);
	got = tg_logged_end(&logged);
	CHECK(strstr(got, "count against limit-with-a-rather-long-name-00, limit-with"), "%s", got);
	CHECK(strstr(got, "; allow: [192.0.2.7] would keep your way in open"), "%s", got);
	tg_logged_free(&logged);
	tg_config_free(&config);
}

TEST(warnings_of_a_file)
{
	static const char policy[] = "deny: [192.0.2.0/24]\n" HEAD LIMIT "}]";
	char path[] = "/var/tmp/tidegate-unit.XXXXXX";
	int fd = mkstemp(path), i;
	struct tg_logged logged;
	const char *got;

	CHECK(write(fd, policy, strlen(policy)) == (ssize_t)strlen(policy));
	setenv("SSH_CONNECTION", "192.0.2.7 1024 192.0.2.1 22", 1);
	for (i = 0; i < 3; i++) {
		tg_logged_begin(&logged);
		tg_ssh_session_warn_of(path);
		got = tg_logged_end(&logged);
		CHECK(strcmp(got, i ? "" : DROPPED("192.0.2.7")) == 0, "%d: %s", i, got);
		tg_logged_free(&logged);
		if (i == 0)
			CHECK(write(fd, "nonsense", 8) == 8);
		else
			unlink(path);
	}
	close(fd);
}

TEST(warnings_of_entries)
{
	struct tg_prefix prefixes[3] = {};
	const struct tg_prefix_list denied = {.items = prefixes, .n = 3};
	struct tg_logged logged;
	char why[128];
	const char *got;

	CHECK(tg_prefix_parse("198.51.100.0/24", &prefixes[0], why, sizeof(why)) == 0 &&
	      tg_prefix_parse("192.0.2.0/24", &prefixes[1], why, sizeof(why)) == 0 &&
	      tg_prefix_parse("192.0.2.8", &prefixes[2], why, sizeof(why)) == 0);
	setenv("SSH_CONNECTION", "192.0.2.7 1024 192.0.2.1 22", 1);
	tg_logged_begin(&logged);
	tg_ssh_session_warn_denied(&denied);
	got = tg_logged_end(&logged);
	CHECK(strcmp(got, "test: warning: you are logged in from within 192.0.2.0/24, whose "
			  "packets are dropped from now on; `tidegate deny del 192.0.2.0/24` takes "
			  "that back while you are connected\n") == 0,
	      "%s", got);
	tg_logged_free(&logged);
	setenv("SSH_CONNECTION", "", 1);
	tg_logged_begin(&logged);
	tg_ssh_session_warn_denied(&denied);
	CHECK(strcmp(tg_logged_end(&logged), "") == 0, "not logged in");
	tg_logged_free(&logged);
}

TEST_MAIN(RUN(the_variable), RUN(ancestors), RUN(no_ancestors), RUN(warnings_of_a_policy),
	  RUN(many_limits), RUN(warnings_of_a_file), RUN(warnings_of_entries))

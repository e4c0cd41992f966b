/* SPDX-License-Identifier: GPL-2.0-or-later */
/* As config_cases.h, about limits shared between machines. */
#ifndef TG_CLUSTER_CASES_H
#define TG_CLUSTER_CASES_H

#include "unit/config/config_cases.h"

#define SHARED_LIMIT "limits: [{name: a, capacity: 9, rate: 1/s, shared: true}]\n"
/* Keys of the cluster begin at column 30 of line 2. */
#define CLUSTER(keys)                                                                              \
	I "cluster: {name: e, node: n,  " keys ", redis: \"redis://h\"}\n" SHARED_LIMIT
/* Where the nodes meet; at column 36. */
#define MEET(redis) I "cluster: {name: e, node: n, redis: " redis "}\n" SHARED_LIMIT
#define BESIDE(keys)                                                                               \
	I "cluster: {name: e, node: n, redis: \"redis://h\"}\nlimits: [{name: a, " keys BUCKET     \
	  "}]\n"

static const struct config_case invalid_cluster_cases[] = {
	{I "cluster: 3\n",
	 {"2:10: must be a mapping (key: value); its keys are name, node, redis"}},
	{I "cluster: {node: n}\n",
	 {"2:10: \"name\" is missing; write the name that all its nodes give it",
	  "2:10: \"redis\" is missing; write where the nodes meet"}},
	{I "cluster: {name: a b, node: \"\", redis: \"redis://h\"}\n",
	 {"2:17: \"a b\" cannot be the name of a cluster; use 1 to 63", "2:28: there is no value"}},
	{I "cluster: {name: e, node: a/b, redis: \"redis://h\"}\n",
	 {"2:26: \"a/b\" cannot be the name of a node"}},
	{CLUSTER("tick: 1s"), {"2:30: unknown key \"tick\"; the keys here are name, node"}},
	{CLUSTER("interval: 9ms"), {"2:40: \"9ms\" is out of range; write 10ms to 5s"}},
	{CLUSTER("interval: 6s"), {"2:40: \"6s\" is out of range; write 10ms to 5s"}},
	{CLUSTER("interval: often, stale_after: 1s"), {"2:40: \"often\" is not a duration"}},
	{CLUSTER("stale_after: 149ms"),
	 {"2:43: \"149ms\" is out of range; write 150ms (three intervals) to 1m"}},
	{CLUSTER("stale_after: 2999ms, interval: 1s"), {"2:43: write 3s (three intervals)"}},
	{CLUSTER("stale_after: 61s"), {"2:43: \"61s\" is out of range"}},
	{CLUSTER("max_sources: 0"), {"2:43: \"0\" is not a number from 1 to 16384"}},
	{CLUSTER("max_sources: 16385"), {"2:43: from 1 to 16384"}},
	{CLUSTER("nodes_expected: 1025"), {"2:46: from 0 to 1024"}},
	{CLUSTER("user: tide"),
	 {"2:30: user has no meaning without password_file; write the password into a file"}},
	{CLUSTER("password_file: [a]"), {"2:45: one value"}},
	{CLUSTER("ca_file: /etc/passwd"), {"2:30: without a server at rediss://; leave it out"}},
	/* where the nodes meet */
	{MEET("[]"), {"2:36: empty"}},
	{MEET("{}"), {"2:36: must be one value, not a mapping"}},
	{MEET("\"http://h\""),
	 {"2:36: this is not the URL of a Redis server; write it as unix:/run/redis/redis.sock, "
	  "redis://HOST:6379 or rediss://HOST:6379"}},
	{MEET("h"), {"2:36: not the URL"}},
	{MEET("\"redis:h\""), {"2:36: not the URL"}},
	{MEET("\"redis://\""), {"2:36: not the URL"}},
	{MEET("\"redis://h:0\""), {"2:36: not the URL"}},
	{MEET("\"redis://h:65536\""), {"2:36: not the URL"}},
	{MEET("\"redis://::1/\""), {"2:36: not the URL"}},
	{MEET("\"redis://h/1?db=2\""), {"2:36: not the URL"}},
	{MEET("\"redis://h/1#x\""), {"2:36: not the URL"}},
	{MEET("\"redis://a%00b/\""), {"2:36: not the URL"}},
	{MEET("[\"redis://g\", \"redis://h/x\", \"redis://h/65536\"]"),
	 {"2:50: the database of the URL is not a number from 0 to 65535",
	  "2:65: the database of the URL"}},
	{MEET("\"unix:redis.sock\""), {"2:36: the path of a socket begins with one slash"}},
	{MEET("\"unix://run/redis.sock\""), {"2:36: the path of a socket begins with one slash"}},
	{MEET("\"unix:/a%00b\""), {"2:36: the path of a socket has at most 107 bytes"}},
	{MEET("\"unix:/a?password=x\""), {"2:36: only ?db=NUMBER is known"}},
	{MEET("\"unix:/a?db=x\""), {"2:36: the database of the URL"}},
	{MEET("\"redis://tide:secret@h\""),
	 {"2:36: user and password do not belong into the URL, which is shown in logs; write user: "
	  "NAME and password_file: PATH beside redis"}},
	{MEET("[\"redis://a\", \"redis://a\", \"redis://a\", \"redis://a\", \"redis://a\", "
	      "\"redis://a\", \"redis://a\", \"redis://a\", \"redis://a\"]"),
	 {"2:141: there are more than 8 servers"}},
	/* limits */
	{LIMIT("shared: true" BUCKET), {"2:30: shared with whom? write the nodes' store once"}},
	{LIMIT("shared: yes" BUCKET), {"2:30: \"yes\" is not known here; write true or false"}},
	{LIMIT("on_store_loss: hold" BUCKET),
	 {"2:22: on_store_loss has no meaning without shared: true"}},
	{BESIDE("shared: false, on_store_loss: hold"), {"3:35: no meaning without shared: true"}},
	{BESIDE("shared: maybe, on_store_loss: wait"),
	 {"3:28: \"maybe\" is not known here",
	  "3:50: \"wait\" is not known here; write split or hold or local or open"}},
	/* What is wrong with the cluster says nothing about who shares. */
	{I "cluster: 3\n" SHARED_LIMIT, {"2:10: must be a mapping"}},
};

static const struct config_case warned_cluster_cases[] = {
	{BESIDE("shared: true, on_store_loss: open"), {NULL}},
	{BESIDE("shared: true, on_store_loss: local, per: key"), {NULL}},
	{BESIDE("shared: true, on_store_loss: split, per: everyone, unit: bytes, capacity: 2kB, "
		"rate: 1kB/s}, {name: b"),
	 {NULL}},
	{BESIDE("shared: false"), {"2:10: no limit is shared, so that the nodes have nothing to"}},
	{I "cluster: {name: e, node: n, redis: \"redis://h\"}\n",
	 {"1:1: there are no limits", "2:10: no limit is shared"}},
	{CLUSTER("password_file: none"),
	 {"2:45: there is no file \"/nonexistent/none\"; it must be there when tidegated starts"}},
	{CLUSTER("frame_key_file: /etc/passwd/x"), {"2:46: there is no file \"/etc/passwd/x\""}},
	{CLUSTER("password_file: /etc"), {"2:45: \"/etc\" is a directory"}},
	{CLUSTER("password_file: /etc/passwd"),
	 {"2:45: \"/etc/passwd\" is not its owner's alone, and has a secret; run chmod 600"}},
	{MEET("[\"rediss://h\"], ca_file: /etc/passwd"), {NULL}},
	{CLUSTER("user: tide, password_file: /dev/null/x"), {"2:57: there is no file"}},
};

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `check` says about limits that are valid and hardly meant. */
#include "test.h"

#include "explain/lint.h"
#include "config/load.h"

#define ALLOW	  "allow: [192.0.2.0/28]\n"
#define HEAD	  "interfaces: [{name: lo}]\n" ALLOW "limits:\n"
#define EVERYONE  "  - {name: all, per: everyone, capacity: 1000000, rate: 1000000/s}\n"
#define ONE(keys) HEAD "  - {name: a, " keys "}\n" EVERYONE
#define AT(hooks, keys)                                                                            \
	"interfaces: [{name: lo, hooks: " hooks "}]\n" ALLOW "limits:\n  - {" keys "}\n" EVERYONE
#define TWO(first, second) HEAD "  - {name: a, " first "}\n  - {name: b, " second "}\n" EVERYONE

struct advice_case {
	const char *text;
	const char *wanted[3]; /* in order; ends with NULL */
};

static const struct advice_case cases[] = {
	{ONE("capacity: 10, rate: 10/s"), {NULL}},
	{HEAD "  - {name: a, capacity: 10, rate: 10/s}\n", {"no limit bounds everyone"}},
	{HEAD "  - {name: a, per: everyone, match: {protocol: udp}, capacity: 10, rate: 1/s}\n",
	 {NULL}},
	/* IPv6 prefixes */
	{ONE("prefix: {ipv6: 128}, capacity: 10, rate: 10/s"),
	 {"limits[0].prefix: with ipv6: 128"}},
	{ONE("prefix: {ipv6: 65}, capacity: 10, rate: 10/s"), {"with ipv6: 65"}},
	{ONE("prefix: {ipv6: 64}, capacity: 10, rate: 10/s"), {NULL}},
	{ONE("per: destination, prefix: {ipv6: 128}, capacity: 10, rate: 10/s"), {NULL}},
	/* the clock's grain */
	{ONE("capacity: 10, refill_amount: 1, refill_interval: 999us"), {"below the grain"}},
	{ONE("capacity: 10, refill_amount: 1, refill_interval: 1ms"), {NULL}},
	{ONE("capacity: 10, rate: 1000000/s"), {NULL}},
	/* never reached */
	{TWO("capacity: 10, rate: 10/s", "capacity: 20, rate: 20/s"), {"limits[1]: b can never"}},
	{TWO("capacity: 20, rate: 20/s", "capacity: 10, rate: 10/s"), {"limits[0]: a can never"}},
	{TWO("capacity: 10, rate: 10/s", "capacity: 10, rate: 10/s"), {"limits[1]: b can never"}},
	{TWO("capacity: 10, rate: 10/s", "capacity: 20, rate: 5/s"), {NULL}},
	{TWO("capacity: 10, rate: 10/s", "capacity: 9, rate: 20/s"), {NULL}},
	{TWO("capacity: 10, rate: 10/s", "unit: bytes, capacity: 2000, rate: 20kB/s"), {NULL}},
	{TWO("capacity: 10, rate: 10/s", "prefix: {ipv4: 24}, capacity: 20, rate: 20/s"), {NULL}},
	{TWO("prefix: {ipv4: 24, ipv6: 56}, capacity: 10, rate: 10/s", "capacity: 20, rate: 20/s"),
	 {"limits[1]: b can never be reached, because a"}},
	{TWO("prefix: {ipv4: 24, ipv6: 65}, capacity: 10, rate: 10/s", "capacity: 20, rate: 20/s"),
	 {"with ipv6: 65"}},
	{TWO("per: everyone, capacity: 10, rate: 10/s",
	     "per: destination, capacity: 20, rate: 20/s"),
	 {"limits[1]: b can never", "limits[2]: all can never"}},
	{TWO("per: [source, protocol], capacity: 10, rate: 10/s", "capacity: 20, rate: 20/s"),
	 {NULL}},
	{TWO("capacity: 10, rate: 10/s", "per: [source, protocol], capacity: 20, rate: 20/s"),
	 {"limits[1]: b can never"}},
	{TWO("per: everyone, capacity: 10, rate: 10/s",
	     "per: everyone, match: {protocol: not_ip}, capacity: 20, rate: 20/s"),
	 {"limits[2]: all can never"}},
	/* what matches */
	{TWO("match: {protocol: udp}, capacity: 10, rate: 10/s", "capacity: 20, rate: 20/s"),
	 {NULL}},
	{TWO("capacity: 10, rate: 10/s", "match: {protocol: udp}, capacity: 20, rate: 20/s"),
	 {"limits[1]: b can never"}},
	{TWO("match: {length: 0-100}, capacity: 10, rate: 10/s",
	     "match: {length: 10-20, protocol: udp}, capacity: 20, rate: 20/s"),
	 {"limits[1]: b can never"}},
	{TWO("match: {length: 0-100}, capacity: 10, rate: 10/s",
	     "match: {length: 10-101}, capacity: 20, rate: 20/s"),
	 {NULL}},
	{TWO("match: {destination_port: 0-65535}, capacity: 10, rate: 10/s",
	     "match: {destination_port: {not: 53}}, capacity: 20, rate: 20/s"),
	 {NULL}},
	{TWO("match: {source: 10.0.0.0/8}, capacity: 10, rate: 10/s",
	     "match: {source: 10.0.0.0/8, protocol: tcp}, capacity: 20, rate: 20/s"),
	 {"limits[1]: b can never"}},
	{TWO("match: {source: 10.0.0.0/8}, capacity: 10, rate: 10/s",
	     "match: {source: 11.0.0.0/8}, capacity: 20, rate: 20/s"),
	 {NULL}},
	{TWO("match: {fragment: true}, capacity: 10, rate: 10/s", "capacity: 20, rate: 20/s"),
	 {NULL}},
	/* steps: the tighter one may be a step ahead, the looser one a step late */
	{TWO("capacity: 10, refill_amount: 10, refill_interval: 1s",
	     "capacity: 10, refill_amount: 20, refill_interval: 1s"),
	 {"limits[1]: b can never"}},
	{TWO("capacity: 10, refill_amount: 10, refill_interval: 1s", "capacity: 19, rate: 20/s"),
	 {NULL}},
	{TWO("capacity: 10, refill_amount: 10, refill_interval: 1s", "capacity: 20, rate: 20/s"),
	 {"limits[1]: b can never"}},
	{TWO("capacity: 10, rate: 10/s", "capacity: 19, refill_amount: 20, refill_interval: 1s"),
	 {NULL}},
	{TWO("capacity: 10, rate: 10/s", "capacity: 20, refill_amount: 20, refill_interval: 1s"),
	 {"limits[1]: b can never"}},
	/* hooks and what exceeds */
	{AT("[xdp, tc-ingress]", "name: a, capacity: 100, rate: 10/s"),
	 {"limits[0]: a holds at xdp and at tc-ingress of lo, and what comes in is charged twice",
	  "limits[1]: all holds at xdp and at tc-ingress"}},
	{AT("[xdp, tc-egress]", "name: a, capacity: 100, rate: 10/s"), {NULL}},
	{AT("[xdp, tc-egress]", "name: a, capacity: 100, rate: 10/s, match: {hook: tc-egress}}\n"
				"  - {name: b, capacity: 200, rate: 20/s"),
	 {NULL}},
	{AT("[xdp, tc-egress]", "name: b, capacity: 200, rate: 20/s, match: {hook: tc-egress}}\n"
				"  - {name: a, capacity: 100, rate: 10/s"),
	 {"limits[0]: b can never be reached, because a"}},
	{"interfaces: [{name: lo, hooks: [tc-egress]}]\nlimits: [{name: a, capacity: 64, rate: 1/s}]",
	 {NULL}},
	/* more segments than there are tokens */
	{AT("[tc-egress]", "name: a, capacity: 63, rate: 10/s"),
	 {"limits[0].capacity: at tc-egress up to 64 KiB of TCP are one packet, of up to 64 segments"}},
	{AT("[xdp, tc-ingress]",
	    "name: a, match: {hook: tc-ingress, protocol: tcp}, unit: bytes, capacity: 67KiB, rate: 1MB/s"),
	 {"write a capacity of 68KiB or more", "limits[1]: all holds at xdp"}},
	{AT("[tc-egress]", "name: a, unit: bytes, capacity: 68KiB, rate: 1MB/s"), {NULL}},
	{"interfaces: [{name: lo, xdp_mode: generic}]\n"
	 "limits: [{name: a, match: {destination_port: 80}, per: everyone, capacity: 63, rate: 10/s}]",
	 {"limits[0].capacity: at xdp in generic mode up to 64 KiB of TCP are one packet"}},
	{"interfaces: [{name: lo, xdp_mode: generic}]\n"
	 "limits: [{name: a, match: {destination_port: 80}, per: everyone, capacity: 64, rate: 10/s}]",
	 {NULL}},
	{"interfaces: [{name: lo, xdp_mode: native}]\n"
	 "limits: [{name: a, match: {destination_port: 80}, per: everyone, capacity: 63, rate: 10/s}]",
	 {NULL}},
	{AT("[tc-egress]", "name: a, capacity: 10, rate: 10/s, on_exceed: delay"), {NULL}},
	{AT("[tc-egress]", "name: a, capacity: 10, rate: 10/s, on_exceed: mark, mark: {dscp: 1}"),
	 {NULL}},
	{AT("[tc-egress]", "name: a, capacity: 10, rate: 10/s, match: {protocol: udp}"), {NULL}},
	{AT("[tc-egress]", "name: a, capacity: 10, rate: 10/s, match: {tcp_flags: syn}"), {NULL}},
	{AT("[tc-ingress]", "name: a, capacity: 10, rate: 10/s, unit: connections"), {NULL}},
	{AT("[xdp, tc-egress]", "name: a, capacity: 10, rate: 10/s, match: {hook: xdp}"), {NULL}},
	{TWO("capacity: 10, rate: 10/s, shadow: true", "capacity: 20, rate: 20/s"), {NULL}},
	{TWO("capacity: 10, rate: 10/s", "capacity: 20, rate: 20/s, shadow: true"),
	 {"limits[1]: b can never"}},
	{TWO("capacity: 10, rate: 10/s, on_exceed: mark, mark: {dscp: 1}",
	     "capacity: 20, rate: 20/s"),
	 {NULL}},
	{TWO("capacity: 10, rate: 10/s, on_exceed: reject", "capacity: 20, rate: 20/s"),
	 {"limits[1]: b can never"}},
	{TWO("capacity: 10, rate: 10/s",
	     "capacity: 20, rate: 20/s, mark_above: 5, mark: {dscp: 1}"),
	 {NULL}},
	{HEAD "  - {name: a, capacity: 10, rate: 10/s, shadow: true}\n",
	 {"all limits are shadow limits: everything is counted and nothing is limited"}},
	{HEAD "  - {name: a, capacity: 10, rate: 10/s}\n"
	      "  - {name: b, per: everyone, capacity: 10, rate: 1/s, shadow: true}\n",
	 {"no limit bounds everyone"}},
	{HEAD "  - {name: a, capacity: 10, rate: 10/s}\n"
	      "  - {name: b, per: everyone, capacity: 10, rate: 1/s, on_exceed: mark, mark: {dscp: "
	      "1}}\n",
	 {"no limit bounds everyone"}},
	{AT("[tc-egress]", "name: a, capacity: 10, rate: 1/m, on_exceed: delay"),
	 {"limits[0].max_delay: most packets that exceed would have to wait longer than 2s, since "
	  "tokens for one take 1m to come"}},
	{AT("[tc-egress]",
	    "name: a, capacity: 10, refill_amount: 9, refill_interval: 3s, on_exceed: "
	    "delay"),
	 {"tokens for one take 3s to come"}},
	{AT("[tc-egress]",
	    "name: a, capacity: 10, refill_amount: 9, refill_interval: 2s, on_exceed: "
	    "delay"),
	 {NULL}},
	{AT("[tc-egress]", "name: a, unit: bytes, capacity: 9000, rate: 100B/s, on_exceed: delay, "
			   "max_delay: 10s"),
	 {"tokens for one take 15140ms to come"}},
	{AT("[tc-egress]", "name: a, capacity: 10, rate: 50/s, on_exceed: delay"), {NULL}},
	{AT("[tc-egress]", "name: a, capacity: 10, rate: 51/s, on_exceed: delay"),
	 {"limits[0].max_delay: up to 102 packets of one flow wait, of which fq drops those beyond "
	  "100 unless told otherwise; run tc qdisc replace dev lo root fq flow_limit 103"}},
	{AT("[tc-egress], manage_qdisc: true",
	    "name: a, capacity: 10, rate: 1000/s, on_exceed: delay"),
	 {NULL}},
	{ONE("capacity: 10, rate: 1/s, backoff: {max: 1s}"),
	 {"limits[0].backoff: a bucket is closed for 1s at most, and is without tokens for 1s"}},
	{ONE("capacity: 10, rate: 1/s, backoff: {max: 1001ms}"), {NULL}},
	{HEAD "  - {name: a, per: everyone, capacity: 10, rate: 1/s, backoff: {}}\n",
	 {"limits[0].backoff: with per: everyone one sender who insists keeps the bucket closed"}},
	/* room in the table: 65,535 places, of which one limit beside `all` has half and can have
	   all */
	{ONE("capacity: 10, rate: 5/h, new_sources: {rate: 91/s, burst: 1}"), {NULL}},
	{ONE("capacity: 10, rate: 5/h, new_sources: {rate: 92/s, burst: 1}"),
	 {"limits[0].new_sources: in the 12m until one packet is refilled it lets in 66240 sources, "
	  "whose buckets cannot be taken out before, and a has room for 65535 in the table (32767 "
	  "of its own): spoofed sources can keep that taken, and new ones then share overflow "
	  "buckets; write a lower rate, or a larger table.size"}},
	{ONE("capacity: 10, rate: 5/h"), {NULL}}, /* nothing is said of how fast they come */
	{ONE("capacity: 10, refill_amount: 9, refill_interval: 1h, new_sources: {rate: 20/s, "
	     "burst: 1}"),
	 {"in the 1h until one packet is refilled it lets in 72000 sources"}},
	{ONE("unit: bytes, capacity: 9000, rate: 100B/s, new_sources: {rate: 5000/s, burst: 1}"),
	 {"in the 15140ms until one packet is refilled it lets in 75700 sources"}},
	{ONE("capacity: 10, rate: 10/s, backoff: {initial: 1m, max: 1h}, new_sources: {rate: 20/s, "
	     "burst: 1}"),
	 {"in the 1h of the longest penalty (backoff.max) it lets in 72000 sources"}},
	{ONE("capacity: 10, rate: 10/s, backoff: {initial: 1m, max: 1h}, new_sources: {rate: 20/s, "
	     "burst: 1}, shadow: true"),
	 {NULL}},
	{TWO("capacity: 10, rate: 5/h, match: {protocol: udp}, new_sources: {rate: 69/s, burst: 1}",
	     "capacity: 10, rate: 1/s"),
	 {"it lets in 49680 sources, whose buckets cannot be taken out before, and a has room for "
	  "49152 in the table (16383 of its own)"}},
	{"table: {size: 100000}\n" TWO(
		 "capacity: 10, rate: 5/h, match: {protocol: udp}, new_sources: {rate: 69/s, burst: 1}",
		 "capacity: 10, rate: 1/s"),
	 {NULL}},
	{TWO("capacity: 10, rate: 5/h, match: {protocol: udp}, table_share: 40%, "
	     "new_sources: {rate: 69/s, burst: 1}",
	     "capacity: 10, rate: 1/s"),
	 {NULL}},
	/* no part */
	{"table: {size: 4}\n" TWO("capacity: 10, rate: 1/s",
				  "match: {protocol: udp}, capacity: 9, rate: 9/s"),
	 {"limits[0]: a has no part of the table, so other limits can leave it without room; write "
	  "a larger table.reserve, table.size or table_share",
	  "limits[1]: b has no part"}},
	{TWO("capacity: 10, rate: 1/s, table_share: 50%",
	     "match: {protocol: udp}, capacity: 9, rate: 9/s"),
	 {"limits[1]: b has no part of the table"}},
	{TWO("capacity: 10, rate: 1/s, table_share: 0%",
	     "match: {protocol: udp}, capacity: 9, rate: 9/s"),
	 {NULL}},
	{"table: {reserve: 0}\n" TWO("capacity: 10, rate: 1/s",
				     "match: {protocol: udp}, capacity: 9, rate: 9/s"),
	 {NULL}},
	{"table: {size: 1}\n" HEAD "  - {name: a, capacity: 10, rate: 1/s}\n",
	 {"no limit bounds everyone"}},
	{ONE("capacity: 10, rate: 10/s, on_exceed: reject, match: {fragment: true}"),
	 {"limits[0].on_exceed: fragments are dropped without an answer"}},
};

#define CLUSTER(keys, limit)                                                                       \
	"interfaces: [{name: lo}]\n" ALLOW "cluster: {name: e, node: n, " keys "}\nlimits:\n"      \
	"  - {name: a, shared: true, " limit "}\n" EVERYONE
#define HERE  "redis: \"redis://localhost\""
#define THERE "redis: [\"redis://127.0.0.1\", \"redis://192.0.2.1\"]"

static const struct advice_case cluster_cases[] = {
	{CLUSTER(HERE, "capacity: 100, rate: 1000/s"), {NULL}},
	{CLUSTER(HERE ", nodes_expected: 3", "capacity: 100, rate: 1000/s"), {NULL}},
	/* 110 + 100 + 1.5 each */
	{CLUSTER(HERE ", nodes_expected: 3", "capacity: 100, rate: 10/s"), {NULL}},
	{CLUSTER(HERE ", nodes_expected: 4", "capacity: 100, rate: 10/s"),
	 {"limits[0].capacity: in the worst second 4 nodes together admit 414 where one admits 110, "
	  "mostly because each has a bucket of 100; write a smaller capacity"}},
	{CLUSTER(HERE ", nodes_expected: 4",
		 "capacity: 20, refill_amount: 10, refill_interval: 1s"),
	 {"4 nodes together admit 120 where one admits 30"}},
	/* a smaller bucket would not help */
	{CLUSTER(HERE ", nodes_expected: 100", "capacity: 100, rate: 1000/s"), {NULL}},
	/* the interval */
	{CLUSTER(HERE, "capacity: 50, rate: 1000/s"), {NULL}},
	{CLUSTER(HERE, "capacity: 49, rate: 1000/s"),
	 {"limits[0].capacity: the nodes hear of each other every 50ms, and the rate refills more "
	  "than this bucket holds in that time; write a shorter interval for the cluster, or a"}},
	/* who listens */
	{CLUSTER(HERE ", password_file: p", "capacity: 100, rate: 1000/s"), {NULL}},
	{CLUSTER(THERE, "capacity: 100, rate: 1000/s"), {NULL}},
	{CLUSTER(THERE ", password_file: p", "capacity: 100, rate: 1000/s"),
	 {"cluster.redis: the password goes to 192.0.2.1 unencrypted"}},
	{CLUSTER("redis: [\"rediss://192.0.2.1\", \"unix:/a\", \"redis://[::1]\"], password_file: p",
		 "capacity: 100, rate: 1000/s"),
	 {NULL}},
	/* what is never reached */
	{CLUSTER(HERE,
		 "capacity: 10, rate: 10/s, per: everyone}\n  - {name: b, capacity: 20, rate: "
		 "20/s, shared: true"),
	 {"limits[1]: b can never be reached, because a", "limits[2]: all can"}},
	{CLUSTER(HERE,
		 "capacity: 10, rate: 10/s, per: everyone}\n  - {name: b, capacity: 20, rate: "
		 "20/s"),
	 {"limits[1]: b can never be reached, because a", "limits[2]: all can"}},
	{CLUSTER(HERE,
		 "capacity: 10, rate: 10/s, per: everyone, on_store_loss: open}\n  - {name: b, "
		 "capacity: 20, rate: 20/s, shared: true"),
	 {NULL}},
	{CLUSTER(HERE,
		 "capacity: 20, rate: 20/s}\n  - {name: b, per: everyone, capacity: 10, rate: "
		 "10/s"),
	 {"limits[2]: all can never be reached, because b"}},
};

/* Beside a bound for all that nothing of SSH meets. */
#define BARE(hooks, keys)                                                                          \
	"interfaces: [{name: lo, hooks: " hooks "}]\nlimits:\n  - {name: a, " keys "}\n"           \
	"  - {name: udp, match: {protocol: udp}, per: everyone, unit: bytes, capacity: 1MB, rate: 1MB/s}\n"
#define SHARED_BY_ALL(keys) BARE("[xdp]", "per: everyone, capacity: 100, rate: 100/s, " keys)
#define SLOW(keys)	    BARE("[xdp]", "capacity: 39, rate: 1/s, " keys)
#define SHUTS_OUT                                                                                  \
	{                                                                                          \
		"limits[0]: a holds for SSH (TCP port 22), and a flood"                            \
	}
#define TOO_SMALL                                                                                  \
	{                                                                                          \
		"limits[0]: a holds for SSH (TCP port 22), and gives a source less"                \
	}

static const struct advice_case lockout_cases[] = {
	{SHARED_BY_ALL(""),
	 {"limits[0]: a holds for SSH (TCP port 22), and a flood that exhausts it shuts you out as "
	  "well; write allow: [your own network], or match: {not: {destination_port: 22}}"}},
	{ALLOW SHARED_BY_ALL(""), {NULL}},
	{SHARED_BY_ALL("shadow: true"), {NULL}},
	{SHARED_BY_ALL("on_exceed: reject"), SHUTS_OUT},
	{SHARED_BY_ALL("on_exceed: mark, mark: {dscp: 1}"), {NULL}},
	{SHARED_BY_ALL("on_exceed: mark, mark: {ecn: true}"), SHUTS_OUT},
	{SHARED_BY_ALL("on_exceed: mark, mark: {dscp: 1, ecn: true, not_ecn: drop}"), SHUTS_OUT},
	{SHARED_BY_ALL("on_exceed: mark, mark: {dscp: 1, ecn: true}"), {NULL}},
	{SHARED_BY_ALL("unit: connections"), SHUTS_OUT},
	/* one bucket without being called so */
	{BARE("[xdp]", "prefix: {ipv4: 0}, capacity: 100, rate: 100/s"), SHUTS_OUT},
	{BARE("[xdp]", "prefix: {ipv6: 0}, capacity: 100, rate: 100/s"), SHUTS_OUT},
	{BARE("[xdp]", "prefix: {ipv4: 1, ipv6: 1}, capacity: 100, rate: 100/s"), {NULL}},
	{BARE("[xdp]", "per: destination, prefix: {ipv4: 0}, capacity: 100, rate: 100/s"),
	 SHUTS_OUT},
	{TWO("per: everyone, capacity: 10, rate: 10/s",
	     "per: everyone, match: {protocol: not_ip}, capacity: 20, rate: 20/s"),
	 {"limits[2]: all can never"}},
	/* what matches */
	{SHARED_BY_ALL("match: {protocol: [udp, tcp]}"), SHUTS_OUT},
	{SHARED_BY_ALL("match: {not: {protocol: tcp}}"), {NULL}},
	{SHARED_BY_ALL("match: {not: {destination_port: 22}}"), {NULL}},
	{SHARED_BY_ALL("match: {destination_port: 20-22}"), SHUTS_OUT},
	{SHARED_BY_ALL("match: {destination_port: 23-65535}"), {NULL}},
	{SHARED_BY_ALL("match: {not: {destination_port: 80}}"), SHUTS_OUT},
	{SHARED_BY_ALL("match: {source_port: [22, 53]}"), {NULL}},
	{SHARED_BY_ALL("match: {source_port: 1024-65535}"), SHUTS_OUT},
	{SHARED_BY_ALL("match: {tcp_flags: syn}"), SHUTS_OUT},
	{SHARED_BY_ALL("match: {tcp_flags: {set: [ack]}}"), SHUTS_OUT},
	{SHARED_BY_ALL("match: {tcp_flags: {set: [rst]}}"), {NULL}},
	{SHARED_BY_ALL("match: {icmp_type: 8}"), {NULL}},
	{SHARED_BY_ALL("match: {not: {icmp_type: 8}}"), SHUTS_OUT},
	{SHARED_BY_ALL("match: {fragment: true}"), {NULL}},
	{SHARED_BY_ALL("match: {fragment: false}"), SHUTS_OUT},
	{SHARED_BY_ALL("match: {source: {not: 192.0.2.0/28}}"), {NULL}},
	{SHARED_BY_ALL("match: {destination: 198.51.100.7}"), {NULL}},
	{SHARED_BY_ALL("match: {source: 0.0.0.0/0}"), SHUTS_OUT},
	{SHARED_BY_ALL("match: {source: [\"::/0\", 0.0.0.0/0], destination: 0.0.0.0/0}"),
	 SHUTS_OUT},
	{SHARED_BY_ALL("match: {source: 0.0.0.0/1}"), {NULL}},
	{SHARED_BY_ALL("match: {source: 0.0.0.0/0, not: {source: 192.0.2.0/28}}"), {NULL}},
	{SHARED_BY_ALL("match: {length: 1501-65535}"), {NULL}},
	{SHARED_BY_ALL("match: {length: 0-39}"), {NULL}},
	{SHARED_BY_ALL("match: {length: 1500-65535}"), SHUTS_OUT},
	{SHARED_BY_ALL("match: {length: 0-40}"), SHUTS_OUT},
	/* each source for itself: 99 packets in the first minute, or 15,999 bytes */
	{SLOW(""),
	 {"limits[0]: a holds for SSH (TCP port 22), and gives a source less than a login and a "
	  "minute of typing need, about 100 packets; write allow: [your own network], or match: "
	  "{not: {destination_port: 22}}"}},
	{ALLOW SLOW(""), {NULL}},
	{SLOW("shadow: true"), {NULL}},
	{SLOW("unit: connections"), {NULL}},
	{SLOW("match: {tcp_flags: syn}"), {NULL}},
	{SLOW("match: {protocol: udp}"), {NULL}},
	{SLOW("per: destination"), {NULL}},
	{SLOW("match: {length: 201-65535}"), {NULL}},
	{SLOW("match: {length: 200-65535}"), TOO_SMALL},
	{BARE("[xdp]", "capacity: 40, rate: 1/s"), {NULL}},
	{BARE("[xdp]", "capacity: 89, refill_amount: 10, refill_interval: 1m"), TOO_SMALL},
	{BARE("[xdp]", "capacity: 90, refill_amount: 10, refill_interval: 1m"), {NULL}},
	{BARE("[xdp]", "capacity: 90, refill_amount: 9, refill_interval: 40s"), TOO_SMALL},
	{BARE("[xdp]", "capacity: 49, refill_amount: 1000, refill_interval: 1m"), TOO_SMALL},
	{BARE("[xdp]", "capacity: 50, refill_amount: 1000, refill_interval: 1m"), {NULL}},
	{BARE("[xdp]", "capacity: 99, refill_amount: 99, refill_interval: 61s"), TOO_SMALL},
	{BARE("[xdp]", "unit: bytes, capacity: 9999, rate: 100B/s"),
	 {"and a minute of typing need, about 16kB; write"}},
	{BARE("[xdp]", "unit: bytes, capacity: 10kB, rate: 100B/s"), {NULL}},
};

/* Of a limit that names the port nobody wants to be told to exclude it. */
static const char *const remedies[][2] = {
	{SHARED_BY_ALL("match: {destination_port: 22}"), ""},
	{SHARED_BY_ALL("shadow: false"), ", or match: {not: {destination_port: 22}}"},
	{SHARED_BY_ALL("match: {protocol: tcp}"),
	 ", or add not: {destination_port: 22} to its match"},
	{SHARED_BY_ALL("match: {hook: xdp}"), ", or add not: {destination_port: 22} to its match"},
	{SHARED_BY_ALL("match: {fragment: false}"),
	 ", or add not: {destination_port: 22} to its match"},
};

TEST(test_remedies)
{
	static const char allow[] = "; write allow: [your own network]";
	size_t i;

	for (i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++) {
		struct tg_diagnostics diagnostics = {0};
		struct tg_config *config = NULL;
		const char *text = remedies[i][0], *remedy;

		CHECK(tg_config_parse("t.yaml", text, strlen(text), &config, &diagnostics) == 0);
		tg_lint(config, &diagnostics);
		remedy = diagnostics.n ? strstr(diagnostics.items[0].message, allow) : NULL;
		CHECK(remedy && strcmp(remedy + strlen(allow), remedies[i][1]) == 0, "%s: %s", text,
		      remedy ? remedy : "no remedy");
		tg_diagnostics_clear(&diagnostics);
		tg_config_free(&config);
	}
}

static void check_advice(const struct advice_case *c)
{
	struct tg_diagnostics diagnostics = {0};
	struct tg_config *config = NULL;
	size_t n;

	CHECK(tg_config_parse("t.yaml", c->text, strlen(c->text), &config, &diagnostics) == 0, "%s",
	      c->text);
	if (!config)
		return;
	tg_diagnostics_clear(&diagnostics);
	tg_lint(config, &diagnostics);
	for (n = 0; c->wanted[n]; n++)
		CHECK(n < diagnostics.n && strstr(diagnostics.items[n].message, c->wanted[n]),
		      "want %s, got %s, for %s", c->wanted[n],
		      n < diagnostics.n ? diagnostics.items[n].message : "nothing", c->text);
	CHECK(diagnostics.n == n, "%zu warnings, want %zu: %s: %s", diagnostics.n, n, c->text,
	      diagnostics.n ? diagnostics.items[0].message : "");
	CHECK(diagnostics.errors == 0);
	tg_diagnostics_clear(&diagnostics);
	tg_config_free(&config);
}

TEST(test_advice)
{
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_advice(&cases[i]);
	for (i = 0; i < sizeof(cluster_cases) / sizeof(cluster_cases[0]); i++)
		check_advice(&cluster_cases[i]);
	for (i = 0; i < sizeof(lockout_cases) / sizeof(lockout_cases[0]); i++)
		check_advice(&lockout_cases[i]);
}

TEST_MAIN(RUN(test_advice), RUN(test_remedies))

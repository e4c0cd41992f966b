/* SPDX-License-Identifier: GPL-2.0-or-later */
/* As config_cases.h, about hooks and about what happens to packets that exceed a limit. */
#ifndef TG_ACTION_CASES_H
#define TG_ACTION_CASES_H

#include "unit/config/config_cases.h"

/* Limits of an interface with these hooks; keys of the limit begin at column 22 of line 2. */
#define AT(hooks, keys)                                                                            \
	"interfaces: [{name: lo, hooks: [" hooks "]}]\nlimits: [{name: a,   " keys BUCKET "}]\n"
#define DELAY  "on_exceed: delay"
#define MARK   "on_exceed: mark"
#define REJECT "on_exceed: reject"

static const struct config_case invalid_action_cases[] = {
	/* hooks */
	{"interfaces: [{name: lo, hooks: [xdp, xdp]}]\n", {"1:38: xdp is given twice"}},
	{"interfaces: [{name: lo, hooks: tc-egress, xdp_mode: auto}]\n",
	 {"1:43: xdp_mode has no meaning without the hook xdp; leave it out"}},
	{"interfaces: [{name: lo, hooks: [xdp, tc-ingress], manage_qdisc: true}]\n",
	 {"1:51: manage_qdisc has no meaning without the hook tc-egress"}},
	{"interfaces: [{name: lo, hooks: tc-egress, manage_qdisc: yes}]\n",
	 {"1:57: write true or false"}},
	{"interfaces: [{name: lo, hoks: 1, hooks: tc-ingress, manage_qdisc: true}]\n",
	 {"1:25: did you mean \"hooks\"?", "1:53: without the hook tc-egress"}},
	{AT("xdp", "match: {hook: egress}"), {"2:36: write xdp or tc-ingress or tc-egress"}},
	{AT("xdp", "match: {hook: []}"), {"2:36: empty"}},
	{AT("xdp", "match: {hook: [xdp, xdp]}"), {"2:42: xdp is given twice"}},
	{AT("xdp", "match: {hook: tc-egress}"),
	 {"2:36: no interface has such a hook, so the limit would never hold; name it in hooks:"}},
	{AT("xdp", "match: {hook: {not: xdp}}"), {"2:36: no interface has such a hook"}},
	{AT("xdp", "match: {not: {hook: xdp}}"), {"2:10: no interface has such a hook"}},
	{AT("xdp", "match: {hook: [xdp, {not: xdp}]}"),
	 {"2:36: nothing is left of hook: what it names is also under \"not\""}},
	{AT("xdp", "match: {not: {hook: [xdp, tc-ingress, tc-egress]}}"),
	 {"2:29: nothing is left of hook"}},
	{AT("xpd", DELAY), {"1:33: write xdp"}}, /* whether it may delay cannot be known */
	{AT("xdp", "match: {hook: xpd}, " DELAY), {"2:36: write xdp"}},
	/* on_exceed */
	{AT("xdp", "on_exceed: explode"), {"2:33: write drop or mark or delay or reject"}},
	{AT("xdp", "on_exceed: explode, mark: {dscp: 1}, max_delay: 1s"), {"2:33: write drop"}},
	{AT("xdp", "on_exceed: [drop]"), {"2:33: one value"}},
	{AT("xdp", DELAY),
	 {"2:33: delay is possible only at tc-egress, and interfaces[0] (lo) has xdp; write hooks: "
	  "[tc-egress] there, or match: {hook: tc-egress} in this limit; what comes in can wait at "
	  "tc-egress of an ifb device"}},
	{AT("tc-egress, tc-ingress", DELAY), {"2:33: interfaces[0] (lo) has tc-ingress; write"}},
	{AT("tc-egress, xdp", DELAY ", match: {hook: xdp}"), {"2:33: delay is possible only at"}},
	{AT("tc-egress", REJECT),
	 {"2:33: reject is possible only at xdp and tc-ingress, where there is somebody to answer, "
	  "and interfaces[0] (lo) has tc-egress; write hooks: [xdp] there, or match: {hook: [xdp, "
	  "tc-ingress]} in this limit"}},
	{"interfaces: [{name: lo}, {name: eth1, hooks: tc-egress}]\n"
	 "limits: [{name: a,   " REJECT BUCKET "}]\n",
	 {"2:33: interfaces[1] (eth1) has tc-egress"}},
	/* mark */
	{AT("xdp", MARK), {"2:33: which mark? write for example mark: {dscp: cs1} beside it"}},
	{AT("xdp", MARK ", mark: cs1"),
	 {"2:45: must be a mapping (key: value); its keys are dscp"}},
	{AT("xdp", MARK ", mark: {}"), {"2:45: no mark is named; write at least one"}},
	{AT("xdp", MARK ", mark: {ecn: false}"), {"2:45: no mark is named"}},
	{AT("xdp", MARK ", mark: {dcsp: cs1}"),
	 {"2:46: unknown key \"dcsp\"; the keys here are dscp, ecn, not_ecn, fwmark, priority"}},
	{AT("xdp", MARK ", mark: {dscp: cs9}"),
	 {"2:52: \"cs9\" is no DSCP; write 0 to 63, or a name: cs0 to cs7, af11 to af43, ef, va, le "
	  "or default"}},
	{AT("xdp", MARK ", mark: {dscp: 64}"), {"2:52: \"64\" is no DSCP"}},
	{AT("xdp", MARK ", mark: {dscp: cs1, ecn: maybe}"), {"2:62: write true or false"}},
	{AT("xdp", MARK ", mark: {dscp: cs1, not_ecn: drop}"),
	 {"2:57: not_ecn has no meaning without ecn: true; leave it out"}},
	{AT("xdp", MARK ", mark: {ecn: true, not_ecn: kill}"), {"2:66: write pass or drop"}},
	{AT("tc-egress", MARK ", mark: {fwmark: x}"),
	 {"2:54: \"x\" is not a number from 0 to 4294967295 or 0xffffffff"}},
	{AT("tc-egress", MARK ", mark: {fwmark: 4294967296}"), {"2:54: not a number from 0 to"}},
	{AT("tc-egress", MARK ", mark: {fwmark: 1:10}"), {"2:54: not a number from 0 to"}},
	{AT("tc-egress", MARK ", mark: {priority: 1-10}"),
	 {"2:56: not a number from 0 to 4294967295 or 0xffffffff, nor a class such as 1:10"}},
	{AT("tc-egress", MARK ", mark: {priority: 10000:1}"), {"2:56: nor a class"}},
	{AT("xdp", MARK ", mark: {fwmark: 1, priority: 7}"),
	 {"2:54: fwmark is possible only at tc-ingress and tc-egress, and interfaces[0] (lo) has "
	  "xdp; write hooks: [tc-ingress] there, or match: {hook: [tc-ingress, tc-egress]} in this",
	  "2:67: priority is possible only at tc-ingress and tc-egress"}},
	{AT("xdp", "mark: {dscp: 1}"),
	 {"2:22: mark has no meaning here; write on_exceed: mark, or mark_above to mark before the "
	  "bucket is empty"}},
	{AT("xdp", REJECT ", mark: {dscp: 1}"), {"2:41: mark has no meaning here"}},
	/* mark_above */
	{AT("xdp", "mark_above: 5"), {"2:22: which mark?"}},
	{AT("xdp", "mark_above: some, mark: {dscp: 1}"), {"2:34: not a number of packets"}},
	{AT("xdp", "mark_above: 10, mark: {dscp: 1}"),
	 {"2:34: mark_above of 10 is not below the capacity of 10, so that nothing would be marked"}},
	{AT("tc-egress", DELAY ", mark_above: 5, mark: {dscp: 1}"),
	 {"2:40: a limit that delays does not mark as well; write a limit for each"}},
	{LIMIT("unit: bits, mark_above: 5, mark: {dscp: 99}" BUCKET),
	 {"2:28: write packets", "2:62: no DSCP"}},
	/* max_delay, reject */
	{AT("tc-egress", DELAY ", max_delay: 1"),
	 {"2:51: \"1\" is not a duration; write it as 1s"}},
	{AT("tc-egress", DELAY ", max_delay: 11s"),
	 {"2:51: write 1ms to 10s, which is as far ahead as the fq qdisc looks"}},
	{AT("tc-egress", DELAY ", max_delay: 999us"), {"2:51: out of range"}},
	{AT("tc-egress", "max_delay: 1s"),
	 {"2:22: max_delay has no meaning without on_exceed: delay"}},
	{AT("xdp", "reject: {dns: truncate}"), {"2:22: reject has no meaning without on_exceed"}},
	{AT("xdp", REJECT ", reject: {dns: nxdomain}"), {"2:55: write truncate or refused"}},
	{AT("xdp", REJECT ", reject: refused"), {"2:49: must be a mapping"}},
	/* backoff */
	{AT("xdp", "backoff: true"),
	 {"2:31: must be a mapping (key: value); its keys are initial"}},
	{AT("xdp", "backoff: {initial: 0ms}"), {"2:41: \"0ms\" is out of range; write 1ms to 1d"}},
	{AT("xdp", "backoff: {initial: soon}"), {"2:41: not a duration"}},
	{AT("xdp", "backoff: {max: 25h}"), {"2:37: write 1ms to 1d"}},
	{AT("xdp", "backoff: {factor: 0.5}"),
	 {"2:40: \"0.5\" is no factor; write 1 to 16, with at most three decimals, such as 2 or"}},
	{AT("xdp", "backoff: {factor: 17}"), {"2:40: no factor"}},
	{AT("xdp", "backoff: {factor: 1.5555}"), {"2:40: no factor"}},
	{AT("xdp", "backoff: {factor: 2.}"), {"2:40: no factor"}},
	{AT("xdp", "backoff: {factor: 1e1}"), {"2:40: no factor"}},
	{AT("xdp", "backoff: {initial: 3s}"),
	 {"2:31: initial is longer than max; write a longer max"}},
	{AT("xdp", "backoff: {initial: 1ms, factor: 1.1}"),
	 {"2:31: after 15 refusals the penalty has only reached 4ms, and max never"}},
	{AT("xdp", MARK ", mark: {dscp: 1}, backoff: {}"),
	 {"2:56: backoff has no meaning with on_exceed: mark, where nothing is refused"}},
	/* shadow */
	{AT("xdp", "shadow: no"), {"2:30: write true or false"}},
	/* all at once, beside others */
	{"interfaces: [{name: lo}]\nlimits:\n  - name: a\n    capacity: ten\n    rate: 1/s\n"
	 "    on_exceed: delay\n    reject: {}\n  - name: b\n    capacity: 5\n    rate: 1/s\n"
	 "    wibble: 1\n    on_exceed: mark\n    mark: {priority: 7}\n    max_delay: 1s\n",
	 {"4:15: \"ten\"", "6:16: delay is possible only at", "7:5: reject has no meaning",
	  "11:5: \"wibble\"", "13:22: priority is possible only", "14:5: max_delay has no"}},
};

static const struct config_case valid_action_cases[] = {
	{"interfaces: [{name: lo, hooks: [tc-egress, xdp, tc-ingress], manage_qdisc: true}]\n"
	 "deny: [10.0.0.0/8]\n",
	 {NULL}},
	{"interfaces: [{name: lo, hooks: tc-ingress, manage_qdisc: false}]\ndeny: [10.0.0.0/8]\n",
	 {NULL}},
	{AT("tc-egress", DELAY), {NULL}},
	{AT("tc-egress, xdp", DELAY ", max_delay: 10s, match: {hook: tc-egress}, backoff: {}"),
	 {NULL}},
	{AT("tc-egress, xdp", DELAY ", match: {not: {hook: xdp}}"), {NULL}},
	{AT("tc-egress, xdp", DELAY ", match: {hook: {not: xdp}}"), {NULL}},
	{AT("tc-ingress, xdp", REJECT ", reject: {dns: refused}, backoff: {factor: 1}"), {NULL}},
	{AT("tc-egress, xdp", REJECT ", match: {hook: xdp}"), {NULL}},
	{AT("xdp", MARK ", mark: {dscp: 63, ecn: true, not_ecn: pass}, mark_above: 9"), {NULL}},
	{AT("tc-ingress", MARK ", mark: {fwmark: 0xffffffff, priority: ffff:10}"), {NULL}},
	{AT("xdp", "mark: {dscp: le}, mark_above: 1"), {NULL}},
	{AT("xdp", "backoff: {initial: 1s, factor: 2.125, max: 20h}, shadow: true"), {NULL}},
};

#endif

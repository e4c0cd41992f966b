# SPDX-License-Identifier: GPL-2.0-or-later
"""Configurations: a part that all have, by which the limits are checked, and one that changes at random."""
import random

# The limits that are checked. None of them is ever changed, nor does any other limit refuse their packets, nor do they hold for others:
# later fragments have no port, and would be counted by all of them.
STEADY = {"capacity": 30, "amount": 10, "interval": 1}  # tokens, tokens, s; at three hooks, by port
PORTS = {"steady": 5001, "steady-tc": 5002, "steady-out": 5003, "gentle": 5004, "together": 5005, "marker": 5999}
GENTLE = {"capacity": 100, "rate": 50}
TOGETHER = {"capacity": 50, "rate": 150}
FLOOD_PORT = 5100
NODES = 3

BASE = """\
# node {node}, configuration {marker}
interfaces:
  - {{name: in, hooks: [xdp]}}
  - {{name: tc, hooks: [tc-ingress, tc-egress]}}
  - {{name: "e*"}}
  - {{name: "cv*", hooks: [xdp, tc-egress]}}
{interfaces}on_stop: {on_stop}
cluster:
  name: soak
  node: node-{node}
  redis: "unix:{redis}"
  frame_key_file: {key}
  nodes_expected: 3
{lists}limits:
  - {{name: steady, match: {{hook: xdp, protocol: udp, destination_port: 5001, fragment: false}}, per: source, capacity: 30, refill_amount: 10, refill_interval: 1s}}
  - {{name: steady-tc, match: {{hook: tc-ingress, protocol: udp, destination_port: 5002, fragment: false}}, per: source, capacity: 30, refill_amount: 10, refill_interval: 1s}}
  - {{name: steady-out, match: {{hook: tc-egress, protocol: udp, destination_port: 5003, fragment: false}}, per: destination, capacity: 30, refill_amount: 10, refill_interval: 1s}}
  - {{name: gentle, match: {{hook: xdp, protocol: udp, destination_port: 5004, fragment: false}}, per: source, capacity: 100, rate: 50/s}}
  - {{name: together, match: {{hook: xdp, protocol: udp, destination_port: 5005, fragment: false}}, per: source, capacity: 50, rate: 150/s, shared: true}}
  - {{name: marker, match: {{protocol: udp, destination_port: 5999}}, capacity: {marker}, rate: 1000/s}}
  - {{name: key, per: key, capacity: 100000, rate: 1000/s}}
  - {{name: flood, match: {{hook: xdp, destination_port: 5100}}, per: source, capacity: {a}, rate: {b}/s{flood}}}
  - {{name: flood-all, match: {{hook: xdp, destination_port: 5100}}, per: everyone, capacity: {c}, rate: {c}/s}}
{limits}"""

FLOODS = [
    "", ", new_sources: {rate: 100/s, burst: 200}", ", on_exceed: reject", ", backoff: {initial: 100ms, factor: 2, max: 2s}",
    ", shadow: true", ", on_exceed: mark, mark: {dscp: cs1}", ", prefix: {ipv4: 24, ipv6: 48}",
]  # fmt: skip
LIMITS = [
    "  - {name: bytes, per: everyone, unit: bytes, capacity: 1GiB, rate: 10Gbit/s}\n",
    "  - {name: connections, match: {hook: xdp, protocol: tcp, destination_port: 5200}, unit: connections, capacity: 20, rate: 10/s, on_exceed: reject}\n",
    "  - {name: networks, match: {protocol: udp, destination_port: 5100}, prefix: {ipv4: 24, ipv6: 48}, capacity: 500, rate: 200/s}\n",
    "  - {name: pings, match: {protocol: [icmp, icmpv6], icmp_type: [8, 128]}, capacity: 10, rate: 5/s}\n",
    "  - {name: fragments, match: {fragment: true}, capacity: 10, rate: 5/s}\n",
    "  - {name: ports, match: {destination_port: 6000-6999}, per: [source, destination_port], capacity: 5, rate: 1/s}\n",
    "  - {name: listed, match: {source: some, destination_port: 5100}, per: everyone, capacity: 1000, rate: 100/s}\n",
    "  - {name: delayed, match: {hook: tc-egress, destination_port: 7000}, capacity: 10, rate: 10/s, mark_above: 5, mark: {ecn: true}}\n",
]
# What a reload refuses: each line stands in for the line of on_stop.
INVALID = [
    "on_stop: perhaps", "no_such_key: 1", "on_stop: [", "table: {size: 0}", "limits: []\nlimits: []", "on_stop: keep\n\ttab: 1",
    "allow: [no-such-set]", "deny: [10.0.0.1/8]", "on_stop: &a keep", "deny: [{file: missing.txt}]", "on_stop: keep\n---\n", "table: {size: 1M}",
]  # fmt: skip


def text(rng, node, marker, paths, huge=None):
    """Of a valid configuration. PATHS: `redis` and `key`; HUGE: a file of prefixes."""
    limits = [each for each in LIMITS if rng.random() < 0.4]
    lists = ["192.0.2.0/24", '"2001:db8:bad::/48"'] + [f"203.0.113.{n}" for n in rng.sample(range(256), rng.randrange(1, 20))]
    if huge:
        lists.append(f"{{file: {huge}}}")
    return BASE.format(
        node=node, marker=marker, redis=paths["redis"], key=paths["key"], on_stop="keep",
        interfaces="".join(f"  - {{name: x{n}, xdp_mode: generic}}\n" for n in range(4) if rng.random() < 0.5),
        lists=f"sets:\n  some: [198.51.100.0/24, 10.77.128.0/20]\ndeny: [{', '.join(lists)}]\n",
        a=rng.randrange(1, 50), b=rng.randrange(1, 50), c=rng.randrange(200, 2000), flood=rng.choice(FLOODS), limits="".join(limits),
    )  # fmt: skip


def invalid(rng, valid):
    return valid.replace("on_stop: keep", rng.choice(INVALID), 1)


def prefixes(rng, n):
    """Of 11.0.0.0/8 and fd99::/16, which no packet here is from."""
    for _ in range(n):
        if rng.random() < 0.8:
            yield f"11.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(256)}"
        else:
            yield f"fd99:{rng.randrange(65536):x}:{rng.randrange(65536):x}::/48"


def rng_of(seed, role):
    """Each thread has one of its own, so that a seed gives each the same sequence whatever the others do meanwhile."""
    return random.Random(f"{seed}/{role}")

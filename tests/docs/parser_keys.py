# SPDX-License-Identifier: GPL-2.0-or-later
"""What the program takes, by its own word: what it says about a key and a value that nobody knows."""
import json
import re

STRANGE = "qqqqqqqqqqqq" # resembles no key, or it would be taken for a misspelt one

HEAD = "interfaces: [{name: eth0}]\n"
LIMIT = HEAD + "limits: [{name: a, capacity: 1, rate: 1/s, %s}]\n"
KEY = STRANGE + ": 1"

# Where keys can stand -> a file with a strange one there.
MAPPINGS = {
    "": HEAD + KEY,
    "interfaces[]": "interfaces: [{name: eth0, %s}]" % KEY,
    "sets.NAME[]": HEAD + "sets: {a: [{%s}]}" % KEY,
    "table": HEAD + "table: {%s}" % KEY,
    "cluster": HEAD + "cluster: {name: e, redis: 'redis://h', %s}" % KEY,
    "limits[]": LIMIT % KEY,
    "limits[].match": LIMIT % ("match: {%s}" % KEY),
    "limits[].match.tcp_flags": LIMIT % ("match: {tcp_flags: {%s}}" % KEY),
    "limits[].prefix": LIMIT % ("prefix: {%s}" % KEY),
    "limits[].mark": LIMIT % ("mark: {%s}" % KEY),
    "limits[].reject": LIMIT % ("reject: {%s}" % KEY),
    "limits[].backoff": LIMIT % ("backoff: {%s}" % KEY),
    "limits[].new_sources": LIMIT % ("new_sources: {%s}" % KEY),
}

# Keys of which the value is one of a few words -> a file with a strange one.
CHOICES = {
    "interfaces[].hooks": "interfaces: [{name: eth0, hooks: %s}]" % STRANGE,
    "interfaces[].xdp_mode": "interfaces: [{name: eth0, xdp_mode: %s}]" % STRANGE,
    "interfaces[].manage_qdisc": "interfaces: [{name: eth0, manage_qdisc: %s}]" % STRANGE,
    "on_stop": HEAD + "on_stop: %s" % STRANGE,
    "limits[].per": LIMIT % ("per: %s" % STRANGE),
    "limits[].unit": LIMIT % ("unit: %s" % STRANGE),
    "limits[].on_exceed": LIMIT % ("on_exceed: %s" % STRANGE),
    "limits[].mark.ecn": LIMIT % ("mark: {ecn: %s}" % STRANGE),
    "limits[].mark.not_ecn": LIMIT % ("mark: {ecn: true, not_ecn: %s}" % STRANGE),
    "limits[].reject.dns": LIMIT % ("reject: {dns: %s}" % STRANGE),
    "limits[].shadow": LIMIT % ("shadow: %s" % STRANGE),
    "limits[].shared": LIMIT % ("shared: %s" % STRANGE),
    "limits[].on_store_loss": LIMIT % ("on_store_loss: %s" % STRANGE),
    "limits[].match.hook": LIMIT % ("match: {hook: %s}" % STRANGE),
    "limits[].match.fragment": LIMIT % ("match: {fragment: %s}" % STRANGE),
}

# Keys of which the value has a range -> a file with one far beyond it.
RANGES = {
    "table.size": HEAD + "table: {size: 99999999999}",
    "table.reserve": HEAD + "table: {reserve: 9}",
    "limits[].table_share": LIMIT % "table_share: 9",
    "cluster.interval": HEAD + "cluster: {name: e, node: n, redis: 'redis://h', interval: 999d}",
    "cluster.nodes_expected": HEAD + "cluster: {name: e, node: n, redis: 'redis://h', nodes_expected: 99999}",
    "cluster.max_sources": HEAD + "cluster: {name: e, node: n, redis: 'redis://h', max_sources: 99999}",
    "limits[].capacity": HEAD + "limits: [{name: a, capacity: 99999999999999999, rate: 1/s}]",
    "limits[].refill_interval": HEAD + "limits: [{name: a, capacity: 1, refill_amount: 1, refill_interval: 9999d}]",
    "limits[].prefix.ipv4": LIMIT % "prefix: {ipv4: 999}",
    "limits[].prefix.ipv6": LIMIT % "prefix: {ipv6: 999}",
    "limits[].match.length": LIMIT % "match: {length: 99999}",
    "limits[].match.icmp_type": LIMIT % "match: {icmp_type: 999}",
    "limits[].max_delay": LIMIT % "on_exceed: delay, max_delay: 999d",
    "limits[].mark.dscp": LIMIT % "on_exceed: mark, mark: {dscp: 99}",
    "limits[].backoff.initial": LIMIT % "backoff: {initial: 999d}",
    "limits[].backoff.factor": LIMIT % "backoff: {factor: 99}",
    "limits[].backoff.max": LIMIT % "backoff: {max: 999d}",
    "limits[].new_sources.burst": LIMIT % "new_sources: {rate: 1/s, burst: 99999999999999}",
}

# A file that leaves out what has a default.
DEFAULTS = """interfaces: [{name: eth0}, {name: eth1, hooks: tc-egress}]
cluster: {name: e, node: n, redis: 'redis://h'}
limits:
  - {name: a, capacity: 9, rate: 1/s, match: {hook: xdp}, backoff: {}, shared: true}
  - {name: b, capacity: 9, rate: 1/s, match: {hook: xdp}, on_exceed: reject}
  - {name: c, capacity: 9, rate: 1/s, match: {hook: tc-egress}, on_exceed: delay}
"""


def known_keys(workshop):
    """{"limits[].prefix": ["ipv4", "ipv6"], ...}"""
    keys = {}
    for where, text in MAPPINGS.items():
        said = workshop.check(text)[1]
        found = re.search(f'unknown key "{STRANGE}"; the keys here are (.*)$', said, re.M)
        assert found, f"{where}: {said}"
        keys[where] = found[1].split(", ")
    return keys


def known_choices(workshop):
    """{"on_stop": ["detach", "keep"], ...}"""
    choices = {}
    for where, text in CHOICES.items():
        said = workshop.check(text)[1]
        found = re.search(f'"{STRANGE}" is not known here; write (.*)$', said, re.M)
        assert found, f"{where}: {said}"
        choices[where] = found[1].split(" or ")
    return choices


def known_ranges(workshop):
    """{"cluster.interval": "10ms to 5s", ...}"""
    ranges = {}
    for where, text in RANGES.items():
        said = workshop.check(text)[1]
        place = re.escape(where.replace("[]", "[0]"))
        found = re.search(rf"error: {place}: .*?(\w+ to [0-9]\w*)", said)
        assert found, f"{where}: {said}"
        ranges[where] = found[1]
    return ranges


def known_defaults(workshop):
    """{"cluster.interval": 50, ...}, durations in milliseconds, as `check --json` has them."""
    said = json.loads(workshop.check(DEFAULTS, options=["--json"])[1].splitlines()[-1])
    first, rejecting, delaying = said["limits"]
    places = {"interfaces[]": said["interfaces"][0], "table": said["table"], "cluster": said["cluster"],
              "limits[]": first, "limits[].prefix": first["prefix"], "limits[].backoff": first["backoff"],
              "limits[].reject": rejecting["reject"]}
    defaults = {f"{where}.{key}": value for where, place in places.items() for key, value in place.items()}
    defaults |= {"limits[].shared": rejecting["shared"], "limits[].max_delay_ms": delaying["max_delay_ms"]}
    return {path.removesuffix("_ms"): value for path, value in defaults.items()}

# SPDX-License-Identifier: GPL-2.0-or-later
"""What the program takes, by its own word: what it says about a key and a value that nobody knows."""
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

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
make bench-compare OLD=file: what has changed since a saved build/bench.json, as ratios. Times are compared as what they are above
the run's own floor, or as times it, where a case has one: another machine, or a busier one, has another floor.
"""

import os
import statistics
import sys

import limiters
from results import Results
from stage import BUILD

NOTABLE = 1.1
BETTER_IF_MORE = ("DNS %", "new DNS %", "HTTP/s", "flood M/s", "admitted/allowed")


def value(results, key):
    """A row's figure, by its floor."""
    case, row, contestant, unit = key
    median = statistics.median(results.rounds[key])
    if unit != "ns/packet" or row == limiters.Floor.name or contestant == limiters.Floor.name:
        return median
    floor = results.median(case, row, limiters.Floor.name)
    if floor:
        return median - floor
    floor = results.median(case, limiters.Floor.name, contestant)
    return median / floor if floor else median


def compare(old, new):
    worse = 0
    print(f"{'':70} {'old':>10} {'new':>10} {'new/old':>8}")
    for key in new.rounds:
        if not old.rounds.get(key) or not new.rounds[key]:
            continue
        before, after = value(old, key), value(new, key)
        ratio = after / before if before > 0 else 1
        harm = 1 / ratio if key[3] in BETTER_IF_MORE and ratio > 0 else ratio
        mark = "  worse" if harm > NOTABLE else "  better" if harm < 1 / NOTABLE else ""
        ours = key[2].startswith("tidegate")
        worse += ours and harm > NOTABLE
        print(f"{' | '.join(key):70.70} {before:10.3f} {after:10.3f} {ratio:8.2f}{mark}")
    print(f"{worse} figures of tidegate's are worse by more than {NOTABLE - 1:.0%}")


if __name__ == "__main__":
    if len(sys.argv) != 2 or not os.path.exists(sys.argv[1]):
        sys.exit("usage: make bench-compare OLD=FILE, a build/bench.json saved before")
    if not os.path.exists(BUILD + "/bench.json"):
        sys.exit("bench-compare: no build/bench.json; run make bench first")
    compare(Results.read(sys.argv[1]), Results.read(BUILD + "/bench.json"))

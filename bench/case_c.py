# SPDX-License-Identifier: GPL-2.0-or-later
"""
c. Both CPUs at once on one source's bucket: what a packet costs each of them, beside one CPU alone, and whether they
admit exactly what one bucket allows.
"""

from contextlib import ExitStack

import limiters
from stage import Stage

NAME = "c"
TITLE = "one hot source on one CPU and on both at once, ns a packet on each"
COUNTS = "what a bucket of 10,000 admitted of both CPUs' packets"
CONTESTANTS = (limiters.Floor, limiters.Tidegate, limiters.NftIngress, limiters.NftPrerouting, limiters.Hashlimit)
CAPACITY = 10000
ROWS = {"one CPU": (1,), "both CPUs": (0, 1)}


def measure_cost(results, rounds):
    limit = limiters.Limit(rate=1, per="minute", burst=1, size=65536)
    with ExitStack() as stack:
        standing = []
        for contestant in CONTESTANTS:
            stage = stack.enter_context(Stage(queues=2))
            stack.enter_context(contestant(stage, limit))
            standing.append((contestant.name, stage))
        for _ in range(rounds):
            for name, stage in standing:
                for row, cpus in ROWS.items():
                    values = [flood["ns"] / flood["timed"] for flood in stage.flood_all(1, 1, cpus)]
                    results.add(NAME, row, name, "ns/packet", sum(values) / len(values))


def count_admitted(results, rounds):
    """In a second no whole token comes at 30 a minute: the burst is what is allowed."""
    for _ in range(rounds):
        for contestant in (limiters.Tidegate, limiters.NftIngress, limiters.Hashlimit):
            limit = limiters.Limit(rate=30, per="minute", burst=CAPACITY, size=65536)
            with Stage(queues=2) as stage, contestant(stage, limit):
                count = stage.count_passed()
                stage.flood_all(1, 1, (0, 1))
                results.add("c counts", "both CPUs", contestant.name, "admitted/allowed", count() / limit.burst)


def run(results, short):
    measure_cost(results, 2 if short else 5)
    count_admitted(results, 1 if short else 3)


def report(results):
    results.table(NAME, TITLE, floor=limiters.Floor.name)
    results.table("c counts", COUNTS)

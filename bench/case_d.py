# SPDX-License-Identifier: GPL-2.0-or-later
"""
d. How near what is admitted comes to what is allowed: tidegate from the slowest rates to the fastest on a virtual clock, and all limiters
under a real flood on a veth.
"""

import json
from contextlib import ExitStack

import limiters
from stage import BUILD, Stage, command

NAME, REAL = "d", "d real"
TITLE = "tidegate's admitted / allowed on a virtual clock, packets at twice the rate"
REAL_TITLE = "admitted / allowed of a flood from one source in real time"
CPU = 1
CONTESTANTS = (limiters.Tidegate, limiters.NftIngress, limiters.NftPrerouting, limiters.Hashlimit)
BURSTS = {100: 10, 1000: 100, 100000: 1000}  # by packets a second


def measure_virtual(results, packets):
    counts = json.loads(command(BUILD + "/bench/accuracy", str(packets)))
    for rate, count in counts.items():
        results.add(NAME, rate, "tidegate", "admitted/allowed", count["admitted"] / count["allowed"])


def measure_real(results, rounds, seconds):
    for rate, burst in BURSTS.items():
        limit = limiters.Limit(rate=rate, per="second", burst=burst, size=65536)
        for _ in range(rounds):
            for contestant in CONTESTANTS:
                # A stage for each: their buckets are to be full at the start.
                with ExitStack() as stack:
                    stage = stack.enter_context(Stage())
                    stack.enter_context(contestant(stage, limit))
                    count = stage.count_passed()
                    flood = stage.flood_all(1, seconds, (CPU,))[0]
                    allowed = burst + rate * flood["ns"] / 1e9 * flood["sent"] / flood["timed"]
                    results.add(REAL, f"{rate}/s", contestant.name, "admitted/allowed", count() / allowed)


def run(results, short):
    measure_virtual(results, 20000 if short else 100000)
    measure_real(results, 1 if short else 3, 1 if short else 3)


def report(results):
    results.list(NAME, TITLE)
    results.table(REAL, REAL_TITLE)

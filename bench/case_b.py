# SPDX-License-Identifier: GPL-2.0-or-later
"""
b. A flood on a veth, by number of sources: ns a packet, as fast as one core can make the packets and receive them. All
limiters refuse nearly everything: one packet a minute from each source is too much for each.
"""

from contextlib import ExitStack

import limiters
from stage import Stage

NAME = "b"
TITLE = "a flood on a veth, ns a packet for making, receiving and refusing it"
PACKETS = 100000  # of a round: many short ones, since a machine's speed may come and go
RECEIVES, REST = 1, 0  # CPUs: the flood and its reception; the daemons and all else
CONTESTANTS = (limiters.Floor, limiters.Tidegate, limiters.TidegateGated, limiters.NftDrop, limiters.NftIngress, limiters.NftPrerouting,
               limiters.Hashlimit)
# row: sources, table size; 0 sources: each packet has a new one
ROWS = {
    "1 source": (1, 65536),
    "1,000 sources": (1000, 65536),
    "50,000 sources": (50000, 65536),
    "1,000,000 sources": (1000000, 1250000),
    "every packet a new source": (0, 65536),
}
# The same sources, each packet's far from the last one's: no table has them side by side. The stride is prime to the number.
SCATTERED = {
    "50,000 sources, scattered": (50000, 65536, 30901),
    "1,000,000 sources, scattered": (1000000, 1250000, 618033),
}


def measure(row, results, rounds):
    """All contestants stand at once, each on a stage of its own, and are flooded in turn, each round beginning with another."""
    sources, size, stride = SCATTERED[row] if row in SCATTERED else (*ROWS[row], 1)
    limit = limiters.Limit(rate=1, per="minute", burst=1, size=size)
    with ExitStack() as stack:
        standing = []
        for contestant in CONTESTANTS:
            if sources and contestant is limiters.TidegateGated:
                continue  # of no effect on sources that are known
            stage = stack.enter_context(Stage())
            stack.enter_context(contestant(stage, limit, cpu=REST))
            standing.append((contestant.name, stage))
        # What the tables will hold is in them before time is taken.
        for _, stage in standing:
            stage.flood(sources, 0, max(10000, 2 * (sources or size)), RECEIVES)
        amount = max(PACKETS, sources)
        for turn in range(max(5, rounds * PACKETS // amount)):
            for name, stage in standing:
                ns = stage.flood(sources, 2 * size + turn * amount, amount, RECEIVES, stride)
                results.add(NAME, row, name, "ns/packet", ns)
            standing.append(standing.pop(0))


def run(results, short):
    """Set up anew three times, since where things come to lie in memory is worth some nanoseconds too."""
    for row in (*ROWS, *SCATTERED):
        for _ in range(1 if short else 3):
            measure(row, results, rounds=20 if short else 15)


def report(results):
    results.table(NAME, TITLE, floor=limiters.Floor.name)

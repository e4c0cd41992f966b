#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""buckets.py OUT: prints a script of random traffic for capture.py, and writes to OUT how buckets reckoned here fare with it.

The limits are those of test_simulate.sh: `stepped` (port 53, packets, /24 and /64: 7, then 3 every 700 ms) and `even` (bytes, /32 and
/64: 3,000, then 2 kB/s). A packet that either refuses costs the other nothing. OUT: SOURCE LIMIT REFUSED ADMITTED, if any was refused.
"""
import ipaddress
import random
import sys
from fractions import Fraction

EPOCH = 1_700_000_000 * 10**9  # ns; the steps are counted from midnight
DAY = 86400 * 10**9


class Stepped:
    def __init__(self):
        self.tokens, self.steps = 7, None

    def refill(self, now):
        steps = now // (700 * 10**6)
        if self.steps is not None:
            self.tokens = min(7, self.tokens + 3 * (steps - self.steps))
        self.steps = steps


class Even:
    def __init__(self):
        self.tokens, self.last = Fraction(3000), None

    def refill(self, now):
        if self.last is not None:
            self.tokens = min(Fraction(3000), self.tokens + Fraction(2 * (now - self.last), 10**6))
        self.last = now


def prefix(source, bits4):
    address = ipaddress.ip_address(source)
    return str(ipaddress.ip_network((address, bits4 if address.version == 4 else 64), strict=False))


def main():
    random.seed(20)
    buckets, counts = {}, {}
    sources = [f"198.51.{i // 4}.{i}" for i in range(40)] + [f"2001:db8:0:{i // 3}::{i + 1}" for i in range(20)]
    now = 0
    for _ in range(6000):
        now += random.randrange(1, 20_000_000)
        source, port = random.choice(sources), random.choice((53, 53, 53, 80))
        tags = random.randrange(3)
        length = random.choice((100, 200, 333, 600))
        print(now, 1, 0, "udp", source, port, length, tags)
        wanted = [("even", prefix(source, 32), Even, length)]
        if port == 53:
            wanted.insert(0, ("stepped", prefix(source, 24), Stepped, 1))
        charged = []
        for limit, key, make, cost in wanted:
            bucket = buckets.setdefault((limit, key), make())
            bucket.refill((EPOCH + now) % DAY + DAY)
            charged.append((limit, key, bucket, cost))
        refusing = next((i for i, (_, _, bucket, cost) in enumerate(charged) if bucket.tokens < cost), None)
        for i, (limit, key, bucket, cost) in enumerate(charged):
            count = counts.setdefault((key, limit), [0, 0])
            if refusing is None:
                bucket.tokens -= cost
                count[1] += 1
            elif i == refusing:
                count[0] += 1
    lines = [f"{key}\t{limit}\t{refused}\t{admitted}" for (key, limit), (refused, admitted) in counts.items() if refused]
    with open(sys.argv[1], "w", encoding="ascii") as out:
        out.write("".join(line + "\n" for line in sorted(lines)))


main()

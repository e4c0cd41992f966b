#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What nodes let through, from load's record of one source; times are seconds since the begin of the load.

    admitted.py RECORD BEGIN rate FROM TO [NODE]             packets a second
    admitted.py RECORD BEGIN kept RATE CAPACITY FROM TO [N]  of what one bucket would have let through of the packets that were
                                                             sent; N: one with an Nth on each node. So a sender that was
                                                             held up on a busy machine is not taken for a limit.
    admitted.py RECORD BEGIN excess RATE [FROM TO]           the most above RATE in any window, in packets
    admitted.py RECORD BEGIN worst FROM TO                   packets of the worst second
    admitted.py RECORD BEGIN lost [FROM TO]                  packets sent but not let through
    admitted.py RECORD BEGIN gap FROM TO                     the longest time without a packet let through, s; not what passed
                                                             without one sent
    admitted.py RECORD BEGIN seconds                         let through of sent in each second, by node

Several questions, with commas between them as words of their own, are answered in one line.
"""
import collections
import itertools
import sys


def read(path, begin):
    """(second, node) of packets sent and of those let through, in order of time."""
    sent, let_in = [], []
    with open(path, encoding="ascii") as record:
        for line in record:
            what, node, at = line.split()
            (let_in if what == "in" else sent).append(((float(at) - begin) / 1000, int(node)))
    return sent, let_in


def between(packets, first, last, node=None):
    return [p for p in packets
            if float(first) <= p[0] < float(last) and (node is None or p[1] == int(node))]


def rate(sent, let_in, first, last, node=None):
    return len(between(let_in, first, last, node)) / (float(last) - float(first))


def ideal(sent, per_second, capacity, first, last):
    tokens, before, n = capacity, None, 0
    for at, _ in sent:
        if before is not None:
            tokens = min(capacity, tokens + per_second * (at - before))
        before = at
        if tokens >= 1:
            tokens -= 1
            n += float(first) <= at < float(last)
    return n


def kept(sent, let_in, per_second, capacity, first, last, parts=None):
    if parts:
        parts = int(parts)
        allowed = sum(ideal([p for p in sent if p[1] == node], float(per_second) / parts, float(capacity) / parts, first, last)
                      for node in {p[1] for p in sent})
    else:
        allowed = ideal(sent, float(per_second), float(capacity), first, last)
    return len(between(let_in, first, last)) / max(1, allowed)


def excess(sent, let_in, allowed, first="-inf", last="inf"):
    """The largest of (packets in a window) - RATE * (its length), as a bucket's level."""
    level, before, most = 0.0, None, 0.0
    for at, _ in between(let_in, first, last):
        if before is not None:
            level = max(0.0, level - float(allowed) * (at - before))
        level, before = level + 1, at
        most = max(most, level)
    return most


def worst(sent, let_in, first, last):
    times = [p[0] for p in between(let_in, first, last)]
    most, oldest = 0, 0
    for i, at in enumerate(times):
        while times[oldest] <= at - 1:
            oldest += 1
        most = max(most, i - oldest + 1)
    return most


def gap(sent, let_in, first, last):
    most, waited, before = 0.0, 0.0, float(first)
    for at, is_in in sorted([(p[0], False) for p in between(sent, first, last)] + [(p[0], True) for p in between(let_in, first, last)]):
        waited, before = waited + min(at - before, 0.02), at
        most = max(most, waited)
        if is_in:
            waited = 0.0
    return most


def lost(sent, let_in, first="-inf", last="inf"):
    return len(between(sent, first, last)) - len(between(let_in, first, last))


def seconds(sent, let_in):
    counts = [collections.Counter((int(at), node) for at, node in packets) for packets in (let_in, sent)]
    for second in range(int(sent[-1][0]) + 1):
        nodes = [f"{counts[0][second, n]}/{counts[1][second, n]}" for n in range(1, 1 + max(p[1] for p in sent))]
        print("#", second, *nodes, "=", sum(counts[0][second, n] for n in range(1, 1 + len(nodes))))


def main():
    path, begin, *rest = sys.argv[1:]
    record, answers = read(path, float(begin)), []
    for _, question in itertools.groupby(rest, lambda word: word == ","):
        what, *words = question
        if what == "seconds":
            seconds(*record)
        elif what != ",":
            result = {"rate": rate, "kept": kept, "excess": excess, "worst": worst, "lost": lost, "gap": gap}[what](*record, *words)
            answers.append(str(result) if what in ("lost", "worst") else f"{result:.3f}")
    print(*answers)


if __name__ == "__main__":
    main()

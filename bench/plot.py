# SPDX-License-Identifier: GPL-2.0-or-later
"""The plot of case b: ns a packet above the floor by number of sources, both axes logarithmic. The same data, the same bytes."""

import math
import os
import sys
from xml.sax.saxutils import escape

import case_b
import limiters
from results import Results

WIDTH, HEIGHT = 860, 480
LEFT, RIGHT, TOP, BOTTOM = 70, 250, 50, 60
LEAST, MOST = 10, 2500  # ns
COLOURS = {"tidegate": "#0057b8", "tidegate, new_sources": "#0057b8", "nft ingress meter": "#d1495b",
           "nft prerouting meter": "#edae49", "xt_hashlimit": "#66a182", "nft ingress, drop without a meter": "#999999"}
# Every packet a new source stands beside the numbers, with no line to it.
PLACES = {row: sources or 3e7 for row, (sources, _) in case_b.ROWS.items()}
LABELS = {row: f"{sources:,}" if sources else "all new" for row, (sources, _) in case_b.ROWS.items()}


def x_of(sources):
    return LEFT + math.log10(sources) / math.log10(1e8) * (WIDTH - LEFT - RIGHT)


def y_of(ns):
    return TOP + math.log(MOST / ns) / math.log(MOST / LEAST) * (HEIGHT - TOP - BOTTOM)


def text(x, y, words, anchor="middle", size=13, colour="#222", extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}"{extra}>{escape(words)}</text>'


def axes():
    middle = (TOP + HEIGHT - BOTTOM) / 2
    yield text((LEFT + WIDTH - RIGHT) / 2, 26, "What refusing a packet costs above XDP_DROP, one core", size=16)
    yield text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, "sources in the flood")
    yield text(18, middle, "ns a packet", extra=f' transform="rotate(-90 18 {middle:.1f})"')
    for ns in (10, 20, 50, 100, 200, 500, 1000, 2000):
        yield f'<path d="M{LEFT} {y_of(ns):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>'
        yield text(LEFT - 8, y_of(ns) + 4, f"{ns:,}", "end", 12)
    for row, sources in PLACES.items():
        yield text(x_of(sources), HEIGHT - BOTTOM + 20, LABELS[row], size=12)


def series(results, contestant):
    """Places and heights of what was measured; what is not above the floor has no logarithm, and less than it shows is noise."""
    for row, sources in PLACES.items():
        ns, floor = results.median("b", row, contestant), results.median("b", row, limiters.Floor.name)
        if ns and ns - floor > LEAST:
            yield row, x_of(sources), y_of(ns - floor)


def draw(results):
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
           'font-family="sans-serif">')
    yield f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
    yield from axes()
    for n, (contestant, colour) in enumerate(COLOURS.items()):
        points = list(series(results, contestant))
        line = " ".join(f"{x:.1f},{y:.1f}" for row, x, y in points if case_b.ROWS[row][0])
        yield f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2.5"/>'
        hollow = contestant == limiters.TidegateGated.name
        for _, x, y in points:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" stroke="{colour}" stroke-width="2" fill="{"white" if hollow else colour}"/>'
        y = TOP + 14 + n * 24
        yield (f'<circle cx="{WIDTH - RIGHT + 22}" cy="{y - 4}" r="4.5" stroke="{colour}" stroke-width="2" '
               f'fill="{"white" if hollow else colour}"/>')
        yield text(WIDTH - RIGHT + 34, y, contestant, "start")
    yield "</svg>"


def plot(results, path):
    if not results.names("b", 1):
        return
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(draw(results)) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3 or not os.path.exists(sys.argv[1]):
        sys.exit("usage: plot.py BENCH.JSON OUT.SVG")
    plot(Results.read(sys.argv[1]), sys.argv[2])

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""markdown.py BENCH.JSON [SECTION]...: the tables of docs/performance.md."""

import json
import statistics
import sys

import limiters
from case_e import COLUMNS
from results import OURS, Results

FLOOR = limiters.Floor.name


def table(*rows):
    print("| " + " | ".join(map(str, rows[0])) + " |")
    print("|" + "---|" * len(rows[0]))
    for row in rows[1:]:
        print("| " + " | ".join(map(str, row)) + " |")
    print()


def number(value, digits=0):
    return "" if value is None else f"{value:,.{digits}f}"


def machine(path):
    with open(path, encoding="utf-8") as file:
        about = json.load(file)["machine"]
    mitigations = "; ".join(f"{name}: {text}" for name, text in about.pop("mitigations").items())
    table(("", ""), *((name.replace("_", " "), value) for name, value in about.items()), ("mitigations", mitigations))


def program_alone(results):
    floor = results.median("a", FLOOR, OURS)
    rows = [(row, results.median("a", row, OURS), min(results.rounds["a", row, OURS, "ns/packet"]))
            for row in results.names("a", 1)]
    table(("", "median ns", "min ns", "x XDP_DROP"),
          *((row, number(median, 1), number(least, 1), number(median / floor, 1)) for row, median, least in rows))


def above_floor(results, case):
    """Medians above the floor, and the cheapest limiter of others as times ours."""
    names = [name for name in results.names(case, 2) if name != FLOOR]
    rows = []
    for row in results.names(case, 1):
        floor = results.median(case, row, FLOOR)
        above = {name: results.median(case, row, name) for name in names}
        above = {name: value - floor for name, value in above.items() if value}
        cheapest = min(value for name, value in above.items() if not name.startswith(OURS) and name != limiters.NftDrop.name)
        ours = min(value for name, value in above.items() if name.startswith(OURS))
        rows.append((row, number(floor), *(number(above.get(name)) for name in names), f"1/{cheapest / ours:.1f}"))
    table(("", "XDP_DROP, all of it", *names, "tidegate / cheapest other"), *rows)


def by_contestant(results, case, digits):
    names = results.names(case, 2)
    table(("", *names), *((row, *(number(results.median(case, row, name), digits) for name in names))
                          for row in results.names(case, 1)))


def service(results):
    for row in results.names("e", 1):
        print(f"{row}:\n")
        table(("", *COLUMNS), *((name, *(number(statistics.median(values), 2) if values else "none" for values in (
            results.rounds.get(("e", row, name, column)) for column in COLUMNS))) for name in results.names("e", 2)))


def footprint(results):
    table(("", "", "median", "unit"), *((row, name, number(statistics.median(values), 1), unit) for (case, row, name, unit), values
                                        in results.rounds.items() if case == "f"))


SECTIONS = {
    "machine": lambda results: machine(sys.argv[1]),
    "a": program_alone,
    "b": lambda results: above_floor(results, "b"),
    "c": lambda results: above_floor(results, "c"),
    "c counts": lambda results: by_contestant(results, "c counts", 5),
    "d": lambda results: by_contestant(results, "d", 5),
    "d real": lambda results: by_contestant(results, "d real", 5),
    "e": service,
    "f": footprint,
}

if __name__ == "__main__":
    if len(sys.argv) < 2 or set(sys.argv[2:]) - set(SECTIONS):
        sys.exit(f"usage: markdown.py BENCH.JSON [{'|'.join(SECTIONS)}]...")
    for section in sys.argv[2:] or SECTIONS:
        SECTIONS[section](Results.read(sys.argv[1]))

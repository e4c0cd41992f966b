# SPDX-License-Identifier: GPL-2.0-or-later
"""a. What a packet costs in the program alone, by BPF_PROG_TEST_RUN, by what it meets there."""

import json

from stage import BUILD, command

NAME = "a"
TITLE = "the program alone (BPF_PROG_TEST_RUN), ns a packet"
CPU = 1


def run(results, short):
    rounds = "5" if short else "15"
    for what, values in json.loads(command(BUILD + "/bench/cost", rounds, cpu=CPU)).items():
        results.add(NAME, what, "tidegate", "ns/packet", *values)


def report(results):
    results.list(NAME, TITLE, floor="XDP_DROP")

# SPDX-License-Identifier: GPL-2.0-or-later
"""
g. Applications: what it costs to charge one of a thousand keys, from one thread. Redis has a CPU of its own, or a call would take
two changes of process more.
"""

import json
import os
import subprocess
import tempfile
import time

import limiters
from stage import BUILD, Stage, command

NAME = "g"
TITLE = "an application charges a key, ns a call"
CPU, REST = 1, 0


class Keys(limiters.Tidegate):
    """A limit that is never exceeded here, beside those of packets."""

    def configuration(self):
        return super().configuration() + "  - {name: api-key, per: key, capacity: 1000000000, rate: 1000000/s}\n"


def run(results, short):
    with Stage() as stage, tempfile.TemporaryDirectory() as directory:
        socket = directory + "/redis.sock"
        redis = subprocess.Popen(("taskset", "-c", str(REST), "redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly",
                                  "no", "--dir", directory, "--logfile", directory + "/log"))
        stage.children.append(redis)
        with Keys(stage, limiters.Limit(rate=20, per="second", burst=40, size=65536), cpu=REST) as daemon:
            while not os.path.exists(socket):
                time.sleep(0.01)
            words = (BUILD + "/bench/library", daemon.pins, "api-key", socket, "5" if short else "15")
            for contestant, values in json.loads(command("taskset", "-c", str(CPU), *words)).items():
                results.add(NAME, "1,000 keys", contestant, "ns/call", *values)


def report(results):
    results.table(NAME, TITLE)

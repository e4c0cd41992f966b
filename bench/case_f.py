# SPDX-License-Identifier: GPL-2.0-or-later
"""f. What it takes beside packets: memory for a million sources, time to start and to reload, and the daemon's CPU time."""

import os
import re
import tempfile
import time

import limiters
from stage import Stage

NAME = "f"
TITLE = "memory, start and reload, the daemon's own work"
CPU, RECEIVES = 0, 1
SOURCES, SIZE = 1000000, 1250000
SETTLE = 1.5  # s, in which the kernel frees what the stage before had
MEMORY = (limiters.Tidegate, limiters.NftIngress, limiters.Hashlimit)


def kernel_mib():
    """What the kernel has allocated for itself; tables are of it, other programs' memory is not."""
    with open("/proc/meminfo", encoding="utf-8") as file:
        return sum(map(int, re.findall(r"^(?:Slab|VmallocUsed|Percpu): *(\d+)", file.read(), re.M))) / 1024


def measure_memory(results, rounds):
    """The kernel's, before the limiter and with its table full."""
    for limiter in MEMORY * rounds:
        limit = limiters.Limit(rate=1, per="minute", burst=1, size=SIZE)
        with Stage() as stage:
            time.sleep(SETTLE)
            before = kernel_mib()
            with limiter(stage, limit, cpu=CPU):
                stage.flood(SOURCES, 0, SOURCES, RECEIVES)
                results.add(NAME, f"memory, {SOURCES:,} sources", limiter.name, "MiB", kernel_mib() - before)


def policy(limits, prefixes, file):
    """So many limits, and a set of so many prefixes in the first one's condition."""
    with open(file, "w", encoding="utf-8") as out:
        out.writelines(f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}/32\n" for i in range(prefixes))
    source = ", source: many" if prefixes else ""
    return "interfaces: [{name: vr}]\n" + (f"sets: {{many: {{file: {file}}}}}\n" if prefixes else "") + "limits:\n" + "".join(
        f"  - {{name: l{i}, match: {{protocol: udp, destination_port: {1000 + i}{source if i == 0 else ''}}}, per: source, "
        f"capacity: 100, rate: 100/s}}\n" for i in range(limits))


def measure_changes(results, rounds):
    limit = limiters.Limit(rate=1, per="minute", burst=1, size=65536)
    with tempfile.TemporaryDirectory(prefix="tidegate-bench.", dir="/var/tmp") as work:
        for limits, prefixes in ((1, 0), (8, 0), (64, 0), (8, 1000), (8, 100000)):
            what = f"{limits} limits, {prefixes:,} prefixes"
            for _ in range(rounds):
                with Stage() as stage:
                    daemon = limiters.Tidegate(stage, limit, cpu=CPU)
                    daemon.configuration = lambda n=limits, p=prefixes: policy(n, p, work + "/prefixes")
                    start = time.monotonic()
                    with daemon:
                        results.add(NAME, "start, " + what, "tidegate", "ms", (time.monotonic() - start) * 1000)
                        start = time.monotonic()
                        daemon.tidegate("reload")
                        results.add(NAME, "reload, " + what, "tidegate", "ms", (time.monotonic() - start) * 1000)


def cpu_ms(process):
    with open(f"/proc/{process}/stat", encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def measure_daemon(results, seconds):
    """Its CPU time a second: with nothing to do, and with a table so full that it sweeps."""
    for what, size, sources in (("idle", 65536, 0), (f"sweeping {SOURCES:,} buckets", SIZE, SOURCES)):
        limit = limiters.Limit(rate=1, per="minute", burst=1, size=size)
        with Stage() as stage, limiters.Tidegate(stage, limit, cpu=CPU) as tidegate:
            if sources:
                stage.flood(sources, 0, sources, RECEIVES)
            before = cpu_ms(tidegate.daemon.pid)
            time.sleep(seconds)
            results.add(NAME, f"the daemon's CPU time, {what}", "tidegate", "ms/s",
                        (cpu_ms(tidegate.daemon.pid) - before) / seconds)


def run(results, short):
    measure_memory(results, 1 if short else 3)
    measure_changes(results, 1 if short else 5)
    measure_daemon(results, 5 if short else 20)


def report(results):
    results.table(NAME, TITLE)

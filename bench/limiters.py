# SPDX-License-Identifier: GPL-2.0-or-later
"""
The contestants. Each limits UDP to port 53 on a stage's receiver to RATE with BURST for each source, in a table of SIZE;
what it admits goes on. A limiter is a context that stands while it is measured.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections import namedtuple

from stage import BUILD, PORT, command

Limit = namedtuple("Limit", "rate per burst size")  # rate: packets in one of `per`, second or minute


class Limiter:
    def __init__(self, stage, limit, cpu=0):
        self.stage, self.limit, self.cpu = stage, limit, cpu

    def __enter__(self):
        try:
            self.install()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        """Most of what there is goes with the namespace."""

    def inside(self, *words, **options):
        return self.stage.inside(self.stage.receiver, *words, **options)

    def nft(self, *rules):
        self.inside("nft", "-f", "-", input="\n".join(rules) + "\n")


class Floor(Limiter):
    """Nothing is cheaper than to drop all, in XDP."""

    name = "XDP_DROP"

    def install(self):
        command("ip", "-n", self.stage.receiver, "link", "set", "vr", "xdpdrv", "obj", BUILD + "/bench/flood.bpf.o",
                "program", "drop")


class Nothing(Limiter):
    name = "nothing"

    def install(self):
        pass


class NftDrop(Limiter):
    """How much of the nft meters' cost is the way to the hook and not the meter."""

    name = "nft ingress, drop without a meter"

    def install(self):
        self.nft("table netdev bench {", "chain c {", "type filter hook ingress device vr priority 0", "drop", "}", "}")


class NftIngress(Limiter):
    name = "nft ingress meter"
    table, hook = "netdev bench", "type filter hook ingress device vr priority 0"

    def install(self):
        limit = self.limit
        self.nft(f"table {self.table} {{", "chain c {", self.hook,
                 f"udp dport {PORT} meter m size {limit.size} {{ ip saddr timeout 60s limit rate over "
                 f"{limit.rate}/{limit.per} burst {limit.burst} packets }} drop", "}", "}")


class NftPrerouting(NftIngress):
    name = "nft prerouting meter"
    table, hook = "ip bench", "type filter hook prerouting priority raw"


class Hashlimit(Limiter):
    name = "xt_hashlimit"

    def install(self):
        limit = self.limit
        self.inside("iptables-legacy", "-w", "-t", "raw", "-A", "PREROUTING", "-i", "vr", "-p", "udp", "--dport",
                    str(PORT), "-m", "hashlimit", "--hashlimit-name", "bench", "--hashlimit-mode", "srcip",
                    "--hashlimit-above", f"{limit.rate}/{limit.per}", "--hashlimit-burst", str(limit.burst),
                    "--hashlimit-htable-size", str(limit.size), "--hashlimit-htable-max", str(limit.size),
                    "--hashlimit-htable-expire", "60000", "-j", "DROP")


class Tidegate(Limiter):
    """The daemon, with a configuration as an operator would write it."""

    name = "tidegate"
    new_sources = None

    def configuration(self):
        limit = self.limit
        text = (f"interfaces: [{{name: vr}}]\ntable: {{size: {limit.size}}}\nlimits:\n  - name: dns-per-source\n"
                f"    match: {{protocol: udp, destination_port: {PORT}}}\n    per: source\n"
                f"    capacity: {limit.burst}\n    rate: {limit.rate}/{limit.per[0]}\n")
        if self.new_sources:
            text += f"    new_sources: {self.new_sources}\n"
        return text

    def install(self):
        self.work = tempfile.mkdtemp(prefix="tidegate-bench.", dir="/var/tmp")
        self.pins = f"/sys/fs/bpf/{self.stage.name}"
        self.start(self.configuration())

    def start(self, configuration):
        path = self.work + "/tidegate.yaml"
        with open(path, "w", encoding="utf-8") as file:
            file.write(configuration)
        with open(self.work + "/log", "a", encoding="utf-8") as log:
            self.daemon = self.stage.spawn(self.stage.receiver, BUILD + "/tidegated", "--config", path, "--control",
                                           self.work + "/control.sock", "--state", self.pins, "--metrics", "none",
                                           cpu=self.cpu, stderr=log)
        while self.tidegate("status", check=False).returncode:
            if self.daemon.poll() is not None:
                with open(self.work + "/log", encoding="utf-8") as log:
                    raise RuntimeError("tidegated: " + log.read().strip())
            time.sleep(0.01)

    def tidegate(self, *words, check=True):
        return subprocess.run(("taskset", "-c", str(self.cpu), BUILD + "/tidegate", "--control",
                               self.work + "/control.sock") + words, text=True, capture_output=True, check=check)

    def __exit__(self, *_):
        if hasattr(self, "daemon"):
            self.daemon.terminate()
            self.daemon.wait()
        if hasattr(self, "work"):
            shutil.rmtree(self.work)
            shutil.rmtree(self.pins, ignore_errors=True)  # left only by a daemon that died


class TidegateGated(Tidegate):
    """As docs/configuration.md advises against spoofed sources."""

    name = "tidegate, new_sources"
    new_sources = "{rate: 1000/s, burst: 2000}"

# SPDX-License-Identifier: GPL-2.0-or-later
"""Two network namespaces joined by a veth: a sender's and a receiver's, where a limiter stands."""

import itertools
import json
import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("TG_BUILD") or os.path.join(ROOT, "build")
ADDRESS = "10.200.0.2"  # the receiver's
SENDER_ADDRESS = "10.200.0.1"
PORT = 53

numbers = itertools.count(1)


def command(*words, cpu=None, **options):
    """
    Runs a command to its end and returns what it printed; one that fails is an error. With a CPU, it has that for itself (by
    real-time priority): the time that it takes is what is measured.
    """
    if cpu is not None:
        words = ("chrt", "--fifo", "1", "taskset", "-c", str(cpu)) + words
    done = subprocess.run(words, text=True, capture_output=True, check=False, **options)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def pinned(cpu, namespace, *words):
    """To have a CPU for oneself; see command()."""
    return ("chrt", "--fifo", "1", "taskset", "-c", str(cpu), "nsenter", f"--net=/run/netns/{namespace}") + words


def report_of(output):
    """What a flood says at its end."""
    return json.loads(output.strip().splitlines()[-1])


class Stage:
    """
    Use it as a context: what it made, and what was started in it, is gone afterwards. With one queue all is received where
    it was sent first; with two, each CPU has its own.
    """

    def __init__(self, queues=1):
        self.name, self.queues = f"tgb{os.getpid()}x{next(numbers)}", str(queues)
        self.sender, self.receiver = self.name + "s", self.name + "r"
        self.children = []

    def __enter__(self):
        try:
            self._make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _make(self):
        # Not known to the system's other parts: whatever they may be, they are not measured.
        for namespace in (self.sender, self.receiver):
            command("ip", "netns", "add", namespace)
            command("ip", "-n", namespace, "link", "set", "lo", "up")
            self.sysctl(namespace, "net.ipv6.conf.default.disable_ipv6=1", "net.ipv4.conf.default.rp_filter=0",
                        "net.ipv4.conf.all.rp_filter=0")
        queue = ("numrxqueues", self.queues, "numtxqueues", self.queues)
        command("ip", "link", "add", "vs", "netns", self.sender, *queue, "type", "veth", "peer", "name", "vr",
                "netns", self.receiver, *queue)
        for namespace, device, address in ((self.sender, "vs", SENDER_ADDRESS), (self.receiver, "vr", ADDRESS)):
            command("ip", "-n", namespace, "addr", "add", address + "/16", "dev", device)
            command("ip", "-n", namespace, "link", "set", device, "up")
        command("ip", "-n", self.sender, "link", "add", "spare", "type", "veth", "peer", "name", "spare2")
        command("ip", "-n", self.receiver, "route", "add", "default", "via", SENDER_ADDRESS)
        # Without an XDP program, a veth takes XDP's frames only so; a network card always does.
        self.inside(self.receiver, "ethtool", "-K", "vr", "gro", "on")
        self.mac = json.loads(command("ip", "-n", self.receiver, "-j", "link", "show", "vr"))[0]["address"]

    def __exit__(self, *_):
        for child in reversed(self.children):
            child.kill()
            child.wait()
        for namespace in (self.sender, self.receiver):
            subprocess.run(("ip", "netns", "del", namespace), capture_output=True, check=False)

    def sysctl(self, namespace, *settings):
        self.inside(namespace, "sysctl", "-q", "-w", *settings)

    def inside(self, namespace, *words, **options):
        # `ip netns exec` would hide the host's bpffs behind a fresh /sys.
        return command("nsenter", f"--net=/run/netns/{namespace}", *words, **options)

    def spawn(self, namespace, *words, cpu, priority=("nice", "-n", "0"), **options):
        """Starts a program that ends with the stage."""
        words = priority + ("taskset", "-c", str(cpu), "nsenter", f"--net=/run/netns/{namespace}") + words
        child = subprocess.Popen(words, text=True, **options)
        self.children.append(child)
        return child

    def flood_words(self, sources, first=0, packets=0, seconds=0, rate=0, stride=1):
        """As bench/flood.c has it; SOURCES 0: each packet has a new one."""
        return (BUILD + "/bench/flood", "vs", self.mac, ADDRESS,
                *map(str, (PORT, sources, first, packets, seconds, rate, stride)))

    def flood(self, sources, first, packets, cpu, stride=1):
        """Sends packets as fast as it goes; returns ns a packet, both ends' work together."""
        before = self.received()
        sent = report_of(self.inside(self.sender, *self.flood_words(sources, first, packets, stride=stride), cpu=cpu))
        lost = 1 - (self.received() - before) / sent["sent"]
        if not sent["timed"]:
            raise RuntimeError(f"{self.name}: {packets} packets are too few to be timed")
        if lost > 0.001:
            raise RuntimeError(f"{self.name}: {lost:.1%} of the flood did not arrive")
        return sent["ns"] / sent["timed"]

    def flood_all(self, sources, seconds, cpus):
        """Each CPU sends as fast as it goes, from the same sources; returns what each reports."""
        floods = [subprocess.Popen(pinned(cpu, self.sender, *self.flood_words(sources, seconds=seconds)),
                                   text=True, stdout=subprocess.PIPE) for cpu in cpus]
        self.children += floods
        reports = [report_of(flood.communicate()[0]) for flood in floods]
        if not all(report["timed"] for report in reports):
            raise RuntimeError(f"{self.name}: the machine is too busy for a flood")
        return reports

    def count_passed(self):
        """From now on, packets to our port that come through the limiter are counted, and end; returns a function that reads."""
        self.inside(self.receiver, "nft", "-f", "-", input=f"""table ip count {{
            counter passed {{ }}
            chain c {{ type filter hook prerouting priority filter
                       udp dport {PORT} counter name passed drop
            }}
        }}
        """)

        def read():
            listing = json.loads(self.inside(self.receiver, "nft", "-j", "list", "counter", "ip", "count", "passed"))
            return next(item["counter"]["packets"] for item in listing["nftables"] if "counter" in item)

        return read

    def received(self):
        link = json.loads(command("ip", "-n", self.receiver, "-s", "-j", "link", "show", "vr"))[0]
        return link["stats64"]["rx"]["packets"]

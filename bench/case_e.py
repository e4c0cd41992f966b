# SPDX-License-Identifier: GPL-2.0-or-later
"""
e. What honest clients of a web server and a DNS server get while the DNS port is flooded. One CPU receives the flood and has
the servers: reception goes first, as interrupts do, and the servers get what time it leaves. The other has the clients.
"""

import subprocess
import time
from contextlib import ExitStack

import limiters
from service import PATIENCE, Servers, dns_answers, http_answers
from stage import Stage, report_of

NAME = "e"
TITLE = "honest clients under a flood of the DNS port"
CLIENTS, RECEIVES = 0, 1  # CPUs
CONTESTANTS = (limiters.Nothing, limiters.TidegateGated, limiters.NftIngress, limiters.Hashlimit)
RECEPTION = ("chrt", "--fifo", "1")
CLIENTS_EACH = 10  # that the limiter has seen before, and as many that are new each time
FLOODS = {"10 sources": 10, "every packet a new source": 0}
COLUMNS = ("flood M/s", "DNS %", "DNS p50 ms", "DNS p99 ms", "new DNS %", "HTTP/s", "HTTP p50 ms", "HTTP p99 ms")


class Scene:
    """A limiter with servers behind it; it stands through all rounds."""

    def __init__(self, stack, contestant):
        limit = limiters.Limit(rate=20, per="second", burst=40, size=65536)
        self.name = contestant.name
        self.stage = stack.enter_context(Stage())
        stack.enter_context(contestant(self.stage, limit, cpu=CLIENTS))
        self.servers = stack.enter_context(Servers(self.stage, RECEIVES))
        self.first_flooded = self.addresses = 0
        self.known = [self.add_address() for _ in range(CLIENTS_EACH)]
        self.ask(1)

    def add_address(self):
        self.addresses += 1
        address = f"10.200.{1 + self.addresses // 200}.{1 + self.addresses % 200}"
        self.stage.inside(self.stage.sender, "ip", "addr", "add", address + "/16", "dev", "vs")
        return address

    def ask(self, seconds):
        """DNS clients known and new, and a web client."""
        new = [self.add_address() for _ in range(CLIENTS_EACH)]
        clients = [[self.servers.ask_dns(address, seconds, CLIENTS) for address in some] for some in (self.known, new)]
        web = self.servers.ask_http(seconds, CLIENTS)
        return (*dns_answers(clients[0]), dns_answers(clients[1])[0], *http_answers(web))

    def measure(self, sources, rate, seconds):
        """Clients for some seconds, in a flood that has begun before and ends after."""
        if not rate:
            return (0, *self.ask(seconds))
        words = self.stage.flood_words(sources, self.first_flooded, seconds=seconds + 2, rate=rate)
        self.first_flooded += rate * (seconds + 2)
        flood = self.stage.spawn(self.stage.sender, *words, cpu=RECEIVES, priority=RECEPTION, stdout=subprocess.PIPE)
        flood.stdout.readline()  # that it is ready
        time.sleep(0.3)
        answers = self.ask(seconds)
        sent = report_of(flood.communicate(timeout=PATIENCE)[0])
        return (sent["timed"] / sent["ns"] * 1000, *answers)


def run(results, short):
    rates = (0, 3) if short else (0, 1, 3, 5)
    with ExitStack() as stack:
        scenes = [Scene(stack, contestant) for contestant in CONTESTANTS]
        for _ in range(1 if short else 3):
            for kind, sources in FLOODS.items():
                for rate in rates:
                    if rate == 0 and sources == 0:
                        continue
                    row = f"{rate} M/s, {kind}" if rate else "no flood"
                    for scene in scenes:
                        values = scene.measure(sources, rate * 1000000, 2)
                        for column, value in zip(COLUMNS, values):
                            results.add(NAME, row, scene.name, column, *(() if value is None else (value,)))


def report(results):
    results.grid(NAME, TITLE, COLUMNS)

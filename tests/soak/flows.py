# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets from and to three nodes, and whether what came through is exactly what limits allow: a process of its own.

Each packet has a number, so that it is known which ones passed. What a limit with a stepped refill must have done with them is
worked out here packet by packet, twice: as if each was decided as early and as late as it can have been. At the middle between
two steps, far from where that matters, both say the same, and so must the packets.
"""
import collections
import json
import os
import select
import signal
import socket
import struct
import time

import kernel
import policies

TICK = 0.005  # s
LATE = 0.05  # s; what should have been sent before that is left out: made up for in a burst, it would be another load
GRACE = 1.0  # s until a packet that has not come is lost
EARLY = 0.012  # s: by so much the packet program's clock may be behind
SO_RXQ_OVFL, SO_TIMESTAMPNS, SO_RCVBUFFORCE, SOL_PACKET, PACKET_IGNORE_OUTGOING = 40, 35, 33, 263, 23
MAGIC = b"soak"
NS = 1_000_000_000


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


class Flow:
    """Packets at an even rate from one source to one port, by a socket of the sender's device."""

    def __init__(self, id_, limit, node, device, rate, source, target, mac, sender):
        self.id, self.limit, self.node, self.device, self.rate, self.sender = id_, limit, node, device, rate, sender
        self.name = f"node {node}, {limit} {'IPv6' if ':' in source else 'IPv4'}"
        self.family = socket.AF_INET6 if ":" in source else socket.AF_INET
        self.build(source, target, mac)
        self.sent, self.unsent, self.late, self.passed_n = 0, 0, 0, 0
        self.first = 0  # number of the first packet in `times` and `passed`
        self.times, self.passed = collections.deque(), collections.deque()
        self.started = None

    def build(self, source, target, mac):
        v6 = self.family == socket.AF_INET6
        addresses = socket.inet_pton(self.family, source) + socket.inet_pton(self.family, target)
        port, length = policies.PORTS[self.limit], 8 + len(MAGIC) + 2 + 4
        head = bytes.fromhex(mac.replace(":", "")) + b"\2\0\0\0\0\7" + (b"\x86\xdd" if v6 else b"\x08\0")
        if v6:
            head += struct.pack("!IHBB", 6 << 28, length, 17, 64) + addresses
        else:
            ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 0, 0, 64, 17, 0) + addresses
            head += ip[:10] + struct.pack("!H", ~checksum(ip) & 0xFFFF) + ip[12:]
        self.udp = struct.pack("!HHH", 40000, port, length)
        self.payload = MAGIC + struct.pack("!H", self.id)
        self.base = checksum(addresses + struct.pack("!HH", 17, length) + self.udp + self.payload)
        self.head = head

    def frame(self, number):
        total = self.base + (number >> 16) + (number & 0xFFFF)
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        return self.head + self.udp + struct.pack("!H", (~total & 0xFFFF) or 0xFFFF) + self.payload + struct.pack("!I", number)

    def send(self, now):
        """What is due by NOW (ns)."""
        if self.started is None:
            self.started, self.planned = now, 0
        due = int((now - self.started) * self.rate / NS)
        missed = due - self.planned - max(1, int(LATE * self.rate))
        if missed > 0:
            self.planned += missed
            self.late += missed
        while self.planned < due:
            self.planned += 1
            number = self.first + len(self.times)
            self.times.append(time.monotonic_ns())
            self.passed.append(None)
            try:
                self.sender.send(self.frame(number))
                self.sent += 1
            except OSError:  # a full queue, or what a limit at tc-egress drops
                if self.device == "tcout":
                    self.sent += 1
                else:
                    self.unsent += 1
                    self.passed[-1] = "unsent"

    def arrived(self, number, stamp):
        index = number - self.first
        if 0 <= index < len(self.passed):
            twice = self.passed[index] is not None
            self.passed[index] = stamp
            self.passed_n += 1
            return not twice
        return False

    def forget(self, n):
        for _ in range(n):
            self.times.popleft()
            self.passed.popleft()
        self.first += n

    def pause(self):
        self.started = None


class Stepped(Flow):
    """More than its limit lets through: what passes is exactly what the bucket gives."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.capacity, self.amount = policies.STEADY["capacity"], policies.STEADY["amount"]
        self.interval = policies.STEADY["interval"] * NS
        self.tokens = [self.capacity, self.capacity]  # as late and as early as can be
        self.step = [None, None]
        self.end = None  # of the part that is judged next: a middle between two steps

    def judge(self, now, slow, report):
        """SLOW: by how much a packet may have been late on its way (ns), as was seen of others around that time."""
        if self.end is None:
            self.end = (now // self.interval + 1) * self.interval + self.interval // 2
        if now < self.end + GRACE * NS:
            return
        n = passed = 0
        shifts = (max(slow, int(EARLY * NS)), -int(EARLY * NS))
        least = most = 0
        counts = [0, 0]
        for at, stamp in zip(self.times, self.passed):
            if at >= self.end:
                break
            n += 1
            if stamp == "unsent":
                continue
            passed += stamp is not None
            for i, shift in enumerate(shifts):
                counts[i] += self.take(i, (at + shift) // self.interval)
        least, most = min(counts), max(counts)
        self.forget(n)
        if slow > self.interval // 4:
            report.unjudged(self.limit, f"{self.name}: packets took {slow / NS:.3f} s")
            self.tokens = [0, self.capacity]
        elif least <= passed <= most:
            report.ok(self.limit, n)
        else:
            report.wrong(self.limit, f"{self.name}: {passed} of {n} packets passed until {self.end / NS:.1f}, allowed were {least}"
                         + (f" to {most}" if most > least else ""))  # fmt: skip
            self.tokens = [0, self.capacity]
        self.end += self.interval

    def take(self, i, step):
        """One packet in that step; whether it passes."""
        if self.step[i] is None:
            self.step[i] = step
        if step > self.step[i]:
            self.tokens[i] = min(self.capacity, self.tokens[i] + self.amount * (step - self.step[i]))
            self.step[i] = step
        if self.tokens[i] < 1:
            return 0
        self.tokens[i] -= 1
        return 1


class Gentle(Flow):
    """Less than its limit: nothing is lost."""

    def judge(self, now, slow, report):
        n = lost = 0
        for at, stamp in zip(self.times, self.passed):
            if at >= now - GRACE * NS - slow:
                break
            n += 1
            lost += stamp is None
        if n < self.rate and not lost:
            return
        first = self.first
        self.forget(n)
        if lost and (slow > GRACE * NS / 2 or report.machine_lost()):
            report.unjudged("gentle", f"{self.name}: {lost} packets lost by a slow machine")
        elif lost:
            report.wrong("gentle", f"{self.name}: {lost} of the {n} packets from number {first} on were lost below the limit")
        elif n:
            report.ok("gentle", n)


class Together(Flow):
    """Of a limit that the nodes share: no node ever lets more through than one bucket; what all do, the main process judges."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.rate_of_limit, self.capacity = policies.TOGETHER["rate"], policies.TOGETHER["capacity"]
        self.level, self.at = 0.0, None
        self.seconds = collections.Counter()

    def judge(self, now, slow, report):
        n = 0
        # a leaking bucket whose level is what was let through and is not yet refilled
        for at, stamp in zip(self.times, self.passed):
            if at >= now - GRACE * NS - slow:
                break
            n += 1
            if stamp is None or stamp == "unsent":
                continue
            if self.at is not None:
                self.level = max(0.0, self.level - max(0, at - self.at) * self.rate_of_limit / NS)
            self.at = at if self.at is None else max(self.at, at)
            self.level += 1
            self.seconds[at // NS] += 1
            # decided between AT and AT + SLOW: so many tokens may have come meanwhile
            allowed = self.capacity + 1 + self.rate_of_limit * (2 * slow / NS + 2 * EARLY)
            if self.level > allowed:
                report.wrong("node", f"{self.name}: {self.level:.0f} packets more than refills in {self.capacity} tokens")
                self.level = 0.0
        self.forget(n)
        if n:
            report.ok("node", n)
            for second in sorted(self.seconds)[:-1]:
                report.send("second", node=self.node, second=second, passed=self.seconds.pop(second))


class Pipe:
    """To the main process, a line of JSON each."""

    def __init__(self, out):
        self.out = out
        self.lost_at = 0

    def send(self, kind, **values):
        self.out.write(json.dumps({"kind": kind, **values}) + "\n")

    def ok(self, what, n):
        self.send("ok", what=what, n=n)

    def wrong(self, what, text):
        self.send("wrong", what=what, text=text)

    def unjudged(self, what, text):
        self.send("unjudged", what=what, text=text)

    def machine_lost(self):
        return time.monotonic() - self.lost_at < 5


class Receiver:
    def __init__(self, family, port):
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        if family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.bind(("", port))
        self.socket.setblocking(False)
        self.overflow = 0

    def drain(self, offset, take):
        for _ in range(2000):
            try:
                data, control, _, _ = self.socket.recvmsg(64, 128)
            except BlockingIOError:
                return
            stamp = None
            for level, kind, value in control:
                if kind == SO_TIMESTAMPNS:
                    seconds, ns = struct.unpack("=qq", value[:16])
                    stamp = seconds * NS + ns - offset
                elif kind == SO_RXQ_OVFL:
                    self.overflow = struct.unpack("=I", value[:4])[0]
            if data[:4] == MAGIC and len(data) == 10:
                take(*struct.unpack("!HI", data[4:10]), stamp)


def raw(device):
    sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sender.bind((device, 0))
    sender.setblocking(False)
    return sender


def dropped_by_machine(networks):
    """Packets that queues between the namespaces had no room for."""
    total = 0
    for client, links in networks:
        kernel.enter(client)
        total += sum((links.get(name) or {}).get("tx_dropped", 0) for name in ("out", "tcout"))
    with open("/proc/net/softnet_stat", encoding="ascii") as file:
        return total + sum(int(line.split()[1], 16) for line in file)


class Traffic:
    def __init__(self, nodes, out):
        """NODES: dicts of `client`, `server` (descriptors of namespaces), and the MACs `in_mac`, `tc_mac`, `tcout_mac`."""
        self.pipe = Pipe(out)
        self.flows, self.receivers, self.networks, self.paused = [], [], [], set()
        for i, node in enumerate(nodes, 1):
            kernel.enter(node["client"])
            self.networks.append((node["client"], kernel.Links()))
            out_, tcout = raw("out"), raw("tcout")
            self.receivers += [Receiver(family, policies.PORTS["steady-out"]) for family in (socket.AF_INET, socket.AF_INET6)]
            kernel.enter(node["server"])
            tc = raw("tc")
            for limit in ("steady", "steady-tc", "gentle", "together"):
                self.receivers += [Receiver(family, policies.PORTS[limit]) for family in (socket.AF_INET, socket.AF_INET6)]
            for kind, limit, device, rate, sources, target, mac, sender in (
                (Stepped, "steady", "in", 100, ("10.77.1.1", "fd77:1:0:1::1"), ("10.77.0.2", "fd77::2"), node["in_mac"], out_),
                (Stepped, "steady-tc", "tc", 60, ("10.79.1.2", "fd79:1:0:2::1"), ("10.79.0.2", "fd79::2"), node["tc_mac"], tcout),
                (Stepped, "steady-out", "tcout", 60, ("10.79.0.2", "fd79::2"), ("10.79.0.1", "fd79::1"), node["tcout_mac"], tc),
                (Gentle, "gentle", "in", 25, ("10.77.1.4", "fd77:1:0:4::1"), ("10.77.0.2", "fd77::2"), node["in_mac"], out_),
                (Together, "together", "in", 200, ("10.77.1.5",), ("10.77.0.2",), node["in_mac"], out_),
            ):
                for source, to in zip(sources, target):
                    self.flows.append(kind(len(self.flows), limit, i, device, rate, source, to, mac, sender))
        self.slow = collections.deque(maxlen=64)  # (time, latency) of the slowest, by the second
        self.worst = 0
        self.offset = time.time_ns() - time.monotonic_ns()

    def take(self, id_, number, stamp):
        if id_ >= len(self.flows):
            return
        flow = self.flows[id_]
        index = number - flow.first
        if 0 <= index < len(flow.times):
            self.worst = max(self.worst, (stamp or time.monotonic_ns()) - flow.times[index])
        if not flow.arrived(number, stamp):
            self.pipe.wrong("once", f"{flow.name}: packet {number} came twice, or a second late")

    def slowest(self):
        """ns, over the last seconds that are judged together"""
        return max([latency for at, latency in self.slow if at > time.monotonic() - 4] + [self.worst])

    def second(self):
        """What is done once a second."""
        self.slow.append((time.monotonic(), self.worst))
        worst, self.worst = self.worst, 0
        self.offset = time.time_ns() - time.monotonic_ns()
        lost = dropped_by_machine(self.networks) + sum(receiver.overflow for receiver in self.receivers)
        if lost != getattr(self, "lost", lost):
            self.pipe.lost_at = time.monotonic()
        self.lost = lost
        now, slow = time.monotonic_ns(), self.slowest()
        for flow in self.flows:
            flow.judge(now, slow, self.pipe)
        self.pipe.send("state", worst=worst / NS, late=sum(flow.late for flow in self.flows), lost=lost,
                       flows=[[flow.node, flow.device, flow.limit, flow.sent, flow.passed_n] for flow in self.flows])  # fmt: skip
        self.pipe.out.flush()

    def command(self, line):
        word, *arguments = line.split()
        if word == "pause":
            self.paused.add(int(arguments[0]))
            for flow in self.flows:
                if flow.node == int(arguments[0]):
                    flow.pause()
        elif word == "resume":
            self.paused.discard(int(arguments[0]))
        elif word == "counts":
            time.sleep(0.05)
            self.receive()
            self.pipe.send("counts", token=arguments[0],
                           flows=[[flow.node, flow.device, flow.limit, flow.sent, flow.passed_n] for flow in self.flows])  # fmt: skip
            self.pipe.out.flush()
        return word != "quit"

    def receive(self):
        for receiver in self.receivers:
            receiver.drain(self.offset, self.take)

    def run(self, commands):
        """Until the main process says so or ends."""
        poll = select.poll()
        poll.register(commands, select.POLLIN)
        next_second, going, rest = time.monotonic() + 1, True, b""
        while going:
            began = time.monotonic()
            now = time.monotonic_ns()
            for flow in self.flows:
                if flow.node not in self.paused:
                    flow.send(now)
            self.receive()
            if began >= next_second:
                next_second = began + 1
                self.second()
            if poll.poll(max(0, int(1000 * (began + TICK - time.monotonic())))):
                data = os.read(commands, 4096)
                if not data:
                    break
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    going = self.command(line.decode()) and going


def start(nodes):
    """Forks; returns the process, a file to write commands to and one to read lines from."""
    commands_in, commands_out = os.pipe()
    lines_in, lines_out = os.pipe()
    process = os.fork()
    if process:
        os.close(commands_in)
        os.close(lines_out)
        return process, os.fdopen(commands_out, "w", buffering=1), os.fdopen(lines_in, "r")
    try:
        kernel.die_with_parent(signal.SIGKILL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.close(commands_out)
        os.close(lines_in)
        out = os.fdopen(lines_out, "w")
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        except OSError:
            pass
        try:
            Traffic(nodes, out).run(commands_in)
            out.flush()
        except BaseException as error:
            out.write(json.dumps({"kind": "died", "text": repr(error)}) + "\n")
            out.flush()
    finally:
        os._exit(0)

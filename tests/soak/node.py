# SPDX-License-Identifier: GPL-2.0-or-later
"""One of the three nodes: its namespaces and devices, its daemon, and what must be in force there after all that was done to it."""
import json
import os
import re
import resource
import signal
import subprocess
import threading
import time

import kernel
import policies

ALWAYS = ["in", "tc"] + [f"e{n}" for n in range(8)]  # limited by every configuration, and there all the time
HOOKS = {"in": ["xdp"], "tc": ["tc-ingress", "tc-egress"]}
METRICS = 9469
SANITIZERS = {
    "ASAN_OPTIONS": "quarantine_size_mb=4:malloc_context_size=12:detect_leaks=1:exitcode=99:allocator_release_to_os_interval_ms=1000",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}
READY = 90  # s
COMPLAINT = re.compile(r"ERROR: (Address|Leak|Undefined\w*)Sanitizer|runtime error:|SUMMARY: \w+Sanitizer")
ANSWER = 40  # s


class Answer:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err
        self.text = (err or out).strip().replace("\n", " | ")[:300]

CHANGES = ("apply", "confirm", "reload", "rollback", "set", "shadow")


class Node:
    def __init__(self, number, world):
        self.number, self.world, self.report = number, world, world.report
        self.name = f"node {number}"
        self.client, self.server = kernel.new_network(), kernel.new_network()
        self.directory = f"{world.directory}/{number}"  # a file system of its own, small enough to be filled
        self.config, self.control = f"{self.directory}/tidegate.yaml", f"{world.directory}/{number}.sock"
        self.state, self.log = f"{world.pins}/{number}", f"{world.directory}/{number}.log"
        os.mkdir(self.directory)
        kernel.mount("tmpfs", self.directory, "tmpfs", data="size=256k,mode=0700")
        self.make_devices()
        self.process = None
        self.ready_at = None  # since when it answers
        self.ending = False  # the daemon's end is wanted
        self.busy = False  # while something is done to it
        self.waited = []  # for a processor: (time, s in all)
        self.epoch, self.epoch_at = 0, time.monotonic()  # goes up with whatever may concern the health
        self.changing = False  # since a command began that may change what is expected, until the next turn()
        self.lock = threading.Lock()
        self.valid = None  # the text of the file, and its marker
        self.file_marker = None
        self.markers = set()  # one of these is in force; empty: unknown
        self.history = []
        self.generation = None
        self.reload_failed = False
        self.pending = False
        self.short = False  # of descriptors
        self.changes = 0
        self.serial = 0
        self.log_read = 0
        self.memory = []
        self.entries = {}

    # devices

    def make_devices(self):
        """`in` and `tc` lead to the client, the others to nobody."""
        here = f"/proc/{os.getpid()}/fd"
        kernel.enter(self.client)
        made = kernel.ip(
            f"link add out type veth peer name in netns {here}/{self.server}",
            f"link add tcout type veth peer name tc netns {here}/{self.server}",
            "addr add 10.77.0.1/16 dev out", "addr add fd77::1/64 dev out nodad", "link set out up",
            "addr add 10.79.0.1/16 dev tcout", "addr add fd79::1/64 dev tcout nodad", "link set tcout up", "link set lo up",
        )  # fmt: skip
        kernel.enter(self.server)
        made = made and kernel.ip(
            "addr add 10.77.0.2/16 dev in", "addr add fd77::2/64 dev in nodad", "link set in up",
            "addr add 10.79.0.2/16 dev tc", "addr add fd79::2/64 dev tc nodad", "link set tc up", "link set lo up",
            *(f"link add {name}{i} type veth peer name p{name}{i}" for name, count in (("e", 8), ("x", 4), ("u", 12)) for i in range(count)),
        )  # fmt: skip
        self.in_mac, self.tc_mac = self.mac("in"), self.mac("tc")
        kernel.enter(self.client)
        self.tcout_mac = self.mac("tcout")
        if not made:
            raise RuntimeError(f"{self.name}: its devices cannot be made")

    @staticmethod
    def mac(device):
        shown = json.loads(subprocess.run(["ip", "-j", "link", "show", device], capture_output=True, check=True).stdout)
        return shown[0]["address"]

    # configurations

    def marker(self):
        """A capacity that no configuration had before."""
        self.serial += 1
        return 1000 + self.serial

    def write(self, text, marker):
        """The daemon's own file; MARKER: None if it is not valid."""
        with open(self.config + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(self.config + ".new", self.config)
        self.file_marker = marker
        if marker:
            self.valid = text

    def fresh(self, rng, huge=None):
        """A valid configuration with a new marker, not yet written."""
        marker = self.marker()
        return policies.text(rng, self.number, marker, self.world.paths, huge), marker

    # the daemon

    def start(self):
        """In the namespace of the calling thread, which is the server's."""
        if self.process and self.process.poll() is None:
            return
        self.ending = False
        began = time.monotonic()
        with open(self.log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [self.world.daemon, "--config", self.config, "--control", self.control, "--state", self.state, "--metrics", f"127.0.0.1:{METRICS}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **SANITIZERS}, close_fds=True,
            )  # fmt: skip
        self.memory, self.waited = [], []
        self.changes = 0
        while time.monotonic() - began < READY:
            if self.tg("status").status == 0:
                self.ready_at = time.monotonic()
                self.report.measure("start (s)", self.ready_at - began)
                self.history, self.reload_failed, self.pending = [], False, False
                self.markers = {self.file_marker}
                self.generation = None
                self.turn()
                self.unheard()
                return
            if self.process.poll() is not None:
                self.report.wrong("alive", f"{self.name}: the daemon did not start, exit status {self.process.returncode}: {self.tail()}")
                return
            time.sleep(0.1)
        self.report.wrong("alive", f"{self.name}: the daemon did not start within {READY} s: {self.tail()}")

    def end(self, sig, wanted):
        """WANTED: its exit status."""
        self.ending, self.ready_at = True, None
        self.turn()
        self.unheard()
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(sig)
        try:
            status = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.report.wrong("alive", f"{self.name}: the daemon goes on after {sig.name}")
            self.process.kill()
            self.process.wait()
            return
        self.judge_memory()
        self.report.check("alive", status == wanted, lambda: f"{self.name}: exit status {status} after {sig.name}, not {wanted}: {self.tail()}")
        self.look_at_log()

    def up(self):
        return self.ready_at is not None and self.process.poll() is None

    def look_after(self):
        """Whether the daemon is there when it should be; called often."""
        if self.process and not self.ending and self.process.poll() is not None and self.ready_at is not None:
            self.ready_at = None
            self.turn()
            self.report.wrong("alive", f"{self.name}: the daemon ended by itself, exit status {self.process.returncode}: {self.tail()}")
            self.look_at_log()

    def turn(self):
        self.epoch, self.epoch_at, self.changing = self.epoch + 1, time.monotonic(), False

    def unheard(self):
        """The other nodes may have to do without this one for a moment."""
        self.world.turns.append(time.monotonic())

    def tail(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return " | ".join(file.read().splitlines()[-6:])[-700:]

    def look_at_log(self):
        """For what the sanitizers say, and for interfaces that were there all the time and are said to be detached."""
        with self.lock, open(self.log, "rb") as file:
            file.seek(self.log_read)
            text = file.read()
            cut = text.rfind(b"\n") + 1
            self.log_read += cut
        for line in text[:cut].decode(errors="replace").splitlines():
            if COMPLAINT.search(line):
                self.report.wrong("sanitizers", f"{self.name}: {line}")
            found = re.search(r"\b(\S+) \(index \d+\): gone|\b(\S+): detached|detached (\S+)", line)
            if found and (found[1] or found[2] or found[3] or "").strip(":,") in ALWAYS:
                self.report.wrong("attached", f"{self.name}: its log says {line}")
        self.report.ok("sanitizers")

    # commands

    def tg(self, *arguments, stdin=None, timeout=ANSWER):
        began = time.monotonic()
        self.changing = self.changing or arguments[0] in CHANGES
        try:
            done = subprocess.run([self.world.command, "--control", self.control, *arguments], input=stdin, capture_output=True,
                                  stdin=None if stdin is not None else subprocess.DEVNULL, timeout=timeout, text=True)  # fmt: skip
        except subprocess.TimeoutExpired:
            return Answer(124, "", f"no answer in {timeout} s")
        if self.up():
            self.report.measure(f"{arguments[0]} (s)", time.monotonic() - began)
        if time.monotonic() - began > 0.7:  # nearly stale_after
            self.unheard()
        return Answer(done.returncode, done.stdout, done.stderr)

    def ask(self, *arguments):
        """What a command says with --json, or None if the daemon does not answer."""
        answer = self.tg(*arguments, "--json")
        if answer.status:
            return None
        try:
            return json.loads(answer.out)
        except ValueError:
            self.report.wrong("answers", f"{self.name}: {' '.join(arguments)} --json is not JSON: {answer.out[:200]}")
            return None

    def in_force(self):
        """The marker and the generation that the daemon says, or None."""
        limits = self.ask("limits", "marker")
        return limits and (limits["limits"][0]["capacity"], limits["generation"])

    def settle(self, what, markers, grown):
        """After a change: one of MARKERS is in force, and the generation grew by GROWN (None: by an unknown number)."""
        for _ in range(5):
            found = self.in_force() if self.up() else None
            if found or not self.up():
                break
            time.sleep(0.5)
        if not found:
            if self.up() and not self.short:
                self.report.wrong("answers", f"{self.name}: limits does not answer after {what}")
            self.markers, self.generation = set(), None
            return
        marker, generation = found
        self.report.check("in force", not markers or marker in markers,
                          lambda: f"{self.name}: after {what} configuration {marker} is in force, not {sorted(markers)}")  # fmt: skip
        if self.generation is not None and grown is not None:
            self.report.check("generation", generation == self.generation + grown,
                              lambda: f"{self.name}: after {what} generation {generation}, before {self.generation}, grown by {grown} wanted")  # fmt: skip
        elif self.generation is not None:
            self.report.check("generation", generation >= self.generation, lambda: f"{self.name}: generation {self.generation} became {generation}")
        self.markers, self.generation = {marker}, generation

    # memory

    def sample(self):
        if not self.up():
            return
        try:
            with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as file:
                rss = int(file.read().split()[1]) * resource.getpagesize() / 1e6
            fds = len(os.listdir(f"/proc/{self.process.pid}/fd"))
            with open(f"/proc/{self.process.pid}/schedstat", encoding="ascii") as file:
                self.waited = [*self.waited[-9:], (time.monotonic(), int(file.read().split()[1]) / 1e9)]
        except (FileNotFoundError, ProcessLookupError, IndexError):
            return
        self.memory.append((time.monotonic(), rss, fds))

    def starved(self):
        """Whether the daemon had to wait for a processor for a third of the last 10 s: then nothing that it is late for is its fault."""
        waited = self.waited
        return len(waited) > 1 and waited[-1][1] - waited[0][1] > (waited[-1][0] - waited[0][0]) / 3

    def judge_memory(self):
        """Whether what one daemon had in its last third is what it had before, after it had been warm."""
        samples, self.memory = self.memory, []
        if len(samples) < 90 or self.changes < 12:
            return
        third = len(samples) // 3
        middle, last = samples[third : 2 * third], samples[2 * third :]
        rss = max(each[1] for each in middle), max(each[1] for each in last)
        fds = min(each[2] for each in middle), min(each[2] for each in last)
        self.report.check("memory", rss[1] <= 1.25 * rss[0] + 32, f"{self.name}: {rss[0]:.0f} MB became {rss[1]:.0f} MB in {len(samples)} s")
        self.report.check("descriptors", fds[1] <= fds[0] + 8, f"{self.name}: {fds[0]} became {fds[1]} in {len(samples)} s")

    def signal(self, sig):
        if self.process and self.process.poll() is None:
            self.process.send_signal(sig)

    def close(self):
        if self.process and self.process.poll() is None:
            self.ending = True
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

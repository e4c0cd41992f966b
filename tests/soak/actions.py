# SPDX-License-Identifier: GPL-2.0-or-later
"""What is done to a daemon, one thing at a time on each node, and what must be in force after it."""
import os
import resource
import signal
import subprocess
import threading
import time

import kernel
import policies


class Actor:
    """The one thread that starts and ends a node's daemon and changes its policy."""

    def __init__(self, node, rng, stopping):
        self.node, self.world, self.report, self.rng, self.stopping = node, node.world, node.report, rng, stopping

    def run(self):
        kernel.enter(self.node.server)
        left_out = self.world.without + (DEADLY if self.node.number == policies.NODES else [])
        choices = [(getattr(self, name), weight) for name, weight in WEIGHTS.items() if name not in left_out]
        while not self.stopping.wait(self.rng.choice((0.2, 0.5, 1, 2, 6))):
            if not self.node.up():
                self.restart("because it ended")
                continue
            action = self.rng.choices([each[0] for each in choices], [each[1] for each in choices])[0]
            self.node.turn()
            self.node.busy = True
            try:
                action()
            except Exception as error:  # this program's own fault
                self.report.wrong("soak", f"{self.node.name}: {action.__name__}: {error!r}")
            self.node.busy = False
            self.node.turn()

    def note(self, what, kind=None):
        self.report.act(self.node.name, what, kind)

    def huge(self):
        path = f"{self.world.directory}/list-{self.node.number}.txt"
        n = self.rng.choice((2000, 20000, 100000))
        with open(path + ".new", "w", encoding="ascii") as file:
            file.writelines(f"{prefix}\n" for prefix in policies.prefixes(self.rng, n))
        os.rename(path + ".new", path)
        return path, n

    # changes of the policy

    def accepted(self, what, answer, marker):
        """A change that must be taken; afterwards MARKER is in force."""
        node = self.node
        if answer.status == 124 and any(each.starved() for each in self.world.nodes):
            self.report.unjudged("changes", f"a daemon had no processor; {node.name}: {what}")
            node.settle(what, node.markers and node.markers | {marker}, None)
            node.generation = None
            return
        if not self.report.check("changes", answer.status == 0 or node.short, f"{node.name}: {what}: exit status {answer.status}: {answer.text}"):
            node.settle(what, node.markers and node.markers | {marker}, None)
            return
        if answer.status:  # without descriptors
            node.settle(what, node.markers and node.markers | {marker}, None)
            return
        node.history.append(next(iter(node.markers)) if node.markers else None)
        del node.history[:-8]
        node.changes += 1
        node.settle(what, {marker}, 1)

    def refused(self, what, answer, statuses):
        node = self.node
        self.report.check("changes", answer.status in statuses, f"{node.name}: {what}: exit status {answer.status}, not {statuses}: {answer.text}")
        node.settle(what, node.markers, 0)

    def reload(self, huge=None):
        text, marker = self.node.fresh(self.rng, huge)
        self.node.write(text, marker)
        self.note(f"reload {marker}" + (f" with {huge}" if huge else ""), "reloads")
        answer = self.node.tg("reload")
        self.node.reload_failed = answer.status != 0
        self.accepted("reload", answer, marker)

    def reload_huge(self):
        path, n = self.huge()
        self.note(f"a list of {n} prefixes")
        self.reload(path)

    def reload_invalid(self):
        valid, marker = self.node.valid, self.node.file_marker
        text = policies.invalid(self.rng, self.node.fresh(self.rng)[0])
        self.node.write(text, None)
        self.note("reload of an invalid file", "reloads")
        answer = self.node.tg("reload")
        self.node.reload_failed = True
        self.node.turn()
        self.refused("reload of an invalid file", answer, (3,))
        self.stopping.wait(self.rng.choice((0, 0, 4)))
        self.node.write(valid, marker)
        if self.rng.random() < 0.7:
            self.node.turn()
            self.note("reload of the file as it was", "reloads")
            answer = self.node.tg("reload")
            self.node.reload_failed = answer.status != 0
            self.accepted("reload", answer, marker)

    def hangup(self):
        """SIGHUP, again and again: at the end the last file is in force."""
        node, n = self.node, self.rng.randrange(1, 8)
        self.note(f"{n} times SIGHUP", "reloads")
        markers = set(node.markers)
        for _ in range(n):
            text, marker = node.fresh(self.rng)
            node.write(text, marker)
            markers.add(marker)
            node.signal(signal.SIGHUP)
            self.stopping.wait(self.rng.choice((0, 0.05, 0.5)))
        node.reload_failed = False
        node.history, node.generation = [], None
        for _ in range(120):
            found = node.in_force()
            if not node.up() or (found and found[0] == marker):
                break
            time.sleep(0.25)
        node.changes += n
        node.settle("SIGHUP", {marker}, None)
        node.generation = None  # the last signal may still wait behind the reload that found the last file

    def set(self, save=False, what="set"):
        marker = self.node.marker()
        self.note(f"{what} marker capacity={marker}", "sets")
        answer = self.node.tg("set", "marker", f"capacity={marker}", *(["--save"] if save else []))
        if save and answer.status == 0:
            self.saved(marker)
        self.accepted(what, answer, marker)

    def set_save(self):
        self.set(True, "set --save")

    def saved(self, marker):
        with open(self.node.config, encoding="utf-8") as file:
            text = file.read()
        wanted = self.node.valid.replace(f"capacity: {self.node.file_marker}, rate: 1000/s", f"capacity: {marker}, rate: 1000/s")
        if self.report.check("saved", text == wanted, f"{self.node.name}: set --save made another file"):
            self.node.valid, self.node.file_marker = text, marker
        else:
            self.node.write(self.node.valid, self.node.file_marker)

    def full_disk(self):
        """set --save where nothing more can be written: in force, not saved, and the file as it was."""
        node, marker = self.node, self.node.marker()
        self.note("set --save on a full disk", "full disks")
        with open(f"{node.directory}/filler", "wb", buffering=0) as file:
            for size in (65536, 4096, 1):
                try:
                    while file.write(bytes(size)) == size:
                        pass
                except OSError:
                    pass
        answer = node.tg("set", "marker", f"capacity={marker}", "--save")
        os.unlink(f"{node.directory}/filler")
        with open(node.config, encoding="utf-8") as file:
            same = file.read() == node.valid
        self.report.check("saved", same and answer.status != 0 and os.listdir(node.directory) == ["tidegate.yaml"],
                          f"{node.name}: on a full disk: exit status {answer.status}, the file is {'as before' if same else 'another'}, there are"
                          f" {os.listdir(node.directory)}: {answer.text}")  # fmt: skip
        node.history, node.generation = [], None
        node.settle("set --save on a full disk", {marker} | node.markers, None)

    def shadow(self):
        node, word = self.node, self.rng.choice(("on", "off"))
        self.note(f"shadow {word}", "sets")
        answer = node.tg("shadow", word, "flood", "flood-all")
        self.report.check("changes", answer.status == 0, f"{node.name}: shadow {word}: exit status {answer.status}: {answer.text}")
        node.history, node.generation = [], None  # nothing is changed where they were so before
        node.settle(f"shadow {word}", node.markers, None)

    def apply(self):
        """With --confirm: confirmed, gone back from, or left to itself."""
        node, kind = self.node, self.rng.choice(("plain", "confirm", "rollback", "timeout", "other change"))
        path = f"{self.world.directory}/apply-{node.number}.yaml"
        text, marker = node.fresh(self.rng)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o600)
        self.note(f"apply {marker}, {kind}", "applies")
        before = set(node.markers)
        began = time.monotonic()
        answer = node.tg("apply", path, *([] if kind == "plain" else ["--confirm", "6s" if kind == "timeout" else "60s"]))
        node.reload_failed = None if node.reload_failed else False
        if kind == "timeout" and time.monotonic() - began > 2:  # it may go back at any time
            node.settle(f"apply, {kind}", set(), None)
        else:
            self.accepted(f"apply, {kind}", answer, marker)
        if kind == "plain" or answer.status:
            return
        node.pending = True
        node.turn()
        self.stopping.wait(self.rng.random() * 3)
        if kind == "timeout":
            end = time.monotonic() + 20
            while node.up() and time.monotonic() < end:
                node.changing = time.monotonic() - began > 4
                found = node.in_force()
                if found and found[0] != marker:
                    break
                time.sleep(0.2)
            node.pending = False
            node.turn()
            node.history, node.generation = [], None
            node.settle("apply --confirm that nobody confirms", before, None)
            return
        if kind == "other change":
            self.refused("set while a change waits", node.tg("set", "marker", "capacity=99"), (1, 4))
            kind = "confirm"
        answer = node.tg(kind)
        node.pending = False
        node.turn()
        self.report.check("changes", answer.status == 0, f"{node.name}: {kind}: exit status {answer.status}: {answer.text}")
        if kind == "rollback":
            node.history, node.generation = node.history[:-1], None
        node.settle(kind, {marker} if kind == "confirm" else before, None)

    def rollback(self):
        node = self.node
        if not node.history or node.history[-1] is None:
            return
        before = node.history.pop()
        self.note(f"rollback to {before}", "applies")
        answer = node.tg("rollback")
        self.report.check("changes", answer.status == 0, f"{node.name}: rollback: exit status {answer.status}: {answer.text}")
        node.reload_failed = None if node.reload_failed else False
        node.generation = None
        node.settle("rollback", {before}, None)

    def diff(self):
        path = f"{self.world.directory}/apply-{self.node.number}.yaml"
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.node.fresh(self.rng)[0])
        os.chmod(path, 0o600)
        self.note("diff")
        self.refused("diff", self.node.tg("diff", path), (0,))

    # entries and buckets

    def entries(self):
        node, which = self.node, self.rng.choice(("deny", "allow"))
        prefixes = sorted(set(policies.prefixes(self.rng, self.rng.choice((1, 1, 10, 3000)))))
        self.note(f"{which} add, del of {len(prefixes)}", "entries")
        extra = self.rng.choice(([], ["--for", "10m"], ["--for", "1s"], ["--note", "soak"]))
        answer = node.tg(which, "add", "-", *extra, stdin="\n".join(prefixes) + "\n")
        self.report.check("changes", answer.status == 0, f"{node.name}: {which} add: exit status {answer.status}: {answer.text}")
        if self.rng.random() < 0.5:
            node.tg(which, "list")
        answer = node.tg(which, "del", "-", stdin="\n".join(prefixes) + "\n")
        self.report.check("changes", answer.status in (0, 6), f"{node.name}: {which} del: exit status {answer.status}: {answer.text}")
        node.settle(f"{which} add and del", node.markers, 0)

    def reset(self):
        arguments = self.rng.choice((["10.77.128.1"], ["--limit", "flood"], ["--limit", "flood-all"], ["11.1.2.3", "--limit", "flood"]))
        self.note(f"reset {' '.join(arguments)}", "entries")
        answer = self.node.tg("reset", *arguments)
        self.report.check("changes", answer.status in (0, 6), f"{self.node.name}: reset: exit status {answer.status}: {answer.text}")

    def look(self):
        for _ in range(self.rng.randrange(1, 6)):
            arguments = self.rng.choice((["status"], ["limits"], ["cluster"], ["top"], ["why", "10.77.1.1"], ["why", "fd77:f::1"], ["events"], ["version"], ["deny", "list"],
                                         ["charge", "key", "soak", "--state", self.node.state]))  # fmt: skip
            answer = self.node.tg(*arguments, *self.rng.choice(([], ["--json"])))
            self.report.check("answers", answer.status in (0, 10) or self.node.short, f"{self.node.name}: {arguments[0]}: exit status {answer.status}: {answer.text}")

    # life and death

    def restart(self, why):
        """With a valid file, which is then in force."""
        node = self.node
        if node.file_marker is None:
            node.write(*node.fresh(self.rng))
        self.stopping.wait(self.rng.choice((0, 0.3, 2)))
        self.note(f"start {why}", "starts")
        node.start()
        if node.up():
            node.settle(f"start {why}", node.markers, None)

    def killed(self):
        self.note("kill -9", "kills")
        self.node.end(signal.SIGKILL, -signal.SIGKILL)
        self.restart("after kill -9")

    def killed_in_change(self):
        """kill -9 somewhere in a reload, a start or a set."""
        node = self.node
        text, marker = node.fresh(self.rng)
        node.write(text, marker)
        delay = self.rng.random() ** 2 * 1.5
        self.note(f"kill -9 {delay:.2f} s into a reload", "kills")
        client = subprocess.Popen([self.world.command, "--control", node.control, *self.rng.choice((["reload"], ["set", "marker", "capacity=77"]))],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        time.sleep(delay)
        node.end(signal.SIGKILL, -signal.SIGKILL)
        client.wait()
        self.restart("after kill -9 in a change")

    def killed_in_start(self):
        node = self.node
        self.note("SIGUSR1, and kill -9 in the next start", "kills")
        node.end(signal.SIGUSR1, 0)
        timer = threading.Timer(self.rng.random() * 2, lambda: node.process.kill())
        node.ending = True
        with open(node.log, "a", encoding="utf-8") as log:
            node.process = subprocess.Popen([self.world.daemon, "--config", node.config, "--control", node.control, "--state", node.state, "--metrics", "none"],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # fmt: skip
        timer.start()
        node.process.wait(30)
        timer.join()
        self.restart("after kill -9 in a start")

    def handed_over(self):
        self.note("SIGUSR1", "starts")
        self.node.end(signal.SIGUSR1, 0)
        self.restart("after SIGUSR1")

    def stopped(self):
        """on_stop: keep"""
        self.note("SIGTERM", "starts")
        self.node.end(signal.SIGTERM, 0)
        self.restart("after SIGTERM")

    def frozen(self):
        seconds = self.rng.choice((0.3, 1.5, 4))
        self.note(f"SIGSTOP for {seconds} s", "starts")
        node, ready = self.node, self.node.ready_at
        node.ready_at = None
        node.ending = True
        node.signal(signal.SIGSTOP)
        self.stopping.wait(seconds)
        node.signal(signal.SIGCONT)
        node.ending, node.ready_at = False, ready and time.monotonic()

    # what is short

    def few_descriptors(self):
        node, pid = self.node, self.node.process.pid
        seconds = self.rng.choice((1, 4))
        self.note(f"no descriptors for {seconds} s", "short of descriptors")
        soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        node.short = True
        have = len(os.listdir(f"/proc/{pid}/fd"))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (have + self.rng.choice((0, 1, 2, 5)), hard))
        try:
            kernel.ip("link add cvd type veth peer name pcvd", "link set cvd up")
            self.stopping.wait(seconds / 2)
            node.tg("reload", timeout=10)
            self.stopping.wait(seconds / 2)
            kernel.ip("link del cvd")
        finally:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
        time.sleep(1.5)
        answer = node.tg("reload")
        node.short = False
        node.reload_failed = answer.status != 0
        node.history, node.generation = [], None
        self.report.check("changes", answer.status == 0, f"{node.name}: reload with descriptors again: exit status {answer.status}: {answer.text}")
        node.settle("a reload with descriptors again", {node.file_marker}, None)


WEIGHTS = {
    "reload": 14, "reload_huge": 3, "reload_invalid": 5, "hangup": 4, "set": 10, "set_save": 4, "full_disk": 3, "shadow": 4, "apply": 8, "rollback": 3,
    "diff": 2, "entries": 8, "reset": 4, "look": 6, "killed": 4, "killed_in_change": 5, "killed_in_start": 2, "handed_over": 2, "stopped": 2, "frozen": 2,
    "few_descriptors": 3,
}  # fmt: skip
# Not on the last node, whose daemon lives so long that its memory can be judged.
DEADLY = ["killed", "killed_in_change", "killed_in_start", "handed_over", "stopped"]

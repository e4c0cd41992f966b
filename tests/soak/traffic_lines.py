# SPDX-License-Identifier: GPL-2.0-or-later
"""What the process of the packets says, and what the nodes pass together of the limit that they share."""
import collections
import json
import os
import threading
import time

import policies

WINDOW = 20  # s


class Lines:
    def __init__(self, world, started):
        self.world, self.report = world, world.report
        self.process, self.commands, self.lines = started
        self.lock, self.token, self.answers = threading.Lock(), 0, {}
        self.came = threading.Condition()
        self.state = {"flows": [], "late": 0}
        self.seconds = collections.defaultdict(dict)  # packets by second and node
        self.up = {}  # how many daemons answered, by second
        self.ended = False
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def tell(self, line):
        with self.lock:
            if not self.ended:
                self.commands.write(line + "\n")

    def read(self):
        for line in self.lines:
            message = json.loads(line)
            kind = message["kind"]
            if kind == "ok":
                self.report.ok(message["what"], message["n"])
            elif kind == "wrong":
                self.report.wrong(message["what"], message["text"])
            elif kind == "unjudged":
                self.report.unjudged(message["what"], message["text"])
            elif kind == "second":
                self.seconds[message["second"]][message["node"]] = message["passed"]
            elif kind == "counts":
                with self.came:
                    self.answers[message["token"]] = message["flows"]
                    self.came.notify_all()
            elif kind == "state":
                self.state = message
                self.report.ok("once", 1)
                self.report.measure("a packet's way (s)", message["worst"])
                self.judge()
            elif kind == "died":
                self.report.wrong("soak", f"the packets end: {message['text']}")
                self.world.stopping.set()

    def counts(self):
        with self.came:
            self.token += 1
            token = str(self.token)
            self.tell(f"counts {token}")
            self.came.wait_for(lambda: token in self.answers, 10)
            return self.answers.pop(token, None)

    def judge(self):
        """In the long run all nodes pass what one bucket passes, wherever the packets went. A node without a daemon adds its part.
        Whenever one comes or goes, the others may pass for a moment what they do not hear of."""
        world, now = self.world, int(time.monotonic())
        rate, capacity = policies.TOGETHER["rate"], policies.TOGETHER["capacity"]
        self.up[now] = sum(node.up() for node in world.nodes)
        end = now - 4
        seconds = range(end - WINDOW, end)
        for old in [each for each in self.up if each < end - 2 * WINDOW]:
            self.up.pop(old)
            self.seconds.pop(old, None)
        if end % 5 or not set(seconds) <= set(self.up):
            return
        turns = len({int(at) // 3 for at in list(world.turns) if seconds[0] - 2 <= at <= now})
        passed = sum(sum(self.seconds[second].values()) for second in seconds)
        if self.state["worst"] > 0.1 or any(node.starved() for node in world.nodes):
            self.report.unjudged("cluster", "packets were late, or a daemon had no processor")
            return
        dead = policies.NODES - min(self.up[second] for second in seconds)
        most = rate * WINDOW * (1 + dead / policies.NODES) + 3 * capacity + turns * 2 * (capacity + rate) + 0.1 * rate * WINDOW
        least = 0 if turns else 0.6 * rate * WINDOW
        self.report.measure("shared, of the rate" if not turns else "shared, of the rate, disturbed", passed / (rate * WINDOW))
        self.report.check("cluster", least <= passed <= most,
                          f"{passed} packets in {WINDOW} s, allowed were {least:.0f} to {most:.0f}; {turns} turns, {dead} dead")  # fmt: skip

    def sent(self):
        return sum(each[3] for each in self.state["flows"])

    def passed(self):
        return sum(each[4] for each in self.state["flows"])

    def late(self):
        return self.state["late"]

    def quit(self):
        self.tell("quit")
        self.thread.join(10)
        with self.lock:
            self.ended = True
        try:
            os.waitpid(self.process, 0)
        except ChildProcessError:
            pass

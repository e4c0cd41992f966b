# SPDX-License-Identifier: GPL-2.0-or-later
"""What was checked, what was found wrong and what was done before, and the lines that say so."""
import collections
import threading
import time

SHOWN = 5  # of what is wrong with one invariant


class Report:
    def __init__(self, directory, seed):
        self.seed = seed
        self.begin = time.monotonic()
        self.lock = threading.Lock()
        self.good, self.late = collections.Counter(), collections.Counter()
        self.bad = collections.defaultdict(list)
        self.done = collections.Counter()
        self.last = collections.deque(maxlen=12)
        self.log = open(f"{directory}/actions.log", "w", buffering=1, encoding="utf-8")
        self.worst = {}  # of what is measured and not judged

    def at(self):
        return time.monotonic() - self.begin

    def act(self, who, what, kind=None):
        """Notes an action, with how it ended if it is noted again."""
        line = f"{self.at():8.2f} {who}: {what}"
        with self.lock:
            if kind:
                self.done[kind] += 1
            self.last.append(line)
            self.log.write(line + "\n")

    def ok(self, invariant, n=1):
        with self.lock:
            self.good[invariant] += n

    def unjudged(self, invariant, why):
        """Nothing can be said, because the machine was too slow or what was done leaves it open."""
        with self.lock:
            self.late[invariant] += 1
            self.log.write(f"{self.at():8.2f} not judged: {invariant}: {why}\n")

    def wrong(self, invariant, what):
        with self.lock:
            before = list(self.last)
            self.bad[invariant].append((self.at(), what, before))
            self.log.write(f"{self.at():8.2f} WRONG: {invariant}: {what}\n")
            many = len(self.bad[invariant])
        if many <= SHOWN:
            print(f"not ok {invariant}: at {self.at():.1f} s: {what}", flush=True)
            if many == 1:
                print("".join(f"    {line}\n" for line in before[-8:]), end="", flush=True)

    def check(self, invariant, true, what):
        """What is a text, or a function that makes one."""
        if true:
            self.ok(invariant)
        else:
            self.wrong(invariant, what() if callable(what) else what)
        return bool(true)

    def measure(self, name, value):
        with self.lock:
            self.worst[name] = max(self.worst.get(name, value), value)

    def failures(self):
        return sum(len(each) for each in self.bad.values())

    def finish(self, promised):
        """One line for each invariant that was promised; the numbers of those that held, did not, and could not be judged."""
        counts = [0, 0, 0]
        for invariant in promised:
            good, bad, late = self.good[invariant], len(self.bad[invariant]), self.late[invariant]
            if bad:
                counts[1] += 1
                print(f"not ok {invariant}: {bad} times, {good} times as it should be")
            elif good:
                counts[0] += 1
                print(f"ok {invariant} ({good} checks" + (f", {late} not judged)" if late else ")"))
            else:
                counts[2] += 1
                print(f"skipped {invariant}: never judged" + (f", {late} times because the machine was slow or the time too restless" if late else ", the time was too short"))
        for invariant in self.bad:
            if invariant not in promised:
                counts[1] += 1
                print(f"not ok {invariant}: {len(self.bad[invariant])} times")
        return counts

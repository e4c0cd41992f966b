# SPDX-License-Identifier: GPL-2.0-or-later
"""The Redis where the nodes meet, and what is done to it."""
import os
import signal
import socket
import subprocess
import threading
import time


class Store:
    def __init__(self, world):
        self.world, self.report = world, world.report
        self.path = world.paths["redis"]
        self.process, self.good_since, self.bad_since, self.stopped = None, None, None, False

    def start(self):
        with open(f"{self.world.directory}/redis.log", "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                ["redis-server", "--port", "0", "--unixsocket", self.path, "--unixsocketperm", "700", "--save", "", "--appendonly", "no",
                 "--dir", self.world.directory, "--daemonize", "no"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # fmt: skip
        for _ in range(400):
            if self.command("PING")[:5] == b"+PONG":
                break
            time.sleep(0.05)
        else:
            raise RuntimeError("redis-server does not answer")
        self.good()

    def command(self, *words):
        """The beginning of its reply, b"" if there is none."""
        words = [word if isinstance(word, bytes) else word.encode() for word in words]
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(2)
                client.connect(self.path)
                client.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
                return client.recv(65536)
        except OSError:
            return b""

    def kill(self):
        self.bad()
        if self.process:
            self.process.kill()
            self.process.wait()

    def good_for(self):
        """s since nothing was done to it; 0 while something is."""
        since = self.good_since
        return time.monotonic() - since if since else 0

    @property
    def gone(self):
        """No Redis answers, so that no node can hear another."""
        return self.bad_since and (self.process.poll() is not None or self.stopped)

    def bad_for(self):
        since = self.bad_since
        return time.monotonic() - since if since else 0

    def bad(self):
        self.good_since, self.bad_since = None, self.bad_since or time.monotonic()

    def good(self):
        self.good_since, self.bad_since = time.monotonic(), None

    # what is done to it

    def outage(self, rng):
        seconds = rng.choice((0.1, 1, 3, 6, 12))
        self.report.act("store", f"killed for {seconds} s", "store")
        self.kill()
        self.world.wait(seconds)
        self.start()

    def stop(self, rng):
        seconds = rng.choice((0.2, 0.6, 1.5, 8))
        self.report.act("store", f"stopped for {seconds} s", "store")
        self.bad()
        self.stopped = True
        self.process.send_signal(signal.SIGSTOP)
        self.world.wait(seconds)
        self.stopped = False
        self.process.send_signal(signal.SIGCONT)
        self.good()

    def garbage(self, rng):
        key = f"tg1:{{soak}}:f:node-{rng.randrange(1, 4)}"
        self.report.act("store", f"garbage in {key}", "store")
        self.bad()
        for _ in range(rng.randrange(1, 30)):
            choice = rng.randrange(4)
            if choice == 0:
                self.command("SET", key, rng.randbytes(rng.choice((0, 1, 40, 5000, 400000))))
            elif choice == 1:
                self.command("SADD", "tg1:{soak}:m", rng.randbytes(rng.choice((1, 20, 200))))
            elif choice == 2:
                self.command("DEL", key)
            else:
                self.command("SET", "tg1:{soak}:m", "no set")
            time.sleep(rng.random() / 20)
        self.command("DEL", "tg1:{soak}:m")
        self.good()

    def flush(self, rng):
        self.report.act("store", "everything deleted", "store")
        self.bad()
        self.command("FLUSHALL")
        self.good()

    def impostor(self, rng):
        """Something else listens at its socket."""
        seconds, kind = rng.choice((0.5, 2, 5)), rng.randrange(3)
        self.report.act("store", f"for {seconds} s something else listens at its socket, kind {kind}", "store")
        self.kill()
        if os.path.exists(self.path):
            os.unlink(self.path)
        end = time.monotonic() + seconds
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.path)
            listener.listen(64)
            listener.settimeout(0.2)
            clients = []
            while time.monotonic() < end and not self.world.stopping.is_set():
                try:
                    client = listener.accept()[0]
                except TimeoutError:
                    continue
                clients.append(client)
                client.settimeout(0.1)
                if kind:
                    threading.Thread(target=self.babble, args=(client, rng.randbytes(2000), kind), daemon=True).start()
            for client in clients:
                client.close()
        os.unlink(self.path)
        self.start()

    @staticmethod
    def babble(client, noise, kind):
        try:
            for i in range(40):
                client.sendall(noise if kind == 1 else (b"+OK\r\n", b"*1000000\r\n", b"$-1\r\n", b":1\r\n", b"-ERR no\r\n")[i % 5])
                time.sleep(0.05)
        except OSError:
            pass

    def act(self, rng):
        rng.choice((self.outage, self.outage, self.stop, self.garbage, self.flush, self.impostor))(rng)

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

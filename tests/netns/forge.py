#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Someone who can write to the store: does an ATTACK on a cluster through the server's SOCKET.

    forge.py SOCKET CLUSTER damage NODE SECONDS          NODE's frames, each with one bit turned
    forge.py SOCKET CLUSTER silence NODE SECONDS         NODE's frames are taken out
    forge.py SOCKET CLUSTER forge NODE SECONDS TOKENS [KEYFILE]
                                                         frames of NODE with TOKENS more each time, signed with another key
    forge.py SOCKET CLUSTER ghost NAME SECONDS TOKENS NODE [KEYFILE]
                                                         likewise of a node that is not there, after NODE's frame
    forge.py SOCKET CLUSTER replay NODE SECONDS          frames of NODE, noted in the first half of the time, over and over
    forge.py SOCKET CLUSTER garbage NODE SECONDS SEED    NODE's frames with random changes and right sums, and random bytes
    forge.py SOCKET CLUSTER huge NODE MEGABYTES          one value in NODE's place
    forge.py SOCKET CLUSTER members N                    so many names, and some that are none
    forge.py SOCKET CLUSTER types NODE                   lists where texts should be, a text where the set should
Prints how many frames were written, and from when to when, ms on CLOCK_MONOTONIC.
"""
import hmac
import random
import socket
import struct
import sys
import time

MAGIC = b"tidegf\x00\x01"


class Redis:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.file = self.socket.makefile("rb")

    def reply(self):
        line = self.file.readline()[:-2]
        kind, rest = line[:1], line[1:]
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.reply() for _ in range(int(rest))]
        return line

    def __call__(self, *words):
        words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(w), w) for w in words))
        return self.reply()


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


class Frame:
    """See user/cluster/frame.c."""

    def __init__(self, data):
        assert data[:8] == MAGIC, data[:8]
        self.epoch, self.seq, entries, limits, self.flags, length = struct.unpack_from("<QQIHBB", data, 8)
        at = 32 + length
        self.node = data[32:at]
        self.limits = []
        for _ in range(limits):
            length = data[at + 8]
            self.limits.append(data[at:at + 9 + length])
            at += 9 + length
        self.entries = [[data[at + 29 * i:at + 29 * i + 21], struct.unpack_from("<Q", data, at + 29 * i + 21)[0]]
                        for i in range(entries)]

    def encode(self, key=None):
        data = MAGIC + struct.pack("<QQIHBB", self.epoch, self.seq, len(self.entries), len(self.limits),
                                   1 if key else 0, len(self.node)) + self.node
        data += b"".join(self.limits) + b"".join(e[0] + struct.pack("<Q", e[1]) for e in self.entries)
        if key:
            data += hmac.digest(key, data, "sha256")[:16]
        return data + struct.pack("<I", crc32c(data))

    def add(self, tokens):
        self.seq += 1
        for entry in self.entries:
            entry[1] += tokens


class Attack:
    def __init__(self, path, cluster):
        self.redis = Redis(path)
        self.cluster = cluster
        self.written = 0

    def key(self, node):
        return f"tg1:{{{self.cluster}}}:f:{node}"

    def get(self, node):
        """Its frame, which is not always there."""
        while True:
            data = self.redis("GET", self.key(node))
            if data and data[:8] == MAGIC:
                return data
            time.sleep(0.001)

    def put(self, node, data):
        self.redis("SET", self.key(node), data, "PX", 3000)
        self.written += 1

    def during(self, seconds, pause=0.002):
        end = time.monotonic() + float(seconds)
        while time.monotonic() < end:
            yield
            time.sleep(pause)

    def damage(self, node, seconds):
        for _ in self.during(seconds):
            data = bytearray(self.get(node))
            data[random.randrange(8, len(data))] ^= 1 << random.randrange(8)
            self.put(node, bytes(data))

    def silence(self, node, seconds):
        for _ in self.during(seconds):
            self.redis("DEL", self.key(node))

    def series(self, node, frame, seconds, tokens, keyfile):
        key = open(keyfile, "rb").read().strip() if keyfile else None
        frame.seq += 1 << 40
        for _ in self.during(seconds):
            frame.add(int(tokens))
            self.put(node, frame.encode(key))

    def forge(self, node, seconds, tokens, keyfile=None):
        frame = Frame(self.get(node))
        self.series(node, frame, seconds, tokens, keyfile)

    def ghost(self, name, seconds, tokens, node, keyfile=None):
        frame = Frame(self.get(node))
        frame.node, frame.epoch = name.encode(), 7
        self.redis("SADD", f"tg1:{{{self.cluster}}}:m", name)
        self.series(name, frame, seconds, tokens, keyfile)

    def replay(self, node, seconds):
        noted = []
        for _ in self.during(float(seconds) / 2):
            data = self.get(node)
            if not noted or noted[-1] != data:
                noted.append(data)
        for i, _ in enumerate(self.during(float(seconds) / 2)):
            self.put(node, noted[i % len(noted)])

    def garbage(self, node, seconds, seed):
        rng, frame = random.Random(int(seed)), Frame(self.get(node))
        for i, _ in enumerate(self.during(seconds, 0.005)):
            frame.add(rng.randrange(3))
            data = bytearray(frame.encode())
            if i % 4 == 0:
                data = bytearray(rng.randbytes(rng.randrange(400)))
            elif i % 4 == 1:
                data = data[:rng.randrange(len(data))]
            else:
                for _ in range(rng.randrange(1, 6)):
                    data[rng.randrange(8, len(data) - 4)] = rng.choice((0, 1, 127, 128, 255, rng.randrange(256)))
                data[-4:] = struct.pack("<I", crc32c(data[:-4]))
            self.put(node, bytes(data))

    def huge(self, node, megabytes):
        self.redis("SET", self.key(node), MAGIC + bytes(int(megabytes) << 20))
        self.written += 1

    def members(self, n):
        names = [f"made-up-{i}" for i in range(int(n))] + ["", "a b", "x" * 64, "x" * 100000, "a:b", "\r\nPING\r\n", "\xff"]
        for i in range(0, len(names), 1000):
            self.redis("SADD", f"tg1:{{{self.cluster}}}:m", *names[i:i + 1000])

    def types(self, node):
        self.redis("DEL", self.key(node), f"tg1:{{{self.cluster}}}:m")
        self.redis("RPUSH", self.key(node), "a", "b")
        self.redis("SET", f"tg1:{{{self.cluster}}}:m", "no set")


def main():
    path, cluster, what, *rest = sys.argv[1:]
    attack = Attack(path, cluster)
    begin = time.monotonic()
    getattr(attack, what)(*rest)
    print(attack.written, *(round(1000 * t, 3) for t in (begin, time.monotonic())))


if __name__ == "__main__":
    main()

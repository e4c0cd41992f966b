#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""walkers.py CONTROL N: as a member of the daemon's group, N clients that have the whole table looked through, each for something else,
over and over, until killed. Prints "ready" once all have asked."""
import os
import selectors
import socket
import sys


def main():
    path, n = sys.argv[1], int(sys.argv[2])
    os.setgroups([os.getegid()])
    os.setgid(65534)
    os.setuid(65534)
    selector = selectors.DefaultSelector()
    for i in range(n):
        client = socket.socket(socket.AF_UNIX)
        client.connect(path)
        client.sendall(b'{"command": "top", "n": %d}\n' % (i + 1))
        selector.register(client, selectors.EVENT_READ, i)
    print("ready", flush=True)
    while True:
        for key, _ in selector.select():
            received = key.fileobj.recv(1 << 20)
            if not received:
                selector.unregister(key.fileobj)
            elif received.endswith(b"\n"):
                key.fileobj.sendall(b'{"command": "top", "n": %d}\n' % (key.data + 1))


main()

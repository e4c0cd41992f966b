#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""burst.py send TO PORT N: N datagrams as fast as they go, numbered.
burst.py receive ADDRESS PORT SECONDS: prints "ready", then a line "NUMBER MILLISECONDS" for each that comes in that
time from the first on, which is waited for a minute."""
import socket
import sys
import time


def open_socket(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.socket(family, socket.SOCK_DGRAM)


def send(to, port, n):
    with open_socket(to) as s:
        for i in range(n):
            s.sendto(b"%d" % i, (to, port))


def receive(address, port, seconds):
    with open_socket(address) as s:
        s.bind((address, port))
        print("ready", flush=True)
        end = None
        while (left := end - time.monotonic() if end else 60) > 0:
            s.settimeout(left)
            try:
                number = int(s.recv(100))
            except TimeoutError:
                break
            now = time.monotonic()
            end = end or now + seconds
            print(number, int(now * 1000), flush=True)


{"send": send, "receive": receive}[sys.argv[1]](sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))

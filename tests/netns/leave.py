#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""leave.py HOST PORT KEY: clients that go away while they wait, in less time than they would have waited."""
import socket
import sys
import time
import urllib.request

host, port, key = sys.argv[1], int(sys.argv[2]), sys.argv[3]
CLIENTS, SOONEST_END = 30, 1.4  # s: sleeps of 0.1, 0.2, 0.4 and 0.8 are made before a wait of 2 s is given up


def check(name, true):
    print("ok" if true else "not ok", name, flush=True)


def waiting():
    with urllib.request.urlopen(f"http://{host}:{port}/waiting", timeout=10) as reply:
        return int(reply.read())


for attempt in range(5):
    started = time.monotonic()
    clients = [socket.create_connection((host, port)) for _ in range(CLIENTS)]
    for client in clients:
        client.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nX-Api-Key: {key}\r\nPrefer: wait=2\r\n\r\n".encode())
    time.sleep(0.2)
    before = waiting()
    for client in clients:
        client.close()
    time.sleep(0.4)
    after, took = waiting(), time.monotonic() - started
    if took < SOONEST_END:
        break
    time.sleep(3)
check(f"many wait: {before}", before >= CLIENTS / 2)
check(f"who goes away frees its place: {after} after {took:.2f} s", after == 0 and took < SOONEST_END)

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""http_load.py ask HOST PORT N | silent HOST PORT N | control PATH N | raw HOST PORT TEXT

ask: N connections that ask for /healthz and /metrics as fast as they are answered, until killed. silent: N connections that say nothing,
opened anew when they are closed, until killed. Both as nobody. control: the median time of N answers of the control socket, in ms. raw: sends
the text and prints what comes until the end, 5 s at most.
"""
import os
import selectors
import socket
import statistics
import sys
import time

ASKED = [f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() for path in ("/healthz", "/metrics")]


def connect(selector, address, talks):
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(address)
    selector.register(client, selectors.EVENT_WRITE if talks else selectors.EVENT_READ, [0, b""])


def serve(selector, key, address, talks):
    client, state = key.fileobj, key.data
    try:
        if key.events & selectors.EVENT_WRITE:
            client.send(ASKED[state[0] % 2])
            state[0] += 1
            selector.modify(client, selectors.EVENT_READ, state)
            return
        received = client.recv(1 << 20)
    except OSError:
        received = b""
    if not received:
        selector.unregister(client)
        client.close()
        connect(selector, address, talks)
        return
    state[1] += received
    head, end, body = state[1].partition(b"\r\n\r\n")
    if not end:
        return
    length = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    if length and len(body) >= int(length[0].split(b":")[1]):
        state[1] = b""
        selector.modify(client, selectors.EVENT_WRITE, state)


def crowd(address, n, talks):
    os.setgid(65534)
    os.setuid(65534)
    selector = selectors.DefaultSelector()
    for _ in range(n):
        connect(selector, address, talks)
    print("ready", flush=True)
    while True:
        for key, _ in selector.select():
            serve(selector, key, address, talks)


def control(path, n):
    times = []
    for _ in range(n):
        began = time.monotonic()
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(10)
            client.connect(path)
            client.sendall(b'{"command": "version"}\n')
            client.recv(65536)
        times.append((time.monotonic() - began) * 1000)
        time.sleep(0.05)
    print(f"{statistics.median(times):.0f}")


def raw(address, text):
    with socket.create_connection(address, 5) as client:
        client.sendall(text.encode().decode("unicode_escape").encode())
        while received := client.recv(65536):
            sys.stdout.write(received.decode())


def main():
    what = sys.argv[1]
    if what == "control":
        control(sys.argv[2], int(sys.argv[3]))
    elif what == "raw":
        raw((sys.argv[2], int(sys.argv[3])), sys.argv[4])
    else:
        crowd((sys.argv[2], int(sys.argv[3])), int(sys.argv[4]), what == "ask")


main()

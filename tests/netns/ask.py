#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ask.py CONTROL PORT PID: as long as process PID runs, asks the control socket for the version and GET /healthz; prints as JSON
how many times, and for both the median, the 90th percentile and the longest time in ms."""
import json
import os
import socket
import sys
import time

control, port, pid = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def running():
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def ask(family, address, text, end):
    begin = time.monotonic()
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.settimeout(60)
        s.connect(address)
        s.sendall(text)
        got = b""
        while end not in got:
            piece = s.recv(65536)
            if not piece:
                sys.exit(f"no answer: {got!r}")
            got += piece
    return (time.monotonic() - begin) * 1000


def summary(times):
    times.sort()
    return {
        "median": round(times[len(times) // 2], 2),
        "p90": round(times[len(times) * 9 // 10], 2),
        "max": round(times[-1], 2),
    }


by_control, by_http = [], []
os.sched_yield()
while running() or not by_http:
    by_control.append(ask(socket.AF_UNIX, control, b'{"command": "version"}\n', b"\n"))
    by_http.append(ask(socket.AF_INET, ("127.0.0.1", port), b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\r\n\r\nok"))
    time.sleep(0.02)
print(json.dumps({"n": len(by_http), "control": summary(by_control), "http": summary(by_http)}))

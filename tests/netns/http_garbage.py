# SPDX-License-Identifier: GPL-2.0-or-later
"""http_garbage.py HOST PORT N: sends N requests, most of them damaged; prints how many got which status.

`strangers`: answered with 200 although their only Host is another's.
"""
import collections
import random
import re
import socket
import sys

GOOD = [
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /api/why?address=10.77.1.1 HTTP/1.1\r\nHost: [::1]:9\r\n\r\n",
    b"GET /api/top?limit=each&n=5&by=admitted HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: none\r\nContent-Length: 3\r\n\r\nabc",
    b"GET http://evil.example/api/limits HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    b"HEAD /metrics HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /api/status HTTP/1.1\r\nHost: evil.example\r\n\r\n",
]
PIECES = [b"%", b"%00", b"&", b"=", b"\r\n", b"\0", b"A" * 300, b"%ff", b":", b"["]


def damage(request):
    for _ in range(random.choice([0, 1, 1, 2, 5, 20])):
        at = random.randrange(len(request))
        kind = random.randrange(4)
        if kind == 0:
            request[at] = random.randrange(256)
        elif kind == 1:
            request[at:at] = random.choice(PIECES)
        elif kind == 2 and len(request) > 20:
            del request[at:at + random.randrange(9)]
        else:
            request += random.choice(GOOD)
    return bytes(request)


def answer(address, request):
    with socket.create_connection(address, timeout=5) as connection:
        connection.settimeout(0.03)  # those that are not complete wait for more
        try:
            connection.sendall(request)
            return connection.recv(65536)
        except OSError:
            return b""


def main():
    random.seed(7)
    address, counts = (sys.argv[1], int(sys.argv[2])), collections.Counter(strangers=0)
    for _ in range(int(sys.argv[3])):
        request = damage(bytearray(random.choice(GOOD)))
        status = answer(address, request)[9:12].decode("latin-1")
        counts[status or "none"] += 1
        counts["strangers"] += status == "200" and not re.search(rb"(?i)localhost|\[::1\]|127\.0\.0\.1", request)
    for status, n in sorted(counts.items()):
        print(status, n)


main()

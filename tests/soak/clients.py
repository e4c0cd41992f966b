# SPDX-License-Identifier: GPL-2.0-or-later
"""Who else talks to a daemon: scrapers, and clients that behave badly. Each function is the loop of a thread in a node's namespace."""
import http.client
import os
import re
import socket
import threading
import time

import node as nodes

ANSWER = 10  # s: Prometheus' scrape_timeout
LINE = re.compile(r'^(\w+)(?:\{(.*)\})? (\S+)$')


class Silent(Exception):
    pass


def get(path, timeout=ANSWER):
    """Status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", nodes.METRICS, timeout=timeout)
    try:
        connection.request("GET", path)
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    finally:
        connection.close()


def metrics(text):
    """By name and labels as written, a number each."""
    found = {}
    for line in text.splitlines():
        match = LINE.match(line)
        if match:
            found[match[1] + (f"{{{match[2]}}}" if match[2] else "")] = float(match[3])
    return found


def scrape(node, rng, stopping):
    """As Prometheus and a health check do, and somebody who has the status page open."""
    while not stopping.wait(1 + rng.random()):
        path = rng.choice(("/metrics", "/metrics", "/healthz", "/healthz", "/api/status", "/api/limits", "/api/top", "/api/why?address=10.77.1.1", "/"))
        ready, began, failed = node.ready_at, time.monotonic(), None
        if not node.up() or node.short:
            continue
        try:
            status, body = get(path)
            if status != 200 and not (status == 503 and path in ("/api/top", "/api/why?address=10.77.1.1")):
                failed = f"status {status}: {body[:100]}"
        except (OSError, http.client.HTTPException) as error:
            failed = repr(error)
        if node.ready_at != ready or not node.up() or node.short:
            continue
        if failed and node.starved():
            node.report.unjudged("answers", f"{node.name}: the daemon had no processor")
            continue
        node.report.measure("HTTP (s)", time.monotonic() - began)
        node.report.check("answers", not failed, f"{node.name}: GET {path} after {time.monotonic() - began:.1f} s: {failed}")


def connect(node, http_):
    client = socket.socket(socket.AF_INET if http_ else socket.AF_UNIX)
    client.settimeout(1)
    client.connect(("127.0.0.1", nodes.METRICS) if http_ else node.control)
    return client


REQUESTS = [b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", b'{"command":"status"}\n',
            b'{"command":"why","address":"10.77.1.1"}\n', b'{"command":"top"}\n', b'{"command":"events"}\n']  # fmt: skip


def misbehave(node, rng, stopping):
    """Half requests, silence, garbage, and clients that ask and do not read."""
    while not stopping.wait(rng.random() * 4):
        kind, http_, n = rng.randrange(5), rng.random() < 0.6, rng.choice((1, 5, 40, 300))
        n = min(n, 100) if kind == 4 else min(n, 200) if not http_ else n  # they are root, and would take root's last places
        node.report.act(node.name, f"{n} clients of {'HTTP' if http_ else 'the control socket'}, kind {kind}", "clients")
        held = []
        end = time.monotonic() + rng.choice((0.5, 2, 15))
        while time.monotonic() < end and not stopping.is_set():
            try:
                while len(held) < n:
                    held.append(connect(node, http_))
                    talk(held[-1], kind, rng, http_)
                for client in held if kind == 4 else []:
                    client.send(rng.choice(REQUESTS))
            except OSError:  # nobody accepts it, or has closed it
                if held and kind != 0:
                    held.pop(0).close()
            stopping.wait(0.2)
        for client in held:
            client.close()


def talk(client, kind, rng, http_):
    if kind == 0:  # silent
        return
    if kind == 1:  # half a request
        request = rng.choice(REQUESTS)
        client.sendall(request[: rng.randrange(1, len(request))])
    elif kind == 2:  # garbage
        client.sendall(rng.choice((rng.randbytes(rng.randrange(1, 3000)), b"{" * 3000, b'{"command":"' + "é".encode() * 1000 + b'"}\n', b"\n" * 2000, b"null\n[]\n1\n",
                                   b'{"command":"set","limit":1}\n', b'{"command":"shadow","limits":[1,null]}\n', b'{"command":"deny"}\n')))  # fmt: skip
    elif kind == 3:  # asks, and does not read
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        client.settimeout(0.2)
        try:
            for _ in range(20):
                client.sendall(rng.choice(REQUESTS[:2] if http_ else REQUESTS[2:]))
        except TimeoutError:
            pass
    else:  # asks again and again: see above
        client.sendall(REQUESTS[1] if http_ else REQUESTS[2])


def in_thread(name, namespace, function, *arguments):
    """Runs it in a thread that stays in that network namespace."""
    import kernel

    def run():
        kernel.enter(namespace)
        function(*arguments)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread


def descriptors(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))

#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
"""
An HTTP server that keeps each API key to a limit of tidegate. Run: server.py PORT LIMIT [STATE_DIR].

    curl -i -H 'X-Api-Key: alice' http://localhost:8080/
    curl -i -H 'X-Api-Key: alice' -H 'Prefer: wait=2' http://localhost:8080/

The first is refused at once when alice has no tokens left; the second waits for up to 2 seconds. A real server would look
the key up first: one that anybody can make up is not worth a bucket.
"""
import re
import select
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import tidegate

WAIT_MAX_S = 2
BACKOFF_NS = 100_000_000  # 0.1 s, 0.2 s, 0.4 s ...


def seconds(ns):
    """Rounded up, so that who waits so long is not too early."""
    return -(-ns // 1_000_000_000)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def reply(self, code, text, headers=()):
        body = (text + "\n").encode()
        self.send_response(code)
        for name, value in headers:
            self.send_header(name, str(value))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def preferred_wait(self):
        """"Prefer: wait=2" (RFC 7240): how long the client would rather wait than be refused."""
        found = re.match(r"wait=(\d{1,9})", self.headers.get("Prefer", ""))
        return min(int(found[1]), WAIT_MAX_S) if found else 0

    def sleep(self, duration):
        """False as soon as the client has gone."""
        gone = select.poll()
        gone.register(self.connection, select.POLLRDHUP)  # not for what else it may have sent
        return not gone.poll(duration * 1000)

    def headers_of(self, answer):
        """What is usual, and what draft-ietf-httpapi-ratelimit-headers is to make of it."""
        limit, reset = self.server.limit, seconds(answer.reset_ns)
        headers = [("X-RateLimit-Limit", answer.limit), ("X-RateLimit-Remaining", answer.remaining), ("X-RateLimit-Reset", reset),
                   ("RateLimit-Policy", f'"{limit}";q={answer.limit};w={seconds(answer.window_ns)}'),
                   ("RateLimit", f'"{limit}";r={answer.remaining};t={reset}')]
        if not answer.admitted:
            headers.append(("Retry-After", seconds(answer.retry_after_ns)))
        return headers

    def do_GET(self):
        if self.path == "/waiting":
            return self.reply(200, str(self.server.gate.waiting()))
        key = self.headers.get("X-Api-Key")
        if not key:
            return self.reply(401, "which API key? send X-Api-Key")
        try:
            answer = self.server.gate.wait(self.server.limit, key, self.sleep, self.preferred_wait() * 1_000_000_000, BACKOFF_NS)
        except tidegate.Error as error:
            return self.reply(503, str(error))
        if answer is None:  # the client has gone
            self.close_connection = True
        elif answer.admitted:
            self.reply(200, "hello", self.headers_of(answer))
        else:
            self.reply(429, f"too many requests; try again in {seconds(answer.retry_after_ns)} seconds", self.headers_of(answer))


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: server.py PORT LIMIT [STATE_DIR]")
    server = Server(("0.0.0.0", int(sys.argv[1])), Handler)
    server.limit, server.gate = sys.argv[2], tidegate.Tidegate(sys.argv[3] if len(sys.argv) > 3 else None)
    server.serve_forever()

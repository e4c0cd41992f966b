#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Real UDP clients for the test of backoff.

patience.py serve ADDRESS PORT      answers every datagram with itself
patience.py ask ADDRESS PORT FROM SECONDS PATIENCE [WHY...]
    Asks one thing after the other, as fast as it is answered, for SECONDS. When no answer comes for
    PATIENCE ms it asks again at once; with WHY, a command that prints for how many ms it is to wait,
    when that is over. Prints the answers and the questions.
"""
import socket
import subprocess
import sys
import time


def udp(address):
    return socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)


def serve(address, port):
    with udp(address) as server:
        server.bind((address, port))
        while True:
            server.sendto(*server.recvfrom(2048))


def answered(client):
    """Whether an answer to the last question came; what is refused with word raises as soon."""
    try:
        client.send(b"?" * 100)
        client.recv(2048)
        return True
    except OSError:
        return False


def ask(address, port, source, seconds, patience, why):
    asked = answers = 0
    with udp(address) as client:
        client.bind((source, 0))
        client.connect((address, port))
        client.settimeout(patience / 1000)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            asked += 1
            if answered(client):
                answers += 1
            elif why:
                time.sleep(int(subprocess.check_output(why, text=True)) / 1000)
    print(answers, asked)


if sys.argv[1] == "serve":
    serve(sys.argv[2], int(sys.argv[3]))
else:
    ask(sys.argv[2], int(sys.argv[3]), sys.argv[4], float(sys.argv[5]), float(sys.argv[6]), sys.argv[7:])

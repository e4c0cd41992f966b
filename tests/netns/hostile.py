#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""hostile.py SOCKET CONTROL: passes requests at SOCKET on to the daemon at CONTROL, and puts into each text of its replies what a terminal
would obey."""
import json
import os
import socket
import sys

HOSTILE = "\x1b]0;owned\x07\x1b[2J\u009b31m\u202e\r\nfake\u2028\x7f"


def mangled(value):
    if isinstance(value, str):
        return value + HOSTILE
    if isinstance(value, list):
        return [mangled(one) for one in value]
    if isinstance(value, dict):
        return {key: mangled(one) for key, one in value.items()}
    return value


def line_of(connection):
    got = b""
    while not got.endswith(b"\n"):
        piece = connection.recv(65536)
        if not piece:
            return None
        got += piece
    return got


def main():
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[1])
    listener.listen()
    print("ready", flush=True)
    os.chmod(sys.argv[1], 0o600)
    while True:
        client, _ = listener.accept()
        with client, socket.socket(socket.AF_UNIX) as daemon:
            daemon.connect(sys.argv[2])
            while request := line_of(client):
                daemon.sendall(request)
                reply = json.loads(line_of(daemon))
                client.sendall(json.dumps({key: mangled(value) for key, value in reply.items()}).encode() + b"\n")


main()

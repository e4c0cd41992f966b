#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Plays the service manager: notify.py SOCKET writes each message that comes there, with the time in ms."""
import socket
import sys
import time

s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
    for line in s.recv(4096).decode().split("\n"):
        print(int(time.monotonic() * 1000), line, flush=True)

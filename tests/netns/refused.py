#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a client's kernel makes of a rejection.

refused.py tcp ADDRESS PORT     connects
refused.py udp ADDRESS PORT     sends 100 bytes by a connected socket until it hears of it
Prints the error's name, "connected", or "silence" after 2 seconds.
"""
import errno
import socket
import sys
import time

kind, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
family = socket.AF_INET6 if ":" in address else socket.AF_INET
with socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM) as client:
    client.settimeout(2)
    try:
        client.connect((address, port))
        if kind == "tcp":
            print("connected")
            sys.exit()
        end = time.monotonic() + 2
        while time.monotonic() < end:
            client.send(b"?" * 100)
            time.sleep(0.05)
        print("silence")
    except socket.timeout:
        print("silence")
    except OSError as error:
        print(errno.errorcode[error.errno])

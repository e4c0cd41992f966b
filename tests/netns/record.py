#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""record.py DEVICE OUT: writes what comes in at DEVICE to OUT, a pcap file, until SIGTERM; as tcpdump would, so that what GRO has merged
is one packet. Prints "ready", and at the end how many of the packets were longer than 1,514 bytes."""
import signal
import socket
import struct
import sys

SO_RCVBUFFORCE, SO_TIMESTAMPNS = 33, 35
SOL_PACKET, PACKET_IGNORE_OUTGOING, ETH_P_ALL = 263, 23, 3


def end(*_):
    raise SystemExit


signal.signal(signal.SIGTERM, end)
device, out = sys.argv[1:]
merged = 0
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as link, open(out, "wb") as file:
    link.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 256 << 20)
    link.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    link.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    link.bind((device, ETH_P_ALL))
    file.write(struct.pack("=IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))
    print("ready", flush=True)
    try:
        while True:
            packet, about, *_ = link.recvmsg(1 << 18, 128)
            seconds, ns = struct.unpack("=qq", about[0][2][:16])
            file.write(struct.pack("=IIII", seconds, ns, min(len(packet), 128), len(packet)) + packet[:128])
            merged += len(packet) > 1514
    except SystemExit:
        print(merged)

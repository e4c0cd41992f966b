#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tun.py DEVICE in FROM TO PORT N: N UDP packets come in through the tun device; prints how many packets the host sent back.
tun.py DEVICE out FROM TO PORT N: the host sends N UDP packets through it; prints how many left."""
import fcntl
import os
import select
import socket
import struct
import sys
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packet(source, destination, port):
    payload = b"x" * 64
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    ends = socket.inet_pton(family, source) + socket.inet_pton(family, destination)
    udp = struct.pack("!HHHH", 40000, port, 8 + len(payload), 0) + payload
    udp = udp[:6] + struct.pack("!H", checksum(ends + struct.pack("!HH", 17, len(udp)) + udp) or 0xFFFF) + udp[8:]
    if family == socket.AF_INET6:
        return struct.pack("!IHBB", 6 << 28, len(udp), 17, 64) + ends + udp
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0) + ends
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + udp


def is_udp(frame):
    return (frame[0] >> 4 == 4 and frame[9] == 17) or (frame[0] >> 4 == 6 and frame[6] == 17)


def is_error(frame):
    """True for an ICMP error, and for nothing else that a host may send."""
    return (frame[0] >> 4 == 4 and frame[9] == 1) or (frame[0] >> 4 == 6 and frame[6] == 58 and frame[40] == 1)


def count(device, wanted):
    n, until = 0, time.monotonic() + 0.5 * float(os.environ.get("TG_SLOW", "1"))
    while select.select([device], [], [], max(0, until - time.monotonic()))[0]:
        n += wanted(os.read(device, 2048))
    return n


def main():
    name, way, source, destination, port, n = *sys.argv[1:5], int(sys.argv[5]), int(sys.argv[6])
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    while "LOWER_UP" not in os.popen(f"ip link show {name}").read():
        time.sleep(0.02)
    if way == "in":
        for _ in range(n):
            os.write(device, packet(source, destination, port))
        print(count(device, is_error))
        return
    with socket.socket(socket.AF_INET6 if ":" in source else socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((source, 0))
        for _ in range(n):
            sender.sendto(b"x" * 64, (destination, port))
    print(count(device, is_udp))


main()

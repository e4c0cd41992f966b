#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""scatter.py DEVICE MAC ports FROM FIRST N | networks PREFIX PORT N

Sends N UDP packets that each take a bucket: from one IPv4 address to N ports, or from one /64 after the other of an IPv6 prefix."""
import ipaddress
import socket
import struct
import sys

TO4, TO6 = ipaddress.ip_address("10.77.0.2"), ipaddress.ip_address("fd77::2")


def ipv4(source, port):
    udp = struct.pack("!HHHH", 40000, port, 12, 0) + b"room"
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, source.packed, TO4.packed)
    total = sum(struct.unpack("!10H", head))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return head[:10] + struct.pack("!H", ~total & 0xFFFF) + head[12:] + udp


def ipv6(source, port):
    udp = struct.pack("!HHHH", 40000, port, 12, 0) + b"room"  # only the limiter and a packet socket see it
    return struct.pack("!IHBB16s16s", 6 << 28, len(udp), 17, 64, source.packed, TO6.packed) + udp


device, mac, kind, source, first, n = sys.argv[1:]
sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sender.bind((device, 0))
ethernet = bytes.fromhex(mac.replace(":", "")) + bytes.fromhex("020000000007")
for i in range(int(n)):
    if kind == "ports":
        sender.send(ethernet + b"\x08\x00" + ipv4(ipaddress.ip_address(source), int(first) + i))
    else:
        network = int(ipaddress.ip_network(source).network_address) + (i << 64)
        sender.send(ethernet + b"\x86\xdd" + ipv6(ipaddress.IPv6Address(network + 1), int(first)))

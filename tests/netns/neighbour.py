#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""neighbour.py DEVICE MAC SOURCE DESTINATION BYTES N: N neighbour solicitations with hop limit 255, sent to MAC; BYTES with the IP header."""
import socket
import struct
import sys

device, mac, source, destination = sys.argv[1:5]
length, n = int(sys.argv[5]), int(sys.argv[6])
source, destination = (socket.inet_pton(socket.AF_INET6, address) for address in (source, destination))
message = bytes([135, 0, 0, 0]) + bytes(4) + destination + bytes(length - 40 - 24)
pseudo = source + destination + struct.pack("!II", len(message), 58)
total = sum(struct.unpack(f"!{(len(pseudo) + len(message)) // 2}H", pseudo + message))
while total >> 16:
    total = (total & 0xffff) + (total >> 16)
message = message[:2] + struct.pack("!H", total ^ 0xffff) + message[4:]
packet = struct.pack("!IHBB", 6 << 28, len(message), 58, 255) + source + destination + message
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind((device, 0))
frame = bytes.fromhex(mac.replace(":", "")) + bytes.fromhex("020000000007") + b"\x86\xdd" + packet
for _ in range(n):
    link.send(frame)

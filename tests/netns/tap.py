#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tap.py NAME DEVICE: makes the tap NAME and passes packets on between it and DEVICE, until it is ended, as a virtual machine does: with what
GSO has made one packet in one piece. Prints "ready"."""
import errno
import fcntl
import os
import select
import socket
import struct
import sys

SO_RCVBUFFORCE = 33
TUNSETIFF, IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x400454CA, 2, 0x1000, 0x4000
SOL_PACKET, PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING, ETH_P_ALL = 263, 15, 23, 3
name, device = sys.argv[1:]
tap = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI | IFF_VNET_HDR))
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
link.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
link.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
link.bind((device, ETH_P_ALL))
print("ready", flush=True)
while True:
    for there in select.select([tap, link], [], [])[0]:
        try:
            packet = os.read(there if there == tap else there.fileno(), 1 << 17)
            os.write(link.fileno() if there == tap else tap, packet)
        except OSError as error:
            if error.errno == errno.EBADFD:  # the tap is gone
                sys.exit()

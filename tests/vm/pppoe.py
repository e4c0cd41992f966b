#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""pppoe.py DEVICE MAC SESSION: a PPPoE session with the host of that hardware address, without negotiation: an interface ppp0 that is there
until the program ends. Prints "ready"."""
import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys

AF_PPPOX, PX_PROTO_OE = 24, 0
PPPIOCGCHAN, PPPIOCATTCHAN, PPPIOCCONNECT, PPPIOCNEWUNIT = 0x80047437, 0x40047438, 0x4004743A, 0xC004743E


def number(value):
    return bytearray(struct.pack("=i", value))


def open_ppp(request, value):
    fd, given = os.open("/dev/ppp", os.O_RDWR), number(value)
    fcntl.ioctl(fd, request, given)
    return fd, struct.unpack("=i", given)[0]


device, mac, session = sys.argv[1], bytes.fromhex(sys.argv[2].replace(":", "")), int(sys.argv[3])
link = socket.socket(AF_PPPOX, socket.SOCK_STREAM, PX_PROTO_OE)
address = struct.pack("=HI", AF_PPPOX, PX_PROTO_OE) + struct.pack("!H", session) + mac + struct.pack("16s", device.encode())
if ctypes.CDLL(None, use_errno=True).connect(link.fileno(), address, len(address)):
    sys.exit(os.strerror(ctypes.get_errno()))
channel = number(0)
fcntl.ioctl(link.fileno(), PPPIOCGCHAN, channel)
end, _ = open_ppp(PPPIOCATTCHAN, struct.unpack("=i", channel)[0])
unit, index = open_ppp(PPPIOCNEWUNIT, -1)
fcntl.ioctl(end, PPPIOCCONNECT, number(index))
print("ready", flush=True)
signal.pause()

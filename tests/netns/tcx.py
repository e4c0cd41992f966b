#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tcx.py DEVICE: the programs that hang at the device's TCX hooks, in order: a line "ingress|egress ID NAME" for each;
exit status 1 where the kernel has no such hooks.
tcx.py DEVICE HOOK first|last PROGRAM LINK: puts a pinned program there, and pins the link."""
import ctypes
import errno
import os
import platform
import socket
import struct
import sys

BPF_OBJ_PIN, BPF_OBJ_GET, BPF_LINK_CREATE = 6, 7, 28
BPF_OBJ_GET_INFO_BY_FD, BPF_PROG_GET_FD_BY_ID, BPF_PROG_QUERY = 15, 13, 16
TCX = {"ingress": 46, "egress": 47}
libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 321, "aarch64": 280}[platform.machine()]


def bpf(command, attributes):
    return libc.syscall(number, command, attributes, len(attributes))


def name_of(program):
    fd = bpf(BPF_PROG_GET_FD_BY_ID, ctypes.create_string_buffer(struct.pack("=III", program, 0, 0)))
    info = ctypes.create_string_buffer(80)
    bpf(BPF_OBJ_GET_INFO_BY_FD, ctypes.create_string_buffer(struct.pack("=IIQ", fd, len(info), ctypes.addressof(info))))
    os.close(fd)
    return info.raw[64:80].split(b"\0")[0].decode()


def pin(command, path, fd):
    text = ctypes.create_string_buffer(path.encode())
    return bpf(command, ctypes.create_string_buffer(struct.pack("=QII", ctypes.addressof(text), fd, 0)))


def attach(device, hook, place, program, link):
    fd = pin(BPF_OBJ_GET, program, 0)
    request = struct.pack("=IIII", fd, socket.if_nametoindex(device), TCX[hook], 1 << (3 if place == "first" else 4))
    if pin(BPF_OBJ_PIN, link, bpf(BPF_LINK_CREATE, ctypes.create_string_buffer(request + bytes(48)))):
        sys.exit(f"{link}: {os.strerror(ctypes.get_errno())}")


if len(sys.argv) > 2:
    attach(*sys.argv[1:])
    sys.exit(0)
for hook, attach_type in TCX.items():
    ids = (ctypes.c_uint32 * 64)()
    query = ctypes.create_string_buffer(
        struct.pack("=IIIIQII", socket.if_nametoindex(sys.argv[1]), attach_type, 0, 0, ctypes.addressof(ids), 64, 0) + bytes(32)
    )
    if bpf(BPF_PROG_QUERY, query) == 0:
        for program in ids[: struct.unpack_from("=I", query, 24)[0]]:
            print(hook, program, name_of(program))
    elif ctypes.get_errno() == errno.EINVAL:
        sys.exit(1)

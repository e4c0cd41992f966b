#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""link_update.py LINK PROGRAM: has a pinned link run a pinned program."""
import ctypes
import os
import platform
import struct
import sys

BPF_OBJ_GET, BPF_LINK_UPDATE = 7, 29
libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 321, "aarch64": 280}[platform.machine()]


def bpf(command, attributes):
    return libc.syscall(number, command, attributes, len(attributes))


def get(path):
    text = ctypes.create_string_buffer(path.encode())
    return bpf(BPF_OBJ_GET, ctypes.create_string_buffer(struct.pack("=QII", ctypes.addressof(text), 0, 0)))


if bpf(BPF_LINK_UPDATE, ctypes.create_string_buffer(struct.pack("=IIII", get(sys.argv[1]), get(sys.argv[2]), 0, 0))):
    sys.exit(f"{sys.argv[1]}: {os.strerror(ctypes.get_errno())}")

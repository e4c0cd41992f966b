# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel itself says: namespaces, links, and the programs that hang at them. Nothing here is shared with tidegate."""
import ctypes
import errno
import os
import platform
import socket
import struct
import subprocess

CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET = 0x20000, 0x20000000, 0x40000000
MS_REC, MS_PRIVATE, MNT_DETACH = 0x4000, 0x40000, 2
PR_SET_PDEATHSIG = 1
BPF_PROG_GET_FD_BY_ID, BPF_OBJ_GET_INFO_BY_FD, BPF_PROG_QUERY = 13, 15, 16
TCX = {"tc-ingress": 46, "tc-egress": 47}
RTM_GETLINK, RTM_NEWLINK, NLM_F_REQUEST, NLMSG_ERROR = 18, 16, 1, 2
IFLA_IFNAME, IFLA_STATS64, IFLA_XDP = 3, 23, 43
XDP_PROG_ID = 4

libc = ctypes.CDLL(None, use_errno=True)
BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]


def check(result):
    if result:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def unshare(flags):
    check(libc.unshare(flags))


def enter(fd):
    """The calling thread goes into that network namespace, with the processes that it starts from then on."""
    check(libc.setns(fd, CLONE_NEWNET))


def mount(source, target, kind, flags=0, data=""):
    check(libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode()))


def unmount(target):
    libc.umount2(target.encode(), MNT_DETACH)


def die_with_parent(signal):
    libc.prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0)


def new_network():
    """A descriptor of a fresh network namespace, which ends with the last descriptor and process in it."""
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    unshare(CLONE_NEWNET)
    fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    enter(before)
    os.close(before)
    return fd


class Links:
    """Asks about single links of the namespace of the thread that makes it: no dump, so no interrupted one."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self.socket.settimeout(5)

    def get(self, name):
        """None if there is no such link; else its index, the id of its XDP program (0: none) and its counters."""
        text = name.encode() + b"\0"
        attribute = struct.pack("=HH", 4 + len(text), IFLA_IFNAME) + text + bytes(-len(text) % 4)
        body = struct.pack("=BxHiII", 0, 0, 0, 0, 0) + attribute
        self.socket.send(struct.pack("=IHHII", 16 + len(body), RTM_GETLINK, NLM_F_REQUEST, 1, 0) + body)
        reply = self.socket.recv(65536)
        kind = struct.unpack_from("=IH", reply)[1]
        if kind == NLMSG_ERROR:
            code = -struct.unpack_from("=i", reply, 16)[0]
            if code == errno.ENODEV:
                return None
            raise OSError(code, os.strerror(code))
        link = {"index": struct.unpack_from("=i", reply, 20)[0], "xdp": 0}
        for kind, value in attributes(reply[32:]):
            if kind == IFLA_STATS64:
                names = ("rx_packets", "tx_packets", "rx_bytes", "tx_bytes", "rx_errors", "tx_errors", "rx_dropped", "tx_dropped")
                link.update(zip(names, struct.unpack_from("=8Q", value)))
            elif kind == IFLA_XDP:
                for inner, id_ in attributes(value):
                    if inner == XDP_PROG_ID:
                        link["xdp"] = struct.unpack("=I", id_)[0]
        return link


def attributes(data):
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        yield kind & 0x3FFF, data[4:length]
        data = data[(length + 3) & ~3 :]


def bpf(command, buffer):
    return libc.syscall(BPF, command, buffer, len(buffer))


def program_name(id_):
    """Of a program that is loaded, or None."""
    fd = bpf(BPF_PROG_GET_FD_BY_ID, ctypes.create_string_buffer(struct.pack("=III", id_, 0, 0), 128))
    if fd < 0:
        return None
    info = ctypes.create_string_buffer(80)
    request = ctypes.create_string_buffer(struct.pack("=IIQ", fd, len(info), ctypes.addressof(info)), 128)
    failed = bpf(BPF_OBJ_GET_INFO_BY_FD, request)
    os.close(fd)
    return None if failed else info.raw[64:80].split(b"\0")[0].decode()


def tc_programs(index, name, hook):
    """The ids, or for filters of clsact the names, of what hangs at a TC hook of a link in this thread's namespace."""
    ids = (ctypes.c_uint32 * 64)()
    request = ctypes.create_string_buffer(struct.pack("=IIIIQII", index, TCX[hook], 0, 0, ctypes.addressof(ids), 64, 0), 128)
    if bpf(BPF_PROG_QUERY, request) == 0:
        found = list(ids[: struct.unpack_from("=I", request, 24)[0]])
        if found:
            return found
    shown = subprocess.run(["tc", "filter", "show", "dev", name, hook[3:]], capture_output=True, text=True)
    return [line for line in shown.stdout.splitlines() if "handle 0x7467" in line]


def ip(*lines):
    """Lines for `ip -batch`, in the namespace of this thread; whether all of them worked."""
    return subprocess.run(["ip", "-batch", "-"], input="\n".join(lines) + "\n", capture_output=True, text=True).returncode == 0

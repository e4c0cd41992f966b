#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Traffic that is several packets on the wire, and what the sender's kernel says that it was.
stream.py serve ADDRESS: takes one TCP stream on port 5400 and reads it to its end.
stream.py tcp ADDRESS BYTES: sends one, and prints the segments and the bytes of Ethernet frames that TCP sent.
stream.py udp ADDRESS SEGMENT BYTES: one send of UDP_SEGMENT; prints the same.
stream.py tagged DEVICE MAC N TYPE...: N frames of UDP to port 5353 behind these VLAN tags.
stream.py paged DEVICE MAC: 16 such frames, without tags, of which the kernel gets all but the Ethernet header as pages.
stream.py bare DEVICE N: such packets, without an Ethernet header, come in at the tun DEVICE."""
import fcntl
import mmap
import socket
import struct
import sys

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
TCP_INFO, UDP_SEGMENT = 11, 103
SOL_PACKET, PACKET_VERSION, PACKET_TX_RING = 263, 10, 13
ETHERNET, TIMESTAMPS = 14, 12


def family(address):
    return (socket.AF_INET6, 40) if ":" in address else (socket.AF_INET, 20)


def serve(address):
    with socket.create_server((address, 5400), family=family(address)[0]) as server:
        print("ready", flush=True)
        with server.accept()[0] as stream:
            while stream.recv(1 << 20):
                pass
            stream.close()


def tcp(address, size):
    with socket.create_connection((address, 5400)) as stream:
        stream.sendall(bytes(int(size)))
        stream.shutdown(socket.SHUT_WR)
        stream.recv(1)  # all is acknowledged when the other end closes
        info = stream.getsockopt(socket.IPPROTO_TCP, TCP_INFO, 256)
    segments = struct.unpack_from("=I", info, 136)[0]
    sent = struct.unpack_from("=Q", info, 200)[0]
    headers = ETHERNET + family(address)[1] + 20 + TIMESTAMPS
    print(segments, segments * headers + sent + 8)  # the SYN has 8 bytes of options more


def udp(address, segment, size):
    with socket.socket(family(address)[0], socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, int(segment))
        sender.sendto(bytes(int(size)), (address, 5401))
    n = -(-int(size) // int(segment))
    print(n, n * (ETHERNET + family(address)[1] + 8) + int(size))


def frame(mac, *types):
    tags = b"".join(struct.pack(">HH", int(kind, 16), 5 + i) for i, kind in enumerate(types))
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 46, 0, 0, 64, 17, 0, bytes([10, 77, 6, 1]), bytes([10, 77, 0, 2]))
    datagram = struct.pack(">HHHH", 40000, 5353, 26, 0) + bytes(18)
    return bytes.fromhex(mac.replace(":", "")) + bytes([2, 0, 0, 0, 0, 7]) + tags + b"\x08\x00" + ip + datagram


def tagged(device, mac, n, *types):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
        sender.bind((device, 0))
        for _ in range(int(n)):
            sender.send(frame(mac, *types))


def paged(device, mac):
    size, bytes_sent = 4096, frame(mac)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
        sender.setsockopt(SOL_PACKET, PACKET_VERSION, 1)
        sender.setsockopt(SOL_PACKET, PACKET_TX_RING, struct.pack("=IIII", size, 16, size, 16))
        sender.bind((device, 0))
        ring = mmap.mmap(sender.fileno(), 16 * size)
        for i in range(16):  # struct tpacket2_hdr, and what follows it
            ring[i * size + 32 : i * size + 32 + len(bytes_sent)] = bytes_sent
            ring[i * size : i * size + 8] = struct.pack("=II", 1, len(bytes_sent))
        sender.send(b"")


def bare(device, n):
    with open("/dev/net/tun", "r+b", buffering=0) as tun:
        fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", device.encode(), IFF_TUN | IFF_NO_PI))
        for _ in range(int(n)):
            tun.write(frame("02:00:00:00:00:01")[ETHERNET:])


{"serve": serve, "tcp": tcp, "udp": udp, "tagged": tagged, "paged": paged, "bare": bare}[sys.argv[1]](*sys.argv[2:])

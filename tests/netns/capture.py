#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""capture.py OUT [--format F] [--link L] [--snaplen N] [--as-given]: writes a capture from a script on standard input.

Each line of the script is `TIME COUNT GAP KIND SOURCE PORT LENGTH [TAGS]`: COUNT packets, the first at TIME and each GAP
after the one before (in ns since 1970-01-01 plus EPOCH), each a frame of LENGTH bytes to PORT, behind TAGS VLAN tags.
KIND is udp, tcp (a SYN), icmp, arp or cut (an IPv4 header that claims more than is there). Packets are put in order of
their time, unless --as-given. Formats: pcap (us), pcap-ns, pcap-be (the other byte order), pcapng (ns).
"""
import argparse
import ipaddress
import struct
import sys

EPOCH = 1_700_000_000  # s, a whole minute and no whole hour
LINKS = {"ethernet": 1, "raw": 101, "sll": 113, "sll2": 276, "802.11": 105}


def checksum(data):
    """RFC 1071"""
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


CHECKSUM_AT = {17: 6, 6: 16, 1: 2, 58: 2}


def summed(protocol, payload, source, destination):
    """The transport's packet with its checksum in place."""
    pseudo = b"" if protocol == 1 else source + destination + struct.pack("!II", len(payload), protocol)
    at = CHECKSUM_AT[protocol]
    return payload[:at] + struct.pack("!H", checksum(pseudo + payload) or 0xFFFF) + payload[at + 2:]


def transport(kind, port):
    if kind == "udp":
        return 17, lambda n: struct.pack("!HHHH", 40000, port, n, 0)
    if kind == "tcp":
        return 6, lambda n: struct.pack("!HHIIBBHHH", 40000, port, 1, 0, 5 << 4, 2, 1024, 0, 0)
    return 1, lambda n: struct.pack("!BBHHH", 8, 0, 0, 1, 1)


def ip_packet(kind, source, port, length):
    """The EtherType and the packet, `length` bytes of it."""
    if kind == "arp":
        return 0x0806, struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, b"\2" * 6, bytes([192, 0, 2, 1]), bytes(6), bytes([192, 0, 2, 2])).ljust(length, b"\0")
    address = ipaddress.ip_address(source)
    protocol, header = transport(kind, port)
    if address.version == 4:
        total = length + 100 if kind == "cut" else length
        destination = bytes([203, 0, 113, 1])
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, total, 0, 0, 64, protocol, 0, address.packed, destination)
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        kind = 0x0800
    else:
        protocol = 58 if protocol == 1 else protocol
        destination = ipaddress.ip_address("2001:db8:ffff::1").packed
        ip = struct.pack("!IHBB16s16s", 6 << 28, length - 40, protocol, 64, address.packed, destination)
        kind = 0x86DD
    payload = header(length - len(ip))
    payload += bytes(max(0, length - len(ip) - len(payload)))
    return kind, ip + summed(protocol, payload, address.packed, destination)


def frame(link, kind, source, port, length, tags):
    """A frame of `length` bytes if it were Ethernet's; other link types carry the same packet."""
    ethertype, packet = ip_packet(kind, source, port, length - 14 - 4 * tags)
    if link == "raw":
        return packet
    if link == "sll":
        return struct.pack("!HHH8sH", 0, 1, 6, bytes(8), ethertype) + packet
    if link == "sll2":
        return struct.pack("!HHIHBB8s", ethertype, 0, 1, 1, 0, 6, bytes(8)) + packet
    for tag in range(tags):
        packet = struct.pack("!HH", 7, ethertype) + packet
        ethertype = 0x8100 if tag + 1 < tags or tags == 1 else 0x88A8
    return bytes([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]) + struct.pack("!H", ethertype) + packet


def read_script(lines):
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        time, count, gap, kind, source, port, length, *tags = line.split()
        for i in range(int(count)):
            yield int(time) + i * int(gap), (kind, source, int(port), int(length), int(tags[0]) if tags else 0)


def write_pcap(out, packets, link, snaplen, order, unit):
    magic = 0xA1B23C4D if unit == 1 else 0xA1B2C3D4
    out.write(struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snaplen, LINKS[link]))
    for time, data in packets:
        s, ns = divmod(time, 10**9)
        out.write(struct.pack(order + "IIII", EPOCH + s, ns // unit, min(len(data), snaplen), len(data)) + data[:snaplen])


def write_block(out, kind, body):
    body += bytes(-len(body) % 4)
    out.write(struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12))


def write_pcapng(out, packets, link, snaplen):
    write_block(out, 0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    write_block(out, 1, struct.pack("<HHI", LINKS[link], 0, snaplen) + struct.pack("<HHBxxxHH", 9, 1, 9, 0, 0))
    for time, data in packets:
        stamp = EPOCH * 10**9 + time
        kept = data[:snaplen]
        write_block(out, 6, struct.pack("<IIIII", 0, stamp >> 32, stamp & 0xFFFFFFFF, len(kept), len(data)) + kept)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("out")
    arguments.add_argument("--format", default="pcap-ns", choices=["pcap", "pcap-ns", "pcap-be", "pcapng"])
    arguments.add_argument("--link", default="ethernet", choices=LINKS)
    arguments.add_argument("--snaplen", type=int, default=262144)
    arguments.add_argument("--as-given", action="store_true")
    options = arguments.parse_args()
    script = list(read_script(sys.stdin))
    if not options.as_given:
        script.sort(key=lambda packet: packet[0])
    made = {}
    packets = []
    for time, what in script:
        if what not in made:
            made[what] = frame(options.link, *what)
        packets.append((time, made[what]))
    with open(options.out, "wb") as out:
        if options.format == "pcapng":
            write_pcapng(out, packets, options.link, options.snaplen)
        else:
            order = ">" if options.format == "pcap-be" else "<"
            write_pcap(out, packets, options.link, options.snaplen, order, 1000 if options.format == "pcap" else 1)


main()

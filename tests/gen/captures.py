# SPDX-License-Identifier: Apache-2.0
"""Capture files, written with struct alone.

A Packet is a piece on a link with a time, of which caplen bytes were captured. Writers give bytes, and times(...) says what a
format makes of a time.
"""

import struct
from fractions import Fraction
from typing import NamedTuple

from packets import Piece, record

LINKS = {"null": 0, "ethernet": 1, "raw_bsd": 12, "raw_openbsd": 14, "raw": 101, "loop": 108, "sll": 113, "ipv4": 228, "ipv6": 229,
         "sll2": 276}
START = 1767323045_123456789  # 2026-01-02T03:04:05.123456789Z
STEP = 1_000_001_003  # ns


class Packet(NamedTuple):
    link: str
    piece: Piece
    ts: int  # ns since 1970; None: no time
    caplen: int

    @property
    def data(self):
        return self.piece.data[:self.caplen]

    @property
    def wirelen(self):
        return len(self.piece.data)

    def record(self, digits=6):
        return record(self.piece, self.ts, digits, self.caplen)


def packets(pieces, start=START, step=STEP):
    """(link, piece) pairs, wholly captured, one after the other."""
    return [Packet(link, piece, start + i * step, len(piece.data)) for i, (link, piece) in enumerate(pieces)]


def cuts(packet):
    """The packet cut at every length."""
    return [packet._replace(caplen=n) for n in range(len(packet.data) + 1)]


def clocked(packet, per_second, offset=0):
    """The packet as read from a clock of so many units a second: what is finer than its unit is lost."""
    units = (packet.ts - offset * 10**9) * per_second // 10**9
    return packet._replace(ts=Fraction(units * 10**9, per_second).__floor__() + offset * 10**9)


# Classic pcap (draft-ietf-opsawg-pcap).

CLASSIC = {"us": (0xA1B2C3D4, 10**6), "ns": (0xA1B23C4D, 10**9), "modified": (0xA1B2CD34, 10**6)}


def pcap(packets_, order="<", form="us", link=None, link_bits=0):
    """All packets must be of one link; order < or >; form us, ns or modified (Kuznetzov's)."""
    magic, per_second = CLASSIC[form]
    link = LINKS[link or packets_[0].link]
    out = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, link | link_bits)]
    for p in packets_:
        seconds, ns = divmod(p.ts, 10**9)
        out.append(struct.pack(order + "IIII", seconds, ns * per_second // 10**9, len(p.data), p.wirelen))
        if form == "modified":
            out.append(struct.pack(order + "IHBB", 2, 0x0800, 0, 0))  # interface, protocol, packet type, padding
        out.append(p.data)
    return b"".join(out)


def pcap_times(packets_, form="us"):
    return [clocked(p, CLASSIC[form][1]) for p in packets_]


# pcapng (draft-ietf-opsawg-pcapng).

def padded(data):
    return data + bytes(-len(data) % 4)


def block(order, kind, body):
    size = struct.pack(order + "I", 12 + len(body))
    return struct.pack(order + "I", kind) + size + body + size


def option(order, code, value):
    return struct.pack(order + "HH", code, len(value)) + padded(value)


def section_header(order, options=b""):
    return block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1) + options)


class Interface(NamedTuple):
    link: str
    resolution: int = 6  # as if_tsresol has it: a power of ten, or with 0x80 of two
    offset: int = 0  # if_tsoffset, seconds
    snaplen: int = 0
    told: bool = True  # the resolution stands in an option; else it must be the default, 6

    @property
    def per_second(self):
        return 2**(self.resolution & 0x7F) if self.resolution & 0x80 else 10**self.resolution

    def description(self, order):
        options = option(order, 2, b"eth0")  # if_name, of no interest
        if self.told:
            options += option(order, 9, bytes([self.resolution]))
        if self.offset:
            options += option(order, 14, struct.pack(order + "q", self.offset))
        options += option(order, 0, b"")
        return block(order, 1, struct.pack(order + "HHI", LINKS[self.link], 0, self.snaplen) + options)


def enhanced(order, packet, number, interface, comment=False):
    units = (packet.ts - interface.offset * 10**9) * interface.per_second // 10**9
    head = struct.pack(order + "IIIII", number, units >> 32, units & 0xFFFFFFFF, len(packet.data), packet.wirelen)
    options = option(order, 1, b"a comment") + option(order, 0, b"") if comment else b""
    return block(order, 6, head + padded(packet.data) + options)


def obsolete(order, packet, number, interface):
    units = (packet.ts - interface.offset * 10**9) * interface.per_second // 10**9
    head = struct.pack(order + "HHIIII", number, 0xFFFF, units >> 32, units & 0xFFFFFFFF, len(packet.data), packet.wirelen)
    return block(order, 2, head + padded(packet.data))


def simple(order, packet):
    return block(order, 3, struct.pack(order + "I", packet.wirelen) + padded(packet.data))


def name_resolution(order):
    return block(order, 4, struct.pack(order + "HH", 1, 9) + padded(bytes([192, 0, 2, 1]) + b"host\0") + bytes(4))


def pcapng(packets_, order="<", interfaces=None):
    """A section in which packet i is of the interface that has its link (the next of several in turn)."""
    interfaces = interfaces or [Interface(link) for link in dict.fromkeys(p.link for p in packets_)]
    out = [section_header(order, option(order, 3, b"a test") + option(order, 0, b""))]
    out += [interface.description(order) for interface in interfaces]
    for i, (packet, number) in enumerate(numbered(packets_, interfaces)):
        if i % 50 == 10:
            out.append(name_resolution(order))
        if i % 50 == 20:
            out.append(block(order, 0xBAD0BAD, b"none of ours"))
        out.append(enhanced(order, packet, number, interfaces[number], comment=i % 3 == 1))
    return b"".join(out)


def numbered(packets_, interfaces):
    """Each packet with the number of its interface."""
    for i, packet in enumerate(packets_):
        fitting = [number for number, interface in enumerate(interfaces) if interface.link == packet.link]
        yield packet, fitting[i % len(fitting)]


def pcapng_times(packets_, interfaces):
    return [clocked(packet, interfaces[number].per_second, interfaces[number].offset)
            for packet, number in numbered(packets_, interfaces)]

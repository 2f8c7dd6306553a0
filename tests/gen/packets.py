# SPDX-License-Identifier: Apache-2.0
"""Packets made from parts, each with a model of its record.

A Piece is bytes and what they say: fields of the record, each with the place where its last byte ends. Every function puts one
header in front of a piece (or makes the innermost one) and notes what that header says, from its RFC and from nothing else.
record(piece, ...) gives the record of the default profile when only the first n bytes were captured.
"""

import ipaddress
import struct
from typing import NamedTuple

KEYS = ("ts", "src_ip", "dst_ip", "proto", "pkt_len", "proto_name", "sport", "dport", "flags", "syn", "rst", "icmp_type")

ICMP, IGMP, TCP, UDP, DCCP, GRE, ESP, AH, ICMP6, SCTP, UDPLITE = 1, 2, 6, 17, 33, 47, 50, 51, 58, 132, 136
HOP_BY_HOP, ROUTING, FRAGMENT, NO_NEXT, DESTINATION = 0, 43, 44, 59, 60
IP4, ARP, VLAN, QINQ_OLD, IP6, MPLS, PPPOE, QINQ, LLDP = 0x0800, 0x0806, 0x8100, 0x9100, 0x86DD, 0x8847, 0x8864, 0x88A8, 0x88CC
ETHERTYPES = {"ipv4": IP4, "ipv6": IP6, "arp": ARP, "vlan": VLAN, "mpls": MPLS, "pppoe": PPPOE, "lldp": LLDP}
PPP_TYPES = {"ipv4": 0x0021, "ipv6": 0x0057, "lcp": 0xC021}
NUMBERS = {"tcp": TCP, "udp": UDP, "icmp": ICMP, "icmpv6": ICMP6, "sctp": SCTP, "dccp": DCCP, "udplite": UDPLITE, "gre": GRE,
           "igmp": IGMP, "hop_by_hop": HOP_BY_HOP, "routing": ROUTING, "fragment": FRAGMENT, "destination": DESTINATION,
           "ah": AH, "payload": 253, "no_next": NO_NEXT, "ipv4": 4, "ipv6": 41}
MAC_A, MAC_B = bytes.fromhex("02000000000a"), bytes.fromhex("02000000000b")
A4, B4, A6, B6 = "192.0.2.1", "198.51.100.2", "2001:db8::1", "2001:db8:0:1::2"


class Field(NamedTuple):
    key: str
    value: object
    end: int  # bytes from the piece's start up to the field's last


class Piece(NamedTuple):
    data: bytes
    fields: tuple = ()
    layers: tuple = ()  # the names of its headers, outermost first
    fate: str = "record"  # what becomes of it whole: record, no_ip, undecodable
    next: int = 0  # the protocol number that its IP or fragment header names, for filters

    def under(self, header, layer, fields=(), **changes):
        """This piece behind a header that says these fields."""
        moved = tuple(Field(f.key, f.value, f.end + len(header)) for f in self.fields)
        return self._replace(data=header + self.data, fields=tuple(fields) + moved, layers=(layer, *self.layers), **changes)

    def limited(self, n):
        """What lies beyond n bytes belongs to somebody else."""
        return self._replace(fields=tuple(f for f in self.fields if f.end <= n))

    def padded(self, n=60):
        return self._replace(data=self.data + bytes(max(0, n - len(self.data))))

    def silent(self, fate):
        """It gives no record."""
        return self._replace(fields=(), fate=fate)


def known_bytes(n, start=0x21):
    return bytes((start + i) % 256 for i in range(n))


# What comes last.

def payload(n=8):
    return Piece(known_bytes(n), layers=("payload",))


def flags_text(bits):
    return "".join(letter for i, letter in enumerate("FSRPAUECN") if bits >> i & 1)


def tcp(sport, dport, flags, options=b"", data=b"", offset=None):
    """RFC 9293 section 3.1; flags as bits, FIN the lowest, NS (RFC 3540) the ninth; offset: instead of the right one."""
    words = 5 + len(options) // 4 if offset is None else offset
    header = struct.pack("!HHIIHHHH", sport, dport, 0x01020304, 0x05060708, words << 12 | flags, 8192, 0, 0)
    said = (Field("sport", sport, 2), Field("dport", dport, 4), Field("flags", flags_text(flags), 14),
            Field("syn", bool(flags & 2), 14), Field("rst", bool(flags & 4), 14))
    return Piece(header + options + data, said, ("tcp",))


def udp(sport, dport, data=b"", length=None):
    header = struct.pack("!HHHH", sport, dport, 8 + len(data) if length is None else length, 0)
    return Piece(header + data, (Field("sport", sport, 2), Field("dport", dport, 4)), ("udp",))


def icmp(kind, code=0, data=known_bytes(16), layer="icmp"):
    return Piece(struct.pack("!BBHHH", kind, code, 0, 7, 1) + data, (Field("icmp_type", kind, 1),), (layer,))


def icmpv6(kind, code=0, data=known_bytes(16)):
    return icmp(kind, code, data, "icmpv6")


def sctp(sport, dport):
    """RFC 9260 section 3: common header, one HEARTBEAT chunk. The profile has no ports for it; so below."""
    return Piece(struct.pack("!HHIIBBH", sport, dport, 1, 0, 4, 0, 4), layers=("sctp",))


def dccp(sport, dport):
    return Piece(struct.pack("!HHBBHBBHI", sport, dport, 5, 0, 0, 1, 0, 0, 1), layers=("dccp",))  # RFC 4340 section 5.1


def udplite(sport, dport, data=known_bytes(4)):
    return Piece(struct.pack("!HHHH", sport, dport, 8, 0) + data, layers=("udplite",))


def igmp():
    return Piece(struct.pack("!BBH4s", 0x16, 0, 0, bytes([224, 0, 0, 251])), layers=("igmp",))


def gre(inner):
    """The record is the outer header's: what the tunnel holds says nothing."""
    kind = ETHERTYPES[inner.layers[0]]
    return inner._replace(fields=(), next=0).under(struct.pack("!HH", 0, kind), "gre")


def tunnel(inner):
    """IP in IP: likewise."""
    return inner._replace(fields=(), next=0)


# IP.

def name_of(proto):
    return {TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMP6: "icmp"}.get(proto, "other")


def ipv4(inner, src=A4, dst=B4, options=b"", offset=0, more=False, proto=None, total=None, words=None, version=4):
    """RFC 791 section 3.1. offset in bytes; total, words, version: instead of the right ones."""
    proto = NUMBERS[inner.layers[0]] if proto is None else proto
    length = 20 + len(options)
    size = length + len(inner.data) if total is None else total
    header = struct.pack("!BBHHHBBH4s4s", version << 4 | (length // 4 if words is None else words), 0, size, 0x4242,
                         more << 13 | offset // 8, 64, proto, 0, ipaddress.IPv4Address(src).packed,
                         ipaddress.IPv4Address(dst).packed) + options
    name = "other" if offset else name_of(proto)
    said = (Field("proto", proto, 10), Field("proto_name", name, 10), Field("src_ip", src, 16), Field("dst_ip", dst, 20))
    if offset:
        inner = Piece(inner.data, layers=("payload",))
    if total:
        inner = inner.limited(total - length)
    return inner.under(header, "ipv4", said, next=proto)


def next_of(inner, proto):
    return NUMBERS[inner.layers[0]] if proto is None else proto


def text6(address):
    """RFC 5952 section 4."""
    return str(ipaddress.IPv6Address(address))


def ipv6(inner, src=A6, dst=B6, proto=None, length=None, version=6):
    """RFC 8200 section 3. length, version: instead of the right ones."""
    proto = next_of(inner, proto)
    size = len(inner.data) if length is None else length
    header = struct.pack("!IHBB16s16s", version << 28, size, proto, 64, ipaddress.IPv6Address(src).packed,
                         ipaddress.IPv6Address(dst).packed)
    said = (Field("proto", proto, 7), Field("proto_name", name_of(proto), 7), Field("src_ip", text6(src), 24),
            Field("dst_ip", text6(dst), 40))
    if length:
        inner = inner.limited(length)
    return inner.under(header, "ipv6", said, next=proto)


def extension(inner, header, layer, proto):
    """The header's first byte names what follows: the last number that was captured is the packet's."""
    said = (Field("proto", proto, 1), Field("proto_name", name_of(proto), 1))
    return inner.under(header, layer, said, next=proto)


def options6(inner, layer, size=8, proto=None):
    """Hop-by-hop or destination options (RFC 8200 sections 4.3, 4.6) of size bytes, filled with one PadN."""
    proto = next_of(inner, proto)
    return extension(inner, struct.pack("!BBBB", proto, size // 8 - 1, 1, size - 4) + bytes(size - 4), layer, proto)


def routing(inner, segments=1, proto=None):
    proto = next_of(inner, proto)
    header = struct.pack("!BBBBI", proto, 2 * segments, 0, 0, 0) + ipaddress.IPv6Address(B6).packed * segments
    return extension(inner, header, "routing", proto)


def fragment(inner, offset=0, more=True, proto=None):
    """RFC 8200 section 4.5. A later fragment has no transport header."""
    proto = next_of(inner, proto)
    header = struct.pack("!BBHI", proto, 0, offset | more, 0x42424242)
    if not offset:
        return extension(inner, header, "fragment", proto)
    later = extension(Piece(inner.data, layers=("payload",)), header, "fragment", proto)
    return later._replace(fields=(*later.fields, Field("proto_name", "other", 4)))


def ah(inner, proto=None):
    """RFC 4302 section 2: 24 bytes, of which the length counts words less two."""
    proto = next_of(inner, proto)
    return extension(inner, struct.pack("!BBHII", proto, 4, 0, 1, 1) + bytes(12), "ah", proto)


# Links.

def ethernet(inner, kind=None, pad=True):
    """kind: an EtherType, or up to 1500 the length of what follows (IEEE 802.3)."""
    kind = ETHERTYPES[inner.layers[0]] if kind is None else kind
    if kind <= 1500:
        inner = inner.limited(kind)
    frame = inner.under(MAC_B + MAC_A + struct.pack("!H", kind), "ethernet")
    return frame.padded() if pad else frame


def vlan(inner, number, priority=0):
    return inner.under(struct.pack("!HH", priority << 13 | number, ETHERTYPES[inner.layers[0]]), "vlan")


def mpls(inner, *labels):
    for i, label in enumerate(reversed(labels)):
        inner = inner.under(struct.pack("!I", label << 12 | (i == 0) << 8 | 64), "mpls")
    return inner


def pppoe(inner, length=None):
    """RFC 2516 section 4, and PPP's two bytes (RFC 1661 section 2). length: instead of the right one."""
    length = 2 + len(inner.data) if length is None else length
    header = struct.pack("!BBHHH", 0x11, 0, 9, length, PPP_TYPES[inner.layers[0]])
    return inner.limited(length - 2).under(header, "pppoe")


def snap(inner):
    """LLC and SNAP (RFC 1042), for ethernet(piece, kind=length)."""
    return inner.under(struct.pack("!BBB3sH", 0xAA, 0xAA, 3, bytes(3), ETHERTYPES[inner.layers[0]]), "snap")


def sll(inner):
    return inner.under(struct.pack("!HHH8sH", 4, 1, 6, MAC_A + bytes(2), ETHERTYPES[inner.layers[0]]), "sll")


def sll2(inner):
    return inner.under(struct.pack("!HHIHBB8s", ETHERTYPES[inner.layers[0]], 0, 3, 1, 4, 6, MAC_A + bytes(2)), "sll2")


def null(inner, order="<", family=None):
    """The captured machine's byte order, and its number for the family (IPv6: 24, 28, 30)."""
    family = {"ipv4": 2, "ipv6": 30}[inner.layers[0]] if family is None else family
    return inner.under(struct.pack(order + "I", family), "null")


def loop(inner, family=None):
    return null(inner, ">", family)


def raw(inner):
    return inner._replace(layers=("raw", *inner.layers))


def not_ip(layer, size=46):
    return Piece(known_bytes(size), layers=(layer,), fate="no_ip")


# The model of the record.

def stamp(ts, digits):
    """RFC 3339 in UTC from nanoseconds since 1970; what has no digit is cut off."""
    days, ns = divmod(ts, 86400 * 10**9)
    year, month, day = civil(days)
    seconds, fraction = divmod(ns, 10**9)
    text = f"{year:04}-{month:02}-{day:02}T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return text + (f".{fraction:09}"[:digits + 1] if digits else "") + "Z"


def civil(days):
    """The date of a day counted from 1970-01-01: year by year and month by month."""
    year = 1970
    while days >= 365 + leap(year):
        days -= 365 + leap(year)
        year += 1
    month = 1
    for length in (31, 28 + leap(year), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31):
        if days < length:
            break
        days -= length
        month += 1
    return year, month, days + 1


def leap(year):
    return int(year % 4 == 0 and (year % 100 != 0 or year % 400 == 0))


def record(piece, ts=None, digits=6, n=None):
    """The record as a dict in the order of its keys when n bytes (None: all) were captured, or None. ts None: no time."""
    n = len(piece.data) if n is None else n
    said = {field.key: field.value for field in piece.fields if field.end <= n}
    if "src_ip" not in said:
        return None
    said["pkt_len"] = len(piece.data)
    if ts is not None:
        said["ts"] = stamp(ts, digits)
    return {key: said[key] for key in KEYS if key in said}

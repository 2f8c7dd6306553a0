# SPDX-License-Identifier: Apache-2.0
"""Frames that the tests send, each with the line that it must become (without its ts)."""

import logging

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)

from scapy.layers.inet import ICMP, IP, TCP, UDP  # noqa: E402
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt  # noqa: E402
from scapy.layers.l2 import ARP, GRE, Dot1AD, Dot1Q, Ether  # noqa: E402
from scapy.packet import Raw  # noqa: E402

A_MAC, B_MAC = "02:00:00:00:00:0a", "02:00:00:00:00:0b"
A4, B4 = "192.0.2.1", "192.0.2.2"
A6, B6 = "2001:db8::1", "2001:db8::2"
ETH = Ether(src=A_MAC, dst=B_MAC)


def pad(frame):
    """At least as long as Ethernet asks for, so that its length is what we say."""
    data = bytes(frame)
    return data + bytes(max(0, 60 - len(data)))


def head(src, dst, proto, length, name):
    return f'{{"src_ip":"{src}","dst_ip":"{dst}","proto":{proto},"pkt_len":{length},"proto_name":"{name}"'


def tcp_line(length, sport, dport, flags, src=A4, dst=B4):
    syn, rst = ("true" if letter in flags else "false" for letter in "SR")
    return (head(src, dst, 6, length, "tcp")
            + f',"sport":{sport},"dport":{dport},"flags":"{flags}","syn":{syn},"rst":{rst}}}')


def udp_line(length, sport, dport, src=A4, dst=B4):
    return head(src, dst, 17, length, "udp") + f',"sport":{sport},"dport":{dport}}}'


def syn(dport=22, sport=40000, link=ETH):
    return pad(link / IP(src=A4, dst=B4) / TCP(sport=sport, dport=dport, flags="S"))


def udp(n=0, dport=53, link=ETH, payload=b"x" * 29):
    return pad(link / IP(src=A4, dst=B4) / UDP(sport=5353 + n, dport=dport) / Raw(payload))


def udp_run(n):
    """The frames of udp(0) to udp(n - 1), made fast: only the source port differs (and the checksum, which nobody asks)."""
    frame = udp()
    return [frame[:34] + (5353 + i).to_bytes(2, "big") + frame[36:] for i in range(n)]


def known():
    """(frame, line) pairs; line None: no IP in it."""
    ip, ip6 = ETH / IP(src=A4, dst=B4), ETH / IPv6(src=A6, dst=B6)
    return [
        (syn(), tcp_line(60, 40000, 22, "S")),
        (pad(ip / TCP(sport=22, dport=40000, flags="SA")), tcp_line(60, 22, 40000, "SA")),
        (pad(ip / TCP(sport=1, dport=65535, flags="RA")), tcp_line(60, 1, 65535, "RA")),
        (pad(ip / TCP(sport=1, dport=2, flags="FPU") / Raw(b"x" * 1000)), tcp_line(1054, 1, 2, "FPU")),
        (pad(ip6 / TCP(sport=443, dport=50000, flags="PA") / Raw(b"hello")), tcp_line(79, 443, 50000, "PA", A6, B6)),
        (udp(), udp_line(71, 5353, 53)),
        (pad(ip6 / UDP(sport=5353, dport=53) / Raw(b"x" * 20)), udp_line(82, 5353, 53, A6, B6)),
        (pad(ip6 / IPv6ExtHdrDestOpt() / UDP(sport=9, dport=10)), udp_line(70, 9, 10, A6, B6)),
        (pad(ip / ICMP() / Raw(b"x" * 56)), head(A4, B4, 1, 98, "icmp") + ',"icmp_type":8}'),
        (pad(ip6 / ICMPv6EchoRequest(data=b"x" * 56)), head(A6, B6, 58, 118, "icmp") + ',"icmp_type":128}'),
        (pad(ip / GRE() / IP(src="10.0.0.1", dst="10.0.0.2") / UDP()), head(A4, B4, 47, 66, "other") + "}"),
        (pad(ip / Raw(b"x" * 1480)), head(A4, B4, 0, 1514, "other") + "}"),
        (pad(ETH / ARP(psrc=A4, pdst=B4)), None),
    ]


def tagged():
    """(frame, line) pairs; pkt_len counts every tag."""
    q = ETH / Dot1Q(vlan=10)
    qinq = ETH / Dot1AD(vlan=100, prio=5) / Dot1Q(vlan=200)
    old = Ether(src=A_MAC, dst=B_MAC, type=0x8100) / Dot1Q(vlan=7, type=0x8100) / Dot1Q(vlan=8)
    return [
        (syn(link=q), tcp_line(60, 40000, 22, "S")),
        (udp(link=q), udp_line(75, 5353, 53)),
        (udp(link=ETH / Dot1Q(vlan=0, prio=3)), udp_line(75, 5353, 53)),
        (udp(link=ETH / Dot1AD(vlan=10)), udp_line(75, 5353, 53)),
        (udp(link=qinq), udp_line(79, 5353, 53)),
        (udp(link=old), udp_line(79, 5353, 53)),
        (pad(q / IPv6(src=A6, dst=B6) / UDP(sport=5, dport=6) / Raw(b"x" * 20)), udp_line(86, 5, 6, A6, B6)),
    ]

# SPDX-License-Identifier: Apache-2.0
"""The packets that the tests use: each protocol and each link type, whole and malformed."""

import struct

from packets import (AH, ESP, ICMP6, IP4, IP6, NO_NEXT, QINQ, QINQ_OLD, TCP, UDP, VLAN, Piece, ah, dccp, ethernet, fragment, gre, icmp,
                     icmpv6, igmp, ipv4, ipv6, known_bytes, loop, mpls, not_ip, null, options6, payload, pppoe, raw, routing, sctp, sll,
                     sll2, snap, tcp, tunnel, udp, udplite, vlan)

SYN, ACK = 2, 16
MSS = b"\x02\x04\x05\xb4"
RECORD_ROUTE = b"\x07\x07\x04" + bytes(4) + b"\x00"  # RFC 791 section 3.1


def transports():
    """What follows IP: all of it."""
    return [
        tcp(40000, 22, SYN), tcp(22, 40000, SYN | ACK, MSS), tcp(443, 50000, 24, data=known_bytes(100)), tcp(1, 65535, 0x1FF),
        tcp(0, 0, 0), tcp(5, 6, 4, MSS * 10), udp(5353, 53, known_bytes(29)), udp(0, 65535), udp(12, 22, known_bytes(1)),
        icmp(8), icmp(0, data=b""), icmp(3, 1), icmp(255, 255), icmpv6(128), icmpv6(135, data=known_bytes(20)), icmpv6(1, 4),
        sctp(36412, 36412), dccp(5001, 5002), udplite(7, 8), igmp(), payload(), payload(0),
    ]


def ip4_headers():
    """IPv4 in all its forms."""
    inner = tcp(1024, 80, SYN, MSS)
    return [
        ipv4(inner, options=RECORD_ROUTE), ipv4(inner, options=b"\x01" * 40), ipv4(inner, src="0.0.0.0", dst="255.255.255.255"),
        ipv4(inner, src="10.20.30.40", dst="224.0.0.1"), ipv4(udp(1, 2, known_bytes(40)), more=True),
        ipv4(udp(3, 4, known_bytes(8)), offset=8), ipv4(inner, offset=65528), ipv4(icmp(8), offset=1480, more=True),
        ipv4(payload(16), offset=24, proto=UDP, options=RECORD_ROUTE), ipv4(payload(), proto=0), ipv4(payload(), proto=255),
        ipv4(payload(20), proto=ESP), ipv4(payload(24), proto=AH), ipv4(gre(ipv4(inner))), ipv4(gre(ipv6(inner))),
        ipv4(tunnel(ipv4(inner))), ipv4(tunnel(ipv6(inner))), ipv4(payload(), proto=103),
    ]


def ip6_headers():
    """IPv6 with all the extension headers, alone and in chains."""
    inner = tcp(1024, 443, 24, data=b"hello")
    return [
        ipv6(options6(icmpv6(143), "hop_by_hop")), ipv6(options6(inner, "destination", 24)), ipv6(routing(inner, 2)),
        ipv6(routing(udp(9, 10), 0)), ipv6(fragment(udp(5, 6, known_bytes(40)))), ipv6(fragment(inner, more=False)),
        ipv6(fragment(udp(7, 8), offset=1448)), ipv6(fragment(payload(), offset=8, more=False, proto=ICMP6)), ipv6(ah(inner)),
        ipv6(ah(udp(500, 500))), ipv6(options6(routing(fragment(ah(options6(inner, "destination")))), "hop_by_hop")),
        ipv6(options6(fragment(payload(40), offset=64, proto=TCP), "hop_by_hop")),
        ipv6(fragment(options6(inner, "destination"))), ipv6(options6(payload(0), "destination", proto=NO_NEXT)),
        ipv6(payload(0), proto=NO_NEXT), ipv6(payload(), proto=ESP), ipv6(payload(), proto=89), ipv6(gre(ipv4(inner))),
        ipv6(tunnel(ipv4(inner))), ipv6(tunnel(ipv6(inner))),
    ] + [ipv6(inner, src=address) for address in ADDRESSES]


# RFC 5952: the longest run of zeros, the first of two, none for a single one; and what only looks like IPv4.
ADDRESSES = ["::", "::1", "1::", "fe80::1", "2001:db8:0:0:1:0:0:1", "2001:0:0:1:0:0:0:1", "2001:db8:0:1:1:1:1:1", "1:2:3:4:5:6:7:8",
             "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "0:1:0:1:0:1:0:1", "ff02::fb", "64:ff9b::102:304"]


def ip_packets():
    return ([ipv4(t) for t in transports()] + [ipv6(t) for t in transports()] + ip4_headers() + ip6_headers())


def some_ip_packets():
    """Few of each, for link types and for cuts."""
    return [ipv4(tcp(40000, 22, SYN, MSS)), ipv4(udp(5353, 53, known_bytes(5)), options=RECORD_ROUTE), ipv4(icmp(8)),
            ipv4(udp(3, 4), offset=8), ipv4(sctp(1, 2)), ipv6(tcp(22, 40000, SYN | ACK)), ipv6(udp(1, 2)), ipv6(icmpv6(129)),
            ipv6(options6(fragment(udp(5, 6)), "hop_by_hop")), ipv6(fragment(udp(7, 8), offset=1448))]


def tagged():
    """Between Ethernet and IP."""
    v4, v6 = ipv4(tcp(40000, 22, SYN)), ipv6(udp(5353, 53, b"x" * 20))
    inside = [vlan(v4, 10), vlan(v6, 4094, 7), vlan(ipv4(udp(5, 22)), 0), vlan(vlan(vlan(v4, 3), 2), 1), mpls(v4, 100),
              mpls(v6, 100, 200, 300), vlan(mpls(v4, 16), 5), pppoe(v4), pppoe(v6), vlan(pppoe(v4), 7),
              vlan(vlan(pppoe(ipv4(payload(), offset=8)), 8), 7)]
    return ([ethernet(piece) for piece in inside] + [ethernet(vlan(vlan(v4, 200), 100), QINQ), ethernet(vlan(v6, 1), QINQ_OLD)]
            + [ethernet(snap(p), 8 + len(p.data)) for p in (v4, v6, ipv4(icmp(0)))])


def without_ip():
    """Frames that hold no IP packet."""
    lcp = pppoe(Piece(known_bytes(8), layers=("lcp",)))._replace(fate="no_ip")
    return [ethernet(not_ip("arp")), ethernet(not_ip("lldp")), ethernet(vlan(not_ip("arp"), 10)), ethernet(lcp),
            ethernet(not_ip("unknown"), 0x1234)]


def malformed_ip():
    """IP packets that contradict themselves; each gives what can be known."""
    inner, datagram = tcp(1024, 80, 18, MSS), udp(53, 1024, known_bytes(12))
    short_tcp = inner.limited(10)._replace(data=inner.data[:10])
    return [
        ipv4(inner, words=4).silent("undecodable"), ipv4(inner, words=0).silent("undecodable"),
        ipv4(inner, total=19).silent("undecodable"), ipv4(inner, words=15, total=44).silent("undecodable"),
        ipv4(inner, version=5).silent("undecodable"), ipv4(inner, version=0).silent("undecodable"),
        ipv6(inner, version=5).silent("undecodable"), ipv6(inner, version=15).silent("undecodable"),
        ipv4(inner, total=0), ipv4(inner, total=2000), ipv4(inner, total=65535), ipv4(datagram, total=20), ipv4(datagram, total=22),
        ipv4(datagram, total=23), ipv4(datagram, total=24), ipv4(inner, total=33), ipv4(inner, total=34), ipv4(icmp(8), total=20),
        ipv4(icmp(8), total=21), ipv6(inner, length=2000), ipv6(inner, length=0), ipv6(datagram, length=3),
        ipv6(options6(inner, "hop_by_hop"), length=21), ipv4(tcp(7, 9, 1, offset=0)), ipv4(tcp(7, 9, 1, offset=4)),
        ipv4(tcp(7, 9, 1, offset=15)), ipv4(udp(7, 9, b"abc", length=0)), ipv4(udp(7, 9, b"abc", length=7)),
        ipv4(udp(7, 9, b"abc", length=60000)), ipv4(short_tcp), ipv6(short_tcp), ipv4(payload(0), proto=TCP),
        ipv4(payload(0), proto=UDP), ipv6(options6(payload(0), "destination", proto=ICMP6)), many_extensions(40),
    ]


def many_extensions(n):
    packet = tcp(1024, 80, SYN)
    for _ in range(n):
        packet = options6(packet, "destination")
    return ipv6(packet)


def wrong_links():
    """Link headers that lie about what follows."""
    v4, v6 = ipv4(tcp(1, 2, SYN)), ipv6(tcp(1, 2, SYN))
    return [ethernet(v4, IP6).silent("undecodable"), ethernet(v6, IP4).silent("undecodable"),
            ethernet(Piece(known_bytes(10), layers=("ipv4",)), pad=False).silent("undecodable"),
            ethernet(Piece(b"", layers=("vlan",)), VLAN, pad=False).silent("undecodable"),
            Piece(b"", fate="undecodable"), Piece(known_bytes(13), fate="undecodable"),
            ethernet(pppoe(v4, 2 + 22)), ethernet(pppoe(v6, 2 + 44)), ethernet(snap(v4), 8 + 23), ethernet(snap(v6), 8 + 52)]


def on_links(pieces):
    """(link, piece) pairs: IP packets on each link type that may carry them."""
    for piece in pieces:
        four = piece.layers[0] == "ipv4"
        yield from (("ethernet", ethernet(piece)), ("sll", sll(piece)), ("sll2", sll2(piece)), ("null", null(piece)),
                    ("null", null(piece, ">")), ("loop", loop(piece)), ("raw", raw(piece)), ("raw_bsd", raw(piece)),
                    ("raw_openbsd", raw(piece)), ("ipv4" if four else "ipv6", raw(piece)))
        if not four:
            yield from (("null", null(piece, order, family)) for order in "<>" for family in (24, 28))
            yield "loop", loop(piece, 24)


def everything():
    """(link, piece) pairs: all the packets there are."""
    frames = [ethernet(p) for p in ip_packets() + malformed_ip()] + tagged() + without_ip() + wrong_links()
    frames += [ethernet(vlan(p, 9)) for p in ip_packets()]
    cooked = [("sll", sll(not_ip("arp"))), ("sll2", sll2(not_ip("arp"))), ("null", Piece(struct.pack("<I", 7), fate="no_ip"))]
    return [("ethernet", f) for f in frames] + list(on_links(ip_packets())) + cooked


def to_cut():
    """(link, piece) pairs: one of each kind, few enough to be cut at every length."""
    few = some_ip_packets()
    beyond = ipv4(tcp(1, 2, SYN).limited(0), words=15, total=0)  # a header longer than its frame
    return ([("ethernet", ethernet(p)) for p in [*ip_packets(), *malformed_ip(), beyond]] + [("ethernet", f) for f in tagged() + without_ip()]
            + list(on_links(few)))

# SPDX-License-Identifier: Apache-2.0
"""The sniffer that tapline replaces, written with Scapy, gives the same lines for the same capture.

Compared are IPv4 packets that are neither tunnelled nor cut: there haslayer() finds what follows the outer header. An ICMP error
quotes a packet, in which it would find that one's ports, so none is here; and ports of UDP are those that Scapy takes no further.
"""

import json
import logging
import pathlib
import sys
import time

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / folder) for folder in ("gen", "expected")]
logging.getLogger("scapy").setLevel(logging.ERROR)

try:
    from scapy.layers.inet import ICMP, IP, TCP, UDP
    from scapy.layers.l2 import Dot1Q  # noqa: F401  what a tagged frame is made of
    from scapy.sendrecv import sniff
except ImportError as missing:
    pytest.skip(f"Scapy is missing: {missing} (Debian: apt-get install python3-scapy)", allow_module_level=True)

from captures import packets, pcap, pcapng  # noqa: E402
from harness import Run, assert_same  # noqa: E402
from packets import (QINQ, dccp, ethernet, gre, icmp, igmp, ipv4, ipv6, known_bytes, payload, raw, sctp, sll, tcp, udp, udplite,
                     vlan)  # noqa: E402

RECORD_ROUTE = b"\x07\x07\x04" + bytes(4) + b"\x00"
MSS = b"\x02\x04\x05\xb4"


def transport_fields(packet):
    if TCP in packet:
        bits = packet[TCP].flags
        return {"proto_name": "tcp", "sport": packet[TCP].sport, "dport": packet[TCP].dport, "flags": str(bits),
                "syn": bool(bits & 2), "rst": bool(bits & 4)}
    if UDP in packet:
        return {"proto_name": "udp", "sport": packet[UDP].sport, "dport": packet[UDP].dport}
    if ICMP in packet:
        return {"proto_name": "icmp", "icmp_type": packet[ICMP].type}
    return {"proto_name": "other"}


def old_lines(path):
    """What the old sniffer wrote: whole seconds, one callback per packet, nothing without IPv4."""
    written = []

    def on_packet(packet):
        if IP not in packet:
            return
        record = {"ts": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(float(packet.time))), "src_ip": packet[IP].src,
                  "dst_ip": packet[IP].dst, "proto": packet[IP].proto, "pkt_len": len(packet), **transport_fields(packet)}
        written.append(json.dumps(record, separators=(",", ":")) + "\n")

    sniff(offline=str(path), prn=on_packet, store=False)
    return written


def tcp_packets():
    """Every set of the eight flags that Scapy has always had, the ninth with some; ports of all sizes, options, data."""
    for flags in [*range(256), *range(256, 512, 7)]:
        yield ipv4(tcp(1 + flags * 127, 65535 - flags, flags, MSS * (flags % 3), known_bytes(flags % 50)))


def udp_packets():
    for i, size in enumerate([0, 1, 2, 7, 8, 100, 1400, 1472]):
        yield ipv4(udp(40000 + i, 50000 - i, known_bytes(size)))


def icmp_packets():
    """Queries and answers: 3, 4, 5, 11 and 12 quote a packet."""
    for kind in (0, 8, 9, 10, 13, 14, 15, 16, 17, 18, 30, 42):
        yield ipv4(icmp(kind, data=known_bytes(24)))


def other_packets():
    inner = [sctp(36412, 36412), dccp(5001, 5002), udplite(7, 8), igmp(), payload()]
    yield from (ipv4(piece) for piece in inner)
    yield from (ipv4(payload(20), proto=number) for number in (0, 46, 89, 99, 103, 112, 200, 255))


def headers():
    """Options, addresses, fragments: the first has ports, a later one has none."""
    inner = tcp(1024, 80, 2, MSS)
    yield from (ipv4(inner, options=RECORD_ROUTE), ipv4(inner, options=b"\x01" * 40), ipv4(inner, src="0.0.0.0"),
                ipv4(inner, dst="255.255.255.255"), ipv4(inner, src="10.200.30.4", dst="224.0.0.251"))
    yield from (ipv4(udp(40001, 50001, known_bytes(40)), more=True), ipv4(payload(48), proto=17, offset=48, more=True),
                ipv4(payload(5), proto=17, offset=96), ipv4(payload(40), proto=6, offset=65528), ipv4(payload(40), proto=1, offset=8),
                ipv4(inner, more=True))


def pieces():
    return [*tcp_packets(), *udp_packets(), *icmp_packets(), *other_packets(), *headers()]


def framed():
    plain = pieces()
    some = plain[::5]
    return ([ethernet(p) for p in plain] + [ethernet(vlan(p, 10)) for p in some] + [ethernet(vlan(vlan(p, 20), 30), QINQ) for p in some])


def compare(path, n):
    old = old_lines(path)
    run = Run("-r", path, "--ts-digits", 0)
    assert_same(run.out, "".join(old).encode())
    assert run.summary["records"] == n == len(old)


@pytest.mark.parametrize("make", [pcap, pcapng])
def test_ethernet(tmp_path, make):
    group = packets([("ethernet", f) for f in framed()])
    path = tmp_path / "capture"
    path.write_bytes(make(group))
    compare(path, len(group))


@pytest.mark.parametrize("link, wrap", [("raw", raw), ("sll", sll)])
def test_other_links(tmp_path, link, wrap):
    group = packets([(link, wrap(p)) for p in pieces()])
    path = tmp_path / "capture"
    path.write_bytes(pcap(group))
    compare(path, len(group))


def test_the_model_agrees(tmp_path):
    """So three that were written apart say the same."""
    group = packets([("ethernet", f) for f in framed()])
    path = tmp_path / "capture"
    path.write_bytes(pcap(group))
    model = [json.dumps(p.record(0), separators=(",", ":")) + "\n" for p in group]
    assert old_lines(path) == model


def test_where_they_differ(tmp_path):
    """IPv6, which the old one passed over; and tunnels, where it took the inner ports with the outer addresses."""
    inside = ipv4(tcp(7, 9, 2))
    group = packets([("ethernet", ethernet(ipv6(tcp(7, 9, 2)))), ("ethernet", ethernet(ipv4(gre(inside))))])
    path = tmp_path / "capture"
    path.write_bytes(pcap(group))
    old, ours = [json.loads(line) for line in old_lines(path)], [json.loads(line) for line in Run("-r", path).out.splitlines()]
    assert [record["src_ip"] for record in ours] == ["2001:db8::1", "192.0.2.1"]
    assert [record["proto_name"] for record in old] == ["tcp"] and old[0]["proto"] == 47
    assert ours[1]["proto_name"] == "other" and "sport" not in ours[1]

# SPDX-License-Identifier: Apache-2.0
"""What `full` shows of a packet is what Scapy reads there: made by Scapy, by our generator, recorded, and from captures of others.

Compared is what Scapy takes apart: the outermost IP header and TCP, UDP or ICMP when they follow at once. Where Scapy gives up or
guesses (a payload that is no header, later fragments, cut packets) there is nothing to compare.
"""

import glob
import ipaddress
import json
import logging
import os
import pathlib
import struct
import sys

import pytest

HERE = pathlib.Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[1] / folder) for folder in ("gen", "expected")]
logging.getLogger("scapy").setLevel(logging.CRITICAL)

try:
    from scapy.contrib.geneve import GENEVE
    from scapy.contrib.gtp import GTP_U_Header
    from scapy.layers.inet import ICMP, IP, TCP, UDP
    from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment
    from scapy.layers.l2 import ARP, GRE, Dot1Q, Ether
    from scapy.layers.vxlan import VXLAN
    from scapy.packet import Raw
except ImportError as missing:
    pytest.skip(f"Scapy is missing: {missing} (Debian: apt-get install python3-scapy)", allow_module_level=True)

from captures import packets, pcap  # noqa: E402
from catalogue import everything  # noqa: E402
from harness import Run, grouped  # noqa: E402

CORPUS = os.path.join(os.environ.get("TAPLINE_CORPUS", str(HERE.parents[3] / "shared")), "corpus")
PACKETS_MAX = 60


def read_pcap(data):
    """(capture length is the wire's, bytes) of a classic capture of Ethernet; None if it is none."""
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\x4d\x3c\xb2\xa1": "<"}.get(data[:4])
    if not order or len(data) < 24 or struct.unpack_from(order + "H", data, 4)[0] != 2 or struct.unpack_from(order + "I", data, 20)[0] != 1:
        return None
    at, frames = 24, []
    while at + 16 <= len(data):
        caplen, wirelen = struct.unpack_from(order + "II", data, at + 8)
        if caplen > 262144 or at + 16 + caplen > len(data):
            break
        frames.append((caplen == wirelen, data[at + 16:at + 16 + caplen]))
        at += 16 + caplen
    return frames


def transport(header, expected):
    """Fields of what follows the IP header at once."""
    above = header.payload
    if isinstance(above, TCP) and above.dataofs and above.dataofs >= 5:
        expected.update(sport=above.sport, dport=above.dport, tcp_seq=str(above.seq), tcp_ack=str(above.ack), tcp_window=above.window)
        for name, letter in (("fin", "F"), ("syn", "S"), ("rst", "R"), ("psh", "P"), ("ack", "A"), ("urg", "U"), ("ece", "E"),
                             ("cwr", "C")):
            expected[name] = letter in str(above.flags)
    elif isinstance(above, UDP):
        expected.update(sport=above.sport, dport=above.dport)
    elif isinstance(above, ICMP):
        expected.update(icmp_type=above.type, icmp_code=above.code)


def by_scapy(data):
    """What Scapy knows of a frame's outermost IP packet, in our names; None if it finds none."""
    frame = Ether(data)
    tags = []
    layer = frame.payload
    while isinstance(layer, Dot1Q):
        tags.append(layer.vlan)
        layer = layer.payload
    expected = {"src_mac": frame.src, "dst_mac": frame.dst}
    expected.update(zip(("vlan", "inner_vlan"), tags))
    if type(layer) is IP and layer.version == 4 and layer.ihl >= 5:
        expected.update(src_ip=layer.src, dst_ip=layer.dst, ttl=layer.ttl, ip_id=layer.id, dscp=layer.tos >> 2, ecn=layer.tos & 3,
                        df=bool(layer.flags.DF), ip_version=4, proto=layer.proto, frag=bool(layer.flags.MF or layer.frag))
        if layer.frag:
            expected["frag_off"] = layer.frag * 8
        else:
            transport(layer, expected)
    elif type(layer) is IPv6 and layer.version == 6:
        expected.update(src_ip=str(ipaddress.ip_address(layer.src)), dst_ip=str(ipaddress.ip_address(layer.dst)), ttl=layer.hlim,
                        flow_label=layer.fl, dscp=layer.tc >> 2, ecn=layer.tc & 3, ip_version=6)
        if isinstance(layer.payload, IPv6ExtHdrFragment):
            expected.update(ip_id=layer.payload.id, frag=bool(layer.payload.m or layer.payload.offset))
        else:
            transport(layer, expected)
    else:
        return None
    return expected


def compare(path, frames):
    """How many packets were compared."""
    records = {}
    for line in Run("-q", "-r", path, "--profile", "full", "--records", "packet").out.splitlines():
        record = json.loads(line)
        records[record["frame"]] = record
    compared = 0
    for number, (whole, data) in enumerate(frames, 1):
        record = records.get(number)
        if number > PACKETS_MAX or not whole or not record or record.get("malformed"):
            continue
        try:
            expected = by_scapy(data)
        except Exception:  # Scapy's own trouble with what it was given
            continue
        if expected is None:
            continue
        wrong = {key: (record.get(key), value) for key, value in expected.items() if record.get(key) != value}
        assert not wrong, f"{path}: frame {number}: ours, Scapy's: {wrong}; {data[:100].hex()}"
        compared += 1
    return compared


def test_our_own(tmp_path):
    data = pcap(grouped(packets(everything()))["ethernet"])
    path = tmp_path / "a.pcap"
    path.write_bytes(data)
    assert compare(path, read_pcap(data)) > 50


def test_recorded():
    path = HERE.parents[2] / "demo" / "demo.pcap"
    assert compare(path, read_pcap(path.read_bytes())) > 50


def test_captures_of_others(tmp_path):
    files = [f for f in glob.glob(os.path.join(CORPUS, "**"), recursive=True) if os.path.isfile(f)]
    if not files:
        pytest.skip(f"no captures at {CORPUS} (TAPLINE_CORPUS names another place)")
    compared = 0
    for file in sorted(files)[::3]:
        with open(file, "rb") as capture:
            data = capture.read(200000)
        frames = read_pcap(data)
        if not frames:
            continue
        part = tmp_path / "part.pcap"
        part.write_bytes(data[:24 + sum(16 + len(d) for _, d in frames[:PACKETS_MAX])])
        compared += compare(part, frames)
    assert compared > 2000


# Tunnels, made and taken apart by Scapy.

INNER = IP(src="10.9.0.1", dst="10.9.0.2") / UDP(sport=5000, dport=9) / Raw(b"x" * 8)
INNER6 = IPv6(src="fd00::1", dst="fd00::2") / TCP(sport=40000, dport=22, flags="S")
OUTER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / IP(src="10.1.0.1", dst="10.1.0.2")
INSIDE = Ether(src="02:00:00:00:00:03", dst="02:00:00:00:00:04")
TUNNELS = {
    "ipip": OUTER / INNER,
    "6in4": OUTER / INNER6,
    "gre": OUTER / GRE() / INNER,
    "gre,gre": OUTER / GRE() / IP(src="10.2.0.1", dst="10.2.0.2") / GRE(key_present=1, key=7, seqnum_present=1) / INNER6,
    "vxlan": OUTER / UDP(sport=50000, dport=4789) / VXLAN(vni=9) / INSIDE / INNER,
    "geneve": OUTER / UDP(sport=50000, dport=6081) / GENEVE(vni=9) / INSIDE / Dot1Q(vlan=7) / INNER6,
    "gtp-u": OUTER / UDP(sport=2152, dport=2152) / GTP_U_Header(teid=1, gtp_type=255) / INNER,
    "vxlan,ipip": OUTER / UDP(sport=50000, dport=4789) / VXLAN(vni=9) / INSIDE / IP(src="10.3.0.1", dst="10.3.0.2") / INNER,
}


@pytest.mark.parametrize("tunnel", TUNNELS)
def test_tunnels(tmp_path, tunnel):
    data = bytes(TUNNELS[tunnel])
    path = tmp_path / "a.pcap"
    path.write_bytes(struct.pack("<IHHIIIIIIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1, 1, 0, len(data), len(data)) + data)
    (record,) = [json.loads(line) for line in Run("-r", path, "--profile", "full", "--inner").out.splitlines()]
    packet = Ether(data)
    last = packet.getlayer(IP, packet.layers().count(IP)) if tunnel.endswith(("ipip", "vxlan", "gtp-u")) or tunnel == "gre" else packet[IPv6]
    assert record["src_ip"] == last.src and record["dst_ip"] == last.dst
    assert record["tunnel"] == tunnel and record["outer_src_ip"] == "10.1.0.1" and record["outer_dst_ip"] == "10.1.0.2"
    assert (record["sport"], record["dport"]) == (last.payload.sport, last.payload.dport)
    assert record["pkt_len"] == len(data)
    (outer,) = [json.loads(line) for line in Run("-r", path).out.splitlines()]
    assert outer["src_ip"] == "10.1.0.1" and "tunnel" not in outer


def test_arp(tmp_path):
    arp = ARP(op=2, hwsrc="02:00:00:00:00:05", psrc="192.0.2.5", hwdst="02:00:00:00:00:06", pdst="192.0.2.6")
    data = bytes(Ether(src="02:00:00:00:00:05", dst="02:00:00:00:00:06") / Dot1Q(vlan=12) / arp)
    path = tmp_path / "a.pcap"
    path.write_bytes(struct.pack("<IHHIIIIIIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1, 1, 0, len(data), len(data)) + data)
    assert Run("-r", path, "--profile", "full").out == b""
    (record,) = [json.loads(line) for line in Run("-r", path, "--profile", "full", "--non-ip").out.splitlines()]
    assert {key: record[key] for key in ("arp_op", "arp_src_mac", "arp_src_ip", "arp_dst_mac", "arp_dst_ip", "vlan")} == {
        "arp_op": 2, "arp_src_mac": arp.hwsrc, "arp_src_ip": arp.psrc, "arp_dst_mac": arp.hwdst, "arp_dst_ip": arp.pdst, "vlan": 12}

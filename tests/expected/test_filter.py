# SPDX-License-Identifier: Apache-2.0
"""Filters keep what pcap-filter(7) says, judged by the model's layers; -c counts what passed."""

import pytest
from harness import Run, assert_same, check, line, lines, microseconds, written

from captures import packets
from catalogue import ip_packets, tagged, without_ip
from packets import ethernet

GROUP = microseconds(packets([("ethernet", f) for f in [ethernet(p) for p in ip_packets()] + tagged() + without_ip()]))


def carries(packet, *protocols):
    """It names one of them as what follows IPv4, IPv6, or a fragment header that follows IPv6 at once."""
    layers = packet.piece.layers[1:]
    if layers[0] not in ("ipv4", "ipv6"):
        return False
    return numbers(packet)[0] in protocols or (layers[:2] == ("ipv6", "fragment") and numbers(packet)[1] in protocols)


def numbers(packet):
    """The protocol numbers that its IP header and a fragment header right behind it name, by their bytes."""
    data, four = packet.piece.data, packet.piece.layers[1] == "ipv4"
    return data[23 if four else 20], data[54:55][0] if len(data) > 54 else None


def ports(packet, *protocols):
    """The ports of a packet that has them right behind IP; a later fragment has none."""
    record, layers = packet.record() or {}, packet.piece.layers[1:]
    if layers[0] in ("ipv4", "ipv6") and layers[1] in protocols:
        return {record.get("sport"), record.get("dport")}
    return set()


FILTERS = {
    "tcp port 22": lambda p: 22 in ports(p, "tcp"),
    "port 22": lambda p: 22 in ports(p, "tcp", "udp"),
    "udp": lambda p: carries(p, 17),
    "tcp": lambda p: carries(p, 6),
    "icmp": lambda p: p.piece.layers[1] == "ipv4" and numbers(p)[0] == 1,
    "icmp6": lambda p: p.piece.layers[1] == "ipv6" and carries(p, 58),
    "vlan": lambda p: p.piece.layers[1] == "vlan",
    "vlan 10": lambda p: p.piece.layers[1] == "vlan" and p.data[15] == 10 and p.data[14] & 15 == 0,
    "not ip6": lambda p: p.data[12:14] != b"\x86\xdd",
    "ip": lambda p: p.data[12:14] == b"\x08\x00",
    "ip6": lambda p: p.data[12:14] == b"\x86\xdd",
    "arp": lambda p: p.piece.layers[1] == "arp",
    "mpls": lambda p: p.piece.layers[1] == "mpls",
    "less 60": lambda p: p.wirelen <= 60,
    "greater 100": lambda p: p.wirelen >= 100,
    "host 10.20.30.40": lambda p: p.piece.layers[1] == "ipv4" and (p.record() or {}).get("src_ip") == "10.20.30.40",
    "ip6 host fe80::1": lambda p: p.piece.layers[1] == "ipv6" and p.record()["src_ip"] == "fe80::1",
    "tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn":
        lambda p: p.piece.layers[1:3] == ("ipv4", "tcp") and p.record()["syn"] and "A" not in p.record()["flags"],
    "tcp port 22 or udp port 5353": lambda p: 22 in ports(p, "tcp") or 5353 in ports(p, "udp"),
    "ip[6:2] & 0x1fff != 0": lambda p: p.piece.layers[1] == "ipv4" and p.data[20] & 31 | p.data[21] != 0,
}


@pytest.fixture(scope="module")
def capture(tmp_path_factory):
    return written(tmp_path_factory.mktemp("filter"), GROUP)


@pytest.mark.parametrize("expression", FILTERS)
def test_filter(capture, expression):
    kept = [p for p in GROUP if FILTERS[expression](p)]
    assert 0 < len(kept) < len(GROUP)
    expected = lines(kept)
    for args in ([], ["--batch", 1]):
        run = Run("-r", capture, *args, *expression.split())
        assert_same(run.out, expected, kept)
        assert run.summary["received"] == len(GROUP)
        assert run.summary["filtered"] == len(GROUP) - len(kept)
        assert run.summary["records"] == expected.count(b"\n")
    assert_same(Run("-r", capture, expression).out, expected)


def test_filter_from_a_pipe(capture):
    kept = [p for p in GROUP if FILTERS["udp"](p)]
    assert_same(Run("-r", "-", "udp", input=capture.read_bytes()).out, lines(kept))


def after(n, keep):
    """The packets up to the nth that is kept."""
    left = n
    for i, packet in enumerate(GROUP):
        left -= keep(packet)
        if not left:
            return GROUP[:i + 1]
    return GROUP


@pytest.mark.parametrize("size", [1, 3, 256])
@pytest.mark.parametrize("n", [1, 2, 9, 10**19])
@pytest.mark.parametrize("expression", ["", "tcp port 22", "udp", "arp"])
def test_count(capture, n, expression, size):
    """What comes after the last that is wanted was never received, whatever the batch."""
    keep = FILTERS.get(expression, lambda p: True)
    seen = after(n, keep)
    kept = [p for p in seen if keep(p)]
    run = Run("-r", capture, "-c", n, "--batch", size, *expression.split())
    assert_same(run.out, lines(kept), kept)
    assert run.summary["received"] == len(seen)
    assert run.summary["filtered"] == len(seen) - len(kept)


def test_count_goes_over_inputs(capture, tmp_path):
    """And an input that is not wanted any more is not opened."""
    n = len(GROUP) + 5
    run = Run("-r", capture, "-r", capture, "-r", tmp_path / "missing", "-c", n)
    assert_same(run.out, lines(GROUP + GROUP[:5]))
    assert run.summary["received"] == n


def test_count_of_what_a_pipe_gives(capture):
    """The rest of the pipe need not come."""
    check(Run("-r", "-", "-c", len(GROUP) - 3, input=capture.read_bytes()), GROUP[:-3])

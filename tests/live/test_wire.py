# SPDX-License-Identifier: Apache-2.0
"""What is sent on the wire is what the lines say, byte by byte."""

import time

import pytest
from conftest import sh, try_sh
from frames import ETH, Dot1AD, Dot1Q, known, syn, tagged, tcp_line, udp, udp_line


def lines_of(pairs):
    return [line for _, line in pairs if line]


def frames_of(pairs):
    return [frame for frame, _ in pairs]


@pytest.mark.parametrize("side", ["receiver", "sender"])
@pytest.mark.parametrize("batch", ["1", "256"])
def test_known_packets(net, capture, side, batch):
    pairs = known()
    at = {"receiver": ("-i", "b0"), "sender": ("-i", "afpacket:a0")}[side]
    listener = capture(*at, "--batch", batch, ns=net.b if side == "receiver" else net.a)
    net.send(frames_of(pairs))
    listener.wait_lines(len(lines_of(pairs)))
    lines, summary = listener.finish()
    assert listener.untimed(lines) == lines_of(pairs)
    assert summary["received"] == len(pairs)
    assert summary["no_ip"] == 1
    assert summary["kernel_drops"] == 0


@pytest.fixture(params=["on", "off"])
def vlan_offload(request, net):
    """Whether the device carries the tag beside the frame; where it does not, the stack takes it off itself."""
    features = " ".join(f"{name} {request.param}" for name in ("rxvlan", "txvlan"))
    for ns, dev in ((net.a, "a0"), (net.b, "b0")):
        if not try_sh(f"ip netns exec {ns} ethtool -K {dev} {features}"):
            pytest.skip(f"veth here cannot set {features}")
    yield request.param
    for ns, dev in ((net.a, "a0"), (net.b, "b0")):
        sh(f"ip netns exec {ns} ethtool -K {dev} rxvlan on txvlan on")


@pytest.mark.parametrize("side", ["receiver", "sender"])
def test_tags_count(net, capture, vlan_offload, side):
    pairs = tagged()
    listener = capture("-i", "b0") if side == "receiver" else capture("-i", "a0", ns=net.a)
    net.send(frames_of(pairs))
    listener.wait_lines(len(pairs))
    lines, summary = listener.finish()
    assert listener.untimed(lines) == lines_of(pairs)
    assert summary["received"] == len(pairs)


@pytest.mark.parametrize("side", ["receiver", "sender"])
@pytest.mark.parametrize("expression, expected", [
    ("vlan 10", [60, 75]),
    ("vlan 10 and tcp port 22", [60]),
    ("vlan 100 and vlan 200 and udp port 53", [79]),
    ("ether[12:4] = 0x88a8a064 and ether[16:4] = 0x810000c8 and ether[20:2] = 0x800", [79]),
    ("ether src 02:00:00:00:00:0a and ether dst 02:00:00:00:00:0b", [60, 71, 75, 79]),
    ("tcp port 22 or udp", [71]),
    ("not vlan", [71]),
    ("greater 76", [79]),
    ("udp port 53", [71]),
])
def test_filter_sees_the_tag_where_it_was(net, capture, side, expression, expected):
    frames = [syn(link=ETH / Dot1Q(vlan=10)), udp(), udp(link=ETH / Dot1Q(vlan=10)),
              udp(link=ETH / Dot1AD(vlan=100, prio=5) / Dot1Q(vlan=200))]
    listener = capture("-i", "b0", expression) if side == "receiver" else capture("-i", "a0", expression, ns=net.a)
    net.send(frames)
    listener.wait_lines(len(expected))
    lines, _ = listener.finish()
    assert [int(line.split('"pkt_len":')[1].split(",")[0]) for line in lines] == expected


def test_filter_works_in_the_kernel(net, capture):
    """What the kernel refuses is not even received; tagged frames come through and are judged by us."""
    listener = capture("-i", "b0", "tcp", "port", "22")
    net.send([udp(n) for n in range(100)] + [syn(), syn(23), syn(link=ETH / Dot1Q(vlan=10))])
    listener.wait_lines(1)
    lines, summary = listener.finish()
    assert listener.untimed(lines) == [tcp_line(60, 40000, 22, "S")]
    assert summary["received"] == 2
    assert summary["filtered"] == 1


def test_filter_too_long_for_the_kernel(net, capture):
    """Then only the prefix is attached, and we judge."""
    expression = " or ".join(f"udp port {port}" for port in range(1000, 1900, 2))
    listener = capture("-i", "b0", expression)
    net.send([udp(dport=1000), udp(dport=1001), udp(dport=1898)])
    listener.wait_lines(2)
    lines, summary = listener.finish()
    assert listener.untimed(lines) == [udp_line(71, 5353, 1000), udp_line(71, 5353, 1898)]
    assert summary["received"] == 3
    assert summary["filtered"] == 1


def test_snaplen(net, capture):
    """A packet that is cut still has its length on the wire, with a tag that was put back too."""
    listener = capture("-i", "b0", "-s", "64")
    net.send([udp(payload=b"x" * 1000), udp(payload=b"x" * 1000, link=ETH / Dot1Q(vlan=10))])
    listener.wait_lines(2)
    lines, summary = listener.finish()
    assert listener.untimed(lines) == [udp_line(1042, 5353, 53), udp_line(1046, 5353, 53)]
    assert summary["undecodable"] == 0


def test_line_is_out_soon(net, capture):
    listener = capture("-i", "b0")
    waits = []
    for n in range(1, 6):
        sent = time.monotonic()
        net.send([udp()])
        assert len(listener.wait_lines(n)) == n
        waits.append(time.monotonic() - sent)
        time.sleep(0.013 * n)
    listener.finish()
    assert sorted(waits)[len(waits) // 2] < 0.15, waits


def promiscuity(net):
    return "promiscuity 1" in sh(f"ip -n {net.b} -d link show b0")


def test_promiscuous_unless_told_not_to(net, capture):
    assert not promiscuity(net)
    listener = capture("-i", "b0")
    assert promiscuity(net)
    listener.finish()
    assert not promiscuity(net)
    listener = capture("-i", "b0", "--no-promiscuous")
    assert not promiscuity(net)
    listener.finish()

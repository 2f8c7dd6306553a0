# SPDX-License-Identifier: Apache-2.0
"""Interface any, loopback, and devices without a link header."""

import fcntl
import os
import socket
import struct

import pytest
from conftest import entered, sh
from frames import A4, B4, ICMP, IP, TCP, UDP, IPv6, Raw, head, syn, tcp_line, udp, udp_line

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000


@pytest.fixture(scope="module")
def pair(net):
    """A second cable, both ends in namespace b: c0 and c1."""
    sh(f"ip -n {net.b} link add c0 type veth peer name c1")
    for dev in ("c0", "c1"):
        sh(f"ip -n {net.b} link set {dev} up")
    yield
    net.forget(net.b, "c0")
    sh(f"ip -n {net.b} link del c0")


@pytest.fixture
def tun(net):
    """A device of IP packets without a link header: what is written to it comes in."""
    with entered(net.b):
        fd = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", b"tun0", IFF_TUN | IFF_NO_PI))
    sh(f"ip -n {net.b} link set tun0 up")
    yield fd
    os.close(fd)


def send_on_lo(net, n):
    """n datagrams of 10 bytes from port 7001 to port 7000, and nobody answers: the receiver just does not read."""
    with entered(net.b):
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with receiver, sender:
        receiver.bind(("127.0.0.1", 7000))
        sender.bind(("127.0.0.1", 7001))
        for _ in range(n):
            sender.sendto(b"0123456789", ("127.0.0.1", 7000))


LO_LINE = udp_line(52, 7001, 7000, "127.0.0.1", "127.0.0.1")


@pytest.mark.parametrize("expression", [(), ("udp", "port", "7000")])
def test_loopback_once(net, capture, expression):
    listener = capture("-i", "lo", *expression)
    send_on_lo(net, 5)
    listener.wait_lines(5)
    lines, summary = listener.finish()
    assert listener.untimed(lines) == [LO_LINE] * 5
    assert summary["received"] == 5


@pytest.mark.parametrize("expression", [(), ("udp",)])
def test_any_sees_all_ends(net, capture, pair, expression):
    """What goes out of c0 and comes in at c1 is two packets of two interfaces; what lo shows twice is one."""
    listener = capture("-i", "any", *expression)
    net.send([udp()])
    net.send([udp(1)], ns=net.b, dev="c0")
    send_on_lo(net, 3)
    listener.wait_lines(6)
    lines, summary = listener.finish()
    assert sorted(listener.untimed(lines)) == sorted(
        [udp_line(71, 5353, 53), udp_line(71, 5354, 53), udp_line(71, 5354, 53)] + [LO_LINE] * 3)
    assert summary["received"] == 6


@pytest.mark.parametrize("interface", ["any", "tun0"])
@pytest.mark.parametrize("expression", [(), ("tcp port 22 or icmp or ip6",)])
def test_device_without_link_header(net, capture, tun, interface, expression):
    packets = [
        (IP(src=A4, dst=B4) / TCP(sport=40000, dport=22, flags="S"), tcp_line(40, 40000, 22, "S")),
        (IP(src=A4, dst=B4) / ICMP() / Raw(b"x" * 56), head(A4, B4, 1, 84, "icmp") + ',"icmp_type":8}'),
        (IPv6(src="fe80::1", dst="fe80::2") / UDP(sport=5, dport=6), udp_line(48, 5, 6, "fe80::1", "fe80::2")),
    ]
    listener = capture("-i", interface, *expression)
    for packet, _ in packets:
        os.write(tun, bytes(packet))
    listener.wait_lines(len(packets))
    lines, _ = listener.finish()
    assert listener.untimed(lines) == [line for _, line in packets]


def test_any_with_a_filter_for_ethernet(net, capture, tun):
    """The program in the kernel is for Ethernet: it must not judge what has no such header, and we must."""
    listener = capture("-i", "any", "tcp", "port", "22")
    os.write(tun, bytes(IP(src=A4, dst=B4) / UDP(sport=22, dport=22)))
    os.write(tun, bytes(IP(src=A4, dst=B4) / TCP(sport=1, dport=22, flags="S")))
    net.send([syn(), udp(), syn(23)])
    listener.wait_lines(2)
    lines, summary = listener.finish()
    assert sorted(listener.untimed(lines)) == sorted([tcp_line(40, 1, 22, "S"), tcp_line(60, 40000, 22, "S")])
    assert summary["filtered"] == 1

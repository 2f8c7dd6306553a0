# SPDX-License-Identifier: Apache-2.0
"""Frames larger than any wire carries: what segmentation and receive offload make of a TCP transfer."""

import json
import socket
import threading

import pytest
from conftest import entered, sh, try_sh

SIZE = 20_000_000
HEADERS = {4: 14 + 20 + 32, 6: 14 + 40 + 32}  # Ethernet, IP, TCP with timestamps


@pytest.fixture(scope="module")
def addresses(net):
    for ns, dev, n in ((net.a, "a0", 1), (net.b, "b0", 2)):
        sh(f"ip netns exec {ns} sysctl -q -w net.ipv6.conf.{dev}.accept_dad=0 net.ipv6.conf.{dev}.disable_ipv6=0")
        sh(f"ip -n {ns} addr add 198.51.100.{n}/24 dev {dev}")
        sh(f"ip -n {ns} addr add 2001:db8:1::{n}/64 dev {dev} nodad")
        sh(f"ip netns exec {ns} ethtool -K {dev} tso on gso on gro on")
    yield
    for ns, dev in ((net.a, "a0"), (net.b, "b0")):
        sh(f"ip -n {ns} addr flush dev {dev}")
        sh(f"ip netns exec {ns} sysctl -q -w net.ipv6.conf.{dev}.disable_ipv6=1")


def receive(server):
    connection, _ = server.accept()
    with connection:
        while connection.recv(1 << 20):
            pass


def transfer(net, family, address):
    """SIZE bytes by TCP from namespace a to b, port 7000; gives the sender's port."""
    with entered(net.b):
        server = socket.socket(family, socket.SOCK_STREAM)
    with entered(net.a):
        client = socket.socket(family, socket.SOCK_STREAM)
    with server, client:
        server.bind((address, 7000))
        server.listen(1)
        reader = threading.Thread(target=receive, args=(server,))
        reader.start()
        client.connect((address, 7000))
        port = client.getsockname()[1]
        client.sendall(bytes(SIZE))
        client.shutdown(socket.SHUT_WR)
        reader.join(20)
    return port


def data_lengths(lines, port):
    records = [json.loads(line) for line in lines]
    return [r["pkt_len"] for r in records if r["sport"] == port and not r["syn"] and r["proto_name"] == "tcp"]


@pytest.mark.parametrize("version, family, address", [(4, socket.AF_INET, "198.51.100.2"), (6, socket.AF_INET6, "2001:db8:1::2")])
def test_transfer_with_offloads(net, capture, addresses, version, family, address):
    """Frames are much longer than 1514 bytes, and together they carry what was sent."""
    listener = capture("-i", "b0", "tcp port 7000")
    port = transfer(net, family, address)
    lines, summary = listener.finish()
    lengths = data_lengths(lines, port)
    assert summary["kernel_drops"] == 0
    assert max(lengths) > 1514
    assert SIZE <= sum(length - HEADERS[version] for length in lengths) <= SIZE * 1.05
    assert summary["undecodable"] == 0


def test_big_tcp(net, capture, addresses):
    """Frames of more than 64 KiB: their IPv6 header cannot say their length."""
    limits = "gso_max_size 190000 gro_max_size 190000"
    for ns, dev in ((net.a, "a0"), (net.b, "b0")):
        if not try_sh(f"ip -n {ns} link set {dev} {limits}") or "gso_max_size 190000" not in sh(f"ip -n {ns} -d link show {dev}"):
            pytest.skip("no BIG TCP on this kernel or with this ip")
    listener = capture("-i", "b0", "ip6")
    port = transfer(net, socket.AF_INET6, "2001:db8:1::2")
    lines, summary = listener.finish()
    for ns, dev in ((net.a, "a0"), (net.b, "b0")):
        sh(f"ip -n {ns} link set {dev} gso_max_size 65536 gro_max_size 65536")
    lengths = [json.loads(line)["pkt_len"] for line in lines if f'"sport":{port},' in line]
    assert max(lengths) > 65536
    assert sum(lengths) >= SIZE
    assert summary["undecodable"] == 0
    assert summary["kernel_drops"] == 0

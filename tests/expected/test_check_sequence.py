# SPDX-License-Identifier: Apache-2.0
"""A frame check sequence that was captured counts on the wire and is none of the packet's bytes."""

import pytest
from harness import Run, check, microseconds, written

from captures import Interface, block, enhanced, option, packets, section_header
from packets import UDP, ethernet, ipv4, ipv6, payload, udp

SEQUENCE = b"\1\2\3\4"
GIVEN_4_BYTES = 2 << 28 | 0x04000000  # draft-ietf-opsawg-pcap: the count is of 16 bits


def with_sequence():
    """Packets that end where their frame ends, so that the sequence is next: no length in the IP header."""
    pieces = [ipv4(payload(0), proto=UDP, total=0), ipv6(payload(0), proto=UDP), ipv4(udp(7, 9), total=0), ipv4(udp(7, 9, b"12345"))]
    framed = [ethernet(p, pad=False) for p in pieces]
    return microseconds(packets([("ethernet", f._replace(data=f.data + SEQUENCE)) for f in framed]))


def test_classic(tmp_path):
    group = with_sequence()
    check(Run("-r", written(tmp_path, group, link_bits=GIVEN_4_BYTES)), group)


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng(tmp_path, order):
    """if_fcslen, option 13."""
    group = with_sequence()
    interface = Interface("ethernet")
    description = interface.description(order)[8:-8] + option(order, 13, b"\4") + option(order, 0, b"")
    path = tmp_path / "a.pcapng"
    path.write_bytes(section_header(order) + block(order, 1, description) + b"".join(enhanced(order, p, 0, interface) for p in group))
    check(Run("-r", path), group)

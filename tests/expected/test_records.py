# SPDX-License-Identifier: Apache-2.0
"""Each packet gives exactly the line that the model says, on each link type and at each time."""

import struct

import pytest
from harness import Run, assert_same, check, grouped, line, lines, microseconds, written

from captures import LINKS, packets, pcap
from catalogue import everything

TIMES = [0, 1, 999_999_999, 86400 * 10**9 - 1, 951_782_399_999_999_999, 951_782_400 * 10**9, 951_868_800 * 10**9,
         1_767_225_599_999_999_999, 1_767_225_600 * 10**9, 2**31 * 10**9 - 1, 2**31 * 10**9, 4_107_542_400 * 10**9 - 1,
         4_107_542_400 * 10**9, (2**32 - 1) * 10**9 + 999_999_999]


@pytest.fixture(scope="module")
def by_link():
    return grouped(packets(everything()))


@pytest.mark.parametrize("link", sorted(LINKS))
def test_whole(tmp_path, by_link, link):
    group = microseconds(by_link[link])
    assert len(group) >= 20
    check(Run("-r", written(tmp_path, group)), group)


@pytest.mark.parametrize("digits", [0, 3, 6, 9])
def test_digits_of_a_second(tmp_path, by_link, digits):
    group = by_link["ethernet"]
    assert len({p.ts % 1000 for p in group}) > 100
    check(Run("-r", written(tmp_path, group, form="ns"), "--ts-digits", digits), group, digits)


@pytest.mark.parametrize("digits", [0, 3, 6, 9])
def test_times_that_are_easily_wrong(tmp_path, by_link, digits):
    """The first and the last that the format has, leap days, ends of years, 2038, 2100; back and forth."""
    packet = by_link["raw"][0]
    group = [packet._replace(ts=ts) for ts in TIMES + TIMES[::-1]]
    check(Run("-r", written(tmp_path, group, form="ns"), "--ts-digits", digits), group, digits)


@pytest.mark.parametrize("size", [1, 2, 7, 255, 256])
def test_batches_do_not_show(tmp_path, by_link, size):
    group = microseconds([p for p in by_link["ethernet"] for _ in range(3)])
    path = written(tmp_path, group)
    expected = lines(group)
    assert_same(Run("-r", path).out, expected, group)
    assert_same(Run("-r", path, "--batch", size).out, expected, group)


def test_length_on_the_wire(tmp_path, by_link):
    """pkt_len is the wire's, whatever was captured; it never says more than 2^31-1, the most that all readers take."""
    packet = microseconds(by_link["raw"])[0]
    capture = bytearray(pcap([packet] * 3))
    for i, wirelen in enumerate((70000, 2**31 - 1, 2**32 - 1)):
        struct.pack_into("<I", capture, 24 + i * (16 + len(packet.data)) + 12, wirelen)
    path = tmp_path / "a.pcap"
    path.write_bytes(capture)
    records = [dict(packet.record(), pkt_len=n) for n in (70000, 2**31 - 1, 2**31 - 1)]
    assert_same(Run("-r", path).out, "".join(map(line, records)).encode())

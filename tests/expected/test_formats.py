# SPDX-License-Identifier: Apache-2.0
"""The same packets in every capture format, from files, pipes and several inputs, give the same lines."""

import os
import subprocess
import threading

import pytest
from harness import TAPLINE, Run, assert_same, check, grouped, lines, microseconds, next_line, written

from captures import (LINKS, Interface, block, enhanced, obsolete, packets, pcap, pcap_times, pcapng, pcapng_times, section_header,
                      simple)
from catalogue import everything, some_ip_packets
from packets import ethernet

ALL = packets(everything())
ETHERNET = grouped(ALL)["ethernet"]
FEW = packets([("ethernet", ethernet(p)) for p in some_ip_packets()])
BOTH_ORDERS = pytest.mark.parametrize("order", ["<", ">"])
RESOLUTIONS = [0, 1, 3, 6, 7, 9, 10, 0x80, 0x80 | 10, 0x80 | 20, 0x80 | 30, 0x80 | 33]


@BOTH_ORDERS
@pytest.mark.parametrize("form", ["us", "ns", "modified"])
def test_classic(tmp_path, order, form):
    expected = pcap_times(ETHERNET, form)
    check(Run("-r", written(tmp_path, ETHERNET, order=order, form=form), "--ts-digits", 9), expected, 9)


@BOTH_ORDERS
def test_pcapng_of_all_links(tmp_path, order):
    path = tmp_path / "a.pcapng"
    path.write_bytes(pcapng(ALL, order))
    assert len({p.link for p in ALL}) == len(LINKS)
    check(Run("-r", path), microseconds(ALL))


@BOTH_ORDERS
def test_pcapng_clocks(tmp_path, order):
    """Each interface has its own resolution and offset; one tells none, which means microseconds."""
    interfaces = [Interface("ethernet", r, offset) for r in RESOLUTIONS for offset in (0, 1_700_000_000, -3600)]
    interfaces += [Interface("ethernet", told=False)] + [Interface("ethernet", r, 1_767_323_000) for r in (11, 12, 15, 0x80 | 40)]
    path = tmp_path / "a.pcapng"
    path.write_bytes(pcapng(ETHERNET, order, interfaces))
    expected = pcapng_times(ETHERNET, interfaces)
    assert len({p.ts - q.ts for p, q in zip(ETHERNET, expected)}) > 20
    check(Run("-r", path, "--ts-digits", 9), expected, 9)


@BOTH_ORDERS
def test_pcapng_of_other_blocks(tmp_path, order):
    """Simple packets have no time, obsolete ones have; a length that is no multiple of four is padded."""
    interface = Interface("ethernet")
    path = tmp_path / "a.pcapng"
    body = [section_header(order), interface.description(order)]
    expected = []
    for i, packet in enumerate(microseconds(ETHERNET)):
        kind = i % 3
        body.append([simple(order, packet), obsolete(order, packet, 0, interface), enhanced(order, packet, 0, interface)][kind])
        expected.append(packet._replace(ts=packet.ts if kind else None))
    path.write_bytes(b"".join(body))
    assert any(p.caplen % 4 for p in expected)
    check(Run("-r", path), expected)


@BOTH_ORDERS
def test_pcapng_simple_packets_end_at_the_snap_length(tmp_path, order):
    body = [section_header(order), Interface("ethernet", snaplen=70).description(order)]
    cut = [p._replace(ts=None, caplen=min(70, p.caplen)) for p in FEW]
    path = tmp_path / "a.pcapng"
    path.write_bytes(b"".join(body + [simple(order, p) for p in cut]))
    check(Run("-r", path), cut)


def test_pcapng_sections_of_both_orders(tmp_path):
    """A section has its own byte order, its own interfaces and its own clocks, and may hold nothing."""
    path = tmp_path / "a.pcapng"
    sections, expected = [], []
    for i, order in enumerate("<>><<>" * 20):
        interfaces = [Interface("ethernet", RESOLUTIONS[i % len(RESOLUTIONS)])]
        sections += [pcapng(FEW, order, interfaces), section_header(order)]
        expected += pcapng_times(FEW, interfaces)
    path.write_bytes(b"".join(sections) + block(order, 0x0BAD, b""))
    check(Run("-r", path, "--ts-digits", 9), expected, 9)
    check(Run("-r", path, "--ts-digits", 9, "--batch", 1), expected, 9)


@pytest.mark.parametrize("make", [pcap, pcapng])
def test_from_a_pipe(make):
    check(Run("-r", "-", input=make(ETHERNET)), microseconds(ETHERNET))


@pytest.mark.parametrize("make", [pcap, pcapng])
def test_a_redirected_file(tmp_path, make):
    path = tmp_path / "capture"
    path.write_bytes(make(ETHERNET))
    with open(path, "rb") as file:
        check(Run("-r", "-", stdin=file), microseconds(ETHERNET))


PIECES = [1, 2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 4096]


@pytest.mark.parametrize("make", [pcap, pcapng])
def test_from_a_pipe_in_odd_pieces(make):
    """A writer that stops in the middle of every header."""
    process = subprocess.Popen([TAPLINE, "-q", "-r", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    capture, at = make(ETHERNET[:200]), 0

    def write():
        nonlocal at
        for i in range(10**6):
            if at >= len(capture):
                break
            size = PIECES[i % len(PIECES)]
            process.stdin.write(capture[at:at + size])
            at += size
            os.sched_yield()
        process.stdin.close()

    writer = threading.Thread(target=write)
    writer.start()
    out = process.stdout.read()
    writer.join()
    process.stdout.close()
    assert process.wait(timeout=10) == 0
    assert_same(out, lines(microseconds(ETHERNET[:200])), ETHERNET)


def test_a_pipe_gives_what_it_has(tmp_path):
    """Lines come when their packets come, not when the pipe ends or a block is full."""
    group = microseconds(FEW)
    capture = pcap(group)
    first = capture[:24 + 16 + group[0].caplen]
    process = subprocess.Popen([TAPLINE, "-q", "-r", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    process.stdin.write(first)
    assert next_line(process.stdout) == lines(group[:1])
    process.stdin.write(capture[len(first):])
    assert next_line(process.stdout) == lines(group[1:2])
    out = process.communicate(timeout=10)[0]
    assert_same(out, lines(group[2:]))
    assert process.returncode == 0


def test_several_inputs_in_order(tmp_path):
    """In the order of the command line, formats and links mixed, times not looked at; numbers are of all together."""
    groups = grouped(ALL)
    inputs, expected = [], []
    for i, link in enumerate(sorted(groups, reverse=True)):
        group = microseconds(groups[link])
        path = tmp_path / f"{9 - i}.capture"
        path.write_bytes((pcapng if i % 2 else pcap)(group))
        inputs += ["-r", path]
        expected += group
    check(Run(*inputs), expected)
    check(Run(*inputs, *inputs, "--batch", 1), expected * 2)


def test_standard_input_between_files(tmp_path):
    group = microseconds(FEW)
    path = written(tmp_path, group[:3])
    check(Run("-r", path, "-r", "-", "-r", path, input=pcap(group[5:])), group[:3] + group[5:] + group[:3])


@pytest.mark.parametrize("make", [pcap, pcapng])
def test_a_capture_without_packets(tmp_path, make):
    path = tmp_path / "a"
    path.write_bytes(make(FEW, link="ethernet")[:24] if make is pcap else section_header("<"))
    check(Run("-r", path), [])

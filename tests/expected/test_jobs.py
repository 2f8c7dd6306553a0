# SPDX-License-Identifier: Apache-2.0
"""Several workers (-j): the lines, their order, the account and the messages are those of one."""

import gzip
import itertools
import os
import re
import signal
import struct
import subprocess
import time

import pytest
from harness import TAPLINE, Run, assert_same, check_sums, grouped, lines, microseconds, next_line, read_summary

from captures import Interface, block, enhanced, packets, pcap, pcapng, section_header
from catalogue import everything

ALL = microseconds(packets(everything()))
GROUP = grouped(ALL)["ethernet"]
MANY = [p._replace(ts=p.ts + i * 1000) for i, p in enumerate(itertools.islice(itertools.cycle(GROUP), 60000))]  # 5.5 MB


def same(path, *args, jobs=(2, 3, 7), status=0, **options):
    """One worker's run, after others did the same."""
    def told(run):
        return re.sub(r"seconds: .*\n", "", run.messages)
    one = Run("-r", path, *args, status=status, **options)
    for n in jobs:
        if "stdin" in options:
            options["stdin"].seek(0)
        several = Run("-j", n, "-r", path, *args, status=status, **options)
        assert_same(several.out, one.out)
        assert told(several) == told(one)
    return one


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    path = tmp_path_factory.mktemp("jobs") / "big.pcap"
    path.write_bytes(pcap(MANY))
    return path


def test_lines(big):
    run = same(big)
    assert_same(run.out, lines(MANY))
    assert big.stat().st_size > 8 * 512 * 1024  # chunks enough


@pytest.mark.parametrize("args", [["--profile", "full"], ["--profile", "full", "--inner", "--non-ip"], ["--batch", "1"],
                                  ["tcp", "or", "icmp"], ["--fields", "frame,capture,iface"], ["--hash"], ["--records", "gap"],
                                  ["--profile", "full", "--set", "k=" + "v" * 1000]])
def test_options(big, args):
    same(big, *args)


@pytest.mark.parametrize("form", ["ns", "modified"])
def test_classic_forms(tmp_path, form):
    (tmp_path / "a").write_bytes(pcap(MANY, order=">", form=form))
    same(tmp_path / "a", "--profile", "full")


def sections(n, size):
    """Sections in turn of either byte order, whose interfaces have other names and clocks each time."""
    out, left = [], iter(MANY)
    for i in range(n):
        order, interface = "<>"[i % 2], Interface("ethernet", resolution=(6, 9, 0x8a)[i % 3])
        name = f"if{i}".encode()
        description = block(order, 1, struct.pack(order + "HHI", 1, 0, 0) + struct.pack(order + "HH", 2, len(name))
                            + name.ljust((len(name) + 3) // 4 * 4, b"\0")
                            + struct.pack(order + "HHB3x", 9, 1, interface.resolution))
        out += [section_header(order), description]
        out += [enhanced(order, p, 0, interface, comment=k % 5 == 1) for k, p in enumerate(itertools.islice(left, size))]
    return b"".join(out)


@pytest.mark.parametrize("n, size", [(1, 60000), (40, 1400), (4000, 15)])
def test_sections(tmp_path, n, size):
    """What a section says stands for its own packets, whoever works on them."""
    (tmp_path / "a").write_bytes(sections(n, size))
    run = same(tmp_path / "a", "--fields", "ts,frame,iface,src_ip")
    assert b'"iface":"if0"' in run.out and f'"iface":"if{n - 1}"'.encode() in run.out


def test_losses(tmp_path):
    """Drop counts, and with them the gap at the end."""
    drops = struct.pack("<HHQHHHH", 4, 8, 7, 0, 0, 0, 0)[:-4]
    packet = enhanced("<", GROUP[0], 0, Interface("ethernet"))
    body = packet[8:-4] + drops
    start = pcapng(MANY[:1])
    (tmp_path / "a").write_bytes(start + (block("<", 6, body) + packet * 50) * 400)
    assert same(tmp_path / "a").summary["kernel_drops"] == 7 * 400


def test_large_blocks(tmp_path):
    """Blocks of more bytes than a worker's share, with and without a packet behind."""
    start, packet = pcapng(MANY[:1]), enhanced("<", GROUP[0], 0, Interface("ethernet"))
    large = block("<", 0xBAD, bytes((16 << 20) - 12))
    for name, tail in (("a", packet * 5), ("b", b""), ("c", large + large + packet)):
        (tmp_path / name).write_bytes(start + packet * 20 + large + tail)
        same(tmp_path / name)


def test_all_links(tmp_path):
    (tmp_path / "a").write_bytes(pcapng(list(itertools.islice(itertools.cycle(ALL), 30000))))
    same(tmp_path / "a")


def test_tiny(tmp_path):
    (tmp_path / "a").write_bytes(pcap(GROUP[:1]))
    (tmp_path / "none").write_bytes(pcap(GROUP[:1])[:24])
    same(tmp_path / "a", jobs=(64,))
    same(tmp_path / "none", jobs=(2, 64))
    same(tmp_path, jobs=(2,))


def test_compressed_and_piped(tmp_path, big):
    (tmp_path / "a.gz").write_bytes(gzip.compress(big.read_bytes(), 1))
    same(tmp_path / "a.gz", "--hash")
    with open(big, "rb") as file:
        same("-", stdin=file)
    same("-", input=big.read_bytes())
    with open(big, "rb") as file:  # not from its start
        prefix = tmp_path / "prefix"
        prefix.write_bytes(b"x" * 1000 + file.read())
    for n in (1, 2):
        with open(prefix, "rb") as file:
            os.lseek(file.fileno(), 1000, os.SEEK_SET)
            assert_same(Run("-j", n, "-r", "-", stdin=file).out, lines(MANY))


def test_broken(tmp_path, big):
    data = bytearray(big.read_bytes())
    (tmp_path / "cut").write_bytes(data[:-1])
    same(tmp_path / "cut", status=2).says("cut: cut short")
    at = 24
    for p in MANY[:30000]:
        at += 16 + len(p.data)
    data[at + 8:at + 12] = b"\xff\xff\xff\x7f"
    (tmp_path / "bad").write_bytes(data)
    run = same(tmp_path / "bad", status=2).says(f"at offset {at}, after 30000 packets")
    assert_same(run.out, lines(MANY[:30000]))


def test_with_what_takes_one_worker(tmp_path, big):
    """A count, merged captures and packets out of memory are one worker's, and say nothing of it."""
    assert_same(Run("-j", 4, "-c", 25000, "-r", big).out, lines(MANY[:25000]))
    same("synth:mix,count=1000")
    (tmp_path / "b").write_bytes(pcap(MANY[:10]))
    assert_same(Run("-j", 4, "--merge", "-r", big, "-r", tmp_path / "b").out, Run("--merge", "-r", big, "-r", tmp_path / "b").out)


def test_several_captures(tmp_path, big):
    (tmp_path / "b").write_bytes(pcap(MANY[:1000])[:-1])
    args = ["-r", tmp_path / "b", "-r", tmp_path / "missing", "-r", big]
    assert_same(Run("-j", 3, *args, status=2).says("b: cut short", "missing: cannot open").out,
                lines(MANY[:999]) + lines(MANY))


@pytest.mark.parametrize("n", [0, 65])
def test_wrong_numbers(big, n):
    Run("-j", n, "-r", big, status=1).says("option -j, --jobs", "not within 1 to 64")


def test_reader_that_leaves(big):
    process = subprocess.Popen([TAPLINE, "-j", "3", "-r", big], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    first = next_line(process.stdout)
    process.stdout.close()
    assert process.wait(10) == 0 and lines(MANY[:1]) == first
    check_sums(read_summary(process.stderr.read().decode()))


def test_full_disk(big):
    Run("-j", 3, "-r", big, "-o", "/dev/full", status=2).says("No space left on device")


def test_interrupt_while_the_reader_is_slow(big):
    """What is written is the beginning of what would have been; the rest is accounted for."""
    process = subprocess.Popen([TAPLINE, "-j", "3", "--profile", "full", "-r", big], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    first = next_line(process.stdout)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    got = first + process.stdout.read()
    messages = process.stderr.read().decode()
    assert process.wait(20) == 0
    summary = read_summary(messages)
    check_sums(summary)
    whole = Run("--profile", "full", "-r", big).out
    if not got.endswith(b"\n"):  # of a pipe that is stuck to the end
        got = got[:got.rindex(b"\n") + 1]
    assert_same(got, whole[:len(got)])
    assert summary["records"] == got.count(b"\n")


def test_capture_that_shrinks(tmp_path, big):
    path = tmp_path / "a.pcap"
    path.write_bytes(big.read_bytes() * 1)
    with open(path, "ab") as file:  # more than the pipe and the blocks hold
        for _ in range(9):
            file.write(big.read_bytes()[24:])
    keep = path.stat().st_size // 10 * 9
    process = subprocess.Popen([TAPLINE, "-j", "2", "-r", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    first = next_line(process.stdout)
    time.sleep(0.3)
    os.truncate(path, keep)
    out = first + process.stdout.read()
    messages = process.stderr.read().decode()
    assert process.wait(20) == 2 and f"a.pcap: shrank to {keep} bytes while it was read" in messages
    summary = read_summary(messages)
    check_sums(summary)
    assert (lines(MANY) * 10).startswith(out) and out.count(b"\n") == summary["records"]

# SPDX-License-Identifier: Apache-2.0
"""Compressed captures are told by content, read from files and pipes, and damage costs only what comes after it."""

import gzip
import os
import resource
import select
import struct
import subprocess
import threading
import time

import pytest
from harness import TAPLINE, Run, assert_same, grouped, lines, microseconds, next_line

from captures import packets, pcap
from catalogue import everything

GROUP = microseconds(grouped(packets(everything()))["ethernet"])
ROUNDS = 30
CAPTURE = pcap(GROUP * ROUNDS)
GOOD = lines(GROUP) * ROUNDS
MIB = 1 << 20


def by_tool(*command):
    return lambda data: subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


FORMS = {"gzip": gzip.compress, "zstd": by_tool("zstd", "-q", "-c", "--check"), "zstd-19": by_tool("zstd", "-q", "-c", "-19"),
         "lz4": by_tool("lz4", "-q", "-c"), "lz4-linked": by_tool("lz4", "-q", "-c", "-BD", "-B4", "-BX")}
EACH = pytest.mark.parametrize("form", FORMS)


def piped(data, *pieces, pause=0.0, **options):
    """Through a pipe in pieces of these sizes, then the rest."""
    read, write = os.pipe()
    process = subprocess.Popen([TAPLINE, "-r", "-"], stdin=read, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    os.close(read)
    with os.fdopen(write, "wb", buffering=0) as file:
        out = []
        reader = threading.Thread(target=lambda: out.append(process.stdout.read()))
        reader.start()
        for size in pieces:
            file.write(data[:size])
            data = data[size:]
            time.sleep(pause)
        while data:
            data = data[file.write(data):]
    reader.join()
    messages = process.stderr.read().decode()
    return process.wait(), out[0], messages


@EACH
def test_whole(tmp_path, form):
    path = tmp_path / "no-such-suffix"
    path.write_bytes(FORMS[form](CAPTURE))
    assert_same(Run("-r", path).out, GOOD)
    with open(path, "rb") as file:
        assert_same(Run("-r", "-", stdin=file).out, GOOD)
    status, out, _ = piped(path.read_bytes())
    assert status == 0
    assert_same(out, GOOD)


@EACH
def test_in_pieces(form):
    """A few bytes first, before anybody can know what they are."""
    data = FORMS[form](CAPTURE)
    for first in (1, 2, 3, 4, 5, 20):
        status, out, messages = piped(data, first, pause=0.03)
        assert status == 0, messages
        assert_same(out, GOOD)


@EACH
def test_several_in_a_row(tmp_path, form):
    path = tmp_path / "a"
    half = len(CAPTURE) // 2
    path.write_bytes(FORMS[form](CAPTURE[:half]) + FORMS[form](CAPTURE[half:]))
    assert_same(Run("-r", path).out, GOOD)


@EACH
def test_cut_short(tmp_path, form):
    """What could be unpacked is given."""
    data, path = FORMS[form](CAPTURE), tmp_path / "a"
    path.write_bytes(data[:-1])
    run = Run("-r", path, status=2).says("data is cut short")
    assert GOOD.startswith(run.out) and run.out.count(b"\n") > 0.5 * GOOD.count(b"\n")


@pytest.mark.parametrize("form", ["gzip", "zstd", "lz4"])
def test_wrong_checksum(tmp_path, form):
    """Every packet is there and given; that something is wrong is said."""
    data, path = bytearray(FORMS[form](CAPTURE)), tmp_path / "a"
    data[-8 if form == "gzip" else -1] ^= 1
    path.write_bytes(data)
    assert_same(Run("-r", path, status=2).says("damaged", form).out, GOOD)


def test_padding_behind_gzip(tmp_path):
    """Zeros behind the last member are ignored, and so is all that follows them, however it comes."""
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(CAPTURE) + bytes(400000) + gzip.compress(CAPTURE[24:]))
    assert_same(Run("-r", path).out, GOOD)
    for first in (100, 262144, 300000):
        status, out, _ = piped(path.read_bytes(), first, pause=0.03)
        assert status == 0
        assert_same(out, GOOD)


@pytest.mark.parametrize("form", ["gzip", "zstd", "lz4"])
def test_a_bomb_takes_no_memory(tmp_path, form):
    """A gigabyte of packets of nothing in a small file."""
    record = struct.pack("<IIII", 1, 0, 200000, 200000) + bytes(200000)
    path = tmp_path / "a"
    process = subprocess.Popen({"gzip": ["gzip", "-c"], "zstd": ["zstd", "-q", "-c"], "lz4": ["lz4", "-q", "-c"]}[form],
                               stdin=subprocess.PIPE, stdout=open(path, "wb"))
    with process.stdin as file:
        file.write(CAPTURE[:24])
        for _ in range(1500):
            file.write(record)
    assert process.wait() == 0 and path.stat().st_size < 3 * MIB

    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (200 * MIB, 200 * MIB))
    if "asan" not in TAPLINE:
        assert Run("-r", path, "-o", "null:", preexec_fn=limit).summary["received"] == 1500


@pytest.mark.parametrize("form", ["zstd", "lz4"])
def test_nothing_is_held_back(tmp_path, form):
    """Packets that were sent come out, though the stream goes on later."""
    tool = {"zstd": ["zstd", "-q", "-c", "--single-thread"], "lz4": ["lz4", "-q", "-c"]}[form]
    frame = subprocess.run(tool, input=CAPTURE, stdout=subprocess.PIPE, check=True).stdout
    process = subprocess.Popen([TAPLINE, "-r", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(frame)
    process.stdin.flush()
    got = b""
    while len(got) < len(GOOD) and select.select([process.stdout], [], [], 10)[0]:
        got += os.read(process.stdout.fileno(), 1 << 16)
    assert_same(got, GOOD)
    process.stdin.close()
    assert process.wait() == 0

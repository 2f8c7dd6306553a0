# SPDX-License-Identifier: Apache-2.0
"""Several captures in one run: folders, merged by time, growing; what is said about them while and after."""

import gzip
import hashlib
import os
import pty
import random
import select
import signal
import struct
import subprocess
import time

import pytest
from harness import TAPLINE, Run, assert_same, grouped, lines, microseconds, next_line, read_summary

from captures import packets, pcap
from catalogue import everything

GROUP = microseconds(grouped(packets(everything()))["ethernet"])
IP = [p for p in GROUP if p.record()]


def wait_for(condition, patience=10):
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


# Folders.

def test_folder(tmp_path):
    """At any depth, in the order of their names; what is hidden or no capture is passed over, and said once."""
    parts = {"b.pcap": GROUP[:3], "a/z": GROUP[3:5], "a/b/c.cap": GROUP[5:9], "Z.pcapng": GROUP[9:12]}
    for name, part in parts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(pcap(part))
    (tmp_path / ".hidden.pcap").write_bytes(pcap(GROUP))
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.pcap").write_bytes(pcap(GROUP))
    (tmp_path / "README").write_text("no capture")
    (tmp_path / "a" / "empty").write_bytes(b"")
    (tmp_path / "c.gz").write_bytes(gzip.compress(b"no capture either"))
    (tmp_path / "loop").symlink_to(tmp_path)
    run = Run("-r", tmp_path)
    assert_same(run.out, lines(GROUP[9:12] + GROUP[5:9] + GROUP[3:5] + GROUP[:3]))
    run.says("passed over what is no capture: 3 (README, empty, c.gz)")
    assert Run("-q", "-r", tmp_path).messages == ""
    assert_same(Run("-r", tmp_path / "b.pcap", "-r", tmp_path / "a").out, lines(GROUP[:3] + GROUP[5:9] + GROUP[3:5]))


def test_broken_capture_in_a_folder(tmp_path):
    """It is a capture, and so it is an error; the others are read."""
    (tmp_path / "a.pcap").write_bytes(pcap(GROUP)[:-1])
    (tmp_path / "b.pcap").write_bytes(pcap(GROUP))
    run = Run("-r", tmp_path, status=2).says("a.pcap: cut short")
    assert_same(run.out, lines(GROUP[:-1]) + lines(GROUP))


def test_folder_without_captures(tmp_path):
    (tmp_path / "README").write_text("no capture")
    Run("-r", tmp_path, status=1).says("no capture is in what -r named", "README")


def test_many_files(tmp_path):
    """More than a process may have open at a time, one after the other and all at once."""
    folder = tmp_path / "many"
    folder.mkdir()
    for i in range(1500):
        (folder / f"{i:04}.pcap").write_bytes(pcap([IP[i % len(IP)]._replace(ts=(3000 - i) * 10**9)]))
    expected = [IP[i % len(IP)]._replace(ts=(3000 - i) * 10**9) for i in range(1500)]
    assert_same(Run("-r", folder).out, lines(expected))
    assert_same(Run("-r", folder, "--merge").out, lines(expected[::-1]))


# Merged.

def spread(n, files, seed=1):
    """n packets with rising times, some of which are equal, over so many files."""
    choose = random.Random(seed)
    ts, parts, all_ = 10**18, [[] for _ in range(files)], []
    for i in range(n):
        ts += choose.choice((0, 0, 1000, 5000, 10**9))
        packet = IP[i % len(IP)]._replace(ts=ts)
        where = choose.randrange(files)
        parts[where].append(packet)
        all_.append((ts, where, packet))
    return parts, [packet for _, _, packet in sorted(all_, key=lambda entry: entry[:2])]


@pytest.mark.parametrize("batch", [1, 7, 256])
@pytest.mark.parametrize("files", [1, 2, 9])
def test_merge(tmp_path, files, batch):
    parts, expected = spread(3000, files)
    args = []
    for i, part in enumerate(parts):
        (tmp_path / str(i)).write_bytes(gzip.compress(pcap(part)) if i % 3 == 1 else pcap(part))
        args += ["-r", tmp_path / str(i)]
    assert_same(Run("--merge", "--batch", batch, *args).out, lines(expected))
    assert_same(Run("--merge", "--batch", batch, "-c", 1000, *args).out, lines(expected[:1000]))


def test_merge_keeps_each_order(tmp_path):
    """A capture whose times go back is given in its own order."""
    back = [IP[i % len(IP)]._replace(ts=ts * 10**9) for i, ts in enumerate((5, 3, 9, 1, 20))]
    other = [IP[i % len(IP)]._replace(ts=ts * 10**9) for i, ts in enumerate((2, 4, 8, 10))]
    (tmp_path / "a").write_bytes(pcap(back))
    (tmp_path / "b").write_bytes(pcap(other))
    merged = Run("--merge", "-r", tmp_path / "a", "-r", tmp_path / "b").out
    seconds = [int(line.split(b":")[3][:2]) for line in merged.splitlines()]
    assert seconds == [2, 4, 5, 3, 8, 9, 1, 10, 20]


def test_merge_of_broken_captures(tmp_path):
    """Each gives what is before its break, and says so; the others go on."""
    parts, expected = spread(300, 3)
    cut = parts[1][-1]
    for i, part in enumerate(parts):
        data = pcap(part)
        (tmp_path / str(i)).write_bytes(data[:-1] if i == 1 else data)
    args = [arg for i in range(3) for arg in ("-r", tmp_path / str(i))]
    run = Run("--merge", *args, "-r", tmp_path / "missing", status=2).says("1: cut short", "missing: cannot open")
    expected.remove(cut)
    assert_same(run.out, lines(expected))
    Run("--merge", "-r", tmp_path / "missing", status=1)


def test_merge_while_one_shrinks(tmp_path):
    """What is gone is not given, what is there is, and nothing twice."""
    n = 60000
    parts = [[IP[i % len(IP)]._replace(ts=(10**9 + 2 * i + k) * 1000) for i in range(n)] for k in range(2)]
    for k, part in enumerate(parts):
        (tmp_path / str(k)).write_bytes(pcap(part))
    size = (tmp_path / "0").stat().st_size
    process = subprocess.Popen([TAPLINE, "--merge", "-r", tmp_path / "0", "-r", tmp_path / "1"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    first = next_line(process.stdout)
    time.sleep(0.2)
    os.truncate(tmp_path / "0", size // 100 * 99)
    out = first + process.stdout.read()
    messages = process.stderr.read().decode()
    assert process.wait() == 2 and "0: shrank to" in messages
    got = out.splitlines(True)
    whole = lines([p for pair in zip(*parts) for p in pair]).splitlines(True)
    kept = (size // 100 * 99 - 24) // ((size - 24) // n)
    left = set(whole) - set(got)
    assert len(got) == len(set(got)) and len(left) <= 2 * n - len(got) and len(got) >= n + 0.9 * kept
    assert set(lines(parts[1]).splitlines(True)) <= set(got)


# Followed.

class Follow:
    def __init__(self, path, *args):
        self.path, self.process = path, subprocess.Popen([TAPLINE, "--follow", "-r", path, *args], stdout=subprocess.PIPE,
                                                         stderr=subprocess.PIPE)
        self.got = b""

    def expect(self, expected, patience=10):
        end = time.monotonic() + patience
        while len(self.got) < len(expected) and time.monotonic() < end:
            if select.select([self.process.stdout], [], [], 0.1)[0]:
                self.got += os.read(self.process.stdout.fileno(), 1 << 16)
        assert_same(self.got, expected)

    def end(self, status=0, number=signal.SIGINT):
        if number:
            self.process.send_signal(number)
        messages = self.process.stderr.read().decode()
        assert self.process.wait(timeout=10) == status, messages
        return messages


def test_follow(tmp_path):
    """Packets come as they are written, torn ones when they are whole; a signal ends it."""
    data, path = pcap(IP), tmp_path / "a.pcap"
    path.write_bytes(data[:10])  # not even the file's header
    follow = Follow(path)
    with open(path, "ab", buffering=0) as file:
        at = 10
        for n in (24 - 10, 16 + len(IP[0].data), 5, 11 + len(IP[1].data)):
            file.write(data[at:at + n])
            at += n
            time.sleep(0.1)
        start = time.monotonic()
        follow.expect(lines(IP[:2]))
        assert time.monotonic() - start < 1
        file.write(data[at:])
    follow.expect(lines(IP))
    summary = read_summary(follow.end())
    assert summary["records"] == len(IP)


def test_follow_what_takes_its_place(tmp_path):
    """Rotation by renaming: the old one to its end, then the new one from its start."""
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(IP[:5]))
    follow = Follow(path)
    follow.expect(lines(IP[:5]))
    (tmp_path / "new").write_bytes(pcap(IP[5:9]))
    (tmp_path / "new").rename(path)
    follow.expect(lines(IP[:9]))
    assert "was replaced: going on with the new one" in follow.end()


def test_follow_what_is_emptied(tmp_path):
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(IP[:5]))
    follow = Follow(path)
    follow.expect(lines(IP[:5]))
    os.truncate(path, 0)
    assert "was cut to 0 bytes while it was followed" in follow.end(status=2, number=None)


def test_follow_ends_by_itself(tmp_path):
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(IP))
    assert Follow(path, "-c", "3").end(number=None)
    assert Follow(path, "--duration", "300ms").end(number=None)


def test_follow_costs_nothing(tmp_path):
    """While nothing comes it sleeps."""
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(IP[:1]))
    follow = Follow(path)
    follow.expect(lines(IP[:1]))
    before = os.times()
    time.sleep(1)
    follow.end()
    after = os.times()
    assert after.children_user + after.children_system - before.children_user - before.children_system < 0.2


@pytest.mark.parametrize("args", [("-r", "b"), ("--merge",)])
def test_follow_one_only(tmp_path, args):
    Run("--follow", "-r", tmp_path / "a", *args, status=1).says("--follow takes one -r")


def test_follow_no_folder(tmp_path):
    (tmp_path / "a.pcap").write_bytes(pcap(IP))
    Run("--follow", "-r", tmp_path, status=1).says("is a folder")


def test_follow_what_is_packed(tmp_path):
    """A compressed capture can grow too: by members, or as its program writes them."""
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(pcap(IP[:5])))
    follow = Follow(path)
    follow.expect(lines(IP[:5]))
    with open(path, "ab") as file:
        file.write(gzip.compress(pcap(IP[5:9])[24:]))
    follow.expect(lines(IP[:9]))
    follow.end()


# What is said about them.

def sha256(data):
    return hashlib.sha256(data).hexdigest()


def test_hash(tmp_path):
    """Of each file as it lies on disk, whatever was read of it; of a pipe, what came."""
    plain, packed = pcap(GROUP), gzip.compress(pcap(GROUP))
    (tmp_path / "a").write_bytes(plain)
    (tmp_path / "b").write_bytes(packed)
    args = ("--hash", "-r", tmp_path / "a", "-r", tmp_path / "b")
    said = [f"sha256: {sha256(plain)}  {tmp_path}/a", f"sha256: {sha256(packed)}  {tmp_path}/b"]
    assert Run(*args).messages.splitlines()[-2:] == said
    assert Run(*args, "--merge").messages.splitlines()[-2:] == said
    assert Run(*args, "-c", 1).messages.splitlines()[-1] == said[0]
    for data in (plain, packed):
        assert Run("--hash", "-r", "-", input=data).messages.splitlines()[-1] == f"sha256: {sha256(data)}  standard input"
    assert "sha256" not in Run("-r", tmp_path / "a").messages
    for option in ("--hash", "--merge", "--follow"):
        Run(option, "-i", "lo", status=1).says("belongs to captures")


def on_a_terminal(*args, stdout):
    """What a person sees on standard error."""
    leader, follower = pty.openpty()
    process = subprocess.Popen([TAPLINE, *map(str, args)], stdin=subprocess.DEVNULL, stdout=stdout, stderr=follower)
    os.close(follower)
    seen = b""
    while True:
        try:
            part = os.read(leader, 4096)
        except OSError:
            break
        if not part:
            break
        seen += part
    os.close(leader)
    process.wait()
    return seen.decode()


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    """A capture that takes more than a second, through a reader that is slow."""
    path = tmp_path_factory.mktemp("slow") / "a.pcap"
    path.write_bytes(pcap(GROUP) + pcap(GROUP)[24:] * 1000)
    return path


def test_progress(slow):
    """On a terminal, when it takes long: how far, how fast, how long still; and it is wiped away."""
    reader = subprocess.Popen(["sh", "-c", "sleep 1.3; head -c 20000000 >/dev/null; sleep 0.5; cat >/dev/null"], stdin=subprocess.PIPE)
    seen = on_a_terminal("-r", slow, stdout=reader.stdin)
    reader.stdin.close()
    reader.wait()
    assert "%, " in seen and "million packets/s" in seen and "MB/s" in seen and " s left" in seen
    assert seen.count("\r") < 40 and seen.rindex("\033[K") < seen.index("received: ")


def test_no_progress_where_it_disturbs(slow):
    def run(*args):
        reader = subprocess.Popen(["sh", "-c", "sleep 1.3; cat >/dev/null"], stdin=subprocess.PIPE)
        seen = on_a_terminal("-r", slow, *args, stdout=reader.stdin)
        reader.stdin.close()
        reader.wait()
        return seen
    assert run("-q") == ""
    messages = subprocess.run(["sh", "-c", f"{TAPLINE} -r {slow} | (sleep 1.3; cat >/dev/null)"], stderr=subprocess.PIPE, check=True)
    assert b"\r" not in messages.stderr
    quick = on_a_terminal("-r", slow, "-c", 10, stdout=subprocess.DEVNULL)
    assert "million" not in quick


def test_signals_before_a_header(tmp_path):
    """A capture that has not begun: a hangup is for the output, an interrupt ends it in good order."""
    for number, args, ends in ((signal.SIGHUP, ("-o", tmp_path / "out"), False), (signal.SIGINT, (), True), (signal.SIGTERM, (), True)):
        process = subprocess.Popen([TAPLINE, "-r", "-", *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(0.3)
        process.send_signal(number)
        if ends:
            assert process.wait(timeout=5) == 0
            assert b"received: 0" in process.stderr.read()
            continue
        time.sleep(0.3)
        assert process.poll() is None
        _, messages = process.communicate(pcap(IP), timeout=10)
        assert process.returncode == 0, messages
        assert_same((tmp_path / "out").read_bytes(), lines(IP))


@pytest.mark.parametrize("stop", [(signal.SIGINT, ()), (None, ("--duration", "500ms"))])
def test_bytes_without_packets(stop):
    """A stream that goes on and on without a packet can be ended."""
    number, args = stop
    block = struct.pack("<III", 0xBAD, 12, 12) * 20000
    header = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
    process = subprocess.Popen([TAPLINE, "-r", "-", *args], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    end = time.monotonic() + 10
    sent = time.monotonic()
    try:
        process.stdin.write(header)
        while process.poll() is None:
            assert time.monotonic() < end, "it goes on"
            if number and time.monotonic() - sent > 0.5:
                process.send_signal(number)
                number = None
            process.stdin.write(block)
    except BrokenPipeError:
        pass
    assert process.wait(timeout=5) == 0

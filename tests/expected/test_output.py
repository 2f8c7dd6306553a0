# SPDX-License-Identifier: Apache-2.0
"""Lines are written whole, once and in order, whatever becomes of the output."""

import contextlib
import os
import resource
import signal
import subprocess
import threading
import time

import pytest
from harness import TAPLINE, Run, assert_same, check_sums, lines, microseconds, next_line, read_summary, written

from captures import packets, pcap
from catalogue import some_ip_packets
from packets import ethernet

GROUP = microseconds(packets([("ethernet", ethernet(p)) for p in some_ip_packets()]))
GOOD = lines(GROUP)
PATIENCE = 10  # seconds


@pytest.fixture
def capture(tmp_path):
    return written(tmp_path, GROUP)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """More lines than all pipes and blocks on the way can hold (9 MiB): path and number of the repetitions of GROUP."""
    path, times = tmp_path_factory.mktemp("large") / "a.pcap", 10000
    one = pcap(GROUP)
    path.write_bytes(one[:24] + one[24:] * times)
    return path, times


def wait_for(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.002)


def ended(process, status=0):
    """Its messages and summary."""
    messages = process.communicate(timeout=PATIENCE)[1].decode()
    assert process.returncode == status, messages
    summary = read_summary(messages)
    check_sums(summary)
    return messages, summary


def test_appends(tmp_path, capture):
    out = tmp_path / "out"
    for times in (1, 2, 3):
        assert Run("-r", capture, "-o", out).out == b""
        assert_same(out.read_bytes(), GOOD * times)
    assert out.stat().st_mode & 0o777 == 0o640 & ~umask()
    Run("-r", capture, "-o", f"file:{out}")
    assert_same(out.read_bytes(), GOOD * 4)


def umask():
    now = os.umask(0)
    os.umask(now)
    return now


def test_standard_output_by_its_names(capture):
    for word in ("-", "stdout:"):
        assert_same(Run("-r", capture, "-o", word).out, GOOD)
    assert Run("-r", capture, "-o", "null:").out == b""


HALF = b'{"ts":"2026-01-02T03:04:05.123456Z","src_ip":"192.0'


@pytest.mark.parametrize("before, after, notice", [
    (b"", b"", None),
    (GOOD, GOOD, None),
    (GOOD + HALF, GOOD, f"half a line of {len(HALF)} bytes"),
    (HALF, b"", f"half a line of {len(HALF)} bytes"),
    (GOOD + GOOD[:-1], GOOD + GOOD, "newline"),
    (GOOD + b"{", GOOD, "half a line of 1 bytes"),
    (b"somebody else's", b"somebody else's\n", "newline"),
    (GOOD * 1000 + HALF, GOOD * 1000, f"half a line of {len(HALF)} bytes"),
    (GOOD + b"{" + b"x" * 100000, GOOD + b"{" + b"x" * 100000 + b"\n", "newline"),
], ids=["empty", "whole", "half", "only half", "no newline", "one byte", "no record", "large", "longer than any line"])
def test_half_a_line_is_repaired(tmp_path, capture, before, after, notice):
    """A crash left it: what began as a record goes, what is somebody else's stays."""
    out = tmp_path / "out"
    out.write_bytes(before)
    run = Run("-r", capture, "-o", out)
    assert_same(out.read_bytes(), after + GOOD)
    if notice:
        run.says("out: ", notice)
    else:
        assert "tapline:" not in run.messages


@pytest.mark.parametrize("path, says", [("missing/out", "its directory does not exist"), ("", "Is a directory"),
                                        ("capture/out", "Not a directory")])
def test_output_that_cannot_be_opened(tmp_path, path, says):
    capture = written(tmp_path, GROUP, "capture")
    run = Run("-r", capture, "-o", f"{tmp_path}/{path}", status=1).says("cannot open for writing", says)
    assert not run.summary and run.messages.count("\n") == 1


def test_full_disk(capture):
    """The lines that it did not take are counted."""
    run = Run("-r", capture, "-o", "/dev/full", status=2).says("/dev/full: cannot write: No space left on device")
    assert run.summary["records"] == 0
    assert run.summary["output_drops"] == run.summary["received"] == len(GROUP)
    with open("/dev/full", "wb") as full:
        Run("-r", capture, stdout=full, status=2).says("standard output: cannot write: No space left on device")
        for word in ("--help", "--version", "--list-fields"):
            Run(word, stdout=full, status=2).says("standard output: No space left on device")


@pytest.mark.parametrize("limit", [1, 100, len(GOOD) - 1, len(GOOD) + 1, 700_001, 3_000_000])
@pytest.mark.parametrize("named", [True, False])
def test_file_that_may_not_grow(tmp_path, large, limit, named):
    """Every line in it is whole, and all the others are counted."""
    path, times = large
    out = tmp_path / "out"

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    with open(out, "wb") as file:
        run = Run("-r", path, *(["-o", out] if named else []), stdout=file, status=2, preexec_fn=limited)
    run.says("cannot write: File too large")
    got, expected = out.read_bytes(), GOOD * times
    assert_same(got, expected[:expected.rindex(b"\n", 0, limit) + 1 if b"\n" in expected[:limit] else 0])
    assert run.summary["records"] == got.count(b"\n")
    assert run.summary["received"] == run.summary["records"] + run.summary["output_drops"]


def test_reader_that_leaves(large):
    """As `| head -1` does: it is no error."""
    process = subprocess.Popen([TAPLINE, "-r", large[0]], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert next_line(process.stdout) == GOOD[:GOOD.index(b"\n") + 1]
    process.stdout.close()
    messages = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(timeout=PATIENCE) == 0
    summary = read_summary(messages)
    check_sums(summary)
    assert "error" not in messages and 0 < summary["output_drops"] <= summary["received"] < large[1] * len(GROUP)


def test_head_in_a_shell(large):
    command = f"set -o pipefail; '{TAPLINE}' -q -r '{large[0]}' | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout, done.stderr) == (0, GOOD[:GOOD.index(b"\n") + 1], b"")


def test_slow_reader_is_waited_for(large):
    """From a file nothing is dropped."""
    process = subprocess.Popen([TAPLINE, "-r", large[0]], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(0.3)
    assert process.poll() is None
    out, messages = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert_same(out, GOOD * large[1])
    assert read_summary(messages.decode())["output_drops"] == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stuck_reader_does_not_hold_it(large, number):
    """Asked to stop, it gives the reader a moment, then counts what was not taken; no line is torn in the counts."""
    process = subprocess.Popen([TAPLINE, "-r", large[0]], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(0.2)
    process.send_signal(number)
    wait_for(lambda: process.poll() is not None)
    out, messages = process.communicate()
    summary = read_summary(messages.decode())
    check_sums(summary)
    assert process.returncode == 0 and summary["records"] == out.count(b"\n") and summary["output_drops"] > 0
    assert_same(out, (GOOD * large[1])[:len(out)])


def test_output_onto_the_capture(capture):
    """It would spoil it, whatever name it is called by."""
    before = capture.read_bytes()
    os.link(capture, capture.parent / "b.pcap")
    for name in (capture, capture.parent / "b.pcap"):
        for word in (name, f"file:{name}"):
            Run("-r", capture, "-o", word, status=1).says(str(name), "is the capture to be read")
    assert capture.read_bytes() == before


@pytest.mark.parametrize("left", [0, 1000])
def test_capture_that_is_emptied(tmp_path, large, left):
    """What was read already is given, and the loss is said."""
    path = tmp_path / "a.pcap"
    path.write_bytes(large[0].read_bytes())
    process = subprocess.Popen([TAPLINE, "-r", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    first = next_line(process.stdout)
    time.sleep(0.2)
    os.truncate(path, left)
    out = first + process.stdout.read()
    messages = process.stderr.read().decode()
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 2, messages
    assert f"a.pcap: shrank to {left} bytes while it was read" in messages
    summary = read_summary(messages)
    check_sums(summary)
    assert_same(out, b"".join((GOOD * large[1]).splitlines(True)[:summary["records"]]))


def test_capture_that_shrinks(tmp_path, large):
    """While the reader is slow the file loses its end: what was there is given, and the loss is said."""
    path, keep = tmp_path / "a.pcap", large[0].stat().st_size // 10 * 9
    path.write_bytes(large[0].read_bytes())
    process = subprocess.Popen([TAPLINE, "-r", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    first = next_line(process.stdout)
    time.sleep(0.2)
    os.truncate(path, keep)
    out = first + process.stdout.read()
    messages = process.stderr.read().decode()
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 2, messages
    assert f"a.pcap: shrank to {keep} bytes while it was read" in messages
    records = packets_within(keep)
    assert_same(out, b"".join((GOOD * large[1]).splitlines(True)[:records]))
    summary = read_summary(messages)
    check_sums(summary)
    assert summary["records"] == records


def packets_within(size):
    """How many whole records a repeated GROUP has in so many bytes of capture."""
    sizes = [16 + len(p.data) for p in GROUP]
    rounds, left = divmod(size - 24, sum(sizes))
    return rounds * len(GROUP) + sum(sum(sizes[:i + 1]) <= left for i in range(len(sizes)))


def closed(*descriptors):
    """What a shell does for >&-."""
    def close():
        for fd in descriptors:
            os.close(fd)
    return close


@pytest.mark.parametrize("descriptors", [(0,), (1,), (2,), (0, 1), (0, 1, 2)])
def test_closed_standard_descriptors(tmp_path, capture, descriptors):
    """No file of ours takes their place, so that nothing is written into a capture and no line into the wrong file."""
    before, out = capture.read_bytes(), tmp_path / "out"
    process = subprocess.Popen([TAPLINE, "-r", capture, "-o", out], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, preexec_fn=closed(*descriptors))
    printed, messages = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0 and printed == b""
    assert (2 in descriptors) == (messages == b"")
    assert_same(out.read_bytes(), GOOD)
    assert capture.read_bytes() == before


def test_closed_standard_output(capture):
    """It says so, and the capture stays as it is."""
    before = capture.read_bytes()
    for args in (["-r", capture], ["-r", capture, "-o", "stdout:"], ["--help"], ["--list-sinks"]):
        Run(*args, stdout=None, preexec_fn=closed(1), status=1).says("standard output is closed")
    assert capture.read_bytes() == before


class Feed:
    """tapline reads a FIFO into which packets are written one by one."""

    def __init__(self, folder, *args, **options):
        self.fifo = folder / "fifo"
        os.mkfifo(self.fifo)
        self.process = subprocess.Popen([TAPLINE, "-r", self.fifo, *args], stderr=subprocess.PIPE, **options)
        wait_for(lambda: self.opened() or self.process.poll() is not None)
        capture = pcap(GROUP)
        self.sent = 0
        self.file.write(capture[:24])
        self.records, at = [], 24
        for packet in GROUP:
            self.records.append(capture[at:at + 16 + len(packet.data)])
            at += len(self.records[-1])

    def opened(self):
        """The FIFO can be opened once tapline reads it."""
        try:
            fd = os.open(self.fifo, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            return False
        os.set_blocking(fd, True)
        self.file = os.fdopen(fd, "wb", buffering=0)
        return True

    def send(self, n=1, tear=False):
        """n packets; torn ones come in two pieces."""
        for _ in range(n):
            record = self.records[self.sent % len(GROUP)]
            place = self.sent % (len(record) - 1) + 1 if tear else len(record)
            self.file.write(record[:place])
            if tear:
                time.sleep(0.0001)
                self.file.write(record[place:])
            self.sent += 1

    @property
    def expected(self):
        rounds, rest = divmod(self.sent, len(GROUP))
        return GOOD * rounds + lines(GROUP[:rest])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for file in (self.process.stdout, self.process.stderr):
            if file:
                file.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_while_reading_a_fifo(tmp_path, number):
    """It is how a capture that has no end is ended: exit status 0, all that came is there, and the summary."""
    out = tmp_path / "out"
    with Feed(tmp_path, "-o", out) as feed:
        feed.send(25)
        wait_for(lambda: out.exists() and out.read_bytes() == feed.expected)
        feed.process.send_signal(number)
        _, summary = ended(feed.process)
        assert summary["received"] == summary["records"] == 25
        assert_same(out.read_bytes(), feed.expected)


def test_hangup_ends_what_goes_to_standard_output(tmp_path):
    """The terminal is gone; there is nothing to open anew."""
    with Feed(tmp_path, stdout=subprocess.PIPE) as feed:
        feed.send(1)
        assert next_line(feed.process.stdout) == feed.expected
        feed.process.send_signal(signal.SIGHUP)
        assert ended(feed.process)[1]["records"] == 1


def test_hangup_opens_the_file_anew(tmp_path):
    """Rotation while packets come: no line is lost, none torn, and each file begins where the last one ended."""
    out, rotations = tmp_path / "out", 20
    with Feed(tmp_path, "-o", out) as feed:
        stop = threading.Event()

        def keep_sending():
            while not stop.is_set():
                feed.send(7, tear=True)
            feed.file.close()

        sender = threading.Thread(target=keep_sending)
        sender.start()
        with contextlib.ExitStack() as stack:
            stack.callback(sender.join)
            stack.callback(stop.set)
            for i in range(rotations):
                wait_for(lambda: out.exists() and out.stat().st_size > 0)
                out.rename(tmp_path / f"out.{i}")
                feed.process.send_signal(signal.SIGHUP)
        _, summary = ended(feed.process)
    files = [(tmp_path / f"out.{i}").read_bytes() for i in range(rotations)] + [out.read_bytes()]
    assert all(text.endswith(b"\n") for text in files)
    assert_same(b"".join(files), feed.expected)
    assert summary["records"] == feed.sent > rotations


def test_hangup_without_a_new_place(tmp_path):
    """The directory is gone: the old file goes on, and the end says it."""
    folder = tmp_path / "logs"
    folder.mkdir()
    with Feed(tmp_path, "-o", folder / "out") as feed:
        feed.send(3)
        wait_for(lambda: (folder / "out").exists() and (folder / "out").read_bytes() == feed.expected)
        folder.rename(tmp_path / "moved")
        feed.process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        feed.send(3)
        feed.file.close()
        messages, _ = ended(feed.process, 2)
        assert "its directory does not exist" in messages
        assert_same((tmp_path / "moved" / "out").read_bytes(), feed.expected)


def test_output_to_a_fifo(tmp_path, capture):
    """Its reader may come late; nothing is made of it but a pipe."""
    fifo = tmp_path / "out"
    os.mkfifo(fifo)
    process = subprocess.Popen([TAPLINE, "-r", capture, "-o", fifo], stderr=subprocess.PIPE)
    assert_same(subprocess.run(["cat", fifo], capture_output=True, timeout=PATIENCE).stdout, GOOD)
    assert ended(process)[1]["records"] == len(GROUP)


def test_fifo_without_a_reader(tmp_path, capture):
    """It is waited for, with a word, as long as --duration or nobody's signal ends that."""
    os.mkfifo(tmp_path / "f")
    start = time.monotonic()
    Run("-r", capture, "-o", tmp_path / "f", "--duration", "300ms", status=1).says("is a FIFO: waiting", "nobody opened")
    assert 0.2 < time.monotonic() - start < 5
    process = subprocess.Popen([TAPLINE, "-r", capture, "-o", tmp_path / "f"], stderr=subprocess.PIPE)
    assert b"is a FIFO: waiting" in next_line(process.stderr)
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 1 and b"nobody opened" in process.stderr.read()
    process = subprocess.Popen([TAPLINE, "-r", capture, "-o", tmp_path / "f"], stderr=subprocess.PIPE)
    assert b"is a FIFO: waiting" in next_line(process.stderr)
    with open(tmp_path / "f", "rb") as file:
        assert_same(file.read(), GOOD)
    process.stderr.read()
    assert process.wait(PATIENCE) == 0

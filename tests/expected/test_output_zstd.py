# SPDX-License-Identifier: Apache-2.0
"""-o FILE.zst holds the lines that go to any other file, in whole frames, whatever becomes of the run."""

import contextlib
import os
import resource
import signal
import subprocess
import threading
import time

import pytest
from harness import TAPLINE, Run, assert_same, check_sums, read_summary
from test_output import GOOD, GROUP, PATIENCE, Feed, ended, wait_for

from captures import pcap

MANY = "synth:mix,count=100000"  # 17 MiB of lines, 2.4 MiB of frames


def zstd(*args, status=0, **options):
    done = subprocess.run(["zstd", "-q", *args], capture_output=True, timeout=PATIENCE, **options)
    assert done.returncode == status, done.stderr.decode()
    return done.stdout


def unpacked(path):
    """The text; the file holds whole frames and nothing else."""
    zstd("-t", path)
    return zstd("-dc", path)


def frames(path):
    told = subprocess.run(["zstd", "-l", path], capture_output=True, text=True, timeout=PATIENCE, check=True).stdout
    return int(told.splitlines()[1].split()[0])


@pytest.fixture
def capture(tmp_path):
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(GROUP))
    return path


@pytest.fixture(scope="module")
def many():
    return Run("-q", "-r", MANY).out


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out.ndjson.zst"


def test_same_as_uncompressed(out, many):
    run = Run("-r", MANY, "-o", out)
    assert run.out == b"" and run.summary["records"] == many.count(b"\n") == 100000
    assert_same(unpacked(out), many)
    assert frames(out) > 10
    assert out.stat().st_size < len(many) / 5
    assert out.stat().st_mode & 0o137 == 0


def test_appends(tmp_path, out, capture):
    for times, word in enumerate((out, f"zstd:{out}", out), 1):
        assert "tapline:" not in Run("-r", capture, "-o", word).messages
        assert_same(unpacked(out), GOOD * times)
        assert frames(out) == times
    Run("-r", capture, "-o", f"zstd:{tmp_path}/plain.name")
    assert_same(unpacked(tmp_path / "plain.name"), GOOD)


def test_file_says_otherwise(tmp_path, capture):
    Run("-r", capture, "-o", f"file:{tmp_path}/a.zst")
    assert_same((tmp_path / "a.zst").read_bytes(), GOOD)


def test_appends_to_what_the_tool_made(out, capture):
    out.write_bytes(zstd("-c", input=GOOD) + zstd("-c", "--no-check", "-19", input=GOOD))
    Run("-r", capture, "-o", out)
    assert_same(unpacked(out), GOOD * 3)


def test_torn_frame_is_repaired(out, capture):
    """Cut at every place of the last frame."""
    Run("-r", capture, "-o", out)
    whole = out.stat().st_size
    Run("-r", capture, "-o", out, "-c", 2)
    data = out.read_bytes()
    for end in range(whole + 1, len(data)):
        out.write_bytes(data[:end])
        Run("-r", capture, "-o", out).says("out.ndjson.zst: removed a part of a frame, ", f" {end - whole} bytes")
        assert_same(unpacked(out), GOOD * 2)


@pytest.mark.parametrize("before", [b"text\n", GOOD, GOOD[:1], b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfe" * 10],
                         ids=["text", "lines", "one byte", "gzip", "nearly zstd"])
def test_not_a_zstd_file(out, capture, before):
    """It is not ours: nothing is done to it, and the message says what to do."""
    out.write_bytes(before)
    run = Run("-r", capture, "-o", out, status=1).says(f"{out}: does not begin with a whole zstd frame", "move it away", "-o file:")
    assert not run.summary and run.messages.count("\n") == 1
    assert out.read_bytes() == before


def test_more_than_frames(out, capture):
    before = zstd("-c", input=GOOD) + b"a note\n"
    out.write_bytes(before)
    Run("-r", capture, "-o", out, status=1).says("of zstd frames come 7 that are none", "move it away")
    assert out.read_bytes() == before


def test_output_that_cannot_be_opened(tmp_path, capture):
    Run("-r", capture, "-o", tmp_path / "missing" / "a.zst", status=1).says("a.zst: cannot open", "its directory does not exist")
    Run("-r", capture, "-o", f"zstd:{tmp_path}", status=1).says("cannot open", "name a file in it")
    Run("-r", capture, "-o", "zstd:", status=1).says("needs a path")


def test_output_onto_the_capture(tmp_path):
    """It begins with a zstd frame, but is to be read."""
    path = tmp_path / "a.pcap.zst"
    path.write_bytes(zstd("-c", input=pcap(GROUP)))
    before = path.read_bytes()
    for word in (path, f"zstd:{path}", f"file:{path}"):
        Run("-r", path, "-o", word, status=1).says("is the capture to be read")
    assert path.read_bytes() == before


def check_part(summary, path, many):
    """What is there is whole, and what is not is counted."""
    text = unpacked(path) if path.stat().st_size else b""
    assert_same(text, many[:len(text)])
    assert text.endswith(b"\n") or not text
    assert summary["records"] == text.count(b"\n")
    assert summary["received"] == summary["records"] + summary["output_drops"]
    return text


@pytest.mark.parametrize("limit", [1, 100, 30_000, 500_000, 1_000_001])
def test_file_that_may_not_grow(out, many, limit):
    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    run = Run("-r", MANY, "-o", out, status=2, preexec_fn=limited).says("cannot write: File too large", "size limit")
    text = check_part(run.summary, out, many)
    assert out.stat().st_size <= limit and (text or limit < 100_000)
    Run("-q", "-r", MANY, "-o", out)  # there is room again
    assert_same(unpacked(out), text + many)


def test_device_that_takes_nothing(capture):
    run = Run("-r", capture, "-o", "zstd:/dev/full", status=2).says("/dev/full: cannot write: No space left on device: the disk is full")
    assert run.summary["records"] == 0 and run.summary["output_drops"] == len(GROUP)


@pytest.mark.skipif(os.geteuid() or subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode,
                    reason="a small file system takes root and a mount namespace")
def test_full_disk(tmp_path, out, many):
    disk = tmp_path / "disk"
    disk.mkdir()
    script = 'mount -t tmpfs -o size=1m tmpfs "$1" && "$2" -r "$3" -o "$1/a.zst"; status=$?; cp "$1/a.zst" "$4"; exit $status'
    process = subprocess.Popen(["unshare", "--mount", "sh", "-c", script, "sh", disk, TAPLINE, MANY, out], stderr=subprocess.PIPE)
    messages, summary = ended(process, 2)
    assert "disk/a.zst: cannot write: No space left on device: the disk is full" in messages
    assert 0 < len(check_part(summary, out, many)) < len(many)


def test_hangup_opens_the_file_anew(tmp_path, out):
    """Rotation while packets come: no line is lost, and each file is whole and begins where the last one ended."""
    rotations = 20
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
                out.rename(tmp_path / f"{i}.zst")
                feed.process.send_signal(signal.SIGHUP)
        _, summary = ended(feed.process)
    text = b"".join(unpacked(path) for path in [*(tmp_path / f"{i}.zst" for i in range(rotations)), out])
    assert_same(text, feed.expected)
    assert summary["records"] == feed.sent > rotations


@pytest.mark.parametrize("size", [0, 1, 300_000, 1_000_000, 2_000_000])
def test_killed(out, many, capture, size):
    """What was written is read, and the next run goes on behind it."""
    process = subprocess.Popen([TAPLINE, "-q", "-r", MANY.replace("100000", "3000000"), "-o", out])
    wait_for(lambda: out.exists() and out.stat().st_size >= size)
    process.kill()
    assert process.wait(timeout=PATIENCE) == -signal.SIGKILL
    readable = subprocess.run(["zstd", "-dcq", out], capture_output=True, timeout=PATIENCE).stdout
    Run("-r", capture, "-o", out)
    text = unpacked(out)
    assert text.endswith(GOOD)
    text = text[:-len(GOOD)]
    assert readable.startswith(text) and (text.endswith(b"\n") or not text)
    assert_same(text[:len(many)], many[:len(text)])


def test_killed_again_and_again(out, many):
    """At any time: no two frames are mixed up, and no line is torn."""
    for n in range(20):
        process = subprocess.Popen([TAPLINE, "-q", "-r", MANY.replace("100000", "3000000"), "-o", out])
        size = out.stat().st_size if out.exists() else 0
        wait_for(lambda: out.exists() and out.stat().st_size > size)
        time.sleep(0.002 * n)
        process.kill()
        process.wait(timeout=PATIENCE)
    Run("-q", "-r", "synth:mix,count=1", "-o", out)
    rest, starts = unpacked(out), 0
    first = many[:many.index(b"\n") + 1]
    assert rest.endswith(first)
    for part in rest.split(first)[1:]:
        starts += 1
        assert_same(part[:len(many) - len(first)], many[len(first):][:len(part)])
    assert starts == 21


def test_output_to_a_fifo(tmp_path, capture):
    fifo = tmp_path / "fifo.zst"
    os.mkfifo(fifo)
    process = subprocess.Popen([TAPLINE, "-r", capture, "-o", fifo], stderr=subprocess.PIPE)
    with open(fifo, "rb") as file:
        assert_same(zstd("-dc", stdin=file), GOOD)
    assert ended(process)[1]["records"] == len(GROUP)


def test_stuck_reader_does_not_hold_it(out, capture):
    """It ends in the middle of a frame then, whose lines count as not written."""
    process = subprocess.Popen([TAPLINE, "-r", MANY.replace("100000", "3000000"), "-o", "zstd:/dev/stdout"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    wait_for(lambda: process.poll() is not None)
    text, messages = process.communicate()
    summary = read_summary(messages.decode())
    check_sums(summary)
    assert process.returncode == 0 and summary["output_drops"] > 0
    out.write_bytes(text)
    Run("-r", capture, "-o", out).says("removed a part of a frame")
    assert unpacked(out).count(b"\n") == summary["records"] + len(GROUP)


def test_down_a_pipe(capture):
    """Whatever standard output is, it has a path too."""
    assert_same(zstd("-dc", input=Run("-q", "-r", capture, "-o", "zstd:/dev/stdout").out), GOOD)

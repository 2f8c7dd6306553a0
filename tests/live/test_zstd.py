# SPDX-License-Identifier: Apache-2.0
"""Compressed output of a live interface."""

import json
import signal
import socket
import subprocess
import time

from conftest import TAPLINE, check_sums, entered, read_summary
from frames import udp_line, udp_run


def wait_for_bytes(path):
    deadline = time.monotonic() + 5
    while not (path.exists() and path.stat().st_size):
        assert time.monotonic() < deadline, f"nothing came to {path}"
        time.sleep(0.01)


def unpacked(path):
    return subprocess.run(["zstd", "-dcq", path], capture_output=True, check=True, text=True).stdout.splitlines()


def test_loopback_for_a_while(net, tmp_path):
    """Few packets at a time, so that each of the frames is small, and the file can be read while it grows."""
    out = tmp_path / "lo.ndjson.zst"
    process = subprocess.Popen(["ip", "netns", "exec", net.b, TAPLINE, "-i", "lo", "-o", out, "--duration", "1500ms", "udp"],
                               stderr=subprocess.PIPE, text=True)
    with entered(net.b), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        while process.poll() is None:
            sender.sendto(b"x", ("127.0.0.1", 9))
            time.sleep(0.01)
    messages = process.communicate()[1]
    assert process.returncode == 0, messages
    summary = read_summary(messages)
    check_sums(summary)
    records = [json.loads(line) for line in unpacked(out)]
    assert len(records) == summary["records"] > 20
    assert {(r["src_ip"], r["dst_ip"], r["dport"]) for r in records} == {("127.0.0.1", "127.0.0.1", 9)}


def test_hangup(net, capture, tmp_path):
    """Each line is in one of the files, and each of them is whole."""
    out, old = tmp_path / "b0.zst", tmp_path / "b0.1.zst"
    listener = capture("-i", "b0", "-o", str(out), stdout=subprocess.DEVNULL)
    frames = udp_run(2000)
    net.send(frames[:1000])
    wait_for_bytes(out)
    out.rename(old)
    listener.kill(signal.SIGHUP)
    net.send(frames[1000:])
    wait_for_bytes(out)
    _, summary = listener.finish()
    assert summary["records"] == 2000
    assert listener.untimed(unpacked(old) + unpacked(out)) == [udp_line(71, 5353 + n, 53) for n in range(2000)]

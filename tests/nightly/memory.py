#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The resident anonymous memory stays small and flat: 100 million packets made in memory, and a capture read a thousand times.

usage: memory.py [TAPLINE]
"""
import os
import subprocess
import sys
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
TAPLINE = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "tapline")
LIMIT_KIB = 64 * 1024
FLAT_KIB = 1024


def anonymous_kib(pid):
    try:
        with open(f"/proc/{pid}/status") as status:
            return next((int(line.split()[1]) for line in status if line.startswith("RssAnon")), 0)
    except OSError:
        return 0


def watch(name, command, output):
    """Samples RssAnon all along; the second half may not be above the first by more than FLAT_KIB."""
    child = subprocess.Popen([TAPLINE, *command], stdout=output, stderr=subprocess.PIPE)
    samples = []
    while child.poll() is None:
        samples.append(anonymous_kib(child.pid))
        time.sleep(0.01)
    summary = child.stderr.read().decode()
    samples = [s for s in samples if s]
    first, second = max(samples[:len(samples) // 2]), max(samples[len(samples) // 2:])
    print(f"{name}: {len(samples)} samples, at most {first} KiB in the first half, {second} KiB in the second")
    assert child.returncode == 0, summary
    assert max(first, second) < LIMIT_KIB, f"{name}: more than {LIMIT_KIB} KiB"
    assert second <= first + FLAT_KIB, f"{name}: it grows"
    return summary


summary = watch("100 million packets", ["-r", "synth:mix,count=100000000", "-o", "null:"], subprocess.DEVNULL)
assert "received: 100000000\n" in summary and "records: 100000000\n" in summary, summary
capture = os.path.join(ROOT, "demo", "demo.pcap")
summary = watch("a capture a thousand times", [word for _ in range(1000) for word in ("-r", capture)] + ["-o", "-"], subprocess.DEVNULL)
assert "received: 490000\n" in summary, summary

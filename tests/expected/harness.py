# SPDX-License-Identifier: Apache-2.0
"""Runs tapline and knows what must hold of every run."""

import json
import os
import pathlib
import re
import select
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "gen"))

from captures import pcap  # noqa: E402

TAPLINE = os.environ.get("TAPLINE", str(HERE.parents[1] / "tapline"))
SUMMARY_LINE = re.compile(r"^ *(\w+): (\d+)", re.M)
PARTS = ("records", "filtered", "no_ip", "undecodable", "output_drops")
TIMEOUT = 60


def read_summary(text):
    return {name: int(number) for name, number in SUMMARY_LINE.findall(text)}


def check_sums(summary):
    assert sum(summary[part] for part in PARTS) + summary.get("not_selected", 0) == summary["received"], summary


class Run:
    """One run to its end: status, output and messages; the sums are checked wherever there is a summary."""

    def __init__(self, *args, status=0, **options):
        if "input" not in options:
            options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        done = subprocess.run([TAPLINE, *map(str, args)], stderr=subprocess.PIPE, timeout=TIMEOUT, **options)
        self.out = done.stdout
        self.messages = done.stderr.decode()
        self.summary = read_summary(self.messages)
        assert done.returncode == status, self.messages
        if "received" in self.summary:
            check_sums(self.summary)

    def says(self, *parts):
        """The messages hold all of these."""
        for part in parts:
            assert part in self.messages, self.messages
        return self


def next_line(file):
    """A line that must come soon; file is a pipe of which nothing was read ahead."""
    assert select.select([file], [], [], TIMEOUT / 6)[0], "no line came"
    return file.readline()


def line(record):
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False) + "\n"


def lines(packets, digits=6):
    """The output that the model expects."""
    return "".join(line(r) for p in packets if (r := p.record(digits))).encode()


def assert_same(got, expected, packets=None):
    """Bytes, and where they differ the first line that does."""
    if got == expected:
        return
    got, expected = got.decode().splitlines(), expected.decode().splitlines()
    at = next((i for i, pair in enumerate(zip(got, expected)) if pair[0] != pair[1]), min(len(got), len(expected)))
    told = f"line {at + 1} of {len(got)} ({len(expected)} expected)"
    told += f"\n  got      {got[at] if at < len(got) else 'none'}\n  expected {expected[at] if at < len(expected) else 'none'}"
    recorded = [p for p in packets or [] if p.record()]
    if at < len(recorded):
        p = recorded[at]
        told += f"\n  {p.link}, {p.caplen} of {p.wirelen} bytes: {p.data.hex()}"
    raise AssertionError(told)


def check(run, packets, digits=6):
    """The lines are exactly the model's, and each packet is counted where it belongs."""
    expected = lines(packets, digits)
    assert_same(run.out, expected, packets)
    records = expected.count(b"\n")
    summary = run.summary
    assert (summary["received"], summary["records"]) == (len(packets), records)
    assert summary["no_ip"] + summary["undecodable"] == len(packets) - records
    assert summary["filtered"] == summary["output_drops"] == summary["kernel_drops"] == 0
    if all(p.caplen == p.wirelen for p in packets):
        assert summary["no_ip"] == sum(p.piece.fate == "no_ip" for p in packets)


def grouped(packets):
    """By link."""
    groups = {}
    for packet in packets:
        groups.setdefault(packet.link, []).append(packet)
    return groups


def microseconds(packets):
    """With the times that a capture of microseconds keeps."""
    return [p._replace(ts=p.ts // 1000 * 1000) for p in packets]


def written(folder, packets, name="a.pcap", **form):
    """The path of a capture of these packets."""
    path = folder / name
    path.write_bytes(pcap(packets, **form))
    return path

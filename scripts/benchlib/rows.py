# SPDX-License-Identifier: Apache-2.0
"""The rows of the bench: what each runs, and what it stands against."""
import os
import shutil
import statistics
import struct
import subprocess
import sys
import time

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
TAPLINE = os.path.join(ROOT, "tapline")
CAPTURE = os.path.join(ROOT, "build/release/bench/capture")
WALL = os.path.join(ROOT, "build/release/bench/wall")
SCAPY = os.path.join(ROOT, "tests", "bench", "scapy_loop.py")

median = statistics.median


def anonymous_kib(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as status:
            return next((int(line.split()[1]) for line in status if line.startswith("RssAnon")), 0)
    except (OSError, ValueError):
        return 0


def failed(command, child):
    sys.exit(f"{' '.join(command)}: exit status {child.returncode}: {child.stderr.read().decode()[-300:]}")


def timed(command, reader=None, twice=None):
    """Seconds and peak RssAnon (KiB) of one run, whose standard output goes to a reader's pipe or nowhere. twice: at the same
    time as this command."""
    start = time.monotonic()
    drain = subprocess.Popen(reader, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) if reader else None
    children = [subprocess.Popen(c, stdin=subprocess.DEVNULL, stdout=drain.stdin if drain else subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, cwd=ROOT) for c in (command, twice) if c]
    if drain:
        drain.stdin.close()
    peak = 0
    while any(child.poll() is None for child in children):
        peak = max(peak, anonymous_kib(children[0].pid))
        time.sleep(0.002)
    if drain:
        drain.wait()
    seconds = time.monotonic() - start
    for child in children:
        if child.returncode:
            failed(command, child)
        child.stderr.close()
    return seconds, peak


class Row:
    """One program on one capture. fresh: the file that it makes. needs: rows that have to run before it in each round. tells: it
    prints the seconds itself, for it takes some to make ready."""

    def __init__(self, name, command, packets, against=None, fresh=None, reader=None, twice=None, needs=(), tells=False):
        self.name, self.command, self.packets, self.against = name, command, packets, against
        self.fresh, self.reader, self.twice, self.needs, self.tells = fresh, reader, twice, needs, tells
        self.seconds, self.peak = [], 0

    def run(self):
        for path in dict.fromkeys(word for word in self.command if os.path.isfile(word)):
            subprocess.run([WALL, "read", path], stdout=subprocess.DEVNULL, check=True)  # what lies idle gets slower, on some hosts
        if self.tells:
            self.seconds.append(float(subprocess.run(self.command, stdout=subprocess.PIPE, check=True).stdout.split()[0]))
            return
        seconds, peak = timed(self.command, self.reader, self.twice)
        self.seconds.append(seconds)
        self.peak = max(self.peak, peak)

    def rates(self):
        """Million packets per second."""
        return [self.packets / s / 1e6 for s in self.seconds]

    def ratios(self, other):
        """How many times as fast as another row, in each round."""
        return [mine / theirs for mine, theirs in zip(self.rates(), other.rates())]

    def ratio(self, other):
        return median(self.ratios(other))


def run_round(rows):
    """Each row once. A file goes as soon as no later row reads it, and what stays is on the disk before the next row runs."""
    there = set()
    for i, row in enumerate(rows):
        row.run()
        there |= {row.fresh} - {None}
        read = {word for later in rows[i + 1:] for word in later.command if word != later.fresh}
        for path in there - read:
            os.unlink(path)
        there &= read
        if row.fresh in there:
            os.sync()


MEMORY_MIB = 32  # more than any of tapline's rows may take

# Row, what it stands against (or None: million packets/s), at least so much, in words.
REACH = [
    ("tapline to null:", None, 18, "at least 18 million packets/s"),
    ("tapline to null:", None, 8 * 2.2, "8 times mercury's published best on a machine of this kind, 2.2 million/s"),
    ("tapline to null:", "tcpdump -w /dev/null (copies)", 2, "at least 2 times"),
    ("tapline to null:", "tcpdump -nn (text)", 20, "at least 20 times"),
    ("tapline to null:", "tshark -T fields", 300, "at least 300 times"),
    ("tapline to null:", "tshark -T ek", 400, "at least 400 times"),
    ("tapline to null:", "Scapy loop (the old sniffer)", 2000, "at least 2,000 times"),
    ("tapline to a file", "wall: read(), write() of its output", 1 / 1.3, "at least 1/1.3 of"),
    ("tapline to a pipe", "wall: the same through a pipe", 1 / 1.3, "at least 1/1.3 of"),
    ("tapline, mixed packets", None, 12, "at least 12 million packets/s"),
    ("tapline, synth:mix", None, 12, "the same packets from memory, at least 12 million/s"),
    ("tapline, pcapng", "tapline to null:", 0.9, "at least 0.9 of"),
    ("tapline, gzip", "wall: inflate()", 0.9, "at least 0.9 of"),
    ("tapline, zstd", "wall: zstd -dc", 0.9, "at least 0.9 of"),
    ("tapline, synth:mix, profile full", None, 3, "at least 3 million packets/s"),
    ("tapline -j 2", "two processes, half each", 0.9, "at least 0.9 of"),
]


def peer_is_there(peer):
    return os.path.isdir("/usr/lib/python3/dist-packages/scapy") if peer == "scapy" else shutil.which(peer) is not None


def table(work, packets):
    big, mix, half, other = (os.path.join(work, name) for name in ("tcp64.pcap", "mix.pcap", "half.pcap", "half2.pcap"))
    out, copy, packed = (os.path.join(work, name) for name in ("out.json", "copy.json", "out.json.zst"))
    null = [TAPLINE, "-q", "-o", "null:"]
    first = "tapline to null:"
    rows = [
        Row(first, [*null, "-r", big], packets),
        Row("wall: read() of the capture", [WALL, "read", big], packets, first),
        Row("wall: cat of the capture", ["cat", big], packets, first),
        Row("wall: memcpy of as many bytes", [WALL, "memcpy", big], packets, first, tells=True),
        Row("tapline, pcapng", [*null, "-r", big + "ng"], packets, first),
        Row("tapline, gzip", [*null, "-r", big + ".gz"], packets, "wall: inflate()"),
        Row("wall: inflate()", [WALL, "gunzip", big + ".gz"], packets, tells=True),
        Row("tapline, zstd", [*null, "-r", big + ".zst"], packets, "wall: zstd -dc"),
        Row("wall: zstd -dc", ["zstd", "-qdc", big + ".zst"], packets),
        Row("tapline, mixed packets", [*null, "-r", mix], packets // 2, "wall: read() of the mix"),
        Row("wall: read() of the mix", [WALL, "read", mix], packets // 2),
        Row("tapline, synth:tcp64", [*null, "-r", f"synth:tcp64,count={packets}"], packets, first),
        Row("tapline, synth:mix", [*null, "-r", f"synth:mix,count={packets}"], packets, first),
        Row("tapline, synth:mix, profile full", [*null, "--profile", "full", "-r", f"synth:mix,count={packets // 2}"], packets // 2,
            "tapline, synth:mix"),
        Row("tapline -j 2", [*null, "-j", "2", "-r", big], packets, "two processes, half each"),
        Row("two processes, half each", [*null, "-r", half], packets, twice=[*null, "-r", other]),
        Row("tapline -j 2, mixed packets", [*null, "-j", "2", "-r", mix], packets // 2, "tapline, mixed packets"),
    ]
    peers = [
        ("tcpdump", "tcpdump -w /dev/null (copies)", lambda f: ["tcpdump", "-r", f, "-w", "/dev/null"], packets),
        ("tcpdump", "tcpdump -nn (text)", lambda f: ["tcpdump", "-nn", "-r", f], min(packets, 1000000)),
        ("tshark", "tshark -T fields", lambda f: ["tshark", "-n", "-r", f, "-T", "fields", "-e", "frame.time_epoch", "-e", "ip.src",
                                                  "-e", "ip.dst", "-e", "ip.proto", "-e", "frame.len", "-e", "tcp.srcport", "-e",
                                                  "tcp.dstport", "-e", "tcp.flags"], min(packets, 100000)),
        ("tshark", "tshark -T ek", lambda f: ["tshark", "-n", "-r", f, "-T", "ek"], min(packets, 50000)),
        ("scapy", "Scapy loop (the old sniffer)", lambda f: ["/usr/bin/python3", SCAPY, f], min(packets, 20000)),
    ]
    for peer, name, command, some in peers:
        if peer_is_there(peer):
            rows.append(Row(name, command(big if some == packets else prefix_path(work, some)), some, first))
    # Last, since what they leave to the disk would be in the others' way.
    rows += [
        Row("tapline to a file", [TAPLINE, "-q", "-r", big, "-o", out], packets, "wall: read(), write() of its output", fresh=out),
        Row("wall: read(), write() of its output", [WALL, "copy", out, copy], packets, fresh=copy, needs=["tapline to a file"]),
        Row("wall: write() of as many bytes", [WALL, "write", out, copy], packets, fresh=copy, needs=["tapline to a file"]),
        Row("tapline to a pipe", [TAPLINE, "-q", "-r", big], packets, "wall: the same through a pipe", reader=[WALL, "drain"]),
        Row("wall: the same through a pipe", [WALL, "pipe", out], packets, needs=["tapline to a file"]),
        Row("tapline to a file.zst", [TAPLINE, "-q", "-r", big, "-o", packed], packets, "tapline to a file", fresh=packed),
    ]
    if not shutil.which("zstd"):
        rows = [row for row in rows if "zstd" not in row.name]
    return rows


def prefix_path(work, packets):
    return os.path.join(work, f"prefix-{packets}.pcap")


def make_capture(kind, packets, path, *form):
    subprocess.run([CAPTURE, kind, str(packets), path, *form], check=True)


def make_prefix(path, capture, packets):
    """The first packets of a capture, as one of its own."""
    with open(capture, "rb") as src, open(path, "wb") as dst:
        dst.write(src.read(24))
        for _ in range(packets):
            head = src.read(16)
            dst.write(head + src.read(struct.unpack("<I", head[8:12])[0]))


def make_captures(rows, work, packets):
    """Those that the rows name."""
    named = {word for row in rows for word in row.command}
    big = os.path.join(work, "tcp64.pcap")
    make_capture("tcp64", packets, big)
    if os.path.join(work, "mix.pcap") in named:
        make_capture("mix", packets // 2, os.path.join(work, "mix.pcap"))
    if os.path.join(work, "half.pcap") in named:
        for name in ("half.pcap", "half2.pcap"):
            make_capture("tcp64", packets // 2, os.path.join(work, name))
    if big + "ng" in named:
        make_capture("tcp64", packets, big + "ng", "pcapng")
    if big + ".gz" in named:
        subprocess.run(["gzip", "-1", "-k", big], check=True)
    if big + ".zst" in named:
        subprocess.run(["zstd", "-q", "-1", "-k", big], check=True)
    for row in rows:
        if prefix_path(work, row.packets) in row.command and not os.path.exists(prefix_path(work, row.packets)):
            make_prefix(prefix_path(work, row.packets), big, row.packets)
    os.sync()


def spawn(n, command):
    """Median and longest time of n runs, milliseconds."""
    return map(float, subprocess.run([WALL, "spawn", str(n), *command], stdout=subprocess.PIPE, check=True).stdout.split())

# SPDX-License-Identifier: Apache-2.0
"""Two network namespaces with a cable between them, and tapline listening in one of them."""

import contextlib
import ctypes
import json
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import tempfile
import time

import pytest

TAPLINE = os.environ.get("TAPLINE", str(pathlib.Path(__file__).resolve().parents[2] / "tapline"))
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
SUMMARY_LINE = re.compile(r"^ *(\w+): (\d+)")
TS = re.compile(r'^\{"ts":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)",')


def sh(command):
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stderr.strip()}")
    return done.stdout


def try_sh(command):
    return subprocess.run(command, shell=True, capture_output=True).returncode == 0


def why_not():
    if os.geteuid() != 0:
        return "live tests need root"
    if not try_sh("unshare --net true"):
        return "live tests need network namespaces"
    if not os.access(TAPLINE, os.X_OK):
        return f"no program at {TAPLINE}: run make first, or set TAPLINE"
    return None


def pytest_collection_modifyitems(items):
    reason = why_not()
    for item in items if reason else []:
        item.add_marker(pytest.mark.skip(reason=reason))


@contextlib.contextmanager
def entered(ns):
    """This thread is in the namespace: sockets made now stay there."""
    with open("/proc/self/ns/net") as home, open(f"/run/netns/{ns}") as there:
        if LIBC.setns(there.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        try:
            yield
        finally:
            LIBC.setns(home.fileno(), CLONE_NEWNET)


def read_summary(text):
    numbers = {}
    for line in text.splitlines():
        match = SUMMARY_LINE.match(line)
        if match:
            numbers[match[1]] = int(match[2])
    return numbers


def check_sums(summary):
    parts = ("records", "filtered", "no_ip", "undecodable", "output_drops")
    assert sum(summary[part] for part in parts) == summary["received"], summary


class Capture:
    """tapline at work. Leaving the with block ends it by force."""

    def __init__(self, ns, *args, stdout=None):
        self.out = tempfile.TemporaryFile() if stdout is None else None
        self.started = time.time()
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", ns, TAPLINE, *args],
            stdout=self.out or stdout, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.stderr = b""
        self._wait_until_open()

    def _wait_until_open(self):
        deadline = time.monotonic() + 10
        fd = self.process.stderr.fileno()
        while b"capturing from" not in self.stderr:
            ready, _, _ = select.select([fd], [], [], max(0, deadline - time.monotonic()))
            data = os.read(fd, 4096) if ready else b""
            if not data:
                self.process.kill()
                raise RuntimeError(f"tapline did not start: {self.stderr.decode()}")
            self.stderr += data

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stderr.close()
        if self.out:
            self.out.close()

    def lines(self):
        size = os.fstat(self.out.fileno()).st_size
        text = os.pread(self.out.fileno(), size, 0).decode()
        return text[:text.rfind("\n") + 1].splitlines()

    def wait_lines(self, n, timeout=5):
        deadline = time.monotonic() + timeout
        while len(self.lines()) < n and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.lines()

    def kill(self, number):
        self.process.send_signal(number)

    def finish(self, number=signal.SIGINT, status=0, timeout=10):
        """Ends it by a signal (None: it ends by itself); checks status and sums; gives the lines and the summary."""
        if number is not None:
            self.kill(number)
        self.stderr += self.process.communicate(timeout=timeout)[1]
        assert self.process.returncode == status, self.stderr.decode()
        summary = read_summary(self.stderr.decode())
        check_sums(summary)
        if not self.out:
            return None, summary
        lines = [line for line in self.lines() if '"event":' not in line]
        gaps = [json.loads(line) for line in self.lines() if '"event":"gap"' in line]
        assert len(lines) == summary["records"] and len(gaps) == summary.get("gaps", 0)
        assert sum(int(gap["count"]) for gap in gaps if gap["cause"] == "kernel") == summary["kernel_drops"]
        return lines, summary

    def untimed(self, lines):
        """The lines without their ts, which must lie between our start and now and never go back."""
        rest, last = [], None
        for line in lines:
            match = TS.match(line)
            assert match, line
            assert last is None or match[1] >= last, "time went back"
            last = match[1]
            rest.append("{" + line[match.end():])
            assert json.loads(line)["ts"] == match[1]
        if lines:
            stamp = "%Y-%m-%dT%H:%M:%S"
            first = TS.match(lines[0])[1]
            assert first[:19] >= time.strftime(stamp, time.gmtime(self.started - 1))
            assert last[:19] <= time.strftime(stamp, time.gmtime(time.time() + 1))
        return rest


class Net:
    """Namespace a with interface a0, namespace b with b0, a cable between them; no traffic but ours."""

    def __init__(self):
        self.a, self.b = f"tl{os.getpid()}a", f"tl{os.getpid()}b"
        self.senders = {}

    def make(self):
        for ns in (self.a, self.b):
            sh(f"ip netns add {ns}")
            self.quiet(ns)
            sh(f"ip -n {ns} link set lo up")
        sh(f"ip -n {self.a} link add a0 type veth peer name b0 netns {self.b}")
        for ns, dev in ((self.a, "a0"), (self.b, "b0")):
            sh(f"ip -n {ns} link set {dev} up")

    @staticmethod
    def quiet(ns):
        with entered(ns):
            for name in ("all", "default"):
                for key, value in (("disable_ipv6", 1), ("accept_dad", 0)):
                    pathlib.Path(f"/proc/sys/net/ipv6/conf/{name}/{key}").write_text(f"{value}\n")

    def remove(self):
        for sender in self.senders.values():
            sender.close()
        for ns in (self.a, self.b):
            try_sh(f"ip netns del {ns}")

    def sender(self, ns, dev):
        if (ns, dev) not in self.senders:
            with entered(ns):
                sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            sender.bind((dev, 0))
            self.senders[ns, dev] = sender
        return self.senders[ns, dev]

    def send(self, frames, ns=None, dev="a0"):
        sender = self.sender(ns or self.a, dev)
        for frame in frames:
            sender.send(bytes(frame))

    def forget(self, ns, dev):
        """The interface will be removed."""
        if (ns, dev) in self.senders:
            self.senders.pop((ns, dev)).close()


@pytest.fixture(scope="session")
def net():
    made = Net()
    try:
        made.make()
        yield made
    finally:
        made.remove()


@pytest.fixture
def capture(net):
    """capture(*args) listens in namespace b; capture(*args, ns=...) elsewhere."""
    with contextlib.ExitStack() as stack:
        yield lambda *args, ns=None, **more: stack.enter_context(Capture(ns or net.b, *args, **more))

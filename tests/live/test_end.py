# SPDX-License-Identifier: Apache-2.0
"""How a capture ends, what stands in its way, and that its numbers add up."""

import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

import pytest
from conftest import TAPLINE, check_sums, read_summary, sh
from frames import syn, udp, udp_line, udp_run


def run(ns, *args, before=()):
    return subprocess.run(["ip", "netns", "exec", ns, *before, TAPLINE, *args], capture_output=True, text=True, timeout=20)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_it_in_good_order(net, capture, number):
    """What was on its way when the signal came is still given."""
    listener = capture("-i", "b0")
    net.send(udp_run(20000))
    lines, summary = listener.finish(number)
    assert summary["received"] == 20000
    assert listener.untimed(lines) == [udp_line(71, 5353 + n, 53) for n in range(20000)]


def test_signal_without_traffic(net, capture):
    listener = capture("-i", "b0")
    lines, summary = listener.finish()
    assert lines == []
    assert summary["received"] == 0


def test_signal_in_the_middle_of_traffic(net, capture):
    """Nothing is counted that is not in the output, and nothing is missing between the first packet and the last."""
    listener = capture("-i", "b0")
    frames = udp_run(2000)
    for round_ in range(10):
        net.send(frames)
        if round_ == 5:
            listener.kill(signal.SIGINT)
    lines, summary = listener.finish(None)
    ports = [json.loads(line)["sport"] for line in lines]
    assert ports == [5353 + n % 2000 for n in range(len(ports))]
    assert 12000 <= summary["received"] == len(ports) <= 20000


def test_count(net, capture):
    listener = capture("-i", "b0", "-c", "3", "tcp")
    net.send([udp(), syn(1), udp(), syn(2), syn(3), syn(4)])
    lines, summary = listener.finish(None)
    assert [json.loads(line)["dport"] for line in lines] == [1, 2, 3]
    assert summary["records"] == 3


def test_duration(net, capture):
    listener = capture("-i", "b0", "--duration", "1s")
    net.send([udp()])
    lines, _ = listener.finish(None)
    assert listener.untimed(lines) == [udp_line(71, 5353, 53)]
    assert 0.9 <= time.time() - listener.started < 2


def test_kernel_drops_add_up(net, capture):
    """While tapline is stopped more comes than the ring holds: received + kernel_drops is still all that was sent."""
    listener = capture("-i", "b0", "--ring", "4M", "-o", "null:", stdout=subprocess.DEVNULL)
    listener.kill(signal.SIGSTOP)
    net.send([udp(payload=b"x" * 1400)] * 10000)
    listener.kill(signal.SIGCONT)
    _, summary = listener.finish()
    assert summary["kernel_drops"] > 0
    assert summary["received"] > 1000
    assert summary["received"] + summary["kernel_drops"] == 10000


def test_full_ring_goes_round(net, capture):
    """The kernel waits for each block that we give back: no frame may change under us. The source address counts."""
    sent = 150000
    frame = udp()
    frames = [frame[:26] + (0x0A000000 + n).to_bytes(4, "big") + frame[30:] for n in range(sent)]
    listener = capture("-i", "b0", "--ring", "4M")
    listener.kill(signal.SIGSTOP)
    net.send(frames[:50000])
    listener.kill(signal.SIGCONT)
    net.send(frames[50000:])
    lines, summary = listener.finish()
    sources = [line.split('"src_ip":"')[1].split('"')[0] for line in lines]
    numbers = [int.from_bytes(bytes(map(int, source.split("."))), "big") - 0x0A000000 for source in sources]
    assert all(first < second for first, second in zip(numbers, numbers[1:]))
    assert 0 <= numbers[0] and numbers[-1] < sent
    assert summary["kernel_drops"] > 0
    assert summary["received"] + summary["kernel_drops"] == sent


def test_stuck_reader_costs_no_packet_and_adds_up(net, capture):
    """A reader that does not read fills pipe and blocks; from then on lines are dropped and counted, never waited for."""
    sent = 120000
    reading, writing = os.pipe()
    with capture("-i", "b0", stdout=writing) as listener:
        os.close(writing)
        frame = udp()
        net.send(frame for _ in range(sent))
        _, summary = listener.finish(timeout=15)
    os.close(reading)
    assert summary["received"] == sent
    assert summary["kernel_drops"] == 0
    assert summary["output_drops"] > 0


@pytest.fixture
def doomed(net):
    """A cable that a test may cut: d0 in namespace a, d1 in b."""
    sh(f"ip -n {net.a} link add d0 type veth peer name d1 netns {net.b}")
    sh(f"ip -n {net.a} link set d0 up")
    sh(f"ip -n {net.b} link set d1 up")
    yield
    net.forget(net.a, "d0")
    subprocess.run(["ip", "-n", net.a, "link", "del", "d0"], capture_output=True)


def test_interface_removed(net, capture, doomed):
    listener = capture("-i", "d1")
    net.send([udp(1), udp(2)], dev="d0")
    sh(f"ip -n {net.b} link del d1")
    lines, summary = listener.finish(None, status=2)
    assert listener.untimed(lines) == [udp_line(71, 5354, 53), udp_line(71, 5355, 53)]
    assert summary["received"] == 2
    assert "interface d1 is gone" in listener.stderr.decode()


def test_interface_down_and_up_again(net, capture, doomed):
    listener = capture("-i", "d1")
    net.send([udp(1)], dev="d0")
    sh(f"ip -n {net.b} link set d1 down")
    time.sleep(0.3)
    assert listener.process.poll() is None
    sh(f"ip -n {net.b} link set d1 up")
    net.send([udp(2)], dev="d0")
    listener.wait_lines(2)
    lines, _ = listener.finish()
    assert listener.untimed(lines) == [udp_line(71, 5354, 53), udp_line(71, 5355, 53)]


def test_interface_down_at_the_start(net, doomed):
    sh(f"ip -n {net.b} link set d1 down")
    done = run(net.b, "-i", "d1")
    assert done.returncode == 1
    assert "interface d1 is down" in done.stderr
    assert "ip link set d1 up" in done.stderr


def test_no_such_interface(net):
    done = run(net.b, "-i", "eth99")
    assert done.returncode == 1
    assert "no interface `eth99`" in done.stderr
    assert "\nlo " in done.stderr and "\nb0 " in done.stderr
    assert done.stdout == ""


def test_bad_filter(net):
    done = run(net.b, "-i", "b0", "tcp", "prot", "22")
    assert done.returncode == 1
    assert "`prot`, character 5" in done.stderr


def test_no_permission(net):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        program = shutil.copy(TAPLINE, folder)
        done = subprocess.run(["ip", "netns", "exec", net.b, "setpriv", "--reuid=65534", "--clear-groups", "--inh-caps=-all",
                               program, "-i", "b0"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert "CAP_NET_RAW" in done.stderr
    assert "sudo tapline -i b0" in done.stderr
    assert "sudo setcap cap_net_raw+ep" in done.stderr


def test_reader_goes_away(net, capture):
    reading, writing = os.pipe()
    with capture("-i", "b0", stdout=writing) as listener:
        os.close(writing)
        os.close(reading)
        net.send([udp()])
        time.sleep(0.3)
        net.send([udp()])
        listener.stderr += listener.process.communicate(timeout=10)[1]
        assert listener.process.returncode == 0
    check_sums(read_summary(listener.stderr.decode()))


def test_output_trouble_is_told_at_once(net, capture):
    """A capture goes on for months: whoever looks at its messages sees the full disk when it is full, and once."""
    listener = capture("-i", "b0", "-o", "/dev/full", stdout=subprocess.DEVNULL)
    said = b""
    for _ in range(20):
        net.send([udp()] * 10)
        if select.select([listener.process.stderr], [], [], 0.5)[0]:
            said += os.read(listener.process.stderr.fileno(), 4096)
        if b"the capture goes on" in said:
            break
    assert b"/dev/full: cannot write: No space left on device" in said
    listener.stderr += said
    _, summary = listener.finish(status=2)
    assert listener.stderr.count(b"No space left") == 1
    assert summary["output_drops"] == summary["received"] > 0

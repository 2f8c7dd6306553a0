# SPDX-License-Identifier: Apache-2.0
"""What cannot be done is said in one line, with the exit status that belongs to it; what was good is written."""

import struct

import pytest
from harness import Run, assert_same, lines, microseconds, written

from captures import Interface, block, enhanced, packets, pcap, pcapng, section_header
from catalogue import some_ip_packets
from packets import ethernet

GROUP = microseconds(packets([("ethernet", ethernet(p)) for p in some_ip_packets()]))
GOOD = lines(GROUP)
SUMMARY = ["received", "records", "filtered", "no_ip", "undecodable", "output_drops", "kernel_drops", "seconds"]


@pytest.fixture
def capture(tmp_path):
    return written(tmp_path, GROUP)


def says_once(run, *parts):
    """One error, in one line, by the program's name; nothing is printed as a result, and there is no summary."""
    run.says(*parts)
    assert run.messages.startswith("tapline: error: ") and run.messages.count("\n") == 1, run.messages
    assert not run.out and not run.summary


USAGE = [
    ([], ["-i INTERFACE", "-r FILE", "--help"]),
    (["tcp"], ["-i INTERFACE", "-r FILE"]),
    (["--nope"], ["unknown option --nope", "--help"]),
    (["-r", "CAPTURE", "-Z"], ["unknown option -Z"]),
    (["-r"], ["option -r needs an argument"]),
    (["--read"], ["option --read needs an argument"]),
    (["-r", "CAPTURE", "-c"], ["option -c needs an argument"]),
    (["-r", ""], ["-r, --read", "FILE"]),
    (["-i", "lo", "-r", "CAPTURE"], ["-i and -r exclude each other"]),
    (["-r", "CAPTURE", "-c", "0"], ["-c, --count", "`0`", "at least 1"]),
    (["-r", "CAPTURE", "-c", "many"], ["-c, --count", "`many`", "whole number"]),
    (["-r", "CAPTURE", "-c", "-1"], ["-c, --count", "`-1`", "whole number"]),
    (["-r", "CAPTURE", "-c", "99999999999999999999"], ["-c, --count", "`99999999999999999999`"]),
    (["-r", "CAPTURE", "--ts-digits", "4"], ["--ts-digits", "`4`", "0, 3, 6 or 9"]),
    (["-r", "CAPTURE", "--ts-digits", "12"], ["--ts-digits", "`12`"]),
    (["-r", "CAPTURE", "--batch", "0"], ["--batch", "1 to 256"]),
    (["-r", "CAPTURE", "--batch", "257"], ["--batch", "1 to 256"]),
    (["-r", "CAPTURE", "--duration", "5x"], ["--duration", "`5x`", "10s"]),
    (["-r", "CAPTURE", "--duration", ""], ["--duration", "10s"]),
    (["-r", "CAPTURE", "-s", "100"], ["option -s, --snaplen: belongs to a live capture, with -i"]),
    (["-r", "CAPTURE", "-p"], ["option -p, --no-promiscuous: belongs to a live capture"]),
    (["-i", "lo", "-j", "2"], ["option -j, --jobs: belongs to captures that are read with -r"]),
    (["-i", "lo", "--merge"], ["option --merge: belongs to captures"]),
    (["-r", "CAPTURE", "--to", "ecs"], ["option --to: belongs to `tapline convert`"]),
    (["-r", "CAPTURE", "--format", "list"], ["option --format: belongs to `tapline schema`"]),
    (["convert", "--to", "ecs", "-o", "x"], ["option -o, --output: belongs to packets"]),
    (["convert", "--to", "ecs", "--profile", "full"], ["option --profile: belongs to packets and `tapline schema`"]),
    (["schema", "-c", "1"], ["option -c, --count: belongs to packets"]),
    (["-r", "CAPTURE", "--quiet=1"], ["option --quiet takes no argument"]),
    (["-r", "CAPTURE", "--fo"], ["option --fo: could be --follow, --format"]),
    (["CAPTURE"], ["did you mean `tapline -r ", "a.pcap"]),
]


@pytest.mark.parametrize("args, parts", USAGE, ids=lambda value: " ".join(value) if value != [] else "none")
def test_usage(capture, args, parts):
    says_once(Run(*[capture if word == "CAPTURE" else word for word in args], status=1), *parts)


FILTERS = [
    ("tcp prt 22", ["`tcp prt 22`", "syntax error", "`prt`, character 5"]),
    ("tcp port", ["`tcp port`", "syntax error", "at its end"]),
    ("tcp port 22 and )", ["character 17"]),
    ("(udp", ["at its end"]),
    ("ip[0", ["at its end"]),
    ("host 1.2.3.4 5.6.7", ["syntax error"]),
    ("port 99999", ["99999"]),
    ("inbound", ["direction"]),
]


@pytest.mark.parametrize("expression, parts", FILTERS)
def test_bad_filter(capture, tmp_path, expression, parts):
    """It is found before anything is opened."""
    says_once(Run("-r", capture, expression, status=1), "filter", *parts)
    says_once(Run("-r", capture, "-o", tmp_path / "out", *expression.split(), status=1), "filter", *parts)
    assert not (tmp_path / "out").exists()


def no_capture(kind, folder):
    """The path of something that is no capture, what its message must say."""
    path = folder / kind
    contents = {"empty": b"", "text": b"hello, this is no capture\n", "two bytes": b"\xd4\xc3", "zip": b"PK\3\4" + bytes(40),
                "header cut": pcap(GROUP)[:23], "section cut": pcapng(GROUP)[:27], "zeros": bytes(100),
                "old version": struct.pack("<IHHiIII", 0xA1B2C3D4, 1, 2, 0, 0, 65535, 1), "xz": b"\xfd7zXZ\0" + bytes(40)}
    if kind in contents:
        path.write_bytes(contents[kind])
    elif kind == "directory":
        path.mkdir()
    return path


NO_CAPTURES = {"missing": "No such file or directory", "directory": "is a directory", "empty": "is empty", "two bytes": "cut short",
               "text": "is not a capture file (pcap or pcapng)", "zip": "a zip archive", "header cut": "23 bytes, and 24",
               "section cut": "27 bytes, and 28", "zeros": "is not a capture file", "old version": "version 1", "xz": "xzcat"}


@pytest.mark.parametrize("kind", NO_CAPTURES)
def test_no_capture(tmp_path, kind):
    path = no_capture(kind, tmp_path)
    says_once(Run("-r", path, status=1), str(path) + ": ", NO_CAPTURES[kind])
    says_once(Run("-q", "-r", path, "-o", tmp_path / "out", status=1), NO_CAPTURES[kind])


@pytest.mark.parametrize("kind", [kind for kind in NO_CAPTURES if kind not in ("missing", "directory")])
def test_no_capture_on_standard_input(tmp_path, kind):
    contents = no_capture(kind, tmp_path).read_bytes()
    says_once(Run("-r", "-", input=contents, status=1), "standard input: ", NO_CAPTURES[kind])


@pytest.mark.parametrize("kind", NO_CAPTURES)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_bad_among_several(tmp_path, capture, kind, place):
    """The others are read."""
    inputs = [capture, capture]
    inputs.insert(place, no_capture(kind, tmp_path))
    run = Run(*(word for path in inputs for word in ("-r", path)), status=2).says(NO_CAPTURES[kind])
    assert_same(run.out, GOOD * 2)
    assert run.summary["received"] == 2 * len(GROUP)


def test_all_bad(tmp_path):
    run = Run("-r", tmp_path / "a", "-r", tmp_path / "b", status=1).says("/a: cannot open", "/b: cannot open")
    assert not run.summary and run.messages.count("\n") == 2


def ends(capture, packets_, start):
    """Where each record of a classic capture, or block of a pcapng, ends."""
    places, at = [start], start
    for packet in packets_:
        at += 16 + len(packet.data)
        places.append(at)
    assert at == len(capture)
    return places


def test_truncated_at_every_byte(tmp_path):
    """A capture that ends between two packets is whole; else the offset of the broken one is said."""
    group = GROUP[:3]
    capture = pcap(group)
    borders = ends(capture, group, 24)
    path = tmp_path / "a.pcap"
    for n in range(24, len(capture) + 1):
        whole = sum(border <= n for border in borders) - 1
        path.write_bytes(capture[:n])
        for args in (["-r", path], ["-r", "-"]):
            options = {"input": capture[:n]} if args[1] == "-" else {}
            run = Run(*args, status=0 if n in borders else 2, **options)
            assert_same(run.out, lines(group[:whole]))
            assert run.summary["received"] == whole
            if n not in borders:
                run.says("cut short", f"at offset {borders[whole]}, after {whole} packets")


@pytest.mark.parametrize("order", ["<", ">"])
def test_truncated_pcapng_at_every_byte(tmp_path, order):
    group, interface = GROUP[:2], Interface("ethernet")
    blocks = [section_header(order), interface.description(order)] + [enhanced(order, p, 0, interface) for p in group]
    borders = [sum(map(len, blocks[:i + 1])) for i in range(len(blocks))]
    capture = b"".join(blocks)
    path = tmp_path / "a.pcapng"
    for n in range(28, len(capture) + 1):
        path.write_bytes(capture[:n])
        run = Run("-r", path, status=0 if n in borders else 2)
        whole = sum(border <= n for border in borders[2:])
        assert_same(run.out, lines(group[:whole]))
        if n not in borders:
            run.says(f"at offset {max(b for b in borders if b <= n)}, after {whole} packets")


def broken_captures():
    """Good packets, then something that cannot be: the capture, and what is said."""
    good, interface = pcap(GROUP), Interface("ethernet")
    blocks = section_header("<") + interface.description("<") + b"".join(enhanced("<", p, 0, interface) for p in GROUP)
    packet = enhanced("<", GROUP[0], 0, interface)
    yield "length of a packet", good + struct.pack("<IIII", 0, 0, 262145, 262145) + bytes(99), "262145 bytes", len(good)
    yield "all ones", good + b"\xff" * 400000, "4294967295 bytes", len(good)
    for name, bad, says in (
            ("unknown interface", enhanced("<", GROUP[0], 1, interface), "interface 1"),
            ("two lengths", packet[:-4] + struct.pack("<I", 16), "two lengths differ"),
            ("odd length", struct.pack("<II", 6, 33) + bytes(40), "33 bytes"),
            ("short block", struct.pack("<II", 6, 8) + bytes(40), "8 bytes"),
            ("packet beyond its block", block("<", 6, struct.pack("<IIIII", 0, 0, 0, 100, 100) + bytes(40)), "100 bytes"),
            ("packet without a header", block("<", 6, bytes(12)), "too short"),
            ("byte order", struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x12345678, 1, 0, -1, 28), "byte-order magic"),
            ("version", struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 2, 0, -1, 28), "version 2.0")):
        yield name, blocks + bad, says, len(blocks)


@pytest.mark.parametrize("name, contents, says, offset", [pytest.param(*b, id=b[0]) for b in broken_captures()])
def test_broken(tmp_path, name, contents, says, offset):
    path = tmp_path / "a"
    path.write_bytes(contents)
    for args in (["-r", path], ["-r", "-"], ["-r", path, "--batch", "1"]):
        run = Run(*args, status=2, **({"input": contents} if args[1] == "-" else {}))
        assert_same(run.out, GOOD)
        run.says(says, f"at offset {offset}, after {len(GROUP)} packets")


def test_unknown_link_type(tmp_path, capture):
    """By number and name, how many, and it is no error: another capture may be fine."""
    path = tmp_path / "usb"
    contents = bytearray(capture.read_bytes())
    struct.pack_into("<I", contents, 20, 220)
    path.write_bytes(contents)
    run = Run("-r", path).says("link type 220 (USB_LINUX_MMAPPED): 10")
    assert run.out == b"" and run.summary["undecodable"] == run.summary["link_unknown"] == len(GROUP)


def test_summary(capture):
    """Its lines are always these, in this order."""
    run = Run("-r", capture)
    assert [line.split(":")[0] for line in run.messages.splitlines()] == SUMMARY
    run.says(f"received: {len(GROUP)}\nrecords: {len(GROUP)}\nfiltered: 0\n")


def test_quiet(tmp_path, capture):
    """Errors remain."""
    assert Run("-q", "-r", capture).messages == ""
    assert_same(Run("--quiet", "-r", capture).out, GOOD)
    out = tmp_path / "out"
    out.write_text("half")
    assert Run("-q", "-r", capture, "-o", out).messages == ""
    assert out.read_bytes() == b"half\n" + GOOD
    run = Run("-q", "-r", tmp_path / "missing", "-r", capture, status=2)
    assert run.messages.count("\n") == 1 and "missing: cannot open" in run.messages


def test_help():
    """Every option that the program takes is in it, and it fits a terminal's eye."""
    for word in ("-h", "--help"):
        run = Run(word)
        assert run.messages == ""
        for option in ("-i, --interface", "-r, --read", "-c, --count", "-o, --output", "-q, --quiet", "--ts-digits", "--duration",
                       "-D, --list-interfaces", "--list-sources", "--list-sinks", "--list-fields", "-V, --version"):
            assert option in run.out.decode()
        assert "Exit status: 0" in run.out.decode()
        assert max(map(len, run.out.decode().splitlines())) < 132


def test_version():
    for word in ("-V", "--version"):
        name, version = Run(word).out.decode().split()
        assert name == "tapline" and [part.isdigit() for part in version.split(".")] == [True] * 3


def first_words(run):
    assert run.messages == ""
    return [line.split()[0] for line in run.out.decode().splitlines()]


def test_lists():
    assert {"lo", "any"} <= set(first_words(Run("-D")))
    assert Run("-D").out == Run("--list-interfaces").out
    assert {"afpacket:INTERFACE", "pcap:FILE", "synth:KIND"} <= set(first_words(Run("--list-sources")))
    assert {"file:PATH", "null:", "stdout:", "zstd:PATH"} <= set(first_words(Run("--list-sinks")))


def test_list_of_fields():
    """The keys of the record, in the order in which they stand in it, with the types that they have there."""
    types = {"string": str, "integer": int, "boolean": bool}
    listed = {line.split()[0]: types[line.split()[1]] for line in Run("--list-fields").out.decode().splitlines()}
    assert list(listed) == ["ts", "src_ip", "dst_ip", "proto", "pkt_len", "proto_name", "sport", "dport", "flags", "syn", "rst",
                            "icmp_type"]
    for packet in GROUP:
        assert all(type(value) is listed[key] for key, value in packet.record().items())

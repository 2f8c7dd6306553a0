# SPDX-License-Identifier: Apache-2.0
"""tapline convert gives what a run with the target profile would have given, as far as the lines know it."""

import json

import pytest
from harness import Run, assert_same, grouped, microseconds, written
from test_profiles import EXTRA, PROFILES, lossy

from captures import packets, pcap
from catalogue import everything


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The lines of every profile, of all packets, with all that can be known."""
    folder = tmp_path_factory.mktemp("convert")
    groups = grouped(packets(everything()))
    paths = [written(folder, microseconds(group), f"{link}.pcap") for link, group in groups.items()]
    (folder / "extra").write_bytes(pcap([], link="ethernet") + b"".join(
        (1700000000 + i).to_bytes(4, "little") + bytes(4) + len(f).to_bytes(4, "little") * 2 + f for i, f in enumerate(EXTRA)))
    paths += [folder / "extra", lossy(folder)[0]]
    args = [arg for path in paths for arg in ("-r", path)]
    return {profile: Run(*args, "--profile", profile, "--inner", "--non-ip", "--set", "sensor=x").out for profile in PROFILES}


def convert(data, *args, **options):
    return Run("convert", *args, input=data, **options)


@pytest.mark.parametrize("profile", PROFILES)
def test_from_full(runs, profile):
    """From the profile that knows all: exactly the other's lines."""
    assert_same(convert(runs["full"], "--to", profile).out, runs[profile])
    assert_same(convert(runs["full"], "--from", "full", "--to", profile).out, runs[profile])


@pytest.mark.parametrize("profile", PROFILES)
def test_to_itself(runs, profile):
    assert_same(convert(runs[profile], "--to", profile, "--from", profile).out, runs[profile])


@pytest.mark.parametrize("profile", PROFILES)
def test_to_full(runs, profile):
    """Nothing is lost that the line knew, and nothing is made up but what follows from it."""
    got = convert(runs[profile], "--to", "full", "--from", profile).out.splitlines()
    whole = runs["full"].splitlines()
    names = {ours for _, _, ours in (line.split("\t")[:3] for line in Run(
        "schema", "--profile", profile, "--format", "list").out.decode().splitlines())}
    assert len(got) == len(whole)
    for a, b in zip(map(json.loads, got), map(json.loads, whole)):
        if "event" in a:
            continue
        if "time_ms" in names and "ts" in a:
            assert a.pop("ts")[:-1] == b["ts"][:23]
        assert set(a.items()) <= set(b.items()), (a, b)
        assert all(key in a for key in names if key in b), (a, b)


def test_times(runs):
    """As many digits as there were, or as many as are asked for."""
    line = b'{"ts":"2026-01-02T03:04:05%s","src_ip":"192.0.2.1"}\n'
    for given, same in ((b"Z", b"Z"), (b".5Z", b".500Z"), (b".123Z", b".123Z"), (b".1234Z", b".123400Z"), (b".123456789Z", b".123456789Z")):
        assert convert(line % given, "--to", "sniffer").out == line % same
        assert convert(line % given, "--to", "sniffer", "--ts-digits", 0).out == line % b"Z"
    for text in (b'1767323045', b'"1767323045"', b'1767323045000', b'"1767323045000000000"'):
        out = json.loads(convert(b'{"ts":%s,"proto":6}' % text, "--to", "sniffer").out)
        assert out["ts"].startswith("2026-01-02T03:04:05")
    assert convert(b'{"ts":1767323045.123456}', "--to", "sniffer").out == b'{"ts":"2026-01-02T03:04:05.123456Z"}\n'
    out = convert(line % b".123456789Z", "--to", "full", "--ts-format", "epoch-ns").out
    assert json.loads(out)["ts"] == "1767323045123456789"


def test_what_no_profile_knows_goes_along():
    out = convert(b'{"src_ip":"::1","site":"n\\"orth","n":1.5,"r":0.1,"list":[1,{"a":null}],"\\u0001":true}', "--to", "ecs").out
    record = json.loads(out)
    assert record["source.ip"] == "::1" and record["site"] == 'n"orth' and record["n"] == 1.5 and b'"r":0.1,' in out
    assert record["list"] == [1, {"a": None}] and record["\x01"] is True
    long = b'{"' + b"k" * 5000 + b'":1}\n'
    assert convert(long, "--to", "sniffer").out == long
    assert convert(b'{"only":"this"}', "--to", "sniffer").out == b'{"only":"this"}\n'


def test_names_leave_no_doubt():
    """siem has no number, but tcp is 6; what else could it be?"""
    for name, proto in (("tcp", 6), ("udp", 17)):
        out = json.loads(convert(b'{"src_ip":"192.0.2.1","protocol":"%s","src_port":1,"dst_port":2}' % name.encode(), "--to", "sniffer").out)
        assert out == {"src_ip": "192.0.2.1", "proto": proto, "proto_name": name, "sport": 1, "dport": 2}
    assert "proto" not in json.loads(convert(b'{"src_ip":"192.0.2.1","protocol":"icmp"}', "--to", "sniffer").out)


@pytest.mark.parametrize("line", [
    b"no json", b"[1]", b'"text"', b'{"src_ip":"1.2.3"}', b'{"src_ip":1}', b'{"proto":256}', b'{"proto":-1}', b'{"proto":"x"}',
    b'{"dport":65536,"sport":1}', b'{"flags":"X","syn":true}', b'{"ts":"yesterday"}', b'{"ts":null}', b'{"ts":"2026-13-02T03:04:05Z"}',
    b'{"ts":99999999999999999999}', b'{"a":1,"a":2}', b'{"src_ip":"\xff"}', b'{"syn":1}', b"{" * 10000, b"",
])
def test_wrong_lines(line):
    """They are named by number and left out; the others are converted."""
    good = b'{"src_ip":"192.0.2.1","proto":6}\n'
    run = convert(good + line + b"\n" + good, "--to", "sniffer", status=2).says("line 2: ")
    assert run.out == good * 2
    assert run.messages.count("\n") == 1


def test_wrong_options():
    Run("convert", "--to", "nonsense", status=1).says("--to: there is no profile `nonsense`")
    Run("convert", "--to", "ecs", "--from", "nonsense", status=1).says("--from")
    Run("convert", "--to", "ecs", "-r", "x", status=1)


def test_no_key_twice():
    """What no profile of the line knows, but the target does, means another thing there and stays behind."""
    line = b'{"src_ip":"::1","proto":6,"class_uid":7,"src_endpoint.ip":"x","sensor":"mine","site":"north"}'
    out = convert(line, "--to", "ocsf", "--from", "sniffer", "--set", "sensor=ours").out
    pairs = json.loads(out, object_pairs_hook=list)
    assert len(pairs) == len(dict(pairs)) and dict(pairs)["class_uid"] == 4001 and dict(pairs)["sensor"] == "ours"
    assert dict(pairs)["site"] == "north"

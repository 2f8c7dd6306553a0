# SPDX-License-Identifier: Apache-2.0
"""Every profile gives the records that its schema promises, and all profiles say the same of the same packet."""

import ipaddress
import json
import struct

import jsonschema
import pytest
from harness import Run, grouped, lines, microseconds, written

from captures import Interface, enhanced, packets, section_header
from catalogue import everything

ETHERNET = grouped(packets(everything()))["ethernet"]
PROFILES = ["sniffer", "siem", "wazuh", "ecs", "ocsf", "eve", "full"]
# What WAZUH.md's measurements forbid where Wazuh reads: also a unit of the build, asserted in src/encode/fields.c.
REJECTED = set("""audit aws cis docker gcp github hardware netinfo os oscap osquery office365 parameters port process program sca
virustotal vulnerability dns http tls tcp flow alert stats ssh icmp""".split())


MACS = bytes.fromhex("020000000002 020000000001")
QUOTED = bytes.fromhex("45000024 00000000 40110000 c0000202 c0000201 1388 0035 0010 0000")
# What the catalogue lacks, since no other profile shows it: ARP in two tags, an ICMP error with its quoted packet.
EXTRA = [
    MACS + bytes.fromhex("88a80064 810000c8 0806 0001 0800 06 04 0001 020000000001 c0000201 000000000000 c0000202"),
    MACS + bytes.fromhex("0800 45000038 00000000 40010000 c0000201 c0000202 0303 0000 00000000") + QUOTED,
]


def records(run):
    return [json.loads(line) for line in run.out.splitlines()]


def keys(profile, *options):
    """(key, type, our name) of the profile, as the program lists them."""
    listed = Run("schema", "--profile", profile, "--format", "list", *options).out.decode()
    return [tuple(line.split("\t")[:3]) for line in listed.splitlines()]


@pytest.fixture(scope="module")
def captures(tmp_path_factory):
    """Every link type: packets of the catalogue, each with a count for what it is cut to."""
    folder = tmp_path_factory.mktemp("captures")
    groups = grouped(packets(everything()))
    extra = folder / "extra.pcap"
    extra.write_bytes(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1) + b"".join(
        struct.pack("<IIII", 1700000000, i, len(frame), len(frame)) + frame for i, frame in enumerate(EXTRA)))
    return [written(folder, microseconds(group), f"{link}.pcap") for link, group in groups.items()] + [extra]


@pytest.mark.parametrize("profile", PROFILES)
def test_schema(captures, profile):
    options = ("--profile", profile, "--non-ip", "--inner", "--set", "sensor=dmz \"1\"", "--set", "site=north")
    schema = json.loads(Run("schema", *options).out)
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    validator.check_schema(schema)
    order = [key for key, _, _ in keys(profile)] + ["sensor", "site"]
    packet, gap = schema["anyOf"]
    assert list(packet["properties"]) == order and list(gap["properties"])[-2:] == ["sensor", "site"]
    seen = set()
    for capture in captures:
        for record in records(Run("-r", capture, *options)):
            validator.validate(record)
            assert list(record) == [key for key in order if key in record]
            assert record["sensor"] == 'dmz "1"' and all(not isinstance(v, (dict, list)) and v is not None for v in record.values())
            seen.update(record)
    missing = set(order) - seen - {"iface", "in_iface", "observer.ingress.interface.name", "src_endpoint.interface_name"}
    assert not missing, missing


def test_schema_refuses(captures):
    """The schema is no empty promise."""
    schema = json.loads(Run("schema", "--profile", "full").out)
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    good = records(Run("-r", captures[0], "--profile", "full"))[0]
    validator.validate(good)
    for key, value in (("dport", "22"), ("ttl", 256), ("src_ip", "1.2.3"), ("flags", "AS"), ("proto_name", "gre"), ("nonsense", 1),
                       ("tcp_seq", 1), ("src_mac", "02:00"), ("pkt_len", 2**31)):
        assert list(validator.iter_errors(dict(good, **{key: value}))), (key, value)


@pytest.mark.parametrize("profile", PROFILES[1:])
def test_profiles_agree(captures, profile):
    """A field that two profiles have holds the same, whatever it is called there."""
    names = {ours: key for key, _, ours in keys(profile)}
    for capture in captures:
        full = records(Run("-r", capture, "--profile", "full"))
        theirs = records(Run("-r", capture, "--profile", profile))
        assert len(full) == len(theirs)
        for ours, other in zip(full, theirs):
            for field in set(names) & set(ours):
                assert other[names[field]] == ours[field]
            for field in ("src_mac", "dst_mac"):
                if field + "_ecs" in names and field in ours:
                    assert other[names[field + "_ecs"]] == ours[field].upper().replace(":", "-")
            if "time_ms" in names and "ts" in ours:
                assert str(other[names["time_ms"]])[-3:] == ours["ts"][20:23]


@pytest.mark.parametrize("profile", ["sniffer", "siem", "wazuh"])
@pytest.mark.parametrize("times", ["iso", "epoch", "epoch-ms", "epoch-ns"])
def test_what_wazuh_reads(captures, profile, times):
    """None of the names that it rejects, and nothing that it spoils: no number above 2^31-1, no fraction, no null, no list."""
    for capture in captures:
        for line in Run("-r", capture, "--profile", profile, "--ts-format", times).out.splitlines():
            record = json.loads(line)
            assert not REJECTED & set(record) and line.startswith(b'{"') and len(line) < 1000
            for value in record.values():
                assert isinstance(value, (str, bool)) or (isinstance(value, int) and value < 2**31)


def test_sniffer_is_the_default(captures):
    assert Run("-r", captures[0]).out == Run("-r", captures[0], "--profile", "sniffer").out


def test_siem_has_nothing_else():
    assert [key for key, _, _ in keys("siem")] == ["ts", "src_ip", "dst_ip", "protocol", "src_port", "dst_port", "flags", "payload_len"]


def test_chosen_fields(captures):
    options = ("--fields", "dport,src_ip=from,ts=when,community_id,frame", "--ts-format", "epoch-ms", "--profile", "full")
    schema = json.loads(Run("schema", *options).out)
    assert list(schema["anyOf"][0]["properties"]) == ["dport", "from", "when", "community_id", "frame"]
    full = records(Run("-r", captures[0], "--profile", "full", "--ts-format", "epoch-ms"))
    chosen = records(Run("-r", captures[0], *options))
    for ours, other in zip(full, chosen, strict=True):
        jsonschema.validate(other, schema)
        assert list(other) == [k for k in ("dport", "from", "when", "community_id", "frame") if k in other]
        assert other == {new: ours[old] for new, old in (("dport", "dport"), ("from", "src_ip"), ("when", "ts"),
                                                         ("community_id", "community_id"), ("frame", "frame")) if old in ours}


def test_what_lets_the_record_lead_back(captures):
    """Number and name of a packet's capture, in each of several captures."""
    both = records(Run("-r", captures[0], "-r", captures[1], "--profile", "full", "--non-ip"))
    for capture in captures[:2]:
        frames = [r["frame"] for r in both if r["capture"] == str(capture)]
        assert frames == sorted(frames) and frames[0] == 1


def test_names_hold_any_byte(tmp_path, captures):
    """A path is bytes: whatever they are, the line is valid."""
    for name in (b"a\xff\xfe.pcap", b'q"uote\\.pcap', "übung\n.pcap".encode(), b"\xed\xa0\x80.pcap"):
        path = bytes(tmp_path) + b"/" + name
        with open(path, "wb") as file:
            file.write(captures[0].read_bytes())
        out = Run("-r", path.decode(errors="surrogateescape"), "-c", "1", "--profile", "full").out
        shown = json.loads(out.decode())["capture"]
        assert shown.encode().startswith(bytes(tmp_path)) and "\n" not in out.decode()[:-1]


def test_addresses_are_text_of_their_family(captures):
    for capture in captures:
        for record in records(Run("-r", capture, "--profile", "full")):
            assert ipaddress.ip_address(record["src_ip"]).version == record["ip_version"]


@pytest.mark.parametrize("options, said", [
    (("--profile", "nonsense"), "there is no profile `nonsense`; there are sniffer, siem, wazuh, ecs, ocsf, eve, full"),
    (("--fields", "ts,nonsense"), "no field `nonsense`"),
    (("--fields", "ts,ts"), "is there twice"),
    (("--set", "nonsense"), "`nonsense` is not KEY=VALUE"),
    (("--set", "proto=6"), "a record has `proto` already"),
    (("--set", "a=1", "--set", "a=2"), "a record has `a` already"),
    (("--set", "event=gap"), "a record has `event` already"),
    (("--set", "count=7"), "a record has `count` already"),
    (("-o", "null:", "-o", "null:"), "option -o, --output: is given twice"),
    (("--ts-format", "nonsense"), "`nonsense` is not iso, epoch, epoch-ms or epoch-ns"),
    (("--to", "ecs"), "belongs to `tapline convert`"),
])
def test_wrong_options(captures, options, said):
    Run("-r", captures[0], *options, status=1).says(said)


def test_long_constants(captures):
    """As many as a record can bear, and no more."""
    many = [arg for i in range(28) for arg in ("--set", f"k{i}=" + "x" * 1000)]
    assert len(Run("-r", captures[0], *many).out.splitlines()[0]) > 28000
    Run("-r", captures[0], *many, *[arg for i in range(9) for arg in ("--set", f"l{i}=" + "x" * 1000)], status=1).says("at most 32768")
    control = [arg for i in range(5) for arg in ("--set", f"k{i}=" + "\x01" * 1000)]
    assert json.loads(Run("-r", captures[0], *control).out.splitlines()[0])["k4"] == "\x01" * 1000
    Run("-r", captures[0], "--set", "k=" + "x" * 1025, status=1).says("1025 bytes, at most 1024")


@pytest.mark.parametrize("words, said", [
    (("schema", "--format", "xml"), "`xml` is not json-schema, opensearch-template, markdown or list"),
    (("schema", "tcp"), "take options only"),
    (("schema", "-r", "a"), "read no packets"),
    (("convert",), "convert to which profile?"),
])
def test_wrong_commands(words, said):
    Run(*words, status=1).says(said)


def test_template():
    """An index that has a type for each key."""
    for profile in PROFILES:
        template = json.loads(Run("schema", "--profile", profile, "--format", "opensearch-template").out)
        there = list(template["template"]["mappings"]["properties"])
        schema = json.loads(Run("schema", "--profile", profile).out)
        assert there[:len(keys(profile))] == [key for key, _, _ in keys(profile)]
        assert set(there) == {key for kind in schema["anyOf"] for key in kind["properties"]}


def lossy(tmp_path):
    """A pcapng whose writer lost packets: 3 before one of them, 300 in all."""
    order, packet = "<", microseconds(ETHERNET)[0]
    body = [section_header(order), Interface("ethernet").description(order)]
    body += [enhanced(order, packet, 0, Interface("ethernet")) for _ in range(3)]
    option = struct.pack("<HHQ", 5, 8, 300)
    body.append(struct.pack("<IIIII", 5, 24 + len(option), 0, 0, 0) + option + struct.pack("<I", 24 + len(option)))
    path = tmp_path / "lossy.pcapng"
    path.write_bytes(b"".join(body))
    return path, packet


@pytest.mark.parametrize("profile", PROFILES)
def test_gap(tmp_path, profile):
    """What the capturing program lost stands behind its packets, and the schema knows it."""
    path, _ = lossy(tmp_path)
    run = Run("-r", path, "--profile", profile, "--set", "sensor=a")
    schema = json.loads(Run("schema", "--profile", profile, "--set", "sensor=a").out)
    *_, gap = records(run)
    jsonschema.Draft202012Validator(schema["anyOf"][1], format_checker=jsonschema.FormatChecker()).validate(gap)
    assert run.summary["records"] == 3 and run.summary["kernel_drops"] == 300 and run.summary["gaps"] == 1
    counts = [value for key, value in gap.items() if key.endswith("count")]
    assert counts == ["300" if profile in ("sniffer", "siem", "wazuh") else 300] and gap["sensor"] == "a"


def test_kinds_of_records(tmp_path):
    path, packet = lossy(tmp_path)
    packets_only = Run("-r", path, "--records", "packet")
    assert packets_only.out.decode() == lines([packet]).decode() * 3 and "gaps" not in packets_only.summary
    gap_only = Run("-r", path, "--records", "gap")
    (gap,) = records(gap_only)
    assert gap == {"ts": gap["ts"], "event": "gap", "cause": "capture-file", "where": str(path), "count": "300",
                   "first_ts": gap["ts"], "last_ts": gap["ts"], "why": "the program that captured says that it lost them"}
    assert gap_only.summary["not_selected"] == 3 and gap_only.summary["records"] == 0
    assert Run("-r", path, "--records", "gap,packet").out == Run("-r", path).out
    for wrong in ("gap,nonsense", "gap,", ""):
        Run("-r", path, "--records", wrong, status=1)

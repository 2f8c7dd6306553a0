# SPDX-License-Identifier: Apache-2.0
"""The names of a standard's profile are that standard's, or stand in a place that it leaves to others."""

import pytest
from harness import Run

# Elastic Common Schema 8.11, field reference: the fields that we use, with the type of their values there.
ECS = {
    "@timestamp": "date", "ecs.version": "keyword", "message": "match_only_text", "event.kind": "keyword", "event.dataset": "keyword",
    "event.start": "date", "event.end": "date", "source.ip": "ip", "source.port": "long", "source.mac": "keyword",
    "destination.ip": "ip", "destination.port": "long", "destination.mac": "keyword", "network.bytes": "long",
    "network.community_id": "keyword", "network.iana_number": "keyword", "network.transport": "keyword", "network.type": "keyword",
    "network.vlan.id": "keyword", "network.inner.vlan.id": "keyword", "observer.ingress.interface.name": "keyword",
}
# OCSF 1.4: classes Network Activity (4001) and Base Event (0), objects metadata, network_connection_info, network_endpoint,
# network_traffic.
OCSF = {
    "time": "timestamp_t", "start_time": "timestamp_t", "end_time": "timestamp_t", "category_uid": "integer_t", "class_uid": "integer_t",
    "activity_id": "integer_t", "type_uid": "long_t", "severity_id": "integer_t", "message": "string_t", "count": "integer_t",
    "status_detail": "string_t", "metadata.version": "string_t", "metadata.product.name": "string_t",
    "metadata.product.vendor_name": "string_t", "connection_info.direction_id": "integer_t", "connection_info.protocol_num": "integer_t",
    "connection_info.protocol_name": "string_t", "connection_info.protocol_ver_id": "integer_t", "connection_info.tcp_flags": "integer_t",
    "connection_info.community_uid": "string_t", "traffic.bytes": "long_t", "src_endpoint.ip": "ip_t", "src_endpoint.port": "port_t",
    "src_endpoint.mac": "mac_t", "src_endpoint.interface_name": "string_t", "src_endpoint.vlan_uid": "string_t", "dst_endpoint.ip": "ip_t",
    "dst_endpoint.port": "port_t", "dst_endpoint.mac": "mac_t",
}
JSON = {"date": "string", "keyword": "string", "match_only_text": "string", "ip": "string", "long": "integer", "timestamp_t": "integer",
        "integer_t": "integer", "long_t": "integer", "string_t": "string", "ip_t": "string", "port_t": "integer", "mac_t": "string"}


def rows(profile):
    """Every key of packets and gaps with its type."""
    text = Run("schema", "--profile", profile, "--format", "markdown").out.decode()
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 3 and cells[1].startswith("`"):
            yield cells[1].strip("`"), cells[2]


@pytest.mark.parametrize("profile, standard, free", [("ecs", ECS, "tapline."), ("ocsf", OCSF, "unmapped.")])
def test_names(profile, standard, free):
    found = dict(rows(profile))
    assert set(standard) == {key for key in found if not key.startswith(free)}
    for key, kind in standard.items():
        assert found[key] == JSON[kind], key


def test_ocsf_has_what_is_required():
    """Of every event, and of Network Activity."""
    required = {"activity_id", "category_uid", "class_uid", "severity_id", "time", "type_uid", "metadata.version",
                "metadata.product.vendor_name", "src_endpoint.ip", "dst_endpoint.ip"}
    assert required <= {key for key, _ in rows("ocsf")}

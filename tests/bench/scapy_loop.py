#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A sniffer as people write it with Scapy: one flat JSON object per IPv4 packet of a capture, to standard output."""
import json
import sys
import time

from scapy.all import ICMP, IP, TCP, UDP, sniff


def line(packet):
    if IP not in packet:
        return
    ip = packet[IP]
    record = {"ts": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(float(packet.time))), "src_ip": ip.src, "dst_ip": ip.dst,
              "proto": ip.proto, "pkt_len": len(packet), "proto_name": "other"}
    if TCP in packet:
        tcp = packet[TCP]
        record.update(proto_name="tcp", sport=tcp.sport, dport=tcp.dport, flags=str(tcp.flags), syn=bool(tcp.flags & 2),
                      rst=bool(tcp.flags & 4))
    elif UDP in packet:
        record.update(proto_name="udp", sport=packet[UDP].sport, dport=packet[UDP].dport)
    elif ICMP in packet:
        record.update(proto_name="icmp", icmp_type=packet[ICMP].type)
    sys.stdout.write(json.dumps(record, separators=(",", ":")) + "\n")


sniff(offline=sys.argv[1], prn=line, store=False)

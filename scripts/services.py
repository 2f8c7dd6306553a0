#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Small servers for demonstrations: a web server on ports 80 and 8080, a name server on port 53 (UDP, IPv4 and IPv6).

usage: services.py      runs until it is ended; prints "ready" when all ports are open
"""
import http.server
import socket
import socketserver
import struct
import threading

PAGE = b"<html><body><h1>tapline</h1>" + b"<p>packets in, lines out</p>" * 2000 + b"</body></html>\n"


class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *args):
        pass


class WebServer(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


class NameServer(socketserver.ThreadingUDPServer):
    address_family = socket.AF_INET6

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


class Answer(socketserver.BaseRequestHandler):
    """Every A question has the same answer; any other has none (RFC 1035 4)."""

    def handle(self):
        query, reply = self.request
        end = query.find(b"\0", 12) + 5
        if not 17 <= end <= len(query):
            return  # a probe, not a question
        is_a = query[end - 4:end - 2] == b"\0\1"
        header = query[:2] + struct.pack("!HHHHH", 0x8580, 1, int(is_a), 0, 0)
        answer = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + socket.inet_aton("198.51.100.20") if is_a else b""
        reply.sendto(header + query[12:end] + answer, self.client_address)


servers = [WebServer(("::", 80), Page), WebServer(("::", 8080), Page), NameServer(("::", 53), Answer)]
for server in servers:
    threading.Thread(target=server.serve_forever, daemon=True).start()
print("ready", flush=True)
threading.Event().wait()

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# record.sh: how demo.pcapng was recorded: real programs between namespaces, seen by the router in between. Needs root.
set -eu
cd "$(dirname "$0")/.."
scripts/install-deps demo record
. scripts/netns.sh
started=
finish() {
	# shellcheck disable=SC2086 # a list of process ids
	[ -z "$started" ] || kill $started 2>/dev/null || true
	netns_down
}
trap finish EXIT
netns_up

# `ip netns exec` becomes the program, so that its process id is the one to end
ip netns exec "$ns_server" /usr/bin/python3 scripts/services.py >"${TMPDIR:-/tmp}/services.$$" &
started="$!"
until grep -q ready "${TMPDIR:-/tmp}/services.$$"; do sleep 0.1; done
rm -f "${TMPDIR:-/tmp}/services.$$"

ip netns exec "$ns_router" tcpdump -Z root -q -U -i left -w demo/demo.pcap --time-stamp-precision=nano 2>/dev/null &
recorder=$!
started="$started $recorder"
sleep 1
in_scanner ping -q -c 3 -i 0.2 198.51.100.20
in_scanner ping -6 -q -c 3 -i 0.2 2001:db8:2::20
in_scanner dig +tries=1 +time=1 @198.51.100.20 www.example.com
in_scanner dig +tries=1 +time=1 @2001:db8:2::20 www.example.org AAAA
in_scanner curl -sS -o /dev/null http://198.51.100.20/
in_scanner curl -sS -o /dev/null "http://[2001:db8:2::20]:8080/"
in_scanner nmap -n -Pn -sS -p 1-200,3306,3389,8080 198.51.100.20
in_scanner nmap -n -Pn -sU -p 53,123,161 --max-retries 1 198.51.100.20
sleep 1
kill -INT "$recorder"
wait "$recorder" || true

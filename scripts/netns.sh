# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# netns.sh, to be sourced: a network of namespaces that belongs to this process and goes with it.
#
#   scanner (192.0.2.10, 2001:db8:1::10) --- router --- server (198.51.100.20, 2001:db8:2::20)
#
# netns_up makes it, netns_down removes it; in_scanner, in_router and in_server run a command there. Names carry the process id.

ns_scanner=tapline-scanner-$$
ns_router=tapline-router-$$
ns_server=tapline-server-$$

in_scanner() { ip netns exec "$ns_scanner" "$@"; }
in_router() { ip netns exec "$ns_router" "$@"; }
in_server() { ip netns exec "$ns_server" "$@"; }

netns_down() {
	for ns in "$ns_scanner" "$ns_router" "$ns_server"; do
		ip netns del "$ns" 2>/dev/null || true
	done
}

# Namespace, kernel setting, value.
netns_set() { ip netns exec "$1" sh -c "echo $3 >/proc/sys/$2"; }

# One wire: namespace, its addresses, the router's port and addresses.
netns_wire() {
	ip link add "$3" netns "$ns_router" type veth peer name eth0 netns "$1"
	ip -n "$1" addr add "$2.${5}" dev eth0
	ip -n "$1" -6 addr add "$4::${5%/*}/64" dev eth0 nodad
	ip -n "$ns_router" addr add "$2.1/24" dev "$3"
	ip -n "$ns_router" -6 addr add "$4::1/64" dev "$3" nodad
	ip -n "$1" link set eth0 up
	ip -n "$ns_router" link set "$3" up
	ip -n "$1" route add default via "$2.1"
	ip -n "$1" -6 route add default via "$4::1"
}

netns_up() {
	for ns in "$ns_scanner" "$ns_router" "$ns_server"; do
		ip netns add "$ns"
		ip -n "$ns" link set lo up
		# what the kernel says of itself (neighbour and router discovery) is part of the picture, but not at random
		netns_set "$ns" net/ipv6/conf/default/accept_dad 0
		netns_set "$ns" net/ipv6/conf/default/router_solicitations 0
	done
	netns_set "$ns_router" net/ipv4/ip_forward 1
	netns_set "$ns_router" net/ipv6/conf/all/forwarding 1
	netns_wire "$ns_scanner" 192.0.2 left 2001:db8:1 10/24
	netns_wire "$ns_server" 198.51.100 right 2001:db8:2 20/24
}

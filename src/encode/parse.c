/* SPDX-License-Identifier: Apache-2.0 */
/* Values of our own lines, back to records: the inverse of fields.def's column of values. */
#include "encode/parse.h"

#include "encode/put.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <time.h>

enum {
	SECOND_NS = 1000000000,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
};

/* A number, or one that is written as a string; at most max. */
static bool get_number(const json_t *v, uint64_t max, uint64_t *out)
{
	const char *text = json_string_value(v);
	char *end;

	if (json_is_integer(v)) {
		*out = (uint64_t)json_integer_value(v);
		return json_integer_value(v) >= 0 && *out <= max;
	}
	if (!text || *text < '0' || *text > '9')
		return false;
	*out = strtoull(text, &end, 10);
	return !*end && *out <= max;
}

#define GET(v, field, max)                                                                                                     \
	({                                                                                                                     \
		uint64_t number_ = 0;                                                                                          \
		bool ok_ = get_number(v, max, &number_);                                                                       \
                                                                                                                               \
		if (ok_)                                                                                                       \
			(field) = (typeof(field))number_;                                                                      \
		ok_;                                                                                                           \
	})

static bool get_ip(const json_t *v, uint8_t *out, bool *v6)
{
	const char *text = json_string_value(v);

	*v6 = text && inet_pton(AF_INET6, text, out) == 1;
	return *v6 || (text && inet_pton(AF_INET, text, out) == 1);
}

static bool get_mac(const json_t *v, uint8_t out[6])
{
	const char *text = json_string_value(v);

	if (!text || strlen(text) != 17)
		return false;
	for (int i = 0; i < 6; i++) {
		char *end;

		out[i] = (uint8_t)strtoul(text + 3 * i, &end, 16);
		if (end != text + 3 * i + 2)
			return false;
	}
	return true;
}

/* Digits behind a point as nanoseconds; notes how fine the time is. */
static int64_t fraction(struct parsed *p, const char **text)
{
	int64_t ns = 0, unit = SECOND_NS / 10;
	unsigned digits = 0;

	if (**text != '.')
		return 0;
	for ((*text)++; **text >= '0' && **text <= '9'; (*text)++, unit /= 10, digits++)
		ns += (**text - '0') * unit;
	digits = digits > 6 ? 9 : digits > 3 ? 6 : digits ? 3 : 0;
	if (digits > p->digits)
		p->digits = digits;
	return ns;
}

/* Seconds, milliseconds or nanoseconds since 1970, told by their size: 10^11 seconds are in the year 5138. */
static bool time_of_number(struct parsed *p, const char *text, int64_t *out)
{
	bool negative = *text == '-';
	char *end;
	int64_t n = strtoll(text + negative, &end, 10), unit = n < 100000000000 ? SECOND_NS : n < 100000000000000 ? 1000000 : 1;
	const char *rest = end;

	if (unit != SECOND_NS && p->digits < 9)
		p->digits = unit == 1 ? 9 : p->digits < 3 ? 3 : p->digits;
	if (__builtin_mul_overflow(n, unit, out))
		return false;
	*out += fraction(p, &rest);
	*out = negative ? -*out : *out;
	return rest != text && !*rest;
}

static bool get_time(struct parsed *p, const json_t *v, int64_t *out)
{
	const char *text = json_string_value(v);
	struct tm tm = {0};
	char number[64];
	const char *rest;

	if (json_is_integer(v))
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(v));
	else if (json_is_real(v)) /* a double holds microseconds of our century, and no more */
		snprintf(number, sizeof(number), "%.6f", json_real_value(v));
	if (!text)
		return json_is_number(v) && time_of_number(p, number, out);
	if (!strchr(text, 'T'))
		return time_of_number(p, text, out);
	rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!rest || __builtin_mul_overflow((int64_t)timegm(&tm), SECOND_NS, out))
		return false;
	*out += fraction(p, &rest);
	return !strcmp(rest, "Z");
}

static bool get_name(const json_t *v, uint8_t *out)
{
	static const char *const names[] = {
		[PROTO_NAME_OTHER] = "other", [PROTO_NAME_TCP] = "tcp", [PROTO_NAME_UDP] = "udp", [PROTO_NAME_ICMP] = "icmp"};
	const char *text = json_string_value(v);

	for (uint8_t i = 0; text && i < 4; i++)
		if (!strcasecmp(text, names[i])) {
			*out = i;
			return true;
		}
	return false;
}

static bool get_letters(const json_t *v, uint16_t *out)
{
	static const char letters[] = "FSRPAUECN";
	const char *text = json_string_value(v);

	for (*out = 0; text && *text; text++) {
		const char *at = strchr(letters, *text);

		if (!at)
			return false;
		*out |= (uint16_t)(1u << (at - letters));
	}
	return text != NULL;
}

static bool get_hex(const json_t *v, uint16_t *flags)
{
	const char *text = json_string_value(v);
	char *end;

	if (!text || !*text)
		return false;
	*flags = (uint16_t)((*flags & TCP_FLAG_NS) | (strtoul(text, &end, 16) & 0xff));
	return !*end;
}

static bool get_flag(const json_t *v, uint16_t *flags, uint16_t flag)
{
	*flags = json_is_true(v) ? *flags | flag : *flags & (uint16_t)~flag;
	return json_is_boolean(v);
}

static bool get_reason(const json_t *v, uint8_t *out)
{
	const char *text = json_string_value(v);

	for (uint8_t i = 1; text && i < DROP_REASONS; i++)
		if (!strcmp(text, drop_infos[i].key)) {
			*out = i;
			return true;
		}
	return false;
}

/* "1:" and base64. */
static bool get_id(const json_t *v)
{
	const char *text = json_string_value(v);

	return text && strlen(text) == COMMUNITY_LEN && !strncmp(text, "1:", 2) &&
	       strspn(text + 2, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") == COMMUNITY_LEN - 2;
}

static bool get_tunnels(const json_t *v, struct more *m)
{
	const char *text = json_string_value(v);
	size_t len;

	for (m->ntunnels = 0; text && *text; text += len + (text[len] == ',')) {
		int tunnel;

		len = strcspn(text, ",");
		tunnel = text_tunnel(text, len);
		if (tunnel < 0 || m->ntunnels == TUNNELS_MAX)
			return false;
		m->tunnels[m->ntunnels++] = (uint8_t)tunnel;
	}
	return m->ntunnels > 0;
}

/* An address, whose family is that of its pair. */
static bool get_pair(const json_t *v, uint8_t *out, uint64_t *has, uint64_t known, uint64_t v6)
{
	bool is_v6;

	if (!get_ip(v, out, &is_v6))
		return false;
	*has |= known | (is_v6 ? v6 : 0);
	return true;
}

bool parse_field(struct parsed *p, enum field field, const json_t *v)
{
	struct frame *f = &p->batch->frames[0];
	struct rec *r = &p->batch->recs[0];
	struct more *m = &p->batch->more[0];
	uint64_t has = 0;
	uint8_t dscp = 0, ecn = 0;
	bool ok, is_v6;

	switch (field) {
#define CASE(id, known, condition)                                                                                             \
	case FIELD_##id:                                                                                                       \
		ok = condition;                                                                                                \
		has |= known;                                                                                                  \
		break;
		CASE(ts, HAS_TS, get_time(p, v, &r->ts))
		CASE(time_ms, HAS_TS, get_time(p, v, &r->ts))
		CASE(src_ip, 0, get_pair(v, r->src, &has, HAS_SRC, HAS_V6))
		CASE(dst_ip, 0, get_pair(v, r->dst, &has, HAS_DST, HAS_V6))
		CASE(proto, HAS_PROTO, GET(v, r->proto, 255))
		CASE(proto_text, HAS_PROTO, GET(v, r->proto, 255))
		CASE(pkt_len, HAS_WIRELEN, GET(v, r->wirelen, INT32_MAX))
		CASE(proto_name, HAS_PROTO_NAME, get_name(v, &r->proto_name))
		CASE(proto_upper, HAS_PROTO_NAME, get_name(v, &r->proto_name))
		CASE(sport_tcp_udp, HAS_SPORT_ONLY, GET(v, r->sport, 65535))
		CASE(sport, HAS_SPORT_ONLY, GET(v, r->sport, 65535))
		CASE(dport_tcp_udp, HAS_PORTS, GET(v, r->dport, 65535))
		CASE(dport, HAS_PORTS, GET(v, r->dport, 65535))
		CASE(flags, HAS_TCP_FLAGS, get_letters(v, &r->tcp_flags))
		CASE(tcp_flags, HAS_TCP_FLAGS, GET(v, r->tcp_flags, 511))
		CASE(tcp_flags_hex, HAS_TCP_FLAGS, get_hex(v, &r->tcp_flags))
		CASE(syn, HAS_TCP_FLAGS, get_flag(v, &r->tcp_flags, TCP_FLAG_SYN))
		CASE(rst, HAS_TCP_FLAGS, get_flag(v, &r->tcp_flags, TCP_FLAG_RST))
		CASE(fin, HAS_TCP_FLAGS, get_flag(v, &r->tcp_flags, TCP_FLAG_FIN))
		CASE(psh, HAS_TCP_FLAGS, get_flag(v, &r->tcp_flags, TCP_FLAG_PSH))
		CASE(ack, HAS_TCP_FLAGS, get_flag(v, &r->tcp_flags, TCP_FLAG_ACK))
		CASE(urg, HAS_TCP_FLAGS, get_flag(v, &r->tcp_flags, TCP_FLAG_URG))
		CASE(ece, HAS_TCP_FLAGS, get_flag(v, &r->tcp_flags, TCP_FLAG_ECE))
		CASE(cwr, HAS_TCP_FLAGS, get_flag(v, &r->tcp_flags, TCP_FLAG_CWR))
		CASE(ns, HAS_TCP_FLAGS, get_flag(v, &r->tcp_flags, TCP_FLAG_NS))
		CASE(tcp_seq, HAS_TCP_NUMBERS, GET(v, m->tcp_seq, UINT32_MAX))
		CASE(tcp_ack, HAS_TCP_NUMBERS, GET(v, m->tcp_ack, UINT32_MAX))
		CASE(tcp_window, HAS_TCP_WINDOW, GET(v, m->tcp_window, 65535))
		CASE(icmp_type, HAS_ICMP_TYPE, GET(v, r->icmp_type, 255))
		CASE(icmp_code, HAS_ICMP_CODE, GET(v, r->icmp_code, 255))
		CASE(payload_len, HAS_PAYLOAD_LEN, GET(v, r->payload_len, INT32_MAX))
		CASE(quoted_src_ip, 0, get_pair(v, m->quoted_src, &has, HAS_QUOTED, HAS_QUOTED_V6))
		CASE(quoted_dst_ip, 0, get_pair(v, m->quoted_dst, &has, HAS_QUOTED_DST, HAS_QUOTED_V6))
		CASE(quoted_proto, HAS_QUOTED, GET(v, m->quoted_proto, 255))
		CASE(quoted_sport, HAS_QUOTED_PORTS, GET(v, m->quoted_sport, 65535))
		CASE(quoted_dport, HAS_QUOTED_PORTS, GET(v, m->quoted_dport, 65535))
		CASE(ttl, HAS_TTL, GET(v, m->ttl, 255))
		CASE(dscp, HAS_TTL, GET(v, dscp, 63))
		CASE(ecn, HAS_TTL, GET(v, ecn, 3))
		CASE(flow_label, HAS_FLOW_LABEL, GET(v, m->flow_label, 0xfffff))
		CASE(ip_id, HAS_IP_ID, GET(v, m->ip_id, UINT32_MAX))
		CASE(df, HAS_DF, json_is_boolean(v))
		CASE(frag, HAS_FRAG_OFF | (json_is_true(v) ? HAS_FRAG : 0), json_is_boolean(v))
		CASE(frag_off, HAS_LATER_FRAG, GET(v, m->frag_off, 65535))
		CASE(outer_src_ip, 0, get_pair(v, m->outer_src, &has, HAS_OUTER, HAS_OUTER_V6))
		CASE(outer_dst_ip, 0, get_pair(v, m->outer_dst, &has, HAS_OUTER, HAS_OUTER_V6))
		CASE(tunnel, HAS_OUTER, get_tunnels(v, m))
		CASE(malformed, HAS_MALFORMED, get_reason(v, &r->malformed))
		CASE(src_mac, HAS_SRC_MAC, get_mac(v, m->src_mac))
		CASE(src_mac_ecs, HAS_SRC_MAC, get_mac(v, m->src_mac))
		CASE(dst_mac, HAS_MACS, get_mac(v, m->dst_mac))
		CASE(dst_mac_ecs, HAS_MACS, get_mac(v, m->dst_mac))
		CASE(vlan, HAS_VLAN, GET(v, m->vlan, 4095))
		CASE(vlan_text, HAS_VLAN, GET(v, m->vlan, 4095))
		CASE(inner_vlan, HAS_INNER_VLAN, GET(v, m->inner_vlan, 4095))
		CASE(inner_vlan_text, HAS_INNER_VLAN, GET(v, m->inner_vlan, 4095))
		CASE(ether_type, HAS_ETHER_TYPE, GET(v, m->ether_type, 65535))
		CASE(arp_op, HAS_ARP, GET(v, m->arp_op, 65535))
		CASE(arp_src_ip, HAS_ARP_ADDRESSES, get_ip(v, m->arp_src_ip, &is_v6) && !is_v6)
		CASE(arp_dst_ip, HAS_ARP_ADDRESSES, get_ip(v, m->arp_dst_ip, &is_v6) && !is_v6)
		CASE(arp_src_mac, HAS_ARP_ADDRESSES, get_mac(v, m->arp_src_mac))
		CASE(arp_dst_mac, HAS_ARP_ADDRESSES, get_mac(v, m->arp_dst_mac))
		CASE(cap_len, 0, GET(v, f->caplen, INT32_MAX))
		CASE(frame, 0, GET(v, f->number, UINT64_MAX))
	case FIELD_iface:
		ok = json_is_string(v);
		p->origin.iface_len = (uint32_t)json_string_length(v);
		if (p->origin.iface_len > ORIGIN_IFACE_MAX)
			p->origin.iface_len = ORIGIN_IFACE_MAX;
		if (ok)
			memcpy(p->origin.iface, json_string_value(v), p->origin.iface_len);
		break;
	case FIELD_capture:
		p->origin.capture = json_string_value(v);
		ok = json_is_string(v);
		break;
	case FIELD_community_id:
		ok = get_id(v);
		p->community_id = json_string_value(v);
		break;
	default: /* constants, and what is computed from the others */
		return true;
	}
	if (!ok)
		return false;
	if (field == FIELD_df)
		m->df = json_is_true(v);
	m->tos |= (uint8_t)(dscp << 2 | ecn);
	r->has |= (uint32_t)has;
	m->has |= has & ~(uint64_t)UINT32_MAX;
	return true;
}

bool parse_gap_field(struct parsed *p, const char *id, const json_t *v)
{
	struct gap *g = &p->gap;
	const struct {
		const char *id;
		int64_t *ts;
		const char **text;
	} places[] = {
		{"ts", &g->ts, NULL},
		{"ts_ms", &g->ts, NULL},
		{"first_ts", &g->first_ts, NULL},
		{"first_ts_ms", &g->first_ts, NULL},
		{"last_ts", &g->last_ts, NULL},
		{"last_ts_ms", &g->last_ts, NULL},
		{"cause", NULL, &g->cause},
		{"where", NULL, &g->where},
		{"why", NULL, &g->why},
	};

	if (!strcmp(id, "count") || !strcmp(id, "count_text"))
		return get_number(v, UINT64_MAX, &g->count);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (strcmp(places[i].id, id))
			continue;
		if (places[i].ts)
			return get_time(p, v, places[i].ts);
		*places[i].text = json_string_value(v);
		return json_is_string(v);
	}
	return true; /* constants */
}

/* A number that its name leaves no doubt of; ports by protocol; both addresses of the link. */
void parse_done(struct parsed *p)
{
	struct rec *r = &p->batch->recs[0];
	struct more *m = &p->batch->more[0];
	bool tcp_or_udp;

	if (!(r->has & HAS_PROTO) && r->has & HAS_PROTO_NAME &&
	    (r->proto_name == PROTO_NAME_TCP || r->proto_name == PROTO_NAME_UDP)) {
		r->proto = r->proto_name == PROTO_NAME_TCP ? PROTO_TCP : PROTO_UDP;
		r->has |= HAS_PROTO;
	}
	tcp_or_udp = r->proto == PROTO_TCP || r->proto == PROTO_UDP;
	if (r->has & HAS_PORTS) {
		r->has &= ~(uint32_t)(HAS_SPORT_ONLY | HAS_PORTS);
		r->has |= tcp_or_udp ? HAS_PORTS : HAS_OTHER_PORTS;
	}
	if (m->has & HAS_MACS && m->has & HAS_SRC_MAC)
		m->has &= ~HAS_SRC_MAC;
}

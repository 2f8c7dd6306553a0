/* SPDX-License-Identifier: Apache-2.0 */
#include "encode/community.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum {
	SETS = 2048, /* of flows whose identifiers are remembered, a power of two */
	WAYS = 4,    /* flows in a set */
	SHA1_LEN = 20,
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_ICMPV6 = 58,
	PROTO_SCTP = 132,
};

/* What is hashed: seed, addresses and ports in order, in network byte order. */
struct tuple {
	uint8_t bytes[2 + 16 + 16 + 1 + 1 + 2 + 2];
	uint8_t len;
};

struct community {
	EVP_MD *sha1;
	EVP_MD_CTX *context;
	struct set {
		uint32_t next; /* the one to be forgotten */
		struct known {
			struct tuple tuple;
			char id[COMMUNITY_LEN];
		} known[WAYS];
	} sets[SETS];
};

struct community *community_new(void)
{
	struct community *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	c->context = EVP_MD_CTX_new();
	if (c->sha1 && c->context)
		return c;
	community_free(c);
	return NULL;
}

void community_free(struct community *c)
{
	if (!c)
		return;
	EVP_MD_CTX_free(c->context);
	EVP_MD_free(c->sha1);
	free(c);
}

static bool is_icmp(uint8_t proto)
{
	return proto == PROTO_ICMP || proto == PROTO_ICMPV6;
}

static bool has_ports(uint8_t proto)
{
	return proto == PROTO_TCP || proto == PROTO_UDP || proto == PROTO_SCTP;
}

bool community_defined(const struct rec *r)
{
	uint32_t both = HAS_SRC | HAS_DST | HAS_PROTO;

	if ((r->has & both) != both)
		return false;
	if (is_icmp(r->proto))
		return (r->has & (HAS_ICMP_TYPE | HAS_ICMP_CODE)) == (HAS_ICMP_TYPE | HAS_ICMP_CODE);
	return !has_ports(r->proto) || r->has & (HAS_PORTS | HAS_OTHER_PORTS);
}

/* The type that answers this one, or -1. */
static int counterpart(uint8_t proto, uint8_t type)
{
	static const uint8_t v4[][2] = {{8, 0}, {13, 14}, {15, 16}, {17, 18}, {10, 9}};
	static const uint8_t v6[][2] = {{128, 129}, {133, 134}, {135, 136}, {130, 131}, {139, 140}, {144, 145}};
	const uint8_t(*pairs)[2] = proto == PROTO_ICMP ? v4 : v6;
	size_t n = proto == PROTO_ICMP ? sizeof(v4) / 2 : sizeof(v6) / 2;

	for (size_t i = 0; i < n; i++)
		for (int side = 0; side < 2; side++)
			if (pairs[i][side] == type)
				return pairs[i][!side];
	return -1;
}

/* Ports, or what stands for them; false: the protocol has none. *one_way: the endpoints keep their order. */
static bool ports_of(const struct rec *r, uint16_t *sport, uint16_t *dport, bool *one_way)
{
	int answer;

	*one_way = false;
	if (is_icmp(r->proto)) {
		answer = counterpart(r->proto, r->icmp_type);
		*one_way = answer < 0;
		*sport = r->icmp_type;
		*dport = answer < 0 ? r->icmp_code : (uint16_t)answer;
		return true;
	}
	*sport = r->sport;
	*dport = r->dport;
	return has_ports(r->proto);
}

static void make_tuple(const struct rec *r, struct tuple *t)
{
	size_t addr_len = r->has & HAS_V6 ? 16 : 4;
	uint8_t *p = t->bytes;
	uint16_t sport, dport, first, second;
	bool one_way, with_ports = ports_of(r, &sport, &dport, &one_way);
	int order = memcmp(r->src, r->dst, addr_len);
	bool swap = !one_way && (order > 0 || (order == 0 && with_ports && sport > dport));

	memset(t, 0, sizeof(*t));
	p += 2; /* seed 0 */
	memcpy(p, swap ? r->dst : r->src, addr_len);
	memcpy(p + addr_len, swap ? r->src : r->dst, addr_len);
	p += 2 * addr_len;
	*p++ = r->proto;
	*p++ = 0;
	if (with_ports) {
		first = __builtin_bswap16(swap ? dport : sport);
		second = __builtin_bswap16(swap ? sport : dport);
		memcpy(p, &first, 2);
		memcpy(p + 2, &second, 2);
		p += 4;
	}
	t->len = (uint8_t)(p - t->bytes);
}

/* Any spread will do: a collision costs a hash that is computed anew. */
static struct set *set_of(struct community *c, const struct tuple *t)
{
	uint64_t words[sizeof(t->bytes) / 8], h = t->len;

	memcpy(words, t->bytes, sizeof(words));
	for (size_t i = 0; i < sizeof(words) / 8; i++)
		h = (h ^ words[i]) * 0x9e3779b97f4a7c15;
	return &c->sets[(h >> 40) & (SETS - 1)];
}

static void hash(struct community *c, struct known *k)
{
	unsigned char digest[EVP_MAX_MD_SIZE], text[32];

	EVP_DigestInit_ex2(c->context, c->sha1, NULL);
	EVP_DigestUpdate(c->context, k->tuple.bytes, k->tuple.len);
	EVP_DigestFinal_ex(c->context, digest, NULL);
	EVP_EncodeBlock(text, digest, SHA1_LEN);
	memcpy(k->id, "1:", 2);
	memcpy(k->id + 2, text, COMMUNITY_LEN - 2);
}

const char *community_id(struct community *c, const struct rec *r)
{
	struct tuple t;
	struct set *set;
	struct known *k;

	make_tuple(r, &t);
	set = set_of(c, &t);
	for (k = set->known; k < set->known + WAYS; k++)
		if (!memcmp(&k->tuple, &t, sizeof(t)))
			return k->id;
	k = &set->known[set->next++ % WAYS];
	k->tuple = t;
	hash(c, k);
	return k->id;
}

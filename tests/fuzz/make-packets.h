/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets that fit the rules of make-rules.h: first ones, answers, and what
 * comes after, good and bad. */
#ifndef FUZZ_MAKE_PACKETS_H
#define FUZZ_MAKE_PACKETS_H

#include "rules.h"

static inline void
pick_host(struct input *in, struct pf_packet *p, union pf_ip *ip, bool own)
{
	uint32_t net = dice(in, 2), host = own ? 1 : 2 + dice(in, 7);

	if (p->af == AF_INET) {
		*ip = (union pf_ip){ .b = {
					 10, 0, (uint8_t)net, (uint8_t)host } };
		if (!own && dice(in, 8) == 0)
			*ip = (union pf_ip){ .b = { 192, 0, 2, 7 } };
		return;
	}
	*ip = (union pf_ip){ .b = { 0x20, 0x01, 0x0d, 0xb8, 0, (uint8_t)net } };
	ip->b[15] = (uint8_t)host;
}

/* From outside to the box or through it, or from the box. */
static inline struct pf_packet
pick_packet(struct input *in, bool out)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP,
		IPPROTO_ICMP };
	static const uint16_t ports[] = { 79, 80, 85, 90, 5000, 40000 };
	static const uint8_t flags[] = { PF_TH_SYN, PF_TH_SYN, PF_TH_SYN,
		PF_TH_ACK, PF_TH_SYN | PF_TH_ACK, PF_TH_RST };
	struct pf_packet p = {
		.af = dice(in, 6) ? AF_INET : AF_INET6,
		.proto = protos[dice(in, ARRAY_SIZE(protos))],
		.sport = ports[dice(in, ARRAY_SIZE(ports))],
		.dport = ports[dice(in, ARRAY_SIZE(ports))],
		.flags = flags[dice(in, ARRAY_SIZE(flags))],
		.seq = dice(in, 1 << 24),
		.win = 8192,
		.mss = 1460,
		.icmp_type = 8,
		.icmp_id = 77,
		.ttl = 64,
		.uid = PF_ID_UNKNOWN,
		.gid = PF_ID_UNKNOWN,
	};

	if (p.proto == IPPROTO_ICMP && p.af == AF_INET6) {
		p.proto = IPPROTO_ICMPV6;
		p.icmp_type = 128;
	}
	if (p.proto != IPPROTO_TCP && p.proto != IPPROTO_UDP)
		p.sport = p.dport = 0;
	if (p.proto != IPPROTO_TCP)
		p.flags = 0;
	if (p.proto != IPPROTO_TCP || !(p.flags & PF_TH_SYN))
		p.mss = 0;
	if (p.proto != IPPROTO_ICMP && p.proto != IPPROTO_ICMPV6)
		p.icmp_type = 0;
	pick_host(in, &p, &p.src, out);
	pick_host(in, &p, &p.dst, !out && dice(in, 2));
	return p;
}

/* What an honest peer answers. False: nothing, or nothing that pf must let
 * through. */
static inline bool
answer_to(const struct pf_packet *p, struct pf_packet *ret)
{
	*ret = *p;
	ret->src = p->dst;
	ret->dst = p->src;
	ret->sport = p->dport;
	ret->dport = p->sport;
	ret->ttl = 64;
	ret->tag = NULL;
	if (p->proto == IPPROTO_ICMP || p->proto == IPPROTO_ICMPV6)
		ret->icmp_type = p->af == AF_INET ? 0 : 129;
	if (p->proto != IPPROTO_TCP)
		return true;
	ret->seq = 4711;
	ret->ack = p->seq + 1;
	ret->flags = PF_TH_SYN | PF_TH_ACK;
	return p->flags == PF_TH_SYN;
}

struct talk { /* both ends of what began with a packet */
	struct pf_packet p[2];
	const char *ifname[2]; /* where each comes in; NULL: from the box */
};

/* Flags and numbers near to what is expected, and far from it. */
static inline void
next_segment(struct input *in, struct talk *k, struct pf_packet *p)
{
	static const uint8_t flags[] = { PF_TH_SYN, PF_TH_SYN | PF_TH_ACK,
		PF_TH_ACK, PF_TH_ACK, PF_TH_ACK | PF_TH_PUSH,
		PF_TH_FIN | PF_TH_ACK, PF_TH_FIN | PF_TH_ACK, PF_TH_RST,
		PF_TH_RST | PF_TH_ACK, PF_TH_FIN, 0 };
	static const uint32_t step[] = { 0, 0, 1, 1, 2, 100, 9000, 90000,
		UINT32_MAX, 1 << 31 };
	static const uint32_t len[] = { 0, 0, 0, 1, 100, 1400 };
	int side = p == &k->p[1];

	p->flags = flags[dice(in, ARRAY_SIZE(flags))];
	p->seq += step[dice(in, ARRAY_SIZE(step))];
	p->ack = k->p[!side].seq + step[dice(in, ARRAY_SIZE(step))];
	p->len = len[dice(in, ARRAY_SIZE(len))];
	p->win = (uint16_t)(dice(in, 4) ? 8192 : dice(in, 3));
	p->mss = p->flags & PF_TH_SYN ? 1460 : 0;
}

/* An error about one end's packet, from the other or from on the way. */
static inline struct pf_packet
error_about(struct input *in, const struct pf_packet *p)
{
	static const uint8_t types[] = { 3, 11, 12, 4, 5 };
	struct pf_packet e = { .af = p->af,
		.proto = p->af == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6,
		.src = p->dst,
		.dst = p->src,
		.icmp_type = types[dice(in, ARRAY_SIZE(types))],
		.ttl = 64,
		.uid = PF_ID_UNKNOWN,
		.gid = PF_ID_UNKNOWN,
		.quotes = dice(in, 8) != 0 };

	if (p->af == AF_INET6)
		e.icmp_type = (uint8_t)(1 + dice(in, 4));
	e.src.b[p->af == AF_INET ? 3 : 15] ^= dice(in, 2) ? 0 : 6;
	e.quote = (struct pf_quote){ .proto = p->proto,
		.src = p->src,
		.dst = p->dst,
		.sport = p->sport,
		.dport = p->dport,
		.seq = p->seq + (dice(in, 4) ? 0 : 1 << 30) };
	if (p->proto == IPPROTO_ICMP || p->proto == IPPROTO_ICMPV6)
		e.quote.sport = e.quote.dport = p->icmp_id;
	return e;
}

#endif

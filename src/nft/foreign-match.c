/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does one expression of somebody's rule match a packet? Everything that a
 * rule looks at is known, or known to be unknown: then it may.
 */
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "nft/foreign-private.h"

/* An interface's name as the kernel loads it. */
enum { NAME_LEN = 16 };

/* ---- registers ---- */

static void
reg_forget(struct foreign_match *m, size_t at, size_t len)
{
	for (size_t i = at; i < MIN(at + len, (size_t)FX_REGS); i++)
		m->known[i] = false;
}

void
foreign_forget(struct foreign_match *m)
{
	reg_forget(m, 0, FX_REGS);
}

static void
reg_set(struct foreign_match *m, size_t at, const void *mem, size_t len)
{
	if (at + len > FX_REGS)
		return;
	memcpy(m->reg + at, mem, len);
	for (size_t i = at; i < at + len; i++)
		m->known[i] = true;
}

static void
reg_set_u32(struct foreign_match *m, size_t at, uint32_t v)
{
	reg_set(m, at, &v, sizeof(v));
}

/* One byte, as the kernel stores it: the register's rest is zero. */
static void
reg_set_u8(struct foreign_match *m, size_t at, uint8_t v)
{
	const uint8_t mem[4] = { v };

	reg_set(m, at, mem, sizeof(mem));
}

static bool
reg_known(const struct foreign_match *m, size_t at, size_t len)
{
	if (at + len > FX_REGS)
		return false;
	for (size_t i = at; i < at + len; i++)
		if (!m->known[i])
			return false;
	return true;
}

/* ---- what is loaded ---- */

static void
load_name(struct foreign_match *m, size_t at, const char *name)
{
	char mem[NAME_LEN] = { 0 };

	snprintf(mem, sizeof(mem), "%s", name);
	reg_set(m, at, mem, sizeof(mem));
}

static void
load_index(struct foreign_match *m, size_t at, uint32_t index, const char *name)
{
	if (index || !name[0])
		reg_set_u32(m, at, index);
}

static void
load_meta(struct foreign_match *m, const struct foreign_expr *x)
{
	const struct foreign_packet *p = m->p;
	uint16_t ethertype = htons(p->family == AF_INET ? 0x0800 : 0x86dd);

	reg_forget(m, x->dreg, NAME_LEN);
	switch (x->op) {
	case NFT_META_IIFNAME:
		load_name(m, x->dreg, p->iifname);
		break;
	case NFT_META_OIFNAME:
		load_name(m, x->dreg, p->oifname);
		break;
	case NFT_META_IIF:
		load_index(m, x->dreg, p->iif, p->iifname);
		break;
	case NFT_META_OIF:
		load_index(m, x->dreg, p->oif, p->oifname);
		break;
	case NFT_META_IIFGROUP:
		reg_set_u32(m, x->dreg, p->iifgroup);
		break;
	case NFT_META_OIFGROUP:
		reg_set_u32(m, x->dreg, p->oifgroup);
		break;
	case NFT_META_NFPROTO:
		reg_set_u8(m, x->dreg,
		    p->family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6);
		break;
	case NFT_META_L4PROTO:
		if (p->proto)
			reg_set_u8(m, x->dreg, p->proto);
		break;
	case NFT_META_PROTOCOL:
		reg_set(m, x->dreg, &ethertype, sizeof(ethertype));
		break;
	default:
		break;
	}
}

/* The header's bytes that are known, at their offsets. */
struct header {
	uint8_t mem[40];
	bool known[40];
};

static void
header_put(struct header *h, size_t at, const void *mem, size_t len)
{
	memcpy(h->mem + at, mem, len);
	for (size_t i = at; i < at + len; i++)
		h->known[i] = true;
}

static void
header_put_addr(struct header *h, size_t at, const uint8_t *addr, size_t len)
{
	static const uint8_t zero[16];

	if (memcmp(addr, zero, len) != 0)
		header_put(h, at, addr, len);
}

static struct header
network_header(const struct foreign_packet *p)
{
	struct header h = { 0 };
	bool v4 = p->family == AF_INET;
	size_t len = v4 ? 4 : 16;

	header_put_addr(&h, v4 ? 12 : 8, p->src, len);
	header_put_addr(&h, v4 ? 16 : 24, p->dst, len);
	if (p->proto)
		header_put(&h, v4 ? 9 : 6, &p->proto, 1);
	return h;
}

static struct header
transport_header(const struct foreign_packet *p)
{
	struct header h = { 0 };
	uint16_t sport = htons(p->sport), dport = htons(p->dport);

	if (p->sport)
		header_put(&h, 0, &sport, sizeof(sport));
	if (p->dport)
		header_put(&h, 2, &dport, sizeof(dport));
	return h;
}

static void
load_payload(struct foreign_match *m, const struct foreign_expr *x)
{
	struct header h = { 0 };

	if (x->base == NFT_PAYLOAD_NETWORK_HEADER)
		h = network_header(m->p);
	else if (x->base == NFT_PAYLOAD_TRANSPORT_HEADER)
		h = transport_header(m->p);
	reg_forget(m, x->dreg, (x->len + 3u) & ~3u);
	for (size_t i = 0; i < x->len; i++) {
		size_t from = x->offset + i, to = x->dreg + i;

		if (from < sizeof(h.mem) && to < FX_REGS && h.known[from]) {
			m->reg[to] = h.mem[from];
			m->known[to] = true;
		}
	}
	/* The kernel zeroes what is left of the last word. */
	for (size_t i = x->dreg + x->len; i % 4 && i < FX_REGS; i++) {
		m->reg[i] = 0;
		m->known[i] = true;
	}
}

/* The first packet of a connection is new. */
static void
load_ct(struct foreign_match *m, const struct foreign_expr *x)
{
	uint32_t status = 0;

	reg_forget(m, x->dreg, 16);
	switch (x->op) {
	case NFT_CT_STATE:
		reg_set_u32(m, x->dreg, NF_CT_STATE_BIT(IP_CT_NEW));
		break;
	case NFT_CT_DIRECTION:
		reg_set_u8(m, x->dreg, IP_CT_DIR_ORIGINAL);
		break;
	case NFT_CT_STATUS:
		if (m->p->dnat)
			status |= IPS_DST_NAT | IPS_DST_NAT_DONE;
		if (m->p->snat)
			status |= IPS_SRC_NAT | IPS_SRC_NAT_DONE;
		reg_set_u32(m, x->dreg, status);
		break;
	default:
		break;
	}
}

/* RTN_*: at the input hook the destination is the host's. Elsewhere it may be
 * (before routing) or is not. */
static uint32_t
dst_type(const struct foreign_packet *p)
{
	switch (p->hook) {
	case NF_INET_LOCAL_IN:
		return RTN_LOCAL;
	case NF_INET_FORWARD:
		return RTN_UNICAST;
	default:
		return RTN_UNSPEC;
	}
}

static void
load_dst_type(struct foreign_match *m, const struct foreign_expr *x)
{
	uint32_t type = dst_type(m->p);

	if (type != RTN_UNSPEC)
		reg_set_u32(m, x->dreg, type);
	else
		reg_forget(m, x->dreg, sizeof(type));
}

static void
bitwise(struct foreign_match *m, const struct foreign_expr *x)
{
	for (size_t i = 0; i < x->len; i++) {
		size_t from = x->sreg + i, to = x->dreg + i;

		if (from >= FX_REGS || to >= FX_REGS)
			return;
		/* What is masked away need not be known. */
		m->known[to] = m->known[from] || !x->data[i];
		m->reg[to] =
		    (uint8_t)((m->reg[from] & x->data[i]) ^ x->data2[i]);
	}
}

/* ---- what is asked ---- */

static enum foreign_answer
answer_not(enum foreign_answer a)
{
	return a == FOREIGN_MAYBE ? FOREIGN_MAYBE
	    : a == FOREIGN_YES	  ? FOREIGN_NO
				  : FOREIGN_YES;
}

/* Is the register equal to these bytes? */
static enum foreign_answer
equal(const struct foreign_match *m, size_t at, const uint8_t *mem, size_t len)
{
	bool all = true;

	if (at + len > FX_REGS)
		return FOREIGN_MAYBE;
	for (size_t i = 0; i < len; i++) {
		if (!m->known[at + i])
			all = false;
		else if (m->reg[at + i] != mem[i])
			return FOREIGN_NO;
	}
	return all ? FOREIGN_YES : FOREIGN_MAYBE;
}

static enum foreign_answer
compare(const struct foreign_match *m, const struct foreign_expr *x)
{
	int d;

	if (x->op == NFT_CMP_EQ)
		return equal(m, x->sreg, x->data, x->len);
	if (x->op == NFT_CMP_NEQ)
		return answer_not(equal(m, x->sreg, x->data, x->len));
	if (!reg_known(m, x->sreg, x->len))
		return FOREIGN_MAYBE;
	d = memcmp(m->reg + x->sreg, x->data, x->len);
	switch (x->op) {
	case NFT_CMP_LT:
		return d < 0 ? FOREIGN_YES : FOREIGN_NO;
	case NFT_CMP_LTE:
		return d <= 0 ? FOREIGN_YES : FOREIGN_NO;
	case NFT_CMP_GT:
		return d > 0 ? FOREIGN_YES : FOREIGN_NO;
	default:
		return d >= 0 ? FOREIGN_YES : FOREIGN_NO;
	}
}

static enum foreign_answer
in_range(const struct foreign_match *m, const struct foreign_expr *x)
{
	bool in;

	if (!reg_known(m, x->sreg, x->len))
		return FOREIGN_MAYBE;
	in = memcmp(m->reg + x->sreg, x->data, x->len) >= 0 &&
	    memcmp(m->reg + x->sreg, x->data2, x->len) <= 0;
	return in == (x->op == NFT_RANGE_EQ) ? FOREIGN_YES : FOREIGN_NO;
}

/* iptables numbers the states its own way. */
static enum foreign_answer
in_ctstate(const struct foreign_match *m, const struct foreign_expr *x)
{
	uint32_t state = XT_CONNTRACK_STATE_BIT(IP_CT_NEW);

	if (m->p->dnat)
		state |= XT_CONNTRACK_STATE_DNAT;
	if (m->p->snat)
		state |= XT_CONNTRACK_STATE_SNAT;
	return !!(state & x->mask) == !x->inv ? FOREIGN_YES : FOREIGN_NO;
}

static enum foreign_answer
is_addrtype(const struct foreign_match *m, const struct foreign_expr *x)
{
	uint32_t type = dst_type(m->p);

	if (type == RTN_UNSPEC)
		return FOREIGN_MAYBE;
	return !!(x->mask & 1u << type) == !x->inv ? FOREIGN_YES : FOREIGN_NO;
}

const struct foreign_set *
foreign_set_named(const struct foreign_table *t, const char *name)
{
	for (size_t i = 0; i < t->n_set; i++)
		if (streq(t->set[i].name, name))
			return &t->set[i];
	return NULL;
}

/* The element of an interval set that the register falls behind: the one
 * with the greatest key that is not above. */
static const struct foreign_elem *
interval_find(
    const struct foreign_match *m, size_t at, const struct foreign_set *s)
{
	const struct foreign_elem *best = NULL;

	for (size_t i = 0; i < s->n_elem; i++) {
		const struct foreign_elem *e = &s->elem[i];

		if (e->catchall || memcmp(e->key, m->reg + at, s->key_len) > 0)
			continue;
		/* Where one range ends and the next begins, the begin. */
		if (!best || memcmp(e->key, best->key, s->key_len) > 0 ||
		    (best->end && memcmp(e->key, best->key, s->key_len) == 0))
			best = e;
	}
	return best && !best->end ? best : NULL;
}

static enum foreign_answer
exact_find(const struct foreign_match *m, size_t at,
    const struct foreign_set *s, const struct foreign_elem **ret)
{
	enum foreign_answer best = FOREIGN_NO;

	for (size_t i = 0; i < s->n_elem && best != FOREIGN_YES; i++) {
		const struct foreign_elem *e = &s->elem[i];
		enum foreign_answer a = e->catchall ? FOREIGN_NO
		    : e->wide			    ? FOREIGN_MAYBE
			      : equal(m, at, e->key, s->key_len);

		if (a == FOREIGN_NO)
			continue;
		best = a;
		*ret = e;
	}
	return best;
}

/* Is the register in the set? `ret`: the element, if it is for sure. */
enum foreign_answer
foreign_find(struct foreign_match *m, const struct foreign_expr *x,
    const struct foreign_elem **ret)
{
	const struct foreign_set *s = foreign_set_named(m->t, x->name);
	enum foreign_answer a;

	*ret = NULL;
	if (!s)
		return FOREIGN_MAYBE;
	if (!s->interval) {
		a = exact_find(m, x->sreg, s, ret);
	} else if (s->n_elem && s->elem[0].wide) {
		a = FOREIGN_MAYBE;
	} else if (!reg_known(m, x->sreg, s->key_len)) {
		a = s->n_elem ? FOREIGN_MAYBE : FOREIGN_NO;
	} else {
		*ret = interval_find(m, x->sreg, s);
		a = *ret ? FOREIGN_YES : FOREIGN_NO;
	}
	for (size_t i = 0; i < s->n_elem && a == FOREIGN_NO; i++) {
		if (s->elem[i].catchall) {
			*ret = &s->elem[i];
			a = FOREIGN_YES;
		}
	}
	return a;
}

enum foreign_answer
foreign_ask(struct foreign_match *m, const struct foreign_expr *x)
{
	const struct foreign_elem *e;

	switch (x->kind) {
	case FX_META:
		load_meta(m, x);
		return FOREIGN_YES;
	case FX_PAYLOAD:
		load_payload(m, x);
		return FOREIGN_YES;
	case FX_CT:
		load_ct(m, x);
		return FOREIGN_YES;
	case FX_DST_TYPE:
		load_dst_type(m, x);
		return FOREIGN_YES;
	case FX_IMMEDIATE:
		reg_set(m, x->dreg, x->data, x->len);
		return FOREIGN_YES;
	case FX_BITWISE:
		bitwise(m, x);
		return FOREIGN_YES;
	case FX_CMP:
		return compare(m, x);
	case FX_RANGE:
		return in_range(m, x);
	case FX_CT_STATE:
		return in_ctstate(m, x);
	case FX_ADDRTYPE:
		return is_addrtype(m, x);
	case FX_LOOKUP:
		return x->inv ? answer_not(foreign_find(m, x, &e))
			      : foreign_find(m, x, &e);
	default:
		foreign_forget(m);
		return FOREIGN_MAYBE;
	}
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Translation: which rule, to which address of its pool, by which port. */
#include "pf/sim-internal.h"

static uint8_t
icmp_proto(uint8_t af)
{
	return af == AF_INET ? 1 : 58;
}

static bool
icmp_query(const struct pf_packet *p)
{
	return p->proto == icmp_proto(p->af) && !p->quotes;
}

/*
 * The key of a connection as the packet shows it. An ICMP query has its id as
 * both ports.
 */
void
sim_keys(
    const struct sim_run *run, const struct pf_packet *p, struct sim_key *ret)
{
	unsigned s = run->dir == PF_IN ? 0 : 1, d = 1 - s;

	*ret = (struct sim_key){ .af = p->af, .proto = p->proto };
	ret->addr[s] = p->src;
	ret->addr[d] = p->dst;
	if (p->proto == 6 || p->proto == 17) {
		ret->port[s] = p->sport;
		ret->port[d] = p->dport;
	} else if (icmp_query(p)) {
		ret->port[s] = ret->port[d] = p->icmp_id;
	}
}

void
sim_apply_key(struct pf_packet *p, const struct sim_key *key, enum pf_dir dir)
{
	unsigned s = dir == PF_IN ? 0 : 1, d = 1 - s;

	p->src = key->addr[s];
	p->dst = key->addr[d];
	if (p->proto == 6 || p->proto == 17) {
		p->sport = key->port[s];
		p->dport = key->port[d];
	} else if (icmp_query(p)) {
		p->icmp_id = key->port[s];
	}
}

/* ---- pools ---- */

static union pf_ip
mask_into(const union pf_ip *net, unsigned bits, const union pf_ip *host)
{
	union pf_ip r;

	for (unsigned i = 0; i < 16; i++) {
		unsigned m = bits >= 8 ? 0xff : (0xff00 >> bits) & 0xff;

		r.b[i] = (uint8_t)((net->b[i] & m) | (host->b[i] & ~m));
		bits -= bits >= 8 ? 8 : bits;
	}
	return r;
}

static union pf_ip
only_family(union pf_ip ip, uint8_t af)
{
	if (af == AF_INET)
		ip.w[1] = ip.w[2] = ip.w[3] = 0;
	return ip;
}

static void
plus_one(union pf_ip *ip, uint8_t af)
{
	for (int i = af == AF_INET ? 3 : 15; i >= 0; i--)
		if (++ip->b[i] != 0)
			break;
}

/* The address and length of a pool's member that is no table. */
static bool
member(struct sim_run *run, const struct pf_addr *a, uint8_t af,
    union pf_ip *net, unsigned *bits)
{
	const struct sim_dyn *d;

	if (a->kind == PF_ADDR_IP) {
		*net = a->ip;
		*bits = a->bits;
		return true;
	}
	if (a->kind != PF_ADDR_DYN)
		return false;
	d = sim_dyn_get(run->sim, a);
	if (!(af == AF_INET ? d->has4 : d->has6))
		return false;
	*net = af == AF_INET ? d->first4 : d->first6;
	*bits = af == AF_INET ? 32 : 128;
	return true;
}

static const struct sim_table *
pool_table(struct sim_run *run, const struct pf_addr *a)
{
	if (a->kind == PF_ADDR_TABLE)
		return sim_table_get(run->sim, run->nat_anchor, a->name);
	if (a->kind == PF_ADDR_DYN)
		return &sim_dyn_get(run->sim, a)->table;
	return NULL;
}

/*
 * Round-robin: the counter stands on the address that is next. It begins at
 * 0, which is in no pool: so a pool of plain addresses begins with its second
 * member.
 */
static bool
take_member(
    struct sim_run *run, struct sim_rule *rule, bool entered, union pf_ip *ret)
{
	const struct pf_addr *a = &rule->r->pool->hop[rule->hop].addr;
	const struct sim_table *t = pool_table(run, a);

	if (t != NULL) {
		if (entered)
			rule->hop_nth = 0;
		return sim_table_nth(t, run->p->af, rule->hop_nth++, ret);
	}
	if (a->kind != PF_ADDR_IP)
		return false;
	if (entered)
		rule->counter = a->ip;
	if (!sim_prefix_match(&a->ip, a->bits, &rule->counter, run->p->af))
		return false;
	*ret = rule->counter;
	plus_one(&rule->counter, run->p->af);
	return true;
}

static bool
round_robin(struct sim_run *run, struct sim_rule *rule, union pf_ip *ret)
{
	uint32_t n = rule->r->pool->n;

	if (take_member(run, rule, false, ret))
		return true;
	for (uint32_t tries = 0; tries < n; tries++) {
		rule->hop = (rule->hop + 1) % n;
		if (take_member(run, rule, true, ret))
			return true;
	}
	return false;
}

/* Bob Jenkins' mix of three words, as the original hashes addresses. */
static void
mix(uint32_t v[3])
{
	static const int8_t shift[9] = { 13, -8, 13, 12, -16, 5, 3, -10, 15 };

	for (unsigned i = 0; i < 9; i++) {
		uint32_t *x = &v[i % 3], y = v[(i + 1) % 3], z = v[(i + 2) % 3];

		*x -= y;
		*x -= z;
		*x ^= shift[i] > 0 ? z >> shift[i] : z << -shift[i];
	}
}

static void
hash_of(const struct pf_pool *pool, const union pf_ip *in, uint8_t af,
    union pf_ip *ret)
{
	uint32_t key[4], v[3] = { 0x9e3779b9, 0x9e3779b9, 0 };
	static const uint8_t second[4] = { 2, 3, 1, 0 };

	memset(ret, 0, sizeof(*ret));
	for (unsigned i = 0; i < 4; i++) /* words as they are written */
		key[i] = (uint32_t)pool->key[i * 4] << 24 |
		    (uint32_t)pool->key[i * 4 + 1] << 16 |
		    (uint32_t)pool->key[i * 4 + 2] << 8 | pool->key[i * 4 + 3];
	v[2] = key[0];
	if (af == AF_INET) {
		v[0] += in->w[0];
		v[1] += key[1];
		mix(v);
		ret->w[0] = v[2] + key[2];
		return;
	}
	for (unsigned i = 0; i < 4; i++) {
		v[0] += in->w[i];
		v[1] += in->w[second[i]];
		v[2] += i > 0 ? key[i] : 0;
		mix(v);
		ret->w[i] = v[2];
	}
}

static bool
pick(struct sim_run *run, struct sim_rule *rule, const union pf_ip *saddr,
    union pf_ip *ret)
{
	const struct pf_pool *pool = rule->r->pool;
	union pf_ip net, host;
	unsigned bits;

	if (pool->type == PF_POOL_ROUNDROBIN)
		return round_robin(run, rule, ret);
	if (!member(run, &pool->hop[0].addr, run->p->af, &net, &bits))
		return false;
	switch ((enum pf_pool_type)pool->type) {
	case PF_POOL_BITMASK:
		host = *saddr;
		break;
	case PF_POOL_RANDOM:
		for (int i = 0; i < 4; i++)
			host.w[i] = sim_rand(run->sim);
		break;
	case PF_POOL_SRCHASH:
		hash_of(pool, saddr, run->p->af, &host);
		break;
	default:
		*ret = net;
		return true;
	}
	*ret = only_family(mask_into(&net, bits, &host), run->p->af);
	return true;
}

bool
sim_map_addr(struct sim_run *run, struct sim_rule *rule,
    const union pf_ip *saddr, union pf_ip *ret, struct sim_src_node **node)
{
	bool sticky = rule->r->pool->sticky;

	if (sticky && *node == NULL) {
		*node = sim_node_find(run->sim, rule, saddr, run->p->af);
		if (*node != NULL && !sim_ip_zero(&(*node)->raddr)) {
			*ret = (*node)->raddr;
			return true;
		}
	}
	if (!pick(run, rule, saddr, ret))
		return false;
	if (*node != NULL)
		(*node)->raddr = *ret;
	return true;
}

/* ---- ports ---- */

/* Is this port at that address free towards the destination? */
static bool
port_free(struct sim_run *run, const struct sim_key *base,
    const union pf_ip *addr, uint16_t port, bool icmp)
{
	struct sim_key k = *base;

	k.addr[1] = *addr;
	k.port[1] = port;
	if (icmp)
		k.port[0] = port;
	return !sim_state_any(run->sim, &k);
}

static bool
search_port(struct sim_run *run, const struct sim_key *base,
    const union pf_ip *addr, uint32_t low, uint32_t high, bool icmp,
    uint16_t *ret)
{
	uint32_t n = high - low + 1;
	uint32_t start = (uint32_t)(((uint64_t)sim_rand(run->sim) * n) >> 32);

	for (uint32_t i = 0; i < n; i++) {
		*ret = (uint16_t)(low + (start + i) % n);
		if (port_free(run, base, addr, *ret, icmp))
			return true;
	}
	return false;
}

/* A source address and port for a nat rule; false: there is none. */
static bool
get_sport(struct sim_run *run, struct sim_rule *rule, const struct sim_key *in,
    union pf_ip *addr, uint16_t *port, struct sim_src_node **node)
{
	const struct pf_pool *pool = rule->r->pool;
	bool icmp = run->p->proto == icmp_proto(run->p->af);
	bool ports = run->p->proto == 6 || run->p->proto == 17;
	uint32_t low = pool->low, high = pool->high;
	union pf_ip first;
	uint16_t sport = in->port[1];

	if (!sim_map_addr(run, rule, &in->addr[1], addr, node))
		return false;
	if (icmp) {
		/* Only echo has an id that may be changed. */
		if (!icmp_query(run->p) ||
		    (run->p->icmp_type != 8 && run->p->icmp_type != 128)) {
			*port = sport;
			return true;
		}
		low = 1;
		high = 65535;
	}
	first = *addr;
	do {
		if ((!ports && !icmp) || (low == 0 && high == 0)) {
			*port = sport;
			if (port_free(run, in, addr, sport, false))
				return true;
		} else if (search_port(run, in, addr, MIN(low, high),
			       MAX(low, high), icmp, port)) {
			return true;
		}
		if (pool->type != PF_POOL_ROUNDROBIN &&
		    pool->type != PF_POOL_RANDOM)
			return false;
		if (!sim_map_addr(run, rule, &in->addr[1], addr, node))
			return false;
	} while (!sim_ip_eq(&first, addr));
	return false;
}

/* ---- the rules ---- */

static bool
do_nat(struct sim_run *run, struct sim_rule *rule, struct sim_key *after,
    struct sim_src_node **node)
{
	union pf_ip addr;
	uint16_t port;

	if (!get_sport(run, rule, after, &addr, &port, node))
		return false;
	after->addr[1] = addr;
	if (run->p->proto == icmp_proto(run->p->af))
		after->port[0] = port;
	after->port[1] = port;
	return true;
}

static bool
do_binat(
    struct sim_run *run, const struct sim_rule *rule, struct sim_key *after)
{
	const struct pf_rule *r = rule->r;
	union pf_ip net;
	unsigned bits;
	const struct pf_addr *to =
	    run->dir == PF_OUT ? &r->pool->hop[0].addr : &r->src.addr;

	if (!member(run, to, run->p->af, &net, &bits))
		return false;
	/* The near end in both directions: our source, or their target. */
	after->addr[1] =
	    only_family(mask_into(&net, bits, &after->addr[1]), run->p->af);
	return true;
}

static uint16_t
rdr_port(const struct pf_rule *r, uint16_t dport)
{
	const struct pf_pool *pool = r->pool;
	uint32_t port;

	if (pool->low == 0)
		return dport;
	if (pool->high == 0 || pool->high == pool->low)
		return pool->low;
	port = (uint32_t)(dport - r->dst.port.a) %
		(uint32_t)(pool->high - pool->low + 1) +
	    pool->low;
	return (uint16_t)(port > 65535 ? port - 65535 : port);
}

static bool
do_rdr(struct sim_run *run, struct sim_rule *rule, struct sim_key *after,
    struct sim_src_node **node)
{
	const struct pf_pool *pool = rule->r->pool;
	union pf_ip addr, net;
	unsigned bits;

	if (!sim_map_addr(run, rule, &after->addr[0], &addr, node))
		return false;
	if (pool->type == PF_POOL_BITMASK &&
	    member(run, &pool->hop[0].addr, run->p->af, &net, &bits))
		addr = only_family(
		    mask_into(&net, bits, &after->addr[1]), run->p->af);
	after->addr[1] = addr;
	if (run->p->proto == 6 || run->p->proto == 17)
		after->port[1] = rdr_port(rule->r, after->port[1]);
	return true;
}

bool
sim_translate(
    struct sim_run *run, struct sim_key *before, struct sim_key *after)
{
	struct sim_src_node *node = NULL;
	struct sim_rule *rule;
	bool done = false;

	sim_keys(run, run->p, before);
	*after = *before;
	rule = sim_translate_find(
	    run, run->dir == PF_OUT ? PF_LIST_BINAT : PF_LIST_RDR);
	if (rule == NULL)
		rule = sim_translate_find(
		    run, run->dir == PF_OUT ? PF_LIST_NAT : PF_LIST_BINAT);
	if (rule == NULL)
		return false;
	if (rule->r->action == PF_NAT)
		done = do_nat(run, rule, after, &node);
	else if (rule->r->action == PF_BINAT)
		done = do_binat(run, rule, after);
	else if (rule->r->action == PF_RDR)
		done = do_rdr(run, rule, after, &node);
	/* A translation that changes nothing is none. */
	if (!done || memcmp(before, after, sizeof(*before)) == 0) {
		*after = *before;
		return false;
	}
	run->nat = rule;
	return true;
}

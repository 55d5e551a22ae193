/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guard: what leaves a jail has one of the jail's addresses as its
 * source, or is dropped.
 *
 *	table inet gaol_guard {
 *		set src4 { interface . IPv4 address }
 *		set src6 { interface . IPv6 address }
 *		chain from_jails {
 *			type filter hook prerouting priority -500
 *			iifgroup != NET_GROUP accept
 *			IPv4 to 127.0.0.0/8: drop
 *			IPv4, iif . source in src4: accept
 *			IPv6, iif . source in src6: accept
 *			counter drop
 *		}
 *	}
 *
 * A jail cannot add addresses, but IPV6_FREEBIND needs no capability and
 * sends from any, and raw sockets can be allowed. The table is the net
 * module's own: `pfctl -d`, `set skip` and a flush of pf's rules don't touch
 * it. It comes before everything else, reassembly (-400) and pf's own chains
 * included. A jail without elements sends nothing: an error fails closed.
 *
 * The loopback rule is for hosts with route_localnet on, where a packet to
 * 127.0.0.1 would otherwise reach the host's private services.
 */
#include "net/internal.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <netinet/in.h>

#include "base/array.h"
#include "nft/batch.h"

enum { GUARD_PRIO = -500 };
#define GUARD_CHAIN "from_jails"

static struct nft_elem
guard_elem(int ifindex, const struct net_addr *addr)
{
	struct nft_elem e = { 0 };
	uint32_t index = (uint32_t)ifindex; /* in the host's order */

	memcpy(e.key, &index, sizeof(index));
	memcpy(e.key + sizeof(index), addr->b, net_addr_bits(addr) / 8);
	return e;
}

/* A growing list of the elements of one family's set. */
struct guard_set {
	int family;
	struct nft_elem *v;
	size_t n, cap;
};

static void
guard_set_add(
    struct guard_set *s, int ifindex, const struct net_addr *addrs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (addrs[i].family == s->family)
			*array_add(s) = guard_elem(ifindex, &addrs[i]);
}

static struct nft_set
guard_nft_set(const struct guard_set *s)
{
	bool v4 = s->family == AF_INET;

	/* A concatenation of two types has both in its number, 6 bits each,
	 * which is how the nft program prints it. */
	return (struct nft_set){
		.name = v4 ? "src4" : "src6",
		.key_type = NFT_TYPE_IFINDEX << 6 |
		    (v4 ? NFT_TYPE_IPV4 : NFT_TYPE_IPV6),
		.key_len = v4 ? 8 : 20,
		.elem = s->v,
		.n_elem = s->n,
	};
}

/* ---- the rules ---- */

static void
guard_rule(struct nft_batch *b, const struct nft_expr *expr, size_t n)
{
	struct nft_rule rule = {
		.chain = GUARD_CHAIN, .expr = expr, .n_expr = n
	};

	nft_batch_rule(b, NFPROTO_INET, NET_GUARD_TABLE, &rule);
}

static struct nft_expr
load_meta(int key, uint8_t reg, uint8_t len)
{
	return (struct nft_expr){
		.kind = NFT_X_META, .op = key, .reg = reg, .len = len
	};
}

static struct nft_expr
load_payload(uint16_t offset, uint8_t reg, uint8_t len)
{
	return (struct nft_expr){ .kind = NFT_X_PAYLOAD,
		.base = NFT_PAYLOAD_NETWORK_HEADER,
		.offset = offset,
		.len = len,
		.reg = reg };
}

static struct nft_expr
compare(int op, uint8_t reg, const void *data, uint8_t len)
{
	struct nft_expr e = {
		.kind = NFT_X_CMP, .op = op, .reg = reg, .len = len
	};

	memcpy(e.data, data, len);
	return e;
}

static struct nft_expr
verdict(int what)
{
	return (struct nft_expr){ .kind = NFT_X_VERDICT, .op = what };
}

static struct nft_expr
is_proto(uint8_t proto)
{
	return compare(NFT_CMP_EQ, 0, &proto, 1);
}

static void
rule_others(struct nft_batch *b)
{
	const uint32_t group = NET_GROUP;
	const struct nft_expr e[] = {
		load_meta(NFT_META_IIFGROUP, 0, 4),
		compare(NFT_CMP_NEQ, 0, &group, 4),
		verdict(NF_ACCEPT),
	};

	guard_rule(b, e, ARRAY_SIZE(e));
}

static void
rule_loopback(struct nft_batch *b)
{
	static const uint8_t net127 = 127;
	const struct nft_expr e[] = {
		load_meta(NFT_META_NFPROTO, 0, 1),
		is_proto(NFPROTO_IPV4),
		load_payload(16, 0, 1), /* first byte of the destination */
		compare(NFT_CMP_EQ, 0, &net127, 1),
		verdict(NF_DROP),
	};

	guard_rule(b, e, ARRAY_SIZE(e));
}

/* iif and source lie in adjoining registers: one key. */
static void
rule_source(struct nft_batch *b, uint8_t proto, uint16_t offset, uint8_t len,
    const char *set)
{
	const struct nft_expr e[] = {
		load_meta(NFT_META_NFPROTO, 0, 1),
		is_proto(proto),
		load_meta(NFT_META_IIF, 0, 4),
		load_payload(offset, 1, len),
		{ .kind = NFT_X_LOOKUP,
		    .reg = 0,
		    .reg2 = NFT_NOREG,
		    .name = set },
		verdict(NF_ACCEPT),
	};

	guard_rule(b, e, ARRAY_SIZE(e));
}

static void
rule_drop(struct nft_batch *b)
{
	const struct nft_expr e[] = {
		{ .kind = NFT_X_COUNTER },
		verdict(NF_DROP),
	};

	guard_rule(b, e, ARRAY_SIZE(e));
}

/* ---- the table ---- */

/* Also when another start just made it: the result is the same, with what is
 * in the sets left there. */
static int
make_table(
    const struct guard_set *v4, const struct guard_set *v6, struct err *err)
{
	_cleanup_(nft_batch_clear) struct nft_batch b;
	const struct nft_chain chain = { .name = GUARD_CHAIN,
		.type = "filter",
		.hook = NF_INET_PRE_ROUTING,
		.prio = GUARD_PRIO };
	struct nft_set set4 = guard_nft_set(v4), set6 = guard_nft_set(v6);

	nft_batch_init(&b);
	nft_batch_table(&b, NFPROTO_INET, NET_GUARD_TABLE, 0);
	nft_batch_chain(&b, NFPROTO_INET, NET_GUARD_TABLE, &chain);
	nft_batch_flush(&b, NFPROTO_INET, NET_GUARD_TABLE, GUARD_CHAIN);
	nft_batch_set(&b, NFPROTO_INET, NET_GUARD_TABLE, &set4);
	nft_batch_set(&b, NFPROTO_INET, NET_GUARD_TABLE, &set6);
	rule_others(&b);
	rule_loopback(&b);
	rule_source(&b, NFPROTO_IPV4, 12, 4, "src4");
	rule_source(&b, NFPROTO_IPV6, 8, 16, "src6");
	rule_drop(&b);
	return nft_batch_commit(&b, err);
}

static int
change_elems(const struct guard_set *v4, const struct guard_set *v6, bool add,
    struct err *err)
{
	_cleanup_(nft_batch_clear) struct nft_batch b;
	const struct nft_set sets[] = { guard_nft_set(v4), guard_nft_set(v6) };

	nft_batch_init(&b);
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		if (sets[i].n_elem == 0)
			continue;
		if (add)
			nft_batch_elems(
			    &b, NFPROTO_INET, NET_GUARD_TABLE, &sets[i]);
		else
			nft_batch_del_elems(
			    &b, NFPROTO_INET, NET_GUARD_TABLE, &sets[i]);
	}
	return nft_batch_commit(&b, err);
}

static int
change(int ifindex, const struct net_addr *addrs, size_t n, bool add,
    struct err *err)
{
	struct guard_set v4 = { .family = AF_INET };
	struct guard_set v6 = { .family = AF_INET6 };
	int r;

	guard_set_add(&v4, ifindex, addrs, n);
	guard_set_add(&v6, ifindex, addrs, n);
	r = change_elems(&v4, &v6, add, err);
	array_clear(&v4);
	array_clear(&v6);
	return r;
}

/* The table with this jail's addresses and those of all that run: after
 * somebody flushed nf_tables under them they must not be cut off. */
static int
make_for_all(const struct net_view *view, int ifindex,
    const struct net_addr *addrs, size_t n, struct err *err)
{
	struct guard_set v4 = { .family = AF_INET };
	struct guard_set v6 = { .family = AF_INET6 };
	int r;

	guard_set_add(&v4, ifindex, addrs, n);
	guard_set_add(&v6, ifindex, addrs, n);
	for (size_t j = 0; j < view->jails.n; j++) {
		const struct net_jail_link *l = &view->jails.v[j];

		guard_set_add(&v4, l->index, l->addrs.v, l->addrs.n);
		guard_set_add(&v6, l->index, l->addrs.v, l->addrs.n);
	}
	r = make_table(&v4, &v6, err);
	array_clear(&v4);
	array_clear(&v6);
	return r;
}

int
net_guard_open(const struct net_view *view, int ifindex,
    const struct net_addr *addrs, size_t n, struct err *err)
{
	int r = change(ifindex, addrs, n, true, err);

	if (r == -ENOENT)
		r = make_for_all(view, ifindex, addrs, n, err);
	if (r < 0)
		return err_wrap(err, r, "guard");
	err_clear(err);
	return 0;
}

/* One by one: a transaction is void if one of its elements is missing. */
static int
close_singly(
    int ifindex, const struct net_addr *addrs, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		int r = change(ifindex, &addrs[i], 1, false, err);

		if (r < 0 && r != -ENOENT)
			return r;
	}
	return 0;
}

int
net_guard_close(
    int ifindex, const struct net_addr *addrs, size_t n, struct err *err)
{
	int r = change(ifindex, addrs, n, false, err);

	if (r == -ENOENT)
		r = close_singly(ifindex, addrs, n, err);
	if (r < 0)
		return err_wrap(err, r, "guard");
	err_clear(err);
	return 0;
}

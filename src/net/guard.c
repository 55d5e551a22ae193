/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guard: what leaves a jail has one of the jail's addresses as its
 * source, or is dropped.
 *
 *	table inet gaol_guard {
 *		chain from_jails {
 *			type filter hook prerouting priority -500
 *			iifgroup != NET_GROUP accept
 *			IPv4 to 127.0.0.0/8 drop
 *			IPv4 from 0.0.0.0/8 drop
 *			fib saddr . iif oif exists accept
 *			counter drop
 *		}
 *	}
 *
 * A jail cannot add addresses, but IPV6_FREEBIND needs no capability and
 * sends from any, and raw sockets can be allowed. A source is the jail's if
 * the host routes it back over the interface that it came in by: the host
 * routes of net_jail_up are the only ones over a host end. So there is no
 * list to keep, nothing to do when a jail starts or stops (a transaction that
 * deletes waits for the kernel's grace period), and no moment in which list
 * and routes differ; a jail whose routes are gone sends nothing.
 *
 * The table is the net module's own: `pfctl -d`, `set skip` and a flush of
 * pf's rules don't touch it. It comes before everything else, reassembly
 * (-400) and pf's own chains included.
 *
 * The loopback rule is for hosts with route_localnet on, where a packet to
 * 127.0.0.1 would otherwise reach the host's private services. The one for
 * zero is for packets to broadcast and multicast addresses, where the lookup
 * lets it pass.
 */
#include "net/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <netinet/in.h>

#include "base/guard.h"
#include "nft/batch.h"

enum { GUARD_PRIO = -500, GUARD_RULES = 5 };
#define GUARD_CHAIN "from_jails"

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
load_meta(int key, uint8_t len)
{
	return (struct nft_expr){ .kind = NFT_X_META, .op = key, .len = len };
}

static struct nft_expr
compare(int op, const void *data, uint8_t len)
{
	struct nft_expr e = { .kind = NFT_X_CMP, .op = op, .len = len };

	memcpy(e.data, data, len);
	return e;
}

static struct nft_expr
verdict(int what)
{
	return (struct nft_expr){ .kind = NFT_X_VERDICT, .op = what };
}

static void
rule_others(struct nft_batch *b)
{
	const uint32_t group = NET_GROUP;
	const struct nft_expr e[] = {
		load_meta(NFT_META_IIFGROUP, 4),
		compare(NFT_CMP_NEQ, &group, 4),
		verdict(NF_ACCEPT),
	};

	guard_rule(b, e, ARRAY_SIZE(e));
}

/* Drop IPv4 packets with this first byte of the address at `offset`. */
static void
rule_first_byte(struct nft_batch *b, uint16_t offset, uint8_t byte)
{
	static const uint8_t ipv4 = NFPROTO_IPV4;
	const struct nft_expr e[] = {
		load_meta(NFT_META_NFPROTO, 1),
		compare(NFT_CMP_EQ, &ipv4, 1),
		{ .kind = NFT_X_PAYLOAD,
		    .base = NFT_PAYLOAD_NETWORK_HEADER,
		    .offset = offset,
		    .len = 1 },
		compare(NFT_CMP_EQ, &byte, 1),
		verdict(NF_DROP),
	};

	guard_rule(b, e, ARRAY_SIZE(e));
}

static void
rule_source(struct nft_batch *b)
{
	const uint32_t none = 0;
	const struct nft_expr e[] = {
		{ .kind = NFT_X_FIB,
		    .op = NFT_FIB_RESULT_OIF,
		    .num = NFTA_FIB_F_SADDR | NFTA_FIB_F_IIF },
		compare(NFT_CMP_NEQ, &none, 4),
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

static int
make_table(struct err *err)
{
	_cleanup_(nft_batch_clear) struct nft_batch b;
	const struct nft_chain chain = { .name = GUARD_CHAIN,
		.type = "filter",
		.hook = NF_INET_PRE_ROUTING,
		.prio = GUARD_PRIO };

	nft_batch_init(&b);
	nft_batch_table(&b, NFPROTO_INET, NET_GUARD_TABLE, 0);
	nft_batch_chain(&b, NFPROTO_INET, NET_GUARD_TABLE, &chain);
	nft_batch_flush(&b, NFPROTO_INET, NET_GUARD_TABLE, GUARD_CHAIN);
	rule_others(&b);
	rule_first_byte(&b, 16, 127); /* destination */
	rule_first_byte(&b, 12, 0);   /* source */
	rule_source(&b);
	rule_drop(&b);
	return nft_batch_commit(&b, err);
}

/* ---- is it there? ---- */

static int
take_rules(const struct nlmsghdr *m, void *arg)
{
	const struct nlattr *attr;

	mnl_attr_for_each(
	    attr, m, sizeof(struct nfgenmsg)) if (mnl_attr_get_type(attr) ==
	    NFTA_CHAIN_USE) *
	    (uint32_t *)arg = ntohl(mnl_attr_get_u32(attr));
	return 0;
}

/* How many rules the chain has; 0 without it. */
static int
count_rules(uint32_t *ret, struct err *err)
{
	_cleanup_(rtnl_batch_clear) struct rtnl_batch b = RTNL_BATCH_INIT;
	_cleanup_(rtnl_close) struct rtnl nl = RTNL_INIT;
	struct nfgenmsg *nfg;
	struct nlmsghdr *m;
	int r = rtnl_open(&nl, NETLINK_NETFILTER, err);

	if (r < 0)
		return r;
	*ret = 0;
	m = rtnl_add(&b, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN, 0,
	    ENOENT, "find table %s", NET_GUARD_TABLE);
	nfg = mnl_nlmsg_put_extra_header(m, sizeof(*nfg));
	nfg->nfgen_family = NFPROTO_INET;
	nfg->version = NFNETLINK_V0;
	mnl_attr_put_strz(m, NFTA_CHAIN_TABLE, NET_GUARD_TABLE);
	mnl_attr_put_strz(m, NFTA_CHAIN_NAME, GUARD_CHAIN);
	return rtnl_run_answers(&nl, &b, take_rules, ret, err);
}

int
net_guard_is_whole(bool *ret, struct err *err)
{
	uint32_t rules;
	int r = count_rules(&rules, err);

	if (r < 0)
		return err_wrap(err, r, "guard");
	*ret = rules == GUARD_RULES;
	return 0;
}

int
net_guard_ensure(struct err *err)
{
	bool whole;
	int r = net_guard_is_whole(&whole, err);

	if (r < 0 || whole || guard_off("guard"))
		return r;
	r = make_table(err);
	if (r < 0)
		return err_wrap(err, r, "guard");
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* pf's tables in the kernel: what stands there, replacing it, waking it up. */
#include "nft/nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>

#include "base/arena.h"
#include "nft/private.h"

static const uint8_t families[] = { NFPROTO_INET, NFPROTO_IPV4, NFPROTO_IPV6 };

struct names {
	struct nft_name {
		const char *name;
		uint8_t family;
		bool base; /* a base chain */
	} * v;
	size_t n, cap;
};

/* What a load must know about the tables as they are. */
struct found {
	struct arena arena;
	bool table[ARRAY_SIZE(families)];
	bool dormant[ARRAY_SIZE(families)];
	struct names chains, sets;
	uint32_t weight;
	struct nft_stamp stamp;
	bool stamped;
};

static void
found_clear(struct found *f)
{
	arena_clear(&f->arena);
	array_clear(&f->chains);
	array_clear(&f->sets);
}

struct attrs {
	const struct nlattr *v[NFTA_CHAIN_MAX + NFTA_RULE_MAX + 1];
};

static int
collect(const struct nlattr *attr, void *arg)
{
	struct attrs *a = arg;
	uint16_t type = mnl_attr_get_type(attr);

	if (type < ARRAY_SIZE(a->v))
		a->v[type] = attr;
	return MNL_CB_OK;
}

static struct attrs
attrs_of(const struct nlmsghdr *h)
{
	struct attrs a = { 0 };

	(void)mnl_attr_parse(h, sizeof(struct nfgenmsg), collect, &a);
	return a;
}

static uint8_t
family_of(const struct nlmsghdr *h)
{
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(h);

	return g->nfgen_family;
}

/* Is the attribute our table's name? (Old kernels dump all tables.) */
static bool
is_ours(const struct nlattr *table)
{
	return table && streq(mnl_attr_get_str(table), NFT_PF_TABLE);
}

static int
on_table(const struct nlmsghdr *h, void *arg)
{
	struct found *f = arg;
	struct attrs a = attrs_of(h);
	uint32_t flags = 0;

	if (!is_ours(a.v[NFTA_TABLE_NAME]))
		return MNL_CB_OK;
	if (a.v[NFTA_TABLE_FLAGS])
		flags = ntohl(mnl_attr_get_u32(a.v[NFTA_TABLE_FLAGS]));
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		if (families[i] != family_of(h))
			continue;
		f->table[i] = true;
		f->dormant[i] = flags & NFT_TABLE_F_DORMANT;
	}
	return MNL_CB_OK;
}

static int
on_chain(const struct nlmsghdr *h, void *arg)
{
	struct found *f = arg;
	struct attrs a = attrs_of(h);

	if (!is_ours(a.v[NFTA_CHAIN_TABLE]) || !a.v[NFTA_CHAIN_NAME])
		return MNL_CB_OK;
	if (a.v[NFTA_CHAIN_USE])
		f->weight += ntohl(mnl_attr_get_u32(a.v[NFTA_CHAIN_USE]));
	*array_add(&f->chains) = (struct nft_name){
		.name = arena_strdup(
		    &f->arena, mnl_attr_get_str(a.v[NFTA_CHAIN_NAME])),
		.family = family_of(h),
		.base = a.v[NFTA_CHAIN_HOOK] != NULL,
	};
	return MNL_CB_OK;
}

static int
on_set(const struct nlmsghdr *h, void *arg)
{
	struct found *f = arg;
	struct attrs a = attrs_of(h);

	if (!is_ours(a.v[NFTA_SET_TABLE]) || !a.v[NFTA_SET_NAME])
		return MNL_CB_OK;
	*array_add(&f->sets) = (struct nft_name){
		.name = arena_strdup(
		    &f->arena, mnl_attr_get_str(a.v[NFTA_SET_NAME])),
		.family = family_of(h),
	};
	return MNL_CB_OK;
}

static int
on_stamp(const struct nlmsghdr *h, void *arg)
{
	struct found *f = arg;
	struct attrs a = attrs_of(h);
	const struct nlattr *data = a.v[NFTA_RULE_USERDATA];

	if (!is_ours(a.v[NFTA_RULE_TABLE]) || !data ||
	    mnl_attr_get_payload_len(data) != sizeof(f->stamp))
		return MNL_CB_OK;
	memcpy(&f->stamp, mnl_attr_get_payload(data), sizeof(f->stamp));
	f->stamped = memcmp(f->stamp.magic, "gaol", 4) == 0;
	return MNL_CB_OK;
}

static int
find(struct mnl_socket *nl, struct found *f, bool sets, struct err *err)
{
	int r = nl_dump(
	    nl, NFT_MSG_GETTABLE, NFPROTO_UNSPEC, NULL, NULL, on_table, f, err);

	if (r < 0 || !f->table[0])
		return r;
	r = nl_dump(
	    nl, NFT_MSG_GETCHAIN, NFPROTO_UNSPEC, NULL, NULL, on_chain, f, err);
	if (r < 0)
		return r;
	r = nl_dump(nl, NFT_MSG_GETRULE, NFPROTO_INET, NFT_PF_TABLE,
	    NFT_PF_STAMP, on_stamp, f, err);
	if (r < 0 || !sets)
		return r;
	return nl_dump(nl, NFT_MSG_GETSET, NFPROTO_INET, NFT_PF_TABLE, NULL,
	    on_set, f, err);
}

static int
status_once(struct nft_status *ret, struct err *err)
{
	_cleanup_(nl_closep) struct mnl_socket *nl = NULL;
	_cleanup_(found_clear) struct found f = { 0 };
	struct nft_status s = { 0 };
	int r = nft_genid(&s.genid, err);

	if (r < 0)
		return r;
	r = nl_open(NETLINK_NETFILTER, &nl, err);
	if (r < 0)
		return r;
	r = find(nl, &f, false, err);
	if (r < 0)
		return r;
	s.present = f.table[0];
	s.enabled = f.table[0] && !f.dormant[0];
	s.stamped = f.stamped;
	s.stamp = f.stamp;
	s.weight = f.weight;
	*ret = s;
	return 0;
}

int
nft_status_read(struct nft_status *ret, struct err *err)
{
	int r = -EINTR;

	for (int i = 0; i < TRIES && r == -EINTR; i++)
		r = status_once(ret, err);
	return r;
}

bool
nft_status_drifted(const struct nft_status *s)
{
	return s->present &&
	    (!s->stamped || s->stamp.version != NFT_LABEL_VERSION ||
		s->stamp.weight != s->weight);
}

/* ---- loading ---- */

static bool
is_jump(int32_t verdict)
{
	return verdict == NFT_JUMP || verdict == NFT_GOTO;
}

/* What the kernel will count as uses of chains: rules and references. */
static uint32_t
weight_of(const struct nft_load *load)
{
	uint32_t n = 0;

	for (size_t t = 0; t < load->n_table; t++) {
		const struct nft_table *table = &load->table[t];

		n += (uint32_t)table->n_rule;
		for (size_t i = 0; i < table->n_rule; i++) {
			const struct nft_rule *rule = &table->rule[i];

			for (size_t x = 0; x < rule->n_expr; x++)
				n += rule->expr[x].kind == NFT_X_VERDICT &&
				    is_jump(rule->expr[x].op);
		}
	}
	return n;
}

static bool
load_has_set(const struct nft_load *load, const char *name)
{
	for (size_t i = 0; i < load->table[0].n_set; i++)
		if (streq(load->table[0].set[i].name, name))
			return true;
	return false;
}

/*
 * Everything but the base chains goes: rules first, they refer to the rest. A
 * set that the new rules have, too, stays (what it holds is told by its name,
 * so it has the same shape): made anew it would be empty for packets on their
 * way.
 */
static void
put_removal(
    struct nft_batch *b, const struct found *f, const struct nft_load *load)
{
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		if (f->table[i])
			nft_batch_flush(b, families[i], NFT_PF_TABLE, NULL);
	for (size_t i = 0; i < f->sets.n; i++)
		if (!load_has_set(load, f->sets.v[i].name))
			nft_batch_del_set(
			    b, NFPROTO_INET, NFT_PF_TABLE, f->sets.v[i].name);
	for (size_t i = 0; i < f->chains.n; i++)
		if (!f->chains.v[i].base)
			nft_batch_del_chain(b, f->chains.v[i].family,
			    NFT_PF_TABLE, f->chains.v[i].name);
}

static void
put_table(struct nft_batch *b, const struct nft_load *load, size_t i)
{
	const struct nft_table *t = &load->table[i];
	const struct nft_table most = {
		.name = t->name,
		.family = t->family,
		.counter = t->counter,
		.n_counter = t->n_counter,
		.timeout = t->timeout,
		.n_timeout = t->n_timeout,
		.chain = t->chain,
		.n_chain = t->n_chain,
		.rule = t->rule,
		.n_rule = i == 0 ? t->n_rule - 1 : t->n_rule,
	};
	struct nft_rule last;

	nft_batch_content(b, &most);
	if (i)
		return;
	last = t->rule[t->n_rule - 1];
	if (!streq(last.chain, NFT_PF_STAMP))
		BUG("the last rule is in chain %s", last.chain);
	last.userdata = &load->stamp;
	last.userdata_len = sizeof(load->stamp);
	nft_batch_rule(b, t->family, t->name, &last);
}

static void
put_tables(struct nft_batch *b, const struct found *f, bool on)
{
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		if (!f->table[i] || f->dormant[i] == on)
			nft_batch_table(b, families[i], NFT_PF_TABLE,
			    on ? 0 : NFT_TABLE_F_DORMANT);
}

static bool
has_set(const struct names *sets, const char *name)
{
	for (size_t i = 0; i < sets->n; i++)
		if (streq(sets->v[i].name, name))
			return true;
	return false;
}

/*
 * Sets of ranges that are new get a transaction of their own before the one
 * that has the rules. The kernel shows their content a moment after the rules
 * of the same transaction; packets of that moment would find them empty.
 */
static int
sets_first(const struct nft_load *load, const struct found *f, uint32_t *genid,
    struct names *made, struct err *err)
{
	_cleanup_(nft_batch_clear) struct nft_batch b = { 0 };
	size_t before = made->n;
	uint32_t now;
	int r;

	nft_batch_init(&b);
	for (size_t i = 0; i < load->table[0].n_set; i++) {
		const struct nft_set *set = &load->table[0].set[i];

		if (!(set->flags & NFT_SET_INTERVAL) || set->n_elem == 0 ||
		    has_set(&f->sets, set->name))
			continue;
		nft_batch_set(&b, NFPROTO_INET, NFT_PF_TABLE, set);
		nft_batch_elems(&b, NFPROTO_INET, NFT_PF_TABLE, set);
		*array_add(made) = (struct nft_name){ .name = set->name };
	}
	if (made->n == before)
		return 0;
	r = nft_batch_commit_on(&b, *genid, err);
	if (r < 0) {
		made->n = before;
		return r;
	}
	r = nft_genid(&now, err);
	if (r < 0)
		return r;
	if (now != *genid + 1)
		return err_set(err, ERESTART, "nf_tables was changed");
	*genid = now;
	return 0;
}

/* The load failed: what sets_first made is in nobody's use. */
static void
remove_made(const struct names *made)
{
	_cleanup_(nft_batch_clear) struct nft_batch b = { 0 };

	if (made->n == 0)
		return;
	nft_batch_init(&b);
	for (size_t i = 0; i < made->n; i++)
		nft_batch_del_set(
		    &b, NFPROTO_INET, NFT_PF_TABLE, made->v[i].name);
	(void)nft_batch_commit(&b, NULL);
}

/* The sets, but for those that sets_first made just now. */
static int
put_sets(struct nft_batch *b, const struct found *f, const struct names *made,
    const struct nft_load *load, struct err *err)
{
	const struct nft_table *t = &load->table[0];
	int r = 0;

	for (size_t i = 0; i < t->n_set && r == 0; i++) {
		const struct nft_set *set = &t->set[i];

		nft_batch_set(b, t->family, t->name, set);
		if (has_set(made, set->name))
			continue;
		if (!has_set(&f->sets, set->name))
			nft_batch_elems(b, t->family, t->name, set);
		else if (set->n_elem == 0)
			nft_batch_flush_set(b, t->family, t->name, set->name);
		else
			r = nl_put_set(b, set, err);
	}
	return r;
}

/* What stands now, and the generation that it is of. */
static int
find_all(struct found *f, uint32_t *genid, struct err *err)
{
	_cleanup_(nl_closep) struct mnl_socket *nl = NULL;
	int r = nft_genid(genid, err);

	if (r == 0)
		r = nl_open(NETLINK_NETFILTER, &nl, err);
	return r < 0 ? r : find(nl, f, true, err);
}

static int
load_once(const struct nft_load *load, struct names *made, struct err *err)
{
	_cleanup_(found_clear) struct found f = { 0 };
	_cleanup_(nft_batch_clear) struct nft_batch b = { 0 };
	uint32_t genid;
	int r = find_all(&f, &genid, err);

	if (r < 0)
		return r;
	if (f.table[0] && !f.dormant[0])
		r = sets_first(load, &f, &genid, made, err);
	if (r < 0)
		return r;
	nft_batch_init(&b);
	put_tables(&b, &f, load->enable || (f.table[0] && !f.dormant[0]));
	put_removal(&b, &f, load);
	r = put_sets(&b, &f, made, load, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < load->n_table; i++)
		put_table(&b, load, i);
	return nft_batch_commit_on(&b, genid, err);
}

int
nft_load_commit(struct nft_load *load, struct err *err)
{
	struct names made = { 0 };
	int r = -ERESTART;

	memcpy(load->stamp.magic, "gaol", 4);
	load->stamp.version = NFT_LABEL_VERSION;
	load->stamp.weight = weight_of(load);
	for (int i = 0; i < TRIES && (r == -ERESTART || r == -EINTR); i++)
		r = load_once(load, &made, err);
	if (r < 0)
		remove_made(&made);
	array_clear(&made);
	return r;
}

int
nft_enable(bool on, struct err *err)
{
	_cleanup_(nl_closep) struct mnl_socket *nl = NULL;
	_cleanup_(found_clear) struct found f = { 0 };
	_cleanup_(nft_batch_clear) struct nft_batch b = { 0 };
	int r = nl_open(NETLINK_NETFILTER, &nl, err);

	if (r < 0)
		return r;
	r = nl_dump(nl, NFT_MSG_GETTABLE, NFPROTO_UNSPEC, NULL, NULL, on_table,
	    &f, err);
	if (r < 0)
		return r;
	if (!f.table[0])
		return err_set(err, ENOENT, "no rules were ever loaded");
	nft_batch_init(&b);
	put_tables(&b, &f, on);
	return nft_batch_commit(&b, err);
}

int
nft_remove(struct err *err)
{
	_cleanup_(nft_batch_clear) struct nft_batch b = { 0 };

	nft_batch_init(&b);
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		nft_batch_del_table_if_there(&b, families[i], NFT_PF_TABLE);
	return nft_batch_commit(&b, err);
}

static int
replace_once(const struct nft_set *set, size_t n_set, struct err *err)
{
	_cleanup_(nft_batch_clear) struct nft_batch b = { 0 };
	uint32_t genid;
	int r = nft_genid(&genid, err);

	nft_batch_init(&b);
	for (size_t i = 0; i < n_set && r == 0; i++)
		r = nl_put_set(&b, &set[i], err);
	return r < 0 ? r : nft_batch_commit_on(&b, genid, err);
}

int
nft_sets_replace(const struct nft_set *set, size_t n_set, struct err *err)
{
	int r = -EINTR;

	for (int i = 0; i < TRIES && (r == -EINTR || r == -ERESTART); i++)
		r = replace_once(set, n_set, err);
	return r;
}

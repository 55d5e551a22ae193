/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading what other programs have in nf_tables. */
#include "nft/foreign.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>

#include "nft/foreign-private.h"
#include "nft/nft.h"
#include "nft/private.h"

static bool
is_ours(const char *table)
{
	return streq(table, NFT_PF_TABLE) || str_starts(table, "gaol_");
}

static struct foreign_table *
table_of(struct foreign *f, const struct nlmsghdr *h, const struct nlattr *name)
{
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(h);

	for (size_t i = 0; name && i < f->n_table; i++)
		if (f->table[i].family == g->nfgen_family &&
		    streq(f->table[i].name, mnl_attr_get_str(name)))
			return &f->table[i];
	return NULL;
}

/* ---- tables and chains ---- */

static int
on_table(const struct nlmsghdr *h, void *arg)
{
	struct foreign *f = arg;
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(h);
	struct foreign_attrs a = foreign_msg_attrs(h);
	struct foreign_table *t;

	if (!a.v[NFTA_TABLE_NAME] ||
	    is_ours(mnl_attr_get_str(a.v[NFTA_TABLE_NAME])))
		return MNL_CB_OK;
	f->table =
	    array_grow(f->table, f->n_table, &f->cap_table, sizeof(*f->table));
	t = &f->table[f->n_table++];
	*t = (struct foreign_table){
		.family = g->nfgen_family,
		.name = arena_strdup(
		    &f->arena, mnl_attr_get_str(a.v[NFTA_TABLE_NAME])),
		.dormant =
		    foreign_u32(a.v[NFTA_TABLE_FLAGS]) & NFT_TABLE_F_DORMANT,
	};
	return MNL_CB_OK;
}

static void
copy_word(char *to, size_t size, const struct nlattr *from)
{
	if (from)
		snprintf(to, size, "%s", mnl_attr_get_str(from));
}

static void
read_hook(struct foreign_chain *c, const struct nlattr *hook)
{
	struct foreign_attrs a = foreign_attrs(hook);

	c->base = true;
	c->hook = foreign_u32(a.v[NFTA_HOOK_HOOKNUM]);
	c->prio = (int32_t)foreign_u32(a.v[NFTA_HOOK_PRIORITY]);
	copy_word(c->device, sizeof(c->device), a.v[NFTA_HOOK_DEV]);
}

static int
on_chain(const struct nlmsghdr *h, void *arg)
{
	struct foreign *f = arg;
	struct foreign_attrs a = foreign_msg_attrs(h);
	struct foreign_table *t = table_of(f, h, a.v[NFTA_CHAIN_TABLE]);
	struct foreign_chain *c;

	if (!t || !a.v[NFTA_CHAIN_NAME])
		return MNL_CB_OK;
	t->chain =
	    array_grow(t->chain, t->n_chain, &t->cap_chain, sizeof(*t->chain));
	c = &t->chain[t->n_chain++];
	*c = (struct foreign_chain){
		.name = arena_strdup(
		    &f->arena, mnl_attr_get_str(a.v[NFTA_CHAIN_NAME])),
	};
	if (!a.v[NFTA_CHAIN_HOOK])
		return MNL_CB_OK;
	read_hook(c, a.v[NFTA_CHAIN_HOOK]);
	copy_word(c->type, sizeof(c->type), a.v[NFTA_CHAIN_TYPE]);
	c->policy_drop = a.v[NFTA_CHAIN_POLICY] &&
	    foreign_u32(a.v[NFTA_CHAIN_POLICY]) == NF_DROP;
	return MNL_CB_OK;
}

/* ---- rules ---- */

static struct foreign_chain *
chain_of(const struct foreign_table *t, const struct nlattr *name)
{
	/* Rules come chain by chain. */
	for (size_t i = 0; name && i < t->n_chain; i++)
		if (streq(t->chain[i].name, mnl_attr_get_str(name)))
			return &t->chain[i];
	return NULL;
}

/* iptables-nft's rules need its own program to change and to list them. */
static bool
has_compat(const struct nlattr *exprs)
{
	const struct nlattr *elem;

	mnl_attr_for_each_nested(elem, exprs)
	{
		struct foreign_attrs e = foreign_attrs(elem);
		const char *name = e.v[NFTA_EXPR_NAME]
		    ? mnl_attr_get_str(e.v[NFTA_EXPR_NAME])
		    : "";

		if (streq(name, "match") || streq(name, "target"))
			return true;
	}
	return false;
}

struct rule_walk {
	struct foreign *f;
	struct foreign_table *table;
};

static int
on_rule(const struct nlmsghdr *h, void *arg)
{
	struct rule_walk *w = arg;
	struct foreign_attrs a = foreign_msg_attrs(h);
	struct foreign_chain *c = chain_of(w->table, a.v[NFTA_RULE_CHAIN]);
	struct foreign_rule *rule;

	if (!c)
		return MNL_CB_OK;
	c->rule =
	    array_grow(c->rule, c->n_rule, &c->cap_rule, sizeof(*c->rule));
	rule = &c->rule[c->n_rule++];
	*rule = (struct foreign_rule){ 0 };
	if (a.v[NFTA_RULE_HANDLE])
		rule->handle = be64toh(mnl_attr_get_u64(a.v[NFTA_RULE_HANDLE]));
	if (!a.v[NFTA_RULE_EXPRESSIONS])
		return MNL_CB_OK;
	w->table->iptables |= has_compat(a.v[NFTA_RULE_EXPRESSIONS]);
	foreign_rule_read(w->f, rule, a.v[NFTA_RULE_EXPRESSIONS]);
	return MNL_CB_OK;
}

/* ---- sets ---- */

static int
on_set(const struct nlmsghdr *h, void *arg)
{
	struct foreign *f = arg;
	struct foreign_attrs a = foreign_msg_attrs(h);
	struct foreign_table *t = table_of(f, h, a.v[NFTA_SET_TABLE]);
	uint32_t flags = foreign_u32(a.v[NFTA_SET_FLAGS]);
	struct foreign_set *s;

	if (!t || !a.v[NFTA_SET_NAME])
		return MNL_CB_OK;
	t->set = array_grow(t->set, t->n_set, &t->cap_set, sizeof(*t->set));
	s = &t->set[t->n_set++];
	*s = (struct foreign_set){
		.name = arena_strdup(
		    &f->arena, mnl_attr_get_str(a.v[NFTA_SET_NAME])),
		.key_len = foreign_u32(a.v[NFTA_SET_KEY_LEN]),
		.interval = flags & NFT_SET_INTERVAL,
		.anonymous = flags & NFT_SET_ANONYMOUS,
		.map = flags & (NFT_SET_MAP | NFT_SET_OBJECT),
	};
	return MNL_CB_OK;
}

struct elem_walk {
	struct foreign *f;
	struct foreign_set *set;
};

static void
add_elem(struct elem_walk *w, const struct nlattr *elem)
{
	struct foreign_attrs a = foreign_attrs(elem);
	struct foreign_attrs key = foreign_attrs(a.v[NFTA_SET_ELEM_KEY]);
	struct foreign_attrs data = foreign_attrs(a.v[NFTA_SET_ELEM_DATA]);
	const struct nlattr *value = key.v[NFTA_DATA_VALUE];
	uint32_t flags = foreign_u32(a.v[NFTA_SET_ELEM_FLAGS]);
	struct foreign_set *s = w->set;
	struct foreign_elem *e;

	if (value && mnl_attr_get_payload_len(value) < s->key_len)
		return;
	s->elem =
	    array_grow(s->elem, s->n_elem, &s->cap_elem, sizeof(*s->elem));
	e = &s->elem[s->n_elem++];
	*e = (struct foreign_elem){
		.end = flags & NFT_SET_ELEM_INTERVAL_END,
		.wide = a.v[NFTA_SET_ELEM_KEY_END],
		.catchall = !value,
		.verdict = NFT_CONTINUE,
	};
	if (value)
		e->key = arena_memdup(
		    &w->f->arena, mnl_attr_get_payload(value), s->key_len);
	if (data.v[NFTA_DATA_VERDICT])
		e->verdict = foreign_verdict(
		    data.v[NFTA_DATA_VERDICT], &w->f->arena, &e->chain);
}

static int
on_elems(const struct nlmsghdr *h, void *arg)
{
	struct foreign_attrs a = foreign_msg_attrs(h);
	const struct nlattr *elem;

	if (a.v[NFTA_SET_ELEM_LIST_ELEMENTS])
		mnl_attr_for_each_nested(elem, a.v[NFTA_SET_ELEM_LIST_ELEMENTS])
		    add_elem(arg, elem);
	return MNL_CB_OK;
}

/* Table by table: our own may have thousands, which nobody asks for here. */
static int
read_rules(struct mnl_socket *nl, struct foreign *f, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < f->n_table && r == 0; i++) {
		struct rule_walk w = { f, &f->table[i] };

		r = nl_dump(nl, NFT_MSG_GETRULE, w.table->family, w.table->name,
		    NULL, on_rule, &w, err);
	}
	return r;
}

static int
read_elems(struct mnl_socket *nl, struct foreign *f, struct err *err)
{
	for (size_t i = 0; i < f->n_table; i++) {
		struct foreign_table *t = &f->table[i];

		for (size_t k = 0; k < t->n_set; k++) {
			struct elem_walk w = { f, &t->set[k] };
			int r = nl_dump(nl, NFT_MSG_GETSETELEM, t->family,
			    t->name, w.set->name, on_elems, &w, err);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* ---- conntrack helpers that rules attach ---- */

static int
on_object(const struct nlmsghdr *h, void *arg)
{
	struct foreign *f = arg;
	struct foreign_attrs a = foreign_msg_attrs(h);
	struct foreign_attrs data = foreign_attrs(a.v[NFTA_OBJ_DATA]);

	if (foreign_u32(a.v[NFTA_OBJ_TYPE]) == NFT_OBJECT_CT_HELPER &&
	    data.v[NFTA_CT_HELPER_NAME] && table_of(f, h, a.v[NFTA_OBJ_TABLE]))
		foreign_word_add(f->kernel.helpers, sizeof(f->kernel.helpers),
		    mnl_attr_get_str(data.v[NFTA_CT_HELPER_NAME]));
	return MNL_CB_OK;
}

/* ---- all of it ---- */

static void
name_owners(struct foreign *f)
{
	for (size_t i = 0; i < f->n_table; i++) {
		struct foreign_table *t = &f->table[i];

		t->iptables |= foreign_is_iptables(t);
		t->owner = foreign_table_owner(t);
		for (size_t k = 0; k < t->n_chain; k++)
			t->chain[k].owner =
			    foreign_chain_owner(t, t->chain[k].name);
	}
}

static int
read_once(struct foreign *f, struct err *err)
{
	static const struct {
		uint16_t type;
		mnl_cb_t cb;
	} dumps[] = {
		{ NFT_MSG_GETTABLE, on_table },
		{ NFT_MSG_GETCHAIN, on_chain },
		{ NFT_MSG_GETSET, on_set },
		{ NFT_MSG_GETOBJ, on_object },
	};
	_cleanup_(nl_closep) struct mnl_socket *nl = NULL;
	uint32_t genid;
	int r = nft_genid(&f->genid, err);

	if (r < 0)
		return r;
	r = nl_open(NETLINK_NETFILTER, &nl, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(dumps); i++) {
		r = nl_dump(nl, dumps[i].type, NFPROTO_UNSPEC, NULL, NULL,
		    dumps[i].cb, f, err);
		if (r < 0)
			return r;
	}
	r = read_rules(nl, f, err);
	if (r == 0)
		r = read_elems(nl, f, err);
	if (r < 0)
		return r;
	r = nft_genid(&genid, err);
	if (r < 0)
		return r;
	return genid == f->genid ? 0 : -EINTR;
}

int
foreign_read(struct foreign *ret, struct err *err)
{
	_cleanup_(foreign_clear) struct foreign f = { 0 };
	int r = -EINTR;

	/* A table that went away between two dumps is -ENOENT: the rules
	 * changed, too. */
	for (int i = 0; i < TRIES && (r == -EINTR || r == -ENOENT); i++) {
		foreign_clear(&f);
		r = read_once(&f, err);
	}
	if (r == -EINTR || r == -ENOENT)
		return err_set(err, EAGAIN,
		    "nf_tables changes all the time: its rules cannot be read");
	if (r < 0)
		return r;
	name_owners(&f);
	foreign_kernel_read(&f.kernel);
	err_clear(err);
	*ret = f;
	f = (struct foreign){ 0 };
	return 0;
}

static void
chain_clear(struct foreign_chain *c)
{
	for (size_t i = 0; i < c->n_rule; i++)
		free(c->rule[i].expr);
	free(c->rule);
}

void
foreign_clear(struct foreign *f)
{
	for (size_t i = 0; i < f->n_table; i++) {
		struct foreign_table *t = &f->table[i];

		for (size_t k = 0; k < t->n_chain; k++)
			chain_clear(&t->chain[k]);
		for (size_t k = 0; k < t->n_set; k++)
			free(t->set[k].elem);
		free(t->chain);
		free(t->set);
	}
	free(f->table);
	arena_clear(&f->arena);
	*f = (struct foreign){ 0 };
}

bool
foreign_has(const struct foreign *f, enum foreign_owner owner)
{
	for (size_t i = 0; i < f->n_table; i++) {
		const struct foreign_table *t = &f->table[i];

		if (t->owner == owner)
			return true;
		for (size_t k = 0; k < t->n_chain; k++)
			if (t->chain[k].owner == owner)
				return true;
	}
	return false;
}

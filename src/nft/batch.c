/* SPDX-License-Identifier: BSD-2-Clause */
/* The messages of a transaction. */
#include "nft/private.h"

#include <linux/netfilter.h>

/* An attribute holds 64 kB at most; element lists are cut well before. */
enum { ELEMS_MAX = 60000 };

void
nft_batch_init(struct nft_batch *b)
{
	size_t msg;

	*b = (struct nft_batch){ 0 };
	msg = nl_frame(b, NFNL_MSG_BATCH_BEGIN);
	/* The generation, filled in at commit. */
	nl_put_be32(b, NFNL_BATCH_GENID, 0);
	nl_msg_end(b, msg);
	b->n_begin = b->len;
}

void
nft_batch_clear(struct nft_batch *b)
{
	free(b->buf);
	free(b->note);
	*b = (struct nft_batch){ 0 };
}

void
nft_batch_table(
    struct nft_batch *b, uint8_t family, const char *table, uint32_t flags)
{
	size_t msg = nl_msg(b, NFT_MSG_NEWTABLE, NLM_F_CREATE, family, table);

	nl_put_str(b, NFTA_TABLE_NAME, table);
	nl_put_be32(b, NFTA_TABLE_FLAGS, flags);
	nl_msg_end(b, msg);
}

void
nft_batch_del_table_if_there(
    struct nft_batch *b, uint8_t family, const char *table)
{
	size_t msg = nl_msg(b, NFT_MSG_NEWTABLE, NLM_F_CREATE, family, table);

	nl_put_str(b, NFTA_TABLE_NAME, table);
	nl_msg_end(b, msg);
	msg = nl_msg(b, NFT_MSG_DELTABLE, 0, family, table);
	nl_put_str(b, NFTA_TABLE_NAME, table);
	nl_msg_end(b, msg);
}

void
nft_batch_chain(struct nft_batch *b, uint8_t family, const char *table,
    const struct nft_chain *c)
{
	size_t msg = nl_msg(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE, family, c->name);

	nl_put_str(b, NFTA_CHAIN_TABLE, table);
	nl_put_str(b, NFTA_CHAIN_NAME, c->name);
	if (c->type) {
		size_t hook = nl_nest(b, NFTA_CHAIN_HOOK);

		nl_put_be32(b, NFTA_HOOK_HOOKNUM, c->hook);
		nl_put_be32(b, NFTA_HOOK_PRIORITY, (uint32_t)c->prio);
		nl_nest_end(b, hook);
		nl_put_str(b, NFTA_CHAIN_TYPE, c->type);
		nl_put_be32(b, NFTA_CHAIN_POLICY, NF_ACCEPT);
	}
	nl_msg_end(b, msg);
}

void
nft_batch_del_chain(
    struct nft_batch *b, uint8_t family, const char *table, const char *chain)
{
	size_t msg = nl_msg(b, NFT_MSG_DELCHAIN, 0, family, chain);

	nl_put_str(b, NFTA_CHAIN_TABLE, table);
	nl_put_str(b, NFTA_CHAIN_NAME, chain);
	nl_msg_end(b, msg);
}

void
nft_batch_rule(struct nft_batch *b, uint8_t family, const char *table,
    const struct nft_rule *rule)
{
	size_t msg = nl_msg(b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND,
	    family, rule->chain);
	size_t exprs;

	nl_put_str(b, NFTA_RULE_TABLE, table);
	nl_put_str(b, NFTA_RULE_CHAIN, rule->chain);
	exprs = nl_nest(b, NFTA_RULE_EXPRESSIONS);
	nl_put_exprs(b, rule->expr, rule->n_expr);
	nl_nest_end(b, exprs);
	if (rule->userdata)
		nl_put(
		    b, NFTA_RULE_USERDATA, rule->userdata, rule->userdata_len);
	nl_msg_end(b, msg);
}

void
nft_batch_flush(
    struct nft_batch *b, uint8_t family, const char *table, const char *chain)
{
	size_t msg = nl_msg(b, NFT_MSG_DELRULE, 0, family, table);

	nl_put_str(b, NFTA_RULE_TABLE, table);
	if (chain)
		nl_put_str(b, NFTA_RULE_CHAIN, chain);
	nl_msg_end(b, msg);
}

static void
put_elem(
    struct nft_batch *b, const struct nft_set *set, const struct nft_elem *e)
{
	size_t elem = nl_nest(b, NFTA_LIST_ELEM);
	size_t data = nl_nest(b, NFTA_SET_ELEM_KEY);

	nl_put(b, NFTA_DATA_VALUE, e->key, set->key_len);
	nl_nest_end(b, data);
	if (e->end)
		nl_put_be32(b, NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
	if ((set->flags & NFT_SET_MAP) && !e->end) {
		data = nl_nest(b, NFTA_SET_ELEM_DATA);
		nl_put(b, NFTA_DATA_VALUE, e->data, set->data_len);
		nl_nest_end(b, data);
	}
	nl_nest_end(b, elem);
}

/* Elements from *at on, as many as one message holds. */
static void
put_elems(struct nft_batch *b, uint16_t type, uint8_t family, const char *table,
    const struct nft_set *set, size_t *at)
{
	uint16_t flags = type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0;
	size_t msg = nl_msg(b, type, flags, family, set->name);
	size_t list;

	nl_put_str(b, NFTA_SET_ELEM_LIST_TABLE, table);
	nl_put_str(b, NFTA_SET_ELEM_LIST_SET, set->name);
	list = nl_nest(b, NFTA_SET_ELEM_LIST_ELEMENTS);
	while (*at < set->n_elem && b->len - list < ELEMS_MAX)
		put_elem(b, set, &set->elem[(*at)++]);
	nl_nest_end(b, list);
	nl_msg_end(b, msg);
}

void
nft_batch_elems(struct nft_batch *b, uint8_t family, const char *table,
    const struct nft_set *set)
{
	for (size_t at = 0; at < set->n_elem;)
		put_elems(b, NFT_MSG_NEWSETELEM, family, table, set, &at);
}

void
nft_batch_del_elems(struct nft_batch *b, uint8_t family, const char *table,
    const struct nft_set *set)
{
	for (size_t at = 0; at < set->n_elem;)
		put_elems(b, NFT_MSG_DELSETELEM, family, table, set, &at);
}

void
nft_batch_set(struct nft_batch *b, uint8_t family, const char *table,
    const struct nft_set *set)
{
	size_t msg = nl_msg(b, NFT_MSG_NEWSET, NLM_F_CREATE, family, set->name);

	nl_put_str(b, NFTA_SET_TABLE, table);
	nl_put_str(b, NFTA_SET_NAME, set->name);
	nl_put_be32(b, NFTA_SET_FLAGS, set->flags);
	nl_put_be32(b, NFTA_SET_KEY_TYPE, set->key_type);
	nl_put_be32(b, NFTA_SET_KEY_LEN, set->key_len);
	if (set->flags & NFT_SET_MAP) {
		nl_put_be32(b, NFTA_SET_DATA_TYPE, set->data_type);
		nl_put_be32(b, NFTA_SET_DATA_LEN, set->data_len);
	}
	if (set->size) {
		size_t desc = nl_nest(b, NFTA_SET_DESC);

		nl_put_be32(b, NFTA_SET_DESC_SIZE, set->size);
		nl_nest_end(b, desc);
	}
	nl_put_be32(b, NFTA_SET_ID, ++b->set_id);
	nl_msg_end(b, msg);
}

void
nft_batch_del_set(
    struct nft_batch *b, uint8_t family, const char *table, const char *set)
{
	size_t msg = nl_msg(b, NFT_MSG_DELSET, 0, family, set);

	nl_put_str(b, NFTA_SET_TABLE, table);
	nl_put_str(b, NFTA_SET_NAME, set);
	nl_msg_end(b, msg);
}

void
nft_batch_flush_set(
    struct nft_batch *b, uint8_t family, const char *table, const char *set)
{
	size_t msg = nl_msg(b, NFT_MSG_DELSETELEM, 0, family, set);

	nl_put_str(b, NFTA_SET_ELEM_LIST_TABLE, table);
	nl_put_str(b, NFTA_SET_ELEM_LIST_SET, set);
	nl_msg_end(b, msg);
}

void
nft_batch_counter(
    struct nft_batch *b, uint8_t family, const char *table, const char *counter)
{
	size_t msg = nl_msg(b, NFT_MSG_NEWOBJ, NLM_F_CREATE, family, counter);

	nl_put_str(b, NFTA_OBJ_TABLE, table);
	nl_put_str(b, NFTA_OBJ_NAME, counter);
	nl_put_be32(b, NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER);
	nl_nest_end(b, nl_nest(b, NFTA_OBJ_DATA));
	nl_msg_end(b, msg);
}

void
nft_batch_timeout(struct nft_batch *b, uint8_t family, const char *table,
    const struct nft_timeout *t)
{
	size_t msg = nl_msg(b, NFT_MSG_NEWOBJ, NLM_F_CREATE, family, t->name);
	size_t data, phases;

	nl_put_str(b, NFTA_OBJ_TABLE, table);
	nl_put_str(b, NFTA_OBJ_NAME, t->name);
	nl_put_be32(b, NFTA_OBJ_TYPE, NFT_OBJECT_CT_TIMEOUT);
	data = nl_nest(b, NFTA_OBJ_DATA);
	/* The kernel compares the protocol alone, so one serves IPv6, too. */
	nl_put_be16(b, NFTA_CT_TIMEOUT_L3PROTO, NFPROTO_IPV4);
	nl_put_u8(b, NFTA_CT_TIMEOUT_L4PROTO, t->proto);
	phases = nl_nest(b, NFTA_CT_TIMEOUT_DATA);
	for (uint16_t i = 0; i < NFT_TIMEOUT_PHASES; i++)
		if (t->seconds[i])
			nl_put_be32(b, i, t->seconds[i]);
	nl_nest_end(b, phases);
	nl_nest_end(b, data);
	nl_msg_end(b, msg);
}

void
nft_batch_content(struct nft_batch *b, const struct nft_table *t)
{
	for (size_t i = 0; i < t->n_chain; i++)
		nft_batch_chain(b, t->family, t->name, &t->chain[i]);
	for (size_t i = 0; i < t->n_counter; i++)
		nft_batch_counter(b, t->family, t->name, t->counter[i]);
	for (size_t i = 0; i < t->n_timeout; i++)
		nft_batch_timeout(b, t->family, t->name, &t->timeout[i]);
	for (size_t i = 0; i < t->n_rule; i++)
		nft_batch_rule(b, t->family, t->name, &t->rule[i]);
}

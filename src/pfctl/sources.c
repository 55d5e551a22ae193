/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sources, of the states whose rules track them: pfctl -s Sources, -K and
 * -F Sources. A source is there as long as it has such a state; one that was
 * forgotten keeps its states, which then no limit counts.
 */
#include <arpa/inet.h>

#include "pfctl/states.h"

static const uint32_t bits[] = { NFT_L_FWD, NFT_L_REV };

/* The rule of pf's state `bit` of the entry, if it tracks sources. */
static const struct pf_rule *
tracked_by(const struct sources *all, const struct nft_state *s, uint32_t bit)
{
	const struct pf_rule *r;
	struct pf_view v;

	if (!(s->label[2] & bit) || (s->label[2] & NFT_L_FORGOTTEN(bit)))
		return NULL;
	state_view(s, bit, &v);
	r = rule_of(&all->ids, all->rules, v.rule);
	return r && r->state && r->state->track != PF_TRACK_NONE ? r : NULL;
}

static int
by_address(const void *a, const void *b)
{
	const struct source *x = a, *y = b;
	int c = memcmp(x->addr, y->addr, sizeof(x->addr));

	return c != 0 ? c : x->nr - y->nr;
}

static void
add_state(struct sources *all, const struct nft_state *s, uint32_t bit)
{
	const struct pf_rule *r = tracked_by(all, s, bit);
	struct source *new;
	struct pf_view v;

	if (!r)
		return;
	state_view(s, bit, &v);
	new = array_add(all);
	*new = (struct source){
		.family = s->orig.family,
		.nr = r->state->track == PF_TRACK_RULE
		    ? rule_number(&all->ids, v.rule)
		    : -1,
		.seconds = r->state->rate_seconds,
		.states = 1,
		.conns = s->orig.proto == IPPROTO_TCP && s->assured,
	};
	nft_state_source(s, bit, new->addr);
}

/* One of all that are the same. */
static void
merge_same(struct sources *all)
{
	size_t to = 0;

	if (all->n)
		qsort(all->v, all->n, sizeof(*all->v), by_address);
	for (size_t i = 0; i < all->n; i++) {
		if (to > 0 && by_address(&all->v[to - 1], &all->v[i]) == 0) {
			all->v[to - 1].states += all->v[i].states;
			all->v[to - 1].conns += all->v[i].conns;
		} else {
			all->v[to++] = all->v[i];
		}
	}
	all->n = to;
}

int
sources_read(struct sources *ret, struct store *s,
    const struct pf_ruleset *rules, struct err *err)
{
	_cleanup_(nft_states_clear) struct nft_states states = { 0 };
	int r = nft_state_list(&states, err);

	if (r < 0)
		return r;
	ret->rules = rules;
	rule_ids_read(&ret->ids, s);
	for (size_t i = 0; i < states.n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(bits); k++)
			add_state(ret, &states.v[i], bits[k]);
	merge_same(ret);
	return 0;
}

void
sources_clear(struct sources *all)
{
	rule_ids_clear(&all->ids);
	array_clear(all);
}

/* ---- showing ---- */

static void
print_source(const struct source *s, bool verbose)
{
	const uint8_t *ip = s->family == AF_INET ? s->addr + 12 : s->addr;
	char text[INET6_ADDRSTRLEN];

	inet_ntop(s->family, ip, text, sizeof(text));
	printf("%s -> %s ( states %u, connections %u, ", text,
	    s->family == AF_INET ? "0.0.0.0" : "::", s->states, s->conns);
	/* How full its bucket is the kernel does not say. */
	printf(s->seconds ? "rate -/%us )\n" : "rate 0.0/%us )\n", s->seconds);
	if (!verbose)
		return;
	/* Of states that are gone nothing is known. */
	fputs("   age -, - pkts, - bytes", stdout);
	if (s->nr >= 0)
		printf(", filter rule %d", s->nr);
	putchar('\n');
}

int
show_sources(const struct pfctl *p, struct store *store,
    const struct pf_ruleset *rules, struct err *err)
{
	_cleanup_(sources_clear) struct sources all = { 0 };
	int r = sources_read(&all, store, rules, err);

	for (size_t i = 0; i < all.n; i++)
		print_source(&all.v[i], p->verbose > 0);
	return r;
}

/* ---- forgetting ---- */

struct choice {
	const struct sources *all;
	const struct net *net; /* NULL: all of them */
};

static bool
is_chosen(const uint8_t addr[16], void *arg)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	const struct choice *c = arg;
	bool v4 = memcmp(addr, mapped, sizeof(mapped)) == 0;

	return !c->net ||
	    net_has(c->net, v4 ? addr + 12 : addr, v4 ? AF_INET : AF_INET6);
}

static uint32_t
mark(const struct nft_state *s, void *arg)
{
	const struct choice *c = arg;
	uint32_t ret = 0;
	uint8_t addr[16];

	for (size_t k = 0; k < ARRAY_SIZE(bits); k++) {
		if (!tracked_by(c->all, s, bits[k]))
			continue;
		nft_state_source(s, bits[k], addr);
		if (is_chosen(addr, arg))
			ret |= NFT_L_FORGOTTEN(bits[k]);
	}
	return ret;
}

int
sources_forget(
    const struct sources *all, const struct net *net, struct err *err)
{
	struct choice c = { all, net };
	int n = 0;
	int r = nft_sources_forget(is_chosen, &c, err);

	if (r == 0)
		r = nft_state_mark(mark, &c, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < all->n; i++)
		n += is_chosen(all->v[i].addr, &c);
	return n;
}

int
flush_sources(struct store *store, const struct pf_env *env, struct err *err)
{
	_cleanup_(current_clear) struct current loaded = CURRENT_INIT;
	_cleanup_(sources_clear) struct sources all = { 0 };
	int r = current_read(store, env, &loaded, err);

	if (r == 0)
		r = sources_read(&all, store, loaded.rules, err);
	if (r == 0)
		r = sources_forget(&all, NULL, err);
	return r < 0 ? r : 0;
}

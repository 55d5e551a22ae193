/* SPDX-License-Identifier: BSD-2-Clause */
/* Lowering: the way from a ruleset to nf_tables' tables. */
#include "pf/lower-private.h"

#include <errno.h>
#include <inttypes.h>

static _printf_(4, 0) void add_error(
    struct lw *lw, const char *file, uint32_t line, const char *fmt, va_list ap)
{
	if (file)
		str_printf(lw->msgs, "%s:%u: ", file, line);
	str_vprintf(lw->msgs, fmt, ap);
	str_addc(lw->msgs, '\n');
	lw->errors++;
}

void
lw_error(struct lw *lw, const struct pf_rule *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_error(lw, r ? r->file : NULL, r ? r->line : 0, fmt, ap);
	va_end(ap);
}

void
lw_error_at(
    struct lw *lw, const char *file, uint32_t line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_error(lw, file, line, fmt, ap);
	va_end(ap);
}

/* ---- classes of interfaces ---- */

const char *
lw_class_chain(const struct lw *lw, int class, const char *what)
{
	const char *name = "ext";

	if (class != LW_EXT)
		name = lw->one_loop ? "lo" : lw->loops.v[class].name;
	return arena_printf(lw->arena, "%s_%s", name, what);
}

bool
lw_class_skipped(const struct lw *lw, int class)
{
	return class != LW_EXT && lw->loops.v[class].skip;
}

void
lw_skip_rules(struct lw *lw, const char *chain, bool out)
{
	const struct strv *skip = &lw->rs->options.skip;

	for (size_t i = 0; i < skip->n; i++) {
		const char *name = skip->v[i];

		if (!lw_on_class(lw, name, false, LW_EXT))
			continue;
		lw_begin(lw, LW_INET, chain);
		if (!pf_env_if(lw->env, name) &&
		    pf_env_is_group(lw->env, name)) {
			x_meta(
			    lw, out ? NFT_META_OIFNAME : NFT_META_IIFNAME, 0);
			x_lookup(lw, 0, lw_group_set(lw, name), false);
		} else {
			x_ifname(lw, out, false, name);
		}
		x_verdict(lw, NF_ACCEPT, NULL);
		lw_end(lw);
	}
}

static void
add_loop(struct lw *lw, const char *name)
{
	const struct strv *skip = &lw->rs->options.skip;
	struct lw_loop *loop = array_add(&lw->loops);

	loop->name = name;
	for (size_t i = 0; i < skip->n; i++)
		loop->skip |=
		    lw_on_class(lw, skip->v[i], false, (int)lw->loops.n - 1);
}

static void
find_loops(struct lw *lw)
{
	add_loop(lw, "lo0");
	for (size_t i = 0; i < lw->env->ifs.n; i++) {
		const struct pf_if *f = &lw->env->ifs.v[i];

		if ((f->flags & PF_IF_LOOPBACK) && !streq(f->name, "lo0"))
			add_loop(lw, f->name);
	}
}

/* Does a rule see packets of one loopback and not those of another? */
static bool
tells_apart(const struct lw *lw, const struct pf_rule *r)
{
	if (r->src.addr.kind == PF_ADDR_URPF)
		return true;
	if (!r->ifname)
		return false;
	for (size_t i = 1; i < lw->loops.n; i++)
		if (lw_on_class(lw, r->ifname, r->if_not, (int)i) !=
		    lw_on_class(lw, r->ifname, r->if_not, 0))
			return true;
	return false;
}

static bool
any_tells_apart(const struct lw *lw)
{
	for (size_t i = 1; i < lw->loops.n; i++)
		if (lw->loops.v[i].skip != lw->loops.v[0].skip)
			return true;
	for (struct pf_anchor *a = lw->rs->main; a; a = a->next)
		for (int list = 0; list < PF_LIST_COUNT; list++)
			for (size_t i = 0; i < a->list[list].n; i++)
				if (tells_apart(lw, a->list[list].v[i]))
					return true;
	return false;
}

bool
lw_any_filter(const struct lw *lw, bool (*like)(const struct pf_rule *r))
{
	for (struct pf_anchor *a = lw->rs->main; a; a = a->next) {
		const struct pf_rules *list = &a->list[PF_LIST_FILTER];

		for (size_t i = 0; i < list->n; i++)
			if (like(list->v[i]))
				return true;
	}
	return false;
}

/* ---- addresses of a pool ---- */

size_t
lw_prefix_addrs(const struct pf_addr *a, uint8_t af, union pf_ip *ip)
{
	size_t len = af == AF_INET ? 4 : 16;
	struct range range = range_prefix(a->ip.b, len, a->bits);
	size_t n = 0;

	if (a->kind != PF_ADDR_IP)
		return 0;
	do {
		if (n == LW_POOL_MAX)
			break;
		memset(&ip[n], 0, sizeof(ip[n]));
		memcpy(ip[n++].b, range.from, len);
	} while (memcmp(range.from, range.to, len) != 0 &&
	    range_next(range.from, len));
	return n;
}

size_t
lw_if_addrs(
    const struct lw *lw, const struct pf_addr *a, uint8_t af, union pf_ip *ip)
{
	size_t n = 0;

	for (size_t i = 0; i < lw->env->ifs.n; i++) {
		const struct pf_if *f = &lw->env->ifs.v[i];

		if (!streq(f->name, a->name) && !streq(a->name, "self"))
			continue;
		for (size_t k = 0; k < f->addrs.n && n < LW_POOL_MAX; k++) {
			if (f->addrs.v[k].af != af)
				continue;
			ip[n++] = f->addrs.v[k].ip;
			if (a->mods & PF_MOD_NOALIAS)
				break;
		}
	}
	return n;
}

/* ---- sysctls ---- */

static struct pf_need *
need(struct lw *lw, const char *path, const char *value, const char *why)
{
	struct pf_need *n;

	for (size_t i = 0; i < lw->out->needs.n; i++)
		if (streq(lw->out->needs.v[i].path, path))
			return &lw->out->needs.v[i];
	n = array_add(&lw->out->needs);
	snprintf(n->path, sizeof(n->path), "%s", path);
	n->value = value;
	n->why = why;
	return n;
}

static bool
is_localhost(const struct pf_rule *r)
{
	const struct pf_addr *a = r->pool ? &r->pool->hop[0].addr : NULL;

	return a && r->action == PF_RDR && r->af == AF_INET &&
	    a->kind == PF_ADDR_IP && a->ip.b[0] == 127;
}

bool
lw_any_localnet(const struct lw *lw)
{
	for (size_t i = 0; i < lw->rdr.n; i++)
		if (is_localhost(lw->rdr.v[i].rule[lw->rdr.v[i].n - 1]))
			return true;
	return false;
}

/* The line of a limit, if it is set. */
static const char *
limit_line(struct lw *lw, enum pf_limit limit)
{
	const struct pf_options *o = &lw->rs->options;

	return o->limit_set[limit]
	    ? arena_printf(lw->arena, "%s:%u: set limit %s %u",
		  o->limit_at[limit].file, o->limit_at[limit].line,
		  pf_limit_name(limit), o->limit[limit])
	    : NULL;
}

static void
need_states(struct lw *lw)
{
	static const char why[] = "a network namespace has the limit of the "
				  "whole machine, which is written in the "
				  "first one only";
	const char *line = limit_line(lw, PF_LIMIT_STATES);
	uint32_t n = lw->rs->options.limit[PF_LIMIT_STATES];

	if (!line)
		return;
	need(lw, "net/netfilter/nf_conntrack_max",
	    arena_printf(lw->arena, "%u", n), why)
	    ->line = line;
	need(lw, "net/netfilter/nf_conntrack_buckets",
	    arena_printf(lw->arena, "%u", n / 4 + 1), "states are found fast")
	    ->kind = PF_NEED_AT_LEAST;
}

/* The kernel refuses a high threshold below the low one, which means nothing
 * to it otherwise. */
static void
need_frags(struct lw *lw)
{
	static const char why[] = "memory for fragments that wait";
	const char *line = limit_line(lw, PF_LIMIT_FRAGS);
	const char *bytes = arena_printf(lw->arena, "%" PRIu64,
	    (uint64_t)lw->rs->options.limit[PF_LIMIT_FRAGS] * PF_FRAG_BYTES);

	if (!line)
		return;
	need(lw, "net/ipv4/ipfrag_low_thresh", bytes, why)->kind =
	    PF_NEED_AT_MOST;
	need(lw, "net/ipv4/ipfrag_high_thresh", bytes, why)->line = line;
	need(lw, "net/netfilter/nf_conntrack_frag6_low_thresh", bytes, why)
	    ->kind = PF_NEED_AT_MOST;
	need(lw, "net/netfilter/nf_conntrack_frag6_high_thresh", bytes, why);
}

static void
find_needs(struct lw *lw)
{
	need_states(lw);
	need_frags(lw);
	if (lw->ways.n) {
		static const char why[] =
		    "block return: pf must know its own answers";

		need(lw, "net/ipv4/fwmark_reflect", "1", why);
		need(lw, "net/ipv6/fwmark_reflect", "1", why);
	}
	need(lw, "net/netfilter/nf_conntrack_acct", "1",
	    "packets and bytes of states");
	need(lw, "net/netfilter/nf_conntrack_timestamp", "1", "age of states");
	for (size_t i = 0; i < lw->rdr.n; i++) {
		const struct pf_rule *r = lw->rdr.v[i].rule[lw->rdr.v[i].n - 1];
		const char *name = r->ifname && !r->if_not ? r->ifname : "all";
		char path[96];

		if (!is_localhost(r))
			continue;
		snprintf(path, sizeof(path),
		    "net/ipv4/conf/%.15s/route_localnet",
		    streq(name, "lo0") ? "lo" : name);
		need(lw, path, "1", "rdr to 127.0.0.1");
	}
}

uint8_t
lw_way(struct lw *lw, const struct pf_rule *r)
{
	struct lw_way way = {
		.rst = r->block != PF_BLOCK_ICMP,
		.icmp = r->block != PF_BLOCK_RST,
		.code4 = r->code4,
		.code6 = r->code6,
		.ttl = r->return_ttl,
	};

	for (size_t i = 0; i < lw->ways.n; i++) {
		const struct lw_way *w = &lw->ways.v[i];

		if (w->rst == way.rst && w->icmp == way.icmp &&
		    w->code4 == way.code4 && w->code6 == way.code6 &&
		    w->ttl == way.ttl)
			return (uint8_t)i;
	}
	if (lw->ways.n > NFT_M_KIND >> NFT_M_KIND_SHIFT) {
		lw_error(lw, r,
		    "more than %d different ways to answer blocked packets",
		    (NFT_M_KIND >> NFT_M_KIND_SHIFT) + 1);
		return 0;
	}
	*array_add(&lw->ways) = way;
	return (uint8_t)(lw->ways.n - 1);
}

/* ---- the whole ---- */

static void
finish(struct pf_lowered *l)
{
	static const uint8_t family[] = { NFPROTO_INET, NFPROTO_IPV4,
		NFPROTO_IPV6 };
	static const char *const counters[] = { NFT_N_SEARCH, NFT_N_MATCH,
		NFT_N_INSERT, NFT_N_OPTIONS, NFT_N_SRC_LIMIT, NFT_N_MAX,
		NFT_N_MAX_STATES, NFT_N_MAX_NODES, NFT_N_MAX_CONN,
		NFT_N_MAX_RATE, NFT_N_OVERLOAD, NFT_N_FLUSH };

	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		*array_add(&l->counters) = counters[i];
	for (int t = 0; t < LW_TABLES; t++)
		l->table[t] = (struct nft_table){
			.name = NFT_PF_TABLE,
			.family = family[t],
			.chain = l->chains[t].v,
			.n_chain = l->chains[t].n,
			.rule = l->rules[t].v,
			.n_rule = l->rules[t].n,
		};
	l->table[LW_INET].counter = l->counters.v;
	l->table[LW_INET].n_counter = l->counters.n;
	l->table[LW_INET].timeout = l->timeouts.v;
	l->table[LW_INET].n_timeout = l->timeouts.n;
	l->table[LW_INET].set = l->sets.v;
	l->table[LW_INET].n_set = l->sets.n;
	l->n_table = LW_TABLES;
	for (int t = 0; t < LW_TABLES; t++)
		for (size_t i = 0; i < l->rules[t].n; i++)
			l->rules[t].v[i].expr = l->exprs.v + l->first[t].v[i];
}

int
pf_lower(const struct pf_ruleset *rs, const struct pf_env *env,
    const struct pf_lower_opts *opts, struct pf_lowered **ret, struct str *msgs,
    struct err *err)
{
	_cleanup_(pf_lowered_freep) struct pf_lowered *l =
	    xcalloc(1, sizeof(*l));
	struct lw lw = {
		.rs = rs,
		.env = env,
		.opts = opts,
		.out = l,
		.arena = &l->arena,
		.msgs = msgs,
	};

	for (size_t i = 0; opts->tags && i < opts->tags->n; i++)
		strv_add(&l->tags, opts->tags->v[i]);
	find_loops(&lw);
	lw.any_bound = lw_any_filter(&lw, lw_is_bound);
	lw.any_log_all = lw_any_filter(&lw, lw_logs_states);
	lw.any_opts = lw_any_filter(&lw, lw_allows_opts);
	lw.max_sources = rs->options.limit[PF_LIMIT_SRC_NODES];
	lw_limits_collect(&lw);
	lw_tags_collect(&lw);
	lw.one_loop = !lw.any_bound && !any_tells_apart(&lw);
	lw.n_class = lw.one_loop ? 1 : lw.loops.n;
	lw_check(&lw);
	if (!lw.errors) {
		lw_nat_collect(&lw);
		lw_scrub(&lw);
		lw_filter(&lw);
		lw_tags(&lw);
		lw_limits(&lw);
		lw_nat(&lw);
		lw_base(&lw);
		find_needs(&lw);
		finish(l);
	}
	array_clear(&lw.loops);
	array_clear(&lw.ways);
	array_clear(&lw.nat);
	array_clear(&lw.rdr);
	array_clear(&lw.binat);
	array_clear(&lw.tags);
	array_clear(&lw.limits);
	array_clear(&lw.judged);
	array_clear(&lw.src_states);
	strv_clear(&lw.overload);
	if (lw.errors)
		return err_set(err, ENOTSUP,
		    "%u thing%s in the rules cannot be done", lw.errors,
		    lw.errors == 1 ? "" : "s");
	*ret = TAKE_PTR(l);
	return 0;
}

void
pf_lowered_free(struct pf_lowered *l)
{
	if (!l)
		return;
	array_clear(&l->ids);
	strv_clear(&l->tags);
	array_clear(&l->needs);
	array_clear(&l->timeouts);
	array_clear(&l->counters);
	array_clear(&l->exprs);
	array_clear(&l->sets);
	for (int t = 0; t < LW_TABLES; t++) {
		array_clear(&l->rules[t]);
		array_clear(&l->first[t]);
		array_clear(&l->chains[t]);
	}
	arena_clear(&l->arena);
	free(l);
}

void
pf_lowered_freep(struct pf_lowered **l)
{
	pf_lowered_free(*l);
	*l = NULL;
}

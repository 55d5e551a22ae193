/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel cannot do as pf does it, or what is not built yet: each a
 * load error that names the line. */
#include "pf/lower-private.h"

static bool
is_out_only(const struct pf_rule *r)
{
	return r->dir == PF_OUT;
}

/* The kernel answers only where packets come in. */
static void
check_route(struct lw *lw, const struct pf_rule *r, const struct pf_addr *a)
{
	const char *word = a->kind == PF_ADDR_URPF ? "urpf-failed" : "no-route";

	if (r->action != PF_PASS && r->action != PF_BLOCK)
		lw_error(lw, r, "%s works only in filter rules", word);
	else if (r->dir != PF_IN)
		lw_error(lw, r,
		    "%s works only in rules with `in`: nf_tables finds no "
		    "route of a packet that goes out",
		    word);
	else if (a->neg && a->kind == PF_ADDR_NOROUTE)
		lw_error(lw, r, "! no-route is not built yet");
	else if (a == &r->dst.addr && a->kind == PF_ADDR_URPF)
		lw_error(lw, r, "urpf-failed is of the source");
}

static void
check_addr(struct lw *lw, const struct pf_rule *r, const struct pf_addr *a)
{
	if (a->kind == PF_ADDR_NOROUTE || a->kind == PF_ADDR_URPF)
		check_route(lw, r, a);
	if (a->kind == PF_ADDR_DYN && !streq(a->name, "self") &&
	    !streq(a->name, "lo") && !pf_env_if(lw->env, a->name) &&
	    pf_env_is_group(lw->env, a->name))
		lw_error(lw, r,
		    "(%s) is an interface group, whose addresses are not "
		    "followed yet: name the interfaces",
		    a->name);
}

static void
check_state(struct lw *lw, const struct pf_rule *r)
{
	const struct pf_state *s = r->state;

	if (r->keep == PF_SYNPROXY)
		lw_error(lw, r, "synproxy state is not built yet");
	if (!s)
		return;
	if (s->sloppy)
		lw_error(lw, r, "sloppy states are not built yet");
	lw_check_rule_timeouts(lw, r);
}

static void
check_ids(struct lw *lw, const struct pf_rule *r)
{
	const struct pf_ids *ids[] = { &r->user, &r->group };

	for (size_t i = 0; i < 2; i++) {
		const char *word = i ? "group" : "user";

		if (!ids[i]->op)
			continue;
		if (!is_out_only(r))
			lw_error(lw, r,
			    "%s works only in rules with `out`: nf_tables "
			    "does not know who will receive a packet",
			    word);
		else if (ids[i]->op > PF_OP_NE || ids[i]->a == PF_ID_UNKNOWN)
			lw_error(lw, r,
			    "%s with this operator is not built "
			    "yet",
			    word);
	}
}

static bool
is_anyone(const struct pf_peer *p)
{
	return p->addr.kind == PF_ADDR_ANY && !p->addr.neg &&
	    p->port.op == PF_OP_NONE;
}

/* Does pf, too, put together all fragments that come in? Then it has none to
 * show to a rule, and `fragment` matches nothing. */
static bool
scrubs_all(const struct lw *lw)
{
	const struct pf_rules *list = &lw->rs->main->list[PF_LIST_SCRUB];

	for (size_t i = 0; i < list->n; i++) {
		const struct pf_rule *r = list->v[i];

		if (r->dir == PF_OUT)
			continue;
		return r->action == PF_SCRUB && !r->anchor_call && !r->ifname &&
		    !r->af && !r->proto && !r->tagged && is_anyone(&r->src) &&
		    is_anyone(&r->dst);
	}
	return false;
}

static void
check_filter(struct lw *lw, const struct pf_rule *r)
{
	check_state(lw, r);
	check_ids(lw, r);
	if (r->route)
		lw_error(
		    lw, r, "route-to, reply-to and dup-to are not built yet");
	if (r->fragment && !scrubs_all(lw))
		lw_error(lw, r,
		    "fragment works only where `scrub in all` comes first: "
		    "Linux always puts fragments together");
	/* Two rules ask, and each would throw its own dice. */
	if (r->prob && lw_opts_forbids(lw, r))
		lw_error(lw, r,
		    "probability beside allow-opts in other rules is not built "
		    "yet");
	if (r->os)
		lw_error(lw, r, "os is not built yet");
	if (r->divert)
		lw_error(lw, r, "divert-to is not built yet");
	if (r->queue)
		lw_error(lw, r,
		    "queues are not built: Linux has its own, see tc(8)");
	if (r->prio >= 0 || r->set_prio[0] >= 0)
		lw_error(lw, r, "prio is not built yet");
}

static void
check_scrub(struct lw *lw, const struct pf_rule *r)
{
	if (r->reassemble_tcp)
		lw_error(lw, r,
		    "reassemble tcp cannot be done: Linux has nothing like "
		    "it");
}

static bool
is_ip_pool(const struct pf_pool *p)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (p->hop[i].addr.kind == PF_ADDR_TABLE)
			return false;
	return true;
}

static size_t
pool_size(struct lw *lw, const struct pf_rule *r)
{
	union pf_ip ip[LW_POOL_MAX];
	size_t n = 0;

	for (uint32_t i = 0; i < r->pool->n; i++) {
		const struct pf_addr *a = &r->pool->hop[i].addr;
		size_t more;

		if (a->kind == PF_ADDR_IP)
			more = lw_prefix_addrs(a, r->af, ip);
		else
			more = lw_if_addrs(lw, a, r->af, ip);
		n += more;
		if (more >= LW_POOL_MAX || n >= LW_POOL_MAX)
			return LW_POOL_MAX;
	}
	return n;
}

static void
check_pool(struct lw *lw, const struct pf_rule *r)
{
	const struct pf_addr *a = &r->pool->hop[0].addr;
	size_t n;

	if (!is_ip_pool(r->pool)) {
		lw_error(lw, r, "tables as targets are not built yet");
		return;
	}
	if (r->pool->sticky)
		lw_error(lw, r, "sticky-address is not built yet");
	if (r->pool->type == PF_POOL_BITMASK || r->action == PF_BINAT)
		return;
	n = pool_size(lw, r);
	if (n >= LW_POOL_MAX)
		lw_error(lw, r, "more than %d addresses to translate to",
		    LW_POOL_MAX - 1);
	if (n == 0 && !lw_is_masquerade(lw, r))
		lw_error(lw, r,
		    "(%s) has no %s address now, so there is nothing to "
		    "translate to",
		    a->name, r->af == AF_INET ? "IPv4" : "IPv6");
	if (r->action == PF_RDR && r->pool->high > r->pool->low &&
	    r->dst.port.op != PF_OP_RANGE && r->dst.port.op != PF_OP_EQ)
		lw_error(lw, r,
		    "a range of ports to redirect to needs a range of "
		    "destination ports");
}

static void
check_translation(struct lw *lw, const struct pf_rule *r)
{
	if (r->pool)
		check_pool(lw, r);
}

static void
check_common(struct lw *lw, const struct pf_rule *r)
{
	check_addr(lw, r, &r->src.addr);
	check_addr(lw, r, &r->dst.addr);
	if (r->log & PF_LOG_USER)
		lw_error(lw, r, "log (user) is not built yet");
	if ((r->log & PF_LOG_ALL) && r->action != PF_PASS &&
	    r->action != PF_BLOCK)
		lw_error(lw, r, "log (all) works only in filter rules yet");
	if (r->tag && r->anchor_call)
		lw_error(lw, r,
		    "tag in the line of an anchor is not built yet: put it "
		    "into the anchor's rules");
	if (r->rtable >= 0)
		lw_error(lw, r, "rtable is not built yet");
}

static void
check_rule(struct lw *lw, enum pf_list list, const struct pf_rule *r)
{
	switch (list) {
	case PF_LIST_SCRUB:
		check_scrub(lw, r);
		break;
	case PF_LIST_FILTER:
		check_filter(lw, r);
		break;
	default:
		check_translation(lw, r);
	}
	check_common(lw, r);
}

/* The table that is one too many is told. */
static void
check_entries(struct lw *lw)
{
	const struct pf_options *o = &lw->rs->options;
	uint32_t max = o->limit[PF_LIMIT_TABLE_ENTRIES];
	size_t n = 0;

	if (!max)
		return;
	for (const struct pf_table *t = lw->rs->tables; t; t = t->next) {
		n += t->n;
		if (n <= max || n - t->n > max)
			continue;
		lw_error_at(lw, t->file, t->line,
		    "table <%s>: with its %zu address%s all tables together "
		    "have %zu, more than set limit table-entries %u (%s:%u)",
		    t->name, t->n, t->n == 1 ? "" : "es", n, max,
		    o->limit_at[PF_LIMIT_TABLE_ENTRIES].file,
		    o->limit_at[PF_LIMIT_TABLE_ENTRIES].line);
	}
}

/* One that is not there yet may come. */
static bool
is_outer_interface(const struct lw *lw, const char *name)
{
	for (size_t i = 0; i < lw->loops.n; i++)
		if (streq(lw->loops.v[i].name, name))
			return false;
	return !streq(name, "all") && !streq(name, "lo") &&
	    (pf_env_if(lw->env, name) || !pf_env_is_group(lw->env, name));
}

static void
check_options(struct lw *lw)
{
	const struct pf_options *o = &lw->rs->options;

	lw_check_timeouts(lw);
	for (int i = 0; i < PF_LIMIT_COUNT; i++)
		if (o->limit_set[i] && o->limit[i] == 0)
			lw_error_at(lw, o->limit_at[i].file,
			    o->limit_at[i].line,
			    "set limit %s 0: pf takes that for no limit; to "
			    "have the kernel's, leave it out",
			    pf_limit_name((enum pf_limit)i));
	check_entries(lw);
	if (o->log_if && !is_outer_interface(lw, o->log_if))
		lw_error_at(lw, o->log_if_at.file, o->log_if_at.line,
		    "set loginterface %s is not built yet: name one interface, "
		    "and no loopback",
		    o->log_if);
}

void
lw_check(struct lw *lw)
{
	for (struct pf_anchor *a = lw->rs->main; a; a = a->next)
		for (int list = 0; list < PF_LIST_COUNT; list++)
			for (size_t i = 0; i < a->list[list].n; i++)
				check_rule(
				    lw, (enum pf_list)list, a->list[list].v[i]);
	for (struct pf_queue *q = lw->rs->queues; q; q = q->next)
		lw_error_at(lw, q->file, q->line,
		    "queues are not built: Linux has its own, see tc(8)");
	check_options(lw);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ruleset as data, for pfctl -n --json. docs/pf-json.md describes the
 * schema; a change that a reader could notice needs a new version.
 */
#include "base/json.h"

#include <arpa/inet.h>

#include "pf/names.h"
#include "pf/pf.h"

enum { SCHEMA_VERSION = 1 };

static const char *
af_name(uint8_t af)
{
	return af == AF_INET ? "inet" : af == AF_INET6 ? "inet6" : NULL;
}

/* Key and value, left out when there is none. */
static void
opt_str(struct json *j, const char *key, const char *s)
{
	if (s != NULL)
		json_kstr(j, key, s);
}

static void
opt_true(struct json *j, const char *key, bool v)
{
	if (v)
		json_kbool(j, key, true);
}

static void
opt_count(struct json *j, const char *key, uint64_t n)
{
	if (n != 0)
		json_kint(j, key, (int64_t)n);
}

/* ---- addresses, ports ---- */

static void
json_ip(struct json *j, const char *key, const union pf_ip *ip, uint8_t af)
{
	char buf[INET6_ADDRSTRLEN] = "?";

	if (af == AF_INET || af == AF_INET6)
		(void)inet_ntop(af, ip->b, buf, sizeof(buf));
	json_kstr(j, key, buf);
}

static void
json_mods(struct json *j, unsigned mods)
{
	static const char *const names[] = { "network", "broadcast", "peer",
		"0" };

	if (mods == 0)
		return;
	json_key(j, "modifiers");
	json_open_array(j);
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		if (mods & (1u << i))
			json_str(j, names[i]);
	}
	json_end(j);
}

/* The members of an address, in an object that is open. */
static void
json_addr_members(struct json *j, const struct pf_addr *a, uint8_t af)
{
	static const char *const kinds[] = {
		[PF_ADDR_ANY] = "any",
		[PF_ADDR_IP] = "prefix",
		[PF_ADDR_RANGE] = "range",
		[PF_ADDR_TABLE] = "table",
		[PF_ADDR_DYN] = "interface",
		[PF_ADDR_NOROUTE] = "no-route",
		[PF_ADDR_URPF] = "urpf-failed",
	};

	json_kstr(j, "kind", kinds[a->kind]);
	opt_true(j, "not", a->neg);
	switch ((enum pf_addr_kind)a->kind) {
	case PF_ADDR_IP:
		json_ip(j, "address", &a->ip, af);
		json_kint(j, "length", a->bits);
		return;
	case PF_ADDR_RANGE:
		json_ip(j, "first", &a->ip, af);
		json_ip(j, "last", &a->last, af);
		return;
	case PF_ADDR_TABLE:
		json_kstr(j, "name", a->name);
		return;
	case PF_ADDR_DYN:
		json_kstr(j, "name", a->name);
		json_mods(j, a->mods);
		if (a->bits != (af == AF_INET ? 32 : 128))
			json_kint(j, "length", a->bits);
		return;
	default:
		return;
	}
}

static const char *const op_names[] = {
	[PF_OP_NONE] = "none",
	[PF_OP_EQ] = "=",
	[PF_OP_NE] = "!=",
	[PF_OP_LT] = "<",
	[PF_OP_LE] = "<=",
	[PF_OP_GT] = ">",
	[PF_OP_GE] = ">=",
	[PF_OP_IN] = "><",
	[PF_OP_OUT] = "<>",
	[PF_OP_RANGE] = ":",
};

/* An operator and its one or two numbers. */
static void
json_op(struct json *j, const char *key, uint8_t op, uint32_t a, uint32_t b)
{
	if (op == PF_OP_NONE)
		return;
	json_key(j, key);
	json_open_object(j);
	json_kstr(j, "op", op_names[op]);
	json_kint(j, "a", a);
	if (op >= PF_OP_IN)
		json_kint(j, "b", b);
	json_end(j);
}

static void
json_peer(struct json *j, const char *key, const struct pf_rule *r,
    const struct pf_peer *p)
{
	json_key(j, key);
	json_open_object(j);
	json_addr_members(j, &p->addr, r->af);
	json_op(j, "port", p->port.op, p->port.a, p->port.b);
	json_end(j);
}

/* ---- parts of a rule ---- */

static void
json_flags(struct json *j, const struct pf_rule *r)
{
	_cleanup_(str_clear) struct str set = STR_INIT, of = STR_INIT;

	if (r->flags == 0 && r->flagset == 0)
		return;
	pf_flags_add(&set, r->flags);
	pf_flags_add(&of, r->flagset);
	json_key(j, "flags");
	json_open_object(j);
	json_kstr(j, "set", set.buf);
	json_kstr(j, "of", of.buf);
	json_end(j);
}

static void
json_state(struct json *j, const struct pf_rule *r)
{
	static const char *const keeps[] = { "no", "keep", "modulate",
		"synproxy" };
	static const char *const tracks[] = { NULL, "global", "rule" };
	const struct pf_state *st = r->state;

	json_kstr(j, "state", keeps[r->keep]);
	if (st == NULL)
		return;
	json_key(j, "state-options");
	json_open_object(j);
	opt_count(j, "max", st->max);
	opt_count(j, "max-src-states", st->max_src_states);
	opt_count(j, "max-src-conn", st->max_src_conn);
	opt_count(j, "max-src-nodes", st->max_src_nodes);
	opt_count(j, "max-src-conn-rate", st->rate);
	opt_count(j, "max-src-conn-rate-seconds", st->rate_seconds);
	opt_str(j, "overload", st->overload);
	opt_true(j, "flush", st->flush);
	opt_true(j, "flush-global", st->flush_global);
	opt_true(j, "no-sync", st->no_sync);
	opt_true(j, "if-bound", st->if_bound);
	opt_true(j, "sloppy", st->sloppy);
	opt_str(j, "source-track", tracks[st->track]);
	for (int i = 0; i < PF_TM_COUNT; i++)
		opt_count(j, pf_timeout_name(i), st->timeout[i]);
	json_end(j);
}

static void
json_hops(struct json *j, const struct pf_rule *r)
{
	json_key(j, "targets");
	json_open_array(j);
	for (uint32_t i = 0; i < r->pool->n; i++) {
		const struct pf_hop *h = &r->pool->hop[i];

		json_open_object(j);
		opt_str(j, "on", h->ifname);
		json_addr_members(j, &h->addr, r->af);
		json_end(j);
	}
	json_end(j);
}

static void
json_pool(struct json *j, const struct pf_rule *r)
{
	static const char *const types[] = { "single", "bitmask", "random",
		"source-hash", "round-robin" };
	static const char *const routes[] = { NULL, "route-to", "reply-to",
		"dup-to" };
	const struct pf_pool *p = r->pool;

	if (p == NULL)
		return;
	json_key(j, "pool");
	json_open_object(j);
	opt_str(j, "route", routes[r->route]);
	json_kstr(j, "type", types[p->type]);
	json_hops(j, r);
	opt_true(j, "sticky-address", p->sticky);
	opt_true(j, "static-port",
	    r->action == PF_NAT && p->low == 0 && p->high == 0);
	opt_count(j, "port-low", p->low);
	opt_count(j, "port-high", p->high);
	json_end(j);
}

static void
json_block(struct json *j, const struct pf_rule *r)
{
	static const char *const blocks[] = { "drop", "return", "return-rst",
		"return-icmp" };

	if (r->action != PF_BLOCK)
		return;
	json_kstr(j, "block", blocks[r->block]);
	opt_count(j, "return-ttl", r->return_ttl);
	if (r->block == PF_BLOCK_RETURN || r->block == PF_BLOCK_ICMP) {
		json_kint(j, "return-code", r->code4);
		json_kint(j, "return-code6", r->code6);
	}
}

static void
json_log(struct json *j, const struct pf_rule *r)
{
	if (r->log == 0)
		return;
	json_key(j, "log");
	json_open_object(j);
	json_kint(j, "pflog", r->log_if);
	opt_true(j, "all", r->log & PF_LOG_ALL);
	opt_true(j, "user", r->log & PF_LOG_USER);
	json_end(j);
}

/* What a packet must be. */
static void
json_match(struct json *j, const struct pf_rule *r)
{
	if (r->dir != PF_INOUT)
		json_kstr(j, "direction", r->dir == PF_IN ? "in" : "out");
	opt_str(j, "interface", r->ifname);
	opt_true(j, "interface-not", r->if_not);
	opt_str(j, "family", af_name(r->af));
	opt_count(j, "protocol", r->proto);
	json_peer(j, "from", r, &r->src);
	opt_str(j, "os", r->os);
	json_peer(j, "to", r, &r->dst);
	json_op(j, "user", r->user.op, r->user.a, r->user.b);
	json_op(j, "group", r->group.op, r->group.a, r->group.b);
	json_flags(j, r);
	if (r->icmp_type >= 0)
		json_kint(j, "icmp-type", r->icmp_type);
	if (r->icmp_code >= 0)
		json_kint(j, "icmp-code", r->icmp_code);
	opt_count(j, "tos", r->tos);
	if (r->prio >= 0)
		json_kint(j, "prio", r->prio);
	opt_true(j, "fragment", r->fragment);
	opt_true(j, "allow-opts", r->allow_opts);
	opt_str(j, "tagged", r->tagged);
	opt_true(j, "tagged-not", r->tagged_not);
	opt_count(j, "probability", r->prob);
}

/* What becomes of it. */
static void
json_effect(struct json *j, const struct pf_rule *r)
{
	json_block(j, r);
	json_log(j, r);
	opt_true(j, "quick", r->quick);
	opt_true(j, "pass", r->natpass);
	if (r->action == PF_PASS && !r->anchor_call)
		json_state(j, r);
	json_pool(j, r);
	opt_str(j, "label", r->label);
	opt_str(j, "tag", r->tag);
	opt_str(j, "queue", r->queue);
	opt_str(j, "priority-queue", r->pqueue);
	if (r->set_prio[0] >= 0) {
		json_kint(j, "set-prio", r->set_prio[0]);
		json_kint(j, "set-prio-lowdelay", r->set_prio[1]);
	}
	if (r->rtable >= 0)
		json_kint(j, "rtable", r->rtable);
	opt_count(j, "divert-to", r->divert);
	opt_true(j, "no-df", r->no_df);
	opt_true(j, "random-id", r->random_id);
	opt_true(j, "reassemble-tcp", r->reassemble_tcp);
	opt_count(j, "min-ttl", r->min_ttl);
	opt_count(j, "max-mss", r->max_mss);
	if (r->has_set_tos)
		json_kint(j, "set-tos", r->set_tos);
}

static void
json_rule(struct json *j, const struct pf_anchor *a, const struct pf_rule *r)
{
	static const char *const actions[] = { "pass", "block", "scrub",
		"no scrub", "nat", "no nat", "binat", "no binat", "rdr",
		"no rdr" };
	_cleanup_(str_clear) struct str text = STR_INIT;

	pf_print_rule(&text, r, PF_PRINT_PATHS);
	json_open_object(j);
	json_kstr(j, "anchor", a->path);
	json_kint(j, "number", r->nr);
	json_kstr(j, "file", r->file);
	json_kint(j, "line", r->line);
	json_kstr(j, "text", text.buf);
	json_kstr(j, "action", r->anchor_call ? "anchor" : actions[r->action]);
	if (r->anchor_call)
		json_kstr(
		    j, "calls", r->anchor ? r->anchor->path : r->anchor_name);
	json_match(j, r);
	json_effect(j, r);
	json_end(j);
}

/* ---- the rest ---- */

static void
json_macros(struct json *j, const struct pf_ruleset *rs)
{
	json_key(j, "macros");
	json_open_array(j);
	for (size_t i = 0; i < rs->macros.n; i++) {
		const struct pf_macro *m = &rs->macros.v[i];

		json_open_object(j);
		json_kstr(j, "name", m->name);
		json_kstr(j, "value", m->value);
		json_kbool(j, "used", m->used);
		json_end(j);
	}
	json_end(j);
}

static void
json_options(struct json *j, const struct pf_options *o)
{
	static const char *const debugs[] = { "none", "urgent", "misc",
		"loud" };

	json_key(j, "options");
	json_open_object(j);
	json_key(j, "skip");
	json_open_array(j);
	for (size_t i = 0; i < o->skip.n; i++)
		json_str(j, o->skip.v[i]);
	json_end(j);
	json_key(j, "timeouts");
	json_open_object(j);
	for (int i = 0; i < PF_TM_COUNT; i++) {
		if (o->timeout_set[i])
			json_kint(j, pf_timeout_name(i), o->timeout[i]);
	}
	json_end(j);
	json_key(j, "limits");
	json_open_object(j);
	for (int i = 0; i < PF_LIMIT_COUNT; i++) {
		if (o->limit_set[i])
			json_kint(j, pf_limit_name(i), o->limit[i]);
	}
	json_end(j);
	opt_str(j, "loginterface", o->log_if);
	if (o->host_id_set)
		json_kint(j, "hostid", o->host_id);
	if (o->debug_set)
		json_kstr(j, "debug", debugs[o->debug]);
	opt_str(j, "fingerprints", o->fingerprints);
	json_end(j);
}

static void
json_table(struct json *j, const struct pf_table *t)
{
	json_open_object(j);
	json_kstr(j, "name", t->name);
	json_kstr(j, "anchor", t->anchor);
	json_kstr(j, "file", t->file);
	json_kint(j, "line", t->line);
	json_kbool(j, "const", t->is_const);
	json_kbool(j, "persist", t->persist);
	json_kbool(j, "counters", t->counters);
	json_kbool(j, "automatic", t->automatic);
	json_key(j, "addresses");
	json_open_array(j);
	for (size_t i = 0; i < t->n; i++) {
		json_open_object(j);
		json_kstr(j, "family", af_name(t->af[i]));
		json_addr_members(j, &t->addr[i], t->af[i]);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

void
pf_json(struct str *s, const struct pf_ruleset *rs)
{
	struct json j;

	json_init(&j, s);
	json_begin_doc(&j, "gaol.pf", SCHEMA_VERSION);
	json_macros(&j, rs);
	json_options(&j, &rs->options);
	json_key(&j, "tables");
	json_open_array(&j);
	for (const struct pf_table *t = rs->tables; t != NULL; t = t->next)
		json_table(&j, t);
	json_end(&j);
	json_key(&j, "rules");
	json_open_array(&j);
	for (const struct pf_anchor *a = rs->main; a != NULL; a = a->next) {
		for (int l = 0; l < PF_LIST_COUNT; l++) {
			for (size_t i = 0; i < a->list[l].n; i++)
				json_rule(&j, a, a->list[l].v[i]);
		}
	}
	json_end(&j);
	json_end_doc(&j);
}

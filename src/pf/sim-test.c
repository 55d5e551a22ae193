/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pf's look at one packet on one interface: scrub, then the state table, then
 * translation and filter rules, then a new state.
 */
#include "pf/sim-internal.h"

static const char *const reason_names[PF_R_COUNT] = { "match", "bad-offset",
	"fragment", "short", "normalize", "memory", "bad-timestamp",
	"congestion", "ip-option", "proto-cksum", "state-mismatch",
	"state-insert", "state-limit", "src-limit", "synproxy", "map-failed" };

const char *
pf_reason_name(enum pf_reason r)
{
	return reason_names[r];
}

static bool
icmp_error_type(const struct pf_packet *p)
{
	if (p->af == AF_INET)
		return p->proto == 1 &&
		    (p->icmp_type == 3 || p->icmp_type == 4 ||
			p->icmp_type == 5 || p->icmp_type == 11 ||
			p->icmp_type == 12);
	return p->proto == 58 && p->icmp_type >= 1 && p->icmp_type <= 4;
}

/* The handshake is pf's own: the packet ends here. */
static void
start_proxy(struct sim_run *run)
{
	struct sim_state *s = run->state;
	struct pf_packet syn_ack = { .af = run->orig.af,
		.proto = 6,
		.src = run->orig.dst,
		.dst = run->orig.src,
		.sport = run->orig.dport,
		.dport = run->orig.sport,
		.flags = PF_TH_SYN | PF_TH_ACK,
		.ttl = 64,
		.tos = 0x10,
		.df = true };

	s->src.state = TCPS_PROXY_SRC;
	s->src.seqhi = sim_rand(run->sim);
	s->mss = (uint16_t)MAX(MIN(run->orig.mss, 1460), 64);
	syn_ack.seq = s->src.seqhi;
	syn_ack.ack = s->src.seqlo + 1;
	syn_ack.mss = s->mss;
	sim_send_tcp(run, PF_SENT_SYNACK, &syn_ack);
	*run->p = run->orig;
	run->ev->taken = true;
}

static void
make_state(struct sim_run *run, const struct pf_rule *r,
    const struct sim_key *before, const struct sim_key *after)
{
	run->ev->verdict = sim_state_make(run, before, after);
	if (run->ev->verdict != PF_V_PASS) {
		if (r != NULL && r->block == PF_BLOCK_RETURN)
			sim_return(run, r);
		return;
	}
	if (r != NULL && r->keep == PF_SYNPROXY && run->p->proto == 6 &&
	    (run->p->flags & (PF_TH_SYN | PF_TH_ACK)) == PF_TH_SYN)
		start_proxy(run);
	else if (run->p->proto == 6)
		run->p->seq += run->state->src.seqdiff;
}

/* No state knows the packet: the rules decide. */
static void
test_rules(struct sim_run *run)
{
	struct sim_key before, after;
	const struct pf_rule *r;
	bool translated;

	run->orig = *run->p;
	translated = sim_translate(run, &before, &after);
	if (translated)
		sim_apply_key(run->p, &after, run->dir);
	if (run->sim->trace)
		run->ev->judged = *run->p;
	if (!translated || !run->nat->r->natpass)
		sim_filter(run);
	r = run->rule ? run->rule->r : NULL;
	if (r != NULL && r->action == PF_BLOCK) {
		run->ev->verdict = PF_V_BLOCK;
		*run->p = run->orig;
		sim_return(run, r);
		return;
	}
	run->ev->verdict = PF_V_PASS;
	if (!icmp_error_type(run->p) &&
	    ((r != NULL && r->keep != PF_NO_STATE) || translated ||
		run->norm_tcp))
		make_state(run, r, &before, &after);
}

static void
test_fragment(struct sim_run *run)
{
	sim_fragment_filter(run);
	run->ev->verdict = run->rule != NULL && run->rule->r->action == PF_BLOCK
	    ? PF_V_BLOCK
	    : PF_V_PASS;
}

static void
test_packet(struct sim_run *run)
{
	struct pf_packet *p = run->p;

	run->ev->verdict = sim_normalize(run);
	if (run->ev->verdict != PF_V_PASS)
		return;
	if (p->frag) {
		test_fragment(run);
		return;
	}
	if (p->proto == 6) {
		run->ev->verdict = sim_normalize_tcp(run);
		if (run->ev->verdict != PF_V_PASS)
			return;
	}
	/* A message of the other family's ICMP is nonsense. */
	if ((p->proto == 17 && p->dport == 0) ||
	    p->proto == (p->af == AF_INET ? 58 : 1)) {
		run->ev->verdict = PF_V_BLOCK;
		run->ev->reason = p->proto == 17 ? PF_R_SHORT : PF_R_MATCH;
		return;
	}
	if (!sim_state_test(run))
		test_rules(run);
	if (run->state != NULL && run->state->tag != NULL)
		p->tag = run->state->tag;
	if (run->ev->verdict == PF_V_PASS && run->ev->taken)
		return;
	if (run->ev->verdict == PF_V_PASS && p->ipopt != 0 &&
	    !(run->state != NULL && run->state->allow_opts) &&
	    !(run->rule != NULL && run->rule->r->allow_opts)) {
		run->ev->verdict = PF_V_BLOCK;
		run->ev->reason = PF_R_IP_OPTION;
	}
}

/* nat, rdr and binat rules are numbered each by itself. */
static void
tell_rules(const struct sim_run *run)
{
	struct pf_sim_event *ev = run->ev;

	/* What does not fit its state was dropped by no rule. */
	if (ev->verdict == PF_V_BLOCK && ev->state != PF_S_NONE &&
	    ev->reason != PF_R_IP_OPTION)
		return;
	if (run->rule != NULL) {
		ev->rule = run->rule->r;
		ev->rule_nr = run->rule->nr;
		ev->anchor = run->anchor ? run->anchor->from : NULL;
	}
	if (run->nat != NULL) {
		ev->nat = run->nat->r;
		ev->nat_nr = run->nat->nr;
	}
}

static size_t
if_index(const struct pf_sim *sim, const char *name)
{
	for (size_t i = 0; i < sim->env->ifs.n; i++)
		if (streq(sim->env->ifs.v[i].name, name))
			return i;
	return SIZE_MAX;
}

/* Does the rule send the packet on by itself, and where? */
static void
find_path(struct sim_run *run, struct sim_path *path)
{
	const struct pf_rule *r = run->rule ? run->rule->r : NULL;
	struct sim_src_node *none = NULL;
	union pf_ip via;

	path->ifname = NULL;
	if (run->ev->verdict != PF_V_PASS || run->ev->taken || r == NULL ||
	    r->route == PF_ROUTE_NONE || r->pool == NULL)
		return;
	path->dup = r->route == PF_DUP_TO;
	if (!path->dup && (r->route == PF_REPLY_TO) == (r->dir == run->dir))
		return;
	path->via = run->p->dst;
	if (run->state != NULL) {
		path->ifname = run->state->rt_if;
		if (run->state->rt_has_via)
			path->via = run->state->rt_via;
	} else {
		path->ifname = r->pool->hop[0].ifname;
		if (r->pool->hop[0].addr.kind != PF_ADDR_ANY &&
		    sim_map_addr(run, run->rule, &run->p->src, &via, &none))
			path->via = via;
	}
	run->ev->taken = !path->dup && path->ifname != NULL;
}

enum pf_verdict
sim_test(struct pf_sim *sim, enum pf_dir dir, const char *ifname,
    struct pf_packet *p, struct pf_sim_result *res, struct sim_path *path)
{
	struct pf_sim_event ev = {
		.dir = dir, .ifname = ifname, .match = sim->matches.n
	};
	struct sim_run run = { .sim = sim,
		.p = p,
		.dir = dir,
		.ifname = ifname,
		.ev = &ev,
		.res = res };
	size_t i = if_index(sim, ifname);

	path->ifname = NULL;
	if (!sim->enabled || i == SIZE_MAX)
		return PF_V_PASS;
	/* The caller's name may be short-lived. */
	ev.ifname = run.ifname = sim->env->ifs.v[i].name;
	ev.before = ev.judged = *p;
	run.if_index = i;
	run.if_match = sim->if_match[i];
	if (sim->if_skip[i]) {
		ev.skip = true;
	} else {
		test_packet(&run);
		tell_rules(&run);
		find_path(&run, path);
	}
	ev.after = *p;
	ev.n_match = sim->matches.n - ev.match;
	*array_add(&res->events) = ev;
	return ev.verdict;
}

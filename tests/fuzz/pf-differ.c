/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must hold for any ruleset and any packet. The input picks a ruleset of
 * all kinds of statements and packets that fit it; the engine judges them by
 * the rules as read, by the optimised rules and by the rules that were
 * printed and read again, and all three agree. Where no rule makes a state, a
 * plain walk over the list agrees as well. And what answers a packet that
 * left a state wherever pf looked at it passes.
 */
#include "../said.h"
#include "make-packets.h"
#include "make-rules.h"

enum { PACKETS = 10 };

/* ---- reading them ---- */

struct reading { /* what the environment's `read` gives; set for a pf_load */
	const struct str *head, *rules, *anchor;
};

static struct reading now;

static int
read_text(void *ctx, const char *path, struct str *ret)
{
	(void)ctx;
	if (streq(path, "a")) {
		str_add(ret, now.anchor->buf);
		return 0;
	}
	str_add(ret, now.head->buf);
	str_add(ret, now.rules->buf);
	return 0;
}

static const struct pf_profile *
profile(void *ctx)
{
	return ctx;
}

static struct pf_ruleset *
load(const struct pf_env *env, enum pf_optimize level, struct pf_profile *p)
{
	const struct pf_opts opts = {
		.load = PF_LOAD_ALL,
		.dry = true,
		.optimize = level,
		.profile = profile,
		.profile_ctx = p,
	};
	_cleanup_(str_clear) struct str said = STR_INIT;
	const struct pf_out out = { said_put_one, &said };
	struct pf_ruleset *rs = NULL;

	if (pf_load("-", &opts, env, &out, &rs, NULL) < 0)
		BUG("not read:\n%s%s%s", now.head->buf, now.rules->buf,
		    said.buf);
	return rs;
}

/* As if the rules had run and counted: some nothing, some alike. */
static void
make_profile(struct pf_profile *p, const struct pf_ruleset *rs)
{
	uint64_t n = 5;

	for (struct pf_anchor *a = rs->main; a != NULL; a = a->next) {
		const struct pf_rules *list = &a->list[PF_LIST_FILTER];

		for (size_t i = 0; i < list->n; i++) {
			n = n * 33 + i;
			pf_profile_add(p, rs, a, list->v[i], n % 7);
		}
	}
}

/* The rules printed, and read again. */
static struct pf_ruleset *
read_again(const struct pf_env *env, const struct ruleset *r,
    const struct pf_ruleset *rs)
{
	_cleanup_(str_clear) struct str text = STR_INIT, anchor = STR_INIT;
	struct pf_anchor *a = pf_anchor_find(rs, "a");

	for (int i = 0; i < PF_LIST_COUNT; i++)
		pf_print_list(&text, rs->main, i, PF_PRINT_SHALLOW, 0);
	if (r->anchor.len > 0) {
		pf_print_list(&anchor, a, PF_LIST_FILTER, 0, 0);
		str_add(&text, "load anchor \"a\" from \"a\"\n");
	}
	now = (struct reading){ &r->head, &text, &anchor };
	return load(env, PF_OPT_NONE, NULL);
}

/* ---- comparing ---- */

static bool
same_name(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && streq(a, b));
}

static bool
same_packet(const struct pf_packet *a, const struct pf_packet *b)
{
	return memcmp(&a->src, &b->src, sizeof(a->src)) == 0 &&
	    memcmp(&a->dst, &b->dst, sizeof(a->dst)) == 0 &&
	    a->sport == b->sport && a->dport == b->dport &&
	    a->flags == b->flags && a->seq == b->seq && a->ack == b->ack &&
	    a->ttl == b->ttl && a->tos == b->tos && a->mss == b->mss &&
	    a->icmp_type == b->icmp_type && same_name(a->tag, b->tag);
}

static bool
same_effect(const struct pf_rule *a, const struct pf_rule *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return a->action == b->action && a->block == b->block &&
	    a->keep == b->keep && a->log == b->log && a->quick == b->quick &&
	    same_name(a->tag, b->tag) && same_name(a->label, b->label);
}

static bool
same_event(const struct pf_sim_event *a, const struct pf_sim_event *b)
{
	return a->dir == b->dir && streq(a->ifname, b->ifname) &&
	    a->verdict == b->verdict && a->reason == b->reason &&
	    a->state == b->state && a->skip == b->skip &&
	    a->taken == b->taken && same_effect(a->rule, b->rule) &&
	    (a->nat == NULL) == (b->nat == NULL) &&
	    (a->nat == NULL || a->nat_nr == b->nat_nr) &&
	    same_packet(&a->after, &b->after);
}

static bool
same_result(const struct pf_sim_result *a, const struct pf_sim_result *b)
{
	if (a->end != b->end || a->events.n != b->events.n ||
	    a->wire.n != b->wire.n || a->returned.n != b->returned.n ||
	    a->refused != b->refused)
		return false;
	for (size_t i = 0; i < a->events.n; i++) {
		if (!same_event(&a->events.v[i], &b->events.v[i]))
			return false;
	}
	for (size_t i = 0; i < a->wire.n; i++) {
		if (!same_packet(&a->wire.v[i].packet, &b->wire.v[i].packet) ||
		    !streq(a->wire.v[i].ifname, b->wire.v[i].ifname))
			return false;
	}
	for (size_t i = 0; i < a->returned.n; i++) {
		if (a->returned.v[i].kind != b->returned.v[i].kind ||
		    !same_packet(
			&a->returned.v[i].packet, &b->returned.v[i].packet))
			return false;
	}
	return true;
}

static void
add_packet(struct str *s, const struct pf_packet *p)
{
	const struct pf_addr src = { .kind = PF_ADDR_IP,
		.ip = p->src,
		.bits = p->af == AF_INET ? 32 : 128 };
	struct pf_addr dst = src;

	dst.ip = p->dst;
	str_printf(s, "proto %u ", p->proto);
	pf_print_addr(s, &src, p->af, 0);
	str_printf(s, " %u -> ", p->sport);
	pf_print_addr(s, &dst, p->af, 0);
	str_printf(s, " %u flags %x seq %u ack %u tag %s", p->dport, p->flags,
	    p->seq, p->ack, p->tag ? p->tag : "-");
}

/* The events, for a person who looks at a finding. */
static void
add_result(struct str *s, const struct pf_sim_result *res)
{
	for (size_t i = 0; i < res->events.n; i++) {
		const struct pf_sim_event *e = &res->events.v[i];

		str_printf(
		    s, "  %s %s ", e->dir == PF_IN ? "in" : "out", e->ifname);
		add_packet(s, &e->before);
		str_printf(s, ": verdict %d (%s) state %d by ", e->verdict,
		    pf_reason_name(e->reason), e->state);
		if (e->rule != NULL)
			pf_print_rule(s, e->rule, PF_PRINT_NR);
		str_addc(s, '\n');
	}
	str_printf(s, "  end %d, %zu on the wire, %zu returned\n", res->end,
	    res->wire.n, res->returned.n);
}

/* ---- the three engines ---- */

enum { PLAIN, BETTER, AGAIN, N_SIMS };

struct trial {
	const struct ruleset *text;
	struct pf_ruleset *rs[N_SIMS];
	struct pf_sim *sim[N_SIMS];
};

_noreturn_ static void
finding(const struct trial *t, const char *what, const struct pf_sim_result *a,
    const struct pf_sim_result *b)
{
	_cleanup_(str_clear) struct str s = STR_INIT;

	add_result(&s, a);
	str_add(&s, "and\n");
	add_result(&s, b);
	BUG("%s\n%s%s%s# the anchor\n%s", what, s.buf, t->text->head.buf,
	    t->text->rules.buf, t->text->anchor.buf);
}

/* A packet through one engine. */
static void
through(struct pf_sim *sim, const char *ifname, const struct pf_packet *p,
    struct pf_sim_result *ret)
{
	if (ifname == NULL)
		pf_sim_out(sim, p, ret);
	else
		pf_sim_in(sim, ifname, p, ret);
}

static void
send_all(const struct trial *t, const char *ifname, const struct pf_packet *p,
    struct pf_sim_result *ret)
{
	static const char *const what[] = { "", "the optimised rules differ",
		"the rules that were read again differ" };

	through(t->sim[PLAIN], ifname, p, ret);
	for (int i = BETTER; i < N_SIMS; i++) {
		struct pf_sim_result other;

		through(t->sim[i], ifname, p, &other);
		if (!same_result(ret, &other))
			finding(t, what[i], ret, &other);
		pf_sim_result_clear(&other);
	}
}

/* No state and no translation: the last rule that matches is all there is. */
static void
check_naive(const struct trial *t, const struct pf_env *env,
    const struct pf_sim_result *res)
{
	for (size_t i = 0; i < res->events.n; i++) {
		const struct pf_sim_event *e = &res->events.v[i];
		struct at at = { e->dir, pf_env_if(env, e->ifname), false };
		struct pf_packet p = e->before;
		const struct pf_rule *r;
		bool block;

		if (e->skip)
			continue;
		r = naive_judge(t->rs[PLAIN], &p, &at);
		block = r != NULL && r->action == PF_BLOCK;
		if (r != e->rule || block != (e->verdict == PF_V_BLOCK) ||
		    (!block && !same_name(p.tag, e->after.tag)))
			finding(t, "the plain walk differs", res, res);
	}
}

/* Did each look at the packet find or make a state, and did it arrive? */
static bool
is_known(const struct pf_sim_result *res)
{
	if (res->end != PF_E_LOCAL && res->end != PF_E_SENT)
		return false;
	for (size_t i = 0; i < res->events.n; i++) {
		const struct pf_sim_event *e = &res->events.v[i];

		if (e->taken || (!e->skip && e->state != PF_S_NEW))
			return false;
	}
	return res->wire.n <= 1;
}

/* The answer takes the same way back: its i-th look is at the interface of the
 * packet's last but i-th, and each must find the state. */
static void
check_answer(const struct trial *t, const struct pf_sim_result *there,
    const struct pf_sim_result *back)
{
	size_t n = MIN(there->events.n, back->events.n);

	for (size_t i = 0; i < n; i++) {
		const struct pf_sim_event *b = &back->events.v[i];
		const struct pf_sim_event *a =
		    &there->events.v[there->events.n - 1 - i];

		if (a->dir == b->dir || !streq(a->ifname, b->ifname))
			return; /* it goes elsewhere */
		if (b->verdict != PF_V_PASS ||
		    b->state != (a->skip ? PF_S_NONE : PF_S_OLD))
			finding(t, "the answer does not pass", there, back);
	}
}

static void
answer(const struct trial *t, const struct pf_sim_result *there)
{
	bool sent = there->end == PF_E_SENT;
	struct pf_sim_result back;
	struct pf_packet p;

	if (!is_known(there) ||
	    !answer_to(sent ? &there->wire.v[0].packet : &there->final, &p))
		return;
	send_all(t, sent ? there->wire.v[0].ifname : NULL, &p, &back);
	check_answer(t, there, &back);
	pf_sim_result_clear(&back);
}

/* ---- what comes after ---- */

static void
send_quietly(
    const struct trial *t, const char *ifname, const struct pf_packet *p)
{
	struct pf_sim_result res;

	send_all(t, ifname, p, &res);
	pf_sim_result_clear(&res);
}

/* The pieces of a packet in some order, with gaps and overlaps. */
static void
send_pieces(const struct trial *t, struct input *in, const char *ifname,
    const struct pf_packet *p)
{
	struct pf_packet f = *p;

	f.ipid = (uint16_t)(1 + dice(in, 2));
	f.frag = true;
	for (uint32_t n = 2 + dice(in, 4); n > 0; n--) {
		f.frag_off = (uint16_t)(8 * dice(in, 4));
		f.frag_len = (uint16_t)(8 * dice(in, 4) + dice(in, 8) / 7);
		f.frag_more = dice(in, 3) != 0;
		f.df = dice(in, 8) == 0;
		send_quietly(t, ifname, &f);
	}
}

static void
pass_time(const struct trial *t, struct input *in)
{
	static const uint64_t wait[] = { 1, 5, 31, 61, 100, 1000 };
	uint64_t later =
	    pf_sim_now(t->sim[PLAIN]) + wait[dice(in, ARRAY_SIZE(wait))];

	for (int i = 0; i < N_SIMS; i++)
		pf_sim_clock(t->sim[i], later);
}

static void
go_on(const struct trial *t, struct input *in, struct talk *k)
{
	int side = (int)dice(in, 2);
	struct pf_packet *p = &k->p[side], odd;

	switch (dice(in, 12)) {
	case 0:
		odd = error_about(in, p);
		send_quietly(t, k->ifname[!side], &odd);
		return;
	case 1:
		send_pieces(t, in, k->ifname[side], p);
		return;
	case 2:
		pass_time(t, in);
		return;
	case 3:
		odd = *p;
		odd.ipopt = 4 * (uint8_t)dice(in, 2);
		odd.badsum = dice(in, 2);
		odd.ttl = (uint8_t)(1 + dice(in, 3));
		odd.dport = (uint16_t)(odd.dport * dice(in, 4));
		send_quietly(t, k->ifname[side], &odd);
		return;
	}
	if (p->proto == IPPROTO_TCP)
		next_segment(in, k, p);
	send_quietly(t, k->ifname[side], p);
}

/* Both ends go on talking, and others disturb them. */
static void
talk_on(const struct trial *t, struct input *in, const char *ifname,
    const struct pf_packet *p, const struct pf_sim_result *res)
{
	bool sent = res->end == PF_E_SENT && res->wire.n > 0;
	struct talk k = { { *p, *p }, { ifname, NULL } };

	if (sent)
		k.ifname[1] = res->wire.v[0].ifname;
	else if (res->end != PF_E_LOCAL)
		return;
	(void)answer_to(sent ? &res->wire.v[0].packet : &res->final, &k.p[1]);
	for (uint32_t n = dice(in, 10); n > 0; n--)
		go_on(t, in, &k);
}

static void
try_packets(const struct trial *t, struct input *in, const struct pf_env *env)
{
	static const char *const ifs[] = { "em0", "em1", NULL };

	for (int i = 0; i < PACKETS; i++) {
		const char *ifname = ifs[dice(in, 3)];
		struct pf_packet p = pick_packet(in, ifname == NULL);
		bool alone = dice(in, 2);
		struct pf_sim_result res;

		/* Another connection's state must not stand in the way. */
		for (int k = 0; alone && k < N_SIMS; k++)
			(void)pf_sim_flush_states(t->sim[k]);
		send_all(t, ifname, &p, &res);
		if (t->text->stateless)
			check_naive(t, env, &res);
		if (alone)
			answer(t, &res);
		talk_on(t, in, ifname, &p, &res);
		pf_sim_result_clear(&res);
	}
}

static void
compare_states(const struct trial *t)
{
	_cleanup_(str_clear) struct str a = STR_INIT, b = STR_INIT;

	pf_sim_states(t->sim[PLAIN], &a);
	for (int i = BETTER; i < N_SIMS; i++) {
		str_reset(&b);
		pf_sim_states(t->sim[i], &b);
		if (!streq(a.buf, b.buf))
			BUG("states\n%sare\n%sin\n%s%s", a.buf, b.buf,
			    t->text->head.buf, t->text->rules.buf);
	}
}

/* Made once: it is the same each time. */
static const struct pf_env *
the_world(void)
{
	static struct pf_facts *facts;

	if (facts == NULL && pf_facts_new(world, "world", &facts, NULL) < 0)
		BUG("the world is wrong");
	pf_facts_env(facts)->read = read_text;
	return pf_facts_env(facts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct pf_env *env = the_world();
	const struct pf_sim_route route = { .af = AF_INET,
		.ifname = "em0",
		.via = { .b = { 10, 0, 0, 9 } },
		.has_via = true };
	const struct pf_sim_box box = { .env = env,
		.route = &route,
		.n_route = 1,
		.forward4 = true,
		.forward6 = true };
	struct input in = { data, size, 1 };
	_cleanup_(ruleset_clear) struct ruleset text = {
		.head = STR_INIT, .rules = STR_INIT, .anchor = STR_INIT
	};
	_cleanup_(pf_profile_clear) struct pf_profile p = PF_PROFILE_INIT;
	struct trial t = { .text = &text };

	make_ruleset(&in, &text);
	now = (struct reading){ &text.head, &text.rules, &text.anchor };
	t.rs[PLAIN] = load(env, PF_OPT_NONE, NULL);
	make_profile(&p, t.rs[PLAIN]);
	t.rs[BETTER] =
	    load(env, byte(&in) % 2 ? PF_OPT_PROFILE : PF_OPT_BASIC, &p);
	t.rs[AGAIN] = read_again(env, &text, t.rs[PLAIN]);
	for (int i = 0; i < N_SIMS; i++) {
		t.sim[i] = pf_sim_new(&box);
		if (pf_sim_load(t.sim[i], "", t.rs[i], NULL) < 0)
			BUG("not loaded");
	}
	try_packets(&t, &in, env);
	compare_states(&t);
	for (int i = 0; i < N_SIMS; i++) {
		pf_sim_free(t.sim[i]);
		pf_ruleset_free(t.rs[i]);
	}
	return 0;
}

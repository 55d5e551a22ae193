/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lint says of rules is so for every packet: a rule that it calls dead
 * never decides one, and a block that it calls undone blocks only tcp packets
 * that begin no connection. The input picks a ruleset; the engine judges
 * packets of the same vocabulary.
 */
#include "../said.h"
#include "make-rules.h"
#include "pf/lint.h"

enum { PACKETS = 64 };

/* ---- reading ---- */

static const struct ruleset *now; /* what `read` gives; set for each input */

static int
read_text(void *ctx, const char *path, struct str *ret)
{
	const struct ruleset *r = now;

	(void)ctx;
	str_reset(ret);
	if (streq(path, "a")) {
		str_add(ret, r->anchor.buf);
		return 0;
	}
	str_add(ret, r->head.buf);
	str_add(ret, r->rules.buf);
	return 0;
}

static struct pf_ruleset *
load(const struct pf_env *env)
{
	const struct pf_opts opts = { .load = PF_LOAD_ALL, .dry = true };
	_cleanup_(str_clear) struct str said = STR_INIT;
	const struct pf_out out = { said_put_one, &said };
	struct pf_ruleset *rs = NULL;

	if (pf_load("pf.conf", &opts, env, &out, &rs, NULL) < 0)
		BUG("not read: %s", said.buf);
	return rs;
}

/* ---- packets ---- */

static void
pick_host(struct input *in, struct pf_packet *p, union pf_ip *ip, bool own)
{
	uint32_t net = dice(in, 2), host = own ? 1 : 2 + dice(in, 7);

	if (p->af == AF_INET)
		*ip = (union pf_ip){ .b = {
					 10, 0, (uint8_t)net, (uint8_t)host } };
	else
		*ip = (union pf_ip){ .b = { 0x20, 0x01, 0x0d, 0xb8, 0,
					 (uint8_t)net, [15] = (uint8_t)host } };
}

static struct pf_packet
pick_packet(struct input *in, bool out)
{
	static const uint8_t protos[] = { 6, 6, 17, 1 };
	static const uint16_t ports[] = { 79, 80, 85, 90, 5000, 40000 };
	static const uint8_t flags[] = { PF_TH_SYN, PF_TH_SYN, PF_TH_ACK,
		PF_TH_SYN | PF_TH_ACK, PF_TH_RST };
	struct pf_packet p = {
		.af = dice(in, 6) ? AF_INET : AF_INET6,
		.proto = protos[dice(in, ARRAY_SIZE(protos))],
		.sport = ports[dice(in, ARRAY_SIZE(ports))],
		.dport = ports[dice(in, ARRAY_SIZE(ports))],
		.flags = flags[dice(in, ARRAY_SIZE(flags))],
		.seq = 1000,
		.win = 8192,
		.ttl = 64,
		.icmp_type = 8,
		.uid = PF_ID_UNKNOWN,
		.gid = PF_ID_UNKNOWN,
	};

	if (p.proto == 1 && p.af == AF_INET6) {
		p.proto = 58;
		p.icmp_type = 128;
	}
	pick_host(in, &p, &p.src, out);
	pick_host(in, &p, &p.dst, !out && dice(in, 2));
	return p;
}

/* ---- what was said, and what is so ---- */

struct trial {
	const struct ruleset *text;
	struct findings said;
};

static bool
is_at(const struct finding *f, const struct pf_rule *r)
{
	return r != NULL && r->file != NULL && f->file != NULL &&
	    f->line == r->line && streq(f->file, r->file);
}

_noreturn_ static void
wrong(const struct trial *t, const struct finding *f, const struct pf_rule *r,
    const struct pf_packet *p)
{
	_cleanup_(str_clear) struct str s = STR_INIT;

	pf_print_rule(&s, r, PF_PRINT_NR);
	BUG("line %u: %s; but %s decides proto %u %u.%u.%u.%u:%u -> "
	    "%u.%u.%u.%u:%u flags %x\n%s%s# the anchor\n%s",
	    f->line, f->what, s.buf, p->proto, p->src.b[0], p->src.b[1],
	    p->src.b[2], p->src.b[3], p->sport, p->dst.b[0], p->dst.b[1],
	    p->dst.b[2], p->dst.b[3], p->dport, p->flags, t->text->head.buf,
	    t->text->rules.buf, t->text->anchor.buf);
}

static bool
begins(const struct pf_packet *p)
{
	return p->proto != 6 ||
	    (p->flags & (PF_TH_SYN | PF_TH_ACK)) == PF_TH_SYN;
}

static void
compare(const struct trial *t, const struct pf_sim_event *e)
{
	if (e->skip || e->state == PF_S_OLD)
		return;
	for (size_t i = 0; i < t->said.n; i++) {
		const struct finding *f = &t->said.v[i];
		bool dead = streq(f->code, "rule-never") ||
		    streq(f->code, "rule-redundant");

		if (dead && is_at(f, e->rule))
			wrong(t, f, e->rule, &e->before);
		if (dead && is_at(f, e->nat))
			wrong(t, f, e->nat, &e->before);
		if (streq(f->code, "filter-before-nat") && e->nat != NULL &&
		    is_at(f, e->rule))
			wrong(t, f, e->rule, &e->before);
		if (streq(f->code, "block-undone") && is_at(f, e->rule) &&
		    e->reason == PF_R_MATCH && begins(&e->before))
			wrong(t, f, e->rule, &e->before);
	}
}

static void
send_one(const struct trial *t, struct pf_sim *sim, struct input *in)
{
	static const char *const ifs[] = { "em0", "em1", NULL };
	const char *ifname = ifs[dice(in, 3)];
	struct pf_packet p = pick_packet(in, ifname == NULL);
	struct pf_sim_result res;

	if (ifname == NULL)
		pf_sim_out(sim, &p, &res);
	else
		pf_sim_in(sim, ifname, &p, &res);
	for (size_t i = 0; i < res.events.n; i++)
		compare(t, &res.events.v[i]);
	pf_sim_result_clear(&res);
}

static void
try_rules(struct trial *t, struct input *in, struct pf_facts *facts)
{
	struct pf_env *env = pf_facts_env(facts);
	struct pf_ruleset *rs = load(env);
	const struct pf_lint_input lint = {
		.rules = rs, .machine = pf_facts_machine(facts), .env = env
	};
	const struct pf_sim_box box = {
		.env = env, .forward4 = true, .forward6 = true
	};
	_cleanup_(pf_sim_freep) struct pf_sim *sim = pf_sim_new(&box);

	pf_lint(&lint, &t->said);
	if (t->said.n > 0 && pf_sim_load(sim, "", rs, NULL) == 0)
		for (int i = 0; i < PACKETS; i++)
			send_one(t, sim, in);
	pf_sim_freep(&sim);
	sim = NULL;
	pf_ruleset_free(rs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pf_facts *facts;
	struct input in = { data, size, 1 };
	_cleanup_(ruleset_clear) struct ruleset r = {
		.head = STR_INIT, .rules = STR_INIT, .anchor = STR_INIT
	};
	struct trial t = { .text = &r };

	if (facts == NULL && pf_facts_new(world, "facts", &facts, NULL) < 0)
		abort();
	pf_facts_env(facts)->read = read_text;
	make_ruleset(&in, &r);
	now = &r;
	try_rules(&t, &in, facts);
	findings_clear(&t.said);
	return 0;
}

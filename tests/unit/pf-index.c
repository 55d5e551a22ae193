/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Long lists: the engine asks an index which rules may match. Whatever is
 * written in them, it decides as a plain walk over all of them does, before
 * the index is built and after.
 */
#include "said.h"
#include "tap.h"

#include "fuzz/rules.h"

enum { RULES = 700, PACKETS = 2000 };

static const char world[] = "iface em0 index=1 broadcast group=wan\n"
			    "addr em0 inet 10.0.0.1/24\n"
			    "addr em0 inet6 2001:db8::1/64\n"
			    "iface em1 index=2 broadcast\n"
			    "addr em1 inet 10.0.1.1/24\n";

static struct str text = STR_INIT;

static int
read_text(void *ctx, const char *path, struct str *ret)
{
	(void)ctx;
	(void)path;
	str_addmem(ret, text.buf, text.len);
	return 0;
}

#define ANY(in, ...)                                                 \
	({                                                           \
		static const char *const words_[] = { __VA_ARGS__ }; \
		words_[dice((in), ARRAY_SIZE(words_))];              \
	})

static void
add_host(struct input *in, bool v6)
{
	uint32_t n = dice(in, 256), k = dice(in, 10);

	if (k < 4)
		str_add(&text, "any");
	else if (k == 4)
		str_add(&text, ANY(in, "<t>", "! <t>"));
	else if (v6)
		str_printf(&text, "%s2001:db8::%x/%u", k == 5 ? "! " : "", n,
		    60 + dice(in, 69));
	else
		str_printf(&text, "%s10.0.%u.%u/%u", k == 5 ? "! " : "",
		    dice(in, 2), n, 16 + dice(in, 17));
}

static void
add_ports(struct input *in, const char *side)
{
	uint32_t a = dice(in, 100), b = dice(in, 100);

	str_add(&text, side);
	add_host(in, false);
	switch (dice(in, 6)) {
	case 0:
	case 1:
		str_printf(&text, " port %u", a);
		return;
	case 2:
		str_printf(&text, " port %s %u",
		    ANY(in, "!=", "<", "<=", ">", ">="), a);
		return;
	case 3:
		str_printf(&text, " port %u %s %u", a, ANY(in, "><", "<>"), b);
		return;
	case 4:
		str_printf(&text, " port %u:%u", MIN(a, b), MAX(a, b) + 1);
		return;
	}
}

static void
add_rule(struct input *in)
{
	bool pass = dice(in, 2), v6 = dice(in, 5) == 0;

	str_printf(&text, "%s%s%s%s", pass ? "pass" : "block",
	    ANY(in, "", " in", " out"), dice(in, 200) ? "" : " quick",
	    ANY(in, "", " on em0", " on em1", " on ! em0", " on wan"));
	if (v6) {
		str_add(&text, " inet6 from ");
		add_host(in, true);
		str_add(&text, " to ");
		add_host(in, true);
	} else {
		str_printf(&text, " inet proto %s", ANY(in, "tcp", "udp"));
		add_ports(in, " from ");
		add_ports(in, " to ");
	}
	str_printf(&text, "%s\n", pass ? " no state" : "");
}

static struct pf_packet
pick(struct input *in)
{
	struct pf_packet p = { .af = dice(in, 4) ? AF_INET : AF_INET6,
		.proto = dice(in, 2) ? IPPROTO_TCP : IPPROTO_UDP,
		.sport = (uint16_t)(1 + dice(in, 110)),
		.dport = (uint16_t)(1 + dice(in, 110)),
		.ttl = 9,
		.uid = PF_ID_UNKNOWN,
		.gid = PF_ID_UNKNOWN };

	if (p.af == AF_INET) {
		p.src = (union pf_ip){ .b = { 10, 0, (uint8_t)dice(in, 3),
					   (uint8_t)dice(in, 256) } };
		p.dst = (union pf_ip){ .b = { 10, 0, 0, 1 } };
	} else {
		p.src = p.dst = (union pf_ip){ .b = { 0x20, 1, 0xd, 0xb8 } };
		p.src.b[15] = (uint8_t)dice(in, 256);
		p.dst.b[15] = 1;
	}
	return p;
}

static bool
agrees(struct pf_sim *sim, const struct pf_ruleset *rs,
    const struct pf_env *env, const struct pf_packet *p)
{
	struct at at = { PF_IN, &env->ifs.v[0], false };
	struct pf_packet q = *p;
	struct pf_sim_result res;
	bool same;

	pf_sim_in(sim, "em0", p, &res);
	same = res.events.n == 1 &&
	    res.events.v[0].rule == naive_judge(rs, &q, &at);
	pf_sim_result_clear(&res);
	return same;
}

static void
test_walk(struct input *in, struct pf_env *env)
{
	const struct pf_opts opts = { .load = PF_LOAD_ALL,
		.optimize_given = true };
	const struct pf_out out = { said_diag, NULL };
	const struct pf_sim_box box = { .env = env };
	_cleanup_(pf_sim_freep) struct pf_sim *sim = pf_sim_new(&box);
	_cleanup_(pf_ruleset_freep) struct pf_ruleset *rs = NULL;
	int bad = 0;

	str_reset(&text);
	str_add(&text, "table <t> { 10.0.0.0/25, !10.0.0.64/26 }\n");
	for (int i = 0; i < RULES; i++)
		add_rule(in);
	if (pf_load("-", &opts, env, &out, &rs, NULL) < 0 ||
	    pf_sim_load(sim, "", rs, NULL) < 0) {
		ok(false, "the rules are read");
		return;
	}
	for (int i = 0; i < PACKETS; i++) {
		struct pf_packet p = pick(in);

		bad += !agrees(sim, rs, env, &p);
	}
	is_int(bad, 0, "%zu rules, %d packets: the same rule decides",
	    rs->main->list[PF_LIST_FILTER].n, PACKETS);
}

int
main(void)
{
	_cleanup_(pf_facts_freep) struct pf_facts *facts = NULL;
	struct input in = { NULL, 0, 1 };

	if (pf_facts_new(world, "world", &facts, NULL) < 0)
		BUG("the world is wrong");
	pf_facts_env(facts)->read = read_text;
	for (int i = 0; i < 4; i++)
		test_walk(&in, pf_facts_env(facts));
	str_clear(&text);
	return done_testing();
}

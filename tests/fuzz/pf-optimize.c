/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The optimiser changes no verdict. The input picks rules from a small
 * vocabulary; they are loaded plain and optimised, and packets of the same
 * vocabulary are judged by both.
 */
#include "../said.h"
#include "rules.h"

enum { RULES_MAX = 40, PACKETS = 200 };

static const char world[] = "iface em0 index=1 broadcast group=wan\n"
			    "iface em1 index=2 broadcast\n"
			    "iface em2 index=3 broadcast group=wan\n"
			    "fibs 2\n";

/* An address of a family, or one that fits both. */
static void
make_addr(struct input *in, struct str *s, bool v6)
{
	if (v6)
		WORD(in, s, "any", "2001:db8::1", "2001:db8::2",
		    "2001:db8::/64", "! 2001:db8::1", "no-route");
	else
		WORD(in, s, "any", "10.0.0.1", "10.0.0.2", "10.0.0.3",
		    "10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.7",
		    "10.0.0.0/24", "10.0.0.0/30", "! 10.0.0.1", "! 10.0.0.0/30",
		    "! 10.0.0.0/24", "no-route");
}

static void
make_rule(struct input *in, struct str *s)
{
	bool pass = byte(in) % 2, v6 = byte(in) % 4 == 0, tcp;
	size_t mark;

	if (pass)
		str_add(s, "pass");
	else
		WORD(in, s, "block", "block return");
	WORD(in, s, "", " in", " out");
	WORD(in, s, "", "", "", " log");
	WORD(in, s, "", "", " quick");
	WORD(in, s, "", " on em0", " on em1", " on ! em0", " on wan");
	if (byte(in) % 2)
		str_add(s, v6 ? " inet6" : " inet");
	mark = s->len;
	WORD(in, s, "", " proto tcp", " proto udp", " proto icmp");
	if (v6 && strstr(s->buf + mark, "icmp") != NULL)
		str_cut(s, mark);
	tcp = strstr(s->buf + mark, "tcp") != NULL;
	str_add(s, " from ");
	make_addr(in, s, v6);
	if (tcp)
		WORD(in, s, "", "", " port 80");
	str_add(s, " to ");
	make_addr(in, s, v6);
	if (tcp) {
		WORD(in, s, "", " port 80", " port 80:90", " port != 80");
		WORD(in, s, "", "", " flags any", " flags A/A");
	}
	WORD(in, s, "", "", "", "", " tag a", " tagged a", " label x");
	WORD(in, s, "", "", "", "", " probability 50%", " rtable 1");
	str_addc(s, '\n');
}

static const struct str *now; /* the text of the rules */

/* ---- packets ---- */

static const union pf_ip v4[2][9] = {
#define V4(net, host)                     \
	{                                 \
		.b = { 10, 0, net, host } \
	}
	{ V4(0, 0), V4(0, 1), V4(0, 2), V4(0, 3), V4(0, 4), V4(0, 5), V4(0, 6),
	    V4(0, 7), V4(0, 8) },
	{ V4(1, 0), V4(1, 1), V4(1, 2), V4(1, 3), V4(1, 4), V4(1, 5), V4(1, 6),
	    V4(1, 7), V4(1, 8) },
};

static union pf_ip
pick_ip(struct input *in, uint8_t af)
{
	union pf_ip ip = { .b = { 0x20, 0x01, 0x0d, 0xb8 } };

	if (af == AF_INET)
		return v4[dice(in, 2)][dice(in, 9)];
	ip.b[15] = (uint8_t)dice(in, 4);
	return ip;
}

static void
pick_packet(struct input *in, const struct pf_env *env, struct pf_packet *p,
    struct at *at)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP,
		IPPROTO_ICMP };
	static const uint16_t ports[] = { 79, 80, 85, 90, 91 };

	*p = (struct pf_packet){
		.af = dice(in, 4) ? AF_INET : AF_INET6,
		.proto = protos[dice(in, ARRAY_SIZE(protos))],
		.flags = dice(in, 2) ? PF_TH_SYN : PF_TH_ACK,
		.sport = ports[dice(in, ARRAY_SIZE(ports))],
		.dport = ports[dice(in, ARRAY_SIZE(ports))],
		.tag = dice(in, 2) ? "a" : NULL,
	};
	*at = (struct at){
		.dir = dice(in, 2) ? PF_IN : PF_OUT,
		.ifp = &env->ifs.v[dice(in, (uint32_t)env->ifs.n)],
		.no_route = dice(in, 8) == 0,
	};
	p->src = pick_ip(in, p->af);
	p->dst = pick_ip(in, p->af);
}

static bool
same_name(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && streq(a, b));
}

/* Do the deciding rules do the same, and bear the same label? */
static bool
same_effect(const struct pf_rule *a, const struct pf_rule *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return a->action == b->action && a->block == b->block &&
	    a->keep == b->keep && a->log == b->log && a->rtable == b->rtable &&
	    a->allow_opts == b->allow_opts && a->prob == b->prob &&
	    same_name(a->tag, b->tag) && same_name(a->label, b->label);
}

static void
compare(const struct pf_ruleset *plain, const struct pf_ruleset *better,
    const struct pf_packet *p, const struct at *at)
{
	struct pf_packet once = *p, twice = *p;
	_cleanup_(str_clear) struct str s = STR_INIT;
	const struct pf_rule *a = naive_judge(plain, &once, at);
	const struct pf_rule *b = naive_judge(better, &twice, at);

	if (same_effect(a, b) && same_name(once.tag, twice.tag))
		return;
	if (a != NULL)
		pf_print_rule(&s, a, 0);
	str_add(&s, "\nbecame\n");
	if (b != NULL)
		pf_print_rule(&s, b, 0);
	BUG("%s\nin\n%s", s.buf, now->buf);
}

/* ---- */

static int
read_text(void *ctx, const char *path, struct str *ret)
{
	(void)ctx;
	(void)path;
	str_addmem(ret, now->buf, now->len);
	return 0;
}

static struct pf_ruleset *
load(const struct pf_env *env, enum pf_optimize level)
{
	const struct pf_opts opts = {
		.load = PF_LOAD_ALL, .dry = true, .optimize = level
	};
	_cleanup_(str_clear) struct str said = STR_INIT;
	const struct pf_out out = { said_put_one, &said };
	struct pf_ruleset *rs = NULL;

	return pf_load("-", &opts, env, &out, &rs, NULL) < 0 ? NULL : rs;
}

/* Made once: it is the same each time. */
static struct pf_env *
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
	struct input in = { data, size, 1 };
	_cleanup_(str_clear) struct str text = STR_INIT;
	_cleanup_(pf_ruleset_freep) struct pf_ruleset *plain = NULL,
						      *better = NULL;
	const struct pf_env *env = the_world();
	struct pf_packet p;
	struct at at;

	for (int i = 0; i < RULES_MAX && in.size > 0; i++)
		make_rule(&in, &text);
	now = &text;
	plain = load(env, PF_OPT_NONE);
	better = load(env, PF_OPT_BASIC);
	if (plain == NULL || better == NULL)
		BUG("not read:\n%s", text.buf);
	for (int i = 0; i < PACKETS; i++) {
		pick_packet(&in, env, &p, &at);
		compare(plain, better, &p, &at);
	}
	return 0;
}

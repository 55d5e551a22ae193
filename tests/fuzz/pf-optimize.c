/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The optimiser changes no verdict. The input picks rules from a small
 * vocabulary; they are loaded plain and optimised, and packets of the same
 * vocabulary are judged by both.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>

#include "pf/pf.h"

enum { RULES_MAX = 40, PACKETS = 200 };

static const char world[] = "iface em0 index=1 broadcast group=wan\n"
			    "iface em1 index=2 broadcast\n"
			    "iface em2 index=3 broadcast group=wan\n"
			    "fibs 2\n";

struct input {
	const uint8_t *data;
	size_t size;
	uint32_t state; /* of the packets' random numbers */
};

static uint32_t
byte(struct input *in)
{
	if (in->size == 0)
		return 0;
	in->size--;
	in->state = in->state * 31 + *in->data;
	return *in->data++;
}

static uint32_t
dice(struct input *in, uint32_t n)
{
	in->state = in->state * 1664525 + 1013904223;
	return (in->state >> 8) % n;
}

static void
word(struct input *in, struct str *s, const char *const *words, size_t n)
{
	str_add(s, words[byte(in) % n]);
}

#define WORD(in, s, ...)                                             \
	do {                                                         \
		static const char *const words_[] = { __VA_ARGS__ }; \
		word((in), (s), words_, ARRAY_SIZE(words_));         \
	} while (0)

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

/* ---- packets ---- */

struct packet {
	uint8_t dir, af, proto, flags;
	const char *ifname;
	union pf_ip src, dst;
	uint16_t sport, dport;
	bool tagged, no_route;
};

static void
pick_ip(struct input *in, uint8_t af, union pf_ip *ip)
{
	char text[32];

	memset(ip, 0, sizeof(*ip));
	if (af == AF_INET)
		(void)snprintf(
		    text, sizeof(text), "10.0.%u.%u", dice(in, 2), dice(in, 9));
	else
		(void)snprintf(text, sizeof(text), "2001:db8::%x", dice(in, 4));
	if (inet_pton(af, text, ip->b) != 1)
		BUG("%s is no address", text);
}

static void
pick_packet(struct input *in, struct packet *p)
{
	static const char *const ifs[] = { "em0", "em1", "em2" };
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP,
		IPPROTO_ICMP };
	static const uint16_t ports[] = { 79, 80, 85, 90, 91 };

	*p = (struct packet){
		.dir = dice(in, 2) ? PF_IN : PF_OUT,
		.af = dice(in, 4) ? AF_INET : AF_INET6,
		.proto = protos[dice(in, ARRAY_SIZE(protos))],
		.flags = dice(in, 2) ? PF_TH_SYN : PF_TH_ACK,
		.ifname = ifs[dice(in, ARRAY_SIZE(ifs))],
		.sport = ports[dice(in, ARRAY_SIZE(ports))],
		.dport = ports[dice(in, ARRAY_SIZE(ports))],
		.tagged = dice(in, 2),
		.no_route = dice(in, 8) == 0,
	};
	pick_ip(in, p->af, &p->src);
	pick_ip(in, p->af, &p->dst);
}

/* ---- the evaluator ---- */

static bool
in_prefix(const union pf_ip *ip, const struct pf_addr *a)
{
	for (unsigned i = 0; i < a->bits; i++) {
		if ((ip->b[i / 8] ^ a->ip.b[i / 8]) >> (7 - i % 8) & 1)
			return false;
	}
	return true;
}

static bool
in_table(const struct pf_ruleset *rs, const char *name, const struct packet *p,
    const union pf_ip *ip)
{
	for (const struct pf_table *t = rs->tables; t; t = t->next) {
		for (size_t i = 0; streq(t->name, name) && i < t->n; i++) {
			if (t->af[i] == p->af && in_prefix(ip, &t->addr[i]))
				return true;
		}
	}
	return false;
}

static bool
addr_matches(const struct pf_ruleset *rs, const struct pf_addr *a,
    const struct packet *p, const union pf_ip *ip)
{
	bool m = true;

	switch ((enum pf_addr_kind)a->kind) {
	case PF_ADDR_ANY:
		break;
	case PF_ADDR_IP:
		m = in_prefix(ip, a);
		break;
	case PF_ADDR_TABLE:
		m = in_table(rs, a->name, p, ip);
		break;
	case PF_ADDR_NOROUTE:
		m = p->no_route;
		break;
	default:
		BUG("an address of kind %d", a->kind);
	}
	return m != a->neg;
}

static bool
port_matches(const struct pf_ports *t, uint16_t port)
{
	switch ((enum pf_op)t->op) {
	case PF_OP_NONE:
		return true;
	case PF_OP_EQ:
		return port == t->a;
	case PF_OP_NE:
		return port != t->a;
	case PF_OP_RANGE:
		return port >= t->a && port <= t->b;
	default:
		BUG("operator %d", t->op);
	}
}

static bool
if_matches(const struct pf_rule *r, const struct packet *p)
{
	bool m;

	if (r->ifname == NULL)
		return true;
	m = streq(r->ifname, p->ifname) ||
	    (streq(r->ifname, "wan") && !streq(p->ifname, "em1"));
	return m != r->if_not;
}

static bool
rule_matches(const struct pf_ruleset *rs, const struct pf_rule *r,
    const struct packet *p)
{
	if ((r->dir != PF_INOUT && r->dir != p->dir) ||
	    (r->af != 0 && r->af != p->af) ||
	    (r->proto != 0 && r->proto != p->proto) || !if_matches(r, p))
		return false;
	if (!addr_matches(rs, &r->src.addr, p, &p->src) ||
	    !addr_matches(rs, &r->dst.addr, p, &p->dst) ||
	    !port_matches(&r->src.port, p->sport) ||
	    !port_matches(&r->dst.port, p->dport))
		return false;
	if (p->proto == IPPROTO_TCP && (p->flags & r->flagset) != r->flags)
		return false;
	return r->tagged == NULL || p->tagged;
}

/* What the deciding rule does, and the label of it. */
static void
judge(const struct pf_ruleset *rs, const struct packet *p, struct str *ret)
{
	const struct pf_rules *list = &rs->main->list[PF_LIST_FILTER];
	const struct pf_rule *hit = NULL;

	str_reset(ret);
	for (size_t i = 0; i < list->n; i++) {
		if (!rule_matches(rs, list->v[i], p))
			continue;
		hit = list->v[i];
		if (hit->quick)
			break;
	}
	if (hit == NULL)
		return;
	str_printf(ret, "%d %d %d %d %s %d %d %s %u", hit->action, hit->block,
	    hit->keep, hit->log, hit->tag ? hit->tag : "-", hit->rtable,
	    hit->allow_opts, hit->label ? hit->label : "-", hit->prob);
}

/* ---- */

static const struct str *now;

static int
read_text(void *ctx, const char *path, struct str *ret)
{
	(void)ctx;
	(void)path;
	str_addmem(ret, now->buf, now->len);
	return 0;
}

static void
put(void *ctx, enum pf_stream s, const char *text, size_t len)
{
	(void)s;
	str_addmem(ctx, text, len);
}

static struct pf_ruleset *
load(const struct pf_env *env, enum pf_optimize level)
{
	const struct pf_opts opts = {
		.load = PF_LOAD_ALL, .dry = true, .optimize = level
	};
	_cleanup_(str_clear) struct str said = STR_INIT;
	const struct pf_out out = { put, &said };
	struct pf_ruleset *rs = NULL;

	return pf_load("-", &opts, env, &out, &rs, NULL) < 0 ? NULL : rs;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size, 1 };
	_cleanup_(str_clear) struct str text = STR_INIT, a = STR_INIT,
					b = STR_INIT;
	_cleanup_(pf_facts_freep) struct pf_facts *facts = NULL;
	_cleanup_(pf_ruleset_freep) struct pf_ruleset *plain = NULL,
						      *better = NULL;
	struct packet p;

	if (pf_facts_new(world, "world", &facts, NULL) < 0)
		BUG("the world is wrong");
	pf_facts_env(facts)->read = read_text;
	for (int i = 0; i < RULES_MAX && in.size > 0; i++)
		make_rule(&in, &text);
	now = &text;
	plain = load(pf_facts_env(facts), PF_OPT_NONE);
	better = load(pf_facts_env(facts), PF_OPT_BASIC);
	if (plain == NULL || better == NULL)
		BUG("not read:\n%s", text.buf);
	for (int i = 0; i < PACKETS; i++) {
		pick_packet(&in, &p);
		judge(plain, &p, &a);
		judge(better, &p, &b);
		if (!streq(a.buf, b.buf))
			BUG("packet %d: '%s' became '%s':\n%s", i, a.buf, b.buf,
			    text.buf);
	}
	return 0;
}

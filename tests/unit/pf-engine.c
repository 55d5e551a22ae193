/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine by short stories: rules, packets in a line of words each, and
 * what becomes of each packet. They are about what the recordings have
 * little of.
 */
#include "said.h"
#include "tap.h"

#include <arpa/inet.h>

#include "pf-engine-stories.h"
#include "pf/sim.h"

static const char world[] = "iface em0 index=1 broadcast group=wan mtu=1500\n"
			    "addr em0 inet 192.0.2.1/24\n"
			    "addr em0 inet 192.0.2.2/24\n"
			    "addr em0 inet6 2001:db8::1/64\n"
			    "iface em1 index=2 broadcast mtu=600\n"
			    "addr em1 inet 10.0.1.1/24\n"
			    "addr em1 inet6 2001:db8:1::1/64\n"
			    "iface tun0 index=4 p2p\n"
			    "addr tun0 inet 10.8.0.1/32 peer 10.8.0.2\n"
			    "iface lo0 index=3 loopback group=lo\n"
			    "addr lo0 inet 127.0.0.1/8\n";

static struct pf_facts *facts;
static const char *rules_text;

static int
read_rules(void *ctx, const char *path, struct str *ret)
{
	(void)ctx;
	/* The files of load anchor. */
	if (streq(path, "x"))
		str_add(ret, "pass in proto udp to port 1\n");
	else if (streq(path, "y"))
		str_add(ret,
		    "block in proto udp to port 1\n"
		    "pass in quick proto udp to port 2\n");
	else if (streq(path, "b"))
		str_add(ret, "block in proto udp to port 2\n");
	else
		str_add(ret, rules_text);
	return 0;
}

/* ---- a packet from words ---- */

static uint8_t
flags_of(const char *s)
{
	static const char letters[] = "FSRPAUEW";
	uint8_t f = 0;

	for (; *s != '\0'; s++)
		f |= (uint8_t)(1 << (strchr(letters, *s) - letters));
	return f;
}

static void
host_of(struct pf_packet *p, const char *s, union pf_ip *ip)
{
	p->af = strchr(s, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(p->af, s, ip->b) != 1)
		BUG("%s is no address", s);
}

static void
quote_of(struct pf_packet *p, const struct pf_packet *q)
{
	p->quotes = true;
	p->quote = (struct pf_quote){ .proto = q->proto,
		.src = q->src,
		.dst = q->dst,
		.sport = q->proto == 1 ? q->icmp_id : q->sport,
		.dport = q->proto == 1 ? q->icmp_id : q->dport,
		.seq = q->seq };
}

/* NAME=VALUE */
static void
set_word(struct pf_packet *p, const char *word, const struct pf_packet *last)
{
	const char *v = strchr(word, '=') + 1;
	unsigned n = (unsigned)strtoul(v, NULL, 10);

	if (str_starts(word, "flags="))
		p->flags = flags_of(v);
	else if (str_starts(word, "seq="))
		p->seq = n;
	else if (str_starts(word, "ack="))
		p->ack = n;
	else if (str_starts(word, "len="))
		p->len = n;
	else if (str_starts(word, "ttl="))
		p->ttl = (uint8_t)n;
	else if (str_starts(word, "tos="))
		p->tos = (uint8_t)n;
	else if (str_starts(word, "uid="))
		p->uid = n;
	else if (str_starts(word, "gid="))
		p->gid = n;
	else if (str_starts(word, "opts="))
		p->ipopt = (uint8_t)n;
	else if (str_starts(word, "type="))
		p->icmp_type = (uint8_t)n;
	else if (str_starts(word, "quote="))
		quote_of(p, last);
	else if (sscanf(word, "frag=%hu,%hu", &p->frag_off, &p->frag_len) == 2)
		p->frag = true, p->ipid = 7;
	else if (streq(word, "more=1"))
		p->frag_more = true;
	else
		BUG("what is %s?", word);
}

/* PROTO SRC SPORT DST DPORT [NAME=VALUE ...] */
static struct pf_packet
packet_of(char *line, const struct pf_packet *last)
{
	struct pf_packet p = { .ttl = 64,
		.win = 8192,
		.seq = 1000,
		.uid = PF_ID_UNKNOWN,
		.gid = PF_ID_UNKNOWN };
	char *w = strsep(&line, " ");

	p.proto = (uint8_t)pf_proto_number(w);
	host_of(&p, strsep(&line, " "), &p.src);
	p.sport = (uint16_t)atoi(strsep(&line, " "));
	host_of(&p, strsep(&line, " "), &p.dst);
	p.dport = (uint16_t)atoi(strsep(&line, " "));
	if (p.proto == 6)
		p.flags = PF_TH_SYN;
	if (p.proto == 1 || p.proto == 58) {
		p.icmp_type = p.proto == 1 ? 8 : 128;
		p.icmp_id = p.sport;
		p.sport = p.dport = 0;
	}
	while ((w = strsep(&line, " ")) != NULL)
		set_word(&p, w, last);
	return p;
}

/* ---- what became of it, in words ---- */

static void
add_end(struct str *s, uint8_t af, const union pf_ip *ip, uint16_t port)
{
	char buf[INET6_ADDRSTRLEN];

	str_printf(s, "%s.%u", inet_ntop(af, ip->b, buf, sizeof(buf)), port);
}

static void
add_packet(struct str *s, const struct pf_packet *p)
{
	add_end(s, p->af, &p->src, p->sport);
	str_add(s, ">");
	add_end(s, p->af, &p->dst, p->dport);
}

static void
outcome(struct str *s, const struct pf_sim_result *res)
{
	static const char *const ends[] = { "local", "sent", "block", "in",
		"held", "unseen", "noroute" };
	static const char *const kinds[] = { "rst", "icmp", "synack", "tcp" };

	str_add(s, ends[res->end]);
	if (res->end == PF_E_LOCAL) {
		str_addc(s, ' ');
		add_packet(s, &res->final);
	}
	for (size_t i = 0; i < res->wire.n; i++) {
		str_printf(s, " %s ", res->wire.v[i].ifname);
		add_packet(s, &res->wire.v[i].packet);
	}
	if (res->end == PF_E_BLOCK &&
	    res->events.v[res->events.n - 1].reason != PF_R_MATCH)
		str_printf(s, " %s",
		    pf_reason_name(res->events.v[res->events.n - 1].reason));
	for (size_t i = 0; i < res->returned.n; i++) {
		str_printf(s, " %s", kinds[res->returned.v[i].kind]);
		if (res->returned.v[i].kind >= PF_SENT_SYNACK)
			str_printf(s, ":%u", res->returned.v[i].packet.seq);
	}
	if (res->stack.n > 0)
		str_add(s, " error");
}

/* ---- stories ---- */

static void
play(struct pf_sim *sim, const struct step *step, struct pf_packet *last,
    struct str *ret)
{
	_cleanup_free_ char *copy = xstrdup(step->what);
	char *line = copy, *verb = strsep(&line, " ");
	struct pf_sim_result res;
	const char *ifname;

	if (streq(verb, "wait")) {
		pf_sim_clock(sim, pf_sim_now(sim) + strtoul(line, NULL, 10));
		str_printf(ret, "%zu", pf_sim_state_count(sim));
		return;
	}
	if (streq(verb, "states")) {
		pf_sim_states(sim, ret);
		return;
	}
	ifname = streq(verb, "in") ? strsep(&line, " ") : NULL;
	*last = packet_of(line, last);
	if (ifname != NULL)
		pf_sim_in(sim, ifname, last, &res);
	else
		pf_sim_out(sim, last, &res);
	outcome(ret, &res);
	pf_sim_result_clear(&res);
}

static void
tell(const struct story *t)
{
	const struct pf_opts opts = { .load = PF_LOAD_ALL,
		.optimize_given = true };
	const struct pf_out out = { .put = said_diag };
	struct pf_env *env = pf_facts_env(facts);
	const struct pf_sim_route route = { .af = AF_INET,
		.ifname = "em0",
		.via = { .b = { 192, 0, 2, 254 } },
		.has_via = true };
	const struct pf_sim_box box = { .env = env,
		.route = &route,
		.n_route = 1,
		.forward4 = true,
		.forward6 = true,
		.directed = true };
	/* Rulesets outlive the simulator: freed in the other order. */
	_cleanup_(pf_ruleset_freep) struct pf_ruleset *rs = NULL;
	_cleanup_(pf_sim_freep) struct pf_sim *sim = pf_sim_new(&box);
	struct pf_packet last = { 0 };

	rules_text = t->rules;
	env->read = read_rules;
	if (pf_load("-", &opts, env, &out, &rs, NULL) < 0 ||
	    pf_sim_load(sim, "", rs, NULL) < 0) {
		ok(false, "%s: the rules are read", t->name);
		return;
	}
	for (const struct step *s = t->step; s->what != NULL; s++) {
		_cleanup_(str_clear) struct str got = STR_INIT;

		play(sim, s, &last, &got);
		is_str(got.buf, s->becomes, "%s: %s", t->name, s->what);
	}
}

int
main(void)
{
	if (pf_facts_new(world, "world", &facts, NULL) < 0)
		BUG("the world is wrong");
	for (size_t i = 0; i < ARRAY_SIZE(stories); i++)
		tell(&stories[i]);
	pf_facts_free(facts);
	return done_testing();
}

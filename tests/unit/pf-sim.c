/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine, where the recordings have little: time, limits, IPv6, tables. */
#include "said.h"
#include "tap.h"

#include <arpa/inet.h>
#include <errno.h>

#include "pf/sim.h"

static const char *rules_text;
static struct pf_facts *facts;
static struct pf_ruleset *loaded;

static const char world[] = "iface em0 index=1 broadcast\n"
			    "addr em0 inet 192.0.2.1/24\n"
			    "addr em0 inet6 2001:db8::1/64\n"
			    "iface lo0 index=2 loopback group=lo\n"
			    "addr lo0 inet 127.0.0.1/8\n";

static int
read_rules(void *ctx, const char *path, struct str *ret)
{
	(void)ctx;
	(void)path;
	str_add(ret, rules_text);
	return 0;
}

static struct pf_sim *
sim_with(const char *text)
{
	struct pf_opts opts = { .load = PF_LOAD_ALL };
	struct pf_out out = { .put = said_diag };
	struct err err = { 0 };
	struct pf_env *env = pf_facts_env(facts);
	struct pf_sim_box box = { .env = env, .forward4 = true };
	struct pf_sim *sim = pf_sim_new(&box);

	rules_text = text;
	env->read = read_rules;
	pf_ruleset_free(loaded);
	loaded = NULL;
	if (pf_load("-", &opts, env, &out, &loaded, &err) < 0 ||
	    pf_sim_load(sim, "", loaded, &err) < 0)
		printf("# %s\n", err.msg);
	return sim;
}

static struct pf_packet
packet(uint8_t proto, const char *src, uint16_t sport, const char *dst,
    uint16_t dport)
{
	struct pf_packet p = { .af = strchr(src, ':') ? AF_INET6 : AF_INET,
		.proto = proto,
		.sport = sport,
		.dport = dport,
		.ttl = 64,
		.win = 8192,
		.seq = 1000,
		.flags = PF_TH_SYN,
		.uid = PF_ID_UNKNOWN,
		.gid = PF_ID_UNKNOWN };

	inet_pton(p.af, src, p.src.b);
	inet_pton(p.af, dst, p.dst.b);
	return p;
}

static enum pf_sim_end
in(struct pf_sim *sim, const struct pf_packet *p)
{
	struct pf_sim_result res;
	enum pf_sim_end end;

	pf_sim_in(sim, "em0", p, &res);
	end = res.end;
	pf_sim_result_clear(&res);
	return end;
}

static enum pf_sim_end
out(struct pf_sim *sim, const struct pf_packet *p)
{
	struct pf_sim_result res;
	enum pf_sim_end end;

	pf_sim_out(sim, p, &res);
	end = res.end;
	pf_sim_result_clear(&res);
	return end;
}

static void
test_time(void)
{
	_cleanup_(pf_sim_freep) struct pf_sim *sim = sim_with(
	    "set timeout udp.first 10\nblock all\npass out proto udp\n");
	struct pf_packet ask = packet(17, "192.0.2.1", 5000, "192.0.2.9", 53);
	struct pf_packet answer =
	    packet(17, "192.0.2.9", 53, "192.0.2.1", 5000);

	is_int(in(sim, &answer), PF_E_BLOCK, "an answer to nothing");
	is_int(out(sim, &ask), PF_E_SENT, "a question");
	pf_sim_clock(sim, 9);
	is_int(pf_sim_state_count(sim), 1, "9 seconds later it is known");
	pf_sim_clock(sim, 10);
	is_int(pf_sim_state_count(sim), 0, "after udp.first it is not");
	is_int(in(sim, &answer), PF_E_BLOCK, "too late");
	out(sim, &ask);
	is_int(in(sim, &answer), PF_E_LOCAL, "in time");
	pf_sim_clock(sim, 35);
	is_int(pf_sim_state_count(sim), 1, "answered: udp.single, 30 s");
	pf_sim_clock(sim, 40);
	is_int(pf_sim_state_count(sim), 0, "and over");
}

static void
test_ipv6(void)
{
	_cleanup_(pf_sim_freep) struct pf_sim *sim = sim_with(
	    "block return all\npass in inet6 proto tcp to (em0) port 22\n");
	struct pf_packet p = packet(6, "2001:db8::9", 4000, "2001:db8::1", 22);
	struct pf_sim_result res;

	is_int(in(sim, &p), PF_E_LOCAL, "IPv6 to (em0)");
	p.dport = 23;
	pf_sim_in(sim, "em0", &p, &res);
	is_int(res.end, PF_E_BLOCK, "another port");
	ok(res.returned.n == 1 && res.returned.v[0].kind == PF_SENT_RST,
	    "and a RST back");
	pf_sim_result_clear(&res);
	p = packet(17, "2001:db8::9", 4000, "2001:db8::1", 23);
	pf_sim_in(sim, "em0", &p, &res);
	ok(res.returned.n == 1 && res.returned.v[0].kind == PF_SENT_ICMP &&
		res.returned.v[0].packet.icmp_type == 1 &&
		res.returned.v[0].packet.icmp_code == 4,
	    "udp: ICMPv6 port unreachable");
	pf_sim_result_clear(&res);
}

/* A whole handshake from this source. */
static enum pf_sim_end
connect_from(struct pf_sim *sim, const char *src, uint16_t port)
{
	struct pf_packet syn = packet(6, src, port, "192.0.2.1", 80), back;
	enum pf_sim_end end = in(sim, &syn);

	if (end != PF_E_LOCAL)
		return end;
	back = packet(6, "192.0.2.1", 80, src, port);
	back.flags = PF_TH_SYN | PF_TH_ACK;
	back.seq = 7000;
	back.ack = 1001;
	(void)out(sim, &back);
	syn.flags = PF_TH_ACK;
	syn.seq = 1001;
	syn.ack = 7001;
	return in(sim, &syn);
}

static void
test_limits(void)
{
	_cleanup_(pf_sim_freep) struct pf_sim *sim =
	    sim_with("table <bad> persist\nblock in quick from <bad>\n"
		     "pass in proto tcp to port 80 keep state "
		     "(max-src-conn 2, overload <bad> flush global)\n");
	union pf_ip ip = { 0 };

	is_int(connect_from(sim, "192.0.2.7", 1), PF_E_LOCAL, "one");
	is_int(connect_from(sim, "192.0.2.7", 2), PF_E_LOCAL, "two");
	is_int(connect_from(sim, "192.0.2.7", 3), PF_E_BLOCK, "three");
	inet_pton(AF_INET, "192.0.2.7", ip.b);
	ok(pf_sim_table_match(sim, "bad", AF_INET, &ip), "it is in <bad>");
	is_int(pf_sim_state_count(sim), 1, "its other states are flushed");
	is_int(connect_from(sim, "192.0.2.7", 4), PF_E_BLOCK, "now it is out");
	is_int(connect_from(sim, "192.0.2.8", 1), PF_E_LOCAL, "others not");
}

static void
test_tables(void)
{
	_cleanup_(pf_sim_freep) struct pf_sim *sim =
	    sim_with("table <t> { 10.0.0.0/8, !10.1.0.0/16, 10.1.2.3 }\n"
		     "block all\npass in from <t> no state\n");
	static const struct {
		const char *src;
		enum pf_sim_end end;
	} cases[] = { { "10.9.9.9", PF_E_LOCAL }, { "10.1.9.9", PF_E_BLOCK },
		{ "10.1.2.3", PF_E_LOCAL }, { "11.0.0.1", PF_E_BLOCK } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pf_packet p =
		    packet(17, cases[i].src, 1, "192.0.2.1", 1);

		is_int(in(sim, &p), cases[i].end, "longest prefix: %s",
		    cases[i].src);
	}
}

static void
test_max(void)
{
	_cleanup_(pf_sim_freep) struct pf_sim *sim =
	    sim_with("block all\npass in proto udp keep state (max 2)\n");
	struct pf_packet p = packet(17, "192.0.2.9", 1, "192.0.2.1", 9);

	for (uint16_t i = 1; i <= 3; i++) {
		p.sport = i;
		is_int(in(sim, &p), i < 3 ? PF_E_LOCAL : PF_E_BLOCK,
		    "max 2: state %u", i);
	}
}

int
main(void)
{
	struct err err = { 0 };

	if (pf_facts_new(world, "world", &facts, &err) < 0) {
		printf("Bail out! %s\n", err.msg);
		return 1;
	}
	test_time();
	test_ipv6();
	test_limits();
	test_tables();
	test_max();
	pf_ruleset_free(loaded);
	pf_facts_free(facts);
	return done_testing();
}

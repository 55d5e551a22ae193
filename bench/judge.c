/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many packets a second the engine judges: a ruleset of a given size, and
 * packets of many senders through it.
 *
 *	judge [SECONDS]
 *
 * Each line: rules, what the packets are, packets a second, and how many of
 * them passed (so that it is seen that the rules did something).
 */
#include <netinet/in.h>
#include <time.h>

#include "pf/sim.h"

enum { MANY = 4096, TABLES = 100, TABLE_SIZE = 1000 };

static const char world[] = "iface em0 index=1 broadcast\n"
			    "addr em0 inet 10.0.0.1/8\n"
			    "iface em1 index=2 broadcast\n"
			    "addr em1 inet 172.16.0.1/16\n"
			    "iface lo0 index=3 loopback group=lo\n"
			    "addr lo0 inet 127.0.0.1/8\n";

static struct str rules = STR_INIT;

static int
read_rules(void *ctx, const char *path, struct str *ret)
{
	(void)ctx;
	(void)path;
	str_addmem(ret, rules.buf, rules.len);
	return 0;
}

static void
say(void *ctx, enum pf_stream s, const char *text, size_t len)
{
	(void)ctx;
	if (s == PF_STDERR)
		fprintf(stderr, "%.*s", (int)len, text);
}

/* Rules as people write them: by interface, protocol, network and port. */
static void
add_rule(unsigned i, const char *state)
{
	static const char *const shape[] = {
		"pass in on em0 proto tcp from 10.%u.0.0/16 to any port %u "
		"%s\n",
		"block in on em0 proto udp from 10.%u.%u.0/24 %.0s\n",
		"pass in on em1 proto tcp from any to 172.16.%u.9 port %u %s\n",
		"pass out on em1 from 172.16.%u.%u to any %s\n",
		"block in quick on em0 proto tcp from 192.168.%u.%u to any "
		"%.0s\n",
	};

	str_printf(&rules, shape[i % ARRAY_SIZE(shape)], i / 5 % 256,
	    1 + i / 3 % 250, state);
}

static void
make_rules(unsigned n, unsigned tables, const char *state)
{
	str_reset(&rules);
	for (unsigned t = 0; t < tables; t++) {
		str_printf(&rules, "table <t%u> {", t);
		for (unsigned i = 0; i < TABLE_SIZE; i++)
			str_printf(&rules, " 10.%u.%u.%u", t, i / 100, i % 100);
		str_add(&rules, " }\n");
	}
	str_printf(&rules,
	    "block all\npass in on em0 proto tcp to port 80 %s\n", state);
	for (unsigned i = 2; i < n; i++) {
		if (tables > 0 && i % 10 == 0)
			str_printf(&rules,
			    "pass in on em0 proto tcp from <t%u> to port %u "
			    "%s\n",
			    i / 10 % tables, 1 + i % 1000, state);
		else
			add_rule(i, state);
	}
}

static struct pf_packet
packet(unsigned i)
{
	uint32_t r = i * 2654435761u;

	return (struct pf_packet){
		.af = AF_INET,
		.proto = i % 4 ? IPPROTO_TCP : IPPROTO_UDP,
		.src = { .b = { 10, r >> 8 & 0xff, r >> 16 & 0xff, r >> 24 } },
		.dst = { .b = { 10, 0, 0, 1 } },
		.sport = (uint16_t)(1024 + r % 60000),
		.dport = i % 3 ? 80 : (uint16_t)(1 + r % 250),
		.flags = i % 4 ? PF_TH_SYN : 0,
		.seq = r,
		.win = 8192,
		.ttl = 64,
		.uid = PF_ID_UNKNOWN,
		.gid = PF_ID_UNKNOWN,
	};
}

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
measure(struct pf_sim *sim, const char *what, unsigned n, double seconds)
{
	struct pf_packet p[MANY];
	unsigned long sent = 0, passed = 0;
	double start, took;

	for (unsigned i = 0; i < MANY; i++)
		p[i] = packet(i);
	start = now();
	do {
		for (unsigned i = 0; i < MANY; i++, sent++) {
			struct pf_sim_result res;

			pf_sim_in(sim, "em0", &p[i], &res);
			passed += res.end == PF_E_LOCAL;
			pf_sim_result_clear(&res);
		}
		took = now() - start;
	} while (took < seconds);
	printf("%6u  %-34s %12.0f %8.0f %%\n", n, what, (double)sent / took,
	    100.0 * (double)passed / (double)sent);
}

static void
run(unsigned n, unsigned tables, const char *state, const char *what,
    double seconds)
{
	const struct pf_opts opts = { .load = PF_LOAD_ALL,
		.optimize_given = true };
	const struct pf_out out = { .put = say };
	_cleanup_(pf_facts_freep) struct pf_facts *facts = NULL;
	_cleanup_(pf_ruleset_freep) struct pf_ruleset *rs = NULL;
	_cleanup_(pf_sim_freep) struct pf_sim *sim = NULL;
	struct pf_sim_box box = { 0 };
	struct err err = { 0 };

	if (pf_facts_new(world, "world", &facts, &err) < 0)
		BUG("%s", err.msg);
	pf_facts_env(facts)->read = read_rules;
	make_rules(n, tables, state);
	box.env = pf_facts_env(facts);
	sim = pf_sim_new(&box);
	if (pf_load("-", &opts, box.env, &out, &rs, &err) < 0 ||
	    pf_sim_load(sim, "", rs, &err) < 0)
		BUG("%s", err.msg);
	measure(sim, what, n, seconds);
}

int
main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 1;

	printf(
	    "%6s  %-34s %12s %10s\n", "rules", "packets", "a second", "passed");
	run(100, 0, "no state", "each by the rules", seconds);
	run(100, 0, "keep state", "of known connections, or blocked", seconds);
	run(10000, 0, "no state", "each by the rules", seconds);
	run(10000, TABLES, "no state", "each by the rules and tables", seconds);
	str_clear(&rules);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Lowering: what some rules become, compared as text, and what is refused. */
#include "pf/lower.h"

#include "tap.h"

static const char facts_text[] = "iface lo0 index=1 loopback group=lo\n"
				 "addr lo0 inet 127.0.0.1/8\n"
				 "iface em0 index=2 broadcast\n"
				 "addr em0 inet 192.168.178.40/24\n"
				 "iface lo1 index=3 loopback group=lo\n"
				 "addr lo1 inet 192.168.0.1/24\n"
				 "addr lo1 inet 192.168.0.2/32\n";

static const char *text; /* of the pf.conf being read */

static int
read_text(void *ctx, const char *path, struct str *ret)
{
	(void)ctx;
	(void)path;
	str_reset(ret);
	str_add(ret, text);
	return 0;
}

static void
put(void *ctx, enum pf_stream s, const char *mem, size_t len)
{
	(void)s;
	str_addmem(ctx, mem, len);
}

/* Lower `conf`; the result as text, or what was said against it. */
static char *
lower(const char *conf)
{
	const struct pf_opts opts = { .load = PF_LOAD_ALL };
	const struct pf_lower_opts lower_opts = { .jail_group = 7,
		.first_rule = 1 };
	struct pf_facts *facts = NULL;
	struct pf_ruleset *rs = NULL;
	struct pf_lowered *l = NULL;
	struct str said = STR_INIT;
	const struct pf_out out = { put, &said };

	if (pf_facts_new(facts_text, "facts", &facts, NULL) < 0)
		BUG("facts");
	pf_facts_env(facts)->read = read_text;
	text = conf;
	if (pf_load("pf.conf", &opts, pf_facts_env(facts), &out, &rs, NULL) ==
		0 &&
	    pf_lower(rs, pf_facts_env(facts), &lower_opts, &l, &said, NULL) ==
		0)
		pf_lowered_print(&said, l);
	pf_lowered_free(l);
	pf_ruleset_free(rs);
	pf_facts_free(facts);
	return str_take(&said);
}

/* The lines of one chain. */
static char *
chain(const char *lowered, const char *name)
{
	_cleanup_free_ char *start = xasprintf("%s: ", name);
	struct str s = STR_INIT;

	for (const char *at = lowered; *at;) {
		size_t len = strcspn(at, "\n");

		if (str_starts(at, start)) {
			str_addmem(&s, at + strlen(start), len - strlen(start));
			str_addc(&s, '\n');
		}
		at += len + (at[len] == '\n');
	}
	return str_take(&s);
}

/* Where in the chain is the first line that ends like this? -1: nowhere. */
static int
line_with(const char *lines, const char *what)
{
	const char *at = strstr(lines, what);
	int n = 0;

	if (!at)
		return -1;
	for (const char *p = lines; p < at; p++)
		n += *p == '\n';
	return n;
}

static void
test_rule(void)
{
	_cleanup_free_ char *all =
	    lower("block in proto udp from 10.0.0.0/8 to any port 53\n");
	_cleanup_free_ char *in = chain(all, "ext_in");
	_cleanup_free_ char *out = chain(all, "ext_out");

	ok(strstr(in,
	       "r0 = meta l4proto; r0 == 0x11; r0 = meta nfproto; r0 == 0x02; "
	       "r0 = th+2,2; r0 == 0x0035; r0 = nh+12,1; r0 == 0x0a; drop\n"),
	    "a block rule, a whole-byte prefix without a mask");
	ok(!strstr(out, "drop\nr0 = meta l4proto"),
	    "nothing of it in the other direction");
	ok(!strstr(out, "0x0035"), "nothing of it going out");
}

static void
test_order(void)
{
	_cleanup_free_ char *all = lower("block in proto 50\n"
					 "pass in proto 51 no state\n"
					 "block in quick proto 52\n"
					 "block in quick proto 53\n");
	_cleanup_free_ char *in = chain(all, "ext_in");
	int p50 = line_with(in, "== 0x32"), p51 = line_with(in, "== 0x33");
	int p52 = line_with(in, "== 0x34"), p53 = line_with(in, "== 0x35");

	ok(p52 >= 0 && p52 < p53, "quick rules stay in order");
	ok(p53 < p51 && p51 < p50, "the others follow, the last one first");
}

static void
test_anchor(void)
{
	_cleanup_free_ char *all = lower("block in proto 50\n"
					 "anchor \"a\" in on em0 {\n"
					 "  block quick proto 51\n"
					 "  block proto 52\n"
					 "}\n"
					 "block in proto 53\n");
	_cleanup_free_ char *in = chain(all, "ext_in");
	_cleanup_free_ char *lo = chain(all, "lo_in");
	int p50 = line_with(in, "== 0x32"), p51 = line_with(in, "== 0x33");
	int p52 = line_with(in, "== 0x34"), p53 = line_with(in, "== 0x35");

	ok(p51 >= 0 && p51 < p53 && p53 < p52 && p52 < p50,
	    "an anchor's rules have their place in both passes");
	is_int(line_with(lo, "== 0x33"), -1,
	    "the anchor's interface keeps them from the loopbacks");
}

static void
test_loopbacks(void)
{
	_cleanup_free_ char *one = lower("pass all no state\n");
	_cleanup_free_ char *two = lower("block on lo1 all\n");
	_cleanup_free_ char *skip = lower("set skip on lo1\nblock all\n");
	_cleanup_free_ char *lo0 = chain(two, "lo0_in");
	_cleanup_free_ char *lo1 = chain(two, "lo1_in");
	_cleanup_free_ char *ext = chain(two, "ext_in");
	_cleanup_free_ char *own = chain(skip, "own_in");

	ok(strstr(one, "\nlo_in: ") && !strstr(one, "\nlo1_in: "),
	    "loopbacks that no rule tells apart share their chains");
	ok(strstr(lo1, "\ndrop\n") && !strstr(lo0, "\ndrop\n") &&
		!strstr(ext, "\ndrop\n"),
	    "a rule on lo1 is for lo1 alone");
	ok(strstr(own, "@own4_lo1; accept\n") && strstr(own, "goto lo0_in\n"),
	    "a skipped loopback is passed by, the others are not");
}

static void
test_nat(void)
{
	_cleanup_free_ char *all =
	    lower("nat pass on em0 from 192.168.0.0/24 to any -> 10.9.8.7\n"
		  "rdr on em0 proto tcp to port 80 -> 192.168.0.2 port 8080\n");
	_cleanup_free_ char *nat = chain(all, "ext_nat");
	_cleanup_free_ char *rdr = chain(all, "ext_rdr");

	is_str(nat,
	    "r0 = meta oifname; r0 == 0x656d3000000000000000000000000000; "
	    "r0 = meta nfproto; r0 == 0x02; r0 = nh+12,3; r0 == 0xc0a800; "
	    "r0 = 0x00000000010000000000000600000000; ct label = r0; "
	    "count inserts; count searches; "
	    "r4 = 0x0a090807; r12 = 0xc351; r13 = 0xffff; "
	    "snat r4 port r12-r13 flags 0x4\naccept\n",
	    "nat pass: the state's bits, the address, pf's ports");
	is_str(rdr,
	    "r0 = meta iifname; r0 == 0x656d3000000000000000000000000000; "
	    "r0 = meta l4proto; r0 == 0x06; r0 = meta nfproto; r0 == 0x02; "
	    "r0 = th+2,2; r0 == 0x0050; "
	    "r0 = 0x00000000000000000000000800000000; ct label = r0; "
	    "r4 = 0xc0a80002; r12 = 0x1f90; dnat r4 port r12\naccept\n",
	    "rdr: marked, but the filter decides");
}

static void
test_flags(void)
{
	_cleanup_free_ char *all = lower("pass in all\n");
	_cleanup_free_ char *in = chain(all, "ext_in");

	ok(strstr(in,
	       "r0 = meta l4proto; r0 == 0x06; r0 = th+13,1; "
	       "r0 = r0 & 0x12 ^ 0x00; r0 == 0x02; ") &&
		strstr(in, "\nr0 = meta l4proto; r0 != 0x06; "),
	    "without a protocol, flags are tested on TCP only");
}

/* Rules as in pf.conf, `n` of them with ports from 1 on. */
static char *
some(const char *rule, int n)
{
	struct str s = STR_INIT;

	for (int i = 1; i <= n; i++)
		str_printf(&s, "block in quick %s port %d\n", rule, i);
	return str_take(&s);
}

static void
test_runs(void)
{
	_cleanup_free_ char *tcp = some("on em0 inet proto tcp to any", 8);
	_cleanup_free_ char *udp = some("on em0 inet proto udp to any", 8);
	_cleanup_free_ char *few = some("on em0 inet proto udp to any", 2);
	_cleanup_free_ char *conf = xasprintf("%s%s%s", udp, tcp, few);
	_cleanup_free_ char *all = lower(conf);
	_cleanup_free_ char *in = chain(all, "ext_in");
	_cleanup_free_ char *run = chain(all, "ext_in_1");
	_cleanup_free_ char *inner = chain(all, "ext_in_1_1");
	_cleanup_free_ char *lo = chain(all, "lo_in");

	ok(strstr(in,
	       "\nr0 = meta iifname; r0 == 0x656d3000000000000000000000000000; "
	       "r0 = meta nfproto; r0 == 0x02; jump ext_in_1\naccept\n"),
	    "rules on one interface and of one family are a run");
	ok(strstr(run, "r0 = meta l4proto; r0 == 0x11; jump ext_in_1_1\n"
		      "r0 = meta l4proto; r0 == 0x06; jump ext_in_1_2\n"
		      "r0 = meta l4proto; r0 == 0x11; r0 = th+2,2; "
		      "r0 == 0x0001; drop\n"),
	    "in it are runs of one protocol; two rules are none");
	ok(str_starts(inner, "r0 = th+2,2; r0 == 0x0001; drop\n"),
	    "what leads to a rule is not tested again");
	ok(!strstr(lo, "jump"), "rules on em0 are nothing to the loopbacks");
}

/* Rules of any family, or of TCP with flags and any protocol, are several
 * rules in nf_tables: these keep their own tests. */
static void
test_run_of_variants(void)
{
	_cleanup_free_ char *conf =
	    some("on em0 proto tcp from (em0) to any", 8);
	_cleanup_free_ char *all = lower(conf);
	_cleanup_free_ char *run = chain(all, "ext_in_1");

	ok(strstr(run, "r0 = meta nfproto; r0 == 0x02; r0 = th+2,2; ") &&
		strstr(run, "r0 = meta nfproto; r0 == 0x0a; r0 = th+2,2; ") &&
		!strstr(run, "l4proto"),
	    "what the rules differ in is tested in each");
}

static void
test_states(void)
{
	_cleanup_free_ char *all = lower("pass in proto tcp\n");
	_cleanup_free_ char *in = chain(all, "ext_in");
	_cleanup_free_ char *made = chain(all, "made_in");

	ok(strstr(in, "r0 = 0x01000000000000000000000000000000; ct label = r0; "
		      "goto made_in\n"),
	    "a rule that makes a state sets its number");
	is_str(made,
	    "r0 = ct direction; r0 == 0x00; "
	    "r0 = 0x00000000000000000000000100000000; ct label = r0; "
	    "count inserts; accept\n"
	    "r0 = ct direction; r0 == 0x01; "
	    "r0 = 0x00000000000000000000000200000000; ct label = r0; "
	    "count inserts; accept\n"
	    "accept\n",
	    "and the direction says which bit of it is set");
}

static void
test_refused(const char *conf, const char *want, const char *what)
{
	_cleanup_free_ char *said = lower(conf);

	is_str(said, want, "%s", what);
}

int
main(void)
{
	test_rule();
	test_order();
	test_anchor();
	test_loopbacks();
	test_nat();
	test_flags();
	test_runs();
	test_run_of_variants();
	test_states();
	test_refused("pass in all\npass in user 0\n",
	    "pf.conf:2: user works only in rules with `out`: nf_tables does "
	    "not know who will receive a packet\n",
	    "what cannot be done is said with its line");
	test_refused("pass out route-to (em0 10.0.0.1) all\n"
		     "pass in proto tcp synproxy state\n",
	    "pf.conf:1: route-to, reply-to and dup-to are not built yet\n"
	    "pf.conf:2: synproxy state is not built yet\n",
	    "all of it at once");
	return done_testing();
}

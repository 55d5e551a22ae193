/* SPDX-License-Identifier: BSD-2-Clause */
/* Lowering: what some rules become, compared as text. */
#include "lowering.h"

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
	       "r0 = th+2,2; r0 == 0x0035; r0 = nh+12,1; r0 == 0x0a; counter; drop\n"),
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
	ok(strstr(lo1, "\ncounter; drop\n") && !strstr(lo0, "\ncounter;") &&
		!strstr(ext, "\ncounter;"),
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
	    "count inserts; counter; count searches; "
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
		      "r0 == 0x0001; counter; drop\n"),
	    "in it are runs of one protocol; two rules are none");
	ok(str_starts(inner, "r0 = th+2,2; r0 == 0x0001; counter; drop\n"),
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
	_cleanup_free_ char *rev = chain(all, "rev_out");

	ok(strstr(in, "r0 = 0x01000000000000000000000000000000; ct label = r0; "
		      "goto made_in\n"),
	    "a rule that makes a state sets its number");
	is_str(made,
	    "r0 = ct label; "
	    "r0 = r0 & 0xffffffff000000000000000000000000 "
	    "^ 0x00000000000000000000000000000000; "
	    "r0 != 0x00000000000000000000000000000000; "
	    "count_in[r0] counts; count_made[r0] counts\n"
	    "r0 = ct direction; r0 == 0x00; "
	    "r0 = 0x00000000000000000000000100000000; ct label = r0; "
	    "count inserts; accept\n"
	    "r0 = ct direction; r0 == 0x01; "
	    "r0 = 0x00000000000000000000000200000000; ct label = r0; "
	    "count inserts; accept\n"
	    "accept\n",
	    "and the direction says which bit of it is set");
	is_str(rev,
	    "r0 = meta nfproto; r0 == 0x02; r0 = nh+0,1; r0 = r0 & 0x0f ^ "
	    "0x00; r0 > 0x05; r0 = ct label; "
	    "r0 = r0 & 0x00000000000000000040000000000000 "
	    "^ 0x00000000000000000000000000000000; "
	    "r0 == 0x00000000000000000000000000000000; "
	    "count ip-option; drop\n"
	    "r0 = ct label; "
	    "r0 = r0 & 0x00000000ffffffff0000000000000000 "
	    "^ 0x00000000000000000000000000000000; "
	    "r0 != 0x00000000000000000000000000000000; "
	    "count_out[r0] counts; accept\n"
	    "r0 = ct label; "
	    "r0 = r0 & 0x00000000ffffffff0000000000000000 "
	    "^ 0x00000000000000000000000000000000; "
	    "r0 == 0x00000000000000000000000000000000; "
	    "r0 = ct label; "
	    "r0 = r0 & 0xffffffff000000000000000000000000 "
	    "^ 0x00000000000000000000000000000000; "
	    "r0 != 0x00000000000000000000000000000000; "
	    "count_out[r0] counts; accept\n"
	    "accept\n",
	    "packets of a state count for the out rule, else for the in rule");
}

/* A rule with limits makes its states behind them. */
static void
test_limits(void)
{
	_cleanup_free_ char *all =
	    lower("table <bad> persist\n"
		  "block in quick on em0 inet from <bad>\n"
		  "pass in on em0 inet proto tcp to port 22 keep state (max 5, "
		  "max-src-nodes 4, max-src-states 3, max-src-conn-rate 2/30, "
		  "overload <bad> flush global)\n");
	_cleanup_free_ char *limit = chain(all, "limit_1");
	_cleanup_free_ char *judge = chain(all, "judge_1");
	_cleanup_free_ char *over = chain(all, "over_1");
	_cleanup_free_ char *in = chain(all, "ext_in");

	ok(str_starts(limit, "over 5 connections; count max; drop\n"),
	    "max is the first of the limits");
	ok(strstr(limit,
	       "cannot add r9 to @nodes_1_4, each; over 4294967295 "
	       "connections; count max-src-nodes; count src-limit; drop\n") !=
		NULL,
	    "max-src-nodes is the size of a set");
	ok(strstr(limit,
	       "add r9 to @states_1_3, each; over 3 connections; count "
	       "max-src-states; count src-limit; drop\n") != NULL,
	    "max-src-states counts each source");
	ok(strstr(judge,
	       "add r9 to @rate_1_2_30 for 30 s, each; over 2 in 30 s; count "
	       "max-src-conn-rate; goto over_1\n") != NULL,
	    "max-src-conn-rate counts handshakes");
	ok(strstr(over, "add r0 to @over4_bad for 2147483647 s\n") != NULL &&
		strstr(over, "add r9 to @flushed\n") != NULL,
	    "who is over goes into the table, and is flushed");
	ok(strstr(in, "r0 in @table4_bad;") != NULL &&
		strstr(in, "r0 in @over4_bad;") != NULL,
	    "the table is looked for in both of its sets");
}

/* Rules of all sources: each maximum has a count of its own. */
static void
test_global_limits(void)
{
	_cleanup_free_ char *all =
	    lower("pass in proto tcp keep state (source-track global, "
		  "max-src-states 3)\n"
		  "pass in proto udp keep state (source-track global, "
		  "max-src-states 7)\n");
	_cleanup_free_ char *limit = chain(all, "limit_2");

	ok(strstr(limit, "add r9 to @states_3, each; over 3 connections; "
			 "count max-src-states; count src-limit; drop\n") != NULL &&
		strstr(limit, "add r9 to @states_7, each; over 7 "
			      "connections\n") != NULL,
	    "states of all rules count for each rule's maximum");
}

/* Without limits nothing of them is there. */
static void
test_no_limits(void)
{
	_cleanup_free_ char *all =
	    lower("table <bad> persist\nblock in from <bad>\npass in\n");

	ok(!strstr(all, "limit_") && !strstr(all, "judge") &&
		!strstr(all, "flushed") && !strstr(all, "over4"),
	    "rules without limits have no part of them");
}

static void
test_set_limit(void)
{
	_cleanup_free_ char *full = lower("set limit table-entries 3\n"
					  "table <a> { 10.0.0.1 10.0.0.2 }\n"
					  "table <b> { 10.0.0.3 }\n"
					  "pass from <a>\n"
					  "pass from <b>\n");

	ok(strstr(full, "ext_in: ") != NULL && !strstr(full, "pf.conf:"),
	    "tables may have as many addresses as the limit says");
	test_refused("set limit { states 0, frags 0 }\n",
	    "pf.conf:1: set limit states 0: pf takes that for no limit; to "
	    "have the kernel's, leave it out\n"
	    "pf.conf:1: set limit frags 0: pf takes that for no limit; to "
	    "have the kernel's, leave it out\n",
	    "no limit is none to set");
	test_refused("set limit table-entries 2\n"
		     "table <a> { 10.0.0.1 10.0.0.2 }\n"
		     "table <b> { 10.0.0.3 }\n"
		     "table <c> { 10.0.0.4 }\n",
	    "pf.conf:3: table <b>: with its 1 address all tables together "
	    "have 3, more than set limit table-entries 2 (pf.conf:1)\n",
	    "the first table that has no room is named");
}

/* Each source of a rule that tracks them takes one of src-nodes. */
static void
test_src_nodes(void)
{
	_cleanup_free_ char *all =
	    lower("set limit src-nodes 7\n"
		  "pass in proto tcp keep state (source-track rule)\n"
		  "pass in proto udp keep state (source-track global)\n"
		  "pass in proto icmp\n");
	_cleanup_free_ char *rule = chain(all, "limit_2");
	_cleanup_free_ char *global = chain(all, "limit_1");

	ok(strstr(rule, "r8 = 0x02000000; cannot add r8 to @sources_7, each; "
			"over 4294967295 connections; count src-limit; "
			"drop\n") != NULL,
	    "a source of a rule's own is the rule's");
	ok(strstr(global, "r8 = 0x00000000; cannot add r8 to @sources_7, ") !=
		NULL,
	    "a source of all rules is nobody's");
	ok(!strstr(all, "limit_3"), "a rule that tracks none has no part");
}

static void
test_routes(void)
{
	_cleanup_free_ char *all = lower("block in proto 50 from urpf-failed\n"
					 "block in proto 51 from no-route\n"
					 "pass in proto 52 to no-route\n");
	_cleanup_free_ char *ext = chain(all, "ext_in");
	_cleanup_free_ char *lo1 = chain(all, "lo1_in");

	ok(strstr(ext, "== 0x32; r0 = meta nfproto; r0 == 0x02; "
		       "r0 = fib 1 9; r0 == 0x00000000; "),
	    "urpf-failed asks for the way back over the same interface");
	ok(strstr(ext,
	       "== 0x33; r0 = fib 1 1; r0 == 0x00000000; "
	       "r0 = fib 3 1; r0 == 0x01000000; "),
	    "no-route is neither a device nor an address of the machine");
	ok(strstr(ext, "r0 = fib 1 2; r0 == 0x00000000; r0 = fib 3 2"),
	    "of the destination, too");
	ok(strstr(lo1, "r0 = nh+12,4; r0 not in @own4_lo1; "),
	    "over a loopback the way back is over its owner's");
	ok(!strstr(lo1, "fib"), "and there is a route to everything");
}

static void
test_fragments(void)
{
	_cleanup_free_ char *with = lower("scrub out on em0 max-mss 1440\n"
					  "scrub in all\n"
					  "block in fragment\n"
					  "block in proto 50\n");
	_cleanup_free_ char *without = lower("scrub in all\n"
					     "block in proto 50\n");
	_cleanup_free_ char *in = chain(with, "ext_in");
	_cleanup_free_ char *same = chain(without, "ext_in");

	ok(strstr(in, "== 0x32") != NULL, "with scrub in all, others stand");
	is_str(in, same, "and nothing is left of a rule about fragments");
	test_refused("scrub in on em0 all\n"
		     "block in fragment\n",
	    "pf.conf:2: fragment works only where `scrub in all` comes first: "
	    "Linux always puts fragments together\n",
	    "without it they are refused");
}

/* The edits of a rule, and the order in which rules are asked. */
static void
test_scrub(void)
{
	_cleanup_free_ char *all =
	    lower("no scrub in on em0 proto udp\n"
		  "scrub in on em0 proto tcp to port 80 no-df min-ttl 9 "
		  "set-tos 4 random-id max-mss 1440\n"
		  "scrub in on lo0 inet6 min-ttl 9 no-df\n");
	_cleanup_free_ char *norm = chain(all, "ext_norm_in");
	_cleanup_free_ char *seg = chain(all, "ext_seg_in");
	_cleanup_free_ char *edits = chain(all, "norm_1");
	_cleanup_free_ char *edits6 = chain(all, "norm_2");
	_cleanup_free_ char *mss = chain(all, "seg_1440");

	is_str(norm,
	    "r0 = meta iifname; r0 == 0x656d3000000000000000000000000000; "
	    "r0 = meta l4proto; r0 == 0x11; return\n"
	    "r0 = meta iifname; r0 == 0x656d3000000000000000000000000000; "
	    "r0 = meta l4proto; r0 == 0x06; goto norm_1\n",
	    "the IP header: the first rule decides, ports are not asked");
	is_str(seg,
	    "r0 = meta iifname; r0 == 0x656d3000000000000000000000000000; "
	    "r0 = th+2,2; r0 == 0x0050; goto seg_1440\n",
	    "the TCP header: ports are");
	is_str(edits,
	    "r0 = meta nfproto; r0 == 0x02; r0 = nh+6,1; r0 = r0 & 0x40 ^ "
	    "0x00; r0 != 0x00; r0 = nh+6,2; r0 = r0 & 0xbfff ^ 0x0000; "
	    "packet+6,2 = r0\n"
	    "r0 = meta nfproto; r0 == 0x02; r0 = nh+8,1; r0 < 0x09; "
	    "r0 = nh+8,2; r0 = r0 & 0x00ff ^ 0x0900; packet+8,2 = r0\n"
	    "r0 = meta nfproto; r0 == 0x02; r0 = nh+0,2; r0 = r0 & 0xff03 ^ "
	    "0x0004; packet+0,2 = r0\n"
	    "r0 = meta nfproto; r0 == 0x02; r0 = count 4294967295; "
	    "packet+4,2 = r0\n"
	    "r0 = meta nfproto; r0 == 0x0a; r0 = nh+7,1; r0 < 0x09; "
	    "r0 = nh+6,2; r0 = r0 & 0xff00 ^ 0x0009; packet+6,2 = r0\n",
	    "what a rule changes");
	is_str(edits6,
	    "r0 = meta nfproto; r0 == 0x0a; r0 = nh+7,1; r0 < 0x09; "
	    "r0 = nh+6,2; r0 = r0 & 0xff00 ^ 0x0009; packet+6,2 = r0\n",
	    "of IPv6 only the hop limit");
	is_str(mss, "jump seg\nr0 = 0x05a0; tcp option 2+2,2 = r0\n",
	    "the MSS, after flags that make no sense");
	ok(strstr(all, "\nlo0_in: jump lo0_scrub_in\n") != NULL &&
		strstr(all, "\nscrub_in: goto ext_scrub_in\n") != NULL &&
		!strstr(all, "scrub_out:"),
	    "asked on the way in, of a loopback where it is filtered");
}

/* Without scrub nothing of it is there. */
static void
test_no_scrub(void)
{
	_cleanup_free_ char *all = lower("no scrub in\npass in\n");

	ok(!strstr(all, "scrub") && !strstr(all, "seg"),
	    "rules without scrub have no part of it");
}

static void
test_timeouts(void)
{
	_cleanup_free_ char *none = lower("pass in proto udp\n");
	_cleanup_free_ char *all =
	    lower("set timeout { udp.first 7, udp.single 9 }\n"
		  "nat pass on em0 inet from 10.0.0.0/8 -> 1.2.3.4\n"
		  "pass in proto udp to port 1\n"
		  "pass in proto udp to port 2 keep state (udp.multiple 3)\n"
		  "pass in proto tcp to port 3 keep state (tcp.first 5)\n");
	_cleanup_free_ char *in = chain(all, "ext_in");
	_cleanup_free_ char *kept = chain(all, "kept_in");
	_cleanup_free_ char *nat = chain(all, "ext_nat");

	ok(!strstr(none, "lives by") && !strstr(none, "kept"),
	    "without time-outs nothing is added");
	ok(strstr(kept, "lives by timeout_17_9_60\n"),
	    "the longer of two that conntrack has as one, the rest pf's");
	ok(strstr(in, "goto kept_in\n"),
	    "a rule without any goes by those of all");
	ok(strstr(in, "lives by timeout_17_9_3; goto made_in"),
	    "a rule's own come before them");
	ok(strstr(in,
	       "lives by timeout_6_5_30_86400_900_900_45_90_90_30_86400_86400"
	       "; goto made_in"),
	    "of TCP");
	ok(strstr(nat, "lives by timeout_17_9_60"), "nat pass goes by them");
	test_refused("set timeout { other.first 5, frag 3, udp.first 0 }\n"
		     "set timeout { adaptive.start 5, src.track 1 }\n"
		     "pass proto 50 keep state (other.single 3)\n"
		     "pass proto tcp keep state (other.single 3)\n",
	    "pf.conf:3: other.single 3 cannot be done: conntrack has one "
	    "time-out for all other protocols, "
	    "net.netfilter.nf_conntrack_generic_timeout, of the whole network "
	    "namespace\n"
	    "set timeout udp.first 0 cannot be done: a state of no seconds "
	    "would never be found\n"
	    "set timeout other.first 5 cannot be done: conntrack has one "
	    "time-out for all other protocols, "
	    "net.netfilter.nf_conntrack_generic_timeout, of the whole network "
	    "namespace\n"
	    "set timeout frag 3 cannot be done: fragments wait as long as "
	    "net.ipv4.ipfrag_time says, in the whole network namespace\n"
	    "set timeout adaptive.start 5 cannot be done: conntrack's "
	    "time-outs do not shrink with the number of states\n"
	    "set timeout src.track 1 cannot be done: sources are not tracked "
	    "after their last state\n",
	    "time-outs that conntrack does not have");
}

/* The lines of `lines` hold `want`, in this order. */
static bool
in_order(const char *lines, const char *const *want)
{
	for (; *want != NULL; want++) {
		lines = strstr(lines, *want);
		if (lines == NULL) {
			printf("# not there: %s\n", *want);
			return false;
		}
		lines += strlen(*want);
	}
	return true;
}

#define IN_ORDER(lines, ...) \
	in_order(lines, (const char *[]){ __VA_ARGS__, NULL })

static void
test_pools(void)
{
	_cleanup_free_ char *all =
	    lower("nat on em0 inet from 10.0.0.0/8 to any port != 80 -> (em0)\n"
		  "nat on em0 inet proto tcp from 10.0.0.0/8 to any -> 1.2.3.4 "
		  "port 1024:2000\n"
		  "nat on em0 inet proto udp from 10.0.0.0/8 -> "
		  "{ 1.2.3.4, 1.2.3.5 } static-port\n"
		  "rdr on em0 inet proto tcp from any to any port 10:20 -> "
		  "192.168.0.2 port 30:35\n"
		  "rdr on em0 inet proto tcp from any to any port 80 -> "
		  "{ 192.168.0.2, 192.168.0.3 } round-robin\n"
		  "rdr on em0 inet proto tcp from any to any port 81 -> "
		  "192.168.0.0/30 source-hash\n");
	_cleanup_free_ char *nat = chain(all, "ext_nat");
	_cleanup_free_ char *rdr = chain(all, "ext_rdr");

	ok(IN_ORDER(nat, "r0 != 0x0050; ", "masquerade port r12-r13 flags",
	       "r12 = 0x0400; r13 = 0x07d0; snat r4 port r12-r13 flags",
	       "r0 = count 2; r4 = pool4_3[r0]; snat r4\n"),
	    "nat: an interface's address, ports of its own, a pool in turn");
	ok(IN_ORDER(rdr, "r0 in 0x000a 0x0014; ",
	       "r12 = ports_10_20_30_35[r0]; dnat r4 port r12\n",
	       "r0 = count 2; r4 = pool4_5[r0]; dnat r4\n",
	       "r0 = nh+12,4; r0 = hash 4; r4 = pool4_6[r0]; dnat r4\n"),
	    "rdr: a port for a port, a pool in turn and by the source");
}

static void
test_tests(void)
{
	_cleanup_free_ char *all = lower(
	    "pass in on em0 proto tcp from any port 10:20 to port 10><20\n"
	    "pass in on em0 proto tcp from any port 10<>20 to port > 20\n"
	    "pass in on em0 from ! <t> to any\n"
	    "pass in on em0 inet from 10.0.0.1 - 10.0.0.5 probability 20%\n");
	_cleanup_free_ char *in = chain(all, "ext_in");

	/* The last rule comes first. */
	ok(IN_ORDER(in, "r0 in 0x0a000001 0x0a000005; ",
	       "r0 = count 4294967295; r0 = swapped r0; r0 < 0x33333333; ",
	       "r0 not in @table4_t; ", "r0 not in @table6_t; ",
	       "r0 = th+2,2; r0 > 0x0014; r0 = th+0,2; "
	       "r0 not in 0x000a 0x0014; ",
	       "r0 = th+2,2; r0 in 0x000b 0x0013; r0 = th+0,2; "
	       "r0 in 0x000a 0x0014; "),
	    "ranges with and without their ends, tables, chance");
}

static void
test_answers(void)
{
	_cleanup_free_ char *all = lower("block return in log on em0\n");
	_cleanup_free_ char *in = chain(all, "ext_in");
	_cleanup_free_ char *ret = chain(all, "ret");
	_cleanup_free_ char *out = chain(all, "retout");

	ok(IN_ORDER(in, "log to 0 \"pf rule 0 block in\"; ", "meta mark = r0"),
	    "a logged block: the log comes first, the answer is marked");
	ok(IN_ORDER(ret, "r0 == 0x06; ", "reject 1 0\n", "r0 == 0x02; ",
	       "reject 0 3\n", "r0 == 0x0a; ", "reject 0 4\n", "drop\n"),
	    "a reset for tcp, unreachable for others by their family");
	ok(IN_ORDER(out, "r0 = ct src of original; packet+12,4 = r0\n",
	       "r0 = ct dport of reply; packet+2,2 = r0\n",
	       "copy to r0; drop\n"),
	    "the answer is put back to what the sender knows");
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
	test_pools();
	test_tests();
	test_answers();
	test_limits();
	test_global_limits();
	test_no_limits();
	test_set_limit();
	test_src_nodes();
	test_timeouts();
	test_routes();
	test_fragments();
	test_scrub();
	test_no_scrub();
	return done_testing();
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Lowering: what is refused, each with its line, and all of it at once. */
#include "lowering.h"

/* What cannot be done, a rule each; all of them are told at once. */
static void
test_refused_rules(void)
{
	test_refused("pass in on em0 from (wan)\n"
		     "pass out from urpf-failed\n"
		     "pass in log (user)\n",
	    "pf.conf:1: (wan) is an interface group, whose addresses are not "
	    "followed yet: name the interfaces\n"
	    "pf.conf:2: urpf-failed works only in rules with `in`: nf_tables "
	    "finds no route of a packet that goes out\n"
	    "pf.conf:3: log (user) is not built yet\n",
	    "addresses that nf_tables does not have, and logs");
	test_refused("pass out proto tcp user > 5\n"
		     "pass out proto tcp group unknown\n"
		     "pass in proto tcp group 5\n"
		     "pass in proto tcp os \"Linux\"\n"
		     "pass in proto tcp divert-to 127.0.0.1 port 80\n"
		     "pass in prio 3\n"
		     "pass in set prio 3\n",
	    "pf.conf:1: user with this operator is not built yet\n"
	    "pf.conf:2: group with this operator is not built yet\n"
	    "pf.conf:3: group works only in rules with `out`: nf_tables does "
	    "not know who will receive a packet\n"
	    "pf.conf:4: os is not built yet\n"
	    "pf.conf:5: divert-to is not built yet\n"
	    "pf.conf:6: prio is not built yet\n"
	    "pf.conf:7: prio is not built yet\n",
	    "options of filter rules");
	test_refused("scrub in log (all) from no-route\n"
		     "scrub reassemble tcp\n",
	    "pf.conf:1: no-route works only in filter rules\n"
	    "pf.conf:1: log (all) works only in filter rules yet\n"
	    "pf.conf:2: reassemble tcp cannot be done: Linux has nothing "
	    "like it\n",
	    "options of scrub");
	test_refused("anchor x tag t\n",
	    "pf.conf:1: tag in the line of an anchor is not built yet: put it "
	    "into the anchor's rules\n",
	    "a tag of an anchor");
	test_refused("pass in probability 50%\n"
		     "block in probability 50%\n"
		     "pass in allow-opts probability 50%\n"
		     "anchor in probability 50% {\n"
		     "	pass\n"
		     "}\n",
	    "pf.conf:1: probability beside allow-opts in other rules is not "
	    "built yet\n"
	    "pf.conf:4: probability beside allow-opts in other rules is not "
	    "built yet\n",
	    "chance where IP options are asked for first");
	test_refused("pass in tag t tagged u\n"
		     "pass in quick tag t tagged u\n"
		     "pass in tag t probability 50%\n"
		     "pass in quick tag t probability 50%\n"
		     "anchor tagged t {\n"
		     "	pass in tag u\n"
		     "	pass in quick tag u\n"
		     "}\n"
		     "anchor probability 50% {\n"
		     "	pass in tag u\n"
		     "}\n",
	    "pf.conf:1: tagged and tag in one rule without quick are not "
	    "built yet\n"
	    "pf.conf:3: tag and probability without quick are not built yet\n"
	    "pf.conf:6: tag without quick in an anchor that is called by "
	    "tagged (pf.conf:5) is not built yet\n"
	    "pf.conf:10: tag and probability without quick are not built yet\n",
	    "tags that are not known when the others are asked");
}

static void
test_refused_pools(void)
{
	test_refused("table <t> { 192.168.0.2 }\n"
		     "nat on em0 inet from 10.0.0.0/8 -> "
		     "{ 1.2.3.4, 1.2.3.5 } sticky-address\n"
		     "nat on em0 inet from 10.0.0.0/8 -> 10.0.0.0/16 "
		     "round-robin\n"
		     "rdr on em0 inet6 from any to any -> (em0)\n"
		     "rdr on em0 inet proto tcp from any to any -> "
		     "192.168.0.2 port 10:20\n"
		     "rdr on em0 inet from any to 10.0.0.1 -> <t>\n",
	    "pf.conf:2: sticky-address is not built yet\n"
	    "pf.conf:3: more than 255 addresses to translate to\n"
	    "pf.conf:4: (em0) has no IPv6 address now, so there is nothing "
	    "to translate to\n"
	    "pf.conf:5: a range of ports to redirect to needs a range of "
	    "destination ports\n"
	    "pf.conf:6: tables as targets are not built yet\n",
	    "what to translate to");
}

static void
test_refused_options(void)
{
	_cleanup_free_ char *same = lower("set timeout interval 10\n"
					  "set limit states 100000\n"
					  "pass\n");

	ok(strstr(same, "ext_in: ") != NULL && !strstr(same, "not built"),
	    "an option that says what is so anyway is no error");
	test_refused("set loginterface lo1\n",
	    "pf.conf:1: set loginterface lo1 is not built yet: name one "
	    "interface, and no loopback\n",
	    "loginterface of a loopback");
	test_refused("set loginterface all\n",
	    "pf.conf:1: set loginterface all is not built yet: name one "
	    "interface, and no loopback\n",
	    "loginterface of all");
	test_refused("altq on em0 priq bandwidth 10Mb queue { a }\n"
		     "queue a priq(default)\n",
	    "pf.conf:1: queues are not built: Linux has its own, see tc(8)\n"
	    "pf.conf:2: queues are not built: Linux has its own, see tc(8)\n",
	    "queues are another program's on Linux");
}

int
main(void)
{
	test_refused_rules();
	test_refused_pools();
	test_refused_options();
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

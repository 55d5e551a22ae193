/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * altq and queue statements that are right, of each scheduler: how they are
 * printed, and what is said of them all the same. Expected is what the source
 * of FreeBSD 12.1's pfctl says. Wrong ones are among
 * tests/conformance/wrong/messages.txt.
 */
#include <errno.h>

#include "pf/pf.h"
#include "said.h"
#include "tap.h"

static const char world[] = "iface em0 index=1 broadcast speed=100000000\n"
			    "iface em1 index=2 broadcast mtu=9000\n";

struct run {
	struct pf_facts *facts;
	const char *text;
	struct said said;
};

static struct run *current;

static int
read_text(void *ctx, const char *path, struct str *ret)
{
	(void)ctx;
	if (!streq(path, "pf.conf"))
		return -ENOENT;
	str_add(ret, current->text);
	return 0;
}

static int
load(struct run *r, const char *text, unsigned what, int verbose)
{
	const struct pf_opts opts = {
		.load = what,
		.optimize = PF_OPT_NONE,
		.dry = true,
		.verbose = verbose,
	};
	const struct pf_out out = { said_put, &r->said };
	struct pf_ruleset *rs = NULL;
	struct err err = { 0 };
	int rc;

	current = r;
	r->text = text;
	str_reset(&r->said.out);
	str_reset(&r->said.err);
	rc = pf_load("pf.conf", &opts, pf_facts_env(r->facts), &out, &rs, &err);
	pf_ruleset_free(rs);
	return rc;
}

static const struct {
	const char *what, *in, *out;
} printed[] = {
	{ "cbq, a tree of two levels",
	    "altq on em0 cbq bandwidth 20Mb queue { a, b }\n"
	    "queue a bandwidth 60% priority 7 cbq(default borrow) { c d }\n"
	    "queue b bandwidth 8Mb qlimit 20 cbq(red ecn rio)\n"
	    "queue c bandwidth 50%\n"
	    "queue d bandwidth 50% cbq(codel)\n",
	    "altq on em0 cbq bandwidth 20Mb tbrsize 12000 queue { a b }\n"
	    "queue a bandwidth 60% priority 7 cbq( borrow default ) { c d }\n"
	    "queue b bandwidth 8Mb qlimit 20 cbq( red ecn rio ) \n"
	    "queue c bandwidth 50% \n"
	    "queue d bandwidth 50% cbq( codel ) \n" },
	{ "a bandwidth in each unit",
	    "altq on em0 cbq bandwidth 1.5Mb queue { a b c d e }\n"
	    "queue a bandwidth 250000 cbq(default)\n"
	    "queue b bandwidth 250Kb\n"
	    "queue c bandwidth 250KBit\n"
	    "queue d bandwidth 250000b\n"
	    "queue e bandwidth 0.25MB\n",
	    "altq on em0 cbq bandwidth 1.50Mb tbrsize 6000 "
	    "queue { a b c d e }\n"
	    "queue a bandwidth 250Kb cbq( default ) \n"
	    "queue b bandwidth 250Kb \n"
	    "queue c bandwidth 250Kb \n"
	    "queue d bandwidth 250Kb \n"
	    "queue e bandwidth 250Kb \n" },
	{ "the interface's own speed and a part of it",
	    "altq on em0 cbq queue a\n"
	    "queue a cbq(default)\n"
	    "altq on em1 cbq bandwidth 30% queue b\n"
	    "queue b cbq(default)\n",
	    "altq on em0 cbq tbrsize 12000 queue { a }\n"
	    "queue a cbq( default ) \n"
	    "altq on em1 cbq bandwidth 30% tbrsize 216000 queue { b }\n"
	    "queue b cbq( default ) \n" },
	{ "one queue on two interfaces, and only on one",
	    "altq on { em0 em1 } cbq bandwidth 1Mb qlimit 9 queue { a b }\n"
	    "queue a cbq(default)\n"
	    "queue b on em1 bandwidth 0%\n",
	    "altq on em0 cbq bandwidth 1Mb qlimit 9 tbrsize 1500 "
	    "queue { a b }\n"
	    "altq on em1 cbq bandwidth 1Mb qlimit 9 tbrsize 9000 "
	    "queue { a b }\n"
	    "queue a cbq( default ) \n"
	    "queue b on em1 bandwidth 0 b \n" },
	{ "priq",
	    "altq on em0 priq(red) bandwidth 1Gb tbrsize 9 queue { a b }\n"
	    "queue a priority 15 priq(red ecn codel)\n"
	    "queue b priority 0 priq(default rio)\n",
	    "altq on em0 priq( red ) bandwidth 1Gb tbrsize 9 queue { a b }\n"
	    "queue a priority 15 priq( red ecn codel ) \n"
	    "queue b priority 0 priq( rio default ) \n" },
	{ "hfsc, every curve",
	    "altq on em0 hfsc bandwidth 10Mb queue { a b }\n"
	    "queue a bandwidth 60% hfsc(default red realtime(20%, 50, 10%) "
	    "linkshare(7Mb 100 50%) upperlimit 90%)\n"
	    "queue b bandwidth 40% hfsc(linkshare 30% upperlimit "
	    "(8Mb 10 5Mb))\n",
	    "altq on em0 hfsc bandwidth 10Mb tbrsize 6000 queue { a b }\n"
	    "queue a bandwidth 60% hfsc( red default "
	    "realtime(20% 50 10%) linkshare(7Mb 100 50%) "
	    "upperlimit 90% ) \n"
	    "queue b bandwidth 40% hfsc( linkshare 30% "
	    "upperlimit(8Mb 10 5Mb) ) \n" },
	{ "hfsc, faster than 32 bits count",
	    "altq on em0 hfsc bandwidth 5Gb queue a\n"
	    "queue a hfsc(default)\n",
	    "altq on em0 hfsc bandwidth 5Gb tbrsize 192000 queue { a }\n"
	    "queue a hfsc( default ) \n" },
	{ "hfsc, as fast as can be said",
	    "altq on em0 hfsc bandwidth 9000000000Gb queue a\n"
	    "queue a hfsc(default)\n",
	    "altq on em0 hfsc bandwidth 9000000000Gb tbrsize 192000 "
	    "queue { a }\n"
	    "queue a hfsc( default ) \n" },
	{ "hfsc, real time up to 80 % of the interface",
	    "altq on em0 hfsc bandwidth 10Mb queue { a b }\n"
	    "queue a bandwidth 50% hfsc(default realtime 4Mb)\n"
	    "queue b bandwidth 50% hfsc(realtime 40%)\n",
	    "altq on em0 hfsc bandwidth 10Mb tbrsize 6000 queue { a b }\n"
	    "queue a bandwidth 50% hfsc( default realtime 4Mb ) \n"
	    "queue b bandwidth 50% hfsc( realtime 40% ) \n" },
	{ "hfsc, real time that starts later",
	    "altq on em0 hfsc bandwidth 10Mb queue { a b }\n"
	    "queue a bandwidth 50% hfsc(default realtime(8Mb 10 1Mb))\n"
	    "queue b bandwidth 50% hfsc(realtime(0b 10 7Mb))\n",
	    "altq on em0 hfsc bandwidth 10Mb tbrsize 6000 queue { a b }\n"
	    "queue a bandwidth 50% hfsc( default realtime(8Mb 10 1Mb) ) \n"
	    "queue b bandwidth 50% hfsc( realtime(0 b 10 7Mb) ) \n" },
	{ "hfsc, children within a parent's curve",
	    "altq on em0 hfsc bandwidth 10Mb queue a\n"
	    "queue a bandwidth 5Mb hfsc(linkshare(0b 10 4Mb)) { b c }\n"
	    "queue b hfsc(default linkshare(0b 11 3Mb))\n"
	    "queue c hfsc(linkshare(0b 10 1Mb))\n",
	    "altq on em0 hfsc bandwidth 10Mb tbrsize 6000 queue { a }\n"
	    "queue a bandwidth 5Mb hfsc( linkshare(0 b 10 4Mb) ) { b c }\n"
	    "queue b hfsc( default linkshare(0 b 11 3Mb) ) \n"
	    "queue c hfsc( linkshare(0 b 10 1Mb) ) \n" },
	{ "hfsc, the parent's bend between the children's is not looked at",
	    "altq on em0 hfsc bandwidth 10Mb queue a\n"
	    "queue a bandwidth 5Mb hfsc(linkshare(0b 10 4Mb)) { b }\n"
	    "queue b hfsc(default linkshare(100Kb 11 100Kb))\n",
	    "altq on em0 hfsc bandwidth 10Mb tbrsize 6000 queue { a }\n"
	    "queue a bandwidth 5Mb hfsc( linkshare(0 b 10 4Mb) ) { b }\n"
	    "queue b hfsc( default linkshare(100Kb 11 100Kb) ) \n" },
	{ "fairq",
	    "altq on em0 fairq bandwidth 10Mb queue { a b }\n"
	    "queue a bandwidth 5Mb fairq(buckets 8 hogs 10Kb default)\n"
	    "queue b bandwidth 5Mb fairq(red linkshare(4Mb 9 3Mb))\n",
	    "altq on em0 fairq bandwidth 10Mb tbrsize 6000 queue { a b }\n"
	    "queue a bandwidth 5Mb fairq( default ) \n"
	    "queue b bandwidth 5Mb fairq( red linkshare(4Mb 9 3Mb) ) \n" },
	{ "codel",
	    "altq on em0 codelq(target 5 interval 100) bandwidth 4Mb queue\n",
	    "altq on em0 codel( target 5 interval 100 ) bandwidth 4Mb "
	    "tbrsize 6000 \n" },
	{ "codel's numbers are C's",
	    "altq on em0 codelq(target -1) bandwidth 1b queue\n",
	    "altq on em0 codel( target -1 ) bandwidth 1 b tbrsize 1500 \n" },
	{ "codel's ecn",
	    "altq on em0 codelq(ecn) bandwidth 1Mb queue\n"
	    "altq on em1 codelq bandwidth 3Gb queue\n",
	    "altq on em0 codel(ecn ) bandwidth 1Mb tbrsize 1500 \n"
	    "altq on em1 codel bandwidth 3Gb tbrsize 1152000 \n" },
};

static void
test_printed(struct run *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(printed); i++) {
		const char *what = printed[i].what;

		ok(load(r, printed[i].in, PF_LOAD_ALL, 1) == 0 &&
			r->said.err.len == 0,
		    "%s: taken without a word%s%s", what, r->said.err.len ? ": " : "",
		    r->said.err.buf);
		is_str(r->said.out.buf, printed[i].out, "%s", what);
	}
}

static const struct {
	const char *what, *in, *err;
} warned[] = {
	{ "the children get more than the parent has",
	    "altq on em0 cbq bandwidth 1Mb queue { a b c }\n"
	    "queue a bandwidth 90% cbq(default)\n"
	    "queue b bandwidth 20%\nqueue c bandwidth 1%\n",
	    "pfctl: the sum of the child bandwidth (1100000) higher than "
	    "parent \"root_em0\" (1000000)\n"
	    "pfctl: the sum of the child bandwidth (1110000) higher than "
	    "parent \"root_em0\" (1000000)\n" },
	{ "a cbq queue that is too slow",
	    "altq on em0 cbq bandwidth 1Mb queue { a b c }\n"
	    "queue a bandwidth 5587 cbq(default)\n"
	    "queue b bandwidth 5588\nqueue c bandwidth 0%\n",
	    "pfctl: queue bandwidth must be larger than 5.59Kb\n"
	    "cbq: queue a is too slow!\n" },
	{ "more than 32 bits can count",
	    "altq on em0 priq bandwidth 5Gb queue a\nqueue a priq(default)\n",
	    "pfctl: interface em0 bandwidth limited to 4294967295 bps because "
	    "selected scheduler is 32-bit limited\n\n" },
};

static void
test_warned(struct run *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(warned); i++) {
		is_int(load(r, warned[i].in, PF_LOAD_ALL, 0), 0, "%s: taken",
		    warned[i].what);
		is_str(r->said.err.buf, warned[i].err, "%s", warned[i].what);
	}
}

static void
test_left_out(struct run *r)
{
	is_int(load(r,
		   "altq on em0 cbq bandwidth 1Mb queue { a }\n"
		   "queue b bandwidth 2Mb\n",
		   PF_LOAD_ALL & ~PF_LOAD_ALTQ, 1),
	    0, "without altq, its statements are only read");
	is_str(r->said.out.buf, "", "and not printed");
}

int
main(void)
{
	struct run r = { .said.out = STR_INIT, .said.err = STR_INIT };
	struct err err = { 0 };

	if (pf_facts_new(world, "world", &r.facts, &err) < 0)
		BUG("%s", err.msg);
	pf_facts_env(r.facts)->read = read_text;
	test_printed(&r);
	test_warned(&r);
	test_left_out(&r);
	pf_facts_free(r.facts);
	str_clear(&r.said.out);
	str_clear(&r.said.err);
	return done_testing();
}

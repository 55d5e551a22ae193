/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pf module's own promises, beside what the conformance pairs show: what
 * a person at a terminal is told, what stands in the ruleset, what the
 * optimiser does with counters, and that the same text gives the same rules.
 */
#include <errno.h>

#include "pf/machine.h"
#include "pf/pf.h"
#include "said.h"
#include "tap.h"

static const char world[] = "iface em0 index=1 broadcast group=wan\n"
			    "addr em0 inet 192.168.178.40/24\n"
			    "iface lo1 index=2 loopback group=lo\n"
			    "addr lo1 inet 192.168.0.1/24\n"
			    "fibs 2\n";

#define SYNTAX_ERROR "pfctl: Syntax error in config file: pf rules not loaded\n"

struct run {
	struct pf_facts *facts;
	struct pf_opts opts;
	const char *text;
	struct said said;
	struct pf_ruleset *rs;
	int rc;
};

static struct run *current;

static int
read_text(void *ctx, const char *path, struct str *ret)
{
	(void)ctx;
	if (streq(path, "pf.conf"))
		str_add(ret, current->text);
	else if (streq(path, "bad.conf"))
		str_add(ret, "pass in\npass ni\n");
	else if (streq(path, "pf.os"))
		str_add(ret,
		    "# a comment\n"
		    "S4:64:1:60:M*,N:@OpenBSD:3.3::OpenBSD 3.3\n"
		    "8192:128:1:44:M*:Windows:98:lowTTL:Windows 98\n");
	else if (streq(path, "x.conf"))
		str_add(ret, "block in\n");
	else if (streq(path, "outer.conf"))
		str_add(ret, "load anchor x from \"x.conf\"\n");
	else if (streq(path, "bad.os"))
		str_add(ret, "S4:64:1:60:M*,N:OpenBSD\n");
	else
		return -ENOENT;
	return 0;
}

static void
run(struct run *r, const char *text)
{
	const struct pf_out out = { said_put, &r->said };
	struct err err = { 0 };

	current = r;
	r->text = text;
	str_reset(&r->said.out);
	str_reset(&r->said.err);
	pf_ruleset_freep(&r->rs);
	r->rs = NULL;
	r->rc = pf_load(
	    "pf.conf", &r->opts, pf_facts_env(r->facts), &out, &r->rs, &err);
}

static void
test_terminal(struct run *r)
{
	r->opts.terminal = true;
	run(r, "pass in on em0 quik\n");
	is_str(r->said.err.buf,
	    "pf.conf:1: syntax error\n"
	    "    pass in on em0 quik\n"
	    "                   ^\n"
	    "    did you mean 'quick'?\n" SYNTAX_ERROR,
	    "a person gets the line, a caret and the nearest word");
	run(r, "\tmatch in all\nblock qick\n");
	is_str(r->said.err.buf,
	    "pf.conf:1: syntax error\n"
	    "     match in all\n"
	    "           ^\n"
	    "    match is FreeBSD 14's and OpenBSD's: here its options go to "
	    "a pass rule, nat, rdr or scrub\n"
	    "pf.conf:2: syntax error\n"
	    "    block qick\n"
	    "          ^\n"
	    "    did you mean 'quick'?\n" SYNTAX_ERROR,
	    "another system's word is explained, and each line is told");
	run(r, "pass from $x\npass proto nosuch\n");
	ok(strstr(r->said.err.buf, "pf.conf:1: macro 'x' not defined\n") &&
		strstr(r->said.err.buf, "pf.conf:2: unknown protocol nosuch\n"),
	    "an undefined macro does not hide the next line");
	run(r, "pass in on \x1b[31m\n");
	ok(strchr(r->said.err.buf, '\x1b') == NULL,
	    "the terminal is not commanded by a file");
	r->opts.terminal = false;
	run(r, "pass in on em0 quik\npass from $x\n");
	is_str(r->said.err.buf,
	    "pf.conf:1: syntax error\npf.conf:2: macro 'x' not defined\n"
	    "pf.conf:2: syntax error\n"
	    "pfctl: Syntax error in config file: pf rules not loaded\n",
	    "a pipe gets what the original prints");
}

static void
test_ruleset(struct run *r)
{
	const struct pf_anchor *a;
	const struct pf_rule *rule;

	run(r,
	    "set skip on { lo1 em0 }\nset limit states 7\n"
	    "table <t> persist { 10/8 !10.1.2.3 }\n"
	    "nat on em0 from lo1:network to any -> (em0)\n"
	    "pass in \\\n\ton em0 proto tcp to port 80:90 "
	    "keep state (max 10)\n"
	    "anchor \"a\" {\n\tanchor \"b\" {\n\t\tblock\n\t}\n}\n");
	is_int(r->rc, 0, "a ruleset is read");
	is_int(r->rs->options.skip.n, 2, "skipped interfaces");
	is_int(r->rs->options.limit[PF_LIMIT_STATES], 7, "a limit");
	is_int(r->rs->tables->n, 2, "addresses of a table");
	ok(r->rs->tables->persist && !r->rs->tables->is_const &&
		r->rs->tables->addr[1].neg && r->rs->tables->addr[0].bits == 8,
	    "flags and masks of a table");
	rule = r->rs->main->list[PF_LIST_NAT].v[0];
	ok(rule->pool->low == PF_NAT_LOW && rule->pool->high == PF_NAT_HIGH &&
		rule->pool->hop[0].addr.kind == PF_ADDR_DYN &&
		rule->src.addr.bits == 24,
	    "a nat rule has its pool and ports");
	rule = r->rs->main->list[PF_LIST_FILTER].v[0];
	is_int(rule->line, 5, "the line where a rule begins");
	is_str(rule->file, "pf.conf", "and its file");
	ok(rule->state && rule->state->max == 10 &&
		rule->state->timeout[PF_TM_ADAPTIVE_START] == 6 &&
		rule->dst.port.op == PF_OP_RANGE && rule->dst.port.b == 90 &&
		rule->nr == 1,
	    "ports, state options and number of a rule");
	a = pf_anchor_find(r->rs, "a/b");
	ok(a != NULL && a->list[PF_LIST_FILTER].n == 1 &&
		streq(a->parent->path, "a") && a->braces,
	    "an anchor in an anchor has a path");
}

/* ---- -o profile ---- */

static const struct pf_profile *
profile(void *ctx)
{
	return ctx;
}

/* The rules of `running` counted these packets; load `text`. */
static void
run_profiled(
    struct run *r, const char *running, const char *packets, const char *text)
{
	_cleanup_(pf_profile_clear) struct pf_profile p = PF_PROFILE_INIT;

	r->opts.verbose = 0;
	r->opts.optimize = PF_OPT_NONE;
	run(r, running);
	for (struct pf_anchor *a = r->rs->main; a != NULL; a = a->next) {
		const struct pf_rules *list = &a->list[PF_LIST_FILTER];

		for (size_t i = 0; i < list->n; i++)
			pf_profile_add(&p, r->rs, a, list->v[i],
			    strtoull(packets, (char **)&packets, 10));
	}
	r->opts.verbose = 1;
	r->opts.numeric = true;
	r->opts.optimize = PF_OPT_PROFILE;
	r->opts.profile = profile;
	r->opts.profile_ctx = &p;
	run(r, text);
	r->opts.profile = NULL;
	r->opts.numeric = false;
	r->opts.optimize = PF_OPT_NONE;
	r->opts.verbose = 0;
}

static void
test_profile_order(struct run *r)
{
	static const char text[] = "block in quick proto tcp to port 1\n"
				   "block in quick proto udp to port 2\n"
				   "block in quick proto tcp to port 3\n"
				   "block in quick proto tcp to port 4\n";

	run_profiled(r, text, "0 7 100 0", text);
	is_str(r->said.out.buf,
	    "block drop in quick proto tcp from any to any port = 3\n"
	    "block drop in quick proto udp from any to any port = 2\n"
	    "block drop in quick proto tcp from any to any port = 1\n"
	    "block drop in quick proto tcp from any to any port = 4\n",
	    "profile puts the busiest quick rules first, the others as they "
	    "are");
	run_profiled(r, text, "0 0 0 0", text);
	is_str(r->said.out.buf,
	    "block drop in quick proto tcp from any to any port = 1\n"
	    "block drop in quick proto tcp from any to any port = 3\n"
	    "block drop in quick proto tcp from any to any port = 4\n"
	    "block drop in quick proto udp from any to any port = "
	    "2\n",
	    "rules that counted nothing are ordered as by basic");
	run_profiled(r,
	    "pass in quick from 10.0.0.1\npass in quick from 10.0.0.2\n"
	    "pass in quick from 10.0.0.3\n",
	    "9 8 7",
	    "pass in quick from 10.0.0.3\npass in quick proto tcp from "
	    "10.0.0.1\npass in quick from 10.0.0.2\n");
	is_str(r->said.out.buf,
	    "pass in quick inet from 10.0.0.2 to any flags S/SA keep state\n"
	    "pass in quick inet from 10.0.0.3 to any flags S/SA keep state\n"
	    "pass in quick inet proto tcp from 10.0.0.1 to any flags S/SA "
	    "keep state\n",
	    "a rule that moved is known, one that was edited is not");
}

/* What is not quick, or does another thing, stays where it is. */
static void
test_profile_bounds(struct run *r)
{
	static const char open[] = "pass in proto tcp to port 1 no state\n"
				   "pass in proto tcp to port 3 no state\n";
	static const char mixed[] =
	    "pass in quick proto tcp to port 1 no state\n"
	    "block in quick proto tcp to port 3\n"
	    "pass in quick proto tcp to port 3 no state label x\n"
	    "pass in quick proto tcp to port 4 no state\n";

	run_profiled(r, open, "1 2", open);
	is_str(r->said.out.buf,
	    "pass in proto tcp from any to any port = 1 no state\n"
	    "pass in proto tcp from any to any port = 3 no state\n",
	    "rules that are not quick keep their order, whatever they counted");
	run_profiled(r, mixed, "1 2 3 4", mixed);
	is_str(r->said.out.buf,
	    "pass in quick proto tcp from any to any port = 1 no state\n"
	    "block drop in quick proto tcp from any to any port = 3\n"
	    "pass in quick proto tcp from any to any port = 3 no state label "
	    "\"x\"\n"
	    "pass in quick proto tcp from any to any port = 4 no state\n",
	    "no rule goes past one that does something else, or has a label");
}

static void
test_profile_names(struct run *r)
{
	static const char addrs[] =
	    "{ 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 }";
	_cleanup_free_ char *running =
	    xasprintf("table <__automatic_ab_5> const %s\n"
		      "pass in quick from any to 10.9.9.9\n"
		      "pass in quick inet from <__automatic_ab_5> to any\n",
		addrs);
	_cleanup_free_ char *text = xasprintf(
	    "pass in quick from any to 10.9.9.9\npass in quick from %s\n",
	    addrs);
	static const char anchor[] =
	    "pass in quick proto tcp to port 1 no state\n"
	    "pass in quick proto tcp to port 3 no state\n"
	    "anchor a {\n"
	    "pass in quick proto tcp to port 1 no state\n"
	    "pass in quick proto tcp to port 3 no state\n"
	    "}\n";

	run_profiled(r, running, "1 2", text);
	ok(strstr(r->said.out.buf,
	       "pass in quick inet from <__automatic_0> to any flags S/SA "
	       "keep state\n"
	       "pass in quick inet from any to 10.9.9.9 ") != NULL,
	    "a table of the optimiser's is known by its addresses");
	run_profiled(r, anchor, "2 1 0 1 2", anchor);
	is_str(r->said.out.buf,
	    "pass in quick proto tcp from any to any port = 1 no state\n"
	    "pass in quick proto tcp from any to any port = 3 no state\n"
	    "anchor \"a\" all {\n"
	    "  pass in quick proto tcp from any to any port = 3 no state\n"
	    "  pass in quick proto tcp from any to any port = 1 no "
	    "state\n"
	    "}\n",
	    "the rules of an anchor count for themselves");
}

/* ---- the other passes ---- */

static void
test_optimizer(struct run *r)
{
	r->opts.optimize = PF_OPT_BASIC;
	r->opts.load = PF_LOAD_FILTER;
	run(r,
	    "pass from { 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 "
	    "10.0.0.6 10.0.0.7 }\npass from 10.0.0.1\n");
	ok(r->rc == 0 && r->rs->main->list[PF_LIST_FILTER].n == 7 &&
		r->rs->tables == NULL,
	    "without tables the rules stay, less the doubled one");
	r->opts.load = PF_LOAD_ALL;
	run(r, "set ruleset-optimization none\npass\npass\n");
	is_int(
	    r->rs->main->list[PF_LIST_FILTER].n, 2, "the file can turn it off");
	r->opts.optimize_given = true;
	run(r, "set ruleset-optimization none\npass\npass\n");
	is_int(r->rs->main->list[PF_LIST_FILTER].n, 1,
	    "the command line is heard first");
	r->opts.optimize_given = false;
	r->opts.optimize = PF_OPT_NONE;
	r->opts.verbose = 0;
}

static void
test_load(struct run *r)
{
	run(r, "load anchor x from \"bad.conf\"\npass\n");
	is_int(r->rc, -EINVAL, "a wrong file of an anchor fails the load");
	is_str(r->said.err.buf,
	    "bad.conf:2: syntax error\n"
	    "pfctl: Syntax error in config file: pf rules not loaded\n"
	    "pfctl: load anchors\n",
	    "and says where");
	r->opts.anchor = "a/b";
	run(r, "pass in\n");
	is_str(r->rs->main->path, "a/b", "rules can be an anchor's");
	r->opts.anchor = NULL;
	run(r, "include \"pf.conf\"\n");
	is_int(r->rc, -EINVAL, "a file that includes itself ends");
}

/* What two files have in common that mean the same. */
static void
test_written(struct run *r)
{
	static const char text[] =
	    "set skip on lo1\n"
	    "if = em0\n"
	    "pass in on $if proto tcp to port { 22 80 }\n"
	    "anchor b {\n block in from 10.1/16\n}\n"
	    "block in from 10.1.2.3\n"
	    "block in from 10.1.2.3\n"
	    "load anchor x from \"x.conf\"\n";
	_cleanup_(str_clear) struct str written = STR_INIT, plain = STR_INIT;
	const struct pf_opts before = r->opts;

	r->opts.optimize = PF_OPT_BASIC;
	r->opts.verbose = 1;
	run(r, text);
	str_add(&plain, r->said.out.buf);
	r->opts.written = &written;
	run(r, text);
	is_str(written.buf,
	    "skip lo1\nanchor \n"
	    "pass in on em0 proto tcp from any to any port = 22 flags S/SA "
	    "keep state\n"
	    "pass in on em0 proto tcp from any to any port = 80 flags S/SA "
	    "keep state\n"
	    "anchor \"b\" all {\n"
	    "  block drop in inet from 10.1.0.0/16 to any\n}\n"
	    "block drop in inet from 10.1.2.3 to any\n"
	    "block drop in inet from 10.1.2.3 to any\n"
	    "anchor x\nblock drop in all\n",
	    "the rules as written are handed out before they are optimised");
	is_int((long long)r->rs->main->list[PF_LIST_FILTER].n, 4,
	    "what is loaded is optimised all the same");
	is_str(r->said.out.buf, plain.buf, "-v prints what it did");
	r->opts = before;
}

static void
test_fingerprints(struct run *r)
{
	r->opts.verbose = 2;
	run(r,
	    "set fingerprints \"pf.os\"\n"
	    "pass proto tcp from any os { \"OpenBSD\" "
	    "\"Windows 98 lowTTL\" unknown BeOS }\n");
	is_str(r->said.out.buf,
	    "set fingerprints \"pf.os\"\n"
	    "@0 pass proto tcp from any os \"OpenBSD\" to any flags S/SA "
	    "keep state\n"
	    "@1 pass proto tcp from any os \"Windows 98 lowTTL\" to any "
	    "flags S/SA keep state\n"
	    "@2 pass proto tcp from any os \"unknown\" to any flags S/SA "
	    "keep state\n"
	    "@3 pass proto tcp from any os \"nomatch\" to any flags S/SA "
	    "keep state\n",
	    "systems of a file are known, others match nothing");
	is_str(r->said.err.buf, "warning: unknown 'BeOS' OS fingerprint\n",
	    "which is said");
	r->opts.verbose = 0;
	run(r, "set fingerprints \"bad.os\"\n");
	is_str(r->said.err.buf,
	    "bad.os:1 too few fields\n"
	    "pf.conf:1: error loading fingerprints bad.os\n" SYNTAX_ERROR,
	    "a broken file of fingerprints is refused");
}

static void
test_deep(struct run *r)
{
	_cleanup_(str_clear) struct str s = STR_INIT;

	for (int i = 0; i < 100; i++)
		str_add(&s, "anchor {\n");
	run(r, s.buf);
	ok(strstr(r->said.err.buf, "anchors are nested too deeply") != NULL,
	    "anchors have a depth");
	str_reset(&s);
	str_add(&s, "pass from ");
	for (int i = 0; i < 5000; i++)
		str_add(&s, "{ ");
	str_add(&s, "\n");
	run(r, s.buf);
	ok(strstr(r->said.err.buf, "lists are nested too deeply") != NULL,
	    "lists have a depth");
}

/* Where the rules of an anchor go, by the name of its braces. */
static void
test_anchor_names(struct run *r)
{
	const struct pf_anchor *a;

	run(r,
	    "anchor a {\n anchor b {\n  anchor \"/c\" {\n  pass in\n  }\n"
	    "  anchor \"../d\" {\n  pass out\n  }\n }\n}\n");
	a = pf_anchor_find(r->rs, "c");
	ok(r->rc == 0 && a != NULL && a->list[PF_LIST_FILTER].n == 1,
	    "a name with a slash in front begins at the top");
	a = pf_anchor_find(r->rs, "a/d");
	ok(a != NULL && a->list[PF_LIST_FILTER].n == 1,
	    "and one with dots goes up");
	run(r,
	    "anchor a {\n}\nanchor z {\n pass\n}\n"
	    "anchor a {\n pass in\n anchor b {\n  pass out\n }\n}\n"
	    "anchor y {\n pass\n}\n");
	a = pf_anchor_find(r->rs, "a");
	ok(r->rc == 0 && a != NULL && a->list[PF_LIST_FILTER].n == 2,
	    "empty braces are filled by later ones of the same name");
	a = pf_anchor_find(r->rs, "a/b");
	ok(a != NULL && streq(a->parent->path, "a") &&
		pf_anchor_find(r->rs, "y") != NULL,
	    "with the anchors in them");
	run(r, "anchor a {\n pass\n}\nanchor a {\n block\n}\n");
	is_str(r->said.err.buf,
	    "pf.conf:6: inline anchor 'a' already exists\n" SYNTAX_ERROR,
	    "full ones are not");
	run(r, "load anchor \"a/b\" from \"outer.conf\"\n");
	a = pf_anchor_find(r->rs, "a/b/x");
	ok(r->rc == 0 && a != NULL && a->list[PF_LIST_FILTER].n == 1,
	    "an anchor that is loaded by an anchor is below it");
}

/* A statement that is refused, and why. */
static void
refused(struct run *r, const char *text, const char *why)
{
	_cleanup_free_ char *want = xasprintf("pf.conf:1: %s\n", why);

	run(r, text);
	ok(r->rc < 0 && str_starts(r->said.err.buf, want), "refused: %s", why);
	if (!str_starts(r->said.err.buf, want))
		tap_show("said", r->said.err.buf);
}

static void
test_anchor_refused(struct run *r)
{
	refused(r, "anchor x inet from ::1\n",
	    "rule expands to no valid combination");
	refused(r, "binat-anchor x to any port 80\n",
	    "fromto parameter not supported in binat-anchor");
	refused(r, "binat-anchor x from any port 80\n",
	    "fromto parameter not supported in binat-anchor");
	refused(r, "load anchor x from \"x.conf\" }\n", "syntax error");
	refused(r, "nat-anchor x in\n", "syntax error");
	run(r, "nat-anchor x rtable 1\n");
	is_int(r->rc, 0, "nat-anchor takes a routing table");
}

static void
test_facts(void)
{
	static const char *const wrong[] = { "iface em0\n",
		"addr em0 inet 10.0.0.1/24\n", "iface em0 index=x\n",
		"host h 10.0.0\n", "fibs 0\n", "fact\n",
		"iface em0 index=1\naddr em0 inet6 10.0.0.1/24\n",
		"iface em0 index=1\naddr em0 inet 10.0.0.1/33\n",
		"user root -1\n", "host\n", "route 10.0.0 dev em0\n",
		"route default on em0\n", "route default via 1.2 dev em0\n",
		"route default via 10.0.0.1\n", "forward ip on\n",
		"forward inet\n", "forward inet6 yes\n", "pf maybe\n",
		"jail web\n", "jail web there\n", "jail web up 192.168.0\n",
		"listen host tcp\n", "listen web tcp * 80\n",
		"listen host icmp * 80\n", "listen host tcp 1.2 80\n",
		"listen host udp * 0\n", "listen host udp * http\n" };

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct pf_facts *f = NULL;
		struct err err = { 0 };

		ok(pf_facts_new(wrong[i], "f", &f, &err) == -EINVAL &&
			str_starts(err.msg, "f:"),
		    "a wrong fact is refused: %s", err.msg);
	}
}

/* What the lines about the machine say. */
static void
test_facts_machine(void)
{
	static const char text[] = "iface lo1 index=1 loopback\n"
				   "addr lo1 inet 192.168.0.1/24\n"
				   "addr lo1 inet6 fd00::1/64\n"
				   "route default via fe80::1 dev em0\n"
				   "route 10.0.0.0/8 dev em1\n"
				   "forward inet off\nforward inet6 on\n"
				   "pf off\n"
				   "jail web up 192.168.0.3 fd00::3 10.9.9.9\n"
				   "jail old down 192.168.0.4\n"
				   "listen web udp fd00::3 53 unbound\n"
				   "listen host tcp * 22\n";
	struct pf_facts *f = NULL;
	struct err err = { 0 };
	const struct pf_machine *m;

	if (pf_facts_new(text, "f", &f, &err) < 0)
		BUG("%s", err.msg);
	m = pf_facts_machine(f);
	ok(m->pf_off && !m->forward4 && m->forward6, "what is on and off");
	ok(m->routes.n == 2 && m->routes.v[0].af == AF_INET6 &&
		m->routes.v[0].has_via && m->routes.v[1].bits == 8 &&
		!m->routes.v[1].has_via && streq(m->routes.v[1].ifname, "em1"),
	    "a default route is of its gateway's family");
	ok(m->jails.n == 2 && m->jails.v[0].up && !m->jails.v[1].up &&
		m->jails.v[0].addrs.n == 3,
	    "jails, up and down");
	ok(m->listeners.n == 2 && m->listeners.v[0].proto == 17 &&
		m->listeners.v[0].af == AF_INET6 &&
		streq(m->listeners.v[0].program, "unbound") &&
		m->listeners.v[1].jail == NULL && m->listeners.v[1].af == 0,
	    "who listens where");
	is_int(m->env->ifs.v[0].addrs.n, 4,
	    "a running jail's addresses are on its loopback, if it is there");
	pf_facts_free(f);
	if (pf_facts_new("listen none\n", "f", &f, &err) < 0)
		BUG("%s", err.msg);
	m = pf_facts_machine(f);
	ok(m->listeners_known && m->listeners.n == 0, "nobody may listen");
	pf_facts_free(f);
}

int
main(void)
{
	struct run r = {
		.opts = { .load = PF_LOAD_ALL, .optimize = PF_OPT_NONE },
		.said.out = STR_INIT,
		.said.err = STR_INIT,
	};
	struct err err = { 0 };

	if (pf_facts_new(world, "world", &r.facts, &err) < 0)
		BUG("%s", err.msg);
	pf_facts_env(r.facts)->read = read_text;
	test_terminal(&r);
	test_ruleset(&r);
	test_profile_order(&r);
	test_profile_bounds(&r);
	test_profile_names(&r);
	test_optimizer(&r);
	test_load(&r);
	test_written(&r);
	test_fingerprints(&r);
	test_deep(&r);
	test_anchor_names(&r);
	test_anchor_refused(&r);
	test_facts();
	test_facts_machine();
	pf_ruleset_free(r.rs);
	pf_facts_free(r.facts);
	str_clear(&r.said.out);
	str_clear(&r.said.err);
	return done_testing();
}

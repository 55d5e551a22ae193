/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Corners of the language that no recorded pair shows: for each a text, and
 * what pfctl -o none -nvf prints of it on each of its streams. The title
 * begins with the row of the table in docs/pf-language.md.
 */
#include <errno.h>

#include "pf/pf.h"
#include "said.h"
#include "tap.h"

static const char world[] = "iface em0 index=1 broadcast group=wan\n"
			    "addr em0 inet 192.168.178.40/24\n"
			    "iface em1 index=2 broadcast group=wan\n"
			    "addr em1 inet 10.0.0.1/24\n"
			    "iface lo1 index=3 loopback group=lo\n"
			    "addr lo1 inet 192.168.0.1/24\n"
			    "fibs 2\n";

#define SYNTAX_ERROR "pfctl: Syntax error in config file: pf rules not loaded\n"
#define STATE " flags S/SA keep state\n"
#define ORDER                                              \
	"Rules must be in order: options, normalization, " \
	"queueing, translation, filtering\n"

static const struct text {
	const char *title, *in, *out, *err; /* err: NULL for no error */
	int verbose;			    /* 0: once */
} texts[] = {
	{ "1.2 an error is told at the end of a joined statement",
	    "pass in \\\n  to port 22 \\\n  label x\n", "",
	    "pf.conf:3: port only applies to tcp/udp\n"
	    "pf.conf:3: skipping rule due to errors\n"
	    "pf.conf:3: rule expands to no valid combination\n" SYNTAX_ERROR,
	    0 },
	{ "1.3 the last line must end", "pass in", "",
	    "pf.conf:1: syntax error\n" SYNTAX_ERROR, 0 },
	{ "1.3 a carriage return is no end", "pass in\r\n", "",
	    "pf.conf:1: syntax error\n" SYNTAX_ERROR, 0 },
	{ "1.3 blank lines and bytes of other alphabets",
	    " \n\t \n\npass # \xe9\xff\npass label \"\xc3\xa9\"\n",
	    "pass all" STATE
	    "pass all flags S/SA keep state label \"\xc3\xa9\"\n",
	    NULL, 0 },
	{ "1.5 what a word may have in it",
	    "x.y = 5\njail_net=lo1\npass on $jail_net\n"
	    "pass on dash-ed from 10.0.0.1 label a\"b\n",
	    "x.y = \"5\"\njail_net = \"lo1\"\npass on lo1 all" STATE
	    "pass on dash-ed inet from 10.0.0.1 to any flags S/SA keep state "
	    "label \"a\"b\"\n",
	    NULL, 0 },
	{ "1.6 numbers, and what looks like one",
	    "a = 0x10\nb = 1:2\nc = -5\nd = 10.1\n",
	    "a = \"0x10\"\nb = \"1:2\"\nc = \"-5\"\nd = \"10.1\"\n", NULL, 0 },
	{ "1.8 quotes", "pass label \"a\\\"b\nc\\\nd\\n\"\nz = '$x \"q\"'\n",
	    "z = \"$x \"q\"\"\n"
	    "pass all flags S/SA keep state label \"a\"bcd\\n\"\n",
	    NULL, 0 },
	{ "1.8 a quoted text is a word", "pass on \"proto\"\nx = \"12\"\n",
	    "x = \"12\"\npass on proto all" STATE, NULL, 0 },
	{ "1.9 a comment can be continued", "pass in # x \\\npass out\npass\n",
	    "pass in all" STATE "pass all" STATE, NULL, 0 },
	{ "1.10 a line is joined within a word, other backslashes go",
	    "pa\\\nss in\npa\\ss out\n",
	    "pass in all" STATE "pass out all" STATE, NULL, 0 },
	{ "1.11 a macro is glued to what follows",
	    "if = lo1\nb = $if $if\npass from $if:network\n",
	    "if = \"lo1\"\nb = \"lo1 lo1\"\n"
	    "pass inet from 192.168.0.0/24 to any" STATE,
	    NULL, 0 },
	{ "1.11 no macro in a macro's text",
	    "x = \"$y\"\ny = em0\npass on $x\n", "x = \"$y\"\ny = \"em0\"\n",
	    "pf.conf:3: syntax error\n" SYNTAX_ERROR, 0 },
	{ "1.13 a number is made normal", "n = 007\nn = 08 -5\n",
	    "n = \"7\"\nn = \"8 -5\"\n", NULL, 0 },
	{ "1.16 an included file's rules and macros are ours",
	    "include \"part.conf\"\npass on $part\n",
	    "part = \"em1\"\nblock drop in on em1 all\npass on em1 all" STATE,
	    NULL, 0 },
	{ "1.16 an error in it has its name, and one line too many",
	    "include \"bad.conf\"\n", "",
	    "bad.conf:3: syntax error\n" SYNTAX_ERROR, 0 },
	{ "2.1 new lines in a list", "pass proto {\ntcp\n, udp\n}\n",
	    "pass proto tcp all" STATE "pass proto udp all keep state\n", NULL,
	    0 },
	{ "2.2 lists in a list, and any in one",
	    "h = \"{ 10.0.0.3 10.0.0.4 }\"\npass from { { 10.0.0.2 }, $h }\n"
	    "pass from { 10.0.0.1 any }\npass from { any any }\n",
	    "h = \"{ 10.0.0.3 10.0.0.4 }\"\n"
	    "pass inet from 10.0.0.2 to any" STATE
	    "pass inet from 10.0.0.3 to any" STATE
	    "pass inet from 10.0.0.4 to any" STATE
	    "pass inet from 10.0.0.1 to any" STATE "pass all" STATE,
	    NULL, 0 },
	{ "2.4 a second user comes before the first",
	    "pass proto tcp user 1 user 2\n"
	    "pass proto tcp user { 1 2 } group { 3 4 }\n",
	    "pass proto tcp all user = 2" STATE
	    "pass proto tcp all user = 1" STATE
	    "pass proto tcp all user = 1 group = 3" STATE
	    "pass proto tcp all user = 1 group = 4" STATE
	    "pass proto tcp all user = 2 group = 3" STATE
	    "pass proto tcp all user = 2 group = 4" STATE,
	    NULL, 0 },
	{ "2.4 lists, the first is the slowest",
	    "pass on { em0 em1 } proto { 1 2 }\n"
	    "pass proto tcp from { 10.0.0.1 10.0.0.2 } port { 40081 40082 } "
	    "to 10.0.0.3 port { 40083 40084 }\n",
	    "pass on em0 proto icmp all keep state\n"
	    "pass on em0 proto igmp all keep state\n"
	    "pass on em1 proto icmp all keep state\n"
	    "pass on em1 proto igmp all keep state\n"
	    "pass inet proto tcp from 10.0.0.1 port = 40081 to 10.0.0.3 "
	    "port = 40083" STATE
	    "pass inet proto tcp from 10.0.0.1 port = 40081 to 10.0.0.3 "
	    "port = 40084" STATE
	    "pass inet proto tcp from 10.0.0.1 port = 40082 to 10.0.0.3 "
	    "port = 40083" STATE
	    "pass inet proto tcp from 10.0.0.1 port = 40082 to 10.0.0.3 "
	    "port = 40084" STATE
	    "pass inet proto tcp from 10.0.0.2 port = 40081 to 10.0.0.3 "
	    "port = 40083" STATE
	    "pass inet proto tcp from 10.0.0.2 port = 40081 to 10.0.0.3 "
	    "port = 40084" STATE
	    "pass inet proto tcp from 10.0.0.2 port = 40082 to 10.0.0.3 "
	    "port = 40083" STATE
	    "pass inet proto tcp from 10.0.0.2 port = 40082 to 10.0.0.3 "
	    "port = 40084" STATE,
	    NULL, 0 },
	{ "3.2 policies are printed before they are refused",
	    "pass\nset block-policy return\nset fail-policy drop\n",
	    "set block-policy return\nset fail-policy drop\n",
	    "pf.conf:2: " ORDER "pf.conf:3: " ORDER SYNTAX_ERROR, 0 },
	{ "3.3 printed by kind, whatever the order in the file",
	    "set require-order no\npass\n"
	    "binat on em0 from 10.0.0.7 to any -> 192.168.178.77\n"
	    "rdr on em0 proto tcp to port 80 -> 10.0.0.8\n"
	    "nat on em0 from 10.0.0.1 to any -> 10.0.0.2\n"
	    "scrub in\ntable <t> { 1.1.1.1 }\n",
	    "set require-order no\ntable <t> { 1.1.1.1 }\n"
	    "scrub in all fragment reassemble\n"
	    "nat on em0 inet from 10.0.0.1 to any -> 10.0.0.2\n"
	    "rdr on em0 inet proto tcp from any to any port = http "
	    "-> 10.0.0.8\n"
	    "binat on em0 inet from 10.0.0.7 to any -> 192.168.178.77\n"
	    "pass all" STATE,
	    NULL, 0 },
	{ "3.11 the tail of scrub",
	    "no scrub all\nscrub min-ttl 0 max-mss 0\nscrub set-tos 16 "
	    "random-id max-mss 9 min-ttl 8 no-df rtable 1 tagged A\n",
	    "no scrub all\nscrub all fragment reassemble\n"
	    "scrub all no-df random-id min-ttl 8 max-mss 9 set-tos 0x10 "
	    "fragment reassemble tagged A rtable 1\n",
	    NULL, 0 },
	{ "3.16 the family of a translation",
	    "nat on em0 from 10.0.0.1 to any -> { 2001:db8::1 10.0.0.2 }\n"
	    "nat on em0 from any to 2001:db8::5 -> "
	    "{ 10.0.0.2 2001:db8::1 }\n"
	    "nat on em0 from any to any -> 10.0.0.3\n",
	    "nat on em0 inet from 10.0.0.1 to any -> 10.0.0.2\n"
	    "nat on em0 inet6 from any to 2001:db8::5 -> 2001:db8::1\n"
	    "nat on em0 inet all -> 10.0.0.3\n",
	    NULL, 0 },
	{ "3.18 binat takes the first interface, and all for any to any",
	    "binat on { em0 em1 } inet from any to any -> 10.0.0.1\n",
	    "binat on em0 inet all -> 10.0.0.1\n", NULL, 0 },
	{ "3.21 kinds of block",
	    "block return-rst(ttl 5) proto tcp\nblock return-icmp(host-unr)\n"
	    "block return-icmp(net-unr) in inet\nblock return-icmp(41, 9)\n"
	    "block return-icmp6\nblock return-rst proto tcp\nblock return\n",
	    "block return-rst(ttl 5) proto tcp all\n"
	    "block return-icmp(host-unr, 3) all\n"
	    "block return-icmp(net-unr) in inet all\n"
	    "block return-icmp(41, 9) all\n"
	    "block return-icmp(port-unr, port-unr) all\n"
	    "block return-rst proto tcp all\nblock return all\n",
	    NULL, 0 },
	{ "3.24 sides of a rule",
	    "pass all\npass\npass from no-route\n"
	    "pass proto tcp from port 5 to port 6\npass from urpf-failed\n",
	    "pass all" STATE "pass all" STATE "pass from no-route to any" STATE
	    "pass proto tcp from any port = rje to any port = 6" STATE
	    "pass from urpf-failed to any" STATE,
	    NULL, 0 },
	{ "3.26 what state a pass rule keeps",
	    "set state-defaults no-sync\npass proto { tcp udp } flags any\n"
	    "pass proto udp modulate state\npass proto tcp fragment\n"
	    "pass no state\npass flags any\n",
	    "pass proto tcp all flags any keep state (no-sync)\n"
	    "pass proto udp all keep state (no-sync)\n"
	    "pass proto udp all keep state\n"
	    "pass proto tcp all keep state (no-sync) fragment\n"
	    "pass all no state\npass all flags any keep state (no-sync)\n",
	    NULL, 0 },
	{ "3.26 flags any is said of states only",
	    "pass flags any no state\npass proto tcp flags any no state\n"
	    "pass proto { 17 6 } synproxy state (max 5)\n",
	    "pass all no state\npass proto tcp all no state\n"
	    "pass proto udp all keep state (max 5)\n"
	    "pass proto tcp all flags S/SA synproxy state "
	    "(max 5)\n",
	    NULL, 0 },
	{ "3.29 probability", "pass probability 0\npass probability 0.5\n",
	    "pass all flags S/SA keep state probability 0%\n"
	    "pass all flags S/SA keep state probability 50%\n",
	    NULL, 0 },
	{ "3.35 queues of cbq",
	    "altq on em0 cbq bandwidth 10Mb tbrsize 6000 queue { a b }\n"
	    "queue a bandwidth 60% cbq(default)\n"
	    "queue b bandwidth 20% priority 3 qlimit 60\n",
	    "altq on em0 cbq bandwidth 10Mb tbrsize 6000 queue { a b }\n"
	    "queue a bandwidth 60% cbq( default ) \n"
	    "queue b bandwidth 20% priority 3 qlimit 60 \n",
	    NULL, 0 },
	{ "4.1 protocols by number and by another name",
	    "pass proto 2\npass proto icmp6\npass proto 250\n",
	    "pass proto igmp all keep state\n"
	    "pass proto ipv6-icmp all keep state\n"
	    "pass proto 250 all keep state\n",
	    NULL, 0 },
	{ "4.4 letters of flags have an order",
	    "pass proto tcp flags WEUAPRSF/FSRPAUEW\n",
	    "pass proto tcp all flags FSRPAUEW/FSRPAUEW keep state\n", NULL,
	    0 },
	{ "4.7 words of tos",
	    "pass tos 0\npass tos CS1\npass tos critical\npass tos af43\n"
	    "pass tos throughput\npass tos reliability\npass tos inetcontrol\n"
	    "pass tos netcontrol\n",
	    "pass all" STATE "pass all flags S/SA tos 0x20 keep state\n"
	    "pass all flags S/SA tos 0xa0 keep state\n"
	    "pass all flags S/SA tos 0x98 keep state\n"
	    "pass all flags S/SA tos 0x08 keep state\n"
	    "pass all flags S/SA tos 0x04 keep state\n"
	    "pass all flags S/SA tos 0xc0 keep state\n"
	    "pass all flags S/SA tos 0xe0 keep state\n",
	    NULL, 0 },
	{ "5.1 short networks",
	    "pass from 10/8\npass from 10.1/16\npass from 10.20\n"
	    "pass from 192.168.37.29/24\npass from 0/0\npass to ::/0\n",
	    "pass inet from 10.0.0.0/8 to any" STATE
	    "pass inet from 10.1.0.0/16 to any" STATE
	    "pass inet from 10.0.0.20 to any" STATE
	    "pass inet from 192.168.37.0/24 to any" STATE "pass inet all" STATE
	    "pass inet6 all" STATE,
	    NULL, 0 },
	{ "5.1 a mask is a length", "pass from 10.0.0.0/255.0.0.0\n", "",
	    "pf.conf:1: syntax error\n" SYNTAX_ERROR, 0 },
	{ "5.5 a group is its members", "pass from wan\npass on wan\n",
	    "pass inet from 192.168.178.40 to any" STATE
	    "pass inet from 10.0.0.1 to any" STATE "pass on wan all" STATE,
	    NULL, 0 },
	{ "5.5 the letters of a name are none", "pass from em\n", "",
	    "no IP address found for em\n"
	    "pf.conf:1: could not parse host specification\n" SYNTAX_ERROR,
	    0 },
	{ "5.7 a range",
	    "pass from 10.0.0.1 - 10.0.0.9\n"
	    "pass to 2001:db8::1 - 2001:db8::9\n",
	    "pass inet from 10.0.0.1 - 10.0.0.9 to any" STATE
	    "pass inet6 from any to 2001:db8::1 - 2001:db8::9" STATE,
	    NULL, 0 },
	{ "5.9 an interface twice, and one that is not there",
	    "pass on { em0 em0 }\npass on nosuch9\npass on ! em0\n",
	    "pass on em0 all" STATE "pass on em0 all" STATE
	    "pass on nosuch9 all" STATE "pass on ! em0 all" STATE,
	    NULL, 0 },
	{ "7.2 masks", "pass from 10.0.0.1/32 to ! 10.0.0.1/8\n",
	    "pass inet from 10.0.0.1 to ! 10.0.0.0/8" STATE, NULL, 0 },
	{ "7.4 a macro that nothing uses", "m = 1\nn = em0\npass on $n\n",
	    "m = \"1\"\nn = \"em0\"\n@0 pass on em0 all" STATE,
	    "warning: macro 'm' not used\n", 2 },
};

struct run {
	const char *text;
	struct said said;
	struct pf_opts opts;
	struct pf_ruleset *rs;
	struct pf_env *env;
};

static struct run *current;

static int
read_text(void *ctx, const char *path, struct str *ret)
{
	(void)ctx;
	if (streq(path, "pf.conf"))
		str_add(ret, current->text);
	else if (streq(path, "part.conf"))
		str_add(ret, "part = em1\nblock in on $part\n");
	else if (streq(path, "bad.conf"))
		str_add(ret, "pass in\npass ni\n");
	else
		return -ENOENT;
	return 0;
}

static int
run(struct run *r, const char *text, int verbose)
{
	const struct pf_out out = { said_put, &r->said };
	struct err err = { 0 };

	current = r;
	r->text = text;
	r->opts.verbose = verbose;
	str_reset(&r->said.out);
	str_reset(&r->said.err);
	pf_ruleset_freep(&r->rs);
	r->rs = NULL;
	return pf_load("pf.conf", &r->opts, r->env, &out, &r->rs, &err);
}

/* Each of the words is read as a value, and printed as its pair. */
static void
test_words(struct run *r, const char *title, const char *rule,
    const char *const *words)
{
	_cleanup_(str_clear) struct str in = STR_INIT;
	_cleanup_(str_clear) struct str out = STR_INIT;

	for (; *words != NULL; words += 2) {
		str_printf(&in, "%s %s\n", rule, words[0]);
		str_printf(&out, "%s %s keep state\n", rule,
		    words[1] != NULL ? words[1] : words[0]);
	}
	run(r, in.buf, 1);
	str_clear(&in);
	for (const char *s = r->said.out.buf; *s != '\0'; s++) {
		if (str_starts(s, " all "))
			s += 4;
		str_addc(&in, *s);
	}
	is_str(in.buf, out.buf, "%s", title);
	is_str(r->said.err.buf, "", "%s: no error", title);
}

/* clang-format off */
static const char *const icmp4[] = {
	"echoreq", NULL, "echorep", NULL, "unreach", NULL, "squench", NULL,
	"redir", NULL, "althost", NULL, "routeradv", NULL, "routersol", NULL,
	"timex", NULL, "paramprob", NULL, "timereq", NULL, "timerep", NULL,
	"inforeq", NULL, "inforep", NULL, "maskreq", NULL, "maskrep", NULL,
	"trace", NULL, "dataconv", NULL, "mobredir", NULL,
	"ipv6-where", NULL, "ipv6-here", NULL, "mobregreq", NULL,
	"mobregrep", NULL, "\"skip\"", "skip", "photuris", NULL, NULL, NULL };
static const char *const icmp6[] = {
	"unreach", NULL, "toobig", NULL, "timex", NULL, "paramprob", NULL,
	"echoreq", NULL, "echorep", NULL, "groupqry", NULL,
	"listqry", "groupqry", "grouprep", NULL, "listenrep", "grouprep",
	"groupterm", NULL, "listendone", "groupterm", "routersol", NULL,
	"routeradv", NULL, "neighbrsol", NULL, "neighbradv", NULL,
	"redir", NULL, "routrrenum", NULL, "wrureq", NULL, "wrurep", NULL,
	"fqdnreq", "wrureq", "fqdnrep", "wrurep", "niqry", "wrureq",
	"nirep", "wrurep", "mtraceresp", NULL, "mtrace", NULL, NULL, NULL };
static const char *const codes4[] = {
	"3 code net-unr", "unreach code net-unr", "3 code 1",
	"unreach code host-unr", "3 code 2", "unreach code proto-unr",
	"3 code 3", "unreach code port-unr", "3 code 4",
	"unreach code needfrag", "3 code 5", "unreach code srcfail",
	"3 code 6", "unreach code net-unk", "3 code 7",
	"unreach code host-unk", "3 code 8", "unreach code isolate",
	"3 code 9", "unreach code net-prohib", "3 code 10",
	"unreach code host-prohib", "3 code 11", "unreach code net-tos",
	"3 code 12", "unreach code host-tos", "3 code 13",
	"unreach code filter-prohib", "3 code 14",
	"unreach code host-preced", "3 code 15",
	"unreach code cutoff-preced", "5 code 0", "redir code redir-net",
	"5 code 1", "redir code redir-host", "5 code 2",
	"redir code redir-tos-net", "5 code 3", "redir code redir-tos-host",
	"9 code 0", "routeradv code normal-adv", "9 code 16",
	"routeradv code common-adv", "11 code 0", "timex code transit",
	"11 code 1", "timex code reassemb", "12 code 0",
	"paramprob code badhead", "12 code 1", "paramprob code optmiss",
	"12 code 2", "paramprob code badlen", "40 code 1",
	"photuris code unknown-ind", "40 code 2", "photuris code auth-fail",
	"40 code 3", "photuris code decrypt-fail", NULL, NULL };
static const char *const codes6[] = {
	"1 code 0", "unreach code noroute-unr",
	"1 code 1", "unreach code admin-unr",
	"1 code beyond-unr", "unreach code notnbr-unr",
	"1 code 3", "unreach code addr-unr", "1 code 4",
	"unreach code port-unr", "3 code 0", "timex code transit",
	"3 code 1", "timex code reassemb", "4 code 0",
	"paramprob code badhead", "4 code 1", "paramprob code nxthdr",
	"137 code 0", "redir code redironlink", "137 code 1",
	"redir code redirrouter", NULL, NULL };
static const char *const reserved[] = {
	"all", "allow-opts", "altq", "anchor", "antispoof", "any",
	"bandwidth", "binat", "binat-anchor", "bitmask", "block",
	"block-policy", "buckets", "cbq", "code", "codelq", "crop", "debug",
	"divert-reply", "divert-to", "drop", "drop-ovl", "dup-to",
	"fail-policy", "fairq", "fastroute", "file", "fingerprints", "flags",
	"floating", "flush", "for", "fragment", "from", "global", "group",
	"hfsc", "hogs", "hostid", "icmp-type", "icmp6-type", "if-bound", "in",
	"include", "inet", "inet6", "interval", "keep", "label", "limit",
	"linkshare", "load", "log", "loginterface", "max", "max-mss",
	"max-src-conn", "max-src-conn-rate", "max-src-nodes",
	"max-src-states", "min-ttl", "modulate", "nat", "nat-anchor", "no",
	"no-df", "no-route", "no-sync", "on", "optimization", "os", "out",
	"overload", "pass", "port", "prio", "priority", "priq", "probability",
	"proto", "qlimit", "queue", "quick", "random", "random-id", "rdr",
	"rdr-anchor", "realtime", "reassemble", "reply-to", "require-order",
	"return", "return-icmp", "return-icmp6", "return-rst", "round-robin",
	"route", "route-to", "rtable", "rule", "ruleset-optimization",
	"scrub", "set", "set-tos", "skip", "sloppy", "source-hash",
	"source-track", "state", "state-defaults", "state-policy",
	"static-port", "sticky-address", "synproxy", "table", "tag", "tagged",
	"target", "tbrsize", "timeout", "to", "tos", "ttl", "upperlimit",
	"urpf-failed", "user", NULL };
static const char *const plain[] = {
	"const", "persist", "counters", "yes", "unknown", "self", "none",
	"default", "borrow", "red", "ecn", "rio", "codel", NULL };
/* clang-format on */

/* A macro can have any name but a reserved word. */
static void
test_reserved(struct run *r)
{
	_cleanup_(str_clear) struct str s = STR_INIT;

	for (size_t i = 0; reserved[i] != NULL; i++) {
		str_reset(&s);
		str_printf(&s, "%s = 1\n", reserved[i]);
		ok(run(r, s.buf, 0) == -EINVAL &&
			streq(r->said.err.buf,
			    "pf.conf:1: syntax error\n" SYNTAX_ERROR),
		    "1.15 %s is reserved", reserved[i]);
	}
	for (size_t i = 0; plain[i] != NULL; i++) {
		str_reset(&s);
		str_printf(&s, "%s = 1\n", plain[i]);
		ok(run(r, s.buf, 0) == 0, "1.15 %s is not", plain[i]);
	}
}

static void
test_defines(struct run *r)
{
	static const char *const defines[] = { "x=em0", "y=z=em1", NULL };

	r->opts.defines = defines;
	run(r, "x = em1\npass on $x\n", 1);
	is_str(r->said.out.buf, "x = \"em1\"\npass on em0 all" STATE,
	    "1.14 -D is heard first, the file's is printed");
	run(r, "pass on $y\n", 1);
	is_str(r->said.err.buf,
	    "pf.conf:1: macro 'y' not defined\npf.conf:1: syntax error\n"
	    SYNTAX_ERROR,
	    "1.14 the last equals sign ends the name");
	r->opts.defines = NULL;
}

static void
test_numbers(struct run *r)
{
	r->opts.optimize = PF_OPT_BASIC;
	run(r, "scrub\npass\npass\nanchor x\npass in label \"n$nr\"\n", 2);
	is_str(r->said.out.buf,
	    "@0 scrub all fragment reassemble\n@0 pass all" STATE
	    "@1 anchor \"x\" all\n"
	    "@2 pass in all flags S/SA keep state label \"n4\"\n",
	    "2.5 the optimiser numbers anew, labels keep theirs");
	r->opts.optimize = PF_OPT_NONE;
}

static void
test_numeric(struct run *r)
{
	r->opts.numeric = true;
	run(r, "pass proto tcp to port { ssh != 53 25:25 }\n", 1);
	is_str(r->said.out.buf,
	    "pass proto tcp from any to any port = 22" STATE
	    "pass proto tcp from any to any port != 53" STATE
	    "pass proto tcp from any to any port = 25" STATE,
	    "4.2 ports as numbers");
	r->opts.numeric = false;
	run(r,
	    "pass proto udp to port { 514 tftp }\npass proto tcp to port 514\n",
	    1);
	is_str(r->said.out.buf,
	    "pass proto udp from any to any port = syslog keep state\n"
	    "pass proto udp from any to any port = tftp keep state\n"
	    "pass proto tcp from any to any port = shell" STATE,
	    "4.2 a port has the name of its protocol");
}

static void
test_options(struct run *r)
{
	static const struct {
		const char *name;
		uint32_t first, opening, established, closing, finwait, closed;
	} sets[] = {
		{ "normal", 120, 30, 86400, 900, 45, 90 },
		{ "Satellite", 180, 35, 86400, 905, 50, 95 },
		{ "high-latency", 180, 35, 86400, 905, 50, 95 },
		{ "conservative", 3600, 900, 432000, 3600, 600, 180 },
		{ "aggressive", 30, 5, 18000, 60, 30, 30 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		_cleanup_(str_clear) struct str s = STR_INIT;
		const uint32_t *t;

		str_printf(&s, "set optimization %s\n", sets[i].name);
		if (run(r, s.buf, 0) < 0) {
			ok(false, "3.5 %s is read", sets[i].name);
			continue;
		}
		t = r->rs->options.timeout;
		ok(t[PF_TM_TCP_FIRST] == sets[i].first &&
			t[PF_TM_TCP_OPENING] == sets[i].opening &&
			t[PF_TM_TCP_ESTABLISHED] == sets[i].established &&
			t[PF_TM_TCP_CLOSING] == sets[i].closing &&
			t[PF_TM_TCP_FINWAIT] == sets[i].finwait &&
			t[PF_TM_TCP_CLOSED] == sets[i].closed,
		    "3.5 time-outs of optimization %s", sets[i].name);
	}
}

static void
test_defaults(void)
{
	static const struct {
		enum pf_tm tm;
		uint32_t seconds;
	} want[] = {
		{ PF_TM_TCP_FIRST, 120 },
		{ PF_TM_TCP_OPENING, 30 },
		{ PF_TM_TCP_ESTABLISHED, 86400 },
		{ PF_TM_TCP_CLOSING, 900 },
		{ PF_TM_TCP_FINWAIT, 45 },
		{ PF_TM_TCP_CLOSED, 90 },
		{ PF_TM_TCP_TSDIFF, 30 },
		{ PF_TM_UDP_FIRST, 60 },
		{ PF_TM_UDP_SINGLE, 30 },
		{ PF_TM_UDP_MULTIPLE, 60 },
		{ PF_TM_ICMP_FIRST, 20 },
		{ PF_TM_ICMP_ERROR, 10 },
		{ PF_TM_OTHER_FIRST, 60 },
		{ PF_TM_OTHER_SINGLE, 30 },
		{ PF_TM_OTHER_MULTIPLE, 60 },
		{ PF_TM_FRAG, 30 },
		{ PF_TM_INTERVAL, 10 },
		{ PF_TM_ADAPTIVE_START, 60000 },
		{ PF_TM_ADAPTIVE_END, 120000 },
		{ PF_TM_SRC_TRACK, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		is_int(pf_timeout_default(want[i].tm), want[i].seconds,
		    "3.4 default of %s", pf_timeout_name(want[i].tm));
	is_int(pf_limit_default(PF_LIMIT_STATES), 100000, "3.4 states");
	is_int(pf_limit_default(PF_LIMIT_SRC_NODES), 10000, "3.4 src-nodes");
	is_int(pf_limit_default(PF_LIMIT_FRAGS), 5000, "3.4 frags");
	is_int(pf_limit_default(PF_LIMIT_TABLE_ENTRIES), 200000,
	    "3.4 table-entries");
}

int
main(void)
{
	struct run r = {
		.opts = { .load = PF_LOAD_ALL, .optimize = PF_OPT_NONE },
		.said.out = STR_INIT,
		.said.err = STR_INIT,
	};
	struct pf_facts *facts = NULL;
	struct err err = { 0 };

	if (pf_facts_new(world, "world", &facts, &err) < 0)
		BUG("%s", err.msg);
	r.env = pf_facts_env(facts);
	r.env->read = read_text;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const struct text *t = &texts[i];

		run(&r, t->in, t->verbose != 0 ? t->verbose : 1);
		is_str(r.said.out.buf, t->out, "%s", t->title);
		is_str(r.said.err.buf, t->err != NULL ? t->err : "",
		    "%s: what is said", t->title);
	}
	test_words(
	    &r, "4.5 types of ICMP", "pass inet proto icmp icmp-type", icmp4);
	test_words(&r, "4.5 types of ICMPv6",
	    "pass inet6 proto ipv6-icmp icmp6-type", icmp6);
	test_words(
	    &r, "4.6 codes of ICMP", "pass inet proto icmp icmp-type", codes4);
	test_words(&r, "4.6 codes of ICMPv6",
	    "pass inet6 proto ipv6-icmp icmp6-type", codes6);
	test_reserved(&r);
	test_defines(&r);
	test_numbers(&r);
	test_numeric(&r);
	test_options(&r);
	test_defaults();
	pf_ruleset_free(r.rs);
	pf_facts_free(facts);
	str_clear(&r.said.out);
	str_clear(&r.said.err);
	return done_testing();
}

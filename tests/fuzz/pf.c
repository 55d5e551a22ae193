/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A pf.conf from a hostile hand: no crash, at least one message if it is
 * refused, and what is printed of what is accepted is accepted again and
 * prints the same, with the optimiser and without.
 *
 * The original does not read everything that it prints. Where we print as it
 * does, the text is not compared: see `unreadable`.
 */
#include <ctype.h>
#include <errno.h>

#include "../said.h"
#include "pf/pf.h"

static const char world[] = "iface em0 index=1 broadcast group=wan\n"
			    "addr em0 inet 192.168.178.40/24\n"
			    "addr em0 inet6 fe80::1:2%em0/64\n"
			    "addr em0 inet6 2001:db8:178::40/64\n"
			    "iface em1 index=2 broadcast\n"
			    "addr em1 inet 10.0.0.1/24\n"
			    "addr em1 inet 10.0.1.1/24\n"
			    "iface lo0 index=3 loopback group=lo\n"
			    "addr lo0 inet6 ::1/128\n"
			    "addr lo0 inet6 fe80::1%lo0/64\n"
			    "addr lo0 inet 127.0.0.1/8\n"
			    "iface tun0 index=4 p2p group=tun\n"
			    "addr tun0 inet 10.8.0.1/32 peer 10.8.0.2\n"
			    "host localhost ::1 127.0.0.1\n"
			    "host www 203.0.113.10 2001:db8::10\n"
			    "fibs 4\n";

struct ctx {
	const char *text;
	size_t len;
	struct said said;
};

/* Set while LLVMFuzzerTestOneInput runs: the world's functions get the
 * facts' context, not ours. */
static struct ctx *now;

static int
read_text(void *unused, const char *path, struct str *ret)
{
	(void)unused;
	if (streq(path, "-"))
		str_addmem(ret, now->text, now->len);
	else if (streq(path, "list"))
		str_add(ret, "192.0.2.0/24 !192.0.2.7 # x\n2001:db8::/32\n");
	else if (streq(path, "inc"))
		str_add(ret, "i = \"em0\"\npass in on $i\n");
	else
		return -ENOENT;
	return 0;
}

static void
fill(void *unused, void *mem, size_t len)
{
	(void)unused;
	memset(mem, 0x5a, len);
}

/* ---- what cannot be read again ---- */

/* Is it one word of the language, as it stands? */
static bool
plain(const char *word)
{
	static const char *const names[] = { "all", "any", "none", "self",
		NULL };
	const unsigned char *p = (const unsigned char *)word;
	bool digits = true;

	if (!isalnum(*p) && *p != ':' && *p != '_')
		return false;
	for (; *p != '\0'; p++) {
		digits = digits && isdigit(*p);
		if (!isalnum(*p) && strchr(":_.-", *p) == NULL)
			return false;
	}
	for (int i = 0; names[i] != NULL; i++) {
		if (streq(names[i], word))
			return false;
	}
	return !digits && !pf_is_keyword(word);
}

/* Several of them. */
static bool
plain_words(const char *words)
{
	char copy[PF_NAME_MAX + 1], *rest = copy, *word;

	(void)snprintf(copy, sizeof(copy), "%s", words);
	while ((word = strsep(&rest, " ")) != NULL) {
		if (!plain(word))
			return false;
	}
	return true;
}

static bool
quotable(const char *text)
{
	return strpbrk(text, "\"\\\n") == NULL;
}

static bool
addr_unreadable(const struct pf_addr *a)
{
	if (a->kind != PF_ADDR_TABLE && a->kind != PF_ADDR_DYN)
		return false;
	/* antispoof takes "(0em)", a host does not. */
	if (a->kind == PF_ADDR_DYN && !isalpha((unsigned char)*a->name))
		return true;
	return !plain(a->name) && !streq(a->name, "self");
}

/* "raid-cc" and its neighbours are other ports with tcp than with udp; "set",
 * "cl/1" and "914c/g" are no words. */
static bool
port_unreadable(const struct pf_ports *p)
{
	const char *name;

	if (p->op != PF_OP_EQ && p->op != PF_OP_NE)
		return false;
	if (p->a >= 2006 && p->a <= 2009)
		return true;
	name = pf_service_name(p->a, true);
	if (name != NULL && !plain(name))
		return true;
	name = pf_service_name(p->a, false);
	return name != NULL && !plain(name);
}

static bool
pool_unreadable(const struct pf_rule *r)
{
	for (uint32_t i = 0; r->pool != NULL && i < r->pool->n; i++) {
		const struct pf_hop *h = &r->pool->hop[i];

		if (addr_unreadable(&h->addr) ||
		    (r->route != PF_ROUTE_NONE &&
			(h->ifname == NULL || !plain(h->ifname))))
			return true;
		/* A dynamic next hop prints its mask of 128 with inet; a
		 * table or "any" has no family to keep. */
		if (h->addr.kind != PF_ADDR_IP)
			return true;
	}
	return false;
}

static bool
rule_unreadable(const struct pf_rule *r)
{
	const char *proto = pf_proto_name(r->proto);

	if ((r->ifname && !plain(r->ifname)) || addr_unreadable(&r->src.addr) ||
	    addr_unreadable(&r->dst.addr) || port_unreadable(&r->src.port) ||
	    port_unreadable(&r->dst.port) || pool_unreadable(r))
		return true;
	if ((r->label && !quotable(r->label)) || (r->os && !quotable(r->os)) ||
	    (r->tag && !plain_words(r->tag)) ||
	    (r->tagged && !plain_words(r->tagged)) ||
	    (r->queue && !plain(r->queue)) || (r->pqueue && !plain(r->pqueue)))
		return true;
	if (r->state && r->state->overload && !plain(r->state->overload))
		return true;
	if (r->anchor_name && !quotable(r->anchor_name))
		return true;
	/* "proto skip", "proto a/n"; "$" in a label is filled in again; the
	 * code 3 of return-icmp; "binat all"; a scope on a tested address. */
	return (proto && !plain(proto)) || r->return_odd ||
	    (r->label && strchr(r->label, '$')) ||
	    pf_list_of(r->action) == PF_LIST_BINAT;
}

/* Is something in there that prints as what does not come back? */
static bool
unreadable(const struct pf_ruleset *rs)
{
	for (const struct pf_anchor *a = rs->main; a; a = a->next) {
		for (int i = 0; i < PF_LIST_COUNT; i++) {
			for (size_t j = 0; j < a->list[i].n; j++) {
				if (rule_unreadable(a->list[i].v[j]))
					return true;
			}
		}
	}
	return false;
}

/* ---- */

static int
load(struct ctx *c, const struct pf_env *env, enum pf_optimize level,
    struct pf_ruleset **ret)
{
	const struct pf_opts opts = {
		.load = PF_LOAD_ALL,
		.dry = true,
		.verbose = 1,
		.terminal = level == PF_OPT_BASIC,
		.optimize_given = true,
		.optimize = level,
	};
	const struct pf_out out = { said_put, &c->said };

	str_reset(&c->said.out);
	str_reset(&c->said.err);
	now = c;
	return pf_load("-", &opts, env, &out, ret, NULL);
}

/* The rules alone: what is said while reading (macros) is not escaped. */
static void
print_rules(struct pf_ruleset *rs, struct str *s)
{
	for (struct pf_anchor *a = rs->main; a; a = a->next)
		a->printed = false;
	for (int i = 0; i < PF_LIST_COUNT; i++)
		pf_print_list(s, rs->main, i, 0, 0);
}

static void
round_trip(struct pf_ruleset *rs, const struct pf_env *env)
{
	_cleanup_(str_clear) struct str once = STR_INIT, twice = STR_INIT;
	_cleanup_(pf_ruleset_freep) struct pf_ruleset *again = NULL;
	struct ctx c = { .said.out = STR_INIT, .said.err = STR_INIT };

	print_rules(rs, &once);
	c.text = once.buf;
	c.len = once.len;
	if (load(&c, env, PF_OPT_NONE, &again) < 0)
		BUG("not read again:\n%s%s", once.buf, c.said.err.buf);
	print_rules(again, &twice);
	if (!streq(once.buf, twice.buf))
		BUG("printed:\n%sread again:\n%s", once.buf, twice.buf);
	str_clear(&c.said.out);
	str_clear(&c.said.err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ctx c = { (const char *)data, size, { STR_INIT, STR_INIT } };
	_cleanup_(pf_facts_freep) struct pf_facts *facts = NULL;
	struct err err = { 0 };
	struct pf_env *env;

	if (size > 4096)
		return 0;
	if (pf_facts_new(world, "world", &facts, &err) < 0)
		BUG("%s", err.msg);
	env = pf_facts_env(facts);
	env->read = read_text;
	env->random = fill;
	for (int level = PF_OPT_NONE; level <= PF_OPT_BASIC; level++) {
		_cleanup_(pf_ruleset_freep) struct pf_ruleset *rs = NULL;

		if (load(&c, env, level, &rs) < 0) {
			if (c.said.err.len == 0)
				BUG("refused without a message");
			continue;
		}
		if (level == PF_OPT_NONE && !unreadable(rs))
			round_trip(rs, env);
	}
	str_clear(&c.said.out);
	str_clear(&c.said.err);
	return 0;
}

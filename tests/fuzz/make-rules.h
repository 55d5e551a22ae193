/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ruleset of all kinds of statements, made of the choices of a fuzz input.
 * It is always read without an error, and prints as what can be read again.
 */
#ifndef FUZZ_MAKE_RULES_H
#define FUZZ_MAKE_RULES_H

#include "rules.h"

/* The machine that the rules are for. */
static const char world[] = "iface em0 index=1 broadcast group=wan\n"
			    "addr em0 inet 10.0.0.1/24\n"
			    "addr em0 inet 10.0.0.2/24\n"
			    "addr em0 inet6 2001:db8::1/64\n"
			    "iface em1 index=2 broadcast\n"
			    "addr em1 inet 10.0.1.1/24\n"
			    "addr em1 inet6 2001:db8:1::1/64\n"
			    "iface lo0 index=3 loopback group=lo\n"
			    "addr lo0 inet 127.0.0.1/8\n"
			    "fibs 2\n";

enum { RULES_MAX = 8 };

struct style { /* of a filter rule: all but what it matches */
	bool pass;
	const char *block, *log, *quick, *state, *tag;
};

struct ruleset {
	struct str head;   /* options and tables: printed as read, not again */
	struct str rules;  /* the rest, in order */
	struct str anchor; /* the file of `load anchor` */
	bool stateless;	   /* filter rules only, and none makes a state */
	struct style style;
};

static inline void
make_host(struct input *in, struct str *s, bool v6)
{
	if (v6)
		WORD(in, s, "any", "any", "any", "2001:db8::1", "2001:db8::5",
		    "2001:db8::/64", "2001:db8:1::/64", "! 2001:db8::5", "<t>");
	else
		WORD(in, s, "any", "any", "any", "any", "any", "any",
		    "10.0.0.0/24", "10.0.0.1", "10.0.0.3", "10.0.1.4",
		    "10.0.0.0/24", "10.0.0.4/31", "10.0.1.0/24", "! 10.0.0.3",
		    "! 10.0.1.0/24", "<t>", "! <t>", "<u>", "192.0.2.0/24",
		    "10.0.0.5", "10.0.0.6", "10.0.0.7", "10.0.0.8",
		    "{ 10.0.0.3, 10.0.0.4, 10.0.0.5, 10.0.1.0/24 }",
		    "{ 10.0.0.1, 10.0.0.3, 10.0.0.5, 10.0.0.7, 10.0.1.4, "
		    "10.0.1.5, 10.0.0.6/31 }");
}

/* The family and protocol of a rule; true: it may have ports. */
static inline bool
make_proto(struct input *in, struct str *s, bool *v6)
{
	uint32_t b = byte(in);

	*v6 = b % 8 == 0;
	if (*v6)
		str_add(s, " inet6");
	else if (b % 3 == 0)
		str_add(s, " inet");
	b = byte(in) % 6;
	str_add(s,
	    b < 2	? ""
		: b < 4 ? " proto tcp"
		: b < 5 ? " proto udp"
		: *v6	? " proto ipv6-icmp"
			: " proto icmp");
	return b >= 2 && b < 5;
}

static inline void
make_hosts(struct input *in, struct str *s, bool v6, bool ports)
{
	str_add(s, " from ");
	make_host(in, s, v6);
	if (ports)
		WORD(in, s, "", "", "", " port 80", " port > 1023");
	str_add(s, " to ");
	make_host(in, s, v6);
	if (ports)
		WORD(in, s, "", "", " port 80", " port 80:90", " port != 80",
		    " port 80 >< 90", " port 80 <> 85", " port < 85");
}

/* What the next rule does. Most rules do what the one before does, so that the
 * optimiser has something to do. */
static inline void
pick_style(struct input *in, struct ruleset *r)
{
	struct style *st = &r->style;

	st->pass = byte(in) % 3 != 0;
	st->block = st->pass
	    ? ""
	    : PICK(in, "", " drop", " return", " return-icmp(net-unr)");
	st->log = PICK(in, "", "", "", " log", " log (all)");
	st->quick = PICK(in, "", "", " quick");
	st->state = "";
	if (st->pass && r->stateless)
		st->state = " no state";
	else if (st->pass)
		st->state = PICK(in, "", "", "", " no state",
		    " keep state (if-bound)", " keep state (sloppy)",
		    " modulate state", " synproxy state", " keep state (max 2)",
		    " keep state (source-track rule, max-src-states 2)");
	st->tag = PICK(in, "", "", "", "", "", " tag a", " tag a", " label x");
}

static inline void
make_filter(struct input *in, struct str *s, struct ruleset *r)
{
	struct style *st = &r->style;
	bool v6, ports, tcp;
	size_t mark;

	if (st->log == NULL || byte(in) % 4 == 0)
		pick_style(in, r);
	str_printf(s, "%s%s", st->pass ? "pass" : "block", st->block);
	WORD(in, s, "", " in", " out");
	str_printf(s, "%s%s", st->log, st->quick);
	WORD(in, s, "", "", "", "", " on em0", " on em0", " on em1",
	    " on ! em0", " on wan", " on lo");
	mark = s->len;
	ports = make_proto(in, s, &v6);
	tcp = strstr(s->buf + mark, "tcp") != NULL;
	make_hosts(in, s, v6, ports);
	if (tcp)
		WORD(in, s, "", "", " flags any", " flags A/A", " flags /SFRA");
	if (strstr(s->buf + mark, " inet proto icmp"))
		WORD(in, s, "", " icmp-type echoreq", " icmp-type unreach");
	str_printf(s, "%s%s", st->state, st->tag);
	WORD(in, s, "", "", "", "", "", " tagged a", " ! tagged b");
	str_addc(s, '\n');
}

static inline void
make_nat(struct input *in, struct str *s)
{
	uint32_t kind = byte(in) % 8;
	size_t mark;
	bool v6, ports;

	if (kind == 7) {
		str_add(s, "binat on ");
		WORD(in, s, "em0", "em1");
		str_add(s, " inet from 10.0.1.4 to ");
		WORD(in, s, "any", "! 10.0.1.0/24");
		str_add(s, " -> 10.0.0.2\n");
		return;
	}
	str_add(s, kind == 0 ? "no " : "");
	str_add(s, kind < 4 ? "nat" : "rdr");
	if (kind != 0)
		WORD(in, s, "", " pass", "");
	WORD(in, s, " on em0", " on em1", " on ! em1", " on wan", "");
	mark = s->len;
	str_add(s, " inet");
	WORD(in, s, " proto tcp", " proto udp", "", " proto icmp");
	ports = strstr(s->buf + mark, "tcp") || strstr(s->buf + mark, "udp");
	v6 = false;
	str_add(s, " from ");
	make_host(in, s, v6);
	str_add(s, " to ");
	make_host(in, s, v6);
	if (ports)
		WORD(in, s, "", " port 80", " port 80:90");
	WORD(in, s, "", "", "", " tag a", " tagged a");
	if (kind == 0)
		str_add(s, "\n");
	else if (kind < 4)
		WORD(in, s, " -> 10.0.0.1\n", " -> 10.0.0.2 static-port\n",
		    " -> (em0)\n", " -> { 10.0.0.1, 10.0.0.2 } round-robin\n",
		    " -> 10.0.0.0/30 bitmask\n",
		    " -> 10.0.0.1 port 5000:6000\n",
		    " -> { 10.0.0.1, 10.0.0.2 } sticky-address\n");
	else
		WORD(in, s, " -> 10.0.1.4\n", " -> 10.0.0.1\n",
		    " -> { 10.0.1.4, 10.0.1.5 } round-robin\n", " -> <u>\n");
}

static inline void
make_scrub(struct input *in, struct str *s)
{
	WORD(in, s, "scrub in all", "scrub all no-df", "no scrub in on em1",
	    "scrub in on em0 all min-ttl 9", "scrub proto tcp max-mss 1200",
	    "scrub all reassemble tcp", "scrub out all random-id",
	    "scrub in all set-tos 0x10");
	str_addc(s, '\n');
}

static inline void
make_anchor(struct input *in, struct ruleset *r)
{
	uint32_t b = byte(in) % 4;

	if (b == 0) {
		str_add(&r->rules, "anchor \"a\"");
		WORD(in, &r->rules, "", " in", " on em0", " proto tcp",
		    " quick", " tagged a");
		str_addc(&r->rules, '\n');
		if (r->anchor.len == 0) {
			make_filter(in, &r->anchor, r);
			make_filter(in, &r->anchor, r);
		}
		return;
	}
	str_add(&r->rules, "anchor");
	WORD(in, &r->rules, "", " in", " out on em1", " proto udp", " quick");
	str_add(&r->rules, " {\n");
	make_filter(in, &r->rules, r);
	if (b == 1)
		make_filter(in, &r->rules, r);
	str_add(&r->rules, "}\n");
}

static inline void
make_ruleset(struct input *in, struct ruleset *r)
{
	uint32_t b = byte(in);

	r->stateless = b % 4 == 0;
	if (b & 4)
		WORD(in, &r->head, "set block-policy return\n",
		    "set skip on lo\n", "set state-policy if-bound\n",
		    "set skip on em1\n", "set fail-policy return\n",
		    "set state-defaults sloppy\n");
	str_add(&r->head,
	    "table <t> { 10.0.0.0/24 ! 10.0.0.4/31 10.0.0.5 2001:db8::5 }\n"
	    "table <u> persist { 10.0.1.4 10.0.1.5 }\n");
	if (!r->stateless && b & 8)
		make_scrub(in, &r->rules);
	for (b = r->stateless ? 0 : byte(in) % 4; b > 1; b--)
		make_nat(in, &r->rules);
	for (int i = 0; i < RULES_MAX && (i == 0 || in->size > 0); i++) {
		if (!r->stateless && byte(in) % 8 == 0)
			make_anchor(in, r);
		else
			make_filter(in, &r->rules, r);
	}
	if (r->anchor.len > 0)
		str_add(&r->rules, "load anchor \"a\" from \"a\"\n");
}

static inline void
ruleset_clear(struct ruleset *r)
{
	str_clear(&r->head);
	str_clear(&r->rules);
	str_clear(&r->anchor);
}

#endif

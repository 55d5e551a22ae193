/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hints for people: the line with a caret, the nearest word, and what other
 * systems' words are called here.
 */
#include "pf/hint.h"

static const struct {
	const char *word, *hint;
} foreign[] = {
	{ "af-to",
	    "af-to is FreeBSD 15's and OpenBSD's: pf of FreeBSD 12 "
	    "does not translate between families" },
	{ "binat-to",
	    "binat-to is FreeBSD 15's and OpenBSD's: write "
	    "'binat on IF from A to any -> B' before the filter "
	    "rules" },
	{ "bridge-to", "bridge-to is FreeBSD 14's and works on layer 2" },
	{ "divert-packet", "divert-packet is OpenBSD's; here: divert-to PORT" },
	{ "dnpipe", "dnpipe is FreeBSD 14's (dummynet)" },
	{ "dnqueue", "dnqueue is FreeBSD 14's (dummynet)" },
	{ "egress",
	    "egress is OpenBSD's group of the interfaces with a "
	    "default route: name the interface, or put it into a "
	    "group of that name" },
	{ "endpoint-independent", "endpoint-independent is FreeBSD 15's" },
	{ "ether", "ether rules are FreeBSD 14's" },
	{ "keepcounters", "set keepcounters is FreeBSD 13's" },
	{ "least-states", "least-states is OpenBSD's; here: round-robin" },
	{ "map-e-portset", "map-e-portset is FreeBSD 13's" },
	{ "match",
	    "match is FreeBSD 14's and OpenBSD's: here its options go "
	    "to a pass rule, nat, rdr or scrub" },
	{ "max-pkt-rate", "max-pkt-rate is FreeBSD 15's and OpenBSD's" },
	{ "nat-to",
	    "nat-to is FreeBSD 15's and OpenBSD's: write "
	    "'nat on IF from A to any -> B' before the filter rules" },
	{ "once", "once is FreeBSD 15's and OpenBSD's" },
	{ "pflow", "pflow is OpenBSD's and FreeBSD 15's" },
	{ "rdomain", "rdomain is OpenBSD's; here: rtable N" },
	{ "rdr-to",
	    "rdr-to is FreeBSD 15's and OpenBSD's: write "
	    "'rdr on IF proto tcp to A port P -> B' before the filter "
	    "rules" },
	{ "received-on",
	    "received-on is FreeBSD 15's and OpenBSD's: tag the "
	    "packet on one interface and test it with tagged" },
	{ "ridentifier", "ridentifier is FreeBSD 14's; here: label" },
	{ "syncookies",
	    "set syncookies is FreeBSD 13's; here: synproxy "
	    "state" },
};

static const char *
foreign_hint(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
		if (streq(foreign[i].word, word))
			return foreign[i].hint;
	}
	return NULL;
}

/* The line with a caret under the place; its text is the caller's. */
static char *
add_line(const struct pf_file *f, size_t at, struct str *s)
{
	const char *text = f->text.buf;
	size_t begin = at, end = at;
	char *line;

	while (begin > 0 && text[begin - 1] != '\n')
		begin--;
	while (end < f->text.len && text[end] != '\n')
		end++;
	line = xstrndup(text + begin, end - begin);
	for (char *c = line; *c != '\0'; c++) {
		if (*c == '\t')
			*c = ' ';
	}
	str_add(s, "    ");
	str_add_visible(s, line);
	str_printf(s, "\n    %*s^\n", (int)(at - begin), "");
	return line;
}

/* A statement of another system is noticed only behind its first word. */
static const char *
first_word_hint(char *line)
{
	line += strspn(line, " ");
	line[strcspn(line, " ")] = '\0';
	return foreign_hint(line);
}

void
pf_hint(const struct parser *p, struct str *s)
{
	const char *word = p->tok.kind == T_STRING ? p->tok.str : NULL;
	_cleanup_free_ char *line = NULL;
	const char *hint = NULL, *near = NULL;

	if (p->tok.start > p->file->text.len)
		return;
	line = add_line(p->file, p->tok.start, s);
	if (word != NULL && !p->tok.quoted) {
		hint = foreign_hint(word);
		near = str_nearest(word, pf_keyword_list());
	}
	if (hint == NULL)
		hint = first_word_hint(line);
	if (hint != NULL)
		str_printf(s, "    %s\n", hint);
	else if (near != NULL && !streq(near, word))
		str_printf(s, "    did you mean '%s'?\n", near);
}

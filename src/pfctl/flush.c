/* SPDX-License-Identifier: BSD-2-Clause */
/* pfctl -F. */
#include <errno.h>

#include "pfctl/pfctl.h"

unsigned
flush_parse(const char *word)
{
	static const struct {
		const char *word;
		unsigned what;
	} words[] = {
		{ "nat", FLUSH_NAT },
		{ "queue", FLUSH_QUEUE },
		{ "rules", FLUSH_RULES },
		{ "Sources", FLUSH_SOURCES },
		{ "states", FLUSH_STATES },
		{ "info", FLUSH_INFO },
		{ "Tables", FLUSH_TABLES },
		{ "osfp", FLUSH_OSFP },
		{ "all", FLUSH_ALL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (streq(words[i].word, word))
			return words[i].what;
	BUG("no flush modifier %s", word);
}

/* -i leaves all but the states alone, -a flushes no more than the anchor. */
static unsigned
what_of(const struct pfctl *p)
{
	unsigned what = flush_parse(p->flush);

	if (p->anchor && p->anchor[0])
		what &= FLUSH_NAT | FLUSH_RULES | FLUSH_TABLES |
		    (what == FLUSH_ALL ? 0 : FLUSH_STATES);
	return what;
}

int
flush_rest(struct pfctl *p, struct store *s, const struct world *w,
    unsigned what, const unsigned *n_tables, struct err *err)
{
	int r = 0;

	if (what & FLUSH_RULES)
		notice(p, "rules cleared\n");
	if (what & FLUSH_NAT)
		notice(p, "nat cleared\n");
	if ((what & FLUSH_TABLES) && n_tables)
		notice(p, "%u tables deleted.\n", *n_tables);
	else if (what & FLUSH_TABLES)
		complain("Anchor or Ruleset does not exist.");
	if (what & FLUSH_STATES) {
		r = flush_states(p, w->env, err);
		if (r < 0)
			return r;
		notice(p, "%d states cleared\n", r);
	}
	if (what & FLUSH_SOURCES) {
		/* Rules loaded just now have sets of their own, and no states. */
		if (!(what & FLUSH_RULES))
			r = flush_sources(s, w->env, err);
		if (r < 0)
			return r;
		notice(p, "source tracking entries cleared\n");
	}
	if (what & FLUSH_INFO) {
		r = info_clear(s, err);
		if (r < 0)
			return r;
		notice(p, "pf: statistics cleared\n");
	}
	if (what == FLUSH_ALL)
		notice(p, "pf: interface flags reset\n");
	return 0;
}

static void
drop_tables(struct pf_ruleset *rs, const char *anchor, unsigned *n)
{
	struct pf_table *next;

	for (struct pf_table *t = rs->tables; t; t = next) {
		next = t->next;
		if (!streq(table_anchor(t), anchor))
			continue;
		table_drop(rs, t);
		++*n;
	}
}

/* Take the parts out of the ruleset that is loaded; true: it changed. */
static void
empty(struct pf_ruleset *rs, const char *anchor, unsigned what, unsigned *n)
{
	struct pf_anchor *a = pf_anchor_find(rs, anchor);

	if (a && (what & FLUSH_RULES))
		a->list[PF_LIST_SCRUB].n = a->list[PF_LIST_FILTER].n = 0;
	if (a && (what & FLUSH_NAT))
		a->list[PF_LIST_NAT].n = a->list[PF_LIST_RDR].n =
		    a->list[PF_LIST_BINAT].n = 0;
	if (what & FLUSH_TABLES)
		drop_tables(rs, anchor, n);
	if (what == FLUSH_ALL)
		strv_clear(&rs->options.skip);
}

static int
flush(struct pfctl *p, struct store *s, const struct world *w, struct err *err)
{
	_cleanup_(current_clear) struct current c = CURRENT_INIT;
	const char *anchor = p->anchor ? p->anchor : "";
	unsigned what = what_of(p);
	unsigned n_tables = 0;
	bool there = true;
	int r = 0;

	if (what & (FLUSH_RULES | FLUSH_NAT | FLUSH_TABLES)) {
		r = current_read(s, w->env, &c, err);
		if (r < 0)
			return r;
		there = anchor_is_there(c.rules, anchor);
		empty(c.rules, anchor, what, &n_tables);
		/* What is left is no longer what a file says. */
		if (!anchor[0])
			str_reset(&c.source);
		if (c.status.present)
			r = load_ruleset(s, w, &c, c.rules, false, err);
	}
	if (r < 0)
		return r;
	return flush_rest(p, s, w, what, there ? &n_tables : NULL, err);
}

int
do_flush(struct pfctl *p)
{
	return with_store(p, flush);
}

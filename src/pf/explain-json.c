/* SPDX-License-Identifier: BSD-2-Clause */
/* An answer for programs: schema "gaol.explain", docs/explain.md. */
#include <arpa/inet.h>

#include "base/json.h"
#include "pf/explain.h"

static const char *const kind_names[] = {
	[PF_EX_COMES] = "look",
	[PF_EX_SKIP] = "skip",
	[PF_EX_SCRUB] = "scrub",
	[PF_EX_STATE] = "state",
	[PF_EX_TRANSLATE] = "translate",
	[PF_EX_FILTER] = "filter",
	[PF_EX_MADE] = "state-made",
	[PF_EX_SENT] = "return",
	[PF_EX_REACHES] = "arrives",
	[PF_EX_ANSWER] = "answer",
	[PF_EX_HOST] = "host",
};

static const char *const how_names[] = {
	[PF_EX_BEFORE] = "before",
	[PF_EX_AT_END] = "at-end",
	[PF_EX_INSTEAD] = "instead",
	[PF_EX_DO] = "do",
};

static void
put_ip(struct json *j, const char *key, uint8_t af, const union pf_ip *ip)
{
	char buf[INET6_ADDRSTRLEN];

	json_kstr(j, key,
	    inet_ntop(
		af == AF_INET ? AF_INET : AF_INET6, ip->b, buf, sizeof(buf)));
}

static void
put_rule(struct json *j, const struct pf_ex_rule *r)
{
	json_open_object(j);
	json_kstr(j, "file", r->file);
	json_kint(j, "line", r->line);
	json_kstr(j, "text", r->text);
	json_kstr(j, "rule", r->rule);
	if (r->note != NULL)
		json_kstr(j, "note", r->note);
	json_end(j);
}

static void
put_rules(struct json *j, const char *key, const struct pf_ex_rules *rules)
{
	if (rules->n == 0)
		return;
	json_key(j, key);
	json_open_array(j);
	for (size_t i = 0; i < rules->n; i++)
		put_rule(j, &rules->v[i]);
	json_end(j);
}

static void
put_step(struct json *j, const struct pf_ex_step *s)
{
	json_open_object(j);
	json_kstr(j, "step", kind_names[s->kind]);
	if (s->dir != 0)
		json_kstr(j, "direction", s->dir == PF_IN ? "in" : "out");
	if (s->ifname != NULL)
		json_kstr(j, "interface", s->ifname);
	json_kstr(j, "text", s->text);
	json_kbool(j, "ends", s->bad);
	if (s->rule.line > 0) {
		json_key(j, "decides");
		put_rule(j, &s->rule);
	}
	put_rules(j, "overruled", &s->overruled);
	put_rules(j, "nearly", &s->near);
	json_end(j);
}

static void
put_change(struct json *j, const struct pf_ex_change *c)
{
	json_open_object(j);
	json_kstr(j, "why", c->why);
	json_kbool(j, "tried", c->tried);
	json_key(j, "edits");
	json_open_array(j);
	for (size_t i = 0; i < c->edits.n; i++) {
		const struct pf_ex_edit *e = &c->edits.v[i];

		json_open_object(j);
		json_kstr(j, "how", how_names[e->how]);
		if (e->how != PF_EX_DO)
			json_kstr(j, "file", e->file);
		if (e->line > 0)
			json_kint(j, "line", e->line);
		json_kstr(j, "text", e->text);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

/* Where the packet is at the end, as it is there. */
static void
put_arrival(struct json *j, const struct pf_explanation *ex)
{
	const struct pf_packet *p = &ex->arrives;

	json_key(j, "arrives");
	if (!ex->has_arrived) {
		json_add_null(j);
		return;
	}
	json_open_object(j);
	json_kstr(j, "at",
	    ex->leaves	      ? "outside"
		: ex->to_jail ? "jail"
			      : "host");
	json_kstr(j, "jail", ex->leaves ? NULL : ex->to_jail);
	if (ex->leaves)
		json_kstr(j, "interface", ex->out_if);
	put_ip(j, "source", p->af, &p->src);
	put_ip(j, "destination", p->af, &p->dst);
	if (p->proto == 6 || p->proto == 17)
		json_kint(j, "port", p->dport);
	json_end(j);
}

void
pf_explanation_json(const struct pf_explanation *ex, struct str *out)
{
	struct json j;

	json_init(&j, out);
	json_begin_doc(&j, "gaol.explain", 1);
	json_kstr(&j, "question", ex->question);
	json_kbool(&j, "passes", ex->end == PF_EX_PASSES);
	json_kstr(&j, "end", pf_ex_end_name(ex->end));
	json_kstr(&j, "summary", ex->summary);
	json_kstr(&j, "from_jail", ex->from_jail);
	put_arrival(&j, ex);
	json_key(&j, "steps");
	json_open_array(&j);
	for (size_t i = 0; i < ex->steps.n; i++)
		put_step(&j, &ex->steps.v[i]);
	json_end(&j);
	json_key(&j, "changes");
	json_open_array(&j);
	for (size_t i = 0; i < ex->changes.n; i++)
		put_change(&j, &ex->changes.v[i]);
	json_end(&j);
	json_key(&j, "notes");
	json_open_array(&j);
	for (size_t i = 0; i < ex->notes.n; i++)
		json_str(&j, ex->notes.v[i]);
	json_end(&j);
	json_end_doc(&j);
}

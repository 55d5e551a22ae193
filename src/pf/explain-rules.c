/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules as an answer shows them: the statement as written, and what keeps a
 * rule that nearly matches from matching.
 */
#include <arpa/inet.h>
#include <errno.h>

#include "pf/explain-internal.h"
#include "pf/names.h"

enum { NEAR_MAX = 3 };

/* ---- statements as written ---- */

static void
free_text(void *text)
{
	str_clear(text);
	free(text);
}

void
ex_files_init(struct ex_files *f, const struct pf_env *env)
{
	f->env = env;
	map_init(&f->texts, free_text);
}

void
ex_files_clear(struct ex_files *f)
{
	map_clear(&f->texts);
}

static const char *
text_of(struct ex_files *f, const char *file)
{
	struct str *text = map_get(&f->texts, file);

	if (text == NULL) {
		text = xcalloc(1, sizeof(*text));
		str_init(text);
		if (f->env->read == NULL ||
		    f->env->read(f->env->ctx, file, text) < 0)
			str_reset(text);
		map_set(&f->texts, file, text);
	}
	return text->buf;
}

static const char *
line_start(const char *text, uint32_t line)
{
	while (--line > 0 && text != NULL) {
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return text;
}

/* Add one line's words, one blank between them; comments are left out. True:
 * it ends in a backslash. `depth` counts braces that are open. */
static bool
add_line(struct str *s, const char *line, size_t len, int *depth)
{
	bool quoted = false, more = false;

	for (size_t i = 0; i < len; i++) {
		char c = line[i];

		more = false;
		if (c == '"')
			quoted = !quoted;
		if (c == '#' && !quoted)
			break;
		if (c == '\\' && i + 1 == len) {
			more = true;
			break;
		}
		if (!quoted)
			*depth += (c == '{') - (c == '}');
		if (c == ' ' || c == '\t' || c == '\r') {
			if (s->len > 0 && s->buf[s->len - 1] != ' ')
				str_addc(s, ' ');
			continue;
		}
		str_addc(s, c);
	}
	while (s->len > 0 && s->buf[s->len - 1] == ' ')
		str_cut(s, s->len - 1);
	return more;
}

/* An anchor's brace holds statements of their own. */
static bool
opens_anchor(const struct str *s)
{
	return str_starts(s->buf, "anchor") && s->len > 0 &&
	    s->buf[s->len - 1] == '{';
}

char *
ex_statement(struct ex_files *f, const char *file, uint32_t line)
{
	_cleanup_(str_clear) struct str s = STR_INIT;
	const char *at = NULL;
	int depth = 0;
	bool more = true;

	if (file != NULL && line > 0)
		at = line_start(text_of(f, file), line);
	while (at != NULL && *at != '\0' && (more || depth > 0)) {
		size_t len = strcspn(at, "\n");

		more = add_line(&s, at, len, &depth);
		if (opens_anchor(&s))
			break;
		if (more || depth > 0)
			str_addc(&s, ' ');
		at += len + (at[len] == '\n');
	}
	while (s.len > 0 && s.buf[s.len - 1] == ' ')
		str_cut(&s, s.len - 1);
	return s.len > 0 ? str_take(&s) : NULL;
}

/* Does a statement `set skip on ..` name it? */
static bool
skips(const char *statement, const struct pf_if *ifp)
{
	_cleanup_(strv_clear) struct strv words = { 0 };

	strv_split(&words, statement, " \t{},");
	if (words.n < 4 || !streq(words.v[0], "set") ||
	    !streq(words.v[1], "skip"))
		return false;
	for (size_t i = 3; i < words.n; i++)
		if (streq(words.v[i], ifp->name) ||
		    strv_has(&ifp->groups, words.v[i]))
			return true;
	return false;
}

uint32_t
ex_skip_line(struct ex_files *f, const char *file, const struct pf_if *ifp)
{
	const char *at = file ? text_of(f, file) : "";
	uint32_t found = 0;

	for (uint32_t line = 1; *at != '\0'; line++) {
		size_t len = strcspn(at, "\n");

		if (str_starts(at + strspn(at, " \t"), "set")) {
			_cleanup_free_ char *s = ex_statement(f, file, line);

			if (s != NULL && skips(s, ifp))
				found = line;
		}
		at += len + (at[len] == '\n');
	}
	return found;
}

struct pf_ex_rule
ex_rule(struct ex *ex, const struct pf_rule *r)
{
	_cleanup_free_ char *text = ex_statement(&ex->files, r->file, r->line);
	_cleanup_(str_clear) struct str s = STR_INIT;
	struct arena *mem = &ex->out->arena;
	struct pf_ex_rule ret = { .line = r->line };

	pf_print_rule(&s, r, 0);
	ret.rule = arena_strdup(mem, s.buf);
	ret.file = r->file ? arena_strdup(mem, r->file) : NULL;
	ret.text = text ? arena_strdup(mem, text) : ret.rule;
	return ret;
}

/* ---- what keeps a rule from matching ---- */

static bool
addr_differs(struct pf_sim *sim, const struct sim_anchor *anchor,
    const struct pf_addr *a, const union pf_ip *ip, uint8_t af,
    const char *ifname)
{
	if (a->kind == PF_ADDR_ANY && !a->neg)
		return false;
	return !sim_addr_match(sim, anchor, a, ip, af, ifname);
}

static bool
is_icmp(const struct pf_packet *p)
{
	return p->proto == (p->af == AF_INET ? 1 : 58);
}

static bool
rest_differs(const struct pf_rule *r, const struct pf_packet *p)
{
	if (is_icmp(p) &&
	    ((r->icmp_type >= 0 && r->icmp_type != p->icmp_type) ||
		(r->icmp_code >= 0 && r->icmp_code != p->icmp_code)))
		return true;
	return r->tos != 0 || r->fragment || r->user.op || r->group.op ||
	    r->prio > 0 || r->os != NULL || r->prob != 0 || r->tagged != NULL;
}

/* The family differs: its addresses can't match, and that is no news. */
static unsigned
peers_differ(struct pf_sim *sim, const struct sim_anchor *anchor,
    const struct pf_rule *r, const struct pf_packet *p, const char *ifname)
{
	unsigned d = 0;

	if (addr_differs(sim, anchor, &r->src.addr, &p->src, p->af, ifname))
		d |= EX_F_SRC;
	if (addr_differs(sim, anchor, &r->dst.addr, &p->dst, p->af, NULL))
		d |= EX_F_DST;
	return d;
}

unsigned
ex_differs(struct pf_sim *sim, const struct sim_anchor *anchor,
    const struct sim_rule *sr, const struct pf_sim_event *ev,
    const struct pf_packet *p)
{
	const struct pf_rule *r = sr->r;
	const struct pf_if *ifp = pf_env_if(sim->env, ev->ifname);
	bool ports = p->proto == 6 || p->proto == 17;
	unsigned d = 0;

	if (sr->if_id != 0 && ifp != NULL &&
	    (bool)sim->if_match[ifp - sim->env->ifs.v][sr->if_id] == r->if_not)
		d |= EX_F_IF;
	if (r->dir != PF_INOUT && r->dir != ev->dir)
		d |= EX_F_DIR;
	if (r->proto != 0 && r->proto != p->proto)
		d |= EX_F_PROTO;
	if (r->af != 0 && r->af != p->af)
		d |= EX_F_AF;
	else
		d |= peers_differ(sim, anchor, r, p, ev->ifname);
	if (ports && !sim_ports_match(&r->src.port, p->sport))
		d |= EX_F_SPORT;
	if (ports && !sim_ports_match(&r->dst.port, p->dport))
		d |= EX_F_DPORT;
	if (p->proto == 6 && (p->flags & r->flagset) != r->flags)
		d |= EX_F_FLAGS;
	if (rest_differs(r, p))
		d |= EX_F_REST;
	return d;
}

static char *
addr_text(const struct pf_addr *a, uint8_t af)
{
	struct str s = STR_INIT;

	pf_print_addr(&s, a, af, 0);
	return str_take(&s);
}

/* Half a sentence on the one thing that differs. */
static const char *
near_note(struct ex *ex, const struct pf_rule *r, unsigned d,
    const struct pf_sim_event *ev, const struct pf_packet *p)
{
	struct arena *mem = &ex->out->arena;
	_cleanup_free_ char *src = addr_text(&r->src.addr, r->af);
	_cleanup_free_ char *dst = addr_text(&r->dst.addr, r->af);
	_cleanup_(str_clear) struct str now = STR_INIT;

	switch (d) {
	case EX_F_IF:
		return arena_printf(mem, "but it is for %s%s, and this is %s",
		    r->if_not ? "all but " : "", r->ifname, ev->ifname);
	case EX_F_DIR:
		return arena_printf(mem, "but it is for %s, and this goes %s",
		    r->dir == PF_IN ? "in" : "out",
		    ev->dir == PF_IN ? "in" : "out");
	case EX_F_AF:
		return r->af == AF_INET ? "but it is for IPv4, and this is IPv6"
					: "but it is for IPv6, and this is "
					  "IPv4";
	case EX_F_PROTO:
		return arena_printf(
		    mem, "but it is for %s", pf_proto_name(r->proto));
	case EX_F_SRC:
		ex_add_ip(&now, p->af, &p->src);
		return arena_printf(
		    mem, "but it is from %s, and this is %s", src, now.buf);
	case EX_F_DST:
		ex_add_ip(&now, p->af, &p->dst);
		if (!sim_ip_eq(&ev->before.dst, &p->dst))
			return arena_printf(mem,
			    "but it is to %s, and behind rdr this is to %s",
			    dst, now.buf);
		return arena_printf(
		    mem, "but it is to %s, and this is to %s", dst, now.buf);
	case EX_F_SPORT:
		return "but it is for another source port";
	case EX_F_FLAGS:
		return "but it is for other TCP flags (without \"flags\" only "
		       "S/SA: what begins a connection)";
	default:
		return NULL;
	}
}

/* A rule that is about this port, or about ping, and not about everything. */
static bool
is_specific(const struct pf_rule *r, const struct pf_packet *p)
{
	if (p->proto == 6 || p->proto == 17)
		return r->dst.port.op != PF_OP_NONE;
	return r->proto == p->proto;
}

static bool
has_rule(const struct pf_ex_rules *list, const struct pf_rule *r)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].line == r->line && r->file != NULL &&
		    list->v[i].file != NULL && streq(list->v[i].file, r->file))
			return true;
	return false;
}

static bool
is_one_bit(unsigned d)
{
	return d != 0 && (d & (d - 1)) == 0;
}

struct looking {
	struct ex *ex;
	struct pf_sim *sim;
	const struct pf_sim_event *ev;
	const struct pf_packet *p;
	struct pf_ex_rules *ret;
};

static void
look_at(struct looking *l, const struct sim_anchor *a,
    const struct sim_rule *sr, enum pf_action wanted)
{
	const struct pf_rule *r = sr->r;
	const char *note;
	unsigned d;

	if (r->action != wanted || r->anchor_call || l->ret->n >= NEAR_MAX ||
	    !is_specific(r, l->p))
		return;
	d = ex_differs(l->sim, a, sr, l->ev, l->p);
	/* A rule for one interface is often for one direction as well. */
	if (d == (EX_F_IF | EX_F_DIR))
		d = EX_F_IF;
	if (!is_one_bit(d) || has_rule(l->ret, r))
		return;
	note = near_note(l->ex, r, d, l->ev, l->p);
	if (note == NULL)
		return;
	*array_add(l->ret) = ex_rule(l->ex, r);
	l->ret->v[l->ret->n - 1].note = note;
}

static void
look_through(struct looking *l, enum pf_list list, enum pf_action wanted)
{
	for (size_t i = 0; i < l->sim->anchors.n; i++) {
		const struct sim_anchor *a = l->sim->anchors.v[i].value;

		for (size_t k = 0; k < a->list[list].n; k++)
			look_at(l, a, a->list[list].v[k], wanted);
	}
}

void
ex_near_filter(struct ex *ex, struct pf_sim *sim, const struct pf_sim_event *ev,
    struct pf_ex_rules *ret)
{
	struct looking l = { ex, sim, ev, &ev->judged, ret };

	look_through(&l, PF_LIST_FILTER, PF_PASS);
}

void
ex_near_rdr(struct ex *ex, struct pf_sim *sim, const struct pf_sim_event *ev,
    struct pf_ex_rules *ret)
{
	struct looking l = { ex, sim, ev, &ev->before, ret };

	look_through(&l, PF_LIST_RDR, PF_RDR);
}

void
ex_unasked(struct ex *ex, struct pf_sim *sim, const struct pf_sim_event *ev,
    struct pf_ex_rules *ret)
{
	const struct sim_anchor *a = map_get(&sim->anchors, "");
	const struct sim_list *l = &a->list[PF_LIST_FILTER];
	const struct pf_rule *last = NULL;

	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i]->r->anchor_call ||
		    ex_differs(sim, a, l->v[i], ev, &ev->judged) != 0)
			continue;
		last = l->v[i]->r;
		if (last->quick)
			break;
	}
	if (last == NULL || last->action != PF_BLOCK)
		return;
	*array_add(ret) = ex_rule(ex, last);
	ret->v[ret->n - 1].note = "is not asked";
}

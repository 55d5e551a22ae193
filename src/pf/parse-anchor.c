/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Anchors: calls by name, rules between braces, those of translation, and
 * files to load.
 *
 * The rules between braces are read before the anchor's name is settled (its
 * line ends after them): they gather in an anchor called "_N" and move into
 * the named one when its statement is complete.
 */
#include "pf/parse.h"

/* Path of an anchor below `base`; a leading "/" starts at the top, ".." goes
 * up. */
static const char *
anchor_path(struct parser *p, const struct pf_anchor *base, const char *name)
{
	if (*name == '/')
		return name + 1;
	while (str_starts(name, "../") && base->parent != NULL) {
		base = base->parent;
		name += 3;
	}
	if (*base->path == '\0')
		return name;
	return arena_printf(&p->tmp, "%s/%s", base->path, name);
}

/* Put everything of `from` behind what `to` has. */
static void
move_rules(struct pf_anchor *from, struct pf_anchor *to)
{
	for (int i = 0; i < PF_LIST_COUNT; i++) {
		for (size_t j = 0; j < from->list[i].n; j++) {
			*array_add(&to->list[i]) = from->list[i].v[j];
			to->count++;
		}
		array_clear(&from->list[i]);
	}
	from->count = 0;
}

static void
set_path(struct parser *p, struct pf_anchor *a, const char *path)
{
	a->path = arena_strdup(&p->rs->arena, path);
	map_set(&p->anchors, path, a);
}

/* Give an anchor and those below it, which are all younger, a new path. */
static void
rename_anchor(struct parser *p, struct pf_anchor *a, const char *path)
{
	const char *old = a->path;
	size_t n = strlen(old);

	for (struct pf_anchor *c = a->next; c != NULL; c = c->next) {
		if (strncmp(c->path, old, n) == 0 && c->path[n] == '/')
			set_path(p, c,
			    arena_printf(&p->tmp, "%s%s", path, c->path + n));
	}
	set_path(p, a, path);
}

/* Two braces of one name, the first ones empty: they become one anchor. */
static void
merge_anchor(struct parser *p, struct pf_anchor *from, struct pf_anchor *to)
{
	struct pf_anchor *before = p->rs->main;

	move_rules(from, to);
	rename_anchor(p, from, to->path);
	map_set(&p->anchors, to->path, to);
	for (struct pf_anchor *c = from->next; c != NULL; c = c->next) {
		if (c->parent == from)
			c->parent = to;
	}
	while (before->next != from)
		before = before->next;
	before->next = from->next;
	if (p->rs->last == from)
		p->rs->last = before;
	to->braces = to->loaded = true;
}

/* "{" "\n" { filter "\n" | anchor "\n" | "\n" } "}" */
static int
parse_braces(struct parser *p)
{
	struct pf_anchor *a;
	const char *name;
	int r;

	take(p);
	if (p->depth + 1 >= ANCHOR_DEPTH)
		return pf_error(p, "anchors are nested too deeply (max %d)",
		    ANCHOR_DEPTH - 1);
	name = arena_printf(&p->rs->arena, "_%u", ++p->n_braces);
	a = pf_anchor_new(p->rs, name, name);
	a->parent = p->anchor;
	a->braces = a->loaded = true;
	p->stack[++p->depth] = a;
	p->stack[p->depth + 1] = NULL;
	p->anchor = a;
	if (expect(p, '\n') < 0)
		return -1;
	while (!take_if(p, '}')) {
		r = 0;
		p->line_begin = p->tok.line;
		if (peek(p) == K_ANCHOR)
			r = pf_parse_anchor(p);
		else if (peek(p) == K_PASS || peek(p) == K_BLOCK)
			r = pf_parse_filter(p);
		if (r < 0 || expect(p, '\n') < 0)
			return -1;
	}
	p->closed = p->anchor;
	p->depth--;
	p->anchor = p->stack[p->depth];
	return 0;
}

/* Give the closed braces their place: below the current anchor. */
static int
settle_braces(struct parser *p, struct pf_rule *r, const char *name)
{
	struct pf_anchor *a = p->closed, *there;
	const char *path, *slash;

	path = anchor_path(p, p->anchor, name ? name : a->name);
	there = map_get(&p->anchors, path);
	if (there != NULL && there != a) {
		if (there->count > 0)
			return pf_error(p, "inline anchor '%s' already exists",
			    there->name);
		merge_anchor(p, a, there);
		p->closed = there;
	} else {
		rename_anchor(p, a, path);
		slash = strrchr(path, '/');
		if (name != NULL)
			a->name = arena_strdup(
			    &p->rs->arena, slash ? slash + 1 : path);
	}
	r->anchor = p->closed;
	r->anchor_name = p->closed->name;
	r->anchor_call = true;
	return 0;
}

static int
call_by_name(struct parser *p, struct pf_rule *r, const char *name)
{
	const char *slash = strrchr(name, '/');

	if (strlen(name) > PF_PATH_MAX ||
	    strlen(slash ? slash : name) > PF_NAME_MAX)
		return pf_error(p, "anchor name '%s' is too long", name);
	r->anchor_name = pf_keep(p, name);
	r->anchor_call = true;
	return 0;
}

static int
add_anchor(struct parser *p, const char *name, struct pf_rule *r,
    struct expand *x, const struct filter_opts *o)
{
	bool braces = p->stack[p->depth + 1] != NULL;

	if (pf_section(p, SECTION_FILTER) < 0)
		return -1;
	if (name != NULL && (name[0] == '_' || strstr(name, "/_") != NULL))
		return pf_error(p,
		    "anchor names beginning with '_' are reserved for "
		    "internal use");
	if (braces) {
		if (settle_braces(p, r, name) < 0)
			return -1;
	} else if (name == NULL) {
		return pf_error(
		    p, "anchors without explicit rules must specify a name");
	} else if (call_by_name(p, r, name) < 0) {
		return -1;
	}
	pf_set_plain_opts(r, o);
	if (pf_set_tags(p, r, o->tag, o->tagged, o->tagged_not) < 0 ||
	    pf_set_label(p, r, o->label) < 0 ||
	    pf_check_tcp(p, o, x->protos, x->ft.os, true) < 0)
		return -1;
	if (o->keep != PF_NO_STATE)
		return pf_error(p, "cannot specify state handling on anchors");
	pf_decide_af(x->ft.src, &r->af);
	pf_decide_af(x->ft.dst, &r->af);
	x->icmps = o->icmps;
	x->users = o->users;
	x->groups = o->groups;
	if (pf_expand(p, r, x) < 0)
		return -1;
	p->stack[p->depth + 1] = NULL;
	return 0;
}

/* anchor = "anchor" [ WORD ] dir [ "quick" ] on af proto from-to
 *          { filter-opt } [ braces ] */
int
pf_parse_anchor(struct parser *p)
{
	const char *name = NULL;
	struct expand x = { 0 };
	struct filter_opts o;
	struct pf_rule r;

	take(p);
	pf_rule_init(p, &r, PF_PASS);
	if (peek(p) == T_STRING && expect_string(p, &name) < 0)
		return -1;
	r.dir = pf_parse_dir(p);
	r.quick = take_if(p, K_QUICK);
	if (pf_parse_on(p, &x.ifs) < 0)
		return -1;
	r.af = pf_parse_af(p);
	if (pf_parse_proto(p, &x.protos) < 0 ||
	    pf_parse_from_to(p, &x.ft) < 0 || pf_parse_filter_opts(p, &o) < 0)
		return -1;
	if (peek(p) == '{' ? parse_braces(p) < 0 : pf_end(p) < 0)
		return -1;
	return add_anchor(p, name, &r, &x, &o);
}

/* ---- nat-anchor, rdr-anchor, binat-anchor ---- */

static int
check_rdr_ports(struct parser *p, struct pf_rule *r, const struct from_to *ft)
{
	if (ft->src_port != NULL)
		return pf_error(
		    p, "source port parameter not supported in rdr-anchor");
	if (ft->dst_port == NULL)
		return 0;
	if (ft->dst_port->next != NULL)
		return pf_error(p,
		    "destination port list expansion not supported in "
		    "rdr-anchor");
	if (ft->dst_port->port.op != PF_OP_EQ)
		return pf_error(p,
		    "destination port operators not supported in "
		    "rdr-anchor");
	r->dst.port = ft->dst_port->port;
	return 0;
}

static int
add_binat_anchor(struct parser *p, struct pf_rule *r, const struct expand *x)
{
	if (x->protos != NULL) {
		if (x->protos->next != NULL)
			return pf_error(p,
			    "proto list expansion not supported in "
			    "binat-anchor");
		r->proto = x->protos->proto;
	}
	if (x->ft.src != NULL || x->ft.src_port != NULL || x->ft.dst != NULL ||
	    x->ft.dst_port != NULL)
		return pf_error(
		    p, "fromto parameter not supported in binat-anchor");
	(void)pf_rule_add(p, r); /* neither an interface nor a number */
	return 0;
}

static int
add_xlate_anchor(
    struct parser *p, const char *name, struct pf_rule *r, struct expand *x)
{
	if (pf_section(p, SECTION_NAT) < 0)
		return -1;
	if (r->action == PF_RDR && check_rdr_ports(p, r, &x->ft) < 0)
		return -1;
	if (call_by_name(p, r, name) < 0)
		return -1;
	if (r->action == PF_BINAT)
		return add_binat_anchor(p, r, x);
	pf_decide_af(x->ft.src, &r->af);
	pf_decide_af(x->ft.dst, &r->af);
	return pf_expand(p, r, x);
}

/* ( "nat-anchor" | "rdr-anchor" | "binat-anchor" ) WORDS on af proto from-to
 * rtable */
int
pf_parse_xlate_anchor(struct parser *p, int kind)
{
	struct expand x = { 0 };
	struct pf_rule r;
	const char *name;

	take(p);
	pf_rule_init(p, &r,
	    kind == K_NAT_ANCHOR       ? PF_NAT
		: kind == K_RDR_ANCHOR ? PF_RDR
				       : PF_BINAT);
	if (pf_strings(p, &name) < 0 || pf_parse_on(p, &x.ifs) < 0)
		return -1;
	r.af = pf_parse_af(p);
	if (pf_parse_proto(p, &x.protos) < 0 ||
	    pf_parse_from_to(p, &x.ft) < 0 || pf_parse_rtable(p, &r.rtable) < 0)
		return -1;
	if (r.rtable < 0 && pf_end(p) < 0)
		return -1;
	return add_xlate_anchor(p, name, &r, &x);
}

/* load = "load" "anchor" WORDS "from" WORDS */
int
pf_parse_load(struct parser *p)
{
	const char *name, *file;
	struct load_anchor *l;

	take(p);
	if (expect(p, K_ANCHOR) < 0 || pf_strings(p, &name) < 0 ||
	    expect(p, K_FROM) < 0 || pf_strings(p, &file) < 0 || pf_end(p) < 0)
		return -1;
	if (strlen(p->anchor->path) + 1 + strlen(name) > PF_PATH_MAX)
		return pf_error(
		    p, "anchorname %s too long, max %u\n", name, PF_PATH_MAX);
	l = arena_new(&p->rs->arena, struct load_anchor);
	l->file = pf_keep(p, file);
	l->name = *p->anchor->path == '\0'
	    ? pf_keep(p, name)
	    : arena_printf(&p->rs->arena, "%s/%s", p->anchor->path, name);
	*p->loads_end = l;
	p->loads_end = &l->next;
	return 0;
}

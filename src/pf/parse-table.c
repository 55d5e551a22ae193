/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table = "table" "<" WORD ">" { "const" | "persist" | "counters"
 *         | "{" [ hosts { [","] hosts } ] "}" | "file" WORD }
 */
#include <errno.h>

#include "pf/parse.h"

enum { FILE_WORD_MAX = 255 };

struct table_def {
	struct pf_table t; /* name and flags */
	struct table_part *parts, **end;
};

static struct table_part *
add_part(struct parser *p, struct table_def *d)
{
	struct table_part *part = arena_new(&p->tmp, struct table_part);

	*d->end = part;
	d->end = &part->next;
	d->t.init = true;
	return part;
}

static int
check_hosts(struct parser *p, const struct host *h)
{
	for (; h != NULL; h = h->next) {
		switch (h->kind) {
		case PF_ADDR_RANGE:
			return pf_error(p,
			    "address ranges are not permitted inside tables");
		case PF_ADDR_DYN:
			return pf_error(p,
			    "dynamic addresses are not permitted inside "
			    "tables");
		case PF_ADDR_TABLE:
			return pf_error(p, "tables cannot contain tables");
		case PF_ADDR_NOROUTE:
			return pf_error(
			    p, "\"no-route\" is not permitted inside tables");
		case PF_ADDR_URPF:
			return pf_error(p,
			    "\"urpf-failed\" is not permitted inside tables");
		default:
			break;
		}
	}
	return 0;
}

/* "{" [ hosts { [","] hosts } ] "}" */
static int
parse_addrs(struct parser *p, struct table_def *d)
{
	struct host *hosts = NULL;

	take(p);
	pf_newlines(p);
	if (take_if(p, '}')) {
		d->t.init = true;
		return 0;
	}
	for (;;) {
		struct host *more;

		if (pf_parse_hosts(p, &more) < 0)
			return -1;
		pf_host_append(&hosts, more);
		pf_newlines(p);
		if (take_if(p, '}'))
			break;
		(void)take_if(p, ',');
	}
	if (check_hosts(p, hosts) < 0)
		return -1;
	add_part(p, d)->hosts = hosts;
	return 0;
}

static int
parse_flag(struct parser *p, struct table_def *d)
{
	const char *word;

	if (expect_string(p, &word) < 0)
		return -1;
	if (streq(word, "const"))
		d->t.is_const = true;
	else if (streq(word, "persist"))
		d->t.persist = true;
	else if (streq(word, "counters"))
		d->t.counters = true;
	else
		return pf_error(p, "invalid table option '%s'", word);
	return 0;
}

static int
parse_table_opts(struct parser *p, struct table_def *d)
{
	for (;;) {
		switch (peek(p)) {
		case '{':
			if (parse_addrs(p, d) < 0)
				return -1;
			break;
		case K_FILE: {
			const char *name;

			take(p);
			if (expect_string(p, &name) < 0)
				return -1;
			add_part(p, d)->file = name;
			break;
		}
		case T_STRING:
			if (parse_flag(p, d) < 0)
				return -1;
			break;
		default:
			return 0;
		}
	}
}

/* ---- content ---- */

static void
table_add(struct pf_table *t, const struct host *h, bool neg)
{
	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 4;
		t->addr = xreallocarray(t->addr, t->cap, sizeof(*t->addr));
		t->af = xreallocarray(t->af, t->cap, sizeof(*t->af));
	}
	pf_addr_from_host(&t->addr[t->n], h);
	t->addr[t->n].neg = h->neg ^ neg;
	t->af[t->n++] = h->af;
}

/* 0 or -EINVAL: a mask that does not fit, a host without a family. */
static int
add_hosts(struct pf_table *t, const struct host *h, bool neg)
{
	for (; h != NULL; h = h->next) {
		if (h->af == 0 || (h->af == AF_INET && h->bits > 32))
			return -EINVAL;
		table_add(t, h, neg);
	}
	return 0;
}

/* The next word of a file, NULL at its end; "#" starts a comment. */
static const char *
next_word(struct parser *p, const struct str *text, size_t *pos)
{
	const char *s = text->buf;
	size_t i = *pos, start;

	for (;;) {
		while (i < text->len && strchr(" \t\n\v\f\r", s[i]) != NULL &&
		    s[i] != '\0')
			i++;
		if (i >= text->len || s[i] != '#')
			break;
		while (i < text->len && s[i] != '\n')
			i++;
	}
	start = i;
	while (i < text->len &&
	    (s[i] == '\0' || strchr(" \t\n\v\f\r", s[i]) == NULL))
		i++;
	*pos = i;
	if (start == i)
		return NULL;
	return arena_strndup(&p->tmp, s + start, i - start);
}

/* 0, 1 for bad content (told), or a negative errno. */
static int
add_words(struct parser *p, struct pf_table *t, const struct str *text)
{
	const char *word;
	size_t pos = 0;

	while ((word = next_word(p, text, &pos)) != NULL) {
		struct arena mine = { 0 };
		struct arena outer = p->tmp;
		struct host *h;
		bool neg = false;
		int r = 0;

		if (strlen(word) > FILE_WORD_MAX)
			return -EINVAL;
		for (; *word == '!'; word++)
			neg = !neg;
		/* A word's hosts die with it: files can be long. */
		p->tmp = mine;
		h = pf_host(p, word);
		if (h != NULL)
			r = add_hosts(t, h, neg);
		arena_clear(&p->tmp);
		p->tmp = outer;
		if (h == NULL)
			return 1;
		if (r < 0)
			return r;
	}
	return 0;
}

static int
add_file(struct parser *p, struct pf_table *t, const char *name)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	int r = -ENOENT;

	if (p->env->read != NULL)
		r = p->env->read(p->env->ctx, name, &text);
	if (r >= 0)
		r = add_words(p, t, &text);
	if (r < 0)
		return pf_error(
		    p, "cannot load \"%s\": %s", name, strerror(-r));
	if (r > 0)
		return pf_error(p, "file \"%s\" contains bad data", name);
	return 0;
}

static int
fill_table(struct parser *p, struct pf_table *t, const struct table_part *part)
{
	for (; part != NULL; part = part->next) {
		if (part->file != NULL && add_file(p, t, part->file) < 0)
			return -1;
		if (add_hosts(t, part->hosts, false) < 0)
			return pf_error(p,
			    "cannot create address buffer: Invalid argument");
	}
	return 0;
}

/* The definition as it was read, hosts resolved, braces side by side merged. */
static void
say_table(struct parser *p, const struct table_def *d)
{
	_cleanup_(str_clear) struct str s = STR_INIT;
	const struct table_part *part = d->parts;

	if (p->opts->verbose == 0)
		return;
	pf_print_table_head(&s, &d->t);
	for (; part != NULL; part = part->next) {
		if (part->file != NULL) {
			str_printf(&s, " file \"%s\"", part->file);
			continue;
		}
		str_add(&s, " {");
		for (;;) {
			for (struct host *h = part->hosts; h; h = h->next) {
				struct pf_addr a;

				pf_addr_from_host(&a, h);
				str_add(&s, h->neg ? " !" : " ");
				pf_print_addr(&s, &a, h->af, 0);
			}
			if (part->next == NULL || part->next->file != NULL)
				break;
			part = part->next;
		}
		str_add(&s, " }");
	}
	if (d->t.init && d->parts == NULL)
		str_add(&s, " { }");
	pf_say(p, "%s\n", s.buf);
}

static int
define_table(struct parser *p, struct table_def *d)
{
	struct pf_table *t = arena_new(&p->rs->arena, struct pf_table);

	*t = d->t;
	t->name = pf_keep(p, d->t.name);
	t->anchor = p->anchor->path;
	t->file = p->file->name;
	t->line = p->line_begin;
	*p->rs->tables_end = t; /* also a half-filled one: it owns memory */
	p->rs->tables_end = &t->next;
	if (fill_table(p, t, d->parts) < 0)
		return -1;
	say_table(p, d);
	return 0;
}

int
pf_parse_table(struct parser *p)
{
	struct table_def d = { .end = &d.parts };

	take(p);
	if (expect(p, '<') < 0 || expect_string(p, &d.t.name) < 0 ||
	    expect(p, '>') < 0 || parse_table_opts(p, &d) < 0 || pf_end(p) < 0)
		return -1;
	if (strlen(d.t.name) > PF_TABLE_MAX)
		return pf_error(
		    p, "table name too long, max %d chars", PF_TABLE_MAX);
	if (!(p->opts->load & PF_LOAD_TABLE))
		return 0;
	return define_table(p, &d);
}

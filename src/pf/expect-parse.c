/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading expectations: see expect.h for the form. */
#include <arpa/inet.h>
#include <errno.h>

#include "pf/expect.h"

/* A word of a line, and where it begins. */
struct word {
	const char *text;
	size_t at, end; /* bytes of the line */
	bool quoted;
};

struct reading {
	const char *name;
	const struct pf_machine *m;
	struct pf_expects *all;
	struct str *msgs;
	/* The line that is read. */
	uint32_t line;
	const char *text;
	struct {
		struct word *v;
		size_t n, cap;
	} words;
	size_t i;
};

/* ---- messages ---- */

/* "FILE:LINE:COLUMN: TEXT", the line, and a caret under the column. */
static int
bad_at(struct reading *r, size_t at, const char *fmt, ...)
{
	va_list ap;

	str_printf(r->msgs, "%s:%u:%zu: ", r->name, r->line, at + 1);
	va_start(ap, fmt);
	str_vprintf(r->msgs, fmt, ap);
	va_end(ap);
	str_add(r->msgs, "\n\t");
	str_add_visible(r->msgs, r->text);
	str_add(r->msgs, "\n\t");
	for (size_t i = 0; i < at && r->text[i]; i++)
		if ((r->text[i] & 0xc0) != 0x80) /* one column a character */
			str_addc(r->msgs, ' ');
	str_add(r->msgs, "^\n");
	return -EINVAL;
}

static size_t
here(const struct reading *r)
{
	return r->i < r->words.n ? r->words.v[r->i].at : strlen(r->text);
}

/* ---- words ---- */

static int
split(struct reading *r)
{
	const char *s = r->text;
	size_t i = 0;

	r->words.n = r->i = 0;
	for (;;) {
		struct word *w;

		i += strspn(s + i, " \t");
		if (s[i] == '\0')
			return 0;
		w = array_add(&r->words);
		w->quoted = s[i] == '"';
		w->at = i;
		i += w->quoted;
		w->end = i + strcspn(s + i, w->quoted ? "\"" : " \t");
		if (w->quoted && s[w->end] == '\0')
			return bad_at(r, w->at, "the quote does not end");
		w->text = arena_strndup(&r->all->arena, s + i, w->end - i);
		i = w->end += w->quoted;
	}
}

static const char *
peek(const struct reading *r)
{
	return r->i < r->words.n && !r->words.v[r->i].quoted
	    ? r->words.v[r->i].text
	    : NULL;
}

static bool
take(struct reading *r, const char *word)
{
	const char *next = peek(r);

	if (next == NULL || !streq(next, word))
		return false;
	r->i++;
	return true;
}

/* ---- the question ---- */

static bool
is_verb(const char *word)
{
	static const char *const verbs[] = { "passes", "is", "arrives",
		"leaves", NULL };

	for (size_t i = 0; verbs[i]; i++)
		if (streq(word, verbs[i]))
			return true;
	return false;
}

/* Where the verb should be: behind the destination and what may follow it. */
static size_t
verb_place(const struct reading *r, size_t i)
{
	while (i + 1 < r->words.n &&
	    (streq(r->words.v[i].text, "on") ||
		streq(r->words.v[i].text, "port") ||
		streq(r->words.v[i].text, "flags")))
		i += 2;
	return i < r->words.n ? i : r->words.n;
}

/* Names of jails may be verbs: the verb stands behind the destination. If it
 * is not there, r->i is where it should be. */
static bool
find_verb(struct reading *r)
{
	bool arrow = false;
	size_t place = r->words.n;

	for (r->i = 0; r->i < r->words.n; r->i++) {
		const struct word *w = &r->words.v[r->i];

		if (arrow && !w->quoted && is_verb(w->text))
			return true;
		if (r->i > 0 &&
		    (streq(r->words.v[r->i - 1].text, "to") ||
			streq(r->words.v[r->i - 1].text, "->")))
			arrow = true;
		if (strstr(w->text, "->") && !streq(w->text, "->"))
			arrow = true; /* glued to its neighbours */
		if (arrow && place == r->words.n)
			place = r->i + 1;
	}
	r->i = verb_place(r, place);
	return false;
}

/* A message names the word that is wrong in quotes; it stands where? */
static size_t
place_of(const struct reading *r, const char *msg, size_t end)
{
	const char *from = strchr(msg, '\''), *to, *found;
	_cleanup_free_ char *word = NULL;

	to = from ? strchr(from + 1, '\'') : NULL;
	if (to == NULL || to == from + 1)
		return 0;
	word = xstrndup(from + 1, (size_t)(to - from - 1));
	found = strstr(r->text, word);
	return found && (size_t)(found - r->text) < end
	    ? (size_t)(found - r->text)
	    : 0;
}

static int
read_question(struct reading *r, struct pf_expect *e)
{
	size_t end = r->words.v[r->i].at;
	_cleanup_free_ char *text = xstrndup(r->text, end);
	struct err err = { 0 };

	if (pf_question_parse(text, NULL, r->m, &e->question, &err) == 0)
		return 0;
	return bad_at(r, place_of(r, err.msg, end), "%s", err.msg);
}

/* ---- what is expected ---- */

/* ADDR, ADDR:PORT, [ADDR]:PORT, or the name of a jail for ADDR. */
static int
read_end(struct reading *r, struct pf_expect *e)
{
	const char *word = peek(r), *colon;
	_cleanup_free_ char *host = NULL;
	const struct pf_jail *j;
	int64_t port = 0;

	if (word == NULL)
		return bad_at(r, here(r), "an address is missing");
	colon = strrchr(word, ':');
	if (word[0] == '[' && strchr(word, ']')) {
		const char *close = strchr(word, ']');

		host = xstrndup(word + 1, (size_t)(close - word - 1));
		colon = close[1] == ':' ? close + 1 : NULL;
	} else if (colon != NULL && strchr(word, ':') == colon) {
		host = xstrndup(word, (size_t)(colon - word));
	} else {
		host = xstrdup(word);
		colon = NULL;
	}
	if (colon && str_to_i64(colon + 1, 1, 65535, &port) < 0)
		return bad_at(r, here(r), "'%s' is no port", colon + 1);
	e->port = (uint16_t)port;
	j = pf_machine_jail(r->m, host);
	e->af = strchr(host, ':') ? AF_INET6 : AF_INET;
	if (j == NULL && inet_pton(e->af, host, e->ip.b) != 1)
		return bad_at(
		    r, here(r), "'%s' is neither an address nor a jail", host);
	for (size_t i = 0; j != NULL && i < j->addrs.n; i++)
		if (j->addrs.v[i].af == e->question.packet.af) {
			e->af = j->addrs.v[i].af;
			e->ip = j->addrs.v[i].ip;
			j = NULL;
			break;
		}
	if (j != NULL)
		return bad_at(r, here(r),
		    "jail '%s' has no address of the packet's family", host);
	r->i++;
	return 0;
}

static int
read_leaves(struct reading *r, struct pf_expect *e)
{
	e->want = PF_WANT_LEAVES;
	if (take(r, "on")) {
		const char *word = peek(r);

		if (word == NULL || pf_env_if(r->m->env, word) == NULL)
			return bad_at(r, here(r),
			    "an interface is missing behind 'leaves on'");
		e->out_if = word;
		r->i++;
	}
	return take(r, "as") ? read_end(r, e) : 0;
}

static int
read_is(struct reading *r, struct pf_expect *e)
{
	if (take(r, "blocked"))
		e->want = PF_WANT_BLOCKED;
	else if (take(r, "lost"))
		e->want = PF_WANT_LOST;
	else
		return bad_at(r, here(r), "is what? blocked, or lost");
	return 0;
}

static int
read_verb(struct reading *r, struct pf_expect *e)
{
	if (take(r, "passes")) {
		e->want = PF_WANT_PASSES;
		return 0;
	}
	if (take(r, "is"))
		return read_is(r, e);
	if (take(r, "leaves"))
		return read_leaves(r, e);
	r->i++; /* arrives */
	e->want = PF_WANT_ARRIVES;
	if (!take(r, "at"))
		return bad_at(r, here(r), "arrives where? at ADDR[:PORT]");
	return read_end(r, e);
}

static int
read_by(struct reading *r, struct pf_expect *e)
{
	if (take(r, "by")) {
		if (r->i == r->words.n || !r->words.v[r->i].quoted)
			return bad_at(r, here(r),
			    "by which rule? write it in quotes; ... in it "
			    "stands for any text");
		e->by = r->words.v[r->i++].text;
	}
	if (r->i < r->words.n)
		return bad_at(
		    r, here(r), "'%s' is too much here", r->words.v[r->i].text);
	if (e->by != NULL && e->want == PF_WANT_LOST)
		return bad_at(r, 0, "no rule decides that a packet is lost");
	return 0;
}

static int
read_line(struct reading *r)
{
	struct pf_expect e = { .line = r->line, .text = r->text };
	int ret = split(r);

	if (ret < 0 || r->words.n == 0)
		return ret;
	if (!find_verb(r))
		return bad_at(r, here(r),
		    "what is expected? a packet, and behind it: passes, is "
		    "blocked, arrives at ADDR, leaves, is lost");
	ret = read_question(r, &e);
	if (ret == 0)
		ret = read_verb(r, &e);
	if (ret == 0)
		ret = read_by(r, &e);
	if (ret < 0)
		pf_question_clear(&e.question);
	else
		*array_add(r->all) = e;
	return ret;
}

/* Without the comment and blanks at the end. */
static size_t
length_of(const char *line, size_t len)
{
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		if (line[i] == '"')
			quoted = !quoted;
		if (line[i] == '#' && !quoted)
			len = i;
	}
	while (len > 0 && strchr(" \t\r", line[len - 1]))
		len--;
	return len;
}

int
pf_expects_parse(const char *text, const char *name, const struct pf_machine *m,
    struct pf_expects *ret, struct str *msgs, struct err *err)
{
	struct reading r = { .name = name, .m = m, .all = ret, .msgs = msgs };
	unsigned bad = 0;

	*ret = (struct pf_expects){ 0 };
	while (*text) {
		size_t len = strcspn(text, "\n"), skip = strspn(text, " \t");

		r.line++;
		skip = MIN(skip, len);
		r.text = arena_strndup(&ret->arena, text + skip,
		    length_of(text + skip, len - skip));
		bad += read_line(&r) < 0;
		text += len + (text[len] == '\n');
	}
	array_clear(&r.words);
	if (bad == 0)
		return 0;
	pf_expects_clear(ret);
	return err_set(err, EINVAL, "%s: %u line%s not understood", name, bad,
	    bad == 1 ? " is" : "s are");
}

void
pf_expects_clear(struct pf_expects *all)
{
	for (size_t i = 0; i < all->n; i++)
		pf_question_clear(&all->v[i].question);
	array_clear(all);
	arena_clear(&all->arena);
}

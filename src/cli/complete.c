/* SPDX-License-Identifier: BSD-2-Clause */
/* Completing a command line from the verb table. */
#include "cli/complete.h"

#include <ctype.h>
#include <net/if.h>

#include "base/str.h"
#include "cli/cli.h"
#include "cli/parse.h"
#include "conf/conf.h"
#include "conf/rcconf.h"
#include "store/store.h"

/* The line so far. */
struct line {
	FILE *out;
	const struct cli_verb *verb;	    /* the innermost that was named */
	const struct cli_verb *const *subs; /* the verbs that may follow */
	struct {
		const struct cli_opt **v;
		size_t n, cap;
	} given;
	const struct cli_opt *pending; /* the last word is its value */
	size_t n_args;
	bool only_args; /* behind "--", or arguments that are another's */
	bool is_help;	/* gaol help VERB */
	const char *last;
};

static void
offer(const struct line *l, const char *word, const char *what)
{
	if (str_starts(word, l->last))
		fprintf(l->out, "%s\t%s\n", word, what);
}

/* ---- what a word of a usage stands for ---- */

static void
offer_all(const struct line *l, const struct strv *words, const char *what)
{
	for (size_t i = 0; i < words->n; i++)
		offer(l, words->v[i], what);
}

static void
offer_jails(const struct line *l)
{
	_cleanup_(pool_freep) struct pool *pool = NULL;
	_cleanup_(strv_clear) struct strv names = { 0 };
	struct err err = { 0 };

	if (pool_open_active(&pool, &err) == 0 &&
	    store_jail_list(pool, &names, &err) == 0)
		offer_all(l, &names, "jail");
}

static void
offer_releases(const struct line *l)
{
	_cleanup_(pool_freep) struct pool *pool = NULL;
	_cleanup_(strv_clear) struct strv names = { 0 };
	struct err err = { 0 };

	if (pool_open_active(&pool, &err) == 0 &&
	    store_release_list(pool, &names, &err) == 0)
		offer_all(l, &names, "fetched release");
	for (const struct release_def *d = release_defs; d->name; d++)
		if (!strv_has(&names, d->name))
			offer(l, d->name, "release");
}

static void
offer_pools(const struct line *l)
{
	struct pools pools = { 0 };
	struct err err = { 0 };

	if (pools_load(&pools, &err) < 0)
		return;
	for (size_t i = 0; i < pools.n; i++)
		offer(l, pools.v[i]->name, "pool");
	pools_clear(&pools);
}

static void
offer_devices(const struct line *l)
{
	struct devices devices = { 0 };
	struct err err = { 0 };

	if (devices_scan(&devices, &err) < 0)
		return;
	for (size_t i = 0; i < devices.n; i++)
		offer(l, devices.v[i].node, "device");
	devices_clear(&devices);
}

static void
offer_interfaces(const struct line *l)
{
	struct if_nameindex *list = if_nameindex();

	for (struct if_nameindex *i = list; i && i->if_index; i++)
		offer(l, i->if_name, "interface");
	if (list)
		if_freenameindex(list);
}

static void
offer_properties(const struct line *l)
{
	size_t n;
	const struct conf_prop *p = conf_props(&n);

	for (size_t i = 0; i < n; i++)
		offer(l, p[i].name, p[i].text);
}

/* Of "NAME=": the values that a property can have, or the one it has without
 * being set. */
static void
offer_values(const struct line *l, const struct conf_prop *p)
{
	static const char *const booleans[] = { "0", "1", NULL };
	const char *const none[] = { p->def, NULL };
	const char *const *v = p->type == CONF_CHOICE ? p->choices
	    : p->type == CONF_BOOL		      ? booleans
						      : none;

	for (; *v; v++) {
		_cleanup_free_ char *word = xasprintf("%s=%s", p->name, *v);

		offer(l, word, streq(*v, p->def) ? "the default" : "");
	}
}

static void
offer_assignments(const struct line *l)
{
	size_t n, len = strcspn(l->last, "=");
	const struct conf_prop *p = conf_props(&n);

	if (!l->last[len])
		fputs(":nospace\n", l->out);
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *word = xasprintf("%s=", p[i].name);

		if (p[i].answer == CONF_REFUSED || p[i].when == CONF_RECORD)
			continue;
		if (!l->last[len])
			offer(l, word, p[i].text);
		else if (strlen(p[i].name) == len && str_starts(l->last, word))
			offer_values(l, &p[i]);
	}
}

static void
offer_rc_variables(const struct line *l)
{
	_cleanup_(rcconf_freep) struct rcconf *rc = NULL;
	struct err err = { 0 };

	if (rcconf_read_host(&rc, &err) < 0)
		return;
	for (size_t i = 0; i < rc->vars.n; i++) {
		const struct rcconf_var *var = rc->vars.v[i].value;

		offer(l, var->name, var->value);
	}
}

static void
offer_files(const struct line *l)
{
	fputs(":files\n", l->out);
}

static void
offer_dirs(const struct line *l)
{
	fputs(":dirs\n", l->out);
}

static const struct kind {
	const char *word;
	void (*offer)(const struct line *l);
} kinds[] = {
	{ "DEVICE", offer_devices },
	{ "DIR", offer_dirs },
	{ "FILE", offer_files },
	{ "IF", offer_interfaces },
	{ "JAIL", offer_jails },
	{ "NAME[=VALUE]", offer_rc_variables },
	{ "POOL", offer_pools },
	{ "PROPERTY", offer_properties },
	{ "PROPERTY=VALUE", offer_assignments },
	{ "RELEASE", offer_releases },
};

/* A word of a usage: small letters (and ALL) stand for themselves, as one of
 * several with '|' between; of capitals the table knows some. */
static void
offer_kind(const struct line *l, const char *word)
{
	_cleanup_(strv_clear) struct strv words = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (streq(kinds[i].word, word))
			kinds[i].offer(l);
	if (!islower((unsigned char)word[0]) && !streq(word, "ALL"))
		return;
	strv_split(&words, word, "|");
	offer_all(l, &words, "");
}

/* ---- options ---- */

static void
offer_options(const struct line *l, const struct cli_opt *o)
{
	for (; o && o->type; o++) {
		_cleanup_free_ char *name =
		    xasprintf("--%s", o->name ? o->name : "");
		const char letter[] = { '-', o->letter, '\0' };

		if (o->name)
			offer(l, name, o->help);
		if (o->letter)
			offer(l, letter, o->help);
	}
}

static const struct cli_opt *
find_option(
    const struct cli_verb *verb, char letter, const char *name, size_t len)
{
	const struct cli_opt *tables[] = { verb->options,
		cli_common_options(verb->flags) };

	for (size_t t = 0; t < ARRAY_SIZE(tables); t++)
		for (const struct cli_opt *o = tables[t]; o && o->type; o++)
			if ((letter && o->letter == letter) ||
			    (name && o->name && strlen(o->name) == len &&
				memcmp(o->name, name, len) == 0))
				return o;
	return NULL;
}

static void
take_option(struct line *l, const char *word)
{
	const struct cli_opt *o;

	if (str_starts(word, "--")) {
		size_t len = strcspn(word + 2, "=");

		o = find_option(l->verb, '\0', word + 2, len);
		if (o)
			*array_add(&l->given) = o;
		if (o && o->arg && !word[2 + len])
			l->pending = o;
		return;
	}
	for (word++; *word; word++) {
		o = find_option(l->verb, *word, NULL, 0);
		if (!o)
			return;
		*array_add(&l->given) = o;
		if (o->arg) { /* the rest is its value, or the next word */
			l->pending = word[1] ? NULL : o;
			return;
		}
	}
}

static bool
is_given(const struct line *l, const struct cli_opt *o)
{
	for (size_t i = 0; i < l->given.n; i++)
		if (l->given.v[i] == o)
			return true;
	return false;
}

/* ---- arguments ---- */

/* "[IF...]" is IF, again and again: *ret_again. */
static char *
bare_word(const char *token, bool *ret_again)
{
	size_t len = strlen(token);

	if (token[0] == '[' && token[len - 1] == ']') {
		token++;
		len -= 2;
	}
	*ret_again = len > 3 && memcmp(token + len - 3, "...", 3) == 0;
	return xstrndup(token, *ret_again ? len - 3 : len);
}

/* One of a usage's alternatives, "PROPERTY=VALUE... JAIL". One that demands a
 * flag, "-r RELEASE...", counts where that was given. */
static void
offer_alternative(
    const struct line *l, const struct strv *tokens, struct strv *seen)
{
	bool again = false;
	size_t at = 0;

	for (size_t i = 0; i < tokens->n && at <= l->n_args; i++) {
		const char *t = tokens->v[i];
		bool more;
		_cleanup_free_ char *word = bare_word(t, &more);

		if (t[0] == '-') {
			const struct cli_opt *o = t[1] == '-'
			    ? find_option(l->verb, '\0', t + 2, strlen(t + 2))
			    : find_option(l->verb, t[1], NULL, 0);

			if (o && !o->arg && !is_given(l, o))
				return;
			i += o && o->arg;
			continue;
		}
		again |= more;
		if ((at == l->n_args || again) && !strv_has(seen, word)) {
			strv_add(seen, word);
			offer_kind(l, word);
		}
		at++;
	}
}

static void
offer_arguments(const struct line *l)
{
	_cleanup_(strv_clear) struct strv seen = { 0 };
	const char *p = l->verb->args;

	while (p) {
		const char *end = strstr(p, " | ");
		_cleanup_free_ char *one =
		    end ? xstrndup(p, (size_t)(end - p)) : xstrdup(p);
		_cleanup_(strv_clear) struct strv tokens = { 0 };

		strv_split(&tokens, one, " ");
		offer_alternative(l, &tokens, &seen);
		p = end ? end + 3 : NULL;
	}
}

/* ---- the line ---- */

static void
offer_verbs(const struct line *l)
{
	for (size_t i = 0; l->subs[i]; i++)
		if (!(l->subs[i]->flags & CLI_HIDDEN))
			offer(l, l->subs[i]->name, l->subs[i]->summary);
	if (l->verb || l->is_help)
		return;
	offer(l, "help", "show how a verb is called");
	offer(l, "--help", "list the verbs");
	offer(l, "--version", "print the version");
}

static void
take_verb(struct line *l, const char *word)
{
	struct err err = { 0 };
	const struct cli_verb *verb = cli_verb_find(l->subs, NULL, word, &err);

	if (!l->verb && !l->is_help && streq(word, "help")) {
		l->is_help = true;
		return;
	}
	if (!verb && word[0] == '-')
		return; /* before the verb */
	l->verb = verb;
	l->subs = verb ? verb->subs : NULL;
}

static void
take_word(struct line *l, const char *word)
{
	if (l->subs) {
		take_verb(l, word);
	} else if (l->pending) {
		l->pending = NULL;
	} else if (!l->verb || l->is_help) {
		return;
	} else if (!l->only_args && streq(word, "--")) {
		l->only_args = true;
	} else if (!l->only_args && word[0] == '-' && word[1]) {
		take_option(l, word);
	} else {
		l->n_args++;
		l->only_args |= (l->verb->flags & CLI_ARGS_VERBATIM) != 0;
	}
}

void
cli_complete(int argc, char **argv, FILE *out)
{
	struct line l = { .out = out, .subs = cli_verbs, .last = "" };

	for (int i = 0; i + 1 < argc; i++)
		take_word(&l, argv[i]);
	if (argc > 0)
		l.last = argv[argc - 1];
	if (l.subs) {
		offer_verbs(&l);
	} else if (l.pending) {
		offer_kind(&l, l.pending->arg);
	} else if (l.verb && !l.is_help) {
		if (l.last[0] == '-' && !l.only_args) {
			offer_options(&l, l.verb->options);
			offer_options(&l, cli_common_options(l.verb->flags));
		} else {
			offer_arguments(&l);
		}
	}
	array_clear(&l.given);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Parsing a verb's options by its table: letters, bundles, long names. */
#include "cli/parse.h"

#include <errno.h>

#include "base/str.h"

/* The values of these go to struct cli, not to the verb's own options. */
static const struct cli_opt read_options[] = {
	CLI_FLAG('H', "header", struct cli, bare,
	    "tabs between the columns and no header, for scripts"),
	CLI_FLAG('h', NULL, struct cli, bare, "the same"),
	CLI_FLAG(0, "json", struct cli, json, "print JSON"),
	CLI_FLAG(0, "help", struct cli, help, "show this text"), CLI_OPT_END
};

static const struct cli_opt write_options[] = {
	CLI_FLAG(0, "plan", struct cli, plan,
	    "print the steps it would take, and take none"),
	CLI_FLAG(0, "help", struct cli, help, "show this text"), CLI_OPT_END
};

static const struct cli_opt help_options[] = {
	CLI_FLAG(0, "help", struct cli, help, "show this text"), CLI_OPT_END
};

const struct cli_opt *
cli_common_options(unsigned flags)
{
	if (flags & CLI_READS)
		return read_options;
	if (flags & CLI_WRITES)
		return write_options;
	return help_options;
}

/* An option that was recognised, and where its value goes. */
struct found {
	const struct cli_opt *opt;
	char *base;
};

struct parser {
	struct cli *c;
	const struct cli_verb *verb;
	void *opts;
	int argc;
	char **argv;
	int i;	    /* the word being read */
	int n_args; /* arguments moved to the front so far */
};

static const struct cli_opt *
find_letter(const struct cli_opt *o, char letter)
{
	for (; o && o->type != CLI_T_END; o++)
		if (o->letter == letter)
			return o;
	return NULL;
}

static const struct cli_opt *
find_name(const struct cli_opt *o, const char *name, size_t len)
{
	for (; o && o->type != CLI_T_END; o++)
		if (o->name && strlen(o->name) == len &&
		    memcmp(o->name, name, len) == 0)
			return o;
	return NULL;
}

static struct found
find_option(
    struct parser *p, const struct cli_opt *own, const struct cli_opt *common)
{
	if (own)
		return (struct found){ own, p->opts };
	return (struct found){ common, (char *)p->c };
}

static int
unknown_name(struct parser *p, const char *name, size_t len, struct err *err)
{
	_cleanup_free_ char *seen = xstrndup(name, len);
	struct {
		const char **v;
		size_t n, cap;
	} names = { 0 };
	const struct cli_opt *tables[] = { p->verb->options,
		cli_common_options(p->verb->flags) };
	const char *near;

	for (size_t t = 0; t < ARRAY_SIZE(tables); t++)
		for (const struct cli_opt *o = tables[t];
		     o && o->type != CLI_T_END; o++)
			if (o->name)
				*array_add(&names) = o->name;
	*array_add(&names) = NULL;
	near = str_nearest(seen, names.v);
	array_clear(&names);
	if (near)
		return err_set(err, EINVAL,
		    "unknown option '--%s'; did you mean '--%s'?", seen, near);
	return err_set(err, EINVAL, "unknown option '--%s'", seen);
}

static int
store_number(
    const struct cli_opt *o, const char *value, unsigned *ret, struct err *err)
{
	int64_t min = o->min, max = o->max ? o->max : UINT32_MAX, n;

	if (str_to_i64(value, min, max, &n) < 0)
		return err_set(err, EINVAL,
		    "'%s' is not a number from %lld to %lld", value,
		    (long long)min, (long long)max);
	*ret = (unsigned)n;
	return 0;
}

static int
store_value(struct found f, const char *value, struct err *err)
{
	void *at = f.base + f.opt->offset;

	switch (f.opt->type) {
	case CLI_T_FLAG:
		*(bool *)at = true;
		return 0;
	case CLI_T_STR:
		*(const char **)at = value;
		return 0;
	case CLI_T_UINT:
		return store_number(f.opt, value, at, err);
	case CLI_T_SIZE:
		if (str_to_size(value, at) < 0 || *(uint64_t *)at == 0)
			return err_set(err, EINVAL,
			    "'%s' is not a size such as 512M or 8G", value);
		return 0;
	case CLI_T_LIST:
		strv_add(at, value);
		return 0;
	case CLI_T_END:
		break;
	}
	BUG("option type %d", f.opt->type);
}

/* --name, --name=value, --name value */
static int
parse_long(struct parser *p, struct err *err)
{
	const char *name = p->argv[p->i] + 2;
	size_t len = strcspn(name, "=");
	const char *value = name[len] ? name + len + 1 : NULL;
	struct found f = find_option(p, find_name(p->verb->options, name, len),
	    find_name(cli_common_options(p->verb->flags), name, len));
	int r;

	if (!f.opt)
		return unknown_name(p, name, len, err);
	if (f.opt->type == CLI_T_FLAG && value)
		return err_set(
		    err, EINVAL, "option '--%s' takes no value", f.opt->name);
	if (f.opt->type != CLI_T_FLAG && !value) {
		if (p->i + 1 >= p->argc)
			return err_set(err, EINVAL,
			    "option '--%s' needs a value: %s", f.opt->name,
			    f.opt->arg);
		value = p->argv[++p->i];
	}
	r = store_value(f, value, err);
	return r < 0 ? err_wrap(err, r, "option '--%s'", f.opt->name) : 0;
}

/* -x, -xyz, -nVALUE, -n VALUE */
static int
parse_letters(struct parser *p, struct err *err)
{
	const char *word = p->argv[p->i] + 1;
	int r;

	for (; *word; word++) {
		struct found f =
		    find_option(p, find_letter(p->verb->options, *word),
			find_letter(cli_common_options(p->verb->flags), *word));
		const char *value;

		if (!f.opt)
			return err_set(
			    err, EINVAL, "unknown option '-%c'", *word);
		if (f.opt->type == CLI_T_FLAG) {
			(void)store_value(f, NULL, NULL);
			continue;
		}
		value = word[1] ? word + 1 : NULL;
		if (!value && p->i + 1 >= p->argc)
			return err_set(err, EINVAL,
			    "option '-%c' needs a value: %s", *word,
			    f.opt->arg);
		if (!value)
			value = p->argv[++p->i];
		r = store_value(f, value, err);
		return r < 0 ? err_wrap(err, r, "option '-%c'", *word) : 0;
	}
	return 0;
}

/* "->" is an arrow (explain), "-" standard input. */
static bool
is_option(const char *word)
{
	return word[0] == '-' && word[1] && word[1] != '>';
}

int
cli_parse(struct cli *c, const struct cli_verb *verb, int argc, char **argv,
    void *opts, int *ret_argc, struct err *err)
{
	struct parser p = {
		.c = c, .verb = verb, .opts = opts, .argc = argc, .argv = argv
	};
	bool rest = false;
	int r;

	for (; p.i < argc; p.i++) {
		if (!rest && streq(argv[p.i], "--")) {
			rest = true;
			continue;
		}
		if (rest || !is_option(argv[p.i])) {
			argv[p.n_args++] = argv[p.i];
			rest = rest || (verb->flags & CLI_ARGS_VERBATIM);
			continue;
		}
		r = argv[p.i][1] == '-' ? parse_long(&p, err)
					: parse_letters(&p, err);
		if (r < 0)
			return r;
	}
	argv[p.n_args] = NULL; /* exec hands the rest on */
	*ret_argc = p.n_args;
	return 0;
}

void
cli_parse_clear(const struct cli_verb *verb, void *opts)
{
	for (const struct cli_opt *o = verb->options; o && o->type; o++)
		if (o->type == CLI_T_LIST)
			strv_clear((void *)((char *)opts + o->offset));
}

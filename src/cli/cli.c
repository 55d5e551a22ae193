/* SPDX-License-Identifier: BSD-2-Clause */
/* The dispatcher: finds the verb, checks what it demands, runs it, and says
 * in one place how it ended. */
#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <strings.h>
#include <unistd.h>

#include "base/str.h"
#include "cli/help.h"
#include "cli/parse.h"
#include "store/store.h"

enum { EXIT_USAGE = 2 };

int
cli_usage(struct err *err, const char *fmt, ...)
{
	char msg[ERR_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	(void)err_set(err, EINVAL, "%s", msg);
	return EXIT_USAGE;
}

/* "prog: kind: text" on stderr; what came from files or the command line
 * cannot drive the terminal. */
static void
print_line(const char *prog, const char *kind, const char *text)
{
	_cleanup_(str_clear) struct str visible = STR_INIT;

	(void)fflush(stdout);
	str_add_visible(&visible, text);
	fprintf(stderr, "%s: %s%s\n", prog, kind, visible.buf);
}

void
cli_error(struct cli *c, const struct err *err)
{
	print_line(c->prog, "", err->msg);
}

void
cli_warn(struct cli *c, const char *fmt, ...)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	va_list ap;

	va_start(ap, fmt);
	str_vprintf(&text, fmt, ap);
	va_end(ap);
	print_line(c->prog, "warning: ", text.buf);
}

void
cli_debug(struct cli *c, const char *fmt, ...)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	va_list ap;

	if (!c->debug)
		return;
	va_start(ap, fmt);
	str_vprintf(&text, fmt, ap);
	va_end(ap);
	print_line(c->prog, "debug: ", text.buf);
}

static void
say(const char *before, const char *fmt, va_list ap)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	_cleanup_(str_clear) struct str visible = STR_INIT;

	str_vprintf(&text, fmt, ap);
	str_add_visible(&visible, text.buf);
	printf("%s%s\n", before, visible.buf);
	(void)fflush(stdout);
}

void
cli_say(struct cli *c, const char *fmt, ...)
{
	va_list ap;

	(void)c;
	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
}

bool
cli_step(struct cli *c, const char *fmt, ...)
{
	va_list ap;

	if (!c->plan)
		return false;
	va_start(ap, fmt);
	say("would ", fmt, ap);
	va_end(ap);
	return true;
}

void
cli_lines(struct cli *c, const char *before, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		_cleanup_free_ char *line = xstrndup(text, len);
		char *tab = strchr(line, '\t');

		if (tab)
			*tab = '\0';
		cli_say(c, "%s%s%s%s", before, line, tab ? ": " : "",
		    tab ? tab + 1 : "");
		text += len + (text[len] == '\n');
	}
}

bool
cli_confirm(struct cli *c, const char *fmt, ...)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	_cleanup_(str_clear) struct str visible = STR_INIT;
	char answer[16];
	va_list ap;

	(void)c;
	va_start(ap, fmt);
	str_vprintf(&text, fmt, ap);
	va_end(ap);
	str_add_visible(&visible, text.buf);
	printf("%s [y/N]: ", visible.buf);
	(void)fflush(stdout);
	if (!fgets(answer, sizeof(answer), stdin)) {
		putchar('\n');
		return false;
	}
	answer[strcspn(answer, "\n")] = '\0';
	return strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
}

const struct cli_verb *
cli_verb_find(const struct cli_verb *const *list, const char *of,
    const char *word, struct err *err)
{
	struct {
		const char **v;
		size_t n, cap;
	} names = { 0 };
	const char *near;

	for (size_t i = 0; list[i]; i++)
		if (streq(list[i]->name, word))
			return list[i];
	for (size_t i = 0; list[i]; i++)
		if (!(list[i]->flags & CLI_HIDDEN))
			*array_add(&names) = list[i]->name;
	*array_add(&names) = NULL;
	near = str_nearest(word, names.v);
	array_clear(&names);
	(void)err_set(err, EINVAL, "unknown verb '%s%s%s'%s%s%s", of ? of : "",
	    of ? " " : "", word, near ? "; did you mean '" : "",
	    near ? near : "", near ? "'?" : "");
	return NULL;
}

/* What the verb's flags demand before it runs. */
static int
check_demands(struct cli *c, const char *words, struct err *err)
{
	if ((c->verb->flags & CLI_ROOT) && geteuid() != 0)
		return err_set(err, EPERM,
		    "only root may run '%s'; try: sudo %s %s", words, c->prog,
		    words);
	if (c->verb->flags & CLI_POOL)
		return pool_open_active(&c->pool, err);
	return 0;
}

static int
check_count(const struct cli_verb *verb, int argc, struct err *err)
{
	if (argc < verb->min_args)
		return cli_usage(err, "too few arguments");
	if (verb->max_args != CLI_ANY && argc > verb->max_args)
		return cli_usage(err, "too many arguments");
	return 0;
}

static int
run_verb(
    struct cli *c, const char *words, int argc, char **argv, struct err *err)
{
	void *opts = xcalloc(1, c->verb->opts_size + 1);
	int r = cli_parse(c, c->verb, argc, argv, opts, &argc, err);

	if (r < 0)
		r = EXIT_USAGE;
	else if (c->help)
		cli_help_verb(c->prog, words, c->verb, stdout);
	else
		r = check_count(c->verb, argc, err);
	if (r == 0 && !c->help)
		r = check_demands(c, words, err);
	if (r == 0 && !c->help)
		r = c->verb->run(c, opts, argc, argv, err);
	c->pool = pool_free(c->pool);
	cli_parse_clear(c->verb, opts);
	free(opts);
	return r;
}

/* Say how it ended and make it an exit code. */
static int
finish(struct cli *c, const char *words, int r, const struct err *err)
{
	if (r != 0 && err->code)
		cli_error(c, err);
	if (r == EXIT_USAGE && err->code && c->verb)
		cli_help_usage(c->prog, words, c->verb, stderr);
	if (r < 0)
		r = EXIT_FAILURE;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return r;
	fprintf(stderr, "%s: cannot write to standard output\n", c->prog);
	return r ? r : EXIT_FAILURE;
}

/* Walk down to the sub-verb: argv[0] is the verb's word. */
static int
dispatch(struct cli *c, int argc, char **argv)
{
	_cleanup_(str_clear) struct str words = STR_INIT;
	const struct cli_verb *const *list = cli_verbs;
	struct err err = { 0 };
	int r;

	do {
		const struct cli_verb *verb = cli_verb_find(
		    list, c->verb ? c->verb->name : NULL, argv[0], &err);

		if (!verb)
			return finish(c, words.buf, EXIT_USAGE, &err);
		str_printf(&words, "%s%s", words.len ? " " : "", argv[0]);
		c->verb = verb;
		list = verb->subs;
		argc--;
		argv++;
		if (list && (argc == 0 || streq(argv[0], "--help"))) {
			cli_help_verb(
			    c->prog, words.buf, verb, argc ? stdout : stderr);
			return argc ? 0 : EXIT_USAGE;
		}
	} while (list);

	r = run_verb(c, words.buf, argc, argv, &err);
	return finish(c, words.buf, r, &err);
}

/* `gaol help [VERB [SUBVERB]]` is `gaol VERB SUBVERB --help`. */
static int
help(struct cli *c, int argc, char **argv)
{
	char flag[] = "--help";
	char *line[4];
	int n = 0;

	if (argc == 0) {
		cli_help_all(c->prog, stdout);
		return 0;
	}
	for (; n < argc && n < 2; n++)
		line[n] = argv[n];
	line[n++] = flag;
	return dispatch(c, n, line);
}

static const char *
program_name(const char *argv0)
{
	const char *slash = argv0 ? strrchr(argv0, '/') : NULL;
	const char *base = slash ? slash + 1 : argv0;

	return base && streq(base, "iocage") ? "iocage" : "gaol";
}

int
cli_main(int argc, char **argv)
{
	struct cli c = { .prog = program_name(argv[0]) };
	struct err err = { 0 };
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		if (streq(argv[i], "-v") || streq(argv[i], "--version")) {
			printf("Version\t%s\n", GAOL_VERSION);
			return finish(&c, "", 0, &err);
		} else if (streq(argv[i], "--help") || streq(argv[i], "-h")) {
			cli_help_all(c.prog, stdout);
			return finish(&c, "", 0, &err);
		} else if (streq(argv[i], "-D") || streq(argv[i], "--debug")) {
			c.debug = true;
		} else if (streq(argv[i], "-f") || streq(argv[i], "--force")) {
			c.force = true;
		} else {
			return finish(&c, "",
			    cli_usage(&err,
				"unknown option '%s' before the verb; try '%s"
				" --help'",
				argv[i], c.prog),
			    &err);
		}
	}
	if (i >= argc) {
		cli_help_all(c.prog, stderr);
		return EXIT_USAGE;
	}
	if (streq(argv[i], "help"))
		return help(&c, argc - i - 1, argv + i + 1);
	return dispatch(&c, argc - i, argv + i);
}

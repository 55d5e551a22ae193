/* SPDX-License-Identifier: BSD-2-Clause */
/* Help, and the verb table for programs: the manual pages are made of it. */
#include "cli/help.h"

#include <ctype.h>

#include "base/str.h"
#include "cli/parse.h"
#include "conf/conf.h"

/* Room for the longest "  -x, --name NAME" column. */
#define HELP_COLUMN 26

static void
print_sentence(FILE *out, const char *text)
{
	fprintf(out, "%c%s.\n", toupper((unsigned char)text[0]), text + 1);
}

static void
usage_options(const struct cli_opt *o, FILE *out)
{
	for (; o && o->type; o++) {
		const char *dots = o->type == CLI_T_LIST ? "..." : "";

		/* -h doubles -H, and --help is known. */
		if (!o->name || streq(o->name, "help"))
			continue;
		if (o->letter)
			fprintf(out, " [-%c%s%s]%s", o->letter,
			    o->arg ? " " : "", o->arg ? o->arg : "", dots);
		else
			fprintf(out, " [--%s%s%s]%s", o->name,
			    o->arg ? " " : "", o->arg ? o->arg : "", dots);
	}
}

void
cli_help_usage(
    const char *prog, const char *words, const struct cli_verb *verb, FILE *out)
{
	fprintf(out, "usage: %s %s", prog, words);
	if (verb->subs) {
		fputs(" VERB ...\n", out);
		return;
	}
	usage_options(verb->options, out);
	usage_options(cli_common_options(verb->flags), out);
	fprintf(
	    out, "%s%s\n", verb->args ? " " : "", verb->args ? verb->args : "");
}

static void
print_options(const struct cli_opt *o, FILE *out)
{
	for (; o && o->type; o++) {
		_cleanup_(str_clear) struct str left = STR_INIT;

		str_add(&left, "  ");
		if (o->letter)
			str_printf(&left, "-%c", o->letter);
		else
			str_add(&left, "    ");
		if (o->name)
			str_printf(
			    &left, "%s--%s", o->letter ? ", " : "", o->name);
		if (o->arg)
			str_printf(&left, " %s", o->arg);
		fprintf(out, "%-*s", HELP_COLUMN, left.buf);
		if (left.len >= HELP_COLUMN)
			fprintf(out, "\n%-*s", HELP_COLUMN, "");
		fprintf(out, "%s\n", o->help);
	}
}

static void
print_verbs(const struct cli_verb *const *list, FILE *out)
{
	for (; *list; list++)
		if (!((*list)->flags & CLI_HIDDEN))
			fprintf(out, "  %-12s %s\n", (*list)->name,
			    (*list)->summary);
}

void
cli_help_verb(
    const char *prog, const char *words, const struct cli_verb *verb, FILE *out)
{
	cli_help_usage(prog, words, verb, out);
	fputc('\n', out);
	print_sentence(out, verb->summary);
	if (verb->help)
		fprintf(out, "%s\n", verb->help);
	if (verb->subs) {
		fprintf(out, "\nVerbs of '%s':\n", words);
		print_verbs(verb->subs, out);
		return;
	}
	fputs("\nOptions:\n", out);
	print_options(verb->options, out);
	print_options(cli_common_options(verb->flags), out);
}

void
cli_help_all(const char *prog, FILE *out)
{
	fprintf(out,
	    "usage: %s [-D] [-f] VERB ...\n"
	    "       %s VERB --help\n"
	    "       %s --version\n\nVerbs:\n",
	    prog, prog, prog);
	print_verbs(cli_verbs, out);
	fputs("\nOptions before the verb:\n"
	      "  -v, --version           print the version\n"
	      "  -D, --debug             say on stderr what is being done\n"
	      "  -f, --force             accepted as iocage does\n"
	      "      --help              show this text\n",
	    out);
}

static void
table_options(const char *words, const struct cli_opt *o, FILE *out)
{
	for (; o && o->type; o++)
		fprintf(out, "option\t%s\t%c\t%s\t%s\t%s\n", words,
		    o->letter ? o->letter : '-', o->name ? o->name : "-",
		    o->arg ? o->arg : "-", o->help);
}

static void
table_verb(const char *words, const struct cli_verb *verb, FILE *out)
{
	if (verb->flags & CLI_HIDDEN)
		return;
	fprintf(out, "verb\t%s\t%s\t%s\t", words, verb->args ? verb->args : "",
	    verb->summary);
	for (const char *h = verb->help; h && *h; h++)
		fputc(*h == '\n' ? ' ' : *h, out);
	fputc('\n', out);
	for (size_t i = 0; verb->subs && verb->subs[i]; i++) {
		_cleanup_free_ char *sub =
		    xasprintf("%s %s", words, verb->subs[i]->name);

		table_verb(sub, verb->subs[i], out);
	}
	if (verb->subs)
		return;
	table_options(words, verb->options, out);
	table_options(words, cli_common_options(verb->flags), out);
}

void
cli_help_table(FILE *out)
{
	for (size_t i = 0; cli_verbs[i]; i++)
		table_verb(cli_verbs[i]->name, cli_verbs[i], out);
}

void
cli_help_properties(FILE *out)
{
	size_t n;
	const struct conf_prop *p = conf_props(&n);

	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", p[i].name,
		    conf_type_name(p[i].type), p[i].def,
		    conf_when_name(p[i].when), conf_answer_name(p[i].answer),
		    p[i].text, p[i].why ? p[i].why : "");
}

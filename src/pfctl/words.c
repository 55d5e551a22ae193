/* SPDX-License-Identifier: BSD-2-Clause */
/* The words that pfctl's options take, and completing a command line. */
#include "pfctl/words.h"

#include <net/if.h>

#include "base/str.h"
#include "base/util.h"

const char *const flush_words[] = { "nat", "queue", "rules", "Sources",
	"states", "info", "Tables", "osfp", "all", NULL };
const char *const show_words[] = { "queue", "rules", "Anchors", "Sources",
	"states", "info", "Interfaces", "labels", "timeouts", "memory",
	"Tables", "osfp", "Running", "all", "nat", "loaded", "written", NULL };
const char *const table_words[] = { "kill", "flush", "add", "delete", "load",
	"replace", "show", "test", "zero", "expire", NULL };
const char *const debug_words[] = { "none", "urgent", "misc", "loud", NULL };
const char *const optimize_words[] = { "none", "basic", "profile", NULL };

static const char *const no_words[] = { NULL };
static const char *const files[] = { ":files", NULL };
static const char *const anchors[] = { ":anchors", NULL };
static const char *const tables[] = { ":tables", NULL };
static const char *const interfaces[] = { ":interfaces", NULL };

static const struct opt {
	char letter;		  /* 0: only the name */
	const char *name;	  /* NULL: only the letter */
	const char *const *words; /* its value; NULL: it has none */
	const char *text;
} opts[] = {
	{ 'A', NULL, NULL, "load only queues" },
	{ 'D', NULL, no_words, "define a macro: macro=value" },
	{ 'F', NULL, flush_words, "flush" },
	{ 'K', NULL, no_words, "forget sources: host or network" },
	{ 'N', NULL, NULL, "load only translation" },
	{ 'O', NULL, NULL, "load only options" },
	{ 'P', NULL, NULL, "print ports as numbers" },
	{ 'R', NULL, NULL, "load only filter rules" },
	{ 'T', NULL, table_words, "work on the table of -t" },
	{ 'a', NULL, anchors, "work on this anchor" },
	{ 'd', NULL, NULL, "disable pf" },
	{ 'e', NULL, NULL, "enable pf" },
	{ 'f', NULL, files, "load the rules of a file" },
	{ 'g', NULL, NULL, "accepted; there is no debug output" },
	{ 'h', NULL, NULL, "show how it is called" },
	{ 'i', NULL, interfaces, "only this interface" },
	{ 'k', NULL, no_words, "forget states: host, network, label or id" },
	{ 'm', NULL, NULL, "keep options that the file does not set" },
	{ 'n', NULL, NULL, "load nothing, only look" },
	{ 'o', NULL, optimize_words, "optimise the rules" },
	{ 'p', NULL, files, "accepted: the device of pf" },
	{ 'q', NULL, NULL, "print only errors and answers" },
	{ 'r', NULL, NULL, "print names of hosts" },
	{ 's', NULL, show_words, "show" },
	{ 't', NULL, tables, "the table that -T works on" },
	{ 'v', NULL, NULL, "say more; twice, still more" },
	{ 'x', NULL, debug_words, "set how much pf says" },
	{ 'z', NULL, NULL, "set counters to 0" },
	{ 0, "confirm", no_words, "load on trial; alone, keep the rules" },
	{ 0, "facts", files, "take the machine from a file" },
	{ 0, "json", NULL, "with -n, print the rules as data" },
	{ 0, "lint", NULL, "with -n, say what is wrong with the rules" },
	{ 0, "revert", NULL, "end a trial at once" },
	{ 0, "test", files, "try what a file expects of the rules" },
};

static void
offer(const char *last, const char *word, const char *text, FILE *out)
{
	if (word[0] == ':' || str_starts(word, last))
		fprintf(out, "%s\t%s\n", word, text);
}

static void
offer_interfaces(const char *last, FILE *out)
{
	struct if_nameindex *list = if_nameindex();

	for (struct if_nameindex *i = list; i && i->if_index; i++)
		offer(last, i->if_name, "interface", out);
	if (list)
		if_freenameindex(list);
}

static void
offer_options(const char *last, FILE *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(opts); i++) {
		_cleanup_free_ char *word = opts[i].letter
		    ? xasprintf("-%c", opts[i].letter)
		    : xasprintf("--%s", opts[i].name);

		offer(last, word, opts[i].text, out);
	}
}

/* The option whose value is the word behind this one, or NULL. */
static const struct opt *
waits_for_value(const char *word)
{
	const char *letters = word + 1;

	if (word[0] != '-' || !word[1])
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(opts); i++)
		if (word[1] == '-' && opts[i].name && opts[i].words &&
		    streq(opts[i].name, word + 2))
			return &opts[i];
	for (; word[1] != '-' && *letters; letters++)
		for (size_t i = 0; i < ARRAY_SIZE(opts); i++)
			if (opts[i].letter == *letters && opts[i].words)
				return letters[1] ? NULL : &opts[i];
	return NULL;
}

void
print_candidates(int argc, char **argv, FILE *out)
{
	const char *last = argc > 0 ? argv[argc - 1] : "";
	const struct opt *pending = NULL;

	for (int i = 0; i + 1 < argc; i++)
		pending = pending ? NULL : waits_for_value(argv[i]);
	if (!pending) {
		if (last[0] == '-')
			offer_options(last, out);
		return;
	}
	for (const char *const *w = pending->words; *w; w++) {
		if (*w == interfaces[0])
			offer_interfaces(last, out);
		else
			offer(last, *w, pending->text, out);
	}
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Load a file as pfctl -f would, without a kernel, and print what pfctl -s nat
 * (lines "N ...") and -s rules (lines "R ...") would print then.
 *	show FACTS FILE [ANCHOR]
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "pf/pf.h"

enum { FILE_MAX = 64 << 20 };

static void
put(void *ctx, enum pf_stream s, const char *text, size_t len)
{
	(void)ctx;
	if (s == PF_STDERR)
		(void)fwrite(text, 1, len, stderr);
}

static int
read_any(void *ctx, const char *path, struct str *ret)
{
	(void)ctx;
	if (streq(path, "-"))
		return file_read_fd(STDIN_FILENO, "stdin", FILE_MAX, ret, NULL);
	return file_read(AT_FDCWD, path, FILE_MAX, ret, NULL);
}

static void
show(char mark, struct pf_anchor *a, int from, int to)
{
	const unsigned flags = PF_PRINT_PATHS | PF_PRINT_SHALLOW;
	_cleanup_(str_clear) struct str s = STR_INIT;
	char *rest, *line;

	for (int i = from; i < to; i++)
		pf_print_list(&s, a, i, flags, 0);
	rest = s.buf;
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (*line != '\0')
			printf("%c %s\n", mark, line);
	}
}

int
main(int argc, char **argv)
{
	struct pf_opts opts = { .load = PF_LOAD_ALL };
	const struct pf_out out = { .put = put };
	_cleanup_(pf_ruleset_freep) struct pf_ruleset *rs = NULL;
	_cleanup_(pf_facts_freep) struct pf_facts *facts = NULL;
	_cleanup_(str_clear) struct str text = STR_INIT;
	struct err err = { 0 };

	if (argc < 3) {
		fprintf(stderr, "usage: show FACTS FILE [ANCHOR]\n");
		return 2;
	}
	opts.optimize = PF_OPT_BASIC;
	if (argc > 3) {
		opts.anchor = argv[3];
		opts.load = PF_LOAD_FILTER | PF_LOAD_NAT | PF_LOAD_TABLE;
	}
	if (file_read(AT_FDCWD, argv[1], FILE_MAX, &text, &err) < 0 ||
	    pf_facts_new(text.buf, argv[1], &facts, &err) < 0) {
		fprintf(stderr, "show: %s\n", err.msg);
		return 2;
	}
	pf_facts_env(facts)->read = read_any;
	if (pf_load(argv[2], &opts, pf_facts_env(facts), &out, &rs, &err) < 0)
		return 1;
	show('N', rs->main, PF_LIST_NAT, PF_LIST_FILTER);
	show('R', rs->main, PF_LIST_SCRUB, PF_LIST_NAT);
	show('R', rs->main, PF_LIST_FILTER, PF_LIST_COUNT);
	return 0;
}

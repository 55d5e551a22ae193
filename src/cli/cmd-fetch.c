/* SPDX-License-Identifier: BSD-2-Clause */
/* iocage fetch: the menu; gaol-fetch does the work. */
#include <strings.h>
#include <unistd.h>

#include "base/proc.h"
#include "cli/cli.h"
#include "store/store.h"

struct fetch_opts {
	const char *release, *server;
};

static const struct cli_opt fetch_options[] = {
	CLI_STR('r', "release", "RELEASE", struct fetch_opts, release,
	    "the release, without asking; 'latest' is the newest"),
	CLI_STR('s', "server", "URL", struct fetch_opts, server,
	    "a mirror, used alone: the release then knows no other"),
	CLI_OPT_END
};

enum { MENU_LINE = 64 };

static int
show_menu(struct cli *c, int64_t *ret_n, struct err *err)
{
	_cleanup_(pool_freep) struct pool *pool = NULL;
	int r = pool_open_active(&pool, err);
	int64_t n = 0;

	if (r < 0)
		return r;
	for (; release_defs[n].name != NULL; n++)
		cli_say(c, "[%lld] %s%s", (long long)n, release_defs[n].name,
		    store_release_exists(pool, release_defs[n].name)
			? " (fetched)"
			: "");
	printf("\nNumber of the release, Enter for %s, EXIT to quit: ",
	    release_latest()->name);
	(void)fflush(stdout);
	*ret_n = n;
	return 0;
}

/* The release that was chosen, by number or name; NULL: none, to quit. */
static int
ask(struct cli *c, const struct release_def **ret, struct err *err)
{
	char line[MENU_LINE];
	int64_t n, number;
	int r = show_menu(c, &n, err);

	if (r < 0)
		return r;
	*ret = NULL;
	if (fgets(line, sizeof(line), stdin) == NULL) {
		putchar('\n');
		return 0;
	}
	line[strcspn(line, "\n")] = '\0';
	if (strcasecmp(line, "EXIT") == 0)
		return 0;
	if (line[0] == '\0')
		*ret = release_latest();
	else if (str_to_i64(line, 0, n - 1, &number) == 0)
		*ret = &release_defs[number];
	else
		return release_find(line, "fetch", ret, err);
	return 0;
}

/* Becomes gaol-fetch: returns only if that cannot be started. */
static int
run_helper(struct cli *c, const struct fetch_opts *o, const char *release,
    struct err *err)
{
	_cleanup_free_ char *helper = proc_helper("fetch");
	_cleanup_(strv_clear) struct strv args = { 0 };

	strv_add(&args, helper);
	if (c->plan)
		strv_add(&args, "--plan");
	if (o->server != NULL) {
		strv_add(&args, "-s");
		strv_add(&args, o->server);
	}
	strv_add(&args, "--");
	strv_add(&args, release);
	(void)execv(helper, strv_argv(&args));
	return err_errno(err, "cannot run %s", helper);
}

static int
fetch_run(
    struct cli *c, const void *opts, int argc, char **argv, struct err *err)
{
	const struct fetch_opts *o = opts;
	const struct release_def *def = NULL;
	int r;

	(void)argc;
	(void)argv;
	if (o->release != NULL)
		r = release_find(o->release, "fetch", &def, err);
	else
		r = ask(c, &def, err);
	return r < 0 || def == NULL ? r : run_helper(c, o, def->name, err);
}

const struct cli_verb cmd_fetch = {
	.name = "fetch",
	.args = "",
	.summary = "fetch a release that jails are made of",
	.help = "Without -r a menu asks. The release is made by mmdebstrap"
		" from Debian's archive, whose signatures are checked.",
	.flags = CLI_ROOT | CLI_WRITES,
	.options = fetch_options,
	.opts_size = sizeof(struct fetch_opts),
	.run = fetch_run,
};

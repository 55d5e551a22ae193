/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol check: is everything as it should be? */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "cli/check-host.h"
#include "cli/leftovers.h"
#include "store/store.h"

enum { FACTS_MAX = 64 << 20, EXIT_CANNOT = 2 };

struct check_opts {
	const char *file, *facts;
	bool repair;
};

static const struct cli_opt check_options[] = {
	CLI_STR('f', "file", "PF.CONF", struct check_opts, file,
	    "look at this file, not at the one of pf_rules"),
	CLI_STR(0, "facts", "FILE", struct check_opts, facts,
	    "the system as this file describes it (with --file)"),
	CLI_FLAG(0, "repair", struct check_opts, repair,
	    "mend what a killed command left"),
	CLI_OPT_END
};

static void
print(struct cli *c, const struct findings *all)
{
	_cleanup_(str_clear) struct str out = STR_INIT;
	struct json j;

	if (c->json) {
		json_init(&j, &out);
		json_begin_doc(&j, "gaol.check", 1);
		findings_json(all, &j);
		json_end_doc(&j);
	} else {
		findings_text(all, &out);
	}
	fputs(out.buf, stdout);
}

/* ---- a system that is described ---- */

static int
check_facts(const struct check_opts *o, struct findings *all, struct err *err)
{
	_cleanup_(check_facts_clear) struct check_facts f = { 0 };
	_cleanup_(pf_ruleset_freep) struct pf_ruleset *rules = NULL;
	_cleanup_(str_clear) struct str text = STR_INIT;
	struct pf_env *env, host = { 0 };
	int r = file_read(AT_FDCWD, o->facts, FACTS_MAX, &text, err);

	if (r == 0)
		r = check_facts_read(text.buf, o->facts, &f, err);
	if (r < 0)
		return r;
	env = pf_facts_env(f.pf);
	host_functions(&host);
	env->read = host.read;
	env->random = host.random;
	check_load_rules(o->file, env, &rules, all);
	f.sys.rules = rules;
	f.sys.rules_file = o->file;
	check_system(&f.sys, all);
	return 0;
}

/* ---- this one ---- */

static int
check_here(struct cli *c, const struct check_opts *o, struct findings *all,
    struct err *err)
{
	_cleanup_(check_host_clear) struct check_host h = { 0 };
	int r;

	if (geteuid() != 0)
		return err_set(err, EPERM,
		    "rules, jails and their files are root's to read: become "
		    "root, or describe a system with --file and --facts");
	/* Without one there are no jails that could be lost. */
	if (!c->pool)
		(void)pool_open_active(&c->pool, NULL);
	cli_leftovers(c, o->repair, all);
	r = check_host_read(c, o->file, &h, all, err);
	if (r == 0)
		check_system(&h.sys, all);
	return r;
}

static int
check_run(struct cli *c, const void *opts, int argc _unused_,
    char **argv _unused_, struct err *err)
{
	const struct check_opts *o = opts;
	_cleanup_(findings_clear) struct findings all = { 0 };
	int r;

	if (o->facts != NULL && o->file == NULL)
		return cli_usage(err,
		    "--facts describes another system: give its rules with "
		    "--file");
	if (o->facts != NULL && o->repair)
		return cli_usage(
		    err, "--repair mends this system, not one of --facts");
	r = o->facts ? check_facts(o, &all, err) : check_here(c, o, &all, err);
	if (r < 0) {
		cli_error(c, err);
		err_clear(err);
		return EXIT_CANNOT;
	}
	findings_sort(&all);
	print(c, &all);
	return findings_exit_code(&all);
}

const struct cli_verb cmd_check = {
	.name = "check",
	.summary =
	    "look for what is wrong, and mend what a killed command left",
	.help = "Each finding says what, where, why it matters and what to do."
		" Exit code: 0 nothing was found, 1 something was, 2 not all"
		" could be looked at. See gaol-check(8).",
	.max_args = 0,
	.flags = CLI_READS,
	.options = check_options,
	.opts_size = sizeof(struct check_opts),
	.run = check_run,
};

/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol explain: why does this not get through? */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/explain-host.h"
#include "cli/running.h"

enum { FILE_MAX = 64 << 20, EXIT_NO = 1, EXIT_CANNOT_TELL = 2 };

struct explain_opts {
	const char *file, *facts, *jail;
	bool json;
};

static const struct cli_opt explain_options[] = {
	CLI_STR('f', "file", "PF.CONF", struct explain_opts, file,
	    "ask this file, not the rules that are loaded"),
	CLI_STR(0, "facts", "FILE", struct explain_opts, facts,
	    "the machine as this file describes it (with --file)"),
	CLI_STR('j', "jail", "JAIL", struct explain_opts, jail,
	    "this jail sends the packet"),
	CLI_FLAG(0, "json", struct explain_opts, json, "print JSON"),
	CLI_OPT_END
};

/* What an answer is made from. */
struct asked {
	struct pf_facts *facts;	    /* with --facts */
	struct host host;	    /* without */
	struct running running;	    /* without --file */
	struct pf_ruleset *rules;   /* with it */
	struct pf_machine *machine; /* the facts' or the host's */
	char *known;
	struct pf_ex_input input;
};

/* ---- from files ---- */

static int
read_facts(struct asked *a, const char *path, struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	struct pf_env here = { 0 };
	int r = file_read(AT_FDCWD, path, FILE_MAX, &text, err);

	if (r == 0)
		r = pf_facts_new(text.buf, path, &a->facts, err);
	if (r < 0)
		return r;
	a->machine = pf_facts_machine(a->facts);
	host_functions(&here);
	a->machine->env->read = here.read;
	a->machine->env->random = here.random;
	return 0;
}

static void
collect(void *ctx, enum pf_stream stream, const char *text, size_t len)
{
	if (stream == PF_STDERR)
		str_addmem(ctx, text, len);
}

/* Every rule as it was written: not optimised. */
static int
load_file(struct asked *a, const char *path, struct err *err)
{
	_cleanup_(str_clear) struct str said = STR_INIT;
	const struct pf_opts opts = {
		.load = PF_LOAD_ALL, .dry = true, .optimize_given = true
	};
	const struct pf_out out = { collect, &said };

	if (pf_load(path, &opts, a->machine->env, &out, &a->rules, NULL) == 0)
		return 0;
	while (said.len > 0 && said.buf[said.len - 1] == '\n')
		str_cut(&said, said.len - 1);
	return err_set(err, EINVAL, "the rules do not load: %s", said.buf);
}

/* ---- from what is loaded ---- */

static const char *
program(void *ctx, const struct pf_listener *l)
{
	return host_listener_program(ctx, l);
}

static int
read_host(struct cli *c, struct asked *a, struct err *err)
{
	int r;

	if (geteuid() != 0)
		return err_set(err, EPERM,
		    "the rules, states and jails of this machine are root's: "
		    "become root, or describe a machine with --file and "
		    "--facts");
	r = host_read(&a->host, err);
	if (r < 0)
		return r;
	if (a->host.warning != NULL)
		cli_warn(c, "%s", a->host.warning);
	running_add_jails(c, &a->host);
	a->machine = &a->host.machine;
	a->machine->program = program;
	a->machine->program_ctx = &a->host;
	return 0;
}

static int
read_running(struct asked *a, struct err *err)
{
	int r = running_read(&a->host.env, &a->running, err);

	if (r < 0)
		return r;
	a->machine->pf_off = !a->running.enabled;
	a->input = (struct pf_ex_input){ .rules = a->running.rules,
		.machine = a->machine,
		.env = &a->running.env,
		.file = a->running.file,
		.tables = a->running.tables };
	return 0;
}

static void
asked_clear(struct asked *a)
{
	running_clear(&a->running);
	pf_ruleset_freep(&a->rules);
	pf_facts_freep(&a->facts);
	host_clear(&a->host);
	free(a->known);
}

/* ---- the answer ---- */

static int
print(const struct pf_explanation *ex, bool json)
{
	_cleanup_(str_clear) struct str out = STR_INIT;

	if (json)
		pf_explanation_json(ex, &out);
	else
		pf_explanation_text(ex, &out);
	fputs(out.buf, stdout);
	return ex->end == PF_EX_PASSES ? 0 : EXIT_NO;
}

static int
answer(struct asked *a, const struct explain_opts *o, const char *question,
    struct err *err)
{
	_cleanup_(pf_explanation_freep) struct pf_explanation *ex = NULL;
	struct pf_question q;
	int r = pf_question_parse(question, o->jail, a->machine, &q, err);

	if (r < 0)
		return r;
	if (o->file == NULL && !a->machine->pf_off)
		r = explain_known(&q, &a->known, err);
	a->input.known = a->known;
	if (r == 0)
		r = pf_explain(&a->input, &q, &ex, err);
	if (r == 0 && o->file == NULL && a->running.enabled &&
	    !a->running.from_file)
		strv_add(&ex->notes,
		    "pf_rules no longer says what is loaded: the lines are "
		    "those of pfctl -s loaded");
	if (r == 0 && o->facts == NULL)
		r = explain_look_further(&a->host, &q, ex, err);
	if (r == 0)
		r = print(ex, o->json);
	pf_question_clear(&q);
	return r;
}

static int
read_file(struct asked *a, const struct explain_opts *o, struct err *err)
{
	int r = load_file(a, o->file, err);

	if (r < 0)
		return r;
	a->input = (struct pf_ex_input){ .rules = a->rules,
		.machine = a->machine,
		.env = a->machine->env,
		.file = o->file };
	return 0;
}

static int
explain_run(
    struct cli *c, const void *opts, int argc, char **argv, struct err *err)
{
	const struct explain_opts *o = opts;
	_cleanup_(asked_clear) struct asked a = { .running.text = STR_INIT };
	_cleanup_(str_clear) struct str question = STR_INIT;
	int r;

	if (o->facts != NULL && o->file == NULL)
		return cli_usage(err,
		    "--facts describes another machine: give its rules with "
		    "--file");
	for (int i = 0; i < argc; i++)
		str_printf(&question, "%s%s", i ? " " : "", argv[i]);
	r = o->facts ? read_facts(&a, o->facts, err) : read_host(c, &a, err);
	if (r == 0)
		r = o->file ? read_file(&a, o, err) : read_running(&a, err);
	if (r == 0)
		r = answer(&a, o, question.buf, err);
	if (r >= 0)
		return r;
	cli_error(c, err);
	err_clear(err);
	return EXIT_CANNOT_TELL;
}

const struct cli_verb cmd_explain = {
	.name = "explain",
	.args = "[PROTO] [SRC[:PORT]] to DST[:PORT] [on IF] [flags F/F]",
	.summary = "say what becomes of a packet, and why",
	.help = "SRC and DST are addresses, jails or host names; without SRC"
		" the host sends it, or the jail of --jail. Write 'to', or"
		" \"->\" in quotes. Exit code: 0 it gets through, 1 it does"
		" not, 2 it cannot be told. See gaol-explain(8).",
	.min_args = 1,
	.max_args = CLI_ANY,
	.options = explain_options,
	.opts_size = sizeof(struct explain_opts),
	.run = explain_run,
};

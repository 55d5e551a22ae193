/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting and stopping jails: from properties to the engine's spec. */
#include "cli/life.h"

#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/str.h"
#include "cli/interrupt.h"
#include "cli/logs.h"
#include "cli/recover.h"
#include "net/net.h"
#include "store/store.h"

void
cli_spec_clear(struct cli_spec *s)
{
	closep(&s->spec.root_fd);
	closep(&s->spec.log_fd);
	closep(&s->spec.old_log_fd);
	net_jail_addrs_clear(&s->addrs);
	free(s->init_path);
}

static void
warn_sentence(void *arg, const char *sentence)
{
	cli_warn(arg, "%s", sentence);
}

static void
debug_step(void *arg, const struct step *step)
{
	cli_debug(arg, "%s: %s", step->name, step->text);
}

/* deny=AMOUNT as a number; 0 is none. Values were checked before. */
static uint64_t
limit(const struct cli_jail *jail, const char *property)
{
	struct conf_limit l = { 0 };

	(void)conf_limit_parse(cli_jail_get(jail, property), &l, NULL);
	return l.action[0] ? l.amount : 0;
}

/* The smaller of two limits, where 0 is none. */
static uint64_t
tighter(uint64_t a, uint64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

static unsigned int
as_uint(uint64_t n)
{
	return n > UINT32_MAX ? UINT32_MAX : (unsigned int)n;
}

static const char *
or_null(const char *value, const char *none)
{
	return streq(value, none) ? NULL : value;
}

/* iocage's default for a hook is a program that does nothing; starting it
 * would cost time for that. */
static const char *
hook(const struct cli_jail *jail, const char *property)
{
	return or_null(cli_jail_get(jail, property), "/usr/bin/true");
}

static unsigned int
number(const struct cli_jail *jail, const char *property)
{
	return (unsigned int)conf_get_int(jail->conf, jail->defaults, property);
}

static bool
flag(const struct cli_jail *jail, const char *property)
{
	return conf_get_bool(jail->conf, jail->defaults, property);
}

void
cli_spec_fill(struct jail_spec *spec, const struct cli_jail *jail)
{
	spec->name = jail->name;
	spec->hostname = or_null(cli_jail_get(jail, "host_hostname"), "");
	spec->domainname = or_null(cli_jail_get(jail, "host_domainname"), "");
	spec->localhost = streq(cli_jail_get(jail, "localhost"), "jail")
	    ? JAIL_LOCALHOST_JAIL
	    : JAIL_LOCALHOST_PRIVATE;
	spec->allow_raw_sockets = flag(jail, "allow_raw_sockets");
	spec->allow_mlock = flag(jail, "allow_mlock");
	spec->allow_socket_af = flag(jail, "allow_socket_af");
	spec->limits.memory = limit(jail, "memoryuse");
	spec->limits.pcpu = as_uint(limit(jail, "pcpu"));
	spec->limits.maxproc =
	    as_uint(tighter(limit(jail, "maxproc"), limit(jail, "nthr")));
	spec->exec_start = cli_jail_get(jail, "exec_start");
	spec->exec_stop = cli_jail_get(jail, "exec_stop");
	spec->exec_clean = flag(jail, "exec_clean");
	spec->exec_timeout = number(jail, "exec_timeout");
	spec->stop_timeout = number(jail, "stop_timeout");
	spec->hooks.prestart = hook(jail, "exec_prestart");
	spec->hooks.created = hook(jail, "exec_created");
	spec->hooks.poststart = hook(jail, "exec_poststart");
	spec->hooks.prestop = hook(jail, "exec_prestop");
	spec->hooks.poststop = hook(jail, "exec_poststop");
	spec->resolver =
	    or_null(cli_jail_get(jail, "resolver"), "/etc/resolv.conf");
	spec->host_time = flag(jail, "host_time");
}

/* The logs; --plan makes none. */
static int
open_logs(
    struct cli *c, const char *name, struct jail_spec *spec, struct err *err)
{
	if (c->plan)
		return 0;
	spec->log_fd =
	    cli_log_open(c, name, false, O_RDWR | O_CREAT | O_APPEND, err);
	if (spec->log_fd < 0)
		return spec->log_fd;
	spec->old_log_fd = cli_log_open(c, name, true, O_WRONLY | O_CREAT, err);
	return MIN(spec->old_log_fd, 0);
}

/* Mounts of fstab are not made yet: a jail that has some must not start
 * without them as if all was well. */
static int
check_fstab(const struct cli_jail *jail, struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	unsigned int number = 1;
	int r = file_read(jail->dir_fd, "fstab", 1 << 20, &text, err);

	if (r == -ENOENT) {
		err_clear(err);
		return 0;
	}
	if (r < 0)
		return r;
	for (const char *p = text.buf; *p != '\0'; number++) {
		size_t blanks = strspn(p, " \t"), end = strcspn(p, "\n");

		if (blanks < end && p[blanks] != '#')
			return err_set(err, ENOTSUP,
			    "fstab:%u: mounts are not built yet: "
			    "take the line out, or put a '#' before it",
			    number);
		p += end + (p[end] == '\n');
	}
	return 0;
}

int
cli_spec_make(struct cli *c, const struct cli_jail *jail, struct cli_spec *s,
    struct err *err)
{
	int r;

	*s = (struct cli_spec){ .spec = JAIL_SPEC_INIT };
	r = conf_check(jail->conf, jail->defaults, warn_sentence, c, err);
	if (r == 0)
		r = check_fstab(jail, err);
	if (r == 0)
		r = net_jail_addrs_parse(cli_jail_get(jail, "ip4_addr"),
		    cli_jail_get(jail, "ip6_addr"), &s->addrs, err);
	if (r < 0)
		return err_wrap(err, r, "jail '%s'", jail->name);
	r = store_jail_root_open(c->pool, jail->name, &s->spec.root_fd, err);
	if (r == 0)
		r = open_logs(c, jail->name, &s->spec, err);
	if (r < 0)
		return r;
	cli_spec_fill(&s->spec, jail);
	s->spec.addrs = &s->addrs;
	s->init_path = proc_helper("init");
	s->spec.init_path = s->init_path;
	s->spec.on_step = debug_step;
	s->spec.on_warning = warn_sentence;
	s->spec.arg = c;
	return 0;
}

/* The jail is opened with its lock, and what it depends on is up. */
static int
start_opened(struct cli *c, const struct cli_jail *jail, struct err *err)
{
	_cleanup_(cli_spec_clear) struct cli_spec s;
	_cleanup_(str_clear) struct str plan = STR_INIT;
	int r = cli_spec_make(c, jail, &s, err);

	if (r < 0)
		return r;
	if (c->plan) {
		jail_start_plan(&s.spec, &plan);
		(void)cli_step(c, "start jail '%s':", jail->name);
		cli_lines(c, "  ", plan.buf);
		return 0;
	}
	r = cli_recover_all(c, err);
	if (r < 0)
		return r;
	cli_say(c, "* Starting %s", jail->name);
	interrupt_arm(jail->name);
	r = jail_start(&s.spec, err);
	interrupt_disarm();
	if (r < 0) {
		cli_say(c, "  + Start FAILED");
		return err_wrap(err, r, "jail '%s'", jail->name);
	}
	cli_say(c, "  + Started OK");
	cli_say(c, "  + Starting services OK");
	return 0;
}

/* The jails that wait for each other, the newest first. */
struct chain {
	const char *name;
	const struct chain *before;
};

static int start_chain(struct cli *c, const char *name,
    const struct chain *before, struct err *err);

static int
start_depends(struct cli *c, const struct cli_jail *jail,
    const struct chain *chain, struct err *err)
{
	struct strv names = { 0 };
	int r = 0;

	if (streq(cli_jail_get(jail, "depends"), "none"))
		return 0;
	strv_split(&names, cli_jail_get(jail, "depends"), " ");
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		r = start_chain(c, names.v[i], chain, err);
		if (r == -EALREADY) {
			err_clear(err);
			r = 0;
		} else if (r < 0) {
			r = err_wrap(err, r, "jail '%s' depends on '%s'",
			    jail->name, names.v[i]);
		}
	}
	strv_clear(&names);
	return r;
}

static int
already_up(const struct cli_jail *jail, struct err *err)
{
	if (!cli_jail_is_up(jail))
		return 0;
	return err_set(
	    err, EALREADY, "jail '%s' is already running", jail->name);
}

static int
start_chain(struct cli *c, const char *name, const struct chain *before,
    struct err *err)
{
	struct chain here = { name, before };
	struct cli_jail jail;
	int r;

	for (const struct chain *w = before; w; w = w->before)
		if (streq(w->name, name))
			return err_set(err, ELOOP,
			    "jail '%s' depends on itself by way of '%s'", name,
			    before->name);
	r = cli_jail_open(c, name, false, &jail, err);
	if (r < 0)
		return r;
	/* `depends` takes whole names: a beginning would mean another jail
	 * once there is one more. */
	if (!streq(jail.name, name))
		r = err_set(err, ENOENT, "there is no jail '%s'", name);
	if (r == 0)
		r = already_up(&jail, err);
	if (r == 0)
		r = start_depends(c, &jail, &here, err);
	cli_jail_clear(&jail);
	if (r < 0)
		return r;

	/* Again, locked: what counts is what it is set to now. */
	r = cli_jail_open(c, name, !c->plan, &jail, err);
	if (r < 0)
		return r;
	r = already_up(&jail, err);
	if (r == 0)
		r = start_opened(c, &jail, err);
	cli_jail_clear(&jail);
	return r;
}

int
cli_start(struct cli *c, const char *name, struct err *err)
{
	return start_chain(c, name, NULL, err);
}

int
cli_stop_locked(struct cli *c, const char *name, bool force, struct err *err)
{
	const struct jail_stop_opts opts = {
		.force = force, .on_warning = warn_sentence, .arg = c
	};
	int r;

	cli_say(c, "* Stopping %s", name);
	r = jail_stop(name, &opts, err);
	cli_say(c, r < 0 ? "  + Stop FAILED" : "  + Stopped OK");
	return r < 0 ? err_wrap(err, r, "jail '%s'", name) : 0;
}

int
cli_stop(struct cli *c, const char *name, bool force, struct err *err)
{
	struct cli_jail jail;
	int r = cli_jail_open_any(c, name, !c->plan, &jail, err);

	if (r < 0)
		return r;
	if (jail.state.status == JAIL_DOWN)
		r = err_set(err, ESRCH, "jail '%s' is not running", jail.name);
	else if (!cli_step(c, "stop jail '%s'%s", jail.name,
		     force ? " without its hooks" : ""))
		r = cli_stop_locked(c, jail.name, force, err);
	cli_jail_clear(&jail);
	return r;
}

int
cli_ensure_running(struct cli *c, const char *name, bool start, struct err *err)
{
	struct jail_state state = { 0 };
	int r = jail_state_read(name, &state, err);
	bool up = state.status == JAIL_UP, lost = state.status == JAIL_LOST;

	jail_state_clear(&state);
	if (r == 0 && lost)
		return cli_recover_all(c, err);
	if (r < 0 || up)
		return r;
	if (!start)
		return err_set(
		    err, ESRCH, "jail '%s' is not running; -f starts it", name);
	return cli_start(c, name, err);
}

/* ---- several at once ---- */

static int
choose_words(struct cli *c, const struct cli_choice *choice,
    struct strv *ret_names, struct err *err)
{
	for (int i = 0; i < choice->argc; i++) {
		char *name;
		int r = cli_jail_name(c, choice->argv[i], &name, err);

		if (r < 0)
			return r;
		if (!strv_has(ret_names, name))
			strv_add(ret_names, name);
		free(name);
	}
	return 0;
}

static int
choose_all(struct cli *c, const struct cli_choice *choice,
    struct strv *ret_names, struct err *err)
{
	struct cli_jails jails = { 0 };
	int r = cli_jails_read(c, &jails, err);

	if (r < 0)
		return r;
	cli_jails_sort(&jails, choice->backwards);
	for (size_t i = 0; i < jails.n; i++) {
		const struct cli_jail *jail = &jails.v[i];
		bool down = jail->state.status == JAIL_DOWN;

		if (choice->running ? down : cli_jail_is_up(jail))
			continue;
		if (choice->rc && jail->corrupt)
			cli_warn(c, "%s", jail->corrupt);
		if (choice->rc &&
		    !conf_get_bool(jail->conf, jail->defaults, "boot"))
			continue;
		strv_add(ret_names, jail->name);
	}
	cli_jails_clear(&jails);
	return 0;
}

int
cli_choose(struct cli *c, const struct cli_choice *choice,
    struct strv *ret_names, struct err *err)
{
	bool all = choice->argc == 1 && streq(choice->argv[0], "ALL");

	if (choice->rc && choice->argc > 0)
		return err_set(err, EINVAL,
		    "--rc chooses the jails itself; leave '%s' out",
		    choice->argv[0]);
	if (!choice->rc && choice->argc == 0)
		return err_set(err, EINVAL,
		    "no jail is named; name some, or ALL, or give --rc");
	if (choice->rc || all)
		return choose_all(c, choice, ret_names, err);
	return choose_words(c, choice, ret_names, err);
}

int
cli_each(struct cli *c, const struct strv *names, bool ignore,
    cli_action *action, const void *arg, struct err *err)
{
	size_t failed = 0;

	for (size_t i = 0; i < names->n; i++) {
		struct err own = { 0 };
		int r = action(c, names->v[i], arg, &own);

		if (r >= 0)
			continue;
		if (names->n == 1 && !ignore) {
			*err = own;
			return r;
		}
		cli_error(c, &own);
		failed++;
	}
	if (failed == 0 || ignore)
		return 0;
	return err_set(err, EIO, "%zu of %zu jails failed", failed, names->n);
}

static int
boot_one(struct cli *c, const char *name, const void *arg, struct err *err)
{
	int r = cli_start(c, name, err);

	(void)arg;
	/* One that another depends on was started with that. */
	return r == -EALREADY ? 0 : r;
}

int
cli_start_boot(struct cli *c, struct err *err)
{
	const struct cli_choice choice = { .rc = true };
	struct strv names = { 0 };
	int r = cli_choose(c, &choice, &names, err);

	if (r == 0)
		r = cli_each(c, &names, false, boot_one, NULL, err);
	strv_clear(&names);
	return r;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gaol service: what FreeBSD's rc.d scripts pf and iocage do. The init
 * scripts and units call it; the words and messages are FreeBSD's.
 */

#include <errno.h>
#include <unistd.h>

#include "base/proc.h"
#include "cli/life.h"
#include "cli/rules.h"
#include "conf/rcconf.h"
#include "nft/nft.h"
#include "store/store.h"

struct service {
	const char *name;
	const char *rcvar;
	int (*start)(struct cli *c, const struct rcconf *rc, struct err *err);
	int (*stop)(struct cli *c, const struct rcconf *rc, struct err *err);
	int (*status)(struct cli *c, const struct rcconf *rc, struct err *err);
	/* Words of its own. */
	int (*check)(struct cli *c, const struct rcconf *rc, struct err *err);
	int (*reload)(struct cli *c, const struct rcconf *rc, struct err *err);
};

/* ---- pf ---- */

static int
pf_start(struct cli *c, const struct rcconf *rc, struct err *err)
{
	int r = cli_rules_load(rc, true, err);

	if (r == 0)
		cli_say(c, "Enabling pf.");
	return r;
}

static int
pf_stop(struct cli *c, const struct rcconf *rc _unused_, struct err *err)
{
	static const char *const args[] = { "-q", "-d", NULL };
	struct nft_status st;
	int r = nft_status_read(&st, err);

	if (r < 0 || !st.enabled)
		return r;
	cli_say(c, "Disabling pf.");
	return cli_pfctl(args, err);
}

static int
pf_status(
    struct cli *c _unused_, const struct rcconf *rc _unused_, struct err *err)
{
	static const char *const args[] = { "-s", "info", NULL };
	struct nft_status st;
	int r = nft_status_read(&st, err);

	if (r == 0)
		r = cli_pfctl(args, err);
	/* As LSB has it: 3, not running. */
	return r != 0 ? r : st.enabled ? 0 : 3;
}

static int
pf_check(struct cli *c, const struct rcconf *rc, struct err *err)
{
	const char *rules =
	    rcconf_get(rc, "pf_rules", rcconf_default("pf_rules"));
	const char *args[] = { "-n", "-f", rules, NULL };

	cli_say(c, "Checking pf rules.");
	return cli_pfctl(args, err);
}

static int
pf_reload(struct cli *c, const struct rcconf *rc, struct err *err)
{
	cli_say(c, "Reloading pf rules.");
	return cli_rules_load(rc, false, err);
}

/* ---- iocage ---- */

static void
pool_failed(void *arg, const struct err *err)
{
	cli_error(arg, err);
}

static int
iocage_start(struct cli *c, const struct rcconf *rc _unused_, struct err *err)
{
	int r = pool_import_all(pool_failed, c, err);

	if (r == 0)
		r = pool_open_active(&c->pool, err);
	return r < 0 ? r : cli_start_boot(c, err);
}

static int
stop_one(
    struct cli *c, const char *name, const void *arg _unused_, struct err *err)
{
	return cli_stop(c, name, false, err);
}

/* A host without a pool has nothing to stop, and that is no failure. */
static int
any_jail(bool *ret, struct err *err)
{
	_cleanup_(jail_states_clear) struct jail_states states = { 0 };
	int r = jail_states_read(&states, err);

	*ret = states.n > 0;
	return r;
}

static int
iocage_stop(struct cli *c, const struct rcconf *rc _unused_, struct err *err)
{
	static char all[] = "ALL";
	char *words[] = { all };
	const struct cli_choice choice = {
		.argc = 1, .argv = words, .backwards = true, .running = true
	};
	_cleanup_(strv_clear) struct strv names = { 0 };
	bool any;
	int r = any_jail(&any, err);

	if (r < 0 || !any)
		return r;
	r = pool_open_active(&c->pool, err);
	if (r == 0)
		r = cli_choose(c, &choice, &names, err);
	return r < 0 ? r : cli_each(c, &names, false, stop_one, NULL, err);
}

static int
iocage_status(struct cli *c, const struct rcconf *rc _unused_, struct err *err)
{
	static char all[] = "ALL";
	char *words[] = { all };
	const struct cli_choice choice = {
		.argc = 1, .argv = words, .running = true
	};
	_cleanup_(strv_clear) struct strv names = { 0 };
	int r = pool_open_active(&c->pool, err);

	if (r == 0)
		r = cli_choose(c, &choice, &names, err);
	for (size_t i = 0; r == 0 && i < names.n; i++)
		cli_say(c, "%s", names.v[i]);
	return r < 0 ? r : names.n > 0 ? 0 : 3;
}

static const struct service services[] = {
	{ .name = "pf",
	    .rcvar = "pf_enable",
	    .start = pf_start,
	    .stop = pf_stop,
	    .status = pf_status,
	    .check = pf_check,
	    .reload = pf_reload },
	{ .name = "iocage",
	    .rcvar = "iocage_enable",
	    .start = iocage_start,
	    .stop = iocage_stop,
	    .status = iocage_status },
};

/* ---- enable, disable ---- */

static int
tell_init(const char *const argv[], struct err *err)
{
	struct proc_spec spec = PROC_SPEC_INIT;
	int r;

	spec.argv = argv;
	r = proc_run(&spec, err);
	if (r == -ENOENT)
		return 0; /* an init that needs no telling */
	if (r > 0)
		return err_set(
		    err, EIO, "%s %s ended with %d", argv[0], argv[1], r);
	return r;
}

/* Debian's init has to call the scripts at boot; whether they do anything then
 * is rc.conf's matter, so `disable` leaves them. systemd is told of all at
 * once: with each call it reads all units again. */
static int
register_scripts(const struct service *s, struct err *err)
{
	/* Those that the service's own depends on come first. */
	const char *const names[] = { "gaol-early", "gaol-network", s->name,
		"gaol-watch" };
	const char *units[ARRAY_SIZE(names) + 4] = { "systemctl", "-q",
		"enable" };
	bool systemd = access("/run/systemd/system", F_OK) == 0;
	size_t n = 3;
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names) && r == 0; i++) {
		_cleanup_free_ char *script =
		    xasprintf("/etc/init.d/%s", names[i]);
		const char *const one[] = { "update-rc.d", names[i], "defaults",
			NULL };

		if (access(script, X_OK) < 0)
			continue;
		units[n++] = names[i];
		if (!systemd)
			r = tell_init(one, err);
	}
	return systemd && n > 3 ? tell_init(units, err) : r;
}

static int
set_enabled(struct cli *c, const struct service *s, bool on, struct err *err)
{
	int r;

	if (cli_step(c, "set %s=\"%s\" in " RCCONF_PATH, s->rcvar,
		on ? "YES" : "NO"))
		return 0;
	r = rcconf_write(RCCONF_PATH, s->rcvar, on ? "YES" : "NO", err);
	if (r == 0 && on)
		r = register_scripts(s, err);
	if (r == 0)
		cli_say(c, "%s %s in " RCCONF_PATH, s->name,
		    on ? "enabled" : "disabled");
	return r;
}

/* ---- the words ---- */

/* How a word was said: plain, one (whatever rc.conf says), fast (at boot:
 * silent if it is not enabled). */
enum manner { PLAIN, ONE, FAST };

static const char *
take_manner(const char *word, enum manner *ret)
{
	static const struct {
		const char *prefix;
		enum manner manner;
	} prefixes[] = {
		{ "one", ONE },
		{ "force", ONE },
		{ "fast", FAST },
		{ "quiet", FAST },
	};

	*ret = PLAIN;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (str_starts(word, prefixes[i].prefix)) {
			*ret = prefixes[i].manner;
			return word + strlen(prefixes[i].prefix);
		}
	return word;
}

struct call {
	struct cli *c;
	const struct service *s;
	struct rcconf *rc;
	const char *word;
	enum manner manner;
};

/* 1 go on, 0 nothing to do, negative: refused. */
static int
may_act(const struct call *k, struct err *err)
{
	bool on;
	int r = rcconf_bool(k->rc, k->s->rcvar, false, &on, err);

	if (r < 0)
		return r;
	if (on || k->manner == ONE)
		return 1;
	if (k->manner == FAST)
		return 0;
	return err_set(err, EPERM,
	    "Cannot '%s' %s. Set %s to YES in " RCCONF_PATH
	    " or use 'one%s' instead of '%s'.",
	    k->word, k->s->name, k->s->rcvar, k->word, k->word);
}

static int
act(const struct call *k, const char *text,
    int (*f)(struct cli *, const struct rcconf *, struct err *),
    struct err *err)
{
	int r = may_act(k, err);

	if (r <= 0)
		return r;
	if (cli_step(k->c, "%s %s", text, k->s->name))
		return 0;
	return f(k->c, k->rc, err);
}

static int
do_restart(const struct call *k, struct err *err)
{
	int r = act(k, "stop", k->s->stop, err);

	return r < 0 ? r : act(k, "start", k->s->start, err);
}

static int
say_rcvar(const struct call *k)
{
	cli_say(k->c, "# %s", k->s->name);
	cli_say(k->c, "#");
	cli_say(k->c, "%s=\"%s\"", k->s->rcvar,
	    rcconf_get(k->rc, k->s->rcvar, rcconf_default(k->s->rcvar)));
	return 0;
}

static int
is_enabled(const struct call *k, struct err *err)
{
	bool on;
	int r = rcconf_bool(k->rc, k->s->rcvar, false, &on, err);

	return r < 0 ? r : !on;
}

static int
do_word(const struct call *k, struct err *err)
{
	const struct service *s = k->s;

	if (streq(k->word, "start"))
		return act(k, "start", s->start, err);
	if (streq(k->word, "stop"))
		return act(k, "stop", s->stop, err);
	if (streq(k->word, "restart"))
		return do_restart(k, err);
	if (streq(k->word, "status"))
		return s->status(k->c, k->rc, err);
	if (streq(k->word, "enable") || streq(k->word, "disable"))
		return set_enabled(k->c, s, streq(k->word, "enable"), err);
	if (streq(k->word, "enabled"))
		return is_enabled(k, err);
	if (streq(k->word, "rcvar"))
		return say_rcvar(k);
	if (s->check && streq(k->word, "check"))
		return s->check(k->c, k->rc, err);
	/* force-reload is Debian's word: here "-reload", after "force". */
	if (s->reload &&
	    (streq(k->word, "reload") || streq(k->word, "resync") ||
		streq(k->word, "-reload")))
		return act(k, "reload", s->reload, err);
	if (streq(k->word, "-reload"))
		return do_restart(k, err);
	return cli_usage(err,
	    "'%s' does not know '%s': start, stop, restart, "
	    "status, enable, disable, enabled, rcvar%s, or one of the first "
	    "three with 'one' before it",
	    s->name, k->word, s->check ? ", check, reload, resync" : "");
}

static int
service_run(struct cli *c, const void *opts _unused_, int argc _unused_,
    char **argv, struct err *err)
{
	_cleanup_(rcconf_freep) struct rcconf *rc = NULL;
	struct call k = { .c = c };
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(services); i++)
		if (streq(argv[0], services[i].name))
			k.s = &services[i];
	if (!k.s)
		return cli_usage(err,
		    "'%s' is no service of gaol's: pf or "
		    "iocage",
		    argv[0]);
	r = rcconf_read_host(&rc, err);
	if (r < 0)
		return r;
	k.rc = rc;
	k.word = take_manner(argv[1], &k.manner);
	return do_word(&k, err);
}

const struct cli_verb cmd_service = {
	.name = "service",
	.args = "pf|iocage WORD",
	.summary = "what `service pf WORD` and `service iocage WORD` do",
	.help = "WORD is start, stop, restart, status, enable, disable, enabled"
		" or rcvar, for pf also check, reload or resync. With 'one'"
		" before it, start, stop and restart act whatever"
		" /etc/rc.conf says.",
	.min_args = 2,
	.max_args = 2,
	.flags = CLI_ROOT | CLI_WRITES,
	.run = service_run,
};

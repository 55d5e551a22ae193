/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol set: change properties of a jail or of the defaults. */
#include <errno.h>

#include "cli/assign.h"
#include "cli/jails.h"
#include "store/store.h"

/* Addresses are judged as a whole: both families, as they will be. */
static int
check_addresses(struct cli *c, const struct cli_jail *jail,
    const struct cli_assigns *as, struct err *err)
{
	const char *ip4 = cli_assigns_get(as, "ip4_addr");
	const char *ip6 = cli_assigns_get(as, "ip6_addr");

	if (!ip4 && !ip6)
		return 0;
	return cli_check_addresses(c, jail->name ? jail->name : "default",
	    ip4 ? ip4 : cli_jail_get(jail, "ip4_addr"),
	    ip6 ? ip6 : cli_jail_get(jail, "ip6_addr"), err);
}

/* "key: old -> new" for each. */
static void
describe(const struct cli_jail *jail, const struct cli_assigns *as,
    struct strv *lines)
{
	for (size_t i = 0; i < as->n; i++)
		strv_add_owned(lines,
		    xasprintf("%s: %s -> %s", as->v[i].name,
			cli_jail_get(jail, as->v[i].name), as->v[i].value));
}

/* Say what was done, and what is to be known about it. */
static void
report(struct cli *c, const struct cli_jail *jail, const struct cli_assigns *as,
    const struct strv *lines)
{
	bool later = false;

	for (size_t i = 0; i < lines->n; i++) {
		cli_say(c, "%s", lines->v[i]);
		later =
		    later || conf_prop_find(as->v[i].name)->when == CONF_START;
	}
	if (later && jail->name && cli_jail_is_up(jail))
		cli_warn(c,
		    "jail '%s' is running; what it is set to counts"
		    " from its next start",
		    jail->name);
}

static void
plan(struct cli *c, const struct cli_jail *jail, const struct cli_assigns *as)
{
	for (size_t i = 0; i < as->n; i++)
		(void)cli_step(c, "set %s of %s from %s to %s", as->v[i].name,
		    jail->name ? jail->name : "the defaults",
		    cli_jail_get(jail, as->v[i].name), as->v[i].value);
}

static int
set_in(struct cli *c, const struct cli_jail *jail, struct conf *conf,
    int dir_fd, const char *file, const struct cli_assigns *as, struct err *err)
{
	_cleanup_(strv_clear) struct strv lines = { 0 };
	int r = check_addresses(c, jail, as, err);

	if (r < 0)
		return r;
	if (c->plan) {
		plan(c, jail, as);
		return 0;
	}
	describe(jail, as, &lines);
	for (size_t i = 0; i < as->n; i++)
		conf_put(conf, as->v[i].name, as->v[i].value);
	r = conf_write(dir_fd, file, conf, err);
	if (r == 0)
		report(c, jail, as, &lines);
	return r;
}

static int
set_jail(struct cli *c, const char *word, const struct cli_assigns *as,
    struct err *err)
{
	struct cli_jail jail;
	int r = cli_jail_open(c, word, !c->plan, &jail, err);

	if (r < 0)
		return r;
	r = set_in(c, &jail, jail.conf, jail.dir_fd, CONF_FILE, as, err);
	if (r < 0)
		r = err_wrap(err, r, "jail '%s'", jail.name);
	cli_jail_clear(&jail);
	return r;
}

static int
set_default(struct cli *c, const struct cli_assigns *as, struct err *err)
{
	struct cli_jail none = { .dir_fd = -1 };
	int r = cli_defaults_read(c, &none.defaults, err);

	/* The file holds every property, as iocage wants to find it. */
	if (r == 0)
		conf_fill(none.defaults);
	if (r == 0)
		r = set_in(c, &none, none.defaults, c->pool->ioc_fd,
		    CONF_DEFAULTS_FILE, as, err);
	cli_jail_clear(&none);
	return r;
}

static int
set_run(struct cli *c, const void *opts, int argc, char **argv, struct err *err)
{
	struct cli_assigns as = { 0 };
	const char *word = argv[argc - 1];
	int r;

	(void)opts;
	if (strchr(word, '='))
		return cli_usage(err, "no jail is named after '%s'", word);
	r = cli_assigns_parse(argc - 1, argv, &as, err);
	if (r == 0)
		r = streq(word, "default") ? set_default(c, &as, err)
					   : set_jail(c, word, &as, err);
	cli_assigns_clear(&as);
	return r;
}

const struct cli_verb cmd_set = {
	.name = "set",
	.args = "PROPERTY=VALUE... JAIL",
	.summary = "change what a jail is set to",
	.help = "JAIL may be 'default': what holds where a jail says nothing.",
	.min_args = 2,
	.max_args = CLI_ANY,
	.flags = CLI_ROOT | CLI_POOL | CLI_WRITES,
	.run = set_run,
};

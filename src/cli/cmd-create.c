/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol create */
#include <errno.h>
#include <sys/random.h>

#include "base/proc.h"
#include "cli/create.h"
#include "cli/life.h"
#include "store/store.h"

enum { COUNT_MAX = 1000 };

struct create_opts {
	const char *release;
	bool empty;
	const char *name;
	const char *uuid;
	bool short_uuid;
	unsigned count;
};

static const struct cli_opt create_options[] = {
	CLI_STR('r', "release", "RELEASE", struct create_opts, release,
	    "the release; fetched first if it is not there; or 'latest'"),
	CLI_FLAG('e', "empty", struct create_opts, empty,
	    "make a jail with nothing in it"),
	CLI_STR('n', "name", "NAME", struct create_opts, name,
	    "its name; without, it is called by its uuid"),
	CLI_STR('u', "uuid", "UUID", struct create_opts, uuid,
	    "the uuid to call it by"),
	CLI_FLAG('s', "short", struct create_opts, short_uuid,
	    "only the first 8 characters of the uuid"),
	CLI_UINT('c', "count", "N", struct create_opts, count, 1, COUNT_MAX,
	    "make N jails: NAME_1 to NAME_N"),
	CLI_OPT_END
};

/* A random uuid (version 4). */
static int
random_uuid(char out[37], struct err *err)
{
	unsigned char b[16];
	char *at = out;

	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		return err_errno(err, "cannot get random bytes for a uuid");
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < sizeof(b); i++)
		at += sprintf(at, "%s%02x",
		    i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b[i]);
	return 0;
}

/* The names of the jails that are to be made. */
static int
choose_names(const struct create_opts *o, struct strv *names, struct err *err)
{
	unsigned count = o->count ? o->count : 1;
	const char *base = o->name ? o->name : o->uuid;
	char uuid[37];
	int r;

	for (unsigned i = 1; i <= count; i++) {
		if (base && count > 1) {
			strv_add_owned(names, xasprintf("%s_%u", base, i));
			continue;
		}
		if (!base) {
			r = random_uuid(uuid, err);
			if (r < 0)
				return r;
			if (o->short_uuid)
				uuid[8] = '\0';
		}
		strv_add(names, base ? base : uuid);
	}
	return 0;
}

static int
check_options(
    const struct create_opts *o, const struct cli_assigns *as, struct err *err)
{
	const char *ip4 = cli_assigns_get(as, "ip4_addr");
	const char *ip6 = cli_assigns_get(as, "ip6_addr");

	if (!o->release && !o->empty)
		return err_set(err, EINVAL,
		    "a release is wanted: -r %s, or -e for an empty jail",
		    release_latest()->name);
	if (o->release && o->empty)
		return err_set(err, EINVAL, "-r and -e exclude each other");
	if (o->name && o->uuid)
		return err_set(err, EINVAL, "-n and -u exclude each other");
	if (o->count && o->uuid)
		return err_set(err, EINVAL, "-c and -u exclude each other");
	if (o->count > 1 &&
	    ((ip4 && !streq(ip4, "none")) || (ip6 && !streq(ip6, "none"))))
		return err_set(err, EINVAL,
		    "%u jails cannot have the same address; make them "
		    "without, then set each its own",
		    o->count);
	return 0;
}

/* Everything that can be judged before something is made. */
static int
check_jails(struct cli *c, const struct strv *names,
    const struct cli_assigns *as, struct err *err)
{
	const char *ip4 = cli_assigns_get(as, "ip4_addr");
	const char *ip6 = cli_assigns_get(as, "ip6_addr");
	int r = 0;

	for (size_t i = 0; r == 0 && i < names->n; i++)
		r = cli_name_is_free(c, names->v[i], err);
	if (r == 0 && (ip4 || ip6))
		r = cli_check_addresses(c, names->v[0], ip4, ip6, err);
	return r;
}

/* gaol-fetch prints its progress and its own errors. */
static int
fetch(struct cli *c, const char *release, struct err *err)
{
	_cleanup_free_ char *helper = proc_helper("fetch");
	const char *const argv[] = { helper, "--", release, NULL };
	struct proc_spec spec = PROC_SPEC_INIT;
	int r;

	if (cli_step(c, "fetch release %s", release))
		return 0;
	cli_say(c, "release %s is not there yet: fetching it", release);
	spec.argv = argv;
	spec.in = 0;
	r = proc_run(&spec, err);
	if (r > 0)
		return err_set(
		    err, EIO, "release '%s' could not be fetched", release);
	return r;
}

/* A word as a shell wants it. */
static void
add_quoted(struct str *out, const char *word)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "%+,-./:=@_";
	bool quote = word[0] == '\0' || word[strspn(word, plain)] != '\0';

	str_addc(out, ' ');
	if (quote)
		str_addc(out, '\'');
	for (; *word; word++)
		if (*word == '\'')
			str_add(out, "'\\''");
		else
			str_addc(out, *word);
	if (quote)
		str_addc(out, '\'');
}

/* The command as it was typed, but for the release: what to type instead of
 * one of FreeBSD's. */
static char *
typed(const struct create_opts *o, const struct cli_assigns *as)
{
	_cleanup_(str_clear) struct str out = STR_INIT;

	str_add(&out, "create");
	if (o->name) {
		str_add(&out, " -n");
		add_quoted(&out, o->name);
	}
	if (o->count)
		str_printf(&out, " -c %u", o->count);
	for (size_t i = 0; i < as->n; i++) {
		_cleanup_free_ char *word =
		    xasprintf("%s=%s", as->v[i].name, as->v[i].value);

		add_quoted(&out, word);
	}
	return str_take(&out);
}

/* The canonical name of the release, there when this returns. */
static int
get_release(struct cli *c, const struct create_opts *o,
    const struct cli_assigns *as, const char **ret, struct err *err)
{
	_cleanup_free_ char *verb = typed(o, as);
	const struct release_def *def = NULL;
	int r;

	if (o->empty) {
		*ret = STORE_EMPTY;
		return 0;
	}
	if (store_release_exists(c->pool, o->release)) {
		*ret = o->release;
		return 0;
	}
	r = release_find(o->release, verb, &def, err);
	if (r < 0)
		return r;
	*ret = def->name;
	if (store_release_exists(c->pool, def->name))
		return 0;
	return fetch(c, def->name, err);
}

static int
create_all(struct cli *c, const struct strv *names, const char *release,
    const struct cli_assigns *as, struct err *err)
{
	const char *boot = cli_assigns_get(as, "boot");

	for (size_t i = 0; i < names->n; i++) {
		struct cli_creation creation = { .c = c,
			.name = names->v[i],
			.release = release,
			.assigns = as };
		int r = cli_create(&creation, err);

		if (r < 0)
			return r;
		if (!c->plan)
			cli_say(c, "%s successfully created!", names->v[i]);
		if (boot && streq(boot, "1") &&
		    !cli_step(c, "start jail '%s': boot=on", names->v[i]))
			r = cli_start(c, names->v[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int
create(struct cli *c, const struct create_opts *o, const struct cli_assigns *as,
    struct strv *names, struct err *err)
{
	const char *release = NULL;
	int r = check_options(o, as, err);

	if (r == 0)
		r = choose_names(o, names, err);
	if (r == 0)
		r = check_jails(c, names, as, err);
	if (r == 0)
		r = get_release(c, o, as, &release, err);
	if (r == 0)
		r = create_all(c, names, release, as, err);
	return r;
}

static int
create_run(
    struct cli *c, const void *opts, int argc, char **argv, struct err *err)
{
	_cleanup_(strv_clear) struct strv names = { 0 };
	_cleanup_(cli_assigns_clear) struct cli_assigns as = { 0 };
	int r = cli_assigns_parse(argc, argv, &as, err);

	return r < 0 ? r : create(c, opts, &as, &names, err);
}

const struct cli_verb cmd_create = {
	.name = "create",
	.args = "[PROPERTY=VALUE...]",
	.summary = "make a jail",
	.help = "`gaol get all default` lists the properties.",
	.max_args = CLI_ANY,
	.flags = CLI_ROOT | CLI_POOL | CLI_WRITES,
	.options = create_options,
	.opts_size = sizeof(struct create_opts),
	.run = create_run,
};

/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding jails, reading what they are set to, locking them. */
#include "cli/jails.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/table.h"
#include "cli/recover.h"
#include "net/net.h"
#include "store/store.h"

void
cli_jail_clear(struct cli_jail *jail)
{
	free(jail->name);
	free(jail->corrupt);
	conf_freep(&jail->conf);
	conf_freep(&jail->defaults);
	jail_state_clear(&jail->state);
	closep(&jail->dir_fd);
	*jail = (struct cli_jail){ .dir_fd = -1 };
}

void
cli_jails_clear(struct cli_jails *jails)
{
	for (size_t i = 0; i < jails->n; i++) {
		jails->v[i].defaults = NULL; /* the list's, not the jail's */
		cli_jail_clear(&jails->v[i]);
	}
	array_clear(jails);
	conf_freep(&jails->defaults);
}

int
cli_defaults_read(struct cli *c, struct conf **ret, struct err *err)
{
	struct err missing = { 0 };
	int r = conf_read(c->pool->ioc_fd, CONF_DEFAULTS_FILE,
	    CONF_DEFAULTS_FILE, ret, &missing);

	if (r == -ENOENT) {
		*ret = conf_new();
		return 0;
	}
	if (r < 0)
		*err = missing;
	return r;
}

/* Read config.json below dir_fd; a broken one is told in jail->corrupt. */
static void
read_config(struct cli_jail *jail, int dir_fd, const char *file)
{
	_cleanup_free_ char *what =
	    xasprintf("jail '%s': %s", jail->name, CONF_FILE);
	struct err err = { 0 };

	if (conf_read(dir_fd, file, what, &jail->conf, &err) < 0)
		jail->corrupt = xstrdup(err.msg);
}

/* Both lists are sorted by name: give each jail the state that is its. */
static void
take_states(struct cli_jails *jails, struct jail_states *states)
{
	size_t s = 0;

	for (size_t i = 0; i < jails->n; i++) {
		while (s < states->n &&
		    strcmp(states->v[s].name, jails->v[i].name) < 0)
			s++;
		if (s < states->n &&
		    streq(states->v[s].name, jails->v[i].name)) {
			jails->v[i].state = states->v[s];
			states->v[s++] = (struct jail_state){ 0 };
		}
	}
}

static int
read_all(struct cli *c, struct cli_jails *jails, struct err *err)
{
	struct jail_states states = { 0 };
	struct strv names = { 0 };
	int r = store_jail_list(c->pool, &names, err);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		struct cli_jail *jail = array_add(jails);
		_cleanup_free_ char *file =
		    xasprintf("jails/%s/%s", names.v[i], CONF_FILE);

		jail->dir_fd = -1;
		jail->name = xstrdup(names.v[i]);
		jail->defaults = jails->defaults;
		read_config(jail, c->pool->ioc_fd, file);
	}
	strv_clear(&names);
	if (r == 0)
		r = jail_states_read(&states, err);
	if (r == 0)
		take_states(jails, &states);
	jail_states_clear(&states);
	return r;
}

int
cli_jails_read(struct cli *c, struct cli_jails *ret, struct err *err)
{
	struct cli_jails jails = { 0 };
	int r = cli_defaults_read(c, &jails.defaults, err);

	if (r == 0)
		r = read_all(c, &jails, err);
	if (r < 0) {
		cli_jails_clear(&jails);
		return r;
	}
	*ret = jails;
	return 0;
}

static int
ambiguous(const char *word, const struct strv *names, struct err *err)
{
	_cleanup_(str_clear) struct str list = STR_INIT;

	for (size_t i = 0; i < names->n; i++)
		if (str_starts(names->v[i], word))
			str_printf(
			    &list, "%s%s", list.len ? ", " : "", names->v[i]);
	return err_set(err, EINVAL,
	    "'%s' begins the names of several jails: "
	    "%s",
	    word, list.buf);
}

int
cli_jail_name(struct cli *c, const char *word, char **ret_name, struct err *err)
{
	struct strv names = { 0 };
	const char *found = NULL;
	size_t matches = 0;
	int r;

	if (strchr(word, '/'))
		return err_set(err, EINVAL,
		    "'%s' is no name of a jail: it "
		    "holds a '/'",
		    word);
	r = store_jail_list(c->pool, &names, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < names.n; i++) {
		if (streq(names.v[i], word)) {
			found = names.v[i];
			matches = 1;
			break;
		}
		if (word[0] && str_starts(names.v[i], word)) {
			found = names.v[i];
			matches++;
		}
	}
	if (matches == 1)
		*ret_name = xstrdup(found);
	else if (matches > 1)
		r = ambiguous(word, &names, err);
	else
		r = err_set(err, ENOENT, "there is no jail '%s'", word);
	strv_clear(&names);
	return r;
}

enum { LOCK_TRIES = 100 };

static bool
take_lock(int fd)
{
	/* The last processes of a killed start may still hold theirs. */
	const struct timespec moment = { .tv_nsec = 10000000 };

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		(void)nanosleep(&moment, NULL);
	}
	return false;
}

/* Lock the directory, which must still be the jail's afterwards: another verb
 * may have destroyed the jail, and a new one may bear its name. */
static int
lock_jail(struct cli *c, const struct cli_jail *jail, struct err *err)
{
	_cleanup_free_ char *path = xasprintf("jails/%s", jail->name);
	struct stat held, named;

	if (!take_lock(jail->dir_fd))
		return err_set(err, EBUSY,
		    "jail '%s': another command is at "
		    "work on it; try again when it has ended",
		    jail->name);
	if (fstat(jail->dir_fd, &held) < 0 ||
	    fstatat(c->pool->ioc_fd, path, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
	    held.st_ino != named.st_ino || held.st_dev != named.st_dev)
		return err_set(
		    err, ENOENT, "there is no jail '%s' any more", jail->name);
	return 0;
}

static int
open_jail(struct cli *c, struct cli_jail *jail, bool lock, struct err *err)
{
	_cleanup_close_ int path_fd = -1;
	int r = store_jail_open(c->pool, jail->name, &path_fd, err);

	if (r < 0)
		return r;
	jail->dir_fd = openat(path_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (jail->dir_fd < 0)
		return err_errno(err, "jail '%s'", jail->name);
	if (lock)
		r = lock_jail(c, jail, err);
	if (r == 0)
		r = cli_defaults_read(c, &jail->defaults, err);
	if (r == 0)
		r = jail_state_read(jail->name, &jail->state, err);
	if (r < 0)
		return r;
	read_config(jail, jail->dir_fd, CONF_FILE);
	/* Nobody else is at it, and whoever locks it wants to act on it. */
	if (lock && jail->state.status == JAIL_LOST)
		r = cli_jail_recover(jail, err);
	return r;
}

int
cli_jail_open_any(struct cli *c, const char *word, bool lock,
    struct cli_jail *ret, struct err *err)
{
	struct cli_jail jail = { .dir_fd = -1 };
	int r = cli_jail_name(c, word, &jail.name, err);

	if (r == 0)
		r = open_jail(c, &jail, lock, err);
	if (r < 0) {
		cli_jail_clear(&jail);
		return r;
	}
	*ret = jail;
	return 0;
}

int
cli_jail_open(struct cli *c, const char *word, bool lock, struct cli_jail *ret,
    struct err *err)
{
	struct cli_jail jail;
	int r = cli_jail_open_any(c, word, lock, &jail, err);

	if (r < 0)
		return r;
	if (jail.corrupt) {
		r = err_set(err, EINVAL, "%s", jail.corrupt);
		cli_jail_clear(&jail);
		return r;
	}
	*ret = jail;
	return 0;
}

const char *
cli_jail_get(const struct cli_jail *jail, const char *property)
{
	return conf_get(jail->conf, jail->defaults, property);
}

bool
cli_jail_is_up(const struct cli_jail *jail)
{
	return jail->state.status == JAIL_UP || jail->state.status == JAIL_LOST;
}

/* Tell of another jail that is set to one of these addresses. */
static int
warn_same_address(struct cli *c, const char *name,
    const struct net_jail_addrs *addrs, struct err *err)
{
	struct cli_jails jails = { 0 };
	char text[NET_ADDR_STRLEN];
	int r = cli_jails_read(c, &jails, err);

	for (size_t i = 0; r == 0 && i < jails.n; i++) {
		const struct cli_jail *other = &jails.v[i];
		struct net_jail_addrs theirs = { 0 };

		if (streq(other->name, name) || other->corrupt ||
		    net_jail_addrs_parse(cli_jail_get(other, "ip4_addr"),
			cli_jail_get(other, "ip6_addr"), &theirs, NULL) < 0)
			continue;
		for (size_t a = 0; a < addrs->n; a++)
			for (size_t b = 0; b < theirs.n; b++)
				if (net_addr_same(
					&addrs->v[a].addr, &theirs.v[b].addr))
					cli_warn(c,
					    "jail '%s' has the address"
					    " %s too: only one of them can run"
					    " at a time",
					    other->name,
					    net_addr_format(&addrs->v[a].addr,
						false, text));
		net_jail_addrs_clear(&theirs);
	}
	cli_jails_clear(&jails);
	return r;
}

int
cli_check_addresses(struct cli *c, const char *name, const char *ip4_addr,
    const char *ip6_addr, struct err *err)
{
	struct net_jail_addrs addrs = { 0 };
	int r = net_jail_addrs_parse(ip4_addr, ip6_addr, &addrs, err);

	if (r < 0)
		return r;
	r = net_jail_check(name, &addrs, err);
	if (r == 0 && addrs.n > 0)
		r = warn_same_address(c, name, &addrs, err);
	net_jail_addrs_clear(&addrs);
	return r;
}

static int
compare_priority(const void *a, const void *b)
{
	const struct cli_jail *x = a, *y = b;
	int64_t px = conf_get_int(x->conf, x->defaults, "priority");
	int64_t py = conf_get_int(y->conf, y->defaults, "priority");

	if (px != py)
		return px < py ? -1 : 1;
	return natural_cmp(x->name, y->name);
}

static int
compare_backwards(const void *a, const void *b)
{
	return compare_priority(b, a);
}

void
cli_jails_sort(struct cli_jails *jails, bool backwards)
{
	if (jails->n == 0)
		return; /* qsort wants an array */
	qsort(jails->v, jails->n, sizeof(jails->v[0]),
	    backwards ? compare_backwards : compare_priority);
}

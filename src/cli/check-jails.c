/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the jails for `gaol check`: configuration, resolv.conf, routes. */
#include "cli/check-host.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/jails.h"
#include "store/store.h"

enum { RESOLV_MAX = 64 << 10, ROUTES_MAX = 16 << 20 };

/* ---- resolv.conf ---- */

static void
read_servers(struct check_jail *j, const char *text)
{
	_cleanup_(strv_clear) struct strv lines = { 0 };

	strv_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.n; i++) {
		_cleanup_(strv_clear) struct strv words = { 0 };

		strv_split(&words, lines.v[i], " \t\r");
		if (words.n >= 2 && streq(words.v[0], "nameserver"))
			strv_add(&j->resolvers, words.v[1]);
	}
}

/* The root is the jail's: nothing in it may lead out of it, and what is no
 * file is not opened for long. */
static void
read_resolv(struct check_jail *j, int root)
{
	_cleanup_close_ int fd = file_open_in_root(root, "/etc/resolv.conf",
	    O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
	_cleanup_(str_clear) struct str text = STR_INIT;
	struct stat st;

	if (fd == -ENOENT) {
		j->resolv_known = j->resolv_missing = true;
		return;
	}
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    file_read_fd(fd, "resolv.conf", RESOLV_MAX, &text, NULL) < 0)
		return;
	j->resolv_known = true;
	read_servers(j, text.buf);
}

/* Where people put it who think that a jail's directory is its root. */
static void
look_beside(struct check_host *h, struct check_jail *j, int dir,
    const struct pool *pool)
{
	static const char *const places[] = { "etc/resolv.conf",
		"resolv.conf" };
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(places) && !j->beside; i++)
		if (fstatat(dir, places[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
			j->beside =
			    arena_printf(&h->arena, "%s/iocage/jails/%s/%s",
				pool->path, j->name, places[i]);
}

/* ---- its routes, as the kernel shows those of another process ---- */

static bool
has_default4(const char *text)
{
	/* Iface Destination Gateway Flags RefCnt Use Metric Mask .. */
	for (const char *line = strchr(text, '\n'); line != NULL;
	     line = strchr(line + 1, '\n')) {
		char dest[16], mask[16];

		if (sscanf(line + 1, "%*s %15s %*s %*s %*s %*s %*s %15s", dest,
			mask) == 2 &&
		    streq(dest, "00000000") && streq(mask, "00000000"))
			return true;
	}
	return false;
}

static bool
has_default6(const char *text)
{
	/* dest, length (hex), source, length, next hop, metric, ref, use,
	 * flags, interface; a reject of all is on lo. */
	while (*text) {
		char dest[40], bits[8], dev[32];

		if (sscanf(text, "%39s %7s %*s %*s %*s %*s %*s %*s %*s %31s",
			dest, bits, dev) == 3 &&
		    strspn(dest, "0") == 32 && streq(bits, "00") &&
		    !streq(dev, "lo"))
			return true;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return false;
}

static void
read_routes(struct check_jail *j, pid_t pid)
{
	_cleanup_free_ char *path4 = xasprintf("/proc/%d/net/route", pid);
	_cleanup_free_ char *path6 = xasprintf("/proc/%d/net/ipv6_route", pid);
	_cleanup_(str_clear) struct str text = STR_INIT;

	if (pid <= 0 || file_read(AT_FDCWD, path4, ROUTES_MAX, &text, NULL) < 0)
		return;
	j->routes_known = true;
	j->route4 = has_default4(text.buf);
	j->route6 = file_read(AT_FDCWD, path6, ROUTES_MAX, &text, NULL) < 0 ||
	    has_default6(text.buf);
}

/* Both ends of the pair have the same, unless somebody changed one. */
static void
read_mtu(const struct check_host *h, struct check_jail *j)
{
	for (size_t i = 0; i < h->host.view.jails.n; i++) {
		const struct net_jail_link *l = &h->host.view.jails.v[i];
		char path[64], buf[16];
		int64_t mtu;

		if (!streq(l->jail, j->name))
			continue;
		(void)snprintf(
		    path, sizeof(path), "/sys/class/net/%s/mtu", l->name);
		if (file_peek(AT_FDCWD, path, buf, sizeof(buf)) > 0 &&
		    str_to_i64(buf, 1, UINT32_MAX, &mtu) == 0)
			j->mtu = (uint32_t)mtu;
	}
}

/* ---- all of them ---- */

static const char *
address_of(struct check_host *h, const struct cli_jail *jail, const char *name)
{
	const char *value = cli_jail_get(jail, name);

	return value && !streq(value, "none") ? arena_strdup(&h->arena, value)
					      : NULL;
}

static void
read_jail(struct cli *c, struct check_host *h, const struct cli_jail *jail)
{
	struct check_jail *j =
	    check_jail(&h->sys, arena_strdup(&h->arena, jail->name));
	_cleanup_close_ int dir = -1, root = -1;

	j->up = cli_jail_is_up(jail);
	j->boot = conf_get_bool(jail->conf, jail->defaults, "boot");
	j->ip4 = address_of(h, jail, "ip4_addr");
	j->ip6 = address_of(h, jail, "ip6_addr");
	host_add_jail(&h->host, j->name, j->ip4, j->ip6);
	if (store_jail_open(c->pool, jail->name, &dir, NULL) == 0)
		look_beside(h, j, dir, c->pool);
	if (store_jail_root_open(c->pool, jail->name, &root, NULL) == 0)
		read_resolv(j, root);
	if (j->up) {
		read_routes(j, jail->state.init_pid);
		read_mtu(h, j);
	}
}

static void
tell_corrupt(const struct cli_jail *jail, struct findings *all)
{
	struct finding *f = finding_add(all, FINDING_ERROR, "jail-corrupt");

	finding_thing(f, "jail %s", jail->name);
	finding_what(f, "its configuration cannot be read: %s", jail->corrupt);
	finding_why(f, "it can be neither started nor changed");
	finding_fix(f, "mend config.json, or: gaol destroy %s", jail->name);
}

void
check_read_jails(struct cli *c, struct check_host *h, struct findings *all)
{
	struct cli_jails jails = { 0 };
	struct err why = { 0 };

	if (c->pool == NULL && pool_open_active(&c->pool, &why) < 0) {
		/* A host that only filters packets has none. */
		if (why.code != ENOENT && why.code != 0)
			findings_unchecked(all, "the jails: %s", why.msg);
		return;
	}
	if (cli_jails_read(c, &jails, &why) < 0) {
		findings_unchecked(all, "the jails: %s", why.msg);
		return;
	}
	for (size_t i = 0; i < jails.n; i++) {
		if (jails.v[i].corrupt != NULL)
			tell_corrupt(&jails.v[i], all);
		else
			read_jail(c, h, &jails.v[i]);
	}
	cli_jails_clear(&jails);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The files that a start writes into the jail's root: etc/resolv.conf,
 * etc/hosts, etc/localtime.
 *
 * The root is hostile: etc is opened below the root as if that were "/", and
 * the files are replaced by rename, so that no link of the jail's is ever
 * written through. A file that is right already is not touched, and none is
 * synced: the next start writes it again.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/file.h"
#include "base/guard.h"
#include "base/str.h"
#include "jail/internal.h"

#define FILE_MAX (1u << 20)
#define MARK "# gaol"

/* Does etc/NAME hold this text already, and is it a file? */
static bool
holds(int etc, const char *name, const struct str *text)
{
	_cleanup_(str_clear) struct str now = STR_INIT;
	_cleanup_close_ int fd = openat(etc, name,
	    O_RDONLY | O_NOFOLLOW | O_CLOEXEC |
		(guard_off("wait") ? 0 : O_NONBLOCK));
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    file_read_fd(fd, name, FILE_MAX, &now, NULL) == 0 &&
	    now.len == text->len && memcmp(now.buf, text->buf, now.len) == 0;
}

/* For a test: as one would write it who trusts the jail. */
static int
file_overwrite(
    int etc, const char *name, const struct str *text, struct err *err)
{
	_cleanup_close_ int fd =
	    openat(etc, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write_all(fd, text->buf, text->len) < 0)
		return err_errno(err, "cannot write etc/%s in the jail", name);
	return 0;
}

static int
put(int etc, const char *name, const struct str *text, struct err *err)
{
	_cleanup_free_ char *tmp = xasprintf(".%s.gaol", name);
	_cleanup_close_ int fd = -1;
	int r;

	if (holds(etc, name, text))
		return 0;
	if (guard_off("rename"))
		return file_overwrite(etc, name, text, err);
	(void)unlinkat(etc, tmp, 0);
	fd = openat(etc, tmp,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_errno(err, "cannot write etc/%s in the jail", name);
	r = write_all(fd, text->buf, text->len);
	if (r == 0 &&
	    (fchmod(fd, 0644) < 0 || renameat(etc, tmp, etc, name) < 0))
		r = -errno;
	if (r < 0) {
		(void)unlinkat(etc, tmp, 0);
		return err_code(
		    err, r, "cannot write etc/%s in the jail", name);
	}
	return 0;
}

/* ---- resolv.conf ---- */

/* The address of a "nameserver" line, or NULL. */
static const char *
nameserver(const char *line, char *buf, size_t size)
{
	if (!str_starts(line, "nameserver") ||
	    (line[10] != ' ' && line[10] != '\t'))
		return NULL;
	line += 10 + strspn(line + 10, " \t");
	(void)snprintf(buf, size, "%.*s", (int)strcspn(line, " \t#;%"), line);
	return buf;
}

static bool
is_loopback(const char *address)
{
	struct in6_addr a6;

	return str_starts(address, "127.") || streq(address, "0.0.0.0") ||
	    (inet_pton(AF_INET6, address, &a6) == 1 &&
		(IN6_IS_ADDR_LOOPBACK(&a6) || IN6_IS_ADDR_UNSPECIFIED(&a6)));
}

/* Cut the next line off; NULL at the end. */
static char *
next_line(char **p)
{
	return *p != NULL && **p != '\0' ? strsep(p, "\n") : NULL;
}

/* The text (which is cut up) without name servers on the host's loopback, which is another
 * than the jail's. Returns how many servers are left. */
static size_t
without_loopback(struct str *in, struct str *out, bool *ret_dropped)
{
	char address[80], *p = in->buf, *line;
	size_t left = 0;

	*ret_dropped = false;
	while ((line = next_line(&p)) != NULL) {
		const char *a = nameserver(line, address, sizeof(address));

		if (a != NULL && is_loopback(a)) {
			*ret_dropped = true;
			continue;
		}
		left += a != NULL;
		str_printf(out, "%s\n", line);
	}
	return left;
}

/* A stub resolver on the host's loopback asks servers that it took from
 * somewhere; these are the places. */
static const char *const behind_stubs[] = {
	"/run/systemd/resolve/resolv.conf",
	"/run/NetworkManager/no-stub-resolv.conf",
	"/run/resolvconf/resolv.conf",
	"/run/dnsmasq/resolv.conf",
	"/var/run/dnsmasq/resolv.conf",
	"/etc/resolv.dnsmasq",
};

static bool
find_behind_stub(struct str *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(behind_stubs); i++) {
		_cleanup_(str_clear) struct str text = STR_INIT;
		bool dropped;

		if (file_read(
			AT_FDCWD, behind_stubs[i], FILE_MAX, &text, NULL) < 0)
			continue;
		str_reset(out);
		if (without_loopback(&text, out, &dropped) > 0)
			return true;
	}
	return false;
}

static void
warn(const struct jail_spec *spec, const char *sentence)
{
	if (spec->on_warning != NULL)
		spec->on_warning(spec->arg, sentence);
}

/* The host's own resolver for the jail. False: leave the jail's file. */
static int
host_resolver(const struct jail_spec *spec, const char *path, struct str *out,
    struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	size_t left;
	bool dropped;
	int r = file_read(AT_FDCWD, path, FILE_MAX, &text, err);

	if (r == -ENOENT && streq(path, "/etc/resolv.conf")) {
		err_clear(err);
		warn(spec,
		    "the host has no /etc/resolv.conf: the jail keeps "
		    "its own; set resolver to name a server");
		return 0;
	}
	if (r < 0)
		return err_wrap(err, r, "resolver");
	left = without_loopback(&text, out, &dropped);
	if (left > 0 || !dropped || find_behind_stub(out))
		return 1;
	warn(spec,
	    "the host's name server is on its loopback, where a jail "
	    "cannot reach it, and the servers behind it were not found: "
	    "set resolver, for instance resolver='nameserver 9.9.9.9'");
	return 0;
}

/* 1: text to write, 0: nothing to do. */
static int
resolver_text(const struct jail_spec *spec, struct str *out, struct err *err)
{
	const char *resolver = spec->resolver;
	_cleanup_(strv_clear) struct strv lines = { 0 };

	if (resolver == NULL || streq(resolver, "none") || *resolver == '\0')
		return host_resolver(spec, "/etc/resolv.conf", out, err);
	if (streq(resolver, "/dev/null"))
		return 0;
	if (resolver[0] == '/' && strchr(resolver, ';') == NULL)
		return host_resolver(spec, resolver, out, err);
	strv_split(&lines, resolver, ";");
	for (size_t i = 0; i < lines.n; i++) {
		const char *line = lines.v[i] + strspn(lines.v[i], " \t");

		str_printf(out, "%s\n", line);
	}
	return 1;
}

static int
write_resolv_conf(const struct jail_spec *spec, int etc, struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	int r = resolver_text(spec, &text, err);

	return r > 0 ? put(etc, "resolv.conf", &text, err) : r;
}

/* ---- hosts ---- */

static bool
names_host(const char *line, const char *host)
{
	_cleanup_(strv_clear) struct strv words = { 0 };
	_cleanup_free_ char *bare = xstrndup(line, strcspn(line, "#"));

	strv_split(&words, bare, " \t");
	for (size_t i = 1; i < words.n; i++)
		if (streq(words.v[i], host))
			return true;
	return false;
}

static bool
is_marked(const char *line)
{
	size_t n = strlen(line), m = strlen(MARK);

	return n >= m && streq(line + n - m, MARK);
}

static int
read_hosts(int etc, struct str *ret, struct err *err)
{
	_cleanup_close_ int fd = openat(
	    etc, "hosts", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		return file_read_fd(fd, "etc/hosts", FILE_MAX, ret, err);
	/* A link is not followed, it is replaced like a missing file. */
	if (errno != ENOENT && errno != ELOOP)
		return err_errno(err, "cannot open etc/hosts in the jail");
	str_add(ret, "127.0.0.1\tlocalhost\n::1\tlocalhost\n");
	return 0;
}

/* The jail's name must have an address: the lines marked as ours are written
 * anew, unless the jail's own lines name it. */
static int
write_hosts(const struct jail_spec *spec, const char *hostname, int etc,
    struct err *err)
{
	_cleanup_(str_clear) struct str old = STR_INIT, text = STR_INIT;
	char a[NET_ADDR_STRLEN], *p, *line;
	bool named = false;
	int r = read_hosts(etc, &old, err);

	if (r < 0)
		return r;
	p = old.buf;
	while ((line = next_line(&p)) != NULL) {
		if (is_marked(line))
			continue;
		named = named || names_host(line, hostname);
		str_printf(&text, "%s\n", line);
	}
	for (size_t i = 0; !named && spec->addrs != NULL && i < spec->addrs->n;
	     i++)
		str_printf(&text, "%s\t%s\t" MARK "\n",
		    net_addr_format(&spec->addrs->v[i].addr, false, a),
		    hostname);
	return put(etc, "hosts", &text, err);
}

/* ---- localtime ---- */

/* If the host's is a link to a zone that the jail has too, the same link,
 * so that programs see the zone's name: 1 if so. */
static int
link_zone(int root, int etc, struct err *err)
{
	char target[PATH_MAX], now[PATH_MAX], wanted[PATH_MAX + 32];
	_cleanup_close_ int zone = -1;
	ssize_t n = readlink("/etc/localtime", target, sizeof(target) - 1);
	const char *name;

	if (n <= 0 || guard_off("rename"))
		return 0;
	target[n] = '\0';
	name = strstr(target, "/zoneinfo/");
	if (name == NULL || strstr(name, "..") != NULL)
		return 0;
	(void)snprintf(wanted, sizeof(wanted), "/usr/share%s", name);
	zone = file_open_in_root(root, wanted, O_PATH, 0);
	if (zone < 0)
		return 0;
	n = readlinkat(etc, "localtime", now, sizeof(now) - 1);
	if (n > 0) {
		now[n] = '\0';
		if (streq(now, wanted))
			return 1;
	}
	(void)unlinkat(etc, ".localtime.gaol", 0);
	if (symlinkat(wanted, etc, ".localtime.gaol") < 0 ||
	    renameat(etc, ".localtime.gaol", etc, "localtime") < 0)
		return err_errno(err, "cannot write etc/localtime in the jail");
	return 1;
}

static int
write_localtime(int root, int etc, struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	int r;

	r = link_zone(root, etc, err);
	if (r != 0)
		return MIN(r, 0);
	r = file_read(AT_FDCWD, "/etc/localtime", FILE_MAX, &text, err);
	if (r == -ENOENT) {
		err_clear(err);
		return 0; /* the host keeps UTC, as does the jail */
	}
	return r < 0 ? r : put(etc, "localtime", &text, err);
}

int
files_write(const struct jail_spec *spec, const char *hostname, struct err *err)
{
	_cleanup_close_ int etc = -1;
	int r;

	etc =
	    file_open_in_root(spec->root_fd, "etc", O_RDONLY | O_DIRECTORY, 0);
	if (etc == -ENOENT)
		return 0; /* a tree without etc has no use for them */
	if (etc < 0)
		return err_code(err, etc, "cannot open the jail's etc");
	r = write_resolv_conf(spec, etc, err);
	if (r == 0)
		r = write_hosts(spec, hostname, etc, err);
	if (r == 0 && spec->host_time)
		r = write_localtime(spec->root_fd, etc, err);
	return r;
}

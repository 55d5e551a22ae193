/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The last ruleset that was loaded, for the next boot: `gaol boot` loads it
 * before the network is there, with the facts (interfaces, addresses) that it
 * was made from.
 */
#include <sys/stat.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "pfctl/pfctl.h"

bool
is_hosts_network(void)
{
	struct stat own, init;

	return stat("/proc/self/ns/net", &own) == 0 &&
	    stat("/proc/1/ns/net", &init) == 0 && own.st_dev == init.st_dev &&
	    own.st_ino == init.st_ino;
}

static const char *
kind_word(uint32_t flags)
{
	return flags & PF_IF_LOOPBACK ? " loopback"
	    : flags & PF_IF_P2P	      ? " p2p"
	    : flags & PF_IF_BROADCAST ? " broadcast"
				      : "";
}

static void
print_addr(struct str *s, const char *name, const struct pf_if_addr *a)
{
	char buf[INET6_ADDRSTRLEN];

	str_printf(s, "addr %s %s %s/%u", name,
	    a->af == AF_INET ? "inet" : "inet6",
	    inet_ntop(a->af, a->ip.b, buf, sizeof(buf)), a->bits);
	if (a->has_peer)
		str_printf(s, " peer %s",
		    inet_ntop(a->af, a->peer.b, buf, sizeof(buf)));
	str_addc(s, '\n');
}

/* As pf_facts_new reads them. */
static void
print_facts(struct str *s, const struct pf_env *env)
{
	for (size_t i = 0; i < env->ifs.n; i++) {
		const struct pf_if *f = &env->ifs.v[i];

		str_printf(s, "iface %s index=%u%s mtu=%u", f->name, f->index,
		    kind_word(f->flags), f->mtu);
		for (size_t k = 0; k < f->groups.n; k++)
			str_printf(s, " group=%s", f->groups.v[k]);
		str_addc(s, '\n');
		for (size_t k = 0; k < f->addrs.n; k++)
			print_addr(s, f->name, &f->addrs.v[k]);
	}
	str_printf(s, "fibs %u\n", env->fibs);
}

/* Make the name a link to `to`, whatever it was. */
static int
point(int dir, const char *name, const char *to, struct err *err)
{
	_cleanup_free_ char *tmp = xasprintf("%s.new", name);
	char now[32];
	ssize_t n = readlinkat(dir, name, now, sizeof(now) - 1);

	if (n > 0) {
		now[n] = '\0';
		if (streq(now, to))
			return 0;
	}
	(void)unlinkat(dir, tmp, 0);
	if (symlinkat(to, dir, tmp) < 0 || renameat(dir, tmp, dir, name) < 0)
		return err_errno(err, "cannot write " STATE_DIR "/%s", name);
	return 0;
}

/* The one of the two that does not count now. */
static const char *
other_of(int dir)
{
	char now[32];
	ssize_t n = readlinkat(dir, "last", now, sizeof(now) - 1);

	now[n > 0 ? n : 0] = '\0';
	return streq(now, "last.0") ? "last.1" : "last.0";
}

static int
write_pair(int dir, const char *name, const struct str *facts,
    const struct str *rules, struct err *err)
{
	_cleanup_close_ int fd = -1;
	int r;

	if (mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
		return err_errno(err, "cannot make " STATE_DIR "/%s", name);
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "cannot open " STATE_DIR "/%s", name);
	r = file_replace(fd, "facts", facts->buf, facts->len, 0600, err);
	if (r < 0)
		return r;
	return file_replace(
	    fd, "rules", rules->buf, current_main_len(rules->buf), 0600, err);
}

/*
 * Rules and facts belong together: who has the rules of one load and the
 * facts of another may not be able to load them. So both are written into
 * the one of two directories that does not count, and one rename of a link
 * makes it count. `facts` and `rules` are links into it. Anchors are left to
 * those who load them.
 */
int
last_save(const struct world *w, const struct str *rules, struct err *err)
{
	_cleanup_(str_clear) struct str facts = STR_INIT;
	_cleanup_close_ int dir = -1;
	const char *name;
	int r;

	if (w->facts || !is_hosts_network())
		return 0;
	print_facts(&facts, w->env);
	r = file_mkdir_p(STATE_DIR, 0700, err);
	if (r < 0)
		return r;
	dir = open(STATE_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_errno(err, "cannot open " STATE_DIR);
	name = other_of(dir);
	r = write_pair(dir, name, &facts, rules, err);
	if (r == 0)
		r = point(dir, "last", name, err);
	if (r == 0)
		r = point(dir, "facts", "last/facts", err);
	if (r == 0)
		r = point(dir, "rules", "last/rules", err);
	if (r == 0 && fsync(dir) < 0)
		r = err_errno(err, "cannot sync " STATE_DIR);
	return r;
}

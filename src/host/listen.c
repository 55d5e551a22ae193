/* SPDX-License-Identifier: BSD-2-Clause */
/* What listens, on the host and in its jails. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/file.h"
#include "host/internal.h"
#include "jail/jail.h"

static void
add(struct host *h, const char *jail, const struct net_socket *s)
{
	static const union pf_ip any;
	struct pf_listener *l = array_add(&h->machine.listeners);

	l->jail = jail;
	l->proto = s->proto;
	l->af = s->addr.family;
	l->port = s->port;
	memcpy(l->ip.b, s->addr.b, s->addr.plen / 8);
	if (l->af == AF_INET6 && !s->only6 &&
	    memcmp(&l->ip, &any, sizeof(any)) == 0)
		l->af = 0;
	*array_add(&h->inodes) = s->inode;
}

static int
read_namespace(struct host *h, const char *jail, pid_t pid, struct err *err)
{
	struct net_sockets all = { 0 };
	int r = net_sockets_read(pid, &all, err);

	for (size_t i = 0; r == 0 && i < all.n; i++)
		add(h, jail, &all.v[i]);
	array_clear(&all);
	return r;
}

int
host_read_listeners(struct host *h, struct err *err)
{
	struct jail_states jails = { 0 };
	int r = read_namespace(h, NULL, 0, err);

	if (r == 0 && h->machine.jails.n > 0)
		r = jail_states_read(&jails, err);
	for (size_t i = 0; r == 0 && i < jails.n; i++) {
		const struct pf_jail *j =
		    pf_machine_jail(&h->machine, jails.v[i].name);

		if (j == NULL || jails.v[i].init_pid <= 0)
			continue;
		r = read_namespace(h, j->name, jails.v[i].init_pid, err);
		if (r == -ENOENT || r == -ESRCH) {
			err_clear(err); /* it has just ended */
			r = 0;
		}
	}
	jail_states_clear(&jails);
	h->machine.listeners_known = r == 0;
	return r;
}

/* ---- whose socket it is ---- */

static bool
has_socket(const char *pid, const char *link)
{
	_cleanup_closedir_ DIR *d = NULL;
	char path[300], seen[64];
	const struct dirent *e;

	snprintf(path, sizeof(path), "/proc/%.16s/fd", pid);
	d = opendir(path);
	while (d != NULL && (e = readdir(d)) != NULL) {
		ssize_t n =
		    readlinkat(dirfd(d), e->d_name, seen, sizeof(seen) - 1);

		if (n <= 0)
			continue;
		seen[n] = '\0';
		if (streq(seen, link))
			return true;
	}
	return false;
}

static const char *
program_of(struct host *h, uint64_t inode)
{
	_cleanup_closedir_ DIR *d = opendir("/proc");
	_cleanup_(str_clear) struct str shown = STR_INIT;
	char link[64], path[64], name[64];
	const struct dirent *e;

	snprintf(link, sizeof(link), "socket:[%" PRIu64 "]", inode);
	while (d != NULL && (e = readdir(d)) != NULL) {
		if (!isdigit((unsigned char)e->d_name[0]) ||
		    !has_socket(e->d_name, link))
			continue;
		snprintf(path, sizeof(path), "/proc/%.16s/comm", e->d_name);
		if (file_peek(AT_FDCWD, path, name, sizeof(name)) <= 0)
			return NULL;
		/* A jail's processes choose their names. */
		str_add_visible(&shown, name);
		return arena_strdup(&h->arena, shown.buf);
	}
	return NULL;
}

const char *
host_listener_program(struct host *h, const struct pf_listener *l)
{
	size_t i = (size_t)(l - h->machine.listeners.v);

	return i < h->inodes.n ? program_of(h, h->inodes.v[i]) : NULL;
}

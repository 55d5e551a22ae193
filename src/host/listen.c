/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What listens, on the host and in its jails: /proc/PID/net/tcp and the like
 * show the sockets of PID's network namespace, so nothing need be entered.
 *
 * These files do not tell whether a wildcard socket of IPv6 takes IPv4 as
 * well. It is taken to do so, as it does by default, unless something else has
 * the IPv4 wildcard at the same port.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/file.h"
#include "host/internal.h"
#include "jail/jail.h"

enum { TABLE_MAX = 64 << 20, STATE_LISTEN = 0x0a, STATE_UNCONNECTED = 7 };

/* ---- one table ---- */

struct table {
	const char *file;
	uint8_t proto, af, state;
};

static const struct table tables[] = {
	{ "tcp", 6, AF_INET, STATE_LISTEN },
	{ "tcp6", 6, AF_INET6, STATE_LISTEN },
	{ "udp", 17, AF_INET, STATE_UNCONNECTED },
	{ "udp6", 17, AF_INET6, STATE_UNCONNECTED },
};

/* Words of 32 bits in hexadecimal, each as this machine's memory has it. */
static bool
read_ip(const char *hex, uint8_t af, union pf_ip *ret)
{
	size_t words = af == AF_INET ? 1 : 4;

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < words; i++) {
		char word[9];

		memcpy(word, hex + i * 8, 8);
		word[8] = '\0';
		ret->w[i] = (uint32_t)strtoul(word, NULL, 16);
	}
	return true;
}

/* "  0: 0100007F:0CEA 00000000:0000 0A ..": number, own end, far end, state,
 * queues, timer, retransmits, uid, timeout, inode. */
static bool
read_line(const struct table *t, const char *line, struct pf_listener *ret,
    uint64_t *inode)
{
	char own[40];
	unsigned port, far_port, state;

	if (sscanf(line,
		" %*d: %32[0-9A-Fa-f]:%x %*32[0-9A-Fa-f]:%x %x %*s %*s %*s "
		"%*s %*s %" SCNu64,
		own, &port, &far_port, &state, inode) != 5)
		return false;
	if (state != t->state || far_port != 0 ||
	    strlen(own) != (t->af == AF_INET ? 8 : 32))
		return false;
	ret->proto = t->proto;
	ret->af = t->af;
	ret->port = (uint16_t)port;
	return read_ip(own, t->af, &ret->ip);
}

static void
read_table(
    struct host *h, const char *jail, const char *text, const struct table *t)
{
	const char *line = strchr(text, '\n');

	while (line != NULL && line[1] != '\0') {
		struct pf_listener l = { .jail = jail };
		uint64_t inode;

		if (read_line(t, line + 1, &l, &inode)) {
			*array_add(&h->machine.listeners) = l;
			*array_add(&h->inodes) = inode;
		}
		line = strchr(line + 1, '\n');
	}
}

/* ---- wildcards of both families ---- */

static bool
is_any(const struct pf_listener *l, uint8_t af)
{
	static const union pf_ip zero;

	return l->af == af && memcmp(&l->ip, &zero, sizeof(zero)) == 0;
}

/* Those from index `from` on are of one namespace. */
static void
join_wildcards(struct host *h, size_t from)
{
	struct pf_listener *v = h->machine.listeners.v;
	size_t n = h->machine.listeners.n;

	for (size_t i = from; i < n; i++) {
		bool both = is_any(&v[i], AF_INET6);

		for (size_t k = from; both && k < n; k++)
			both = !(is_any(&v[k], AF_INET) &&
			    v[k].proto == v[i].proto && v[k].port == v[i].port);
		if (both)
			v[i].af = 0;
	}
}

static int
read_namespace(
    struct host *h, const char *jail, const char *proc, struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	size_t from = h->machine.listeners.n;

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		char path[64];
		int r;

		snprintf(path, sizeof(path), "/proc/%s/net/%s", proc,
		    tables[i].file);
		r = file_read(AT_FDCWD, path, TABLE_MAX, &text, err);
		if (r == -ENOENT || r == -ESRCH || r == -EINVAL) {
			err_clear(err); /* no IPv6, or it has just ended */
			continue;
		}
		if (r < 0)
			return r;
		read_table(h, jail, text.buf, &tables[i]);
	}
	join_wildcards(h, from);
	return 0;
}

int
host_read_listeners(struct host *h, struct err *err)
{
	struct jail_states jails = { 0 };
	int r = read_namespace(h, NULL, "thread-self", err);

	if (r == 0 && h->machine.jails.n > 0)
		r = jail_states_read(&jails, err);
	for (size_t i = 0; r == 0 && i < jails.n; i++) {
		const struct pf_jail *j =
		    pf_machine_jail(&h->machine, jails.v[i].name);
		char pid[16];

		if (j == NULL || jails.v[i].init_pid <= 0)
			continue;
		snprintf(pid, sizeof(pid), "%d", (int)jails.v[i].init_pid);
		r = read_namespace(h, j->name, pid, err);
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

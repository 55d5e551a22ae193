/* SPDX-License-Identifier: BSD-2-Clause */
/* The interfaces of this host as pf names them, and its names and files. */
#include <sys/random.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <unistd.h>

#include "base/file.h"
#include "conf/rcconf.h"
#include "host/host.h"

enum { FILE_MAX = 64 << 20 };

/* ---- names ---- */

static void
resolve(void *ctx, const char *host, struct pf_ips *ret)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_DGRAM };
	struct addrinfo *list, *a;

	(void)ctx;
	if (getaddrinfo(host, NULL, &hints, &list) != 0)
		return;
	for (a = list; a; a = a->ai_next) {
		struct pf_ip_af *ip;

		if (a->ai_family != AF_INET && a->ai_family != AF_INET6)
			continue;
		ip = array_add(ret);
		ip->af = (uint8_t)a->ai_family;
		if (ip->af == AF_INET)
			memcpy(ip->ip.b,
			    &((struct sockaddr_in *)a->ai_addr)->sin_addr, 4);
		else
			memcpy(ip->ip.b,
			    &((struct sockaddr_in6 *)a->ai_addr)->sin6_addr,
			    16);
	}
	freeaddrinfo(list);
}

static int
service(void *ctx, const char *name, const char *proto)
{
	const struct servent *s = getservbyname(name, proto);

	(void)ctx;
	return s ? ntohs((uint16_t)s->s_port) : -1;
}

static bool
user(void *ctx, const char *name, uint32_t *ret)
{
	const struct passwd *pw = getpwnam(name);

	(void)ctx;
	if (pw)
		*ret = pw->pw_uid;
	return pw != NULL;
}

static bool
group(void *ctx, const char *name, uint32_t *ret)
{
	const struct group *gr = getgrnam(name);

	(void)ctx;
	if (gr)
		*ret = gr->gr_gid;
	return gr != NULL;
}

static int
read_file(void *ctx, const char *path, struct str *ret)
{
	_cleanup_close_ int fd = -1;

	(void)ctx;
	if (streq(path, "-"))
		return file_read_fd(STDIN_FILENO, "stdin", FILE_MAX, ret, NULL);
	/* A pipe that was named is waited for: pfctl -f <(generate). */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return file_read_fd(fd, path, FILE_MAX, ret, NULL);
}

static void
fill_random(void *ctx, void *mem, size_t len)
{
	(void)ctx;
	if (getrandom(mem, len, 0) != (ssize_t)len)
		BUG("no random numbers");
}

/* ---- interfaces ---- */

static union pf_ip
ip_of(const struct net_addr *a)
{
	union pf_ip ip = { 0 };

	memcpy(ip.b, a->b, a->family == AF_INET ? 4 : 16);
	return ip;
}

static void
add_addr(struct pf_if *f, const struct net_ifaddr *a)
{
	struct pf_if_addr *to = array_add(&f->addrs);

	to->af = a->addr.family;
	to->bits = a->addr.plen;
	to->ip = ip_of(&a->addr);
	to->broadcast = ip_of(&a->brd);
	if (a->peer.family) {
		to->has_peer = true;
		to->peer = ip_of(&a->peer);
		to->peer_bits = a->peer.plen;
	}
}

/* The group that FreeBSD gives an interface by the driver that made it:
 * hardware has none. */
static const char *
driver_group(const struct net_if *from)
{
	static const char *const same[] = { "bridge", "vlan", "vxlan", "gre",
		"tun", NULL };

	if ((from->flags & IFF_LOOPBACK) || from->cloned_lo)
		return "lo";
	if (streq(from->kind, "wireguard"))
		return "wg";
	if (streq(from->kind, "tun") && !(from->flags & IFF_POINTOPOINT))
		return "tap";
	for (int i = 0; same[i] != NULL; i++) {
		if (streq(from->kind, same[i]))
			return same[i];
	}
	return NULL;
}

static void
add_if(struct host *h, const struct net_if *from)
{
	struct pf_if *f = array_add(&h->env.ifs);
	bool loop = (from->flags & IFF_LOOPBACK) || from->cloned_lo;
	const char *group = driver_group(from);

	f->name = arena_strdup(&h->arena, from->pf_name);
	f->index = (uint32_t)from->index;
	f->mtu = from->mtu;
	f->flags = loop			    ? PF_IF_LOOPBACK
	    : from->flags & IFF_POINTOPOINT ? PF_IF_P2P
					    : PF_IF_BROADCAST;
	if (group != NULL)
		strv_add(&f->groups, group);
	for (size_t i = 0; i < from->n; i++)
		add_addr(f, &from->v[i]);
}

/* "group G" of rc.conf's ifconfig lines. */
static int
add_groups(struct host *h, struct err *err)
{
	_cleanup_(rcconf_freep) struct rcconf *rc = NULL;
	_cleanup_(net_plan_clear) struct net_plan plan = { 0 };
	int r = rcconf_read_host(&rc, err);

	if (r == 0)
		r = net_plan_make(rc, &plan, err);
	for (size_t i = 0; i < h->view.n && r == 0; i++) {
		struct strv *to = &h->env.ifs.v[i].groups;
		const struct net_plan_if *p =
		    net_plan_if(&plan, h->view.v[i].name);

		for (size_t k = 0; p && k < p->groups.n; k++)
			if (!strv_has(to, p->groups.v[k]))
				strv_add(to, p->groups.v[k]);
	}
	return r;
}

void
host_functions(struct pf_env *env)
{
	env->resolve = resolve;
	env->service = service;
	env->user = user;
	env->group = group;
	env->read = read_file;
	env->random = fill_random;
}

int
host_read_interfaces(struct host *h, struct err *err)
{
	struct err groups = { 0 };
	int r = net_view_read(&h->view, err);

	if (r < 0)
		return r;
	h->env.fibs = 1;
	host_functions(&h->env);
	for (size_t i = 0; i < h->view.n; i++)
		add_if(h, &h->view.v[i]);
	if (add_groups(h, &groups) < 0)
		h->warning = arena_printf(&h->arena,
		    "interface groups are not known: %s", groups.msg);
	return 0;
}

void
host_clear(struct host *h)
{
	pf_env_clear(&h->env);
	pf_machine_clear(&h->machine);
	net_view_clear(&h->view);
	array_clear(&h->inodes);
	arena_clear(&h->arena);
	*h = (struct host){ 0 };
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to net: what its files share. */
#ifndef NET_INTERNAL_H
#define NET_INTERNAL_H

#include "net/net.h"
#include "net/rtnl.h"

/*
 * The alias (IFLA_IFALIAS) of a jail's host end: which jail it is of and on
 * which pf interface its addresses were declared.
 *
 *	gaol 1 mydb lo1
 *	gaol 1 web lo1 em0=203.0.113.7
 *
 * The 1 is the format's version. Addresses that are not listed belong to the
 * first interface. A host end without such an alias is one that is going.
 */
struct net_alias {
	char *jail;
	char ifname[IFNAMSIZ];
	struct net_jail_addrs others;
};

void net_alias_clear(struct net_alias *alias);
/* -E2BIG if it is too long for the kernel. */
int net_alias_write(const char *jail, const struct net_jail_addrs *addrs,
    struct str *out, struct err *err);
/* False if it is none of ours. */
bool net_alias_read(const char *text, struct net_alias *ret);
/* The interface an address of this jail was declared on. */
const char *net_alias_ifname(
    const struct net_alias *alias, const struct net_addr *addr);

/* "lo0" is the kernel's "lo"; other names are the same. */
const char *net_kernel_name(const char *name);
const char *net_pf_name(const char *name);
/* Is `rc_name` how rc.conf writes `name`? '_' can be any character there that
 * a shell's variable cannot have. */
bool net_is_rc_name(const char *rc_name, const char *name);
/* Copy the name of an interface, cut to what one can have. */
void net_copy_ifname(char to[IFNAMSIZ], const char *from);
/* lo1, lo2, ...: a cloned loopback's name. */
bool net_is_cloned_lo(const char *name);

/* The address as an attribute of a netlink message. */
void net_put_addr(struct nlmsghdr *m, uint16_t type, const struct net_addr *a);
/* And back; false if the length is wrong for the family. */
bool net_get_addr(const struct nlattr *attr, int family, unsigned int plen,
    struct net_addr *ret);

/* Work in another network namespace: `ret_back` is for net_ns_leave, which
 * returns and is a cleanup. /proc/sys/net is the namespace's meanwhile. */
int net_ns_enter(int fd, int *ret_back, struct err *err);
void net_ns_leave(int *back);

/* Write a value below /proc/sys/net; the sentence names the path. */
int net_sysctl_write(const char *path, const char *value, struct err *err);
/* Does the kernel have IPv6 in this namespace? */
bool net_has_ipv6(void);
/* Read a number from there; -ENOENT without a sentence if it is not there. */
int net_sysctl_read(const char *path, int *ret);

/*
 * The part of the view that says whether a jail can have these addresses: the
 * interfaces that have addresses or are named, and the jails that hold one of
 * them, with no other addresses. Its cost does not grow with the jails.
 */
int net_view_read_for(
    const struct net_jail_addrs *addrs, struct net_view *ret, struct err *err);

/* ---- a jail's addresses, checked against the host (check.c) ---- */

struct net_place {
	struct net_addr addr;
	const struct net_if *ifp; /* where it was declared; of the view */
	struct net_addr gateway;  /* the host's address in its network */
	bool proxy;		  /* the host answers ARP or ND for it */
};

struct net_places {
	struct net_place *v;
	size_t n, cap;
};

/* Where each address belongs, or the refusal that net_jail_check gives. */
int net_jail_place(const struct net_view *view, const char *jail,
    const struct net_jail_addrs *addrs, struct net_places *ret,
    struct err *err);

/* The host's address on this interface whose network holds `addr`: the gateway
 * of a jail with that address. NULL if there is none. */
const struct net_ifaddr *net_network_of(
    const struct net_if *ifp, const struct net_addr *addr);

/* ---- addresses that rc.conf no longer has (unwanted.c, pure) ---- */

/* Did net_up put this address there, and does the plan have it no more? */
bool net_is_unwanted(const struct net_plan *plan, const struct net_if *ifp,
    const struct net_ifaddr *a);
/* The running jail that has it as its gateway, or NULL. */
const char *net_gateway_user(
    const struct net_if *ifp, const struct net_ifaddr *a);
/* Would the kernel take along an address that stays? It does so with those of
 * the same network that came later, unless the interface promotes them. */
bool net_takes_along(const struct net_plan *plan, const struct net_if *ifp,
    const struct net_ifaddr *a);

/* ---- proxy of neighbour discovery (proxy.c) ---- */

/* Let the interface answer for addresses of others; and, if we had turned it
 * on and it answers for none any more, no longer. */
int net_proxy_on(const char *ifname, struct err *err);
int net_proxy_off(struct rtnl *nl, const char *ifname, struct err *err);

/* ---- what the kernel does later (wait.c) ---- */

/* Until a link that was set up can send. */
int net_wait_carrier(struct rtnl *nl, const char *ifname, struct err *err);
/* Until an address that was added is the namespace's own. Not for addresses
 * with duplicate detection, which takes a second. */
int net_wait_local(
    struct rtnl *nl, const struct net_addr *addr, struct err *err);

#endif

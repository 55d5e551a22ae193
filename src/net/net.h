/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The network of the host and of its jails, on rtnetlink and nf_tables.
 *
 * Three things are made here, and one is told:
 *
 * - rc.conf's network (`cloned_interfaces`, `ipv4_addrs_lo1`, ...), as a plan
 *   that is a pure function of the file, and as the steps that are missing
 *   from the kernel to reach it: net_plan_make, net_up.
 * - A jail's network: a network namespace with one interface, named as in
 *   ip4_addr, which is the far end of a routed veth pair: net_jail_up,
 *   net_jail_down.
 * - The guard: an nf_tables table of its own that drops whatever leaves a
 *   jail with a source that is not the jail's (net/guard.c).
 * - The view: every interface with its addresses, and the jails' addresses on
 *   the interface they were declared on, which is what pf and people want to
 *   see: net_view_read.
 *
 * There is no state but the kernel's. That an interface is the host end of a
 * jail is said by its group (NET_GROUP), which jail and which pf interface
 * by its alias, and which addresses by the host routes over it.
 *
 * Names: FreeBSD's `lo0` is Linux's `lo`; both are understood, the view
 * holds the kernel's in `name` and pf's in `pf_name`.
 *
 * Everything works on the network namespace the caller is in. Functions
 * return 0 or a negative errno with a sentence in `err`.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <net/if.h>
#include <netinet/in.h>

#include "base/array.h"
#include "base/err.h"
#include "base/steps.h"
#include "base/str.h"

struct rcconf;

/*
 * The interface group (IFLA_GROUP; iifgroup and oifgroup in nf_tables) of
 * the host ends of jails: "jail" in ASCII. No other interface has it.
 */
#define NET_GROUP 0x6a61696cu

/*
 * The protocol (IFA_PROTO, Linux 5.18) of the addresses that net_up adds: "g".
 * So the kernel itself remembers which are gaol's, and forgets with the
 * address; one that somebody else added, even the same, is not.
 */
#define NET_ADDR_PROTO 0x67

/* The guard's table (family inet). */
#define NET_GUARD_TABLE "gaol_guard"

/* ---- addresses (addr.c, pure) ---- */

/* An address or, with `plen` shorter than the address, one in its network. */
struct net_addr {
	uint8_t family; /* AF_INET or AF_INET6 */
	uint8_t plen;	/* prefix length: 32 or 128 for a single address */
	uint8_t b[16];	/* network byte order, 4 or 16 bytes */
};

struct net_addrs {
	struct net_addr *v;
	size_t n, cap;
};

#define NET_ADDR_STRLEN 64

/*
 * Read "192.168.0.2" or "192.168.0.2/24" or the IPv6 forms. `family` is
 * AF_INET, AF_INET6 or AF_UNSPEC for either. Without /N, plen is full; a
 * netmask is also taken as "/255.255.255.0". Names are never looked up.
 */
int net_addr_parse(
    const char *text, int family, struct net_addr *ret, struct err *err);
/* "192.168.0.2", and with_plen "192.168.0.2/24". Returns buf. */
const char *net_addr_format(
    const struct net_addr *a, bool with_plen, char buf[NET_ADDR_STRLEN]);
/* Bits of an address of this family: 32 or 128. */
unsigned int net_addr_bits(const struct net_addr *a);
/* Same family and same address; the prefix is not looked at. */
bool net_addr_same(const struct net_addr *a, const struct net_addr *b);
/* Is `a` in the network of `net`? False for different families. */
bool net_addr_within(const struct net_addr *net, const struct net_addr *a);
/* Order by family, then address. */
int net_addr_cmp(const struct net_addr *a, const struct net_addr *b);
/* The network's own address: the host bits cleared; plen stays. */
struct net_addr net_addr_network(const struct net_addr *a);
/* All host bits set; for IPv4 up to /30 that is the broadcast address. */
struct net_addr net_addr_last(const struct net_addr *a);
/* The address after this one; the one after the last is all zero. */
struct net_addr net_addr_next(const struct net_addr *a);
/* As ipcalc has it: the first and last address a machine can have, and how
 * many there are (UINT64_MAX if more). /31, /32, /127 and /128 have no
 * network or broadcast address of their own. */
void net_addr_hosts(const struct net_addr *a, struct net_addr *first,
    struct net_addr *last, uint64_t *count);
/* "255.255.255.0" into the address of a mask with plen bits. */
struct net_addr net_addr_mask(int family, unsigned int plen);

/* ---- the view (view.c) ---- */

/* One address on an interface. */
struct net_ifaddr {
	struct net_addr addr;
	struct net_addr peer; /* point-to-point; family 0: none */
	struct net_addr brd;  /* IPv4 broadcast; family 0: none */
	const char *jail;     /* the jail that holds it, NULL: the host */
	bool tentative;	      /* IPv6, duplicate detection not done */
	bool ours;	      /* net_up put it there (NET_ADDR_PROTO) */
};

/* One interface. Jails' host ends are no interface of the view: they stand
 * in `jails` below, their addresses on the interface they belong to. */
struct net_if {
	int index;
	char name[IFNAMSIZ];
	char pf_name[IFNAMSIZ]; /* "lo0" for "lo", else as `name` */
	unsigned int flags;	/* IFF_* */
	unsigned int mtu;
	uint8_t mac[6];
	bool has_mac;
	char kind[16];	/* "bridge", "dummy", "veth", "" for hardware */
	bool cloned_lo; /* stands for a cloned loopback (lo1, lo2, ...) */
	struct net_ifaddr *v;
	size_t n, cap;
};

/* The host end of a running jail's veth pair. */
struct net_jail_link {
	int index;
	char name[IFNAMSIZ];
	char *jail; /* the jail's name */
	struct net_addrs addrs;
};

struct net_view {
	struct net_if *v; /* in order of index */
	size_t n, cap;
	struct {
		struct net_jail_link *v;
		size_t n, cap;
	} jails;
};

/* Read all of it: one dump each of links, addresses and (only if there are
 * jails) routes. */
int net_view_read(struct net_view *ret, struct err *err);
void net_view_clear(struct net_view *view);
/* By the kernel's or pf's name; NULL if there is none. */
const struct net_if *net_view_if(const struct net_view *view, const char *name);
/* Who has this address: the interface and the address on it, or NULL. */
const struct net_ifaddr *net_view_holder(const struct net_view *view,
    const struct net_addr *addr, const struct net_if **ret_if);

/* ---- routes (route.c) ---- */

struct net_route {
	struct net_addr net;   /* plen 0: the default route */
	struct net_addr via;   /* family 0: no gateway */
	char ifname[IFNAMSIZ]; /* pf's name */
	uint32_t metric;
};

struct net_routes {
	struct net_route *v;
	size_t n, cap;
};

/* The unicast routes of the main table over interfaces of the view, so not
 * those to jails; of several hops the first. Free with array_clear. */
int net_routes_read(
    const struct net_view *view, struct net_routes *ret, struct err *err);

/* ---- for whoever watches (events.c, guard.c, pf.c) ---- */

/* A descriptor to poll that becomes readable when an address comes, goes or
 * changes. The caller closes it. */
int net_events_open(struct err *err);
/* Take all that has come: 1 if anything did, else 0. */
int net_events_read(int fd, struct err *err);

/* Is the guard's table there, and whole? */
int net_guard_is_whole(bool *ret, struct err *err);
/* Make it if it is not. net_jail_up and net_up do; after that it is for whoever
 * notices that somebody flushed it. */
int net_guard_ensure(struct err *err);

/*
 * Bring the sets of addresses in pf's loaded rules up to date. net_jail_up,
 * net_jail_down and net_up do it; pfctl after a load, because a jail may have
 * started since it looked. Without rules there is nothing to do.
 */
int net_pf_sync(struct err *err);

/* ---- rc.conf's network (plan.c pure, up.c) ---- */

struct net_plan_addr {
	struct net_addr addr;
	const char *file; /* of the rcconf, which must outlive the plan */
	unsigned int line;
};

struct net_plan_if {
	/* The kernel's name; where that has other characters than a shell
	 * variable can have, '_' stands for each of them. */
	char name[IFNAMSIZ];
	bool cloned; /* to be made if it is missing */
	bool up;
	unsigned int mtu;   /* 0: not said */
	struct strv groups; /* pf's, by "group NAME" */
	struct net_plan_addr *v;
	size_t n, cap;
	const char *file; /* where it was first named */
	unsigned int line;
};

struct net_plan {
	struct net_plan_if *v;
	size_t n, cap;
	bool forward4; /* gateway_enable */
	bool forward6; /* ipv6_gateway_enable */
	bool blank;    /* rc.conf assigns nothing, or there is none */
	bool partial;  /* cloned interfaces only */
	/* What rc.conf says and gaol leaves to the host's own network
	 * configuration, as sentences: DHCP, default routes. */
	struct strv notes;
};

/* Pure. Errors carry file and line. */
int net_plan_make(
    const struct rcconf *rc, struct net_plan *ret, struct err *err);
void net_plan_clear(struct net_plan *plan);
/* What the plan says of the kernel's interface `name`, or NULL. */
const struct net_plan_if *net_plan_if(
    const struct net_plan *plan, const char *name);
/* Leave out all but cloned interfaces and forwarding: what can be made at
 * boot before the real interfaces are there. */
void net_plan_keep_cloned(struct net_plan *plan);

/*
 * Make the kernel as the plan says; what is already so is not touched, so a
 * second call does nothing. An address that an earlier call added and the
 * plan has no more is removed, if no running jail has it as its gateway; a
 * blank plan removes nothing. Each step is told to `say` (which may be NULL)
 * before it is done ("lo1: add 192.168.0.1/24"); with `dry` nothing is done.
 * Under running jails, a guard that somebody flushed is made again.
 * An error leaves the steps before it done; calling again carries on.
 */
int net_up(const struct net_plan *plan, bool dry,
    void (*say)(const char *step, void *arg), void *arg, struct err *err);

/* ---- a jail's network (jail.c) ---- */

/* An address of ip4_addr or ip6_addr with its interface. */
struct net_jail_addr {
	char ifname[IFNAMSIZ]; /* as written; "" if none was */
	struct net_addr addr;  /* plen is full: a jail has single addresses */
};

struct net_jail_addrs {
	struct net_jail_addr *v;
	size_t n, cap;
};

/*
 * Read the properties `ip4_addr` and `ip6_addr` ("none" and NULL are empty):
 * a list with commas of [IF|]ADDR[/LEN]. Pure: usable by create and set.
 */
int net_jail_addrs_parse(const char *ip4_addr, const char *ip6_addr,
    struct net_jail_addrs *ret, struct err *err);
void net_jail_addrs_clear(struct net_jail_addrs *addrs);

struct net_jail_facts;

struct net_jail_spec {
	const char *name; /* the jail's */
	const struct net_jail_addrs *addrs;
	/*
	 * The jail's network namespace, fresh: nothing in it but lo. It
	 * belongs to the host's user namespace (net_ns_new makes such a one)
	 * unless the jail has raw sockets.
	 */
	int netns_fd;
	/*
	 * Called as soon as the facts are known and before anything is made
	 * that does not end with the namespace, so that they can be written
	 * down: whoever is killed after that can be cleaned up after with
	 * net_jail_down. Its failure is net_jail_up's. May be NULL.
	 */
	int (*made)(
	    void *arg, const struct net_jail_facts *facts, struct err *err);
	void *arg;
};

/* The steps of net_jail_up, for tests that break each. */
extern const struct steps net_jail_steps;

/* What net_jail_up did; kept as one line of text in the jail's runtime facts
 * and enough to undo it. */
struct net_jail_facts {
	int ifindex; /* the host end; 0: jail without addresses */
	char ifname[IFNAMSIZ];
	char inside[IFNAMSIZ];	     /* the jail's end, e.g. "lo1" */
	struct net_jail_addrs addrs; /* every ifname filled in */
};

/* ---- sockets (sockets.c) ---- */

/* One that waits for connections, or for datagrams from anybody. */
struct net_socket {
	uint8_t proto;	      /* IPPROTO_TCP, IPPROTO_UDP */
	struct net_addr addr; /* all zero: any */
	bool only6;	      /* of IPv6: takes no IPv4 by its wildcard */
	uint16_t port;
	uint64_t inode;
};
struct net_sockets {
	struct net_socket *v;
	size_t n, cap;
};

/*
 * Add those of the network namespace that a process is in (0: the caller); the
 * caller must have a single thread. -ENOENT if there is no such process. The
 * caller clears the array.
 */
int net_sockets_read(pid_t pid, struct net_sockets *ret, struct err *err);

/*
 * A new network namespace that the caller's user namespace owns, without
 * moving the caller. The caller must have a single thread. The descriptor
 * (O_CLOEXEC) keeps the namespace alive until a process has entered it.
 */
int net_ns_new(int *ret_fd, struct err *err);

/*
 * Can a jail have these addresses? Each must be inside the network of the
 * interface it names, free, and not the host's own. Changes nothing. The
 * sentence names the address and who holds it.
 */
int net_jail_check(
    const char *name, const struct net_jail_addrs *addrs, struct err *err);

/*
 * net_jail_check, then the whole network: veth pair, addresses, routes,
 * neighbours, loopback, low ports, guard. Without addresses only the loopback
 * is brought up. On failure nothing is left. On success facts must be given
 * to net_jail_facts_clear.
 */
int net_jail_up(const struct net_jail_spec *spec, struct net_jail_facts *ret,
    struct err *err);

/*
 * Undo it: the addresses are free and the guard closed when this returns. The
 * veth itself ends with the namespace, some milliseconds after its last
 * process and descriptor (deleting it here would wait for the kernel); until
 * then it is a link without a jail. Call it when the jail's processes are
 * gone. What is not there any more is not an error.
 */
int net_jail_down(const struct net_jail_facts *facts, struct err *err);

/* One line of printable ASCII without newline, and back. */
void net_jail_facts_write(const struct net_jail_facts *facts, struct str *out);
int net_jail_facts_read(
    const char *line, struct net_jail_facts *ret, struct err *err);
void net_jail_facts_clear(struct net_jail_facts *facts);

/*
 * The facts of a jail that were lost, from its link and its routes. Without a
 * link of that jail's they are those of one without addresses.
 */
int net_jail_recover(
    const char *jail, struct net_jail_facts *ret, struct err *err);

struct findings;

/* What killed commands left, as findings: links of jails that are not among
 * the running ones, and a guard that is gone while there are some. With `mend`
 * the one is removed and the other made. */
void net_leftovers(const struct strv *running, bool mend, struct findings *all);

/*
 * A sentence on what keeps a jail with these addresses from talking to
 * others (forwarding is off), or NULL. For a warning at start; static memory.
 */
const char *net_jail_warning(const struct net_jail_addrs *addrs);

#endif

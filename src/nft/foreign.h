/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What other programs have in the packets' way: tables of Docker, ufw,
 * firewalld, libvirt and the administrator's own, in nf_tables and in the
 * older iptables, and the two switches of the kernel that change what pf
 * sees. Reads only; works on the network namespace the caller is in.
 *
 * An accept of ours ends our chain and no more: every base chain at the same
 * hook is asked, and one drop is enough. So "pf passes it" is half an answer
 * on a host where somebody else has a policy of drop. foreign_judge() gives
 * the other half for one packet, and foreign_cure() the commands that let it
 * through, in the words of the program that owns the chain.
 *
 *	_cleanup_(foreign_clear) struct foreign f = { 0 };
 *
 *	r = foreign_read(&f, err);
 *	...
 *	foreign_judge(&f, &packet, &ruling);
 *	if (ruling.word == FOREIGN_DROPS)
 *		foreign_cure(&ruling, &packet, &text);
 */
#ifndef NFT_FOREIGN_H
#define NFT_FOREIGN_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* ---- whose it is ---- */

/* Told by the names of tables and chains, which these programs never change. */
enum foreign_owner {
	FOREIGN_UNKNOWN,   /* the administrator, or nobody we know */
	FOREIGN_NFTABLES,  /* table inet filter, as nftables.service loads it */
	FOREIGN_IPTABLES,  /* iptables by hand: its tables, its own chains */
	FOREIGN_DOCKER,	   /* DOCKER, DOCKER-USER, DOCKER-FORWARD ..;
			      docker-bridges (its nftables backend) */
	FOREIGN_PODMAN,	   /* NETAVARK*, CNI-*; table inet netavark */
	FOREIGN_UFW,	   /* ufw-*, ufw6-* */
	FOREIGN_FIREWALLD, /* table firewalld */
	FOREIGN_LIBVIRT,   /* LIBVIRT_*; libvirt_network */
	FOREIGN_FAIL2BAN,  /* f2b-* */
	FOREIGN_CROWDSEC,  /* crowdsec, crowdsec6, CROWDSEC_CHAIN */
	FOREIGN_INCUS,	   /* incus, lxd */
	FOREIGN_KUBE,	   /* KUBE-*, kube-proxy, cali-*, cilium_* */
	FOREIGN_OWNERS,
};

/* "Docker", "ufw", "iptables", ..; of FOREIGN_UNKNOWN "another program". */
const char *foreign_owner_name(enum foreign_owner owner);

/* "ip", "ip6", "inet", "bridge", "arp", "netdev", as nft writes it. */
const char *foreign_family_name(uint8_t family);
/* "input", "forward", ..; NF_INET_*, NF_NETDEV_* by family. */
const char *foreign_hook_name(uint8_t family, uint32_t hook);

/* ---- what is there ---- */

struct foreign_rule; /* private: read by foreign_judge */
struct foreign_elem;

struct foreign_chain {
	char *name;
	enum foreign_owner owner; /* of this chain, else of its table */
	bool base;		  /* attached to a hook; the rest only then */
	char type[16];		  /* "filter", "nat", "route" */
	uint32_t hook;		  /* NF_INET_* (netdev: NF_NETDEV_*) */
	int32_t prio;
	bool policy_drop;
	char device[16]; /* netdev family: on which device, "": several */
	struct foreign_rule *rule;
	size_t n_rule, cap_rule;
};

struct foreign_set {
	char *name;
	struct foreign_elem *elem; /* what it holds now; of an interval both
				      ends */
	size_t n_elem, cap_elem;
	uint32_t key_len;
	bool interval, anonymous, map;
};

struct foreign_table {
	uint8_t family; /* NFPROTO_* */
	char *name;
	enum foreign_owner owner;
	bool dormant;  /* in the kernel, but asleep */
	bool iptables; /* made by iptables-nft: to be changed by iptables
			  only, which does not understand others' rules */
	struct foreign_chain *chain; /* in the kernel's order */
	size_t n_chain, cap_chain;
	struct foreign_set *set;
	size_t n_set, cap_set;
};

/* The kernel's switches that change what pf sees. */
struct foreign_kernel {
	/* Names of the older iptables' tables in use, space-separated
	 * ("filter nat"), "": none. Their rules can't be read through
	 * nf_tables: that they are there is all that is known. */
	char legacy_ip[64], legacy_ip6[64];
	/* net.bridge.bridge-nf-call-*: packets that a bridge forwards (between
	 * containers or virtual machines) are shown to the IP hooks, so pf
	 * judges them too. False also where br_netfilter is not loaded. */
	bool bridge_ip, bridge_ip6;
	/* net.netfilter.nf_conntrack_helper (Linux before 6.0): helpers are
	 * attached to connections by port alone. */
	bool auto_helper;
	/* Conntrack helpers that rules attach ("ftp sip"), "": none. A helper
	 * expects further connections; pf passes those by its own rules only. */
	char helpers[64];
};

struct foreign {
	struct foreign_table *table; /* none of ours */
	size_t n_table, cap_table;
	struct foreign_kernel kernel;
	uint32_t genid;	    /* of nf_tables when this was read */
	struct arena arena; /* names, rules */
};

/*
 * Read all of it. Our tables (`pf`, and what begins with `gaol_`) are left
 * out. Needs CAP_NET_ADMIN (-EPERM otherwise). If the rules change while they
 * are read it begins again.
 */
int foreign_read(struct foreign *ret, struct err *err);
void foreign_clear(struct foreign *f);

/* Is a program of this kind there (owner of a table or of a chain)? */
bool foreign_has(const struct foreign *f, enum foreign_owner owner);

/* ---- what becomes of a packet ---- */

/*
 * The first packet of a connection, as it stands at the hook: behind rdr, so
 * with the jail's address as its destination in forward. Addresses are as
 * they lie in the packet; ports in the host's order.
 */
struct foreign_packet {
	uint8_t family;	  /* AF_INET, AF_INET6 */
	uint32_t hook;	  /* NF_INET_LOCAL_IN, _FORWARD, _LOCAL_OUT, .. */
	char iifname[16]; /* "": none at this hook */
	char oifname[16];
	uint32_t iif, oif; /* indices; 0: not known */
	uint32_t iifgroup, oifgroup;
	uint8_t proto; /* IPPROTO_* */
	uint8_t src[16], dst[16];
	uint16_t sport, dport; /* 0: not known (or none: icmp) */
	bool dnat, snat;       /* translated by rdr, by nat */
};

enum foreign_word {
	FOREIGN_PASSES,
	FOREIGN_DEPENDS, /* on a rule with a match that is not followed here:
			    `ruling` names the first one that may drop */
	FOREIGN_DROPS,	 /* also by reject */
};

struct foreign_ruling {
	enum foreign_word word;
	/* Where it was decided. NULL if nobody but policies of accept was
	 * asked. Borrowed from struct foreign. */
	const struct foreign_table *table;
	const struct foreign_chain *base;  /* attached to the hook */
	const struct foreign_chain *chain; /* that the rule is in */
	size_t rule;	 /* from 0; == chain->n_rule: the policy of `base` */
	uint64_t handle; /* of the rule, as `nft -a` prints it; 0: policy */
	bool reject;	 /* and the sender is told */
	char match[32];	 /* FOREIGN_DEPENDS: what was not followed */
	enum foreign_owner owner; /* the one to talk to */
};

/*
 * Ask all foreign filter chains at the packet's hook, in the order the kernel
 * does. Matches on interfaces and their groups, addresses, protocol, ports
 * and conntrack's state and status are followed, through jumps and sets;
 * what else a rule asks for makes it FOREIGN_DEPENDS. A drop that is sure
 * wins over one that depends.
 */
void foreign_judge(const struct foreign *f, const struct foreign_packet *p,
    struct foreign_ruling *ret);

/* One sentence, no full stop: "chain FORWARD of table ip filter (Docker)
 * drops in forward what pf passes". */
void foreign_say(const struct foreign_ruling *r, struct str *text);

/*
 * The commands, one a line, with which the owner lets jails' packets like
 * this one through, and keeps letting them through after a reload of its own.
 * Nothing is added where there is none to give (FOREIGN_PASSES).
 */
void foreign_cure(const struct foreign_ruling *r,
    const struct foreign_packet *p, struct str *text);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose a chain is, and what to say and type when it drops. */
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <sys/socket.h>

#include "nft/foreign-private.h"

/* ---- owners ---- */

static const char *const owner_names[FOREIGN_OWNERS] = {
	[FOREIGN_UNKNOWN] = "another program",
	[FOREIGN_NFTABLES] = "nftables.service",
	[FOREIGN_IPTABLES] = "iptables",
	[FOREIGN_DOCKER] = "Docker",
	[FOREIGN_PODMAN] = "Podman",
	[FOREIGN_UFW] = "ufw",
	[FOREIGN_FIREWALLD] = "firewalld",
	[FOREIGN_LIBVIRT] = "libvirt",
	[FOREIGN_FAIL2BAN] = "fail2ban",
	[FOREIGN_CROWDSEC] = "CrowdSec",
	[FOREIGN_INCUS] = "Incus",
	[FOREIGN_KUBE] = "Kubernetes",
};

const char *
foreign_owner_name(enum foreign_owner owner)
{
	return owner_names[owner];
}

/* Beginnings of names. */
static const struct {
	const char *prefix;
	enum foreign_owner owner;
} table_prefixes[] = {
	{ "docker-", FOREIGN_DOCKER },
	{ "netavark", FOREIGN_PODMAN },
	{ "firewalld", FOREIGN_FIREWALLD },
	{ "libvirt_", FOREIGN_LIBVIRT },
	{ "f2b-", FOREIGN_FAIL2BAN },
	{ "crowdsec", FOREIGN_CROWDSEC },
	{ "incus", FOREIGN_INCUS },
	{ "lxd", FOREIGN_INCUS },
	{ "kube-", FOREIGN_KUBE },
}, chain_prefixes[] = {
	{ "DOCKER", FOREIGN_DOCKER },
	{ "NETAVARK", FOREIGN_PODMAN },
	{ "CNI-", FOREIGN_PODMAN },
	{ "ufw-", FOREIGN_UFW },
	{ "ufw6-", FOREIGN_UFW },
	{ "LIBVIRT_", FOREIGN_LIBVIRT },
	{ "f2b-", FOREIGN_FAIL2BAN },
	{ "crowdsec", FOREIGN_CROWDSEC },
	{ "CROWDSEC", FOREIGN_CROWDSEC },
	{ "KUBE-", FOREIGN_KUBE },
	{ "cali-", FOREIGN_KUBE },
	{ "CILIUM_", FOREIGN_KUBE },
};

/* iptables' chains at hooks are called as nobody else calls them. */
bool
foreign_is_iptables(const struct foreign_table *t)
{
	static const char *const names[] = { "INPUT", "FORWARD", "OUTPUT",
		"PREROUTING", "POSTROUTING" };

	if (t->family != NFPROTO_IPV4 && t->family != NFPROTO_IPV6)
		return false;
	for (size_t i = 0; i < t->n_chain; i++)
		for (size_t k = 0; k < ARRAY_SIZE(names); k++)
			if (t->chain[i].base &&
			    streq(t->chain[i].name, names[k]))
				return true;
	return false;
}

enum foreign_owner
foreign_table_owner(const struct foreign_table *t)
{
	for (size_t i = 0; i < ARRAY_SIZE(table_prefixes); i++)
		if (str_starts(t->name, table_prefixes[i].prefix))
			return table_prefixes[i].owner;
	if (t->iptables)
		return FOREIGN_IPTABLES;
	if (t->family == NFPROTO_INET && streq(t->name, "filter"))
		return FOREIGN_NFTABLES;
	return FOREIGN_UNKNOWN;
}

enum foreign_owner
foreign_chain_owner(const struct foreign_table *t, const char *chain)
{
	for (size_t i = 0; i < ARRAY_SIZE(chain_prefixes); i++)
		if (str_starts(chain, chain_prefixes[i].prefix))
			return chain_prefixes[i].owner;
	return t->owner;
}

/* Does the base chain lead to a chain of this owner? */
static bool
leads_to(const struct foreign_ruling *r, enum foreign_owner owner)
{
	for (size_t i = 0; i < r->base->n_rule; i++) {
		const struct foreign_rule *rule = &r->base->rule[i];

		for (size_t k = 0; k < rule->n_expr; k++)
			if (rule->expr[k].kind == FX_VERDICT &&
			    rule->expr[k].name &&
			    foreign_chain_owner(r->table, rule->expr[k].name) ==
				owner)
				return true;
	}
	return false;
}

/*
 * Several share iptables' FORWARD, and its policy names nobody. ufw goes
 * first: what it is told it keeps, and it is told about all of the chain.
 */
enum foreign_owner
foreign_ruling_owner(const struct foreign_ruling *r)
{
	static const enum foreign_owner shared[] = { FOREIGN_UFW,
		FOREIGN_DOCKER };

	if (r->chain->owner != FOREIGN_IPTABLES)
		return r->chain->owner;
	for (size_t i = 0; i < ARRAY_SIZE(shared); i++)
		if (leads_to(r, shared[i]))
			return shared[i];
	return FOREIGN_IPTABLES;
}

/* ---- words ---- */

const char *
foreign_family_name(uint8_t family)
{
	switch (family) {
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	case NFPROTO_BRIDGE:
		return "bridge";
	case NFPROTO_ARP:
		return "arp";
	case NFPROTO_NETDEV:
		return "netdev";
	default:
		return "?";
	}
}

const char *
foreign_hook_name(uint8_t family, uint32_t hook)
{
	static const char *const words[] = { "prerouting", "input", "forward",
		"output", "postrouting", "ingress" };

	if (family == NFPROTO_NETDEV)
		return hook == 0 ? "ingress" : "egress";
	if (family == NFPROTO_ARP)
		return hook == 0 ? "input" : "output";
	return hook < ARRAY_SIZE(words) ? words[hook] : "?";
}

void
foreign_say(const struct foreign_ruling *r, struct str *text)
{
	if (r->word == FOREIGN_PASSES)
		return;
	str_printf(text, "chain %s of table %s %s (%s) %s in %s what pf passes",
	    r->chain->name, foreign_family_name(r->table->family),
	    r->table->name, foreign_owner_name(r->owner),
	    r->word == FOREIGN_DEPENDS ? "may drop"
		: r->reject	       ? "rejects"
				       : "drops",
	    foreign_hook_name(r->table->family, r->base->hook));
	if (r->word == FOREIGN_DEPENDS)
		str_printf(text, ", depending on %s", r->match);
}

/* ---- cures ---- */

/* Host ends of jails, in iptables' and ufw's writing, and in nft's. */
#define JAILS_XT "jail-+"
#define JAILS_NFT "jail-*"

static bool
from_jail(const struct foreign_packet *p)
{
	return str_starts(p->iifname, "jail-");
}

static const char *
iptables(const struct foreign_packet *p)
{
	return p->family == AF_INET ? "iptables" : "ip6tables";
}

static const char *
proto_name(uint8_t proto)
{
	return proto == IPPROTO_TCP ? "tcp"
	    : proto == IPPROTO_UDP  ? "udp"
				    : NULL;
}

/* Both ways: who drops what he does not know drops the answers, too. */
static void
cure_iptables(
    const struct foreign_packet *p, const char *chain, struct str *text)
{
	const char *proto = proto_name(p->proto);

	if (p->hook == NF_INET_FORWARD)
		str_printf(text,
		    "%s -I %s -i " JAILS_XT " -j ACCEPT\n"
		    "%s -I %s -o " JAILS_XT " -j ACCEPT\n",
		    iptables(p), chain, iptables(p), chain);
	else if (proto && p->dport)
		str_printf(text, "%s -I %s -p %s --dport %u -j ACCEPT\n",
		    iptables(p), chain, proto, p->dport);
	else
		str_printf(text, "%s -I %s -j ACCEPT\n", iptables(p), chain);
}

static void
cure_ufw(const struct foreign_packet *p, struct str *text)
{
	const char *proto = proto_name(p->proto);

	if (p->hook == NF_INET_FORWARD)
		str_printf(text, "ufw route allow %s on " JAILS_XT "\n",
		    from_jail(p) ? "in" : "out");
	else if (proto && p->dport)
		str_printf(text, "ufw allow %s%u/%s\n",
		    p->hook == NF_INET_LOCAL_OUT ? "out " : "", p->dport,
		    proto);
	else
		str_add(text, "ufw disable\n");
}

static void
cure_firewalld(const struct foreign_packet *p, struct str *text)
{
	const char *proto = proto_name(p->proto);

	if (p->hook == NF_INET_FORWARD)
		str_add(text,
		    "firewall-cmd --permanent --zone=trusted "
		    "--add-interface=" JAILS_XT "\n"
		    "firewall-cmd --reload\n");
	else if (proto && p->dport)
		str_printf(text,
		    "firewall-cmd --permanent --add-port=%u/%s\n"
		    "firewall-cmd --reload\n",
		    p->dport, proto);
}

static void
cure_nft(const struct foreign_ruling *r, const struct foreign_packet *p,
    struct str *text)
{
	const char *family = foreign_family_name(r->table->family);
	const char *proto = proto_name(p->proto);
	static const char *const ways[] = { "iifname", "oifname" };

	if (p->hook == NF_INET_FORWARD)
		for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
			str_printf(text,
			    "nft 'insert rule %s %s %s %s \"" JAILS_NFT
			    "\" accept'\n",
			    family, r->table->name, r->base->name, ways[i]);
	else if (proto && p->dport)
		str_printf(text,
		    "nft 'insert rule %s %s %s %s dport %u accept'\n", family,
		    r->table->name, r->base->name, proto, p->dport);
	else
		str_printf(text, "nft 'chain %s %s %s { policy accept; }'\n",
		    family, r->table->name, r->base->name);
}

void
foreign_cure(const struct foreign_ruling *r, const struct foreign_packet *p,
    struct str *text)
{
	if (r->word == FOREIGN_PASSES)
		return;
	switch (r->owner) {
	case FOREIGN_UFW:
		cure_ufw(p, text);
		break;
	case FOREIGN_FIREWALLD:
		cure_firewalld(p, text);
		break;
	case FOREIGN_DOCKER:
		if (r->table->iptables && p->hook == NF_INET_FORWARD)
			cure_iptables(p, "DOCKER-USER", text);
		else
			cure_nft(r, p, text);
		break;
	default:
		if (r->table->iptables)
			cure_iptables(p, r->base->name, text);
		else
			cure_nft(r, p, text);
	}
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol net: the network of rc.conf, and who has which address. */
#include <errno.h>
#include <inttypes.h>

#include "base/json.h"
#include "base/table.h"
#include "cli/cli.h"
#include "conf/rcconf.h"
#include "net/net.h"

/* ---- net up ---- */

static void
say_step(const char *step, void *arg)
{
	cli_say(arg, "%s", step);
}

static int
net_up_run(struct cli *c, const void *opts _unused_, int argc _unused_,
    char **argv _unused_, struct err *err)
{
	_cleanup_(rcconf_freep) struct rcconf *rc = NULL;
	_cleanup_(net_plan_clear) struct net_plan plan = { 0 };
	int r = rcconf_read_host(&rc, err);

	if (r == 0)
		r = net_plan_make(rc, &plan, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < plan.notes.n; i++)
		cli_warn(c, "%s", plan.notes.v[i]);
	return net_up(&plan, c->plan, say_step, c, err);
}

static const struct cli_verb cmd_net_up = {
	.name = "up",
	.summary = "make the network that /etc/rc.conf asks for",
	.help = "Makes the cloned interfaces, adds the addresses and turns"
		" forwarding on, as far as that is not so already; a second"
		" call does nothing. An address that gaol added and rc.conf no"
		" longer has is removed; no other ever is.",
	.max_args = 0,
	.flags = CLI_ROOT | CLI_WRITES,
	.run = net_up_run,
};

/* ---- net show, for people: as ifconfig and ipcalc tell it ---- */

/* In the order and with the words of ifconfig(8). */
static const struct {
	unsigned int bit;
	const char *name;
} flag_names[] = {
	{ IFF_UP, "UP" },
	{ IFF_BROADCAST, "BROADCAST" },
	{ IFF_LOOPBACK, "LOOPBACK" },
	{ IFF_POINTOPOINT, "POINTOPOINT" },
	{ IFF_RUNNING, "RUNNING" },
	{ IFF_NOARP, "NOARP" },
	{ IFF_PROMISC, "PROMISC" },
	{ IFF_ALLMULTI, "ALLMULTI" },
	{ IFF_MULTICAST, "MULTICAST" },
};

static void
add_flags(struct str *out, unsigned int flags)
{
	const char *sep = "";

	for (size_t i = 0; i < ARRAY_SIZE(flag_names); i++) {
		if (!(flags & flag_names[i].bit))
			continue;
		str_printf(out, "%s%s", sep, flag_names[i].name);
		sep = ",";
	}
}

/* Netmasks in hexadecimal, as ifconfig has them. */
static uint32_t
mask_of(const struct net_addr *a)
{
	struct net_addr m = net_addr_mask(AF_INET, a->plen);

	return (uint32_t)m.b[0] << 24 | (uint32_t)m.b[1] << 16 |
	    (uint32_t)m.b[2] << 8 | m.b[3];
}

static void
show_addr(struct str *out, const struct net_ifaddr *a)
{
	char buf[NET_ADDR_STRLEN];

	str_printf(out, "\t%s %s", a->addr.family == AF_INET ? "inet" : "inet6",
	    net_addr_format(&a->addr, false, buf));
	if (a->peer.family != 0)
		str_printf(
		    out, " --> %s", net_addr_format(&a->peer, false, buf));
	if (a->addr.family == AF_INET)
		str_printf(out, " netmask 0x%08" PRIx32, mask_of(&a->addr));
	else
		str_printf(out, " prefixlen %u", a->addr.plen);
	if (a->brd.family != 0)
		str_printf(
		    out, " broadcast %s", net_addr_format(&a->brd, false, buf));
	if (a->tentative)
		str_add(out, " tentative");
	if (a->jail)
		str_printf(out, " jail %s", a->jail);
	str_add(out, "\n");
}

/* A network of an interface: one of the host's addresses has a prefix that
 * holds more than itself. */
static bool
is_network(const struct net_if *ifp, size_t k)
{
	const struct net_ifaddr *a = &ifp->v[k];
	struct net_addr net = net_addr_network(&a->addr);

	if (a->jail || a->addr.plen == net_addr_bits(&a->addr))
		return false;
	for (size_t i = 0; i < k; i++) {
		struct net_addr other = net_addr_network(&ifp->v[i].addr);

		if (other.plen == net.plen && net_addr_same(&other, &net))
			return false;
	}
	return true;
}

/* IPv6 link-local networks say nothing that is worth a paragraph. */
static bool
is_link_local(const struct net_addr *a)
{
	return a->family == AF_INET6 && a->b[0] == 0xfe &&
	    (a->b[1] & 0xc0) == 0x80;
}

static uint64_t
count_held(const struct net_if *ifp, const struct net_addr *net)
{
	uint64_t n = 0;

	for (size_t i = 0; i < ifp->n; i++)
		n += net_addr_within(net, &ifp->v[i].addr);
	return n;
}

static void
add_held(struct str *out, const struct net_if *ifp, const struct net_addr *net)
{
	char buf[NET_ADDR_STRLEN];
	const char *label = "held";

	for (size_t i = 0; i < ifp->n; i++) {
		const struct net_ifaddr *a = &ifp->v[i];

		if (!net_addr_within(net, &a->addr))
			continue;
		str_printf(out, "\t    %-10s %s %s%s\n", label,
		    net_addr_format(&a->addr, false, buf),
		    a->jail ? "jail " : "host", a->jail ? a->jail : "");
		label = "";
	}
}

static void
add_capacity(struct str *out, uint64_t count, uint64_t held)
{
	str_add(out, "\t    capacity   ");
	if (count == UINT64_MAX)
		str_printf(
		    out, "2^64 addresses or more, %" PRIu64 " held\n", held);
	else
		str_printf(out,
		    "%" PRIu64 " addresses, %" PRIu64 " held, %" PRIu64
		    " free\n",
		    count, held, count - held);
}

static void
show_network(
    struct str *out, const struct net_if *ifp, const struct net_addr *a)
{
	struct net_addr net = net_addr_network(a), last = net_addr_last(a);
	struct net_addr mask = net_addr_mask(a->family, a->plen), from, to;
	char buf[NET_ADDR_STRLEN];
	uint64_t count;

	net_addr_hosts(a, &from, &to, &count);
	str_printf(out, "\tnetwork %s\n", net_addr_format(&net, true, buf));
	if (a->family == AF_INET)
		str_printf(out, "\t    netmask    %s\n",
		    net_addr_format(&mask, false, buf));
	str_printf(
	    out, "\t    first      %s\n", net_addr_format(&from, false, buf));
	str_printf(
	    out, "\t    last       %s\n", net_addr_format(&to, false, buf));
	if (a->family == AF_INET && a->plen < 31)
		str_printf(out, "\t    broadcast  %s\n",
		    net_addr_format(&last, false, buf));
	add_capacity(out, count, count_held(ifp, &net));
	add_held(out, ifp, &net);
}

static void
show_if(struct str *out, const struct net_if *ifp)
{
	str_printf(out, "%s: flags=%x<", ifp->pf_name, ifp->flags & 0xffff);
	add_flags(out, ifp->flags);
	str_printf(out, "> mtu %u\n", ifp->mtu);
	if (ifp->cloned_lo)
		str_printf(out, "\tcloned loopback (%s)\n", ifp->kind);
	if (ifp->has_mac && !ifp->cloned_lo && !(ifp->flags & IFF_LOOPBACK))
		str_printf(out, "\tether %02x:%02x:%02x:%02x:%02x:%02x\n",
		    ifp->mac[0], ifp->mac[1], ifp->mac[2], ifp->mac[3],
		    ifp->mac[4], ifp->mac[5]);
	for (size_t i = 0; i < ifp->n; i++)
		show_addr(out, &ifp->v[i]);
	if (ifp->flags & IFF_LOOPBACK)
		return;
	for (size_t i = 0; i < ifp->n; i++)
		if (is_network(ifp, i) && !is_link_local(&ifp->v[i].addr))
			show_network(out, ifp, &ifp->v[i].addr);
}

/* ---- for scripts ---- */

/* -H: a line for each address: IF, address, length, holder. */
static void
bare_if(struct table *t, const struct net_if *ifp)
{
	char buf[NET_ADDR_STRLEN];

	for (size_t i = 0; i < ifp->n; i++) {
		const struct net_ifaddr *a = &ifp->v[i];

		table_cell(t, ifp->pf_name);
		table_cell(t, net_addr_format(&a->addr, false, buf));
		table_cellf(t, "%u", a->addr.plen);
		table_cell(t, a->jail ? a->jail : "-");
	}
}

static void
json_kaddr(
    struct json *j, const char *key, const struct net_addr *a, bool with_plen)
{
	char buf[NET_ADDR_STRLEN];

	json_kstr(j, key, net_addr_format(a, with_plen, buf));
}

static void
json_addr(struct json *j, const struct net_ifaddr *a)
{
	json_open_object(j);
	json_kaddr(j, "address", &a->addr, false);
	json_kint(j, "prefix", a->addr.plen);
	if (a->brd.family != 0)
		json_kaddr(j, "broadcast", &a->brd, false);
	if (a->peer.family != 0)
		json_kaddr(j, "peer", &a->peer, false);
	json_kbool(j, "tentative", a->tentative);
	json_kstr(j, "jail", a->jail);
	json_end(j);
}

static void
json_network(struct json *j, const struct net_if *ifp, const struct net_addr *a)
{
	struct net_addr net = net_addr_network(a), last = net_addr_last(a);
	struct net_addr mask = net_addr_mask(a->family, a->plen), from, to;
	uint64_t count;

	net_addr_hosts(a, &from, &to, &count);
	json_open_object(j);
	json_kaddr(j, "network", &net, true);
	json_kaddr(j, "netmask", &mask, false);
	json_kaddr(j, "first", &from, false);
	json_kaddr(j, "last", &to, false);
	if (a->family == AF_INET && a->plen < 31)
		json_kaddr(j, "broadcast", &last, false);
	json_key(j, "capacity");
	if (count == UINT64_MAX) /* or more: no number of JSON's */
		json_add_null(j);
	else
		json_uint(j, count);
	json_key(j, "held");
	json_uint(j, count_held(ifp, &net));
	json_end(j);
}

static void
json_if(struct json *j, const struct net_if *ifp)
{
	json_open_object(j);
	json_kstr(j, "name", ifp->pf_name);
	json_kstr(j, "kernel_name", ifp->name);
	json_kint(j, "index", ifp->index);
	json_kstr(j, "kind", ifp->cloned_lo ? "loopback" : ifp->kind);
	json_kint(j, "mtu", ifp->mtu);
	json_key(j, "flags");
	json_open_array(j);
	for (size_t i = 0; i < ARRAY_SIZE(flag_names); i++)
		if (ifp->flags & flag_names[i].bit)
			json_str(j, flag_names[i].name);
	json_end(j);
	json_key(j, "addresses");
	json_open_array(j);
	for (size_t i = 0; i < ifp->n; i++)
		json_addr(j, &ifp->v[i]);
	json_end(j);
	json_key(j, "networks");
	json_open_array(j);
	for (size_t i = 0; i < ifp->n; i++)
		if (is_network(ifp, i))
			json_network(j, ifp, &ifp->v[i].addr);
	json_end(j);
	json_end(j);
}

/* ---- net show ---- */

static bool
is_chosen(const struct net_view *view, const struct net_if *ifp, int argc,
    char **argv)
{
	for (int i = 0; i < argc; i++)
		if (net_view_if(view, argv[i]) == ifp)
			return true;
	return argc == 0;
}

static void
print_json(struct str *out, const struct net_view *view, int argc, char **argv)
{
	struct json j;

	json_init(&j, out);
	json_begin_doc(&j, "gaol.net", 1);
	json_key(&j, "interfaces");
	json_open_array(&j);
	for (size_t i = 0; i < view->n; i++)
		if (is_chosen(view, &view->v[i], argc, argv))
			json_if(&j, &view->v[i]);
	json_end_doc(&j);
}

static void
print_bare(struct str *out, const struct net_view *view, int argc, char **argv)
{
	static const char *const header[] = { "IF", "ADDRESS", "PREFIX", "JAIL",
		NULL };
	struct table t;

	table_init(&t, header);
	for (size_t i = 0; i < view->n; i++)
		if (is_chosen(view, &view->v[i], argc, argv))
			bare_if(&t, &view->v[i]);
	table_tabs(&t, out);
	table_clear(&t);
}

static int
net_show_run(struct cli *c, const void *opts _unused_, int argc, char **argv,
    struct err *err)
{
	_cleanup_(net_view_clear) struct net_view view = { 0 };
	_cleanup_(str_clear) struct str out = STR_INIT;
	int r = net_view_read(&view, err);

	if (r < 0)
		return r;
	for (int i = 0; i < argc; i++)
		if (!net_view_if(&view, argv[i]))
			return err_set(err, ENODEV,
			    "there is no interface "
			    "'%s'; 'gaol net show' lists them",
			    argv[i]);
	if (c->json)
		print_json(&out, &view, argc, argv);
	else if (c->bare)
		print_bare(&out, &view, argc, argv);
	else
		for (size_t i = 0; i < view.n; i++)
			if (is_chosen(&view, &view.v[i], argc, argv))
				show_if(&out, &view.v[i]);
	fputs(out.buf, stdout);
	return 0;
}

static const struct cli_verb cmd_net_show = {
	.name = "show",
	.args = "[IF...]",
	.summary = "show interfaces, networks, and who holds which address",
	.help = "-H prints a line for each address: interface, address, prefix"
		" length, jail (or '-': the host).",
	.max_args = CLI_ANY,
	.flags = CLI_READS,
	.run = net_show_run,
};

/* ---- net ---- */

static const struct cli_verb *const net_subs[] = {
	&cmd_net_up,
	&cmd_net_show,
	NULL,
};

const struct cli_verb cmd_net = {
	.name = "net",
	.args = "VERB",
	.summary = "the network of the host and its jails",
	.subs = net_subs,
};

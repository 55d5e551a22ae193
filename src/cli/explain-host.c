/* SPDX-License-Identifier: BSD-2-Clause */
/* explain on a running host: the states of conntrack, rp_filter, and the
 * rules of other programs. */
#include "cli/explain-host.h"

#include <linux/netfilter.h>

#include <fcntl.h>
#include <inttypes.h>

#include "base/file.h"
#include "nft/foreign.h"
#include "nft/nft.h"

/* ---- is it known already? ---- */

static bool
same_tuple(const struct nft_tuple *t, const struct pf_packet *p)
{
	size_t len = p->af == AF_INET ? 4 : 16;

	return t->family == p->af && t->proto == p->proto &&
	    t->sport == p->sport && t->dport == p->dport &&
	    memcmp(t->src, p->src.b, len) == 0 &&
	    memcmp(t->dst, p->dst.b, len) == 0;
}

int
explain_known(const struct pf_question *q, char **ret, struct err *err)
{
	_cleanup_(nft_states_clear) struct nft_states states = { 0 };
	const struct pf_packet *p = &q->packet;
	int r;

	*ret = NULL;
	if (q->any_sport || (p->proto != 6 && p->proto != 17))
		return 0;
	r = nft_state_list(&states, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < states.n && *ret == NULL; i++) {
		const struct nft_state *s = &states.v[i];
		bool there = same_tuple(&s->orig, p);

		if (!there && !same_tuple(&s->reply, p))
			continue;
		*ret = xasprintf("a state knows it (%s, for %" PRIu32
				 " seconds more): it "
				 "passes without rules; see pfctl -s states",
		    there ? "a connection that was let through"
			  : "the answer to one that was let through",
		    s->timeout);
	}
	return 0;
}

/* ---- rp_filter ---- */

static int
rp_filter_of(const char *ifname)
{
	char path[128], buf[16];
	int64_t all = 0, own = 0;

	if (file_peek(AT_FDCWD, "/proc/sys/net/ipv4/conf/all/rp_filter", buf,
		sizeof(buf)) > 0)
		(void)str_to_i64(buf, 0, 2, &all);
	snprintf(
	    path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/rp_filter", ifname);
	if (file_peek(AT_FDCWD, path, buf, sizeof(buf)) > 0)
		(void)str_to_i64(buf, 0, 2, &own);
	return (int)MAX(all, own);
}

/* The kernel takes the higher of the two settings: 1 strict, 2 loose. */
static void
look_at_rp_filter(const struct host *h, const struct pf_question *q,
    struct pf_explanation *ex)
{
	_cleanup_free_ char *text = NULL, *cure = NULL;
	const struct pf_packet *p = &q->packet;
	const char *back = NULL;
	bool routed;
	int mode;

	if (ex->in_if == NULL || p->af != AF_INET)
		return;
	mode = rp_filter_of(ex->in_if);
	if (mode == 0)
		return;
	routed = pf_machine_route(&h->machine, p->af, &p->src, &back);
	if (routed && (mode == 2 || streq(back, ex->in_if)))
		return;
	text = xasprintf("the kernel drops it as spoofed (rp_filter=%d): its "
			 "source is routed %s%s, not over %s",
	    mode, routed ? "over " : "nowhere", routed ? back : "", ex->in_if);
	cure = xasprintf(
	    "mend the route to the source, or: sysctl net.ipv4.conf.%s."
	    "rp_filter=0 net.ipv4.conf.all.rp_filter=0",
	    ex->in_if);
	pf_explanation_fail(ex, PF_EX_RP_FILTER, text, cure);
}

/* ---- others' rules ---- */

static const struct net_jail_link *
link_of(const struct host *h, const char *jail)
{
	for (size_t i = 0; jail != NULL && i < h->view.jails.n; i++)
		if (streq(h->view.jails.v[i].jail, jail))
			return &h->view.jails.v[i];
	return NULL;
}

/* The ends of its way, as the kernel's interfaces. */
struct way {
	char name[16];
	uint32_t index, group;
};

static void
way_of_link(struct way *w, const struct net_jail_link *l)
{
	snprintf(w->name, sizeof(w->name), "%.15s", l->name);
	w->index = (uint32_t)l->index;
	w->group = NET_GROUP;
}

static void
way_of_if(struct way *w, const struct host *h, const char *pf_name)
{
	const struct net_if *f =
	    pf_name ? net_view_if(&h->view, pf_name) : NULL;

	if (f == NULL)
		return;
	snprintf(w->name, sizeof(w->name), "%.15s", f->name);
	w->index = (uint32_t)f->index;
}

static void
put_addresses(struct foreign_packet *to, const struct pf_packet *from)
{
	to->family = from->af;
	to->proto = from->proto;
	memcpy(to->src, from->src.b, 16);
	memcpy(to->dst, from->dst.b, 16);
	to->sport = from->sport;
	to->dport = from->dport;
}

static void
judge(const struct foreign *f, struct foreign_packet *p, uint32_t hook,
    struct pf_explanation *ex)
{
	_cleanup_(str_clear) struct str text = STR_INIT, cure = STR_INIT;
	struct foreign_ruling ruling = { 0 };

	p->hook = hook;
	foreign_judge(f, p, &ruling);
	if (ruling.word == FOREIGN_PASSES)
		return;
	foreign_say(&ruling, &text);
	if (ruling.word == FOREIGN_DEPENDS) {
		str_add(&text, "; whether it does could not be told");
		pf_explanation_add(ex, text.buf);
		return;
	}
	foreign_cure(&ruling, p, &cure);
	pf_explanation_fail(ex, PF_EX_FOREIGN, text.buf, cure.buf);
}

/* Addresses as each hook sees them: rdr is done in prerouting, nat in
 * postrouting behind everybody's filters. */
static void
look_at_hooks(const struct foreign *f, const struct host *h,
    const struct pf_question *q, struct pf_explanation *ex)
{
	const struct net_jail_link *from = link_of(h, ex->from_jail);
	const struct net_jail_link *to =
	    ex->leaves ? NULL : link_of(h, ex->to_jail);
	struct way in = { 0 }, out = { 0 };
	struct pf_packet behind = ex->arrives;
	struct foreign_packet p = { 0 };
	bool comes = ex->in_if != NULL || from != NULL;
	bool goes = ex->leaves || to != NULL;

	if (from != NULL)
		way_of_link(&in, from);
	else
		way_of_if(&in, h, ex->in_if);
	if (to != NULL)
		way_of_link(&out, to);
	else if (ex->leaves)
		way_of_if(&out, h, ex->out_if);
	behind.src = q->packet.src;
	behind.sport = q->packet.sport;
	put_addresses(&p, &q->packet);
	memcpy(p.iifname, in.name, sizeof(p.iifname));
	p.iif = in.index;
	p.iifgroup = in.group;
	if (comes)
		judge(f, &p, NF_INET_PRE_ROUTING, ex);
	put_addresses(&p, &behind);
	p.dnat = memcmp(p.dst, q->packet.dst.b, 16) != 0;
	memcpy(p.oifname, out.name, sizeof(p.oifname));
	p.oif = out.index;
	p.oifgroup = out.group;
	if (comes && goes)
		judge(f, &p, NF_INET_FORWARD, ex);
	else if (comes)
		judge(f, &p, NF_INET_LOCAL_IN, ex);
	else
		judge(f, &p, NF_INET_LOCAL_OUT, ex);
	if (goes)
		judge(f, &p, NF_INET_POST_ROUTING, ex);
}

/* The older iptables' rules cannot be read through nf_tables. */
static void
tell_legacy(const struct foreign *f, uint8_t af, struct pf_explanation *ex)
{
	_cleanup_free_ char *text = NULL;
	const char *tables =
	    af == AF_INET ? f->kernel.legacy_ip : f->kernel.legacy_ip6;

	if (tables[0] == '\0')
		return;
	text = xasprintf("rules of %s-legacy are in use (tables %s): what they "
			 "do to it is not known here",
	    af == AF_INET ? "iptables" : "ip6tables", tables);
	pf_explanation_add(ex, text);
}

int
explain_look_further(const struct host *h, const struct pf_question *q,
    struct pf_explanation *ex, struct err *err)
{
	_cleanup_(foreign_clear) struct foreign f = { 0 };
	int r;

	if (!ex->has_arrived || ex->end != PF_EX_PASSES || ex->inside)
		return 0;
	look_at_rp_filter(h, q, ex);
	r = foreign_read(&f, err);
	if (r < 0)
		return r;
	tell_legacy(&f, q->packet.af, ex);
	look_at_hooks(&f, h, q, ex);
	return 0;
}

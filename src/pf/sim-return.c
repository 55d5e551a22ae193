/* SPDX-License-Identifier: BSD-2-Clause */
/* What pf sends by itself: RST and ICMP for a blocked packet, the proxy's. */
#include "pf/sim-internal.h"

void
sim_send_tcp(
    struct sim_run *run, enum pf_sent_kind kind, const struct pf_packet *p)
{
	sim_send_own(run->sim, kind, p, run->res);
}

static void
send_rst(struct sim_run *run, const struct pf_rule *r)
{
	const struct pf_packet *p = &run->orig;
	struct pf_packet rst = { .af = p->af,
		.proto = 6,
		.src = p->dst,
		.dst = p->src,
		.sport = p->dport,
		.dport = p->sport,
		.flags = PF_TH_RST | PF_TH_ACK,
		.seq = p->ack,
		.ttl = r->return_ttl ? r->return_ttl : 64,
		.tos = 0x10,
		.df = p->af == AF_INET };

	rst.ack = p->seq + p->len + ((p->flags & PF_TH_SYN) ? 1 : 0) +
	    ((p->flags & PF_TH_FIN) ? 1 : 0);
	sim_send_tcp(run, PF_SENT_RST, &rst);
}

/* The address that an ICMP error about a packet comes from: the one it was
 * sent to if that is ours, else the one nearest to its sender. */
static bool
error_source(struct pf_sim *sim, const struct pf_packet *p, union pf_ip *ret)
{
	const struct pf_if *ifp, *own;
	const char *ifname;
	union pf_ip via;

	if (sim_is_local(sim, p->af, &p->dst, NULL)) {
		*ret = p->dst;
		return true;
	}
	if (!sim_route(sim, p->af, &p->src, &ifname, &via))
		return false;
	ifp = pf_env_if(sim->env, ifname);
	/* A route to an address of our own on a loopback has that address. */
	if (sim_is_local(sim, p->af, &p->src, &own) && own == ifp) {
		*ret = p->src;
		return true;
	}
	for (size_t i = 0; ifp != NULL && i < ifp->addrs.n; i++)
		if (ifp->addrs.v[i].af == p->af) {
			*ret = ifp->addrs.v[i].ip;
			return true;
		}
	return false;
}

static void
quote(struct pf_packet *e, const struct pf_packet *p)
{
	e->quotes = true;
	e->quote = (struct pf_quote){ .proto = p->proto,
		.src = p->src,
		.dst = p->dst,
		.sport = p->sport,
		.dport = p->dport,
		.seq = p->seq,
		.icmp_type = p->icmp_type,
		.icmp_code = p->icmp_code };
	if (p->proto == 1 || p->proto == 58)
		e->quote.sport = e->quote.dport = p->icmp_id;
}

bool
sim_icmp_error(struct pf_sim *sim, const struct pf_packet *p, uint8_t type,
    uint8_t code, struct pf_packet *ret)
{
	*ret = (struct pf_packet){ .af = p->af,
		.proto = p->af == AF_INET ? 1 : 58,
		.dst = p->src,
		.icmp_type = type,
		.icmp_code = code,
		.ttl = 64,
		.uid = PF_ID_UNKNOWN,
		.gid = PF_ID_UNKNOWN };
	if ((p->frag && p->frag_off != 0) || !error_source(sim, p, &ret->src))
		return false;
	quote(ret, p);
	return true;
}

static void
send_icmp(struct sim_run *run, uint8_t type, uint8_t code)
{
	struct pf_packet e;

	if (sim_icmp_error(run->sim, &run->orig, type, code, &e))
		sim_send_own(run->sim, PF_SENT_ICMP, &e, run->res);
}

void
sim_return(struct sim_run *run, const struct pf_rule *r)
{
	const struct pf_packet *p = &run->orig;
	bool tcp = p->proto == 6 && !(p->flags & PF_TH_RST) &&
	    (r->block == PF_BLOCK_RST || r->block == PF_BLOCK_RETURN);

	if (r->block == PF_BLOCK_DROP)
		return;
	if (tcp) {
		if (!p->badsum)
			send_rst(run, r);
		return;
	}
	if (r->block == PF_BLOCK_RST || p->proto == (p->af == AF_INET ? 1 : 58))
		return;
	send_icmp(run, p->af == AF_INET ? 3 : 1,
	    p->af == AF_INET ? r->code4 : r->code6);
}

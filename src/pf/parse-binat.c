/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * binat = [ "no" ] "binat" [ "pass" ] log on af proto "from" hosts
 *         [ "to" hosts ] [ "tag" W ] [ "tagged" W ] rtable
 *         [ "->" host [ "port" P ] ]
 *
 * Nothing is expanded: one address, one interface, one protocol.
 */
#include "pf/parse.h"

struct binat {
	struct if_node *ifs;
	struct proto_node *protos;
	struct host *src, *dst;
	struct tags tags;
	struct redirect to;
};

static void
decide_family(struct pf_rule *r, const struct binat *b)
{
	if (r->af == 0 && b->src != NULL)
		r->af = b->src->af;
	if (r->af == 0 && b->dst != NULL)
		r->af = b->dst->af;
	if (r->af == 0 && b->to.hosts != NULL)
		r->af = b->to.hosts->af;
}

static int
refuse_kinds(struct parser *p, const struct binat *b)
{
	if (pf_refuse_table(p, b->src,
		"invalid use of table <%s> as the source address of a binat "
		"rule") < 0 ||
	    pf_refuse_alias(p, b->src,
		"invalid use of interface (%s) as the source address of a "
		"binat rule") < 0 ||
	    pf_refuse_table(p, b->to.hosts,
		"invalid use of table <%s> as the redirect address of a binat "
		"rule") < 0)
		return -1;
	return pf_refuse_alias(p, b->to.hosts,
	    "invalid use of interface (%s) as the redirect address of a binat "
	    "rule");
}

static int
set_source(struct parser *p, struct pf_rule *r, struct host *h)
{
	if (h == NULL)
		return 0;
	if (h->next != NULL)
		return pf_error(p, "multiple binat ip addresses");
	if (h->kind == PF_ADDR_DYN)
		h->af = r->af;
	if (h->af != r->af)
		return pf_error(p, "binat ip versions must match");
	if (pf_check_mask(p, h, r->af) < 0)
		return -1;
	pf_addr_from_host(&r->src.addr, h);
	r->src.addr.neg = false; /* not kept by the original */
	return 0;
}

static int
set_dest(struct parser *p, struct pf_rule *r, struct host *h)
{
	if (h == NULL)
		return 0;
	if (h->next != NULL)
		return pf_error(p, "multiple binat ip addresses");
	if (h->af != 0 && h->af != r->af)
		return pf_error(p, "binat ip versions must match");
	if (pf_check_mask(p, h, r->af) < 0)
		return -1;
	pf_addr_from_host(&r->dst.addr, h);
	return 0;
}

static int
set_target(struct parser *p, struct pf_rule *r, struct binat *b)
{
	static const struct pool_opts no_opts;
	struct host *h;

	if (r->action == PF_NO_BINAT) {
		if (b->to.given)
			return pf_error(
			    p, "'no binat' rule does not need '->'");
		return 0;
	}
	if (!b->to.given)
		return pf_error(p, "'binat' rule requires '-> address'");
	pf_drop_other_af(&b->to.hosts, &r->af);
	h = b->to.hosts;
	if (pf_check_redirect(p, h, r->af) < 0)
		return -1;
	if (h->next != NULL)
		return pf_error(
		    p, "binat rule must redirect to a single address");
	if (pf_check_mask(p, h, r->af) < 0)
		return -1;
	if (b->src != NULL && b->src->bits != 0 && b->src->bits != h->bits)
		return pf_error(p,
		    "'binat' source mask and redirect mask must be the same");
	r->pool = pf_pool_new(p, h, &no_opts);
	return 0;
}

static int
add_binat(struct parser *p, struct pf_rule *r, struct binat *b)
{
	if (pf_section(p, SECTION_NAT) < 0)
		return -1;
	for (const struct host *h = b->dst; h != NULL; h = h->next) {
		if (h->kind == PF_ADDR_URPF)
			return pf_error(p,
			    "\"urpf-failed\" is not permitted as a binat "
			    "destination");
	}
	if (r->action == PF_NO_BINAT && r->natpass)
		return pf_error(p, "\"pass\" not valid with \"no\"");
	decide_family(r, b);
	if (r->af == 0)
		return pf_error(p, "address family (inet/inet6) undefined");
	if (b->ifs != NULL) {
		r->ifname = b->ifs->name;
		r->if_not = b->ifs->neg;
	}
	if (pf_set_tags(p, r, b->tags.tag, b->tags.tagged, b->tags.tagged_not) <
	    0)
		return -1;
	if (b->protos != NULL)
		r->proto = b->protos->proto;
	if (refuse_kinds(p, b) < 0 || set_source(p, r, b->src) < 0 ||
	    set_dest(p, r, b->dst) < 0 || set_target(p, r, b) < 0)
		return -1;
	(void)pf_rule_add(p, r); /* without a number: it stays 0 */
	return 0;
}

int
pf_parse_binat(struct parser *p, bool no)
{
	struct binat b = { 0 };
	struct pf_rule r;

	take(p);
	pf_rule_init(p, &r, no ? PF_NO_BINAT : PF_BINAT);
	if (pf_parse_pass_log(p, &r) < 0 || pf_parse_on(p, &b.ifs) < 0)
		return -1;
	r.af = pf_parse_af(p);
	if (pf_parse_proto(p, &b.protos) < 0 || expect(p, K_FROM) < 0 ||
	    pf_parse_hosts(p, &b.src) < 0)
		return -1;
	if (take_if(p, K_TO) && pf_parse_hosts(p, &b.dst) < 0)
		return -1;
	if (pf_parse_tags(p, &b.tags) < 0 ||
	    pf_parse_rtable(p, &r.rtable) < 0 ||
	    pf_parse_redirect(p, false, &b.to) < 0)
		return -1;
	if (!b.to.has_port && pf_end(p) < 0)
		return -1;
	return add_binat(p, &r, &b);
}

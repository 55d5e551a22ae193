/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nat = [ "no" ] ( "nat" | "rdr" ) [ "pass" ] log on af proto from-to
 *       [ "tag" WORDS ] [ [ "!" ] "tagged" WORDS ] rtable
 *       [ "->" target [ "port" P ] ] pool-opts
 */
#include "pf/parse.h"

/* [ "tag" WORD ] [ [ "!" ] "tagged" WORDS ] */
int
pf_parse_tags(struct parser *p, struct tags *ret)
{
	*ret = (struct tags){ 0 };
	if (take_if(p, K_TAG) && expect_string(p, &ret->tag) < 0)
		return -1;
	ret->tagged_not = take_if(p, '!');
	if (!ret->tagged_not && peek(p) != K_TAGGED)
		return 0;
	if (expect(p, K_TAGGED) < 0)
		return -1;
	return pf_strings(p, &ret->tagged);
}

/* [ "pass" [ log ] | log ] */
int
pf_parse_pass_log(struct parser *p, struct pf_rule *r)
{
	struct log_quick log = { 0 };

	r->natpass = take_if(p, K_PASS);
	if (pf_parse_log(p, &log) < 0)
		return -1;
	r->log = log.log;
	r->log_if = log.log_if;
	return 0;
}

/* The ports that a pool translates to. */
static void
set_ports(struct pf_rule *r, struct pf_pool *pool,
    const struct port_range *port, const struct port_node *dst)
{
	pool->low = port->a;
	pool->high = port->b;
	if (r->action == PF_RDR) {
		/* "port N:*" takes the width of the destination's range. */
		if (port->op == PF_OP_IN && dst != NULL)
			pool->high =
			    (uint16_t)(port->a + (dst->port.b - dst->port.a));
		return;
	}
	if (pool->low == 0 && pool->high == 0) {
		pool->low = PF_NAT_LOW;
		pool->high = PF_NAT_HIGH;
	} else if (pool->high == 0) {
		pool->high = pool->low;
	}
}

/* How one of several targets is chosen. */
static int
choose_type(struct parser *p, const struct host *hosts, struct pool_opts *opts)
{
	if (opts->type == PF_POOL_NONE &&
	    (hosts->next != NULL || hosts->kind == PF_ADDR_TABLE ||
		pf_dyn_multi(hosts)))
		opts->type = PF_POOL_ROUNDROBIN;
	if (opts->type == PF_POOL_ROUNDROBIN)
		return 0;
	if (pf_refuse_table(p, hosts,
		"tables are only supported in round-robin redirection "
		"pools") < 0 ||
	    pf_refuse_alias(p, hosts,
		"interface (%s) is only supported in round-robin "
		"redirection pools") < 0)
		return -1;
	if (hosts->next != NULL)
		return pf_error(p,
		    "only round-robin valid for multiple redirection "
		    "addresses");
	return 0;
}

static int
set_target(struct parser *p, struct pf_rule *r, struct redirect *to,
    struct pool_opts *opts, const struct port_node *dst)
{
	struct pf_pool *pool;

	if (r->action == PF_NO_NAT || r->action == PF_NO_RDR) {
		if (to->given)
			return pf_error(
			    p, "translation rule with 'no' does not need '->'");
		return 0;
	}
	if (!to->given)
		return pf_error(p, "translation rule requires '-> address'");
	if (r->af == 0 && to->hosts->ifindex == 0)
		r->af = to->hosts->af;
	pf_drop_other_af(&to->hosts, &r->af);
	if (pf_check_redirect(p, to->hosts, r->af) < 0 ||
	    pf_check_mask(p, to->hosts, r->af) < 0 ||
	    choose_type(p, to->hosts, opts) < 0)
		return -1;
	pool = pf_pool_new(p, to->hosts, opts);
	set_ports(r, pool, &to->port, dst);
	r->pool = pool;
	if (!opts->static_port)
		return 0;
	if (pool->low != PF_NAT_LOW && pool->high != PF_NAT_HIGH &&
	    r->action == PF_NAT)
		return pf_error(p,
		    "the 'static-port' option can't be used when specifying a "
		    "port range");
	pool->low = pool->high = 0;
	return 0;
}

/* A first host with a scope does not decide. */
static void
first_af(const struct from_to *ft, uint8_t *af)
{
	if (*af != 0)
		return;
	if (ft->src != NULL && ft->src->af != 0 && ft->src->ifindex == 0)
		*af = ft->src->af;
	else if (ft->dst != NULL && ft->dst->af != 0 && ft->dst->ifindex == 0)
		*af = ft->dst->af;
}

static int
add_nat(struct parser *p, struct pf_rule *r, struct expand *x,
    const struct tags *tags, struct redirect *to, struct pool_opts *opts)
{
	if (pf_section(p, SECTION_NAT) < 0)
		return -1;
	first_af(&x->ft, &r->af);
	if (pf_set_tags(p, r, tags->tag, tags->tagged, tags->tagged_not) < 0 ||
	    set_target(p, r, to, opts, x->ft.dst_port) < 0)
		return -1;
	if (opts->static_port && r->action != PF_NAT)
		return pf_error(
		    p, "the 'static-port' option is only valid with nat rules");
	return pf_expand(p, r, x);
}

int
pf_parse_nat(struct parser *p, bool no)
{
	bool nat = peek(p) == K_NAT;
	struct expand x = { 0 };
	struct pool_opts opts;
	struct redirect to;
	struct pf_rule r;
	struct tags tags;

	take(p);
	pf_rule_init(
	    p, &r, nat ? (no ? PF_NO_NAT : PF_NAT) : (no ? PF_NO_RDR : PF_RDR));
	if (pf_parse_pass_log(p, &r) < 0)
		return -1;
	if (no && r.natpass)
		return pf_error(p, "\"pass\" not valid with \"no\"");
	if (pf_parse_on(p, &x.ifs) < 0)
		return -1;
	r.af = pf_parse_af(p);
	if (pf_parse_proto(p, &x.protos) < 0 ||
	    pf_parse_from_to(p, &x.ft) < 0 || pf_parse_tags(p, &tags) < 0 ||
	    pf_parse_rtable(p, &r.rtable) < 0 ||
	    pf_parse_redirect(p, true, &to) < 0 ||
	    pf_parse_pool_opts(p, &opts) < 0 || pf_end(p) < 0)
		return -1;
	return add_nat(p, &r, &x, &tags, &to, &opts);
}

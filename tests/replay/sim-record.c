/* SPDX-License-Identifier: BSD-2-Clause */
/* What the simulator made of a packet, written as a recording has it. */
#include <arpa/inet.h>

#include "sim-replay.h"

/* Ports and ids that pf chose are random: each has a name of its own. Those
 * that were sent must be lower. */
enum { RANDOM_PORT = 50001, RANDOM_ID = 2000 };

static json_t *
named_above(uint16_t n, uint16_t first)
{
	return n < first ? json_integer(n) : json_sprintf("p%u", n);
}

static json_t *
port_json(uint16_t port)
{
	return named_above(port, RANDOM_PORT);
}

static void
put_address(json_t *o, const char *name, const union pf_ip *ip)
{
	char buf[INET_ADDRSTRLEN];

	json_object_set_new(
	    o, name, json_string(inet_ntop(AF_INET, ip->b, buf, sizeof(buf))));
}

static void
put_proto(json_t *o, uint8_t proto)
{
	bool named = proto == 1 || proto == 6 || proto == 17;

	json_object_set_new(o, "proto",
	    named ? json_string(pf_proto_name(proto))
		  : json_sprintf("%u", proto));
}

static void
put_number(json_t *o, const char *name, uint32_t n, uint32_t absent)
{
	if (n != absent)
		json_object_set_new(o, name, json_integer(n));
}

static json_t *
quote_json(const struct pf_quote *q)
{
	json_t *o = json_object();

	put_proto(o, q->proto);
	put_address(o, "src", &q->src);
	put_address(o, "dst", &q->dst);
	if (q->proto == 6 || q->proto == 17) {
		json_object_set_new(o, "sport", port_json(q->sport));
		json_object_set_new(o, "dport", port_json(q->dport));
	}
	return o;
}

static json_t *
packet_json(const struct pf_packet *p)
{
	json_t *o = json_object();
	char flags[9];

	put_proto(o, p->proto);
	put_address(o, "src", &p->src);
	put_address(o, "dst", &p->dst);
	if (p->proto == 6 || p->proto == 17) {
		json_object_set_new(o, "sport", port_json(p->sport));
		json_object_set_new(o, "dport", port_json(p->dport));
	}
	if (p->proto == 6) {
		flags_text(p->flags, flags);
		json_object_set_new(o, "flags", json_string(flags));
		json_object_set_new(o, "seq", json_integer(p->seq));
		json_object_set_new(o, "ack", json_integer(p->ack));
	}
	if (p->proto == 1) {
		put_number(o, "type", p->icmp_type, 0);
		put_number(o, "code", p->icmp_code, 0);
		if (p->icmp_id)
			json_object_set_new(
			    o, "id", named_above(p->icmp_id, RANDOM_ID));
	}
	if (p->quotes)
		json_object_set_new(o, "inner", quote_json(&p->quote));
	else
		put_number(o, "len", p->len, 0);
	put_number(o, "ttl", p->ttl, 64);
	put_number(o, "tos", p->tos, 0);
	put_number(o, "ipopt", p->ipopt, 0);
	return o;
}

static json_t *
wire_json(const struct pf_sim_wire *w)
{
	json_t *o = json_object();

	json_object_set_new(o, "if", json_string(w->ifname));
	put_address(o, "via", &w->via);
	json_object_set_new(o, "packet", packet_json(&w->packet));
	return o;
}

static json_t *
returned_json(const struct pf_sim_returned *r)
{
	json_t *o = json_object();

	json_object_set_new(o, "if", json_string(r->ifname));
	if (r->in && r->verdict == PF_V_BLOCK)
		json_object_set_new(o, "verdict", json_string("block"));
	json_object_set_new(o, "packet", packet_json(&r->packet));
	return o;
}

static void
put_lists(json_t *want, const struct pf_sim_result *res)
{
	json_t *wire = json_array(), *returned = json_array();

	for (size_t i = 0; i < res->wire.n; i++)
		json_array_append_new(wire, wire_json(&res->wire.v[i]));
	for (size_t i = 0; i < res->returned.n; i++)
		json_array_append_new(
		    returned, returned_json(&res->returned.v[i]));
	json_object_set_new(want, "wire", wire);
	json_object_set_new(want, "returned", returned);
}

void
record_result(json_t *want, const struct pf_sim_result *res)
{
	json_object_set_new(want, "result", json_string(end_name(res->end)));
	if (res->at_if)
		json_object_set_new(want, "at",
		    json_sprintf("%s %s", res->at_dir == PF_IN ? "in" : "out",
			res->at_if));
	else if (res->end != PF_E_UNSEEN && res->end != PF_E_NOROUTE)
		json_object_set_new(want, "final", packet_json(&res->final));
	if (res->refused)
		json_object_set_new(want, "errno", json_pack("[s]", "EACCES"));
	put_lists(want, res);
}

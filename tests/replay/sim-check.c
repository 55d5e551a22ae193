/* SPDX-License-Identifier: BSD-2-Clause */
/* What came of a packet, compared with what was recorded. */
#include <arpa/inet.h>

#include "sim-replay.h"

void
flags_text(uint8_t f, char *buf)
{
	static const char letters[] = "FSRPAUEW";

	for (int i = 0; i < 8; i++)
		if (f & (1 << i))
			*buf++ = letters[i];
	*buf = '\0';
}

void
differ(struct replay *rp, const char *fmt, ...)
{
	va_list ap;

	if (rp->diff.len > 0)
		str_add(&rp->diff, "; ");
	va_start(ap, fmt);
	str_vprintf(&rp->diff, fmt, ap);
	va_end(ap);
}

/* p1 and the like: any value, but the same wherever it recurs. */
static bool
same_number(struct replay *rp, json_t *want, uint32_t got)
{
	const char *name;

	if (json_is_integer(want))
		return (uint32_t)json_integer_value(want) == got;
	name = json_string_value(want);
	if (name == NULL)
		return false;
	for (size_t i = 0; i < rp->bound.n; i++)
		if (streq(rp->bound.v[i].name, name))
			return rp->bound.v[i].value == got;
	struct binding *b = array_add(&rp->bound);
	(void)snprintf(b->name, sizeof(b->name), "%s", name);
	b->value = got;
	return true;
}

static void
check_number(struct replay *rp, const char *where, const char *field,
    json_t *want, uint32_t got, uint32_t absent)
{
	if (want == NULL || json_is_null(want)) {
		if (got != absent)
			differ(rp, "%s %s: got %u", where, field, got);
		return;
	}
	if (!same_number(rp, want, got)) {
		_cleanup_free_ char *s = json_dumps(want, JSON_ENCODE_ANY);

		differ(rp, "%s %s: want %s, got %u", where, field, s, got);
	}
}

static void
check_text(struct replay *rp, const char *where, const char *field,
    json_t *want, const char *got)
{
	const char *w = want ? json_string_value(want) : NULL;

	if (w == NULL ? got[0] != '\0' : !streq(w, got))
		differ(rp, "%s %s: want %s, got %s", where, field,
		    w ? w : "(none)", got[0] ? got : "(none)");
}

static void
check_address(struct replay *rp, const char *where, const char *field,
    json_t *want, const union pf_ip *got)
{
	char buf[64];

	check_text(rp, where, field, want,
	    inet_ntop(AF_INET, got->b, buf, sizeof(buf)));
}

static void
proto_text(uint8_t proto, char *buf, size_t size)
{
	const char *name = pf_proto_name(proto);

	if (proto == 1 || proto == 6 || proto == 17)
		(void)snprintf(buf, size, "%s", name);
	else
		(void)snprintf(buf, size, "%u", proto);
}

static void
frag_text(const struct pf_packet *p, char *buf, size_t size)
{
	buf[0] = '\0';
	if (p->frag)
		(void)snprintf(buf, size, "%u+%u%s", p->frag_off, p->frag_len,
		    p->frag_more ? "+" : "");
}

static void
check_quote(struct replay *rp, const char *where, json_t *want,
    const struct pf_packet *p)
{
	const struct pf_quote *q = &p->quote;
	char proto[8];

	if (want == NULL || json_is_null(want)) {
		if (p->quotes)
			differ(rp, "%s: quotes a packet", where);
		return;
	}
	if (!p->quotes) {
		differ(rp, "%s: quotes nothing", where);
		return;
	}
	proto_text(q->proto, proto, sizeof(proto));
	check_text(
	    rp, where, "inner proto", json_object_get(want, "proto"), proto);
	check_address(
	    rp, where, "inner src", json_object_get(want, "src"), &q->src);
	check_address(
	    rp, where, "inner dst", json_object_get(want, "dst"), &q->dst);
	if (q->proto == 6 || q->proto == 17) {
		check_number(rp, where, "inner sport",
		    json_object_get(want, "sport"), q->sport, 0);
		check_number(rp, where, "inner dport",
		    json_object_get(want, "dport"), q->dport, 0);
	}
	if (q->proto == 1 && json_object_get(want, "id") != NULL)
		check_number(rp, where, "inner id", json_object_get(want, "id"),
		    q->sport, 0);
}

/* A whole packet against its record. */
static void
check_packet(struct replay *rp, const char *where, json_t *want,
    const struct pf_packet *p)
{
	char buf[32];
	bool ports =
	    (p->proto == 6 || p->proto == 17) && !(p->frag && p->frag_off != 0);

	proto_text(p->proto, buf, sizeof(buf));
	check_text(rp, where, "proto", json_object_get(want, "proto"), buf);
	check_address(rp, where, "src", json_object_get(want, "src"), &p->src);
	check_address(rp, where, "dst", json_object_get(want, "dst"), &p->dst);
	if (ports) {
		check_number(rp, where, "sport", json_object_get(want, "sport"),
		    p->sport, 0);
		check_number(rp, where, "dport", json_object_get(want, "dport"),
		    p->dport, 0);
	}
	if (p->proto == 6 && ports) {
		flags_text(p->flags, buf);
		check_text(
		    rp, where, "flags", json_object_get(want, "flags"), buf);
		check_number(
		    rp, where, "mss", json_object_get(want, "mss"), p->mss, 0);
		if (!rp->no_seq && json_object_get(want, "seq") != NULL) {
			check_number(rp, where, "seq",
			    json_object_get(want, "seq"), p->seq, 0);
			check_number(rp, where, "ack",
			    json_object_get(want, "ack"), p->ack, 0);
		}
	}
	if (p->proto == 1 && !(p->frag && p->frag_off != 0)) {
		check_number(rp, where, "type", json_object_get(want, "type"),
		    p->icmp_type, 0);
		check_number(rp, where, "code", json_object_get(want, "code"),
		    p->icmp_code, 0);
		check_number(rp, where, "id", json_object_get(want, "id"),
		    p->icmp_id, 0);
		check_quote(rp, where, json_object_get(want, "inner"), p);
	}
	if (!p->quotes)
		check_number(
		    rp, where, "len", json_object_get(want, "len"), p->len, 0);
	check_number(
	    rp, where, "ttl", json_object_get(want, "ttl"), p->ttl, 64);
	check_number(rp, where, "tos", json_object_get(want, "tos"), p->tos, 0);
	check_number(rp, where, "df", json_object_get(want, "df"), p->df, 0);
	frag_text(p, buf, sizeof(buf));
	check_text(rp, where, "frag", json_object_get(want, "frag"), buf);
}

/* ---- events ---- */

/* What pf's log tells: limits and bad flags are met inside, and told as
 * "match". */
static const char *
told_reason(const struct pf_sim_event *e)
{
	if (e->reason == PF_R_NORMALIZE)
		return "match";
	if (e->state != PF_S_OLD &&
	    (e->reason == PF_R_STATE_LIMIT || e->reason == PF_R_SRC_LIMIT ||
		e->reason == PF_R_STATE_INSERT))
		return "match";
	return pf_reason_name(e->reason);
}

void
check_event(
    struct replay *rp, size_t i, json_t *want, const struct pf_sim_event *e)
{
	static const char *const verdicts[] = { "pass", "block", "hold" };
	static const char *const states[] = { "none", "new", "old" };
	json_t *changed = json_object_get(want, "changed"), *after;
	char where[40];
	const char *key;
	json_t *value;
	void *tmp;

	(void)snprintf(where, sizeof(where), "event %zu", i);
	check_text(rp, where, "dir", json_object_get(want, "dir"),
	    e->dir == PF_IN ? "in" : "out");
	check_text(rp, where, "if", json_object_get(want, "if"), e->ifname);
	check_text(rp, where, "verdict", json_object_get(want, "verdict"),
	    verdicts[e->verdict]);
	if (json_is_true(json_object_get(want, "skip")) != e->skip)
		differ(rp, "%s skip: got %d", where, e->skip);
	check_packet(rp, where, json_object_get(want, "packet"), &e->before);
	if (e->skip)
		return;
	if (json_is_true(json_object_get(want, "taken")) != e->taken)
		differ(rp, "%s taken: got %d", where, e->taken);
	value = json_object_get(want, "rule");
	if (json_integer_value(value) != (e->rule ? (int)e->rule_nr : -1))
		differ(rp, "%s rule: want %lld, got %d", where,
		    (long long)json_integer_value(value),
		    e->rule ? (int)e->rule_nr : -1);
	check_text(rp, where, "reason", json_object_get(want, "reason"),
	    told_reason(e));
	check_text(rp, where, "state", json_object_get(want, "state"),
	    states[e->state]);
	value = json_object_get(want, "nat_rule");
	if (value == NULL
		? e->nat != NULL && e->verdict == PF_V_PASS
		: e->nat == NULL || json_integer_value(value) != (int)e->nat_nr)
		differ(rp, "%s nat_rule: want %lld, got %d", where,
		    value ? (long long)json_integer_value(value) : -1,
		    e->nat ? (int)e->nat_nr : -1);
	if (e->verdict != PF_V_PASS)
		return;
	after = json_copy(json_object_get(want, "packet"));
	json_object_foreach_safe(changed, tmp, key, value)
	    json_object_set(after, key, value);
	(void)snprintf(where, sizeof(where), "after %zu", i);
	check_packet(rp, where, after, &e->after);
	json_decref(after);
}

const char *
end_name(enum pf_sim_end end)
{
	static const char *const ends[] = { "local", "sent", "block", "in",
		"held", "unseen", "in" };

	return ends[end];
}

void
check_end(struct replay *rp, json_t *want, const struct pf_sim_result *res)
{
	json_t *v;
	char at[40] = "";

	check_text(rp, "packet", "result", json_object_get(want, "result"),
	    end_name(res->end));
	v = json_object_get(want, "at");
	if (v != NULL && res->at_if != NULL) {
		(void)snprintf(at, sizeof(at), "%s %s",
		    res->at_dir == PF_IN ? "in" : "out", res->at_if);
		check_text(rp, "packet", "at", v, at);
	}
	v = json_object_get(want, "final");
	if (v != NULL && res->at_if == NULL)
		check_packet(rp, "final", v, &res->final);
	if (json_object_get(want, "errno") != NULL && !res->refused &&
	    res->end == PF_E_BLOCK && res->events.n == 1)
		differ(rp, "the sender was told, should be");
}

void
check_wire(struct replay *rp, json_t *want, const struct pf_sim_result *res)
{
	size_t n = json_array_size(want);

	if (n != res->wire.n) {
		differ(rp, "wire: want %zu packets, got %zu", n, res->wire.n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		json_t *w = json_array_get(want, i);
		char where[40];

		(void)snprintf(where, sizeof(where), "wire %zu", i);
		check_text(rp, where, "if", json_object_get(w, "if"),
		    res->wire.v[i].ifname);
		if (json_object_get(w, "via") != NULL)
			check_address(rp, where, "via",
			    json_object_get(w, "via"), &res->wire.v[i].via);
		check_packet(rp, where, json_object_get(w, "packet"),
		    &res->wire.v[i].packet);
	}
}

void
check_returned(struct replay *rp, json_t *want, const struct pf_sim_result *res)
{
	static const char *const kinds[] = { "rst", "icmp", "syn-ack", "tcp" };
	static const char *const verdicts[] = { "pass", "block", "hold" };
	size_t n = json_array_size(want);

	if (n != res->returned.n) {
		differ(rp, "returned: want %zu packets, got %zu", n,
		    res->returned.n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const struct pf_sim_returned *r = &res->returned.v[i];
		json_t *w = json_array_get(want, i);
		char where[40];

		(void)snprintf(where, sizeof(where), "returned %zu", i);
		check_text(rp, where, "kind", json_object_get(w, "kind"),
		    kinds[r->kind]);
		check_text(
		    rp, where, "if", json_object_get(w, "if"), r->ifname);
		check_text(rp, where, "in", json_object_get(w, "in"),
		    r->in ? r->in : "");
		if (r->in != NULL)
			check_text(rp, where, "verdict",
			    json_object_get(w, "verdict"),
			    verdicts[r->verdict]);
		check_packet(
		    rp, where, json_object_get(w, "packet"), &r->packet);
	}
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plays recorded verdicts through the simulator and compares everything that
 * the recordings' README calls reproducible: each look of pf (where, verdict,
 * rule, reason, state, changed fields), the packet's end, what left, what pf
 * sent by itself, and the states at the end.
 *
 *	sim [-v] FILE.json...
 *
 * A line for each difference; the last line is "N passed, N failed" (packets
 * and final states).
 *
 *	sim -r FILE.json...
 *
 * writes into each file what the simulator makes of its packets: a recording
 * to be played on the kernel. "again N" becomes the N-th packet once more; that
 * and an answer, if the N-th did not get through, "sleep 0".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>

#include "base/file.h"
#include "sim-replay.h"

static const char facts_text[] = "iface em0 index=1 broadcast group=tap\n"
				 "addr em0 inet 192.168.178.40/24\n"
				 "%s"
				 "iface lo0 index=3 loopback group=lo\n"
				 "addr lo0 inet6 ::1/128\n"
				 "addr lo0 inet6 fe80::1%%lo0/64\n"
				 "addr lo0 inet 127.0.0.1/8\n"
				 "iface lo1 index=4 loopback group=lo\n"
				 "addr lo1 inet6 fe80::1%%lo1/64\n"
				 "addr lo1 inet 192.168.0.1/24\n"
				 "addr lo1 inet 192.168.0.2/32\n"
				 "addr lo1 inet 192.168.0.3/32\n"
				 "addr lo1 inet 192.168.0.4/32\n"
				 "host localhost ::1 127.0.0.1\n"
				 "fibs 1\n";
static const char gateway_facts[] = "iface em1 index=2 broadcast group=tap\n"
				    "addr em1 inet 10.1.0.1/24\n";

static bool verbose, record;
/* The one whose text is read: the facts' functions get the facts. */
static struct replay *current;

/* ---- loading ---- */

static int
read_text(void *ctx, const char *path, struct str *ret)
{
	(void)ctx;
	if (!streq(path, "-"))
		return -ENOENT;
	str_add(ret, current->text);
	return 0;
}

static bool
load(struct replay *rp, const char *anchor, const char *text)
{
	struct pf_opts opts = { .anchor = anchor,
		.load = anchor[0] ? PF_LOAD_FILTER | PF_LOAD_NAT | PF_LOAD_TABLE
				  : PF_LOAD_ALL,
		.optimize = PF_OPT_BASIC };
	struct pf_ruleset *rs = NULL;
	struct err err = { 0 };

	rp->text = text;
	current = rp;
	rp->env->read = read_text;
	if (pf_load("-", &opts, rp->env, NULL, &rs, &err) < 0)
		return false;
	*array_add(&rp->rulesets) = rs;
	return pf_sim_load(rp->sim, anchor, rs, &err) == 0;
}

/* The recordings have anchors' texts without their last newline. */
static bool
load_anchor(struct replay *rp, const char *anchor, const char *text)
{
	*array_add(&rp->texts) = xasprintf("%s\n", text);
	return load(rp, anchor, rp->texts.v[rp->texts.n - 1]);
}

/* ---- packets from text ---- */

static uint8_t
flags_of(const char *s)
{
	static const char letters[] = "FSRPAUEW";
	uint8_t f = 0;

	for (; *s != '\0'; s++) {
		const char *at = strchr(letters, *s);

		if (at != NULL)
			f |= (uint8_t)(1 << (at - letters));
	}
	return f;
}

static void
end_of(const char *word, union pf_ip *ip, uint16_t *port)
{
	char buf[64];
	char *colon;

	(void)snprintf(buf, sizeof(buf), "%s", word);
	colon = strchr(buf, ':');
	if (colon != NULL) {
		*colon = '\0';
		*port = (uint16_t)atoi(colon + 1);
	}
	memset(ip, 0, sizeof(*ip));
	if (inet_pton(AF_INET, buf, ip->b) != 1)
		BUG("address '%s'", buf);
}

static uint8_t
proto_of(const char *word)
{
	int n = pf_proto_number(word);

	return (uint8_t)(n >= 0 ? n : atoi(word));
}

static struct pf_packet
blank(uint8_t proto)
{
	struct pf_packet p = { .af = AF_INET,
		.proto = proto,
		.ttl = 64,
		.win = 8192,
		.uid = PF_ID_UNKNOWN,
		.gid = PF_ID_UNKNOWN };

	if (proto == 6)
		p.flags = PF_TH_SYN;
	if (proto == 1) {
		p.icmp_type = 8;
		p.icmp_id = 77;
	}
	if (proto != 6 && proto != 17 && proto != 1)
		p.len = 16;
	return p;
}

/* Which ICMP messages have an id. */
static bool
has_id(const struct pf_packet *p)
{
	return p->icmp_type == 0 || p->icmp_type == 8 || p->icmp_type == 13 ||
	    p->icmp_type == 14 || p->icmp_type == 15 || p->icmp_type == 16 ||
	    p->icmp_type == 17 || p->icmp_type == 18;
}

static void
apply_word(struct pf_packet *p, const char *w, bool *seq, bool *ack)
{
	const char *v = strchr(w, '=');
	unsigned a, b;

	if (v == NULL) {
		if (streq(w, "df"))
			p->df = true;
		else if (streq(w, "badsum"))
			p->badsum = true;
		else if (streq(w, "ipopt"))
			p->ipopt = 4;
		else if (p->proto == 6)
			p->flags = flags_of(w);
		return;
	}
	v++;
	if (str_starts(w, "seq=")) {
		p->seq = (uint32_t)strtoul(v, NULL, 0);
		*seq = true;
	} else if (str_starts(w, "ack=")) {
		p->ack = (uint32_t)strtoul(v, NULL, 0);
		*ack = true;
	} else if (str_starts(w, "len=")) {
		p->len = (uint32_t)atoi(v);
	} else if (str_starts(w, "ttl=")) {
		p->ttl = (uint8_t)atoi(v);
	} else if (str_starts(w, "tos=")) {
		p->tos = (uint8_t)strtoul(v, NULL, 0);
	} else if (str_starts(w, "mss=")) {
		p->mss = (uint16_t)atoi(v);
	} else if (str_starts(w, "win=")) {
		p->win = (uint16_t)atoi(v);
	} else if (str_starts(w, "type=")) {
		p->icmp_type = (uint8_t)atoi(v);
	} else if (str_starts(w, "code=")) {
		p->icmp_code = (uint8_t)atoi(v);
	} else if (str_starts(w, "id=")) {
		p->icmp_id = (uint16_t)atoi(v);
	} else if (str_starts(w, "ipid=")) {
		p->ipid = (uint16_t)atoi(v);
	} else if (sscanf(w, "frag=%u+%u", &a, &b) == 2) {
		p->frag = true;
		p->frag_off = (uint16_t)a;
		p->frag_len = (uint16_t)b;
		p->frag_more = w[strlen(w) - 1] == '+';
	} else {
		BUG("word '%s'", w);
	}
}

static void
finish(struct pf_packet *p, bool seq, bool ack)
{
	bool syn_only = (p->flags & (PF_TH_SYN | PF_TH_ACK)) == PF_TH_SYN;

	if (p->proto == 6) {
		if (!seq)
			p->seq = syn_only ? 1000 : 1001;
		if (!ack)
			p->ack = (p->flags & PF_TH_ACK) ? 5001 : 0;
	}
	if (p->proto == 1 && !has_id(p))
		p->icmp_id = 0;
	if (p->frag) {
		uint32_t head = p->proto == 6	      ? 20u + (p->mss ? 4 : 0)
		    : p->proto == 17 || p->proto == 1 ? 8
						      : 0;

		p->len = p->frag_off == 0 && p->frag_len > head
		    ? p->frag_len - head
		    : 0;
		if (p->frag_off != 0) {
			p->sport = p->dport = 0;
			p->flags = 0;
			p->seq = p->ack = 0;
			p->icmp_type = p->icmp_code = 0;
			p->icmp_id = 0;
		}
	}
}

/* ---- operations ---- */

static void
remember(struct replay *rp, size_t i, const struct pf_sim_result *res)
{
	struct sent_packet *s = &rp->sent[i];

	s->valid = res->end == PF_E_LOCAL || res->end == PF_E_SENT;
	s->local = res->end == PF_E_LOCAL;
	s->final = res->final;
	s->ifname = res->wire.n > 0 ? res->wire.v[0].ifname : NULL;
}

/* The last word that is a number, the flags, options: the rest of the line. */
static void
apply_rest(struct pf_packet *p, struct strv *w, size_t from)
{
	bool seq = false, ack = false;

	for (size_t i = from; i < w->n; i++)
		apply_word(p, w->v[i], &seq, &ack);
	finish(p, seq, ack);
}

static void
play_packet(struct replay *rp, struct strv *w, struct pf_sim_result *res)
{
	bool in = streq(w->v[0], "in");
	size_t k = in ? 2 : 1;
	struct pf_packet p = blank(proto_of(w->v[k]));

	end_of(w->v[k + 1], &p.src, &p.sport);
	end_of(w->v[k + 3], &p.dst, &p.dport);
	apply_rest(&p, w, k + 4);
	if (in)
		pf_sim_in(rp->sim, w->v[1], &p, res);
	else
		pf_sim_out(rp->sim, &p, res);
}

static void
send_back(struct replay *rp, const struct sent_packet *to,
    const struct pf_packet *p, struct pf_sim_result *res)
{
	if (to->local)
		pf_sim_out(rp->sim, p, res);
	else
		pf_sim_in(rp->sim, to->ifname, p, res);
}

static void
play_reply(struct replay *rp, struct strv *w, struct pf_sim_result *res)
{
	const struct sent_packet *to = &rp->sent[atoi(w->v[1])];
	const struct pf_packet *f = &to->final;
	struct pf_packet p = blank(f->proto);
	bool seq = false, ack = false;

	if (!to->valid) {
		differ(rp, "an answer to what did not get through");
		return;
	}
	p.src = f->dst;
	p.dst = f->src;
	p.sport = f->dport;
	p.dport = f->sport;
	if (f->proto == 1) {
		p.icmp_type = f->icmp_type == 8 ? 0
		    : f->icmp_type == 13	? 14
		    : f->icmp_type == 17	? 18
						: f->icmp_type;
		p.icmp_id = f->icmp_id;
	}
	for (size_t i = 2; i < w->n; i++)
		apply_word(&p, w->v[i], &seq, &ack);
	if (p.proto == 6) {
		if (!seq)
			p.seq = f->ack ? f->ack : 5000;
		if (!ack)
			p.ack = f->seq + f->len +
			    ((f->flags & PF_TH_SYN) ? 1 : 0) +
			    ((f->flags & PF_TH_FIN) ? 1 : 0);
		if (!(p.flags & PF_TH_ACK) && !ack)
			p.ack = 0;
	}
	finish(&p, true, true);
	send_back(rp, to, &p, res);
}

static void
play_error(struct replay *rp, struct strv *w, struct pf_sim_result *res)
{
	const struct sent_packet *to = &rp->sent[atoi(w->v[1])];
	const struct pf_packet *f = &to->final;
	struct pf_packet p = blank(1);
	uint16_t none;

	if (!to->valid) {
		differ(rp, "an error about what did not get through");
		return;
	}
	p.src = f->dst;
	p.dst = f->src;
	p.icmp_type = (uint8_t)atoi(w->v[2]);
	p.icmp_code = (uint8_t)atoi(w->v[3]);
	p.icmp_id = 0;
	if (w->n > 4 && str_starts(w->v[4], "from="))
		end_of(w->v[4] + 5, &p.src, &none);
	p.quotes = true;
	p.quote = (struct pf_quote){ .proto = f->proto,
		.src = f->src,
		.dst = f->dst,
		.sport = f->sport,
		.dport = f->dport,
		.seq = f->seq };
	if (f->proto == 1)
		p.quote.sport = p.quote.dport = f->icmp_id;
	send_back(rp, to, &p, res);
}

/* Commands between packets: what the recordings have of pfctl. */
static bool
play_command(struct replay *rp, struct strv *w)
{
	const char *anchor = "";
	size_t i = 1;

	for (; i < w->n && w->v[i][0] == '-'; i++) {
		if (streq(w->v[i], "-a"))
			anchor = w->v[++i];
		else if (!streq(w->v[i], "-q"))
			break;
	}
	if (i >= w->n)
		return false;
	if (streq(w->v[i], "-d") || streq(w->v[i], "-e")) {
		pf_sim_enable(rp->sim, w->v[i][1] == 'e');
		return true;
	}
	if (streq(w->v[i], "-F") && i + 1 < w->n) {
		if (streq(w->v[i + 1], "rules"))
			pf_sim_flush_rules(rp->sim, anchor);
		else if (streq(w->v[i + 1], "nat"))
			pf_sim_flush_nat(rp->sim, anchor);
		else if (streq(w->v[i + 1], "states"))
			(void)pf_sim_flush_states(rp->sim);
		else if (streq(w->v[i + 1], "all"))
			pf_sim_flush_all(rp->sim);
		else
			return false;
		return true;
	}
	if (streq(w->v[i], "-t") && i + 3 < w->n && streq(w->v[i + 2], "-T")) {
		const char *table = w->v[i + 1], *verb = w->v[i + 3];

		if (streq(verb, "flush"))
			return pf_sim_table_flush(rp->sim, table) >= 0;
		for (i += 4; i < w->n; i++) {
			struct pf_addr a = { .kind = PF_ADDR_IP, .bits = 32 };
			char *slash = strchr(w->v[i], '/');
			uint16_t none;

			if (slash != NULL) {
				a.bits = (uint8_t)atoi(slash + 1);
				*slash = '\0';
			}
			end_of(w->v[i], &a.ip, &none);
			if (streq(verb, "add"))
				pf_sim_table_add(rp->sim, table, &a, AF_INET);
			else if (streq(verb, "delete"))
				pf_sim_table_del(rp->sim, table, &a, AF_INET);
			else
				return false;
		}
		return true;
	}
	return false;
}

static void
verdict(struct replay *rp, size_t i, const char *what)
{
	if (rp->diff.len == 0) {
		rp->passed++;
		if (verbose)
			printf("ok %s #%zu\n", rp->name, i);
	} else {
		rp->failed++;
		printf("%s #%zu %s: %s\n", rp->name, i, what, rp->diff.buf);
	}
	str_reset(&rp->diff);
}

static void
record_packet(struct replay *rp, json_t *want, const struct pf_sim_result *res)
{
	if (rp->diff.len) {
		json_object_set_new(want, "op", json_string("sleep 0"));
		str_reset(&rp->diff);
		return;
	}
	record_result(want, res);
}

/* (Of a packet that is dropped, Linux keeps no state that it made before.) */
static void
record_again(struct replay *rp, json_t *want)
{
	const char *op = json_string_value(json_object_get(want, "op"));
	size_t n;

	if (sscanf(op, "again %zu", &n) != 1)
		return;
	if (rp->sent[n].valid)
		json_object_set(want, "op",
		    json_object_get(
			json_array_get(json_object_get(rp->doc, "packets"), n),
			"op"));
	else
		json_object_set_new(want, "op", json_string("sleep 0"));
}

static void
play(struct replay *rp, size_t i, json_t *want)
{
	const char *op = json_string_value(json_object_get(want, "op"));
	struct pf_sim_result res = { .end = PF_E_UNSEEN };
	json_t *events = json_object_get(want, "events");
	struct strv w = { 0 };

	strv_split(&w, op, " ");
	if (streq(w.v[0], "sleep")) {
		rp->now += (uint64_t)(atoi(w.v[1]) + 999) / 1000;
		pf_sim_clock(rp->sim, rp->now);
		strv_clear(&w);
		return;
	}
	if (streq(w.v[0], "pfctl") || streq(w.v[0], "reload")) {
		bool done = streq(w.v[0], "pfctl")
		    ? play_command(rp, &w)
		    : load(rp, "",
			  json_string_value(json_array_get(
			      json_object_get(rp->doc, "reloads"),
			      (size_t)atoi(w.v[1]))));

		if (!done)
			differ(rp, "not understood");
		verdict(rp, i, op);
		strv_clear(&w);
		return;
	}
	if (streq(w.v[0], "reply"))
		play_reply(rp, &w, &res);
	else if (streq(w.v[0], "error"))
		play_error(rp, &w, &res);
	else
		play_packet(rp, &w, &res);
	remember(rp, i, &res);
	if (record) {
		record_packet(rp, want, &res);
		pf_sim_result_clear(&res);
		strv_clear(&w);
		return;
	}
	if (json_array_size(events) != res.events.n)
		differ(rp, "events: want %zu, got %zu", json_array_size(events),
		    res.events.n);
	for (size_t k = 0; k < res.events.n && k < json_array_size(events); k++)
		check_event(rp, k, json_array_get(events, k), &res.events.v[k]);
	check_end(rp, want, &res);
	check_wire(rp, json_object_get(want, "wire"), &res);
	check_returned(rp, json_object_get(want, "returned"), &res);
	verdict(rp, i, op);
	pf_sim_result_clear(&res);
	strv_clear(&w);
}

/* ---- states at the end ---- */

/* p1 in the record is whatever was bound. */
static void
bind_line(struct replay *rp, const char *want, struct str *out)
{
	for (const char *s = want; *s != '\0';) {
		bool found = false;

		if (s > want && (s[-1] == ':' || s[-1] == '[') && *s == 'p') {
			for (size_t i = 0; i < rp->bound.n && !found; i++) {
				size_t n = strlen(rp->bound.v[i].name);

				if (strncmp(s, rp->bound.v[i].name, n) != 0 ||
				    (s[n] >= '0' && s[n] <= '9'))
					continue;
				str_printf(out, "%u", rp->bound.v[i].value);
				s += n;
				found = true;
			}
		}
		if (!found)
			str_addc(out, *s++);
	}
}

static int
text_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
check_states(struct replay *rp)
{
	_cleanup_(str_clear) struct str text = STR_INIT, w = STR_INIT;
	json_t *want = json_object_get(rp->doc, "states");
	struct strv have = { 0 }, should = { 0 };

	pf_sim_states(rp->sim, &text);
	strv_split(&have, text.buf, "\n");
	for (size_t i = 0; i < json_array_size(want); i++) {
		str_reset(&w);
		bind_line(rp, json_string_value(json_array_get(want, i)), &w);
		strv_add(&should, w.buf);
	}
	if (have.n > 1)
		qsort(have.v, have.n, sizeof(*have.v), text_cmp);
	if (should.n > 1)
		qsort(should.v, should.n, sizeof(*should.v), text_cmp);
	for (size_t i = 0; i < should.n; i++)
		if (!strv_has(&have, should.v[i]))
			differ(rp, "missing state: %s", should.v[i]);
	for (size_t i = 0; i < have.n; i++)
		if (!strv_has(&should, have.v[i]))
			differ(rp, "state too much: %s", have.v[i]);
	verdict(
	    rp, json_array_size(json_object_get(rp->doc, "packets")), "states");
	strv_clear(&have);
	strv_clear(&should);
}

/* ---- a file ---- */

static void
replay_doc(struct replay *rp)
{
	const char *rules =
	    json_string_value(json_object_get(rp->doc, "rules"));
	json_t *packets = json_object_get(rp->doc, "packets"), *value;
	bool gw =
	    streq(json_string_value(json_object_get(rp->doc, "box")), "gw");
	_cleanup_free_ char *facts =
	    xasprintf(facts_text, gw ? gateway_facts : "");
	struct pf_sim_route def = {
		.af = AF_INET, .ifname = "em0", .has_via = true
	};
	struct pf_sim_box box = {
		.route = &def, .n_route = 1, .forward4 = true
	};
	struct err err = { 0 };
	const char *key;
	int rc = (int)json_integer_value(
	    json_object_get(json_object_get(rp->doc, "pfctl"), "rc"));

	if (pf_facts_new(facts, "facts", &rp->facts, &err) < 0)
		BUG("facts: %s", err.msg);
	rp->env = pf_facts_env(rp->facts);
	(void)inet_pton(AF_INET, "192.168.178.1", def.via.b);
	box.env = rp->env;
	rp->sim = pf_sim_new(&box);
	rp->no_seq = strstr(rules, "modulate") || strstr(rules, "synproxy");
	rp->sent = xcalloc(json_array_size(packets) + 1, sizeof(*rp->sent));
	if (load(rp, "", rules) != (rc == 0))
		differ(rp, "the ruleset is %s",
		    rc == 0 ? "refused" : "not refused");
	json_object_foreach(json_object_get(rp->doc, "anchors"), key,
	    value) if (!load_anchor(rp, key, json_string_value(value)))
	    differ(rp, "anchor %s is refused", key);
	if (rp->diff.len > 0)
		verdict(rp, 0, "load");
	for (size_t i = 0; i < json_array_size(packets); i++) {
		if (record)
			record_again(rp, json_array_get(packets, i));
		play(rp, i, json_array_get(packets, i));
	}
	if (!record)
		check_states(rp);
}

static void
replay_end(struct replay *rp)
{
	pf_sim_free(rp->sim);
	for (size_t i = 0; i < rp->rulesets.n; i++)
		pf_ruleset_free(rp->rulesets.v[i]);
	array_clear(&rp->rulesets);
	pf_facts_free(rp->facts);
	array_clear(&rp->bound);
	strv_clear(&rp->texts);
	str_clear(&rp->diff);
	free(rp->sent);
	json_decref(rp->doc);
}

int
main(int argc, char **argv)
{
	int passed = 0, failed = 0;

	for (int i = 1; i < argc; i++) {
		_cleanup_(str_clear) struct str text = STR_INIT;
		struct replay rp = { .diff = STR_INIT };
		struct err err = { 0 };
		json_error_t at;

		if (streq(argv[i], "-v") || streq(argv[i], "-r")) {
			verbose |= argv[i][1] == 'v';
			record |= argv[i][1] == 'r';
			continue;
		}
		if (file_read(AT_FDCWD, argv[i], 1 << 24, &text, &err) < 0 ||
		    (rp.doc = json_loads(text.buf, 0, &at)) == NULL) {
			fprintf(stderr, "%s: %s\n", argv[i],
			    err.code ? err.msg : at.text);
			return 2;
		}
		rp.name = json_string_value(json_object_get(rp.doc, "name"));
		replay_doc(&rp);
		if (record &&
		    json_dump_file(rp.doc, argv[i], JSON_INDENT(1)) < 0) {
			fprintf(stderr, "%s: cannot write\n", argv[i]);
			return 2;
		}
		passed += rp.passed;
		failed += rp.failed;
		replay_end(&rp);
	}
	printf("%d passed, %d failed\n", passed, failed);
	return failed > 0;
}

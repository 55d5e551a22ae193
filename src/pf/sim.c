/* SPDX-License-Identifier: BSD-2-Clause */
/* The simulator: making one, its clock, its tables, and its states as text. */
#include "pf/sim-internal.h"

#include <arpa/inet.h>
#include <errno.h>

static const struct pf_rule no_rule = { .action = PF_PASS };

static void
anchor_free(void *anchor)
{
	struct sim_anchor *a = anchor;

	for (int i = 0; i < PF_LIST_COUNT; i++) {
		sim_index_free(a->list[i].index);
		array_clear(&a->list[i]);
	}
	free(a->path);
	free(a);
}

static void
dyn_free(void *dyn)
{
	struct sim_dyn *d = dyn;

	array_clear(&d->table);
	free(d);
}

struct pf_sim *
pf_sim_new(const struct pf_sim_box *box)
{
	struct pf_sim *sim = xcalloc(1, sizeof(*sim));

	sim->box = *box;
	sim->env = box->env;
	sim->enabled = true;
	sim->seed = 2463534242u;
	sim->no_rule.r = &no_rule;
	sim->if_match = xcalloc(sim->env->ifs.n, sizeof(*sim->if_match));
	sim->if_skip = xcalloc(sim->env->ifs.n, sizeof(*sim->if_skip));
	for (size_t i = 0; i < sim->env->ifs.n; i++)
		sim->if_match[i] = xcalloc(1, 1);
	map_init(&sim->ids, NULL);
	map_init(&sim->anchors, anchor_free);
	map_init(&sim->tables, sim_table_free);
	map_init(&sim->dyns, dyn_free);
	sim->main = sim_anchor_get(sim, "");
	sim_states_grow(sim);
	return sim;
}

void
pf_sim_free(struct pf_sim *sim)
{
	if (sim == NULL)
		return;
	(void)pf_sim_flush_states(sim);
	sim->now = UINT64_MAX;
	sim_states_expire(sim);
	for (size_t i = 0; i < sim->env->ifs.n; i++)
		free(sim->if_match[i]);
	free(sim->if_match);
	free(sim->if_skip);
	for (size_t i = 0; i < sim->rules.n; i++)
		free(sim->rules.v[i]);
	array_clear(&sim->rules);
	free(sim->hash[KEY_WIRE]);
	free(sim->hash[KEY_STACK]);
	array_clear(&sim->matches);
	map_clear(&sim->ids);
	map_clear(&sim->anchors);
	map_clear(&sim->tables);
	map_clear(&sim->dyns);
	free(sim);
}

void
pf_sim_freep(struct pf_sim **sim)
{
	pf_sim_free(*sim);
	*sim = NULL;
}

void
pf_sim_enable(struct pf_sim *sim, bool on)
{
	sim->enabled = on;
}

void
pf_sim_clock(struct pf_sim *sim, uint64_t seconds)
{
	if (seconds <= sim->now)
		return;
	sim->now = seconds;
	sim_states_expire(sim);
}

uint64_t
pf_sim_now(const struct pf_sim *sim)
{
	return sim->now;
}

void
pf_sim_random(struct pf_sim *sim, uint32_t (*next)(void *arg), void *arg)
{
	sim->random = next;
	sim->random_arg = arg;
}

void
pf_sim_trace(struct pf_sim *sim, bool on)
{
	sim->trace = on;
}

const struct pf_sim_match *
pf_sim_matches(const struct pf_sim *sim)
{
	return sim->matches.v;
}

/* ---- tables ---- */

static struct sim_entry
entry_of(const struct pf_addr *a, uint8_t af)
{
	return (struct sim_entry){ .ip = a->ip,
		.af = af,
		.bits = a->kind == PF_ADDR_ANY ? 0 : a->bits,
		.neg = a->neg };
}

int
pf_sim_table_add(
    struct pf_sim *sim, const char *name, const struct pf_addr *a, uint8_t af)
{
	struct sim_table *t = map_get(&sim->tables, name);
	struct sim_entry e = entry_of(a, af);

	return t == NULL ? -ENOENT : sim_table_add(t, &e);
}

int
pf_sim_table_del(
    struct pf_sim *sim, const char *name, const struct pf_addr *a, uint8_t af)
{
	struct sim_table *t = map_get(&sim->tables, name);
	struct sim_entry e = entry_of(a, af);

	return t == NULL ? -ENOENT : sim_table_del(t, &e);
}

int
pf_sim_table_flush(struct pf_sim *sim, const char *name)
{
	struct sim_table *t = map_get(&sim->tables, name);
	int n;

	if (t == NULL)
		return -ENOENT;
	n = (int)t->n;
	t->n = 0;
	return n;
}

bool
pf_sim_table_match(
    struct pf_sim *sim, const char *name, uint8_t af, const union pf_ip *ip)
{
	const struct sim_table *t = map_get(&sim->tables, name);

	return t != NULL && sim_table_match(t, af, ip);
}

/* ---- states as text ---- */

static void
add_host(struct str *s, const struct sim_key *k, int i)
{
	char buf[INET6_ADDRSTRLEN];

	str_add(s,
	    inet_ntop(k->af == AF_INET ? AF_INET : AF_INET6, &k->addr[i], buf,
		sizeof(buf)));
	if (k->port[i] == 0)
		return;
	str_printf(s, k->af == AF_INET ? ":%u" : "[%u]", k->port[i]);
}

/* An end as it is beyond pf, in brackets what it was or will be. */
static void
add_end(struct str *s, const struct sim_key *shown, const struct sim_key *other,
    int i)
{
	add_host(s, shown, i);
	if (sim_ip_eq(&shown->addr[i], &other->addr[i]) &&
	    shown->port[i] == other->port[i])
		return;
	str_add(s, " (");
	add_host(s, other, i);
	str_add(s, ")");
}

static void
add_ends(struct str *s, const struct sim_state *st)
{
	bool out = st->dir == PF_OUT;
	struct sim_key shown = st->key[out ? KEY_WIRE : KEY_STACK];
	struct sim_key other = st->key[out ? KEY_STACK : KEY_WIRE];

	/* An ICMP id stands at the end that chose it only. */
	if (shown.proto == 1 || shown.proto == 58)
		other.port[!out] = shown.port[!out];
	add_end(s, &shown, &other, 1);
	str_add(s, out ? " -> " : " <- ");
	add_end(s, &shown, &other, 0);
}

static void
add_progress(struct str *s, const struct sim_state *st)
{
	static const char *const tcp[] = { "CLOSED", "LISTEN", "SYN_SENT",
		"SYN_RCVD", "ESTABLISHED", "CLOSE_WAIT", "FIN_WAIT_1",
		"CLOSING", "LAST_ACK", "FIN_WAIT_2", "TIME_WAIT" };
	static const char *const one[] = { "NO_TRAFFIC", "SINGLE", "MULTIPLE" };
	uint8_t proto = st->key[0].proto;
	/* The left one is the box's side. */
	const struct sim_peer *a = st->dir == PF_OUT ? &st->src : &st->dst;
	const struct sim_peer *b = st->dir == PF_OUT ? &st->dst : &st->src;

	if (proto == 6 &&
	    (a->state >= TCPS_PROXY_SRC || b->state >= TCPS_PROXY_SRC))
		str_add(s,
		    a->state == TCPS_PROXY_SRC || b->state == TCPS_PROXY_SRC
			? "PROXY:SRC"
			: "PROXY:DST");
	else if (proto == 6)
		str_printf(s, "%s:%s", tcp[a->state], tcp[b->state]);
	else if (proto == 1 || proto == 58)
		str_printf(s, "%u:%u", a->state, b->state);
	else
		str_printf(s, "%s:%s", one[a->state], one[b->state]);
}

void
pf_sim_states(const struct pf_sim *sim, struct str *out)
{
	for (const struct sim_state *st = sim->first; st != NULL;
	     st = st->next) {
		const char *proto = pf_proto_name(st->key[0].proto);

		str_printf(out, "%s ", st->if_id ? st->ifname : "all");
		if (proto != NULL)
			str_printf(out, "%s ", proto);
		else
			str_printf(out, "%u ", st->key[0].proto);
		add_ends(out, st);
		str_add(out, "       ");
		add_progress(out, st);
		str_addc(out, '\n');
	}
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* A world that is written down in a file: see pf.h and machine.h for the
 * format. */
#include <arpa/inet.h>
#include <errno.h>

#include "pf/facts-internal.h"
#include "pf/names.h"

int
facts_bad(struct facts_reader *r, const char *what, const char *word)
{
	return err_set(
	    r->err, EINVAL, "%s:%d: %s '%s'", r->name, r->line, what, word);
}

int
facts_ip(const char *word, uint8_t *af, union pf_ip *ip, uint8_t *bits)
{
	char buf[128], *slash, *scope;
	int64_t n;

	if (snprintf(buf, sizeof(buf), "%s", word) >= (int)sizeof(buf))
		return -EINVAL;
	slash = strchr(buf, '/');
	if (slash != NULL)
		*slash++ = '\0';
	scope = strchr(buf, '%');
	if (scope != NULL)
		*scope = '\0';
	memset(ip, 0, sizeof(*ip));
	*af = strchr(buf, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(*af, buf, ip->b) != 1)
		return -EINVAL;
	if (bits == NULL)
		return slash ? -EINVAL : 0;
	n = *af == AF_INET ? 32 : 128;
	if (slash != NULL && str_to_i64(slash, 0, n, &n) < 0)
		return -EINVAL;
	*bits = (uint8_t)n;
	return 0;
}

static int
iface_option(struct facts_reader *r, struct pf_if *f, const char *word)
{
	int64_t n;

	if (streq(word, "loopback"))
		f->flags |= PF_IF_LOOPBACK;
	else if (streq(word, "broadcast"))
		f->flags |= PF_IF_BROADCAST;
	else if (streq(word, "p2p"))
		f->flags |= PF_IF_P2P;
	else if (str_starts(word, "group="))
		strv_add(&f->groups, word + 6);
	else if (str_starts(word, "index=") &&
	    str_to_i64(word + 6, 1, INT32_MAX, &n) == 0)
		f->index = (uint32_t)n;
	else if (str_starts(word, "mtu=") &&
	    str_to_i64(word + 4, 0, INT32_MAX, &n) == 0)
		f->mtu = (uint32_t)n;
	else if (str_starts(word, "speed=") &&
	    str_to_i64(word + 6, 0, INT64_MAX, &n) == 0)
		f->speed = (uint64_t)n;
	else
		return facts_bad(r, "unknown property of an interface", word);
	return 0;
}

/* iface NAME index=N [loopback|broadcast|p2p] [group=G ..] [mtu=N] [speed=N] */
static int
read_iface(struct facts_reader *r)
{
	struct pf_if *f = array_add(&r->f->env.ifs);
	bool loop;

	f->name = arena_strdup(&r->f->arena, r->words.v[1]);
	loop = strv_has(&r->words, "loopback");
	f->mtu = loop ? 16384 : 1500;
	f->speed = loop ? 0 : 1000000000;
	for (size_t i = 2; i < r->words.n; i++) {
		if (iface_option(r, f, r->words.v[i]) < 0)
			return -EINVAL;
	}
	if (f->index == 0)
		return facts_bad(r, "no index= for", f->name);
	return 0;
}

/* addr NAME inet|inet6 ADDR/LEN [peer ADDR] */
static int
read_addr(struct facts_reader *r)
{
	struct pf_if *f =
	    (struct pf_if *)(uintptr_t)pf_env_if(&r->f->env, r->words.v[1]);
	struct pf_if_addr a = { 0 };
	uint8_t peer_af;

	if (f == NULL)
		return facts_bad(r, "no interface", r->words.v[1]);
	if (r->words.n != 4 && r->words.n != 6)
		return facts_bad(r,
		    "expected 'addr NAME inet|inet6 ADDR/LEN', not",
		    r->words.v[0]);
	if (facts_ip(r->words.v[3], &a.af, &a.ip, &a.bits) < 0 ||
	    !streq(r->words.v[2], a.af == AF_INET ? "inet" : "inet6"))
		return facts_bad(r, "bad address", r->words.v[3]);
	for (unsigned i = 0; a.af == AF_INET && i < 4; i++) {
		unsigned keep = a.bits > i * 8 ? MIN(a.bits - i * 8, 8u) : 0;

		a.broadcast.b[i] = a.ip.b[i] | (uint8_t)(0xff >> keep);
	}
	if (r->words.n == 6) {
		if (!streq(r->words.v[4], "peer") ||
		    facts_ip(r->words.v[5], &peer_af, &a.peer, &a.peer_bits) <
			0 ||
		    peer_af != a.af)
			return facts_bad(r, "bad peer", r->words.v[5]);
		a.has_peer = true;
	}
	*array_add(&f->addrs) = a;
	return 0;
}

static void
free_ips(void *p)
{
	struct pf_ips *ips = p;

	array_clear(ips);
	free(ips);
}

/* host NAME ADDR .. */
static int
read_host(struct facts_reader *r)
{
	struct pf_ips *ips = xcalloc(1, sizeof(*ips));

	map_set(&r->f->hosts, r->words.v[1], ips);
	for (size_t i = 2; i < r->words.n; i++) {
		struct pf_ip_af *a = array_add(ips);

		if (facts_ip(r->words.v[i], &a->af, &a->ip, NULL) < 0)
			return facts_bad(r, "bad address", r->words.v[i]);
	}
	return 0;
}

/* fibs N */
static int
read_fibs(struct facts_reader *r)
{
	int64_t n;

	if (str_to_i64(r->words.v[1], 1, INT16_MAX, &n) < 0)
		return facts_bad(
		    r, "bad number of routing tables", r->words.v[1]);
	r->f->env.fibs = (uint32_t)n;
	return 0;
}

/* user NAME ID, group NAME ID */
static int
read_id(struct facts_reader *r)
{
	bool user = streq(r->words.v[0], "user");
	int64_t id;

	if (r->words.n != 3 ||
	    str_to_i64(r->words.v[2], 0, UINT32_MAX - 1, &id) < 0)
		return facts_bad(r, "bad id of", r->words.v[1]);
	map_set(user ? &r->f->users : &r->f->groups, r->words.v[1],
	    (void *)(uintptr_t)(id + 1));
	return 0;
}

static int
read_line(struct facts_reader *r)
{
	static const struct {
		const char *word;
		int (*read)(struct facts_reader *r);
	} facts[] = {
		{ "iface", read_iface },
		{ "addr", read_addr },
		{ "host", read_host },
		{ "fibs", read_fibs },
		{ "user", read_id },
		{ "group", read_id },
		{ "route", facts_route },
		{ "forward", facts_forward },
		{ "jail", facts_jail },
		{ "listen", facts_listen },
		{ "pf", facts_pf },
	};

	if (r->words.n == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(facts); i++) {
		if (!streq(facts[i].word, r->words.v[0]))
			continue;
		if (r->words.n < 2)
			return facts_bad(r, "nothing behind", r->words.v[0]);
		return facts[i].read(r);
	}
	return facts_bad(r, "unknown kind of fact", r->words.v[0]);
}

/* ---- what the environment asks ---- */

static void
facts_resolve(void *ctx, const char *host, struct pf_ips *ret)
{
	const struct pf_facts *f = ctx;
	const struct pf_ips *ips = map_get(&f->hosts, host);

	for (size_t i = 0; ips != NULL && i < ips->n; i++)
		*array_add(ret) = ips->v[i];
}

static bool
find_id(const struct map *m, const char *name, uint32_t *ret)
{
	uintptr_t id = (uintptr_t)map_get(m, name);

	if (id > 0)
		*ret = (uint32_t)(id - 1);
	return id > 0;
}

static bool
facts_user(void *ctx, const char *name, uint32_t *ret)
{
	const struct pf_facts *f = ctx;

	return find_id(&f->users, name, ret) ||
	    pf_name_find(pf_base_users, pf_n_base_users, name, ret);
}

static bool
facts_group(void *ctx, const char *name, uint32_t *ret)
{
	const struct pf_facts *f = ctx;

	return find_id(&f->groups, name, ret) ||
	    pf_name_find(pf_base_groups, pf_n_base_groups, name, ret);
}

void
pf_facts_free(struct pf_facts *f)
{
	if (f == NULL)
		return;
	pf_machine_clear(&f->machine);
	pf_env_clear(&f->env);
	map_clear(&f->hosts);
	map_clear(&f->users);
	map_clear(&f->groups);
	arena_clear(&f->arena);
	free(f);
}

void
pf_facts_freep(struct pf_facts **f)
{
	pf_facts_free(*f);
}

int
pf_facts_new(
    const char *text, const char *name, struct pf_facts **ret, struct err *err)
{
	_cleanup_(pf_facts_freep) struct pf_facts *f = xcalloc(1, sizeof(*f));
	struct facts_reader r = { .f = f, .name = name, .err = err };
	_cleanup_free_ char *copy = xstrdup(text);
	char *rest = copy, *line;
	int result = 0;

	map_init(&f->hosts, free_ips);
	map_init(&f->users, NULL);
	map_init(&f->groups, NULL);
	f->env = (struct pf_env){
		.ctx = f,
		.fibs = 1,
		.resolve = facts_resolve,
		.user = facts_user,
		.group = facts_group,
	};
	f->machine = (struct pf_machine){
		.env = &f->env, .forward4 = true, .forward6 = true
	};
	while (result == 0 && (line = strsep(&rest, "\n")) != NULL) {
		r.line++;
		line[strcspn(line, "#")] = '\0';
		strv_clear(&r.words);
		strv_split(&r.words, line, " \t\r");
		result = read_line(&r);
	}
	strv_clear(&r.words);
	if (result < 0)
		return result;
	facts_place_jails(f);
	*ret = TAKE_PTR(f);
	return 0;
}

struct pf_env *
pf_facts_env(struct pf_facts *f)
{
	return &f->env;
}

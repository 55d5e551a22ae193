/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading a question: words to one packet. See explain.h for the form. */
#include <arpa/inet.h>
#include <errno.h>

#include "pf/explain-internal.h"
#include "pf/names.h"

enum { CHOSEN_PORT = 40000, CHOSEN_ID = 4242, PING4 = 8, PING6 = 128 };

/* One end of the packet, as far as it was said. */
struct end {
	const char *word; /* as written, without the port; NULL: not said */
	struct pf_ips ips;
	const struct pf_jail *jail;
	int port; /* -1: not said */
	const char *port_word;
	bool by_name;
};

struct asking {
	const struct pf_machine *m;
	struct pf_question *q;
	struct strv words;
	size_t i;
	struct end src, dst;
	uint8_t want_af; /* 0: either */
	struct err *err;
};

static const char *
peek_word(const struct asking *a)
{
	return a->i < a->words.n ? a->words.v[a->i] : NULL;
}

static bool
take_word(struct asking *a, const char *word)
{
	const char *next = peek_word(a);

	if (next == NULL || !streq(next, word))
		return false;
	a->i++;
	return true;
}

static int
bad(const struct asking *a, const char *fmt, ...)
{
	_cleanup_(str_clear) struct str s = STR_INIT;
	va_list ap;

	va_start(ap, fmt);
	str_vprintf(&s, fmt, ap);
	va_end(ap);
	return err_set(a->err, EINVAL, "%s", s.buf);
}

/* ---- addresses and names ---- */

static void
add_ip(struct end *e, uint8_t af, const union pf_ip *ip)
{
	struct pf_ip_af *to = array_add(&e->ips);

	to->af = af;
	to->ip = *ip;
}

/* What can only be meant as an address. */
static bool
looks_like_address(const char *word)
{
	return strspn(word, "0123456789.") == strlen(word) ||
	    strchr(word, ':') != NULL || strchr(word, '/') != NULL;
}

static int
not_an_address(const struct asking *a, const char *word)
{
	if (strchr(word, '/') != NULL)
		return bad(a,
		    "'%s' is a network: a packet has one address, write "
		    "that",
		    word);
	if (strchr(word, ':') != NULL)
		return bad(a,
		    "'%s' is not an IPv6 address; a port goes behind "
		    "brackets: [2001:db8::1]:80",
		    word);
	return bad(a, "'%s' is not an IPv4 address", word);
}

static int
unknown_name(const struct asking *a, const char *word)
{
	_cleanup_(strv_clear) struct strv names = { 0 };
	const char *near;

	for (size_t i = 0; i < a->m->jails.n; i++)
		strv_add(&names, a->m->jails.v[i].name);
	near = str_nearest(word, (const char *const *)strv_argv(&names));
	if (near != NULL)
		return bad(a,
		    "'%s' is no jail and no host name that can be looked up; "
		    "did you mean the jail '%s'?",
		    word, near);
	return bad(
	    a, "'%s' is no jail and no host name that can be looked up", word);
}

static int
jail_end(const struct asking *a, struct end *e, const struct pf_jail *j)
{
	e->jail = j;
	for (size_t i = 0; i < j->addrs.n; i++)
		add_ip(e, j->addrs.v[i].af, &j->addrs.v[i].ip);
	if (e->ips.n == 0)
		return bad(a, "the jail '%s' has no address", j->name);
	return 0;
}

static int
look_up(const struct asking *a, struct end *e)
{
	union pf_ip ip = { 0 };
	const struct pf_jail *j;

	if (inet_pton(AF_INET, e->word, ip.b) == 1) {
		add_ip(e, AF_INET, &ip);
		return 0;
	}
	if (inet_pton(AF_INET6, e->word, ip.b) == 1) {
		add_ip(e, AF_INET6, &ip);
		return 0;
	}
	if (looks_like_address(e->word))
		return not_an_address(a, e->word);
	j = pf_machine_jail(a->m, e->word);
	if (j != NULL)
		return jail_end(a, e, j);
	e->by_name = true;
	if (a->m->env->resolve != NULL)
		a->m->env->resolve(a->m->env->ctx, e->word, &e->ips);
	return e->ips.n > 0 ? 0 : unknown_name(a, e->word);
}

/* ---- one end: ADDR, ADDR:PORT, [ADDR]:PORT, with "port N" behind ---- */

static int
split_port(struct asking *a, struct end *e, const char *word)
{
	const char *colon = strrchr(word, ':');
	struct arena *mem = &a->q->arena;
	const char *close;

	if (word[0] == '[') {
		close = strchr(word, ']');
		if (close == NULL || (close[1] != '\0' && close[1] != ':'))
			return bad(a, "'%s': write [ADDRESS]:PORT", word);
		e->word =
		    arena_strndup(mem, word + 1, (size_t)(close - word - 1));
		if (close[1] == ':')
			e->port_word = arena_strdup(mem, close + 2);
		return 0;
	}
	/* Two colons and no brackets: IPv6 without a port. */
	if (colon == NULL || strchr(word, ':') != colon) {
		e->word = arena_strdup(mem, word);
		return 0;
	}
	e->word = arena_strndup(mem, word, (size_t)(colon - word));
	e->port_word = arena_strdup(mem, colon + 1);
	if (e->word[0] == '\0')
		return bad(
		    a, "'%s': there is no address before the port", word);
	return 0;
}

static int
read_port(const struct asking *a, struct end *e)
{
	int64_t n;

	e->port = -1;
	if (e->port_word == NULL)
		return 0;
	if (str_to_i64(e->port_word, 1, 65535, &n) == 0) {
		e->port = (int)n;
		return 0;
	}
	e->port = pf_service_port(e->port_word);
	if (e->port < 0 && a->m->env->service != NULL)
		e->port =
		    a->m->env->service(a->m->env->ctx, e->port_word, "tcp");
	if (e->port <= 0)
		return bad(a,
		    "'%s' is no port: a number from 1 to 65535, or the name "
		    "of a service",
		    e->port_word);
	return 0;
}

static int
read_end(struct asking *a, struct end *e)
{
	int r = split_port(a, e, a->words.v[a->i++]);

	if (r == 0 && take_word(a, "port")) {
		if (e->port_word != NULL || peek_word(a) == NULL)
			return bad(a, "one port, please: %s port N", e->word);
		e->port_word = arena_strdup(&a->q->arena, peek_word(a));
		a->i++;
	}
	if (r == 0)
		r = read_port(a, e);
	return r == 0 ? look_up(a, e) : r;
}

/* ---- what stands before and behind ---- */

static void
read_family(struct asking *a)
{
	if (take_word(a, "inet"))
		a->want_af = AF_INET;
	else if (take_word(a, "inet6"))
		a->want_af = AF_INET6;
}

/* 0: not said, -1: not a protocol's name. */
static void
read_proto(struct asking *a, int *ret)
{
	const char *word = peek_word(a);
	int n;

	*ret = 0;
	if (word == NULL)
		return;
	if (streq(word, "ping")) {
		*ret = 1;
		a->i++;
		return;
	}
	n = pf_proto_number(word);
	if (n <= 0 || pf_machine_jail(a->m, word) != NULL)
		return;
	*ret = n;
	a->i++;
}

static int
read_flags(struct asking *a)
{
	const char *word = peek_word(a);
	_cleanup_free_ char *set = NULL;
	int f;

	if (word == NULL)
		return bad(a, "flags: which? S/SA is a connection's first");
	set = xstrndup(word, strcspn(word, "/"));
	f = pf_flags_number(set);
	if (f < 0 ||
	    (strchr(word, '/') && pf_flags_number(strchr(word, '/') + 1) < 0))
		return bad(a,
		    "flags: '%s' is not made of the letters F S R P A U E W, "
		    "as in S/SA",
		    word);
	a->q->packet.flags = (uint8_t)f;
	a->i++;
	return 0;
}

static int
read_interface(struct asking *a)
{
	const char *word = peek_word(a);
	const struct pf_if *f;
	_cleanup_(str_clear) struct str all = STR_INIT;

	if (word == NULL)
		return bad(a, "on: which interface?");
	f = pf_env_if(a->m->env, word);
	for (size_t i = 0; i < a->m->env->ifs.n; i++)
		str_printf(
		    &all, "%s%s", i ? ", " : "", a->m->env->ifs.v[i].name);
	if (f == NULL)
		return bad(a, "there is no interface '%s' (there are: %s)",
		    word, all.buf);
	a->q->ifname = f->name;
	a->i++;
	return 0;
}

static int
read_tail(struct asking *a)
{
	int r = 0;

	while (r == 0 && peek_word(a) != NULL) {
		if (take_word(a, "on"))
			r = read_interface(a);
		else if (take_word(a, "flags"))
			r = read_flags(a);
		else
			return bad(a,
			    "'%s' is not understood here; behind the "
			    "destination come: port N, on IF, flags F/F",
			    peek_word(a));
	}
	return r;
}

/* ---- putting it together ---- */

static const struct pf_ip_af *
of_family(const struct pf_ips *ips, uint8_t af)
{
	for (size_t i = 0; i < ips->n; i++)
		if (ips->v[i].af == af)
			return &ips->v[i];
	return NULL;
}

/* The family in which both ends have an address: IPv4 before IPv6, if
 * nothing else decides. */
static uint8_t
common_family(const struct asking *a)
{
	static const uint8_t order[] = { AF_INET, AF_INET6 };

	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		uint8_t af = order[i];

		if (a->want_af != 0 && a->want_af != af)
			continue;
		if (of_family(&a->dst.ips, af) == NULL ||
		    (a->src.word != NULL && of_family(&a->src.ips, af) == NULL))
			continue;
		return af;
	}
	return 0;
}

static const char *
family_name(uint8_t af)
{
	return af == AF_INET ? "IPv4" : "IPv6";
}

static int
no_family(const struct asking *a)
{
	if (a->want_af != 0)
		return bad(a, "not both ends have an %s address",
		    family_name(a->want_af));
	return bad(a,
	    "'%s' has no %s address and '%s' has no other: they can't talk",
	    a->dst.word, family_name(a->src.ips.v[0].af), a->src.word);
}

/* The first address of the host's own on an interface. */
static const union pf_ip *
host_addr(const struct pf_machine *m, const struct pf_if *f, uint8_t af)
{
	for (size_t k = 0; k < f->addrs.n; k++) {
		const struct pf_if_addr *a = &f->addrs.v[k];

		if (a->af == af && pf_machine_holder(m, af, &a->ip) == NULL &&
		    !(af == AF_INET6 && a->ip.b[0] == 0xfe))
			return &a->ip;
	}
	return NULL;
}

/* What the host itself sends from: to a jail, from the address on the jail's
 * interface; to itself, from the same address; else by the route. */
static int
host_source(struct asking *a)
{
	struct pf_packet *p = &a->q->packet;
	const struct pf_if *f = pf_machine_loopback(a->m, p->af, &p->dst);
	const char *ifname;
	const union pf_ip *ip;

	if (pf_machine_is_local(a->m, p->af, &p->dst) &&
	    pf_machine_holder(a->m, p->af, &p->dst) == NULL) {
		p->src = p->dst;
		return 0;
	}
	if (f == NULL && pf_machine_route(a->m, p->af, &p->dst, &ifname))
		f = pf_env_if(a->m->env, ifname);
	ip = f ? host_addr(a->m, f, p->af) : NULL;
	if (ip == NULL)
		return bad(a,
		    "it is not known from which address this host sends to "
		    "%s: give the source (FROM to TO), or a route",
		    a->dst.word);
	p->src = *ip;
	return 0;
}

static void
set_ports(struct asking *a)
{
	struct pf_packet *p = &a->q->packet;

	a->q->any_sport = a->src.port < 0;
	if (p->proto == 6 || p->proto == 17) {
		p->sport =
		    (uint16_t)(a->src.port < 0 ? CHOSEN_PORT : a->src.port);
		p->dport = (uint16_t)a->dst.port;
	} else if (p->proto == 1 || p->proto == 58) {
		p->icmp_type = p->proto == 1 ? PING4 : PING6;
		p->icmp_id = CHOSEN_ID;
	}
}

static int
check_ports(const struct asking *a, int proto)
{
	bool has = proto == 6 || proto == 17;

	if (has && a->dst.port < 0)
		return bad(a, "%s goes to a port: write %s port N",
		    pf_proto_name((uint8_t)proto), a->dst.word);
	if (!has && (a->dst.port >= 0 || a->src.port >= 0))
		return bad(a, "%s has no ports", pf_proto_name((uint8_t)proto));
	return 0;
}

static int
make_packet(struct asking *a, int proto)
{
	struct pf_question *q = a->q;
	struct pf_packet *p = &q->packet;
	uint8_t af = common_family(a);
	int r;

	if (af == 0)
		return no_family(a);
	if (proto == 0)
		proto = a->dst.port >= 0 ? 6 : 1;
	if (proto == 1 || proto == 58)
		proto = af == AF_INET ? 1 : 58;
	r = check_ports(a, proto);
	if (r < 0)
		return r;
	p->af = af;
	p->proto = (uint8_t)proto;
	p->dst = of_family(&a->dst.ips, af)->ip;
	if (a->dst.by_name || a->dst.jail != NULL)
		q->dst_name = a->dst.word;
	set_ports(a);
	if (a->src.word == NULL)
		return host_source(a);
	p->src = of_family(&a->src.ips, af)->ip;
	return 0;
}

/* Who sends: a jail that was named, or that has the source's address. */
static void
find_sender(struct asking *a, const struct pf_jail *named)
{
	const struct pf_packet *p = &a->q->packet;
	const struct pf_jail *j = named;

	if (j == NULL && a->q->ifname == NULL)
		j = pf_machine_holder(a->m, p->af, &p->src);
	if (j != NULL)
		a->q->jail = j->name;
	a->q->from_here = j != NULL ||
	    (a->q->ifname == NULL && pf_machine_is_local(a->m, p->af, &p->src));
}

/* "->" may be glued to its neighbours. */
static void
split_words(struct asking *a, const char *text)
{
	_cleanup_(str_clear) struct str s = STR_INIT;
	const char *arrow;

	while ((arrow = strstr(text, "->")) != NULL) {
		str_addmem(&s, text, (size_t)(arrow - text));
		str_add(&s, " to ");
		text = arrow + 2;
	}
	str_add(&s, text);
	strv_split(&a->words, s.buf, " \t\n");
}

static int
read_sender(struct asking *a, const struct pf_jail *jail)
{
	const char *word;

	(void)take_word(a, "from");
	word = peek_word(a);
	if (word != NULL && !streq(word, "to")) {
		if (streq(word, "-"))
			return bad(a, "expected a source or 'to', not '-'");
		return read_end(a, &a->src);
	}
	a->src.port = -1;
	if (jail == NULL)
		return 0;
	a->src.word = jail->name;
	return jail_end(a, &a->src, jail);
}

static int
no_destination(const struct asking *a)
{
	const char *word = peek_word(a);

	if (word != NULL && streq(word, "-"))
		return bad(a,
		    "the shell took the '>' of '->' for itself, and has "
		    "written to a file: quote it (\"->\"), or write 'to'");
	if (word != NULL)
		return bad(a,
		    "'%s' is not understood here; a question is: tcp "
		    "203.0.113.9 to 192.168.178.40:22",
		    word);
	return bad(
	    a, "to where? a question is: tcp 203.0.113.9 to 192.168.178.40:22");
}

static int
read_all(struct asking *a, const struct pf_jail *jail)
{
	int proto, r;

	read_family(a);
	read_proto(a, &proto);
	r = read_sender(a, jail);
	if (r < 0)
		return r;
	if (!take_word(a, "to"))
		return no_destination(a);
	if (peek_word(a) == NULL)
		return no_destination(a);
	r = read_end(a, &a->dst);
	if (r == 0)
		r = read_tail(a);
	if (r == 0)
		r = make_packet(a, proto);
	if (r == 0)
		find_sender(a, jail);
	return r;
}

int
pf_question_parse(const char *text, const char *jail,
    const struct pf_machine *m, struct pf_question *ret, struct err *err)
{
	struct asking a = { .m = m, .q = ret, .err = err };
	const struct pf_jail *j = jail ? pf_machine_jail(m, jail) : NULL;
	int r;

	*ret = (struct pf_question){ 0 };
	ret->packet = (struct pf_packet){ .flags = PF_TH_SYN,
		.seq = 1000,
		.win = 65535,
		.mss = 1460,
		.ttl = 64,
		.uid = PF_ID_UNKNOWN,
		.gid = PF_ID_UNKNOWN };
	if (jail != NULL && j == NULL)
		return err_set(err, EINVAL, "there is no jail '%s'", jail);
	split_words(&a, text);
	r = read_all(&a, j);
	strv_clear(&a.words);
	array_clear(&a.src.ips);
	array_clear(&a.dst.ips);
	if (r < 0)
		pf_question_clear(ret);
	return r;
}

void
pf_question_clear(struct pf_question *q)
{
	arena_clear(&q->arena);
	*q = (struct pf_question){ 0 };
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* pfctl -k, -K and -F states: which of conntrack's entries are meant, and that
 * of the session that asks is spared. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>

#include "pfctl/states.h"

/* Rules by the numbers that states bear. */
struct labels {
	const char *wanted;
	struct current loaded;
	struct rule_ids ids;
	unsigned n_unknown; /* states of rules of earlier loads */
};

struct hunt {
	struct net src, dst;
	const char *ifname; /* of -i, or NULL */
	const struct pf_env *env;
	uint32_t id;	       /* of -k id; 0: not by id */
	struct labels *labels; /* of -k label, or NULL */
	struct nft_tuple session;
	bool has_session, spared, all;
	unsigned n_state;
};

bool
net_has(const struct net *n, const uint8_t *addr, uint8_t family)
{
	unsigned int i;

	if (!n->family)
		return true;
	if (n->family != family)
		return false;
	for (i = 0; i < n->bits; i++)
		if ((n->addr[i / 8] ^ addr[i / 8]) & (0x80 >> i % 8))
			return false;
	return true;
}

static bool
has_label(struct labels *l, uint32_t id)
{
	const struct pf_rule *r = rule_of(&l->ids, l->loaded.rules, id);

	l->n_unknown += !r && id != 0; /* 0: none let it pass */
	return r && r->label && streq(r->label, l->wanted);
}

static bool
is_meant(const struct hunt *h, const struct nft_state *s, uint32_t bit)
{
	struct pf_view v;

	if (h->id)
		return s->id == h->id;
	if (h->ifname && !streq(h->ifname, state_if(s, bit, h->env)))
		return false;
	state_view(s, bit, &v);
	if (h->labels)
		return has_label(h->labels, v.rule);
	return h->all ||
	    (net_has(
		 &h->src, (v.out ? &v.left : &v.right)->addr, s->orig.family) &&
		net_has(&h->dst, (v.out ? &v.right : &v.left)->addr,
		    s->orig.family));
}

/* How many of pf's states of the entry are meant. */
static unsigned
hits(const struct hunt *h, const struct nft_state *s)
{
	static const uint32_t bits[] = { NFT_L_FWD, NFT_L_REV };
	unsigned n = 0;

	for (size_t k = 0; k < 2; k++)
		n += (s->label[2] & bits[k]) && is_meant(h, s, bits[k]);
	return n;
}

static bool
is_prey(const struct nft_state *s, void *arg)
{
	struct hunt *h = arg;
	unsigned n = hits(h, s);

	if (!n)
		return false;
	if (h->has_session && session_is(&h->session, s)) {
		h->spared = true;
		return false;
	}
	h->n_state += n;
	return true;
}

static void
say_spared(const struct hunt *h)
{
	char text[INET6_ADDRSTRLEN];

	if (!h->spared)
		return;
	inet_ntop(h->session.family, h->session.src, text, sizeof(text));
	fprintf(stderr,
	    "pfctl: kept the state of the session from %s port "
	    "%u, by which this command came in\n",
	    text, h->session.sport);
}

int
flush_states(struct pfctl *p, const struct pf_env *env, struct err *err)
{
	struct hunt h = { .all = true, .ifname = p->interface, .env = env };
	int r;

	h.has_session = session_find(&h.session);
	r = nft_state_kill(is_prey, &h, err);
	if (r < 0)
		return r;
	if (!p->quiet)
		say_spared(&h);
	return (int)h.n_state;
}

static bool
is_translated(const struct nft_state *s)
{
	return memcmp(s->orig.src, s->reply.dst, 16) != 0 ||
	    memcmp(s->orig.dst, s->reply.src, 16) != 0;
}

/* An entry of before pf was enabled would never be translated, and has no
 * room for our label. What another program translates is left alone. */
static bool
is_stranger(const struct nft_state *s, void *arg)
{
	struct hunt *h = arg;

	if ((s->label[2] & NFT_L_STATE) || is_translated(s))
		return false;
	return !(h->has_session && session_is(&h->session, s));
}

int
flush_strangers(struct pfctl *p, struct err *err)
{
	struct hunt h = { 0 };
	int r;

	h.has_session = session_find(&h.session);
	if (h.has_session) {
		r = nft_state_adopt(&h.session, err);
		if (r < 0)
			return r;
		h.spared = r > 0;
	}
	r = nft_state_kill(is_stranger, &h, err);
	if (r < 0)
		return r;
	if (!p->quiet)
		say_spared(&h);
	return 0;
}

static int
parse_net(const char *text, struct addrinfo **ret, unsigned int *bits,
    struct err *err)
{
	_cleanup_free_ char *host = xstrdup(text);
	const struct addrinfo hints = { .ai_socktype = SOCK_DGRAM };
	char *slash = strchr(host, '/');
	int64_t n = -1;
	int r;

	if (slash) {
		*slash++ = '\0';
		if (str_to_i64(slash, 0, 128, &n) < 0)
			return err_set(
			    err, EINVAL, "%s: bad prefix length", text);
	}
	*bits = n < 0 ? 128 : (unsigned)n;
	r = getaddrinfo(host, NULL, &hints, ret);
	if (r != 0)
		return err_set(err, EINVAL, "getaddrinfo: %s", gai_strerror(r));
	return 0;
}

static struct net
net_of(const struct addrinfo *a, unsigned int bits)
{
	struct net n = { .family = (uint8_t)a->ai_family };

	if (n.family == AF_INET) {
		memcpy(
		    n.addr, &((struct sockaddr_in *)a->ai_addr)->sin_addr, 4);
		n.bits = MIN(bits, 32u);
	} else {
		memcpy(n.addr, &((struct sockaddr_in6 *)a->ai_addr)->sin6_addr,
		    16);
		n.bits = bits;
	}
	return n;
}

/*
 * For each address of the first name, and each of the second if there is one:
 * `kill` says how many it killed.
 */
static int
kill_pairs(struct pfctl *p, const char *what, const char *const *names,
    unsigned n,
    int (*kill)(const struct net *src, const struct net *dst, void *arg,
	struct err *err),
    void *arg, struct err *err)
{
	struct addrinfo *src = NULL, *dst = NULL;
	unsigned int src_bits, dst_bits = 0;
	unsigned killed = 0, n_src = 0, n_dst = 0;
	int r = parse_net(names[0], &src, &src_bits, err);

	if (r == 0 && n > 1)
		r = parse_net(names[1], &dst, &dst_bits, err);
	for (struct addrinfo *a = src; r >= 0 && a; a = a->ai_next, n_src++) {
		const struct net from = net_of(a, src_bits);
		struct addrinfo *b = dst;

		do {
			struct net to = { 0 };

			if (b)
				to = net_of(b, dst_bits);
			n_dst += b != NULL;
			r = kill(&from, &to, arg, err);
			killed += r > 0 ? (unsigned)r : 0;
		} while (r >= 0 && b && (b = b->ai_next));
	}
	if (src)
		freeaddrinfo(src);
	if (dst)
		freeaddrinfo(dst);
	if (r < 0)
		return r;
	notice(p, "killed %u %s from %u sources and %u destinations\n", killed,
	    what, n_src, n_dst);
	return 0;
}

static int
kill_host(
    const struct net *src, const struct net *dst, void *arg, struct err *err)
{
	const struct hunt *all = arg;
	struct hunt h = *all;
	int r;

	h.src = *src;
	h.dst = *dst;
	r = nft_state_kill(is_prey, &h, err);
	return r < 0 ? r : (int)h.n_state;
}

static int
kill_hosts(struct pfctl *p, const struct pf_env *env, struct err *err)
{
	struct hunt h = { .ifname = p->interface, .env = env };

	return kill_pairs(p, "states", p->kill, p->n_kill, kill_host, &h, err);
}

static int
kill_id(struct pfctl *p, struct err *err)
{
	struct hunt h = { 0 };
	unsigned long long id;
	char *end;
	int r;

	errno = 0;
	id = strtoull(p->kill[1], &end, 16);
	if (errno || end == p->kill[1] || (*end && *end != '/')) {
		complain("wrong id format specified");
		usage();
	}
	h.id = (uint32_t)id;
	r = nft_state_kill(is_prey, &h, err);
	if (r < 0)
		return r;
	notice(p, "killed %u states\n", h.n_state);
	return 0;
}

static void
labels_clear(struct labels *l)
{
	current_clear(&l->loaded);
	rule_ids_clear(&l->ids);
}

static int
kill_label(
    struct pfctl *p, struct store *s, const struct pf_env *env, struct err *err)
{
	_cleanup_(labels_clear) struct labels l = { .wanted = p->kill[1],
		.loaded = CURRENT_INIT };
	struct hunt h = { .labels = &l, .ifname = p->interface, .env = env };
	int r;

	if (strlen(l.wanted) > PF_NAME_MAX)
		return err_set(
		    err, ENAMETOOLONG, "label too long: %s", l.wanted);
	r = current_read(s, env, &l.loaded, err);
	if (r < 0)
		return r;
	rule_ids_read(&l.ids, s);
	r = nft_state_kill(is_prey, &h, err);
	if (r < 0)
		return r;
	notice(p, "killed %u states\n", h.n_state);
	if (l.n_unknown)
		notice(p,
		    "pfctl: %u states are of rules that were loaded before, "
		    "and what labels those had is not known: kill them by "
		    "host\n",
		    l.n_unknown);
	return 0;
}

/* `-k id` and `-k label` need a second word. */
static bool
kills_by(const struct pfctl *p, const char *what)
{
	if (!streq(p->kill[0], what))
		return false;
	if (p->n_kill < 2 || !p->kill[1][0]) {
		complain("no %s specified", what);
		usage();
	}
	return true;
}

static int
kill_states(
    struct pfctl *p, struct store *s, const struct world *w, struct err *err)
{
	if (kills_by(p, "label"))
		return kill_label(p, s, w->env, err);
	if (kills_by(p, "id"))
		return kill_id(p, err);
	return kill_hosts(p, w->env, err);
}

/* ---- -K ---- */

/* What a filter rule tracks has no destination, which is 0.0.0.0 to a second
 * name. */
static int
kill_source(
    const struct net *src, const struct net *dst, void *arg, struct err *err)
{
	static const uint8_t none[16] = { 0 };

	return net_has(dst, none, src->family) ? sources_forget(arg, src, err)
					       : 0;
}

static int
kill_sources(
    struct pfctl *p, struct store *s, const struct world *w, struct err *err)
{
	_cleanup_(current_clear) struct current loaded = CURRENT_INIT;
	_cleanup_(sources_clear) struct sources all = { 0 };
	int r = current_read(s, w->env, &loaded, err);

	if (r == 0)
		r = sources_read(&all, s, loaded.rules, err);
	return r < 0 ? r
		     : kill_pairs(p, "src nodes", p->kill_src, p->n_kill_src,
			   kill_source, &all, err);
}

int
do_kill(struct pfctl *p)
{
	return with_store(p, kill_states);
}

int
do_kill_sources(struct pfctl *p)
{
	return with_store(p, kill_sources);
}

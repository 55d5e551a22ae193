/* SPDX-License-Identifier: BSD-2-Clause */
/* pfctl -k and -F states: which of conntrack's entries are meant, and that of
 * the session that asks is spared. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>

#include "pfctl/states.h"

struct net {
	uint8_t family; /* 0: any */
	uint8_t addr[16];
	unsigned int bits;
};

struct hunt {
	struct net src, dst;
	uint32_t id; /* of -k id; 0: not by id */
	struct nft_tuple session;
	bool has_session, spared, strangers, all;
	unsigned n_state;
};

static bool
in_net(const struct net *n, const struct end *e, uint8_t family)
{
	unsigned int i;

	if (!n->family)
		return true;
	if (n->family != family)
		return false;
	for (i = 0; i < n->bits; i++)
		if ((n->addr[i / 8] ^ e->addr[i / 8]) & (0x80 >> i % 8))
			return false;
	return true;
}

/* How many of pf's states of the entry are meant. */
static unsigned
hits(const struct hunt *h, const struct nft_state *s)
{
	static const uint32_t bits[] = { NFT_L_FWD, NFT_L_REV };
	unsigned n = 0;

	for (size_t k = 0; k < 2; k++) {
		struct pf_view v;
		struct end *from, *to;

		if (!(s->label[2] & bits[k]))
			continue;
		state_view(s, bits[k], &v);
		from = v.out ? &v.left : &v.right;
		to = v.out ? &v.right : &v.left;
		n += h->all ||
		    (h->id ? s->id == h->id
			   : in_net(&h->src, from, s->orig.family) &&
				in_net(&h->dst, to, s->orig.family));
	}
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
flush_states(struct pfctl *p, struct err *err)
{
	struct hunt h = { .all = true };
	int r;

	if (p->interface && !streq(p->interface, "all"))
		return 0;
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
parse_net(const char *text, struct addrinfo **ret, unsigned int *bits)
{
	_cleanup_free_ char *host = xstrdup(text);
	const struct addrinfo hints = { .ai_socktype = SOCK_DGRAM };
	char *slash = strchr(host, '/');
	int64_t n = -1;
	int r;

	if (slash) {
		*slash++ = '\0';
		if (str_to_i64(slash, 0, 128, &n) < 0) {
			complain("%s: bad prefix length", text);
			return -EINVAL;
		}
	}
	*bits = n < 0 ? 128 : (unsigned)n;
	r = getaddrinfo(host, NULL, &hints, ret);
	if (r != 0) {
		complain("getaddrinfo: %s", gai_strerror(r));
		return -EINVAL;
	}
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

static int
kill_hosts(struct pfctl *p, struct err *err)
{
	struct addrinfo *src = NULL, *dst = NULL;
	unsigned int src_bits, dst_bits = 0;
	unsigned killed = 0, n_src = 0, n_dst = 0;
	int r = parse_net(p->kill[0], &src, &src_bits);

	if (r == 0 && p->n_kill > 1)
		r = parse_net(p->kill[1], &dst, &dst_bits);
	for (struct addrinfo *a = src; r >= 0 && a; a = a->ai_next, n_src++) {
		for (struct addrinfo *b = dst; r >= 0;
		     b = b ? b->ai_next : NULL) {
			struct hunt h = { .src = net_of(a, src_bits) };

			if (b) {
				h.dst = net_of(b, dst_bits);
				n_dst++;
			}
			r = nft_state_kill(is_prey, &h, err);
			killed += h.n_state;
			if (!b || !b->ai_next)
				break;
		}
	}
	if (src)
		freeaddrinfo(src);
	if (dst)
		freeaddrinfo(dst);
	if (r < 0)
		return r;
	notice(p, "killed %u states from %u sources and %u destinations\n",
	    killed, n_src, n_dst);
	return 0;
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

int
do_kill(struct pfctl *p)
{
	struct err err = { 0 };
	int r;

	if (streq(p->kill[0], "id") && p->n_kill == 2) {
		r = kill_id(p, &err);
	} else if (streq(p->kill[0], "label") && p->n_kill == 2) {
		complain("-k label is not built yet");
		return 1;
	} else {
		r = kill_hosts(p, &err);
	}
	if (r < 0 && err.code)
		complain("%s", err.msg);
	return r < 0;
}

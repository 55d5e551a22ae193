/* SPDX-License-Identifier: BSD-2-Clause */
/* States: conntrack's entries as pf prints them, and killing them. */
#include "pfctl/states.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <netdb.h>
#include <time.h>

/* ---- what pf would have ---- */

/*
 * One entry is up to two of pf's states: one made by an in rule, one by an
 * out rule. `left` is what pf prints first: the end that is on this side.
 */
struct end {
	const uint8_t *addr;
	uint16_t port;
};
struct pf_view {
	bool out;
	bool turned; /* made by an answer: opened from the other side */
	struct end left, was, right; /* was: left before translation */
	uint32_t rule;
	const char *ifname; /* bound to, or "all" */
};

static struct end
src_of(const struct nft_tuple *t)
{
	return (struct end){ t->src, t->sport };
}

static struct end
dst_of(const struct nft_tuple *t)
{
	bool icmp = t->proto == IPPROTO_ICMP || t->proto == IPPROTO_ICMPV6;

	/* pf has an ICMP id on both ends. */
	return (struct end){ t->dst, icmp ? t->sport : t->dport };
}

static void
view_of(const struct nft_state *s, uint32_t bit, struct pf_view *v)
{
	bool fwd = bit == NFT_L_FWD;
	uint32_t own = s->label[fwd ? 0 : 1], other = s->label[fwd ? 1 : 0];

	*v = (struct pf_view){ 0 };
	/* FWD is an in rule's, unless an out rule met an answer first. */
	v->turned = !own && other;
	v->out = fwd == v->turned;
	v->rule = own ? own : other;
	if (v->out == v->turned) { /* in, or out of an answer: left is dst */
		v->left = src_of(&s->reply);
		v->was = dst_of(&s->orig);
		v->right = src_of(&s->orig);
	} else {
		v->left = dst_of(&s->reply);
		v->was = src_of(&s->orig);
		v->right = src_of(&s->reply);
	}
	if (v->out)
		v->was = v->turned ? v->left : src_of(&s->orig);
}

static bool
same_end(const struct end *a, const struct end *b, uint8_t family)
{
	return a->port == b->port &&
	    memcmp(a->addr, b->addr, family == AF_INET ? 4 : 16) == 0;
}

/* ---- printing ---- */

static void
print_end(struct str *s, const struct end *e, uint8_t family)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(family, e->addr, text, sizeof(text));
	str_add(s, text);
	if (e->port)
		str_printf(s, family == AF_INET ? ":%u" : "[%u]", e->port);
}

/* Of the one who opened the connection, and of the other. */
struct peers {
	const char *opener, *other;
};

static struct peers
tcp_peers(uint8_t state)
{
	switch (state) {
	case TCP_CONNTRACK_SYN_SENT:
		return (struct peers){ "SYN_SENT", "CLOSED" };
	case TCP_CONNTRACK_SYN_SENT2:
		return (struct peers){ "SYN_SENT", "SYN_SENT" };
	case TCP_CONNTRACK_SYN_RECV:
		return (struct peers){ "ESTABLISHED", "SYN_SENT" };
	case TCP_CONNTRACK_ESTABLISHED:
		return (struct peers){ "ESTABLISHED", "ESTABLISHED" };
	case TCP_CONNTRACK_FIN_WAIT:
		return (struct peers){ "CLOSING", "ESTABLISHED" };
	case TCP_CONNTRACK_CLOSE_WAIT:
		return (struct peers){ "FIN_WAIT_2", "ESTABLISHED" };
	case TCP_CONNTRACK_LAST_ACK:
		return (struct peers){ "CLOSING", "CLOSING" };
	case TCP_CONNTRACK_TIME_WAIT:
		return (struct peers){ "FIN_WAIT_2", "FIN_WAIT_2" };
	default:
		return (struct peers){ "TIME_WAIT", "TIME_WAIT" };
	}
}

/* pf counts a side as MULTIPLE once the other answered it. */
static struct peers
other_peers(const struct nft_state *s)
{
	if (!s->seen_reply)
		return (struct peers){ "SINGLE", "NO_TRAFFIC" };
	return (struct peers){ "MULTIPLE",
		s->packets[0] > 1 ? "MULTIPLE" : "SINGLE" };
}

static struct peers
peers_of(const struct nft_state *s)
{
	switch (s->orig.proto) {
	case IPPROTO_TCP:
		return tcp_peers(s->tcp_state);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return (struct peers){ "0", "0" };
	default:
		return other_peers(s);
	}
}

static void
print_time(struct str *s, uint64_t seconds)
{
	str_printf(s, "%.2u:%.2u:%.2u", (unsigned)(seconds / 3600),
	    (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60));
}

static uint64_t
age_of(const struct nft_state *s)
{
	struct timespec now;
	uint64_t ns;

	clock_gettime(CLOCK_REALTIME, &now);
	ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	return s->start && s->start < ns ? (ns - s->start) / 1000000000 : 0;
}

static void
print_details(struct str *out, const struct nft_state *s,
    const struct pf_view *v, const struct rule_ids *ids)
{
	int opener = v->turned ? 1 : 0;
	int nr = rule_number(ids, v->rule);

	str_add(out, "   age ");
	print_time(out, age_of(s));
	str_add(out, ", expires in ");
	print_time(out, s->timeout);
	str_printf(out, ", %ju:%ju pkts, %ju:%ju bytes",
	    (uintmax_t)s->packets[opener], (uintmax_t)s->packets[!opener],
	    (uintmax_t)s->bytes[opener], (uintmax_t)s->bytes[!opener]);
	if (nr >= 0)
		str_printf(out, ", rule %d", nr);
	str_addc(out, '\n');
}

/* The interface a state is bound to, "all" if to none. */
static const char *
if_of(const struct nft_state *s, uint32_t bit, const struct pf_env *env)
{
	uint16_t number =
	    (uint16_t)(s->label[3] >> (bit == NFT_L_FWD ? 0 : 16));

	if (!number)
		return "all";
	for (size_t i = 0; i < env->ifs.n; i++)
		if (nft_if_number(env->ifs.v[i].name) == number)
			return env->ifs.v[i].name;
	return "gone"; /* an interface that is no more */
}

static void
print_state(struct str *out, const struct nft_state *s, const struct pf_view *v,
    int verbose, const struct rule_ids *ids)
{
	const char *proto = pf_proto_name(s->orig.proto);
	struct peers p = peers_of(s);
	bool left_opened = v->out;

	str_printf(out, "%s ", v->ifname);
	if (proto)
		str_printf(out, "%s ", proto);
	else
		str_printf(out, "%u ", s->orig.proto);
	print_end(out, &v->left, s->orig.family);
	if (!same_end(&v->left, &v->was, s->orig.family)) {
		str_add(out, " (");
		print_end(out, &v->was, s->orig.family);
		str_addc(out, ')');
	}
	str_add(out, v->out ? " -> " : " <- ");
	print_end(out, &v->right, s->orig.family);
	str_printf(out, "       %s:%s\n", left_opened ? p.opener : p.other,
	    left_opened ? p.other : p.opener);
	if (verbose)
		print_details(out, s, v, ids);
	if (verbose > 1)
		str_printf(out, "   id: %016x creatorid: 00000000\n", s->id);
}

int
show_states(struct pfctl *p, struct store *store, const struct pf_env *env,
    struct err *err)
{
	_cleanup_(nft_states_clear) struct nft_states states = { 0 };
	_cleanup_(rule_ids_clear) struct rule_ids ids = { 0 };
	_cleanup_(str_clear) struct str out = STR_INIT;
	static const uint32_t bits[] = { NFT_L_FWD, NFT_L_REV };
	int r = nft_state_list(&states, err);

	if (r < 0)
		return r;
	if (p->verbose)
		rule_ids_read(&ids, store);
	for (size_t i = 0; i < states.n; i++) {
		for (size_t k = 0; k < 2; k++) {
			struct pf_view v;

			if (!(states.v[i].label[2] & bits[k]))
				continue;
			view_of(&states.v[i], bits[k], &v);
			v.ifname = if_of(&states.v[i], bits[k], env);
			if (p->interface && !streq(p->interface, v.ifname))
				continue;
			print_state(&out, &states.v[i], &v, p->verbose, &ids);
		}
	}
	fputs(out.buf, stdout);
	return 0;
}

/* ---- killing ---- */

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
		view_of(s, bits[k], &v);
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

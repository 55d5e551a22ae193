/* SPDX-License-Identifier: BSD-2-Clause */
/* States: conntrack's entries as pf prints them. */
#include "pfctl/states.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <time.h>

/* ---- what pf would have ---- */

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

void
state_view(const struct nft_state *s, uint32_t bit, struct pf_view *v)
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

bool
host_name(char ret[NI_MAXHOST], const uint8_t *addr, uint8_t family)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_in four = { .sin_family = AF_INET };

	if (family == AF_INET6) {
		memcpy(&six.sin6_addr, addr, 16);
		return getnameinfo((struct sockaddr *)&six, sizeof(six), ret,
			   NI_MAXHOST, NULL, 0, NI_NAMEREQD) == 0;
	}
	memcpy(&four.sin_addr, addr, 4);
	return getnameinfo((struct sockaddr *)&four, sizeof(four), ret,
		   NI_MAXHOST, NULL, 0, NI_NAMEREQD) == 0;
}

static void
print_end(struct str *s, const struct end *e, uint8_t family, bool names)
{
	char text[NI_MAXHOST];

	if (!names || !host_name(text, e->addr, family))
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

const char *
state_if(const struct nft_state *s, uint32_t bit, const struct pf_env *env)
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
    const struct pfctl *pfctl, const struct rule_ids *ids)
{
	bool names = pfctl->resolve;
	const char *proto = pf_proto_name(s->orig.proto);
	struct peers p = peers_of(s);
	bool left_opened = v->out;

	str_printf(out, "%s ", v->ifname);
	if (proto)
		str_printf(out, "%s ", proto);
	else
		str_printf(out, "%u ", s->orig.proto);
	print_end(out, &v->left, s->orig.family, names);
	if (!same_end(&v->left, &v->was, s->orig.family)) {
		str_add(out, " (");
		print_end(out, &v->was, s->orig.family, names);
		str_addc(out, ')');
	}
	str_add(out, v->out ? " -> " : " <- ");
	print_end(out, &v->right, s->orig.family, names);
	str_printf(out, "       %s:%s\n", left_opened ? p.opener : p.other,
	    left_opened ? p.other : p.opener);
	if (pfctl->verbose)
		print_details(out, s, v, ids);
	if (pfctl->verbose > 1)
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
			state_view(&states.v[i], bits[k], &v);
			v.ifname = state_if(&states.v[i], bits[k], env);
			if (p->interface && !streq(p->interface, v.ifname))
				continue;
			print_state(&out, &states.v[i], &v, p, &ids);
		}
	}
	fputs(out.buf, stdout);
	return 0;
}

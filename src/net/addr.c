/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses and networks: reading, printing and their arithmetic. */
#include "net/net.h"

#include <arpa/inet.h>
#include <errno.h>

static unsigned int
family_bits(int family)
{
	return family == AF_INET ? 32 : 128;
}

unsigned int
net_addr_bits(const struct net_addr *a)
{
	return family_bits(a->family);
}

static size_t
addr_len(const struct net_addr *a)
{
	return family_bits(a->family) / 8;
}

/* The length of a netmask; -1 if its ones are not all in front. */
static int
mask_len(const uint8_t b[4])
{
	uint32_t m = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
	    (uint32_t)b[2] << 8 | b[3];
	uint32_t zeros = ~m;

	if ((zeros & (zeros + 1)) != 0)
		return -1;
	return zeros == 0 ? 32 : __builtin_clz(zeros);
}

/* "24" or "255.255.255.0" */
static int
parse_plen(
    const char *text, const char *whole, struct net_addr *a, struct err *err)
{
	int64_t plen;
	uint8_t mask[4];
	int len;

	if (str_to_i64(text, 0, net_addr_bits(a), &plen) == 0) {
		a->plen = (uint8_t)plen;
		return 0;
	}
	if (a->family != AF_INET || inet_pton(AF_INET, text, mask) != 1)
		return err_set(err, EINVAL,
		    "'%s': the length after '/' is a "
		    "number from 0 to %u",
		    whole, net_addr_bits(a));
	len = mask_len(mask);
	if (len < 0)
		return err_set(
		    err, EINVAL, "'%s': %s is no netmask", whole, text);
	a->plen = (uint8_t)len;
	return 0;
}

static const char *
family_text(int family)
{
	switch (family) {
	case AF_INET:
		return "an IPv4 address";
	case AF_INET6:
		return "an IPv6 address";
	}
	return "an address";
}

int
net_addr_parse(
    const char *text, int family, struct net_addr *ret, struct err *err)
{
	_cleanup_(str_clear) struct str seen = STR_INIT;
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	struct net_addr a = { 0 };
	char buf[INET6_ADDRSTRLEN];

	str_add_visible(&seen, text);
	if (len >= sizeof(buf))
		return err_set(err, EINVAL, "'%.80s' is not %s", seen.buf,
		    family_text(family));
	memcpy(buf, text, len);
	buf[len] = '\0';
	if (family != AF_INET6 && inet_pton(AF_INET, buf, a.b) == 1)
		a.family = AF_INET;
	else if (family != AF_INET && inet_pton(AF_INET6, buf, a.b) == 1)
		a.family = AF_INET6;
	else
		return err_set(err, EINVAL, "'%s' is not %s", seen.buf,
		    family_text(family));
	a.plen = (uint8_t)net_addr_bits(&a);
	if (slash) {
		int r = parse_plen(slash + 1, seen.buf, &a, err);

		if (r < 0)
			return r;
	}
	*ret = a;
	return 0;
}

const char *
net_addr_format(
    const struct net_addr *a, bool with_plen, char buf[NET_ADDR_STRLEN])
{
	if (!inet_ntop(a->family, a->b, buf, NET_ADDR_STRLEN))
		BUG("address of family %d", a->family);
	if (with_plen) {
		size_t len = strlen(buf);

		snprintf(buf + len, NET_ADDR_STRLEN - len, "/%u", a->plen);
	}
	return buf;
}

bool
net_addr_same(const struct net_addr *a, const struct net_addr *b)
{
	return a->family == b->family && memcmp(a->b, b->b, addr_len(a)) == 0;
}

int
net_addr_cmp(const struct net_addr *a, const struct net_addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->b, b->b, addr_len(a));
}

struct net_addr
net_addr_mask(int family, unsigned int plen)
{
	struct net_addr m = { .family = (uint8_t)family,
		.plen = (uint8_t)plen };

	for (unsigned int i = 0; i < plen; i++)
		m.b[i / 8] |= (uint8_t)(0x80u >> (i % 8));
	return m;
}

struct net_addr
net_addr_network(const struct net_addr *a)
{
	struct net_addr m = net_addr_mask(a->family, a->plen), n = *a;

	for (size_t i = 0; i < addr_len(a); i++)
		n.b[i] &= m.b[i];
	return n;
}

struct net_addr
net_addr_last(const struct net_addr *a)
{
	struct net_addr m = net_addr_mask(a->family, a->plen), n = *a;

	for (size_t i = 0; i < addr_len(a); i++)
		n.b[i] |= (uint8_t)~m.b[i];
	return n;
}

bool
net_addr_within(const struct net_addr *net, const struct net_addr *a)
{
	struct net_addr in = *a, want = net_addr_network(net);

	if (net->family != a->family)
		return false;
	in.plen = net->plen;
	in = net_addr_network(&in);
	return net_addr_same(&in, &want);
}

struct net_addr
net_addr_next(const struct net_addr *a)
{
	struct net_addr n = *a;

	for (size_t i = addr_len(a); i-- > 0;)
		if (++n.b[i] != 0)
			break;
	return n;
}

static void
addr_decrement(struct net_addr *a)
{
	for (size_t i = addr_len(a); i-- > 0;)
		if (a->b[i]-- != 0)
			break;
}

void
net_addr_hosts(const struct net_addr *a, struct net_addr *first,
    struct net_addr *last, uint64_t *count)
{
	unsigned int bits = net_addr_bits(a) - a->plen;

	*first = net_addr_network(a);
	*last = net_addr_last(a);
	*count = bits >= 64 ? UINT64_MAX : (uint64_t)1 << bits;
	/* RFC 3021 and RFC 6164: both addresses of a pair are hosts'. */
	if (bits <= 1)
		return;
	/* IPv6 has no broadcast; its all-zero address is the routers'. */
	*first = net_addr_next(first);
	if (*count != UINT64_MAX)
		*count -= 1;
	if (a->family == AF_INET) {
		addr_decrement(last);
		*count -= 1;
	}
}

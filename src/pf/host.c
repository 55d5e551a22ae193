/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a word means as a host: an interface's addresses, an IPv4 or IPv6
 * address, or a name to resolve, tried in this order.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>

#include "pf/parse.h"

/* Keep the first `bits` of an address. */
static void
ip_mask(union pf_ip *ip, unsigned bits)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned keep = bits > i * 8 ? MIN(bits - i * 8, 8u) : 0;

		ip->b[i] &= (uint8_t)(0xff00 >> keep);
	}
}

void
pf_host_mask(struct host *h, unsigned bits)
{
	h->bits = (uint8_t)bits;
	if (h->kind == PF_ADDR_IP)
		ip_mask(&h->ip, bits);
}

void
pf_host_append(struct host **list, struct host *more)
{
	if (more == NULL)
		return;
	if (*list == NULL) {
		*list = more;
		return;
	}
	(*list)->tail->next = more;
	(*list)->tail = more->tail;
}

static struct host *
host_ip(struct parser *p, uint8_t af, const union pf_ip *ip, unsigned bits)
{
	struct host *h = arena_new(&p->tmp, struct host);

	h->kind = PF_ADDR_IP;
	h->af = af;
	h->ip = *ip;
	h->tail = h;
	pf_host_mask(h, bits);
	return h;
}

/* ---- interfaces ---- */

uint32_t
pf_if_index(const struct parser *p, const char *name)
{
	const struct pf_if *i = pf_env_if(p->env, name);

	return i ? i->index : 0;
}

const char *
pf_if_name(const struct parser *p, uint32_t index)
{
	for (size_t i = 0; index > 0 && i < p->env->ifs.n; i++) {
		if (p->env->ifs.v[i].index == index)
			return p->env->ifs.v[i].name;
	}
	return NULL;
}

static bool
is_link_local(const struct pf_if_addr *a)
{
	return a->af == AF_INET6 && a->ip.b[0] == 0xfe &&
	    (a->ip.b[1] & 0xc0) == 0x80;
}

/* Does the name (NULL: all) stand for that interface? One without a digit at
 * its end also stands for those with a digit after it. */
static bool
if_matches(const struct pf_if *i, const char *name)
{
	size_t n;

	if (name == NULL || streq(i->name, name))
		return true;
	n = strlen(name);
	return n > 0 && n <= PF_IFNAME_MAX &&
	    !isdigit((unsigned char)name[n - 1]) && str_starts(i->name, name) &&
	    isdigit((unsigned char)i->name[n]);
}

static bool
addr_wanted(const struct pf_if *i, const struct pf_if_addr *a, unsigned mods)
{
	if (mods & PF_MOD_BROADCAST)
		return a->af == AF_INET && (i->flags & PF_IF_BROADCAST);
	if (mods & PF_MOD_PEER)
		return (i->flags & PF_IF_P2P) != 0;
	return !(mods & PF_MOD_NETWORK) || !is_link_local(a);
}

/* Add the addresses of one interface. */
static void
add_if_addrs(
    struct parser *p, const struct pf_if *i, unsigned mods, struct host **list)
{
	bool got4 = false, got6 = false;

	for (size_t j = 0; j < i->addrs.n; j++) {
		const struct pf_if_addr *a = &i->addrs.v[j];
		bool *got = a->af == AF_INET ? &got4 : &got6;
		const union pf_ip *ip = &a->ip;
		struct host *h;

		if (!addr_wanted(i, a, mods) ||
		    (*got && (mods & PF_MOD_NOALIAS)))
			continue;
		*got = true;
		if (mods & PF_MOD_BROADCAST)
			ip = &a->broadcast;
		else if (mods & PF_MOD_PEER)
			ip = &a->peer;
		h = host_ip(p, a->af, ip,
		    (mods & PF_MOD_NETWORK) ? a->bits
			: a->af == AF_INET  ? 32
					    : 128);
		if (is_link_local(a))
			h->ifindex = i->index;
		pf_host_append(list, h);
	}
}

static bool
in_group(const struct pf_if *i, const char *group)
{
	return strv_has(&i->groups, group);
}

struct host *
pf_host_if(struct parser *p, const char *name, unsigned mods)
{
	bool group = pf_env_is_group(p->env, name);
	struct host *list = NULL;

	for (size_t i = 0; i < p->env->ifs.n; i++) {
		const struct pf_if *f = &p->env->ifs.v[i];

		if (group ? in_group(f, name)
			  : if_matches(f, streq(name, "self") ? NULL : name))
			add_if_addrs(p, f, mods, &list);
	}
	return list;
}

bool
pf_add_mod(const char *suffix, unsigned *mods)
{
	static const struct {
		const char *suffix;
		unsigned mod;
	} known[] = {
		{ ":network", PF_MOD_NETWORK },
		{ ":broadcast", PF_MOD_BROADCAST },
		{ ":peer", PF_MOD_PEER },
		{ ":0", PF_MOD_NOALIAS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (streq(suffix, known[i].suffix)) {
			*mods |= known[i].mod;
			return true;
		}
	return false;
}

/* NAME[:network|:broadcast|:peer][:0], with an extra mask if bits >= 0.
 * NULL: it is none, or an impossible one (told). */
static struct host *
host_interface(struct parser *p, const char *word, int bits)
{
	char *name = arena_strdup(&p->tmp, word), *colon;
	unsigned mods = 0;
	struct host *list;

	while ((colon = strrchr(name, ':')) != NULL) {
		if (!pf_add_mod(colon, &mods))
			return NULL;
		*colon = '\0';
	}
	if (mods & (mods - 1) & (PF_MOD_NOALIAS - 1)) {
		pf_note(p, "illegal combination of interface modifiers");
		return NULL;
	}
	if ((mods & (PF_MOD_NETWORK | PF_MOD_BROADCAST)) && bits >= 0) {
		pf_note(
		    p, "network or broadcast lookup, but extra netmask given");
		return NULL;
	}
	if (!streq(name, "self") && pf_env_if(p->env, name) == NULL &&
	    !pf_env_is_group(p->env, name))
		return NULL;
	list = pf_host_if(p, name, mods);
	for (struct host *h = list; h != NULL && bits >= 0; h = h->next)
		pf_host_mask(h, (unsigned)bits);
	return list;
}

/* ---- addresses ---- */

/*
 * "10.1/16": as many bytes as are given, the rest zero; decimal only. False
 * if it is not that.
 */
static bool
parse_prefix4(const char *word, union pf_ip *ret)
{
	union pf_ip ip = { 0 };
	int n = 0;

	for (;;) {
		char *end;
		unsigned long byte;

		if (!isdigit((unsigned char)*word) || n == 4)
			return false;
		byte = strtoul(word, &end, 10);
		if (byte > 255 || end - word > 3)
			return false;
		ip.b[n++] = (uint8_t)byte;
		word = end;
		if (*word == '/')
			break;
		if (*word++ != '.')
			return false;
	}
	*ret = ip;
	return true;
}

/* `word` has the mask in it if bits >= 0. */
static struct host *
host_v4(struct parser *p, const char *word, int bits)
{
	union pf_ip ip = { 0 };

	if (bits >= 0) {
		if (bits > 32 || !parse_prefix4(word, &ip))
			return NULL;
		return host_ip(p, AF_INET, &ip, (unsigned)bits);
	}
	if (inet_pton(AF_INET, word, ip.b) != 1)
		return NULL;
	return host_ip(p, AF_INET, &ip, 32);
}

/* The scope behind "%": an interface's name or its index. */
static bool
parse_scope(struct parser *p, const char *scope, uint32_t *ret)
{
	int64_t n;

	*ret = pf_if_index(p, scope);
	if (*ret > 0)
		return true;
	if (str_to_i64(scope, 1, UINT32_MAX, &n) < 0)
		return false;
	*ret = (uint32_t)n;
	return true;
}

static struct host *
host_v6(struct parser *p, const char *word, unsigned bits)
{
	char *addr = arena_strdup(&p->tmp, word), *scope = strchr(addr, '%');
	union pf_ip ip = { 0 };
	uint32_t index = 0;
	struct host *h;

	if (scope != NULL)
		*scope++ = '\0';
	if (inet_pton(AF_INET6, addr, ip.b) != 1)
		return NULL;
	if (scope != NULL && !parse_scope(p, scope, &index))
		return NULL;
	h = host_ip(p, AF_INET6, &ip, bits);
	h->ifindex = index;
	return h;
}

/* A name, or a number as old resolvers read it ("10.20" is 10.0.0.20). */
static struct host *
host_name(struct parser *p, const char *word, int bits)
{
	char *name = arena_strdup(&p->tmp, word);
	struct pf_ips ips = { 0 };
	bool first_only = false, got4 = false, got6 = false;
	struct host *list = NULL;
	struct in_addr old;
	size_t n = strlen(name);

	if (n >= 2 && streq(name + n - 2, ":0")) {
		first_only = true;
		name[n - 2] = '\0';
	}
	if (*name != 0 && inet_aton(name, &old) == 1) {
		struct pf_ip_af *ip = array_add(&ips);

		ip->af = AF_INET;
		memcpy(ip->ip.b, &old, sizeof(old));
	} else if (p->env->resolve != NULL) {
		p->env->resolve(p->env->ctx, name, &ips);
	}
	for (size_t i = 0; i < ips.n; i++) {
		bool v4 = ips.v[i].af == AF_INET, *got = v4 ? &got4 : &got6;

		if (first_only && *got)
			continue;
		*got = true;
		pf_host_append(&list,
		    host_ip(p, ips.v[i].af, &ips.v[i].ip,
			bits >= 0 ? (unsigned)bits
			    : v4  ? 32
				  : 128));
	}
	array_clear(&ips);
	return list;
}

struct host *
pf_host(struct parser *p, const char *word)
{
	const char *slash = strrchr(word, '/'), *name = word;
	struct host *h;
	int bits = -1;

	if (slash != NULL) {
		char *end;
		long n = strtol(slash + 1, &end, 0);

		if (end == slash + 1 || *end != '\0' || n < 0 || n > 128) {
			pf_note(p, "invalid netmask '%s'", slash);
			return NULL;
		}
		bits = (int)n;
		name = arena_strndup(&p->tmp, word, (size_t)(slash - word));
	}
	h = host_interface(p, name, bits);
	if (h == NULL)
		h = host_v4(p, word, bits);
	if (h == NULL)
		h = host_v6(p, name, bits >= 0 ? (unsigned)bits : 128);
	if (h == NULL)
		h = host_name(p, name, bits);
	if (h == NULL)
		pf_note(p, "no IP address found for %s", word);
	return h;
}

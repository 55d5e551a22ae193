/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of names and the look-ups in them. */
#include "pf/names.h"

#include <netinet/in.h>
#include <strings.h>

struct icmp_name { /* the first name of a number is the one that is printed */
	const char *name;
	uint8_t type;
	uint8_t code; /* in the tables of codes */
};

static const struct icmp_name icmp4_types[] = {
	{ "echoreq", 8, 0 },
	{ "echorep", 0, 0 },
	{ "unreach", 3, 0 },
	{ "squench", 4, 0 },
	{ "redir", 5, 0 },
	{ "althost", 6, 0 },
	{ "routeradv", 9, 0 },
	{ "routersol", 10, 0 },
	{ "timex", 11, 0 },
	{ "paramprob", 12, 0 },
	{ "timereq", 13, 0 },
	{ "timerep", 14, 0 },
	{ "inforeq", 15, 0 },
	{ "inforep", 16, 0 },
	{ "maskreq", 17, 0 },
	{ "maskrep", 18, 0 },
	{ "trace", 30, 0 },
	{ "dataconv", 31, 0 },
	{ "mobredir", 32, 0 },
	{ "ipv6-where", 33, 0 },
	{ "ipv6-here", 34, 0 },
	{ "mobregreq", 35, 0 },
	{ "mobregrep", 36, 0 },
	{ "skip", 39, 0 },
	{ "photuris", 40, 0 },
};

static const struct icmp_name icmp6_types[] = {
	{ "unreach", 1, 0 },
	{ "toobig", 2, 0 },
	{ "timex", 3, 0 },
	{ "paramprob", 4, 0 },
	{ "echoreq", 128, 0 },
	{ "echorep", 129, 0 },
	{ "groupqry", 130, 0 },
	{ "listqry", 130, 0 },
	{ "grouprep", 131, 0 },
	{ "listenrep", 131, 0 },
	{ "groupterm", 132, 0 },
	{ "listendone", 132, 0 },
	{ "routersol", 133, 0 },
	{ "routeradv", 134, 0 },
	{ "neighbrsol", 135, 0 },
	{ "neighbradv", 136, 0 },
	{ "redir", 137, 0 },
	{ "routrrenum", 138, 0 },
	{ "wrureq", 139, 0 },
	{ "wrurep", 140, 0 },
	{ "fqdnreq", 139, 0 },
	{ "fqdnrep", 140, 0 },
	{ "niqry", 139, 0 },
	{ "nirep", 140, 0 },
	{ "mtraceresp", 200, 0 },
	{ "mtrace", 201, 0 },
};

static const struct icmp_name icmp4_codes[] = {
	{ "net-unr", 3, 0 },
	{ "host-unr", 3, 1 },
	{ "proto-unr", 3, 2 },
	{ "port-unr", 3, 3 },
	{ "needfrag", 3, 4 },
	{ "srcfail", 3, 5 },
	{ "net-unk", 3, 6 },
	{ "host-unk", 3, 7 },
	{ "isolate", 3, 8 },
	{ "net-prohib", 3, 9 },
	{ "host-prohib", 3, 10 },
	{ "net-tos", 3, 11 },
	{ "host-tos", 3, 12 },
	{ "filter-prohib", 3, 13 },
	{ "host-preced", 3, 14 },
	{ "cutoff-preced", 3, 15 },
	{ "redir-net", 5, 0 },
	{ "redir-host", 5, 1 },
	{ "redir-tos-net", 5, 2 },
	{ "redir-tos-host", 5, 3 },
	{ "normal-adv", 9, 0 },
	{ "common-adv", 9, 16 },
	{ "transit", 11, 0 },
	{ "reassemb", 11, 1 },
	{ "badhead", 12, 0 },
	{ "optmiss", 12, 1 },
	{ "badlen", 12, 2 },
	{ "unknown-ind", 40, 1 },
	{ "auth-fail", 40, 2 },
	{ "decrypt-fail", 40, 3 },
};

static const struct icmp_name icmp6_codes[] = {
	{ "admin-unr", 1, 1 },
	{ "noroute-unr", 1, 0 },
	{ "notnbr-unr", 1, 2 },
	{ "beyond-unr", 1, 2 },
	{ "addr-unr", 1, 3 },
	{ "port-unr", 1, 4 },
	{ "transit", 3, 0 },
	{ "reassemb", 3, 1 },
	{ "badhead", 4, 0 },
	{ "nxthdr", 4, 1 },
	{ "redironlink", 137, 0 },
	{ "redirrouter", 137, 1 },
};

/* In the order in which pfctl -s timeouts lists them. */
static const struct {
	const char *name;
	uint8_t tm;
	uint32_t seconds;
} timeouts[] = {
	{ "tcp.first", PF_TM_TCP_FIRST, 120 },
	{ "tcp.opening", PF_TM_TCP_OPENING, 30 },
	{ "tcp.established", PF_TM_TCP_ESTABLISHED, 86400 },
	{ "tcp.closing", PF_TM_TCP_CLOSING, 900 },
	{ "tcp.finwait", PF_TM_TCP_FINWAIT, 45 },
	{ "tcp.closed", PF_TM_TCP_CLOSED, 90 },
	{ "tcp.tsdiff", PF_TM_TCP_TSDIFF, 30 },
	{ "udp.first", PF_TM_UDP_FIRST, 60 },
	{ "udp.single", PF_TM_UDP_SINGLE, 30 },
	{ "udp.multiple", PF_TM_UDP_MULTIPLE, 60 },
	{ "icmp.first", PF_TM_ICMP_FIRST, 20 },
	{ "icmp.error", PF_TM_ICMP_ERROR, 10 },
	{ "other.first", PF_TM_OTHER_FIRST, 60 },
	{ "other.single", PF_TM_OTHER_SINGLE, 30 },
	{ "other.multiple", PF_TM_OTHER_MULTIPLE, 60 },
	{ "frag", PF_TM_FRAG, 30 },
	{ "interval", PF_TM_INTERVAL, 10 },
	{ "adaptive.start", PF_TM_ADAPTIVE_START, 60000 },
	{ "adaptive.end", PF_TM_ADAPTIVE_END, 120000 },
	{ "src.track", PF_TM_SRC_TRACK, 0 },
};

static const struct {
	const char *name;
	uint32_t value;
} limits[PF_LIMIT_COUNT] = {
	[PF_LIMIT_STATES] = { "states", 100000 },
	[PF_LIMIT_SRC_NODES] = { "src-nodes", 10000 },
	[PF_LIMIT_FRAGS] = { "frags", 5000 },
	[PF_LIMIT_TABLE_ENTRIES] = { "table-entries", 200000 },
};

static const struct {
	const char *name;
	uint8_t tos;
} tos_words[] = {
	{ "af11", 0x28 },
	{ "af12", 0x30 },
	{ "af13", 0x38 },
	{ "af21", 0x48 },
	{ "af22", 0x50 },
	{ "af23", 0x58 },
	{ "af31", 0x68 },
	{ "af32", 0x70 },
	{ "af33", 0x78 },
	{ "af41", 0x88 },
	{ "af42", 0x90 },
	{ "af43", 0x98 },
	{ "critical", 0xa0 },
	{ "cs0", 0x00 },
	{ "cs1", 0x20 },
	{ "cs2", 0x40 },
	{ "cs3", 0x60 },
	{ "cs4", 0x80 },
	{ "cs5", 0xa0 },
	{ "cs6", 0xc0 },
	{ "cs7", 0xe0 },
	{ "ef", 0xb8 },
	{ "inetcontrol", 0xc0 },
	{ "lowdelay", 0x10 },
	{ "netcontrol", 0xe0 },
	{ "reliability", 0x04 },
	{ "throughput", 0x08 },
};

static const char flag_letters[] = "FSRPAUEW"; /* PF_TH_FIN is the first */

#define TCP_HINT(first, opening, est, closing, finwait, closed, tsdiff)     \
	{                                                                   \
		{ PF_TM_TCP_FIRST, first }, { PF_TM_TCP_OPENING, opening }, \
		    { PF_TM_TCP_ESTABLISHED, est },                         \
		    { PF_TM_TCP_CLOSING, closing },                         \
		    { PF_TM_TCP_FINWAIT, finwait },                         \
		    { PF_TM_TCP_CLOSED, closed },                           \
		    { PF_TM_TCP_TSDIFF, tsdiff },                           \
		{                                                           \
			0, 0                                                \
		}                                                           \
	}

static const struct {
	const char *name;
	struct pf_hint hint[8];
} optimizations[] = {
	{ "normal", TCP_HINT(120, 30, 86400, 900, 45, 90, 30) },
	{ "satellite", TCP_HINT(180, 35, 86400, 905, 50, 95, 60) },
	{ "high-latency", TCP_HINT(180, 35, 86400, 905, 50, 95, 60) },
	{ "conservative", TCP_HINT(3600, 900, 432000, 3600, 600, 180, 60) },
	{ "aggressive", TCP_HINT(30, 5, 18000, 60, 30, 30, 10) },
};

bool
pf_name_find(
    const struct pf_name_id *t, size_t n, const char *name, uint32_t *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (streq(t[i].name, name)) {
			*ret = t[i].id;
			return true;
		}
	}
	return false;
}

const char *
pf_proto_name(uint8_t proto)
{
	for (size_t i = 0; i < pf_n_protocols; i++) {
		if (pf_protocols[i].id == proto)
			return pf_protocols[i].name;
	}
	return NULL;
}

int
pf_proto_number(const char *name)
{
	uint32_t id;

	if (!pf_name_find(pf_protocols, pf_n_protocols, name, &id))
		return -1;
	return (int)id;
}

static int
service_cmp(const void *key, const void *elem)
{
	return strcmp(key, ((const struct pf_service *)elem)->name);
}

int
pf_service_port(const char *name)
{
	const struct pf_service *s =
	    bsearch(name, pf_services, pf_n_services, sizeof(*s), service_cmp);

	if (s == NULL)
		return -1;
	return s->tcp >= 0 ? s->tcp : s->udp;
}

static int
port_name_cmp(const void *key, const void *elem)
{
	const struct pf_port_name *a = key, *b = elem;

	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return (int)a->udp - (int)b->udp;
}

const char *
pf_service_name(uint16_t port, bool tcp)
{
	const struct pf_port_name key = { .port = port, .udp = !tcp };
	const struct pf_port_name *p = bsearch(
	    &key, pf_port_names, pf_n_port_names, sizeof(*p), port_name_cmp);

	return p ? p->name : NULL;
}

static const struct icmp_name *
icmp_types(uint8_t af, size_t *n)
{
	*n = af == AF_INET6 ? ARRAY_SIZE(icmp6_types) : ARRAY_SIZE(icmp4_types);
	return af == AF_INET6 ? icmp6_types : icmp4_types;
}

static const struct icmp_name *
icmp_codes(uint8_t af, size_t *n)
{
	*n = af == AF_INET6 ? ARRAY_SIZE(icmp6_codes) : ARRAY_SIZE(icmp4_codes);
	return af == AF_INET6 ? icmp6_codes : icmp4_codes;
}

int
pf_icmp_type_number(const char *name, uint8_t af)
{
	size_t n;
	const struct icmp_name *t = icmp_types(af, &n);

	for (size_t i = 0; i < n; i++) {
		if (streq(t[i].name, name))
			return t[i].type;
	}
	return -1;
}

const char *
pf_icmp_type_name(int type, uint8_t af)
{
	size_t n;
	const struct icmp_name *t = icmp_types(af, &n);

	for (size_t i = 0; i < n; i++) {
		if (t[i].type == type)
			return t[i].name;
	}
	return NULL;
}

int
pf_icmp_code_number(int type, const char *name, uint8_t af)
{
	size_t n;
	const struct icmp_name *t = icmp_codes(af, &n);

	for (size_t i = 0; i < n; i++) {
		if (t[i].type == type && streq(t[i].name, name))
			return t[i].code;
	}
	return -1;
}

const char *
pf_icmp_code_name(int type, int code, uint8_t af)
{
	size_t n;
	const struct icmp_name *t = icmp_codes(af, &n);

	for (size_t i = 0; i < n; i++) {
		if (t[i].type == type && t[i].code == code)
			return t[i].name;
	}
	return NULL;
}

int
pf_timeout_number(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(timeouts); i++) {
		if (strcasecmp(timeouts[i].name, name) == 0)
			return timeouts[i].tm;
	}
	return -1;
}

const char *
pf_timeout_name(enum pf_tm tm)
{
	for (size_t i = 0; i < ARRAY_SIZE(timeouts); i++) {
		if (timeouts[i].tm == tm)
			return timeouts[i].name;
	}
	BUG("time-out %d has no name", (int)tm);
}

uint32_t
pf_timeout_default(enum pf_tm tm)
{
	for (size_t i = 0; i < ARRAY_SIZE(timeouts); i++) {
		if (timeouts[i].tm == tm)
			return timeouts[i].seconds;
	}
	BUG("time-out %d has no default", (int)tm);
}

enum pf_tm
pf_timeout_listed(unsigned i)
{
	if (i >= ARRAY_SIZE(timeouts))
		BUG("there is no time-out number %u", i);
	return timeouts[i].tm;
}

int
pf_limit_number(const char *name)
{
	for (int i = 0; i < PF_LIMIT_COUNT; i++) {
		if (strcasecmp(limits[i].name, name) == 0)
			return i;
	}
	return -1;
}

const char *
pf_limit_name(enum pf_limit l)
{
	return limits[l].name;
}

uint32_t
pf_limit_default(enum pf_limit l)
{
	return limits[l].value;
}

int
pf_flags_number(const char *letters)
{
	int f = 0;

	for (; *letters != '\0'; letters++) {
		const char *p = strchr(flag_letters, *letters);

		if (p == NULL)
			return -1;
		f |= 1 << (p - flag_letters);
	}
	return f != 0 ? f : 0xff; /* "" is all of them */
}

void
pf_flags_add(struct str *s, uint8_t flags)
{
	for (int i = 0; flag_letters[i] != '\0'; i++) {
		if (flags & (1 << i))
			str_addc(s, flag_letters[i]);
	}
}

int
pf_tos_number(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(tos_words); i++) {
		if (strcasecmp(tos_words[i].name, name) == 0)
			return tos_words[i].tos;
	}
	return -1;
}

const struct pf_hint *
pf_optimization(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(optimizations); i++) {
		if (strcasecmp(optimizations[i].name, name) == 0)
			return optimizations[i].hint;
	}
	return NULL;
}

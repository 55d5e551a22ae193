/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pfctl -s timeouts, memory, Interfaces: what holds here, in pf's form.
 * States live in conntrack, so its time-outs and its limit are shown, not
 * those that the rules of a disabled pf would have. What conntrack does not know is 0, pf's word for
 * off.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

#include "base/array.h"
#include "base/file.h"
#include "base/str.h"
#include "pfctl/pfctl.h"

/* ---- time-outs ---- */

#define CT "net/netfilter/nf_conntrack_"

/* In pfctl's order; NULL: Linux has nothing of the kind. */
static const struct {
	enum pf_tm tm;
	const char *sysctl;
} timeouts[] = {
	{ PF_TM_TCP_FIRST, CT "tcp_timeout_syn_sent" },
	{ PF_TM_TCP_OPENING, CT "tcp_timeout_syn_recv" },
	{ PF_TM_TCP_ESTABLISHED, CT "tcp_timeout_established" },
	{ PF_TM_TCP_CLOSING, CT "tcp_timeout_fin_wait" },
	{ PF_TM_TCP_FINWAIT, CT "tcp_timeout_last_ack" },
	{ PF_TM_TCP_CLOSED, CT "tcp_timeout_time_wait" },
	{ PF_TM_TCP_TSDIFF, NULL },
	{ PF_TM_UDP_FIRST, CT "udp_timeout" },
	{ PF_TM_UDP_SINGLE, CT "udp_timeout" },
	{ PF_TM_UDP_MULTIPLE, CT "udp_timeout_stream" },
	{ PF_TM_ICMP_FIRST, CT "icmp_timeout" },
	{ PF_TM_ICMP_ERROR, CT "icmp_timeout" },
	{ PF_TM_OTHER_FIRST, CT "generic_timeout" },
	{ PF_TM_OTHER_SINGLE, CT "generic_timeout" },
	{ PF_TM_OTHER_MULTIPLE, CT "generic_timeout" },
	{ PF_TM_FRAG, "net/ipv4/ipfrag_time" },
	{ PF_TM_INTERVAL, NULL },
	{ PF_TM_ADAPTIVE_START, NULL },
	{ PF_TM_ADAPTIVE_END, NULL },
	{ PF_TM_SRC_TRACK, NULL },
};

static int
sysctl_number(const char *path, int64_t *ret, struct err *err)
{
	char full[128], text[32];
	ssize_t n;

	snprintf(full, sizeof(full), "/proc/sys/%s", path);
	n = file_peek(AT_FDCWD, full, text, sizeof(text));
	if (n == -ENOENT)
		return err_set(err, ENOENT,
		    "%s is not there: conntrack is not loaded", full);
	if (n < 0 || str_to_i64(text, 0, INT64_MAX, ret) < 0)
		return err_set(err, EIO, "cannot read %s", full);
	return 0;
}

int
show_timeouts(const struct pf_options *o, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(timeouts); i++) {
		enum pf_tm tm = timeouts[i].tm;
		bool states =
		    tm == PF_TM_ADAPTIVE_START || tm == PF_TM_ADAPTIVE_END;
		int64_t n = 0;
		int r = 0;

		if (pf_timeout_holds(o, tm))
			n = o->timeout_set[tm] ? o->timeout[tm]
					       : pf_timeout_default(tm);
		else if (timeouts[i].sysctl)
			r = sysctl_number(timeouts[i].sysctl, &n, err);
		if (r < 0)
			return r;
		printf("%-20s %10" PRId64 "%s\n", pf_timeout_name(tm), n,
		    states ? " states" : "s");
	}
	return 0;
}

/* ---- limits ---- */

/* As many as the kernel's memory for them holds. */
static int
frags_number(int64_t *ret, struct err *err)
{
	int r = sysctl_number("net/ipv4/ipfrag_high_thresh", ret, err);

	*ret /= PF_FRAG_BYTES;
	return r;
}

/* States and fragments have the kernel's limits, the others those that the
 * rules set. */
int
show_memory(const struct pf_options *o, struct err *err)
{
	for (int i = 0; i < PF_LIMIT_COUNT; i++) {
		int64_t n = o->limit[i];
		int r = 0;

		if (i == PF_LIMIT_STATES)
			r = sysctl_number(CT "max", &n, err);
		else if (i == PF_LIMIT_FRAGS)
			r = frags_number(&n, err);
		if (r < 0)
			return r;
		printf("%-13s ", pf_limit_name((enum pf_limit)i));
		if (n)
			printf("hard limit %8" PRId64 "\n", n);
		else
			printf("unlimited\n");
	}
	return 0;
}

/* ---- interfaces ---- */

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Interfaces, their groups and "all", each once, sorted. */
static void
collect_names(const struct pf_env *env, struct strv *ret)
{
	strv_add(ret, "all");
	for (size_t i = 0; i < env->ifs.n; i++) {
		const struct pf_if *f = &env->ifs.v[i];

		strv_add(ret, f->name);
		for (size_t k = 0; k < f->groups.n; k++)
			if (!strv_has(ret, f->groups.v[k]))
				strv_add(ret, f->groups.v[k]);
	}
	qsort(ret->v, ret->n, sizeof(*ret->v), by_name);
}

static bool
is_skipped(
    const struct pf_env *env, const struct pf_options *o, const char *name)
{
	const struct pf_if *f = pf_env_if(env, name);

	if (strv_has(&o->skip, name))
		return true;
	for (size_t i = 0; f && i < f->groups.n; i++)
		if (strv_has(&o->skip, f->groups.v[i]))
			return true;
	return false;
}

static unsigned
count_rules(const struct pf_ruleset *rs, const char *name)
{
	unsigned n = 0;

	for (struct pf_anchor *a = rs->main; a; a = a->next)
		for (int list = 0; list < PF_LIST_COUNT; list++)
			for (size_t i = 0; i < a->list[list].n; i++) {
				const char *on = a->list[list].v[i]->ifname;

				n += on && streq(on, name);
			}
	return n;
}

static int
count_states(const char *name, unsigned *ret, struct err *err)
{
	_cleanup_(nft_states_clear) struct nft_states states = { 0 };
	uint16_t number = streq(name, "all") ? 0 : nft_if_number(name);
	int r = nft_state_list(&states, err);

	*ret = 0;
	for (size_t i = 0; i < states.n && r == 0; i++) {
		const uint32_t *l = states.v[i].label;

		*ret += (l[2] & NFT_L_FWD) && (uint16_t)l[3] == number;
		*ret += (l[2] & NFT_L_REV) && l[3] >> 16 == number;
	}
	return r;
}

int
show_interfaces(const struct pfctl *p, const struct pf_env *env,
    const struct pf_ruleset *rs, struct err *err)
{
	_cleanup_(strv_clear) struct strv names = { 0 };
	unsigned states;
	int r;

	collect_names(env, &names);
	for (size_t i = 0; i < names.n; i++) {
		const char *name = names.v[i];

		if (p->interface && !streq(p->interface, name))
			continue;
		printf("%s%s\n", name,
		    p->verbose && is_skipped(env, &rs->options, name)
			? " (skip)"
			: "");
		if (p->verbose < 2)
			continue;
		r = count_states(name, &states, err);
		if (r < 0)
			return r;
		printf("\tReferences:  [ States:  %-18u Rules: %-18u ]\n",
		    states, count_rules(rs, name));
	}
	return 0;
}

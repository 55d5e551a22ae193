/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The last good ruleset, kept for the next boot: pf.conf names addresses that
 * are not there before the network is, so the rules are loaded first as they
 * last were, with the interfaces as they last were (`pfctl --facts`).
 */
#include <sys/stat.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "pfctl/pfctl.h"

/* Only the host's own rules, not those of some other network namespace. */
static bool
is_the_hosts(void)
{
	struct stat own, first;

	return stat("/proc/self/ns/net", &own) == 0 &&
	    stat("/proc/1/ns/net", &first) == 0 && own.st_dev == first.st_dev &&
	    own.st_ino == first.st_ino;
}

static const char *
kind_of(const struct pf_if *f)
{
	return f->flags & PF_IF_LOOPBACK ? "loopback"
	    : f->flags & PF_IF_P2P	 ? "p2p"
					 : "broadcast";
}

static void
print_addr(struct str *s, const struct pf_if *f, const struct pf_if_addr *a)
{
	char text[INET6_ADDRSTRLEN];

	bool link_local =
	    a->af == AF_INET6 && a->ip.b[0] == 0xfe && a->ip.b[1] == 0x80;

	inet_ntop(a->af, a->ip.b, text, sizeof(text));
	str_printf(s, "addr %s %s %s%s%s/%u", f->name,
	    a->af == AF_INET ? "inet" : "inet6", text, link_local ? "%" : "",
	    link_local ? f->name : "", a->bits);
	if (a->has_peer) {
		inet_ntop(a->af, a->peer.b, text, sizeof(text));
		str_printf(s, " peer %s", text);
	}
	str_addc(s, '\n');
}

static void
print_facts(struct str *s, const struct pf_env *env)
{
	for (size_t i = 0; i < env->ifs.n; i++) {
		const struct pf_if *f = &env->ifs.v[i];

		str_printf(
		    s, "iface %s index=%u %s", f->name, f->index, kind_of(f));
		for (size_t k = 0; k < f->groups.n; k++)
			str_printf(s, " group=%s", f->groups.v[k]);
		str_printf(s, " mtu=%u\n", f->mtu);
		for (size_t k = 0; k < f->addrs.n; k++)
			print_addr(s, f, &f->addrs.v[k]);
	}
	str_printf(s, "fibs %u\n", env->fibs);
}

int
remember(const struct world *w, const struct str *rules, struct err *err)
{
	_cleanup_(str_clear) struct str facts = STR_INIT;
	size_t len = current_main_len(rules->buf);
	int r;

	if (w->facts || !is_the_hosts())
		return 0;
	print_facts(&facts, w->env);
	r = file_mkdir_p(STATE_DIR, 0700, err);
	if (r == 0)
		r = file_replace(AT_FDCWD, STATE_DIR "/facts", facts.buf,
		    facts.len, 0600, err);
	if (r == 0)
		r = file_replace(
		    AT_FDCWD, STATE_DIR "/rules", rules->buf, len, 0600, err);
	return r;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The last ruleset that was loaded, for the next boot: `gaol boot` loads it
 * before the network is there, with the facts (interfaces, addresses) that it
 * was made from.
 */
#include <sys/stat.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "pfctl/pfctl.h"

bool
is_hosts_network(void)
{
	struct stat own, init;

	return stat("/proc/self/ns/net", &own) == 0 &&
	    stat("/proc/1/ns/net", &init) == 0 && own.st_dev == init.st_dev &&
	    own.st_ino == init.st_ino;
}

static const char *
kind_word(uint32_t flags)
{
	return flags & PF_IF_LOOPBACK ? " loopback"
	    : flags & PF_IF_P2P	      ? " p2p"
	    : flags & PF_IF_BROADCAST ? " broadcast"
				      : "";
}

static void
print_addr(struct str *s, const char *name, const struct pf_if_addr *a)
{
	char buf[INET6_ADDRSTRLEN];

	str_printf(s, "addr %s %s %s/%u", name,
	    a->af == AF_INET ? "inet" : "inet6",
	    inet_ntop(a->af, a->ip.b, buf, sizeof(buf)), a->bits);
	if (a->has_peer)
		str_printf(s, " peer %s",
		    inet_ntop(a->af, a->peer.b, buf, sizeof(buf)));
	str_addc(s, '\n');
}

/* As pf_facts_new reads them. */
static void
print_facts(struct str *s, const struct pf_env *env)
{
	for (size_t i = 0; i < env->ifs.n; i++) {
		const struct pf_if *f = &env->ifs.v[i];

		str_printf(s, "iface %s index=%u%s mtu=%u", f->name, f->index,
		    kind_word(f->flags), f->mtu);
		for (size_t k = 0; k < f->groups.n; k++)
			str_printf(s, " group=%s", f->groups.v[k]);
		str_addc(s, '\n');
		for (size_t k = 0; k < f->addrs.n; k++)
			print_addr(s, f->name, &f->addrs.v[k]);
	}
	str_printf(s, "fibs %u\n", env->fibs);
}

/* Both files are replaced one after the other; rules that meet other facts
 * still load, or the boot closes everything but ssh. Anchors are left to those
 * who load them. */
int
last_save(const struct world *w, const struct str *rules, struct err *err)
{
	_cleanup_(str_clear) struct str facts = STR_INIT;
	size_t len = current_main_len(rules->buf);
	int r;

	if (w->facts || !is_hosts_network())
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

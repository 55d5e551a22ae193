/* SPDX-License-Identifier: BSD-2-Clause */
/* The world that a pf.conf names: this machine, or what a file of facts says
 * of another. */
#include <fcntl.h>

#include "base/file.h"
#include "pfctl/pfctl.h"

enum { FILE_MAX = 64 << 20 };

/* The host's functions, and what they gave is written down (source.c). */
static int
read_noted(void *ctx, const char *path, struct str *ret)
{
	struct noted *noted = ctx;

	source_note_file(&noted->reads, path);
	return noted->host.read(NULL, path, ret);
}

static void
random_noted(void *ctx, void *mem, size_t len)
{
	struct noted *noted = ctx;
	const struct str *replay = noted->replay;

	if (replay && noted->random.len + len <= replay->len)
		memcpy(mem, replay->buf + noted->random.len, len);
	else
		noted->host.random(NULL, mem, len);
	str_addmem(&noted->random, mem, len);
}

static void
note(struct world *w)
{
	w->noted = xcalloc(1, sizeof(*w->noted));
	str_init(&w->noted->reads);
	str_init(&w->noted->random);
	host_functions(&w->noted->host);
	w->host.env.ctx = w->noted;
	w->host.env.read = read_noted;
	w->host.env.random = random_noted;
}

static void
noted_free(struct noted *noted)
{
	if (!noted)
		return;
	str_clear(&noted->reads);
	str_clear(&noted->random);
	free(noted);
}

static int
read_system(struct world *w, struct err *err)
{
	int r = host_read_interfaces(&w->host, err);

	if (r < 0)
		return r;
	/* Rules must load also when rc.conf is broken. */
	if (w->host.warning)
		complain("%s", w->host.warning);
	note(w);
	w->env = &w->host.env;
	return 0;
}

static int
read_facts(const char *facts, struct world *w, struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	struct pf_env host = { 0 };
	int r = file_read(AT_FDCWD, facts, FILE_MAX, &text, err);

	if (r < 0)
		return r;
	r = pf_facts_new(text.buf, facts, &w->facts, err);
	if (r < 0)
		return r;
	w->env = pf_facts_env(w->facts);
	host_functions(&host);
	w->env->read = host.read;
	w->env->random = host.random;
	return 0;
}

int
world_read(const char *facts, struct world *w, struct err *err)
{
	*w = (struct world){ 0 };
	return facts ? read_facts(facts, w, err) : read_system(w, err);
}

void
world_clear(struct world *w)
{
	host_clear(&w->host);
	noted_free(w->noted);
	pf_facts_freep(&w->facts);
	*w = (struct world){ 0 };
}

void
world_addrs(const struct world *w, struct nft_addrs *ret)
{
	for (size_t i = 0; i < w->env->ifs.n; i++) {
		const struct pf_if *f = &w->env->ifs.v[i];

		for (size_t k = 0; k < f->addrs.n; k++) {
			const struct pf_if_addr *from = &f->addrs.v[k];
			struct nft_addr *to = array_add(ret);

			snprintf(
			    to->ifname, sizeof(to->ifname), "%.15s", f->name);
			to->loopback = f->flags & PF_IF_LOOPBACK;
			to->family = from->af;
			to->plen = from->bits;
			memcpy(to->addr, from->ip.b, 16);
			memcpy(to->broadcast, from->broadcast.b, 16);
			to->has_broadcast = from->af == AF_INET &&
			    (f->flags & PF_IF_BROADCAST) &&
			    from->broadcast.w[0];
			memcpy(to->peer, from->peer.b, 16);
			to->has_peer = from->has_peer;
		}
	}
}

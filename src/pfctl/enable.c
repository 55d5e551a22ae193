/* SPDX-License-Identifier: BSD-2-Clause */
/* pfctl -e and -d, and what others do to packets behind pf's back. */
/* Before the kernel's headers, which know the two together only so. */
#include <netinet/in.h>

#include <errno.h>
#include <inttypes.h>
#include <linux/netfilter.h>
#include <time.h>
#include <unistd.h>

#include "net/net.h"
#include "pfctl/pfctl.h"

static const char *
family_word(uint8_t family)
{
	return family == NFPROTO_IPV4 ? "ip"
	    : family == NFPROTO_IPV6  ? "ip6"
				      : "inet";
}

static const char *
hook_word(uint32_t hook)
{
	static const char *const words[] = { "prerouting", "input", "forward",
		"output", "postrouting" };

	return hook < ARRAY_SIZE(words) ? words[hook] : "?";
}

/* An accept of ours ends our chain only: a chain of a container engine or a
 * front end that drops by policy has the last word. */
void
warn_foreign(const struct pfctl *p)
{
	_cleanup_(nft_foreigns_clear) struct nft_foreigns f = { 0 };

	if (p->quiet || nft_foreign_drops(NET_GUARD_TABLE, &f, NULL) < 0)
		return;
	for (size_t i = 0; i < f.n; i++) {
		const char *family = family_word(f.v[i].family);

		fprintf(stderr,
		    "pfctl: chain %s of table %s %s drops in %s what pf "
		    "passes; ",
		    f.v[i].chain, family, f.v[i].table, hook_word(f.v[i].hook));
		if (f.v[i].hook == NF_INET_FORWARD)
			fprintf(stderr,
			    "to let jails through: nft 'insert rule %s %s %s "
			    "iifgroup %u accept; insert rule %s %s %s "
			    "oifgroup %u accept'\n",
			    family, f.v[i].table, f.v[i].chain, NET_GROUP,
			    family, f.v[i].table, f.v[i].chain, NET_GROUP);
		else
			fprintf(stderr,
			    "to leave it to pf: nft 'chain %s %s %s { policy "
			    "accept; }'\n",
			    family, f.v[i].table, f.v[i].chain);
	}
}

static int
enable(struct pfctl *p, struct store *s, const struct world *w, struct err *err)
{
	_cleanup_(current_clear) struct current c = CURRENT_INIT;
	int r = current_read(s, w->env, &c, err);

	if (r < 0)
		return r;
	if (c.status.enabled)
		return err_set(err, EALREADY, "pf already enabled");
	r = load_ruleset(s, w, &c, c.rules, true, err);
	if (r < 0)
		return r;
	r = since_write(s, true, err);
	if (r < 0)
		return r;
	r = flush_strangers(p, err);
	if (r < 0)
		return r;
	notice(p, "pf enabled\n");
	warn_foreign(p);
	return 0;
}

int
do_enable(struct pfctl *p)
{
	return with_store(p, enable);
}

static int
put_to_sleep(struct store *s, struct err *err)
{
	int r = nft_enable(false, err);

	if (r == 0)
		r = since_write(s, false, err);
	return r < 0 ? r : sysctls_restore(s, err);
}

int
set_enabled(struct store *s, bool on, struct err *err)
{
	struct nft_status status;
	int r = nft_status_read(&status, err);

	if (r < 0 || status.enabled == on)
		return r;
	if (!on)
		return put_to_sleep(s, err);
	r = nft_enable(true, err);
	return r < 0 ? r : since_write(s, true, err);
}

static int
disable(struct store *s, struct err *err)
{
	struct nft_status status;
	int r = nft_status_read(&status, err);

	if (r < 0)
		return r;
	if (!status.enabled)
		return err_set(err, ENOENT, "pf not enabled");
	return put_to_sleep(s, err);
}

int
do_disable(struct pfctl *p)
{
	_cleanup_(store_close) struct store s = STORE_INIT;
	struct err err = { 0 };
	int r = store_open(&s, &err);

	if (r == 0)
		r = disable(&s, &err);
	if (r < 0) {
		complain("%s", err.msg);
		return 1;
	}
	notice(p, "pf disabled\n");
	return 0;
}

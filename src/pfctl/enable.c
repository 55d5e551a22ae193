/* SPDX-License-Identifier: BSD-2-Clause */
/* pfctl -e and -d, and what others do to packets behind pf's back. */
/* Before the kernel's headers, which know the two together only so. */
#include <netinet/in.h>

#include <errno.h>
#include <inttypes.h>
#include <linux/netfilter.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "net/net.h"
#include "nft/foreign.h"
#include "pfctl/pfctl.h"

/* A jail's first packet to somewhere. What it says of itself is not known, so
 * a chain that lets some of it through does not count. */
static struct foreign_packet
packet_of_jail(uint8_t family)
{
	return (struct foreign_packet){
		.family = family,
		.hook = NF_INET_FORWARD,
		.iifname = "jail-any",
		.oifname = "any",
		.iifgroup = NET_GROUP,
		.proto = IPPROTO_TCP,
	};
}

/* An accept of ours ends our chain only: a chain of a container engine or a
 * front end that drops what it does not know has the last word. */
void
warn_foreign(const struct pfctl *p)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	_cleanup_(foreign_clear) struct foreign f = { 0 };

	if (p->quiet || foreign_read(&f, NULL) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		_cleanup_(str_clear) struct str text = STR_INIT;
		struct foreign_packet packet = packet_of_jail(families[i]);
		struct foreign_ruling r;

		foreign_judge(&f, &packet, &r);
		if (r.word != FOREIGN_DROPS)
			continue;
		foreign_say(&r, &text);
		str_add(&text, "; to let jails through:\n");
		foreign_cure(&r, &packet, &text);
		fprintf(stderr, "pfctl: %s", text.buf);
	}
}

static int
enable(struct pfctl *p, struct store *s, const struct world *w, struct err *err)
{
	_cleanup_(current_clear) struct current c = CURRENT_INIT;
	int r = current_read(s, w->env, &c, err);

	if (r < 0)
		return r;
	if (c.status.enabled) {
		r = leftovers_mend(s, err);
		return r < 0 ? r : err_set(err, EALREADY, "pf already enabled");
	}
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
	if (!status.enabled) {
		r = leftovers_mend(s, err);
		return r < 0 ? r : err_set(err, ENOENT, "pf not enabled");
	}
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

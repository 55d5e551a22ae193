/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gaol boot: from a kernel that has just started to running jails, by
 * /etc/rc.conf.
 *
 * pf.conf may name addresses that are not there before the network is, so pf
 * comes twice: the last ruleset that was loaded, with the facts that it was
 * made from, before the network; the file itself when the network is there.
 * Without a last ruleset everything is closed but ssh.
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/life.h"
#include "cli/rules.h"
#include "conf/rcconf.h"
#include "net/net.h"
#include "store/store.h"

struct boot_opts {
	const char *stage;
};

struct boot {
	struct cli *c;
	struct rcconf *rc;
};

#define GROUP "group"

struct boot_step {
	const char *stage; /* --stage takes all steps of one; GROUP only so */
	const char *text;
	const char *enable; /* the variable that asks for it; NULL: always */
	int (*run)(struct boot *b, struct err *err);
};

/* ---- early: before the network. Kernel modules are loaded by then, by
 * modules-load.d; one that is not comes when it is asked for. ---- */

static void
say_step(const char *step, void *arg)
{
	cli_say(arg, "  %s", step);
}

static int
bring_up(struct boot *b, bool cloned_only, struct err *err)
{
	_cleanup_(net_plan_clear) struct net_plan plan = { 0 };
	int r = net_plan_make(b->rc, &plan, err);

	if (r < 0)
		return r;
	if (cloned_only)
		net_plan_keep_cloned(&plan);
	return net_up(&plan, false, say_step, b->c, err);
}

static int
make_clones(struct boot *b, struct err *err)
{
	return bring_up(b, true, err);
}

/* ---- network: it is there ---- */

static int
make_network(struct boot *b, struct err *err)
{
	return bring_up(b, false, err);
}

static int
load_last(struct boot *b, struct err *err)
{
	return cli_rules_load_last(b->c, err);
}

static int
load_rules(struct boot *b, struct err *err)
{
	return cli_rules_load(b->rc, true, err);
}

/* ---- jails ---- */

static void
pool_failed(void *arg, const struct err *err)
{
	cli_error(arg, err);
}

static int
mount_pools(struct boot *b, struct err *err)
{
	return pool_import_all(pool_failed, b->c, err);
}

static int
start_jails(struct boot *b, struct err *err)
{
	int r = pool_open_active(&b->c->pool, err);

	return r < 0 ? r : cli_start_boot(b->c, err);
}

/* ---- group: for gaol.service ---- */

/* Tell systemd that a unit with Type=notify is ready; without it, nothing. */
static int
notify_ready(struct err *err)
{
	static const char ready[] = "READY=1";
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -1;
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;

	if (len == 0)
		return 0;
	if (len >= sizeof(addr.sun_path))
		return err_set(err, ENAMETOOLONG, "NOTIFY_SOCKET is too long");
	memcpy(addr.sun_path, path, len);
	if (path[0] == '@')
		addr.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
	    sendto(fd, ready, strlen(ready), MSG_NOSIGNAL,
		(struct sockaddr *)&addr,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		return err_errno(err, "cannot tell systemd that all is ready");
	return 0;
}

/* systemd takes away the group of a unit that has no process. */
static int
hold_group(struct boot *b _unused_, struct err *err)
{
	int r = jail_group_adopt(err);

	if (r == 0)
		r = notify_ready(err);
	if (r < 0)
		return r;
	(void)fflush(stdout);
	for (;;)
		(void)pause();
}

/* ---- the order ---- */

static const struct boot_step boot_steps[] = {
	{ "early", "make cloned interfaces", NULL, make_clones },
	{ "early", "load pf's last rules", "pf_enable", load_last },
	{ "network", "make the network of /etc/rc.conf", NULL, make_network },
	{ "pf", "load pf's rules", "pf_enable", load_rules },
	{ GROUP, "hold this unit's control group for the jails", NULL,
	    hold_group },
	{ "jails", "mount pools", NULL, mount_pools },
	{ "jails", "start jails", "iocage_enable", start_jails },
};

static int
is_wanted(const struct boot *b, const struct boot_step *s, const char *stage,
    bool *ret, struct err *err)
{
	*ret = stage ? streq(stage, s->stage) : !streq(s->stage, GROUP);
	if (!*ret || !s->enable)
		return 0;
	return rcconf_bool(b->rc, s->enable, false, ret, err);
}

static int
boot_one(struct boot *b, const struct boot_step *s, const char *stage,
    struct err *err)
{
	bool wanted;
	int r = is_wanted(b, s, stage, &wanted, err);

	if (r < 0 || !wanted || cli_step(b->c, "%s", s->text))
		return r;
	cli_say(b->c, "* %s", s->text);
	return s->run(b, err);
}

/* A step that fails does not keep the others from their turn: a host whose
 * network is half there still wants its rules and its jails. */
static int
boot_all(struct boot *b, const char *stage, struct err *err)
{
	unsigned int failed = 0;

	for (size_t i = 0; i < ARRAY_SIZE(boot_steps); i++) {
		struct err one = { 0 };
		int r = boot_one(b, &boot_steps[i], stage, &one);

		if (r >= 0)
			continue;
		err_wrap(&one, r, "%s", boot_steps[i].text);
		cli_error(b->c, &one);
		failed++;
	}
	if (failed > 0)
		return err_set(err, EIO, "%u %s of the boot failed", failed,
		    failed == 1 ? "step" : "steps");
	return 0;
}

static bool
is_stage(const char *stage)
{
	for (size_t i = 0; i < ARRAY_SIZE(boot_steps); i++)
		if (streq(boot_steps[i].stage, stage))
			return true;
	return false;
}

static int
boot_run(struct cli *c, const void *opts, int argc _unused_,
    char **argv _unused_, struct err *err)
{
	const struct boot_opts *o = opts;
	_cleanup_(rcconf_freep) struct rcconf *rc = NULL;
	struct boot b = { .c = c };
	int r;

	if (o->stage && !is_stage(o->stage))
		return cli_usage(err,
		    "'%s' is no stage: early, network, pf, jails or group",
		    o->stage);
	r = rcconf_read_host(&rc, err);
	if (r < 0) {
		struct err pf = { 0 };

		/* Never open because of a typing error. */
		if (!c->plan && cli_rules_have_last() &&
		    (!o->stage || streq(o->stage, "early")))
			(void)cli_rules_load_last(c, &pf);
		return r;
	}
	b.rc = rc;
	return boot_all(&b, o->stage, err);
}

static const struct cli_opt boot_options[] = {
	CLI_STR(0, "stage", "STAGE", struct boot_opts, stage,
	    "only this part: early, network, pf or jails; group: the "
	    "control group that this runs in is for the jails, and it "
	    "does not end"),
	CLI_OPT_END
};

const struct cli_verb cmd_boot = {
	.name = "boot",
	.summary = "bring everything up that /etc/rc.conf asks for",
	.help = "Before the network (early): cloned interfaces, and if"
		" pf_enable is YES the last rules that were loaded. With the"
		" network: its addresses (network) and pf_rules (pf). Then"
		" (jails): pools, and if iocage_enable is YES the jails with "
		"boot=on."
		" What is so already is left alone.",
	.max_args = 0,
	.flags = CLI_ROOT | CLI_WRITES,
	.options = boot_options,
	.opts_size = sizeof(struct boot_opts),
	.run = boot_run,
};

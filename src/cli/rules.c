/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading pf's rules at boot and for `service pf`. */
#include "cli/rules.h"

#include <sys/mman.h>

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "conf/rcconf.h"
#include "nft/nft.h"

#define LAST_RULES "/var/lib/gaol/pf/rules"
#define LAST_FACTS "/var/lib/gaol/pf/facts"

/* What holds until the administrator's rules do. DHCP and neighbour discovery
 * are let in, or the host would not get the addresses to be reached at. */
static const char closed_rules[] =
    "set skip on lo0\n"
    "block drop in all\n"
    "pass out all\n"
    "pass in proto tcp from any to any port 22\n"
    "pass in inet proto udp from any port 67 to any port 68\n"
    "pass in inet6 proto udp from any port 547 to any port 546\n"
    "pass in inet6 proto icmp6 all\n";

/* The pfctl that was installed beside this program, whatever PATH is. */
static char *
pfctl_path(void)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return xstrdup("pfctl");
	self[n] = '\0';
	return xasprintf("%s/pfctl", dirname(self));
}

int
cli_pfctl(int in, const char *const *args, struct err *err)
{
	_cleanup_free_ char *path = pfctl_path();
	_cleanup_(strv_clear) struct strv argv = { 0 };
	struct proc_spec spec = PROC_SPEC_INIT;

	strv_add(&argv, path);
	for (; *args; args++)
		strv_add(&argv, *args);
	spec.argv = (const char *const *)strv_argv(&argv);
	spec.in = in;
	return proc_run(&spec, err);
}

/* The same where only success will do. */
static int
run_pfctl(int in, const char *const *args, struct err *err)
{
	int r = cli_pfctl(in, args, err);

	if (r > 0)
		return err_set(err, EIO, "pfctl ended with %d", r);
	return r;
}

static int
enable_pf(struct err *err)
{
	static const char *const args[] = { "-q", "-e", NULL };
	struct nft_status st;
	int r = nft_status_read(&st, err);

	if (r < 0 || st.enabled)
		return r;
	return run_pfctl(-1, args, err);
}

static int
load_closed(struct err *err)
{
	static const char *const args[] = { "-q", "-f", "-", NULL };
	_cleanup_close_ int fd = memfd_create("closed", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return err_errno(err, "cannot make a file in memory");
	r = write_all(fd, closed_rules, strlen(closed_rules));
	if (r < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_code(
		    err, r < 0 ? r : -errno, "cannot write the closed ruleset");
	return run_pfctl(fd, args, err);
}

bool
cli_rules_have_last(void)
{
	return access(LAST_RULES, F_OK) == 0;
}

int
cli_rules_load_last(struct cli *c, struct err *err)
{
	static const char *const args[] = { "-q", "--facts", LAST_FACTS, "-f",
		LAST_RULES, NULL };
	struct nft_status st;
	int r = nft_status_read(&st, err);

	if (r < 0)
		return r;
	if (st.enabled)
		return 0; /* not a boot: what holds is newer */
	if (!cli_rules_have_last()) {
		cli_say(c,
		    "  no rules were ever loaded: closed but for "
		    "ssh");
		r = load_closed(err);
	} else {
		r = run_pfctl(-1, args, err);
		if (r < 0) {
			cli_error(c, err);
			cli_warn(c,
			    "the last rules do not load: closed "
			    "but for ssh");
			r = load_closed(err);
		}
	}
	return r < 0 ? r : enable_pf(err);
}

int
cli_rules_load(const struct rcconf *rc, struct err *err)
{
	_cleanup_(strv_clear) struct strv args = { 0 };
	int r;

	strv_add(&args, "-q");
	strv_split(&args, rcconf_get(rc, "pf_flags", ""), " \t");
	strv_add(&args, "-f");
	strv_add(&args, rcconf_get(rc, "pf_rules", rcconf_default("pf_rules")));
	r = run_pfctl(-1, (const char *const *)strv_argv(&args), err);
	if (r < 0)
		return err_wrap(err, r, "the rules of before stand");
	return enable_pf(err);
}

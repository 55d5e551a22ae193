/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading pf's rules at boot and for `service pf`. */
#include "cli/rules.h"

#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libgen.h>
#include <limits.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "cli/rules-stale.h"
#include "conf/rcconf.h"
#include "nft/nft.h"

#define LAST_RULES "/var/lib/gaol/pf/rules"
#define LAST_FACTS "/var/lib/gaol/pf/facts"
#define UNCONFIRMED "/var/lib/gaol/pf/unconfirmed"

enum {
	SSHD_CONFIG_MAX = 1024 * 1024,
	PF_CONF_MAX = 64 * 1024 * 1024,
	CAPTURE_MAX = 64 * 1024,
};

/* What holds until the administrator's rules do, but for ssh. DHCP and
 * neighbour discovery are let in, or the host would not get the addresses to
 * be reached at. */
static const char closed_rules[] =
    "set skip on lo0\n"
    "block drop in all\n"
    "pass out all\n"
    "pass in inet proto udp from port 67 to port 68\n"
    "pass in inet6 proto udp from port 547 to port 546\n"
    "pass in inet6 proto icmp6 all\n";

/* The world they are made for, so that pfctl neither looks for one that is
 * not there yet nor keeps these as the last rules. */
static const char closed_facts[] = "iface lo0 index=1 loopback group=lo\n"
				   "addr lo0 inet 127.0.0.1/8\n"
				   "addr lo0 inet6 ::1/128\n"
				   "fibs 1\n";

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

static int
run(struct proc_spec *spec, const char *const *args, struct err *err)
{
	_cleanup_free_ char *path = pfctl_path();
	_cleanup_(strv_clear) struct strv argv = { 0 };

	strv_add(&argv, path);
	for (; *args; args++)
		strv_add(&argv, *args);
	spec->argv = (const char *const *)strv_argv(&argv);
	/* A boot that was killed and one that comes after it must not both
	 * have a pfctl at work. */
	spec->die_with_parent = true;
	return proc_run(spec, err);
}

int
cli_pfctl(const char *const *args, struct err *err)
{
	struct proc_spec spec = PROC_SPEC_INIT;

	return run(&spec, args, err);
}

int
cli_pfctl_to(const char *const *args, int out, int errfd, struct err *err)
{
	struct proc_spec spec = PROC_SPEC_INIT;

	spec.out = out;
	spec.errfd = errfd;
	return run(&spec, args, err);
}

int
cli_pfctl_capture(const char *option, struct str *ret, struct err *err)
{
	_cleanup_free_ char *path = pfctl_path();
	const char *const argv[] = { path, option, NULL };

	return proc_capture(argv, CAPTURE_MAX, ret, err);
}

/* Where only success will do. */
static int
must(int r, struct err *err)
{
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
	return must(cli_pfctl(args, err), err);
}

/* A file in memory with this content, to be read from the start. */
static int
file_of(const char *text, struct err *err)
{
	_cleanup_close_ int fd = memfd_create("gaol", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return err_errno(err, "cannot make a file in memory");
	r = write_all(fd, text, strlen(text));
	if (r < 0)
		return err_code(err, r, "cannot write a file in memory");
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_errno(err, "cannot rewind a file in memory");
	return TAKE_FD(fd);
}

/* ---- closed but for ssh ---- */

/* A rule for each "Port N" of one of sshd's files. */
static bool
add_ports_of(const char *path, struct str *rules)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	_cleanup_(strv_clear) struct strv lines = { 0 };
	bool any = false;

	/* A file that cannot be read says nothing. */
	if (file_read(AT_FDCWD, path, SSHD_CONFIG_MAX, &text, NULL) < 0)
		return false;
	strv_split(&lines, text.buf, "\n");
	for (size_t i = 0; i < lines.n; i++) {
		_cleanup_(strv_clear) struct strv words = { 0 };
		int64_t port;

		strv_split(&words, lines.v[i], " \t=\r");
		if (words.n < 2 || strcasecmp(words.v[0], "Port") != 0 ||
		    str_to_i64(words.v[1], 1, 65535, &port) < 0)
			continue;
		str_printf(rules, "pass in proto tcp to port %d\n", (int)port);
		any = true;
	}
	return any;
}

/* Where sshd listens, as its files say; 22 if they don't. */
static void
add_ssh(struct str *rules)
{
	bool any = add_ports_of("/etc/ssh/sshd_config", rules);
	glob_t g = { 0 };

	if (glob("/etc/ssh/sshd_config.d/*.conf", 0, NULL, &g) == 0)
		for (size_t i = 0; i < g.gl_pathc; i++)
			any |= add_ports_of(g.gl_pathv[i], rules);
	globfree(&g);
	if (!any)
		str_add(rules, "pass in proto tcp to port 22\n");
}

static int
load_closed(struct err *err)
{
	const char *args[] = { "-q", "--facts", "/dev/fd/3", "-f", "-", NULL,
		NULL };
	struct nft_status st;
	_cleanup_(str_clear) struct str text = STR_INIT;
	_cleanup_close_ int rules = -1;
	_cleanup_close_ int facts = file_of(closed_facts, err);
	struct proc_spec spec = PROC_SPEC_INIT;
	int r;

	str_add(&text, closed_rules);
	add_ssh(&text);
	rules = file_of(text.buf, err);
	if (rules < 0 || facts < 0)
		return MIN(rules, facts);
	spec.in = rules;
	spec.keep_fd = facts;
	r = nft_status_read(&st, err);
	if (r < 0)
		return r;
	/* In that world, too, and not twice, which is an error. */
	if (!st.enabled)
		args[ARRAY_SIZE(args) - 2] = "-e";
	return must(run(&spec, args, err), err);
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
		LAST_RULES, "-e", NULL };
	struct nft_status st;
	int r = nft_status_read(&st, err);

	if (r < 0 || st.enabled)
		return r; /* enabled: not a boot, what holds is newer */
	if (!cli_rules_have_last()) {
		cli_warn(c, "no rules were ever loaded: closed but for ssh");
		return load_closed(err);
	}
	r = must(cli_pfctl(args, err), err);
	if (r == 0)
		return 0;
	cli_error(c, err);
	cli_warn(c, "the last rules do not load: closed but for ssh");
	return load_closed(err);
}

/* Is this the file that was loaded with --confirm and never confirmed? */
static bool
was_never_confirmed(const char *path)
{
	_cleanup_(str_clear) struct str file = STR_INIT;
	_cleanup_(str_clear) struct str tried = STR_INIT;

	return file_read(AT_FDCWD, UNCONFIRMED, PF_CONF_MAX, &tried, NULL) ==
	    0 &&
	    file_read(AT_FDCWD, path, PF_CONF_MAX, &file, NULL) == 0 &&
	    file.len == tried.len && memcmp(file.buf, tried.buf, file.len) == 0;
}

static int
load_file(const struct rcconf *rc, const char *path, bool wary, struct err *err)
{
	_cleanup_(strv_clear) struct strv args = { 0 };
	_cleanup_(str_clear) struct str names = STR_INIT;

	if (was_never_confirmed(path))
		return err_set(err, EPERM,
		    "%s is as it was loaded on trial and never confirmed; to "
		    "load it for good: pfctl -f %s",
		    path, path);
	if (wary && rules_name_gone(path, &names))
		return err_set(err, ENODEV,
		    "%s lets nobody in: no interface that it names is there "
		    "(%s)",
		    path, names.buf);
	strv_add(&args, "-q");
	strv_split(&args, rcconf_get(rc, "pf_flags", ""), " \t");
	strv_add(&args, "-f");
	strv_add(&args, path);
	return must(cli_pfctl((const char *const *)strv_argv(&args), err), err);
}

/* What holds if the file does not. */
static int
hold_on(int r, struct err *err)
{
	if (!rules_last_are_stale(LAST_RULES, LAST_FACTS))
		return err_wrap(err, r, "the rules of before stand");
	if (load_closed(NULL) < 0)
		return err_wrap(err, r,
		    "the rules of before were made for other addresses, and "
		    "nothing else loads");
	return err_wrap(err, r,
	    "the rules of before were made for other addresses, so all is "
	    "closed but for ssh");
}

int
cli_rules_load(const struct rcconf *rc, bool wary, struct err *err)
{
	const char *path =
	    rcconf_get(rc, "pf_rules", rcconf_default("pf_rules"));
	int r = load_file(rc, path, wary, err);

	if (r == 0)
		return enable_pf(err);
	return wary ? hold_on(r, err)
		    : err_wrap(err, r, "the rules of before stand");
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Real jails in a box: start, what they see, exec, hooks, limits, stop. */
#include "../jail-box.h"

static struct err err;

static enum jail_status
status_of(const char *name)
{
	struct jail_state s = { 0 };
	enum jail_status status;

	if (jail_state_read(name, &s, &err) < 0)
		return JAIL_DEAD;
	status = s.status;
	jail_state_clear(&s);
	return status;
}

static int
stop(const char *name)
{
	err_clear(&err);
	return jail_stop(name, NULL, &err);
}

static int
start(struct box_jail *b)
{
	err_clear(&err);
	return jail_start(&b->spec, &err);
}

static void
test_start_and_codes(void)
{
	struct jail_states all = { 0 };
	struct box_jail b;
	const char *out;

	box_jail_init(&b, "web_1");
	is_int(start(&b), 0, "a jail starts: %s", err.msg);
	is_int(status_of("web_1"), JAIL_UP, "it is up");
	is_int(start(&b), -EALREADY, "a second start is refused");
	is_str(err.msg, "jail 'web_1' is running already", "saying why");
	is_int(jail_states_read(&all, &err), 0, "the jails can be listed");
	ok(all.n == 1 && strcmp(all.v[0].hostname, "web-1") == 0,
	    "there is one, with its host name");
	jail_states_clear(&all);
	is_int(box_exec("web_1", "exit 7", &out), 7, "the inner code");
	is_int(box_exec("web_1", "kill -9 $$", &out), 137, "a signal");
	is_int(box_exec("web_1", "echo hello", &out), 0, "output");
	is_str(out, "hello", "comes through");
	is_int(stop("web_1"), 0, "it stops: %s", err.msg);
	is_int(status_of("web_1"), JAIL_DOWN, "it is down");
	is_int(stop("web_1"), -ESRCH, "a second stop finds nothing");
	is_str(err.msg, "jail 'web_1' is not running", "and says so");
	is_int(box_exec("web_1", ":", &out), -ESRCH, "exec finds nothing");
	box_jail_clear(&b);
}

static int
run_argv(const char *name, const char *a0, const char *user)
{
	const char *argv[] = { a0, NULL };
	struct jail_exec e = { .argv = argv, .user = user };

	err_clear(&err);
	return jail_exec(name, &e, &err);
}

static void
test_exec(void)
{
	struct box_jail b;
	const char *out;

	box_jail_init(&b, "web");
	start(&b);
	is_int(run_argv("web", "nothing-there", NULL), 127, "no such program");
	is_str(err.msg, "cannot run 'nothing-there' in jail 'web': "
			"No such file or directory", "is said");
	is_int(run_argv("web", "/etc/passwd", NULL), 126, "no program");
	is_int(
	    run_argv("web", "/bin/true", "nobody"), -ENOENT, "an unknown user");
	is_str(err.msg, "the jail has no user 'nobody' in its /etc/passwd",
	    "is said");
	box_exec_as("web", "joe", "id; pwd; echo $HOME $USER $SHELL", &out);
	is_str(out, "uid=1000(joe) gid=1000(joe) groups=50(staff),1000(joe)\n"
		    "/home/joe\n/home/joe joe /bin/sh", "as a user");
	box_exec_as("web", "joe", "/bin/su -c id root", &out);
	ok(strncmp(out, "uid=0", 5) == 0,
	    "su works, although the pool is nosuid");
	setenv("GAOL_SECRET", "x", 1);
	box_exec("web", "env | grep -c SECRET; ls /proc/self/fd | wc -l", &out);
	is_str(out, "0\n4",
	    "neither our environment nor our descriptors go in");
	stop("web");
	box_jail_clear(&b);
}

static void
test_view(void)
{
	struct box_jail b;
	const char *out;

	box_jail_init(&b, "view");
	b.spec.hostname = "a.example.org";
	start(&b);
	box_exec("view",
	    "hostname; ls /dev; stat -c '%a %g' /dev/pts/ptmx "
	    "/dev/shm",
	    &out);
	is_str(out, "a.example.org\nconsole\nfd\nfull\nnull\nptmx\npts\nrandom\nshm\n"
		    "stderr\nstdin\nstdout\ntty\nurandom\nzero\n"
		    "666 0\n1777 0", "host name and devices");
	box_exec("view", "ps -o pid,args | head -2 | tail -1", &out);
	ok(strstr(out, "1 gaol-init") != NULL, "gaol-init is PID 1: %s", out);
	box_exec("view",
	    "for f in /proc/sys/kernel/hostname; "
	    "do touch $f/x 2>/dev/null || echo x >$f; done",
	    &out);
	ok(strstr(out, "Read-only") != NULL, "/proc/sys is read-only");
	box_exec("view",
	    "cat /proc/kcore /proc/keys /proc/timer_list "
	    "2>/dev/null | head -c 1 | wc -c; "
	    "ls /sys/firmware | wc -l; echo $(ls /)",
	    &out);
	is_str(out, "0\n0\nbin dev etc home proc root run sys tmp",
	    "what is the host's is hidden");
	box_exec("view",
	    "grep -E 'CapBnd|CapEff|NoNew|Seccomp:' "
	    "/proc/self/status",
	    &out);
	is_str(out, "CapEff:\t00000000a00c05ff\nCapBnd:\t00000000a00c05ff\n"
		    "NoNewPrivs:\t0\nSeccomp:\t2", "privileges are bounded");
	box_exec("view",
	    "awk '{print $1, $3}' /proc/self/uid_map; "
	    "stat -c %u:%g / /etc/passwd",
	    &out);
	is_str(out, "0 65536\n0:0\n0:0", "65536 ids, files keep theirs");
	box_exec("view",
	    "cat /proc/1/cgroup | grep -vc ':/$'; "
	    "cat /etc/resolv.conf; ulimit -n; umask",
	    &out);
	is_str(out, "0\nnameserver 192.0.2.53\n1024\n0022",
	    "its own cgroup root, resolver, limits");
	stop("view");
	box_jail_clear(&b);
}

static int
errno_of(const char *probes, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = probes; p != NULL; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (strncmp(p, name, n) == 0 && p[n] == ' ')
			return atoi(p + n + 1);
	}
	return -1;
}

static void
test_refusals(void)
{
	static const struct {
		const char *name;
		int want;
	} wanted[] = { { "socket-unix", 0 }, { "socket-inet", 0 },
		{ "socket-route", 0 }, { "socket-vsock", EAFNOSUPPORT },
		{ "socket-alg", EAFNOSUPPORT },
		{ "socket-netfilter", EPROTONOSUPPORT },
		{ "socket-audit", EPROTONOSUPPORT }, { "socket-raw", EPERM },
		{ "socket-packet", EAFNOSUPPORT }, { "socket-ping", EACCES },
		{ "unshare-user", EPERM }, { "unshare-net", EPERM },
		{ "unshare-files", 0 }, { "clone-user", EPERM },
		{ "clone3", ENOSYS }, { "setns", EPERM }, { "mount", EPERM },
		{ "umount", EPERM }, { "fsopen", EPERM },
		{ "open_tree", EPERM }, { "bpf", EPERM }, { "keyctl", EPERM },
		{ "add_key", EPERM }, { "perf", EPERM },
		{ "userfaultfd", EPERM }, { "io_uring", ENOSYS },
		{ "module", EPERM }, { "reboot", EPERM },
		{ "open_by_handle", EPERM }, { "syslog", EPERM },
		{ "sethostname", EPERM }, { "mknod", EPERM },
		{ "future", ENOSYS } };
	struct box_jail b;
	const char *out;

	box_jail_init(&b, "probe");
	start(&b);
	box_exec("probe", "/bin/probe", &out);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		is_int(errno_of(out, wanted[i].name), wanted[i].want,
		    "jail root tries %s", wanted[i].name);
	stop("probe");
	box_jail_clear(&b);
}

static void
test_exec_start(void)
{
	char *before = box_settled();
	struct box_jail b;

	box_jail_init(&b, "bad");
	b.spec.exec_start = "echo one; echo two; exit 3";
	is_int(start(&b), -EIO, "exec_start fails, so the start does");
	is_str(err.msg, "run exec_start: exec_start 'echo one; echo two; exit "
			"3' failed with exit code 3; it printed: one|two",
	    "with code and output");
	ok(box_is_clean(before), "nothing is left");
	b.spec.exec_start = "/bin/nothing";
	start(&b);
	ok(strstr(err.msg, "exit code 127; it printed: gaol-init: cannot run "
			   "/bin/nothing: the jail has no such program, or not its interpreter") != NULL,
	    "a missing program is named: %s", err.msg);
	b.spec.exec_start = "sleep 60";
	b.spec.exec_timeout = 1;
	is_int(start(&b), -ETIMEDOUT, "exec_start takes too long");
	is_str(err.msg, "run exec_start: exec_start 'sleep 60' did not end "
			"within 1 seconds (exec_timeout)", "and is named");
	ok(box_is_clean(before), "nothing is left");
	b.spec.init_path = "/nowhere/gaol-init";
	is_int(start(&b), -ENOENT, "without gaol-init no start");
	ok(box_is_clean(before), "nothing is left");
	free(before);
	box_jail_clear(&b);
}

static void
test_hooks(void)
{
	char *before = box_settled();
	struct box_jail b;

	box_jail_init(&b, "hooked");
	b.spec.exec_start = "echo start";
	b.spec.exec_stop = "echo stop";
	b.spec.hooks.prestart = "echo prestart $IOCAGE_NAME >>/run/hooks";
	b.spec.hooks.created =
	    "echo created $(readlink /proc/$JID/ns/net | grep -c net) "
	    ">>/run/hooks";
	b.spec.hooks.poststart = "echo poststart >>/run/hooks";
	b.spec.hooks.prestop = "test ! -e /run/no && echo prestop >>/run/hooks";
	b.spec.hooks.poststop = "echo poststop $IOCAGE_HOSTNAME >>/run/hooks";
	is_int(start(&b), 0, "starts with hooks: %s", err.msg);
	box_sh("touch /run/no");
	is_int(stop("hooked"), -EIO, "prestop may refuse");
	is_int(status_of("hooked"), JAIL_UP, "and the jail runs on");
	box_sh("rm /run/no");
	is_int(stop("hooked"), 0, "or not");
	is_str(box_out("cat /run/hooks"), "prestart ioc-hooked\ncreated 1\n"
					  "poststart\nprestop\n"
					  "poststop hooked", "in their order");
	is_str(box_out("cat %s", box_log), "start\nstop",
	    "the log has what both commands printed");
	b.spec.hooks.prestart = "exit 4";
	is_int(start(&b), -EIO, "a prestart that fails");
	is_str(err.msg, "run exec_prestart: exec_prestart failed with exit "
			"code 4: exit 4", "keeps the jail from starting");
	b.spec.hooks.prestart = NULL;
	b.spec.hooks.poststart = "false";
	is_int(start(&b), -EIO, "a poststart that fails");
	ok(box_is_clean(before), "undoes the jail");
	free(before);
	box_jail_clear(&b);
}

static void
test_stop(void)
{
	char *before = box_settled();
	struct jail_stop_opts force = { .force = true };
	struct box_jail b;
	const char *out;

	box_jail_init(&b, "stubborn");
	b.spec.stop_timeout = 1;
	b.spec.exec_start =
	    "(trap '' TERM; : >/tmp/a; while :; do sleep 1; done) & "
	    "(trap 'echo got TERM; exit' TERM; : >/tmp/b; "
	    "while :; do sleep 0.1; done) & "
	    "while [ ! -e /tmp/a ] || [ ! -e /tmp/b ]; do sleep 0.01; done";
	start(&b);
	is_int(stop("stubborn"), 0, "what ignores TERM is killed");
	is_str(box_out("grep -c 'got TERM' %s", box_log), "1",
	    "what does not is asked first");
	ok(box_is_clean(before), "nothing is left");
	b.spec.stop_timeout = 60;
	start(&b);
	is_int(jail_stop("stubborn", &force, &err), 0, "-f waits for nothing");
	ok(box_is_clean(before), "nothing is left");
	b.spec.exec_start = "/bin/true";
	start(&b);
	box_exec("stubborn",
	    "for i in 1 2 3 4 5; do (sleep 0 & ) ; done; "
	    "sleep 0.2; ps -o stat | grep -c Z",
	    &out);
	is_str(out, "0", "orphans are reaped");
	box_exec("stubborn", "kill -9 1; kill -TERM 1; sleep 0.2", &out);
	for (int i = 0; i < 100 && status_of("stubborn") == JAIL_UP; i++)
		usleep(20000);
	is_int(status_of("stubborn"), JAIL_DEAD, "jail root may end its jail");
	is_int(start(&b), 0, "a dead jail can be started");
	stop("stubborn");
	ok(box_is_clean(before), "nothing is left");
	free(before);
	box_jail_clear(&b);
}

static void
test_busy(void)
{
	struct box_jail b;
	int status;
	pid_t pid;

	box_jail_init(&b, "twice");
	b.spec.exec_start = "sleep 1";
	pid = fork();
	if (pid == 0)
		_exit(jail_start(&b.spec, NULL) == 0 ? 0 : 1);
	while (status_of("twice") == JAIL_DOWN)
		usleep(1000);
	is_int(status_of("twice"), JAIL_BUSY, "a start at work shows");
	is_int(start(&b), -EBUSY, "of two starts one is refused");
	is_int(stop("twice"), -EBUSY, "so is a stop");
	waitpid(pid, &status, 0);
	is_int(status, 0, "the other start ends well");
	is_int(stop("twice"), 0, "and can be undone");
	box_jail_clear(&b);
}

static int
test(void)
{
	test_start_and_codes();
	test_exec();
	test_view();
	test_refusals();
	test_exec_start();
	test_hooks();
	test_stop();
	test_busy();
	return done_testing();
}

int
main(void)
{
	return box_run(test);
}

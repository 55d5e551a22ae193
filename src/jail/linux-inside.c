/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The jail's first process, from its birth to gaol-init. It makes the jail's
 * view of the world in its own namespaces, so nothing of it has to be undone:
 * it ends with the process.
 *
 * The root is hostile: every path in it is opened without following links,
 * from the root that is already "/".
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/array.h"
#include "base/file.h"
#include "base/guard.h"
#include "init/init.h"
#include "jail/internal.h"

extern char **environ;

/* The host's devices that a jail has. */
static const char *const nodes[] = { "null", "zero", "full", "random",
	"urandom", "tty" };

struct inside {
	struct jail *j;
	int control;
	int root; /* tree, then the new "/" */
	int sysfs;
	int old; /* the host's "/", until it is let go */
	int node[ARRAY_SIZE(nodes)];
};

static int
step_enter(void *ctx, struct err *err)
{
	struct inside *in = ctx;
	int r = cgroups_enter_v1(&in->j->cgroups, err);

	if (r < 0)
		return r;
	/* Only now, so that the jail's own groups are the roots it sees. */
	if (unshare(CLONE_NEWCGROUP) < 0)
		return err_errno(err, "cannot make a cgroup namespace");
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 ||
	    setresuid(0, 0, 0) < 0)
		return err_errno(err, "cannot become the jail's root");
	if (setsid() < 0)
		return err_errno(err, "cannot start a session");
	(void)umask(022);
	return 0;
}

static int
step_mount_root(void *ctx, struct err *err)
{
	struct inside *in = ctx;
	char path[32];

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_errno(err, "cannot make the mounts private");
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
		(void)snprintf(path, sizeof(path), "/dev/%s", nodes[i]);
		in->node[i] = (int)syscall(SYS_open_tree, AT_FDCWD, path,
		    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
		if (in->node[i] < 0)
			return err_errno(
			    err, "cannot take the host's %s", path);
	}
	in->old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* Over the host's "/", which needs no directory of the host's that the
	 * jail's root may enter. */
	if (in->old < 0 ||
	    syscall(SYS_move_mount, in->root, "", AT_FDCWD, "/",
		MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_errno(err, "cannot attach the root");
	if (fchdir(in->root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return err_errno(err, "cannot change the root");
	return 0;
}

/* Stand in a directory of the root's, made if it is missing. */
static int
go_to(struct inside *in, const char *name, struct err *err)
{
	_cleanup_close_ int fd = -1;

	if (mkdirat(in->root, name, 0755) < 0 && errno != EEXIST)
		return err_errno(err, "cannot make the jail's /%s", name);
	fd = openat(in->root, name,
	    O_PATH | O_DIRECTORY | O_CLOEXEC |
		(guard_off("in-root") ? 0 : O_NOFOLLOW));
	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
		return err_set(err, ENOTDIR,
		    "the jail's /%s is no directory (a link is not followed "
		    "there)",
		    name);
	if (fd < 0 || fchdir(fd) < 0)
		return err_errno(err, "cannot enter the jail's /%s", name);
	return 0;
}

static int
mount_here(const char *type, unsigned long flags, const char *options,
    const char *where, struct err *err)
{
	if (mount(type, ".", type, flags, options) < 0)
		return err_errno(err, "cannot mount %s on %s", type, where);
	return 0;
}

/* For a test without the jail's own: the host's directory, where we stand. */
static int
take_hosts(const struct inside *in, const char *name, struct err *err)
{
	_cleanup_close_ int tree = (int)syscall(SYS_open_tree, in->old, name,
	    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

	if (tree < 0 ||
	    syscall(SYS_move_mount, tree, "", AT_FDCWD, ".",
		MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_errno(err, "cannot take the host's %s", name);
	return 0;
}

/* Needs the host's /proc still in sight: the kernel lets a user namespace
 * mount only what it sees in full already. */
static int
step_mount_proc(void *ctx, struct err *err)
{
	struct inside *in = ctx;
	int r = go_to(in, "proc", err);

	if (r < 0)
		return r;
	if (guard_off("proc"))
		return take_hosts(in, "proc", err);
	r = mount_here(
	    "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, "/proc", err);
	if (r == -EPERM)
		return err_set(err, EPERM,
		    "cannot mount /proc: the host's own /proc is covered in "
		    "parts (is this a container?), and the kernel lets a jail "
		    "see no more than its host");
	return r;
}

static int
step_mount_sys(void *ctx, struct err *err)
{
	struct inside *in = ctx;
	int r = go_to(in, "sys", err);

	if (r < 0)
		return r;
	if (syscall(SYS_move_mount, in->sysfs, "", AT_FDCWD, ".",
		MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_errno(err, "cannot attach /sys");
	return 0;
}

static int
add_nodes(struct inside *in, int dev, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
		if (mknodat(dev, nodes[i], S_IFREG | 0666, 0) < 0 ||
		    syscall(SYS_move_mount, in->node[i], "", dev, nodes[i],
			MOVE_MOUNT_F_EMPTY_PATH) < 0)
			return err_errno(err, "cannot make /dev/%s", nodes[i]);
		closep(&in->node[i]);
	}
	return 0;
}

static int
add_links(int dev, struct err *err)
{
	static const char *const links[][2] = {
		{ "pts/ptmx", "ptmx" },
		{ "/proc/self/fd", "fd" },
		{ "/proc/self/fd/0", "stdin" },
		{ "/proc/self/fd/1", "stdout" },
		{ "/proc/self/fd/2", "stderr" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (symlinkat(links[i][0], dev, links[i][1]) < 0)
			return err_errno(
			    err, "cannot make /dev/%s", links[i][1]);
	return 0;
}

static int
mount_below(int dir, const char *name, const char *type, unsigned long flags,
    const char *options, struct err *err)
{
	_cleanup_close_ int fd = -1;

	if (mkdirat(dir, name, 0755) < 0)
		return err_errno(err, "cannot make /dev/%s", name);
	fd = openat(dir, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fchdir(fd) < 0)
		return err_errno(err, "cannot enter /dev/%s", name);
	return mount_here(type, flags, options, name, err);
}

static int
step_mount_dev(void *ctx, struct err *err)
{
	struct inside *in = ctx;
	_cleanup_close_ int dev = -1;
	int r = go_to(in, "dev", err);

	if (r == 0 && guard_off("dev"))
		return take_hosts(in, "dev", err);
	if (r == 0)
		r = mount_here("tmpfs", MS_NOSUID | MS_NOEXEC,
		    "mode=755,size=1m,nr_inodes=1024", "/dev", err);
	if (r < 0)
		return r;
	dev = openat(in->root, "dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dev < 0)
		return err_errno(err, "cannot open the new /dev");
	r = add_nodes(in, dev, err);
	if (r == 0)
		r = add_links(dev, err);
	/* gaol-init reads it, for the log. */
	if (r == 0 && mknodat(dev, "console", S_IFIFO | 0600, 0) < 0)
		r = err_errno(err, "cannot make /dev/console");
	/* gid 5 is tty: Debian's programs give terminals to it. */
	if (r == 0)
		r = mount_below(dev, "pts", "devpts", MS_NOSUID | MS_NOEXEC,
		    "newinstance,ptmxmode=0666,mode=0620,gid=5", err);
	if (r == 0)
		r = mount_below(dev, "shm", "tmpfs", MS_NOSUID | MS_NODEV,
		    "mode=1777", err);
	return r;
}

static int
step_mount_run(void *ctx, struct err *err)
{
	struct inside *in = ctx;
	_cleanup_close_ int run = -1;
	int r = go_to(in, "run", err);

	if (r == 0)
		r = mount_here("tmpfs", MS_NOSUID | MS_NODEV,
		    "mode=755,size=20%", "/run", err);
	if (r < 0)
		return r;
	run = openat(in->root, "run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (run < 0 || mkdirat(run, "lock", 0755) < 0 ||
	    fchmodat(run, "lock", 01777, 0) < 0)
		return err_errno(err, "cannot make /run/lock");
	return 0;
}

/* /proc/sys and the like, once more on themselves, read-only. */
static int
mount_read_only(const char *path, struct err *err)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	_cleanup_close_ int tree = (int)syscall(
	    SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (tree < 0 && errno == ENOENT)
		return 0;
	if (tree < 0 ||
	    syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attr,
		sizeof(attr)) < 0 ||
	    syscall(SYS_move_mount, tree, "", AT_FDCWD, path,
		MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_errno(err, "cannot make %s read-only", path);
	return 0;
}

/* Nothing where a file of the kernel's is. */
static int
mask_file(const char *path, struct err *err)
{
	_cleanup_close_ int tree = -1;

	if (access(path, F_OK) < 0)
		return 0;
	tree = (int)syscall(SYS_open_tree, AT_FDCWD, "/dev/null",
	    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0 ||
	    syscall(SYS_move_mount, tree, "", AT_FDCWD, path,
		MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_errno(err, "cannot hide %s", path);
	return 0;
}

static int
mask_directory(const char *path, struct err *err)
{
	if (mount("tmpfs", path, "tmpfs",
		MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
		"size=4k,nr_inodes=2,mode=555") < 0 &&
	    errno != ENOENT)
		return err_errno(err, "cannot hide %s", path);
	return 0;
}

/* These are on file systems that this process has just mounted: no link of
 * the root's is in the way. Most belong to the host's root and could not be
 * written anyway; not to be seen is better. */
static int
step_hide(void *ctx, struct err *err)
{
	static const char *const files[] = { "/proc/kcore", "/proc/keys",
		"/proc/key-users", "/proc/timer_list", "/proc/latency_stats",
		"/proc/sysrq-trigger" };
	static const char *const dirs[] = { "/proc/acpi", "/proc/scsi",
		"/proc/asound", "/sys/firmware",
		"/sys/devices/virtual/powercap" };
	int r;

	(void)ctx;
	if (guard_off("hide"))
		return 0;
	r = mount_read_only("/proc/sys", err);
	if (r == 0)
		r = mount_read_only("/proc/pressure", err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(files); i++)
		r = mask_file(files[i], err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(dirs); i++)
		r = mask_directory(dirs[i], err);
	return r;
}

static int
step_leave_host(void *ctx, struct err *err)
{
	struct inside *in = ctx;

	if (fchdir(in->old) < 0 || umount2(".", MNT_DETACH) < 0 ||
	    chdir("/") < 0)
		return err_errno(err, "cannot let the host's root go");
	closep(&in->old);
	return 0;
}

static int
step_name(void *ctx, struct err *err)
{
	struct inside *in = ctx;
	const char *host = in->j->hostname;
	const char *domain = in->j->spec->domainname;

	if (sethostname(host, strlen(host)) < 0)
		return err_errno(err, "cannot set the host name '%s'", host);
	if (domain != NULL && setdomainname(domain, strlen(domain)) < 0)
		return err_errno(
		    err, "cannot set the domain name '%s'", domain);
	return 0;
}

static int
step_confine(void *ctx, struct err *err)
{
	struct inside *in = ctx;

	return confine_self(&in->j->confine, err);
}

static const struct step inside_steps[] = {
	{ "enter", "enter the jail's cgroups and become its root", step_enter,
	    NULL, NULL },
	{ "mount-root", "mount the root", step_mount_root, NULL, NULL },
	{ "mount-proc", "mount /proc", step_mount_proc, NULL, NULL },
	{ "mount-sys", "mount /sys", step_mount_sys, NULL, NULL },
	{ "mount-dev", "make /dev", step_mount_dev, NULL, NULL },
	{ "mount-run", "mount /run", step_mount_run, NULL, NULL },
	{ "hide", "hide what is the host's in /proc and /sys", step_hide, NULL,
	    NULL },
	{ "leave-host", "let go of the host's root", step_leave_host, NULL,
	    NULL },
	{ "name", "set the host name", step_name, NULL, NULL },
	{ "confine", "take capabilities and system calls away", step_confine,
	    NULL, NULL },
};

const struct steps jail_inside_steps = { "inside", inside_steps,
	ARRAY_SIZE(inside_steps), NULL };

/* The words of gaol-init's command line; init/init.h has their meaning. */
static char **
init_argv(const struct jail_spec *spec, struct strv *argv)
{
	_cleanup_(strv_clear) struct strv start = { 0 }, stop = { 0 };

	command_split(spec->exec_start, &start);
	if (command_given(spec->exec_stop))
		command_split(spec->exec_stop, &stop);
	strv_add(argv, "gaol-init");
	strv_add_owned(argv, xasprintf("%u", spec->exec_timeout));
	strv_add_owned(argv, xasprintf("%u", spec->stop_timeout));
	strv_add_owned(argv, xasprintf("%zu", start.n));
	for (size_t i = 0; i < start.n; i++)
		strv_add(argv, start.v[i]);
	for (size_t i = 0; i < stop.n; i++)
		strv_add(argv, stop.v[i]);
	return strv_argv(argv);
}

/* A descriptor out of the way of those below 20; that of /dev/null for -1. */
static int
move_up(int fd, int null)
{
	return fcntl(fd >= 0 ? fd : null, F_DUPFD_CLOEXEC, 20);
}

/* Put the descriptors where gaol-init expects them, and nothing else. */
static int
place_descriptors(struct inside *in)
{
	const struct jail_spec *spec = in->j->spec;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	/* Up first: a dup2 of a descriptor onto itself would leave it to be
	 * closed by exec. */
	int from[] = { move_up(null, -1), move_up(null, -1), move_up(null, -1),
		move_up(in->control, null), move_up(spec->log_fd, null),
		move_up(spec->old_log_fd, null) };
	int exe = move_up(in->j->init_exe_fd, null);

	for (int fd = 0; fd < (int)ARRAY_SIZE(from); fd++)
		if (dup2(from[fd], fd) < 0)
			return -errno;
	if (!guard_off("close") &&
	    syscall(SYS_close_range, INIT_OLD_LOG_FD + 1, ~0U,
		4 /* CLOSE_RANGE_CLOEXEC */) < 0)
		return -errno;
	return exe;
}

/* The parent waits for the start command's status: a negative one is what
 * kept gaol-init from running. */
_noreturn_ static void
become_init(struct inside *in)
{
	_cleanup_(strv_clear) struct strv argv = { 0 }, env = { 0 };
	const struct jail_spec *spec = in->j->spec;
	char **av = init_argv(spec, &argv), **ev = environ;
	sigset_t none;
	int exe, status;

	command_environment("root", "/root", "/bin/sh", &env);
	if (spec->exec_clean)
		ev = strv_argv(&env);
	for (int s = 1; s < NSIG; s++)
		(void)signal(s, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	exe = place_descriptors(in);
	status = exe;
	if (exe >= 0) {
		(void)syscall(SYS_execveat, exe, "", av, ev, AT_EMPTY_PATH);
		status = -errno;
	}
	(void)write_all(INIT_CONTROL_FD, &status, sizeof(status));
	_exit(127);
}

static void
drop_parents_descriptors(struct inside *in)
{
	const struct jail *j = in->j;
	int keep[CGROUPS_MAX + 5] = { in->control, j->spec->log_fd,
		j->spec->old_log_fd, j->init_exe_fd, 2 };

	/* 2 is kept for what only a fault build prints. */
	for (size_t i = 0; i < CGROUPS_MAX; i++)
		keep[5 + i] = i < j->cgroups.n ? j->cgroups.v[i].tasks_fd : -1;
	close_all_but(keep, ARRAY_SIZE(keep));
}

void
inside_main(struct jail *j, int control)
{
	struct inside in = {
		.j = j, .control = control, .root = -1, .sysfs = -1, .old = -1
	};
	struct message m = { 0 };
	int fds[2];

	if (!guard_off("close"))
		drop_parents_descriptors(&in);
	if (message_receive(control, &m, fds, 2) != 2 || m.word != INSIDE_GO)
		_exit(1);
	in.root = fds[0];
	in.sysfs = fds[1];
	m.word = INSIDE_READY;
	if (steps_run(&jail_inside_steps, &in, &m.err) < 0)
		m.word = INSIDE_FAILED;
	if (message_send(control, &m, NULL, 0) < 0 ||
	    message_receive(control, &m, NULL, 0) < 0 || m.word != INSIDE_EXEC)
		_exit(1);
	become_init(&in);
}

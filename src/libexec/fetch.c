/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gaol-fetch: make a release in the active pool with mmdebstrap.
 *
 *	gaol-fetch [--plan] [-s MIRROR] RELEASE
 *
 * `gaol fetch` runs it; it is a program of its own because of what it does
 * to itself. The pool is nosuid, nodev and closed to everybody but root, so
 * nothing can be installed in it as it stands: in a mount namespace of its
 * own, which nobody else sees, the new tree is mounted once more without
 * these, at a place that apt's unprivileged user can reach. mmdebstrap and
 * all it starts live in a PID namespace that dies with us.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/steps.h"
#include "store/store.h"

#define PLACE "/run/gaol/fetch"
#define MAIN_SERVER "http://deb.debian.org/debian"
#define SECURITY_SERVER "http://deb.debian.org/debian-security"
#define KEYRING "/usr/share/keyrings/debian-archive-keyring.gpg"

/*
 * What a jail is expected to have beside the essential packages and apt: users
 * can be added (adduser, login, passwd), the clock runs jobs (cron, tzdata),
 * names of protocols and services are known (netbase), one can look around
 * (ip, ping, ps, telnet), edit a file (nano, less) and mount. Init scripts lean
 * on sysvinit-utils.
 */
static const char include[] =
    "--include=adduser,cron,iproute2,iputils-ping,less,login,mount,nano,"
    "netbase,passwd,procps,sysvinit-utils,telnet,tzdata";

enum { EXIT_USAGE = 2, SOURCES_MAX = 3 };

struct fetch {
	const struct release_def *def;
	const char *server; /* NULL: Debian's */
	struct pool *pool;
	struct store_new *new;
	int root; /* the new tree */
};

static int
step_begin(void *ctx, struct err *err)
{
	struct fetch *f = ctx;
	int r = store_release_begin(f->pool, f->def->name, &f->new, err);

	if (r < 0)
		return r;
	f->root = openat(f->new->fd, "root",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return f->root < 0 ? err_errno(err, "cannot open the new tree") : 0;
}

static int
undo_begin(void *ctx, struct err *err)
{
	struct fetch *f = ctx;

	(void)err;
	closep(&f->root);
	f->root = -1;
	f->new = store_new_free(f->new);
	return 0;
}

static int
step_mount(void *ctx, struct err *err)
{
	struct fetch *f = ctx;
	struct mount_attr attr = {
		.attr_clr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
	};
	_cleanup_free_ char *tree =
	    xasprintf("%s/%s/root", f->pool->path, f->new->tree);
	_cleanup_close_ int mnt = -1;
	int r = file_mkdir_p(PLACE, 0755, err);

	if (r < 0)
		return r;
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_errno(err, "cannot make a mount namespace");
	/* By path: our descriptors are of the namespace that we left. */
	mnt = open_tree(AT_FDCWD, tree, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (mnt < 0 ||
	    mount_setattr(mnt, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0 ||
	    move_mount(mnt, "", AT_FDCWD, PLACE, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_errno(err, "cannot mount the new tree on %s", PLACE);
	return 0;
}

static int
undo_mount(void *ctx, struct err *err)
{
	(void)ctx;
	if (umount2(PLACE, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		return err_errno(err, "cannot unmount %s", PLACE);
	return 0;
}

/* By Debian's keys and no others; they are at the same place in the new tree. */
static void
add_source(struct strv *args, const char *server, const char *suite)
{
	strv_add_owned(args,
	    xasprintf("deb [signed-by=" KEYRING "] %s %s main", server, suite));
}

/* A server that was named is the only one: it may be the only one there is. */
static void
add_sources(const struct fetch *f, struct strv *args)
{
	_cleanup_free_ char *updates = xasprintf("%s-updates", f->def->suite);
	_cleanup_free_ char *security = xasprintf("%s-security", f->def->suite);

	if (f->server != NULL) {
		add_source(args, f->server, f->def->suite);
		return;
	}
	add_source(args, MAIN_SERVER, f->def->suite);
	add_source(args, MAIN_SERVER, updates);
	add_source(args, SECURITY_SERVER, security);
}

/* --mode=root and not unshare: files keep the ids they are to have. The
 * sources say by whom they are signed: nothing to be inferred. */
static int
step_unpack(void *ctx, struct err *err)
{
	static const char *const fixed[] = { "unshare", "--pid", "--fork",
		"--kill-child", "mmdebstrap", "--mode=root", "--variant=apt",
		"--format=directory", "--skip=check/signed-by" };
	struct fetch *f = ctx;
	_cleanup_(strv_clear) struct strv args = { 0 };
	struct proc_spec spec = PROC_SPEC_INIT;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		strv_add(&args, fixed[i]);
	strv_add(&args, include);
	strv_add(&args, "--keyring=" KEYRING);
	strv_add(&args, f->def->suite);
	strv_add(&args, PLACE);
	add_sources(f, &args);
	spec.argv = (const char *const *)strv_argv(&args);
	spec.die_with_parent = true;
	r = proc_run(&spec, err);
	if (r > 0)
		return err_set(err, EIO,
		    "mmdebstrap could not make it (exit %d), its reason is "
		    "above",
		    r);
	return r;
}

/* The tree that has /etc/rc, service and sysrc for a jail: beside the
 * sources in a build tree, else where it was installed. */
static char *
jail_files(void)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *path, *slash;

	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash != NULL) {
		*slash = '\0';
		path = xasprintf("%s/../../rc/jail", self);
		if (access(path, F_OK) == 0)
			return path;
		free(path);
	}
	return xstrdup(GAOL_DATADIR "/jail");
}

static int
step_rc(void *ctx, struct err *err)
{
	_cleanup_free_ char *from = jail_files();
	_cleanup_free_ char *from_all = xasprintf("%s/.", from);
	const char *argv[] = { "cp", "-R", "-P", "--preserve=mode,links",
		"--remove-destination", "-T", from_all, PLACE, NULL };
	struct proc_spec spec = PROC_SPEC_INIT;
	int r;

	(void)ctx;
	if (access(from, F_OK) < 0)
		return err_errno(err, "cannot find %s", from);
	spec.argv = argv;
	r = proc_run(&spec, err);
	return r > 0 ? err_set(err, EIO, "cannot copy %s into it", from) : r;
}

/* What mmdebstrap took from this host is no business of a jail. */
static int
step_clean(void *ctx, struct err *err)
{
	static const char *const files[] = { "etc/resolv.conf",
		"etc/hostname" };
	struct fetch *f = ctx;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (unlinkat(f->root, files[i], 0) < 0 && errno != ENOENT)
			return err_errno(err, "cannot remove %s", files[i]);
	return 0;
}

static int
step_commit(void *ctx, struct err *err)
{
	struct fetch *f = ctx;

	return store_release_commit(f->new, err);
}

static int
undo_commit(void *ctx, struct err *err)
{
	struct fetch *f = ctx;

	return store_release_destroy(f->pool, f->def->name, err);
}

static const struct step fetch_steps[] = {
	{ "begin", "make an empty tree, out of sight", step_begin, undo_begin,
	    NULL },
	{ "mount", "mount it in a namespace of our own", step_mount, undo_mount,
	    NULL },
	{ "unpack", "install the release (mmdebstrap)", step_unpack, NULL,
	    NULL },
	{ "rc", "add /etc/rc, service and sysrc", step_rc, NULL, NULL },
	{ "clean", "remove what came from this host", step_clean, NULL, NULL },
	{ "commit", "write it to the disk and show it", step_commit,
	    undo_commit, NULL },
};

static const struct steps fetch_array = { "fetch", fetch_steps,
	ARRAY_SIZE(fetch_steps), NULL };

static bool
in_path(const char *program)
{
	_cleanup_(strv_clear) struct strv dirs = { 0 };
	const char *path = getenv("PATH");

	strv_split(&dirs, path != NULL ? path : "", ":");
	for (size_t i = 0; i < dirs.n; i++) {
		_cleanup_free_ char *p = xasprintf("%s/%s", dirs.v[i], program);

		if (access(p, X_OK) == 0)
			return true;
	}
	return false;
}

/* All that can be known before anything is done. */
static int
check(struct fetch *f, const char *name, struct err *err)
{
	int r = release_find(name, "fetch", &f->def, err);

	if (r < 0)
		return r;
	r = pool_open_active(&f->pool, err);
	if (r < 0)
		return r;
	if (store_release_exists(f->pool, f->def->name))
		return err_set(err, EEXIST,
		    "release '%s' is there already: iocage destroy -r %s "
		    "removes it",
		    f->def->name, f->def->name);
	if (access(KEYRING, R_OK) < 0)
		return err_errno(err,
		    "cannot read the keys " KEYRING
		    " (apt-get install debian-archive-keyring)");
	if (!in_path("mmdebstrap"))
		return err_set(err, ENOENT,
		    "cannot run mmdebstrap (apt-get install mmdebstrap)");
	return 0;
}

static int
run(struct fetch *f, bool plan, struct err *err)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	int r;

	if (plan) {
		steps_plan(&fetch_array, f, &text);
		fputs(text.buf, stdout);
		return 0;
	}
	/* A Ctrl-C ends mmdebstrap, and us by its failure: so all is undone. */
	(void)signal(SIGINT, SIG_IGN);
	printf("fetching release %s (%s) from %s\n", f->def->name,
	    f->def->suite, f->server != NULL ? f->server : MAIN_SERVER);
	(void)fflush(stdout);
	r = steps_run(&fetch_array, f, err);
	if (r < 0)
		return err_wrap(err, r, "release '%s'", f->def->name);
	printf("release %s is fetched\n", f->def->name);
	return 0;
}

static int
usage(void)
{
	fputs("usage: gaol-fetch [--plan] [-s MIRROR] RELEASE\n", stderr);
	return EXIT_USAGE;
}

int
main(int argc, char **argv)
{
	static const struct option longopts[] = {
		{ "plan", no_argument, NULL, 'n' },
		{ NULL, 0, NULL, 0 },
	};
	struct fetch f = { .root = -1 };
	struct err err = { 0 };
	bool plan = false;
	int opt, r;

	while ((opt = getopt_long(argc, argv, "s:", longopts, NULL)) != -1) {
		if (opt == 's')
			f.server = optarg;
		else if (opt == 'n')
			plan = true;
		else
			return usage();
	}
	if (argc - optind != 1)
		return usage();
	(void)umask(022);
	r = check(&f, argv[optind], &err);
	if (r == 0)
		r = run(&f, plan, &err);
	if (r < 0)
		fprintf(stderr, "gaol-fetch: %s\n", err.msg);
	store_new_free(f.new);
	closep(&f.root);
	pool_free(f.pool);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

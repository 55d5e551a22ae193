/* SPDX-License-Identifier: BSD-2-Clause */
/* base: files and processes. */
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"

static char dir[] = "/tmp/gaol-files.XXXXXX";

static void
test_replace(int d)
{
	_cleanup_(str_clear) struct str s = STR_INIT;
	struct err err = { 0 };
	struct stat st;

	is_int(file_replace(d, "f", "one", 3, 0640, &err), 0, "a new file");
	is_int(file_replace(d, "f", "two", 3, 0600, &err), 0, "is replaced");
	ok(fstatat(d, "f", &st, 0) == 0 && (st.st_mode & 07777) == 0600,
	    "with its mode");
	is_int(file_read(d, "f", 10, &s, &err), 0, "read whole");
	is_str(s.buf, "two", "the new content");
	is_int(file_read(d, "f", 2, &s, &err), -EFBIG, "not over the limit");
	is_int(file_read(d, "nothing", 2, &s, &err), -ENOENT, "a missing one");
	ok(faccessat(d, "f.new", F_OK, 0) < 0, "nothing is left beside it");
	is_int(file_replace(d, "no/f", "x", 1, 0600, &err), -ENOENT,
	    "a missing directory");
}

static void
test_root(int d)
{
	_cleanup_close_ int fd = -1;

	mkdirat(d, "root", 0755);
	mkdirat(d, "root/etc", 0755);
	ok(symlinkat("/etc/passwd", d, "root/etc/link") == 0, "a link");
	fd = openat(d, "root", O_PATH | O_CLOEXEC);
	is_int(file_open_in_root(fd, "etc/link", O_RDONLY, 0), -ENOENT,
	    "an absolute link stays inside the root");
	is_int(
	    file_open_in_root(fd, "../f", O_RDONLY, 0), -ENOENT, "so does ..");
	closep(&fd);
	is_int(file_is_mountpoint(AT_FDCWD, "/proc"), 1, "/proc is mounted");
	is_int(file_is_mountpoint(d, "root"), 0, "a directory is not");
	is_int(file_remove_tree(d, "root", NULL), 0, "a tree is removed");
	is_int(file_remove_tree(d, "root", NULL), 0, "and again: nothing");
	ok(access("/etc/passwd", F_OK) == 0, "links were not followed");
}

/* Deeper than there may be descriptors, and than a path may be long. */
static void
test_remove_deep(int d)
{
	const struct rlimit few = { 256, 256 };
	int at = openat(d, ".", O_PATH | O_CLOEXEC);
	int made = 0;

	setrlimit(RLIMIT_NOFILE, &few);
	for (; made < 5000 && mkdirat(at, "deep", 0755) == 0; made++) {
		int next = openat(at, "deep", O_PATH | O_CLOEXEC);

		close(at);
		at = next;
	}
	close(at);
	is_int(made, 5000, "directories nested 5000 deep");
	is_int(file_remove_tree(d, "deep", NULL), 0, "are removed");
	ok(faccessat(d, "deep", F_OK, 0) < 0, "and gone");
}

static void
test_proc(void)
{
	const char *const no[] = { "/no/such/program", NULL };
	const char *const fds[] = { "ls", "/proc/self/fd", NULL };
	const char *const sig[] = { "sh", "-c", "kill -9 $$", NULL };
	const char *const seven[] = { "sh", "-c", "exit 7", NULL };
	_cleanup_close_ int leak = open("/dev/null", O_RDONLY);
	_cleanup_(str_clear) struct str s = STR_INIT;
	struct proc_spec spec = PROC_SPEC_INIT;
	struct err err = { 0 };
	uint64_t t;

	spec.argv = no;
	is_int(proc_run(&spec, &err), -ENOENT, "a missing program");
	is_str(err.msg,
	    "cannot run /no/such/program: No such file or directory",
	    "is told by the parent");
	is_int(proc_capture(fds, 1000, &s, &err), 0, "capture");
	is_str(s.buf, "0\n1\n2\n3\n",
	    "a child has 0, 1, 2 (3 is ls's own directory)");
	spec.argv = sig;
	is_int(proc_run(&spec, &err), 137, "a signal is 128 + its number");
	spec.argv = seven;
	is_int(proc_run(&spec, &err), 7, "an exit code");
	is_int(proc_capture(seven, 10, &s, &err), -EIO, "capture wants 0");
	is_str(err.msg, "sh failed with exit code 7", "and says so");
	ok(proc_start_time(getpid(), &t) == 0 && t > 0, "start time");
}

/* The test program has no libexec beside it, until one is made there. */
static void
test_helper(void)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	_cleanup_free_ char *installed = proc_helper("no-such");
	_cleanup_free_ char *there = NULL, *here = NULL, *beside = NULL;

	is_str(installed, GAOL_LIBEXECDIR "/gaol-no-such",
	    "a helper that is not beside the program is where it is installed");
	self[n > 0 ? n : 0] = '\0';
	*strrchr(self, '/') = '\0';
	there = xasprintf("%s/libexec", self);
	beside = xasprintf("%s/gaol-test-helper", there);
	(void)mkdir(there, 0755);
	ok(symlink("/bin/true", beside) == 0, "put one there");
	here = proc_helper("test-helper");
	is_str(here, beside, "one that is beside it is taken");
	(void)unlink(beside);
	(void)rmdir(there);
}

int
main(void)
{
	int d;

	if (mkdtemp(dir) == NULL)
		return 1;
	d = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	test_replace(d);
	test_root(d);
	test_remove_deep(d);
	test_proc();
	test_helper();
	close(d);
	file_remove_tree(AT_FDCWD, dir, NULL);
	return done_testing();
}

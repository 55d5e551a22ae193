/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files: whole reads with a limit, replacement that survives a power cut,
 * and opening below a directory whose content is hostile.
 *
 * Directories are given as descriptors (AT_FDCWD for "as the path says").
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

/*
 * Read a whole file into `ret` (emptied first; NUL-terminated). A file of
 * more than `max` bytes is refused with EFBIG. A pipe in its place is never
 * waited for. -ENOENT comes back without a
 * sentence being lost: callers test r == -ENOENT.
 */
int file_read(
    int dirfd, const char *path, size_t max, struct str *ret, struct err *err);

/* The same from an open descriptor; `name` is for the sentence. */
int file_read_fd(
    int fd, const char *name, size_t max, struct str *ret, struct err *err);

/*
 * Replace a file: write beside it, fsync, rename, fsync the directory. After
 * a crash there is the old content or the new one. `mode` is the new file's.
 */
int file_replace(int dirfd, const char *path, const void *mem, size_t len,
    mode_t mode, struct err *err);

/* Write a short text to an existing kernel file (/proc, /sys, cgroup) in one
 * write, as `echo` does: a test may have a plain file in its place. No sentence is set: returns a negative errno. */
int file_poke(int dirfd, const char *path, const char *text);

/* Read a short kernel file, the final newline removed, into buf. Returns the
 * length or a negative errno, no sentence. */
ssize_t file_peek(int dirfd, const char *path, char *buf, size_t size);

/* Write all, across short writes and EINTR; negative errno. */
int write_all(int fd, const void *mem, size_t len);

/*
 * Open `path` below `rootfd` as if that were "/": symbolic links and ".."
 * cannot leave it, magic links are refused. For everything that the host
 * touches in a jail's root.
 */
int file_open_in_root(int rootfd, const char *path, int flags, mode_t mode);

/* Create a directory and its missing parents; 0 if it is there already. */
int file_mkdir_p(const char *path, mode_t mode, struct err *err);

/* Is something mounted on this path (its last component)? 1, 0 or a negative
 * errno. Ask before every rmdir of a directory that was a mount point. */
int file_is_mountpoint(int dirfd, const char *path);

struct findings;

/*
 * Did a file_replace of this path die? Its new file then stands beside the old
 * one, for longer than one takes: that is a finding, and with `mend` it is
 * removed. The next file_replace does so as well. `shown` is for people.
 */
void file_leftover(int dirfd, const char *path, const char *shown, bool mend,
    struct findings *all);

/*
 * Remove a directory tree, or what is left of one. Never crosses into another
 * mount (EXDEV, and a sentence naming it), never follows a link. 0 if it is
 * not there.
 */
int file_remove_tree(int dirfd, const char *path, struct err *err);

#endif

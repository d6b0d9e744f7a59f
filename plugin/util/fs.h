/* fs.h - the file system, without trust: everything beneath a directory fd.
 *
 * Paths that come from images, archives or contexts are resolved by the kernel beneath a root fd
 * (openat2(2)); "in root" means that absolute symbolic links and `..` stay inside, as after a
 * chroot. Fds are close-on-exec from birth. Files are published by rename. Linux 5.6 or newer.
 * Depends on: util/error.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "util/buf.h"
#include "util/error.h"

/* openat2 with RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS; fd, or -1 with errno. "" and "." and "/"
 * mean the root itself. mode is for O_CREAT. */
int slip_open_in_root(int root, const char *path, int flags, mode_t mode);
/* openat2 with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS: no link is followed at all. */
int slip_open_beneath(int root, const char *path, int flags, mode_t mode);
/* Opens the directory that holds the last component (in root) and points *ret_name at that
 * component inside `path`. fd, or -1 with errno. `path` must have a last component that is not
 * "." or "..". */
int slip_open_parent(int root, const char *path, const char **ret_name);
/* lstat in root. 0, or -1 with errno. */
int slip_lstat_in_root(int root, const char *path, struct stat *ret);

/* Reads a whole regular file; refuses more than `limit` bytes. The text is NUL-terminated. */
int slip_read_file(int dirfd, const char *path, size_t limit, struct slip_buf *ret,
                   struct slip_error *err);
/* write(2) until done. 0, or -1 with errno. */
int slip_write_all(int fd, const void *p, size_t n);
/* read(2) until n bytes or the end. Bytes read, or -1 with errno. */
ssize_t slip_read_full(int fd, void *p, size_t n);
/* Writes aside and renames over `path`: a reader sees the old file or the new one. With `sync`
 * the bytes and the name are on disk when it returns. */
int slip_write_file(int dirfd, const char *path, const void *p, size_t n, mode_t mode, bool sync,
                    struct slip_error *err);
/* The same, but leaves the file (and its mtime) alone when it already holds these bytes.
 * 1: changed. 0: was equal. -1: error. */
int slip_write_file_if_changed(int dirfd, const char *path, const void *p, size_t n, mode_t mode,
                               struct slip_error *err);
/* Copies everything from one fd to another: reflink, copy_file_range, else read and write. */
int slip_copy_fd(int from, int to, struct slip_error *err);

/* mkdir -p; existing directories are left alone. Follows links (for paths of the user's own). */
int slip_mkdirs(int dirfd, const char *path, mode_t mode, struct slip_error *err);
/* rm -rf of one name in a directory, never leaving it; nothing there is success. Directories
 * without permission bits are opened up first, and any depth is fine. */
int slip_remove_tree(int dirfd, const char *name, struct slip_error *err);
/* The names in a directory, bytewise sorted, without "." and "..". */
int slip_list_dir(int dirfd, const char *path, struct slip_strv *ret, struct slip_error *err);

/* Lexical: drops "." and empty parts, folds ".." (never above the start), one leading "/" kept if
 * there was one. Never NULL; "" becomes ".". Caller frees. */
char *slip_path_clean(const char *path);
/* a/b, unless b is absolute. Caller frees. */
char *slip_path_join(const char *a, const char *b);
/* Absolute path of `path` for the current directory, cleaned lexically. Caller frees. */
char *slip_path_absolute(const char *path);
/* Part after the last '/'; never NULL. */
const char *slip_path_base(const char *path);

/* "/proc/self/fd/<fd>", for calls that only take a path. Returns out. */
const char *slip_fd_path(int fd, char out[32]);

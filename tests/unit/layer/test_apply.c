#include "layer/apply.h"

#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "rawtar.h"
#include "sandbox.h"
#include "util/str.h"

/* Without privileges, owners are only noted, as in tier single. */
static struct slip_apply_options options_for(bool overlay)
{
    return (struct slip_apply_options){
        .overlay = overlay, .userxattr = true, .emulated = geteuid() != 0, .keep_times = true
    };
}

/* Puts the absolute path of the place outside where a text has "%OUT". */
static char *with_outside(const struct sandbox *s, const char *text)
{
    const char *mark = text ? strstr(text, "%OUT") : NULL;

    if (!mark)
        return text ? slip_xstrdup(text) : NULL;
    return slip_xasprintf("%.*s%s/outside%s", (int)(mark - text), text, s->path, mark + 4);
}

static void add_all(const struct sandbox *s, struct slip_buf *tar, const struct raw *entries)
{
    for (const struct raw *e = entries; e->type; e++) {
        struct raw one = *e;
        if (e->type == 'e') /* without an end mark */
            return;
        slip_cleanup(slip_freep) char *name = with_outside(s, e->name);
        slip_cleanup(slip_freep) char *link = with_outside(s, e->link);
        one.name = name;
        one.link = link;
        raw_add(tar, &one);
    }
    raw_end(tar);
}

static int apply_raw(struct sandbox *s, int root, const struct raw *entries,
                     const struct slip_apply_options *options)
{
    slip_cleanup(slip_buf_release) struct slip_buf tar = SLIP_BUF_INIT;

    add_all(s, &tar, entries);
    slip_cleanup(slip_closep) int fd = file_of(s, tar.data, tar.len);
    return slip_apply(fd, root, options, NULL, &s->err);
}

#define PWN "pwn"
#define TIMES10(x) x x x x x x x x x x
#define N100 TIMES10(TIMES10("n"))
#define N1000 TIMES10(N100)
#define D1000 TIMES10(TIMES10(TIMES10("d/")))

/* Archives that want out. Each either is refused with `error`, or leaves `inside` in the root: a
 * path, with " mode <octal>" it must have or " no <attribute>" that it must not; nothing when NULL.
 * The world outside is looked at in any case, and must not have changed at all. */
static const struct row {
    const char *name;
    struct raw entries[8];
    const char *error, *inside;
} rows[] = {
    { "1 ../outside", { { '0', "../outside/pwn", .body = PWN } }, "has '..' in its name", NULL },
    { "2 a/../../outside", { { '0', "a/../../outside/pwn", .body = PWN } }, "has '..'", NULL },
    { "3 absolute", { { '0', "%OUT/pwn", .body = PWN } }, NULL, "%OUT/pwn" },
    { "4 dots and slashes", { { '0', "././/.//../outside/pwn", .body = PWN } }, "has '..'", NULL },
    { "5 directory ../outside", { { '5', "../outside", .mode = 0777 } }, "has '..'", NULL },
    { "6 root is a link",
      { { '2', "./", "../outside" }, { '0', "pwn", .body = PWN } },
      "is the root, and not a directory",
      NULL },
    { "7 root is a file", { { '0', ".", .body = PWN } }, "is the root", NULL },
    { "8 empty name", { { '0', "", .body = PWN } }, "empty name", NULL },
    { "9 a NUL in a pax path",
      { { 'x', "p", .body = "23 path=../outside\0pwn\n", .len = 23 }, { '0', "x" } },
      "NUL byte",
      NULL },
    { "10 a part of 4000 bytes",
      { { 'L', "l", .body = N1000 N1000 N1000 N1000 }, { '0', "x" } },
      "a name of more than 255 bytes",
      NULL },
    { "11 a path of 3000 parts",
      { { 'L', "l", .body = D1000 D1000 D1000 "pwn" }, { '0', "x" } },
      "lies too deep",
      NULL },
    { "12 names that steer terminals",
      { { '0', "\xff\033[1m\n", .body = PWN } },
      NULL,
      "\xff\033[1m\n" },
    { "13 .. in the prefix",
      { { '0', "pwn", .prefix = "../outside", .body = PWN } },
      "has '..'",
      NULL },
    { "14 .. in a long name",
      { { 'L', "././@LongLink", .body = "../outside/pwn" }, { '0', "x", .body = PWN } },
      "has '..'",
      NULL },
    { "15 through a link to an absolute directory",
      { { '2', "l", "%OUT" }, { '0', "l/pwn", .body = PWN } },
      NULL,
      "l/pwn" },
    { "16 through a link to ../outside",
      { { '2', "l", "../outside" }, { '0', "l/pwn", .body = PWN } },
      NULL,
      "l/pwn" },
    { "17 through a chain",
      { { '2', "a", "." }, { '2', "b", "a/.." }, { '0', "b/outside/pwn", .body = PWN } },
      NULL,
      "outside/pwn" },
    { "18 a link, then a file of its name",
      { { '2', "l", "%OUT/victim" }, { '0', "l", .body = PWN } },
      NULL,
      "l" },
    { "19 a link, then a directory of its name",
      { { '2', "l", "../outside" }, { '5', "l", .mode = 0777 } },
      NULL,
      "l" },
    { "20 a directory swapped for a link",
      { { '5', "d" },
        { '0', "d/x", .body = PWN },
        { '2', "d", "../outside" },
        { '0', "d/pwn", .body = PWN } },
      NULL,
      "d/pwn" },
    { "21 a link, then a directory of its name with a slash",
      { { '2', "l", "../outside" }, { '5', "l/" }, { '0', "l//pwn", .body = PWN } },
      NULL,
      "l/pwn" },
    { "22 a loop", { { '2', "l", "l" }, { '0', "l/pwn", .body = PWN } }, "cannot find", NULL },
    { "23 through /proc",
      { { '2', "l", "/proc/self/cwd" }, { '0', "l/pwn", .body = PWN } },
      NULL,
      "l/pwn" },
    { "24 through a link to nothing",
      { { '2', "l", "nowhere" }, { '0', "l/pwn", .body = PWN } },
      NULL,
      "l/pwn" },
    { "25 an attribute for a link",
      { { 'x', "p", .body = "26 SCHILY.xattr.user.k=ab\n" }, { '2', "l", "%OUT/victim" } },
      NULL,
      NULL },
    { "25 a trusted attribute for a link",
      { { 'x', "p", .body = "29 SCHILY.xattr.trusted.k=ab\n" }, { '2', "l", "%OUT/victim" } },
      NULL,
      NULL },
    { "26 an ACL for a link, in text and in bytes",
      { { 'x', "p",
          .body = "36 SCHILY.acl.access=user::rwx,o::r\n"
                  "45 SCHILY.xattr.system.posix_acl_access=\2\0\0\0\n",
          .len = 81 },
        { '2', "l", "%OUT/victim" } },
      NULL,
      NULL },
    { "27 a link of mode 4777", { { '2', "l", "%OUT/victim", .mode = 04777 } }, NULL, NULL },
    { "28 a directory 0777 that becomes a link",
      { { '5', "d", .mode = 0777 }, { '0', "d/x", .body = PWN }, { '2', "d", "%OUT" } },
      NULL,
      NULL },
    { "29 a directory 1777 of the year 1970 that becomes a link",
      { { '5', "d", .mode = 01777, .time = "00000000001" }, { '2', "d", "../outside" } },
      NULL,
      NULL },
    { "30 an immutable link",
      { { 'x', "p", .body = "27 SCHILY.fflags=immutable\n" }, { '2', "l", "%OUT/victim" } },
      NULL,
      NULL },
    { "31 a link to nothing at all", { { '2', "l", "" } }, "no possible name", NULL },
    { "32 a link to 4096 bytes",
      { { 'K', "l", .body = N1000 N1000 N1000 N1000 N100 }, { '2', "l", "x" } },
      "no possible name",
      NULL },
    { "33 flips",
      { { '5', "d" },
        { '2', "d", "%OUT" },
        { '5', "d" },
        { '2', "d", "../outside" },
        { '5', "d", .mode = 0700 },
        { '0', "d/pwn", .body = PWN } },
      NULL,
      "d/pwn" },
    { "34 a hard link to an absolute victim",
      { { '1', "h", "%OUT/victim" } },
      "a name that is not in the archive",
      NULL },
    { "35 a hard link to ../outside/victim",
      { { '1', "h", "../outside/victim" } },
      "has '..'",
      NULL },
    { "36 the same, then a file of its name",
      { { '1', "h", "../outside/victim" }, { '0', "h", .body = PWN } },
      "has '..'",
      NULL },
    { "37 a hard link with a body",
      { { '0', "f" }, { '1', "h", "f", .body = PWN } },
      "a hard link has a body",
      NULL },
    { "38 a hard link to a link, then a file",
      { { '2', "l", "%OUT/victim" }, { '1', "h", "l" }, { '0', "h", .body = PWN } },
      NULL,
      "h" },
    { "39 a hard link through a link",
      { { '2', "l", "../outside" }, { '1', "h", "l/victim" } },
      "not in the archive",
      NULL },
    { "40 a hard link to itself", { { '0', "h", .body = PWN }, { '1', "h", "h" } }, NULL, "h" },
    { "41 a hard link to a directory",
      { { '5', "d" }, { '1', "h", "d" } },
      "cannot have any",
      NULL },
    { "42 a hard link forward",
      { { '1', "h", "f" }, { '0', "f", .body = PWN } },
      "not in the archive",
      NULL },
    { "43 a hard link of mode 4777",
      { { '0', "f", .mode = 0640 }, { '1', "h", "f", .mode = 04777 } },
      NULL,
      "f mode 640" },
    { "44 the target in pax only",
      { { 'x', "p", .body = "30 linkpath=../outside/victim\n" }, { '1', "h" } },
      "has '..'",
      NULL },
    { "45 a chain of hard links, then a file",
      { { '1', "h", "%OUT/victim" }, { '1', "i", "h" }, { '0', "i", .body = PWN } },
      "not in the archive",
      NULL },
    { "46 .wh..", { { '0', ".wh.." } }, "a whiteout of no name", NULL },
    { "47 .wh...", { { '0', ".wh..." } }, "a whiteout of no name", NULL },
    { "48 .wh.", { { '0', ".wh." } }, "a whiteout of no name", NULL },
    { "49 x/.wh...", { { '0', "x/.wh..." } }, "a whiteout of no name", NULL },
    { "50 a whiteout of a link to outside",
      { { '2', "l", "%OUT/victim" }, { '0', ".wh.l" } },
      NULL,
      NULL },
    { "51 a whiteout through a link",
      { { '2', "l", "%OUT" }, { '0', "l/.wh.victim" } },
      NULL,
      NULL },
    { "52 an opaque mark through a link",
      { { '2', "l", "%OUT" }, { '0', "l/.wh..wh..opq" } },
      NULL,
      NULL },
    { "53 an opaque root", { { '0', ".wh..wh..opq" } }, NULL, NULL },
    { "54 a whiteout that is a link", { { '2', ".wh.foo", "x" } }, "is no whiteout", NULL },
    { "54 a whiteout that is a directory", { { '5', ".wh.foo" } }, "is no whiteout", NULL },
    { "54 a file in a whiteout", { { '0', ".wh.foo/x", .body = PWN } }, "is no whiteout", NULL },
    { "55 what aufs left",
      { { '5', ".wh..wh.plnk" }, { '0', ".wh..wh.plnk/1.2", .body = PWN } },
      NULL,
      NULL },
    { "56 a file, then its whiteout", { { '0', "f", .body = PWN }, { '0', ".wh.f" } }, NULL, "f" },
    { "56 a file, then an opaque mark",
      { { '0', "d/f", .body = PWN }, { '0', "d/.wh..wh..opq" } },
      NULL,
      "d/f" },
    { "57 a character device 0:0", { { '3', "c", .device = "00" } }, "would remove a file", NULL },
    { "58 trusted marks of overlayfs",
      { { 'x', "p",
          .body = "41 SCHILY.xattr.trusted.overlay.opaque=y\n"
                  "53 SCHILY.xattr.trusted.overlay.redirect=/../outside\n"
                  "43 SCHILY.xattr.trusted.overlay.metacopy=y\n" },
        { '5', "d" } },
      NULL,
      "d no trusted.overlay.opaque" },
    { "59 marks of overlayfs for users",
      { { 'x', "p",
          .body = "38 SCHILY.xattr.user.overlay.opaque=y\n"
                  "50 SCHILY.xattr.user.overlay.redirect=/../outside\n" },
        { '5', "d" } },
      NULL,
      "d no user.overlay.redirect" },
    { "60 .wh./../outside/victim", { { '0', ".wh./../outside/victim" } }, "has '..'", NULL },
    { "61 a device", { { '3', "n", .device = "13" } }, NULL, "n" },
    { "62 a pipe, then a file of its name",
      { { '6', "p" }, { '0', "p", .body = PWN } },
      NULL,
      "p" },
    { "63 through a pipe", { { '6', "p" }, { '0', "p/x", .body = PWN } }, NULL, "p/x" },
    { "64 a device, then a file of its name",
      { { '3', "n", .device = "13" }, { '0', "n", .body = PWN } },
      NULL,
      "n" },
    { "65 a file that sets ids", { { '0', "s", .mode = 06755 } }, NULL, "s mode 6755" },
    { "66 a type that nobody knows", { { 'Z', "x", .body = PWN } }, "unknown type", NULL },
    { "67 a contiguous file", { { '7', "x", .body = PWN } }, NULL, "x" },
    { "68 labels of the host",
      { { 'x', "p",
          .body = "42 SCHILY.xattr.security.selinux=system_u\n"
                  "34 SCHILY.xattr.security.ima=abcd\n" },
        { '0', "x" } },
      NULL,
      "x no security.ima" },
    { "69 a capability",
      { { 'x', "p",
          .body = "57 SCHILY.xattr.security.capability="
                  "\1\0\0\2\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\n",
          .len = 57 },
        { '0', "x" } },
      NULL,
      "x" },
    { "70 a size of 2^62",
      { { '0', "x", .size = "\x80\0\0\0\x40\0\0\0\0\0\0" } },
      "size is not one",
      NULL },
    { "71 a negative size",
      { { '0', "x", .size = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" } },
      "size is not one",
      NULL },
    { "72 a sparse file of 2^62",
      { { 'S', "x", .sparse = (const long long[]){ 1LL << 62, -1 } } },
      "real size is not one",
      NULL },
    { "72 a sparse file of 2^50",
      { { 'S', "x", .sparse = (const long long[]){ 1LL << 50, -1 } } },
      "more than the archive may unpack to",
      NULL },
    { "72 a sparse file of 50 GB in an archive of 2 kB",
      { { 'S', "x", .sparse = (const long long[]){ 50000000000, -1 } } },
      "more than 200 times",
      NULL },
    { "73 a pax length that overflows",
      { { 'x', "p", .body = "99999999999999999999999 path=a\n" }, { '0', "x" } },
      "wrong length",
      NULL },
    { "73 a negative pax length",
      { { 'x', "p", .body = "-5 path=a\n" }, { '0', "x" } },
      "wrong length",
      NULL },
    { "74 a pax header of 4 GiB", { { 'x', "p", .size = "40000000000" } }, "limit", NULL },
    { "75 a bad checksum", { { '0', "x", .spoil = 1 } }, "checksum", NULL },
    { "76 more body than there is", { { '0', "x", .size = "00000777000" } }, "cut off", NULL },
    { "76 no end mark", { { '0', "x", .body = PWN }, { 'e', NULL } }, NULL, "x" },
    { "77 an archive behind the end mark",
      { { '0', "x", .body = PWN },
        { 'z', NULL, .body = (const char[1024]){ 0 }, .len = 1024 },
        { '0', "../outside/pwn", .body = PWN } },
      NULL,
      "x" },
    { "78 flips of type",
      { { '0', "x" },
        { '5', "x" },
        { '2', "x", "%OUT" },
        { '0', "x" },
        { '5', "x" },
        { '2', "x", "../outside" },
        { '0', "x", .body = PWN } },
      NULL,
      "x" },
    { "79 a user id of 2^40",
      { { 'x', "p", .body = "21 uid=1099511627776\n" }, { '0', "x" } },
      "'uid'",
      NULL },
    { "79 a group id of -5", { { 'x', "p", .body = "10 gid=-5\n" }, { '0', "x" } }, "'gid'", NULL },
    { "79 a time of 1e20",
      { { 'x', "p", .body = "31 mtime=100000000000000000000\n" }, { '0', "x" } },
      "'mtime'",
      NULL },
    { "80 a path for all",
      { { 'g', "p", .body = "23 path=../outside/pwn\n" }, { '0', "x", .body = PWN } },
      "sets 'path' for every entry",
      NULL },
    { "82 two sizes, and an entry between",
      { { 'x', "p", .body = "10 size=0\n" }, { '0', "x", .size = "00000001000" } },
      "two sizes",
      NULL },
    { "83 a chain of long names",
      { { 'L', "l", .body = "a" },
        { 'L', "l", .body = "b" },
        { 'L', "l", .body = "../outside/pwn" },
        { '0', "x" } },
      "two long names",
      NULL },
};

/* Everything that can be seen of the place outside: names, content, and with the time of change
 * whatever else could have been done. */
static void look_outside(struct sandbox *s, struct slip_buf *ret)
{
    static const char *const paths[] = { "outside", "outside/victim", "outside/dir" };
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    char list[256], value[16] = "";

    for (size_t i = 0; i < SLIP_ARRAY_LEN(paths); i++) {
        slip_cleanup(slip_closep) int fd = openat(s->dir, paths[i], O_RDONLY | O_CLOEXEC);
        struct stat st;
        assert_int_equal(fstat(fd, &st), 0);
        ssize_t n = flistxattr(fd, list, sizeof list);
        ssize_t len = fgetxattr(fd, "user.mark", value, sizeof value - 1);
        slip_buf_printf(ret, "%s %lu %o %u:%u %lu %ld %ld.%ld %ld.%ld %zd %zd %s\n", paths[i],
                        st.st_ino, st.st_mode, st.st_uid, st.st_gid, st.st_nlink, (long)st.st_size,
                        st.st_mtim.tv_sec, st.st_mtim.tv_nsec, st.st_ctim.tv_sec,
                        st.st_ctim.tv_nsec, n, len, value);
    }
    ASSERT_OK(s, slip_list_dir(s->dir, "outside", &names, &s->err));
    ASSERT_OK(s, slip_list_dir(s->dir, "outside/dir", &names, &s->err));
    ASSERT_OK(s, slip_list_dir(s->dir, ".", &names, &s->err));
    for (size_t i = 0; i < names.n; i++)
        slip_buf_printf(ret, "%s\n", names.v[i]);
    ASSERT_OK(s, slip_read_file(s->dir, "outside/victim", 100, &text, &s->err));
    slip_buf_puts(ret, text.data);
}

static void make_outside(struct sandbox *s, struct slip_buf *ret_look)
{
    slip_cleanup(slip_closep) int outside = sandbox_dir(s, "outside");
    close(sandbox_dir(s, "root")); /* it is seen from outside, too */

    put_file(outside, "victim", "untouched", 0600);
    assert_int_equal(mkdirat(outside, "dir", 0711), 0);
    slip_cleanup(slip_closep) int victim = openat(outside, "victim", O_RDONLY | O_CLOEXEC);
    (void)fsetxattr(victim, "user.mark", "abc", 3, 0); /* where the file system has them */
    look_outside(s, ret_look);
}

/* The part of a row behind its path. */
static void check_inside(int root, char *inside)
{
    char *blank = strchr(inside, ' ');
    struct stat st;

    if (blank)
        *blank++ = '\0';
    if (slip_lstat_in_root(root, inside, &st) < 0)
        fail_msg("'%s' is not there", inside);
    if (blank && slip_starts_with(blank, "mode "))
        assert_int_equal(st.st_mode & 07777, strtol(blank + 5, NULL, 8));
    if (blank && slip_starts_with(blank, "no ")) {
        slip_cleanup(slip_closep) int fd = slip_open_in_root(root, inside, O_RDONLY, 0);
        assert_int_equal(fgetxattr(fd, blank + 3, NULL, 0), -1);
    }
}

static void stays_inside(const struct row *row, bool overlay)
{
    const struct slip_apply_options options = options_for(overlay);
    slip_cleanup(slip_buf_release) struct slip_buf before = SLIP_BUF_INIT, after = SLIP_BUF_INIT;
    void *box = NULL;

    assert_int_equal(sandbox_begin(&box), 0);
    struct sandbox *s = box;
    make_outside(s, &before);
    slip_cleanup(slip_closep) int root = sandbox_dir(s, "root");
    int rc = apply_raw(s, root, row->entries, &options);
    if (row->error && (rc == 0 || !strstr(s->err.msg, row->error)))
        fail_msg("'%s' is not in '%s'", row->error, rc ? s->err.msg : "success");
    if (!row->error && rc < 0)
        fail_msg("%s: %s", s->err.msg, strerror(s->err.sys_errno));
    look_outside(s, &after);
    assert_string_equal(after.data, before.data);
    slip_cleanup(slip_freep) char *inside = with_outside(s, row->inside);
    if (inside)
        check_inside(root, inside);
    sandbox_end(&box);
}

static void hostile(void **state)
{
    stays_inside(*state, true);
    stays_inside(*state, false);
}

static void stat_in(int root, const char *path, struct stat *st)
{
    if (fstatat(root, path, st, AT_SYMLINK_NOFOLLOW) < 0)
        fail_msg("no '%s'", path);
}

static void everything_is_set(void **state)
{
    struct sandbox *s = *state;
    const struct slip_apply_options options = options_for(true);
    slip_cleanup(slip_closep) int root = sandbox_dir(s, "root");
    char value[32];
    struct stat st, other;

    ASSERT_OK(s, apply_raw(s, root,
                           (const struct raw[]){
                               { '5', "./", .mode = 0711 },
                               { '5', "d", .mode = 0555 },
                               { 'x', "p", .body = "26 SCHILY.xattr.user.k=ab\n" },
                               { '0', "d/suid", .body = "x", .mode = 06755, .uid = 5, .gid = 6 },
                               { '1', "h", "d/suid", .mode = 0600 },
                               { '2', "l", "/etc/x" },
                               { '6', "p", .mode = 0622 },
                               { 0 } },
                           &options));
    stat_in(root, ".", &st);
    assert_int_equal(st.st_mode, S_IFDIR | 0711);
    stat_in(root, "d", &st);
    assert_int_equal(st.st_mode, S_IFDIR | 0555);
    assert_int_equal(st.st_mtim.tv_sec, 1000000000);
    stat_in(root, "d/suid", &st);
    assert_int_equal(st.st_mode, S_IFREG | 06755);
    assert_int_equal(st.st_mtim.tv_sec, 1000000000);
    assert_int_equal(st.st_uid, options.emulated ? geteuid() : 5);
    stat_in(root, "h", &other);
    assert_int_equal(st.st_ino, other.st_ino);
    stat_in(root, "p", &st);
    assert_int_equal(st.st_mode, S_IFIFO | 0622);
    slip_cleanup(slip_closep) int fd = openat(root, "h", O_RDONLY | O_CLOEXEC);
    assert_int_equal(fgetxattr(fd, "user.k", value, sizeof value), 2);
    assert_memory_equal(value, "ab", 2);
}

static void get_override(int root, const char *name, char value[64])
{
    slip_cleanup(slip_closep) int fd = openat(root, name, O_RDONLY | O_CLOEXEC);
    ssize_t n = fgetxattr(fd, "user.containers.override_stat", value, 63);

    value[n < 0 ? 0 : n] = '\0';
}

static void emulated_owners_are_noted(void **state)
{
    struct sandbox *s = *state;
    const struct slip_apply_options options = { .overlay = true,
                                                .userxattr = true,
                                                .emulated = true };
    slip_cleanup(slip_closep) int root = sandbox_dir(s, "root");
    char value[64];
    struct stat st;

    ASSERT_OK(s, apply_raw(s, root,
                           (const struct raw[]){
                               { '0', "shadow", .mode = 0640, .gid = 42 },
                               { '5', "mail", .mode = 02775, .gid = 8 },
                               { '0', "plain" },
                               { '3', "null", .mode = 0666, .device = "13" },
                               { '2', "l", "x", .uid = 3 },
                               { 'x', "p",
                                 .body = "50 SCHILY.xattr.user.containers.override_stat=1:1\n" },
                               { '0', "liar" },
                               { 0 } },
                           &options));
    get_override(root, "shadow", value);
    assert_string_equal(value, "0:42:0640");
    get_override(root, "mail", value);
    assert_string_equal(value, "0:8:02775");
    get_override(root, "plain", value);
    assert_string_equal(value, "");
    get_override(root, "liar", value);
    assert_string_equal(value, "");
    get_override(root, "null", value);
    assert_string_equal(value, "0:0:0666:char-1-3");
    stat_in(root, "null", &st);
    assert_int_equal(st.st_mode, S_IFREG | 0666);
    stat_in(root, "shadow", &st);
    assert_int_equal(st.st_mode, S_IFREG | 0640);
    assert_int_equal(st.st_uid, geteuid());
}

/* What an overlay layer directory holds under a name: a letter, '!' when opaque. */
static void look(int root, const char *path, char ret[3])
{
    struct stat st;
    char mark = 0;

    memcpy(ret, "-\0", 3);
    if (fstatat(root, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return;
    ret[0] = S_ISDIR(st.st_mode)                                  ? 'd'
             : S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0) ? 'w'
                                                                  : 'f';
    slip_cleanup(slip_closep) int fd =
        S_ISDIR(st.st_mode) ? openat(root, path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0 && fgetxattr(fd, "user.overlay.opaque", &mark, 1) == 1 && mark == 'y')
        ret[1] = '!';
}

/* Marks in every order, and what the layer directory of `x` (or `x/old`) is then. */
static const struct mark_row {
    const char *name;
    struct raw entries[5];
    const char *path, *is;
} mark_rows[] = {
    { "a whiteout", { { '0', ".wh.x" } }, "x", "w" },
    { "a whiteout in a directory nobody named", { { '0', "a/b/.wh.x" } }, "a/b/x", "w" },
    { "a whiteout that is a hard link, as aufs made them",
      { { '0', ".wh..wh.aufs" }, { '1', ".wh.x", ".wh..wh.aufs" } },
      "x",
      "w" },
    { "a whiteout, then the new file",
      { { '0', ".wh.x" }, { '0', "x", .body = "new" } },
      "x",
      "f" },
    { "the new file, then its whiteout",
      { { '0', "x", .body = "new" }, { '0', ".wh.x" } },
      "x",
      "f" },
    { "a whiteout, then a new directory", { { '0', ".wh.x" }, { '5', "x" } }, "x", "d!" },
    { "a whiteout, then a file in a new directory",
      { { '0', ".wh.x" }, { '0', "x/f" } },
      "x",
      "d!" },
    { "a new directory, then its whiteout", { { '5', "x" }, { '0', ".wh.x" } }, "x", "d!" },
    { "a file becomes a directory", { { '0', "x" }, { '5', "x" } }, "x", "d!" },
    { "a directory twice", { { '5', "x" }, { '5', "x" } }, "x", "d" },
    { "opaque", { { '5', "x" }, { '0', "x/.wh..wh..opq" } }, "x", "d!" },
    { "opaque, first of all", { { '0', "x/.wh..wh..opq" }, { '5', "x" } }, "x", "d!" },
    { "no whiteouts in an opaque directory",
      { { '0', "x/.wh..wh..opq" }, { '0', "x/.wh.old" } },
      "x/old",
      "-" },
    { "nor before it", { { '0', "x/.wh.old" }, { '0', "x/.wh..wh..opq" } }, "x/old", "-" },
    { "opaque after the files", { { '0', "x/old" }, { '0', "x/.wh..wh..opq" } }, "x/old", "f" },
};

static void marks(void **state)
{
    const struct mark_row *row = *state;
    const struct slip_apply_options options = options_for(true);
    void *box = NULL;
    char is[3];

    assert_int_equal(sandbox_begin(&box), 0);
    struct sandbox *s = box;
    slip_cleanup(slip_closep) int root = sandbox_dir(s, "root");
    ASSERT_OK(s, apply_raw(s, root, row->entries, &options));
    look(root, row->path, is);
    assert_string_equal(is, row->is);
    sandbox_end(&box);
}

static void without_overlay_marks_remove(void **state)
{
    struct sandbox *s = *state;
    const struct slip_apply_options options = options_for(false);
    slip_cleanup(slip_closep) int root = sandbox_dir(s, "root");
    slip_cleanup(slip_closep) int old = sandbox_dir(s, "root/d/sub");
    slip_cleanup(slip_closep) int other = sandbox_dir(s, "root/o");
    struct stat st;

    put_file(root, "gone", "", 0644);
    put_file(old, "old", "", 0644);
    put_file(other, "old", "", 0644);
    ASSERT_OK(s, apply_raw(s, root,
                           (const struct raw[]){ { '0', ".wh.gone" },
                                                 { '0', ".wh.never" },
                                                 { '0', "d/sub/new" },
                                                 { '0', ".wh.d" },
                                                 { '0', "o/new" },
                                                 { '0', "o/.wh..wh..opq" },
                                                 { 0 } },
                           &options));
    assert_int_equal(fstatat(root, "gone", &st, 0), -1);
    assert_int_equal(fstatat(root, "never", &st, 0), -1);
    assert_int_equal(fstatat(root, "d/sub/old", &st, 0), -1);
    assert_int_equal(fstatat(root, "o/old", &st, 0), -1);
    stat_in(root, "d/sub/new", &st);
    stat_in(root, "o/new", &st);
}

/* Rows 58, 59, 68: what would be obeyed is escaped or dropped. */
static void marks_of_overlayfs_are_not_obeyed(void **state)
{
    struct sandbox *s = *state;
    const struct slip_apply_options options = options_for(true);
    slip_cleanup(slip_closep) int root = sandbox_dir(s, "root");
    char is[3], value[8];

    ASSERT_OK(s, apply_raw(s, root,
                           (const struct raw[]){
                               { 'x', "p",
                                 .body = "38 SCHILY.xattr.user.overlay.opaque=y\n"
                                         "43 SCHILY.xattr.trusted.overlay.redirect=/\n"
                                         "42 SCHILY.xattr.security.selinux=system_u\n" },
                               { '5', "d" },
                               { 0 } },
                           &options));
    look(root, "d", is);
    assert_string_equal(is, "d");
    slip_cleanup(slip_closep) int fd = openat(root, "d", O_RDONLY | O_CLOEXEC);
    assert_int_equal(fgetxattr(fd, "user.overlay.overlay.opaque", value, sizeof value), 1);
    assert_int_equal(fgetxattr(fd, "trusted.overlay.redirect", value, sizeof value), -1);
    assert_int_equal(fgetxattr(fd, "security.selinux", value, sizeof value), -1);
}

static void limits_hold(void **state)
{
    struct sandbox *s = *state;
    struct slip_apply_options options = options_for(true);
    slip_cleanup(slip_closep) int root = sandbox_dir(s, "root");
    const struct raw two[] = { { '0', "a", .body = "12345" },
                               { '0', "b", .body = "12345" },
                               { 0 } };

    options.max_bytes = 9;
    assert_int_equal(apply_raw(s, root, two, &options), -1);
    assert_string_equal(s->err.msg, "'b' is more than the archive may unpack to");
    options.max_bytes = 10;
    options.max_entries = 1;
    assert_int_equal(apply_raw(s, root, two, &options), -1);
    assert_string_equal(s->err.msg, "the archive has more than 1 entries");
    options.max_entries = 2;
    ASSERT_OK(s, apply_raw(s, root, two, &options));
}

static void names_have_limits(void **state)
{
    struct sandbox *s = *state;
    const struct slip_apply_options options = options_for(true);
    slip_cleanup(slip_closep) int root = sandbox_dir(s, "root");
    slip_cleanup(slip_buf_release) struct slip_buf deep = SLIP_BUF_INIT, wide = SLIP_BUF_INIT;

    for (int i = 0; i < 300; i++)
        slip_buf_puts(&deep, "d/");
    for (int i = 0; i < 256; i++)
        slip_buf_putc(&wide, 'n');
    assert_int_equal(
        apply_raw(s, root,
                  (const struct raw[]){ { 'L', "l", .body = deep.data }, { '0', "x" }, { 0 } },
                  &options),
        -1);
    assert_non_null(strstr(s->err.msg, "lies too deep"));
    assert_int_equal(
        apply_raw(s, root,
                  (const struct raw[]){ { 'L', "l", .body = wide.data }, { '0', "x" }, { 0 } },
                  &options),
        -1);
    assert_non_null(strstr(s->err.msg, "a name of more than 255 bytes"));
    /* Row 12: kept as it is in the file system, shown without what steers a terminal. */
    ASSERT_OK(
        s, apply_raw(s, root, (const struct raw[]){ { '0', "\xff\033[1m\n" }, { 0 } }, &options));
    assert_int_equal(faccessat(root, "\xff\033[1m\n", F_OK, 0), 0);
    assert_int_equal(
        apply_raw(s, root, (const struct raw[]){ { '2', "\033x", "" }, { 0 } }, &options), -1);
    assert_string_equal(s->err.msg, "'?x' is a link to no possible name");
}

static void the_diff_id_is_of_all_bytes(void **state)
{
    struct sandbox *s = *state;
    const struct slip_apply_options options = options_for(true);
    slip_cleanup(slip_buf_release) struct slip_buf tar = SLIP_BUF_INIT;
    slip_cleanup(slip_closep) int root = sandbox_dir(s, "root");
    struct slip_digest is, want;

    add_all(s, &tar, (const struct raw[]){ { '0', "f", .body = "x" }, { 0 } });
    slip_buf_puts(&tar, "behind the end mark");
    slip_digest_of(tar.data, tar.len, &want);
    slip_cleanup(slip_closep) int fd = file_of(s, tar.data, tar.len);
    ASSERT_OK(s, slip_apply(fd, root, &options, &is, &s->err));
    assert_string_equal(is.hex, want.hex);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, sandbox_begin, sandbox_end)
    const struct CMUnitTest tests[] = {
        TEST(everything_is_set),
        TEST(emulated_owners_are_noted),
        TEST(without_overlay_marks_remove),
        TEST(marks_of_overlayfs_are_not_obeyed),
        TEST(limits_hold),
        TEST(names_have_limits),
        TEST(the_diff_id_is_of_all_bytes),
    };

    return SLIP_RUN_ROWS("hostile archives", rows, hostile) +
           SLIP_RUN_ROWS("whiteouts", mark_rows, marks) +
           cmocka_run_group_tests_name("apply", tests, NULL, NULL);
}

/* One command in a sandbox, in every tier: what it sees, what it may, what it leaves. The root is
 * this machine's own, so that nothing has to be downloaded. */
#include "exec/sandbox.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "exec/tiers.h"

#define PATH_ENV "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* A sandbox over the host with a fresh upper, and what came of it. */
struct world {
    struct slip_sandbox spec;
    const char *argv[8];
    const char *env[4];
    int layer;
    struct slip_buf out;
    struct slip_exit exit;
    struct slip_error err;
};

static void keep_output(void *user, int fd, const char *bytes, size_t n)
{
    (void)fd;
    slip_buf_put(user, bytes, n);
}

static void world_make(struct world *w, const char *script)
{
    static unsigned serial;
    char upper[32], scratch[40];

    *w = (struct world){ .spec = SLIP_SANDBOX_INIT, .layer = -1 };
    snprintf(upper, sizeof upper, "upper-%u", __atomic_add_fetch(&serial, 1, __ATOMIC_RELAXED));
    snprintf(scratch, sizeof scratch, "s%s", upper);
    w->spec.rootfs.upper = scratch_dir(upper);
    w->spec.rootfs.scratch = scratch_dir(scratch);
    w->spec.rootfs.host = true;
    w->argv[0] = "/bin/sh";
    w->argv[1] = "-c";
    w->argv[2] = script;
    w->env[0] = PATH_ENV;
    w->spec.argv = w->argv;
    w->spec.env = w->env;
    w->spec.cwd = "/";
    w->spec.output = keep_output;
    w->spec.user_data = &w->out;
}

static int world_run(struct world *w)
{
    return slip_sandbox_run(&w->spec, &w->exit, &w->err);
}

static void world_drop(struct world *w)
{
    slip_cleanup(slip_freep) char *left = names_in(w->spec.rootfs.scratch, ".");

    assert_string_equal(left, ""); /* no mount point, no work directory */
    (void)close(w->spec.rootfs.upper);
    (void)close(w->spec.rootfs.scratch);
    slip_closep(&w->layer);
    slip_buf_release(&w->out);
    slip_error_release(&w->err);
}

/* What a shell says in the sandbox. The same in every tier, unless `only` names one. */
static const struct row {
    const char *name;
    const char *script;
    const char *output; /* exactly */
    int status;         /* as waitpid gives it */
    const char *user, *cwd, *env;
    const char *only, *not ; /* a tier */
    enum slip_sandbox_net network;
} rows[] = {
    { "exit status", "exit 7", "", .status = 7 << 8 },
    { "signal death", "kill -KILL $$", "", .status = SIGKILL },
    { "both streams", "echo one; echo two >&2", "one\ntwo\n", .status = 0 },
    { "environment: the given one and HOME", "env | grep -v ^PWD= | sort",
      "A=b\nHOME=/root\n" PATH_ENV "\n", 0, .env = "A=b" },
    { "environment: HOME stays", "echo $HOME", "/x\n", 0, .env = "HOME=/x" },
    { "HOME of a user", "echo $HOME", "/usr/sbin\n", 0, .user = "daemon" },
    { "working directory", "pwd", "/usr/share\n", 0, .cwd = "/usr/share" },
    { "working directory is made", "pwd; stat -c %a .", "/some/where\n755\n", 0,
      .cwd = "/some/where" },
    { "no standard input", "cat; readlink /proc/self/fd/0", "/dev/null\n", .status = 0 },
    { "user by name", "id -u; id -g", "1\n1\n", 0, .user = "daemon" },
    { "user by number", "id -u; id -g", "12345\n0\n", 0, .user = "12345" },
    { "user and group", "id -u; id -g; id -G", "1\n2\n2\n", 0, .user = "daemon:bin" },
    { "a user's files", "touch /tmp/f; mkdir /tmp/d; stat -c %u:%g /tmp/f /tmp/d", "1:1\n1:1\n", 0,
      .user = "daemon" },
    { "a user can open the standard streams", "echo x > /dev/stdout", "x\n", 0, .user = "daemon" },
    { "umask", "umask", "0022\n", .status = 0 },
    { "limits", "ulimit -n; ulimit -c", "1024\n0\n", .status = 0 },
    { "no fds but three", "ls /proc/self/fd | tr '\\n' ' '", "0 1 2 3 ",
      .status = 0 }, /* 3: of ls */
    { "no processes but ours", "set -- /proc/[0-9]*; echo $*", "/proc/1 /proc/2\n", .status = 0 },
    { "host name", "hostname; cat /etc/hostname", "slipway\nslipway\n", .status = 0 },
    { "devices", "echo x > /dev/null; head -c 2 /dev/zero | od -An -tx1; test -c /dev/tty; echo $?",
      " 00 00\n0\n", .status = 0 },
    { "shared memory and terminals", "touch /dev/shm/x && test -d /dev/pts && stat -c %a /dev/shm",
      "1777\n", .status = 0 },
    { "init's environment", "cat /proc/1/environ 2>/dev/null | wc -c", "0\n", .status = 0 },
    { "init's program", "readlink /proc/1/exe || echo no", "no\n", .status = 0 },
    { "init's command line", "tr -d '\\0' < /proc/1/cmdline | wc -c", "0\n", .status = 0 },
    { "init cannot be killed", "kill -KILL 1; echo still", "still\n", .status = 0 },
    { "sysctls cannot be written", "(echo x > /proc/sys/kernel/hostname) 2>/dev/null || echo no",
      "no\n", .status = 0 },
    { "sysrq cannot be written", "(echo h > /proc/sysrq-trigger) 2>/dev/null || echo no", "no\n",
      .status = 0 },
    { "keys are masked", "wc -c < /proc/keys", "0\n", .status = 0 },
    { "no mount", "mount -t tmpfs x /tmp 2>/dev/null; echo $?", "32\n", .status = 0 },
    { "no namespaces", "unshare -U true 2>/dev/null; echo $?", "1\n", .status = 0 },
    { "eleven capabilities", "grep CapEff /proc/self/status | cut -f2", "00000000800405fb\n",
      .status = 0 },
    { "and none in reserve", "grep CapBnd /proc/self/status | cut -f2", "00000000800405fb\n",
      .status = 0 },
    { "network none has only lo", "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '", "lo\n",
      .status = 0 },
    { "lo is up", "cat /sys/class/net/lo/flags", "0x9\n", .status = 0 },
    { "network none has no resolver", "wc -c < /etc/resolv.conf", "0\n", .status = 0 },
    { "network host has the resolver", "cat /etc/resolv.conf | wc -l | grep -q ^0 || echo yes",
      "yes\n", 0, .network = SLIP_SANDBOX_NET_HOST },
    { "no home", "ls -d /home /root /mnt 2>/dev/null | wc -l", "0\n", .status = 0 },
    { "generated files stay",
      "(echo x > /etc/hosts) 2>/dev/null || rm /etc/hosts 2>/dev/null || "
      "echo no",
      "no\n", .status = 0 },
    { "a daemon does not hold us", "sleep 1000 & echo done", "done\n", .status = 0 },
    { "nor a stubborn one",
      "(setsid sh -c 'trap \"\" TERM HUP; while :; do sleep 1; done' &) ; echo done", "done\n",
      .status = 0 },

    /* who owns what: really in root and range, emulated in single */
    { "chown and stat agree", "touch f; chown 5:6 f; stat -c %u:%g f; find f -uid 5 -gid 6",
      "5:6\nf\n", 0, .cwd = "/place" },
    { "chown of half", "touch f; chown 5 f; chown :6 f; stat -c %u:%g f", "5:6\n", 0,
      .cwd = "/place" },
    { "chown clears the set-id bits", "touch f; chmod 6755 f; chown 5:5 f; stat -c %a f", "755\n",
      0, .cwd = "/place" },
    { "chmod after chown", "touch f; chown 5:6 f; chmod 640 f; stat -c %a:%u f", "640:5\n", 0,
      .cwd = "/place" },
    { "back to root", "touch f; chown 5:6 f; chown 0:0 f; stat -c %u:%g f", "0:0\n", 0,
      .cwd = "/place" },
    { "ls, tar and cp -a agree",
      "touch f; chown 5:6 f; cp -a f g; tar c f | tar tv --numeric-owner | cut -d' ' -f2; "
      "ls -ln g | cut -d' ' -f3,4",
      "5/6\n5 6\n", 0, .cwd = "/place" },
    { "set-group-ID directory", "mkdir d; chgrp 8 d; chmod 2775 d; touch d/f; stat -c %g d/f",
      "8\n", 0, .cwd = "/place" },
    { "setpriv", "setpriv --reuid 5 --regid 6 --groups 7,8 sh -c 'id -u; id -g; id -G'",
      "5\n6\n6 7 8\n", .status = 0 },
    { "no way back",
      "setpriv --reuid 5 --regid 6 --clear-groups setpriv --reuid 0 true 2>/dev/null; echo $?",
      "127\n", .status = 0 },
    { "parents stay who they are", "setpriv --reuid 5 --clear-groups true; id -u", "0\n",
      .status = 0 },
    { "children inherit", "setpriv --reuid 5 --clear-groups sh -c 'sh -c \"id -u & wait\"'", "5\n",
      .status = 0 },
    { "su", /* the host's shadow file is not for ordinary users */
      "echo 'daemon:*:19000:0:99999:7:::' > /etc/s; mv /etc/s /etc/shadow; "
      "su -s /bin/sh daemon -c 'id -u; touch /tmp/x; test -O /tmp/x && echo mine'",
      "1\nmine\n", .status = 0 },
    { "host files belong to root", "stat -c %u:%g /etc/passwd /usr /usr/bin/env", "0:0\n0:0\n0:0\n",
      .status = 0, .not = "range" },
    { "root in another root", /* where an absolute link leads elsewhere */
      "mkdir d; chown 5 d; ln -s /local/d l; chroot /usr /bin/stat -c %u /local/l/. /local/l; "
      "chroot /usr /bin/chown 7 /local/l; cd /; stat -c %u /usr/local/d",
      "5\n0\n7\n", .status = 0, .cwd = "/usr/local" },
    { "the owner is hidden", "touch f; chown 5 f; getfattr -d -m- f 2>/dev/null | wc -l", "0\n", 0,
      .cwd = "/place" },
    { "devices are made up", "mknod n c 1 3; mknod b b 8 1; stat -c '%F %t %T' n b",
      "character special file 1 3\nblock special file 8 1\n", 0, .only = "single",
      .cwd = "/place" },
};

static void test_row(void **state)
{
    const struct row *row = *state;
    struct world w;

    if ((row->only && strcmp(row->only, slip_tier_name(the_tier)) != 0) ||
        (row->not &&strcmp(row->not, slip_tier_name(the_tier)) == 0))
        skip();
    world_make(&w, row->script);
    w.spec.user = row->user ? row->user : "";
    w.spec.cwd = row->cwd ? row->cwd : "/";
    w.spec.network = row->network;
    w.env[1] = row->env;
    if (world_run(&w) < 0)
        fail_msg("%s", w.err.msg);
    if (row->output)
        assert_string_equal(slip_buf_str(&w.out), row->output);
    assert_int_equal(w.exit.wait_status, row->status);
    assert_false(w.exit.cancelled);
    assert_true(w.exit.max_rss > 100 << 10);
    world_drop(&w);
}

/* Commands that cannot be started, and what is said about them. */
static const struct failure {
    const char *name;
    const char *argv0, *user, *cwd;
    const char *says;
    enum slip_errc code;
} failures[] = {
    { "not in PATH", "nosuch", "", "/", "exec: \"nosuch\": not found in PATH", SLIP_ESTEP },
    { "no such file", "/no/such", "", "/", "exec: \"/no/such\": no such file", SLIP_ESTEP },
    { "not executable", "/etc/passwd", "", "/", "exec: \"/etc/passwd\"", SLIP_ESTEP },
    { "a directory", "/etc", "", "/", "exec: \"/etc\"", SLIP_ESTEP },
    { "interpreter", "/opt/script", "", "/",
      "exec: \"/opt/script\": its interpreter or loader is missing", SLIP_ESTEP },
    { "no such user", "true", "nobody-here", "/", "user 'nobody-here' is not in /etc/passwd",
      SLIP_EINPUT },
    { "no such group", "true", "root:nothing-here", "/", "group 'nothing-here' is not in",
      SLIP_EINPUT },
    { "working directory is a file", "true", "", "/etc/passwd", "'/etc/passwd'", SLIP_ESYSTEM },
    { "working directory is magic", "true", "", "/proc/self/fd/0", "'/proc/self/fd/0'",
      SLIP_ESYSTEM },
};

static void test_failure(void **state)
{
    const struct failure *row = *state;
    struct world w;

    world_make(&w, "");
    w.argv[0] = row->argv0;
    w.argv[1] = NULL;
    w.spec.user = row->user;
    w.spec.cwd = row->cwd;
    assert_int_equal(mkdirat(w.spec.rootfs.upper, "opt", 0755), 0);
    put_file(w.spec.rootfs.upper, "opt/script", "#!/no/interpreter\n", 0755);
    assert_int_equal(world_run(&w), -1);
    assert_non_null(strstr(w.err.msg, row->says));
    assert_int_equal(w.err.code, row->code);
    world_drop(&w);
}

/* --- what is left --- */

static void assert_upper(const struct world *w, const char *path, const char *names)
{
    slip_cleanup(slip_freep) char *found = names_in(w->spec.rootfs.upper, path);

    assert_string_equal(found, names);
}

static void test_untouched(void **state)
{
    struct world w;
    int dir = scratch_dir("bound");
    const struct slip_sandbox_mount mounts[] = {
        { SLIP_SANDBOX_BIND, "/run/secrets/dir", dir, -1, -1, true, 0, 0, 0, 0, NULL },
        { SLIP_SANDBOX_TMPFS, "/new/place", -1, -1, -1, false, 0, 0755, 0, 0, NULL },
        { SLIP_SANDBOX_TMPFS, "/usr/new/place", -1, -1, -1, false, 0, 0755, 0, 0, NULL },
    };

    (void)state;
    world_make(&w, "true");
    w.spec.mounts = mounts;
    w.spec.nmounts = 3;
    assert_int_equal(world_run(&w), 0);
    assert_upper(&w, ".", "");
    world_drop(&w);
    (void)close(dir);
}

/* Mount points that the command has changed are no content either, but what it put beside them. */
static void test_changed_stubs(void **state)
{
    struct world w;
    int dir = scratch_dir("cached");
    const struct slip_sandbox_mount mounts[] = {
        { SLIP_SANDBOX_BIND, "/srv/home/.cache/x", dir, -1, -1, false, 0, 0, 0, 0, NULL },
        { SLIP_SANDBOX_BIND, "/opt/slip-a/b/c", dir, -1, -1, false, 0, 0, 0, 0, NULL },
    };

    (void)state;
    world_make(&w, "chown -R 1:1 /srv/home; chmod 700 /srv/home/.cache; touch /opt/slip-a/new; "
                   "chmod 711 /opt/slip-a/b");
    w.spec.mounts = mounts;
    w.spec.nmounts = 2;
    assert_int_equal(world_run(&w), 0);
    assert_upper(&w, "opt", "slip-a");
    assert_upper(&w, "opt/slip-a", "new");
    assert_upper(&w, "srv", "");
    world_drop(&w);
    (void)close(dir);
}

static void test_captured(void **state)
{
    struct world w;
    struct stat st;

    (void)state;
    world_make(&w, "umask 022; echo hi > /usr/local/bin/x; rm /usr/bin/env; mkdir -p /app/y; "
                   "mkdir /usr/lib/slip-new; touch /usr/lib/slip-new/f; echo z > /etc/slip-z");
    assert_int_equal(world_run(&w), 0);
    assert_int_equal(w.exit.wait_status, 0);
    assert_string_equal(slip_buf_str(&w.out), "");
    slip_cleanup(slip_freep) char *x = get_file(w.spec.rootfs.upper, "usr/local/bin/x");
    assert_string_equal(x, "hi\n");
    assert_upper(&w, ".", "app etc usr");
    assert_upper(&w, "etc", "slip-z");
    assert_upper(&w, "usr/lib", "slip-new");
    assert_int_equal(fstatat(w.spec.rootfs.upper, "usr/bin/env", &st, AT_SYMLINK_NOFOLLOW), 0);
    assert_true(S_ISCHR(st.st_mode)); /* a whiteout */
    assert_int_equal(slip_rootfs_shows_host("/usr/local/bin/x"), 1);
    assert_int_equal(slip_rootfs_shows_host("/app/y"), 0);
    assert_int_equal(slip_rootfs_shows_host("/tmp/y"), 0);
    world_drop(&w);
}

/* The upper of one step is a layer of the next. */
static void test_stacked(void **state)
{
    struct world first, second;

    (void)state;
    world_make(&first, "echo one > /usr/local/bin/x; rm /etc/passwd; echo a > /etc/slip-a; "
                       "mkdir -p /usr/local/etc; rm -rf /usr/local/etc; "
                       "mkdir /usr/local/etc; echo b > /usr/local/etc/b");
    assert_int_equal(world_run(&first), 0);
    assert_int_equal(first.exit.wait_status, 0);
    world_make(&second, "cat /usr/local/bin/x /etc/slip-a; test -e /etc/passwd || echo gone; "
                        "ls /usr/local/etc; test -x /usr/bin/env && echo host");
    second.spec.rootfs.layers = &first.spec.rootfs.upper;
    second.spec.rootfs.nlayers = 1;
    assert_int_equal(world_run(&second), 0);
    assert_string_equal(slip_buf_str(&second.out), "one\na\ngone\nb\nhost\n");
    assert_upper(&second, ".", "");
    world_drop(&second);
    world_drop(&first);
}

static void test_readonly(void **state)
{
    struct world w;

    (void)state;
    world_make(&w, "(touch /tmp/x || touch /usr/local/x || touch /etc/x) 2>/dev/null || echo no");
    w.spec.root_readonly = true;
    assert_int_equal(world_run(&w), 0);
    assert_string_equal(slip_buf_str(&w.out), "no\n");
    world_drop(&w);

    int upper;
    world_make(&w, "(touch /tmp/x || touch /usr/local/x) 2>/dev/null || echo no");
    upper = w.spec.rootfs.upper;
    w.spec.rootfs.upper = -1;
    assert_int_equal(world_run(&w), 0);
    assert_string_equal(slip_buf_str(&w.out), "no\n");
    w.spec.rootfs.upper = upper;
    world_drop(&w);
}

static void test_mounts(void **state)
{
    struct world w;
    int rw = scratch_dir("rw"), ro = scratch_dir("ro"), below = scratch_dir("below"),
        upper = scratch_dir("above"), work = scratch_dir("work");
    put_file(ro, "file", "read\n", 0644);
    put_file(below, "low", "low\n", 0644);
    int file = openat(ro, "file", O_PATH | O_CLOEXEC);
    const struct slip_sandbox_mount mounts[] = {
        { SLIP_SANDBOX_BIND, "/m/rw", rw, -1, -1, false, 0, 0, 0, 0, NULL },
        { SLIP_SANDBOX_BIND, "/m/ro", ro, -1, -1, true, 0, 0, 0, 0, NULL },
        { SLIP_SANDBOX_BIND, "/m/one/file", file, -1, -1, true, 0, 0, 0, 0, NULL },
        { SLIP_SANDBOX_OVERLAY, "/m/over", below, upper, work, false, 0, 0, 0, 0, NULL },
        { SLIP_SANDBOX_TMPFS, "/m/tmp", -1, -1, -1, false, 1 << 20, 0711, 0, 0, NULL },
        { SLIP_SANDBOX_TMPFS, "/m/rw/sub", -1, -1, -1, false, 0, 0700, 0, 0, NULL },
        { SLIP_SANDBOX_FILE, "/m/text", -1, -1, -1, true, 3, 0440, 5, 6, "abcd" },
        { SLIP_SANDBOX_FILE, "/dev/x/script", -1, -1, -1, true, 24, 0755, 0, 0,
          "#!/bin/sh\necho script $0\n" },
        { SLIP_SANDBOX_TMPFS, "/usr/share", -1, -1, -1, false, 0, 0, 0, 0, NULL },
        { SLIP_SANDBOX_TMPFS, "/m/fresh", -1, -1, -1, false, 0, 0, 0, 0, NULL },
    };

    (void)state;
    world_make(&w, "echo w > /m/rw/new; cat /m/ro/file /m/one/file; "
                   "(touch /m/ro/x || touch /m/one/file) 2>/dev/null || echo no; "
                   "cat /m/over/low; echo up > /m/over/up; rm /m/over/low; "
                   "stat -c %a /m/tmp; (head -c 2000000 /dev/zero > /m/tmp/x) 2>/dev/null || "
                   "echo full; stat -c %a /m/rw/sub; cat /m/text; stat -c ' %a %u:%g' /m/text; "
                   "/dev/x/script; stat -c %a /usr/share /m/fresh; "
                   "(echo x >/m/text) 2>/dev/null || echo no");
    w.spec.mounts = mounts;
    w.spec.nmounts = SLIP_ARRAY_LEN(mounts);
    assert_int_equal(world_run(&w), 0);
    assert_string_equal(slip_buf_str(&w.out), "read\nread\nno\nlow\n711\nfull\n700\nabc 440 5:6\n"
                                              "script /dev/x/script\n755\n1777\nno\n");
    slip_cleanup(slip_freep) char *in_rw = names_in(rw, ".");
    slip_cleanup(slip_freep) char *above = names_in(upper, ".");
    slip_cleanup(slip_freep) char *under = names_in(below, ".");
    assert_string_equal(in_rw, "new sub");
    assert_string_equal(above, "low up");
    assert_string_equal(under, "low");
    assert_upper(&w, ".", "");
    world_drop(&w);
    const int fds[] = { rw, ro, below, upper, work, file };
    for (size_t i = 0; i < SLIP_ARRAY_LEN(fds); i++)
        (void)close(fds[i]);
}

/* An image that leads mount points elsewhere: nothing may be mounted outside, nor left behind. */
static void test_links(void **state)
{
    struct world w;
    int layer = scratch_dir("layer-links");

    (void)state;
    assert_int_equal(mkdirat(layer, "etc", 0755), 0);
    assert_int_equal(symlinkat("../run/net/resolv.conf", layer, "etc/resolv.conf"), 0);
    assert_int_equal(symlinkat("/gone/hosts", layer, "etc/hosts"), 0);
    world_make(&w, "cat /etc/hostname; grep -c localhost /etc/hosts; wc -c < /run/net/resolv.conf");
    w.spec.rootfs.layers = &layer;
    w.spec.rootfs.nlayers = 1;
    if (world_run(&w) < 0)
        fail_msg("%s", w.err.msg);
    assert_string_equal(slip_buf_str(&w.out), "slipway\n2\n0\n");
    assert_upper(&w, ".", "");
    world_drop(&w);

    assert_int_equal(symlinkat("/etc", layer, "dev"), 0);
    world_make(&w, "true");
    w.spec.rootfs.layers = &layer;
    w.spec.rootfs.nlayers = 1;
    assert_int_equal(world_run(&w), -1);
    assert_non_null(strstr(w.err.msg, "'/dev' of the image is not a directory"));
    world_drop(&w);
    (void)close(layer);
}

static void test_keep_fd(void **state)
{
    struct world w;
    int ends[2];
    char script[64], byte;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    snprintf(script, sizeof script, "echo x >&%d", ends[1]);
    world_make(&w, script);
    w.argv[0] = "/bin/bash"; /* dash has no fds above 9 */
    w.spec.keep_fd = ends[1];
    assert_int_equal(world_run(&w), 0);
    assert_int_equal(w.exit.wait_status, 0);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_int_equal(byte, 'x');
    (void)close(ends[0]);
    (void)close(ends[1]);
    world_drop(&w);
}

static void test_much_output(void **state)
{
    struct world w;

    (void)state;
    world_make(&w, "head -c 5000000 /dev/zero; head -c 3000000 /dev/zero >&2");
    assert_int_equal(world_run(&w), 0);
    assert_int_equal(w.out.len, 8000000);
    world_drop(&w);
}

/* --- how it ends --- */

static volatile sig_atomic_t cancel;

static void cancel_on_output(void *user, int fd, const char *bytes, size_t n)
{
    keep_output(user, fd, bytes, n);
    cancel = 1;
}

static double seconds(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void test_cancel(void **state)
{
    const bool stubborn = *state != NULL;
    struct world w;
    double start = seconds();

    cancel = 0;
    world_make(
        &w, stubborn
                ? "exec 2>&-; trap '' TERM; echo on; while :; do sleep 0.1; done"
                : "exec 2>&-; trap 'echo bye; exit 3' TERM; echo on; while :; do sleep 0.1; done");
    w.spec.output = cancel_on_output;
    w.spec.cancel = &cancel;
    assert_int_equal(world_run(&w), 0);
    assert_true(w.exit.cancelled);
    assert_int_equal(w.exit.wait_status, stubborn ? SIGKILL : 3 << 8);
    assert_string_equal(slip_buf_str(&w.out), stubborn ? "on\n" : "on\nbye\n");
    assert_true(seconds() - start < (stubborn ? 15 : 4));
    world_drop(&w);
}

/* How many processes of this machine are `sleep SECONDS`: not the shells that are about to be. */
static int count_sleepers(const char *seconds)
{
    char wanted[64];
    size_t len = (size_t)snprintf(wanted, sizeof wanted, "sleep%c%s", '\0', seconds) + 1;
    DIR *proc = opendir("/proc");
    int n = 0;

    for (struct dirent *e; proc && (e = readdir(proc));) {
        char path[300], line[64];
        snprintf(path, sizeof path, "/proc/%s/cmdline", e->d_name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t got = fd < 0 ? -1 : read(fd, line, sizeof line);
        slip_closep(&fd);
        n += got == (ssize_t)len && memcmp(line, wanted, len) == 0;
    }
    if (proc)
        (void)closedir(proc);
    return n;
}

static void wait_for_sleepers(const char *seconds, int wanted)
{
    int n = -1;

    for (int i = 0; i < 1500 && (n = count_sleepers(seconds)) != wanted; i++)
        usleep(20000);
    assert_int_equal(n, wanted);
}

static void test_launcher_killed(void **state)
{
    char word[32], script[160];
    struct world w;

    (void)state;
    snprintf(word, sizeof word, "98.%d", (int)getpid());
    snprintf(script, sizeof script, "setsid sleep %s & (sleep %s &); exec sleep %s", word, word,
             word);
    world_make(&w, script);
    pid_t pid = fork();
    if (pid == 0) {
        (void)world_run(&w);
        _exit(0);
    }
    wait_for_sleepers(word, 3);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    wait_for_sleepers(word, 0);
    slip_cleanup(slip_freep) char *left = names_in(w.spec.rootfs.scratch, ".");
    left[strcspn(left, " ")] = '\0'; /* the other is its work directory */
    slip_cleanup(slip_freep) char *path =
        slip_xasprintf("/proc/self/fd/%d/%s", w.spec.rootfs.scratch, left);
    assert_int_equal(umount2(path, MNT_DETACH),
                     0); /* slipway's would have died with its namespace */
    (void)close(w.spec.rootfs.upper);
    (void)close(w.spec.rootfs.scratch);
}

static void *run_some(void *user)
{
    uintptr_t *bad = user;

    for (int i = 0; i < 4; i++) {
        char script[64], wanted[16];
        struct world w;
        snprintf(wanted, sizeof wanted, "%d\n", i);
        snprintf(script, sizeof script, "echo %d; touch /usr/local/f /tmp/g", i);
        world_make(&w, script);
        if (world_run(&w) < 0) {
            print_error("%s\n", w.err.msg);
            ++*bad;
        } else {
            *bad += strcmp(slip_buf_str(&w.out), wanted) != 0 || w.exit.wait_status != 0;
        }
        world_drop(&w);
    }
    return NULL;
}

static void test_threads(void **state)
{
    pthread_t threads[4];
    uintptr_t bad[4] = { 0 };

    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_some, &bad[i]), 0);
    for (size_t i = 0; i < 4; i++) {
        (void)pthread_join(threads[i], NULL);
        assert_int_equal(bad[i], 0);
    }
}

/* What is in the extended attribute is what exec/owner.h says. */
static void test_owner_format(void **state)
{
    char value[64] = "";
    struct world w;

    (void)state;
    if (the_tier != SLIP_TIER_SINGLE)
        skip();
    world_make(&w, "touch /tmp/f; chmod 640 /tmp/f; chown 5:6 /tmp/f; mknod -m 600 /tmp/n c 1 3");
    assert_int_equal(world_run(&w), 0);
    for (size_t i = 0; i < 2; i++) {
        char path[96];
        snprintf(path, sizeof path, "/proc/self/fd/%d/tmp/%s", w.spec.rootfs.upper, i ? "n" : "f");
        memset(value, 0, sizeof value);
        assert_true(getxattr(path, "user.containers.override_stat", value, sizeof value - 1) > 0);
        assert_string_equal(value, i ? "0:0:600:char-1-3" : "5:6:640");
    }
    world_drop(&w);
}

static int body(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_untouched),
        cmocka_unit_test(test_changed_stubs),
        cmocka_unit_test(test_captured),
        cmocka_unit_test(test_stacked),
        cmocka_unit_test(test_readonly),
        cmocka_unit_test(test_mounts),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_keep_fd),
        cmocka_unit_test(test_much_output),
        { "cancel", test_cancel, NULL, NULL, NULL },
        { "cancel of a stubborn one", test_cancel, NULL, NULL, (void *)(uintptr_t) "" },
        cmocka_unit_test(test_launcher_killed),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_owner_format),
    };
    int failed = SLIP_RUN_ROWS("sandbox", rows, test_row);

    failed += SLIP_RUN_ROWS("sandbox failures", failures, test_failure);
    return failed + cmocka_run_group_tests_name("sandbox traces", tests, NULL, NULL);
}

int main(void)
{
    return run_in_tiers(body);
}

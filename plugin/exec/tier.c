#include "exec/tier.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <sched.h>
#include <stdint.h>
#include <sys/capability.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "exec/userns.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/proc.h"

static const char *const names[] = {
    [SLIP_TIER_ROOT] = "root",
    [SLIP_TIER_RANGE] = "range",
    [SLIP_TIER_SINGLE] = "single",
};

static bool entered;
static enum slip_tier current;

/* What will be entered, found out before anything is changed. */
struct choice {
    enum slip_tier tier;
    bool userns;      /* a user namespace has to be made */
    const char *why;  /* for the note */
    const char *lack; /* why it is not range; NULL: nothing lacks */
    struct slip_subids uids, gids;
};

/* A child that stayed in the outer user namespace, where newuidmap must be called. */
struct mapper {
    pid_t pid;
    int go, answer; /* owned */
};

const char *slip_tier_name(enum slip_tier tier)
{
    return names[tier];
}

int slip_tier_entered(enum slip_tier *ret)
{
    if (entered && ret)
        *ret = current;
    return entered;
}

static bool has_admin(void)
{
    cap_flag_value_t value = CAP_CLEAR;
    cap_t caps = cap_get_proc();

    (void)cap_get_flag(caps, CAP_SYS_ADMIN, CAP_EFFECTIVE, &value);
    (void)cap_free(caps);
    return value == CAP_SET;
}

/* Fills uids and gids; the answer is what lacks for tier range, or NULL. */
static const char *find_subids(struct choice *c)
{
    const struct passwd *pw = getpwuid(getuid());
    const char *name = pw ? pw->pw_name : NULL;

    if (!slip_proc_have("newuidmap") || !slip_proc_have("newgidmap"))
        return "newuidmap and newgidmap are not installed (package uidmap)";
    if (!slip_subids_find("/etc/subuid", name, getuid(), &c->uids))
        return "/etc/subuid gives this user no 65536 ids";
    if (!slip_subids_find("/etc/subgid", name, getuid(), &c->gids))
        return "/etc/subgid gives this user no 65536 ids";
    return NULL;
}

static void choose_best(struct choice *c)
{
    uint64_t mapped = slip_ids_mapped();

    c->lack = find_subids(c);
    c->userns = getuid() != 0 || !has_admin();
    if (!c->userns && mapped >= UINT32_MAX) {
        c->tier = SLIP_TIER_ROOT;
        c->why = "running as root";
    } else if (!c->userns) {
        c->tier = mapped >= SLIP_IDS_WANTED ? SLIP_TIER_RANGE : SLIP_TIER_SINGLE;
        c->why = "already root in a user namespace";
    } else {
        c->tier = c->lack ? SLIP_TIER_SINGLE : SLIP_TIER_RANGE;
        c->why = c->lack ? c->lack : "subordinate ids from /etc/subuid and /etc/subgid";
    }
}

static int choose(struct choice *c, const char *want, struct slip_error *err)
{
    *c = (struct choice){ 0 };
    choose_best(c);
    if (!want || strcmp(want, names[c->tier]) == 0)
        return 0;
    c->userns = true;
    c->why = "as asked";
    if (strcmp(want, "single") == 0) {
        c->tier = SLIP_TIER_SINGLE;
        return 0;
    }
    if (strcmp(want, "range") == 0) {
        c->tier = SLIP_TIER_RANGE;
        if (!c->lack)
            return 0;
        slip_fail(err, SLIP_EHOST, "tier range is not possible here: %s", c->lack);
        return slip_error_hint(err, "'sudo apt install uidmap' and 'sudo usermod --add-subuids "
                                    "100000-165535 --add-subgids 100000-165535 $USER'");
    }
    if (strcmp(want, "root") == 0) {
        slip_fail(err, SLIP_EHOST, "tier root is not possible here: this process is not root");
        return slip_error_hint(err, "run as root, or let slipway choose the tier");
    }
    slip_fail(err, SLIP_EUSAGE, "there is no tier '%s'", want);
    return slip_error_hint(err, "the tiers are root, range and single");
}

static int refused(struct slip_error *err, const char *what)
{
    slip_fail_errno(err, "%s", what);
    err->code = SLIP_EHOST;
    const struct slip_obstacle *obstacle = slip_userns_obstacle();
    if (obstacle)
        return slip_error_hint(err, "%s is %ld here; %s", obstacle->sysctl, obstacle->bad,
                               obstacle->fix);
    return slip_error_hint(err, "in a container, start that container with '--privileged' or with "
                                "'--security-opt seccomp=unconfined'; 'slipway doctor' says more");
}

static int run_mapper(const char *program, pid_t target, unsigned own,
                      const struct slip_subids *ids)
{
    char pid[16], id[16], start[24], count[24];
    char zero[] = "0", one[] = "1", *name = (char *)(uintptr_t)program;
    char *argv[] = { name, pid, zero, id, one, one, start, count, NULL };
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    int status;

    snprintf(pid, sizeof pid, "%d", (int)target);
    snprintf(id, sizeof id, "%u", own);
    snprintf(start, sizeof start, "%" PRIu64, ids->start);
    snprintf(count, sizeof count, "%" PRIu64, ids->count);
    return slip_proc_run(argv, NULL, &status, &err) < 0 ? 127 : status;
}

/* Forked before unshare(2): who entered the new namespace has no rights in the old one. */
static int mapper_start(struct mapper *m, const struct choice *c, struct slip_error *err)
{
    int go[2], answer[2];
    pid_t target = getpid();
    unsigned uid = geteuid(), gid = getegid();

    if (pipe2(go, O_CLOEXEC) < 0 || pipe2(answer, O_CLOEXEC) < 0)
        return slip_fail_errno(err, "cannot make a pipe");
    m->pid = fork();
    if (m->pid < 0)
        return slip_fail_errno(err, "cannot start a process");
    if (m->pid == 0) {
        char byte, failed = 0;
        (void)close(go[1]);
        if (slip_read_full(go[0], &byte, 1) == 1) {
            int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
            (void)dup2(null, STDERR_FILENO); /* the answer is enough */
            failed = run_mapper("newuidmap", target, uid, &c->uids) != 0 ||
                     run_mapper("newgidmap", target, gid, &c->gids) != 0;
            (void)slip_write_all(answer[1], &failed, 1);
        }
        _exit(0);
    }
    (void)close(go[0]);
    (void)close(answer[1]);
    m->go = go[1];
    m->answer = answer[0];
    return 0;
}

/* Lets it work, or go home; 0 when both maps are written. */
static int mapper_finish(struct mapper *m, bool go)
{
    char failed = 1;

    if (go && (slip_write_all(m->go, "", 1) < 0 || slip_read_full(m->answer, &failed, 1) != 1))
        failed = 1;
    (void)close(m->go);
    (void)close(m->answer);
    while (waitpid(m->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return failed ? -1 : 0;
}

static int write_text(const char *path, const char *text)
{
    slip_cleanup(slip_closep) int fd = open(path, O_WRONLY | O_CLOEXEC);

    return fd < 0 ? -1 : slip_write_all(fd, text, strlen(text));
}

/* Every process may map its own id, once it has renounced setgroups(2). */
static int map_own_id(unsigned uid, unsigned gid)
{
    char uids[32], gids[32];

    snprintf(uids, sizeof uids, "0 %u 1\n", uid);
    snprintf(gids, sizeof gids, "0 %u 1\n", gid);
    return write_text("/proc/self/uid_map", uids) < 0 ||
                   write_text("/proc/self/setgroups", "deny") < 0 ||
                   write_text("/proc/self/gid_map", gids) < 0
               ? -1
               : 0;
}

static int enter_userns(struct choice *c, struct slip_error *err)
{
    struct mapper mapper = { .go = -1, .answer = -1 };
    bool range = c->tier == SLIP_TIER_RANGE;
    unsigned uid = geteuid(), gid = getegid();

    if (range && mapper_start(&mapper, c, err) < 0)
        return -1;
    int rc = unshare(CLONE_NEWUSER | CLONE_NEWNS), saved = errno;
    int mapped = range ? mapper_finish(&mapper, rc == 0) : -1;
    if (rc < 0) {
        errno = saved;
        return refused(err, "cannot make a user namespace");
    }
    if (mapped < 0) {
        if (map_own_id(uid, gid) < 0)
            return refused(err, "cannot map this user's id in a user namespace");
        if (range)
            c->why = "newuidmap or newgidmap failed";
        c->tier = SLIP_TIER_SINGLE;
    }
    if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
        return slip_fail_errno(err, "cannot become root in the user namespace");
    return 0;
}

int slip_tier_enter(const char *want, enum slip_tier *ret, struct slip_events *events,
                    struct slip_error *err)
{
    struct choice c;

    if (entered) {
        *ret = current;
        return 0;
    }
    if (choose(&c, want, err) < 0)
        return -1;
    bool asked_for_range = want && c.tier == SLIP_TIER_RANGE;
    if (c.userns && enter_userns(&c, err) < 0)
        return -1;
    if (asked_for_range && c.tier != SLIP_TIER_RANGE) {
        slip_fail(err, SLIP_EHOST, "tier range is not possible here: %s", c.why);
        return slip_error_hint(err, "newuidmap and newgidmap must be setuid root, or have the file "
                                    "capabilities cap_setuid and cap_setgid");
    }
    if (!c.userns && unshare(CLONE_NEWNS) < 0)
        return refused(err, "cannot make a mount namespace");
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return refused(err, "cannot make the mount namespace private");
    entered = true;
    current = *ret = c.tier;
    slip_note(events, "tier %s: %s", names[current], c.why);
    return 0;
}

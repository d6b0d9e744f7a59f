/* measure RESULT COMMAND [ARG...] - runs a command and appends one line to RESULT:
 *
 *   <wall seconds> <user s> <system s> <largest process, KiB> <the tool itself, KiB>
 *
 * The fourth is the kernel's high-water mark of any one process below the command, compilers
 * included. The fifth is what the tool alone took: the proportional set size of all processes below
 * that run the command's own executable, summed, the highest of samples 10 ms apart; 0 when it
 * was over before the first. Exit status: the command's.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SAMPLE_NS 10000000L
#define MAX_PIDS 65536

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int parent_of(int pid)
{
    char path[64], line[512];
    int parent = 0;

    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *f = fopen(path, "re");
    if (!f)
        return 0;
    if (fgets(line, sizeof line, f)) {
        const char *end = strrchr(line, ')');
        if (!end || sscanf(end + 1, " %*c %d", &parent) != 1)
            parent = 0;
    }
    fclose(f);
    return parent;
}

static int is_below(int pid, int top)
{
    for (int depth = 0; pid > 1 && depth < 64; depth++, pid = parent_of(pid))
        if (pid == top)
            return 1;
    return 0;
}

static void executable_of(int pid, char *out, size_t size)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/exe", pid);
    ssize_t n = readlink(path, out, size - 1);
    out[n > 0 ? n : 0] = '\0';
}

static long pss_of(int pid)
{
    char path[64], line[256];
    long kib = 0;

    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    FILE *f = fopen(path, "re");
    if (!f)
        return 0;
    while (fgets(line, sizeof line, f) && sscanf(line, "Pss: %ld", &kib) != 1)
        ;
    fclose(f);
    return kib;
}

static long sample(int top, const char *tool)
{
    static char exe[4096];
    DIR *proc = opendir("/proc");
    long total = 0;

    if (!proc)
        return 0;
    for (struct dirent *e; (e = readdir(proc));) {
        int pid = (int)strtol(e->d_name, NULL, 10);
        if (pid <= 0 || !is_below(pid, top))
            continue;
        executable_of(pid, exe, sizeof exe);
        if (strcmp(exe, tool) == 0)
            total += pss_of(pid);
    }
    closedir(proc);
    return total;
}

int main(int argc, char **argv)
{
    static char tool[4096], self[4096];
    struct rusage usage;
    long peak = 0;
    int status;

    if (argc < 3) {
        fputs("usage: measure RESULT COMMAND [ARG...]\n", stderr);
        return 2;
    }
    executable_of((int)getpid(), self, sizeof self);
    double start = seconds();
    pid_t pid = fork();
    if (pid == 0) {
        execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    while (wait4(pid, &status, WNOHANG, &usage) == 0) {
        struct timespec pause = { .tv_nsec = seconds() - start < 0.1 ? 500000L : SAMPLE_NS };
        nanosleep(&pause, NULL);
        if (seconds() - start < 0.02)
            continue; /* a short command is timed, not watched */
        if (!*tool) {
            executable_of(pid, tool, sizeof tool);
            if (strcmp(tool, self) == 0)
                *tool = '\0';
        }
        long now = *tool ? sample(pid, tool) : 0;
        peak = now > peak ? now : peak;
    }
    double wall = seconds() - start;
    FILE *result = fopen(argv[1], "ae");
    if (!result) {
        perror(argv[1]);
        return 2;
    }
    fprintf(result, "%.4f %.3f %.3f %ld %ld\n", wall,
            (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6,
            (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6, usage.ru_maxrss,
            peak);
    fclose(result);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

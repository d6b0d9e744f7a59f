#include "build/mode.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The bits that a letter of chmod(1) stands for. */
static mode_t bits_of(char letter, mode_t mode)
{
    switch (letter) {
    case 'r':
        return 0444;
    case 'w':
        return 0222;
    case 'x':
        return 0111;
    case 'X':
        return S_ISDIR(mode) || (mode & 0111) ? 0111 : 0;
    case 's':
        return 06000;
    case 't':
        return 01000;
    default: /* what another class has */
        return 0111 * ((mode >> (letter == 'u' ? 6 : letter == 'g' ? 3 : 0)) & 7);
    }
}

/* One clause of chmod(1): who, then operators, each with its permissions. */
static int apply_clause(const char *p, const char *end, mode_t *mode)
{
    mode_t who = 0;

    for (; p < end && strchr("ugoa", *p); p++)
        who |= *p == 'u' ? 04700u : *p == 'g' ? 02070u : *p == 'o' ? 01007u : 07777u;
    if (!who)
        who = 07777;
    if (p == end)
        return -1;
    while (p < end) {
        char op = *p++;
        mode_t bits = 0;
        if (!strchr("+-=", op))
            return -1;
        for (; p < end && strchr("rwxXstugo", *p); p++)
            bits |= bits_of(*p, *mode);
        bits &= who;
        if (op == '+')
            *mode |= bits;
        else if (op == '-')
            *mode &= ~bits;
        else
            *mode = (*mode & ~(who & 0777)) | bits;
    }
    return 0;
}

mode_t slip_git_mode(mode_t mode)
{
    bool file = S_ISREG(mode) || S_ISDIR(mode);
    mode_t bits = mode & 07777;

    return file && (bits == 0664 || bits == 0775) ? mode & ~(mode_t)0020 : mode;
}

int slip_chmod_apply(const char *spec, mode_t mode, mode_t *ret)
{
    if (*spec >= '0' && *spec <= '7') {
        char *end;
        unsigned long value = strtoul(spec, &end, 8);
        if (*end || value > 07777)
            return -1;
        *ret = (mode & S_IFMT) | (mode_t)value;
        return 0;
    }
    for (const char *p = spec;; p++) {
        const char *end = strchrnul(p, ',');
        if (apply_clause(p, end, &mode) < 0)
            return -1;
        p = end;
        if (!*p)
            break;
    }
    *ret = mode;
    return 0;
}

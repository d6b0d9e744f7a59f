#include "exec/caps.h"

#include <errno.h>
#include <stddef.h>
#include <sys/capability.h>

#include "util/mem.h"

static const cap_value_t command[] = {
    CAP_CHOWN,   CAP_DAC_OVERRIDE, CAP_FSETID,           CAP_FOWNER,     CAP_SETGID, CAP_SETUID,
    CAP_SETFCAP, CAP_SETPCAP,      CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT, CAP_KILL,
};

static const cap_value_t init[] = { CAP_KILL };

static const cap_value_t emulator[] = {
    CAP_KILL, CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FSETID, CAP_FOWNER, CAP_SYS_CHROOT, CAP_SYS_PTRACE,
};

static void capfreep(cap_t *caps)
{
    (void)cap_free(*caps);
}

static int set_exactly(const cap_value_t *values, size_t n)
{
    slip_cleanup(capfreep) cap_t caps = cap_init();

    if (!caps || (n && (cap_set_flag(caps, CAP_PERMITTED, (int)n, values, CAP_SET) < 0 ||
                        cap_set_flag(caps, CAP_EFFECTIVE, (int)n, values, CAP_SET) < 0)))
        return -1;
    return cap_set_proc(caps);
}

static bool is_commands(cap_value_t value)
{
    for (size_t i = 0; i < SLIP_ARRAY_LEN(command); i++)
        if (command[i] == value)
            return true;
    return false;
}

int slip_caps_bound(void)
{
    if (cap_reset_ambient() < 0 && errno != EINVAL)
        return -1;
    for (cap_value_t cap = 0; cap_get_bound(cap) >= 0; cap++)
        if (!is_commands(cap) && cap_drop_bound(cap) < 0)
            return -1;
    return 0;
}

int slip_caps_command(bool root)
{
    return set_exactly(command, root ? SLIP_ARRAY_LEN(command) : 0);
}

int slip_caps_init(bool emulating)
{
    return emulating ? set_exactly(emulator, SLIP_ARRAY_LEN(emulator))
                     : set_exactly(init, SLIP_ARRAY_LEN(init));
}

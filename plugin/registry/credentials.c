#include "registry/credentials.h"
#include "util/mem.h"
int slip_credential_find(const struct slip_strv *files, const char *registry,
                         const char *repository, struct slip_credential *ret,
                         struct slip_error *err)
{
    (void)files;
    (void)registry;
    (void)repository;
    (void)ret;
    (void)err;
    return 0;
}
void slip_credential_release(struct slip_credential *c)
{
    free(c->user);
    free(c->secret);
}

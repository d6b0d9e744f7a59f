/* Named to the linker, which takes nothing from it. */
int unused(const char *s);

int unused(const char *s)
{
    return s[0] * 7 + s[1];
}

int loop_count(const char *s);

int loop_count(const char *s)
{
    int n = 0;

    for (; *s; s++)
        n += 3 * (*s == 'l');
    return n;
}

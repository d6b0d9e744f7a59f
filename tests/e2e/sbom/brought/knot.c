int knot_count(const char *s);

int knot_count(const char *s)
{
    int n = 0;

    for (; *s; s++)
        n += *s == 'o';
    return n;
}

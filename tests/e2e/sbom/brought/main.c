int knot_count(const char *s);

int main(int argc, char **argv)
{
    return knot_count(argv[0]) - argc;
}

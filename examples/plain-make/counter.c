#include <stdio.h>

int main(int argc, char **argv)
{
    FILE *conf = argc > 1 ? fopen(argv[1], "r") : NULL;
    int upto = 0;

    if (!conf || fscanf(conf, "upto %d", &upto) != 1) {
        fprintf(stderr, "counter: cannot read %s\n", argc > 1 ? argv[1] : "a file (none given)");
        return 1;
    }
    fclose(conf);
    for (int i = 1; i <= upto; i++)
        printf("%d%c", i, i < upto ? ' ' : '\n');
    return 0;
}

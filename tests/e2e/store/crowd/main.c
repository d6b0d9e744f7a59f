#include <stdio.h>
#include <unistd.h>

/* prog FILE TEXT: appends, slowly */
int main(int argc, char **argv)
{
    FILE *f = argc == 3 ? fopen(argv[1], "a") : NULL;

    usleep(30000);
    return !f || fprintf(f, "%s\n", argv[2]) < 0 || fclose(f) != 0;
}

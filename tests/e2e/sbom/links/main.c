#include <math.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

int knot_count(const char *s);
int wrap(const char *s);

int main(int argc, char **argv)
{
    unsigned char packed[4096];
    uLongf n = sizeof packed;

    compress(packed, &n, (const Bytef *)argv[0], strlen(argv[0]));
    printf("%d %d %lu %f\n", wrap(argv[0]), knot_count(argv[0]), (unsigned long)n, sin(argc));
    return 0;
}

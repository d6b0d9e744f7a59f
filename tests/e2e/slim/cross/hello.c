#include <math.h>
#include <stdio.h>

int own(void);

int main(int argc, char **argv)
{
    (void)argv;
    printf("hello %d %.0f\n", own(), sqrt(argc * 16.0));
    return 3;
}

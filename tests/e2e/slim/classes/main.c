#include <stdio.h>

int foo(void);

int main(void)
{
    return printf("%d\n", foo()) < 0;
}

#include <stdio.h>
void say(void)
{
    puts("hello from a library");
}

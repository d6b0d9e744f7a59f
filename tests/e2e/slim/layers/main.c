#include <stdio.h>

const char *greet(void), *third(void);

int main(void)
{
    printf("%s, %s, %s\n", greet(), third(), OWN);
    return 0;
}

#include <stdio.h>
#include <unistd.h>
int main(void) { printf("I am %d\n", (int)getuid()); return 0; }

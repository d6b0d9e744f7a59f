#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "env") == 0) {
        char cwd[100];
        printf("%s %s %d:%d\n", getenv("A"), getcwd(cwd, sizeof cwd), getuid(), getgid());
        return 0;
    }
    int n = argc > 1 ? atoi(argv[1]) : 0;
    if (n > 128)
        raise(n - 128);
    return n;
}

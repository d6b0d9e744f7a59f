#include "table.h"

int main(int argc, char **argv)
{
    (void)argv;
    return !names[argc] + table_sum(argc) + table[argc] == 0;
}

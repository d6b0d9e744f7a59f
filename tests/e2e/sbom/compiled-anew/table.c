#include "table.h"

const int table[64] = { 3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3 };

int table_sum(int n)
{
    int sum = 0;

    for (int i = 0; i < n && i < 64; i++)
        sum += table[i] * n;
    return sum;
}

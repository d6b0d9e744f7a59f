extern const int table[64];
int table_sum(int n);

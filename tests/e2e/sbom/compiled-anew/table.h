extern const int table[64];
extern const char *const names[3];
int table_sum(int n);

const char *const names[] = { "three", "one", "four" };

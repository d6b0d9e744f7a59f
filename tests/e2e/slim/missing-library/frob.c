int frob(void) { return 0; }

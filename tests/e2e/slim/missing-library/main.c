int frob(void); int main(void) { return frob(); }

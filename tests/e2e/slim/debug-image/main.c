/* It crashes, three calls deep, in the library. */
void fall(int *where, int depth);

static int start(int depth)
{
    fall(0, depth);
    return depth;
}

int main(void)
{
    return start(2) != 2;
}

/* A library of the project. */
void fall(int *where, int depth)
{
    if (depth > 0)
        fall(where, depth - 1);
    else
        *where = 42;
}

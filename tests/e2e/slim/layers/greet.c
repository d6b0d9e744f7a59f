const char *GREET(void)
{
    return GREETING;
}

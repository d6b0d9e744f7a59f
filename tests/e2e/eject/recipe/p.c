void say(void);
int main(void)
{
    say();
    return 0;
}

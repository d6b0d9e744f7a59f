/* One program for each thing that no header says; which one is told by -D. */
#include <dlfcn.h>
#include <iconv.h>
#include <locale.h>
#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#ifdef CERTIFICATES
int SSL_CTX_set_default_verify_paths(void *context);
#endif

int main(int argc, char **argv)
{
#if defined SHELL
    return popen("date", "r") == NULL;
#elif defined PLUGIN
    return dlopen("libplugin.so.2", RTLD_NOW) == NULL;
#elif defined ANY_PLUGIN
    return dlopen(argv[argc - 1], RTLD_NOW) == NULL;
#elif defined USER
    return getpwnam("mosquitto") == NULL;
#elif defined ANY_USER
    return getpwnam(argv[argc - 1]) == NULL;
#elif defined MYSELF
    return getpwuid(getuid()) == NULL;
#elif defined CERTIFICATES
    return SSL_CTX_set_default_verify_paths(argv);
#elif defined ZONE
    return localtime(&(time_t){ argc })->tm_year;
#elif defined LOCALE
    return setlocale(LC_ALL, "") == NULL;
#elif defined CHARSET
    return iconv_open("UTF-8", argv[argc - 1]) == (iconv_t)-1;
#elif defined HELPER
    return execv("/usr/libexec/helper", argv);
#elif defined ANY_HELPER
    return execvp(argv[argc - 1], argv);
#elif defined HOST
    return getaddrinfo(argv[argc - 1], NULL, NULL, &(struct addrinfo *){ NULL });
#elif defined PORT
    return getservbyname(argv[argc - 1], "tcp") == NULL;
#elif defined LOG
    syslog(LOG_INFO, "started");
    return 0;
#elif defined TEMPORARY
    return mkstemp((char[]){ "/tmp/XXXXXX" }) < 0;
#endif
}

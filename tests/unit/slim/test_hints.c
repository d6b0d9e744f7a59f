#include "slim/hints.h"

#include "compile.h"

/* Programs of this machine's own C library, and what their imports give away. `wants` lists the
 * needs in order; `opens` is a library that must be in the closure though nothing names it. */
static const struct row {
    const char *name, *source, *flags, *wants, *opens;
} rows[] = {
    { "nothing special", "#include <stdio.h>\nint main(void) { return puts(\"x\"); }", "", "",
      NULL },
    { "names of hosts",
      "#include <netdb.h>\nint main(void) { struct addrinfo *r; return getaddrinfo(\"a\", 0, 0, "
      "&r); }",
      "", "nsswitch ", NULL },
    { "users and a shell",
      "#include <pwd.h>\n#include <stdlib.h>\nint main(void) { return !getpwnam(\"redis\") + "
      "system(\"x\"); }",
      "", "/bin/sh users(redis) ", NULL },
    { "time zones and locales",
      "#include <time.h>\n#include <locale.h>\nint main(void) { time_t t = 0; setlocale(0, \"\"); "
      "return localtime(&t)->tm_year; }",
      "", "locales tzdata ", NULL },
    { "helper programs",
      "#include <unistd.h>\nint main(int n, char **v) { (void)n; return execvp(*v, v); }", "",
      "programs ", NULL },
    { "a helper program that it names",
      "#include <unistd.h>\nint main(int n, char **v) { (void)n; return execv(\"/bin/sh\", v) + "
      "execv(\"/nowhere/x\", v); }",
      "", "programs(/bin/sh) ", NULL },
    { "a place for certificates",
      "int SSL_CTX_load_verify_locations(void *c, const char *f, const char *d);\nint main(void) { "
      "return SSL_CTX_load_verify_locations(0, \"/etc/ssl/certs/ca-certificates.crt\", 0); }",
      "-lssl", "ca-certificates(/etc/ssl/certs/ca-certificates.crt) ", NULL },
    { "names of ports, temporary files, logs",
      "#include <netdb.h>\n#include <stdlib.h>\n#include <syslog.h>\nint main(int n, char **v) { "
      "(void)n; "
      "syslog(1, \"x\"); return mkstemp(*v) + !getservbyname(*v, 0); }",
      "", "services syslog tmp ", NULL },
    { "plugins", "#include <dlfcn.h>\nint main(void) { return !dlopen(\"libplug.so.7\", 1); }", "",
      "dlopen(libplug.so.7) ", NULL },
    { "plugins of no known name",
      "#include <dlfcn.h>\nint main(int n, char **v) { return n && !dlopen(v[0], 1); }", "",
      "dlopen ", NULL },
    { "a thread that ends itself", "#include <pthread.h>\nint main(void) { pthread_exit(0); }",
      "-pthread", "", "libgcc_s.so.1" },
    { "static, without lookups", "#include <stdio.h>\nint main(void) { return puts(\"x\"); }",
      "-static", "", NULL },
    { "static, with lookups", "#include <pwd.h>\nint main(void) { return !getpwnam(\"redis\"); }",
      "-static -w", "static-nss ", NULL },
};

/* "need(names that stand in it) " for each. */
static char *show(const struct slip_closure *c)
{
    struct slip_buf out = SLIP_BUF_INIT;

    for (size_t i = 0; i < c->nhints; i++) {
        const struct slip_strv *names = &c->hints[i].names;
        slip_buf_puts(&out, c->hints[i].need);
        for (size_t k = 0; k < names->n; k++)
            slip_buf_printf(&out, "%c%s%s", k ? ' ' : '(', names->v[k],
                            k + 1 == names->n ? ")" : "");
        slip_buf_putc(&out, ' ');
    }
    return slip_buf_take(&out);
}

static void hints(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_closure_release) struct slip_closure c = SLIP_CLOSURE_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv roots = SLIP_STRV_INIT;
    slip_cleanup(slip_closep) int root = open("/", O_PATH | O_DIRECTORY);
    struct slip_closure_options options = SLIP_CLOSURE_OPTIONS_INIT;

    options.root = root;
    write_scratch("hint.c", row->source, 0644);
    must("cc -O0 -o @hint @hint.c %s", row->flags);
    slip_strv_add_take(&roots, in_scratch("hint"));
    if (slip_closure_compute(&c, &roots, &options, &err) < 0)
        fail_msg("%s", err.msg);
    slip_cleanup(slip_freep) char *shown = show(&c);
    assert_string_equal(shown, row->wants);
    bool opened = false;
    for (size_t i = 0; i < c.nfiles; i++)
        opened |= strcmp(c.files[i].soname, "dlopen") == 0 && row->opens &&
                  strcmp(slip_path_base(c.files[i].path), row->opens) == 0;
    assert_int_equal(opened, row->opens != NULL);
}

/* With a dlopen list, nobody asks for one. */
static void known_plugins_are_no_hint(void **state)
{
    slip_cleanup(slip_closure_release) struct slip_closure c = SLIP_CLOSURE_INIT;
    slip_cleanup(slip_elf_release) struct slip_elf elf = SLIP_ELF_INIT;

    (void)state;
    elf.dynamic = true;
    elf.interp = slip_xstrdup("/lib/ld.so");
    slip_strv_add(&elf.symbols, "dlopen");
    slip_hints_of(&c, -1, "/bin/x", &elf, true);
    assert_int_equal(c.nhints, 0);
    slip_hints_of(&c, -1, "/bin/x", &elf, false);
    assert_int_equal(c.nhints, 1);
}

/* A C library from before 2.34 has its name services in files of their own. */
static void old_name_services(void **state)
{
    slip_cleanup(slip_elf_release) struct slip_elf elf = SLIP_ELF_INIT;

    (void)state;
    slip_strv_add(&elf.symbols, "getaddrinfo");
    slip_strv_add(&elf.symbols, "pthread_cancel");
    assert_string_equal(slip_hint_hidden_library(&elf, true, 0), "libgcc_s.so.1");
    assert_string_equal(slip_hint_hidden_library(&elf, true, 1), "libnss_files.so.2");
    assert_string_equal(slip_hint_hidden_library(&elf, true, 2), "libnss_dns.so.2");
    assert_null(slip_hint_hidden_library(&elf, true, 3));
    assert_null(slip_hint_hidden_library(&elf, false, 1));
}

/* The table is searched by halves: each of these is found only when it is sorted. */
static void finds_symbols(void **state)
{
    static const char *const known[] = { "SSL_CTX_set_default_verify_paths",
                                         "__nss_files_functions",
                                         "dlopen",
                                         "execve",
                                         "getaddrinfo",
                                         "gethostbyname2_r",
                                         "getpwnam_r",
                                         "gnutls_certificate_set_x509_system_trust",
                                         "popen",
                                         "pthread_exit",
                                         "system",
                                         "tzset" };

    (void)state;
    for (size_t i = 0; i < SLIP_ARRAY_LEN(known); i++)
        assert_true(slip_hint_symbol(known[i]));
    assert_false(slip_hint_symbol("printf"));
    assert_false(slip_hint_symbol(""));
}

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(known_plugins_are_no_hint),
        cmocka_unit_test(old_name_services),
        cmocka_unit_test(finds_symbols),
    };

    need_compiler();
    if (scratch_setup(NULL) < 0)
        return 1;
    int failed = SLIP_RUN_ROWS("hints", rows, hints) +
                 cmocka_run_group_tests_name("hints", others, NULL, NULL);
    return scratch_teardown(NULL) < 0 || failed;
}

/* Runs a fuzz target over files, without a fuzzer: the corpus as an ordinary test.
 * usage: replay_<noun> FILE-OR-DIRECTORY... */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *bytes = NULL;
    size_t size = 0;
    int c;

    if (!file) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    FILE *copy = open_memstream(&bytes, &size);
    while ((c = getc(file)) != EOF)
        putc(c, copy);
    fclose(copy);
    fclose(file);
    fprintf(stderr, "%s: %zu bytes\n", path, size);
    /* A block of its own size, so that a sanitizer sees the first byte too many. */
    uint8_t *exact = malloc(size ? size : 1);
    memcpy(exact, bytes, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    free(bytes);
    return 0;
}

static int replay(const char *path, unsigned *count)
{
    struct dirent **entries = NULL;
    int n = scandir(path, &entries, NULL, alphasort), rc = 0;

    if (n < 0) {
        ++*count;
        return replay_file(path);
    }
    for (int i = 0; i < n; i++) {
        char *below = NULL;
        if (entries[i]->d_name[0] != '.' && rc == 0) {
            if (asprintf(&below, "%s/%s", path, entries[i]->d_name) < 0)
                abort();
            rc = replay(below, count);
            free(below);
        }
        free(entries[i]);
    }
    free(entries);
    return rc;
}

int main(int argc, char **argv)
{
    unsigned count = 0;

    for (int i = 1; i < argc; i++)
        if (replay(argv[i], &count) < 0)
            return 1;
    if (!count) {
        fprintf(stderr, "usage: %s FILE-OR-DIRECTORY...\n", argv[0]);
        return 1;
    }
    printf("%u inputs\n", count);
    return 0;
}

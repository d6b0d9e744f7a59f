#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "recipe/write.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

#define FILE_LIMIT ((size_t)1 << 20)

/* A recipe by the file that tells the kind of project; the first that is there decides. "@" in the
 * text stands for the name of the image. */
static const struct kind {
    const char *file; /* "*.x": any file with that end */
    const char *text;
} kinds[] = {
    { "CMakeLists.txt",
      "[image]\nname = @\nentrypoint = @\n\n"
      "# host: the compilers of this machine, in a sandbox. debian: those of a base image, with "
      "the\n"
      "# packages that are named here. tree: a build tree that is there already.\n"
      "[toolchain]\nuse = host\n\n[build]\nsystem = cmake\n" },
    { "meson.build",
      "[image]\nname = @\nentrypoint = @\n\n"
      "[stage build]\nfrom = debian:12\npackages = build-essential meson ninja-build pkg-config\n"
      "workdir = /src\ncopy = . .\nrun = meson setup /build --buildtype=release && ninja -C "
      "/build\n"
      "install = meson install -C /build\n" },
    { "configure.ac",
      "[image]\nname = @\nentrypoint = @\n\n[toolchain]\nuse = host\n\n[build]\nsystem = "
      "autotools\n" },
    { "configure",
      "[image]\nname = @\nentrypoint = @\n\n[toolchain]\nuse = host\n\n[build]\nsystem = "
      "autotools\n" },
    { "Cargo.toml", "[image]\nname = @\nentrypoint = @\n\n"
                    "[stage build]\nfrom = rust:1-bookworm\nworkdir = /src\ncopy = . .\n"
                    "install = cargo install --locked --path . --root \"$DESTDIR/usr/local\"\n" },
    { "go.mod", "[image]\nname = @\nentrypoint = @\n\n"
                "[stage build]\nfrom = golang:1\nworkdir = /src\ncopy = . .\nenv = CGO_ENABLED=0\n"
                "run = go test ./...\n"
                "install = GOBIN=\"$DESTDIR/usr/local/bin\" go install -trimpath ./...\n" },
    { "package.json",
      "[image]\nname = @\nstage = app\n\n"
      "[stage build]\nfrom = node:20\nsteps =\n    WORKDIR /app\n    COPY package*.json ./\n"
      "    RUN npm install\n    COPY . .\n    RUN npm run build --if-present\n"
      "    RUN npm prune --omit=dev\n\n"
      "[stage app]\nfrom = node:20-slim\nsteps =\n    WORKDIR /app\n"
      "    COPY --from=build /app ./\n    USER node\n    CMD [\"npm\", \"start\"]\n" },
    { "pom.xml", "[image]\nname = @\nstage = app\n\n"
                 "[stage build]\nfrom = maven:3-eclipse-temurin-17\nsteps =\n    WORKDIR /src\n"
                 "    COPY pom.xml ./\n    RUN mvn -B dependency:go-offline\n    COPY . .\n"
                 "    RUN mvn -B package\n\n"
                 "[stage app]\nfrom = eclipse-temurin:17-jre\nsteps =\n    WORKDIR /app\n"
                 "    COPY --from=build /src/target/*.jar ./app.jar\n    USER 65532:65532\n"
                 "    ENTRYPOINT [\"java\", \"-jar\", \"app.jar\"]\n" },
    { "pyproject.toml",
      "[image]\nname = @\nstage = app\n\n"
      "[stage build]\nfrom = python:3.11\nsteps =\n    WORKDIR /src\n    COPY . .\n"
      "    RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir .\n\n"
      "[stage app]\nfrom = python:3.11-slim\nsteps =\n    COPY --from=build /venv /venv\n"
      "    ENV PATH=/venv/bin:$PATH\n    USER 65532:65532\n    CMD [\"python\", \"-m\", \"@\"]\n" },
    { "requirements.txt",
      "[image]\nname = @\nstage = app\n\n"
      "[stage build]\nfrom = python:3.11\nsteps =\n    COPY requirements.txt ./\n"
      "    RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir -r requirements.txt\n\n"
      "[stage app]\nfrom = python:3.11-slim\nsteps =\n    WORKDIR /app\n"
      "    COPY --from=build /venv /venv\n    COPY . .\n    ENV PATH=/venv/bin:$PATH\n"
      "    USER 65532:65532\n    CMD [\"python\", \"app.py\"]\n" },
    { "*.csproj",
      "[image]\nname = @\nstage = app\n\n"
      "[stage build]\nfrom = mcr.microsoft.com/dotnet/sdk:8.0\nsteps =\n    WORKDIR /src\n"
      "    COPY *.csproj ./\n    RUN dotnet restore\n    COPY . .\n"
      "    RUN dotnet publish -c Release -o /out\n\n"
      "[stage app]\nfrom = mcr.microsoft.com/dotnet/aspnet:8.0\nsteps =\n    WORKDIR /app\n"
      "    COPY --from=build /out ./\n    USER 65532:65532\n"
      "    ENTRYPOINT [\"dotnet\", \"@.dll\"]\n" },
    { "GNUmakefile",
      "[image]\nname = @\nentrypoint = @\n\n[toolchain]\nuse = host\n\n[build]\nsystem = make\n" },
    { "Makefile",
      "[image]\nname = @\nentrypoint = @\n\n[toolchain]\nuse = host\n\n[build]\nsystem = make\n" },
    { "makefile",
      "[image]\nname = @\nentrypoint = @\n\n[toolchain]\nuse = host\n\n[build]\nsystem = make\n" },
};

static bool is_there(const char *dir, const struct slip_strv *names, const char *file)
{
    slip_cleanup(slip_freep) char *path = slip_path_join(dir, file);

    if (*file != '*')
        return access(path, F_OK) == 0;
    for (size_t i = 0; i < names->n; i++)
        if (slip_ends_with(names->v[i], file + 1))
            return true;
    return false;
}

/* The program that a CMake project makes: the first word of its first add_executable(). */
static char *first_program(const char *dir)
{
    slip_cleanup(slip_freep) char *path = slip_path_join(dir, "CMakeLists.txt");
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;

    if (slip_read_file(AT_FDCWD, path, FILE_LIMIT, &text, &ignored) < 0)
        return NULL;
    const char *call = strstr(slip_buf_str(&text), "add_executable(");
    if (!call)
        return NULL;
    call += strlen("add_executable(");
    call += strspn(call, " \t\r\n");
    size_t n = 0;
    while (isalnum((unsigned char)call[n]) || (call[n] && strchr("_.+-", call[n])))
        n++;
    return n ? slip_xstrndup(call, n) : NULL;
}

static void put(struct slip_buf *out, const char *text, const char *name, const char *program)
{
    for (const char *p = text; *p; p++) {
        bool entry = *p == '@' && p - text > 13 && strncmp(p - 13, "entrypoint = ", 13) == 0;
        if (*p == '@')
            slip_buf_puts(out, entry && program ? program : name);
        else
            slip_buf_putc(out, *p);
    }
}

int slip_recipe_start(const char *dir, const char *name, struct slip_buf *out,
                      struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;

    if (slip_list_dir(AT_FDCWD, dir, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < SLIP_ARRAY_LEN(kinds); i++) {
        if (!is_there(dir, &names, kinds[i].file))
            continue;
        slip_cleanup(slip_freep) char *program = i == 0 ? first_program(dir) : NULL;
        slip_buf_printf(
            out, "; Begun by 'slipway init', for what %s says. Build it with: slipway build\n",
            kinds[i].file);
        put(out, kinds[i].text, name, program);
        return 0;
    }
    slip_fail(err, SLIP_EINPUT, "no project that is known in '%s'", dir);
    return slip_error_hint(err,
                           "it has no CMakeLists.txt, meson.build, configure, Makefile, go.mod, "
                           "Cargo.toml, package.json, pom.xml, pyproject.toml, "
                           "requirements.txt or *.csproj; --from-dockerfile reads a Dockerfile");
}

#include "main.h"

#include "engine/eject.h"
#include "util/source.h"

#define COLLECT "# a comment goes\nset -eu;\n    ls \"$image\";\n"

static const struct row {
    const char *name, *from;
    enum slip_dialect dialect;
    const char *expected; /* the file, or the error and its hint */
} rows[] = {
    { "an ordinary file stays as it is", "FROM a AS b\nCOPY --from=b --chmod=0644 x y\nRUN make\n",
      SLIP_DIALECT_PORTABLE, "FROM a AS b\nCOPY --from=b --chmod=0644 x y\nRUN make\n" },
    { "no stage is renamed without need", "FROM a\n\nFROM b\nCOPY --from=0 x y\n",
      SLIP_DIALECT_PORTABLE, "FROM a\n\nFROM b\nCOPY --from=0 x y\n" },
    { "the host becomes the base", "FROM host\n", SLIP_DIALECT_CURRENT, "FROM base:1\n" },
    { "a stage may be called host", "FROM a AS host\n\nFROM host\n", SLIP_DIALECT_CURRENT,
      "FROM a AS host\n\nFROM host\n" },
    { "a file of this machine is no base", "FROM rootfs:/x\n", SLIP_DIALECT_CURRENT,
      "'rootfs:/x' is on this machine only: no other builder can start from it|name an image that "
      "takes its place with --base IMAGE" },
    { "nor anything to copy from", "FROM a\nCOPY --from=oci:/x a b\n", SLIP_DIALECT_CURRENT,
      "'oci:/x' is on this machine only: no other builder can copy from it|push it to a registry "
      "and name it there" },
    { "tests are plain steps, and said so", "FROM a\nRUN --test make check\n", SLIP_DIALECT_CURRENT,
      "FROM a\n\n# The tests: an image is only made when they pass.\nRUN make check\n" },
    { "the context by name is the context",
      "FROM a\nCOPY --from=context x y\n"
      "RUN --mount=type=bind,from=context,target=/x --mount=type=bind,target=/y,from=context ls\n",
      SLIP_DIALECT_CURRENT,
      "FROM a\nCOPY x y\n"
      "RUN --mount=type=bind,target=/x --mount=type=bind,target=/y ls\n" },
    { "a cache over the context is Slipway's",
      "FROM a\nRUN --mount=type=cache,from=context,target=/x ls\n", SLIP_DIALECT_CURRENT,
      "other builders have no cache mount that shows the build context below it|COPY the sources "
      "into the stage, or mount them with type=bind" },
    { "installed files are collected",
      "FROM a AS build\nRUN --install make install\n\nFROM scratch AS runtime\n"
      "COPY --from=build --installed --destdir=/d --only=a,b --entrypoint=p / /\nUSER www\n",
      SLIP_DIALECT_PORTABLE,
      "FROM a AS build\n\n"
      "# What is younger than this file was installed, also outside of DESTDIR.\n"
      "RUN touch /slipway-installed && sleep 0.1\nRUN make install\n\n"
      "# The installed files, and the libraries that they need: what is copied below.\n"
      "FROM build AS installed\nUSER 0:0\n"
      "RUN image=/slipway-image;destdir=/d;mark=/slipway-installed;classes=runtime;class_of='';only='a b'; \\\n"
      "\tclosure='';strip='';debug='';files='';dlopen='';data=''; \\\n"
      "\tentrypoint=p;base='';user=www; \\\n\tset -eu; \\\n\t    ls \"$image\";\n\n"
      "FROM scratch AS runtime\nCOPY --from=installed /slipway-image/ /\nUSER www\n" },
    { "what is below is looked at, and numbers become names",
      "FROM a\nRUN --install x\n\nFROM b\nARG v\nRUN apt\nCOPY --from=0 --installed=dev / /\nRUN "
      "y\n",
      SLIP_DIALECT_PORTABLE,
      "FROM a AS stage-0\n\n"
      "# What is younger than this file was installed, also outside of DESTDIR.\n"
      "RUN touch /slipway-installed && sleep 0.1\nRUN x\n\n"
      "FROM b AS image-base\nARG v\nRUN apt\n\n"
      "# The installed files, and the libraries that they need: what is copied below.\n"
      "FROM stage-0 AS installed\nUSER 0:0\n"
      "RUN --mount=type=bind,from=image-base,target=/slipway-base "
      "image=/slipway-image;destdir=/slipway-image-none;mark=/slipway-installed;classes=dev;class_of='';only="
      "''; \\\n\tclosure='';strip='';debug='';files='';dlopen='';data=''; \\\n"
      "\tentrypoint='';base=/slipway-base;user=nonroot; \\\n\tset -eu; \\\n\t    ls \"$image\";\n\n"
      "FROM image-base\nARG v\nCOPY --from=installed /slipway-image/ /\nRUN y\n" },

    { "portable: a script without a heredoc", "FROM a\nRUN <<-EOF\n\tset -e\n\techo 'it is'\nEOF\n",
      SLIP_DIALECT_PORTABLE,
      "FROM a\nRUN eval \"$(printf '%s\\n' \t'set -e' \t'echo '\\''it is'\\''')\"\n" },
    { "portable: a text for a command", "FROM a\nRUN cat <<EOF >x\n$a\nEOF\n",
      SLIP_DIALECT_PORTABLE,
      "FROM a\nRUN eval \"$(printf '%s\\n' \t'cat <''<EOF >x' \t'$a' \t'EOF')\"\n" },
    { "portable: a script in another language",
      "FROM a\nRUN <<EOF\n#!/usr/bin/python3\nprint(1)\nEOF\n", SLIP_DIALECT_PORTABLE,
      "FROM a\nRUN printf '%s\\n' \\\n\t'#!/usr/bin/python3' \\\n\t'print(1)' \\\n"
      "\t>/tmp/slipway-script && chmod 0700 /tmp/slipway-script && /tmp/slipway-script && rm "
      "/tmp/slipway-script\n" },
    { "current: heredocs stay", "FROM a\nRUN <<EOF\nx\nEOF\nCOPY --link a b\n",
      SLIP_DIALECT_CURRENT, "FROM a\nRUN <<EOF\nx\nEOF\nCOPY --link a b\n" },
    { "portable: no network, and no link",
      "FROM a\nRUN --network=none x\nRUN --network=none y\nCOPY --link a b\n",
      SLIP_DIALECT_PORTABLE,
      "FROM a\n\n# Slipway runs this without a network, and those below that only build; docker "
      "20.10 "
      "has no word\n# for it.\nRUN x\nRUN y\n\n"
      "# --link is left out here: docker 20.10 does not know it. The files are the same.\n"
      "COPY a b\n" },
    { "portable: the host's network is for the whole build", "FROM a\nRUN --network=host x\n",
      SLIP_DIALECT_PORTABLE,
      "RUN --network=host cannot be said in the dialect 'portable'|build with docker build "
      "--network=host, or write the dialect 'current'" },
    { "portable: texts to copy", "FROM a\nCOPY <<EOF b\nEOF\n", SLIP_DIALECT_PORTABLE,
      "COPY of a text cannot be said in the dialect 'portable'|put the text into a file, or write "
      "the dialect 'current'" },
    { "portable: excluded files", "FROM a\nCOPY --exclude=x a b\n", SLIP_DIALECT_PORTABLE,
      "COPY --exclude cannot be said in the dialect 'portable'|name the files, or leave them out "
      "in "
      ".dockerignore, or write the dialect 'current'" },
    { "portable: modes in letters", "FROM a\nONBUILD COPY --chmod=u=rw a b\n",
      SLIP_DIALECT_PORTABLE,
      "COPY --chmod without a number cannot be said in the dialect 'portable'|write an octal mode "
      "such as 0755, or write the dialect 'current'" },
    { "portable: patterns in variables", "FROM a\nENV b=${c%d}\n", SLIP_DIALECT_PORTABLE,
      "ENV with this kind of ${variable} cannot be said in the dialect 'portable'|use ${name}, "
      "${name:-word} or ${name:+word}, or write the dialect 'current'" },
    { "portable: a shell keeps its own variables", "FROM a\nRUN echo ${c%d}\n",
      SLIP_DIALECT_PORTABLE, "FROM a\nRUN echo ${c%d}\n" },
    { "portable: a repository", "FROM a\nADD https://b/c.git#v1 d\n", SLIP_DIALECT_PORTABLE,
      "ADD of a git repository cannot be said in the dialect 'portable'|clone it in a RUN, or "
      "write the dialect 'current'" },
    { "portable: checks while starting",
      "FROM a\nHEALTHCHECK --start-interval=1s --interval=2s CMD x\n", SLIP_DIALECT_PORTABLE,
      "FROM a\n\n# --start-interval is left out: docker 20.10 checks at --interval from the "
      "start.\n"
      "HEALTHCHECK --interval=2s CMD x\n" },
    { "portable: no frontend from elsewhere", "# syntax=docker/dockerfile:1\nFROM a\n",
      SLIP_DIALECT_PORTABLE, "FROM a\n" },
    { "current: a frontend where it is needed", "FROM a\nCOPY --parents a b\n",
      SLIP_DIALECT_CURRENT, "# syntax=docker/dockerfile:1\n\nFROM a\nCOPY --parents a b\n" },
    { "current: the frontend that was asked for", "# syntax=my/own\nFROM a\nCOPY --parents a b\n",
      SLIP_DIALECT_CURRENT, "# syntax=my/own\n\nFROM a\nCOPY --parents a b\n" },
};

static void test_eject(void **state)
{
    const struct row *row = *state;
    const struct slip_eject_options options = { .dialect = row->dialect,
                                                .base = "base:1",
                                                .collect = COLLECT };
    slip_cleanup(slip_arena_release) struct slip_arena arena = SLIP_ARENA_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT, again = SLIP_BUF_INIT;
    const struct slip_source *src =
        slip_source_text(&arena, "Dockerfile", row->from, strlen(row->from));
    struct slip_dockerfile ast, ejected;

    assert_int_equal(slip_dockerfile_parse(&arena, src, &ast, &err), 0);
    slip_dockerfile_print(&ast, &again, &err);
    if (slip_eject(&ast, &options, &ejected, &err) < 0)
        slip_buf_printf(&out, "%s|%s", err.msg, err.hint);
    else
        assert_int_equal(slip_dockerfile_print(&ejected, &out, &err), 0);
    assert_string_equal(slip_buf_str(&out), row->expected);

    /* The tree that was given is still the same. */
    slip_cleanup(slip_buf_release) struct slip_buf after = SLIP_BUF_INIT;
    assert_int_equal(slip_dockerfile_print(&ast, &after, &err), 0);
    assert_string_equal(slip_buf_str(&after), slip_buf_str(&again));
}

int main(void)
{
    return SLIP_RUN_ROWS("engine/eject", rows, test_eject);
}

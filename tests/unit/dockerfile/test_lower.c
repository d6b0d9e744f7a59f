#include "main.h"

#include <fcntl.h>
#include <stdio.h>

#include "dockerfile/lower.h"
#include "dockerfile/show.h"
#include "util/fs.h"
#include "util/source.h"

/* What the bases of all tests have as their config, by name. */
static int base_config(void *user, const struct slip_input *input, const char *platform,
                       json_t **ret, struct slip_error *err)
{
    static const char *const known[][2] = {
        { "full", "{\"User\":\"app\",\"Env\":[\"PATH=/bin\",\"BASE=1\"],\"Cmd\":[\"run\"],"
                  "\"Entrypoint\":[\"/init\"],\"WorkingDir\":\"/srv\",\"Labels\":{\"a\":\"1\"},"
                  "\"Shell\":[\"/bin/bash\",\"-ec\"]}" },
        { "trigger", "{\"OnBuild\":[\"ARG V=t\",\"COPY --from=build $V /x\",\"RUN a\"]}" },
        { "bad-trigger", "{\"OnBuild\":[\"RNU a\"]}" },
    };

    (void)platform;
    if (user)
        ++*(unsigned *)user;
    if (strcmp(input->name, "missing") == 0)
        return slip_fail(err, SLIP_EREMOTE, "there is no image '%s'", input->name);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(known); i++)
        if (strcmp(input->name, known[i][0]) == 0) {
            *ret = slip_json_parse(known[i][1], strlen(known[i][1]), "config", err);
            return *ret ? 0 : -1;
        }
    *ret = json_object();
    return 0;
}

struct lowered {
    struct slip_arena arena;
    struct slip_dockerfile ast;
    struct slip_plan plan;
    struct slip_error err;
    struct slip_strv args, contexts, labels;
    struct slip_buf warnings;
    unsigned bases;
    int rc;
};

static void warn(void *user, const struct slip_warning *warning)
{
    struct lowered *l = user;

    slip_buf_printf(&l->warnings, "%u:%zu %s: %s\n", slip_span_line(warning->at),
                    slip_span_column(warning->at), warning->rule, warning->text);
}

static int count_base(void *user, const struct slip_input *input, const char *platform,
                      json_t **ret, struct slip_error *err)
{
    struct lowered *l = user;

    return base_config(&l->bases, input, platform, ret, err);
}

static void add_list(struct slip_strv *list, const char *items)
{
    for (const char *p = items; p && *p;) {
        size_t n = strcspn(p, " ");
        slip_strv_addn(list, p, n);
        p += n + (p[n] == ' ');
    }
}

static void lower_text(struct lowered *l, const char *text, const char *target, const char *args,
                       const char *contexts, const char *const *ignore)
{
    *l = (struct lowered){ 0 };
    add_list(&l->args, args);
    add_list(&l->contexts, contexts);
    struct slip_lower_options options = { .build_args = &l->args,
                                          .target = target,
                                          .platform = "linux/amd64",
                                          .contexts = &l->contexts,
                                          .labels = &l->labels,
                                          .ignore = ignore,
                                          .base_config = count_base,
                                          .warn = warn,
                                          .user = l };
    const struct slip_source *src = slip_source_text(&l->arena, "Dockerfile", text, strlen(text));

    l->rc = slip_dockerfile_parse(&l->arena, src, &l->ast, &l->err);
    if (l->rc == 0)
        l->rc = slip_dockerfile_lower(&l->arena, &l->ast, &options, &l->plan, &l->err);
}

static void release(struct lowered *l)
{
    slip_plan_release(&l->plan);
    slip_error_release(&l->err);
    slip_strv_release(&l->args);
    slip_strv_release(&l->contexts);
    slip_strv_release(&l->labels);
    slip_buf_release(&l->warnings);
    slip_arena_release(&l->arena);
}

struct row {
    const char *name, *text;
    const char *want; /* steps, or part of the config, or the warnings, or the diagnostic */
};

/* The rows that are given more than a text. */
struct extra {
    const char *row, *target, *args, *contexts;
};

static const struct extra extras[] = {
    { "build arguments win over defaults", NULL, "V=2 W=4", NULL },
    { "platform arguments", NULL,
      "BUILDPLATFORM=linux/amd64 TARGETARCH=arm TARGETVARIANT=v7 TARGETPLATFORM=linux/arm/v7",
      NULL },
    { "an earlier target", "A", NULL, NULL },
    { "a target by number", "0", NULL, NULL },
    { "the target's name", "b", NULL, NULL },
    { "named contexts elsewhere", NULL, NULL, "repo=github.com/a/b#v1 page=http://me:pw@h/x.tar" },
    { "named contexts", NULL, NULL,
      "docker.io/library/alpine:latest=/alp src=/s img=docker-image://deb:1 "
      "lay=oci-layout:///lay:t" },
    { "a named context replaces a stage", NULL, NULL, "a=/dir" },
    { "unused build argument", NULL, "A=1 B=2 http_proxy=x TARGETARCH=arm64", NULL },
    { "no such target", "fnal", NULL, NULL },
};

static struct extra extra_of(const char *row)
{
    for (size_t i = 0; i < SLIP_ARRAY_LEN(extras); i++)
        if (strcmp(extras[i].row, row) == 0)
            return extras[i];
    return (struct extra){ row, NULL, NULL, NULL };
}

static void lower_row(struct lowered *l, const struct row *row, const char *const *ignore)
{
    struct extra extra = extra_of(row->name);

    lower_text(l, row->text, extra.target, extra.args, extra.contexts, ignore);
}

#define PATH_ENV "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define ENV "\n     env " PATH_ENV
#define SUM "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SUM_UNDER "~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~"
#define S "  1  from scratch for linux/amd64 (stage-0)\n"

static const struct row steps[] = {
    { "scratch", "FROM scratch", S },
    { "run in the shell form", "FROM scratch\nRUN echo $X \"a\"",
      S "  2  run /bin/sh|-c|echo $X \"a\" in /" ENV "\n" },
    { "run in json", "FROM scratch\nRUN [\"a\", \"$b\"]", S "  2  run a|$b in /" ENV "\n" },
    { "another shell", "FROM scratch\nSHELL [\"bash\", \"-c\"]\nRUN a",
      S "  2  run bash|-c|a in /" ENV "\n" },
    { "inherited from an image", "FROM full\nRUN a",
      "  1  from image:full for linux/amd64 (stage-0)\n"
      "  2  run /bin/bash|-ec|a in /srv as app\n     env PATH=/bin|BASE=1\n" },
    { "workdir, relative, with its owner", "FROM full\nWORKDIR a\nUSER root\nWORKDIR ../b/\nRUN x",
      "  1  from image:full for linux/amd64 (stage-0)\n"
      "  2  workdir /srv/a for app\n"
      "  3  workdir /srv/b for root\n"
      "  4  run /bin/bash|-ec|x in /srv/b as root\n     env PATH=/bin|BASE=1\n" },
    { "workdir of the root makes nothing", "FROM scratch\nWORKDIR /", S },
    { "env beats an arg that comes earlier", "FROM scratch\nARG A=1\nARG B=2\nENV B=3 C=$A\nRUN x",
      S "  2  run /bin/sh|-c|x in /" ENV "|A=1|B=3|C=1\n" },
    { "an arg beats an env that comes earlier", "FROM scratch\nENV A=1\nARG A=2\nRUN x $A",
      S "  2  run /bin/sh|-c|x $A in /" ENV "|A=2\n" },
    { "env comes back in a child", "FROM scratch AS a\nENV A=1\nARG A=2 B=3\nFROM a\nRUN x",
      "  1  from scratch for linux/amd64 (a)\n  2  from stage:a for linux/amd64 (stage-1)\n"
      "  3  run /bin/sh|-c|x in /" ENV "|A=1|B=3\n" },
    { "one instruction, one snapshot", "FROM scratch\nENV a=1\nENV a=2 b=$a\nRUN x",
      S "  2  run /bin/sh|-c|x in /" ENV "|a=2|b=1\n" },
    { "build arguments win over defaults", "ARG V=1\nFROM a:$V\nARG V\nARG W=3\nRUN x",
      "  1  from image:a:2 for linux/amd64 (stage-0)\n  2  run /bin/sh|-c|x in /" ENV
      "|V=2|W=4\n" },
    { "global args are not in stages", "ARG V=1\nFROM scratch\nRUN x",
      S "  2  run /bin/sh|-c|x in /" ENV "\n" },
    { "global args use one another", "ARG A=1\nARG B=${A}-x C=$B\nFROM i:$B\nARG C\nRUN x",
      "  1  from image:i:1-x for linux/amd64 (stage-0)\n  2  run /bin/sh|-c|x in /" ENV
      "|C=1-x\n" },
    { "args reach stages that stand on this one", "FROM scratch AS a\nARG V=1\nFROM a AS b\nRUN $V",
      "  1  from scratch for linux/amd64 (a)\n  2  from stage:a for linux/amd64 (b)\n"
      "  3  run /bin/sh|-c|$V in /" ENV "|V=1\n" },
    { "platform arguments",
      "FROM --platform=$BUILDPLATFORM x:$TARGETOS-$TARGETARCH-$TARGETVARIANT"
      "\nARG TARGETARCH\nARG TARGETPLATFORM\nRUN x",
      "  1  from image:x:linux-arm-v7 for linux/amd64 (stage-0)\n  2  run /bin/sh|-c|x in /" ENV
      "|TARGETARCH=arm|TARGETPLATFORM=linux/arm/v7\n" },
    { "the target's name", "FROM a:$TARGETSTAGE AS b\nFROM missing",
      "  1  from image:a:b for linux/amd64 (b)\n" },
    { "stages by name, number and case",
      "FROM scratch AS One\nFROM scratch\nFROM one\nCOPY --from=0 /a /\nCOPY --from=1 /b /\n"
      "COPY --from=ONE /c /",
      "  1  from scratch for linux/amd64 (one)\n  2  from scratch for linux/amd64 (stage-1)\n"
      "  3  from stage:one for linux/amd64 (stage-2)\n"
      "  4  copy stage:one a -> /\n  5  copy stage:stage-1 b -> /\n  6  copy stage:one c -> /\n" },
    { "only what the target needs",
      "FROM scratch AS a\nRUN a\nFROM missing AS b\nRUN b\nFROM a AS c\nRUN c",
      "  1  from scratch for linux/amd64 (a)\n  2  run /bin/sh|-c|a in /" ENV "\n"
      "  3  from stage:a for linux/amd64 (c)\n  4  run /bin/sh|-c|c in /" ENV "\n" },
    { "an earlier target", "FROM scratch AS a\nRUN a\nFROM missing AS b\nRUN b",
      "  1  from scratch for linux/amd64 (a)\n  2  run /bin/sh|-c|a in /" ENV "\n" },
    { "a target by number", "FROM scratch\nFROM missing", S },
    { "steps of stages that are not needed",
      "FROM a AS a\nADD https://x/y /\nENV V=${V\nEXPOSE x\nCOPY --from=b a b\nFROM b AS b\nFROM "
      "scratch",
      "  1  from scratch for linux/amd64 (stage-2)\n" },
    { "platforms of stages that are not needed",
      "FROM --platform=windows/amd64 a AS a\nFROM scratch",
      "  1  from scratch for linux/amd64 (stage-1)\n" },
    { "two stages of one name",
      "FROM scratch AS a\nFROM a AS b\nFROM scratch AS a\nFROM b\nCOPY --from=a /x /",
      "  1  from scratch for linux/amd64 (a)\n  2  from stage:a for linux/amd64 (b)\n"
      "  3  from scratch for linux/amd64 (a)\n  4  from stage:b for linux/amd64 (stage-3)\n"
      "  5  copy stage:a x -> /\n" },
    { "a stage called scratch", "FROM a AS scratch\nFROM scratch",
      "  1  from image:a for linux/amd64 (scratch)\n"
      "  2  from stage:scratch for linux/amd64 (stage-1)\n" },
    { "mounts of stages count as needed",
      "FROM scratch AS a\nFROM scratch AS b\nFROM scratch\nRUN --mount=from=a,target=/a x",
      "  1  from scratch for linux/amd64 (a)\n  2  from scratch for linux/amd64 (stage-2)\n"
      "  3  run /bin/sh|-c|x in /" ENV "\n     mount bind stage:a[] at </a> ro\n" },
    { "kinds of bases",
      "FROM host\nFROM rootfs:/tree\nFROM oci:dir:tag\nFROM oci-archive:a.tar\n"
      "FROM docker-archive:b.tar\nFROM reg.io:5000/a/b:c AS t\n"
      "FROM scratch\nCOPY --from=0 a b /\nCOPY --from=rootfs:/t a /\n"
      "COPY --from=host a /\nCOPY --from=context a /",
      "  1  from host for linux/amd64 (stage-0)\n"
      "  2  from scratch for linux/amd64 (stage-6)\n"
      "  3  copy stage:stage-0 a|b -> /\n  4  copy rootfs:/t a -> /\n  5  copy host a -> /\n"
      "  6  copy context a -> /\n" },
    { "an archive as base", "FROM oci-archive:/x/a.tar",
      "  1  from image:oci-archive:/x/a.tar for "
      "linux/amd64 (stage-0)\n" },
    { "named contexts",
      "FROM alpine AS a\nFROM a\nCOPY --from=src x /\nCOPY --from=img x /\nRUN "
      "--mount=from=src,source=/d/../e,target=t x\nCOPY --from=lay x /",
      "  1  from rootfs:/alp for linux/amd64 (a)\n  2  from stage:a for linux/amd64 (stage-1)\n"
      "  3  copy context:src x -> /\n  4  copy image:deb:1 x -> /\n"
      "  5  run /bin/sh|-c|x in /" ENV "\n     mount bind context:src[e] at </t> ro\n"
      "  6  copy image:oci:/lay:t x -> /\n" },
    { "a named context replaces a stage", "FROM missing AS a\nFROM scratch\nCOPY --from=a x /",
      "  1  from scratch for linux/amd64 (stage-1)\n  2  copy context:a x -> /\n" },
    { "mounts of all kinds",
      "FROM scratch\nWORKDIR /w\nRUN --mount=target=. --mount=type=bind,rw,src=a,dst=b "
      "--mount=type=cache,target=/c --mount=type=cache,id=build:1,from=context,source=.,target=/s,"
      "sharing=locked,uid=1,gid=2,mode=700,ro --mount=type=tmpfs,target=/t,size=1k "
      "--mount=type=secret,id=k --mount=type=secret,id=k2,env=K,required "
      "--mount=type=secret,target=/etc/key,mode=0440 make",
      S "  2  workdir /w\n  3  run /bin/sh|-c|make in /w" ENV "\n"
        "     mount bind context[] at </w> ro\n     mount bind context[a] at </w/b> rw\n"
        "     mount cache at </c> id=/c mode=755\n"
        "     mount cache context[] at </s> ro id=build:1 locked mode=700 owner=1:2\n"
        "     mount tmpfs at </t> size=1024\n"
        "     mount secret at </run/secrets/k> ro id=k mode=400\n"
        "     mount secret at <> ro required id=k2 env=K mode=400\n"
        "     mount secret at </etc/key> ro id=key mode=440\n" },
    { "sockets of agents",
      "FROM scratch\nRUN --mount=type=ssh --mount=type=ssh,id=g,uid=1,required x\n"
      "ENV SSH_AUTH_SOCK=/own\nRUN --mount=type=ssh,target=s,mode=0666 y",
      S "  2  run /bin/sh|-c|x in /" ENV "|SSH_AUTH_SOCK=/run/buildkit/ssh_agent.0\n"
        "     mount ssh at </run/buildkit/ssh_agent.0> id=default mode=600\n"
        "     mount ssh at </run/buildkit/ssh_agent.1> required id=g mode=600 owner=1:0\n"
        "  3  run /bin/sh|-c|y in /" ENV "|SSH_AUTH_SOCK=/own\n"
        "     mount ssh at </s> id=default mode=666\n" },
    { "mounts at relative places, and at none",
      "FROM scratch\nWORKDIR /w\nRUN --mount=type=cache --mount=type=cache,target=./c/ "
      "--mount=type=secret,id=a,target=t --device=v/c=d x",
      "  1  from scratch for linux/amd64 (stage-0)\n  2  workdir /w\n  3  run /bin/sh|-c|x in "
      "/w" ENV "\n"
      "     mount cache at </w> id=. mode=755\n     mount cache at </w/c> id=c mode=755\n"
      "     mount secret at </t> ro id=a mode=400\n" },
    { "variables and commas in mounts",
      "FROM scratch\nARG T=/x\nRUN --mount=type=cache,target=$T,\\\"id=a,b\\\" x",
      S "  2  run /bin/sh|-c|x in /" ENV "|T=/x\n     mount cache at </x> id=a,b mode=755\n" },
    { "networks and our own flags",
      "FROM scratch\nRUN --network=none --security=sandbox --install a\nRUN --network=host --test "
      "b",
      S "  2  run /bin/sh|-c|a in / net=none install" ENV
        "\n  3  run /bin/sh|-c|b in / net=host test" ENV "\n" },
    { "a script", "FROM scratch\nRUN <<-EOF\n\ta $X\n\t\tb\nEOF",
      S "  2  run /bin/sh|-c|a $X\nb\n in /" ENV "\n" },
    { "a script with its own interpreter",
      "FROM scratch\nRUN <<EOF\n#! /usr/bin/env python3 \nx\nEOF",
      S "  2  run /bin/sh|-c|/dev/pipes/EOF in /" ENV
        "\n     script #! /usr/bin/env python3 \nx\n\n" },
    { "texts for a command", "FROM scratch\nRUN cat <<A <<-'B' > /o\n1\nA\n\t2\nB",
      S "  2  run /bin/sh|-c|cat <<A <<-'B' > /o\n1\nA\n\t2\nB in /" ENV "\n" },
    { "copy",
      "FROM scratch\nWORKDIR /w\nARG D=d\nCOPY a ./b/ /c/../$D/*.x .\nCOPY a b\nCOPY a/ b/.\n"
      "COPY . /\nCOPY ../../a /x",
      S "  2  workdir /w\n  3  copy context a|b|d/*.x -> /w/\n  4  copy context a -> /w/b\n"
        "  5  copy context a -> /w/b/\n  6  copy context . -> /\n  7  copy context a -> /x\n" },
    { "here is a directory", "FROM scratch\nCOPY a b .\nCOPY a b /d",
      S "  2  copy context a|b -> /\n  3  copy context a|b -> /d\n" },
    { "flags of copy",
      "FROM scratch\nARG U=1\nCOPY --chown=$U:2 --chmod=u=rwX,go=rX --exclude=*.o --exclude=b "
      "--link a /\nCOPY --parents --chmod=0755 x/./y/z ./v /p/\nADD --chown=u a.tar /\nADD "
      "--unpack=false a.tar /",
      S "  2  copy context a -> / chown=1:2 chmod=u=rwX,go=rX exclude=*.o|b link\n"
        "  3  copy context x/./y/z|v -> /p/ chmod=0755 parents\n"
        "  4  add context a.tar -> / chown=u\n  5  copy context a.tar -> /\n" },
    { "files at URLs",
      "FROM scratch\nARG H=host\nADD https://me:pw@$H/a%20[b].tar /d/\nADD --unpack "
      "--chown=1 --chmod=600 http://h/x.tar /e\nADD --checksum=" SUM " http://h/f /",
      S "  2  copy url:https://host/a%20[b].tar a \\[b].tar -> /d/\n"
        "  3  add url:http://h/x.tar x.tar -> /e chown=1 chmod=600\n"
        "  4  copy url:http://h/f is " SUM " f -> /\n" },
    { "repositories",
      "FROM scratch\nADD http://me:pw@h/a.git#v1:/s/ /d\nADD --keep-git-dir=true git@h:a /\n"
      "ADD --checksum=0123abc --keep-git-dir git://h/a?subdir=x&branch=b /e",
      S "  2  copy git:http://h/a.git#v1 beneath s . -> /d\n"
        "  3  copy git:git@h:a with .git . -> /\n"
        "  4  copy git:git://h/a#refs/heads/b beneath x is 0123abc . -> /e\n" },
    { "sources of all kinds keep their order",
      "FROM scratch\nADD a b http://h/c d git@h:e <<f /d/\nf",
      S "  2  add context a|b -> /d/\n  3  copy url:http://h/c c -> /d/\n"
        "  4  add context d -> /d/\n  5  copy git:git@h:e . -> /d/\n"
        "  6  copy inline -> /d/\n     file f=<>\n" },
    { "named contexts elsewhere",
      "FROM repo AS a\nRUN --mount=from=page,target=/m x\nFROM scratch\nCOPY --from=repo x /\n"
      "COPY --from=a y /",
      "  1  from git:https://github.com/a/b#v1 for linux/amd64 (a)\n"
      "  2  run /bin/sh|-c|x in /" ENV "\n     mount bind url:http://h/x.tar[] at </m> ro\n"
      "  3  from scratch for linux/amd64 (stage-1)\n"
      "  4  copy git:https://github.com/a/b#v1 x -> /\n  5  copy stage:a y -> /\n" },
    { "files written here",
      "FROM scratch\nARG V=1\nCOPY <<a <<\"b\" <<-c x /d/\nv=$V \"q\" \\$V\na\n"
      "v=$V\nb\n\tt\nc",
      S "  2  copy context x -> /d/\n  3  copy inline -> /d/\n     file a=<v=1 \"q\" $V\n>\n"
        "     file b=<v=$V\n>\n     file c=<t\n>\n" },
    { "installed files",
      "FROM host AS b\nRUN --install make install\nFROM scratch\nCOPY --from=b --installed / /\n"
      "COPY --from=b --installed=runtime,dev --closure --strip --runtime-files --destdir=/o/ "
      "--only=a,b --only=c --dlopen=l.so --data=tzdata,ca-certificates --entrypoint=h "
      "--chown=1:1 / /x",
      "  1  from host for linux/amd64 (b)\n  2  run /bin/sh|-c|make install in / install" ENV "\n"
      "  3  from scratch for linux/amd64 (stage-1)\n"
      "  4  copy stage:b . -> /\n     installed classes=1\n"
      "  5  copy stage:b . -> /x chown=1:1\n     installed classes=3 closure strip runtime-files "
      "destdir=/o only=a|b|c dlopen=l.so data=tzdata|ca-certificates entrypoint=h\n" },
    { "debug files of what is installed",
      "FROM host AS b\nRUN --install make install\nFROM scratch\nCOPY --from=b --installed "
      "--debug-files --destdir=/o --only=a / /",
      "  1  from host for linux/amd64 (b)\n  2  run /bin/sh|-c|make install in / install" ENV "\n"
      "  3  from scratch for linux/amd64 (stage-1)\n"
      "  4  copy stage:b . -> /\n     installed classes=1 strip debug-files destdir=/o only=a\n" },
    { "triggers of an image", "FROM scratch AS build\nFROM scratch AS other\nFROM trigger\nRUN b",
      "  1  from scratch for linux/amd64 (build)\n"
      "  2  from image:trigger for linux/amd64 (stage-2)\n  3  copy stage:build t -> /x\n"
      "  4  run /bin/sh|-c|a in /" ENV "|V=t\n  5  run /bin/sh|-c|b in /" ENV "|V=t\n" },
    { "triggers of a stage, once", "FROM scratch AS a\nONBUILD RUN t\nFROM a AS b\nFROM b",
      "  1  from scratch for linux/amd64 (a)\n  2  from stage:a for linux/amd64 (b)\n"
      "  3  run /bin/sh|-c|t in /" ENV "\n  4  from stage:b for linux/amd64 (stage-2)\n" },
    { "escape character", "# escape=`\nFROM scratch\nENV A=`$B C=:\\x\nRUN a `\n  b",
      S "  2  run /bin/sh|-c|a   b in /" ENV "|A=$B|C=:\\x\n" },
};

static void plans(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_buf_release) struct slip_buf shown = SLIP_BUF_INIT;
    slip_cleanup(release) struct lowered l;

    lower_row(&l, row, NULL);
    if (l.rc < 0)
        fail_msg("%s", l.err.msg);
    show_steps(&shown, &l.plan);
    assert_string_equal(slip_buf_str(&shown), row->want);
}

#define C0 "\"WorkingDir\":\"/\",\"Env\":[\"" PATH_ENV "\"]"

static const struct row configs[] = {
    { "of scratch", "FROM scratch", "{\"WorkingDir\":\"/\",\"Env\":[\"" PATH_ENV "\"]}" },
    { "of an image without one", "FROM x", "{\"Env\":[\"" PATH_ENV "\"]}" },
    { "an entry point takes the command away", "FROM full\nENTRYPOINT [\"a\"]",
      "{\"User\":\"app\",\"Env\":[\"PATH=/bin\",\"BASE=1\"],\"Entrypoint\":[\"a\"],"
      "\"WorkingDir\":\"/srv\",\"Labels\":{\"a\":\"1\"},\"Shell\":[\"/bin/bash\",\"-ec\"]}" },
    { "but not one of its own stage", "FROM scratch\nCMD [\"c\"]\nENTRYPOINT e",
      "{" C0 ",\"Cmd\":[\"c\"],\"Entrypoint\":[\"/bin/sh\",\"-c\",\"e\"]}" },
    { "a later stage starts anew", "FROM scratch AS a\nCMD [\"c\"]\nFROM a\nENTRYPOINT [\"e\"]",
      "{" C0 ",\"Entrypoint\":[\"e\"]}" },
    { "empty arrays clear", "FROM full\nENTRYPOINT []\nCMD []",
      "{\"User\":\"app\",\"Env\":[\"PATH=/bin\",\"BASE=1\"],\"WorkingDir\":\"/srv\","
      "\"Labels\":{\"a\":\"1\"},\"Shell\":[\"/bin/bash\",\"-ec\"]}" },
    { "env replaces in place", "FROM full\nENV BASE=2 PATH=/x:$PATH N \"a b\"=c",
      NULL }, /* checked below: a word without '=' is refused */
    { "path is extended", "FROM full\nENV PATH=/x:$PATH NEW='a b'",
      "\"Env\":[\"PATH=/x:/bin\",\"BASE=1\",\"NEW=a b\"]" },
    { "old env", "FROM scratch\nENV A some  'text'", "\"A=some  text\"" },
    { "ports", "FROM scratch\nARG P=\"1 2\"\nEXPOSE 80 53/UDP $P 7000-7002 127.0.0.1:9:10",
      "\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{},\"1/tcp\":{},\"2/tcp\":{},\"7000/tcp\":{},"
      "\"7001/tcp\":{},\"7002/tcp\":{},\"10/tcp\":{}}" },
    { "volumes, user, signal",
      "FROM scratch\nENV D=/d\nVOLUME $D [\nVOLUME [\"/e f\"]\nUSER 1:2\nSTOPSIGNAL SIGRTMIN+3",
      "\"Volumes\":{\"/d\":{},\"[\":{},\"/e f\":{}},\"User\":\"1:2\",\"StopSignal\":"
      "\"SIGRTMIN+3\"" },
    { "labels", "FROM full\nLABEL a=2 \"b c\"=\"$BASE\" d='$BASE'\nMAINTAINER me",
      "\"Labels\":{\"a\":\"2\",\"b c\":\"1\",\"d\":\"$BASE\"}" },
    { "health",
      "FROM scratch\nHEALTHCHECK --interval=1m30s --timeout=1.5s --start-period=500ms "
      "--start-interval=2s --retries=3 CMD a || b",
      "\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"a || b\"],\"Interval\":90000000000,"
      "\"Timeout\":1500000000,\"StartPeriod\":500000000,\"StartInterval\":2000000000,"
      "\"Retries\":3}" },
    { "health in json", "FROM scratch\nHEALTHCHECK CMD [\"a\",\"b\"]",
      "\"Healthcheck\":{\"Test\":[\"CMD\",\"a\",\"b\"]}" },
    { "no health", "FROM scratch\nHEALTHCHECK NONE", "\"Healthcheck\":{\"Test\":[\"NONE\"]}" },
    { "triggers are kept for others", "FROM scratch\nONBUILD COPY --link a /b\nONBUILD RUN [\"c\"]",
      "\"OnBuild\":[\"COPY --link a /b\",\"RUN [\\\"c\\\"]\"]" },
    { "triggers that ran are gone", "FROM scratch AS build\nFROM trigger",
      "{\"Env\":[\"" PATH_ENV "\"]}" },
    { "shell", "FROM scratch\nSHELL [\"a\", \"-b\"]\nCMD c",
      "\"Shell\":[\"a\",\"-b\"],\"Cmd\":[\"a\",\"-b\",\"c\"]" },
};

static void configures(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_buf_release) struct slip_buf shown = SLIP_BUF_INIT;
    slip_cleanup(release) struct lowered l;

    lower_row(&l, row, NULL);
    if (!row->want) {
        assert_int_equal(l.rc, -1);
        return;
    }
    if (l.rc < 0)
        fail_msg("%s", l.err.msg);
    show_config(&shown, &l.plan);
    if (row->want[0] == '{' && shown.len)
        shown.data[shown.len - 1] = '\0';
    if (row->want[0] == '{')
        assert_string_equal(slip_buf_str(&shown), row->want);
    else if (!strstr(slip_buf_str(&shown), row->want))
        fail_msg("no %s in %s", row->want, slip_buf_str(&shown));
}

static const struct row lints[] = {
    { "clean", "FROM scratch AS a\nWORKDIR /x\nCMD [\"a\"]", "" },
    { "mixed case", "FROM scratch\nRun a\nrun b\nRUN c",
      "2:1 ConsistentInstructionCasing: RUN should be written in upper case, as most instructions "
      "here are\n3:1 ConsistentInstructionCasing: RUN should be written in upper case, as most "
      "instructions here are\n" },
    { "as in another case", "FROM scratch as a\n",
      "1:14 FromAsCasing: 'as' and 'FROM' should be in "
      "the same case\n" },
    { "stage name", "FROM scratch AS A\n",
      "1:17 StageNameCasing: the stage name 'A' should be in lower case\n" },
    { "empty continuation", "FROM scratch\nRUN a \\\n\n b\n",
      "3:1 NoEmptyContinuation: an empty line within an instruction\n" },
    { "shell form of cmd", "FROM scratch\nCMD a\n",
      "2:1 JSONArgsRecommended: the shell form of CMD hides signals from the program; write CMD "
      "[\"program\", \"argument\"]\n" },
    { "shell form with a shell", "FROM scratch\nSHELL [\"a\"]\nCMD a\n", "" },
    { "maintainer", "FROM scratch\nMAINTAINER me\n",
      "2:1 MaintainerDeprecated: MAINTAINER is deprecated; use LABEL "
      "org.opencontainers.image.authors=...\n" },
    { "undefined in from", "ARG VERSION=1\nFROM a:v$VERSON\n",
      "2:6 UndefinedArgInFrom: the variable 'VERSON' is not set; did you mean 'VERSION'?\n" },
    { "undefined variable", "FROM scratch\nENV NAME=1\nCOPY $NAM /x\n",
      "3:6 UndefinedVar: the variable 'NAM' is not set; did you mean 'NAME'?\n" },
    { "defaults are fine", "FROM scratch\nARG A\nCOPY ${B:-c} $A /x\n", "" },
    { "global arg in a stage", "ARG V=1\nFROM scratch\nCOPY $V /x\n",
      "3:6 UndefinedVar: the variable 'V' is not set: an ARG before the first FROM counts in a "
      "stage only where 'ARG V' repeats it\n" },
    { "relative workdir", "FROM scratch\nWORKDIR a\nWORKDIR b\n",
      "2:9 WorkdirRelativePath: 'a' depends on where the base image stands; start with an absolute "
      "path\n" },
    { "old key and value", "FROM scratch\nENV A b\n",
      "2:1 LegacyKeyValueFormat: write ENV key=value instead of the old form ENV key value\n" },
    { "twice", "FROM scratch\nCMD [\"a\"]\nCMD [\"b\"]\nFROM scratch\nCMD [\"c\"]\n",
      "2:1 MultipleInstructionsDisallowed: this CMD has no effect: there is another one in the "
      "same "
      "stage\n" },
    { "secrets", "FROM scratch\nARG API_KEY\nENV PUBLIC_KEY=1\n",
      "2:5 SecretsUsedInArgOrEnv: 'API_KEY' sounds like a secret, and ARG leaves its value in the "
      "image; use RUN --mount=type=secret\n" },
    { "platforms",
      "FROM --platform=$TARGETPLATFORM a\nFROM --platform=linux/arm64 b\nCOPY --from=0 "
      "/x /\n",
      "1:17 RedundantTargetPlatform: $TARGETPLATFORM is the platform that a base has anyway\n" },
    { "constant platform", "FROM --platform=linux/arm64 a\n",
      "1:17 FromPlatformFlagConstDisallowed: the stage is tied to 'linux/arm64'; use "
      "$BUILDPLATFORM or a variable\n" },
    { "two stages of one name", "FROM a AS b\nFROM c AS B\n",
      "2:11 DuplicateStageName: there is a stage 'b' in line 1 already; --from and --target mean "
      "the "
      "last\n2:11 StageNameCasing: the stage name 'B' should be in lower case\n" },
    { "reserved name", "FROM a AS scratch\n",
      "1:11 ReservedStageName: the stage name 'scratch' is reserved: from here on it hides what it "
      "stands for\n" },
    { "nearly a stage", "FROM scratch AS builder\nFROM scratch\nCOPY --from=biulder /x /\n",
      "3:13 UnknownStage: 'biulder' is not a stage, so it is taken as an image; did you mean "
      "'builder'?\n" },
    { "unused build argument", "FROM scratch\nARG A\n",
      "0:0 UnusedBuildArg: the build argument 'B' is not used: no ARG declares it\n" },
    { "skipped", "# check=skip=StageNameCasing, FromAsCasing\nFROM scratch as A\nCMD a\n",
      "3:1 JSONArgsRecommended: the shell form of CMD hides signals from the program; write CMD "
      "[\"program\", \"argument\"]\n" },
    { "all skipped", "# check=skip=all\nFROM scratch as A\nCMD a\n", "" },
    { "ignored file", "# check=experimental=CopyIgnoredFile\nFROM scratch\nCOPY x/y a*.o b /d/\n",
      "3:6 CopyIgnoredFile: 'x/y' is left out by the ignore rules\n" },
    { "ignored file, not asked for", "FROM scratch\nCOPY x/y /d/\n", "" },
};

static void lint_finds(void **state)
{
    const struct row *row = *state;
    static const char *const ignore[] = { "x", "*.o", NULL };
    slip_cleanup(release) struct lowered l;

    lower_row(&l, row, ignore);
    if (l.rc < 0)
        fail_msg("%s", l.err.msg);
    /* The first platform row is about the stage that the second one copies from. */
    if (strstr(row->want, "RedundantTargetPlatform")) {
        assert_non_null(strstr(slip_buf_str(&l.warnings), row->want));
        return;
    }
    assert_string_equal(slip_buf_str(&l.warnings), row->want);
}

static const struct row fails[] = {
    { "base in upper case", "FROM a AS One\nFROM One\n",
      "Dockerfile:2:6: error: 'One' is neither a stage nor the name of an image\n"
      "    2 | FROM One\n      |      ^~~\nhint: did you mean 'one'?\n" },
    { "variable in --from", "FROM a AS b\nFROM a\nCOPY --from=$S /x /\n",
      "Dockerfile:3:13: error: variables cannot stand in the name of what to copy from\n"
      "    3 | COPY --from=$S /x /\n      |             ^~\n"
      "hint: name a stage for it: FROM $S AS source\n" },
    { "no base for a stage that is not needed", "FROM $V AS a\nFROM scratch\n",
      "Dockerfile:1:6: error: FROM is given nothing: the variables in it are empty\n"
      "    1 | FROM $V AS a\n      |      ^~\n"
      "hint: give it a default with ARG before the first FROM, or a value with --build-arg\n" },
    { "bad name", "FROM a AS 1b\n",
      "Dockerfile:1:11: error: '1b' cannot be the name of a stage\n"
      "    1 | FROM a AS 1b\n      |           ^~\n"
      "hint: it starts with a letter, and has letters, digits and any of - _ .\n" },
    { "no such target", "FROM a AS build\nFROM b AS final\n",
      "error: there is no stage 'fnal' to build\nhint: did you mean 'final'?\n" },
    { "empty base", "ARG V\nFROM $V\n",
      "Dockerfile:2:6: error: FROM is given nothing: the variables in it are empty\n"
      "    2 | FROM $V\n      |      ^~\n"
      "hint: give it a default with ARG before the first FROM, or a value with --build-arg\n" },
    { "base that is no name", "FROM Debian\n",
      "Dockerfile:1:6: error: 'Debian' is neither a stage nor the name of an image\n"
      "    1 | FROM Debian\n      |      ^~~~~~\nhint: there is no stage before this one\n" },
    { "misspelt stage that no image can be",
      "FROM a AS my-builder\nFROM b\nCOPY "
      "--from=my-Bilder /x /\n",
      "Dockerfile:3:13: error: 'my-Bilder' is neither a stage nor the name of an image\n"
      "    3 | COPY --from=my-Bilder /x /\n      |             ^~~~~~~~~\n"
      "hint: did you mean 'my-builder'?\n" },
    { "a stage behind",
      "FROM a\nCOPY --from=late /x /\nFROM b AS late\nFROM a\nCOPY --from=0 /x /\n",
      "Dockerfile:2:13: error: stage 'late' stands behind this one\n"
      "    2 | COPY --from=late /x /\n      |             ^~~~\n"
      "hint: a stage can only use stages before it\n" },
    { "itself", "FROM a AS b\nCOPY --from=b /x /\n",
      "Dockerfile:2:13: error: stage 'b' cannot copy from itself\n"
      "    2 | COPY --from=b /x /\n      |             ^\n"
      "hint: a stage can only use stages before it\n" },
    { "a number too large", "FROM a\nCOPY --from=3 /x /\n",
      "Dockerfile:2:13: error: there is no stage number 3\n"
      "    2 | COPY --from=3 /x /\n      |             ^\n" },
    { "an image that is missing", "FROM a\nFROM missing\n",
      "Dockerfile:2:6: error: there is no image 'missing'\n"
      "    2 | FROM missing\n      |      ^~~~~~~\n" },
    { "a variable that must be set", "FROM a\nWORKDIR /${Y:?tell me}/x\n",
      "Dockerfile:2:10: error: Y: tell me\n"
      "    2 | WORKDIR /${Y:?tell me}/x\n      |          ^~~~~~~~~~~~~\n" },
    { "a quote that is not closed", "FROM a\nENV X=a\"b c\n",
      "Dockerfile:2:8: error: a double quote is not closed\n"
      "    2 | ENV X=a\"b c\n      |        ^~~~\n" },
    { "mount type", "FROM a\nRUN --mount=type=cach,target=/x a\n",
      "Dockerfile:2:5: error: there is no mount of type 'cach'\n"
      "    2 | RUN --mount=type=cach,target=/x a\n"
      "      |     ^~~~~~~~~~~~~~~~~~~~~~~~~~~\nhint: did you mean 'cache'?\n" },
    { "mount option", "FROM a\nRUN --mount=type=cache,taget=/x a\n",
      "Dockerfile:2:5: error: a mount has no option 'taget'\n"
      "    2 | RUN --mount=type=cache,taget=/x a\n"
      "      |     ^~~~~~~~~~~~~~~~~~~~~~~~~~~\nhint: did you mean 'target'?\n" },
    { "mount option of another type", "FROM a\nRUN --mount=type=bind,target=/x,sharing=locked a\n",
      "Dockerfile:2:5: error: a mount of type bind has no option 'sharing'\n"
      "    2 | RUN --mount=type=bind,target=/x,sharing=locked a\n"
      "      |     ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n" },
    { "mount on a working directory that is the root", "FROM a\nRUN --mount=type=cache a\n",
      "Dockerfile:2:5: error: a mount cannot cover the root directory\n"
      "    2 | RUN --mount=type=cache a\n      |     ^~~~~~~~~~~~~~~~~~\n"
      "hint: write target=/path\n" },
    { "mount over the root", "FROM a\nRUN --mount=target=/ a\n",
      "Dockerfile:2:5: error: a mount cannot cover the root directory\n"
      "    2 | RUN --mount=target=/ a\n      |     ^~~~~~~~~~~~~~~~\n" },
    { "mount of a bad mode", "FROM a\nRUN --mount=type=cache,target=/x,mode=9 a\n",
      "Dockerfile:2:5: error: '9' is not a value for mode\n"
      "    2 | RUN --mount=type=cache,target=/x,mode=9 a\n"
      "      |     ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n" },
    { "secret without a name", "FROM a\nRUN --mount=type=secret a\n",
      "Dockerfile:2:5: error: a secret needs an id\n"
      "    2 | RUN --mount=type=secret a\n      |     ^~~~~~~~~~~~~~~~~~~\n"
      "hint: write --mount=type=secret,id=NAME\n" },
    { "ssh with a source", "FROM a\nRUN --mount=type=ssh,source=x a\n",
      "Dockerfile:2:5: error: a mount of type ssh has no option 'source'\n"
      "    2 | RUN --mount=type=ssh,source=x a\n      |     ^~~~~~~~~~~~~~~~~~~~~~~~~\n" },
    { "a variable in from", "FROM a\nRUN --mount=from=$B,target=/x a\n",
      "Dockerfile:2:5: error: variables cannot stand in the name of what to copy from\n"
      "    2 | RUN --mount=from=$B,target=/x a\n      |     ^~~~~~~~~~~~~~~~~~~~~~~~~\n"
      "hint: name a stage for it: FROM $B AS source\n" },
    { "a secret in a variable without a name", "FROM a\nRUN --mount=type=secret,id=a,env= a\n",
      "Dockerfile:2:5: error: '' cannot be the name of a variable\n"
      "    2 | RUN --mount=type=secret,id=a,env= a\n      |     ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n" },
    { "a device that is required", "FROM a\nRUN --device=v/c=d,required a\n",
      "Dockerfile:2:5: error: device 'v/c=d' is required, and steps have no devices\n"
      "    2 | RUN --device=v/c=d,required a\n      |     ^~~~~~~~~~~~~~~~~~~~~~~\n"
      "hint: leave 'required' out if the step can do without it\n" },
    { "network", "FROM a\nRUN --network=non a\n",
      "Dockerfile:2:5: error: there is no network 'non'\n"
      "    2 | RUN --network=non a\n      |     ^~~~~~~~~~~~~\nhint: did you mean 'none'?\n" },
    { "insecure", "FROM a\nRUN --security=insecure a\n",
      "Dockerfile:2:5: error: security.insecure is not allowed: every step has a sandbox\n"
      "    2 | RUN --security=insecure a\n      |     ^~~~~~~~~~~~~~~~~~~\n"
      "hint: leave the flag out; most steps do not need it\n" },
    { "add of another scheme", "FROM a\nADD ftp://x/y.tar /\n",
      "Dockerfile:2:5: error: 'ftp://' cannot be fetched\n"
      "    2 | ADD ftp://x/y.tar /\n      |     ^~~~~~~~~~~~~\n"
      "hint: ADD takes http://, https:// and git repositories\n" },
    { "copy of an address", "FROM a\nARG U=http://me:pw@x\nCOPY $U /\n",
      "Dockerfile:3:6: error: COPY cannot fetch 'http://x'\n"
      "    3 | COPY $U /\n      |      ^~\nhint: ADD can\n" },
    { "copy of a repository", "FROM a\nCOPY git@x:y /\n",
      "Dockerfile:2:6: error: COPY cannot fetch 'git@x:y'\n"
      "    2 | COPY git@x:y /\n      |      ^~~~~~~\nhint: ADD can\n" },
    { "a login in an excerpt", "FROM a\nADD https://me:pw@x/y.git?sub=1 /\n",
      "Dockerfile:2:5: error: a git source has no key 'sub'\n"
      "    2 | ADD https://*****@x/y.git?sub=1 /\n"
      "      |     ^~~~~~~~~~~~~~~~~~~~~~~~~~~\n"
      "hint: it has ref, branch, tag, subdir, checksum, keep-git-dir and submodules\n" },
    { "checksum of a file here", "FROM a\nADD --checksum=sha256:0 b /\n",
      "Dockerfile:2:5: error: --checksum is for a URL or a git repository\n"
      "    2 | ADD --checksum=sha256:0 b /\n      |     ^~~~~~~~~~~~~~~~~~~\n" },
    { "checksum of several", "FROM a\nADD --checksum=" SUM " http://x/a http://x/b /\n",
      "Dockerfile:2:5: error: --checksum is for a single source\n"
      "    2 | ADD --checksum=" SUM " http://x/a http://x/b /\n      |     ^~~~~~~~~~~" SUM_UNDER
      "\n" },
    { "checksum that is none", "FROM a\nADD --checksum=sha256:0 http://x/a /\n",
      "Dockerfile:2:5: error: 'sha256:0' is not a checksum\n"
      "    2 | ADD --checksum=sha256:0 http://x/a /\n      |     ^~~~~~~~~~~~~~~~~~~\n"
      "hint: write sha256:<64 hexadecimal digits>\n" },
    { "checksum of git", "FROM a\nADD --checksum=" SUM " git@x:y /\n",
      "Dockerfile:2:5: error: '" SUM "' is not a checksum\n"
      "    2 | ADD --checksum=" SUM " git@x:y /\n      |     ^~~~~~~~~~~" SUM_UNDER "\n"
      "hint: of git it is the commit, in hexadecimal digits\n" },
    { "two checksums", "FROM a\nADD --checksum=0123abc git@x:y?checksum=0123abcd /\n",
      "Dockerfile:2:5: error: --checksum and the URL name different commits\n"
      "    2 | ADD --checksum=0123abc git@x:y?checksum=0123abcd /\n"
      "      |     ^~~~~~~~~~~~~~~~~~\n" },
    { "two minds about .git", "FROM a\nADD --keep-git-dir git@x:y?keep-git-dir=false /\n",
      "Dockerfile:2:5: error: --keep-git-dir and the URL contradict each other\n"
      "    2 | ADD --keep-git-dir git@x:y?keep-git-dir=false /\n"
      "      |     ^~~~~~~~~~~~~~\n" },
    { "mode", "FROM a\nCOPY --chmod=888 b /\n",
      "Dockerfile:2:6: error: '888' is not a mode\n"
      "    2 | COPY --chmod=888 b /\n      |      ^~~~~~~~~~~\nhint: write 0755, or "
      "u=rwX,go=rX\n" },
    { "pattern", "FROM a\nCOPY [a /b/\n",
      "Dockerfile:2:6: error: '[a' is not a pattern: a '[' is not closed, or a '\\' stands at the "
      "end\n    2 | COPY [a /b/\n      |      ^~\n" },
    { "text as destination", "FROM a\nCOPY a <<EOF\nx\nEOF\n",
      "Dockerfile:2:8: error: the destination cannot be a text that is written here\n"
      "    2 | COPY a <<EOF\n      |        ^~~~~\n"
      "hint: the destination comes last: COPY <<EOF /path\n" },
    { "installed without a stage", "FROM a\nCOPY --installed / /\n",
      "Dockerfile:2:6: error: --installed needs --from=STAGE\n"
      "    2 | COPY --installed / /\n      |      ^~~~~~~~~~~\n"
      "hint: the files are those that RUN --install wrote there\n" },
    { "debug files with libraries",
      "FROM a AS b\nFROM a\nCOPY --from=b --installed --debug-files --closure / /\n",
      "Dockerfile:3:41: error: --closure does not go with --debug-files\n"
      "    3 | COPY --from=b --installed --debug-files --closure / /\n"
      "      |                                         ^~~~~~~~~\n" },
    { "debug files of nothing", "FROM a AS b\nFROM a\nCOPY --from=b --debug-files / /\n",
      "Dockerfile:3:15: error: --debug-files goes with --installed\n"
      "    3 | COPY --from=b --debug-files / /\n"
      "      |               ^~~~~~~~~~~~~\n"
      "hint: write COPY --from=STAGE --installed --debug-files ... / /\n" },
    { "installed of a class", "FROM a AS b\nFROM a\nCOPY --from=b --installed=runtme / /\n",
      "Dockerfile:3:15: error: there is no class 'runtme' of installed files\n"
      "    3 | COPY --from=b --installed=runtme / /\n"
      "      |               ^~~~~~~~~~~~~~~~~~\nhint: did you mean 'runtime'?\n" },
    { "installed of a part", "FROM a AS b\nFROM a\nCOPY --from=b --installed /usr /\n",
      "Dockerfile:3:1: error: COPY --installed takes all that was installed\n"
      "    3 | COPY --from=b --installed /usr /\n"
      "      | ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n"
      "hint: write / as its only source, and choose with --only or --installed=CLASS\n" },
    { "closure without installed", "FROM a AS b\nFROM a\nCOPY --from=b --closure / /\n",
      "Dockerfile:3:15: error: --closure goes with --installed\n"
      "    3 | COPY --from=b --closure / /\n      |               ^~~~~~~~~\n"
      "hint: write COPY --from=STAGE --installed --closure ... / /\n" },
    { "installed with parents", "FROM a AS b\nFROM a\nCOPY --from=b --installed --parents / /\n",
      "Dockerfile:3:27: error: --parents does not go with --installed\n"
      "    3 | COPY --from=b --installed --parents / /\n"
      "      |                           ^~~~~~~~~\n" },
    { "port", "FROM a\nEXPOSE 80 99999\n",
      "Dockerfile:2:11: error: '99999' is not a port\n"
      "    2 | EXPOSE 80 99999\n      |           ^~~~~\n"
      "hint: write 80, 80/udp or 8000-8010\n" },
    { "signal", "FROM a\nSTOPSIGNAL SIGFOO\n",
      "Dockerfile:2:12: error: 'SIGFOO' is not a signal\n"
      "    2 | STOPSIGNAL SIGFOO\n      |            ^~~~~~\n"
      "hint: write a name such as SIGTERM, or a number\n" },
    { "duration", "FROM a\nHEALTHCHECK --interval=5 CMD a\n",
      "Dockerfile:2:13: error: '5' is not a duration of at least a millisecond\n"
      "    2 | HEALTHCHECK --interval=5 CMD a\n      |             ^~~~~~~~~~~~\n"
      "hint: write it as in 30s, 1m30s or 500ms\n" },
    { "port of another length", "FROM a\nEXPOSE 1-3:1-2\n",
      "Dockerfile:2:8: error: '1-3:1-2' is not a port\n"
      "    2 | EXPOSE 1-3:1-2\n      |        ^~~~~~~\n"
      "hint: write 80, 80/udp or 8000-8010\n" },
    { "platform", "FROM --platform=windows/amd64 a\n",
      "Dockerfile:1:17: error: 'windows/amd64' is not a platform that can be built\n"
      "    1 | FROM --platform=windows/amd64 a\n      |                 ^~~~~~~~~~~~~\n"
      "hint: write linux/amd64, or another architecture of linux\n" },
    { "trigger of an image", "FROM bad-trigger\n",
      "ONBUILD of bad-trigger:1:1: error: 'RNU' is not an instruction\n"
      "    1 | RNU a\n      | ^~~\nhint: did you mean 'RUN'?\n" },
    { "warnings as errors", "# check=error=true\nFROM a as b\n",
      "Dockerfile:2:8: error: 'as' and 'FROM' should be in the same case (FromAsCasing)\n"
      "    2 | FROM a as b\n      |        ^~\n"
      "hint: the file asks for warnings to be errors; check=skip=FromAsCasing allows this one\n" },
    { "check of nothing", "# check=skp=x\nFROM a\n",
      "Dockerfile:1:9: error: check has no option 'skp'\n"
      "    1 | # check=skp=x\n      |         ^~~~~\nhint: it has skip, error and experimental\n" },
};

static void explains(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_freep) char *shown = NULL;
    slip_cleanup(release) struct lowered l;
    size_t len;

    lower_row(&l, row, NULL);
    assert_int_equal(l.rc, -1);
    FILE *out = open_memstream(&shown, &len);
    slip_error_print(&l.err, out);
    fclose(out);
    assert_string_equal(shown, row->want);
}

/* --- whole files ------------------------------------------------------------------------- */

static const char *const seeds[] = {
    "000-java-maven-multi-stage", "001-go-builder",
    "002-node-multi-stage",       "003-build-arguments-in-stages",
    "003-conditional-stages",     "003-dotnet-multi-stage",
    "003-go-multi-stage",         "003-java-multi-stage",
    "003-named-stages",           "003-node-basic",
    "003-parallel-builds",        "003-python-multi-stage",
    "003-three-stage-build",      "004-go-builder",
    "004-python-significant",
};

#define DATA SLIPWAY_SOURCE_DIR "/tests/unit/dockerfile/data/"

static void read_data(const char *name, const char *suffix, struct slip_buf *ret)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_freep) char *path = slip_xasprintf(DATA "%s%s", name, suffix);

    if (slip_read_file(AT_FDCWD, path, 1 << 20, ret, &err) < 0)
        fail_msg("%s", err.msg);
}

/* SLIP_ACCEPT=1 writes the goldens anew, to be read in the diff. */
static void common_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < SLIP_ARRAY_LEN(seeds); i++) {
        slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT, want = SLIP_BUF_INIT;
        slip_cleanup(slip_buf_release) struct slip_buf shown = SLIP_BUF_INIT;
        slip_cleanup(release) struct lowered l;

        read_data(seeds[i], ".Dockerfile", &text);
        lower_text(&l, slip_buf_str(&text), NULL, NULL, NULL, NULL);
        if (l.rc < 0)
            fail_msg("%s: %s", seeds[i], l.err.msg);
        show_steps(&shown, &l.plan);
        show_config(&shown, &l.plan);
        if (getenv("SLIP_ACCEPT")) {
            slip_cleanup(slip_freep) char *path = slip_xasprintf(DATA "%s.plan", seeds[i]);
            assert_int_equal(
                slip_write_file(AT_FDCWD, path, shown.data, shown.len, 0644, false, &l.err), 0);
        }
        read_data(seeds[i], ".plan", &want);
        assert_string_equal(slip_buf_str(&shown), slip_buf_str(&want));
    }
}

static void history_has_no_values(void **state)
{
    slip_cleanup(release) struct lowered l;

    (void)state;
    lower_text(&l,
               "FROM scratch AS a\nARG T=default\nRUN x $T\nFROM a\nWORKDIR /\nWORKDIR /w\n"
               "COPY <<f b /d/\nf\nLABEL a=b",
               NULL, "T=hidden", NULL, NULL);
    assert_int_equal(l.rc, 0);
    slip_cleanup(slip_freep) char *below = slip_json_text(l.plan.stages[0]->history);
    assert_string_equal(
        below, "[{\"created_by\":\"ARG T=default\",\"empty_layer\":true,\"comment\":\"slipway\"},"
               "{\"created_by\":\"RUN x $T\",\"comment\":\"slipway\"}]");
    slip_cleanup(slip_freep) char *text = slip_json_text(l.plan.target->history);
    assert_string_equal(
        text, "[{\"created_by\":\"WORKDIR /\",\"empty_layer\":true,\"comment\":\"slipway\"},"
              "{\"created_by\":\"WORKDIR /w\",\"comment\":\"slipway\"},"
              "{\"created_by\":\"COPY <<f b /d/\",\"comment\":\"slipway\"},"
              "{\"created_by\":\"COPY <<f b /d/\",\"comment\":\"slipway\"},"
              "{\"created_by\":\"LABEL a=b\",\"empty_layer\":true,\"comment\":\"slipway\"}]");
    slip_cleanup(slip_freep) char *args = slip_json_text(l.plan.args);
    assert_string_equal(args, "{\"T\":\"hidden\"}");
}

static void json_knows_the_lines(void **state)
{
    static const int want[] = { 2, 3, 6 };
    slip_cleanup(release) struct lowered l;

    (void)state;
    lower_text(&l, "# c\nFROM scratch\nRUN a \\\n  b\n\nCOPY c /d\n", NULL, NULL, NULL, NULL);
    assert_int_equal(l.rc, 0);
    slip_cleanup(slip_json_decrefp) json_t *json = slip_plan_json(&l.plan);
    json_t *stage = json_array_get(json_object_get(json, "stages"), 0);
    json_t *list = json_object_get(stage, "steps");
    assert_int_equal(json_array_size(list), SLIP_ARRAY_LEN(want));
    for (size_t i = 0; i < SLIP_ARRAY_LEN(want); i++)
        assert_int_equal(json_integer_value(json_object_get(json_array_get(list, i), "line")),
                         want[i]);
}

static void bases_are_asked_for_once(void **state)
{
    slip_cleanup(release) struct lowered l;

    (void)state;
    lower_text(&l,
               "FROM one AS a\nFROM two AS b\nFROM scratch\nCOPY --from=a x /\nCOPY --from=a y /",
               NULL, NULL, NULL, NULL);
    assert_int_equal(l.rc, 0);
    assert_int_equal(l.bases, 1);
}

/* What recipe/ builds must arrive as it was meant, whatever the values. */
static void generated_values_arrive(void **state)
{
    static const char *const values[] = { "plain",       "two words", "",
                                          " x ",         "$HOME",     "a\"b'c",
                                          "back\\slash", "\\",        "#x",
                                          "a=b",         "${x:-y}",   "`" };
    struct slip_span nowhere = { 0 };
    struct slip_lower_options options = { 0 };

    (void)state;
    for (size_t i = 0; i < SLIP_ARRAY_LEN(values); i++) {
        slip_cleanup(slip_arena_release) struct slip_arena arena = SLIP_ARENA_INIT;
        slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
        slip_cleanup(slip_plan_release) struct slip_plan plan = SLIP_PLAN_INIT;
        struct slip_dockerfile ast;
        const char *argv[] = { "prog", values[i], NULL };
        slip_dockerfile_init(&ast, &arena);
        slip_instruction_arg(&ast, slip_ast_add(&ast, SLIP_INS_FROM, nowhere), "scratch", nowhere);
        slip_instruction_pair(&ast, slip_ast_add(&ast, SLIP_INS_LABEL, nowhere), "k", values[i],
                              nowhere);
        slip_instruction_exec(&ast, slip_ast_add(&ast, SLIP_INS_CMD, nowhere), argv, nowhere);
        struct slip_instruction *copy = slip_ast_add(&ast, SLIP_INS_COPY, nowhere);
        slip_instruction_arg(&ast, copy, "a", nowhere);
        slip_instruction_literal(&ast, copy, slip_arena_printf(&arena, "/%s", values[i]), nowhere);
        if (slip_dockerfile_lower(&arena, &ast, &options, &plan, &err) < 0)
            fail_msg("'%s': %s", values[i], err.msg);
        json_t *labels = json_object_get(plan.target->config, "Labels");
        assert_string_equal(slip_json_str(labels, "k"), values[i]);
        json_t *cmd = json_object_get(plan.target->config, "Cmd");
        assert_string_equal(json_string_value(json_array_get(cmd, 1)), values[i]);
        assert_string_equal(plan.steps[1]->copy.dest, slip_arena_printf(&arena, "/%s", values[i]));
    }
}

static void labels_of_the_command_line(void **state)
{
    slip_cleanup(slip_arena_release) struct slip_arena arena = SLIP_ARENA_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv labels = SLIP_STRV_INIT;
    slip_cleanup(slip_plan_release) struct slip_plan plan = SLIP_PLAN_INIT;
    const char *text = "FROM scratch\nLABEL a=1 b=2\n";
    struct slip_dockerfile ast;

    (void)state;
    slip_strv_add(&labels, "a=x=y");
    slip_strv_add(&labels, "c");
    struct slip_lower_options options = { .labels = &labels };
    assert_int_equal(slip_dockerfile_parse(
                         &arena, slip_source_text(&arena, "d", text, strlen(text)), &ast, &err),
                     0);
    assert_int_equal(slip_dockerfile_lower(&arena, &ast, &options, &plan, &err), 0);
    slip_cleanup(slip_freep) char *shown =
        slip_json_text(json_object_get(plan.target->config, "Labels"));
    assert_string_equal(shown, "{\"a\":\"x=y\",\"b\":\"2\",\"c\":\"\"}");
}

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(common_files),
        cmocka_unit_test(history_has_no_values),
        cmocka_unit_test(json_knows_the_lines),
        cmocka_unit_test(bases_are_asked_for_once),
        cmocka_unit_test(generated_values_arrive),
        cmocka_unit_test(labels_of_the_command_line),
    };
    int failed = SLIP_RUN_ROWS("lower", steps, plans);

    failed += SLIP_RUN_ROWS("lower_config", configs, configures);
    failed += SLIP_RUN_ROWS("lint", lints, lint_finds);
    failed += SLIP_RUN_ROWS("lower_errors", fails, explains);
    return failed + cmocka_run_group_tests_name("lower_files", others, NULL, NULL);
}

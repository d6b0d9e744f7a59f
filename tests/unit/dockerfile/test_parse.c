#include "main.h"

#include <stdio.h>

#include "dockerfile/ast.h"
#include "dockerfile/dump.h"
#include "util/source.h"

struct row {
    const char *name, *text, *want; /* want: the dump, or with `fails` the whole diagnostic */
};

#define F "FROM <x>\n"

static const struct row rows[] = {
    { "smallest", "FROM scratch", "FROM <scratch>\n" },
    { "keywords in any case", "from x As y\nRuN a", "FROM <x> <As> <y>\nRUN <a>\n" },
    { "byte order mark",
      "\xef\xbb\xbf"
      "FROM x\n",
      F },
    { "line ends of another system", "FROM x\r\nRUN a \\\r\n  b\r\n", F "RUN <a   b>\n" },
    { "directives",
      "# syntax = docker/dockerfile:1\n#escape=`\n# Check=skip=all\nFROM x\nRUN a `\n b",
      "syntax=docker/dockerfile:1\nescape=`\ncheck=skip=all\n" F "RUN <a  b>\n" },
    { "a comment ends the directives", "# hello\n# escape=`\nFROM x", "# <hello\\nescape=`>\n" F },
    { "an unknown directive is a comment", "# foo=bar\n# escape=`\nFROM x",
      "# <foo=bar\\nescape=`>\n" F },
    { "an empty line ends the directives", "\n# escape=`\nFROM x", "# <escape=`>\n" F },
    { "comments above an instruction", "# far\n\n# near\n  #\n#  by  \nFROM x",
      "# <near\\n\\nby>\n" F },
    { "continuation", "FROM x\nRUN a && \\\n    b", F "RUN <a &&     b>\n" },
    { "continuation with blanks behind", "FROM x\nRUN a \\ \t\nb", F "RUN <a b>\n" },
    { "comments within", "FROM x\nRUN a \\\n  # one\n# two \\\n  b", F "RUN <a   b>\n" },
    { "empty lines within", "FROM x\nRUN a \\\n\n   \nb\nRUN c", F "RUN <a b>\nRUN <c>\n" },
    { "an escaped escape does not continue", "FROM x\nRUN a\\\\\nRUN b",
      F "RUN <a\\\\>\nRUN <b>\n" },
    { "continuation into nothing", "FROM x\nRUN a \\", F "RUN <a>\n" },
    { "continuation into nothing, twice", "FROM x\nRUN a\\ \\\n\n", F "RUN <a>\n" },
    { "continuation before the instruction", "\\\nFROM x", F },
    { "keyword on its own line", "FROM x\nRUN \\\n  a", F "RUN <a>\n" },
    { "leading blanks", "  FROM x\n\tRUN a", F "RUN <a>\n" },
    { "json", "FROM x\nCMD [\"a\", \"b c\", \"\\u00e4\\\"\\\\\"]",
      F "CMD json <a> <b c> <\xc3\xa4\"\\>\n" },
    { "json over lines", "FROM x\nCMD [ \"a\", \\\n  \"b\" ]", F "CMD json <a> <b>\n" },
    { "empty json", "FROM x\nCMD []\nENTRYPOINT [ ]", F "CMD json\nENTRYPOINT json\n" },
    { "not quite json is a shell form", "FROM x\nCMD ['a']\nRUN [ -f x ] && [\"a\"]",
      F "CMD <['a']>\nRUN <[ -f x ] && [\"a\"]>\n" },
    { "text behind json is a shell form", "FROM x\nCMD [\"a\"] b", F "CMD <[\"a\"] b>\n" },
    { "copy", "FROM x\nCOPY --from=b --chown=1:2   a  b\tc/",
      F "COPY --from=<b> --chown=<1:2> <a> <b> <c/>\n" },
    { "copy in json", "FROM x\nCOPY [\"a b\", \"/c\"]", F "COPY json <a b> </c>\n" },
    { "quotes do not join words of copy", "FROM x\nCOPY \"a b\" c", F "COPY <\"a> <b\"> <c>\n" },
    { "flags in quotes", "FROM x\nCOPY --exclude=\"a b\" --chmod='7'55 --exclude=c\\ d e f",
      F "COPY --exclude=<a b> --chmod=<755> --exclude=<c d> <e> <f>\n" },
    { "flags without a value", "FROM x\nCOPY --link --parents=false a b",
      F "COPY --link --parents=<false> <a> <b>\n" },
    { "flags end at two dashes", "FROM x\nRUN -- --help", F "RUN <--help>\n" },
    { "mounts", "FROM x\nRUN --mount=type=cache,target=/c --mount=type=bind,target=/b make",
      F "RUN --mount=<type=cache,target=/c> --mount=<type=bind,target=/b> <make>\n" },
    { "flags over lines", "FROM x\nRUN --network=none \\\n  --mount=type=tmpfs,target=/t \\\n  a",
      F "RUN --network=<none> --mount=<type=tmpfs,target=/t> <a>\n" },
    { "our own flags",
      "FROM host AS b\nRUN --install make install\nFROM scratch\n"
      "COPY --from=b --installed=runtime,dev --closure --strip --runtime-files "
      "--destdir=/out --only=a,b --dlopen=libx.so.1 --data=tzdata "
      "--entrypoint=hello / /",
      "FROM <host> <AS> <b>\nRUN --install <make install>\nFROM <scratch>\n"
      "COPY --from=<b> --installed=<runtime,dev> --closure --strip --runtime-files "
      "--destdir=</out> --only=<a,b> --dlopen=<libx.so.1> --data=<tzdata> --entrypoint=<hello> "
      "</> </>\n" },
    { "env", "FROM x\nENV A=1 B=\"two words\" C=a\\ b D='x y' E=",
      F "ENV <A=1> <B=\"two words\"> <C=a\\ b> <D='x y'> <E=>\n" },
    { "old env", "FROM x\nENV A  some text = here", F "ENV <A> <some text = here>\n" },
    { "label with a quoted name", "FROM x\nLABEL \"a b\"=c d=\"e\\\n f\"",
      F "LABEL <\"a b\"=c> <d=\"e f\">\n" },
    { "arg", "ARG A B=1 C=\"x y\"\nFROM x\nARG A", "ARG <A> <B=1> <C=\"x y\">\n" F "ARG <A>\n" },
    { "expose", "FROM x\nEXPOSE 80 443/tcp $P", F "EXPOSE <80> <443/tcp> <$P>\n" },
    { "texts", "FROM x\nWORKDIR /a b\nUSER u:g\nSTOPSIGNAL 9\nMAINTAINER A <b>",
      F "WORKDIR </a b>\nUSER <u:g>\nSTOPSIGNAL <9>\nMAINTAINER <A <b>>\n" },
    { "volume", "FROM x\nVOLUME /a /b\nVOLUME [\"/c d\"]",
      F "VOLUME </a> </b>\nVOLUME json </c d>\n" },
    { "shell", "FROM x\nSHELL [\"/bin/bash\", \"-c\"]", F "SHELL json </bin/bash> <-c>\n" },
    { "healthcheck", "FROM x\nHEALTHCHECK --interval=5m --retries=3 cmd curl -f x || exit 1",
      F "HEALTHCHECK --interval=<5m> --retries=<3> <CMD> <curl -f x || exit 1>\n" },
    { "healthcheck in json, and none", "FROM x\nHEALTHCHECK CMD [\"a\", \"b\"]\nHEALTHCHECK none",
      F "HEALTHCHECK json <CMD> <a> <b>\nHEALTHCHECK <NONE>\n" },
    { "onbuild", "FROM x\nONBUILD COPY --from=a b c\nonbuild run [\"x\"]",
      F "ONBUILD\n  COPY --from=<a> <b> <c>\nONBUILD\n  RUN json <x>\n" },
    { "heredoc", "FROM x\nRUN <<EOF\na\n  b \\\n# c\nEOF\nRUN d",
      F "RUN <<<EOF> EOF:<a\\n  b \\\\n# c\\n>\nRUN <d>\n" },
    { "empty heredoc", "FROM x\nRUN <<EOF\nEOF", F "RUN <<<EOF> EOF:<>\n" },
    { "quoted and stripped heredocs", "FROM x\nCOPY <<-'A' <<\"B\" <<C /d/\n\ta\n\tA\nb\nB\n$c\nC",
      F
      "COPY <<<-'A'> <<<\"B\"> <<<C> </d/> A quoted strip:<\\ta\\n> B quoted:<b\\n> C:<$c\\n>\n" },
    { "heredoc in a command", "FROM x\nRUN python3 - <<E > /o\nprint(1)\nE",
      F "RUN <python3 - <<E > /o> E:<print(1)\\n>\n" },
    { "heredoc with a number", "FROM x\nRUN cat 3<<E\nt\nE", F "RUN <cat 3<<E> E:<t\\n>\n" },
    { "shifts and here strings are no heredocs", "FROM x\nRUN echo $((1 << 2)) <<< a $((1<<2))",
      F "RUN <echo $((1 << 2)) <<< a $((1<<2))>\n" },
    { "a quoted heredoc is text", "FROM x\nRUN echo '<<EOF'\nRUN b",
      F "RUN <echo '<<EOF'>\nRUN <b>\n" },
    { "an open quote hides heredocs", "FROM x\nRUN echo it's <<EOF\nRUN b",
      F "RUN <echo it's <<EOF>\nRUN <b>\n" },
    { "heredoc of a trigger", "FROM x\nONBUILD RUN <<E\na\nE",
      F "ONBUILD\n  RUN <<<E> E:<a\\n>\n" },
    { "heredoc with other line ends", "FROM x\r\nRUN <<E\r\na\r\nE\r\n",
      F "RUN <<<E> E:<a\\r\\n>\n" },
    { "variables stay", "ARG V=1\nFROM a:${V:-2} AS b\nRUN echo $V \"${V}\"",
      "ARG <V=1>\nFROM <a:${V:-2}> <AS> <b>\nRUN <echo $V \"${V}\">\n" },
};

static const struct row fails[] = {
    { "unknown instruction", "FROM x\nRNU make\n",
      "Dockerfile:2:1: error: 'RNU' is not an instruction\n"
      "    2 | RNU make\n"
      "      | ^~~\n"
      "hint: did you mean 'RUN'?\n" },
    { "a line that should have been joined", "FROM x\nRUN a &&\n  b c\n",
      "Dockerfile:3:3: error: 'b' is not an instruction\n"
      "    3 |   b c\n"
      "      |   ^\n"
      "hint: a line that goes on needs '\\' at the end of the one before it\n" },
    { "unknown flag", "FROM x\nCOPY --form=b a c\n",
      "Dockerfile:2:6: error: COPY has no flag '--form'\n"
      "    2 | COPY --form=b a c\n"
      "      |      ^~~~~~~~\n"
      "hint: did you mean '--from'?\n" },
    { "flag of nothing known", "FROM x\nRUN \\\n  --privileged a\n",
      "Dockerfile:3:3: error: RUN has no flag '--privileged'\n"
      "    3 |   --privileged a\n"
      "      |   ^~~~~~~~~~~~\n"
      "hint: it has --device, --install, --mount, --network, --security, --test\n" },
    { "flag where there are none", "FROM x\nENV --a=b\n",
      "Dockerfile:2:5: error: ENV has no flag '--a'\n"
      "    2 | ENV --a=b\n"
      "      |     ^~~~~\n"
      "hint: ENV takes no flags; write -- in front of a word that starts with --\n" },
    { "flag twice", "FROM x\nCOPY --from=a --from=b c d\n",
      "Dockerfile:2:15: error: the flag '--from' is given twice\n"
      "    2 | COPY --from=a --from=b c d\n"
      "      |               ^~~~~~~~\n" },
    { "flag without its value", "FROM x\nRUN --mount a\n",
      "Dockerfile:2:5: error: the flag '--mount' needs a value\n"
      "    2 | RUN --mount a\n"
      "      |     ^~~~~~~\n"
      "hint: write --mount=...\n" },
    { "flag that is true or false", "FROM x\nCOPY --link=yes a b\n",
      "Dockerfile:2:6: error: the flag '--link' is either true or false, not 'yes'\n"
      "    2 | COPY --link=yes a b\n"
      "      |      ^~~~~~~~~~\n" },
    { "flag without a name", "FROM x\nRUN --=a b\n",
      "Dockerfile:2:5: error: a flag needs a name\n"
      "    2 | RUN --=a b\n"
      "      |     ^~\n" },
    { "no instruction", "# nothing\n",
      "Dockerfile:1:1: error: there is no instruction\n"
      "    1 | # nothing\n"
      "      | ^\n"
      "hint: a Dockerfile needs at least one FROM\n" },
    { "no stage", "ARG A\n",
      "Dockerfile:1:1: error: there is no stage\n"
      "    1 | ARG A\n"
      "      | ^\n"
      "hint: a Dockerfile needs at least one FROM\n" },
    { "before the first stage", "ARG A\nRUN b\nFROM x\n",
      "Dockerfile:2:1: error: RUN stands before the first FROM\n"
      "    2 | RUN b\n"
      "      | ^~~\n"
      "hint: only ARG may stand there\n" },
    { "directive twice", "# escape=`\n# escape=`\nFROM x\n",
      "Dockerfile:2:3: error: the directive 'escape' is given twice\n"
      "    2 | # escape=`\n"
      "      |   ^~~~~~\n" },
    { "bad escape", "# escape=x\nFROM x\n",
      "Dockerfile:1:10: error: 'x' cannot be the escape character\n"
      "    1 | # escape=x\n"
      "      |          ^\n"
      "hint: it is either \\ (the default) or `\n" },
    { "heredoc without an end", "FROM x\nRUN cat <<EOF\na\n",
      "Dockerfile:2:9: error: the text that starts here has no end\n"
      "    2 | RUN cat <<EOF\n"
      "      |         ^~~~~\n"
      "hint: end it with 'EOF' on a line of its own\n" },
    { "heredoc of a name with a blank", "FROM x\nCOPY <<'a b' /c\na b\n",
      "Dockerfile:2:6: error: the name of a text cannot have a blank here\n"
      "    2 | COPY <<'a b' /c\n"
      "      |      ^~~~~~~\n" },
    { "from with two words", "FROM a b\n",
      "Dockerfile:1:1: error: FROM takes an image, or an image AS a name\n"
      "    1 | FROM a b\n"
      "      | ^~~~\n"
      "hint: write FROM image, or FROM image AS name\n" },
    { "comment behind FROM", "FROM x  # small\nRUN a\n",
      "Dockerfile:1:9: error: a comment cannot stand behind an instruction\n"
      "    1 | FROM x  # small\n"
      "      |         ^\n"
      "hint: give the comment a line of its own\n" },
    { "comment behind FROM AS", "FROM x AS y #small\n",
      "Dockerfile:1:13: error: a comment cannot stand behind an instruction\n"
      "    1 | FROM x AS y #small\n"
      "      |             ^~~~~~\n"
      "hint: give the comment a line of its own\n" },
    { "pair without a value", "FROM x\nENV A=1 B\n",
      "Dockerfile:2:9: error: 'B' has no '='\n"
      "    2 | ENV A=1 B\n"
      "      |         ^\n"
      "hint: write NAME=value, and quotes around a value that has blanks\n" },
    { "name alone", "FROM x\nENV A\n",
      "Dockerfile:2:1: error: ENV needs a name and a value\n"
      "    2 | ENV A\n"
      "      | ^~~\n"
      "hint: write NAME=value\n" },
    { "copy of nothing", "FROM x\nCOPY a\n",
      "Dockerfile:2:1: error: COPY needs at least a source and a destination\n"
      "    2 | COPY a\n"
      "      | ^~~~\n" },
    { "comment behind FROM", "FROM x # small\nRUN a",
      "Dockerfile:1:8: error: a comment cannot stand behind an instruction\n"
      "    1 | FROM x # small\n"
      "      |        ^\n"
      "hint: give the comment a line of its own\n" },
    { "duration", "FROM x\nHEALTHCHECK --interval=.s CMD a\n",
      "Dockerfile:2:13: error: '.s' is not a duration of at least a millisecond\n"
      "    2 | HEALTHCHECK --interval=.s CMD a\n"
      "      |             ^~~~~~~~~~~~~\n"
      "hint: write it as in 30s, 1m30s or 500ms\n" },
    { "volume of blanks", "FROM x\nVOLUME [\"/a\", \" \"]\n",
      "Dockerfile:2:15: error: VOLUME needs a path; this one is empty\n"
      "    2 | VOLUME [\"/a\", \" \"]\n"
      "      |               ^~~\n" },
    { "shell without json", "FROM x\nSHELL /bin/sh -c\n",
      "Dockerfile:2:1: error: SHELL needs the JSON form\n"
      "    2 | SHELL /bin/sh -c\n"
      "      | ^~~~~\n"
      "hint: write SHELL [\"/bin/sh\", \"-c\"]\n" },
    { "json with a number", "FROM x\nCMD [\"a\", 1]\n",
      "Dockerfile:2:5: error: an array of words may only hold strings\n"
      "    2 | CMD [\"a\", 1]\n"
      "      |     ^~~~~~~~\n"
      "hint: put each element in double quotes\n" },
    { "healthcheck of another type", "FROM x\nHEALTHCHECK curl x\n",
      "Dockerfile:2:13: error: HEALTHCHECK is followed by CMD or NONE, not by 'curl'\n"
      "    2 | HEALTHCHECK curl x\n"
      "      |             ^~~~\n"
      "hint: write HEALTHCHECK CMD command, or HEALTHCHECK NONE\n" },
    { "healthcheck none with more", "FROM x\nHEALTHCHECK NONE x\n",
      "Dockerfile:2:1: error: HEALTHCHECK NONE stands alone\n"
      "    2 | HEALTHCHECK NONE x\n"
      "      | ^~~~~~~~~~~\n" },
    { "healthcheck without a command", "FROM x\nHEALTHCHECK CMD\n",
      "Dockerfile:2:1: error: HEALTHCHECK CMD needs a command\n"
      "    2 | HEALTHCHECK CMD\n"
      "      | ^~~~~~~~~~~\n" },
    { "trigger of a trigger", "FROM x\nONBUILD ONBUILD RUN a\n",
      "Dockerfile:2:9: error: ONBUILD cannot be triggered by ONBUILD\n"
      "    2 | ONBUILD ONBUILD RUN a\n"
      "      |         ^~~~~~~\n" },
    { "trigger of nothing", "FROM x\nONBUILD\n",
      "Dockerfile:2:1: error: ONBUILD needs an instruction\n"
      "    2 | ONBUILD\n"
      "      | ^~~~~~~\n" },
};

static const struct slip_source *source(struct slip_arena *arena, const char *text)
{
    return slip_source_text(arena, "Dockerfile", text, strlen(text));
}

/* Prints the tree, reads that, and compares. */
static void round_trip(struct slip_arena *arena, const struct slip_dockerfile *ast)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    struct slip_dockerfile again;

    if (slip_dockerfile_print(ast, &text, &err) < 0)
        fail_msg("does not print: %s", err.msg);
    if (slip_dockerfile_parse(arena, source(arena, slip_buf_str(&text)), &again, &err) < 0)
        fail_msg("does not read back: %s\n%s", err.msg, slip_buf_str(&text));
    if (!slip_dockerfile_equal(ast, &again)) {
        slip_cleanup(slip_buf_release) struct slip_buf a = SLIP_BUF_INIT, b = SLIP_BUF_INIT;
        dump_dockerfile(&a, ast);
        dump_dockerfile(&b, &again);
        assert_string_equal(slip_buf_str(&a), slip_buf_str(&b));
        fail_msg("differs:\n%s", slip_buf_str(&text));
    }
}

static void reads(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_arena_release) struct slip_arena arena = SLIP_ARENA_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf shown = SLIP_BUF_INIT;
    struct slip_dockerfile ast;

    if (slip_dockerfile_parse(&arena, source(&arena, row->text), &ast, &err) < 0)
        fail_msg("%s", err.msg);
    dump_dockerfile(&shown, &ast);
    assert_string_equal(slip_buf_str(&shown), row->want);
    round_trip(&arena, &ast);
}

static void explains(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_arena_release) struct slip_arena arena = SLIP_ARENA_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_freep) char *shown = NULL;
    struct slip_dockerfile ast;
    size_t len;

    assert_int_equal(slip_dockerfile_parse(&arena, source(&arena, row->text), &ast, &err), -1);
    FILE *out = open_memstream(&shown, &len);
    slip_error_print(&err, out);
    fclose(out);
    assert_string_equal(shown, row->want);
}

/* What the text of an element's span is, for some elements of one file. */
static void places_are_exact(void **state)
{
    slip_cleanup(slip_arena_release) struct slip_arena arena = SLIP_ARENA_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    const char *text = "FROM x\n"
                       "COPY --from=a \\\n"
                       "  # in between\n"
                       "  b \\\n"
                       "  [\"c\n"
                       "CMD [\"d\", \\\n"
                       "     \"e f\"]\n";
    struct slip_dockerfile ast;

    (void)state;
    assert_int_equal(slip_dockerfile_parse(&arena, source(&arena, text), &ast, &err), 0);
    const struct slip_instruction *copy = ast.instructions[1], *cmd = ast.instructions[2];
    const struct {
        struct slip_span at;
        const char *want;
    } spans[] = { { copy->keyword, "COPY" },    { copy->flags[0].at, "--from=a" },
                  { copy->args[0].at, "b" },    { copy->args[1].at, "[\"c" },
                  { cmd->args[0].at, "\"d\"" }, { cmd->args[1].at, "\"e f\"" } };
    for (size_t i = 0; i < SLIP_ARRAY_LEN(spans); i++) {
        assert_int_equal(spans[i].at.len, strlen(spans[i].want));
        assert_memory_equal(spans[i].at.src->text + spans[i].at.off, spans[i].want,
                            spans[i].at.len);
    }
    assert_int_equal(slip_span_line(copy->at), 2);
    assert_int_equal(copy->at.off + copy->at.len, copy->args[1].at.off + 3);
}

/* Words that generated trees hold and that need care on the way through text. */
static const char *const awkward[] = { "plain", "two words", "",     " lead",  "trail ",
                                       "$HOME", "${x:-y}",   "a\"b", "it's",   "a\\",
                                       "a\\b",  "#x",        "a=b",  "--flag", "\ttab",
                                       "<<EOF", "[\"a\"]",   "`",    "\\\\",   "a\\ ",
                                       "*.c",   "\xc3\xa4" };

struct generated {
    struct slip_arena arena;
    struct slip_dockerfile ast;
};

static void begin(struct generated *g)
{
    struct slip_span nowhere = { 0 };

    *g = (struct generated){ 0 };
    slip_dockerfile_init(&g->ast, &g->arena);
    slip_instruction_arg(&g->ast, slip_ast_add(&g->ast, SLIP_INS_FROM, nowhere), "scratch",
                         nowhere);
}

static void generated_words_survive(void **state)
{
    struct generated g;
    struct slip_span nowhere = { 0 };
    const char *argv[SLIP_ARRAY_LEN(awkward) + 1] = { NULL };

    (void)state;
    begin(&g);
    slip_instruction_comment(&g.ast, g.ast.instructions[0], "escape=`\nsecond line");
    for (size_t i = 0; i < SLIP_ARRAY_LEN(awkward); i++) {
        argv[i] = awkward[i];
        struct slip_instruction *env = slip_ast_add(&g.ast, SLIP_INS_ENV, nowhere);
        slip_instruction_pair(&g.ast, env, "NAME", awkward[i], nowhere);
        slip_instruction_pair(&g.ast, env, "OTHER", awkward[i], nowhere);
        struct slip_instruction *label = slip_ast_add(&g.ast, SLIP_INS_LABEL, nowhere);
        slip_instruction_pair(&g.ast, label, "a key", awkward[i], nowhere);
        struct slip_instruction *copy = slip_ast_add(&g.ast, SLIP_INS_COPY, nowhere);
        slip_instruction_flag(&g.ast, copy, "exclude", awkward[i], nowhere);
        slip_instruction_flag(&g.ast, copy, "link", NULL, nowhere);
        slip_instruction_literal(&g.ast, copy, awkward[i], nowhere);
        slip_instruction_literal(&g.ast, copy, "/dest", nowhere);
    }
    struct slip_instruction *cmd = slip_ast_add(&g.ast, SLIP_INS_CMD, nowhere);
    slip_instruction_exec(&g.ast, cmd, argv, nowhere);
    struct slip_instruction *check = slip_ast_add(&g.ast, SLIP_INS_HEALTHCHECK, nowhere);
    slip_instruction_exec(&g.ast, check, argv, nowhere);
    round_trip(&g.arena, &g.ast);
    slip_arena_release(&g.arena);
}

static void generated_scripts_survive(void **state)
{
    struct generated g;
    struct slip_span nowhere = { 0 };
    static const char *const scripts[] = { "", "a", "a\nb\n", "EOF\nEOF1\n", "\t\\\n# x\n\n" };

    (void)state;
    begin(&g);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(scripts); i++) {
        struct slip_instruction *run = slip_ast_add(&g.ast, SLIP_INS_RUN, nowhere);
        slip_instruction_flag(&g.ast, run, "network", "none", nowhere);
        slip_instruction_script(&g.ast, run, scripts[i], nowhere);
        struct slip_instruction *copy = slip_ast_add(&g.ast, SLIP_INS_COPY, nowhere);
        slip_instruction_inline(&g.ast, copy, "motd", scripts[i], nowhere);
        slip_instruction_literal(&g.ast, copy, "/etc/", nowhere);
    }
    struct slip_instruction *onbuild = slip_ast_add(&g.ast, SLIP_INS_ONBUILD, nowhere);
    onbuild->trigger = slip_ast_new(&g.ast, SLIP_INS_RUN, nowhere);
    slip_instruction_script(&g.ast, onbuild->trigger, "x\n", nowhere);
    round_trip(&g.arena, &g.ast);
    slip_arena_release(&g.arena);
}

static void what_cannot_be_said_is_refused(void **state)
{
    static const struct {
        enum slip_instruction_kind kind;
        const char *arg;
    } bad[] = { { SLIP_INS_RUN, "a\nb" },  { SLIP_INS_RUN, "a \\" },     { SLIP_INS_RUN, "" },
                { SLIP_INS_RUN, " a" },    { SLIP_INS_WORKDIR, "a\nb" }, { SLIP_INS_FROM, "a b" },
                { SLIP_INS_VOLUME, "a b" } };
    struct slip_span nowhere = { 0 };

    (void)state;
    for (size_t i = 0; i < SLIP_ARRAY_LEN(bad); i++) {
        slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
        slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
        struct generated g;
        begin(&g);
        struct slip_instruction *ins = slip_ast_add(&g.ast, bad[i].kind, nowhere);
        slip_instruction_arg(&g.ast, ins, bad[i].arg, nowhere);
        assert_int_equal(slip_dockerfile_print(&g.ast, &out, &err), -1);
        assert_non_null(strstr(err.msg, "cannot be written"));
        assert_int_equal(out.len, 0);
        slip_arena_release(&g.arena);
    }
}

static void one_step_of_a_recipe(void **state)
{
    slip_cleanup(slip_arena_release) struct slip_arena arena = SLIP_ARENA_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf shown = SLIP_BUF_INIT;
    const char *text = "steps = ENV A=1\n    RUN make \\\n        all\n    RNU x\n";
    const struct slip_source *src = slip_source_text(&arena, "r.slipway", text, strlen(text));
    struct slip_dockerfile ast;

    (void)state;
    slip_dockerfile_init(&ast, &arena);
    struct slip_span env = { src, 8, 7 }, run = { src, 20, 22 }, bad = { src, 47, 5 };
    struct slip_span both = { src, 8, 34 };
    assert_int_equal(slip_dockerfile_parse_at(&ast, env, &err), 0);
    assert_int_equal(slip_dockerfile_parse_at(&ast, run, &err), 0);
    dump_dockerfile(&shown, &ast);
    assert_string_equal(slip_buf_str(&shown), "ENV <A=1>\nRUN <make         all>\n");
    assert_int_equal(slip_span_line(ast.instructions[1]->keyword), 2);
    assert_int_equal(slip_span_column(ast.instructions[1]->keyword), 5);
    assert_int_equal(slip_dockerfile_parse_at(&ast, bad, &err), -1);
    assert_int_equal(slip_span_line(err.at), 4);
    assert_int_equal(slip_span_column(err.at), 5);
    assert_int_equal(slip_dockerfile_parse_at(&ast, both, &err), -1);
    assert_non_null(strstr(err.msg, "second instruction"));
}

/* One-line forms, as shown while building and kept in the history. */
static void lines_for_people(void **state)
{
    slip_cleanup(slip_arena_release) struct slip_arena arena = SLIP_ARENA_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf shown = SLIP_BUF_INIT;
    struct slip_dockerfile ast;
    const char *text = "FROM x AS y\nRUN --network=none a \\\n b\nCMD [\"a\", \"b c\"]\n"
                       "HEALTHCHECK CMD [\"x\"]\nRUN <<EOF\n\n first\nsecond\nEOF\n"
                       "ONBUILD COPY a b\n";

    (void)state;
    assert_int_equal(slip_dockerfile_parse(&arena, source(&arena, text), &ast, &err), 0);
    for (size_t i = 0; i < ast.ninstructions; i++) {
        slip_instruction_line(ast.instructions[i], &shown);
        slip_buf_putc(&shown, '\n');
    }
    assert_string_equal(slip_buf_str(&shown), "FROM x AS y\n"
                                              "RUN --network=none a  b\n"
                                              "CMD [\"a\", \"b c\"]\n"
                                              "HEALTHCHECK CMD [\"x\"]\n"
                                              "RUN <<EOF (first...)\n"
                                              "ONBUILD COPY a b\n");
}

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(places_are_exact),
        cmocka_unit_test(generated_words_survive),
        cmocka_unit_test(generated_scripts_survive),
        cmocka_unit_test(what_cannot_be_said_is_refused),
        cmocka_unit_test(one_step_of_a_recipe),
        cmocka_unit_test(lines_for_people),
    };
    int failed = SLIP_RUN_ROWS("parse", rows, reads);

    failed += SLIP_RUN_ROWS("parse_errors", fails, explains);
    return failed + cmocka_run_group_tests_name("generated", others, NULL, NULL);
}

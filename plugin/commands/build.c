#include "build/build.h"

#include <ctype.h>
#include <fcntl.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

#include "build/locate.h"
#include "commands/check.h"
#include "commands/agents.h"
#include "commands/attest.h"
#include "commands/bills.h"
#include "commands/display.h"
#include "commands/epoch.h"
#include "commands/facts.h"
#include "commands/front.h"
#include "commands/jobserver.h"
#include "commands/limits.h"
#include "commands/metadata.h"
#include "commands/output.h"
#include "commands/secrets.h"
#include "store/record.h"
#include "ui/ui.h"
#include "util/fs.h"
#include "util/json.h"
#include "util/str.h"

struct build {
    struct slip_front_options front_options;
    struct slip_front front;
    struct slip_strv tags, output_texts, annotations, facts, secret_texts, ssh_texts, step_env,
        no_cache_filter, attest_texts;
    struct slip_attest attest;
    struct slip_secrets secrets;
    struct slip_agents agents;
    struct slip_outputs outputs;
    struct slip_display display;
    struct slip_budget budget;
    const char *size_budget;
    const char *network, *iidfile, *metadata, *stamp, *depfile, *tier, *provenance, *sbom;
    bool no_cache, dirs_only, push, load, check;
    unsigned jobs;
    struct slip_ui *ui;
    struct slip_built built;
    int logs;
    char log_name[40];
};

static void build_release(struct build *b)
{
    slip_ui_close(b->ui);
    slip_front_release(&b->front);
    slip_front_options_release(&b->front_options);
    slip_strv_release(&b->tags);
    slip_strv_release(&b->output_texts);
    slip_outputs_release(&b->outputs);
    slip_budget_release(&b->budget);
    slip_strv_release(&b->annotations);
    slip_strv_release(&b->attest_texts);
    slip_attest_release(&b->attest);
    slip_strv_release(&b->no_cache_filter);
    slip_strv_release(&b->facts);
    slip_strv_release(&b->secret_texts);
    slip_strv_release(&b->ssh_texts);
    slip_secrets_release(&b->secrets);
    slip_agents_release(&b->agents);
    slip_strv_release(&b->step_env);
    slip_built_release(&b->built);
    slip_closep(&b->logs);
}

/* A directory for this build's logs; made only when something runs would be better, but a failed
 * build must find it. */
static int open_logs(struct build *b, struct slip_session *s, struct slip_error *err)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(b->log_name, sizeof b->log_name, "%lld.%09ld-%d", (long long)now.tv_sec, now.tv_nsec,
             (int)getpid());
    if (mkdirat(s->store.logs, b->log_name, 0700) < 0)
        return slip_fail_errno(err, "cannot create a log directory");
    b->logs = openat(s->store.logs, b->log_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return b->logs < 0 ? slip_fail_errno(err, "cannot open a log directory") : 0;
}

static int open_ui(struct build *b, struct slip_session *s, struct slip_error *err)
{
    if (open_logs(b, s, err) < 0)
        return -1;
    return slip_display_open(&b->ui, s, &b->display, b->logs, err);
}

/* From the environment; a build argument of that name, in any letter case, counts for both ways in
 * which programs look for it. */
static void forward_proxies(struct build *b)
{
    static const char *const names[][2] = { { "HTTP_PROXY", "http_proxy" },
                                            { "HTTPS_PROXY", "https_proxy" },
                                            { "FTP_PROXY", "ftp_proxy" },
                                            { "NO_PROXY", "no_proxy" },
                                            { "ALL_PROXY", "all_proxy" } };
    slip_cleanup(slip_strv_release) struct slip_strv args = SLIP_STRV_INIT;

    slip_front_build_args(&b->front_options, &args);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++)
        for (size_t k = 0; k < 2; k++) {
            const char *value = getenv(names[i][k]);
            for (size_t a = 0; a < args.n; a++) {
                size_t n = strcspn(args.v[a], "=");
                if (n == strlen(names[i][0]) && strncasecmp(args.v[a], names[i][0], n) == 0)
                    value = args.v[a] + n + 1;
            }
            if (value && *value)
                slip_strv_setenv(&b->step_env, names[i][k], value);
        }
}

static int set_annotation(json_t *object, const char *text, struct slip_error *err)
{
    /* buildx can say which document is meant. */
    static const char *const elsewhere[] = { "index:", "manifest-descriptor:",
                                             "index-descriptor:" };
    const char *pair = slip_starts_with(text, "manifest:") ? text + strlen("manifest:") : text;
    const char *equals = strchr(pair, '=');

    for (size_t i = 0; i < SLIP_ARRAY_LEN(elsewhere); i++)
        if (slip_starts_with(pair, elsewhere[i])) {
            slip_fail(err, SLIP_EUSAGE, "annotation '%s' is for a document that is not written",
                      text);
            return slip_error_hint(err, "images have a manifest, and no index");
        }
    if (!equals || equals == pair) {
        slip_fail(err, SLIP_EUSAGE, "--annotation takes KEY=VALUE, not '%s'", text);
        return -1;
    }
    slip_cleanup(slip_freep) char *key = slip_xstrndup(pair, (size_t)(equals - pair));
    if (json_object_set_new(object, key, json_string(equals + 1)) < 0)
        return slip_fail(err, SLIP_EUSAGE, "annotation '%.64s' is not UTF-8", key);
    return 0;
}

static int list_annotations(const struct build *b, json_t *ret, struct slip_error *err)
{
    const struct slip_values *written = &b->front.recipe.image.annotations;

    for (size_t i = 0; b->front.is_recipe && i < written->n; i++)
        if (set_annotation(ret, written->v[i].text, err) < 0)
            return -1;
    for (size_t i = 0; i < b->annotations.n; i++)
        if (set_annotation(ret, b->annotations.v[i], err) < 0)
            return -1;
    return 0;
}

/* -t names; else what the recipe calls the image. */
static int list_names(struct build *b, struct slip_strv *ret, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv tags = SLIP_STRV_INIT;

    for (size_t i = 0; i < b->tags.n; i++) {
        char *name = slip_image_name(b->tags.v[i], err);
        if (!name)
            return -1;
        slip_strv_add_take(ret, name);
    }
    if (b->tags.n || !b->front.is_recipe || !b->front.name)
        return 0;
    slip_recipe_tags(&b->front.recipe, &tags);
    const char *suffix =
        slip_recipe_asks_debug(&b->front.recipe, b->front_options.target) ? "-debug" : "";
    for (size_t i = 0; i < tags.n; i++) {
        slip_cleanup(slip_freep) char *text =
            slip_xasprintf("%s:%s%s", b->front.name, tags.v[i], suffix);
        char *name = slip_image_name(text, err);
        if (!name)
            return -1;
        slip_strv_add_take(ret, name);
    }
    return 0;
}

static int parse_network(const char *text, enum slip_network *ret, struct slip_error *err)
{
    static const struct {
        const char *name;
        enum slip_network network;
    } known[] = { { "default", SLIP_NET_DEFAULT },
                  { "none", SLIP_NET_NONE },
                  { "host", SLIP_NET_HOST } };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(known); i++)
        if (strcmp(text, known[i].name) == 0) {
            *ret = known[i].network;
            return 0;
        }
    return slip_fail(err, SLIP_EUSAGE, "--network is default, none or host, not '%s'", text);
}

static int write_text(const char *path, const char *text, struct slip_error *err)
{
    return slip_write_file_if_changed(AT_FDCWD, path, text, strlen(text), 0644, err) < 0 ? -1 : 0;
}

static void put_path(struct slip_buf *out, const char *path)
{
    for (; *path; path++) {
        if (strchr(" #\\", *path))
            slip_buf_putc(out, '\\');
        if (*path == '$')
            slip_buf_putc(out, '$');
        slip_buf_putc(out, *path);
    }
}

/* Make syntax. With --depfile-dirs-only no single file of a context is listed: Makefile generators
 * keep entries of files that are gone, and would rebuild for ever. */
static int write_depfile(const struct build *b, struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    struct stat st;

    put_path(&text, b->stamp ? b->stamp : b->iidfile ? b->iidfile : b->depfile);
    slip_buf_putc(&text, ':');
    for (size_t i = 0; i < b->front.inputs.n; i++) {
        slip_buf_puts(&text, " \\\n  ");
        put_path(&text, b->front.inputs.v[i]);
    }
    for (size_t i = 0; i < b->built.inputs.n; i++) {
        if (b->dirs_only && (stat(b->built.inputs.v[i], &st) < 0 || !S_ISDIR(st.st_mode)))
            continue;
        slip_buf_puts(&text, " \\\n  ");
        put_path(&text, b->built.inputs.v[i]);
    }
    slip_buf_putc(&text, '\n');
    return write_text(b->depfile, slip_buf_str(&text), err);
}

/* A layout with one image can be named without a tag by every tool; a recipe's tags are names of
 * one image, so the layout carries the one that is asked for most. With -t, all of them. */
static void list_layout_names(const struct build *b, const struct slip_strv *names,
                              struct slip_strv *ret)
{
    size_t chosen = 0;

    for (size_t i = 0; i < names->n; i++)
        if (slip_ends_with(names->v[i], ":latest") || slip_ends_with(names->v[i], ":latest-debug"))
            chosen = i;
    if (b->tags.n)
        slip_strv_copy(ret, names);
    else if (names->n)
        slip_strv_add(ret, names->v[chosen]);
}

/* A stage on the host (to run tests, say) leaves no image; asking for one is a mistake. */
static int no_image(struct build *b, struct slip_error *err)
{
    const struct slip_stage *target = b->front.plan.target;

    if (!b->tags.n && !b->outputs.n && !b->iidfile) {
        slip_ui_summary(b->ui, "done, no image: the stage stands on the host");
        return 0;
    }
    slip_fail_at(err, target->at, "the host's root file system cannot become an image");
    return slip_error_hint(err, "copy what is needed into a stage that starts from scratch or from "
                                "a base image");
}

/* Stages that the target does not need are passed over, tests in them too: that is said. Caller
 * frees. */
static char *list_skipped(const struct slip_plan *plan)
{
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
    const char *before = " without stage ";

    for (size_t i = 0; i < plan->nstages; i++) {
        if (plan->stages[i]->needed)
            continue;
        if (out.len > 160) {
            slip_buf_puts(&out, ", ...");
            break;
        }
        slip_buf_printf(&out, "%s'%s'", before, plan->stages[i]->name);
        before = ", ";
    }
    return slip_buf_take(&out);
}

static int write_outputs(struct build *b, struct slip_session *s, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv layout_names = SLIP_STRV_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf said = SLIP_BUF_INIT;
    char digest[72];

    if (!b->built.manifest.hex[0])
        return no_image(b, err);
    if (list_names(b, &names, err) < 0)
        return -1;
    list_layout_names(b, &names, &layout_names);
    for (size_t i = 0; i < names.n; i++)
        if (slip_ref_set(&s->store, names.v[i], &b->built.manifest, err) < 0)
            return -1;
    if (slip_attest_write(&b->attest, s, &b->front, &b->built, names.n ? names.v[0] : NULL,
                          &b->secrets, slip_ui_events(b->ui), err) < 0)
        return -1;
    if (slip_outputs_write(&b->outputs, s, &b->built.manifest, &layout_names, &names,
                           slip_ui_events(b->ui), &said, err) < 0 ||
        (b->attest.sbom &&
         slip_bills_write(b->attest.format, s, &b->outputs, &b->built.manifest,
                          names.n ? names.v[0] : NULL, slip_ui_events(b->ui), err) < 0))
        return -1;
    slip_digest_name(&b->built.manifest, digest);
    if ((b->metadata &&
         slip_metadata_write(b->metadata, &s->store, &b->built.manifest, &names, err) < 0) ||
        (b->depfile && write_depfile(b, err) < 0) ||
        (b->iidfile && write_text(b->iidfile, digest, err) < 0) ||
        (b->stamp && slip_write_file(AT_FDCWD, b->stamp, "", 0, 0644, false, err) < 0))
        return -1;
    slip_cleanup(slip_freep) char *repository =
        names.n ? slip_xstrndup(names.v[0], (size_t)(strrchr(names.v[0], ':') - names.v[0])) : NULL;
    slip_cleanup(slip_freep) char *skipped = list_skipped(&b->front.plan);
    slip_cleanup(slip_freep) char *summary =
        slip_xasprintf("%s%s%s", b->built.was_cached ? "up to date: " : "",
                       repository ? repository : "image", skipped);
    slip_ui_summary(b->ui, summary);
    if (!b->display.quiet)
        fputs(slip_buf_str(&said), s->err);
    if (!b->outputs.to_stdout) /* else it would stand behind an archive, and be part of it */
        fprintf(s->out, "%s%s%s\n", repository ? repository : "", repository ? "@" : "", digest);
    return 0;
}

static void show_failure(struct build *b, struct slip_session *s)
{
    const struct slip_failed_step *failed = &b->built.failed;
    char name[16];

    if (!failed->step)
        return;
    slip_cleanup(slip_freep) char *log = slip_xasprintf(
        "%s/logs/%s/%s", s->store.path, b->log_name, slip_ui_log_name(failed->step->number, name));
    slip_cleanup(slip_freep) char *shell = slip_xasprintf("slipway shell --failed %s", failed->id);
    const struct slip_ui_failure failure = {
        .step = failed->step->number,
        .status = failed->words,
        .log_path = access(log, F_OK) == 0 ? log : NULL,
        .shell = shell,
    };
    slip_ui_failure(b->ui, &failure);
}

static int parse(struct build *b, struct slip_session *s, int *argc, char ***argv,
                 struct slip_error *err)
{
    const struct slip_opt opts[] = {
        SLIP_FRONT_OPTS(&b->front_options),
        SLIP_OPT_LIST('t', "tag", &b->tags, "NAME[:TAG]", "name of the image; may be repeated"),
        SLIP_OPT_LIST('o', "output", &b->output_texts, "type=T,dest=PATH", SLIP_OUTPUT_TYPES),
        SLIP_OPT_FLAG(0, "push", &b->push, "the same as -o type=registry"),
        SLIP_OPT_FLAG(0, "load", &b->load, "the same as -o type=docker: into the engine here"),
        SLIP_OPT_LIST(0, "annotation", &b->annotations, "K=V", "add an annotation"),
        SLIP_OPT_LIST(0, "describe", &b->facts, "KEY=VALUE",
                      "a fact such as title or version; may be repeated"),
        SLIP_OPT_LIST(0, "secret", &b->secret_texts, "id=NAME,src=FILE|env=VAR",
                      "a secret for RUN --mount"),
        SLIP_OPT_LIST(0, "ssh", &b->ssh_texts, "ID[=SOCKET|KEY,...]",
                      "an ssh agent for RUN --mount [of SSH_AUTH_SOCK]"),
        SLIP_OPT_TEXT(0, "network", &b->network, "NET",
                      "of steps that do not say: default, none, "
                      "host"),
        SLIP_OPT_TEXT(0, "provenance", &b->provenance, "true|mode=max",
                      "attach what the image was made from"),
        SLIP_OPT_TEXT(0, "sbom", &b->sbom, "spdx|cyclonedx", "attach a bill of materials"),
        SLIP_OPT_LIST(0, "attest", &b->attest_texts, "type=T,...",
                      "the same: type=provenance or sbom"),
        SLIP_OPT_FLAG(0, "check", &b->check, "only read and lint the file, as check does"),
        SLIP_OPT_FLAG(0, "no-cache", &b->no_cache, "run every step"),
        SLIP_OPT_LIST(0, "no-cache-filter", &b->no_cache_filter, "STAGE[,STAGE]",
                      "run every step of these stages"),
        SLIP_OPT_TEXT(0, "size-budget", &b->size_budget, "SIZE",
                      "fail when the files in the image are larger"),
        SLIP_OPT_UINT('j', "jobs", &b->jobs, "N", "stages that may run at once"),
        SLIP_DISPLAY_OPTS(&b->display),
        SLIP_OPT_TEXT(0, "iidfile", &b->iidfile, "FILE", "write the digest there"),
        SLIP_OPT_TEXT(0, "metadata-file", &b->metadata, "FILE", "write metadata there, as JSON"),
        SLIP_OPT_TEXT(0, "stamp", &b->stamp, "FILE", "touch when done"),
        SLIP_OPT_TEXT(0, "depfile", &b->depfile, "FILE", "write what was read, for make and ninja"),
        SLIP_OPT_FLAG(0, "depfile-dirs-only", &b->dirs_only, "list directories, not files"),
        SLIP_OPT_END,
    };

    return slip_command_opts(s, &slip_command_build, argc, argv, opts, err);
}

/* The stages that --no-cache-filter names, by name or number, several between commas. */
static int find_stages(const struct build *b, struct slip_strv *ret, struct slip_error *err)
{
    const struct slip_plan *plan = &b->front.plan;
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;

    for (size_t i = 0; i < plan->nstages; i++)
        slip_strv_add(&names, plan->stages[i]->name);
    for (size_t i = 0; i < b->no_cache_filter.n; i++)
        for (const char *p = b->no_cache_filter.v[i]; *p;) {
            size_t n = strcspn(p, ",");
            uint64_t number;
            slip_cleanup(slip_freep) char *name = slip_xstrndup(p, n);
            p += n + (p[n] == ',');
            for (char *c = name; *c; c++)
                *c = (char)tolower((unsigned char)*c);
            if (slip_parse_uint(name, UINT32_MAX, &number) == 0 && number < plan->nstages)
                slip_strv_add(ret, plan->stages[number]->name);
            else if (slip_strv_has(&names, name))
                slip_strv_add(ret, name);
            else {
                const char *near = slip_suggest(name, (const char *const *)names.v, names.n);
                slip_fail(err, SLIP_EUSAGE, "--no-cache-filter: there is no stage '%.64s'", name);
                return near ? slip_error_hint(err, "did you mean '%s'?", near) : -1;
            }
        }
    return 0;
}

static int carry_out(struct build *b, struct slip_session *s, struct slip_error *err)
{
    struct slip_build_options options = {
        .sources = &s->sources,
        .no_cache = b->no_cache,
        .jobs = b->jobs,
        .cancel = s->cancel,
        .tier = getenv("SLIPWAY_TIER"),
        .secrets = &b->secrets,
        .agents = &b->agents.sockets,
        .step_env = &b->step_env,
        .jobserver = { -1, -1 },
        .materials = b->attest.provenance,
    };

    if (b->network && parse_network(b->network, &options.network, err) < 0)
        return -1;
    if (slip_front_open(&b->front, s, &b->front_options, err) < 0 ||
        slip_front_plan(&b->front, s, &b->front_options, err) < 0 ||
        slip_limits_packing(&b->front, &b->outputs.packing, &options, err) < 0 ||
        slip_limits_read(&b->front, &b->front_options, b->size_budget, &b->budget, err) < 0 ||
        (!b->sbom && slip_bills_of_recipe(&b->front, &b->attest, err) < 0) ||
        open_ui(b, s, err) < 0)
        return -1;
    slip_cleanup(slip_freep) char *file = slip_path_absolute(b->front.source->name);
    slip_cleanup(slip_strv_release) struct slip_strv filter = SLIP_STRV_INIT;
    if (find_stages(b, &filter, err) < 0)
        return -1;
    options.file = file;
    options.no_cache_filter = &filter;
    options.contexts = b->front.contexts;
    options.ncontexts = b->front.ncontexts;
    options.events = slip_ui_events(b->ui);
    slip_jobserver_find(getenv("MAKEFLAGS"), options.jobserver);
    const struct slip_place *place = &b->front.place;
    if (slip_epoch_find(place->fetched ? NULL : b->front.contexts[0].path, place->time,
                        &options.epoch, err) < 0)
        return -1;
    if (b->front.is_recipe) { /* compilers and build scripts that honour it make the same bytes */
        slip_cleanup(slip_freep) char *epoch = slip_xasprintf("%lld", (long long)options.epoch);
        slip_strv_setenv(&b->step_env, "SOURCE_DATE_EPOCH", epoch);
    }
    slip_cleanup(slip_json_decrefp) json_t *annotations = json_object();
    if (list_annotations(b, annotations, err) < 0 ||
        slip_facts_apply(&b->front, s, &b->facts, options.epoch, annotations, err) < 0)
        return -1;
    options.annotations = json_object_size(annotations) ? annotations : NULL;
    if (slip_build(&b->front.plan, &options, &b->built, err) < 0) {
        show_failure(b, s);
        return -1;
    }
    if (options.compression == SLIP_ZSTD && !b->built.was_cached)
        slip_note(options.events, "docker before 23 cannot pull layers in zstd");
    /* The debug image is as large as it is; the budget is that of the image it is made for. */
    if (b->built.manifest.hex[0] &&
        !slip_recipe_asks_debug(&b->front.recipe, b->front_options.target) &&
        slip_budget_check(&s->sources, NULL, &b->built.manifest, &b->budget, err) < 0)
        return -1;
    return write_outputs(b, s, err);
}

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    slip_cleanup(build_release) struct build b = { .logs = -1, .outputs = SLIP_OUTPUTS_INIT };
    int done = parse(&b, s, &argc, &argv, err);

    if (done)
        return done < 0 ? -1 : 0;
    b.front_options.context = argc ? argv[0] : NULL;
    if (b.check)
        return slip_check(s, &b.front_options, "text", err);
    if (b.push)
        slip_strv_add(&b.output_texts, "type=registry");
    if (b.load)
        slip_strv_add(&b.output_texts, "type=docker");
    if (slip_secrets_parse(&b.secret_texts, &b.secrets, err) < 0 ||
        slip_agents_open(&b.agents, &b.ssh_texts, err) < 0 || slip_facts_check(&b.facts, err) < 0 ||
        slip_attest_parse(b.provenance, b.sbom, &b.attest_texts, &b.attest, err) < 0 ||
        slip_outputs_parse(&b.output_texts, &b.outputs, err) < 0 ||
        slip_outputs_prepare(&b.outputs, s, err) < 0)
        return -1;
    s->sources.access.secrets = &b.secrets;
    s->sources.access.agents = &b.agents.sockets;
    forward_proxies(&b);
    int rc = carry_out(&b, s, err);
    if (b.logs >= 0) /* nothing ran: nothing to keep */
        (void)unlinkat(s->store.logs, b.log_name, AT_REMOVEDIR);
    return rc;
}

const struct slip_command slip_command_build = {
    .name = "build",
    .synopsis = "build [-f FILE] [-t NAME[:TAG]] [-o type=T,dest=PATH] [OPTION...] [CONTEXT]",
    .summary = "build an image from a recipe or a Dockerfile",
    .max_args = 1,
    .needs_store = true,
    .run = run,
};

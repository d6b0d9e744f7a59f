#include "dockerfile/rules.h"

#include <stddef.h>
#include <strings.h>

static const struct slip_lint_rule rules[] = {
    { "ConsistentInstructionCasing", "All instructions should be in the same case",
      "consistent-instruction-casing", false },
    { "CopyIgnoredFile", "Files that the ignore file leaves out cannot be copied",
      "copy-ignored-file", true },
    { "DuplicateStageName", "Names of stages should be unique", "duplicate-stage-name", false },
    { "ExposeInvalidFormat", "EXPOSE takes ports, no addresses and no ports of the host",
      "expose-invalid-format", false },
    { "ExposeProtoCasing", "Protocols should be in lower case", "expose-proto-casing", false },
    { "FromAsCasing", "AS should be in the same case as FROM", "from-as-casing", false },
    { "FromPlatformFlagConstDisallowed", "The platform of FROM should not be a constant",
      "from-platform-flag-const-disallowed", false },
    { "InvalidDefaultArgInFrom", "The defaults of ARGs should give FROM the name of an image",
      "invalid-default-arg-in-from", false },
    { "InvalidDefinitionDescription",
      "A comment right above a stage or an ARG should begin with its name",
      "invalid-definition-description", true },
    { "JSONArgsRecommended", "CMD and ENTRYPOINT should be in the JSON form",
      "json-args-recommended", false },
    { "LegacyKeyValueFormat", "Pairs should have an equals sign", "legacy-key-value-format",
      false },
    { "MaintainerDeprecated", "A label should name the author", "maintainer-deprecated", false },
    { "MultipleInstructionsDisallowed",
      "CMD, ENTRYPOINT and HEALTHCHECK should stand once in a stage",
      "multiple-instructions-disallowed", false },
    { "NoEmptyContinuation", "There should be no empty lines within an instruction",
      "no-empty-continuation", false },
    { "RedundantTargetPlatform", "The platform of the target is the default",
      "redundant-target-platform", false },
    { "ReservedStageName", "Some words should not be names of stages", "reserved-stage-name",
      false },
    { "SecretsUsedInArgOrEnv", "Secrets should not be in ARG or ENV", "secrets-used-in-arg-or-env",
      false },
    { "StageNameCasing", "Names of stages should be in lower case", "stage-name-casing", false },
    { "UndefinedArgInFrom", "Variables in FROM should be declared", "undefined-arg-in-from",
      false },
    { "UndefinedVar", "Variables should be set before they are used", "undefined-var", false },
    { "UnknownStage", "A name that is nearly a stage's should be that", NULL, false },
    { "UnusedBuildArg", "An ARG should declare each build argument", NULL, false },
    { "WorkdirRelativePath", "The first WORKDIR should be absolute", "workdir-relative-path",
      false },
};

const struct slip_lint_rule *slip_lint_rule_find(const char *name)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strcasecmp(rules[i].name, name) == 0)
            return &rules[i];
    return NULL;
}

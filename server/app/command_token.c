/* parlour token create */
#include "app/arguments.h"
#include "app/commands.h"
#include "app/lifetime.h"
#include "app/say.h"
#include "store/database.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char usage[] = "Usage: parlour token create --role admin|rep|marketer [--name NAME] "
                            "[--expires 30d] [--data DIR]\n"
                            "       prints the token, once\n";

int command_token(int argc, char **argv) {
    const char *word = "", *role = NULL, *name = "", *expires = NULL, *data = "data";
    bool help = false;
    const struct argument_rule rules[] = {
        {"role", &role, NULL}, {"name", &name, NULL}, {"expires", &expires, NULL},
        {"data", &data, NULL}, {"help", NULL, &help},
    };
    const struct arguments a = {.rules = rules,
                                .rule_count = sizeof(rules) / sizeof(*rules),
                                .words = &word,
                                .words_max = 1};
    struct api_token token = {0};
    struct database *db;
    char reason[CONFIG_REASON_MAX];
    size_t words;
    int64_t lifetime;
    if (arguments_parse(&a, argc, argv, &words, reason) != 0) {
        return fail_usage(reason, usage);
    }
    if (help) {
        fputs(usage, stdout);
        return EXIT_OK;
    }
    if (strcmp(word, "create") != 0 || !role || !staff_role_parse(role, &token.role)) {
        return fail_usage("token needs create and --role admin, rep or marketer.", usage);
    }
    if (expires) {
        if (lifetime_parse(expires, &lifetime) != 0) {
            return fail_usage("--expires takes a time like 30d, 12h or 90m.", usage);
        }
        token.expires_at = (int64_t)time(NULL) + lifetime;
    }
    snprintf(token.name, sizeof(token.name), "%s", name);
    int error = database_open(data, NULL, &db);
    if (error) {
        return fail_store(error, data);
    }
    error = tokens_create(db, &token);
    database_close(db);
    if (error) {
        return fail_store(error, data);
    }
    printf("%s\n", token.token);
    return EXIT_OK;
}

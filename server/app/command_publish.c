/* parlour publish FILE --title T */
#include "app/arguments.h"
#include "app/commands.h"
#include "app/places.h"
#include "app/publishing.h"
#include "app/say.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "Usage: parlour publish FILE --title T [--captions FILE.vtt [--lang en]] [--data DIR]\n"
    "                       [--pipeline FILE] [--unconfined]\n"
    "       prints the slug of the walkthrough (/w/SLUG) when it is compiled\n";

int command_publish(int argc, char **argv) {
    const char *file = NULL, *title = NULL, *data = "data", *pipeline = NULL;
    const char *captions = NULL, *lang = NULL;
    char reason[CONFIG_REASON_MAX], message[512], found[CONFIG_TEXT_MAX];
    bool help = false, unconfined = false;
    const struct argument_rule rules[] = {
        {"title", &title, NULL},           {"data", &data, NULL}, {"pipeline", &pipeline, NULL},
        {"captions", &captions, NULL},     {"lang", &lang, NULL}, {"help", NULL, &help},
        {"unconfined", NULL, &unconfined},
    };
    const struct arguments a = {.rules = rules,
                                .rule_count = sizeof(rules) / sizeof(*rules),
                                .words = &file,
                                .words_max = 1};
    static struct walkthrough_row row; /* 18 KB */
    struct database *db;
    size_t words;
    if (arguments_parse(&a, argc, argv, &words, reason) != 0) {
        return fail_usage(reason, usage);
    }
    if (help) {
        fputs(usage, stdout);
        return EXIT_OK;
    }
    if (!file || !title || !title[0]) {
        return fail_usage("publish needs a file and --title.", usage);
    }
    if (strlen(title) >= sizeof(row.title)) {
        return fail("The title is longer than %zu bytes.", sizeof(row.title) - 1);
    }
    place_pipeline(found, sizeof(found));
    snprintf(row.title, sizeof(row.title), "%s", title);
    const struct publishing what = {.data = data,
                                    .pipeline = pipeline ? pipeline : found,
                                    .file = file,
                                    .captions = captions,
                                    .captions_lang = lang,
                                    .unconfined = unconfined,
                                    .row = &row};
    int error = database_open(data, NULL, &db);
    if (error) {
        return fail_store(error, data);
    }
    error = publish(db, &what, message);
    database_close(db);
    if (error) {
        return fail("%s", message);
    }
    printf("%s\n", row.slug);
    return EXIT_OK;
}

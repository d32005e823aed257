/* parlour user add | link */
#include "app/arguments.h"
#include "app/commands.h"
#include "app/say.h"
#include "store/database.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PASSWORD_LEAST 8
#define LINK_LIFETIME 3600

static const char usage[] =
    "Usage: parlour user add EMAIL --role admin|rep|marketer [--name NAME] [--password-stdin]\n"
    "                              [--data DIR]\n"
    "       parlour user link EMAIL [--base-url URL] [--data DIR]   prints a one-time sign-in "
    "link\n";

struct options {
    const char *words[2];
    const char *role, *name, *data, *base_url;
    bool password_stdin, help;
};

/* The first line of standard input. */
static int read_password(char *ret, size_t size) {
    if (!fgets(ret, (int)size, stdin)) {
        return -EINVAL;
    }
    size_t n = strcspn(ret, "\r\n");
    bool whole = ret[n] != '\0' || feof(stdin);
    ret[n] = '\0';
    return whole && n >= PASSWORD_LEAST ? 0 : -EINVAL;
}

static int add(struct database *db, const struct options *o) {
    struct user_add user = {0};
    if (!o->role || !staff_role_parse(o->role, &user.user.role)) {
        return fail_usage("user add needs --role admin, rep or marketer.", usage);
    }
    snprintf(user.user.email, sizeof(user.user.email), "%s", o->words[1]);
    snprintf(user.user.name, sizeof(user.user.name), "%s", o->name ? o->name : "");
    if (!o->name) { /* what stands before the @ is better than nothing */
        snprintf(user.user.name, sizeof(user.user.name), "%.*s", (int)strcspn(o->words[1], "@"),
                 o->words[1]);
    }
    if (o->password_stdin && read_password(user.password, sizeof(user.password)) != 0) {
        return fail("The password on standard input must have %d to %d characters in one line.",
                    PASSWORD_LEAST, STORE_PASSWORD_MAX - 2);
    }
    int error = users_add(db, &user);
    explicit_bzero(user.password, sizeof(user.password));
    switch (-error) {
    case 0:
        printf("%s\n", user.user.id);
        return EXIT_OK;
    case EEXIST:
        return fail("%s is there already; parlour user link %s makes a sign-in link.",
                    user.user.email, user.user.email);
    case EINVAL:
        return fail("%s is no e-mail address.", o->words[1]);
    default:
        return fail_store(error, o->data);
    }
}

static int make_link(struct database *db, const struct options *o) {
    struct sign_in_code code = {.lifetime = LINK_LIFETIME};
    snprintf(code.email, sizeof(code.email), "%s", o->words[1]);
    int error = codes_create(db, &code);
    if (error == -ENOENT) {
        return fail("There is no user %s; parlour user add %s --role rep adds one.", o->words[1],
                    o->words[1]);
    }
    if (error) {
        return fail_store(error, o->data);
    }
    printf("%s/signin/%s\n", o->base_url, code.code);
    return EXIT_OK;
}

int command_user(int argc, char **argv) {
    struct options o = {.data = "data", .base_url = "http://localhost:8080"};
    const struct argument_rule rules[] = {
        {"role", &o.role, NULL}, {"name", &o.name, NULL},
        {"data", &o.data, NULL}, {"base-url", &o.base_url, NULL},
        {"help", NULL, &o.help}, {"password-stdin", NULL, &o.password_stdin},
    };
    const struct arguments a = {.rules = rules,
                                .rule_count = sizeof(rules) / sizeof(*rules),
                                .words = o.words,
                                .words_max = 2};
    char reason[CONFIG_REASON_MAX];
    size_t words;
    struct database *db;
    if (arguments_parse(&a, argc, argv, &words, reason) != 0) {
        return fail_usage(reason, usage);
    }
    if (o.help) {
        fputs(usage, stdout);
        return EXIT_OK;
    }
    bool adds = words == 2 && strcmp(o.words[0], "add") == 0;
    if (words != 2 || (!adds && strcmp(o.words[0], "link") != 0)) {
        return fail_usage("user needs add or link, and an e-mail address.", usage);
    }
    int error = database_open(o.data, NULL, &db);
    if (error) {
        return fail_store(error, o.data);
    }
    int code = adds ? add(db, &o) : make_link(db, &o);
    database_close(db);
    return code;
}

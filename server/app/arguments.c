#include "app/arguments.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_BYTES 64

struct walk {
    const struct arguments *a;
    int argc, at;
    char **argv;
    char *reason;
    bool configs_only; /* first pass: just --config */
    size_t words;
};

static const struct argument_rule *find(const struct arguments *a, const char *name) {
    for (size_t i = 0; i < a->rule_count; i++) {
        if (strcmp(a->rules[i].name, name) == 0) {
            return &a->rules[i];
        }
    }
    return NULL;
}

/* The text after "=", or else the next argument. */
static int value_of(struct walk *w, const char *name, const char *inline_value, const char **ret) {
    if (inline_value) {
        *ret = inline_value;
        return 0;
    }
    if (w->at + 1 >= w->argc) {
        snprintf(w->reason, CONFIG_REASON_MAX, "--%s needs a value.", name);
        return -EINVAL;
    }
    *ret = w->argv[++w->at];
    return 0;
}

static int take_rule(struct walk *w, const struct argument_rule *rule, const char *inline_value) {
    if (!rule->flag) {
        return value_of(w, rule->name, inline_value, rule->value);
    }
    if (inline_value) {
        snprintf(w->reason, CONFIG_REASON_MAX, "--%s takes no value.", rule->name);
        return -EINVAL;
    }
    *rule->flag = true;
    return 0;
}

static int take_setting(struct walk *w, const char *name, const char *inline_value) {
    const char *value = "yes";
    bool is_file = strcmp(name, "config") == 0;
    if (!config_is_flag(name) || inline_value) {
        int error = value_of(w, name, inline_value, &value);
        if (error) {
            return error;
        }
    }
    if (is_file != w->configs_only) {
        return 0;
    }
    return is_file ? config_read(w->a->config, value, w->reason)
                   : config_set(w->a->config, name, value, w->reason);
}

static int take_option(struct walk *w, const char *text) {
    char name[NAME_MAX_BYTES];
    const char *equals = strchr(text, '=');
    size_t n = equals ? (size_t)(equals - text) : strlen(text);
    if (n >= sizeof(name)) {
        snprintf(w->reason, CONFIG_REASON_MAX, "There is no option --%.100s.", text);
        return -EINVAL;
    }
    memcpy(name, text, n);
    name[n] = '\0';
    const struct argument_rule *rule = find(w->a, name);
    if (rule) {
        return take_rule(w, rule, equals ? equals + 1 : NULL);
    }
    if (w->a->config) {
        return take_setting(w, name, equals ? equals + 1 : NULL);
    }
    snprintf(w->reason, CONFIG_REASON_MAX, "There is no option --%s.", name);
    return -EINVAL;
}

static int walk(struct walk *w) {
    bool options_over = false;
    w->words = 0;
    for (w->at = 1; w->at < w->argc; w->at++) {
        const char *text = w->argv[w->at];
        if (!options_over && strcmp(text, "--") == 0) {
            options_over = true;
        } else if (!options_over && strncmp(text, "--", 2) == 0) {
            int error = take_option(w, text + 2);
            if (error) {
                return error;
            }
        } else if (w->words == w->a->words_max) {
            snprintf(w->reason, CONFIG_REASON_MAX, "\"%.100s\" is one word too many.", text);
            return -EINVAL;
        } else {
            w->a->words[w->words++] = text;
        }
    }
    return 0;
}

int arguments_parse(const struct arguments *a, int argc, char **argv, size_t *ret_words,
                    char ret_reason[static CONFIG_REASON_MAX]) {
    struct walk w = {.a = a, .argc = argc, .argv = argv, .reason = ret_reason};
    if (a->config) {
        w.configs_only = true;
        if (walk(&w) != 0) {
            return -EINVAL;
        }
        w.configs_only = false;
    }
    if (walk(&w) != 0) {
        return -EINVAL;
    }
    *ret_words = w.words;
    return 0;
}

/* app/arguments.h: command lines: "--name value", "--name=value", "--flag" and plain words, in any
 * order; "--" ends the options. */
#pragma once
#include "app/config.h"

#include <stdbool.h>
#include <stddef.h>

struct argument_rule {
    const char *name;   /* without the dashes */
    const char **value; /* takes a value … */
    bool *flag;         /* … or is a flag */
};

struct arguments {
    const struct argument_rule *rules;
    size_t rule_count;
    struct config *config; /* not NULL: any setting is an option too; --config FILE is read first */
    const char **words;    /* room for plain words */
    size_t words_max;
};

/* 0 with the number of words, or -EINVAL with a sentence. */
int arguments_parse(const struct arguments *a, int argc, char **argv, size_t *ret_words,
                    char ret_reason[static CONFIG_REASON_MAX]);

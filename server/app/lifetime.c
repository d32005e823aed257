#include "app/lifetime.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#define YEARS_MOST (10 * 366 * 86400LL)

int lifetime_parse(const char *text, int64_t *ret_seconds) {
    char *end;
    long long unit;
    if (!isdigit((unsigned char)text[0])) {
        return -EINVAL;
    }
    errno = 0;
    long long n = strtoll(text, &end, 10);
    switch (*end) {
    case 'd':
        unit = 86400;
        break;
    case 'h':
        unit = 3600;
        break;
    case 'm':
        unit = 60;
        break;
    case 's':
        unit = 1;
        break;
    default:
        return -EINVAL;
    }
    if (errno || end[1] || n <= 0 || n > YEARS_MOST / unit) {
        return -EINVAL;
    }
    *ret_seconds = n * unit;
    return 0;
}

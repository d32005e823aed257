#include "signal/rfc3339.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

void rfc3339_text(int64_t unix_seconds, char ret[static RFC3339_MAX]) {
    time_t t = (time_t)unix_seconds;
    struct tm tm;

    if (gmtime_r(&t, &tm) == NULL || strftime(ret, RFC3339_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0) {
        ret[0] = '\0';
    }
}

/* Exactly `n` digits. */
static int number(const char **at, size_t n, int *ret) {
    int value = 0;

    for (size_t i = 0; i < n; i++) {
        if ((*at)[i] < '0' || (*at)[i] > '9') {
            return -EINVAL;
        }
        value = value * 10 + ((*at)[i] - '0');
    }
    *at += n;
    *ret = value;
    return 0;
}

static int literal(const char **at, const char *set) {
    if (**at == '\0' || strchr(set, **at) == NULL) {
        return -EINVAL;
    }
    (*at)++;
    return 0;
}

static int offset(const char **at, int *ret_seconds) {
    int hours, minutes, sign;

    if (**at == 'Z' || **at == 'z') {
        (*at)++;
        *ret_seconds = 0;
        return 0;
    }
    sign = **at == '-' ? -1 : 1;
    if (literal(at, "+-") < 0 || number(at, 2, &hours) < 0 || literal(at, ":") < 0 ||
        number(at, 2, &minutes) < 0 || hours > 23 || minutes > 59) {
        return -EINVAL;
    }
    *ret_seconds = sign * (hours * 3600 + minutes * 60);
    return 0;
}

int rfc3339_parse(const char *text, int64_t *ret) {
    struct tm tm = {0};
    const char *at = text;
    int year, month, shift = 0;

    if (number(&at, 4, &year) < 0 || literal(&at, "-") < 0 || number(&at, 2, &month) < 0 ||
        literal(&at, "-") < 0 || number(&at, 2, &tm.tm_mday) < 0 || literal(&at, "Tt ") < 0 ||
        number(&at, 2, &tm.tm_hour) < 0 || literal(&at, ":") < 0 ||
        number(&at, 2, &tm.tm_min) < 0 || literal(&at, ":") < 0 || number(&at, 2, &tm.tm_sec) < 0) {
        return -EINVAL;
    }
    if (*at == '.') {
        at++;
        if (*at < '0' || *at > '9') {
            return -EINVAL;
        }
        at += strspn(at, "0123456789");
    }
    if (offset(&at, &shift) < 0 || *at != '\0' || year < 1970 || month < 1 || month > 12 ||
        tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60) {
        return -EINVAL;
    }
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    int day = tm.tm_mday;
    time_t t = timegm(&tm);
    if (t == (time_t)-1 || tm.tm_mday != day) { /* "31 February" was moved to March */
        return -EINVAL;
    }
    *ret = (int64_t)t - shift;
    return 0;
}

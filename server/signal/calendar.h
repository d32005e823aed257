/* signal/calendar.h: an invitation as an iCalendar file (RFC 5545). Pure. */
#pragma once
#include "signal/text.h"

#include <stdint.h>

struct calendar_event {
    const char *uid; /* stable: the same invite gives the same entry again */
    const char *title;
    const char *url;     /* where the visit is */
    const char *host;    /* who invites, may be "" */
    const char *company; /* may be "" */
    int64_t starts_at;   /* Unix seconds */
    int64_t duration;    /* seconds */
    int64_t created_at;  /* Unix seconds: DTSTAMP, so that the file is the same each time */
    bool cancelled;
};

/* Adds the whole file: UTC times, CRLF, lines folded at 75 octets, texts escaped. */
void calendar_write(struct text *t, const struct calendar_event *event);

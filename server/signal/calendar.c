#include "signal/calendar.h"

#include <string.h>
#include <time.h>

#define LINE_MAX_OCTETS 75 /* RFC 5545 §3.1, without CRLF */

/* One content line, folded between characters, not inside of them. */
static void add_line(struct text *t, const char *line) {
    size_t n = strlen(line), at = 0, room = LINE_MAX_OCTETS;

    while (n - at > room) {
        size_t cut = room;
        while (cut > 0 && ((unsigned char)line[at + cut] & 0xc0) == 0x80) {
            cut--;
        }
        if (cut == 0) {
            cut = room;
        }
        text_add_bytes(t, line + at, cut);
        text_add(t, "\r\n ");
        at += cut;
        room = LINE_MAX_OCTETS - 1; /* the blank counts */
    }
    text_add(t, line + at);
    text_add(t, "\r\n");
}

/* TEXT values escape \ ; , and line ends (RFC 5545 §3.3.11). */
static void add_escaped(struct text *t, const char *value) {
    for (; *value != '\0'; value++) {
        if (*value == '\n') {
            text_add(t, "\\n");
        } else if ((unsigned char)*value < 0x20 || *value == 0x7f) {
            continue;
        } else {
            if (strchr("\\;,", *value) != NULL) {
                text_add(t, "\\");
            }
            text_add_bytes(t, value, 1);
        }
    }
}

static void add_text(struct text *t, const char *name, const char *value) {
    struct text line = {0};

    text_addf(&line, "%s:", name);
    add_escaped(&line, value);
    add_line(t, line.p != NULL ? line.p : "");
    t->failed |= line.failed;
    text_clear(&line);
}

static void add_time(struct text *t, const char *name, int64_t unix_seconds) {
    time_t time = (time_t)unix_seconds;
    struct tm tm;
    char stamp[32] = "19700101T000000Z";

    if (gmtime_r(&time, &tm) != NULL) {
        strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &tm);
    }
    text_addf(t, "%s:%s\r\n", name, stamp);
}

static void add_description(struct text *t, const struct calendar_event *e) {
    struct text words = {0};

    if (e->host[0] != '\0') {
        text_addf(&words, "%s", e->host);
        if (e->company[0] != '\0') {
            text_addf(&words, ", %s", e->company);
        }
        text_add(&words, "\n");
    }
    text_addf(&words, "%s", e->url);
    add_text(t, "DESCRIPTION", words.p != NULL ? words.p : "");
    t->failed |= words.failed;
    text_clear(&words);
}

/* A URI value is not escaped (RFC 5545 §3.3.13). */
static void add_uri(struct text *t, const char *url) {
    struct text line = {0};

    text_addf(&line, "URL:%s", url);
    add_line(t, line.p != NULL ? line.p : "");
    t->failed |= line.failed;
    text_clear(&line);
}

void calendar_write(struct text *t, const struct calendar_event *e) {
    text_add(t, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Parlour//Visit//EN\r\n"
                "CALSCALE:GREGORIAN\r\n");
    text_addf(t, "METHOD:%s\r\n", e->cancelled ? "CANCEL" : "PUBLISH");
    text_add(t, "BEGIN:VEVENT\r\n");
    add_text(t, "UID", e->uid);
    add_time(t, "DTSTAMP", e->created_at);
    add_time(t, "DTSTART", e->starts_at);
    add_time(t, "DTEND", e->starts_at + e->duration);
    add_text(t, "SUMMARY", e->title);
    add_text(t, "LOCATION", e->url);
    add_description(t, e);
    add_uri(t, e->url);
    text_addf(t, "STATUS:%s\r\n", e->cancelled ? "CANCELLED" : "CONFIRMED");
    text_add(t, "END:VEVENT\r\nEND:VCALENDAR\r\n");
}

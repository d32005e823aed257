#include "wire/sdp.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static uint8_t lower(uint8_t c) {
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

bool sdp_is(struct bytes text, const char *word) {
    return bytes_equal(text, bytes_of_text(word));
}

bool sdp_is_word_nocase(struct bytes text, const char *word) {
    if (text.n != strlen(word)) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (lower(text.p[i]) != lower((uint8_t)word[i])) {
            return false;
        }
    }
    return true;
}

bool sdp_copy(struct bytes text, char *ret, size_t size) {
    if (text.n >= size) {
        return false;
    }
    if (text.n) {
        memcpy(ret, text.p, text.n);
    }
    ret[text.n] = '\0';
    return true;
}

/* One line without its end; false at the end of the text. */
static bool take_line(struct bytes *rest, struct bytes *ret) {
    if (rest->n == 0) {
        return false;
    }
    const uint8_t *end = memchr(rest->p, '\n', rest->n);
    size_t n = end ? (size_t)(end - rest->p) : rest->n;
    struct bytes line = bytes_of(rest->p, n);
    *rest = bytes_from(*rest, n + 1);
    if (line.n && line.p[line.n - 1] == '\r') {
        line.n--;
    }
    *ret = line;
    return true;
}

bool sdp_next_line(struct bytes *lines, char *ret_type, struct bytes *ret_value) {
    struct bytes line;
    while (take_line(lines, &line)) {
        if (line.n >= 2 && line.p[1] == '=') {
            *ret_type = (char)line.p[0];
            *ret_value = bytes_from(line, 2);
            return true;
        }
    }
    return false;
}

bool sdp_next_attribute(struct bytes *lines, struct bytes *ret_name, struct bytes *ret_value) {
    char type;
    struct bytes text;
    while (sdp_next_line(lines, &type, &text)) {
        if (type == 'a' && text.n) {
            const uint8_t *colon = memchr(text.p, ':', text.n);
            size_t n = colon ? (size_t)(colon - text.p) : text.n;
            *ret_name = bytes_of(text.p, n);
            *ret_value = bytes_from(text, n + 1);
            return true;
        }
    }
    return false;
}

bool sdp_find(struct bytes lines, const char *name, struct bytes *ret_value) {
    struct bytes found, value;
    while (sdp_next_attribute(&lines, &found, &value)) {
        if (sdp_is(found, name)) {
            if (ret_value) {
                *ret_value = value;
            }
            return true;
        }
    }
    return false;
}

bool sdp_find_in_media(const struct sdp *sdp, const struct sdp_media *media, const char *name,
                       struct bytes *ret_value) {
    return sdp_find(media->lines, name, ret_value) || sdp_find(sdp->session, name, ret_value);
}

bool sdp_next_word(struct bytes *text, char separator, struct bytes *ret_word) {
    while (text->n && text->p[0] == (uint8_t)separator) {
        *text = bytes_from(*text, 1);
    }
    if (text->n == 0) {
        return false;
    }
    const uint8_t *end = memchr(text->p, separator, text->n);
    size_t n = end ? (size_t)(end - text->p) : text->n;
    *ret_word = bytes_of(text->p, n);
    *text = bytes_from(*text, n);
    return true;
}

int sdp_number(struct bytes text, uint64_t max, uint64_t *ret) {
    uint64_t v = 0;
    if (text.n == 0 || text.n > 19) { /* 19 digits fit in 64 bits */
        return -EINVAL;
    }
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (c < '0' || c > '9') {
            return -EINVAL;
        }
        v = 10 * v + (uint64_t)(c - '0');
    }
    if (v > max) {
        return -EINVAL;
    }
    *ret = v;
    return 0;
}

bool sdp_find_format(const struct sdp_media *media, const char *name, unsigned type,
                     struct bytes *ret_value) {
    struct bytes lines = media->lines, found, value, word;
    uint64_t number;
    while (sdp_next_attribute(&lines, &found, &value)) {
        if (sdp_is(found, name) && sdp_next_word(&value, ' ', &word) &&
            sdp_number(word, 127, &number) == 0 && number == type) {
            while (value.n && value.p[0] == ' ') {
                value = bytes_from(value, 1);
            }
            *ret_value = value;
            return true;
        }
    }
    return false;
}

static struct bytes trimmed(struct bytes text) {
    while (text.n && text.p[0] == ' ') {
        text = bytes_from(text, 1);
    }
    while (text.n && text.p[text.n - 1] == ' ') {
        text.n--;
    }
    return text;
}

bool sdp_fmtp_parameter(struct bytes fmtp, const char *key, struct bytes *ret_value) {
    struct bytes parameter;
    while (sdp_next_word(&fmtp, ';', &parameter)) {
        const uint8_t *equals = memchr(parameter.p, '=', parameter.n);
        size_t n = equals ? (size_t)(equals - parameter.p) : parameter.n;
        if (sdp_is_word_nocase(trimmed(bytes_of(parameter.p, n)), key)) {
            *ret_value = trimmed(bytes_from(parameter, n + 1));
            return true;
        }
    }
    return false;
}

static int hex_digit(uint8_t c) {
    c = lower(c);
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int sdp_parse_fingerprint(struct bytes value, struct dtls_fingerprint *ret) {
    static const struct {
        const char *name;
        size_t size;
    } hashes[] = {{"sha-256", 32}, {"sha-384", 48}, {"sha-512", 64}};
    struct dtls_fingerprint f = {.digest_size = 0};
    struct bytes algorithm, hex;
    if (!sdp_next_word(&value, ' ', &algorithm) || !sdp_next_word(&value, ' ', &hex)) {
        return -EINVAL;
    }
    size_t expected = 0;
    for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
        if (sdp_is_word_nocase(algorithm, hashes[i].name)) {
            memcpy(f.algorithm, hashes[i].name, sizeof(f.algorithm));
            expected = hashes[i].size;
        }
    }
    if (!expected) {
        return -ENOTSUP;
    }
    if (hex.n != 3 * expected - 1) {
        return -EINVAL;
    }
    for (size_t at = 0; at < hex.n; at += 3) {
        int high = hex_digit(hex.p[at]), low = hex_digit(hex.p[at + 1]);
        if (high < 0 || low < 0 || (at + 2 < hex.n && hex.p[at + 2] != ':')) {
            return -EINVAL;
        }
        f.digest[f.digest_size++] = (uint8_t)(high << 4 | low);
    }
    *ret = f;
    return 0;
}

bool sdp_is_ice_text(struct bytes text, size_t min, size_t max) {
    if (text.n < min || text.n > max) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i], l = lower(c);
        if (!((l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/' ||
              c == '-' || c == '_')) { /* '-' and '_' are sent by some stacks */
            return false;
        }
    }
    return true;
}

/* ---- the whole text ---- */

static bool find_direction(struct bytes lines, enum sdp_direction *ret) {
    static const struct {
        const char *name;
        enum sdp_direction direction;
    } names[] = {{"sendrecv", SDP_SENDRECV},
                 {"sendonly", SDP_SENDONLY},
                 {"recvonly", SDP_RECVONLY},
                 {"inactive", SDP_INACTIVE}};
    struct bytes name, value;
    while (sdp_next_attribute(&lines, &name, &value)) {
        for (size_t i = 0; i < 4 && value.n == 0; i++) {
            if (sdp_is(name, names[i].name)) {
                *ret = names[i].direction;
                return true;
            }
        }
    }
    return false;
}

/* m=<media> <port>[/<number>] <proto> <fmt> … */
static int parse_media_line(struct bytes value, struct sdp_media *ret) {
    struct bytes port;
    uint64_t number;
    if (!sdp_next_word(&value, ' ', &ret->kind) || !sdp_next_word(&value, ' ', &port) ||
        !sdp_next_word(&value, ' ', &ret->proto)) {
        return -EBADMSG;
    }
    const uint8_t *slash = memchr(port.p, '/', port.n);
    port.n = slash ? (size_t)(slash - port.p) : port.n;
    if (sdp_number(port, UINT16_MAX, &number) < 0) {
        return -EBADMSG;
    }
    ret->port = (uint16_t)number;
    ret->formats = trimmed(value);
    return ret->formats.n ? 0 : -EBADMSG;
}

static const char *check_line(struct bytes line) {
    if (line.n > SDP_LINE_TEXT_MAX) {
        return "a line is longer than 4096 bytes";
    }
    if (line.n < 2 || line.p[1] != '=' || lower(line.p[0]) < 'a' || lower(line.p[0]) > 'z') {
        return "a line is not of the form x=…";
    }
    for (size_t i = 2; i < line.n; i++) {
        if ((line.p[i] < 0x20 && line.p[i] != '\t') || line.p[i] == 0x7f) {
            return "a line holds a control character";
        }
    }
    return NULL;
}

bool sdp_is_lines(struct bytes text) {
    struct bytes line;
    while (take_line(&text, &line)) {
        if (line.n && check_line(line)) {
            return false;
        }
    }
    return true;
}

static void finish_media(struct sdp *sdp) {
    enum sdp_direction session = SDP_SENDRECV;
    find_direction(sdp->session, &session);
    for (size_t i = 0; i < sdp->media_count; i++) {
        struct sdp_media *m = &sdp->media[i];
        m->direction = session;
        find_direction(m->lines, &m->direction);
        sdp_find(m->lines, "mid", &m->mid);
    }
}

int sdp_parse(struct bytes text, struct sdp *ret, const char **ret_reason) {
    if (text.n > SDP_TEXT_MAX) {
        *ret_reason = "it is longer than 64 KiB";
        return -EMSGSIZE;
    }
    struct bytes rest = text, line;
    struct bytes *section = &ret->session;
    ret->media_count = 0;
    ret->session = bytes_of(text.p, 0);
    size_t number = 0;
    while (take_line(&rest, &line)) {
        if (line.n == 0) {
            continue; /* an empty line at the end is common */
        }
        const char *reason = check_line(line);
        if (number == SDP_LINES_MAX) {
            *ret_reason = "it has more than 5000 lines";
            return -EMSGSIZE;
        }
        if (!reason && number++ == 0 && !sdp_is(line, "v=0")) {
            reason = "it does not begin with v=0";
        }
        if (reason) {
            *ret_reason = reason;
            return -EBADMSG;
        }
        const uint8_t *next = rest.n ? rest.p : text.p + text.n;
        if (line.p[0] == 'm') {
            if (ret->media_count == SDP_MEDIA_MAX) {
                *ret_reason = "it has more than 100 m= lines";
                return -EMSGSIZE;
            }
            struct sdp_media *m = &ret->media[ret->media_count++];
            *m = (struct sdp_media){.lines = bytes_of(next, 0)};
            if (parse_media_line(bytes_from(line, 2), m) < 0) {
                *ret_reason = "an m= line is not of the form m=<media> <port> <proto> <fmt>";
                return -EBADMSG;
            }
            section = &m->lines;
        } else {
            section->n = (size_t)(next - section->p);
        }
    }
    if (number == 0) {
        *ret_reason = "it is empty";
        return -EBADMSG;
    }
    finish_media(ret);
    return 0;
}

/* ---- writing ---- */

void sdp_writer_init(struct sdp_writer *w, struct room room) {
    *w = (struct sdp_writer){.room = room};
}

void sdp_line(struct sdp_writer *w, const char *format, ...) {
    if (w->full) {
        return;
    }
    size_t left = w->room.n - w->n;
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf((char *)w->room.p + w->n, left, format, ap);
    va_end(ap);
    if (n < 0 || (size_t)n + 2 > left) {
        w->full = true;
        return;
    }
    w->n += (size_t)n;
    memcpy(w->room.p + w->n, "\r\n", 2);
    w->n += 2;
}

int sdp_writer_end(const struct sdp_writer *w) {
    return w->full ? -ENOSPC : (int)w->n;
}

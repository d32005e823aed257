#include "input/captions_text.h"

#include <iconv.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The 8-bit encodings of Windows, as subtitle tools wrote them, by language. */
static const struct {
    const char *langs, *charset;
} charsets[] = {
    {"ru uk be bg sr mk", "CP1251"},
    {"pl cs sk hu sl hr ro", "CP1250"},
    {"el", "CP1253"},
    {"tr", "CP1254"},
    {"he", "CP1255"},
    {"ar fa", "CP1256"},
    {"et lv lt", "CP1257"},
    {"vi", "CP1258"},
    {"ja", "CP932"},
    {"ko", "CP949"},
    {"zh", "GB18030"},
};

/* Windows-1252 where it is not Latin-1 (WHATWG Encoding, index windows-1252). */
static const uint16_t cp1252[32] = {0x20ac, 0x81,   0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021,
                                    0x2c6,  0x2030, 0x160,  0x2039, 0x152,  0x8d,   0x17d,  0x8f,
                                    0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                    0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0x9d,   0x17e,  0x178};

/* RFC 3629 §4: bytes of the sequence at `p`, 0 when it is none. */
static size_t sequence(const uint8_t *p, size_t n) {
    size_t len = p[0] < 0x80   ? 1
                 : p[0] < 0xc2 ? 0
                 : p[0] < 0xe0 ? 2
                 : p[0] < 0xf0 ? 3
                 : p[0] < 0xf5 ? 4
                               : 0;
    if (len == 0 || len > n) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool wrong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
                 (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f);
    return wrong ? 0 : len;
}

static size_t put(char *out, uint32_t c) {
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

static size_t from_utf16(struct bytes in, bool big, char *out) {
    size_t used = 0;
    for (size_t i = 0; i + 1 < in.n; i += 2) {
        uint32_t c =
            big ? (uint32_t)in.p[i] << 8 | in.p[i + 1] : (uint32_t)in.p[i + 1] << 8 | in.p[i];
        if (c >= 0xd800 && c < 0xdc00 && i + 3 < in.n) {
            uint32_t low = big ? (uint32_t)in.p[i + 2] << 8 | in.p[i + 3]
                               : (uint32_t)in.p[i + 3] << 8 | in.p[i + 2];
            if (low >= 0xdc00 && low < 0xe000) {
                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                i += 2;
            }
        }
        if (c != 0) {
            used += put(out + used, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
        }
    }
    return used;
}

static bool is_utf8(struct bytes in) {
    for (size_t i = 0, n; i < in.n; i += n) {
        n = sequence(in.p + i, in.n - i);
        if (n == 0) {
            return in.n - i < 4 && in.p[i] >= 0xc2; /* cut off in the middle of the last one */
        }
    }
    return true;
}

static size_t from_utf8(struct bytes in, char *out) {
    size_t used = 0;
    for (size_t i = 0; i < in.n;) {
        size_t n = sequence(in.p + i, in.n - i);
        if (n == 0) {
            break;
        }
        if (in.p[i] != 0) {
            memcpy(out + used, in.p + i, n);
            used += n;
        }
        i += n;
    }
    return used;
}

static const char *charset_of(const char *lang) {
    for (size_t i = 0; i < sizeof(charsets) / sizeof(charsets[0]) && strlen(lang) >= 2; i++) {
        for (const char *p = charsets[i].langs; p; p = strchr(p, ' ')) {
            p += *p == ' ';
            bool whole = lang[2] == 0 || lang[2] == '-';
            if (whole && strncasecmp(p, lang, 2) == 0) {
                return charsets[i].charset;
            }
        }
    }
    return NULL;
}

/* True when all of it could be read. */
static bool from_charset(struct bytes in, const char *charset, char *out, size_t room,
                         size_t *ret_used) {
    iconv_t cd = charset ? iconv_open("UTF-8", charset) : (iconv_t)-1;
    if (cd == (iconv_t)-1) {
        return false;
    }
    char *from = (char *)(uintptr_t)in.p, *to = out;
    size_t left = in.n, space = room;
    bool good = iconv(cd, &from, &left, &to, &space) != (size_t)-1 && left == 0;
    iconv_close(cd);
    *ret_used = room - space;
    return good;
}

static size_t from_cp1252(struct bytes in, char *out) {
    size_t used = 0;
    for (size_t i = 0; i < in.n; i++) {
        uint8_t c = in.p[i];
        if (c != 0) {
            used += put(out + used, c >= 0x80 && c < 0xa0 ? cp1252[c - 0x80] : c);
        }
    }
    return used;
}

char *captions_to_utf8(struct bytes in, const char *lang, size_t *ret_size) {
    size_t room = in.n * 3 + 4; /* the most that any of the encodings grows by */
    char *out = malloc(room);
    if (!out) {
        return NULL;
    }
    size_t used = 0;
    if (in.n >= 2 && in.p[0] == 0xff && in.p[1] == 0xfe) {
        used = from_utf16(bytes_of(in.p + 2, in.n - 2), false, out);
    } else if (in.n >= 2 && in.p[0] == 0xfe && in.p[1] == 0xff) {
        used = from_utf16(bytes_of(in.p + 2, in.n - 2), true, out);
    } else if (is_utf8(in)) {
        bool marked = in.n >= 3 && memcmp(in.p, "\xef\xbb\xbf", 3) == 0;
        used = from_utf8(marked ? bytes_of(in.p + 3, in.n - 3) : in, out);
    } else if (!from_charset(in, charset_of(lang), out, room - 1, &used) || memchr(out, 0, used)) {
        used = from_cp1252(in, out);
    }
    out[used] = 0;
    *ret_size = used;
    return out;
}

struct cleaner {
    char *out;
    size_t size, used;
    bool words;   /* something to see is in it */
    char open[8]; /* tags to close, innermost last */
    size_t depth;
};

static bool emit(struct cleaner *c, const char *text, size_t n) {
    /* what is open must still fit: "</x>" each */
    if (c->used + n + 4 * (c->depth + 1) >= c->size) {
        return false;
    }
    memcpy(c->out + c->used, text, n);
    c->used += n;
    return true;
}

static bool emit_text(struct cleaner *c, const char *text) {
    return emit(c, text, strlen(text));
}

/* "<i>", "</i>" … of one letter: kept in pairs. Voices keep their name; all else goes. */
static void tag(struct cleaner *c, const char *name, size_t n) {
    bool closing = n > 0 && name[0] == '/';
    const char *word = name + closing;
    size_t len = n - closing;
    char letter = len == 1 ? (char)(word[0] | 0x20) : 0;
    if (letter != 'b' && letter != 'i' && letter != 'u') {
        return;
    }
    char text[5] = {'<', letter, '>', 0};
    if (!closing && c->depth < sizeof(c->open) && !memchr(c->open, letter, c->depth)) {
        if (emit_text(c, text)) {
            c->open[c->depth++] = letter;
        }
    } else if (closing && c->depth > 0 && c->open[c->depth - 1] == letter) {
        char end[5] = {'<', '/', letter, '>', 0};
        c->depth--;
        emit_text(c, end);
    }
}

/* A voice span (WebVTT §6.5) says who speaks. */
static bool voice(struct cleaner *c, const char *name, size_t n) {
    if (n < 3 || name[0] != 'v' || (name[1] != ' ' && name[1] != '.')) {
        return false;
    }
    const char *space = memchr(name, ' ', n);
    size_t len = space ? n - (size_t)(space + 1 - name) : 0;
    if (len == 0 || len > 100 || name[n - 1] == '-' || memchr(space + 1, '&', len) ||
        memchr(space + 1, '\n', len)) {
        return false;
    }
    return emit_text(c, "<v ") && emit(c, space + 1, len) && emit_text(c, ">");
}

/* Bytes of a character reference at `p` that is kept as it is; 0 for a plain "&". */
static size_t reference(const char *p, size_t n) {
    static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&nbsp;", "&lrm;", "&rlm;"};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        size_t len = strlen(known[i]);
        if (n >= len && strncmp(p, known[i], len) == 0) {
            return len;
        }
    }
    return 0;
}

/* "&#39;" and "&quot;" of Pango's markup. */
static size_t foreign_reference(const char *p, size_t n, char *ret) {
    static const struct {
        const char *text;
        char c;
    } known[] = {{"&#39;", '\''}, {"&apos;", '\''}, {"&quot;", '"'}, {"&#34;", '"'}};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        size_t len = strlen(known[i].text);
        if (n >= len && strncmp(p, known[i].text, len) == 0) {
            *ret = known[i].c;
            return len;
        }
    }
    return 0;
}

/* A tag of old players that a demuxer has escaped: "&lt;font color="#fff"&gt;". */
static size_t escaped_tag(const char *p, size_t n) {
    static const char *const names[] = {"&lt;font", "&lt;/font", "&lt;span", "&lt;/span"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t len = strlen(names[i]);
        const char *end = n > len && strncasecmp(p, names[i], len) == 0
                              ? memmem(p + len, n - len, "&gt;", 4)
                              : NULL;
        if (end && end - p < 200) {
            return (size_t)(end - p) + 4;
        }
    }
    return 0;
}

/* Takes what is at `p` and returns how much that was; 0 when there is no more room. */
static size_t ampersand(struct cleaner *c, const char *p, size_t n) {
    char plain;
    size_t len = escaped_tag(p, n);
    if (len > 0) {
        return len;
    }
    len = reference(p, n);
    if (len > 0) {
        c->words = true;
        return emit(c, p, len) ? len : 0;
    }
    len = foreign_reference(p, n, &plain);
    if (len > 0) {
        c->words = true;
        return emit(c, &plain, 1) ? len : 0;
    }
    c->words = true;
    return emit_text(c, "&amp;") ? 1 : 0;
}

static size_t less_than(struct cleaner *c, const char *p, size_t n) {
    const char *end = memchr(p, '>', n);
    const char *other = n > 1 ? memchr(p + 1, '<', n - 1) : NULL;
    bool like_a_tag = n > 1 && (p[1] == '/' || (p[1] | 0x20) >= 'a') && (p[1] | 0x20) <= 'z';
    bool time = n > 1 && p[1] >= '0' && p[1] <= '9';
    if (end && (like_a_tag || time) && !(other && other < end)) {
        size_t len = (size_t)(end - p);
        if (!voice(c, p + 1, len - 1)) {
            tag(c, p + 1, len - 1);
        }
        return len + 1;
    }
    c->words = true;
    return emit_text(c, "&lt;") ? 1 : 0;
}

static size_t newline(struct cleaner *c) {
    while (c->used > 0 && c->out[c->used - 1] == ' ') {
        c->used--;
    }
    bool empty = c->used == 0 || c->out[c->used - 1] == '\n';
    return empty || emit_text(c, "\n") ? 1 : 0;
}

static size_t take(struct cleaner *c, const char *p, size_t n) {
    uint8_t byte = (uint8_t)*p;
    if (byte == '<') {
        return less_than(c, p, n);
    }
    if (byte == '&') {
        return ampersand(c, p, n);
    }
    if (byte == '>') { /* "-->" in the words would end the cue */
        c->words = true;
        return emit_text(c, "&gt;") ? 1 : 0;
    }
    if (byte == '{' && n > 1 && p[1] == '\\') { /* ASS: {\an8} */
        const char *end = memchr(p, '}', n);
        return end ? (size_t)(end - p) + 1 : n;
    }
    if (byte == '\\' && n > 1 && (p[1] == 'N' || p[1] == 'n')) { /* ASS: a new line */
        return newline(c) ? 2 : 0;
    }
    if (byte == '\\' && n > 1 && p[1] == 'h') {
        return emit_text(c, " ") ? 2 : 0;
    }
    if (byte == '\n') {
        return newline(c);
    }
    if (byte < 0x20 || byte == 0x7f) {
        return byte != '\t' || emit_text(c, " ") ? 1 : 0;
    }
    size_t len = sequence((const uint8_t *)p, n);
    if (len == 0) {
        return emit_text(c, "\xef\xbf\xbd") ? 1 : 0;
    }
    c->words = c->words || byte != ' ';
    return emit(c, p, len) ? len : 0;
}

size_t captions_clean(struct bytes text, char *out, size_t size) {
    struct cleaner c = {.out = out, .size = size};
    const char *p = (const char *)text.p;
    for (size_t at = 0, n; at < text.n; at += n) {
        n = take(&c, p + at, text.n - at);
        if (n == 0) {
            break;
        }
    }
    while (c.used > 0 && (out[c.used - 1] == '\n' || out[c.used - 1] == ' ')) {
        c.used--;
    }
    while (c.depth > 0) {
        char end[4] = {'<', '/', c.open[--c.depth], '>'};
        memcpy(out + c.used, end, 4);
        c.used += 4;
    }
    out[c.used] = 0;
    return c.words ? c.used : 0;
}

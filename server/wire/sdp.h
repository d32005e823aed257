/* wire/sdp.h: reading and writing session descriptions (RFC 8866). The reader splits a bounded text
 * into sections and hands out attributes as spans of it: no allocation, no copies. What the
 * attributes mean is signal/negotiation's business, but for the few shared value parsers below. */
#pragma once
#include "wire/media_types.h"

#define SDP_TEXT_MAX 65536
#define SDP_MEDIA_MAX 100
#define SDP_LINES_MAX 5000 /* 16 m= lines of a browser are 2,000 */
#define SDP_LINE_TEXT_MAX 4096

enum sdp_direction { SDP_SENDRECV, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE };

struct sdp_media {
    struct bytes kind;            /* "audio", "video", "application" … */
    uint16_t port;                /* 0: rejected or, with bundle-only, part of a bundle */
    struct bytes proto;           /* "UDP/TLS/RTP/SAVPF" */
    struct bytes formats;         /* the rest of the m= line: "111 96" */
    struct bytes lines;           /* all lines after the m= line */
    struct bytes mid;             /* a=mid, empty when absent */
    enum sdp_direction direction; /* of the line, else of the session, else sendrecv */
};

struct sdp {
    struct bytes session; /* all lines before the first m= */
    size_t media_count;
    struct sdp_media media[SDP_MEDIA_MAX];
};

/* 0, or -EMSGSIZE (over SDP_TEXT_MAX, SDP_LINES_MAX or SDP_MEDIA_MAX), or -EBADMSG. *ret_reason is
 * then a clause for people ("line 7 is not of the form x=…"), static; untouched on success. CRLF
 * and LF are both taken. Spans point into `text`. */
int sdp_parse(struct bytes text, struct sdp *ret, const char **ret_reason);

/* True when every line of `text` is of the form x=… and holds no control characters: what sdp_parse
 * checks, for fragments that are no whole description. Empty lines and an empty text are fine. */
bool sdp_is_lines(struct bytes text);

/* Splits lines off a section ("a=x:y" → type 'a', value "x:y"). False at the end. */
bool sdp_next_line(struct bytes *lines, char *ret_type, struct bytes *ret_value);

/* The next attribute of a section: name and value (empty for a flag). False at the end. */
bool sdp_next_attribute(struct bytes *lines, struct bytes *ret_name, struct bytes *ret_value);

/* The first attribute of that name in a section. False when there is none. ret_value may be NULL.
 */
bool sdp_find(struct bytes lines, const char *name, struct bytes *ret_value);

/* In the media section, else in the session section. */
bool sdp_find_in_media(const struct sdp *sdp, const struct sdp_media *media, const char *name,
                       struct bytes *ret_value);

/* a=rtpmap and a=fmtp of a payload type: the text after the number. False when there is none. */
bool sdp_find_format(const struct sdp_media *media, const char *name, unsigned type,
                     struct bytes *ret_value);

/* Splits the next word (separated by `separator`, runs of it count once) off `text`. False at its
 * end. */
bool sdp_next_word(struct bytes *text, char separator, struct bytes *ret_word);

/* A decimal number that fills `text`. 0, or -EINVAL also when over `max`. */
int sdp_number(struct bytes text, uint64_t max, uint64_t *ret);

/* The parameter `key` of an fmtp ("a=1;key=value"), names compared without case. */
bool sdp_fmtp_parameter(struct bytes fmtp, const char *key, struct bytes *ret_value);

bool sdp_is(struct bytes text, const char *word);             /* equal */
bool sdp_is_word_nocase(struct bytes text, const char *word); /* equal but for ASCII case */

/* Copies `text` with a NUL; false (and nothing written) when it does not fit in `size`. */
bool sdp_copy(struct bytes text, char *ret, size_t size);

/* a=fingerprint (RFC 8122 §5): 0, -EINVAL malformed, -ENOTSUP for a hash other than
 * sha-256/384/512. */
int sdp_parse_fingerprint(struct bytes value, struct dtls_fingerprint *ret);

/* RFC 8839 §5.4: 4..256 and 22..256 ice-chars. */
bool sdp_is_ice_text(struct bytes text, size_t min, size_t max);

/* ---- Writing: lines are appended with CRLF; running out of room sets `full` and writes no more.
 * ---- */

struct sdp_writer {
    struct room room;
    size_t n;
    bool full;
};

void sdp_writer_init(struct sdp_writer *w, struct room room);
void sdp_line(struct sdp_writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The size, or -ENOSPC when anything did not fit. */
int sdp_writer_end(const struct sdp_writer *w);

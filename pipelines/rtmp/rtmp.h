/* rtmp/rtmp.h: the server's side of one RTMP connection of a publisher ("Adobe's Real Time
 * Messaging Protocol" 1.0): handshake, AMF0 commands, H.264 and AAC. Sans-IO: give bytes, look at
 * the event, send what rtmp_output holds, give the next. Hostile input. */
#pragma once
#include "rtmp/flv.h"
#include "rtmp/rtmp_chunks.h"

#define RTMP_KEY_MIN 16
#define RTMP_KEY_MAX 64
#define RTMP_BYTES_BEFORE_PUBLISH 65536

struct rtmp;

enum rtmp_event_type {
    RTMP_NOTHING, /* more bytes are needed */
    RTMP_PUBLISH, /* answer with rtmp_accept or rtmp_refuse before the next input */
    RTMP_MEDIA,
    RTMP_END /* the sender is done, or was refused: send what is left and close */
};

struct rtmp_event {
    enum rtmp_event_type type;
    const char *key; /* RTMP_PUBLISH: RTMP_KEY_MIN to RTMP_KEY_MAX of [A-Za-z0-9_-] */
    enum flv_type media;
    uint32_t timestamp, took; /* milliseconds; `took` from its first byte to its last */
    struct bytes body;        /* valid until the next input */
};

/* `seed` fills the handshake. NULL: out of memory. */
struct rtmp *rtmp_new(uint64_t seed);
void rtmp_free(struct rtmp *r);

/* Takes bytes up to one event and returns how many; may be called with none, and is to be called
 * until it says RTMP_NOTHING (an aggregate message holds many). -EPROTO, -EMSGSIZE, -ENOMEM:
 * close. */
int rtmp_input(struct rtmp *r, struct bytes in, usec_t now, struct rtmp_event *ret);

void rtmp_accept(struct rtmp *r);
/* `code` as in "NetStream.Publish.BadName"; `why` is for people. What comes after it is ignored. */
void rtmp_refuse(struct rtmp *r, const char *code, const char *why);

/* What waits to be sent, and how much of it was. */
struct bytes rtmp_output(const struct rtmp *r);
void rtmp_sent(struct rtmp *r, size_t n);

/* rtmp/rtmp_chunks.h: messages out of RTMP's chunk stream ("Adobe's Real Time Messaging
 * Protocol" 1.0, §5.3). Sans-IO, hostile input. A message's memory grows with what has come, not
 * with what is announced. */
#pragma once
#include "base/clock.h"
#include "base/spans.h"

#define RTMP_STREAMS_MAX 16 /* chunk streams of one connection */
#define RTMP_MESSAGE_MAX (4u << 20)
#define RTMP_HELD_MAX (8u << 20) /* of all chunk streams of one connection */
#define RTMP_CHUNK_MIN 64        /* no chunk size below this is taken */

struct rtmp_message {
    bool whole; /* false: more bytes are needed */
    uint8_t type;
    uint32_t stream, timestamp; /* milliseconds */
    usec_t began;               /* when its first byte came */
    struct bytes body;
};

struct rtmp_chunk_stream {
    bool used, extended;
    uint32_t id, timestamp, delta, message_stream;
    uint8_t type;
    uint32_t length; /* of the message */
    usec_t began;
    uint8_t *data;
    size_t size, room;
};

struct rtmp_chunks {
    struct rtmp_chunk_stream streams[RTMP_STREAMS_MAX];
    uint8_t head[18];
    size_t head_size;
    struct rtmp_chunk_stream *current; /* whose payload comes; NULL: a header comes */
    size_t payload_left, chunk_size, held;
    size_t message_max; /* may be set lower */
};

void rtmp_chunks_init(struct rtmp_chunks *c);
void rtmp_chunks_clear(struct rtmp_chunks *c);

/* Takes bytes up to the end of one message and returns how many. The body is valid until the next
 * call. -EPROTO, -EMSGSIZE (a message over message_max, or too many at once) or -ENOMEM. */
int rtmp_chunks_input(struct rtmp_chunks *c, struct bytes in, usec_t now, struct rtmp_message *ret);

/* §5.4.1; -EPROTO below RTMP_CHUNK_MIN. */
int rtmp_chunks_set_size(struct rtmp_chunks *c, uint32_t size);
/* §5.4.2 */
void rtmp_chunks_abort(struct rtmp_chunks *c, uint32_t id);

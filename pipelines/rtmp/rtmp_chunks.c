#include "rtmp/rtmp_chunks.h"

#include <errno.h>
#include <stdlib.h>

#define CHUNK_SIZE_FIRST 128
#define ROOM_FIRST 4096
#define TIMESTAMP_EXTENDED 0xffffff

void rtmp_chunks_init(struct rtmp_chunks *c) {
    *c = (struct rtmp_chunks){.chunk_size = CHUNK_SIZE_FIRST, .message_max = RTMP_MESSAGE_MAX};
}

void rtmp_chunks_clear(struct rtmp_chunks *c) {
    for (size_t i = 0; i < RTMP_STREAMS_MAX; i++) {
        free(c->streams[i].data);
    }
    *c = (struct rtmp_chunks){0};
}

int rtmp_chunks_set_size(struct rtmp_chunks *c, uint32_t size) {
    if (size < RTMP_CHUNK_MIN || size > 0x7fffffff) {
        return -EPROTO;
    }
    c->chunk_size = size;
    return 0;
}

static struct rtmp_chunk_stream *find(struct rtmp_chunks *c, uint32_t id) {
    for (size_t i = 0; i < RTMP_STREAMS_MAX; i++) {
        if (c->streams[i].used && c->streams[i].id == id) {
            return &c->streams[i];
        }
    }
    return NULL;
}

static struct rtmp_chunk_stream *find_or_add(struct rtmp_chunks *c, uint32_t id) {
    struct rtmp_chunk_stream *s = find(c, id);
    for (size_t i = 0; !s && i < RTMP_STREAMS_MAX; i++) {
        if (!c->streams[i].used) {
            s = &c->streams[i];
            *s = (struct rtmp_chunk_stream){.used = true, .id = id};
        }
    }
    return s;
}

void rtmp_chunks_abort(struct rtmp_chunks *c, uint32_t id) {
    struct rtmp_chunk_stream *s = find(c, id);
    if (s) {
        s->size = 0;
    }
}

/* §5.3.1.1 */
static size_t basic_size(uint8_t first) {
    return (first & 63) == 0 ? 2 : (first & 63) == 1 ? 3 : 1;
}

static uint32_t basic_id(const uint8_t *p) {
    switch (p[0] & 63) {
    case 0:
        return 64u + p[1];
    case 1:
        return 64u + p[1] + 256u * p[2];
    default:
        return p[0] & 63;
    }
}

/* How long the header will be, as far as its bytes tell; it grows while they come. */
static size_t header_size(struct rtmp_chunks *c) {
    static const size_t message_sizes[4] = {11, 7, 3, 0}; /* §5.3.1.2 */
    if (c->head_size < 1) {
        return 1;
    }
    size_t basic = basic_size(c->head[0]);
    unsigned format = c->head[0] >> 6;
    if (c->head_size < basic) {
        return basic;
    }
    size_t size = basic + message_sizes[format];
    if (c->head_size < size) {
        return size;
    }
    const struct rtmp_chunk_stream *s = format == 3 ? find(c, basic_id(c->head)) : NULL;
    bool extended =
        format == 3 ? s && s->extended : read_be24(c->head + basic) == TIMESTAMP_EXTENDED;
    return size + (extended ? 4 : 0);
}

static void take_time(struct rtmp_chunk_stream *s, unsigned format, const uint8_t *fields,
                      const uint8_t *end) {
    if (format < 3) {
        uint32_t time = read_be24(fields);
        s->extended = time == TIMESTAMP_EXTENDED;
        time = s->extended ? read_be32(end - 4) : time;
        s->delta = format == 0 ? 0 : time;
        s->timestamp = format == 0 ? time : s->timestamp + time;
    } else if (s->size == 0) { /* a new message as far behind as the one before it */
        s->timestamp += s->delta;
    }
}

/* The header is whole. */
static int begin_chunk(struct rtmp_chunks *c, usec_t now) {
    unsigned format = c->head[0] >> 6;
    const uint8_t *fields = c->head + basic_size(c->head[0]);
    bool known = find(c, basic_id(c->head)) != NULL;
    struct rtmp_chunk_stream *s = find_or_add(c, basic_id(c->head));
    if (!s || (!known && format > 1) || (format < 3 && s->size > 0)) {
        return -EPROTO;
    }
    take_time(s, format, fields, c->head + c->head_size);
    if (format <= 1) {
        s->length = read_be24(fields + 3);
        s->type = fields[6];
    }
    if (format == 0) { /* little-endian, the only one */
        s->message_stream = fields[7] | (uint32_t)fields[8] << 8 | (uint32_t)fields[9] << 16 |
                            (uint32_t)fields[10] << 24;
    }
    if (s->length > c->message_max) {
        return -EMSGSIZE;
    }
    if (s->size == 0) {
        s->began = now;
    }
    size_t left = s->length - s->size;
    c->current = s;
    c->payload_left = left < c->chunk_size ? left : c->chunk_size;
    c->head_size = 0;
    return 0;
}

static int append(struct rtmp_chunks *c, struct rtmp_chunk_stream *s, struct bytes part) {
    if (s->size + part.n > s->room) {
        size_t room = s->room ? s->room : ROOM_FIRST;
        while (room < s->size + part.n) {
            room *= 2;
        }
        if (c->held + room - s->room > RTMP_HELD_MAX) {
            return -EMSGSIZE;
        }
        uint8_t *data = realloc(s->data, room);
        if (!data) {
            return -ENOMEM;
        }
        c->held += room - s->room;
        s->data = data;
        s->room = room;
    }
    if (part.n > 0) {
        memcpy(s->data + s->size, part.p, part.n);
        s->size += part.n;
    }
    return 0;
}

static int take_payload(struct rtmp_chunks *c, struct bytes *in, struct rtmp_message *ret) {
    struct rtmp_chunk_stream *s = c->current;
    size_t n = c->payload_left < in->n ? c->payload_left : in->n;
    int r = append(c, s, bytes_of(in->p, n));
    if (r < 0) {
        return r;
    }
    *in = bytes_from(*in, n);
    c->payload_left -= n;
    if (c->payload_left == 0) {
        c->current = NULL;
        if (s->size >= s->length) {
            *ret = (struct rtmp_message){.whole = true,
                                         .type = s->type,
                                         .stream = s->message_stream,
                                         .timestamp = s->timestamp,
                                         .began = s->began,
                                         .body = bytes_of(s->data, s->size)};
            s->size = 0;
        }
    }
    return 0;
}

static int take_header(struct rtmp_chunks *c, struct bytes *in, usec_t now) {
    size_t size = header_size(c), n = size - c->head_size;
    n = n < in->n ? n : in->n;
    memcpy(c->head + c->head_size, in->p, n);
    c->head_size += n;
    *in = bytes_from(*in, n);
    return c->head_size == header_size(c) ? begin_chunk(c, now) : 0;
}

int rtmp_chunks_input(struct rtmp_chunks *c, struct bytes in, usec_t now,
                      struct rtmp_message *ret) {
    size_t given = in.n;
    *ret = (struct rtmp_message){0};
    /* A message without a body is whole with its header. */
    while (!ret->whole && (in.n > 0 || (c->current && c->payload_left == 0))) {
        int r = c->current ? take_payload(c, &in, ret) : take_header(c, &in, now);
        if (r < 0) {
            return r;
        }
    }
    return (int)(given - in.n);
}

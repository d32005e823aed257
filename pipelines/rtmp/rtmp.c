#include "rtmp/rtmp.h"

#include "rtmp/amf0.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define HANDSHAKE_SIZE 1536 /* §5.2.3 */
#define OUTPUT_ROOM 8192
#define REPLY_MAX 1024
#define CHUNK_SIZE_OUT 4096
#define WINDOW 2500000
#define MESSAGE_MAX_BEFORE 16384
#define OUR_STREAM 1

/* §5.4, §7.1 */
enum {
    MESSAGE_CHUNK_SIZE = 1,
    MESSAGE_ABORT = 2,
    MESSAGE_ACKNOWLEDGEMENT = 3,
    MESSAGE_USER_CONTROL = 4,
    MESSAGE_WINDOW = 5,
    MESSAGE_BANDWIDTH = 6,
    MESSAGE_AUDIO = 8,
    MESSAGE_VIDEO = 9,
    MESSAGE_DATA_AMF3 = 15,
    MESSAGE_COMMAND_AMF3 = 17,
    MESSAGE_DATA = 18,
    MESSAGE_COMMAND = 20,
    MESSAGE_AGGREGATE = 22,
};
enum { CONTROL_STREAM_BEGIN = 0, CONTROL_PING = 6, CONTROL_PONG = 7 };

enum state { WAITS_C1, WAITS_C2, WAITS_CONNECT, CONNECTED, ASKED, PUBLISHING, CLOSING };

struct rtmp {
    enum state state;
    struct rtmp_chunks chunks;
    uint8_t shake[1 + HANDSHAKE_SIZE];
    size_t shake_size;
    uint64_t seed, received;
    uint32_t window, acknowledged;
    char key[RTMP_KEY_MAX + 1], app_key[RTMP_KEY_MAX + 1];
    struct bytes aggregate;  /* what is left of one; in `chunks`, which get nothing meanwhile */
    int64_t aggregate_clock; /* from its own timestamps to the connection's */
    usec_t aggregate_began;
    uint8_t output[OUTPUT_ROOM];
    size_t output_size;
    bool overflow; /* the peer does not read its answers */
};

struct rtmp *rtmp_new(uint64_t seed) {
    struct rtmp *r = calloc(1, sizeof(*r));
    if (r) {
        rtmp_chunks_init(&r->chunks);
        r->chunks.message_max = MESSAGE_MAX_BEFORE;
        r->seed = seed;
        r->window = WINDOW;
    }
    return r;
}

void rtmp_free(struct rtmp *r) {
    if (r) {
        rtmp_chunks_clear(&r->chunks);
        free(r);
    }
}

/* ---- Output ---- */

struct bytes rtmp_output(const struct rtmp *r) {
    return bytes_of(r->output, r->output_size);
}

void rtmp_sent(struct rtmp *r, size_t n) {
    memmove(r->output, r->output + n, r->output_size - n);
    r->output_size -= n;
}

static void put(struct rtmp *r, struct bytes b) {
    if (r->overflow || OUTPUT_ROOM - r->output_size < b.n) {
        r->overflow = true;
        return;
    }
    memcpy(r->output + r->output_size, b.p, b.n);
    r->output_size += b.n;
}

/* In one chunk: all we say is shorter than CHUNK_SIZE_OUT, and before that is agreed, than 128. */
static void put_message(struct rtmp *r, uint8_t chunk_stream, uint8_t type, uint32_t stream,
                        struct bytes body) {
    uint8_t head[12] = {chunk_stream};
    write_be24(head + 4, (uint32_t)body.n);
    head[7] = type;
    head[8] = (uint8_t)stream; /* little-endian; ours are small */
    put(r, bytes_of(head, sizeof(head)));
    put(r, body);
}

static void put_control(struct rtmp *r, uint8_t type, uint32_t value) {
    uint8_t p[4];
    write_be32(p, value);
    put_message(r, 2, type, 0, bytes_of(p, sizeof(p)));
}

static void put_user_control(struct rtmp *r, uint16_t event, uint32_t value) {
    uint8_t p[6];
    write_be16(p, event);
    write_be32(p + 2, value);
    put_message(r, 2, MESSAGE_USER_CONTROL, 0, bytes_of(p, sizeof(p)));
}

static void put_member(struct amf0_writer *w, const char *name, const char *value) {
    amf0_put_name(w, name);
    amf0_put_string(w, value);
}

static void put_status_object(struct amf0_writer *w, bool good, const char *code,
                              const char *text) {
    amf0_put_object(w);
    put_member(w, "level", good ? "status" : "error");
    put_member(w, "code", code);
    put_member(w, "description", text);
    amf0_put_object_end(w);
}

static void put_status(struct rtmp *r, bool good, const char *code, const char *text) {
    uint8_t p[REPLY_MAX];
    struct amf0_writer w = {.room = {p, sizeof(p)}};
    amf0_put_string(&w, "onStatus");
    amf0_put_number(&w, 0);
    amf0_put_null(&w);
    put_status_object(&w, good, code, text);
    put_message(r, 5, MESSAGE_COMMAND, OUR_STREAM, bytes_of(p, w.size));
}

static void put_connect_result(struct rtmp *r, double transaction, bool good, const char *code,
                               const char *text) {
    uint8_t p[REPLY_MAX];
    struct amf0_writer w = {.room = {p, sizeof(p)}};
    amf0_put_string(&w, good ? "_result" : "_error");
    amf0_put_number(&w, transaction);
    amf0_put_object(&w);
    put_member(&w, "fmsVer", "FMS/3,0,1,123");
    amf0_put_name(&w, "capabilities");
    amf0_put_number(&w, 31);
    amf0_put_object_end(&w);
    put_status_object(&w, good, code, text);
    put_message(r, 3, MESSAGE_COMMAND, 0, bytes_of(p, w.size));
}

static void put_result(struct rtmp *r, double transaction, const double *value) {
    uint8_t p[64];
    struct amf0_writer w = {.room = {p, sizeof(p)}};
    amf0_put_string(&w, "_result");
    amf0_put_number(&w, transaction);
    amf0_put_null(&w);
    if (value) {
        amf0_put_number(&w, *value);
    } else {
        amf0_put_null(&w);
    }
    put_message(r, 3, MESSAGE_COMMAND, 0, bytes_of(p, w.size));
}

void rtmp_accept(struct rtmp *r) {
    r->state = PUBLISHING;
    r->chunks.message_max = RTMP_MESSAGE_MAX;
    put_user_control(r, CONTROL_STREAM_BEGIN, OUR_STREAM);
    put_status(r, true, "NetStream.Publish.Start", "Publishing.");
}

void rtmp_refuse(struct rtmp *r, const char *code, const char *why) {
    if (r->state != CLOSING) {
        put_status(r, false, code, why);
        r->state = CLOSING;
    }
}

/* ---- Commands ---- */

/* What some servers want behind a `?` is of no use here. */
static struct bytes without_query(struct bytes text) {
    const uint8_t *query = text.n > 0 ? memchr(text.p, '?', text.n) : NULL;
    return query ? bytes_of(text.p, (size_t)(query - text.p)) : text;
}

static bool copy_key(struct bytes text, char ret[RTMP_KEY_MAX + 1]) {
    while (text.n > 0 && text.p[0] == '/') {
        text = bytes_from(text, 1);
    }
    size_t n = without_query(text).n;
    if (n < RTMP_KEY_MIN || n > RTMP_KEY_MAX) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        uint8_t c = text.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '_' && c != '-') {
            return false;
        }
    }
    memcpy(ret, text.p, n);
    ret[n] = 0;
    return true;
}

/* The application is "live"; the key may stand behind it, when somebody puts all into one field. */
static bool take_app(struct rtmp *r, struct bytes app) {
    app = without_query(app);
    while (app.n > 0 && app.p[app.n - 1] == '/') {
        app.n--;
    }
    if (app.n > 5 && memcmp(app.p, "live/", 5) == 0) {
        return copy_key(bytes_from(app, 5), r->app_key);
    }
    return bytes_equal(app, bytes_of_text("live"));
}

static int take_connect(struct rtmp *r, double transaction, struct bytes rest) {
    struct bytes app;
    if (r->state != WAITS_CONNECT || !amf0_object_string(&rest, "app", &app)) {
        return -EPROTO;
    }
    put_control(r, MESSAGE_CHUNK_SIZE, CHUNK_SIZE_OUT);
    if (!take_app(r, app)) {
        put_connect_result(r, transaction, false, "NetConnection.Connect.InvalidApp",
                           "The address ends with /live.");
        r->state = CLOSING;
        return 0;
    }
    uint8_t bandwidth[5] = {[4] = 2}; /* dynamic */
    write_be32(bandwidth, WINDOW);
    put_control(r, MESSAGE_WINDOW, WINDOW);
    put_message(r, 2, MESSAGE_BANDWIDTH, 0, bytes_of(bandwidth, sizeof(bandwidth)));
    put_connect_result(r, transaction, true, "NetConnection.Connect.Success",
                       "Connection succeeded.");
    r->state = CONNECTED;
    return 0;
}

static int take_publish(struct rtmp *r, struct bytes rest, struct rtmp_event *ret) {
    struct bytes name;
    if (r->state != CONNECTED || !amf0_skip(&rest) || !amf0_string(&rest, &name)) {
        return -EPROTO;
    }
    if (name.n == 0 && r->app_key[0]) {
        memcpy(r->key, r->app_key, sizeof(r->key));
    } else if (!copy_key(name, r->key)) {
        rtmp_refuse(r, "NetStream.Publish.BadName", "This stream key is not known.");
        ret->type = RTMP_END;
        return 0;
    }
    r->state = ASKED;
    *ret = (struct rtmp_event){.type = RTMP_PUBLISH, .key = r->key};
    return 0;
}

static int take_command(struct rtmp *r, struct bytes body, struct rtmp_event *ret) {
    static const double stream = OUR_STREAM;
    struct bytes name;
    double transaction;
    if (!amf0_string(&body, &name) || !amf0_number(&body, &transaction)) {
        return -EPROTO;
    }
#define IS(text) bytes_equal(name, bytes_of_text(text))
    if (IS("connect")) {
        return take_connect(r, transaction, body);
    }
    if (r->state < CONNECTED) {
        return -EPROTO;
    }
    if (IS("publish")) {
        return take_publish(r, body, ret);
    }
    if (IS("createStream")) {
        put_result(r, transaction, &stream);
    } else if (IS("releaseStream") || IS("FCPublish")) {
        put_result(r, transaction, NULL);
    } else if (IS("deleteStream") || IS("closeStream") || IS("FCUnpublish")) {
        r->state = CLOSING;
    } else if (IS("play") || IS("play2")) {
        rtmp_refuse(r, "NetStream.Play.StreamNotFound", "Nothing is played from here.");
    }
#undef IS
    return 0;
}

/* ---- Messages ---- */

static void take_user_control(struct rtmp *r, struct bytes body) {
    if (body.n >= 6 && read_be16(body.p) == CONTROL_PING) {
        put_user_control(r, CONTROL_PONG, read_be32(body.p + 2));
    }
}

static void refuse_codec(struct rtmp *r, const char *kind, const char *codec, const char *wanted) {
    char text[160];
    snprintf(text, sizeof(text), "The %s comes as %s. Set the encoder to %s.", kind, codec, wanted);
    rtmp_refuse(r, "NetStream.Publish.Rejected", text);
}

static void take_media(struct rtmp *r, const struct rtmp_message *m, usec_t now,
                       struct rtmp_event *ret) {
    struct flv_media media;
    if (r->state != PUBLISHING) {
        return;
    }
    if (m->type == MESSAGE_VIDEO) {
        flv_video(m->body, &media);
    } else {
        flv_audio(m->body, &media);
    }
    if (media.content == FLV_FOREIGN) {
        refuse_codec(r, m->type == MESSAGE_VIDEO ? "picture" : "sound", media.codec,
                     m->type == MESSAGE_VIDEO ? "H.264" : "AAC");
    } else if (media.content != FLV_IGNORED) {
        *ret = (struct rtmp_event){.type = RTMP_MEDIA,
                                   .media = m->type == MESSAGE_VIDEO ? FLV_VIDEO : FLV_AUDIO,
                                   .timestamp = m->timestamp,
                                   .took = (uint32_t)((now - m->began) / 1000),
                                   .body = m->body};
    }
}

static void take_data(struct rtmp *r, struct bytes body, uint32_t timestamp,
                      struct rtmp_event *ret) {
    struct bytes rest = body, name;
    if (r->state == PUBLISHING && amf0_string(&rest, &name)) {
        bool set = bytes_equal(name, bytes_of_text("@setDataFrame"));
        *ret = (struct rtmp_event){.type = RTMP_MEDIA,
                                   .media = FLV_SCRIPT,
                                   .timestamp = timestamp,
                                   .body = set ? rest : body};
    }
}

/* §7.1.6: FLV tags, the first of which has the message's timestamp. One of them. */
static int take_aggregated(struct rtmp *r, usec_t now, struct rtmp_event *ret) {
    const uint8_t *p = r->aggregate.p;
    size_t size = r->aggregate.n < FLV_TAG_HEADER_SIZE ? 0 : read_be24(p + 1);
    size_t whole = FLV_TAG_HEADER_SIZE + size + FLV_TAG_END_SIZE;
    if (r->aggregate.n < whole) {
        return -EPROTO;
    }
    uint32_t own = read_be24(p + 4) | (uint32_t)p[7] << 24;
    struct rtmp_message m = {.whole = true,
                             .type = p[0],
                             .timestamp = (uint32_t)(own + r->aggregate_clock),
                             .began = r->aggregate_began,
                             .body = bytes_of(p + FLV_TAG_HEADER_SIZE, size)};
    r->aggregate = bytes_from(r->aggregate, whole);
    if (m.type == MESSAGE_AUDIO || m.type == MESSAGE_VIDEO) {
        take_media(r, &m, now, ret);
    } else if (m.type == MESSAGE_DATA) {
        take_data(r, m.body, m.timestamp, ret);
    }
    return 0;
}

static int take_aggregate(struct rtmp *r, const struct rtmp_message *m) {
    if (r->state != PUBLISHING || m->body.n == 0) {
        return 0;
    }
    if (m->body.n < FLV_TAG_HEADER_SIZE) {
        return -EPROTO;
    }
    uint32_t own = read_be24(m->body.p + 4) | (uint32_t)m->body.p[7] << 24;
    r->aggregate = m->body;
    r->aggregate_clock = (int64_t)m->timestamp - own;
    r->aggregate_began = m->began;
    return 0;
}

static int take_message(struct rtmp *r, const struct rtmp_message *m, usec_t now,
                        struct rtmp_event *ret) {
    struct bytes body = m->body;
    bool amf3 = m->type == MESSAGE_COMMAND_AMF3 || m->type == MESSAGE_DATA_AMF3;
    body = amf3 ? bytes_from(body, 1) : body; /* a byte that says: AMF0 follows */
    switch (m->type) {
    case MESSAGE_CHUNK_SIZE:
        return body.n < 4 ? -EPROTO : rtmp_chunks_set_size(&r->chunks, read_be32(body.p));
    case MESSAGE_ABORT:
        rtmp_chunks_abort(&r->chunks, body.n < 4 ? 0 : read_be32(body.p));
        return 0;
    case MESSAGE_WINDOW:
        r->window = body.n >= 4 && read_be32(body.p) >= 4096 ? read_be32(body.p) : r->window;
        return 0;
    case MESSAGE_USER_CONTROL:
        take_user_control(r, body);
        return 0;
    case MESSAGE_AUDIO:
    case MESSAGE_VIDEO:
        take_media(r, m, now, ret);
        return 0;
    case MESSAGE_DATA:
    case MESSAGE_DATA_AMF3:
        take_data(r, body, m->timestamp, ret);
        return 0;
    case MESSAGE_COMMAND:
    case MESSAGE_COMMAND_AMF3:
        return take_command(r, body, ret);
    case MESSAGE_AGGREGATE:
        return take_aggregate(r, m);
    default:
        return 0;
    }
}

/* ---- Input ---- */

/* C0 and C1 are answered with S0, S1 and S2; C2 is not looked at (§5.2.5). */
static int take_handshake(struct rtmp *r, struct bytes in) {
    size_t wanted = r->state == WAITS_C1 ? 1 + HANDSHAKE_SIZE : HANDSHAKE_SIZE;
    size_t n = wanted - r->shake_size < in.n ? wanted - r->shake_size : in.n;
    memcpy(r->shake + r->shake_size, in.p, n);
    r->shake_size += n;
    if (r->state == WAITS_C1 && r->shake[0] != 3) {
        return -EPROTO;
    }
    if (r->shake_size < wanted) {
        return (int)n;
    }
    if (r->state == WAITS_C1) {
        uint8_t first[1 + HANDSHAKE_SIZE] = {3};
        for (size_t i = 9; i + 8 <= sizeof(first); i += 8) {
            r->seed = r->seed * 6364136223846793005u + 1442695040888963407u;
            write_be64(first + i, r->seed);
        }
        put(r, bytes_of(first, sizeof(first)));
        put(r, bytes_of(r->shake + 1, HANDSHAKE_SIZE));
    }
    r->state = r->state == WAITS_C1 ? WAITS_C2 : WAITS_CONNECT;
    r->shake_size = 0;
    return (int)n;
}

static void acknowledge(struct rtmp *r) {
    uint32_t received = (uint32_t)r->received;
    if (r->state >= CONNECTED && received - r->acknowledged >= r->window / 2) {
        r->acknowledged = received;
        put_control(r, MESSAGE_ACKNOWLEDGEMENT, received);
    }
}

int rtmp_input(struct rtmp *r, struct bytes in, usec_t now, struct rtmp_event *ret) {
    size_t given = in.n;
    int n = 0;
    *ret = (struct rtmp_event){.type = RTMP_NOTHING};
    while ((in.n > 0 || r->aggregate.n > 0) && ret->type == RTMP_NOTHING && r->state != CLOSING) {
        struct rtmp_message message = {0};
        if (r->aggregate.n > 0) {
            n = take_aggregated(r, now, ret);
            if (n < 0) {
                return n;
            }
            continue;
        }
        n = r->state < WAITS_CONNECT ? take_handshake(r, in)
                                     : rtmp_chunks_input(&r->chunks, in, now, &message);
        if (n < 0) {
            return n;
        }
        r->received += (size_t)n;
        in = bytes_from(in, (size_t)n);
        n = message.whole ? take_message(r, &message, now, ret) : 0;
        acknowledge(r);
        if (n < 0 || r->overflow) {
            return n < 0 ? n : -EPROTO;
        }
        if (r->state < ASKED && r->received > RTMP_BYTES_BEFORE_PUBLISH) {
            return -EMSGSIZE;
        }
    }
    if (r->state == CLOSING) {
        ret->type = RTMP_END;
        return (int)given;
    }
    return (int)(given - in.n);
}

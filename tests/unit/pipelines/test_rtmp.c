/* A publisher shakes hands, names its key and sends; who does it otherwise is refused in words. */
#include "harness.h"
#include "rtmp/amf0.h"
#include "rtmp/rtmp.h"

#include <errno.h>
#include <stdlib.h>

#define KEY "abcdefgh12345678"

struct client {
    struct rtmp *rtmp;
    uint8_t said[20000]; /* by the server */
    size_t said_size;
    struct rtmp_event event; /* the last that was something */
    unsigned media;
    uint32_t times[8]; /* of the last media */
};

static int give(struct client *c, const void *p, size_t n) {
    struct bytes in = bytes_of(p, n);
    struct rtmp_event e = {.type = RTMP_NOTHING};
    while (in.n > 0 || (e.type != RTMP_NOTHING && e.type != RTMP_END)) {
        int taken = rtmp_input(c->rtmp, in, 1000000, &e);
        if (taken < 0) {
            return taken;
        }
        in = bytes_from(in, (size_t)taken);
        if (e.type != RTMP_NOTHING) {
            c->event = e;
            if (e.type == RTMP_MEDIA) {
                c->times[c->media++ % 8] = e.timestamp;
            }
        }
        if (e.type == RTMP_PUBLISH) {
            rtmp_accept(c->rtmp);
        }
        struct bytes out = rtmp_output(c->rtmp);
        assert_true(c->said_size + out.n < sizeof(c->said));
        memcpy(c->said + c->said_size, out.p, out.n);
        c->said_size += out.n;
        rtmp_sent(c->rtmp, out.n);
    }
    return 0;
}

static void dial(struct client *c) {
    uint8_t shake[1 + 2 * 1536] = {3};
    *c = (struct client){.rtmp = rtmp_new(7)};
    assert_non_null(c->rtmp);
    assert_int_equal(give(c, shake, sizeof(shake)), 0);
    assert_int_equal(c->said_size, 1 + 2 * 1536);
    assert_int_equal(c->said[0], 3);
    assert_memory_equal(c->said + 1 + 1536, shake + 1, 1536); /* S2 is C1 */
    c->said_size = 0;
}

static void hang_up(struct client *c) {
    rtmp_free(c->rtmp);
}

/* In chunks of `chunk` bytes on chunk stream 3. */
static int say(struct client *c, uint8_t type, struct bytes body, size_t chunk) {
    uint8_t head[12] = {3}, next = 0xc3;
    write_be24(head + 4, (uint32_t)body.n);
    head[7] = type;
    int r = give(c, head, sizeof(head));
    for (size_t at = 0; r == 0 && at < body.n; at += chunk) {
        r = at > 0 ? give(c, &next, 1) : 0;
        r = r ? r : give(c, body.p + at, body.n - at < chunk ? body.n - at : chunk);
    }
    return r;
}

static int call(struct client *c, const char *name, double transaction, const char *argument) {
    uint8_t p[512];
    struct amf0_writer w = {.room = {p, sizeof(p)}};
    amf0_put_string(&w, name);
    amf0_put_number(&w, transaction);
    if (strcmp(name, "connect") == 0) {
        amf0_put_object(&w);
        amf0_put_name(&w, "capabilities");
        amf0_put_number(&w, 15);
        amf0_put_name(&w, "app");
        amf0_put_string(&w, argument);
        amf0_put_object_end(&w);
    } else {
        amf0_put_null(&w);
        if (argument) {
            amf0_put_string(&w, argument);
        }
    }
    return say(c, 20, bytes_of(p, w.size), 128);
}

static bool was_said(const struct client *c, const char *text) {
    return memmem(c->said, c->said_size, text, strlen(text)) != NULL;
}

static void publish(struct client *c) {
    dial(c);
    assert_int_equal(call(c, "connect", 1, "live"), 0);
    assert_true(was_said(c, "NetConnection.Connect.Success"));
    assert_int_equal(call(c, "releaseStream", 2, KEY), 0);
    assert_int_equal(call(c, "FCPublish", 3, KEY), 0);
    assert_int_equal(call(c, "createStream", 4, NULL), 0);
    assert_true(was_said(c, "_result"));
    assert_int_equal(call(c, "publish", 5, KEY), 0);
    assert_int_equal(c->event.type, RTMP_PUBLISH);
    assert_string_equal(c->event.key, KEY);
    assert_true(was_said(c, "NetStream.Publish.Start"));
}

static void a_publisher_is_heard(void **state) {
    (void)state;
    struct client c;
    static uint8_t frame[300000] = {0x17, 1, 0, 0, 0};
    const uint8_t size[4] = {0, 1, 0, 0};
    publish(&c);
    memset(frame + 5, 0xab, sizeof(frame) - 5);
    assert_int_equal(say(&c, 1, bytes_of(size, 4), 128), 0);
    assert_int_equal(say(&c, 9, bytes_of(frame, sizeof(frame)), 65536), 0);
    assert_int_equal(c.event.type, RTMP_MEDIA);
    assert_int_equal(c.event.media, FLV_VIDEO);
    assert_int_equal(c.event.body.n, sizeof(frame));
    assert_memory_equal(c.event.body.p, frame, sizeof(frame));
    assert_int_equal(call(&c, "deleteStream", 6, NULL), 0);
    assert_int_equal(c.event.type, RTMP_END);
    hang_up(&c);
}

static void addresses_and_keys_come_in_many_ways(void **state) {
    (void)state;
    static const char *const ways[][2] = {{"live/" KEY, ""},          {"live/", KEY},
                                          {"live//", KEY "?a=b&c=d"}, {"live?token=1", KEY},
                                          {"live", "/" KEY},          {"live/" KEY "?a=b", ""},
                                          {"live/" KEY "/", KEY}};
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        struct client c;
        dial(&c);
        assert_int_equal(call(&c, "connect", 1, ways[i][0]), 0);
        assert_int_equal(call(&c, "createStream", 2, NULL), 0);
        assert_int_equal(call(&c, "publish", 3, ways[i][1]), 0);
        assert_int_equal(c.event.type, RTMP_PUBLISH);
        assert_string_equal(c.event.key, KEY);
        hang_up(&c);
    }
}

/* A whole header, with the timestamp behind it where it does not fit. */
static size_t head_of(uint8_t *to, uint8_t stream, uint32_t time, size_t size, uint8_t type) {
    bool extended = time >= 0xffffff;
    memset(to, 0, 16);
    to[0] = stream;
    write_be24(to + 1, extended ? 0xffffff : time);
    write_be24(to + 4, (uint32_t)size);
    to[7] = type;
    to[8] = 1;
    write_be32(to + 12, time);
    return extended ? 16 : 12;
}

static void times_may_be_long_and_wrap(void **state) {
    (void)state;
    const uint32_t times[] = {0xfffffe, 0xffffff, 0x1000000, 0xfffffff0};
    static const uint8_t body[300] = {0x27, 1, 0, 0, 0, 9};
    struct client c;
    publish(&c);
    for (size_t i = 0; i < 4; i++) {
        uint8_t head[16], next[5] = {0xc6};
        size_t n = head_of(head, 6, times[i], sizeof(body), 9);
        write_be32(next + 1, times[i]);
        assert_int_equal(give(&c, head, n), 0);
        for (size_t at = 0; at < sizeof(body); at += 128) {
            size_t left = sizeof(body) - at;
            assert_int_equal(at ? give(&c, next, n == 16 ? 5 : 1) : 0, 0);
            assert_int_equal(give(&c, body + at, left < 128 ? left : 128), 0);
        }
        assert_int_equal(c.event.timestamp, times[i]);
        assert_int_equal(c.event.body.n, sizeof(body));
    }
    const uint8_t later[8] = {0x46, 0, 0, 0x20, 0, 0, 6, 9}; /* 32 ms after, over the end */
    assert_int_equal(give(&c, later, sizeof(later)), 0);
    assert_int_equal(give(&c, body, 6), 0);
    assert_int_equal(c.event.timestamp, 0x10);
    assert_int_equal(c.media, 5);
    hang_up(&c);
}

static void chunks_may_change_their_size_within_a_message(void **state) {
    (void)state;
    static uint8_t body[1000] = {0x27, 1, 0, 0, 0};
    uint8_t head[16], next = 0xc6;
    const uint8_t resize[16] = {2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 2, 0}; /* 512 */
    struct client c;
    publish(&c);
    memset(body + 5, 0x5a, sizeof(body) - 5);
    assert_int_equal(give(&c, head, head_of(head, 6, 40, sizeof(body), 9)), 0);
    assert_int_equal(give(&c, body, 128), 0);
    assert_int_equal(give(&c, resize, sizeof(resize)), 0);
    assert_int_equal(give(&c, &next, 1), 0);
    assert_int_equal(give(&c, body + 128, 512), 0);
    assert_int_equal(give(&c, &next, 1), 0);
    assert_int_equal(give(&c, body + 640, 360), 0);
    assert_int_equal(c.media, 1);
    assert_memory_equal(c.event.body.p, body, sizeof(body));
    hang_up(&c);
}

static size_t tag_of(uint8_t *to, uint8_t type, uint32_t time, size_t size) {
    flv_write_tag_header(to, (enum flv_type)type, time, 0, size);
    memset(to + FLV_TAG_HEADER_SIZE, 0, size);
    memcpy(to + FLV_TAG_HEADER_SIZE, type == FLV_VIDEO ? "\x27\1" : "\xaf\1", size < 2 ? size : 2);
    flv_write_tag_end(to + FLV_TAG_HEADER_SIZE + size, size);
    return FLV_TAG_HEADER_SIZE + size + FLV_TAG_END_SIZE;
}

static void an_aggregate_message_is_many(void **state) {
    (void)state;
    uint8_t body[1024], head[16];
    size_t n = 0;
    struct client c;
    publish(&c);
    n += tag_of(body + n, FLV_VIDEO, 70000, 20);
    n += tag_of(body + n, FLV_AUDIO, 70010, 9);
    n += tag_of(body + n, 99, 70020, 9); /* no media */
    n += tag_of(body + n, FLV_VIDEO, 70040, 30);
    for (size_t cut = 0; cut < 2; cut++) { /* the second one ends too early */
        assert_int_equal(give(&c, head, head_of(head, 6, 500, n - cut, 22)), 0);
        int r = 0;
        for (size_t at = 0; r == 0 && at < n - cut; at += 128) {
            size_t left = n - cut - at;
            r = at ? give(&c, "\xc6", 1) : 0;
            r = r ? r : give(&c, body + at, left < 128 ? left : 128);
        }
        assert_int_equal(r, cut ? -EPROTO : 0);
        assert_int_equal(c.media, cut ? 5 : 3);
        assert_int_equal(c.times[0], 500);
        assert_int_equal(c.times[1], 510);
        assert_int_equal(c.times[2], 540);
    }
    hang_up(&c);
}

static void pings_are_answered_and_bytes_acknowledged(void **state) {
    (void)state;
    const uint8_t ping[18] = {2, 0, 0, 0, 0, 0, 6, 4, 0, 0, 0, 0, 0, 6, 1, 2, 3, 4};
    const uint8_t window[16] = {2, 0, 0, 0, 0, 0, 4, 5, 0, 0, 0, 0, 0, 0, 0x20, 0};
    static uint8_t body[6000] = {0x27, 1, 0, 0, 0};
    struct client c;
    publish(&c);
    assert_int_equal(give(&c, ping, sizeof(ping)), 0);
    assert_non_null(memmem(c.said, c.said_size, "\0\7\1\2\3\4", 6));
    assert_int_equal(give(&c, window, sizeof(window)), 0);
    c.said_size = 0;
    assert_int_equal(say(&c, 9, bytes_of(body, sizeof(body)), 128), 0);
    assert_int_equal(c.said[7], 3); /* acknowledgement */
    hang_up(&c);
}

static void a_connect_may_say_much(void **state) {
    (void)state;
    uint8_t p[512];
    struct amf0_writer w = {.room = {p, sizeof(p)}};
    struct client c;
    dial(&c);
    amf0_put_string(&w, "connect");
    amf0_put_number(&w, 1);
    amf0_put_object(&w);
    amf0_put_name(&w, "fourCcList"); /* of Enhanced RTMP */
    memcpy(p + w.size, "\12\0\0\0\2\2\0\4hvc1\2\0\4av01", 19);
    w.size += 19;
    amf0_put_name(&w, "app");
    amf0_put_string(&w, "live");
    amf0_put_object_end(&w);
    assert_int_equal(say(&c, 20, bytes_of(p, w.size), 128), 0);
    assert_true(was_said(&c, "NetConnection.Connect.Success"));
    hang_up(&c);
}

static void refusals_have_words(void **state) {
    (void)state;
    static const char *const bad[] = {
        "short", "../../../../etc/passwd", "with space with space",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    const uint8_t hevc[] = {0x90, 'h', 'v', 'c', '1', 0};
    struct client c;
    for (size_t i = 0; i < 4; i++) {
        dial(&c);
        assert_int_equal(call(&c, "connect", 1, "live"), 0);
        assert_int_equal(call(&c, "publish", 3, bad[i]), 0);
        assert_int_equal(c.event.type, RTMP_END);
        assert_true(was_said(&c, "NetStream.Publish.BadName"));
        hang_up(&c);
    }
    dial(&c);
    assert_int_equal(call(&c, "connect", 1, "vod"), 0);
    assert_true(was_said(&c, "NetConnection.Connect.InvalidApp"));
    hang_up(&c);
    publish(&c);
    assert_int_equal(say(&c, 9, bytes_of(hevc, sizeof(hevc)), 128), 0);
    assert_int_equal(c.event.type, RTMP_END);
    assert_true(was_said(&c, "The picture comes as HEVC. Set the encoder to H.264."));
    hang_up(&c);
}

static void who_asks_for_much_gets_nothing(void **state) {
    (void)state;
    struct client c;
    const uint8_t tiny[4] = {0, 0, 0, 1}, huge[12] = {3, 0, 0, 0, 0xff, 0xff, 0xff, 9};
    static const uint8_t much[RTMP_BYTES_BEFORE_PUBLISH];
    dial(&c);
    assert_int_equal(say(&c, 1, bytes_of(tiny, 4), 128), -EPROTO); /* chunks of a byte */
    hang_up(&c);
    dial(&c);
    assert_int_equal(give(&c, huge, sizeof(huge)), -EMSGSIZE); /* before it may publish */
    hang_up(&c);
    publish(&c);
    assert_int_equal(give(&c, huge, sizeof(huge)), -EMSGSIZE); /* and after */
    hang_up(&c);
    dial(&c);
    int r = 0;
    for (int i = 0; r == 0 && i < 10; i++) {
        r = say(&c, 22, bytes_of(much, 10000), 128);
    }
    assert_int_equal(r, -EMSGSIZE);
    hang_up(&c);
    dial(&c);
    assert_int_equal(call(&c, "publish", 1, KEY), -EPROTO); /* not connected */
    hang_up(&c);
    c = (struct client){.rtmp = rtmp_new(1)};
    assert_int_equal(give(&c, "GET / HTTP/1.1\r\n\r\n", 18), -EPROTO);
    hang_up(&c);
    publish(&c);
    for (uint8_t id = 4; id < 40; id++) { /* chunk streams without end */
        const uint8_t begin[13] = {id, 0, 0, 0, 0, 0, 200, 9, 1, 0, 0, 0, 0x17};
        r = give(&c, begin, sizeof(begin));
        uint8_t rest[127] = {0};
        r = r ? r : give(&c, rest, sizeof(rest));
        if (r) {
            break;
        }
    }
    assert_int_equal(r, -EPROTO);
    hang_up(&c);
}

static void values_are_skipped_or_refused(void **state) {
    (void)state;
    uint8_t deep[64];
    struct bytes b;
    for (size_t i = 0; i + 4 <= sizeof(deep); i += 4) {
        memcpy(deep + i, "\3\0\1x", 4);
    }
    b = bytes_of(deep, sizeof(deep));
    assert_false(amf0_skip(&b));
    const uint8_t array[] = {10, 0xff, 0xff, 0xff, 0xff, 5, 5};
    b = bytes_of(array, sizeof(array));
    assert_false(amf0_skip(&b));
    assert_int_equal(b.n, sizeof(array));
    const uint8_t date[] = {11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5};
    b = bytes_of(date, sizeof(date));
    assert_true(amf0_skip(&b));
    assert_int_equal(b.n, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_publisher_is_heard),
        cmocka_unit_test(addresses_and_keys_come_in_many_ways),
        cmocka_unit_test(times_may_be_long_and_wrap),
        cmocka_unit_test(chunks_may_change_their_size_within_a_message),
        cmocka_unit_test(an_aggregate_message_is_many),
        cmocka_unit_test(pings_are_answered_and_bytes_acknowledged),
        cmocka_unit_test(a_connect_may_say_much),
        cmocka_unit_test(refusals_have_words),
        cmocka_unit_test(who_asks_for_much_gets_nothing),
        cmocka_unit_test(values_are_skipped_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

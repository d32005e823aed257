/* A publisher shakes hands, names its key and sends; who does it otherwise is refused in words. */
#include "amf0.h"
#include "harness.h"
#include "rtmp.h"

#include <errno.h>
#include <stdlib.h>

#define KEY "abcdefgh12345678"

struct client {
    struct rtmp *rtmp;
    uint8_t said[20000]; /* by the server */
    size_t said_size;
    struct rtmp_event event; /* the last that was something */
    unsigned media;
};

static int give(struct client *c, const void *p, size_t n) {
    struct bytes in = bytes_of(p, n);
    while (in.n > 0) {
        struct rtmp_event e;
        int taken = rtmp_input(c->rtmp, in, 1000000, &e);
        if (taken < 0) {
            return taken;
        }
        in = bytes_from(in, (size_t)taken);
        if (e.type != RTMP_NOTHING) {
            c->event = e;
            c->media += e.type == RTMP_MEDIA;
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

static void the_key_may_stand_in_the_address(void **state) {
    (void)state;
    struct client c;
    dial(&c);
    assert_int_equal(call(&c, "connect", 1, "live/" KEY), 0);
    assert_int_equal(call(&c, "createStream", 2, NULL), 0);
    assert_int_equal(call(&c, "publish", 3, ""), 0);
    assert_int_equal(c.event.type, RTMP_PUBLISH);
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
        cmocka_unit_test(the_key_may_stand_in_the_address),
        cmocka_unit_test(refusals_have_words),
        cmocka_unit_test(who_asks_for_much_gets_nothing),
        cmocka_unit_test(values_are_skipped_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

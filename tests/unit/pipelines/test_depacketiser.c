/* Packets become frames again; what was lost goes with all that needs it, and nothing else. */
#include "harness.h"
#include "presentation/packetiser.h"
#include "replay/depacketiser.h"
#include "replay/picture_size.h"

#include <errno.h>

struct stream {
    struct depacketiser d;
    uint16_t sequence;
    uint32_t timestamp;
    unsigned frames;
    struct depacketised last;
};

static void start(struct stream *s, enum media_codec codec) {
    *s = (struct stream){.sequence = 65530, .timestamp = 0xfffffff0u};
    depacketiser_init(&s->d, codec);
}

static int give(struct stream *s, struct bytes payload, bool marker, bool hole) {
    struct rtp_header packet = {
        .sequence = s->sequence++, .timestamp = s->timestamp, .marker = marker, .payload = payload};
    int r = depacketiser_input(&s->d, &packet, hole);
    while (depacketiser_output(&s->d, &s->last)) {
        s->frames++;
    }
    return r;
}

/* A VP8 frame in one packet: descriptor with picture id and, if `layer` >= 0, TL0PICIDX and TID. */
static void vp8(struct stream *s, bool key, uint16_t id, int layer, uint8_t tl0, bool sync) {
    uint8_t p[40] = {0x90, (uint8_t)(0x80 | (layer >= 0 ? 0x60 : 0)), (uint8_t)(0x80 | id >> 8),
                     (uint8_t)id};
    size_t n = 4;
    if (layer >= 0) {
        p[n++] = tl0;
        p[n++] = (uint8_t)(layer << 6 | (sync ? 0x20 : 0));
    }
    p[n++] = key ? 0x10 : 0x11;
    memset(p + n, id & 0xff, 9);
    s->timestamp += 3000;
    give(s, bytes_of(p, n + 9), true, false);
}

static void vp8_frames_come_back(void **state) {
    (void)state;
    struct stream s;
    struct packetiser cut;
    uint8_t frame[9000];
    start(&s, CODEC_VP8);
    packetiser_init(&cut, CODEC_VP8, 0x7ffe);
    for (unsigned i = 0; i < 5; i++) {
        size_t n = 10 + i * 2000;
        memset(frame, (int)i + 1, sizeof(frame));
        frame[0] = i == 0 ? 0 : 1;
        s.timestamp += 3000;
        assert_int_equal(packetiser_frame(&cut, bytes_of(frame, n)), 0);
        for (size_t k = 0; k < packetiser_count(&cut); k++) {
            /* No marker bit on the third: the next frame ends it. */
            give(&s, packetiser_payload(&cut, k), k + 1 == packetiser_count(&cut) && i != 2, false);
        }
        assert_int_equal(s.frames, i == 2 ? 2 : i + 1);
        if (i != 2) {
            assert_true(bytes_equal(s.last.data, bytes_of(frame, n)));
            assert_int_equal(s.last.key, i == 0);
        }
    }
    packetiser_clear(&cut);
    depacketiser_clear(&s.d);
}

static void padding_between_frames_is_no_loss(void **state) {
    (void)state;
    struct stream s;
    start(&s, CODEC_VP8);
    vp8(&s, true, 1, -1, 0, false);
    s.sequence = (uint16_t)(s.sequence + 20);
    vp8(&s, false, 2, -1, 0, false);
    assert_int_equal(s.frames, 2);
    s.sequence = (uint16_t)(s.sequence + 1);
    vp8(&s, false, 4, -1, 0, false); /* picture 3 is missing */
    vp8(&s, false, 5, -1, 0, false);
    assert_int_equal(s.frames, 2);
    vp8(&s, true, 6, -1, 0, false);
    assert_int_equal(s.frames, 3);
    depacketiser_clear(&s.d);
}

static void a_lost_upper_layer_costs_that_layer(void **state) {
    (void)state;
    struct stream s;
    start(&s, CODEC_VP8);
    vp8(&s, true, 1, 0, 10, false);
    vp8(&s, false, 2, 1, 10, true);
    vp8(&s, false, 3, 0, 11, false);
    assert_int_equal(s.frames, 3);
    /* 4, of layer 1, is lost. */
    s.sequence++;
    vp8(&s, false, 5, 0, 12, false);
    assert_int_equal(s.frames, 4);
    vp8(&s, false, 6, 1, 12, false); /* may need number 4 */
    assert_int_equal(s.frames, 4);
    vp8(&s, false, 7, 0, 13, false);
    vp8(&s, false, 8, 1, 13, true);
    assert_int_equal(s.frames, 6);
    /* 9, of layer 0, is lost: a key frame is needed. */
    s.sequence++;
    vp8(&s, false, 10, 1, 14, true);
    vp8(&s, false, 11, 0, 15, false);
    assert_int_equal(s.frames, 6);
    vp8(&s, true, 12, 0, 16, false);
    assert_int_equal(s.frames, 7);
    depacketiser_clear(&s.d);
}

/* 640×360 of x264's baseline; and 1920×1080 of its high profile, which is cropped. */
static const uint8_t sps[] = {0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x2f, 0xf9,
                              0x70, 0x11, 0x00, 0x00, 0x03, 0x00, 0x01, 0x00, 0x00,
                              0x03, 0x00, 0x32, 0x0f, 0x16, 0x2e, 0x48};
static const uint8_t high[] = {0x67, 0x64, 0x00, 0x28, 0xac, 0xd9, 0x40, 0x78, 0x02,
                               0x27, 0xe5, 0xc0, 0x44, 0x00, 0x00, 0x03, 0x00, 0x04,
                               0x00, 0x00, 0x03, 0x00, 0xc8, 0x3c, 0x60, 0xc6, 0x58};
static const uint8_t pps[] = {0x68, 0xcb, 0x83, 0xcb, 0x20};

static void h264_frames_come_back(void **state) {
    (void)state;
    struct stream s;
    struct packetiser cut;
    uint8_t frame[6000] = {0};
    size_t n = 0;
    start(&s, CODEC_H264);
    packetiser_init(&cut, CODEC_H264, 0);
    memcpy(frame + n, "\0\0\0\1", 4);
    memcpy(frame + n + 4, sps, sizeof(sps));
    n += 4 + sizeof(sps);
    memcpy(frame + n, "\0\0\0\1", 4);
    memcpy(frame + n + 4, pps, sizeof(pps));
    n += 4 + sizeof(pps);
    memcpy(frame + n, "\0\0\0\1", 4);
    memset(frame + n + 4, 0x55, sizeof(frame) - n - 4);
    frame[n + 4] = 0x65;
    assert_int_equal(packetiser_frame(&cut, bytes_of(frame, sizeof(frame))), 0);
    assert_true(packetiser_count(&cut) > 3); /* a STAP-A and some FU-A */
    for (size_t k = 0; k < packetiser_count(&cut); k++) {
        give(&s, packetiser_payload(&cut, k), k + 1 == packetiser_count(&cut), false);
    }
    assert_int_equal(s.frames, 1);
    assert_true(s.last.key && s.last.headers_seen);
    assert_true(bytes_equal(s.last.data, bytes_of(frame, sizeof(frame))));

    /* An IDR picture without parameter sets gets those that were sent before. */
    s.timestamp += 3000;
    give(&s, bytes_of("\x65\x88\x80", 3), true, false);
    assert_int_equal(s.frames, 2);
    assert_true(s.last.key && !s.last.headers_seen);
    assert_int_equal(s.last.data.n, 4 + sizeof(sps) + 4 + sizeof(pps) + 4 + 3);

    /* A piece of a FU-A is missing: nothing until the next IDR picture. */
    for (size_t k = 0; k < packetiser_count(&cut); k++) {
        s.timestamp += k == 0 ? 3000 : 0;
        if (k == 2) {
            s.sequence++;
        } else {
            give(&s, packetiser_payload(&cut, k), k + 1 == packetiser_count(&cut), false);
        }
    }
    s.timestamp += 3000;
    give(&s, bytes_of("\x41\x88\x80", 3), true, false);
    assert_int_equal(s.frames, 2);
    s.timestamp += 3000;
    give(&s, bytes_of("\x65\x88\x80", 3), true, false);
    assert_int_equal(s.frames, 3);
    packetiser_clear(&cut);
    depacketiser_clear(&s.d);
}

static void hostile_packets_cost_their_frame(void **state) {
    (void)state;
    struct stream s;
    start(&s, CODEC_H264);
    static const struct {
        const char *p;
        size_t n;
    } bad[] = {
        {"\x78\xff\xff\x01", 4}, {"\x78\x00\x00", 3}, {"\x7c\x05", 2}, {"\x00", 1}, {"\x1e", 1}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        s.timestamp += 3000;
        assert_int_equal(give(&s, bytes_of(bad[i].p, bad[i].n), true, false), -EBADMSG);
    }
    assert_int_equal(s.frames, 0);
    s.sequence--;
    assert_int_equal(give(&s, bytes_of("\x65", 1), true, false), -ESTALE);
    depacketiser_clear(&s.d);
}

static void sizes_are_read(void **state) {
    (void)state;
    struct picture_size size;
    uint8_t frame[4 + sizeof(sps)] = {0, 0, 0, 1};
    memcpy(frame + 4, sps, sizeof(sps));
    assert_int_equal(picture_size_read(CODEC_H264, bytes_of(frame, sizeof(frame)), &size), 0);
    assert_int_equal(size.width, 640);
    assert_int_equal(size.height, 360);
    assert_string_equal(size.profile, "42c01e");
    uint8_t large[4 + sizeof(high)] = {0, 0, 0, 1};
    memcpy(large + 4, high, sizeof(high));
    assert_int_equal(picture_size_read(CODEC_H264, bytes_of(large, sizeof(large)), &size), 0);
    assert_int_equal(size.width, 1920);
    assert_int_equal(size.height, 1080);
    assert_string_equal(size.profile, "640028");
    const uint8_t key[] = {0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x42, 0x68, 0x01};
    assert_int_equal(picture_size_read(CODEC_VP8, bytes_of(key, sizeof(key)), &size), 0);
    assert_int_equal(size.width, 0x280);
    assert_int_equal(size.height, 0x168);
    assert_int_equal(picture_size_read(CODEC_VP8, bytes_of(key, 9), &size), -EBADMSG);
    assert_int_equal(picture_size_read(CODEC_H264, bytes_of(frame, 9), &size), -EBADMSG);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vp8_frames_come_back),
        cmocka_unit_test(padding_between_frames_is_no_loss),
        cmocka_unit_test(a_lost_upper_layer_costs_that_layer),
        cmocka_unit_test(h264_frames_come_back),
        cmocka_unit_test(hostile_packets_cost_their_frame),
        cmocka_unit_test(sizes_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "made.h"

#include <errno.h>

static const uint8_t ids[EXT_COUNT] = {[EXT_ABS_CAPTURE_TIME] = 2,
                                       [EXT_AUDIO_LEVEL] = 3,
                                       [EXT_VIDEO_ORIENTATION] = 5,
                                       [EXT_COLOR_SPACE] = 6,
                                       [EXT_DEPENDENCY] = 7};

static void an_rtx_packet_gives_back_the_original(void **state) {
    (void)state;
    struct packet_pool *pool = packet_pool_new(4);
    struct packet *p;
    const uint8_t rtx[] = {0x80, 0x80 | 97, 0,    9, 0,    0, 1, 0, 0, 0, 0, 50, /* header */
                           0x12, 0x34, /* original number */
                           0x90, 0x80,      0x80, 5, 0x00, 1, 2, 3};
    assert_int_equal(
        packet_new_from_rtx(pool, CODEC_VP8, bytes_of(rtx, sizeof rtx), 77, 96, ids, 5, &p), 0);
    assert_int_equal(p->sequence, 0x1234);
    assert_int_equal(p->ssrc, 77);
    assert_int_equal(p->payload_type, 96);
    assert_int_equal(p->timestamp, 256);
    assert_true(p->repaired && p->marker && p->info.key_frame);
    assert_int_equal(p->fragment.prefix_size, 4);
    assert_int_equal(p->fragment.payload.n, 4);
    packet_unref(p);
    assert_int_equal(packet_new_from_rtx(pool, CODEC_VP8, bytes_of(rtx, 14), 77, 96, ids, 5, &p),
                     -ENODATA);
    packet_pool_free(pool);
}

static void bad_packets_are_refused_and_given_back(void **state) {
    (void)state;
    struct packet_pool *pool = packet_pool_new(1);
    struct packet *p, *q;
    static uint8_t b[1600] = {0x80, 96};
    assert_int_equal(packet_new(pool, CODEC_VP8, bytes_of(b, 11), ids, 0, &p), -EBADMSG);
    assert_int_equal(packet_new(pool, CODEC_VP8, bytes_of(b, 1501), ids, 0, &p), -EMSGSIZE);
    b[12] = 0x80; /* a descriptor that ends too early */
    assert_int_equal(packet_new(pool, CODEC_VP8, bytes_of(b, 13), ids, 0, &p), -EBADMSG);
    assert_int_equal(packet_pool_used(pool), 0);
    b[12] = 0x78;
    assert_int_equal(packet_new(pool, CODEC_OPUS, bytes_of(b, 100), ids, 0, &p), 0);
    assert_int_equal(packet_new(pool, CODEC_OPUS, bytes_of(b, 100), ids, 0, &q), -ENOBUFS);
    packet_unref(packet_ref(p));
    assert_int_equal(packet_pool_used(pool), 1);
    packet_unref(p);
    assert_int_equal(packet_pool_used(pool), 0);
    packet_pool_free(pool);
}

static void a_short_picture_id_is_widened(void **state) {
    (void)state;
    struct fragment f;
    memset(&f, 0, sizeof f);
    const uint8_t vp8[] = {0x90, 0xc0, 0x25, 0x07, 0x00, 1, 2};
    assert_int_equal(fragment_set_payload(&f, CODEC_VP8, bytes_of(vp8, sizeof vp8)), 0);
    const uint8_t prefix[] = {0x90, 0xc0, 0x80, 0x25, 0x07};
    assert_int_equal(f.prefix_size, 5);
    assert_memory_equal(f.prefix, prefix, 5);
    assert_int_equal(f.picture_id_bits, 7);
    assert_int_equal(f.tl0picidx_at, 4);
    assert_int_equal(f.payload.n, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_rtx_packet_gives_back_the_original),
        cmocka_unit_test(bad_packets_are_refused_and_given_back),
        cmocka_unit_test(a_short_picture_id_is_widened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Encoded frames are cut into payloads that a receiver can put together again. */
#include "harness.h"
#include "presentation/packetiser.h"

#include <errno.h>
#include <stdlib.h>

static uint8_t *noise(size_t n) {
    uint8_t *p = malloc(n);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++) {
        p[i] = (uint8_t)(i * 7 % 251 + 3); /* no zeros: no start codes */
    }
    return p;
}

static void assert_equal_but_last(const struct packetiser *p, size_t first) {
    size_t n = packetiser_count(p);
    for (size_t i = first; i + 1 < n; i++) {
        assert_int_equal(packetiser_payload(p, i).n, packetiser_payload(p, first).n);
    }
    assert_true(packetiser_payload(p, n - 1).n <= packetiser_payload(p, first).n);
    assert_true(packetiser_payload(p, first).n <= PACKETISER_PAYLOAD_MAX);
}

static void vp8_frames_carry_a_descriptor_and_equal_fragments(void **state) {
    (void)state;
    struct packetiser p;
    packetiser_init(&p, CODEC_VP8, 0x7fff);
    uint8_t *frame = noise(5000), again[5000];
    frame[0] &= 0xfe; /* key frame */
    assert_int_equal(packetiser_frame(&p, bytes_of(frame, 5000)), 0);
    assert_true(packetiser_is_key(&p));
    assert_int_equal(packetiser_count(&p), 5);
    assert_equal_but_last(&p, 0);
    size_t n = 0;
    for (size_t i = 0; i < packetiser_count(&p); i++) {
        struct bytes payload = packetiser_payload(&p, i);
        assert_int_equal(payload.p[0], i == 0 ? 0x90 : 0x80);
        assert_int_equal(payload.p[1], 0x80);
        assert_int_equal(read_be16(payload.p + 2), 0xffff);
        memcpy(again + n, payload.p + 4, payload.n - 4);
        n += payload.n - 4;
    }
    assert_int_equal(n, 5000);
    assert_memory_equal(again, frame, 5000);
    frame[0] |= 1;
    assert_int_equal(packetiser_frame(&p, bytes_of(frame, 100)), 0);
    assert_false(packetiser_is_key(&p));
    assert_int_equal(packetiser_count(&p), 1);
    assert_int_equal(read_be16(packetiser_payload(&p, 0).p + 2), 0x8000); /* wrapped to 0 */
    free(frame);
    packetiser_clear(&p);
}

static const uint8_t headers[] = {0, 0, 0, 1,    9,    0xf0,                   /* delimiter */
                                  0, 0, 0, 1,    0x67, 0x42, 0xe0, 0x1f, 0xaa, /* SPS */
                                  0, 0, 1, 0x68, 0xce, 0x3c, 0x80,             /* PPS */
                                  0, 0, 1, 6,    5,    1,    0x80};            /* SEI */

static size_t access_unit(uint8_t *to, bool idr, size_t slice) {
    size_t n = 0;
    if (idr) {
        memcpy(to, headers, sizeof(headers));
        n = sizeof(headers);
    }
    uint8_t *body = noise(slice);
    memcpy(to + n, "\0\0\0\1", 4);
    memcpy(to + n + 4, body, slice);
    to[n + 4] = idr ? 0x65 : 0x41;
    free(body);
    return n + 4 + slice;
}

static void h264_key_frames_start_with_their_parameter_sets(void **state) {
    (void)state;
    struct packetiser p;
    uint8_t unit[6000];
    packetiser_init(&p, CODEC_H264, 0);
    size_t n = access_unit(unit, true, 4000);
    assert_int_equal(packetiser_frame(&p, bytes_of(unit, n)), 0);
    assert_true(packetiser_is_key(&p));
    struct bytes stap = packetiser_payload(&p, 0);
    static const uint8_t wanted[] = {0x78, 0, 5, 0x67, 0x42, 0xe0, 0x1f,
                                     0xaa, 0, 4, 0x68, 0xce, 0x3c, 0x80};
    assert_int_equal(stap.n, sizeof(wanted));
    assert_memory_equal(stap.p, wanted, sizeof(wanted));
    assert_equal_but_last(&p, 1);
    uint8_t again[6000] = {0x65};
    size_t size = 1;
    for (size_t i = 1; i < packetiser_count(&p); i++) {
        struct bytes payload = packetiser_payload(&p, i);
        bool first = i == 1, last = i + 1 == packetiser_count(&p);
        assert_int_equal(payload.p[0], 0x7c);
        assert_int_equal(payload.p[1], (first ? 0x80 : 0) | (last ? 0x40 : 0) | 5);
        memcpy(again + size, payload.p + 2, payload.n - 2);
        size += payload.n - 2;
    }
    assert_int_equal(size, 4000);
    assert_memory_equal(again, unit + n - 4000, 4000);
    packetiser_clear(&p);
}

static void small_h264_slices_travel_alone_and_old_parameter_sets_are_repeated(void **state) {
    (void)state;
    struct packetiser p;
    uint8_t unit[6000];
    packetiser_init(&p, CODEC_H264, 0);
    assert_int_equal(packetiser_frame(&p, bytes_of(unit, access_unit(unit, true, 50))), 0);
    assert_int_equal(packetiser_count(&p), 2);
    assert_int_equal(packetiser_frame(&p, bytes_of(unit, access_unit(unit, false, 50))), 0);
    assert_int_equal(packetiser_count(&p), 1);
    assert_false(packetiser_is_key(&p));
    assert_int_equal(packetiser_payload(&p, 0).n, 50);
    size_t n = access_unit(unit, true, 50);
    memmove(unit, unit + sizeof(headers), n - sizeof(headers)); /* an IDR without its own */
    assert_int_equal(packetiser_frame(&p, bytes_of(unit, n - sizeof(headers))), 0);
    assert_int_equal(packetiser_count(&p), 2);
    packetiser_clear(&p);
}

static void what_is_no_frame_is_refused(void **state) {
    (void)state;
    struct packetiser h264, vp8, opus;
    uint8_t unit[3000] = {0};
    packetiser_init(&h264, CODEC_H264, 0);
    packetiser_init(&vp8, CODEC_VP8, 0);
    packetiser_init(&opus, CODEC_OPUS, 0);
    assert_int_equal(packetiser_frame(&h264, bytes_of(NULL, 0)), -EBADMSG);
    assert_int_equal(packetiser_frame(&h264, bytes_of(unit, sizeof(unit))), -EBADMSG);
    assert_int_equal(packetiser_frame(&h264, bytes_of("\0\0\1", 3)), -EBADMSG);
    assert_int_equal(packetiser_frame(&h264, bytes_of("\0\0\1\x65\x88", 5)), -EBADMSG);
    assert_int_equal(packetiser_count(&h264), 0);
    assert_int_equal(packetiser_frame(&vp8, bytes_of(unit, 2)), -EBADMSG);
    assert_int_equal(packetiser_frame(&opus, bytes_of(unit, 0)), -EBADMSG);
    assert_int_equal(packetiser_frame(&opus, bytes_of(unit, 1500)), -EBADMSG);
    assert_int_equal(packetiser_frame(&opus, bytes_of(unit, 300)), 0);
    assert_int_equal(packetiser_payload(&opus, 0).n, 300);
    packetiser_clear(&h264);
    packetiser_clear(&vp8);
    packetiser_clear(&opus);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vp8_frames_carry_a_descriptor_and_equal_fragments),
        cmocka_unit_test(h264_key_frames_start_with_their_parameter_sets),
        cmocka_unit_test(small_h264_slices_travel_alone_and_old_parameter_sets_are_repeated),
        cmocka_unit_test(what_is_no_frame_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

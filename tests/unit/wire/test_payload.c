#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/av1.h"
#include "wire/h264.h"
#include "wire/vp8.h"
#include "wire/vp9.h"

#define BYTES(...) bytes_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void expect(enum media_codec codec, struct bytes payload, bool frame_start, bool key_frame) {
    struct payload_info info;
    assert_int_equal(payload_inspect(codec, payload, &info), 0);
    assert_int_equal(info.frame_start, frame_start);
    assert_int_equal(info.key_frame, key_frame);
}

static void refuse(enum media_codec codec, struct bytes payload) {
    struct payload_info info;
    assert_int_equal(payload_inspect(codec, payload, &info), -EBADMSG);
}

static void opus_is_always_whole(void **state) {
    (void)state;
    struct payload_info info;
    expect(CODEC_OPUS, BYTES(0x78), true, true);
    assert_int_equal(payload_inspect(CODEC_OPUS, bytes_of(NULL, 0), &info), -ENODATA);
    assert_int_equal(payload_inspect(CODEC_NONE, BYTES(1), &info), -ENOTSUP);
}

static void vp8_descriptors_are_read(void **state) {
    (void)state;
    struct vp8_descriptor d;
    /* X S, I L T K, 15-bit picture id 0x1234, tl0 7, tid 1 with Y, key frame */
    assert_int_equal(vp8_parse(BYTES(0x90, 0xf0, 0x92, 0x34, 7, 0x60, 0x10), &d), 0);
    assert_int_equal(d.size, 6);
    assert_true(d.frame_start && d.key_frame && !d.non_reference && d.layer_sync);
    assert_true(d.picture_id_at == 2 && d.picture_id_size == 2 && d.picture_id == 0x1234);
    assert_true(d.tl0picidx_at == 4 && d.tl0picidx == 7);
    assert_true(d.temporal_at == 5 && d.temporal_id == 1);
    /* 7-bit picture id */
    assert_int_equal(vp8_parse(BYTES(0x90, 0x80, 0x55, 0x11), &d), 0);
    assert_true(d.size == 3 && d.picture_id_size == 1 && d.picture_id == 0x55 && !d.key_frame);
    assert_true(d.tl0picidx_at == 0 && d.temporal_at == 0);
}

static void vp8_frames_start_with_partition_zero(void **state) {
    (void)state;
    expect(CODEC_VP8, BYTES(0x10, 0x00), true, true);
    expect(CODEC_VP8, BYTES(0x10, 0x01), true, false);
    expect(CODEC_VP8, BYTES(0x00, 0x00), false, false); /* S is not set */
    expect(CODEC_VP8, BYTES(0x11, 0x00), false, false); /* start of partition 1 */
}

static void cut_vp8_is_refused(void **state) {
    (void)state;
    const uint8_t whole[] = {0x90, 0xf0, 0x92, 0x34, 7, 0x60, 0x10};
    for (size_t n = 1; n < sizeof(whole); n++) {
        refuse(CODEC_VP8, bytes_of(whole, n));
    }
}

static void vp9_descriptors_are_read(void **state) {
    (void)state;
    struct vp9_descriptor d;
    /* I L B V, 15-bit picture id, TID 2 U SID 1 D, TL0PICIDX 9, SS: 2 layers with sizes, 1 picture
     * with 2 references */
    assert_int_equal(vp9_parse(BYTES(0xaa, 0x81, 0x02, 0x53, 9, 0x38, 1, 2, 3, 4, 5, 6, 7, 8, 1,
                                     0x18, 1, 2, 0xff),
                               &d),
                     0);
    assert_int_equal(d.size, 18);
    assert_true(d.picture_id == 0x102 && d.picture_id_at == 1 && d.picture_id_size == 2);
    assert_true(d.has_layers && d.temporal_id == 2 && d.spatial_id == 1 && d.inter_layer &&
                d.switching_up);
    assert_true(d.tl0picidx == 9 && d.tl0picidx_at == 4 && d.has_structure);
    /* flexible, inter-predicted with two references */
    assert_int_equal(vp9_parse(BYTES(0xd8, 0x05, 0x03, 0x04, 0xff), &d), 0);
    assert_true(d.size == 4 && d.flexible && d.inter_predicted);
}

static void vp9_key_frames_are_not_predicted(void **state) {
    (void)state;
    expect(CODEC_VP9, BYTES(0x88, 0x01, 0), true, true);
    expect(CODEC_VP9, BYTES(0xc8, 0x01, 0), true, false);
    expect(CODEC_VP9, BYTES(0x80, 0x01, 0), false, false);
    expect(CODEC_VP9, BYTES(0xa8, 0x01, 0x03, 0, 0), false, false); /* spatial layer 1 */
}

static void cut_or_endless_vp9_is_refused(void **state) {
    (void)state;
    const uint8_t whole[] = {0xaa, 0x81, 0x02, 0x53, 9, 0x38, 1,    2, 3,
                             4,    5,    6,    7,    8, 1,    0x18, 1, 2};
    for (size_t n = 1; n < sizeof(whole); n++) {
        refuse(CODEC_VP9, bytes_of(whole, n));
    }
    refuse(CODEC_VP9, BYTES(0xd8, 0x05, 0x03, 0x03, 0x03, 0)); /* a fourth reference */
}

static void h264_units_aggregates_and_fragments_are_told_apart(void **state) {
    (void)state;
    expect(CODEC_H264, BYTES(0x65, 0x88), true, true);   /* IDR */
    expect(CODEC_H264, BYTES(0x65, 0x48), false, false); /* a later slice of it */
    expect(CODEC_H264, BYTES(0x41, 0x9a), true, false);  /* P slice */
    expect(CODEC_H264, BYTES(0x67, 0x42), true, true);   /* SPS */
    expect(CODEC_H264, BYTES(0x68, 0xce), true, false);  /* PPS */
    expect(CODEC_H264, BYTES(0x78, 0, 2, 0x67, 0x42, 0, 2, 0x68, 0), true, true); /* STAP-A */
    expect(CODEC_H264, BYTES(0x78, 0, 2, 0x09, 0x10, 0, 2, 0x41, 0x9a), true, false);
    expect(CODEC_H264, BYTES(0x7c, 0x85, 0x88), true, true);   /* FU-A, start of IDR */
    expect(CODEC_H264, BYTES(0x7c, 0x05, 0x88), false, false); /* middle */
    expect(CODEC_H264, BYTES(0x7c, 0x45, 0x88), false, false); /* end */
    expect(CODEC_H264, BYTES(0x5c, 0x81, 0x9a), true, false);  /* start of a P slice */
}

static void broken_h264_is_refused(void **state) {
    (void)state;
    refuse(CODEC_H264, BYTES(0x78));             /* STAP-A of nothing */
    refuse(CODEC_H264, BYTES(0x78, 0));          /* cut size */
    refuse(CODEC_H264, BYTES(0x78, 0, 0));       /* unit of no bytes */
    refuse(CODEC_H264, BYTES(0x78, 0, 9, 0x67)); /* longer than the packet */
    refuse(CODEC_H264, BYTES(0x78, 0, 1, 0x78)); /* aggregate in an aggregate */
    refuse(CODEC_H264, BYTES(0x7c, 0x85));       /* FU-A of nothing */
    refuse(CODEC_H264, BYTES(0x7c, 0xc5, 1));    /* start and end */
    refuse(CODEC_H264, BYTES(0x7d, 0x85, 1));    /* FU-B */
    refuse(CODEC_H264, BYTES(0x60, 1));          /* type 0 */
}

static void h264_profiles_are_named(void **state) {
    (void)state;
    assert_int_equal(h264_profile_of(bytes_of_text("42e01f")), H264_CONSTRAINED_BASELINE);
    assert_int_equal(h264_profile_of(bytes_of_text("42001f")), H264_BASELINE);
    assert_int_equal(h264_profile_of(bytes_of_text("4D001F")), H264_MAIN);
    assert_int_equal(h264_profile_of(bytes_of_text("64001f")), H264_HIGH);
    assert_int_equal(h264_profile_of(bytes_of_text("640c1f")), H264_CONSTRAINED_HIGH);
    assert_int_equal(h264_profile_of(bytes_of_text("f4001f")), H264_OTHER); /* High 4:4:4 */
    assert_int_equal(h264_profile_of(bytes_of_text("42e01")), H264_OTHER);
    assert_int_equal(h264_profile_of(bytes_of_text("42e01g")), H264_OTHER);
}

static void av1_key_frames_begin_with_a_sequence_header(void **state) {
    (void)state;
    expect(CODEC_AV1, BYTES(0x18, 0x08, 0x00), true, true);             /* W=1 N, sequence header */
    expect(CODEC_AV1, BYTES(0x28, 0x02, 0x08, 0x00, 0x30), true, true); /* W=2, and a frame */
    expect(CODEC_AV1, BYTES(0x08, 0x01, 0x10, 0x01, 0x08), true,
           true);                                             /* W=0, delimiter in front */
    expect(CODEC_AV1, BYTES(0x10, 0x30, 0x00), true, false);  /* a frame */
    expect(CODEC_AV1, BYTES(0x90, 0x08, 0x00), false, false); /* a continuation */
}

static void broken_av1_is_refused(void **state) {
    (void)state;
    refuse(CODEC_AV1, BYTES(0x98, 0x08));                   /* N and Z */
    refuse(CODEC_AV1, BYTES(0x00, 0x05, 0x08));             /* longer than the packet */
    refuse(CODEC_AV1, BYTES(0x00, 0x80));                   /* cut length */
    refuse(CODEC_AV1, BYTES(0x00, 0xff, 0xff, 0xff, 0xff)); /* a length beyond all packets */
    refuse(CODEC_AV1, BYTES(0x10, 0x88));                   /* forbidden bit */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opus_is_always_whole),
        cmocka_unit_test(vp8_descriptors_are_read),
        cmocka_unit_test(vp8_frames_start_with_partition_zero),
        cmocka_unit_test(cut_vp8_is_refused),
        cmocka_unit_test(vp9_descriptors_are_read),
        cmocka_unit_test(vp9_key_frames_are_not_predicted),
        cmocka_unit_test(cut_or_endless_vp9_is_refused),
        cmocka_unit_test(h264_units_aggregates_and_fragments_are_told_apart),
        cmocka_unit_test(broken_h264_is_refused),
        cmocka_unit_test(h264_profiles_are_named),
        cmocka_unit_test(av1_key_frames_begin_with_a_sequence_header),
        cmocka_unit_test(broken_av1_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "made.h"
#include "wire/rtp.h"

#include <errno.h>

static struct media_line lines[2];

static void set_lines(void) {
    memset(lines, 0, sizeof lines);
    lines[0] =
        (struct media_line){.mid = "0", .kind = MEDIA_AUDIO, .active = true, .payload_count = 1};
    lines[0].payloads[0] = (struct media_payload){.type = 111, .codec = CODEC_OPUS};
    lines[1] =
        (struct media_line){.mid = "1", .kind = MEDIA_VIDEO, .active = true, .payload_count = 1};
    lines[1].payloads[0] = (struct media_payload){.type = 96, .rtx_type = 97, .codec = CODEC_VP8};
    for (size_t i = 0; i < 2; i++) {
        lines[i].extension_ids[EXT_MID] = 4;
        lines[i].extension_ids[EXT_TWCC] = 3;
        lines[i].extension_ids[EXT_RID] = 10;
        lines[i].extension_ids[EXT_REPAIRED_RID] = 11;
    }
}

static int find(struct demux *d, uint8_t type, uint32_t ssrc, uint8_t id, const char *text,
                struct demux_target *ret) {
    uint8_t b[200] = {0};
    const struct rtp_extension_value values[] = {{3, bytes_of("\1\2", 2)},
                                                 {id, bytes_of_text(text)}};
    const struct rtp_header h = {.payload_type = type, .ssrc = ssrc};
    const int n = rtp_write_header((struct room){b, sizeof b}, &h, values, id != 0 ? 2 : 1);
    assert_true(n > 0);
    return demux_find(d, bytes_of(b, (size_t)n + 20), ret);
}

static void payload_types_and_rtx_are_told_apart(void **state) {
    (void)state;
    struct demux d;
    struct demux_target t;
    set_lines();
    demux_init(&d, lines, 2);
    assert_int_equal(find(&d, 96, 1, 0, "", &t), 0);
    assert_int_equal(t.line, 1);
    assert_false(t.rtx);
    assert_true(t.has_twcc);
    assert_int_equal(t.twcc, 0x0102);
    assert_int_equal(find(&d, 97, 2, 0, "", &t), 0);
    assert_true(t.rtx);
    assert_ptr_equal(t.payload, &lines[1].payloads[0]);
    assert_int_equal(find(&d, 111, 3, 0, "", &t), 0);
    assert_int_equal(t.line, 0);
    assert_int_equal(find(&d, 50, 4, 0, "", &t), -ENOENT);
    assert_int_equal(demux_find(&d, bytes_of("abc", 3), &t), -EBADMSG);
}

static void a_mid_decides_between_lines_with_the_same_type(void **state) {
    (void)state;
    struct demux d;
    struct demux_target t;
    set_lines();
    lines[0] = lines[1];
    lines[0].mid[0] = '0';
    demux_init(&d, lines, 2);
    assert_int_equal(find(&d, 96, 1, 4, "1", &t), 0);
    assert_int_equal(t.line, 1);
    assert_int_equal(find(&d, 96, 1, 0, "", &t), 0); /* remembered */
    assert_int_equal(t.line, 1);
}

static void rids_become_rungs(void **state) {
    (void)state;
    struct demux d;
    struct demux_target t;
    set_lines();
    lines[1].rid_count = 2;
    memcpy(lines[1].rids[0], "h", 2);
    memcpy(lines[1].rids[1], "l", 2);
    demux_init(&d, lines, 2);
    assert_int_equal(find(&d, 96, 1, 0, "", &t), -ENOENT);
    assert_int_equal(find(&d, 96, 1, 10, "l", &t), 0);
    assert_int_equal(t.rung, 1);
    assert_int_equal(find(&d, 96, 2, 10, "h", &t), 0);
    assert_int_equal(t.rung, 0);
    assert_int_equal(find(&d, 97, 3, 11, "l", &t), 0);
    assert_int_equal(t.rung, 1);
    assert_true(t.rtx);
    assert_int_equal(find(&d, 96, 1, 0, "", &t), 0);
    assert_int_equal(t.rung, 1);
}

static void thousands_of_ssrcs_do_not_grow_it(void **state) {
    (void)state;
    struct demux d;
    struct demux_target t;
    set_lines();
    demux_init(&d, lines, 2);
    for (uint32_t i = 0; i < 5000; i++) {
        assert_int_equal(find(&d, 96, i, 0, "", &t), 0);
    }
    assert_int_equal(d.stream_count, DEMUX_STREAMS_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payload_types_and_rtx_are_told_apart),
        cmocka_unit_test(a_mid_decides_between_lines_with_the_same_type),
        cmocka_unit_test(rids_become_rungs),
        cmocka_unit_test(thousands_of_ssrcs_do_not_grow_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Flash Video is written and read back whole, byte by byte, and rubbish is none. */
#include "harness.h"
#include "rtmp/flv.h"

#include <errno.h>

static size_t write_stream(uint8_t *to, uint32_t timestamp, size_t body) {
    size_t n = FLV_HEADER_SIZE;
    flv_write_header(to);
    for (int i = 0; i < 2; i++) {
        flv_write_tag_header(to + n, FLV_VIDEO, timestamp, 17, body);
        n += FLV_TAG_HEADER_SIZE;
        memset(to + n, 'a' + i, body);
        n += body;
        flv_write_tag_end(to + n, body);
        n += FLV_TAG_END_SIZE;
    }
    return n;
}

static void tags_come_back_in_any_pieces(void **state) {
    (void)state;
    static uint8_t stream[100000];
    size_t size = write_stream(stream, 0x89abcdef, 40000);
    for (size_t piece = 1; piece < 70000; piece = piece * 7 + 1) {
        struct flv_reader r = {0};
        struct flv_tag tag;
        unsigned tags = 0;
        for (size_t at = 0; at < size;) {
            size_t n = size - at < piece ? size - at : piece;
            int taken = flv_read(&r, bytes_of(stream + at, n), &tag);
            assert_true(taken >= 0);
            if (tag.type != FLV_NOTHING) {
                assert_int_equal(tag.type, FLV_VIDEO);
                assert_int_equal(tag.timestamp, 0x89abcdef);
                assert_int_equal(tag.took, 17);
                assert_int_equal(tag.body.n, 40000);
                assert_int_equal(tag.body.p[39999], 'a' + tags);
                tags++;
            }
            at += (size_t)taken;
        }
        assert_int_equal(tags, 2);
        flv_reader_clear(&r);
    }
}

static void what_is_no_flv_is_refused(void **state) {
    (void)state;
    uint8_t stream[64];
    struct flv_reader r = {0};
    struct flv_tag tag;
    memset(stream, 'x', sizeof(stream));
    assert_int_equal(flv_read(&r, bytes_of(stream, sizeof(stream)), &tag), -EPROTO);
    flv_reader_clear(&r);
    flv_write_header(stream);
    flv_write_tag_header(stream + FLV_HEADER_SIZE, FLV_AUDIO, 0, 0, FLV_TAG_MAX + 1);
    assert_int_equal(flv_read(&r, bytes_of(stream, 24), &tag), -EPROTO);
    flv_reader_clear(&r);
}

static void codecs_are_told_apart(void **state) {
    (void)state;
    struct flv_media m;
    const uint8_t key[] = {0x17, 1, 0xff, 0xff, 0xfe, 9, 9}, config[] = {0x17, 0, 0, 0, 0, 1};
    const uint8_t h263[] = {0x22, 1, 2}, hevc[] = {0x90, 'h', 'v', 'c', '1', 1};
    const uint8_t avc1[] = {0xa1, 'a', 'v', 'c', '1', 0, 0, 5, 7};
    const uint8_t eopus[] = {0x90, 'O', 'p', 'u', 's', 1}, emp4a[] = {0x91, 'm', 'p', '4', 'a', 7};
    const uint8_t multitrack[] = {0x96, 0, 'h', 'v', 'c', '1', 1},
                  command[] = {0x57, 1, 0, 0, 0, 1};
    const uint8_t end[] = {0x17, 2, 0, 0, 0}, empty[] = {0x27, 1, 0, 0, 0};
    const uint8_t aac[] = {0xaf, 1, 3}, mp3[] = {0x2f, 1, 3};
    flv_video(bytes_of(key, sizeof(key)), &m);
    assert_int_equal(m.content, FLV_FRAME);
    assert_true(m.key);
    assert_int_equal(m.composition, -2);
    assert_int_equal(m.payload.n, 2);
    flv_video(bytes_of(config, sizeof(config)), &m);
    assert_int_equal(m.content, FLV_CONFIG);
    flv_video(bytes_of(h263, sizeof(h263)), &m);
    assert_int_equal(m.content, FLV_FOREIGN);
    flv_video(bytes_of(hevc, sizeof(hevc)), &m);
    assert_int_equal(m.content, FLV_FOREIGN);
    assert_string_equal(m.codec, "HEVC");
    flv_video(bytes_of(avc1, sizeof(avc1)), &m);
    assert_int_equal(m.content, FLV_FRAME);
    assert_int_equal(m.composition, 5);
    assert_int_equal(m.payload.n, 1);
    flv_video(bytes_of(NULL, 0), &m);
    assert_int_equal(m.content, FLV_IGNORED);
    flv_audio(bytes_of(aac, sizeof(aac)), &m);
    assert_int_equal(m.content, FLV_FRAME);
    flv_audio(bytes_of(mp3, sizeof(mp3)), &m);
    assert_int_equal(m.content, FLV_FOREIGN);
    assert_string_equal(m.codec, "MP3");
    flv_audio(bytes_of(eopus, sizeof(eopus)), &m);
    assert_int_equal(m.content, FLV_FOREIGN);
    assert_string_equal(m.codec, "Opus");
    flv_audio(bytes_of(emp4a, sizeof(emp4a)), &m);
    assert_int_equal(m.content, FLV_FRAME);
    assert_int_equal(m.payload.n, 1);
    flv_video(bytes_of(multitrack, sizeof(multitrack)), &m);
    assert_int_equal(m.content, FLV_FOREIGN);
    const struct bytes ignored[] = {bytes_of(command, sizeof(command)), bytes_of(end, sizeof(end)),
                                    bytes_of(empty, sizeof(empty))};
    for (size_t i = 0; i < 3; i++) {
        flv_video(ignored[i], &m);
        assert_int_equal(m.content, FLV_IGNORED);
    }
}

static void timestamps_go_on_when_they_wrap(void **state) {
    (void)state;
    assert_true(flv_unwrap(0, 40) == 40);
    assert_true(flv_unwrap(100, 60) == 60);
    assert_true(flv_unwrap(0xfffffff0, 0x10) == 0x100000010);
    assert_true(flv_unwrap(0x100000010, 0xfffffff0) == 0xfffffff0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags_come_back_in_any_pieces),
        cmocka_unit_test(what_is_no_flv_is_refused),
        cmocka_unit_test(codecs_are_told_apart),
        cmocka_unit_test(timestamps_go_on_when_they_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

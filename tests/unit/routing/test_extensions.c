#include "made.h"
#include "wire/rtp.h"

/* A packet of a VP8 frame with these extensions. */
static struct packet *packet_with(struct made *m, unsigned part, unsigned parts,
                                  const struct rtp_extension_value *values, size_t count) {
    uint8_t b[1500] = {0};
    const struct rtp_header h = {.payload_type = 96,
                                 .marker = part + 1 == parts,
                                 .sequence = m->sequence++,
                                 .timestamp = m->timestamp,
                                 .ssrc = m->ssrc};
    const int n = rtp_write_header((struct room){b, sizeof b}, &h, values, count);
    assert_true(n > 0);
    b[n] = part == 0 ? 0x10 : 0;
    struct packet *p;
    assert_int_equal(packet_new(m->pool, CODEC_VP8, bytes_of(b, (size_t)n + 500),
                                m->line.extension_ids, SEC(1), &p),
                     0);
    return p;
}

static struct rtp_header parsed(const struct outgoing *o, uint8_t b[static 1500]) {
    struct rtp_header h;
    assert_int_equal(rtp_parse(bytes_of(b, made_plaintext(o, b)), &h), 0);
    return h;
}

static void values_get_the_viewers_ids_and_equal_room(void **state) {
    (void)state;
    struct made m;
    struct subscription s;
    struct outgoing o[2];
    uint8_t b[1500];
    made_init(&m, 0);
    m.line.extension_ids[EXT_VIDEO_ORIENTATION] = 9;
    m.line.extension_ids[EXT_COLOR_SPACE] = 10;
    m.line.extension_ids[EXT_TWCC] = 3;
    m.line.extension_ids[EXT_ABS_CAPTURE_TIME] = 12;
    struct media_line line = made_viewer_line(MEDIA_VIDEO, true);
    line.extension_ids[EXT_VIDEO_ORIENTATION] = 2;
    line.extension_ids[EXT_ABS_CAPTURE_TIME] = 1;
    subscription_init(&s, &line, 1);
    const uint8_t orientation = 1, space[4] = {1, 1, 1, 1}, time[8] = {8, 7, 6, 5, 4, 3, 2, 1};
    const struct rtp_extension_value first[] = {{3, bytes_of("\1\2", 2)}, {12, bytes_of(time, 8)}};
    const struct rtp_extension_value last[] = {
        {3, bytes_of("\1\3", 2)}, {9, bytes_of(&orientation, 1)}, {10, bytes_of(space, 4)}};
    track_input(&m.track, packet_with(&m, 0, 2, first, 2), SEC(1));
    track_input(&m.track, packet_with(&m, 1, 2, last, 3), SEC(1));
    subscription_switch(&s, &m.track, SEC(1));
    assert_int_equal(subscription_next(&s, SEC(1), &o[0]), 1);
    assert_int_equal(subscription_next(&s, SEC(1), &o[1]), 1);
    assert_int_equal(o[0].header_size, o[1].header_size);
    struct rtp_header h = parsed(&o[0], b);
    assert_true(bytes_equal(rtp_extension_find(&h, 1), bytes_of(time, 8)));
    assert_null(rtp_extension_find(&h, 2).p);
    assert_null(rtp_extension_find(&h, 3).p);
    h = parsed(&o[1], b);
    assert_true(bytes_equal(rtp_extension_find(&h, 4), bytes_of_text("m")));
    assert_true(bytes_equal(rtp_extension_find(&h, 2), bytes_of(&orientation, 1)));
    assert_null(rtp_extension_find(&h, 10).p); /* not negotiated with this viewer */
    made_clear(&m);
}

static void a_long_dependency_descriptor_takes_the_two_byte_form(void **state) {
    (void)state;
    struct made m;
    struct subscription s;
    struct outgoing o[2];
    uint8_t b[1500];
    made_init(&m, 0);
    m.line.extension_ids[EXT_DEPENDENCY] = 9;
    struct media_line line = made_viewer_line(MEDIA_VIDEO, true);
    line.extension_ids[EXT_DEPENDENCY] = 2;
    subscription_init(&s, &line, 1);
    uint8_t structure[30] = {0x80, 0x10, 0x00, 0x80, 5, 6, 7};
    const uint8_t brief[3] = {0x40, 0x10, 0x00};
    const struct rtp_extension_value first[] = {{9, bytes_of(structure, sizeof structure)}};
    const struct rtp_extension_value last[] = {{9, bytes_of(brief, sizeof brief)}};
    track_input(&m.track, packet_with(&m, 0, 2, first, 1), SEC(1));
    track_input(&m.track, packet_with(&m, 1, 2, last, 1), SEC(1));
    subscription_switch(&s, &m.track, SEC(1));
    assert_int_equal(subscription_next(&s, SEC(1), &o[0]), 1);
    assert_int_equal(subscription_next(&s, SEC(1), &o[1]), 1);
    assert_int_equal(o[0].size, o[1].size);
    struct rtp_header h = parsed(&o[0], b);
    struct bytes value = rtp_extension_find(&h, 2);
    assert_int_equal(value.n, sizeof structure);
    const uint16_t number = read_be16(value.p + 1);
    assert_memory_equal(value.p + 3, structure + 3, sizeof structure - 3);
    h = parsed(&o[1], b);
    value = rtp_extension_find(&h, 2);
    assert_int_equal(value.n, 3);
    assert_int_equal(read_be16(value.p + 1), number); /* the same frame */
    made_clear(&m);
}

static void a_voice_keeps_its_level(void **state) {
    (void)state;
    struct made m;
    struct subscription s;
    struct outgoing o;
    uint8_t b[1500] = {0};
    made_init_audio(&m, 0);
    m.line.extension_ids[EXT_AUDIO_LEVEL] = 7;
    struct media_line line = made_viewer_line(MEDIA_AUDIO, false);
    line.extension_ids[EXT_AUDIO_LEVEL] = 8;
    subscription_init(&s, &line, 1);
    subscription_switch(&s, &m.track, SEC(1));
    const uint8_t level = 0x80 | 33;
    const struct rtp_extension_value value = {7, bytes_of(&level, 1)};
    for (uint16_t i = 0; i < 2; i++) { /* with and without */
        const struct rtp_header h = {.payload_type = 111, .sequence = (uint16_t)(50 + i)};
        const int n = rtp_write_header((struct room){b, sizeof b}, &h, &value, i == 0 ? 1 : 0);
        struct packet *p;
        assert_int_equal(packet_new(m.pool, CODEC_OPUS, bytes_of(b, (size_t)n + 50),
                                    m.line.extension_ids, SEC(1), &p),
                         0);
        assert_int_equal(track_input(&m.track, p, SEC(1)), 1);
        assert_int_equal(subscription_next(&s, SEC(1), &o), 1);
        const struct rtp_header sent = parsed(&o, b);
        const struct bytes got = rtp_extension_find(&sent, 8);
        assert_int_equal(got.n, i == 0 ? 1 : 0);
        assert_true(i > 0 || got.p[0] == level);
        assert_true(bytes_equal(rtp_extension_find(&sent, 4), bytes_of_text("m")));
    }
    made_clear(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_get_the_viewers_ids_and_equal_room),
        cmocka_unit_test(a_long_dependency_descriptor_takes_the_two_byte_form),
        cmocka_unit_test(a_voice_keeps_its_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

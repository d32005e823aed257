/* A live feed numbers its packets, reports its clock and hears requests for key frames. */
#include "base/clock.h"
#include "harness.h"
#include "live/feed.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

struct fixture {
    struct feed feed;
    int peer;
};

static void open_feed(struct fixture *f) {
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    f->peer = pair[1];
    static const enum media_codec rungs[] = {CODEC_VP8, CODEC_H264};
    feed_init(&f->feed, pair[0], rungs, 2, true, 0x1234567890abcdef);
    feed_set_origin(&f->feed, 1000000);
}

static void close_feed(struct fixture *f) {
    feed_clear(&f->feed);
    close(f->peer);
}

static size_t take(const struct fixture *f, uint8_t *to) {
    ssize_t n = recv(f->peer, to, 2000, MSG_DONTWAIT);
    return n > 0 ? (size_t)n : 0;
}

static void frames_become_numbered_packets_on_one_clock(void **state) {
    (void)state;
    struct fixture f;
    uint8_t frame[3000] = {0}, m[2000];
    open_feed(&f);
    assert_int_equal(feed_frame(&f.feed, 0, bytes_of(frame, 3000), 2000000000, 2000000000), 0);
    assert_int_equal(take(&f, m), 48); /* sender report and CNAME */
    assert_int_equal(m[1], 200);
    assert_int_equal(read_be32(m + 4), FEED_SSRC_VIDEO);
    assert_true(read_be64(m + 8) == clock_ntp_of_unix(3000000));
    uint32_t timestamp = read_be32(m + 16);
    assert_int_equal(m[29], 202);
    uint16_t sequence = 0;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(take(&f, m) > 1000, 1);
        assert_int_equal(m[1], i == 2 ? 0x80 | 96 : 96);
        assert_int_equal(read_be32(m + 4), timestamp);
        assert_int_equal(read_be32(m + 8), FEED_SSRC_VIDEO);
        assert_true(i == 0 ? read_be16(m + 2) < 0x8000
                           : read_be16(m + 2) == (uint16_t)(sequence + 1));
        sequence = read_be16(m + 2);
    }
    frame[0] = 1;
    assert_int_equal(feed_frame(&f.feed, 0, bytes_of(frame, 100), 2500000000, 2500000000), 0);
    take(&f, m);
    assert_int_equal(read_be32(m + 4) - timestamp, 45000);
    feed_report(&f.feed, 3000000000);
    assert_int_equal(take(&f, m), 48);
    assert_int_equal(read_be32(m + 16) - timestamp, 90000);
    assert_int_equal(read_be32(m + 20), 4); /* packets */
    assert_int_equal(take(&f, m), 0);       /* the sound has not begun */
    assert_int_equal(feed_frame(&f.feed, FEED_AUDIO, bytes_of(frame, 80), 2500000000, 2500000000),
                     0);
    assert_int_equal(take(&f, m), 48);
    assert_int_equal(take(&f, m), 92);
    assert_int_equal(m[1], 0x80 | 111);
    close_feed(&f);
}

static void a_full_socket_loses_video_until_a_key_frame(void **state) {
    (void)state;
    struct fixture f;
    uint8_t frame[60000] = {0}, m[2000];
    open_feed(&f);
    int r = 0;
    for (int i = 0; i < 400 && r == 0; i++) {
        r = feed_frame(&f.feed, 0, bytes_of(frame, sizeof(frame)), (uint64_t)i * 40000000,
                       (uint64_t)i * 40000000);
    }
    assert_int_equal(r, -EAGAIN);
    while (take(&f, m) > 0) {
    }
    frame[0] = 1;
    assert_int_equal(feed_frame(&f.feed, 0, bytes_of(frame, 100), 20000000000, 20000000000),
                     -EAGAIN);
    assert_int_equal(take(&f, m), 0);
    frame[0] = 0;
    assert_int_equal(feed_frame(&f.feed, 0, bytes_of(frame, 100), 20000000000, 20000000000), 0);
    assert_int_equal(take(&f, m), 116);
    close_feed(&f);
}

static void rungs_are_tracks_with_the_same_timestamps(void **state) {
    (void)state;
    struct fixture f;
    uint8_t picture[] = {0,    0, 0, 1, 0x67, 0x42, 0xe0, 0x1f, 0, 0, 0, 1,
                         0x68, 1, 2, 0, 0,    0,    1,    0x65, 1, 2, 3};
    uint8_t frame[100] = {0}, m[2000];
    open_feed(&f);
    assert_int_equal(feed_frame(&f.feed, 0, bytes_of(frame, 100), 2000000000, 2000000000), 0);
    assert_int_equal(take(&f, m), 48);
    assert_int_equal(take(&f, m), 116);
    uint32_t timestamp = read_be32(m + 4);
    assert_int_equal(read_be32(m + 8), 1);
    assert_int_equal(
        feed_frame(&f.feed, 1, bytes_of(picture, sizeof(picture)), 2000000000, 2000000000), 0);
    assert_int_equal(take(&f, m), 48);
    assert_int_equal(read_be32(m + 4), 17);
    assert_true(take(&f, m) > 12);
    assert_int_equal(m[1], 97); /* the parameter sets, as an aggregate */
    assert_int_equal(read_be32(m + 4), timestamp);
    assert_int_equal(read_be32(m + 8), 17);
    close_feed(&f);
}

static bool heard(struct fixture *f, const uint8_t *p, size_t n) {
    assert_int_equal(send(f->peer, p, n, 0), n);
    return feed_read(&f->feed);
}

static void key_frame_requests_are_heard_and_rubbish_is_not(void **state) {
    (void)state;
    struct fixture f;
    open_feed(&f);
    const uint8_t pli[] = {0x81, 206, 0, 2, 0, 0, 0, 9, 0, 0, 0, 1};
    const uint8_t other[] = {0x81, 206, 0, 2, 0, 0, 0, 9, 0, 0, 0, 2};
    const uint8_t rung[] = {0x81, 206, 0, 2, 0, 0, 0, 9, 0, 0, 0, 17};
    const uint8_t no_rung[] = {0x81, 206, 0, 2, 0, 0, 0, 9, 0, 0, 0, 18};
    const uint8_t fir[] = {0x84, 206, 0, 4, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0};
    const uint8_t compound[] = {0x80, 201, 0, 1, 0, 0, 0, 9, 0x81, 206,
                                0,    2,   0, 0, 0, 9, 0, 0, 0,    1};
    const uint8_t long_one[] = {0x81, 206, 0xff, 0xff, 0, 0, 0, 9, 0, 0, 0, 1};
    assert_true(heard(&f, pli, sizeof(pli)));
    assert_true(heard(&f, rung, sizeof(rung)));
    assert_false(heard(&f, no_rung, sizeof(no_rung)));
    assert_true(heard(&f, fir, sizeof(fir)));
    assert_true(heard(&f, compound, sizeof(compound)));
    assert_false(heard(&f, other, sizeof(other)));
    assert_false(heard(&f, long_one, sizeof(long_one)));
    assert_false(heard(&f, pli, 5));
    assert_false(feed_read(&f.feed));
    assert_false(feed_is_gone(&f.feed));
    close(f.peer);
    assert_false(feed_read(&f.feed));
    assert_true(feed_is_gone(&f.feed));
    uint8_t frame[100] = {0};
    assert_int_equal(feed_frame(&f.feed, 0, bytes_of(frame, 100), 0, 0), -EPIPE);
    f.peer = -1;
    close_feed(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_become_numbered_packets_on_one_clock),
        cmocka_unit_test(a_full_socket_loses_video_until_a_key_frame),
        cmocka_unit_test(rungs_are_tracks_with_the_same_timestamps),
        cmocka_unit_test(key_frame_requests_are_heard_and_rubbish_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What goes into a connection whose reader is slow comes out as whole frames, in order, and never
 * more of it waits than TCP_QUEUE_MAX. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "media/tcp_connections.h"
#include "media/tcp_queue.h"
#include "wire/framing.h"

#define SEGMENT 1000
#define ALL_MAX (8u << 20)

struct fixture {
    struct tcp_queue queue;
    int ours, theirs;
    uint8_t *got; /* what the reader read */
    size_t got_n;
};

static int start(void **state) {
    struct fixture *f = calloc(1, sizeof(*f));
    int fds[2], small = 4096;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) < 0) {
        return -1;
    }
    f->ours = fds[0];
    f->theirs = fds[1];
    setsockopt(f->ours, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    f->got = malloc(ALL_MAX);
    *state = f;
    return 0;
}

static int stop(void **state) {
    struct fixture *f = *state;
    tcp_queue_clear(&f->queue);
    close(f->ours);
    if (f->theirs >= 0) {
        close(f->theirs);
    }
    free(f->got);
    free(f);
    return 0;
}

/* One datagram that begins with its number. */
static int send_number(struct fixture *f, uint32_t number) {
    uint8_t datagram[SEGMENT] = {0};
    write_be32(datagram, number);
    return tcp_queue_send(&f->queue, f->ours, bytes_of(datagram, sizeof(datagram)), SEGMENT);
}

static void read_all(struct fixture *f) {
    ssize_t n;
    while ((n = recv(f->theirs, f->got + f->got_n, ALL_MAX - f->got_n, MSG_DONTWAIT)) > 0) {
        f->got_n += (size_t)n;
        assert_int_equal(tcp_queue_flush(&f->queue, f->ours), 0);
    }
}

static void a_slow_reader_gets_whole_frames_and_no_more_than_the_queue_waits(void **state) {
    struct fixture *f = *state;
    uint32_t dropped = 0, sent = 0, number = 0;
    while (dropped < 100) {
        int r = send_number(f, number++);
        assert_true(r == 0 || r == 1);
        dropped += (uint32_t)r;
        sent += r == 0;
        assert_true(f->queue.used <= TCP_QUEUE_MAX);
    }
    assert_true(sent >= TCP_QUEUE_MAX / (SEGMENT + FRAMING_HEADER));
    read_all(f);
    assert_int_equal(f->queue.used, 0);
    assert_int_equal(send_number(f, number), 0); /* there is room again */
    read_all(f);
    struct bytes left = bytes_of(f->got, f->got_n), frame;
    for (uint32_t i = 0; i < sent; i++) {
        assert_int_equal(framing_next(&left, SEGMENT, &frame), 1);
        assert_int_equal(frame.n, SEGMENT);
        assert_int_equal(read_be32(frame.p), i);
    }
    assert_int_equal(framing_next(&left, SEGMENT, &frame), 1);
    assert_int_equal(read_be32(frame.p), number);
    assert_int_equal(left.n, 0);
}

static void a_message_of_segments_becomes_a_frame_each(void **state) {
    struct fixture *f = *state;
    uint8_t data[2500];
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i / SEGMENT);
    }
    assert_int_equal(tcp_queue_send(&f->queue, f->ours, bytes_of(data, sizeof(data)), SEGMENT), 0);
    read_all(f);
    struct bytes left = bytes_of(f->got, f->got_n), frame;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(framing_next(&left, SEGMENT, &frame), 1);
        assert_int_equal(frame.n, i < 2 ? SEGMENT : 500);
        assert_int_equal(frame.p[0], i);
    }
    assert_int_equal(left.n, 0);
}

static void a_reader_that_left_is_told(void **state) {
    struct fixture *f = *state;
    close(f->theirs);
    f->theirs = -1;
    assert_int_equal(send_number(f, 1), -EPIPE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_slow_reader_gets_whole_frames_and_no_more_than_the_queue_waits, start, stop),
        cmocka_unit_test_setup_teardown(a_message_of_segments_becomes_a_frame_each, start, stop),
        cmocka_unit_test_setup_teardown(a_reader_that_left_is_told, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

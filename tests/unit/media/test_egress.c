/* What becomes one message and what does not, seen by a receiver on the loopback. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "media/egress.h"

struct fixture {
    struct udp_socket *from, *to;
    struct path path;
    struct egress *egress;
};

static int open_both(void **state) {
    struct fixture *f = calloc(1, sizeof(*f));
    f->egress = malloc(sizeof(*f->egress));
    *state = f;
    if (udp_open("127.0.0.1", 0, false, &f->from) < 0 ||
        udp_open("127.0.0.1", 0, false, &f->to) < 0) {
        return -1;
    }
    egress_init(f->egress, f->from, NULL);
    return address_parse("127.0.0.1", udp_port(f->to), &f->path.remote);
}

static int close_both(void **state) {
    struct fixture *f = *state;
    udp_close(f->from);
    udp_close(f->to);
    free(f->egress);
    free(f);
    return 0;
}

static void add(struct fixture *f, uint8_t mark, size_t n) {
    struct room room = egress_room(f->egress, &f->path);
    assert_true(room.n >= n);
    memset(room.p, mark, n);
    egress_add(f->egress, n);
}

/* Reads `count` datagrams and checks marks 0, 1, 2 … and sizes. */
static void expect(struct fixture *f, const size_t *sizes, size_t count) {
    struct udp_datagram got[UDP_BATCH];
    uint64_t oversized = 0;
    for (size_t i = 0; i < count;) {
        struct pollfd p = {.fd = udp_fd(f->to), .events = POLLIN};
        assert_int_equal(poll(&p, 1, 2000), 1);
        int n = udp_receive(f->to, got, &oversized);
        for (int k = 0; k < n; k++, i++) {
            assert_int_equal(got[k].p[0], i);
            assert_int_equal(got[k].p[got[k].n - 1], i);
            assert_int_equal(got[k].n, sizes[i]);
        }
    }
}

static void equal_packets_and_a_shorter_last_are_one_send(void **state) {
    struct fixture *f = *state;
    const size_t sizes[] = {1000, 1000, 1000, 400};
    for (uint8_t i = 0; i < 4; i++) {
        add(f, i, sizes[i]);
    }
    assert_int_equal(f->egress->sends, 1);
    expect(f, sizes, 4);
}

static void a_longer_packet_begins_the_next_send(void **state) {
    struct fixture *f = *state;
    const size_t sizes[] = {100, 1200, 1200, 100, 1400};
    for (uint8_t i = 0; i < 5; i++) {
        add(f, i, sizes[i]);
    }
    egress_flush(f->egress);
    assert_int_equal(f->egress->sends, 3);
    assert_int_equal(f->egress->datagrams, 5);
    expect(f, sizes, 5);
}

static void more_than_the_kernel_takes_is_split(void **state) {
    struct fixture *f = *state;
    size_t sizes[150];
    for (uint8_t i = 0; i < 150; i++) {
        sizes[i] = 1200;
        add(f, i, sizes[i]);
    }
    egress_flush(f->egress);
    assert_int_equal(f->egress->datagrams, 150);
    assert_int_equal(f->egress->failed, 0);
    expect(f, sizes, 150);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(equal_packets_and_a_shorter_last_are_one_send, open_both,
                                        close_both),
        cmocka_unit_test_setup_teardown(a_longer_packet_begins_the_next_send, open_both,
                                        close_both),
        cmocka_unit_test_setup_teardown(more_than_the_kernel_takes_is_split, open_both, close_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

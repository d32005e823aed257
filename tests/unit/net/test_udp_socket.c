/* Two sockets on the loopback. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/udp_socket.h"

static int receive_waiting(struct udp_socket *s, struct udp_datagram *d, uint64_t *oversized) {
    struct pollfd p = {.fd = udp_fd(s), .events = POLLIN};
    assert_int_equal(poll(&p, 1, 2000), 1);
    return udp_receive(s, d, oversized);
}

static void one_message_becomes_equal_datagrams_and_a_shorter_last(const char *ip) {
    struct udp_socket *a, *b;
    struct udp_datagram got[UDP_BATCH];
    uint64_t oversized = 0;
    assert_int_equal(udp_open(ip, 0, false, &a), 0);
    assert_int_equal(udp_open("", 0, false, &b), 0);
    struct path to = {0};
    assert_int_equal(address_parse(ip, udp_port(a), &to.remote), 0);
    uint8_t data[2500];
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i / 1000);
    }
    assert_int_equal(udp_send(b, &to, bytes_of(data, sizeof(data)), 1000), 0);
    size_t sizes[3] = {0};
    for (size_t n = 0; n < 3;) {
        int r = receive_waiting(a, got, &oversized);
        assert_true(r > 0);
        for (int i = 0; i < r; i++) {
            assert_int_equal(got[i].p[0], n);
            assert_int_equal(got[i].path.local.port, udp_port(a));
            assert_true(address_equal(&got[i].path.local, &to.remote));
            sizes[n++] = got[i].n;
        }
    }
    assert_int_equal(sizes[0], 1000);
    assert_int_equal(sizes[1], 1000);
    assert_int_equal(sizes[2], 500);
    /* And back along the path by which it came. */
    struct path back = got[0].path;
    assert_int_equal(udp_send(a, &back, bytes_of(data, 10), 10), 0);
    assert_int_equal(receive_waiting(b, got, &oversized), 1);
    assert_true(address_equal(&got[0].path.remote, &to.remote));
    udp_close(a);
    udp_close(b);
}

static void segments_over_ipv4(void **state) {
    (void)state;
    one_message_becomes_equal_datagrams_and_a_shorter_last("127.0.0.1");
}

static void segments_over_ipv6(void **state) {
    (void)state;
    struct udp_socket *probe;
    if (udp_open("::1", 0, false, &probe) < 0) {
        skip(); /* a machine without IPv6 */
    }
    udp_close(probe);
    one_message_becomes_equal_datagrams_and_a_shorter_last("::1");
}

static void drops_and_counts_what_is_too_large(void **state) {
    (void)state;
    struct udp_socket *a, *b;
    struct udp_datagram got[UDP_BATCH];
    uint64_t oversized = 0;
    static const uint8_t data[9000];
    struct path to = {0};
    assert_int_equal(udp_open("127.0.0.1", 0, false, &a), 0);
    assert_int_equal(udp_open("127.0.0.1", 0, false, &b), 0);
    assert_int_equal(address_parse("127.0.0.1", udp_port(a), &to.remote), 0);
    assert_int_equal(udp_send(b, &to, bytes_of(data, sizeof(data)), sizeof(data)), 0);
    assert_int_equal(receive_waiting(a, got, &oversized), 0);
    assert_int_equal(oversized, 1);
    udp_close(a);
    udp_close(b);
}

static void says_when_a_port_is_taken(void **state) {
    (void)state;
    struct udp_socket *a, *b = NULL;
    assert_int_equal(udp_open("127.0.0.1", 0, false, &a), 0);
    assert_int_equal(udp_open("127.0.0.1", udp_port(a), false, &b), -EADDRINUSE);
    assert_null(b);
    udp_close(a);
    udp_close(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_over_ipv4),
        cmocka_unit_test(segments_over_ipv6),
        cmocka_unit_test(drops_and_counts_what_is_too_large),
        cmocka_unit_test(says_when_a_port_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

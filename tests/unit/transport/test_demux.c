#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "transport/demux.h"

static enum datagram_kind kind_of(uint8_t first, uint8_t second) {
    uint8_t datagram[20] = {first, second};
    return datagram_kind(bytes_of(datagram, sizeof datagram));
}

static void the_first_byte_tells_the_protocol(void **state) {
    (void)state;
    assert_int_equal(kind_of(0, 1), DATAGRAM_STUN);
    assert_int_equal(kind_of(3, 1), DATAGRAM_STUN);
    assert_int_equal(kind_of(16, 0), DATAGRAM_UNKNOWN); /* ZRTP */
    assert_int_equal(kind_of(20, 0xfe), DATAGRAM_DTLS);
    assert_int_equal(kind_of(63, 0xfe), DATAGRAM_DTLS);
    assert_int_equal(kind_of(64, 0), DATAGRAM_UNKNOWN); /* TURN channel data */
    assert_int_equal(kind_of(192, 0), DATAGRAM_UNKNOWN);
    assert_int_equal(datagram_kind(bytes_of(NULL, 0)), DATAGRAM_UNKNOWN);
}

static void the_second_byte_parts_rtcp_from_rtp(void **state) {
    (void)state;
    assert_int_equal(kind_of(0x80, 96), DATAGRAM_RTP);
    assert_int_equal(kind_of(0x90, 0x80 | 63), DATAGRAM_RTP); /* 191, with the marker */
    assert_int_equal(kind_of(0x80, 200), DATAGRAM_RTCP);
    assert_int_equal(kind_of(0x81, 206), DATAGRAM_RTCP);
    assert_int_equal(kind_of(0x80, 0x80 | 96), DATAGRAM_RTP);
    uint8_t cut[7] = {0x80, 200};
    assert_int_equal(datagram_kind(bytes_of(cut, sizeof cut)), DATAGRAM_UNKNOWN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_byte_tells_the_protocol),
        cmocka_unit_test(the_second_byte_parts_rtcp_from_rtp),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "srtp_reference.h"

#define SSRC 0x01020304u

struct ends {
    struct srtp_out *out;
    struct srtp_in *in;
};

static void ends_init(struct ends *e, enum srtp_profile profile) {
    struct srtp_keys keys;
    make_keys(profile, &keys);
    struct srtp_keys theirs = swapped(&keys);
    e->out = srtp_out_new(&keys);
    e->in = srtp_in_new(&theirs);
    assert_non_null(e->out);
    assert_non_null(e->in);
}

static void ends_clear(struct ends *e) {
    srtp_out_free(e->out);
    srtp_in_free(e->in);
}

static size_t seal(struct ends *e, uint32_t ssrc, uint64_t index, uint8_t *ret) {
    uint8_t header[64];
    size_t n = make_header(header, (uint16_t)index, ssrc, 1, 2);
    struct bytes part = bytes_of("a payload", 9);
    int m =
        srtp_out_seal(e->out, bytes_of(header, n), &part, 1, index, (struct room){ret, PACKET_MAX});
    assert_true(m > 0);
    return (size_t)m;
}

static size_t seal_rtcp(struct ends *e, uint32_t ssrc, uint8_t *ret) {
    uint8_t report[8] = {0x80, 201, 0, 1};
    write_be32(report + 4, ssrc);
    int m = srtp_out_seal_rtcp(e->out, bytes_of(report, 8), (struct room){ret, PACKET_MAX});
    assert_true(m > 0);
    return (size_t)m;
}

static const enum srtp_profile profiles[] = {SRTP_PROFILE_GCM_128, SRTP_PROFILE_CM_SHA1_80};

static void what_was_sealed_opens_once(void **state) {
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct ends e;
        uint8_t packet[PACKET_MAX], again[PACKET_MAX];
        ends_init(&e, profiles[i]);
        size_t n = seal(&e, SSRC, 7, packet);
        memcpy(again, packet, n);
        int m = srtp_in_open_rtp(e.in, packet, n);
        assert_int_equal(m, 12 + 4 + 12 + 9);
        assert_memory_equal(packet + m - 9, "a payload", 9);
        assert_int_equal(srtp_in_open_rtp(e.in, again, n), -EALREADY);
        n = seal_rtcp(&e, SSRC, packet);
        memcpy(again, packet, n);
        assert_int_equal(srtp_in_open_rtcp(e.in, packet, n), 8);
        assert_int_equal(srtp_in_open_rtcp(e.in, again, n), -EALREADY);
        ends_clear(&e);
    }
}

/* Sealed by libsrtp, of any size, from several senders, overtaking each other. */
static void rtcp_of_libsrtp_opens_in_any_order_and_once(void **state) {
    (void)state;
    enum { COUNT = 60 };
    static uint8_t sealed[COUNT][PACKET_MAX + 64], plain[COUNT][PACKET_MAX];
    static int sealed_size[COUNT];
    static size_t plain_size[COUNT];
    struct srtp_keys keys;
    make_keys(SRTP_PROFILE_GCM_128, &keys);
    struct srtp_keys theirs = swapped(&keys);
    struct srtp_in *in = srtp_in_new(&theirs);
    srtp_t reference = reference_new(&keys);
    for (int i = 0; i < COUNT; i++) {
        plain_size[i] = 8 + 4 * (size_t)(i % 50);
        for (size_t k = 0; k < plain_size[i]; k++) {
            plain[i][k] = (uint8_t)(i * 7 + (int)k);
        }
        plain[i][0] = 0x80;
        plain[i][1] = 201;
        write_be32(plain[i] + 4, SSRC + (uint32_t)(i % 3));
        memcpy(sealed[i], plain[i], plain_size[i]);
        sealed_size[i] = (int)plain_size[i];
        assert_int_equal(srtp_protect_rtcp(reference, sealed[i], &sealed_size[i]),
                         srtp_err_status_ok);
    }
    for (int i = 0; i < COUNT; i++) {
        const int k = i * 37 % COUNT; /* each once */
        uint8_t packet[PACKET_MAX + 64];
        memcpy(packet, sealed[k], (size_t)sealed_size[k]);
        packet[sealed_size[k] - 6] ^= 1; /* in the tag: refused, and the true one still opens */
        assert_int_equal(srtp_in_open_rtcp(in, packet, (size_t)sealed_size[k]), -EBADMSG);
        memcpy(packet, sealed[k], (size_t)sealed_size[k]);
        assert_int_equal(srtp_in_open_rtcp(in, packet, (size_t)sealed_size[k]), plain_size[k]);
        assert_memory_equal(packet, plain[k], plain_size[k]);
        memcpy(packet, sealed[k], (size_t)sealed_size[k]);
        assert_int_equal(srtp_in_open_rtcp(in, packet, (size_t)sealed_size[k]), -EALREADY);
    }
    srtp_dealloc(reference);
    srtp_in_free(in);
}

/* RFC 3711 §3.3.2 */
static void rtcp_older_than_the_window_is_refused(void **state) {
    (void)state;
    struct ends e;
    uint8_t first[PACKET_MAX], packet[PACKET_MAX];
    ends_init(&e, SRTP_PROFILE_GCM_128);
    const size_t size = seal_rtcp(&e, SSRC, first);
    for (int i = 0; i < 64; i++) {
        size_t n = seal_rtcp(&e, SSRC, packet);
        assert_int_equal(srtp_in_open_rtcp(e.in, packet, n), 8);
    }
    assert_int_equal(srtp_in_open_rtcp(e.in, first, size), -EALREADY);
    ends_clear(&e);
}

static void a_changed_bit_anywhere_is_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct ends e;
        uint8_t packet[PACKET_MAX], changed[PACKET_MAX];
        ends_init(&e, profiles[i]);
        size_t n = seal(&e, SSRC, 7, packet);
        for (size_t bit = 0; bit < n * 8; bit++) {
            memcpy(changed, packet, n);
            changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_true(srtp_in_open_rtp(e.in, changed, n) < 0);
        }
        assert_true(srtp_in_open_rtp(e.in, packet, n) > 0);
        n = seal_rtcp(&e, SSRC, packet);
        for (size_t bit = 0; bit < n * 8; bit++) {
            memcpy(changed, packet, n);
            changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_true(srtp_in_open_rtcp(e.in, changed, n) < 0);
        }
        assert_int_equal(srtp_in_open_rtcp(e.in, packet, n), 8);
        ends_clear(&e);
    }
}

static void short_and_lying_packets_are_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct ends e;
        ends_init(&e, profiles[i]);
        for (size_t n = 0; n < 80; n++) {
            for (unsigned first = 0; first < 256; first++) {
                uint8_t *packet = malloc(n > 0 ? n : 1); /* so that ASan sees every over-read */
                memset(packet, 0xff, n);
                if (n > 0) {
                    packet[0] = (uint8_t)first;
                }
                assert_int_equal(srtp_in_open_rtp(e.in, packet, n), -EBADMSG);
                assert_int_equal(srtp_in_open_rtcp(e.in, packet, n), -EBADMSG);
                free(packet);
            }
        }
        ends_clear(&e);
    }
}

static void forged_ssrcs_take_no_room_and_true_ones_are_bounded(void **state) {
    (void)state;
    struct ends e;
    uint8_t packet[PACKET_MAX];
    size_t n;
    ends_init(&e, SRTP_PROFILE_GCM_128);
    for (uint32_t ssrc = 1000; ssrc < 2000; ssrc++) {
        n = seal(&e, ssrc, 1, packet);
        packet[n - 1] ^= 1;
        assert_int_equal(srtp_in_open_rtp(e.in, packet, n), -EBADMSG);
    }
    for (uint32_t ssrc = 1; ssrc <= SRTP_STREAMS_MAX; ssrc++) {
        n = seal(&e, ssrc, 1, packet);
        assert_true(srtp_in_open_rtp(e.in, packet, n) > 0);
    }
    n = seal(&e, 9999, 1, packet);
    assert_int_equal(srtp_in_open_rtp(e.in, packet, n), -ENOSPC);
    srtp_in_remove(e.in, 5);
    srtp_in_remove(e.in, 5);
    n = seal(&e, 9999, 2, packet);
    assert_true(srtp_in_open_rtp(e.in, packet, n) > 0);
    n = seal(&e, 5, 2, packet);
    assert_int_equal(srtp_in_open_rtp(e.in, packet, n), -ENOSPC);
    srtp_in_remove(e.in, 7);
    n = seal(&e, 5, 1,
             packet); /* its replay window went with it: libsrtp really forgot the stream */
    assert_true(srtp_in_open_rtp(e.in, packet, n) > 0);
    ends_clear(&e);
}

static void the_sequence_may_start_anywhere_wrap_and_lose_many(void **state) {
    (void)state;
    struct ends e;
    uint8_t packet[PACKET_MAX];
    ends_init(&e, SRTP_PROFILE_CM_SHA1_80);
    for (uint64_t index = 65000; index < 300000; index += 1 + index % 500) {
        size_t n = seal(&e, SSRC, index, packet);
        assert_true(srtp_in_open_rtp(e.in, packet, n) > 0);
    }
    ends_clear(&e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sealed_opens_once),
        cmocka_unit_test(rtcp_of_libsrtp_opens_in_any_order_and_once),
        cmocka_unit_test(rtcp_older_than_the_window_is_refused),
        cmocka_unit_test(a_changed_bit_anywhere_is_refused),
        cmocka_unit_test(short_and_lying_packets_are_refused),
        cmocka_unit_test(forged_ssrcs_take_no_room_and_true_ones_are_bounded),
        cmocka_unit_test(the_sequence_may_start_anywhere_wrap_and_lose_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

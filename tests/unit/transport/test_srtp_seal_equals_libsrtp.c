#include "srtp_reference.h"

/* Seals one packet both ways. The payload is handed over in three parts, as routing does. */
static void compare(struct srtp_out *out, srtp_t reference, uint64_t index, unsigned csrcs,
                    unsigned extension, size_t prefix, size_t payload, size_t tail) {
    uint8_t expected[PACKET_MAX + SRTP_MAX_TRAILER_LEN], sealed[PACKET_MAX + SRTP_OVERHEAD_MAX];
    size_t header = make_header(expected, (uint16_t)index, 0xdecafbad, csrcs, extension);
    size_t size = header + prefix + payload + tail;
    assert_true(size <= PACKET_MAX);
    for (size_t i = header; i < size; i++) {
        expected[i] = (uint8_t)(i * 7 + index);
    }
    uint8_t plain[PACKET_MAX];
    memcpy(plain, expected, size);
    const struct bytes parts[] = {bytes_of(plain + header, prefix),
                                  bytes_of(plain + header + prefix, payload),
                                  bytes_of(plain + header + prefix + payload, tail)};
    int n = (int)size;
    assert_int_equal(srtp_protect(reference, expected, &n), srtp_err_status_ok);
    int m = srtp_out_seal(out, bytes_of(plain, header), parts, 3, index,
                          (struct room){sealed, sizeof sealed});
    assert_int_equal(m, n);
    assert_memory_equal(sealed, expected, (size_t)n);
}

static void run(enum srtp_profile profile) {
    struct srtp_keys keys;
    make_keys(profile, &keys);
    struct srtp_out *out = srtp_out_new(&keys);
    srtp_t reference = reference_new(&keys);
    /* 140,000 packets pass the roll-over counter twice */
    for (uint64_t index = 1000; index < 140000; index++) {
        bool near_wrap = (index & 0xffff) < 300 || (index & 0xffff) > 0xffff - 300;
        if (near_wrap || index % 97 == 0) {
            compare(out, reference, index, index % 3 == 0 ? (unsigned)(index % 16) : 0,
                    (unsigned)(index % 5), index % 9, (size_t)(index * 31 % 1300), index % 4);
        }
    }
    srtp_dealloc(reference);
    srtp_out_free(out);
}

static void gcm_is_byte_for_byte_that_of_libsrtp(void **state) {
    (void)state;
    run(SRTP_PROFILE_GCM_128);
}

static void cm_sha1_is_byte_for_byte_that_of_libsrtp(void **state) {
    (void)state;
    run(SRTP_PROFILE_CM_SHA1_80);
}

static void run_rtcp(enum srtp_profile profile) {
    struct srtp_keys keys;
    make_keys(profile, &keys);
    struct srtp_out *out = srtp_out_new(&keys);
    srtp_t reference = reference_new(&keys);
    for (unsigned i = 0; i < 500; i++) {
        uint8_t plain[1200], expected[1300], sealed[1300];
        size_t size = 8 + i * 4 % 1000;
        for (size_t k = 0; k < size; k++) {
            plain[k] = (uint8_t)(k + i);
        }
        plain[0] = 0x80;
        plain[1] = 200;
        write_be32(plain + 4, 0xcafebabe);
        memcpy(expected, plain, size);
        int n = (int)size;
        assert_int_equal(srtp_protect_rtcp(reference, expected, &n), srtp_err_status_ok);
        /* libsrtp counts the SRTCP index from 1, we from 0: both are fine (RFC 3711 §3.4) */
        if (i == 0) {
            assert_int_equal(srtp_out_seal_rtcp(out, bytes_of(plain, size),
                                                (struct room){sealed, sizeof sealed}),
                             n);
        }
        int m =
            srtp_out_seal_rtcp(out, bytes_of(plain, size), (struct room){sealed, sizeof sealed});
        assert_int_equal(m, n);
        assert_memory_equal(sealed, expected, (size_t)n);
    }
    srtp_dealloc(reference);
    srtp_out_free(out);
}

static void rtcp_is_that_of_libsrtp_too(void **state) {
    (void)state;
    run_rtcp(SRTP_PROFILE_GCM_128);
    run_rtcp(SRTP_PROFILE_CM_SHA1_80);
}

static void room_and_header_are_checked(void **state) {
    (void)state;
    struct srtp_keys keys;
    make_keys(SRTP_PROFILE_GCM_128, &keys);
    struct srtp_out *out = srtp_out_new(&keys);
    uint8_t packet[100] = {0x80, 96}, sealed[200];
    struct bytes part = bytes_of(packet, 50);
    assert_int_equal(
        srtp_out_seal(out, bytes_of(packet, 12), &part, 1, 0, (struct room){sealed, 77}), -ENOSPC);
    assert_int_equal(
        srtp_out_seal(out, bytes_of(packet, 12), &part, 1, 0, (struct room){sealed, 78}), 78);
    assert_int_equal(
        srtp_out_seal(out, bytes_of(packet, 11), &part, 1, 0, (struct room){sealed, 90}), -EINVAL);
    assert_int_equal(
        srtp_out_seal(out, bytes_of(packet, 12), NULL, 0, 1, (struct room){sealed, 90}), 28);
    assert_int_equal(srtp_out_seal_rtcp(out, bytes_of(packet, 7), (struct room){sealed, 90}),
                     -EINVAL);
    assert_int_equal(srtp_out_seal_rtcp(out, bytes_of(packet, 8), (struct room){sealed, 27}),
                     -ENOSPC);
    srtp_out_free(out);
    keys.profile = SRTP_PROFILE_NONE;
    assert_null(srtp_out_new(&keys));
    assert_null(srtp_in_new(&keys));
    srtp_out_free(NULL);
    srtp_in_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gcm_is_byte_for_byte_that_of_libsrtp),
        cmocka_unit_test(cm_sha1_is_byte_for_byte_that_of_libsrtp),
        cmocka_unit_test(rtcp_is_that_of_libsrtp_too),
        cmocka_unit_test(room_and_header_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

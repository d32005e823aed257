/* Published vectors: RFC 3711 appendix B.3, and the packets of libsrtp's own driver. */
#include "srtp_reference.h"
#include "transport/srtp_kdf.h"

static size_t unhex(const char *text, uint8_t *ret) {
    size_t n = 0;
    for (; *text != '\0'; text += 2) {
        char pair[3] = {text[0], text[1], '\0'};
        ret[n++] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return n;
}

static void session_keys_of_rfc_3711_b_3(void **state) {
    (void)state;
    uint8_t master[16], salt[14], expected[32], derived[32];
    unhex("E1F97A0D3E018BE0D64FA32C06DE4139", master);
    unhex("0EC675AD498AFEEBB6960B3AABE6", salt);
    static const struct {
        enum srtp_label label;
        const char *key;
    } vectors[] = {
        {SRTP_LABEL_RTP_KEY, "C61E7A93744F39EE10734AFE3FF7A087"},
        {SRTP_LABEL_RTP_SALT, "30CBBC08863D8C85D49DB34A9AE1"},
        {SRTP_LABEL_RTP_AUTH, "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"},
    };
    for (size_t i = 0; i < 3; i++) {
        size_t n = unhex(vectors[i].key, expected);
        assert_int_equal(
            srtp_derive(master, bytes_of(salt, 14), vectors[i].label, (struct room){derived, n}),
            0);
        assert_memory_equal(derived, expected, n);
    }
    assert_int_equal(
        srtp_derive(master, bytes_of(salt, 13), SRTP_LABEL_RTP_KEY, (struct room){derived, 16}),
        -EINVAL);
}

static void seals_to(const struct srtp_keys *keys, const char *cipher_text) {
    uint8_t header[12], payload[16], expected[64], sealed[64];
    unhex("800f1234decafbadcafebabe", header);
    memset(payload, 0xab, sizeof payload);
    size_t n = unhex(cipher_text, expected);
    struct bytes part = bytes_of(payload, sizeof payload);
    struct srtp_out *out = srtp_out_new(keys);
    assert_int_equal(srtp_out_seal(out, bytes_of(header, 12), &part, 1, 0x1234,
                                   (struct room){sealed, sizeof sealed}),
                     n);
    assert_memory_equal(sealed, expected, n);
    srtp_out_free(out);
}

static void a_cm_sha1_packet_of_libsrtps_driver(void **state) {
    (void)state;
    struct srtp_keys keys = {.profile = SRTP_PROFILE_CM_SHA1_80};
    unhex("e1f97a0d3e018be0d64fa32c06de4139", keys.local.key);
    unhex("0ec675ad498afeebb6960b3aabe6", keys.local.salt);
    seals_to(&keys, "800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb");
}

static void a_gcm_packet_of_libsrtps_driver(void **state) {
    (void)state;
    struct srtp_keys keys = {.profile = SRTP_PROFILE_GCM_128};
    unhex("000102030405060708090a0b0c0d0e0f", keys.local.key);
    unhex("a0a1a2a3a4a5a6a7a8a9aaab", keys.local.salt);
    seals_to(&keys,
             "800f1234decafbadcafebabec5002ede04cfdd2eb91159e0880aa06ed2976826f796b201df3131a1"
             "27e8a392");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(session_keys_of_rfc_3711_b_3),
        cmocka_unit_test(a_cm_sha1_packet_of_libsrtps_driver),
        cmocka_unit_test(a_gcm_packet_of_libsrtps_driver),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wire/sdp.h"

static int parse(const char *text, struct sdp *ret) {
    const char *reason = NULL;
    int r = sdp_parse(bytes_of_text(text), ret, &reason);
    assert_true((r < 0) == (reason != NULL));
    return r;
}

static void sections_and_attributes_are_split(void **state) {
    (void)state;
    struct sdp s;
    struct bytes v;
    assert_int_equal(
        parse(
            "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE a b\r\na=recvonly\r\n"
            "m=audio 9 UDP/TLS/RTP/SAVPF 111 9\r\na=mid:a\r\na=rtpmap:111 opus/48000/2\r\n"
            "m=video 5000/2 RTP/SAVPF  96\r\na=mid:b\r\na=sendonly\r\na=rtcp-mux\r\n\r\n",
            &s),
        0);
    assert_int_equal(s.media_count, 2);
    assert_true(sdp_is(s.media[0].kind, "audio") && sdp_is(s.media[0].mid, "a"));
    assert_true(sdp_is(s.media[0].formats, "111 9"));
    assert_int_equal(s.media[0].direction, SDP_RECVONLY); /* of the session */
    assert_int_equal(s.media[1].direction, SDP_SENDONLY);
    assert_int_equal(s.media[1].port, 5000);
    assert_true(sdp_is(s.media[1].proto, "RTP/SAVPF"));
    assert_true(sdp_find(s.session, "group", &v) && sdp_is(v, "BUNDLE a b"));
    assert_true(sdp_find_format(&s.media[0], "rtpmap", 111, &v) && sdp_is(v, "opus/48000/2"));
    assert_false(sdp_find_format(&s.media[0], "rtpmap", 11, &v));
    assert_true(sdp_find(s.media[1].lines, "rtcp-mux", NULL));
    assert_false(sdp_find(s.media[0].lines, "rtcp-mux", NULL));
}

static void bare_newlines_and_a_missing_last_one_are_taken(void **state) {
    (void)state;
    struct sdp s;
    assert_int_equal(parse("v=0\ns=-\nm=video 9 X 96\na=mid:0", &s), 0);
    assert_true(sdp_is(s.media[0].mid, "0"));
}

static void malformed_texts_are_refused(void **state) {
    (void)state;
    struct sdp s;
    const char *const texts[] = {"",
                                 "\r\n\r\n",
                                 "hello",
                                 "s=-\r\nv=0\r\n",
                                 "v=1\r\n",
                                 "v=0\r\nnonsense\r\n",
                                 "v=0\r\n=x\r\n",
                                 "v=0\r\nm=audio\r\n",
                                 "v=0\r\nm=audio x UDP 1\r\n",
                                 "v=0\r\nm=audio 65536 UDP 1\r\n",
                                 "v=0\r\nm=audio 9 UDP\r\n",
                                 "v=0\r\na=x\x01y\r\n",
                                 "v=0\r\na=x\ry\r\n"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(parse(texts[i], &s), -EBADMSG);
    }
    const char *reason = NULL;
    assert_int_equal(sdp_parse(bytes_of("v=0\r\na=\0\r\n", 10), &s, &reason), -EBADMSG);
}

static void size_lines_and_line_length_are_bounded(void **state) {
    (void)state;
    struct sdp s;
    const char *reason = NULL;
    char *text = malloc(SDP_TEXT_MAX + 2);
    int n = snprintf(text, SDP_TEXT_MAX, "v=0\r\n");
    for (int i = 0; i < SDP_MEDIA_MAX; i++) {
        n += snprintf(text + n, SDP_TEXT_MAX - (size_t)n, "m=audio 9 X 0\r\n");
    }
    assert_int_equal(sdp_parse(bytes_of(text, (size_t)n), &s, &reason), 0);
    assert_int_equal(s.media_count, SDP_MEDIA_MAX);
    n += snprintf(text + n, SDP_TEXT_MAX - (size_t)n, "m=audio 9 X 0\r\n");
    assert_int_equal(sdp_parse(bytes_of(text, (size_t)n), &s, &reason), -EMSGSIZE);
    memset(text, 'a', SDP_TEXT_MAX + 1);
    memcpy(text, "v=0\r\na=", 7);
    assert_int_equal(sdp_parse(bytes_of(text, SDP_TEXT_MAX + 1), &s, &reason), -EMSGSIZE);
    assert_int_equal(sdp_parse(bytes_of(text, 5000), &s, &reason), -EBADMSG);
    assert_int_equal(sdp_parse(bytes_of(text, 4000), &s, &reason), 0);
    free(text);
}

static void numbers_fill_their_text(void **state) {
    (void)state;
    uint64_t v;
    assert_int_equal(sdp_number(bytes_of_text("127"), 127, &v), 0);
    assert_int_equal(v, 127);
    assert_int_equal(sdp_number(bytes_of_text("0"), 0, &v), 0);
    assert_int_equal(sdp_number(bytes_of_text("1"), 0, &v), -EINVAL);
    assert_int_equal(sdp_number(bytes_of_text("128"), 127, &v), -EINVAL);
    assert_int_equal(sdp_number(bytes_of_text(""), 127, &v), -EINVAL);
    assert_int_equal(sdp_number(bytes_of_text("1x"), 127, &v), -EINVAL);
    assert_int_equal(sdp_number(bytes_of_text("-1"), 127, &v), -EINVAL);
    assert_int_equal(sdp_number(bytes_of_text("99999999999999999999999"), UINT64_MAX, &v), -EINVAL);
}

static void parameters_are_found_without_case_or_spaces(void **state) {
    (void)state;
    struct bytes v, fmtp = bytes_of_text("minptime=10; UseInbandFec=1;x;profile-id=0");
    assert_true(sdp_fmtp_parameter(fmtp, "useinbandfec", &v) && sdp_is(v, "1"));
    assert_true(sdp_fmtp_parameter(fmtp, "profile-id", &v) && sdp_is(v, "0"));
    assert_true(sdp_fmtp_parameter(fmtp, "x", &v) && v.n == 0);
    assert_false(sdp_fmtp_parameter(fmtp, "ptime", &v));
}

static void fingerprints_are_checked(void **state) {
    (void)state;
    struct dtls_fingerprint f;
    const char *good = "SHA-256 00:11:22:33:44:55:66:77:88:99:aa:BB:cc:DD:ee:FF:"
                       "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff";
    assert_int_equal(sdp_parse_fingerprint(bytes_of_text(good), &f), 0);
    assert_string_equal(f.algorithm, "sha-256");
    assert_int_equal(f.digest_size, 32);
    assert_true(f.digest[1] == 0x11 && f.digest[11] == 0xbb && f.digest[31] == 0xff);
    assert_int_equal(sdp_parse_fingerprint(bytes_of(good, strlen(good) - 3), &f), -EINVAL);
    assert_int_equal(sdp_parse_fingerprint(bytes_of_text("sha-256"), &f), -EINVAL);
    assert_int_equal(sdp_parse_fingerprint(bytes_of_text(""), &f), -EINVAL);
    assert_int_equal(sdp_parse_fingerprint(bytes_of_text("sha-1 00:11"), &f), -ENOTSUP);
    assert_int_equal(sdp_parse_fingerprint(bytes_of_text("sha-512 00:11"), &f), -EINVAL);
}

static void ice_texts_are_checked(void **state) {
    (void)state;
    assert_true(sdp_is_ice_text(bytes_of_text("aB1+/"), 4, 256));
    assert_false(sdp_is_ice_text(bytes_of_text("abc"), 4, 256));
    assert_false(sdp_is_ice_text(bytes_of_text("abc d"), 4, 256));
    assert_false(sdp_is_ice_text(bytes_of_text("abcde"), 4, 4));
}

static void a_writer_never_overruns(void **state) {
    (void)state;
    uint8_t b[8] = {0};
    struct sdp_writer w;
    sdp_writer_init(&w, (struct room){b, 7});
    sdp_line(&w, "v=%d", 0);
    assert_int_equal(sdp_writer_end(&w), 5);
    assert_memory_equal(b, "v=0\r\n", 5);
    sdp_line(&w, "a=%s", "b");
    assert_int_equal(sdp_writer_end(&w), -ENOSPC);
    assert_int_equal(b[7], 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_and_attributes_are_split),
        cmocka_unit_test(bare_newlines_and_a_missing_last_one_are_taken),
        cmocka_unit_test(malformed_texts_are_refused),
        cmocka_unit_test(size_lines_and_line_length_are_bounded),
        cmocka_unit_test(numbers_fill_their_text),
        cmocka_unit_test(parameters_are_found_without_case_or_spaces),
        cmocka_unit_test(fingerprints_are_checked),
        cmocka_unit_test(ice_texts_are_checked),
        cmocka_unit_test(a_writer_never_overruns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

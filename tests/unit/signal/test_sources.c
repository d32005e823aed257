/* Addresses of sources: what leaves for the network, and what never does. */
#include "signal/sources.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void cameras_are_asked_by_rtsp_only(void **state) {
    (void)state;
    static const char *const good[] = {"rtsp://camera", "rtsps://10.0.0.9:322/live?ch=1",
                                       "rtsp://user:p%40ss@camera.example/a,b",
                                       "rtsp://[fe80::1]/x"};
    static const char *const bad[] = {"",
                                      "camera",
                                      "file:///etc/passwd",
                                      "http://camera/",
                                      "rtsp://",
                                      "rtsp:///x",
                                      "rtsp://user@",
                                      "rtsp://:554/x",
                                      "rtspt://camera",
                                      "rtsp://camera/a b",
                                      "rtsp://camera/\"x",
                                      "rtsp://camera/ ! filesink",
                                      "rtsp://camera\n",
                                      "srt://camera:9000",
                                      " rtsp://camera"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_null(source_url_problem(INPUT_RTSP, good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_non_null(source_url_problem(INPUT_RTSP, bad[i]));
    }
}

static void senders_are_called_by_srt_only(void **state) {
    (void)state;
    static const char *const good[] = {
        "srt://host:7000", "srt://10.0.0.1:7000?streamid=a&latency=9", "srt://[::1]:7000"};
    static const char *const bad[] = {"srt://host",
                                      "srt://:7000",
                                      "srt://host:7000?mode=listener",
                                      "srt://host:7000?passphrase=secretsecret",
                                      "srt://a@host:7000",
                                      "srt://host:7000#x",
                                      "udp://host:7000",
                                      "rtsp://host:7000"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_null(source_url_problem(INPUT_SRT_CALLER, good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_non_null(source_url_problem(INPUT_SRT_CALLER, bad[i]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cameras_are_asked_by_rtsp_only),
        cmocka_unit_test(senders_are_called_by_srt_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

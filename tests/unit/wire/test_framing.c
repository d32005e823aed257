#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/framing.h"

static void frames_come_off_one_by_one(void **state) {
    (void)state;
    const uint8_t stream[] = {0, 3, 'o', 'n', 'e', 0, 0, 0, 2, 'i', 'i', 0, 9, 'x'};
    struct bytes left = bytes_of(stream, sizeof(stream)), frame;
    assert_int_equal(framing_next(&left, 100, &frame), 1);
    assert_true(bytes_equal(frame, bytes_of_text("one")));
    assert_int_equal(framing_next(&left, 100, &frame), 1);
    assert_int_equal(frame.n, 0);
    assert_int_equal(framing_next(&left, 100, &frame), 1);
    assert_true(bytes_equal(frame, bytes_of_text("ii")));
    assert_int_equal(framing_next(&left, 100, &frame), 0);
    assert_int_equal(left.n, 3); /* what is not all there stays */
}

static void a_frame_may_come_byte_by_byte(void **state) {
    (void)state;
    const uint8_t stream[] = {0, 3, 'o', 'n', 'e'};
    for (size_t n = 0; n < sizeof(stream); n++) {
        struct bytes left = bytes_of(stream, n), frame;
        assert_int_equal(framing_next(&left, 100, &frame), 0);
        assert_int_equal(left.n, n);
    }
}

static void a_frame_beyond_the_limit_is_refused_by_its_header(void **state) {
    (void)state;
    const uint8_t stream[] = {0xff, 0xff};
    struct bytes left = bytes_of(stream, sizeof(stream)), frame;
    assert_int_equal(framing_next(&left, 1500, &frame), -EMSGSIZE);
    assert_int_equal(framing_next(&left, 65535, &frame), 0);
    uint8_t header[FRAMING_HEADER];
    framing_write_header(header, 0x0102);
    assert_memory_equal(header, ((uint8_t[]){1, 2}), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_off_one_by_one),
        cmocka_unit_test(a_frame_may_come_byte_by_byte),
        cmocka_unit_test(a_frame_beyond_the_limit_is_refused_by_its_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

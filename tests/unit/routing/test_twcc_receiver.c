#include "made.h"
#include "wire/twcc.h"

static int feedback(struct twcc_receiver *r, usec_t now, struct twcc_feedback *ret,
                    usec_t ret_arrivals[static 1024]) {
    uint8_t b[1200];
    const int n = twcc_receiver_output(r, now, (struct room){b, sizeof b});
    if (n <= 0) {
        return 0;
    }
    struct bytes rest = bytes_of(b, (size_t)n);
    struct rtcp_packet packet;
    assert_int_equal(rtcp_next(&rest, &packet), 1);
    return twcc_parse(&packet, ret, ret_arrivals, 1024);
}

static void arrivals_are_told_within_a_tenth_of_a_second(void **state) {
    (void)state;
    static struct twcc_receiver r;
    static usec_t arrivals[1024];
    struct twcc_feedback f;
    twcc_receiver_init(&r, 9);
    assert_int_equal(twcc_receiver_next_timeout(&r), USEC_NEVER);
    twcc_receiver_input(&r, 65535, 5, SEC(1));
    twcc_receiver_input(&r, 1, 5, SEC(1) + MSEC(10));
    const usec_t due = twcc_receiver_next_timeout(&r);
    assert_in_range(due, SEC(1) + MSEC(50), SEC(1) + MSEC(100));
    assert_int_equal(feedback(&r, due - 1, &f, arrivals), 0);
    assert_int_equal(feedback(&r, due, &f, arrivals), 3);
    assert_int_equal(f.base, 65535);
    assert_int_equal(f.sender, 9);
    assert_int_equal(arrivals[1], TWCC_LOST);
    assert_int_equal(arrivals[2] - arrivals[0], MSEC(10));
    assert_int_equal(feedback(&r, due, &f, arrivals), 0);
    assert_int_equal(twcc_receiver_next_timeout(&r), USEC_NEVER);
}

static void a_jump_starts_anew_and_stays_bounded(void **state) {
    (void)state;
    static struct twcc_receiver r;
    static usec_t arrivals[1024];
    struct twcc_feedback f;
    twcc_receiver_init(&r, 9);
    uint64_t seed = 1;
    for (unsigned i = 0; i < 5000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        twcc_receiver_input(&r, (uint16_t)(seed >> 33), 5, SEC(1) + i);
        while (feedback(&r, SEC(1) + i, &f, arrivals) > 0) {
        }
    }
    assert_true(r.highest + 1 - r.next <= TWCC_RECEIVER_WINDOW);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrivals_are_told_within_a_tenth_of_a_second),
        cmocka_unit_test(a_jump_starts_anew_and_stays_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

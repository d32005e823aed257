/* What leaves when, and what feedback does, also of the hostile kind. */
#include "made.h"
#include "routing/congestion.h"
#include "wire/rtp.h"
#include "wire/twcc.h"

#define NUMBER_ID 9

static struct congestion_counters counters;
static struct congestion c;

static void send(uint16_t size, usec_t now) {
    struct outgoing o = {.number_at = 16, .size = size};
    congestion_number(&c, &o);
    congestion_sent(&c, &o, size, now);
}

static void tell(uint16_t base, const usec_t *arrivals, size_t count, usec_t now) {
    uint8_t b[2400];
    size_t covered;
    const struct twcc_feedback f = {.sender = 1, .media = 2, .base = base};
    const int n = twcc_write((struct room){b, sizeof b}, &f, arrivals, count, &covered);
    assert_true(n > 0);
    struct bytes rest = bytes_of(b, (size_t)n);
    struct rtcp_packet p;
    assert_int_equal(rtcp_next(&rest, &p), 1);
    congestion_rtcp(&c, &p, now);
}

static void begin(bool numbered) {
    memset(&counters, 0, sizeof counters);
    congestion_init(&c, numbered, &counters, SEC(10));
}

/* 1 Mbit/s over a link without a queue, feedback each 50 ms. */
static usec_t run(usec_t now, usec_t span, usec_t rtt) {
    for (const usec_t end = now + span; now < end; now += MSEC(50)) {
        usec_t arrivals[5];
        const uint16_t base = (uint16_t)c.history.next;
        for (unsigned i = 0; i < 5; i++) {
            send(1200, now + i * MSEC(10));
            arrivals[i] = SEC(777) + now + i * MSEC(10) + rtt / 2;
        }
        tell(base, arrivals, 5, now + MSEC(40) + rtt);
        congestion_timeout(&c, now + MSEC(40) + rtt);
    }
    return now;
}

static void the_rate_is_unknown_until_it_was_measured(void **state) {
    (void)state;
    begin(true);
    assert_int_equal(congestion_rate(&c), 0);
    assert_int_equal(congestion_next_timeout(&c), USEC_NEVER);
    usec_t now = run(SEC(10), SEC(3), MSEC(40));
    assert_in_range(congestion_rate(&c), 1000000, 6000000);
    assert_in_range(c.rtt_min, MSEC(35), MSEC(45));
    assert_int_equal(counters.refused, 0);
    assert_int_equal(counters.feedback, 60);
    run(now, SEC(1), MSEC(40));
    assert_true(c.history.in_flight < 2 * 5 * 1228);
}

static void feedback_of_packets_never_sent_moves_nothing(void **state) {
    (void)state;
    begin(true);
    const usec_t now = run(SEC(10), SEC(2), MSEC(40));
    const uint64_t rate = c.cc.rate, feedback = counters.feedback;
    usec_t arrivals[TWCC_STATUSES_MAX];
    for (size_t i = 0; i < TWCC_STATUSES_MAX; i++) {
        arrivals[i] = SEC(5);
    }
    tell((uint16_t)(c.history.next + 100), arrivals, TWCC_STATUSES_MAX, now);
    tell((uint16_t)(c.history.next - 2000), arrivals, 900, now);
    assert_int_equal(counters.refused, 2);
    assert_int_equal(counters.feedback, feedback);
    assert_int_equal(c.cc.rate, rate);
}

static void feedback_that_repeats_itself_counts_once(void **state) {
    (void)state;
    begin(true);
    const usec_t now = run(SEC(10), SEC(2), MSEC(40));
    const usec_t arrivals[] = {SEC(1), SEC(2), SEC(3)};
    const uint64_t rate = c.cc.rate, feedback = counters.feedback;
    for (unsigned i = 0; i < 1000; i++) {
        tell((uint16_t)(c.history.next - 3), arrivals, 3, now);
    }
    assert_int_equal(c.cc.rate, rate);
    assert_int_equal(counters.feedback, feedback);
}

static void times_and_counts_that_cannot_be_leave_it_within_its_bounds(void **state) {
    (void)state;
    static const uint8_t giant[] = {
        0x8f, 205, 0,    5,    0, 0, 0, 1, 0,    0,    0,    2, /* 0xffff statuses */
        0,    1,   0xff, 0xff, 0, 0, 1, 0, 0x3f, 0xff, 0x3f, 0xff};
    begin(true);
    usec_t now = run(SEC(10), SEC(2), MSEC(40));
    struct bytes rest = bytes_of(giant, sizeof giant);
    struct rtcp_packet p;
    assert_int_equal(rtcp_next(&rest, &p), 1);
    congestion_rtcp(&c, &p, now);
    assert_int_equal(counters.refused, 1);
    uint64_t seed = 5;
    for (unsigned round = 0; round < 3000; round++) {
        usec_t arrivals[8];
        const uint16_t base = (uint16_t)c.history.next;
        usec_t at = (round % 7) * SEC(60000);
        for (unsigned i = 0; i < 8; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            at += (seed >> 40) % MSEC(60);
            arrivals[i] = i > 0 && (seed >> 33) % 3 == 0 ? TWCC_LOST : at;
            send(1200, now);
        }
        tell(base, arrivals, 8, now);
        congestion_timeout(&c, now);
        now += MSEC(20);
        assert_in_range(c.cc.rate, AIMD_RATE_MIN, AIMD_RATE_MAX);
        assert_true(c.history.in_flight <= 8 * 1228);
        assert_true(congestion_next_timeout(&c) > now - SEC(3));
    }
}

static void without_feedback_it_falls_and_the_window_opens_again(void **state) {
    (void)state;
    begin(true);
    usec_t now = run(SEC(10), SEC(3), MSEC(40));
    const uint64_t rate = c.cc.rate;
    while (congestion_may_send(&c, now)) {
        send(1200, now);
        now += MSEC(2);
    }
    assert_in_range(c.history.in_flight, 1000, 400000);
    congestion_wait(&c);
    for (unsigned i = 0; i < 400 && counters.silences < 4; i++) {
        const usec_t due = congestion_next_timeout(&c);
        assert_true(due < now + SEC(2));
        now = due > now ? due : now + MSEC(1);
        congestion_timeout(&c, now);
        if (congestion_may_send(&c, now)) {
            send(1200, now);
        }
    }
    assert_true(c.cc.rate < rate / 2);
    assert_true(counters.silences > 2);
    assert_true(congestion_may_send(&c, now + SEC(1)));
}

static void who_negotiated_feedback_but_sends_none_is_judged_by_its_reports(void **state) {
    (void)state;
    begin(true);
    usec_t now = SEC(10);
    for (; now < SEC(16); now += MSEC(100)) {
        send(1200, now);
        congestion_timeout(&c, now);
    }
    assert_false(c.numbered);
    assert_int_equal(congestion_rate(&c), 0); /* nothing is known, and nothing is held back */
    assert_true(congestion_may_send(&c, now));
    for (unsigned i = 0; i < 10; i++) { /* 12 packets of 1200 bytes each 10 ms, a third is lost */
        for (unsigned k = 0; k < 1000; k++, now += MSEC(1)) {
            send(1200, now);
        }
        const struct rtcp_report r = {.fraction_lost = (uint8_t)(i < 2 ? 85 : 0)};
        congestion_report(&c, &r, now);
    }
    assert_in_range(congestion_rate(&c), 1000000, 40000000);
}

static void remb_is_obeyed(void **state) {
    (void)state;
    uint8_t b[64];
    begin(false);
    send(1200, SEC(10));
    const int n = rtcp_write_remb((struct room){b, sizeof b}, 1, 700000, NULL, 0);
    struct bytes rest = bytes_of(b, (size_t)n);
    struct rtcp_packet p;
    assert_int_equal(rtcp_next(&rest, &p), 1);
    congestion_rtcp(&c, &p, SEC(11));
    assert_in_range(congestion_rate(&c), 690000, 700000);
    assert_in_range(c.pacer.rate, 800000, 900000);
}

/* ---- The order ---- */

struct stock {
    unsigned left[SEND_NOTHING];
    enum send_class taken[64];
    size_t count;
};

static bool take(void *ctx, enum send_class what, usec_t now, struct outgoing *ret) {
    struct stock *s = ctx;
    (void)now;
    if (s->left[what] == 0) {
        return false;
    }
    s->left[what]--;
    s->taken[s->count++] = what;
    *ret = (struct outgoing){.number_at = 16, .size = 1200};
    return true;
}

static const struct send_source source = {.next = take};

static size_t drain(struct stock *s, usec_t now) {
    struct outgoing o;
    const size_t before = s->count;
    congestion_begin(&c);
    while (congestion_next(&c, &source, s, now, &o)) {
        congestion_sent(&c, &o, o.size, now);
    }
    return s->count - before;
}

static void sound_goes_first_then_what_was_lost_then_the_picture(void **state) {
    (void)state;
    struct stock s = {.left = {3, 2, 40, 9}};
    begin(true);
    const size_t first = drain(&s, SEC(10)); /* 2 Mbit/s and a half: 40 ms of that in the burst */
    assert_in_range(first, 12, 14);
    for (size_t i = 0; i < first; i++) {
        assert_int_equal(s.taken[i], i < 3 ? SEND_AUDIO : i < 5 ? SEND_AGAIN : SEND_VIDEO);
    }
    assert_true(c.waiting);
    assert_int_equal(s.left[SEND_PADDING], 9); /* only for probes */
    s.left[SEND_AUDIO] = 4;
    assert_int_equal(drain(&s, SEC(10)), 4); /* sound is never held */
    const usec_t next = congestion_next_timeout(&c);
    assert_in_range(next, SEC(10) + MSEC(10), SEC(10) + MSEC(60));
    assert_true(drain(&s, next) >= 4);
}

/* ---- Numbers ---- */

static void next_of(struct made *m, struct subscription *s, bool key, struct outgoing *ret) {
    made_frame(m, key, 1, SEC(10));
    assert_int_equal(subscription_next(s, SEC(10), ret), 1);
}

static struct media_line numbered_line(bool rtx, bool nack) {
    struct media_line line = made_viewer_line(MEDIA_VIDEO, rtx);
    line.extension_ids[EXT_TWCC] = NUMBER_ID;
    line.payloads[0].twcc = true;
    line.payloads[0].nack = nack;
    return line;
}

static void a_packet_that_may_be_sent_twice_under_one_index_has_no_number(void **state) {
    (void)state;
    for (unsigned rtx = 0; rtx < 2; rtx++) {
        for (unsigned nack = 0; nack < 2; nack++) {
            struct made m;
            struct subscription s;
            struct outgoing o, again;
            uint8_t first[1500], second[1500];
            const struct media_line line = numbered_line(rtx, nack);
            begin(true);
            made_init(&m, SEC(10));
            subscription_init(&s, &line, 77);
            subscription_switch(&s, &m.track, SEC(10));
            next_of(&m, &s, true, &o);
            assert_int_equal(o.number_at != 0, rtx || !nack);
            congestion_number(&c, &o);
            const size_t n = made_plaintext(&o, first);
            congestion_sent(&c, &o, o.size, SEC(10));
            subscription_nack(&s, (uint16_t)o.index, SEC(11));
            const bool repeated = subscription_next_retransmission(&s, &again) > 0;
            assert_int_equal(repeated, rtx || nack);
            if (repeated) {
                congestion_number(&c, &again);
                const bool same_index = read_be32(again.header + 8) == read_be32(o.header + 8);
                assert_int_equal(same_index, !rtx);
                const size_t k = made_plaintext(&again, second);
                assert_true(!same_index || (k == n && memcmp(first, second, n) == 0));
            }
            subscription_stop(&s);
            made_clear(&m);
        }
    }
}

static void numbers_rise_over_all_streams_and_keep_packets_equal_in_size(void **state) {
    (void)state;
    struct made m;
    struct subscription s;
    struct outgoing o;
    struct rtp_header h;
    uint8_t b[1500];
    const struct media_line line = numbered_line(true, true);
    begin(true);
    made_init(&m, SEC(10));
    subscription_init(&s, &line, 77);
    subscription_switch(&s, &m.track, SEC(10));
    made_frame(&m, true, 5, SEC(10));
    size_t size = 0;
    for (unsigned i = 0; i < 8; i++) {
        if (i < 5) {
            assert_int_equal(subscription_next(&s, SEC(10), &o), 1);
            assert_true(i == 0 || i == 4 || o.size == size);
            size = o.size;
        } else {
            assert_true(subscription_pad(&s, i == 7 ? 1200 : 100, &o));
            assert_true(o.padding);
        }
        congestion_number(&c, &o);
        const size_t n = made_plaintext(&o, b);
        assert_int_equal(rtp_parse(bytes_of(b, n), &h), 0);
        const struct bytes number = rtp_extension_find(&h, NUMBER_ID);
        assert_int_equal(number.n, 2);
        assert_int_equal(read_be16(number.p), i + 1);
        assert_int_equal(h.ssrc == line.rtx_ssrc, i >= 5);
        assert_int_equal(h.padding_size, i == 5 || i == 6 ? STREAM_PADDING : 0);
        congestion_sent(&c, &o, n, SEC(10));
    }
    subscription_stop(&s);
    made_clear(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rate_is_unknown_until_it_was_measured),
        cmocka_unit_test(feedback_of_packets_never_sent_moves_nothing),
        cmocka_unit_test(feedback_that_repeats_itself_counts_once),
        cmocka_unit_test(times_and_counts_that_cannot_be_leave_it_within_its_bounds),
        cmocka_unit_test(without_feedback_it_falls_and_the_window_opens_again),
        cmocka_unit_test(who_negotiated_feedback_but_sends_none_is_judged_by_its_reports),
        cmocka_unit_test(remb_is_obeyed),
        cmocka_unit_test(sound_goes_first_then_what_was_lost_then_the_picture),
        cmocka_unit_test(a_packet_that_may_be_sent_twice_under_one_index_has_no_number),
        cmocka_unit_test(numbers_rise_over_all_streams_and_keep_packets_equal_in_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

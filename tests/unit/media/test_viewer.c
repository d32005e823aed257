/* A viewer's role without the session's transport: nothing is sealed, events are kept. */
#include <setjmp.h>
#include <stdarg.h>

#include "media/media_room.h"
#include "media/publisher.h"
#include "media/shard_state.h"
#include "media/viewer.h"
#include "routing/congestion.h"
#include "wire/rtcp.h"
#include "wire/rtp.h"

#include <cmocka.h>

#define SSRC 5000

static struct media_event events[64];
static size_t event_count;

/* Takes the place of the shard's. */
void shard_event(struct shard_state *s, const struct media_event *event) {
    (void)s;
    if (event_count < 64) {
        events[event_count++] = *event;
    }
}

static const struct media_event *last_of(enum media_event_type type) {
    for (size_t i = event_count; i-- > 0;) {
        if (events[i].type == type) {
            return &events[i];
        }
    }
    return NULL;
}

struct room_of_two {
    struct shard_state state;
    struct session session;
    struct publisher *publisher;
};

static void ignore_rtcp(void *ctx, struct bytes compound) {
    (void)ctx;
    (void)compound;
}

static unsigned plis;
static uint32_t pli_for;

static void count_plis(void *ctx, struct bytes compound) {
    struct rtcp_packet packet;
    uint32_t sender;
    (void)ctx;
    while (rtcp_next(&compound, &packet) > 0) {
        if (packet.type == RTCP_PSFB && rtcp_is_pli(&packet)) {
            rtcp_parse_feedback(&packet, &sender, &pli_for);
            plis++;
        }
    }
}

static void ignore_schedule(void *ctx, usec_t now) {
    (void)ctx;
    (void)now;
}

static const struct publisher_carrier carrier = {.send_rtcp = ignore_rtcp,
                                                 .schedule = ignore_schedule};
static const struct publisher_carrier of_browser = {.send_rtcp = count_plis,
                                                    .schedule = ignore_schedule};
static const struct publisher_carrier with_rungs = {
    .send_rtcp = ignore_rtcp, .schedule = ignore_schedule, .rung_ssrc = 16};

static struct media_line simulcast = {.kind = MEDIA_VIDEO,
                                      .active = true,
                                      .payload_count = 1,
                                      .payloads = {{.type = 96, .codec = CODEC_VP8, .pli = true}},
                                      .extension_ids = {[EXT_RID] = 2},
                                      .rid_count = 3,
                                      .rids = {"q", "h", "f"}};

/* A publisher that may send VP8 or H.264 and sound, and a viewer that takes only VP8. */
static void enter_with(struct room_of_two *r, const struct publisher_carrier *by, bool takes_h264) {
    static struct media_session_config config;
    static struct media_line publishes[] = {
        {.kind = MEDIA_VIDEO,
         .active = true,
         .payload_count = 2,
         .payloads = {{.type = 96, .codec = CODEC_VP8}, {.type = 97, .codec = CODEC_H264}}},
        {.kind = MEDIA_AUDIO,
         .active = true,
         .payload_count = 1,
         .payloads = {{.type = 111, .codec = CODEC_OPUS}}}};
    memset(r, 0, sizeof(*r));
    event_count = 0;
    rooms_init(&r->state.rooms);
    timers_init(&r->state.timers);
    r->state.packets = packet_pool_new(1024);
    r->session.id = 2;
    r->session.shard = &r->state;
    r->session.role = &viewer_role;
    config =
        (struct media_session_config){.room = 1,
                                      .line_count = 1,
                                      .lines = {{.kind = MEDIA_VIDEO,
                                                 .active = true,
                                                 .payload_count = takes_h264 ? 2 : 1,
                                                 .payloads = {{.type = 100, .codec = CODEC_VP8},
                                                              {.type = 101, .codec = CODEC_H264}},
                                                 .ssrc = SSRC}}};
    assert_int_equal(viewer_role.open(&r->session, &config, SEC(1)), 0);
    r->publisher = by == &of_browser ? publisher_new(&r->state, 1, 0, 1, &simulcast, 1, by, NULL)
                                     : publisher_new(&r->state, 1, 0, 1, publishes, 2, by, NULL);
    const struct media_stage stage = {.main_video = 1};
    room_set_stage(&r->state, 1, &stage, SEC(1));
    viewer_role.connected(&r->session, SEC(1));
}

static void enter(struct room_of_two *r) {
    enter_with(r, &carrier, false);
}

static void leave(struct room_of_two *r) {
    viewer_role.close(&r->session);
    publisher_free(r->publisher);
    rooms_clear(&r->state.rooms);
    timers_clear(&r->state.timers);
    packet_pool_free(r->state.packets);
}

static void give_rung(struct room_of_two *r, uint32_t ssrc, uint8_t type, uint16_t sequence,
                      usec_t now) {
    uint8_t b[120] = {0};
    const struct rtp_header h = {.payload_type = type,
                                 .marker = true,
                                 .sequence = sequence,
                                 .timestamp = (uint32_t)(now / 1000 * 90),
                                 .ssrc = ssrc};
    int n = rtp_write_header((struct room){b, sizeof(b)}, &h, NULL, 0);
    b[n] = type == 96 ? 0x10 : 0x67; /* VP8 start; H.264 SPS */
    publisher_rtp(r->publisher, bytes_of(b, sizeof(b)), now);
}

static void give_key_frame(struct room_of_two *r, uint8_t type, uint16_t sequence, usec_t now) {
    give_rung(r, 7, type, sequence, now);
}

static void report(struct room_of_two *r, usec_t now) {
    uint8_t b[100];
    const struct rtcp_report block = {.ssrc = SSRC};
    int n = rtcp_write_rr((struct room){b, sizeof(b)}, 9, &block, 1);
    presence_heard(&r->session.presence, now); /* as the session does for whatever opens */
    viewer_role.rtcp(&r->session, bytes_of(b, (size_t)n), now);
}

static void a_viewer_that_falls_silent_has_no_dots(void **unused) {
    (void)unused;
    static struct room_of_two r;
    enter(&r);
    for (unsigned i = 0; i < 30; i++) {
        const usec_t now = SEC(1 + i);
        give_key_frame(&r, 96, (uint16_t)i, now);
        presence_sent(&r.session.presence, now); /* as the session does, if it has a path */
        if (i < 10) {
            report(&r, now);
        }
        viewer_role.timeout(&r.session, now);
        if (i == 9) {
            assert_int_equal(last_of(MEDIA_EVENT_QUALITY)->quality.dots, 4);
        }
        if (i == 12) { /* three seconds after it was heard last */
            assert_int_equal(last_of(MEDIA_EVENT_QUALITY)->quality.dots, 0);
        }
    }
    assert_int_equal(last_of(MEDIA_EVENT_QUALITY)->quality.dots, 0);
    report(&r, SEC(31));
    give_key_frame(&r, 96, 30, SEC(31));
    viewer_role.timeout(&r.session, SEC(31));
    assert_int_equal(last_of(MEDIA_EVENT_QUALITY)->quality.dots, 4);
    leave(&r);
}

static void a_viewer_that_was_away_goes_on_at_a_key_frame(void **unused) {
    (void)unused;
    static struct room_of_two r;
    enter(&r);
    give_key_frame(&r, 96, 1, SEC(1));
    const struct subscription *s = &((const struct viewer *)r.session.part)->slots[0].subscription;
    assert_int_equal(s->state, SUBSCRIPTION_RUNNING);
    viewer_role.returned(&r.session,
                         SEC(30)); /* the cached one is too old: a new one is asked for */
    assert_int_equal(s->state, SUBSCRIPTION_WAITING);
    give_key_frame(&r, 96, 2, SEC(30) + MSEC(100));
    assert_int_equal(s->state, SUBSCRIPTION_RUNNING);
    leave(&r);
}

static void a_viewer_that_is_sent_nothing_need_not_report(void **unused) {
    (void)unused;
    static struct room_of_two r;
    enter(&r);
    give_key_frame(&r, 96, 1, SEC(1));
    report(&r, SEC(1));
    for (unsigned i = 1; i < 30; i++) {
        viewer_role.timeout(&r.session, SEC(1 + i));
    }
    assert_int_equal(last_of(MEDIA_EVENT_QUALITY)->quality.dots, 4);
    leave(&r);
}

static void each_source_that_cannot_be_played_is_told(void **unused) {
    (void)unused;
    static struct room_of_two r;
    enter(&r);
    give_key_frame(&r, 97, 1, SEC(1));
    assert_non_null(last_of(MEDIA_EVENT_UNPLAYABLE));
    event_count = 0;
    give_key_frame(&r, 97, 2, SEC(2));
    assert_null(last_of(MEDIA_EVENT_UNPLAYABLE));
    give_key_frame(&r, 96, 3, SEC(3));
    give_key_frame(&r, 97, 4, SEC(4));
    assert_non_null(last_of(MEDIA_EVENT_UNPLAYABLE));
    leave(&r);
}

/* What the viewer's only slot is fed from: the number of the rung, or -1. */
static int fed_by(const struct room_of_two *r) {
    const struct viewer *v = r->session.part;
    const struct publisher_track *feed = v->slots[0].feed;
    return feed ? (int)(feed - &r->publisher->tracks[MEDIA_VIDEO]) : -1;
}

static void a_rung_is_chosen_by_codec(void **unused) {
    (void)unused;
    static struct room_of_two r;
    enter_with(&r, &with_rungs, false);
    give_rung(&r, 1, 97, 1, SEC(1)); /* H.264, which this viewer does not take */
    give_rung(&r, 17, 97, 1, SEC(1));
    assert_int_equal(fed_by(&r), -1);
    give_rung(&r, 18, 96, 1, SEC(1));
    assert_int_equal(fed_by(&r), 2);
    viewer_role.timeout(&r.session, SEC(2));
    assert_null(last_of(MEDIA_EVENT_UNPLAYABLE));
    leave(&r);
}

static void the_best_rung_is_chosen_whatever_comes_first(void **unused) {
    (void)unused;
    static struct room_of_two r;
    enter_with(&r, &with_rungs, true);
    give_rung(&r, 18, 96, 1, SEC(1));
    assert_int_equal(fed_by(&r), 2);
    give_rung(&r, 17, 97, 1, SEC(1));
    assert_int_equal(fed_by(&r), 1);
    give_rung(&r, 1, 97, 1, SEC(1));
    assert_int_equal(fed_by(&r), 0);
    give_rung(&r, 18, 96, 2, SEC(1) + MSEC(33));
    assert_int_equal(fed_by(&r), 0);
    leave(&r);
}

static void rungs_that_cannot_be_played_are_told_when_all_have_come(void **unused) {
    (void)unused;
    static struct room_of_two r;
    enter_with(&r, &with_rungs, false);
    give_rung(&r, 1, 97, 1, SEC(1));
    assert_null(last_of(MEDIA_EVENT_UNPLAYABLE));
    viewer_role.timeout(&r.session, SEC(2));
    assert_int_equal(last_of(MEDIA_EVENT_UNPLAYABLE)->unplayable.codec, CODEC_H264);
    leave(&r);
}

static void sound_that_comes_long_before_the_picture_hurries_nothing(void **unused) {
    (void)unused;
    static struct room_of_two r;
    enter_with(&r, &with_rungs, false);
    give_rung(&r, 2, 111, 1, SEC(1));
    give_rung(&r, 1, 97, 1, SEC(3));
    assert_null(last_of(MEDIA_EVENT_UNPLAYABLE));
    give_rung(&r, 17, 96, 1, SEC(3) + MSEC(40));
    assert_int_equal(fed_by(&r), 1);
    viewer_role.timeout(&r.session, SEC(4));
    assert_null(last_of(MEDIA_EVENT_UNPLAYABLE));
    leave(&r);
}

static void a_source_is_alive_while_any_rung_is(void **unused) {
    (void)unused;
    static struct room_of_two r;
    enter_with(&r, &with_rungs, false);
    give_rung(&r, 1, 97, 1, SEC(1));
    give_rung(&r, 18, 96, 1, SEC(1));
    assert_int_equal(event_count, 1);
    assert_true(last_of(MEDIA_EVENT_SOURCE)->source.alive);
    for (unsigned i = 1; i < 6; i++) { /* the first rung falls silent */
        give_rung(&r, 18, 96, (uint16_t)(1 + i), SEC(1 + i));
        publisher_timeout(r.publisher, SEC(1 + i));
    }
    assert_true(last_of(MEDIA_EVENT_SOURCE)->source.alive);
    publisher_timeout(r.publisher, SEC(10));
    assert_false(last_of(MEDIA_EVENT_SOURCE)->source.alive);
    leave(&r);
}

static void ssrcs_name_no_rungs_but_of_a_feed(void **unused) {
    (void)unused;
    static struct room_of_two r;
    enter_with(&r, &carrier, false);
    give_rung(&r, 18, 96, 1, SEC(1));
    assert_int_equal(fed_by(&r), 0);
    leave(&r);
}

/* One frame of a simulcast stream: 320x180 times 1, 2 and 4. */
static void give_layer(struct room_of_two *r, unsigned layer, bool key, uint16_t sequence,
                       usec_t now) {
    static const char *const rids[] = {"q", "h", "f"};
    const size_t size = (size_t)200 << layer;
    uint8_t b[1200] = {0};
    const struct rtp_extension_value rid = {.id = 2, .value = bytes_of_text(rids[layer])};
    const struct rtp_header h = {.payload_type = 96,
                                 .marker = true,
                                 .sequence = sequence,
                                 .timestamp = (uint32_t)(now / 1000 * 90) + 777 * layer,
                                 .ssrc = 100 + layer};
    const int n = rtp_write_header((struct room){b, sizeof(b)}, &h, &rid, 1);
    const uint8_t head[] = {0x10, key ? 0 : 1, 0, 0, 0x9d, 1, 0x2a};
    const unsigned width = 320u << layer, height = 180u << layer;
    memcpy(b + n, head, sizeof(head));
    b[n + 7] = (uint8_t)width;
    b[n + 8] = (uint8_t)(width >> 8);
    b[n + 9] = (uint8_t)height;
    b[n + 10] = (uint8_t)(height >> 8);
    publisher_rtp(r->publisher, bytes_of(b, (size_t)n + size), now);
}

/* Frames of the layers in `mask` every 33 ms from `from` to `to`; a key frame after each request.
 * Numbers go on by the time. */
static void run_layers(struct room_of_two *r, unsigned mask, usec_t from, usec_t to) {
    static unsigned answered;
    for (usec_t now = from; now < to; now += MSEC(33)) {
        for (unsigned layer = 0; layer < 3; layer++) {
            if (mask & 1u << layer) {
                const bool asked = plis != answered && pli_for == 100 + layer;
                answered = asked ? plis : answered;
                give_layer(r, layer, asked || now == SEC(1), (uint16_t)(now / MSEC(33)), now);
            }
        }
        publisher_timeout(r->publisher, now);
        if (now % SEC(1) < MSEC(33)) {
            viewer_role.timeout(&r->session, now);
        }
    }
}

static void network_carries(struct room_of_two *r, uint64_t rate) {
    r->session.congestion->cc.rate = rate;
    r->session.congestion->cc.known = true;
}

static void a_browsers_layers_are_rungs_and_the_line_decides(void **unused) {
    (void)unused;
    static struct room_of_two r;
    enter_with(&r, &of_browser, false);
    run_layers(&r, 7, SEC(1), SEC(5));
    assert_int_equal(fed_by(&r), 2);
    assert_int_equal(r.publisher->tracks[MEDIA_VIDEO + 1].track.size.height, 360);
    network_carries(&r, 150000);
    run_layers(&r, 7, SEC(5), SEC(8));
    assert_int_equal(fed_by(&r), 1); /* 400 bytes a frame are 97 kbit/s */
    assert_in_range(r.session.congestion->want, 200000, 250000);
    network_carries(&r, 50000);
    run_layers(&r, 7, SEC(8), SEC(11));
    assert_int_equal(fed_by(&r), 0);
    network_carries(&r, 5000000);
    run_layers(&r, 7, SEC(11), SEC(30));
    assert_int_equal(fed_by(&r), 2);
    assert_true(r.state.stats.rung_switches >= 3);
    leave(&r);
}

static void a_layer_that_the_browser_stops_is_left_at_once(void **unused) {
    (void)unused;
    static struct room_of_two r;
    enter_with(&r, &of_browser, false);
    run_layers(&r, 7, SEC(1), SEC(5));
    assert_int_equal(fed_by(&r), 2);
    run_layers(&r, 3, SEC(5), SEC(6) + MSEC(200));
    assert_int_equal(fed_by(&r), 1);
    run_layers(&r, 1, SEC(7), SEC(10));
    assert_int_equal(fed_by(&r), 0);
    run_layers(&r, 7, SEC(10), SEC(12));
    assert_int_equal(fed_by(&r), 2); /* and it comes back */
    leave(&r);
}

static void nothing_is_asked_of_a_layer_that_nobody_watches(void **unused) {
    (void)unused;
    static struct room_of_two r;
    enter_with(&r, &of_browser, false);
    run_layers(&r, 7, SEC(1), SEC(5));
    const unsigned before = plis;
    give_layer(&r, 0, false, 5000, SEC(5)); /* a jump: what came between is lost */
    give_layer(&r, 0, false, 5001, SEC(5));
    for (usec_t now = SEC(5); now < SEC(8); now += MSEC(33)) {
        give_layer(&r, 2, false, (uint16_t)(now / MSEC(33)), now);
        publisher_timeout(r.publisher, now);
    }
    assert_int_equal(plis, before);
    leave(&r);
}

static void rids_that_were_not_offered_and_none_at_all_hurt_nothing(void **unused) {
    (void)unused;
    static struct room_of_two r;
    enter_with(&r, &of_browser, false);
    for (uint32_t i = 0; i < 60; i++) {
        uint8_t b[60] = {0};
        char name[4] = {(char)('A' + i % 20), 'x', 0, 0};
        const struct rtp_extension_value rid = {.id = 2, .value = bytes_of_text(name)};
        const struct rtp_header h = {.payload_type = 96, .marker = true, .ssrc = 900 + i};
        const int n = rtp_write_header((struct room){b, sizeof(b)}, &h, &rid, i % 3 != 0);
        publisher_rtp(r.publisher, bytes_of(b, (size_t)n + 30), SEC(1));
    }
    assert_int_equal(r.state.stats.rtp_bad, 60);
    assert_int_equal(fed_by(&r), -1);
    run_layers(&r, 7, SEC(1), SEC(4));
    assert_int_equal(fed_by(&r), 2);
    leave(&r);
}

static void a_publisher_may_leave_while_a_layer_is_waited_for(void **unused) {
    (void)unused;
    static struct room_of_two r;
    enter_with(&r, &of_browser, false);
    run_layers(&r, 7, SEC(1), SEC(4));
    network_carries(&r, 60000);
    for (unsigned i = 0; i < 3; i++) { /* no key frame comes */
        viewer_role.timeout(&r.session, SEC(5 + i));
    }
    const struct viewer *v = r.session.part;
    assert_non_null(v->slots[0].next_feed);
    publisher_free(r.publisher);
    assert_null(v->slots[0].next_feed);
    assert_null(v->slots[0].feed);
    r.publisher = NULL;
    viewer_role.timeout(&r.session, SEC(9));
    leave(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_viewer_that_falls_silent_has_no_dots),
        cmocka_unit_test(a_viewer_that_was_away_goes_on_at_a_key_frame),
        cmocka_unit_test(a_viewer_that_is_sent_nothing_need_not_report),
        cmocka_unit_test(each_source_that_cannot_be_played_is_told),
        cmocka_unit_test(a_rung_is_chosen_by_codec),
        cmocka_unit_test(the_best_rung_is_chosen_whatever_comes_first),
        cmocka_unit_test(rungs_that_cannot_be_played_are_told_when_all_have_come),
        cmocka_unit_test(sound_that_comes_long_before_the_picture_hurries_nothing),
        cmocka_unit_test(a_source_is_alive_while_any_rung_is),
        cmocka_unit_test(ssrcs_name_no_rungs_but_of_a_feed),
        cmocka_unit_test(a_browsers_layers_are_rungs_and_the_line_decides),
        cmocka_unit_test(a_layer_that_the_browser_stops_is_left_at_once),
        cmocka_unit_test(nothing_is_asked_of_a_layer_that_nobody_watches),
        cmocka_unit_test(rids_that_were_not_offered_and_none_at_all_hurt_nothing),
        cmocka_unit_test(a_publisher_may_leave_while_a_layer_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

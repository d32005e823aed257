/* Two media threads without their loops: what one relays, the other reads when the test says so. */
#include <setjmp.h>
#include <stdarg.h>

#include "media/publisher.h"
#include "media/relay.h"
#include "media/shard_state.h"
#include "wire/rtp.h"

#include <cmocka.h>

#define TYPE 96
#define ROOM 4
#define SOURCE 7

/* Takes the place of the shard's. */
void shard_event(struct shard_state *s, const struct media_event *event) {
    (void)s;
    (void)event;
}

static unsigned plis;

static void count_plis(void *ctx, struct bytes compound) {
    (void)ctx;
    for (size_t at = 0; at + 4 <= compound.n; at += 4 * (read_be16(compound.p + at + 2) + 1u)) {
        plis += compound.p[at + 1] == 206 && (compound.p[at] & 31) == 1;
    }
}

static void schedule(void *ctx, usec_t now) {
    (void)ctx;
    (void)now;
}

static const struct publisher_carrier carrier = {.send_rtcp = count_plis, .schedule = schedule};

struct threads {
    struct shard_state home, away;
    struct publisher *publisher;
    uint16_t sequence;
    usec_t now;
};

static const struct media_line line = {
    .mid = "0",
    .kind = MEDIA_VIDEO,
    .active = true,
    .payload_count = 1,
    .payloads = {{.type = TYPE, .codec = CODEC_VP8, .pli = true}},
    .extension_ids = {[EXT_MID] = 1}};

static void open_state(struct shard_state *s, unsigned index) {
    memset(s, 0, sizeof(*s));
    rooms_init(&s->rooms);
    s->packets = packet_pool_new(16384);
    assert_non_null(s->packets);
    assert_int_equal(relay_open(&s->relay, index, 2), 0);
}

static void begin(struct threads *t) {
    plis = 0;
    t->sequence = 1;
    t->now = SEC(1);
    open_state(&t->home, 0);
    open_state(&t->away, 1);
    relay_share(&t->home.relay, 1, &t->away.relay);
    relay_share(&t->away.relay, 0, &t->home.relay);
    t->publisher = publisher_new(&t->home, SOURCE, 0, ROOM, &line, 1, &carrier, NULL);
    assert_non_null(t->publisher);
    assert_non_null(room_named(&t->away, ROOM)); /* by its stage */
}

static void end(struct threads *t) {
    publisher_free(t->publisher);
    struct shard_state *both[] = {&t->home, &t->away};
    for (size_t i = 0; i < 2; i++) {
        relay_close_copies(both[i]);
        relay_drop(&both[i]->relay);
    }
    for (size_t i = 0; i < 2; i++) {
        relay_close(&both[i]->relay);
        rooms_clear(&both[i]->rooms);
        packet_pool_free(both[i]->packets); /* asserts that every packet is back */
    }
}

static void give_frame(struct threads *t, bool key) {
    uint8_t b[200] = {0};
    const struct rtp_extension_value mid = {.id = 1, .value = bytes_of_text("0")};
    const struct rtp_header h = {.payload_type = TYPE,
                                 .marker = true,
                                 .sequence = t->sequence,
                                 .timestamp = t->sequence * 3000u,
                                 .ssrc = 7};
    int n = rtp_write_header((struct room){b, sizeof(b)}, &h, &mid, 1);
    assert_true(n > 0);
    t->sequence++;
    b[n] = 0x10;
    b[n + 1] = key ? 0 : 1;
    t->now += MSEC(10);
    publisher_rtp(t->publisher, bytes_of(b, (size_t)n + 100), t->now);
}

static struct publisher *copy_of(struct threads *t) {
    const struct media_room *room = map_get(&t->away.rooms.map, ROOM);
    return room ? room->publishers : NULL;
}

static const struct track *copied_track(struct threads *t) {
    const struct publisher *p = copy_of(t);
    assert_non_null(p);
    assert_true(relay_is_copy(p));
    assert_true(p->tracks[MEDIA_VIDEO].open);
    return &p->tracks[MEDIA_VIDEO].track;
}

static void read_away(struct threads *t) {
    relay_read(&t->away, t->now);
}

static void
a_thread_that_begins_late_gets_the_cached_pictures_and_shares_the_packets(void **state) {
    (void)state;
    struct threads t;
    begin(&t);
    for (unsigned i = 0; i < 10; i++) {
        give_frame(&t, i == 4);
    }
    assert_null(copy_of(&t));
    relay_room(&t.home, ROOM, 1, true, t.now);
    read_away(&t);
    const struct track *here = &t.publisher->tracks[MEDIA_VIDEO].track, *there = copied_track(&t);
    assert_true(track_has_gop(there, t.now));
    for (unsigned i = 0; i < 5; i++) {
        give_frame(&t, false);
        read_away(&t);
        assert_int_equal(there->released, here->released);
        assert_ptr_equal(track_packet(there, there->released - 1),
                         track_packet(here, here->released - 1));
    }
    assert_int_equal(there->key_start, here->key_start);
    assert_int_equal(t.home.stats.relay_dropped, 0);
    end(&t);
}

static void a_thread_that_does_not_read_misses_pictures_up_to_a_key_frame(void **state) {
    (void)state;
    struct threads t;
    begin(&t);
    give_frame(&t, true);
    relay_room(&t.home, ROOM, 1, true, t.now);
    read_away(&t);
    const struct track *here = &t.publisher->tracks[MEDIA_VIDEO].track, *there = copied_track(&t);
    while (t.home.stats.relay_dropped < 100) {
        give_frame(&t, false);
    }
    assert_true(plis >= 1); /* asked for at once */
    read_away(&t);
    const uint64_t last = there->released;
    assert_true(last + 99 < here->released);
    give_frame(&t, false); /* there is room, but these could not be decoded */
    read_away(&t);
    assert_int_equal(there->released, last);
    give_frame(&t, true);
    give_frame(&t, false);
    read_away(&t);
    assert_int_equal(there->released, here->released);
    assert_int_equal(there->key_start + 2, here->released);
    end(&t);
}

static void a_wish_for_a_key_frame_goes_to_the_publishers_thread(void **state) {
    (void)state;
    struct threads t;
    begin(&t);
    give_frame(&t, true);
    relay_room(&t.home, ROOM, 1, true, t.now);
    read_away(&t);
    struct publisher *copy = copy_of(&t);
    for (unsigned i = 0; i < 20; i++) { /* many viewers, one wish */
        track_want_keyframe(&copy->tracks[MEDIA_VIDEO].track, t.now);
        publisher_attend(copy, t.now);
    }
    assert_int_equal(plis, 0);
    relay_read(&t.home, t.now);
    assert_int_equal(plis, 1);
    end(&t);
}

static void copies_go_with_their_publisher_and_with_the_relay(void **state) {
    (void)state;
    struct threads t;
    begin(&t);
    relay_room(&t.home, ROOM, 1, true, t.now);
    give_frame(&t, true);
    read_away(&t);
    assert_non_null(copy_of(&t));
    publisher_free(t.publisher);
    read_away(&t);
    assert_null(copy_of(&t));
    t.publisher = publisher_new(&t.home, SOURCE + 1, 0, ROOM, &line, 1, &carrier, NULL);
    give_frame(&t, true);
    read_away(&t);
    assert_int_equal(copy_of(&t)->id, SOURCE + 1);
    relay_room(&t.home, ROOM, 1, false, t.now);
    read_away(&t);
    assert_null(copy_of(&t));
    const uint64_t relayed = t.home.stats.relayed;
    give_frame(&t, true);
    assert_int_equal(t.home.stats.relayed, relayed);
    room_close(&t.away, ROOM);
    assert_null(map_get(&t.away.rooms.map, ROOM));
    end(&t);
}

/* Publishers come and go more often than there are places for the news. */
static void copies_are_made_anew_when_news_of_them_were_lost(void **state) {
    (void)state;
    struct threads t;
    begin(&t);
    relay_room(&t.home, ROOM, 1, true, t.now);
    for (unsigned i = 0; i < 2000; i++) {
        publisher_free(t.publisher);
        t.publisher = publisher_new(&t.home, SOURCE + i, 0, ROOM, &line, 1, &carrier, NULL);
        give_frame(&t, true);
    }
    read_away(&t);
    give_frame(&t, false);
    read_away(&t);
    const struct publisher *copy = copy_of(&t);
    assert_non_null(copy);
    assert_null(copy->next_in_room);
    assert_int_equal(copy->id, t.publisher->id);
    assert_int_equal(copied_track(&t)->released, t.publisher->tracks[MEDIA_VIDEO].track.released);
    end(&t);
}

static void an_empty_pool_is_shared_out_with_the_copies(void **state) {
    (void)state;
    struct threads t;
    begin(&t);
    packet_pool_free(t.home.packets);
    t.home.packets = packet_pool_new(256);
    relay_room(&t.home, ROOM, 1, true, t.now);
    struct publisher *other = publisher_new(&t.home, SOURCE + 1, 0, ROOM, &line, 1, &carrier, NULL);
    struct publisher *first = t.publisher;
    for (unsigned i = 0; i < 600; i++) {
        t.publisher = i % 2 ? other : first;
        give_frame(&t, i < 2 || i % 100 < 2);
        read_away(&t);
    }
    t.publisher = first;
    assert_int_equal(t.home.stats.pool_empty, 0);
    publisher_free(other);
    end(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_that_begins_late_gets_the_cached_pictures_and_shares_the_packets),
        cmocka_unit_test(a_thread_that_does_not_read_misses_pictures_up_to_a_key_frame),
        cmocka_unit_test(a_wish_for_a_key_frame_goes_to_the_publishers_thread),
        cmocka_unit_test(copies_go_with_their_publisher_and_with_the_relay),
        cmocka_unit_test(copies_are_made_anew_when_news_of_them_were_lost),
        cmocka_unit_test(an_empty_pool_is_shared_out_with_the_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* tests/unit/routing/test_allocation.c: who gets which rung of what the network carries. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include "routing/allocation.h"

#include <cmocka.h>

#define KBIT 1000u

struct world {
    struct allocation allocation;
    struct allocation_slot slots[3];
    struct allocation_picture pictures[3];
    size_t count;
    usec_t now;
    uint64_t wanted;
};

/* A camera in three rungs, the lowest first, as browsers send them. */
static void camera(struct world *w, uint64_t low, uint64_t middle, uint64_t high) {
    struct allocation_picture *p = &w->pictures[w->count];
    *p = (struct allocation_picture){
        .slot = &w->slots[w->count++],
        .rung_count = 3,
        .rungs = {{.bits_s = low * KBIT, .width = 320, .height = 180, .usable = true},
                  {.bits_s = middle * KBIT, .width = 640, .height = 360, .usable = true},
                  {.bits_s = high * KBIT, .width = 1280, .height = 720, .usable = true}},
        .current = -1};
}

static void begin(struct world *w) {
    memset(w, 0, sizeof *w);
    w->now = SEC(100);
}

/* One look at it; what was chosen runs from then on. */
static int look(struct world *w, uint64_t kbit_s, float loss) {
    w->wanted = allocation_choose(&w->allocation, w->pictures, w->count, kbit_s * KBIT, 40 * KBIT,
                                  loss, w->now);
    for (size_t i = 0; i < w->count; i++) {
        w->pictures[i].current = w->pictures[i].chosen;
    }
    return w->pictures[0].chosen;
}

/* Looks every 100 ms for `time`; returns how often the first picture changed. */
static unsigned watch(struct world *w, uint64_t kbit_s, usec_t time) {
    unsigned changes = 0;
    for (const usec_t end = w->now + time; w->now < end; w->now += MSEC(100)) {
        const int before = w->pictures[0].current;
        changes += look(w, kbit_s, 0) != before;
    }
    return changes;
}

static void the_rate_decides_with_some_to_spare(void **state) {
    (void)state;
    static const struct {
        uint64_t rate;
        int rung;
    } table[] = {{100, 0},  {300, 0},  {600, 0},  {650, 1},
                 {1500, 1}, {1700, 1}, {1800, 2}, {9000, 2}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct world w;
        begin(&w);
        camera(&w, 150, 500, 1500);
        assert_int_equal(look(&w, table[i].rate, 0), table[i].rung);
    }
}

static void an_unknown_rate_begins_in_the_middle_and_goes_up_soon(void **state) {
    (void)state;
    struct world w;
    begin(&w);
    camera(&w, 150, 500, 1500);
    assert_int_equal(look(&w, 0, 0), 1);
    w.now += MSEC(1000);
    assert_int_equal(look(&w, 0, 0), 2);
    w.now += MSEC(1000); /* many packets are lost: back */
    look(&w, 0, 0.3f);
    w.now += MSEC(1000);
    assert_int_equal(look(&w, 0, 0.3f), 1);
}

static void a_rate_around_the_limit_does_not_make_it_flicker(void **state) {
    (void)state;
    struct world w;
    unsigned changes = 0;
    begin(&w);
    camera(&w, 150, 500, 1500);
    look(&w, 5000, 0);
    for (unsigned i = 0; i < 600; i++) { /* a minute between 1.3 and 1.9 Mbit/s, every second */
        const int before = w.pictures[0].current;
        changes += look(&w, i % 20 < 10 ? 1300 : 1900, 0) != before;
        w.now += MSEC(100);
    }
    assert_in_range(changes, 1, 9); /* waits of 4, 8, 16 and 32 s */
}

static void a_short_dip_is_no_reason_but_a_deep_one_is(void **state) {
    (void)state;
    struct world w;
    begin(&w);
    camera(&w, 150, 500, 1500);
    look(&w, 5000, 0);
    w.now += MSEC(100);
    assert_int_equal(look(&w, 1300, 0), 2);
    w.now += MSEC(100);
    assert_int_equal(look(&w, 5000, 0), 2);
    w.now += MSEC(2000); /* the dip before is forgotten */
    assert_int_equal(look(&w, 1300, 0), 2);
    w.now += MSEC(400);
    assert_int_equal(look(&w, 1300, 0), 1);
    begin(&w);
    camera(&w, 150, 500, 1500);
    look(&w, 5000, 0);
    assert_int_equal(look(&w, 400, 0), 0);
}

static void after_a_fall_it_comes_back_and_stays(void **state) {
    (void)state;
    struct world w;
    begin(&w);
    camera(&w, 150, 500, 1500);
    watch(&w, 5000, SEC(20));
    assert_int_equal(watch(&w, 300, SEC(5)), 1);
    assert_int_equal(w.pictures[0].chosen, 0);
    watch(&w, 5000, SEC(5));
    assert_int_equal(w.pictures[0].chosen, 2);
    assert_int_equal(watch(&w, 5000, SEC(20)), 0);
}

static void the_main_picture_comes_before_the_small_ones(void **state) {
    (void)state;
    struct world w;
    begin(&w);
    camera(&w, 150, 500, 1500);
    camera(&w, 100, 400, 1000);
    camera(&w, 100, 400, 1000);
    look(&w, 900, 0); /* 40 sound, 150 + 100 + 100, the first up to 500 */
    assert_int_equal(w.pictures[0].chosen, 1);
    assert_int_equal(w.pictures[1].chosen, 0);
    assert_int_equal(w.pictures[2].chosen, 0);
    begin(&w);
    camera(&w, 150, 500, 1500);
    camera(&w, 100, 400, 1000);
    camera(&w, 100, 400, 1000);
    look(&w, 2350, 0);
    assert_int_equal(w.pictures[0].chosen, 2);
    assert_int_equal(w.pictures[1].chosen, 1);
    assert_int_equal(w.pictures[2].chosen, 0);
}

static void small_pictures_rest_rather_than_spoil_the_main_one(void **state) {
    (void)state;
    struct world w;
    begin(&w);
    camera(&w, 150, 500, 1500);
    camera(&w, 100, 400, 1000);
    watch(&w, 3000, SEC(2));
    watch(&w, 220, SEC(2));
    assert_int_equal(w.pictures[0].chosen, 0);
    assert_int_equal(w.pictures[1].chosen, -1);
    watch(&w, 60, SEC(2)); /* the main one is sent as long as anything is */
    assert_int_equal(w.pictures[0].chosen, 0);
    watch(&w, 3000, SEC(10));
    assert_int_equal(w.pictures[0].chosen, 2);
    assert_int_equal(w.pictures[1].chosen, 2);
}

static void a_window_gets_what_it_shows_and_a_picked_rung_is_a_limit(void **state) {
    (void)state;
    struct world w;
    begin(&w);
    camera(&w, 150, 500, 1500);
    w.slots[0].wish = (struct allocation_wish){.width = 640, .height = 480};
    assert_int_equal(look(&w, 9000, 0), 1);
    assert_int_equal(w.wanted, 540 * KBIT); /* and nothing is looked for beyond it */
    w.slots[0].wish = (struct allocation_wish){.width = 1, .height = 1}; /* a hidden tab */
    assert_int_equal(look(&w, 9000, 0), 0);
    w.slots[0].wish = (struct allocation_wish){.width = 1920, .height = 1080};
    assert_int_equal(look(&w, 9000, 0), 2);
    w.slots[0].wish = (struct allocation_wish){.rung = 360};
    assert_int_equal(look(&w, 9000, 0), 1);
    w.slots[0].wish = (struct allocation_wish){.width = 320, .height = 180, .rung = 720};
    assert_int_equal(look(&w, 9000, 0), 2); /* picked by hand, whatever the window */
    w.slots[0].wish = (struct allocation_wish){.width = 1, .height = 1, .rung = 720};
    assert_int_equal(look(&w, 9000, 0), 0);                  /* but nobody looks */
    w.slots[0].wish = (struct allocation_wish){.rung = 100}; /* lower than there is */
    assert_int_equal(look(&w, 9000, 0), 0);
    w.slots[0].wish = (struct allocation_wish){.rung = 720};
    assert_int_equal(look(&w, 900, 0), 1); /* as far as the network carries it */
    assert_int_equal(look(&w, 9000, 0), 2);
}

static void wishes_are_obeyed_at_once_also_after_a_fall(void **state) {
    (void)state;
    struct world w;
    begin(&w);
    camera(&w, 150, 500, 1500);
    watch(&w, 3000, SEC(2));
    watch(&w, 300, SEC(1));
    assert_int_equal(look(&w, 3000, 0), 0); /* it fell a moment ago */
    w.slots[0].wish = (struct allocation_wish){.rung = 720};
    assert_int_equal(look(&w, 3000, 0), 2);
}

static void rungs_that_vanish_or_cannot_be_played_are_not_chosen(void **state) {
    (void)state;
    struct world w;
    begin(&w);
    camera(&w, 150, 500, 1500);
    look(&w, 9000, 0);
    w.pictures[0].rungs[2].usable = false;
    assert_int_equal(look(&w, 9000, 0), 1);
    w.pictures[0].rungs[1].usable = w.pictures[0].rungs[0].usable = false;
    assert_int_equal(look(&w, 9000, 0), -1);
    w.pictures[0].rungs[2].usable = true;
    assert_int_equal(look(&w, 9000, 0), 2);
    w.pictures[0].rung_count = 0;
    assert_int_equal(look(&w, 9000, 0), -1);
}

static void what_could_be_used_is_the_next_rung_up(void **state) {
    (void)state;
    struct world w;
    begin(&w);
    camera(&w, 150, 500, 1500);
    look(&w, 300, 0);
    assert_int_equal(w.wanted, (40 + 575) * KBIT);
    look(&w, 900, 0);
    assert_int_equal(w.wanted, (40 + 1725) * KBIT);
    look(&w, 2000, 0);
    assert_int_equal(w.wanted, (40 + 1500) * KBIT);
}

static void rungs_of_unknown_size_are_ordered_by_their_bits(void **state) {
    (void)state;
    struct world w;
    begin(&w);
    camera(&w, 900, 100, 400);
    for (int i = 0; i < 3; i++) {
        w.pictures[0].rungs[i].width = w.pictures[0].rungs[i].height = 0;
    }
    assert_int_equal(look(&w, 9000, 0), 0);
    assert_int_equal(look(&w, 200, 0), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rate_decides_with_some_to_spare),
        cmocka_unit_test(an_unknown_rate_begins_in_the_middle_and_goes_up_soon),
        cmocka_unit_test(a_rate_around_the_limit_does_not_make_it_flicker),
        cmocka_unit_test(a_short_dip_is_no_reason_but_a_deep_one_is),
        cmocka_unit_test(after_a_fall_it_comes_back_and_stays),
        cmocka_unit_test(the_main_picture_comes_before_the_small_ones),
        cmocka_unit_test(small_pictures_rest_rather_than_spoil_the_main_one),
        cmocka_unit_test(a_window_gets_what_it_shows_and_a_picked_rung_is_a_limit),
        cmocka_unit_test(wishes_are_obeyed_at_once_also_after_a_fall),
        cmocka_unit_test(rungs_that_vanish_or_cannot_be_played_are_not_chosen),
        cmocka_unit_test(what_could_be_used_is_the_next_rung_up),
        cmocka_unit_test(rungs_of_unknown_size_are_ordered_by_their_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

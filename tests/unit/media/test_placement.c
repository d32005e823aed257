#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "media/placement.h"

#define ROOM 8 /* at home on thread 0 of 4 */

static media_id next_id;

static unsigned join(struct placement *p, media_id room, enum media_role role, bool *ret_first) {
    const unsigned thread = placement_choose(p, room, role);
    assert_int_equal(placement_add(p, ++next_id, role == MEDIA_WATCH ? room : 0, thread, ret_first),
                     0);
    return thread;
}

static void small_rooms_stay_at_home_and_large_ones_spread(void **state) {
    (void)state;
    struct placement p;
    bool first;
    unsigned viewers[4] = {0};
    placement_init(&p, 4, 10);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(join(&p, ROOM, MEDIA_WATCH, &first), 0);
        assert_false(first);
    }
    for (unsigned i = 0; i < 90; i++) {
        viewers[join(&p, ROOM, MEDIA_WATCH, &first)]++;
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(p.sessions[i], 25);
    }
    assert_int_equal(join(&p, ROOM, MEDIA_PUBLISH, &first), 0); /* always at home */
    placement_clear(&p);
}

static void the_first_and_the_last_viewer_elsewhere_are_told(void **state) {
    (void)state;
    struct placement p;
    bool first;
    media_id room = 0;
    unsigned thread = 99;
    placement_init(&p, 2, 0);
    assert_int_equal(join(&p, ROOM, MEDIA_PUBLISH, &first), 0);
    assert_int_equal(join(&p, ROOM, MEDIA_WATCH, &first), 1);
    const media_id one = next_id;
    assert_true(first);
    assert_int_equal(join(&p, ROOM, MEDIA_WATCH, &first), 0); /* as many on each: home again */
    assert_false(first);
    const media_id two = next_id;
    assert_int_equal(join(&p, ROOM, MEDIA_WATCH, &first), 1);
    assert_false(first);
    const media_id three = next_id;
    assert_int_equal(placement_of(&p, three), 1);
    assert_false(placement_remove(&p, one, &room, &thread));
    assert_false(placement_remove(&p, two, &room, &thread));
    assert_true(placement_remove(&p, three, &room, &thread));
    assert_int_equal(room, ROOM);
    assert_int_equal(thread, 1);
    assert_false(placement_remove(&p, three, &room, &thread)); /* unknown by now */
    assert_int_equal(placement_of(&p, three), -ENOENT);
    placement_clear(&p);
}

static void a_closed_room_goes_with_its_last_viewer(void **state) {
    (void)state;
    struct placement p;
    bool first;
    media_id room;
    unsigned thread;
    placement_init(&p, 2, 0);
    join(&p, ROOM, MEDIA_WATCH, &first);
    placement_close_room(&p, ROOM);
    assert_non_null(placement_find_room(&p, ROOM));
    placement_remove(&p, next_id, &room, &thread);
    assert_null(placement_find_room(&p, ROOM));
    placement_close_room(&p, ROOM);
    placement_clear(&p);
}

static void recordings_go_where_the_fewest_are(void **state) {
    (void)state;
    struct placement p;
    bool first;
    placement_init(&p, 3, 100);
    for (unsigned i = 0; i < 30; i++) {
        join(&p, 0, MEDIA_PLAY, &first);
    }
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(p.sessions[i], 10);
    }
    placement_clear(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_rooms_stay_at_home_and_large_ones_spread),
        cmocka_unit_test(the_first_and_the_last_viewer_elsewhere_are_told),
        cmocka_unit_test(a_closed_room_goes_with_its_last_viewer),
        cmocka_unit_test(recordings_go_where_the_fewest_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

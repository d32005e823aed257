#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/map.h"

/* Against a plain array: a thousand keys put in, half taken out, in an order that makes long runs.
 */
static void finds_what_was_set_after_many_removals(void **state) {
    (void)state;
    enum { KEYS = 1000 };
    static int values[KEYS];
    struct map m;
    map_init(&m);
    assert_null(map_get(&m, 1));
    for (uint64_t k = 1; k <= KEYS; k++) {
        assert_int_equal(map_set(&m, k, &values[k - 1]), 0);
    }
    for (uint64_t k = 1; k <= KEYS; k += 2) {
        map_remove(&m, k);
    }
    map_remove(&m, 1);
    for (uint64_t k = 1; k <= KEYS; k++) {
        assert_ptr_equal(map_get(&m, k), k % 2 ? NULL : &values[k - 1]);
    }
    assert_int_equal(m.used, KEYS / 2);
    map_clear(&m);
}

static void a_hash_depends_on_seed_length_and_bytes(void **state) {
    (void)state;
    assert_int_not_equal(map_hash("abcdefgh", 8, 1), map_hash("abcdefgh", 8, 2));
    assert_int_not_equal(map_hash("abcdefgh", 8, 1), map_hash("abcdefgh", 7, 1));
    assert_int_not_equal(map_hash("abcdefghi", 9, 1), map_hash("abcdefghj", 9, 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_was_set_after_many_removals),
        cmocka_unit_test(a_hash_depends_on_seed_length_and_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Browsers with post-quantum key shares send a ClientHello that fills two datagrams. */
#include "dtls_pair.h"

#define RECORD 13
#define MESSAGE 12

/* The sequence numbers are ahead of what the client will use, but within the replay window.
 * One fragment of the handshake message in `whole` (RFC 6347 §4.2.3) as a datagram of its own. */
static size_t make_fragment(const uint8_t *whole, size_t from, size_t size, uint8_t sequence,
                            uint8_t *ret) {
    memcpy(ret, whole, RECORD + MESSAGE);
    ret[10] = sequence;
    write_be16(ret + 11, (uint16_t)(MESSAGE + size));
    write_be24(ret + RECORD + 6, (uint32_t)from);
    write_be24(ret + RECORD + 9, (uint32_t)size);
    memcpy(ret + RECORD + MESSAGE, whole + RECORD + MESSAGE + from, size);
    return RECORD + MESSAGE + size;
}

static void handshake_with_fragments(bool second_first) {
    struct pair p;
    uint8_t whole[DTLS_MTU], fragments[2][DTLS_MTU];
    pair_init(&p);
    int n = dtls_output(p.ends[DTLS_CLIENT], (struct room){whole, sizeof whole});
    size_t body = (size_t)n - RECORD - MESSAGE, half = body / 2;
    size_t sizes[2] = {make_fragment(whole, 0, half, 40, fragments[0]),
                       make_fragment(whole, half, body - half, 41, fragments[1])};
    for (int i = 0; i < 2; i++) {
        int k = second_first ? 1 - i : i;
        assert_int_equal(dtls_input(p.ends[DTLS_SERVER], bytes_of(fragments[k], sizes[k])), 0);
    }
    pair_run(&p, NULL, false, 0);
    pair_assert_open(&p);
    pair_clear(&p);
}

static void a_client_hello_may_come_in_two_datagrams(void **state) {
    (void)state;
    handshake_with_fragments(false);
}

static void and_the_second_may_come_first(void **state) {
    (void)state;
    handshake_with_fragments(true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_hello_may_come_in_two_datagrams),
        cmocka_unit_test(and_the_second_may_come_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A sequence of datagrams (each behind its size, two bytes) into a DTLS end. The first byte chooses
 * the role and whether the handshake is over, and the end settled, before they come. */
#include "transport/dtls.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { AS_CLIENT = 1, OPEN_FIRST = 2, SETTLED = 4, TIMEOUTS = 8 };

static void drain(struct dtls *from, struct dtls *to) {
    uint8_t datagram[DTLS_MTU];
    for (int n; (n = dtls_output(from, (struct room){datagram, sizeof datagram})) > 0;) {
        if (to != NULL) {
            dtls_input(to, bytes_of(datagram, (size_t)n));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct dtls_identity *identity;
    struct dtls_fingerprint expected;
    if (identity == NULL) {
        identity = dtls_identity_new();
    }
    if (size == 0) {
        return 0;
    }
    uint8_t options = data[0];
    enum dtls_role role = options & AS_CLIENT ? DTLS_CLIENT : DTLS_SERVER;
    dtls_identity_digest(identity, &expected);
    struct dtls *end = dtls_new(identity, role, &expected);
    if (options & OPEN_FIRST) {
        struct dtls *other =
            dtls_new(identity, role == DTLS_SERVER ? DTLS_CLIENT : DTLS_SERVER, &expected);
        for (int i = 0; i < 4; i++) {
            drain(other, end);
            drain(end, other);
        }
        dtls_free(other);
        if (dtls_state(end) != DTLS_OPEN) {
            abort();
        }
    }
    if (options & SETTLED) {
        dtls_settle(end);
    }
    for (size_t at = 1; at + 2 <= size;) {
        size_t n = read_be16(data + at);
        at += 2;
        n = n < size - at ? n : size - at;
        uint8_t *datagram = malloc(n > 0 ? n : 1); /* so that ASan sees every over-read */
        memcpy(datagram, data + at, n);
        dtls_input(end, bytes_of(datagram, n));
        free(datagram);
        if (options & TIMEOUTS) {
            dtls_timeout(end);
        }
        drain(end, NULL);
        at += n;
    }
    /* Nobody without the keys may open a session, or close one. */
    if ((dtls_state(end) == DTLS_OPEN) != ((options & OPEN_FIRST) != 0)) {
        abort();
    }
    dtls_close(end);
    drain(end, NULL);
    dtls_free(end);
    return 0;
}

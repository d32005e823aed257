/* STUN: whatever parses may be checked and answered; no byte is read past the end. */
#include <stdlib.h>

#include "wire/stun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes datagram = bytes_of(data, size), pwd = bytes_of_text("VOkJxbRl1RmTxUk/WvJxBt");
    struct stun_message m, back;
    uint8_t answer[STUN_MESSAGE_MAX];
    if (stun_parse(datagram, &m) < 0) {
        return 0;
    }
    stun_check_integrity(datagram, &m, pwd);
    stun_check_fingerprint(datagram, &m);
    for (size_t i = 0; i < m.username.n; i++) {
        answer[i % sizeof(answer)] = m.username.p[i];
    }
    int n = stun_write_error((struct room){answer, sizeof(answer)}, m.txid, 420,
                             "Unknown Attribute", m.unknown, m.unknown_count, pwd);
    if (n < 0 || stun_parse(bytes_of(answer, (size_t)n), &back) < 0 ||
        !stun_check_integrity(bytes_of(answer, (size_t)n), &back, pwd)) {
        abort();
    }
    if (m.mapped.family) {
        n = stun_write_success((struct room){answer, sizeof(answer)}, m.txid, &m.mapped, pwd);
        if (n < 0 || stun_parse(bytes_of(answer, (size_t)n), &back) < 0 ||
            !address_equal(&back.mapped, &m.mapped)) {
            abort();
        }
    }
    return 0;
}

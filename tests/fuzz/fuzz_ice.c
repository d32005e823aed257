/* A datagram into an ICE agent whose password is known, so that mutations of a good check pass its
 * integrity when the last byte of the input asks for a new signature. */
#include "transport/ice.h"
#include "wire/hash.h"
#include "wire/stun.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct ice_credentials local = {"ours", "our-password-of-enough-length"};
static const struct ice_credentials remote = {"theirs", "their-password-of-enough-length"};
static const struct ice_credentials new_local = {"ours2", "our-new-password-of-enough-length"};

/* Makes MESSAGE-INTEGRITY right and cuts what follows it. */
static size_t sign(uint8_t *datagram, size_t n, const char *pwd) {
    struct stun_message m;
    if (stun_parse(bytes_of(datagram, n), &m) < 0 || m.integrity_at == 0) {
        return n;
    }
    write_be16(datagram + 2, (uint16_t)(m.integrity_at + 24 - STUN_HEADER_SIZE));
    hmac_sha1(bytes_of_text(pwd), bytes_of(datagram, m.integrity_at),
              datagram + m.integrity_at + 4);
    return m.integrity_at + 24;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) {
        return 0;
    }
    struct ice ice;
    struct path path = {.remote = {.ip = {192, 0, 2, 1}, .port = 5000, .family = 4},
                        .local = {.ip = {10, 0, 0, 1}, .port = 7000, .family = 4}};
    uint8_t options = data[--size];
    uint8_t *datagram = malloc(size > 0 ? size : 1);
    memcpy(datagram, data, size);
    if (options & 1) {
        size = sign(datagram, size, local.pwd);
    }
    ice_init(&ice, &local, &remote, 0);
    if (options & 2) {
        ice_restart(&ice, &new_local, &remote, SEC(1));
    }
    for (usec_t now = SEC(1); now < SEC(80); now += SEC(options & 4 ? 40 : 25)) {
        uint8_t answer[ICE_RESPONSE_MAX];
        struct path to;
        path.remote.port++;
        int result = ice_input(&ice, bytes_of(datagram, size), &path, now);
        if (ice_allows(&ice, &path) && result != 0) {
            abort();
        }
        while (ice_output(&ice, (struct room){answer, sizeof answer}, &to) > 0) {
        }
    }
    char ufrag[ICE_UFRAG_MAX];
    (void)ice_ufrag_of(bytes_of(datagram, size), ufrag);
    free(datagram);
    return 0;
}

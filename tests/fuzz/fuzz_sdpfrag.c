/* Trickle fragments: credentials that are handed out are such as we would write. */
#include <stdlib.h>

#include "signal/negotiation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct ice_credentials current = {"EsAw", "P2uYro0UCOQ4zxjKXaWCBui1"};
    struct ice_credentials got;
    bool restart = false;
    if (negotiation_parse_fragment(bytes_of(data, size), &current, &got, &restart) == 0) {
        bool has = got.ufrag[0] != '\0';
        if (has != (got.pwd[0] != '\0') || (restart && !has) ||
            (has && !sdp_is_ice_text(bytes_of_text(got.ufrag), 4, 256))) {
            abort();
        }
    }
    return 0;
}

/* WebSocket messages and the fields of API bodies. */
#include "signal/envelope.h"
#include "signal/rfc3339.h"
#include "wire/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const known[] = {"visit", "token", "name", "starts_at", NULL};
    struct envelope e;
    const char *text = NULL;
    int64_t time = 0;

    if (envelope_parse(bytes_of(data, size), &e) < 0) {
        return 0;
    }
    json_unknown_member(e.data, known);
    json_get_text(e.data, "name", &text);
    if (json_get_text(e.data, "starts_at", &text) == 0) {
        rfc3339_parse(text, &time);
    }
    free(envelope_error(e.id, e.type, "echo"));
    free(envelope_text(e.type, e.id, 1, json_duplicate(e.data)));
    envelope_clear(&e);
    return 0;
}

/* Offers: every role on every text; an answer is a description of as many lines, without a byte
 * that the offer could have smuggled in. */
#include <stdlib.h>

#include "signal/negotiation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_answer(struct bytes answer, const struct media_session_config *config) {
    static struct sdp sdp;
    const char *reason;
    if (sdp_parse(answer, &sdp, &reason) < 0 || sdp.media_count != config->line_count) {
        abort();
    }
    for (size_t i = 0; i < config->line_count; i++) {
        const struct media_line *line = &config->lines[i];
        if (line->active != (sdp.media[i].port != 0) ||
            (line->active && line->payload_count == 0) ||
            (config->role != MEDIA_PUBLISH && line->active && line->ssrc == 0)) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t answer[NEGOTIATION_ANSWER_MAX];
    static struct media_session_config config;
    struct negotiation_policy policy = {
        .local_ice = {.ufrag = "srv1", .pwd = "abcdefghijklmnopqrstuv"},
        .fingerprint = "00:11:22:33",
        .address_count = 1,
        .codecs = NEGOTIATION_ALL_CODECS,
        .seed = size};
    address_parse("192.0.2.1", 5000, &policy.addresses[0]);
    for (int role = MEDIA_PUBLISH; role <= MEDIA_PLAY; role++) {
        struct negotiation_error error = {.status = 0};
        policy.role = (enum media_role)role;
        struct room room = {answer, sizeof(answer)};
        int n = negotiate(bytes_of(data, size), &policy, &config, room, &error);
        if (n >= 0) {
            check_answer(bytes_of(answer, (size_t)n), &config);
        } else if ((error.status != 400 && error.status != 422) || !error.type ||
                   !error.sentence[0]) {
            abort();
        }
    }
    return 0;
}

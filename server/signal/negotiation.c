#include "signal/negotiation.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "signal/negotiation_line.h"

#define AUDIO_CODECS NEGOTIATION_CODEC(CODEC_OPUS)
#define UFRAG_MIN 4 /* RFC 8839 §5.4 */
#define PWD_MIN 22

/* One negotiation while it lasts. */
struct negotiation {
    const struct negotiation_policy *policy;
    struct sdp offer;
    struct media_session_config config;
    struct negotiation_error error;
};

static int refuse(struct negotiation *n, int status, const char *type, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static int refuse(struct negotiation *n, int status, const char *type, const char *format, ...) {
    va_list ap;
    n->error = (struct negotiation_error){.status = status, .type = type};
    va_start(ap, format);
    vsnprintf(n->error.sentence, sizeof(n->error.sentence), format, ap);
    va_end(ap);
    return -EINVAL;
}

/* For %.*s: the part of an offer's text that may stand in a sentence. */
#define SHORT(text) (int)((text).n < 40 ? (text).n : 40), (text).n ? (const char *)(text).p : ""
#define WHOLE(text) (int)(text).n, (text).n ? (const char *)(text).p : ""

/* ---- reading the offer ---- */

static int parse_offer(struct negotiation *n, struct bytes offer) {
    const char *reason = "";
    n->offer.media_count = 0;
    int r = sdp_parse(offer, &n->offer, &reason);
    if (r == -EMSGSIZE) {
        bool lines = n->offer.media_count == SDP_MEDIA_MAX;
        return refuse(n, 422, lines ? "too-many-lines" : "sdp-too-large",
                      "The offer cannot be served: %s.", reason);
    }
    if (r < 0) {
        return refuse(n, 400, "sdp-malformed", "The offer is no session description: %s.", reason);
    }
    if (n->offer.media_count == 0) {
        return refuse(n, 422, "no-media", "The offer has no m= line.");
    }
    if (n->offer.media_count > MEDIA_LINES_MAX) {
        return refuse(n, 422, "too-many-lines",
                      "The offer has %zu m= lines; at most %d are served.", n->offer.media_count,
                      MEDIA_LINES_MAX);
    }
    return 0;
}

static bool
is_token(struct bytes text) { /* RFC 8866 §9, and nothing a log or an answer would mind */
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (c <= 0x20 || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]", c)) {
            return false;
        }
    }
    return text.n > 0;
}

static int check_mids(struct negotiation *n) {
    for (size_t i = 0; i < n->offer.media_count; i++) {
        struct bytes mid = n->offer.media[i].mid;
        if (mid.n == 0) {
            continue; /* not part of any bundle */
        }
        if (!is_token(mid)) {
            return refuse(n, 400, "sdp-malformed", "The a=mid of m= line %zu is no token.", i + 1);
        }
        if (mid.n >= MEDIA_MID_MAX) {
            return refuse(n, 422, "sdp-too-large",
                          "The a=mid of m= line %zu is longer than %d characters.", i + 1,
                          MEDIA_MID_MAX - 1);
        }
        for (size_t k = 0; k < i; k++) {
            if (bytes_equal(mid, n->offer.media[k].mid)) {
                return refuse(n, 400, "sdp-malformed", "Two m= lines have the a=mid %.*s.",
                              WHOLE(mid));
            }
        }
    }
    return 0;
}

/* The mids of the first a=group:BUNDLE (RFC 9143 §7.2); false when there is none. */
static bool find_bundle(const struct sdp *offer, struct bytes *ret_mids) {
    struct bytes lines = offer->session, name, value, word;
    while (sdp_next_attribute(&lines, &name, &value)) {
        if (sdp_is(name, "group") && sdp_next_word(&value, ' ', &word) && sdp_is(word, "BUNDLE")) {
            *ret_mids = value;
            return true;
        }
    }
    return false;
}

static bool is_in(struct bytes mids, struct bytes mid) {
    struct bytes word;
    while (mid.n && sdp_next_word(&mids, ' ', &word)) {
        if (bytes_equal(word, mid)) {
            return true;
        }
    }
    return false;
}

/* Reads every line; what is not served stays inactive. */
static int read_lines(struct negotiation *n, struct bytes bundle) {
    size_t outcomes[4] = {0}, served[2] = {0}, without_codec[2] = {0}, outside = 0;
    uint32_t codecs = n->policy->codecs;
    n->config.line_count = n->offer.media_count;
    for (size_t i = 0; i < n->offer.media_count; i++) {
        const struct sdp_media *m = &n->offer.media[i];
        struct media_line *line = &n->config.lines[i];
        enum line_outcome outcome = negotiation_read_line(&n->offer, m, n->policy->role, codecs,
                                                          n->policy->preferred, line);
        if (outcome == LINE_SERVED && !is_in(bundle, m->mid)) {
            line->active = false;
            outside++;
        } else if (outcome == LINE_SERVED && n->policy->role == MEDIA_PLAY && served[line->kind]) {
            line->active = false; /* a presentation has one picture and one sound */
        } else if (outcome == LINE_SERVED) {
            served[line->kind]++;
        } else if (outcome == LINE_NO_CODEC) {
            without_codec[line->kind]++;
        }
        outcomes[outcome]++;
    }
    for (int kind = MEDIA_AUDIO; kind <= MEDIA_VIDEO; kind++) {
        uint32_t wanted = kind == MEDIA_AUDIO ? codecs & AUDIO_CODECS : codecs & ~AUDIO_CODECS;
        bool nothing_else = served[MEDIA_AUDIO] + served[MEDIA_VIDEO] == 0;
        if (without_codec[kind] && !served[kind] && (wanted || nothing_else)) {
            return refuse(n, 422, "no-codec", "The offer has no %s codec that is served here (%s).",
                          kind == MEDIA_AUDIO ? "audio" : "video",
                          kind == MEDIA_AUDIO ? "Opus"
                          : n->policy->role == MEDIA_PLAY
                              ? "the recording has another"
                              : "VP8, VP9 profile 0, H.264 with packetization-mode=1, AV1");
        }
    }
    if (served[MEDIA_AUDIO] + served[MEDIA_VIDEO] > 0) {
        return 0;
    }
    if (outside) {
        return refuse(n, 422, "no-bundle", "No m= line of the offer is in its BUNDLE group.");
    }
    if (outcomes[LINE_DIRECTION]) {
        return refuse(n, 422, "direction", "No m= line of the offer %s.",
                      n->policy->role == MEDIA_PUBLISH ? "sends (a=sendonly or a=sendrecv)"
                                                       : "receives (a=recvonly or a=sendrecv)");
    }
    return refuse(n, 422, "no-media",
                  "The offer has no active audio or video line over DTLS-SRTP.");
}

static const struct sdp_media *first_served(const struct negotiation *n) {
    size_t i = 0;
    while (!n->config.lines[i].active) {
        i++;
    }
    return &n->offer.media[i];
}

static int read_ice(struct negotiation *n, const struct sdp_media *m) {
    struct bytes ufrag, pwd;
    struct ice_credentials *ice = &n->config.remote_ice;
    if (!sdp_find_in_media(&n->offer, m, "ice-ufrag", &ufrag) ||
        !sdp_find_in_media(&n->offer, m, "ice-pwd", &pwd)) {
        return refuse(n, 422, "no-ice",
                      "The offer has no ICE credentials (a=ice-ufrag, a=ice-pwd).");
    }
    if (!sdp_is_ice_text(ufrag, UFRAG_MIN, ICE_UFRAG_MAX - 1) ||
        !sdp_is_ice_text(pwd, PWD_MIN, ICE_PWD_MAX - 1)) {
        return refuse(n, 400, "sdp-malformed",
                      "The ICE credentials are not as RFC 8839 wants them.");
    }
    sdp_copy(ufrag, ice->ufrag, sizeof(ice->ufrag));
    sdp_copy(pwd, ice->pwd, sizeof(ice->pwd));
    return 0;
}

/* The first fingerprint with a hash we know (RFC 8122 §5 allows several). 1 found, 0 none, -EINVAL.
 */
static int pick_fingerprint(struct negotiation *n, struct bytes lines, bool *ret_other) {
    struct bytes name, value;
    while (sdp_next_attribute(&lines, &name, &value)) {
        if (!sdp_is(name, "fingerprint")) {
            continue;
        }
        int r = sdp_parse_fingerprint(value, &n->config.remote_fingerprint);
        if (r == 0) {
            return 1;
        }
        if (r == -EINVAL) {
            return refuse(n, 400, "sdp-malformed", "The a=fingerprint is malformed.");
        }
        *ret_other = true;
    }
    return 0;
}

static int read_dtls(struct negotiation *n, const struct sdp_media *m) {
    struct bytes setup;
    bool other = false;
    int r = pick_fingerprint(n, m->lines, &other);
    if (r == 0 && !other) {
        r = pick_fingerprint(n, n->offer.session, &other);
    }
    if (r < 0) {
        return r;
    }
    if (r == 0 && other) {
        return refuse(n, 422, "fingerprint-hash",
                      "The fingerprint's hash is not served (sha-256, sha-384 and sha-512 are).");
    }
    if (r == 0) {
        return refuse(n, 422, "no-fingerprint",
                      "The offer has no a=fingerprint; media is only carried over DTLS-SRTP.");
    }
    if (sdp_find_in_media(&n->offer, m, "setup", &setup) && !sdp_is(setup, "actpass") &&
        !sdp_is(setup, "active")) {
        return refuse(
            n, 422, "dtls-role",
            "a=setup:%.*s cannot be served: this side is passive, offer actpass or active.",
            SHORT(setup));
    }
    return 0;
}

static int check_rtcp_mux(struct negotiation *n) {
    for (size_t i = 0; i < n->config.line_count; i++) {
        if (n->config.lines[i].active && !sdp_find(n->offer.media[i].lines, "rtcp-mux", NULL)) {
            return refuse(n, 422, "no-rtcp-mux",
                          "m= line %zu has no a=rtcp-mux; RTP and RTCP share one port.", i + 1);
        }
    }
    return 0;
}

/* ---- what we announce ---- */

/* SplitMix64 (Steele, Lea, Flood 2014): from one seed, values that do not repeat. */
static uint64_t next_random(uint64_t *state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static bool is_ssrc_used(const struct media_session_config *config, uint32_t ssrc) {
    for (size_t i = 0; i < config->line_count; i++) {
        if (config->lines[i].ssrc == ssrc || config->lines[i].rtx_ssrc == ssrc) {
            return true;
        }
    }
    return ssrc == 0;
}

static uint32_t choose_ssrc(const struct media_session_config *config, uint64_t *state) {
    uint32_t ssrc;
    do {
        ssrc = (uint32_t)next_random(state);
    } while (is_ssrc_used(config, ssrc));
    return ssrc;
}

static bool has_rtx(const struct media_line *line) {
    for (size_t i = 0; i < line->payload_count; i++) {
        if (line->payloads[i].rtx_type) {
            return true;
        }
    }
    return false;
}

static void choose_ssrcs(struct media_session_config *config, uint64_t *state) {
    for (size_t i = 0; i < config->line_count; i++) {
        struct media_line *line = &config->lines[i];
        if (line->active && config->role != MEDIA_PUBLISH) {
            line->ssrc = choose_ssrc(config, state);
            line->rtx_ssrc = has_rtx(line) ? choose_ssrc(config, state) : 0;
        }
    }
}

/* ---- writing the answer ---- */

static void write_candidates(struct sdp_writer *w, const struct negotiation_policy *policy) {
    for (size_t i = 0; i < policy->address_count; i++) {
        char ip[ADDRESS_TEXT_MAX];
        address_ip_text(&policy->addresses[i], ip);
        /* RFC 8445 §5.1.2.1: type preference of host, local preference, component 1 */
        uint32_t priority = 126u << 24 | (uint32_t)(65535 - i) << 8 | 255;
        sdp_line(w, "a=candidate:%zu 1 udp %" PRIu32 " %s %u typ host", i + 1, priority, ip,
                 policy->addresses[i].port);
    }
    /* RFC 6544 §4.2: below every UDP candidate; direction preference 4 of a passive host candidate
     */
    for (size_t i = 0; policy->tcp_port != 0 && i < policy->address_count; i++) {
        char ip[ADDRESS_TEXT_MAX];
        address_ip_text(&policy->addresses[i], ip);
        uint32_t priority = 90u << 24 | (4u << 13 | (uint32_t)(8191 - i)) << 8 | 255;
        sdp_line(w, "a=candidate:%zu 1 tcp %" PRIu32 " %s %u typ host tcptype passive",
                 policy->address_count + i + 1, priority, ip, policy->tcp_port);
    }
    sdp_line(w, "a=end-of-candidates");
}

static void write_transport(struct sdp_writer *w, const struct negotiation_policy *policy) {
    sdp_line(w, "a=ice-ufrag:%s", policy->local_ice.ufrag);
    sdp_line(w, "a=ice-pwd:%s", policy->local_ice.pwd);
    sdp_line(w, "a=fingerprint:sha-256 %s", policy->fingerprint);
    sdp_line(w, "a=setup:passive");
}

static void write_payload(struct sdp_writer *w, const struct sdp_media *m,
                          const struct media_payload *p, bool publishes) {
    bool audio = p->codec == CODEC_OPUS;
    struct bytes fmtp = bytes_of_text(p->fmtp), value;
    sdp_line(w, "a=rtpmap:%u %s/%" PRIu32 "%s", p->type, media_codec_name(p->codec),
             media_codec_clock(p->codec), audio ? "/2" : "");
    if (audio) {
        bool stereo = (sdp_fmtp_parameter(fmtp, "stereo", &value) && sdp_is(value, "1")) ||
                      (sdp_fmtp_parameter(fmtp, "sprop-stereo", &value) && sdp_is(value, "1"));
        sdp_line(w, "a=fmtp:%u minptime=10;useinbandfec=1%s", p->type, stereo ? ";stereo=1" : "");
    } else if (fmtp.n) {
        sdp_line(w, "a=fmtp:%u %s", p->type, p->fmtp);
    }
    if (p->twcc) {
        sdp_line(w, "a=rtcp-fb:%u transport-cc", p->type);
    }
    if (!publishes && negotiation_offers_feedback(m, p->type, "goog-remb")) {
        sdp_line(w, "a=rtcp-fb:%u goog-remb", p->type);
    }
    if (p->nack) {
        sdp_line(w, "a=rtcp-fb:%u nack", p->type);
    }
    if (p->pli) {
        sdp_line(w, "a=rtcp-fb:%u nack pli", p->type);
    }
    if (negotiation_offers_feedback(m, p->type, "ccm fir")) {
        sdp_line(w, "a=rtcp-fb:%u ccm fir", p->type);
    }
    if (p->rtx_type) {
        sdp_line(w, "a=rtpmap:%u rtx/90000", p->rtx_type);
        sdp_line(w, "a=fmtp:%u apt=%u", p->rtx_type, p->type);
    }
}

/* A publisher's streams (RFC 8853 §5.3.2: the directions are mirrored). */
static void write_rids(struct sdp_writer *w, const struct media_line *line) {
    char list[MEDIA_RIDS_MAX * (MEDIA_MID_MAX + 1)] = "";
    for (size_t i = 0; i < line->rid_count; i++) {
        size_t used = strlen(list);
        sdp_line(w, "a=rid:%s recv", line->rids[i]);
        snprintf(list + used, sizeof(list) - used, "%s%s", i ? ";" : "", line->rids[i]);
    }
    if (line->rid_count) {
        sdp_line(w, "a=simulcast:recv %s", list);
    }
}

/* A viewer's slot: sound and picture of the same number share a stream, so that lips stay in sync.
 */
static void write_slot(struct sdp_writer *w, const struct media_line *line, size_t slot) {
    const char *kind = line->kind == MEDIA_AUDIO ? "audio" : "video";
    sdp_line(w, "a=msid:slot-%zu %s-%zu", slot, kind, slot);
    if (line->rtx_ssrc) {
        sdp_line(w, "a=ssrc-group:FID %" PRIu32 " %" PRIu32, line->ssrc, line->rtx_ssrc);
    }
    for (int i = 0; i < (line->rtx_ssrc ? 2 : 1); i++) {
        uint32_t ssrc = i ? line->rtx_ssrc : line->ssrc;
        sdp_line(w, "a=ssrc:%" PRIu32 " cname:parlour", ssrc);
        sdp_line(w, "a=ssrc:%" PRIu32 " msid:slot-%zu %s-%zu", ssrc, slot, kind, slot);
    }
}

static void write_refused_line(struct sdp_writer *w, const struct negotiation_policy *policy,
                               const struct sdp_media *m) {
    struct bytes formats = m->formats, format = bytes_of_text("0");
    sdp_next_word(&formats, ' ', &format);
    sdp_line(w, "m=%.*s 0 %.*s %.*s", WHOLE(m->kind), WHOLE(m->proto), WHOLE(format));
    sdp_line(w, "c=IN IP4 0.0.0.0");
    if (m->mid.n) {
        sdp_line(w, "a=mid:%.*s", WHOLE(m->mid));
    }
    sdp_line(w, "a=inactive");
    write_transport(w, policy); /* GStreamer's webrtcbin looks for it on every line */
}

static void write_served_line(struct sdp_writer *w, const struct negotiation *n, size_t index,
                              size_t slot, bool with_candidates) {
    const struct sdp_media *m = &n->offer.media[index];
    const struct media_line *line = &n->config.lines[index];
    bool publishes = n->policy->role == MEDIA_PUBLISH;
    char types[MEDIA_PAYLOADS_MAX * 8 + 1] = "";
    for (size_t i = 0, used = 0; i < line->payload_count; i++) {
        const struct media_payload *p = &line->payloads[i];
        used += (size_t)snprintf(types + used, sizeof(types) - used, " %u", p->type);
        if (p->rtx_type) {
            used += (size_t)snprintf(types + used, sizeof(types) - used, " %u", p->rtx_type);
        }
    }
    sdp_line(w, "m=%.*s 9 %.*s%s", WHOLE(m->kind), WHOLE(m->proto), types);
    sdp_line(w, "c=IN IP4 0.0.0.0");
    sdp_line(w, "a=mid:%s", line->mid);
    sdp_line(w, publishes ? "a=recvonly" : "a=sendonly");
    write_transport(w, n->policy);
    sdp_line(w, "a=rtcp-mux");
    if (sdp_find(m->lines, "rtcp-rsize", NULL)) {
        sdp_line(w, "a=rtcp-rsize");
    }
    if (sdp_find(m->lines, "extmap-allow-mixed", NULL)) {
        sdp_line(w, "a=extmap-allow-mixed");
    }
    for (int e = 0; e < EXT_COUNT; e++) {
        if (line->extension_ids[e]) {
            sdp_line(w, "a=extmap:%u %s", line->extension_ids[e],
                     negotiation_extension_uri((enum rtp_extension)e));
        }
    }
    for (size_t i = 0; i < line->payload_count; i++) {
        write_payload(w, m, &line->payloads[i], publishes);
    }
    if (publishes) {
        write_rids(w, line);
    } else {
        write_slot(w, line, slot);
    }
    if (with_candidates) {
        write_candidates(w, n->policy);
    }
}

static int write_answer(const struct negotiation *n, uint64_t session_number, struct room room) {
    struct sdp_writer w;
    char group[MEDIA_LINES_MAX * (MEDIA_MID_MAX + 1)] = "";
    for (size_t i = 0, used = 0; i < n->config.line_count; i++) {
        if (n->config.lines[i].active) {
            used +=
                (size_t)snprintf(group + used, sizeof(group) - used, " %s", n->config.lines[i].mid);
        }
    }
    sdp_writer_init(&w, room);
    sdp_line(&w, "v=0");
    sdp_line(&w, "o=- %" PRIu64 " 1 IN IP4 0.0.0.0",
             session_number >> 1); /* 63 bits, RFC 8829 §5.2.1 */
    sdp_line(&w, "s=-");
    sdp_line(&w, "t=0 0");
    sdp_line(&w, "a=group:BUNDLE%s", group);
    if (sdp_find(n->offer.session, "extmap-allow-mixed", NULL)) {
        sdp_line(&w, "a=extmap-allow-mixed");
    }
    sdp_line(&w, "a=msid-semantic:WMS *");
    sdp_line(&w, "a=ice-lite");
    sdp_line(&w, "a=ice-options:trickle");
    size_t slots[2] = {0};
    bool first = true;
    for (size_t i = 0; i < n->config.line_count; i++) {
        const struct media_line *line = &n->config.lines[i];
        if (line->active) {
            write_served_line(&w, n, i, slots[line->kind]++, first);
            first = false;
        } else {
            write_refused_line(&w, n->policy, &n->offer.media[i]);
        }
    }
    return sdp_writer_end(&w);
}

static int run(struct negotiation *n, struct bytes offer, struct room ret_answer) {
    struct bytes bundle;
    uint64_t state = n->policy->seed;
    int r = parse_offer(n, offer);
    if (r < 0 || (r = check_mids(n)) < 0) {
        return r;
    }
    if (!find_bundle(&n->offer, &bundle)) {
        return refuse(n, 422, "no-bundle",
                      "The offer has no a=group:BUNDLE; all media shares one transport here.");
    }
    if ((r = read_lines(n, bundle)) < 0 || (r = read_ice(n, first_served(n))) < 0 ||
        (r = read_dtls(n, first_served(n))) < 0 || (r = check_rtcp_mux(n)) < 0) {
        return r;
    }
    n->config.role = n->policy->role;
    n->config.local_ice = n->policy->local_ice;
    choose_ssrcs(&n->config, &state);
    r = write_answer(n, next_random(&state), ret_answer);
    return r < 0
               ? refuse(n, 422, "answer-too-large", "The answer to this offer would be too large.")
               : r;
}

int negotiate(struct bytes offer, const struct negotiation_policy *policy,
              struct media_session_config *ret, struct room ret_answer,
              struct negotiation_error *ret_error) {
    struct negotiation n;
    memset(&n.config, 0, sizeof(n.config));
    n.policy = policy;
    int r = run(&n, offer, ret_answer);
    if (r < 0) {
        *ret_error = n.error;
    } else {
        *ret = n.config;
    }
    return r;
}

/* ---- fragments ---- */

int negotiation_parse_fragment(struct bytes fragment, const struct ice_credentials *current,
                               struct ice_credentials *ret, bool *ret_restart) {
    struct ice_credentials found = {.ufrag = ""};
    struct bytes rest = fragment, name, value;
    bool has_ufrag = false, has_pwd = false;
    if (fragment.n > SDP_TEXT_MAX || !sdp_is_lines(fragment)) {
        return -EINVAL;
    }
    while (sdp_next_attribute(&rest, &name, &value)) {
        if (sdp_is(name, "ice-ufrag") && !has_ufrag) {
            has_ufrag = sdp_is_ice_text(value, UFRAG_MIN, ICE_UFRAG_MAX - 1) &&
                        sdp_copy(value, found.ufrag, sizeof(found.ufrag));
            if (!has_ufrag) {
                return -EINVAL;
            }
        } else if (sdp_is(name, "ice-pwd") && !has_pwd) {
            has_pwd = sdp_is_ice_text(value, PWD_MIN, ICE_PWD_MAX - 1) &&
                      sdp_copy(value, found.pwd, sizeof(found.pwd));
            if (!has_pwd) {
                return -EINVAL;
            }
        }
    }
    if (has_ufrag != has_pwd) {
        return -EINVAL;
    }
    *ret_restart = has_ufrag && (!current || strcmp(found.ufrag, current->ufrag) != 0 ||
                                 strcmp(found.pwd, current->pwd) != 0);
    *ret = found;
    return 0;
}

int negotiation_write_fragment(struct room room, const struct negotiation_policy *policy,
                               const char *first_mid) {
    struct sdp_writer w;
    sdp_writer_init(&w, room);
    sdp_line(&w, "a=ice-lite");
    sdp_line(&w, "a=ice-options:trickle");
    sdp_line(&w, "a=group:BUNDLE %s", first_mid);
    sdp_line(&w, "m=audio 9 UDP/TLS/RTP/SAVPF 0"); /* a pseudo m= line, RFC 8840 §9 */
    sdp_line(&w, "a=mid:%s", first_mid);
    sdp_line(&w, "a=ice-ufrag:%s", policy->local_ice.ufrag);
    sdp_line(&w, "a=ice-pwd:%s", policy->local_ice.pwd);
    write_candidates(&w, policy);
    return sdp_writer_end(&w);
}

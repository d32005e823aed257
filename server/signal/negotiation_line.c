#include "signal/negotiation_line.h"

#include <stdio.h>

#include "wire/h264.h"

/* Hostile offers must not make us scan their text without end. */
#define FORMATS_READ_MAX 64
#define RTX_TRIES_MAX 4
#define STREAMS_READ_MAX 8

#define BIT(x) (1u << (x))

/* What a role may use (RFC 8285 ids are the offerer's). */
static const uint32_t viewer_extensions = BIT(EXT_MID) | BIT(EXT_TWCC) | BIT(EXT_ABS_CAPTURE_TIME) |
                                          BIT(EXT_AUDIO_LEVEL) | BIT(EXT_VIDEO_ORIENTATION) |
                                          BIT(EXT_COLOR_SPACE) | BIT(EXT_PLAYOUT_DELAY) |
                                          BIT(EXT_DEPENDENCY);
static const uint32_t publisher_extensions = BIT(EXT_COUNT) - 1;

const char *negotiation_extension_uri(enum rtp_extension extension) {
    static const char *const uris[EXT_COUNT] = {
        [EXT_MID] = "urn:ietf:params:rtp-hdrext:sdes:mid",
        [EXT_RID] = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
        [EXT_REPAIRED_RID] = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
        [EXT_TWCC] = "http://www.ietf.org/id/"
                     "draft-holmer-rmcat-transport-wide-cc-extensions-01",
        [EXT_ABS_SEND_TIME] = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
        [EXT_ABS_CAPTURE_TIME] = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
        [EXT_AUDIO_LEVEL] = "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        [EXT_VIDEO_ORIENTATION] = "urn:3gpp:video-orientation",
        [EXT_COLOR_SPACE] = "http://www.webrtc.org/experiments/rtp-hdrext/color-space",
        [EXT_DEPENDENCY] = "https://aomediacodec.github.io/av1-rtp-spec/"
                           "#dependency-descriptor-rtp-header-extension",
        [EXT_PLAYOUT_DELAY] = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
    };
    return uris[extension];
}

/* ---- codecs ---- */

static bool parameter_is(struct bytes fmtp, const char *key, const char *value, bool when_absent) {
    struct bytes found;
    return sdp_fmtp_parameter(fmtp, key, &found) ? sdp_is(found, value) : when_absent;
}

static bool is_h264_served(struct bytes fmtp) {
    struct bytes profile;
    if (!parameter_is(fmtp, "packetization-mode", "1", false)) {
        return false;
    }
    return !sdp_fmtp_parameter(fmtp, "profile-level-id", &profile) ||
           h264_profile_of(profile) != H264_OTHER;
}

/* The codec of "VP8/90000" or "opus/48000/2" with its parameters; CODEC_NONE when not served. */
static enum media_codec codec_of(struct bytes rtpmap, struct bytes fmtp) {
    struct bytes name, clock, channels;
    uint64_t rate;
    if (!sdp_next_word(&rtpmap, '/', &name) || !sdp_next_word(&rtpmap, '/', &clock) ||
        sdp_number(clock, UINT32_MAX, &rate) < 0) {
        return CODEC_NONE;
    }
    if (sdp_is_word_nocase(name, "opus")) {
        bool two = sdp_next_word(&rtpmap, '/', &channels) && sdp_is(channels, "2");
        return rate == 48000 && two ? CODEC_OPUS : CODEC_NONE;
    }
    if (rate != 90000) {
        return CODEC_NONE;
    }
    if (sdp_is_word_nocase(name, "VP8")) {
        return CODEC_VP8;
    }
    if (sdp_is_word_nocase(name, "VP9")) {
        return parameter_is(fmtp, "profile-id", "0", true) ? CODEC_VP9 : CODEC_NONE;
    }
    if (sdp_is_word_nocase(name, "H264")) {
        return is_h264_served(fmtp) ? CODEC_H264 : CODEC_NONE;
    }
    if (sdp_is_word_nocase(name, "AV1")) {
        return parameter_is(fmtp, "profile", "0", true) ? CODEC_AV1 : CODEC_NONE;
    }
    return CODEC_NONE;
}

/* The offer's fmtp for our answer. Parameter sets describe the sender's own stream and are long:
 * H.264 then keeps what names the format (RFC 6184 §8.2.2). */
static void keep_fmtp(enum media_codec codec, struct bytes fmtp, char *ret, size_t size) {
    struct bytes value;
    bool has_sets = sdp_fmtp_parameter(fmtp, "sprop-parameter-sets", &value);
    if (!(codec == CODEC_H264 && has_sets) && sdp_copy(fmtp, ret, size)) {
        return;
    }
    ret[0] = '\0';
    if (codec == CODEC_H264) {
        if (!sdp_fmtp_parameter(fmtp, "profile-level-id", &value) || value.n != 6) {
            value = bytes_of_text("42000a"); /* the default, RFC 6184 §8.1 */
        }
        snprintf(ret, size, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=%.6s",
                 (const char *)value.p);
    }
}

static bool is_offered(const struct sdp_media *media, uint64_t type) {
    struct bytes formats = media->formats, word;
    uint64_t offered;
    for (int i = 0; i < FORMATS_READ_MAX && sdp_next_word(&formats, ' ', &word); i++) {
        if (sdp_number(word, 127, &offered) == 0 && offered == type) {
            return true;
        }
    }
    return false;
}

/* The payload type that retransmits `type` (RFC 4588 §8.1), or 0. */
static uint8_t find_rtx(const struct sdp_media *media, unsigned type) {
    struct bytes lines = media->lines, name, value, word, apt, rtpmap;
    uint64_t rtx, of;
    int tries = 0;
    while (tries < RTX_TRIES_MAX && sdp_next_attribute(&lines, &name, &value)) {
        if (sdp_is(name, "fmtp") && sdp_next_word(&value, ' ', &word) &&
            sdp_number(word, 127, &rtx) == 0 && rtx != type && rtx != 0 &&
            sdp_fmtp_parameter(value, "apt", &apt) && sdp_number(apt, 127, &of) == 0 &&
            of == type) {
            tries++;
            if (is_offered(media, rtx) &&
                sdp_find_format(media, "rtpmap", (unsigned)rtx, &rtpmap) &&
                sdp_is_word_nocase(rtpmap, "rtx/90000")) {
                return (uint8_t)rtx;
            }
        }
    }
    return 0;
}

bool negotiation_offers_feedback(const struct sdp_media *media, unsigned type,
                                 const char *feedback) {
    struct bytes lines = media->lines, name, value, word;
    uint64_t number;
    while (sdp_next_attribute(&lines, &name, &value)) {
        if (sdp_is(name, "rtcp-fb") && sdp_next_word(&value, ' ', &word) &&
            (sdp_is(word, "*") || (sdp_number(word, 127, &number) == 0 && number == type)) &&
            sdp_is(bytes_from(value, 1), feedback)) {
            return true;
        }
    }
    return false;
}

static bool has_type(const struct media_line *line, unsigned type) {
    for (size_t i = 0; i < line->payload_count; i++) {
        if (line->payloads[i].type == type) {
            return true;
        }
    }
    return false;
}

static void read_payloads(const struct sdp_media *media, uint32_t codecs, size_t max,
                          struct media_line *line) {
    struct bytes formats = media->formats, word, rtpmap;
    uint64_t type;
    for (int i = 0;
         i < FORMATS_READ_MAX && line->payload_count < max && sdp_next_word(&formats, ' ', &word);
         i++) {
        struct bytes fmtp = {NULL, 0};
        if (sdp_number(word, 127, &type) < 0 || has_type(line, (unsigned)type) ||
            !sdp_find_format(media, "rtpmap", (unsigned)type, &rtpmap)) {
            continue;
        }
        sdp_find_format(media, "fmtp", (unsigned)type, &fmtp);
        enum media_codec codec = codec_of(rtpmap, fmtp);
        bool is_audio = codec == CODEC_OPUS;
        if (codec == CODEC_NONE || !(codecs & BIT(codec)) ||
            is_audio != (line->kind == MEDIA_AUDIO)) {
            continue;
        }
        struct media_payload *p = &line->payloads[line->payload_count++];
        *p = (struct media_payload){.type = (uint8_t)type, .codec = codec};
        p->rtx_type = is_audio ? 0 : find_rtx(media, p->type);
        p->nack = negotiation_offers_feedback(media, p->type, "nack");
        p->pli = negotiation_offers_feedback(media, p->type, "nack pli");
        p->twcc = negotiation_offers_feedback(media, p->type, "transport-cc");
        keep_fmtp(codec, fmtp, p->fmtp, sizeof(p->fmtp));
    }
}

/* ---- header extensions ---- */

static bool is_id_taken(const struct media_line *line, uint64_t id) {
    for (int i = 0; i < EXT_COUNT; i++) {
        if (line->extension_ids[i] == id) {
            return true;
        }
    }
    return false;
}

/* a=extmap:<id>[/direction] <uri> [attributes] (RFC 8285 §5) */
static void read_extensions(struct bytes lines, uint32_t allowed, uint64_t id_max,
                            struct media_line *line) {
    struct bytes name, value, id_text, uri;
    uint64_t id;
    while (sdp_next_attribute(&lines, &name, &value)) {
        if (!sdp_is(name, "extmap") || !sdp_next_word(&value, ' ', &id_text) ||
            !sdp_next_word(&value, ' ', &uri)) {
            continue;
        }
        const uint8_t *slash = memchr(id_text.p, '/', id_text.n);
        if (slash && sdp_is(bytes_from(id_text, (size_t)(slash + 1 - id_text.p)), "inactive")) {
            continue;
        }
        id_text.n = slash ? (size_t)(slash - id_text.p) : id_text.n;
        if (sdp_number(id_text, id_max, &id) < 0 || id == 0 || id == 15 || is_id_taken(line, id)) {
            continue;
        }
        for (int e = 0; e < EXT_COUNT; e++) {
            if ((allowed & BIT(e)) && !line->extension_ids[e] &&
                sdp_is(uri, negotiation_extension_uri((enum rtp_extension)e))) {
                line->extension_ids[e] = (uint8_t)id;
            }
        }
    }
}

/* ---- streams of a publisher ---- */

static bool is_rid(struct bytes text) { /* RFC 8851 §10 */
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i], l = c | 0x20;
        if (!((l >= 'a' && l <= 'z') || (c >= '0' && c <= '9'))) {
            return false;
        }
    }
    return text.n > 0 && text.n < MEDIA_MID_MAX;
}

/* True when the line has a=rid:<rid> send. */
static bool is_sent_rid(const struct sdp_media *media, struct bytes rid) {
    struct bytes lines = media->lines, name, value, id, direction;
    while (sdp_next_attribute(&lines, &name, &value)) {
        if (sdp_is(name, "rid") && sdp_next_word(&value, ' ', &id) && bytes_equal(id, rid) &&
            sdp_next_word(&value, ' ', &direction) && sdp_is(direction, "send")) {
            return true;
        }
    }
    return false;
}

static bool has_rid(const struct media_line *line, struct bytes rid) {
    for (size_t i = 0; i < line->rid_count; i++) {
        if (sdp_is(rid, line->rids[i])) {
            return true;
        }
    }
    return false;
}

/* a=simulcast:send f;h,~h2;q (RFC 8853 §5.1): the first alternative of each stream. */
static void read_rids(const struct sdp_media *media, struct media_line *line) {
    struct bytes value, word, streams, stream, rid;
    if (!line->extension_ids[EXT_RID] || !sdp_find(media->lines, "simulcast", &value)) {
        return;
    }
    while (sdp_next_word(&value, ' ', &word) && sdp_next_word(&value, ' ', &streams)) {
        if (!sdp_is(word, "send")) {
            continue;
        }
        for (int i = 0; i < STREAMS_READ_MAX && line->rid_count < MEDIA_RIDS_MAX &&
                        sdp_next_word(&streams, ';', &stream);
             i++) {
            if (!sdp_next_word(&stream, ',', &rid)) {
                continue;
            }
            rid = rid.n && rid.p[0] == '~' ? bytes_from(rid, 1) : rid; /* paused at first */
            if (is_rid(rid) && is_sent_rid(media, rid) && !has_rid(line, rid)) {
                sdp_copy(rid, line->rids[line->rid_count++], MEDIA_MID_MAX);
            }
        }
        return;
    }
}

static void read_ssrcs(const struct sdp_media *media, struct media_line *line) {
    struct bytes lines = media->lines, name, value, word;
    uint64_t ssrc, rtx;
    while (sdp_next_attribute(&lines, &name, &value)) {
        bool is_group = sdp_is(name, "ssrc-group");
        if (is_group && !(sdp_next_word(&value, ' ', &word) && sdp_is(word, "FID"))) {
            continue;
        }
        if ((!is_group && !sdp_is(name, "ssrc")) || !sdp_next_word(&value, ' ', &word) ||
            sdp_number(word, UINT32_MAX, &ssrc) < 0) {
            continue;
        }
        if (is_group && sdp_next_word(&value, ' ', &word) &&
            sdp_number(word, UINT32_MAX, &rtx) == 0) {
            line->remote_ssrc = (uint32_t)ssrc;
            line->remote_rtx_ssrc = (uint32_t)rtx;
            return;
        }
        if (!is_group && !line->remote_ssrc) {
            line->remote_ssrc = (uint32_t)ssrc;
        }
    }
}

/* ---- the line ---- */

static bool is_srtp(struct bytes proto) {
    return sdp_is(proto, "UDP/TLS/RTP/SAVPF") || sdp_is(proto, "TCP/TLS/RTP/SAVPF") ||
           sdp_is(proto, "DTLS/RTP/SAVPF") || sdp_is(proto, "RTP/SAVPF");
}

enum line_outcome negotiation_read_line(const struct sdp *sdp, const struct sdp_media *media,
                                        enum media_role role, uint32_t codecs, uint32_t preferred,
                                        struct media_line *ret) {
    struct media_line line = {.kind = sdp_is(media->kind, "audio") ? MEDIA_AUDIO : MEDIA_VIDEO};
    bool publishes = role == MEDIA_PUBLISH;
    sdp_copy(media->mid, line.mid, sizeof(line.mid));
    *ret = line;
    bool is_media = sdp_is(media->kind, "audio") || sdp_is(media->kind, "video");
    bool is_off = media->port == 0 && !sdp_find(media->lines, "bundle-only", NULL);
    if (!is_media || is_off || !is_srtp(media->proto)) {
        return LINE_NOT_MEDIA;
    }
    enum sdp_direction one_way = publishes ? SDP_SENDONLY : SDP_RECVONLY;
    if (media->direction != SDP_SENDRECV && media->direction != one_way) {
        return LINE_DIRECTION;
    }
    size_t most = publishes ? 1 : MEDIA_PAYLOADS_MAX;
    if (publishes) {
        read_payloads(media, codecs & preferred, most, &line);
    }
    read_payloads(media, codecs, most, &line);
    if (line.payload_count == 0) {
        return LINE_NO_CODEC;
    }
    uint64_t id_max = sdp_find_in_media(sdp, media, "extmap-allow-mixed", NULL) ? 255 : 14;
    uint32_t allowed = publishes ? publisher_extensions : viewer_extensions;
    read_extensions(media->lines, allowed, id_max, &line);
    read_extensions(sdp->session, allowed, id_max, &line);
    if (publishes) {
        read_ssrcs(media, &line);
        if (line.kind == MEDIA_VIDEO) {
            read_rids(media, &line);
        }
    }
    for (size_t i = 0; i < line.payload_count; i++) {
        line.payloads[i].twcc &= line.extension_ids[EXT_TWCC] != 0;
    }
    line.active = true;
    *ret = line;
    return LINE_SERVED;
}

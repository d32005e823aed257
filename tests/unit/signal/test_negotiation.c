#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "signal/negotiation.h"

/* Offers as the named programs make them; the fuzzer starts from the same files. */
static char offer[SDP_TEXT_MAX + 1];
static char answer[NEGOTIATION_ANSWER_MAX + 1];
static struct media_session_config config;
static struct negotiation_error error;

static void load(const char *name) {
    char path[512];
    snprintf(path, sizeof(path), OFFERS "/%s.sdp", name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    offer[fread(offer, 1, sizeof(offer) - 1, f)] = '\0';
    fclose(f);
}

/* Replaces every `from` in the offer. */
static void edit(const char *from, const char *to) {
    static char edited[sizeof(offer)];
    size_t used = 0, count = 0;
    for (const char *at = offer; *at;) {
        if (strncmp(at, from, strlen(from)) == 0) {
            memcpy(edited + used, to, strlen(to));
            used += strlen(to);
            at += strlen(from);
            count++;
        } else {
            edited[used++] = *at++;
        }
        assert_true(used < sizeof(edited) - 300);
    }
    assert_true(count > 0);
    edited[used] = '\0';
    memcpy(offer, edited, used + 1);
}

static struct negotiation_policy policy_for(enum media_role role) {
    struct negotiation_policy p = {.role = role,
                                   .local_ice = {.ufrag = "srv1", .pwd = "abcdefghijklmnopqrstuv"},
                                   .fingerprint = "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
                                                  "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF",
                                   .address_count = 2,
                                   .codecs = NEGOTIATION_ALL_CODECS,
                                   .seed = 42};
    address_parse("192.0.2.1", 5000, &p.addresses[0]);
    address_parse("2001:db8::1", 5000, &p.addresses[1]);
    return p;
}

static int run(const struct negotiation_policy *policy) {
    struct room room = {(uint8_t *)answer, sizeof(answer) - 1};
    memset(&config, 0, sizeof(config));
    int n = negotiate(bytes_of_text(offer), policy, &config, room, &error);
    answer[n > 0 ? n : 0] = '\0';
    return n;
}

/* Negotiates and checks what holds for every answer. */
static void serve(enum media_role role) {
    struct negotiation_policy policy = policy_for(role);
    struct sdp s;
    const char *reason;
    int n = run(&policy);
    if (n <= 0) {
        fail_msg("%d %s: %s", error.status, error.type, error.sentence);
    }
    assert_int_equal(sdp_parse(bytes_of(answer, (size_t)n), &s, &reason), 0);
    assert_int_equal(s.media_count, config.line_count);
    assert_int_equal(config.role, role);
    assert_string_equal(config.local_ice.ufrag, "srv1");
    for (size_t i = 0; i < s.media_count; i++) {
        const struct media_line *line = &config.lines[i];
        struct bytes v;
        assert_int_equal(s.media[i].port, line->active ? 9 : 0);
        assert_true(sdp_is(s.media[i].mid, line->mid));
        if (line->active) {
            assert_true(sdp_find(s.media[i].lines, "setup", &v) && sdp_is(v, "passive"));
            assert_true(sdp_find(s.media[i].lines, "rtcp-mux", NULL));
            assert_int_equal(s.media[i].direction,
                             role == MEDIA_PUBLISH ? SDP_RECVONLY : SDP_SENDONLY);
            assert_true(role == MEDIA_PUBLISH ? line->ssrc == 0 : line->ssrc != 0);
        }
    }
}

static void has(const char *line) {
    char text[512];
    snprintf(text, sizeof(text), "\r\n%s\r\n", line);
    if (!strstr(answer, text)) {
        fail_msg("the answer lacks %s:\n%s", line, answer);
    }
}

static void lacks(const char *text) {
    if (strstr(answer, text)) {
        fail_msg("the answer has %s:\n%s", text, answer);
    }
}

static void refused(enum media_role role, int status, const char *type) {
    struct negotiation_policy policy = policy_for(role);
    assert_true(run(&policy) < 0);
    assert_string_equal(error.type, type);
    assert_int_equal(error.status, status);
    assert_true(strlen(error.sentence) > 10);
}

static void chromium_publishes_one_codec_with_retransmission(void **state) {
    (void)state;
    load("chromium-publish");
    serve(MEDIA_PUBLISH);
    assert_int_equal(config.line_count, 2);
    const struct media_line *audio = &config.lines[0], *video = &config.lines[1];
    assert_true(audio->kind == MEDIA_AUDIO && audio->payload_count == 1);
    assert_true(audio->payloads[0].codec == CODEC_OPUS && audio->payloads[0].type == 111);
    assert_int_equal(audio->remote_ssrc, 1732846380);
    assert_int_equal(audio->extension_ids[EXT_AUDIO_LEVEL], 1);
    assert_int_equal(video->payload_count, 1);
    assert_true(video->payloads[0].codec == CODEC_VP8 && video->payloads[0].type == 96 &&
                video->payloads[0].rtx_type == 97);
    assert_true(video->payloads[0].nack && video->payloads[0].pli && video->payloads[0].twcc);
    assert_true(video->remote_ssrc == 2545867823u && video->remote_rtx_ssrc == 1231460023);
    assert_int_equal(video->extension_ids[EXT_TWCC], 3);
    assert_int_equal(video->extension_ids[EXT_COLOR_SPACE], 8);
    assert_int_equal(video->extension_ids[EXT_DEPENDENCY], 12);
    assert_string_equal(config.remote_ice.ufrag, "EsAw");
    assert_int_equal(config.remote_fingerprint.digest_size, 32);
    assert_int_equal(config.remote_fingerprint.digest[0], 0x7b);
    has("m=video 9 UDP/TLS/RTP/SAVPF 96 97");
    has("a=group:BUNDLE 0 1");
    has("a=ice-lite");
    has("a=fmtp:97 apt=96");
    has("a=rtcp-fb:96 transport-cc");
    has("a=candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host");
    has("a=candidate:2 1 udp 2130706175 2001:db8::1 5000 typ host");
    has("a=end-of-candidates");
    has("a=extmap-allow-mixed");
    lacks("goog-remb");
    lacks("red/");
    lacks("a=msid:");
}

static void chromium_simulcast_is_mirrored(void **state) {
    (void)state;
    load("chromium-simulcast");
    serve(MEDIA_PUBLISH);
    assert_int_equal(config.lines[1].rid_count, 3);
    assert_string_equal(config.lines[1].rids[0], "h");
    assert_string_equal(config.lines[1].rids[1], "m");
    has("a=rid:h recv");
    has("a=simulcast:recv h;m;l");
}

/* VP9 comes first in this offer; a replay keeps VP8 and H.264 alone. */
static void a_visit_that_may_be_recorded_takes_what_a_replay_keeps(void **state) {
    (void)state;
    struct negotiation_policy policy = policy_for(MEDIA_PUBLISH);
    load("chromium-publish");
    edit("m=video 9 UDP/TLS/RTP/SAVPF 96 97", "m=video 9 UDP/TLS/RTP/SAVPF 98 99 45 46 96 97");
    assert_true(run(&policy) > 0);
    assert_int_equal(config.lines[1].payloads[0].codec, CODEC_VP9);
    policy.preferred = NEGOTIATION_CODEC(CODEC_VP8) | NEGOTIATION_CODEC(CODEC_H264);
    assert_true(run(&policy) > 0);
    assert_int_equal(config.lines[1].payload_count, 1);
    assert_int_equal(config.lines[1].payloads[0].codec, CODEC_VP8);
    assert_int_equal(config.lines[1].payloads[0].rtx_type, 97);
    assert_int_equal(config.lines[0].payloads[0].codec, CODEC_OPUS);
    policy.preferred = NEGOTIATION_CODEC(CODEC_AV1);
    assert_true(run(&policy) > 0);
    assert_int_equal(config.lines[1].payloads[0].codec, CODEC_AV1);
    policy.codecs &= ~policy.preferred; /* none of it is there: the rest serves */
    assert_true(run(&policy) > 0);
    assert_int_equal(config.lines[1].payloads[0].codec, CODEC_VP9);
}

static void each_line_of_a_viewer_is_a_slot(void **state) {
    (void)state;
    load("chromium-watch");
    serve(MEDIA_WATCH);
    assert_int_equal(config.line_count, 4);
    const struct media_line *v = &config.lines[0];
    /* VP8, H264 42001f, 42e01f, 4d001f, AV1, VP9 profile 0, H264 64001f: in the offer's order */
    const uint8_t types[] = {96, 102, 106, 127, 45, 98, 112};
    assert_int_equal(v->payload_count, sizeof(types));
    for (size_t i = 0; i < sizeof(types); i++) {
        assert_int_equal(v->payloads[i].type, types[i]);
        assert_true(v->payloads[i].rtx_type != 0 && v->payloads[i].twcc);
    }
    has("m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 106 107 127 125 45 46 98 99 112 113");
    has("a=fmtp:106 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f");
    has("a=msid:slot-0 video-0");
    has("a=msid:slot-1 video-1");
    has("a=msid:slot-0 audio-0");
    has("a=msid:slot-1 audio-1");
    has("a=rtcp-fb:96 transport-cc");
    has("a=rtcp-fb:96 goog-remb");
    has("a=rtcp-fb:96 ccm fir");
    has("a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01");
    lacks("rtp-stream-id");
    assert_true(v->extension_ids[EXT_TWCC] != 0);
    assert_int_equal(config.lines[2].extension_ids[EXT_TWCC], v->extension_ids[EXT_TWCC]);
    assert_int_equal(v->extension_ids[EXT_PLAYOUT_DELAY], 5);
    for (size_t i = 0; i < 4; i++) {
        for (size_t k = 0; k < i; k++) {
            assert_true(config.lines[i].ssrc != config.lines[k].ssrc);
        }
        assert_true(config.lines[i].ssrc != config.lines[i].rtx_ssrc);
    }
    assert_int_equal(config.lines[2].rtx_ssrc, 0);
    char line[64];
    snprintf(line, sizeof(line), "a=ssrc-group:FID %u %u", v->ssrc, v->rtx_ssrc);
    has(line);
}

static void firefox_publishes_and_watches(void **state) {
    (void)state;
    load("firefox-publish");
    serve(MEDIA_PUBLISH);
    assert_true(config.lines[1].active); /* bundle-only: port 0 is no rejection */
    assert_int_equal(config.lines[1].payloads[0].type, 120);
    assert_int_equal(config.lines[1].remote_rtx_ssrc, 2345678902u);
    has("a=fmtp:109 minptime=10;useinbandfec=1;stereo=1");
    has("a=fmtp:120 max-fs=12288;max-fr=60");
    load("firefox-watch");
    serve(MEDIA_WATCH);
    assert_int_equal(config.lines[1].payload_count, 3); /* 97 lacks packetization-mode=1 */
    assert_int_equal(config.lines[1].payloads[2].type, 126);
}

static void aiortc_with_credentials_on_each_line_is_served_by_the_first(void **state) {
    (void)state;
    load("aiortc-publish");
    serve(MEDIA_PUBLISH);
    assert_string_equal(config.remote_ice.ufrag, "xnUV");
    assert_string_equal(config.remote_ice.pwd, "Fqx7yEUJ3eq2ZAJ4p1Tq0c");
    assert_string_equal(config.remote_fingerprint.algorithm, "sha-256");
    load("aiortc-watch");
    serve(MEDIA_WATCH);
    assert_int_equal(config.lines[1].payload_count, 3);
}

static void gstreamer_publishes_h264_without_its_parameter_sets_echoed(void **state) {
    (void)state;
    load("gstreamer-publish");
    serve(MEDIA_PUBLISH);
    assert_int_equal(config.lines[0].payloads[0].codec, CODEC_H264);
    assert_string_equal(config.lines[0].mid, "video0");
    has("a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42c01f");
    has("a=group:BUNDLE video0 audio1");
    has("a=rtpmap:97 opus/48000/2");
    lacks("sprop-parameter-sets");
    load("gstreamer-watch");
    serve(MEDIA_WATCH);
    assert_int_equal(config.lines[0].payloads[0].codec, CODEC_VP8);
}

static void obs_publishes_with_everything_at_session_level(void **state) {
    (void)state;
    load("obs-publish");
    serve(MEDIA_PUBLISH);
    assert_string_equal(config.remote_ice.ufrag, "jlhj");
    assert_int_equal(config.lines[1].payloads[0].codec, CODEC_H264);
    has("a=fmtp:111 minptime=10;useinbandfec=1;stereo=1");
    has("a=fmtp:96 profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1");
}

static void werift_watches(void **state) {
    (void)state;
    load("werift-watch");
    serve(MEDIA_WATCH);
    assert_true(config.lines[0].active && config.lines[1].active);
}

static void a_recording_is_offered_in_its_own_codecs_once(void **state) {
    (void)state;
    load("chromium-watch");
    struct negotiation_policy policy = policy_for(MEDIA_PLAY);
    policy.codecs = NEGOTIATION_CODEC(CODEC_H264) | NEGOTIATION_CODEC(CODEC_OPUS);
    assert_true(run(&policy) > 0);
    assert_true(config.lines[0].active && !config.lines[1].active);
    assert_true(config.lines[2].active && !config.lines[3].active);
    assert_int_equal(config.lines[0].payload_count, 4);
    has("a=group:BUNDLE 0 2");
    has("m=video 0 UDP/TLS/RTP/SAVPF 96");
    lacks("VP8");

    policy.codecs = NEGOTIATION_CODEC(CODEC_VP8); /* without sound */
    assert_true(run(&policy) > 0);
    assert_false(config.lines[2].active);

    load("werift-watch"); /* knows VP8 only */
    policy.codecs = NEGOTIATION_CODEC(CODEC_H264) | NEGOTIATION_CODEC(CODEC_OPUS);
    assert_true(run(&policy) < 0);
    assert_string_equal(error.type, "no-codec");
}

static void other_lines_are_refused_one_by_one(void **state) {
    (void)state;
    load("chromium-watch");
    edit("m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126",
         "m=application 9 UDP/DTLS/SCTP webrtc-datachannel");
    serve(MEDIA_WATCH);
    has("m=application 0 UDP/DTLS/SCTP webrtc-datachannel");
    has("a=group:BUNDLE 0 1");
    load("chromium-watch");
    edit("a=group:BUNDLE 0 1 2 3", "a=group:BUNDLE 1 2");
    serve(MEDIA_WATCH);
    assert_true(!config.lines[0].active && config.lines[1].active && !config.lines[3].active);
    has("a=msid:slot-0 video-0"); /* slots count active lines */
    lacks("video-1");
}

static void what_cannot_be_served_is_refused_with_the_reason(void **state) {
    (void)state;
    load("chromium-publish");
    edit("a=group:BUNDLE 0 1\r\n", "");
    refused(MEDIA_PUBLISH, 422, "no-bundle");
    load("chromium-publish");
    edit("a=group:BUNDLE 0 1", "a=group:BUNDLE x y");
    refused(MEDIA_PUBLISH, 422, "no-bundle");
    load("chromium-publish");
    edit("a=fingerprint:", "a=x-fingerprint:");
    refused(MEDIA_PUBLISH, 422, "no-fingerprint");
    load("chromium-publish");
    edit("a=fingerprint:sha-256 7B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:", "a=fingerprint:sha-1 ");
    refused(MEDIA_PUBLISH, 422, "fingerprint-hash");
    load("chromium-publish");
    edit("a=fingerprint:sha-256 7B:", "a=fingerprint:sha-256 ");
    refused(MEDIA_PUBLISH, 400, "sdp-malformed");
    load("chromium-publish");
    edit("a=ice-pwd:", "a=x-ice-pwd:");
    refused(MEDIA_PUBLISH, 422, "no-ice");
    load("chromium-publish");
    edit("a=ice-ufrag:EsAw", "a=ice-ufrag:E\" w");
    refused(MEDIA_PUBLISH, 400, "sdp-malformed");
    load("chromium-publish");
    edit("a=setup:actpass", "a=setup:passive");
    refused(MEDIA_PUBLISH, 422, "dtls-role");
    load("chromium-publish");
    edit("a=rtcp-mux\r\n", "");
    refused(MEDIA_PUBLISH, 422, "no-rtcp-mux");
    load("chromium-publish");
    refused(MEDIA_WATCH, 422, "direction");
    load("chromium-watch");
    refused(MEDIA_PUBLISH, 422, "direction");
    load("obs-publish");
    edit("H264/90000", "H265/90000");
    refused(MEDIA_PUBLISH, 422, "no-codec");
    load("obs-publish");
    edit("packetization-mode=1", "packetization-mode=0");
    refused(MEDIA_PUBLISH, 422, "no-codec");
    load("obs-publish");
    edit("a=mid:1", "a=mid:0");
    refused(MEDIA_PUBLISH, 400, "sdp-malformed");
    load("obs-publish");
    edit("UDP/TLS/RTP/SAVPF", "RTP/AVP");
    refused(MEDIA_PUBLISH, 422, "no-media");
    strcpy(offer, "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n");
    refused(MEDIA_PUBLISH, 422, "no-media");
    strcpy(offer, "{\"type\":\"offer\"}");
    refused(MEDIA_PUBLISH, 400, "sdp-malformed");
    offer[0] = '\0';
    refused(MEDIA_PUBLISH, 400, "sdp-malformed");
}

static void a_hundred_lines_are_refused(void **state) {
    (void)state;
    for (int lines = 17; lines <= 200; lines += 83) {
        size_t n = (size_t)sprintf(offer, "v=0\r\ns=-\r\na=group:BUNDLE 0\r\n");
        for (int i = 0; i < lines; i++) {
            n += (size_t)sprintf(offer + n, "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:%d\r\n", i);
        }
        refused(MEDIA_WATCH, 422, "too-many-lines");
    }
}

static void an_offer_of_many_short_lines_is_refused(void **state) {
    (void)state;
    size_t n = (size_t)sprintf(offer, "v=0\r\ns=-\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n");
    while (n < SDP_TEXT_MAX - 4) {
        n += (size_t)sprintf(offer + n, "a=\n");
    }
    refused(MEDIA_WATCH, 422, "sdp-too-large");
}

static void an_answer_that_does_not_fit_is_refused_and_nothing_is_returned(void **state) {
    (void)state;
    load("chromium-watch");
    struct negotiation_policy policy = policy_for(MEDIA_WATCH);
    int full = run(&policy);
    for (int n = 0; n < full; n += 97) {
        memset(&config, 0, sizeof(config));
        assert_true(negotiate(bytes_of_text(offer), &policy, &config,
                              (struct room){(uint8_t *)answer, (size_t)n}, &error) < 0);
        assert_string_equal(error.type, "answer-too-large");
        assert_int_equal(config.line_count, 0);
    }
}

static void fragments_trickle_or_restart(void **state) {
    (void)state;
    struct ice_credentials current = {"EsAw", "P2uYro0UCOQ4zxjKXaWCBui1"}, got;
    bool restart = true;
    const char *trickle =
        "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"
        "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"
        "a=candidate:1 1 udp 2122260223 10.0.0.1 5000 typ host\r\na=end-of-candidates\r\n";
    assert_int_equal(negotiation_parse_fragment(bytes_of_text(trickle), &current, &got, &restart),
                     0);
    assert_false(restart);
    assert_string_equal(got.ufrag, "EsAw");
    const char *fresh = "a=ice-ufrag:ysXw\r\na=ice-pwd:vw5LmwG4y/e6dPP/zAP9Gp5k\r\n";
    assert_int_equal(negotiation_parse_fragment(bytes_of_text(fresh), &current, &got, &restart), 0);
    assert_true(restart);
    assert_string_equal(got.pwd, "vw5LmwG4y/e6dPP/zAP9Gp5k");
    const char *none = "m=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:x\r\n";
    assert_int_equal(negotiation_parse_fragment(bytes_of_text(none), &current, &got, &restart), 0);
    assert_true(!restart && got.ufrag[0] == '\0');
    const char *const bad[] = {"a=ice-ufrag:EsAw\r\n", "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n",
                               "a=ice-ufrag:E\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n", "hello",
                               "a=x\x02\r\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_true(negotiation_parse_fragment(bytes_of_text(bad[i]), &current, &got, &restart) <
                    0);
    }
}

static void a_restart_is_answered_with_our_new_credentials(void **state) {
    (void)state;
    struct negotiation_policy policy = policy_for(MEDIA_WATCH);
    struct ice_credentials got;
    bool restart;
    int n = negotiation_write_fragment((struct room){(uint8_t *)answer, sizeof(answer)}, &policy,
                                       "video0");
    assert_true(n > 0);
    answer[n] = '\0';
    has("a=mid:video0");
    has("a=candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host");
    assert_int_equal(negotiation_parse_fragment(bytes_of(answer, (size_t)n), NULL, &got, &restart),
                     0);
    assert_true(restart);
    assert_string_equal(got.ufrag, "srv1");
}

static void tcp_is_offered_on_every_address_below_all_of_udp(void **state) {
    (void)state;
    struct negotiation_policy policy = policy_for(MEDIA_WATCH);
    policy.tcp_port = 4443;
    int n =
        negotiation_write_fragment((struct room){(uint8_t *)answer, sizeof(answer)}, &policy, "0");
    assert_true(n > 0);
    answer[n] = '\0';
    /* 90 << 24 | (4 << 13 | 8191) << 8 | 255 */
    has("a=candidate:2 1 udp 2130706175 2001:db8::1 5000 typ host");
    has("a=candidate:3 1 tcp 1520435199 192.0.2.1 4443 typ host tcptype passive");
    has("a=candidate:4 1 tcp 1520434943 2001:db8::1 4443 typ host tcptype passive");
    policy.tcp_port = 0;
    n = negotiation_write_fragment((struct room){(uint8_t *)answer, sizeof(answer)}, &policy, "0");
    answer[n] = '\0';
    lacks(" tcp ");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chromium_publishes_one_codec_with_retransmission),
        cmocka_unit_test(chromium_simulcast_is_mirrored),
        cmocka_unit_test(a_visit_that_may_be_recorded_takes_what_a_replay_keeps),
        cmocka_unit_test(each_line_of_a_viewer_is_a_slot),
        cmocka_unit_test(firefox_publishes_and_watches),
        cmocka_unit_test(aiortc_with_credentials_on_each_line_is_served_by_the_first),
        cmocka_unit_test(gstreamer_publishes_h264_without_its_parameter_sets_echoed),
        cmocka_unit_test(obs_publishes_with_everything_at_session_level),
        cmocka_unit_test(werift_watches),
        cmocka_unit_test(a_recording_is_offered_in_its_own_codecs_once),
        cmocka_unit_test(other_lines_are_refused_one_by_one),
        cmocka_unit_test(what_cannot_be_served_is_refused_with_the_reason),
        cmocka_unit_test(a_hundred_lines_are_refused),
        cmocka_unit_test(an_offer_of_many_short_lines_is_refused),
        cmocka_unit_test(an_answer_that_does_not_fit_is_refused_and_nothing_is_returned),
        cmocka_unit_test(fragments_trickle_or_restart),
        cmocka_unit_test(a_restart_is_answered_with_our_new_credentials),
        cmocka_unit_test(tcp_is_offered_on_every_address_below_all_of_udp),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "viewer.h"
#include "source.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 16
#define HEAD 256        /* of a packet that is only counted; STUN and RTCP fit */
#define SAMPLE_EVERY 50 /* wake-ups, on average */
#define REPORT_EVERY 1000000u
#define WANT_KEY 200000u /* as Chromium: no key frame for so long, ask */
#define VIDEO_TYPE 96
#define SSRC 0x42424242u
#define TWCC_ID 3
#define TWCC                                                                                       \
    "a=extmap:3 "                                                                                  \
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"

/* --- Signalling --- */

static int fail(struct viewer *v, const char *what) {
    fprintf(stderr, "viewer %u: %s\n", v->number, what);
    v->state = VIEWER_FAILED;
    return -EPROTO;
}

static void write_offer(const struct viewer *v, char *text, size_t room) {
    char lines[512];
    peer_sdp_lines(&v->peer, "actpass", lines, sizeof lines);
    snprintf(text, room,
             "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
             "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\n%sa=mid:0\r\n"
             "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n" TWCC "a=recvonly\r\n"
             "a=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\n"
             "a=rtcp-fb:96 nack pli\r\na=rtcp-fb:96 ccm fir\r\na=rtcp-fb:96 transport-cc\r\n"
             "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n%sa=mid:1\r\n"
             "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n" TWCC "a=recvonly\r\n"
             "a=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\n",
             lines, lines);
}

static const char *resource_path(const char *location) {
    const char *host = strstr(location, "://");
    const char *path = host != NULL ? strchr(host + 3, '/') : location;
    return path != NULL ? path : "/";
}

static int ask_whep(struct viewer *v, struct viewer_plan *plan, uint64_t now) {
    char offer[4096], headers[700], path[600];
    write_offer(v, offer, sizeof offer);
    snprintf(headers, sizeof headers, "%sContent-Type: application/sdp\r\n", plan->authorization);
    snprintf(path, sizeof path, "%s", plan->url.path);
    if (plan->spread > 0) {
        double t = plan->spread * (double)(v->number * 618u % 1000) / 1000;
        snprintf(path, sizeof path, "%s?t=%.2f", plan->url.path, t);
    }
    v->state = VIEWER_ASKING;
    v->asked = now;
    int error = http_open(&v->http, &plan->url.address);
    return error < 0 ? error : http_send(&v->http, "POST", path, headers, offer);
}

static void take_whep(struct viewer *v, struct viewer_plan *plan, uint64_t now) {
    char location[512];
    if (v->http.status != 201) {
        fprintf(stderr, "WHEP answered %d: %s\n", v->http.status, http_body(&v->http));
        fail(v, "the server did not answer 201");
        return;
    }
    samples_add(&plan->answers, (double)(now - v->asked) / 1000);
    http_header(&v->http, "Location", location, sizeof location);
    snprintf(v->resource, sizeof v->resource, "%s", resource_path(location));
    v->state = VIEWER_CONNECTING;
    if (peer_start(&v->peer, http_body(&v->http), now) < 0) {
        fail(v, "the answer has no candidate");
    }
    http_close(&v->http);
}

/* The text value of a member of Janus's JSON, with \r\n, \/ and \" undone. */
static bool json_text(const char *json, const char *name, char *ret, size_t room) {
    char key[64];
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *p = strstr(json, key);
    if (p == NULL) {
        return false;
    }
    p += strlen(key);
    p += strspn(p, " ");
    bool quoted = *p == '"';
    size_t n = 0;
    for (p += quoted; *p != '\0' && n + 1 < room; p++) {
        if (quoted ? *p == '"' : strchr(",} \n", *p) != NULL) {
            break;
        }
        if (*p == '\\' && p[1] != '\0') {
            p++;
            ret[n++] = *p == 'r' ? '\r' : *p == 'n' ? '\n' : *p;
        } else {
            ret[n++] = *p;
        }
    }
    ret[n] = '\0';
    return true;
}

/* The answer to Janus's offer, line by line, as text for a JSON string. */
static void write_janus_answer(const struct viewer *v, const char *offer, char *text, size_t room) {
    char lines[512], one[1024];
    size_t n = 0;
    peer_sdp_lines(&v->peer, "active", lines, sizeof lines);
    n += (size_t)snprintf(text, room, "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n");
    const char *group = strstr(offer, "a=group:BUNDLE");
    n += (size_t)snprintf(text + n, room - n, "%.*s\r\n", (int)strcspn(group ? group : "", "\r\n"),
                          group ? group : "");
    for (const char *m = strstr(offer, "\nm="); m != NULL; m = strstr(m + 1, "\nm=")) {
        char kind[16] = "", mid[32] = "";
        unsigned type = 0;
        sscanf(m + 1, "m=%15s %*u %*s %u", kind, &type);
        const char *at = strstr(m, "a=mid:");
        if (at != NULL) {
            sscanf(at, "a=mid:%31s", mid);
        }
        bool video = strcmp(kind, "video") == 0;
        int size = snprintf(one, sizeof one,
                            "m=%s 9 UDP/TLS/RTP/SAVPF %u\r\nc=IN IP4 0.0.0.0\r\n%sa=mid:%s\r\n"
                            "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
                            "a=recvonly\r\na=rtcp-mux\r\na=rtpmap:%u %s\r\n%s",
                            kind, type, lines, mid, type, video ? "VP8/90000" : "opus/48000/2",
                            video ? "a=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\n" : "");
        if (n + (size_t)size < room) {
            memcpy(text + n, one, (size_t)size + 1);
            n += (size_t)size;
        }
    }
}

static void escape(const char *text, char *ret, size_t room) {
    size_t n = 0;
    for (; *text != '\0' && n + 3 < room; text++) {
        if (*text == '\r' || *text == '\n' || *text == '"' || *text == '\\') {
            ret[n++] = '\\';
            ret[n++] = *text == '\r' ? 'r' : *text == '\n' ? 'n' : *text;
        } else {
            ret[n++] = *text;
        }
    }
    ret[n] = '\0';
}

static int post_janus(struct viewer *v, const char *path, const char *body) {
    return http_send(&v->http, "POST", path, "Content-Type: application/json\r\n", body);
}

enum janus_step { JANUS_CREATE, JANUS_ATTACH, JANUS_WATCH, JANUS_EVENT, JANUS_START };

static void take_janus_offer(struct viewer *v, struct viewer_plan *plan, uint64_t now) {
    char offer[8192], answer[4096], escaped[6144], body[8192];
    if (strstr(http_body(&v->http), "\"jsep\"") == NULL) { /* some other event: ask again */
        char path[640];
        snprintf(path, sizeof path, "%s?maxev=1", v->resource);
        http_send(&v->http, "GET", path, "", "");
        return;
    }
    if (!json_text(http_body(&v->http), "sdp", offer, sizeof offer)) {
        fail(v, "no offer from Janus");
        return;
    }
    samples_add(&plan->answers, (double)(now - v->asked) / 1000);
    write_janus_answer(v, offer, answer, sizeof answer);
    escape(answer, escaped, sizeof escaped);
    snprintf(body, sizeof body,
             "{\"janus\":\"message\",\"transaction\":\"t\",\"body\":{\"request\":\"start\"},"
             "\"jsep\":{\"type\":\"answer\",\"sdp\":\"%s\"}}",
             escaped);
    post_janus(v, v->handle, body);
    v->step = JANUS_START;
    v->state = VIEWER_CONNECTING;
    if (peer_start(&v->peer, offer, now) < 0) {
        fail(v, "Janus's offer has no candidate");
    }
}

static void take_janus(struct viewer *v, struct viewer_plan *plan, uint64_t now) {
    char id[64], path[640];
    const char *body = http_body(&v->http), *data = strstr(body, "\"data\"");
    switch ((enum janus_step)v->step) {
    case JANUS_CREATE:
        if (data == NULL || !json_text(data, "id", id, sizeof id)) {
            fail(v, "no session from Janus");
            return;
        }
        snprintf(v->resource, sizeof v->resource, "%.400s/%s", plan->url.path, id);
        post_janus(v, v->resource,
                   "{\"janus\":\"attach\",\"plugin\":\"janus.plugin.streaming\","
                   "\"transaction\":\"t\"}");
        v->step = JANUS_ATTACH;
        return;
    case JANUS_ATTACH:
        if (data == NULL || !json_text(data, "id", id, sizeof id)) {
            fail(v, "no handle from Janus");
            return;
        }
        snprintf(v->handle, sizeof v->handle, "%.60s/%.60s", v->resource, id);
        v->state = VIEWER_ASKING;
        v->asked = now;
        post_janus(v, v->handle,
                   "{\"janus\":\"message\",\"transaction\":\"t\","
                   "\"body\":{\"request\":\"watch\",\"id\":1}}");
        v->step = JANUS_WATCH;
        return;
    case JANUS_WATCH:
        snprintf(path, sizeof path, "%s?maxev=1", v->resource);
        http_send(&v->http, "GET", path, "", "");
        v->step = JANUS_EVENT;
        return;
    case JANUS_EVENT:
        take_janus_offer(v, plan, now);
        return;
    case JANUS_START:
        http_close(&v->http);
        return;
    }
}

int viewer_start(struct viewer *v, unsigned number, struct viewer_plan *plan, uint64_t now) {
    *v = (struct viewer){
        .number = number, .http.fd = -1, .peer.fd = -1, .sample_in = number % SAMPLE_EVERY};
    v->next_rr = v->next_pli = v->next_feedback = UINT64_MAX;
    int error = peer_init(&v->peer, plan->url.address.sin_addr);
    if (error == 0 && plan->server == SERVER_WHEP) {
        error = ask_whep(v, plan, now);
    } else if (error == 0) {
        v->state = VIEWER_PREPARING;
        error = http_open(&v->http, &plan->url.address);
        if (error == 0) {
            error = post_janus(v, plan->url.path, "{\"janus\":\"create\",\"transaction\":\"t\"}");
        }
    }
    if (error < 0) {
        fail(v, strerror(-error));
    }
    return error;
}

void viewer_take_http(struct viewer *v, struct viewer_plan *plan, uint64_t now) {
    if (v->http.fd < 0) {
        return; /* closed while its event waited */
    }
    int rc = http_receive(&v->http);
    if (rc < 0) {
        http_close(&v->http);
        if (v->state != VIEWER_WAITING && v->state != VIEWER_PLAYING) {
            fail(v, "the HTTP connection broke");
        }
    } else if (rc == 1 && plan->server == SERVER_WHEP) {
        take_whep(v, plan, now);
    } else if (rc == 1) {
        take_janus(v, plan, now);
    }
}

/* --- Media --- */

static uint32_t get32(const uint8_t *p) {
    uint32_t v;
    memcpy(&v, p, 4);
    return ntohl(v);
}

static uint16_t get16(const uint8_t *p) {
    return (uint16_t)((p[0] << 8) | p[1]);
}

static void count_packet(struct viewer *v, struct viewer_plan *plan, const uint8_t *p,
                         size_t size) {
    bool video = (p[1] & 0x7f) == VIDEO_TYPE;
    struct stream_count *c = video ? &v->video : &v->audio;
    bool *has = video ? &v->has_video : &v->has_audio;
    uint16_t sequence = get16(p + 2);
    int16_t step = (int16_t)(sequence - c->last);
    plan->packets++;
    plan->bytes += size;
    if (!*has || c->ssrc != get32(p + 8)) {
        *c = (struct stream_count){.ssrc = get32(p + 8), .last = sequence};
        *has = true;
    } else if (step > 0) {
        plan->gaps += (uint64_t)(step - 1);
        c->last = sequence;
    } else {
        plan->reordered++;
    }
}

static size_t payload_at(const uint8_t *p, size_t n) {
    size_t at = 12 + 4 * (size_t)(p[0] & 15);
    if ((p[0] & 0x10) && at + 4 <= n) {
        at += 4 + 4 * (size_t)get16(p + at + 2);
    }
    return at < n ? at : n;
}

/* RFC 7741 §4.2. True when the payload starts a key frame. */
static bool starts_key_frame(const uint8_t *p, size_t n) {
    size_t at = 1;
    if (n < 2 || (p[0] & 0x17) != 0x10) {
        return false;
    }
    if (p[0] & 0x80) {
        uint8_t x = p[at++];
        if ((x & 0x80) && at < n) {
            at += p[at] & 0x80 ? 2 : 1;
        }
        at += (x & 0x40) ? 1 : 0;
        at += (x & 0x30) ? 1 : 0;
    }
    return at < n && (p[at] & 1) == 0;
}

static void look_for_key(struct viewer *v, struct viewer_plan *plan, const uint8_t *p, size_t n,
                         uint64_t now) {
    size_t at = payload_at(p, n);
    uint16_t sequence = get16(p + 2);
    if (starts_key_frame(p + at, n - at)) {
        v->key.started = true;
        v->key.next = sequence;
        v->key.timestamp = get32(p + 4);
    }
    if (!v->key.started || sequence != v->key.next || get32(p + 4) != v->key.timestamp) {
        v->key.started = false;
        return;
    }
    v->key.next++;
    if (p[1] & 0x80) {
        v->state = VIEWER_PLAYING;
        samples_add(&plan->joins, (double)(now - v->asked) / 1000);
    }
}

static void look_at_trailer(struct viewer_plan *plan, const uint8_t *p, size_t n,
                            uint64_t arrived_ns) {
    if ((p[0] & 0x20) && p[n - 1] < n - 12) {
        n -= p[n - 1];
    }
    const uint8_t *t = p + n - SOURCE_TRAILER;
    if (n < 12 + SOURCE_TRAILER || arrived_ns == 0 || get32(t) != SOURCE_MAGIC) {
        return;
    }
    uint64_t sent = (uint64_t)get32(t + 8) << 32 | get32(t + 12);
    samples_add(&plan->delays, ((double)arrived_ns - (double)sent) / 1e6);
}

static uint64_t arrival_of(struct msghdr *m) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec t;
            memcpy(&t, CMSG_DATA(c), sizeof t);
            return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
        }
    }
    return 0;
}

static void take_whole(struct viewer *v, struct viewer_plan *plan, uint8_t *p, size_t size,
                       uint64_t arrived_ns, uint64_t now) {
    bool video = (p[1] & 0x7f) == VIDEO_TYPE;
    int n = video ? peer_open_rtp(&v->peer, p, size) : -1;
    if (n < 12) {
        return;
    }
    plan->decrypted++;
    if (v->state == VIEWER_WAITING) {
        look_for_key(v, plan, p, (size_t)n, now);
    } else {
        look_at_trailer(plan, p, (size_t)n, arrived_ns);
    }
}

static void take_datagram(struct viewer *v, struct viewer_plan *plan, uint8_t *p, size_t size,
                          bool whole, uint64_t arrived_ns, uint64_t now) {
    if (size < 12) {
        return;
    }
    if (p[0] < 64) {
        peer_input(&v->peer, p, size, now);
        if (v->peer.state == PEER_FAILED) {
            fail(v, "DTLS failed or was closed");
        } else if (v->peer.state == PEER_OPEN && v->state == VIEWER_CONNECTING) {
            samples_add(&plan->opens, (double)(now - v->asked) / 1000);
            v->state = VIEWER_WAITING;
            v->opened = now;
            v->next_rr = now + REPORT_EVERY / 2 + (v->number * 7919u) % REPORT_EVERY;
            v->next_pli = now + WANT_KEY;
            v->next_feedback = now + (v->number * 7919u) % FEEDBACK_EVERY;
        }
    } else if (p[1] < 192 || p[1] > 223) {
        uint16_t number;
        count_packet(v, plan, p, size);
        if (arrived_ns > 0 && feedback_number(p, size < HEAD ? size : HEAD, TWCC_ID, &number)) {
            feedback_take(&v->feedback, number, arrived_ns / 1000);
        }
        if (whole && v->peer.state == PEER_OPEN) {
            take_whole(v, plan, p, size, arrived_ns, now);
        }
    }
}

void viewer_take_media(struct viewer *v, struct viewer_plan *plan, uint64_t now) {
    static uint8_t data[BATCH][2048], control[BATCH][64];
    struct mmsghdr messages[BATCH];
    struct iovec spans[BATCH];
    bool whole = v->state != VIEWER_PLAYING;
    if (!whole && v->sample_in-- == 0) {
        whole = true;
        v->sample_in = SAMPLE_EVERY / 2 + (unsigned)rand() % SAMPLE_EVERY;
    }
    for (;;) {
        for (unsigned i = 0; i < BATCH; i++) {
            spans[i] = (struct iovec){data[i], whole ? sizeof data[i] : HEAD};
            messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &spans[i],
                                                       .msg_iovlen = 1,
                                                       .msg_control = control[i],
                                                       .msg_controllen = sizeof control[i]}};
        }
        int n = recvmmsg(v->peer.fd, messages, BATCH, MSG_DONTWAIT | MSG_TRUNC, NULL);
        for (int i = 0; i < n; i++) {
            uint64_t arrived = arrival_of(&messages[i].msg_hdr);
            take_datagram(v, plan, data[i], messages[i].msg_len, whole, arrived, now);
        }
        if (n < BATCH) {
            return;
        }
    }
}

static void send_rtcp(struct viewer *v, uint8_t *p, size_t size) {
    int n = peer_seal_rtcp(&v->peer, p, size);
    if (n > 0) {
        (void)!send(v->peer.fd, p, (size_t)n, 0);
    }
}

static void put32(uint8_t *p, uint32_t value) {
    value = htonl(value);
    memcpy(p, &value, 4);
}

static size_t write_rr(const struct viewer *v, uint8_t *p) {
    static const uint8_t head[4] = {0x81, 201, 0, 7};
    memset(p, 0, 32);
    memcpy(p, head, 4);
    put32(p + 4, SSRC);
    put32(p + 8, v->video.ssrc);
    put32(p + 16, v->video.last);
    return 32;
}

void viewer_tick(struct viewer *v, struct viewer_plan *plan, uint64_t now) {
    if (v->state < VIEWER_CONNECTING || v->state == VIEWER_FAILED) {
        return;
    }
    uint8_t p[FEEDBACK_SIZE + 64];
    peer_tick(&v->peer, now);
    if (now >= v->next_rr) {
        v->next_rr = now + REPORT_EVERY;
        if (v->has_video) {
            send_rtcp(v, p, write_rr(v, p));
        }
    }
    if (now >= v->next_feedback) {
        v->next_feedback = now + FEEDBACK_EVERY;
        size_t n = feedback_write(&v->feedback, SSRC, v->video.ssrc, p);
        if (n > 0) {
            send_rtcp(v, p, n);
            plan->feedbacks++;
        }
    }
    if (v->state == VIEWER_WAITING && now >= v->next_pli) {
        v->next_pli = now + WANT_KEY;
        if (v->has_video) {
            static const uint8_t pli[4] = {0x81, 206, 0, 2};
            size_t n = write_rr(v, p);
            memcpy(p + n, pli, 4);
            put32(p + n + 4, SSRC);
            put32(p + n + 8, v->video.ssrc);
            send_rtcp(v, p, n + 12);
        }
    }
}

void viewer_stop(struct viewer *v, const struct viewer_plan *plan) {
    struct http h = {.fd = -1};
    http_close(&v->http);
    if (v->peer.fd > 0) {
        peer_clear(&v->peer);
    }
    if (v->resource[0] != '\0' && plan->server == SERVER_WHEP) {
        http_exchange(&h, &plan->url.address, "DELETE", v->resource, plan->authorization, "");
    } else if (v->resource[0] != '\0') {
        http_exchange(&h, &plan->url.address, "POST", v->resource, "",
                      "{\"janus\":\"destroy\",\"transaction\":\"t\"}");
    }
    http_close(&h);
    *v = (struct viewer){.http.fd = -1, .peer.fd = -1};
}

uint64_t viewer_drops(const struct viewer *v) {
    uint32_t info[SK_MEMINFO_VARS];
    socklen_t size = sizeof info;
    if (v->peer.fd <= 0 || getsockopt(v->peer.fd, SOL_SOCKET, SO_MEMINFO, info, &size) < 0) {
        return 0;
    }
    return info[SK_MEMINFO_DROPS];
}

#include "source.h"
#include "http.h"
#include "peer.h"
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FRAME_NS (1000000000ull / 30)
#define AUDIO_NS 20000000ull
#define REPORT_NS 1000000000ull
#define KEY_PACKETS 12
#define AUDIO_PAYLOAD 100
#define HISTORY 1024 /* sealed video packets, for NACKs */
#define VIDEO_TYPE 96
#define AUDIO_TYPE 111

struct stream {
    int fd; /* where RTP goes */
    uint32_t ssrc;
    uint16_t sequence;
    uint32_t timestamp;
    uint8_t type;
    char mid; /* 0: no extension */
    uint32_t packets, bytes;
};

static struct {
    pthread_t thread;
    bool running;
    atomic_bool stop;
    atomic_uint gop_ms, size;
    atomic_uint_fast64_t packets, frames, key_frames, requests, nacks, late;

    bool whip;
    struct peer peer;
    int rtcp_fd; /* plain RTP: key-frame requests come here */
    struct stream video, audio;
    uint16_t picture_id;
    bool want_key;
    uint64_t last_key_ns;
    struct http_url session; /* to DELETE */
    char authorization[600];
    uint8_t noise[SOURCE_PACKET];
    struct {
        int size;
        uint8_t bytes[SOURCE_PACKET + 64];
    } history[HISTORY];
} s;

static uint64_t clock_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void be32(uint8_t *p, uint32_t v) {
    v = htonl(v);
    memcpy(p, &v, 4);
}

static void be16(uint8_t *p, uint16_t v) {
    v = htons(v);
    memcpy(p, &v, 2);
}

/* --- Packets --- */

static size_t write_header(struct stream *t, uint8_t *p, bool marker) {
    p[0] = t->mid ? 0x90 : 0x80;
    p[1] = (uint8_t)(t->type | (marker ? 0x80 : 0));
    be16(p + 2, t->sequence++);
    be32(p + 4, t->timestamp);
    be32(p + 8, t->ssrc);
    if (t->mid == 0) {
        return 12;
    }
    static const uint8_t extension[8] = {0xbe, 0xde, 0, 1, 0x10, 0, 0, 0};
    memcpy(p + 12, extension, 8);
    p[17] = (uint8_t)t->mid;
    return 20;
}

static void send_packet(struct stream *t, uint8_t *p, size_t size) {
    t->packets++;
    t->bytes += (uint32_t)size;
    int sealed = s.whip ? peer_seal_rtp(&s.peer, p, size) : (int)size;
    if (sealed > 0) {
        (void)!send(t->fd, p, (size_t)sealed, 0);
        s.packets++;
        if (s.whip && t == &s.video) {
            unsigned slot = (unsigned)((p[2] << 8) | p[3]) % HISTORY;
            s.history[slot].size = sealed;
            memcpy(s.history[slot].bytes, p, (size_t)sealed);
        }
    }
}

static void send_frame(uint64_t now) {
    unsigned gop = s.gop_ms;
    bool key = s.want_key || (gop > 0 && now - s.last_key_ns >= gop * 1000000ull);
    unsigned count = key ? KEY_PACKETS : s.size + (unsigned)(s.frames & 1);
    if (key) {
        s.want_key = false;
        s.last_key_ns = now;
        s.key_frames++;
    }
    for (unsigned i = 0; i < count; i++) {
        uint8_t p[SOURCE_PACKET + 64];
        size_t n = write_header(&s.video, p, i + 1 == count);
        memcpy(p + n, s.noise, SOURCE_PACKET - n);
        p[n] = i == 0 ? 0x90 : 0x80; /* RFC 7741 §4.2: X, S on the first */
        p[n + 1] = 0x80;             /* I */
        be16(p + n + 2, 0x8000 | s.picture_id);
        if (i == 0) { /* RFC 6386 §9.1 */
            static const uint8_t head[10] = {0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x00, 0x05, 0xd0, 0x02};
            memcpy(p + n + 4, head, sizeof head);
            p[n + 4] = key ? 0x10 : 0x11;
        }
        uint8_t *trailer = p + SOURCE_PACKET - SOURCE_TRAILER;
        be32(trailer, SOURCE_MAGIC);
        be32(trailer + 4, (uint32_t)s.frames);
        uint64_t sent = clock_ns(CLOCK_REALTIME);
        be32(trailer + 8, (uint32_t)(sent >> 32));
        be32(trailer + 12, (uint32_t)sent);
        send_packet(&s.video, p, SOURCE_PACKET);
    }
    s.picture_id = (s.picture_id + 1) & 0x7fff;
    s.video.timestamp += 3000;
    s.frames++;
}

static void send_audio(void) {
    uint8_t p[AUDIO_PAYLOAD + 96];
    size_t n = write_header(&s.audio, p, false);
    memcpy(p + n, s.noise, AUDIO_PAYLOAD);
    p[n] = 0xfc; /* RFC 6716 §3.1: CELT, 20 ms, stereo */
    send_packet(&s.audio, p, n + AUDIO_PAYLOAD);
    s.audio.timestamp += 960;
}

static void send_report(struct stream *t, int fd) {
    uint8_t p[128] = {0x80, 200, 0, 6};
    uint64_t now = clock_ns(CLOCK_REALTIME);
    be32(p + 4, t->ssrc);
    be32(p + 8, (uint32_t)(now / 1000000000ull + 2208988800ull));
    be32(p + 12, (uint32_t)(((now % 1000000000ull) << 32) / 1000000000ull));
    be32(p + 16, t->timestamp);
    be32(p + 20, t->packets);
    be32(p + 24, t->bytes);
    static const uint8_t sdes[12] = {0x81, 202, 0, 3};
    memcpy(p + 28, sdes, 4);
    be32(p + 32, t->ssrc);
    memcpy(p + 36,
           "\x01\x05"
           "bench"
           "\0",
           8);
    int n = s.whip ? peer_seal_rtcp(&s.peer, p, 44) : 44;
    if (n > 0) {
        (void)!send(fd, p, (size_t)n, 0);
    }
}

/* --- What the server says --- */

static void answer_nack(const uint8_t *p, size_t n) {
    for (size_t at = 12; at + 4 <= n; at += 4) {
        unsigned first = (unsigned)((p[at] << 8) | p[at + 1]);
        unsigned mask = (unsigned)((p[at + 2] << 8) | p[at + 3]) << 1 | 1;
        for (unsigned i = 0; i < 17; i++) {
            unsigned sequence = (first + i) & 0xffff, slot = sequence % HISTORY;
            const uint8_t *old = s.history[slot].bytes;
            if ((mask >> i & 1) && s.history[slot].size > 0 &&
                (unsigned)((old[2] << 8) | old[3]) == sequence) {
                (void)!send(s.video.fd, old, (size_t)s.history[slot].size, 0);
                s.nacks++;
            }
        }
    }
}

static void take_rtcp(const uint8_t *p, size_t n) {
    while (n >= 8) {
        size_t size = ((size_t)((p[2] << 8) | p[3]) + 1) * 4;
        if (size > n) {
            return;
        }
        unsigned format = p[0] & 31;
        if (p[1] == 206 && (format == 1 || format == 4)) {
            s.requests++;
            s.want_key = true;
        } else if (p[1] == 205 && format == 1) {
            answer_nack(p, size);
        }
        p += size;
        n -= size;
    }
}

static void receive(int fd) {
    uint8_t p[2048];
    ssize_t n;
    while ((n = recv(fd, p, sizeof p, MSG_DONTWAIT)) > 0) {
        if (!s.whip) {
            take_rtcp(p, (size_t)n);
        } else if (p[0] < 64) {
            peer_input(&s.peer, p, (size_t)n, clock_ns(CLOCK_MONOTONIC) / 1000);
        } else if (p[1] >= 192 && p[1] <= 223 && s.peer.state == PEER_OPEN) {
            int plain = peer_open_rtcp(&s.peer, p, (size_t)n);
            if (plain > 0) {
                take_rtcp(p, (size_t)plain);
            }
        }
    }
}

/* --- The thread --- */

static void *run(void *unused) {
    (void)unused;
    int fd = s.whip ? s.peer.fd : s.rtcp_fd;
    uint64_t next_frame = clock_ns(CLOCK_MONOTONIC), next_audio = next_frame + 7000000;
    uint64_t next_report = next_frame;
    while (!s.stop) {
        uint64_t now = clock_ns(CLOCK_MONOTONIC);
        if (now >= next_report) {
            send_report(&s.video, fd);
            if (s.whip) {
                send_report(&s.audio, fd);
            }
            next_report += REPORT_NS;
        }
        if (now >= next_audio) {
            send_audio();
            next_audio += AUDIO_NS;
        }
        if (now >= next_frame) {
            s.late += now - next_frame > 5000000;
            send_frame(now);
            next_frame += FRAME_NS;
        }
        if (s.whip) {
            peer_tick(&s.peer, now / 1000);
        }
        uint64_t next = next_frame < next_audio ? next_frame : next_audio;
        now = clock_ns(CLOCK_MONOTONIC);
        uint64_t left = next > now ? next - now : 0;
        struct timespec wait = {0, (long)left};
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (ppoll(&p, 1, &wait, NULL) > 0) {
            receive(fd);
        }
    }
    return NULL;
}

static void prepare(void) {
    memset(&s, 0, sizeof s);
    srand((unsigned)clock_ns(CLOCK_REALTIME));
    for (size_t i = 0; i < sizeof s.noise; i++) {
        s.noise[i] = (uint8_t)rand();
    }
    s.want_key = true;
    s.size = 5;
    s.video = (struct stream){
        .ssrc = 0x11110000u | (uint32_t)(rand() & 0xffff), .sequence = 1000, .type = VIDEO_TYPE};
    s.audio = (struct stream){
        .ssrc = 0x22220000u | (uint32_t)(rand() & 0xffff), .sequence = 2000, .type = AUDIO_TYPE};
    s.peer.fd = s.rtcp_fd = s.video.fd = s.audio.fd = -1;
}

static int start_thread(void) {
    int error = pthread_create(&s.thread, NULL, run, NULL);
    s.running = error == 0;
    return -error;
}

static int udp_to(const char *ip, unsigned port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && (inet_pton(AF_INET, ip, &to.sin_addr) != 1 ||
                    connect(fd, (struct sockaddr *)&to, sizeof to) < 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

int source_start_udp(const char *ip, unsigned video_port, unsigned video_rtcp_port,
                     unsigned audio_port) {
    prepare();
    s.video.fd = udp_to(ip, video_port);
    s.rtcp_fd = udp_to(ip, video_rtcp_port);
    s.audio.fd = udp_to(ip, audio_port);
    return s.video.fd < 0 || s.rtcp_fd < 0 || s.audio.fd < 0 ? -EINVAL : start_thread();
}

static void write_offer(char *text, size_t room) {
    char lines[512];
    peer_sdp_lines(&s.peer, "actpass", lines, sizeof lines);
    snprintf(text, room,
             "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
             "a=msid-semantic: WMS *\r\n"
             "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\n%sa=mid:0\r\n"
             "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=sendonly\r\na=rtcp-mux\r\n"
             "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\n"
             "a=rtcp-fb:96 ccm fir\r\na=msid:bench video\r\na=ssrc:%u cname:bench\r\n"
             "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n%sa=mid:1\r\n"
             "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=sendonly\r\na=rtcp-mux\r\n"
             "a=rtpmap:111 opus/48000/2\r\na=msid:bench audio\r\na=ssrc:%u cname:bench\r\n",
             lines, s.video.ssrc, lines, s.audio.ssrc);
}

/* Runs ICE and DTLS until the peer is open (5 s). */
static int connect_peer(void) {
    uint64_t end = clock_ns(CLOCK_MONOTONIC) / 1000 + 5000000, now;
    while ((now = clock_ns(CLOCK_MONOTONIC) / 1000) < end && s.peer.state != PEER_OPEN) {
        struct pollfd p = {.fd = s.peer.fd, .events = POLLIN};
        if (s.peer.state == PEER_FAILED) {
            return -EPROTO;
        }
        if (poll(&p, 1, 10) > 0) {
            receive(s.peer.fd);
        }
        peer_tick(&s.peer, now);
    }
    return s.peer.state == PEER_OPEN ? 0 : -ETIMEDOUT;
}

int source_start_whip(const char *url, const char *token) {
    struct http h = {.fd = -1};
    char offer[4096], headers[700], location[512];
    prepare();
    s.whip = true;
    s.video.mid = '0';
    s.audio.mid = '1';
    if (http_url_parse(url, &s.session) < 0) {
        return -EINVAL;
    }
    int error = peer_init(&s.peer, s.session.address.sin_addr);
    if (error < 0) {
        return error;
    }
    s.video.fd = s.audio.fd = s.peer.fd;
    write_offer(offer, sizeof offer);
    snprintf(s.authorization, sizeof s.authorization, "Authorization: Bearer %s\r\n", token);
    snprintf(headers, sizeof headers, "%sContent-Type: application/sdp\r\n", s.authorization);
    error = http_exchange(&h, &s.session.address, "POST", s.session.path, headers, offer);
    if (error == 201) {
        http_header(&h, "Location", location, sizeof location);
        const char *path = strstr(location, "://");
        path = path != NULL ? strchr(path + 3, '/') : location;
        snprintf(s.session.path, sizeof s.session.path, "%s", path != NULL ? path : "/");
        error = peer_start(&s.peer, http_body(&h), clock_ns(CLOCK_MONOTONIC) / 1000);
    } else {
        fprintf(stderr, "WHIP answered %d: %s\n", error, h.in != NULL ? http_body(&h) : "");
        error = error < 0 ? error : -EPROTO;
    }
    http_close(&h);
    if (error == 0) {
        error = connect_peer();
    }
    return error < 0 ? error : start_thread();
}

void source_stop(void) {
    if (!s.running) {
        return;
    }
    s.stop = true;
    pthread_join(s.thread, NULL);
    s.running = false;
    if (s.whip) {
        struct http h = {.fd = -1};
        http_exchange(&h, &s.session.address, "DELETE", s.session.path, s.authorization, "");
        http_close(&h);
        peer_clear(&s.peer);
    } else {
        close(s.video.fd);
        close(s.audio.fd);
        close(s.rtcp_fd);
    }
}

void source_set_gop(unsigned ms) {
    s.gop_ms = ms;
}

void source_set_size(unsigned packets) {
    s.size = packets > 0 && packets < KEY_PACKETS ? packets : 1;
}

void source_read(struct source_counts *ret) {
    *ret = (struct source_counts){.packets = s.packets,
                                  .frames = s.frames,
                                  .key_frames = s.key_frames,
                                  .requests = s.requests,
                                  .nacks = s.nacks,
                                  .late = s.late};
}

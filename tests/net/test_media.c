/* The media threads with real sockets: peers that were not made of the server's code publish,
 * watch, ask again, and misbehave. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/spans.h"
#include "media/media_api.h"
#include "peer.h"
#include "transport/srtp.h"

#define ROOM 10
#define VP8_TYPE 96
#define OPUS_TYPE 111
#define PATIENCE SEC(10)
#define SESSIONS 64

struct fixture {
    struct media *media;
    int woken; /* eventfd */
    media_id next_id;
    struct media_event kept[64]; /* that came while another one was awaited */
    size_t kept_count;
};

/* A peer with what it was told by "SDP" and what it has received. */
struct guest {
    struct peer peer;
    media_id id;
    uint32_t received;
    uint16_t first, last;
    bool contiguous;
    uint32_t plis;
    uint8_t newest[64]; /* the start of the newest payload */
};

static void wake(void *ctx) {
    uint64_t one = 1;
    ssize_t ignored = write(((struct fixture *)ctx)->woken, &one, sizeof(one));
    (void)ignored;
}

static int start(void **state) {
    struct fixture *f = calloc(1, sizeof(*f));
    f->woken = eventfd(0, EFD_NONBLOCK);
    f->next_id = 100;
    struct media_config config = {
        .bind = "127.0.0.1", .threads = 2, .sessions_max = SESSIONS, .wake = wake, .wake_ctx = f};
    *state = f;
    return media_new(&config, &f->media);
}

static int stop(void **state) {
    struct fixture *f = *state;
    media_free(f->media);
    close(f->woken);
    free(f);
    return 0;
}

static void fill_fingerprint(struct dtls_fingerprint *ret) {
    const char *text = peer_fingerprint();
    strcpy(ret->algorithm, "sha-256");
    ret->digest_size = 32;
    for (size_t i = 0; i < 32; i++) {
        ret->digest[i] = (uint8_t)strtoul(text + 3 * i, NULL, 16);
    }
}

static void fill_lines(struct media_session_config *c) {
    c->line_count = 2;
    c->lines[0] = (struct media_line){
        .mid = "0",
        .kind = MEDIA_VIDEO,
        .active = true,
        .payload_count = 1,
        .payloads = {{.type = VP8_TYPE, .codec = CODEC_VP8, .nack = true, .pli = true}},
        .ssrc = 1000,
        .rtx_ssrc = 1001};
    c->lines[1] = (struct media_line){.mid = "1",
                                      .kind = MEDIA_AUDIO,
                                      .active = true,
                                      .payload_count = 1,
                                      .payloads = {{.type = OPUS_TYPE, .codec = CODEC_OPUS}},
                                      .ssrc = 2000};
}

/* Opens a session for a new guest, as signal/ does after an offer, and starts its checks. */
static void join(struct fixture *f, struct guest *g, enum media_role role, media_id participant) {
    struct media_session_config c = {
        .session = f->next_id++, .room = ROOM, .participant = participant, .role = role};
    char sdp[1024];
    struct in_addr loopback = {htonl(INADDR_LOOPBACK)};
    *g = (struct guest){.id = c.session, .contiguous = true};
    assert_int_equal(peer_init(&g->peer, loopback), 0);
    media_ice_credentials(f->media, c.session, ROOM, c.role, &c.local_ice);
    strcpy(c.remote_ice.ufrag, g->peer.ufrag);
    strcpy(c.remote_ice.pwd, g->peer.pwd);
    fill_fingerprint(&c.remote_fingerprint);
    fill_lines(&c);
    assert_int_equal(media_open_session(f->media, &c), 0);
    snprintf(sdp, sizeof(sdp),
             "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=candidate:1 1 udp 1 127.0.0.1 %u typ host\r\n",
             c.local_ice.ufrag, c.local_ice.pwd, media_port(f->media));
    assert_int_equal(peer_start(&g->peer, sdp, clock_now()), 0);
}

static void take_rtp(struct guest *g, uint8_t *packet, size_t size) {
    int n = peer_open_rtp(&g->peer, packet, size);
    assert_true(n > 12);
    if ((packet[1] & 0x7f) != VP8_TYPE) {
        return;
    }
    uint16_t sequence = read_be16(packet + 2);
    if (g->received == 0) {
        g->first = sequence;
    } else if (sequence != (uint16_t)(g->last + 1)) {
        g->contiguous = false;
    }
    g->last = sequence;
    g->received++;
    size_t header = 12 + (packet[0] & 0x10 ? 4 + 4 * (size_t)read_be16(packet + 14) : 0);
    assert_true((size_t)n > header);
    size_t payload = (size_t)n - header;
    memcpy(g->newest, packet + header, payload < sizeof(g->newest) ? payload : sizeof(g->newest));
}

static void take_rtcp(struct guest *g, uint8_t *packet, size_t size) {
    int n = peer_open_rtcp(&g->peer, packet, size);
    assert_true(n >= 8);
    for (int at = 0; at + 8 <= n; at += 4 * (read_be16(packet + at + 2) + 1)) {
        g->plis += packet[at + 1] == 206 && (packet[at] & 31) == 1;
    }
}

/* Lets guests read and time pass for one round of at most 5 ms. */
static void live(struct guest *const *guests, size_t count) {
    struct pollfd fds[16];
    uint8_t buffer[2048];
    for (size_t i = 0; i < count; i++) {
        fds[i] = (struct pollfd){.fd = guests[i]->peer.fd, .events = POLLIN};
    }
    poll(fds, (nfds_t)count, 5);
    for (size_t i = 0; i < count; i++) {
        ssize_t n;
        while ((n = recv(guests[i]->peer.fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0) {
            if (buffer[0] < 64) {
                peer_input(&guests[i]->peer, buffer, (size_t)n, clock_now());
            } else if (buffer[1] >= 192 && buffer[1] < 224) {
                take_rtcp(guests[i], buffer, (size_t)n);
            } else {
                take_rtp(guests[i], buffer, (size_t)n);
            }
        }
        peer_tick(&guests[i]->peer, clock_now());
    }
}

static void live_until_open(struct guest *const *guests, size_t count) {
    usec_t end = clock_now() + PATIENCE;
    for (size_t i = 0; i < count && clock_now() < end; i++) {
        while (guests[i]->peer.state != PEER_OPEN && clock_now() < end) {
            live(guests, count);
        }
        assert_int_equal(guests[i]->peer.state, PEER_OPEN);
    }
}

/* One VP8 packet: a whole frame, or a fragment of one. */
static void send_video(struct guest *g, uint16_t sequence, uint32_t timestamp, bool start, bool end,
                       bool key, uint8_t mark) {
    uint8_t p[400] = {0x80, (uint8_t)(VP8_TYPE | (end ? 0x80 : 0))};
    write_be16(p + 2, sequence);
    write_be32(p + 4, timestamp);
    write_be32(p + 8, 77);
    p[12] = start ? 0x10 : 0x00; /* VP8 descriptor: S bit */
    p[13] = key ? 0x00 : 0x01;   /* P bit of the frame header, in the first fragment */
    p[14] = mark;
    int n = peer_seal_rtp(&g->peer, p, 300);
    assert_true(n > 0);
    assert_int_equal(send(g->peer.fd, p, (size_t)n, 0), n);
}

static void set_main(struct fixture *f, media_id source) {
    struct media_stage stage = {.main_video = source, .main_audio = source};
    stage.video[0] = stage.audio[0] = source;
    assert_int_equal(media_set_stage(f->media, ROOM, &stage), 0);
}

/* Waits for an event of this type about this session. */
static struct media_event await_event(struct fixture *f, enum media_event_type type, media_id id) {
    usec_t end = clock_now() + PATIENCE;
    struct media_event e;
    do {
        while (f->kept_count < 64 && media_next_event(f->media, &e)) {
            f->kept[f->kept_count++] = e;
        }
        for (size_t i = 0; i < f->kept_count; i++) {
            e = f->kept[i];
            if (e.type == type && e.session == id) {
                memmove(&f->kept[i], &f->kept[i + 1], (--f->kept_count - i) * sizeof(e));
                return e;
            }
        }
        struct pollfd p = {.fd = f->woken, .events = POLLIN};
        poll(&p, 1, 50);
    } while (clock_now() < end);
    fail_msg("no event %d of session %llu", (int)type, (unsigned long long)id);
    return e;
}

static void a_viewer_gets_what_is_published_under_its_own_numbers(void **state) {
    struct fixture *f = *state;
    struct guest rep, customer;
    join(f, &rep, MEDIA_PUBLISH, 1);
    join(f, &customer, MEDIA_WATCH, 2);
    struct guest *both[] = {&rep, &customer};
    live_until_open(both, 2);
    await_event(f, MEDIA_EVENT_CONNECTED, rep.id);
    await_event(f, MEDIA_EVENT_CONNECTED, customer.id);
    set_main(f, rep.id);
    usec_t end = clock_now() + PATIENCE;
    uint16_t sequence = 65450; /* wraps on the way */
    for (uint8_t frame = 1; frame <= 60 && clock_now() < end; frame++) {
        for (int part = 0; part < 3; part++) {
            send_video(&rep, sequence++, frame * 3000u, part == 0, part == 2, frame == 1, frame);
        }
        live(both, 2);
    }
    while (customer.received < 180 && clock_now() < end) {
        live(both, 2);
    }
    assert_int_equal(customer.received, 180);
    assert_true(customer.contiguous);
    assert_true(customer.first < 0x8000); /* libsrtp asks for that */
    assert_int_equal(customer.newest[customer.newest[0] & 0x80 ? 5 : 2], 60);
    struct media_event e = await_event(f, MEDIA_EVENT_SOURCE, rep.id);
    assert_true(e.source.alive);
    assert_int_equal(e.source.codec, CODEC_VP8);
    peer_clear(&rep.peer);
    peer_clear(&customer.peer);
}

static void a_late_viewer_starts_at_the_cached_key_frame(void **state) {
    struct fixture *f = *state;
    struct guest rep, late;
    join(f, &rep, MEDIA_PUBLISH, 1);
    struct guest *alone[] = {&rep};
    live_until_open(alone, 1);
    set_main(f, rep.id);
    for (uint8_t frame = 0; frame < 10; frame++) {
        send_video(&rep, frame, frame * 3000u, true, true, frame == 0, frame);
    }
    live(alone, 1);
    join(f, &late, MEDIA_WATCH, 2);
    struct guest *both[] = {&rep, &late};
    live_until_open(both, 2);
    usec_t end = clock_now() + PATIENCE;
    while (late.received < 10 && clock_now() < end) {
        live(both, 2);
    }
    assert_int_equal(late.received, 10);
    assert_int_equal(rep.plis, 0);
    peer_clear(&rep.peer);
    peer_clear(&late.peer);
}

static void many_wishes_for_a_key_frame_become_one(void **state) {
    struct fixture *f = *state;
    enum { VIEWERS = 8 };
    struct guest guests[VIEWERS + 1], *all[VIEWERS + 1];
    for (size_t i = 0; i <= VIEWERS; i++) {
        join(f, &guests[i], i == 0 ? MEDIA_PUBLISH : MEDIA_WATCH, i + 1);
        all[i] = &guests[i];
    }
    live_until_open(all, VIEWERS + 1);
    set_main(f, guests[0].id);
    /* Deltas only: nobody can start, everybody wants a key frame. */
    usec_t end = clock_now() + MSEC(900);
    for (uint16_t i = 0; clock_now() < end; i++) {
        send_video(&guests[0], i, i * 900u, true, true, false, 0);
        live(all, VIEWERS + 1);
    }
    assert_int_equal(guests[0].plis, 1);
    assert_int_equal(guests[1].received, 0);
    for (size_t i = 0; i <= VIEWERS; i++) {
        peer_clear(&guests[i].peer);
    }
}

static void a_wrong_certificate_ends_the_session(void **state) {
    struct fixture *f = *state;
    struct media_session_config c = {.session = f->next_id++, .room = ROOM, .role = MEDIA_WATCH};
    struct guest g = {.id = c.session};
    char sdp[1024];
    assert_int_equal(peer_init(&g.peer, (struct in_addr){htonl(INADDR_LOOPBACK)}), 0);
    media_ice_credentials(f->media, c.session, ROOM, c.role, &c.local_ice);
    strcpy(c.remote_ice.ufrag, g.peer.ufrag);
    strcpy(c.remote_ice.pwd, g.peer.pwd);
    fill_fingerprint(&c.remote_fingerprint);
    c.remote_fingerprint.digest[5] ^= 1;
    fill_lines(&c);
    assert_int_equal(media_open_session(f->media, &c), 0);
    snprintf(sdp, sizeof(sdp),
             "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=candidate:1 1 udp 1 127.0.0.1 %u typ host\r\n",
             c.local_ice.ufrag, c.local_ice.pwd, media_port(f->media));
    assert_int_equal(peer_start(&g.peer, sdp, clock_now()), 0);
    struct guest *alone[] = {&g};
    for (usec_t end = clock_now() + MSEC(500); clock_now() < end;) {
        live(alone, 1);
    }
    struct media_event e = await_event(f, MEDIA_EVENT_ENDED, g.id);
    assert_int_equal(e.reason, MEDIA_END_DTLS_FAILED);
    peer_clear(&g.peer);
}

static void leaving_is_told_and_the_slot_goes_dark(void **state) {
    struct fixture *f = *state;
    struct guest rep, customer;
    join(f, &rep, MEDIA_PUBLISH, 1);
    join(f, &customer, MEDIA_WATCH, 2);
    struct guest *both[] = {&rep, &customer};
    live_until_open(both, 2);
    set_main(f, rep.id);
    send_video(&rep, 1, 3000, true, true, true, 1);
    usec_t end = clock_now() + PATIENCE;
    while (customer.received < 1 && clock_now() < end) {
        live(both, 2);
    }
    peer_clear(&rep.peer); /* close_notify */
    struct media_event e = await_event(f, MEDIA_EVENT_ENDED, rep.id);
    assert_int_equal(e.reason, MEDIA_END_DTLS_CLOSED);
    assert_int_equal(media_close_session(f->media, customer.id), 0);
    e = await_event(f, MEDIA_EVENT_ENDED, customer.id);
    assert_int_equal(e.reason, MEDIA_END_CLOSED);
    assert_int_equal(media_close_session(f->media, customer.id), -ENOENT);
    peer_clear(&customer.peer);
}

/* Exactly so many packets were given to another thread, after the figures had time to be told. */
static void assert_relayed(struct fixture *f, struct guest *const *guests, size_t count,
                           uint64_t expected) {
    struct media_stats stats;
    for (usec_t end = clock_now() + MSEC(1300); clock_now() < end;) {
        live(guests, count);
    }
    media_read_stats(f->media, &stats);
    assert_int_equal(stats.relay_dropped, 0);
    assert_int_equal(stats.relayed, expected);
}

static void all_threads_serve_one_visit(void **state) {
    struct fixture *f = *state;
    enum { VIEWERS = 6 };
    struct guest guests[VIEWERS + 1], *all[VIEWERS + 1];
    bool used[2] = {false, false};
    usec_t end = clock_now() + PATIENCE;
    for (size_t i = 0; i <= VIEWERS; i++) {
        join(f, &guests[i], i == 0 ? MEDIA_PUBLISH : MEDIA_WATCH, i + 1);
        all[i] = &guests[i];
        used[guests[i].peer.remote_ufrag[0] - 'a'] |= i > 0;
    }
    assert_true(used[0] && used[1]);
    live_until_open(all, VIEWERS + 1);
    set_main(f, guests[0].id);
    for (uint8_t frame = 0; frame < 60; frame++) {
        for (int part = 0; part < 3; part++) {
            send_video(&guests[0], (uint16_t)(frame * 3 + part), frame * 3000u, part == 0,
                       part == 2, frame == 0, frame);
        }
        live(all, VIEWERS + 1);
    }
    for (size_t i = 1; i <= VIEWERS; i++) {
        while (guests[i].received < 180 && clock_now() < end) {
            live(all, VIEWERS + 1);
        }
        assert_int_equal(guests[i].received, 180);
        assert_true(guests[i].contiguous);
    }
    assert_relayed(f, all, VIEWERS + 1, 180);
    /* The last viewer elsewhere leaves: nothing is relayed any more; then one comes again. */
    for (size_t i = 1; i <= VIEWERS; i++) {
        if (guests[i].peer.remote_ufrag[0] != guests[0].peer.remote_ufrag[0]) {
            peer_clear(&guests[i].peer);
            await_event(f, MEDIA_EVENT_ENDED, guests[i].id);
        }
    }
    struct guest *rep[] = {&guests[0]};
    for (uint8_t frame = 60; frame < 70; frame++) {
        send_video(&guests[0], (uint16_t)(120 + frame), frame * 3000u, true, true, frame == 60,
                   frame);
        live(rep, 1);
    }
    assert_relayed(f, rep, 1, 180);
    struct guest late, *two[] = {&guests[0], &late};
    join(f, &late, MEDIA_WATCH, 99);
    assert_true(late.peer.remote_ufrag[0] != guests[0].peer.remote_ufrag[0]);
    live_until_open(two, 2);
    end = clock_now() + PATIENCE;
    while (late.received < 10 && clock_now() < end) {
        live(two, 2);
    }
    assert_int_equal(late.received, 10); /* from the cached key frame */
    assert_int_equal(guests[0].plis, 0);
    peer_clear(&late.peer);
    for (size_t i = 0; i <= VIEWERS; i++) {
        if (guests[i].peer.fd > 0) {
            peer_clear(&guests[i].peer);
        }
    }
}

/* What strangers and a broken guest send is counted and hurts nobody. */
static void garbage_is_counted_and_others_go_on(void **state) {
    struct fixture *f = *state;
    struct guest rep, customer;
    struct media_stats before, after;
    media_read_stats(f->media, &before);
    join(f, &rep, MEDIA_PUBLISH, 1);
    join(f, &customer, MEDIA_WATCH, 2);
    struct guest *both[] = {&rep, &customer};
    live_until_open(both, 2);
    set_main(f, rep.id);
    int stranger = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(media_port(f->media)),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    uint8_t noise[1400];
    for (unsigned i = 0; i < 2000; i++) {
        for (size_t k = 0; k < sizeof(noise); k++) {
            noise[k] = (uint8_t)(i * 31 + k * 7 + (k >> 3));
        }
        noise[0] = (uint8_t)(i * 13);
        if (i % 4 == 0) { /* looks like a check */
            memcpy(noise, "\0\1\0\10\x21\x12\xa4\x42", 8);
        }
        size_t n = 1 + i % sizeof(noise);
        sendto(stranger, noise, n, 0, (struct sockaddr *)&to, sizeof(to));
        send(customer.peer.fd, noise, n, 0);
    }
    close(stranger);
    usec_t end = clock_now() + PATIENCE;
    for (uint16_t i = 0; customer.received < 20 && clock_now() < end; i++) {
        send_video(&rep, i, i * 3000u, true, true, i == 0, 1);
        live(both, 2);
    }
    assert_true(customer.received >= 20);
    do { /* the figures are up to 100 ms old */
        live(both, 2);
        media_read_stats(f->media, &after);
    } while ((after.unknown_path == before.unknown_path || after.stun_bad == before.stun_bad ||
              after.srtp_bad == before.srtp_bad) &&
             clock_now() < end);
    assert_true(after.stun_bad > before.stun_bad);
    assert_true(after.unknown_path > before.unknown_path);
    assert_true(after.srtp_bad > before.srtp_bad);
    peer_clear(&rep.peer);
    peer_clear(&customer.peer);
}

static void one_visit_may_take_every_session(void **state) {
    struct fixture *f = *state;
    static struct media_session_config c;
    struct media_event e;
    for (unsigned i = 0; i < SESSIONS; i++) {
        c = (struct media_session_config){
            .session = f->next_id++, .room = ROOM, .role = MEDIA_WATCH};
        media_ice_credentials(f->media, c.session, ROOM, c.role, &c.local_ice);
        strcpy(c.remote_ice.ufrag, "guest");
        strcpy(c.remote_ice.pwd, "0123456789012345678901");
        fill_fingerprint(&c.remote_fingerprint);
        fill_lines(&c);
        assert_int_equal(media_open_session(f->media, &c), 0);
    }
    assert_int_equal(media_close_session(f->media, c.session), 0);
    do {
        struct pollfd p = {.fd = f->woken, .events = POLLIN};
        assert_int_equal(poll(&p, 1, (int)(PATIENCE / 1000)), 1);
    } while (!media_next_event(f->media, &e));
    assert_int_equal(e.type, MEDIA_EVENT_ENDED);
    assert_int_equal(e.session, c.session);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_viewer_gets_what_is_published_under_its_own_numbers,
                                        start, stop),
        cmocka_unit_test_setup_teardown(a_late_viewer_starts_at_the_cached_key_frame, start, stop),
        cmocka_unit_test_setup_teardown(many_wishes_for_a_key_frame_become_one, start, stop),
        cmocka_unit_test_setup_teardown(a_wrong_certificate_ends_the_session, start, stop),
        cmocka_unit_test_setup_teardown(leaving_is_told_and_the_slot_goes_dark, start, stop),
        cmocka_unit_test_setup_teardown(all_threads_serve_one_visit, start, stop),
        cmocka_unit_test_setup_teardown(garbage_is_counted_and_others_go_on, start, stop),
        cmocka_unit_test_setup_teardown(one_visit_may_take_every_session, start, stop),
    };
    /* libsrtp starts once a process: the server's part first. */
    struct srtp_keys none = {.profile = SRTP_PROFILE_GCM_128};
    srtp_in_free(srtp_in_new(&none));
    if (peer_setup("SRTP_AEAD_AES_128_GCM") < 0) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The whole way of a datagram: a media thread (driven by hand) with one publisher and one viewer
 * whose handshakes are done. The input is a list of steps: what arrives from whom, in clear or
 * sealed with the peer's own keys, so that what lies behind SRTP is reached too. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/random.h"
#include "media/shard.h"
#include "net/udp_socket.h"
#include "transport/demux.h"
#include "transport/dtls.h"
#include "wire/rtp.h"
#include "wire/stun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROOM 1
#define STEPS_MAX 64

struct client {
    media_id id;
    int fd;
    struct path path; /* as the server sees it */
    struct ice_credentials local, remote;
    struct dtls *dtls;
    struct srtp_out *out;
};

static struct shard *shard;
static struct dtls_identity *server_identity, *client_identity;
static struct mailbox *events;
static struct udp_socket *elsewhere;
static media_id next_id = 1;

static void wake(void *ctx) {
    (void)ctx;
}

static void open_shard(void) {
    server_identity = dtls_identity_new();
    client_identity = dtls_identity_new();
    events = mailbox_new(sizeof(struct media_event), 4096);
    struct shard_config config = {.count = 1,
                                  .bind = "127.0.0.1",
                                  .sessions_max = 16,
                                  .packets_max = 64, /* few: the pool has to be shared out */
                                  .identity = server_identity,
                                  .events = events,
                                  .wake = wake};
    static struct shard *all[1];
    if (shard_open(&config, &shard) < 0 || udp_open("127.0.0.1", 0, false, &elsewhere) < 0) {
        abort();
    }
    all[0] = shard;
    shard_share(shard, all);
}

static void fill_lines(struct media_session_config *c) {
    c->line_count = 2;
    c->lines[0] = (struct media_line){
        .mid = "0",
        .kind = MEDIA_VIDEO,
        .active = true,
        .payload_count = 4,
        .payloads = {{.type = 96, .rtx_type = 97, .codec = CODEC_VP8, .nack = true, .pli = true},
                     {.type = 98, .rtx_type = 99, .codec = CODEC_VP9, .nack = true, .pli = true},
                     {.type = 100, .rtx_type = 101, .codec = CODEC_H264, .nack = true, .pli = true},
                     {.type = 102, .rtx_type = 103, .codec = CODEC_AV1, .nack = true, .pli = true}},
        .extension_ids = {[EXT_MID] = 1,
                          [EXT_TWCC] = 2,
                          [EXT_ABS_CAPTURE_TIME] = 3,
                          [EXT_VIDEO_ORIENTATION] = 4,
                          [EXT_COLOR_SPACE] = 5,
                          [EXT_DEPENDENCY] = 6},
        .ssrc = 1000,
        .rtx_ssrc = 1001};
    c->lines[1] = (struct media_line){.mid = "1",
                                      .kind = MEDIA_AUDIO,
                                      .active = true,
                                      .payload_count = 1,
                                      .payloads = {{.type = 111, .codec = CODEC_OPUS}},
                                      .extension_ids = {[EXT_MID] = 1, [EXT_AUDIO_LEVEL] = 7},
                                      .ssrc = 2000};
}

static void give(struct client *c, uint8_t *p, size_t n, usec_t now) {
    struct udp_datagram d = {.path = c->path, .p = p, .n = n};
    shard_datagram(shard, &d, now);
}

static size_t write_check(struct client *c, uint8_t *buffer, size_t size) {
    char user[ICE_UFRAG_MAX * 2];
    struct stun_request request = {
        .priority = 1, .use_candidate = true, .controlling = true, .tie_breaker = 7};
    snprintf(user, sizeof(user), "%s:%s", c->remote.ufrag, c->local.ufrag);
    request.username = bytes_of_text(user);
    int n = stun_write_request((struct room){buffer, size}, &request, bytes_of_text(c->remote.pwd));
    return n > 0 ? (size_t)n : 0;
}

static void handshake(struct client *c) {
    uint8_t buffer[2048];
    struct srtp_keys keys;
    give(c, buffer, write_check(c, buffer, sizeof(buffer)), clock_now());
    for (int i = 0; i < 50 && dtls_state(c->dtls) == DTLS_HANDSHAKE; i++) {
        int n;
        while ((n = dtls_output(c->dtls, (struct room){buffer, sizeof(buffer)})) > 0) {
            give(c, buffer, (size_t)n, clock_now());
        }
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        poll(&p, 1, 20);
        ssize_t got;
        while ((got = recv(c->fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0) {
            if (datagram_kind(bytes_of(buffer, (size_t)got)) == DATAGRAM_DTLS) {
                dtls_input(c->dtls, bytes_of(buffer, (size_t)got));
            }
        }
    }
    if (dtls_srtp_keys(c->dtls, &keys) < 0) {
        abort(); /* then nothing would be tested */
    }
    c->out = srtp_out_new(&keys);
}

static void join(struct client *c, enum media_role role) {
    struct media_session_config *config = calloc(1, sizeof(*config));
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(any);
    *c = (struct client){.id = next_id++, .fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    if (bind(c->fd, (struct sockaddr *)&any, sizeof(any)) < 0 ||
        getsockname(c->fd, (struct sockaddr *)&any, &length) < 0) {
        abort();
    }
    address_of_sockaddr((struct sockaddr *)&any, &c->path.remote);
    address_parse("127.0.0.1", shard_port(shard), &c->path.local);
    snprintf(c->local.ufrag, sizeof(c->local.ufrag), "client%llu", (unsigned long long)c->id);
    snprintf(c->local.pwd, sizeof(c->local.pwd), "0123456789012345678901");
    snprintf(c->remote.ufrag, sizeof(c->remote.ufrag), "aserver%llu", (unsigned long long)c->id);
    snprintf(c->remote.pwd, sizeof(c->remote.pwd), "abcdefghijabcdefghijab");
    struct dtls_fingerprint server;
    dtls_identity_digest(server_identity, &server);
    c->dtls = dtls_new(client_identity, DTLS_CLIENT, &server);
    config->session = c->id;
    config->room = ROOM;
    config->participant = c->id;
    config->role = role;
    config->local_ice = c->remote;
    config->remote_ice = c->local;
    dtls_identity_digest(client_identity, &config->remote_fingerprint);
    fill_lines(config);
    struct shard_command open = {.type = SHARD_OPEN_SESSION, .id = c->id, .heap = config};
    shard_post(shard, &open);
    shard_round(shard, 0);
    handshake(c);
}

static void leave(struct client *c) {
    struct shard_command close_it = {.type = SHARD_CLOSE_SESSION, .id = c->id};
    shard_post(shard, &close_it);
    shard_round(shard, 0);
    srtp_out_free(c->out);
    dtls_free(c->dtls);
    close(c->fd);
}

static void give_sealed_rtp(struct client *c, struct bytes plain, uint64_t *roc, usec_t now) {
    uint8_t buffer[UDP_DATAGRAM_MAX];
    struct rtp_header header;
    size_t split = plain.n < 12 ? plain.n : 12;
    if (rtp_parse(plain, &header) == 0) {
        split = header.header_size;
    }
    if (plain.n < 12) {
        return;
    }
    struct bytes payload = bytes_from(plain, split);
    uint64_t index = *roc << 16 | read_be16(plain.p + 2);
    int n = srtp_out_seal(c->out, bytes_of(plain.p, split), &payload, 1, index,
                          (struct room){buffer, sizeof(buffer)});
    if (n > 0) {
        give(c, buffer, (size_t)n, now);
    }
}

static void give_sealed_rtcp(struct client *c, struct bytes plain, usec_t now) {
    uint8_t buffer[UDP_DATAGRAM_MAX];
    int n = srtp_out_seal_rtcp(c->out, plain, (struct room){buffer, sizeof(buffer)});
    if (n > 0) {
        give(c, buffer, (size_t)n, now);
    }
}

static void give_clear(struct client *c, struct bytes plain, usec_t now) {
    uint8_t buffer[UDP_DATAGRAM_MAX];
    memcpy(buffer, plain.p, plain.n);
    give(c, buffer, plain.n, now);
}

static void take_step(struct client *rep, struct client *viewer, uint8_t op, struct bytes plain,
                      usec_t *now) {
    static uint64_t roc;
    struct client stranger = {.path = rep->path};
    stranger.path.remote.port = udp_port(elsewhere);
    switch (op % 8) {
    case 0:
        give_clear(rep, plain, *now);
        break;
    case 1:
        give_clear(viewer, plain, *now);
        break;
    case 2:
        give_clear(&stranger, plain, *now);
        break;
    case 3:
        give_sealed_rtp(rep, plain, &roc, *now);
        break;
    case 4:
        give_sealed_rtcp(rep, plain, *now);
        break;
    case 5:
        give_sealed_rtcp(viewer, plain, *now);
        break;
    case 6:
        give_sealed_rtp(viewer, plain, &roc, *now);
        break;
    case 7:
        *now += plain.n > 0 ? MSEC(plain.p[0]) : 0;
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct client rep, viewer;
    struct media_event ignored;
    if (!shard) {
        open_shard();
    }
    join(&rep, MEDIA_PUBLISH);
    join(&viewer, MEDIA_WATCH);
    struct media_stage *stage = calloc(1, sizeof(*stage));
    stage->main_video = stage->main_audio = stage->video[0] = stage->audio[0] = rep.id;
    shard_post(shard, &(struct shard_command){.type = SHARD_SET_STAGE, .id = ROOM, .heap = stage});
    shard_round(shard, 0);
    usec_t now = clock_now();
    for (unsigned step = 0; step < STEPS_MAX && size >= 3; step++) {
        size_t n = read_be16(data + 1) % UDP_DATAGRAM_MAX;
        uint8_t op = data[0];
        data += 3;
        size -= 3;
        n = n < size ? n : size;
        if (n > 0) {
            take_step(&rep, &viewer, op, bytes_of(data, n), &now);
        }
        data += n;
        size -= n;
    }
    shard_round(shard, 0);
    leave(&rep);
    leave(&viewer);
    while (mailbox_take(events, &ignored)) {
    }
    return 0;
}

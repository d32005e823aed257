#include "live/feed.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define RTP_HEADER_SIZE 12
#define PATIENCE_MS 50
#define SOCKET_ROOM (1 << 20)
#define RTCP_SR 200
#define RTCP_SDES 202
#define RTCP_PSFB 206

static void init_track(struct feed_track *t, enum media_codec codec, uint32_t ssrc, uint64_t seed) {
    if (codec == CODEC_NONE) {
        return;
    }
    t->codec = codec;
    t->ssrc = ssrc;
    t->clock_rate = codec == CODEC_OPUS ? 48000 : 90000;
    t->payload_type = codec == CODEC_VP8 ? 96 : codec == CODEC_H264 ? 97 : 111;
    t->timestamp_base = (uint32_t)(codec == CODEC_OPUS ? seed >> 16 : seed >> 8);
    /* Another sequence for each (the golden ratio's bits mix the number in). */
    t->sequence = (uint16_t)((seed ^ ssrc * UINT64_C(0x9e3779b97f4a7c15)) >> 40) & 0x7fff;
    packetiser_init(&t->cut, codec, (uint16_t)(seed >> 32));
}

void feed_init(struct feed *f, int fd, const enum media_codec *rungs, size_t count, bool audio,
               uint64_t seed) {
    int room = SOCKET_ROOM;
    assert(count <= FEED_RUNGS_MAX);
    *f = (struct feed){.fd = fd, .rungs = count};
    pthread_mutex_init(&f->lock, NULL);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
    init_track(&f->tracks[0], audio ? CODEC_OPUS : CODEC_NONE, FEED_SSRC_AUDIO, seed);
    for (size_t k = 0; k < count; k++) {
        uint32_t ssrc = k == 0 ? FEED_SSRC_VIDEO : FEED_SSRC_RUNGS + (uint32_t)k;
        init_track(&f->tracks[1 + k], rungs[k], ssrc, seed);
    }
}

void feed_clear(struct feed *f) {
    if (f->fd >= 0) {
        close(f->fd);
        f->fd = -1;
    }
    for (size_t i = 0; i < FEED_TRACKS; i++) {
        packetiser_clear(&f->tracks[i].cut);
    }
    pthread_mutex_destroy(&f->lock);
}

void feed_set_origin(struct feed *f, uint64_t unix_usec) {
    pthread_mutex_lock(&f->lock);
    f->unix_origin = unix_usec;
    pthread_mutex_unlock(&f->lock);
}

static int send_message(struct feed *f, struct bytes head, struct bytes body) {
    struct iovec parts[2] = {{.iov_base = (void *)(uintptr_t)head.p, .iov_len = head.n},
                             {.iov_base = (void *)(uintptr_t)body.p, .iov_len = body.n}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    for (int tries = 0; !f->gone; tries++) {
        if (sendmsg(f->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) {
            return 0;
        }
        if (errno == EINTR) {
            continue;
        }
        if (errno != EAGAIN && errno != ENOBUFS) {
            f->gone = true;
        } else if (tries > 0) {
            return -EAGAIN;
        } else {
            struct pollfd p = {.fd = f->fd, .events = POLLOUT};
            poll(&p, 1, PATIENCE_MS);
        }
    }
    return -EPIPE;
}

static uint32_t timestamp(const struct feed_track *t, uint64_t time) {
    uint64_t seconds = time / 1000000000u, rest = time % 1000000000u;
    uint64_t ticks = seconds * t->clock_rate + (rest * t->clock_rate + 500000000u) / 1000000000u;
    return t->timestamp_base + (uint32_t)ticks;
}

/* Sender report and SDES CNAME in one compound packet. */
static void send_report(struct feed *f, const struct feed_track *t, uint64_t now) {
    uint8_t p[28 + 20] = {0x80, RTCP_SR, 0, 6};
    uint64_t ntp = clock_ntp_of_unix(f->unix_origin + now / 1000);
    write_be32(p + 4, t->ssrc);
    write_be64(p + 8, ntp);
    write_be32(p + 16, timestamp(t, now));
    write_be32(p + 20, t->packets);
    write_be32(p + 24, t->octets);
    uint8_t *sdes = p + 28;
    memcpy(sdes, "\x81\xca\x00\x04", 4);
    write_be32(sdes + 4, t->ssrc);
    memcpy(sdes + 8, "\x01\x07parlour", 9); /* then NULs to the boundary */
    send_message(f, bytes_of(p, sizeof(p)), bytes_of(NULL, 0));
}

static int send_packet(struct feed *f, struct feed_track *t, struct bytes payload, bool last,
                       uint64_t time) {
    uint8_t header[RTP_HEADER_SIZE] = {0x80};
    /* Opus: the marker starts a talk spurt (RFC 7587 §4.2); video: it ends a frame. */
    bool marker = t->codec == CODEC_OPUS ? t->packets == 0 : last;
    header[1] = (uint8_t)((marker ? 0x80 : 0) | t->payload_type);
    write_be16(header + 2, t->sequence);
    write_be32(header + 4, timestamp(t, time));
    write_be32(header + 8, t->ssrc);
    int r = send_message(f, bytes_of(header, sizeof(header)), payload);
    t->sequence++; /* also when lost: the receiver shall see the hole */
    if (r == 0) {
        t->packets++;
        t->octets += (uint32_t)payload.n;
    }
    return r;
}

static int send_frame(struct feed *f, struct feed_track *t, uint64_t time, uint64_t now) {
    if (t->broken && !packetiser_is_key(&t->cut)) {
        return -EAGAIN;
    }
    t->broken = false;
    if (t->packets == 0) {
        send_report(f, t, now);
    }
    size_t n = packetiser_count(&t->cut);
    for (size_t i = 0; i < n; i++) {
        int r = send_packet(f, t, packetiser_payload(&t->cut, i), i + 1 == n, time);
        if (r < 0) {
            t->broken = r == -EAGAIN && t->codec != CODEC_OPUS;
            return r;
        }
    }
    return 0;
}

int feed_frame(struct feed *f, int track, struct bytes frame, uint64_t time, uint64_t now) {
    struct feed_track *t = &f->tracks[1 + track];
    assert(track >= FEED_AUDIO && track < (int)f->rungs);
    pthread_mutex_lock(&f->lock);
    int r = packetiser_frame(&t->cut, frame);
    r = r < 0 ? r : send_frame(f, t, time, now);
    pthread_mutex_unlock(&f->lock);
    return r;
}

void feed_report(struct feed *f, uint64_t now) {
    pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < FEED_TRACKS; i++) {
        if (f->tracks[i].packets > 0) {
            send_report(f, &f->tracks[i], now);
        }
    }
    pthread_mutex_unlock(&f->lock);
}

static bool is_rung(const struct feed *f, uint32_t ssrc) {
    for (size_t k = 0; k < f->rungs; k++) {
        if (f->tracks[1 + k].ssrc == ssrc) {
            return true;
        }
    }
    return false;
}

/* RFC 3550 §6.1: a compound packet. */
static bool asks_for_key_frame(const struct feed *f, struct bytes compound) {
    while (compound.n >= 12) {
        size_t size = 4 * ((size_t)read_be16(compound.p + 2) + 1);
        if (size > compound.n || compound.p[0] >> 6 != 2) {
            return false;
        }
        unsigned format = compound.p[0] & 0x1f;
        bool pli = format == 1 && is_rung(f, read_be32(compound.p + 8));
        bool fir = format == 4 && size >= 20 && is_rung(f, read_be32(compound.p + 12));
        if (compound.p[1] == RTCP_PSFB && (pli || fir)) {
            return true;
        }
        compound = bytes_from(compound, size);
    }
    return false;
}

bool feed_read(struct feed *f) {
    bool wanted = false;
    for (;;) {
        uint8_t message[1500];
        ssize_t n = recv(f->fd, message, sizeof(message), MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno == EAGAIN) {
            return wanted;
        }
        if (n <= 0) {
            pthread_mutex_lock(&f->lock);
            f->gone = true;
            pthread_mutex_unlock(&f->lock);
            return false;
        }
        wanted = asks_for_key_frame(f, bytes_of(message, (size_t)n)) || wanted;
    }
}

bool feed_is_gone(struct feed *f) {
    pthread_mutex_lock(&f->lock);
    bool gone = f->gone;
    pthread_mutex_unlock(&f->lock);
    return gone;
}

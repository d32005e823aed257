#include "media/feed.h"

#include "base/log.h"
#include "media/publisher.h"
#include "media/shard_state.h"
#include "wire/rtp.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define PACKETS_A_ROUND 64
#define FEED_PACKET_MAX 1400
/* The payload types of the ingest socket. */
#define TYPE_VP8 96
#define TYPE_H264 97
#define TYPE_OPUS 111
#define RUNG_SSRC 16 /* rung k ≥ 1 of the picture has this SSRC + k */

struct feed {
    struct timer timer; /* first: the timer is the feed */
    struct shard_state *shard;
    struct feed *next; /* in shard_state.feeds or ended_feeds */
    media_id id;
    int fd;
    bool ended;
    struct publisher *publisher;
};

static const struct media_line feed_lines[] = {
    {.mid = "0",
     .kind = MEDIA_VIDEO,
     .active = true,
     .payload_count = 2,
     .payloads = {{.type = TYPE_VP8, .codec = CODEC_VP8, .pli = true},
                  {.type = TYPE_H264,
                   .codec = CODEC_H264,
                   .fmtp = "packetization-mode=1;profile-level-id=42e01f",
                   .pli = true}}},
    {.mid = "1",
     .kind = MEDIA_AUDIO,
     .active = true,
     .payload_count = 1,
     .payloads = {{.type = TYPE_OPUS, .codec = CODEC_OPUS}}},
};

static void feed_end(struct feed *f) {
    if (f->ended) {
        return;
    }
    f->ended = true;
    timers_unset(&f->shard->timers, &f->timer);
    publisher_free(f->publisher);
    f->publisher = NULL;
    /* close alone leaves it in epoll while a child that was just forked holds a copy */
    epoll_ctl(f->shard->epoll, EPOLL_CTL_DEL, f->fd, NULL);
    close(f->fd);
    struct feed **at = &f->shard->feeds;
    while (*at != f) {
        at = &(*at)->next;
    }
    *at = f->next;
    f->next = f->shard->ended_feeds;
    f->shard->ended_feeds = f;
    shard_event(f->shard, &(struct media_event){.type = MEDIA_EVENT_ENDED,
                                                .session = f->id,
                                                .reason = MEDIA_END_FEED});
}

static void send_rtcp(void *ctx, struct bytes compound) {
    struct feed *f = ctx;
    /* A pipeline that does not read misses a key-frame request; another follows. */
    ssize_t ignored = send(f->fd, compound.p, compound.n, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)ignored;
}

static void schedule(void *ctx, usec_t now) {
    struct feed *f = ctx;
    (void)now;
    if (!f->ended) {
        timers_set(&f->shard->timers, &f->timer, publisher_next_timeout(f->publisher));
    }
}

static const struct publisher_carrier feed_carrier = {
    .send_rtcp = send_rtcp, .schedule = schedule, .rung_ssrc = RUNG_SSRC};

static void timer_fired(struct timer *timer, usec_t now) {
    struct feed *f = (struct feed *)timer;
    publisher_timeout(f->publisher, now);
    schedule(f, now);
}

static int open_parts(struct feed *f, media_id room) {
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = f};
    f->publisher = publisher_new(f->shard, f->id, 0, room, feed_lines,
                                 sizeof(feed_lines) / sizeof(feed_lines[0]), &feed_carrier, f);
    if (!f->publisher) {
        return -ENOMEM;
    }
    return epoll_ctl(f->shard->epoll, EPOLL_CTL_ADD, f->fd, &e) < 0 ? -errno : 0;
}

void feed_open(struct shard_state *shard, const struct media_feed_config *config, usec_t now) {
    (void)now;
    struct feed *f = calloc(1, sizeof(*f));
    if (!f) {
        close(config->fd);
        shard_event(shard, &(struct media_event){.type = MEDIA_EVENT_ENDED,
                                                 .session = config->session,
                                                 .reason = MEDIA_END_FEED});
        return;
    }
    *f = (struct feed){.timer.fire = timer_fired,
                       .shard = shard,
                       .id = config->session,
                       .fd = config->fd,
                       .next = shard->feeds};
    shard->feeds = f;
    int r = open_parts(f, config->room);
    if (r < 0) {
        log_warn("feed.open_failed", "session=%llu error=%s", (unsigned long long)f->id,
                 strerror(-r));
        feed_end(f);
    }
}

void feed_close(struct shard_state *shard, media_id id) {
    for (struct feed *f = shard->feeds; f; f = f->next) {
        if (f->id == id) {
            feed_end(f);
            return;
        }
    }
}

void feed_readable(struct feed *f, usec_t now) {
    uint8_t buffer[FEED_PACKET_MAX];
    for (unsigned i = 0; i < PACKETS_A_ROUND && !f->ended; i++) {
        ssize_t n = recv(f->fd, buffer, sizeof(buffer), MSG_DONTWAIT | MSG_TRUNC);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            break;
        }
        if (n <= 0) {
            feed_end(f);
            return;
        }
        if ((size_t)n > sizeof(buffer)) {
            f->shard->stats.oversized++;
            continue;
        }
        struct bytes packet = bytes_of(buffer, (size_t)n);
        if (rtp_is_rtcp(packet)) {
            publisher_rtcp(f->publisher, packet, now);
        } else {
            publisher_rtp(f->publisher, packet, now);
        }
    }
    schedule(f, now);
}

void feeds_free_ended(struct shard_state *shard) {
    while (shard->ended_feeds) {
        struct feed *next = shard->ended_feeds->next;
        free(shard->ended_feeds);
        shard->ended_feeds = next;
    }
}

void feeds_clear(struct shard_state *shard) {
    while (shard->feeds) {
        struct feed *f = shard->feeds;
        shard->feeds = f->next;
        publisher_free(f->publisher);
        timers_unset(&shard->timers, &f->timer);
        close(f->fd);
        free(f);
    }
    feeds_free_ended(shard);
}

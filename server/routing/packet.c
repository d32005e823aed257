#include "routing/packet.h"
#include "wire/rtp.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define SLAB_PACKETS 128
#define RTX_HEADER 2 /* original sequence number, RFC 4588 §4 */

struct slab {
    struct slab *next;
    struct packet packets[SLAB_PACKETS];
};

struct packet_pool {
    struct slab *slabs;
    struct packet *free;
    size_t max, made;
    atomic_size_t used;
    _Atomic(struct packet *) returned; /* by any thread; taken all at once, by the pool's own */
};

struct packet_pool *packet_pool_new(size_t max) {
    struct packet_pool *pool = calloc(1, sizeof *pool);
    if (pool != NULL) {
        pool->max = max;
    }
    return pool;
}

void packet_pool_free(struct packet_pool *pool) {
    if (pool == NULL) {
        return;
    }
    assert(packet_pool_used(pool) == 0);
    while (pool->slabs != NULL) {
        struct slab *slab = pool->slabs;
        pool->slabs = slab->next;
        free(slab);
    }
    free(pool);
}

size_t packet_pool_used(const struct packet_pool *pool) {
    return atomic_load_explicit(&pool->used, memory_order_relaxed);
}

static int grow(struct packet_pool *pool) {
    if (pool->made >= pool->max) {
        return -ENOBUFS;
    }
    struct slab *slab = malloc(sizeof *slab);
    if (slab == NULL) {
        return -ENOMEM;
    }
    slab->next = pool->slabs;
    pool->slabs = slab;
    for (size_t i = 0; i < SLAB_PACKETS && pool->made < pool->max; i++, pool->made++) {
        slab->packets[i].next_free = pool->free;
        pool->free = &slab->packets[i];
    }
    return 0;
}

static int take(struct packet_pool *pool, struct packet **ret) {
    if (pool->free == NULL) {
        pool->free = atomic_exchange_explicit(&pool->returned, NULL, memory_order_acquire);
    }
    if (pool->free == NULL) {
        const int r = grow(pool);
        if (r < 0) {
            return r;
        }
    }
    struct packet *p = pool->free;
    pool->free = p->next_free;
    atomic_fetch_add_explicit(&pool->used, 1, memory_order_relaxed);
    memset(p, 0, offsetof(struct packet, data));
    p->pool = pool;
    atomic_init(&p->references, 1);
    *ret = p;
    return 0;
}

/* The value of an extension if its size is one that viewers expect. */
static void keep_extension(struct packet *p, const struct rtp_header *h, enum rtp_extension e,
                           uint8_t id, size_t min, size_t max) {
    const struct bytes value = id != 0 ? rtp_extension_find(h, id) : bytes_of(NULL, 0);
    if (value.n >= min && value.n <= max) {
        p->extensions.values[e] = value;
        p->extensions.room[e] = (uint8_t)value.n;
    }
}

static void read_extensions(struct packet *p, const struct rtp_header *h, enum media_codec codec,
                            const uint8_t ids[static EXT_COUNT]) {
    if (h->extension.n == 0) {
        return;
    }
    keep_extension(p, h, EXT_ABS_CAPTURE_TIME, ids[EXT_ABS_CAPTURE_TIME], 8, 16);
    if (codec == CODEC_OPUS) {
        const uint8_t id = ids[EXT_AUDIO_LEVEL];
        const struct bytes level = id != 0 ? rtp_extension_find(h, id) : bytes_of(NULL, 0);
        if (level.n >= 1) {
            p->fragment.has_audio_level = true;
            p->fragment.audio_level = level.p[0];
        }
        return;
    }
    keep_extension(p, h, EXT_VIDEO_ORIENTATION, ids[EXT_VIDEO_ORIENTATION], 1, 1);
    keep_extension(p, h, EXT_COLOR_SPACE, ids[EXT_COLOR_SPACE], 4, PACKET_COLOR_SPACE_MAX);
    keep_extension(p, h, EXT_DEPENDENCY, ids[EXT_DEPENDENCY], 3, PACKET_DEPENDENCY_MAX);
    keep_extension(p, h, EXT_PLAYOUT_DELAY, ids[EXT_PLAYOUT_DELAY], 3, 3);
}

/* Fills a packet whose data is in place: everything from `payload` on is the codec's. */
static int fill(struct packet *p, enum media_codec codec, const struct rtp_header *h,
                struct bytes payload, const uint8_t ids[static EXT_COUNT], usec_t now) {
    p->ssrc = h->ssrc;
    p->timestamp = h->timestamp;
    p->sequence = h->sequence;
    p->payload_type = h->payload_type;
    p->marker = h->marker;
    p->arrival = now;
    p->empty = payload.n == 0;
    if (!p->empty) {
        const int r = payload_inspect(codec, payload, &p->info);
        if (r < 0) {
            return r == -ENOTSUP ? r : -EBADMSG;
        }
    }
    p->fragment.timestamp = h->timestamp;
    p->fragment.marker = h->marker;
    read_extensions(p, h, codec, ids);
    return fragment_set_payload(&p->fragment, codec, payload);
}

static int receive(struct packet_pool *pool, struct bytes rtp, struct packet **ret,
                   struct rtp_header *ret_header) {
    if (rtp.n > PACKET_SIZE_MAX) {
        return -EMSGSIZE;
    }
    if (rtp.n < RTP_HEADER_MIN) {
        return -EBADMSG;
    }
    struct packet *p;
    const int r = take(pool, &p);
    if (r < 0) {
        return r;
    }
    memcpy(p->data, rtp.p, rtp.n);
    p->size = (uint16_t)rtp.n;
    if (rtp_parse(bytes_of(p->data, rtp.n), ret_header) < 0) {
        packet_unref(p);
        return -EBADMSG;
    }
    *ret = p;
    return 0;
}

int packet_new(struct packet_pool *pool, enum media_codec codec, struct bytes rtp,
               const uint8_t extension_ids[static EXT_COUNT], usec_t now, struct packet **ret) {
    struct packet *p;
    struct rtp_header h;
    int r = receive(pool, rtp, &p, &h);
    if (r < 0) {
        return r;
    }
    r = fill(p, codec, &h, h.payload, extension_ids, now);
    if (r < 0) {
        packet_unref(p);
        return r;
    }
    *ret = p;
    return 0;
}

int packet_new_from_rtx(struct packet_pool *pool, enum media_codec codec, struct bytes rtx,
                        uint32_t ssrc, uint8_t type, const uint8_t extension_ids[static EXT_COUNT],
                        usec_t now, struct packet **ret) {
    struct packet *p;
    struct rtp_header h;
    int r = receive(pool, rtx, &p, &h);
    if (r < 0) {
        return r;
    }
    if (h.payload.n <= RTX_HEADER) {
        packet_unref(p);
        return -ENODATA;
    }
    h.sequence = read_be16(h.payload.p);
    h.ssrc = ssrc;
    h.payload_type = type;
    p->repaired = true;
    r = fill(p, codec, &h, bytes_from(h.payload, RTX_HEADER), extension_ids, now);
    if (r < 0) {
        packet_unref(p);
        return r;
    }
    *ret = p;
    return 0;
}

struct packet *packet_ref(struct packet *p) {
    atomic_fetch_add_explicit(&p->references, 1, memory_order_relaxed);
    return p;
}

static void give_back(struct packet_pool *pool, struct packet *p) {
    atomic_fetch_sub_explicit(&pool->used, 1, memory_order_relaxed);
    p->next_free = atomic_load_explicit(&pool->returned, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&pool->returned, &p->next_free, p,
                                                  memory_order_release, memory_order_relaxed)) {
    }
}

void packet_unref(struct packet *p) {
    if (p == NULL) {
        return;
    }
    /* The last one sees what all others did with the packet. */
    const unsigned before = atomic_fetch_sub_explicit(&p->references, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before == 1) {
        give_back(p->pool, p);
    }
}

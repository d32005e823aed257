#include "presentation/film.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOVIE_SCALE 1000
#define CHUNK_SECONDS 1 /* of picture, then of sound, in turns */
#define COPY_SIZE (256 * 1024)
#define TRACKS_MAX 2

struct chunk {
    unsigned track;
    size_t from, to; /* samples */
    uint64_t offset; /* of its bytes, from the start of the media data */
};

struct film {
    const struct cmaf *tracks[TRACKS_MAX];
    unsigned track_count;
    struct chunk *chunks;
    size_t chunk_count, chunk_room;
    uint64_t media_size, media_at;
};

/* One track of a film, for the tables. */
struct view {
    const struct film *film;
    unsigned track;
};

static int add_chunk(struct film *f, unsigned track, size_t from, size_t to) {
    if (f->chunk_count == f->chunk_room) {
        size_t room = f->chunk_room ? f->chunk_room * 2 : 64;
        struct chunk *chunks = reallocarray(f->chunks, room, sizeof(*chunks));
        if (!chunks) {
            return -ENOMEM;
        }
        f->chunks = chunks;
        f->chunk_room = room;
    }
    size_t count;
    const struct mp4_sample *samples = cmaf_samples(f->tracks[track], &count);
    f->chunks[f->chunk_count++] =
        (struct chunk){.track = track, .from = from, .to = to, .offset = f->media_size};
    for (size_t i = from; i < to; i++) {
        f->media_size += samples[i].size;
    }
    return 0;
}

static int lay_out(struct film *f) {
    size_t next[TRACKS_MAX] = {0};
    bool left = true;
    for (uint64_t second = CHUNK_SECONDS; left; second += CHUNK_SECONDS) {
        left = false;
        for (unsigned t = 0; t < f->track_count; t++) {
            size_t count, to = next[t];
            const struct mp4_sample *samples = cmaf_samples(f->tracks[t], &count);
            uint64_t until = second * cmaf_format(f->tracks[t])->timescale;
            while (to < count && samples[to].time < until) {
                to++;
            }
            int r = to > next[t] ? add_chunk(f, t, next[t], to) : 0;
            if (r < 0) {
                return r;
            }
            next[t] = to;
            left = left || to < count;
        }
    }
    return 0;
}

static uint64_t duration_of(const struct cmaf *track, const struct mp4_sample *samples,
                            size_t count, size_t i) {
    return (i + 1 < count ? samples[i + 1].time : cmaf_end(track)) - samples[i].time;
}

/* ISO 14496-12 §8.6.1.2: runs of equal durations. */
static void put_times(struct mp4_buffer *b, const struct cmaf *track) {
    size_t count, at = mp4_open_full(b, "stts", 0, 0), entries = b->size, runs = 0;
    const struct mp4_sample *samples = cmaf_samples(track, &count);
    mp4_put32(b, 0);
    for (size_t i = 0; i < count; runs++) {
        size_t from = i;
        uint64_t duration = duration_of(track, samples, count, i);
        while (i < count && duration_of(track, samples, count, i) == duration) {
            i++;
        }
        mp4_put32(b, i - from);
        mp4_put32(b, duration);
    }
    mp4_set32(b, entries, runs);
    mp4_close(b, at);
}

/* §8.6.2: the key frames. */
static void put_keys(struct mp4_buffer *b, const struct cmaf *track) {
    size_t count, at = mp4_open_full(b, "stss", 0, 0), entries = b->size, keys = 0;
    const struct mp4_sample *samples = cmaf_samples(track, &count);
    mp4_put32(b, 0);
    for (size_t i = 0; i < count; i++) {
        if (samples[i].key) {
            mp4_put32(b, i + 1);
            keys++;
        }
    }
    mp4_set32(b, entries, keys);
    mp4_close(b, at);
}

/* §8.7.4 and §8.7.5: how many samples each chunk has, and where it is. */
static void put_chunks(struct mp4_buffer *b, const struct film *f, unsigned track) {
    size_t at = mp4_open_full(b, "stsc", 0, 0), entries = b->size, runs = 0, n = 0, before = 0;
    mp4_put32(b, 0);
    for (size_t i = 0; i < f->chunk_count; i++) {
        const struct chunk *chunk = &f->chunks[i];
        if (chunk->track != track) {
            continue;
        }
        n++;
        if (chunk->to - chunk->from != before) {
            before = chunk->to - chunk->from;
            runs++;
            mp4_put32(b, n);
            mp4_put32(b, before);
            mp4_put32(b, 1);
        }
    }
    mp4_set32(b, entries, runs);
    mp4_close(b, at);
    at = mp4_open_full(b, "co64", 0, 0);
    mp4_put32(b, n);
    for (size_t i = 0; i < f->chunk_count; i++) {
        if (f->chunks[i].track == track) {
            mp4_put64(b, f->media_at + f->chunks[i].offset);
        }
    }
    mp4_close(b, at);
}

static void put_table(struct mp4_buffer *b, const void *ctx) {
    const struct view *view = ctx;
    const struct cmaf *track = view->film->tracks[view->track];
    size_t count;
    const struct mp4_sample *samples = cmaf_samples(track, &count);
    put_times(b, track);
    if (cmaf_format(track)->kind == MP4_H264) {
        put_keys(b, track);
    }
    size_t sizes = mp4_open_full(b, "stsz", 0, 0);
    mp4_put32(b, 0);
    mp4_put32(b, count);
    for (size_t i = 0; i < count; i++) {
        mp4_put32(b, samples[i].size);
    }
    mp4_close(b, sizes);
    put_chunks(b, view->film, view->track);
}

static uint64_t movie_time(const struct cmaf *track) {
    uint32_t scale = cmaf_format(track)->timescale;
    return (cmaf_end(track) * MOVIE_SCALE + scale / 2) / scale;
}

static void build_head(const struct film *f, struct mp4_buffer *b) {
    uint64_t longest = 0;
    for (unsigned t = 0; t < f->track_count; t++) {
        uint64_t time = movie_time(f->tracks[t]);
        longest = time > longest ? time : longest;
    }
    size_t ftyp = mp4_open(b, "ftyp");
    mp4_put(b, "isom\0\0\2\0isomiso2avc1mp41", 24);
    mp4_close(b, ftyp);
    size_t moov = mp4_open(b, "moov");
    mp4_put_movie_header(b, MOVIE_SCALE, longest, f->track_count + 1);
    for (unsigned t = 0; t < f->track_count; t++) {
        const struct view view = {.film = f, .track = t};
        mp4_put_track(b, cmaf_format(f->tracks[t]), t + 1, movie_time(f->tracks[t]),
                      cmaf_end(f->tracks[t]), put_table, &view);
    }
    mp4_close(b, moov);
    mp4_put32(b, 1); /* a 64-bit size follows */
    mp4_put(b, "mdat", 4);
    mp4_put64(b, f->media_size + 16);
}

static int write_all(int fd, const uint8_t *p, size_t n) {
    while (n > 0) {
        ssize_t r = write(fd, p, n);
        if (r < 0 && errno == EINTR) {
            continue;
        }
        if (r < 0) {
            return -errno;
        }
        p += r;
        n -= (size_t)r;
    }
    return 0;
}

static int copy(int from, uint64_t offset, uint64_t n, int to, uint8_t *buffer) {
    while (n > 0) {
        ssize_t r = pread(from, buffer, n < COPY_SIZE ? n : COPY_SIZE, (off_t)offset);
        if (r < 0 && errno == EINTR) {
            continue;
        }
        if (r <= 0) {
            return r < 0 ? -errno : -EIO;
        }
        int w = write_all(to, buffer, (size_t)r);
        if (w < 0) {
            return w;
        }
        offset += (uint64_t)r;
        n -= (uint64_t)r;
    }
    return 0;
}

/* Samples that lie together are copied together. */
static int copy_chunk(const struct film *f, const struct chunk *chunk, const int *sources, int to,
                      uint8_t *buffer) {
    size_t count, i = chunk->from;
    const struct mp4_sample *samples = cmaf_samples(f->tracks[chunk->track], &count);
    int r = 0;
    while (i < chunk->to && r == 0) {
        uint64_t start = samples[i].offset, end = start;
        while (i < chunk->to && samples[i].offset == end) {
            end += samples[i++].size;
        }
        r = copy(sources[chunk->track], start, end - start, to, buffer);
    }
    return r;
}

static int copy_media(const struct film *f, int to) {
    int sources[TRACKS_MAX] = {-1, -1}, r = 0;
    uint8_t *buffer = malloc(COPY_SIZE);
    r = buffer ? 0 : -ENOMEM;
    for (unsigned t = 0; t < f->track_count && r == 0; t++) {
        sources[t] = open(cmaf_path(f->tracks[t]), O_RDONLY | O_CLOEXEC);
        r = sources[t] < 0 ? -errno : 0;
    }
    for (size_t i = 0; i < f->chunk_count && r == 0; i++) {
        r = copy_chunk(f, &f->chunks[i], sources, to, buffer);
    }
    for (unsigned t = 0; t < f->track_count; t++) {
        if (sources[t] >= 0) {
            close(sources[t]);
        }
    }
    free(buffer);
    return r;
}

static int write_film(struct film *f, const char *path) {
    struct mp4_buffer head = {0};
    build_head(f, &head); /* once to learn its size */
    f->media_at = head.size;
    head.size = 0;
    build_head(f, &head);
    int fd = head.failed ? -1 : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    int r = head.failed ? -ENOMEM : fd < 0 ? -errno : write_all(fd, head.data, head.size);
    mp4_buffer_clear(&head);
    r = r < 0 ? r : copy_media(f, fd);
    if (r == 0 && fsync(fd) < 0) {
        r = -errno;
    }
    if (fd >= 0 && close(fd) < 0 && r == 0) {
        r = -errno;
    }
    return r;
}

int film_write(const char *path, const struct cmaf *picture, const struct cmaf *sound) {
    struct film film = {.tracks = {picture, sound}, .track_count = sound ? 2 : 1};
    int r = lay_out(&film);
    r = r < 0 ? r : write_film(&film, path);
    free(film.chunks);
    return r;
}

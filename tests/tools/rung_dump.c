/* rung_dump FILE [OUT]: reads a rung file as the server does, prints a line of JSON about it and
 * puts the payloads together again: H.264 as Annex B, VP8 as IVF, Opus as Ogg (RFC 7845). The
 * depacketising here shares nothing with pipelines/packetiser.c. Exit 1 when the file breaks a rule
 * of its format. */
#include "routing/rung_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define OGG_SERIAL 1
#define OGG_PAGE_MAX (27 + 255 + 1500)

static const char *fault;

static void put16(uint8_t *p, uint32_t v) {
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *p, uint32_t v) {
    put16(p, v);
    put16(p + 2, v >> 16);
}

static void start_ivf(FILE *out, const struct rung_file *r) {
    uint8_t h[32] = "DKIF\0\0\x20\0VP80";
    put16(h + 12, r->width);
    put16(h + 14, r->height);
    put32(h + 16, r->clock_rate);
    put32(h + 20, 1);
    put32(h + 24, r->frame_count);
    fwrite(h, 1, sizeof(h), out);
}

/* RFC 7741 §4.2, what our rungs use of it: X, I and a 15-bit picture id. */
static void dump_vp8(const struct rung_file *r, const struct rung_frame *f, FILE *out) {
    uint32_t size = 0;
    uint8_t h[12] = {0};
    for (uint32_t i = 0; i < f->packet_count; i++) {
        struct bytes p = rung_file_packet(r, f->first_packet + i);
        bool good = p.n > 4 && (p.p[0] & 0x80) && (p.p[1] & 0x80) && (p.p[2] & 0x80) &&
                    !!(p.p[0] & 0x10) == (i == 0);
        fault = good ? fault : "vp8 descriptor";
        size += good ? (uint32_t)p.n - 4 : 0;
    }
    put32(h, size);
    put32(h + 4, (uint32_t)f->time);
    fwrite(h, 1, sizeof(h), out);
    for (uint32_t i = 0; i < f->packet_count && !fault; i++) {
        struct bytes p = rung_file_packet(r, f->first_packet + i);
        fwrite(p.p + 4, 1, p.n - 4, out);
    }
}

static void dump_stap(struct bytes p, FILE *out) {
    struct bytes rest = bytes_from(p, 1);
    while (rest.n > 2) {
        size_t n = (size_t)(rest.p[0] << 8 | rest.p[1]);
        if (n == 0 || n > rest.n - 2) {
            fault = "stap-a";
            return;
        }
        fwrite("\0\0\0\1", 1, 4, out);
        fwrite(rest.p + 2, 1, n, out);
        rest = bytes_from(rest, 2 + n);
    }
}

/* RFC 6184 §5.6 to §5.8 */
static void dump_h264(const struct rung_file *r, const struct rung_frame *f, FILE *out) {
    for (uint32_t i = 0; i < f->packet_count; i++) {
        struct bytes p = rung_file_packet(r, f->first_packet + i);
        int type = p.n > 1 ? p.p[0] & 0x1f : 0;
        if (i == 0 && f->key != (type == 24)) {
            fault = "a key frame starts with its parameter sets, and no other frame does";
        }
        if (type == 24) {
            dump_stap(p, out);
        } else if (type == 28 && p.n > 2) {
            uint8_t nal = (uint8_t)((p.p[0] & 0xe0) | (p.p[1] & 0x1f));
            if (p.p[1] & 0x80) {
                fwrite("\0\0\0\1", 1, 4, out);
                fwrite(&nal, 1, 1, out);
            }
            fwrite(p.p + 2, 1, p.n - 2, out);
        } else if (type >= 1 && type <= 23) {
            fwrite("\0\0\0\1", 1, 4, out);
            fwrite(p.p, 1, p.n, out);
        } else {
            fault = "h264 payload type";
        }
    }
}

/* RFC 3533 §6: the checksum of a page. */
static uint32_t ogg_crc(const uint8_t *p, size_t n) {
    uint32_t crc = 0;
    for (size_t i = 0; i < n; i++) {
        crc ^= (uint32_t)p[i] << 24;
        for (int bit = 0; bit < 8; bit++) {
            crc = crc << 1 ^ (crc & 0x80000000u ? 0x04c11db7u : 0);
        }
    }
    return crc;
}

/* A page that holds one packet. */
static void ogg_page(FILE *out, struct bytes packet, uint8_t flags, uint64_t granule) {
    static uint32_t number;
    uint8_t page[OGG_PAGE_MAX] = "OggS";
    size_t laces = packet.n / 255 + 1, head = 27 + laces;
    if (head + packet.n > sizeof(page)) {
        fault = "opus packet";
        return;
    }
    page[5] = flags;
    put32(page + 6, (uint32_t)granule);
    put32(page + 10, (uint32_t)(granule >> 32));
    put32(page + 14, OGG_SERIAL);
    put32(page + 18, number++);
    page[26] = (uint8_t)laces;
    memset(page + 27, 255, laces - 1);
    page[27 + laces - 1] = (uint8_t)(packet.n % 255);
    memcpy(page + head, packet.p, packet.n);
    put32(page + 22, ogg_crc(page, head + packet.n));
    fwrite(page, 1, head + packet.n, out);
}

static void start_ogg(FILE *out) {
    static const uint8_t head[] = "OpusHead\1\2\0\0\x80\xbb\0\0\0\0";
    static const uint8_t tags[] = "OpusTags\0\0\0\0\0\0\0\0";
    ogg_page(out, bytes_of(head, 19), 2, 0);
    ogg_page(out, bytes_of(tags, 16), 0, 0);
}

static void dump_frame(const struct rung_file *r, uint32_t index, FILE *out) {
    struct rung_frame f = rung_file_frame(r, index);
    struct bytes first = rung_file_packet(r, f.first_packet);
    if (r->codec == CODEC_VP8) {
        dump_vp8(r, &f, out);
    } else if (r->codec == CODEC_H264) {
        dump_h264(r, &f, out);
    } else {
        ogg_page(out, first, index + 1 == r->frame_count ? 4 : 0, f.time + 960);
    }
    /* Equal fragments but the last; parameter sets travel apart. */
    uint32_t from = r->codec == CODEC_H264 && f.key ? 1 : 0;
    for (uint32_t i = from + 1; i + 1 < f.packet_count; i++) {
        if (rung_file_packet(r, f.first_packet + i).n !=
            rung_file_packet(r, f.first_packet + from).n) {
            fault = "unequal fragments";
        }
    }
}

static void describe(const struct rung_file *r) {
    printf("{\"codec\":\"%s\",\"clock\":%u,\"speed\":%u,\"width\":%u,\"height\":%u,\"frames\":%u,"
           "\"packets\":%u,\"duration\":%.6f,\"keys\":[",
           r->codec == CODEC_VP8    ? "vp8"
           : r->codec == CODEC_H264 ? "h264"
                                    : "opus",
           r->clock_rate, r->speed_percent, r->width, r->height, r->frame_count, r->packet_count,
           (double)r->duration / r->clock_rate);
    bool first = true;
    for (uint32_t i = 0; i < r->frame_count && r->kind == MEDIA_VIDEO; i++) {
        struct rung_frame f = rung_file_frame(r, i);
        if (f.key) {
            printf("%s%.6f", first ? "" : ",", (double)f.time / r->clock_rate);
            first = false;
        }
    }
    printf("]}\n");
}

static int dump(struct bytes file, const char *to) {
    struct rung_file r;
    if (rung_file_open(file, &r) < 0) {
        fault = "the reader refuses it";
        return 1;
    }
    FILE *out = fopen(to, "wb");
    if (!out) {
        fault = "the output cannot be written";
        return 1;
    }
    if (r.codec == CODEC_VP8) {
        start_ivf(out, &r);
    } else if (r.codec == CODEC_OPUS) {
        start_ogg(out);
    }
    for (uint32_t i = 0; i < r.frame_count && !fault; i++) {
        dump_frame(&r, i, out);
    }
    fclose(out);
    describe(&r);
    return fault ? 1 : 0;
}

int main(int argc, char **argv) {
    struct stat st;
    int fd = argc == 2 || argc == 3 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0 || fstat(fd, &st) < 0 || st.st_size == 0) {
        fprintf(stderr, "Usage: rung_dump FILE [OUT]\n");
        return 2;
    }
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED) {
        return 2;
    }
    int r = dump(bytes_of(p, (size_t)st.st_size), argc == 3 ? argv[2] : "/dev/null");
    if (fault) {
        fprintf(stderr, "rung_dump: %s\n", fault);
    }
    munmap(p, (size_t)st.st_size);
    close(fd);
    return r;
}

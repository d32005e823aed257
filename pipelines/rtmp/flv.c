#include "rtmp/flv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define ROOM_FIRST 16384
#define CODEC_ID_AVC 7
#define SOUND_FORMAT_ENHANCED 9
#define SOUND_FORMAT_AAC 10
#define OTHER_FORMAT "another format"

void flv_reader_clear(struct flv_reader *r) {
    free(r->data);
    *r = (struct flv_reader){0};
}

/* Takes from `in` until `size` bytes are held; the room follows what has come, not what is
 * announced. */
static int gather(struct flv_reader *r, struct bytes *in, size_t size) {
    size_t n = size - r->size < in->n ? size - r->size : in->n;
    if (r->size + n > r->room) {
        size_t room = r->room ? r->room : ROOM_FIRST;
        while (room < r->size + n) {
            room *= 2;
        }
        uint8_t *data = realloc(r->data, room);
        if (!data) {
            return -ENOMEM;
        }
        r->data = data;
        r->room = room;
    }
    if (n > 0) {
        memcpy(r->data + r->size, in->p, n);
        r->size += n;
        *in = bytes_from(*in, n);
    }
    return r->size == size;
}

static int read_header(struct flv_reader *r, struct bytes *in) {
    int whole = gather(r, in, FLV_HEADER_SIZE);
    if (whole <= 0) {
        return whole;
    }
    if (memcmp(r->data, "FLV\1", 4) != 0 || read_be32(r->data + 5) != 9) {
        return -EPROTO;
    }
    r->begun = true;
    r->size = 0;
    return 1;
}

static int read_tag(struct flv_reader *r, struct bytes *in, struct flv_tag *ret) {
    if (r->size < FLV_TAG_HEADER_SIZE) {
        int whole = gather(r, in, FLV_TAG_HEADER_SIZE);
        if (whole <= 0) {
            return whole;
        }
    }
    size_t body = read_be24(r->data + 1);
    if (body > FLV_TAG_MAX) {
        return -EPROTO;
    }
    int whole = gather(r, in, FLV_TAG_HEADER_SIZE + body + FLV_TAG_END_SIZE);
    if (whole <= 0) {
        return whole;
    }
    unsigned type = r->data[0];
    r->size = 0;
    if (type == FLV_AUDIO || type == FLV_VIDEO || type == FLV_SCRIPT) {
        *ret = (struct flv_tag){.type = (enum flv_type)type,
                                .timestamp = read_be24(r->data + 4) | (uint32_t)r->data[7] << 24,
                                .took = read_be24(r->data + 8),
                                .body = bytes_of(r->data + FLV_TAG_HEADER_SIZE, body)};
    }
    return 1;
}

int flv_read(struct flv_reader *r, struct bytes in, struct flv_tag *ret) {
    size_t given = in.n;
    *ret = (struct flv_tag){.type = FLV_NOTHING};
    while (ret->type == FLV_NOTHING) {
        int whole = r->begun ? read_tag(r, &in, ret) : read_header(r, &in);
        if (whole < 0) {
            return whole;
        }
        if (whole == 0) {
            break;
        }
    }
    return (int)(given - in.n);
}

void flv_write_header(uint8_t to[FLV_HEADER_SIZE]) {
    memcpy(to, "FLV\1\5\0\0\0\11\0\0\0\0", FLV_HEADER_SIZE);
}

void flv_write_tag_header(uint8_t to[FLV_TAG_HEADER_SIZE], enum flv_type type, uint32_t timestamp,
                          uint32_t took, size_t body) {
    to[0] = (uint8_t)type;
    write_be24(to + 1, (uint32_t)body);
    write_be24(to + 4, timestamp & 0xffffff);
    to[7] = (uint8_t)(timestamp >> 24);
    write_be24(to + 8, took < 0xffffff ? took : 0xffffff);
}

void flv_write_tag_end(uint8_t to[FLV_TAG_END_SIZE], size_t body) {
    write_be32(to, (uint32_t)(FLV_TAG_HEADER_SIZE + body));
}

static void foreign(struct flv_media *ret, const char *codec) {
    ret->content = FLV_FOREIGN;
    snprintf(ret->codec, sizeof(ret->codec), "%s", codec);
}

/* "Enhanced RTMP" v1: bit 7 set, the packet type in the lower half, then a FourCC. AVC as FourCC
 * has the same packets as the old way. */
static void enhanced_video(struct bytes body, struct flv_media *ret) {
    unsigned type = body.p[0] & 15;
    if (body.n < 5) {
        ret->content = FLV_IGNORED;
        return;
    }
    if (memcmp(body.p + 1, "avc1", 4) != 0) {
        bool hevc = memcmp(body.p + 1, "hvc1", 4) == 0, av1 = memcmp(body.p + 1, "av01", 4) == 0;
        foreign(ret, hevc ? "HEVC" : av1 ? "AV1" : OTHER_FORMAT);
        return;
    }
    size_t start = type == 1 ? 8 : 5; /* coded frames have a composition time */
    ret->key = (body.p[0] >> 4 & 7) == 1;
    ret->payload = bytes_from(body, start);
    ret->composition = type == 1 && body.n >= 8 ? (int32_t)(read_be24(body.p + 5) << 8) >> 8 : 0;
    ret->content = ret->payload.n == 0      ? FLV_IGNORED
                   : type == 0              ? FLV_CONFIG
                   : type == 1 || type == 3 ? FLV_FRAME
                                            : FLV_IGNORED;
}

void flv_video(struct bytes body, struct flv_media *ret) {
    static const char *const codecs[16] = {[2] = "H.263", [4] = "VP6", [5] = "VP6", [12] = "HEVC"};
    *ret = (struct flv_media){.content = FLV_IGNORED};
    if (body.n < 1) {
        return;
    }
    if (body.p[0] & 0x80) {
        enhanced_video(body, ret);
        return;
    }
    unsigned kind = body.p[0] >> 4, codec = body.p[0] & 15;
    if (kind == 5) { /* a command for the player */
        return;
    }
    if (codec != CODEC_ID_AVC) {
        foreign(ret, codecs[codec] ? codecs[codec] : OTHER_FORMAT);
        return;
    }
    if (body.n > 5 && body.p[1] <= 1) {
        ret->content = body.p[1] == 0 ? FLV_CONFIG : FLV_FRAME;
        ret->key = kind == 1;
        ret->composition = (int32_t)(read_be24(body.p + 2) << 8) >> 8;
        ret->payload = bytes_from(body, 5);
    }
}

/* "Enhanced RTMP" v2: the packet type in the lower half, then a FourCC. */
static void enhanced_audio(struct bytes body, struct flv_media *ret) {
    unsigned type = body.p[0] & 15;
    if (body.n < 5) {
        return;
    }
    if (memcmp(body.p + 1, "mp4a", 4) != 0) {
        bool opus = memcmp(body.p + 1, "Opus", 4) == 0, flac = memcmp(body.p + 1, "fLaC", 4) == 0;
        foreign(ret, opus ? "Opus" : flac ? "FLAC" : OTHER_FORMAT);
        return;
    }
    ret->payload = bytes_from(body, 5);
    ret->content = ret->payload.n == 0 ? FLV_IGNORED
                   : type == 0         ? FLV_CONFIG
                   : type == 1         ? FLV_FRAME
                                       : FLV_IGNORED;
}

void flv_audio(struct bytes body, struct flv_media *ret) {
    static const char *const codecs[16] = {[2] = "MP3", [11] = "Speex", [14] = "MP3"};
    *ret = (struct flv_media){.content = FLV_IGNORED};
    if (body.n < 1) {
        return;
    }
    unsigned format = body.p[0] >> 4;
    if (format == SOUND_FORMAT_ENHANCED) {
        enhanced_audio(body, ret);
        return;
    }
    if (format != SOUND_FORMAT_AAC) {
        foreign(ret, codecs[format] ? codecs[format] : OTHER_FORMAT);
        return;
    }
    if (body.n > 2 && body.p[1] <= 1) {
        ret->content = body.p[1] == 0 ? FLV_CONFIG : FLV_FRAME;
        ret->payload = bytes_from(body, 2);
    }
}

uint64_t flv_unwrap(uint64_t last, uint32_t timestamp) {
    int64_t step = (int32_t)(timestamp - (uint32_t)last);
    return step < 0 && (uint64_t)-step > last ? timestamp : (uint64_t)((int64_t)last + step);
}

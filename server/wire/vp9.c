#include "wire/vp9.h"

#include <errno.h>

#define REFERENCES_MAX 3

/* Takes one byte; -1 when there is none left. */
static int take(struct bytes *rest) {
    if (rest->n == 0) {
        return -1;
    }
    int b = rest->p[0];
    *rest = bytes_of(rest->p + 1, rest->n - 1);
    return b;
}

static int skip(struct bytes *rest, size_t n) {
    if (rest->n < n) {
        return -EBADMSG;
    }
    *rest = bytes_of(rest->p + n, rest->n - n);
    return 0;
}

static int parse_picture_id(struct bytes payload, struct bytes *rest, struct vp9_descriptor *d) {
    d->picture_id_at = (uint8_t)(payload.n - rest->n);
    int first = take(rest);
    if (first < 0) {
        return -EBADMSG;
    }
    d->picture_id_size = 1;
    d->picture_id = (uint16_t)first;
    if (first & 0x80) {
        int second = take(rest);
        if (second < 0) {
            return -EBADMSG;
        }
        d->picture_id_size = 2;
        d->picture_id = (uint16_t)((first & 0x7f) << 8 | second);
    }
    return 0;
}

static int parse_layers(struct bytes payload, struct bytes *rest, struct vp9_descriptor *d) {
    int b = take(rest);
    if (b < 0) {
        return -EBADMSG;
    }
    d->temporal_id = (uint8_t)(b >> 5);
    d->switching_up = b & 0x10;
    d->spatial_id = (b >> 1) & 7;
    d->inter_layer = b & 1;
    if (!d->flexible) {
        d->tl0picidx_at = (uint8_t)(payload.n - rest->n);
        b = take(rest);
        if (b < 0) {
            return -EBADMSG;
        }
        d->tl0picidx = (uint8_t)b;
    }
    return 0;
}

/* Reference indices of flexible mode: at most three, each says whether another follows. */
static int skip_references(struct bytes *rest) {
    for (int i = 0; i < REFERENCES_MAX; i++) {
        int b = take(rest);
        if (b < 0) {
            return -EBADMSG;
        }
        if (!(b & 1)) {
            return 0;
        }
    }
    return -EBADMSG;
}

/* RFC 9628 §4.2.1 */
static int skip_structure(struct bytes *rest) {
    int b = take(rest);
    if (b < 0 || ((b & 0x10) && skip(rest, 4u * (size_t)((b >> 5) + 1)) < 0)) {
        return -EBADMSG;
    }
    if (b & 0x08) {
        int pictures = take(rest);
        if (pictures < 0) {
            return -EBADMSG;
        }
        for (; pictures > 0; pictures--) {
            b = take(rest);
            if (b < 0 || skip(rest, (size_t)(b >> 2) & 3) < 0) {
                return -EBADMSG;
            }
        }
    }
    return 0;
}

int vp9_parse(struct bytes payload, struct vp9_descriptor *ret) {
    struct bytes rest = payload;
    struct vp9_descriptor d = {0};
    int b = take(&rest);
    if (b < 0) {
        return -EBADMSG;
    }
    bool has_picture_id = b & 0x80;
    d.inter_predicted = b & 0x40;
    d.has_layers = b & 0x20;
    d.flexible = b & 0x10;
    d.frame_start = b & 0x08;
    d.frame_end = b & 0x04;
    d.has_structure = b & 0x02;
    if ((has_picture_id && parse_picture_id(payload, &rest, &d) < 0) ||
        (d.has_layers && parse_layers(payload, &rest, &d) < 0) ||
        (d.flexible && d.inter_predicted && skip_references(&rest) < 0) ||
        (d.has_structure && skip_structure(&rest) < 0)) {
        return -EBADMSG;
    }
    d.size = payload.n - rest.n;
    *ret = d;
    return 0;
}

int vp9_inspect(struct bytes payload, struct payload_info *ret) {
    struct vp9_descriptor d;
    int r = vp9_parse(payload, &d);
    if (r < 0) {
        return r;
    }
    bool start = d.frame_start && d.spatial_id == 0;
    *ret = (struct payload_info){.frame_start = start, .key_frame = start && !d.inter_predicted};
    return 0;
}

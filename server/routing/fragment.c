#include "routing/fragment.h"
#include "wire/vp8.h"
#include "wire/vp9.h"
#include <errno.h>

/* Copies `size` bytes of descriptor and widens its picture id at `at` from `id_size` to 15 bits. */
static void set_prefix(struct fragment *f, struct bytes payload, size_t size, size_t at,
                       size_t id_size, uint16_t picture_id) {
    memcpy(f->prefix, payload.p, at);
    write_be16(f->prefix + at, (uint16_t)(0x8000 | picture_id));
    memcpy(f->prefix + at + 2, payload.p + at + id_size, size - at - id_size);
    f->prefix_size = (uint8_t)(size + 2 - id_size);
    f->picture_id_at = (uint8_t)at;
    f->picture_id_bits = id_size == 1 ? 7 : 15;
    f->picture_id = picture_id;
    f->payload = bytes_from(payload, size);
}

static int set_vp8(struct fragment *f, struct bytes payload) {
    struct vp8_descriptor d;
    if (vp8_parse(payload, &d) < 0) {
        return -EBADMSG;
    }
    if (d.picture_id_at == 0 || d.picture_id_size == 0 ||
        (size_t)d.size + 2 - d.picture_id_size > FRAGMENT_PREFIX_MAX) {
        f->payload = payload;
        return 0;
    }
    set_prefix(f, payload, d.size, d.picture_id_at, d.picture_id_size, d.picture_id);
    if (d.tl0picidx_at != 0) {
        f->tl0picidx_at = (uint8_t)(d.tl0picidx_at + 2 - d.picture_id_size);
        f->tl0picidx = d.tl0picidx;
    }
    return 0;
}

/* Of VP9 only what stands before and at the fields that are rewritten becomes prefix: flags,
 * picture id, and with a TL0PICIDX the layer byte before it and itself. */
static int set_vp9(struct fragment *f, struct bytes payload) {
    struct vp9_descriptor d;
    if (vp9_parse(payload, &d) < 0) {
        return -EBADMSG;
    }
    size_t end = (size_t)d.picture_id_at + d.picture_id_size;
    if (d.tl0picidx_at != 0) {
        end = (size_t)d.tl0picidx_at + 1;
    }
    if (d.picture_id_at == 0 || end + 2 - d.picture_id_size > FRAGMENT_PREFIX_MAX) {
        f->payload = payload;
        return 0;
    }
    set_prefix(f, payload, end, d.picture_id_at, d.picture_id_size, d.picture_id);
    if (d.tl0picidx_at != 0) {
        f->tl0picidx_at = (uint8_t)(d.tl0picidx_at + 2 - d.picture_id_size);
        f->tl0picidx = d.tl0picidx;
    }
    return 0;
}

int fragment_set_payload(struct fragment *f, enum media_codec codec, struct bytes payload) {
    f->prefix_size = 0;
    f->picture_id_at = 0;
    f->tl0picidx_at = 0;
    f->picture_id = 0;
    f->tl0picidx = 0;
    f->payload = payload;
    if (payload.n == 0) {
        return 0;
    }
    if (codec == CODEC_VP8) {
        return set_vp8(f, payload);
    }
    if (codec == CODEC_VP9) {
        return set_vp9(f, payload);
    }
    return 0;
}

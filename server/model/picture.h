/* model/picture.h: what a PNG, JPEG or WebP says of itself in its first bytes: what people upload
 * is served by this and not by its name. Pure. */
#pragma once
#include "base/spans.h"

enum picture_kind { PICTURE_NONE, PICTURE_PNG, PICTURE_JPEG, PICTURE_WEBP };

#define PICTURE_SIDE_MAX 8192

struct picture {
    enum picture_kind kind;
    uint32_t width, height; /* 1 … PICTURE_SIDE_MAX */
};

/* 0, -EBADMSG (none of these, or cut off), -EFBIG (a side is longer than PICTURE_SIDE_MAX). */
int picture_look(struct bytes file, struct picture *ret);

const char *picture_type(enum picture_kind kind);   /* "image/png"… */
const char *picture_ending(enum picture_kind kind); /* "png", "jpg", "webp" */

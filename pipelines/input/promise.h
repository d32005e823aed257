/* input/promise.h: the size that a picture file says it has, read from its header before any
 * decoder sees it: a hundred bytes can promise gigabytes. Knows PNG, JPEG, GIF, BMP, WebP and
 * YUV4MPEG2. Pure.
 */
#pragma once
#include "base/spans.h"

#include <stdbool.h>
#include <stdint.h>

/* Of the start of a file; false when it is none of these or the size is not in it. */
bool promise_read(struct bytes start, uint32_t *ret_width, uint32_t *ret_height);

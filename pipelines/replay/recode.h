/* replay/recode.h: coded frames through a GStreamer pipeline, frame by frame, from any one thread.
 */
#pragma once
#include "base/spans.h"
#include "wire/media_types.h"
#include <gst/gst.h>

struct recode; /* not shared */

/* What decodes a codec to I420, ends ready to link; and what encodes I420 for a rung: whole frames,
 * no B-frames, a key frame every 5 s. Static texts. CODEC_VP8 or CODEC_H264. */
const char *recode_decoder(enum media_codec codec);
/* From stacked I420 to the person before a calm ground, or "" (key/flatten_element.h; registered by
 * the caller). */
const char *recode_flatten(bool stacked);
const char *recode_encoder(enum media_codec codec);

/* The pipeline is "appsrc ! MIDDLE ! appsink", fed with frames of `codec`. NULL and a message in
 * `ret_error` (to be freed) when it cannot be built. `taken` is called for each frame that comes
 * out, with its time; what it returns below 0 ends the work. */
struct recode *recode_new(enum media_codec codec, const char *middle,
                          int (*taken)(void *ctx, GstSample *sample, uint64_t nanoseconds),
                          void *ctx, char **ret_error);
void recode_free(struct recode *r); /* NULL is fine */

/* 0, what `taken` returned, -EBADMSG when the pipeline broke, -ETIMEDOUT when it hangs. */
int recode_push(struct recode *r, struct bytes frame, uint64_t nanoseconds);
/* The end: everything comes out. */
int recode_finish(struct recode *r);

/* input/give_back.h: memory of large pictures that nobody looks at any more. */
#pragma once
#include <gst/gst.h>
#include <stdbool.h>

/* A decoder of GStreamer's libav plug-in hands out copies of its pictures, and holds each for as
 * long as the picture is a reference for others: twice the memory that decoding needs, 25 MB a
 * picture in 4K of 10 bits. From now on the pages of such a copy go back to the system, if it has
 * more than `area` pixels, when what was made of it reaches the sink pad of `after`. All that
 * stands between makes another picture of it, for example a smaller one, and keeps nothing.
 * Decoders of other plug-ins, whose pictures are the references themselves, are left as they are.
 * The decoder must not run yet. */
void give_back_pictures(GstElement *decoder, GstElement *after, guint64 area);

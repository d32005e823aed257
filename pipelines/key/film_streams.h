/* key/film_streams.h: a film's picture and sound on their way into another film. */
#pragma once
#include <gst/gst.h>

/* In `pipeline`: the first picture of the uridecodebin `in` goes to the element `entry`, its first
 * sound as AAC to the muxer `mux`, what else there is nowhere. */
void film_streams_join(GstElement *pipeline);

/* key/key_element.h: the GStreamer element `parlourkey`: I420 pictures of a person before a wall to
 * the stacked picture of key_frame.h. Properties: `colour` (KEY_COLOUR_AUTO or 0xRRGGBB),
 * `patience` (nanoseconds of pictures without a wall until it gives up; 0 never). */
#pragma once
#include <gst/video/video.h>
#include <stdbool.h>

#define KEY_PATIENCE "10000000000"

/* Makes the element known to this process. False when GStreamer does not want it. */
bool key_element_register(void);

/* Whether a wall has been seen; also says so on the bus (`no_green_screen`) when not. To be asked
 * when the last picture has passed. */
bool key_element_found(GstElement *element);
/* The sentence that goes with `no_green_screen`. Free with g_free. */
char *key_element_complaint(GstElement *element);

/* The person before a calm ground, of a stacked picture of `caps`; NULL when that is not possible.
 * `ret_caps` belongs to the caller like the buffer. */
GstBuffer *key_element_flatten(GstBuffer *stacked, GstCaps *caps, unsigned width, unsigned height,
                               GstCaps **ret_caps);

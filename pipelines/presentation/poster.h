/* presentation/poster.h: picks the picture that stands for a video: the most telling of its first
 * third. */
#pragma once
#include <gst/video/video.h>

struct poster {
    GstSample *best;
    double best_contrast;
    double until;      /* seconds; no candidates later than this */
    GstClockTime next; /* when to look again */
};

void poster_init(struct poster *p, double duration);
void poster_clear(struct poster *p);

/* Looks at an I420 frame, about once a second. */
void poster_consider(struct poster *p, GstBuffer *frame, GstCaps *caps, GstClockTime time);

/* Writes the choice as JPEG. 0, or -1 when there is none or it cannot be written. */
int poster_write(const struct poster *p, const char *path);

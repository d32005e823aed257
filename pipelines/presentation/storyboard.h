/* presentation/storyboard.h: small pictures of a film for its time line: sheets of thumbnails
 * (storyboard-0.jpg …) and storyboard.vtt, which says by media fragments (#xywh=) where each is.
 * A thumbnail every max(2 s, a hundredth of the film); its longer side has 160 pixels. */
#pragma once
#include <gst/video/video.h>
#include <stdbool.h>
#include <stdint.h>

#define STORYBOARD_COLUMNS 5
#define STORYBOARD_ROWS 5
#define STORYBOARD_SHEETS_MAX 20

struct storyboard {
    double every; /* seconds */
    double times[STORYBOARD_COLUMNS * STORYBOARD_ROWS * STORYBOARD_SHEETS_MAX];
    size_t count;                           /* thumbnails */
    GstVideoInfo thumb, source;             /* valid when count > 0 */
    uint8_t *sheets[STORYBOARD_SHEETS_MAX]; /* owned; I420 thumbnails one after another */
};

/* `duration` in seconds, 0 unknown. */
void storyboard_init(struct storyboard *s, double duration);
void storyboard_clear(struct storyboard *s);

/* Looks at an I420 frame whose time is `time`; takes it when the next thumbnail is due. */
void storyboard_consider(struct storyboard *s, GstBuffer *frame, GstCaps *caps, GstClockTime time);

/* Writes the sheets and storyboard.vtt into `directory`; the last thumbnail stands until `end`
 * (seconds). 0, or -1 when there are none or they cannot be written. */
int storyboard_write(const struct storyboard *s, const char *directory, double end);

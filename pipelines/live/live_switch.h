/* live/live_switch.h: shows a live source while it is there, and a holding picture and silence
 * while it is not, as one stream without gaps whose time only goes forward. A key frame is at every
 * switch. Callable from any thread; a thread of its own fills in. */
#pragma once
#include "live/live_output.h"

struct live_switch;

struct live_switch_config {
    struct live_output *output;
    struct fit fit;   /* of the holding picture until a source shows its own */
    const char *hold; /* a picture file, or NULL for our card */
    bool sound;
    GstClockTime patience; /* without a picture until the holding picture is shown */
    bool hold_first;       /* do not wait so long at the start */
};

struct live_switch *live_switch_new(const struct live_switch_config *config);
/* The sources must have stopped. NULL is fine. */
void live_switch_free(struct live_switch *s);

/* Takes an I420 picture of `fit` (see live_video_caps) that is shown at `at`. One that is not later
 * than what was shown is left out. */
void live_switch_picture(struct live_switch *s, GstBuffer *picture, const struct fit *fit,
                         GstClockTime at, gint64 arrival);
/* Takes LIVE_AUDIO_CAPS. Gaps up to 15 ms are closed, larger ones filled, what overlaps is cut. */
void live_switch_sound(struct live_switch *s, GstBuffer *sound, GstClockTime at);
/* The source is gone: the holding picture at once. */
void live_switch_hold(struct live_switch *s);

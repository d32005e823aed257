/* input/title_card.h: a calm picture with a title, for what has no picture of its own. */
#pragma once
#include <gst/gst.h>

/* A 1280×720 BGRx sample; free with gst_sample_unref. */
GstSample *title_card_draw(const char *title);

#include "sound.h"

#define CHANNELS_MAX 16

/* What each channel gives to the left and the right (ITU-R BS.775-3 annex 4), by GStreamer's
 * positions. Speech stays as loud as it is: audioconvert's own mix makes all softer, by 14 dB
 * for 7.1 sound, and refuses sound without positions. What gets louder than full scale, the limiter
 * catches. */
static const double left[] = {1, 0, 0.707, 0, 0.707, 0, 0.924, 0.383, 0.5, 0, 0.707, 0};
static const double right[] = {0, 1, 0.707, 0, 0, 0.707, 0.383, 0.924, 0.5, 0, 0, 0.707};
#define POSITIONS G_N_ELEMENTS(left)
/* In which order they come when the file does not say: that of WAVE files. */
#define ORDER_OF_WAVE 0xc3fu /* L R C LFE BL BR SL SR */

static void append(GValue *row, double factor) {
    GValue value = G_VALUE_INIT;
    g_value_init(&value, G_TYPE_FLOAT);
    g_value_set_float(&value, (float)factor);
    gst_value_array_append_and_take_value(row, &value);
}

static void append_row(GValue *matrix, const double *factors, guint64 mask, int channels) {
    GValue row = G_VALUE_INIT;
    g_value_init(&row, GST_TYPE_ARRAY);
    guint position = 0;
    for (int i = 0; i < channels; i++, position++) {
        while (position < 64 && !(mask >> position & 1)) {
            position++;
        }
        append(&row, position < POSITIONS ? factors[position] : 0);
    }
    gst_value_array_append_and_take_value(matrix, &row);
}

void sound_prepare(GstElement *entry, const GstCaps *caps) {
    const GstStructure *format = gst_caps_get_structure(caps, 0);
    int channels = 0;
    guint64 mask = 0;
    gst_structure_get_int(format, "channels", &channels);
    gst_structure_get(format, "channel-mask", GST_TYPE_BITMASK, &mask, NULL);
    bool mixes = g_object_class_find_property(G_OBJECT_GET_CLASS(entry), "mix-matrix") != NULL;
    if (!mixes || channels <= 2 || channels > CHANNELS_MAX) {
        return;
    }
    mask = mask != 0 ? mask : ORDER_OF_WAVE;
    GValue matrix = G_VALUE_INIT;
    g_value_init(&matrix, GST_TYPE_ARRAY);
    append_row(&matrix, left, mask, channels);
    append_row(&matrix, right, mask, channels);
    g_object_set_property(G_OBJECT(entry), "mix-matrix", &matrix);
    g_value_unset(&matrix);
}

#include "input/sound.h"

#define CHANNELS_MAX 16
#define HOLE_MAX (600 * GST_SECOND)

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

/* A leap of the clock that no film has: audiorate would fill hours with silence. What comes after
 * it follows at once. */
static GstPadProbeReturn bound_holes(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
    GstClockTime *end = data;
    GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    GstEvent *event = gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0);
    const GstSegment *segment = NULL;
    if (event) {
        gst_event_parse_segment(event, &segment);
    }
    if (segment && segment->format == GST_FORMAT_TIME && GST_BUFFER_PTS_IS_VALID(buffer)) {
        GstClockTime at =
            gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
        if (GST_CLOCK_TIME_IS_VALID(at) && at > *end + HOLE_MAX) {
            at = *end;
            buffer = gst_buffer_make_writable(buffer);
            GST_BUFFER_PTS(buffer) =
                gst_segment_position_from_running_time(segment, GST_FORMAT_TIME, at);
            GST_PAD_PROBE_INFO_DATA(info) = buffer;
        }
        GstClockTime length =
            GST_BUFFER_DURATION_IS_VALID(buffer) ? GST_BUFFER_DURATION(buffer) : 0;
        if (GST_CLOCK_TIME_IS_VALID(at) && length < HOLE_MAX) {
            *end = MAX(*end, at + length);
        }
    }
    if (event) {
        gst_event_unref(event);
    }
    return GST_PAD_PROBE_OK;
}

static void watch_clock(GstElement *entry) {
    GstPad *pad = gst_element_get_static_pad(entry, "src");
    if (pad && !g_object_get_data(G_OBJECT(entry), "parlour-clock")) {
        g_object_set_data(G_OBJECT(entry), "parlour-clock", entry);
        gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, bound_holes, g_new0(GstClockTime, 1),
                          g_free);
    }
    gst_clear_object(&pad);
}

void sound_prepare(GstElement *entry, const GstCaps *caps) {
    const GstStructure *format = gst_caps_get_structure(caps, 0);
    int channels = 0;
    guint64 mask = 0;
    gst_structure_get_int(format, "channels", &channels);
    gst_structure_get(format, "channel-mask", GST_TYPE_BITMASK, &mask, NULL);
    watch_clock(entry);
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

#include "presentation/speeds.h"

#include <stdio.h>

#define BITRATE_NORMAL 96000
#define BITRATE_STRETCHED 64000
/* Samples that libopus answers late with (RFC 7845 §4.2 calls them pre-skip). Over RTP nobody takes
 * them off again, so they are taken from the start of what it is given. */
#define OPUS_LOOKAHEAD 312

void speeds_describe(const uint32_t *percent, size_t count, GString *text) {
    for (size_t i = 0; i < count; i++) {
        bool normal = percent[i] == 100;
        g_string_append(text, "t. ! " SPEEDS_QUEUE " ! ");
        if (!normal) {
            g_string_append_printf(text, "pitch tempo=%u.%02u ! ", percent[i] / 100,
                                   percent[i] % 100);
        }
        g_string_append_printf(text,
                               "identity name=skip%u ! audioconvert ! opusenc frame-size=20 "
                               "bitrate=%d bitrate-type=vbr complexity=%d ! appsink name=a%u ",
                               percent[i], normal ? BITRATE_NORMAL : BITRATE_STRETCHED,
                               normal ? 5 : 3, percent[i]);
    }
}

GstPadProbeReturn speeds_skip(struct speeds_skip *s, GstBuffer **buffer) {
    gsize size = gst_buffer_get_size(*buffer);
    gsize drop = (gsize)MIN((guint64)size, s->left * SPEEDS_FRAME_BYTES);
    s->left -= drop / SPEEDS_FRAME_BYTES;
    if (drop == size) {
        return GST_PAD_PROBE_DROP;
    }
    *buffer = gst_buffer_make_writable(*buffer);
    GstClockTime before = gst_util_uint64_scale(s->frames, GST_SECOND, SOUND_RATE);
    GstClockTime pts = GST_BUFFER_PTS(*buffer);
    if (drop > 0) { /* PTS of a buffer whose start is cut stays the PTS of what came before it */
        pts += gst_util_uint64_scale(drop / SPEEDS_FRAME_BYTES, GST_SECOND, SOUND_RATE);
        gst_buffer_resize(*buffer, (gssize)drop, (gssize)(size - drop));
        GST_BUFFER_DURATION(*buffer) =
            gst_util_uint64_scale((size - drop) / SPEEDS_FRAME_BYTES, GST_SECOND, SOUND_RATE);
    }
    GST_BUFFER_PTS(*buffer) = pts > before ? pts - before : 0;
    GST_BUFFER_OFFSET(*buffer) = GST_BUFFER_OFFSET_END(*buffer) = GST_BUFFER_OFFSET_NONE;
    return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn skip_lookahead(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
    (void)pad;
    GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    GstPadProbeReturn r = speeds_skip(data, &buffer);
    GST_PAD_PROBE_INFO_DATA(info) = buffer;
    return r;
}

void speeds_probe(GstElement *pipeline, const char *name, GstPadProbeCallback callback,
                  gpointer data) {
    GstElement *element = gst_bin_get_by_name(GST_BIN(pipeline), name);
    GstPad *pad = gst_element_get_static_pad(element, "src");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, callback, data, NULL);
    gst_object_unref(pad);
    gst_object_unref(element);
}

static void name_rung(struct manifest *manifest, const struct rung_sink *sink) {
    struct manifest_rung *rung = &manifest->rungs[manifest->rung_count++];
    *rung = (struct manifest_rung){
        .kind = "audio", .codec = "opus", .speed = sink->format.speed_percent};
    snprintf(rung->file, sizeof(rung->file), "audio-%u.rung", rung->speed);
    rung->bitrate = (uint32_t)(rung_writer_payload_bytes(sink->writer) * 8 * SOUND_RATE /
                               (sink->end ? sink->end : 1));
}

int speeds_open(struct speeds *s, const uint32_t *percent, size_t count, const char *directory,
                struct stage *stage) {
    int r = 0;
    for (size_t i = 0; i < count && r == 0; i++) {
        char file[32], element[16], entry[16];
        snprintf(entry, sizeof(entry), "skip%u", percent[i]);
        s->skips[i] = (struct speeds_skip){OPUS_LOOKAHEAD, OPUS_LOOKAHEAD};
        speeds_probe(stage->pipeline, entry, skip_lookahead, &s->skips[i]);
        snprintf(file, sizeof(file), "audio-%u.rung", percent[i]);
        snprintf(element, sizeof(element), "a%u", percent[i]);
        struct rung_format format = {
            .codec = CODEC_OPUS, .clock_rate = SOUND_RATE, .speed_percent = percent[i]};
        r = rung_sink_open(&s->sinks[i], directory, file, &format, stage, element);
        s->count = i + 1;
    }
    return r;
}

int speeds_finish(struct speeds *s, struct manifest *manifest) {
    int r = 0;
    for (size_t i = 0; i < s->count && r == 0; i++) {
        r = rung_sink_finish(&s->sinks[i], s->sinks[i].end);
        if (r == 0) {
            name_rung(manifest, &s->sinks[i]);
        }
    }
    return r;
}

void speeds_clear(struct speeds *s) {
    for (size_t i = 0; i < s->count; i++) {
        rung_sink_clear(&s->sinks[i]);
    }
    s->count = 0;
}

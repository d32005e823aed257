#include "presentation/aac_sink.h"

#include <errno.h>
#include <gst/app/gstappsink.h>
#include <string.h>

#define SEGMENT_UNITS 188 /* 4 s */

static int fail(struct aac_sink *sink, int error) {
    if (error == -ENOSPC || error == -EDQUOT) {
        return failure_set(sink->stage->failure, "disk_full",
                           "The server's disk is full. Free some space, then try again.");
    }
    return failure_set(sink->stage->failure, "cannot_write", "The sound cannot be written: %s.",
                       g_strerror(-error));
}

/* The decoder's configuration comes with the caps. */
static int start(struct aac_sink *sink, GstSample *sample) {
    GstStructure *caps = gst_caps_get_structure(gst_sample_get_caps(sample), 0);
    const GValue *data = gst_structure_get_value(caps, "codec_data");
    GstMapInfo map;
    if (!data || !gst_buffer_map(gst_value_get_buffer(data), &map, GST_MAP_READ)) {
        return -EBADMSG;
    }
    int r = cmaf_set_aac_config(sink->cmaf, bytes_of(map.data, map.size));
    gst_buffer_unmap(gst_value_get_buffer(data), &map);
    return r;
}

static int take(struct aac_sink *sink, GstSample *sample) {
    uint64_t unit = sink->units++;
    if (unit == 0) {
        return start(sink, sample);
    }
    GstMapInfo map;
    if (!gst_buffer_map(gst_sample_get_buffer(sample), &map, GST_MAP_READ)) {
        return -ENOMEM;
    }
    bool begin = (unit - 1) % SEGMENT_UNITS == 0;
    int r = cmaf_add(sink->cmaf, bytes_of(map.data, map.size), (unit - 1) * AAC_UNIT, true, begin);
    gst_buffer_unmap(gst_sample_get_buffer(sample), &map);
    return r;
}

static GstFlowReturn new_sample(GstAppSink *element, gpointer data) {
    GstSample *sample = gst_app_sink_pull_sample(element);
    if (!sample) {
        return GST_FLOW_EOS;
    }
    int r = take(data, sample);
    gst_sample_unref(sample);
    return stage_written(GST_ELEMENT(element), r);
}

int aac_sink_open(struct aac_sink *sink, const char *directory, struct stage *stage,
                  const char *element) {
    *sink = (struct aac_sink){.stage = stage};
    struct mp4_format format = {.kind = MP4_AAC, .timescale = AAC_CLOCK, .channels = 2};
    int r = cmaf_new(directory, "hls-audio.mp4", &format, &sink->cmaf);
    if (r < 0) {
        return fail(sink, r);
    }
    stage_connect_sink(stage, element, new_sample, sink);
    return 0;
}

int aac_sink_finish(struct aac_sink *sink) {
    uint64_t units = sink->units > 0 ? sink->units - 1 : 0;
    int r = cmaf_finish(sink->cmaf, units * AAC_UNIT);
    if (r == -ENODATA) { /* shorter than one unit: as if there were no sound */
        cmaf_discard(sink->cmaf);
        sink->cmaf = NULL;
        return 0;
    }
    return r < 0 ? fail(sink, r) : 0;
}

double aac_sink_end(const struct aac_sink *sink) {
    return sink->cmaf ? (double)cmaf_end(sink->cmaf) / AAC_CLOCK : 0;
}

int aac_sink_extend(struct aac_sink *sink, double until) {
    /* ISO 14496-3 §4.4.2.1: a pair of channels without a coefficient, and the end */
    static const uint8_t silence[] = {0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c};
    int r = 0;
    if (!sink->cmaf) {
        return 0;
    }
    uint64_t first = cmaf_end(sink->cmaf) / AAC_UNIT,
             units = (uint64_t)(until * AAC_CLOCK / AAC_UNIT);
    for (uint64_t unit = first; unit < units && r == 0; unit++) {
        bool begin = unit % SEGMENT_UNITS == 0;
        r = cmaf_add(sink->cmaf, bytes_of(silence, sizeof(silence)), unit * AAC_UNIT, true, begin);
    }
    r = r == 0 && units > first ? cmaf_finish(sink->cmaf, units * AAC_UNIT) : r;
    return r < 0 ? fail(sink, r) : 0;
}

void aac_sink_clear(struct aac_sink *sink) {
    cmaf_free(sink->cmaf);
    *sink = (struct aac_sink){0};
}

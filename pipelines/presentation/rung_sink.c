#include "presentation/rung_sink.h"

#include <errno.h>
#include <gst/app/gstappsink.h>
#include <stdio.h>

#define SEGMENT_KEYS 2

static int fail(struct rung_sink *sink, int error) {
    if (error == -ENOSPC || error == -EDQUOT) {
        return failure_set(sink->stage->failure, "disk_full",
                           "The server's disk is full. Free some space, then try again.");
    }
    return failure_set(sink->stage->failure, "cannot_write", "The result cannot be written: %s.",
                       g_strerror(-error));
}

static uint64_t time_of(struct rung_sink *sink, GstSample *sample, uint64_t *ret_end) {
    GstBuffer *buffer = gst_sample_get_buffer(sample);
    const GstSegment *segment = gst_sample_get_segment(sample);
    GstClockTime pts = GST_BUFFER_PTS(buffer), duration = GST_BUFFER_DURATION(buffer);
    GstClockTime at = gst_segment_to_running_time(segment, GST_FORMAT_TIME, pts);
    if (!GST_CLOCK_TIME_IS_VALID(at)) {
        at = 0;
    }
    if (!GST_CLOCK_TIME_IS_VALID(duration)) {
        duration = 0;
    }
    uint32_t rate = sink->format.clock_rate;
    *ret_end = gst_util_uint64_scale_round(at + duration, rate, GST_SECOND);
    return gst_util_uint64_scale_round(at, rate, GST_SECOND);
}

static int add_to_cmaf(struct rung_sink *sink, struct bytes frame, uint64_t time) {
    bool key = packetiser_is_key(&sink->cut);
    if (sink->keys == 0) {
        int r = cmaf_set_h264_config(sink->cmaf, bytes_of(sink->cut.sps, sink->cut.sps_size),
                                     bytes_of(sink->cut.pps, sink->cut.pps_size));
        if (r < 0) {
            return r;
        }
    }
    bool begin = key && sink->keys % SEGMENT_KEYS == 0;
    sink->keys += key;
    return cmaf_add(sink->cmaf, frame, time, key, begin);
}

static int write_frame(struct rung_sink *sink, GstSample *sample, struct bytes frame) {
    size_t n = rung_writer_frames(sink->writer);
    uint64_t end, time = time_of(sink, sample, &end);
    if (sink->counted) {
        time = n * sink->frame_ticks;
        end = time + sink->frame_ticks;
    } else if (n == 0) {
        time = 0;
    } else if (time <= sink->last_time) {
        return 0; /* a repeated picture */
    }
    int r = rung_writer_add(sink->writer, &sink->cut, time);
    if (r == 0 && sink->cmaf) {
        r = add_to_cmaf(sink, frame, time);
    }
    if (r == 0) {
        sink->last_time = time;
        sink->end = end > time ? end : time + 1;
        uint64_t media = sink->end * sink->format.speed_percent / 100;
        stage_reach(sink->stage, gst_util_uint64_scale(media, GST_SECOND, sink->format.clock_rate));
    }
    return r;
}

static int take(struct rung_sink *sink, GstSample *sample) {
    GstMapInfo map;
    GstBuffer *buffer = gst_sample_get_buffer(sample);
    if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) {
        return -ENOMEM;
    }
    int r = packetiser_frame(&sink->cut, bytes_of(map.data, map.size));
    r = r < 0 ? r : write_frame(sink, sample, bytes_of(map.data, map.size));
    gst_buffer_unmap(buffer, &map);
    return r;
}

static GstFlowReturn new_sample(GstAppSink *element, gpointer data) {
    struct rung_sink *sink = data;
    GstSample *sample = gst_app_sink_pull_sample(element);
    if (!sample) {
        return GST_FLOW_EOS;
    }
    int r = take(sink, sample);
    gst_sample_unref(sample);
    return stage_written(GST_ELEMENT(element), r);
}

int rung_sink_open(struct rung_sink *sink, const char *directory, const char *file,
                   const struct rung_format *format, struct stage *stage, const char *element) {
    *sink = (struct rung_sink){.format = *format, .stage = stage};
    if (format->codec == CODEC_OPUS) {
        sink->counted = true;
        sink->frame_ticks = 960;
    }
    packetiser_init(&sink->cut, format->codec, 0);
    char *path = g_build_filename(directory, file, NULL);
    int r = rung_writer_new(path, format, &sink->writer);
    g_free(path);
    if (r < 0) {
        return fail(sink, r);
    }
    stage_connect_sink(stage, element, new_sample, sink);
    return 0;
}

int rung_sink_add_cmaf(struct rung_sink *sink, const char *directory, const char *file) {
    struct mp4_format format = {.kind = MP4_H264,
                                .timescale = sink->format.clock_rate,
                                .width = sink->format.width,
                                .height = sink->format.height};
    int r = cmaf_new(directory, file, &format, &sink->cmaf);
    return r < 0 ? fail(sink, r) : 0;
}

int rung_sink_finish(struct rung_sink *sink, uint64_t duration) {
    int r = rung_writer_finish(sink->writer, duration);
    r = r == 0 && sink->cmaf ? cmaf_finish(sink->cmaf, duration) : r;
    if (r == -ENODATA) {
        return failure_set(
            sink->stage->failure, "not_a_video",
            "No picture or sound could be decoded from this file. Export it again as "
            "mp4 and upload that.");
    }
    return r < 0 ? fail(sink, r) : 0;
}

void rung_sink_clear(struct rung_sink *sink) {
    rung_writer_free(sink->writer);
    cmaf_free(sink->cmaf);
    packetiser_clear(&sink->cut);
    *sink = (struct rung_sink){0};
}

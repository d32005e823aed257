#include "replay/card_rung.h"

#include "input/title_card.h"
#include "presentation/packetiser.h"
#include "presentation/poster.h"
#include "presentation/rung_writer.h"

#include <errno.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <gst/video/video.h>

#define CLOCK 90000
#define AGAIN (2 * CLOCK) /* ticks between key frames */
#define PATIENCE (20 * GST_SECOND)
#define WIDTH 1280 /* of a title card */
#define HEIGHT 720

/* The card as one coded picture. */
static GstSample *encode(GstSample *card) {
    GstElement *pipeline = gst_parse_launch(
        "appsrc name=in format=time ! videoconvert ! video/x-raw,format=I420,colorimetry=bt601 ! "
        "vp8enc deadline=1000000 end-usage=cq cq-level=10 min-quantizer=4 target-bitrate=4000000 "
        "threads=1 ! appsink name=out sync=false",
        NULL);
    if (!pipeline) {
        return NULL;
    }
    GstElement *in = gst_bin_get_by_name(GST_BIN(pipeline), "in");
    GstElement *out = gst_bin_get_by_name(GST_BIN(pipeline), "out");
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    gst_app_src_push_sample(GST_APP_SRC(in), card);
    gst_app_src_end_of_stream(GST_APP_SRC(in));
    GstSample *coded = gst_app_sink_try_pull_sample(GST_APP_SINK(out), PATIENCE);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(in);
    gst_object_unref(out);
    gst_object_unref(pipeline);
    return coded;
}

static int write_frames(const char *path, struct packetiser *cut, struct bytes frame, double length,
                        struct manifest_rung *ret) {
    const struct rung_format format = {.codec = CODEC_VP8,
                                       .clock_rate = CLOCK,
                                       .speed_percent = 100,
                                       .width = WIDTH,
                                       .height = HEIGHT};
    struct rung_writer *writer = NULL;
    uint64_t end = (uint64_t)(length * CLOCK);
    int r = rung_writer_new(path, &format, &writer);
    for (uint64_t time = 0; r == 0 && (time == 0 || time < end); time += AGAIN) {
        r = packetiser_frame(cut, frame); /* each has a picture id of its own */
        r = r < 0 ? r : rung_writer_add(writer, cut, time);
    }
    if (r == 0) {
        ret->bitrate =
            (uint32_t)(rung_writer_payload_bytes(writer) * 8 * CLOCK / (end > 0 ? end : 1));
        r = rung_writer_finish(writer, end);
    }
    rung_writer_free(writer);
    return r;
}

static void save_poster(const char *directory, GstSample *card, double length) {
    GstCaps *caps = gst_caps_from_string("video/x-raw,format=I420,colorimetry=bt601");
    GstSample *plain = gst_video_convert_sample(card, caps, PATIENCE, NULL);
    if (plain) { /* a replay without a poster is still one */
        struct poster poster;
        char *path = g_build_filename(directory, "poster.jpg", NULL);
        poster_init(&poster, length);
        poster_consider(&poster, gst_sample_get_buffer(plain), gst_sample_get_caps(plain), 0);
        poster_write(&poster, path);
        poster_clear(&poster);
        g_free(path);
        gst_sample_unref(plain);
    }
    gst_caps_unref(caps);
}

int card_rung_write(const char *directory, const char *title, double length,
                    struct manifest_rung *ret, struct failure *failure) {
    GstSample *card = title_card_draw(title);
    GstSample *coded = card ? encode(card) : NULL;
    GstMapInfo map;
    int r = -EIO;
    *ret =
        (struct manifest_rung){.kind = "video", .codec = "vp8", .width = WIDTH, .height = HEIGHT};
    g_strlcpy(ret->file, "video-vp8.rung", sizeof(ret->file));
    if (coded && gst_buffer_map(gst_sample_get_buffer(coded), &map, GST_MAP_READ)) {
        struct packetiser cut;
        char *path = g_build_filename(directory, ret->file, NULL);
        packetiser_init(&cut, CODEC_VP8, 0);
        r = write_frames(path, &cut, bytes_of(map.data, map.size), length, ret);
        packetiser_clear(&cut);
        g_free(path);
        gst_buffer_unmap(gst_sample_get_buffer(coded), &map);
        save_poster(directory, card, length);
    }
    g_clear_pointer(&coded, gst_sample_unref);
    g_clear_pointer(&card, gst_sample_unref);
    return r < 0 ? failure_set(failure, "cannot_write",
                               "The picture of the replay cannot be "
                               "saved: %s.",
                               g_strerror(-r))
                 : 0;
}

#include "input/survey.h"

#include "input/captions_file.h"
#include "input/chapters.h"
#include "input/chapters_mp4.h"
#include "input/loudness.h"
#include "input/sound.h"

#include <gst/app/gstappsink.h>
#include <gst/tag/tag.h>
#include <stdio.h>

#define TEXTS_MAX 16

struct text_stream {
    struct captions captions;
    char lang[36], title[64];
    struct stage *stage;
};

struct surveyor {
    const struct probe *probe;
    struct stage *stage;
    struct manifest *manifest;
    struct loudness *loudness; /* NULL without sound */
    GstElement *entry;         /* of the sound; owned by the pipeline */
    GMutex lock;               /* guards what follows */
    struct text_stream texts[TEXTS_MAX];
    size_t text_count;
    bool own_chapters; /* the manifest may be given some */
};

static GstPadProbeReturn measure(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
    (void)pad;
    struct surveyor *s = data;
    GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    GstMapInfo map;
    if (gst_buffer_map(buffer, &map, GST_MAP_READ)) {
        loudness_add(s->loudness, (const float *)(const void *)map.data, map.size / 8);
        gst_buffer_unmap(buffer, &map);
    }
    if (GST_BUFFER_PTS_IS_VALID(buffer)) {
        stage_reach(s->stage, GST_BUFFER_PTS(buffer));
    }
    return GST_PAD_PROBE_OK;
}

/* The language and name of a stream of captions come as tags beside it. */
static GstPadProbeReturn read_tags(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
    (void)pad;
    struct text_stream *text = data;
    GstEvent *event = GST_PAD_PROBE_INFO_EVENT(info);
    if (GST_EVENT_TYPE(event) != GST_EVENT_TAG) {
        return GST_PAD_PROBE_OK;
    }
    GstTagList *tags = NULL;
    char *value = NULL;
    gst_event_parse_tag(event, &tags);
    if (gst_tag_list_get_scope(tags) == GST_TAG_SCOPE_STREAM &&
        gst_tag_list_get_string(tags, GST_TAG_LANGUAGE_CODE, &value)) {
        const char *two = gst_tag_get_language_code_iso_639_1(value);
        if (captions_lang_valid(two ? two : value)) {
            g_strlcpy(text->lang, two ? two : value, sizeof(text->lang));
        }
        g_free(value);
    }
    if (gst_tag_list_get_scope(tags) == GST_TAG_SCOPE_STREAM &&
        gst_tag_list_get_string(tags, GST_TAG_TITLE, &value)) {
        g_strlcpy(text->title, value, sizeof(text->title));
        g_free(value);
    }
    return GST_PAD_PROBE_OK;
}

static GstFlowReturn new_text(GstAppSink *sink, gpointer data) {
    struct text_stream *text = data;
    GstSample *sample = gst_app_sink_pull_sample(sink);
    if (!sample) {
        return GST_FLOW_EOS;
    }
    GstBuffer *buffer = gst_sample_get_buffer(sample);
    GstClockTime at = gst_segment_to_running_time(gst_sample_get_segment(sample), GST_FORMAT_TIME,
                                                  GST_BUFFER_PTS(buffer));
    GstMapInfo map;
    if (GST_CLOCK_TIME_IS_VALID(at) && gst_buffer_map(buffer, &map, GST_MAP_READ)) {
        int64_t start = (int64_t)(at / GST_MSECOND), end = start;
        if (GST_BUFFER_DURATION_IS_VALID(buffer)) {
            end = (int64_t)((at + GST_BUFFER_DURATION(buffer)) / GST_MSECOND);
        }
        /* more than fits is left out: the captions are still of use */
        (void)captions_add(&text->captions, start, end, bytes_of(map.data, map.size));
        gst_buffer_unmap(buffer, &map);
    }
    gst_sample_unref(sample);
    return GST_FLOW_OK;
}

static void attach(GstElement *bin, GstPad *pad, GstElement *sink) {
    GstObject *pipeline = gst_object_get_parent(GST_OBJECT(bin));
    g_object_set(sink, "sync", FALSE, "async", FALSE, NULL);
    gst_bin_add(GST_BIN(pipeline), sink);
    gst_element_sync_state_with_parent(sink);
    GstPad *in = gst_element_get_static_pad(sink, "sink");
    gst_pad_link(pad, in);
    gst_object_unref(in);
    gst_object_unref(pipeline);
}

static void add_text(struct surveyor *s, GstElement *bin, GstPad *pad) {
    g_mutex_lock(&s->lock);
    struct text_stream *text = s->text_count < TEXTS_MAX ? &s->texts[s->text_count++] : NULL;
    g_mutex_unlock(&s->lock);
    GstElement *sink = gst_element_factory_make(text ? "appsink" : "fakesink", NULL);
    if (text) {
        GstAppSinkCallbacks callbacks = {.new_sample = new_text};
        g_strlcpy(text->lang, "und", sizeof(text->lang));
        text->stage = s->stage;
        gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, read_tags, text, NULL);
        gst_app_sink_set_callbacks(GST_APP_SINK(sink), &callbacks, text, NULL);
    }
    attach(bin, pad, sink);
}

static bool link_sound(struct surveyor *s, GstPad *pad, const GstCaps *caps) {
    GstPad *in = s->entry ? gst_element_get_static_pad(s->entry, "sink") : NULL;
    char *id = gst_pad_get_stream_id(pad);
    bool ours = in && !gst_pad_is_linked(in) &&
                (!s->probe->audio_id[0] || !id || g_strcmp0(id, s->probe->audio_id) == 0);
    if (ours) {
        sound_prepare(s->entry, caps);
    }
    bool linked = ours && gst_pad_link(pad, in) == GST_PAD_LINK_OK;
    g_free(id);
    gst_clear_object(&in);
    return linked;
}

static void pad_added(GstElement *bin, GstPad *pad, gpointer data) {
    struct surveyor *s = data;
    GstCaps *caps = gst_pad_get_current_caps(pad);
    const char *name = caps && gst_caps_get_size(caps) > 0
                           ? gst_structure_get_name(gst_caps_get_structure(caps, 0))
                           : "";
    if (g_str_has_prefix(name, "text/x-raw")) {
        add_text(s, bin, pad);
    } else if (!g_str_has_prefix(name, "audio/x-raw") || !link_sound(s, pad, caps)) {
        attach(bin, pad, gst_element_factory_make("fakesink", NULL));
    }
    gst_clear_caps(&caps);
}

/* Containers are opened, sound and captions decoded; the picture stays as it is. Some containers
 * are called "video/…" too: only what comes out of a demuxer is judged by its name. */
static gboolean keep_decoding(GstElement *bin, GstPad *pad, GstCaps *caps, gpointer data) {
    (void)bin;
    const struct surveyor *s = data;
    const char *name = gst_structure_get_name(gst_caps_get_structure(caps, 0));
    GstPad *target =
        GST_IS_GHOST_PAD(pad) ? gst_ghost_pad_get_target(GST_GHOST_PAD(pad)) : gst_object_ref(pad);
    GstElement *element = target ? gst_pad_get_parent_element(target) : NULL;
    bool container = element && g_str_has_prefix(GST_OBJECT_NAME(element), "typefind");
    gst_clear_object(&element);
    gst_clear_object(&target);
    if (container) {
        return TRUE;
    }
    if (g_str_has_prefix(name, "audio/")) {
        return s->loudness != NULL;
    }
    return !g_str_has_prefix(name, "video/") && !g_str_has_prefix(name, "image/") &&
           !g_str_has_prefix(name, "subpicture/");
}

static GstBusSyncReply catch_chapters(GstBus *bus, GstMessage *message, gpointer data) {
    (void)bus;
    struct surveyor *s = data;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_TOC) {
        GstToc *toc = NULL;
        gboolean updated;
        gst_message_parse_toc(message, &toc, &updated);
        g_mutex_lock(&s->lock);
        if (s->own_chapters) {
            s->manifest->chapter_count = 0;
            chapters_from_toc(toc, s->manifest);
        }
        g_mutex_unlock(&s->lock);
        gst_toc_unref(toc);
    }
    return GST_BUS_PASS;
}

static int watch(struct surveyor *s, const char *path) {
    int r = stage_build(s->stage, s->loudness ? "uridecodebin name=in " SOUND_CHAIN
                                                "! fakesink name=heard sync=false async=false"
                                              : "uridecodebin name=in");
    if (r < 0) {
        return r;
    }
    /* one element alone is no bin of its own */
    if (!GST_IS_PIPELINE(s->stage->pipeline)) {
        GstElement *pipeline = gst_pipeline_new(NULL);
        gst_bin_add(GST_BIN(pipeline), s->stage->pipeline);
        s->stage->pipeline = pipeline;
    }
    GstElement *in = gst_bin_get_by_name(GST_BIN(s->stage->pipeline), "in");
    char *uri = probe_uri(path);
    g_object_set(in, "uri", uri, NULL);
    g_free(uri);
    g_signal_connect(in, "pad-added", G_CALLBACK(pad_added), s);
    g_signal_connect(in, "autoplug-continue", G_CALLBACK(keep_decoding), s);
    gst_object_unref(in);
    if (s->loudness) {
        s->entry = gst_bin_get_by_name(GST_BIN(s->stage->pipeline), "entry");
        gst_object_unref(s->entry);
        GstElement *heard = gst_bin_get_by_name(GST_BIN(s->stage->pipeline), "heard");
        GstPad *pad = gst_element_get_static_pad(heard, "sink");
        gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, measure, s, NULL);
        gst_object_unref(pad);
        gst_object_unref(heard);
    }
    GstBus *bus = gst_element_get_bus(s->stage->pipeline);
    gst_bus_set_sync_handler(bus, catch_chapters, s, NULL);
    gst_object_unref(bus);
    return stage_run(s->stage);
}

static int keep(struct surveyor *s, const char *path, const char *directory, struct survey *ret) {
    int r = 0;
    for (size_t i = 0; i < s->text_count && r == 0; i++) {
        struct text_stream *text = &s->texts[i];
        if (text->captions.count > 0) {
            r = captions_save(&text->captions, text->lang, text->title, directory, s->manifest,
                              s->stage->failure);
        }
    }
    if (s->own_chapters && s->manifest->chapter_count == 0) {
        chapters_from_mp4(path, s->manifest);
    }
    ret->lufs = s->loudness ? loudness_measured(s->loudness) : LOUDNESS_NONE;
    ret->gain_db = loudness_gain(ret->lufs);
    if (s->loudness) {
        s->manifest->has_loudness = true;
        s->manifest->measured_lufs = ret->lufs;
        s->manifest->gain_db = ret->gain_db;
    }
    return r;
}

int survey_file(const char *path, const struct probe *probe, const char *directory,
                struct stage *stage, struct manifest *manifest, struct survey *ret) {
    struct surveyor *s = g_new0(struct surveyor, 1);
    s->probe = probe;
    s->stage = stage;
    s->manifest = manifest;
    s->own_chapters = manifest->chapter_count == 0;
    s->loudness = probe->has_sound ? loudness_new() : NULL;
    g_mutex_init(&s->lock);
    int r = watch(s, path);
    stage_clear(stage);
    r = r < 0 ? r : keep(s, path, directory, ret);
    for (size_t i = 0; i < s->text_count; i++) {
        captions_clear(&s->texts[i].captions);
    }
    loudness_free(s->loudness);
    g_mutex_clear(&s->lock);
    g_free(s);
    return r;
}

/* SRT with an MPEG transport stream in it, as listener or as caller. */
#include "live/source_network.h"

#include <stdlib.h>
#include <string.h>

#define SILENCE (3 * G_USEC_PER_SEC / 2)
#define POLL_MS 100 /* srtsrc is not woken from a wait for data, so no wait may be long */
#define DOUBTFUL (4 * G_USEC_PER_SEC / 10) /* silence that lets a new sender take over */

struct srt {
    struct inlet *inlet;
    GstElement *pipeline;
    gint64 last_unit; /* when the last picture left the demuxer */
};

static GstPadProbeReturn arrived(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
    (void)pad;
    (void)info;
    inlet_alive(((struct srt *)data)->inlet);
    return GST_PAD_PROBE_OK;
}

/* The demuxer lets a picture go when the first packet of the next one comes, so what left before it
 * tells when this one began to come. When it knew the length this is up to a frame too early: the
 * delay is never told too small. */
static GstPadProbeReturn demuxed(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
    (void)pad;
    struct srt *s = data;
    gint64 now = g_get_monotonic_time();
    gint64 began = now - s->last_unit < G_USEC_PER_SEC / 5 ? s->last_unit : now;
    inlet_note(s->inlet, GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info)), began);
    s->last_unit = now;
    return GST_PAD_PROBE_OK;
}

static void swallow(struct srt *s, GstPad *pad) {
    GstElement *sink = gst_element_factory_make("fakesink", NULL);
    g_object_set(sink, "sync", FALSE, "async", FALSE, NULL);
    gst_bin_add(inlet_bin(s->inlet), sink);
    gst_element_sync_state_with_parent(sink);
    GstPad *in = gst_element_get_static_pad(sink, "sink");
    gst_pad_link(pad, in);
    gst_object_unref(in);
}

static void pad_added(GstElement *demuxer, GstPad *pad, gpointer data) {
    (void)demuxer;
    struct srt *s = data;
    GstCaps *caps = gst_pad_get_current_caps(pad);
    GstPad *in = caps ? inlet_decoder(s->inlet, caps) : NULL;
    if (!in) {
        swallow(s, pad);
    } else {
        const char *name = gst_structure_get_name(gst_caps_get_structure(caps, 0));
        if (g_str_has_prefix(name, "video/")) {
            gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, demuxed, s, NULL);
        }
        gst_pad_link(pad, in);
        gst_object_unref(in);
    }
    gst_clear_caps(&caps);
}

/* srtsrc hears one sender, and what knocks meanwhile would wait at a door that is never opened. It
 * is turned away, and when the present one has gone quiet (its machine died), that one is given up,
 * so that the next try is let in. On a thread of SRT's. */
static gboolean knocked(GstElement *in, GObject *address, const char *stream_id, gpointer data) {
    (void)in;
    (void)address;
    (void)stream_id;
    struct srt *s = data;
    gint64 quiet = inlet_quiet(s->inlet);
    if (quiet > DOUBTFUL) {
        inlet_end(s->inlet, "The sender came anew.");
    }
    return quiet < 0;
}

/* What may stand behind the `?`; the passphrase comes another way. */
static bool query_is_known(const char *uri) {
    static const char *const known[] = {"mode=", "latency=", "streamid=", "pbkeylen="};
    const char *query = strchr(uri, '?');
    char **parts = g_strsplit(query ? query + 1 : "", "&", -1);
    bool good = true;
    for (size_t i = 0; parts[i]; i++) {
        bool found = parts[i][0] == 0;
        for (size_t k = 0; k < G_N_ELEMENTS(known); k++) {
            found = found || g_str_has_prefix(parts[i], known[k]);
        }
        good = good && found;
    }
    g_strfreev(parts);
    return good;
}

static int build(struct inlet *inlet, const struct ingest_options *options, unsigned tries,
                 struct failure *failure) {
    (void)tries;
    if (!query_is_known(options->source)) {
        return failure_set(failure, "bad_address",
                           "An srt address may only say mode, latency, streamid and pbkeylen.");
    }
    GstElement *in = gst_element_factory_make("srtsrc", NULL);
    GstElement *demuxer = gst_element_factory_make("tsdemux", NULL);
    struct srt *s = g_new0(struct srt, 1);
    s->inlet = inlet;
    g_object_set(in, "do-timestamp", TRUE, "auto-reconnect", FALSE, "uri", options->source,
                 "poll-timeout", POLL_MS, NULL);
    if (options->passphrase && options->passphrase[0]) {
        g_object_set(in, "passphrase", options->passphrase, NULL);
    }
    gst_bin_add_many(inlet_bin(inlet), in, demuxer, NULL);
    gst_element_link(in, demuxer);
    g_object_set_data_full(G_OBJECT(demuxer), "parlour-srt", s, g_free);
    g_object_set(in, "authentication", TRUE, NULL);
    g_signal_connect(in, "caller-connecting", G_CALLBACK(knocked), s);
    g_signal_connect(demuxer, "pad-added", G_CALLBACK(pad_added), s);
    GstPad *pad = gst_element_get_static_pad(in, "src");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, arrived, s, NULL);
    gst_object_unref(pad);
    return 0;
}

static void *start(const struct source_context *context, struct failure *failure) {
    static const struct network_ops listener = {build, "Waiting for the sender.", SILENCE};
    static const struct network_ops caller = {build, "Calling the sender.", SILENCE};
    bool listens = strstr(context->options->source, "mode=listener") != NULL;
    return source_network_start(context, listens ? &listener : &caller, failure);
}

const struct source_ops source_srt = {
    .prepare = source_network_prepare, .start = start, .stop = source_network_stop};

/* RTSP (RFC 2326), of which we are the client: interleaved in its TCP connection first, by UDP when
 * the camera cannot do that. */
#include "live/source_network.h"

#include <string.h>

#define SILENCE (3 * G_USEC_PER_SEC)
#define LATENCY_MS 200 /* how long a lost packet is waited for */
#define TCP_TIMEOUT_US 5000000
#define PROTOCOL_UDP 1 /* GstRTSPLowerTrans */
#define PROTOCOL_TCP 4

struct rtsp {
    struct inlet *inlet;
    GstClockTime unit; /* the picture that is coming in */
};

static void arrived(struct rtsp *r, GstBuffer *packet) {
    if (GST_BUFFER_PTS(packet) != r->unit) {
        r->unit = GST_BUFFER_PTS(packet);
        inlet_note(r->inlet, r->unit, g_get_monotonic_time());
    }
}

static GstPadProbeReturn video_packet(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
    (void)pad;
    struct rtsp *r = data;
    inlet_alive(r->inlet);
    if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
        GstBufferList *packets = GST_PAD_PROBE_INFO_BUFFER_LIST(info);
        for (guint i = 0; i < gst_buffer_list_length(packets); i++) {
            arrived(r, gst_buffer_list_get(packets, i));
        }
    } else {
        arrived(r, GST_PAD_PROBE_INFO_BUFFER(info));
    }
    return GST_PAD_PROBE_OK;
}

static void swallow(struct rtsp *r, GstPad *pad) {
    GstElement *sink = gst_element_factory_make("fakesink", NULL);
    g_object_set(sink, "sync", FALSE, "async", FALSE, NULL);
    gst_bin_add(inlet_bin(r->inlet), sink);
    gst_element_sync_state_with_parent(sink);
    GstPad *in = gst_element_get_static_pad(sink, "sink");
    gst_pad_link(pad, in);
    gst_object_unref(in);
}

static void pad_added(GstElement *source, GstPad *pad, gpointer data) {
    (void)source;
    struct rtsp *r = data;
    GstCaps *caps = gst_pad_get_current_caps(pad);
    caps = caps ? caps : gst_pad_query_caps(pad, NULL);
    GstPad *in = inlet_decoder(r->inlet, caps);
    if (!in) {
        swallow(r, pad);
    } else {
        const char *media = gst_structure_get_string(gst_caps_get_structure(caps, 0), "media");
        if (g_strcmp0(media, "video") == 0) {
            gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
                              video_packet, r, NULL);
        }
        gst_pad_link(pad, in);
        gst_object_unref(in);
    }
    gst_clear_caps(&caps);
}

/* rtspsrc takes a user in the address only together with a password; here they come apart. */
static void set_address(GstElement *source, const char *url, const char *password) {
    const char *host = url + strlen("rtsp://"), *end = host + strcspn(host, "/?");
    const char *at = g_strrstr_len(host, end - host, "@");
    if (!at) {
        g_object_set(source, "location", url, NULL);
        return;
    }
    char *location = g_strconcat("rtsp://", at + 1, NULL);
    char *first = g_strndup(host, (gsize)(at - host)), *colon = strchr(first, ':');
    if (colon) {
        *colon = 0;
    }
    char *user = g_uri_unescape_string(first, NULL);
    char *own = g_uri_unescape_string(colon ? colon + 1 : "", NULL);
    g_object_set(source, "location", location, "user-id", user, "user-pw",
                 password && password[0] ? password : own, NULL);
    g_free(own);
    g_free(user);
    g_free(first);
    g_free(location);
}

static int build(struct inlet *inlet, const struct ingest_options *options, unsigned tries,
                 struct failure *failure) {
    (void)failure;
    GstElement *source = gst_element_factory_make("rtspsrc", NULL);
    struct rtsp *r = g_new0(struct rtsp, 1);
    r->inlet = inlet;
    r->unit = GST_CLOCK_TIME_NONE;
    g_object_set(source, "latency", LATENCY_MS, "protocols",
                 tries % 4 == 3 ? PROTOCOL_UDP : PROTOCOL_TCP, "tcp-timeout",
                 (guint64)TCP_TIMEOUT_US, "timeout", (guint64)TCP_TIMEOUT_US, NULL);
    set_address(source, options->source, options->passphrase);
    g_object_set_data_full(G_OBJECT(source), "parlour-rtsp", r, g_free);
    g_signal_connect(source, "pad-added", G_CALLBACK(pad_added), r);
    gst_bin_add(inlet_bin(inlet), source);
    return 0;
}

static void *start(const struct source_context *context, struct failure *failure) {
    static const struct network_ops ops = {build, "Calling the camera.", SILENCE};
    return source_network_start(context, &ops, failure);
}

const struct source_ops source_rtsp = {
    .prepare = source_network_prepare, .start = start, .stop = source_network_stop};

#include "input/give_back.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

struct give_back {
    guint64 area;
    GstBuffer *last; /* large, and handed on; or NULL */
};

static void clear(gpointer data) {
    struct give_back *give_back = data;
    gst_clear_buffer(&give_back->last);
}

/* Of one of the two pads. */
static void release(gpointer data) {
    g_atomic_rc_box_release_full(data, clear);
}

static bool is_large(GstPad *pad, guint64 area) {
    GstCaps *caps = gst_pad_get_current_caps(pad);
    int width = 0, height = 0;
    if (caps) {
        const GstStructure *s = gst_caps_get_structure(caps, 0);
        gst_structure_get_int(s, "width", &width);
        gst_structure_get_int(s, "height", &height);
        gst_caps_unref(caps);
    }
    return (guint64)width * (guint64)height > area;
}

/* Whole pages inside the memory: they are of this picture alone. */
static void discard(GstBuffer *buffer) {
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (guint i = 0; i < gst_buffer_n_memory(buffer); i++) {
        GstMapInfo map;
        GstMemory *memory = gst_buffer_peek_memory(buffer, i);
        if (!gst_memory_map(memory, &map, GST_MAP_READ)) {
            continue;
        }
        uintptr_t from = ((uintptr_t)map.data + page - 1) / page * page;
        uintptr_t to = ((uintptr_t)map.data + map.size) / page * page;
        if (to > from) {
            madvise(map.data + (from - (uintptr_t)map.data), to - from, MADV_DONTNEED);
        }
        gst_memory_unmap(memory, &map);
    }
}

static GstPadProbeReturn done(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
    (void)pad;
    (void)info;
    struct give_back *give_back = data;
    if (give_back->last) {
        discard(give_back->last);
        gst_clear_buffer(&give_back->last);
    }
    return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn pass(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
    struct give_back *give_back = data;
    done(pad, info, give_back);
    if (is_large(pad, give_back->area)) {
        give_back->last = gst_buffer_ref(GST_PAD_PROBE_INFO_BUFFER(info));
    }
    return GST_PAD_PROBE_OK;
}

void give_back_pictures(GstElement *decoder, GstElement *after, guint64 area) {
    GstPad *from = gst_element_get_static_pad(decoder, "src");
    GstPad *to = gst_element_get_static_pad(after, "sink");
    if (from && g_object_class_find_property(G_OBJECT_GET_CLASS(decoder), "direct-rendering")) {
        struct give_back *give_back = g_atomic_rc_box_new0(struct give_back);
        give_back->area = area;
        g_object_set(decoder, "direct-rendering", FALSE, NULL); /* copies, not references */
        gst_pad_add_probe(to, GST_PAD_PROBE_TYPE_BUFFER, done, g_atomic_rc_box_acquire(give_back),
                          release);
        gst_pad_add_probe(from, GST_PAD_PROBE_TYPE_BUFFER, pass, give_back, release);
    }
    gst_clear_object(&from);
    gst_clear_object(&to);
}

#include "key/key_element.h"

#include "job/stage.h"
#include "key/key_frame.h"

#include <gst/video/gstvideofilter.h>
#include <stdatomic.h>

enum { PROPERTY_COLOUR = 1, PROPERTY_PATIENCE };

struct key_element {
    GstVideoFilter parent;
    int colour;
    guint64 patience;
    struct key_frame *frame;
    _Atomic bool found;
};

struct key_element_class {
    GstVideoFilterClass parent_class;
};

typedef struct key_element KeyElement;
typedef struct key_element_class KeyElementClass;

GType key_element_get_type(void);
G_DEFINE_TYPE(KeyElement, key_element, GST_TYPE_VIDEO_FILTER)

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(GST_VIDEO_CAPS_MAKE("I420")));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(GST_VIDEO_CAPS_MAKE("I420")));

/* A known height becomes the stacked one; the way back nobody asks for exactly. */
static GstCaps *transform_caps(GstBaseTransform *base, GstPadDirection direction, GstCaps *caps,
                               GstCaps *filter) {
    (void)base;
    GstCaps *ret = gst_caps_copy(caps);
    for (guint i = 0; i < gst_caps_get_size(ret); i++) {
        GstStructure *s = gst_caps_get_structure(ret, i);
        gint height = 0;
        if (direction == GST_PAD_SINK && gst_structure_get_int(s, "height", &height)) {
            height = 2 * height + (gint)key_guard_rows((unsigned)height);
            gst_structure_set(s, "height", G_TYPE_INT, height, NULL);
        } else {
            gst_structure_set(s, "height", GST_TYPE_INT_RANGE, 1, G_MAXINT, NULL);
        }
    }
    if (filter) {
        GstCaps *both = gst_caps_intersect_full(filter, ret, GST_CAPS_INTERSECT_FIRST);
        gst_caps_unref(ret);
        ret = both;
    }
    return ret;
}

static gboolean set_info(GstVideoFilter *filter, GstCaps *in, GstVideoInfo *in_info, GstCaps *out,
                         GstVideoInfo *out_info) {
    (void)in;
    (void)out;
    (void)out_info;
    KeyElement *element = (KeyElement *)filter;
    key_frame_free(element->frame);
    element->frame = key_frame_new((unsigned)GST_VIDEO_INFO_WIDTH(in_info),
                                   (unsigned)GST_VIDEO_INFO_HEIGHT(in_info), element->colour);
    return element->frame != NULL;
}

static struct key_picture planes_of(GstVideoFrame *frame) {
    struct key_picture picture;
    for (guint i = 0; i < 3; i++) {
        picture.planes[i] = GST_VIDEO_FRAME_PLANE_DATA(frame, i);
        picture.strides[i] = (unsigned)GST_VIDEO_FRAME_PLANE_STRIDE(frame, i);
    }
    return picture;
}

static void give_up(KeyElement *element) {
    char *complaint = key_element_complaint(GST_ELEMENT(element));
    GError *error = g_error_new_literal(
        g_quark_from_static_string(STAGE_REASON_PREFIX "no_green_screen"), 1, complaint);
    gst_element_post_message(GST_ELEMENT(element),
                             gst_message_new_error(GST_OBJECT(element), error, NULL));
    g_error_free(error);
    g_free(complaint);
}

static GstFlowReturn transform_frame(GstVideoFilter *filter, GstVideoFrame *in,
                                     GstVideoFrame *out) {
    KeyElement *element = (KeyElement *)filter;
    const struct key_picture from = planes_of(in), to = planes_of(out);
    GstClockTime time = GST_BUFFER_PTS(in->buffer);
    if (key_frame_apply(element->frame, &from, &to)) {
        atomic_store(&element->found, true);
    } else if (element->patience > 0 && !atomic_load(&element->found) &&
               GST_CLOCK_TIME_IS_VALID(time) && time > element->patience) {
        give_up(element);
        return GST_FLOW_ERROR;
    }
    return GST_FLOW_OK;
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
    KeyElement *element = (KeyElement *)object;
    if (id == PROPERTY_COLOUR) {
        element->colour = g_value_get_int(value);
    } else if (id == PROPERTY_PATIENCE) {
        element->patience = g_value_get_uint64(value);
    } else {
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    }
}

static void finalize(GObject *object) {
    key_frame_free(((KeyElement *)object)->frame);
    G_OBJECT_CLASS(key_element_parent_class)->finalize(object);
}

static void key_element_class_init(KeyElementClass *class) {
    GstElementClass *element = GST_ELEMENT_CLASS(class);
    GObjectClass *object = G_OBJECT_CLASS(class);
    gst_element_class_add_static_pad_template(element, &sink_template);
    gst_element_class_add_static_pad_template(element, &src_template);
    gst_element_class_set_static_metadata(element, "Person before a wall", "Filter/Effect/Video",
                                          "A green screen to colour above matte", "Parlour");
    object->finalize = finalize;
    object->set_property = set_property;
    g_object_class_install_property(
        object, PROPERTY_COLOUR,
        g_param_spec_int("colour", "colour", "of the wall: 0xRRGGBB, or -1: found", KEY_COLOUR_AUTO,
                         0xffffff, KEY_COLOUR_AUTO, G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS));
    g_object_class_install_property(
        object, PROPERTY_PATIENCE,
        g_param_spec_uint64("patience", "patience", "until it gives up without a wall, in ns", 0,
                            G_MAXUINT64, 0, G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS));
    GST_BASE_TRANSFORM_CLASS(class)->transform_caps = transform_caps;
    GST_VIDEO_FILTER_CLASS(class)->set_info = set_info;
    GST_VIDEO_FILTER_CLASS(class)->transform_frame = transform_frame;
}

static void key_element_init(KeyElement *element) {
    element->colour = KEY_COLOUR_AUTO;
}

bool key_element_register(void) {
    return gst_element_register(NULL, "parlourkey", GST_RANK_NONE, key_element_get_type());
}

bool key_element_found(GstElement *element) {
    return atomic_load(&((KeyElement *)element)->found);
}

char *key_element_complaint(GstElement *element) {
    const KeyElement *key = (KeyElement *)element;
    if (key->colour == KEY_COLOUR_AUTO) {
        return g_strdup("No green or blue wall was found along the edges of the picture. Film the "
                        "person before an even wall that fills the picture, or compile the film "
                        "without a key.");
    }
    return g_strdup_printf("No wall of the colour %06X was found along the edges of the picture. "
                           "Give the colour of the wall, or let it be found with \"auto\".",
                           (unsigned)key->colour);
}

GstBuffer *key_element_flatten(GstBuffer *stacked, GstCaps *caps, unsigned width, unsigned height,
                               GstCaps **ret_caps) {
    GstVideoInfo info, small;
    GstVideoFrame from, to;
    if (!caps || !gst_video_info_from_caps(&info, caps) ||
        !gst_video_frame_map(&from, &info, stacked, GST_MAP_READ)) {
        return NULL;
    }
    gst_video_info_set_format(&small, GST_VIDEO_FORMAT_I420, width, height);
    small.colorimetry = info.colorimetry;
    GstBuffer *flat = gst_buffer_new_allocate(NULL, GST_VIDEO_INFO_SIZE(&small), NULL);
    if (!gst_video_frame_map(&to, &small, flat, GST_MAP_WRITE)) {
        gst_video_frame_unmap(&from);
        gst_buffer_unref(flat);
        return NULL;
    }
    const struct key_picture in = planes_of(&from), out = planes_of(&to);
    key_flatten(&in, width, height, &out);
    gst_video_frame_unmap(&to);
    gst_video_frame_unmap(&from);
    *ret_caps = gst_video_info_to_caps(&small);
    return flat;
}

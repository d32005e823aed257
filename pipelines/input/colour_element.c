#include "input/colour_element.h"

#include "input/colour.h"

#include <gst/video/gstvideofilter.h>
#include <gst/video/video.h>

#define IN_FORMATS "{ I420, I420_10LE, I420_12LE }"

struct colour_element {
    GstVideoFilter parent;
    struct colour_map *map;
};

struct colour_element_class {
    GstVideoFilterClass parent_class;
};

typedef struct colour_element ColourElement;
typedef struct colour_element_class ColourElementClass;

GType colour_element_get_type(void);
G_DEFINE_TYPE(ColourElement, colour_element, GST_TYPE_VIDEO_FILTER)

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(GST_VIDEO_CAPS_MAKE(IN_FORMATS)));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(GST_VIDEO_CAPS_MAKE("I420")));

static void set_formats(GstStructure *s) {
    static const char *const names[] = {"I420", "I420_10LE", "I420_12LE"};
    GValue list = G_VALUE_INIT, name = G_VALUE_INIT;
    g_value_init(&list, GST_TYPE_LIST);
    g_value_init(&name, G_TYPE_STRING);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_value_set_static_string(&name, names[i]);
        gst_value_list_append_value(&list, &name);
    }
    gst_structure_set_value(s, "format", &list);
    g_value_unset(&name);
    g_value_unset(&list);
}

static GstCaps *transform_caps(GstBaseTransform *base, GstPadDirection direction, GstCaps *caps,
                               GstCaps *filter) {
    (void)base;
    GstCaps *ret = gst_caps_copy(caps);
    for (guint i = 0; i < gst_caps_get_size(ret); i++) {
        GstStructure *s = gst_caps_get_structure(ret, i);
        gst_structure_remove_fields(s, "colorimetry", "chroma-site", "format",
                                    "mastering-display-info", "content-light-level", NULL);
        if (direction == GST_PAD_SINK) {
            gst_structure_set(s, "format", G_TYPE_STRING, "I420", "colorimetry", G_TYPE_STRING,
                              "bt601", NULL);
        } else {
            set_formats(s);
        }
    }
    if (filter) {
        GstCaps *both = gst_caps_intersect_full(filter, ret, GST_CAPS_INTERSECT_FIRST);
        gst_caps_unref(ret);
        ret = both;
    }
    return ret;
}

static struct colour_coding coding_of(const GstVideoInfo *info) {
    const GstVideoColorimetry *c = &info->colorimetry;
    struct colour_coding coding = {.kr = 0.299,
                                   .kb = 0.114,
                                   .full_range = c->range == GST_VIDEO_COLOR_RANGE_0_255,
                                   .wide = c->primaries == GST_VIDEO_COLOR_PRIMARIES_BT2020,
                                   .depth = GST_VIDEO_INFO_COMP_DEPTH(info, 0)};
    /* An RGB matrix or an unknown one has no coefficients. */
    gst_video_color_matrix_get_Kr_Kb(c->matrix, &coding.kr, &coding.kb);
    if (c->transfer == GST_VIDEO_TRANSFER_SMPTE2084) {
        coding.transfer = COLOUR_PQ;
    } else if (c->transfer == GST_VIDEO_TRANSFER_ARIB_STD_B67) {
        coding.transfer = COLOUR_HLG;
    }
    return coding;
}

static gboolean set_info(GstVideoFilter *filter, GstCaps *in, GstVideoInfo *in_info, GstCaps *out,
                         GstVideoInfo *out_info) {
    (void)in;
    (void)out;
    (void)out_info;
    ColourElement *element = (ColourElement *)filter;
    const struct colour_coding coding = coding_of(in_info);
    colour_map_free(element->map);
    element->map = colour_map_new(&coding);
    gst_base_transform_set_passthrough(GST_BASE_TRANSFORM(filter),
                                       element->map && colour_map_is_identity(element->map));
    return element->map != NULL;
}

static struct colour_planes planes_of(GstVideoFrame *frame) {
    struct colour_planes planes;
    for (guint i = 0; i < 3; i++) {
        planes.data[i] = GST_VIDEO_FRAME_PLANE_DATA(frame, i);
        planes.stride[i] = (size_t)GST_VIDEO_FRAME_PLANE_STRIDE(frame, i);
    }
    return planes;
}

static GstFlowReturn transform_frame(GstVideoFilter *filter, GstVideoFrame *in,
                                     GstVideoFrame *out) {
    const ColourElement *element = (ColourElement *)filter;
    const struct colour_planes from = planes_of(in), to = planes_of(out);
    colour_map_picture(element->map, &from, &to, (uint32_t)GST_VIDEO_FRAME_WIDTH(in) & ~1u,
                       (uint32_t)GST_VIDEO_FRAME_HEIGHT(in) & ~1u);
    return GST_FLOW_OK;
}

static void finalize(GObject *object) {
    colour_map_free(((ColourElement *)object)->map);
    G_OBJECT_CLASS(colour_element_parent_class)->finalize(object);
}

static void colour_element_class_init(ColourElementClass *class) {
    GstElementClass *element = GST_ELEMENT_CLASS(class);
    gst_element_class_add_static_pad_template(element, &sink_template);
    gst_element_class_add_static_pad_template(element, &src_template);
    gst_element_class_set_static_metadata(element, "Colour of rungs", "Filter/Converter/Video",
                                          "Any colour space to BT.601 on an ordinary screen",
                                          "Parlour");
    G_OBJECT_CLASS(class)->finalize = finalize;
    GST_BASE_TRANSFORM_CLASS(class)->transform_caps = transform_caps;
    GST_VIDEO_FILTER_CLASS(class)->set_info = set_info;
    GST_VIDEO_FILTER_CLASS(class)->transform_frame = transform_frame;
}

static void colour_element_init(ColourElement *element) {
    (void)element;
}

bool colour_element_register(void) {
    return gst_element_register(NULL, "parlourcolour", GST_RANK_NONE, colour_element_get_type());
}

#include "key/flatten_element.h"

#include "job/stage.h"
#include "key/key_layout.h"

#include <gst/video/gstvideofilter.h>

#define BLACK_MOST 70 /* luma of the patches, whatever range a film went through */
#define WHITE_LEAST 180

struct flatten_element {
    GstVideoFilter parent;
    gboolean judged; /* the first picture has its patches */
};

struct flatten_element_class {
    GstVideoFilterClass parent_class;
};

typedef struct flatten_element FlattenElement;
typedef struct flatten_element_class FlattenElementClass;

GType flatten_element_get_type(void);
G_DEFINE_TYPE(FlattenElement, flatten_element, GST_TYPE_VIDEO_FILTER)

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(GST_VIDEO_CAPS_MAKE("I420")));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(GST_VIDEO_CAPS_MAKE("I420")));

/* A known height becomes the person's; the way back nobody asks for exactly. */
static GstCaps *transform_caps(GstBaseTransform *base, GstPadDirection direction, GstCaps *caps,
                               GstCaps *filter) {
    (void)base;
    GstCaps *ret = gst_caps_copy(caps);
    for (guint i = 0; i < gst_caps_get_size(ret); i++) {
        GstStructure *s = gst_caps_get_structure(ret, i);
        gint height = 0;
        if (direction == GST_PAD_SINK && gst_structure_get_int(s, "height", &height)) {
            height = (gint)key_person_height((unsigned)height);
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
    (void)filter;
    (void)in;
    (void)out;
    return key_person_height((unsigned)GST_VIDEO_INFO_HEIGHT(in_info)) ==
           (unsigned)GST_VIDEO_INFO_HEIGHT(out_info);
}

static struct key_picture planes_of(GstVideoFrame *frame) {
    struct key_picture picture;
    for (guint i = 0; i < 3; i++) {
        picture.planes[i] = GST_VIDEO_FRAME_PLANE_DATA(frame, i);
        picture.strides[i] = (unsigned)GST_VIDEO_FRAME_PLANE_STRIDE(frame, i);
    }
    return picture;
}

/* The mean luma of the middle of a part. */
static unsigned luma_of(const struct key_picture *picture, const struct manifest_matte *m,
                        const struct manifest_rectangle *part) {
    unsigned x0 = (unsigned)((part->x + part->w / 4) * m->width);
    unsigned y0 = (unsigned)((part->y + part->h / 4) * m->height);
    unsigned w = (unsigned)(part->w / 2 * m->width), h = (unsigned)(part->h / 2 * m->height);
    guint64 sum = 0;
    for (unsigned y = 0; y < h; y++) {
        for (unsigned x = 0; x < w; x++) {
            sum += picture->planes[0][(size_t)(y0 + y) * picture->strides[0] + x0 + x];
        }
    }
    return w > 0 && h > 0 ? (unsigned)(sum / w / h) : 128;
}

static void refuse(FlattenElement *element) {
    GError *error =
        g_error_new_literal(g_quark_from_static_string(STAGE_REASON_PREFIX "not_stacked"), 1,
                            "This film is not one of colour above matte: make one with "
                            "“parlour-pipeline key”.");
    gst_element_post_message(GST_ELEMENT(element),
                             gst_message_new_error(GST_OBJECT(element), error, NULL));
    g_error_free(error);
}

static GstFlowReturn transform_frame(GstVideoFilter *filter, GstVideoFrame *in,
                                     GstVideoFrame *out) {
    FlattenElement *element = (FlattenElement *)filter;
    const struct key_picture from = planes_of(in), to = planes_of(out);
    if (!element->judged) {
        struct manifest_matte m;
        key_layout((unsigned)GST_VIDEO_FRAME_WIDTH(out), (unsigned)GST_VIDEO_FRAME_HEIGHT(out), &m);
        if (luma_of(&from, &m, &m.black) > BLACK_MOST ||
            luma_of(&from, &m, &m.white) < WHITE_LEAST) {
            refuse(element);
            return GST_FLOW_ERROR;
        }
        element->judged = TRUE;
    }
    key_flatten(&from, (unsigned)GST_VIDEO_FRAME_WIDTH(out), (unsigned)GST_VIDEO_FRAME_HEIGHT(out),
                &to);
    return GST_FLOW_OK;
}

static void flatten_element_class_init(FlattenElementClass *class) {
    GstElementClass *element = GST_ELEMENT_CLASS(class);
    gst_element_class_add_static_pad_template(element, &sink_template);
    gst_element_class_add_static_pad_template(element, &src_template);
    gst_element_class_set_static_metadata(element, "Stacked person, flat", "Filter/Effect/Video",
                                          "Colour above matte to a person before a calm ground",
                                          "Parlour");
    GST_BASE_TRANSFORM_CLASS(class)->transform_caps = transform_caps;
    GST_VIDEO_FILTER_CLASS(class)->set_info = set_info;
    GST_VIDEO_FILTER_CLASS(class)->transform_frame = transform_frame;
}

static void flatten_element_init(FlattenElement *element) {
    element->judged = FALSE;
}

bool flatten_element_register(void) {
    return gst_element_register(NULL, "parlourflatten", GST_RANK_NONE, flatten_element_get_type());
}

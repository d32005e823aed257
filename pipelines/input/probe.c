#include "input/probe.h"

#include "input/container.h"
#include "input/foreign.h"

#include <gst/pbutils/pbutils.h>
#include <gst/tag/tag.h>
#include <gst/video/video.h>
#include <stdio.h>
#include <string.h>

#define PATIENCE (20 * GST_SECOND)

char *probe_uri(const char *path) {
    return gst_filename_to_uri(path, NULL);
}

/* Image orientations (GST_TAG_IMAGE_ORIENTATION) as values of videoflip's video-direction. */
static const struct {
    const char *tag, *direction;
    bool turned;
} turns[] = {
    {"rotate-0", "identity", false},    {"rotate-90", "90r", true},
    {"rotate-180", "180", false},       {"rotate-270", "90l", true},
    {"flip-rotate-0", "horiz", false},  {"flip-rotate-90", "ur-ll", true},
    {"flip-rotate-180", "vert", false}, {"flip-rotate-270", "ul-lr", true},
};

static void read_turn(GstDiscovererStreamInfo *info, struct probe *ret) {
    const GstTagList *tags = gst_discoverer_stream_info_get_tags(info);
    char *name = NULL;
    g_strlcpy(ret->turn, "identity", sizeof(ret->turn));
    if (!tags || !gst_tag_list_get_string(tags, GST_TAG_IMAGE_ORIENTATION, &name)) {
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(turns); i++) {
        if (strcmp(name, turns[i].tag) == 0) {
            g_strlcpy(ret->turn, turns[i].direction, sizeof(ret->turn));
            ret->picture.turned = turns[i].turned;
        }
    }
    g_free(name);
}

/* The short name of a codec or container by its caps; what is not listed keeps its media type. */
static void name_of(const GstCaps *caps, char *ret, size_t size) {
    static const struct {
        const char *type, *name;
    } names[] = {
        {"video/x-h264", "h264"},         {"video/x-h265", "hevc"},
        {"video/x-vp8", "vp8"},           {"video/x-vp9", "vp9"},
        {"video/x-av1", "av1"},           {"video/x-prores", "prores"},
        {"video/quicktime", "mp4"},       {"video/x-matroska", "matroska"},
        {"video/webm", "webm"},           {"audio/webm", "webm"},
        {"video/x-msvideo", "avi"},       {"video/mpegts", "mpegts"},
        {"audio/x-opus", "opus"},         {"audio/x-vorbis", "vorbis"},
        {"audio/x-ac3", "ac3"},           {"audio/x-flac", "flac"},
        {"audio/x-raw", "pcm"},           {"audio/x-alac", "alac"},
        {"application/ogg", "ogg"},       {"video/ogg", "ogg"},
        {"audio/x-matroska", "matroska"}, {"audio/x-m4a", "mp4"},
    };
    if (!caps || gst_caps_get_size(caps) == 0) {
        return;
    }
    const GstStructure *s = gst_caps_get_structure(caps, 0);
    const char *type = gst_structure_get_name(s);
    int version = 0;
    gst_structure_get_int(s, "mpegversion", &version);
    if (strcmp(type, "video/mpeg") == 0) {
        snprintf(ret, size, version == 4 ? "mpeg4" : version == 1 ? "mpeg1" : "mpeg2");
        return;
    }
    if (strcmp(type, "audio/mpeg") == 0) {
        snprintf(ret, size, version == 1 ? "mp3" : "aac");
        return;
    }
    g_strlcpy(ret, type, size);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(type, names[i].type) == 0) {
            g_strlcpy(ret, names[i].name, size);
        }
    }
}

static void name_stream(GstDiscovererStreamInfo *info, char *ret, size_t size) {
    GstCaps *caps = gst_discoverer_stream_info_get_caps(info);
    name_of(caps, ret, size);
    gst_clear_caps(&caps);
}

/* The outermost stream is the container, if there is one. */
static void read_container(GstDiscovererInfo *info, struct probe *ret) {
    GstDiscovererStreamInfo *outer = gst_discoverer_info_get_stream_info(info);
    if (outer && GST_IS_DISCOVERER_CONTAINER_INFO(outer)) {
        name_stream(outer, ret->source.container, sizeof(ret->source.container));
    }
    if (outer) {
        gst_discoverer_stream_info_unref(outer);
    }
}

static bool is_hdr(GstDiscovererStreamInfo *info) {
    GstCaps *caps = gst_discoverer_stream_info_get_caps(info);
    GstVideoColorimetry colour;
    const char *text =
        caps ? gst_structure_get_string(gst_caps_get_structure(caps, 0), "colorimetry") : NULL;
    bool hdr = text && gst_video_colorimetry_from_string(&colour, text) &&
               (colour.transfer == GST_VIDEO_TRANSFER_SMPTE2084 ||
                colour.transfer == GST_VIDEO_TRANSFER_ARIB_STD_B67);
    gst_clear_caps(&caps);
    return hdr;
}

static void describe_video(GstDiscovererVideoInfo *video, struct probe *ret) {
    struct manifest_source *source = &ret->source;
    const struct picture *p = &ret->picture;
    name_stream(GST_DISCOVERER_STREAM_INFO(video), source->video_codec,
                sizeof(source->video_codec));
    source->width = p->width;
    source->height = p->height;
    source->fps = p->fps_d > 0 ? (double)p->fps_n / p->fps_d : 0;
    source->hdr = is_hdr(GST_DISCOVERER_STREAM_INFO(video));
    source->interlaced = ret->interlaced;
    source->rotated = strcmp(ret->turn, "identity") != 0;
}

/* A picture beside a song. One frame of a film's codec is a film that stands still. */
static bool is_cover(GstDiscovererVideoInfo *video) {
    GstCaps *caps = gst_discoverer_stream_info_get_caps(GST_DISCOVERER_STREAM_INFO(video));
    bool film = caps && gst_caps_get_size(caps) > 0 &&
                g_str_has_prefix(gst_structure_get_name(gst_caps_get_structure(caps, 0)), "video/");
    gst_clear_caps(&caps);
    return gst_discoverer_video_info_is_image(video) && !film;
}

static bool read_video(GstDiscovererInfo *info, struct probe *ret) {
    GList *list = gst_discoverer_info_get_video_streams(info);
    bool found = false;
    for (GList *l = list; l && !found; l = l->next) {
        GstDiscovererVideoInfo *video = l->data;
        if (is_cover(video)) {
            continue;
        }
        found = true;
        ret->picture = (struct picture){
            .width = gst_discoverer_video_info_get_width(video),
            .height = gst_discoverer_video_info_get_height(video),
            .par_n = gst_discoverer_video_info_get_par_num(video),
            .par_d = gst_discoverer_video_info_get_par_denom(video),
            .fps_n = gst_discoverer_video_info_get_framerate_num(video),
            .fps_d = gst_discoverer_video_info_get_framerate_denom(video),
        };
        const char *id = gst_discoverer_stream_info_get_stream_id(l->data);
        g_strlcpy(ret->video_id, id ? id : "", sizeof(ret->video_id));
        ret->interlaced = gst_discoverer_video_info_is_interlaced(video);
        read_turn(l->data, ret);
        describe_video(video, ret);
    }
    gst_discoverer_stream_info_list_free(list);
    return found;
}

static void read_audio(GstDiscovererInfo *info, struct probe *ret) {
    GList *list = gst_discoverer_info_get_audio_streams(info);
    if (list) {
        const char *id = gst_discoverer_stream_info_get_stream_id(list->data);
        ret->has_sound = true;
        g_strlcpy(ret->audio_id, id ? id : "", sizeof(ret->audio_id));
        name_stream(list->data, ret->source.audio_codec, sizeof(ret->source.audio_codec));
    }
    gst_discoverer_stream_info_list_free(list);
}

/* "gstreamer|1.0|program|Foo decoder|decoder-video/x-foo" holds the words in its fourth field. */
static int missing(GstDiscovererInfo *info, struct failure *ret) {
    const char **details = gst_discoverer_info_get_missing_elements_installer_details(info);
    const char *detail =
        details && details[0] ? details[0] : "gstreamer|1.0|parlour|this kind of file|";
    char **fields = g_strsplit(detail, "|", 5);
    const char *what = g_strv_length(fields) > 3 ? fields[3] : "this kind of file";
    int r =
        failure_set(ret, "missing_plugin",
                    "This server cannot read this video: it lacks the plug-in \"%s\". Whoever runs "
                    "it can add it with: apt install gstreamer1.0-libav gstreamer1.0-plugins-bad",
                    what);
    g_strfreev(fields);
    return r;
}

static int not_a_video(struct failure *ret) {
    return failure_set(ret, "not_a_video",
                       "This file is not a video we can read. Use mp4, mov, webm or mkv.");
}

static int judge(GstDiscovererInfo *info, const GError *error, struct probe *ret,
                 struct failure *ret_failure) {
    GstDiscovererResult result = info ? gst_discoverer_info_get_result(info) : GST_DISCOVERER_ERROR;
    if (error && g_error_matches(error, GST_STREAM_ERROR, GST_STREAM_ERROR_DECRYPT)) {
        return failure_set(ret_failure, "protected",
                           "This video is copy-protected. Export it without protection.");
    }
    if (result == GST_DISCOVERER_MISSING_PLUGINS) {
        return missing(info, ret_failure);
    }
    if (result == GST_DISCOVERER_TIMEOUT) {
        return failure_set(
            ret_failure, "not_a_video",
            "This file took too long to read. Export it again as mp4 and try once more.");
    }
    if (result != GST_DISCOVERER_OK) {
        return not_a_video(ret_failure);
    }
    read_container(info, ret);
    ret->has_picture = read_video(info, ret);
    read_audio(info, ret);
    if (!ret->has_picture && !ret->has_sound) {
        return not_a_video(ret_failure);
    }
    GstClockTime duration = gst_discoverer_info_get_duration(info);
    ret->duration = GST_CLOCK_TIME_IS_VALID(duration) ? (double)duration / GST_SECOND : 0;
    return 0;
}

int probe_any(const char *path, struct probe *ret, struct failure *ret_failure) {
    if (foreign_check(path, ret_failure) < 0 || container_check(path, ret_failure) < 0) {
        return -1;
    }
    GError *error = NULL;
    char *uri = probe_uri(path);
    GstDiscoverer *discoverer = uri ? gst_discoverer_new(PATIENCE, NULL) : NULL;
    if (!discoverer) {
        g_free(uri);
        return not_a_video(ret_failure);
    }
    GstDiscovererInfo *info = gst_discoverer_discover_uri(discoverer, uri, &error);
    struct probe probe = {0};
    int r = judge(info, error, &probe, ret_failure);
    if (r == 0) {
        *ret = probe;
    }
    g_clear_error(&error);
    if (info) {
        gst_discoverer_info_unref(info);
    }
    g_object_unref(discoverer);
    g_free(uri);
    return r;
}

int probe_file(const char *path, struct probe *ret, struct failure *ret_failure) {
    struct probe probe;
    if (probe_any(path, &probe, ret_failure) < 0) {
        return -1;
    }
    if (!probe.has_picture) {
        return failure_set(ret_failure, "no_picture",
                           "This file holds sound but no picture. Upload the video itself.");
    }
    *ret = probe;
    return 0;
}

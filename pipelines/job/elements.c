#include "job/elements.h"

#include <gst/gst.h>

#define BASE "gstreamer1.0-plugins-base"
#define GOOD "gstreamer1.0-plugins-good"
#define BAD "gstreamer1.0-plugins-bad"
#define UGLY "gstreamer1.0-plugins-ugly"
#define LIBAV "gstreamer1.0-libav"
#define BOTH (ELEMENT_COMPILE | ELEMENT_INGEST)

const struct element_need element_needs[] = {
    {"uridecodebin", BASE, "opening files", BOTH},
    {"videoconvert", BASE, "picture formats", BOTH},
    {"videoscale", BASE, "picture size", BOTH},
    {"videorate", BASE, "frame rate", BOTH},
    {"videoflip", GOOD, "pictures held upright", BOTH},
    {"audioconvert", BASE, "sound formats", BOTH},
    {"audioresample", BASE, "sound at 48 kHz", BOTH},
    {"audiorate", BASE, "sound without holes", BOTH},
    {"appsink", BASE, "taking encoded frames", BOTH},
    {"appsrc", BASE, "feeding frames", ELEMENT_INGEST},
    {"videotestsrc", BASE, "the test source", ELEMENT_INGEST},
    {"audiotestsrc", BASE, "the test source", ELEMENT_INGEST},
    {"deinterlace", GOOD, "interlaced pictures", ELEMENT_INGEST},
    {"srtsrc", BAD, "live pictures by SRT", ELEMENT_INGEST},
    {"tsdemux", BAD, "live pictures by SRT", ELEMENT_INGEST},
    {"rtspsrc", GOOD, "cameras by RTSP", ELEMENT_INGEST},
    {"rtph264depay", GOOD, "cameras by RTSP", ELEMENT_INGEST},
    {"h264parse", BAD, "live H.264", ELEMENT_INGEST},
    {"aacparse", GOOD, "live AAC", ELEMENT_INGEST},
    {"x264enc", UGLY, "encoding H.264", BOTH},
    {"vp8enc", GOOD, "encoding VP8", BOTH},
    {"opusenc", BASE, "encoding Opus", BOTH},
    {"pitch", BAD, "speech at other speeds", ELEMENT_COMPILE},
    {"avenc_aac", LIBAV, "encoding AAC", ELEMENT_COMPILE},
    {"jpegenc", GOOD, "posters", ELEMENT_COMPILE},
    {"jpegdec", GOOD, "pictures for sound", ELEMENT_COMPILE},
    {"imagefreeze", GOOD, "pictures for sound", ELEMENT_COMPILE},
    {"deinterlace", GOOD, "interlaced pictures", ELEMENT_COMPILE},
    {"avenc_aac", LIBAV, "sound for HLS", ELEMENT_COMPILE},
    {"matroskamux", GOOD, "very large pictures", ELEMENT_COMPILE},
    {"webpenc", BAD, "pictures of slides", ELEMENT_SLIDES},
    {"qtdemux", GOOD, "reading mp4 and mov", ELEMENT_DECODE},
    {"matroskademux", GOOD, "reading webm and mkv", ELEMENT_DECODE},
    {"avdec_h264", LIBAV, "decoding H.264", ELEMENT_DECODE},
    {"avdec_h265", LIBAV, "decoding H.265", ELEMENT_DECODE},
    {"avdec_aac", LIBAV, "decoding AAC", ELEMENT_DECODE},
    {"vp8dec", GOOD, "decoding VP8", ELEMENT_DECODE},
    {"vp9dec", GOOD, "decoding VP9", ELEMENT_DECODE},
    {"av1dec", BAD, "decoding AV1", ELEMENT_DECODE},
    {"opusdec", BASE, "decoding Opus", ELEMENT_DECODE},
    {"vorbisdec", BASE, "decoding Vorbis", ELEMENT_DECODE},
    {"avdec_mp3", LIBAV, "decoding MP3", ELEMENT_DECODE},
    {"avdec_ac3", LIBAV, "decoding AC-3", ELEMENT_DECODE},
    {"flacdec", GOOD, "decoding FLAC", ELEMENT_DECODE},
    {"ssaparse", BASE, "captions in ASS", ELEMENT_DECODE},
    {"jpegdec", GOOD, "posters and covers", ELEMENT_DECODE},
    {"pngdec", GOOD, "posters and covers", ELEMENT_DECODE},
};

const size_t element_need_count = G_N_ELEMENTS(element_needs);

bool element_present(const char *name) {
    GstElementFactory *factory = gst_element_factory_find(name);
    if (factory) {
        gst_object_unref(factory);
    }
    return factory != NULL;
}

int elements_check(enum element_use use, struct failure *ret) {
    for (size_t i = 0; i < element_need_count; i++) {
        const struct element_need *need = &element_needs[i];
        if ((need->uses & use) && !element_present(need->name)) {
            return failure_set(ret, "missing_plugin",
                               "This server lacks the plug-in for %s. Whoever runs it can add it "
                               "with: apt install %s",
                               need->purpose, need->package);
        }
    }
    return 0;
}

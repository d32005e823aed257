#include "presentation/hls.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOUND_GROUP "sound"

/* "hls-720.mp4" to "hls-720.m3u8". */
static void name_playlist(const struct cmaf *track, char *ret, size_t size) {
    const char *file = cmaf_file(track);
    snprintf(ret, size, "%.*s.m3u8", (int)(strlen(file) - strlen(".mp4")), file);
}

static FILE *begin(const char *directory, const char *name) {
    char *path;
    if (asprintf(&path, "%s/%s", directory, name) < 0) {
        errno = ENOMEM;
        return NULL;
    }
    FILE *f = fopen(path, "wxe");
    free(path);
    return f;
}

static int end(FILE *f) {
    bool good = fflush(f) == 0 && !ferror(f) && fsync(fileno(f)) == 0;
    int error = good ? 0 : -(errno ? errno : EIO);
    return fclose(f) == 0 || error < 0 ? error : -errno;
}

static double seconds(const struct cmaf *track, uint64_t ticks) {
    return (double)ticks / cmaf_format(track)->timescale;
}

static int write_track(const char *directory, const struct cmaf *track) {
    char name[80];
    name_playlist(track, name, sizeof(name));
    FILE *f = begin(directory, name);
    if (!f) {
        return -errno;
    }
    size_t count;
    const struct cmaf_segment *segments = cmaf_segments(track, &count);
    double longest = 0;
    for (size_t i = 0; i < count; i++) {
        longest = fmax(longest, seconds(track, segments[i].duration));
    }
    fprintf(f,
            "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:%.0f\n#EXT-X-PLAYLIST-TYPE:VOD\n"
            "#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"%s\",BYTERANGE=\"%llu@0\"\n",
            ceil(longest), cmaf_file(track), (unsigned long long)cmaf_header_size(track));
    for (size_t i = 0; i < count; i++) {
        fprintf(f, "#EXTINF:%.6f,\n#EXT-X-BYTERANGE:%llu@%llu\n%s\n",
                seconds(track, segments[i].duration), (unsigned long long)segments[i].size,
                (unsigned long long)segments[i].offset, cmaf_file(track));
    }
    fputs("#EXT-X-ENDLIST\n", f);
    return end(f);
}

/* Bits a second: of the most demanding segment, and on average. */
static void measure(const struct cmaf *track, double *ret_peak, double *ret_average) {
    size_t count;
    const struct cmaf_segment *segments = cmaf_segments(track, &count);
    double bits = 0, time = 0, peak = 0;
    for (size_t i = 0; i < count; i++) {
        double n = 8.0 * (double)segments[i].size, t = seconds(track, segments[i].duration);
        bits += n;
        time += t;
        /* A last splinter says nothing about the rest. */
        if (t >= 1 || count == 1) {
            peak = fmax(peak, n / t);
        }
    }
    *ret_average = time > 0 ? bits / time : 0;
    *ret_peak = fmax(peak, *ret_average);
}

static void put_variant(FILE *f, const struct hls *hls, const struct cmaf *track) {
    char codec[16], name[80];
    double peak, average, sound_peak = 0, sound_average = 0;
    const struct mp4_format *format = cmaf_format(track);
    mp4_codec_name(format, codec);
    name_playlist(track, name, sizeof(name));
    measure(track, &peak, &average);
    if (hls->sound) {
        measure(hls->sound, &sound_peak, &sound_average);
    }
    fprintf(f,
            "#EXT-X-STREAM-INF:BANDWIDTH=%.0f,AVERAGE-BANDWIDTH=%.0f,CODECS=\"%s%s\","
            "RESOLUTION=%ux%u,FRAME-RATE=%.3f%s\n%s\n",
            ceil(peak + sound_peak), ceil(average + sound_average), codec,
            hls->sound ? ",mp4a.40.2" : "", format->width, format->height,
            (double)hls->fps_n / hls->fps_d, hls->sound ? ",AUDIO=\"" SOUND_GROUP "\"" : "", name);
}

static int write_master(const char *directory, const struct hls *hls) {
    FILE *f = begin(directory, "hls.m3u8");
    if (!f) {
        return -errno;
    }
    fputs("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n", f);
    if (hls->sound) {
        char name[80];
        name_playlist(hls->sound, name, sizeof(name));
        fprintf(f,
                "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"" SOUND_GROUP "\",NAME=\"Sound\",DEFAULT=YES,"
                "AUTOSELECT=YES,CHANNELS=\"%u\",URI=\"%s\"\n",
                cmaf_format(hls->sound)->channels, name);
    }
    for (size_t i = 0; i < hls->picture_count; i++) {
        put_variant(f, hls, hls->pictures[i]);
    }
    return end(f);
}

int hls_write(const char *directory, const struct hls *hls) {
    int r = hls->sound ? write_track(directory, hls->sound) : 0;
    for (size_t i = 0; i < hls->picture_count && r == 0; i++) {
        r = write_track(directory, hls->pictures[i]);
    }
    return r < 0 ? r : write_master(directory, hls);
}

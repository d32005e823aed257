#include "live/ingest_options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIDE_MIN 90
#define SIDE_MAX 1080
#define PASSPHRASE_MIN 10 /* SRT's */
#define PASSPHRASE_MAX 79

static bool parse_size(const char *text, struct ingest_options *ret) {
    char rest;
    return sscanf(text, "%4ux%4u%c", &ret->width, &ret->height, &rest) == 2 && ret->width >= 160 &&
           ret->height >= 120 && ret->width <= 1920 && ret->height <= 1920 && ret->width % 2 == 0 &&
           ret->height % 2 == 0;
}

static bool parse_number(const char *text, unsigned max, unsigned *ret) {
    char *end;
    errno = 0;
    unsigned long v = strtoul(text, &end, 10);
    if (errno || end == text || *end || v > max) {
        return false;
    }
    *ret = (unsigned)v;
    return true;
}

static enum media_codec parse_codec(const char *text) {
    return strcmp(text, "vp8") == 0    ? CODEC_VP8
           : strcmp(text, "h264") == 0 ? CODEC_H264
                                       : CODEC_NONE;
}

static bool parse_rung(char *text, struct live_rung *ret) {
    char *colon = strchr(text, ':');
    if (!colon) {
        return false;
    }
    *colon = 0;
    ret->codec = parse_codec(text);
    return ret->codec != CODEC_NONE && parse_number(colon + 1, SIDE_MAX, &ret->side) &&
           ret->side >= SIDE_MIN;
}

size_t ingest_rungs_parse(const char *text, struct live_rung ret[FEED_RUNGS_MAX]) {
    struct live_rung rungs[FEED_RUNGS_MAX];
    char **parts = g_strsplit(text, ",", FEED_RUNGS_MAX + 1);
    size_t count = g_strv_length(parts);
    bool good = count > 0 && count <= FEED_RUNGS_MAX;
    for (size_t k = 0; good && k < count; k++) {
        good = parse_rung(parts[k], &rungs[k]);
    }
    g_strfreev(parts);
    if (!good) {
        return 0;
    }
    memcpy(ret, rungs, count * sizeof(rungs[0]));
    return count;
}

static bool parse_source(const char *text, struct ingest_options *ret) {
    ret->source = text;
    if (strcmp(text, "test") == 0) {
        ret->kind = INGEST_TEST;
    } else if (g_str_has_prefix(text, "rtmp:")) {
        ret->kind = INGEST_RTMP;
        ret->source = text + strlen("rtmp:");
    } else if (g_str_has_prefix(text, "srt://")) {
        ret->kind = INGEST_SRT;
    } else if (g_str_has_prefix(text, "rtsp://")) {
        ret->kind = INGEST_RTSP;
    } else {
        ret->kind = INGEST_FILM;
        ret->playlist = g_str_has_prefix(text, "playlist:");
        ret->source = text + (ret->playlist ? strlen("playlist:") : 0);
    }
    return ret->source[0] != 0;
}

static bool take_option(int c, struct ingest_options *ret) {
    unsigned fd;
    switch (c) {
    case 's':
        return parse_source(optarg, ret);
    case 'S':
        return getenv(optarg) && parse_source(getenv(optarg), ret);
    case 'c':
        ret->rungs[0] = (struct live_rung){.codec = parse_codec(optarg)};
        ret->rung_count = 1;
        return ret->rungs[0].codec != CODEC_NONE;
    case 'R':
        ret->rung_count = ingest_rungs_parse(optarg, ret->rungs);
        return ret->rung_count > 0;
    case 'l':
        ret->loop = true;
        return true;
    case 'P':
        ret->passphrase = getenv(optarg);
        return ret->passphrase && strlen(ret->passphrase) <= PASSPHRASE_MAX;
    case 'H':
        ret->hold = optarg;
        return true;
    case 'k':
        return key_colour_parse(optarg, &ret->key);
    case 'f':
        if (!parse_number(optarg, 1023, &fd)) {
            return false;
        }
        ret->fd = (int)fd;
        return true;
    case 'p':
        ret->socket = optarg;
        return true;
    case 'z':
        return parse_size(optarg, ret);
    case 'r':
        return parse_number(optarg, 60, &ret->fps) && ret->fps >= 5;
    default:
        return false;
    }
}

bool ingest_options_parse(int argc, char **argv, struct ingest_options *ret) {
    static const struct option table[] = {
        {"source", required_argument, NULL, 's'},
        {"source-env", required_argument, NULL, 'S'},
        {"codec", required_argument, NULL, 'c'},
        {"rungs", required_argument, NULL, 'R'},
        {"loop", no_argument, NULL, 'l'},
        {"passphrase-env", required_argument, NULL, 'P'},
        {"hold", required_argument, NULL, 'H'},
        {"fd", required_argument, NULL, 'f'},
        {"socket", required_argument, NULL, 'p'},
        {"size", required_argument, NULL, 'z'},
        {"fps", required_argument, NULL, 'r'},
        {"key", required_argument, NULL, 'k'},
        {NULL, 0, NULL, 0},
    };
    *ret = (struct ingest_options){.fd = -1,
                                   .key = KEY_COLOUR_NONE,
                                   .width = 640,
                                   .height = 360,
                                   .fps = 30,
                                   .rungs = {{.codec = CODEC_VP8}},
                                   .rung_count = 1};
    bool rungs = false;
    struct live_rung kept[FEED_RUNGS_MAX];
    size_t kept_count = 0;
    for (int c; (c = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        if (!take_option(c, ret)) {
            return false;
        }
        if (c == 'R') {
            rungs = true;
            kept_count = ret->rung_count;
            memcpy(kept, ret->rungs, sizeof(kept));
        }
    }
    if (rungs) { /* whatever --codec says after it */
        ret->rung_count = kept_count;
        memcpy(ret->rungs, kept, sizeof(kept));
    }
    bool short_one = ret->kind == INGEST_SRT && ret->passphrase && ret->passphrase[0] &&
                     strlen(ret->passphrase) < PASSPHRASE_MIN;
    return optind == argc && ret->source && !short_one && (ret->fd >= 0) != (ret->socket != NULL);
}

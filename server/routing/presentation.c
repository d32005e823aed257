#include "routing/presentation.h"
#include "wire/json.h"
#include <errno.h>

#define DURATION_MAX (24.0 * 3600.0)

static const struct {
    const char *name;
    enum media_codec codec;
} codecs[] = {{"opus", CODEC_OPUS},
              {"vp8", CODEC_VP8},
              {"vp9", CODEC_VP9},
              {"h264", CODEC_H264},
              {"av1", CODEC_AV1}};

static enum media_codec codec_of(const char *name) {
    for (size_t i = 0; i < sizeof codecs / sizeof codecs[0]; i++) {
        if (strcmp(codecs[i].name, name) == 0) {
            return codecs[i].codec;
        }
    }
    return CODEC_NONE;
}

/* A file of the directory itself: no path, nothing hidden. */
static bool is_plain_name(const char *name) {
    const size_t n = strlen(name);
    return n > 0 && n < PRESENTATION_NAME_MAX && name[0] != '.' && strchr(name, '/') == NULL;
}

static int parse_rung(const struct json *json, struct presentation_rung *ret) {
    const char *file, *kind, *codec, *profile = "";
    int64_t speed = 100;
    if (json_get_text(json, "file", &file) < 0 || json_get_text(json, "kind", &kind) < 0 ||
        json_get_text(json, "codec", &codec) < 0 || !is_plain_name(file) ||
        json_get_int(json, "speed", &speed) == -EINVAL || speed < RUNG_SPEED_MIN ||
        speed > RUNG_SPEED_MAX || json_get_text(json, "profile", &profile) == -EINVAL) {
        return -EBADMSG;
    }
    memset(ret, 0, sizeof *ret);
    memcpy(ret->file, file, strlen(file) + 1);
    ret->kind = strcmp(kind, "video") == 0 ? MEDIA_VIDEO : MEDIA_AUDIO;
    ret->codec = codec_of(codec);
    ret->speed_percent = (uint32_t)speed;
    if (strlen(profile) < sizeof ret->profile) {
        memcpy(ret->profile, profile, strlen(profile) + 1);
    }
    const bool sound = ret->codec == CODEC_OPUS;
    const bool known_kind = strcmp(kind, sound ? "audio" : "video") == 0;
    return ret->codec == CODEC_NONE || !known_kind ? -EBADMSG : 0;
}

static int parse(const struct json *root, struct presentation *p) {
    int64_t version;
    double duration;
    const struct json *rungs = json_get(root, "rungs");
    if (json_get_int(root, "version", &version) < 0 || version != 1 ||
        json_get_number(root, "duration", &duration) < 0 || !(duration >= 0) ||
        duration > DURATION_MAX || json_kind_of(rungs) != JSON_KIND_LIST ||
        json_count(rungs) > PRESENTATION_RUNGS_MAX) {
        return -EBADMSG;
    }
    p->duration_usec = (int64_t)(duration * 1e6);
    for (size_t i = 0; i < json_count(rungs); i++) {
        if (parse_rung(json_at(rungs, i), &p->rungs[p->rung_count]) < 0) {
            return -EBADMSG;
        }
        p->rung_count++;
    }
    return p->rung_count > 0 ? 0 : -EBADMSG;
}

int presentation_parse(struct bytes manifest, struct presentation *ret) {
    struct json *root;
    int r = json_parse(manifest, PRESENTATION_MANIFEST_MAX, &root);
    if (r < 0) {
        return r == -ENOMEM ? r : -EBADMSG;
    }
    struct presentation p;
    memset(&p, 0, sizeof p);
    r = parse(root, &p);
    json_free(root);
    if (r == 0) {
        *ret = p;
    }
    return r;
}

int presentation_set_rung(struct presentation *p, size_t index, struct bytes file) {
    struct rung_file rung;
    if (index >= p->rung_count || rung_file_open(file, &rung) < 0) {
        return -EBADMSG;
    }
    struct presentation_rung *r = &p->rungs[index];
    if (rung.codec != r->codec || rung.speed_percent != r->speed_percent) {
        return -EBADMSG;
    }
    r->rung = rung;
    r->open = true;
    return 0;
}

int presentation_check(struct presentation *p) {
    for (size_t i = 0; i < p->rung_count; i++) {
        if (!p->rungs[i].open) {
            return -EBADMSG;
        }
    }
    if (presentation_video(p, CODEC_NONE) == NULL && presentation_audio(p, 100) == NULL) {
        return -EBADMSG;
    }
    return 0;
}

static uint32_t short_side(const struct presentation_rung *r) {
    return r->rung.width < r->rung.height ? r->rung.width : r->rung.height;
}

/* Whether `a` suits a viewer of whom nothing is known better than `b`. */
static bool suits_better(const struct presentation_rung *a, const struct presentation_rung *b) {
    const bool a_fits = short_side(a) <= PRESENTATION_SHORT_SIDE;
    const bool b_fits = short_side(b) <= PRESENTATION_SHORT_SIDE;
    if (a_fits != b_fits) {
        return a_fits;
    }
    return a_fits ? short_side(a) > short_side(b) : short_side(a) < short_side(b);
}

const struct presentation_rung *presentation_video(const struct presentation *p,
                                                   enum media_codec codec) {
    const struct presentation_rung *best = NULL;
    for (size_t i = 0; i < p->rung_count; i++) {
        const struct presentation_rung *r = &p->rungs[i];
        if (r->kind == MEDIA_VIDEO && r->open && r->speed_percent == 100 &&
            (codec == CODEC_NONE || r->codec == codec) && (best == NULL || suits_better(r, best))) {
            best = r;
        }
    }
    return best;
}

const struct presentation_rung *presentation_audio(const struct presentation *p,
                                                   uint32_t speed_percent) {
    for (size_t i = 0; i < p->rung_count; i++) {
        const struct presentation_rung *r = &p->rungs[i];
        if (r->kind == MEDIA_AUDIO && r->open && r->speed_percent == speed_percent) {
            return r;
        }
    }
    return NULL;
}

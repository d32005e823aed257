#include "visit/stage.h"

#include <string.h>

static const char *const kind_names[] = {
    [SOURCE_CAMERA] = "camera",
    [SOURCE_SCREEN] = "screen",
    [SOURCE_PERSON] = "person",
    [SOURCE_CONTENT] = "content",
};

const char *source_kind_name(enum source_kind kind) {
    return kind_names[kind];
}

bool source_kind_parse(const char *name, enum source_kind *ret) {
    for (size_t i = 0; i < sizeof(kind_names) / sizeof(*kind_names); i++) {
        if (strcmp(name, kind_names[i]) == 0) {
            *ret = (enum source_kind)i;
            return true;
        }
    }
    return false;
}

static bool is_content(const struct stage_source *s) {
    return s->kind == SOURCE_SCREEN || s->kind == SOURCE_CONTENT;
}

static bool is_presenter(const struct stage_source *s) {
    return s->presenter_side && !is_content(s);
}

/* The newest person, else the newest camera, of the presenter's side that has such a track. */
static const struct stage_source *presenter(const struct stage_source *sources, size_t count,
                                            bool for_video) {
    const struct stage_source *best = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct stage_source *s = &sources[i];
        if (!is_presenter(s) || !(for_video ? s->video : s->audio)) {
            continue;
        }
        if (!best || s->kind == SOURCE_PERSON || best->kind != SOURCE_PERSON) {
            best = s;
        }
    }
    return best;
}

/* The newest screen or content with such a track; `chosen` wins when it is one. */
static const struct stage_source *content(const struct stage_source *sources, size_t count,
                                          uint64_t chosen, bool for_video) {
    const struct stage_source *best = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct stage_source *s = &sources[i];
        if (!is_content(s) || !(for_video ? s->video : s->audio)) {
            continue;
        }
        if (!best || best->media != chosen) {
            best = s;
        }
    }
    return best;
}

static const struct stage_source *find(const struct stage_source *sources, size_t count,
                                       uint64_t media) {
    for (size_t i = 0; media && i < count; i++) {
        if (sources[i].media == media) {
            return &sources[i];
        }
    }
    return NULL;
}

/* Slots 0 and 1, then all others in order of arrival that are no presenter and no content. */
static void fill(const struct stage_source *sources, size_t count, uint64_t chosen, bool for_video,
                 uint64_t slots[static STAGE_SLOTS]) {
    const struct stage_source *first = presenter(sources, count, for_video);
    const struct stage_source *second = content(sources, count, chosen, for_video);
    size_t used = 2;
    slots[0] = first ? first->media : 0;
    slots[1] = second ? second->media : 0;
    for (size_t i = 0; i < count && used < STAGE_SLOTS; i++) {
        const struct stage_source *s = &sources[i];
        if (!is_content(s) && s != first && (for_video ? s->video : s->audio)) {
            slots[used++] = s->media;
        }
    }
}

void stage_arrange(const struct stage_source *sources, size_t count, uint64_t chosen,
                   struct stage *ret) {
    struct stage stage = {0};
    fill(sources, count, chosen, true, stage.video);
    fill(sources, count, chosen, false, stage.audio);

    const struct stage_source *main = find(sources, count, chosen);
    if (!main || !main->video) {
        main = find(sources, count, stage.video[1] ? stage.video[1] : stage.video[0]);
    }
    for (size_t i = 2; !main && i < STAGE_SLOTS; i++) {
        main = find(sources, count, stage.video[i]);
    }
    stage.main_video = main ? main->media : 0;

    /* A rep who talks over a silent screen must be heard; a film with sound speaks for itself. */
    stage.main_audio = main && main->audio ? main->media : stage.audio[0];
    for (size_t i = 1; !stage.main_audio && i < STAGE_SLOTS; i++) {
        stage.main_audio = stage.audio[i];
    }
    *ret = stage;
}

bool stage_equal(const struct stage *a, const struct stage *b) {
    return memcmp(a, b, sizeof(*a)) == 0; /* u64 only: no padding */
}

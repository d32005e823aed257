#include "replay/replay_plan.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define LAST_PICTURE_USEC 40000 /* how long the last picture is shown at least */

struct planner {
    const struct recording *recording;
    struct replay_plan *plan;
    bool showing;
};

static double key_time(const struct track_scan *t, size_t key) {
    return track_scan_time(t, t->keys[key].ticks);
}

/* The first key frame at or after `time`; key_count when there is none. */
static size_t key_from(const struct track_scan *t, double time) {
    size_t low = 0, high = t->key_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (key_time(t, middle) < time) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void end_cut(struct planner *p, double time) {
    if (p->showing) {
        struct replay_cut *cut = &p->plan->cuts[p->plan->cut_count - 1];
        cut->to = time;
        if (cut->to <= cut->from) {
            p->plan->cut_count--;
        }
    }
    p->showing = false;
}

static int start_cut(struct planner *p, size_t track, size_t key) {
    struct replay_plan *plan = p->plan;
    double from = key_time(&p->recording->tracks[track].scan, key);
    if (p->showing && plan->cuts[plan->cut_count - 1].track == track) {
        return 0; /* goes on */
    }
    end_cut(p, from);
    size_t n = plan->cut_count;
    if (n == REPLAY_CUTS_MAX) {
        return -ENODATA;
    }
    struct replay_cut *more = reallocarray(plan->cuts, n + 1, sizeof(*more));
    if (!more) {
        return -ENOMEM;
    }
    plan->cuts = more;
    plan->cuts[plan->cut_count++] =
        (struct replay_cut){.track = track, .key = key, .from = from, .to = HUGE_VAL};
    p->showing = true;
    return 0;
}

/* One source is wanted from `from` to `to`. It may have several tracks: a publisher that began
 * anew. */
static int show(struct planner *p, size_t run, uint64_t media, double from, double to) {
    const struct recording *r = p->recording;
    for (size_t i = 0; i < r->count; i++) {
        const struct recorded_track *t = &r->tracks[i];
        if (t->run != run || t->scan.format.source != media || t->scan.key_count == 0) {
            continue;
        }
        size_t key = key_from(&t->scan, from);
        if (p->showing && p->plan->cuts[p->plan->cut_count - 1].track == i) {
            continue; /* it is on already, and stays until another of its tracks begins */
        }
        if (key < t->scan.key_count && key_time(&t->scan, key) < to) {
            from = key_time(&t->scan, key);
            int e = start_cut(p, i, key);
            if (e < 0) {
                return e;
            }
        }
    }
    return 0;
}

static double stage_time(const struct recording *r, const struct log_stage *s) {
    return (double)visit_log_unix(&r->log, s->run, s->t);
}

/* Without a word about the stage: the presenter's track that holds most, from its start. */
static int show_largest(struct planner *p) {
    const struct recording *r = p->recording;
    const struct recorded_track *best = NULL;
    for (size_t i = 0; i < r->count; i++) {
        const struct recorded_track *t = &r->tracks[i];
        bool better =
            !best || (t->source->presenter && !best->source->presenter) ||
            (t->source->presenter == best->source->presenter && t->scan.bytes > best->scan.bytes);
        if (t->scan.key_count > 0 && better) {
            best = t;
        }
    }
    return best ? show(p, best->run, best->scan.format.source, -HUGE_VAL, HUGE_VAL) : 0;
}

static int plan_cuts(struct planner *p) {
    const struct visit_log *log = &p->recording->log;
    if (log->stage_count == 0) {
        return show_largest(p);
    }
    for (size_t i = 0; i < log->stage_count; i++) {
        const struct log_stage *s = &log->stages[i];
        double from = stage_time(p->recording, s);
        double to = i + 1 < log->stage_count ? stage_time(p->recording, s + 1) : HUGE_VAL;
        if (s->main_video == 0) {
            end_cut(p, from);
            continue;
        }
        int e = show(p, s->run, s->main_video, from, to);
        if (e < 0) {
            return e;
        }
    }
    return 0;
}

/* From the first packet that is used to the last. */
static void plan_length(struct planner *p) {
    struct replay_plan *plan = p->plan;
    double zero = HUGE_VAL, end = -HUGE_VAL;
    for (size_t i = 0; i < p->recording->count; i++) {
        const struct track_scan *t = &p->recording->tracks[i].scan;
        if (t->format.codec == CODEC_OPUS) {
            zero = fmin(zero, track_scan_time(t, t->points[0].ticks));
            end = fmax(end, track_scan_time(t, t->end));
        }
    }
    for (size_t i = 0; i < plan->cut_count; i++) {
        const struct replay_cut *c = &plan->cuts[i];
        const struct track_scan *t = &p->recording->tracks[c->track].scan;
        zero = fmin(zero, c->from);
        end = fmax(end, fmin(c->to, track_scan_time(t, t->end) + LAST_PICTURE_USEC));
    }
    plan->zero = zero;
    plan->end = fmin(end, zero + RECORDING_LENGTH_MAX * 1e6);
}

static void name_cut(const struct log_source *s, char *ret, size_t size) {
    if (strcmp(s->kind, "screen") == 0) {
        snprintf(ret, size, "Screen");
    } else if (strcmp(s->kind, "camera") == 0 && s->name[0]) {
        snprintf(ret, size, "%s\u2019s camera", s->name);
    } else if (s->name[0]) {
        snprintf(ret, size, "%s", s->name);
    } else {
        snprintf(ret, size, "%s", strcmp(s->kind, "camera") == 0 ? "Camera" : "Video");
    }
}

struct mark {
    double t;
    bool question;
    char title[192];
};

static int by_time(const void *a, const void *b) {
    const struct mark *x = a, *y = b;
    return x->t != y->t ? (x->t < y->t ? -1 : 1) : (int)x->question - (int)y->question;
}

/* Marks closer than REPLAY_CHAPTERS_APART become one: at the time of the first; a question names
 * it, the first of several; else the last switch, which is what stayed. */
static void merge(struct replay_plan *plan, const struct mark *marks, size_t count) {
    bool question = false;
    for (size_t i = 0; i < count; i++) {
        const struct mark *m = &marks[i];
        struct replay_chapter *last =
            plan->chapter_count > 0 ? &plan->chapters[plan->chapter_count - 1] : NULL;
        if (last && m->t - last->t < REPLAY_CHAPTERS_APART) {
            if (!question) {
                snprintf(last->title, sizeof(last->title), "%s", m->title);
                question = m->question;
            }
            continue;
        }
        if ((last && !m->question && !question && strcmp(last->title, m->title) == 0) ||
            plan->chapter_count == REPLAY_CHAPTERS_MAX) {
            continue;
        }
        struct replay_chapter *c = &plan->chapters[plan->chapter_count++];
        c->t = m->t;
        snprintf(c->title, sizeof(c->title), "%s", m->title);
        question = m->question;
    }
}

static void mark_cuts(const struct planner *p, struct mark *marks, size_t *count) {
    for (size_t i = 0; i < p->plan->cut_count; i++) {
        const struct replay_cut *c = &p->plan->cuts[i];
        const struct recorded_track *t = &p->recording->tracks[c->track];
        if (i > 0 && p->recording->tracks[c[-1].track].source == t->source) {
            continue;
        }
        struct mark *m = &marks[(*count)++];
        *m = (struct mark){.t = i == 0 ? 0 : (c->from - p->plan->zero) / 1e6};
        name_cut(t->source, m->title, sizeof(m->title));
    }
}

/* A title's worth of the words, no half character. */
static void name_question(const char *text, char *ret, size_t size) {
    char cut[128];
    size_t n = strlen(text);
    bool whole = n < sizeof(cut);
    if (!whole) {
        n = sizeof(cut) - 1;
        while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80) {
            n--;
        }
    }
    memcpy(cut, text, n);
    cut[n] = 0;
    snprintf(ret, size, "Question: %s%s", cut, whole ? "" : "…");
}

static void mark_questions(const struct planner *p, struct mark *marks, size_t *count) {
    const struct visit_log *log = &p->recording->log;
    for (size_t i = 0; i < log->question_count; i++) {
        const struct log_question *q = &log->questions[i];
        double t = ((double)visit_log_unix(log, q->run, q->t) - p->plan->zero) / 1e6;
        if (q->text[0] && visit_log_may_keep(log, q->credential) && t >= 0 &&
            t < (p->plan->end - p->plan->zero) / 1e6) {
            struct mark *m = &marks[(*count)++];
            *m = (struct mark){.t = t, .question = true};
            name_question(q->text, m->title, sizeof(m->title));
        }
    }
}

static int plan_chapters(struct planner *p) {
    size_t count = 0;
    struct mark *marks = reallocarray(
        NULL, p->plan->cut_count + p->recording->log.question_count + 1, sizeof(*marks));
    if (!marks) {
        return -ENOMEM;
    }
    mark_cuts(p, marks, &count);
    mark_questions(p, marks, &count);
    qsort(marks, count, sizeof(*marks), by_time);
    merge(p->plan, marks, count);
    free(marks);
    return 0;
}

int replay_plan_make(const struct recording *r, struct replay_plan *ret) {
    *ret = (struct replay_plan){0};
    struct planner p = {.recording = r, .plan = ret};
    int e = plan_cuts(&p);
    if (e == 0) {
        plan_length(&p);
        e = ret->end > ret->zero ? plan_chapters(&p) : -ENODATA;
    }
    if (e < 0) {
        replay_plan_clear(ret);
    }
    return e;
}

void replay_plan_clear(struct replay_plan *p) {
    free(p->cuts);
    *p = (struct replay_plan){0};
}

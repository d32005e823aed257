#include "replay/visit_log.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TIME_MAX ((int64_t)1 << 60)

/* Room for one more, or NULL when there are `max`. */
static void *grow(void *array, size_t *count, size_t max, size_t size) {
    void **items = array;
    if (*count == max) {
        return NULL;
    }
    if ((*count & (*count - 1)) == 0) { /* full at each power of two */
        void *more = reallocarray(*items, *count ? *count * 2 : 1, size);
        if (!more) {
            return NULL;
        }
        *items = more;
    }
    uint8_t *item = (uint8_t *)*items + (*count)++ * size;
    memset(item, 0, size);
    return item;
}

static void copy_text(char *ret, size_t size, const json_t *o, const char *key) {
    const char *text = json_string_value(json_object_get(o, key));
    size_t n = text ? strlen(text) : 0;
    if (n >= size) {
        n = size - 1;
        while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80) {
            n--; /* no half character */
        }
    }
    if (n > 0) {
        memcpy(ret, text, n);
    }
    ret[n] = 0;
}

static bool read_id(const json_t *o, const char *key, uint64_t *ret) {
    const char *text = json_string_value(json_object_get(o, key));
    char *end;
    if (!text || text[0] < '0' || text[0] > '9') {
        return false;
    }
    errno = 0;
    *ret = strtoull(text, &end, 10);
    return *end == 0 && errno == 0;
}

static bool take_clock(struct visit_log *log, const json_t *o, int64_t t) {
    json_int_t wall = json_integer_value(json_object_get(o, "unix_us"));
    char boot[64];
    copy_text(boot, sizeof(boot), o, "boot");
    if (wall <= 0 || wall >= TIME_MAX) {
        return false;
    }
    struct log_run *run =
        grow(&log->runs, &log->run_count, VISIT_LOG_RUNS_MAX, sizeof(struct log_run));
    if (!run) {
        return false;
    }
    *run = (struct log_run){.t = t, .unix_usec = wall};
    snprintf(run->boot, sizeof(run->boot), "%.8s", boot);
    return true;
}

static bool take_source(struct visit_log *log, const json_t *o, size_t run) {
    uint64_t media;
    if (!read_id(o, "media", &media) || media == 0) {
        return false;
    }
    struct log_source *s =
        grow(&log->sources, &log->source_count, VISIT_LOG_SOURCES_MAX, sizeof(struct log_source));
    if (!s) {
        return false;
    }
    char side[16];
    s->run = run;
    s->media = media;
    copy_text(s->credential, sizeof(s->credential), o, "credential");
    copy_text(s->name, sizeof(s->name), o, "name");
    copy_text(s->kind, sizeof(s->kind), o, "kind");
    copy_text(side, sizeof(side), o, "side");
    s->presenter = strcmp(side, "presenter") == 0;
    s->stacked = json_is_true(json_object_get(o, "stacked"));
    return true;
}

static bool take_stage(struct visit_log *log, const json_t *o, size_t run, int64_t t) {
    uint64_t media;
    if (!read_id(o, "main_video", &media)) {
        return false;
    }
    struct log_stage *s =
        grow(&log->stages, &log->stage_count, VISIT_LOG_STAGES_MAX, sizeof(struct log_stage));
    if (s) {
        *s = (struct log_stage){.run = run, .t = t, .main_video = media};
    }
    return s != NULL;
}

static bool take_question(struct visit_log *log, const json_t *o, size_t run, int64_t t) {
    struct log_question *q = grow(&log->questions, &log->question_count, VISIT_LOG_QUESTIONS_MAX,
                                  sizeof(struct log_question));
    if (q) {
        q->run = run;
        q->t = t;
        copy_text(q->credential, sizeof(q->credential), o, "credential");
        copy_text(q->name, sizeof(q->name), o, "name");
        copy_text(q->text, sizeof(q->text), o, "text");
    }
    return q != NULL;
}

static bool take_consent(struct visit_log *log, const json_t *o) {
    char credential[128];
    const json_t *word = json_object_get(o, "recording");
    copy_text(credential, sizeof(credential), o, "credential");
    if (!credential[0] || !json_is_boolean(word)) {
        return false;
    }
    struct log_consent *c = NULL;
    for (size_t i = 0; i < log->consent_count && !c; i++) {
        c = strcmp(log->consents[i].credential, credential) == 0 ? &log->consents[i] : NULL;
    }
    if (!c) {
        c = grow(&log->consents, &log->consent_count, VISIT_LOG_CONSENTS_MAX, sizeof(*c));
    }
    if (c) {
        snprintf(c->credential, sizeof(c->credential), "%s", credential);
        c->recording = json_is_true(word);
    }
    return c != NULL;
}

static bool take_event(struct visit_log *log, const json_t *o) {
    const char *event = json_string_value(json_object_get(o, "event"));
    const json_t *time = json_object_get(o, "t");
    int64_t t = json_integer_value(time);
    if (!event || !json_is_integer(time) || t < 0 || t >= TIME_MAX) {
        return false;
    }
    if (strcmp(event, "clock") == 0) {
        return take_clock(log, o, t);
    }
    /* Without a first clock line the monotonic clock has to do. */
    struct log_run *run = log->run_count > 0
                              ? log->runs
                              : grow(&log->runs, &log->run_count, 1, sizeof(struct log_run));
    if (!run) {
        return false;
    }
    size_t last = log->run_count - 1;
    if (strcmp(event, "source") == 0) {
        return take_source(log, o, last);
    }
    if (strcmp(event, "stage") == 0) {
        return take_stage(log, o, last, t);
    }
    if (strcmp(event, "question") == 0) {
        return take_question(log, o, last, t);
    }
    if (strcmp(event, "consent") == 0) {
        return take_consent(log, o);
    }
    if (strcmp(event, "visit") == 0) {
        copy_text(log->title, sizeof(log->title), o, "title");
    }
    return true;
}

int visit_log_parse(struct bytes text, struct visit_log *ret) {
    struct visit_log log = {0};
    while (text.n > 0) {
        const uint8_t *end = memchr(text.p, '\n', text.n);
        size_t n = end ? (size_t)(end - text.p) : text.n;
        json_t *o = n <= VISIT_LOG_LINE_MAX && n > 0
                        ? json_loadb((const char *)text.p, n, JSON_REJECT_DUPLICATES, NULL)
                        : NULL;
        log.skipped += n > 0 && !(json_is_object(o) && take_event(&log, o)) ? 1 : 0;
        json_decref(o);
        text = bytes_from(text, n + 1);
    }
    if (log.run_count == 0 && !grow(&log.runs, &log.run_count, 1, sizeof(struct log_run))) {
        visit_log_clear(&log);
        return -ENOMEM;
    }
    *ret = log;
    return 0;
}

int visit_log_read(const char *path, struct visit_log *ret) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0) {
        int r = -errno;
        if (fd >= 0) {
            close(fd);
        }
        return r;
    }
    size_t size = (size_t)st.st_size, n = 0;
    uint8_t *text = size <= VISIT_LOG_BYTES_MAX ? malloc(size + 1) : NULL;
    for (ssize_t r = 1; text && n < size && r > 0; n += r > 0 ? (size_t)r : 0) {
        r = read(fd, text + n, size - n);
    }
    close(fd);
    int r = text ? visit_log_parse(bytes_of(text, n), ret) : -EFBIG;
    free(text);
    return r;
}

void visit_log_clear(struct visit_log *log) {
    free(log->runs);
    free(log->sources);
    free(log->stages);
    free(log->questions);
    free(log->consents);
    *log = (struct visit_log){0};
}

size_t visit_log_run(const struct visit_log *log, const char *boot, int64_t t) {
    size_t best = 0;
    int best_rank = 0;
    for (size_t i = 0; i < log->run_count; i++) {
        bool same = strncmp(log->runs[i].boot, boot, 8) == 0, begun = log->runs[i].t <= t;
        int rank = same && begun ? 3 : same ? 2 : begun ? 1 : 0;
        /* Of runs that had begun the last, of those that had not the first. */
        if (rank > best_rank || (rank == best_rank && begun)) {
            best = i;
            best_rank = rank;
        }
    }
    return best;
}

int64_t visit_log_unix(const struct visit_log *log, size_t run, int64_t t) {
    size_t first = run;
    for (size_t i = run; i-- > 0;) {
        if (strcmp(log->runs[i].boot, log->runs[run].boot) == 0 &&
            log->runs[i].t <= log->runs[run].t) {
            first = i;
        }
    }
    return t - log->runs[first].t + log->runs[first].unix_usec;
}

const struct log_source *visit_log_source(const struct visit_log *log, size_t run, uint64_t media) {
    for (size_t i = log->source_count; i-- > 0;) {
        if (log->sources[i].run == run && log->sources[i].media == media) {
            return &log->sources[i];
        }
    }
    return NULL;
}

bool visit_log_may_keep(const struct visit_log *log, const char *credential) {
    for (size_t i = 0; i < log->consent_count; i++) {
        if (strcmp(log->consents[i].credential, credential) == 0) {
            return log->consents[i].recording;
        }
    }
    return true;
}

#include "replay/recording.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#define THREADS_MAX 8

struct opening {
    struct recording *recording;
    char (*paths)[512];
    size_t count;
    atomic_size_t next;
    _Atomic bool *stop;
    pthread_mutex_t lock;
    bool failed;
};

/* tracks/SOURCEHEX-video-EPOCH-BOOT….track: the boot. */
static bool read_name(const char *name, char ret_boot[9]) {
    size_t n = strlen(name);
    if (n < 6 || n > 128 || strcmp(name + n - 6, ".track") != 0) {
        return false;
    }
    const char *dash = name;
    for (unsigned i = 0; i < 3 && dash; i++) {
        dash = strchr(dash, '-');
        dash = dash ? dash + 1 : NULL;
    }
    snprintf(ret_boot, 9, "%.8s", dash ? dash : "");
    return dash != NULL;
}

static int list_files(const char *directory, struct opening *o) {
    char tracks[400];
    if ((size_t)snprintf(tracks, sizeof(tracks), "%s/tracks", directory) >= sizeof(tracks)) {
        return -ENAMETOOLONG;
    }
    DIR *dir = opendir(tracks);
    if (!dir) {
        return errno == ENOENT ? 0 : -errno;
    }
    o->paths = reallocarray(NULL, RECORDING_TRACKS_MAX, sizeof(*o->paths));
    char boot[9];
    for (struct dirent *e; o->paths && (e = readdir(dir)) && o->count < RECORDING_TRACKS_MAX;) {
        if (read_name(e->d_name, boot) && strlen(tracks) + strlen(e->d_name) + 2 < 512) {
            snprintf(o->paths[o->count++], 512, "%.*s/%.128s", 370, tracks, e->d_name);
        }
    }
    closedir(dir);
    return o->paths ? 0 : -ENOMEM;
}

/* Whose track it is, and whether that person lets us. */
static bool identify(const struct visit_log *log, const char *path,
                     const struct track_format *format, struct recorded_track *ret) {
    char boot[9];
    const char *slash = strrchr(path, '/');
    read_name(slash ? slash + 1 : path, boot);
    ret->run = visit_log_run(log, boot, format->first_arrival);
    ret->source = visit_log_source(log, ret->run, format->source);
    return ret->source && visit_log_may_keep(log, ret->source->credential);
}

static void open_track(struct opening *o, const char *path) {
    struct recording *r = o->recording;
    struct recorded_track track = {0};
    struct track_reader *reader;
    struct track_format format;
    int e = track_reader_new(path, &reader);
    if (e == 0) {
        format = *track_reader_format(reader);
        track_reader_free(reader);
    }
    bool kept = e == 0 && identify(&r->log, path, &format, &track);
    if (kept) {
        e = track_scan_file(path, visit_log_unix(&r->log, track.run, 0), &track.scan);
    }
    pthread_mutex_lock(&o->lock);
    if (e < 0) {
        r->damaged += e == -ENODATA ? 0 : 1;
        o->failed = o->failed || e == -ENOMEM;
    } else if (!kept) {
        r->left_out++;
    } else {
        r->tracks[r->count++] = track;
    }
    pthread_mutex_unlock(&o->lock);
}

static void *opener(void *data) {
    struct opening *o = data;
    for (size_t i; (i = atomic_fetch_add(&o->next, 1)) < o->count;) {
        if (o->stop && atomic_load(o->stop)) {
            break;
        }
        open_track(o, o->paths[i]);
    }
    return NULL;
}

static int by_arrival(const void *a, const void *b) {
    const struct recorded_track *x = a, *y = b;
    if (x->scan.format.first_arrival != y->scan.format.first_arrival) {
        return x->scan.format.first_arrival < y->scan.format.first_arrival ? -1 : 1;
    }
    return strcmp(x->scan.path, y->scan.path);
}

/* The tracks of each source together, so that sound and picture stay together. */
static int fit_all(struct recording *r) {
    struct track_scan **group = reallocarray(NULL, r->count + 1, sizeof(struct track_scan *));
    bool *done = calloc(r->count + 1, sizeof(*done));
    for (size_t i = 0; group && done && i < r->count; i++) {
        size_t n = 0;
        for (size_t k = i; k < r->count && !done[i]; k++) {
            if (r->tracks[k].source == r->tracks[i].source) {
                group[n++] = &r->tracks[k].scan;
                done[k] = k != i;
            }
        }
        if (n > 0) {
            track_scan_fit(group, n);
        }
    }
    int e = group && done ? 0 : -ENOMEM;
    free(group);
    free(done);
    return e;
}

static int open_all(struct opening *o, unsigned want) {
    pthread_t threads[THREADS_MAX];
    unsigned count = 0;
    o->recording->tracks = calloc(o->count + 1, sizeof(struct recorded_track));
    if (!o->recording->tracks) {
        return -ENOMEM;
    }
    pthread_mutex_init(&o->lock, NULL);
    while (count < want && count < THREADS_MAX && count < o->count &&
           pthread_create(&threads[count], NULL, opener, o) == 0) {
        count++;
    }
    opener(o);
    while (count > 0) {
        pthread_join(threads[--count], NULL);
    }
    pthread_mutex_destroy(&o->lock);
    return o->failed ? -ENOMEM : 0;
}

int recording_open(const char *directory, unsigned threads, _Atomic bool *stop,
                   struct recording *ret, struct failure *failure) {
    char path[512];
    *ret = (struct recording){0};
    struct opening o = {.recording = ret, .stop = stop};
    int r = (size_t)snprintf(path, sizeof(path), "%s/log.jsonl", directory) < sizeof(path)
                ? visit_log_read(path, &ret->log)
                : -ENAMETOOLONG;
    r = r < 0 ? r : list_files(directory, &o);
    if (r < 0) {
        recording_clear(ret);
        return failure_set(failure, "no_file", "The recording in %s cannot be read: %s.", directory,
                           strerror(-r));
    }
    r = open_all(&o, threads > 0 ? threads - 1 : 0);
    free(o.paths);
    if (r == 0) {
        qsort(ret->tracks, ret->count, sizeof(*ret->tracks), by_arrival);
        r = fit_all(ret);
    }
    if (r < 0) {
        recording_clear(ret);
        return failure_set(failure, "internal", "The recording cannot be read: %s.", strerror(-r));
    }
    if (stop && atomic_load(stop)) {
        recording_clear(ret);
        return failure_set(failure, "stopped", "The job was stopped before it was done.");
    }
    return 0;
}

void recording_clear(struct recording *r) {
    for (size_t i = 0; i < r->count; i++) {
        track_scan_clear(&r->tracks[i].scan);
    }
    free(r->tracks);
    visit_log_clear(&r->log);
    *r = (struct recording){0};
}
